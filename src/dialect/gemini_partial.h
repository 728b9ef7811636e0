/*
 * gemini_partial - the arguments of a function call that come value by value, each with the JSON
 * path of its place, as the pieces of one JSON text. Pure.
 *
 * The values come in the order of the text, so it is enough to remember the place of the last one.
 *
 * Source: Vertex AI, "streamFunctionCallArguments": partialArgs, willContinue.
 */
#pragma once
#include "dialect/chat_event.h"

enum { GEMINI_PATH_MAX = 512 };

struct gemini_partial { /* zeroed: no call is open */
    bool open;
    unsigned choice, tool;
    bool in_string; /* the last value is a string that goes on */
    bool broken;    /* a path that cannot be followed: the rest is left out */
    size_t path_n;
    char path[GEMINI_PATH_MAX]; /* of the last value; empty: there was none */
};

/* The call's next values, a list of {jsonPath, stringValue | numberValue | boolValue | nullValue,
 * willContinue}. */
void gemini_partial_add(struct gemini_partial *p, struct arena *scratch, const struct json *list,
                        const struct chat_sink *sink);
/* The call is over. */
void gemini_partial_end(struct gemini_partial *p, const struct chat_sink *sink);

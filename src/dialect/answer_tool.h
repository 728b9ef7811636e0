/*
 * answer_tool - an answer that follows a JSON Schema, from a model that has no member for one: the
 * schema becomes the input of the only tool, which the model must call, and the call becomes the
 * text of the answer again. Pure.
 *
 * Both ends work on the canonical form, so that no reader or writer of a dialect knows of it, and
 * streamed and whole answers to every kind of client are the same code. An instruction instead of
 * the tool would be simpler, but models put such answers in code fences, or explain them.
 *
 * Source: providers reference 4.5.
 */
#pragma once
#include "dialect/chat_event.h"

/*
 * Makes the request one for a call in place of its schema; what other requests share with it stays
 * as it is. False, and nothing changed, where the call is not possible or not the answer: the
 * client has tools of its own or has begun the answer itself, or the schema is not that of an
 * object. That the model does not think, which forbids it to be forced, is the caller's to know.
 */
bool answer_tool_force(struct arena *a, struct chat_request *r);

/* One answer to such a request; zeroed for a new one. */
struct answer_tool {
    bool called;
    unsigned tool; /* number of the call that is the answer */
};

/* Makes the event what it would be without the tool. False: there would be none. */
bool answer_tool_event(struct answer_tool *t, struct chat_event *ev);

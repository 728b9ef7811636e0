/*
 * openai_responses_answer - what the writer of an answer keeps, and the JSON of it: output items
 * and the response object. Shared by the files that write answers of the Responses API.
 *
 * The API's last events repeat everything that the ones before said: each *.done event the whole
 * text of its part, the last event the whole response. So the writer keeps the answer's texts,
 * RESPONSES_KEPT_MAX bytes in all; an answer that passes it ends with an error.
 */
#pragma once
#include "dialect/openai_responses.h"

enum {
    RESPONSES_KEPT_MAX = 64 << 20,
    RESPONSES_LINE_MAX = 1 << 30, /* an event: all that is kept, escaped, and the request's echo */
};

enum responses_item_kind {
    RESPONSES_ITEM_MESSAGE,
    RESPONSES_ITEM_REASONING,
    RESPONSES_ITEM_FUNCTION,
    RESPONSES_ITEM_CUSTOM,
    RESPONSES_ITEM_IMAGE,
    RESPONSES_ITEM_SEARCH, /* a call for the client's search for tools */
};

/* A part of a message. */
struct responses_content {
    struct responses_content *next;
    bool refusal;
    unsigned index;
    struct sb text;
    int64_t chars;         /* of the text */
    struct sb annotations; /* a JSON array; empty: none */
    int64_t annotation_count;
    struct sb logprobs; /* the same */
};

struct responses_item {
    struct responses_item *next;
    enum responses_item_kind kind;
    unsigned index; /* output_index */
    struct str id;
    bool open;
    struct str status;                      /* in_progress, completed, incomplete */
    struct responses_content *first, *last; /* MESSAGE */
    struct sb text;                         /* summary, arguments, input, image data */
    struct str encrypted;                   /* REASONING; may be empty */
    struct str call_id, name, ns;           /* FUNCTION, CUSTOM; SEARCH: call_id */
    bool wrapped;      /* CUSTOM: what comes is {"input":"..."} of a function that stood for it */
    struct str format; /* IMAGE: png */
};

struct responses_output {
    struct arena *arena;
    const struct answer_conf *conf;
    struct str id, model;
    int64_t created_s;
    struct responses_item *first, *last;
    unsigned count;
    struct usage usage;
    bool has_usage;
    struct str status;            /* of the response */
    struct str incomplete_reason; /* may be empty */
    struct openai_error error;    /* message empty: none */
};

/* The item as it is at the moment. */
void responses_write_item(struct json_writer *w, const struct responses_item *item);
void responses_write_part(struct json_writer *w, const struct responses_content *part);
/* All items for who keeps them, without the data of images, which no other dialect takes back. */
void responses_list_items(const struct responses_output *out, struct answer_items *items);
/* The response object; `whole` with its items and usage. */
void responses_write_object(struct json_writer *w, const struct responses_output *out, bool whole);

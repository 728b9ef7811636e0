/*
 * dialect - one const struct for each dialect: how its requests and answers are read and written.
 * The relay, which pairs the client's with the upstream's, asks this table and compares no dialect
 * itself. Pure: from bytes to bytes, no clock, no chance, no I/O.
 *
 * As the client's side: read_request, then of the answer either stream_* or write_answer.
 * As the upstream's side: write_request, then read_event ... read_end, or read_answer.
 */
#pragma once
#include "base/secret.h"
#include "codec/sse.h"
#include "dialect/chat_event.h"
#include "dialect/loss.h"
#include "dialect/peek.h"

/* Items of an answer that a later request may name instead of bringing them. */
struct answer_item {
    struct answer_item *next;
    struct str id, json; /* in the arena of the writer */
};

struct answer_items {
    struct answer_item *first, *last;
};

/* What a writer of an answer needs to know. Borrowed. */
struct answer_conf {
    const struct chat_request *request; /* the client's */
    struct str model;                   /* that the client asked for */
    struct str id;                      /* where the upstream has none: 24 letters and digits */
    int64_t now_s;                      /* the same for `created` */
    int64_t prompt_tokens;              /* by our own count, for a start without usage */
    bool json_array;                    /* Gemini: a stream as one JSON array instead of events */
    struct answer_items *items; /* Responses: where the items of an answer go that has come to its
                                   end; NULL: nobody keeps them */
};

/* What a writer of a request needs to know of the upstream beside the canonical form. */
struct request_conf {
    struct arena *arena;
    struct loss_list *losses;
    int64_t default_max_tokens; /* Claude demands one; 0: 8192 */
    bool tells_schema; /* Claude: the model knows no output_config.format, a schema is told it */
    struct str safety_settings; /* Gemini: raw array; STR_NULL: none */
    /* OpenAI chat: what this upstream takes beyond the usual. A client that speaks the dialect
     * itself knows whom it writes to; what it said of these is written in any case. */
    bool cache_marks;       /* cache_control on parts (OpenRouter) */
    bool reasoning_history; /* reasoning_content and reasoning_details of earlier turns */
    bool custom_tools;      /* tools of free text; else they are declared as functions */
};

struct dialect {
    enum dialect_id id;
    struct str name; /* "openai_chat", for logs and tables */

    /* ---- client's side ---- */

    /*
     * Reads the body (an object; the relay has checked its syntax). What the form has no place for
     * goes to the loss list. ERR_BAD_REQUEST with a text that names the member that is wrong.
     */
    enum err_code (*read_request)(struct arena *a, const struct json *body,
                                  struct chat_request *out, struct loss_list *losses,
                                  struct err *err);
    /* State of a writer in the arena. */
    void *(*writer_new)(struct arena *a, const struct answer_conf *conf);
    /* Adds what the event is in the client's dialect, framed, to `out`: often nothing. */
    void (*write_event)(void *writer, const struct chat_event *event, struct sb *out);
    /* A whole answer. */
    void (*write_answer)(struct arena *a, const struct answer_conf *conf,
                         const struct chat_answer *answer, struct sb *out);
    /* An error as the body of a reply with this status; "(request id: ID)" is in the message. */
    struct str (*write_error)(struct arena *a, int status, const struct openai_error *error);
    /* The same in the middle of a stream, framed. */
    struct str (*write_stream_error)(struct arena *a, int status, const struct openai_error *error);

    /* ---- upstream's side ---- */

    /* Writes the body. Names in request_conf.losses what the dialect cannot say. ERR_BAD_REQUEST
     * when it cannot be said at all (a sound to Claude). */
    enum err_code (*write_request)(const struct request_conf *conf, const struct chat_request *r,
                                   struct sb *out, struct err *err);
    /* State of a reader in the arena. */
    void *(*reader_new)(struct arena *a);
    /* One event of the stream. `scratch` is emptied by the caller when the call is over.
     * ERR_UPSTREAM_BODY: no such event; the stream cannot be read further. */
    enum err_code (*read_event)(void *reader, struct arena *scratch, const struct sse_event *event,
                                const struct chat_sink *sink, struct err *err);
    /* The stream's end: what is still due (Gemini says END by ending). */
    void (*read_end)(void *reader, const struct chat_sink *sink);
    /* A whole answer with status 200. ERR_UPSTREAM_BODY when it is none. */
    enum err_code (*read_answer)(struct arena *a, struct str body, const struct chat_sink *sink,
                                 struct err *err);
    bool end_is_close; /* the end of the body is the regular end of a stream */
    /* Of such a dialect: was the event that was read last one that may be the stream's last? */
    bool (*may_be_over)(const void *reader);
    bool usage_is_last;   /* usage comes behind the answer only, and so is a sign of its end */
    bool request_in_path; /* model, stream and its form stand in path and query, not in the body */
    /* A count of tokens as the answer to MODE_COUNT_TOKENS; NULL: the dialect has no such call. */
    struct str (*write_count)(struct arena *a, int64_t tokens);
};

extern const struct dialect dialect_openai_chat, dialect_openai_responses, dialect_claude,
    dialect_gemini;

const struct dialect *dialect_of(enum dialect_id id);

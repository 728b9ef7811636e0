/*
 * peek - what the gateway must know of a request or an answer in OpenAI's shape, read from the raw
 * JSON without a tree.
 *
 * Source: OpenAI API reference (chat, completions, embeddings), relay reference
 * sections 6.2, 8.4, 10.5. Pure; linear in the text.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "model/usage.h"

/* What a request path asks for. */
enum relay_mode { MODE_CHAT, MODE_COMPLETIONS, MODE_EMBEDDINGS };

struct peek_request {
    struct str model; /* unescaped; in the arena or in the body */
    bool stream;
    bool include_usage; /* stream_options.include_usage: the client wants the usage chunk */
    int64_t max_tokens; /* the larger of max_tokens and max_completion_tokens; 0: none named */
    int64_t choices;    /* n, at least 1 */
    struct str stream_options; /* raw text; STR_NULL: absent */
};

/*
 * Checks the body as strictly as json_read() and the members that the gateway relies on:
 * ERR_BAD_JSON, or ERR_BAD_TEXT_REQUEST with the text of relay reference 8.4 ("model is required",
 * "field messages is required", ...).
 */
MUST_CHECK enum err_code peek_request(struct arena *a, struct str body, enum relay_mode mode,
                                      struct peek_request *out, struct err *err);

/* What one answer, or one chunk of a stream, holds. */
struct peek_answer {
    bool has_usage;   /* a usage object that is not null and not all zero; `usage` is set */
    bool has_error;   /* an `error` member that is an object or a non-empty string */
    bool has_content; /* text, reasoning, refusal, tool call, audio or embedding: something the
                         client pays for */
    bool has_finish;  /* a finish_reason that is not null and not "" */
    bool usage_only;  /* usage and no choices: the chunk that include_usage adds */
    struct usage usage;
};

/*
 * Looks into a chunk (`data` of a stream event) or a whole answer. Not strict: text that is not
 * JSON gives an answer of falses, so it is for deciding, not for validating. `json_ok` (may be
 * NULL) tells whether the text was one JSON object.
 */
void peek_answer(struct str json, struct peek_answer *out, bool *json_ok);

/* Calls fn for each piece of generated text in a chunk or answer (content, reasoning, text,
 * arguments), escaped as it stands in the JSON. */
void peek_texts(struct str json, void (*fn)(void *ctx, struct str text), void *ctx);

/* Usage object in OpenAI's shape (with DeepSeek's prompt_cache_hit_tokens). False when it is no
 * object or all zero. */
bool peek_usage(struct str json, struct usage *out);

/*
 * peek - what the gateway must know of a request of any dialect, or of an answer in OpenAI's shape,
 * read from the raw JSON without a tree.
 *
 * Source: OpenAI API reference (chat, completions, embeddings), relay reference
 * sections 6.2, 8.4, 10.5; providers reference 24 (what other servers do). Pure; linear in the
 * text.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "dialect/dialect_id.h"
#include "model/usage.h"

/* What a request path asks for. */
enum relay_mode {
    MODE_CHAT, /* in any dialect */
    MODE_COMPLETIONS,
    MODE_EMBEDDINGS,
    MODE_COUNT_TOKENS, /* how many tokens a chat request would be */
    MODE_REALTIME,     /* a session over a WebSocket; there is no body */
    /* Those of media_request.h: */
    MODE_MODERATIONS,
    MODE_EDITS, /* of a text */
    MODE_IMAGES,
    MODE_IMAGE_EDITS,
    MODE_IMAGE_VARIATIONS,
    MODE_SPEECH,
    MODE_TRANSCRIPTIONS,
    MODE_TRANSLATIONS,
    MODE_RERANK,
    MODE_COUNT
};

struct peek_request {
    struct str model; /* unescaped; in the arena or in the body */
    bool stream;
    bool include_usage; /* stream_options.include_usage: the client wants the usage chunk */
    int64_t max_tokens; /* the larger of max_tokens and max_completion_tokens; 0: none named */
    int64_t choices;    /* that come back: n for each prompt, at least 1 */
    int64_t generated;  /* that are made and paid for: as choices, with best_of for n */
    unsigned gated;     /* bits 1 << GATED_* of model/gated.h: members that it names */
    struct str stream_options; /* raw text, "null" included; STR_NULL: absent */
    struct str counted; /* Gemini's generateContentRequest of a count, raw; empty: not given so */
    struct usage tools; /* calls of the provider's own tools to reckon with: peek_tools.h */
};

/*
 * Checks the body as strictly as json_read() and the members that the gateway relies on:
 * ERR_BAD_JSON, or the route's code (ERR_BAD_TEXT_REQUEST, ERR_BAD_RESPONSES_REQUEST,
 * ERR_BAD_CLAUDE_REQUEST, ERR_BAD_EMBEDDING_REQUEST) with the text of relay reference 8.4 ("model
 * is required", "field messages is required", ...). Gemini's model and stream stand in the path:
 * they are left empty.
 */
MUST_CHECK enum err_code peek_request(struct arena *a, struct str body, enum relay_mode mode,
                                      enum dialect_id dialect, struct peek_request *out,
                                      struct err *err);

/* What one answer, or one chunk of a stream, holds. Slices point into the text. */
struct peek_answer {
    bool is_object;   /* the text is one JSON object; false: nothing below is set */
    bool has_usage;   /* a usage object that is not null and not all zero; `usage` is set. It may
                         stand at the top, in a choice (Moonshot) or in x_groq (Groq) */
    bool has_error;   /* an `error` member that is an object or a non-empty string */
    bool has_content; /* text, reasoning, refusal, tool call, audio, image or embedding: something
                         the client pays for */
    bool has_finish;  /* a finish_reason that is not null and not "" */
    bool has_cause;   /* a finish_reason but "stop": length, content_filter, ... */
    bool usage_only;  /* usage and no choices: the chunk that include_usage adds */
    bool has_null_usage; /* the top has a usage member that is null */
    unsigned tool_calls; /* in the choice that has the most of them */
    struct usage usage;
    struct str usage_member; /* the top's usage member with one comma: what to leave out to be rid
                                of it; STR_NULL without one */
};

/* Takes a piece of generated text, unescaped; a text may come in several pieces, cut anywhere. */
typedef void peek_text_fn(void *ctx, struct str text);

/*
 * Looks into a chunk (`data` of a stream event) or a whole answer, in one pass, and calls fn (may
 * be NULL) for the text in it (content, reasoning, refusal, names and arguments of tools). Not
 * strict: what is wrong between the members that count goes unseen, and text that is no JSON object
 * gives an answer of falses (fn may have been called for what stood before the fault). So it is for
 * deciding, not for validating. Member names with escapes in them are not recognised.
 */
void peek_answer(struct str json, peek_text_fn *fn, void *ctx, struct peek_answer *out);

/* Usage object in OpenAI's shape (with DeepSeek's prompt_cache_hit_tokens and Moonshot's
 * cached_tokens). Thoughts that the server counts in the total only (xAI) are added to the
 * completion. False when it is no object or all zero. */
bool peek_usage(struct str json, struct usage *out);

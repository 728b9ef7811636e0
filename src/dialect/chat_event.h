/*
 * chat_event - the canonical answer: a stream of events, and its fold. An upstream's reader calls a
 * sink with one event after the other; a client's writer turns them into its dialect.
 *
 * A reader of a whole answer gives the same events in one go, and a writer of a whole answer works
 * from the fold, so that streamed and not streamed, on either side, are the same code. Slices of an
 * event hold until the sink returns. Pure.
 *
 * Order: START first; then content; of each choice at most one FINISH, after its content; USAGE
 * may come several times, the last one counts; END last, when the dialect says that the answer is
 * over. ERROR may stand anywhere and ends the answer without END.
 */
#pragma once
#include "base/sb.h"
#include "dialect/chat.h"
#include "dialect/openai_error.h"
#include "model/usage.h"

enum chat_event_kind {
    CHAT_EVENT_START,          /* id, model, created_s: any may be empty */
    CHAT_EVENT_TEXT,           /* text: a piece */
    CHAT_EVENT_REFUSAL,        /* text: a piece */
    CHAT_EVENT_REASONING,      /* text: a piece */
    CHAT_EVENT_STATE,          /* state: of the reasoning before it, or redacted reasoning */
    CHAT_EVENT_TOOL_CALL,      /* a call begins: tool, call.id, call.name, call.custom; `state` if
                                  the provider wants it back with the call */
    CHAT_EVENT_TOOL_ARGUMENTS, /* tool; text: a piece of the JSON text (custom: of the input) */
    CHAT_EVENT_CITATION,       /* citation */
    CHAT_EVENT_AUDIO,          /* media.data: a piece; text: a piece of the transcript; id */
    CHAT_EVENT_IMAGE,          /* media: whole */
    CHAT_EVENT_LOGPROBS,       /* raw: OpenAI's array of tokens ("content") of a piece */
    CHAT_EVENT_FINISH,         /* finish, text: the stop sequence hit, if it is known */
    CHAT_EVENT_USAGE,          /* usage, so far or in all */
    CHAT_EVENT_ERROR,          /* error, status */
    CHAT_EVENT_END,
    CHAT_EVENT_OTHER, /* content that only its own dialect has, a tool of the provider's: it is
                         there; writers and the fold leave it out */
};

enum chat_finish {
    CHAT_FINISH_NONE,
    CHAT_FINISH_STOP,
    CHAT_FINISH_STOP_SEQUENCE,
    CHAT_FINISH_LENGTH,
    CHAT_FINISH_TOOL_CALLS,
    CHAT_FINISH_FILTER, /* the provider, or the model, refused */
    CHAT_FINISH_PAUSE,  /* Claude: the turn may be gone on with */
};

struct chat_citation {
    struct str url, title, cited_text; /* may be empty */
    int64_t start, end;                /* characters of the answer's text; -1: not known */
    struct str raw;                    /* as the upstream wrote it */
};

struct chat_event {
    enum chat_event_kind kind;
    unsigned choice; /* which of n answers */
    unsigned tool;   /* running number of the call in its choice, from 0 */
    struct str text;
    struct str id, model;
    int64_t created_s; /* 0: not said */
    struct chat_tool_call call;
    struct chat_state state;
    struct chat_media media;
    struct chat_citation citation;
    struct str raw;
    enum chat_finish finish;
    struct usage usage;
    struct openai_error error;
    int status; /* of an error: the HTTP status that it stands for; 0: not said */
};

typedef void chat_event_fn(void *ctx, const struct chat_event *event);

/* Where a reader puts its events. */
struct chat_sink {
    chat_event_fn *fn;
    void *ctx;
};

void chat_emit(const struct chat_sink *sink, const struct chat_event *event);
/* The usual ones. */
void chat_emit_text(const struct chat_sink *sink, enum chat_event_kind kind, unsigned choice,
                    struct str text); /* nothing when the text is empty */
void chat_emit_finish(const struct chat_sink *sink, unsigned choice, enum chat_finish finish);
void chat_emit_usage(const struct chat_sink *sink, const struct usage *usage);

/* ---- the fold ---- */

/* A part of a whole answer: text, refusal, reasoning, image, audio (media.text: the transcript,
 * media.file_id: its id), or a tool call. */
struct chat_answer_choice {
    struct chat_answer_choice *next;
    unsigned index;
    struct chat_parts parts;
    enum chat_finish finish;
    struct str stop_sequence; /* may be empty */
    struct chat_citation *citations;
    size_t citation_count;
    struct str logprobs; /* raw array; STR_NULL: none */
};

struct chat_answer {
    struct str id, model;               /* may be empty */
    int64_t created_s;                  /* 0: not said */
    struct chat_answer_choice *choices; /* by their index */
    struct usage usage;
    bool has_usage, has_end;
    bool has_error;
    struct openai_error error;
    int error_status;
    bool too_large;
};

/* Folds events into an answer that lives in the arena. `limit_bytes` caps the text. */
struct chat_fold;
struct chat_fold *chat_fold_new(struct arena *a, size_t limit_bytes);
/* A chat_event_fn; ctx is the fold. */
void chat_fold_event(void *ctx, const struct chat_event *ev);
/* Did the answer pass the limit? What is beyond it is not in the fold. */
bool chat_fold_too_large(const struct chat_fold *fold);
/* What has come so far; holds as long as the arena. Called once. */
const struct chat_answer *chat_fold_answer(struct chat_fold *fold);
/* The other way: the events of a whole answer, for a client that wanted a stream. */
void chat_unfold(const struct chat_answer *answer, const struct chat_sink *sink);

/*
 * pairs_testing - what the tests of all pairs of dialects share: an answer through a client's
 * dialect and back, and canonical answers as lines that can be compared one class at a time. Test
 * code.
 */
#pragma once
#include "dialect/chat_testing.h"
#include "dialect/sealed.h"

/* ---- the dialects ---- */

static const struct dialect *const pair_dialects[DIALECT_COUNT] = {
    [DIALECT_OPENAI_CHAT] = &dialect_openai_chat,
    [DIALECT_OPENAI_RESPONSES] = &dialect_openai_responses,
    [DIALECT_CLAUDE] = &dialect_claude,
    [DIALECT_GEMINI] = &dialect_gemini,
};

/* ---- what an answer says, by classes ---- */

enum pair_class {
    PAIR_TEXT,
    PAIR_REFUSAL,
    PAIR_REASONING,
    PAIR_STATE,
    PAIR_CALLS,
    PAIR_CUSTOM, /* which calls are of custom tools */
    PAIR_IMAGE,
    PAIR_AUDIO,
    PAIR_TRANSCRIPT,
    PAIR_FINISH,
    PAIR_STOP_SEQUENCE,
    PAIR_PAUSE,     /* the turn may be gone on with */
    PAIR_CITATIONS, /* that have an address, of a text */
    PAIR_DOCUMENTS, /* citations without one */
    PAIR_LOGPROBS,
    PAIR_LOGPROB_BYTES,
    PAIR_CHOICES, /* those behind the first */
    PAIR_USAGE,   /* prompt and completion */
    PAIR_CACHED,
    PAIR_CACHE_WRITE,
    PAIR_CACHE_WRITE_1H,
    PAIR_THOUGHT_TOKENS,
    PAIR_MODALITY_TOKENS, /* audio, image */
    PAIR_CACHED_AUDIO,
    PAIR_SEARCHES,
    PAIR_ERROR,
    PAIR_END,
    PAIR_CLASSES
};

static const char *const pair_class_names[PAIR_CLASSES] = {
    [PAIR_TEXT] = "text",
    [PAIR_REFUSAL] = "refusal",
    [PAIR_REASONING] = "reasoning",
    [PAIR_STATE] = "state",
    [PAIR_CALLS] = "tool calls",
    [PAIR_CUSTOM] = "custom tools",
    [PAIR_IMAGE] = "images",
    [PAIR_AUDIO] = "audio",
    [PAIR_TRANSCRIPT] = "transcripts of audio",
    [PAIR_FINISH] = "finish",
    [PAIR_STOP_SEQUENCE] = "stop sequence that was hit",
    [PAIR_PAUSE] = "pause of a turn",
    [PAIR_CITATIONS] = "citations",
    [PAIR_DOCUMENTS] = "citations of documents",
    [PAIR_LOGPROBS] = "logprobs",
    [PAIR_LOGPROB_BYTES] = "bytes of logprobs",
    [PAIR_CHOICES] = "further choices",
    [PAIR_USAGE] = "usage",
    [PAIR_CACHED] = "cached tokens",
    [PAIR_CACHE_WRITE] = "tokens written to the cache",
    [PAIR_CACHE_WRITE_1H] = "tokens written for an hour",
    [PAIR_THOUGHT_TOKENS] = "reasoning tokens",
    [PAIR_MODALITY_TOKENS] = "audio and image tokens",
    [PAIR_CACHED_AUDIO] = "cached audio tokens",
    [PAIR_SEARCHES] = "searches",
    [PAIR_ERROR] = "error",
    [PAIR_END] = "end",
};

/* An answer, one text a class; empty: it says nothing of the kind. */
struct pair_answer {
    struct str of[PAIR_CLASSES];
};

struct pair_dump {
    struct sb of[PAIR_CLASSES];
};

static inline void pair_add(struct pair_dump *d, enum pair_class class, struct str text)
{
    sb_add(&d->of[class], text);
}

static inline void pair_add_line(struct pair_dump *d, enum pair_class class,
                                 const struct str *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sb_add(&d->of[class], texts[i]);
        sb_add_char(&d->of[class], i + 1 < n ? ' ' : '\n');
    }
}

#define PAIR_LINE(d, class, ...)                                                                   \
    pair_add_line(d, class, (struct str[]){__VA_ARGS__},                                           \
                  sizeof((struct str[]){__VA_ARGS__}) / sizeof(struct str))

static inline struct str pair_number(struct arena *a, int64_t n)
{
    return n == 0 ? STR_NULL : arena_fmt(a, "%lld", (long long)n);
}

/* Arguments are compared without their white space. */
static inline void pair_dump_call(struct pair_dump *d, const struct chat_tool_call *call)
{
    bool inside = false;

    PAIR_LINE(d, PAIR_CALLS, call->id, call->name);
    for (size_t i = 0; i < call->arguments.n; i++) {
        char c = call->arguments.p[i];

        if (!inside && !call->custom && (c == ' ' || c == '\n' || c == '\t' || c == '\r'))
            continue;
        inside = c == '"' ? !inside : inside;
        sb_add_char(&d->of[PAIR_CALLS], c);
        if (c == '\\' && ++i < call->arguments.n)
            sb_add_char(&d->of[PAIR_CALLS], call->arguments.p[i]);
    }
    sb_add_char(&d->of[PAIR_CALLS], '\n');
}

/* Whose a state is stands in its mark, which readers of answers have no need to look for. */
static inline void pair_dump_state(struct pair_dump *d, const struct chat_state *state)
{
    enum dialect_id origin;
    struct str value = sealed_read(state->value, state->origin, &origin);

    if (origin != state->origin && str_starts(value, STR("toolcall"))) /* Responses: of a call */
        value = str_skip(value, sizeof "toolcall" - 1);
    if (value.n > 0)
        PAIR_LINE(d, PAIR_STATE, value);
}

static inline void pair_dump_part(struct pair_dump *d, const struct chat_part *p)
{
    switch (p->kind) {
    case CHAT_PART_TEXT:
        pair_add(d, PAIR_TEXT, p->text);
        break;
    case CHAT_PART_REFUSAL:
        pair_add(d, PAIR_REFUSAL, p->text);
        break;
    case CHAT_PART_REASONING:
        pair_add(d, PAIR_REASONING, p->text);
        break;
    case CHAT_PART_IMAGE:
        PAIR_LINE(d, PAIR_IMAGE, p->media.mime, p->media.data, p->media.url);
        break;
    case CHAT_PART_AUDIO:
        pair_add(d, PAIR_AUDIO, p->media.data);
        pair_add(d, PAIR_TRANSCRIPT, p->media.text);
        break;
    case CHAT_PART_TOOL_CALL:
        pair_dump_call(d, &p->call);
        if (p->call.custom)
            PAIR_LINE(d, PAIR_CUSTOM, p->call.name);
        break;
    case CHAT_PART_FILE:
    case CHAT_PART_VIDEO:
    case CHAT_PART_TOOL_RESULT:
        fail_msg("no part of an answer: %d", p->kind);
    }
    pair_dump_state(d, &p->state);
}

static inline void pair_dump_token(struct pair_dump *d, const struct json *token)
{
    PAIR_LINE(d, PAIR_LOGPROBS, json_raw(json_get(token, STR("token"))),
              json_raw(json_get(token, STR("logprob"))));
    if (json_is(json_get(token, STR("bytes")), JSON_ARRAY))
        PAIR_LINE(d, PAIR_LOGPROB_BYTES, json_raw(json_get(token, STR("bytes"))));
}

static inline void pair_dump_logprobs(struct pair_dump *d, struct str raw)
{
    const struct json *tokens;
    struct arena a;

    if (raw.n == 0)
        return;
    arena_init(&a, 0);
    CHECK_EQ(json_read(&a, raw, JSON_DEPTH_DEFAULT, &tokens, NULL), ERR_OK);
    JSON_EACH (token, tokens) {
        pair_dump_token(d, token);
        JSON_EACH (top, json_get(token, STR("top_logprobs")))
            pair_dump_token(d, top);
    }
    arena_fini(&a);
}

static inline void pair_dump_choice(struct pair_dump *d, const struct chat_answer_choice *c)
{
    static const char *const finishes[] = {"none",       "stop",   "stop", "length",
                                           "tool_calls", "filter", "stop"};

    for (const struct chat_part *p = c->parts.first; p; p = p->next)
        pair_dump_part(d, p);
    pair_add(d, PAIR_FINISH, str_from(finishes[c->finish]));
    pair_add(d, PAIR_STOP_SEQUENCE, c->stop_sequence);
    if (c->finish == CHAT_FINISH_PAUSE)
        pair_add(d, PAIR_PAUSE, STR("pause"));
    for (size_t i = 0; i < c->citation_count; i++)
        PAIR_LINE(d, c->citations[i].url.n > 0 ? PAIR_CITATIONS : PAIR_DOCUMENTS,
                  c->citations[i].url, c->citations[i].title);
    pair_dump_logprobs(d, c->logprobs);
}

static inline void pair_dump_usage(struct pair_dump *d, struct arena *a, const struct usage *u)
{
    if (u->prompt + u->completion > 0) /* else nothing was reported */
        PAIR_LINE(d, PAIR_USAGE, pair_number(a, u->prompt), pair_number(a, u->completion));
    pair_add(d, PAIR_CACHED, pair_number(a, u->cached));
    pair_add(d, PAIR_CACHE_WRITE, pair_number(a, u->cache_write));
    pair_add(d, PAIR_CACHE_WRITE_1H, pair_number(a, u->cache_write_1h));
    pair_add(d, PAIR_THOUGHT_TOKENS,
             pair_number(a, u->reasoning < u->completion ? u->reasoning : u->completion));
    if (u->audio_in + u->audio_out + u->image_in + u->image_out > 0)
        PAIR_LINE(d, PAIR_MODALITY_TOKENS, pair_number(a, u->audio_in),
                  pair_number(a, u->audio_out), pair_number(a, u->image_in),
                  pair_number(a, u->image_out));
    pair_add(d, PAIR_CACHED_AUDIO, pair_number(a, u->cached_audio));
    pair_add(d, PAIR_SEARCHES, pair_number(a, u->searches));
}

static inline struct pair_answer pair_dump(struct arena *a, const struct chat_answer *answer)
{
    struct pair_dump d;
    struct pair_answer out;

    for (int i = 0; i < PAIR_CLASSES; i++)
        sb_init(&d.of[i], TESTING_LIMIT);
    for (const struct chat_answer_choice *c = answer->choices; c; c = c->next) {
        if (c->index == 0)
            pair_dump_choice(&d, c);
        else
            sb_fmt(&d.of[PAIR_CHOICES], "%u %.*s\n", c->index,
                   STR_ARG(chat_text_of(a, &c->parts, STR(""))));
    }
    if (answer->has_usage)
        pair_dump_usage(&d, a, &answer->usage);
    if (answer->has_error)
        pair_add(&d, PAIR_ERROR, answer->error.message);
    if (answer->has_end)
        pair_add(&d, PAIR_END, STR("end"));
    for (int i = 0; i < PAIR_CLASSES; i++) {
        out.of[i] = str_dup(a, sb_str(&d.of[i]));
        sb_fini(&d.of[i]);
    }
    return out;
}

/* ---- what the dialects of clients cannot say in an answer ---- */

enum pair_fate {
    PAIR_KEPT,
    PAIR_AS_TEXT, /* it goes to the client as text */
    PAIR_LOST,
};

/* The classes that are not kept by all; docs/dialects.md tells the same. */
static const enum pair_fate pair_fates[PAIR_CLASSES][DIALECT_COUNT] = {
    [PAIR_REFUSAL] = {[DIALECT_CLAUDE] = PAIR_AS_TEXT, [DIALECT_GEMINI] = PAIR_AS_TEXT},
    [PAIR_AUDIO] = {[DIALECT_OPENAI_RESPONSES] = PAIR_LOST, [DIALECT_CLAUDE] = PAIR_LOST},
    [PAIR_TRANSCRIPT] = {[DIALECT_OPENAI_RESPONSES] = PAIR_AS_TEXT,
                         [DIALECT_CLAUDE] = PAIR_AS_TEXT,
                         [DIALECT_GEMINI] = PAIR_AS_TEXT},
    [PAIR_IMAGE] = {[DIALECT_CLAUDE] = PAIR_AS_TEXT},
    [PAIR_STOP_SEQUENCE] = {[DIALECT_OPENAI_CHAT] = PAIR_LOST,
                            [DIALECT_OPENAI_RESPONSES] = PAIR_LOST,
                            [DIALECT_GEMINI] = PAIR_LOST},
    [PAIR_PAUSE] = {[DIALECT_OPENAI_CHAT] = PAIR_LOST,
                    [DIALECT_OPENAI_RESPONSES] = PAIR_LOST,
                    [DIALECT_GEMINI] = PAIR_LOST},
    [PAIR_DOCUMENTS] = {[DIALECT_OPENAI_CHAT] = PAIR_LOST, [DIALECT_OPENAI_RESPONSES] = PAIR_LOST},
    [PAIR_LOGPROBS] = {[DIALECT_CLAUDE] = PAIR_LOST},
    [PAIR_LOGPROB_BYTES] = {[DIALECT_CLAUDE] = PAIR_LOST, [DIALECT_GEMINI] = PAIR_LOST},
    [PAIR_CHOICES] = {[DIALECT_OPENAI_RESPONSES] = PAIR_LOST, [DIALECT_CLAUDE] = PAIR_LOST},
    [PAIR_CACHE_WRITE] = {[DIALECT_GEMINI] = PAIR_LOST},
    [PAIR_MODALITY_TOKENS] = {[DIALECT_OPENAI_RESPONSES] = PAIR_LOST, [DIALECT_CLAUDE] = PAIR_LOST},
    [PAIR_CACHED_AUDIO] = {[DIALECT_OPENAI_CHAT] = PAIR_LOST,
                           [DIALECT_OPENAI_RESPONSES] = PAIR_LOST,
                           [DIALECT_CLAUDE] = PAIR_LOST},
    [PAIR_SEARCHES] = {[DIALECT_OPENAI_CHAT] = PAIR_LOST,
                       [DIALECT_OPENAI_RESPONSES] = PAIR_LOST,
                       [DIALECT_GEMINI] = PAIR_LOST},
};

/* ---- the recorded cases ---- */

static inline bool pair_is_one_of(const struct json *v, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (json_str_eq(v, str_from(names[i])))
            return true;
    }
    return false;
}

/* NULL: the case is in no dialect of ours, or no chat. */
static inline const struct dialect *pair_dialect_of(struct arena *a, const struct json *entry)
{
    static const char *const others[] = {"cohere", "coze", "bedrock"};
    struct str url = json_str_or_null(a, json_get(entry, STR("url")));
    const struct json *endpoint = json_get(entry, STR("endpoint"));

    if (str_has(url, STR("enerateContent")))
        return &dialect_gemini;
    if (json_str_eq(endpoint, STR("count-tokens")))
        return NULL;
    if (json_str_eq(endpoint, STR("messages")) || str_has(url, STR("/v1/messages")))
        return &dialect_claude;
    if (json_str_eq(endpoint, STR("responses")))
        return str_ends(url, STR("/compact")) ? NULL : &dialect_openai_responses;
    if (!json_str_eq(endpoint, STR("chat")) || str_has(url, STR("/api/chat")) ||
        str_has(url, STR("/api/v1/services")) ||
        pair_is_one_of(json_get(entry, STR("provider")), others, ARRAY_LEN(others)))
        return NULL;
    return &dialect_openai_chat;
}

struct pair_case {
    struct str id;
    const struct dialect *upstream; /* whose dialect it is in */
    struct str text;                /* the answer, or the request */
    bool stream;
    struct pair_answer said; /* by the first reading */
    const struct chat_answer *answer;
};

typedef void pair_check_fn(struct arena *a, const struct pair_case *c);

static inline bool pair_load(struct recorded *rec, struct arena *a, const struct json *entry,
                             struct pair_case *c)
{
    *c = (struct pair_case){.id = json_str_or_null(a, json_get(entry, STR("id"))),
                            .upstream = pair_dialect_of(a, entry),
                            .stream = json_str_eq(json_get(entry, STR("stream")), STR("sse"))};
    return rec && c->upstream && json_i64_or(json_get(entry, STR("status")), 0) == 200;
}

static inline bool pair_load_answer(struct recorded *rec, struct arena *a, const struct json *entry,
                                    struct pair_case *c)
{
    if (!pair_load(rec, a, entry, c) ||
        !recorded_file(rec, a, c->id, c->stream ? ".stream.txt" : ".response.json", &c->text))
        return false;
    c->answer = c->stream ? testing_fold_stream(c->upstream, a, c->text, 0)
                          : testing_fold_answer(c->upstream, a, c->text);
    c->said = pair_dump(a, c->answer);
    return true;
}

static inline bool pair_load_request(struct recorded *rec, struct arena *a,
                                     const struct json *entry, struct pair_case *c)
{
    return pair_load(rec, a, entry, c) && recorded_file(rec, a, c->id, ".request.json", &c->text);
}

static inline void pair_each(bool (*load)(struct recorded *, struct arena *, const struct json *,
                                          struct pair_case *),
                             pair_check_fn *check, int at_least)
{
    struct recorded rec;
    int n = 0;

    recorded_need(&rec);
    JSON_EACH (entry, rec.index) {
        struct pair_case c;
        struct arena a;

        arena_init(&a, 0);
        if (load(&rec, &a, entry, &c)) {
            check(&a, &c);
            n++;
        }
        arena_fini(&a);
    }
    print_message("%d cases\n", n);
    arena_fini(&rec.arena);
    CHECK(n >= at_least);
}

/* Calls `check` for every recorded answer with status 200 in one of the four dialects. */
static inline void pair_each_answer(pair_check_fn *check, int at_least)
{
    pair_each(pair_load_answer, check, at_least);
}

/* The same for requests that were answered well. */
static inline void pair_each_request(pair_check_fn *check, int at_least)
{
    pair_each(pair_load_request, check, at_least);
}

/* ---- through a client's dialect ---- */

struct pair_writing {
    const struct dialect *client;
    void *writer;
    struct sb out;
};

static inline void pair_write_event(void *ctx, const struct chat_event *event)
{
    struct pair_writing *to = ctx;

    if (event->kind == CHAT_EVENT_ERROR) { /* as the relay does it */
        struct arena a;

        arena_init(&a, 0);
        sb_add(&to->out, to->client->write_stream_error(&a, event->status, &event->error));
        arena_fini(&a);
        return;
    }
    to->client->write_event(to->writer, event, &to->out);
}

static inline void pair_writing_init(struct pair_writing *to, const struct dialect *client,
                                     struct arena *a, const struct answer_conf *conf)
{
    to->client = client;
    to->writer = client->writer_new(a, conf);
    sb_init(&to->out, TESTING_LIMIT);
}

/* What is written so far, in the arena; the writing is over. */
static inline struct str pair_writing_take(struct pair_writing *to, struct arena *a)
{
    struct str text;

    CHECK(!sb_failed(&to->out));
    text = str_dup(a, sb_str(&to->out));
    sb_fini(&to->out);
    return text;
}

/* A stream of the upstream, cut at `cut`, as a stream of the client. */
static inline struct str pair_stream(struct arena *a, const struct dialect *upstream,
                                     struct str text, size_t cut, const struct dialect *client,
                                     const struct answer_conf *conf)
{
    struct pair_writing to;

    pair_writing_init(&to, client, a, conf);
    CHECK(testing_read_stream(upstream, a, text, cut, &(struct chat_sink){pair_write_event, &to}));
    return pair_writing_take(&to, a);
}

/* A whole answer as a stream of the client. */
static inline struct str pair_unfold(struct arena *a, const struct dialect *upstream,
                                     struct str text, const struct dialect *client,
                                     const struct answer_conf *conf)
{
    struct pair_writing to;

    pair_writing_init(&to, client, a, conf);
    CHECK_EQ(upstream->read_answer(a, text, &(struct chat_sink){pair_write_event, &to}, NULL),
             ERR_OK);
    return pair_writing_take(&to, a);
}

/* A folded answer as a whole answer of the client. */
static inline struct str pair_whole(struct arena *a, const struct chat_answer *answer,
                                    const struct dialect *client, const struct answer_conf *conf)
{
    struct sb sb;
    struct str text;

    sb_init(&sb, TESTING_LIMIT);
    client->write_answer(a, conf, answer, &sb);
    CHECK(!sb_failed(&sb));
    text = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

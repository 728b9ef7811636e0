/*
 * chat_testing - what the tests of all dialects need: recorded traffic, streams cut anywhere, and
 * canonical requests and answers as text that can be compared. Test code.
 */
#pragma once
#include <stdio.h>
#include <stdlib.h>

#include "base/json_write.h"
#include "base/mem.h"
#include "base/test.h"
#include "dialect/dialect.h"

enum { TESTING_LIMIT = 64 << 20, TESTING_PATH_BYTES = 700 };

/* ---- the folder of recorded exchanges: FIXTURES, by default beside the checkout ---- */

struct recorded {
    struct arena arena;
    const char *dir;
    const struct json *index; /* NULL: not there, skip() */
};

static inline bool testing_read_file(struct arena *a, const char *path, struct str *out)
{
    FILE *file = fopen(path, "rb");
    struct sb sb;
    char piece[65536];
    size_t n;

    if (!file)
        return false;
    sb_init(&sb, TESTING_LIMIT);
    while ((n = fread(piece, 1, sizeof piece, file)) > 0)
        sb_add(&sb, str_make(piece, n));
    fclose(file);
    *out = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return true;
}

static inline void recorded_open(struct recorded *r)
{
    char path[TESTING_PATH_BYTES];
    struct str text;

    arena_init(&r->arena, 0);
    r->index = NULL;
    r->dir = getenv("FIXTURES");
    r->dir = r->dir ? r->dir : "../shared/fixtures";
    snprintf(path, sizeof path, "%s/index.json", r->dir);
    if (testing_read_file(&r->arena, path, &text))
        CHECK_EQ(json_read(&r->arena, text, 50, &r->index, NULL), ERR_OK);
}

/* The same for a test that is nothing without it: skips the test. */
static inline void recorded_need(struct recorded *r)
{
    recorded_open(r);
    if (r->index)
        return;
    arena_fini(&r->arena);
    print_message("recorded traffic is not there (FIXTURES)\n");
    skip();
}

/* A file of the case, `end` being ".stream.txt", ".response.json", ".request.json". */
static inline bool recorded_file(struct recorded *r, struct arena *a, struct str id,
                                 const char *end, struct str *out)
{
    char path[TESTING_PATH_BYTES];

    snprintf(path, sizeof path, "%s/%.*s%s", r->dir, STR_ARG(id), end);
    return testing_read_file(a, path, out);
}

/* Is the case one that the test is about? */
typedef bool recorded_is_ours_fn(struct arena *a, const struct json *entry);
/* Looks at a case; false when it had nothing for the check. */
typedef bool recorded_check_fn(struct recorded *r, struct arena *a, const struct json *entry,
                               struct str id);

/* Calls `check`, each time with an arena of its own, for every case of ours; at least so many must
 * have had something for it. Skips the test where there is no recorded traffic. */
static inline void recorded_each(recorded_is_ours_fn *is_ours, recorded_check_fn *check,
                                 int at_least)
{
    struct recorded r;
    int n = 0;

    recorded_need(&r);
    JSON_EACH (entry, r.index) {
        struct arena a;

        arena_init(&a, 0);
        if (is_ours(&a, entry))
            n += check(&r, &a, entry, json_str_or_null(&a, json_get(entry, STR("id"))));
        arena_fini(&a);
    }
    print_message("%d cases\n", n);
    arena_fini(&r.arena);
    CHECK(n >= at_least);
}

/* ---- streams ---- */

/* Feeds the text to the dialect's reader in two pieces, cut at `cut` (or in pieces of one byte when
 * `cut` is SIZE_MAX), and folds what comes. False: the reader gave up. */
static inline bool testing_read_stream(const struct dialect *d, struct arena *a, struct str text,
                                       size_t cut, const struct chat_sink *sink)
{
    struct arena scratch;
    struct sse sse;
    struct sse_event ev;
    void *reader = d->reader_new(a);
    enum err_code rc = ERR_OK;

    arena_init(&scratch, 0);
    sse_init(&sse, TESTING_LIMIT);
    while (text.n > 0 && rc == ERR_OK) {
        size_t n = cut == SIZE_MAX ? 1 : cut > 0 && cut < text.n ? cut : text.n;
        char *copy = mem_alloc(n); /* a block of its own, so that a read past its end is seen */
        struct str piece = str_make(copy, n);

        memcpy(copy, text.p, n);
        text = str_skip(text, n);
        cut = cut == SIZE_MAX ? cut : 0;
        while (rc == ERR_OK && sse_next(&sse, &piece, &ev) == SSE_EVENT) {
            rc = d->read_event(reader, &scratch, &ev, sink, NULL);
            arena_reset(&scratch, 0);
        }
        mem_free(copy);
    }
    if (rc == ERR_OK && sse_end(&sse, &ev) == SSE_EVENT)
        rc = d->read_event(reader, &scratch, &ev, sink, NULL);
    if (rc == ERR_OK)
        d->read_end(reader, sink);
    sse_fini(&sse);
    arena_fini(&scratch);
    return rc == ERR_OK;
}

static inline const struct chat_answer *
testing_fold_stream(const struct dialect *d, struct arena *a, struct str text, size_t cut)
{
    struct chat_fold *fold = chat_fold_new(a, TESTING_LIMIT);

    CHECK(testing_read_stream(d, a, text, cut, &(struct chat_sink){chat_fold_event, fold}));
    return chat_fold_answer(fold);
}

static inline const struct chat_answer *testing_fold_answer(const struct dialect *d,
                                                            struct arena *a, struct str body)
{
    struct chat_fold *fold = chat_fold_new(a, TESTING_LIMIT);

    CHECK_EQ(d->read_answer(a, body, &(struct chat_sink){chat_fold_event, fold}, NULL), ERR_OK);
    return chat_fold_answer(fold);
}

/* ---- an answer as text ---- */

static inline void testing_write_part(struct json_writer *w, const struct chat_part *p)
{
    static const char *const names[] = {"text", "refusal", "reasoning", "image", "audio",
                                        "file", "video",   "call",      "result"};

    jw_object(w);
    jw_key_str(w, str_from(names[p->kind]), p->text);
    if (p->kind == CHAT_PART_TOOL_CALL) {
        jw_key_str(w, STR("id"), p->call.id);
        if (p->call.ns.n > 0)
            jw_key_str(w, STR("ns"), p->call.ns);
        jw_key_str(w, STR("name"), p->call.name);
        jw_key_str(w, STR("arguments"), p->call.arguments);
    }
    if (p->media.mime.n > 0)
        jw_key_str(w, STR("mime"), p->media.mime);
    if (p->media.data.n > 0)
        jw_key_str(w, STR("data"), p->media.data);
    if (p->media.url.n > 0)
        jw_key_str(w, STR("url"), p->media.url);
    if (p->state.value.n > 0) {
        jw_key_i64(w, STR("origin"), p->state.origin);
        jw_key_str(w, STR("state"), p->state.value);
    }
    jw_end(w);
}

static inline void testing_write_choice(struct json_writer *w, const struct chat_answer_choice *c)
{
    static const char *const finishes[] = {"none",       "stop",   "stop_sequence", "length",
                                           "tool_calls", "filter", "pause"};

    jw_object(w);
    jw_key_i64(w, STR("index"), c->index);
    jw_key(w, STR("parts"));
    jw_array(w);
    for (const struct chat_part *p = c->parts.first; p; p = p->next)
        testing_write_part(w, p);
    jw_end(w);
    jw_key_str(w, STR("finish"), str_from(finishes[c->finish]));
    if (c->stop_sequence.n > 0)
        jw_key_str(w, STR("stop_sequence"), c->stop_sequence);
    if (c->citation_count > 0)
        jw_key_i64(w, STR("citations"), (int64_t)c->citation_count);
    if (c->logprobs.n > 0)
        jw_key_raw(w, STR("logprobs"), c->logprobs);
    jw_end(w);
}

/* Content, finish and usage of an answer as JSON; ids of the answer and times are left out. */
static inline struct str testing_answer_text(struct arena *a, const struct chat_answer *answer)
{
    struct sb sb;
    struct json_writer w;
    struct str text;

    sb_init(&sb, 2 * (size_t)TESTING_LIMIT);
    jw_init(&w, &sb);
    jw_object(&w);
    jw_key(&w, STR("choices"));
    jw_array(&w);
    for (const struct chat_answer_choice *c = answer->choices; c; c = c->next)
        testing_write_choice(&w, c);
    jw_end(&w);
    if (answer->has_usage) {
        jw_key_i64(&w, STR("prompt"), answer->usage.prompt);
        jw_key_i64(&w, STR("completion"), answer->usage.completion);
        jw_key_i64(&w, STR("cached"), answer->usage.cached);
        jw_key_i64(&w, STR("cache_write"), answer->usage.cache_write);
        jw_key_i64(&w, STR("reasoning"), answer->usage.reasoning);
    }
    if (answer->has_error)
        jw_key_str(&w, STR("error"), answer->error.message);
    jw_end(&w);
    text = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

/* ---- requests ---- */

/* Reads a body of the dialect, which must be readable. */
static inline const struct chat_request *testing_read_request(const struct dialect *d,
                                                              struct arena *a, struct str body,
                                                              struct loss_list *lost)
{
    struct chat_request *r = arena_new(a, struct chat_request);
    const struct json *root;

    CHECK_EQ(json_read(a, body, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    CHECK_EQ(d->read_request(a, root, r, lost, NULL), ERR_OK);
    return r;
}

/* The body that the dialect writes of a request. */
static inline struct str testing_write_request(const struct dialect *d, struct arena *a,
                                               const struct chat_request *r, struct loss_list *lost)
{
    struct sb sb;
    struct str text;
    const struct request_conf conf = {.arena = a, .losses = lost};

    sb_init(&sb, TESTING_LIMIT);
    CHECK_EQ(d->write_request(&conf, r, &sb, NULL), ERR_OK);
    text = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

/* Are both the same JSON value but for the order of members? */
/* NOLINTNEXTLINE(misc-no-recursion): the depth of what was read is bounded. */
static inline bool testing_same_json(const struct json *x, const struct json *y)
{
    if (!x || !y || x->type != y->type || json_count(x) != json_count(y))
        return false;
    if (x->type == JSON_OBJECT) {
        JSON_EACH_MEMBER (key, value, x) {
            struct arena a;
            struct str name;
            bool same;

            arena_init(&a, 0);
            same = json_str(&a, key, &name) && testing_same_json(value, json_get(y, name));
            arena_fini(&a);
            if (!same)
                return false;
        }
        return true;
    }
    if (x->type == JSON_ARRAY) {
        size_t i = 0;

        JSON_EACH (item, x) {
            if (!testing_same_json(item, json_at(y, i++)))
                return false;
        }
        return true;
    }
    if (x->type == JSON_STRING) {
        struct arena a;
        struct str s;
        bool same;

        arena_init(&a, 0);
        same = json_str(&a, x, &s) && json_str_eq(y, s);
        arena_fini(&a);
        return same;
    }
    return str_eq(json_raw(x), json_raw(y));
}

/* Fails unless `got` is the JSON value `want`, but for the order of members. */
static inline void testing_check_json(struct arena *a, struct str got, const char *want)
{
    const struct json *x, *y;

    CHECK_EQ(json_read(a, str_from(want), JSON_DEPTH_DEFAULT, &y, NULL), ERR_OK);
    if (json_read(a, got, JSON_DEPTH_DEFAULT, &x, NULL) == ERR_OK && testing_same_json(x, y))
        return;
    fail_msg("got  %.*s\nwant %s", STR_ARG(got), want);
}

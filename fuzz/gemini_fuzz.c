/*
 * Gemini's dialect from strangers. The first byte chooses: a request, which is read, written and
 * read again; an answer as a stream, which must say the same however it is cut; an answer as a
 * whole. What the writers make of it is JSON in the framing that was asked for. The second byte is
 * the place of the cut.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/panic.h"
#include "dialect/dialect.h"
#include "dialect/embed.h"
#include "dialect/gemini_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { LIMIT = 1 << 24 };

static void check(bool ok, const char *what)
{
    if (!ok)
        panic("%s", what);
}

static bool is_json(struct arena *a, struct str text, const struct json **root)
{
    return json_read(a, text, JSON_DEPTH_DEFAULT + 10, root, NULL) == ERR_OK;
}

/* ---- requests ---- */

static void check_links(const struct chat_request *r)
{
    for (const struct chat_message *m = r->messages; m; m = m->next) {
        for (const struct chat_part *p = m->parts.first; p; p = p->next) {
            check(p->kind != CHAT_PART_TOOL_CALL || p->call.id.n > 0, "a call without an id");
            check((p->kind == CHAT_PART_TOOL_RESULT) == (m->role == CHAT_TOOL),
                  "a result in the wrong place");
        }
    }
}

static void write_and_read(struct arena *a, struct chat_request *r, enum dialect_id dialect)
{
    struct loss_list losses = {0};
    const struct request_conf conf = {.arena = a, .losses = &losses};
    struct chat_request again;
    const struct json *root;
    struct err err = {0};
    struct sb out;

    r->dialect = dialect;
    r->model = STR("gemini-3-flash");
    sb_init(&out, LIMIT);
    if (dialect_gemini.write_request(&conf, r, &out, &err) == ERR_OK && !sb_failed(&out)) {
        check(is_json(a, sb_str(&out), &root), "a request that is no JSON");
        if (dialect_gemini.read_request(a, root, &again, &losses, &err) != ERR_OK)
            panic("what was written is refused: %s", err.msg);
    }
    sb_fini(&out);
}

static void fuzz_request(struct arena *a, struct str text)
{
    struct loss_list losses = {0};
    struct embed_request embed;
    struct chat_request r;
    const struct json *root;
    struct err err = {0};
    struct str schema;

    if (json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return;
    if (dialect_gemini.read_request(a, root, &r, &losses, &err) == ERR_OK) {
        check_links(&r);
        write_and_read(a, &r, DIALECT_GEMINI);
        write_and_read(a, &r, DIALECT_CLAUDE);
    }
    schema = gemini_schema_write(a, text, GEMINI_SCHEMA_ANSWER);
    check(schema.n == 0 || is_json(a, schema, &root), "a schema that is no JSON");
    if (json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK)
        check(is_json(a, gemini_schema_read(a, root), &root), "a schema that is no JSON");
    (void)json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL);
    if (embed_read_gemini(a, root, &embed, &losses, &err) == ERR_OK)
        check(embed.count > 0, "no text to embed");
}

/* ---- answers ---- */

/* Notes the events and gives them to both kinds of writers. */
struct listener {
    struct sb log, events, array;
    void *to_events, *to_array;
};

static void note(struct sb *log, struct str s)
{
    sb_fmt(log, "%zu:", s.n);
    sb_add(log, s);
}

static void hear(void *ctx, const struct chat_event *ev)
{
    struct listener *l = ctx;

    sb_fmt(&l->log, "%d/%u/%u/%d/%lld/%lld ", (int)ev->kind, ev->choice, ev->tool, (int)ev->finish,
           (long long)ev->usage.prompt, (long long)ev->usage.completion);
    note(&l->log, ev->text);
    note(&l->log, ev->call.id);
    note(&l->log, ev->call.name);
    note(&l->log, ev->state.value);
    note(&l->log, ev->media.data);
    note(&l->log, ev->citation.url);
    note(&l->log, ev->error.message);
    dialect_gemini.write_event(l->to_events, ev, &l->events);
    dialect_gemini.write_event(l->to_array, ev, &l->array);
}

static void listen(struct listener *l, struct arena *a, const struct answer_conf conf[2])
{
    sb_init(&l->log, LIMIT);
    sb_init(&l->events, LIMIT);
    sb_init(&l->array, LIMIT);
    l->to_events = dialect_gemini.writer_new(a, &conf[0]);
    l->to_array = dialect_gemini.writer_new(a, &conf[1]);
}

static void check_events(struct arena *a, struct str wire)
{
    const struct json *root;
    struct sse_event ev;
    struct sse sse;

    sse_init(&sse, LIMIT);
    while (sse_next(&sse, &wire, &ev) == SSE_EVENT)
        check(is_json(a, ev.data, &root) && json_is(root, JSON_OBJECT), "an event that is no JSON");
    check(!sse_pending(&sse), "half an event");
    sse_fini(&sse);
}

static void stop_listening(struct listener *l, struct arena *a)
{
    const struct chat_event end = {.kind = CHAT_EVENT_END};
    const struct json *root;

    dialect_gemini.write_event(l->to_events, &end, &l->events);
    dialect_gemini.write_event(l->to_array, &end, &l->array);
    if (!sb_failed(&l->events) && !sb_failed(&l->array)) {
        check_events(a, sb_str(&l->events));
        check(is_json(a, sb_str(&l->array), &root) && json_is(root, JSON_ARRAY),
              "an array that is no JSON");
    }
    sb_fini(&l->log);
    sb_fini(&l->events);
    sb_fini(&l->array);
}

struct stream {
    void *reader;
    struct sse sse;
    struct arena scratch;
    bool broken;
};

/* A block of its own for each piece, so that a read past its end is seen. */
static void feed(struct stream *s, struct str piece, const struct chat_sink *sink)
{
    char *copy = mem_alloc(piece.n + 1);
    struct str in = str_make(copy, piece.n);
    struct sse_event ev;
    enum sse_result rc = SSE_MORE;

    if (piece.n > 0)
        memcpy(copy, piece.p, piece.n);
    while (!s->broken && (rc = sse_next(&s->sse, &in, &ev)) == SSE_EVENT) {
        s->broken = dialect_gemini.read_event(s->reader, &s->scratch, &ev, sink, NULL) != ERR_OK;
        arena_reset(&s->scratch, 0);
    }
    s->broken |= rc == SSE_TOO_LONG;
    mem_free(copy);
}

static void read_stream(struct arena *a, struct str wire, size_t cut, struct listener *l)
{
    const struct chat_sink sink = {hear, l};
    struct stream s = {.reader = dialect_gemini.reader_new(a)};

    sse_init(&s.sse, LIMIT);
    arena_init(&s.scratch, 0);
    feed(&s, str_sub(wire, 0, cut), &sink);
    feed(&s, str_skip(wire, cut), &sink);
    if (!s.broken)
        dialect_gemini.read_end(s.reader, &sink);
    arena_fini(&s.scratch);
    sse_fini(&s.sse);
}

static void fuzz_stream(struct arena *a, struct str wire, size_t cut)
{
    const struct answer_conf conf[2] = {{.model = STR("m"), .id = STR("i")},
                                        {.model = STR("m"), .id = STR("i"), .json_array = true}};
    struct listener whole, parts;

    listen(&whole, a, conf);
    listen(&parts, a, conf);
    read_stream(a, wire, wire.n, &whole);
    read_stream(a, wire, cut, &parts);
    check(str_eq(sb_str(&whole.log), sb_str(&parts.log)), "a cut changes the events");
    stop_listening(&whole, a);
    stop_listening(&parts, a);
}

static void fuzz_answer(struct arena *a, struct str body)
{
    const struct answer_conf conf = {.model = STR("m"), .id = STR("i")};
    struct chat_fold *fold = chat_fold_new(a, LIMIT);
    struct embed_answer embed = {0};
    const struct json *root;
    struct sb out;

    sb_init(&out, LIMIT);
    if (dialect_gemini.read_answer(a, body, &(struct chat_sink){chat_fold_event, fold}, NULL) ==
        ERR_OK) {
        dialect_gemini.write_answer(a, &conf, chat_fold_answer(fold), &out);
        check(sb_failed(&out) || is_json(a, sb_str(&out), &root), "an answer that is no JSON");
    }
    if (embed_read_gemini_answer(a, body, &embed, NULL) == ERR_OK)
        embed_normalise(&embed);
    sb_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct str text;
    struct arena a;

    if (n < 2)
        return 0;
    text = str_make((const char *)bytes + 2, n - 2);
    arena_init(&a, 0);
    if (bytes[0] % 3 == 0)
        fuzz_request(&a, text);
    else if (bytes[0] % 3 == 1)
        fuzz_stream(&a, text, bytes[1] * text.n / 255);
    else
        fuzz_answer(&a, text);
    arena_fini(&a);
    return 0;
}

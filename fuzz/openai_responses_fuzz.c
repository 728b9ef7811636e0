/*
 * What clients and upstreams of the Responses API may send. The first byte says what the rest is: a
 * request, a whole answer, or a stream, which is cut where the second byte says. A request that can
 * be read is written as JSON that can be read again. A stream gives the same answer however it is
 * cut, and what is written of an answer is JSON, in frames where it is streamed.
 */
#include <stdlib.h>

#include "base/json.h"
#include "dialect/dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 1 << 26 };

static const struct dialect *const dialect = &dialect_openai_responses;

static void check(bool ok)
{
    if (!ok)
        abort();
}

static const struct json *must_read(struct arena *a, struct str text)
{
    const struct json *root;

    check(json_read(a, text, JSON_DEPTH_DEFAULT + 10, &root, NULL) == ERR_OK);
    return root;
}

static void fuzz_request(struct arena *a, struct str text)
{
    struct chat_request *r = arena_new(a, struct chat_request);
    struct loss_list losses = {0};
    const struct request_conf conf = {.arena = a, .losses = &losses};
    const struct json *root;
    struct err err = {0};
    struct sb sb;

    if (json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return;
    if (dialect->read_request(a, root, r, &losses, &err) != ERR_OK) {
        check(err.code == ERR_BAD_REQUEST && err.msg[0]);
        return;
    }
    sb_init(&sb, LIMIT);
    check(dialect->write_request(&conf, r, &sb, NULL) == ERR_OK);
    root = must_read(a, sb_str(&sb));
    check(dialect->read_request(a, root, arena_new(a, struct chat_request), &losses, NULL) ==
          ERR_OK);
    r->dialect = DIALECT_CLAUDE; /* the writer's other half */
    sb_reset(&sb);
    if (dialect->write_request(&conf, r, &sb, NULL) == ERR_OK)
        (void)must_read(a, sb_str(&sb));
    sb_fini(&sb);
}

/* Feeds the stream in two pieces. */
static void feed(struct arena *a, struct str text, size_t cut, const struct chat_sink *sink)
{
    struct str pieces[] = {str_sub(text, 0, cut), str_skip(text, cut)};
    void *reader = dialect->reader_new(a);
    enum err_code rc = ERR_OK;
    struct arena scratch;
    struct sse_event ev;
    struct sse sse;

    arena_init(&scratch, 0);
    sse_init(&sse, LIMIT);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        while (rc == ERR_OK && sse_next(&sse, &pieces[i], &ev) == SSE_EVENT) {
            rc = dialect->read_event(reader, &scratch, &ev, sink, NULL);
            arena_reset(&scratch, 0);
        }
    }
    if (rc == ERR_OK)
        dialect->read_end(reader, sink);
    sse_fini(&sse);
    arena_fini(&scratch);
}

/* Tools whose calls have items of their own. */
static struct chat_tool tools[] = {
    {.next = &tools[1], .kind = CHAT_TOOL_CUSTOM, .name = STR_INIT("g")},
    {.kind = CHAT_TOOL_FUNCTION, .name = STR_INIT("tool_search"), .type = STR_INIT("tool_search")},
};
static const struct chat_request asked = {.dialect = DIALECT_OPENAI_RESPONSES, .tools = tools};
static const struct answer_conf answer_conf = {.request = &asked,
                                               .id = STR_INIT("0123456789abcdefghijklmn")};

static struct str written(struct arena *a, const struct chat_answer *answer)
{
    struct str text;
    struct sb sb;

    sb_init(&sb, LIMIT);
    dialect->write_answer(a, &answer_conf, answer, &sb);
    text = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    (void)must_read(a, text);
    return text;
}

struct streaming {
    void *writer;
    struct sb out;
};

static void stream_event(void *ctx, const struct chat_event *ev)
{
    struct streaming *s = ctx;

    dialect->write_event(s->writer, ev, &s->out);
}

/* Every frame has a type and JSON of that type. */
static void check_frames(struct arena *a, struct str text)
{
    struct sse_event ev;
    struct sse sse;

    sse_init(&sse, LIMIT);
    while (sse_next(&sse, &text, &ev) == SSE_EVENT)
        check(json_str_eq(json_get(must_read(a, str_dup(a, ev.data)), STR("type")), ev.type));
    check(!sse_pending(&sse));
    sse_fini(&sse);
}

static void fuzz_stream(struct arena *a, struct str text, size_t cut)
{
    struct streaming s = {.writer = dialect->writer_new(a, &answer_conf)};
    struct chat_fold *whole = chat_fold_new(a, LIMIT), *cut_up = chat_fold_new(a, LIMIT);

    feed(a, text, 0, &(struct chat_sink){chat_fold_event, whole});
    feed(a, text, cut, &(struct chat_sink){chat_fold_event, cut_up});
    check(str_eq(written(a, chat_fold_answer(whole)), written(a, chat_fold_answer(cut_up))));
    sb_init(&s.out, LIMIT);
    feed(a, text, cut, &(struct chat_sink){stream_event, &s});
    check_frames(a, sb_str(&s.out));
    sb_fini(&s.out);
}

static void fuzz_answer(struct arena *a, struct str text)
{
    struct chat_fold *fold = chat_fold_new(a, LIMIT);

    if (dialect->read_answer(a, text, &(struct chat_sink){chat_fold_event, fold}, NULL) == ERR_OK)
        (void)written(a, chat_fold_answer(fold));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);
    struct arena a;

    if (size < 2)
        return 0;
    arena_init(&a, 0);
    if (text.p[0] == 'r')
        fuzz_request(&a, str_skip(text, 1));
    else if (text.p[0] == 'a')
        fuzz_answer(&a, str_skip(text, 1));
    else
        fuzz_stream(&a, str_skip(text, 2), (uint8_t)text.p[1]);
    arena_fini(&a);
    return 0;
}

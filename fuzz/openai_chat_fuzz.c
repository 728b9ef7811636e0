/*
 * Strangers' bytes in OpenAI's chat dialect. The first byte says which side they are of. A request
 * that is read is written to JSON that reads again, in its own dialect and as if it had come in
 * another. A stream gives the same answer however it is cut; what our writer makes of its events is
 * well framed, is JSON, and ends.
 */
#include <stdlib.h>

#include "base/json.h"
#include "codec/sse.h"
#include "dialect/dialect.h"

enum { LIMIT = 1 << 20, OUT_LIMIT = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dialect *const dialect = &dialect_openai_chat;

static void check(bool ok)
{
    if (!ok)
        abort();
}

/* ---- requests ---- */

static void write_again(struct arena *a, const struct chat_request *r)
{
    struct loss_list losses = {.n = 0};
    const struct request_conf conf = {.arena = a, .losses = &losses};
    struct chat_request again;
    const struct json *root;
    struct sb out;

    sb_init(&out, OUT_LIMIT);
    if (dialect->write_request(&conf, r, &out, NULL) == ERR_OK) {
        struct str body = str_dup(a, sb_str(&out));

        check(!sb_failed(&out));
        check(json_read(a, body, JSON_DEPTH_DEFAULT + 1, &root, NULL) == ERR_OK);
        check(json_is(json_get(root, STR("messages")), JSON_ARRAY));
        if (r->dialect == dialect->id)
            check(dialect->read_request(a, root, &again, &losses, NULL) == ERR_OK);
    }
    sb_fini(&out);
}

static void fuzz_request(struct str body)
{
    struct loss_list losses = {.n = 0};
    struct chat_request r;
    const struct json *root;
    struct err err = {0};
    struct arena a;

    arena_init(&a, 0);
    if (json_read(&a, body, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK) {
        if (dialect->read_request(&a, root, &r, &losses, &err) == ERR_OK) {
            write_again(&a, &r);
            r.dialect = DIALECT_CLAUDE;
            write_again(&a, &r);
        } else {
            check(err.code == ERR_BAD_REQUEST && err.msg[0] != '\0');
        }
    }
    arena_fini(&a);
}

/* ---- streams ---- */

struct writing {
    void *writer;
    struct chat_fold *fold;
    struct sb out;
};

static void take_event(void *ctx, const struct chat_event *event)
{
    struct writing *to = ctx;

    chat_fold_event(to->fold, event);
    if (to->writer)
        dialect->write_event(to->writer, event, &to->out);
}

/* False: the reader gave up. */
static bool feed(struct arena *a, struct str text, size_t cut, struct writing *to)
{
    struct str parts[] = {str_sub(text, 0, cut), str_skip(text, cut)};
    const struct chat_sink sink = {take_event, to};
    void *reader = dialect->reader_new(a);
    enum err_code rc = ERR_OK;
    struct arena scratch;
    struct sse_event ev;
    struct sse sse;

    arena_init(&scratch, 0);
    sse_init(&sse, LIMIT);
    for (size_t i = 0; i < 2; i++) {
        while (rc == ERR_OK && sse_next(&sse, &parts[i], &ev) == SSE_EVENT) {
            rc = dialect->read_event(reader, &scratch, &ev, &sink, NULL);
            arena_reset(&scratch, 0);
        }
    }
    if (rc == ERR_OK)
        dialect->read_end(reader, &sink);
    sse_fini(&sse);
    arena_fini(&scratch);
    return rc == ERR_OK;
}

/* The whole answer of a fold, as JSON: the means to compare two. */
static struct str answer_of(struct arena *a, struct chat_fold *fold, bool *has_end)
{
    const struct answer_conf conf = {.id = STR("abc"), .now_s = 1};
    const struct chat_answer *answer = chat_fold_answer(fold);
    const struct json *root;
    struct str text;
    struct sb out;

    sb_init(&out, OUT_LIMIT);
    dialect->write_answer(a, &conf, answer, &out);
    text = str_dup(a, sb_str(&out));
    check(json_read(a, text, JSON_DEPTH_DEFAULT + 8, &root, NULL) == ERR_OK);
    sb_fini(&out);
    *has_end = answer->has_end;
    return text;
}

/* Every event is JSON, and the last is [DONE] where the answer has an end. */
static void check_framing(struct arena *a, struct str text, bool has_end)
{
    const struct json *root;
    bool done = false;
    struct sse_event ev;
    struct sse sse;

    sse_init(&sse, OUT_LIMIT);
    while (sse_next(&sse, &text, &ev) == SSE_EVENT) {
        check(!done);
        done = str_eq(ev.data, STR("[DONE]"));
        check(done || json_read(a, ev.data, JSON_DEPTH_DEFAULT + 8, &root, NULL) == ERR_OK);
    }
    check(!sse_pending(&sse));
    check(done == has_end);
    sse_fini(&sse);
}

static void fuzz_stream(struct str text, size_t cut)
{
    const struct chat_request request = {.include_usage = true};
    const struct answer_conf conf = {.id = STR("abc"), .now_s = 1, .request = &request};
    struct writing whole = {0}, parts = {0};
    struct str one, two;
    bool ended, ended_too;
    struct arena a;

    arena_init(&a, 0);
    whole.writer = dialect->writer_new(&a, &conf);
    sb_init(&whole.out, OUT_LIMIT);
    whole.fold = chat_fold_new(&a, LIMIT);
    parts.fold = chat_fold_new(&a, LIMIT);
    check(feed(&a, text, 0, &whole) == feed(&a, text, cut, &parts));
    one = answer_of(&a, whole.fold, &ended);
    two = answer_of(&a, parts.fold, &ended_too);
    check(str_eq(one, two) && ended == ended_too);
    check_framing(&a, sb_str(&whole.out), ended);
    sb_fini(&whole.out);
    arena_fini(&a);
}

static void fuzz_answer(struct str text)
{
    struct writing to = {0};
    bool ended;
    struct arena a;

    arena_init(&a, 0);
    to.fold = chat_fold_new(&a, LIMIT);
    if (dialect->read_answer(&a, text, &(struct chat_sink){take_event, &to}, NULL) == ERR_OK)
        (void)answer_of(&a, to.fold, &ended);
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};

    if (size == 0)
        return 0;
    text = str_skip(text, 1);
    if (data[0] == 'q')
        fuzz_request(text);
    else if (data[0] == 'a')
        fuzz_answer(text);
    else
        fuzz_stream(text, text.n > 0 ? data[0] % text.n : 0);
    return 0;
}

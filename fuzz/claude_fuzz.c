/*
 * Anthropic's Messages from strangers: as a request, as a stream and as a whole answer. A request
 * that can be read is written as JSON that can be read again; a stream gives the same answer
 * however it is cut. What is written for a client, whatever the events, is framed JSON; its blocks
 * begin and stop in pairs, and their numbers have no gap.
 */
#include <stdlib.h>

#include "base/json.h"
#include "base/sb.h"
#include "dialect/dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 16 << 20, BLOCKS_MAX = 4096 };

static void check(bool ok)
{
    if (!ok)
        abort();
}

/* ---- requests ---- */

/* Whatever dialect the request is taken for: its own gets its raw parts back. */
static void write_back(struct arena *a, struct chat_request *r, enum dialect_id from,
                       bool tells_schema)
{
    struct loss_list losses = {0};
    const struct request_conf conf = {.arena = a, .losses = &losses, .tells_schema = tells_schema};
    struct chat_request again;
    const struct json *root;
    struct sb sb;

    sb_init(&sb, LIMIT);
    r->dialect = from;
    if (dialect_claude.write_request(&conf, r, &sb, NULL) == ERR_OK) {
        check(json_read(a, sb_str(&sb), JSON_DEPTH_DEFAULT + 8, &root, NULL) == ERR_OK);
        check(dialect_claude.read_request(a, root, &again, &losses, NULL) == ERR_OK);
        check(json_count(json_get(root, STR("messages"))) > 0);
    }
    sb_fini(&sb);
}

static void fuzz_request(struct str text)
{
    struct arena a;
    struct loss_list losses = {0};
    struct chat_request r;
    const struct json *root;
    struct err err = {0};

    arena_init(&a, 0);
    if (json_read(&a, text, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK) {
        if (dialect_claude.read_request(&a, root, &r, &losses, &err) != ERR_OK) {
            check(err.code == ERR_BAD_REQUEST && err.msg[0]);
        } else {
            write_back(&a, &r, DIALECT_CLAUDE, false);
            write_back(&a, &r, DIALECT_OPENAI_CHAT, false);
            write_back(&a, &r, DIALECT_OPENAI_CHAT, true);
        }
    }
    arena_fini(&a);
}

/* ---- what a client gets ---- */

struct client {
    struct arena arena;
    struct chat_fold *fold;
    void *writer;
    struct sb out;
    unsigned starts, finishes, ends;
};

static const struct answer_conf conf = {.model = STR_INIT("m"), .id = STR_INIT("id")};

static void on_event(void *ctx, const struct chat_event *event)
{
    struct client *c = ctx;

    c->starts += event->kind == CHAT_EVENT_START;
    c->finishes += event->kind == CHAT_EVENT_FINISH;
    c->ends += event->kind == CHAT_EVENT_END || event->kind == CHAT_EVENT_ERROR;
    check(c->starts <= 1 && c->finishes <= 1 && c->ends <= 1);
    chat_fold_event(c->fold, event);
    dialect_claude.write_event(c->writer, event, &c->out);
}

static void client_init(struct client *c)
{
    *c = (struct client){0};
    arena_init(&c->arena, 0);
    c->fold = chat_fold_new(&c->arena, LIMIT);
    c->writer = dialect_claude.writer_new(&c->arena, &conf);
    sb_init(&c->out, LIMIT);
}

static void client_fini(struct client *c)
{
    sb_fini(&c->out);
    arena_fini(&c->arena);
}

struct blocks {
    bool open[BLOCKS_MAX];
    int64_t next;
    unsigned open_count, deltas, stops;
};

static void check_block(struct blocks *b, const struct json *v, struct str type)
{
    int64_t index = json_i64_or(json_get(v, STR("index")), -1);

    if (str_eq(type, STR("content_block_start"))) {
        check(index == b->next++ && index < BLOCKS_MAX);
        b->open[index] = true;
        b->open_count++;
    } else if (str_eq(type, STR("content_block_delta"))) {
        check(index >= 0 && index < b->next && b->open[index]);
    } else if (str_eq(type, STR("content_block_stop"))) {
        check(index >= 0 && index < b->next && b->open[index]);
        b->open[index] = false;
        b->open_count--;
    } else if (str_eq(type, STR("message_delta"))) {
        check(b->open_count == 0 && ++b->deltas == 1);
    } else if (str_eq(type, STR("message_stop"))) {
        check(b->deltas == 1 && ++b->stops == 1);
    }
}

static void check_written(struct client *c)
{
    struct blocks *b = arena_new(&c->arena, struct blocks);
    struct str text = sb_str(&c->out);
    struct sse sse;
    struct sse_event ev;

    sse_init(&sse, LIMIT);
    while (sse_next(&sse, &text, &ev) == SSE_EVENT) {
        const struct json *v;

        check(json_read(&c->arena, ev.data, JSON_DEPTH_DEFAULT + 8, &v, NULL) == ERR_OK);
        check(json_str_eq(json_get(v, STR("type")), ev.type));
        check_block(b, v, ev.type);
    }
    check(!sse_pending(&sse));
    sse_fini(&sse);
}

/* The whole answer as JSON. */
static struct str whole(struct client *c)
{
    struct sb sb;
    struct str text;
    const struct json *v;

    sb_init(&sb, LIMIT);
    dialect_claude.write_answer(&c->arena, &conf, chat_fold_answer(c->fold), &sb);
    text = str_dup(&c->arena, sb_str(&sb));
    check(json_read(&c->arena, text, JSON_DEPTH_DEFAULT + 8, &v, NULL) == ERR_OK);
    sb_fini(&sb);
    return text;
}

/* ---- answers ---- */

/* False: the reader gave up. */
static bool feed(struct client *c, struct str text, size_t cut)
{
    struct str parts[] = {str_sub(text, 0, cut), str_skip(text, cut)};
    const struct chat_sink sink = {on_event, c};
    void *reader = dialect_claude.reader_new(&c->arena);
    enum err_code rc = ERR_OK;
    struct arena scratch;
    struct sse_event ev;
    struct sse sse;

    arena_init(&scratch, 0);
    sse_init(&sse, LIMIT);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        while (rc == ERR_OK && sse_next(&sse, &parts[i], &ev) == SSE_EVENT) {
            rc = dialect_claude.read_event(reader, &scratch, &ev, &sink, NULL);
            arena_reset(&scratch, 0);
        }
    }
    if (rc == ERR_OK)
        dialect_claude.read_end(reader, &sink);
    sse_fini(&sse);
    arena_fini(&scratch);
    return rc == ERR_OK;
}

static void fuzz_stream(struct str text)
{
    struct client one, two;
    size_t cut = text.n > 0 ? (unsigned char)text.p[text.n - 1] * text.n / 256 : 0;

    client_init(&one);
    client_init(&two);
    check(feed(&one, text, text.n) == feed(&two, text, cut));
    check_written(&one);
    check(str_eq(sb_str(&one.out), sb_str(&two.out)));
    check(str_eq(whole(&one), whole(&two)));
    client_fini(&one);
    client_fini(&two);
}

static void fuzz_answer(struct str text)
{
    struct client c;

    client_init(&c);
    if (dialect_claude.read_answer(&c.arena, text, &(struct chat_sink){on_event, &c}, NULL) ==
        ERR_OK) {
        check(c.ends == 1);
        check_written(&c);
        (void)whole(&c);
    }
    client_fini(&c);
}

/* ---- any events in any order ---- */

/* Three bytes an event: its kind, what of it is set, and how much of the input is its text. */
static struct chat_event event_of(struct str bytes, struct str all)
{
    static const enum dialect_id origins[] = {DIALECT_CLAUDE, DIALECT_GEMINI,
                                              DIALECT_OPENAI_RESPONSES, DIALECT_CLAUDE};
    unsigned kind = (unsigned char)bytes.p[0], set = (unsigned char)bytes.p[1];
    struct str text = str_sub(all, 0, (unsigned char)bytes.p[2] % 16);

    return (struct chat_event){
        .kind = (enum chat_event_kind)(kind % (CHAT_EVENT_OTHER + 1)),
        .choice = kind >= 240, /* now and then the second answer */
        .tool = set % 4,
        .text = text,
        .id = text,
        .call = {.id = text, .name = text, .custom = (set & 4) != 0},
        .state = {.origin = origins[set >> 3 & 3],
                  .value = set & 32 ? text : STR_NULL,
                  .redacted = (set & 64) != 0},
        .media = {.data = text},
        .citation = {.url = text, .raw = text},
        .raw = text,
        .finish = (enum chat_finish)(set % (CHAT_FINISH_PAUSE + 1)),
        .usage = {.prompt = set, .cached = kind},
        .error = {.message = text},
        .status = (int)set * 5,
    };
}

static void fuzz_events(struct str text)
{
    struct client c;

    client_init(&c);
    for (size_t at = 0; at + 3 <= text.n; at += 3) {
        const struct chat_event event = event_of(str_skip(text, at), text);

        chat_fold_event(c.fold, &event);
        dialect_claude.write_event(c.writer, &event, &c.out);
    }
    check_written(&c);
    (void)whole(&c);
    client_fini(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);

    fuzz_request(text);
    fuzz_stream(text);
    fuzz_answer(text);
    fuzz_events(text);
    return 0;
}

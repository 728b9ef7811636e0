/*
 * fake_upstream - an OpenAI-compatible upstream on loopback that costs next to nothing, for load.
 *
 * What it answers is said by the model's name in the request:
 *
 *     stream-N-D   a stream of N chunks, one every D ms, each written alone
 *     hold-S       a stream of one chunk, then S seconds of silence, then its end
 *     others       a chat reply of 0.6 KB, at once
 *
 * A stream reports its usage in a last chunk when the request asks for it (include_usage).
 */
#include <pthread.h>
#include <signal.h>

#include "base/conf.h"
#include "base/mem.h"
#include "bench/wire.h"
#include "bench/wire_message.h"

enum { BODY_KEPT_BYTES = 64 * 1024, EVENT_BYTES = 512, MODEL_BYTES = 48 };

#define REPLY_BODY                                                                                 \
    "{\"id\":\"chatcmpl-BfQ3mWk2ZtXr8uYv1nLs0aPd\",\"object\":\"chat.completion\","                \
    "\"created\":1760000000,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"message\":"      \
    "{\"role\":\"assistant\",\"content\":\"Write the entry to the log first, then acknowledge it " \
    "to the queue. After a crash between the two the entry is read again, so applying it twice "   \
    "must change nothing.\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],"     \
    "\"usage\":{\"prompt_tokens\":212,\"completion_tokens\":38,\"total_tokens\":250,"              \
    "\"prompt_tokens_details\":{\"cached_tokens\":0}},\"system_fingerprint\":\"fp_44709d6fcb\"}\n"

static const struct str stream_head =
    STR_INIT("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
             "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n");
static const struct str stream_tail = STR_INIT("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");

/* One client connection and the stream that runs on it. */
struct session {
    struct wire_conn conn;
    struct wire_message in;
    struct sb body; /* its beginning: BODY_KEPT_BYTES */
    struct wire_timer timer;
    char model[MODEL_BYTES];
    bool streaming, wants_usage;
    uint64_t chunks, chunk_at, gap_us;
};

/* ---- answers ---- */

static void send_whole(struct session *s)
{
    static const char body[] = REPLY_BODY;
    char reply[sizeof body + 256];
    int n = snprintf(reply, sizeof reply,
                     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                     "x-request-id: req_0123456789abcdef\r\nContent-Length: %zu\r\n\r\n%s",
                     sizeof body - 1, body);

    wire_send(&s->conn, str_make(reply, (size_t)n));
}

/* One event as one chunk of the body; the first one has the head before it. */
static void send_event(struct session *s, const char *rest)
{
    char event[EVENT_BYTES], wire[EVENT_BYTES * 2];
    struct str head = s->chunk_at == 0 ? stream_head : STR("");
    int n =
        snprintf(event, sizeof event,
                 "data: {\"id\":\"chatcmpl-BfQ3mWk2ZtXr8uYv1nLs0aPd\",\"object\":"
                 "\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"%s\","
                 "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_44709d6fcb\",%s}\n\n",
                 s->model, rest);

    n = snprintf(wire, sizeof wire, "%.*s%x\r\n%s\r\n", STR_ARG(head), (unsigned)n, event);
    wire_send(&s->conn, str_make(wire, (size_t)n));
    s->chunk_at++;
}

static void end_stream(struct session *s)
{
    send_event(s, "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
                  "\"finish_reason\":\"stop\"}]");
    if (s->wants_usage)
        send_event(s, "\"choices\":[],\"usage\":{\"prompt_tokens\":212,\"completion_tokens\":200,"
                      "\"total_tokens\":412}");
    wire_send(&s->conn, stream_tail);
    s->streaming = false;
}

static void on_turn(struct wire_timer *t)
{
    struct session *s = container_of(t, struct session, timer);

    if (s->chunk_at >= s->chunks) {
        end_stream(s);
        return;
    }
    send_event(s, "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" entry\"},\"logprobs\":null,"
                  "\"finish_reason\":null}]");
    wire_timer_set(s->conn.wire, t, t->due_us + s->gap_us);
}

static uint64_t number(struct str text)
{
    uint64_t n;

    if (!str_to_u64(text, &n))
        return 0;
    return n;
}

static void start_stream(struct session *s, uint64_t chunks, uint64_t gap_us)
{
    s->chunks = chunks;
    s->gap_us = gap_us;
    s->chunk_at = 0;
    s->streaming = true;
    s->wants_usage = str_has(sb_str(&s->body), STR("include_usage\":true"));
    s->timer.fn = on_turn;
    wire_timer_set(s->conn.wire, &s->timer, s->conn.wire->now_us);
}

static struct str model_of(struct str body)
{
    ptrdiff_t at = str_find(body, STR("\"model\":\""));
    struct str rest = str_skip(body, at < 0 ? body.n : (size_t)at + 9);

    return str_cut(&rest, '"');
}

static void answer(struct session *s)
{
    struct str model = model_of(sb_str(&s->body)), rest = model, word = str_cut(&rest, '-');

    snprintf(s->model, sizeof s->model, "%.*s", STR_ARG(model));
    if (str_eq(word, STR("stream"))) {
        struct str chunks = str_cut(&rest, '-');

        start_stream(s, number(chunks), number(rest) * 1000);
    } else if (str_eq(word, STR("hold"))) {
        start_stream(s, 1, number(rest) * 1000000);
    } else {
        send_whole(s);
    }
}

/* ---- requests ---- */

static void end_session(struct wire_conn *c)
{
    struct session *s = container_of(c, struct session, conn);

    wire_timer_stop(c->wire, &s->timer);
    wire_close(c);
    wire_message_fini(&s->in);
    sb_fini(&s->body);
    mem_free(s);
}

static void on_read(struct wire_conn *c, struct str bytes)
{
    struct session *s = container_of(c, struct session, conn);
    struct str data;

    for (;;) {
        switch (wire_message_next(&s->in, &bytes, &data)) {
        case WIRE_MORE:
            return;
        case WIRE_HEAD:
            sb_reset(&s->body);
            if (s->in.head.expect_continue)
                wire_send(c, STR("HTTP/1.1 100 Continue\r\n\r\n"));
            break;
        case WIRE_DATA:
            sb_add(&s->body, str_sub(data, 0, BODY_KEPT_BYTES - s->body.n));
            break;
        case WIRE_END:
            if (s->streaming) { /* it did not wait for its answer */
                end_session(c);
                return;
            }
            answer(s);
            break;
        case WIRE_BAD:
            end_session(c);
            return;
        }
    }
}

static const struct wire_handler handler = {.on_read = on_read, .on_gone = end_session};

static void on_accept(struct wire *w, int fd)
{
    struct session *s = mem_new(struct session);

    wire_message_init(&s->in, false);
    sb_init(&s->body, BODY_KEPT_BYTES);
    wire_attach(w, &s->conn, fd, &handler);
}

/* ---- the program ---- */

static void *serve(void *ctx)
{
    uint16_t port = *(uint16_t *)ctx;
    struct wire *w = wire_new(NULL);
    struct wire_conn listener = {0};

    wire_listen(w, &listener, port, on_accept);
    wire_run(w);
    return NULL;
}

int main(int argc, char **argv)
{
    static const struct conf_row rows[] = {
        {.flag = "port", .kind = CONF_INT, .fallback = "8999", .min = 1, .max = 65535},
        {.flag = "threads", .kind = CONF_INT, .fallback = "1", .min = 1, .max = 64},
    };
    struct conf_value flags[2];
    struct err err = {0};
    struct arena a;
    uint16_t port;

    arena_init(&a, 0);
    signal(SIGPIPE, SIG_IGN);
    if (conf_read(&a, rows, 2, argc, argv, environ, flags, &err) != ERR_OK) {
        fprintf(stderr, "fake_upstream: %s\n", err.msg);
        return 2;
    }
    port = (uint16_t)flags[0].i;
    for (int64_t i = 1; i < flags[1].i; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, serve, &port) != 0)
            wire_die("pthread_create");
    }
    serve(&port);
    return EXIT_SUCCESS;
}

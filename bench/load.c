/*
 * load - chat requests to one address on loopback, and what they took.
 *
 * Each connection sends its next request when it has the whole answer of the last one; with --rate
 * requests come at their fixed times, whatever became of those before. Streams are counted by
 * their events. With --hold each connection opens one stream and keeps it, until --seconds are over
 * or the program is killed; a line "holding" tells when each has had its first event.
 * Prints one line of JSON: counts, seconds, and latencies in microseconds.
 */
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/list.h"
#include "base/mem.h"
#include "bench/wire.h"
#include "bench/wire_message.h"

enum {
    OPENING_AT_ONCE = 64,
    FINISH_US = 5 * 1000 * 1000,
    ERROR_BYTES = 512,
    FIRST_SAMPLES = 4096,
    ERRORS_SHOWN = 3,
    ERRORS_MAX = 1000
};

struct samples { /* microseconds */
    uint32_t *us;
    size_t n, cap;
};

struct load {
    struct wire *wire;
    struct str request;
    uint16_t port;
    bool stream, hold;
    uint64_t rate; /* requests a second, 0: as fast as they are answered */
    uint64_t start_us, end_us, last_us, limit;
    uint64_t sent, done, errors, events, bytes, reads;
    size_t connection_n, opened, held;
    struct client *clients;
    struct list idle;
    struct wire_timer next, finish;
    struct samples whole, first, late;
};

struct client {
    struct load *load;
    struct wire_conn conn;
    struct wire_message in;
    struct list idle;
    uint64_t sent_us; /* for a fixed rate: when it was due, if no connection was free then */
    bool busy, at_line_start, had_event;
    uint64_t events;
};

/* ---- samples ---- */

static void sample(struct samples *s, uint64_t us)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : FIRST_SAMPLES;
        s->us = mem_realloc(s->us, s->cap * sizeof *s->us);
    }
    s->us[s->n++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void print_samples(const char *name, struct samples *s)
{
    static const struct {
        const char *name;
        unsigned per_mille;
    } rows[] = {{"p50", 500}, {"p90", 900}, {"p99", 990}, {"max", 1000}};

    printf(", \"%s\": {", name);
    qsort(s->us, s->n, sizeof *s->us, by_size);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t at = s->n > 0 ? (s->n - 1) * rows[i].per_mille / 1000 : 0;

        printf("%s\"%s\": %u", i > 0 ? ", " : "", rows[i].name, s->n > 0 ? s->us[at] : 0);
    }
    printf("}");
}

static void print_result(struct load *l)
{
    double seconds = (double)(l->last_us - l->start_us) / 1e6;

    printf("{\"requests\": %" PRIu64 ", \"errors\": %" PRIu64 ", \"events\": %" PRIu64
           ", \"reads\": %" PRIu64 ", \"body_bytes\": %" PRIu64 ", \"seconds\": %.3f",
           l->done, l->errors, l->events, l->reads, l->bytes, seconds);
    print_samples("latency_us", &l->whole);
    print_samples("first_us", &l->first);
    print_samples("late_us", &l->late);
    printf("}\n");
    fflush(stdout);
}

/* ---- requests ---- */

static void open_client(struct client *c);

static void send_request(struct client *c, uint64_t due_us)
{
    struct load *l = c->load;

    c->busy = true;
    c->had_event = false;
    c->at_line_start = true;
    c->events = 0;
    c->sent_us = due_us;
    l->sent++;
    wire_send(&c->conn, l->request);
}

static bool over(const struct load *l)
{
    return l->wire->now_us >= l->end_us || (l->limit > 0 && l->sent >= l->limit);
}

static uint64_t due_of(const struct load *l)
{
    return l->start_us + l->sent * 1000000 / l->rate;
}

static void end_if_done(struct load *l)
{
    if (over(l) && l->done + l->errors >= l->sent)
        l->wire->stop = true;
}

/* Requests whose time has come, as far as there are free connections. */
static void send_due(struct load *l)
{
    while (!over(l) && due_of(l) <= l->wire->now_us) {
        struct list *node = list_pop_front(&l->idle);

        if (!node)
            return; /* the next free one takes it */
        sample(&l->late, l->wire->now_us - due_of(l));
        send_request(list_entry(node, struct client, idle), l->wire->now_us);
    }
    if (!over(l))
        wire_timer_set(l->wire, &l->next, due_of(l));
}

static void on_next(struct wire_timer *t)
{
    send_due(container_of(t, struct load, next));
}

static void next_request(struct client *c)
{
    struct load *l = c->load;

    if (over(l))
        return;
    if (l->rate == 0) {
        send_request(c, l->wire->now_us);
    } else if (due_of(l) <= l->wire->now_us) {
        send_request(c, due_of(l)); /* it had to wait for a free connection: that counts */
        send_due(l);
    } else {
        list_push_back(&l->idle, &c->idle);
    }
}

static void close_client(struct client *c)
{
    list_remove(&c->idle);
    wire_close(&c->conn);
    wire_message_reset(&c->in);
    c->busy = false;
}

static void failed(struct client *c, const char *why)
{
    struct load *l = c->load;

    if (l->errors++ < ERRORS_SHOWN)
        fprintf(stderr, "load: %s\n", why);
    if (l->errors > ERRORS_MAX) {
        fprintf(stderr, "load: too many errors\n");
        exit(EXIT_FAILURE);
    }
    close_client(c);
    if (!over(l))
        open_client(c);
    end_if_done(l);
}

/* ---- answers ---- */

/* Counts the lines that begin with "data:", however they are cut. */
static void count_events(struct client *c, struct str data)
{
    while (data.n > 0) {
        const char *end = memchr(data.p, '\n', data.n);

        if (c->at_line_start && data.p[0] == 'd')
            c->events++;
        c->at_line_start = end != NULL;
        data = str_skip(data, end ? (size_t)(end - data.p) + 1 : data.n);
    }
}

static void on_data(struct client *c, struct str data)
{
    struct load *l = c->load;

    l->bytes += data.n;
    l->reads++;
    if (c->in.head.status != 200) {
        if (l->errors < ERRORS_SHOWN)
            fprintf(stderr, "load: %d %.*s\n", c->in.head.status,
                    STR_ARG(str_sub(data, 0, ERROR_BYTES)));
        return;
    }
    if (l->stream)
        count_events(c, data);
    if (!c->had_event && (c->events > 0 || !l->stream)) {
        c->had_event = true;
        sample(&l->first, l->wire->now_us - c->sent_us);
        if (l->hold) {
            if (++l->held == l->connection_n) {
                printf("holding\n");
                fflush(stdout);
            }
            if (l->opened < l->connection_n)
                open_client(&l->clients[l->opened++]);
        }
    }
}

static void on_end(struct client *c)
{
    struct load *l = c->load;
    bool whole = c->had_event && c->in.head.status == 200;

    if (!whole || l->hold) {
        failed(c, "an answer was not complete or not 200");
        return;
    }
    l->done++;
    l->events += c->events;
    l->last_us = l->wire->now_us;
    sample(&l->whole, l->wire->now_us - c->sent_us);
    c->busy = false;
    if (!c->in.head.keep_alive) {
        close_client(c);
        if (!over(l))
            open_client(c);
    } else {
        next_request(c);
    }
    end_if_done(l);
}

static void on_read(struct wire_conn *conn, struct str bytes)
{
    struct client *c = container_of(conn, struct client, conn);
    struct str data;

    for (;;) {
        switch (wire_message_next(&c->in, &bytes, &data)) {
        case WIRE_MORE:
            return;
        case WIRE_HEAD:
            break;
        case WIRE_DATA:
            on_data(c, data);
            break;
        case WIRE_END:
            on_end(c);
            if (!c->conn.wire)
                return;
            break;
        case WIRE_BAD:
            failed(c, "an answer was not HTTP");
            return;
        }
    }
}

static void on_gone(struct wire_conn *conn)
{
    struct client *c = container_of(conn, struct client, conn);

    if (c->busy) {
        failed(c, "a connection ended in the middle of an answer");
        return;
    }
    close_client(c);
    if (!over(c->load))
        open_client(c);
}

static const struct wire_handler handler = {.on_read = on_read, .on_gone = on_gone};

static void open_client(struct client *c)
{
    wire_connect(c->load->wire, &c->conn, c->load->port, &handler);
    next_request(c);
}

/* ---- the program ---- */

enum {
    FLAG_PORT,
    FLAG_PATH,
    FLAG_TOKEN,
    FLAG_MODEL,
    FLAG_STREAM,
    FLAG_BODY,
    FLAG_CONNECTIONS,
    FLAG_SECONDS,
    FLAG_REQUESTS,
    FLAG_RATE,
    FLAG_HOLD,
    FLAG_COUNT
};

static const struct conf_row flag_rows[FLAG_COUNT] = {
    [FLAG_PORT] = {.flag = "port", .kind = CONF_INT, .fallback = "8999", .min = 1, .max = 65535},
    [FLAG_PATH] = {.flag = "path", .kind = CONF_TEXT, .fallback = "/v1/chat/completions"},
    [FLAG_TOKEN] = {.flag = "token", .kind = CONF_TEXT, .fallback = "sk-bench"},
    [FLAG_MODEL] = {.flag = "model", .kind = CONF_TEXT, .fallback = "gpt-4o-mini"},
    [FLAG_STREAM] = {.flag = "stream", .kind = CONF_BOOL, .fallback = "false"},
    [FLAG_BODY] = {.flag = "body", .kind = CONF_INT, .fallback = "1024", .max = 64 << 20},
    [FLAG_CONNECTIONS] =
        {.flag = "connections", .kind = CONF_INT, .fallback = "64", .min = 1, .max = 60000},
    [FLAG_SECONDS] = {.flag = "seconds", .kind = CONF_INT, .fallback = "5", .min = 1, .max = 3600},
    [FLAG_REQUESTS] = {.flag = "requests", .kind = CONF_INT, .fallback = "0", .max = INT64_MAX},
    [FLAG_RATE] = {.flag = "rate", .kind = CONF_INT, .fallback = "0", .max = 1000000},
    [FLAG_HOLD] = {.flag = "hold", .kind = CONF_BOOL, .fallback = "false"},
};

/* What an official SDK sends, with messages of prose up to the size that is asked for. */
static void build_request(struct sb *out, const struct conf_value *flags)
{
    static const struct str prose =
        STR_INIT("The queue is drained by a worker that must never lose an entry, even if the "
                 "process is killed between the write and the acknowledgement.\\n");
    struct sb body;
    size_t size = (size_t)flags[FLAG_BODY].i;
    const bool stream = flags[FLAG_STREAM].b || flags[FLAG_HOLD].b;

    sb_init(&body, SIZE_MAX / 2);
    sb_fmt(&body,
           "{\"model\":\"%.*s\",\"temperature\":0.7,\"max_tokens\":256,%s\"messages\":["
           "{\"role\":\"system\",\"content\":\"You review changes to a payment service.\"},"
           "{\"role\":\"user\",\"content\":\"",
           STR_ARG(flags[FLAG_MODEL].text), stream ? "\"stream\":true," : "");
    while (body.n + prose.n + 4 <= size)
        sb_add(&body, prose);
    while (body.n + 4 < size)
        sb_add_char(&body, '.');
    sb_add(&body, STR("\"}]}"));
    sb_fmt(out,
           "POST %.*s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %.*s\r\n"
           "Content-Type: application/json\r\nAccept: application/json\r\n"
           "User-Agent: OpenAI/JS 4.104.0\r\nX-Stainless-Lang: js\r\n"
           "X-Stainless-Retry-Count: 0\r\nContent-Length: %zu\r\n\r\n",
           STR_ARG(flags[FLAG_PATH].text), (int)flags[FLAG_PORT].i, STR_ARG(flags[FLAG_TOKEN].text),
           body.n);
    sb_add(out, sb_str(&body));
    sb_fini(&body);
}

/* The time is over: what is on its way may still end, for a bounded time. */
static void on_finish(struct wire_timer *t)
{
    struct load *l = container_of(t, struct load, finish);

    end_if_done(l);
    if (l->hold || l->wire->now_us >= l->end_us + FINISH_US) {
        l->errors += l->hold ? 0 : l->sent - l->done - l->errors;
        l->wire->stop = true;
    }
    if (!l->wire->stop)
        wire_timer_set(l->wire, t, l->end_us + FINISH_US);
}

static void start(struct load *l)
{
    size_t at_once = l->hold ? OPENING_AT_ONCE : l->connection_n;

    l->wire->now_us = l->start_us = l->last_us = clock_mono_us();
    l->end_us += l->start_us;
    for (size_t i = 0; i < l->connection_n; i++) {
        l->clients[i].load = l;
        wire_message_init(&l->clients[i].in, true);
    }
    while (l->opened < l->connection_n && l->opened < at_once)
        open_client(&l->clients[l->opened++]);
    l->next.fn = on_next;
    l->finish.fn = on_finish;
    if (l->rate > 0)
        send_due(l);
    wire_timer_set(l->wire, &l->finish, l->end_us);
}

static struct load *load_new(const struct conf_value *flags, struct sb *request)
{
    struct load *l = mem_new(struct load);

    build_request(request, flags);
    l->request = sb_str(request);
    l->port = (uint16_t)flags[FLAG_PORT].i;
    l->hold = flags[FLAG_HOLD].b;
    l->stream = flags[FLAG_STREAM].b || l->hold;
    l->rate = (uint64_t)flags[FLAG_RATE].i;
    l->limit = (uint64_t)flags[FLAG_REQUESTS].i;
    l->end_us = (uint64_t)flags[FLAG_SECONDS].i * 1000000;
    l->connection_n = (size_t)flags[FLAG_CONNECTIONS].i;
    l->clients = mem_zalloc(l->connection_n * sizeof *l->clients);
    list_init(&l->idle);
    l->wire = wire_new(l);
    return l;
}

static void load_free(struct load *l)
{
    for (size_t i = 0; i < l->connection_n; i++) {
        wire_close(&l->clients[i].conn);
        wire_message_fini(&l->clients[i].in);
    }
    wire_free(l->wire);
    mem_free(l->clients);
    mem_free(l->whole.us);
    mem_free(l->first.us);
    mem_free(l->late.us);
    mem_free(l);
}

int main(int argc, char **argv)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(sb_finip) struct sb request;
    struct conf_value flags[FLAG_COUNT];
    struct err err = {0};
    struct load *l;
    bool bad;

    arena_init(&a, 0);
    sb_init(&request, SIZE_MAX / 2);
    signal(SIGPIPE, SIG_IGN);
    if (conf_read(&a, flag_rows, FLAG_COUNT, argc, argv, environ, flags, &err) != ERR_OK) {
        fprintf(stderr, "load: %s\n", err.msg);
        return 2;
    }
    l = load_new(flags, &request);
    start(l);
    wire_run(l->wire);
    print_result(l);
    bad = l->errors > 0;
    load_free(l);
    return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

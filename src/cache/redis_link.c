/*
 * An attempt goes through the addresses in their order. Without Sentinels each is a server: dial,
 * hello, up. With them each is a Sentinel, which is asked for the master; then the master is
 * dialled. What fails leads to the next address, and after the last one to a pause.
 *
 * The first attempt after a connection that was up for a while comes at once: a server that ends
 * idle connections, or was restarted, costs no pause. The pauses are random in their upper half, so
 * that many clients do not come back in step.
 */
#include "cache/redis_link.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/random.h"
#include "cache/redis_dial.h"
#include "cache/redis_hello.h"

enum { STEADY_MS = 1000, HELLO_BYTES_MAX = 65536, SERVER_TEXT_MAX = REDIS_HOST_MAX + 8 };

struct redis_link {
    struct redis_settings conf;
    const struct redis_link_handler *handler;
    void *ctx;
    struct redis_dial *dial;
    struct sock *sock;
    struct redis_reader *reader;
    struct redis_hello hello;
    struct str host; /* that is dialled */
    uint16_t port;
    bool up, asking; /* asking: a Sentinel is at the other end */
    size_t tried;    /* addresses of this attempt */
    size_t first;    /* the Sentinel to begin with: the one that answered last */
    unsigned failures;
    uint64_t up_ms, read_ms;
    struct loop_timer late, again;
    struct loop_task down;
    struct err err; /* for on_down */
    char master[REDIS_HOST_MAX];
    char server[SERVER_TEXT_MAX];
};

struct redis_settings redis_settings_fill(const struct redis_settings *given)
{
    struct redis_settings s = *given;

    s.clock = s.clock ? s.clock : clock_system();
    s.connect_ms = s.connect_ms ? s.connect_ms : 3000;
    s.call_ms = s.call_ms ? s.call_ms : 1000;
    s.ping_ms = s.ping_ms ? s.ping_ms : 5000;
    s.retry_first_ms = s.retry_first_ms ? s.retry_first_ms : 50;
    s.retry_max_ms = s.retry_max_ms ? s.retry_max_ms : 5000;
    s.calls_max = s.calls_max ? s.calls_max : 10000;
    s.bytes_max = s.bytes_max ? s.bytes_max : (size_t)8 * 1024 * 1024;
    return s;
}

static bool has_sentinels(const struct redis_link *l)
{
    return l->conf.server->master_name.n > 0;
}

/* The Sentinel or server that this attempt is at. */
static const struct redis_address *address_of(const struct redis_link *l)
{
    const struct redis_conf *server = l->conf.server;
    size_t first = has_sentinels(l) ? l->first : 0;

    return &server->addresses[(first + l->tried) % server->count];
}

static void hang_up(struct redis_link *l)
{
    redis_dial_cancel(l->dial);
    l->dial = NULL;
    if (l->sock)
        sock_close(l->sock);
    l->sock = NULL;
    l->up = false;
    loop_timer_stop(&l->late);
}

/* --- the pause ------------------------------------------------------------------------------- */

static void begin_attempt(struct redis_link *l);

static void on_again(struct loop_timer *timer)
{
    begin_attempt(container_of(timer, struct redis_link, again));
}

static uint64_t pause_ms(const struct redis_link *l)
{
    unsigned doublings = l->failures - 1 < 16 ? l->failures - 1 : 16;
    uint64_t pause = l->conf.retry_first_ms << doublings;

    if (pause > l->conf.retry_max_ms)
        pause = l->conf.retry_max_ms;
    return pause / 2 + random_below(pause / 2 + 1);
}

static void on_down_task(struct loop_task *task)
{
    struct redis_link *l = container_of(task, struct redis_link, down);
    struct err err = l->err;
    bool soon = l->failures == 0;

    loop_timer_set(l->conf.loop, &l->again, soon ? 0 : pause_ms(l), on_again);
    l->handler->on_down(l->ctx, &err, soon);
}

/* The connection or the attempt is over. */
static void go_down(struct redis_link *l)
{
    bool was_up = l->up, steady = was_up && loop_now_ms(l->conf.loop) - l->up_ms >= STEADY_MS;

    hang_up(l);
    if (steady)
        l->failures = 0;
    else if (!was_up || l->failures > 0)
        l->failures++;
    else
        l->failures = 1;
    loop_defer(l->conf.loop, &l->down);
}

/* --- one address ----------------------------------------------------------------------------- */

static void dial(struct redis_link *l, struct str host, uint16_t port);

static void try_address(struct redis_link *l)
{
    const struct redis_address *at = address_of(l);

    l->asking = has_sentinels(l);
    dial(l, at->host, at->port);
}

/* This address is no good, for the reason in l->err. */
static void next_address(struct redis_link *l)
{
    hang_up(l);
    err_wrap(&l->err, "%s", l->server);
    if (++l->tried < l->conf.server->count)
        try_address(l);
    else
        go_down(l);
}

static void on_late(struct loop_timer *timer)
{
    struct redis_link *l = container_of(timer, struct redis_link, late);

    err_set(&l->err, ERR_UNAVAILABLE, "no answer within %" PRIu64 " ms", l->conf.connect_ms);
    next_address(l);
}

static void on_dial_fail(void *ctx, const struct err *err)
{
    struct redis_link *l = ctx;

    l->dial = NULL;
    l->err = *err;
    l->err.code = ERR_UNAVAILABLE;
    next_address(l);
}

static void come_up(struct redis_link *l)
{
    loop_timer_stop(&l->late);
    l->up = true;
    l->up_ms = loop_now_ms(l->conf.loop);
    if (has_sentinels(l))
        l->first = (l->first + l->tried) % l->conf.server->count;
    l->handler->on_up(l->ctx);
}

static void dial_master(struct redis_link *l)
{
    memcpy(l->master, l->hello.host, sizeof l->master);
    hang_up(l);
    l->asking = false;
    dial(l, str_from(l->master), l->hello.port);
}

static void take_hello(struct redis_link *l, const struct redis_value *v)
{
    switch (redis_hello_reply(&l->hello, v, &l->err)) {
    case REDIS_HELLO_MORE:
        break;
    case REDIS_HELLO_FAIL:
        next_address(l);
        break;
    case REDIS_HELLO_DONE:
        if (l->asking)
            dial_master(l);
        else
            come_up(l);
        break;
    }
}

/* --- the connection -------------------------------------------------------------------------- */

static void end_connection(struct redis_link *l)
{
    if (!l->up) {
        next_address(l);
        return;
    }
    err_wrap(&l->err, "%s", l->server);
    go_down(l);
}

/* What the values lead to may end the connection: then the rest is nobody's. */
static void on_read(void *ctx, struct str bytes)
{
    struct redis_link *l = ctx;
    struct sock *sock = l->sock;
    const struct redis_value *v;
    enum redis_read got = REDIS_READ_MORE;

    l->read_ms = loop_now_ms(l->conf.loop);
    redis_reader_feed(l->reader, bytes);
    while (l->sock == sock && (got = redis_reader_next(l->reader, &v, &l->err)) == REDIS_READ_VALUE)
        if (l->up)
            l->handler->on_value(l->ctx, v);
        else
            take_hello(l, v);
    if (l->sock == sock && got == REDIS_READ_FAIL) {
        l->err.code = ERR_UNAVAILABLE;
        end_connection(l);
    }
}

static void on_close(void *ctx, const struct err *why)
{
    struct redis_link *l = ctx;

    if (why)
        err_set(&l->err, ERR_UNAVAILABLE, "%s", why->msg);
    else
        err_set(&l->err, ERR_UNAVAILABLE, "the server has closed the connection");
    end_connection(l);
}

static const struct sock_handler sock_table = {.on_read = on_read, .on_close = on_close};

static void say_hello(struct redis_link *l)
{
    const struct redis_conf *server = l->conf.server;
    CLEANUP(sb_finip) struct sb out;
    struct str bytes;

    sb_init(&out, HELLO_BYTES_MAX);
    if (l->asking)
        redis_hello_sentinel(&l->hello, &address_of(l)->login, server->master_name, &out);
    else
        redis_hello_server(&l->hello, has_sentinels(l) ? &server->login : &address_of(l)->login,
                           server->db, &out);
    bytes = sb_str(&out);
    sock_write(l->sock, &bytes, 1);
}

/* The reader is made anew here and not where a connection ends, because that may come while one of
 * its values is looked at. */
static void on_dial_ready(void *ctx, struct sock *s)
{
    struct redis_link *l = ctx;

    redis_reader_free(l->reader);
    l->reader = redis_reader_new();
    l->dial = NULL;
    l->sock = s;
    sock_set_handler(s, &sock_table, l);
    sock_read_start(s);
    say_hello(l);
}

static void dial(struct redis_link *l, struct str host, uint16_t port)
{
    struct redis_dial_conf conf = {.loop = l->conf.loop,
                                   .dns = l->conf.dns,
                                   .tls = l->conf.server->tls ? l->conf.tls : NULL,
                                   .host = host,
                                   .port = port,
                                   .timeout_ms = l->conf.connect_ms,
                                   .on_ready = on_dial_ready,
                                   .on_fail = on_dial_fail,
                                   .ctx = l};

    snprintf(l->server, sizeof l->server, "%.*s:%u", STR_ARG(host), port);
    loop_timer_set(l->conf.loop, &l->late, l->conf.connect_ms, on_late);
    l->dial = redis_dial_start(&conf);
}

static void begin_attempt(struct redis_link *l)
{
    l->tried = 0;
    try_address(l);
}

/* --- for the owner --------------------------------------------------------------------------- */

struct redis_link *redis_link_new(const struct redis_settings *settings,
                                  const struct redis_link_handler *handler, void *ctx)
{
    struct redis_link *l = mem_new(struct redis_link);

    l->conf = redis_settings_fill(settings);
    l->handler = handler;
    l->ctx = ctx;
    l->down.fn = on_down_task;
    l->reader = redis_reader_new();
    loop_timer_set(l->conf.loop, &l->again, 0, on_again);
    return l;
}

void redis_link_free(struct redis_link *l)
{
    if (!l)
        return;
    hang_up(l);
    loop_timer_stop(&l->again);
    loop_task_cancel(&l->down);
    redis_reader_free(l->reader);
    mem_free(l);
}

bool redis_link_up(const struct redis_link *l)
{
    return l->up;
}

void redis_link_write(struct redis_link *l, const struct str *slices, size_t n)
{
    if (l->up)
        sock_write_more(l->sock, slices, n);
}

size_t redis_link_queued(const struct redis_link *l)
{
    return l->sock ? sock_queued(l->sock) : 0;
}

uint64_t redis_link_read_ms(const struct redis_link *l)
{
    return l->read_ms;
}

const char *redis_link_server(const struct redis_link *l)
{
    return l->server;
}

void redis_link_drop(struct redis_link *l, const char *why)
{
    if (!l->up)
        return;
    err_set(&l->err, ERR_UNAVAILABLE, "%s: %s", l->server, why);
    go_down(l);
}

/*
 * redis_testing - for the tests of the client: scripted servers and a client on one loop.
 *
 * A server hands each command to its `serve`, which answers or leaves it to the usual answers of a
 * master without a password.
 */
#pragma once
#include <stdio.h>

#include "base/mem.h"
#include "base/patience.h"
#include "base/test.h"
#include "cache/redis.h"
#include "net/sock.h"

struct fake;

struct fake_peer { /* a server's side of one connection */
    struct fake *fake;
    struct sock *sock;
    struct redis_reader *reader; /* a command has the form of a reply */
    struct list link;
    unsigned number; /* of the connection, from 0 */
    struct loop_timer timer;
    struct str later; /* still to be sent, a byte at a time */
    bool *gone;       /* while it reads: set when the peer is freed */
};

struct fake {
    struct loop *loop;
    struct sock_listener *listener;
    uint16_t port;
    struct list peers;
    unsigned connections, commands;
    /* True: it was dealt with. */
    bool (*serve)(struct fake_peer *p, const struct redis_value *cmd);
    char seen[2048]; /* the commands of all connections, ';' after each */
};

static inline void fake_send(struct fake_peer *p, struct str s)
{
    sock_write(p->sock, &s, 1);
}

static inline void fake_send_bulk(struct fake_peer *p, struct str s)
{
    char head[32];
    int n = snprintf(head, sizeof head, "$%zu\r\n", s.n);
    const struct str all[3] = {str_make(head, (size_t)n), s, STR("\r\n")};

    sock_write(p->sock, all, 3);
}

static inline void fake_forget(struct fake_peer *p)
{
    loop_timer_stop(&p->timer);
    list_remove(&p->link);
    redis_reader_free(p->reader);
    if (p->gone)
        *p->gone = true;
    mem_free(p);
}

static inline void fake_drop(struct fake_peer *p)
{
    sock_close(p->sock);
    fake_forget(p);
}

/* Sends what is queued, then ends the connection. */
static inline void fake_finish(struct fake_peer *p)
{
    sock_close_flushed(p->sock, 1000);
    fake_forget(p);
}

static inline void fake_drop_all(struct fake *f)
{
    while (!list_empty(&f->peers))
        fake_drop(list_entry(f->peers.next, struct fake_peer, link));
}

static inline void on_next_byte(struct loop_timer *timer)
{
    struct fake_peer *p = container_of(timer, struct fake_peer, timer);

    fake_send(p, str_sub(p->later, 0, 1));
    p->later = str_skip(p->later, 1);
    if (p->later.n > 0)
        loop_timer_set(p->fake->loop, timer, 1, on_next_byte);
}

/* Sends a static text in pieces of one byte. */
static inline void fake_trickle(struct fake_peer *p, struct str s)
{
    p->later = s;
    loop_timer_set(p->fake->loop, &p->timer, 1, on_next_byte);
}

static inline bool cmd_is(const struct redis_value *cmd, const char *name)
{
    return cmd->count > 0 && str_eq_nocase(cmd->items[0].s, str_from(name));
}

static inline void fake_note(struct fake *f, const struct redis_value *cmd)
{
    size_t n = strlen(f->seen);

    for (size_t i = 0; i < cmd->count && n + cmd->items[i].s.n + 2 < sizeof f->seen; i++)
        n += (size_t)snprintf(f->seen + n, sizeof f->seen - n, "%s%.*s", i ? " " : "",
                              STR_ARG(cmd->items[i].s));
    snprintf(f->seen + n, sizeof f->seen - n, ";");
}

static inline void fake_usual(struct fake_peer *p, const struct redis_value *cmd)
{
    if (cmd_is(cmd, "ROLE"))
        fake_send(p, STR("*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"));
    else if (cmd_is(cmd, "PING"))
        fake_send(p, STR("+PONG\r\n"));
    else if (cmd_is(cmd, "ECHO"))
        fake_send_bulk(p, cmd->items[1].s);
    else
        fake_send(p, STR("+OK\r\n"));
}

static inline void fake_read(void *ctx, struct str bytes)
{
    struct fake_peer *p = ctx;
    struct fake *f = p->fake;
    const struct redis_value *cmd;
    bool gone = false;
    struct err err;

    p->gone = &gone;
    redis_reader_feed(p->reader, bytes);
    while (!gone && redis_reader_next(p->reader, &cmd, &err) == REDIS_READ_VALUE) {
        f->commands++;
        fake_note(f, cmd);
        if (!f->serve || !f->serve(p, cmd))
            fake_usual(p, cmd);
    }
    if (!gone)
        p->gone = NULL;
}

static inline void fake_closed(void *ctx, const struct err *err)
{
    (void)err;
    fake_drop(ctx);
}

static const struct sock_handler fake_handler = {.on_read = fake_read, .on_close = fake_closed};

static inline void fake_accept(void *ctx, struct sock *s)
{
    struct fake *f = ctx;
    struct fake_peer *p = mem_new(struct fake_peer);

    p->fake = f;
    p->sock = s;
    p->reader = redis_reader_new();
    p->number = f->connections++;
    list_push_back(&f->peers, &p->link);
    sock_set_handler(s, &fake_handler, p);
    sock_read_start(s);
}

/* `port` 0: any. */
static inline void fake_listen(struct fake *f, uint16_t port)
{
    struct err err;

    CHECK_EQ(sock_listen(f->loop, "127.0.0.1", port, fake_accept, f, &f->listener, &err), ERR_OK);
    f->port = sock_listener_port(f->listener);
}

static inline void fake_stop(struct fake *f)
{
    sock_listener_close(f->listener);
    f->listener = NULL;
    fake_drop_all(f);
}

/* --- the client's side ----------------------------------------------------------------------- */

enum { FAKES = 3 };

struct world {
    struct loop *loop;
    struct offload *offload;
    struct dns *dns;
    struct fake fakes[FAKES];
    struct arena arena;
    struct redis_conf conf;
    struct redis_settings settings;
    struct metrics *metrics;
    struct redis *redis;
    struct loop_timer guard, poll;
    bool (*until)(struct world *w); /* asked every few ms; true ends the loop */
    bool late;
    unsigned open; /* calls under way: the last one that ends stops the loop */
    void *user;
};

static inline void on_guard(struct loop_timer *timer)
{
    struct world *w = container_of(timer, struct world, guard);

    w->late = true;
    loop_stop(w->loop);
}

/* Servers on all ports; the client is made by world_client(). */
static inline void world_open(struct world *w)
{
    struct err err;

    memset(w, 0, sizeof *w);
    arena_init(&w->arena, 0);
    CHECK_EQ(loop_new(&w->loop, &err), ERR_OK);
    CHECK_EQ(offload_new(1, 16, &w->offload, &err), ERR_OK);
    w->dns = dns_new(w->loop, w->offload);
    w->metrics = metrics_new();
    for (size_t i = 0; i < FAKES; i++) {
        w->fakes[i].loop = w->loop;
        list_init(&w->fakes[i].peers);
        fake_listen(&w->fakes[i], 0);
    }
    loop_timer_set(w->loop, &w->guard, PATIENCE_MS, on_guard);
}

/* `format` is the conn string with %u for the ports of the servers in order. */
static inline void world_settings(struct world *w, const char *format, const char *master)
{
    struct str text;
    struct err err;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    text = arena_fmt(&w->arena, format, w->fakes[0].port, w->fakes[1].port, w->fakes[2].port);
#pragma GCC diagnostic pop
    CHECK_EQ(
        redis_conf_read(&w->arena, text, secret_make(STR_NULL), str_from(master), &w->conf, &err),
        ERR_OK);
    w->settings.loop = w->loop;
    w->settings.dns = w->dns;
    w->settings.server = &w->conf;
    w->settings.metrics = w->metrics;
    w->settings.connect_ms = w->settings.connect_ms ? w->settings.connect_ms : PATIENCE_MS;
    w->settings.call_ms = w->settings.call_ms ? w->settings.call_ms : PATIENCE_MS;
    w->settings.retry_first_ms = w->settings.retry_first_ms ? w->settings.retry_first_ms : 10;
    w->settings.retry_max_ms = w->settings.retry_max_ms ? w->settings.retry_max_ms : 40;
}

static inline void world_client(struct world *w, const char *format, const char *master)
{
    world_settings(w, format, master);
    w->redis = redis_new(&w->settings);
}

static inline void on_poll(struct loop_timer *timer)
{
    struct world *w = container_of(timer, struct world, poll);

    if (w->until(w))
        loop_stop(w->loop);
    else
        loop_timer_set(w->loop, timer, 1, on_poll);
}

/* The end of the loop is the end of the client, so a test has one run. */
static inline void world_run(struct world *w)
{
    if (w->until)
        loop_timer_set(w->loop, &w->poll, 1, on_poll);
    loop_run(w->loop);
    CHECK(!w->late);
}

static inline void world_close(struct world *w)
{
    for (size_t i = 0; i < FAKES; i++)
        fake_drop_all(&w->fakes[i]);
    redis_free(w->redis);
    offload_free(w->offload);
    dns_free(w->dns);
    loop_free(w->loop);
    metrics_free(w->metrics);
    arena_fini(&w->arena);
}

struct got { /* one call and what came of it */
    struct redis_call call;
    struct world *world;
    unsigned times;
    enum redis_kind kind;
    int64_t i;
    char text[256];
    struct err err; /* code ERR_OK: answered */
    void (*then)(struct got *g);
};

static inline void got_done(struct redis_call *call, const struct redis_value *reply,
                            const struct err *err)
{
    struct got *g = container_of(call, struct got, call);

    g->times++;
    g->err = (struct err){0};
    if (err) {
        g->err = *err;
    } else {
        g->kind = reply->kind;
        g->i = reply->i;
        snprintf(g->text, sizeof g->text, "%.*s", STR_ARG(reply->s));
    }
    g->world->open--;
    if (g->then)
        g->then(g);
    else if (g->world->open == 0 && !g->world->until)
        loop_stop(g->world->loop);
}

static inline void got_prepare(struct got *g, struct world *w)
{
    g->world = w;
    g->call.done = got_done;
    w->open++;
}

/* Starts a command of words that spaces separate. */
static inline void got_start(struct got *g, struct world *w, const char *words)
{
    struct str argv[8];
    size_t n = 0;

    STR_SPLIT_EACH (part, str_from(words), ' ')
        if (n < ARRAY_LEN(argv))
            argv[n++] = part;
    got_prepare(g, w);
    redis_call(w->redis, argv, n, &g->call);
}

static inline void check_text(const struct got *g, const char *want)
{
    CHECK_EQ(g->times, 1);
    if (g->err.code != ERR_OK)
        print_error("%s\n", g->err.msg);
    CHECK_EQ(g->err.code, ERR_OK);
    CHECK_STR(str_from(g->text), want);
}

static inline void check_fail(const struct got *g, enum err_code code, const char *part)
{
    CHECK_EQ(g->times, 1);
    CHECK_EQ(g->err.code, code);
    if (!str_has(str_from(g->err.msg), str_from(part)))
        print_error("\"%s\" has no \"%s\"\n", g->err.msg, part);
    CHECK(str_has(str_from(g->err.msg), str_from(part)));
}

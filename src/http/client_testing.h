/*
 * client_testing - for the tests of the client: a scripted server and a caller on one loop.
 *
 * A test fills `struct world`, starts calls, runs the loop, and looks at what each call got. The
 * server hands each whole request to world.serve, which answers as the test wants.
 */
#pragma once
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/patience.h"
#include "base/sb.h"
#include "base/test.h"
#include "http/client.h"
#include "net/sock.h"

struct world;

struct peer { /* the server's side of one connection */
    struct world *world;
    struct sock *sock;
    struct list link;
    struct sb in;
    struct loop_timer timer;
    struct str later; /* what on_later() sends */
    bool close_later;
    unsigned number;   /* of the connection, from 0 */
    unsigned requests; /* so far on this connection */
    struct str head, body;
    void *user;
    void (*drop)(struct peer *p); /* frees `user` when the peer goes; may be NULL */
};

struct got { /* the caller's side of one call */
    struct world *world;
    struct http_call *call;
    struct arena arena;
    int heads, ends, fails, status;
    bool reused;
    int64_t content_length;
    struct sb body;
    struct err err;
    char url[256];
    unsigned pieces;
    /* For tests that act inside of callbacks; NULL: nothing. */
    void (*on_head)(struct got *g);
    void (*on_piece)(struct got *g);
    void (*on_over)(struct got *g);
    void (*on_room)(struct got *g);
    struct loop_timer timer;
};

struct world {
    struct loop *loop;
    struct offload *offload;
    struct http_client *client;
    struct sock_listener *listener;
    struct list peers;
    /* A whole request is in p->head and p->body; false: the peer was freed. */
    bool (*serve)(struct peer *p);
    void (*accepted)(struct peer *p);           /* may be NULL */
    void (*raw)(struct peer *p, struct str in); /* instead of serve: bytes as they come */
    unsigned connections, requests, open_calls, closed_by_client;
    struct loop_timer guard;
    bool late;
    void *user; /* the test's own */
};

static inline void peer_send(struct peer *p, struct str s)
{
    sock_write(p->sock, &s, 1);
}

static inline void peer_forget(struct peer *p)
{
    if (p->drop)
        p->drop(p);
    loop_timer_stop(&p->timer);
    list_remove(&p->link);
    sb_fini(&p->in);
    mem_free(p);
}

static inline void peer_free(struct peer *p)
{
    sock_close(p->sock);
    peer_forget(p);
}

/* Sends what is queued, then ends the connection. */
static inline void peer_finish(struct peer *p)
{
    sock_close_flushed(p->sock, 1000);
    peer_forget(p);
}

static inline void on_later(struct loop_timer *t)
{
    struct peer *p = container_of(t, struct peer, timer);

    peer_send(p, p->later);
    if (p->close_later)
        peer_finish(p);
}

/* Sends the rest (a static text) a moment later, so that it comes in a read of its own. */
static inline void peer_send_later(struct peer *p, struct str s, uint64_t ms)
{
    p->later = s;
    loop_timer_set(p->world->loop, &p->timer, ms, on_later);
}

static inline int64_t request_length(struct str head)
{
    ptrdiff_t at = str_find_nocase(head, STR("\r\ncontent-length:"));
    struct str value;
    int64_t n = 0;

    if (at < 0)
        return 0;
    value = str_skip(head, (size_t)at + 17);
    if (!str_to_i64(str_trim(str_cut(&value, '\r')), &n))
        fail();
    return n;
}

static inline void peer_read(void *ctx, struct str bytes)
{
    struct peer *p = ctx;
    ptrdiff_t end;

    if (p->world->raw) {
        p->world->raw(p, bytes);
        return;
    }
    sb_add(&p->in, bytes);
    while ((end = str_find(sb_str(&p->in), STR("\r\n\r\n"))) >= 0) {
        struct str all = sb_str(&p->in);
        struct world *w = p->world;
        size_t head = (size_t)end + 4, body;

        p->head = str_sub(all, 0, head);
        body = (size_t)request_length(p->head);
        if (all.n < head + body)
            return;
        p->body = str_sub(all, head, body);
        p->requests++;
        w->requests++;
        if (!w->serve(p))
            return;
        sb_drop_front(&p->in, head + body);
    }
}

static inline void peer_closed(void *ctx, const struct err *err UNUSED)
{
    struct peer *p = ctx;

    p->world->closed_by_client++;
    peer_free(p);
}

static inline void on_accept(void *ctx, struct sock *s)
{
    static const struct sock_handler handler = {.on_read = peer_read, .on_close = peer_closed};
    struct world *w = ctx;
    struct peer *p = mem_new(struct peer);

    p->world = w;
    p->sock = s;
    p->number = w->connections++;
    sb_init(&p->in, 64 << 20);
    list_push_back(&w->peers, &p->link);
    sock_set_handler(s, &handler, p);
    sock_read_start(s);
    if (w->accepted)
        w->accepted(p);
}

static inline void on_guard(struct loop_timer *t)
{
    struct world *w = container_of(t, struct world, guard);

    w->late = true;
    loop_stop(w->loop);
}

static inline void world_open(struct world *w, bool (*serve)(struct peer *p),
                              const struct http_client_conf *conf)
{
    const struct http_client_conf none = {0};
    struct err err = {0};

    *w = (struct world){.serve = serve};
    list_init(&w->peers);
    assert_int_equal(loop_new(&w->loop, &err), ERR_OK);
    assert_int_equal(offload_new(1, 64, &w->offload, &err), ERR_OK);
    assert_int_equal(http_client_new(w->loop, w->offload, conf ? conf : &none, &w->client, &err),
                     ERR_OK);
    assert_int_equal(sock_listen(w->loop, "127.0.0.1", 0, on_accept, w, &w->listener, &err),
                     ERR_OK);
}

static inline void peers_free(struct world *w)
{
    LIST_FOR_EACH_SAFE (it, &w->peers)
        peer_free(list_entry(it, struct peer, link));
}

struct world_end {
    struct loop_ending ending;
    struct world *world;
};

static inline void on_world_end(struct loop_ending *e)
{
    peers_free(container_of(e, struct world_end, ending)->world);
}

/* Runs until every call is over (or loop_stop()), and checks that this comes. */
static inline void world_run(struct world *w)
{
    struct world_end end = {.ending.fn = on_world_end, .world = w};

    loop_on_end(w->loop, &end.ending);
    loop_timer_set(w->loop, &w->guard, PATIENCE_MS, on_guard);
    loop_run(w->loop);
    loop_timer_stop(&w->guard);
    assert_false(w->late);
}

static inline void world_close(struct world *w)
{
    http_client_free(w->client);
    offload_free(w->offload);
    loop_free(w->loop);
}

/* --- calls ---------------------------------------------------------------------------------- */

static inline void got_over(struct got *g)
{
    struct world *w = g->world;

    if (g->on_over)
        g->on_over(g);
    if (--w->open_calls == 0)
        loop_stop(w->loop);
}

static inline void got_head(void *ctx, const struct http_reply_head *head)
{
    struct got *g = ctx;

    g->heads++;
    g->status = head->status;
    g->content_length = head->content_length;
    g->reused = http_call_reused(g->call);
    if (g->on_head)
        g->on_head(g);
}

static inline void got_body(void *ctx, struct str bytes)
{
    struct got *g = ctx;

    g->pieces++;
    sb_add(&g->body, bytes);
    if (g->on_piece)
        g->on_piece(g);
}

static inline void got_end(void *ctx)
{
    struct got *g = ctx;

    g->ends++;
    got_over(g);
}

static inline void got_fail(void *ctx, const struct err *err)
{
    struct got *g = ctx;

    g->fails++;
    g->err = *err;
    assert_null(strstr(err->msg, "127.0.0.1"));
    got_over(g);
}

static inline void got_room(void *ctx)
{
    struct got *g = ctx;

    g->on_room(g);
}

static const struct http_call_handler got_handler = {.on_head = got_head,
                                                     .on_body = got_body,
                                                     .on_end = got_end,
                                                     .on_fail = got_fail,
                                                     .on_room = got_room};

static inline void got_init(struct got *g, struct world *w)
{
    memset(g, 0, sizeof *g);
    g->world = w;
    arena_init(&g->arena, 0);
    sb_init(&g->body, 64 << 20);
}

static inline void got_fini(struct got *g)
{
    sb_fini(&g->body);
    arena_fini(&g->arena);
}

/* A conf for `path` on the world's server. */
static inline struct http_call_conf conf_for(struct got *g, const char *path)
{
    struct http_call_conf conf = {.method = HTTP_M_GET, .connect_timeout_ms = PATIENCE_MS};

    snprintf(g->url, sizeof g->url, "http://127.0.0.1:%u%s", sock_listener_port(g->world->listener),
             path);
    assert_int_equal(http_url_read(str_from(g->url), &conf.url, NULL), ERR_OK);
    return conf;
}

static inline void got_start(struct got *g, const struct http_call_conf *conf)
{
    g->world->open_calls++;
    g->call = http_call_start(g->world->client, &g->arena, conf, &got_handler, g);
}

static inline void got_get(struct got *g, const char *path)
{
    struct http_call_conf conf = conf_for(g, path);

    got_start(g, &conf);
}

static inline void check_ok(const struct got *g, int status, const char *body)
{
    if (g->fails)
        print_error("failed: %s\n", g->err.msg);
    CHECK_EQ(g->fails, 0);
    CHECK_EQ(g->heads, 1);
    CHECK_EQ(g->ends, 1);
    CHECK_EQ(g->status, status);
    CHECK_STR(sb_str(&g->body), body);
}

static inline void check_failed(const struct got *g, enum err_code code, const char *text)
{
    CHECK_EQ(g->fails, 1);
    CHECK_EQ(g->ends, 0);
    if (g->err.code != code || !strstr(g->err.msg, text))
        print_error("got %s: %s\n", err_name(g->err.code), g->err.msg);
    CHECK_EQ(g->err.code, code);
    CHECK(strstr(g->err.msg, text) != NULL);
}

/*
 * A connection is a machine of four states: HEAD (between requests or in a head), BODY, EARLY (the
 * request belongs to its handler while its body comes), BUSY (it has come). conn_run() eats bytes
 * until there are none, or the state is BUSY, or too much of earlier replies waits to be sent; what
 * it leaves is kept in c->in, and reading goes on behind it only up to HTTP_PIPELINE_MAX, so that
 * the end of the connection is noticed while a handler works. An end of the client's side counts as
 * gone even if it has only shut down its writing half: nobody can tell the two apart, and a client
 * that has left must not cost tokens.
 *
 * A handler may reply inside its own call, so conn_reply_done() may run under conn_run(); then the
 * struct is freed when that returns.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "http/server_internal.h"

enum { BODY_PROGRESS_MIN = 512 }; /* bytes that count as progress: else one byte a time would do */

static void conn_free(struct http_conn *c)
{
    if (c->running) {
        c->dead = true;
        return;
    }
    if (c->sock)
        sock_close(c->sock);
    loop_timer_stop(&c->timer);
    loop_task_cancel(&c->go_on);
    mem_free(c->in);
    server_conn_recycle(c);
}

/* --- bytes that wait ------------------------------------------------------------------------- */

static void keep_more(struct http_conn *c, struct str bytes)
{
    size_t need = c->in_n + bytes.n;

    if (need > c->in_cap) {
        size_t cap = c->in_cap ? c->in_cap * 2 : 1024;

        if (cap < need)
            cap = need;
        c->in = mem_realloc(c->in, cap);
        c->in_cap = cap;
    }
    memcpy(c->in + c->in_n, bytes.p, bytes.n);
    c->in_n = need;
}

static void drop_kept(struct http_conn *c)
{
    mem_free(c->in);
    c->in = NULL;
    c->in_n = c->in_cap = 0;
}

/* `left` is the end of what is kept. */
static void keep_end(struct http_conn *c, struct str left)
{
    if (left.n == 0) {
        drop_kept(c);
    } else if (left.n < c->in_n) {
        memmove(c->in, left.p, left.n);
        c->in_n = left.n;
    }
}

/* --- eating bytes ---------------------------------------------------------------------------- */

static void on_timer(struct loop_timer *timer);

static void set_timer(struct http_conn *c, uint64_t ms)
{
    loop_timer_set(c->server->loop, &c->timer, ms, on_timer);
}

static bool step_head(struct http_conn *c, struct str *in)
{
    const size_t limit = c->server->conf.header_limit;
    size_t end;

    if (c->started_us == 0)
        c->started_us = clock_mono_us();
    enum http1_found found = http1_head_end(*in, &c->scan, &end);
    if (found == HTTP1_HEAD_BAD) {
        request_refuse(c, 400, "malformed request head");
        return false;
    }
    if (found == HTTP1_HEAD_LONG || end > limit || (end == 0 && in->n >= limit)) {
        request_refuse(c, 431, "request head is too large");
        return false;
    }
    if (found == HTTP1_HEAD_PART) {
        if (!c->head_begun)
            set_timer(c, c->server->conf.header_timeout_ms);
        c->head_begun = true;
        return false;
    }
    struct str text = str_sub(*in, 0, end);
    *in = str_skip(*in, end);
    c->scan = (struct http1_scan){0};
    c->head_begun = false;
    request_begin(c, text, in->n > 0);
    return true;
}

static bool step_body(struct http_conn *c, struct str *in)
{
    enum http1_step step;
    struct str data;

    while ((step = http1_body_next(&c->body, in, &data)) == HTTP1_DATA) {
        c->body_progress += (uint32_t)data.n;
        if (!request_take_body(c->request, data))
            return false;
    }
    if (step == HTTP1_END)
        request_dispatch(c->request);
    else if (step == HTTP1_BAD)
        request_refuse(c, 400, "malformed chunked body");
    return step != HTTP1_BAD;
}

static bool reads_body(const struct http_conn *c)
{
    return c->state == CONN_BODY || c->state == CONN_EARLY;
}

static bool can_run(const struct http_conn *c)
{
    if (!c->sock || c->dead || c->state == CONN_BUSY)
        return false;
    return reads_body(c) || sock_queued(c->sock) <= HTTP_HIGH_WATER;
}

/* Eats from `in`; returns what is left. The connection may be gone after: c->dead. */
static struct str run(struct http_conn *c, struct str in)
{
    bool go = true;

    c->running = true;
    while (go && in.n > 0 && can_run(c))
        go = c->state == CONN_HEAD ? step_head(c, &in) : step_body(c, &in);
    c->running = false;
    return in;
}

static void watch_body(struct http_conn *c)
{
    if (c->body_timed && c->body_progress < BODY_PROGRESS_MIN)
        return;
    c->body_timed = true;
    c->body_progress = 0;
    set_timer(c, c->server->conf.body_timeout_ms);
}

/* After run(): true when the connection lives on. */
static bool settle(struct http_conn *c)
{
    if (c->dead) {
        c->dead = false;
        conn_free(c);
        return false;
    }
    if (c->sock && reads_body(c))
        watch_body(c);
    return true;
}

static void read_or_stop(struct http_conn *c)
{
    if (!c->sock)
        return;
    if (c->in_n >= HTTP_PIPELINE_MAX && !can_run(c))
        sock_read_stop(c->sock);
    else
        sock_read_start(c->sock);
}

static void run_kept(struct http_conn *c)
{
    struct str left = run(c, str_make(c->in, c->in_n));

    if (!settle(c))
        return;
    keep_end(c, left);
    read_or_stop(c);
}

static void on_read(void *ctx, struct str bytes)
{
    struct http_conn *c = ctx;

    if (c->in) {
        keep_more(c, bytes);
        run_kept(c);
        return;
    }
    struct str left = run(c, bytes);
    if (!settle(c))
        return;
    if (left.n > 0) {
        keep_more(c, left);
        read_or_stop(c);
    }
}

static void on_go_on(struct loop_task *task)
{
    struct http_conn *c = container_of(task, struct http_conn, go_on);

    if (c->in)
        run_kept(c);
    else
        read_or_stop(c);
}

/* --- time-outs, drain, the end --------------------------------------------------------------- */

void conn_watch_writing(struct http_conn *c)
{
    if (c->watching)
        return;
    c->watching = true;
    c->queued_seen = sock_queued(c->sock);
    set_timer(c, c->server->conf.body_timeout_ms);
}

/* True when the client has taken bytes of a reply since the last look; the timer then runs again.
 */
static bool writing_goes_on(struct http_conn *c, uint64_t ms)
{
    size_t queued = sock_queued(c->sock);

    if (queued == 0 || queued >= c->queued_seen)
        return false;
    c->queued_seen = queued;
    set_timer(c, ms);
    return true;
}

static void on_timer(struct loop_timer *timer)
{
    struct http_conn *c = container_of(timer, struct http_conn, timer);
    const struct http_server_conf *conf = &c->server->conf;

    if (!c->sock)
        return;
    switch ((enum conn_state)c->state) {
    case CONN_HEAD:
        if (c->head_begun)
            request_refuse(c, 408, "request head took too long");
        else if (!writing_goes_on(c, conf->idle_timeout_ms))
            conn_cut(c);
        break;
    case CONN_BODY:
    case CONN_EARLY:
        request_refuse(c, 408, "request body took too long");
        break;
    case CONN_BUSY: /* without watching it is a timer of an earlier state */
        if (c->watching && !writing_goes_on(c, conf->body_timeout_ms))
            conn_cut(c);
        break;
    }
}

static void on_drain(void *ctx)
{
    struct http_conn *c = ctx;
    struct request *r = c->request;

    c->watching = false;
    if (c->state == CONN_BUSY && r->blocked) {
        r->blocked = false;
        if (r->pub.on_drain)
            r->pub.on_drain(&r->pub);
    } else if (c->state == CONN_HEAD && c->in) {
        run_kept(c);
    }
}

void conn_cut(struct http_conn *c)
{
    struct request *r = c->request;

    if (c->sock)
        sock_close(c->sock);
    c->sock = NULL;
    if (c->state == CONN_HEAD || c->state == CONN_BODY) {
        c->request = NULL;
        if (r)
            server_request_recycle(r);
        conn_free(c);
        return;
    }
    void (*on_gone)(struct http_req *) = r->pub.on_gone;
    c->state = CONN_BUSY; /* no more of a body comes */
    r->pub.on_gone = NULL;
    r->pub.on_drain = NULL;
    if (on_gone)
        on_gone(&r->pub);
}

static void on_close(void *ctx, const struct err *err)
{
    struct http_conn *c = ctx;

    if (!err && c->state == CONN_HEAD && sock_queued(c->sock) > 0) {
        sock_close_flushed(c->sock, HTTP_FLUSH_MS); /* its replies are complete and on their way */
        c->sock = NULL;
    }
    conn_cut(c);
}

/* The last reply is written: sends what waits, and keeps a client that is still sending from a
 * reset that would take the reply away from it. */
static void close_after_reply(struct http_conn *c, bool unread)
{
    if (sock_queued(c->sock) > 0)
        sock_close_flushed(c->sock, HTTP_FLUSH_MS);
    else if (unread || c->in_n > 0)
        sock_close_flushed(c->sock, HTTP_LINGER_MS);
    else
        sock_close(c->sock);
    c->sock = NULL;
}

void conn_reply_done(struct http_conn *c, bool complete)
{
    struct request *r = c->request;
    bool keep = complete && r->keep_alive && c->sock && !c->server->closing;
    bool unread = r->unread;

    c->request = NULL;
    c->state = CONN_HEAD;
    c->started_us = 0;
    c->head_begun = c->body_timed = c->watching = false;
    server_request_recycle(r);
    if (!keep) {
        if (c->sock)
            close_after_reply(c, unread);
        conn_free(c);
        return;
    }
    c->queued_seen = sock_queued(c->sock);
    set_timer(c, c->server->conf.idle_timeout_ms);
    if (c->in && !c->running)
        loop_defer(c->server->loop, &c->go_on);
}

void conn_accept(void *server, struct sock *s)
{
    static const struct sock_handler handler = {
        .on_read = on_read, .on_drain = on_drain, .on_close = on_close};
    struct http_server *server_ = server;
    struct http_conn *c = server_conn_new(server_);
    struct str ip = sock_peer_ip(s);

    c->sock = s;
    c->go_on.fn = on_go_on;
    memcpy(c->peer_ip, ip.p, ip.n);
    sock_set_handler(s, &handler, c);
    set_timer(c, server_->conf.idle_timeout_ms);
    sock_read_start(s);
}

/*
 * The owner may end a wsock from inside any callback, so one that is over while consume() is on the
 * stack (`busy`) is released by that. Frames go through the sock's cork: a head and a short payload
 * are one system call, as are several messages of one turn.
 */
#include "http/wsock.h"

#include "base/mem.h"
#include "http/server_internal.h"
#include "net/sock.h"

enum { KEPT_MAX = 1 << 20, FLUSH_MS = 10000 };

struct wsock {
    struct sock *sock; /* NULL: over */
    struct websocket *frames;
    const struct wsock_handler *handler;
    void *ctx;
    struct sb kept;            /* bytes that came before or during a pause */
    struct loop_task going_on; /* reads them */
    struct loop_timer alive, stall;
    uint64_t alive_ms, stall_ms;
    uint64_t taken_seen; /* bytes that the kernel had taken at the last look of `stall` */
    bool paused, blocked, busy;
    bool heard, asked; /* since the last look of `alive`: something came; a ping is out */
};

/* --- the end -----------------------------------------------------------------------------------
 */

static void release(struct wsock *ws)
{
    websocket_free(ws->frames);
    sb_fini(&ws->kept);
    mem_free(ws);
}

/* No callback comes any more; the sock is the caller's. */
static struct sock *detach(struct wsock *ws)
{
    struct sock *s = ws->sock;

    ws->sock = NULL;
    loop_task_cancel(&ws->going_on);
    loop_timer_stop(&ws->alive);
    loop_timer_stop(&ws->stall);
    return s;
}

/* The peer has ended it. Only with `busy` set: the owner's last word comes from here. */
static void tell_end(struct wsock *ws, int code, struct str reason)
{
    assert(ws->busy && !ws->sock);
    ws->handler->on_close(ws->ctx, code, reason);
}

void wsock_close(struct wsock *ws, int code, struct str reason)
{
    if (!ws || !ws->sock)
        return;
    websocket_close(ws->frames, code, reason);
    sock_close_flushed(detach(ws), FLUSH_MS);
    if (!ws->busy)
        release(ws);
}

void wsock_cut(struct wsock *ws)
{
    if (!ws || !ws->sock)
        return;
    sock_close(detach(ws));
    if (!ws->busy)
        release(ws);
}

/* The connection is of no use any more. */
static void broke(struct wsock *ws, const char *why)
{
    ws->busy = true;
    sock_close(detach(ws));
    tell_end(ws, WEBSOCKET_ABNORMAL, str_from(why));
    release(ws);
}

/* --- is the peer there? ------------------------------------------------------------------------
 */

static void on_alive(struct loop_timer *timer)
{
    struct wsock *ws = container_of(timer, struct wsock, alive);

    if (!ws->heard && ws->asked && !ws->paused) {
        broke(ws, "the peer has fallen silent");
        return;
    }
    ws->asked = !ws->heard && !ws->paused; /* what a paused peer answers is not seen */
    ws->heard = false;
    if (ws->asked)
        websocket_send(ws->frames, WEBSOCKET_PING, STR_NULL);
    loop_timer_set(sock_loop(ws->sock), &ws->alive, ws->alive_ms, on_alive);
}

static void on_stall(struct loop_timer *timer);

static void watch_writing(struct wsock *ws)
{
    if (list_linked(&ws->stall.link) || sock_queued(ws->sock) == 0)
        return;
    ws->taken_seen = sock_taken(ws->sock);
    loop_timer_set(sock_loop(ws->sock), &ws->stall, ws->stall_ms, on_stall);
}

static void on_stall(struct loop_timer *timer)
{
    struct wsock *ws = container_of(timer, struct wsock, stall);

    if (sock_queued(ws->sock) > 0 && sock_taken(ws->sock) == ws->taken_seen)
        broke(ws, "the peer takes nothing");
    else
        watch_writing(ws);
}

static void on_frame(void *ctx, struct str bytes)
{
    struct wsock *ws = ctx;

    sock_write_more(ws->sock, &bytes, 1);
}

/* --- what comes --------------------------------------------------------------------------------
 */

/* The peer's close frame is answered in kind, and its connection ended. */
static void on_peer_close(struct wsock *ws, const struct websocket_event *ev)
{
    websocket_close(ws->frames, ev->code, STR_NULL);
    sock_close_flushed(detach(ws), FLUSH_MS);
    tell_end(ws, ev->code, ev->data);
}

static void on_violation(struct wsock *ws, const struct websocket_event *ev)
{
    websocket_close(ws->frames, ev->code, ev->data);
    sock_close_flushed(detach(ws), FLUSH_MS);
    tell_end(ws, WEBSOCKET_ABNORMAL, ev->data);
}

static void on_event(struct wsock *ws, const struct websocket_event *ev)
{
    switch (ev->kind) {
    case WEBSOCKET_TEXT:
    case WEBSOCKET_BINARY:
        ws->handler->on_message(ws->ctx, ev->data, ev->kind == WEBSOCKET_BINARY);
        break;
    case WEBSOCKET_PING: /* of one that takes nothing, no answer is wanted */
        if (sock_queued(ws->sock) <= WSOCK_HIGH_WATER)
            websocket_send(ws->frames, WEBSOCKET_PONG, ev->data);
        break;
    case WEBSOCKET_PONG:
        break;
    case WEBSOCKET_CLOSE:
        on_peer_close(ws, ev);
        break;
    }
}

static void consume(struct wsock *ws, struct str bytes)
{
    enum websocket_result rc = WEBSOCKET_EVENT;
    struct websocket_event ev;

    ws->busy = true;
    while (ws->sock && !ws->paused &&
           (rc = websocket_next(ws->frames, &bytes, &ev)) == WEBSOCKET_EVENT)
        on_event(ws, &ev);
    if (ws->sock && rc == WEBSOCKET_BAD)
        on_violation(ws, &ev);
    ws->busy = false;
    if (!ws->sock)
        release(ws);
    else if (bytes.n > 0)
        sb_add(&ws->kept, bytes);
}

static void on_read(void *ctx, struct str bytes)
{
    struct wsock *ws = ctx;

    ws->heard = true;
    if (ws->paused || list_linked(&ws->going_on.link))
        sb_add(&ws->kept, bytes);
    else
        consume(ws, bytes);
}

static void on_drain(void *ctx)
{
    struct wsock *ws = ctx;

    loop_timer_stop(&ws->stall);
    if (!ws->blocked)
        return;
    ws->blocked = false;
    if (ws->handler->on_drain)
        ws->handler->on_drain(ws->ctx);
}

static void on_close(void *ctx, const struct err *err)
{
    broke(ctx, err ? "the connection broke" : "the connection ended without a close frame");
}

static void on_going_on(struct loop_task *task)
{
    struct wsock *ws = container_of(task, struct wsock, going_on);
    struct sb kept = ws->kept;

    sb_init(&ws->kept, KEPT_MAX);
    sock_read_start(ws->sock);
    consume(ws, sb_str(&kept)); /* also without kept bytes: the reader may hold some */
    sb_fini(&kept);
}

struct wsock *wsock_start(struct sock *s, enum websocket_role role, struct str early,
                          const struct wsock_handler *h, void *ctx)
{
    static const struct sock_handler handler = {
        .on_read = on_read, .on_drain = on_drain, .on_close = on_close};
    struct wsock *ws = mem_new(struct wsock);

    ws->sock = s;
    sb_init(&ws->kept, KEPT_MAX);
    sb_add(&ws->kept, early);
    ws->going_on.fn = on_going_on;
    ws->frames = websocket_new(role, 0, on_frame, ws);
    wsock_set_handler(ws, h, ctx);
    sock_set_handler(s, &handler, ws);
    loop_defer(sock_loop(s), &ws->going_on);
    wsock_set_patience(ws, WSOCK_ALIVE_MS, WSOCK_STALL_MS);
    return ws;
}

void wsock_set_patience(struct wsock *ws, uint64_t alive_ms, uint64_t stall_ms)
{
    ws->alive_ms = alive_ms;
    ws->stall_ms = stall_ms;
    loop_timer_set(sock_loop(ws->sock), &ws->alive, alive_ms, on_alive);
}

void wsock_set_handler(struct wsock *ws, const struct wsock_handler *h, void *ctx)
{
    ws->handler = h;
    ws->ctx = ctx;
}

/* --- what goes ---------------------------------------------------------------------------------
 */

bool wsock_send(struct wsock *ws, struct str data, bool binary)
{
    if (!ws->sock)
        return true;
    websocket_send(ws->frames, binary ? WEBSOCKET_BINARY : WEBSOCKET_TEXT, data);
    watch_writing(ws);
    if (sock_queued(ws->sock) <= WSOCK_HIGH_WATER)
        return true;
    ws->blocked = true;
    return false;
}

void wsock_pause(struct wsock *ws)
{
    if (!ws->sock)
        return;
    ws->paused = true;
    loop_task_cancel(&ws->going_on);
    sock_read_stop(ws->sock);
}

void wsock_resume(struct wsock *ws)
{
    if (!ws->sock || !ws->paused)
        return;
    ws->paused = false;
    loop_defer(sock_loop(ws->sock), &ws->going_on);
}

/* --- the server's side -------------------------------------------------------------------------
 */

static bool has_token(const struct http_req *r, struct str name, struct str token)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (!str_eq_nocase(r->headers[i].name, name))
            continue;
        STR_SPLIT_EACH (item, r->headers[i].value, ',') {
            if (str_eq_nocase(str_trim(item), token))
                return true;
        }
    }
    return false;
}

bool wsock_wanted(const struct http_req *r, const char **why)
{
    struct arena scratch;
    bool key_ok;

    *why = "not a WebSocket handshake";
    if (r->method != HTTP_M_GET || !has_token(r, STR("connection"), STR("upgrade")) ||
        !has_token(r, STR("upgrade"), STR("websocket")))
        return false;
    *why = "only version 13 of WebSocket is known";
    if (!str_eq(http_req_header(r, STR("sec-websocket-version")), STR("13")))
        return false;
    *why = "Sec-WebSocket-Key is not 16 bytes in base64";
    arena_init(&scratch, 0);
    key_ok = websocket_key_ok(&scratch, http_req_header(r, STR("sec-websocket-key")));
    arena_fini(&scratch);
    return key_ok;
}

struct wsock *wsock_accept(struct http_req *r, struct str protocol, const struct wsock_handler *h,
                           void *ctx)
{
    struct http_header headers[3] = {{STR("Upgrade"), STR("websocket")}};
    size_t n = 1;
    struct sock *s;

    headers[n++] = (struct http_header){
        STR("Sec-WebSocket-Accept"),
        websocket_accept(&r->arena, http_req_header(r, STR("sec-websocket-key")))};
    if (protocol.n > 0)
        headers[n++] = (struct http_header){STR("Sec-WebSocket-Protocol"), protocol};
    s = reply_switch_protocols(r, headers, n);
    return s ? wsock_start(s, WEBSOCKET_SERVER, STR_NULL, h, ctx) : NULL;
}

/*
 * A call goes through four states: it waits for a connection (DIAL), for the head of the reply
 * (HEAD), for its body (BODY), and is OVER, on which every path ends once.
 *
 * The owner may cancel from inside any callback, so a call that is over while one of its functions
 * is on the stack (`busy`) is released by the outermost of them.
 */
#include "http/client.h"

#include "base/mem.h"
#include "base/random.h"
#include "base/sb.h"
#include "base/text.h"
#include "codec/http1.h"
#include "http/client_head.h"
#include "http/client_pool.h"
#include "http/dial.h"
#include "http/proxy.h"
#include "http/wsock.h"

enum {
    REQUEST_HEAD_MAX = 256 << 10,
    SCRATCH_KEEP = 16 << 10,
    INTERIM_MAX = 16, /* 1xx replies before the real one */
    SPARE_CALLS_MAX = 256,
    SLICES_ON_STACK = 32,
    KEY_MAX = 1024,
};

struct http_client {
    struct loop *loop;
    struct dns *dns;
    struct tls_ctx *tls;
    struct client_pool pool;
    struct loop_ending ending;
    struct list calls;
    struct list spare; /* finished calls' structs */
    size_t spare_count;
    struct sb scratch; /* a request's head while it is written */
};

struct http_call {
    struct list link;
    struct http_client *client;
    struct arena *arena;
    struct http_call_conf conf;
    const struct http_call_handler *handler;
    void *ctx;
    struct http_proxy proxy;
    struct client_origin *origin;
    struct dial *dial;
    struct client_conn *conn;
    struct loop_timer phase_timer, total_timer;
    struct loop_task refusal;  /* a failure found in http_call_start() */
    struct loop_task resuming; /* http_call_resume() was called */
    enum { STATE_DIAL, STATE_HEAD, STATE_BODY, STATE_OVER } state;
    bool reused, retried, paused, busy, answered, keep_alive;
    bool replying;    /* bytes of the reply are here, those of interim ones left out */
    size_t body_left; /* of the request's body, still to be written by the owner */
    unsigned interims;
    struct sb kept; /* HEAD: the part of a head that came; BODY: what came before the pause */
    struct http1_scan scan;
    struct http1_body body;
    struct err err; /* for the refusal */
};

static void start_dial(struct http_call *call);
static void consume(struct http_call *call, struct str bytes);

/* --- the end -------------------------------------------------------------------------------- */

static void call_release(struct http_call *call)
{
    struct http_client *c = call->client;

    if (c->spare_count >= SPARE_CALLS_MAX) {
        mem_free(call);
        return;
    }
    list_push_front(&c->spare, &call->link);
    c->spare_count++;
}

/* Lets go of everything but the struct itself. */
static void call_finish(struct http_call *call)
{
    call->state = STATE_OVER;
    loop_timer_stop(&call->phase_timer);
    loop_timer_stop(&call->total_timer);
    loop_task_cancel(&call->refusal);
    loop_task_cancel(&call->resuming);
    dial_cancel(call->dial);
    call->dial = NULL;
    if (call->conn)
        client_conn_close(call->conn);
    call->conn = NULL;
    if (call->origin)
        client_origin_put(call->origin);
    call->origin = NULL;
    sb_fini(&call->kept);
    list_remove(&call->link);
}

static void call_enter(struct http_call *call)
{
    assert(!call->busy);
    call->busy = true;
}

static void call_leave(struct http_call *call)
{
    call->busy = false;
    if (call->state == STATE_OVER)
        call_release(call);
}

/* Inside call_enter() only, as all that calls the owner. */
static void fail(struct http_call *call, const struct err *err)
{
    struct err copy = *err;

    assert(call->busy);
    call_finish(call);
    call->handler->on_fail(call->ctx, &copy);
}

static void fail_with(struct http_call *call, enum err_code code, const char *why)
{
    struct err err;

    err_set(&err, code, "%s", why);
    fail(call, &err);
}

void http_call_cancel(struct http_call *call)
{
    if (call->state == STATE_OVER) /* from inside on_end or on_fail */
        return;
    call_finish(call);
    if (!call->busy)
        call_release(call);
}

/* --- time-outs ------------------------------------------------------------------------------ */

static void on_first_byte_late(struct loop_timer *timer)
{
    struct http_call *call = container_of(timer, struct http_call, phase_timer);

    call_enter(call);
    fail_with(call, ERR_UPSTREAM_TIMEOUT, "the upstream did not answer in time");
    call_leave(call);
}

static void on_idle_late(struct loop_timer *timer)
{
    struct http_call *call = container_of(timer, struct http_call, phase_timer);

    call_enter(call);
    fail_with(call, ERR_UPSTREAM_TIMEOUT, "the upstream fell silent in mid-reply");
    call_leave(call);
}

static void on_total_late(struct loop_timer *timer)
{
    struct http_call *call = container_of(timer, struct http_call, total_timer);

    call_enter(call);
    fail_with(call, ERR_UPSTREAM_TIMEOUT, "the upstream took too long");
    call_leave(call);
}

/* A body that comes slowly is no time that the upstream takes. */
static void begin_total(struct http_call *call)
{
    if (call->conf.total_timeout_ms > 0)
        loop_timer_set(call->client->loop, &call->total_timer, call->conf.total_timeout_ms,
                       on_total_late);
}

static void wait_first_byte(struct http_call *call)
{
    loop_timer_set(call->client->loop, &call->phase_timer, call->conf.first_byte_timeout_ms,
                   on_first_byte_late);
}

static void wait_more(struct http_call *call)
{
    loop_timer_set(call->client->loop, &call->phase_timer, call->conf.idle_timeout_ms,
                   on_idle_late);
}

/* --- a body that is still coming ------------------------------------------------------------- */

bool http_call_has_room(const struct http_call *call)
{
    return call->state == STATE_HEAD && !call->replying && call->body_left > 0 &&
           sock_queued(call->conn->sock) == 0 && !sock_broken(call->conn->sock);
}

void http_call_write(struct http_call *call, struct str bytes)
{
    assert(http_call_has_room(call) && bytes.n <= call->body_left);
    call->body_left -= bytes.n;
    sock_write(call->conn->sock, &bytes, 1);
    if (call->body_left == 0)
        begin_total(call);
    if (call->body_left == 0 || sock_queued(call->conn->sock) > 0)
        wait_first_byte(call);
}

/* Where there is room more of the body is wanted, which may take its time: the upstream is not to
 * blame for that. Inside call_enter(). */
static void offer_room(struct http_call *call)
{
    if (!http_call_has_room(call))
        return;
    loop_timer_stop(&call->phase_timer);
    call->handler->on_room(call->ctx);
}

/* --- the reply ------------------------------------------------------------------------------ */

/* The reply is complete. `rest` is what came behind it: nothing may. */
static void complete(struct http_call *call, struct str rest)
{
    struct client_conn *conn = call->conn;

    if (call->keep_alive && rest.n == 0 && call->body_left == 0 && sock_queued(conn->sock) == 0 &&
        !sock_broken(conn->sock)) {
        call->conn = NULL;
        client_conn_give(conn);
    }
    call_finish(call);
    call->handler->on_end(call->ctx);
}

static void show_head(struct http_call *call, const struct http1_head *head)
{
    const struct http_reply_head shown = {
        .status = head->status,
        .headers = head->headers,
        .header_count = head->header_count,
        .content_length = head->content_length,
    };

    call->state = STATE_BODY;
    call->keep_alive = head->keep_alive;
    http1_body_init(&call->body, head);
    if (!call->paused)
        wait_more(call);
    call->handler->on_head(call->ctx, &shown);
}

/* Did the upstream agree to what was asked? RFC 6455, section 4.1; no extension was. */
static const char *switch_fault(struct http_call *call, const struct http1_head *head)
{
    struct str asked = call->conf.websocket_protocols;
    const struct str upgrade = http_header_find(head->headers, head->header_count, STR("upgrade"));
    const struct str accept =
        http_header_find(head->headers, head->header_count, STR("sec-websocket-accept"));
    const struct str chosen =
        http_header_find(head->headers, head->header_count, STR("sec-websocket-protocol"));

    if (!head->upgrade || !str_eq_nocase(upgrade, STR("websocket")) ||
        !str_eq(accept, websocket_accept(call->arena, call->conf.websocket_key)))
        return "the upstream's WebSocket handshake is wrong";
    if (http_header_find(head->headers, head->header_count, STR("sec-websocket-extensions")).n > 0)
        return "the upstream uses an extension that was not asked for";
    if (chosen.n == 0)
        return NULL;
    STR_SPLIT_EACH (item, asked, ',') {
        if (str_eq(str_trim(item), chosen))
            return NULL;
    }
    return "the upstream chose a sub-protocol that was not asked for";
}

/* `rest` came behind the head. */
static void switch_protocols(struct http_call *call, const struct http1_head *head, struct str rest)
{
    static const struct wsock_handler nobody = {0}; /* until the owner sets one, in this turn */
    const struct http_reply_head shown = {
        .status = head->status,
        .headers = head->headers,
        .header_count = head->header_count,
        .content_length = -1,
    };
    const char *fault = switch_fault(call, head);
    struct wsock *ws;

    if (fault) {
        fail_with(call, ERR_UPSTREAM_BODY, fault);
        return;
    }
    ws = wsock_start(client_conn_leave(call->conn), WEBSOCKET_CLIENT, rest, &nobody, NULL);
    call->conn = NULL;
    call_finish(call);
    call->handler->on_websocket(call->ctx, &shown, ws);
}

/* The real reply is still to come, and until then the rest of the request is wanted. */
static void go_on_after_interim(struct http_call *call, bool more_behind)
{
    call->replying = more_behind;
    offer_room(call);
}

/* `text` is one whole head, `rest` what came behind it. Says whether the body's bytes follow. */
static bool read_head(struct http_call *call, struct str text, struct str rest)
{
    struct http1_head head;
    struct err err;

    text = str_dup(call->arena, text);
    if (http1_read_reply(text, call->conf.method == HTTP_M_HEAD, call->arena, &head, &err) !=
        ERR_OK) {
        fail(call, &err);
        return false;
    }
    call->scan = (struct http1_scan){0};
    if (call->conf.websocket && head.status == 101) {
        switch_protocols(call, &head, rest);
        return false;
    }
    if (call->conf.websocket && head.status >= 200 && head.status < 400) {
        fail_with(call, ERR_UPSTREAM_BODY, "the upstream did not open a WebSocket");
        return false;
    }
    if (head.status >= 200) {
        show_head(call, &head);
        return call->state == STATE_BODY;
    }
    if (head.status == 101 || ++call->interims > INTERIM_MAX)
        fail_with(call, ERR_UPSTREAM_BODY, "the upstream's interim reply makes no sense");
    else
        go_on_after_interim(call, rest.n > 0);
    return false;
}

/* Takes one head from the front of *bytes, or keeps them until the rest of it comes. */
static bool take_head(struct http_call *call, struct str *bytes)
{
    size_t before = call->kept.n, end = 0;
    struct str all = *bytes;
    enum http1_found found;
    bool more;

    if (before > 0) {
        sb_add(&call->kept, *bytes);
        all = sb_str(&call->kept);
    }
    found = http1_head_end(all, &call->scan, &end);
    if (found == HTTP1_HEAD_PART && all.n < call->conf.head_limit) {
        if (before == 0)
            sb_add(&call->kept, *bytes);
        *bytes = STR_NULL;
        return false;
    }
    if (found != HTTP1_HEAD_WHOLE || end > call->conf.head_limit) {
        fail_with(call, ERR_UPSTREAM_BODY,
                  found == HTTP1_HEAD_BAD ? "the upstream did not answer in HTTP"
                                          : "the head of the reply is too large");
        return false;
    }
    *bytes = str_skip(*bytes, end - before);
    more = read_head(call, str_sub(all, 0, end), *bytes);
    if (call->state != STATE_OVER) {
        sb_fini(&call->kept);
        sb_init(&call->kept, HTTP1_HEAD_MAX * 2);
    }
    return more;
}

/* Hands on the body until the input or the reply ends, or the owner wants no more. */
static void take_body(struct http_call *call, struct str *bytes)
{
    struct str data;

    while (call->state == STATE_BODY && !call->paused) {
        switch (http1_body_next(&call->body, bytes, &data)) {
        case HTTP1_MORE:
            return;
        case HTTP1_DATA:
            call->handler->on_body(call->ctx, data);
            break;
        case HTTP1_END:
            complete(call, *bytes);
            return;
        case HTTP1_BAD:
            fail_with(call, ERR_UPSTREAM_BODY, "the reply's chunks are broken");
            return;
        }
    }
}

static void consume(struct http_call *call, struct str bytes)
{
    while (call->state == STATE_HEAD && bytes.n > 0 && !take_head(call, &bytes))
        ;
    if (call->state == STATE_BODY)
        take_body(call, &bytes);
    if (call->state == STATE_BODY && bytes.n > 0) /* paused in the middle */
        sb_add(&call->kept, bytes);
}

static void on_read(void *ctx, struct str bytes)
{
    struct http_call *call = ctx;

    call_enter(call);
    if (!call->replying && call->body_left > 0) /* it does not wait for the rest of the request */
        wait_first_byte(call);
    call->answered = call->replying = true;
    if (call->state == STATE_BODY)
        wait_more(call);
    consume(call, bytes);
    call_leave(call);
}

/* Large requests take their time: the wait for an answer begins when the last byte is out. */
static void on_drain(void *ctx)
{
    struct http_call *call = ctx;

    if (call->state != STATE_HEAD || call->replying)
        return;
    wait_first_byte(call);
    call_enter(call);
    offer_room(call);
    call_leave(call);
}

/* A kept-alive connection that dies before any byte of the reply: the server closed it while our
 * request was under way (RFC 9112, 9.3.1). Once, with a fresh one. */
static void retry(struct http_call *call)
{
    call->retried = true;
    call->reused = false;
    loop_timer_stop(&call->phase_timer);
    client_conn_close(call->conn);
    call->conn = NULL;
    start_dial(call);
}

static void on_close(void *ctx, const struct err *why)
{
    struct http_call *call = ctx;

    if (call->reused && !call->answered && !call->retried) {
        retry(call);
        return;
    }
    call_enter(call);
    if (call->state == STATE_BODY && !why && http1_body_ends_with_connection(&call->body))
        complete(call, STR_NULL);
    else if (why && why->code == ERR_TLS && !call->answered)
        fail(call, why);
    else
        fail_with(call, ERR_UPSTREAM_CUT,
                  call->answered ? "the upstream cut its reply"
                                 : "the upstream closed the connection without an answer");
    call_leave(call);
}

static const struct sock_handler call_sock_handler = {
    .on_read = on_read,
    .on_drain = on_drain,
    .on_close = on_close,
};

/* --- back-pressure -------------------------------------------------------------------------- */

void http_call_pause(struct http_call *call)
{
    loop_task_cancel(&call->resuming);
    if (call->paused || call->state == STATE_OVER)
        return;
    call->paused = true;
    if (call->state == STATE_BODY)
        loop_timer_stop(&call->phase_timer); /* it is not the upstream that is silent now */
    if (call->conn)
        sock_read_stop(call->conn->sock);
}

static void on_resume(struct loop_task *task)
{
    struct http_call *call = container_of(task, struct http_call, resuming);
    struct sb kept = call->kept;

    call_enter(call);
    call->paused = false;
    if (call->conn)
        sock_read_start(call->conn->sock);
    if (call->state == STATE_BODY) {
        wait_more(call);
        sb_init(&call->kept, HTTP1_HEAD_MAX * 2);
        consume(call, sb_str(&kept));
        sb_fini(&kept);
    }
    call_leave(call);
}

void http_call_resume(struct http_call *call)
{
    if (!call->paused || call->state == STATE_OVER)
        return;
    call->resuming.fn = on_resume;
    loop_defer(call->client->loop, &call->resuming);
}

/* --- the request ---------------------------------------------------------------------------- */

/* An http proxy is told the whole address, since it has no tunnel. */
static bool in_absolute_form(const struct http_call *call)
{
    return !call->conf.url.tls && !call->conf.websocket &&
           (call->proxy.kind == PROXY_HTTP || call->proxy.kind == PROXY_HTTPS);
}

/* Head and body in one writev. */
static void send_slices(struct http_call *call, struct str head)
{
    struct str on_stack[SLICES_ON_STACK], *slices = on_stack;
    size_t n = call->conf.body_count;

    if (n + 1 > SLICES_ON_STACK)
        slices = arena_new_array(call->arena, struct str, n + 1);
    slices[0] = head;
    if (n > 0)
        memcpy(slices + 1, call->conf.body, n * sizeof *slices);
    sock_write(call->conn->sock, slices, n + 1);
}

/* Writes the head into the client's scratch. */
static enum err_code write_head(struct http_call *call, struct err *err)
{
    struct sb *head = &call->client->scratch;
    struct str auth = STR_NULL;

    if (in_absolute_form(call))
        auth = url_basic_credentials(call->arena, call->proxy.userinfo);
    if (head->cap > SCRATCH_KEEP || sb_failed(head)) {
        sb_fini(head);
        sb_init(head, REQUEST_HEAD_MAX);
    }
    sb_reset(head);
    return client_head_write(head, &call->conf, call->arena, in_absolute_form(call), auth, err);
}

/* Sends the request, whose head has just been written. */
static void use_conn(struct http_call *call, struct client_conn *conn)
{
    call->conn = conn;
    call->state = STATE_HEAD;
    sock_set_handler(conn->sock, &call_sock_handler, call);
    if (call->body_left > 0)
        sock_hear_out(conn->sock);
    send_slices(call, sb_str(&call->client->scratch));
    wait_first_byte(call);
    if (call->paused)
        sock_read_stop(conn->sock);
    call_enter(call);
    offer_room(call);
    call_leave(call);
}

static void on_ready(void *ctx, struct sock *s)
{
    struct http_call *call = ctx;
    struct client_conn *conn = client_conn_new(call->origin, s);
    struct err err;

    call->dial = NULL;
    if (write_head(call, &err) == ERR_OK) {
        use_conn(call, conn);
        return;
    }
    client_conn_close(conn);
    call_enter(call);
    fail(call, &err);
    call_leave(call);
}

static void on_dial_fail(void *ctx, const struct err *err)
{
    struct http_call *call = ctx;

    call->dial = NULL;
    call_enter(call);
    fail(call, err);
    call_leave(call);
}

static void start_dial(struct http_call *call)
{
    const struct http_client *c = call->client;
    const struct dial_conf conf = {
        .loop = c->loop,
        .dns = c->dns,
        .tls = c->tls,
        .arena = call->arena,
        .host = call->conf.url.host,
        .port = call->conf.url.port,
        .use_tls = call->conf.url.tls,
        .tunnel = call->conf.websocket,
        .proxy = call->proxy,
        .timeout_ms = call->conf.connect_timeout_ms,
        .on_ready = on_ready,
        .on_fail = on_dial_fail,
        .ctx = call,
    };

    call->state = STATE_DIAL;
    call->dial = dial_start(&conf);
}

/* Connections are alike when scheme, host, port and proxy (with its user) are. Neither host nor
 * proxy holds a NUL, which therefore may divide them. */
static struct str origin_key(const struct http_call_conf *conf, char out[KEY_MAX])
{
    const struct http_url *u = &conf->url;
    size_t n = 0;

    if (u->host.n + conf->proxy.n + 4 > KEY_MAX)
        return STR_NULL;
    out[n++] = u->tls ? 's' : 'p';
    out[n++] = (char)(u->port >> 8);
    out[n++] = (char)(u->port & 0xff);
    memcpy(out + n, u->host.p, u->host.n);
    n += u->host.n;
    out[n++] = 0;
    if (conf->proxy.n > 0)
        memcpy(out + n, conf->proxy.p, conf->proxy.n);
    return str_make(out, n + conf->proxy.n);
}

static enum err_code begin(struct http_call *call, struct err *err)
{
    char buf[KEY_MAX];
    struct str key = origin_key(&call->conf, buf);
    struct client_conn *conn;
    enum err_code rc = http_proxy_read(call->conf.proxy, &call->proxy, err);

    if (rc == ERR_OK)
        rc = write_head(call, err); /* what cannot be sent needs no connection */
    if (rc != ERR_OK)
        return rc;
    if (key.n == 0 || call->conf.url.host.n == 0)
        return err_set(err, ERR_BAD_REQUEST, "the address has no host or is too long");
    call->origin = client_origin_get(&call->client->pool, key);
    conn =
        call->conf.websocket || call->conf.body_length > 0 ? NULL : client_conn_take(call->origin);
    if (conn) {
        call->reused = true;
        use_conn(call, conn);
    } else {
        start_dial(call);
    }
    return ERR_OK;
}

static void on_refused(struct loop_task *task)
{
    struct http_call *call = container_of(task, struct http_call, refusal);

    call_enter(call);
    fail(call, &call->err);
    call_leave(call);
}

static uint64_t or_default(uint64_t ms, uint64_t otherwise)
{
    return ms ? ms : otherwise;
}

static void fill_defaults(struct http_call_conf *conf)
{
    conf->connect_timeout_ms = or_default(conf->connect_timeout_ms, 10000);
    conf->first_byte_timeout_ms = or_default(conf->first_byte_timeout_ms, 300000);
    conf->idle_timeout_ms = or_default(conf->idle_timeout_ms, 300000);
    if (conf->head_limit == 0 || conf->head_limit > HTTP1_HEAD_MAX)
        conf->head_limit = HTTP1_HEAD_MAX;
}

/* How much of the body the slices leave to http_call_write(). */
static size_t body_to_come(const struct http_call_conf *conf)
{
    size_t n = conf->body_length;

    for (size_t i = 0; i < conf->body_count && n > 0; i++)
        n -= conf->body[i].n;
    return n;
}

static struct http_call *call_new(struct http_client *c)
{
    struct list *node = list_pop_front(&c->spare);
    struct http_call *call;

    if (!node)
        return mem_new(struct http_call);
    c->spare_count--;
    call = list_entry(node, struct http_call, link);
    memset(call, 0, offsetof(struct http_call, err));
    return call;
}

struct http_call *http_call_start(struct http_client *c, struct arena *a,
                                  const struct http_call_conf *conf,
                                  const struct http_call_handler *h, void *ctx)
{
    struct http_call *call = call_new(c);

    call->client = c;
    call->arena = a;
    call->conf = *conf;
    call->handler = h;
    call->ctx = ctx;
    call->body_left = body_to_come(conf);
    fill_defaults(&call->conf);
    if (conf->websocket) {
        char key[WEBSOCKET_KEY_BYTES];

        random_bytes(key, sizeof key);
        call->conf.websocket_key = base64_encode(a, str_make(key, sizeof key));
    }
    /* A partial head plus one read; or the rest of one read. */
    sb_init(&call->kept, HTTP1_HEAD_MAX * 2);
    list_push_back(&c->calls, &call->link);
    if (call->body_left == 0)
        begin_total(call);
    if (begin(call, &call->err) != ERR_OK) {
        call->refusal.fn = on_refused;
        loop_defer(c->loop, &call->refusal);
    }
    return call;
}

bool http_call_reused(const struct http_call *call)
{
    return call->reused;
}

/* --- the client ----------------------------------------------------------------------------- */

/* Closes every connection; without a loop nothing can be started any more. */
static void close_all(struct http_client *c)
{
    while (!list_empty(&c->calls))
        http_call_cancel(list_entry(c->calls.next, struct http_call, link));
    client_pool_close(&c->pool);
}

static void on_loop_end(struct loop_ending *ending)
{
    close_all(container_of(ending, struct http_client, ending));
}

enum err_code http_client_new(struct loop *l, struct offload *o,
                              const struct http_client_conf *conf, struct http_client **out,
                              struct err *err)
{
    struct http_client *c;
    struct tls_ctx *tls;
    enum err_code rc = tls_ctx_new(&conf->tls, &tls, err);

    *out = NULL;
    if (rc != ERR_OK)
        return rc;
    c = mem_new(struct http_client);
    c->loop = l;
    c->dns = dns_new(l, o);
    c->tls = tls;
    client_pool_init(&c->pool, l, conf->max_idle_per_origin ? conf->max_idle_per_origin : 100,
                     conf->max_idle, conf->idle_ms ? conf->idle_ms : 90000);
    list_init(&c->calls);
    list_init(&c->spare);
    sb_init(&c->scratch, REQUEST_HEAD_MAX);
    c->ending.fn = on_loop_end;
    loop_on_end(l, &c->ending);
    *out = c;
    return ERR_OK;
}

void http_client_free(struct http_client *c)
{
    struct list *node;

    if (!c)
        return;
    loop_on_end_cancel(&c->ending);
    close_all(c);
    while ((node = list_pop_front(&c->spare)))
        mem_free(list_entry(node, struct http_call, link));
    client_pool_fini(&c->pool);
    dns_free(c->dns);
    tls_ctx_free(c->tls);
    sb_fini(&c->scratch);
    mem_free(c);
}

struct dns *http_client_dns(struct http_client *c)
{
    return c->dns;
}

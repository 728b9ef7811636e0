#include "http/server.h"

#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "http/server_internal.h"

enum { SPARE_CONNS_MAX = 512, SPARE_REQUESTS_MAX = 256 };

/* --- time and request ids -------------------------------------------------------------------- */

long server_tell_time(struct http_server *s)
{
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec == s->stamp_s)
        return now.tv_nsec;
    s->stamp_s = now.tv_sec;
    localtime_r(&now.tv_sec, &tm);
    strftime(s->stamp, sizeof s->stamp, "%Y%m%d%H%M%S", &tm);
    gmtime_r(&now.tv_sec, &tm);
    s->date_n = strftime(s->date, sizeof s->date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
    return now.tv_nsec;
}

/* Local time to the second, the nanoseconds of the second without padding, 8 random characters.
 * Reference: relay, section 1. Not a secret, so a slight bias of the characters does not matter. */
static void make_id(struct http_server *s, struct request *r)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    unsigned long ns = (unsigned long)server_tell_time(s);
    uint64_t random = random_u64();
    char digits[12], *first = digits + sizeof digits, *at = r->id;

    memcpy(at, s->stamp, 14);
    at += 14;
    do
        *--first = (char)('0' + ns % 10);
    while ((ns /= 10) > 0);
    size_t n = (size_t)(digits + sizeof digits - first);
    memcpy(at, first, n);
    at += n;
    for (int i = 0; i < 8; i++, random /= sizeof letters - 1)
        *at++ = letters[random % (sizeof letters - 1)];
    r->pub.request_id = str_make(r->id, (size_t)(at - r->id));
}

/* --- connections and requests ---------------------------------------------------------------- */

struct http_conn *server_conn_new(struct http_server *s)
{
    struct list *spare = list_pop_front(&s->spare_conns);
    struct http_conn *c;

    if (spare) {
        s->spare_conn_count--;
        c = list_entry(spare, struct http_conn, link);
        memset(c, 0, sizeof *c);
    } else {
        c = mem_new(struct http_conn);
    }
    c->server = s;
    list_push_back(&s->conns, &c->link);
    return c;
}

void server_conn_recycle(struct http_conn *c)
{
    struct http_server *s = c->server;

    list_remove(&c->link);
    if (s->spare_conn_count >= SPARE_CONNS_MAX) {
        mem_free(c);
        return;
    }
    s->spare_conn_count++;
    list_push_front(&s->spare_conns, &c->link);
}

struct request *server_request_new(struct http_conn *c)
{
    struct http_server *s = c->server;
    struct list *spare = list_pop_front(&s->spare_requests);
    struct request *r;

    if (spare) {
        s->spare_request_count--;
        r = list_entry(spare, struct request, spare);
        struct arena arena = r->pub.arena;
        memset(r, 0, sizeof *r);
        r->pub.arena = arena;
    } else {
        r = mem_new(struct request);
        arena_init(&r->pub.arena, HTTP_REQUEST_ARENA);
    }
    r->pub.loop = s->loop;
    r->pub.conn = c;
    r->pub.method = HTTP_M_OTHER;
    r->pub.started_us = c->started_us ? c->started_us : clock_mono_us();
    make_id(s, r);
    r->pub.log.request_id = r->pub.request_id;
    c->request = r;
    s->open_requests++;
    return r;
}

void server_request_recycle(struct request *r)
{
    struct http_server *s = r->pub.conn->server;

    s->open_requests--;
    inflater_free(r->inflater);
    if (r->body_sb.p)
        sb_fini(&r->body_sb);
    if (r->body_reserved > 0)
        mem_unreserve(r->body, r->body_reserved);
    if (s->spare_request_count >= SPARE_REQUESTS_MAX) {
        arena_fini(&r->pub.arena);
        mem_free(r);
        return;
    }
    arena_reset(&r->pub.arena, HTTP_REQUEST_ARENA);
    s->spare_request_count++;
    list_push_front(&s->spare_requests, &r->spare);
}

/* --- life ------------------------------------------------------------------------------------ */

static void set_defaults(struct http_server_conf *conf)
{
    if (conf->header_limit == 0)
        conf->header_limit = 32768;
    if (conf->header_limit > HTTP1_HEAD_MAX)
        conf->header_limit = HTTP1_HEAD_MAX;
    if (conf->header_timeout_ms == 0)
        conf->header_timeout_ms = 15000;
    if (conf->body_timeout_ms == 0)
        conf->body_timeout_ms = 30000;
    if (conf->idle_timeout_ms == 0)
        conf->idle_timeout_ms = 75000;
}

/* The loop has ended: handlers are not called any more, what their requests own is released. */
static void on_end(struct loop_ending *ending)
{
    struct http_server *s = container_of(ending, struct http_server, ending);

    sock_listener_close(s->listener);
    loop_timer_stop(&s->close_limit);
    while (!list_empty(&s->conns)) {
        struct http_conn *c = list_entry(s->conns.next, struct http_conn, link);

        if (c->request)
            c->request->pub.on_gone = NULL;
        c->state = CONN_HEAD;
        conn_cut(c);
    }
    for (struct list *it; (it = list_pop_front(&s->spare_conns));)
        mem_free(list_entry(it, struct http_conn, link));
    for (struct list *it; (it = list_pop_front(&s->spare_requests));) {
        struct request *r = list_entry(it, struct request, spare);

        arena_fini(&r->pub.arena);
        mem_free(r);
    }
    mem_free(s);
}

enum err_code http_server_open(struct loop *l, const struct http_server_conf *conf,
                               const char *address, uint16_t port, struct http_server **out,
                               struct err *err)
{
    struct http_server *s = mem_new(struct http_server);

    *out = NULL;
    s->loop = l;
    s->conf = *conf;
    set_defaults(&s->conf);
    s->stamp_s = -1;
    list_init(&s->conns);
    list_init(&s->spare_conns);
    list_init(&s->spare_requests);
    enum err_code rc = sock_listen(l, address, port, conn_accept, s, &s->listener, err);
    if (rc != ERR_OK) {
        mem_free(s);
        return rc;
    }
    s->ending.fn = on_end;
    loop_on_end(l, &s->ending);
    *out = s;
    return ERR_OK;
}

uint16_t http_server_port(const struct http_server *s)
{
    return sock_listener_port(s->listener);
}

size_t http_server_open_requests(const struct http_server *s)
{
    return s->open_requests;
}

static void cut_all(struct http_server *s, bool busy_too)
{
    LIST_FOR_EACH_SAFE (it, &s->conns) {
        struct http_conn *c = list_entry(it, struct http_conn, link);

        if (!c->sock || (!busy_too && c->state != CONN_HEAD))
            continue;
        if (!busy_too && sock_queued(c->sock) > 0) { /* its replies are complete, on their way */
            sock_close_flushed(c->sock, HTTP_FLUSH_MS);
            c->sock = NULL;
        }
        conn_cut(c);
    }
}

static void on_close_limit(struct loop_timer *timer)
{
    cut_all(container_of(timer, struct http_server, close_limit), true);
}

void http_server_close(struct http_server *s, uint64_t limit_ms)
{
    if (s->closing)
        return;
    s->closing = true;
    sock_listener_close(s->listener);
    s->listener = NULL;
    cut_all(s, false);
    loop_timer_set(s->loop, &s->close_limit, limit_ms, on_close_limit);
}

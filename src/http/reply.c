/*
 * Replies. A head is measured, allocated once in the request's arena and written as one slice
 * before the body's. The head of a reply in pieces waits for the first piece; pieces go through the
 * sock's cork, so that several of one turn, and the end, are one system call.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "http/server_internal.h"

enum { GZIP_MIN_BYTES = 1024, PIECES_MAX = 32 };

static struct request *request_of(struct http_req *r)
{
    return container_of(r, struct request, pub);
}

/* --- the head -------------------------------------------------------------------------------- */

/* Headers that only the server may write, since they say where the reply ends. */
static bool is_ours(struct str name)
{
    static const struct str names[] = {STR_INIT("content-length"), STR_INIT("transfer-encoding"),
                                       STR_INIT("connection"), STR_INIT("date")};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (names[i].n == name.n && str_eq_nocase(names[i], name))
            return true;
    return false;
}

static bool may_write(const struct http_header *h)
{
    return !is_ours(h->name) && http1_header_ok(h->name, h->value);
}

struct writer {
    char *at;
};

static void put(struct writer *w, struct str s)
{
    if (s.n > 0)
        memcpy(w->at, s.p, s.n);
    w->at += s.n;
}

static const struct str cors_lines =
    STR_INIT("Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n");

static struct str connection_line(const struct request *r)
{
    if (r->upgraded)
        return STR("Connection: Upgrade\r\n");
    if (!r->keep_alive)
        return STR("Connection: close\r\n");
    return r->http_1_0 ? STR("Connection: keep-alive\r\n") : STR_NULL;
}

/* "HTTP/1.1 200 OK\r\n" in the buffer. */
static struct str status_line(char *buffer, size_t room, int status)
{
    int n;

    if (status == 200)
        return STR("HTTP/1.1 200 OK\r\n");
    n = snprintf(buffer, room, "HTTP/1.1 %03d %s\r\n", status, http_status_text(status));
    return str_make(buffer, (size_t)n);
}

/* The value of Content-Length and the line's end, written from the back. */
static struct str length_digits(char *buffer, size_t room, size_t length)
{
    char *end = buffer + room, *p = end;

    *--p = '\n';
    *--p = '\r';
    do
        *--p = (char)('0' + length % 10);
    while ((length /= 10) > 0);
    return str_make(p, (size_t)(end - p));
}

/* `length` SIZE_MAX: no Content-Length. A header that must not stand on the wire is left out. */
static struct str make_head(struct request *r, int status, const struct http_header *headers,
                            size_t n, size_t length)
{
    struct http_server *server = r->pub.conn->server;
    const bool sized = !r->chunked && length != SIZE_MAX;
    char status_text[64], digits[24];

    server_tell_time(server);
    const struct str fixed[] = {
        status_line(status_text, sizeof status_text, status),
        str_make(server->date, server->date_n),
        STR("X-Oneapi-Request-Id: "),
        r->pub.request_id,
        STR("\r\n"),
        connection_line(r),
        r->cors ? cors_lines : STR_NULL,
        r->chunked ? STR("Transfer-Encoding: chunked\r\n") : STR_NULL,
        sized ? STR("Content-Length: ") : STR_NULL,
        sized ? length_digits(digits, sizeof digits, length) : STR_NULL,
    };
    size_t bytes = 2;
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        bytes += fixed[i].n;
    for (size_t i = 0; i < n; i++)
        bytes += headers[i].name.n + headers[i].value.n + 4;
    char *text = arena_alloc(&r->pub.arena, bytes);
    struct writer w = {.at = text};
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        put(&w, fixed[i]);
    for (size_t i = 0; i < n; i++) {
        if (!may_write(&headers[i]))
            continue;
        put(&w, headers[i].name);
        put(&w, STR(": "));
        put(&w, headers[i].value);
        put(&w, STR("\r\n"));
    }
    put(&w, STR("\r\n"));
    return str_make(text, (size_t)(w.at - text));
}

/* --- the end --------------------------------------------------------------------------------- */

static void done(struct request *r, bool complete)
{
    if (log_enabled(LOG_DEBUG) && !r->anonymous)
        log_debug(&r->pub.log, "http.request",
                  "method=%.*s path=\"%.*s\" status=%d bytes=%zu us=%llu complete=%d client=%.*s",
                  STR_ARG(r->pub.method_name), STR_ARG(r->pub.path), r->status, r->sent_bytes,
                  (unsigned long long)(clock_mono_us() - r->pub.started_us), complete,
                  STR_ARG(r->pub.client_ip));
    conn_reply_done(r->pub.conn, complete);
}

static bool status_without_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}

/* The handler replies before it has seen all of the body. */
static bool body_comes(const struct request *r)
{
    return r->pub.conn->state == CONN_EARLY;
}

static void begin(struct request *r, int status)
{
    assert(!r->started);
    r->started = true;
    r->status = status;
    r->keep_alive = r->keep_alive && !r->pub.conn->server->closing && !body_comes(r);
    r->no_body = r->pub.method == HTTP_M_HEAD || status_without_body(status);
}

/* --- replies at once ------------------------------------------------------------------------- */

/* RFC 9110 section 12.5.3: is gzip, or anything, among the codings that are not refused? */
static bool accepts_gzip(const struct http_req *q)
{
    STR_SPLIT_EACH (item, http_req_header(q, STR("accept-encoding")), ',') {
        struct str rest = item, name = str_trim(str_cut(&rest, ';'));
        struct str weight = str_trim(rest);

        if (!str_eq_nocase(name, STR("gzip")) && !str_eq(name, STR("*")))
            continue;
        if (!str_starts_nocase(weight, STR("q=")))
            return true;
        double q_value;
        return str_to_f64(str_skip(weight, 2), &q_value) && q_value > 0;
    }
    return false;
}

static bool wants_gzip(const struct request *r, const struct http_header *headers, size_t n,
                       size_t body_bytes)
{
    return r->pub.route && (r->pub.route->flags & HTTP_ROUTE_GZIP) && body_bytes > GZIP_MIN_BYTES &&
           !status_without_body(r->status) &&
           !http_header_find(headers, n, STR("content-encoding")).p && accepts_gzip(&r->pub);
}

static void send_whole(struct request *r, int status, const struct http_header *headers, size_t n,
                       const struct str *body, size_t body_n, size_t length)
{
    struct str *slices = arena_new_array(&r->pub.arena, struct str, body_n + 1);
    size_t count = 1;

    slices[0] = make_head(r, status, headers, n, status_without_body(status) ? SIZE_MAX : length);
    if (!r->no_body) {
        memcpy(slices + 1, body, body_n * sizeof *body);
        count += body_n;
        r->sent_bytes = length;
    }
    sock_write(r->pub.conn->sock, slices, count);
}

static void send_gzipped(struct request *r, int status, const struct http_header *headers, size_t n,
                         const struct str *body, size_t body_n)
{
    struct arena *a = &r->pub.arena;
    struct str packed = gzip_compress(a, str_concat(a, body, body_n));
    struct http_header *all = arena_new_array(a, struct http_header, n + 2);

    for (size_t i = 0; i < n; i++)
        all[i] = headers[i];
    all[n] = (struct http_header){STR("Content-Encoding"), STR("gzip")};
    all[n + 1] = (struct http_header){STR("Vary"), STR("Accept-Encoding")};
    send_whole(r, status, all, n + 2, &packed, 1, packed.n);
}

void http_reply_slices(struct http_req *q, int status, const struct http_header *headers, size_t n,
                       const struct str *body, size_t body_n)
{
    struct request *r = request_of(q);
    size_t length = 0;

    begin(r, status);
    for (size_t i = 0; i < body_n; i++)
        length += body[i].n;
    if (q->conn->sock) {
        if (wants_gzip(r, headers, n, length))
            send_gzipped(r, status, headers, n, body, body_n);
        else
            send_whole(r, status, headers, n, body, body_n, length);
    }
    done(r, true);
}

void http_reply(struct http_req *q, int status, const struct http_header *headers, size_t n,
                struct str body)
{
    http_reply_slices(q, status, headers, n, &body, body.n > 0 ? 1 : 0);
}

/* --- replies in pieces ----------------------------------------------------------------------- */

void http_reply_start(struct http_req *q, int status, const struct http_header *headers, size_t n)
{
    struct request *r = request_of(q);

    assert(!body_comes(r));
    begin(r, status);
    if (r->http_1_0)
        r->keep_alive = false; /* the end of the connection is the end of the body */
    r->chunked = !r->http_1_0 && !status_without_body(status);
    r->head = make_head(r, status, headers, n, SIZE_MAX);
}

/* One chunk of up to PIECES_MAX slices, the head before it if it is still here. */
static void write_piece(struct request *r, const struct str *slices, size_t n, size_t bytes)
{
    struct str all[PIECES_MAX + 3];
    char line[HTTP1_CHUNK_HEAD_MAX];
    size_t count = 0;

    if (r->head.n > 0)
        all[count++] = r->head;
    r->head = STR_NULL;
    if (bytes > 0 && !r->no_body) {
        if (r->chunked)
            all[count++] = http1_chunk_head(line, bytes);
        memcpy(all + count, slices, n * sizeof *slices);
        count += n;
        if (r->chunked)
            all[count++] = STR("\r\n");
        r->sent_bytes += bytes;
    }
    if (count > 0)
        sock_write_more(r->pub.conn->sock, all, count);
}

bool http_reply_write(struct http_req *q, const struct str *slices, size_t n)
{
    struct request *r = request_of(q);

    assert(r->started);
    if (!q->conn->sock)
        return true;
    do {
        size_t some = n < PIECES_MAX ? n : PIECES_MAX, bytes = 0;

        for (size_t i = 0; i < some; i++)
            bytes += slices[i].n;
        write_piece(r, slices, some, bytes);
        slices += some;
        n -= some;
    } while (n > 0);
    if (sock_queued(q->conn->sock) <= HTTP_HIGH_WATER)
        return true;
    r->blocked = true;
    conn_watch_writing(q->conn);
    return false;
}

void http_reply_end(struct http_req *q)
{
    struct request *r = request_of(q);
    struct str last[2];
    size_t n = 0;

    assert(r->started);
    if (q->conn->sock) {
        if (r->head.n > 0)
            last[n++] = r->head;
        if (r->chunked && !r->no_body)
            last[n++] = HTTP1_LAST_CHUNK;
        sock_write(q->conn->sock, last, n);
    }
    done(r, true);
}

/* A chunked reply shows by its missing end that it was cut; one that ends with its connection needs
 * a reset for that. */
void http_reply_abort(struct http_req *q)
{
    struct request *r = request_of(q);
    struct http_conn *c = q->conn;

    if (c->sock) {
        if (r->started && r->chunked && r->head.n == 0)
            sock_close_flushed(c->sock, HTTP_LINGER_MS);
        else if (r->started)
            sock_reset(c->sock);
        else
            sock_close(c->sock);
        c->sock = NULL;
    }
    done(r, false);
}

/* --- another protocol ------------------------------------------------------------------------ */

struct sock *reply_switch_protocols(struct http_req *q, const struct http_header *headers, size_t n)
{
    struct request *r = request_of(q);
    struct http_conn *c = q->conn;
    struct sock *s = c->sock;
    struct str head;

    /* RFC 6455, section 4.1: a client says nothing before it has the reply. */
    if (!s || r->http_1_0 || r->more_behind || r->unread || c->in_n > 0)
        return NULL;
    r->upgraded = true;
    begin(r, 101);
    head = make_head(r, 101, headers, n, SIZE_MAX);
    sock_write(s, &head, 1);
    c->sock = NULL;
    loop_timer_stop(&c->timer);
    q->on_gone = NULL;
    q->on_drain = NULL;
    return s;
}

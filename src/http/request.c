/*
 * From a head to a handler: every refusal that needs no body is made before a byte of it is read.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "http/forwarded.h"
#include "http/server_internal.h"

/* --- errors of our own ----------------------------------------------------------------------- */

static void reply_error(struct request *r, int status, const char *message)
{
    const struct http_server_conf *conf = &r->pub.conn->server->conf;
    struct http_header type = {STR("Content-Type"), STR("text/plain; charset=utf-8")};
    struct str body;

    r->pub.conn->state = CONN_BUSY;
    if (conf->error_body)
        body = conf->error_body(conf->error_ctx, &r->pub.arena, r->anonymous ? NULL : &r->pub,
                                status, message, &type.value);
    else
        body = arena_fmt(&r->pub.arena, "%s\n", message);
    http_reply(&r->pub, status, &type, 1, body);
}

void request_refuse(struct http_conn *c, int status, const char *message)
{
    struct request *r = c->request;

    if (!r) {
        r = server_request_new(c);
        r->anonymous = true;
    }
    r->keep_alive = false;
    r->unread = true;
    if (c->state == CONN_EARLY) {
        c->state = CONN_BUSY;
        r->refused = status;
        r->refused_why = message;
        r->pub.body_refused = true;
        r->pub.on_body(&r->pub);
        return;
    }
    reply_error(r, status, message);
}

void http_reply_refusal(struct http_req *q)
{
    struct request *r = container_of(q, struct request, pub);

    assert(q->body_refused);
    reply_error(r, r->refused, r->refused_why);
}

/* --- the head -------------------------------------------------------------------------------- */

/* RFC 9112 section 3.2: "/path?query", "http://host/path?query", or "*" for OPTIONS. */
static bool cut_target(struct http_req *q)
{
    struct str rest = q->target;

    if (*rest.p != '/') {
        if (str_eq(rest, STR("*")) && q->method == HTTP_M_OPTIONS) {
            q->path = rest;
            return true;
        }
        if (!str_starts_nocase(rest, STR("http://")) && !str_starts_nocase(rest, STR("https://")))
            return false;
        rest = str_skip(rest, (size_t)str_find(rest, STR("//")) + 2);
        const char *host = rest.p;
        while (rest.n > 0 && *rest.p != '/' && *rest.p != '?')
            rest = str_skip(rest, 1);
        if (rest.p == host) /* RFC 9110 section 4.2.1: such an address is invalid */
            return false;
    }
    q->path = str_cut(&rest, '?');
    q->query = rest;
    if (q->path.n == 0)
        q->path = STR("/");
    return true;
}

static void fill(struct request *r, const struct http1_head *head)
{
    struct http_req *q = &r->pub;
    const struct http_server *server = q->conn->server;

    q->method = http_method_read(head->method);
    q->method_name = head->method;
    q->target = head->target;
    q->headers = head->headers;
    q->header_count = head->header_count;
    q->peer_ip = q->client_ip = str_from(q->conn->peer_ip);
    if (server->conf.trust_proxy_headers)
        q->client_ip = forwarded_client(q->peer_ip, q->headers, q->header_count);
    r->http_1_0 = head->minor == 0;
    r->keep_alive = head->keep_alive && !server->closing;
    r->unread = head->body != HTTP1_BODY_NONE;
}

/* 204 for a browser that asks before it sends. Reference: management API, section 1.9.
 * Authorization is named because the Fetch standard does not let "*" stand for it. */
static void reply_preflight(struct request *r)
{
    static const struct http_header headers[] = {
        {STR_INIT("Access-Control-Allow-Methods"), STR_INIT("GET, POST, PUT, DELETE, OPTIONS")},
        {STR_INIT("Access-Control-Allow-Headers"), STR_INIT("*, Authorization")},
        {STR_INIT("Access-Control-Max-Age"), STR_INIT("43200")},
    };

    r->pub.conn->state = CONN_BUSY;
    r->keep_alive = r->keep_alive && !r->unread;
    http_reply(&r->pub, 204, headers, ARRAY_LEN(headers), STR_NULL);
}

/* --- the body -------------------------------------------------------------------------------- */

/* Several lines are one list (RFC 9110, 5.3), and a list is nothing that we inflate. */
static enum coding coding_of(const struct http1_head *head)
{
    const struct str name = STR("content-encoding");
    enum coding coding = CODING_IDENTITY;
    unsigned lines = 0;

    for (size_t i = 0; i < head->header_count; i++) {
        if (head->headers[i].name.n != name.n || !str_eq_nocase(head->headers[i].name, name))
            continue;
        coding = lines++ == 0 ? coding_from_name(head->headers[i].value) : CODING_UNKNOWN;
    }
    return coding;
}

/* A long body costs memory only as it comes, whatever was announced. */
static void reserve_body(struct request *r)
{
    const size_t n = r->pub.body_length;

    if (n <= HTTP_BODY_TRUSTED) {
        r->body = arena_alloc(&r->pub.arena, n);
        return;
    }
    r->body = mem_reserve(n);
    r->body_reserved = r->body ? n : 0;
}

/* Makes room for a wanted body. 0, or the status that refuses it. */
static int prepare_body(struct request *r, const struct http1_head *head)
{
    const size_t limit = r->pub.route->body_limit;
    enum coding coding = coding_of(head);

    if (coding == CODING_UNKNOWN)
        return 415;
    if (head->content_length > 0 && (uint64_t)head->content_length > limit)
        return 413;
    r->body_limit = limit;
    if (coding == CODING_IDENTITY && head->body == HTTP1_BODY_LENGTH) {
        r->pub.body_length = (size_t)head->content_length;
        reserve_body(r);
    }
    if (r->body)
        return 0;
    sb_init(&r->body_sb, limit);
    if (coding != CODING_IDENTITY)
        r->inflater = inflater_new(coding, limit);
    return 0;
}

static void hand_over(struct request *r)
{
    const struct http_route *route = r->pub.route;

    route->handler(&r->pub, route->ctx);
}

/* Calls the handler of a route that wants a long body early. False: the request is over. */
static bool hand_over_early(struct request *r)
{
    struct http_conn *c = r->pub.conn;

    if (!(r->pub.route->flags & HTTP_ROUTE_EARLY) || c->state != CONN_BODY)
        return true;
    c->state = CONN_EARLY;
    hand_over(r);
    return c->request == r;
}

static void begin_body(struct request *r, const struct http1_head *head, bool more)
{
    struct http_conn *c = r->pub.conn;
    int refused;

    if (r->pub.route->body_limit == 0) {
        r->ignore_body = true;
        r->body_limit = HTTP_BODY_IGNORED_MAX;
        if (head->expect_continue || head->content_length > HTTP_BODY_IGNORED_MAX) {
            r->keep_alive = false; /* what may come of the body is thrown away after the reply */
            request_dispatch(r);
            return;
        }
    } else if ((refused = prepare_body(r, head)) != 0) {
        request_refuse(c, refused,
                       refused == 413 ? "request body is too large"
                                      : "content encoding of the request is not supported");
        return;
    }
    http1_body_init(&c->body, head);
    c->body_timed = false;
    c->body_progress = 0;
    c->state = CONN_BODY;
    if (r->pub.body_length > HTTP_EARLY_BYTES && !hand_over_early(r))
        return;
    if (head->expect_continue && !more)
        sock_write(c->sock, &STR("HTTP/1.1 100 Continue\r\n\r\n"), 1);
}

static bool refuse_body(struct request *r, enum err_code rc)
{
    if (rc == ERR_TOO_LARGE)
        request_refuse(r->pub.conn, 413, "request body is too large");
    else
        request_refuse(r->pub.conn, 400, "compressed request body is malformed");
    return false;
}

/* Where the bytes go; ERR_OK, or why not. */
static enum err_code keep_body(struct request *r, struct str data)
{
    r->body_n += data.n;
    if (r->ignore_body)
        return r->body_n > r->body_limit ? ERR_TOO_LARGE : ERR_OK;
    if (r->body) {
        memcpy(r->body + r->body_n - data.n, data.p, data.n);
        return ERR_OK;
    }
    if (r->inflater)
        return inflater_feed(r->inflater, data, &r->body_sb, NULL);
    sb_add(&r->body_sb, data);
    return sb_failed(&r->body_sb) ? ERR_TOO_LARGE : ERR_OK;
}

bool request_take_body(struct request *r, struct str data)
{
    struct http_conn *c = r->pub.conn;
    enum err_code rc = keep_body(r, data);

    if (rc != ERR_OK)
        return refuse_body(r, rc);
    if (c->state == CONN_BODY)
        return r->body_sb.n <= HTTP_EARLY_BYTES || hand_over_early(r);
    if (!r->body)
        return true;
    r->pub.body = str_make(r->body, r->body_n);
    r->pub.on_body(&r->pub);
    return c->request == r;
}

void request_dispatch(struct request *r)
{
    struct http_conn *c = r->pub.conn;
    bool early = c->state == CONN_EARLY;

    if (r->inflater && inflater_end(r->inflater, NULL) != ERR_OK) {
        refuse_body(r, ERR_BAD_REQUEST);
        return;
    }
    if (r->body)
        r->pub.body = str_make(r->body, r->body_n);
    else if (!r->ignore_body)
        r->pub.body = sb_str(&r->body_sb);
    r->unread = r->unread && c->state == CONN_HEAD;
    c->state = CONN_BUSY;
    r->pub.body_whole = true;
    if (early)
        r->pub.on_body(&r->pub);
    else
        hand_over(r);
}

/* --- all of it ------------------------------------------------------------------------------- */

static void route_and_go(struct request *r, const struct http1_head *head, bool more)
{
    const struct http_server_conf *conf = &r->pub.conn->server->conf;
    int status = 404;

    r->pub.route = conf->find_route(conf->route_ctx, &r->pub, &status);
    if (!r->pub.route) {
        r->keep_alive = r->keep_alive && !r->unread;
        reply_error(r, status, status == 405 ? "method is not allowed" : "no such page");
        return;
    }
    r->cors = (r->pub.route->flags & HTTP_ROUTE_CORS) && http_req_header(&r->pub, STR("origin")).p;
    if (r->cors && r->pub.method == HTTP_M_OPTIONS && r->pub.route->method != HTTP_M_OPTIONS)
        reply_preflight(r);
    else if (head->body == HTTP1_BODY_NONE)
        request_dispatch(r);
    else
        begin_body(r, head, more);
}

void request_begin(struct http_conn *c, struct str text, bool more)
{
    struct request *r = server_request_new(c);
    struct http1_head head;
    struct err err;

    text = str_dup(&r->pub.arena, text);
    if (http1_read_request(text, &r->pub.arena, &head, &err) != ERR_OK) {
        r->anonymous = true;
        request_refuse(c, 400, err.msg);
        return;
    }
    fill(r, &head);
    r->more_behind = more;
    if (!cut_target(&r->pub)) {
        r->anonymous = true;
        request_refuse(c, 400, "malformed request target");
    } else if (head.expect_unknown) {
        request_refuse(c, 417, "expectation is not supported");
    } else {
        route_and_go(r, &head, more);
    }
}

struct str http_req_header(const struct http_req *r, struct str name)
{
    return http_header_find(r->headers, r->header_count, name);
}

bool http_req_gone(const struct http_req *r)
{
    return !r->conn->sock;
}

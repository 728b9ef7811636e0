/*
 * server - HTTP/1.1 for our clients: one server a loop, connections, requests, replies.
 *
 * A request is born when its head is read; the route then says how much body it may carry; the
 * handler is called once, on the loop, when the whole body is there, decoded (gzip, deflate, br,
 * zstd) and within its cap - or before, where the route wants long bodies early
 * (HTTP_ROUTE_EARLY). From then on the request belongs to the handler until it calls
 * http_reply(), http_reply_end() or http_reply_abort() - exactly one of them, exactly once, also
 * when the client has gone (what is written then is thrown away). After that call the request is
 * gone, its arena too.
 *
 * The client counts as gone when its connection breaks, and also when it only ends its sending half
 * while a request is being handled: the two cannot be told apart, and nobody shall pay for an
 * answer that nobody waits for. A client that takes nothing of a waiting reply for body_timeout_ms
 * is cut.
 *
 * When the loop ends, requests that are still open are dropped: no handler is called, the cleanups
 * of their arenas run. So open the server after what its handlers use on the loop.
 *
 * What the server does alone: keep-alive, pipelining, Expect: 100-continue, limits (413, 431),
 * time-outs (408), refusal of smuggling shapes (400), a request id (header X-Oneapi-Request-Id on
 * each reply), the access log.
 */
#pragma once
#include "base/arena.h"
#include "base/log.h"
#include "http/message.h"
#include "net/loop.h"

struct http_server;
struct http_req;
struct http_conn;

typedef void http_handler_fn(struct http_req *r, void *ctx);

/* What the route table says of a path. Lives as long as the server. */
struct http_route {
    enum http_method method;
    const char
        *pattern; /* "/v1/models/:model", "/mj/image/:id", "/assets/:*" as a whole rest: by name,
                     '*' takes the rest */
    size_t body_limit; /* bytes after inflation; 0: no body wanted (one is read and thrown away up
                          to 64 KB) */
    unsigned flags;    /* HTTP_ROUTE_* */
    http_handler_fn *handler;
    void *ctx;
};

enum {
    HTTP_ROUTE_CORS =
        1, /* Access-Control-* on replies when the request has an Origin; preflight answered 204 */
    HTTP_ROUTE_GZIP = 2, /* fixed replies over 1 KB are gzipped when the client accepts it and no
                            Content-Encoding is set */
    /*
     * The handler is called as soon as the body is known to be longer than HTTP_EARLY_BYTES, so
     * that a stranger can be turned away before it is read, and a form can be sent on while it
     * comes. body_whole is then false and body what has come so far (which stays where it is); of
     * a body that is compressed, or whose length was not announced, it is empty until the end.
     * on_body follows, each time that there is more and at the end. A reply before the end is one
     * at once, not in pieces, and the last on its connection.
     */
    HTTP_ROUTE_EARLY = 4,
};

enum { HTTP_EARLY_BYTES = 256 * 1024 };

struct http_req {
    struct arena arena;
    struct loop *loop;
    enum http_method method;
    struct str method_name, target, path,
        query; /* target as sent; path not decoded; query without '?' */
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    size_t body_length; /* as announced, of a body that comes as it is; 0: not known */
    bool body_whole;
    bool body_refused; /* it will not become whole: http_reply_refusal() is all that can be said */
    struct str
        client_ip; /* peer, or by X-Forwarded-For / X-Real-IP when the peer is a trusted proxy */
    struct str peer_ip;
    struct str request_id;
    struct log_ctx log;
    uint64_t started_us; /* clock_mono_us() when the first byte came */
    const struct http_route *route;
    struct str params[4]; /* values of the pattern's parameters, in order, percent-decoded */
    /* Set by the handler: */
    void *user; /* the handler's own */
    /* HTTP_ROUTE_EARLY: more of the body is there, or all of it, or it was refused. */
    void (*on_body)(struct http_req *r);
    void (*on_gone)(struct http_req *r); /* the client left before the reply was complete; called
                                            once, then never again */
    void (*on_drain)(
        struct http_req *r); /* http_reply_write() said false; now there is room again */
    struct http_conn *conn;  /* private */
};

struct str http_req_header(const struct http_req *r,
                           struct str name); /* trimmed, STR_NULL when absent */

/* The whole reply at once. Content-Length, Connection, Date and the request id are added; `headers`
 * holds the others. All is copied or sent before it returns. Body of HEAD requests is left out. */
void http_reply(struct http_req *q, int status, const struct http_header *headers, size_t n,
                struct str body);
/* The same with a body in slices. */
void http_reply_slices(struct http_req *q, int status, const struct http_header *headers, size_t n,
                       const struct str *body, size_t body_n);

/* The server's own reply to a body that is not taken (body_refused), in the dialect of the path. */
void http_reply_refusal(struct http_req *q);

/* A reply in pieces: chunked (or until close for HTTP/1.0). The head goes out with the first piece.
 */
void http_reply_start(struct http_req *q, int status, const struct http_header *headers, size_t n);
/* Bytes of the body, sent or copied before it returns. False: more than the high-water mark (64 KB)
 * waits, stop producing until on_drain. */
bool http_reply_write(struct http_req *q, const struct str *slices, size_t n);
void http_reply_end(struct http_req *q);
/* Cuts the connection so that the client sees that the reply is not complete. Also before
 * http_reply_start(). */
void http_reply_abort(struct http_req *q);
bool http_req_gone(const struct http_req *r);

struct http_server_conf {
    size_t header_limit;        /* bytes of a head; 0 = 32 KB */
    uint64_t header_timeout_ms; /* a started head must be complete; 0 = 15 s */
    uint64_t body_timeout_ms;   /* without progress (of 512 bytes); also for a reply that the client
                                   does not take; 0 = 30 s */
    uint64_t idle_timeout_ms;   /* between requests; 0 = 75 s */
    bool
        trust_proxy_headers; /* from private peers: X-Forwarded-For and X-Real-IP name the client */
    /* Finds the route of a request (router_find). */
    const struct http_route *(*find_route)(void *ctx, struct http_req *r, int *status);
    void *route_ctx;
    /* Writes a server-made error (400, 404, 408, 413, 431, 405) as a body in the right dialect for
     * the path; NULL = plain text. `message` is English text for people. Returns the body in the
     * arena, sets *content_type. */
    struct str (*error_body)(void *ctx, struct arena *a, const struct http_req *r_or_null,
                             int status, const char *message, struct str *content_type);
    void *error_ctx;
};

/* Listens on all of: address:port on this loop. */
MUST_CHECK enum err_code http_server_open(struct loop *l, const struct http_server_conf *conf,
                                          const char *address, uint16_t port,
                                          struct http_server **out, struct err *err);
uint16_t http_server_port(const struct http_server *s);
/* No new connections; idle ones are closed, busy ones after their reply, all of them after
 * `limit_ms`. Then freed with the loop. */
void http_server_close(struct http_server *s, uint64_t limit_ms);
/* Requests whose reply is not complete. Any thread. */
size_t http_server_open_requests(const struct http_server *s);

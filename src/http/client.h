/*
 * client - HTTP/1.1 to upstreams: one client a loop with its own pools, DNS cache and TLS sessions.
 *
 * A call is started with everything it needs and answers through its handler: on_head once, on_body
 * as bytes come, then exactly one of on_end and on_fail (no on_fail after on_end).
 * http_call_cancel() ends it at any time without further callbacks. No callback comes inside
 * http_call_start(). A kept-alive connection that dies before any byte of the reply came is
 * replaced once by a fresh one, unseen. Redirects are not followed. Replies with Content-Encoding
 * are passed on as they are (we send Accept-Encoding: identity unless the headers say otherwise).
 *
 * A call may ask for a WebSocket: when the upstream agrees, on_websocket comes and the call is
 * over; any other reply with an error status comes like that of every call.
 */
#pragma once
#include "base/arena.h"
#include "base/secret.h"
#include "http/message.h"
#include "http/url.h"
#include "net/dns.h"
#include "net/loop.h"
#include "net/tls.h"

struct http_client;
struct http_call;
struct wsock;

struct http_call_conf { /* everything is borrowed and must live until the call is over */
    enum http_method method;
    struct http_url url;
    /* Host, Accept-Encoding and (from the URL's userinfo) Authorization are added where they are
     * not among them. What says where the request ends or what becomes of the connection is ours:
     * Content-Length, Transfer-Encoding, Connection, Upgrade, Expect and their kin are left out. */
    const struct http_header *headers;
    size_t header_count;
    const struct str *body; /* slices */
    size_t body_count;
    /* Of a body that is still coming: how long it will be, the slices included; http_call_write()
     * brings the rest. Such a call has a connection of its own, for it cannot be sent again. 0: the
     * slices are all of it. */
    size_t body_length;
    /* "http://u:p@h:p", "https://..", "socks5://..", "socks5h://.."; empty: direct */
    struct str proxy;
    /* 0 stands for 10 s, 300 s, 300 s, and no limit. */
    uint64_t connect_timeout_ms; /* name, TCP, proxy and TLS together */
    uint64_t
        first_byte_timeout_ms; /* from the request's last byte to the end of the reply's head */
    uint64_t idle_timeout_ms;  /* between pieces of the body */
    uint64_t total_timeout_ms; /* of a body that is still coming: from its last byte on */
    size_t head_limit;         /* 0: 64 KB */
    /* Asks for a WebSocket, on a connection of its own; the method is GET, there is no body. */
    bool websocket;
    struct str websocket_protocols; /* "a, b": value of Sec-WebSocket-Protocol; empty: none */
    struct str websocket_key;       /* private */
};

struct http_reply_head {
    int status;
    const struct http_header *headers; /* valid until the call is over */
    size_t header_count;
    int64_t content_length; /* -1: not given */
};

struct http_call_handler { /* static table */
    void (*on_head)(void *ctx, const struct http_reply_head *head);
    void (*on_body)(void *ctx, struct str bytes); /* bytes hold during the call only */
    void (*on_end)(void *ctx);                    /* the reply was complete as HTTP tells it */
    /* ERR_BAD_REQUEST (cannot be sent as it is), ERR_CONNECT (also its time-out), ERR_UNAVAILABLE
     * (too many names wait to be resolved, or the process has no file descriptor left), ERR_TLS,
     * ERR_UPSTREAM_TIMEOUT, ERR_UPSTREAM_CUT (died without a reply or in the middle of it),
     * ERR_UPSTREAM_BODY (not HTTP). The text holds no address. */
    void (*on_fail)(void *ctx, const struct err *err);
    /* There is room for more of a body that is still coming (http_call_has_room). NULL where there
     * is none. */
    void (*on_room)(void *ctx);
    /* Instead of all others, when http_call_conf.websocket is set. The wsock is the callee's, who
     * sets a handler at once (http/wsock.h). The call is gone when this has returned. */
    void (*on_websocket)(void *ctx, const struct http_reply_head *head, struct wsock *ws);
};

struct http_client_conf {
    size_t max_idle_per_origin; /* 0 = 100 */
    size_t max_idle;            /* of all origins together; 0 = no limit */
    uint64_t idle_ms;           /* how long a kept-alive connection waits; 0 = 90 s */
    struct tls_conf tls;
};

MUST_CHECK enum err_code http_client_new(struct loop *l, struct offload *o,
                                         const struct http_client_conf *conf,
                                         struct http_client **out, struct err *err);
/* Cancels what runs (without callbacks), closes what idles. Not from inside a callback of a call.
 */
void http_client_free(struct http_client *c);
/* The client's name cache, for others on its loop. */
struct dns *http_client_dns(struct http_client *c);

/* `arena` keeps what the reply's head needs; usually the request's. */
struct http_call *http_call_start(struct http_client *c, struct arena *a,
                                  const struct http_call_conf *conf,
                                  const struct http_call_handler *h, void *ctx);
/* Ends it; no callback comes after, its connection is closed. A call is gone when its on_end or
 * on_fail has returned, or http_call_cancel() has; cancelling inside of these two does nothing. */
void http_call_cancel(struct http_call *call);
/* May more of a body that is still coming be written? Not before the connection is up, nor while
 * bytes wait to be sent, nor when the upstream has answered already or the body is whole. */
bool http_call_has_room(const struct http_call *call);
/* More of the body: sent or copied before it returns; there is room. Not more than is missing. */
void http_call_write(struct http_call *call, struct str bytes);
/* Back-pressure: after it nothing is read, and neither on_body nor on_end comes, until resumed;
 * never from inside http_call_resume(). The idle time-out stands still meanwhile. */
void http_call_pause(struct http_call *call);
void http_call_resume(struct http_call *call);
/* Was the connection a kept-alive one? For traces. */
bool http_call_reused(const struct http_call *call);

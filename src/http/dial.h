/*
 * dial - brings up the byte stream to an upstream: name, TCP (each address in its order until one
 * answers), proxy, TLS; all within one time-out. Loop thread only.
 */
#pragma once
#include "base/arena.h"
#include "http/proxy.h"
#include "net/dns.h"
#include "net/sock.h"

struct dial;

struct dial_conf { /* borrowed until the dial is over */
    struct loop *loop;
    struct dns *dns;
    struct tls_ctx *tls;
    struct arena *arena; /* for what is said to a proxy */
    struct str host;
    uint16_t port;
    bool use_tls;
    bool tunnel; /* through an http proxy also without TLS: what follows is not plain HTTP */
    struct http_proxy proxy;
    uint64_t timeout_ms;
    /* One of them comes once, never inside dial_start(); the dial is gone then. `s` belongs to the
     * callee, who sets a handler at once. Failures: ERR_CONNECT, ERR_TLS, ERR_UNAVAILABLE. */
    void (*on_ready)(void *ctx, struct sock *s);
    void (*on_fail)(void *ctx, const struct err *err);
    void *ctx;
};

struct dial *dial_start(const struct dial_conf *conf);
void dial_cancel(struct dial *d); /* no callback comes after */

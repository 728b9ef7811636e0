/*
 * redis_dial - brings up the byte stream to one server: name, TCP (each address in its order until
 * one answers), TLS. Loop thread only.
 */
#pragma once
#include "net/dns.h"
#include "net/sock.h"

struct redis_dial;

struct redis_dial_conf { /* copied; what it points at is borrowed until the dial is over */
    struct loop *loop;
    struct dns *dns;
    struct tls_ctx *tls; /* NULL: plain */
    struct str host;
    uint16_t port;
    uint64_t timeout_ms; /* shared out to the addresses of the name; the end of the last is up to
                            the owner */
    /* One of them comes once, never inside redis_dial_start(); the dial is gone then. `s` belongs
     * to the callee, who sets a handler at once. Failures: ERR_CONNECT, ERR_TLS, ERR_UNAVAILABLE.
     */
    void (*on_ready)(void *ctx, struct sock *s);
    void (*on_fail)(void *ctx, const struct err *err);
    void *ctx;
};

struct redis_dial *redis_dial_start(const struct redis_dial_conf *conf);
void redis_dial_cancel(struct redis_dial *d); /* no callback comes after; NULL is allowed */

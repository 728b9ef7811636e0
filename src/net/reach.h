/*
 * reach - a TCP connection to a name: it is looked up, and its addresses are tried in their order
 * until one answers. Loop thread only.
 */
#pragma once
#include "net/dns.h"
#include "net/sock.h"

struct reach;

struct reach_conf {
    struct loop *loop;
    struct dns *dns;
    struct str host; /* borrowed until it is over */
    uint16_t port;
    uint64_t timeout_ms; /* shared out to the addresses; the end of the last is up to the owner */
    /* One of them comes once, never inside reach_start(); the reach is over then and may be freed
     * inside. `s` belongs to the callee, who sets a handler at once. */
    void (*on_reached)(struct reach *r, struct sock *s);
    void (*on_failed)(struct reach *r, const struct err *err); /* what the last one said */
};

struct reach { /* in the owner's storage; private */
    struct reach_conf conf;
    struct dns_query query;
    struct dns_address addresses[DNS_ADDRESSES_MAX];
    size_t count, next; /* addresses[next - 1] is tried */
    uint64_t due_ms;
    struct loop_timer attempt;
    struct sock *sock;
};

void reach_start(struct reach *r, const struct reach_conf *conf);
void reach_cancel(struct reach *r); /* no callback comes after; safe on a zeroed or ended one */

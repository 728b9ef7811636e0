/*
 * dns - names to addresses, on the offload pool (getaddrinfo), with a cache a loop: answers are
 * kept 60 s, failures 2 s, and one question is asked once however many wait for it. Literal
 * addresses and "localhost" in /etc/hosts need no special care of the caller. Loop thread only.
 *
 * Errors are ERR_CONNECT (no such name, no answer) or ERR_UNAVAILABLE (the pool's queue is full)
 * and do not repeat the name.
 */
#pragma once
#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"
#include "net/loop.h"
#include "net/offload.h"

struct dns;

enum { DNS_ADDRESSES_MAX = 16 }; /* of one name; more are ignored */

struct dns_address {
    struct sockaddr_storage addr; /* port set */
    socklen_t len;
};

struct dns_query { /* embedded in the owner, zeroed before the first use; belongs to dns until fn is
                      called or dns_cancel() */
    struct list link;
    /* Never called inside dns_resolve(). Addresses in the order to try, valid during the call;
     * count 0: `err` tells why. */
    void (*fn)(struct dns_query *q, const struct dns_address *addresses, size_t count,
               const struct err *err);
    struct loop_task task;
    uint16_t port;
    void *entry;
};

struct dns *dns_new(struct loop *l, struct offload *o);
/* Every query must have been answered or cancelled. Questions on their way to the system end by
 * themselves. */
void dns_free(struct dns *d);
/* `host` is copied. q->fn must be set. */
void dns_resolve(struct dns *d, struct dns_query *q, struct str host, uint16_t port);
void dns_cancel(struct dns_query *q); /* also when it is idle */

/* Asks the system for a name: fills at most `cap` addresses (ports unset), says how many; 0 with
 * *temporary (the server did not answer) or without (no such name). Runs on a pool thread. */
typedef size_t dns_lookup_fn(const char *name, struct dns_address *out, size_t cap,
                             bool *temporary);
/* Another source than getaddrinfo, for tests. */
void dns_set_lookup(struct dns *d, dns_lookup_fn *lookup);

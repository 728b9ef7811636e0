/*
 * dns - names to addresses, on the offload pool (getaddrinfo), with a cache a loop: answers are
 * kept 60 s, failures 2 s, and one question is asked once however many wait for it. Literal
 * addresses and "localhost" in /etc/hosts need no special care of the caller. Loop thread only.
 */
#pragma once
#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"
#include "net/loop.h"
#include "net/offload.h"

struct dns;

struct dns_address {
    struct sockaddr_storage addr; /* port set */
    socklen_t len;
};

struct dns_query { /* embedded in the owner; belongs to dns until fn is called or dns_cancel() */
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
void dns_free(struct dns *d);
void dns_resolve(struct dns *d, struct dns_query *q, struct str host, uint16_t port);
void dns_cancel(struct dns_query *q);

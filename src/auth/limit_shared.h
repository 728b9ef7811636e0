/*
 * limit_shared - the limit of limit.h over all nodes: the times of a client's last N admitted
 * requests, in Redis and by its clock. An address stands there as its HMAC with CRYPTO_SECRET.
 *
 * Plain value; any thread that may block.
 */
#pragma once
#include "base/secret.h"
#include "base/str.h"

struct redis;

struct limit_shared {
    struct redis *redis; /* NULL: everything is admitted */
    struct secret secret;
    const char *name;        /* of the limit; part of the entries' names */
    int64_t count, window_s; /* one of them 0: everything is admitted */
    uint64_t patience_ms;    /* after which Redis does not answer; 0: half a second */
};

/* Admits (and counts) or refuses a request of the address. True also when Redis does not answer:
 * then the limit of each node holds. */
bool limit_shared_allow(const struct limit_shared *l, struct str ip);

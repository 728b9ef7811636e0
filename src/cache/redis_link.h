/*
 * redis_link - keeps one connection to the master up: finds it (the first of the list that is a
 * master, or whom the Sentinels name), logs in, and begins anew when it breaks, with growing
 * pauses. What is said on it is the owner's. Loop thread only.
 */
#pragma once
#include "base/clock.h"
#include "cache/redis_conf.h"
#include "cache/redis_wire.h"
#include "net/dns.h"
#include "net/tls.h"
#include "obs/metrics.h"

struct redis_settings { /* copied; what it points at outlives the client */
    struct loop *loop;
    struct dns *dns;
    struct tls_ctx *tls; /* needed when server->tls */
    const struct redis_conf *server;
    struct metrics *metrics;   /* may be NULL */
    const struct clock *clock; /* NULL: the system's */
    /* 0 takes the value in brackets. */
    uint64_t connect_ms;     /* for each server: name, TCP, TLS, login [3000] */
    uint64_t call_ms;        /* until a reply is there [1000] */
    uint64_t ping_ms;        /* silence after which the server is asked whether it lives [5000] */
    uint64_t retry_first_ms; /* pause after a failed attempt, doubled with each further [50] */
    uint64_t retry_max_ms;   /* [5000] */
    size_t calls_max;        /* calls under way and waiting [10000] */
    size_t bytes_max;        /* of commands that the kernel has not taken yet [8 MB] */
    bool quiet;              /* ups and downs are not logged: another client of the program does */
};
struct redis_settings redis_settings_fill(const struct redis_settings *given);

struct redis_link;

/* Never called inside a function of this file. */
struct redis_link_handler {
    void (*on_up)(void *ctx);
    void (*on_value)(void *ctx, const struct redis_value *v); /* `v` holds during the call */
    /* The connection has ended, or an attempt to get one has failed. `soon`: the next attempt
     * begins at once, otherwise after a pause. */
    void (*on_down)(void *ctx, const struct err *err, bool soon);
};

struct redis_link *redis_link_new(const struct redis_settings *settings,
                                  const struct redis_link_handler *handler, void *ctx);
/* Not from inside a callback of the link. */
void redis_link_free(struct redis_link *l);

bool redis_link_up(const struct redis_link *l);
/* Sends at the end of the turn; nothing when the link is not up. */
void redis_link_write(struct redis_link *l, const struct str *slices, size_t n);
size_t redis_link_queued(const struct redis_link *l);    /* bytes not yet taken by the kernel */
uint64_t redis_link_read_ms(const struct redis_link *l); /* loop_now_ms() of the last bytes */
/* "host:port" of the server in use or tried last; never with a login. Holds until the next attempt.
 */
const char *redis_link_server(const struct redis_link *l);
/* The owner finds that the connection is no good: on_down comes at the end of the turn. */
void redis_link_drop(struct redis_link *l, const char *why);

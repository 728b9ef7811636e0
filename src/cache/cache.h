/*
 * cache - what nodes that share a database tell each other at once: which credential has changed,
 * that channels or options have. A thread with a loop, a client and a subscription of its own; its
 * client also serves the threads that are no loops (redis_ask()). Without Redis it does nothing,
 * and nodes see changes of others when they read the database the next time.
 *
 * A message names what has changed and by which node, never a value and never a key. Nothing is
 * lost silently: when messages may have been missed, or could not be sent, everything counts as
 * changed. Threads: any, but for open and close.
 */
#pragma once
#include "cache/redis.h"

struct cache;
struct offload;
struct tls_trust;

#define CACHE_CHANGE_MAP(X)                                                                        \
    X(ALL, "all") /* any of the others may be */                                                   \
    X(CONFIG, "config")                                                                            \
    X(TOKEN, "token")                                                                              \
    X(USER, "user")                                                                                \
    X(NEW_KEY, "new-key") /* a key that was unknown until now; which one is not told */

enum cache_change_kind {
#define X(name, word) CACHE_CHANGE_##name,
    CACHE_CHANGE_MAP(X)
#undef X
};

struct cache_change {
    enum cache_change_kind kind;
    int64_t id; /* of the token or user, else 0 */
};

struct cache_conf {
    const struct redis_conf *redis; /* NULL: no Redis; borrowed, as all of this */
    struct offload *offload;        /* resolves names; may be stopped before the cache */
    struct tls_trust *trust;
    struct metrics *metrics; /* may be NULL */
    /* Another node has changed this. On the cache's thread: must not block. */
    void (*on_change)(void *ctx, struct cache_change change);
    void *ctx;
    uint64_t retry_max_ms; /* between two tries to connect; 0: redis_settings' */
};

/* Does not wait for Redis to answer. */
MUST_CHECK enum err_code cache_open(const struct cache_conf *conf, struct cache **out,
                                    struct err *err);
/* Ends the thread; no callback any more. NULL is allowed. */
void cache_close(struct cache *c);

/* Tells the other nodes; returns at once. After the change was committed. */
void cache_publish(struct cache *c, struct cache_change change);
/* True: changes of others are heard as they happen. */
bool cache_live(struct cache *c);
/* For threads that are no loops; lives as long as the cache. NULL: no Redis. */
struct redis *cache_redis(struct cache *c);

/* Settings of a client on the loop; `*tls` is made when the server wants it, and is the caller's to
 * free after the client. */
MUST_CHECK enum err_code cache_client_settings(const struct redis_conf *server, struct loop *loop,
                                               struct dns *dns, struct tls_trust *trust,
                                               struct redis_settings *out, struct tls_ctx **tls,
                                               struct err *err);

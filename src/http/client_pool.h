/*
 * client_pool - kept-alive connections of one loop, by origin (scheme, host, port, proxy). The last
 * one used is the next one taken, so that the others may grow old and go. An idle connection reads,
 * so that an end or unexpected bytes are seen at once, and owns no buffer. Loop thread only.
 */
#pragma once
#include "base/list.h"
#include "base/map.h"
#include "net/sock.h"

struct client_pool { /* plain storage of the client; private */
    struct loop *loop;
    size_t max_idle;
    uint64_t idle_ms;
    struct map origins;
    struct list spare; /* closed connections' structs */
    size_t spare_count;
};

struct origin { /* counted: its connections and the calls under way */
    struct client_pool *pool;
    struct list idle; /* last used first */
    size_t idle_count;
    unsigned refs;
    size_t key_bytes;
    char key[];
};

struct conn { /* one connection; either idle in its origin or owned by a call */
    struct sock *sock;
    struct origin *origin;
    struct list link;
    struct loop_timer timer;
};

void client_pool_init(struct client_pool *p, struct loop *l, size_t max_idle, uint64_t idle_ms);
/* Closes what idles; no origin may be held by a call. */
void client_pool_close(struct client_pool *p);
/* The same, and frees what is left. */
void client_pool_fini(struct client_pool *p);

/* The origin of a key, which is copied; made when it is not there. */
struct origin *origin_get(struct client_pool *p, struct str key);
void origin_put(struct origin *o);

/* An idle connection, or NULL. The caller sets its own handler at once. */
struct conn *conn_take(struct origin *o);
/* A connection of this origin around a fresh stream. */
struct conn *conn_new(struct origin *o, struct sock *s);
/* Back into the pool; closed instead when the origin has enough. */
void conn_give(struct conn *c);
void conn_close(struct conn *c);

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
    size_t max_idle_per_origin, max_idle;
    uint64_t idle_ms;
    struct map origins;
    struct list idle; /* of all origins, last used first */
    size_t idle_count;
    struct list spare; /* closed connections' structs */
    size_t spare_count;
};

struct client_origin { /* counted: its connections and the calls under way */
    struct client_pool *pool;
    struct list idle; /* last used first */
    size_t idle_count;
    unsigned refs;
    size_t key_bytes;
    char key[];
};

struct client_conn { /* one connection; either idle in its origin or owned by a call */
    struct sock *sock;
    struct client_origin *origin;
    struct list link;    /* in the origin's list, or among the spare */
    struct list in_pool; /* in the pool's list, while idle */
    struct loop_timer timer;
};

/* `max_idle` of all origins together; 0: no limit. */
void client_pool_init(struct client_pool *p, struct loop *l, size_t max_idle_per_origin,
                      size_t max_idle, uint64_t idle_ms);
/* Closes what idles; no origin may be held by a call. */
void client_pool_close(struct client_pool *p);
/* The same, and frees what is left. */
void client_pool_fini(struct client_pool *p);

/* The origin of a key, which is copied; made when it is not there. */
struct client_origin *client_origin_get(struct client_pool *p, struct str key);
void client_origin_put(struct client_origin *o);

/* An idle connection, or NULL. The caller sets its own handler at once. */
struct client_conn *client_conn_take(struct client_origin *o);
/* A connection of this origin around a fresh stream. */
struct client_conn *client_conn_new(struct client_origin *o, struct sock *s);
/* Back into the pool; closed instead when the origin has enough. When the pool has, the one that
 * was not used for longest is closed. */
void client_conn_give(struct client_conn *c);
void client_conn_close(struct client_conn *c);
/* Its stream, which is the caller's from now on. */
struct sock *client_conn_leave(struct client_conn *c);

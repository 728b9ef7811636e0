/*
 * node - this program as one of several on a database: its row among the others (heart-beat), and
 * the leases that say what it alone does.
 *
 * A lease is renewed while it is held, and ends by itself when the node dies. Whether it is held is
 * judged more strictly here than in the database, so that a node which cannot reach the database
 * stops before another begins. Functions block, unless they say otherwise, and are called by one
 * thread.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "cache/cache.h"
#include "store/db.h"

struct node;

enum node_job { NODE_JOB_CHANNEL_TEST, NODE_JOBS };

struct node_conf { /* strings are copied */
    struct db *db;
    struct cache *cache;
    struct str name;    /* NODE_NAME; empty: host name and port */
    struct str version; /* as the console shows it */
    uint16_t port;
    bool slave;
    size_t (*open_requests)(void *ctx); /* that are being served now */
    void *ctx;
};

struct node *node_new(const struct node_conf *conf);
void node_free(struct node *n); /* NULL is allowed */
struct str node_name(const struct node *n);

/* Says that we are here, with the figures of our load; learns of the others. Failures are logged
 * once. */
void node_beat(struct node *n);
/* Were others seen lately? Any thread; does not block. */
bool node_has_others(const struct node *n);
/* At the end: others see that we have gone, and may take what we held. */
void node_leave(struct node *n);

/* Takes the lease of the job or renews it; false: another node has it, or nobody knows. */
bool node_claim(struct node *n, enum node_job job);
/* Any thread; does not block. */
bool node_holds(const struct node *n, enum node_job job);
/* What a lease and its job are called. */
const char *node_job_name(enum node_job job);

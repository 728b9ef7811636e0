/*
 * sync - keeps what this node has in memory in step with what others change in the database.
 *
 * With Redis a change is heard of as it happens; without, or when it cannot be heard of, everything
 * is read again from time to time (SYNC_FREQUENCY). Threads: any.
 */
#pragma once
#include "app/publisher.h"
#include "auth/apikey.h"

struct sync;

struct sync_conf { /* all outlive the sync */
    struct publisher *publisher;
    struct apikeys *apikeys;
    struct cache *cache;
    struct offload *offload;
};

struct sync *sync_new(void);
void sync_free(struct sync *s); /* after the pool and the cache have ended; NULL is allowed */
/* From now on changes are followed; what was heard before counts as well. Once. */
void sync_start(struct sync *s, const struct sync_conf *conf);
/* For cache_conf: ctx is the sync. Does not block. */
void sync_on_change(void *ctx, struct cache_change change);
/* Reads everything again that nobody has told us of; blocks. `others`: other nodes, or other
 * programs, work on the database. */
void sync_turn(struct sync *s, bool others);

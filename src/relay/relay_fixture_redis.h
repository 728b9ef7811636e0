/*
 * relay_fixture_redis - the fixture's balances in Redis: private to relay_fixture. The parts come
 * to life with the fixture's and end behind them. A failure ends the program, as in the fixture.
 */
#pragma once
#include "cache/redis_conf.h"
#include "ledger/balance_shared.h"
#include "relay/relay.h"

struct fixture_redis { /* all zero: balances are not shared */
    struct redis_conf conf;
    struct redis *redis;
    struct shared_balances *shared;
    struct shared_member *member;
};

/* Before the ledger, which is told r->shared. */
void fixture_redis_open(struct fixture_redis *r, struct arena *a, uint16_t port,
                        struct balances *balances, struct db *db, struct offload *offload);
/* On the loop's client, before the loop runs. The journal is the loop's. */
void fixture_redis_join(struct fixture_redis *r, struct relay_loop *rl, struct loop *loop,
                        struct dns *dns, uint64_t journal_id);
/* Does the loop reserve in Redis? */
bool fixture_redis_is_live(const struct fixture_redis *r);
/* After the loop has ended; behind the ledger's end. */
void fixture_redis_leave(struct fixture_redis *r);
/* What is left, after all who change balances. */
void fixture_redis_free(struct fixture_redis *r);

/* Waits until everything is told, and nothing is reserved for an account ('u' or 't'); what Redis
 * takes the database to hold for it. Not on the loop. */
int64_t fixture_redis_settled(struct fixture_redis *r, struct arena *a, char kind, int64_t id);

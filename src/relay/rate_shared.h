/*
 * rate_shared - the limits of rate.h over all nodes, in Redis and by its clock. A request under way
 * counts as a success from its beginning on, until it has failed. One whose node died under way
 * counts until the window has passed it.
 *
 * Loop thread only.
 */
#pragma once
#include "cache/redis.h"
#include "relay/rate.h"

/* Kept as long as the clients. */
struct rate_scripts {
    struct redis_script enter, leave;
    uint64_t patience_ms; /* after which Redis does not answer; half a second at first */
};
void rate_scripts_init(struct rate_scripts *s);

/* Of one request; zeroed. In memory that stays until rate_shared_leave(). */
struct rate_shared {
    enum { RATE_SHARED_IDLE, RATE_SHARED_ASKING, RATE_SHARED_ANSWERED, RATE_SHARED_AWAY } state;
    enum rate_verdict verdict; /* when ANSWERED */
    /* private: */
    const struct rate_scripts *scripts;
    struct redis *redis;
    struct redis_call call;
    void (*done)(struct rate_shared *s);
    int64_t user_id, window_ms;
    bool counts; /* among the successes; must leave */
    char member[17];
};

/* Then `done` is called once, never inside: ANSWERED, or AWAY when Redis does not answer. */
void rate_shared_enter(struct rate_shared *s, const struct rate_scripts *scripts,
                       struct redis *redis, int64_t user_id, const struct rate_limits *limits,
                       void (*done)(struct rate_shared *s));
/* Ends it; `done` does not come any more. Does nothing the second time. */
void rate_shared_leave(struct rate_shared *s, bool success);

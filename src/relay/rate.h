/*
 * rate - how many model requests a user may make in a sliding window (relay reference 5, memory
 * mode): one limit for all of them, one for those that succeed.
 *
 * Where the original counts every request against the limit of successes, only successes count
 * here, and requests under way as if they will succeed, so that many at once cannot pass the limit.
 * A refused request counts nowhere. A window is watched in 60 parts: never are more requests
 * admitted in it than the limit says, and one is forgotten at most a 60th of it late. Memory of a
 * user is constant. Any thread; the lock is a leaf.
 */
#pragma once
#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rate;

struct rate_limits {
    int64_t window_us;
    int64_t total;   /* 0: no limit */
    int64_t success; /* 0: no limit */
};

enum rate_verdict { RATE_ADMITTED, RATE_TOO_MANY_SUCCESSES, RATE_TOO_MANY };

struct rate *rate_new(void);
void rate_free(struct rate *r);
/* Admits a request, which is then ended by one rate_leave(), or refuses it. A time before the last
 * one counts as the last one. Other limits of a user apply at once; another window begins empty. */
MUST_CHECK enum rate_verdict rate_enter(struct rate *r, int64_t user_id,
                                        const struct rate_limits *limits, int64_t now_us);
void rate_leave(struct rate *r, int64_t user_id, bool success, int64_t now_us);
/* Users that are remembered; for tests. */
size_t rate_users(struct rate *r);

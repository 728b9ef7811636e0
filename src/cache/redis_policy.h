/*
 * redis_policy - may the server throw keys away when its memory is full? What several nodes count
 * together (balances, limits) must not vanish: `maxmemory-policy` is to be noeviction. The question
 * is asked each time the server is reached, and another answer is a warning in the log. A server
 * that does not answer it (those who rent them out forbid CONFIG) is trusted.
 *
 * Threads: the loop's of the client that asks.
 */
#pragma once
#include "cache/redis.h"

struct redis_policy { /* zeroed at first; lives as long as the client */
    struct redis_call call;
    bool asking;
};

void redis_policy_ask(struct redis_policy *p, struct redis *r);
/* The policy that an answer to CONFIG GET tells; STR_NULL: none. */
struct str redis_policy_read(const struct redis_value *reply);

#include "cache/redis_policy.h"

#include "base/log.h"

struct str redis_policy_read(const struct redis_value *reply)
{
    if (!reply || reply->kind != REDIS_ARRAY || reply->count != 2 ||
        !redis_value_is(&reply->items[0], STR("maxmemory-policy")))
        return STR_NULL;
    return reply->items[1].kind == REDIS_STRING ? reply->items[1].s : STR_NULL;
}

static void on_policy(struct redis_call *call, const struct redis_value *reply,
                      const struct err *err UNUSED)
{
    struct redis_policy *p = container_of(call, struct redis_policy, call);
    struct str policy = redis_policy_read(reply);

    p->asking = false;
    if (policy.n == 0 || str_eq(policy, STR("noeviction")))
        return;
    log_warn(NULL, "redis.eviction",
             "policy=%.*s reason=\"Redis may throw away what nodes count together when its memory "
             "is full; set maxmemory-policy to noeviction\"",
             STR_ARG(policy));
}

void redis_policy_ask(struct redis_policy *p, struct redis *r)
{
    static const struct str argv[] = {STR_INIT("CONFIG"), STR_INIT("GET"),
                                      STR_INIT("maxmemory-policy")};

    if (p->asking)
        return;
    p->asking = true;
    p->call.done = on_policy;
    redis_call(r, argv, ARRAY_LEN(argv), &p->call);
}

#include "relay/relay_fixture_redis.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "cache/redis.h"

/* Redis may take all the time that it wants, and is told at the end. */
enum { CALL_MS = 600000, TELL_MS = 20000 };

static void die(const char *what, const char *why)
{
    fprintf(stderr, "relay_fixture: %s: %s\n", what, why);
    abort();
}

void fixture_redis_open(struct fixture_redis *r, struct arena *a, uint16_t port,
                        struct balances *balances, struct db *db, struct offload *offload)
{
    const struct shared_conf conf = {.balances = balances,
                                     .db = db,
                                     .offload = offload,
                                     .node = STR("node"),
                                     .warm_ms = 1,
                                     .call_ms = CALL_MS};
    struct err err = {0};

    if (redis_conf_read(a, arena_fmt(a, "127.0.0.1:%u", port), secret_make(STR_NULL), STR_NULL,
                        &r->conf, &err) != ERR_OK)
        die("Redis", err.msg);
    r->shared = shared_balances_new(&conf);
}

void fixture_redis_join(struct fixture_redis *r, struct relay_loop *rl, struct loop *loop,
                        struct dns *dns, uint64_t journal_id)
{
    const struct redis_settings settings = {.loop = loop,
                                            .dns = dns,
                                            .server = &r->conf,
                                            .call_ms = CALL_MS,
                                            .retry_first_ms = 10,
                                            .retry_max_ms = 50};

    if (!r->shared)
        return;
    r->redis = redis_new(&settings);
    r->member = shared_member_new(r->shared, loop, r->redis, journal_id);
    relay_loop_share(rl, r->member);
}

bool fixture_redis_is_live(const struct fixture_redis *r)
{
    struct shared_balances_state state;

    shared_balances_status(r->shared, &state);
    return state.live > 0;
}

void fixture_redis_leave(struct fixture_redis *r)
{
    redis_free(r->redis);
    shared_member_free(r->member);
}

void fixture_redis_free(struct fixture_redis *r)
{
    shared_balances_free(r->shared);
}

static int64_t field(struct fixture_redis *r, struct arena *a, struct str key, const char *name)
{
    const struct str argv[] = {STR("HGET"), key, str_from(name)};
    const struct redis_command cmd = {.argv = argv, .argc = ARRAY_LEN(argv)};
    struct redis_value v;
    struct err err = {0};
    int64_t n = 0;

    if (redis_ask(r->redis, &cmd, 0, a, &v, NULL, &err) != ERR_OK)
        die("Redis", err.msg);
    if (v.kind == REDIS_INT)
        return v.i;
    if (v.kind != REDIS_STRING || !str_to_i64(v.s, &n))
        die(key.p, "is not known to Redis");
    return n;
}

int64_t fixture_redis_settled(struct fixture_redis *r, struct arena *a, char kind, int64_t id)
{
    struct str key = arena_fmt(a, "yourapi:balance:%c:%lld", kind, (long long)id);

    if (!shared_balances_drain(r->shared, TELL_MS))
        die("Redis", "was not told in time");
    while (field(r, a, key, "t") != 0) /* what was released is on its way */
        sched_yield();
    return field(r, a, key, "base");
}

/*
 * Two entries a user: a list of the times of all requests that were admitted, latest first and no
 * longer than the limit; and a sorted set of those that have succeeded or may still, by time.
 */
#include "relay/rate_shared.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/random.h"

enum { NUMBER_BYTES = 24, KEY_BYTES = 64 };

/* Servers before 5 must be told that what they repeat elsewhere are the effects, because the time
 * is read. */
#define NOW                                                                                        \
    "if redis.replicate_commands then redis.replicate_commands() end "                             \
    "local t = redis.call('TIME') "                                                                \
    "local now = t[1] * 1000 + math.floor(t[2] / 1000) "                                           \
    "local window = tonumber(ARGV[1]) "

/* KEYS: list, set; ARGV: window in ms, limits of all and of successes, name of the request. */
#define ENTER                                                                                      \
    NOW "local total, success = tonumber(ARGV[2]), tonumber(ARGV[3]) "                             \
        "if success > 0 then "                                                                     \
        "redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - window) "                           \
        "if redis.call('ZCARD', KEYS[2]) >= success then return 1 end "                            \
        "end "                                                                                     \
        "if total > 0 then "                                                                       \
        "local oldest = redis.call('LINDEX', KEYS[1], total - 1) "                                 \
        "if oldest and now - oldest < window then return 2 end "                                   \
        "redis.call('LPUSH', KEYS[1], now) "                                                       \
        "redis.call('LTRIM', KEYS[1], 0, total - 1) "                                              \
        "redis.call('PEXPIRE', KEYS[1], window) "                                                  \
        "end "                                                                                     \
        "if success > 0 then "                                                                     \
        "redis.call('ZADD', KEYS[2], now, ARGV[4]) "                                               \
        "redis.call('PEXPIRE', KEYS[2], window) "                                                  \
        "end "                                                                                     \
        "return 0"

/* KEYS: set; ARGV: window in ms, name of the request, 1 for a success. */
#define LEAVE                                                                                      \
    NOW "if ARGV[3] == '0' then return redis.call('ZREM', KEYS[1], ARGV[2]) end "                  \
        "redis.call('ZADD', KEYS[1], now, ARGV[2]) "                                               \
        "redis.call('PEXPIRE', KEYS[1], window) "                                                  \
        "return 1"

_Static_assert(RATE_ADMITTED == 0 && RATE_TOO_MANY_SUCCESSES == 1 && RATE_TOO_MANY == 2,
               "the script returns them");

void rate_scripts_init(struct rate_scripts *s)
{
    redis_script_init(&s->enter, STR(ENTER));
    redis_script_init(&s->leave, STR(LEAVE));
    s->patience_ms = REDIS_REQUEST_MS;
}

static struct str number(char buf[NUMBER_BYTES], int64_t value)
{
    return str_make(buf, (size_t)snprintf(buf, NUMBER_BYTES, "%" PRId64, value));
}

static struct str key(char buf[KEY_BYTES], int64_t user_id, const char *what)
{
    return str_make(
        buf, (size_t)snprintf(buf, KEY_BYTES, "yourapi:rate:{%" PRId64 "}:%s", user_id, what));
}

static void on_entered(struct redis_call *call, const struct redis_value *reply,
                       const struct err *err UNUSED)
{
    struct rate_shared *s = container_of(call, struct rate_shared, call);
    bool ok = reply && reply->i >= RATE_ADMITTED && reply->i <= RATE_TOO_MANY;

    s->state = ok ? RATE_SHARED_ANSWERED : RATE_SHARED_AWAY;
    s->verdict = ok ? (enum rate_verdict)reply->i : RATE_ADMITTED;
    if (ok && s->verdict != RATE_ADMITTED)
        s->counts = false;
    s->done(s);
}

void rate_shared_enter(struct rate_shared *s, const struct rate_scripts *scripts,
                       struct redis *redis, int64_t user_id, const struct rate_limits *limits,
                       void (*done)(struct rate_shared *s))
{
    char list[KEY_BYTES], set[KEY_BYTES], window[NUMBER_BYTES], total[NUMBER_BYTES],
        success[NUMBER_BYTES];

    *s = (struct rate_shared){.state = RATE_SHARED_ASKING,
                              .scripts = scripts,
                              .redis = redis,
                              .done = done,
                              .user_id = user_id,
                              .window_ms = limits->window_us / 1000,
                              .counts = limits->success > 0};
    snprintf(s->member, sizeof s->member, "%016" PRIx64, random_u64());
    s->call.done = on_entered;
    s->call.timeout_ms = scripts->patience_ms;
    const struct str argv[] = {key(list, user_id, "all"),        key(set, user_id, "ok"),
                               number(window, s->window_ms),     number(total, limits->total),
                               number(success, limits->success), str_from(s->member)};
    const struct redis_command cmd = {
        .script = &scripts->enter, .keys = 2, .argv = argv, .argc = ARRAY_LEN(argv)};
    redis_start(redis, &cmd, &s->call);
}

static void on_left(struct redis_call *call, const struct redis_value *reply UNUSED,
                    const struct err *err UNUSED)
{
    mem_free(call);
}

/* The request's memory ends with it, so the call has its own. */
void rate_shared_leave(struct rate_shared *s, bool success)
{
    char set[KEY_BYTES], window[NUMBER_BYTES];
    struct redis_call *call;

    if (s->state == RATE_SHARED_ASKING)
        redis_cancel(&s->call); /* it may have been carried out */
    s->state = RATE_SHARED_AWAY;
    if (!s->counts)
        return;
    s->counts = false;
    call = mem_new(struct redis_call);
    call->done = on_left;
    const struct str argv[] = {key(set, s->user_id, "ok"), number(window, s->window_ms),
                               str_from(s->member), success ? STR("1") : STR("0")};
    const struct redis_command cmd = {
        .script = &s->scripts->leave, .keys = 1, .argv = argv, .argc = ARRAY_LEN(argv)};
    redis_start(s->redis, &cmd, call);
}

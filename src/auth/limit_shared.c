#include "auth/limit_shared.h"

#include "auth/limit.h"
#include "base/crypto.h"
#include "base/text.h"
#include "cache/redis.h"

/* KEYS: the list, latest time first; ARGV: N, window in ms. Servers before 5 must be told that what
 * they repeat elsewhere are the effects, because the time is read. */
#define SCRIPT                                                                                     \
    "if redis.replicate_commands then redis.replicate_commands() end "                             \
    "local t = redis.call('TIME') "                                                                \
    "local now = t[1] * 1000 + math.floor(t[2] / 1000) "                                           \
    "local n, window = tonumber(ARGV[1]), tonumber(ARGV[2]) "                                      \
    "local oldest = redis.call('LINDEX', KEYS[1], n - 1) "                                         \
    "if oldest and now - oldest < window then return 0 end "                                       \
    "redis.call('LPUSH', KEYS[1], now) "                                                           \
    "redis.call('LTRIM', KEYS[1], 0, n - 1) "                                                      \
    "redis.call('PEXPIRE', KEYS[1], window) "                                                      \
    "return 1"

static struct str key_of(const struct limit_shared *l, struct arena *a, struct str ip)
{
    char client[LIMIT_CLIENT_BYTES];
    size_t n = limit_client(ip, client);
    struct str text = arena_fmt(a, "limit:%.*s", STR_ARG(hex_encode(a, str_make(client, n))));

    return arena_fmt(a, "yourapi:limit:%s:%.*s", l->name,
                     STR_ARG(hmac_sha256_hex(a, secret_reveal(l->secret), text)));
}

/* True: admitted, or nobody knows. */
static bool ask(const struct limit_shared *l, struct str ip)
{
    CLEANUP(arena_finip) struct arena a;
    struct redis_value reply;
    struct redis_script script;
    struct err err;

    arena_init(&a, 0);
    redis_script_init(&script, STR(SCRIPT));
    const struct str argv[] = {key_of(l, &a, ip), arena_fmt(&a, "%lld", (long long)l->count),
                               arena_fmt(&a, "%lld", (long long)l->window_s * 1000)};
    const struct redis_command cmd = {
        .script = &script, .keys = 1, .argv = argv, .argc = ARRAY_LEN(argv)};
    const uint64_t patience_ms = l->patience_ms > 0 ? l->patience_ms : REDIS_REQUEST_MS;
    return redis_ask(l->redis, &cmd, patience_ms, &a, &reply, NULL, &err) != ERR_OK || reply.i != 0;
}

bool limit_shared_allow(const struct limit_shared *l, struct str ip)
{
    return !l->redis || l->count <= 0 || l->window_s <= 0 || ask(l, ip);
}

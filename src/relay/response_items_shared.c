#include "relay/response_items_shared.h"

#include <inttypes.h>

#include "base/crypto.h"
#include "base/mem.h"

_Static_assert(RESPONSE_ITEMS_BATCH *RESPONSE_ITEM_SHARED_MAX < REDIS_REPLY_BYTES_MAX,
               "the reply to a batch is not too long");

static struct str key_of(struct arena *a, struct secret secret, int64_t user_id, struct str id)
{
    struct str text = arena_fmt(a, "response-item:%" PRId64 ":%.*s", user_id, STR_ARG(id));

    return arena_fmt(a, "yourapi:item:%.*s",
                     STR_ARG(hmac_sha256_hex(a, secret_reveal(secret), text)));
}

static void on_shared(struct redis_call *call, const struct redis_value *reply UNUSED,
                      const struct err *err UNUSED)
{
    mem_free(call);
}

void response_items_share(struct redis *redis, struct secret secret, int64_t user_id, struct str id,
                          struct str json, int64_t life_s)
{
    CLEANUP(arena_finip) struct arena a;
    struct redis_call *call;

    arena_init(&a, 0);
    if (json.n > RESPONSE_ITEM_SHARED_MAX)
        return;
    const struct str argv[] = {STR("SET"), key_of(&a, secret, user_id, id), json, STR("EX"),
                               arena_fmt(&a, "%" PRId64, life_s)};
    call = mem_new(struct redis_call);
    call->done = on_shared;
    call->timeout_ms = REDIS_REQUEST_MS;
    redis_call(redis, argv, ARRAY_LEN(argv), call);
}

static void on_answer(struct redis_call *call, const struct redis_value *reply,
                      const struct err *err UNUSED)
{
    struct response_items_ask *ask = container_of(call, struct response_items_ask, call);
    struct str json[RESPONSE_ITEMS_BATCH] = {STR_NULL};

    if (!reply || reply->kind != REDIS_ARRAY || reply->count != ask->n) {
        ask->done(ask, NULL);
        return;
    }
    for (size_t i = 0; i < ask->n; i++) {
        if (reply->items[i].kind == REDIS_STRING)
            json[i] = reply->items[i].s;
    }
    ask->done(ask, json);
}

void response_items_ask(struct response_items_ask *ask, struct redis *redis, struct secret secret,
                        int64_t user_id, const struct str *ids, size_t n)
{
    CLEANUP(arena_finip) struct arena a;
    struct str argv[1 + RESPONSE_ITEMS_BATCH] = {STR("MGET")};

    assert(n > 0 && n <= RESPONSE_ITEMS_BATCH);
    arena_init(&a, 0);
    for (size_t i = 0; i < n; i++)
        argv[1 + i] = key_of(&a, secret, user_id, ids[i]);
    ask->n = n;
    ask->call.done = on_answer;
    ask->call.timeout_ms = ask->patience_ms > 0 ? ask->patience_ms : REDIS_REQUEST_MS;
    redis_call(redis, argv, 1 + n, &ask->call);
}

/*
 * response_items_shared - the items of response_items.h in Redis, so that each node finds what
 * another one has written. An item stands there under an HMAC of its user and id, and is gone when
 * its time is over. Small ones only: a node's other calls wait behind it on the connection.
 *
 * Loop thread only.
 */
#pragma once
#include "base/secret.h"
#include "cache/redis.h"

enum {
    RESPONSE_ITEM_SHARED_MAX = 128 * 1024, /* of an item in bytes */
    RESPONSE_ITEMS_BATCH = 64,             /* that are asked for at once */
};

/* What an item costs there, by an estimate. */
static inline size_t response_items_shared_bytes(struct str json)
{
    enum { KEY_BYTES = 256 };

    return json.n + KEY_BYTES;
}

/* `secret` is the same on all nodes. Copies; whether it came there nobody learns. */
void response_items_share(struct redis *redis, struct secret secret, int64_t user_id, struct str id,
                          struct str json, int64_t life_s);

/* A question for a batch, zeroed; in memory that stays until `done` or redis_cancel(&ask->call). */
struct response_items_ask {
    /* Once, never inside: `json` has a text for each id, empty where there is no such item; the
     * texts hold during the call. NULL: Redis does not answer. */
    void (*done)(struct response_items_ask *ask, const struct str *json);
    uint64_t patience_ms; /* after which Redis does not answer; 0: half a second */
    size_t n;
    struct redis_call call; /* private */
};
/* `n` is 1 to RESPONSE_ITEMS_BATCH. */
void response_items_ask(struct response_items_ask *ask, struct redis *redis, struct secret secret,
                        int64_t user_id, const struct str *ids, size_t n);

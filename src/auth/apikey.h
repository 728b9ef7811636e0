/*
 * apikey - from the API key in a request to who is calling: a cache of credentials in memory,
 * filled from the database on a miss.
 *
 * A hit is one hash probe on the loop; a miss is a job on the offload pool. Unknown keys are
 * remembered for 10 s (bounded), so that guessing costs no SQL. A credential is immutable and
 * counted; a change of its token or user makes it stale and the next request loads anew. Entries
 * older than `refresh_s` are still used while they are loaded again behind the scenes; with the
 * database away they go on being used. Threads: any; the table is sharded.
 */
#pragma once
#include <stdatomic.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/secret.h"
#include "cache/cache.h"
#include "model/account.h"
#include "net/offload.h"

struct apikeys;
struct db;

/* Who is calling. The strings live as long as the credential. */
struct credential {
    struct user user;        /* without password and access token */
    struct token token;      /* key included: it is the map's key */
    bool accept_unset_ratio; /* of users.setting: accept_unset_model_ratio_model */
    bool record_ip;          /* of users.setting: record_ip_log */
    void *attached;          /* the owner's (balances); made by conf.attach, ended by conf.detach */
    _Atomic bool stale;      /* something changed: look up again */
    /* private: */
    struct arena arena;
    struct apikeys *keys;
    struct list link; /* the shard's order of use, oldest first */
    _Atomic int refs;
    int64_t loaded_at_s;
    int64_t refresh_at_s; /* when to load again; under the shard's lock */
    bool doubtful;        /* must be read again before it is used; under the shard's lock */
};

struct first_password;

struct apikeys_conf {
    struct db *db;
    struct offload *offload;
    const struct clock *clock;
    struct first_password *first_password; /* lives longer than this */
    int64_t refresh_s;                     /* SYNC_FREQUENCY */
    /* INITIAL_ROOT_TOKEN, with or without "sk-"; may be empty. The one key of a root account with
     * its first password that is let in: the operator gave it on purpose. */
    struct secret initial_root_token;
    struct cache *cache; /* tells other nodes what is forgotten; NULL: there are none */
    /* Called on the pool thread for a new credential, and when its last reference goes (any
     * thread). May be NULL. */
    enum err_code (*attach)(void *ctx, struct credential *c, struct err *err);
    void (*detach)(void *ctx, struct credential *c);
    void *ctx;
};

struct apikeys *apikeys_new(const struct apikeys_conf *conf); /* strings of conf are copied */
/* When no loop uses it any more; waits for loads that run behind the scenes. References that are
 * still held must be put before. */
void apikeys_free(struct apikeys *k);

/* The 48 characters as presented, `key` (borrowed). */
struct credential *
apikey_find(struct apikeys *k, struct str key,
            bool *unknown); /* a reference, or NULL; *unknown: known not to exist */

/* After a miss: loads on the pool, then calls done on the loop with a reference, or NULL and `err`
 * (ERR_UNAUTHORIZED: no such key, or its owner is gone; ERR_FORBIDDEN: the owner has to change the
 * first password before; ERR_UNAVAILABLE: the database does not answer). `lookup` is the caller's
 * storage until done. Fails at once, without done, with ERR_UNAVAILABLE when the pool's queue is
 * full and with ERR_UNAUTHORIZED for what cannot be a key. */
struct apikey_lookup {
    struct offload_job job;
    void (*done)(struct apikey_lookup *lookup, struct credential *c, const struct err *err);
    struct apikeys *keys;
    char key[TOKEN_KEY_CHARS + 16];
    size_t key_n;
    struct credential *result;
    struct err err;
    void *user;
};
MUST_CHECK enum err_code apikey_load(struct apikeys *k, struct apikey_lookup *lookup,
                                     struct loop *loop, struct str key, struct err *err);

struct credential *credential_get(struct credential *c);
void credential_put(struct credential *c); /* NULL is allowed */
void credential_put_defer(void *c);        /* for arena_defer() */

/* After the change was committed; other nodes are told. Any thread. */
void apikeys_forget_token(struct apikeys *k, int64_t token_id);
void apikeys_forget_user(struct apikeys *k, int64_t user_id);
void apikeys_forget_key(struct apikeys *k,
                        struct str key); /* a new key that may have been asked for before */
/* The same for what another node has committed. CACHE_CHANGE_ALL, or when nobody knows what others
 * have changed: all credentials are doubtful from now on. CACHE_CHANGE_CONFIG is not ours. */
void apikeys_follow(struct apikeys *k, struct cache_change change);

/*
 * Finds the key in a request's headers (relay reference 3.1): Authorization, x-api-key,
 * x-goog-api-key, the query's key, mj-api-secret, Sec-WebSocket-Protocol. Strips "Bearer ", "sk-"
 * and splits "-CHANNELID". *channel is 0 when none was named, -1 when it is not a number. False:
 * there is no key (*key is empty). `key` holds as long as the request.
 */
struct http_req;
bool apikey_from_request(struct http_req *r, struct str *key, int64_t *channel);

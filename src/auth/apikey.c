/*
 * The table is cut into shards, each with its own lock, so that loops seldom meet. A shard holds
 * credentials by key, in the order of their use (the oldest leaves when the shard is full), and the
 * keys that are known not to exist.
 *
 * A load reads the database without a lock, so a change may be committed and announced while it
 * runs. `generation` counts the announcements: what was read before one is handed to its caller,
 * but not kept.
 */
#include "auth/apikey.h"

#include <pthread.h>

#include "auth/first_password.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/repo_token.h"
#include "store/repo_user.h"

enum {
    SHARDS = 16,
    SHARD_CREDENTIALS = 4096, /* some 3 KB each */
    SHARD_UNKNOWN = 512,
    UNKNOWN_S = 10,
    RETRY_S = 5, /* between two tries to load an old entry again */
    KEY_BYTES = sizeof((struct apikey_lookup *)NULL)->key,
};

/* A key that the database does not have. */
struct unknown {
    struct list link;
    int64_t until_s;
    size_t n;
    char key[KEY_BYTES];
};

struct shard {
    pthread_mutex_t lock; /* leaf lock */
    struct map by_key;    /* -> struct credential, one reference each */
    struct list order;    /* of credentials, least lately used first */
    struct map unknown;   /* -> struct unknown */
    struct list unknown_order;
};

struct apikeys {
    struct apikeys_conf conf;
    struct arena arena; /* of the copied conf */
    struct shard shards[SHARDS];
    _Atomic uint64_t generation;
    pthread_mutex_t lock; /* of what is below */
    pthread_cond_t idle;
    unsigned refreshes; /* loads behind the scenes that are under way */
    _Atomic bool told;  /* that the last of them failed */
};

/* A load behind the scenes. */
struct refresh {
    struct offload_job job;
    struct apikeys *keys;
    size_t n;
    char key[KEY_BYTES];
};

static struct shard *shard_of(struct apikeys *k, struct str key)
{
    return &k->shards[(hash_bytes(key) >> 32) % SHARDS];
}

static int64_t now_s(const struct apikeys *k)
{
    return clock_now_s(k->conf.clock);
}

struct apikeys *apikeys_new(const struct apikeys_conf *conf)
{
    struct apikeys *k = mem_new(struct apikeys);

    k->conf = *conf;
    arena_init(&k->arena, 0);
    struct str given = secret_reveal(conf->initial_root_token);
    if (str_starts(given, STR("sk-")))
        given = str_skip(given, 3);
    k->conf.initial_root_token = secret_make(str_dup(&k->arena, given));
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&k->shards[i].lock, NULL);
        map_init(&k->shards[i].by_key);
        map_init(&k->shards[i].unknown);
        list_init(&k->shards[i].order);
        list_init(&k->shards[i].unknown_order);
    }
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->idle, NULL);
    return k;
}

/* Out of the table; its reference waits in `gone` for put_all(), because the owner's detach() must
 * not be called under the lock. */
static void drop_locked(struct shard *s, struct credential *c, struct list *gone)
{
    map_remove(&s->by_key, secret_reveal(c->token.key));
    list_remove(&c->link);
    list_push_back(gone, &c->link);
    atomic_store_explicit(&c->stale, true, memory_order_relaxed);
}

static void put_all(struct list *gone)
{
    struct list *link;

    while ((link = list_pop_front(gone)))
        credential_put(list_entry(link, struct credential, link));
}

static void drop_unknown_locked(struct shard *s, struct unknown *u)
{
    map_remove(&s->unknown, str_make(u->key, u->n));
    list_remove(&u->link);
    mem_free(u);
}

static void shard_fini(struct shard *s)
{
    put_all(&s->order);
    while (!list_empty(&s->unknown_order))
        drop_unknown_locked(s, list_entry(s->unknown_order.next, struct unknown, link));
    map_fini(&s->by_key);
    map_fini(&s->unknown);
    pthread_mutex_destroy(&s->lock);
}

void apikeys_free(struct apikeys *k)
{
    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    while (k->refreshes > 0)
        pthread_cond_wait(&k->idle, &k->lock);
    pthread_mutex_unlock(&k->lock);
    for (size_t i = 0; i < SHARDS; i++)
        shard_fini(&k->shards[i]);
    pthread_cond_destroy(&k->idle);
    pthread_mutex_destroy(&k->lock);
    arena_fini(&k->arena);
    mem_free(k);
}

struct credential *credential_get(struct credential *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void credential_put(struct credential *c)
{
    struct arena arena;

    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (c->attached && c->keys->conf.detach)
        c->keys->conf.detach(c->keys->conf.ctx, c);
    arena = c->arena;
    mem_free(c);
    arena_fini(&arena);
}

void credential_put_defer(void *c)
{
    credential_put(c);
}

/* ---- reading the database ---- */

static void read_setting(struct str setting, struct credential *c)
{
    static const struct str keys[] = {STR_INIT("accept_unset_model_ratio_model"),
                                      STR_INIT("record_ip_log")};
    struct str values[ARRAY_LEN(keys)];

    if (setting.n == 0 || json_find_members(setting, keys, values, ARRAY_LEN(keys), NULL) != ERR_OK)
        return;
    c->accept_unset_ratio = str_eq(values[0], STR("true"));
    c->record_ip = str_eq(values[1], STR("true"));
}

static enum err_code read_rows(struct apikeys *k, struct str key, struct credential *c,
                               struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct token *token = NULL;
    struct user *user = NULL;

    TRY(db_acquire(k->conf.db, DB_READ, &conn, err));
    TRY(repo_token_find_by_key(conn, &c->arena, secret_make(key), &token, err));
    if (!token)
        return err_set(err, ERR_UNAUTHORIZED, "no such API key");
    TRY(repo_user_find(conn, &c->arena, token->user_id, REPO_LIVE, &user, err));
    if (!user)
        return err_set(err, ERR_UNAUTHORIZED, "the owner of the API key is gone");
    c->token = *token;
    c->user = *user;
    return ERR_OK;
}

static enum err_code check_first_password(struct apikeys *k, struct str key, struct credential *c,
                                          struct err *err)
{
    bool given = !secret_empty(k->conf.initial_root_token) &&
                 str_eq(key, secret_reveal(k->conf.initial_root_token));
    bool first = !given && first_password_is(k->conf.first_password, &c->user);

    c->user.password = secret_make(STR_NULL);
    c->user.access_token = secret_make(STR_NULL);
    if (first)
        return err_set(err, ERR_FORBIDDEN,
                       "the owner of this API key must change the first password before");
    return ERR_OK;
}

static enum err_code read_credential(struct apikeys *k, struct str key, struct credential *c,
                                     struct err *err)
{
    TRY(read_rows(k, key, c, err));
    TRY(check_first_password(k, key, c, err));
    read_setting(c->user.setting, c);
    c->loaded_at_s = now_s(k);
    c->refresh_at_s = c->loaded_at_s + (k->conf.refresh_s > 0 ? k->conf.refresh_s : 1);
    return k->conf.attach ? k->conf.attach(k->conf.ctx, c, err) : ERR_OK;
}

/* ---- keeping what was read ---- */

static void keep(struct apikeys *k, struct str key, struct credential *c, uint64_t generation)
{
    struct shard *s = shard_of(k, key);
    struct credential *old;
    struct unknown *u;
    struct list gone;

    list_init(&gone);
    pthread_mutex_lock(&s->lock);
    if (atomic_load(&k->generation) != generation) {
        atomic_store_explicit(&c->stale, true, memory_order_relaxed);
        pthread_mutex_unlock(&s->lock);
        return;
    }
    if ((old = map_find(&s->by_key, key)))
        drop_locked(s, old, &gone);
    if ((u = map_find(&s->unknown, key)))
        drop_unknown_locked(s, u);
    if (s->by_key.count >= SHARD_CREDENTIALS)
        drop_locked(s, list_entry(s->order.next, struct credential, link), &gone);
    map_put(&s->by_key, secret_reveal(c->token.key), credential_get(c));
    list_push_back(&s->order, &c->link);
    pthread_mutex_unlock(&s->lock);
    put_all(&gone);
}

/* The database says that the key does not exist, or may not be used now: what is kept of it goes.
 */
static void keep_refusal(struct apikeys *k, struct str key, bool unknown, uint64_t generation)
{
    struct shard *s = shard_of(k, key);
    struct credential *old;
    struct unknown *u;
    struct list gone;

    list_init(&gone);
    pthread_mutex_lock(&s->lock);
    if (atomic_load(&k->generation) == generation) {
        if ((old = map_find(&s->by_key, key)))
            drop_locked(s, old, &gone);
        if ((u = map_find(&s->unknown, key)))
            drop_unknown_locked(s, u);
        if (unknown) {
            if (s->unknown.count >= SHARD_UNKNOWN)
                drop_unknown_locked(s, list_entry(s->unknown_order.next, struct unknown, link));
            u = mem_new(struct unknown);
            u->until_s = now_s(k) + UNKNOWN_S;
            u->n = key.n;
            memcpy(u->key, key.p, key.n);
            map_put(&s->unknown, str_make(u->key, u->n), u);
            list_push_back(&s->unknown_order, &u->link);
        }
    }
    pthread_mutex_unlock(&s->lock);
    put_all(&gone);
}

/* With the database away what is doubtful is better than nothing, for a while. NULL: not kept. */
static struct credential *find_doubtful(struct apikeys *k, struct str key)
{
    struct shard *s = shard_of(k, key);
    struct credential *c;

    pthread_mutex_lock(&s->lock);
    c = map_find(&s->by_key, key);
    if (c) {
        credential_get(c);
        c->doubtful = false;
        c->refresh_at_s = now_s(k) + RETRY_S;
    }
    pthread_mutex_unlock(&s->lock);
    return c;
}

/* One reference in *out; pool thread. */
static enum err_code load(struct apikeys *k, struct str key, struct credential **out,
                          struct err *err)
{
    uint64_t generation = atomic_load(&k->generation);
    struct credential *c = mem_new(struct credential);
    enum err_code rc;

    *out = NULL;
    arena_init(&c->arena, 0);
    c->keys = k;
    atomic_init(&c->refs, 1);
    rc = read_credential(k, key, c, err);
    if (rc == ERR_OK) {
        keep(k, key, c, generation);
        *out = c;
        return ERR_OK;
    }
    credential_put(c);
    if (rc == ERR_UNAUTHORIZED || rc == ERR_FORBIDDEN) {
        keep_refusal(k, key, rc == ERR_UNAUTHORIZED, generation);
        return rc;
    }
    return err_set(err, ERR_UNAVAILABLE, "the database does not answer");
}

/* The same, and where the database is away what is kept of the key. */
static enum err_code load_or_kept(struct apikeys *k, struct str key, struct credential **out,
                                  struct err *err)
{
    enum err_code rc = load(k, key, out, err);

    if (rc == ERR_UNAVAILABLE && (*out = find_doubtful(k, key)))
        rc = ERR_OK;
    return rc;
}

/* ---- loading again behind the scenes ---- */

static void refresh_work(struct offload_job *job)
{
    struct refresh *r = container_of(job, struct refresh, job);
    struct credential *c;
    struct err err = {.code = ERR_OK};
    bool failed = load(r->keys, str_make(r->key, r->n), &c, &err) == ERR_UNAVAILABLE;

    /* Once, not for each of thousands of keys. */
    if (atomic_exchange(&r->keys->told, failed) != failed && failed)
        log_warn(NULL, "apikey.refresh_failed", "error=\"%s\"", err.msg);
    credential_put(c);
}

static void refresh_done(struct offload_job *job)
{
    struct refresh *r = container_of(job, struct refresh, job);
    struct apikeys *k = r->keys;

    mem_free(r);
    pthread_mutex_lock(&k->lock);
    k->refreshes--;
    if (k->refreshes == 0)
        pthread_cond_broadcast(&k->idle);
    pthread_mutex_unlock(&k->lock);
}

static void refresh(struct apikeys *k, struct str key)
{
    struct refresh *r = mem_new(struct refresh);

    r->job.work = refresh_work;
    r->job.done = refresh_done;
    r->keys = k;
    r->n = key.n;
    memcpy(r->key, key.p, key.n);
    pthread_mutex_lock(&k->lock);
    k->refreshes++;
    pthread_mutex_unlock(&k->lock);
    if (offload_submit(k->conf.offload, &r->job, NULL) != ERR_OK)
        refresh_done(&r->job); /* the next request after RETRY_S tries again */
}

/* ---- what the loops call ---- */

static bool is_unknown_locked(struct shard *s, struct str key, int64_t now)
{
    struct unknown *u = map_find(&s->unknown, key);

    if (u && u->until_s <= now) {
        drop_unknown_locked(s, u);
        u = NULL;
    }
    return u != NULL;
}

struct credential *apikey_find(struct apikeys *k, struct str key, bool *unknown)
{
    struct shard *s = shard_of(k, key);
    int64_t now = now_s(k);
    struct credential *c;
    bool old = false;

    *unknown = key.n == 0 || key.n > KEY_BYTES;
    if (*unknown)
        return NULL;
    pthread_mutex_lock(&s->lock);
    c = map_find(&s->by_key, key);
    if (c && c->doubtful) {
        c = NULL;
    } else if (c) {
        credential_get(c);
        list_remove(&c->link);
        list_push_back(&s->order, &c->link);
        old = c->refresh_at_s <= now;
        if (old)
            c->refresh_at_s = now + RETRY_S;
    } else {
        *unknown = is_unknown_locked(s, key, now);
    }
    pthread_mutex_unlock(&s->lock);
    if (old)
        refresh(k, key);
    return c;
}

static void lookup_work(struct offload_job *job)
{
    struct apikey_lookup *l = container_of(job, struct apikey_lookup, job);
    struct str key = str_make(l->key, l->key_n);
    bool unknown;

    /* Many requests may miss the same key at once: the first of them has loaded it by now. */
    l->result = apikey_find(l->keys, key, &unknown);
    if (l->result)
        return;
    if (unknown)
        l->err.code = err_set(&l->err, ERR_UNAUTHORIZED, "no such API key");
    else
        l->err.code = load_or_kept(l->keys, key, &l->result, &l->err);
}

static void lookup_done(struct offload_job *job)
{
    struct apikey_lookup *l = container_of(job, struct apikey_lookup, job);
    struct err err = l->err; /* `l` may be gone when done() returns */

    l->done(l, l->result, &err);
}

enum err_code apikey_load(struct apikeys *k, struct apikey_lookup *lookup, struct loop *loop,
                          struct str key, struct err *err)
{
    if (key.n == 0 || key.n > KEY_BYTES)
        return err_set(err, ERR_UNAUTHORIZED, "no such API key");
    lookup->job = (struct offload_job){.loop = loop, .work = lookup_work, .done = lookup_done};
    lookup->keys = k;
    lookup->key_n = key.n;
    memcpy(lookup->key, key.p, key.n);
    lookup->result = NULL;
    lookup->err = (struct err){.code = ERR_OK};
    return offload_submit(k->conf.offload, &lookup->job, err);
}

/* ---- changes ---- */

static void forget(struct apikeys *k, bool (*of)(const struct credential *c, int64_t id),
                   int64_t id)
{
    struct list gone;

    list_init(&gone);
    atomic_fetch_add(&k->generation, 1);
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &k->shards[i];

        pthread_mutex_lock(&s->lock);
        LIST_FOR_EACH_SAFE (it, &s->order) {
            struct credential *c = list_entry(it, struct credential, link);

            if (of(c, id))
                drop_locked(s, c, &gone);
        }
        pthread_mutex_unlock(&s->lock);
    }
    put_all(&gone);
}

static bool of_token(const struct credential *c, int64_t id)
{
    return c->token.id == id;
}

static bool of_user(const struct credential *c, int64_t id)
{
    return c->user.id == id;
}

static void tell_others(struct apikeys *k, enum cache_change_kind kind, int64_t id)
{
    if (k->conf.cache)
        cache_publish(k->conf.cache, (struct cache_change){.kind = kind, .id = id});
}

void apikeys_forget_token(struct apikeys *k, int64_t token_id)
{
    forget(k, of_token, token_id);
    tell_others(k, CACHE_CHANGE_TOKEN, token_id);
}

void apikeys_forget_user(struct apikeys *k, int64_t user_id)
{
    forget(k, of_user, user_id);
    tell_others(k, CACHE_CHANGE_USER, user_id);
}

void apikeys_forget_key(struct apikeys *k, struct str key)
{
    struct shard *s = shard_of(k, key);
    struct unknown *u;

    atomic_fetch_add(&k->generation, 1);
    pthread_mutex_lock(&s->lock);
    if ((u = map_find(&s->unknown, key)))
        drop_unknown_locked(s, u);
    pthread_mutex_unlock(&s->lock);
    tell_others(k, CACHE_CHANGE_NEW_KEY, 0);
}

/* ---- changes by others ---- */

static void forget_unknown(struct apikeys *k, bool and_doubt_the_rest)
{
    atomic_fetch_add(&k->generation, 1);
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &k->shards[i];

        pthread_mutex_lock(&s->lock);
        while (!list_empty(&s->unknown_order))
            drop_unknown_locked(s, list_entry(s->unknown_order.next, struct unknown, link));
        if (and_doubt_the_rest) {
            LIST_FOR_EACH (it, &s->order)
                list_entry(it, struct credential, link)->doubtful = true;
        }
        pthread_mutex_unlock(&s->lock);
    }
}

void apikeys_follow(struct apikeys *k, struct cache_change change)
{
    switch (change.kind) {
    case CACHE_CHANGE_ALL:
        forget_unknown(k, true);
        break;
    case CACHE_CHANGE_CONFIG:
        break;
    case CACHE_CHANGE_TOKEN:
        forget(k, of_token, change.id);
        break;
    case CACHE_CHANGE_USER:
        forget(k, of_user, change.id);
        break;
    case CACHE_CHANGE_NEW_KEY:
        forget_unknown(k, false);
        break;
    }
}

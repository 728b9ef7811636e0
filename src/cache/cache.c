/*
 * A message is "NODE KIND ID". A node knows its own by its name, which is drawn at start, and skips
 * them. Messages of a kind that this version does not know count as CACHE_CHANGE_ALL.
 *
 * What could not be published is made good by one CACHE_CHANGE_ALL as soon as that can be: others
 * may have stayed connected while this node was not, and would not know that they missed something.
 */
#include "cache/cache.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/thread.h"
#include "cache/redis_policy.h"
#include "cache/redis_sub.h"

enum { NODE_CHARS = 16, MAKE_GOOD_MS = 200, MESSAGE_BYTES = 64 };

struct cache {
    struct cache_conf conf;
    char node[NODE_CHARS + 1];
    char channel[32];
    struct loop *loop;
    struct dns *dns;
    struct tls_ctx *tls;
    struct redis *redis;
    struct redis_sub *sub;
    struct redis_policy policy;
    pthread_t thread;
    bool started;
    _Atomic bool live, closing;
    struct loop_timer make_good; /* the loop's */
};

static const char *const words[] = {
#define X(name, word) [CACHE_CHANGE_##name] = (word),
    CACHE_CHANGE_MAP(X)
#undef X
};

/* ---- sending ---- */

struct publication {
    struct redis_call call;
    struct cache *cache;
};

static void on_make_good(struct loop_timer *timer)
{
    struct cache *c = container_of(timer, struct cache, make_good);

    cache_publish(c, (struct cache_change){.kind = CACHE_CHANGE_ALL});
}

static void on_published(struct redis_call *call, const struct redis_value *reply UNUSED,
                         const struct err *err)
{
    struct publication *p = container_of(call, struct publication, call);
    struct cache *c = p->cache;

    mem_free(p);
    if (err && !c->closing)
        loop_timer_set(c->loop, &c->make_good, MAKE_GOOD_MS, on_make_good);
}

void cache_publish(struct cache *c, struct cache_change change)
{
    char message[MESSAGE_BYTES];
    struct publication *p;
    struct str argv[3];

    if (!c->redis)
        return;
    int n =
        snprintf(message, sizeof message, "%s %s %" PRId64, c->node, words[change.kind], change.id);
    argv[0] = STR("PUBLISH");
    argv[1] = str_from(c->channel);
    argv[2] = str_make(message, (size_t)n);
    p = mem_new(struct publication);
    p->cache = c;
    p->call.done = on_published;
    if (redis_post(c->redis, &(struct redis_command){.argv = argv, .argc = 3}, &p->call, NULL) !=
        ERR_OK)
        mem_free(p); /* the program ends */
}

/* ---- hearing ---- */

static enum cache_change_kind kind_of(struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eq(word, str_from(words[i])))
            return (enum cache_change_kind)i;
    }
    return CACHE_CHANGE_ALL;
}

static void on_message(void *ctx, struct str channel UNUSED, struct str payload)
{
    struct cache *c = ctx;
    struct str id = payload, node = str_cut(&id, ' '), word = str_cut(&id, ' ');
    struct cache_change change = {.kind = kind_of(word)};

    if (str_eq(node, str_from(c->node)))
        return;
    if (!str_to_i64(id, &change.id))
        change.kind = CACHE_CHANGE_ALL;
    c->conf.on_change(c->conf.ctx, change);
}

static void on_live(void *ctx, bool live)
{
    struct cache *c = ctx;

    c->live = live;
    if (!live)
        return;
    redis_policy_ask(&c->policy, c->redis);
    c->conf.on_change(c->conf.ctx, (struct cache_change){.kind = CACHE_CHANGE_ALL});
}

static const struct redis_sub_handler sub_handler = {on_message, on_live};

/* ---- life ---- */

enum err_code cache_client_settings(const struct redis_conf *server, struct loop *loop,
                                    struct dns *dns, struct tls_trust *trust,
                                    struct redis_settings *out, struct tls_ctx **tls,
                                    struct err *err)
{
    const struct tls_conf conf = {.trust = trust};
    enum err_code rc = ERR_OK;

    *tls = NULL;
    if (server->tls)
        rc = tls_ctx_new(&conf, tls, err);
    *out = (struct redis_settings){.loop = loop, .dns = dns, .tls = *tls, .server = server};
    return rc;
}

static void *run(void *ctx)
{
    struct cache *c = ctx;

    thread_begin("cache", THREAD_BEHIND);
    loop_run(c->loop);
    return NULL;
}

static enum err_code start(struct cache *c, struct err *err)
{
    struct redis_settings settings;
    struct str channel;

    enum err_code rc = loop_new(&c->loop, err);

    if (rc != ERR_OK)
        return rc;
    c->dns = dns_new(c->loop, c->conf.offload);
    rc = cache_client_settings(c->conf.redis, c->loop, c->dns, c->conf.trust, &settings, &c->tls,
                               err);
    if (rc != ERR_OK)
        return rc;
    settings.metrics = c->conf.metrics;
    settings.retry_max_ms = c->conf.retry_max_ms;
    channel = str_make(c->channel, (size_t)snprintf(c->channel, sizeof c->channel,
                                                    "yourapi:changes:%" PRId64, c->conf.redis->db));
    c->redis = redis_new(&settings);
    c->sub = redis_sub_new(&settings, &channel, 1, &sub_handler, c);
    if (pthread_create(&c->thread, NULL, run, c) != 0)
        return err_set(err, ERR_INTERNAL, "cannot start a thread");
    c->started = true;
    return ERR_OK;
}

enum err_code cache_open(const struct cache_conf *conf, struct cache **out, struct err *err)
{
    struct cache *c = mem_new(struct cache);
    enum err_code rc = ERR_OK;

    c->conf = *conf;
    snprintf(c->node, sizeof c->node, "%016" PRIx64, random_u64());
    if (conf->redis)
        rc = start(c, err);
    *out = c;
    if (rc != ERR_OK) {
        cache_close(c);
        *out = NULL;
    }
    return rc;
}

void cache_close(struct cache *c)
{
    if (!c)
        return;
    c->closing = true;
    if (c->started) {
        loop_stop(c->loop);
        pthread_join(c->thread, NULL);
    }
    redis_sub_free(c->sub);
    redis_free(c->redis);
    if (c->dns)
        dns_free(c->dns);
    tls_ctx_free(c->tls);
    if (c->loop)
        loop_free(c->loop);
    mem_free(c);
}

bool cache_live(struct cache *c)
{
    return c->live;
}

struct redis *cache_redis(struct cache *c)
{
    return c->redis;
}

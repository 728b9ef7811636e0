/*
 * Reading channels and options blocks, so it is a job of the pool; however many changes come while
 * it runs, one more reading follows.
 */
#include "app/sync.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "base/mem.h"

struct sync {
    pthread_mutex_t lock; /* of what is below; a leaf */
    struct sync_conf conf;
    bool started, reading, again;
    _Atomic bool told; /* that the last reading failed */
    struct offload_job job;
};

struct sync *sync_new(void)
{
    struct sync *s = mem_new(struct sync);

    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void sync_free(struct sync *s)
{
    if (!s)
        return;
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

static bool reload(struct sync *s)
{
    struct err err = {.code = ERR_OK};
    enum err_code rc = publisher_reload(s->conf.publisher, &err);

    if (rc != ERR_OK && !atomic_load(&s->told))
        log_error(NULL, "sync.failed", "error=\"%s\": trying again until it works", err.msg);
    atomic_store(&s->told, rc != ERR_OK);
    return rc == ERR_OK;
}

static void submit(struct sync *s);

static void reload_work(struct offload_job *job)
{
    reload(container_of(job, struct sync, job));
}

/* The pool is done with the job: it may be given again. */
static void reload_done(struct offload_job *job)
{
    struct sync *s = container_of(job, struct sync, job);
    bool again;

    pthread_mutex_lock(&s->lock);
    again = s->again;
    s->again = false;
    s->reading = again;
    pthread_mutex_unlock(&s->lock);
    if (again)
        submit(s);
}

static void submit(struct sync *s)
{
    s->job = (struct offload_job){.work = reload_work, .done = reload_done};
    if (offload_submit(s->conf.offload, &s->job, NULL) == ERR_OK)
        return;
    log_error(NULL, "sync.skipped", "reason=\"the pool is full or has ended\"");
    pthread_mutex_lock(&s->lock);
    s->reading = s->again = false;
    pthread_mutex_unlock(&s->lock);
}

static void want_reload(struct sync *s)
{
    bool begin;

    pthread_mutex_lock(&s->lock);
    begin = !s->reading;
    s->again = !begin;
    s->reading = true;
    pthread_mutex_unlock(&s->lock);
    if (begin)
        submit(s);
}

void sync_on_change(void *ctx, struct cache_change change)
{
    struct sync *s = ctx;
    bool started;

    pthread_mutex_lock(&s->lock);
    started = s->started;
    pthread_mutex_unlock(&s->lock);
    if (!started)
        return; /* sync_start() reads everything */
    apikeys_follow(s->conf.apikeys, change);
    if (change.kind == CACHE_CHANGE_ALL || change.kind == CACHE_CHANGE_CONFIG)
        want_reload(s);
}

void sync_start(struct sync *s, const struct sync_conf *conf)
{
    pthread_mutex_lock(&s->lock);
    s->conf = *conf;
    s->started = true;
    pthread_mutex_unlock(&s->lock);
    if (cache_redis(conf->cache))
        sync_on_change(s, (struct cache_change){.kind = CACHE_CHANGE_ALL});
}

/* While the database is away credentials stay as they are: asking for each of them would only make
 * callers wait. */
void sync_turn(struct sync *s, bool others)
{
    if (reload(s) && others && !cache_live(s->conf.cache))
        apikeys_follow(s->conf.apikeys, (struct cache_change){.kind = CACHE_CHANGE_ALL});
}

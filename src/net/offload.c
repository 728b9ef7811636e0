/*
 * One queue under one lock: jobs are coarse (a database query, a password hash), so the lock is not
 * what a job costs.
 */
#include "net/offload.h"

#include <pthread.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"

struct offload {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct offload_job *first, **last; /* under lock */
    unsigned queued, limit;            /* under lock */
    bool ending;                       /* under lock */
    unsigned thread_count;             /* only the owner; 0 when it has stopped */
    pthread_t threads[];
};

static void on_done(struct loop_msg *msg)
{
    struct offload_job *job = container_of(msg, struct offload_job, msg);

    job->done(job);
}

/* Nothing of the job may be touched after its done() could run. */
static void run(struct offload_job *job)
{
    struct loop *loop = job->loop;
    void (*done)(struct offload_job *) = job->done;

    job->work(job);
    if (!done)
        return;
    if (!loop) {
        done(job);
        return;
    }
    job->msg.fn = on_done;
    loop_post(loop, &job->msg);
}

/* The next job, or NULL when the pool ends and everything is done. */
static struct offload_job *take(struct offload *o)
{
    struct offload_job *job;

    pthread_mutex_lock(&o->lock);
    while (!o->first && !o->ending)
        pthread_cond_wait(&o->filled, &o->lock);
    job = o->first;
    if (job) {
        o->first = job->next;
        if (!o->first)
            o->last = &o->first;
        o->queued--;
    }
    pthread_mutex_unlock(&o->lock);
    return job;
}

static void *serve(void *arg)
{
    struct offload *o = arg;

    thread_begin("offload", THREAD_BEHIND);
    for (struct offload_job *job; (job = take(o));)
        run(job);
    return NULL;
}

enum err_code offload_new(unsigned threads, unsigned queue_limit, struct offload **out,
                          struct err *err)
{
    struct offload *o = mem_zalloc(sizeof *o + threads * sizeof(pthread_t));

    *out = NULL;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->filled, NULL);
    o->last = &o->first;
    o->limit = queue_limit;
    while (o->thread_count < threads) {
        int rc = pthread_create(&o->threads[o->thread_count], NULL, serve, o);

        if (rc) {
            offload_free(o);
            return err_set(err, ERR_IO, "threads for blocking work: %s", strerror(rc));
        }
        o->thread_count++;
    }
    *out = o;
    return ERR_OK;
}

void offload_stop(struct offload *o)
{
    pthread_mutex_lock(&o->lock);
    o->ending = true;
    pthread_cond_broadcast(&o->filled);
    pthread_mutex_unlock(&o->lock);
    for (unsigned i = 0; i < o->thread_count; i++)
        pthread_join(o->threads[i], NULL);
    o->thread_count = 0;
}

void offload_free(struct offload *o)
{
    if (!o)
        return;
    offload_stop(o);
    pthread_cond_destroy(&o->filled);
    pthread_mutex_destroy(&o->lock);
    mem_free(o);
}

enum err_code offload_submit(struct offload *o, struct offload_job *job, struct err *err)
{
    bool full, ending;

    pthread_mutex_lock(&o->lock);
    ending = o->ending;
    full = o->queued >= o->limit;
    if (!full && !ending) {
        job->next = NULL;
        *o->last = job;
        o->last = &job->next;
        o->queued++;
        pthread_cond_signal(&o->filled);
    }
    pthread_mutex_unlock(&o->lock);
    if (ending)
        return err_set(err, ERR_UNAVAILABLE, "the program is stopping");
    if (full)
        return err_set(err, ERR_UNAVAILABLE, "too much work is waiting");
    return ERR_OK;
}

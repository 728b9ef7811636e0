#include "app/scheduler.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/wait.h"
#include "store/repo_meta.h"

enum { TURN_MS = 500, BEAT_MS = 10000, CLAIM_MS = 3000 };

struct timed { /* something that comes again and again */
    uint64_t period_ms, due_ms;
};

struct job {
    bool held;
    uint64_t due_ms; /* while it is held */
};

struct scheduler {
    struct scheduler_conf conf;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    struct timed sync, beat, claim;
    struct job jobs[NODE_JOBS];
};

static bool is_due(struct timed *t)
{
    uint64_t now = clock_mono_ms();

    if (now < t->due_ms)
        return false;
    t->due_ms = now + t->period_ms;
    return true;
}

/* ---- jobs ---- */

static struct str meta_key(struct arena *a, enum node_job job)
{
    return arena_fmt(a, "job_%s", node_job_name(job));
}

static enum err_code note_run(struct scheduler *s, enum node_job job, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    arena_init(&a, 0);
    TRY(db_acquire(s->conf.db, DB_WRITE, &c, err));
    return repo_meta_put_i64(c, meta_key(&a, job), clock_now_s(clock_system()), err);
}

static enum err_code find_last_run(struct scheduler *s, enum node_job job, int64_t *at_s,
                                   struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    arena_init(&a, 0);
    TRY(db_acquire(s->conf.db, DB_READ, &c, err));
    return repo_meta_find_i64(c, meta_key(&a, job), at_s, err);
}

/* The first period of a database begins now. A clock that was set back does not make it longer. */
static enum err_code plan(struct scheduler *s, enum node_job job, struct err *err)
{
    int64_t last_s = 0, now_s = clock_now_s(clock_system()), left_s, period_s;

    period_s = s->conf.jobs[job].period_s;
    TRY(find_last_run(s, job, &last_s, err));
    if (last_s == 0) {
        last_s = now_s;
        TRY(note_run(s, job, err));
    }
    left_s = last_s + period_s - now_s;
    if (left_s > period_s)
        left_s = period_s;
    s->jobs[job].due_ms = clock_mono_ms() + (uint64_t)(left_s > 0 ? left_s : 0) * 1000;
    return ERR_OK;
}

static void claim(struct scheduler *s, enum node_job job)
{
    struct err err = {.code = ERR_OK};
    bool held = node_claim(s->conf.node, job);

    if (held && !s->jobs[job].held && plan(s, job, &err) != ERR_OK) {
        log_warn(NULL, "job.not_planned", "job=%s error=\"%s\"", node_job_name(job), err.msg);
        held = false; /* the next claim tries again */
    }
    s->jobs[job].held = held;
}

static void run_job(struct scheduler *s, enum node_job job)
{
    struct err err = {.code = ERR_OK};
    struct job *j = &s->jobs[job];

    if (!j->held || clock_mono_ms() < j->due_ms || !node_holds(s->conf.node, job))
        return;
    /* Who cannot write it down must not run: another node may be about to take over. */
    if (note_run(s, job, &err) != ERR_OK) {
        log_warn(NULL, "job.not_run", "job=%s error=\"%s\"", node_job_name(job), err.msg);
        j->held = false;
        return;
    }
    j->due_ms = clock_mono_ms() + (uint64_t)s->conf.jobs[job].period_s * 1000;
    log_info(NULL, "job.run", "job=%s", node_job_name(job));
    s->conf.jobs[job].run(s->conf.ctx);
}

static void turn_jobs(struct scheduler *s)
{
    bool claims = is_due(&s->claim);

    for (int i = 0; i < NODE_JOBS; i++) {
        if (s->conf.jobs[i].period_s == 0)
            continue;
        if (claims)
            claim(s, (enum node_job)i);
        run_job(s, (enum node_job)i);
    }
}

/* ---- the thread ---- */

static void turn(struct scheduler *s)
{
    if (is_due(&s->beat))
        node_beat(s->conf.node);
    turn_jobs(s);
    if (is_due(&s->sync))
        sync_turn(s->conf.sync, s->conf.known_to_share || node_has_others(s->conf.node));
}

static bool wait_turn(struct scheduler *s)
{
    const struct timespec until = wait_until_ms(TURN_MS);
    bool stop;

    pthread_mutex_lock(&s->lock);
    while (!s->stop && wait_locked(&s->wake, &s->lock, &until))
        ;
    stop = s->stop;
    pthread_mutex_unlock(&s->lock);
    return !stop;
}

static void *run(void *ctx)
{
    struct scheduler *s = ctx;

    thread_begin("scheduler", THREAD_BEHIND);
    do
        turn(s);
    while (wait_turn(s));
    node_leave(s->conf.node);
    return NULL;
}

enum err_code scheduler_start(const struct scheduler_conf *conf, struct scheduler **out,
                              struct err *err)
{
    struct scheduler *s = mem_new(struct scheduler);
    uint64_t sync_ms = (uint64_t)conf->sync_s * 1000;

    s->conf = *conf;
    s->sync = (struct timed){.period_ms = sync_ms, .due_ms = clock_mono_ms() + sync_ms};
    s->beat.period_ms = BEAT_MS;
    s->claim.period_ms = CLAIM_MS;
    pthread_mutex_init(&s->lock, NULL);
    wait_init(&s->wake);
    if (pthread_create(&s->thread, NULL, run, s) == 0) {
        *out = s;
        return ERR_OK;
    }
    *out = NULL;
    mem_free(s);
    return err_set(err, ERR_INTERNAL, "cannot start a thread");
}

void scheduler_stop(struct scheduler *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

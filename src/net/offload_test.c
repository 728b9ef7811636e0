#include "net/offload.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/test.h"

enum { JOBS = 500 };

struct sum {
    struct loop *loop;
    _Atomic int worked;
    int done; /* loop thread */
    bool on_loop;
};

struct job {
    struct offload_job job;
    struct sum *sum;
    int input, output;
};

static void work(struct offload_job *oj)
{
    struct job *j = container_of(oj, struct job, job);

    j->output = j->input * 2;
    atomic_fetch_add(&j->sum->worked, 1);
}

static void done(struct offload_job *oj)
{
    struct job *j = container_of(oj, struct job, job);

    j->sum->on_loop &= loop_is_current(j->sum->loop) && j->output == j->input * 2;
    if (++j->sum->done == JOBS)
        loop_stop(j->sum->loop);
}

TEST(jobs_work_on_the_pool_and_are_done_on_the_loop)
{
    static struct job jobs[JOBS];
    struct sum sum = {.on_loop = true};
    struct offload *o;
    struct err err;

    CHECK_EQ(loop_new(&sum.loop, &err), ERR_OK);
    CHECK_EQ(offload_new(3, JOBS, &o, &err), ERR_OK);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (struct job){
            .job = {.loop = sum.loop, .work = work, .done = done}, .sum = &sum, .input = i};
        CHECK_EQ(offload_submit(o, &jobs[i].job, &err), ERR_OK);
    }
    loop_run(sum.loop);
    CHECK_EQ(atomic_load(&sum.worked), JOBS);
    CHECK(sum.on_loop);
    offload_free(o);
    loop_free(sum.loop);
}

struct gate {
    struct offload_job job;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool entered, open, done;
};

static void wait_at_gate(struct offload_job *job)
{
    struct gate *g = container_of(job, struct gate, job);

    pthread_mutex_lock(&g->lock);
    g->entered = true;
    pthread_cond_broadcast(&g->moved);
    while (!g->open)
        pthread_cond_wait(&g->moved, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void note_done(struct offload_job *job)
{
    container_of(job, struct gate, job)->done = true;
}

static void open_gate(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    while (!g->entered)
        pthread_cond_wait(&g->moved, &g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->moved);
    pthread_mutex_unlock(&g->lock);
}

static void init_gate(struct gate *g)
{
    *g = (struct gate){.job = {.work = wait_at_gate, .done = note_done}};
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->moved, NULL);
}

TEST(a_full_queue_refuses_and_what_was_taken_is_finished)
{
    struct gate busy, queued[2], refused;
    struct offload *o;
    struct err err;

    init_gate(&busy);
    init_gate(&refused);
    CHECK_EQ(offload_new(1, 2, &o, &err), ERR_OK);
    CHECK_EQ(offload_submit(o, &busy.job, &err), ERR_OK);
    pthread_mutex_lock(&busy.lock);
    while (!busy.entered)
        pthread_cond_wait(&busy.moved, &busy.lock);
    pthread_mutex_unlock(&busy.lock);
    for (int i = 0; i < 2; i++) {
        init_gate(&queued[i]);
        queued[i].open = true;
        CHECK_EQ(offload_submit(o, &queued[i].job, &err), ERR_OK);
    }
    CHECK_EQ(offload_submit(o, &refused.job, &err), ERR_UNAVAILABLE);
    open_gate(&busy);
    offload_free(o);
    CHECK(busy.done && queued[0].done && queued[1].done && !refused.done);
}

TEST(a_pool_that_has_stopped_has_finished_its_jobs_and_takes_no_more)
{
    struct gate queued, late;
    struct offload *o;
    struct err err;

    init_gate(&queued);
    init_gate(&late);
    queued.open = true;
    CHECK_EQ(offload_new(1, 2, &o, &err), ERR_OK);
    CHECK_EQ(offload_submit(o, &queued.job, &err), ERR_OK);
    offload_stop(o);
    CHECK(queued.done);
    CHECK_EQ(offload_submit(o, &late.job, &err), ERR_UNAVAILABLE);
    offload_free(o);
    CHECK(!late.entered && !late.done);
}

TEST_MAIN(jobs_work_on_the_pool_and_are_done_on_the_loop,
          a_pool_that_has_stopped_has_finished_its_jobs_and_takes_no_more,
          a_full_queue_refuses_and_what_was_taken_is_finished)

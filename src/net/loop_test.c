#include "net/loop.h"

#include <pthread.h>

#include "base/patience.h"
#include "base/test.h"

static struct loop *new_loop(void)
{
    struct loop *l;
    struct err err;

    CHECK_EQ(loop_new(&l, &err), ERR_OK);
    return l;
}

/* --- timers --- */

struct alarm {
    struct loop_timer timer;
    struct loop *loop;
    uint64_t set_ms, delay_ms, fired_ms;
    int fired, again;
    int *left; /* the loop stops when it comes to zero */
};

static void on_alarm(struct loop_timer *t)
{
    struct alarm *a = container_of(t, struct alarm, timer);

    a->fired++;
    a->fired_ms = loop_now_ms(a->loop);
    if (a->again > 0) {
        a->again--;
        loop_timer_set(a->loop, t, a->delay_ms, on_alarm);
    } else if (--*a->left == 0) {
        loop_stop(a->loop);
    }
}

static void set_alarm(struct alarm *a, struct loop *l, uint64_t delay_ms, int *left)
{
    *a = (struct alarm){.loop = l, .delay_ms = delay_ms, .left = left};
    a->set_ms = loop_now_ms(l);
    loop_timer_set(l, &a->timer, delay_ms, on_alarm);
}

TEST(timers_come_in_time_and_never_early)
{
    static const uint64_t delays[] = {0, 1, 15, 16, 17, 40, 41, 100, 101, 150};
    struct loop *l = new_loop();
    struct alarm alarms[ARRAY_LEN(delays)];
    int left = ARRAY_LEN(delays);

    for (size_t i = 0; i < ARRAY_LEN(delays); i++)
        set_alarm(&alarms[i], l, delays[i], &left);
    loop_run(l);
    for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
        uint64_t took = alarms[i].fired_ms - alarms[i].set_ms;

        CHECK_EQ(alarms[i].fired, 1);
        CHECK(took >= delays[i]);
        CHECK(took < delays[i] + PATIENCE_MS); /* a busy machine is late */
    }
    loop_free(l);
}

TEST(a_moved_timer_comes_at_its_new_time_and_a_stopped_one_never)
{
    struct loop *l = new_loop();
    struct alarm later, sooner, stopped, last;
    int left = 3;

    set_alarm(&later, l, 20, &left);
    loop_timer_set(l, &later.timer, 120, on_alarm);
    set_alarm(&sooner, l, 100000, &left);
    loop_timer_set(l, &sooner.timer, 40, on_alarm);
    set_alarm(&stopped, l, 30, &left);
    loop_timer_stop(&stopped.timer);
    loop_timer_stop(&stopped.timer);
    set_alarm(&last, l, 200, &left);
    loop_run(l);
    CHECK_EQ(later.fired, 1);
    CHECK(later.fired_ms - later.set_ms >= 120);
    CHECK_EQ(sooner.fired, 1);
    CHECK(sooner.fired_ms - sooner.set_ms < 100000);
    CHECK_EQ(stopped.fired, 0);
    loop_free(l);
}

TEST(a_timer_may_set_itself_again)
{
    struct loop *l = new_loop();
    struct alarm a;
    int left = 1;

    set_alarm(&a, l, 10, &left);
    a.again = 4;
    loop_run(l);
    CHECK_EQ(a.fired, 5);
    CHECK(a.fired_ms - a.set_ms >= 50);
    loop_free(l);
}

TEST(timers_of_another_round_of_the_wheel_wait_for_theirs)
{
    struct loop *l = new_loop();
    struct alarm far[64], near;
    int left = 1, never = 1000;

    for (size_t i = 0; i < ARRAY_LEN(far); i++) /* 512 slots of 16 ms make a round */
        set_alarm(&far[i], l, 512 * 16 * (1 + i % 3) + i, &never);
    set_alarm(&near, l, 120, &left);
    loop_run(l);
    for (size_t i = 0; i < ARRAY_LEN(far); i++)
        CHECK_EQ(far[i].fired, 0);
    CHECK_EQ(near.fired, 1);
    loop_free(l);
}

/* --- calls put off --- */

struct step {
    struct loop_task task;
    struct loop *loop;
    struct step *next;
    int ran;
    bool forever;
};

static void on_step(struct loop_task *task)
{
    struct step *s = container_of(task, struct step, task);

    s->ran++;
    if (s->forever)
        loop_defer(s->loop, task);
    else if (s->next)
        loop_defer(s->loop, &s->next->task);
    else
        loop_stop(s->loop);
}

TEST(calls_put_off_run_once_each_and_may_put_off_more)
{
    struct loop *l = new_loop();
    struct step c = {.task.fn = on_step, .loop = l};
    struct step b = {.task.fn = on_step, .loop = l, .next = &c};
    struct step a = {.task.fn = on_step, .loop = l, .next = &b};
    struct step cancelled = {.task.fn = on_step, .loop = l};

    loop_defer(l, &a.task);
    loop_defer(l, &a.task);
    loop_defer(l, &cancelled.task);
    loop_task_cancel(&cancelled.task);
    CHECK_EQ(a.ran, 0);
    loop_run(l);
    CHECK_EQ(a.ran, 1);
    CHECK_EQ(b.ran, 1);
    CHECK_EQ(c.ran, 1);
    CHECK_EQ(cancelled.ran, 0);
    loop_free(l);
}

TEST(a_call_that_puts_itself_off_for_ever_does_not_stop_the_loop)
{
    struct loop *l = new_loop();
    struct step s = {.task.fn = on_step, .loop = l, .forever = true};
    struct alarm a;
    int left = 1;

    loop_defer(l, &s.task);
    set_alarm(&a, l, 50, &left);
    loop_run(l);
    CHECK_EQ(a.fired, 1);
    CHECK(s.ran > 1);
    loop_free(l);
}

/* --- turn ends, the end --- */

static void count_call(void *ctx)
{
    ++*(int *)ctx;
}

struct farewell {
    struct loop_ending ending;
    int *order, *at;
};

static void on_farewell(struct loop_ending *e)
{
    struct farewell *f = container_of(e, struct farewell, ending);

    *f->order = ++*f->at;
}

TEST(the_end_calls_the_last_given_first_and_turn_ends_come_before)
{
    struct loop *l = new_loop();
    int turns = 0, first = 0, second = 0, cancelled = 0, at = 0, left = 1;
    struct farewell a = {{.fn = on_farewell}, &first, &at};
    struct farewell b = {{.fn = on_farewell}, &cancelled, &at};
    struct farewell c = {{.fn = on_farewell}, &second, &at};
    struct alarm alarm;

    loop_on_turn_end(l, count_call, &turns);
    loop_on_end(l, &a.ending);
    loop_on_end(l, &b.ending);
    loop_on_end(l, &c.ending);
    loop_on_end_cancel(&b.ending);
    set_alarm(&alarm, l, 20, &left);
    loop_run(l);
    CHECK(turns > 0);
    CHECK_EQ(second, 1);
    CHECK_EQ(first, 2);
    CHECK_EQ(cancelled, 0);
    loop_free(l);
}

/* --- other threads --- */

enum { POSTERS = 3, POSTS = 2000 };

struct post {
    struct loop_msg msg;
    struct board *board;
    int poster, number;
};

struct board {
    struct loop *loop;
    int next[POSTERS], total;
    bool in_order;
};

struct poster {
    struct post posts[POSTS];
    pthread_t thread;
};

static void on_post(struct loop_msg *msg)
{
    struct post *p = container_of(msg, struct post, msg);
    struct board *b = p->board;

    b->in_order &= b->next[p->poster]++ == p->number && loop_is_current(b->loop);
    if (++b->total == POSTERS * POSTS)
        loop_stop(b->loop);
}

static void *post_all(void *arg)
{
    struct poster *p = arg;

    for (int i = 0; i < POSTS; i++)
        loop_post(p->posts[i].board->loop, &p->posts[i].msg);
    return NULL;
}

TEST(messages_of_many_threads_come_once_and_in_each_ones_order)
{
    static struct poster posters[POSTERS];
    struct board board = {.loop = new_loop(), .in_order = true};

    for (int t = 0; t < POSTERS; t++) {
        for (int i = 0; i < POSTS; i++)
            posters[t].posts[i] =
                (struct post){.msg.fn = on_post, .board = &board, .poster = t, .number = i};
        pthread_create(&posters[t].thread, NULL, post_all, &posters[t]);
    }
    loop_run(board.loop);
    for (int t = 0; t < POSTERS; t++)
        pthread_join(posters[t].thread, NULL);
    CHECK_EQ(board.total, POSTERS * POSTS);
    CHECK(board.in_order);
    loop_free(board.loop);
}

static void *stop_it(void *arg)
{
    loop_stop(arg);
    return NULL;
}

TEST(a_loop_is_stopped_from_another_thread)
{
    struct loop *l = new_loop();
    pthread_t t;

    pthread_create(&t, NULL, stop_it, l);
    loop_run(l);
    pthread_join(t, NULL);
    loop_free(l);
}

TEST(a_loop_that_never_ran_is_freed)
{
    loop_free(new_loop());
    loop_free(NULL);
}

TEST_MAIN(timers_come_in_time_and_never_early,
          a_moved_timer_comes_at_its_new_time_and_a_stopped_one_never, a_timer_may_set_itself_again,
          timers_of_another_round_of_the_wheel_wait_for_theirs,
          calls_put_off_run_once_each_and_may_put_off_more,
          a_call_that_puts_itself_off_for_ever_does_not_stop_the_loop,
          the_end_calls_the_last_given_first_and_turn_ends_come_before,
          messages_of_many_threads_come_once_and_in_each_ones_order,
          a_loop_is_stopped_from_another_thread, a_loop_that_never_ran_is_freed)

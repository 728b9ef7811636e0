/*
 * loop - one event loop a thread, with timers, messages from other threads, and calls put off to
 * the end of the turn.
 *
 * A thing that was made on a loop lives and dies on it; only loop_post() and loop_stop() may be
 * called from other threads. A callback never runs inside the call that started its work.
 */
#pragma once
#include "base/err.h"
#include "base/list.h"
#include "base/mpsc.h"

struct loop;

MUST_CHECK enum err_code loop_new(struct loop **out, struct err *err);
/* Runs on the calling thread until loop_stop(); then closes what is still open on the loop. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l); /* any thread */
void loop_free(struct loop *l); /* after loop_run() has returned */
bool loop_is_current(const struct loop *l);
/* Milliseconds of a monotonic clock, read once a turn. */
uint64_t loop_now_ms(const struct loop *l);
/* Connections that were closed by sock_close_flushed() and still have bytes to send. Any thread. */
size_t loop_flushing(const struct loop *l);

/* A message belongs to the loop from loop_post() until its fn is called on the loop's thread.
 * Usually embedded in a larger struct. */
struct loop_msg {
    struct mpsc_node node;
    void (*fn)(struct loop_msg *msg);
};
void loop_post(struct loop *l, struct loop_msg *msg); /* any thread */

/* Calls fn once at the end of this turn (one given during the end of a turn comes in the same).
 * Zeroed = idle. May be cancelled; setting it twice is one call. */
struct loop_task {
    struct list link;
    void (*fn)(struct loop_task *task);
};
void loop_defer(struct loop *l, struct loop_task *task);
void loop_task_cancel(struct loop_task *task);

/*
 * Coarse timers for time-outs (resolution about 20 ms, never early by loop_now_ms()): setting,
 * moving and stopping one is a few instructions and no system call, so that each request may have
 * several. Zeroed = stopped. fn is called once; it may set the timer again.
 */
struct loop_timer {
    struct list link;
    uint64_t due_ms;
    void (*fn)(struct loop_timer *timer);
};
void loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t delay_ms,
                    void (*fn)(struct loop_timer *t));
void loop_timer_stop(struct loop_timer *t);

/* A function that is called at the end of every turn, before the loop waits (for instance to wake
 * the ledger once a turn). One slot an owner; ctx and fn stay valid until the loop ends. */
void loop_on_turn_end(struct loop *l, void (*fn)(void *ctx), void *ctx);

/* A function that is called once when the loop has been stopped, on its thread (last given, first
 * called), before what is still open on it is closed: for owners that live as long as the loop.
 * After loop_on_end_cancel() it does not come. */
struct loop_ending {
    struct list link;
    void (*fn)(struct loop_ending *ending);
};
void loop_on_end(struct loop *l, struct loop_ending *ending);
void loop_on_end_cancel(struct loop_ending *ending);

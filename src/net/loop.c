/*
 * One turn: the poll and its callbacks, due timers, then (uv_prepare) the calls put off, the turn
 * end functions, and back into the poll.
 *
 * Timers lie in a wheel of WHEEL_SLOTS lists of TICK_MS each, hashed by their due time; one that is
 * due in a later round stays where it is until its time has come. A timer that is moved to a later
 * time while it is set only gets a new due_ms: its old slot sorts it in anew when it comes by, so
 * that a stream can move its time-out with every chunk for two stores. One uv_timer is armed for
 * the first slot that has anything in it, and not at all when the wheel is empty.
 */
#include "net/loop.h"

#include <pthread.h>
#include <signal.h>

#include "base/mem.h"
#include "net/loop_internal.h"

enum { TICK_MS = 16, WHEEL_SLOTS = 512, DEFER_ROUNDS = 100 };

struct turn_end {
    void (*fn)(void *ctx);
    void *ctx;
};

struct loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_prepare_t turn;
    uv_idle_t again; /* active while calls put off are left: the poll must not wait */
    uv_timer_t tick;
    pthread_t thread;
    struct mpsc inbox;
    _Atomic bool stop;
    struct list deferred;
    struct list endings;
    struct turn_end *turn_ends;
    size_t turn_end_count;
    struct list wheel[WHEEL_SLOTS];
    uint64_t wheel_set[WHEEL_SLOTS / 64]; /* slots that may have timers in them */
    uint64_t tick_done;                   /* the last tick whose slot was looked at */
    uint64_t tick_armed;                  /* for which the uv_timer is set; UINT64_MAX: none */
    char *read_buffer, *plain_buffer;
    struct sock_shared socks;
};

uv_loop_t *loop_uv(struct loop *l)
{
    return &l->uv;
}

struct sock_shared *loop_sock_shared(struct loop *l)
{
    return &l->socks;
}

char *loop_read_buffer(struct loop *l)
{
    return l->read_buffer;
}

char *loop_plain_buffer(struct loop *l)
{
    if (!l->plain_buffer)
        l->plain_buffer = mem_alloc(LOOP_BUFFER_BYTES);
    return l->plain_buffer;
}

bool loop_is_current(const struct loop *l)
{
    return pthread_equal(l->thread, pthread_self());
}

uint64_t loop_now_ms(const struct loop *l)
{
    return uv_now(&l->uv);
}

size_t loop_flushing(const struct loop *l)
{
    return l->socks.flushing;
}

/* --- timers ---------------------------------------------------------------------------------- */

static uint64_t tick_of(uint64_t due_ms)
{
    return (due_ms + TICK_MS - 1) / TICK_MS;
}

static void wheel_turn(uv_timer_t *tick);

static void wheel_arm(struct loop *l, uint64_t tick)
{
    uint64_t now = loop_now_ms(l), at = tick * TICK_MS;

    l->tick_armed = tick;
    uv_timer_start(&l->tick, wheel_turn, at > now ? at - now : 0, 0);
}

/* The first tick after `from` whose slot may have timers; UINT64_MAX when there is none. */
static uint64_t wheel_next(const struct loop *l, uint64_t from)
{
    for (uint64_t step = 1; step <= WHEEL_SLOTS;) {
        size_t slot = (from + step) % WHEEL_SLOTS;
        uint64_t bits = l->wheel_set[slot / 64] >> (slot % 64);

        if (bits)
            return from + step + (unsigned)__builtin_ctzll(bits);
        step += 64 - slot % 64;
    }
    return UINT64_MAX;
}

static void wheel_insert(struct loop *l, struct loop_timer *t)
{
    uint64_t tick = tick_of(t->due_ms);

    if (l->tick_armed == UINT64_MAX) /* the wheel was empty and stood still */
        l->tick_done = loop_now_ms(l) / TICK_MS;
    if (tick <= l->tick_done)
        tick = l->tick_done + 1;
    size_t slot = tick % WHEEL_SLOTS;
    list_push_back(&l->wheel[slot], &t->link);
    l->wheel_set[slot / 64] |= UINT64_C(1) << (slot % 64);
    if (tick < l->tick_armed)
        wheel_arm(l, tick);
}

void loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t delay_ms,
                    void (*fn)(struct loop_timer *t))
{
    uint64_t due = loop_now_ms(l) + delay_ms;

    assert_slow(loop_is_current(l));
    t->fn = fn;
    if (list_linked(&t->link)) {
        if (due >= t->due_ms) {
            t->due_ms = due;
            return;
        }
        list_remove(&t->link);
    }
    t->due_ms = due;
    wheel_insert(l, t);
}

void loop_timer_stop(struct loop_timer *t)
{
    list_remove(&t->link);
}

/* Calls what is due in the slot. New timers may come in and others go away meanwhile, so the slot's
 * content is moved to a list of its own first. */
static void wheel_run_slot(struct loop *l, size_t slot, uint64_t now)
{
    struct list batch;

    l->wheel_set[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
    if (list_empty(&l->wheel[slot]))
        return;
    batch = l->wheel[slot];
    batch.next->prev = batch.prev->next = &batch;
    list_init(&l->wheel[slot]);
    for (struct list *it; (it = list_pop_front(&batch));) {
        struct loop_timer *t = list_entry(it, struct loop_timer, link);

        if (t->due_ms > now)
            wheel_insert(l, t);
        else
            t->fn(t);
    }
}

static void wheel_turn(uv_timer_t *tick)
{
    struct loop *l = tick->data;
    uint64_t now = loop_now_ms(l), last = now / TICK_MS, at = l->tick_done;

    /* Until the end nothing arms the timer: it is done once, below. */
    l->tick_armed = 0;
    for (uint64_t next; (next = wheel_next(l, at)) <= last; at = next) {
        l->tick_done = next;
        wheel_run_slot(l, next % WHEEL_SLOTS, now);
    }
    if (l->tick_done < last)
        l->tick_done = last;
    l->tick_armed = UINT64_MAX;
    uint64_t next = wheel_next(l, l->tick_done);
    if (next != UINT64_MAX)
        wheel_arm(l, next);
}

/* --- messages and calls put off ----------------------------------------------------------------
 */

void loop_post(struct loop *l, struct loop_msg *msg)
{
    mpsc_push(&l->inbox, &msg->node);
    uv_async_send(&l->wake);
}

static void run_messages(struct loop *l)
{
    for (struct mpsc_node *node; (node = mpsc_pop(&l->inbox));) {
        struct loop_msg *msg = container_of(node, struct loop_msg, node);

        msg->fn(msg);
    }
}

static void on_wake(uv_async_t *wake)
{
    struct loop *l = wake->data;

    run_messages(l);
    if (atomic_load_explicit(&l->stop, memory_order_acquire))
        uv_stop(&l->uv);
}

void loop_defer(struct loop *l, struct loop_task *task)
{
    assert_slow(loop_is_current(l));
    if (!list_linked(&task->link))
        list_push_back(&l->deferred, &task->link);
}

void loop_task_cancel(struct loop_task *task)
{
    list_remove(&task->link);
}

static void on_again(uv_idle_t *again)
{
    (void)again; /* that it is active makes the poll return at once */
}

/* Tasks may put off others; a chain without an end must not keep the loop from its sockets. */
static void run_deferred(struct loop *l)
{
    for (int round = 0; round < DEFER_ROUNDS && !list_empty(&l->deferred); round++) {
        struct list last = {0};

        list_push_back(&l->deferred, &last); /* marks the end of this round */
        for (struct list *it; (it = list_pop_front(&l->deferred)) != &last;) {
            struct loop_task *task = list_entry(it, struct loop_task, link);

            task->fn(task);
        }
    }
    bool left = !list_empty(&l->deferred);
    if (left != (bool)uv_is_active((uv_handle_t *)&l->again)) {
        if (left)
            uv_idle_start(&l->again, on_again);
        else
            uv_idle_stop(&l->again);
    }
}

static void on_turn(uv_prepare_t *turn)
{
    struct loop *l = turn->data;

    run_deferred(l);
    for (size_t i = 0; i < l->turn_end_count; i++)
        l->turn_ends[i].fn(l->turn_ends[i].ctx);
}

void loop_on_turn_end(struct loop *l, void (*fn)(void *ctx), void *ctx)
{
    size_t n = l->turn_end_count++;

    l->turn_ends = mem_realloc(l->turn_ends, (n + 1) * sizeof *l->turn_ends);
    l->turn_ends[n] = (struct turn_end){.fn = fn, .ctx = ctx};
}

void loop_on_end(struct loop *l, struct loop_ending *ending)
{
    list_push_front(&l->endings, &ending->link);
}

void loop_on_end_cancel(struct loop_ending *ending)
{
    list_remove(&ending->link);
}

/* --- life ------------------------------------------------------------------------------------ */

static void lists_init(struct loop *l)
{
    list_init(&l->deferred);
    list_init(&l->endings);
    list_init(&l->socks.open);
    list_init(&l->socks.listeners);
    list_init(&l->socks.spare);
    for (size_t i = 0; i < WHEEL_SLOTS; i++)
        list_init(&l->wheel[i]);
}

enum err_code loop_new(struct loop **out, struct err *err)
{
    struct loop *l = mem_new(struct loop);
    int rc;

    *out = NULL;
    signal(SIGPIPE, SIG_IGN); /* writing to a closed socket is an error code, not the end */
    lists_init(l);
    mpsc_init(&l->inbox);
    rc = uv_loop_init(&l->uv);
    if (rc) {
        mem_free(l);
        return err_set(err, ERR_IO, "event loop: %s", uv_strerror(rc));
    }
    rc = uv_async_init(&l->uv, &l->wake, on_wake);
    if (rc) {
        uv_loop_close(&l->uv);
        mem_free(l);
        return err_set(err, ERR_IO, "event loop: %s", uv_strerror(rc));
    }
    uv_prepare_init(&l->uv, &l->turn);
    uv_idle_init(&l->uv, &l->again);
    uv_timer_init(&l->uv, &l->tick);
    l->wake.data = l->turn.data = l->again.data = l->tick.data = l;
    uv_prepare_start(&l->turn, on_turn);
    l->tick_done = loop_now_ms(l) / TICK_MS;
    l->tick_armed = UINT64_MAX;
    l->thread = pthread_self();
    l->read_buffer = mem_alloc(LOOP_BUFFER_BYTES);
    *out = l;
    return ERR_OK;
}

/* Closes what is open and lets libuv forget it; nobody is called any more. */
static void end_all(struct loop *l)
{
    for (struct list *it; (it = list_pop_front(&l->endings));) {
        struct loop_ending *ending = list_entry(it, struct loop_ending, link);

        ending->fn(ending);
    }
    sock_shared_close(l);
    while (list_pop_front(&l->deferred))
        ;
    uv_prepare_stop(&l->turn);
    uv_idle_stop(&l->again);
    uv_timer_stop(&l->tick);
    uv_run(&l->uv, UV_RUN_NOWAIT); /* close callbacks of the sockets */
}

void loop_run(struct loop *l)
{
    l->thread = pthread_self();
    uv_update_time(&l->uv);
    while (!atomic_load_explicit(&l->stop, memory_order_acquire))
        uv_run(&l->uv, UV_RUN_DEFAULT);
    run_messages(l); /* what was posted before the stop */
    end_all(l);
}

void loop_stop(struct loop *l)
{
    atomic_store_explicit(&l->stop, true, memory_order_release);
    uv_async_send(&l->wake);
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    l->thread = pthread_self();
    end_all(l); /* for a loop that never ran; otherwise there is nothing left */
    uv_close((uv_handle_t *)&l->wake, NULL);
    uv_close((uv_handle_t *)&l->turn, NULL);
    uv_close((uv_handle_t *)&l->again, NULL);
    uv_close((uv_handle_t *)&l->tick, NULL);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&l->uv);
    assert(rc == 0);
    (void)rc;
    sock_shared_free(l);
    for (size_t i = 0; i < WHEEL_SLOTS; i++)
        while (list_pop_front(&l->wheel[i]))
            ;
    mem_free(l->turn_ends);
    mem_free(l->read_buffer);
    mem_free(l->plain_buffer);
    mem_free(l);
}

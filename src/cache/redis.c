/*
 * Calls that were sent stand in a ring in their order, because replies carry no names: the reply
 * that comes belongs to the oldest. A call that was cancelled or is late leaves an empty place, so
 * that its reply is thrown away.
 *
 * A call is `waiting` while the attempt that may still save it runs, `refused` until the end of the
 * turn when it has already failed, and in the ring otherwise.
 */
#include "cache/redis.h"

#include <pthread.h>
#include <stdio.h>

#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/wait.h"
#include "cache/redis_hello.h"

enum { COMMAND_BYTES_MAX = 16 * 1024 * 1024, RING_FIRST = 64, ASK_GRACE_MS = 1000 };

struct redis {
    struct redis_settings conf;
    struct redis_link *link;
    bool hopeful; /* the attempt under way is the first since all was well */
    bool told;    /* that it is down was logged */
    struct redis_call **ring;
    size_t cap, count; /* a power of two */
    uint64_t oldest;   /* sequence number of the oldest place */
    struct list waiting, refused;
    size_t waiting_count;
    struct loop_task refuse_task;
    struct sb scratch, front; /* of the command that is being sent */
    struct loop_timer health;
    struct redis_call ping;
    struct loop_ending ending;
    struct loop_msg wake;
    struct { /* under lock; a leaf */
        pthread_mutex_t lock;
        struct list inbox; /* posted calls */
        bool woken, ended;
        struct redis_status status;
    } shared;
    _Atomic uint64_t calls, failed;
    _Atomic size_t under_way;
};

void redis_script_init(struct redis_script *s, struct str source)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum[SHA1_BYTES];

    sha1(source, sum);
    for (size_t i = 0; i < sizeof sum; i++) {
        s->sha[2 * i] = digits[sum[i] >> 4];
        s->sha[2 * i + 1] = digits[sum[i] & 15];
    }
    s->sha[2 * sizeof sum] = '\0';
    s->source = source;
}

/* --- the end of a call ----------------------------------------------------------------------- */

static void count_call(struct redis *r, const struct redis_call *call, enum metric_redis how)
{
    if (how != METRIC_REDIS_UNAVAILABLE)
        metrics_observe(r->conf.metrics, METRIC_REDIS_CALL_TIME, 0,
                        (int64_t)(clock_mono_us() - call->own.started_us));
    else
        r->failed++;
    metrics_add(r->conf.metrics, METRIC_REDIS_CALLS, how, 1);
    r->calls++;
}

/* The call's memory is the caller's again. */
static void let_go(struct redis_call *call)
{
    loop_timer_stop(&call->own.timer);
    list_remove(&call->own.link);
    mem_free((char *)(uintptr_t)call->own.args.p);
    call->own.args = STR_NULL;
    call->own.active = false;
    call->own.redis->under_way--;
}

static void answer(struct redis_call *call, const struct redis_value *reply)
{
    count_call(call->own.redis, call, METRIC_REDIS_OK);
    let_go(call);
    call->done(call, reply, NULL);
}

static void fail(struct redis_call *call, const struct err *err)
{
    let_go(call);
    call->done(call, NULL, err);
}

static void fail_unavailable(struct redis_call *call, const char *why)
{
    struct err err;

    count_call(call->own.redis, call, METRIC_REDIS_UNAVAILABLE);
    err_set(&err, ERR_UNAVAILABLE, "Redis: %s", why);
    fail(call, &err);
}

static void on_refuse_task(struct loop_task *task)
{
    struct redis *r = container_of(task, struct redis, refuse_task);
    struct list batch;

    /* Those who try again at once come in the next round. */
    list_init(&batch);
    for (struct list *it; (it = list_pop_front(&r->refused));)
        list_push_back(&batch, it);
    for (struct list *it; (it = list_pop_front(&batch));) {
        struct redis_call *call = list_entry(it, struct redis_call, own.link);

        if (call->own.code == ERR_UNAVAILABLE) {
            fail_unavailable(call, call->own.why);
        } else {
            struct err err;

            count_call(r, call, METRIC_REDIS_REFUSED);
            err_set(&err, call->own.code, "Redis: %s", call->own.why);
            fail(call, &err);
        }
    }
}

static void refuse(struct redis *r, struct redis_call *call, enum err_code code, const char *why)
{
    call->own.code = code;
    call->own.why = why;
    list_push_back(&r->refused, &call->own.link);
    loop_defer(r->conf.loop, &r->refuse_task);
}

/* --- the ring -------------------------------------------------------------------------------- */

static struct redis_call **ring_place(struct redis *r, uint64_t seq)
{
    return &r->ring[seq & (r->cap - 1)];
}

static void ring_grow(struct redis *r)
{
    size_t cap = r->cap ? r->cap * 2 : RING_FIRST;
    struct redis_call **ring = mem_alloc(cap * sizeof(void *));

    for (uint64_t seq = r->oldest; seq < r->oldest + r->count; seq++)
        ring[seq & (cap - 1)] = *ring_place(r, seq);
    mem_free((void *)r->ring);
    r->ring = ring;
    r->cap = cap;
}

static void ring_push(struct redis *r, struct redis_call *call)
{
    if (r->count == r->cap)
        ring_grow(r);
    call->own.seq = r->oldest + r->count++;
    *ring_place(r, call->own.seq) = call;
}

/* NULL: nobody waits for this reply. */
static struct redis_call *ring_pop(struct redis *r)
{
    r->count--;
    return *ring_place(r, r->oldest++);
}

/* --- sending --------------------------------------------------------------------------------- */

/* The part of the command that redis_call.own.args does not have. */
static void add_front(const struct redis_call *call, struct sb *out)
{
    const struct redis_script *script = call->own.script;

    redis_add_head(out, call->own.argc + (script ? 2 : 0));
    if (!script)
        return;
    redis_add_arg(out, call->own.whole ? STR("EVAL") : STR("EVALSHA"));
    redis_add_arg(out, call->own.whole ? script->source : str_from(script->sha));
}

static void send_call(struct redis *r, struct redis_call *call, struct str args)
{
    struct str slices[2];

    sb_reset(&r->front);
    add_front(call, &r->front);
    slices[0] = sb_str(&r->front);
    slices[1] = args;
    ring_push(r, call);
    call->sent = true;
    call->own.sent_ms = loop_now_ms(r->conf.loop);
    redis_link_write(r->link, slices, 2);
}

static void keep_args(struct redis_call *call, struct str args)
{
    char *copy = mem_alloc(args.n);

    if (args.p)
        memcpy(copy, args.p, args.n);
    call->own.args = str_make(copy, args.n);
}

static void on_late(struct loop_timer *timer);

/* `args` is scratch memory, or already the call's own. Who may need it later keeps a copy: a call
 * that waits, and one of a script, which may have to be sent again with its text. */
static void place_call(struct redis *r, struct redis_call *call, struct str args)
{
    bool up = redis_link_up(r->link), kept = call->own.args.p != NULL;
    uint64_t timeout = call->timeout_ms ? call->timeout_ms : r->conf.call_ms;

    if (r->count + r->waiting_count >= r->conf.calls_max ||
        redis_link_queued(r->link) >= r->conf.bytes_max) {
        refuse(r, call, ERR_UNAVAILABLE, "too many calls are under way");
        return;
    }
    if (!up && !r->hopeful) {
        refuse(r, call, ERR_UNAVAILABLE, "there is no connection");
        return;
    }
    if (!kept && (!up || call->own.script))
        keep_args(call, args);
    loop_timer_set(r->conf.loop, &call->own.timer, timeout, on_late);
    if (up) {
        send_call(r, call, args);
    } else {
        r->waiting_count++;
        list_push_back(&r->waiting, &call->own.link);
    }
}

/* Fills the client's part of a call, and `out` with its arguments. */
static bool prepare(struct redis *r, const struct redis_command *cmd, struct redis_call *call,
                    struct sb *out)
{
    char number[24];

    assert(!call->own.active);
    memset(&call->own, 0, sizeof call->own);
    call->sent = false;
    call->own.redis = r;
    call->own.active = true;
    call->own.started_us = clock_mono_us();
    call->own.script = cmd->script;
    call->own.argc = cmd->argc + (cmd->script ? 1 : 0);
    r->under_way++;
    if (cmd->script)
        redis_add_arg(out,
                      str_make(number, (size_t)snprintf(number, sizeof number, "%zu", cmd->keys)));
    for (size_t i = 0; i < cmd->argc; i++)
        redis_add_arg(out, cmd->argv[i]);
    return !sb_failed(out);
}

static const char too_long[] = "the command is too long";

void redis_start(struct redis *r, const struct redis_command *cmd, struct redis_call *call)
{
    assert_slow(loop_is_current(r->conf.loop));
    sb_reset(&r->scratch);
    if (prepare(r, cmd, call, &r->scratch))
        place_call(r, call, sb_str(&r->scratch));
    else
        refuse(r, call, ERR_TOO_LARGE, too_long);
}

/* Takes the call out of where it stands, which may be the inbox; its reply will be thrown away. */
static void withdraw(struct redis_call *call)
{
    struct redis *r = call->own.redis;

    if (call->sent)
        *ring_place(r, call->own.seq) = NULL;
    else if (list_linked(&call->own.timer.link)) /* neither refused nor in the inbox */
        r->waiting_count--;
    pthread_mutex_lock(&r->shared.lock);
    list_remove(&call->own.link);
    pthread_mutex_unlock(&r->shared.lock);
}

void redis_cancel(struct redis_call *call)
{
    if (!call->own.active)
        return;
    withdraw(call);
    let_go(call);
}

/* A server that has sent nothing since the call went out is not slow, it is gone. */
static void on_late(struct loop_timer *timer)
{
    struct redis_call *call = container_of(timer, struct redis_call, own.timer);
    struct redis *r = call->own.redis;
    char why[64];

    if (call->sent)
        *ring_place(r, call->own.seq) = NULL;
    else
        r->waiting_count--;
    if (call->sent && redis_link_read_ms(r->link) <= call->own.sent_ms)
        redis_link_drop(r->link, "the server does not answer");
    snprintf(why, sizeof why, "no answer within %" PRIu64 " ms",
             call->timeout_ms ? call->timeout_ms : r->conf.call_ms);
    fail_unavailable(call, why);
}

/* --- replies --------------------------------------------------------------------------------- */

/* Errors that say "not now" and not "not this". */
static bool means_unavailable(struct str kind)
{
    static const struct str kinds[] = {
        STR_INIT("LOADING"),  STR_INIT("READONLY"), STR_INIT("MASTERDOWN"), STR_INIT("OOM"),
        STR_INIT("MISCONF"),  STR_INIT("BUSY"),     STR_INIT("NOREPLICAS"), STR_INIT("CLUSTERDOWN"),
        STR_INIT("TRYAGAIN"), STR_INIT("NOAUTH"),   STR_INIT("UNBLOCKED"),
    };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(kind, kinds[i]))
            return true;
    return false;
}

static void take_error(struct redis *r, struct redis_call *call, const struct redis_value *v)
{
    struct str kind = redis_error_kind(v), text = redis_error_text(v);
    bool away = means_unavailable(kind);
    struct err err;

    if (str_eq(kind, STR("READONLY")))
        redis_link_drop(r->link, "the server has become a replica");
    if (!call)
        return;
    if (call->own.script && !call->own.whole && str_eq(kind, STR("NOSCRIPT")) &&
        redis_link_up(r->link)) {
        call->own.whole = true;
        send_call(r, call, call->own.args);
        return;
    }
    count_call(r, call, away ? METRIC_REDIS_UNAVAILABLE : METRIC_REDIS_REFUSED);
    err_set(&err, away ? ERR_UNAVAILABLE : ERR_INTERNAL, "Redis: %.*s", STR_ARG(text));
    fail(call, &err);
}

static void on_value(void *ctx, const struct redis_value *v)
{
    struct redis *r = ctx;
    struct redis_call *call;

    if (r->count == 0) {
        redis_link_drop(r->link, "the server spoke out of turn");
        return;
    }
    call = ring_pop(r);
    if (v->kind == REDIS_ERROR)
        take_error(r, call, v);
    else if (call)
        answer(call, v);
}

/* --- up and down ----------------------------------------------------------------------------- */

static void note_state(struct redis *r, bool up, const struct err *err)
{
    struct redis_status *s = &r->shared.status;

    pthread_mutex_lock(&r->shared.lock);
    if (s->up != up || s->since_s == 0)
        s->since_s = clock_now_s(r->conf.clock);
    s->up = up;
    s->connections += up;
    snprintf(s->server, sizeof s->server, "%s", redis_link_server(r->link));
    if (err)
        snprintf(s->last_error, sizeof s->last_error, "%s", err->msg);
    pthread_mutex_unlock(&r->shared.lock);
}

static void on_up(void *ctx)
{
    struct redis *r = ctx;
    struct list batch;

    note_state(r, true, NULL);
    metrics_add(r->conf.metrics, METRIC_REDIS_CONNECTIONS, 0, 1);
    if (!r->conf.quiet)
        log_info(NULL, "redis.up", "server=%s", redis_link_server(r->link));
    r->told = false;
    r->hopeful = true;
    list_init(&batch);
    for (struct list *it; (it = list_pop_front(&r->waiting));)
        list_push_back(&batch, it);
    r->waiting_count = 0;
    for (struct list *it; (it = list_pop_front(&batch));) {
        struct redis_call *call = list_entry(it, struct redis_call, own.link);

        send_call(r, call, call->own.args);
    }
}

static void fail_ring(struct redis *r, const char *why)
{
    for (size_t n = r->count; n > 0; n--) {
        struct redis_call *call = ring_pop(r);

        if (call)
            fail_unavailable(call, why);
    }
}

static void fail_waiting(struct redis *r, const char *why)
{
    for (struct list *it; (it = list_pop_front(&r->waiting));) {
        r->waiting_count--;
        fail_unavailable(list_entry(it, struct redis_call, own.link), why);
    }
}

/* Each thread's client tells once that Redis is away, not with each attempt. */
static void on_down(void *ctx, const struct err *err, bool soon)
{
    struct redis *r = ctx;
    bool was_up = r->shared.status.up; /* only this thread writes it */

    note_state(r, false, err);
    if (was_up)
        metrics_add(r->conf.metrics, METRIC_REDIS_CONNECTIONS, 0, -1);
    if (!r->told && !r->conf.quiet)
        log_warn(NULL, "redis.down", "error=\"%s\"", err->msg);
    r->told = true;
    r->hopeful = soon;
    fail_ring(r, err->msg);
    if (!soon)
        fail_waiting(r, err->msg);
}

static const struct redis_link_handler link_handler = {on_up, on_value, on_down};

/* --- health ---------------------------------------------------------------------------------- */

static void on_ping(struct redis_call *call, const struct redis_value *reply, const struct err *err)
{
    (void)call, (void)reply, (void)err; /* silence has been dealt with in on_late() */
}

static void on_health(struct loop_timer *timer)
{
    struct redis *r = container_of(timer, struct redis, health);

    if (redis_link_up(r->link) && !r->ping.own.active &&
        loop_now_ms(r->conf.loop) - redis_link_read_ms(r->link) >= r->conf.ping_ms)
        redis_call(r, &STR("PING"), 1, &r->ping);
    loop_timer_set(r->conf.loop, timer, r->conf.ping_ms, on_health);
}

/* --- other threads --------------------------------------------------------------------------- */

static void take_inbox(struct redis *r, struct list *out)
{
    list_init(out);
    pthread_mutex_lock(&r->shared.lock);
    r->shared.woken = false;
    for (struct list *it; (it = list_pop_front(&r->shared.inbox));)
        list_push_back(out, it);
    pthread_mutex_unlock(&r->shared.lock);
}

static void on_wake(struct loop_msg *msg)
{
    struct redis *r = container_of(msg, struct redis, wake);
    struct list batch;

    take_inbox(r, &batch);
    for (struct list *it; (it = list_pop_front(&batch));) {
        struct redis_call *call = list_entry(it, struct redis_call, own.link);

        place_call(r, call, call->own.args);
    }
}

/* The loop is woken under the lock, because it may be gone as soon as `ended` can be set. */
static bool put_inbox(struct redis *r, struct redis_call *call)
{
    bool taken;

    pthread_mutex_lock(&r->shared.lock);
    taken = !r->shared.ended;
    if (taken)
        list_push_back(&r->shared.inbox, &call->own.link);
    if (taken && !r->shared.woken)
        loop_post(r->conf.loop, &r->wake);
    r->shared.woken = r->shared.woken || taken;
    pthread_mutex_unlock(&r->shared.lock);
    return taken;
}

enum err_code redis_post(struct redis *r, const struct redis_command *cmd, struct redis_call *call,
                         struct err *err)
{
    CLEANUP(sb_finip) struct sb args;
    bool fits;

    sb_init(&args, COMMAND_BYTES_MAX);
    fits = prepare(r, cmd, call, &args);
    call->own.args = sb_take(&args);
    if (fits && put_inbox(r, call))
        return ERR_OK;
    let_go(call);
    if (!fits)
        return err_set(err, ERR_TOO_LARGE, "Redis: %s", too_long);
    return err_set(err, ERR_UNAVAILABLE, "Redis: the client has ended");
}

/* Shared by the thread that waits and the loop that answers; the last one frees it. */
struct question {
    struct redis_call call;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    unsigned holders;
    bool done;
    struct arena arena;
    struct redis_value value;
    enum err_code code;
    struct err err;
};

static struct question *question_new(void)
{
    struct question *q = mem_new(struct question);

    wait_init(&q->answered);
    pthread_mutex_init(&q->lock, NULL);
    arena_init(&q->arena, 0);
    q->holders = 2;
    return q;
}

/* Under the lock, which it leaves. */
static void question_leave(struct question *q)
{
    bool last = --q->holders == 0;

    pthread_mutex_unlock(&q->lock);
    if (!last)
        return;
    arena_fini(&q->arena);
    pthread_cond_destroy(&q->answered);
    pthread_mutex_destroy(&q->lock);
    mem_free(q);
}

static void on_answer(struct redis_call *call, const struct redis_value *reply,
                      const struct err *err)
{
    struct question *q = container_of(call, struct question, call);

    pthread_mutex_lock(&q->lock);
    if (err) {
        q->err = *err;
        q->code = err->code;
    } else {
        q->value = redis_value_dup(&q->arena, reply);
    }
    q->done = true;
    pthread_cond_signal(&q->answered);
    question_leave(q);
}

/* The loop answers in time by itself; only one that is stuck lets the thread go on without. */
enum err_code redis_ask(struct redis *r, const struct redis_command *cmd, uint64_t timeout_ms,
                        struct arena *a, struct redis_value *reply, bool *sent, struct err *err)
{
    const uint64_t most_ms = (timeout_ms ? timeout_ms : r->conf.call_ms) + ASK_GRACE_MS;
    const struct timespec until = wait_until_ms((int64_t)most_ms);
    struct question *q = question_new();
    enum err_code rc;

    *reply = (struct redis_value){0};
    q->call = (struct redis_call){.done = on_answer, .timeout_ms = timeout_ms};
    rc = redis_post(r, cmd, &q->call, err);
    pthread_mutex_lock(&q->lock);
    if (rc != ERR_OK) {
        q->holders = 1;
    } else {
        while (!q->done && wait_locked(&q->answered, &q->lock, &until))
            ;
        rc = q->done ? q->code : err_set(err, ERR_UNAVAILABLE, "Redis: no answer");
        if (q->done && q->code == ERR_OK)
            *reply = redis_value_dup(a, &q->value);
        else if (q->done && err)
            *err = q->err;
    }
    if (sent)
        *sent = q->done ? q->call.sent : q->holders == 2;
    question_leave(q);
    return rc;
}

/* Only this thread writes what is read here. */
uint64_t redis_connection(const struct redis *r)
{
    return r->link && redis_link_up(r->link) ? r->shared.status.connections : 0;
}

void redis_status(struct redis *r, struct redis_status *out)
{
    pthread_mutex_lock(&r->shared.lock);
    *out = r->shared.status;
    pthread_mutex_unlock(&r->shared.lock);
    out->calls = r->calls;
    out->failed = r->failed;
    out->under_way = r->under_way;
}

/* --- life ------------------------------------------------------------------------------------ */

static void shut_down(struct redis *r)
{
    static const char why[] = "the client has ended";
    struct list batch;

    pthread_mutex_lock(&r->shared.lock);
    r->shared.ended = true;
    pthread_mutex_unlock(&r->shared.lock);
    if (r->shared.status.up)
        metrics_add(r->conf.metrics, METRIC_REDIS_CONNECTIONS, 0, -1);
    note_state(r, false, NULL);
    redis_link_free(r->link);
    r->link = NULL;
    loop_timer_stop(&r->health);
    loop_task_cancel(&r->refuse_task);
    take_inbox(r, &batch);
    for (struct list *it; (it = list_pop_front(&batch));)
        fail_unavailable(list_entry(it, struct redis_call, own.link), why);
    fail_ring(r, why);
    fail_waiting(r, why);
    on_refuse_task(&r->refuse_task);
}

static void on_ending(struct loop_ending *ending)
{
    shut_down(container_of(ending, struct redis, ending));
}

struct redis *redis_new(const struct redis_settings *settings)
{
    struct redis *r = mem_new(struct redis);

    r->conf = redis_settings_fill(settings);
    r->hopeful = true;
    list_init(&r->waiting);
    list_init(&r->refused);
    list_init(&r->shared.inbox);
    pthread_mutex_init(&r->shared.lock, NULL);
    sb_init(&r->scratch, COMMAND_BYTES_MAX);
    sb_init(&r->front, COMMAND_BYTES_MAX);
    r->refuse_task.fn = on_refuse_task;
    r->wake.fn = on_wake;
    r->ping.done = on_ping;
    r->ending.fn = on_ending;
    loop_on_end(r->conf.loop, &r->ending);
    loop_timer_set(r->conf.loop, &r->health, r->conf.ping_ms, on_health);
    r->link = redis_link_new(&r->conf, &link_handler, r);
    r->shared.status.since_s = clock_now_s(r->conf.clock);
    return r;
}

void redis_free(struct redis *r)
{
    if (!r)
        return;
    if (r->link)
        shut_down(r);
    loop_on_end_cancel(&r->ending);
    pthread_mutex_destroy(&r->shared.lock);
    sb_fini(&r->scratch);
    sb_fini(&r->front);
    mem_free((void *)r->ring);
    mem_free(r);
}

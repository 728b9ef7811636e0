/*
 * The service around the steps: the loops' parts, snapshots by message, the table of routes, and
 * the loop that runs an exchange's steps.
 */
#include "relay/relay.h"

#include <pthread.h>

#include "base/mem.h"
#include "base/wait.h"
#include "relay/exchange.h"
#include "relay/upload.h"

static enum step_next (*const steps[STEP_COUNT])(struct exchange *x) = {
    [STEP_ROUTE] = relay_route, [STEP_ADMIT] = relay_admit,   [STEP_SELECT] = relay_select,
    [STEP_SEND] = relay_send,   [STEP_SETTLE] = relay_settle,
};

/*
 * Runs steps until one waits or is done. A callback that comes while a step is on the stack only
 * leaves a note, so that a step never runs inside another. After NEXT_DONE the exchange is gone.
 */
void exchange_run(struct exchange *x)
{
    if (x->running) {
        x->again = true;
        return;
    }
    x->running = true;
    for (;;) {
        enum step at = x->step;
        enum step_next next = steps[at](x);

        if (next == NEXT_DONE)
            return;
        if (next == NEXT_STEP) {
            if (x->step == at)
                x->step++;
        } else if (!x->again) {
            break;
        }
        x->again = false;
    }
    x->running = false;
}

void exchange_go(struct exchange *x, enum step step)
{
    x->step = step;
    exchange_run(x);
}

struct relay_loop *relay_loop_of(struct relay *r, const struct loop *loop)
{
    for (unsigned i = 0; i < r->conf.loops; i++) {
        if (r->loops[i].loop == loop)
            return &r->loops[i];
    }
    return NULL;
}

static void exchange_end(void *ptr)
{
    struct exchange *x = ptr;

    list_remove(&x->link);
    loop_timer_stop(&x->timer);
    loop_timer_stop(&x->ping);
    if (x->call)
        http_call_cancel(x->call);
    sse_fini(&x->sse);
    sb_fini(&x->held);
    sb_fini(&x->last);
    sb_fini(&x->collected);
    balance_release(&x->hold);
    exchange_leave_rate(x, false);
    credential_put(x->cred);
    snapshot_put(x->snap);
}

static void init_exchange(struct exchange *x, struct relay_loop *rl, struct arena *a)
{
    x->rl = rl;
    list_push_back(&rl->exchanges, &x->link);
    x->arena = a;
    x->snap = snapshot_get(rl->snap);
    x->prompt_tokens = -1;
    sse_init(&x->sse, 1024 * 1024);
    sb_init(&x->held, HELD_LIMIT);
    sb_init(&x->last, rl->relay->conf.event_limit);
    x->client = x->upstream = &dialect_openai_chat;
    sb_init(&x->collected, REPLY_LIMIT);
    arena_defer(a, exchange_end, x);
}

struct exchange *exchange_new(struct relay *relay, struct http_req *r)
{
    struct exchange *x = arena_new(&r->arena, struct exchange);

    x->req = r;
    x->log = &r->log;
    x->body = r->body;
    x->path = r->path;
    init_exchange(x, relay_loop_of(relay, r->loop), &r->arena);
    r->user = x;
    if (!r->body_whole)
        upload_begin(x);
    return x;
}

struct exchange *exchange_new_probe(struct relay_loop *rl, struct arena *arena, struct log_ctx *log)
{
    struct exchange *x = arena_new(arena, struct exchange);

    x->log = log;
    init_exchange(x, rl, arena);
    return x;
}

/* At the end of a turn in which records were written: one wake-up for all of them. */
static void wake_ledger(void *ctx)
{
    struct relay_loop *rl = ctx;

    if (rl->appended) {
        rl->appended = false;
        ledger_wake(rl->relay->conf.ledger);
    }
}

struct relay *relay_new(const struct relay_conf *conf)
{
    struct relay *r = mem_new(struct relay);

    r->conf = *conf;
    r->loops = mem_zalloc(sizeof *r->loops * conf->loops);
    r->health = health_new();
    r->rate = rate_new();
    rate_scripts_init(&r->rate_scripts);
    if (conf->items_max_bytes > 0)
        r->items = response_items_new(conf->items_max_bytes, conf->items_life_s);
    return r;
}

void relay_free(struct relay *r)
{
    for (unsigned i = 0; i < r->conf.loops; i++)
        snapshot_put(r->loops[i].snap);
    health_free(r->health);
    rate_free(r->rate);
    response_items_free(r->items);
    mem_free(r->loops);
    mem_free(r->routes);
    mem_free(r);
}

struct relay_loop *relay_loop_new(struct relay *r, unsigned i, struct loop *loop,
                                  struct http_client *client, struct redis *redis)
{
    struct relay_loop *rl = &r->loops[i];

    *rl = (struct relay_loop){.relay = r,
                              .loop = loop,
                              .client = client,
                              .redis = redis,
                              .journal = ledger_journal(r->conf.ledger, i),
                              .snap = rl->snap,
                              .primed = rl->primed};
    list_init(&rl->exchanges);
    loop_on_turn_end(loop, wake_ledger, rl);
    return rl;
}

void relay_loop_share(struct relay_loop *rl, struct shared_member *member)
{
    rl->shared = member;
}

/* A snapshot on its way to the loops; the last one to take it tells the publisher. */
struct publication {
    pthread_mutex_t lock;
    pthread_cond_t all_taken;
    unsigned waiting, refs;
};

struct delivery {
    struct loop_msg msg;
    struct relay_loop *rl;
    struct snapshot *snap;
    struct publication *pub;
};

static void publication_leave(struct publication *pub)
{
    pthread_mutex_lock(&pub->lock);
    bool last = --pub->refs == 0;
    pthread_mutex_unlock(&pub->lock);
    if (last) {
        pthread_cond_destroy(&pub->all_taken);
        pthread_mutex_destroy(&pub->lock);
        mem_free(pub);
    }
}

static void on_delivery(struct loop_msg *msg)
{
    struct delivery *d = container_of(msg, struct delivery, msg);

    snapshot_put(d->rl->snap);
    d->rl->snap = d->snap;
    pthread_mutex_lock(&d->pub->lock);
    if (--d->pub->waiting == 0)
        pthread_cond_signal(&d->pub->all_taken);
    pthread_mutex_unlock(&d->pub->lock);
    publication_leave(d->pub);
    mem_free(d);
}

/* A loop that has ended takes no message: waiting is bounded, and what is left is freed with the
 * process. */
static void wait_for_all(struct publication *pub)
{
    const struct timespec until = wait_until_ms(5000);

    pthread_mutex_lock(&pub->lock);
    while (pub->waiting > 0 && wait_locked(&pub->all_taken, &pub->lock, &until))
        ;
    pthread_mutex_unlock(&pub->lock);
}

void relay_publish(struct relay *r, struct snapshot *snap, bool wait)
{
    struct publication *pub = mem_new(struct publication);
    unsigned running = 0;

    health_attach(r->health, snap);
    ledger_set_data_export(r->conf.ledger, snap->settings.data_export);
    pthread_mutex_init(&pub->lock, NULL);
    wait_init(&pub->all_taken);
    for (unsigned i = 0; i < r->conf.loops; i++)
        running += r->loops[i].primed;
    pub->waiting = running;
    pub->refs = running + 1;
    for (unsigned i = 0; i < r->conf.loops; i++) {
        struct relay_loop *rl = &r->loops[i];

        if (!rl->primed) { /* the first one, before the loop runs */
            rl->primed = true;
            rl->snap = snapshot_get(snap);
            continue;
        }
        struct delivery *d = mem_new(struct delivery);
        *d = (struct delivery){
            .msg.fn = on_delivery, .rl = rl, .snap = snapshot_get(snap), .pub = pub};
        loop_post(rl->loop, &d->msg);
    }
    snapshot_put(snap);
    if (wait)
        wait_for_all(pub);
    publication_leave(pub);
}

struct str relay_error_body(void *ctx UNUSED, struct arena *a, const struct http_req *r, int status,
                            const char *message, struct str *content_type)
{
    struct openai_error error = {.message = str_from(message),
                                 .type = STR("invalid_request_error")};

    if (status == 404 && r)
        error.message =
            arena_fmt(a, "Invalid URL (%.*s %.*s)", STR_ARG(r->method_name), STR_ARG(r->path));
    else if (r)
        error.message = arena_fmt(a, "%s (request id: %.*s)", message, STR_ARG(r->request_id));
    *content_type = STR("application/json; charset=utf-8");
    return relay_dialect_of(r ? r->path : STR_NULL)->write_error(a, status, &error);
}

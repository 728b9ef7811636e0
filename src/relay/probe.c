/*
 * A channel test: the same steps as a user's request, from SELECT on, with nobody to answer and
 * nobody to charge. All that the channel changes in requests applies, its overrides too: what the
 * test finds has to hold for calls, as channels are switched off and on by it. (In April 2025
 * param_override did not apply to tests in the original; since January 2026 it does.) Called by a
 * pool thread, which waits while a loop does the work.
 */
#include <pthread.h>
#include <unistd.h>

#include "base/json_write.h"
#include "base/mem.h"
#include "base/panic.h"
#include "base/wait.h"
#include "relay/exchange.h"

enum { PROBE_WAIT_S = 320, PROBE_LOOK_MS = 100 };

struct probe {
    struct loop_msg msg, stop;
    struct relay_loop *rl;
    int64_t channel_id;
    struct str model;
    struct probe_result *out;
    struct arena arena;
    struct log_ctx log;
    uint64_t started_us;
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool done;
    bool asked, stopped; /* `stop` was posted; it was taken, so that it is the waiter's again */
};

static void finish(struct probe *p)
{
    p->out->elapsed_ms = (int64_t)(clock_mono_us() - p->started_us) / 1000;
    pthread_mutex_lock(&p->lock);
    p->done = true;
    pthread_cond_signal(&p->over);
    pthread_mutex_unlock(&p->lock);
}

static void refuse(struct probe *p, enum err_code code, const char *why)
{
    p->out->code = code;
    snprintf(p->out->message, sizeof p->out->message, "%s", why);
    finish(p);
}

static void on_probe_done(struct exchange *x)
{
    struct probe *p = x->probe;

    p->out->code = x->fault.code;
    p->out->upstream_status = x->fault.code == ERR_OK ? x->upstream_status : x->fault.status;
    p->out->usage = x->usage;
    snprintf(p->out->message, sizeof p->out->message, "%.*s", STR_ARG(x->fault.error.message));
    snprintf(p->out->error_code, sizeof p->out->error_code, "%.*s", STR_ARG(x->fault.error.code));
    snprintf(p->out->error_type, sizeof p->out->error_type, "%.*s", STR_ARG(x->fault.error.type));
    arena_fini(&p->arena); /* ends the exchange */
    finish(p);
}

/* The given model, else the channel's test model, else its first, else a common one
 * (admin-api 5.8.1). */
static struct str choose_model(struct probe *p, const struct route_channel *channel)
{
    struct str first = channel->row.models;

    if (p->model.n > 0)
        return p->model;
    if (channel->row.test_model.n > 0)
        return channel->row.test_model;
    first = str_trim(str_cut(&first, ','));
    return first.n > 0 ? first : STR("gpt-4o-mini");
}

static bool is_embedding(struct str model)
{
    return str_find_nocase(model, STR("embed")) >= 0 || str_find_nocase(model, STR("bge-")) >= 0 ||
           str_starts_nocase(model, STR("m3e"));
}

/* Billing reference 9.2: how much answer a test may ask for. */
static struct str token_limit(struct arena *a, struct str model)
{
    if (str_starts(model, STR("o")) || str_starts(model, STR("gpt-5")))
        return STR("\"max_completion_tokens\":10");
    if (str_has(model, STR("thinking")) && !str_has(model, STR("claude")))
        return STR("\"max_tokens\":50");
    return arena_fmt(a, "\"max_tokens\":%d", str_has(model, STR("gemini")) ? 300 : 10);
}

/* `prompt`: TEST_PROMPT; may be empty. */
static struct str test_body(struct arena *a, struct str model, struct str prompt)
{
    struct str name = json_quote(a, model), limit = token_limit(a, model);
    struct str text = json_quote(a, prompt.n > 0 ? prompt : STR("hi"));

    if (is_embedding(model))
        return arena_fmt(a, "{\"model\":%.*s,\"input\":[\"hello world\"]}", STR_ARG(name));
    return arena_fmt(a, "{\"model\":%.*s,\"messages\":[{\"role\":\"user\",\"content\":%.*s}],%.*s}",
                     STR_ARG(name), STR_ARG(text), STR_ARG(limit));
}

static void on_start(struct loop_msg *msg)
{
    struct probe *p = container_of(msg, struct probe, msg);
    const struct route_channel *channel = snapshot_channel(p->rl->snap, p->channel_id);
    struct exchange *x;

    if (!channel) {
        arena_fini(&p->arena);
        refuse(p, ERR_NOT_FOUND, "渠道不存在 (no such channel)");
        return;
    }
    x = exchange_new_probe(p->rl, &p->arena, &p->log);
    x->probe = p;
    x->probe_done = on_probe_done;
    x->channel = channel;
    x->peek.model = choose_model(p, channel);
    x->peek.choices = 1;
    x->mode = is_embedding(x->peek.model) ? MODE_EMBEDDINGS : MODE_CHAT;
    x->body = test_body(&p->arena, x->peek.model, p->rl->relay->conf.test_prompt);
    snprintf(p->out->model, sizeof p->out->model, "%.*s", STR_ARG(x->peek.model));
    exchange_go(x, STEP_SELECT);
}

/* The program ends. What was posted first comes first, so the exchange has begun; its arena takes
 * it along. */
static void on_stop(struct loop_msg *msg)
{
    struct probe *p = container_of(msg, struct probe, stop);

    if (!p->done) {
        arena_fini(&p->arena);
        refuse(p, ERR_UNAVAILABLE, "服务器正在停止 (the server is stopping)");
    }
    pthread_mutex_lock(&p->lock);
    p->stopped = true;
    pthread_cond_signal(&p->over);
    pthread_mutex_unlock(&p->lock);
}

/* Waits a little; afterwards asks the loop to give up when the program is ending. */
static void wait_a_little_locked(struct probe *p)
{
    const struct timespec until = wait_until_ms(PROBE_LOOK_MS);

    (void)wait_locked(&p->over, &p->lock, &until);
    if (!p->done && !p->asked && p->rl->relay->stopping) {
        p->asked = true;
        p->stop.fn = on_stop;
        loop_post(p->rl->loop, &p->stop);
    }
}

/* The loop always answers: the call's own time-outs are shorter than this wait, which only guards
 * against a loop that has ended. */
static bool wait_until_over(struct probe *p)
{
    uint64_t give_up_ms = clock_mono_ms() + PROBE_WAIT_S * 1000;
    bool over = false;

    pthread_mutex_lock(&p->lock);
    while (!over && clock_mono_ms() < give_up_ms) {
        over = p->done && p->asked == p->stopped;
        if (!over)
            wait_a_little_locked(p);
    }
    pthread_mutex_unlock(&p->lock);
    return over;
}

void relay_probe(struct relay *r, int64_t channel_id, struct str model, struct probe_result *out)
{
    struct probe *p = mem_new(struct probe);

    *out = (struct probe_result){0};
    *p = (struct probe){.msg.fn = on_start,
                        .rl = &r->loops[(uint64_t)channel_id % r->conf.loops],
                        .channel_id = channel_id,
                        .out = out,
                        .started_us = clock_mono_us()};
    arena_init(&p->arena, 0);
    p->model = str_dup(&p->arena, model);
    pthread_mutex_init(&p->lock, NULL);
    wait_init(&p->over);
    r->probes++;
    loop_post(p->rl->loop, &p->msg);
    if (!wait_until_over(p))
        panic("probe: the loop did not answer");
    r->probes--;
    pthread_cond_destroy(&p->over);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

void relay_stop_probes(struct relay *r)
{
    r->stopping = true;
    while (r->probes > 0)
        usleep(1000);
}

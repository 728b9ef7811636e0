/*
 * Sends the request to the chosen channel and takes its answer. A reply that is not streamed is
 * collected (bounded) and passed on whole; a stream goes on in stream.c.
 */
#include "relay/exchange.h"

#include "relay/mode.h"
#include "relay/realtime.h"
#include "relay/upload.h"

/* ---- the answer ---- */

static struct str head_find(const struct http_reply_head *head, struct str name)
{
    return http_header_find(head->headers, head->header_count, name);
}

static void drop_call(struct exchange *x)
{
    if (x->call)
        http_call_cancel(x->call);
    x->call = NULL;
}

static void fail_reply(struct exchange *x, enum err_code code, const char *why)
{
    struct err err;

    err_set(&err, code, "%s", why);
    fault_from_err(x, &err);
}

static void on_head(void *ctx, const struct http_reply_head *head)
{
    struct exchange *x = ctx;
    struct str type = head_find(head, STR("content-type"));

    x->upstream_status = head->status;
    x->upstream_answered = head->status == 200;
    x->stream_reply = x->upstream_answered && str_starts_nocase(type, STR("text/event-stream"));
    if (x->asked)
        mode_take_head(x, type);
    if (x->upstream_answered && upload_goes_through(x)) {
        drop_call(x);
        fail_reply(x, ERR_UPSTREAM_BODY, "it answered what it had not yet been asked");
        exchange_attempt_failed(x);
        return;
    }
    x->log->action = x->stream_reply ? "forwarding the stream" : "reading the reply";
    if (x->upstream_answered && !x->stream_reply && !x->byte_reply && head->content_length > 0)
        (void)sb_reserve(&x->collected, (size_t)head->content_length);
    if (x->stream_reply)
        stream_begin(x);
}

/* An error body is kept up to its cap and no further. */
static void collect(struct exchange *x, struct str bytes)
{
    if (!x->upstream_answered && x->collected.n + bytes.n > UPSTREAM_ERROR_LIMIT)
        bytes.n = x->collected.n < UPSTREAM_ERROR_LIMIT ? UPSTREAM_ERROR_LIMIT - x->collected.n : 0;
    sb_add(&x->collected, bytes);
}

static void on_body(void *ctx, struct str bytes)
{
    struct exchange *x = ctx;

    if (x->stream_reply) {
        stream_feed(x, bytes);
        return;
    }
    if (x->byte_reply) {
        bytes_feed(x, bytes);
        return;
    }
    collect(x, bytes);
    if (sb_failed(&x->collected)) {
        drop_call(x);
        fail_reply(x, ERR_UPSTREAM_BODY, "the reply is too large");
        exchange_attempt_failed(x);
    }
}

static void add_text(void *ctx, struct str text)
{
    token_meter_add(ctx, text);
}

static void count_answer(struct exchange *x, struct str body)
{
    struct peek_answer seen;

    peek_answer(body, add_text, &x->meter, &seen);
    x->meter.tool_calls = seen.tool_calls;
}

/* The same of a dialect that translate.c reads. */
static void judge_foreign(struct exchange *x, struct str body)
{
    struct seen seen = {0};
    struct err err = {0};

    if (translate_answer(x, body, &seen, &err) != ERR_OK)
        fault_from_err(x, &err);
    else if (!seen.error && !seen.content && x->usage.completion == 0)
        fail_reply(x, ERR_UPSTREAM_EMPTY, "the reply is empty");
    if (x->fault.code == ERR_OK && !x->peek.stream)
        translate_end(x);
    if (x->fault.code == ERR_OK && sb_failed(&x->tr->out))
        fail_reply(x, ERR_UPSTREAM_BODY, "the answer is too large");
}

static void judge_embedding(struct exchange *x, struct str body)
{
    struct err err = {0};

    if (embedding_answer(x, body, &err) != ERR_OK)
        fault_from_err(x, &err);
}

/* A complete reply that was not streamed: is it an answer at all? */
static void judge_reply(struct exchange *x)
{
    struct str body = sb_str(&x->collected);
    struct peek_answer seen;

    if (x->upstream_status != 200) {
        fault_from_reply(x, x->upstream_status, body);
        return;
    }
    if (x->asked) {
        mode_judge(x, body);
        return;
    }
    if (x->tr) {
        judge_foreign(x, body);
        return;
    }
    if (x->embedding) {
        judge_embedding(x, body);
        return;
    }
    peek_answer(body, NULL, NULL, &seen);
    x->usage = seen.usage;
    x->usage_seen = seen.has_usage;
    if (!seen.has_usage)
        count_answer(x, body);
    if (!seen.is_object)
        fail_reply(x, ERR_UPSTREAM_BODY, "the reply is not a JSON object");
    else if (seen.has_error)
        fault_from_reply(x, 200, body);
    else if (!seen.has_content && !seen.has_cause && x->usage.completion == 0 &&
             x->mode != MODE_COUNT_TOKENS)
        fail_reply(x, ERR_UPSTREAM_EMPTY, "the reply is empty");
}

static void on_end(void *ctx)
{
    struct exchange *x = ctx;

    x->call = NULL;
    if (x->stream_reply) {
        stream_end(x);
        return;
    }
    if (x->byte_reply) {
        bytes_end(x);
        return;
    }
    judge_reply(x);
    if (x->fault.code != ERR_OK) {
        exchange_attempt_failed(x);
        return;
    }
    if (x->peek.stream) {
        stream_from_answer(x);
        return;
    }
    if (embedding_goes_on(x)) {
        exchange_go(x, STEP_SEND);
        return;
    }
    x->outcome = OUTCOME_COMPLETE;
    health_note_success(x->channel);
    exchange_go(x, STEP_SETTLE);
}

static void on_fail(void *ctx, const struct err *err)
{
    struct exchange *x = ctx;

    struct err unsent = *err;

    x->call = NULL;
    if (x->stream_reply) {
        stream_broken(x, err);
        return;
    }
    if (x->byte_reply) {
        bytes_broken(x, err);
        return;
    }
    if (err->code == ERR_BAD_REQUEST) /* what cannot be sent is made of the channel's settings */
        unsent.code = ERR_CHANNEL;
    fault_from_err(x, &unsent);
    exchange_attempt_failed(x);
}

static const struct http_call_handler call_handler = {.on_head = on_head,
                                                      .on_body = on_body,
                                                      .on_end = on_end,
                                                      .on_fail = on_fail,
                                                      .on_room = upload_on_room,
                                                      .on_websocket = realtime_opened};

/* ---- the client leaves, before or while a reply is read ---- */

static void on_drain_over(struct loop_timer *timer)
{
    struct exchange *x = container_of(timer, struct exchange, timer);

    drop_call(x);
    exchange_go(x, STEP_SETTLE);
}

/* The upstream goes on working, and charging: it is read on for its usage, for a bounded time. */
static void on_gone(struct http_req *r)
{
    struct exchange *x = r->user;

    x->client_gone = true;
    x->log->action = "draining after the client left";
    loop_timer_stop(&x->ping);
    if (upload_is_unsent(x)) {
        drop_call(x);
        if (!upload_has_job(x))
            exchange_go(x, STEP_SETTLE);
        return;
    }
    if (!x->call)
        return; /* a job is under way: its callback goes on, and SETTLE answers nobody */
    if (x->outcome == OUTCOME_NONE)
        x->outcome = OUTCOME_CUT_CLIENT;
    if (x->paused) {
        x->paused = false;
        http_call_resume(x->call);
    }
    if (!x->done_seen) /* else only the end of the body is waited for, and for a short time */
        loop_timer_set(x->rl->loop, &x->timer, x->byte_reply ? 0 : x->rl->relay->conf.drain_ms,
                       on_drain_over); /* bytes tell no usage */
}

static void on_client_drain(struct http_req *r)
{
    struct exchange *x = r->user;

    if (x->paused && x->call) {
        x->paused = false;
        http_call_resume(x->call);
    }
}

/* ---- the step ---- */

static void forget_attempt(struct exchange *x)
{
    x->fault = (struct relay_fault){0};
    x->byte_reply = false;
    x->reply_type = x->last_type = STR_NULL;
    x->upstream_answered = x->stream_reply = x->finish_seen = x->done_seen = x->paused = false;
    x->first_payload_us = 0;
    x->chunk_names = NULL;
    x->upstream_status = 0;
    x->usage_seen = false;
    x->usage = (struct usage){0};
    sb_reset(&x->collected);
    sb_reset(&x->held);
    sb_reset(&x->last);
    sse_fini(&x->sse);
    token_meter_init(&x->meter, x->upstream_model);
}

static enum err_code start_call(struct exchange *x, const struct provider *p, struct err *err)
{
    struct http_call_conf *http = arena_new(x->arena, struct http_call_conf);

    TRY(request_build(x, p, http, err));
    x->call = http_call_start(x->rl->client, x->arena, http, &call_handler, x);
    return ERR_OK;
}

/* The upstream has no call that counts tokens in the client's dialect: our own count is told. */
static enum step_next count_here(struct exchange *x)
{
    forget_attempt(x);
    sb_add(&x->collected, x->client->write_count(x->arena, exchange_prompt_tokens(x)));
    x->outcome = OUTCOME_COMPLETE;
    x->step = STEP_SETTLE;
    return NEXT_STEP;
}

/* Before an attempt begins, or goes on. NEXT_STEP with x->step at STEP_SEND: one is due. */
static enum step_next look_first(struct exchange *x)
{
    enum step_next next = NEXT_STEP;

    if (!exchange_is_over(x) && !x->probe && !journal_has_room(x->rl->journal))
        exchange_fail(
            x, ERR_UNAVAILABLE,
            "暂时无法记录用量，请稍后重试 (the usage cannot be recorded now, try again later)");
    if (x->step == STEP_SEND && x->upload)
        next = upload_go_on(x);
    if (x->step == STEP_SETTLE)
        drop_call(x);
    return next;
}

/* What the request only names, before it is written. As media_fetch(). */
static enum step_next gather(struct exchange *x, const struct provider *p)
{
    enum step_next next;

    if (x->mode == MODE_EMBEDDINGS)
        return embedding_prepare(x);
    next = recall_items(x);
    return next == NEXT_WAIT || x->step != STEP_SEND ? next : media_fetch(x, p);
}

enum step_next relay_send(struct exchange *x)
{
    const struct provider *p = provider_find(x->channel->row.type);
    struct err err = {0};
    enum step_next next;
    enum err_code rc;

    if (x->rt && realtime_is_open(x))
        return realtime_go_on(x);
    next = look_first(x);
    if (next == NEXT_WAIT || x->step != STEP_SEND)
        return next;
    x->log->action = "calling the upstream";
    if (!p || !(p->modes & (1u << x->mode)))
        return exchange_fail(x, ERR_NOT_IMPLEMENTED,
                             "渠道类型不支持该接口 (this type of channel does not serve the path)");
    rc = request_map_model(x, &err);
    if (rc != ERR_OK)
        return exchange_fail(x, rc, "%s", err.msg);
    translate_prepare(x, p);
    if (x->mode == MODE_COUNT_TOKENS && x->upstream != x->client)
        return count_here(x);
    next = gather(x, p);
    if (next == NEXT_WAIT || x->step != STEP_SEND)
        return next;
    forget_attempt(x);
    if (x->req) {
        x->req->on_gone = x->rt ? realtime_gone : on_gone;
        x->req->on_drain = on_client_drain;
    }
    rc = start_call(x, p, &err);
    if (rc == ERR_OK && x->peek.stream && !upload_goes_through(x))
        stream_keep_alive(x);
    if (rc == ERR_OK)
        return NEXT_WAIT;
    if (x->fault.code != ERR_OK)
        return exchange_refuse(x);
    if (err_fault_of(rc) != FAULT_CHANNEL)
        return exchange_fail(x, rc, "%s", err.msg);
    fault_from_err(x, &err);
    exchange_attempt_failed(x);
    return NEXT_WAIT;
}

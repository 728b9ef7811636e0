/*
 * A streamed answer of the client's own dialect: events go through as they came, looked at for
 * usage and for their end.
 *
 * Until the first content arrives nothing is shown to the client, so that a failure until then can
 * go to another channel. Events are framed anew ("data: " ... blank line), their JSON is not
 * touched but for a null usage member that we asked for and the client did not. The charge is in
 * the journal before the client can see the end.
 */
#include "relay/exchange.h"

#include "dialect/openai_chunk.h"

enum { SLICES = 96, AFTER_DONE_MS = 2000 };

static const struct str usage_null = STR_INIT(",\"usage\":null");

/* Slices of one call of stream_feed(), written together. They point into the bytes being fed. */
struct batch {
    struct exchange *x;
    struct str at[SLICES];
    size_t n;
};

static void start_reply(struct exchange *x)
{
    static const struct http_header headers[] = {
        {STR_INIT("Content-Type"), STR_INIT("text/event-stream")},
        {STR_INIT("Cache-Control"), STR_INIT("no-cache")},
        {STR_INIT("X-Accel-Buffering"), STR_INIT("no")},
    };

    x->reply_started = true;
    if (x->req)
        http_reply_start(x->req, 200, headers, ARRAY_LEN(headers));
}

/* Writes to the client, if it is still there; a slow reader stops the upstream. */
static void write_out(struct exchange *x, const struct str *slices, size_t n)
{
    if (!x->req || x->client_gone || n == 0)
        return;
    if (!http_reply_write(x->req, slices, n) && x->call && !x->paused && !x->client_gone) {
        x->paused = true;
        http_call_pause(x->call);
    }
}

static void flush(struct batch *b)
{
    struct exchange *x = b->x;

    if (b->n == 0)
        return;
    if (!x->content_seen) {
        for (size_t i = 0; i < b->n; i++)
            sb_add(&x->held, b->at[i]);
    } else {
        if (!x->reply_started)
            start_reply(x);
        write_out(x, b->at, b->n);
    }
    b->n = 0;
}

/* The first content: what was held goes out, and from now on there is no other channel. */
static void show(struct batch *b)
{
    struct exchange *x = b->x;
    struct str held;

    flush(b);
    held = sb_str(&x->held);
    x->content_seen = true;
    if (!x->reply_started)
        start_reply(x);
    if (held.n > 0)
        write_out(x, &held, 1);
    sb_fini(&x->held);
}

static void add(struct batch *b, struct str s)
{
    if (b->n == SLICES)
        flush(b);
    b->at[b->n++] = s;
}

static bool hides_usage(const struct exchange *x)
{
    return !x->peek.include_usage && !x->rl->relay->conf.enforce_include_usage;
}

static void add_event(struct batch *b, const struct sse_event *ev)
{
    struct exchange *x = b->x;
    ptrdiff_t null_at = hides_usage(x) ? str_find(ev->data, usage_null) : -1;

    if (ev->type.n > 0) {
        add(b, STR("event: "));
        add(b, ev->type);
        add(b, STR("\n"));
    }
    add(b, STR("data: "));
    if (null_at >= 0) {
        add(b, str_sub(ev->data, 0, (size_t)null_at));
        add(b, str_skip(ev->data, (size_t)null_at + usage_null.n));
    } else {
        add(b, ev->data);
    }
    add(b, STR("\n\n"));
}

/* ---- the end ---- */

static void finish(struct exchange *x)
{
    loop_timer_stop(&x->ping);
    exchange_go(x, STEP_SETTLE);
}

/* What follows [DONE] is only the end of the body; an upstream that does not send it is not waited
 * for. */
static void on_after_done(struct loop_timer *timer)
{
    struct exchange *x = container_of(timer, struct exchange, timer);

    if (x->call) {
        http_call_cancel(x->call);
        x->call = NULL;
    }
    finish(x);
}

/* [DONE], or what stands for it. It is written behind what came before it, and only when the charge
 * is safe. */
static void on_done(struct batch *b)
{
    struct exchange *x = b->x;

    x->done_seen = true;
    if (!x->content_seen && !x->finish_seen && !x->usage_seen)
        return; /* an empty answer: stream_end() decides */
    x->outcome = OUTCOME_COMPLETE;
    if (!exchange_charge(x)) { /* nothing uncharged may look complete */
        exchange_fail(
            x, ERR_IO,
            "无法记录用量，请求已中止 (the usage could not be recorded, the answer was cut)");
        return;
    }
    if (!x->content_seen)
        show(b);
    add(b, STR("data: [DONE]\n\n"));
    if (!x->client_gone)
        loop_timer_set(x->rl->loop, &x->timer, AFTER_DONE_MS, on_after_done);
}

/* ---- events ---- */

static void meter_text(void *ctx, struct str text)
{
    token_meter_add(ctx, text);
}

static void on_upstream_error(struct batch *b, struct str data)
{
    struct exchange *x = b->x;

    fault_from_reply(x, x->content_seen ? 502 : 200, data);
    if (x->content_seen)
        x->outcome = OUTCOME_ERROR;
}

static void on_event(struct batch *b, const struct sse_event *ev)
{
    struct exchange *x = b->x;
    struct peek_answer seen;

    if (str_starts(ev->data, STR("[DONE]"))) {
        on_done(b);
        return;
    }
    peek_answer(ev->data, &seen, NULL);
    if (seen.has_error) {
        on_upstream_error(b, ev->data);
        return;
    }
    if (x->first_payload_us == 0)
        x->first_payload_us = clock_mono_us();
    if (seen.has_usage) {
        x->usage = seen.usage;
        x->usage_seen = true;
    }
    if (seen.has_content)
        peek_texts(ev->data, meter_text, &x->meter);
    x->finish_seen |= seen.has_finish;
    if (seen.usage_only && hides_usage(x))
        return;
    if ((seen.has_content || seen.has_finish) && !x->content_seen)
        show(b);
    add_event(b, ev);
}

void stream_feed(struct exchange *x, struct str bytes)
{
    struct batch b = {.x = x};
    const struct str chunk = bytes;
    struct sse_event ev;
    enum sse_result rc = SSE_MORE;

    while (x->fault.code == ERR_OK && !x->done_seen &&
           (rc = sse_next(&x->sse, &bytes, &ev)) == SSE_EVENT) {
        on_event(&b, &ev);
        if (ev.type.n > 0 || ev.data.p < chunk.p || ev.data.p >= chunk.p + chunk.n)
            flush(&b); /* the event lies in the reader, which the next call reuses */
    }
    flush(&b);
    if (rc == SSE_TOO_LONG || sb_failed(&x->held))
        fault_from_err(x, &(struct err){.code = ERR_UPSTREAM_BODY,
                                        .msg = "an event of the stream is too long"});
    if (x->fault.code == ERR_OK)
        return;
    http_call_cancel(x->call);
    x->call = NULL;
    if (x->content_seen)
        finish(x);
    else
        exchange_attempt_failed(x);
}

/* ---- keeping the client's connection alive while the upstream is silent (relay reference 10.2)
 * ---- */

static void on_ping(struct loop_timer *timer)
{
    struct exchange *x = container_of(timer, struct exchange, ping);

    if (!x->reply_started)
        start_reply(x);
    write_out(x, &STR(": PING\n\n"), 1);
    loop_timer_set(x->rl->loop, &x->ping, (uint64_t)x->snap->settings.ping_interval_s * 1000,
                   on_ping);
}

void stream_begin(struct exchange *x)
{
    const struct settings *s = &x->snap->settings;

    sse_init(&x->sse, 10 * 1024 * 1024);
    if (s->ping_enabled && x->req && !x->client_gone)
        loop_timer_set(x->rl->loop, &x->ping,
                       (uint64_t)(s->ping_interval_s > 0 ? s->ping_interval_s : 10) * 1000,
                       on_ping);
}

/* A streaming request was answered with plain JSON: the answer goes out as a stream of one chunk.
 */
void stream_from_answer(struct exchange *x)
{
    struct batch b = {.x = x};
    struct str chunk, usage;

    if (openai_chunk_from_answer(x->arena, sb_str(&x->collected), &chunk, &usage, NULL) != ERR_OK) {
        fault_from_err(
            x, &(struct err){.code = ERR_UPSTREAM_BODY, .msg = "the reply is no chat answer"});
        exchange_attempt_failed(x);
        return;
    }
    x->first_payload_us = clock_mono_us();
    x->content_seen = true;
    add_event(&b, &(struct sse_event){.data = chunk});
    if (usage.n > 0 && !hides_usage(x))
        add_event(&b,
                  &(struct sse_event){
                      .data = arena_fmt(
                          x->arena,
                          "{\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":%.*s}",
                          STR_ARG(usage))});
    on_done(&b);
    flush(&b);
    health_note_success(x->channel);
    finish(x);
}

/* The body ended. Without [DONE] an answer is complete only if it said that it was finished. */
void stream_end(struct exchange *x)
{
    struct batch b = {.x = x};
    struct sse_event ev;

    if (!x->done_seen && sse_end(&x->sse, &ev) == SSE_EVENT)
        on_event(&b, &ev); /* some servers leave the last blank line out */
    if (x->fault.code == ERR_OK && !x->done_seen && x->finish_seen)
        on_done(&b);
    flush(&b);
    if (x->fault.code == ERR_OK && x->outcome == OUTCOME_NONE) {
        if (x->content_seen) {
            stream_broken(x, &(struct err){.code = ERR_UPSTREAM_CUT,
                                           .msg = "the stream ended before its answer did"});
            return;
        }
        fault_from_err(x, &(struct err){.code = ERR_UPSTREAM_EMPTY, .msg = "the reply is empty"});
    }
    if (x->fault.code != ERR_OK && !x->content_seen) {
        exchange_attempt_failed(x);
        return;
    }
    if (x->outcome == OUTCOME_COMPLETE)
        health_note_success(x->channel);
    finish(x);
}

void stream_broken(struct exchange *x, const struct err *err)
{
    if (x->done_seen && x->outcome == OUTCOME_COMPLETE) {
        finish(x);
        return;
    }
    fault_from_err(x, err);
    if (!x->content_seen) {
        exchange_attempt_failed(x);
        return;
    }
    if (!x->client_gone)
        x->outcome = OUTCOME_CUT_UPSTREAM;
    health_note_failure(x);
    finish(x);
}

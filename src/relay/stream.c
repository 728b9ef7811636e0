/*
 * A streamed answer. Of the client's own dialect, its events go through as they came, looked at for
 * usage and for their end; of another, they are written anew by translate.c.
 *
 * Until the first content arrives nothing is shown to the client, so that a failure until then, or
 * an end without any, can go to another channel. Events are framed anew ("data: " ... blank line),
 * their JSON is not touched but for a null usage member that we asked for and the client did not.
 * The charge is in the journal before the client can see the end.
 */
#include "relay/exchange.h"

#include "base/json.h"
#include "dialect/openai_chunk.h"
#include "relay/mode.h"

enum { SLICES = 96, AFTER_DONE_MS = 2000, CHUNK_NAME_MAX = 1024 };

/* Slices of one call of stream_feed(), written together. They point into the bytes being fed. */
struct batch {
    struct exchange *x;
    struct str at[SLICES];
    size_t n;
};

static bool is_array(const struct exchange *x)
{
    return x->tr && x->tr->conf.json_array;
}

static void start_reply(struct exchange *x)
{
    struct http_header headers[4] = {
        {STR("Content-Type"), is_array(x) ? STR("application/json") : STR("text/event-stream")},
        {STR("Cache-Control"), STR("no-cache")},
        {STR("X-Accel-Buffering"), STR("no")},
    };
    size_t n = 3;

    x->reply_started = true;
    if (exchange_losses(x).n > 0)
        headers[n++] = (struct http_header){STR("x-yourapi-dropped"), exchange_losses(x)};
    if (x->req)
        http_reply_start(x->req, 200, headers, n);
}

/* A client that wants no stream gets the fold of one, when it is over: until then nothing of it is
 * shown, and it may still go to another channel. */
static bool folds(const struct exchange *x)
{
    return x->tr && x->tr->fold;
}

static bool has_content(const struct exchange *x)
{
    return x->content_seen || (folds(x) && x->tr->fold_has_content);
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

/* The first content: what was held goes out, and from now on there is no other channel. Not when
 * too much was held, which stream_feed() and on_done() find. */
static void show(struct batch *b)
{
    struct exchange *x = b->x;
    struct str held;

    flush(b);
    if (folds(x))
        x->tr->fold_has_content = true;
    if (folds(x) || sb_failed(&x->held))
        return;
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

/* A line of data for each line of the text: what a reader joined must be taken apart again. */
static void add_data(struct batch *b, struct str data)
{
    ptrdiff_t at;

    while ((at = str_find_char(data, '\n')) >= 0) {
        add(b, str_sub(data, 0, (size_t)at));
        add(b, STR("\ndata: "));
        data = str_skip(data, (size_t)at + 1);
    }
    add(b, data);
}

/* An element of a JSON array that is streamed. */
static void add_element(struct batch *b, struct str data)
{
    struct translation *tr = b->x->tr;

    add(b, tr->array_begun ? STR(",\r\n") : STR("["));
    tr->array_begun = true;
    add(b, data);
}

/* `hidden` is a part of the data that is left out; it may be empty. */
static void add_event(struct batch *b, const struct sse_event *ev, struct str hidden)
{
    if (ev->type.n > 0) {
        add(b, STR("event: "));
        add(b, ev->type);
        add(b, STR("\n"));
    }
    add(b, STR("data: "));
    if (hidden.n > 0) {
        size_t at = (size_t)(hidden.p - ev->data.p);

        add_data(b, str_sub(ev->data, 0, at));
        add_data(b, str_skip(ev->data, at + hidden.n));
    } else {
        add_data(b, ev->data);
    }
    add(b, STR("\n\n"));
}

/* ---- the usage chunk, when the client asked for one and the upstream sent none (relay
 * reference 10.4) ---- */

enum { N_ID, N_OBJECT, N_CREATED, N_MODEL, N_FINGERPRINT, N_COUNT };

static const struct str chunk_names[N_COUNT] = {STR_INIT("id"), STR_INIT("object"),
                                                STR_INIT("created"), STR_INIT("model"),
                                                STR_INIT("system_fingerprint")};

/* What every chunk of the stream says about itself, kept for the chunk that we may have to add. */
static void remember_names(struct exchange *x, struct str chunk)
{
    struct str found[N_COUNT];

    if (json_find_members(chunk, chunk_names, found, N_COUNT, NULL) != ERR_OK)
        return;
    x->chunk_names = arena_new_array(x->arena, struct str, N_COUNT);
    for (size_t i = 0; i < N_COUNT; i++) {
        if (found[i].n > 0 && found[i].n <= CHUNK_NAME_MAX)
            x->chunk_names[i] = str_dup(x->arena, found[i]);
    }
}

static struct str usage_text(struct exchange *x)
{
    return arena_fmt(x->arena,
                     "{\"prompt_tokens\":%" PRId64 ",\"completion_tokens\":%" PRId64
                     ",\"total_tokens\":%" PRId64 "}",
                     x->usage.prompt, x->usage.completion, x->usage.prompt + x->usage.completion);
}

static void add_usage_chunk(struct batch *b, struct str usage)
{
    struct exchange *x = b->x;

    add(b, STR("data: {"));
    for (size_t i = 0; x->chunk_names && i < N_COUNT; i++) {
        if (x->chunk_names[i].n == 0)
            continue;
        add(b, STR("\""));
        add(b, chunk_names[i]);
        add(b, STR("\":"));
        add(b, x->chunk_names[i]);
        add(b, STR(","));
    }
    add(b, STR("\"choices\":[],\"usage\":"));
    add(b, usage);
    add(b, STR("}\n\n"));
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

static void fail_attempt(struct exchange *x, enum err_code code, const char *why)
{
    struct err err;

    err_set(&err, code, "%s", why);
    fault_from_err(x, &err);
}

/* Is there an answer that can be shown, now that it is over? */
static bool has_answer(struct batch *b)
{
    struct exchange *x = b->x;

    if (x->fault.code != ERR_OK)
        return false;
    if (!x->content_seen)
        flush(b);
    if (folds(x))
        translate_end(x);
    if (sb_failed(&x->held))
        fail_attempt(x, ERR_UPSTREAM_BODY, "too much came before the first content");
    else if (folds(x) && sb_failed(&x->tr->out))
        fail_attempt(x, ERR_UPSTREAM_BODY, "the answer is too large");
    else if (!has_content(x) && x->usage.completion == 0)
        fail_attempt(x, ERR_UPSTREAM_EMPTY, "the stream has no answer");
    return x->fault.code == ERR_OK;
}

/* An event that goes through; in the form in which the client takes a stream. */
static void forward(struct batch *b, const struct sse_event *ev)
{
    if (is_array(b->x))
        add_element(b, ev->data);
    else
        add_event(b, ev, STR_NULL);
}

/* The event that was held because it might be the last one is not, or the charge is safe. */
static void release_last(struct batch *b)
{
    struct exchange *x = b->x;
    struct sse_event ev = {.data = sb_str(&x->last), .type = x->last_type};

    if (ev.data.n == 0)
        return;
    forward(b, &ev);
    flush(b); /* before the builder is used again */
    sb_reset(&x->last);
}

/* What the writer has written goes out with the next flush, which must come before it writes again.
 */
static void add_written(struct batch *b)
{
    struct translation *tr = b->x->tr;

    if (tr->out.n == 0)
        return;
    add(b, sb_str(&tr->out));
    tr->array_begun = true;
}

/* The end of a stream that x->tr reads; `ev` is the upstream's event that says so, or NULL. */
static void add_end(struct batch *b, const struct sse_event *ev)
{
    struct exchange *x = b->x;

    if (folds(x)) /* has_answer() has written it, and SETTLE shows it */
        return;
    release_last(b);
    if (x->tr->writer) {
        translate_end(x);
        recall_keep(x);
        add_written(b);
    } else if (ev) {
        forward(b, ev);
    }
    if (is_array(x) && !x->tr->writer)
        add(b, x->tr->array_begun ? STR("]") : STR("[]"));
    flush(b);
    sb_reset(&x->tr->out);
}

/* The end of a stream of another mode; `ev` is the upstream's event that says so, or NULL. */
static void add_mode_end(struct batch *b, const struct sse_event *ev)
{
    release_last(b);
    if (ev)
        forward(b, ev);
}

/* What ends OpenAI's chat. */
static void add_done(struct batch *b)
{
    if (!b->x->usage_seen && !hides_usage(b->x))
        add_usage_chunk(b, usage_text(b->x));
    add(b, STR("data: [DONE]\n\n"));
}

/* [DONE], or what stands for it (`ev`, which may be NULL). It is written behind what came before
 * it, and only when the charge is safe. */
static void on_done(struct batch *b, const struct sse_event *ev)
{
    struct exchange *x = b->x;

    if (x->done_seen)
        return;
    x->done_seen = true;
    if (!has_answer(b))
        return;
    x->outcome = OUTCOME_COMPLETE;
    if (!exchange_charge(x)) { /* nothing uncharged may look complete */
        x->outcome = x->content_seen ? OUTCOME_ERROR : OUTCOME_NONE;
        exchange_fail(
            x, ERR_IO,
            "无法记录用量，请求已中止 (the usage could not be recorded, the answer was cut)");
        return;
    }
    if (!x->content_seen)
        show(b);
    if (x->tr)
        add_end(b, ev);
    else if (x->asked)
        add_mode_end(b, ev);
    else
        add_done(b);
    if (x->call)
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
    if (x->content_seen && !x->client_gone)
        x->outcome = OUTCOME_ERROR;
}

static void note_answer(struct exchange *x, const struct peek_answer *seen)
{
    if (x->first_payload_us == 0)
        x->first_payload_us = clock_mono_us();
    if (seen->has_usage) {
        x->usage = seen->usage;
        x->usage_seen = true;
    }
    if (seen->tool_calls > x->meter.tool_calls)
        x->meter.tool_calls = seen->tool_calls;
    x->finish_seen |= seen->has_finish;
}

/* An event that may be the last one is held: the client must not see the end before the charge is
 * safe. */
static void forward_or_hold(struct batch *b, const struct sse_event *ev)
{
    struct exchange *x = b->x;

    if (!x->finish_seen || !(x->upstream->end_is_close || x->asked)) {
        forward(b, ev);
        return;
    }
    sb_add(&x->last, ev->data);
    if (!str_eq(x->last_type, ev->type))
        x->last_type = str_dup(x->arena, ev->type);
}

/* What an event has said, read by x->tr, is acted upon. */
static void act_on(struct batch *b, const struct seen *seen, const struct sse_event *ev)
{
    struct exchange *x = b->x;

    if (seen->error) {
        if (x->content_seen && !x->client_gone)
            x->outcome = OUTCOME_ERROR;
        return;
    }
    if (seen->content && !x->content_seen)
        show(b);
    if (seen->end)
        on_done(b, ev);
    else if (ev && !rewrites(x))
        forward_or_hold(b, ev);
}

static void cut_off(struct exchange *x, const struct err *err);

static void on_foreign_event(struct batch *b, const struct sse_event *ev)
{
    struct exchange *x = b->x;
    struct seen seen = {0};
    struct err err = {0};

    release_last(b);
    if (x->first_payload_us == 0)
        x->first_payload_us = clock_mono_us();
    if (translate_event(x, ev, &seen, &err) != ERR_OK) {
        cut_off(x, &err);
        return;
    }
    if (x->upstream->may_be_over)
        x->finish_seen |= x->upstream->may_be_over(x->tr->reader);
    act_on(b, &seen, ev);
}

/* An event of a mode of mode.h. Several may say that something is complete. */
static void on_mode_event(struct batch *b, const struct sse_event *ev)
{
    struct exchange *x = b->x;
    struct seen seen = {0};

    if (str_starts(ev->data, STR("[DONE]"))) {
        on_done(b, ev);
        return;
    }
    release_last(b);
    mode_read_event(x, ev, &seen);
    if (seen.error) {
        on_upstream_error(b, ev->data);
        return;
    }
    if (seen.content && !x->content_seen)
        show(b);
    forward_or_hold(b, ev);
}

static void on_event(struct batch *b, const struct sse_event *ev)
{
    struct exchange *x = b->x;
    struct peek_answer seen;

    if (x->tr) {
        on_foreign_event(b, ev);
        return;
    }
    if (x->asked) {
        on_mode_event(b, ev);
        return;
    }
    if (str_starts(ev->data, STR("[DONE]"))) {
        on_done(b, NULL);
        return;
    }
    peek_answer(ev->data, meter_text, &x->meter, &seen);
    if (seen.has_error || str_eq(ev->type, STR("error"))) {
        on_upstream_error(b, ev->data);
        return;
    }
    if (!x->chunk_names && !hides_usage(x))
        remember_names(x, ev->data);
    note_answer(x, &seen);
    if (seen.usage_only && hides_usage(x))
        return;
    if ((seen.has_content || seen.has_cause) && !x->content_seen)
        show(b);
    add_event(b, ev, seen.has_null_usage && hides_usage(x) ? seen.usage_member : STR_NULL);
}

/* The stream is over, well or not: says what it was, and goes on to its end or to another channel.
 */
static void conclude(struct exchange *x)
{
    if (x->fault.code != ERR_OK && !x->content_seen) {
        exchange_attempt_failed(x);
        return;
    }
    if (x->fault.code != ERR_OK)
        health_note_failure(x);
    else
        health_note_success(x->channel);
    finish(x);
}

static void cut_off(struct exchange *x, const struct err *err)
{
    fault_from_err(x, err);
    if (x->content_seen && !x->client_gone)
        x->outcome = OUTCOME_CUT_UPSTREAM;
}

/* What was written of the pieces that have come. */
static void flush_written(struct batch *b)
{
    struct exchange *x = b->x;

    if (x->tr && x->tr->writer && x->tr->out.n > 0) {
        add_written(b);
        flush(b);
        sb_reset(&x->tr->out);
    }
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
    flush_written(&b);
    flush(&b);
    if (x->fault.code == ERR_OK && (rc == SSE_TOO_LONG || sb_failed(&x->held)))
        cut_off(x, &(struct err){.code = ERR_UPSTREAM_BODY,
                                 .msg = "an event of the stream is too long"});
    if (x->fault.code == ERR_OK)
        return;
    http_call_cancel(x->call);
    x->call = NULL;
    conclude(x);
}

/* ---- keeping the client's connection alive while the upstream is silent (relay reference 10.2)
 * ---- */

static void set_ping(struct exchange *x);

static void on_ping(struct loop_timer *timer)
{
    struct exchange *x = container_of(timer, struct exchange, ping);

    if (!x->paused) { /* a reader that is slow has something to read */
        if (!x->reply_started)
            start_reply(x);
        write_out(x, &STR(": PING\n\n"), 1);
    }
    set_ping(x);
}

static void set_ping(struct exchange *x)
{
    int64_t s = x->snap->settings.ping_interval_s;

    loop_timer_set(x->rl->loop, &x->ping, (uint64_t)(s > 0 ? s : 10) * 1000, on_ping);
}

/* Is what the client gets a stream of events? Not an array, nor the fold of a stream. */
static bool takes_comments(const struct exchange *x)
{
    return !is_array(x) && (x->peek.stream || !rewrites(x));
}

void stream_keep_alive(struct exchange *x)
{
    if (x->snap->settings.ping_enabled && x->req && !x->client_gone && takes_comments(x) &&
        !list_linked(&x->ping.link))
        set_ping(x);
}

void stream_begin(struct exchange *x)
{
    sse_init(&x->sse, x->rl->relay->conf.event_limit);
    stream_keep_alive(x);
}

/* The events of a whole answer are in x->tr->out. */
static void stream_written_answer(struct exchange *x)
{
    struct batch b = {.x = x};

    x->first_payload_us = clock_mono_us();
    x->content_seen = true;
    flush_written(&b);
    on_done(&b, NULL);
    if (x->fault.code == ERR_OK)
        flush(&b);
    health_note_success(x->channel);
    finish(x);
}

/* The same of a mode of mode.h: one event of what was answered. */
static void stream_mode_answer(struct exchange *x)
{
    struct batch b = {.x = x};

    x->first_payload_us = clock_mono_us();
    x->content_seen = true;
    add_event(&b, &(struct sse_event){.data = sb_str(&x->collected)}, STR_NULL);
    on_done(&b, NULL);
    if (x->fault.code == ERR_OK)
        flush(&b);
    health_note_success(x->channel);
    finish(x);
}

/* A streaming request was answered with plain JSON: the answer goes out as a stream of one chunk.
 */
void stream_from_answer(struct exchange *x)
{
    struct batch b = {.x = x};
    struct str chunk, usage;

    if (x->tr) {
        stream_written_answer(x);
        return;
    }
    if (x->asked) {
        stream_mode_answer(x);
        return;
    }
    if (openai_chunk_from_answer(x->arena, sb_str(&x->collected), &chunk, &usage, NULL) != ERR_OK) {
        fault_from_err(
            x, &(struct err){.code = ERR_UPSTREAM_BODY, .msg = "the reply is no chat answer"});
        exchange_attempt_failed(x);
        return;
    }
    x->first_payload_us = clock_mono_us();
    remember_names(x, chunk);
    add_event(&b, &(struct sse_event){.data = chunk}, STR_NULL);
    x->content_seen = true;
    if (usage.n > 0 && !hides_usage(x))
        add_usage_chunk(&b, usage);
    on_done(&b, NULL);
    if (x->fault.code == ERR_OK)
        flush(&b); /* otherwise nothing was charged, and nothing is shown */
    health_note_success(x->channel);
    finish(x);
}

/* What the reader still has to say at the end of the body. */
static void close_reading(struct batch *b)
{
    struct seen seen = {0};

    if (!b->x->tr)
        return;
    translate_close(b->x, &seen);
    act_on(b, &seen, NULL);
}

static bool said_its_end(const struct exchange *x)
{
    return x->finish_seen || (x->usage_seen && x->upstream->usage_is_last);
}

/* The body ended. Without [DONE] an answer is complete only if it said that it was finished, or
 * what it cost. */
void stream_end(struct exchange *x)
{
    struct batch b = {.x = x};
    struct sse_event ev;

    if (!x->done_seen && sse_end(&x->sse, &ev) == SSE_EVENT)
        on_event(&b, &ev); /* some servers leave the last blank line out */
    if (x->fault.code == ERR_OK && !x->done_seen)
        close_reading(&b);
    if (x->fault.code == ERR_OK && !x->done_seen && said_its_end(x))
        on_done(&b, NULL);
    flush_written(&b);
    flush(&b);
    if (x->fault.code == ERR_OK && !x->done_seen && has_content(x))
        cut_off(x, &(struct err){.code = ERR_UPSTREAM_CUT,
                                 .msg = "the stream ended before its answer did"});
    else if (x->fault.code == ERR_OK && !x->done_seen)
        fail_attempt(x, ERR_UPSTREAM_EMPTY, "the reply is empty");
    conclude(x);
}

/* A connection that breaks, or falls silent, behind the last word of the only choice takes nothing
 * from the client. Where the connection's end is the stream's, a break may come before that. */
static bool was_finished(const struct exchange *x, const struct err *err)
{
    bool broke = err->code == ERR_UPSTREAM_CUT && !x->upstream->end_is_close;

    return x->finish_seen && x->peek.choices <= 1 && (broke || err->code == ERR_UPSTREAM_TIMEOUT);
}

void stream_broken(struct exchange *x, const struct err *err)
{
    struct batch b = {.x = x};

    if (!x->done_seen && was_finished(x, err)) {
        close_reading(&b);
        on_done(&b, NULL);
        flush(&b);
    }
    if (!x->done_seen)
        cut_off(x, err);
    conclude(x);
}

/* A stream that is an array ends as one, too. */
static struct str array_error(struct exchange *x)
{
    struct str body = fault_body(x, false);

    return str_concat(
        x->arena, (struct str[]){x->tr->array_begun ? STR(",\r\n") : STR("["), body, STR("]")}, 3);
}

/* Written by who has written the events before, it goes on with their numbers. */
static struct str written_error(struct exchange *x)
{
    const struct chat_event ev = {
        .kind = CHAT_EVENT_ERROR, .status = x->fault.status, .error = fault_error(x)};

    sb_reset(&x->tr->out);
    x->client->write_event(x->tr->writer, &ev, &x->tr->out);
    return sb_str(&x->tr->out);
}

void stream_break_off(struct exchange *x)
{
    struct str event;

    if (x->tr && x->tr->writer)
        event = written_error(x);
    else if (is_array(x))
        event = array_error(x);
    else
        event = fault_body(x, true);
    (void)http_reply_write(x->req, &event, 1);
    http_reply_end(x->req);
}

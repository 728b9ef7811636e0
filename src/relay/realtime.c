/*
 * A realtime session that is open: the two pumps, the reservation between two responses, and the
 * end.
 */
#include "relay/realtime_session.h"

bool realtime_is_open(const struct exchange *x)
{
    return x->rt->open;
}

bool realtime_is_idle(const struct exchange *x)
{
    return x->rt->open && x->rt->responding == 0 && !x->rt->reserving;
}

/* ---- the end ---- */

/* Closes what is open; the client is told why. */
static void hang_up(struct exchange *x)
{
    struct realtime *rt = x->rt;
    const bool failed = x->fault.code != ERR_OK;

    if (rt->client && failed)
        (void)wsock_send(rt->client, realtime_error_event(x), false);
    wsock_close(rt->client, failed ? realtime_close_code(&x->fault) : rt->close_code,
                failed ? x->fault.error.code : rt->close_reason);
    wsock_close(rt->up, WEBSOCKET_NORMAL, STR_NULL);
    rt->client = rt->up = NULL;
}

void realtime_end(struct exchange *x)
{
    hang_up(x);
    http_reply_end(x->req);
}

/* Runs what a callback has asked for; the exchange may be gone after it. */
static void act(struct exchange *x, enum action action, enum outcome outcome)
{
    struct realtime *rt = x->rt;

    arena_reset(&rt->scratch, SCRATCH_BYTES);
    switch (action) {
    case GO_ON:
        break;
    case RESERVE:
        x->refreshed = false;
        rt->reserving = true;
        exchange_run(x);
        break;
    case END:
        realtime_charge_rest(x, outcome);
        if (!rt->reserving) {
            exchange_go(x, STEP_SETTLE);
            break;
        }
        rt->ending = true; /* a job holds the exchange: its answer is waited for, nothing else */
        hang_up(x);
        break;
    }
}

/* ---- reserving the next response ---- */

/* The upstream is not read while its client takes nothing, nor while nothing is reserved. */
static void steer_upstream(struct realtime *rt)
{
    if (!rt->up)
        return;
    if (rt->client_full || rt->reserving)
        wsock_pause(rt->up);
    else
        wsock_resume(rt->up);
}

enum step_next realtime_go_on(struct exchange *x)
{
    struct realtime *rt = x->rt;
    enum step_next next;

    if (!rt->reserving)
        return NEXT_WAIT;
    next = exchange_reserve(x);
    rt->reserving = next == NEXT_WAIT;
    steer_upstream(rt);
    if (rt->ending && !rt->reserving)
        x->step = STEP_SETTLE;
    return x->step == STEP_SEND ? NEXT_WAIT : NEXT_STEP;
}

/* ---- what the upstream says ---- */

static void note_begin(struct realtime *rt)
{
    if (rt->responding == 0 || rt->begun_us == 0)
        rt->begun_us = clock_mono_us();
}

/* *text is what the client gets. */
static enum action on_event(struct exchange *x, const struct realtime_event *ev, struct str *text)
{
    struct realtime *rt = x->rt;

    realtime_meter_note(&rt->meter, &rt->scratch, ev);
    switch (ev->kind) {
    case REALTIME_RESPONSE_CREATED:
        note_begin(rt);
        rt->responding++;
        return GO_ON;
    case REALTIME_RESPONSE_DONE:
        return realtime_response_done(x, ev);
    case REALTIME_TRANSCRIBED:
        return realtime_transcribed(x, ev);
    case REALTIME_TEXT_DELTA:
    case REALTIME_AUDIO_DELTA:
        if (x->first_payload_us == 0)
            x->first_payload_us = clock_mono_us();
        return GO_ON;
    case REALTIME_ERROR:
        *text = realtime_mask_error(x, *text);
        return GO_ON;
    case REALTIME_OTHER:
    case REALTIME_SESSION_UPDATE:
    case REALTIME_AUDIO_APPEND:
    case REALTIME_RESPONSE_CREATE:
    case REALTIME_SESSION:
    case REALTIME_ITEM:
        return GO_ON;
    }
    return GO_ON;
}

/* Text that is no JSON cannot be counted (relay reference 15). */
static enum action broken_text(struct exchange *x, bool by_client)
{
    if (by_client)
        exchange_fail(x, ERR_BAD_JSON, "消息不是有效的 JSON (a message is not valid JSON)");
    else
        fault_from_err(x, &(struct err){.code = ERR_UPSTREAM_BODY,
                                        .msg = "a message of the upstream is not JSON"});
    return END;
}

static enum step_next fail_stopping(struct exchange *x)
{
    return exchange_fail(x, ERR_UNAVAILABLE, "服务器正在停止 (the server is stopping)");
}

static enum action take_upstream_text(struct exchange *x, struct str text)
{
    struct realtime *rt = x->rt;
    struct realtime_event ev;
    enum action action;

    if (realtime_event_read(&rt->scratch, text, &ev, NULL) != ERR_OK)
        return broken_text(x, false);
    action = on_event(x, &ev, &text);
    if (action == END)
        return END;
    rt->client_full = !wsock_send(rt->client, text, false);
    steer_upstream(rt);
    if (ev.kind != REALTIME_RESPONSE_DONE || !x->rl->draining || rt->responding > 0)
        return action;
    fail_stopping(x);
    return END;
}

/* ---- the client's WebSocket ---- */

static void on_client_message(void *ctx, struct str data, bool binary)
{
    struct exchange *x = ctx;
    struct realtime *rt = x->rt;
    struct realtime_event ev = {.kind = REALTIME_OTHER};

    if (!binary && realtime_event_read(&rt->scratch, data, &ev, NULL) != ERR_OK) {
        act(x, broken_text(x, true), OUTCOME_ERROR);
        return;
    }
    realtime_meter_note(&rt->meter, &rt->scratch, &ev);
    if (ev.kind == REALTIME_RESPONSE_CREATE)
        note_begin(rt);
    if (!wsock_send(rt->up, data, binary))
        wsock_pause(rt->client);
    act(x, GO_ON, OUTCOME_NONE);
}

static void on_client_drain(void *ctx)
{
    struct realtime *rt = ((struct exchange *)ctx)->rt;

    rt->client_full = false;
    steer_upstream(rt);
}

/* The upstream is closed at once: what it would still say, nobody hears. */
static void on_client_close(void *ctx, int code UNUSED, struct str reason UNUSED)
{
    struct exchange *x = ctx;

    x->rt->client = NULL;
    x->client_gone = true;
    act(x, END, OUTCOME_CUT_CLIENT);
}

const struct wsock_handler realtime_client_handler = {
    .on_message = on_client_message, .on_drain = on_client_drain, .on_close = on_client_close};

/* ---- the upstream's WebSocket ---- */

static void on_up_message(void *ctx, struct str data, bool binary)
{
    struct exchange *x = ctx;
    struct realtime *rt = x->rt;

    if (!rt->open && !realtime_take_first(x, data, binary))
        return;
    if (!binary) {
        act(x, take_upstream_text(x, data), OUTCOME_ERROR);
        return;
    }
    rt->client_full = !wsock_send(rt->client, data, true);
    steer_upstream(rt);
}

static void on_up_drain(void *ctx)
{
    struct realtime *rt = ((struct exchange *)ctx)->rt;

    if (rt->client)
        wsock_resume(rt->client);
}

static void on_up_close(void *ctx, int code, struct str reason)
{
    struct exchange *x = ctx;
    struct realtime *rt = x->rt;
    const struct err cut = {.code = ERR_UPSTREAM_CUT, .msg = "the upstream ended the session"};

    rt->up = NULL;
    if (!rt->open) {
        loop_timer_stop(&x->timer);
        fault_from_err(x, &cut);
        exchange_attempt_failed(x);
        return;
    }
    if (code == WEBSOCKET_ABNORMAL) {
        fault_from_err(x, &cut);
        health_note_failure(x);
    } else if (code != WEBSOCKET_NO_STATUS) {
        rt->close_code = code;
        rt->close_reason = fault_mask(x->arena, reason, x->channel, x->channel_key);
    }
    act(x, END, OUTCOME_CUT_UPSTREAM);
}

const struct wsock_handler realtime_upstream_handler = {
    .on_message = on_up_message, .on_drain = on_up_drain, .on_close = on_up_close};

/* ---- the program ends ---- */

void realtime_stop(struct exchange *x)
{
    struct realtime *rt = x->rt;

    if (!rt->up && !rt->client)
        return; /* a job is under way, which ends soon */
    fail_stopping(x);
    if (rt->open) {
        act(x, END, OUTCOME_STOPPED);
        return;
    }
    wsock_close(rt->up, WEBSOCKET_GOING_AWAY, STR_NULL);
    rt->up = NULL;
    exchange_go(x, STEP_SETTLE);
}

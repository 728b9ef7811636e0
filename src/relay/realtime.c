/*
 * A realtime session that is open: the two pumps, what is held back until a response may run, and
 * the end.
 */
#include "relay/realtime_session.h"

enum { DRAIN_MS = 5000 }; /* an upstream that was asked to end a response does so soon */

bool realtime_is_open(const struct exchange *x)
{
    return x->rt->open;
}

/* Does a response run, or is one about to? */
static bool is_busy(const struct realtime *rt)
{
    return rt->responding > 0 || rt->asked;
}

bool realtime_is_idle(const struct exchange *x)
{
    return x->rt->open && !is_busy(x->rt) && !x->rt->waiting;
}

/* ---- who is read when ---- */

/* The upstream is not read while its client takes nothing, nor while nothing is reserved. */
static void steer_upstream(struct realtime *rt)
{
    if (!rt->up)
        return;
    if (rt->client_full || rt->waiting)
        wsock_pause(rt->up);
    else
        wsock_resume(rt->up);
}

/* The client is not read while the upstream takes nothing, nor while a message of it is held. One
 * that says nothing is read all the same, to hear when it leaves. */
static void steer_client(struct realtime *rt)
{
    if (!rt->client)
        return;
    if (rt->up_full || rt->held.is_held)
        wsock_pause(rt->client);
    else
        wsock_resume(rt->client);
}

/* ---- the end ---- */

/* It is told why, when there is a fault. */
static void hang_up_client(struct exchange *x)
{
    struct realtime *rt = x->rt;
    const bool failed = x->fault.code != ERR_OK;

    if (rt->client && failed)
        (void)wsock_send(rt->client, realtime_error_event(x->arena, x, &x->fault.error, STR_NULL),
                         false);
    wsock_close(rt->client, failed ? realtime_close_code(&x->fault) : rt->close_code,
                failed ? x->fault.error.code : rt->close_reason);
    rt->client = NULL;
    rt->client_full = false;
}

static void hang_up(struct exchange *x)
{
    struct realtime *rt = x->rt;

    hang_up_client(x);
    wsock_close(rt->up, WEBSOCKET_NORMAL, STR_NULL);
    rt->up = NULL;
}

void realtime_end(struct exchange *x)
{
    hang_up(x);
    http_reply_end(x->req);
}

static void end(struct exchange *x, enum outcome outcome)
{
    struct realtime *rt = x->rt;

    loop_timer_stop(&x->timer);
    realtime_charge_rest(x, outcome);
    if (!rt->waiting) {
        exchange_go(x, STEP_SETTLE);
        return;
    }
    rt->ending = true; /* a job holds the exchange: its answer is waited for, nothing else */
    hang_up(x);
}

static void on_drain_over(struct loop_timer *timer)
{
    end(container_of(timer, struct exchange, timer), OUTCOME_CUT_CLIENT);
}

/* The client is gone, but a response runs that it must pay: the upstream is asked to end it, which
 * tells its usage, and is read on for that. */
static void drain(struct exchange *x)
{
    static const struct str cancel = STR_INIT("{\"type\":\"response.cancel\"}");
    struct realtime *rt = x->rt;
    const uint64_t most_ms = x->rl->relay->conf.drain_ms;

    x->log->action = "draining after the client left";
    hang_up_client(x);
    x->step = STEP_SEND; /* a fault has set another */
    rt->held.is_held = false;
    rt->leaving = true;
    (void)wsock_send(rt->up, cancel, false);
    steer_upstream(rt);
    loop_timer_set(x->rl->loop, &x->timer, most_ms < DRAIN_MS ? most_ms : DRAIN_MS, on_drain_over);
}

/* Is there something to be read on for, and may it? */
static bool drains(const struct exchange *x)
{
    const struct realtime *rt = x->rt;

    return rt->up && !rt->leaving && is_busy(rt) && !x->rl->stopping;
}

/* Runs what a callback has asked for; the exchange may be gone after it. */
static void act(struct exchange *x, enum action action, enum outcome outcome)
{
    struct realtime *rt = x->rt;

    arena_reset(&rt->scratch, SCRATCH_BYTES);
    switch (action) {
    case GO_ON:
        break;
    case PREPARE:
        x->refreshed = false;
        rt->waiting = true;
        exchange_run(x);
        break;
    case LEAVE:
        if (drains(x))
            drain(x);
        else
            end(x, OUTCOME_CUT_CLIENT);
        break;
    case END:
        end(x, rt->leaving ? OUTCOME_CUT_CLIENT : outcome);
        break;
    }
}

/* ---- before a response ---- */

static void hold_back(struct realtime *rt, struct str data, bool binary)
{
    sb_reset(&rt->held.data);
    sb_add(&rt->held.data, data);
    rt->held.is_held = true;
    rt->held.binary = binary;
    steer_client(rt);
}

static void forward(struct exchange *x, struct str data, bool binary, bool ready);

static void forward_held(struct exchange *x)
{
    struct realtime *rt = x->rt;
    struct sb data = rt->held.data;

    if (!rt->held.is_held)
        return;
    sb_init(&rt->held.data, WEBSOCKET_MESSAGE_MAX);
    rt->held.is_held = false;
    forward(x, sb_str(&data), rt->held.binary, true);
    sb_fini(&data);
    steer_client(rt);
}

enum step_next realtime_go_on(struct exchange *x)
{
    struct realtime *rt = x->rt;

    if (!rt->waiting)
        return NEXT_WAIT;
    rt->waiting = realtime_get_ready(x) == NEXT_WAIT;
    steer_upstream(rt);
    if (rt->waiting)
        return NEXT_WAIT;
    if (rt->ending)
        x->step = STEP_SETTLE;
    else if (x->step == STEP_SEND)
        forward_held(x);
    else if (x->hold.user && drains(x))
        drain(x);
    else
        realtime_charge_rest(x, OUTCOME_CUT_CLIENT);
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
        rt->asked = false;
        rt->responding++;
        return GO_ON;
    case REALTIME_RESPONSE_DONE:
        rt->asked = rt->asked && rt->responding > 0; /* some upstreams do not say that one begins */
        return realtime_response_done(x, ev);
    case REALTIME_TRANSCRIBED:
        return realtime_transcribed(x, ev);
    case REALTIME_TEXT_DELTA:
    case REALTIME_AUDIO_DELTA:
        if (x->first_payload_us == 0)
            x->first_payload_us = clock_mono_us();
        return GO_ON;
    case REALTIME_ERROR:
        rt->asked = false;
        *text = realtime_mask_error(x, *text);
        return GO_ON;
    case REALTIME_SESSION:
        rt->transcribes |= realtime_session_transcribes(&rt->scratch, ev->about);
        return GO_ON;
    case REALTIME_OTHER:
    case REALTIME_SESSION_UPDATE:
    case REALTIME_AUDIO_APPEND:
    case REALTIME_ITEM_CREATE:
    case REALTIME_RESPONSE_CREATE:
    case REALTIME_ITEM:
        return GO_ON;
    }
    return GO_ON;
}

/* Text that is no JSON cannot be counted (relay reference 15). */
static enum action broken_text(struct exchange *x, bool by_client)
{
    if (by_client) {
        exchange_fail(x, ERR_BAD_JSON, "消息不是有效的 JSON (a message is not valid JSON)");
        return LEAVE;
    }
    fault_from_err(x, &(struct err){.code = ERR_UPSTREAM_BODY,
                                    .msg = "a message of the upstream is not JSON"});
    return END;
}

/* What is there to do when the upstream has said something and no response runs? */
static enum action when_idle(struct exchange *x, enum action usual)
{
    if (x->rt->leaving)
        return END;
    if (!x->rl->draining)
        return usual;
    exchange_stop(x);
    return END;
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
    if (rt->client)
        rt->client_full = !wsock_send(rt->client, text, false);
    steer_upstream(rt);
    return is_busy(rt) ? action : when_idle(x, action);
}

/* ---- the client's WebSocket ---- */

/* `ready`: what a response needs has just been got. */
static void forward(struct exchange *x, struct str data, bool binary, bool ready)
{
    struct realtime *rt = x->rt;
    struct realtime_event ev = {.kind = REALTIME_OTHER};

    if (!binary && realtime_event_read(&rt->scratch, data, &ev, NULL) != ERR_OK) {
        act(x, broken_text(x, true), OUTCOME_NONE);
        return;
    }
    if (realtime_refuses(x, &ev, data)) {
        steer_upstream(rt);
        act(x, GO_ON, OUTCOME_NONE);
        return;
    }
    if (ev.kind == REALTIME_RESPONSE_CREATE && !ready) {
        hold_back(rt, data, false);
        act(x, PREPARE, OUTCOME_NONE);
        return;
    }
    realtime_meter_note(&rt->meter, &rt->scratch, &ev);
    if (ev.kind == REALTIME_RESPONSE_CREATE) {
        note_begin(rt);
        rt->asked = true;
    }
    rt->up_full = !wsock_send(rt->up, data, binary);
    steer_client(rt);
    act(x, GO_ON, OUTCOME_NONE);
}

static void on_client_message(void *ctx, struct str data, bool binary)
{
    struct exchange *x = ctx;

    if (x->rt->waiting)
        hold_back(x->rt, data, binary);
    else
        forward(x, data, binary, false);
}

static void on_client_drain(void *ctx)
{
    struct realtime *rt = ((struct exchange *)ctx)->rt;

    rt->client_full = false;
    steer_upstream(rt);
}

static void on_client_close(void *ctx, int code UNUSED, struct str reason UNUSED)
{
    struct exchange *x = ctx;

    x->rt->client = NULL;
    x->client_gone = true;
    act(x, LEAVE, OUTCOME_CUT_CLIENT);
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
    if (rt->client)
        rt->client_full = !wsock_send(rt->client, data, true);
    steer_upstream(rt);
}

static void on_up_drain(void *ctx)
{
    struct realtime *rt = ((struct exchange *)ctx)->rt;

    rt->up_full = false;
    steer_client(rt);
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
    if (rt->leaving) {
        /* nobody is told */
    } else if (code == WEBSOCKET_ABNORMAL) {
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
    exchange_stop(x);
    if (rt->open) {
        act(x, END, OUTCOME_STOPPED);
        return;
    }
    wsock_close(rt->up, WEBSOCKET_GOING_AWAY, STR_NULL);
    rt->up = NULL;
    exchange_go(x, STEP_SETTLE);
}

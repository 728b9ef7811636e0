/*
 * What a callback may do to the exchange, up to its end, is done last in it: act() runs the steps,
 * and after it the session may be gone.
 *
 * A session may last for an hour and a thousand responses, so what is made for one message lives in
 * `scratch`, which the charge borrows as the exchange's arena.
 */
#include "relay/realtime.h"

#include "base/json_patch.h"
#include "base/json_write.h"
#include "base/text.h"
#include "billing/realtime_meter.h"

enum {
    HANDSHAKE_MS = 30000,
    FIRST_EVENT_MS = 2000, /* how long the client's WebSocket waits for the upstream's first word */
    MODEL_MAX = 255,
    EVENT_MAX = 64 * 1024,
    SCRATCH_BYTES = 4096,
};

struct realtime {
    struct wsock *up, *client; /* NULL: not yet, or no more */
    struct str protocol;       /* that the client is told was chosen; may be empty */
    bool beta, by_protocols;   /* the client spoke of the beta; it sent sub-protocols */
    bool transcribes;          /* intent=transcription: there are no responses */
    bool open;                 /* the client had its WebSocket */
    bool client_full;          /* it takes no more for now */
    bool reserving, ending;    /* the next response's reservation is waited for; only for that */
    int64_t responding;        /* responses that have begun and not ended */
    uint64_t begun_us;         /* when the one that runs was begun */
    int close_code;            /* for the client, when there is no fault */
    struct str close_reason;
    struct realtime_meter meter;
    struct arena scratch;
};

/* What is to be done when a callback is through. */
enum action { GO_ON, RESERVE, END };

static const struct str protocol_key = STR_INIT("openai-insecure-api-key.");
static const struct str protocol_beta = STR_INIT("openai-beta.realtime-v1");

/* ---- the request ---- */

static void free_realtime(void *ptr)
{
    struct realtime *rt = ptr;

    wsock_cut(rt->up);
    wsock_cut(rt->client);
    arena_fini(&rt->scratch);
}

/* "realtime" among the client's sub-protocols, else the first that is no key; "" when there is
 * none. A client that offered some and is told of none may take that for a failure. */
static struct str choose_protocol(struct str offered)
{
    struct str first = STR_NULL;

    STR_SPLIT_EACH (item, offered, ',') {
        if (str_eq(item, STR("realtime")))
            return item;
        if (first.n == 0 && !str_starts(item, STR("openai-")))
            first = item;
    }
    return first;
}

static bool offers(struct str list, struct str wanted)
{
    STR_SPLIT_EACH (item, list, ',') {
        if (str_eq(item, wanted))
            return true;
    }
    return false;
}

static void read_protocol(struct exchange *x)
{
    struct realtime *rt = x->rt;
    struct str offered = http_req_header(x->req, STR("sec-websocket-protocol"));
    struct str beta = http_req_header(x->req, STR("openai-beta"));

    rt->by_protocols = offered.n > 0;
    rt->protocol = choose_protocol(offered);
    rt->beta = str_has(beta, STR("realtime=v1")) || offers(offered, protocol_beta);
}

enum err_code realtime_read_request(struct exchange *x, struct err *err)
{
    struct realtime *rt = arena_new(x->arena, struct realtime);
    const char *why;
    struct str intent;

    arena_init(&rt->scratch, SCRATCH_BYTES);
    arena_defer(x->arena, free_realtime, rt);
    x->rt = rt;
    x->prompt_tokens = 0;
    x->peek = (struct peek_request){.choices = 1, .generated = 1};
    read_protocol(x);
    rt->transcribes = url_query_get(x->arena, x->req->query, STR("intent"), &intent) &&
                      str_eq(intent, STR("transcription"));
    if (!wsock_wanted(x->req, &why))
        return err_set(err, ERR_BAD_REQUEST, "%s", why);
    if (!url_query_get(x->arena, x->req->query, STR("model"), &x->peek.model) ||
        x->peek.model.n == 0)
        return err_set(err, ERR_BAD_TEXT_REQUEST, "model is required in the query");
    if (x->peek.model.n > MODEL_MAX || !utf8_valid(x->peek.model))
        return err_set(err, ERR_BAD_TEXT_REQUEST, "the name of the model is not valid");
    return ERR_OK;
}

bool realtime_is_beta(const struct exchange *x)
{
    return x->rt->beta;
}

bool realtime_is_open(const struct exchange *x)
{
    return x->rt->open;
}

bool realtime_is_idle(const struct exchange *x)
{
    return x->rt->open && x->rt->responding == 0 && !x->rt->reserving;
}

/* A client that brought its key as a sub-protocol gets an upstream that is spoken to in the same
 * way, with the channel's key (providers reference 2.9). */
void realtime_prepare(struct exchange *x, const struct provider_call *call,
                      struct http_call_conf *http)
{
    struct realtime *rt = x->rt;

    http->method = HTTP_M_GET;
    http->websocket = true;
    http->first_byte_timeout_ms = HANDSHAKE_MS;
    if (rt->by_protocols)
        http->websocket_protocols = str_concat(
            x->arena,
            (struct str[]){STR("realtime, "), protocol_key, secret_reveal(call->key),
                           rt->beta ? STR(", ") : STR_NULL, rt->beta ? protocol_beta : STR_NULL},
            5);
    price_plan_realtime(&x->plan);
    realtime_meter_init(&rt->meter, x->upstream_model);
}

/* ---- the end ---- */

/* Writes the usage in x->usage as the record of one response. False: the journal could not take
 * it. */
static bool charge(struct exchange *x, enum outcome outcome)
{
    struct realtime *rt = x->rt;
    struct arena *own = x->arena;
    const uint64_t started_us = x->req->started_us;
    bool ok;

    if (x->usage.prompt + x->usage.completion <= 0)
        return true;
    if (rt->begun_us > 0)
        x->req->started_us = rt->begun_us;
    x->arena = &rt->scratch;
    x->outcome = outcome;
    x->settled = false;
    ok = exchange_charge(x);
    x->arena = own;
    x->req->started_us = started_us;
    x->outcome = OUTCOME_NONE;
    x->first_payload_us = 0;
    if (ok && x->plan.model.per_call) /* the price is of the session: charged once */
        x->plan.model.price_usd = 0;
    return ok;
}

/* A response that runs is cut: what was counted of it is charged. Nothing where no hold is, which
 * is only while the reservation for the response that did not begin yet is waited for. */
static void charge_rest(struct exchange *x, enum outcome outcome)
{
    struct realtime *rt = x->rt;

    if (!rt->open || !x->hold.user ||
        (rt->responding == 0 && !realtime_meter_has_output(&rt->meter)))
        return;
    realtime_meter_take(&rt->meter, &x->usage);
    x->usage_seen = false;
    (void)charge(x, outcome); /* nobody is left to tell that it failed, but the log */
    arena_reset(&rt->scratch, SCRATCH_BYTES);
}

/* The error as an event of the session (relay reference 8.1). */
static struct str error_event(struct exchange *x)
{
    const struct openai_error *e = &x->fault.error;
    struct str id = x->req->request_id, text;
    struct json_writer w;
    struct sb sb;

    sb_init(&sb, EVENT_MAX);
    jw_init(&w, &sb);
    jw_object(&w);
    jw_key_str(&w, STR("event_id"), str_concat(x->arena, (struct str[]){STR("evt_"), id}, 2));
    jw_key_str(&w, STR("type"), STR("error"));
    jw_key(&w, STR("error"));
    jw_object(&w);
    jw_key_str(&w, STR("message"),
               arena_fmt(x->arena, "%.*s (request id: %.*s)", STR_ARG(e->message), STR_ARG(id)));
    jw_key_str(&w, STR("type"), e->type);
    jw_key_str(&w, STR("param"), e->param);
    jw_key_str(&w, STR("code"), e->code);
    jw_end(&w);
    jw_end(&w);
    text = str_dup(x->arena, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

static int close_code_of(const struct relay_fault *fault)
{
    if (fault->code == ERR_UNAVAILABLE)
        return WEBSOCKET_GOING_AWAY;
    if (fault->code == ERR_BAD_JSON)
        return WEBSOCKET_BAD_DATA;
    return err_fault_of(fault->code) == FAULT_CALLER ? WEBSOCKET_POLICY : WEBSOCKET_INTERNAL;
}

/* Closes what is open; the client is told why. */
static void hang_up(struct exchange *x)
{
    struct realtime *rt = x->rt;
    const bool failed = x->fault.code != ERR_OK;

    if (rt->client && failed)
        (void)wsock_send(rt->client, error_event(x), false);
    wsock_close(rt->client, failed ? close_code_of(&x->fault) : rt->close_code,
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
        charge_rest(x, outcome);
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

/* A response has ended: it is paid before the client hears of it. */
static enum action finish_response(struct exchange *x, const struct usage *usage)
{
    struct realtime *rt = x->rt;

    x->usage_seen = usage != NULL;
    if (usage) {
        x->usage = *usage;
        realtime_meter_reset(&rt->meter);
    } else {
        realtime_meter_take(&rt->meter, &x->usage);
    }
    x->least_hold = price_charge(&x->plan, &x->usage);
    if (!charge(x, OUTCOME_COMPLETE)) {
        exchange_fail(x, ERR_IO,
                      "无法记录用量，会话已中止 (the usage could not be recorded, the session was "
                      "ended)");
        return END;
    }
    return x->hold.user ? GO_ON : RESERVE; /* what cost nothing has left the hold as it was */
}

static enum action on_response_done(struct exchange *x, const struct realtime_event *ev)
{
    struct realtime *rt = x->rt;
    struct realtime_response response;

    if (rt->responding > 0)
        rt->responding--;
    realtime_response_read(&rt->scratch, ev->about, &response);
    if (response.has_usage)
        return finish_response(x, &response.usage);
    if (response.failed && !realtime_meter_has_output(&rt->meter))
        return GO_ON; /* it made nothing, and costs nothing */
    return finish_response(x, NULL);
}

static enum action on_transcribed(struct exchange *x, const struct realtime_event *ev)
{
    struct usage usage;

    if (!x->rt->transcribes)
        return GO_ON; /* beside a conversation it is the work of another model */
    if (realtime_usage_read(&x->rt->scratch, ev->about, &usage))
        return finish_response(x, &usage);
    return finish_response(x, NULL);
}

/* Names of the upstream's account do not go to the client; all else of the event does, as it is. */
static struct str mask_error(struct exchange *x, struct str text)
{
    static const struct str names[] = {STR_INIT("message"), STR_INIT("code"), STR_INIT("param"),
                                       STR_INIT("type")};
    struct arena *a = &x->rt->scratch;
    const struct json *root, *error;
    struct json_patch *patch;
    const struct str *slices;
    size_t n;

    if (json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return text;
    error = json_get(root, STR("error"));
    patch = json_patch_new(a, text, root);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct str plain, masked;

        if (!json_str(a, json_get(error, names[i]), &plain))
            continue;
        masked = fault_mask(a, plain, x->channel, x->channel_key);
        if (!str_eq(masked, plain))
            json_patch_set(patch, error, names[i], json_quote(a, masked));
    }
    slices = json_patch_render(patch, &n);
    return str_concat(a, slices, n);
}

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
        return on_response_done(x, ev);
    case REALTIME_TRANSCRIBED:
        return on_transcribed(x, ev);
    case REALTIME_TEXT_DELTA:
    case REALTIME_AUDIO_DELTA:
        if (x->first_payload_us == 0)
            x->first_payload_us = clock_mono_us();
        return GO_ON;
    case REALTIME_ERROR:
        *text = mask_error(x, *text);
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

static const struct wsock_handler client_handler;

/* False: it is gone, or has broken the protocol already; the exchange may be gone. */
static bool open_client(struct exchange *x)
{
    struct realtime *rt = x->rt;

    loop_timer_stop(&x->timer);
    rt->client = wsock_accept(x->req, rt->protocol, &client_handler, x);
    if (!rt->client) {
        x->client_gone = true;
        wsock_close(rt->up, WEBSOCKET_GOING_AWAY, STR_NULL);
        rt->up = NULL;
        exchange_go(x, STEP_SETTLE);
        return false;
    }
    rt->open = true;
    rt->close_code = WEBSOCKET_NORMAL;
    x->stream_reply = x->content_seen = true; /* how the log and the limits see it */
    x->log->action = "forwarding a session";
    health_note_success(x->channel);
    return true;
}

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

static const struct wsock_handler client_handler = {
    .on_message = on_client_message, .on_drain = on_client_drain, .on_close = on_client_close};

/* ---- the upstream's WebSocket ---- */

/* The first event is a refusal: as with any other call, another channel may do. */
static void refused(struct exchange *x, const struct realtime_event *ev, struct str text)
{
    struct realtime *rt = x->rt;

    loop_timer_stop(&x->timer);
    fault_from_reply(x, realtime_error_status(&rt->scratch, ev->about), text);
    wsock_close(rt->up, WEBSOCKET_NORMAL, STR_NULL);
    rt->up = NULL;
    arena_reset(&rt->scratch, SCRATCH_BYTES);
    exchange_attempt_failed(x);
}

/* False: there is no session, and the exchange may be gone. */
static bool take_first(struct exchange *x, struct str text, bool binary)
{
    struct realtime_event ev;

    if (!binary && realtime_event_read(&x->rt->scratch, text, &ev, NULL) == ERR_OK &&
        ev.kind == REALTIME_ERROR) {
        refused(x, &ev, text);
        return false;
    }
    return open_client(x);
}

static void on_up_message(void *ctx, struct str data, bool binary)
{
    struct exchange *x = ctx;
    struct realtime *rt = x->rt;

    if (!rt->open && !take_first(x, data, binary))
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

static const struct wsock_handler up_handler = {
    .on_message = on_up_message, .on_drain = on_up_drain, .on_close = on_up_close};

/* Some upstreams wait for the client's first word. */
static void on_first_late(struct loop_timer *timer)
{
    (void)open_client(container_of(timer, struct exchange, timer));
}

void realtime_opened(void *ctx, const struct http_reply_head *head UNUSED, struct wsock *up)
{
    struct exchange *x = ctx;

    x->call = NULL;
    x->rt->up = up;
    x->upstream_answered = true;
    wsock_set_handler(up, &up_handler, x);
    loop_timer_set(x->rl->loop, &x->timer, FIRST_EVENT_MS, on_first_late);
}

/* ---- before and after ---- */

void realtime_gone(struct http_req *r)
{
    struct exchange *x = r->user;
    struct realtime *rt = x->rt;
    bool called = x->call || rt->up;

    x->client_gone = true;
    if (x->call)
        http_call_cancel(x->call);
    x->call = NULL;
    wsock_close(rt->up, WEBSOCKET_GOING_AWAY, STR_NULL);
    rt->up = NULL;
    if (called) /* else a job is under way, whose callback goes on */
        exchange_go(x, STEP_SETTLE);
}

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

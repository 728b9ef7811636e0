/*
 * How a realtime session comes to be open: what the request asks for, the call to the upstream, and
 * the client's WebSocket behind the upstream's first word.
 */
#include "relay/realtime_session.h"

#include "base/text.h"

enum {
    HANDSHAKE_MS = 30000,
    FIRST_EVENT_MS = 2000, /* how long the client's WebSocket waits for the upstream's first word */
    MODEL_MAX = 255,
};

/* ---- the request ---- */

static const struct str protocol_key = STR_INIT("openai-insecure-api-key.");
static const struct str protocol_beta = STR_INIT("openai-beta.realtime-v1");

/* ---- the request ---- */

static void free_realtime(void *ptr)
{
    struct realtime *rt = ptr;

    wsock_cut(rt->up);
    wsock_cut(rt->client);
    realtime_check_fini(&rt->check);
    sb_fini(&rt->held.data);
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
    sb_init(&rt->held.data, WEBSOCKET_MESSAGE_MAX);
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

/* A client that sent sub-protocols gets an upstream that is spoken to in the same way, with the
 * channel's key (providers reference 2.9), unless that knows a header only (3.2). */
static struct str upstream_protocols(struct exchange *x, const struct provider_call *call)
{
    const struct realtime *rt = x->rt;

    if (!rt->by_protocols || !provider_find(call->channel_type)->key_protocol)
        return STR_NULL;
    return str_concat(x->arena,
                      (struct str[]){STR("realtime, "), protocol_key, secret_reveal(call->key),
                                     rt->beta ? STR(", ") : STR_NULL,
                                     rt->beta ? protocol_beta : STR_NULL},
                      5);
}

void realtime_prepare(struct exchange *x, const struct provider_call *call,
                      struct http_call_conf *http)
{
    struct realtime *rt = x->rt;

    http->method = HTTP_M_GET;
    http->websocket = true;
    http->first_byte_timeout_ms = HANDSHAKE_MS;
    http->websocket_protocols = upstream_protocols(x, call);
    price_plan_realtime(&x->plan);
    realtime_meter_init(&rt->meter, x->upstream_model);
}

/* ---- the two WebSockets ---- */

/* False: it is gone, or has broken the protocol already; the exchange may be gone. */
static bool open_client(struct exchange *x)
{
    struct realtime *rt = x->rt;

    loop_timer_stop(&x->timer);
    rt->client = wsock_accept(x->req, rt->protocol, &realtime_client_handler, x);
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

bool realtime_take_first(struct exchange *x, struct str text, bool binary)
{
    struct realtime_event ev;

    if (!binary && realtime_event_read(&x->rt->scratch, text, &ev, NULL) == ERR_OK &&
        ev.kind == REALTIME_ERROR) {
        refused(x, &ev, text);
        return false;
    }
    return open_client(x);
}

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
    wsock_set_handler(up, &realtime_upstream_handler, x);
    loop_timer_set(x->rl->loop, &x->timer, FIRST_EVENT_MS, on_first_late);
}

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

/*
 * What a realtime session costs: each response is charged as a call of its own.
 */
#include "relay/realtime_session.h"

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
void realtime_charge_rest(struct exchange *x, enum outcome outcome)
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
    if (!charge(x, rt->leaving ? OUTCOME_CUT_CLIENT : OUTCOME_COMPLETE)) {
        exchange_fail(x, ERR_IO,
                      "无法记录用量，会话已中止 (the usage could not be recorded, the session was "
                      "ended)");
        return END;
    }
    x->least_hold = price_charge(&x->plan, &x->usage); /* the next may cost as much */
    return PREPARE;
}

enum action realtime_response_done(struct exchange *x, const struct realtime_event *ev)
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

enum action realtime_transcribed(struct exchange *x, const struct realtime_event *ev)
{
    struct usage usage;

    if (!x->rt->transcribes)
        return GO_ON; /* beside a conversation it is the work of another model */
    if (realtime_usage_read(&x->rt->scratch, ev->about, &usage))
        return finish_response(x, &usage);
    return finish_response(x, NULL);
}

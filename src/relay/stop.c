/*
 * The program ends and some requests have not: each is settled for what it has used so far and
 * told so. Without this their memory would just go away, and with it what they owe.
 */
#include "relay/exchange.h"

#include "relay/realtime.h"
#include "relay/upload.h"

static void break_up(struct exchange *x)
{
    http_call_cancel(x->call);
    x->call = NULL;
    x->log->action = "stopping";
    if (x->outcome != OUTCOME_COMPLETE) {
        if (x->outcome == OUTCOME_NONE)
            x->outcome = OUTCOME_STOPPED;
        exchange_stop(x);
    }
    exchange_go(x, STEP_SETTLE);
}

void relay_loop_drain(struct relay_loop *rl)
{
    rl->draining = true;
    LIST_FOR_EACH_SAFE (it, &rl->exchanges) {
        struct exchange *x = list_entry(it, struct exchange, link);

        if (x->rt && realtime_is_idle(x))
            realtime_stop(x);
    }
}

void relay_loop_stop(struct relay_loop *rl)
{
    rl->stopping = true;
    LIST_FOR_EACH_SAFE (it, &rl->exchanges) {
        struct exchange *x = list_entry(it, struct exchange, link);

        /* Most of those without a call wait for a job, which ends soon; relay_stop_probes() has
         * ended the tests. */
        if (x->call && !x->probe && !upload_has_job(x))
            break_up(x);
        else if (x->rt)
            realtime_stop(x);
        else
            upload_stop(x);
    }
}

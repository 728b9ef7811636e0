/*
 * A reply of bytes: sound. It goes through piece by piece as it comes, as fast as the client takes
 * it. Until its first byte the attempt may still go to another channel. Its end, by which a client
 * knows that it is whole, is written by SETTLE when the charge is safe; one that breaks off is cut
 * off for the client, too.
 */
#include "relay/mode.h"

static void start_reply(struct exchange *x)
{
    const struct http_header type = {STR("Content-Type"), x->reply_type};

    x->content_seen = x->reply_started = true;
    if (x->req)
        http_reply_start(x->req, 200, &type, 1);
}

void bytes_feed(struct exchange *x, struct str bytes)
{
    if (bytes.n == 0)
        return;
    if (x->client_gone) {
        x->content_seen = true; /* what is left of it tells no usage */
        http_call_cancel(x->call);
        x->call = NULL;
        exchange_go(x, STEP_SETTLE);
        return;
    }
    if (!x->reply_started)
        start_reply(x);
    if (!x->req || http_reply_write(x->req, &bytes, 1) || !x->call || x->paused || x->client_gone)
        return;
    x->paused = true;
    http_call_pause(x->call);
}

void bytes_end(struct exchange *x)
{
    if (!x->content_seen) {
        fault_from_err(x, &(struct err){.code = ERR_UPSTREAM_EMPTY, .msg = "the reply is empty"});
        exchange_attempt_failed(x);
        return;
    }
    if (x->outcome == OUTCOME_NONE)
        x->outcome = OUTCOME_COMPLETE;
    health_note_success(x->channel);
    exchange_go(x, STEP_SETTLE);
}

void bytes_broken(struct exchange *x, const struct err *err)
{
    fault_from_err(x, err);
    if (!x->content_seen) {
        exchange_attempt_failed(x);
        return;
    }
    if (!x->client_gone)
        x->outcome = OUTCOME_CUT_UPSTREAM;
    health_note_failure(x);
    exchange_go(x, STEP_SETTLE);
}

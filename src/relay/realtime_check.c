/*
 * What a response of a realtime session needs: an account and a channel that may still be used, and
 * a reservation; and of what the client says, that it holds no word of the operator's list.
 *
 * A session may outlive what it was admitted with, so the caller's credential is looked up anew
 * before each response: a probe of the table in memory, as for any request, and only where that has
 * forgotten the key a job on the offload pool.
 */
#include "relay/realtime_session.h"

/* ---- the caller and the channel ---- */

static void on_looked_up(struct apikey_lookup *lookup, struct credential *c, const struct err *err)
{
    struct exchange *x = lookup->user;
    struct realtime_check *check = &x->rt->check;

    check->state = LOOKUP_ANSWERED;
    check->found = c;
    check->rc = c ? ERR_OK : err->code;
    exchange_run(x);
}

static enum step_next look_up(struct exchange *x, struct str key)
{
    struct realtime_check *check = &x->rt->check;
    struct err err = {0};

    check->lookup.user = x;
    check->lookup.done = on_looked_up;
    if (apikey_load(x->rl->relay->conf.apikeys, &check->lookup, x->rl->loop, key, &err) != ERR_OK)
        return exchange_no_credential(x, err.code);
    check->state = LOOKUP_WAITS;
    return NEXT_WAIT;
}

/* The caller's credential as it is now, a reference in *out. NEXT_STEP without one: there is none,
 * and the session has failed. */
static enum step_next find_credential(struct exchange *x, struct credential **out)
{
    struct realtime_check *check = &x->rt->check;
    struct str key = secret_reveal(x->cred->token.key);
    bool unknown = false;

    *out = NULL;
    if (check->state == LOOKUP_WAITS)
        return NEXT_WAIT;
    if (check->state == LOOKUP_ANSWERED) {
        check->state = LOOKUP_IDLE;
        *out = check->found;
        check->found = NULL;
        return *out ? NEXT_STEP : exchange_no_credential(x, check->rc);
    }
    *out = apikey_find(x->rl->relay->conf.apikeys, key, &unknown);
    if (*out)
        return NEXT_STEP;
    return unknown ? exchange_no_credential(x, ERR_UNAUTHORIZED) : look_up(x, key);
}

/* Is the channel in force with the key that the session uses? */
static bool channel_serves(const struct exchange *x)
{
    const struct route_channel *now;

    if (x->rl->snap == x->snap)
        return true;
    now = snapshot_channel(x->rl->snap, x->channel->row.id);
    if (!now || now->row.status != CHANNEL_ENABLED)
        return false;
    for (size_t i = 0; i < now->key_count; i++) {
        if (str_eq(secret_reveal(snapshot_channel_key(now, i)), x->channel_key))
            return true;
    }
    return false;
}

/* May the session have another response? */
static enum step_next check_session(struct exchange *x)
{
    struct credential *now;
    enum step_next next = find_credential(x, &now);

    if (!now)
        return next;
    if (exchange_admits_still(x, now) && !channel_serves(x))
        exchange_fail(x, ERR_UNAVAILABLE,
                      "会话所用的渠道已停用，请重新连接 (the channel of this session was switched "
                      "off, connect again)");
    credential_put(now);
    return NEXT_STEP;
}

enum step_next realtime_get_ready(struct exchange *x)
{
    struct realtime_check *check = &x->rt->check;
    enum step_next next;

    if (!check->passed && !x->rt->leaving) {
        next = check_session(x);
        if (next == NEXT_WAIT || x->step != STEP_SEND)
            return next;
        check->passed = true;
    }
    next = x->hold.user ? NEXT_STEP : exchange_reserve(x);
    if (next != NEXT_WAIT)
        check->passed = false;
    return next;
}

void realtime_check_fini(struct realtime_check *check)
{
    credential_put(check->found);
}

/* ---- words ---- */

bool realtime_refuses(struct exchange *x, const struct realtime_event *ev, struct str text)
{
    struct realtime *rt = x->rt;
    struct arena *a = &rt->scratch;
    const struct openai_error error = {.message = str_from(prompt_refusal),
                                       .type = STR("new_api_error"),
                                       .code = str_from(err_client_code(ERR_SENSITIVE))};

    if (ev->kind != REALTIME_ITEM_CREATE && ev->kind != REALTIME_SESSION_UPDATE &&
        ev->kind != REALTIME_RESPONSE_CREATE)
        return false;
    if (ev->about.n == 0 || !prompt_holds_word(a, &x->rl->snap->settings, ev->about))
        return false;
    rt->client_full = !wsock_send(
        rt->client, realtime_error_event(a, x, &error, realtime_event_id(a, text)), false);
    return true;
}

/*
 * Who calls, may they, and can they pay: the checks of relay reference 3 and 4 in its order, then
 * the price and the reservation. A credential that is not in memory, and a denial that may rest on
 * an old balance, are looked up on the offload pool.
 */
#include "relay/exchange.h"

#include "base/mem.h"
#include "base/text.h"
#include "ledger/balance_shared.h"
#include "relay/mode.h"
#include "store/repo_token.h"

/* Up to which body, and for how much more than its cost, a bound is held instead of a count. */
enum { BOUND_BODY_BYTES = 16 * 1024, BOUND_MARGIN = 64 };

/* ---- balances of a credential ---- */

enum err_code relay_attach_balance(void *ctx, struct credential *c, struct err *err UNUSED)
{
    struct relay *r = ctx;
    struct credential_balance *b = mem_new(struct credential_balance);

    b->user = balance_open_user(r->conf.balances, c->user.id, c->user.quota);
    b->token = balance_open_token(r->conf.balances, c->token.id, c->token.remain_quota,
                                  c->token.unlimited_quota);
    c->attached = b;
    return ERR_OK;
}

void relay_detach_balance(void *ctx UNUSED, struct credential *c)
{
    struct credential_balance *b = c->attached;

    if (!b)
        return;
    balance_put(b->user);
    balance_put(b->token);
    mem_free(b);
}

/* ---- finding the credential ---- */

/* Why there is no credential: the key, its owner's first password, or our database. */
enum step_next exchange_no_credential(struct exchange *x, enum err_code code)
{
    if (code == ERR_UNAUTHORIZED)
        return exchange_fail(x, code, "无效的令牌 (invalid token)");
    if (code == ERR_FORBIDDEN)
        return exchange_fail(
            x, code,
            "令牌所有者必须先修改初始密码 (the owner of the token must change the first password)");
    return exchange_fail(
        x, ERR_UNAVAILABLE,
        "暂时无法验证令牌，请稍后重试 (the token cannot be checked now, try again)");
}

static void on_loaded(struct apikey_lookup *lookup, struct credential *c, const struct err *err)
{
    struct exchange *x = lookup->user;

    x->lookup = NULL;
    x->cred = c;
    if (!c)
        exchange_no_credential(x, err->code);
    exchange_run(x);
}

/* Finds who calls. NEXT_STEP: found, or failed with x->step at STEP_SETTLE. */
static enum step_next find_credential(struct exchange *x)
{
    struct relay *r = x->rl->relay;
    struct str key;
    bool unknown = false;
    struct err err = {0};

    if (!apikey_from_request(x->req, &key, &x->forced_channel))
        return exchange_fail(x, ERR_UNAUTHORIZED, "未提供令牌 (no token was given)");
    x->cred = apikey_find(r->conf.apikeys, key, &unknown);
    if (x->cred)
        return NEXT_STEP;
    if (unknown)
        return exchange_no_credential(x, ERR_UNAUTHORIZED);
    x->lookup = arena_new(x->arena, struct apikey_lookup);
    x->lookup->user = x;
    x->lookup->done = on_loaded;
    if (apikey_load(r->conf.apikeys, x->lookup, x->rl->loop, key, &err) == ERR_OK)
        return NEXT_WAIT;
    x->lookup = NULL;
    return exchange_no_credential(x, err.code);
}

/* ---- balances that may be old ---- */

struct refresh_job {
    struct offload_job job;
    struct exchange *x;
    enum err_code rc;
};

static void refresh_work(struct offload_job *job)
{
    struct refresh_job *f = container_of(job, struct refresh_job, job);
    struct relay *r = f->x->rl->relay;
    struct credential_balance *b = f->x->cred->attached;

    f->rc = balance_refresh(r->conf.balances, r->conf.db, b->user, b->token, NULL);
}

static void refresh_done(struct offload_job *job)
{
    exchange_run(container_of(job, struct refresh_job, job)->x);
}

/* Once a request: the balance in memory may be older than a top-up. False: the pool is full. */
static bool refresh_balance(struct exchange *x)
{
    struct refresh_job *f = arena_new(x->arena, struct refresh_job);

    *f = (struct refresh_job){
        .job = {.work = refresh_work, .done = refresh_done, .loop = x->rl->loop}, .x = x};
    x->refreshed = true;
    return offload_submit(x->rl->relay->conf.offload, &f->job, NULL) == ERR_OK;
}

/* ---- token and user checks, relay reference 3.2 and 3.3 ---- */

/* Marks an expired or exhausted token in the database, so that the console shows it; best effort.
 */
struct status_job {
    struct offload_job job;
    struct relay *relay;
    int64_t token_id;
    enum token_status to;
};

static void mark_work(struct offload_job *job)
{
    struct status_job *m = container_of(job, struct status_job, job);
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct err err = {0};
    bool changed = false;

    if (db_acquire(m->relay->conf.db, DB_WRITE, &c, &err) != ERR_OK ||
        repo_token_mark(c, m->token_id, m->to, clock_now_s(m->relay->conf.clock), &changed, &err) !=
            ERR_OK)
        log_warn(NULL, "token.mark_failed", "token=%" PRId64 " error=%s", m->token_id, err.msg);
    if (changed)
        apikeys_forget_token(m->relay->conf.apikeys, m->token_id);
    mem_free(m);
}

static void mark_token(struct exchange *x, enum token_status to)
{
    struct status_job *m = mem_new(struct status_job);

    *m = (struct status_job){
        .job.work = mark_work, .relay = x->rl->relay, .token_id = x->cred->token.id, .to = to};
    if (offload_submit(x->rl->relay->conf.offload, &m->job, NULL) != ERR_OK)
        mem_free(m);
}

/* sk-abc***xyz */
static struct str masked_key(struct exchange *x)
{
    struct str key = text_mask(x->arena, secret_reveal(x->cred->token.key));

    return str_concat(x->arena, (struct str[]){STR("sk-"), key}, 2);
}

static enum step_next check_token(struct exchange *x)
{
    const struct token *token = &x->cred->token;

    if (token->status == TOKEN_EXHAUSTED)
        return exchange_fail(x, ERR_UNAUTHORIZED,
                             "该令牌额度已用尽 (token quota is used up) TokenStatusExhausted[%.*s]",
                             STR_ARG(masked_key(x)));
    if (token->status == TOKEN_EXPIRED)
        return exchange_fail(x, ERR_UNAUTHORIZED, "该令牌已过期 (token has expired)");
    if (token->status != TOKEN_ENABLED)
        return exchange_fail(x, ERR_UNAUTHORIZED, "该令牌状态不可用 (token is disabled)");
    if (token_expired(token, clock_now_s(x->rl->relay->conf.clock))) {
        mark_token(x, TOKEN_EXPIRED);
        return exchange_fail(x, ERR_UNAUTHORIZED, "该令牌已过期 (token has expired)");
    }
    return NEXT_STEP;
}

/* What calls under way have reserved is not spent yet. */
static enum step_next check_token_quota(struct exchange *x)
{
    struct credential_balance *b = x->cred->attached;

    if (x->cred->token.unlimited_quota || balance_unspent(b->token) > 0)
        return NEXT_STEP;
    if (!x->refreshed && refresh_balance(x))
        return NEXT_WAIT;
    mark_token(x, TOKEN_EXHAUSTED);
    return exchange_fail(
        x, ERR_UNAUTHORIZED,
        "[%.*s] 该令牌额度已用尽 (token quota is used up) !token.UnlimitedQuota && "
        "token.RemainQuota = %" PRId64,
        STR_ARG(masked_key(x)), balance_unspent(b->token));
}

static enum step_next check_user(struct exchange *x)
{
    const struct token *token = &x->cred->token;

    if (x->cred->user.status != USER_ENABLED)
        return exchange_fail(x, ERR_FORBIDDEN, "用户已被封禁 (user is banned)");
    if (x->forced_channel != 0 && x->cred->user.role < ROLE_ADMIN)
        return exchange_fail(x, ERR_FORBIDDEN,
                             "普通用户不支持指定渠道 (only administrators may name a channel)");
    if (!token_allows_ip(token->allow_ips, x->req->client_ip))
        return exchange_fail(
            x, ERR_FORBIDDEN,
            "您的 IP 不在令牌允许访问的列表中 (your address is not on the token's list)");
    return NEXT_STEP;
}

/* Total and success limit of the group, where it has its own (ModelRequestRateLimitGroup). */
static struct rate_limits limits_of(const struct settings *s, struct str group)
{
    const struct json *own = json_get(s->rate_limit_groups, group);
    int64_t total = json_i64_or(json_at(own, 0), s->rate_limit_count);
    int64_t success = json_i64_or(json_at(own, 1), s->rate_limit_success_count);

    return (struct rate_limits){
        .window_us = s->rate_limit_minutes * 60000000, .total = total, .success = success};
}

static void on_rate_answer(struct rate_shared *s)
{
    exchange_run(container_of(s, struct exchange, rate_shared));
}

/* All nodes together are asked first. What they admit counts here, too, without being judged: when
 * Redis does not answer, what this node knows is not nothing. */
static enum rate_verdict enter_rate(struct exchange *x, const struct rate_limits *limits)
{
    const struct rate_limits none = {.window_us = limits->window_us};
    const struct rate_shared *shared = &x->rate_shared;
    struct relay *r = x->rl->relay;
    bool answered = shared->state == RATE_SHARED_ANSWERED;

    if (answered && shared->verdict != RATE_ADMITTED)
        return shared->verdict;
    return rate_enter(r->rate, x->cred->user.id, answered ? &none : limits,
                      clock_now_us(r->conf.clock));
}

/* Relay reference 5. */
static enum step_next check_rate(struct exchange *x)
{
    const struct settings *s = &x->snap->settings;
    const struct token *token = &x->cred->token;
    struct rate_shared *shared = &x->rate_shared;
    struct rate_limits limits;

    if (!s->rate_limit_enabled)
        return NEXT_STEP;
    limits = limits_of(s, token->group.n > 0 ? token->group : x->cred->user.group);
    if (x->rl->redis && shared->state == RATE_SHARED_IDLE)
        rate_shared_enter(shared, &x->rl->relay->rate_scripts, x->rl->redis, x->cred->user.id,
                          &limits, on_rate_answer);
    if (shared->state == RATE_SHARED_ASKING)
        return NEXT_WAIT;
    switch (enter_rate(x, &limits)) {
    case RATE_ADMITTED:
        x->rate_entered = true;
        return NEXT_STEP;
    case RATE_TOO_MANY_SUCCESSES:
        return exchange_fail(x, ERR_RATE_LIMITED,
                             "您已达到请求数限制：%" PRId64 "分钟内最多请求%" PRId64
                             "次 (too many requests: at most %" PRId64 " in %" PRId64 " min)",
                             s->rate_limit_minutes, limits.success, limits.success,
                             s->rate_limit_minutes);
    case RATE_TOO_MANY:
        break;
    }
    return exchange_fail(x, ERR_RATE_LIMITED,
                         "您已达到总请求数限制：%" PRId64 "分钟内最多请求%" PRId64
                         "次，包括失败次数，请检查您的请求是否正确 (too many requests: at most "
                         "%" PRId64 " in %" PRId64 " min, failed ones included)",
                         s->rate_limit_minutes, limits.total, limits.total, s->rate_limit_minutes);
}

/* Using group: the token's when it names one that may be used, else the user's (relay reference 4).
 */
static enum step_next find_group(struct exchange *x)
{
    const struct settings *s = &x->snap->settings;
    struct str wanted = x->cred->token.group, own = x->cred->user.group;

    x->group = wanted.n > 0 ? wanted : own;
    if (wanted.n == 0)
        return NEXT_STEP;
    if (!settings_group_usable(s, own, wanted))
        return exchange_fail(x, ERR_FORBIDDEN,
                             "令牌分组 %.*s 已被禁用 (token group may not be used)",
                             STR_ARG(wanted));
    if (!settings_group_exists(s, wanted))
        return exchange_fail(x, ERR_FORBIDDEN, "分组 %.*s 已被弃用 (group no longer exists)",
                             STR_ARG(wanted));
    return NEXT_STEP;
}

bool exchange_allows_model(const struct exchange *x, struct str model)
{
    return token_allows_model(&x->cred->token, model) ||
           token_allows_model(&x->cred->token, model_normalise(model));
}

static enum step_next check_model(struct exchange *x)
{
    if (x->fault.code != ERR_OK) { /* found by ROUTE */
        struct str why = x->fault.error.message;

        return exchange_fail(x, x->fault.code, "%.*s", STR_ARG(why));
    }
    if (x->forced_channel != 0 || exchange_allows_model(x, x->peek.model))
        return NEXT_STEP;
    return exchange_fail(x, ERR_FORBIDDEN, "该令牌无权访问模型 %.*s (token may not use this model)",
                         STR_ARG(x->peek.model));
}

/* ---- price and reservation ---- */

static enum image_counting image_counting(const struct exchange *x)
{
    const struct relay_conf *conf = &x->rl->relay->conf;

    if (!conf->media_token_not_stream && !x->peek.stream)
        return IMAGES_SMALL;
    return conf->media_token ? IMAGES_BY_SIZE : IMAGES_FLAT;
}

int64_t exchange_prompt_tokens(struct exchange *x)
{
    struct str body = x->whole_body.n > 0 ? x->whole_body : x->body;
    bool counts = x->rl->relay->conf.count_token || x->mode == MODE_COUNT_TOKENS;

    if (x->prompt_tokens >= 0)
        return x->prompt_tokens;
    if (x->peek.counted.n > 0)
        body = x->peek.counted;
    x->prompt_tokens = counts ? tokens_of_request(x->peek.model, body, image_counting(x)) : 0;
    return x->prompt_tokens;
}

/* Is `end` behind one of the bytes `c` of the text? Fast where these are rare. */
static bool has_behind(struct str text, char c, struct str end)
{
    for (ptrdiff_t at; (at = str_find_char(text, c)) >= 0;) {
        text = str_skip(text, (size_t)at + 1);
        if (str_starts(text, end))
            return true;
    }
    return false;
}

/* Might there be parts that cost a number of tokens whatever their length? Data URLs, Claude's
 * sources, and what has a member with an underscore in its name, which is rare elsewhere:
 * image_url, video_url, input_audio, and file_id, file_data or file_url inside a file. */
static bool has_media(const struct exchange *x)
{
    struct str body = x->body;

    for (ptrdiff_t at; (at = str_find_char(body, '_')) >= 0;) {
        struct str before = str_sub(body, 0, (size_t)at);

        body = str_skip(body, (size_t)at + 1);
        if (str_starts(body, STR("url\"")) || str_starts(body, STR("audio\"")) ||
            str_ends(before, STR("\"file")))
            return true;
    }
    return has_behind(x->body, ';', STR("base64,")) ||
           (x->client->id == DIALECT_CLAUDE && str_has(x->body, STR("\"source\"")));
}

static int64_t hold_for(const struct exchange *x, int64_t prompt_tokens)
{
    int64_t most, points;

    if (__builtin_mul_overflow(x->peek.max_tokens, x->peek.generated, &most))
        most = INT64_MAX;
    points = price_reserve(&x->plan, prompt_tokens, most) +
             price_reserve_tools(&x->plan, &x->peek.tools);
    return points > x->least_hold ? points : x->least_hold;
}

/*
 * Counting a prompt costs more than all else that admission does. For a caller who could pay many
 * times over, a bound serves as well: no text has more than three tokens a byte by our count.
 * Everybody else's prompt is counted.
 */
static int64_t points_to_hold(struct exchange *x, const struct credential_balance *b)
{
    if (x->plan.model.per_call)
        return hold_for(x, 0);
    if (x->prompt_tokens < 0 && x->body.n <= BOUND_BODY_BYTES && !has_media(x)) {
        int64_t bound = hold_for(x, (int64_t)x->body.n * 3);

        if (balance_available(b->user) / BOUND_MARGIN > bound &&
            (x->cred->token.unlimited_quota || balance_available(b->token) / BOUND_MARGIN > bound))
            return bound;
    }
    return hold_for(x, exchange_prompt_tokens(x));
}

/* A reservation in Redis, which is waited for. */
struct reservation {
    struct balance_wait wait;
    struct exchange *x;
    enum { RESERVE_IDLE, RESERVE_WAITS, RESERVE_ANSWERED } state;
    enum err_code rc;
    struct err err;
};

static void on_reserved(struct balance_wait *w, enum err_code rc, const struct err *err)
{
    struct reservation *v = container_of(w, struct reservation, wait);

    v->state = RESERVE_ANSWERED;
    v->rc = rc;
    if (rc != ERR_OK)
        v->err = *err;
    exchange_run(v->x);
}

static void cancel_reservation(void *reservation)
{
    balance_wait_cancel(&((struct reservation *)reservation)->wait);
}

static struct reservation *reservation_of(struct exchange *x)
{
    if (!x->rl->shared || x->reservation)
        return x->reservation;
    x->reservation = arena_new(x->arena, struct reservation);
    x->reservation->x = x;
    x->reservation->wait.done = on_reserved;
    arena_defer(x->arena, cancel_reservation, x->reservation);
    return x->reservation;
}

/* False: the answer is still to come. */
static bool reserve_points(struct exchange *x, enum err_code *rc, struct err *err)
{
    struct credential_balance *b = x->cred->attached;
    struct reservation *v = reservation_of(x);

    if (v && v->state == RESERVE_WAITS)
        return false;
    if (v && v->state == RESERVE_ANSWERED) {
        v->state = RESERVE_IDLE;
        *rc = v->rc;
        *err = v->err;
        return true;
    }
    if (balance_reserve_start(x->rl->shared, b->user, b->token, points_to_hold(x, b), &x->hold,
                              v ? &v->wait : NULL, rc, err) ||
        !v) /* which is always answered at once */
        return true;
    v->state = RESERVE_WAITS;
    return false;
}

/* What was to be held was a bound, because the caller seemed to have plenty: now the prompt is
 * counted. */
static bool count_instead(struct exchange *x)
{
    if (x->plan.model.per_call || x->prompt_tokens >= 0)
        return false;
    exchange_prompt_tokens(x);
    return true;
}

/* What costs nothing need not be paid for, where the operator wants it so. */
static bool take_free(struct exchange *x)
{
    struct credential_balance *b = x->cred->attached;

    if (x->snap->settings.free_needs_quota || !price_is_free(&x->plan, &x->peek.tools))
        return false;
    balance_take(b->user, b->token, 0, &x->hold);
    return true;
}

enum step_next exchange_reserve(struct exchange *x)
{
    struct err err = {0};
    enum err_code rc;
    bool final;

    if (take_free(x))
        return NEXT_STEP;
    do {
        if (!reserve_points(x, &rc, &err))
            return NEXT_WAIT;
        if (rc == ERR_OK)
            return NEXT_STEP;
        final = x->reservation && x->reservation->wait.final;
    } while (final && count_instead(x));
    if (!final && !x->refreshed && refresh_balance(x))
        return NEXT_WAIT;
    return exchange_fail(x, rc, "%s", err.msg);
}

static enum step_next price_request(struct exchange *x)
{
    struct err err = {0};

    if (price_plan_make(x->snap, x->peek.model, x->cred->user.group, x->group,
                        x->cred->accept_unset_ratio, &x->plan, &err) != ERR_OK)
        return exchange_fail(x, err.code, "%s", err.msg);
    if (x->asked)
        mode_price(x);
    return NEXT_STEP;
}

typedef enum step_next check_fn(struct exchange *x);

/* The first checks of each list. */
#define WHO_CALLS check_token, check_token_quota, check_user

/* Goes on behind the checks that were passed; one that waits is asked once more. NEXT_STEP with
 * x->step where it was: all are passed. */
static enum step_next run_checks(struct exchange *x, check_fn *const *checks, unsigned n)
{
    const enum step at = x->step;

    while (x->checks < n) {
        enum step_next next = checks[x->checks](x);

        if (next == NEXT_WAIT || x->step != at)
            return next;
        x->checks++;
    }
    return NEXT_STEP;
}

enum step_next exchange_identify(struct exchange *x)
{
    static check_fn *const checks[] = {WHO_CALLS};
    const enum step at = x->step;
    enum step_next next = x->cred ? NEXT_STEP : find_credential(x);

    if (next == NEXT_WAIT || x->step != at)
        return next;
    x->log->user_id = x->cred->user.id;
    return run_checks(x, checks, ARRAY_LEN(checks));
}

/* Key, token, user and group, but no model and no price: then the handler takes over. */
static enum step_next hand_over(struct exchange *x)
{
    static check_fn *const checks[] = {WHO_CALLS, find_group};
    enum step_next next = run_checks(x, checks, ARRAY_LEN(checks));

    if (next == NEXT_WAIT || x->step != STEP_ADMIT)
        return next;
    x->authenticated(x);
    return NEXT_DONE;
}

/* Group and price stay those that the exchange began with. */
bool exchange_admits_still(struct exchange *x, struct credential *now)
{
    static check_fn *const checks[] = {check_token, check_user, find_group, check_model};
    struct credential *own = x->cred;
    const struct str group = x->group;
    const enum step at = x->step;

    if (now->token.id != own->token.id || now->user.id != own->user.id) {
        exchange_no_credential(x, ERR_UNAUTHORIZED);
        return false;
    }
    x->cred = now;
    for (size_t i = 0; i < ARRAY_LEN(checks) && x->step == at; i++)
        (void)checks[i](x);
    x->cred = own;
    x->group = group;
    return x->step == at;
}

void relay_authenticate(struct relay *relay, struct http_req *r, const struct dialect *client,
                        void (*then)(struct exchange *x))
{
    struct exchange *x = exchange_new(relay, r);

    x->client = client;
    x->authenticated = then;
    exchange_go(x, STEP_ADMIT);
}

enum step_next relay_admit(struct exchange *x)
{
    static check_fn *const checks[] = {WHO_CALLS,   check_rate,   find_group,
                                       check_model, prompt_check, price_request};
    enum step_next next;

    x->log->action = "checking who calls";
    next = exchange_identify(x);
    if (next == NEXT_WAIT || x->step != STEP_ADMIT)
        return next;
    if (x->authenticated)
        return hand_over(x);
    next = run_checks(x, checks, ARRAY_LEN(checks));
    if (next == NEXT_WAIT || x->step != STEP_ADMIT || x->mode == MODE_COUNT_TOKENS)
        return next; /* counting is free */
    return exchange_reserve(x);
}

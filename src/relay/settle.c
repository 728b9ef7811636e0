/*
 * The last step, reached once on every path: charge what was used, give back what was held, answer,
 * end.
 *
 * Order matters: the usage record is in the journal before the client can see that its answer is
 * complete, so an answer that a client has received whole is charged even when the process dies in
 * the next instant.
 */
#include "relay/exchange.h"

#include "base/json_write.h"
#include "relay/mode.h"
#include "relay/realtime.h"

enum { OTHER_LIMIT = 16 * 1024, OTHER_USUAL = 512 };

static uint64_t elapsed_us(const struct exchange *x)
{
    return clock_mono_us() - x->req->started_us;
}

/* May the reported usage be without the answer? Claude's first event tells that of the prompt, and
 * some servers that speak its dialect say no more. */
static bool lacks_answer(const struct exchange *x)
{
    bool broke_off = x->outcome != OUTCOME_COMPLETE && !x->finish_seen;

    return broke_off || (x->tr && x->usage.completion == 0);
}

/* Reported usage as it is; otherwise the prompt's estimate and what was counted of the answer
 * (billing reference 8.5). */
static void settle_usage(struct exchange *x)
{
    int64_t counted;

    if (x->rt) /* a session counts for itself */
        return;
    counted = token_meter_count(&x->meter);
    if (!x->usage_seen)
        x->usage = (struct usage){.prompt = exchange_prompt_tokens(x), .completion = counted};
    else if (lacks_answer(x) && counted > x->usage.completion)
        x->usage.completion = counted;
}

/* OpenAI's models that search in chats search once, and do not say so (billing reference 4.4). */
static void settle_searches(struct exchange *x)
{
    x->plan.upstream = x->upstream->id;
    if (x->mode == MODE_CHAT && x->upstream->id == DIALECT_OPENAI_CHAT && x->usage.searches == 0 &&
        str_ends(x->upstream_model, STR("search-preview")))
        x->usage.searches = 1;
}

/* `counted`: the row's tokens are our own count. */
static void write_admin_info(struct json_writer *w, const struct exchange *x, bool counted)
{
    char id[24];

    jw_key(w, STR("admin_info"));
    jw_object(w);
    jw_key(w, STR("use_channel"));
    jw_array(w);
    for (unsigned i = 0; i < x->attempts; i++) {
        snprintf(id, sizeof id, "%" PRId64, x->tried[i]->row.id);
        jw_str(w, str_from(id));
    }
    jw_end(w);
    if (counted)
        jw_key_bool(w, STR("local_count_tokens"), true);
    if (x->channel && x->key_number >= 0) {
        jw_key_bool(w, STR("is_multi_key"), true);
        jw_key_i64(w, STR("multi_key_index"), x->key_number);
    }
    jw_end(w);
}

static const char *outcome_name(const struct exchange *x)
{
    switch (x->outcome) {
    case OUTCOME_COMPLETE:
        return "complete";
    case OUTCOME_CUT_CLIENT:
        return "client_gone";
    case OUTCOME_CUT_UPSTREAM:
        return "upstream_cut";
    case OUTCOME_ERROR:
        return "upstream_error";
    case OUTCOME_STOPPED:
        return "server_stopped";
    case OUTCOME_NONE:
        break;
    }
    return "none";
}

/* logs.other: how the price came about and what happened on the way (database reference 3.4). */
static struct str write_other(struct exchange *x)
{
    struct sb sb;
    struct json_writer w;
    int64_t frt = -1000;

    if (x->first_payload_us)
        frt = (int64_t)(x->first_payload_us - x->req->started_us) / 1000;
    sb_init(&sb, OTHER_LIMIT);
    (void)sb_reserve(&sb, OTHER_USUAL);
    jw_init(&w, &sb);
    jw_object(&w);
    price_write_other(&w, &x->plan, &x->usage);
    jw_key_i64(&w, STR("frt"), frt);
    if (x->mapped) {
        jw_key_bool(&w, STR("is_model_mapped"), true);
        jw_key_str(&w, STR("upstream_model_name"), x->upstream_model);
    }
    jw_key_str(&w, STR("request_path"), x->req->path);
    if (x->upstream != x->client)
        jw_key_str(&w, STR("upstream_dialect"), x->upstream->name);
    if (exchange_losses(x).n > 0)
        jw_key_str(&w, STR("dropped"), exchange_losses(x));
    if (x->outcome != OUTCOME_COMPLETE) {
        jw_key(&w, STR("stream_status"));
        jw_object(&w);
        jw_key_str(&w, STR("status"), STR("error"));
        jw_key_str(&w, STR("end_reason"), str_from(outcome_name(x)));
        jw_end(&w);
    }
    write_admin_info(&w, x, !x->usage_seen);
    jw_end(&w);
    struct str other = str_dup(x->arena, sb_str(&sb));
    sb_fini(&sb);
    return other;
}

/* The endless names of GPTs are logged as their family (billing reference 9); content tells which
 * it was. */
static struct str logged_model(const struct exchange *x)
{
    struct str family = model_normalise(x->peek.model);

    return str_ends(family, STR("-gizmo-*")) ? family : x->peek.model;
}

static struct str write_content(struct exchange *x)
{
    struct str content = price_content(x->arena, &x->plan, &x->usage);

    if (x->asked)
        content = mode_content(x, content);
    if (str_eq(logged_model(x), x->peek.model))
        return content;
    return str_concat(x->arena, (struct str[]){content, STR("，模型 "), x->peek.model}, 3);
}

static void fill_common(struct exchange *x, struct usage_record *r)
{
    r->created_at_s = clock_now_s(x->rl->relay->conf.clock);
    r->user_id = x->cred->user.id;
    r->token_id = x->cred->token.id;
    r->channel_id = x->channel ? x->channel->row.id : 0;
    r->username = x->cred->user.username;
    r->token_name = x->cred->token.name;
    r->model_name = logged_model(x);
    r->group = x->group;
    r->request_id = x->req->request_id;
    if (x->cred->record_ip)
        r->ip = x->req->client_ip;
    r->is_stream = x->peek.stream || x->stream_reply;
    r->use_time_s = (int64_t)(elapsed_us(x) / 1000000);
}

static bool append(struct exchange *x, const struct usage_record *r)
{
    struct err err = {0};

    if (journal_append(x->rl->journal, r, &err) != ERR_OK) {
        log_error(x->log, "journal.append_failed", "error=%s", err.msg);
        return false;
    }
    x->rl->appended = true;
    return true;
}

bool exchange_charge(struct exchange *x)
{
    struct usage_record r = {.kind = RECORD_CONSUME};

    if (x->settled || x->probe || x->mode == MODE_COUNT_TOKENS)
        return true;
    if (x->asked)
        mode_settle(x);
    else
        settle_usage(x);
    settle_searches(x);
    fill_common(x, &r);
    r.quota = price_charge(&x->plan, &x->usage);
    r.prompt_tokens = x->usage.prompt;
    r.completion_tokens = x->usage.completion;
    r.count_request = x->usage.prompt + x->usage.completion > 0;
    r.write_log = x->snap->settings.log_consume;
    r.content = write_content(x);
    r.other = write_other(x);
    if (!append(x, &r))
        return false;
    x->settled = true;
    balance_settle(&x->hold, r.quota);
    return true;
}

void exchange_log_failure(struct exchange *x)
{
    struct usage_record r = {.kind = RECORD_ERROR, .write_log = true};
    struct sb sb;
    struct json_writer w;

    if (!x->rl->relay->conf.error_log || x->probe || !x->cred)
        return;
    fill_common(x, &r);
    r.content = x->fault.error.message;
    sb_init(&sb, OTHER_LIMIT);
    jw_init(&w, &sb);
    jw_object(&w);
    jw_key_str(&w, STR("error_type"), x->fault.error.type);
    jw_key_str(&w, STR("error_code"), x->fault.error.code);
    jw_key_i64(&w, STR("status_code"), x->fault.status);
    jw_key_i64(&w, STR("channel_id"), r.channel_id);
    jw_key_str(&w, STR("channel_name"), x->channel ? x->channel->row.name : STR_NULL);
    jw_key_i64(&w, STR("channel_type"), x->channel ? x->channel->row.type : 0);
    jw_key_str(&w, STR("request_path"), x->req->path);
    write_admin_info(&w, x, false);
    jw_end(&w);
    r.other = str_dup(x->arena, sb_str(&sb));
    sb_fini(&sb);
    (void)append(x, &r);
}

/* Was something used that must be paid although the answer did not end well? */
static bool owes(const struct exchange *x)
{
    if (x->outcome == OUTCOME_NONE)
        return false;
    if (x->outcome == OUTCOME_COMPLETE || x->content_seen)
        return true;
    /* The client left before the first content: what would have gone to another channel for it
     * costs nothing, what was still under way does. */
    return x->fault.code == ERR_OK && (x->usage_seen || x->upstream_answered);
}

static void reply_error(struct exchange *x)
{
    static const struct http_header json = {STR_INIT("Content-Type"),
                                            STR_INIT("application/json; charset=utf-8")};
    struct http_header headers[2] = {json, {STR("Retry-After"), STR("1")}};
    bool later = x->fault.code == ERR_UNAVAILABLE;

    http_reply(x->req, x->fault.status, headers, later ? 2 : 1, fault_body(x, false));
}

/* The answer had begun: an error event, then the end. Never a made-up clean end. */
static void break_off(struct exchange *x)
{
    if (x->byte_reply) /* nothing can be said in it */
        http_reply_abort(x->req);
    else
        stream_break_off(x);
}

static const struct str busy = STR_INIT("当前分组上游负载已饱和，请稍后再试 (the upstreams of this "
                                        "group are busy, try again later)");

static void reply_whole(struct exchange *x)
{
    struct http_header headers[2] = {{STR("Content-Type"), STR("application/json")}};
    bool written = x->tr && x->tr->out.n > 0; /* by translate.c */
    struct str losses = exchange_losses(x);
    size_t n = 1;

    recall_keep(x);
    if (x->reply_type.n > 0)
        headers[0].value = x->reply_type;
    if (losses.n > 0)
        headers[n++] = (struct http_header){STR("x-yourapi-dropped"), losses};
    http_reply(x->req, 200, headers, n, sb_str(written ? &x->tr->out : &x->collected));
}

static void answer(struct exchange *x)
{
    if (x->fault.status == 429 && !x->fault.local)
        x->fault.error.message = busy;
    if (x->rt && realtime_is_open(x))
        realtime_end(x);
    else if (x->req->body_refused)
        http_reply_refusal(x->req);
    else if (x->client_gone)
        http_reply_abort(x->req);
    else if (x->reply_started && x->fault.code == ERR_OK)
        http_reply_end(x->req);
    else if (x->reply_started)
        break_off(x);
    else if (x->fault.code != ERR_OK)
        reply_error(x);
    else
        reply_whole(x);
}

void exchange_leave_rate(struct exchange *x, bool success)
{
    struct relay *r = x->rl->relay;

    if (x->rate_entered)
        rate_leave(r->rate, x->log->user_id, success, clock_now_us(r->conf.clock));
    x->rate_entered = false;
    rate_shared_leave(&x->rate_shared, success);
}

enum step_next relay_settle(struct exchange *x)
{
    loop_timer_stop(&x->timer);
    loop_timer_stop(&x->ping);
    if (x->probe) {
        x->probe_done(x);
        return NEXT_DONE;
    }
    x->log->action = "settling";
    if (owes(x) && !exchange_charge(x)) {
        exchange_fail(
            x, ERR_IO,
            "无法记录用量，请求已中止 (the usage could not be recorded, the answer was withheld)");
        x->outcome = OUTCOME_NONE;
    }
    balance_release(&x->hold);
    exchange_leave_rate(x, x->fault.code == ERR_OK || x->content_seen);
    answer(x);
    return NEXT_DONE;
}

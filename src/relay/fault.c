/*
 * What went wrong, whose fault it was, and what the client may read of it (relay reference 7 and
 * 8).
 */
#include "relay/exchange.h"

#include "base/sb.h"
#include "base/text.h"
#include "relay/upload.h"

enum { MASKED_LIMIT = 16 * 1024 };

static void set_local(struct exchange *x, enum err_code code, struct str message)
{
    x->fault = (struct relay_fault){
        .code = code,
        .status = err_status(code),
        .local = true,
        .error = {.message = message,
                  .type = STR("new_api_error"),
                  .code = str_from(err_client_code(code))},
    };
}

enum step_next exchange_fail(struct exchange *x, enum err_code code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_local(x, code, arena_vfmt(x->arena, format, args));
    va_end(args);
    x->step = STEP_SETTLE;
    return NEXT_STEP;
}

enum step_next exchange_stop(struct exchange *x)
{
    return exchange_fail(x, ERR_UNAVAILABLE, "服务器正在停止 (the server is stopping)");
}

bool exchange_is_over(struct exchange *x)
{
    x->client_gone |= x->req && http_req_gone(x->req);
    if (x->client_gone)
        x->step = STEP_SETTLE;
    else if (x->req && x->req->body_refused) /* http_reply_refusal() says why */
        exchange_fail(x, ERR_BAD_REQUEST, "the body was refused");
    else if (x->rl->stopping)
        exchange_stop(x);
    return x->step == STEP_SETTLE;
}

void fault_from_err(struct exchange *x, const struct err *err)
{
    bool slow = err->code == ERR_UPSTREAM_TIMEOUT;
    struct str what = slow ? STR("请求上游超时 (the upstream did not answer in time)")
                           : STR("请求上游地址失败 (the call to the upstream failed)");

    if (err->code == ERR_UPSTREAM_EMPTY)
        what = STR("上游返回了空回复 (the upstream's answer was empty)");
    else if (err->code == ERR_UPSTREAM_CUT)
        what = STR("上游连接中断 (the upstream broke the answer off)");
    else if (err->code == ERR_UPSTREAM_BODY)
        what = STR("上游返回了无法识别的内容 (the upstream's answer could not be read)");
    else if (err->code == ERR_UNAVAILABLE)
        what = STR("服务器繁忙，请稍后再试 (the server is busy, try again later)");
    set_local(x, err->code, what);
    if (err_fault_of(err->code) != FAULT_GATEWAY) {
        x->fault.local = false;
        x->fault.error.type = STR("upstream_error");
    }
    log_warn(x->log, "upstream.failed", "channel=%" PRId64 " error=%s cause=\"%s\"",
             x->channel->row.id, err_name(err->code), err->msg);
}

/* ---- masking ---- */

static bool is_boundary(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '"' || c == '\'' || c == ',' ||
           c == '(' || c == ')' || c == '<' || c == '>' || c == '[' || c == ']' || c == '{' ||
           c == '}' || c == '`' || c == ';';
}

/* 1.2.3.4, with or without a port. */
static bool is_ipv4(struct str word)
{
    struct str host = str_cut(&word, ':');
    int parts = 0;

    while (host.p) {
        struct str part = str_cut(&host, '.');
        uint64_t value;

        if (!str_to_u64(part, &value) || value > 255)
            return false;
        parts++;
    }
    return parts == 4;
}

static bool is_word_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
}

static bool has_digit(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= '0' && s.p[i] <= '9')
            return true;
    }
    return false;
}

/* How keys and account names of the providers begin. Those that are words of their own
 * ("user-agent") count only with a digit behind. */
static bool begins_account(struct str s)
{
    static const struct {
        struct str text;
        bool is_word;
    } prefixes[] = {
        {STR_INIT("sk-"), false},  {STR_INIT("proj_"), false}, {STR_INIT("AIza"), false},
        {STR_INIT("gsk_"), false}, {STR_INIT("xai-"), false},  {STR_INIT("AKIA"), false},
        {STR_INIT("org-"), true},  {STR_INIT("key-"), true},   {STR_INIT("sess-"), true},
        {STR_INIT("user-"), true},
    };

    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        struct str rest = str_skip(s, prefixes[i].text.n);

        if (str_starts(s, prefixes[i].text) && rest.n > 2 &&
            (!prefixes[i].is_word || has_digit(rest)))
            return true;
    }
    return false;
}

/* Such a name anywhere in the word, as in "key=sk-..." or behind Chinese text. */
static bool has_account(struct str word)
{
    for (size_t i = 0; i < word.n; i++) {
        if ((i == 0 || !is_word_char(word.p[i - 1])) && begins_account(str_skip(word, i)))
            return true;
    }
    return false;
}

static struct str host_of(struct str url)
{
    ptrdiff_t scheme = str_find(url, STR("://"));
    struct str rest = scheme < 0 ? url : str_skip(url, (size_t)scheme + 3);
    struct str authority = str_cut(&rest, '/');

    return str_cut(&authority, ':');
}

static bool is_secret_word(struct str word, struct str host, struct str key)
{
    return str_has(word, STR("://")) || has_account(word) || is_ipv4(word) ||
           (host.n > 3 && str_find_nocase(word, host) >= 0) || (key.n > 5 && str_has(word, key)) ||
           (key.n > 20 && str_has(word, str_sub(key, 0, 12)));
}

struct str fault_mask(struct arena *a, struct str text, const struct route_channel *channel,
                      struct str key)
{
    struct str host = channel ? host_of(channel->row.base_url) : STR_NULL;
    struct sb sb;

    sb_init(&sb, MASKED_LIMIT);
    text = utf8_prefix(text, MASKED_LIMIT / 2);
    while (text.n > 0) {
        size_t n = 0;

        while (n < text.n && !is_boundary(text.p[n]))
            n++;
        struct str word = str_sub(text, 0, n);
        sb_add(&sb, n > 0 && is_secret_word(word, host, key) ? STR("***") : word);
        if (n < text.n)
            sb_add_char(&sb, text.p[n++]);
        text = str_skip(text, n);
    }
    struct str masked = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return masked;
}

/* ---- replies ---- */

/* The channel's own table of statuses: {"429":"500"}, numbers or strings (relay reference 8.3). */
static int map_status(const struct exchange *x, int status)
{
    char name[16];
    struct str text;
    int64_t mapped;

    snprintf(name, sizeof name, "%d", status);
    const struct json *to = json_get(x->channel->status_code_mapping, str_from(name));
    if (json_str(x->arena, to, &text) ? str_to_i64(text, &mapped) : json_i64(to, &mapped))
        return mapped >= 400 && mapped <= 599 ? (int)mapped : status;
    return status;
}

static void mask_error(struct exchange *x)
{
    struct openai_error *e = &x->fault.error;

    e->message = fault_mask(x->arena, e->message, x->channel, x->channel_key);
    e->param = fault_mask(x->arena, e->param, x->channel, x->channel_key);
    e->type = fault_mask(x->arena, e->type, x->channel, x->channel_key);
    e->code = fault_mask(x->arena, e->code, x->channel, x->channel_key);
}

void fault_from_reply(struct exchange *x, int status, struct str body)
{
    struct openai_error *e = &x->fault.error;

    x->fault = (struct relay_fault){.code = ERR_UPSTREAM_STATUS};
    (void)openai_error_read(x->arena, body, status, e);
    log_warn(x->log, "upstream.refused", "channel=%" PRId64 " status=%d", x->channel->row.id,
             status);
    mask_error(x);
    if (status < 400) /* an error object in a 200: the provider's failure */
        status = 502;
    else
        status = map_status(x, status);
    x->fault.status = status;
}

void fault_from_event(struct exchange *x, const struct chat_event *ev)
{
    int status = ev->status >= 400 ? ev->status : 502;

    x->fault = (struct relay_fault){.code = ERR_UPSTREAM_STATUS, .error = ev->error};
    x->fault.error.code_raw = STR_NULL; /* the event's text goes with it */
    if (x->fault.error.message.n == 0)
        x->fault.error.message = STR("上游返回了错误 (the upstream reported an error)");
    log_warn(x->log, "upstream.refused", "channel=%" PRId64 " status=%d in_stream=true",
             x->channel->row.id, status);
    mask_error(x);
    x->fault.status = map_status(x, status);
}

/* ---- the client's body ---- */

struct openai_error fault_error(const struct exchange *x)
{
    struct openai_error e = x->fault.error;
    struct str id = x->req->request_id;

    if (id.n > 0)
        e.message =
            str_concat(x->arena, (struct str[]){e.message, STR(" (request id: "), id, STR(")")}, 4);
    return e;
}

struct str fault_body(struct exchange *x, bool in_stream)
{
    const struct dialect *d = x->client;
    const struct openai_error e = fault_error(x);

    return in_stream ? d->write_stream_error(x->arena, x->fault.status, &e)
                     : d->write_error(x->arena, x->fault.status, &e);
}

/* ---- retry, relay reference 7 ---- */

static bool may_retry(const struct exchange *x)
{
    int status = x->fault.status;

    if (x->fault.local || x->probe || x->client_gone || x->forced_channel != 0)
        return false;
    if (x->attempts > (uint64_t)x->snap->settings.retry_times || x->attempts >= MAX_ATTEMPTS)
        return false;
    if (status == 504 && x->fault.code == ERR_UPSTREAM_TIMEOUT)
        return true; /* our own clock: nothing was shown, and another channel may be quicker */
    if (status == 504 || status == 524) /* whatever the operator says */
        return false;
    return settings_has_status(x->snap->settings.retry_statuses, status);
}

void exchange_attempt_failed(struct exchange *x)
{
    if (upload_defers_failure(x))
        return;
    if (!upload_excuses_failure(x))
        health_note_failure(x);
    exchange_log_failure(x);
    if (may_retry(x)) {
        exchange_go(x, STEP_SELECT);
        return;
    }
    exchange_go(x, STEP_SETTLE);
}

enum step_next exchange_refuse(struct exchange *x)
{
    exchange_log_failure(x);
    x->step = may_retry(x) ? STEP_SELECT : STEP_SETTLE;
    return NEXT_STEP;
}

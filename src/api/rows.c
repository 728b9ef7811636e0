#include "api/rows.h"

#include "base/json_patch.h"

struct str row_time(struct arena *a, struct str text)
{
    struct str date = str_sub(text, 0, 10), clock = str_skip(text, 11);
    bool zone;

    if (text.n == 0)
        return STR_NULL;
    if (text.n < 11)
        return arena_fmt(a, "%.*sT00:00:00Z", STR_ARG(date));
    zone = str_find_char(clock, '+') >= 0 || str_find_char(clock, '-') >= 0 ||
           str_ends(clock, STR("Z"));
    return arena_fmt(a, "%.*sT%.*s%s", STR_ARG(date), STR_ARG(clock), zone ? "" : "Z");
}

/* null, or the time. */
static void key_deleted(struct arena *a, struct json_writer *w, struct str deleted_at)
{
    if (deleted_at.n == 0)
        jw_key_null(w, STR("DeletedAt"));
    else
        jw_key_str(w, STR("DeletedAt"), row_time(a, deleted_at));
}

static void key_str_or_null(struct json_writer *w, struct str key, struct str value, bool is_null)
{
    if (is_null)
        jw_key_null(w, key);
    else
        jw_key_str(w, key, value);
}

static void key_i64_or_null(struct json_writer *w, struct str key, int64_t value, bool is_null)
{
    if (is_null)
        jw_key_null(w, key);
    else
        jw_key_i64(w, key, value);
}

/* The JSON object without some members. What is not an object is not shown at all: it cannot be
 * told what it holds. */
static struct str object_without(struct arena *a, struct str text, const struct str *hidden,
                                 size_t hidden_count)
{
    const struct json *root;
    struct json_patch *patch;
    const struct str *slices;
    size_t n;

    if (text.n == 0 || json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK ||
        !json_is(root, JSON_OBJECT))
        return STR_NULL;
    patch = json_patch_new(a, text, root);
    for (size_t i = 0; i < hidden_count; i++)
        json_patch_delete(patch, root, hidden[i]);
    if (json_patch_empty(patch))
        return text;
    slices = json_patch_render(patch, &n);
    return str_concat(a, slices, n);
}

/* `setting` without what signs its owner's notifications. */
static struct str setting_for_others(struct arena *a, struct str setting)
{
    static const struct str hidden[] = {STR_INIT("webhook_secret"), STR_INIT("gotify_token")};

    return object_without(a, setting, hidden, ARRAY_LEN(hidden));
}

static void user_bindings(struct json_writer *w, const struct user *u)
{
    jw_key_str(w, STR("email"), u->email);
    jw_key_str(w, STR("github_id"), u->github_id);
    jw_key_str(w, STR("oidc_id"), u->oidc_id);
    jw_key_str(w, STR("wechat_id"), u->wechat_id);
    jw_key_str(w, STR("telegram_id"), u->telegram_id);
    jw_key_str(w, STR("linux_do_id"), u->linux_do_id);
}

static void user_figures(struct json_writer *w, const struct user *u)
{
    jw_key_i64(w, STR("quota"), u->quota);
    jw_key_i64(w, STR("used_quota"), u->used_quota);
    jw_key_i64(w, STR("request_count"), u->request_count);
    jw_key_str(w, STR("group"), u->group);
    jw_key_str(w, STR("aff_code"), u->aff_code);
    jw_key_i64(w, STR("aff_count"), u->aff_count);
    jw_key_i64(w, STR("aff_quota"), u->aff_quota);
    jw_key_i64(w, STR("aff_history_quota"), u->aff_history);
    jw_key_i64(w, STR("inviter_id"), u->inviter_id);
}

void row_user_members(struct arena *a, struct json_writer *w, const struct user *u, bool own)
{
    bool shown = own && !secret_empty(u->access_token);

    jw_key_i64(w, STR("id"), u->id);
    jw_key_str(w, STR("username"), u->username);
    jw_key_str(w, STR("password"), STR_NULL);
    jw_key_str(w, STR("display_name"), u->display_name);
    jw_key_i64(w, STR("role"), u->role);
    jw_key_i64(w, STR("status"), u->status);
    user_bindings(w, u);
    jw_key_str(w, STR("verification_code"), STR_NULL);
    key_str_or_null(w, STR("access_token"), shown ? secret_reveal(u->access_token) : STR_NULL,
                    !shown);
    user_figures(w, u);
    key_deleted(a, w, u->deleted_at);
    jw_key_str(w, STR("setting"), own ? u->setting : setting_for_others(a, u->setting));
}

void row_user(struct arena *a, struct json_writer *w, const struct user *u, bool own)
{
    jw_object(w);
    row_user_members(a, w, u, own);
    jw_end(w);
}

static void channel_upstream(struct json_writer *w, const struct channel *ch)
{
    key_str_or_null(w, STR("openai_organization"), ch->open_ai_organization, ch->organization_null);
    key_str_or_null(w, STR("test_model"), ch->test_model, ch->test_model_null);
    key_str_or_null(w, STR("base_url"), ch->base_url, ch->base_url_null);
    jw_key_str(w, STR("other"), ch->other);
    jw_key_str(w, STR("models"), ch->models);
    jw_key_str(w, STR("group"), ch->group);
    key_str_or_null(w, STR("model_mapping"), ch->model_mapping, ch->model_mapping_null);
    key_str_or_null(w, STR("status_code_mapping"), ch->status_code_mapping,
                    ch->status_code_mapping_null);
    key_str_or_null(w, STR("setting"), ch->setting, ch->setting_null);
    key_str_or_null(w, STR("param_override"), ch->param_override, ch->param_override_null);
    /* Of later versions: */
    key_str_or_null(w, STR("header_override"), ch->header_override, ch->header_override.n == 0);
    jw_key_str(w, STR("settings"), ch->settings);
    jw_key_str(w, STR("remark"), ch->remark);
}

static void channel_figures(struct json_writer *w, const struct channel *ch)
{
    key_i64_or_null(w, STR("weight"), ch->weight, ch->weight_null);
    key_i64_or_null(w, STR("priority"), ch->priority, ch->priority_null);
    key_i64_or_null(w, STR("auto_ban"), ch->auto_ban, ch->auto_ban_null);
    jw_key_i64(w, STR("created_time"), ch->created_time);
    jw_key_i64(w, STR("test_time"), ch->test_time);
    jw_key_i64(w, STR("response_time"), ch->response_time);
    jw_key_f64(w, STR("balance"), ch->balance);
    jw_key_i64(w, STR("balance_updated_time"), ch->balance_updated_time);
    jw_key_i64(w, STR("used_quota"), ch->used_quota);
}

void row_channel(struct json_writer *w, const struct channel *ch)
{
    jw_object(w);
    jw_key_i64(w, STR("id"), ch->id);
    jw_key_i64(w, STR("type"), ch->type);
    jw_key_str(w, STR("key"), STR_NULL);
    jw_key_i64(w, STR("status"), ch->status);
    jw_key_str(w, STR("name"), ch->name);
    key_str_or_null(w, STR("tag"), ch->tag, ch->tag_null);
    jw_key_str(w, STR("other_info"), ch->other_info);
    channel_upstream(w, ch);
    channel_figures(w, ch);
    jw_end(w);
}

void row_token(struct arena *a, struct json_writer *w, const struct token *t)
{
    jw_object(w);
    jw_key_i64(w, STR("id"), t->id);
    jw_key_i64(w, STR("user_id"), t->user_id);
    jw_key_str(w, STR("key"), secret_reveal(t->key));
    jw_key_i64(w, STR("status"), t->status);
    jw_key_str(w, STR("name"), t->name);
    jw_key_i64(w, STR("created_time"), t->created_time);
    jw_key_i64(w, STR("accessed_time"), t->accessed_time);
    jw_key_i64(w, STR("expired_time"), t->expired_time);
    jw_key_i64(w, STR("remain_quota"), t->remain_quota);
    jw_key_bool(w, STR("unlimited_quota"), t->unlimited_quota);
    jw_key_bool(w, STR("model_limits_enabled"), t->model_limits_enabled);
    jw_key_str(w, STR("model_limits"), t->model_limits);
    key_str_or_null(w, STR("allow_ips"), t->allow_ips, t->allow_ips_null);
    jw_key_i64(w, STR("used_quota"), t->used_quota);
    jw_key_str(w, STR("group"), t->group);
    key_deleted(a, w, t->deleted_at);
    jw_end(w);
}

static void log_members(struct json_writer *w, const struct log_row *l, int64_t id,
                        struct str channel_name, struct str other)
{
    jw_object(w);
    jw_key_i64(w, STR("id"), id);
    jw_key_i64(w, STR("user_id"), l->user_id);
    jw_key_i64(w, STR("created_at"), l->created_at);
    jw_key_i64(w, STR("type"), l->type);
    jw_key_str(w, STR("content"), l->content);
    jw_key_str(w, STR("username"), l->username);
    jw_key_str(w, STR("token_name"), l->token_name);
    jw_key_str(w, STR("model_name"), l->model_name);
    jw_key_i64(w, STR("quota"), l->quota);
    jw_key_i64(w, STR("prompt_tokens"), l->prompt_tokens);
    jw_key_i64(w, STR("completion_tokens"), l->completion_tokens);
    jw_key_i64(w, STR("use_time"), l->use_time);
    jw_key_bool(w, STR("is_stream"), l->is_stream);
    jw_key_i64(w, STR("channel"), l->channel_id);
    jw_key_str(w, STR("channel_name"), channel_name);
    jw_key_i64(w, STR("token_id"), l->token_id);
    jw_key_str(w, STR("group"), l->group);
    jw_key_str(w, STR("ip"), l->ip);
    jw_key_str(w, STR("request_id"), l->request_id);
    jw_key_str(w, STR("other"), other);
    jw_end(w);
}

void row_log(struct json_writer *w, const struct log_row *l, struct str channel_name)
{
    log_members(w, l, l->id, channel_name, l->other);
}

/* `other` without what only administrators may see. */
static struct str other_for_user(struct arena *a, struct str other)
{
    static const struct str hidden[] = {STR_INIT("admin_info"), STR_INIT("audit_info"),
                                        STR_INIT("reject_reason")};

    return object_without(a, other, hidden, ARRAY_LEN(hidden));
}

void row_log_own(struct arena *a, struct json_writer *w, const struct log_row *l)
{
    log_members(w, l, l->id % 1024, STR_NULL, other_for_user(a, l->other));
}

void row_quota_data(struct json_writer *w, const struct quota_data *q)
{
    jw_object(w);
    jw_key_i64(w, STR("id"), q->id);
    jw_key_i64(w, STR("user_id"), q->user_id);
    jw_key_str(w, STR("username"), q->username);
    jw_key_str(w, STR("model_name"), q->model_name);
    jw_key_i64(w, STR("created_at"), q->created_at);
    jw_key_i64(w, STR("token_used"), q->token_used);
    jw_key_i64(w, STR("count"), q->count);
    jw_key_i64(w, STR("quota"), q->quota);
    jw_end(w);
}

/* What everybody may know of the server: admin-api 3.1, 4.1, 4.2. */
#include "api/handlers.h"

#include "api/groups.h"
#include "cache/cache.h"
#include "ledger/balance_shared.h"
#include "store/repo_ability.h"
#include "store/repo_setup.h"

enum { PING_EVERY_US = 10 * 1000000 };

static struct str option(const struct settings *s, struct str key)
{
    return settings_text(s, key);
}

static bool option_on(const struct settings *s, const char *key)
{
    return str_eq(option(s, str_from(key)), STR("true"));
}

/* Members that are an option's text, or its truth, under another name. */
static const struct {
    const char *member, *option;
} status_texts[] = {
    {"github_client_id", "GitHubClientId"},
    {"linuxdo_client_id", "LinuxDOClientId"},
    {"telegram_bot_name", "TelegramBotName"},
    {"wechat_qrcode", "WeChatAccountQRCodeImageURL"},
    {"oidc_client_id", "oidc.client_id"},
    {"oidc_authorization_endpoint", "oidc.authorization_endpoint"},
    {"turnstile_site_key", "TurnstileSiteKey"},
};
static const struct {
    const char *member, *option;
} status_flags[] = {
    {"email_verification", "EmailVerificationEnabled"},
    {"github_oauth", "GitHubOAuthEnabled"},
    {"linuxdo_oauth", "LinuxDOOAuthEnabled"},
    {"telegram_oauth", "TelegramOAuthEnabled"},
    {"wechat_login", "WeChatAuthEnabled"},
    {"oidc_enabled", "oidc.enabled"},
    {"turnstile_check", "TurnstileCheckEnabled"},
    {"default_collapse_sidebar", "DefaultCollapseSidebar"},
    {"mj_notify_enabled", "MjNotifyEnabled"},
};

static void write_options(struct json_writer *w, const struct settings *s)
{
    for (size_t i = 0; i < ARRAY_LEN(status_texts); i++)
        jw_key_str(w, str_from(status_texts[i].member),
                   option(s, str_from(status_texts[i].option)));
    for (size_t i = 0; i < ARRAY_LEN(status_flags); i++)
        jw_key_bool(w, str_from(status_flags[i].member), option_on(s, status_flags[i].option));
}

static void write_display(struct json_writer *w, const struct settings *s)
{
    jw_key_str(w, STR("system_name"), s->system_name);
    jw_key_str(w, STR("logo"), s->logo);
    jw_key_str(w, STR("footer_html"), s->footer);
    jw_key_str(w, STR("server_address"), s->server_address);
    jw_key_str(w, STR("top_up_link"), s->top_up_link);
    jw_key_str(w, STR("docs_link"), s->docs_link);
    jw_key_f64(w, STR("price"), s->price);
    jw_key_i64(w, STR("min_topup"), s->min_topup);
    jw_key_f64(w, STR("quota_per_unit"), s->quota_per_unit);
    jw_key_bool(w, STR("display_in_currency"), s->display_in_currency);
    jw_key_bool(w, STR("enable_drawing"), s->drawing);
    jw_key_bool(w, STR("enable_task"), s->task);
    jw_key_bool(w, STR("enable_data_export"), s->data_export);
    jw_key_str(w, STR("data_export_default_time"), s->data_export_default_time);
    jw_key_bool(w, STR("demo_site_enabled"), s->demo_site);
    jw_key_bool(w, STR("self_use_mode_enabled"), s->self_use_mode);
}

/* Clients need an array, whatever the option holds. */
static void write_chats(struct api_call *c, struct json_writer *w)
{
    struct str text = option(call_settings(c), STR("Chats"));
    const struct json *root;
    bool is_list = json_read(c->arena, text, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK &&
                   json_is(root, JSON_ARRAY);

    jw_key_raw(w, STR("chats"), is_list ? text : STR("[]"));
}

static bool pays_online(const struct settings *s)
{
    return option(s, STR("PayAddress")).n > 0 && option(s, STR("EpayId")).n > 0 &&
           option(s, STR("EpayKey")).n > 0;
}

static enum err_code look_for_setup(struct api_call *c, bool *done)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct setup_row *setup = NULL;

    *done = false;
    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_setup_find(conn, c->arena, &setup, &c->err));
    *done = setup != NULL;
    return ERR_OK;
}

/* Once it is, it stays so. While the database is away it counts as such: the set-up page would be
 * of no use. */
static enum err_code is_set_up(struct api_call *c, bool *done)
{
    enum err_code rc;

    *done = atomic_load(&c->api->set_up);
    if (*done)
        return ERR_OK;
    rc = look_for_setup(c, done);
    if (rc == ERR_OK)
        atomic_store(&c->api->set_up, *done);
    if (rc != ERR_UNAVAILABLE || !call_db_down(c))
        return rc;
    *done = true;
    return ERR_OK;
}

enum err_code api_status_get(struct api_call *c)
{
    const struct settings *s = call_settings(c);
    struct json_writer *w;
    bool setup;

    TRY(is_set_up(c, &setup));
    w = reply_data(c);
    jw_object(w);
    jw_key_str(w, STR("version"), call_conf(c)->version);
    jw_key_i64(w, STR("start_time"), call_conf(c)->started_at_s);
    write_display(w, s);
    write_options(w, s);
    write_chats(c, w);
    jw_key_bool(w, STR("enable_batch_update"), call_conf(c)->batch_update);
    jw_key_bool(w, STR("enable_online_topup"), pays_online(s));
    jw_key_bool(w, STR("setup"), setup);
    jw_key_str(w, STR("database"), call_db_down(c) ? STR("down") : STR("up"));
    jw_end(w);
    return ERR_OK;
}

static enum err_code ping(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct setup_row *setup;

    TRY(call_db(c, DB_READ, &conn));
    return repo_setup_find(conn, c->arena, &setup, &c->err);
}

/* Beside the message, where there is a Redis: without it the service goes on, node by node. */
static void write_redis(struct api_call *c)
{
    struct redis *redis = call_conf(c)->cache ? cache_redis(call_conf(c)->cache) : NULL;
    struct json_writer *w = &c->writer;
    struct shared_balances_state balances = {.members = 0};
    struct redis_status status;

    if (!redis)
        return;
    redis_status(redis, &status);
    jw_key(w, STR("redis"));
    jw_object(w);
    jw_key_str(w, STR("state"), status.up ? STR("up") : STR("down"));
    jw_key_i64(w, STR("since"), status.since_s);
    jw_key_str(w, STR("server"), str_from(status.server));
    if (call_conf(c)->shared) {
        shared_balances_status(call_conf(c)->shared, &balances);
        jw_key_str(w, STR("balances"),
                   balances.live == balances.members ? STR("shared") : STR("alone"));
    }
    jw_key_str(w, STR("error"), status.up ? STR_NULL : str_from(status.last_error));
    jw_end(w);
}

static void write_database(struct api_call *c, const char *name, struct db *db)
{
    struct json_writer *w = &c->writer;
    struct db_health health;

    db_health(db, &health);
    jw_key(w, str_from(name));
    jw_object(w);
    jw_key_str(w, STR("state"), health.up ? STR("up") : STR("down"));
    if (health.since_s > 0)
        jw_key_i64(w, STR("since"), health.since_s);
    if (!health.up)
        jw_key_str(w, STR("error"), str_from(health.error));
    jw_end(w);
}

/* What is known to be away is not asked. */
static bool answers(struct api_call *c)
{
    uint64_t now_us = clock_mono_us(), last = atomic_load(&c->api->ping_ok_us);

    if (call_db_down(c))
        return false;
    if (last > 0 && now_us - last <= PING_EVERY_US)
        return true;
    if (ping(c) != ERR_OK)
        return false;
    atomic_store(&c->api->ping_ok_us, now_us);
    return true;
}

enum err_code api_status_test(struct api_call *c)
{
    bool up = answers(c);

    if (!up)
        c->status = 503;
    reply_members(c, up, message_text(up ? MSG_SERVER_RUNNING : MSG_DB_DOWN, c->english));
    write_database(c, "database", call_conf(c)->db);
    if (call_conf(c)->log_db != call_conf(c)->db)
        write_database(c, "log_database", call_conf(c)->log_db);
    write_redis(c);
    return ERR_OK;
}

static enum err_code reply_option(struct api_call *c, struct str key)
{
    jw_str(reply_data(c), option(call_settings(c), key));
    return ERR_OK;
}

enum err_code api_status_notice(struct api_call *c)
{
    return reply_option(c, STR("Notice"));
}

enum err_code api_status_about(struct api_call *c)
{
    return reply_option(c, STR("About"));
}

enum err_code api_status_home_page(struct api_call *c)
{
    return reply_option(c, STR("HomePageContent"));
}

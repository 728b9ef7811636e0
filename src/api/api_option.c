/* Options: admin-api 3.7, 5.13. What is stored is in force when the reply comes. */
#include "api/handlers.h"

#include "store/repo_option.h"

enum { KEY_BYTES = 191 }; /* what MySQL can index */

enum err_code api_option_list(struct api_call *c)
{
    const struct settings *s = call_settings(c);
    struct json_writer *w = reply_data(c);

    jw_array(w);
    for (size_t i = 0; i < s->all_count; i++) {
        if (settings_hidden(s->all[i].key))
            continue;
        jw_object(w);
        jw_key_str(w, STR("key"), s->all[i].key);
        jw_key_str(w, STR("value"), s->all[i].value);
        jw_end(w);
    }
    jw_end(w);
    return ERR_OK;
}

static enum err_code store(struct api_call *c, struct str key, struct str value)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_option_put(conn, key, value, &c->err));
    db_release(conn);
    conn = NULL;
    return api_reload(c->api, &c->err);
}

/* Later versions of the line send booleans and numbers as they are. */
static bool read_value(struct api_call *c, const struct json *v, struct str *out)
{
    *out = STR_NULL;
    if (!v || json_str(c->arena, v, out))
        return true;
    if (!json_is(v, JSON_BOOL) && !json_is(v, JSON_NUMBER))
        return false;
    *out = json_raw(v);
    return true;
}

/* What is said of a switch that may not be switched on yet. */
static enum err_code refuse_switch(struct api_call *c, struct str missing)
{
    static const struct {
        struct str needs;
        enum message message;
    } rows[] = {
        {STR_INIT("GitHubClientId"), MSG_NEEDS_GITHUB},
        {STR_INIT("oidc.client_id"), MSG_NEEDS_OIDC},
        {STR_INIT("LinuxDOClientId"), MSG_NEEDS_LINUXDO},
        {STR_INIT("EmailDomainWhitelist"), MSG_NEEDS_DOMAINS},
        {STR_INIT("WeChatServerAddress"), MSG_NEEDS_WECHAT},
        {STR_INIT("TurnstileSiteKey"), MSG_NEEDS_TURNSTILE},
        {STR_INIT("TelegramBotToken"), MSG_NEEDS_TELEGRAM},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq(rows[i].needs, missing))
            return api_fail(c, rows[i].message);
    }
    return api_fail(c, MSG_BAD_PARAM);
}

enum err_code api_option_put(struct api_call *c)
{
    struct body b;
    struct str key, value, missing;

    if (body_read(c, &b) != ERR_OK)
        return api_fail_status(c, 400, MSG_BAD_PARAM);
    key = body_str(&b, STR("key"));
    if (body_end(&b) != ERR_OK || key.n == 0 || key.n > KEY_BYTES ||
        !read_value(c, json_get(b.root, STR("value")), &value))
        return api_fail_status(c, 400, MSG_BAD_PARAM);
    TRY(settings_validate(c->arena, key, value, &c->err));
    missing = settings_missing(call_settings(c), key, value);
    if (missing.n > 0)
        return refuse_switch(c, missing);
    return store(c, key, value);
}

enum err_code api_option_reset_ratio(struct api_call *c)
{
    TRY(store(c, STR("ModelRatio"), catalog_default_json(STR("ModelRatio"))));
    return reply_message(c, MSG_SETTING_SAVED);
}

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

enum err_code api_option_put(struct api_call *c)
{
    struct body b;
    struct str key, value;

    if (body_read(c, &b) != ERR_OK)
        return api_fail_status(c, 400, MSG_BAD_PARAM);
    key = body_str(&b, STR("key"));
    if (body_end(&b) != ERR_OK || key.n == 0 || key.n > KEY_BYTES ||
        !read_value(c, json_get(b.root, STR("value")), &value))
        return api_fail_status(c, 400, MSG_BAD_PARAM);
    TRY(settings_validate(c->arena, call_settings(c), key, value, &c->err));
    return store(c, key, value);
}

enum err_code api_option_reset_ratio(struct api_call *c)
{
    TRY(store(c, STR("ModelRatio"), catalog_default_json(STR("ModelRatio"))));
    return reply_message(c, MSG_SETTING_SAVED);
}

/* One's own account: admin-api 3.5, 5.4, 5.11. */
#include "api/handlers.h"

#include <inttypes.h>

#include "api/groups.h"
#include "api/rows.h"
#include "api/setup.h"
#include "api/user_check.h"
#include "auth/password.h"
#include "base/random.h"
#include "base/text.h"
#include "store/repo_user.h"

enum err_code api_self_get(struct api_call *c)
{
    row_user(c->arena, reply_data(c), c->me, true);
    return ERR_OK;
}

/* ---- changing ---- */

/* Writes the columns of the row and makes what is cached of the user stale. */
static enum err_code write_self(struct api_call *c, const struct user *row, uint64_t columns)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    if (columns == 0)
        return ERR_OK;
    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_user_update(conn, row, columns, NULL, &c->err));
    apikeys_forget_user(call_conf(c)->apikeys, row->id);
    return ERR_OK;
}

/* Other sessions end with the old password; this one goes on, with a new cookie. */
static void renew_session(struct api_call *c, const struct user *row)
{
    struct session s;

    if (c->by_access_token)
        return;
    s = session_of(call_conf(c)->session_secret, row, call_now_s(c));
    s.turnstile = c->session.turnstile;
    c->set_cookie = session_cookie(c->arena, call_conf(c)->session_secret, &s);
}

/* The original does not ask for the old password; later versions do. Who sends one means it. */
static enum err_code check_old_password(struct api_call *c, struct str old)
{
    if (old.n > 0 && !password_matches(secret_make(old), c->me->password))
        return api_fail(c, MSG_OLD_PASSWORD_WRONG);
    return ERR_OK;
}

static enum err_code update_self(struct api_call *c, const struct user_fields *f, struct str old)
{
    struct user row = *c->me;
    uint64_t columns = 0;

    if (f->username.n > 0) {
        row.username = f->username;
        columns |= COL(USER_COL_USERNAME);
    }
    if (f->display_name.n > 0) {
        row.display_name = f->display_name;
        columns |= COL(USER_COL_DISPLAY_NAME);
    }
    if (f->password.n > 0) {
        TRY(check_old_password(c, old));
        TRY(user_hash_password(c, f->password, &row.password));
        columns |= COL(USER_COL_PASSWORD);
    }
    TRY(write_self(c, &row, columns));
    if (f->password.n == 0)
        return ERR_OK;
    renew_session(c, &row);
    return setup_finish_after_password(c, &row);
}

enum err_code api_self_update(struct api_call *c)
{
    struct body b;
    struct user_fields f = {.username = STR_NULL};
    struct str old;

    TRY(body_read(c, &b));
    f.username = str_trim(body_str(&b, STR("username")));
    f.display_name = body_str(&b, STR("display_name"));
    f.password = body_str(&b, STR("password"));
    old = body_str(&b, STR("original_password"));
    TRY(body_end(&b));
    TRY(user_check_fields(c, &f));
    if (c->must_change && f.password.n == 0)
        return api_fail(c, MSG_CHANGE_PASSWORD_FIRST);
    return update_self(c, &f, old);
}

enum err_code api_self_delete(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    bool found;

    if (c->me->role == ROLE_ROOT)
        return api_fail(c, MSG_ROOT_STAYS);
    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_user_soft_delete(conn, c->me->id, call_now_s(c), &found, &c->err));
    apikeys_forget_user(call_conf(c)->apikeys, c->me->id);
    return ERR_OK;
}

/* ---- the access token ---- */

/* 24 random bytes are 32 characters of base64, what the column holds. */
enum { ACCESS_TOKEN_BYTES = 24 };

enum err_code api_self_access_token(struct api_call *c)
{
    char bytes[ACCESS_TOKEN_BYTES];
    struct user row = *c->me;
    struct str text;
    enum err_code rc;

    random_bytes(bytes, sizeof bytes);
    text = base64_encode(c->arena, str_make(bytes, sizeof bytes));
    row.access_token = secret_make(text);
    rc = write_self(c, &row, COL(USER_COL_ACCESS_TOKEN));
    if (rc == ERR_CONFLICT)
        return api_fail(c, MSG_TRY_AGAIN);
    if (rc != ERR_OK)
        return rc;
    jw_str(reply_data(c), text);
    return ERR_OK;
}

/* ---- models ---- */

static bool usable_in(const struct group_model *m, const struct usable_group *groups, size_t n)
{
    for (size_t i = 0; i < m->group_count; i++) {
        for (size_t k = 0; k < n; k++) {
            if (str_eq(m->groups[i], groups[k].name))
                return true;
        }
    }
    return false;
}

/* The original appends to a list that it never makes: none is null, not []. */
enum err_code api_self_models(struct api_call *c)
{
    size_t model_count, group_count, written = 0;
    const struct group_model *models = groups_models(c->arena, c->snap, &model_count);
    const struct usable_group *groups =
        groups_usable(c->arena, call_settings(c), c->me->group, c->english, &group_count);
    struct json_writer *w = reply_data(c);

    for (size_t i = 0; i < model_count; i++) {
        if (!usable_in(&models[i], groups, group_count))
            continue;
        if (written++ == 0)
            jw_array(w);
        jw_str(w, models[i].name);
    }
    if (written == 0)
        jw_null(w);
    else
        jw_end(w);
    return ERR_OK;
}

/* ---- settings ---- */

struct notify_setting {
    struct str type, webhook_url, webhook_secret, email;
    double threshold;
    bool accept_unset;
};

/* An absolute URL, or an absolute path: what Go's ParseRequestURI takes. */
static bool is_request_uri(struct str url)
{
    ptrdiff_t colon = str_find(url, STR("://"));

    return str_starts(url, STR("/")) || (colon > 0 && (size_t)colon + 3 < url.n);
}

static enum err_code check_setting(struct api_call *c, const struct notify_setting *s)
{
    bool webhook = str_eq(s->type, STR("webhook"));

    if (!webhook && !str_eq(s->type, STR("email")))
        return api_fail(c, MSG_NOTIFY_TYPE);
    if (!(s->threshold > 0))
        return api_fail(c, MSG_THRESHOLD);
    if (webhook && s->webhook_url.n == 0)
        return api_fail(c, MSG_WEBHOOK_EMPTY);
    if (webhook && !is_request_uri(s->webhook_url))
        return api_fail(c, MSG_WEBHOOK_BAD);
    if (!webhook && s->email.n > 0 && str_find_char(s->email, '@') < 0)
        return api_fail(c, MSG_MAIL_BAD);
    return ERR_OK;
}

static bool is_notify_key(const struct json *key)
{
    static const struct str keys[] = {
        STR_INIT("notify_type"),        STR_INIT("quota_warning_threshold"),
        STR_INIT("webhook_url"),        STR_INIT("webhook_secret"),
        STR_INIT("notification_email"), STR_INIT("accept_unset_model_ratio_model"),
    };

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (json_str_eq(key, keys[i]))
            return true;
    }
    return false;
}

/* Keys of other programs stay as they are; ours are written anew. */
static void keep_other_keys(struct api_call *c, struct json_writer *w)
{
    const struct json *old;

    if (json_read(c->arena, c->me->setting, JSON_DEPTH_DEFAULT, &old, NULL) != ERR_OK)
        return;
    JSON_EACH_MEMBER (key, value, old) {
        if (!is_notify_key(key))
            jw_key_raw(w, json_str_or_null(c->arena, key), json_raw(value));
    }
}

static enum err_code write_setting(struct api_call *c, const struct notify_setting *s)
{
    CLEANUP(sb_finip) struct sb sb;
    struct json_writer w;
    struct user row = *c->me;
    bool webhook = str_eq(s->type, STR("webhook"));

    sb_init(&sb, 64 << 10);
    jw_init(&w, &sb);
    jw_object(&w);
    jw_key_str(&w, STR("notify_type"), s->type);
    jw_key_f64(&w, STR("quota_warning_threshold"), s->threshold);
    if (webhook)
        jw_key_str(&w, STR("webhook_url"), s->webhook_url);
    if (webhook && s->webhook_secret.n > 0)
        jw_key_str(&w, STR("webhook_secret"), s->webhook_secret);
    if (!webhook && s->email.n > 0)
        jw_key_str(&w, STR("notification_email"), s->email);
    jw_key_bool(&w, STR("accept_unset_model_ratio_model"), s->accept_unset);
    keep_other_keys(c, &w);
    jw_end(&w);
    if (sb_failed(&sb))
        return api_fail_arg(c, MSG_TOO_LONG, STR("setting"));
    row.setting = sb_str(&sb);
    return write_self(c, &row, COL(USER_COL_SETTING));
}

enum err_code api_self_setting(struct api_call *c)
{
    struct body b;
    struct notify_setting s;

    TRY(body_read(c, &b));
    s.type = body_str(&b, STR("notify_type"));
    s.threshold = body_f64(&b, STR("quota_warning_threshold"));
    s.webhook_url = body_str(&b, STR("webhook_url"));
    s.webhook_secret = body_str(&b, STR("webhook_secret"));
    s.email = body_str(&b, STR("notification_email"));
    s.accept_unset = body_bool(&b, STR("accept_unset_model_ratio_model"));
    TRY(body_end(&b));
    TRY(check_setting(c, &s));
    TRY(write_setting(c, &s));
    return reply_message(c, MSG_SETTING_SAVED);
}

/* ---- invitations ---- */

enum { AFF_CODE_CHARS = 4, AFF_TRIES = 5 };

enum err_code api_self_aff(struct api_call *c)
{
    struct user row = *c->me;
    enum err_code rc = ERR_OK;

    for (int i = 0; row.aff_code.n == 0 || (rc == ERR_CONFLICT && i < AFF_TRIES); i++) {
        row.aff_code = random_text(c->arena, AFF_CODE_CHARS);
        rc = write_self(c, &row, COL(USER_COL_AFF_CODE));
    }
    if (rc != ERR_OK)
        return rc;
    jw_str(reply_data(c), row.aff_code);
    return ERR_OK;
}

enum err_code api_self_aff_transfer(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    const struct settings *s = call_settings(c);
    struct body b;
    int64_t quota;
    bool moved;

    TRY(body_read(c, &b));
    quota = body_i64(&b, STR("quota"));
    TRY(body_end(&b));
    if ((double)quota < s->quota_per_unit || quota <= 0)
        return api_fail_arg(c, MSG_AFF_MINIMUM,
                            api_quota_text(c->arena, s, (int64_t)s->quota_per_unit));
    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_user_transfer_aff(conn, c->me->id, quota, &moved, &c->err));
    if (!moved)
        return api_fail(c, MSG_AFF_NOT_ENOUGH);
    balance_changed_user(call_conf(c)->balances, c->me->id, quota);
    return reply_message(c, MSG_AFF_DONE);
}

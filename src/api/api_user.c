/* Signing in, signing out, registering: admin-api 5.1, 5.2. */
#include "api/handlers.h"

#include "api/rows.h"
#include "api/user_check.h"
#include "auth/password.h"
#include "store/repo_user.h"

/* ---- sign in ---- */

/* A hash that no password matches: an unknown name shall take as long as a wrong password. */
#define NOBODYS_HASH "$2a$10$CCCCCCCCCCCCCCCCCCCCC.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static enum err_code find_login(struct api_call *c, struct str name, struct user **user)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(call_db(c, DB_READ, &conn));
    return repo_user_find_by_login(conn, c->arena, name, user, &c->err);
}

static void begin_session(struct api_call *c, const struct user *user)
{
    struct session s = session_of(call_conf(c)->session_secret, user, call_now_s(c));

    s.turnstile = c->session.turnstile;
    c->set_cookie = session_cookie(c->arena, call_conf(c)->session_secret, &s);
}

/* The reply names who they are and little else. */
static void reply_login(struct api_call *c, const struct user *user)
{
    const struct user shown = {.id = user->id,
                               .username = user->username,
                               .display_name = user->display_name,
                               .role = user->role,
                               .status = user->status,
                               .group = user->group};
    struct json_writer *w = reply_data(c);

    jw_object(w);
    row_user_members(c->arena, w, &shown, false);
    jw_key_bool(w, STR("must_change_password"),
                first_password_is(call_conf(c)->first_password, user));
    jw_end(w);
}

enum err_code api_user_login(struct api_call *c)
{
    struct body b;
    struct user *user;
    struct str name, password;
    bool ok;

    if (!call_settings(c)->password_login)
        return api_fail(c, MSG_LOGIN_CLOSED);
    TRY(body_read(c, &b));
    name = str_trim(body_str(&b, STR("username")));
    password = body_str(&b, STR("password"));
    TRY(body_end(&b));
    if (name.n == 0 || password.n == 0)
        return api_fail(c, MSG_BAD_PARAM);
    TRY(find_login(c, name, &user));
    ok = password_matches(secret_make(password),
                          user ? user->password : secret_make(STR(NOBODYS_HASH)));
    if (!user || !ok || user->status != USER_ENABLED)
        return api_fail(c, MSG_LOGIN_FAILED);
    begin_session(c, user);
    reply_login(c, user);
    return ERR_OK;
}

enum err_code api_user_logout(struct api_call *c)
{
    c->set_cookie = session_cookie_end();
    return ERR_OK;
}

/* ---- register ---- */

static enum err_code may_register(struct api_call *c)
{
    if (!call_settings(c)->register_enabled)
        return api_fail(c, MSG_REGISTER_CLOSED);
    if (!call_settings(c)->password_register)
        return api_fail(c, MSG_REGISTER_NO_PASSWORD);
    if (settings_bool(call_settings(c), STR("EmailVerificationEnabled")))
        return api_fail(c, MSG_REGISTER_NEEDS_MAIL);
    return ERR_OK;
}

/* Who invited, and whether the name is free. */
static enum err_code look_up(struct api_call *c, struct str username, struct str email,
                             struct str aff_code, struct user **inviter)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    bool taken;

    *inviter = NULL;
    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_user_taken(conn, username, email, &taken, &c->err));
    if (taken)
        return api_fail(c, MSG_USER_TAKEN);
    return repo_user_find_by_aff_code(conn, c->arena, aff_code, inviter, &c->err);
}

static enum err_code reward_inviter(struct api_call *c, const struct user *inviter)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    int64_t reward = call_settings(c)->quota_for_inviter;

    if (reward <= 0)
        return ERR_OK;
    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_user_add_invitation(conn, inviter->id, reward, &c->err));
    db_release(conn);
    conn = NULL;
    user_log_gift(c, inviter, "邀请用户赠送", reward);
    return ERR_OK;
}

static enum err_code insert_registered(struct api_call *c, struct str username, struct str password,
                                       const struct user *inviter, struct user *row)
{
    const struct settings *s = call_settings(c);
    int64_t gift = s->quota_for_new_user > 0 ? s->quota_for_new_user : 0;
    int64_t invited = inviter && s->quota_for_invitee > 0 ? s->quota_for_invitee : 0;

    *row = (struct user){.username = username,
                         .display_name = username,
                         .role = ROLE_COMMON,
                         .status = USER_ENABLED,
                         .quota = gift + invited,
                         .inviter_id = inviter ? inviter->id : 0,
                         .created_at = call_now_s(c)};
    TRY(user_hash_password(c, password, &row->password));
    if (user_insert(c, row) != ERR_OK)
        return c->err.code == ERR_CONFLICT ? api_fail(c, MSG_USER_TAKEN) : c->err.code;
    user_log_gift(c, row, USER_GIFT_NEW, gift);
    user_log_gift(c, row, "使用邀请码赠送", invited);
    return ERR_OK;
}

enum err_code api_user_register(struct api_call *c)
{
    struct body b;
    struct user_fields f = {.username = STR_NULL};
    struct str aff_code;
    struct user *inviter, row;

    TRY(may_register(c));
    TRY(body_read(c, &b));
    f.username = str_trim(body_str(&b, STR("username")));
    f.password = body_str(&b, STR("password"));
    f.email = body_str(&b, STR("email"));
    aff_code = body_str(&b, STR("aff_code"));
    TRY(body_end(&b));
    if (f.username.n == 0 || f.password.n == 0)
        return api_fail(c, MSG_BAD_PARAM);
    TRY(user_check_fields(c, &f));
    TRY(look_up(c, f.username, f.email, aff_code, &inviter));
    TRY(insert_registered(c, f.username, f.password, inviter, &row));
    if (inviter)
        TRY(reward_inviter(c, inviter));
    return call_conf(c)->generate_default_token ? user_insert_default_token(c, &row) : ERR_OK;
}

/* Who is calling, and may they: the checks of admin-api 1.4, in its order. */
#include "api/call.h"

#include "api/envelope.h"
#include "http/fetch.h"
#include "api/params.h"
#include "auth/apikey.h"
#include "base/text.h"
#include "store/repo_token.h"
#include "store/repo_user.h"

/* ---- users ---- */

/* A cookie whose user is gone, or whose password has changed since, is nobody's. */
static enum err_code user_of_session(struct api_call *c, struct db_conn *conn)
{
    struct secret secret = call_conf(c)->session_secret;
    struct user *user;

    if (!session_read(c->arena, secret, http_req_header(c->req, STR("Cookie")), call_now_s(c),
                      &c->session) ||
        c->session.user_id == 0)
        return ERR_OK;
    TRY(repo_user_find(conn, c->arena, c->session.user_id, REPO_LIVE, &user, &c->err));
    if (user && session_is_of(&c->session, secret, user))
        c->me = user;
    else
        c->session.user_id = 0;
    return ERR_OK;
}

static struct str header_token(struct api_call *c)
{
    struct str value = http_req_header(c->req, STR("Authorization"));

    return str_starts_nocase(value, STR("Bearer ")) ? str_trim(str_skip(value, 7)) : value;
}

static enum err_code user_of_access_token(struct api_call *c, struct db_conn *conn)
{
    struct str value = header_token(c);

    if (value.n == 0)
        return api_fail_status(c, 401, MSG_NOT_SIGNED_IN);
    TRY(repo_user_find_by_access_token(conn, c->arena, secret_make(value), &c->me, &c->err));
    if (!c->me)
        return api_fail(c, MSG_BAD_ACCESS_TOKEN);
    c->by_access_token = true;
    if (c->me->username.n == 0 || !role_valid(c->me->role))
        return api_fail(c, MSG_BAD_USER_INFO);
    return ERR_OK;
}

static enum err_code check_user_header(struct api_call *c)
{
    struct str value = http_req_header(c->req, STR("New-Api-User"));
    int64_t id;

    if (value.n == 0)
        return api_fail_status(c, 401, MSG_NO_USER_HEADER);
    if (!str_to_i64(value, &id))
        return api_fail_status(c, 401, MSG_BAD_USER_HEADER);
    if (id != c->me->id)
        return api_fail_status(c, 401, MSG_OTHER_USER_HEADER);
    return ERR_OK;
}

/* The access token that the operator gave on purpose works before the password is changed. */
static bool has_first_password(struct api_call *c)
{
    struct str given = secret_reveal(call_conf(c)->initial_root_access_token);

    if (c->by_access_token && given.n > 0 && str_eq(secret_reveal(c->me->access_token), given))
        return false;
    return first_password_is(call_conf(c)->first_password, c->me);
}

static enum err_code check_user(struct api_call *c)
{
    if (c->me->status != USER_ENABLED)
        return api_fail(c, MSG_USER_BANNED);
    if (!access_allows(c->route->access, c->me->role))
        return api_fail(c, MSG_NO_PERMISSION);
    if (c->me->username.n == 0 || !role_valid(c->me->role))
        return api_fail(c, MSG_BAD_USER_INFO);
    c->must_change = has_first_password(c);
    if (c->must_change && !(c->route->flags & API_ROUTE_FIRST_PASSWORD))
        return api_fail(c, MSG_CHANGE_PASSWORD_FIRST);
    return ERR_OK;
}

static enum err_code require_user(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(call_db(c, DB_READ, &conn));
    TRY(user_of_session(c, conn));
    if (!c->me)
        TRY(user_of_access_token(c, conn));
    /* Hashing may follow: the connection is for others meanwhile. */
    db_release(conn);
    conn = NULL;
    TRY(check_user_header(c));
    return check_user(c);
}

/* Whoever may not do anything is nobody here. */
static enum err_code try_user(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(call_db(c, DB_READ, &conn));
    TRY(user_of_session(c, conn));
    db_release(conn);
    conn = NULL;
    if (c->me && (c->me->status != USER_ENABLED || has_first_password(c)))
        c->me = NULL;
    return ERR_OK;
}

/* ---- API keys ---- */

/* The relay marks a token in the database once it finds it expired or used up; so do we. */
static void mark_token(struct api_call *c, enum token_status status)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    bool changed = false;

    if (db_acquire(call_conf(c)->db, DB_WRITE, &conn, NULL) == ERR_OK &&
        repo_token_mark(conn, c->token->id, status, call_now_s(c), &changed, NULL) == ERR_OK &&
        changed)
        apikeys_forget_token(call_conf(c)->apikeys, c->token->id);
}

static struct str masked_key(struct api_call *c)
{
    return text_mask(c->arena, secret_reveal(c->token->key));
}

static enum err_code check_token(struct api_call *c)
{
    c->status = 401;
    switch (access_check_token(c->token, c->token->remain_quota, call_now_s(c))) {
    case ACCESS_TOKEN_OK:
        break;
    case ACCESS_TOKEN_EXHAUSTED:
        return api_fail_arg(c, MSG_KEY_EXHAUSTED, masked_key(c));
    case ACCESS_TOKEN_EXPIRED:
        if (c->token->status == TOKEN_ENABLED)
            mark_token(c, TOKEN_EXPIRED);
        return api_fail(c, MSG_KEY_EXPIRED);
    case ACCESS_TOKEN_UNUSABLE:
        return api_fail(c, MSG_KEY_UNUSABLE);
    case ACCESS_TOKEN_EMPTY:
        mark_token(c, TOKEN_EXHAUSTED);
        return api_fail_arg(c, MSG_KEY_EMPTY, masked_key(c));
    }
    c->status = 200;
    return ERR_OK;
}

/* A key of a root account with its first password works only when the operator gave it. */
static bool is_initial_token(struct api_call *c)
{
    struct str given = secret_reveal(call_conf(c)->initial_root_token);

    if (str_starts(given, STR("sk-")))
        given = str_skip(given, 3);
    return given.n > 0 && str_eq(given, secret_reveal(c->token->key));
}

static enum err_code check_token_owner(struct api_call *c, int64_t channel)
{
    if (!c->me)
        return api_fail_status(c, 401, MSG_BAD_TOKEN);
    if (c->me->status != USER_ENABLED)
        return api_fail_status(c, 403, MSG_USER_BANNED);
    if (channel != 0 && c->me->role < ROLE_ADMIN)
        return api_fail_status(c, 403, MSG_NO_CHANNEL_CHOICE);
    if (!is_initial_token(c) && first_password_is(call_conf(c)->first_password, c->me))
        return api_fail_status(c, 403, MSG_CHANGE_PASSWORD_FIRST);
    return ERR_OK;
}

static enum err_code read_token(struct api_call *c, struct str key)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_token_find_by_key(conn, c->arena, secret_make(key), &c->token, &c->err));
    if (!c->token)
        return api_fail_status(c, 401, MSG_BAD_TOKEN);
    return repo_user_find(conn, c->arena, c->token->user_id, REPO_LIVE, &c->me, &c->err);
}

/* The database is read each time: the figures that these routes tell must be those of now. */
static enum err_code require_token(struct api_call *c)
{
    struct str key;
    int64_t channel;

    if (!apikey_from_request(c->req, &key, &channel))
        return api_fail_status(c, 401, MSG_NO_TOKEN);
    TRY(read_token(c, key));
    TRY(check_token(c));
    return check_token_owner(c, channel);
}

enum err_code call_authenticate(struct api_call *c)
{
    if (access_needs_user(c->route->access))
        return require_user(c);
    if (c->route->access == ACCESS_TOKEN)
        return require_token(c);
    return c->route->access == ACCESS_TRY_USER ? try_user(c) : ERR_OK;
}

/* ---- proof of being human ---- */

#define TURNSTILE_URL "https://challenges.cloudflare.com/turnstile/v0/siteverify"

static struct str turnstile_form(struct api_call *c, struct str response)
{
    struct arena *a = c->arena;
    struct str secret = settings_text(call_settings(c), STR("TurnstileSecretKey"));

    return arena_fmt(a, "secret=%.*s&response=%.*s&remoteip=%.*s", STR_ARG(url_encode(a, secret)),
                     STR_ARG(url_encode(a, response)), STR_ARG(url_encode(a, c->req->client_ip)));
}

enum err_code call_check_turnstile(struct api_call *c)
{
    struct fetch_request request = {.url = call_conf(c)->turnstile_url, .timeout_s = 10};
    struct fetch_reply reply;
    const struct json *answer;
    struct str response;

    if (!(c->route->flags & API_ROUTE_TURNSTILE) ||
        !str_eq(settings_text(call_settings(c), STR("TurnstileCheckEnabled")), STR("true")))
        return ERR_OK;
    session_read(c->arena, call_conf(c)->session_secret, http_req_header(c->req, STR("Cookie")),
                 call_now_s(c), &c->session);
    if (c->session.turnstile)
        return ERR_OK;
    response = query_str(c, STR("turnstile"));
    if (response.n == 0)
        return api_fail(c, MSG_TURNSTILE_EMPTY);
    if (request.url.n == 0)
        request.url = STR(TURNSTILE_URL);
    request.form = turnstile_form(c, response);
    TRY(fetch_run(c->arena, &request, &reply, &c->err));
    TRY(json_read(c->arena, reply.body, 16, &answer, &c->err));
    if (!json_bool_or(json_get(answer, STR("success")), false))
        return api_fail(c, MSG_TURNSTILE_FAILED);
    c->session.turnstile = true;
    c->session.issued_at_s = call_now_s(c);
    c->set_cookie = session_cookie(c->arena, call_conf(c)->session_secret, &c->session);
    return ERR_OK;
}

#include "api/user_check.h"

#include "api/envelope.h"
#include "auth/password.h"
#include "base/random.h"
#include "base/text.h"
#include "store/repo_log.h"
#include "store/repo_token.h"
#include "store/repo_user.h"

enum { AFF_CODE_CHARS = 4, INSERT_TRIES = 5, DEFAULT_TOKEN_QUOTA = 500000 };

static enum err_code refuse(struct api_call *c, const char *field, const char *tag)
{
    return api_fail_arg(c, MSG_INPUT_INVALID,
                        arena_fmt(c->arena,
                                  "Key: 'User.%s' Error:Field validation for '%s' failed on the "
                                  "'%s' tag",
                                  field, field, tag));
}

enum err_code user_check_fields(struct api_call *c, const struct user_fields *f)
{
    size_t password = utf8_count(f->password);

    if (utf8_count(f->username) > USERNAME_CHARS)
        return refuse(c, "Username", "max");
    if (f->password.n > 0 && password < PASSWORD_MIN_CHARS)
        return refuse(c, "Password", "min");
    if (password > PASSWORD_MAX_CHARS || f->password.n > PASSWORD_MAX_BYTES)
        return refuse(c, "Password", "max");
    if (utf8_count(f->display_name) > DISPLAY_NAME_CHARS)
        return refuse(c, "DisplayName", "max");
    if (utf8_count(f->email) > EMAIL_CHARS)
        return refuse(c, "Email", "max");
    return ERR_OK;
}

enum err_code user_hash_password(struct api_call *c, struct str password, struct secret *hash)
{
    return password_hash(c->arena, secret_make(password), hash, &c->err);
}

static enum err_code insert_once(struct api_call *c, struct user *row)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    row->aff_code = random_text(c->arena, AFF_CODE_CHARS);
    TRY(call_db(c, DB_WRITE, &conn));
    return repo_user_insert(conn, row, &row->id, &c->err);
}

enum err_code user_insert(struct api_call *c, struct user *row)
{
    enum err_code rc = ERR_OK;

    for (int i = 0; i < INSERT_TRIES; i++) {
        bool taken = false;

        rc = insert_once(c, row);
        if (rc != ERR_CONFLICT)
            return rc;
        /* Was it the name, or the code? */
        CLEANUP(db_releasep) struct db_conn *conn = NULL;
        TRY(call_db(c, DB_READ, &conn));
        TRY(repo_user_taken(conn, row->username, STR_NULL, &taken, &c->err));
        if (taken)
            return rc;
    }
    return rc;
}

void user_log_gift(struct api_call *c, const struct user *to, const char *what, int64_t points)
{
    struct str text = api_quota_text(c->arena, call_settings(c), points);

    if (points > 0)
        api_log_event(c->api, LOG_TYPE_SYSTEM, to->id, to->username,
                      arena_fmt(c->arena, "%s %.*s", what, STR_ARG(text)));
}

enum err_code user_insert_default_token(struct api_call *c, const struct user *user)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    int64_t now = call_now_s(c), id;
    const struct token t = {
        .user_id = user->id,
        .key = secret_make(random_text(c->arena, TOKEN_KEY_CHARS)),
        .status = TOKEN_ENABLED,
        .name = arena_fmt(c->arena, "%.*s的初始令牌", STR_ARG(user->username)),
        .created_time = now,
        .accessed_time = now,
        .expired_time = -1,
        .remain_quota = DEFAULT_TOKEN_QUOTA,
        .unlimited_quota = true,
        .allow_ips_null = true,
    };

    TRY(call_db(c, DB_WRITE, &conn));
    return repo_token_insert(conn, &t, &id, &c->err);
}

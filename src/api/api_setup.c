/* First start and the set-up wizard: admin-api 3.2, 5.14. */
#include "api/setup.h"

#include "api/handlers.h"
#include "api/user_check.h"
#include "auth/password.h"
#include "base/ip.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"
#include "store/repo_meta.h"
#include "store/repo_option.h"
#include "store/repo_setup.h"
#include "store/repo_user.h"

/* What the wizard must know of the database. */
struct setup_state {
    bool done;
    struct user *root; /* NULL: none */
    bool open;         /* there is no root, or one with the first password: the wizard names it */
};

static enum err_code read_state(struct api_call *c, struct setup_state *out)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct setup_row *row;

    *out = (struct setup_state){.done = false};
    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_setup_find(conn, c->arena, &row, &c->err));
    out->done = row != NULL;
    if (out->done)
        return ERR_OK;
    TRY(repo_user_find_root(conn, c->arena, &out->root, &c->err));
    db_release(conn);
    conn = NULL;
    out->open = !out->root || first_password_is(call_conf(c)->first_password, out->root);
    return ERR_OK;
}

/* Whoever is first to reach a public address is not the operator for that. */
static bool code_required(struct api_call *c)
{
    return !ip_text_is_private(c->req->client_ip);
}

static struct str database_name(const struct db *db)
{
    switch (db_kind(db)) {
    case DB_SQLITE:
        return STR("sqlite");
    case DB_MYSQL:
        return STR("mysql");
    case DB_POSTGRES:
        return STR("postgres");
    }
    return STR_NULL;
}

enum err_code api_setup_get(struct api_call *c)
{
    struct setup_state state;
    struct json_writer *w;

    TRY(read_state(c, &state));
    w = reply_data_only(c);
    jw_object(w);
    jw_key_bool(w, STR("status"), state.done);
    jw_key_bool(w, STR("root_init"), !state.done && !state.open);
    jw_key_str(w, STR("database_type"), state.done ? STR_NULL : database_name(call_conf(c)->db));
    jw_key_bool(w, STR("code_required"), !state.done && code_required(c));
    jw_end(w);
    return ERR_OK;
}

/* ---- the wizard's answer ---- */

struct setup_form {
    struct str username, password, confirm, code;
    bool self_use, demo;
};

static enum err_code read_form(struct api_call *c, struct setup_form *f)
{
    struct body b;

    TRY(body_read(c, &b));
    f->username = str_trim(body_str(&b, STR("username")));
    f->password = body_str(&b, STR("password"));
    f->confirm = body_str(&b, STR("confirmPassword"));
    f->code = str_trim(body_str(&b, STR("setup_code")));
    f->self_use = body_bool(&b, STR("SelfUseModeEnabled"));
    f->demo = body_bool(&b, STR("DemoSiteEnabled"));
    return body_end(&b);
}

static enum err_code check_account(struct api_call *c, const struct setup_form *f)
{
    if (f->username.n == 0 || utf8_count(f->username) > USERNAME_CHARS)
        return api_fail(c, MSG_USERNAME_LENGTH);
    if (!str_eq(f->password, f->confirm))
        return api_fail(c, MSG_PASSWORDS_DIFFER);
    if (f->password.n < PASSWORD_MIN_CHARS)
        return api_fail(c, MSG_PASSWORD_SHORT);
    if (f->password.n > PASSWORD_MAX_BYTES)
        return api_fail(c, MSG_PASSWORD_LONG);
    return ERR_OK;
}

static enum err_code check_form(struct api_call *c, const struct setup_state *state,
                                const struct setup_form *f)
{
    struct str code = call_conf(c)->setup_code;

    if (state->done)
        return api_fail(c, MSG_SETUP_DONE_ALREADY);
    if (code_required(c) && (code.n == 0 || !crypto_equal(code, f->code)))
        return api_fail(c, MSG_SETUP_CODE);
    return state->open ? check_account(c, f) : ERR_OK;
}

/* The row that database reference 4.8 gives for a root account. */
static enum err_code insert_root(struct db_conn *conn, struct str username, struct secret hash,
                                 int64_t now_s, struct err *err)
{
    int64_t id;
    const struct user row = {.username = username,
                             .password = hash,
                             .role = ROLE_ROOT,
                             .status = USER_ENABLED,
                             .display_name = STR("Root User"),
                             .quota = 100000000,
                             .created_at = now_s};

    return repo_user_insert(conn, &row, &id, err);
}

static enum err_code write_account(struct api_call *c, struct db_conn *conn, struct user *root,
                                   const struct setup_form *f, struct secret hash)
{
    if (!root)
        return insert_root(conn, f->username, hash, call_now_s(c), &c->err);
    root->username = f->username;
    root->password = hash;
    return repo_user_update(conn, root, COL(USER_COL_USERNAME) | COL(USER_COL_PASSWORD), NULL,
                            &c->err);
}

static bool same_account(const struct user *a, const struct user *b)
{
    if (!a || !b)
        return a == b;
    return a->id == b->id && str_eq(secret_reveal(a->password), secret_reveal(b->password));
}

/* Of two that would finish the set-up at once the second one sees what the first has done. */
static enum err_code begin_alone(struct api_call *c, struct db_conn *conn)
{
    TRY(db_begin(conn, &c->err));
    return repo_meta_lock(conn, STR("setup_lock"), &c->err);
}

/* While the password was hashed, another wizard, or the account itself, may have been first. */
static enum err_code check_still_open(struct api_call *c, struct db_conn *conn,
                                      const struct setup_state *state)
{
    struct setup_row *row;
    struct user *root;

    TRY(repo_setup_find(conn, c->arena, &row, &c->err));
    TRY(repo_user_find_root(conn, c->arena, &root, &c->err));
    if (row || !same_account(state->root, root))
        return api_fail_status(c, 400, MSG_SETUP_DONE_ALREADY);
    return ERR_OK;
}

static enum err_code write_setup(struct api_call *c, struct db_conn *conn,
                                 const struct setup_state *state, const struct setup_form *f,
                                 struct secret hash)
{
    TRY(begin_alone(c, conn));
    TRY(check_still_open(c, conn, state));
    if (state->open)
        TRY(write_account(c, conn, state->root, f, hash));
    TRY(repo_option_put(conn, STR("SelfUseModeEnabled"), f->self_use ? STR("true") : STR("false"),
                        &c->err));
    TRY(repo_option_put(conn, STR("DemoSiteEnabled"), f->demo ? STR("true") : STR("false"),
                        &c->err));
    TRY(repo_setup_insert(conn, call_conf(c)->version, call_now_s(c), &c->err));
    return db_commit(conn, &c->err);
}

static enum err_code finish(struct api_call *c, const struct setup_state *state,
                            const struct setup_form *f)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct secret hash = secret_make(STR_NULL);

    if (state->open)
        TRY(user_hash_password(c, f->password, &hash));
    TRY(call_db(c, DB_WRITE, &conn));
    TRY(write_setup(c, conn, state, f, hash));
    db_release(conn);
    conn = NULL;
    if (state->root)
        apikeys_forget_user(call_conf(c)->apikeys, state->root->id);
    return api_reload(c->api, &c->err);
}

enum err_code api_setup_post(struct api_call *c)
{
    struct setup_state state;
    struct setup_form form;

    c->status = 500; /* of everything that is not the visitor's fault: admin-api 3.2 */
    TRY(read_state(c, &state));
    if (read_form(c, &form) != ERR_OK || check_form(c, &state, &form) != ERR_OK) {
        c->status = 400;
        return ERR_BAD_REQUEST;
    }
    TRY(finish(c, &state, &form));
    c->status = 200;
    return reply_message(c, MSG_SETUP_DONE);
}

enum err_code setup_finish_after_password(struct api_call *c, const struct user *row)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct setup_row *done;

    if (row->role != ROLE_ROOT)
        return ERR_OK;
    TRY(call_db(c, DB_WRITE, &conn));
    TRY(begin_alone(c, conn));
    TRY(repo_setup_find(conn, c->arena, &done, &c->err));
    if (!done)
        TRY(repo_setup_insert(conn, call_conf(c)->version, call_now_s(c), &c->err));
    return db_commit(conn, &c->err);
}

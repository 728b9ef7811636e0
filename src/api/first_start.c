/*
 * What a database must hold before the API serves it. Everything here is safe to repeat: a start
 * that was killed half-way is made good by the next one.
 */
#include "api/api.h"

#include "auth/first_password.h"
#include "auth/password.h"
#include "base/log.h"
#include "store/repo_meta.h"
#include "store/repo_setup.h"
#include "store/repo_token.h"
#include "store/repo_user.h"

enum { ACCESS_TOKEN_MAX = 32 };

struct start {
    const struct api_conf *conf;
    struct arena arena;
    struct user *root;
    struct err *err;
};

static bool is_key(struct str s)
{
    if (s.n != TOKEN_KEY_CHARS)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];

        if (!((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')))
            return false;
    }
    return true;
}

static struct str bare_key(struct secret token)
{
    struct str given = secret_reveal(token);

    return str_starts(given, STR("sk-")) ? str_skip(given, 3) : given;
}

static bool is_access_token(struct str s)
{
    if (s.n == 0 || s.n > ACCESS_TOKEN_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    }
    return true;
}

enum err_code api_check_initial_tokens(struct secret token, struct secret access_token,
                                       struct err *err)
{
    if (!secret_empty(token) && !is_key(bare_key(token)))
        return err_set(err, ERR_BAD_REQUEST,
                       "INITIAL_ROOT_TOKEN must be %d characters of 0-9, a-z and A-Z, with or "
                       "without sk- before them",
                       TOKEN_KEY_CHARS);
    if (!secret_empty(access_token) && !is_access_token(secret_reveal(access_token)))
        return err_set(err, ERR_BAD_REQUEST,
                       "INITIAL_ROOT_ACCESS_TOKEN must be 1 to %d printable ASCII characters "
                       "without spaces",
                       ACCESS_TOKEN_MAX);
    return ERR_OK;
}

/* ---- the account ---- */

static enum err_code make_root(struct start *s, struct db_conn *conn)
{
    struct user row = {.username = STR(FIRST_USERNAME),
                       .role = ROLE_ROOT,
                       .status = USER_ENABLED,
                       .display_name = STR("Root User"),
                       .quota = 100000000,
                       .created_at = clock_now_s(s->conf->clock)};
    int64_t id;

    TRY(password_hash(&s->arena, secret_make(STR(FIRST_PASSWORD)), &row.password, s->err));
    TRY(repo_user_insert(conn, &row, &id, s->err));
    log_info(NULL, "api.root_created", "username=%s", FIRST_USERNAME);
    return repo_user_find_root(conn, &s->arena, &s->root, s->err);
}

/* Of several nodes that start on an empty database one makes it. */
static enum err_code make_root_once(struct start *s, struct db_conn *conn)
{
    struct db_tx tx;
    enum err_code rc;

    TRY(db_join(conn, &tx, s->err));
    rc = repo_meta_lock(conn, STR("first_start"), s->err);
    if (rc == ERR_OK)
        rc = repo_user_find_root(conn, &s->arena, &s->root, s->err);
    if (rc == ERR_OK && !s->root)
        rc = make_root(s, conn);
    if (rc == ERR_OK && !s->root)
        rc = err_set(s->err, ERR_DB, "the root account that was made is gone");
    return db_join_end(&tx, rc, s->err);
}

/* A root account that somebody has made their own means that the system is set up, whichever
 * program did it. */
static enum err_code mark_set_up(struct start *s, struct db_conn *conn)
{
    struct first_password *first;
    struct setup_row *row;
    bool open;

    TRY(repo_setup_find(conn, &s->arena, &row, s->err));
    if (row)
        return ERR_OK;
    first = first_password_new(NULL); /* a connection is held here */
    open = first_password_is(first, s->root);
    first_password_free(first);
    return open ? ERR_OK
                : repo_setup_insert(conn, s->conf->version, clock_now_s(s->conf->clock), s->err);
}

/* ---- the tokens that the operator gave ---- */

static enum err_code make_token(struct start *s, struct db_conn *conn)
{
    struct secret key = secret_make(bare_key(s->conf->initial_root_token));
    int64_t now = clock_now_s(s->conf->clock), id;
    struct token *known;
    enum err_code rc;
    const struct token row = {.user_id = s->root->id,
                              .key = key,
                              .name = STR("Initial Root Token"),
                              .status = TOKEN_ENABLED,
                              .created_time = now,
                              .accessed_time = now,
                              .expired_time = -1,
                              .unlimited_quota = true,
                              .allow_ips_null = true};

    if (secret_empty(key))
        return ERR_OK;
    TRY(repo_token_find_by_key(conn, &s->arena, key, &known, s->err));
    if (known)
        return ERR_OK;
    rc = repo_token_insert(conn, &row, &id, s->err);
    if (rc != ERR_CONFLICT)
        return rc;
    /* The operator deleted it in the console; the row is still there, marked. */
    log_warn(NULL, "api.initial_token_deleted", "variable=INITIAL_ROOT_TOKEN");
    return ERR_OK;
}

/* Only where there is none: the one made in the console since then stays. */
static enum err_code make_access_token(struct start *s, struct db_conn *conn)
{
    if (secret_empty(s->conf->initial_root_access_token) || !secret_empty(s->root->access_token))
        return ERR_OK;
    s->root->access_token = s->conf->initial_root_access_token;
    return repo_user_update(conn, s->root, COL(USER_COL_ACCESS_TOKEN), NULL, s->err);
}

static enum err_code run(struct start *s)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(db_acquire(s->conf->db, DB_WRITE, &conn, s->err));
    TRY(repo_user_find_root(conn, &s->arena, &s->root, s->err));
    if (!s->root)
        TRY(make_root_once(s, conn));
    else
        TRY(mark_set_up(s, conn));
    assert(s->root);
    TRY(make_token(s, conn));
    return make_access_token(s, conn);
}

enum err_code api_first_start(const struct api_conf *conf, struct err *err)
{
    struct err local = {.code = ERR_OK};
    struct start s = {.conf = conf, .err = err ? err : &local};
    enum err_code rc;

    TRY(api_check_initial_tokens(conf->initial_root_token, conf->initial_root_access_token, err));
    arena_init(&s.arena, 0);
    rc = run(&s);
    arena_fini(&s.arena);
    return rc;
}

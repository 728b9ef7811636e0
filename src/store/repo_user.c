#include "store/repo_user.h"

#include "store/repo_row.h"

#define USER_TEXT(member, name, ...) REPO_COLUMN(struct user, member, name, CELL_TEXT, __VA_ARGS__)
#define USER_I64(member, name)       REPO_COLUMN(struct user, member, name, CELL_I64)
#define USER_SECRET(member, name, ...)                                                             \
    REPO_COLUMN(struct user, member, name, CELL_SECRET, __VA_ARGS__)

static const struct repo_column columns[] = {
    [USER_COL_ID] = USER_I64(id, "id"),
    [USER_COL_USERNAME] = USER_TEXT(username, "username"),
    [USER_COL_PASSWORD] = USER_SECRET(password, "password"),
    [USER_COL_DISPLAY_NAME] = USER_TEXT(display_name, "display_name"),
    [USER_COL_ROLE] = USER_I64(role, "role"),
    [USER_COL_STATUS] = USER_I64(status, "status"),
    [USER_COL_EMAIL] = USER_TEXT(email, "email"),
    [USER_COL_GITHUB_ID] = USER_TEXT(github_id, "github_id"),
    [USER_COL_OIDC_ID] = USER_TEXT(oidc_id, "oidc_id"),
    [USER_COL_WECHAT_ID] = USER_TEXT(wechat_id, "wechat_id"),
    [USER_COL_TELEGRAM_ID] = USER_TEXT(telegram_id, "telegram_id"),
    [USER_COL_ACCESS_TOKEN] = USER_SECRET(access_token, "access_token", .empty_is_null = true),
    [USER_COL_QUOTA] = USER_I64(quota, "quota"),
    [USER_COL_USED_QUOTA] = USER_I64(used_quota, "used_quota"),
    [USER_COL_REQUEST_COUNT] = USER_I64(request_count, "request_count"),
    [USER_COL_GROUP] = USER_TEXT(group, "group"),
    [USER_COL_AFF_CODE] = USER_TEXT(aff_code, "aff_code", .empty_is_null = true),
    [USER_COL_AFF_COUNT] = USER_I64(aff_count, "aff_count"),
    [USER_COL_AFF_QUOTA] = USER_I64(aff_quota, "aff_quota"),
    [USER_COL_AFF_HISTORY] = USER_I64(aff_history, "aff_history"),
    [USER_COL_INVITER_ID] = USER_I64(inviter_id, "inviter_id"),
    [USER_COL_DELETED_AT] = USER_TEXT(deleted_at, "deleted_at", .empty_is_null = true),
    [USER_COL_LINUX_DO_ID] = USER_TEXT(linux_do_id, "linux_do_id"),
    [USER_COL_SETTING] = USER_TEXT(setting, "setting"),
    [USER_COL_REMARK] = USER_TEXT(remark, "remark"),
    [USER_COL_DISCORD_ID] = USER_TEXT(discord_id, "discord_id"),
    [USER_COL_STRIPE_CUSTOMER] = USER_TEXT(stripe_customer, "stripe_customer"),
    [USER_COL_CREATED_AT] = USER_I64(created_at, "created_at"),
    [USER_COL_LAST_LOGIN_AT] = USER_I64(last_login_at, "last_login_at"),
    [USER_COL_AUTH_VERSION] = USER_I64(auth_version, "auth_version"),
};
static_assert(ARRAY_LEN(columns) == USER_COLUMNS, "one row a column");

static const struct repo_table table = {"users", columns, USER_COLUMNS, sizeof(struct user)};

/* Finding. */

static enum err_code fetch_one(struct db_conn *c, struct arena *a, struct repo_query *q,
                               struct user **out, struct err *err)
{
    void *row;
    enum err_code rc = repo_fetch_one(c, a, &table, q, &row, err);

    *out = row;
    return rc;
}

static void add_live(struct repo_query *q, enum repo_deleted deleted)
{
    if (deleted == REPO_LIVE)
        repo_query_fmt(q, " AND deleted_at IS NULL");
}

enum err_code repo_user_find(struct db_conn *c, struct arena *a, int64_t id,
                             enum repo_deleted deleted, struct user **out, struct err *err)
{
    REPO_QUERY(q);
    repo_select(&q, &table);
    repo_query_add(&q, " WHERE id = ?", DB_I64(id));
    add_live(&q, deleted);
    return fetch_one(c, a, &q, out, err);
}

static enum err_code find_by_text(struct db_conn *c, struct arena *a, const char *where,
                                  struct str text, enum repo_deleted deleted, struct user **out,
                                  struct err *err)
{
    *out = NULL;
    if (text.n == 0)
        return ERR_OK;
    REPO_QUERY(q);
    repo_select(&q, &table);
    repo_query_add(&q, where, DB_TEXT(text));
    add_live(&q, deleted);
    repo_query_fmt(&q, " ORDER BY id LIMIT 1");
    return fetch_one(c, a, &q, out, err);
}

enum err_code repo_user_find_by_username(struct db_conn *c, struct arena *a, struct str username,
                                         enum repo_deleted deleted, struct user **out,
                                         struct err *err)
{
    return find_by_text(c, a, " WHERE username = ?", username, deleted, out, err);
}

enum err_code repo_user_find_by_login(struct db_conn *c, struct arena *a, struct str name,
                                      struct user **out, struct err *err)
{
    TRY(find_by_text(c, a, " WHERE username = ?", name, REPO_LIVE, out, err));
    if (*out)
        return ERR_OK;
    return find_by_text(c, a, " WHERE email = ?", name, REPO_LIVE, out, err);
}

enum err_code repo_user_find_by_access_token(struct db_conn *c, struct arena *a,
                                             struct secret access_token, struct user **out,
                                             struct err *err)
{
    TRY(find_by_text(c, a, " WHERE access_token = ?", secret_reveal(access_token), REPO_LIVE, out,
                     err));
    if (*out && !str_eq(secret_reveal((*out)->access_token), secret_reveal(access_token)))
        *out = NULL;
    return ERR_OK;
}

enum err_code repo_user_find_by_aff_code(struct db_conn *c, struct arena *a, struct str aff_code,
                                         struct user **out, struct err *err)
{
    TRY(find_by_text(c, a, " WHERE aff_code = ?", aff_code, REPO_LIVE, out, err));
    if (*out && !str_eq((*out)->aff_code, aff_code))
        *out = NULL;
    return ERR_OK;
}

enum err_code repo_user_find_root(struct db_conn *c, struct arena *a, struct user **out,
                                  struct err *err)
{
    REPO_QUERY(q);
    repo_select(&q, &table);
    repo_query_add(&q, " WHERE role = ? AND deleted_at IS NULL ORDER BY id LIMIT 1",
                   DB_I64(ROLE_ROOT));
    return fetch_one(c, a, &q, out, err);
}

/* Counting. */

enum err_code repo_user_taken(struct db_conn *c, struct str username, struct str email, bool *taken,
                              struct err *err)
{
    int64_t count;

    *taken = false;
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT COUNT(*) FROM users WHERE username = ?", DB_TEXT(username));
    if (email.n)
        repo_query_add(&q, " OR email = ?", DB_TEXT(email));
    TRY(repo_query_i64(c, &q, &count, err));
    *taken = count > 0;
    return ERR_OK;
}

enum err_code repo_user_count(struct db_conn *c, int64_t *count, struct err *err)
{
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT COUNT(*) FROM users WHERE deleted_at IS NULL");
    return repo_query_i64(c, &q, count, err);
}

enum err_code repo_user_root_exists(struct db_conn *c, bool *exists, struct err *err)
{
    int64_t count;

    *exists = false;
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT COUNT(*) FROM users WHERE role = ? AND deleted_at IS NULL",
                   DB_I64(ROLE_ROOT));
    TRY(repo_query_i64(c, &q, &count, err));
    *exists = count > 0;
    return ERR_OK;
}

static void add_filter(struct repo_query *q, struct arena *a, const struct user_filter *f)
{
    int64_t id;

    repo_query_fmt(q, " WHERE 1 = 1");
    if (f->keyword.n) {
        struct str part = repo_like_part(a, f->keyword);

        repo_query_add(q, " AND (username LIKE ? ESCAPE '!'", DB_TEXT(part));
        repo_query_add(q, " OR email LIKE ? ESCAPE '!'", DB_TEXT(part));
        repo_query_add(q, " OR display_name LIKE ? ESCAPE '!'", DB_TEXT(part));
        if (str_to_i64(f->keyword, &id))
            repo_query_add(q, " OR id = ?", DB_I64(id));
        repo_query_fmt(q, ")");
    }
    if (f->group.n)
        repo_query_add(q, " AND \"group\" = ?", DB_TEXT(f->group));
}

enum err_code repo_user_page(struct db_conn *c, struct arena *a, const struct user_filter *filter,
                             struct repo_page page, struct user_page *out, struct err *err)
{
    struct repo_fetched f;
    enum err_code rc;

    REPO_QUERY(where);
    add_filter(&where, a, filter);
    rc = repo_fetch_page(c, a, &table, &where, " ORDER BY id DESC", page, &f, err);
    *out = (struct user_page){.rows = f.rows, .count = f.count, .total = f.total};
    return rc;
}

/* Writing. */

enum err_code repo_user_insert(struct db_conn *c, const struct user *row, int64_t *id,
                               struct err *err)
{
    struct user u = *row;

    if (u.role == 0)
        u.role = ROLE_COMMON;
    if (u.status == 0)
        u.status = USER_ENABLED;
    if (u.group.n == 0)
        u.group = STR("default");
    if (u.auth_version < 1)
        u.auth_version = 1;
    return repo_insert(c, &table, &u, id, err);
}

/* Adds the WHERE of one id and runs the change. */
static enum err_code exec_on(struct db_conn *c, struct repo_query *q, int64_t id, bool *found,
                             struct err *err)
{
    int64_t changed = 0;
    enum err_code rc;

    repo_query_add(q, " WHERE id = ?", DB_I64(id));
    rc = repo_query_exec(c, q, &changed, err);
    if (found)
        *found = changed > 0;
    return rc;
}

enum err_code repo_user_update(struct db_conn *c, const struct user *row, uint64_t mask,
                               bool *found, struct err *err)
{
    assert((mask & (COL(USER_COL_ID) | COL(USER_COL_QUOTA))) == 0);
    REPO_QUERY(q);
    repo_update(&q, &table, row, mask, db_conn_kind(c));
    return exec_on(c, &q, row->id, found, err);
}

enum err_code repo_user_add_quota(struct db_conn *c, int64_t id, int64_t delta, bool *found,
                                  struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q, "UPDATE users SET quota = COALESCE(quota, 0) + ?", DB_I64(delta));
    return exec_on(c, &q, id, found, err);
}

enum err_code repo_user_set_quota(struct db_conn *c, int64_t id, int64_t quota, int64_t *delta,
                                  bool *found, struct err *err)
{
    return repo_set_balance(c, "users", "quota", id, quota, delta, found, err);
}

enum err_code repo_user_add_invitation(struct db_conn *c, int64_t id, int64_t reward,
                                       struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q,
                   "UPDATE users SET aff_count = COALESCE(aff_count, 0) + 1,"
                   " aff_quota = COALESCE(aff_quota, 0) + ?",
                   DB_I64(reward));
    repo_query_add(&q, ", aff_history = COALESCE(aff_history, 0) + ?", DB_I64(reward));
    return exec_on(c, &q, id, NULL, err);
}

enum err_code repo_user_transfer_aff(struct db_conn *c, int64_t id, int64_t quota, bool *moved,
                                     struct err *err)
{
    int64_t changed = 0;
    enum err_code rc;

    *moved = false;
    assert(quota > 0);
    REPO_QUERY(q);
    repo_query_add(&q, "UPDATE users SET aff_quota = aff_quota - ?", DB_I64(quota));
    repo_query_add(&q, ", quota = COALESCE(quota, 0) + ?", DB_I64(quota));
    repo_query_add(&q, " WHERE id = ?", DB_I64(id));
    repo_query_add(&q, " AND aff_quota >= ?", DB_I64(quota));
    rc = repo_query_exec(c, &q, &changed, err);
    *moved = changed > 0;
    return rc;
}

enum err_code repo_user_soft_delete(struct db_conn *c, int64_t id, int64_t now_s, bool *found,
                                    struct err *err)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    REPO_QUERY(q);
    /* The first time of deletion stays. */
    repo_query_add(&q, "UPDATE users SET deleted_at = COALESCE(deleted_at, ?)",
                   DB_TEXT(repo_time_text(&a, db_conn_kind(c), now_s)));
    return exec_on(c, &q, id, found, err);
}

enum err_code repo_user_hard_delete(struct db_conn *c, int64_t id, bool *found, struct err *err)
{
    REPO_QUERY(q);
    repo_query_fmt(&q, "DELETE FROM users");
    return exec_on(c, &q, id, found, err);
}

#include "store/repo_token.h"

#include "store/repo_row.h"

#define TOKEN_TEXT(member, name, ...)                                                              \
    REPO_COLUMN(struct token, member, name, CELL_TEXT, __VA_ARGS__)
#define TOKEN_I64(member, name)  REPO_COLUMN(struct token, member, name, CELL_I64)
#define TOKEN_BOOL(member, name) REPO_COLUMN(struct token, member, name, CELL_BOOL)

static const struct repo_column columns[] = {
    [TOKEN_COL_ID] = TOKEN_I64(id, "id"),
    [TOKEN_COL_USER_ID] = TOKEN_I64(user_id, "user_id"),
    [TOKEN_COL_KEY] = REPO_COLUMN(struct token, key, "key", CELL_SECRET),
    [TOKEN_COL_STATUS] = TOKEN_I64(status, "status"),
    [TOKEN_COL_NAME] = TOKEN_TEXT(name, "name"),
    [TOKEN_COL_CREATED_TIME] = TOKEN_I64(created_time, "created_time"),
    [TOKEN_COL_ACCESSED_TIME] = TOKEN_I64(accessed_time, "accessed_time"),
    [TOKEN_COL_EXPIRED_TIME] = TOKEN_I64(expired_time, "expired_time"),
    [TOKEN_COL_REMAIN_QUOTA] = TOKEN_I64(remain_quota, "remain_quota"),
    [TOKEN_COL_UNLIMITED_QUOTA] = TOKEN_BOOL(unlimited_quota, "unlimited_quota"),
    [TOKEN_COL_MODEL_LIMITS_ENABLED] = TOKEN_BOOL(model_limits_enabled, "model_limits_enabled"),
    [TOKEN_COL_MODEL_LIMITS] = TOKEN_TEXT(model_limits, "model_limits"),
    [TOKEN_COL_ALLOW_IPS] =
        TOKEN_TEXT(allow_ips, "allow_ips", .null_at = offsetof(struct token, allow_ips_null)),
    [TOKEN_COL_USED_QUOTA] = TOKEN_I64(used_quota, "used_quota"),
    [TOKEN_COL_GROUP] = TOKEN_TEXT(group, "group"),
    [TOKEN_COL_DELETED_AT] = TOKEN_TEXT(deleted_at, "deleted_at", .empty_is_null = true),
    [TOKEN_COL_CROSS_GROUP_RETRY] = TOKEN_BOOL(cross_group_retry, "cross_group_retry"),
    [TOKEN_COL_AUTO_GROUPS] = TOKEN_TEXT(auto_groups, "auto_groups"),
};
static_assert(ARRAY_LEN(columns) == TOKEN_COLUMNS, "one row a column");

static const struct repo_table table = {"tokens", columns, TOKEN_COLUMNS, sizeof(struct token)};

static enum err_code fetch_one(struct db_conn *c, struct arena *a, struct repo_query *q,
                               struct token **out, struct err *err)
{
    void *row;
    enum err_code rc = repo_fetch_one(c, a, &table, q, &row, err);

    *out = row;
    return rc;
}

enum err_code repo_token_find_by_key(struct db_conn *c, struct arena *a, struct secret key,
                                     struct token **out, struct err *err)
{
    *out = NULL;
    if (secret_empty(key))
        return ERR_OK;
    REPO_QUERY(q);
    repo_select(&q, &table);
    repo_query_add(&q, " WHERE \"key\" = ? AND deleted_at IS NULL", DB_TEXT(secret_reveal(key)));
    TRY(fetch_one(c, a, &q, out, err));
    if (*out && !str_eq(secret_reveal((*out)->key), secret_reveal(key)))
        *out = NULL;
    return ERR_OK;
}

/* " WHERE id = ? [AND user_id = ?] AND deleted_at IS NULL". */
static void add_own(struct repo_query *q, int64_t id, int64_t user_id)
{
    repo_query_add(q, " WHERE id = ?", DB_I64(id));
    if (user_id)
        repo_query_add(q, " AND user_id = ?", DB_I64(user_id));
    repo_query_fmt(q, " AND deleted_at IS NULL");
}

enum err_code repo_token_find(struct db_conn *c, struct arena *a, int64_t id, int64_t user_id,
                              struct token **out, struct err *err)
{
    REPO_QUERY(q);
    repo_select(&q, &table);
    add_own(&q, id, user_id);
    return fetch_one(c, a, &q, out, err);
}

static void add_filter(struct repo_query *q, struct arena *a, const struct token_filter *f)
{
    repo_query_add(q, " WHERE user_id = ? AND deleted_at IS NULL", DB_I64(f->user_id));
    if (f->keyword.n)
        repo_query_add(q, " AND name LIKE ? ESCAPE '!'", DB_TEXT(repo_like_part(a, f->keyword)));
    if (f->key.n)
        repo_query_add(q, " AND \"key\" LIKE ? ESCAPE '!'", DB_TEXT(repo_like_part(a, f->key)));
}

enum err_code repo_token_page(struct db_conn *c, struct arena *a, const struct token_filter *filter,
                              struct repo_page page, struct token_page *out, struct err *err)
{
    struct repo_fetched f;
    enum err_code rc;

    REPO_QUERY(where);
    add_filter(&where, a, filter);
    rc = repo_fetch_page(c, a, &table, &where, " ORDER BY id DESC", page, &f, err);
    *out = (struct token_page){.rows = f.rows, .count = f.count, .total = f.total};
    return rc;
}

enum err_code repo_token_list_ids(struct db_conn *c, struct arena *a, int64_t user_id,
                                  int64_t **ids, size_t *count, struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT id FROM tokens WHERE user_id = ? AND deleted_at IS NULL ORDER BY id",
                   DB_I64(user_id));
    return repo_fetch_ids(c, a, &q, ids, count, err);
}

enum err_code repo_token_count(struct db_conn *c, int64_t user_id, int64_t *count, struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT COUNT(*) FROM tokens WHERE user_id = ? AND deleted_at IS NULL",
                   DB_I64(user_id));
    return repo_query_i64(c, &q, count, err);
}

/* Writing. */

enum err_code repo_token_insert(struct db_conn *c, const struct token *row, int64_t *id,
                                struct err *err)
{
    struct token t = *row;

    if (t.status == 0)
        t.status = TOKEN_ENABLED;
    if (t.expired_time == 0)
        t.expired_time = -1;
    return repo_insert(c, &table, &t, id, err);
}

static enum err_code exec_found(struct db_conn *c, struct repo_query *q, bool *found,
                                struct err *err)
{
    int64_t changed = 0;
    enum err_code rc = repo_query_exec(c, q, &changed, err);

    if (found)
        *found = changed > 0;
    return rc;
}

enum err_code repo_token_update(struct db_conn *c, const struct token *row, uint64_t mask,
                                bool *found, struct err *err)
{
    assert((mask & (COL(TOKEN_COL_ID) | COL(TOKEN_COL_REMAIN_QUOTA))) == 0);
    REPO_QUERY(q);
    repo_update(&q, &table, row, mask, db_conn_kind(c));
    add_own(&q, row->id, 0);
    return exec_found(c, &q, found, err);
}

enum err_code repo_token_add_quota(struct db_conn *c, int64_t id, int64_t delta, bool *found,
                                   struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q, "UPDATE tokens SET remain_quota = COALESCE(remain_quota, 0) + ?",
                   DB_I64(delta));
    add_own(&q, id, 0);
    return exec_found(c, &q, found, err);
}

enum err_code repo_token_set_quota(struct db_conn *c, int64_t id, int64_t quota, int64_t *delta,
                                   bool *found, struct err *err)
{
    return repo_set_balance(c, "tokens", "remain_quota", id, quota, delta, found, err);
}

enum err_code repo_token_mark(struct db_conn *c, int64_t id, enum token_status to, int64_t now_s,
                              bool *changed, struct err *err)
{
    REPO_QUERY(q);
    assert(to == TOKEN_EXPIRED || to == TOKEN_EXHAUSTED);
    repo_query_add(&q, "UPDATE tokens SET status = ?", DB_I64(to));
    add_own(&q, id, 0);
    repo_query_add(&q, " AND status = ?", DB_I64(TOKEN_ENABLED));
    if (to == TOKEN_EXPIRED)
        repo_query_add(&q, " AND expired_time <> -1 AND expired_time < ?", DB_I64(now_s));
    else
        repo_query_add(&q, " AND remain_quota <= 0 AND unlimited_quota = ?", DB_BOOL(false));
    return exec_found(c, &q, changed, err);
}

enum err_code repo_token_delete(struct db_conn *c, int64_t id, int64_t user_id, int64_t now_s,
                                bool *found, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    REPO_QUERY(q);
    repo_query_add(&q, "UPDATE tokens SET deleted_at = ?",
                   DB_TEXT(repo_time_text(&a, db_conn_kind(c), now_s)));
    add_own(&q, id, user_id);
    return exec_found(c, &q, found, err);
}

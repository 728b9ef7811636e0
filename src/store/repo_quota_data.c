#include "store/repo_quota_data.h"

#include "base/text.h"
#include "store/repo_row.h"

enum { NAME_BYTES = 64 }; /* varchar(64) on the servers */

static const struct repo_column columns[] = {
    REPO_COLUMN(struct quota_data, id, "id", CELL_I64),
    REPO_COLUMN(struct quota_data, user_id, "user_id", CELL_I64),
    REPO_COLUMN(struct quota_data, username, "username", CELL_TEXT),
    REPO_COLUMN(struct quota_data, model_name, "model_name", CELL_TEXT),
    REPO_COLUMN(struct quota_data, created_at, "created_at", CELL_I64),
    REPO_COLUMN(struct quota_data, token_used, "token_used", CELL_I64),
    REPO_COLUMN(struct quota_data, count, "count", CELL_I64),
    REPO_COLUMN(struct quota_data, quota, "quota", CELL_I64),
};
static const struct repo_table table = {"quota_data", columns, ARRAY_LEN(columns),
                                        sizeof(struct quota_data)};

/* Later versions keep finer rows in the same table (by token, channel, group, node); ours are those
 * where all that is unset. The table has no unique key, so this is an update, then an insert. */
static enum err_code add_one(struct db_conn *c, const struct quota_data *r, struct err *err)
{
    int64_t changed = 0, id;

    TRY(db_exec(c, &changed, err,
                "UPDATE quota_data SET \"count\" = COALESCE(\"count\", 0) + ?,"
                " quota = COALESCE(quota, 0) + ?, token_used = COALESCE(token_used, 0) + ?"
                " WHERE user_id = ? AND created_at = ? AND model_name = ? AND username = ?"
                " AND COALESCE(token_id, 0) = 0 AND COALESCE(channel_id, 0) = 0"
                " AND COALESCE(use_group, '') = '' AND COALESCE(node_name, '') = ''",
                DB_I64(r->count), DB_I64(r->quota), DB_I64(r->token_used), DB_I64(r->user_id),
                DB_I64(r->created_at), DB_TEXT(r->model_name), DB_TEXT(r->username)));
    return changed ? ERR_OK : repo_insert(c, &table, r, &id, err);
}

enum err_code repo_quota_data_add(struct db_conn *c, const struct quota_data *rows, size_t n,
                                  struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct quota_data row = rows[i];

        row.username = utf8_prefix(row.username, NAME_BYTES);
        row.model_name = utf8_prefix(row.model_name, NAME_BYTES);
        TRY(add_one(c, &row, err));
    }
    return ERR_OK;
}

static enum err_code fetch(struct db_conn *c, struct arena *a, struct repo_query *q,
                           struct quota_data **rows, size_t *count, struct err *err)
{
    void *array;
    enum err_code rc = repo_fetch(c, a, &table, q, &array, count, err);

    *rows = array;
    return rc;
}

static void add_times(struct repo_query *q, int64_t start_s, int64_t end_s)
{
    repo_query_add(q, " created_at >= ?", DB_I64(start_s));
    repo_query_add(q, " AND created_at <= ?", DB_I64(end_s));
}

enum err_code repo_quota_data_list(struct db_conn *c, struct arena *a, int64_t user_id,
                                   struct str username, int64_t start_s, int64_t end_s,
                                   struct quota_data **rows, size_t *count, struct err *err)
{
    REPO_QUERY(q);
    repo_select(&q, &table);
    repo_query_fmt(&q, " WHERE");
    add_times(&q, start_s, end_s);
    if (user_id)
        repo_query_add(&q, " AND user_id = ?", DB_I64(user_id));
    if (username.n)
        repo_query_add(&q, " AND username = ?", DB_TEXT(username));
    repo_query_fmt(&q, " ORDER BY created_at, id");
    return fetch(c, a, &q, rows, count, err);
}

enum err_code repo_quota_data_list_sums(struct db_conn *c, struct arena *a, int64_t start_s,
                                        int64_t end_s, struct quota_data **rows, size_t *count,
                                        struct err *err)
{
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT 0, 0, '', model_name, created_at, SUM(token_used), SUM(\"count\"),"
                       " SUM(quota) FROM quota_data WHERE");
    add_times(&q, start_s, end_s);
    repo_query_fmt(&q, " GROUP BY model_name, created_at ORDER BY created_at, model_name");
    return fetch(c, a, &q, rows, count, err);
}

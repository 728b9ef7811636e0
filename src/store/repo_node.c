#include "store/repo_node.h"

#include "store/repo_row.h"

/* Seconds since 1970 by the clock of the database, as an expression. */
static const char *now_of(const struct db_conn *c)
{
    static const char *const spelled[] = {
        [DB_SQLITE] = "CAST(strftime('%s', 'now') AS INTEGER)",
        [DB_MYSQL] = "UNIX_TIMESTAMP()",
        [DB_POSTGRES] = "CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp())) AS BIGINT)",
    };

    return spelled[db_conn_kind(c)];
}

/* ---- nodes ---- */

static const struct repo_column node_columns[] = {
    REPO_COLUMN(struct node_row, name, "node_name", CELL_TEXT),
    REPO_COLUMN(struct node_row, info, "info", CELL_TEXT),
    REPO_COLUMN(struct node_row, started_at, "started_at", CELL_I64),
    REPO_COLUMN(struct node_row, last_seen_at, "last_seen_at", CELL_I64),
    REPO_COLUMN(struct node_row, created_at, "created_at", CELL_I64),
    REPO_COLUMN(struct node_row, updated_at, "updated_at", CELL_I64),
};
static const struct repo_table node_table = {"system_instances", node_columns,
                                             ARRAY_LEN(node_columns), sizeof(struct node_row)};

static enum err_code update_node(struct db_conn *c, const struct node_row *row, int64_t *changed,
                                 struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q, "UPDATE system_instances SET info = ?", DB_TEXT(row->info));
    repo_query_add(&q, ", started_at = ?", DB_I64(row->started_at));
    repo_query_fmt(&q, ", last_seen_at = %s, updated_at = %s", now_of(c), now_of(c));
    repo_query_add(&q, " WHERE node_name = ?", DB_TEXT(row->name));
    return repo_query_exec(c, &q, changed, err);
}

static enum err_code insert_node(struct db_conn *c, const struct node_row *row, struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q,
                   "INSERT INTO system_instances (node_name, info, started_at, last_seen_at, "
                   "created_at, updated_at) VALUES (?",
                   DB_TEXT(row->name));
    repo_query_add(&q, ", ?", DB_TEXT(row->info));
    repo_query_add(&q, ", ?", DB_I64(row->started_at));
    repo_query_fmt(&q, ", %s, %s, %s)", now_of(c), now_of(c), now_of(c));
    return repo_query_exec(c, &q, NULL, err);
}

enum err_code repo_node_put(struct db_conn *c, const struct node_row *row, struct err *err)
{
    int64_t changed;

    TRY(update_node(c, row, &changed, err));
    return changed > 0 ? ERR_OK : insert_node(c, row, err);
}

static enum err_code find_now(struct db_conn *c, int64_t *now_s, struct err *err)
{
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT %s", now_of(c));
    return repo_query_i64(c, &q, now_s, err);
}

enum err_code repo_node_list(struct db_conn *c, struct arena *a, struct node_row **rows,
                             size_t *count, int64_t *now_s, struct err *err)
{
    void *found = NULL;
    enum err_code rc;

    *count = 0;
    *now_s = 0;
    REPO_QUERY(q);
    repo_select(&q, &node_table);
    repo_query_fmt(&q, " ORDER BY node_name");
    rc = repo_fetch(c, a, &node_table, &q, &found, count, err);
    *rows = found;
    return rc == ERR_OK ? find_now(c, now_s, err) : rc;
}

enum err_code repo_node_prune(struct db_conn *c, int64_t older_than_s, struct err *err)
{
    REPO_QUERY(q);
    repo_query_fmt(&q, "DELETE FROM system_instances WHERE last_seen_at < %s", now_of(c));
    repo_query_add(&q, " - ?", DB_I64(older_than_s));
    return repo_query_exec(c, &q, NULL, err);
}

/* ---- leases ---- */

static const struct repo_column lease_columns[] = {
    REPO_COLUMN(struct lease_row, type, "type", CELL_TEXT),
    REPO_COLUMN(struct lease_row, holder, "locked_by", CELL_TEXT),
    REPO_COLUMN(struct lease_row, until, "locked_until", CELL_I64),
};
static const struct repo_table lease_table = {"system_task_locks", lease_columns,
                                              ARRAY_LEN(lease_columns), sizeof(struct lease_row)};

static enum err_code renew(struct db_conn *c, struct str type, struct str holder, int64_t seconds,
                           int64_t *changed, struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q, "UPDATE system_task_locks SET locked_by = ?", DB_TEXT(holder));
    repo_query_fmt(&q, ", updated_at = %s, locked_until = %s", now_of(c), now_of(c));
    repo_query_add(&q, " + ?", DB_I64(seconds));
    repo_query_add(&q, " WHERE \"type\" = ?", DB_TEXT(type));
    repo_query_add(&q, " AND (locked_by = ?", DB_TEXT(holder));
    repo_query_fmt(&q, " OR locked_until IS NULL OR locked_until <= %s)", now_of(c));
    return repo_query_exec(c, &q, changed, err);
}

static enum err_code insert_lease(struct db_conn *c, struct str type, struct str holder,
                                  int64_t seconds, struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q,
                   "INSERT INTO system_task_locks (\"type\", task_id, locked_by, updated_at, "
                   "locked_until) VALUES (?, ''",
                   DB_TEXT(type));
    repo_query_add(&q, ", ?", DB_TEXT(holder));
    repo_query_fmt(&q, ", %s, %s", now_of(c), now_of(c));
    repo_query_add(&q, " + ?)", DB_I64(seconds));
    return repo_query_exec(c, &q, NULL, err);
}

static enum err_code has_lease(struct db_conn *c, struct str type, bool *has, struct err *err)
{
    int64_t n;

    REPO_QUERY(q);
    repo_query_add(&q, "SELECT COUNT(*) FROM system_task_locks WHERE \"type\" = ?", DB_TEXT(type));
    TRY(repo_query_i64(c, &q, &n, err));
    *has = n > 0;
    return ERR_OK;
}

enum err_code repo_lease_take(struct db_conn *c, struct str type, struct str holder,
                              int64_t seconds, bool *held, struct err *err)
{
    int64_t changed;
    bool has = false;
    enum err_code rc;

    assert(!db_in_transaction(c));
    *held = false;
    TRY(renew(c, type, holder, seconds, &changed, err));
    if (changed == 0)
        TRY(has_lease(c, type, &has, err));
    if (changed == 0 && has)
        return ERR_OK;
    rc = changed > 0 ? ERR_OK : insert_lease(c, type, holder, seconds, err);
    *held = rc == ERR_OK;
    return rc == ERR_CONFLICT ? ERR_OK : rc; /* another was quicker */
}

enum err_code repo_lease_release(struct db_conn *c, struct str type, struct str holder,
                                 struct err *err)
{
    return db_exec(c, NULL, err,
                   "UPDATE system_task_locks SET locked_until = 0 WHERE \"type\" = ? AND "
                   "locked_by = ?",
                   DB_TEXT(type), DB_TEXT(holder));
}

enum err_code repo_lease_list(struct db_conn *c, struct arena *a, struct lease_row **rows,
                              size_t *count, struct err *err)
{
    void *found = NULL;
    enum err_code rc;

    *count = 0;
    REPO_QUERY(q);
    repo_select(&q, &lease_table);
    repo_query_fmt(&q, " WHERE locked_until > %s ORDER BY \"type\"", now_of(c));
    rc = repo_fetch(c, a, &lease_table, &q, &found, count, err);
    *rows = found;
    return rc;
}

#include "store/repo_quota_data.h"

#include "base/mem.h"
#include "base/sb.h"
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
#define OURS                                                                                       \
    " AND COALESCE(token_id, 0) = 0 AND COALESCE(channel_id, 0) = 0"                               \
    " AND COALESCE(use_group, '') = '' AND COALESCE(node_name, '') = ''"

static struct quota_data clipped(const struct quota_data *row)
{
    struct quota_data r = *row;

    r.username = utf8_prefix(r.username, NAME_BYTES);
    r.model_name = utf8_prefix(r.model_name, NAME_BYTES);
    return r;
}

static enum err_code add_one(struct db_conn *c, const struct quota_data *r, struct err *err)
{
    int64_t changed = 0, id;

    TRY(db_exec(c, &changed, err,
                "UPDATE quota_data SET \"count\" = COALESCE(\"count\", 0) + ?,"
                " quota = COALESCE(quota, 0) + ?, token_used = COALESCE(token_used, 0) + ?"
                " WHERE user_id = ? AND created_at = ? AND model_name = ? AND username = ?" OURS,
                DB_I64(r->count), DB_I64(r->quota), DB_I64(r->token_used), DB_I64(r->user_id),
                DB_I64(r->created_at), DB_TEXT(r->model_name), DB_TEXT(r->username)));
    return changed ? ERR_OK : repo_insert(c, &table, r, &id, err);
}

/* To a server each statement is a way there and back, so many rows share one: which are there is
 * asked, these are added to by a CASE over their ids, the others are inserted. */

enum { ADD_ROWS = 50, FEW_ROWS = 8, ADD_SQL_LIMIT = 32 * 1024 };

struct adding {
    struct db_conn *conn;
    struct quota_data rows[ADD_ROWS];
    int64_t ids[ADD_ROWS]; /* 0: not there */
    size_t count;
    struct sb sql;
    struct db_value values[ADD_ROWS * 8];
    size_t value_count;
};

static void put(struct adding *g, const char *text, struct db_value value)
{
    sb_add(&g->sql, str_from(text));
    g->values[g->value_count++] = value;
}

static const char *finish_sql(struct adding *g)
{
    sb_add_char(&g->sql, '\0');
    assert(!sb_failed(&g->sql) && g->value_count <= ARRAY_LEN(g->values));
    return g->sql.p;
}

static void begin_sql(struct adding *g, const char *text)
{
    sb_reset(&g->sql);
    sb_add(&g->sql, str_from(text));
    g->value_count = 0;
}

/* Names are compared here, not by the server, to whom case may not matter: a row that is found by
 * its numbers is one of few. */
static void note_id(struct adding *g, const struct db_rows *rows)
{
    for (size_t i = 0; i < g->count; i++) {
        const struct quota_data *r = &g->rows[i];

        if (g->ids[i] == 0 && r->user_id == db_i64(rows, 1) && r->created_at == db_i64(rows, 2) &&
            str_eq(r->model_name, db_text(rows, 3)) && str_eq(r->username, db_text(rows, 4))) {
            g->ids[i] = db_i64(rows, 0);
            return;
        }
    }
}

/* Statements come in two lengths, so that they stay prepared: what is missing is filled up with
 * what finds or changes nothing. */
static size_t padded(size_t n)
{
    return n <= FEW_ROWS ? FEW_ROWS : ADD_ROWS;
}

static enum err_code find_ids(struct adding *g, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    int64_t first = g->rows[0].created_at, last = first;
    struct db_rows *rows;

    arena_init(&a, 0);
    begin_sql(g, "SELECT id, user_id, created_at, model_name, username FROM quota_data WHERE");
    for (size_t i = 0; i < padded(g->count); i++) {
        const struct quota_data *r = &g->rows[i < g->count ? i : 0];

        first = r->created_at < first ? r->created_at : first;
        last = r->created_at > last ? r->created_at : last;
        put(g, i > 0 ? ",?" : " user_id IN (?", DB_I64(r->user_id));
    }
    put(g, ") AND created_at >= ?", DB_I64(first));
    put(g, " AND created_at <= ?", DB_I64(last));
    sb_add(&g->sql, STR(OURS));
    TRY(db_query_values(g->conn, &a, &rows, err, finish_sql(g), g->values, g->value_count));
    while (db_next(rows))
        note_id(g, rows);
    return db_end(rows, err);
}

static int64_t number_at(const struct quota_data *row, size_t offset)
{
    int64_t value;

    memcpy(&value, (const char *)row + offset, sizeof value);
    return value;
}

static void put_case(struct adding *g, size_t found, const char *begin, size_t offset)
{
    size_t n = 0;

    sb_add(&g->sql, str_from(begin));
    for (size_t i = 0; i < g->count; i++) {
        if (g->ids[i] == 0)
            continue;
        put(g, " WHEN ?", DB_I64(g->ids[i]));
        put(g, " THEN ?", DB_I64(number_at(&g->rows[i], offset)));
        n++;
    }
    for (; n < padded(found); n++) {
        put(g, " WHEN ?", DB_I64(0));
        put(g, " THEN ?", DB_I64(0));
    }
    sb_add(&g->sql, STR(" ELSE id - id END"));
}

static enum err_code add_to_found(struct adding *g, size_t found, struct err *err)
{
    size_t n = 0;

    begin_sql(g, "UPDATE quota_data SET ");
    put_case(g, found, "\"count\" = COALESCE(\"count\", 0) + CASE id",
             offsetof(struct quota_data, count));
    put_case(g, found, ", quota = COALESCE(quota, 0) + CASE id",
             offsetof(struct quota_data, quota));
    put_case(g, found, ", token_used = COALESCE(token_used, 0) + CASE id",
             offsetof(struct quota_data, token_used));
    for (size_t i = 0; i < g->count; i++) {
        if (g->ids[i] != 0)
            put(g, n++ ? ",?" : " WHERE id IN (?", DB_I64(g->ids[i]));
    }
    for (; n < padded(found); n++)
        put(g, ",?", DB_I64(0));
    sb_add_char(&g->sql, ')');
    return db_exec_values(g->conn, NULL, err, finish_sql(g), g->values, g->value_count);
}

static enum err_code insert_some(struct adding *g, const size_t *which, size_t n, struct err *err)
{
    begin_sql(g, "INSERT INTO quota_data (user_id, username, model_name, created_at, token_used,"
                 " \"count\", quota) VALUES ");
    for (size_t i = 0; i < n; i++) {
        const struct quota_data *r = &g->rows[which[i]];

        put(g, i > 0 ? ",(?" : "(?", DB_I64(r->user_id));
        put(g, ",?", DB_TEXT(r->username));
        put(g, ",?", DB_TEXT(r->model_name));
        put(g, ",?", DB_I64(r->created_at));
        put(g, ",?", DB_I64(r->token_used));
        put(g, ",?", DB_I64(r->count));
        put(g, ",?)", DB_I64(r->quota));
    }
    return db_exec_values(g->conn, NULL, err, finish_sql(g), g->values, g->value_count);
}

static enum err_code insert_others(struct adding *g, struct err *err)
{
    static const size_t sizes[] = {ADD_ROWS, FEW_ROWS, 1};
    size_t which[ADD_ROWS], n = 0, at = 0;

    for (size_t i = 0; i < g->count; i++) {
        if (g->ids[i] == 0)
            which[n++] = i;
    }
    for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
        for (; n - at >= sizes[s]; at += sizes[s])
            TRY(insert_some(g, which + at, sizes[s], err));
    }
    return ERR_OK;
}

static enum err_code add_some(struct adding *g, struct err *err)
{
    size_t found = 0;

    TRY(find_ids(g, err));
    for (size_t i = 0; i < g->count; i++)
        found += g->ids[i] != 0;
    if (found > 0)
        TRY(add_to_found(g, found, err));
    return found < g->count ? insert_others(g, err) : ERR_OK;
}

static bool same_key(const struct quota_data *a, const struct quota_data *b)
{
    return a->user_id == b->user_id && a->created_at == b->created_at &&
           str_eq(a->model_name, b->model_name) && str_eq(a->username, b->username);
}

/* Two sums may have become one when their names were cut. */
static void take(struct adding *g, const struct quota_data *row)
{
    struct quota_data r = clipped(row);

    for (size_t i = 0; i < g->count; i++) {
        if (!same_key(&g->rows[i], &r))
            continue;
        g->rows[i].count += r.count;
        g->rows[i].quota += r.quota;
        g->rows[i].token_used += r.token_used;
        return;
    }
    g->ids[g->count] = 0;
    g->rows[g->count++] = r;
}

static enum err_code add_many(struct db_conn *c, const struct quota_data *rows, size_t n,
                              struct err *err)
{
    struct adding *g = mem_new(struct adding);
    enum err_code rc = ERR_OK;

    g->conn = c;
    sb_init(&g->sql, ADD_SQL_LIMIT);
    for (size_t at = 0; at < n && rc == ERR_OK;) {
        g->count = 0;
        while (at < n && g->count < ADD_ROWS)
            take(g, &rows[at++]);
        rc = add_some(g, err);
    }
    sb_fini(&g->sql);
    mem_free(g);
    return rc;
}

enum err_code repo_quota_data_add(struct db_conn *c, const struct quota_data *rows, size_t n,
                                  struct err *err)
{
    if (db_conn_kind(c) != DB_SQLITE)
        return add_many(c, rows, n, err);
    for (size_t i = 0; i < n; i++) {
        struct quota_data row = clipped(&rows[i]);

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

#include "store/repo_quota_data.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/text.h"
#include "store/repo_delta.h"
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
 * asked, these are added to by their ids, the others are inserted. */

struct adding {
    struct db_conn *conn;
    struct arena arena;
    struct quota_data *rows; /* no two of one key; the id is 0 until the row is found */
    size_t count;
    struct map by_key;            /* -> an element of rows */
    struct user_hour *user_hours; /* of all rows, each once */
    size_t user_hour_count;
};

struct user_hour {
    int64_t user_id, hour;
};

static struct str key_of(struct arena *a, const struct quota_data *r)
{
    const struct user_hour numbers = {r->user_id, r->created_at};
    const struct str parts[] = {str_make((const char *)&numbers, sizeof numbers), r->model_name,
                                STR("\0"), r->username};

    return str_concat(a, parts, ARRAY_LEN(parts));
}

/* Two sums may have become one when their names were cut. */
static void take(struct adding *g, const struct quota_data *row)
{
    struct quota_data r = clipped(row), *known;
    struct str key = key_of(&g->arena, &r);

    r.id = 0;
    known = map_find(&g->by_key, key);
    if (known) {
        known->count += r.count;
        known->quota += r.quota;
        known->token_used += r.token_used;
        return;
    }
    g->rows[g->count] = r;
    map_put(&g->by_key, key, &g->rows[g->count++]);
}

static void take_all(struct adding *g, const struct quota_data *rows, size_t n)
{
    struct map seen;

    map_init(&seen);
    g->rows = arena_new_array(&g->arena, struct quota_data, n);
    g->user_hours = arena_new_array(&g->arena, struct user_hour, n);
    for (size_t i = 0; i < n; i++) {
        struct user_hour *next = &g->user_hours[g->user_hour_count];
        struct str key = str_make((const char *)next, sizeof *next);

        take(g, &rows[i]);
        *next = (struct user_hour){rows[i].user_id, rows[i].created_at};
        if (map_find(&seen, key))
            continue;
        map_put(&seen, key, next);
        g->user_hour_count++;
    }
    map_fini(&seen);
}

/* Names are compared here, not by the server, to whom case may not matter. */
static enum err_code note_ids(struct adding *g, struct repo_query *q, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct db_rows *rows;

    arena_init(&a, 0);
    TRY(repo_query_open(g->conn, &a, q, &rows, err));
    while (db_next(rows)) {
        const struct quota_data found = {.user_id = db_i64(rows, 1),
                                         .created_at = db_i64(rows, 2),
                                         .model_name = db_text(rows, 3),
                                         .username = db_text(rows, 4)};
        struct quota_data *r = map_find(&g->by_key, key_of(&a, &found));

        if (r && r->id == 0)
            r->id = db_i64(rows, 0);
    }
    return db_end(rows, err);
}

#define FIND_COLUMNS "SELECT id, user_id, created_at, model_name, username FROM quota_data"

static enum err_code find_at_once(struct adding *g, struct err *err)
{
    const struct user_hour *from = g->user_hours;

    REPO_QUERY(q);
    repo_query_add(&q, FIND_COLUMNS " JOIN unnest(CAST(? AS bigint[])",
                   repo_bigint_array(&g->arena, &from->user_id, sizeof *from, g->user_hour_count));
    repo_query_add(&q,
                   ", CAST(? AS bigint[])) AS wanted(u, h) ON user_id = u AND created_at = h"
                   " WHERE 1 = 1" OURS,
                   repo_bigint_array(&g->arena, &from->hour, sizeof *from, g->user_hour_count));
    return note_ids(g, &q, err);
}

enum { FIND_USERS = 50, FIND_FEW = 8 };

/* Of at most FIND_USERS. The statement comes in two lengths, so that both stay prepared: what is
 * missing is filled up with a user who is in it already. */
static enum err_code find_some(struct adding *g, const struct user_hour *from, size_t n,
                               struct err *err)
{
    const size_t padded = n <= FIND_FEW ? FIND_FEW : FIND_USERS;
    int64_t users[FIND_USERS], first = from->hour, last = from->hour;

    for (size_t i = 0; i < padded; i++) {
        const struct user_hour *at = &from[i < n ? i : 0];

        users[i] = at->user_id;
        first = at->hour < first ? at->hour : first;
        last = at->hour > last ? at->hour : last;
    }
    REPO_QUERY(q);
    repo_query_fmt(&q, FIND_COLUMNS " WHERE user_id");
    repo_query_in(&q, users, padded);
    repo_query_add(&q, " AND created_at >= ?", DB_I64(first));
    repo_query_add(&q, " AND created_at <= ?" OURS, DB_I64(last));
    return note_ids(g, &q, err);
}

static enum err_code find_ids(struct adding *g, struct err *err)
{
    if (db_conn_kind(g->conn) == DB_POSTGRES)
        return find_at_once(g, err);
    for (size_t at = 0; at < g->user_hour_count; at += FIND_USERS) {
        size_t left = g->user_hour_count - at;

        TRY(find_some(g, &g->user_hours[at], left < FIND_USERS ? left : FIND_USERS, err));
    }
    return ERR_OK;
}

struct delta {
    int64_t id, token_used, count, quota;
};

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const struct delta *)a)->id, y = ((const struct delta *)b)->id;

    return x < y ? -1 : x > y;
}

/* In the order of their ids, so that two writers lock rows in one order. */
static enum err_code add_to_found(struct adding *g, struct err *err)
{
    static const struct delta_table deltas = {
        "quota_data",
        {{"token_used", DELTA_ADD, offsetof(struct delta, token_used)},
         {"count", DELTA_ADD, offsetof(struct delta, count)},
         {"quota", DELTA_ADD, offsetof(struct delta, quota)}},
        3,
        sizeof(struct delta)};
    struct delta *found = arena_new_array(&g->arena, struct delta, g->count);
    size_t n = 0;

    for (size_t i = 0; i < g->count; i++) {
        const struct quota_data *r = &g->rows[i];

        if (r->id != 0)
            found[n++] = (struct delta){r->id, r->token_used, r->count, r->quota};
    }
    if (n > 0)
        qsort(found, n, sizeof *found, by_id);
    return repo_delta_apply(g->conn, &deltas, found, n, err);
}

enum { WRITTEN = ARRAY_LEN(columns) - 1 }; /* all but the id */

static enum err_code insert_others(struct adding *g, struct err *err)
{
    struct db_value *values = arena_new_array(&g->arena, struct db_value, g->count * WRITTEN);
    const char *names[WRITTEN];
    const struct db_insert what = {table.name, names, WRITTEN};
    size_t n = 0;

    for (size_t i = 0; i < WRITTEN; i++)
        names[i] = columns[i + 1].name;
    for (size_t r = 0; r < g->count; r++) {
        for (size_t i = 0; i < WRITTEN && g->rows[r].id == 0; i++)
            values[n++] = repo_value(&columns[i + 1], &g->rows[r], db_conn_kind(g->conn));
    }
    return db_insert_rows(g->conn, &what, values, n / WRITTEN, err);
}

static enum err_code add_all(struct adding *g, struct err *err)
{
    TRY(find_ids(g, err));
    TRY(add_to_found(g, err));
    return insert_others(g, err);
}

static enum err_code add_many(struct db_conn *c, const struct quota_data *rows, size_t n,
                              struct err *err)
{
    struct adding g = {.conn = c};
    enum err_code rc;

    arena_init(&g.arena, 0);
    map_init(&g.by_key);
    take_all(&g, rows, n);
    rc = add_all(&g, err);
    map_fini(&g.by_key);
    arena_fini(&g.arena);
    return rc;
}

enum err_code repo_quota_data_add(struct db_conn *c, const struct quota_data *rows, size_t n,
                                  struct err *err)
{
    if (db_conn_kind(c) != DB_SQLITE)
        return n > 0 ? add_many(c, rows, n, err) : ERR_OK;
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

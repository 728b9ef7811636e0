/*
 * SQLite takes a statement a row: it is prepared once and found by its text, and costs next to
 * nothing. To a server each statement is a way there and back, so many rows share one there: on
 * PostgreSQL the deltas are arrays, and any number of rows goes into one statement; on MySQL a CASE
 * finds the value of each row:
 *
 *     UPDATE users SET quota = COALESCE(quota, 0) - CASE id WHEN ? THEN ? ... END WHERE id IN (...)
 */
#include "store/repo_delta.h"

#include "base/sb.h"

enum { CASE_ROWS = 64, SQL_LIMIT = 32 * 1024 };

static int64_t number_at(const void *from, size_t offset)
{
    int64_t value;

    memcpy(&value, (const char *)from + offset, sizeof value);
    return value;
}

static const void *row_at(const struct delta_table *t, const void *deltas, size_t i)
{
    return (const char *)deltas + i * t->delta_bytes;
}

/* "quota" = COALESCE("quota", 0) - , to be followed by the value and end_set(). */
static void begin_set(struct sb *sql, const struct delta_table *t, size_t i, enum db_kind kind)
{
    const struct delta_column *c = &t->columns[i];
    const char *greater = kind == DB_SQLITE ? "MAX(" : "GREATEST(";

    sb_fmt(sql, "%s\"%s\" = %sCOALESCE(\"%s\", 0)", i > 0 ? ", " : "", c->name,
           c->op == DELTA_RAISE ? greater : "", c->name);
    sb_add(sql, c->op == DELTA_ADD ? STR(" + ") : c->op == DELTA_SUBTRACT ? STR(" - ") : STR(", "));
}

static void end_set(struct sb *sql, const struct delta_table *t, size_t i)
{
    if (t->columns[i].op == DELTA_RAISE)
        sb_add_char(sql, ')');
}

static void begin_update(struct sb *sql, const struct delta_table *t)
{
    sb_reset(sql);
    sb_fmt(sql, "UPDATE \"%s\" SET ", t->name);
}

static enum err_code run(struct db_conn *c, struct sb *sql, const struct db_value *values, size_t n,
                         struct err *err)
{
    sb_add_char(sql, '\0');
    assert(!sb_failed(sql));
    return db_exec_values(c, NULL, err, sql->p, values, n);
}

/* ---- SQLite: one by one ---- */

static enum err_code change_each(struct db_conn *c, struct sb *sql, const struct delta_table *t,
                                 const void *deltas, size_t n, struct err *err)
{
    struct db_value values[DELTA_COLUMNS + 1];

    begin_update(sql, t);
    for (size_t i = 0; i < t->count; i++) {
        begin_set(sql, t, i, DB_SQLITE);
        sb_add_char(sql, '?');
        end_set(sql, t, i);
    }
    sb_add(sql, STR(" WHERE id = ?"));
    sb_add_char(sql, '\0');
    assert(!sb_failed(sql));
    for (size_t r = 0; r < n; r++) {
        const void *delta = row_at(t, deltas, r);

        for (size_t i = 0; i < t->count; i++)
            values[i] = DB_I64(number_at(delta, t->columns[i].at));
        values[t->count] = DB_I64(number_at(delta, 0));
        TRY(db_exec_values(c, NULL, err, sql->p, values, t->count + 1));
    }
    return ERR_OK;
}

/* ---- MySQL: some ---- */

/* The ELSE is never taken: it says of which type the values are. */
static enum err_code change_some(struct db_conn *c, struct sb *sql, const struct delta_table *t,
                                 const void *deltas, size_t rows, struct err *err)
{
    struct db_value values[CASE_ROWS * (2 * DELTA_COLUMNS + 1)];
    size_t n = 0;

    begin_update(sql, t);
    for (size_t i = 0; i < t->count; i++) {
        begin_set(sql, t, i, DB_MYSQL);
        sb_add(sql, STR("CASE id"));
        for (size_t r = 0; r < rows; r++) {
            sb_add(sql, STR(" WHEN ? THEN ?"));
            values[n++] = DB_I64(number_at(row_at(t, deltas, r), 0));
            values[n++] = DB_I64(number_at(row_at(t, deltas, r), t->columns[i].at));
        }
        sb_add(sql, STR(" ELSE id - id END"));
        end_set(sql, t, i);
    }
    for (size_t r = 0; r < rows; r++) {
        sb_add(sql, r > 0 ? STR(",?") : STR(" WHERE id IN (?"));
        values[n++] = DB_I64(number_at(row_at(t, deltas, r), 0));
    }
    sb_add_char(sql, ')');
    return run(c, sql, values, n, err);
}

/* Statements of a few sizes only, so that all of them stay prepared. */
static enum err_code change_in_portions(struct db_conn *c, struct sb *sql,
                                        const struct delta_table *t, const void *deltas, size_t n,
                                        struct err *err)
{
    static const size_t sizes[] = {CASE_ROWS, 8, 1};
    size_t at = 0;

    for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
        for (; n - at >= sizes[s]; at += sizes[s])
            TRY(change_some(c, sql, t, row_at(t, deltas, at), sizes[s], err));
    }
    return ERR_OK;
}

/* ---- PostgreSQL: all ---- */

struct db_value repo_bigint_array(struct arena *a, const void *first, size_t step, size_t n)
{
    CLEANUP(sb_finip) struct sb text;

    sb_init(&text, n * 24 + 8);
    sb_add_char(&text, '{');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            sb_add_char(&text, ',');
        sb_add_i64(&text, number_at(first, i * step));
    }
    sb_add_char(&text, '}');
    assert(!sb_failed(&text));
    return DB_TEXT(str_dup(a, sb_str(&text)));
}

static enum err_code change_all(struct db_conn *c, struct sb *sql, const struct delta_table *t,
                                const void *deltas, size_t n, struct err *err)
{
    struct db_value values[DELTA_COLUMNS + 1];
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    begin_update(sql, t);
    for (size_t i = 0; i < t->count; i++) {
        begin_set(sql, t, i, DB_POSTGRES);
        sb_fmt(sql, "delta.v%zu", i);
        end_set(sql, t, i);
        values[i] =
            repo_bigint_array(&a, (const char *)deltas + t->columns[i].at, t->delta_bytes, n);
    }
    values[t->count] = repo_bigint_array(&a, deltas, t->delta_bytes, n);
    sb_add(sql, STR(" FROM unnest("));
    for (size_t i = 0; i < t->count; i++)
        sb_add(sql, STR("CAST(? AS bigint[]), "));
    sb_add(sql, STR("CAST(? AS bigint[])) AS delta("));
    for (size_t i = 0; i < t->count; i++)
        sb_fmt(sql, "v%zu, ", i);
    sb_fmt(sql, "id) WHERE \"%s\".id = delta.id", t->name);
    return run(c, sql, values, t->count + 1, err);
}

enum err_code repo_delta_apply(struct db_conn *c, const struct delta_table *t, const void *deltas,
                               size_t n, struct err *err)
{
    CLEANUP(sb_finip) struct sb sql;

    assert(t->count > 0 && t->count <= DELTA_COLUMNS);
    sb_init(&sql, SQL_LIMIT);
    if (n == 0)
        return ERR_OK;
    switch (db_conn_kind(c)) {
    case DB_SQLITE:
        return change_each(c, &sql, t, deltas, n, err);
    case DB_MYSQL:
        return change_in_portions(c, &sql, t, deltas, n, err);
    case DB_POSTGRES:
        return change_all(c, &sql, t, deltas, n, err);
    }
    return ERR_OK;
}

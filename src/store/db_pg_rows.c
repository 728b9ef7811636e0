#include "store/db_pg_rows.h"

#include <libpq-fe.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/db_pg_conn.h"
#include "store/db_pg_stmt.h"

/* Types whose cells need a hand (catalog/pg_type.dat; they never change). */
enum { TYPE_BOOL = 16, TYPE_BYTEA = 17, TYPE_CHAR_N = 1042, TYPE_TIMESTAMPTZ = 1184 };

struct postgres_rows {
    struct db_rows base;
    struct arena *arena;
    PGresult *result;
    int at, count;
};

enum err_code db_pg_query(struct db_conn *base, struct arena *a, struct db_rows **out,
                          struct err *err, const char *sql, const struct db_value *values, size_t n)
{
    struct postgres_rows *rows;
    PGresult *result;

    TRY(db_pg_run_prepared(db_pg_conn_of(base), str_from(sql), values, n, &result, err));
    rows = arena_new(a, struct postgres_rows);
    *rows = (struct postgres_rows){
        .base.conn = base, .arena = a, .result = result, .at = -1, .count = PQntuples(result)};
    *out = &rows->base;
    return ERR_OK;
}

static const struct postgres_rows *rows_of(const struct db_rows *rows)
{
    return (const struct postgres_rows *)(const void *)rows;
}

bool db_pg_next(struct db_rows *base)
{
    struct postgres_rows *rows = container_of(base, struct postgres_rows, base);

    if (rows->at < rows->count)
        rows->at++;
    return rows->at < rows->count;
}

bool db_pg_is_null(const struct db_rows *base, int col)
{
    const struct postgres_rows *rows = rows_of(base);

    return PQgetisnull(rows->result, rows->at, col);
}

static struct str cell(const struct postgres_rows *rows, int col)
{
    return str_make(PQgetvalue(rows->result, rows->at, col),
                    (size_t)PQgetlength(rows->result, rows->at, col));
}

double db_pg_f64(const struct db_rows *base, int col)
{
    const struct postgres_rows *rows = rows_of(base);

    if (PQftype(rows->result, col) == TYPE_BOOL)
        return cell(rows, col).p[0] == 't';
    return strtod(cell(rows, col).p, NULL); /* a NUL stands behind every cell; NULL is "" */
}

/* Digits first, whatever follows them: a numeric has a fraction, a text may have anything. */
int64_t db_pg_i64(const struct db_rows *base, int col)
{
    const struct postgres_rows *rows = rows_of(base);
    const char *text = cell(rows, col).p;
    char *end;
    long long value;

    if (PQftype(rows->result, col) == TYPE_BOOL)
        return text[0] == 't';
    value = strtoll(text, &end, 10);
    if (*end != 'e' && *end != 'E')
        return value;
    return (int64_t)fmax(fmin(strtod(text, NULL), 9223372036854774784.0), -9223372036854775808.0);
}

/* 2026-11-23 16:15:15+00, where the others keep +00:00. */
static struct str timestamp_text(struct arena *a, struct str text)
{
    if (!str_ends(text, STR("+00")))
        return text;
    return arena_fmt(a, "%.*s:00", STR_ARG(text));
}

/* \x0a1b */
static struct str bytea_text(struct arena *a, struct str text)
{
    struct str bytes;

    return str_starts(text, STR("\\x")) && hex_decode(a, str_skip(text, 2), &bytes) ? bytes : text;
}

struct str db_pg_text(const struct db_rows *base, int col)
{
    const struct postgres_rows *rows = rows_of(base);
    struct str text = cell(rows, col);

    if (PQgetisnull(rows->result, rows->at, col))
        return STR_NULL;
    switch (PQftype(rows->result, col)) {
    case TYPE_BOOL:
        return text.p[0] == 't' ? STR("1") : STR("0");
    case TYPE_CHAR_N:
        return str_trim_right_char(text, ' ');
    case TYPE_TIMESTAMPTZ:
        return timestamp_text(rows->arena, text);
    case TYPE_BYTEA:
        return bytea_text(rows->arena, text);
    default:
        return text;
    }
}

bool db_pg_boolean(const struct db_rows *base, int col)
{
    bool value;

    return str_to_bool(cell(rows_of(base), col), &value) ? value : db_pg_i64(base, col) != 0;
}

enum err_code db_pg_end(struct db_rows *base, struct err *err UNUSED)
{
    struct postgres_rows *rows = container_of(base, struct postgres_rows, base);

    PQclear(rows->result);
    rows->result = NULL;
    return ERR_OK;
}

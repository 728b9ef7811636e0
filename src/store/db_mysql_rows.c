#include "store/db_mysql_rows.h"

#include <inttypes.h>
#include <mysql.h>
#include <stdlib.h>

#include "store/db_mysql_stmt.h"

/* A cell of the row that was read last. */
struct cell {
    enum cell_kind { CELL_INT, CELL_REAL, CELL_BYTES } kind;
    bool is_unsigned;
    bool bits; /* BIT(n): its bytes are a number, highest first */
    bool time; /* DATETIME, TIMESTAMP */
    my_bool is_null, cut;
    unsigned long bytes;
    int64_t i;
    double f;
    char *p; /* with a NUL behind it */
};

struct mysql_rows {
    struct db_rows base;
    struct arena *arena;
    struct mysql_statement *stmt;
    struct cell *cells;
    unsigned count;
    bool failed;
};

static struct mysql_rows *rows_of(struct db_rows *rows)
{
    return container_of(rows, struct mysql_rows, base);
}

static const struct cell *cell_at(const struct db_rows *base, int col)
{
    const struct mysql_rows *rows = (const struct mysql_rows *)(const void *)base;

    assert(col >= 0 && (unsigned)col < rows->count);
    return &rows->cells[col];
}

static enum cell_kind kind_of(enum enum_field_types type)
{
    static const enum enum_field_types ints[] = {MYSQL_TYPE_TINY,     MYSQL_TYPE_SHORT,
                                                 MYSQL_TYPE_INT24,    MYSQL_TYPE_LONG,
                                                 MYSQL_TYPE_LONGLONG, MYSQL_TYPE_YEAR};

    for (size_t i = 0; i < ARRAY_LEN(ints); i++)
        if (type == ints[i])
            return CELL_INT;
    return type == MYSQL_TYPE_FLOAT || type == MYSQL_TYPE_DOUBLE ? CELL_REAL : CELL_BYTES;
}

static void bind_cell(MYSQL_BIND *bind, struct cell *cell, const MYSQL_FIELD *field,
                      struct arena *a)
{
    enum { TIME_BYTES = 64 }; /* the length of a time is not told before */

    cell->is_unsigned = (field->flags & UNSIGNED_FLAG) != 0;
    bind->is_null = &cell->is_null;
    bind->error = &cell->cut;
    bind->length = &cell->bytes;
    bind->is_unsigned = cell->is_unsigned;
    cell->kind = kind_of(field->type);
    if (cell->kind == CELL_INT) {
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = &cell->i;
        return;
    }
    if (cell->kind == CELL_REAL) {
        bind->buffer_type = MYSQL_TYPE_DOUBLE;
        bind->buffer = &cell->f;
        return;
    }
    cell->bits = field->type == MYSQL_TYPE_BIT;
    cell->time = field->type == MYSQL_TYPE_DATETIME || field->type == MYSQL_TYPE_TIMESTAMP;
    bind->buffer_type = MYSQL_TYPE_STRING;
    bind->buffer_length =
        field->max_length > TIME_BYTES ? field->max_length : (unsigned long)TIME_BYTES;
    bind->buffer = cell->p = arena_alloc(a, bind->buffer_length + 1);
}

/* Memory for one row, as long as the longest cell of each column. */
static enum err_code bind_rows(struct mysql_conn *c, struct mysql_rows *rows,
                               struct mysql_call *call, struct err *err)
{
    MYSQL_STMT *handle = rows->stmt->handle;
    MYSQL_RES *meta = mysql_stmt_result_metadata(handle);
    MYSQL_BIND *binds;

    if (!meta) /* no SELECT: no columns */
        return ERR_OK;
    rows->count = mysql_num_fields(meta);
    rows->cells = arena_new_array(rows->arena, struct cell, rows->count);
    binds = arena_new_array(rows->arena, MYSQL_BIND, rows->count);
    for (unsigned i = 0; i < rows->count; i++)
        bind_cell(&binds[i], &rows->cells[i], mysql_fetch_field_direct(meta, i), rows->arena);
    mysql_free_result(meta);
    return mysql_stmt_bind_result(handle, binds) ? db_mysql_stmt_failed(c, handle, call, err)
                                                 : ERR_OK;
}

enum err_code db_mysql_query(struct db_conn *base, struct arena *a, struct db_rows **out,
                             struct err *err, const char *sql, const struct db_value *values,
                             size_t n)
{
    struct mysql_conn *c = db_mysql_conn_of(base);
    struct mysql_call call = {.sql = sql, .values = values, .n = n, .rows = true};
    struct mysql_rows *rows;
    enum err_code rc;

    TRY(db_mysql_execute(c, &call, err));
    call.stmt->base.used = true;
    rows = arena_new(a, struct mysql_rows);
    *rows = (struct mysql_rows){.base.conn = base, .arena = a, .stmt = call.stmt};
    rc = bind_rows(c, rows, &call, err);
    if (rc != ERR_OK) {
        db_mysql_call_end(&call);
        return rc;
    }
    *out = &rows->base;
    return ERR_OK;
}

/* "2026-11-23 16:15:15.130" becomes "2026-11-23 16:15:15.13+00:00", as the cells of the other
 * databases read. */
static void complete_time(struct cell *cell)
{
    const struct str zone = STR("+00:00");

    if (memchr(cell->p, '.', cell->bytes)) {
        while (cell->p[cell->bytes - 1] == '0')
            cell->bytes--;
        if (cell->p[cell->bytes - 1] == '.')
            cell->bytes--;
    }
    memcpy(cell->p + cell->bytes, zone.p, zone.n);
    cell->bytes += zone.n;
}

static void complete_cell(struct cell *cell)
{
    if (cell->kind != CELL_BYTES || cell->is_null)
        return;
    if (cell->time)
        complete_time(cell);
    cell->p[cell->bytes] = '\0';
}

bool db_mysql_next(struct db_rows *base)
{
    struct mysql_rows *rows = rows_of(base);
    int rc;

    if (rows->count == 0 || rows->failed)
        return false;
    rc = mysql_stmt_fetch(rows->stmt->handle);
    if (rc == MYSQL_NO_DATA)
        return false;
    rows->failed = rc != 0 && rc != MYSQL_DATA_TRUNCATED;
    if (rows->failed)
        return false;
    for (unsigned i = 0; i < rows->count; i++)
        complete_cell(&rows->cells[i]);
    return true;
}

bool db_mysql_is_null(const struct db_rows *rows, int col)
{
    return cell_at(rows, col)->is_null;
}

static int64_t real_to_i64(double f)
{
    if (f >= 9223372036854775808.0)
        return INT64_MAX;
    return f < -9223372036854775808.0 ? INT64_MIN : f == f ? (int64_t)f : 0;
}

static int64_t bits_to_i64(const struct cell *cell)
{
    uint64_t value = 0;

    for (unsigned long i = 0; i < cell->bytes; i++)
        value = value << 8 | (unsigned char)cell->p[i];
    return (int64_t)value;
}

int64_t db_mysql_i64(const struct db_rows *rows, int col)
{
    const struct cell *cell = cell_at(rows, col);

    if (cell->is_null)
        return 0;
    switch (cell->kind) {
    case CELL_INT:
        return cell->is_unsigned && cell->i < 0 ? INT64_MAX : cell->i;
    case CELL_REAL:
        return real_to_i64(cell->f);
    case CELL_BYTES:
        return cell->bits ? bits_to_i64(cell) : strtoll(cell->p, NULL, 10);
    }
    return 0;
}

double db_mysql_f64(const struct db_rows *rows, int col)
{
    const struct cell *cell = cell_at(rows, col);

    if (cell->is_null)
        return 0;
    switch (cell->kind) {
    case CELL_INT:
        return cell->is_unsigned ? (double)(uint64_t)cell->i : (double)cell->i;
    case CELL_REAL:
        return cell->f;
    case CELL_BYTES:
        return cell->bits ? (double)bits_to_i64(cell) : strtod(cell->p, NULL);
    }
    return 0;
}

struct str db_mysql_text(const struct db_rows *base, int col)
{
    const struct mysql_rows *rows = (const struct mysql_rows *)(const void *)base;
    const struct cell *cell = cell_at(base, col);

    if (cell->is_null)
        return STR_NULL;
    switch (cell->kind) {
    case CELL_INT:
        return cell->is_unsigned ? arena_fmt(rows->arena, "%" PRIu64, (uint64_t)cell->i)
                                 : arena_fmt(rows->arena, "%" PRId64, cell->i);
    case CELL_REAL:
        return arena_fmt(rows->arena, "%.17g", cell->f);
    case CELL_BYTES:
        return str_make(cell->p, cell->bytes);
    }
    return STR_NULL;
}

/* Besides 0 and 1 a cell may hold what other programs wrote: 'true', 't', b'1'. */
bool db_mysql_boolean(const struct db_rows *rows, int col)
{
    const struct cell *cell = cell_at(rows, col);
    bool value;

    if (cell->is_null || cell->kind != CELL_BYTES || cell->bits)
        return db_mysql_i64(rows, col) != 0;
    return str_to_bool(str_make(cell->p, cell->bytes), &value) && value;
}

enum err_code db_mysql_end(struct db_rows *base, struct err *err)
{
    struct mysql_rows *rows = rows_of(base);
    struct mysql_call call = {.stmt = rows->stmt};
    enum err_code rc = ERR_OK;

    if (rows->failed)
        rc = db_mysql_stmt_failed(db_mysql_conn_of(base->conn), rows->stmt->handle, &call, err);
    db_mysql_call_end(&call);
    rows->stmt = NULL;
    return rc;
}

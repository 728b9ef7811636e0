#include "store/db_sqlite_stmt.h"

#include <sqlite3.h>

#include "base/mem.h"

struct sqlite_stmt {
    struct db_cached base; /* the text follows the struct in memory */
    sqlite3_stmt *handle;
};

struct sqlite_rows {
    struct db_rows base;
    struct sqlite_stmt *stmt;
    int rc;
};

/* Errors: SQLite's text names tables and columns, never values. */

static enum err_code error_of(sqlite3 *handle, int rc, const char *path, struct err *err)
{
    int extended = handle ? sqlite3_extended_errcode(handle) : rc;
    const char *text = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(rc);

    if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
        extended == SQLITE_CONSTRAINT_ROWID)
        return err_set(err, ERR_CONFLICT, "%s", text);
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(err, ERR_UNAVAILABLE, "%s is locked by another program", path);
    case SQLITE_FULL:
        return err_set(err, ERR_UNAVAILABLE, "%s: the disk is full", path);
    case SQLITE_READONLY:
        return err_set(err, ERR_DB, "%s is read-only", path);
    case SQLITE_NOTADB:
        return err_set(err, ERR_DB, "%s is not a SQLite database (or it is encrypted)", path);
    case SQLITE_CORRUPT:
        return err_set(err, ERR_DB, "%s is damaged: %s", path, text);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return err_set(err, ERR_DB, "%s cannot be opened: %s", path, text);
    case SQLITE_IOERR:
        return err_set(err, ERR_DB, "%s cannot be read or written (%d): %s", path, extended, text);
    default:
        return err_set(err, ERR_DB, "%s", text);
    }
}

enum err_code(db_sqlite_failed)(const struct sqlite_conn *c, int rc, struct err *err)
{
    return error_of(c->handle, rc, c->path, err);
}

/* Statements. */

static void stmt_free(struct sqlite_stmt *s)
{
    sqlite3_finalize(s->handle);
    mem_free(s);
}

static struct sqlite_stmt *stmt_of(struct db_cached *s)
{
    return container_of(s, struct sqlite_stmt, base);
}

static enum err_code stmt_prepare(struct sqlite_conn *c, struct str sql, struct sqlite_stmt **out,
                                  struct err *err)
{
    struct sqlite_stmt *s = mem_zalloc(sizeof *s + sql.n + 1);
    char *text = (char *)(s + 1);
    int rc;

    memcpy(text, sql.p, sql.n);
    s->base.sql = str_make(text, sql.n);
    rc = sqlite3_prepare_v3(c->handle, text, (int)sql.n + 1, SQLITE_PREPARE_PERSISTENT, &s->handle,
                            NULL);
    if (rc != SQLITE_OK || !s->handle) {
        mem_free(s);
        *out = NULL;
        if (rc == SQLITE_OK)
            return err_set(err, ERR_INTERNAL, "empty SQL statement");
        return db_sqlite_failed(c, rc, err);
    }
    *out = s;
    return ERR_OK;
}

/* The statement of the text, from the cache unless a query is reading from that one. */
static enum err_code stmt_take(struct sqlite_conn *c, const char *sql, struct sqlite_stmt **out,
                               struct err *err)
{
    struct str text = str_from(sql);
    struct db_cached *s = db_cache_find(&c->statements, text), *gone;

    if (s && !s->used) {
        *out = stmt_of(s);
        return ERR_OK;
    }
    TRY(stmt_prepare(c, text, out, err));
    if (s)
        return ERR_OK; /* a second one of the same text: not kept */
    gone = db_cache_put(&c->statements, &(*out)->base);
    if (gone)
        stmt_free(stmt_of(gone));
    return ERR_OK;
}

static void stmt_give(struct sqlite_stmt *s)
{
    sqlite3_reset(s->handle);
    sqlite3_clear_bindings(s->handle);
    s->base.used = false;
    if (!s->base.cached)
        stmt_free(s);
}

static int bind_one(sqlite3_stmt *handle, int at, const struct db_value *v,
                    sqlite3_destructor_type life)
{
    const char *bytes = v->s.p ? v->s.p : "";

    switch (v->type) {
    case DB_T_NULL:
        return sqlite3_bind_null(handle, at);
    case DB_T_I64:
    case DB_T_BOOL:
        return sqlite3_bind_int64(handle, at, v->i);
    case DB_T_F64:
        return sqlite3_bind_double(handle, at, v->f);
    case DB_T_TEXT:
        return sqlite3_bind_text64(handle, at, bytes, v->s.n, life, SQLITE_UTF8);
    case DB_T_BLOB:
        return sqlite3_bind_blob64(handle, at, bytes, v->s.n, life);
    }
    return SQLITE_MISUSE;
}

static enum err_code stmt_bind(struct sqlite_conn *c, struct sqlite_stmt *s,
                               const struct db_value *values, size_t n,
                               sqlite3_destructor_type life, struct err *err)
{
    if ((size_t)sqlite3_bind_parameter_count(s->handle) != n)
        return err_set(err, ERR_INTERNAL, "%zu values for %d parameters", n,
                       sqlite3_bind_parameter_count(s->handle));
    for (size_t i = 0; i < n; i++) {
        int rc = bind_one(s->handle, (int)i + 1, &values[i], life);

        if (rc != SQLITE_OK)
            return db_sqlite_failed(c, rc, err);
    }
    return ERR_OK;
}

enum err_code db_sqlite_run(struct sqlite_conn *c, const char *sql, const struct db_value *values,
                            size_t n, struct err *err)
{
    struct sqlite_stmt *s;
    enum err_code rc;
    int step;

    TRY(stmt_take(c, sql, &s, err));
    rc = stmt_bind(c, s, values, n, SQLITE_STATIC, err);
    if (rc == ERR_OK) {
        do
            step = sqlite3_step(s->handle);
        while (step == SQLITE_ROW); /* PRAGMAs answer with rows */
        if (step != SQLITE_DONE)
            rc = db_sqlite_failed(c, step, err);
    }
    stmt_give(s);
    return rc;
}

/* Rows. */

enum err_code db_sqlite_query(struct db_conn *base, struct arena *a, struct db_rows **out,
                              struct err *err, const char *sql, const struct db_value *values,
                              size_t n)
{
    struct sqlite_conn *c = db_sqlite_conn_of(base);
    struct sqlite_rows *rows;
    struct sqlite_stmt *s;
    enum err_code rc;

    TRY(stmt_take(c, sql, &s, err));
    rc = stmt_bind(c, s, values, n, SQLITE_TRANSIENT, err);
    if (rc != ERR_OK) {
        stmt_give(s);
        return rc;
    }
    s->base.used = true;
    rows = arena_new(a, struct sqlite_rows);
    *rows = (struct sqlite_rows){.base.conn = base, .stmt = s, .rc = SQLITE_ROW};
    *out = &rows->base;
    return ERR_OK;
}

static struct sqlite_rows *rows_of(struct db_rows *rows)
{
    return container_of(rows, struct sqlite_rows, base);
}

static sqlite3_stmt *handle_of(const struct db_rows *rows)
{
    return ((const struct sqlite_rows *)(const void *)rows)->stmt->handle;
}

bool db_sqlite_next(struct db_rows *base)
{
    struct sqlite_rows *rows = rows_of(base);

    if (rows->rc == SQLITE_ROW)
        rows->rc = sqlite3_step(rows->stmt->handle);
    return rows->rc == SQLITE_ROW;
}

bool db_sqlite_is_null(const struct db_rows *rows, int col)
{
    return sqlite3_column_type(handle_of(rows), col) == SQLITE_NULL;
}

int64_t db_sqlite_i64(const struct db_rows *rows, int col)
{
    return sqlite3_column_int64(handle_of(rows), col);
}

double db_sqlite_f64(const struct db_rows *rows, int col)
{
    return sqlite3_column_double(handle_of(rows), col);
}

struct str db_sqlite_text(const struct db_rows *rows, int col)
{
    sqlite3_stmt *handle = handle_of(rows);
    const char *p;

    if (sqlite3_column_type(handle, col) == SQLITE_NULL)
        return STR_NULL;
    /* A BLOB cell is taken as it is; everything else is first made text. */
    p = sqlite3_column_type(handle, col) == SQLITE_BLOB
            ? sqlite3_column_blob(handle, col)
            : (const char *)sqlite3_column_text(handle, col);
    return str_make(p ? p : "", (size_t)sqlite3_column_bytes(handle, col));
}

/* Besides 0 and 1 a cell may hold what other programs wrote: 'true', 't'. */
bool db_sqlite_boolean(const struct db_rows *rows, int col)
{
    struct str text;
    bool value;

    if (sqlite3_column_type(handle_of(rows), col) != SQLITE_TEXT)
        return db_sqlite_i64(rows, col) != 0;
    text = db_sqlite_text(rows, col);
    return str_to_bool(text, &value) && value;
}

enum err_code db_sqlite_end(struct db_rows *base, struct err *err)
{
    struct sqlite_rows *rows = rows_of(base);
    enum err_code rc = ERR_OK;

    if (rows->rc != SQLITE_ROW && rows->rc != SQLITE_DONE)
        rc = db_sqlite_failed(db_sqlite_conn_of(base->conn), rows->rc, err);
    stmt_give(rows->stmt);
    rows->stmt = NULL;
    return rc;
}

void db_sqlite_drop_statements(struct sqlite_conn *c)
{
    struct db_cached *s;

    while ((s = db_cache_pop(&c->statements)))
        stmt_free(stmt_of(s));
}

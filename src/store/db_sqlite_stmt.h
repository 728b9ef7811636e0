/*
 * db_sqlite_stmt - statements on a connection to a SQLite database, prepared once and kept by their
 * text; the rows of a query, which are slots of the driver (db_driver.h); what SQLite's errors are
 * to us. Only db_sqlite*.c include this. One thread at a time, as the connection.
 */
#pragma once
#include "base/list.h"
#include "store/db_cache.h"
#include "store/db_driver.h"

struct sqlite3; /* the library's connection */
struct sqlite_db;

struct sqlite_conn {
    struct db_conn base;
    struct sqlite_db *db;
    const char *path; /* of its file, for errors */
    struct list idle; /* kept by the pool */
    struct sqlite3 *handle;
    struct db_cache statements;
};

static inline struct sqlite_conn *db_sqlite_conn_of(struct db_conn *c)
{
    return container_of(c, struct sqlite_conn, base);
}

/* Runs it to its end; rows are thrown away. */
MUST_CHECK enum err_code db_sqlite_run(struct sqlite_conn *c, const char *sql,
                                       const struct db_value *values, size_t n, struct err *err);
void db_sqlite_drop_statements(struct sqlite_conn *c);
/* What went wrong with the connection, whose last call gave `rc`. The text names tables and
 * columns, never values. */
MUST_CHECK enum err_code db_sqlite_failed(const struct sqlite_conn *c, int rc, struct err *err);
#define db_sqlite_failed(...) err_failure(db_sqlite_failed(__VA_ARGS__))

MUST_CHECK enum err_code db_sqlite_query(struct db_conn *base, struct arena *a,
                                         struct db_rows **out, struct err *err, const char *sql,
                                         const struct db_value *values, size_t n);
bool db_sqlite_next(struct db_rows *base);
bool db_sqlite_is_null(const struct db_rows *rows, int col);
int64_t db_sqlite_i64(const struct db_rows *rows, int col);
double db_sqlite_f64(const struct db_rows *rows, int col);
bool db_sqlite_boolean(const struct db_rows *rows, int col);
struct str db_sqlite_text(const struct db_rows *rows, int col);
MUST_CHECK enum err_code db_sqlite_end(struct db_rows *base, struct err *err);

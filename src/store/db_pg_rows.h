/*
 * db_pg_rows - the rows of a query on PostgreSQL, and their cells made alike to those of the other
 * databases: slots of the driver (db_driver.h).
 *
 * Cells come back as text; a whole result is fetched before the first row is given out, so that a
 * connection is free for the next statement while rows are being read.
 */
#pragma once
#include "store/db_driver.h"

MUST_CHECK enum err_code db_pg_query(struct db_conn *base, struct arena *a, struct db_rows **out,
                                     struct err *err, const char *sql,
                                     const struct db_value *values, size_t n);
bool db_pg_next(struct db_rows *base);
bool db_pg_is_null(const struct db_rows *base, int col);
int64_t db_pg_i64(const struct db_rows *base, int col);
double db_pg_f64(const struct db_rows *base, int col);
bool db_pg_boolean(const struct db_rows *base, int col);
struct str db_pg_text(const struct db_rows *base, int col);
MUST_CHECK enum err_code db_pg_end(struct db_rows *base, struct err *err);

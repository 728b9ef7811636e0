/*
 * db_mysql_rows - the rows of a query on MySQL or MariaDB, and their cells made alike to those of
 * the other databases: slots of the driver (db_driver.h).
 *
 * All rows are read before the first one is given out, so that other statements may run on the
 * connection meanwhile; what is long is paged by its readers.
 */
#pragma once
#include "store/db_driver.h"

MUST_CHECK enum err_code db_mysql_query(struct db_conn *base, struct arena *a, struct db_rows **out,
                                        struct err *err, const char *sql,
                                        const struct db_value *values, size_t n);
bool db_mysql_next(struct db_rows *base);
bool db_mysql_is_null(const struct db_rows *rows, int col);
int64_t db_mysql_i64(const struct db_rows *rows, int col);
double db_mysql_f64(const struct db_rows *rows, int col);
bool db_mysql_boolean(const struct db_rows *rows, int col);
struct str db_mysql_text(const struct db_rows *base, int col);
MUST_CHECK enum err_code db_mysql_end(struct db_rows *base, struct err *err);

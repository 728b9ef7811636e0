/*
 * db_pg_copy - many rows at once, by COPY FROM STDIN: db_insert_rows() of the driver for
 * PostgreSQL.
 */
#pragma once
#include "store/db_driver.h"

MUST_CHECK enum err_code db_pg_copy(struct db_conn *base, const struct db_insert *what,
                                    const struct db_value *values, size_t rows, struct err *err);

/*
 * db_version - which servers are new enough. Pure.
 *
 * MySQL 5.7.8 is the first with the type json, MariaDB 10.5 and PostgreSQL 9.6 are the oldest that
 * this program is tested with.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

/* `number` is major * 10000 + minor * 100 + patch, as the client libraries give it, `text` the
 * server's own word for it. ERR_DB names it and what is needed. */
MUST_CHECK enum err_code db_version_check_mysql(bool mariadb, unsigned long number,
                                                const char *text, struct err *err);
/* The same; from 10 on PostgreSQL counts without the middle part. */
MUST_CHECK enum err_code db_version_check_postgres(int number, struct str where, struct err *err);

/*
 * migrate - brings a database forward: a fresh one, one of one-api, of new-api of April 2025, or of
 * the latest new-api (database reference 6 and 7).
 *
 * Adds what is missing, column by column and index by index, never by version; never drops, renames
 * or narrows; leaves what it does not know alone. The original program still runs on the result.
 * It may be killed at any moment and run again, and several nodes may do it at once: all but one
 * wait. Before threads, at start.
 *
 * SQLite and PostgreSQL roll back everything when a step fails. MySQL cannot: what was added stays,
 * the old program runs on with it, and the next run goes on where this one ended.
 */
#pragma once
#include "base/sb.h"
#include "store/db.h"

/* What is kept in a database: everything, or the logs and what belongs to them. */
enum migrate_part { MIGRATE_MAIN, MIGRATE_LOGS };

/* ERR_DB with a text that names table and cause. */
MUST_CHECK enum err_code migrate_up(struct db *db, struct err *err);
/* The same for a database of LOG_SQL_DSN: the logs, and our tables that must lie beside them. */
MUST_CHECK enum err_code migrate_logs(struct db *db, struct err *err);

/* Either, and appends what was done to `said`: statements, each ended by ";\n", and remarks, lines
 * that begin with "-- ". Nothing is appended when there was nothing to do. */
MUST_CHECK enum err_code migrate_run(struct db *db, enum migrate_part part, struct sb *said,
                                     struct err *err);
/* Appends what migrate_run() would do, and changes nothing. An index that rows of the database
 * would break is among it, though it will be left out. */
MUST_CHECK enum err_code migrate_plan(struct db *db, enum migrate_part part, struct sb *said,
                                      struct err *err);
/* For a node that must not migrate: is every table and column there? ERR_DB names what is not. */
MUST_CHECK enum err_code migrate_check(struct db *db, enum migrate_part part, struct err *err);

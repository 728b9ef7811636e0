/*
 * migrate - brings a database forward: a fresh one, one of one-api, of new-api of April 2025, or of
 * the latest new-api (database reference 6 and 7).
 *
 * Adds what is missing, column by column and index by index, never by version; never drops, renames
 * or narrows; leaves what it does not know alone. The original program still runs on the result.
 * It may be killed at any moment and run again. Before threads, at start.
 */
#pragma once
#include "store/db.h"

/* ERR_DB with a text that names table and cause. */
MUST_CHECK enum err_code migrate_up(struct db *db, struct err *err);

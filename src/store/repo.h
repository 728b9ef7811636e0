/*
 * repo - what all repositories share.
 *
 * A repository is one file a table; its queries are named functions. Habits that hold for all of
 * them:
 *   - The first argument is a connection: DB_READ does for what is named find, list, page, count;
 *     everything else wants DB_WRITE. A function never begins a transaction of its own unless its
 *     comment says so, and then it joins the caller's when one is open.
 *   - Results live in the caller's arena `a`; out-parameters are written on every path.
 *   - "Not found" is a result: NULL, false or an empty array with ERR_OK.
 *   - A broken unique index is ERR_CONFLICT, everything else of the database ERR_DB or
 *     ERR_UNAVAILABLE (busy, disk full, away).
 *   - Columns to write are given as a mask: COL(USER_COL_GROUP) | COL(USER_COL_STATUS); the values
 *     come from the struct of the row.
 *   - Names, keys and codes that MySQL would compare without regard to case are compared exactly
 *     after the query.
 */
#pragma once
#include "base/arena.h"

/* Bit of a column in the mask of an update. */
#define COL(column) (UINT64_C(1) << (column))

/* Which part of a list. limit 0: everything from `offset` on. */
struct repo_page {
    int64_t offset, limit;
};

/* Do soft-deleted rows count? */
enum repo_deleted { REPO_LIVE, REPO_WITH_DELETED };

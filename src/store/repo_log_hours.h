/*
 * repo_log_hours - the hourly roll-up of `logs` (table yourapi_log_hours): how many rows, and what
 * quota, of each (type, user, token, channel, model, group) an hour holds.
 *
 * It covers the rows up to an id, the mark, that is kept beside it (yourapi_meta); the mark and the
 * sums move in one transaction, and who asks adds what is behind the mark by reading it. So it does
 * not matter who wrote a row: those of another program, and all of an imported database, are summed
 * up in the same way, in portions.
 */
#pragma once
#include "store/repo_log.h"

enum {
    REPO_LOG_PORTION = 10000, /* as many rows should wait before they are summed up */
    REPO_LOG_CATCH_UP = 20000 /* as many are summed up by one call */
};

/*
 * Sums up rows that wait, when at least `min_rows` of them do. The ledger calls it after each batch
 * with REPO_LOG_PORTION (two short reads when there is nothing to do); 1 is for a caller with time
 * at hand. *behind (may be NULL): rows are left for another call. In the caller's transaction, or
 * one of its own.
 */
MUST_CHECK enum err_code repo_log_roll_up(struct db_conn *c, int64_t min_rows, bool *behind,
                                          struct err *err);

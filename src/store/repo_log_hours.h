/*
 * repo_log_hours - the hourly roll-up of `logs` (table yourapi_log_hours): how many rows, and what
 * quota, of each (type, user, token, channel, model, group) an hour holds.
 *
 * It covers the rows up to an id, the mark, that is kept beside it (yourapi_meta); the mark and the
 * sums move in one transaction, so a reader adds what is behind the mark by reading it. Rows that
 * another program wrote, and all rows of an imported database, are caught up with in portions.
 */
#pragma once
#include "store/repo_log.h"

/* Rows that one call catches up with at most. */
enum { REPO_LOG_CATCH_UP = 20000 };

/*
 * Brings the roll-up forward. `rows` are those which the caller has just put in with
 * repo_log_insert_many() in the same transaction (it saves reading them again); n may be 0: then it
 * only catches up. *behind (may be NULL): rows are left for another call.
 */
MUST_CHECK enum err_code repo_log_roll_up(struct db_conn *c, const struct log_row *rows, size_t n,
                                          bool *behind, struct err *err);

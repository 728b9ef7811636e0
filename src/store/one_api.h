/*
 * one_api - what a database of one-api keeps elsewhere, or under other numbers, than this line does
 * (database reference 6.2, 6.3): channel types, channel configuration, token limits, durations.
 */
#pragma once
#include "base/sb.h"
#include "store/db.h"

/* Once a database, in the caller's transaction; the tables are complete. A table that is not there
 * (in a database that has only logs) has nothing to carry. */
MUST_CHECK enum err_code one_api_carry_over(struct db_conn *c, struct err *err);
/* Before it: appends lines "-- ..." that say what it will do; `said` may be NULL. The tables may be
 * as one-api left them. */
MUST_CHECK enum err_code one_api_describe(struct db_conn *c, struct arena *a, struct sb *said,
                                          struct err *err);

/*
 * one_api - what a database of one-api keeps elsewhere, or under other numbers, than this line does
 * (database reference 6.2, 6.3): channel types, channel configuration, token limits, durations.
 */
#pragma once
#include "store/db.h"

/* Once a database, in the caller's transaction; the tables are complete. */
MUST_CHECK enum err_code one_api_carry_over(struct db_conn *c, struct err *err);

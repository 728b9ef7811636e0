/*
 * repo_option - the table `options`: settings as key and text (database reference 1.4). See repo.h.
 */
#pragma once
#include "base/arena.h"
#include "model/snapshot.h"
#include "store/db.h"

/* All stored rows, sorted by key; a NULL value reads as "". */
MUST_CHECK enum err_code repo_option_list(struct db_conn *c, struct arena *a,
                                          struct option_row **rows, size_t *count, struct err *err);
/* Value of one key; STR_NULL when there is no row. */
MUST_CHECK enum err_code repo_option_find(struct db_conn *c, struct arena *a, struct str key,
                                          struct str *value, struct err *err);
/* Inserts or replaces. */
MUST_CHECK enum err_code repo_option_put(struct db_conn *c, struct str key, struct str value,
                                         struct err *err);
MUST_CHECK enum err_code repo_option_delete(struct db_conn *c, struct str key, struct err *err);

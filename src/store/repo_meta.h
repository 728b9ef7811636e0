/*
 * repo_meta - the table yourapi_meta: what the store itself must remember of a database, as key and
 * text. See repo.h.
 */
#pragma once
#include "base/arena.h"
#include "store/db.h"

/* STR_NULL: not set. */
MUST_CHECK enum err_code repo_meta_find(struct db_conn *c, struct arena *a, struct str key,
                                        struct str *value, struct err *err);
MUST_CHECK enum err_code repo_meta_put(struct db_conn *c, struct str key, struct str value,
                                       struct err *err);
MUST_CHECK enum err_code repo_meta_delete(struct db_conn *c, struct str key, struct err *err);
/* As a number; 0 when it is not set or none. */
MUST_CHECK enum err_code repo_meta_find_i64(struct db_conn *c, struct str key, int64_t *value,
                                            struct err *err);
MUST_CHECK enum err_code repo_meta_put_i64(struct db_conn *c, struct str key, int64_t value,
                                           struct err *err);
/* Waits until nobody else holds the key, and holds it to the end of the caller's transaction: for
 * what reads first and then writes. SQLite has one writer at a time in any case. */
MUST_CHECK enum err_code repo_meta_lock(struct db_conn *c, struct str key, struct err *err);

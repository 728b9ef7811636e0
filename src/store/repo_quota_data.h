/*
 * repo_quota_data - the table `quota_data`: hourly usage a user and model, for the dashboard
 * (database reference 1.10; admin-api 3.12, 5.12). See repo.h.
 */
#pragma once
#include "base/arena.h"
#include "store/db.h"
#include "store/repo.h"

struct quota_data {
    int64_t id, user_id;
    struct str username, model_name; /* cut to 64 bytes when written */
    int64_t created_at;              /* unix s, floored to the hour */
    int64_t token_used, count, quota;
};

/* Adds each sum to its row, or makes the row. In the caller's transaction. */
MUST_CHECK enum err_code repo_quota_data_add(struct db_conn *c, const struct quota_data *rows,
                                             size_t n, struct err *err);
/* Rows of a user (id not 0, or name not empty) with start_s <= created_at <= end_s, oldest first.
 */
MUST_CHECK enum err_code repo_quota_data_list(struct db_conn *c, struct arena *a, int64_t user_id,
                                              struct str username, int64_t start_s, int64_t end_s,
                                              struct quota_data **rows, size_t *count,
                                              struct err *err);
/* Sums over all users a (model, hour); id and user_id are 0, username empty. Oldest first. */
MUST_CHECK enum err_code repo_quota_data_list_sums(struct db_conn *c, struct arena *a,
                                                   int64_t start_s, int64_t end_s,
                                                   struct quota_data **rows, size_t *count,
                                                   struct err *err);

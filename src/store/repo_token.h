/*
 * repo_token - the table `tokens`: API keys of users (database reference 1.2, 5.1). Soft-deleted
 * tokens are never found. See repo.h for what holds for all functions.
 */
#pragma once
#include "model/account.h"
#include "store/db.h"
#include "store/repo.h"

enum token_column {
    TOKEN_COL_ID,
    TOKEN_COL_USER_ID,
    TOKEN_COL_KEY,
    TOKEN_COL_STATUS,
    TOKEN_COL_NAME,
    TOKEN_COL_CREATED_TIME,
    TOKEN_COL_ACCESSED_TIME,
    TOKEN_COL_EXPIRED_TIME,
    TOKEN_COL_REMAIN_QUOTA, /* not by an update: see repo_token_add_quota(), _set_quota() */
    TOKEN_COL_UNLIMITED_QUOTA,
    TOKEN_COL_MODEL_LIMITS_ENABLED,
    TOKEN_COL_MODEL_LIMITS,
    TOKEN_COL_ALLOW_IPS,
    TOKEN_COL_USED_QUOTA,
    TOKEN_COL_GROUP,
    TOKEN_COL_DELETED_AT,
    TOKEN_COL_CROSS_GROUP_RETRY,
    TOKEN_COL_AUTO_GROUPS,
    TOKEN_COLUMNS
};

struct token_page {
    struct token *rows;
    size_t count;
    int64_t total; /* rows of all pages */
};

/* By the key without "sk-", compared exactly; *out is NULL when there is none. */
MUST_CHECK enum err_code repo_token_find_by_key(struct db_conn *c, struct arena *a,
                                                struct secret key, struct token **out,
                                                struct err *err);
/* `user_id` 0: whosever it is; otherwise only that user's own. */
MUST_CHECK enum err_code repo_token_find(struct db_conn *c, struct arena *a, int64_t id,
                                         int64_t user_id, struct token **out, struct err *err);

struct token_filter {
    int64_t user_id;    /* required */
    struct str keyword; /* in the name; empty: any */
    struct str key;     /* in the key, "sk-" already removed; empty: any */
};
/* Highest id first. */
MUST_CHECK enum err_code repo_token_page(struct db_conn *c, struct arena *a,
                                         const struct token_filter *filter, struct repo_page page,
                                         struct token_page *out, struct err *err);
/* Ids of the user's tokens, for dropping their credentials. */
MUST_CHECK enum err_code repo_token_list_ids(struct db_conn *c, struct arena *a, int64_t user_id,
                                             int64_t **ids, size_t *count, struct err *err);
MUST_CHECK enum err_code repo_token_count(struct db_conn *c, int64_t user_id, int64_t *count,
                                          struct err *err);

/* Writes every column but the id, which is given out. Zero status becomes 1, zero expired_time -1.
 * ERR_CONFLICT: the key exists. */
MUST_CHECK enum err_code repo_token_insert(struct db_conn *c, const struct token *row, int64_t *id,
                                           struct err *err);
/* Writes the columns of the mask to the live row `row->id`; the mask must not name id or
 * remain_quota. *found may be NULL. */
MUST_CHECK enum err_code repo_token_update(struct db_conn *c, const struct token *row,
                                           uint64_t columns, bool *found, struct err *err);
/* remain_quota = remain_quota + delta, in the database. */
MUST_CHECK enum err_code repo_token_add_quota(struct db_conn *c, int64_t id, int64_t delta,
                                              bool *found, struct err *err);
/* Brings remain_quota to `quota` by a delta computed in the database; *delta is what was added. */
MUST_CHECK enum err_code repo_token_set_quota(struct db_conn *c, int64_t id, int64_t quota,
                                              int64_t *delta, bool *found, struct err *err);
/* Marks an enabled token TOKEN_EXPIRED or TOKEN_EXHAUSTED where that is still true in the database:
 * neither an administrator's choice nor a top-up of this moment is undone. */
MUST_CHECK enum err_code repo_token_mark(struct db_conn *c, int64_t id, enum token_status to,
                                         int64_t now_s, bool *changed, struct err *err);
/* Soft delete; `user_id` 0: whosever it is. */
MUST_CHECK enum err_code repo_token_delete(struct db_conn *c, int64_t id, int64_t user_id,
                                           int64_t now_s, bool *found, struct err *err);

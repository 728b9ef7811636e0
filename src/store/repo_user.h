/*
 * repo_user - the table `users` (database reference 1.3, 5.1). See repo.h for what holds for all
 * functions.
 */
#pragma once
#include "model/account.h"
#include "store/db.h"
#include "store/repo.h"

enum user_column {
    USER_COL_ID,
    USER_COL_USERNAME,
    USER_COL_PASSWORD,
    USER_COL_DISPLAY_NAME,
    USER_COL_ROLE,
    USER_COL_STATUS,
    USER_COL_EMAIL,
    USER_COL_GITHUB_ID,
    USER_COL_OIDC_ID,
    USER_COL_WECHAT_ID,
    USER_COL_TELEGRAM_ID,
    USER_COL_ACCESS_TOKEN, /* empty is written as NULL */
    USER_COL_QUOTA,        /* not by an update: see repo_user_add_quota(), _set_quota() */
    USER_COL_USED_QUOTA,
    USER_COL_REQUEST_COUNT,
    USER_COL_GROUP,
    USER_COL_AFF_CODE, /* empty is written as NULL */
    USER_COL_AFF_COUNT,
    USER_COL_AFF_QUOTA,
    USER_COL_AFF_HISTORY,
    USER_COL_INVITER_ID,
    USER_COL_DELETED_AT,
    USER_COL_LINUX_DO_ID,
    USER_COL_SETTING,
    USER_COL_REMARK,
    USER_COL_DISCORD_ID,
    USER_COL_STRIPE_CUSTOMER,
    USER_COL_CREATED_AT,
    USER_COL_LAST_LOGIN_AT,
    USER_COL_AUTH_VERSION,
    USER_COLUMNS
};

struct user_page {
    struct user *rows;
    size_t count;
    int64_t total; /* rows of all pages */
};

/* Finders: *out is NULL when there is no such row. */
MUST_CHECK enum err_code repo_user_find(struct db_conn *c, struct arena *a, int64_t id,
                                        enum repo_deleted deleted, struct user **out,
                                        struct err *err);
MUST_CHECK enum err_code repo_user_find_by_username(struct db_conn *c, struct arena *a,
                                                    struct str username, enum repo_deleted deleted,
                                                    struct user **out, struct err *err);
/* Sign-in: a live user whose username or e-mail is `name`; the username wins. Empty: none. */
MUST_CHECK enum err_code repo_user_find_by_login(struct db_conn *c, struct arena *a,
                                                 struct str name, struct user **out,
                                                 struct err *err);
/* A live user by the management token, compared exactly; empty: none. */
MUST_CHECK enum err_code repo_user_find_by_access_token(struct db_conn *c, struct arena *a,
                                                        struct secret access_token,
                                                        struct user **out, struct err *err);
/* A live user by the invitation code, compared exactly; empty: none. */
MUST_CHECK enum err_code repo_user_find_by_aff_code(struct db_conn *c, struct arena *a,
                                                    struct str aff_code, struct user **out,
                                                    struct err *err);
/* Is the username, or the e-mail when it is not empty, taken? Deleted users count. */
MUST_CHECK enum err_code repo_user_taken(struct db_conn *c, struct str username, struct str email,
                                         bool *taken, struct err *err);

struct user_filter {
    struct str keyword; /* in username, e-mail or display name, or the id when it is a number;
                           empty: any */
    struct str group;   /* exactly; empty: any */
};
/* Soft-deleted users are in the list; highest id first (admin-api 3.6). */
MUST_CHECK enum err_code repo_user_page(struct db_conn *c, struct arena *a,
                                        const struct user_filter *filter, struct repo_page page,
                                        struct user_page *out, struct err *err);
/* Live users. */
MUST_CHECK enum err_code repo_user_count(struct db_conn *c, int64_t *count, struct err *err);
/* Is there a live user with ROLE_ROOT? */
MUST_CHECK enum err_code repo_user_root_exists(struct db_conn *c, bool *exists, struct err *err);
/* The live root with the lowest id; NULL: none. */
MUST_CHECK enum err_code repo_user_find_root(struct db_conn *c, struct arena *a, struct user **out,
                                             struct err *err);

/* Writes every column of `row` but the id, which is given out. Zero role, status and auth_version
 * become 1, an empty group `default`, as the original's defaults say. ERR_CONFLICT: username,
 * aff_code or access token is taken. */
MUST_CHECK enum err_code repo_user_insert(struct db_conn *c, const struct user *row, int64_t *id,
                                          struct err *err);
/* Writes the columns of the mask to the row `row->id`, deleted or not. The mask must not name id or
 * quota. *found (may be NULL): there is such a row. */
MUST_CHECK enum err_code repo_user_update(struct db_conn *c, const struct user *row,
                                          uint64_t columns, bool *found, struct err *err);
/* quota = quota + delta, in the database. */
MUST_CHECK enum err_code repo_user_add_quota(struct db_conn *c, int64_t id, int64_t delta,
                                             bool *found, struct err *err);
/* The administrator's explicit "set": brings the balance to `quota` by a delta that is computed and
 * applied in the database; *delta is what was added (for balance_changed_user()). */
MUST_CHECK enum err_code repo_user_set_quota(struct db_conn *c, int64_t id, int64_t quota,
                                             int64_t *delta, bool *found, struct err *err);
/* Invitation: aff_count + 1, aff_quota and aff_history + reward. */
MUST_CHECK enum err_code repo_user_add_invitation(struct db_conn *c, int64_t id, int64_t reward,
                                                  struct err *err);
/* Moves `quota` from aff_quota to quota in one statement; *moved false: aff_quota is too small. */
MUST_CHECK enum err_code repo_user_transfer_aff(struct db_conn *c, int64_t id, int64_t quota,
                                                bool *moved, struct err *err);
/* Sets deleted_at unless it is set; the username stays taken. */
MUST_CHECK enum err_code repo_user_soft_delete(struct db_conn *c, int64_t id, int64_t now_s,
                                               bool *found, struct err *err);
/* Removes the row only: tokens and logs stay (database reference 4.6). */
MUST_CHECK enum err_code repo_user_hard_delete(struct db_conn *c, int64_t id, bool *found,
                                               struct err *err);

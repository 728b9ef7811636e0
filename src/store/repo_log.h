/*
 * repo_log - the table `logs`: usage and events (database reference 1.7, 3.4;
 * admin-api 3.11, 5.12). It may live in a database of its own: pass a connection of the log
 * database. See repo.h.
 *
 * Order of every list: newest created_at first, then highest id; a row without a time stands at
 * zero. Pages and sums use the index (repo_log_index.h), so that any filters and any page of them
 * cost about the same; rows that are not indexed yet, by whoever they were written, are read
 * directly.
 */
#pragma once
#include "base/arena.h"
#include "store/db.h"
#include "store/repo.h"

enum log_type {
    LOG_TYPE_ALL = 0, /* as a filter */
    LOG_TYPE_TOPUP = 1,
    LOG_TYPE_CONSUME = 2,
    LOG_TYPE_MANAGE = 3,
    LOG_TYPE_SYSTEM = 4,
    LOG_TYPE_ERROR = 5,
    LOG_TYPE_REFUND = 6,
    LOG_TYPE_LOGIN = 7
};

/* A row of `logs`. */
struct log_row {
    int64_t id, user_id, created_at, type; /* created_at: unix s; enum log_type */
    struct str content, username, token_name, model_name;
    int64_t quota, prompt_tokens, completion_tokens, use_time; /* points, tokens, tokens, s */
    bool is_stream;
    int64_t channel_id, token_id;
    struct str group, other; /* other: JSON object text or empty */
    struct str ip, request_id, upstream_request_id;
};

/* A member that is empty or zero lets everything pass; the others must all match. */
struct log_filter {
    int64_t type;
    int64_t start_s, end_s; /* created_at >= start, <= end */
    int64_t user_id, token_id, channel_id;
    struct str username, token_name, group, request_id; /* exactly */
    struct str model_name; /* a LIKE pattern of the caller: % and _ are wildcards */
};

struct log_page {
    struct log_row *rows;
    size_t count;
    int64_t total; /* rows of all pages */
};

struct log_stat {
    int64_t quota;    /* sum over consume rows; the filter's type is ignored */
    int64_t rpm, tpm; /* consume rows of the last 60 s and their tokens; the filter's times are
                         ignored */
};

/* One row at once: events of the management API. */
MUST_CHECK enum err_code repo_log_insert(struct db_conn *c, const struct log_row *row,
                                         struct err *err);
/* Many rows in multi-row statements, in the caller's transaction. Ids are given by the database, in
 * the order of the rows. */
MUST_CHECK enum err_code repo_log_insert_many(struct db_conn *c, const struct log_row *rows,
                                              size_t n, struct err *err);

MUST_CHECK enum err_code repo_log_page(struct db_conn *c, struct arena *a,
                                       const struct log_filter *filter, struct repo_page page,
                                       struct log_page *out, struct err *err);
/* The keyword search of admin-api 3.11: newest `limit` rows whose type is the keyword or (only when
 * user_id is 0) whose content starts with it; user_id not 0: that user's rows. */
MUST_CHECK enum err_code repo_log_search(struct db_conn *c, struct arena *a, struct str keyword,
                                         int64_t user_id, int64_t limit, struct log_page *out,
                                         struct err *err);
MUST_CHECK enum err_code repo_log_stat(struct db_conn *c, const struct log_filter *filter,
                                       int64_t now_s, struct log_stat *out, struct err *err);

/* Deletes at most `max_rows` rows with created_at < before_s in one transaction;
 * fewer than that: none are left, and the index is corrected. Call again, with a pause, until
 * then. */
MUST_CHECK enum err_code repo_log_delete_before(struct db_conn *c, int64_t before_s,
                                                int64_t max_rows, int64_t *deleted,
                                                struct err *err);

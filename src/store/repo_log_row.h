/*
 * repo_log_row - what the repo_log*.c files share of the table `logs` and of its roll-up.
 */
#pragma once
#include "store/repo_log.h"
#include "store/repo_row.h"

enum { LOG_HOUR_S = 3600 };

extern const struct repo_table repo_log_table;

/* Names cut to what the columns hold on the servers, so that a row that a stranger chose the model
 * name of is stored, and is summed under the same name. */
struct log_row repo_log_clip(const struct log_row *row);

static inline int64_t repo_log_hour(int64_t at_s)
{
    return at_s - at_s % LOG_HOUR_S;
}

/* Held by whoever adds rows or sums them up, to the end of his transaction: the sums go by ids, and
 * on a server one that was given out earlier may be committed later. */
MUST_CHECK enum err_code repo_log_lock(struct db_conn *c, struct err *err);

/* Sums of an hour. */
struct log_hour {
    int64_t hour, count, quota; /* hour: unix s of its start */
};
struct log_hours {
    struct log_hour *rows; /* newest first */
    size_t count;
    struct log_filter filter; /* as given, and with the user that it means when that is one */
};

/* The hours that hold rows which the filter lets pass, with exact sums; not for a filter with a
 * request_id. In a transaction, so that the mark and the rows belong together. */
MUST_CHECK enum err_code repo_log_hours_find(struct db_conn *c, struct arena *a,
                                             const struct log_filter *filter, struct log_hours *out,
                                             struct err *err);
/* After all rows with created_at < before_s were deleted. */
MUST_CHECK enum err_code repo_log_hours_forget(struct db_conn *c, int64_t before_s,
                                               struct err *err);
/* The conditions of the filter on the columns of `logs`, times included: " AND ...". */
void repo_log_add_filter(struct repo_query *q, struct arena *a, const struct log_filter *f);

/*
 * repo_log_row - what the repo_log*.c files share of the table `logs` and of its index.
 */
#pragma once
#include "store/log_chunk.h"
#include "store/repo_log.h"
#include "store/repo_row.h"

extern const struct repo_table repo_log_table;

/* Names cut to what the columns hold on the servers, so that a row that a stranger chose the model
 * name of is stored, and is indexed under the same name. */
struct log_row repo_log_clip(const struct log_row *row);

/* Held by whoever adds rows or indexes them, to the end of his transaction: the index goes by ids,
 * and on a server one that was given out earlier may be committed later. */
MUST_CHECK enum err_code repo_log_lock(struct db_conn *c, struct err *err);

/* Key of yourapi_meta: the id up to which rows are indexed. */
#define LOG_MARK STR("log_index_mark")
MUST_CHECK enum err_code repo_log_mark(struct db_conn *c, int64_t *mark, struct err *err);

/* After rows were deleted by their time. */
MUST_CHECK enum err_code repo_log_index_forget(struct db_conn *c, struct err *err);

/* Rows of one chunk that a filter lets pass. */
struct log_span {
    int64_t chunk, newest_s, oldest_s,
        left_s;       /* times of all rows; before left_s all are deleted */
    size_t rows;      /* of the chunk */
    size_t count;     /* that pass */
    int64_t consumed; /* by those, as far as one condition tells */
    uint64_t *set;    /* their positions; NULL: all */
};

/* Rows that a filter lets pass. */
struct log_view {
    struct log_span *spans; /* each with such rows, in order of their chunks */
    size_t span_count;
    struct log_ref *tail; /* rows that are not indexed yet, newest first */
    size_t tail_count;
    int64_t total;
    bool behind; /* too many rows are not indexed yet; nothing else is set then */
};

/* Not for a filter with a request_id. In a transaction, so that the mark and the rows belong
 * together. */
MUST_CHECK enum err_code repo_log_view(struct db_conn *c, struct arena *a,
                                       const struct log_filter *filter, struct log_view *out,
                                       struct err *err);
/* All rows of the span's chunk, in the order of their positions. */
MUST_CHECK enum err_code repo_log_span_refs(struct db_conn *c, struct arena *a,
                                            const struct log_span *span, struct log_ref **refs,
                                            struct err *err);
/* Which rows of the view a page holds, in its order. */
MUST_CHECK enum err_code repo_log_view_page(struct db_conn *c, struct arena *a,
                                            const struct log_view *view, struct repo_page page,
                                            struct log_ref **refs, size_t *count, struct err *err);
/* What all rows that pass the filter have consumed; its type must be LOG_TYPE_CONSUME. */
MUST_CHECK enum err_code repo_log_view_consumed(struct db_conn *c, struct arena *a,
                                                const struct log_filter *filter, int64_t *consumed,
                                                bool *behind, struct err *err);

/* The conditions of the filter on the columns of `logs`, times included: " AND ...". */
void repo_log_add_filter(struct repo_query *q, struct arena *a, const struct log_filter *f);
/* " LIKE ... " or " = ": the condition on a model's name, which stands before it. */
void repo_log_add_model(struct repo_query *q, struct arena *a, struct str pattern);

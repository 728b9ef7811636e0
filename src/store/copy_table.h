/*
 * copy_table - the rows of one table from one database into another, in batches by primary key, and
 * what both have to agree in. Only copy.c includes this.
 */
#pragma once
#include "base/sb.h"
#include "store/copy.h"
#include "store/schema.h"

enum { COPY_KEYS_MAX = 4 };

struct copy_side {
    struct db_conn *conn;
    enum db_kind kind;
};

struct copy_table {
    const struct schema_table *schema;
    size_t key_count, keys[COPY_KEYS_MAX]; /* columns of the primary key, in its order */
    int64_t total;                         /* rows of the source */
    int64_t rows;                          /* copied */
    bool done;
    size_t row_bytes;    /* of the last batch, on average; 0: not known */
    struct str last_key; /* of the row that was copied last, as text; STR_NULL: none yet */
};

void copy_table_init(struct copy_table *t, const struct schema_table *schema);
/* The next batch, in the caller's transaction of the target. *rows 0: there are no more. The last
 * key is in the arena. */
MUST_CHECK enum err_code copy_table_batch(struct copy_table *t, const struct copy_side *from,
                                          const struct copy_side *to, struct arena *a,
                                          int64_t *batch_rows, struct err *err);

MUST_CHECK enum err_code copy_table_count(const struct copy_side *side, const char *table,
                                          int64_t *rows, struct err *err);
/* ERR_DB names the column whose numbers differ. `sums` has room for copy_table_sum_count(). */
MUST_CHECK enum err_code copy_table_verify(const struct copy_table *t, const struct copy_side *from,
                                           const struct copy_side *to, struct copy_sum *sums,
                                           struct err *err);
size_t copy_table_sum_count(const struct schema_table *schema);

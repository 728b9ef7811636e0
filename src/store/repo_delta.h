/*
 * repo_delta - numbers added to columns of many rows that are found by their ids, in as few
 * statements as the database likes best. Only repo_*.c include this.
 */
#pragma once
#include "store/db.h"

enum delta_op {
    DELTA_ADD,
    DELTA_SUBTRACT,
    DELTA_RAISE /* to the value, where it is the greater one */
};

/* A NULL cell counts as zero. */
struct delta_column {
    const char *name;
    enum delta_op op;
    size_t at; /* offset of the value in a delta, an int64_t */
};

enum { DELTA_COLUMNS = 3 };

struct delta_table {
    const char *name;
    struct delta_column columns[DELTA_COLUMNS];
    size_t count;
    size_t delta_bytes; /* of the caller's struct, which begins with the id, an int64_t */
};

/* `deltas` is an array of n such structs, no two of one id. Rows that are not there are passed
 * over. */
MUST_CHECK enum err_code repo_delta_apply(struct db_conn *c, const struct delta_table *t,
                                          const void *deltas, size_t n, struct err *err);

/* PostgreSQL's text of an array, for a parameter that is cast to bigint[]: `n` numbers (int64_t),
 * `step` bytes from one to the next. */
struct db_value repo_bigint_array(struct arena *a, const void *first, size_t step, size_t n);

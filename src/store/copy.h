/*
 * copy - moves everything from one database into another, between any two kinds.
 *
 * Every table and column of the schema is copied, ours included: the target then is where the
 * source was, also in what the ledger and the index of the log know. Tables and columns that the
 * schema does not know are not; they are told of (copy_report.strangers). The source must have been
 * brought forward (migrate.h), and nobody may write into either meanwhile.
 *
 * The target is brought forward first and must be empty, or hold an unfinished copy of the same
 * source: how far each table is copied stands in its table yourapi_copy, written in the transaction
 * of the rows, so a copy that was killed goes on where it ended. At the end rows are counted and
 * whole numbers summed up on both sides; only when all agree yourapi_copy is removed.
 *
 * Blocks; one thread.
 */
#pragma once
#include "base/arena.h"
#include "store/db.h"

struct copy_progress {
    const char *table;
    int64_t table_rows, table_total;
    int64_t rows, total; /* of all tables */
    bool table_done;
};

struct copy_conf {
    struct db *from, *to;
    struct str source; /* the source's name for the target, so that two are not mixed */
    void (*tell)(void *ctx, const struct copy_progress *p); /* often; NULL: nobody */
    void *ctx;
};

struct copy_report {
    bool resumed;
    int64_t rows; /* in all tables, checked */
    unsigned tables;
    struct str *strangers; /* "table" or "table.column"; in the arena */
    size_t stranger_count;
    struct copy_sum {
        const char *table, *column;
        int64_t sum;
    } * sums; /* of columns with money in them, the same on both sides */
    size_t sum_count;
};

/* ERR_BAD_REQUEST: the source is not as it must be; ERR_CONFLICT: the target is not empty, or two
 * rows of the source are one to the target, whose texts know no case; ERR_TOO_LARGE: a text does
 * not fit into the target's column; ERR_DB, ERR_UNAVAILABLE. After each it can be run again. */
MUST_CHECK enum err_code copy_run(const struct copy_conf *conf, struct arena *a,
                                  struct copy_report *out, struct err *err);
/* ERR_DB when the database is the target of a copy that has not ended: it may lack rows of any
 * table, so nobody may work on it. The text says what to do. */
MUST_CHECK enum err_code copy_check_finished(struct db *db, struct err *err);

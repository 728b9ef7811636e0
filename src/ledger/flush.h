/*
 * flush - applies a batch of usage records to the database(s), exactly once. Private to the ledger.
 *
 * A side is a database with what belongs into it: where logs have a database of their own there are
 * two, each with its own positions, so each is exact by itself, whatever happens to the other. One
 * thread at a time.
 */
#pragma once
#include <stdatomic.h>

#include "base/map.h"
#include "ledger/balance.h"
#include "ledger/journal.h"
#include "ledger/record.h"

struct metrics;

struct flush_item {
    struct usage_record record; /* borrowed strings */
    struct journal_mark end;
};

struct flush_side {
    struct db *db;
    bool money, logs;
    bool doubt;           /* a transaction failed: what the database holds must be asked */
    struct map positions; /* journal id -> struct flush_position */
};

struct flush {
    struct flush_side sides[2];
    unsigned side_count;
    struct balances *balances;      /* may be NULL */
    struct shared_balances *shared; /* may be NULL */
    struct metrics *metrics;        /* may be NULL */
    _Atomic bool data_export;
    bool committing;  /* the epoch of the balances is odd */
    bool index_due;   /* log rows may wait for flush_index() */
    uint64_t charged; /* items whose money this process has put into the database */
};

void flush_init(struct flush *f, struct db *db, struct db *log_db, struct balances *balances,
                struct metrics *metrics);
void flush_fini(struct flush *f);

/* A journal whose positions are read from the database (an earlier process wrote it); for others
 * nothing is applied yet. ERR_DB, ERR_UNAVAILABLE. */
MUST_CHECK enum err_code flush_know(struct flush *f, uint64_t journal_id, struct err *err);
/* How far the journal is applied in a side, as far as is known. */
uint64_t flush_applied(struct flush *f, unsigned side, uint64_t journal_id);
/* Writes down a new journal before anything of it is applied, so that other nodes know of it. */
MUST_CHECK enum err_code flush_announce(struct flush *f, uint64_t journal_id, struct err *err);
/*
 * Applies. Items of one journal come in the order of their positions; what a side holds already is
 * passed over. On an error nothing or all of it may be in one of the sides: call again with the
 * same items until it succeeds.
 */
MUST_CHECK enum err_code flush_apply(struct flush *f, const struct flush_item *items, size_t n,
                                     struct err *err);
/* With time at hand: indexes a portion of the log rows that are not indexed yet
 * (store/repo_log_index.h), when there is a whole one. */
MUST_CHECK enum err_code flush_index(struct flush *f, struct err *err);
/* The journal's files are gone: its positions are finished, and very old ones removed. */
MUST_CHECK enum err_code flush_forget(struct flush *f, uint64_t journal_id, struct err *err);

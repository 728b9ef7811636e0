/*
 * verify - do the accounts agree? The consume rows of the log against users.used_quota,
 * tokens.used_quota and channels.used_quota, to the point.
 *
 * Over the life of the database this holds where consume logs were never switched off, rows never
 * deleted and used_quota never edited; otherwise take a mark first and compare what came since.
 * Rows of channel tests, which charge nobody (billing reference 9.2), and of accounts that are gone
 * are counted apart. With records still in a journal, call ledger_flush() before. Blocks.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct db_conn;

/* The accounts at one moment. */
struct verify_mark {
    int64_t log_id; /* highest at that moment */
    struct verify_account {
        int64_t id, used;
    } * users, *tokens, *channels; /* sorted by id; in the arena */
    size_t user_count, token_count, channel_count;
};

struct verify_table {
    int64_t logged, used; /* sums over accounts that exist, points */
    int64_t orphaned;     /* logged for accounts that are gone or never were */
    int64_t accounts;     /* compared: have a log row or used quota */
    int64_t wrong;        /* accounts whose sums differ */
    int64_t first_wrong;  /* id of one of them; 0: none */
    int64_t first_logged, first_used;
};

struct verify_report {
    struct verify_table users, tokens, channels;
    int64_t rows; /* consume rows compared */
    bool agree;   /* no account is wrong */
};

/* `logs` is a connection of the log database; the same as `main` when it is not elsewhere. */
MUST_CHECK enum err_code verify_mark_take(struct db_conn *main, struct db_conn *logs,
                                          struct arena *a, struct verify_mark *out,
                                          struct err *err);
/* `since` NULL: over the life of the database. */
MUST_CHECK enum err_code verify_accounts(struct db_conn *main, struct db_conn *logs,
                                         const struct verify_mark *since, struct verify_report *out,
                                         struct err *err);

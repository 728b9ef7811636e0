/*
 * repo_ledger - what the ledger thread applies in one transaction: deltas of balances and counters,
 * and how far each journal is applied. See repo.h. All functions work in the caller's transaction.
 */
#pragma once
#include "store/db.h"
#include "store/repo.h"

/* quota = quota - quota, used_quota = used_quota + used, request_count = request_count + requests.
 */
struct ledger_user_delta {
    int64_t id, quota, used, requests;
};
/* remain_quota = remain_quota - quota, used_quota = used_quota + quota, accessed_time = the later
 * one. A soft-deleted token is charged, too. */
struct ledger_token_delta {
    int64_t id, quota, accessed_s;
};
/* used_quota = used_quota + used. */
struct ledger_channel_delta {
    int64_t id, used;
};

/* No two deltas are of one id. Rows that are gone are passed over: the money of a removed user is
 * nobody's. */
MUST_CHECK enum err_code repo_ledger_apply_users(struct db_conn *c,
                                                 const struct ledger_user_delta *deltas, size_t n,
                                                 struct err *err);
MUST_CHECK enum err_code repo_ledger_apply_tokens(struct db_conn *c,
                                                  const struct ledger_token_delta *deltas, size_t n,
                                                  struct err *err);
MUST_CHECK enum err_code repo_ledger_apply_channels(struct db_conn *c,
                                                    const struct ledger_channel_delta *deltas,
                                                    size_t n, struct err *err);

/* May the account of the database write what a batch writes: balances and positions, log rows? No
 * row is changed. The error names the table. Without a transaction. */
enum { LEDGER_ACCOUNTS = 1, LEDGER_LOGS = 2 };
MUST_CHECK enum err_code repo_ledger_try_writing(struct db_conn *c, unsigned parts,
                                                 struct err *err);

struct ledger_position {
    uint64_t journal_id, applied;
};

/* The position of a journal that has ended: every record that may turn up once more, in a copy of
 * its files for instance, is applied. */
#define LEDGER_FINISHED UINT64_MAX

/* Where the journal is applied up to; 0 when it is not known. */
MUST_CHECK enum err_code repo_ledger_find_position(struct db_conn *c, uint64_t journal_id,
                                                   uint64_t *applied, struct err *err);
/* From where the caller knows it to be. ERR_CONFLICT: it is elsewhere, because somebody else
 * applies the same journal; the transaction must be rolled back. */
MUST_CHECK enum err_code repo_ledger_move_position(struct db_conn *c, uint64_t journal_id,
                                                   uint64_t from, uint64_t to, struct err *err);
MUST_CHECK enum err_code repo_ledger_list_positions(struct db_conn *c, struct arena *a,
                                                    struct ledger_position **rows, size_t *count,
                                                    struct err *err);
/* The journal's files are gone: its position, where it has one, becomes LEDGER_FINISHED. */
MUST_CHECK enum err_code repo_ledger_finish(struct db_conn *c, uint64_t journal_id,
                                            struct err *err);
/* Removes finished ones with ids below, which are those of journals made before a time. */
MUST_CHECK enum err_code repo_ledger_delete_finished(struct db_conn *c, uint64_t below,
                                                     struct err *err);

/* What the accounts have, and how far each journal is applied, at one moment: one statement, which
 * sees all of a commit or nothing; journals that are finished are left out. An account that is not
 * there has 0; deleted ones have theirs. `token_id` 0: none. */
struct ledger_view {
    int64_t quota, remain_quota;
    struct ledger_position *positions; /* in the arena */
    size_t count;
};
MUST_CHECK enum err_code repo_ledger_view(struct db_conn *c, struct arena *a, int64_t user_id,
                                          int64_t token_id, struct ledger_view *out,
                                          struct err *err);

/*
 * balance - what users and tokens can still spend: reserve, settle, release, in memory, in one
 * atomic step.
 *
 * An entry (one a user, one a token) is loaded from the database once and then kept by deltas:
 *     available = database value - reserved - settled but not yet applied by the ledger.
 * Reserving takes from user and token together or from neither. A denial may be the fault of an old
 * value (an administrator or another program gave quota): the caller re-checks at the source once
 * with balance_refresh() on the offload pool and tries again. Entries with something reserved or
 * unapplied are never evicted.
 *
 * Threads: any. Reserve and settle are atomic operations on the entry, no lock.
 */
#pragma once
#include "base/err.h"
#include "model/account.h"

struct balances; /* the table */
struct balance;  /* one entry, counted */
struct db;

struct hold {                     /* plain value; zero = holds nothing */
    struct balance *user, *token; /* token NULL: playground or unlimited checks none */
    int64_t points;
};

struct balances *balances_new(void);
void balances_free(struct balances *b);

/* The entry of a user / token with the value just read from the database (`quota`, or
 * `remain_quota`); an entry that is there already keeps its own value. `unlimited`: never denied,
 * still counted. One reference for the caller. Offload pool. */
struct balance *balance_open_user(struct balances *b, int64_t user_id, int64_t quota);
struct balance *balance_open_token(struct balances *b, int64_t token_id, int64_t remain_quota,
                                   bool unlimited);
struct balance *balance_ref(struct balance *e);
void balance_put(struct balance *e);
int64_t balance_available(const struct balance *e);

/* ERR_NO_USER_QUOTA / ERR_NO_TOKEN_QUOTA change nothing; text as in relay reference 8.4. `hold` is
 * written on every path. Takes references. */
MUST_CHECK enum err_code balance_reserve(struct balance *user, struct balance *token,
                                         int64_t points, struct hold *hold, struct err *err);
/* Replaces the hold by the true cost (which may be more, or less): the difference is moved at once;
 * `cost` stays counted as unapplied until balance_applied(). The hold is zero after. */
void balance_settle(struct hold *hold, int64_t cost);
/* Gives everything back; safe on a zero hold. */
void balance_release(struct hold *hold);
void balance_release_defer(void *hold); /* for arena_defer() */

/* Re-reads both from the database so that available becomes exact. Offload pool. */
MUST_CHECK enum err_code balance_refresh(struct balances *b, struct db *db, struct balance *user,
                                         struct balance *token, struct err *err);
/* Ledger thread, after a commit: `cost` points of the user's / token's unapplied are now in the
 * database. */
void balance_applied_user(struct balances *b, int64_t user_id, int64_t cost);
void balance_applied_token(struct balances *b, int64_t token_id, int64_t cost);
/* Management API, after its own commit: the database value was changed by `delta` (top-up, edit).
 * No entry: nothing to do. */
void balance_changed_user(struct balances *b, int64_t user_id, int64_t delta);
void balance_changed_token(struct balances *b, int64_t token_id, int64_t delta);
/* The token's `unlimited` flag was edited. */
void balance_set_unlimited(struct balances *b, int64_t token_id, bool unlimited);

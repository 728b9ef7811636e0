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
 * Threads: any. Settle and release are atomic additions; so is reserving, but for a token with a
 * limit, which holds a spin lock of its user for some tens of instructions, so that two calls of
 * one user can never deny each other by a half-done attempt. No I/O and no other lock under it.
 *
 * How the value of the database and what is not yet in it are kept apart: for each entry
 *     available + reserved + unapplied = known,
 * where `known` is the database's value as far as we know. The ledger lowers `known` and
 * `unapplied` together after a commit; a refresh sets `known` to what it read and moves `available`
 * by the difference. What a refresh reads must be with or without a batch as `known` is: the ledger
 * makes an epoch odd before it commits and even after it has lowered the entries
 * (balances_commit_begin(), _end()), and a refresh that saw the epoch move, or odd, reads again. Of
 * two refreshes of one entry the one that began later counts.
 */
#pragma once
#include "base/err.h"
#include "model/account.h"

struct balances; /* the table */
struct balance;  /* one entry, counted */
struct db;

/* Where a reservation counts that several nodes share: balance_shared.h. */
struct shared_hold {
    struct shared_member *member; /* NULL: nowhere */
    struct shared_account *user, *token;
};

struct hold {                     /* plain value; zero = holds nothing */
    struct balance *user, *token; /* token NULL: playground or unlimited checks none */
    int64_t points;
    struct shared_hold shared;
};

struct balances *balances_new(void);
void balances_free(struct balances *b);
/* Where balance_changed_user() and _token() read; ledger_open() sets it. Before threads. */
void balances_set_source(struct balances *b, struct db *db);

/* The entry of a user / token with the value just read from the database (`quota`, or
 * `remain_quota`); an entry that is there already keeps its own value. `unlimited`: never denied,
 * still counted. One reference for the caller. Offload pool. */
struct balance *balance_open_user(struct balances *b, int64_t user_id, int64_t quota);
struct balance *balance_open_token(struct balances *b, int64_t token_id, int64_t remain_quota,
                                   bool unlimited);
struct balance *balance_ref(struct balance *e);
int64_t balance_id(const struct balance *e);
bool balance_is_unlimited(const struct balance *e);
void balance_put(struct balance *e);
int64_t balance_available(const struct balance *e);
/* The same with what is only reserved: what the account would have if every call in flight ended
 * free. Zero or less means used up for good, available of zero may pass. */
int64_t balance_unspent(const struct balance *e);

/* ERR_NO_USER_QUOTA / ERR_NO_TOKEN_QUOTA change nothing; text as in relay reference 8.4. `hold` is
 * written on every path. Takes references. */
MUST_CHECK enum err_code balance_reserve(struct balance *user, struct balance *token,
                                         int64_t points, struct hold *hold, struct err *err);
/* Those errors, where `left` points are left. */
enum err_code balance_deny_user(int64_t left, int64_t points, struct err *err);
enum err_code balance_deny_token(int64_t left, int64_t points, struct err *err);
/* Reserves without a denial: somebody who knows better has granted it. */
void balance_take(struct balance *user, struct balance *token, int64_t points, struct hold *hold);
/* Replaces the hold by the true cost (which may be more, or less): the difference is moved at once;
 * `cost` stays counted as unapplied until balance_applied(). The hold is zero after. */
void balance_settle(struct hold *hold, int64_t cost);
/* Gives everything back; safe on a zero hold. */
void balance_release(struct hold *hold);
void balance_release_defer(void *hold); /* for arena_defer() */

/* Re-reads both (NULL is allowed) from the database so that available becomes exact. ERR_DB,
 * ERR_UNAVAILABLE. Offload pool. */
MUST_CHECK enum err_code balance_refresh(struct balances *b, struct db *db, struct balance *user,
                                         struct balance *token, struct err *err);
/* Ledger thread, after a commit: `cost` points of the user's / token's unapplied are now in the
 * database. */
void balance_applied_user(struct balances *b, int64_t user_id, int64_t cost);
void balance_applied_token(struct balances *b, int64_t token_id, int64_t cost);
/* Around a commit that lowers balances in the database; see above. Ledger thread. */
void balances_commit_begin(struct balances *b);
void balances_commit_end(struct balances *b);
/* Management API, after its own commit: the database value was changed by `delta` (top-up, edit).
 * The entry, if there is one, is read anew, so calling it twice, or beside a refresh, counts once;
 * blocks, offload pool. Without a source (in tests), or when it is away and `delta` takes, `delta`
 * is added. */
void balance_changed_user(struct balances *b, int64_t user_id, int64_t delta);
void balance_changed_token(struct balances *b, int64_t token_id, int64_t delta);
/* Who is told of such changes, whether there is an entry or not. Before threads. */
void balances_on_changed(struct balances *b, void (*fn)(void *ctx, int64_t id, bool is_token),
                         void *ctx);
/* The token's `unlimited` flag was edited. */
void balance_set_unlimited(struct balances *b, int64_t token_id, bool unlimited);

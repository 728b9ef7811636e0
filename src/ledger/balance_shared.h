/*
 * balance_shared - balances that several nodes spend from at once, through Redis.
 *
 * Each loop of each node is a member with a name of its own, the id of its journal, and a
 * connection of its own, on which what it says stays in order. For every account (user or token)
 * Redis keeps what the database held (`base`) and, for each member J, what is reserved there or
 * settled but not told to be applied (`n:J`); a reservation is one script, which takes from user
 * and token together or from neither while
 *
 *     available = base - sum of n:J
 *
 * suffices. The invariant: `available` is never more than what the database holds less what all
 * members have outstanding. Why it holds:
 *
 * - A base is read in one statement together with the position up to which each journal is applied,
 *   so it is known which commits are in it. A member tells after its commit, in one step, "lower my
 *   outstanding, and the base unless it was read with this commit in it". A base that was read
 *   before such a step is refused after it. Between commit and telling a cost may count twice,
 * never not at all.
 * - A change by others (a top-up, an edit) gives the account a new generation and takes its base
 *   away; a base that was read under another generation is refused. Where nobody tells (another
 *   program, SQL by hand) a denial reads the database anew, at most once a second, and an account
 *   in use is read every minute.
 * - Nobody guesses what became of a command. After an unknown outcome, a restart of Redis or a lost
 *   connection the member enters anew, with a new connection number, without which no script does
 *   anything, and publishes absolute values of all its accounts before it reserves there again.
 * - A Redis that was restarted, emptied or replaced by another server begins a new epoch, in which
 *   nothing that it may remember holds. Until all journals that the database knows have entered,
 *   but at most for some seconds, no base is set, and nodes reserve by themselves.
 * - What a node that died had outstanding stays counted: when it starts again it replays its
 *   journals and then takes its former members off the list, after which every account reads its
 *   base anew. For a node that never returns balance_shared_retire() does that, after its journal
 *   was applied elsewhere or given up. An account that nobody uses for a day is forgotten.
 *
 * Without Redis a member reserves in memory as balance.h does, and first reads an account's
 * balance again when what it knows is older than two seconds, because other nodes spend from it,
 * too. Several nodes may then together pass the limit by what each admits in that time; the sums
 * are right all the same, since every cost goes through a journal. What was reserved by itself is
 * published on the return of Redis.
 *
 * An account that could pay a thousand such calls, and said so in the last 200 ms, is not waited
 * for: the reservation is made and told. At most a thousandth of what it had is under way like this
 * on each loop.
 *
 * Two nodes must not have the same name. Redis must not evict keys (maxmemory-policy noeviction); a
 * member that finds its own number missing publishes anew.
 */
#pragma once
#include "ledger/balance.h"
#include "net/loop.h"

struct shared_balances; /* a node's */
struct shared_member;   /* a loop's */
struct clock;
struct offload;
struct redis;

struct shared_conf {
    struct balances *balances;
    struct db *db;
    struct offload *offload;
    struct str node;   /* letters and digits; belongs to the journal folder: ledger_node_id() */
    struct str prefix; /* of the keys; empty: "yourapi:" */
    int64_t warm_ms;   /* how long a new epoch waits for members; 0: 8000, which is longer than a
                          client pauses between two attempts */
    uint64_t call_ms;  /* until Redis must have answered a command, else the member goes on alone;
                          0: 3000 */
};

/* Tells Redis of what balance_changed_user() and _token() hear of from now on. The strings are
 * copied. */
struct shared_balances *shared_balances_new(const struct shared_conf *conf);
/* After the members, the ledger and those who change balances have ended. NULL is allowed. */
void shared_balances_free(struct shared_balances *s);

/* The member of a loop, with the loop's client and the id of the loop's journal; enters by itself
 * as soon as there is a connection. After redis_new() on that loop; all members before the first
 * loop runs. */
struct shared_member *shared_member_new(struct shared_balances *s, struct loop *loop,
                                        struct redis *redis, uint64_t journal_id);
/* After the loop has ended and its client is freed. NULL is allowed. */
void shared_member_free(struct shared_member *m);

struct shared_balances_state {
    unsigned members, live; /* live: reserve in Redis at present */
};
void shared_balances_status(struct shared_balances *s,
                            struct shared_balances_state *out); /* any thread */

/* At the end, when nothing is reserved any more and ledger_flush() has returned, while the loops
 * still run: waits until Redis knows; false after `timeout_ms`. Not on a loop. */
bool shared_balances_drain(struct shared_balances *s, int64_t timeout_ms);

/* A reservation that may have to wait. Memory of the caller, zeroed but for `done`. */
struct balance_wait {
    /* On the loop, never inside balance_reserve_start(); as the result of balance_reserve(). */
    void (*done)(struct balance_wait *w, enum err_code rc, const struct err *err);
    bool final; /* a denial was checked at the source: balance_refresh() would not help */
    struct {    /* the member's */
        struct shared_member *member;
        struct balance *local_user, *local_token;
        struct shared_account *user, *token;
        struct shared_command *command;
        int64_t points;
        struct hold *hold;
        struct list link;
        struct err err;
        enum err_code rc;
        unsigned tries;
        int denied; /* how Redis did; 0: it did not */
        bool active, checked, alone;
    } own;
};

/* Reserves as balance_reserve() does; `m` NULL: in memory. True: done, *rc says how. False: `w`
 * will be called. Loop thread of the member, as settling and releasing the hold. */
MUST_CHECK bool balance_reserve_start(struct shared_member *m, struct balance *user,
                                      struct balance *token, int64_t points, struct hold *hold,
                                      struct balance_wait *w, enum err_code *rc, struct err *err);
/* No call comes any more; what is granted later is given back. Also when idle. */
void balance_wait_cancel(struct balance_wait *w);
/* What balance_settle() does here. */
void balance_shared_settle(struct shared_hold *hold, int64_t points, int64_t cost);

struct shared_cost {
    int64_t id, cost;
    bool is_token;
};
/* Ledger thread, after a commit: of the journal everything up to `position` is in the database, the
 * costs being what came since the last time. */
void shared_balances_applied(struct shared_balances *s, uint64_t journal_id, uint64_t position,
                             const struct shared_cost *costs, size_t n);
/* The journal of a node that does not return was applied or given up: what it held counts no more.
 * `redis` is the client of a running loop. Blocks; not on a loop. ERR_UNAVAILABLE. */
MUST_CHECK enum err_code balance_shared_retire(struct redis *redis, struct str prefix,
                                               uint64_t journal_id, struct err *err);

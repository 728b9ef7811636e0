#include "ledger/balance.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "ledger/balance_shared.h"
#include "store/repo_token.h"
#include "store/repo_user.h"

enum {
    IDLE_MS = 120000, /* an entry that nobody needs stays so long, so that a value which was read
                         before its last change cannot open it again */
    SWEEP_STEP = 2,   /* entries looked at for each that is opened */
    SPINS = 100,      /* before the processor is given away */
    EPOCH_PAUSE_US = 1000,
    REFRESH_TRIES = 2000 /* about two seconds of a ledger that does nothing but commit */
};

struct balance {
    _Atomic int64_t available, reserved, unapplied;
    _Atomic int refs; /* one is the table's */
    _Atomic bool unlimited, touched;
    _Atomic bool busy; /* the spin lock of a user */
    bool is_token;
    int64_t id;
    struct { /* under balances.lock */
        int64_t known;
        uint64_t refresh; /* number of the newest refresh that was taken */
        uint64_t idle_since_ms;
        struct list link;
    } table;
};

struct balances {
    pthread_mutex_t lock;
    struct map users, tokens; /* id -> struct balance */
    struct list all;
    uint64_t refreshes;
    _Atomic uint64_t epoch;
    struct db *source;
    void (*on_changed)(void *ctx, int64_t id, bool is_token); /* may be NULL */
    void *on_changed_ctx;
};

struct balances *balances_new(void)
{
    struct balances *b = mem_new(struct balances);

    pthread_mutex_init(&b->lock, NULL);
    map_init(&b->users);
    map_init(&b->tokens);
    list_init(&b->all);
    return b;
}

void balances_free(struct balances *b)
{
    struct list *node;

    if (!b)
        return;
    while ((node = list_pop_front(&b->all)))
        mem_free(list_entry(node, struct balance, table.link));
    map_fini(&b->users);
    map_fini(&b->tokens);
    pthread_mutex_destroy(&b->lock);
    mem_free(b);
}

void balances_set_source(struct balances *b, struct db *db)
{
    b->source = db;
}

void balances_on_changed(struct balances *b, void (*fn)(void *ctx, int64_t id, bool is_token),
                         void *ctx)
{
    b->on_changed = fn;
    b->on_changed_ctx = ctx;
}

static struct map *table_of(struct balances *b, bool is_token)
{
    return is_token ? &b->tokens : &b->users;
}

/* ---- entries ---- */

static bool in_use(const struct balance *e)
{
    return atomic_load(&e->refs) > 1 || atomic_load(&e->reserved) != 0 ||
           atomic_load(&e->unapplied) != 0;
}

/* Looks at the entry that waits longest; drops it when nobody has needed it for a while. A new
 * reference to an unused entry can only come from the table, so the lock makes this safe. */
static void sweep_one_locked(struct balances *b, uint64_t now_ms)
{
    struct list *node = list_pop_front(&b->all);
    struct balance *e;

    if (!node)
        return;
    e = list_entry(node, struct balance, table.link);
    if (in_use(e) || atomic_exchange(&e->touched, false))
        e->table.idle_since_ms = now_ms;
    if (now_ms - e->table.idle_since_ms < IDLE_MS) {
        list_push_back(&b->all, node);
        return;
    }
    map_remove_u64(table_of(b, e->is_token), (uint64_t)e->id);
    mem_free(e);
}

static struct balance *entry_new(int64_t id, bool is_token, int64_t value, bool unlimited)
{
    struct balance *e = mem_new(struct balance);

    e->id = id;
    e->is_token = is_token;
    e->table.known = value;
    e->table.idle_since_ms = clock_mono_ms();
    atomic_init(&e->available, value);
    atomic_init(&e->unlimited, unlimited);
    atomic_init(&e->refs, 2);
    return e;
}

static struct balance *open_entry(struct balances *b, int64_t id, bool is_token, int64_t value,
                                  bool unlimited)
{
    struct map *table = table_of(b, is_token);
    uint64_t now_ms = clock_mono_ms();
    struct balance *e;

    pthread_mutex_lock(&b->lock);
    for (int i = 0; i < SWEEP_STEP; i++)
        sweep_one_locked(b, now_ms);
    e = map_find_u64(table, (uint64_t)id);
    if (e) {
        balance_ref(e);
    } else {
        e = entry_new(id, is_token, value, unlimited);
        map_put_u64(table, (uint64_t)id, e);
        list_push_back(&b->all, &e->table.link);
    }
    pthread_mutex_unlock(&b->lock);
    return e;
}

struct balance *balance_open_user(struct balances *b, int64_t user_id, int64_t quota)
{
    return open_entry(b, user_id, false, quota, false);
}

struct balance *balance_open_token(struct balances *b, int64_t token_id, int64_t remain_quota,
                                   bool unlimited)
{
    struct balance *e = open_entry(b, token_id, true, remain_quota, unlimited);

    atomic_store(&e->unlimited, unlimited);
    return e;
}

/* With a reference, NULL: not there. */
static struct balance *find_entry(struct balances *b, int64_t id, bool is_token)
{
    struct balance *e;

    pthread_mutex_lock(&b->lock);
    e = map_find_u64(table_of(b, is_token), (uint64_t)id);
    if (e)
        balance_ref(e);
    pthread_mutex_unlock(&b->lock);
    return e;
}

struct balance *balance_ref(struct balance *e)
{
    atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
    atomic_store_explicit(&e->touched, true, memory_order_relaxed);
    return e;
}

void balance_put(struct balance *e)
{
    if (e)
        atomic_fetch_sub_explicit(&e->refs, 1, memory_order_release);
}

int64_t balance_id(const struct balance *e)
{
    return e->id;
}

bool balance_is_unlimited(const struct balance *e)
{
    return atomic_load(&e->unlimited);
}

int64_t balance_available(const struct balance *e)
{
    return atomic_load(&e->available);
}

int64_t balance_unspent(const struct balance *e)
{
    return atomic_load(&e->available) + atomic_load(&e->reserved);
}

/* ---- reserve, settle, release ---- */

static void user_lock(struct balance *user)
{
    for (int spins = 0; atomic_exchange_explicit(&user->busy, true, memory_order_acquire);) {
        if (++spins % SPINS == 0)
            sched_yield(); /* its holder may have lost the processor */
    }
}

static void user_unlock(struct balance *user)
{
    atomic_store_explicit(&user->busy, false, memory_order_release);
}

static bool take(struct balance *e, int64_t points)
{
    int64_t value = atomic_load(&e->available);

    do {
        if (value < points)
            return false;
    } while (!atomic_compare_exchange_weak(&e->available, &value, value - points));
    atomic_fetch_add(&e->reserved, points);
    return true;
}

/* Counted, never denied. */
static void take_anyway(struct balance *e, int64_t points)
{
    atomic_fetch_sub(&e->available, points);
    atomic_fetch_add(&e->reserved, points);
}

static void give_back(struct balance *e, int64_t points)
{
    atomic_fetch_sub(&e->reserved, points);
    atomic_fetch_add(&e->available, points);
}

enum err_code balance_deny_user(int64_t left, int64_t points, struct err *err)
{
    if (left <= 0)
        return err_set(err, ERR_NO_USER_QUOTA, "user quota is not enough");
    return err_set(err, ERR_NO_USER_QUOTA,
                   "chat pre-consumed quota failed, user quota: %" PRId64 ", need quota: %" PRId64,
                   left, points);
}

enum err_code balance_deny_token(int64_t left, int64_t points, struct err *err)
{
    return err_set(err, ERR_NO_TOKEN_QUOTA,
                   "token quota is not enough, token remain quota: %" PRId64
                   ", need quota: %" PRId64,
                   left, points);
}

static enum err_code no_user_quota(const struct balance *user, int64_t points, struct err *err)
{
    return balance_deny_user(balance_available(user), points, err);
}

static enum err_code no_token_quota(const struct balance *token, int64_t points, struct err *err)
{
    return balance_deny_token(balance_available(token), points, err);
}

/* A free call takes nothing, but an account that has spent everything may not make it (billing
 * reference 3.2, check 1). */
static bool take_user(struct balance *user, int64_t points)
{
    if (points == 0)
        return balance_unspent(user) > 0;
    return take(user, points);
}

/* Both or neither. Every reservation of the token stands under its user's lock, so what is looked
 * at before the user is touched still holds after, unless a settled call cost more than it had
 * held. */
static enum err_code take_both_locked(struct balance *user, struct balance *token, int64_t points,
                                      struct err *err)
{
    if (points > 0 && balance_available(token) < points) {
        if (balance_available(user) < points)
            return no_user_quota(user, points, err);
        return no_token_quota(token, points, err);
    }
    if (!take_user(user, points))
        return no_user_quota(user, points, err);
    if (points == 0 || take(token, points))
        return ERR_OK;
    give_back(user, points);
    return no_token_quota(token, points, err);
}

static enum err_code take_points(struct balance *user, struct balance *token, int64_t points,
                                 struct err *err)
{
    enum err_code rc;

    if (token && !atomic_load(&token->unlimited)) {
        user_lock(user);
        rc = take_both_locked(user, token, points, err);
        user_unlock(user);
        return rc;
    }
    if (!take_user(user, points))
        return no_user_quota(user, points, err);
    if (token)
        take_anyway(token, points);
    return ERR_OK;
}

static void hold_accounts(struct hold *hold, struct balance *user, struct balance *token,
                          int64_t points)
{
    hold->user = balance_ref(user);
    hold->token = token ? balance_ref(token) : NULL;
    hold->points = points;
}

enum err_code balance_reserve(struct balance *user, struct balance *token, int64_t points,
                              struct hold *hold, struct err *err)
{
    enum err_code rc;

    *hold = (struct hold){.points = 0};
    if (points < 0)
        points = 0;
    rc = take_points(user, token, points, err);
    if (rc != ERR_OK)
        return rc;
    hold_accounts(hold, user, token, points);
    return ERR_OK;
}

void balance_take(struct balance *user, struct balance *token, int64_t points, struct hold *hold)
{
    *hold = (struct hold){.points = 0};
    take_anyway(user, points);
    if (token)
        take_anyway(token, points);
    hold_accounts(hold, user, token, points);
}

static void settle_entry(struct balance *e, int64_t points, int64_t cost)
{
    if (!e)
        return;
    atomic_fetch_add(&e->unapplied, cost);
    atomic_fetch_sub(&e->reserved, points);
    atomic_fetch_add(&e->available, points - cost);
    balance_put(e);
}

void balance_settle(struct hold *hold, int64_t cost)
{
    settle_entry(hold->user, hold->points, cost);
    settle_entry(hold->token, hold->points, cost);
    if (hold->shared.member)
        balance_shared_settle(&hold->shared, hold->points, cost);
    *hold = (struct hold){.points = 0};
}

void balance_release(struct hold *hold)
{
    balance_settle(hold, 0);
}

void balance_release_defer(void *hold)
{
    balance_release(hold);
}

/* ---- the database ---- */

static enum err_code read_value(struct db *db, const struct balance *e, int64_t *value,
                                struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct user *user;
    struct token *token;

    arena_init(&a, 0);
    *value = 0; /* a row that is gone has nothing to spend */
    TRY(db_acquire(db, DB_READ, &c, err));
    if (e->is_token) {
        TRY(repo_token_find(c, &a, e->id, REPO_WITH_DELETED, &token, err));
        if (token)
            *value = token->remain_quota;
    } else {
        TRY(repo_user_find(c, &a, e->id, REPO_WITH_DELETED, &user, err));
        if (user)
            *value = user->quota;
    }
    return ERR_OK;
}

/* Takes what refresh number `number`, begun in `epoch`, has read. False: a commit came between. */
static bool take_value(struct balances *b, struct balance *e, uint64_t number, uint64_t epoch,
                       int64_t value)
{
    bool same;

    pthread_mutex_lock(&b->lock);
    same = atomic_load(&b->epoch) == epoch;
    if (same && number > e->table.refresh) {
        atomic_fetch_add(&e->available, value - e->table.known);
        e->table.known = value;
        e->table.refresh = number;
    }
    pthread_mutex_unlock(&b->lock);
    return same;
}

static enum err_code refresh_entry(struct balances *b, struct db *db, struct balance *e,
                                   struct err *err)
{
    uint64_t number, epoch;
    int64_t value;

    for (int i = 0; i < REFRESH_TRIES; i++) {
        pthread_mutex_lock(&b->lock);
        number = ++b->refreshes;
        epoch = atomic_load(&b->epoch);
        pthread_mutex_unlock(&b->lock);
        if (epoch % 2 != 0) {
            usleep(EPOCH_PAUSE_US);
            continue;
        }
        TRY(read_value(db, e, &value, err));
        if (take_value(b, e, number, epoch, value))
            return ERR_OK;
    }
    return err_set(err, ERR_UNAVAILABLE, "the balance could not be read, the ledger is busy");
}

enum err_code balance_refresh(struct balances *b, struct db *db, struct balance *user,
                              struct balance *token, struct err *err)
{
    if (user)
        TRY(refresh_entry(b, db, user, err));
    return token ? refresh_entry(b, db, token, err) : ERR_OK;
}

void balances_commit_begin(struct balances *b)
{
    uint64_t before = atomic_fetch_add(&b->epoch, 1);

    assert(before % 2 == 0);
}

void balances_commit_end(struct balances *b)
{
    uint64_t before = atomic_fetch_add(&b->epoch, 1);

    assert(before % 2 == 1);
}

static void applied(struct balances *b, int64_t id, bool is_token, int64_t cost)
{
    struct balance *e;

    pthread_mutex_lock(&b->lock);
    e = map_find_u64(table_of(b, is_token), (uint64_t)id);
    if (e) {
        e->table.known -= cost;
        atomic_fetch_sub(&e->unapplied, cost);
    }
    pthread_mutex_unlock(&b->lock);
}

void balance_applied_user(struct balances *b, int64_t user_id, int64_t cost)
{
    applied(b, user_id, false, cost);
}

void balance_applied_token(struct balances *b, int64_t token_id, int64_t cost)
{
    applied(b, token_id, true, cost);
}

static void add_delta(struct balances *b, struct balance *e, int64_t delta)
{
    pthread_mutex_lock(&b->lock);
    e->table.known += delta;
    atomic_fetch_add(&e->available, delta);
    pthread_mutex_unlock(&b->lock);
}

static void changed(struct balances *b, int64_t id, bool is_token, int64_t delta)
{
    struct balance *e = find_entry(b, id, is_token);
    struct err err = {.msg = ""};

    if (b->on_changed)
        b->on_changed(b->on_changed_ctx, id, is_token);
    if (!e)
        return;
    if (!b->source) {
        add_delta(b, e, delta);
    } else if (refresh_entry(b, b->source, e, &err) != ERR_OK) {
        /* What was given is found at the next denial; what was taken must not be spent before. */
        log_warn(NULL, "balance.refresh", "id=%" PRId64 " error=%s", id, err.msg);
        if (delta < 0)
            add_delta(b, e, delta);
    }
    balance_put(e);
}

void balance_changed_user(struct balances *b, int64_t user_id, int64_t delta)
{
    changed(b, user_id, false, delta);
}

void balance_changed_token(struct balances *b, int64_t token_id, int64_t delta)
{
    changed(b, token_id, true, delta);
}

void balance_set_unlimited(struct balances *b, int64_t token_id, bool unlimited)
{
    struct balance *e = find_entry(b, token_id, true);

    if (!e)
        return;
    atomic_store(&e->unlimited, unlimited);
    balance_put(e);
}

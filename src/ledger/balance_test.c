#include "ledger/balance.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/random.h"
#include "base/test.h"
#include "store/repo_ledger.h"
#include "store/repo_user.h"
#include "store/store_fixture.h"

struct pair {
    struct balances *table;
    struct balance *user, *token;
};

static void open_pair(struct pair *p, int64_t user, int64_t token, bool unlimited)
{
    p->table = balances_new();
    p->user = balance_open_user(p->table, 1, user);
    p->token = balance_open_token(p->table, 1, token, unlimited);
}

static void close_pair(struct pair *p)
{
    balance_put(p->user);
    balance_put(p->token);
    balances_free(p->table);
}

TEST(a_reservation_takes_from_both_or_from_neither)
{
    struct pair p;
    struct hold hold;
    struct err err = {.msg = ""};

    open_pair(&p, 100, 50, false);
    CHECK_EQ(balance_reserve(p.user, p.token, 60, &hold, &err), ERR_NO_TOKEN_QUOTA);
    CHECK_STR(str_from(err.msg),
              "token quota is not enough, token remain quota: 50, need quota: 60");
    CHECK(hold.user == NULL && hold.points == 0);
    CHECK_EQ(balance_available(p.user), 100);
    CHECK_EQ(balance_reserve(p.user, p.token, 101, &hold, &err), ERR_NO_USER_QUOTA);
    CHECK_STR(str_from(err.msg),
              "chat pre-consumed quota failed, user quota: 100, need quota: 101");
    CHECK_EQ(balance_available(p.token), 50);
    CHECK_EQ(balance_reserve(p.user, p.token, 50, &hold, &err), ERR_OK);
    CHECK_EQ(balance_available(p.user), 50);
    CHECK_EQ(balance_available(p.token), 0);
    CHECK_EQ(balance_unspent(p.token), 50);
    balance_release(&hold);
    CHECK_EQ(balance_available(p.user), 100);
    CHECK_EQ(balance_available(p.token), 50);
    balance_release(&hold); /* zero now: nothing happens */
    CHECK_EQ(balance_available(p.user), 100);
    close_pair(&p);
}

TEST(settling_replaces_the_hold_by_the_cost)
{
    struct pair p;
    struct hold hold;

    open_pair(&p, 100, 100, false);
    CHECK_EQ(balance_reserve(p.user, p.token, 30, &hold, NULL), ERR_OK);
    balance_settle(&hold, 10);
    CHECK_EQ(balance_available(p.user), 90);
    CHECK_EQ(balance_reserve(p.user, p.token, 90, &hold, NULL), ERR_OK);
    balance_settle(&hold, 120); /* may cost more than was held: settling is never refused */
    CHECK_EQ(balance_available(p.user), -30);
    CHECK_EQ(balance_available(p.token), -30);
    balance_applied_user(p.table, 1, 130);
    CHECK_EQ(balance_available(p.user), -30); /* applying moves nothing that can be spent */
    close_pair(&p);
}

TEST(an_unlimited_token_is_counted_but_never_denied)
{
    struct pair p;
    struct hold hold;

    open_pair(&p, 100, 5, true);
    CHECK_EQ(balance_reserve(p.user, p.token, 60, &hold, NULL), ERR_OK);
    balance_settle(&hold, 60);
    CHECK_EQ(balance_available(p.token), -55);
    balance_set_unlimited(p.table, 1, false);
    CHECK_EQ(balance_reserve(p.user, p.token, 1, &hold, NULL), ERR_NO_TOKEN_QUOTA);
    CHECK_EQ(balance_reserve(p.user, NULL, 40, &hold, NULL), ERR_OK); /* without a token */
    balance_release(&hold);
    close_pair(&p);
}

TEST(a_free_call_needs_an_account_that_is_not_spent)
{
    struct pair p;
    struct hold hold, all;

    open_pair(&p, 10, 0, false);
    CHECK_EQ(balance_reserve(p.user, NULL, 10, &all, NULL), ERR_OK);
    CHECK_EQ(balance_reserve(p.user, p.token, 0, &hold, NULL), ERR_OK); /* held is not spent */
    balance_release(&hold);
    balance_settle(&all, 10);
    CHECK_EQ(balance_reserve(p.user, p.token, 0, &hold, NULL), ERR_NO_USER_QUOTA);
    close_pair(&p);
}

TEST(an_entry_that_is_there_keeps_its_value)
{
    struct pair p;
    struct balance *again;

    open_pair(&p, 100, 100, false);
    again = balance_open_user(p.table, 1, 7);
    CHECK(again == p.user);
    CHECK_EQ(balance_available(again), 100);
    balance_put(again);
    balance_changed_user(p.table, 1, 11);
    CHECK_EQ(balance_available(p.user), 111);
    balance_changed_user(p.table, 99, 11); /* nobody: nothing to do */
    close_pair(&p);
}

/* ---- many threads ---- */

enum { THREADS = 8, CALLS = 1250 }; /* 10,000 calls */

struct crowd {
    struct pair p;
    int64_t points;
    _Atomic int admitted, denied;
};

static void *reserve_and_keep(void *arg)
{
    struct crowd *c = arg;
    struct hold hold;

    for (int i = 0; i < CALLS; i++) {
        if (balance_reserve(c->p.user, c->p.token, c->points, &hold, NULL) != ERR_OK) {
            atomic_fetch_add(&c->denied, 1);
            continue;
        }
        atomic_fetch_add(&c->admitted, 1);
        balance_settle(&hold, c->points);
    }
    return NULL;
}

static void run_crowd(void *(*fn)(void *), void *arg)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fn, arg), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void admits_exactly_100(int64_t user, int64_t token, bool unlimited)
{
    struct crowd c = {.points = 7};

    open_pair(&c.p, user, token, unlimited);
    run_crowd(reserve_and_keep, &c);
    CHECK_EQ(c.admitted, 100);
    CHECK_EQ(c.denied, THREADS * CALLS - 100);
    CHECK(balance_available(c.p.user) >= 0);
    CHECK(unlimited || balance_available(c.p.token) >= 0);
    close_pair(&c.p);
}

TEST(ten_thousand_parallel_calls_get_exactly_what_the_balance_admits)
{
    admits_exactly_100(700, 1 << 20, false);
    admits_exactly_100(1 << 20, 706, false);
    admits_exactly_100(700, 700, false);
    admits_exactly_100(705, 0, true);
}

/* Two kinds of calls whose sums fit exactly: a call that fails at its token must not make another
 * one fail at the user, even for a moment. */
struct mixed {
    struct balances *table;
    struct balance *user, *rich, *poor;
    _Atomic int wrong;
    _Atomic int turn;
};

static void *poor_and_rich(void *arg)
{
    struct mixed *m = arg;
    bool poor = atomic_fetch_add(&m->turn, 1) % 2 == 0;
    struct hold hold;

    for (int i = 0; i < CALLS; i++) {
        if (poor && balance_reserve(m->user, m->poor, 10, &hold, NULL) != ERR_NO_TOKEN_QUOTA)
            atomic_fetch_add(&m->wrong, 1);
        if (poor)
            continue;
        if (balance_reserve(m->user, m->rich, 10, &hold, NULL) != ERR_OK)
            atomic_fetch_add(&m->wrong, 1);
        else
            balance_release(&hold);
    }
    return NULL;
}

TEST(a_call_that_fails_never_makes_another_one_fail)
{
    struct mixed m = {.table = balances_new()};

    /* Room for the rich ones only. */
    m.user = balance_open_user(m.table, 1, 10 * THREADS / 2);
    m.rich = balance_open_token(m.table, 1, 10 * THREADS / 2, false);
    m.poor = balance_open_token(m.table, 2, 9, false);
    /* The poor ones would be told of the user when the rich ones hold everything; so give him one
     * more. */
    balance_changed_user(m.table, 1, 10);
    run_crowd(poor_and_rich, &m);
    CHECK_EQ(m.wrong, 0);
    CHECK_EQ(balance_available(m.user), 10 * THREADS / 2 + 10);
    balance_put(m.user);
    balance_put(m.rich);
    balance_put(m.poor);
    balances_free(m.table);
}

/* ---- conservation against a database ---- */

enum { START = 1000000, ROUNDS = 60 };

struct world {
    struct db *db;
    struct pair p;
    int64_t user_id, token_id;
    _Atomic int64_t owed; /* settled, waiting for the ledger */
    _Atomic int64_t spent, given;
    _Atomic bool done, nothing_comes;
};

static void *ledger(void *arg)
{
    struct world *w = arg;

    while (!w->nothing_comes || w->owed != 0) {
        int64_t cost = atomic_exchange(&w->owed, 0);
        const struct ledger_user_delta u = {.id = w->user_id, .quota = cost};
        struct db_conn *c;

        if (cost == 0)
            continue;
        assert_int_equal(db_acquire(w->db, DB_WRITE, &c, NULL), ERR_OK);
        assert_int_equal(db_begin(c, NULL), ERR_OK);
        assert_int_equal(repo_ledger_apply_users(c, &u, 1, NULL), ERR_OK);
        balances_commit_begin(w->p.table);
        assert_int_equal(db_commit(c, NULL), ERR_OK);
        balance_applied_user(w->p.table, w->user_id, cost);
        balances_commit_end(w->p.table);
        db_release(c);
    }
    return NULL;
}

static void *spender(void *arg)
{
    struct world *w = arg;
    struct hold hold;

    while (!w->done) {
        int64_t points = (int64_t)random_below(50), cost = (int64_t)random_below(60);

        if (balance_reserve(w->p.user, w->p.token, points, &hold, NULL) != ERR_OK)
            continue;
        if (cost % 5 == 0) {
            balance_release(&hold);
            continue;
        }
        /* As the relay does: the record is there before the hold is settled. */
        atomic_fetch_add(&w->owed, cost);
        balance_settle(&hold, cost);
        atomic_fetch_add(&w->spent, cost);
    }
    return NULL;
}

static void give(struct world *w, int64_t delta)
{
    struct db_conn *c;
    bool found;

    CHECK_EQ(db_acquire(w->db, DB_WRITE, &c, NULL), ERR_OK);
    CHECK_EQ(repo_user_add_quota(c, w->user_id, delta, &found, NULL), ERR_OK);
    db_release(c);
    atomic_fetch_add(&w->given, delta);
}

static void *refresher(void *arg)
{
    struct world *w = arg;

    while (!w->done)
        assert_int_equal(balance_refresh(w->p.table, w->db, w->p.user, NULL, NULL), ERR_OK);
    return NULL;
}

static int64_t quota_in_database(struct world *w)
{
    CLEANUP(arena_finip) struct arena a;
    struct db_conn *c;
    struct user *u;

    arena_init(&a, 0);
    CHECK_EQ(db_acquire(w->db, DB_READ, &c, NULL), ERR_OK);
    CHECK_EQ(repo_user_find(c, &a, w->user_id, REPO_LIVE, &u, NULL), ERR_OK);
    db_release(c);
    return u->quota;
}

static void make_user(struct world *w)
{
    const struct user u = {.username = STR("u"), .quota = START};
    struct db_conn *c;

    CHECK_EQ(db_acquire(w->db, DB_WRITE, &c, NULL), ERR_OK);
    CHECK_EQ(repo_user_insert(c, &u, &w->user_id, NULL), ERR_OK);
    db_release(c);
}

TEST(no_point_is_lost_or_made_while_all_happens_at_once)
{
    char path[STORE_FIXTURE_PATH];
    struct world w = {.db = store_fixture_open(path)};
    pthread_t threads[5];
    void *(*const jobs[])(void *) = {ledger, spender, spender, refresher, refresher};

    make_user(&w);
    w.p.table = balances_new();
    balances_set_source(w.p.table, w.db);
    w.p.user = balance_open_user(w.p.table, w.user_id, START);
    w.p.token = balance_open_token(w.p.table, 1, 0, true);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, jobs[i], &w), 0);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t delta = (int64_t)random_below(10000) - 3000;

        give(&w, delta);
        balance_changed_user(w.p.table, w.user_id, delta);
    }
    w.done = true;
    for (size_t i = 1; i < ARRAY_LEN(jobs); i++)
        pthread_join(threads[i], NULL);
    w.nothing_comes = true; /* the ledger comes last */
    pthread_join(threads[0], NULL);
    CHECK_EQ(w.owed, 0);
    CHECK_EQ(quota_in_database(&w), START + w.given - w.spent);
    CHECK_EQ(balance_available(w.p.user), START + w.given - w.spent);
    CHECK_EQ(balance_unspent(w.p.user), START + w.given - w.spent);
    CHECK(w.spent > 0);
    close_pair(&w.p);
    store_fixture_close(w.db, path);
}

TEST(a_refresh_sees_a_top_up_and_a_change_counts_once)
{
    char path[STORE_FIXTURE_PATH];
    struct world w = {.db = store_fixture_open(path)};
    struct hold hold;

    make_user(&w);
    w.p.table = balances_new();
    w.p.user = balance_open_user(w.p.table, w.user_id, START);
    CHECK_EQ(balance_reserve(w.p.user, NULL, 100, &hold, NULL), ERR_OK);
    give(&w, 500);
    CHECK_EQ(balance_refresh(w.p.table, w.db, w.p.user, NULL, NULL), ERR_OK);
    CHECK_EQ(balance_available(w.p.user), START + 400);
    balance_settle(&hold, 60);
    CHECK_EQ(balance_refresh(w.p.table, w.db, w.p.user, NULL, NULL), ERR_OK);
    CHECK_EQ(balance_available(w.p.user), START + 440); /* the 60 are not in the database yet */
    balances_set_source(w.p.table, w.db);
    give(&w, -40);
    CHECK_EQ(balance_refresh(w.p.table, w.db, w.p.user, NULL, NULL), ERR_OK);
    balance_changed_user(w.p.table, w.user_id, -40);
    CHECK_EQ(balance_available(w.p.user), START + 400);
    balance_put(w.p.user);
    balances_free(w.p.table);
    store_fixture_close(w.db, path);
}

TEST_MAIN(a_reservation_takes_from_both_or_from_neither, settling_replaces_the_hold_by_the_cost,
          an_unlimited_token_is_counted_but_never_denied,
          a_free_call_needs_an_account_that_is_not_spent, an_entry_that_is_there_keeps_its_value,
          ten_thousand_parallel_calls_get_exactly_what_the_balance_admits,
          a_call_that_fails_never_makes_another_one_fail,
          no_point_is_lost_or_made_while_all_happens_at_once,
          a_refresh_sees_a_top_up_and_a_change_counts_once)

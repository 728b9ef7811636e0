/*
 * Several nodes in one process, each with its own balances, ledger, loops and clients, on one
 * database and one Redis, which the test starts, kills, empties and cuts off. Skipped, and said so,
 * where there is no redis-server.
 */
#include "ledger/balance_shared.h"

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "cache/redis.h"
#include "cache/redis_server_testing.h"
#include "ledger/ledger.h"
#include "net/dns.h"
#include "net/offload.h"
#include "store/repo_token.h"
#include "store/repo_user.h"
#include "store/store_fixture.h"

/* Redis is given up when it does not answer for so long: with sanitizers and on a busy machine it
 * takes seconds, and a node that goes on alone may admit too much. */
enum { NODES_MAX = 3, LOOPS = 2, WARM_MS = 400, PRICE = 10, CALL_MS = 60000 };

struct node;

/* A loop with its client, its member and the calls that it makes. */
struct worker {
    struct node *node;
    struct loop *loop;
    struct dns *dns;
    struct redis *redis;
    struct shared_member *member;
    struct journal *journal;
    pthread_t thread;
    struct loop_msg begin;
    bool appended;
    _Atomic bool keep_on; /* calls follow each other until it is false */
    _Atomic unsigned under_way, granted, denied, failed;
    _Atomic int64_t spent;
    struct list calls;
};

struct call {
    struct balance_wait wait;
    struct worker *worker;
    struct hold hold;
    struct loop_timer timer;
    struct list link;
    int64_t points;
};

struct node {
    struct world *world;
    char name[16], dir[STORE_FIXTURE_PATH];
    struct offload *offload;
    struct balances *balances;
    struct balance *user, *token;
    struct shared_balances *shared;
    struct ledger *ledger;
    struct worker workers[LOOPS];
    bool running;
};

struct world {
    struct server server;
    struct db *db;
    char path[STORE_FIXTURE_PATH];
    struct arena arena;
    struct redis_conf conf;
    struct node nodes[NODES_MAX];
    unsigned count;
    int64_t user, token, start;
    int64_t spent_before; /* by workers that are gone */
    /* what each call holds and how much of it it costs: see call_begin() */
    bool random, keep_holds;
    bool cancel; /* each call that waits, in the turn after */
};

/* ---- one call ---- */

static void call_end(struct call *c)
{
    struct worker *w = c->worker;

    atomic_fetch_sub(&w->under_way, 1);
    list_remove(&c->link);
    mem_free(c);
}

static void call_begin(struct worker *w);

static void settle(struct call *c, int64_t cost)
{
    struct worker *w = c->worker;
    struct err err = {.msg = ""};
    struct usage_record r = {.kind = RECORD_CONSUME,
                             .created_at_s = 1700000000,
                             .user_id = w->node->world->user,
                             .token_id = w->node->world->token,
                             .quota = cost,
                             .prompt_tokens = 1,
                             .count_request = true};

    CHECK_EQ(journal_append(w->journal, &r, &err), ERR_OK);
    w->appended = true;
    balance_settle(&c->hold, cost);
    atomic_fetch_add(&w->spent, cost);
}

static void on_served(struct loop_timer *timer)
{
    struct call *c = container_of(timer, struct call, timer);
    struct worker *w = c->worker;
    bool random = w->node->world->random;

    if (random && random_below(5) == 0)
        balance_release(&c->hold);
    else
        settle(c, random ? (int64_t)random_below((uint64_t)c->points + 1) : c->points);
    if (atomic_load(&w->keep_on)) {
        atomic_fetch_add(&w->under_way, 1);
        call_begin(w);
    }
    call_end(c);
}

static void on_granted(struct call *c)
{
    struct worker *w = c->worker;

    if (w->node->world->cancel) {
        balance_release(&c->hold);
        call_end(c);
        return;
    }
    atomic_fetch_add(&w->granted, 1);
    if (w->node->world->keep_holds) {
        atomic_fetch_sub(&w->under_way, 1);
        return;
    }
    loop_timer_set(w->loop, &c->timer, random_below(20) + 1, on_served);
}

static void on_answer(struct call *c, enum err_code rc)
{
    struct worker *w = c->worker;

    loop_timer_stop(&c->timer);
    if (rc == ERR_OK) {
        on_granted(c);
        return;
    }
    if (rc == ERR_NO_USER_QUOTA || rc == ERR_NO_TOKEN_QUOTA)
        atomic_fetch_add(&w->denied, 1);
    else
        atomic_fetch_add(&w->failed, 1);
    call_end(c);
}

static void on_reserved(struct balance_wait *wait, enum err_code rc, const struct err *err UNUSED)
{
    on_answer(container_of(wait, struct call, wait), rc);
}

static void on_cancel(struct loop_timer *timer)
{
    struct call *c = container_of(timer, struct call, timer);

    balance_wait_cancel(&c->wait);
    call_end(c);
}

static void call_begin(struct worker *w)
{
    struct call *c = mem_new(struct call);
    enum err_code rc;
    struct err err;

    c->worker = w;
    list_push_back(&w->calls, &c->link);
    c->points = w->node->world->random ? (int64_t)random_below(3 * PRICE) + 1 : PRICE;
    c->wait.done = on_reserved;
    if (balance_reserve_start(w->member, w->node->user, w->node->token, c->points, &c->hold,
                              &c->wait, &rc, &err))
        on_answer(c, rc);
    else if (w->node->world->cancel)
        loop_timer_set(w->loop, &c->timer, random_below(3), on_cancel);
}

/* ---- nodes ---- */

static void on_turn_end(void *ctx)
{
    struct worker *w = ctx;

    if (w->appended)
        ledger_wake(w->node->ledger);
    w->appended = false;
}

static void *run(void *arg)
{
    loop_run(((struct worker *)arg)->loop);
    return NULL;
}

static void worker_make(struct worker *w, struct node *n, unsigned i)
{
    struct redis_settings settings = {
        .server = &n->world->conf, .call_ms = CALL_MS, .retry_first_ms = 10, .retry_max_ms = 50};
    struct err err = {.msg = ""};

    memset(w, 0, sizeof *w);
    w->node = n;
    list_init(&w->calls);
    CHECK_EQ(loop_new(&w->loop, &err), ERR_OK);
    w->dns = dns_new(w->loop, n->offload);
    settings.loop = w->loop;
    settings.dns = w->dns;
    w->redis = redis_new(&settings);
    w->journal = ledger_journal(n->ledger, i);
    w->member = shared_member_new(n->shared, w->loop, w->redis, journal_id(w->journal));
    loop_on_turn_end(w->loop, on_turn_end, w);
}

static void open_ledger(struct node *n)
{
    struct shared_conf shared = {.balances = n->balances,
                                 .db = n->world->db,
                                 .offload = n->offload,
                                 .node = str_from(n->name),
                                 .warm_ms = WARM_MS,
                                 .call_ms = CALL_MS};
    struct ledger_conf conf = {.journal_dir = str_from(n->dir),
                               .journals = LOOPS,
                               .db = n->world->db,
                               .log_db = n->world->db,
                               .balances = n->balances,
                               .clock = clock_system(),
                               .segment_bytes = 1 << 16};
    struct err err = {.msg = ""};

    n->shared = shared_balances_new(&shared);
    conf.shared = n->shared;
    if (ledger_open(&conf, &n->ledger, &err) != ERR_OK)
        fail_msg("%s", err.msg);
}

static int64_t db_number(struct world *w, const char *sql)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct db_rows *rows;
    int64_t value = -1;

    arena_init(&a, 0);
    CHECK_EQ(db_acquire(w->db, DB_READ, &c, NULL), ERR_OK);
    CHECK_EQ(db_query(c, &a, &rows, NULL, sql), ERR_OK);
    if (db_next(rows))
        value = db_i64(rows, 0);
    CHECK_EQ(db_end(rows, NULL), ERR_OK);
    return value;
}

static void db_do(struct world *w, const char *sql)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    CHECK_EQ(db_acquire(w->db, DB_WRITE, &c, NULL), ERR_OK);
    CHECK_EQ(db_exec(c, NULL, NULL, sql), ERR_OK);
}

static void node_start(struct node *n)
{
    struct err err;

    CHECK_EQ(offload_new(2, 1000, &n->offload, &err), ERR_OK);
    n->balances = balances_new();
    open_ledger(n);
    n->user = balance_open_user(n->balances, n->world->user,
                                db_number(n->world, "SELECT quota FROM users WHERE id = 1"));
    n->token = balance_open_token(
        n->balances, n->world->token,
        db_number(n->world, "SELECT remain_quota FROM tokens WHERE id = 1"), false);
    for (unsigned i = 0; i < LOOPS; i++)
        worker_make(&n->workers[i], n, i);
    for (unsigned i = 0; i < LOOPS; i++)
        CHECK_EQ(pthread_create(&n->workers[i].thread, NULL, run, &n->workers[i]), 0);
    n->running = true;
}

static void worker_end(struct worker *w)
{
    loop_stop(w->loop);
    pthread_join(w->thread, NULL);
}

/* Calls that were under way are forgotten, as they are by a process that dies. */
static void worker_free(struct worker *w)
{
    redis_free(w->redis);
    shared_member_free(w->member);
    dns_free(w->dns);
    loop_free(w->loop);
    for (struct list *it; (it = list_pop_front(&w->calls));)
        mem_free(list_entry(it, struct call, link));
}

static void node_stop(struct node *n)
{
    if (!n->running)
        return;
    offload_stop(n->offload);
    for (unsigned i = 0; i < LOOPS; i++)
        worker_end(&n->workers[i]);
    ledger_close(n->ledger, PATIENCE_MS);
    for (unsigned i = 0; i < LOOPS; i++)
        worker_free(&n->workers[i]);
    balance_put(n->user);
    balance_put(n->token);
    balances_free((shared_balances_free(n->shared), n->balances));
    offload_free(n->offload);
    n->running = false;
}

static bool node_live(const struct node *n)
{
    struct shared_balances_state state;

    shared_balances_status(n->shared, &state);
    return state.live == LOOPS;
}

/* ---- the world ---- */

static void read_conf(struct world *w)
{
    struct err err = {.msg = ""};

    CHECK_EQ(redis_conf_read(&w->arena, arena_fmt(&w->arena, "127.0.0.1:%u", w->server.port),
                             secret_make(STR_NULL), STR_NULL, &w->conf, &err),
             ERR_OK);
}

static void make_accounts(struct world *w, int64_t quota)
{
    const struct user u = {.username = STR("ann"), .quota = quota};
    struct token t = {.key = secret_make(STR("0123456789012345678901234567890123456789abcdefgh")),
                      .status = TOKEN_ENABLED,
                      .name = STR("tok"),
                      .expired_time = -1,
                      .remain_quota = quota};
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    CHECK_EQ(db_acquire(w->db, DB_WRITE, &c, NULL), ERR_OK);
    CHECK_EQ(repo_user_insert(c, &u, &w->user, NULL), ERR_OK);
    t.user_id = w->user;
    CHECK_EQ(repo_token_insert(c, &t, &w->token, NULL), ERR_OK);
    CHECK_EQ(w->user, 1);
    CHECK_EQ(w->token, 1);
    w->start = quota;
}

static void wait_live(struct world *w)
{
    uint64_t due = clock_mono_ms() + PATIENCE_MS;

    for (unsigned i = 0; i < w->count; i++) {
        while (w->nodes[i].running && !node_live(&w->nodes[i]) && clock_mono_ms() < due)
            pause_ms(1);
        CHECK(!w->nodes[i].running || node_live(&w->nodes[i]));
    }
}

/* A test that fails is left in its middle, and its threads are not: what they use stays. */
static struct world *world_open(unsigned nodes, int64_t quota, const char *redis_options)
{
    struct world *w = mem_new(struct world);

    log_set_level(LOG_ERROR);
    arena_init(&w->arena, 0);
    server_start(&w->server, redis_options);
    read_conf(w);
    w->db = store_fixture_open(w->path);
    make_accounts(w, quota);
    w->count = nodes;
    for (unsigned i = 0; i < nodes; i++) {
        struct node *n = &w->nodes[i];

        n->world = w;
        snprintf(n->name, sizeof n->name, "node%u", i);
        snprintf(n->dir, sizeof n->dir, "/tmp/yourapi-shared-XXXXXX");
        CHECK(mkdtemp(n->dir) != NULL);
        node_start(n);
    }
    wait_live(w);
    return w;
}

static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    char file[600];

    while ((entry = readdir(dir))) {
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(file);
    }
    closedir(dir);
    rmdir(path);
}

static void world_close(struct world *w)
{
    for (unsigned i = 0; i < w->count; i++)
        node_stop(&w->nodes[i]);
    for (unsigned i = 0; i < w->count; i++)
        remove_folder(w->nodes[i].dir);
    store_fixture_close(w->db, w->path);
    server_end(&w->server);
    arena_fini(&w->arena);
    mem_free(w);
    log_set_level(LOG_INFO);
}

static void on_begin(struct loop_msg *msg)
{
    struct worker *w = container_of(msg, struct worker, begin);
    unsigned n = atomic_load(&w->under_way);

    for (unsigned i = 0; i < n; i++)
        call_begin(w);
}

/* Starts so many calls on each loop at once. */
static void start_calls(struct world *w, unsigned each, bool keep_on)
{
    for (unsigned i = 0; i < w->count * LOOPS; i++) {
        struct node *n = &w->nodes[i / LOOPS];
        struct worker *worker = &n->workers[i % LOOPS];

        if (!n->running)
            continue;
        atomic_store(&worker->keep_on, keep_on);
        atomic_store(&worker->under_way, each);
        worker->begin.fn = on_begin;
        loop_post(worker->loop, &worker->begin);
    }
}

struct totals {
    unsigned under_way, granted, denied, failed;
    int64_t spent;
};

static struct totals totals(struct world *w)
{
    struct totals t = {.granted = 0};

    for (unsigned i = 0; i < w->count * LOOPS; i++) {
        struct worker *worker = &w->nodes[i / LOOPS].workers[i % LOOPS];

        t.under_way += atomic_load(&worker->under_way);
        t.granted += atomic_load(&worker->granted);
        t.denied += atomic_load(&worker->denied);
        t.failed += atomic_load(&worker->failed);
        t.spent += atomic_load(&worker->spent);
    }
    return t;
}

static void end_calls(struct world *w)
{
    uint64_t due = clock_mono_ms() + PATIENCE_MS;

    for (unsigned i = 0; i < w->count * LOOPS; i++)
        atomic_store(&w->nodes[i / LOOPS].workers[i % LOOPS].keep_on, false);
    while (totals(w).under_way > 0 && clock_mono_ms() < due)
        pause_ms(1);
    CHECK_EQ(totals(w).under_way, 0);
    for (unsigned i = 0; i < w->count; i++)
        CHECK(!w->nodes[i].running || ledger_flush(w->nodes[i].ledger, PATIENCE_MS));
}

/* Waits until so many more calls were granted. */
static void wait_granted(struct world *w, unsigned more)
{
    unsigned from = totals(w).granted;
    uint64_t due = clock_mono_ms() + PATIENCE_MS;

    while (totals(w).granted < from + more && clock_mono_ms() < due)
        pause_ms(1);
    CHECK(totals(w).granted >= from + more);
}

/* ---- looking into Redis ---- */

static struct redis *any_client(struct world *w)
{
    for (unsigned i = 0; i < w->count; i++) {
        if (w->nodes[i].running)
            return w->nodes[i].workers[0].redis;
    }
    return NULL;
}

static int64_t ask_number(struct world *w, struct str *argv, size_t n, int64_t missing)
{
    CLEANUP(arena_finip) struct arena a;
    struct redis_command cmd = {.argv = argv, .argc = n};
    struct redis_value v;
    int64_t value = missing;

    arena_init(&a, 0);
    if (redis_ask(any_client(w), &cmd, 0, &a, &v, NULL, NULL) != ERR_OK)
        return missing;
    if (v.kind == REDIS_INT)
        return v.i;
    return v.kind == REDIS_STRING && str_to_i64(v.s, &value) ? value : missing;
}

static int64_t field(struct world *w, const char *key, const char *name)
{
    struct str argv[] = {STR("HGET"), str_from(key), str_from(name)};

    return ask_number(w, argv, 3, INT64_MIN);
}

/* Nothing is outstanding, and what Redis knows is what the database has. */
static bool redis_agrees(struct world *w, const char *key, int64_t value)
{
    int64_t base = field(w, key, "base");

    return field(w, key, "t") == 0 && (base == value || base == INT64_MIN);
}

/* Waits until nothing is under way to Redis and nothing held there. */
static void wait_quiet(struct world *w)
{
    uint64_t due = clock_mono_ms() + PATIENCE_MS;
    bool quiet = false;

    while (!quiet && clock_mono_ms() < due) {
        struct redis_status status;

        quiet = true;
        for (unsigned i = 0; i < w->count * LOOPS; i++) {
            redis_status(w->nodes[i / LOOPS].workers[i % LOOPS].redis, &status);
            quiet = quiet && status.under_way == 0;
        }
        quiet = quiet && field(w, "yourapi:balance:u:1", "t") == 0;
    }
    CHECK(quiet);
}

/* Waits until all members are on a list that may just have been lost. */
static void wait_entered(struct world *w)
{
    struct str argv[] = {STR("HLEN"), STR("yourapi:balance:members")};
    uint64_t due = clock_mono_ms() + PATIENCE_MS;
    int64_t want = 5 + 3 * LOOPS * (int64_t)w->count; /* an epoch has 5 fields, a member 3 */

    while (ask_number(w, argv, 2, 0) < want && clock_mono_ms() < due)
        pause_ms(1);
    CHECK_EQ(ask_number(w, argv, 2, 0), want);
    wait_live(w);
}

static void check_sums(struct world *w)
{
    int64_t quota = w->start - totals(w).spent;
    uint64_t due = clock_mono_ms() + PATIENCE_MS;

    CHECK_EQ(db_number(w, "SELECT quota FROM users WHERE id = 1"), quota);
    CHECK_EQ(db_number(w, "SELECT remain_quota FROM tokens WHERE id = 1"), quota);
    CHECK_EQ(db_number(w, "SELECT used_quota FROM tokens WHERE id = 1"),
             w->spent_before + totals(w).spent);
    /* What was committed is told a moment later. */
    while (!(redis_agrees(w, "yourapi:balance:u:1", quota) &&
             redis_agrees(w, "yourapi:balance:t:1", quota)) &&
           clock_mono_ms() < due)
        pause_ms(1);
    CHECK_EQ(field(w, "yourapi:balance:u:1", "t"), 0);
    CHECK(redis_agrees(w, "yourapi:balance:u:1", quota));
    CHECK(redis_agrees(w, "yourapi:balance:t:1", quota));
}

/* ---- tests ---- */

TEST(of_ten_thousand_calls_through_three_nodes_exactly_a_hundred_are_admitted)
{
    struct world *w;

    NEED_SERVER();
    w = world_open(3, 100 * PRICE, "");
    start_calls(w, 10000 / (3 * LOOPS) + 1, false);
    end_calls(w);
    CHECK_EQ(totals(w).granted, 100);
    CHECK_EQ(totals(w).failed, 0);
    CHECK_EQ(db_number(w, "SELECT quota FROM users WHERE id = 1"), 0);
    check_sums(w);
    world_close(w);
}

/* Costs are at most what was held, so nothing may ever be below zero. */
TEST(with_calls_of_any_size_nothing_goes_below_zero_and_the_rest_can_be_spent)
{
    struct world *w;
    unsigned looks = 0;

    NEED_SERVER();
    w = world_open(3, 20000, "");
    w->random = true;
    start_calls(w, 20, true);
    while (totals(w).under_way > 0) {
        CHECK(db_number(w, "SELECT quota FROM users WHERE id = 1") >= 0);
        /* The base is read anew, beside commits and what is told of them. */
        balance_changed_user(w->nodes[looks % 3].balances, 1, 0);
        balance_changed_token(w->nodes[looks % 3].balances, 1, 0);
        looks++;
        pause_ms(10);
    }
    end_calls(w);
    CHECK(looks > 0);
    CHECK(totals(w).granted > 20000 / (3 * PRICE));
    CHECK_EQ(totals(w).failed, 0);
    check_sums(w);
    w->random = false;
    start_calls(w, 100, false);
    end_calls(w);
    CHECK(db_number(w, "SELECT quota FROM users WHERE id = 1") < PRICE);
    check_sums(w);
    world_close(w);
}

/* Every command under way has an outcome that nobody knows. */
TEST(connections_that_are_cut_under_load_change_no_balance)
{
    struct world *w;
    struct str kill[] = {STR("CLIENT"), STR("KILL"), STR("TYPE"), STR("normal")};

    NEED_SERVER();
    w = world_open(2, 1000000000, "");
    w->random = true;
    start_calls(w, 20, true);
    for (int i = 0; i < 15; i++) {
        wait_granted(w, 200);
        (void)ask_number(w, kill, 4, 0);
        wait_live(w);
    }
    end_calls(w);
    wait_live(w);
    check_sums(w);
    world_close(w);
}

/* The connections stay. */
TEST(a_redis_that_forgets_everything_under_load_changes_no_balance)
{
    struct world *w;
    struct str forget[] = {STR("FLUSHALL")}, scripts[] = {STR("SCRIPT"), STR("FLUSH")};

    NEED_SERVER();
    w = world_open(2, 1000000000, "");
    w->random = true;
    start_calls(w, 20, true);
    for (int i = 0; i < 20; i++) {
        wait_granted(w, 200);
        (void)ask_number(w, scripts, 2, 0);
        wait_granted(w, 50);
        (void)ask_number(w, forget, 1, 0);
        wait_entered(w);
    }
    end_calls(w);
    CHECK_EQ(totals(w).failed, 0);
    wait_quiet(w);
    check_sums(w);
    world_close(w);
}

static void restart_under_load(const char *options)
{
    struct world *w;

    w = world_open(3, 1000000000, options);
    w->random = true;
    start_calls(w, 10, true);
    for (int i = 0; i < 3; i++) {
        wait_granted(w, 300);
        server_kill(&w->server);
        wait_granted(w, 300); /* the nodes go on by themselves */
        server_start(&w->server, options);
        wait_live(w);
    }
    wait_granted(w, 300);
    end_calls(w);
    CHECK_EQ(totals(w).failed, 0);
    check_sums(w);

    /* It is exact again. */
    db_do(w, "UPDATE users SET quota = 1000 WHERE id = 1");
    balance_changed_user(w->nodes[0].balances, 1, 0);
    w->random = false;
    pause_ms(WARM_MS);
    unsigned before = totals(w).granted;
    start_calls(w, 500, false);
    end_calls(w);
    CHECK_EQ(totals(w).granted - before, 1000 / PRICE);
    CHECK_EQ(db_number(w, "SELECT quota FROM users WHERE id = 1"), 0);
    world_close(w);
}

TEST(a_redis_that_comes_back_empty_is_used_again)
{
    NEED_SERVER();
    restart_under_load("");
}

TEST(a_redis_that_comes_back_with_old_data_is_used_again)
{
    NEED_SERVER();
    restart_under_load("--appendonly yes");
}

/* Its holds never end, and its last commits are not told. */
TEST(what_a_dead_node_held_counts_until_it_comes_back)
{
    struct world *w;
    int64_t quota;

    NEED_SERVER();
    w = world_open(2, 1000 * PRICE, "");
    w->random = true;
    start_calls(w, 10, true);
    wait_granted(w, 200);
    w->count = 1;
    wait_granted(w, 20);
    node_stop(&w->nodes[0]);
    w->nodes[0].workers[0].under_way = w->nodes[0].workers[1].under_way = 0;
    w->count = 2;
    end_calls(w);
    quota = db_number(w, "SELECT quota FROM users WHERE id = 1");
    CHECK_EQ(quota, w->start - totals(w).spent);
    CHECK(field(w, "yourapi:balance:u:1", "t") > 0);

    for (unsigned i = 0; i < LOOPS; i++)
        w->spent_before += atomic_load(&w->nodes[0].workers[i].spent);
    w->start -= w->spent_before;
    node_start(&w->nodes[0]);
    wait_live(w);
    w->random = false;
    unsigned before = totals(w).granted;
    start_calls(w, 500, false);
    end_calls(w);
    CHECK_EQ(totals(w).granted - before, quota / PRICE);
    check_sums(w);
    world_close(w);
}

TEST(a_node_that_does_not_come_back_is_retired)
{
    struct world *w;
    struct err err = {.msg = ""};
    uint64_t journals[LOOPS];

    NEED_SERVER();
    w = world_open(2, 100 * PRICE, "");
    w->keep_holds = true;
    w->count = 1;
    start_calls(w, 10, false);
    end_calls(w);
    w->count = 2;
    for (unsigned i = 0; i < LOOPS; i++)
        journals[i] = journal_id(w->nodes[0].workers[i].journal);
    node_stop(&w->nodes[0]);
    w->keep_holds = false;
    start_calls(w, 100, false);
    end_calls(w);
    CHECK_EQ(totals(w).granted, 100);
    for (unsigned i = 0; i < LOOPS; i++)
        CHECK_EQ(balance_shared_retire(any_client(w), STR_NULL, journals[i], &err), ERR_OK);
    start_calls(w, 100, false);
    end_calls(w);
    CHECK_EQ(totals(w).granted, 100 + 10 * LOOPS);
    check_sums(w);
    world_close(w);
}

/* Sends calls until one more is granted, or patience ends. */
static bool soon_granted(struct world *w)
{
    uint64_t due = clock_mono_ms() + PATIENCE_MS;
    unsigned before = totals(w).granted;

    while (totals(w).granted == before && clock_mono_ms() < due) {
        start_calls(w, 1, false);
        end_calls(w);
        pause_ms(5);
    }
    return totals(w).granted > before;
}

TEST(a_change_on_one_node_counts_on_the_others)
{
    struct world *w;

    NEED_SERVER();
    w = world_open(2, 10 * PRICE, "");
    start_calls(w, 100, false);
    end_calls(w);
    CHECK_EQ(totals(w).granted, 10);
    db_do(w, "UPDATE users SET quota = quota + 1000 WHERE id = 1");
    db_do(w, "UPDATE tokens SET remain_quota = remain_quota + 1000 WHERE id = 1");
    balance_changed_user(w->nodes[0].balances, 1, 1000);
    balance_changed_token(w->nodes[0].balances, 1, 1000);
    w->start += 1000;
    CHECK(soon_granted(w));
    start_calls(w, 100, false);
    end_calls(w);
    CHECK_EQ(totals(w).granted, 10 + 1000 / PRICE);
    check_sums(w);
    world_close(w);
}

TEST(a_change_that_nobody_told_of_is_found_by_a_denial)
{
    struct world *w;

    NEED_SERVER();
    w = world_open(2, 10 * PRICE, "");
    start_calls(w, 100, false);
    end_calls(w);
    CHECK_EQ(totals(w).granted, 10);
    db_do(w, "UPDATE users SET quota = quota + 1000 WHERE id = 1");
    db_do(w, "UPDATE tokens SET remain_quota = remain_quota + 1000 WHERE id = 1");
    w->start += 1000;
    CHECK(soon_granted(w));
    start_calls(w, 100, false);
    end_calls(w);
    CHECK_EQ(totals(w).granted, 10 + 1000 / PRICE);
    check_sums(w);
    world_close(w);
}

/* A reservation that is waited for when its request ends gives back what it gets. */
TEST(a_wait_that_is_cancelled_leaves_nothing_held)
{
    struct world *w;

    NEED_SERVER();
    w = world_open(1, 100 * PRICE, "");
    w->cancel = true;
    start_calls(w, 200, false);
    end_calls(w);
    w->cancel = false;
    wait_quiet(w);
    CHECK_EQ(totals(w).granted, 0);
    start_calls(w, 200, false);
    end_calls(w);
    CHECK_EQ(totals(w).granted, 100);
    check_sums(w);
    world_close(w);
}

TEST_MAIN(of_ten_thousand_calls_through_three_nodes_exactly_a_hundred_are_admitted,
          with_calls_of_any_size_nothing_goes_below_zero_and_the_rest_can_be_spent,
          connections_that_are_cut_under_load_change_no_balance,
          a_redis_that_forgets_everything_under_load_changes_no_balance,
          a_redis_that_comes_back_empty_is_used_again,
          a_redis_that_comes_back_with_old_data_is_used_again,
          what_a_dead_node_held_counts_until_it_comes_back,
          a_node_that_does_not_come_back_is_retired, a_change_on_one_node_counts_on_the_others,
          a_change_that_nobody_told_of_is_found_by_a_denial,
          a_wait_that_is_cancelled_leaves_nothing_held)

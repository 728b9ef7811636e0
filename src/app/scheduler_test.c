/* Jobs and leases of nodes on one database. */
#include "app/scheduler.h"

#include <time.h>

#include "base/patience.h"
#include "base/test.h"
#include "store/repo_meta.h"
#include "store/repo_node.h"
#include "store/store_fixture.h"

struct machine { /* one node */
    struct cache *cache;
    struct node *node;
    struct scheduler *scheduler;
    _Atomic int runs;
};

static size_t no_requests(void *ctx UNUSED)
{
    return 3;
}

static void count_run(void *ctx)
{
    struct machine *m = ctx;

    m->runs++;
}

static void machine_open(struct machine *m, struct db *db, const char *name)
{
    const struct cache_conf no_redis = {.redis = NULL};

    *m = (struct machine){.runs = 0};
    CHECK_EQ(cache_open(&no_redis, &m->cache, NULL), ERR_OK);
    const struct node_conf conf = {.db = db,
                                   .cache = m->cache,
                                   .name = str_from(name),
                                   .version = STR("v1"),
                                   .port = 3000,
                                   .open_requests = no_requests};
    m->node = node_new(&conf);
}

static void machine_start(struct machine *m, struct db *db, int64_t period_s)
{
    struct scheduler_conf conf = {.db = db, .node = m->node, .sync_s = 86400, .ctx = m};

    conf.jobs[NODE_JOB_CHANNEL_TEST] = (struct scheduler_job){period_s, count_run};
    CHECK_EQ(scheduler_start(&conf, &m->scheduler, NULL), ERR_OK);
}

static void machine_close(struct machine *m)
{
    scheduler_stop(m->scheduler);
    m->scheduler = NULL;
    node_free(m->node);
    cache_close(m->cache);
}

static void wait_runs(struct machine *m, int runs)
{
    for (int i = 0; i < PATIENCE_MS / 10 && m->runs < runs; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    CHECK(m->runs >= runs);
}

static int64_t last_run(struct db *db)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    int64_t at;

    CHECK_EQ(db_acquire(db, DB_WRITE, &c, NULL), ERR_OK);
    CHECK_EQ(repo_meta_find_i64(c, STR("job_channel_test"), &at, NULL), ERR_OK);
    return at;
}

static void set_last_run(struct db *db, int64_t at)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    CHECK_EQ(db_acquire(db, DB_WRITE, &c, NULL), ERR_OK);
    CHECK_EQ(repo_meta_put_i64(c, STR("job_channel_test"), at, NULL), ERR_OK);
}

TEST(a_job_runs_on_one_node_and_on_another_when_that_one_stops)
{
    char path[STORE_FIXTURE_PATH];
    struct db *db = store_fixture_open(path);
    struct machine a, b;

    machine_open(&a, db, "a");
    machine_open(&b, db, "b");
    machine_start(&a, db, 1);
    wait_runs(&a, 1);
    machine_start(&b, db, 1);
    wait_runs(&a, 4);
    CHECK_EQ(b.runs, 0);
    CHECK(node_holds(a.node, NODE_JOB_CHANNEL_TEST));
    CHECK(!node_holds(b.node, NODE_JOB_CHANNEL_TEST));
    scheduler_stop(a.scheduler);
    a.scheduler = NULL;
    CHECK(!node_holds(a.node, NODE_JOB_CHANNEL_TEST));
    wait_runs(&b, 2);
    CHECK(node_holds(b.node, NODE_JOB_CHANNEL_TEST));
    machine_close(&a);
    machine_close(&b);
    store_fixture_close(db, path);
}

TEST(a_period_goes_on_where_it_stood)
{
    char path[STORE_FIXTURE_PATH];
    struct db *db = store_fixture_open(path);
    int64_t now = time(NULL);
    struct machine a;

    /* An hour is over: at once, and then not again. */
    set_last_run(db, now - 3700);
    machine_open(&a, db, "a");
    machine_start(&a, db, 3600);
    wait_runs(&a, 1);
    CHECK(last_run(db) >= now);
    machine_close(&a);
    CHECK_EQ(a.runs, 1);

    /* Nearly over: soon. A clock that was ahead does not put it off for longer than a period. */
    set_last_run(db, time(NULL) - 3599);
    machine_open(&a, db, "a");
    machine_start(&a, db, 3600);
    wait_runs(&a, 1);
    machine_close(&a);
    set_last_run(db, time(NULL) + 86400);
    machine_open(&a, db, "a");
    machine_start(&a, db, 1);
    wait_runs(&a, 1);
    machine_close(&a);
    store_fixture_close(db, path);
}

static struct node_row *rows_of(struct db *db, struct arena *a, size_t *n)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct node_row *rows;
    int64_t now;

    CHECK_EQ(db_acquire(db, DB_READ, &c, NULL), ERR_OK);
    CHECK_EQ(repo_node_list(c, a, &rows, n, &now, NULL), ERR_OK);
    return rows;
}

TEST(nodes_know_of_each_other)
{
    CLEANUP(arena_finip) struct arena arena;
    char path[STORE_FIXTURE_PATH];
    struct db *db = store_fixture_open(path);
    struct machine a, b;
    size_t n;

    arena_init(&arena, 0);
    machine_open(&a, db, "a");
    machine_open(&b, db, "");
    node_beat(a.node);
    CHECK(!node_has_others(a.node));
    node_beat(b.node);
    CHECK(node_has_others(b.node));
    CHECK(!node_has_others(a.node));
    node_beat(a.node);
    CHECK(node_has_others(a.node));

    const struct node_row *rows = rows_of(db, &arena, &n);
    CHECK_EQ(n, 2);
    CHECK(str_eq(rows[0].name, STR("a")) || str_eq(rows[1].name, STR("a")));
    CHECK(str_ends(node_name(b.node), STR(":3000")));
    CHECK(str_has(rows[0].info, STR("\"open_requests\":3")));
    CHECK(str_has(rows[0].info, STR("\"stopped\":false")));
    node_leave(a.node);
    node_leave(b.node);
    rows = rows_of(db, &arena, &n);
    CHECK(str_has(rows[0].info, STR("\"stopped\":true")));
    machine_close(&a);
    machine_close(&b);
    store_fixture_close(db, path);
}

TEST(a_lease_changes_hands_when_its_node_leaves)
{
    char path[STORE_FIXTURE_PATH];
    struct db *db = store_fixture_open(path);
    struct machine a, b;

    machine_open(&a, db, "a");
    machine_open(&b, db, "b");
    CHECK(node_claim(a.node, NODE_JOB_CHANNEL_TEST));
    CHECK(!node_claim(b.node, NODE_JOB_CHANNEL_TEST));
    CHECK(node_claim(a.node, NODE_JOB_CHANNEL_TEST));
    node_leave(a.node);
    CHECK(!node_holds(a.node, NODE_JOB_CHANNEL_TEST));
    CHECK(node_claim(b.node, NODE_JOB_CHANNEL_TEST));
    CHECK(!node_claim(a.node, NODE_JOB_CHANNEL_TEST));
    machine_close(&a);
    machine_close(&b);
    store_fixture_close(db, path);
}

TEST_MAIN(a_job_runs_on_one_node_and_on_another_when_that_one_stops,
          a_period_goes_on_where_it_stood, nodes_know_of_each_other,
          a_lease_changes_hands_when_its_node_leaves)

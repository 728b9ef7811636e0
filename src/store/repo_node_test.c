#include "store/repo_node.h"

#include <pthread.h>
#include <time.h>

#include "store/store_fx.h"

static void put(struct store_fx *f, const char *name, const char *info)
{
    const struct node_row row = {
        .name = str_from(name), .info = str_from(info), .started_at = 1700000000};

    CHECK_OK(f, repo_node_put(f->c, &row, &f->err));
}

/* As if it had not been seen for so long. */
static void age(struct store_fx *f, const char *name, int64_t seconds)
{
    CHECK_OK(f, db_exec(f->c, NULL, &f->err,
                        "UPDATE system_instances SET last_seen_at = last_seen_at - ? WHERE "
                        "node_name = ?",
                        DB_I64(seconds), DB_TEXT(str_from(name))));
}

TEST(a_node_is_seen_by_the_clock_of_the_database)
{
    struct node_row *rows;
    struct store_fx f;
    int64_t now_s;
    size_t n;

    fx_open(&f);
    put(&f, "b", "{\"v\":1}");
    put(&f, "a", "{}");
    put(&f, "b", "{\"v\":2}");
    CHECK_OK(&f, repo_node_list(f.c, &f.a, &rows, &n, &now_s, &f.err));
    CHECK_EQ(n, 2);
    CHECK_STR(rows[0].name, "a");
    CHECK_STR(rows[1].name, "b");
    CHECK_STR(rows[1].info, "{\"v\":2}");
    CHECK_EQ(rows[1].started_at, 1700000000);
    CHECK(now_s - rows[1].last_seen_at <= 5);
    CHECK(now_s >= rows[1].last_seen_at);
    CHECK(rows[1].created_at <= rows[1].updated_at);
    CHECK(now_s - time(NULL) < 60 && time(NULL) - now_s < 60); /* seconds since 1970, UTC */
    fx_close(&f);
}

TEST(a_node_that_was_not_seen_for_long_is_removed)
{
    struct store_fx f;

    fx_open(&f);
    put(&f, "a", "{}");
    put(&f, "b", "{}");
    age(&f, "a", 900);
    CHECK_OK(&f, repo_node_prune(f.c, 1000, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM system_instances"), 2);
    age(&f, "a", 200);
    CHECK_OK(&f, repo_node_prune(f.c, 1000, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM system_instances"), 1);
    fx_close(&f);
}

static bool take(struct store_fx *f, const char *holder)
{
    bool held;

    CHECK_OK(f, repo_lease_take(f->c, STR("job"), str_from(holder), 30, &held, &f->err));
    return held;
}

static void expire(struct store_fx *f)
{
    CHECK_OK(f, db_exec(f->c, NULL, &f->err,
                        "UPDATE system_task_locks SET locked_until = locked_until - 31"));
}

TEST(a_lease_has_one_holder_until_it_ends)
{
    struct lease_row *rows;
    struct store_fx f;
    bool held;
    size_t n;

    fx_open(&f);
    CHECK(take(&f, "a"));
    CHECK(!take(&f, "b"));
    CHECK(take(&f, "a"));
    CHECK_OK(&f, repo_lease_take(f.c, STR("other job"), STR("b"), 30, &held, &f.err));
    CHECK(held);
    CHECK_OK(&f, repo_lease_list(f.c, &f.a, &rows, &n, &f.err));
    CHECK_EQ(n, 2);
    CHECK_STR(rows[0].type, "job");
    CHECK_STR(rows[0].holder, "a");
    expire(&f);
    CHECK_OK(&f, repo_lease_list(f.c, &f.a, &rows, &n, &f.err));
    CHECK_EQ(n, 0);
    CHECK(take(&f, "b"));
    CHECK(!take(&f, "a"));
    CHECK_OK(&f, repo_lease_release(f.c, STR("job"), STR("a"), &f.err)); /* it is not a's */
    CHECK(!take(&f, "a"));
    CHECK_OK(&f, repo_lease_release(f.c, STR("job"), STR("b"), &f.err));
    CHECK(take(&f, "a"));
    fx_close(&f);
}

/* What the original leaves in a lock that nobody holds. */
TEST(a_lease_without_an_end_is_free)
{
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f,
             db_exec(f.c, NULL, &f.err,
                     "INSERT INTO system_task_locks (\"type\", locked_by) VALUES ('job', NULL)"));
    CHECK(take(&f, "a"));
    fx_close(&f);
}

struct rival {
    struct store_fx *f;
    pthread_t thread;
    char name[16];
    int won;
};

enum { RIVALS = 6, ROUNDS = 20 };

static void *compete(void *arg)
{
    struct rival *r = arg;
    struct db_conn *c;
    struct err err;

    for (int i = 0; i < ROUNDS; i++) {
        char type[16];
        bool held;

        snprintf(type, sizeof type, "race-%d", i);
        if (db_acquire(r->f->db, DB_WRITE, &c, &err) != ERR_OK ||
            repo_lease_take(c, str_from(type), str_from(r->name), 30, &held, &err) != ERR_OK) {
            print_error("%s\n", err.msg);
            return r;
        }
        r->won += held;
        db_release(c);
    }
    return NULL;
}

TEST(of_many_that_come_at_once_one_gets_it)
{
    struct rival rivals[RIVALS];
    struct store_fx f;
    void *failed;
    int won = 0;

    fx_open(&f);
    db_release(f.c); /* SQLite has one for writing */
    for (int i = 0; i < RIVALS; i++) {
        rivals[i] = (struct rival){.f = &f};
        snprintf(rivals[i].name, sizeof rivals[i].name, "node-%d", i);
        CHECK_EQ(pthread_create(&rivals[i].thread, NULL, compete, &rivals[i]), 0);
    }
    for (int i = 0; i < RIVALS; i++) {
        CHECK_EQ(pthread_join(rivals[i].thread, &failed), 0);
        CHECK(failed == NULL);
        won += rivals[i].won;
    }
    CHECK_EQ(won, ROUNDS);
    CHECK_OK(&f, db_acquire(f.db, DB_WRITE, &f.c, &f.err));
    fx_close(&f);
}

TEST_MAIN(a_node_is_seen_by_the_clock_of_the_database, a_node_that_was_not_seen_for_long_is_removed,
          a_lease_has_one_holder_until_it_ends, a_lease_without_an_end_is_free,
          of_many_that_come_at_once_one_gets_it)

/*
 * On servers only: bringing a database of a server forward. What the result must be for each of the
 * original programs is in migrate_test.c.
 */
#include "store/migrate.h"

#include <pthread.h>
#include <sched.h>

#include "base/sb.h"
#include "store/migrate_fx.h"
#include "store/migrate_table.h"
#include "store/repo_meta.h"
#include "store/schema.h"
#include "store/store_fx.h"

/* The tables that we made have our columns, in our order, and no others. */
static void check_ours(struct store_fx *f)
{
    check_complete(f);
    for (size_t i = 0; i < schema_table_count(); i++) {
        const struct schema_table *t = schema_table_at(i);
        struct str *columns;
        size_t n;

        CHECK_OK(f, db_list_columns(f->c, &f->a, t->name, &columns, &n, &f->err));
        CHECK_EQ(n, t->column_count);
        for (size_t k = 0; k < t->column_count; k++)
            CHECK(str_eq(columns[k], str_from(t->columns[k].name)));
    }
}

TEST(an_empty_database_gets_every_table_once)
{
    struct store_fx f;
    struct str origin;

    fx_open_empty(&f);
    CHECK_OK(&f, migrate_up(f.db, &f.err));
    check_ours(&f);
    CHECK_OK(&f, repo_meta_find(f.c, &f.a, STR("origin"), &origin, &f.err));
    CHECK_STR(origin, "fresh");
    CHECK_OK(&f, repo_meta_put(f.c, STR("mine"), STR("1"), &f.err));
    CHECK_OK(&f, migrate_up(f.db, &f.err));
    check_ours(&f);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM yourapi_meta WHERE \"key\" = 'mine'"), 1);
    fx_close(&f);
}

/* The statement in the server's spelling. */
static void make_table(struct store_fx *f, const char *name, size_t columns)
{
    CLEANUP(sb_finip) struct sb sql;
    struct schema_table part = *schema_find_table(name);

    sb_init(&sql, 16384);
    part.column_count = columns;
    schema_create_table(&sql, db_conn_kind(f->c), &part);
    sb_add_char(&sql, '\0');
    CHECK_OK(f, db_exec(f->c, NULL, &f->err, sql.p));
}

TEST(what_is_there_stays_and_what_is_missing_is_added)
{
    struct store_fx f;

    fx_open_empty(&f);
    make_table(&f, "options", 2);
    make_table(&f, "tokens", 10);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "CREATE TABLE theirs (id bigint)"));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('SystemName', 'Mine')"));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                         "INSERT INTO tokens (id, user_id, \"key\") VALUES (5, 1, 'k')"));
    CHECK_OK(&f, migrate_up(f.db, &f.err));
    check_ours(&f);
    CHECK_STR(fx_text(&f, "SELECT \"value\" FROM options"), "Mine");
    CHECK_EQ(fx_number(&f, "SELECT id FROM tokens WHERE \"key\" = 'k'"), 5);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM theirs"), 0);
    fx_close(&f);
}

TEST(a_unique_index_that_rows_break_does_not_stop_the_start)
{
    struct store_fx f;

    fx_open_empty(&f);
    make_table(&f, "tokens", schema_find_table("tokens")->column_count);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                         "INSERT INTO tokens (id, \"key\") VALUES (1, 'same'), (2, 'same')"));
    CHECK_OK(&f, migrate_up(f.db, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM tokens"), 2);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM yourapi_meta WHERE \"key\" = 'origin'"), 1);
    fx_close(&f);
}

TEST(several_nodes_may_start_at_the_same_time)
{
    struct store_fx f;

    fx_open_empty(&f);
    all_at_once(migrate_thread, f.path, 4);
    check_ours(&f);
    fx_close(&f);
}

TEST(a_node_killed_at_any_moment_leaves_a_database_that_is_completed)
{
    for (useconds_t us = 4000; us < 300000; us = us * 3 / 2) {
        struct store_fx f;

        fx_open_empty(&f);
        make_table(&f, "channels", schema_find_table("channels")->column_count);
        make_table(&f, "users", 6); /* as an old version has it */
        CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                             "INSERT INTO channels (id, \"key\", models, \"group\", status)"
                             " VALUES (3, 'k', 'a,b', 'default', 1)"));
        migrate_and_kill(f.path, us);
        CHECK_OK(&f, migrate_up(f.db, &f.err));
        check_ours(&f);
        CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM abilities WHERE channel_id = 3"), 2);
        CHECK_STR(fx_text(&f, "SELECT \"value\" FROM yourapi_meta WHERE \"key\" = 'origin'"),
                  "new-api");
        fx_close(&f);
    }
}

/* The lock of a node that brings the database forward. */
static void take_lock(struct store_fx *f)
{
    CHECK_OK(f, db_begin(f->c, &f->err));
    CHECK_EQ(fx_number(f, db_conn_kind(f->c) == DB_MYSQL
                              ? "SELECT GET_LOCK(CONCAT('yourapi.', SHA1(DATABASE())), 0)"
                              : "SELECT 1 FROM (SELECT pg_advisory_xact_lock(2036428905)) AS l"),
             1);
}

static void give_lock(struct store_fx *f)
{
    if (db_conn_kind(f->c) == DB_MYSQL)
        CHECK_OK(f, db_exec(f->c, NULL, &f->err,
                            "DO RELEASE_LOCK(CONCAT('yourapi.', SHA1(DATABASE())))"));
    CHECK_OK(f, db_commit(f->c, &f->err));
}

/* Returns when somebody waits for it. */
static void wait_for_waiter(struct store_fx *f)
{
    const char *sql =
        db_conn_kind(f->c) == DB_MYSQL
            ? "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE()"
              " AND state = 'User lock'"
            : "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
              " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

    while (fx_number(f, sql) == 0)
        sched_yield();
}

TEST(a_node_waits_until_the_other_has_brought_it_forward)
{
    struct store_fx f;
    struct str *names;
    pthread_t thread;
    void *done;
    size_t n;

    fx_open_empty(&f);
    take_lock(&f);
    CHECK_EQ(pthread_create(&thread, NULL, migrate_thread, f.path), 0);
    wait_for_waiter(&f);
    CHECK_OK(&f, db_list_columns(f.c, &f.a, "users", &names, &n, &f.err));
    CHECK_EQ(n, 0);
    give_lock(&f);
    CHECK_EQ(pthread_join(thread, &done), 0);
    CHECK(done != NULL);
    check_ours(&f);
    fx_close(&f);
}

/* What each of several programs does that know nothing of the lock. */
static enum err_code bring_all(struct db_conn *c, struct arena *a, struct err *err)
{
    struct migration m = {.conn = c, .arena = a};
    enum err_code rc = ERR_OK;

    sb_init(&m.sql, 16384);
    for (size_t i = 0; i < schema_table_count() && rc == ERR_OK; i++) {
        struct db_tx tx;

        rc = db_join(c, &tx, err);
        if (rc == ERR_OK)
            rc = db_join_end(&tx, migrate_table(&m, schema_table_at(i), err), err);
    }
    sb_fini(&m.sql);
    return rc;
}

static void *bring_thread(void *db)
{
    struct err err = {.code = ERR_OK};
    struct db_conn *c = NULL;
    struct arena a;
    enum err_code rc;

    arena_init(&a, 0);
    rc = db_acquire(db, DB_WRITE, &c, &err);
    if (rc == ERR_OK)
        rc = bring_all(c, &a, &err);
    if (rc != ERR_OK)
        print_error("%s\n", err.msg);
    db_release(c);
    arena_fini(&a);
    return rc == ERR_OK ? db : NULL;
}

TEST(what_another_program_makes_at_the_same_time_is_no_error)
{
    struct store_fx f;

    fx_open_empty(&f);
    make_table(&f, "yourapi_meta", 2); /* abilities are noted there */
    all_at_once(bring_thread, f.db, 3);
    check_ours(&f);
    fx_close(&f);
}

TEST(a_column_that_cannot_be_made_wider_does_not_stop_the_start)
{
    struct store_fx f;

    fx_open_empty(&f);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                         "CREATE TABLE users (id bigint PRIMARY KEY, \"group\" varchar(32))"));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                         "CREATE VIEW groups_of AS SELECT id, \"group\" AS g FROM users"));
    CHECK_OK(&f, migrate_up(f.db, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM groups_of"), 0);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM yourapi_meta WHERE \"key\" = 'origin'"), 1);
    fx_close(&f);
}

TEST_MAIN(an_empty_database_gets_every_table_once, what_is_there_stays_and_what_is_missing_is_added,
          a_unique_index_that_rows_break_does_not_stop_the_start,
          several_nodes_may_start_at_the_same_time,
          a_node_killed_at_any_moment_leaves_a_database_that_is_completed,
          a_node_waits_until_the_other_has_brought_it_forward,
          what_another_program_makes_at_the_same_time_is_no_error,
          a_column_that_cannot_be_made_wider_does_not_stop_the_start)

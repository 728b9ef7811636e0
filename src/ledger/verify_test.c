#include "ledger/verify.h"

#include "base/test.h"
#include "store/db.h"
#include "store/store_fixture.h"

struct fixture {
    char path[STORE_FIXTURE_PATH];
    struct db *db;
    struct db_conn *c;
};

static void run(struct fixture *f, const char *sql)
{
    assert_int_equal(db_exec(f->c, NULL, NULL, sql), ERR_OK);
}

static void setup(struct fixture *f)
{
    f->db = store_fixture_open(f->path);
    assert_int_equal(db_acquire(f->db, DB_WRITE, &f->c, NULL), ERR_OK);
    run(f, "INSERT INTO users (id, username, password, used_quota) VALUES (1, 'a', '', 30)");
    run(f, "INSERT INTO users (id, username, password, used_quota) VALUES (2, 'b', '', 5)");
    run(f, "INSERT INTO tokens (id, user_id, used_quota) VALUES (7, 1, 30)");
    run(f, "INSERT INTO tokens (id, user_id, used_quota) VALUES (8, 2, 5)");
    run(f, "INSERT INTO channels (id, \"key\", used_quota) VALUES (3, 'k', 35)");
    run(f, "INSERT INTO logs (user_id, token_id, channel_id, type, quota) VALUES (1, 7, 3, 2, 10)");
    run(f, "INSERT INTO logs (user_id, token_id, channel_id, type, quota) VALUES (1, 7, 3, 2, 20)");
    run(f, "INSERT INTO logs (user_id, token_id, channel_id, type, quota) VALUES (2, 8, 3, 2, 5)");
    /* Neither a top-up nor the test of a channel is a consumption that somebody pays. */
    run(f, "INSERT INTO logs (user_id, token_id, channel_id, type, quota) VALUES (1, 0, 0, 1, 99)");
    run(f, "INSERT INTO logs (user_id, token_id, channel_id, type, quota, token_name)"
           " VALUES (1, 0, 3, 2, 99, '模型测试')");
}

static void teardown(struct fixture *f)
{
    db_release(f->c);
    store_fixture_close(f->db, f->path);
}

static struct verify_report report_of(struct fixture *f, const struct verify_mark *since)
{
    struct verify_report r;

    assert_int_equal(verify_accounts(f->c, f->c, since, &r, NULL), ERR_OK);
    return r;
}

TEST(accounts_that_agree_are_said_to)
{
    struct fixture f;
    struct verify_report r;

    setup(&f);
    r = report_of(&f, NULL);
    CHECK(r.agree);
    CHECK_EQ(r.rows, 3);
    CHECK_EQ(r.users.accounts, 2);
    CHECK_EQ(r.users.logged, 35);
    CHECK_EQ(r.users.used, 35);
    CHECK_EQ(r.tokens.logged, 35);
    CHECK_EQ(r.channels.used, 35);
    teardown(&f);
}

TEST(one_point_too_many_is_found_and_named)
{
    struct fixture f;
    struct verify_report r;

    setup(&f);
    run(&f, "UPDATE tokens SET used_quota = used_quota + 1 WHERE id = 8");
    r = report_of(&f, NULL);
    CHECK(!r.agree);
    CHECK_EQ(r.users.wrong, 0);
    CHECK_EQ(r.channels.wrong, 0);
    CHECK_EQ(r.tokens.wrong, 1);
    CHECK_EQ(r.tokens.first_wrong, 8);
    CHECK_EQ(r.tokens.first_logged, 5);
    CHECK_EQ(r.tokens.first_used, 6);
    teardown(&f);
}

TEST(two_errors_that_cancel_out_are_found)
{
    struct fixture f;

    setup(&f);
    run(&f, "UPDATE users SET used_quota = used_quota + 1 WHERE id = 1");
    run(&f, "UPDATE users SET used_quota = used_quota - 1 WHERE id = 2");
    CHECK_EQ(report_of(&f, NULL).users.wrong, 2);
    teardown(&f);
}

TEST(what_was_logged_for_accounts_that_are_gone_is_counted_apart)
{
    struct fixture f;
    struct verify_report r;

    setup(&f);
    run(&f, "DELETE FROM users WHERE id = 2");
    run(&f, "DELETE FROM channels WHERE id = 3");
    r = report_of(&f, NULL);
    CHECK(r.agree);
    CHECK_EQ(r.users.orphaned, 5);
    CHECK_EQ(r.channels.orphaned, 35);
    CHECK_EQ(r.channels.accounts, 0);
    teardown(&f);
}

TEST(a_mark_leaves_the_past_out)
{
    CLEANUP(arena_finip) struct arena a;
    struct fixture f;
    struct verify_mark mark;
    struct verify_report r;

    arena_init(&a, 0);
    setup(&f);
    run(&f, "UPDATE users SET used_quota = 12345 WHERE id = 1"); /* an old quarrel */
    CHECK(!report_of(&f, NULL).agree);
    CHECK_EQ(verify_mark_take(f.c, f.c, &a, &mark, NULL), ERR_OK);
    CHECK(report_of(&f, &mark).agree);
    run(&f, "INSERT INTO logs (user_id, token_id, channel_id, type, quota) VALUES (1, 7, 3, 2, 4)");
    r = report_of(&f, &mark);
    CHECK(r.users.wrong == 1 && r.tokens.wrong == 1 && r.channels.wrong == 1);
    CHECK_EQ(r.rows, 1);
    run(&f, "UPDATE users SET used_quota = used_quota + 4 WHERE id = 1");
    run(&f, "UPDATE tokens SET used_quota = used_quota + 4 WHERE id = 7");
    run(&f, "UPDATE channels SET used_quota = used_quota + 4 WHERE id = 3");
    CHECK(report_of(&f, &mark).agree);
    teardown(&f);
}

TEST_MAIN(accounts_that_agree_are_said_to, one_point_too_many_is_found_and_named,
          two_errors_that_cancel_out_are_found,
          what_was_logged_for_accounts_that_are_gone_is_counted_apart, a_mark_leaves_the_past_out)

/*
 * On PostgreSQL only: what its driver makes of the server's ways. What holds for every database is
 * in db_test.c.
 */
#include "store/db.h"

#include <pthread.h>

#include "store/store_fx.h"

static bool says(const struct err *err, const char *text)
{
    return str_has(str_from(err->msg), str_from(text));
}

/* Opens what the server's DSN names, changed by `more` ("&user=nobody"). */
static enum err_code open_with(struct arena *a, const char *more, struct db_conf conf,
                               struct db **db, struct err *err)
{
    conf.dsn = arena_fmt(a, "%s%s", getenv("YOURAPI_TEST_POSTGRES"), more);
    return db_open(&conf, db, err);
}

static void refused(struct arena *a, const char *more, enum err_code code, const char *because)
{
    struct err err = {.msg = ""};
    struct db *db;
    enum err_code rc = open_with(a, more, (struct db_conf){0}, &db, &err);

    if (rc != code || !says(&err, because))
        print_error("%s: %s\n", more, err.msg);
    CHECK_EQ(rc, code);
    CHECK(db == NULL);
    CHECK(says(&err, because));
    CHECK(!says(&err, "hush"));
}

TEST(what_keeps_us_out_is_told_by_its_cause)
{
    struct store_fx f;

    fx_open(&f); /* ends the program where there is no server */
    refused(&f.a, "&dbname=nowhere", ERR_UNAVAILABLE, "database \"nowhere\" does not exist");
    refused(&f.a, "&host=127.0.0.1&password=hush", ERR_UNAVAILABLE,
            "password authentication failed");
    refused(&f.a, "&host=/nowhere", ERR_UNAVAILABLE, "No such file or directory");
    refused(&f.a, "&host=127.0.0.1&port=1&password=hush", ERR_UNAVAILABLE, "Connection refused");
    refused(&f.a, "&port=odd", ERR_UNAVAILABLE, "invalid");
    refused(&f.a, "&sslmode=odd", ERR_UNAVAILABLE, "invalid sslmode");
    refused(&f.a, "&options=-c%20default_transaction_read_only%3Don", ERR_DB, "read-only");
    fx_close(&f);
}

TEST(what_only_the_server_knows_in_a_dsn_is_set_there)
{
    struct store_fx f;
    struct db *db;
    struct db_conn *c;
    struct db_rows *rows;

    fx_open(&f);
    CHECK_OK(&f,
             open_with(&f.a, "&TimeZone=Asia%2FShanghai&search_path=elsewhere&pool_max_conns=10",
                       (struct db_conf){0}, &db, &f.err));
    CHECK_OK(&f, db_acquire(db, DB_WRITE, &c, &f.err));
    CHECK_OK(&f, db_query(c, &f.a, &rows, &f.err,
                          "SELECT current_setting('search_path'), current_setting('TimeZone')"));
    CHECK(db_next(rows));
    CHECK_STR(db_text(rows, 0), "elsewhere");
    CHECK_STR(db_text(rows, 1), "UTC"); /* times are read as UTC */
    CHECK_OK(&f, db_end(rows, &f.err));
    db_release(c);
    db_close(db);
    fx_close(&f);
}

TEST(cells_look_as_on_the_other_databases)
{
    struct db_rows *rows;
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_query(f.c, &f.a, &rows, &f.err,
                          "SELECT CAST('k' AS char(8)), CAST(? AS timestamptz), CAST(? AS bytea),"
                          " 1.9, 'x12', '12x', true, CAST(1e20 AS float8), SUM(n), CAST('' AS text)"
                          " FROM (SELECT CAST(9223372036854775807 AS bigint) AS n) AS t",
                          DB_TEXT(STR("2026-11-23 16:15:15+08:00")), DB_BLOB(STR("\xff\0\x01"))));
    CHECK(db_next(rows));
    CHECK_STR(db_text(rows, 0), "k");
    CHECK_STR(db_text(rows, 1), "2026-11-23 08:15:15+00:00");
    CHECK(str_eq(db_text(rows, 2), STR("\xff\0\x01")));
    CHECK_EQ(db_i64(rows, 3), 1);
    CHECK_STR(db_text(rows, 3), "1.9");
    CHECK(db_i64(rows, 4) == 0 && db_i64(rows, 5) == 12);
    CHECK(db_bool(rows, 6) && db_i64(rows, 6) == 1 && db_f64(rows, 6) == 1);
    CHECK_STR(db_text(rows, 6), "1");
    CHECK(db_f64(rows, 7) == 1e20 && db_i64(rows, 7) > INT64_C(9223372036854770000));
    CHECK(db_i64(rows, 8) == INT64_MAX);
    CHECK(!db_is_null(rows, 9) && db_text(rows, 9).n == 0);
    CHECK_OK(&f, db_end(rows, &f.err));
    fx_close(&f);
}

TEST(bytes_that_the_server_would_refuse_become_question_marks)
{
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', ?), ('b', ?)",
                         DB_TEXT(STR("a\0b\xff")), DB_TEXT(STR("名"))));
    CHECK_STR(fx_text(&f, "SELECT \"value\" FROM options WHERE \"key\" = 'a'"), "a?b?");
    CHECK_STR(fx_text(&f, "SELECT \"value\" FROM options WHERE \"key\" = 'b'"), "名");
    fx_close(&f);
}

TEST(an_error_names_no_value)
{
    struct store_fx f;

    fx_open(&f);
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "UPDATE users SET quota = ?", DB_TEXT(STR("hush"))),
             ERR_DB);
    CHECK(says(&f.err, "invalid input syntax for type bigint") && !says(&f.err, "hush"));
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "INSERT INTO tokens (\"key\") VALUES (?)",
                     DB_TEXT(STR("hush hush hush hush hush hush hush hush hush hush hush"))),
             ERR_DB);
    CHECK(says(&f.err, "too long") && !says(&f.err, "hush"));
    CHECK_EQ(
        db_exec(f.c, NULL, &f.err, "INSERT INTO users (username) VALUES (?)", DB_TEXT(STR("hush"))),
        ERR_DB);
    CHECK(says(&f.err, "password") && !says(&f.err, "hush"));
    fx_close(&f);
}

TEST(a_commit_after_a_failed_statement_is_no_success)
{
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_begin(f.c, &f.err));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', 'b')"));
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', 'b')"), ERR_CONFLICT);
    CHECK_EQ(db_commit(f.c, &f.err), ERR_DB);
    CHECK(says(&f.err, "rolled back"));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM options"), 0);
    fx_close(&f);
}

TEST(a_statement_that_takes_too_long_is_ended)
{
    struct store_fx f;
    struct db *db;
    struct db_conn *c;

    fx_open(&f);
    CHECK_OK(&f, open_with(&f.a, "", (struct db_conf){.statement_timeout_ms = 1000}, &db, &f.err));
    CHECK_OK(&f, db_acquire(db, DB_WRITE, &c, &f.err));
    CHECK_EQ(db_exec(c, NULL, &f.err, "SELECT pg_sleep(60)"), ERR_UNAVAILABLE);
    CHECK(says(&f.err, "longer than 1000 ms"));
    CHECK_OK(&f, db_exec(c, NULL, &f.err, "SELECT 1"));
    db_release(c);
    db_close(db);
    fx_close(&f);
}

TEST(the_wait_for_another_writer_is_bounded)
{
    struct store_fx f;
    struct db *db;
    struct db_conn *c;
    const char *more;

    fx_open(&f);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', 'b')"));
    CHECK_OK(&f, db_begin(f.c, &f.err));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "DELETE FROM options"));
    more = arena_fmt(&f.a, "&dbname=%s", f.path).p;
    CHECK_OK(&f, open_with(&f.a, more, (struct db_conf){.busy_timeout_ms = 50}, &db, &f.err));
    CHECK_OK(&f, db_acquire(db, DB_WRITE, &c, &f.err));
    CHECK_EQ(db_exec(c, NULL, &f.err, "DELETE FROM options"), ERR_UNAVAILABLE);
    CHECK(says(&f.err, "another writer"));
    db_release(c);
    db_close(db);
    fx_close(&f);
}

/* Ends every other connection to the fixture's database, as a restart of the server does. */
static void end_others(struct store_fx *f, struct db *other)
{
    struct db_conn *c;

    CHECK_OK(f, db_acquire(other, DB_WRITE, &c, &f->err));
    CHECK_OK(f, db_exec(c, NULL, &f->err,
                        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                        " WHERE datname = ? AND pid <> pg_backend_pid()",
                        DB_TEXT(str_from(f->path))));
    db_release(c);
}

TEST(a_connection_that_the_server_ended_is_replaced)
{
    struct store_fx f;
    struct db *other;

    fx_open(&f);
    other = store_fixture_reopen(f.path);
    db_release(f.c);
    end_others(&f, other); /* while it is idle: nobody notices */
    CHECK_OK(&f, db_acquire(f.db, DB_WRITE, &f.c, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM options"), 0);
    CHECK_OK(&f, db_begin(f.c, &f.err));
    end_others(&f, other); /* while it is in use: told as such, and then it is over */
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', 'b')"), ERR_UNAVAILABLE);
    CHECK_EQ(db_commit(f.c, &f.err), ERR_UNAVAILABLE);
    db_release(f.c);
    CHECK_OK(&f, db_acquire(f.db, DB_WRITE, &f.c, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM options"), 0);
    db_close(other);
    fx_close(&f);
}

TEST(a_reading_transaction_sees_one_state_and_cannot_write)
{
    struct store_fx f;
    struct db_conn *reader;
    struct db_rows *rows;

    fx_open(&f);
    CHECK_OK(&f, db_acquire(f.db, DB_READ, &reader, &f.err));
    CHECK_OK(&f, db_begin(reader, &f.err));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(&f, db_query(reader, &f.a, &rows, &f.err, "SELECT COUNT(*) FROM options"));
        CHECK(db_next(rows));
        CHECK_EQ(db_i64(rows, 0), 0);
        CHECK_OK(&f, db_end(rows, &f.err));
        CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES (?, '')", DB_I64(i)));
    }
    CHECK(db_exec(reader, NULL, &f.err, "DELETE FROM options") != ERR_OK);
    CHECK(says(&f.err, "read-only"));
    db_release(reader);
    fx_close(&f);
}

/* Two transactions that wait for each other: one of them is told to come again. */
struct rival {
    struct db *db;
    pthread_barrier_t both;
};

static enum err_code change_both(struct rival *r, const char *first, const char *second)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    TRY(db_acquire(r->db, DB_WRITE, &c, NULL));
    TRY(db_begin(c, NULL));
    TRY(db_exec(c, NULL, NULL, first));
    pthread_barrier_wait(&r->both);
    TRY(db_exec(c, NULL, NULL, second));
    return db_commit(c, NULL);
}

#define CHANGE_A "UPDATE options SET \"value\" = 'x' WHERE \"key\" = 'a'"
#define CHANGE_B "UPDATE options SET \"value\" = 'x' WHERE \"key\" = 'b'"

static void *rival_thread(void *arg)
{
    return (void *)(intptr_t)change_both(arg, CHANGE_B, CHANGE_A);
}

TEST(of_two_that_wait_for_each_other_one_is_told_to_come_again)
{
    struct rival r;
    struct store_fx f;
    pthread_t thread;
    enum err_code mine;
    void *other;

    fx_open(&f);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', ''), ('b', '')"));
    r.db = f.db;
    pthread_barrier_init(&r.both, NULL, 2);
    CHECK_EQ(pthread_create(&thread, NULL, rival_thread, &r), 0);
    mine = change_both(&r, CHANGE_A, CHANGE_B);
    pthread_join(thread, &other);
    pthread_barrier_destroy(&r.both);
    CHECK((mine == ERR_OK && (intptr_t)other == ERR_UNAVAILABLE) ||
          (mine == ERR_UNAVAILABLE && (intptr_t)other == ERR_OK));
    fx_close(&f);
}

TEST(the_server_runs_out_of_statements_never)
{
    struct store_fx f;

    fx_open(&f);
    for (int i = 0; i < 400; i++)
        CHECK_EQ(fx_number(&f, arena_fmt(&f.a, "SELECT %d", i).p), i);
    CHECK(fx_number(&f, "SELECT COUNT(*) FROM pg_prepared_statements") <= 128);
    fx_close(&f);
}

/* Another node, or the original, may bring the database forward while we run. */
TEST(a_statement_goes_on_when_its_table_changes)
{
    struct db_conn *other;
    struct store_fx f;
    const char *sql = "SELECT value FROM options";

    fx_open(&f);
    CHECK_OK(&f, db_acquire(f.db, DB_WRITE, &other, &f.err));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', '7')"));
    CHECK_EQ(fx_number(&f, sql), 7);
    CHECK_OK(&f, db_exec(other, NULL, &f.err,
                         "ALTER TABLE options ALTER COLUMN value TYPE varchar(100)"));
    CHECK_EQ(fx_number(&f, sql), 7);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "DEALLOCATE ALL"));
    CHECK_EQ(fx_number(&f, sql), 7);
    db_release(other);
    fx_close(&f);
}

TEST(a_transaction_whose_table_changes_can_be_begun_again)
{
    struct db_conn *other;
    struct db_rows *rows;
    struct store_fx f;
    const char *sql = "SELECT value FROM options";

    fx_open(&f);
    CHECK_OK(&f, db_acquire(f.db, DB_WRITE, &other, &f.err));
    CHECK_EQ(fx_number(&f, sql), 0);
    CHECK_OK(&f, db_begin(f.c, &f.err));
    CHECK_OK(&f, db_exec(other, NULL, &f.err,
                         "ALTER TABLE options ALTER COLUMN value TYPE varchar(100)"));
    CHECK_EQ(db_query(f.c, &f.a, &rows, &f.err, sql), ERR_UNAVAILABLE);
    CHECK(strstr(f.err.msg, "changed"));
    db_rollback(f.c);
    CHECK_OK(&f, db_begin(f.c, &f.err));
    CHECK_EQ(fx_number(&f, sql), 0);
    CHECK_OK(&f, db_commit(f.c, &f.err));
    db_release(other);
    fx_close(&f);
}

static const char *const option_names[] = {"key", "value"};
static const struct db_insert option_rows = {"options", option_names, 2};

TEST(rows_on_their_way_when_the_connection_ends_are_told_as_such)
{
    const struct db_value row[] = {DB_TEXT(STR("a")), DB_TEXT(STR("b"))};
    struct store_fx f;
    struct db *other;

    fx_open(&f);
    other = store_fixture_reopen(f.path);
    CHECK_OK(&f, db_begin(f.c, &f.err));
    CHECK_OK(&f, db_insert_rows(f.c, &option_rows, row, 1, &f.err));
    end_others(&f, other);
    CHECK_EQ(db_insert_rows(f.c, &option_rows, row, 1, &f.err), ERR_UNAVAILABLE);
    CHECK_EQ(db_commit(f.c, &f.err), ERR_UNAVAILABLE);
    db_release(f.c);
    CHECK_OK(&f, db_acquire(f.db, DB_WRITE, &f.c, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM options"), 0);
    db_close(other);
    fx_close(&f);
}

/* The server finds the fault in the first of them while megabytes are still to come. */
TEST(a_wrong_row_before_very_many_is_told_and_the_connection_goes_on)
{
    enum { ROWS = 30000 };
    struct db_value *values;
    struct str text;
    struct store_fx f;

    fx_open(&f);
    text = arena_fmt(&f.a, "%0400d", 7);
    values = arena_new_array(&f.a, struct db_value, (size_t)ROWS * 2);
    for (size_t i = 0; i < ROWS; i++) {
        values[i * 2] = DB_TEXT(i < 2 ? STR("same") : arena_fmt(&f.a, "key%zu", i));
        values[i * 2 + 1] = DB_TEXT(text);
    }
    CHECK_EQ(db_insert_rows(f.c, &option_rows, values, ROWS, &f.err), ERR_CONFLICT);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM options"), 0);
    CHECK_OK(&f, db_insert_rows(f.c, &option_rows, values + 2, ROWS - 1, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM options"), ROWS - 1);
    fx_close(&f);
}

TEST(a_copied_value_that_does_not_fit_its_column_is_not_named)
{
    static const char *const names[] = {"n", "bytes"};
    static const struct db_insert what = {"odd", names, 2};
    const struct db_value good[] = {DB_F64(0.1), DB_BLOB(STR("\0\xff\n\\"))};
    const struct db_value wrong[] = {DB_TEXT(STR("hush")), DB_NULL()};
    struct db_rows *rows;
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "CREATE TABLE odd (n numeric, bytes bytea)"));
    CHECK_EQ(db_insert_rows(f.c, &what, wrong, 1, &f.err), ERR_DB);
    CHECK(!says(&f.err, "hush"));
    CHECK_OK(&f, db_insert_rows(f.c, &what, good, 1, &f.err));
    CHECK_OK(&f, db_query(f.c, &f.a, &rows, &f.err, "SELECT n, bytes FROM odd"));
    CHECK(db_next(rows) && db_f64(rows, 0) == 0.1);
    CHECK(str_eq(db_text(rows, 1), STR("\0\xff\n\\")));
    CHECK_OK(&f, db_end(rows, &f.err));
    fx_close(&f);
}

TEST_MAIN(what_keeps_us_out_is_told_by_its_cause, what_only_the_server_knows_in_a_dsn_is_set_there,
          cells_look_as_on_the_other_databases,
          bytes_that_the_server_would_refuse_become_question_marks, an_error_names_no_value,
          a_commit_after_a_failed_statement_is_no_success, a_statement_that_takes_too_long_is_ended,
          the_wait_for_another_writer_is_bounded, a_connection_that_the_server_ended_is_replaced,
          a_reading_transaction_sees_one_state_and_cannot_write,
          of_two_that_wait_for_each_other_one_is_told_to_come_again,
          the_server_runs_out_of_statements_never, a_statement_goes_on_when_its_table_changes,
          a_transaction_whose_table_changes_can_be_begun_again,
          rows_on_their_way_when_the_connection_ends_are_told_as_such,
          a_wrong_row_before_very_many_is_told_and_the_connection_goes_on,
          a_copied_value_that_does_not_fit_its_column_is_not_named)

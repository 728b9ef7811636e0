/*
 * On MySQL only: what its driver makes of the server's ways. What holds for every database is in
 * db_test.c.
 */
#include "store/db.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/sb.h"
#include "store/store_fx.h"

static void run(struct store_fx *f, const char *sql)
{
    CHECK_OK(f, db_exec(f->c, NULL, &f->err, sql));
}

static struct db_conn *another(struct store_fx *f, enum db_access access)
{
    struct db_conn *c;

    CHECK_OK(f, db_acquire(f->db, access, &c, &f->err));
    return c;
}

static int64_t number_by(struct store_fx *f, struct db_conn *c, const char *sql)
{
    struct db_conn *mine = f->c;
    int64_t value;

    f->c = c;
    value = fx_number(f, sql);
    f->c = mine;
    return value;
}

/* By the other connection, and waits until it is gone. */
static void kill_by(struct store_fx *f, struct db_conn *c, int64_t id)
{
    CHECK_OK(f, db_exec(c, NULL, &f->err, "KILL ?", DB_I64(id)));
    while (number_by(f, c,
                     arena_fmt(&f->a,
                               "SELECT COUNT(*) FROM information_schema.processlist"
                               " WHERE id = %lld",
                               (long long)id)
                         .p) > 0)
        usleep(1000);
}

/* Cells. */

TEST(cells_of_every_type_read_as_what_they_hold)
{
    struct store_fx f;
    struct db_rows *r;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (id bigint AUTO_INCREMENT PRIMARY KEY, n bigint, u bigint unsigned,"
            " small tinyint, yes boolean, real_ double, price decimal(10,6), name varchar(191),"
            " long_ longtext, j json, at datetime(3), day date, bits bit(12), word char(8))");
    run(&f, "INSERT INTO t VALUES (1, -9223372036854775808, 18446744073709551615, -128, 1, 0.1,"
            " 1234.5, '\xf0\x9f\x98\x80 \xe4\xbd\xa0', REPEAT('x', 300000), '{\"a\":1}',"
            " '2026-11-23 16:15:15.130', '2026-11-23', 0x0801, 'abc')");
    run(&f, "INSERT INTO t (id) VALUES (2)");
    CHECK_OK(&f, db_query(f.c, &f.a, &r, &f.err, "SELECT * FROM t ORDER BY id"));
    CHECK(db_next(r));
    CHECK(db_i64(r, 1) == INT64_MIN);
    CHECK(db_i64(r, 2) == INT64_MAX); /* as near as it gets */
    CHECK_STR(db_text(r, 2), "18446744073709551615");
    CHECK_EQ(db_i64(r, 3), -128);
    CHECK(db_bool(r, 4));
    CHECK(db_f64(r, 5) == 0.1);
    CHECK_EQ(db_i64(r, 5), 0);
    CHECK_STR(db_text(r, 6), "1234.500000");
    CHECK(db_f64(r, 6) == 1234.5);
    CHECK_EQ(db_i64(r, 6), 1234);
    CHECK_STR(db_text(r, 7), "\xf0\x9f\x98\x80 \xe4\xbd\xa0");
    CHECK_EQ(db_text(r, 8).n, 300000);
    CHECK_STR(db_text(r, 9), "{\"a\":1}");
    CHECK_STR(db_text(r, 10), "2026-11-23 16:15:15.13+00:00");
    CHECK_STR(db_text(r, 11), "2026-11-23");
    CHECK_EQ(db_i64(r, 12), 0x801);
    CHECK_STR(db_text(r, 13), "abc");
    CHECK(db_next(r));
    for (int i = 1; i < 14; i++) {
        CHECK(db_is_null(r, i));
        CHECK_EQ(db_i64(r, i), 0);
        CHECK(db_f64(r, i) == 0);
        CHECK(!db_bool(r, i));
        CHECK(db_text(r, i).p == NULL);
    }
    CHECK(!db_next(r));
    CHECK_OK(&f, db_end(r, &f.err));
    fx_close(&f);
}

TEST(values_of_every_type_are_bound)
{
    const struct str text = STR("it's \\ a \0 byte"), bytes = STR("\x00\xff\x80");
    struct store_fx f;
    struct db_rows *r;
    int64_t id;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (id bigint AUTO_INCREMENT PRIMARY KEY, n bigint, f double, b boolean,"
            " s longtext, raw longblob, z text)");
    CHECK_OK(&f, db_insert(f.c, &id, &f.err,
                           "INSERT INTO t (n, f, b, s, raw, z) VALUES (?, ?, ?, ?, ?, ?)",
                           DB_I64(INT64_MIN), DB_F64(1e300), DB_BOOL(true), DB_TEXT(text),
                           DB_BLOB(bytes), DB_NULL()));
    CHECK_EQ(id, 1);
    CHECK_OK(&f, db_query(f.c, &f.a, &r, &f.err, "SELECT n, f, b, s, raw, z FROM t WHERE id = ?",
                          DB_I64(id)));
    CHECK(db_next(r));
    CHECK(db_i64(r, 0) == INT64_MIN);
    CHECK(db_f64(r, 1) == 1e300);
    CHECK(db_bool(r, 2));
    CHECK(str_eq(db_text(r, 3), text));
    CHECK(str_eq(db_text(r, 4), bytes));
    CHECK(db_is_null(r, 5));
    CHECK_OK(&f, db_end(r, &f.err));
    fx_close(&f);
}

TEST(other_statements_run_while_rows_are_being_read)
{
    const char *sql = "SELECT id FROM t WHERE id > ? ORDER BY id";
    struct db_rows *outer, *inner;
    struct store_fx f;
    int64_t sum = 0;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (id bigint PRIMARY KEY)");
    run(&f, "INSERT INTO t VALUES (1), (2), (3)");
    CHECK_OK(&f, db_query(f.c, &f.a, &outer, &f.err, sql, DB_I64(0)));
    while (db_next(outer)) {
        CHECK_OK(&f, db_query(f.c, &f.a, &inner, &f.err, sql, DB_I64(db_i64(outer, 0))));
        while (db_next(inner))
            sum += db_i64(inner, 0);
        CHECK_OK(&f, db_end(inner, &f.err));
        CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "UPDATE t SET id = id WHERE id = ?", DB_I64(1)));
    }
    CHECK_OK(&f, db_end(outer, &f.err));
    CHECK_EQ(sum, 2 + 3 + 3);
    fx_close(&f);
}

TEST(a_table_that_changed_is_read_with_its_new_columns)
{
    struct store_fx f;
    struct db_rows *r;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (a bigint)");
    run(&f, "INSERT INTO t VALUES (1)");
    for (int i = 0; i < 2; i++) {
        CHECK_OK(&f, db_query(f.c, &f.a, &r, &f.err, "SELECT * FROM t"));
        CHECK(db_next(r));
        CHECK_STR(db_text(r, i), i ? "new" : "1");
        CHECK_OK(&f, db_end(r, &f.err));
        if (i == 0)
            run(&f, "ALTER TABLE t ADD b varchar(8) DEFAULT 'new'");
    }
    fx_close(&f);
}

/* Sessions. */

TEST(a_text_that_is_too_long_is_refused_whatever_the_servers_mode)
{
    struct store_fx f;
    struct str mode;

    fx_open_empty(&f);
    mode = fx_text(&f, "SELECT @@GLOBAL.sql_mode");
    run(&f, "CREATE TABLE t (a varchar(3))");
    run(&f, "SET GLOBAL sql_mode = ''");
    db_release(f.c);
    db_close(f.db);
    f.db = store_fixture_reopen(f.path);
    f.c = another(&f, DB_WRITE);
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "INSERT INTO t VALUES (?)", DB_TEXT(STR("four"))), ERR_DB);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "SET GLOBAL sql_mode = ?", DB_TEXT(mode)));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM t"), 0);
    fx_close(&f);
}

TEST(a_session_is_in_utc_and_takes_literals_as_the_other_databases_do)
{
    struct store_fx f;

    fx_open_empty(&f);
    CHECK_STR(fx_text(&f, "SELECT @@time_zone"), "+00:00");
    CHECK_STR(fx_text(&f, "SELECT 'a\\' || 'b'"), "a\\b");
    CHECK_STR(fx_text(&f, "SELECT @@character_set_connection"), "utf8mb4");
    CHECK_STR(fx_text(&f, "SELECT @@character_set_results"), "utf8mb4");
    run(&f, "CREATE TABLE t (id bigint AUTO_INCREMENT PRIMARY KEY)");
    run(&f, "INSERT INTO t VALUES (0)");
    CHECK_EQ(fx_number(&f, "SELECT id FROM t"), 0);
    fx_close(&f);
}

TEST(rows_that_were_matched_count_as_changed)
{
    struct store_fx f;
    int64_t changed;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (a bigint)");
    run(&f, "INSERT INTO t VALUES (1), (1)");
    CHECK_OK(&f, db_exec(f.c, &changed, &f.err, "UPDATE t SET a = 1"));
    CHECK_EQ(changed, 2);
    CHECK_OK(&f, db_exec(f.c, &changed, &f.err, "UPDATE t SET a = ?", DB_I64(1)));
    CHECK_EQ(changed, 2);
    fx_close(&f);
}

/* Errors. */

TEST(a_conflict_does_not_tell_the_value)
{
    struct store_fx f;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (a varchar(20), UNIQUE KEY idx_t_a (a))");
    for (int i = 0; i < 2; i++)
        if (db_exec(f.c, NULL, &f.err, "INSERT INTO t VALUES (?)", DB_TEXT(STR("secret"))) !=
            ERR_OK)
            CHECK_EQ(f.err.code, ERR_CONFLICT);
    CHECK_STR(str_from(f.err.msg), "there is a row with this key already (idx_t_a)");
    fx_close(&f);
}

TEST(a_statement_larger_than_a_packet_is_refused_and_the_connection_goes_on)
{
    struct store_fx f;
    char *bytes;
    size_t n;

    fx_open_empty(&f);
    n = (size_t)fx_number(&f, "SELECT @@max_allowed_packet");
    bytes = mem_zalloc(n);
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "DO LENGTH(?)", DB_BLOB(str_make(bytes, n))), ERR_DB);
    CHECK(str_has(str_from(f.err.msg), STR("max_allowed_packet")));
    mem_free(bytes);
    CHECK_EQ(fx_number(&f, "SELECT 7"), 7);
    fx_close(&f);
}

/* The DSN of the tests with another login, address or database. */
static struct str dsn_with(struct store_fx *f, const char *login, const char *address,
                           const char *database)
{
    struct str rest = str_from(getenv("YOURAPI_TEST_MYSQL")), user = str_cut(&rest, '@');
    ptrdiff_t slash = str_rfind_char(rest, '/');
    struct str place = str_sub(rest, 0, (size_t)slash);

    return arena_fmt(&f->a, "%.*s@%.*s/%s", STR_ARG(login ? str_from(login) : user),
                     STR_ARG(address ? str_from(address) : place), database);
}

static enum err_code try_open(struct store_fx *f, struct str dsn, int64_t statement_ms)
{
    const struct db_conf conf = {.dsn = dsn, .statement_timeout_ms = statement_ms};
    struct db *db;
    enum err_code rc = db_open(&conf, &db, &f->err);

    if (rc == ERR_OK)
        db_close(db);
    return rc;
}

TEST(what_keeps_a_database_from_being_opened_is_named)
{
    struct store_fx f;

    fx_open_empty(&f);
    CHECK_EQ(try_open(&f, dsn_with(&f, "yourapi:hunter2", NULL, f.path), 0), ERR_DB);
    CHECK(str_has(str_from(f.err.msg), STR("Access denied for user 'yourapi'")));
    CHECK(!str_has(str_from(f.err.msg), STR("hunter2")));
    CHECK_EQ(try_open(&f, dsn_with(&f, NULL, NULL, "yourapi_test_none"), 0), ERR_DB);
    CHECK(str_has(str_from(f.err.msg), STR("Unknown database 'yourapi_test_none'")));
    CHECK_EQ(try_open(&f, dsn_with(&f, NULL, "unix(/nowhere)", f.path), 0), ERR_UNAVAILABLE);
    CHECK(str_has(str_from(f.err.msg), STR("MySQL at /nowhere/")));
    CHECK_EQ(try_open(&f, dsn_with(&f, NULL, "tcp(127.0.0.1:1)", f.path), 0), ERR_UNAVAILABLE);
    CHECK(str_has(str_from(f.err.msg), STR("MySQL at 127.0.0.1:1/")));
    fx_close(&f);
}

static enum err_code try_tls(struct store_fx *f, const char *host, const char *mode,
                             struct str *cipher)
{
    const char *address =
        arena_fmt(&f->a, "tcp(%s:%lld)", host, (long long)fx_number(f, "SELECT @@port")).p;
    struct db_conf conf = {
        .dsn = arena_fmt(&f->a, "%.*s?tls=%s", STR_ARG(dsn_with(f, NULL, address, f->path)), mode)};
    struct db_conn *mine = f->c;
    struct db *db;

    *cipher = STR_NULL;
    if (db_open(&conf, &db, &f->err) != ERR_OK)
        return f->err.code;
    CHECK_OK(f, db_acquire(db, DB_READ, &f->c, &f->err));
    *cipher = fx_text(f, "SELECT variable_value FROM information_schema.session_status"
                         " WHERE variable_name = 'Ssl_cipher'");
    db_release(f->c);
    db_close(db);
    f->c = mine;
    return ERR_OK;
}

TEST(a_connection_is_secured_as_the_dsn_says)
{
    const char *authority = getenv("YOURAPI_TEST_MYSQL_CA");
    struct store_fx f;
    struct str cipher;

    if (!authority) {
        skip();
        return;
    }
    fx_open_empty(&f);
    CHECK_EQ(try_tls(&f, "localhost", "false", &cipher), ERR_OK);
    CHECK_EQ(cipher.n, 0);
    CHECK_EQ(try_tls(&f, "localhost", "preferred", &cipher), ERR_OK);
    CHECK(cipher.n > 0);
    CHECK_EQ(try_tls(&f, "localhost", "skip-verify", &cipher), ERR_OK);
    CHECK(cipher.n > 0);
    CHECK_EQ(try_tls(&f, "localhost", "true", &cipher), ERR_DB); /* who vouches for it? */
    CHECK(str_has(str_from(f.err.msg), STR("certificate")));
    setenv("SSL_CERT_FILE", authority, 1);
    CHECK_EQ(try_tls(&f, "localhost", "true", &cipher), ERR_OK);
    CHECK(cipher.n > 0);
    CHECK_EQ(try_tls(&f, "127.0.0.1", "true", &cipher), ERR_DB); /* it is localhost's */
    CHECK(str_has(str_from(f.err.msg), STR("certificate")));
    unsetenv("SSL_CERT_FILE");
    fx_close(&f);
}

TEST(a_database_that_cannot_hold_every_text_is_refused)
{
    struct store_fx f;

    fx_open_empty(&f);
    run(&f, arena_fmt(&f.a, "ALTER DATABASE %s CHARACTER SET latin1", f.path).p);
    CHECK_EQ(try_open(&f, dsn_with(&f, NULL, NULL, f.path), 0), ERR_DB);
    CHECK(str_has(str_from(f.err.msg), STR("the database's character set is latin1")));
    run(&f, arena_fmt(&f.a, "ALTER DATABASE %s CHARACTER SET utf8mb3", f.path).p);
    CHECK_EQ(try_open(&f, dsn_with(&f, NULL, NULL, f.path), 0), ERR_OK);
    fx_close(&f);
}

TEST(a_statement_that_takes_too_long_is_ended_and_the_connection_goes_on)
{
    struct store_fx f;
    struct db_conf conf = {.statement_timeout_ms = 1000};
    struct db_conn *c;
    struct db_rows *r;
    struct db *db;
    uint64_t began;

    fx_open_empty(&f);
    conf.dsn = dsn_with(&f, NULL, NULL, f.path);
    CHECK_OK(&f, db_open(&conf, &db, &f.err));
    CHECK_OK(&f, db_acquire(db, DB_READ, &c, &f.err));
    began = clock_mono_ms();
    CHECK_EQ(db_query(c, &f.a, &r, &f.err, "SELECT SLEEP(?)", DB_I64(60)), ERR_UNAVAILABLE);
    CHECK(clock_mono_ms() - began < 60000);
    CHECK_STR(str_from(f.err.msg), "the statement took longer than it may");
    CHECK_OK(&f, db_query(c, &f.a, &r, &f.err, "SELECT ?", DB_I64(5)));
    CHECK(db_next(r));
    CHECK_EQ(db_i64(r, 0), 5);
    CHECK_OK(&f, db_end(r, &f.err));
    /* DDL takes as long as it takes. */
    CHECK_OK(&f, db_exec(c, NULL, &f.err, "CREATE TABLE t AS SELECT SLEEP(1.5) AS a"));
    db_release(c);
    db_close(db);
    fx_close(&f);
}

/* Lost connections. */

TEST(a_connection_that_died_while_idle_is_replaced)
{
    struct db_conn *killer;
    struct store_fx f;
    int64_t id;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (a bigint)");
    killer = another(&f, DB_WRITE);
    id = fx_number(&f, "SELECT CONNECTION_ID()");
    db_release(f.c);
    kill_by(&f, killer, id);
    db_release(killer);
    for (int i = 0; i < 3; i++) {
        f.c = another(&f, DB_WRITE);
        CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO t VALUES (?)", DB_I64(i)));
        db_release(f.c);
    }
    f.c = another(&f, DB_WRITE);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM t"), 3);
    fx_close(&f);
}

TEST(a_connection_that_died_before_its_first_statement_is_replaced_under_it)
{
    struct db_conn *killer;
    struct store_fx f;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (a bigint)");
    killer = another(&f, DB_WRITE);
    for (int way = 0; way < 3; way++) {
        int64_t before = fx_number(&f, "SELECT CONNECTION_ID()");

        db_release(f.c);
        f.c = another(&f, DB_WRITE); /* the same again: the last one used is the first given out */
        kill_by(&f, killer, before);
        if (way == 0) {
            CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM t"), 0);
        } else if (way == 1) {
            CHECK_OK(&f, db_begin(f.c, &f.err));
            CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO t VALUES (1)"));
            CHECK_OK(&f, db_commit(f.c, &f.err));
        } else {
            CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO t VALUES (?)", DB_I64(2)));
        }
        CHECK(fx_number(&f, "SELECT CONNECTION_ID()") != before);
    }
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM t"), 2);
    db_release(killer);
    fx_close(&f);
}

TEST(a_transaction_whose_connection_dies_fails_and_leaves_nothing)
{
    struct db_conn *killer;
    struct store_fx f;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (a bigint)");
    killer = another(&f, DB_WRITE);
    CHECK_OK(&f, db_begin(f.c, &f.err));
    run(&f, "INSERT INTO t VALUES (1)");
    kill_by(&f, killer, fx_number(&f, "SELECT CONNECTION_ID()"));
    db_release(killer);
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "INSERT INTO t VALUES (?)", DB_I64(2)), ERR_UNAVAILABLE);
    CHECK_EQ(db_commit(f.c, &f.err), ERR_UNAVAILABLE);
    db_release(f.c);
    f.c = another(&f, DB_WRITE);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM t"), 0);
    fx_close(&f);
}

/* Transactions. */

TEST(what_follows_ddl_in_a_transaction_is_one_again)
{
    struct store_fx f;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (a bigint)");
    CHECK_OK(&f, db_begin(f.c, &f.err));
    run(&f, "INSERT INTO t VALUES (1)");
    run(&f, "ALTER TABLE t ADD b bigint"); /* commits, as MySQL does */
    run(&f, "INSERT INTO t (a) VALUES (2)");
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "ALTER TABLE t ADD b bigint"), ERR_DB);
    run(&f, "INSERT INTO t (a) VALUES (3)");
    db_rollback(f.c);
    CHECK_EQ(fx_number(&f, "SELECT MAX(a) FROM t"), 2);
    fx_close(&f);
}

TEST(a_reading_transaction_sees_one_moment)
{
    struct store_fx f;
    struct db_conn *writer;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (a bigint)");
    writer = f.c;
    f.c = another(&f, DB_READ);
    CHECK_OK(&f, db_begin(f.c, &f.err));
    CHECK_OK(&f, db_exec(writer, NULL, &f.err, "INSERT INTO t VALUES (1)"));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM t"), 0);
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "INSERT INTO t VALUES (1)"), ERR_DB);
    CHECK_OK(&f, db_commit(f.c, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM t"), 1);
    db_release(f.c);
    f.c = writer;
    fx_close(&f);
}

TEST(a_writing_transaction_sees_what_others_committed)
{
    struct store_fx f;
    struct db_conn *other;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (a bigint)");
    other = another(&f, DB_WRITE);
    CHECK_OK(&f, db_begin(f.c, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM t"), 0);
    CHECK_OK(&f, db_exec(other, NULL, &f.err, "INSERT INTO t VALUES (1)"));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM t"), 1);
    CHECK_OK(&f, db_commit(f.c, &f.err));
    db_release(other);
    fx_close(&f);
}

struct rival {
    struct db_conn *c;
    enum err_code rc;
    struct err err;
};

/* Takes the lock of row 1, then waits for that of row 2. */
static void *update_both(void *arg)
{
    struct rival *r = arg;

    r->rc = db_exec(r->c, NULL, &r->err, "UPDATE t SET n = n + ? WHERE id IN (1, 2) ORDER BY id",
                    DB_I64(1));
    return NULL;
}

static void begin_with_weight(struct store_fx *f)
{
    CHECK_OK(f, db_begin(f->c, &f->err));
    run(f, "UPDATE t SET n = n + 100 WHERE id >= 2"); /* the heavier one goes on */
}

/* The table is read anew only when nobody has asked for a tenth of a second, so it may still show
 * what an earlier test saw: the connection's number tells. */
static void wait_for_lock_wait(struct store_fx *f, struct db_conn *watcher, int64_t id)
{
    const char *sql = arena_fmt(&f->a,
                                "SELECT COUNT(*) FROM information_schema.innodb_trx"
                                " WHERE trx_state = 'LOCK WAIT' AND trx_mysql_thread_id = %lld",
                                (long long)id)
                          .p;

    while (number_by(f, watcher, sql) == 0)
        usleep(150000);
}

TEST(a_statement_of_its_own_that_loses_a_deadlock_is_run_again)
{
    struct rival rival = {0};
    struct db_conn *watcher;
    struct store_fx f;
    pthread_t thread;
    int64_t id;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (id bigint PRIMARY KEY, n bigint)");
    run(&f, "INSERT INTO t SELECT seq, 0 FROM seq_1_to_200");
    rival.c = another(&f, DB_WRITE);
    id = number_by(&f, rival.c, "SELECT CONNECTION_ID()");
    watcher = another(&f, DB_READ);
    begin_with_weight(&f);
    CHECK_EQ(pthread_create(&thread, NULL, update_both, &rival), 0);
    wait_for_lock_wait(&f, watcher, id);
    run(&f, "UPDATE t SET n = n + 100 WHERE id = 1");
    CHECK_OK(&f, db_commit(f.c, &f.err));
    pthread_join(thread, NULL);
    CHECK_EQ(rival.rc, ERR_OK);
    CHECK_EQ(fx_number(&f, "SELECT SUM(n) FROM t WHERE id <= 2"), 202);
    db_release(rival.c);
    db_release(watcher);
    fx_close(&f);
}

/* The lighter one loses, and is over whatever it still sends. */
TEST(a_transaction_that_loses_a_deadlock_has_given_way)
{
    struct rival rival = {0};
    struct db_conn *watcher;
    struct store_fx f;
    pthread_t thread;
    int64_t id;

    fx_open_empty(&f);
    run(&f, "CREATE TABLE t (id bigint PRIMARY KEY, n bigint)");
    run(&f, "INSERT INTO t SELECT seq, 0 FROM seq_1_to_200");
    rival.c = another(&f, DB_WRITE);
    id = number_by(&f, rival.c, "SELECT CONNECTION_ID()");
    watcher = another(&f, DB_READ);
    begin_with_weight(&f);
    CHECK_OK(&f, db_begin(rival.c, &f.err));
    CHECK_EQ(pthread_create(&thread, NULL, update_both, &rival), 0);
    wait_for_lock_wait(&f, watcher, id);
    run(&f, "UPDATE t SET n = n + 100 WHERE id = 1");
    pthread_join(thread, NULL);
    CHECK_EQ(rival.rc, ERR_UNAVAILABLE);
    CHECK(db_gave_way(rival.c));
    CHECK_EQ(db_exec(rival.c, NULL, &f.err, "INSERT INTO t VALUES (1000, 0)"), ERR_UNAVAILABLE);
    CHECK_EQ(db_commit(rival.c, &f.err), ERR_UNAVAILABLE);
    CHECK_OK(&f, db_commit(f.c, &f.err));
    CHECK(!db_gave_way(f.c));
    CHECK_EQ(fx_number(&f, "SELECT SUM(n) FROM t WHERE id <= 2"), 200);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM t"), 200);
    CHECK_OK(&f, db_begin(rival.c, &f.err));
    CHECK_OK(&f, db_exec(rival.c, NULL, &f.err, "UPDATE t SET n = 0"));
    CHECK_OK(&f, db_commit(rival.c, &f.err));
    CHECK(!db_gave_way(rival.c));
    db_release(rival.c);
    db_release(watcher);
    fx_close(&f);
}

TEST(columns_and_indexes_are_those_of_this_database)
{
    struct store_fx f;
    struct str *names;
    size_t n;

    fx_open_empty(&f);
    CHECK_OK(&f, db_list_columns(f.c, &f.a, "users", &names, &n, &f.err));
    CHECK_EQ(n, 0);
    run(&f, "CREATE TABLE users (id bigint PRIMARY KEY, \"group\" varchar(8), b bigint,"
            " KEY idx_two (\"group\", b))");
    CHECK_OK(&f, db_list_columns(f.c, &f.a, "users", &names, &n, &f.err));
    CHECK_EQ(n, 3);
    CHECK_STR(names[1], "group");
    CHECK_OK(&f, db_list_indexes(f.c, &f.a, "users", &names, &n, &f.err));
    CHECK_EQ(n, 2);
    fx_close(&f);
}

TEST_MAIN(cells_of_every_type_read_as_what_they_hold, values_of_every_type_are_bound,
          other_statements_run_while_rows_are_being_read,
          a_table_that_changed_is_read_with_its_new_columns,
          a_text_that_is_too_long_is_refused_whatever_the_servers_mode,
          a_session_is_in_utc_and_takes_literals_as_the_other_databases_do,
          rows_that_were_matched_count_as_changed, a_conflict_does_not_tell_the_value,
          a_statement_larger_than_a_packet_is_refused_and_the_connection_goes_on,
          what_keeps_a_database_from_being_opened_is_named, a_connection_is_secured_as_the_dsn_says,
          a_database_that_cannot_hold_every_text_is_refused,
          a_statement_that_takes_too_long_is_ended_and_the_connection_goes_on,
          a_connection_that_died_while_idle_is_replaced,
          a_connection_that_died_before_its_first_statement_is_replaced_under_it,
          a_transaction_whose_connection_dies_fails_and_leaves_nothing,
          what_follows_ddl_in_a_transaction_is_one_again, a_reading_transaction_sees_one_moment,
          a_writing_transaction_sees_what_others_committed,
          a_statement_of_its_own_that_loses_a_deadlock_is_run_again,
          a_transaction_that_loses_a_deadlock_has_given_way,
          columns_and_indexes_are_those_of_this_database)

/*
 * What a caller may count on whichever database it is.
 */
#include "store/db.h"

#include <pthread.h>

#include "store/store_fx.h"

TEST(a_release_rolls_back_what_is_open)
{
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_begin(f.c, &f.err));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', 'b')"));
    db_release(f.c);
    CHECK_OK(&f, db_acquire(f.db, DB_WRITE, &f.c, &f.err));
    CHECK(!db_in_transaction(f.c));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM options"), 0);
    fx_close(&f);
}

TEST(a_joined_transaction_leaves_the_end_to_its_owner)
{
    struct db_tx outer, inner;
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_join(f.c, &outer, &f.err));
    CHECK_OK(&f, db_join(f.c, &inner, &f.err));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', 'b')"));
    CHECK_OK(&f, db_join_end(&inner, ERR_OK, &f.err));
    CHECK(db_in_transaction(f.c));
    CHECK_EQ(db_join_end(&outer, ERR_BAD_REQUEST, &f.err), ERR_BAD_REQUEST);
    CHECK(!db_in_transaction(f.c));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM options"), 0);
    fx_close(&f);
}

TEST(the_same_query_may_run_inside_itself)
{
    struct db_rows *outer, *inner;
    const char *sql = "SELECT 1 AS n UNION ALL SELECT 2 ORDER BY n";
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_query(f.c, &f.a, &outer, &f.err, sql));
    CHECK(db_next(outer));
    CHECK_OK(&f, db_query(f.c, &f.a, &inner, &f.err, sql));
    CHECK(db_next(inner) && db_next(inner));
    CHECK_EQ(db_i64(inner, 0), 2);
    CHECK_OK(&f, db_end(inner, &f.err));
    CHECK(db_next(outer));
    CHECK_EQ(db_i64(outer, 0), 2);
    CHECK_OK(&f, db_end(outer, &f.err));
    fx_close(&f);
}

TEST(more_statements_than_the_cache_holds_are_fine)
{
    struct db_rows *held;
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_query(f.c, &f.a, &held, &f.err, "SELECT 4711"));
    for (int i = 0; i < 400; i++)
        CHECK_EQ(fx_number(&f, arena_fmt(&f.a, "SELECT %d", i).p), i);
    CHECK(db_next(held));
    CHECK_EQ(db_i64(held, 0), 4711);
    CHECK_OK(&f, db_end(held, &f.err));
    fx_close(&f);
}

TEST(an_upsert_replaces_and_adds)
{
    static const char *const names[] = {"journal_id", "applied"};
    static const struct db_upsert adding = {"yourapi_journal", names, 2, 1, 1};
    const struct db_value values[] = {DB_I64(1), DB_I64(5), DB_I64(2), DB_I64(7)};
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_upsert_values(f.c, &adding, values, 2, &f.err));
    CHECK_OK(&f, db_upsert_values(f.c, &adding, values, 2, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT applied FROM yourapi_journal WHERE journal_id = 2"), 14);
    fx_close(&f);
}

/* Many readers and one writer: a reader always sees a whole transaction, never half of one. */

struct shared {
    struct db *db;
    _Atomic bool done;
    _Atomic int failures;
};

/* Two rows that a transaction moves together are equal to whoever looks. */
static bool read_pair(struct db_conn *c, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct db_rows *rows;
    bool equal = true;

    arena_init(&a, 0);
    if (db_query(c, &a, &rows, err, "SELECT MIN(applied), MAX(applied) FROM yourapi_journal") !=
        ERR_OK)
        return false;
    if (db_next(rows))
        equal = db_i64(rows, 0) == db_i64(rows, 1);
    return db_end(rows, err) == ERR_OK && equal;
}

static void *reader(void *arg)
{
    struct shared *s = arg;

    while (!s->done) {
        struct db_conn *c;
        struct err err = {.code = ERR_OK};
        bool good = db_acquire(s->db, DB_READ, &c, &err) == ERR_OK && read_pair(c, &err);

        if (!good) {
            print_error("reader: %s\n", err.msg);
            s->failures++;
        }
        db_release(c);
    }
    return NULL;
}

static enum err_code write_pair(struct db *db, int64_t value, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    TRY(db_acquire(db, DB_WRITE, &c, err));
    TRY(db_begin(c, err));
    TRY(db_exec(c, NULL, err, "UPDATE yourapi_journal SET applied = ? WHERE journal_id = 1",
                DB_I64(value)));
    TRY(db_exec(c, NULL, err, "UPDATE yourapi_journal SET applied = ? WHERE journal_id = 2",
                DB_I64(value)));
    return db_commit(c, err);
}

TEST(many_readers_see_whole_transactions_of_the_writer)
{
    enum { THREADS = 8, WRITES = 300 };
    struct shared s = {0};
    pthread_t threads[THREADS];
    struct store_fx f;

    fx_open(&f);
    s.db = f.db;
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO yourapi_journal VALUES (1, 0), (2, 0)"));
    db_release(f.c);
    f.c = NULL;
    for (size_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, reader, &s), 0);
    for (int64_t i = 1; i <= WRITES; i++)
        CHECK_OK(&f, write_pair(f.db, i, &f.err));
    s.done = true;
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(s.failures, 0);
    CHECK_OK(&f, db_acquire(f.db, DB_WRITE, &f.c, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT SUM(applied) FROM yourapi_journal"), 2 * WRITES);
    fx_close(&f);
}

TEST(an_insert_gives_the_id_of_the_row)
{
    struct store_fx f;
    int64_t first, second;

    fx_open(&f);
    CHECK_OK(&f, db_insert(f.c, &first, &f.err, "INSERT INTO logs (quota) VALUES (?)", DB_I64(1)));
    CHECK_OK(&f, db_insert(f.c, &second, &f.err, "INSERT INTO logs (quota) VALUES (?)", DB_I64(2)));
    CHECK(first > 0 && second > first);
    CHECK_EQ(fx_number(&f, arena_fmt(&f.a, "SELECT quota FROM logs WHERE id = %d", (int)second).p),
             2);
    fx_close(&f);
}

TEST(ids_go_on_behind_those_that_were_given)
{
    struct store_fx f;
    int64_t id;

    fx_open(&f);
    CHECK_OK(&f, db_insert(f.c, &id, &f.err, "INSERT INTO logs (quota) VALUES (?)", DB_I64(1)));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO logs (id) VALUES (?), (?)", DB_I64(700),
                         DB_I64(id + 1)));
    CHECK_OK(&f, db_follow_ids(f.c, "logs", &f.err));
    CHECK_OK(&f, db_insert(f.c, &id, &f.err, "INSERT INTO logs (quota) VALUES (?)", DB_I64(1)));
    CHECK(id > 700);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "DELETE FROM logs"));
    CHECK_OK(&f, db_follow_ids(f.c, "logs", &f.err));
    CHECK_OK(&f, db_insert(f.c, &id, &f.err, "INSERT INTO logs (quota) VALUES (?)", DB_I64(1)));
    CHECK(id > 0);
    fx_close(&f);
}

TEST(changed_counts_the_rows_that_the_where_matched)
{
    struct store_fx f;
    int64_t changed;

    fx_open(&f);
    CHECK_OK(&f, db_exec(f.c, &changed, &f.err, "INSERT INTO logs (quota) VALUES (?), (?), (?)",
                         DB_I64(1), DB_I64(1), DB_I64(2)));
    CHECK_EQ(changed, 3);
    CHECK_OK(&f, db_exec(f.c, &changed, &f.err, "UPDATE logs SET quota = ? WHERE quota = ?",
                         DB_I64(1), DB_I64(1)));
    CHECK_EQ(changed, 2); /* though they hold it already */
    CHECK_OK(&f, db_exec(f.c, &changed, &f.err, "DELETE FROM logs WHERE quota = ?", DB_I64(9)));
    CHECK_EQ(changed, 0);
    fx_close(&f);
}

TEST(a_broken_unique_index_is_a_conflict_and_nothing_else)
{
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES (?, ?)",
                         DB_TEXT(STR("name")), DB_TEXT(STR("hush"))));
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES (?, ?)", DB_TEXT(STR("name")),
                     DB_TEXT(STR("hush"))),
             ERR_CONFLICT);
    CHECK(!str_has(str_from(f.err.msg), STR("hush")));
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "INSERT INTO users (username) VALUES (?)", DB_NULL()),
             ERR_DB); /* the password may not be NULL */
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "SELEKT"), ERR_DB);
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "DELETE FROM options WHERE \"key\" = ?"), ERR_INTERNAL);
    fx_close(&f);
}

/* One cell by a query with one parameter. */
static bool finds(struct store_fx *f, const char *sql, struct db_value value)
{
    struct db_rows *rows;
    bool found;

    CHECK_OK(f, db_query(f->c, &f->a, &rows, &f->err, sql, value));
    found = db_next(rows);
    CHECK_OK(f, db_end(rows, &f->err));
    return found;
}

TEST(a_pattern_knows_no_case_and_takes_its_escape)
{
    static const char sql[] = "SELECT 1 FROM options WHERE \"value\" LIKE ? ESCAPE '!'";
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', 'Gpt_4o 50%')"));
    CHECK(finds(&f, sql, DB_TEXT(STR("gPT%"))));
    CHECK(finds(&f, sql, DB_TEXT(STR("%!_4O%!%"))));
    CHECK(!finds(&f, sql, DB_TEXT(STR("gpt!%%"))));
    fx_close(&f);
}

TEST(cells_of_every_type_come_back_as_they_were_written)
{
    struct db_rows *rows;
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err,
                         "INSERT INTO tokens (id, user_id, \"key\", name, unlimited_quota,"
                         " model_limits_enabled, remain_quota, deleted_at)"
                         " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                         DB_I64(1), DB_I64(INT64_MIN), DB_TEXT(STR("short")),
                         DB_TEXT(STR("名 ' \" \\ $1 ?")), DB_BOOL(true), DB_BOOL(false),
                         DB_I64(INT64_MAX), DB_NULL()));
    CHECK_OK(&f, db_query(f.c, &f.a, &rows, &f.err,
                          "SELECT user_id, \"key\", name, unlimited_quota, model_limits_enabled,"
                          " remain_quota, deleted_at FROM tokens WHERE \"key\" = ?",
                          DB_TEXT(STR("short"))));
    CHECK(db_next(rows));
    CHECK(db_i64(rows, 0) == INT64_MIN);
    CHECK_STR(db_text(rows, 1), "short");
    CHECK_STR(db_text(rows, 2), "名 ' \" \\ $1 ?");
    CHECK(db_bool(rows, 3) && db_i64(rows, 3) == 1 && !db_bool(rows, 4));
    CHECK(db_i64(rows, 5) == INT64_MAX);
    CHECK(db_is_null(rows, 6) && db_text(rows, 6).p == NULL && db_i64(rows, 6) == 0);
    CHECK(!db_next(rows) && !db_next(rows));
    CHECK_OK(&f, db_end(rows, &f.err));
    CHECK_OK(&f,
             db_exec(f.c, NULL, &f.err,
                     "INSERT INTO channels (id, \"key\", balance) VALUES (1, '', ?)", DB_F64(0.1)));
    CHECK_OK(&f, db_query(f.c, &f.a, &rows, &f.err,
                          "SELECT balance, SUM(balance) FROM channels GROUP BY balance"));
    CHECK(db_next(rows));
    CHECK(db_f64(rows, 0) == 0.1 && db_f64(rows, 1) == 0.1 && db_i64(rows, 0) == 0);
    CHECK_OK(&f, db_end(rows, &f.err));
    fx_close(&f);
}

/* ---- many rows at once ---- */

static const char *const token_names[] = {"user_id",      "key",       "name",
                                          "remain_quota", "group",     "unlimited_quota",
                                          "allow_ips",    "deleted_at"};
static const struct db_insert token_rows = {"tokens", token_names, ARRAY_LEN(token_names)};

/* What texts may hold: each is written, read back and compared. */
static const struct str odd_texts[] = {
    STR_INIT(""),
    STR_INIT(" "),
    STR_INIT("plain"),
    STR_INIT("it's \"quoted\" `so` $1 ? :name %s"),
    STR_INIT("\\"),
    STR_INIT("\\N"),
    STR_INIT("\\."),
    STR_INIT("C:\\temp\\new\\x41"),
    STR_INIT("line\nline\r\nline\ttab\vtab\b\f"),
    STR_INIT("\\.\n\\.\n"),
    STR_INIT("{\"a\":[1,\"\\u6162\\n\"]}"),
    STR_INIT("倍率 😀 é \xcc\x81"),
    STR_INIT("NULL"),
};

static struct str odd_text(struct store_fx *f, size_t i)
{
    if (i < ARRAY_LEN(odd_texts))
        return odd_texts[i];
    return arena_fmt(&f->a, "text %zu\t%zu", i, i * i);
}

/* `n` rows from number `first` on; number i is user i's. */
static struct db_value *make_rows(struct store_fx *f, size_t first, size_t n)
{
    const size_t columns = token_rows.column_count;
    struct db_value *values = arena_new_array(&f->a, struct db_value, n * columns);

    for (size_t r = 0; r < n; r++) {
        const size_t i = first + r;
        const struct db_value row[] = {DB_I64((int64_t)i),
                                       DB_TEXT(arena_fmt(&f->a, "k%zu", i)),
                                       DB_TEXT(odd_text(f, i)),
                                       DB_I64(i % 2 ? INT64_MIN : INT64_MAX),
                                       DB_TEXT(STR("g")),
                                       DB_BOOL(i % 3 == 0),
                                       DB_TEXT_OR_NULL(odd_text(f, i), i % 2 == 0),
                                       DB_NULL()};

        memcpy(values + r * columns, row, sizeof row);
    }
    return values;
}

static void check_rows(struct store_fx *f, size_t n)
{
    struct db_rows *rows;
    size_t i = 0;

    CHECK_OK(f, db_query(f->c, &f->a, &rows, &f->err,
                         "SELECT user_id, \"key\", name, remain_quota, \"group\", unlimited_quota,"
                         " allow_ips, deleted_at, status FROM tokens ORDER BY user_id"));
    for (; db_next(rows); i++) {
        CHECK_EQ(db_i64(rows, 0), i);
        CHECK(str_eq(db_text(rows, 1), arena_fmt(&f->a, "k%zu", i)));
        CHECK(str_eq(db_text(rows, 2), odd_text(f, i)));
        CHECK(db_i64(rows, 3) == (i % 2 ? INT64_MIN : INT64_MAX));
        CHECK_STR(db_text(rows, 4), "g");
        CHECK_EQ(db_bool(rows, 5), i % 3 == 0);
        CHECK_EQ(db_is_null(rows, 6), i % 2 == 0);
        CHECK(i % 2 == 0 || str_eq(db_text(rows, 6), odd_text(f, i)));
        CHECK(db_is_null(rows, 7));
        CHECK_EQ(db_i64(rows, 8), 1); /* its default */
    }
    CHECK_OK(f, db_end(rows, &f->err));
    CHECK_EQ(i, n);
}

/* Numbers that need statements of every length. */
TEST(any_number_of_rows_is_put_in_as_it_is)
{
    static const size_t numbers[] = {0, 1, ARRAY_LEN(odd_texts), 250, 1000};
    struct store_fx f;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        fx_open(&f);
        CHECK_OK(
            &f, db_insert_rows(f.c, &token_rows, make_rows(&f, 0, numbers[i]), numbers[i], &f.err));
        CHECK(!db_in_transaction(f.c));
        check_rows(&f, numbers[i]);
        fx_close(&f);
    }
}

/* Longer together, and one of them alone, than what goes into a statement or a packet of COPY. */
TEST(very_long_texts_are_put_in_whole)
{
    enum { ROWS = 6, BYTES = 1200 * 1000 };
    static const char *const names[] = {"user_id", "content"};
    static const struct db_insert what = {"logs", names, 2};
    struct db_value values[ROWS * 2];
    char *text;
    struct store_fx f;

    fx_open(&f);
    text = arena_alloc(&f.a, BYTES);
    for (size_t i = 0; i < BYTES; i++)
        text[i] = "ab\n\\\t'"[i % 6];
    for (int64_t i = 0; i < ROWS; i++) {
        values[i * 2] = DB_I64(i);
        /* A text of MySQL has at most 65,535 bytes. */
        values[i * 2 + 1] =
            DB_TEXT(str_make(text, db_conn_kind(f.c) == DB_MYSQL ? 65535 : BYTES - (size_t)i));
    }
    CHECK_OK(&f, db_insert_rows(f.c, &what, values, ROWS, &f.err));
    for (size_t i = 0; i < ROWS; i++) {
        struct db_rows *rows;

        CHECK_OK(&f, db_query(f.c, &f.a, &rows, &f.err,
                              "SELECT content FROM logs WHERE user_id = ?", values[i * 2]));
        CHECK(db_next(rows) && str_eq(db_text(rows, 0), values[i * 2 + 1].s));
        CHECK_OK(&f, db_end(rows, &f.err));
    }
    fx_close(&f);
}

TEST(of_rows_with_a_wrong_one_none_is_put_in)
{
    enum { ROWS = 400 };
    struct db_value *values;
    struct store_fx f;

    fx_open(&f);
    values = make_rows(&f, 0, ROWS);
    values[390 * token_rows.column_count + 1] = DB_TEXT(STR("k3")); /* there is a unique index */
    CHECK_EQ(db_insert_rows(f.c, &token_rows, values, ROWS, &f.err), ERR_CONFLICT);
    CHECK(!str_has(str_from(f.err.msg), STR("k3")));
    CHECK(!db_in_transaction(f.c));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM tokens"), 0);
    CHECK_OK(&f, db_insert_rows(f.c, &token_rows, make_rows(&f, 0, ROWS), ROWS, &f.err));
    check_rows(&f, ROWS);
    fx_close(&f);
}

TEST(rows_are_part_of_the_callers_transaction)
{
    enum { ROWS = 300 };
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_begin(f.c, &f.err));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', 'b')"));
    CHECK_OK(&f, db_insert_rows(f.c, &token_rows, make_rows(&f, 0, ROWS), ROWS, &f.err));
    CHECK(db_in_transaction(f.c));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM tokens"), ROWS);
    db_rollback(f.c);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM tokens"), 0);
    CHECK_OK(&f, db_begin(f.c, &f.err));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', 'b')"));
    CHECK_OK(&f, db_insert_rows(f.c, &token_rows, make_rows(&f, 0, ROWS), ROWS, &f.err));
    CHECK_EQ(db_insert_rows(f.c, &token_rows, make_rows(&f, 5, 1), 1, &f.err), ERR_CONFLICT);
    CHECK(db_in_transaction(f.c)); /* whose end is the caller's */
    db_rollback(f.c);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM options"), 0);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM tokens"), 0);
    fx_close(&f);
}

TEST(a_table_that_is_not_there_takes_no_rows)
{
    static const char *const names[] = {"a"};
    static const struct db_insert what = {"no_such_table", names, 1};
    const struct db_value one = DB_I64(1);
    struct store_fx f;

    fx_open(&f);
    CHECK_EQ(db_insert_rows(f.c, &what, &one, 1, &f.err), ERR_DB);
    CHECK_EQ(fx_number(&f, "SELECT 7"), 7);
    fx_close(&f);
}

TEST_MAIN(a_release_rolls_back_what_is_open, a_joined_transaction_leaves_the_end_to_its_owner,
          the_same_query_may_run_inside_itself, more_statements_than_the_cache_holds_are_fine,
          an_upsert_replaces_and_adds, many_readers_see_whole_transactions_of_the_writer,
          an_insert_gives_the_id_of_the_row, ids_go_on_behind_those_that_were_given,
          changed_counts_the_rows_that_the_where_matched,
          a_broken_unique_index_is_a_conflict_and_nothing_else,
          a_pattern_knows_no_case_and_takes_its_escape,
          cells_of_every_type_come_back_as_they_were_written, any_number_of_rows_is_put_in_as_it_is,
          very_long_texts_are_put_in_whole, of_rows_with_a_wrong_one_none_is_put_in,
          rows_are_part_of_the_callers_transaction, a_table_that_is_not_there_takes_no_rows)

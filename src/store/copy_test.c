/*
 * On SQLite only: it opens databases of every kind itself, and skips the pairs that have no server.
 */
#include "store/copy.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sb.h"
#include "base/test.h"
#include "store/copy_cell.h"
#include "store/migrate.h"
#include "store/schema.h"
#include "store/store_fixture.h"

enum {
    KINDS = 3,
    FEW_LOGS = 2400,
    MANY_LOGS = 11000,
    LINES = 200000,
    SQL_LIMIT = 1 << 20,
    DUMP_LIMIT = 64 << 20
};

struct base {
    struct db *db;
    char path[STORE_FIXTURE_PATH];
    enum db_kind kind;
};

struct pair {
    struct base from, to;
    struct arena a;
    struct copy_report report;
    struct err err;
};

static const char *const kind_names[] = {"SQLite", "MySQL", "PostgreSQL"};

static void run(struct db *db, const char *sql)
{
    struct err err = {.msg = ""};
    struct db_conn *c;

    assert_int_equal(db_acquire(db, DB_WRITE, &c, &err), ERR_OK);
    if (db_exec(c, NULL, &err, sql) != ERR_OK)
        fail_msg("%s: %s", sql, err.msg);
    db_release(c);
}

static int64_t number(struct db *db, const char *sql)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct err err = {.msg = ""};
    struct db_rows *rows;
    int64_t value = -1;

    arena_init(&a, 0);
    assert_int_equal(db_acquire(db, DB_READ, &c, &err), ERR_OK);
    if (db_query(c, &a, &rows, &err, sql) != ERR_OK)
        fail_msg("%s: %s", sql, err.msg);
    if (db_next(rows))
        value = db_i64(rows, 0);
    assert_int_equal(db_end(rows, NULL), ERR_OK);
    return value;
}

/* ---- every kind of cell ---- */

static void exec(struct db_conn *c, const char *sql, const struct db_value *values, size_t n)
{
    struct err err = {.msg = ""};

    if (db_exec_values(c, NULL, &err, sql, values, n) != ERR_OK)
        fail_msg("%s: %s", sql, err.msg);
}
#define EXEC(c, sql, ...) exec(c, sql, DB_ARRAY(__VA_ARGS__), DB_ARRAY_LEN(__VA_ARGS__))

static struct db_value json(enum db_kind kind, const char *text)
{
    return kind == DB_SQLITE ? DB_BLOB(str_from(text)) : DB_TEXT(str_from(text));
}

static void fill_small(struct db_conn *c, enum db_kind kind)
{
    EXEC(c,
         "INSERT INTO users (id, username, password, quota, used_quota, deleted_at, access_token)"
         " VALUES (?, ?, ?, ?, ?, NULL, ?)",
         DB_I64(7), DB_TEXT(STR("änne 🐘 'x' \"y\" \\")), DB_TEXT(STR("")),
         DB_I64(INT64_C(9007199254740993)), DB_I64(-5), DB_TEXT(STR("short")));
    EXEC(c,
         "INSERT INTO users (id, username, password, deleted_at, \"group\") VALUES (?, ?, ?, ?, ?)",
         DB_I64(9), DB_TEXT(STR("gone")), DB_TEXT(STR("p")),
         kind == DB_MYSQL ? DB_TEXT(STR("2025-02-28 23:59:59.125"))
                          : DB_TEXT(STR("2025-03-01 07:59:59.125+08:00")),
         DB_TEXT(STR("vip")));
    EXEC(c,
         "INSERT INTO tokens (id, user_id, \"key\", unlimited_quota, model_limits_enabled, "
         "remain_quota, cross_group_retry) VALUES (1, 7, ?, ?, ?, ?, NULL)",
         DB_TEXT(STR("padded")), DB_BOOL(true), DB_BOOL(false), DB_I64(12));
    EXEC(c,
         "INSERT INTO channels (id, \"key\", name, balance, channel_info, model_mapping, weight)"
         " VALUES (3, ?, NULL, ?, ?, ?, 4)",
         DB_TEXT(STR("line one\nline two\ttab")), DB_F64(0.1), json(kind, "{\"a\": [1, \"ü\"]}"),
         DB_TEXT(STR("{}")));
    EXEC(c, "INSERT INTO channels (id, \"key\", balance, base_url) VALUES (4, 'k', ?, '')",
         DB_F64(123456.789012345));
    EXEC(c,
         "INSERT INTO abilities (\"group\", model, channel_id, enabled, priority) VALUES"
         " ('default', 'm', 3, ?, -1), ('default', 'n', 3, ?, NULL), ('vip', 'm', 3, NULL, 5)",
         DB_BOOL(true), DB_BOOL(false));
    EXEC(c,
         "INSERT INTO options (\"key\", value) VALUES ('Notice', ?), ('Empty', ''), ('Null', NULL)",
         DB_TEXT(STR("公告\r\n% _ ! \x01")));
    EXEC(c, "INSERT INTO tasks (id, task_id, data, properties) VALUES (5, 't', ?, NULL)",
         json(kind, "[true,null]"));
    EXEC(c, "INSERT INTO top_ups (id, user_id, money) VALUES (1, 7, ?)", DB_F64(19.99));
    EXEC(c, "INSERT INTO setups (id, version, initialized_at) VALUES (1, 'v1', 1744300000)");
    EXEC(c, "INSERT INTO subscription_plans (id, title, price_amount) VALUES (1, 'p', ?)",
         DB_F64(1234.567891));
    EXEC(c, "INSERT INTO yourapi_journal (journal_id, applied) VALUES (?, ?), (?, ?)",
         DB_I64(INT64_C(7700000000000000001)), DB_I64(-1), DB_I64(-3), DB_I64(17));
    EXEC(c,
         "INSERT INTO yourapi_log_names (part, hash, name) VALUES"
         " (8, ?, 'A'), (8, ?, 'B'), (8, 5, 'a'), (9, 0, '')",
         DB_I64(INT64_MAX), DB_I64(INT64_MIN));
}

/* Rows of rising ids with gaps, long and short texts. */
static void fill_logs(struct db_conn *c, int64_t n)
{
    char content[600];

    memset(content, 'x', sizeof content);
    for (int64_t i = 1; i <= n; i++)
        EXEC(c,
             "INSERT INTO logs (id, user_id, created_at, type, content, quota, is_stream, other, "
             "\"group\") VALUES (?, ?, ?, 2, ?, ?, ?, ?, NULL)",
             DB_I64(i * 3), DB_I64(i % 5), DB_I64(1700000000 + i),
             DB_TEXT(str_make(content, (size_t)(i % 600))), DB_I64(i), DB_BOOL(i % 2),
             DB_TEXT(STR("{\"a\":1}")));
}

static void fill(struct base *b, int64_t logs)
{
    struct db_conn *c;

    assert_int_equal(db_acquire(b->db, DB_WRITE, &c, NULL), ERR_OK);
    assert_int_equal(db_begin(c, NULL), ERR_OK);
    fill_small(c, b->kind);
    fill_logs(c, logs);
    assert_int_equal(db_commit(c, NULL), ERR_OK);
    db_release(c);
}

/* ---- reading everything, in a form that does not depend on the kind ---- */

static void add_cell(struct sb *line, struct arena *a, const struct schema_column *column,
                     const struct db_rows *rows, int i)
{
    struct str text;

    if (db_is_null(rows, i)) {
        sb_add(line, STR("|null"));
        return;
    }
    text = db_text(rows, i);
    switch (column->family) {
    case SCHEMA_BOOL:
        sb_fmt(line, "|%d", db_bool(rows, i));
        return;
    case SCHEMA_FLOAT:
    case SCHEMA_PRICE:
        sb_fmt(line, "|%.15g", db_f64(rows, i));
        return;
    case SCHEMA_TIME:
        text = copy_time_text(a, DB_MYSQL, text);
        break;
    case SCHEMA_ID:
    case SCHEMA_ID_UNSIGNED:
    case SCHEMA_INT:
    case SCHEMA_UINT:
    case SCHEMA_UINT32:
    case SCHEMA_BIGINT:
    case SCHEMA_STRING:
    case SCHEMA_KEY_STRING:
    case SCHEMA_SIZED:
    case SCHEMA_VARCHAR:
    case SCHEMA_CHAR:
    case SCHEMA_TEXT:
    case SCHEMA_JSON:
        break;
    }
    sb_fmt(line, "|%.*s", STR_ARG(text));
}

static int by_text(const void *x, const void *y)
{
    const struct str *a = x, *b = y;
    size_t n = a->n < b->n ? a->n : b->n;
    int order = n > 0 ? memcmp(a->p, b->p, n) : 0;

    return order ? order : (a->n > b->n) - (a->n < b->n);
}

struct dump {
    struct arena a;
    struct str *lines;
    size_t count;
};

static void dump_table(struct dump *d, struct db_conn *c, const struct schema_table *t)
{
    CLEANUP(sb_finip) struct sb sql;
    CLEANUP(sb_finip) struct sb line;
    struct err err = {.msg = ""};
    struct db_rows *rows;

    sb_init(&sql, SQL_LIMIT);
    sb_init(&line, SQL_LIMIT);
    for (size_t i = 0; i < t->column_count; i++)
        sb_fmt(&sql, "%s\"%s\"", i ? "," : "SELECT ", t->columns[i].name);
    sb_fmt(&sql, " FROM \"%s\"", t->name);
    sb_add_char(&sql, '\0');
    if (db_query(c, &d->a, &rows, &err, sql.p) != ERR_OK)
        fail_msg("%s", err.msg);
    while (db_next(rows)) {
        sb_reset(&line);
        sb_add(&line, str_from(t->name));
        for (size_t i = 0; i < t->column_count; i++)
            add_cell(&line, &d->a, &t->columns[i], rows, (int)i);
        assert_true(d->count < LINES);
        d->lines[d->count++] = str_dup(&d->a, sb_str(&line));
    }
    assert_int_equal(db_end(rows, &err), ERR_OK);
}

static void dump(struct dump *d, struct db *db)
{
    struct db_conn *c;

    *d = (struct dump){.count = 0};
    arena_init(&d->a, 1 << 20);
    d->lines = arena_new_array(&d->a, struct str, LINES);
    assert_int_equal(db_acquire(db, DB_READ, &c, NULL), ERR_OK);
    for (size_t i = 0; i < schema_table_count(); i++)
        dump_table(d, c, schema_table_at(i));
    db_release(c);
    qsort(d->lines, d->count, sizeof *d->lines, by_text);
}

static void check_equal(struct db *from, struct db *to)
{
    struct dump a, b;

    dump(&a, from);
    dump(&b, to);
    CHECK_EQ(a.count, b.count);
    for (size_t i = 0; i < a.count; i++) {
        if (!str_eq(a.lines[i], b.lines[i]))
            fail_msg("%.*s\nis\n%.*s", STR_ARG(a.lines[i]), STR_ARG(b.lines[i]));
    }
    arena_fini(&a.a);
    arena_fini(&b.a);
}

/* ---- pairs ---- */

static bool open_base(struct base *b, enum db_kind kind, bool empty)
{
    b->kind = kind;
    if (!store_fixture_use(kind))
        return false;
    b->db = empty ? store_fixture_open_empty(b->path) : store_fixture_open(b->path);
    return true;
}

static void close_base(struct base *b)
{
    if (b->db)
        store_fixture_close(b->db, b->path);
    b->db = NULL;
}

static struct base reopened(const struct base *b)
{
    struct base again = *b;

    store_fixture_use(b->kind);
    again.db = store_fixture_reopen(b->path);
    return again;
}

static bool open_pair(struct pair *p, enum db_kind from, enum db_kind to)
{
    *p = (struct pair){.report.rows = 0};
    arena_init(&p->a, 0);
    return open_base(&p->from, from, false) && open_base(&p->to, to, true);
}

static void close_pair(struct pair *p)
{
    close_base(&p->from);
    close_base(&p->to);
    arena_fini(&p->a);
}

static enum err_code copy(struct pair *p, const char *source,
                          void (*tell)(void *ctx, const struct copy_progress *progress), void *ctx)
{
    const struct copy_conf conf = {
        .from = p->from.db, .to = p->to.db, .source = str_from(source), .tell = tell, .ctx = ctx};

    p->err = (struct err){.msg = ""};
    return copy_run(&conf, &p->a, &p->report, &p->err);
}

#define CHECK_COPIED(p, call)                                                                      \
    do {                                                                                           \
        if ((call) != ERR_OK)                                                                      \
            fail_msg("%s", (p)->err.msg);                                                          \
    } while (0)

static void check_goes_on(struct pair *p)
{
    const int64_t most = number(p->to.db, "SELECT MAX(id) FROM users");
    struct db_conn *c;
    int64_t id;

    assert_int_equal(db_acquire(p->to.db, DB_WRITE, &c, NULL), ERR_OK);
    assert_int_equal(db_insert(c, &id, NULL, "INSERT INTO users (username, password) VALUES (?, ?)",
                               DB_TEXT(STR("new one")), DB_TEXT(STR("p"))),
                     ERR_OK);
    CHECK(id > most);
    db_release(c);
}

static void check_pair(enum db_kind from, enum db_kind to)
{
    struct pair p;

    if (!open_pair(&p, from, to)) {
        print_message("[  NOTE    ] skipped: %s to %s, no server\n", kind_names[from],
                      kind_names[to]);
        close_pair(&p);
        return;
    }
    fill(&p.from, FEW_LOGS);
    CHECK_COPIED(&p, copy(&p, "here", NULL, NULL));
    CHECK(!p.report.resumed);
    CHECK_EQ(p.report.stranger_count, 0);
    CHECK(p.report.rows > FEW_LOGS + 15);
    check_equal(p.from.db, p.to.db);
    check_goes_on(&p);
    CHECK_EQ(number(p.to.db, "SELECT COUNT(*) FROM logs WHERE is_stream = true"), FEW_LOGS / 2);
    close_pair(&p);
}

TEST(everything_arrives_between_any_two_kinds)
{
    for (int from = 0; from < KINDS; from++)
        for (int to = 0; to < KINDS; to++)
            check_pair((enum db_kind)from, (enum db_kind)to);
}

/* ---- killed ---- */

static void die_in_the_middle(void *ctx, const struct copy_progress *p)
{
    const struct copy_progress *at = ctx;

    if (str_eq(str_from(p->table), str_from(at->table)) && p->rows >= at->rows)
        raise(SIGKILL);
}

/* A process of its own copies until the table has so many rows, and is killed. */
static void copy_and_die(const struct pair *p, const char *table, int64_t rows)
{
    struct copy_progress at = {.table = table, .rows = rows};
    int status = 0;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct pair mine = {.from = reopened(&p->from), .to = reopened(&p->to)};

        arena_init(&mine.a, 0);
        (void)!copy(&mine, "here", die_in_the_middle, &at);
        _exit(1); /* it should not have come to its end */
    }
    waitpid(pid, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void check_resumed(enum db_kind from, enum db_kind to)
{
    struct pair p;

    if (!open_pair(&p, from, to)) {
        close_pair(&p);
        return;
    }
    fill(&p.from, MANY_LOGS);
    db_close(p.from.db); /* connections are not shared with a child */
    db_close(p.to.db);
    copy_and_die(&p, "options", 0);
    copy_and_die(&p, "logs", 500);
    copy_and_die(&p, "logs", 10500);
    copy_and_die(&p, "yourapi_log_names", 0);
    p.from = reopened(&p.from);
    p.to = reopened(&p.to);
    CHECK_EQ(number(p.to.db, "SELECT COUNT(*) FROM yourapi_copy WHERE table_name = ''"), 1);
    CHECK_EQ(copy_check_finished(p.to.db, &p.err), ERR_DB);
    CHECK(str_has(str_from(p.err.msg), STR("give the same `yourapi copy` again")));
    CHECK_EQ(copy_check_finished(p.from.db, &p.err), ERR_OK);
    CHECK_EQ(copy(&p, "elsewhere", NULL, NULL), ERR_CONFLICT);
    CHECK(str_has(str_from(p.err.msg), STR("another source, here")));
    CHECK_COPIED(&p, copy(&p, "here", NULL, NULL));
    CHECK(p.report.resumed);
    CHECK_EQ(copy_check_finished(p.to.db, &p.err), ERR_OK);
    check_equal(p.from.db, p.to.db);
    check_goes_on(&p);
    CHECK_EQ(copy(&p, "here", NULL, NULL), ERR_CONFLICT); /* it is done */
    close_pair(&p);
}

TEST(a_copy_that_was_killed_is_gone_on_with)
{
    check_resumed(DB_SQLITE, DB_SQLITE);
    check_resumed(DB_SQLITE, DB_POSTGRES);
    check_resumed(DB_MYSQL, DB_SQLITE);
    check_resumed(DB_POSTGRES, DB_MYSQL);
}

/* ---- what is refused, and what is told ---- */

TEST(a_target_with_rows_is_refused_untouched)
{
    struct pair p;

    assert_true(open_pair(&p, DB_SQLITE, DB_SQLITE));
    fill(&p.from, 10);
    assert_int_equal(migrate_up(p.to.db, NULL), ERR_OK);
    run(p.to.db, "INSERT INTO redemptions (id, name) VALUES (1, 'r')");
    CHECK_EQ(copy(&p, "here", NULL, NULL), ERR_CONFLICT);
    CHECK(str_has(str_from(p.err.msg), STR("redemptions")));
    CHECK_EQ(number(p.to.db, "SELECT COUNT(*) FROM users"), 0);
    CHECK_EQ(number(p.to.db, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'yourapi_copy'"), 0);
    close_pair(&p);
}

TEST(a_source_that_was_not_brought_forward_is_refused)
{
    struct pair p;

    assert_true(open_pair(&p, DB_SQLITE, DB_SQLITE));
    run(p.from.db, "ALTER TABLE users DROP COLUMN remark");
    CHECK_EQ(copy(&p, "here", NULL, NULL), ERR_BAD_REQUEST);
    CHECK(str_has(str_from(p.err.msg), STR("users.remark")));
    run(p.from.db, "DROP TABLE yourapi_meta");
    CHECK_EQ(copy(&p, "here", NULL, NULL), ERR_BAD_REQUEST);
    CHECK(str_has(str_from(p.err.msg), STR("migrate")));
    close_pair(&p);
}

TEST(tables_and_columns_of_strangers_are_named)
{
    struct pair p;

    assert_true(open_pair(&p, DB_SQLITE, DB_SQLITE));
    run(p.from.db, "ALTER TABLE users ADD shoe_size integer");
    run(p.from.db, "CREATE TABLE strangers (id integer)");
    run(p.from.db, "DROP TABLE tasks");
    CHECK_COPIED(&p, copy(&p, "here", NULL, NULL));
    CHECK_EQ(p.report.stranger_count, 2);
    CHECK_STR(p.report.strangers[0], "users.shoe_size");
    CHECK_STR(p.report.strangers[1], "strangers");
    CHECK_EQ(p.report.tables, schema_table_count() - 1);
    close_pair(&p);
}

/* What SQLite holds and a server does not. */
TEST(what_a_server_has_no_room_for_is_named_and_can_be_mended)
{
    static const enum db_kind servers[] = {DB_POSTGRES, DB_MYSQL};
    struct pair p;

    for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
        if (open_pair(&p, DB_SQLITE, servers[i])) {
            fill(&p.from, 10);
            run(p.from.db, "UPDATE logs SET request_id = printf('%0100d', 1) WHERE id = 6");
            run(p.from.db, "UPDATE channels SET \"key\" = CAST(x'61ff62' AS TEXT) WHERE id = 4");
            run(p.from.db, "UPDATE channels SET channel_info = '' WHERE id = 4");
            run(p.from.db, "UPDATE tokens SET unlimited_quota = 'true', remain_quota = 12.0");
            CHECK_EQ(copy(&p, "here", NULL, NULL), ERR_TOO_LARGE);
            CHECK(str_has(str_from(p.err.msg), STR("logs.request_id")));
            CHECK(str_has(str_from(p.err.msg), STR("i6")));
            run(p.from.db, "UPDATE logs SET request_id = 'short' WHERE id = 6");
            CHECK_COPIED(&p, copy(&p, "here", NULL, NULL));
            CHECK_EQ(number(p.to.db, "SELECT COUNT(*) FROM channels WHERE \"key\" = 'a?b'"), 1);
            CHECK_EQ(number(p.to.db, "SELECT COUNT(*) FROM channels WHERE channel_info IS NULL"),
                     1);
            CHECK_EQ(number(p.to.db, "SELECT COUNT(*) FROM tokens WHERE unlimited_quota = true"),
                     1);
        }
        close_pair(&p);
    }
}

static void meddle(void *ctx, const struct copy_progress *p)
{
    struct db *db = ctx;

    if (str_eq(str_from(p->table), STR("external_identity_claims")) && p->table_done)
        run(db, "UPDATE users SET quota = quota + 1 WHERE id = 7");
}

TEST(sums_that_differ_in_the_end_are_told)
{
    struct pair p;
    struct base again;

    assert_true(open_pair(&p, DB_SQLITE, DB_SQLITE));
    fill(&p.from, 10);
    again = reopened(&p.to); /* the copy has the other one's writing connection */
    CHECK_EQ(copy(&p, "here", meddle, again.db), ERR_DB);
    CHECK(str_has(str_from(p.err.msg), STR("users.quota: the sums differ")));
    db_close(again.db);
    close_pair(&p);
}

TEST(money_is_summed_up_in_the_report)
{
    struct pair p;
    int64_t quota = 0, logged = 0;

    assert_true(open_pair(&p, DB_SQLITE, DB_SQLITE));
    fill(&p.from, 100);
    CHECK_COPIED(&p, copy(&p, "here", NULL, NULL));
    for (size_t i = 0; i < p.report.sum_count; i++) {
        const struct copy_sum *s = &p.report.sums[i];

        if (str_eq(str_from(s->table), STR("users")) && str_eq(str_from(s->column), STR("quota")))
            quota = s->sum;
        if (str_eq(str_from(s->table), STR("logs")))
            logged = s->sum;
    }
    CHECK_EQ(quota, INT64_C(9007199254740993));
    CHECK_EQ(logged, 5050);
    close_pair(&p);
}

TEST(times_are_written_as_the_database_writes_them)
{
    static const struct {
        const char *text, *mysql, *other;
    } cases[] = {
        {"2024-05-01 10:00:00.123456789+08:00", "2024-05-01 02:00:00.123",
         "2024-05-01 02:00:00.123456+00:00"},
        {"2024-05-01T10:00:00Z", "2024-05-01 10:00:00.000", "2024-05-01 10:00:00+00:00"},
        {"2024-05-01 10:00:00", "2024-05-01 10:00:00.000", "2024-05-01 10:00:00+00:00"},
        {"2024-12-31 23:30:00.9999 -0130", "2025-01-01 01:00:00.999",
         "2025-01-01 01:00:00.999900+00:00"},
        {"2024-05-01 10:00:00.5 +0800 CST", "2024-05-01 02:00:00.500",
         "2024-05-01 02:00:00.500000+00:00"},
        {"2024-05-01", "2024-05-01 00:00:00.000", "2024-05-01 00:00:00+00:00"},
        {"yesterday", "yesterday", "yesterday"},
    };
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_STR(copy_time_text(&a, DB_MYSQL, str_from(cases[i].text)), cases[i].mysql);
        CHECK_STR(copy_time_text(&a, DB_POSTGRES, str_from(cases[i].text)), cases[i].other);
        CHECK_STR(copy_time_text(&a, DB_SQLITE, str_from(cases[i].text)), cases[i].other);
    }
}

TEST_MAIN(times_are_written_as_the_database_writes_them, everything_arrives_between_any_two_kinds,
          a_copy_that_was_killed_is_gone_on_with, a_target_with_rows_is_refused_untouched,
          a_source_that_was_not_brought_forward_is_refused,
          tables_and_columns_of_strangers_are_named,
          what_a_server_has_no_room_for_is_named_and_can_be_mended,
          sums_that_differ_in_the_end_are_told, money_is_summed_up_in_the_report)

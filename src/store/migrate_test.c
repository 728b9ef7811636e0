/*
 * On SQLite only: files as the original programs left them. What a server is asked beside that is
 * in migrate_server_test.c.
 */
#include "store/migrate.h"

#include "base/sb.h"
#include "model/channel.h"
#include "store/april_ddl.h"
#include "store/migrate_fx.h"
#include "store/one_api_ddl.h"
#include "store/one_api_fx.h"
#include "store/repo_ability.h"
#include "store/repo_channel.h"
#include "store/repo_log.h"
#include "store/repo_meta.h"
#include "store/repo_setup.h"
#include "store/repo_token.h"
#include "store/repo_user.h"
#include "store/schema.h"
#include "store/store_fx.h"

/* A file as another program left it; nothing of ours in it. */
static void open_raw(struct store_fx *f)
{
    *f = (struct store_fx){0};
    arena_init(&f->a, 0);
    store_fixture_path(f->path);
    f->db = store_fixture_reopen(f->path);
    CHECK_OK(f, db_acquire(f->db, DB_WRITE, &f->c, &f->err));
}

static void run_all(struct store_fx *f, const char *const *sql, size_t n)
{
    CHECK_OK(f, db_begin(f->c, &f->err));
    for (size_t i = 0; i < n; i++)
        CHECK_OK(f, db_exec(f->c, NULL, &f->err, sql[i]));
    CHECK_OK(f, db_commit(f->c, &f->err));
}

static void migrate(struct store_fx *f)
{
    db_release(f->c);
    f->c = NULL;
    CHECK_OK(f, migrate_up(f->db, &f->err));
    CHECK_OK(f, db_acquire(f->db, DB_WRITE, &f->c, &f->err));
}

/* Rows as April leaves them, NULLs in every column that may hold one. */
static const char *const april_rows[] = {
    "INSERT INTO users (id, username, password, role, access_token, quota, aff_code, setting)"
    " VALUES (1, 'root', '$2a$10$x', 100, NULL, 100000000, '', '{\"notify_type\":\"email\"}')",
    "INSERT INTO users (id, password, role, status, quota, `group`) VALUES"
    " (2, '', NULL, NULL, NULL, NULL)",
    "INSERT INTO tokens (id, user_id, `key`, unlimited_quota) VALUES (1, 1, 'key1', true)",
    "INSERT INTO tokens (id, user_id, `key`, status, allow_ips, model_limits_enabled, remain_quota)"
    " VALUES (2, 1, NULL, NULL, NULL, NULL, NULL)",
    "INSERT INTO channels (id, type, `key`, name, models, `group`, weight, priority, auto_ban)"
    " VALUES (1, 37, 'sk', 'dify', 'm1,m2', 'default,vip', NULL, NULL, NULL)",
    "INSERT INTO channels (id, `key`, models, `group`, status) VALUES (2, '', NULL, NULL, NULL)",
    "INSERT INTO abilities VALUES ('default', 'm1', 1, 1, 0, 0, NULL)",
    "INSERT INTO abilities VALUES ('default', 'orphan', 9, 1, NULL, NULL, NULL)",
    "INSERT INTO logs (id, user_id, created_at, type, quota) VALUES (1, 1, 1700000000, 2, 77)",
    "INSERT INTO logs (id) VALUES (2)",
    "INSERT INTO options VALUES ('SystemName', 'Mine')",
    "INSERT INTO redemptions (id, `key`) VALUES (1, 'r')",
    "INSERT INTO midjourneys (id, code) VALUES (1, 21)",
    "INSERT INTO tasks (id, properties, data) VALUES (1, x'7b7d', NULL)",
    "INSERT INTO top_ups (id, money) VALUES (1, 7.3)",
    "INSERT INTO quota_data (id, user_id, created_at) VALUES (1, 1, 3600)",
    "INSERT INTO setups VALUES (1, 'v0.6.3', 1744300000)",
};

static void open_april(struct store_fx *f)
{
    open_raw(f);
    run_all(f, april_ddl, ARRAY_LEN(april_ddl));
    run_all(f, april_rows, ARRAY_LEN(april_rows));
}

static void open_one_api(struct store_fx *f)
{
    open_raw(f);
    run_all(f, one_api_ddl, ARRAY_LEN(one_api_ddl));
    run_all(f, one_api_rows, ARRAY_LEN(one_api_rows));
}

/* Checks. */

static void check_file(struct store_fx *f)
{
    check_complete(f);
    CHECK_STR(fx_text(f, "PRAGMA integrity_check"), "ok");
}

/* Everything that stands in the columns which the table has now, types included. */
static struct str dump_table(struct store_fx *f, struct str table, const struct str *columns,
                             size_t n)
{
    struct db_rows *rows;
    struct str out;
    struct sb sql;

    sb_init(&sql, 100000);
    sb_add(&sql, STR("SELECT group_concat(line, x'0a') FROM (SELECT ''"));
    for (size_t i = 0; i < n; i++)
        sb_fmt(&sql, "||'|'||typeof(\"%.*s\")||quote(\"%.*s\")", STR_ARG(columns[i]),
               STR_ARG(columns[i]));
    sb_fmt(&sql, " AS line FROM \"%.*s\" ORDER BY 1)", STR_ARG(table));
    sb_add_char(&sql, '\0');
    CHECK_OK(f, db_query(f->c, &f->a, &rows, &f->err, sql.p));
    CHECK(db_next(rows));
    out = str_dup(&f->a, db_text(rows, 0));
    CHECK_OK(f, db_end(rows, &f->err));
    sb_fini(&sql);
    return out;
}

struct before {
    struct str table, *columns, dump;
    size_t n;
};

/* What each table holds, to be compared after the migration. */
static size_t remember(struct store_fx *f, struct before *tables, size_t cap)
{
    struct db_rows *rows;
    size_t count = 0;

    CHECK_OK(f, db_query(f->c, &f->a, &rows, &f->err,
                         "SELECT name FROM sqlite_master WHERE type = 'table'"));
    while (db_next(rows)) {
        CHECK(count < cap);
        tables[count++].table = str_dup(&f->a, db_text(rows, 0));
    }
    CHECK_OK(f, db_end(rows, &f->err));
    for (size_t i = 0; i < count; i++) {
        CHECK_OK(f, db_list_columns(f->c, &f->a, tables[i].table.p, &tables[i].columns,
                                    &tables[i].n, &f->err));
        tables[i].dump = dump_table(f, tables[i].table, tables[i].columns, tables[i].n);
    }
    return count;
}

static void check_kept(struct store_fx *f, const struct before *b)
{
    struct str now = dump_table(f, b->table, b->columns, b->n);

    if (!str_eq(now, b->dump)) {
        print_error("%.*s was\n%.*s\nis\n%.*s\n", STR_ARG(b->table), STR_ARG(b->dump),
                    STR_ARG(now));
        fail();
    }
}

/* The whole catalogue as text. */
static struct str catalogue(struct store_fx *f)
{
    return fx_text(f, "SELECT group_concat(sql, x'0a') FROM (SELECT sql FROM sqlite_master"
                      " ORDER BY type, name)");
}

/* Tests. */

TEST(a_fresh_file_gets_every_table_and_is_not_set_up)
{
    struct setup_row *setup;
    struct store_fx f;

    open_raw(&f);
    migrate(&f);
    check_file(&f);
    CHECK_OK(&f, repo_setup_find(f.c, &f.a, &setup, &f.err));
    CHECK(setup == NULL);
    CHECK_STR(fx_text(&f, "SELECT value FROM yourapi_meta WHERE key = 'origin'"), "fresh");
    fx_close(&f);
}

TEST(a_fresh_table_begins_as_the_original_makes_it)
{
    struct store_fx f;
    size_t compared = 0;

    open_raw(&f);
    migrate(&f);
    for (size_t i = 0; i < ARRAY_LEN(april_ddl); i++) {
        struct str want = str_from(april_ddl[i]), name = str_skip(want, sizeof "CREATE TABLE");
        struct str sql;

        if (!str_starts(want, STR("CREATE TABLE")))
            continue;
        name = str_sub(name, 1, (size_t)str_find_char(str_skip(name, 1), '`'));
        want = str_sub(want, 0, (size_t)str_find(want, STR(",PRIMARY KEY")));
        sql = fx_text(
            &f,
            arena_fmt(&f.a, "SELECT sql FROM sqlite_master WHERE name = '%.*s'", STR_ARG(name)).p);
        if (!str_starts(sql, want)) {
            print_error("want %.*s\ngot  %.*s\n", STR_ARG(want), STR_ARG(sql));
            fail();
        }
        compared++;
    }
    CHECK_EQ(compared, 12);
    fx_close(&f);
}

TEST(a_fresh_log_table_has_only_the_indexes_that_are_used)
{
    struct store_fx f;

    fx_open(&f);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'index'"
                           " AND tbl_name = 'logs' AND name IN ('idx_created_at_id',"
                           " 'idx_logs_request_id', 'idx_yourapi_logs_user_time')"),
             3);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'index'"
                           " AND tbl_name = 'logs'"),
             3);
    fx_close(&f);
}

TEST(a_second_run_changes_nothing)
{
    struct store_fx f;
    struct str before;

    open_april(&f);
    migrate(&f);
    before = catalogue(&f);
    migrate(&f);
    CHECK(str_eq(before, catalogue(&f)));
    fx_close(&f);
}

TEST(an_april_file_keeps_every_row_and_gets_what_is_missing)
{
    struct before tables[64];
    struct store_fx f;
    struct user *u;
    struct token *t;
    struct channel *ch;
    struct log_page page;
    size_t n;

    open_april(&f);
    n = remember(&f, tables, ARRAY_LEN(tables));
    migrate(&f);
    check_file(&f);
    for (size_t i = 0; i < n; i++)
        check_kept(&f, &tables[i]);
    CHECK_EQ(n, 12);
    CHECK_STR(fx_text(&f, "SELECT value FROM yourapi_meta WHERE key = 'origin'"), "new-api");
    CHECK_OK(&f, repo_user_find(f.c, &f.a, 2, REPO_LIVE, &u, &f.err));
    CHECK(u && u->role == 0 && u->quota == 0 && u->group.n == 0);
    CHECK_OK(&f, repo_token_find(f.c, &f.a, 1, 0, &t, &f.err));
    CHECK(t && t->unlimited_quota && t->expired_time == -1);
    CHECK_OK(&f, repo_token_find(f.c, &f.a, 2, 0, &t, &f.err));
    CHECK(t && !t->model_limits_enabled && t->allow_ips_null);
    CHECK_OK(&f, repo_channel_find(f.c, &f.a, 1, &ch, &f.err));
    CHECK(ch && ch->type == 37 && ch->auto_ban_null && ch->auto_ban == 0 && ch->weight_null);
    CHECK_OK(&f, repo_log_page(f.c, &f.a, &(struct log_filter){0}, (struct repo_page){0, 10}, &page,
                               &f.err));
    CHECK_EQ(page.total, 2);
    CHECK_EQ(page.count, 2);
    fx_close(&f);
}

TEST(a_latest_file_with_strange_columns_and_tables_is_left_alone)
{
    static const char *const later[] = {
        "ALTER TABLE channels ADD channel_info json",
        "ALTER TABLE channels ADD settings text",
        "ALTER TABLE users ADD auth_version bigint NOT NULL DEFAULT 1",
        "ALTER TABLE users ADD invite_rebate_eligible numeric DEFAULT false",
        "ALTER TABLE logs ADD request_id varchar(64) DEFAULT \"\"",
        "DROP INDEX idx_created_at_id",
        "CREATE INDEX idx_created_at_id ON logs(created_at, id)",
        "CREATE TABLE `models` (`id` integer,`model_name` text NOT NULL,PRIMARY KEY (`id`))",
        "CREATE TABLE `invite_rebates` (`id` integer,`x` text,PRIMARY KEY (`id`))",
        "INSERT INTO invite_rebates VALUES (1, 'y')",
        "INSERT INTO models (id, model_name) VALUES (1, 'm')",
        "UPDATE channels SET channel_info = x'7b7d' WHERE id = 1",
        "UPDATE users SET invite_rebate_eligible = 1",
    };
    struct before tables[64];
    struct store_fx f;
    struct channel *ch;
    size_t n;

    open_april(&f);
    run_all(&f, later, ARRAY_LEN(later));
    n = remember(&f, tables, ARRAY_LEN(tables));
    migrate(&f);
    check_file(&f);
    for (size_t i = 0; i < n; i++)
        check_kept(&f, &tables[i]);
    CHECK_OK(&f, repo_channel_find(f.c, &f.a, 1, &ch, &f.err));
    CHECK_STR(ch->channel_info, "{}");
    ch->channel_info = STR("{\"is_multi_key\":true}");
    CHECK_OK(&f, repo_channel_update(f.c, ch, COL(CHANNEL_COL_CHANNEL_INFO), NULL, &f.err));
    CHECK_STR(fx_text(&f, "SELECT typeof(channel_info) FROM channels WHERE id = 1"), "blob");
    fx_close(&f);
}

TEST(a_one_api_file_is_translated_once)
{
    struct before tables[64];
    struct store_fx f;
    size_t n;

    open_one_api(&f);
    n = remember(&f, tables, ARRAY_LEN(tables));
    migrate(&f);
    check_file(&f);
    one_api_check(&f);
    for (size_t i = 0; i < n; i++)
        if (!str_eq(tables[i].table, STR("channels")) && !str_eq(tables[i].table, STR("abilities")))
            check_kept(&f, &tables[i]);
    CHECK(fx_number(&f, "SELECT value FROM yourapi_meta WHERE key = 'one_api_carried_over'") > 0);
    migrate(&f);
    check_file(&f);
    one_api_check(&f);
    fx_close(&f);
}

TEST(a_one_api_file_that_new_api_has_served_since_is_not_translated)
{
    static const char *const served[] = {
        "CREATE TABLE `setups` (`id` integer,`version` varchar(50) NOT NULL,"
        "`initialized_at` bigint NOT NULL,PRIMARY KEY (`id`))",
        "INSERT INTO setups VALUES (1, 'v0.6.3', 1)",
    };
    struct store_fx f;

    open_one_api(&f);
    run_all(&f, served, ARRAY_LEN(served));
    migrate(&f);
    check_file(&f);
    one_api_check_channel(&f, 3, 36, "sk-3", "https://own", "");
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM setups"), 1);
    fx_close(&f);
}

/* The statements that a run makes for `t` when nothing of it is there, or only the columns of
 * April: the first `*left` of them are applied. */
static void apply_some(struct store_fx *f, const struct schema_table *t, size_t *left)
{
    struct str *have;
    struct sb sql;
    size_t n;

    CHECK_OK(f, db_list_columns(f->c, &f->a, t->name, &have, &n, &f->err));
    sb_init(&sql, 100000);
    for (size_t i = 0; i < (n ? t->column_count : 1) && *left; i++) {
        if (n && has_name(have, n, t->columns[i].name))
            continue;
        sb_reset(&sql);
        if (n)
            schema_add_column(&sql, DB_SQLITE, t, &t->columns[i]);
        else
            schema_create_table(&sql, DB_SQLITE, t);
        sb_add_char(&sql, '\0');
        CHECK_OK(f, db_exec(f->c, NULL, &f->err, sql.p));
        --*left;
    }
    sb_fini(&sql);
}

/* As a run that was killed after `statements` on a database that cannot roll back DDL. */
static void apply_partly(struct store_fx *f, size_t statements)
{
    for (size_t i = 0; i < schema_table_count() && statements; i++)
        apply_some(f, schema_table_at(i), &statements);
}

TEST(a_run_that_was_killed_between_statements_is_completed)
{
    for (size_t statements = 1; statements < 60; statements += 7) {
        struct before tables[64];
        struct store_fx f;
        size_t n;

        open_april(&f);
        n = remember(&f, tables, ARRAY_LEN(tables));
        apply_partly(&f, statements);
        migrate(&f);
        check_file(&f);
        for (size_t i = 0; i < n; i++)
            check_kept(&f, &tables[i]);
        fx_close(&f);
    }
}

TEST(a_killed_run_over_one_api_still_translates_once)
{
    for (size_t statements = 1; statements < 60; statements += 7) {
        size_t one = 1;
        struct store_fx f;

        open_one_api(&f);
        apply_some(&f, schema_find_table("yourapi_meta"), &one);
        CHECK_OK(&f, repo_meta_put(f.c, STR("origin"), STR("one-api"), &f.err));
        CHECK_OK(&f, repo_meta_put(f.c, STR("abilities_due"), STR("1"), &f.err));
        apply_partly(&f, statements);
        migrate(&f);
        check_file(&f);
        one_api_check(&f);
        fx_close(&f);
    }
}

TEST(a_process_killed_at_any_moment_leaves_a_file_that_is_completed)
{
    for (useconds_t us = 500; us < 60000; us = us * 2) {
        struct store_fx f;

        open_one_api(&f);
        db_release(f.c);
        db_close(f.db);
        migrate_and_kill(f.path, us);
        f.db = store_fixture_reopen(f.path);
        CHECK_OK(&f, db_acquire(f.db, DB_WRITE, &f.c, &f.err));
        migrate(&f);
        check_file(&f);
        one_api_check(&f);
        fx_close(&f);
    }
}

TEST(two_programs_may_start_at_the_same_time)
{
    struct store_fx f;

    open_one_api(&f);
    db_release(f.c);
    all_at_once(migrate_thread, f.path, 2);
    CHECK_OK(&f, db_acquire(f.db, DB_WRITE, &f.c, &f.err));
    check_file(&f);
    one_api_check(&f);
    fx_close(&f);
}

TEST(a_unique_index_that_rows_break_does_not_stop_the_start)
{
    struct store_fx f;

    open_april(&f);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "DROP INDEX idx_tokens_key"));
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "UPDATE tokens SET \"key\" = 'same'"));
    migrate(&f);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM tokens"), 2);
    fx_close(&f);
}

TEST_MAIN(a_fresh_file_gets_every_table_and_is_not_set_up,
          a_fresh_table_begins_as_the_original_makes_it,
          a_fresh_log_table_has_only_the_indexes_that_are_used, a_second_run_changes_nothing,
          an_april_file_keeps_every_row_and_gets_what_is_missing,
          a_latest_file_with_strange_columns_and_tables_is_left_alone,
          a_one_api_file_is_translated_once,
          a_one_api_file_that_new_api_has_served_since_is_not_translated,
          a_run_that_was_killed_between_statements_is_completed,
          a_killed_run_over_one_api_still_translates_once,
          a_process_killed_at_any_moment_leaves_a_file_that_is_completed,
          two_programs_may_start_at_the_same_time,
          a_unique_index_that_rows_break_does_not_stop_the_start)

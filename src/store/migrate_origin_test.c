/*
 * What comes of the databases of the original programs, on each kind of database: against the exact
 * columns and indexes of what new-api itself accepts (database reference 5.2: April's types and
 * the later columns), with every row kept; by several processes at once, and killed.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/migrate.h"
#include "store/one_api_fx.h"
#include "store/origin_build.h"
#include "store/repo_meta.h"
#include "store/schema.h"

/* Catalogue: a line "name|..." for each column or index. */

struct lines {
    struct str *items;
    size_t n;
};

static const char *const column_queries[] = {
    [DB_SQLITE] = "SELECT name || '|' || type || '|' || COALESCE(dflt_value, '') || '|' ||"
                  " \"notnull\" FROM pragma_table_info(?) ORDER BY cid",
    [DB_MYSQL] = "SELECT CONCAT(column_name, '|', column_type, '|', COALESCE(column_default, ''),"
                 " '|', is_nullable, extra) FROM information_schema.columns"
                 " WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position",
    [DB_POSTGRES] = "SELECT a.attname || '|' || format_type(a.atttypid, a.atttypmod) || '|' ||"
                    " COALESCE(pg_get_expr(d.adbin, d.adrelid), '') || '|' || a.attnotnull"
                    " FROM pg_attribute a LEFT JOIN pg_attrdef d"
                    " ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
                    " WHERE a.attrelid = to_regclass(quote_ident(?)) AND a.attnum > 0"
                    " AND NOT a.attisdropped ORDER BY a.attnum",
};

static const char *const index_queries[] = {
    [DB_SQLITE] = "SELECT name || '|' || \"unique\" || '|' || (SELECT group_concat(name)"
                  " FROM pragma_index_info(l.name)) FROM pragma_index_list(?) l ORDER BY name",
    [DB_MYSQL] = "SELECT CONCAT(index_name, '|', non_unique, '|', GROUP_CONCAT(column_name ORDER BY"
                 " seq_in_index)) FROM information_schema.statistics WHERE table_schema ="
                 " DATABASE() AND table_name = ? GROUP BY index_name, non_unique"
                 " ORDER BY index_name",
    [DB_POSTGRES] = "SELECT c.relname || '|' || replace(pg_get_indexdef(c.oid), current_schema() ||"
                    " '.', '') FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                    " WHERE i.indrelid = to_regclass(quote_ident(?)) ORDER BY 1",
};

static struct lines ask(struct store_fx *f, struct arena *a, const char *const *queries,
                        const char *table)
{
    struct lines out = {.items = arena_new_array(a, struct str, 64)};
    struct db_rows *rows;

    CHECK_OK(f, db_query(f->c, a, &rows, &f->err, queries[db_conn_kind(f->c)],
                         DB_TEXT(str_from(table))));
    while (db_next(rows)) {
        CHECK(out.n < 64);
        out.items[out.n++] = str_dup(a, db_text(rows, 0));
    }
    CHECK_OK(f, db_end(rows, &f->err));
    return out;
}

static struct lines tables_of(struct store_fx *f, struct arena *a)
{
    static const char *const queries[] = {
        [DB_SQLITE] = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> ?",
        [DB_MYSQL] = "SELECT table_name FROM information_schema.tables"
                     " WHERE table_schema = DATABASE() AND table_name <> ?",
        [DB_POSTGRES] = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
                        " AND tablename <> ?",
    };

    return ask(f, a, queries, "");
}

/* The line of a name; STR_NULL: none. */
static struct str line_of(const struct lines *in, struct str name)
{
    for (size_t i = 0; i < in->n; i++) {
        struct str rest = in->items[i];

        if (str_eq(str_cut(&rest, '|'), name))
            return in->items[i];
    }
    return STR_NULL;
}

static struct str name_of(struct str line)
{
    return str_cut(&line, '|');
}

static struct str type_of(struct str line)
{
    str_cut(&line, '|');
    return str_cut(&line, '|');
}

struct catalogue {
    struct lines tables, columns[64], indexes[64];
};

static struct catalogue *look_into(struct store_fx *f, struct arena *a)
{
    struct catalogue *c = arena_new(a, struct catalogue);

    c->tables = tables_of(f, a);
    for (size_t i = 0; i < c->tables.n; i++) {
        c->columns[i] = ask(f, a, column_queries, c->tables.items[i].p);
        c->indexes[i] = ask(f, a, index_queries, c->tables.items[i].p);
    }
    return c;
}

static struct catalogue *look(struct store_fx *f)
{
    return look_into(f, &f->a);
}

static const struct lines none;

static const struct lines *columns_in(const struct catalogue *c, struct str table)
{
    for (size_t i = 0; i < c->tables.n; i++)
        if (str_eq(c->tables.items[i], table))
            return &c->columns[i];
    return &none;
}

static const struct lines *indexes_in(const struct catalogue *c, struct str table)
{
    for (size_t i = 0; i < c->tables.n; i++)
        if (str_eq(c->tables.items[i], table))
            return &c->indexes[i];
    return &none;
}

static void check_same(const struct catalogue *a, const struct catalogue *b)
{
    CHECK_EQ(a->tables.n, b->tables.n);
    for (size_t i = 0; i < a->tables.n; i++) {
        const struct lines *columns = columns_in(b, a->tables.items[i]),
                           *indexes = indexes_in(b, a->tables.items[i]);

        CHECK_EQ(a->columns[i].n, columns->n);
        for (size_t k = 0; k < columns->n; k++)
            CHECK(str_eq(a->columns[i].items[k], columns->items[k]));
        CHECK_EQ(a->indexes[i].n, indexes->n);
        for (size_t k = 0; k < indexes->n; k++)
            CHECK(str_eq(a->indexes[i].items[k], indexes->items[k]));
    }
}

/* Databases. */

static void run_all(struct store_fx *f, const char *const *sql, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CHECK_OK(f, db_exec(f->c, NULL, &f->err, sql[i]));
}

static void open_origin(struct store_fx *f, enum origin o)
{
    fx_open_empty(f);
    origin_build(f, o);
    if (o == ORIGIN_ONE_API)
        run_all(f, one_api_rows, ARRAY_LEN(one_api_rows));
}

static void migrate(struct store_fx *f)
{
    db_release(f->c);
    f->c = NULL;
    CHECK_OK(f, migrate_up(f->db, &f->err));
    CHECK_OK(f, db_acquire(f->db, DB_WRITE, &f->c, &f->err));
}

/* What new-api accepts; made once for all tests. */
static const struct catalogue *accepted(void)
{
    static struct catalogue *c;
    static struct arena a;
    struct store_fx f;

    if (c)
        return c;
    arena_init(&a, 0);
    open_origin(&f, ORIGIN_COMPLETE);
    c = look_into(&f, &a);
    fx_close(&f);
    return c;
}

/* The columns of one-api that become wider: their type is the accepted one, the rest stays. */
static bool is_widened(struct str table, struct str column)
{
    static const char *const widened[][2] = {
        {"channels", "key"}, {"channels", "group"},  {"channels", "model_mapping"},
        {"users", "group"},  {"abilities", "group"}, {"abilities", "model"},
    };

    for (size_t i = 0; i < ARRAY_LEN(widened); i++)
        if (str_eq(table, str_from(widened[i][0])) && str_eq(column, str_from(widened[i][1])))
            return true;
    return false;
}

static void differ(struct str table, struct str want, struct str got)
{
    print_error("%.*s: want %.*s, got %.*s\n", STR_ARG(table), STR_ARG(want), STR_ARG(got));
    fail();
}

static void check_column(struct str table, struct str before, struct str want, struct str now)
{
    if (before.n == 0) {
        if (!str_eq(want, now))
            differ(table, want, now);
        return;
    }
    if (str_eq(before, now))
        return;
    if (!is_widened(table, name_of(now)) || !str_eq(type_of(now), type_of(want)))
        differ(table, before, now);
}

/* Ours has the order of the newest; a query is served by either (schema_core.c). */
static bool is_other_order(struct str name)
{
    return str_eq(name, STR("idx_created_at_id"));
}

static void check_index(struct str table, struct str before, struct str want, struct str now)
{
    struct str name = name_of(now);

    if (before.n > 0) {
        if (!str_eq(before, now))
            differ(table, before, now);
        return;
    }
    if (str_starts(name, STR("idx_yourapi_")) || is_other_order(name))
        return;
    if (!str_eq(want, now))
        differ(table, want, now);
}

static void check_table(struct str table, const struct catalogue *before,
                        const struct catalogue *want, const struct catalogue *now)
{
    const struct lines *columns = columns_in(now, table), *indexes = indexes_in(now, table),
                       *old_columns = columns_in(before, table),
                       *old_indexes = indexes_in(before, table),
                       *good_columns = columns_in(want, table),
                       *good_indexes = indexes_in(want, table);

    for (size_t i = 0; i < columns->n; i++) {
        struct str name = name_of(columns->items[i]);

        check_column(table, line_of(old_columns, name), line_of(good_columns, name),
                     columns->items[i]);
    }
    for (size_t i = 0; i < indexes->n; i++) {
        struct str name = name_of(indexes->items[i]);

        check_index(table, line_of(old_indexes, name), line_of(good_indexes, name),
                    indexes->items[i]);
    }
    for (size_t i = 0; i < old_columns->n; i++)
        CHECK(line_of(columns, name_of(old_columns->items[i])).n > 0);
    for (size_t i = 0; i < good_columns->n; i++)
        CHECK(line_of(columns, name_of(good_columns->items[i])).n > 0);
    for (size_t i = 0; i < old_indexes->n; i++)
        CHECK(line_of(indexes, name_of(old_indexes->items[i])).n > 0);
    if (old_columns->n == 0) /* a table that we made has its columns in the original's order */
        for (size_t i = 0; i < good_columns->n; i++)
            CHECK(str_eq(good_columns->items[i], columns->items[i]));
}

/* Every unique index of the original is there, and the others that our queries use. */
static void check_wanted_indexes(const struct catalogue *now)
{
    for (size_t i = 0; i < schema_table_count(); i++) {
        const struct schema_table *t = schema_table_at(i);

        for (size_t k = 0; k < t->index_count; k++)
            if (schema_index_wanted(&t->indexes[k]))
                CHECK(line_of(indexes_in(now, str_from(t->name)), str_from(t->indexes[k].name)).n >
                      0);
    }
}

static void check_unique_indexes(const struct catalogue *now)
{
    for (size_t i = 0; i < ARRAY_LEN(origin_tables); i++)
        for (size_t k = 0; k < origin_tables[i].index_count; k++)
            if (origin_tables[i].indexes[k].unique)
                CHECK(line_of(indexes_in(now, str_from(origin_tables[i].name)),
                              str_from(origin_tables[i].indexes[k].name))
                          .n > 0);
}

/* The catalogue is what was there, and what new-api accepts, and our own tables: nothing else. */
static void check_catalogue(struct store_fx *f, const struct catalogue *before)
{
    const struct catalogue *want = accepted(), *now = look(f);

    for (size_t i = 0; i < now->tables.n; i++) {
        struct str table = now->tables.items[i];

        if (str_starts(table, STR("yourapi_")))
            continue;
        if (columns_in(want, table)->n == 0 && columns_in(before, table)->n == 0)
            differ(table, STR("no such table"), table);
        check_table(table, before, want, now);
    }
    for (size_t i = 0; i < want->tables.n; i++)
        CHECK(columns_in(now, want->tables.items[i])->n > 0);
    for (size_t i = 0; i < before->tables.n; i++)
        CHECK(columns_in(now, before->tables.items[i])->n > 0);
    check_wanted_indexes(now);
    check_unique_indexes(now);
}

/* Rows. */

static struct str dump(struct store_fx *f, const struct catalogue *before, size_t table)
{
    const struct lines *columns = &before->columns[table];
    struct db_rows *rows;
    struct sb sql, out;
    struct str text;

    sb_init(&sql, 1 << 16);
    sb_init(&out, 1 << 20);
    for (size_t i = 0; i < columns->n; i++)
        sb_fmt(&sql, "%s\"%.*s\"", i ? "," : "SELECT ", STR_ARG(name_of(columns->items[i])));
    sb_fmt(&sql, " FROM \"%.*s\" ORDER BY 1, 2", STR_ARG(before->tables.items[table]));
    sb_add_char(&sql, '\0');
    CHECK_OK(f, db_query(f->c, &f->a, &rows, &f->err, sql.p));
    while (db_next(rows)) {
        for (size_t i = 0; i < columns->n; i++)
            sb_fmt(&out, "%.*s=%.*s|", STR_ARG(name_of(columns->items[i])),
                   STR_ARG(db_is_null(rows, (int)i) ? STR("NULL") : db_text(rows, (int)i)));
        sb_add_char(&out, '\n');
    }
    CHECK_OK(f, db_end(rows, &f->err));
    CHECK(!sb_failed(&out));
    text = str_dup(&f->a, sb_str(&out));
    sb_fini(&sql);
    sb_fini(&out);
    return text;
}

static struct str *dump_all(struct store_fx *f, const struct catalogue *before)
{
    struct str *dumps = arena_new_array(&f->a, struct str, before->tables.n + 1);

    for (size_t i = 0; i < before->tables.n; i++)
        dumps[i] = dump(f, before, i);
    return dumps;
}

static void check_rows(struct store_fx *f, const struct catalogue *before, const struct str *dumps,
                       bool one_api)
{
    for (size_t i = 0; i < before->tables.n; i++) {
        struct str table = before->tables.items[i], now = dump(f, before, i);

        /* one_api_check() knows what becomes of these. */
        if (one_api && (str_eq(table, STR("channels")) || str_eq(table, STR("abilities"))))
            continue;
        if (!str_eq(now, dumps[i]))
            differ(table, dumps[i], now);
    }
}

/* Tests. */

/* Forward, and again. */
static void check_forward(enum origin o)
{
    const struct catalogue *before, *after;
    struct store_fx f;
    struct str *dumps;

    open_origin(&f, o);
    before = look(&f);
    dumps = dump_all(&f, before);
    migrate(&f);
    check_catalogue(&f, before);
    check_rows(&f, before, dumps, o == ORIGIN_ONE_API);
    after = look(&f);
    dumps = dump_all(&f, after);
    migrate(&f);
    check_same(after, look(&f));
    check_rows(&f, after, dumps, false);
    fx_close(&f);
}

TEST(an_empty_database_becomes_what_new_api_accepts)
{
    const struct catalogue *before, *after;
    struct store_fx f;

    fx_open_empty(&f);
    before = look(&f);
    CHECK_EQ(before->tables.n, 0);
    migrate(&f);
    check_catalogue(&f, before);
    after = look(&f);
    migrate(&f);
    check_same(after, look(&f));
    fx_close(&f);
}

TEST(a_database_of_april_2025_gets_what_came_later)
{
    check_forward(ORIGIN_APRIL);
}

TEST(a_database_of_the_newest_keeps_its_types)
{
    check_forward(ORIGIN_NEWEST);
}

TEST(a_database_that_is_complete_gets_nothing_but_our_tables)
{
    check_forward(ORIGIN_COMPLETE);
}

TEST(a_database_of_one_api_is_translated_once)
{
    const struct catalogue *before;
    struct store_fx f;
    struct str *dumps;

    open_origin(&f, ORIGIN_ONE_API);
    before = look(&f);
    dumps = dump_all(&f, before);
    for (int turn = 0; turn < 2; turn++) {
        migrate(&f);
        check_catalogue(&f, before);
        check_rows(&f, before, dumps, true);
        one_api_check(&f);
    }
    CHECK(fx_number(&f, "SELECT \"value\" FROM yourapi_meta WHERE \"key\" ="
                        " 'one_api_carried_over'") > 0);
    /* What is one-api's number and ours, too, is ours from now on. */
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "UPDATE channels SET \"type\" = 36 WHERE id = 1"));
    migrate(&f);
    CHECK_EQ(fx_number(&f, "SELECT \"type\" FROM channels WHERE id = 1"), 36);
    fx_close(&f);
}

TEST(strange_tables_and_columns_are_left_alone)
{
    static const char *const strange[] = {
        "ALTER TABLE users ADD invite_rebate_eligible bigint",
        "ALTER TABLE logs ADD need_reconcile bigint DEFAULT 3",
        "CREATE INDEX idx_logs_need_reconcile ON logs(need_reconcile)",
        "CREATE TABLE invite_rebates (id bigint, note varchar(40), PRIMARY KEY (id))",
        "INSERT INTO invite_rebates VALUES (1, 'theirs')",
        "UPDATE users SET invite_rebate_eligible = 5 WHERE id = 1",
    };
    const struct catalogue *before;
    struct store_fx f;
    struct str *dumps;

    open_origin(&f, ORIGIN_NEWEST);
    run_all(&f, strange, ARRAY_LEN(strange));
    before = look(&f);
    dumps = dump_all(&f, before);
    migrate(&f);
    check_catalogue(&f, before);
    check_rows(&f, before, dumps, false);
    fx_close(&f);
}

/* It names only the columns that it knows. */
TEST(the_program_of_april_can_still_write_every_table)
{
    const struct origin_table *t;
    struct store_fx f;
    struct sb sql;

    open_origin(&f, ORIGIN_APRIL);
    migrate(&f);
    sb_init(&sql, 1 << 16);
    for (size_t i = 0; (t = origin_at(ORIGIN_APRIL, i)); i++) {
        origin_insert(&f, &sql, ORIGIN_APRIL, t, 3);
        origin_insert(&f, &sql, ORIGIN_APRIL, t, 4);
    }
    sb_fini(&sql);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM users WHERE auth_version = 1"), 4);
    fx_close(&f);
}

/* The statements of a plan, one after the other, up to `count` of them; false: there were fewer. */
static bool apply_plan(struct store_fx *f, struct str plan, size_t count)
{
    while (plan.n > 0 && count > 0) {
        struct str line = str_cut(&plan, '\n');

        if (str_starts(line, STR("-- ")))
            continue;
        CHECK(str_ends(line, STR(";")));
        line.n--;
        CHECK_OK(f, db_exec(f->c, NULL, &f->err, str_dup(&f->a, line).p));
        count--;
    }
    return count == 0;
}

static struct str plan_of(struct store_fx *f)
{
    struct str text;
    struct sb said;

    sb_init(&said, 1 << 20);
    CHECK_OK(f, migrate_plan(f->db, MIGRATE_MAIN, &said, &f->err));
    CHECK(!sb_failed(&said));
    text = str_dup(&f->a, sb_str(&said));
    sb_fini(&said);
    return text;
}

/* As far as MySQL had come when the program was killed behind statement `count`: our memory is
 * there, and in it where the database comes from. */
static bool migrate_partly(struct store_fx *f, size_t count)
{
    struct str plan = plan_of(f);
    struct sb sql;

    sb_init(&sql, 1 << 16);
    schema_create_table(&sql, db_conn_kind(f->c), schema_find_table("yourapi_meta"));
    origin_run(f, &sql);
    sb_fini(&sql);
    if (count == 0)
        return true;
    CHECK_OK(f, repo_meta_put(f->c, STR("origin"), STR("one-api"), &f->err));
    CHECK_OK(f, repo_meta_put(f->c, STR("abilities_due"), STR("1"), &f->err));
    /* The plan has the table of our memory, too. */
    plan = str_replace(&f->a, plan, STR("\nCREATE TABLE `yourapi_meta`"), STR("\n-- "));
    plan = str_replace(&f->a, plan, STR("\nCREATE TABLE \"yourapi_meta\""), STR("\n-- "));
    return apply_plan(f, plan, count);
}

TEST(a_run_that_was_killed_behind_any_statement_is_completed)
{
    const struct catalogue *before;
    bool more = true;
    struct store_fx f;

    for (size_t count = 0; more; count += 13) {
        open_origin(&f, ORIGIN_ONE_API);
        before = look(&f);
        more = migrate_partly(&f, count);
        migrate(&f);
        check_catalogue(&f, before);
        one_api_check(&f);
        fx_close(&f);
    }
}

TEST(a_plan_changes_nothing_and_is_what_is_done)
{
    const struct catalogue *before;
    struct str plan, second;
    struct sb done;
    struct store_fx f;

    open_origin(&f, ORIGIN_ONE_API);
    before = look(&f);
    plan = plan_of(&f);
    check_same(before, look(&f));
    CHECK(str_has(plan, STR("-- channels: 1 of one-api's type 29 get type 1")));
    CHECK(str_has(plan, STR("-- abilities: computed anew")));
    db_release(f.c);
    f.c = NULL;
    sb_init(&done, 1 << 20);
    CHECK_OK(&f, migrate_run(f.db, MIGRATE_MAIN, &done, &f.err));
    CHECK_OK(&f, db_acquire(f.db, DB_WRITE, &f.c, &f.err));
    CHECK_EQ(done.n, plan.n); /* our memory is made first */
    STR_SPLIT_EACH (line, plan, '\n')
        CHECK(str_has(sb_str(&done), line));
    sb_fini(&done);
    second = plan_of(&f);
    CHECK_EQ(second.n, 0);
    fx_close(&f);
}

TEST(a_node_that_must_not_migrate_says_what_is_missing)
{
    struct store_fx f;

    open_origin(&f, ORIGIN_APRIL);
    CHECK_EQ(migrate_check(f.db, MIGRATE_MAIN, &f.err), ERR_DB);
    CHECK(strstr(f.err.msg, "table channels has no column header_override"));
    migrate(&f);
    CHECK_OK(&f, migrate_check(f.db, MIGRATE_MAIN, &f.err));
    CHECK_OK(&f, migrate_check(f.db, MIGRATE_LOGS, &f.err));
    fx_close(&f);
}

TEST(a_database_of_logs_gets_nothing_else)
{
    struct store_fx f;
    struct lines tables;

    fx_open_empty(&f);
    CHECK_EQ(migrate_check(f.db, MIGRATE_LOGS, &f.err), ERR_DB);
    for (int turn = 0; turn < 2; turn++) {
        db_release(f.c);
        f.c = NULL;
        CHECK_OK(&f, migrate_logs(f.db, &f.err));
        CHECK_OK(&f, db_acquire(f.db, DB_WRITE, &f.c, &f.err));
        tables = tables_of(&f, &f.a);
        CHECK_EQ(tables.n, 6);
        for (size_t i = 0; i < tables.n; i++)
            CHECK(str_eq(tables.items[i], STR("logs")) ||
                  str_starts(tables.items[i], STR("yourapi_")));
    }
    CHECK_OK(&f, migrate_check(f.db, MIGRATE_LOGS, &f.err));
    CHECK_EQ(migrate_check(f.db, MIGRATE_MAIN, &f.err), ERR_DB);
    fx_close(&f);
}

TEST(one_apis_database_of_logs_is_filled_in)
{
    static const char *const rows[] = {
        "INSERT INTO logs (id, user_id, created_at, \"type\", elapsed_time) VALUES"
        " (1, 1, 1700000000, 2, 2999), (2, 1, 1700000001, 2, 0)",
    };
    struct store_fx f;
    struct sb sql;

    fx_open_empty(&f);
    sb_init(&sql, 1 << 16);
    origin_create(&f, &sql, ORIGIN_ONE_API, origin_at(ORIGIN_ONE_API, 6));
    sb_fini(&sql);
    run_all(&f, rows, ARRAY_LEN(rows));
    db_release(f.c);
    f.c = NULL;
    CHECK_OK(&f, migrate_logs(f.db, &f.err));
    CHECK_OK(&f, db_acquire(f.db, DB_WRITE, &f.c, &f.err));
    CHECK_EQ(fx_number(&f, "SELECT use_time FROM logs WHERE id = 1"), 2);
    CHECK_EQ(fx_number(&f, "SELECT COALESCE(use_time, 0) FROM logs WHERE id = 2"), 0);
    fx_close(&f);
}

/* Processes. */

static int migrate_alone(const char *path)
{
    struct db *db = store_fixture_reopen(path);
    struct err err = {.code = ERR_OK};
    enum err_code rc = migrate_up(db, &err);

    if (rc != ERR_OK)
        print_error("%s\n", err.msg);
    return rc == ERR_OK ? 0 : 1;
}

/* A process that begins when the other end of the pipe is closed. */
static pid_t start_process(const char *path, const int gate[2])
{
    pid_t child = fork();
    char byte;

    CHECK(child >= 0);
    if (child > 0)
        return child;
    close(gate[1]);
    if (read(gate[0], &byte, 1) != 0)
        _exit(2);
    _exit(migrate_alone(path));
}

TEST(several_processes_may_start_at_the_same_time)
{
    const struct catalogue *before;
    struct store_fx f;
    pid_t children[4];
    int gate[2];

    open_origin(&f, ORIGIN_ONE_API);
    before = look(&f);
    CHECK_EQ(pipe(gate), 0);
    for (size_t i = 0; i < ARRAY_LEN(children); i++)
        children[i] = start_process(f.path, gate);
    close(gate[0]);
    close(gate[1]);
    for (size_t i = 0; i < ARRAY_LEN(children); i++) {
        int status;

        CHECK_EQ(waitpid(children[i], &status, 0), children[i]);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    check_catalogue(&f, before);
    one_api_check(&f);
    fx_close(&f);
}

static void kill_after(const char *path, useconds_t us)
{
    int gate[2], status;
    pid_t child;

    CHECK_EQ(pipe(gate), 0);
    child = start_process(path, gate);
    close(gate[0]);
    close(gate[1]);
    usleep(us); /* any moment will do */
    kill(child, SIGKILL);
    CHECK_EQ(waitpid(child, &status, 0), child);
}

TEST(a_process_killed_at_any_moment_leaves_what_the_next_completes)
{
    static const useconds_t moments_us[] = {4000, 9000, 20000, 45000, 90000, 180000};

    for (size_t i = 0; i < ARRAY_LEN(moments_us); i++) {
        const struct catalogue *before;
        struct store_fx f;

        open_origin(&f, ORIGIN_ONE_API);
        before = look(&f);
        /* Twice, because the second finds what the first one left. */
        kill_after(f.path, moments_us[i]);
        kill_after(f.path, moments_us[i]);
        migrate(&f);
        check_catalogue(&f, before);
        one_api_check(&f);
        fx_close(&f);
    }
}

TEST_MAIN(an_empty_database_becomes_what_new_api_accepts,
          a_database_of_april_2025_gets_what_came_later, a_database_of_the_newest_keeps_its_types,
          a_database_that_is_complete_gets_nothing_but_our_tables,
          a_database_of_one_api_is_translated_once, strange_tables_and_columns_are_left_alone,
          the_program_of_april_can_still_write_every_table,
          a_run_that_was_killed_behind_any_statement_is_completed,
          a_plan_changes_nothing_and_is_what_is_done,
          a_node_that_must_not_migrate_says_what_is_missing, a_database_of_logs_gets_nothing_else,
          one_apis_database_of_logs_is_filled_in, several_processes_may_start_at_the_same_time,
          a_process_killed_at_any_moment_leaves_what_the_next_completes)

/*
 * The steps, each of which finds out itself what is left to do:
 *   1. our own memory (yourapi_meta), and in it where the database comes from, which cannot be seen
 *      any more once its tables are complete;
 *   2. every table: made when missing, else its missing columns and indexes;
 *   3. what one-api kept elsewhere or under other numbers, once (one_api.c);
 *   4. abilities, when their columns were new;
 *   5. the mark of a finished set-up, when there is a root already.
 * All of it is one transaction where the database can roll back DDL (SQLite, PostgreSQL); where it
 * cannot, a killed run is continued by the next because what must happen once is noted beside it.
 */
#include "store/migrate.h"

#include <time.h>

#include "base/log.h"
#include "store/one_api.h"
#include "store/repo_ability.h"
#include "store/repo_meta.h"
#include "store/schema.h"

enum { DDL_LIMIT = 16 * 1024, MIGRATION_LOCK = 0x79617069 /* "yapi" */ };

/* Keys of yourapi_meta. */
#define META_ORIGIN    STR("origin")
#define META_CARRIED   STR("one_api_carried_over")
#define META_ABILITIES STR("abilities_due")

/* Values of META_ORIGIN. */
#define ORIGIN_FRESH   STR("fresh")
#define ORIGIN_ONE_API STR("one-api")
#define ORIGIN_NEW_API STR("new-api")

struct migration {
    struct db_conn *conn;
    struct arena *arena;
    struct sb sql;
    unsigned tables, columns, indexes; /* added */
};

static enum err_code run_sql(struct migration *m, struct err *err)
{
    sb_add_char(&m->sql, '\0');
    if (sb_failed(&m->sql))
        return err_set(err, ERR_INTERNAL, "DDL statement too long");
    return db_exec(m->conn, NULL, err, m->sql.p);
}

static bool has_name(const struct str *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(names[i], str_from(name)))
            return true;
    return false;
}

/* Tables, columns, indexes. */

static enum err_code create_table(struct migration *m, const struct schema_table *t,
                                  struct err *err)
{
    sb_reset(&m->sql);
    schema_create_table(&m->sql, db_conn_kind(m->conn), t);
    m->tables++;
    return run_sql(m, err);
}

static enum err_code note_ability_column(struct migration *m, const struct schema_table *t,
                                         struct err *err)
{
    if (!str_eq(str_from(t->name), STR("abilities")))
        return ERR_OK;
    return repo_meta_put(m->conn, META_ABILITIES, STR("1"), err);
}

static enum err_code add_columns(struct migration *m, const struct schema_table *t,
                                 const struct str *have, size_t n, struct err *err)
{
    for (size_t i = 0; i < t->column_count; i++) {
        if (has_name(have, n, t->columns[i].name))
            continue;
        TRY(note_ability_column(m, t, err));
        sb_reset(&m->sql);
        schema_add_column(&m->sql, db_conn_kind(m->conn), t, &t->columns[i]);
        m->columns++;
        TRY(run_sql(m, err));
    }
    return ERR_OK;
}

/* What may fail without an end to the whole. MySQL has no transaction around DDL, so there is
 * nothing to go back to; PostgreSQL's would be over without this. */
static enum err_code try_sql(struct migration *m, struct err *err)
{
    enum err_code rc;

    if (db_conn_kind(m->conn) == DB_MYSQL)
        return run_sql(m, err);
    TRY(db_exec(m->conn, NULL, err, "SAVEPOINT attempt"));
    rc = run_sql(m, err);
    if (rc != ERR_OK)
        TRY(db_exec(m->conn, NULL, NULL, "ROLLBACK TO SAVEPOINT attempt"));
    TRY(db_exec(m->conn, NULL, err, "RELEASE SAVEPOINT attempt"));
    return rc;
}

static enum err_code create_index(struct migration *m, const struct schema_table *t,
                                  const struct schema_index *index, struct err *err)
{
    enum err_code rc;

    sb_reset(&m->sql);
    schema_create_index(&m->sql, db_conn_kind(m->conn), t, index);
    rc = try_sql(m, err);
    if (rc == ERR_CONFLICT) {
        /* Rows that are there already break it: the data is the operator's, the index is not worth
         * refusing to start. */
        log_warn(NULL, "migrate.index", "index=%s reason=\"%s\"", index->name,
                 err ? err->msg : "not unique");
        return ERR_OK;
    }
    m->indexes++;
    return rc;
}

static enum err_code add_indexes(struct migration *m, const struct schema_table *t, struct err *err)
{
    struct str *have;
    size_t n;

    TRY(db_list_indexes(m->conn, m->arena, t->name, &have, &n, err));
    for (size_t i = 0; i < t->index_count; i++)
        if (schema_index_wanted(&t->indexes[i]) && !has_name(have, n, t->indexes[i].name))
            TRY(create_index(m, t, &t->indexes[i], err));
    return ERR_OK;
}

static enum err_code bring_table(struct migration *m, const struct schema_table *t, struct err *err)
{
    struct str *have;
    size_t n;

    TRY(db_list_columns(m->conn, m->arena, t->name, &have, &n, err));
    if (n == 0) {
        /* Noted first, because MySQL keeps a table that a killed run has made. */
        TRY(note_ability_column(m, t, err));
        TRY(create_table(m, t, err));
    } else {
        TRY(add_columns(m, t, have, n, err));
    }
    return add_indexes(m, t, err);
}

static enum err_code bring_tables(struct migration *m, struct err *err)
{
    for (size_t i = 0; i < schema_table_count(); i++) {
        const struct schema_table *t = schema_table_at(i);

        if (bring_table(m, t, err) != ERR_OK)
            return err_wrap(err, "table %s", t->name);
    }
    return ERR_OK;
}

/* Where it comes from. */

static enum err_code has_column(struct migration *m, const char *table, const char *column,
                                bool *has, struct err *err)
{
    struct str *names;
    size_t n;

    TRY(db_list_columns(m->conn, m->arena, table, &names, &n, err));
    *has = column ? has_name(names, n, column) : n > 0;
    return ERR_OK;
}

static enum err_code is_one_api(struct migration *m, bool *one_api, struct err *err)
{
    static const char *const marks[][2] = {{"channels", "config"},
                                           {"tokens", "subnet"},
                                           {"users", "lark_id"},
                                           {"logs", "elapsed_time"}};
    bool has;

    *one_api = false;
    TRY(has_column(m, "setups", NULL, &has, err));
    if (has)
        return ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(marks) && !*one_api; i++)
        TRY(has_column(m, marks[i][0], marks[i][1], one_api, err));
    return ERR_OK;
}

static enum err_code find_origin(struct migration *m, struct str *origin, struct err *err)
{
    bool old, one_api;

    TRY(repo_meta_find(m->conn, m->arena, META_ORIGIN, origin, err));
    if (origin->n)
        return ERR_OK;
    TRY(has_column(m, "users", NULL, &old, err));
    TRY(is_one_api(m, &one_api, err));
    *origin = !old ? ORIGIN_FRESH : one_api ? ORIGIN_ONE_API : ORIGIN_NEW_API;
    return repo_meta_put(m->conn, META_ORIGIN, *origin, err);
}

/* What must happen once. */

static enum err_code carry_over(struct migration *m, struct err *err)
{
    struct str done;

    TRY(repo_meta_find(m->conn, m->arena, META_CARRIED, &done, err));
    if (done.n)
        return ERR_OK;
    TRY(one_api_carry_over(m->conn, err));
    TRY(repo_meta_put(m->conn, META_ABILITIES, STR("1"), err));
    return repo_meta_put_i64(m->conn, META_CARRIED, (int64_t)time(NULL), err);
}

static enum err_code join_carry_over(struct migration *m, struct err *err)
{
    struct db_tx tx;

    TRY(db_join(m->conn, &tx, err));
    return db_join_end(&tx, carry_over(m, err), err);
}

static enum err_code fix_abilities(struct migration *m, struct err *err)
{
    int64_t channels, rebuilt;
    struct str due;

    TRY(repo_meta_find(m->conn, m->arena, META_ABILITIES, &due, err));
    if (!str_eq(due, STR("1")))
        return ERR_OK;
    TRY(repo_ability_fix(m->conn, &channels, &rebuilt, err));
    return repo_meta_put(m->conn, META_ABILITIES, STR("0"), err);
}

/* One node after the other. */

/* The server's lock that nodes take to migrate, which MySQL gives to a session and not to a
 * transaction (DDL would end it). It is the database's, because a server may have several. */
#define MYSQL_LOCK "CONCAT('yourapi migrate ', MD5(DATABASE()))"

static enum err_code ask_number(struct migration *m, const char *sql, int64_t *value,
                                struct err *err)
{
    struct db_rows *rows;

    *value = 0;
    TRY(db_query(m->conn, m->arena, &rows, err, sql));
    if (db_next(rows))
        *value = db_i64(rows, 0);
    return db_end(rows, err);
}

/* In portions, because a wait is a statement that may not take for ever. */
static enum err_code lock_mysql(struct migration *m, struct err *err)
{
    int64_t got = 0;

    for (int i = 0; !got; i++) {
        TRY(ask_number(m, "SELECT GET_LOCK(" MYSQL_LOCK ", 2)", &got, err));
        if (!got && i == 0)
            log_info(NULL, "migrate.waiting", "reason=\"another node is migrating\"");
    }
    return ERR_OK;
}

/* Others may go on. A connection that broke has let go of it already. */
static void unlock(struct migration *m)
{
    int64_t had;
    struct err err;

    if (db_conn_kind(m->conn) == DB_MYSQL &&
        ask_number(m, "SELECT RELEASE_LOCK(" MYSQL_LOCK ")", &had, &err) != ERR_OK)
        log_warn(NULL, "migrate.unlock", "reason=\"%s\"", err.msg);
}

static enum err_code lock_postgres(struct migration *m, struct err *err)
{
    TRY(db_exec(m->conn, NULL, err, "SET LOCAL statement_timeout = 0"));
    TRY(db_exec(m->conn, NULL, err, "SET LOCAL lock_timeout = 0"));
    return db_exec(m->conn, NULL, err, "SELECT pg_advisory_xact_lock(?)", DB_I64(MIGRATION_LOCK));
}

/* Other nodes that start now wait here until this one is done, and an index over many rows may take
 * as long as it takes. SQLite's transaction has the one writing lock. */
static enum err_code be_alone(struct migration *m, struct err *err)
{
    switch (db_conn_kind(m->conn)) {
    case DB_SQLITE:
        break;
    case DB_POSTGRES:
        return lock_postgres(m, err);
    case DB_MYSQL:
        return lock_mysql(m, err);
    }
    return ERR_OK;
}

/* The whole. */

static enum err_code bring_forward(struct migration *m, struct str *origin, struct err *err)
{
    TRY(be_alone(m, err));
    TRY(bring_table(m, schema_find_table("yourapi_meta"), err));
    TRY(find_origin(m, origin, err));
    TRY(bring_tables(m, err));
    if (str_eq(*origin, ORIGIN_ONE_API))
        TRY(join_carry_over(m, err));
    return fix_abilities(m, err);
}

static enum err_code migrate(struct db_conn *c, struct arena *a, struct err *err)
{
    struct migration m = {.conn = c, .arena = a};
    struct str origin = STR_NULL;
    struct db_tx tx;
    enum err_code rc;

    sb_init(&m.sql, DDL_LIMIT);
    rc = db_join(c, &tx, err);
    if (rc == ERR_OK)
        rc = db_join_end(&tx, bring_forward(&m, &origin, err), err);
    unlock(&m);
    sb_fini(&m.sql);
    if (rc != ERR_OK)
        return rc;
    if (m.tables + m.columns + m.indexes > 0)
        log_info(NULL, "migrate.done", "origin=%.*s tables=%u columns=%u indexes=%u",
                 STR_ARG(origin), m.tables, m.columns, m.indexes);
    return ERR_OK;
}

enum err_code migrate_up(struct db *db, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    arena_init(&a, 0);
    TRY(db_acquire(db, DB_WRITE, &c, err));
    return migrate(c, &a, err);
}

/*
 * The steps, each of which finds out itself what is left to do:
 *   1. our own memory (yourapi_meta), and in it where the database comes from, which cannot be seen
 *      any more once its tables are complete;
 *   2. every table: made when missing, else its missing columns and indexes, and those of its
 *      columns that are too narrow (migrate_table.c);
 *   3. what one-api kept elsewhere or under other numbers, once (one_api.c);
 *   4. abilities, when their columns were new.
 * All of it is one transaction where the database can roll back DDL (SQLite, PostgreSQL). MySQL
 * commits at each statement that changes a table; a killed run is continued by the next because
 * what must happen once is noted before, and steps 3 and 4 are one transaction with their notes.
 *
 * One node at a time: SQLite has one writer, PostgreSQL a lock that ends with the transaction,
 * MySQL one that ends with the connection. A node that dies holds nobody up.
 */
#include "store/migrate.h"

#include <time.h>

#include "base/log.h"
#include "store/migrate_table.h"
#include "store/one_api.h"
#include "store/repo_ability.h"
#include "store/repo_meta.h"

enum { DDL_LIMIT = 16 * 1024, MIGRATION_LOCK = 0x79617069 /* "yapi" */, LOCK_TURNS = 10 };

/* Keys of yourapi_meta. */
#define META_ORIGIN    STR("origin")
#define META_CARRIED   STR("one_api_carried_over")
#define META_ABILITIES STR("abilities_due")

/* Values of META_ORIGIN. */
#define ORIGIN_FRESH   STR("fresh")
#define ORIGIN_ONE_API STR("one-api")
#define ORIGIN_NEW_API STR("new-api")

/* Tables of a database that has only logs, besides `logs`: how far the journals are in it, the
 * index of the log, its memory. */
static const char *const log_tables[] = {"logs",
                                         "yourapi_meta",
                                         "yourapi_journal",
                                         "yourapi_log_chunks",
                                         "yourapi_log_parts",
                                         "yourapi_log_names"};

struct run {
    struct migration m;
    enum migrate_part part;
    struct str origin;
    bool no_memory; /* yourapi_meta is not there: a plan for a database that we have never seen */
};

/* Our memory. */

static enum err_code recall(struct run *r, struct str key, struct str *value, struct err *err)
{
    *value = STR_NULL;
    if (r->no_memory)
        return ERR_OK;
    return repo_meta_find(r->m.conn, r->m.arena, key, value, err);
}

static enum err_code note(struct migration *m, struct str key, struct str value, struct err *err)
{
    return m->plan ? ERR_OK : repo_meta_put(m->conn, key, value, err);
}

enum err_code migrate_abilities_due(struct migration *m, struct err *err)
{
    m->abilities_due = true;
    return note(m, META_ABILITIES, STR("1"), err);
}

/* Tables. */

static bool in_part(enum migrate_part part, const char *table)
{
    if (part == MIGRATE_MAIN)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(log_tables); i++)
        if (str_eq(str_from(table), str_from(log_tables[i])))
            return true;
    return false;
}

static enum err_code bring_tables(struct run *r, struct err *err)
{
    for (size_t i = 0; i < schema_table_count(); i++) {
        const struct schema_table *t = schema_table_at(i);

        if (in_part(r->part, t->name) && migrate_table(&r->m, t, err) != ERR_OK)
            return err_wrap(err, "table %s", t->name);
    }
    return ERR_OK;
}

/* Where it comes from. */

static enum err_code is_one_api(struct migration *m, bool *one_api, struct err *err)
{
    static const char *const marks[][2] = {{"channels", "config"},
                                           {"tokens", "subnet"},
                                           {"users", "lark_id"},
                                           {"logs", "elapsed_time"}};
    bool has;

    *one_api = false;
    TRY(migrate_has(m, "setups", NULL, &has, err));
    if (has)
        return ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(marks) && !*one_api; i++)
        TRY(migrate_has(m, marks[i][0], marks[i][1], one_api, err));
    return ERR_OK;
}

static enum err_code find_origin(struct run *r, struct err *err)
{
    const char *first = r->part == MIGRATE_MAIN ? "users" : "logs";
    bool old, one_api;

    TRY(recall(r, META_ORIGIN, &r->origin, err));
    if (r->origin.n)
        return ERR_OK;
    TRY(migrate_has(&r->m, first, NULL, &old, err));
    TRY(is_one_api(&r->m, &one_api, err));
    r->origin = !old ? ORIGIN_FRESH : one_api ? ORIGIN_ONE_API : ORIGIN_NEW_API;
    return note(&r->m, META_ORIGIN, r->origin, err);
}

/* What must happen once. */

static enum err_code carry_over(struct run *r, struct err *err)
{
    struct migration *m = &r->m;
    struct str done;

    TRY(recall(r, META_CARRIED, &done, err));
    if (done.n)
        return ERR_OK;
    TRY(one_api_describe(m->conn, m->arena, m->said, err));
    if (m->plan)
        return ERR_OK;
    TRY(one_api_carry_over(m->conn, err));
    if (r->part == MIGRATE_MAIN)
        TRY(migrate_abilities_due(m, err));
    return repo_meta_put_i64(m->conn, META_CARRIED, (int64_t)time(NULL), err);
}

static enum err_code join_carry_over(struct run *r, struct err *err)
{
    struct db_tx tx;

    if (r->m.plan)
        return carry_over(r, err);
    TRY(db_join(r->m.conn, &tx, err));
    return db_join_end(&tx, carry_over(r, err), err);
}

static enum err_code fix_abilities(struct run *r, struct err *err)
{
    int64_t channels, rebuilt;
    struct str due;

    TRY(recall(r, META_ABILITIES, &due, err));
    if (!str_eq(due, STR("1")) && !r->m.abilities_due)
        return ERR_OK;
    if (!str_eq(r->origin, ORIGIN_FRESH))
        migrate_remark(&r->m, "abilities: computed anew from the channels");
    if (r->m.plan)
        return ERR_OK;
    TRY(repo_ability_fix(r->m.conn, &channels, &rebuilt, err));
    return repo_meta_put(r->m.conn, META_ABILITIES, STR("0"), err);
}

/* One at a time. */

/* Waits as long as it takes: whoever holds it is at work, or gone and then it is free. In turns,
 * because a server ends a statement that takes too long. */
static enum err_code lock_mysql(struct db_conn *c, struct arena *a, struct err *err)
{
    for (unsigned turn = 0;; turn++) {
        struct db_rows *rows;
        bool mine;

        TRY(db_query(c, a, &rows, err, "SELECT GET_LOCK(CONCAT('yourapi.', SHA1(DATABASE())), 1)"));
        mine = db_next(rows) && db_i64(rows, 0) == 1;
        TRY(db_end(rows, err));
        if (mine)
            return ERR_OK;
        if (turn % LOCK_TURNS == 0)
            log_info(NULL, "migrate.waiting",
                     "reason=\"another node brings the database forward\"");
    }
}

/* A lock that could not be given back goes with the connection, which is broken then. */
static void unlock_mysql(struct db_conn *c)
{
    struct err ignored;

    if (db_exec(c, NULL, &ignored, "DO RELEASE_LOCK(CONCAT('yourapi.', SHA1(DATABASE())))") !=
        ERR_OK)
        log_warn(NULL, "migrate.unlock", "reason=\"%s\"", ignored.msg);
}

/* PostgreSQL: other nodes that start now wait here until this one has committed, and an index over
 * many rows may take as long as it takes. */
static enum err_code lock_postgres(struct db_conn *c, struct err *err)
{
    TRY(db_exec(c, NULL, err, "SET LOCAL statement_timeout = 0"));
    TRY(db_exec(c, NULL, err, "SET LOCAL lock_timeout = 0"));
    return db_exec(c, NULL, err, "SELECT pg_advisory_xact_lock(?)", DB_I64(MIGRATION_LOCK));
}

/* The whole. */

static enum err_code bring_forward(struct run *r, struct err *err)
{
    struct migration *m = &r->m;
    bool has;

    if (!m->plan && db_conn_kind(m->conn) == DB_POSTGRES)
        TRY(lock_postgres(m->conn, err));
    TRY(migrate_has(m, "yourapi_meta", NULL, &has, err));
    r->no_memory = m->plan && !has;
    if (!m->plan)
        TRY(migrate_table(m, schema_find_table("yourapi_meta"), err));
    TRY(find_origin(r, err));
    TRY(bring_tables(r, err));
    if (str_eq(r->origin, ORIGIN_ONE_API))
        TRY(join_carry_over(r, err));
    return r->part == MIGRATE_MAIN ? fix_abilities(r, err) : ERR_OK;
}

static enum err_code in_transaction(struct run *r, struct err *err)
{
    struct db_tx tx;

    TRY(db_join(r->m.conn, &tx, err));
    return db_join_end(&tx, bring_forward(r, err), err);
}

static enum err_code alone(struct run *r, struct err *err)
{
    struct db_conn *c = r->m.conn;
    enum err_code rc;

    if (r->m.plan || db_conn_kind(c) != DB_MYSQL)
        return in_transaction(r, err);
    TRY(lock_mysql(c, r->m.arena, err));
    rc = in_transaction(r, err);
    unlock_mysql(c);
    return rc;
}

static enum err_code run(struct db *db, struct run *r, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct migration *m = &r->m;
    enum err_code rc;

    arena_init(&a, 0);
    TRY(db_acquire(db, m->plan ? DB_READ : DB_WRITE, &c, err));
    m->conn = c;
    m->arena = &a;
    sb_init(&m->sql, DDL_LIMIT);
    rc = alone(r, err);
    sb_fini(&m->sql);
    if (rc != ERR_OK || m->plan)
        return rc;
    if (m->tables + m->columns + m->indexes + m->widened > 0)
        log_info(NULL, "migrate.done", "origin=%.*s tables=%u columns=%u indexes=%u widened=%u",
                 STR_ARG(r->origin), m->tables, m->columns, m->indexes, m->widened);
    return ERR_OK;
}

enum err_code migrate_run(struct db *db, enum migrate_part part, struct sb *said, struct err *err)
{
    struct run r = {.part = part, .m = {.said = said}};

    return run(db, &r, err);
}

enum err_code migrate_plan(struct db *db, enum migrate_part part, struct sb *said, struct err *err)
{
    struct run r = {.part = part, .m = {.said = said, .plan = true}};

    return run(db, &r, err);
}

enum err_code migrate_up(struct db *db, struct err *err)
{
    return migrate_run(db, MIGRATE_MAIN, NULL, err);
}

enum err_code migrate_logs(struct db *db, struct err *err)
{
    return migrate_run(db, MIGRATE_LOGS, NULL, err);
}

/* For nodes that do not migrate. */

#define ADVICE "start a node without NODE_TYPE=slave, or run: yourapi migrate"

static enum err_code check_table(struct db_conn *c, struct arena *a, const struct schema_table *t,
                                 struct err *err)
{
    struct str *have;
    size_t n;

    TRY(db_list_columns(c, a, t->name, &have, &n, err));
    if (n == 0)
        return err_set(err, ERR_DB,
                       "the database is too old for this version: it has no table %s; " ADVICE,
                       t->name);
    for (size_t i = 0; i < t->column_count; i++)
        if (!migrate_listed(have, n, t->columns[i].name))
            return err_set(
                err, ERR_DB,
                "the database is too old for this version: table %s has no column %s; " ADVICE,
                t->name, t->columns[i].name);
    return ERR_OK;
}

enum err_code migrate_check(struct db *db, enum migrate_part part, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    arena_init(&a, 0);
    TRY(db_acquire(db, DB_READ, &c, err));
    for (size_t i = 0; i < schema_table_count(); i++)
        if (in_part(part, schema_table_at(i)->name))
            TRY(check_table(c, &a, schema_table_at(i), err));
    return ERR_OK;
}

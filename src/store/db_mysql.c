/*
 * The driver of MySQL and MariaDB: its table, transactions, the catalogue, opening. Logins are in
 * db_mysql_conn, statements in db_mysql_stmt, cells in db_mysql_rows, the server's errors in
 * db_mysql_error.
 */
#include "base/log.h"
#include "base/mem.h"
#include "store/db_mysql_conn.h"
#include "store/db_mysql_rows.h"
#include "store/db_mysql_stmt.h"

enum {
    STATEMENTS = 64, /* the server's limit (16,382) is for all connections together */
    STATEMENT_MS = 60000,
    PING_MS = 3000,
};

static const struct db_driver mysql_driver;

static struct mysql_db *db_of(struct db *db)
{
    return container_of(db, struct mysql_db, base);
}

/* Statements. */

static enum err_code do_exec(struct db_conn *base, int64_t *changed, struct err *err,
                             const char *sql, const struct db_value *values, size_t n)
{
    struct mysql_call call = {.sql = sql, .values = values, .n = n};

    TRY(db_mysql_execute(db_mysql_conn_of(base), &call, err));
    db_mysql_call_end(&call);
    if (changed)
        *changed = (int64_t)call.changed;
    return ERR_OK;
}

static enum err_code do_insert(struct db_conn *base, int64_t *id, struct err *err, const char *sql,
                               const struct db_value *values, size_t n)
{
    struct mysql_call call = {.sql = sql, .values = values, .n = n};

    TRY(db_mysql_execute(db_mysql_conn_of(base), &call, err));
    db_mysql_call_end(&call);
    *id = (int64_t)call.id;
    return ERR_OK;
}

/* Transactions. */

/* Who only reads sees one moment of the database all the time, as on SQLite. */
static enum err_code do_begin(struct db_conn *base, struct err *err)
{
    struct mysql_conn *c = db_mysql_conn_of(base);
    struct mysql_call call = {.sql = "START TRANSACTION"};

    if (base->access == DB_READ) {
        call.sql = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
        TRY(db_mysql_execute(c, &call, err));
        call.sql = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
    }
    return db_mysql_execute(c, &call, err);
}

static enum err_code do_commit(struct db_conn *base, struct err *err)
{
    struct mysql_conn *c = db_mysql_conn_of(base);

    if (base->gave_way)
        return db_mysql_gave_way(err);
    /* A lost connection has lost the transaction, too. */
    if (c->pool.broken || !c->handle)
        return err_set(err, ERR_UNAVAILABLE, "the connection to the server broke");
    return db_mysql_run(c, STR("COMMIT"), db_mysql_wait_ms(c->db), err);
}

static void do_rollback(struct db_conn *base)
{
    struct mysql_conn *c = db_mysql_conn_of(base);
    struct err err;

    if (c->pool.broken || !c->handle)
        return; /* the server rolls back what a lost connection had begun */
    if (db_mysql_run(c, STR("ROLLBACK"), db_mysql_wait_ms(c->db), &err) == ERR_OK)
        return;
    c->pool.broken = true;
    log_warn(NULL, "db.rollback", "reason=\"%s\"", err.msg);
}

/* Catalogue. */

static enum err_code do_columns(struct db_conn *c, struct arena *a, const char *table,
                                struct str **names, size_t *n, struct err *err)
{
    return db_list_names(c, a,
                         "SELECT column_name FROM information_schema.columns"
                         " WHERE table_schema = DATABASE() AND table_name = ?"
                         " ORDER BY ordinal_position",
                         table, names, n, err);
}

static enum err_code do_indexes(struct db_conn *c, struct arena *a, const char *table,
                                struct str **names, size_t *n, struct err *err)
{
    return db_list_names(c, a,
                         "SELECT DISTINCT index_name FROM information_schema.statistics"
                         " WHERE table_schema = DATABASE() AND table_name = ?",
                         table, names, n, err);
}

/* Connections. */

static void conn_close(struct db_pool_conn *base)
{
    struct mysql_conn *c = container_of(base, struct mysql_conn, pool);

    db_mysql_drop_statements(c);
    db_cache_fini(&c->statements);
    db_mysql_disconnect(c);
    mem_free(c);
}

static enum err_code conn_open(void *ctx, struct db_pool_conn **out, struct err *err)
{
    struct mysql_conn *c = mem_new(struct mysql_conn);
    enum err_code rc;

    *out = NULL;
    c->pool.base.driver = &mysql_driver;
    c->db = ctx;
    db_cache_init(&c->statements, STATEMENTS);
    rc = db_mysql_connect(c, err);
    if (rc != ERR_OK) {
        conn_close(&c->pool);
        return rc;
    }
    *out = &c->pool;
    return ERR_OK;
}

static bool conn_alive(struct db_pool_conn *base)
{
    struct mysql_conn *c = container_of(base, struct mysql_conn, pool);
    struct err err;

    return db_mysql_run(c, STR("DO 0"), PING_MS, &err) == ERR_OK;
}

static bool answers(void *ctx, struct err *err)
{
    return db_mysql_answers(ctx, err);
}

static const struct db_pool_ops pool_ops = {conn_open, conn_close, conn_alive, answers};

static void do_health(struct db *base, struct db_health *out)
{
    db_pool_health(db_of(base)->pool, out);
}

static enum err_code do_acquire(struct db *base, enum db_access access UNUSED, struct db_conn **out,
                                struct err *err)
{
    struct db_pool_conn *c;

    TRY(db_pool_take(db_of(base)->pool, &c, err));
    container_of(c, struct mysql_conn, pool)->fresh = true;
    *out = &c->base;
    return ERR_OK;
}

static void do_release(struct db_conn *base)
{
    struct mysql_conn *c = db_mysql_conn_of(base);

    db_pool_give(c->db->pool, &c->pool);
}

static void do_close(struct db *base)
{
    struct mysql_db *db = db_of(base);

    db_pool_free(db->pool);
    arena_fini(&db->arena);
    mem_free(db);
}

static const struct db_driver mysql_driver = {
    .kind = DB_MYSQL,
    .close = do_close,
    .acquire = do_acquire,
    .release = do_release,
    .exec = do_exec,
    .insert = do_insert,
    .query = db_mysql_query,
    .next = db_mysql_next,
    .is_null = db_mysql_is_null,
    .i64 = db_mysql_i64,
    .f64 = db_mysql_f64,
    .boolean = db_mysql_boolean,
    .text = db_mysql_text,
    .end = db_mysql_end,
    .begin = do_begin,
    .commit = do_commit,
    .rollback = do_rollback,
    .columns = do_columns,
    .indexes = do_indexes,
    .health = do_health,
};

/* Opening. */

static enum err_code db_new(const struct db_conf *conf, struct mysql_db **out, struct err *err)
{
    const struct db_pool_conf pool = db_pool_conf_of(conf);
    struct mysql_db *db = mem_new(struct mysql_db);
    struct str dsn;
    enum err_code rc;

    arena_init(&db->arena, 0);
    dsn = str_dup(&db->arena, conf->dsn);
    rc = dsn_read_mysql(&db->arena, dsn, &db->dsn, err);
    if (rc != ERR_OK) {
        do_close(&db->base);
        return rc;
    }
    db->base.driver = &mysql_driver;
    db->where = str_dup(&db->arena, dsn_describe(&db->arena, dsn)).p;
    db->read_only = conf->read_only;
    db->statement_ms = conf->statement_timeout_ms > 0 ? conf->statement_timeout_ms : STATEMENT_MS;
    db->lock_ms = pool.wait_ms; /* also for a row that another transaction has changed */
    db->pool = db_pool_new(&pool, &pool_ops, db);
    *out = db;
    return ERR_OK;
}

static enum err_code check(struct mysql_db *db, struct err *err)
{
    struct db_pool_conn *base;
    struct mysql_conn *c;
    enum err_code rc;

    TRY(db_pool_take(db->pool, &base, err));
    c = container_of(base, struct mysql_conn, pool);
    rc = db_mysql_check(c, err);
    if (rc != ERR_OK)
        rc = err_wrap(err, "%s", db->where);
    /* Its session was set up before that was known. */
    c->pool.broken = c->pool.broken || db->by_statement_log;
    db_pool_give(db->pool, base);
    return rc;
}

enum err_code db_mysql_open(const struct db_conf *conf, struct db **out, struct err *err)
{
    struct mysql_db *db;
    enum err_code rc;

    *out = NULL;
    TRY(db_new(conf, &db, err));
    rc = check(db, err);
    if (rc != ERR_OK) {
        do_close(&db->base);
        return rc;
    }
    *out = &db->base;
    return ERR_OK;
}

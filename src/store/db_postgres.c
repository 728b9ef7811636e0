/*
 * The PostgreSQL driver: a pool of connections, on each of them prepared statements by their text.
 *
 * Values go as text and without a type, so that the server reads each as what stands there: a
 * number for a boolean column, a text for a timestamp (db_pg_stmt). Every connection speaks UTF-8,
 * UTC and ISO dates, and reads numbers of any width (db_pg_conn): what still differs from the cells
 * of the other databases (t and f, padded char(n), the short zone of a timestamp) is made alike in
 * db_pg_rows. Texts of errors are the server's first line alone: its DETAIL quotes values of rows
 * (db_pg_error).
 */
#include <libpq-fe.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/db_pg_conn.h"
#include "store/db_pg_copy.h"
#include "store/db_pg_rows.h"
#include "store/db_pg_stmt.h"

enum { STATEMENT_TIMEOUT_MS = 60000 };

static const struct db_driver postgres_driver;

static struct postgres_db *db_of(struct db *db)
{
    return container_of(db, struct postgres_db, base);
}

/* Statements. */

static enum err_code do_exec(struct db_conn *base, int64_t *changed, struct err *err,
                             const char *sql, const struct db_value *values, size_t n)
{
    struct postgres_conn *c = db_pg_conn_of(base);
    PGresult *result;

    if (n == 0)
        TRY(db_pg_run_once(c, str_from(sql), &result, err));
    else
        TRY(db_pg_run_prepared(c, str_from(sql), values, n, &result, err));
    if (changed && !str_to_i64(str_from(PQcmdTuples(result)), changed))
        *changed = 0;
    PQclear(result);
    return ERR_OK;
}

static enum err_code do_insert(struct db_conn *base, int64_t *id, struct err *err, const char *sql,
                               const struct db_value *values, size_t n)
{
    CLEANUP(sb_finip) struct sb text;
    struct postgres_conn *c = db_pg_conn_of(base);
    PGresult *result;

    sb_init(&text, DB_PG_SQL_LIMIT);
    sb_add(&text, str_from(sql));
    sb_add(&text, STR(" RETURNING \"id\""));
    if (sb_failed(&text))
        return err_set(err, ERR_INTERNAL, "the SQL statement is too long");
    TRY(db_pg_run_prepared(c, sb_str(&text), values, n, &result, err));
    if (PQntuples(result) > 0 && !str_to_i64(str_from(PQgetvalue(result, 0, 0)), id))
        *id = 0;
    PQclear(result);
    return ERR_OK;
}

/* Transactions. Who only reads sees one state of the database throughout, as on SQLite. */

static enum err_code do_begin(struct db_conn *base, struct err *err)
{
    return db_pg_run(db_pg_conn_of(base),
                     base->access == DB_WRITE ? "BEGIN"
                                              : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                     err);
}

/* COMMIT of a transaction in which a statement has failed rolls back, and calls that a success. */
static enum err_code do_commit(struct db_conn *base, struct err *err)
{
    struct postgres_conn *c = db_pg_conn_of(base);
    PGresult *result = PQexec(c->handle, "COMMIT");
    bool done;

    TRY(db_pg_check(c, result, err));
    done = str_eq(str_from(PQcmdStatus(result)), STR("COMMIT"));
    PQclear(result);
    return done ? ERR_OK
                : err_set(err, ERR_DB, "the transaction was rolled back: a statement had failed");
}

static void do_rollback(struct db_conn *base)
{
    struct postgres_conn *c = db_pg_conn_of(base);
    struct err err;

    if (PQtransactionStatus(c->handle) == PQTRANS_IDLE || c->pool.broken)
        return;
    if (db_pg_run(c, "ROLLBACK", &err) != ERR_OK) {
        c->pool.broken = true;
        log_warn(NULL, "db.rollback", "reason=\"%s\"", err.msg);
    }
}

/* Catalogue: of the schema in which our tables are made. */

static enum err_code do_columns(struct db_conn *c, struct arena *a, const char *table,
                                struct str **names, size_t *n, struct err *err)
{
    return db_list_names(
        c, a,
        "SELECT a.attname FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid"
        " JOIN pg_namespace s ON s.oid = t.relnamespace"
        " WHERE s.nspname = current_schema() AND t.relname = ?"
        " AND t.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"
        " ORDER BY a.attnum",
        table, names, n, err);
}

static enum err_code do_indexes(struct db_conn *c, struct arena *a, const char *table,
                                struct str **names, size_t *n, struct err *err)
{
    return db_list_names(c, a,
                         "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
                         " AND tablename = ?",
                         table, names, n, err);
}

/* The sequence goes on behind the greatest id, never backward; a table without one is left alone.
 */
static enum err_code do_follow_ids(struct db_conn *base, const char *table, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct str sql;

    arena_init(&a, 0);
    sql = arena_fmt(&a,
                    "SELECT setval(s, GREATEST(nextval(s), (SELECT COALESCE(MAX(id), 0) + 1 FROM"
                    " \"%s\")), false) FROM (SELECT pg_get_serial_sequence(quote_ident(?), 'id')"
                    " AS s) AS sequence WHERE s IS NOT NULL",
                    table);
    return db_exec(base, NULL, err, sql.p, DB_TEXT(str_from(table)));
}

/* Connections. */

static void conn_close(struct db_pool_conn *base)
{
    struct postgres_conn *c = container_of(base, struct postgres_conn, pool);

    db_pg_statements_fini(c);
    db_pg_disconnect(c);
    sb_fini(&c->sql);
    mem_free(c);
}

static enum err_code conn_open(void *ctx, struct db_pool_conn **out, struct err *err)
{
    struct postgres_conn *c = mem_new(struct postgres_conn);
    enum err_code rc;

    c->pool.base.driver = &postgres_driver;
    c->db = ctx;
    sb_init(&c->sql, DB_PG_SQL_LIMIT);
    db_pg_statements_init(c);
    rc = db_pg_connect(c, err);
    if (rc != ERR_OK) {
        conn_close(&c->pool);
        return rc;
    }
    *out = &c->pool;
    return ERR_OK;
}

static bool conn_alive(struct db_pool_conn *base)
{
    return db_pg_alive(container_of(base, struct postgres_conn, pool));
}

static bool answers(void *ctx, struct err *err)
{
    return db_pg_answers(ctx, err);
}

static void do_health(struct db *base, struct db_health *out)
{
    db_pool_health(db_of(base)->pool, out);
}

static enum err_code do_acquire(struct db *base, enum db_access access UNUSED, struct db_conn **out,
                                struct err *err)
{
    struct db_pool_conn *c;

    TRY(db_pool_take(db_of(base)->pool, &c, err));
    *out = &c->base;
    return ERR_OK;
}

static void do_release(struct db_conn *base)
{
    struct postgres_conn *c = db_pg_conn_of(base);

    if (PQtransactionStatus(c->handle) != PQTRANS_IDLE)
        c->pool.broken = true;
    db_pool_give(c->db->pool, &c->pool);
}

static void do_close(struct db *base)
{
    struct postgres_db *db = db_of(base);

    db_pool_free(db->pool);
    arena_fini(&db->arena);
    mem_free(db);
}

static const struct db_driver postgres_driver = {
    .kind = DB_POSTGRES,
    .close = do_close,
    .acquire = do_acquire,
    .release = do_release,
    .exec = do_exec,
    .insert = do_insert,
    .query = db_pg_query,
    .next = db_pg_next,
    .is_null = db_pg_is_null,
    .i64 = db_pg_i64,
    .f64 = db_pg_f64,
    .boolean = db_pg_boolean,
    .text = db_pg_text,
    .end = db_pg_end,
    .insert_rows = db_pg_copy,
    .begin = do_begin,
    .commit = do_commit,
    .rollback = do_rollback,
    .columns = do_columns,
    .indexes = do_indexes,
    .follow_ids = do_follow_ids,
    .health = do_health,
};

/* Opening. */

/* A standby, or a database that was closed for writing, is told at once. */
static enum err_code check_writable(struct postgres_db *db, struct db_conn *c, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct db_rows *rows;
    bool read_only = false, standby = false;

    arena_init(&a, 0);
    TRY(db_query(c, &a, &rows, err,
                 "SELECT current_setting('transaction_read_only') = 'on', pg_is_in_recovery()"));
    if (db_next(rows)) {
        read_only = db_bool(rows, 0);
        standby = db_bool(rows, 1);
    }
    TRY(db_end(rows, err));
    if (!read_only)
        return ERR_OK;
    return err_set(err, ERR_DB, "%.*s is read-only%s", STR_ARG(db->where),
                   standby ? ": it is a standby" : " (default_transaction_read_only)");
}

static enum err_code check_server(struct postgres_db *db, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    TRY(db_acquire(&db->base, DB_WRITE, &c, err));
    return db->read_only ? ERR_OK : check_writable(db, c, err);
}

enum err_code db_postgres_open(const struct db_conf *conf, struct db **out, struct err *err)
{
    static const struct db_pool_ops ops = {
        .open = conn_open, .close = conn_close, .alive = conn_alive, .answers = answers};
    const struct db_pool_conf pool = db_pool_conf_of(conf);
    struct postgres_db *db = mem_new(struct postgres_db);
    enum err_code rc;

    db->base.driver = &postgres_driver;
    arena_init(&db->arena, 0);
    db->where = str_dup(&db->arena, dsn_describe(&db->arena, conf->dsn));
    db->statement_timeout_ms =
        conf->statement_timeout_ms > 0 ? conf->statement_timeout_ms : STATEMENT_TIMEOUT_MS;
    db->lock_timeout_ms = pool.wait_ms;
    db->read_only = conf->read_only;
    rc = db_pg_read_dsn(db, conf->dsn, err);
    if (rc == ERR_OK) {
        db->pool = db_pool_new(&pool, &ops, db);
        rc = check_server(db, err);
    }
    if (rc != ERR_OK) {
        do_close(&db->base);
        return rc;
    }
    *out = &db->base;
    return ERR_OK;
}

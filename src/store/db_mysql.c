/*
 * The driver of MySQL and MariaDB: prepared statements, rows, transactions.
 *
 * Statements with values are prepared once a connection and kept by their text; those without
 * values (DDL, mostly) are sent as text. The rows of a query are all read before the first one is
 * given out, so that other statements may run on the connection meanwhile; what is long is paged by
 * its readers. A connection that turns out to be dead at the first statement after it was taken is
 * replaced and the statement sent again, where that cannot run it twice: a restart of the server
 * costs nobody an error. A statement of its own that lost a deadlock is run again; in a transaction
 * that is the business of who began it.
 */
#include <mysql.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sb.h"
#include "store/db_mysql_conn.h"
#include "store/db_mysql_error.h"
#include "store/db_sql.h"

enum {
    STATEMENTS = 64, /* the server's limit (16,382) is for all connections together */
    STATEMENT_MS = 60000,
    SQL_LIMIT = 1 << 20,
    DEADLOCK_TRIES = 5,
    PING_MS = 3000,
    NUMBER_BYTES = 16 /* what a value costs in a packet beside its bytes, at most */
};

struct statement {
    struct db_cached base;
    MYSQL_STMT *handle;
};

/* A cell of the row that was read last. */
struct cell {
    enum cell_kind { CELL_INT, CELL_REAL, CELL_BYTES } kind;
    bool is_unsigned;
    bool bits; /* BIT(n): its bytes are a number, highest first */
    bool time; /* DATETIME, TIMESTAMP */
    my_bool is_null, cut;
    unsigned long bytes;
    int64_t i;
    double f;
    char *p; /* with a NUL behind it */
};

struct mysql_rows {
    struct db_rows base;
    struct arena *arena;
    struct statement *stmt;
    struct cell *cells;
    unsigned count;
    bool failed;
};

static const struct db_driver mysql_driver;

static struct mysql_conn *conn_of(struct db_conn *c)
{
    return container_of(container_of(c, struct db_pool_conn, base), struct mysql_conn, pool);
}

static struct mysql_db *db_of(struct db *db)
{
    return container_of(db, struct mysql_db, base);
}

/* Statements. */

static struct statement *stmt_of(struct db_cached *s)
{
    return container_of(s, struct statement, base);
}

static void stmt_free(struct statement *s)
{
    mysql_stmt_close(s->handle);
    mem_free(s);
}

static void drop_statements(struct mysql_conn *c)
{
    struct db_cached *s;

    while ((s = db_cache_pop(&c->statements)))
        stmt_free(stmt_of(s));
}

static void stmt_give(struct statement *s)
{
    mysql_stmt_free_result(s->handle);
    s->base.used = false;
    if (!s->base.cached)
        stmt_free(s);
}

/* One statement on its way: what is asked, and what came of it. */
struct call {
    const char *sql; /* in the common form */
    const struct db_value *values;
    size_t n;
    bool rows; /* it reads only, its rows are wanted */

    struct statement *stmt; /* executed, to be given back */
    uint64_t changed, id;
    unsigned number; /* of the failure; 0: not the server's */
    bool sent;       /* the server may have run it */
};

static enum err_code(stmt_failed)(struct mysql_conn *c, MYSQL_STMT *handle, struct call *call,
                                  struct err *err)
{
    const struct mysql_failure f = {mysql_stmt_errno(handle), mysql_stmt_sqlstate(handle),
                                    mysql_stmt_error(handle)};

    call->number = f.number;
    c->pool.base.gave_way = c->pool.base.gave_way || mysql_is_deadlock(f.number);
    return mysql_failed(&f, &c->pool.broken, err);
}
#define stmt_failed(...) err_failure(stmt_failed(__VA_ARGS__))

static enum err_code write_sql(struct sb *to, const struct call *call, struct err *err)
{
    size_t parameters;

    db_sql_write(to, DB_MYSQL, str_from(call->sql), &parameters);
    if (sb_failed(to))
        return err_set(err, ERR_INTERNAL, "the SQL statement grew too long");
    if (parameters != call->n)
        return err_set(err, ERR_INTERNAL, "%zu values for %zu parameters", call->n, parameters);
    return ERR_OK;
}

static enum err_code stmt_prepare(struct mysql_conn *c, struct call *call, struct statement **out,
                                  struct err *err)
{
    const my_bool yes = 1;
    struct str text = str_from(call->sql);
    CLEANUP(sb_finip) struct sb sql;
    struct statement *s;
    enum err_code rc;

    *out = NULL;
    sb_init(&sql, SQL_LIMIT);
    TRY(write_sql(&sql, call, err));
    s = mem_zalloc(sizeof *s + text.n + 1);
    memcpy(s + 1, text.p, text.n);
    s->base.sql = str_make((const char *)(s + 1), text.n);
    s->handle = mysql_stmt_init(c->handle);
    assert(s->handle); /* NULL: out of memory */
    if (mysql_stmt_prepare(s->handle, sql.p, (unsigned long)sql.n - 1) != 0) {
        rc = stmt_failed(c, s->handle, call, err);
        stmt_free(s);
        return rc;
    }
    mysql_stmt_attr_set(s->handle, STMT_ATTR_UPDATE_MAX_LENGTH, &yes);
    *out = s;
    return ERR_OK;
}

/* The statement of the text, from the cache unless a query is reading from that one. */
static enum err_code stmt_take(struct mysql_conn *c, struct call *call, struct statement **out,
                               struct err *err)
{
    struct db_cached *s = db_cache_find(&c->statements, str_from(call->sql)), *gone;

    if (s && !s->used) {
        *out = stmt_of(s);
        return ERR_OK;
    }
    TRY(stmt_prepare(c, call, out, err));
    assert(*out);
    if (s)
        return ERR_OK; /* a second one of the same text: not kept */
    gone = db_cache_put(&c->statements, &(*out)->base);
    if (gone)
        stmt_free(stmt_of(gone));
    return ERR_OK;
}

/* Values. */

static void bind_bytes(MYSQL_BIND *bind, enum enum_field_types type, struct str bytes)
{
    bind->buffer_type = type;
    bind->buffer = (void *)(uintptr_t)(bytes.p ? bytes.p : "");
    bind->buffer_length = (unsigned long)bytes.n;
    bind->length = NULL; /* the library then takes buffer_length */
}

static void bind_value(MYSQL_BIND *bind, const struct db_value *v)
{
    switch (v->type) {
    case DB_T_NULL:
        bind->buffer_type = MYSQL_TYPE_NULL;
        return;
    case DB_T_I64:
    case DB_T_BOOL:
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = (void *)(uintptr_t)&v->i;
        return;
    case DB_T_F64:
        bind->buffer_type = MYSQL_TYPE_DOUBLE;
        bind->buffer = (void *)(uintptr_t)&v->f;
        return;
    case DB_T_TEXT:
        bind_bytes(bind, MYSQL_TYPE_STRING, v->s);
        return;
    case DB_T_BLOB:
        bind_bytes(bind, MYSQL_TYPE_BLOB, v->s);
        return;
    }
}

/* A packet that is too large ends the connection, so it is not sent. */
static enum err_code check_size(const struct mysql_conn *c, const struct call *call,
                                struct err *err)
{
    size_t bytes = strlen(call->sql), most = c->db->packet_bytes;

    for (size_t i = 0; i < call->n; i++)
        bytes += call->values[i].s.n + NUMBER_BYTES;
    if (most == 0 || bytes < most)
        return ERR_OK;
    return err_set(err, ERR_DB,
                   "the statement has %zu bytes, the server takes %zu (max_allowed_packet)", bytes,
                   most);
}

static enum err_code stmt_run(struct mysql_conn *c, struct statement *s, struct call *call,
                              struct err *err)
{
    MYSQL_BIND *binds = NULL;
    enum err_code rc = ERR_OK;

    if (mysql_stmt_param_count(s->handle) != call->n)
        return err_set(err, ERR_INTERNAL, "%zu values for %lu parameters", call->n,
                       mysql_stmt_param_count(s->handle));
    if (call->n > 0) {
        binds = mem_zalloc(call->n * sizeof *binds);
        for (size_t i = 0; i < call->n; i++)
            bind_value(&binds[i], &call->values[i]);
        if (mysql_stmt_bind_param(s->handle, binds))
            rc = stmt_failed(c, s->handle, call, err);
    }
    if (rc == ERR_OK) {
        call->sent = true;
        if (mysql_stmt_execute(s->handle) != 0)
            rc = stmt_failed(c, s->handle, call, err);
    }
    mem_free(binds);
    return rc;
}

static enum err_code execute_prepared(struct mysql_conn *c, struct call *call, struct err *err)
{
    struct statement *s;
    enum err_code rc;

    TRY(check_size(c, call, err));
    TRY(stmt_take(c, call, &s, err));
    rc = stmt_run(c, s, call, err);
    if (rc == ERR_OK && call->rows && mysql_stmt_store_result(s->handle) != 0)
        rc = stmt_failed(c, s->handle, call, err);
    if (rc != ERR_OK) {
        stmt_give(s);
        return rc;
    }
    call->changed = mysql_stmt_affected_rows(s->handle);
    call->id = mysql_stmt_insert_id(s->handle);
    call->stmt = s;
    return ERR_OK;
}

/* Text. */

static bool is_ddl(struct str sql)
{
    static const struct str words[] = {STR_INIT("CREATE "), STR_INIT("ALTER "), STR_INIT("DROP "),
                                       STR_INIT("TRUNCATE "), STR_INIT("RENAME ")};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_starts_nocase(sql, words[i]))
            return true;
    return false;
}

/* An index over a large table takes its time. A server that would end it is told not to; MySQL
 * itself ends queries only. */
static enum err_code run_ddl(struct mysql_conn *c, struct str sql, struct err *err)
{
    CLEANUP(sb_finip) struct sb text;
    enum err_code rc;
    struct err ignored;

    sb_init(&text, SQL_LIMIT);
    if (mariadb_connection(c->handle))
        sb_add(&text, STR("SET STATEMENT max_statement_time = 0 FOR "));
    sb_add(&text, sql);
    if (sb_failed(&text))
        return err_set(err, ERR_INTERNAL, "the SQL statement grew too long");
    rc = db_mysql_run(c, sb_str(&text), -1, err);
    /* It has ended the transaction around it, also where it failed. What follows shall be one
     * again: it is committed, or not, together. */
    if (c->pool.base.in_transaction && !c->pool.broken)
        if (db_mysql_run(c, STR("START TRANSACTION"), db_mysql_wait_ms(c->db), &ignored) != ERR_OK)
            c->pool.broken = true;
    return rc;
}

static enum err_code execute_text(struct mysql_conn *c, struct call *call, struct err *err)
{
    CLEANUP(sb_finip) struct sb sql;
    struct str text;
    enum err_code rc;

    sb_init(&sql, SQL_LIMIT);
    TRY(write_sql(&sql, call, err));
    text = str_make(sql.p, sql.n - 1);
    call->sent = true;
    rc = is_ddl(text) ? run_ddl(c, text, err) : db_mysql_run(c, text, db_mysql_wait_ms(c->db), err);
    if (rc != ERR_OK) {
        call->number = mysql_errno(c->handle);
        return rc;
    }
    call->changed = mysql_affected_rows(c->handle);
    call->id = mysql_insert_id(c->handle);
    return ERR_OK;
}

/* Trying again. */

static enum err_code reconnect(struct mysql_conn *c, struct err *err)
{
    drop_statements(c);
    db_pool_socket(c->db->pool, &c->pool, -1);
    db_mysql_disconnect(c);
    c->pool.broken = true;
    TRY(db_pool_check(c->db->pool, err));
    TRY(db_mysql_connect(c, err));
    db_pool_socket(c->db->pool, &c->pool, c->pool.socket);
    return ERR_OK;
}

/* The connection was dead when it was given to us, and the server has not run the statement (2006:
 * not even heard it all), or may run it twice. */
static bool was_dead(const struct mysql_conn *c, const struct call *call)
{
    enum { GONE_AWAY = 2006 };

    if (call->rows && mysql_is_other_columns(call->number))
        return true;
    return c->fresh && (!call->sent || call->rows || call->number == GONE_AWAY);
}

/* Does what must be done before the call can be tried again; false: it cannot. */
static bool made_ready(struct mysql_conn *c, const struct call *call, int tries, struct err *err)
{
    if (c->pool.broken) /* db.c knows no transaction yet while one begins */
        return tries == 0 && !c->pool.base.in_transaction && was_dead(c, call) &&
               reconnect(c, err) == ERR_OK;
    if (mysql_is_deadlock(call->number))
        return tries + 1 < DEADLOCK_TRIES && !c->pool.base.in_transaction;
    if (tries == 0 &&
        (mysql_is_stale(call->number) || mysql_is_too_many_statements(call->number))) {
        drop_statements(c);
        return true;
    }
    return false;
}

/* The server has rolled the transaction back: what would still be sent stood by itself. */
static enum err_code over(struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "the transaction gave way to another one");
}

static enum err_code execute(struct mysql_conn *c, struct call *call, struct err *err)
{
    for (int tries = 0;; tries++) {
        enum err_code rc;

        call->number = 0;
        call->sent = false;
        if (c->pool.base.in_transaction && c->pool.base.gave_way)
            return over(err);
        if (!c->handle)
            return err_set(err, ERR_UNAVAILABLE, "%s: not connected", c->db->where);
        rc =
            call->n > 0 || call->rows ? execute_prepared(c, call, err) : execute_text(c, call, err);
        if (rc == ERR_OK)
            c->fresh = false;
        if (rc == ERR_OK || !made_ready(c, call, tries, err))
            return rc;
    }
}

static void call_end(struct call *call)
{
    if (call->stmt)
        stmt_give(call->stmt);
    call->stmt = NULL;
}

static enum err_code do_exec(struct db_conn *base, int64_t *changed, struct err *err,
                             const char *sql, const struct db_value *values, size_t n)
{
    struct call call = {.sql = sql, .values = values, .n = n};

    TRY(execute(conn_of(base), &call, err));
    call_end(&call);
    if (changed)
        *changed = (int64_t)call.changed;
    return ERR_OK;
}

static enum err_code do_insert(struct db_conn *base, int64_t *id, struct err *err, const char *sql,
                               const struct db_value *values, size_t n)
{
    struct call call = {.sql = sql, .values = values, .n = n};

    TRY(execute(conn_of(base), &call, err));
    call_end(&call);
    *id = (int64_t)call.id;
    return ERR_OK;
}

/* Rows. */

static struct mysql_rows *rows_of(struct db_rows *rows)
{
    return container_of(rows, struct mysql_rows, base);
}

static const struct cell *cell_at(const struct db_rows *base, int col)
{
    const struct mysql_rows *rows = (const struct mysql_rows *)(const void *)base;

    assert(col >= 0 && (unsigned)col < rows->count);
    return &rows->cells[col];
}

static enum cell_kind kind_of(enum enum_field_types type)
{
    static const enum enum_field_types ints[] = {MYSQL_TYPE_TINY,     MYSQL_TYPE_SHORT,
                                                 MYSQL_TYPE_INT24,    MYSQL_TYPE_LONG,
                                                 MYSQL_TYPE_LONGLONG, MYSQL_TYPE_YEAR};

    for (size_t i = 0; i < ARRAY_LEN(ints); i++)
        if (type == ints[i])
            return CELL_INT;
    return type == MYSQL_TYPE_FLOAT || type == MYSQL_TYPE_DOUBLE ? CELL_REAL : CELL_BYTES;
}

static void bind_cell(MYSQL_BIND *bind, struct cell *cell, const MYSQL_FIELD *field,
                      struct arena *a)
{
    enum { TIME_BYTES = 64 }; /* the length of a time is not told before */

    cell->is_unsigned = (field->flags & UNSIGNED_FLAG) != 0;
    bind->is_null = &cell->is_null;
    bind->error = &cell->cut;
    bind->length = &cell->bytes;
    bind->is_unsigned = cell->is_unsigned;
    cell->kind = kind_of(field->type);
    if (cell->kind == CELL_INT) {
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = &cell->i;
        return;
    }
    if (cell->kind == CELL_REAL) {
        bind->buffer_type = MYSQL_TYPE_DOUBLE;
        bind->buffer = &cell->f;
        return;
    }
    cell->bits = field->type == MYSQL_TYPE_BIT;
    cell->time = field->type == MYSQL_TYPE_DATETIME || field->type == MYSQL_TYPE_TIMESTAMP;
    bind->buffer_type = MYSQL_TYPE_STRING;
    bind->buffer_length =
        field->max_length > TIME_BYTES ? field->max_length : (unsigned long)TIME_BYTES;
    bind->buffer = cell->p = arena_alloc(a, bind->buffer_length + 1);
}

/* Memory for one row, as long as the longest cell of each column. */
static enum err_code bind_rows(struct mysql_conn *c, struct mysql_rows *rows, struct call *call,
                               struct err *err)
{
    MYSQL_STMT *handle = rows->stmt->handle;
    MYSQL_RES *meta = mysql_stmt_result_metadata(handle);
    MYSQL_BIND *binds;

    if (!meta) /* no SELECT: no columns */
        return ERR_OK;
    rows->count = mysql_num_fields(meta);
    rows->cells = arena_new_array(rows->arena, struct cell, rows->count);
    binds = arena_new_array(rows->arena, MYSQL_BIND, rows->count);
    for (unsigned i = 0; i < rows->count; i++)
        bind_cell(&binds[i], &rows->cells[i], mysql_fetch_field_direct(meta, i), rows->arena);
    mysql_free_result(meta);
    return mysql_stmt_bind_result(handle, binds) ? stmt_failed(c, handle, call, err) : ERR_OK;
}

static enum err_code do_query(struct db_conn *base, struct arena *a, struct db_rows **out,
                              struct err *err, const char *sql, const struct db_value *values,
                              size_t n)
{
    struct mysql_conn *c = conn_of(base);
    struct call call = {.sql = sql, .values = values, .n = n, .rows = true};
    struct mysql_rows *rows;
    enum err_code rc;

    TRY(execute(c, &call, err));
    call.stmt->base.used = true;
    rows = arena_new(a, struct mysql_rows);
    *rows = (struct mysql_rows){.base.conn = base, .arena = a, .stmt = call.stmt};
    rc = bind_rows(c, rows, &call, err);
    if (rc != ERR_OK) {
        call_end(&call);
        return rc;
    }
    *out = &rows->base;
    return ERR_OK;
}

/* "2026-11-23 16:15:15.130" becomes "2026-11-23 16:15:15.13+00:00", as the cells of the other
 * databases read. */
static void complete_time(struct cell *cell)
{
    const struct str zone = STR("+00:00");

    if (memchr(cell->p, '.', cell->bytes)) {
        while (cell->p[cell->bytes - 1] == '0')
            cell->bytes--;
        if (cell->p[cell->bytes - 1] == '.')
            cell->bytes--;
    }
    memcpy(cell->p + cell->bytes, zone.p, zone.n);
    cell->bytes += zone.n;
}

static void complete_cell(struct cell *cell)
{
    if (cell->kind != CELL_BYTES || cell->is_null)
        return;
    if (cell->time)
        complete_time(cell);
    cell->p[cell->bytes] = '\0';
}

static bool do_next(struct db_rows *base)
{
    struct mysql_rows *rows = rows_of(base);
    int rc;

    if (rows->count == 0 || rows->failed)
        return false;
    rc = mysql_stmt_fetch(rows->stmt->handle);
    if (rc == MYSQL_NO_DATA)
        return false;
    rows->failed = rc != 0 && rc != MYSQL_DATA_TRUNCATED;
    if (rows->failed)
        return false;
    for (unsigned i = 0; i < rows->count; i++)
        complete_cell(&rows->cells[i]);
    return true;
}

static bool do_is_null(const struct db_rows *rows, int col)
{
    return cell_at(rows, col)->is_null;
}

static int64_t real_to_i64(double f)
{
    if (f >= 9223372036854775808.0)
        return INT64_MAX;
    return f < -9223372036854775808.0 ? INT64_MIN : f == f ? (int64_t)f : 0;
}

static int64_t bits_to_i64(const struct cell *cell)
{
    uint64_t value = 0;

    for (unsigned long i = 0; i < cell->bytes; i++)
        value = value << 8 | (unsigned char)cell->p[i];
    return (int64_t)value;
}

static int64_t do_i64(const struct db_rows *rows, int col)
{
    const struct cell *cell = cell_at(rows, col);

    if (cell->is_null)
        return 0;
    switch (cell->kind) {
    case CELL_INT:
        return cell->is_unsigned && cell->i < 0 ? INT64_MAX : cell->i;
    case CELL_REAL:
        return real_to_i64(cell->f);
    case CELL_BYTES:
        return cell->bits ? bits_to_i64(cell) : strtoll(cell->p, NULL, 10);
    }
    return 0;
}

static double do_f64(const struct db_rows *rows, int col)
{
    const struct cell *cell = cell_at(rows, col);

    if (cell->is_null)
        return 0;
    switch (cell->kind) {
    case CELL_INT:
        return cell->is_unsigned ? (double)(uint64_t)cell->i : (double)cell->i;
    case CELL_REAL:
        return cell->f;
    case CELL_BYTES:
        return cell->bits ? (double)bits_to_i64(cell) : strtod(cell->p, NULL);
    }
    return 0;
}

static struct str do_text(const struct db_rows *base, int col)
{
    const struct mysql_rows *rows = (const struct mysql_rows *)(const void *)base;
    const struct cell *cell = cell_at(base, col);

    if (cell->is_null)
        return STR_NULL;
    switch (cell->kind) {
    case CELL_INT:
        return cell->is_unsigned ? arena_fmt(rows->arena, "%" PRIu64, (uint64_t)cell->i)
                                 : arena_fmt(rows->arena, "%" PRId64, cell->i);
    case CELL_REAL:
        return arena_fmt(rows->arena, "%.17g", cell->f);
    case CELL_BYTES:
        return str_make(cell->p, cell->bytes);
    }
    return STR_NULL;
}

/* Besides 0 and 1 a cell may hold what other programs wrote: 'true', 't', b'1'. */
static bool do_boolean(const struct db_rows *rows, int col)
{
    const struct cell *cell = cell_at(rows, col);
    bool value;

    if (cell->is_null || cell->kind != CELL_BYTES || cell->bits)
        return do_i64(rows, col) != 0;
    return str_to_bool(str_make(cell->p, cell->bytes), &value) && value;
}

static enum err_code do_end(struct db_rows *base, struct err *err)
{
    struct mysql_rows *rows = rows_of(base);
    struct call call = {.stmt = rows->stmt};
    enum err_code rc = ERR_OK;

    if (rows->failed)
        rc = stmt_failed(conn_of(base->conn), rows->stmt->handle, &call, err);
    call_end(&call);
    rows->stmt = NULL;
    return rc;
}

/* Transactions. */

/* Who only reads sees one moment of the database all the time, as on SQLite. */
static enum err_code do_begin(struct db_conn *base, struct err *err)
{
    struct mysql_conn *c = conn_of(base);
    struct call call = {.sql = "START TRANSACTION"};

    if (base->access == DB_READ) {
        call.sql = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
        TRY(execute(c, &call, err));
        call.sql = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
    }
    return execute(c, &call, err);
}

static enum err_code do_commit(struct db_conn *base, struct err *err)
{
    struct mysql_conn *c = conn_of(base);

    if (base->gave_way)
        return over(err);
    /* A lost connection has lost the transaction, too. */
    if (c->pool.broken || !c->handle)
        return err_set(err, ERR_UNAVAILABLE, "the connection to the server broke");
    return db_mysql_run(c, STR("COMMIT"), db_mysql_wait_ms(c->db), err);
}

static void do_rollback(struct db_conn *base)
{
    struct mysql_conn *c = conn_of(base);
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

    drop_statements(c);
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
    struct mysql_conn *c = conn_of(base);

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
    .query = do_query,
    .next = do_next,
    .is_null = do_is_null,
    .i64 = do_i64,
    .f64 = do_f64,
    .boolean = do_boolean,
    .text = do_text,
    .end = do_end,
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

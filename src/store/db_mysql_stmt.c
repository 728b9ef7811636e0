/*
 * A connection that turns out to be dead at the first statement after it was taken is replaced and
 * the statement sent again, where that cannot run it twice: a restart of the server costs nobody an
 * error. A statement of its own that lost a deadlock is run again; in a transaction that is the
 * business of who began it.
 */
#include "store/db_mysql_stmt.h"

#include <mysql.h>

#include "base/mem.h"
#include "base/sb.h"
#include "store/db_mysql_error.h"
#include "store/db_sql.h"

enum {
    SQL_LIMIT = 1 << 20,
    DEADLOCK_TRIES = 5,
    NUMBER_BYTES = 16 /* what a value costs in a packet beside its bytes, at most */
};

/* Statements. */

static struct mysql_statement *stmt_of(struct db_cached *s)
{
    return container_of(s, struct mysql_statement, base);
}

static void stmt_free(struct mysql_statement *s)
{
    mysql_stmt_close(s->handle);
    mem_free(s);
}

void db_mysql_drop_statements(struct mysql_conn *c)
{
    struct db_cached *s;

    while ((s = db_cache_pop(&c->statements)))
        stmt_free(stmt_of(s));
}

static void stmt_give(struct mysql_statement *s)
{
    mysql_stmt_free_result(s->handle);
    s->base.used = false;
    if (!s->base.cached)
        stmt_free(s);
}

enum err_code(db_mysql_stmt_failed)(struct mysql_conn *c, MYSQL_STMT *handle,
                                    struct mysql_call *call, struct err *err)
{
    const struct mysql_failure f = {mysql_stmt_errno(handle), mysql_stmt_sqlstate(handle),
                                    mysql_stmt_error(handle)};

    call->number = f.number;
    c->pool.base.gave_way = c->pool.base.gave_way || mysql_is_deadlock(f.number);
    return mysql_failed(&f, &c->pool.broken, err);
}

static enum err_code write_sql(struct sb *to, const struct mysql_call *call, struct err *err)
{
    size_t parameters;

    db_sql_write(to, DB_MYSQL, str_from(call->sql), &parameters);
    if (sb_failed(to))
        return err_set(err, ERR_INTERNAL, "the SQL statement grew too long");
    if (parameters != call->n)
        return err_set(err, ERR_INTERNAL, "%zu values for %zu parameters", call->n, parameters);
    return ERR_OK;
}

static enum err_code stmt_prepare(struct mysql_conn *c, struct mysql_call *call,
                                  struct mysql_statement **out, struct err *err)
{
    const my_bool yes = 1;
    struct str text = str_from(call->sql);
    CLEANUP(sb_finip) struct sb sql;
    struct mysql_statement *s;
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
        rc = db_mysql_stmt_failed(c, s->handle, call, err);
        stmt_free(s);
        return rc;
    }
    mysql_stmt_attr_set(s->handle, STMT_ATTR_UPDATE_MAX_LENGTH, &yes);
    *out = s;
    return ERR_OK;
}

/* The statement of the text, from the cache unless a query is reading from that one. */
static enum err_code stmt_take(struct mysql_conn *c, struct mysql_call *call,
                               struct mysql_statement **out, struct err *err)
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
static enum err_code check_size(const struct mysql_conn *c, const struct mysql_call *call,
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

static enum err_code stmt_run(struct mysql_conn *c, struct mysql_statement *s,
                              struct mysql_call *call, struct err *err)
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
            rc = db_mysql_stmt_failed(c, s->handle, call, err);
    }
    if (rc == ERR_OK) {
        call->sent = true;
        if (mysql_stmt_execute(s->handle) != 0)
            rc = db_mysql_stmt_failed(c, s->handle, call, err);
    }
    mem_free(binds);
    return rc;
}

static enum err_code execute_prepared(struct mysql_conn *c, struct mysql_call *call,
                                      struct err *err)
{
    struct mysql_statement *s;
    enum err_code rc;

    TRY(check_size(c, call, err));
    TRY(stmt_take(c, call, &s, err));
    rc = stmt_run(c, s, call, err);
    if (rc == ERR_OK && call->rows && mysql_stmt_store_result(s->handle) != 0)
        rc = db_mysql_stmt_failed(c, s->handle, call, err);
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

static enum err_code execute_text(struct mysql_conn *c, struct mysql_call *call, struct err *err)
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
    db_mysql_drop_statements(c);
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
static bool was_dead(const struct mysql_conn *c, const struct mysql_call *call)
{
    enum { GONE_AWAY = 2006 };

    if (call->rows && mysql_is_other_columns(call->number))
        return true;
    return c->fresh && (!call->sent || call->rows || call->number == GONE_AWAY);
}

/* Does what must be done before the call can be tried again; false: it cannot. */
static bool made_ready(struct mysql_conn *c, const struct mysql_call *call, int tries,
                       struct err *err)
{
    if (c->pool.broken) /* db.c knows no transaction yet while one begins */
        return tries == 0 && !c->pool.base.in_transaction && was_dead(c, call) &&
               reconnect(c, err) == ERR_OK;
    if (mysql_is_deadlock(call->number))
        return tries + 1 < DEADLOCK_TRIES && !c->pool.base.in_transaction;
    if (tries == 0 &&
        (mysql_is_stale(call->number) || mysql_is_too_many_statements(call->number))) {
        db_mysql_drop_statements(c);
        return true;
    }
    return false;
}

enum err_code(db_mysql_gave_way)(struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "the transaction gave way to another one");
}

enum err_code db_mysql_execute(struct mysql_conn *c, struct mysql_call *call, struct err *err)
{
    for (int tries = 0;; tries++) {
        enum err_code rc;

        call->number = 0;
        call->sent = false;
        if (c->pool.base.in_transaction && c->pool.base.gave_way)
            return db_mysql_gave_way(err);
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

void db_mysql_call_end(struct mysql_call *call)
{
    if (call->stmt)
        stmt_give(call->stmt);
    call->stmt = NULL;
}

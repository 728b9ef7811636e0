/*
 * The PostgreSQL driver: a pool of connections, on each of them prepared statements by their text.
 *
 * Values go as text and without a type, so that the server reads each as what stands there: a
 * number for a boolean column, a text for a timestamp. Cells come back as text, too; a whole result
 * is fetched before the first row is given out, so that a connection is free for the next statement
 * while rows are being read. Every connection speaks UTF-8, UTC and ISO dates, and reads numbers of
 * any width: what differs from the cells of the other databases (t and f, padded char(n), the short
 * zone of a timestamp) is made alike here.
 *
 * Texts of errors are the server's first line alone: its DETAIL quotes values of rows.
 */
#include "store/db.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <math.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/db_cache.h"
#include "store/db_driver.h"
#include "store/db_pg_text.h"
#include "store/db_pool.h"
#include "store/db_sql.h"
#include "store/db_version.h"
#include "store/dsn.h"

enum {
    STATEMENT_TIMEOUT_MS = 60000,
    SQL_LIMIT = 1 << 20,
    KEPT_BUFFER = 1 << 20,
    COPY_CHUNK = 64 << 10, /* sent at a time */
    COPY_LIMIT = 1 << 30,  /* of a row; the server's own limit of a field */
};

/* Types whose cells need a hand (catalog/pg_type.dat; they never change). */
enum { TYPE_BOOL = 16, TYPE_BYTEA = 17, TYPE_CHAR_N = 1042, TYPE_TIMESTAMPTZ = 1184 };

struct pg_stmt {
    struct db_cached base; /* the text follows the struct in memory */
    size_t parameters;
    char name[16];
};

/* The values of one statement as libpq takes them; memory is kept from one to the next. */
struct pg_values {
    const char **texts;
    int *bytes, *formats;
    size_t cap;
    char *buffer;
    size_t buffer_cap;
};

struct pg_conn {
    struct db_pool_conn base;
    struct pg_db *db;
    PGconn *handle;
    struct db_cache statements;
    unsigned last_name;
    struct sb sql;
    struct pg_values values;
};

struct pg_db {
    struct db base;
    struct arena arena; /* what follows, and the conf's texts */
    struct db_pool *pool;
    struct str where;               /* "PostgreSQL at db:5432/oneapi" */
    const char **names, **settings; /* of PQconnectdbParams, a NULL at their ends */
    struct dsn_postgres dsn;
    int64_t statement_timeout_ms, lock_timeout_ms;
    bool read_only;
};

struct pg_rows {
    struct db_rows base;
    struct arena *arena;
    PGresult *result;
    int at, count;
};

static const struct db_driver pg_driver;

static struct pg_conn *conn_of(struct db_conn *c)
{
    return container_of(container_of(c, struct db_pool_conn, base), struct pg_conn, base);
}

static struct pg_db *db_of(struct db *db)
{
    return container_of(db, struct pg_db, base);
}

/* Errors. */

/* The text up to its first line's end, without what stands in double quotes when `unquoted`: there
 * the server quotes what it was given. */
static struct str clean(struct arena *a, const char *text, bool unquoted)
{
    struct str rest = str_trim(str_from(text)), line = str_trim(str_cut(&rest, '\n'));
    char *to = arena_alloc(a, line.n + 1), *at = to;
    bool in_quotes = false;

    for (size_t i = 0; i < line.n; i++) {
        if (unquoted && line.p[i] == '"')
            in_quotes = !in_quotes;
        else if (in_quotes)
            continue;
        *at++ = line.p[i];
    }
    return str_make(to, (size_t)(at - to));
}

enum fate { FATE_DB, FATE_CONFLICT, FATE_LATER, FATE_LOST };

/* What an SQLSTATE means to us, by its longest prefix. FATE_LOST: the connection is of no use. */
static enum fate fate_of(struct str state)
{
    static const struct {
        struct str prefix;
        enum fate fate;
    } table[] = {
        {STR_INIT("23505"), FATE_CONFLICT}, /* unique_violation */
        {STR_INIT("08"), FATE_LOST},        /* connection exceptions */
        {STR_INIT("57P"), FATE_LOST},       /* shut down, crashed, starting */
        {STR_INIT("25006"), FATE_LOST},     /* read-only: what we are joined to is a standby now */
        {STR_INIT("57014"), FATE_LATER},    /* statement time-out */
        {STR_INIT("53"), FATE_LATER},       /* disk full, out of memory, too many connections */
        {STR_INIT("40"), FATE_LATER},       /* deadlock, serialization failure */
        {STR_INIT("55P03"), FATE_LATER},    /* lock not available */
    };

    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (str_starts(state, table[i].prefix))
            return table[i].fate;
    return FATE_DB;
}

/* The connection broke under the statement, or the server says that it will not go on. */
static enum err_code lost(struct pg_conn *c, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct str text;

    arena_init(&a, 0);
    c->base.broken = true;
    text = clean(&a, PQerrorMessage(c->handle), false);
    return err_set(err, ERR_UNAVAILABLE, "%.*s does not answer: %.*s", STR_ARG(c->db->where),
                   STR_ARG(text));
}

static enum err_code say(struct pg_conn *c, struct str state, const char *text, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct str line;

    arena_init(&a, 0);
    /* Class 22 (data exceptions) quotes the value that it does not like. */
    line = clean(&a, text, str_starts(state, STR("22")));
    if (str_eq(state, STR("57014")))
        return err_set(err, ERR_UNAVAILABLE, "a statement took longer than %" PRId64 " ms",
                       c->db->statement_timeout_ms);
    if (str_eq(state, STR("55P03")))
        return err_set(err, ERR_UNAVAILABLE, "another writer held what it needs for %" PRId64 " ms",
                       c->db->lock_timeout_ms);
    if (str_eq(state, STR("53100")))
        return err_set(err, ERR_UNAVAILABLE, "%.*s: the disk is full", STR_ARG(c->db->where));
    if (str_eq(state, STR("25006")))
        return err_set(err, ERR_UNAVAILABLE, "%.*s is read-only", STR_ARG(c->db->where));
    switch (fate_of(state)) {
    case FATE_CONFLICT:
        return err_set(err, ERR_CONFLICT, "%.*s", STR_ARG(line));
    case FATE_LATER:
    case FATE_LOST:
        return err_set(err, ERR_UNAVAILABLE, "%.*s: %.*s", STR_ARG(c->db->where), STR_ARG(line));
    case FATE_DB:
        break;
    }
    return err_set(err, ERR_DB, "%.*s (SQLSTATE %.*s)", STR_ARG(line), STR_ARG(state));
}

static enum err_code(result_error)(struct pg_conn *c, const PGresult *result, struct err *err)
{
    struct str state = str_from(PQresultErrorField(result, PG_DIAG_SQLSTATE));
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (PQstatus(c->handle) != CONNECTION_OK || !text)
        return lost(c, err);
    if (fate_of(state) == FATE_LOST)
        c->base.broken = true;
    if (str_starts(state, STR("40")))
        c->base.base.gave_way = true;
    return say(c, state, text, err);
}
#define result_error(...) err_failure(result_error(__VA_ARGS__))

/* Takes the result: kept by the caller when it is good (PQclear), else freed here. */
static enum err_code check(struct pg_conn *c, PGresult *result, struct err *err)
{
    ExecStatusType status = PQresultStatus(result); /* of NULL: PGRES_FATAL_ERROR */
    enum err_code rc;

    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
        return ERR_OK;
    rc = result_error(c, result, err);
    PQclear(result);
    return rc;
}

/* Values. */

static void values_reserve(struct pg_values *to, const struct db_value *values, size_t n)
{
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++)
        bytes += pg_text_room(&values[i]);
    if (bytes > to->buffer_cap) {
        mem_free(to->buffer);
        to->buffer = mem_alloc(bytes);
        to->buffer_cap = bytes;
    }
    if (n <= to->cap)
        return;
    to->texts = mem_realloc(to->texts, n * sizeof *to->texts);
    to->bytes = mem_realloc(to->bytes, n * sizeof *to->bytes);
    to->formats = mem_realloc(to->formats, n * sizeof *to->formats);
    to->cap = n;
}

static void values_bind(struct pg_values *to, const struct db_value *values, size_t n)
{
    size_t used = 0;

    values_reserve(to, values, n);
    for (size_t i = 0; i < n; i++) {
        const struct db_value *v = &values[i];

        to->texts[i] = v->type == DB_T_NULL ? NULL : to->buffer + used;
        to->bytes[i] = v->type == DB_T_BLOB ? (int)v->s.n : 0; /* texts end in NUL */
        to->formats[i] = v->type == DB_T_BLOB;
        used += pg_text_write(to->buffer + used, v);
    }
}

/* One very long text must not stay for ever. */
static void values_done(struct pg_values *v)
{
    if (v->buffer_cap <= KEPT_BUFFER)
        return;
    mem_free(v->buffer);
    v->buffer = NULL;
    v->buffer_cap = 0;
}

static void values_fini(struct pg_values *v)
{
    mem_free(v->texts);
    mem_free(v->bytes);
    mem_free(v->formats);
    mem_free(v->buffer);
}

/* Statements. */

static struct pg_stmt *stmt_of(struct db_cached *s)
{
    return container_of(s, struct pg_stmt, base);
}

/* In PostgreSQL's spelling, in c->sql. */
static enum err_code spell(struct pg_conn *c, struct str sql, size_t values, struct err *err)
{
    size_t parameters;

    sb_reset(&c->sql);
    db_sql_write(&c->sql, DB_POSTGRES, sql, &parameters);
    if (sb_failed(&c->sql))
        return err_set(err, ERR_INTERNAL, "the SQL statement is too long");
    if (parameters != values)
        return err_set(err, ERR_INTERNAL, "%zu values for %zu parameters", values, parameters);
    return ERR_OK;
}

/* The server keeps a statement until it is told; in a failed transaction it does not listen, and
 * then it keeps it until the connection ends. */
static void stmt_drop(struct pg_conn *c, struct pg_stmt *s)
{
    char sql[40];

    snprintf(sql, sizeof sql, "DEALLOCATE %s", s->name);
    if (PQtransactionStatus(c->handle) != PQTRANS_INERROR)
        PQclear(PQexec(c->handle, sql));
    mem_free(s);
}

static enum err_code stmt_prepare(struct pg_conn *c, struct str sql, size_t values,
                                  struct pg_stmt **out, struct err *err)
{
    struct pg_stmt *s;
    struct db_cached *gone;
    PGresult *result;
    enum err_code rc;
    char *text;

    TRY(spell(c, sql, values, err));
    s = mem_zalloc(sizeof *s + sql.n);
    text = (char *)(s + 1);
    memcpy(text, sql.p, sql.n);
    s->base.sql = str_make(text, sql.n);
    s->parameters = values;
    snprintf(s->name, sizeof s->name, "s%u", ++c->last_name);
    result = PQprepare(c->handle, s->name, c->sql.p, (int)values, NULL);
    rc = check(c, result, err);
    if (rc != ERR_OK) {
        mem_free(s);
        return rc;
    }
    PQclear(result);
    gone = db_cache_put(&c->statements, &s->base);
    if (gone)
        stmt_drop(c, stmt_of(gone));
    *out = s;
    return ERR_OK;
}

static enum err_code stmt_take(struct pg_conn *c, struct str sql, size_t values,
                               struct pg_stmt **out, struct err *err)
{
    struct db_cached *s = db_cache_find(&c->statements, sql);

    if (!s)
        return stmt_prepare(c, sql, values, out, err);
    *out = stmt_of(s);
    if ((*out)->parameters != values)
        return err_set(err, ERR_INTERNAL, "%zu values for %zu parameters", values,
                       (*out)->parameters);
    return ERR_OK;
}

/* A column that the statement reads has another type now (cached plan must not change result type),
 * or the server has forgotten the statement. */
static bool is_stale(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    return state &&
           (str_eq(str_from(state), STR("0A000")) || str_eq(str_from(state), STR("26000")));
}

/* *stale: the statement is not in the cache any more, and was not run. */
static enum err_code run_cached(struct pg_conn *c, struct str sql, const struct db_value *values,
                                size_t n, PGresult **out, bool *stale, struct err *err)
{
    struct pg_stmt *s;

    *stale = false;
    TRY(stmt_take(c, sql, n, &s, err));
    values_bind(&c->values, values, n);
    *out = PQexecPrepared(c->handle, s->name, (int)n, c->values.texts, c->values.bytes,
                          c->values.formats, 0);
    values_done(&c->values);
    *stale = is_stale(*out);
    if (*stale)
        stmt_drop(c, stmt_of(db_cache_pop(&c->statements))); /* the one used last is this one */
    return check(c, *out, err);
}

/* A statement by itself is prepared again; a transaction is over by the error, and whoever begins
 * it again will find the statement prepared anew. */
static enum err_code run_prepared(struct pg_conn *c, struct str sql, const struct db_value *values,
                                  size_t n, PGresult **out, struct err *err)
{
    bool alone = PQtransactionStatus(c->handle) == PQTRANS_IDLE, stale;
    enum err_code rc = run_cached(c, sql, values, n, out, &stale, err);

    if (!stale)
        return rc;
    if (!alone)
        return err_set(err, ERR_UNAVAILABLE, "%.*s: a table has changed under the transaction",
                       STR_ARG(c->db->where));
    return run_cached(c, sql, values, n, out, &stale, err);
}

/* Once: DDL, and what else has no parameters. */
static enum err_code run_once(struct pg_conn *c, struct str sql, PGresult **out, struct err *err)
{
    TRY(spell(c, sql, 0, err));
    *out = PQexecParams(c->handle, c->sql.p, 0, NULL, NULL, NULL, NULL, 0);
    return check(c, *out, err);
}

/* A command of ours as it is. */
static enum err_code run_simple(struct pg_conn *c, const char *sql, struct err *err)
{
    PGresult *result = PQexec(c->handle, sql);

    TRY(check(c, result, err));
    PQclear(result);
    return ERR_OK;
}

static enum err_code do_exec(struct db_conn *base, int64_t *changed, struct err *err,
                             const char *sql, const struct db_value *values, size_t n)
{
    struct pg_conn *c = conn_of(base);
    PGresult *result;

    if (n == 0)
        TRY(run_once(c, str_from(sql), &result, err));
    else
        TRY(run_prepared(c, str_from(sql), values, n, &result, err));
    if (changed && !str_to_i64(str_from(PQcmdTuples(result)), changed))
        *changed = 0;
    PQclear(result);
    return ERR_OK;
}

static enum err_code do_insert(struct db_conn *base, int64_t *id, struct err *err, const char *sql,
                               const struct db_value *values, size_t n)
{
    CLEANUP(sb_finip) struct sb text;
    struct pg_conn *c = conn_of(base);
    PGresult *result;

    sb_init(&text, SQL_LIMIT);
    sb_add(&text, str_from(sql));
    sb_add(&text, STR(" RETURNING \"id\""));
    if (sb_failed(&text))
        return err_set(err, ERR_INTERNAL, "the SQL statement is too long");
    TRY(run_prepared(c, sb_str(&text), values, n, &result, err));
    if (PQntuples(result) > 0 && !str_to_i64(str_from(PQgetvalue(result, 0, 0)), id))
        *id = 0;
    PQclear(result);
    return ERR_OK;
}

/* COPY. */

/* Names as in db.c: in double quotes, which is PostgreSQL's own spelling. */
static enum err_code copy_begin(struct pg_conn *c, const struct db_insert *what, struct err *err)
{
    PGresult *result;

    sb_reset(&c->sql);
    sb_fmt(&c->sql, "COPY \"%s\" (", what->table);
    for (size_t i = 0; i < what->column_count; i++)
        sb_fmt(&c->sql, "%s\"%s\"", i > 0 ? "," : "", what->columns[i]);
    sb_add(&c->sql, STR(") FROM STDIN"));
    sb_add_char(&c->sql, '\0');
    if (sb_failed(&c->sql))
        return err_set(err, ERR_INTERNAL, "the SQL statement is too long");
    result = PQexec(c->handle, c->sql.p);
    if (PQresultStatus(result) != PGRES_COPY_IN)
        return check(c, result, err);
    PQclear(result);
    return ERR_OK;
}

/* What the server finds wrong with a row is told at the end; until then it passes over the rest. */
static enum err_code copy_send(struct pg_conn *c, const struct db_insert *what,
                               const struct db_value *values, size_t rows, struct err *err)
{
    CLEANUP(sb_finip) struct sb text;

    sb_init(&text, COPY_LIMIT);
    for (size_t r = 0; r < rows; r++) {
        pg_copy_row(&text, values + r * what->column_count, what->column_count);
        if (sb_failed(&text))
            return err_set(err, ERR_DB, "a row of %s is too long", what->table);
        if (text.n < COPY_CHUNK && r + 1 < rows)
            continue;
        if (PQputCopyData(c->handle, text.p, (int)text.n) != 1)
            return lost(c, err);
        sb_reset(&text);
    }
    return ERR_OK;
}

/* `why`: the rows are not to be taken, NULL: they are. */
static enum err_code copy_end(struct pg_conn *c, const char *why, struct err *err)
{
    PGresult *result, *more;
    enum err_code rc;

    if (PQputCopyEnd(c->handle, why) != 1)
        return lost(c, err);
    result = PQgetResult(c->handle);
    rc = check(c, result, err);
    if (rc == ERR_OK)
        PQclear(result);
    while ((more = PQgetResult(c->handle)))
        PQclear(more);
    return rc;
}

static enum err_code do_insert_rows(struct db_conn *base, const struct db_insert *what,
                                    const struct db_value *values, size_t rows, struct err *err)
{
    struct pg_conn *c = conn_of(base);
    struct err ignored;
    enum err_code rc;

    TRY(copy_begin(c, what, err));
    rc = copy_send(c, what, values, rows, err);
    if (rc == ERR_OK)
        return copy_end(c, NULL, err);
    if (!c->base.broken && copy_end(c, "given up", &ignored) == ERR_OK)
        c->base.broken = true; /* it was to fail */
    return rc;
}

/* Rows. */

static enum err_code do_query(struct db_conn *base, struct arena *a, struct db_rows **out,
                              struct err *err, const char *sql, const struct db_value *values,
                              size_t n)
{
    struct pg_rows *rows;
    PGresult *result;

    TRY(run_prepared(conn_of(base), str_from(sql), values, n, &result, err));
    rows = arena_new(a, struct pg_rows);
    *rows = (struct pg_rows){
        .base.conn = base, .arena = a, .result = result, .at = -1, .count = PQntuples(result)};
    *out = &rows->base;
    return ERR_OK;
}

static const struct pg_rows *rows_of(const struct db_rows *rows)
{
    return (const struct pg_rows *)(const void *)rows;
}

static bool do_next(struct db_rows *base)
{
    struct pg_rows *rows = container_of(base, struct pg_rows, base);

    if (rows->at < rows->count)
        rows->at++;
    return rows->at < rows->count;
}

static bool do_is_null(const struct db_rows *base, int col)
{
    const struct pg_rows *rows = rows_of(base);

    return PQgetisnull(rows->result, rows->at, col);
}

static struct str cell(const struct pg_rows *rows, int col)
{
    return str_make(PQgetvalue(rows->result, rows->at, col),
                    (size_t)PQgetlength(rows->result, rows->at, col));
}

static double do_f64(const struct db_rows *base, int col)
{
    const struct pg_rows *rows = rows_of(base);

    if (PQftype(rows->result, col) == TYPE_BOOL)
        return cell(rows, col).p[0] == 't';
    return strtod(cell(rows, col).p, NULL); /* a NUL stands behind every cell; NULL is "" */
}

/* Digits first, whatever follows them: a numeric has a fraction, a text may have anything. */
static int64_t do_i64(const struct db_rows *base, int col)
{
    const struct pg_rows *rows = rows_of(base);
    const char *text = cell(rows, col).p;
    char *end;
    long long value;

    if (PQftype(rows->result, col) == TYPE_BOOL)
        return text[0] == 't';
    value = strtoll(text, &end, 10);
    if (*end != 'e' && *end != 'E')
        return value;
    return (int64_t)fmax(fmin(strtod(text, NULL), 9223372036854774784.0), -9223372036854775808.0);
}

/* 2026-11-23 16:15:15+00, where the others keep +00:00. */
static struct str timestamp_text(struct arena *a, struct str text)
{
    if (!str_ends(text, STR("+00")))
        return text;
    return arena_fmt(a, "%.*s:00", STR_ARG(text));
}

/* \x0a1b */
static struct str bytea_text(struct arena *a, struct str text)
{
    struct str bytes;

    return str_starts(text, STR("\\x")) && hex_decode(a, str_skip(text, 2), &bytes) ? bytes : text;
}

static struct str do_text(const struct db_rows *base, int col)
{
    const struct pg_rows *rows = rows_of(base);
    struct str text = cell(rows, col);

    if (PQgetisnull(rows->result, rows->at, col))
        return STR_NULL;
    switch (PQftype(rows->result, col)) {
    case TYPE_BOOL:
        return text.p[0] == 't' ? STR("1") : STR("0");
    case TYPE_CHAR_N:
        return str_trim_right_char(text, ' ');
    case TYPE_TIMESTAMPTZ:
        return timestamp_text(rows->arena, text);
    case TYPE_BYTEA:
        return bytea_text(rows->arena, text);
    default:
        return text;
    }
}

static bool do_boolean(const struct db_rows *base, int col)
{
    bool value;

    return str_to_bool(cell(rows_of(base), col), &value) ? value : do_i64(base, col) != 0;
}

static enum err_code do_end(struct db_rows *base, struct err *err UNUSED)
{
    struct pg_rows *rows = container_of(base, struct pg_rows, base);

    PQclear(rows->result);
    rows->result = NULL;
    return ERR_OK;
}

/* Transactions. Who only reads sees one state of the database throughout, as on SQLite. */

static enum err_code do_begin(struct db_conn *base, struct err *err)
{
    return run_simple(conn_of(base),
                      base->access == DB_WRITE ? "BEGIN"
                                               : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                      err);
}

/* COMMIT of a transaction in which a statement has failed rolls back, and calls that a success. */
static enum err_code do_commit(struct db_conn *base, struct err *err)
{
    struct pg_conn *c = conn_of(base);
    PGresult *result = PQexec(c->handle, "COMMIT");
    bool done;

    TRY(check(c, result, err));
    done = str_eq(str_from(PQcmdStatus(result)), STR("COMMIT"));
    PQclear(result);
    return done ? ERR_OK
                : err_set(err, ERR_DB, "the transaction was rolled back: a statement had failed");
}

static void do_rollback(struct db_conn *base)
{
    struct pg_conn *c = conn_of(base);
    struct err err;

    if (PQtransactionStatus(c->handle) == PQTRANS_IDLE || c->base.broken)
        return;
    if (run_simple(c, "ROLLBACK", &err) != ERR_OK) {
        c->base.broken = true;
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
    struct pg_conn *c = container_of(base, struct pg_conn, base);
    struct db_cached *s;

    while ((s = db_cache_pop(&c->statements)))
        mem_free(stmt_of(s));
    db_cache_fini(&c->statements);
    PQfinish(c->handle);
    sb_fini(&c->sql);
    values_fini(&c->values);
    mem_free(c);
}

/* What the server wants to remark ("table is there already") is of no use in a log. */
static void ignore_notice(void *ctx UNUSED, const PGresult *result UNUSED)
{
}

/* Settings that the DSN brings for the server (search_path=..., as Go's driver passes them on); one
 * that it does not know belongs to that driver itself. */
static enum err_code apply_setting(struct pg_conn *c, const struct dsn_setting *s, struct err *err)
{
    const char *const values[] = {s->name.p, s->value.p};
    PGresult *result =
        PQexecParams(c->handle, "SELECT set_config($1, $2, false)", 2, NULL, values, NULL, NULL, 0);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (state && str_eq(str_from(state), STR("42704"))) {
        PQclear(result);
        return ERR_OK;
    }
    TRY(check(c, result, err));
    PQclear(result);
    return ERR_OK;
}

static enum err_code conn_setup(struct pg_conn *c, struct err *err)
{
    char sql[400];

    TRY(db_version_check_postgres(PQserverVersion(c->handle), c->db->where, err));
    for (size_t i = 0; i < c->db->dsn.setting_count; i++)
        TRY(apply_setting(c, &c->db->dsn.settings[i], err));
    /* Behind the DSN's own, because the cells are read by these. */
    snprintf(sql, sizeof sql,
             "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET bytea_output = 'hex';"
             " SET standard_conforming_strings = on; SET extra_float_digits = 3;"
             " SET statement_timeout = %" PRId64 "; SET lock_timeout = %" PRId64,
             c->db->statement_timeout_ms, c->db->lock_timeout_ms);
    return run_simple(c, sql, err);
}

static enum err_code connect_error(struct pg_conn *c, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct str text;

    arena_init(&a, 0);
    text = clean(&a, PQerrorMessage(c->handle), false);
    return err_set(err, ERR_UNAVAILABLE, "%.*s cannot be reached: %.*s", STR_ARG(c->db->where),
                   STR_ARG(text));
}

static enum err_code conn_open(void *ctx, struct db_pool_conn **out, struct err *err)
{
    struct pg_db *db = ctx;
    struct pg_conn *c = mem_new(struct pg_conn);
    enum err_code rc;

    c->base.base.driver = &pg_driver;
    c->db = db;
    db_cache_init(&c->statements, DB_CACHE_STATEMENTS);
    sb_init(&c->sql, SQL_LIMIT);
    c->handle = PQconnectdbParams(db->names, db->settings, 0);
    if (PQstatus(c->handle) == CONNECTION_OK) {
        PQsetNoticeReceiver(c->handle, ignore_notice, NULL);
        c->base.socket = PQsocket(c->handle);
        rc = conn_setup(c, err);
    } else {
        rc = connect_error(c, err);
    }
    if (rc != ERR_OK) {
        conn_close(&c->base);
        return rc;
    }
    *out = &c->base;
    return ERR_OK;
}

static bool conn_alive(struct db_pool_conn *base)
{
    struct pg_conn *c = container_of(base, struct pg_conn, base);
    PGresult *result = PQexec(c->handle, "");
    bool alive = PQresultStatus(result) == PGRES_EMPTY_QUERY;

    PQclear(result);
    return alive;
}

static bool answers(void *ctx, struct err *err)
{
    const struct pg_db *db = ctx;

    switch (PQpingParams(db->names, db->settings, 0)) {
    case PQPING_OK: /* which it is also for a login that is refused */
        return true;
    case PQPING_REJECT:
        (void)err_set(err, ERR_UNAVAILABLE, "%.*s is starting or shutting down",
                      STR_ARG(db->where));
        return false;
    case PQPING_NO_RESPONSE:
    case PQPING_NO_ATTEMPT:
        break;
    }
    (void)err_set(err, ERR_UNAVAILABLE, "%.*s cannot be reached, or says nothing",
                  STR_ARG(db->where));
    return false;
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
    struct pg_conn *c = conn_of(base);

    if (PQtransactionStatus(c->handle) != PQTRANS_IDLE)
        c->base.broken = true;
    db_pool_give(c->db->pool, &c->base);
}

static void do_close(struct db *base)
{
    struct pg_db *db = db_of(base);

    db_pool_free(db->pool);
    arena_fini(&db->arena);
    mem_free(db);
}

static const struct db_driver pg_driver = {
    .kind = DB_POSTGRES,
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
    .insert_rows = do_insert_rows,
    .begin = do_begin,
    .commit = do_commit,
    .rollback = do_rollback,
    .columns = do_columns,
    .indexes = do_indexes,
    .follow_ids = do_follow_ids,
    .health = do_health,
};

/* Opening. */

/* Is it a parameter of libpq, or one that only Go's driver and the server know? */
static bool libpq_knows(struct str name)
{
    PQconninfoOption *all = PQconndefaults();
    bool known = false;

    for (const PQconninfoOption *o = all; o && o->keyword && !known; o++)
        known = str_eq(name, str_from(o->keyword));
    PQconninfoFree(all);
    return known;
}

static bool is_set(const PQconninfoOption *all, const char *name)
{
    for (const PQconninfoOption *o = all; o->keyword; o++)
        if (o->val && str_eq(str_from(o->keyword), str_from(name)))
            return true;
    return false;
}

static void add_option(struct pg_db *db, size_t *n, const char *name, const char *value)
{
    db->names[*n] = name;
    db->settings[(*n)++] = str_dup(&db->arena, str_from(value)).p;
}

/* The DSN's, and ours where it is silent: a server that is gone is noticed within half a minute. */
static void add_options(struct pg_db *db, const PQconninfoOption *all)
{
    static const char *const ours[][2] = {
        {"fallback_application_name", "yourapi"},
        {"connect_timeout", "5"},
        {"keepalives_idle", "15"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "30000"},
    };
    size_t n = 0, room = ARRAY_LEN(ours) + 2;

    for (const PQconninfoOption *o = all; o->keyword; o++)
        room++;
    db->names = arena_new_array(&db->arena, const char *, room);
    db->settings = arena_new_array(&db->arena, const char *, room);
    for (const PQconninfoOption *o = all; o->keyword; o++)
        if (o->val && !str_eq(str_from(o->keyword), STR("client_encoding")))
            add_option(db, &n, str_dup(&db->arena, str_from(o->keyword)).p, o->val);
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (!is_set(all, ours[i][0]))
            add_option(db, &n, ours[i][0], ours[i][1]);
    add_option(db, &n, "client_encoding", "UTF8");
}

static enum err_code read_dsn(struct pg_db *db, struct str dsn, struct err *err)
{
    PQconninfoOption *all;
    char *why = NULL;
    struct str text;

    dsn_read_postgres(&db->arena, dsn, libpq_knows, &db->dsn);
    all = PQconninfoParse(db->dsn.libpq.p, &why);
    if (!all) {
        text = clean(&db->arena, why ? why : "out of memory", true);
        PQfreemem(why);
        return err_set(err, ERR_BAD_REQUEST, "the PostgreSQL DSN cannot be read: %.*s",
                       STR_ARG(text));
    }
    add_options(db, all);
    PQconninfoFree(all);
    return ERR_OK;
}

/* A standby, or a database that was closed for writing, is told at once. */
static enum err_code check_writable(struct pg_db *db, struct db_conn *c, struct err *err)
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

static enum err_code check_server(struct pg_db *db, struct err *err)
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
    struct pg_db *db = mem_new(struct pg_db);
    enum err_code rc;

    db->base.driver = &pg_driver;
    arena_init(&db->arena, 0);
    db->where = str_dup(&db->arena, dsn_describe(&db->arena, conf->dsn));
    db->statement_timeout_ms =
        conf->statement_timeout_ms > 0 ? conf->statement_timeout_ms : STATEMENT_TIMEOUT_MS;
    db->lock_timeout_ms = pool.wait_ms;
    db->read_only = conf->read_only;
    rc = read_dsn(db, conf->dsn, err);
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

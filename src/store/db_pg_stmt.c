#include "store/db_pg_stmt.h"

#include <libpq-fe.h>

#include "base/mem.h"
#include "store/db_pg_error.h"
#include "store/db_pg_text.h"
#include "store/db_sql.h"

enum { KEPT_BUFFER = 1 << 20 };

struct postgres_stmt {
    struct db_cached base; /* the text follows the struct in memory */
    size_t parameters;
    char name[16];
};

/* Values. */

static void values_reserve(struct postgres_values *to, const struct db_value *values, size_t n)
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

static void values_bind(struct postgres_values *to, const struct db_value *values, size_t n)
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
static void values_done(struct postgres_values *v)
{
    if (v->buffer_cap <= KEPT_BUFFER)
        return;
    mem_free(v->buffer);
    v->buffer = NULL;
    v->buffer_cap = 0;
}

static void values_fini(struct postgres_values *v)
{
    mem_free(v->texts);
    mem_free(v->bytes);
    mem_free(v->formats);
    mem_free(v->buffer);
}

/* Statements. */

static struct postgres_stmt *stmt_of(struct db_cached *s)
{
    return container_of(s, struct postgres_stmt, base);
}

/* In PostgreSQL's spelling, in c->sql. */
static enum err_code spell(struct postgres_conn *c, struct str sql, size_t values, struct err *err)
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
static void stmt_drop(struct postgres_conn *c, struct postgres_stmt *s)
{
    char sql[40];

    snprintf(sql, sizeof sql, "DEALLOCATE %s", s->name);
    if (PQtransactionStatus(c->handle) != PQTRANS_INERROR)
        PQclear(PQexec(c->handle, sql));
    mem_free(s);
}

static enum err_code stmt_prepare(struct postgres_conn *c, struct str sql, size_t values,
                                  struct postgres_stmt **out, struct err *err)
{
    struct postgres_stmt *s;
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
    rc = db_pg_check(c, result, err);
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

static enum err_code stmt_take(struct postgres_conn *c, struct str sql, size_t values,
                               struct postgres_stmt **out, struct err *err)
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

/* *stale: the statement is not in the cache any more, and was not run. */
static enum err_code run_cached(struct postgres_conn *c, struct str sql,
                                const struct db_value *values, size_t n, PGresult **out,
                                bool *stale, struct err *err)
{
    struct postgres_stmt *s;

    *stale = false;
    TRY(stmt_take(c, sql, n, &s, err));
    values_bind(&c->values, values, n);
    *out = PQexecPrepared(c->handle, s->name, (int)n, c->values.texts, c->values.bytes,
                          c->values.formats, 0);
    values_done(&c->values);
    *stale = pg_is_stale(db_pg_state(*out));
    if (*stale)
        stmt_drop(c, stmt_of(db_cache_pop(&c->statements))); /* the one used last is this one */
    return db_pg_check(c, *out, err);
}

enum err_code db_pg_run_prepared(struct postgres_conn *c, struct str sql,
                                 const struct db_value *values, size_t n, PGresult **out,
                                 struct err *err)
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

enum err_code db_pg_run_once(struct postgres_conn *c, struct str sql, PGresult **out,
                             struct err *err)
{
    TRY(spell(c, sql, 0, err));
    *out = PQexecParams(c->handle, c->sql.p, 0, NULL, NULL, NULL, NULL, 0);
    return db_pg_check(c, *out, err);
}

void db_pg_statements_init(struct postgres_conn *c)
{
    db_cache_init(&c->statements, DB_CACHE_STATEMENTS);
}

void db_pg_statements_fini(struct postgres_conn *c)
{
    struct db_cached *s;

    while ((s = db_cache_pop(&c->statements)))
        mem_free(stmt_of(s));
    db_cache_fini(&c->statements);
    values_fini(&c->values);
}

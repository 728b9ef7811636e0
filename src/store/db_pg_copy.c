#include "store/db_pg_copy.h"

#include <libpq-fe.h>

#include "store/db_pg_conn.h"
#include "store/db_pg_text.h"

enum {
    COPY_CHUNK = 64 << 10, /* sent at a time */
    COPY_LIMIT = 1 << 30,  /* of a row; the server's own limit of a field */
};

/* Names as in db.c: in double quotes, which is PostgreSQL's own spelling. */
static enum err_code copy_begin(struct postgres_conn *c, const struct db_insert *what,
                                struct err *err)
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
        return db_pg_check(c, result, err);
    PQclear(result);
    return ERR_OK;
}

/* What the server finds wrong with a row is told at the end; until then it passes over the rest. */
static enum err_code copy_send(struct postgres_conn *c, const struct db_insert *what,
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
            return db_pg_lost(c, err);
        sb_reset(&text);
    }
    return ERR_OK;
}

/* `why`: the rows are not to be taken, NULL: they are. */
static enum err_code copy_end(struct postgres_conn *c, const char *why, struct err *err)
{
    PGresult *result, *more;
    enum err_code rc;

    if (PQputCopyEnd(c->handle, why) != 1)
        return db_pg_lost(c, err);
    result = PQgetResult(c->handle);
    rc = db_pg_check(c, result, err);
    if (rc == ERR_OK)
        PQclear(result);
    while ((more = PQgetResult(c->handle)))
        PQclear(more);
    return rc;
}

enum err_code db_pg_copy(struct db_conn *base, const struct db_insert *what,
                         const struct db_value *values, size_t rows, struct err *err)
{
    struct postgres_conn *c = db_pg_conn_of(base);
    struct err ignored;
    enum err_code rc;

    TRY(copy_begin(c, what, err));
    rc = copy_send(c, what, values, rows, err);
    if (rc == ERR_OK)
        return copy_end(c, NULL, err);
    if (!c->pool.broken && copy_end(c, "given up", &ignored) == ERR_OK)
        c->pool.broken = true; /* it was to fail */
    return rc;
}

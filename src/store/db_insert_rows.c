/*
 * db_insert_rows(): statements of many rows, for the drivers that have nothing quicker. They come
 * in a few lengths only, so that all of them stay prepared; a row with long texts gets fewer beside
 * it, because a server takes only so many bytes at once.
 */
#include "base/sb.h"
#include "store/db_driver.h"

enum {
    SQL_LIMIT = 64 * 1024,
    VALUES_MOST = 2000,     /* in a statement; SQLite takes 32,766 */
    BYTES_MOST = 512 << 10, /* of the values of a statement, where it has several rows */
    FEWER = 8               /* so many times fewer rows has the next shorter statement */
};

static void add_names(struct sb *sql, const struct db_insert *what)
{
    for (size_t i = 0; i < what->column_count; i++)
        sb_fmt(sql, "%s\"%s\"", i > 0 ? "," : "", what->columns[i]);
}

static void write_statement(struct sb *sql, const struct db_insert *what, size_t rows)
{
    sb_reset(sql);
    sb_fmt(sql, "INSERT INTO \"%s\" (", what->table);
    add_names(sql, what);
    sb_add(sql, STR(") VALUES "));
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < what->column_count; i++)
            sb_add(sql, i > 0 ? STR(",?") : r > 0 ? STR(",(?") : STR("(?"));
        sb_add_char(sql, ')');
    }
    sb_add_char(sql, '\0');
}

/* How many of the rows, at most `most`, have no more than BYTES_MOST bytes together. */
static size_t rows_of_bytes(const struct db_value *values, size_t columns, size_t most)
{
    size_t bytes = 0;

    for (size_t r = 0; r < most; r++) {
        for (size_t i = 0; i < columns; i++)
            bytes += values[r * columns + i].s.n + sizeof(int64_t);
        if (bytes > BYTES_MOST)
            return r;
    }
    return most;
}

/* How many rows go into the next statement. */
static size_t next_rows(const struct db_value *values, size_t columns, size_t left)
{
    size_t most = VALUES_MOST / columns, fit, n;

    fit = rows_of_bytes(values, columns, left < most ? left : most);
    for (n = most; n > fit && n > 1; n /= FEWER)
        ;
    return n > 0 ? n : 1;
}

static enum err_code insert(struct db_conn *c, const struct db_insert *what,
                            const struct db_value *values, size_t rows, struct err *err)
{
    CLEANUP(sb_finip) struct sb sql;
    size_t columns = what->column_count, written = 0;

    sb_init(&sql, SQL_LIMIT);
    for (size_t at = 0, n; at < rows; at += n) {
        n = next_rows(values + at * columns, columns, rows - at);
        if (n != written)
            write_statement(&sql, what, n);
        written = n;
        if (sb_failed(&sql))
            return err_set(err, ERR_INTERNAL, "insert into %s: statement too long", what->table);
        TRY(db_exec_values(c, NULL, err, sql.p, values + at * columns, n * columns));
    }
    return ERR_OK;
}

enum err_code db_insert_rows(struct db_conn *c, const struct db_insert *what,
                             const struct db_value *values, size_t rows, struct err *err)
{
    struct db_tx tx;
    enum err_code rc;

    assert(what->column_count > 0 && what->column_count <= VALUES_MOST);
    if (rows == 0)
        return ERR_OK;
    TRY(db_join(c, &tx, err));
    rc = c->driver->insert_rows ? c->driver->insert_rows(c, what, values, rows, err)
                                : insert(c, what, values, rows, err);
    return db_join_end(&tx, rc, err);
}

/*
 * The common part of the interface: which driver, who is in a transaction, and the one statement
 * that the three databases spell differently (upsert). Everything else goes straight to the driver.
 */
#include "store/db.h"

#include "base/sb.h"
#include "store/db_driver.h"
#include "store/dsn.h"

enum { UPSERT_SQL_LIMIT = 32 * 1024, UPSERT_VALUES = 500 };

enum err_code db_open(const struct db_conf *conf, struct db **out, struct err *err)
{
    *out = NULL;
    switch (dsn_kind(conf->dsn)) {
    case DB_SQLITE:
        return db_sqlite_open(conf, out, err);
    case DB_POSTGRES:
        return db_postgres_open(conf, out, err);
    case DB_MYSQL:
        return db_mysql_open(conf, out, err);
    }
    return err_set(err, ERR_INTERNAL, "no driver for the database that SQL_DSN names");
}

void db_close(struct db *db)
{
    if (db)
        db->driver->close(db);
}

enum db_kind db_kind(const struct db *db)
{
    return db->driver->kind;
}

void db_health(struct db *db, struct db_health *out)
{
    *out = (struct db_health){.up = true};
    if (db->driver->health)
        db->driver->health(db, out);
}

enum db_kind db_conn_kind(const struct db_conn *c)
{
    return c->driver->kind;
}

enum err_code db_acquire(struct db *db, enum db_access access, struct db_conn **out,
                         struct err *err)
{
    *out = NULL;
    TRY(db->driver->acquire(db, access, out, err));
    (*out)->access = access;
    (*out)->in_transaction = false;
    return ERR_OK;
}

void db_release(struct db_conn *c)
{
    if (!c)
        return;
    db_rollback(c);
    c->driver->release(c);
}

void db_releasep(struct db_conn **c)
{
    db_release(*c);
    *c = NULL;
}

enum err_code db_exec_values(struct db_conn *c, int64_t *changed, struct err *err, const char *sql,
                             const struct db_value *values, size_t n)
{
    if (changed)
        *changed = 0;
    return c->driver->exec(c, changed, err, sql, values, n);
}

enum err_code db_insert_values(struct db_conn *c, int64_t *id, struct err *err, const char *sql,
                               const struct db_value *values, size_t n)
{
    *id = 0;
    return c->driver->insert(c, id, err, sql, values, n);
}

enum err_code db_query_values(struct db_conn *c, struct arena *a, struct db_rows **rows,
                              struct err *err, const char *sql, const struct db_value *values,
                              size_t n)
{
    *rows = NULL;
    return c->driver->query(c, a, rows, err, sql, values, n);
}

bool db_next(struct db_rows *rows)
{
    return rows->conn->driver->next(rows);
}

bool db_is_null(const struct db_rows *rows, int col)
{
    return rows->conn->driver->is_null(rows, col);
}

int64_t db_i64(const struct db_rows *rows, int col)
{
    return rows->conn->driver->i64(rows, col);
}

double db_f64(const struct db_rows *rows, int col)
{
    return rows->conn->driver->f64(rows, col);
}

bool db_bool(const struct db_rows *rows, int col)
{
    return rows->conn->driver->boolean(rows, col);
}

struct str db_text(const struct db_rows *rows, int col)
{
    return rows->conn->driver->text(rows, col);
}

enum err_code db_end(struct db_rows *rows, struct err *err)
{
    return rows->conn->driver->end(rows, err);
}

enum err_code db_begin(struct db_conn *c, struct err *err)
{
    assert(!c->in_transaction);
    c->gave_way = false;
    TRY(c->driver->begin(c, err));
    c->in_transaction = true;
    return ERR_OK;
}

enum err_code db_commit(struct db_conn *c, struct err *err)
{
    enum err_code rc;

    assert(c->in_transaction);
    rc = c->driver->commit(c, err);
    if (rc != ERR_OK)
        c->driver->rollback(c);
    c->in_transaction = false;
    return rc;
}

void db_rollback(struct db_conn *c)
{
    if (c->in_transaction)
        c->driver->rollback(c);
    c->in_transaction = false;
}

bool db_in_transaction(const struct db_conn *c)
{
    return c->in_transaction;
}

bool db_gave_way(const struct db_conn *c)
{
    return c->gave_way;
}

enum err_code db_join(struct db_conn *c, struct db_tx *tx, struct err *err)
{
    *tx = (struct db_tx){.conn = c, .mine = !c->in_transaction};
    return tx->mine ? db_begin(c, err) : ERR_OK;
}

enum err_code db_join_end(struct db_tx *tx, enum err_code rc, struct err *err)
{
    if (!tx->mine)
        return rc;
    if (rc == ERR_OK)
        return db_commit(tx->conn, err);
    db_rollback(tx->conn);
    return rc;
}

/* Catalogue. */

enum err_code db_list_columns(struct db_conn *c, struct arena *a, const char *table,
                              struct str **names, size_t *n, struct err *err)
{
    *names = NULL;
    *n = 0;
    return c->driver->columns(c, a, table, names, n, err);
}

enum err_code db_list_indexes(struct db_conn *c, struct arena *a, const char *table,
                              struct str **names, size_t *n, struct err *err)
{
    *names = NULL;
    *n = 0;
    return c->driver->indexes(c, a, table, names, n, err);
}

enum err_code db_list_names(struct db_conn *c, struct arena *a, const char *sql, const char *table,
                            struct str **names, size_t *n, struct err *err)
{
    struct db_rows *rows;
    size_t cap = 16;

    *names = arena_new_array(a, struct str, cap);
    TRY(db_query(c, a, &rows, err, sql, DB_TEXT(str_from(table))));
    while (db_next(rows)) {
        if (*n == cap) {
            struct str *more = arena_new_array(a, struct str, cap * 2);

            memcpy(more, *names, cap * sizeof **names);
            *names = more;
            cap *= 2;
        }
        (*names)[(*n)++] = str_dup(a, db_text(rows, 0));
    }
    return db_end(rows, err);
}

enum err_code db_follow_ids(struct db_conn *c, const char *table, struct err *err)
{
    return c->driver->follow_ids ? c->driver->follow_ids(c, table, err) : ERR_OK;
}

/* Upsert. */

/* Plain appends: this text is built for every call, and found again in the cache by its bytes. */

static void add_name(struct sb *sql, const char *name)
{
    sb_add_char(sql, '"');
    sb_add(sql, str_from(name));
    sb_add_char(sql, '"');
}

static void add_names(struct sb *sql, const char *const *columns, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            sb_add_char(sql, ',');
        add_name(sql, columns[i]);
    }
}

static void add_marks(struct sb *sql, size_t columns, size_t rows)
{
    for (size_t r = 0; r < rows; r++) {
        sb_add(sql, r ? STR(",(?") : STR("(?"));
        for (size_t i = 1; i < columns; i++)
            sb_add(sql, STR(",?"));
        sb_add_char(sql, ')');
    }
}

/* The value that the INSERT would have put in. */
static void add_proposed(struct sb *sql, const char *name, enum db_kind kind)
{
    sb_add(sql, kind == DB_MYSQL ? STR("VALUES(") : STR("excluded."));
    add_name(sql, name);
    if (kind == DB_MYSQL)
        sb_add_char(sql, ')');
}

static void add_assignments(struct sb *sql, const struct db_upsert *what, enum db_kind kind)
{
    size_t first_added = what->column_count - what->add_columns;

    for (size_t i = what->key_columns; i < what->column_count; i++) {
        if (i > what->key_columns)
            sb_add_char(sql, ',');
        add_name(sql, what->columns[i]);
        sb_add_char(sql, '=');
        if (i >= first_added) {
            add_name(sql, what->table);
            sb_add_char(sql, '.');
            add_name(sql, what->columns[i]);
            sb_add_char(sql, '+');
        }
        add_proposed(sql, what->columns[i], kind);
    }
}

static void add_upsert(struct sb *sql, const struct db_upsert *what, size_t rows, enum db_kind kind)
{
    sb_add(sql, STR("INSERT INTO "));
    add_name(sql, what->table);
    sb_add(sql, STR(" ("));
    add_names(sql, what->columns, what->column_count);
    sb_add(sql, STR(") VALUES "));
    add_marks(sql, what->column_count, rows);
    if (kind == DB_MYSQL) {
        sb_add(sql, STR(" ON DUPLICATE KEY UPDATE "));
    } else {
        sb_add(sql, STR(" ON CONFLICT ("));
        add_names(sql, what->columns, what->key_columns);
        sb_add(sql, STR(") DO UPDATE SET "));
    }
    add_assignments(sql, what, kind);
    sb_add_char(sql, '\0');
}

enum err_code db_upsert_values(struct db_conn *c, const struct db_upsert *what,
                               const struct db_value *values, size_t rows, struct err *err)
{
    CLEANUP(sb_finip) struct sb sql;

    assert(what->key_columns > 0 && what->key_columns < what->column_count);
    assert(rows > 0 && rows * what->column_count <= UPSERT_VALUES);
    sb_init(&sql, UPSERT_SQL_LIMIT);
    add_upsert(&sql, what, rows, c->driver->kind);
    if (sb_failed(&sql))
        return err_set(err, ERR_INTERNAL, "upsert into %s: statement too long", what->table);
    return db_exec_values(c, NULL, err, sql.p, values, rows * what->column_count);
}

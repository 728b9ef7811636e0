/*
 * db - the one small interface to the database: connections, statements with `?` parameters, rows,
 * transactions.
 *
 * SQL is written once in a common form: identifiers that are reserved words in one of the databases
 * stand in double quotes ("group", "key"), parameters are `?`, booleans are true and false (never
 * 1 and 0), LIKE knows no case; the driver adapts quoting, placeholders, upsert and the id of an
 * insert. All calls block: never on a loop thread. A struct db is shared by threads; a struct
 * db_conn belongs to one thread at a time. After an error inside a transaction nothing but its
 * rollback is sure to work.
 *
 *     CLEANUP(db_releasep) struct db_conn *c = NULL;
 *     TRY(db_acquire(db, DB_READ, &c, err));
 *     struct db_rows *rows;
 *     TRY(db_query(c, arena, &rows, err, "SELECT id, name FROM users WHERE id > ? LIMIT ?",
 * DB_I64(7), DB_I64(10))); while (db_next(rows)) { id = db_i64(rows, 0); name = db_text(rows, 1); }
 *     TRY(db_end(rows, err));
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct db;
struct db_conn;
struct db_rows;

enum db_kind { DB_SQLITE, DB_MYSQL, DB_POSTGRES };
enum db_access { DB_READ, DB_WRITE };

struct db_value {
    enum { DB_T_NULL, DB_T_I64, DB_T_F64, DB_T_BOOL, DB_T_TEXT, DB_T_BLOB } type;
    int64_t i;
    double f;
    struct str s;
};

#define DB_NULL()  ((struct db_value){.type = DB_T_NULL})
#define DB_I64(v)  ((struct db_value){.type = DB_T_I64, .i = (v)})
#define DB_F64(v)  ((struct db_value){.type = DB_T_F64, .f = (v)})
#define DB_BOOL(v) ((struct db_value){.type = DB_T_BOOL, .i = (v) ? 1 : 0})
#define DB_TEXT(v) ((struct db_value){.type = DB_T_TEXT, .s = (v)})
#define DB_BLOB(v) ((struct db_value){.type = DB_T_BLOB, .s = (v)})
/* Text, or NULL when `is_null`. */
#define DB_TEXT_OR_NULL(v, is_null)                                                                \
    ((struct db_value){.type = (is_null) ? DB_T_NULL : DB_T_TEXT, .s = (v)})

/* Where the database is: what SQL_DSN, SQLITE_PATH, SQLITE_BUSY_TIMEOUT, SQL_MAX_OPEN_CONNS, ...
 * and the data folder say. */
struct db_conf {
    struct str dsn;          /* SQL_DSN; empty or "local...": SQLite; see dsn.h */
    struct str sqlite_path;  /* file; may carry ?_busy_timeout=5000 as the original writes it */
    int64_t busy_timeout_ms; /* how long another writer, or a free connection, is waited for */
    /* Servers only; 0: the default. */
    unsigned max_open_conns, max_idle_conns;
    int64_t conn_lifetime_ms;     /* SQL_CONN_MAX_LIFETIME, SQL_MAX_LIFETIME */
    int64_t statement_timeout_ms; /* a statement that takes longer is ended: ERR_UNAVAILABLE */
    /* Only to look: DB_READ, nothing is made or changed. The database may be read-only, and a file
     * that is not there is an empty database. */
    bool read_only;
};

/* Opens, checks that it can be read and written. The text names the cause: ERR_BAD_REQUEST for the
 * conf, ERR_UNAVAILABLE for a server that does not let us in, else ERR_DB. */
MUST_CHECK enum err_code db_open(const struct db_conf *conf, struct db **out, struct err *err);
void db_close(struct db *db); /* every connection must be released; NULL is allowed */
enum db_kind db_kind(const struct db *db);

/* Does the server answer? While it does not, db_acquire() refuses everybody at once. A file is
 * always up. */
struct db_health {
    bool up;
    int64_t since_s;                             /* Unix time; 0: of no interest */
    char error[sizeof((struct err *)NULL)->msg]; /* when it is down */
};
void db_health(struct db *db, struct db_health *out);

/* Waits for a connection of the kind. SQLite has one writing connection; the wait for it is bounded
 * by the busy time-out (ERR_UNAVAILABLE). */
MUST_CHECK enum err_code db_acquire(struct db *db, enum db_access access, struct db_conn **out,
                                    struct err *err);
void db_release(struct db_conn *c); /* rolls back an open transaction; NULL is allowed */
void db_releasep(struct db_conn **c);

/* Statement without rows; *changed (may be NULL) gets the number of rows that its WHERE matched.
 * Prepared statements are kept a connection. Bound text and blobs are borrowed for the call. */
#define db_exec(c, changed, err, sql, ...)                                                         \
    db_exec_values((c), (changed), (err), (sql), DB_ARRAY(__VA_ARGS__), DB_ARRAY_LEN(__VA_ARGS__))
/* INSERT into a table with an auto id; gives the new id. */
#define db_insert(c, id, err, sql, ...)                                                            \
    db_insert_values((c), (id), (err), (sql), DB_ARRAY(__VA_ARGS__), DB_ARRAY_LEN(__VA_ARGS__))
/* SELECT. Text and blob cells hold until the next db_next(); copy with str_dup() what must stay. */
#define db_query(c, a, rows, err, sql, ...)                                                        \
    db_query_values((c), (a), (rows), (err), (sql), DB_ARRAY(__VA_ARGS__),                         \
                    DB_ARRAY_LEN(__VA_ARGS__))
#define DB_ARRAY(...)     ((const struct db_value[]){__VA_ARGS__ __VA_OPT__(, ) DB_NULL()})
#define DB_ARRAY_LEN(...) (sizeof(DB_ARRAY(__VA_ARGS__)) / sizeof(struct db_value) - 1)

/* The three above as functions. A broken unique index is ERR_CONFLICT, a busy, full or unreachable
 * database ERR_UNAVAILABLE, everything else ERR_DB. */
MUST_CHECK enum err_code db_exec_values(struct db_conn *c, int64_t *changed, struct err *err,
                                        const char *sql, const struct db_value *values, size_t n);
MUST_CHECK enum err_code db_insert_values(struct db_conn *c, int64_t *id, struct err *err,
                                          const char *sql, const struct db_value *values, size_t n);
MUST_CHECK enum err_code db_query_values(struct db_conn *c, struct arena *a, struct db_rows **rows,
                                         struct err *err, const char *sql,
                                         const struct db_value *values, size_t n);

bool db_next(struct db_rows *rows); /* false: no more rows, or an error that db_end() tells */
bool db_is_null(const struct db_rows *rows, int col);
int64_t db_i64(const struct db_rows *rows,
               int col); /* NULL: 0; a REAL is rounded toward zero; text is read as a number */
double db_f64(const struct db_rows *rows, int col);
bool db_bool(const struct db_rows *rows, int col);
struct str db_text(const struct db_rows *rows,
                   int col); /* NULL: STR_NULL; char(n) padding removed */
MUST_CHECK enum err_code db_end(struct db_rows *rows, struct err *err); /* always, once */

MUST_CHECK enum err_code db_begin(struct db_conn *c, struct err *err);
MUST_CHECK enum err_code db_commit(struct db_conn *c, struct err *err);
void db_rollback(struct db_conn *c);

bool db_in_transaction(const struct db_conn *c);
/* Did the last transaction fail because it and another waited for each other, and one had to give
 * way? Nothing of it is left, and it may be begun again at once. Until the next db_begin(). */
bool db_gave_way(const struct db_conn *c);

/*
 * A transaction that joins the caller's when one is open: for functions of several statements.
 *
 *     struct db_tx tx;
 *     TRY(db_join(c, &tx, err));
 *     return db_join_end(&tx, several_statements(c, err), err);
 *
 * Who began it ends it: an error inside a joined one is the caller's to roll back.
 */
struct db_tx {
    struct db_conn *conn;
    bool mine;
};
MUST_CHECK enum err_code db_join(struct db_conn *c, struct db_tx *tx, struct err *err);
/* Commits when rc is ERR_OK, else rolls back (both only when it is ours); returns rc or the
 * commit's error. */
MUST_CHECK enum err_code db_join_end(struct db_tx *tx, enum err_code rc, struct err *err);

/*
 * INSERT, and where the key is there already an update of that row. The first `key_columns` columns
 * are the primary key (or a unique index) of the table; of the others the last `add_columns` are
 * added to, the rest are replaced.
 */
struct db_upsert {
    const char *table;
    const char *const *columns;
    size_t column_count, key_columns, add_columns;
};
/* `rows` rows of column_count values each, no two of the same key; at most 500 values in a call. */
MUST_CHECK enum err_code db_upsert_values(struct db_conn *c, const struct db_upsert *what,
                                          const struct db_value *values, size_t rows,
                                          struct err *err);

/*
 * Rows put into a table by whatever its database is quickest at: a statement for many of them, or
 * COPY. All of them or none: in the caller's transaction, or in one of its own.
 */
struct db_insert {
    const char *table;
    const char *const *columns; /* the others get their defaults */
    size_t column_count;
};
/* `rows` rows of column_count values each, any number of them. Errors as of db_exec_values(). */
MUST_CHECK enum err_code db_insert_rows(struct db_conn *c, const struct db_insert *what,
                                        const struct db_value *values, size_t rows,
                                        struct err *err);

/* Catalogue, for migrations: names of the columns / indexes of a table; none when it is not there.
 */
MUST_CHECK enum err_code db_list_columns(struct db_conn *c, struct arena *a, const char *table,
                                         struct str **names, size_t *n, struct err *err);
MUST_CHECK enum err_code db_list_indexes(struct db_conn *c, struct arena *a, const char *table,
                                         struct str **names, size_t *n, struct err *err);
enum db_kind db_conn_kind(const struct db_conn *c);
/* After rows with ids of their own were put into a table with an auto id: the ids given from now on
 * are greater. */
MUST_CHECK enum err_code db_follow_ids(struct db_conn *c, const char *table, struct err *err);

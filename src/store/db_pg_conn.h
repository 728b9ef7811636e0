/*
 * db_pg_conn - a connection to PostgreSQL: what its DSN says, login, the settings of its session,
 * and what its errors are to us. Only db_pg_*.c and db_postgres.c include this.
 *
 * A session is set up so that every server behaves alike whatever its configuration says: see
 * set_up() in the .c. One thread at a time, as the connection.
 */
#pragma once
#include "base/sb.h"
#include "store/db_cache.h"
#include "store/db_pool.h"
#include "store/dsn.h"

struct pg_conn;   /* the library's PGconn */
struct pg_result; /* the library's PGresult */

enum { DB_PG_SQL_LIMIT = 1 << 20 };

struct postgres_db {
    struct db base;
    struct arena arena; /* what follows, and the conf's texts */
    struct db_pool *pool;
    struct str where;               /* "PostgreSQL at db:5432/oneapi" */
    const char **names, **settings; /* of PQconnectdbParams, a NULL at their ends */
    struct dsn_postgres dsn;
    int64_t statement_timeout_ms, lock_timeout_ms;
    bool read_only;
};

/* The values of one statement as libpq takes them; memory is kept from one to the next. */
struct postgres_values {
    const char **texts;
    int *bytes, *formats;
    size_t cap;
    char *buffer;
    size_t buffer_cap;
};

struct postgres_conn {
    struct db_pool_conn pool;
    struct postgres_db *db;
    struct pg_conn *handle; /* NULL: not connected */
    struct sb sql;          /* the statement that is being made */
    /* Kept by db_pg_stmt.c. */
    struct db_cache statements;
    unsigned last_name;
    struct postgres_values values;
};

static inline struct postgres_conn *db_pg_conn_of(struct db_conn *c)
{
    return container_of(container_of(c, struct db_pool_conn, base), struct postgres_conn, pool);
}

/* Reads what db->names and the texts behind it are to hold. */
MUST_CHECK enum err_code db_pg_read_dsn(struct postgres_db *db, struct str dsn, struct err *err);

/* Connects and sets the session up; after an error, too, db_pg_disconnect() is due. */
MUST_CHECK enum err_code db_pg_connect(struct postgres_conn *c, struct err *err);
void db_pg_disconnect(struct postgres_conn *c);
/* Asks the server. */
bool db_pg_alive(struct postgres_conn *c);
/* Does the server say anything at all, be it that we may not come in? */
bool db_pg_answers(const struct postgres_db *db, struct err *err);

/* The connection broke under the statement, or the server says that it will not go on. */
MUST_CHECK enum err_code db_pg_lost(struct postgres_conn *c, struct err *err);
#define db_pg_lost(...) err_failure(db_pg_lost(__VA_ARGS__))
/* Takes the result: kept by the caller when it is good (PQclear), else freed here; notes when the
 * connection is broken. */
MUST_CHECK enum err_code db_pg_check(struct postgres_conn *c, struct pg_result *result,
                                     struct err *err);
/* The SQLSTATE of a result, empty when it is good. */
struct str db_pg_state(const struct pg_result *result);
/* A command of ours as it is; its result is thrown away. */
MUST_CHECK enum err_code db_pg_run(struct postgres_conn *c, const char *sql, struct err *err);

/*
 * db_mysql_conn - a connection to MySQL or MariaDB: login, TLS, the settings of its session, the
 * checks of a server that is opened, and statements that are sent as text. Only db_mysql*.c include
 * this.
 *
 * A session is set up so that every server behaves alike whatever its configuration says: see
 * set_up() in the .c. One thread at a time, as the connection.
 */
#pragma once
#include "store/db_cache.h"
#include "store/db_pool.h"
#include "store/dsn.h"

struct st_mysql; /* the library's MYSQL */

struct mysql_db {
    struct db base;
    struct db_pool *pool;
    struct arena arena; /* holds what dsn points to */
    struct dsn_mysql dsn;
    const char *where; /* "MySQL at host:3306/name" */
    int64_t statement_ms, lock_ms;
    bool read_only;
    /* Learnt when it was opened. */
    size_t packet_bytes;   /* max_allowed_packet */
    bool by_statement_log; /* a binary log of statements, which admits REPEATABLE READ only */
};

struct mysql_conn {
    struct db_pool_conn pool;
    struct mysql_db *db;
    struct st_mysql *handle;    /* NULL: not connected */
    struct db_cache statements; /* kept by db_mysql_stmt.c */
    bool fresh;                 /* nothing was run since it was taken from the pool */
};

static inline struct mysql_conn *db_mysql_conn_of(struct db_conn *c)
{
    return container_of(container_of(c, struct db_pool_conn, base), struct mysql_conn, pool);
}

/* Connects and sets the session up; the handle is NULL after an error. */
MUST_CHECK enum err_code db_mysql_connect(struct mysql_conn *c, struct err *err);
/* The statements must have been closed. */
void db_mysql_disconnect(struct mysql_conn *c);
/* Does the server say anything at all, be it that we may not come in? */
bool db_mysql_answers(const struct mysql_db *db, struct err *err);
/* What the handle says went wrong; notes when the connection is broken. */
MUST_CHECK enum err_code db_mysql_failed(struct mysql_conn *c, struct err *err);
#define db_mysql_failed(...) err_failure(db_mysql_failed(__VA_ARGS__))
/* Sends the text as it is and waits for its end, at most `wait_ms` (-1: as long as it takes); rows
 * are thrown away. */
MUST_CHECK enum err_code db_mysql_run(struct mysql_conn *c, struct str sql, int64_t wait_ms,
                                      struct err *err);
/* How long a statement's answer is waited for: what the server grants it, and some more. */
int64_t db_mysql_wait_ms(const struct mysql_db *db);
/* Version, character set, whether it can be written: ERR_DB names what is in the way. */
MUST_CHECK enum err_code db_mysql_check(struct mysql_conn *c, struct err *err);

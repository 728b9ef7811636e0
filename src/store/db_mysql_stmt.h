/*
 * db_mysql_stmt - statements on a connection to MySQL or MariaDB: those with values, and queries,
 * are prepared once and kept by their text; the others (DDL, mostly) are sent as text. Only
 * db_mysql*.c include this. One thread at a time, as the connection.
 */
#pragma once
#include "store/db_mysql_conn.h"

struct st_mysql_stmt; /* the library's MYSQL_STMT */

struct mysql_statement {
    struct db_cached base;
    struct st_mysql_stmt *handle;
};

/* One statement on its way: what is asked, and what came of it. */
struct mysql_call {
    const char *sql; /* in the common form */
    const struct db_value *values;
    size_t n;
    bool rows; /* it reads only, its rows are wanted */

    struct mysql_statement *stmt; /* executed, to be given back */
    uint64_t changed, id;
    unsigned number; /* of the failure; 0: not the server's */
    bool sent;       /* the server may have run it */
};

/* Runs it, again where that is right. What it holds is to be given back: db_mysql_call_end(). */
MUST_CHECK enum err_code db_mysql_execute(struct mysql_conn *c, struct mysql_call *call,
                                          struct err *err);
void db_mysql_call_end(struct mysql_call *call);
/* What the statement's handle says went wrong; notes when the connection is broken. */
MUST_CHECK enum err_code db_mysql_stmt_failed(struct mysql_conn *c, struct st_mysql_stmt *handle,
                                              struct mysql_call *call, struct err *err);
#define db_mysql_stmt_failed(...) err_failure(db_mysql_stmt_failed(__VA_ARGS__))
/* The server has rolled the transaction back: what would still be sent stood by itself. */
MUST_CHECK enum err_code db_mysql_gave_way(struct err *err);
#define db_mysql_gave_way(...) err_failure(db_mysql_gave_way(__VA_ARGS__))
void db_mysql_drop_statements(struct mysql_conn *c);

/*
 * db_pg_stmt - statements on a connection to PostgreSQL: prepared once and kept by their text, with
 * their values as texts; and those that are run once. Only the driver includes this.
 *
 * A result that comes back is the caller's (PQclear). One thread at a time, as the connection.
 */
#pragma once
#include "store/db_pg_conn.h"

void db_pg_statements_init(struct postgres_conn *c);
/* Frees what is kept here; the server forgets it with the connection. */
void db_pg_statements_fini(struct postgres_conn *c);

/* With `n` values for as many parameters. A statement by itself that has become stale is prepared
 * again; a transaction is over by the error, and whoever begins it again will find the statement
 * prepared anew. */
MUST_CHECK enum err_code db_pg_run_prepared(struct postgres_conn *c, struct str sql,
                                            const struct db_value *values, size_t n,
                                            struct pg_result **out, struct err *err);
/* Once: DDL, and what else has no parameters. */
MUST_CHECK enum err_code db_pg_run_once(struct postgres_conn *c, struct str sql,
                                        struct pg_result **out, struct err *err);

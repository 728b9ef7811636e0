/*
 * db_sql - statements in the common form (db.h) as one kind of database spells them: names in
 * double quotes get MySQL's backticks, `?` becomes PostgreSQL's $1, $2, ..., and LIKE becomes
 * PostgreSQL's ILIKE, so that a search knows no case on any of them. What stands between single
 * quotes is left alone. Pure.
 */
#pragma once
#include "base/sb.h"
#include "store/db.h"

/* Appends the statement, with a NUL behind it. *parameters (may be NULL): how many `?` there are.
 */
void db_sql_write(struct sb *out, enum db_kind kind, struct str sql, size_t *parameters);

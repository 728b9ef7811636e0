/*
 * db_pg_text - values as PostgreSQL reads them: the text of a parameter, and a row of COPY in its
 * text form. Only the driver includes this. Pure.
 *
 * The server takes well-formed UTF-8 without NUL only. A byte that it would refuse becomes a
 * question mark, as in the ledger: a stranger's odd byte must not fail a whole batch.
 */
#pragma once
#include "base/sb.h"
#include "store/db.h"

/* Bytes that the parameter needs, its NUL included. */
size_t pg_text_room(const struct db_value *v);
/* Writes it, a blob as its bytes; returns the bytes taken. NULL is nothing at all. */
size_t pg_text_write(char *to, const struct db_value *v);

/* One line of COPY FROM STDIN; a blob is written for a bytea column. */
void pg_copy_row(struct sb *to, const struct db_value *row, size_t columns);

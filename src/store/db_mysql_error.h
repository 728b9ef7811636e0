/*
 * db_mysql_error - what MySQL, MariaDB and their client library report, by number, as one of our
 * errors. Pure.
 */
#pragma once
#include "base/err.h"

/* A failure as the library tells it; numbers from 2000 to 2999 are the library's own. */
struct mysql_failure {
    unsigned number;
    const char *state; /* SQLSTATE */
    const char *text;
};

/*
 * Sets the error. Its text never holds a value of a row: a server quotes them in the texts of
 * conflicts and of values that it cannot take. *broken becomes true when the connection cannot be
 * used any more, else it is left as it is.
 */
MUST_CHECK enum err_code mysql_failed(const struct mysql_failure *f, bool *broken, struct err *err);

/* The library's word for a server that is not there, or says nothing (whole). */
bool mysql_is_silence(unsigned number);
/* The transaction that the statement was alone in was rolled back to let another one go on, so
 * trying again at once is right. */
bool mysql_is_deadlock(unsigned number);
/* The server has forgotten the prepared statement, or cannot use it any more: prepare it again. */
bool mysql_is_stale(unsigned number);
/* A query was run, but the table has other columns now than when its rows were read the last time:
 * the library cannot go on with the connection. */
bool mysql_is_other_columns(unsigned number);
/* The server keeps as many prepared statements, of all clients together, as it may. */
bool mysql_is_too_many_statements(unsigned number);

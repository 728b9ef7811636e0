/*
 * db_pg_error - what PostgreSQL says went wrong, by its SQLSTATE, as one of our errors. Pure.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/* A failure as the server tells it. */
struct pg_failure {
    struct str state;                              /* SQLSTATE */
    struct str text;                               /* its primary message */
    struct str where;                              /* what we are joined to, for the error's text */
    int64_t statement_timeout_ms, lock_timeout_ms; /* what the session had */
};

/* Sets the error. Its text never holds a value of a row. */
MUST_CHECK enum err_code pg_failed(const struct pg_failure *f, struct err *err);
#define pg_failed(...) err_failure(pg_failed(__VA_ARGS__))

/* The text up to its first line's end, without what stands in double quotes when `unquoted`: there
 * the server quotes what it was given. In the arena. */
struct str pg_first_line(struct arena *a, struct str text, bool unquoted);
/* The connection is of no use any more. */
bool pg_is_lost(struct str state);
/* The transaction had to give way to another one; begun again it may well pass. */
bool pg_is_giving_way(struct str state);
/* A column that a prepared statement reads has another type now (cached plan must not change result
 * type), or the server has forgotten the statement: prepare it again. */
bool pg_is_stale(struct str state);
/* A setting that the server does not know. */
bool pg_is_unknown_setting(struct str state);

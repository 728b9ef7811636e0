/*
 * migrate_table - one table brought forward: made when it is missing, else its missing columns and
 * indexes, and columns that are too narrow. Only migrate*.c include this.
 */
#pragma once
#include "base/sb.h"
#include "store/schema.h"

struct migration {
    struct db_conn *conn;
    struct arena *arena;
    struct sb sql;   /* the statement that is being built */
    bool plan;       /* nothing is changed */
    struct sb *said; /* may be NULL; see migrate.h */
    bool abilities_due;
    unsigned tables, columns, indexes, widened;
};

/* Every step finds out itself what is left to do, so it may be repeated. */
MUST_CHECK enum err_code migrate_table(struct migration *m, const struct schema_table *t,
                                       struct err *err);
/* ... only its columns that must hold more than they can. */
MUST_CHECK enum err_code migrate_widen(struct migration *m, const struct schema_table *t,
                                       struct err *err);

/* Runs m->sql, or in a plan only says it. */
MUST_CHECK enum err_code migrate_sql(struct migration *m, struct err *err);
/* The same for what may fail without an end to the whole: the transaction goes on. */
MUST_CHECK enum err_code migrate_try_sql(struct migration *m, struct err *err);
/* A line of `said`. */
void migrate_remark(struct migration *m, const char *format, ...) PRINTF_LIKE(2, 3);
/* `column` NULL: is the table there? */
MUST_CHECK enum err_code migrate_has(struct migration *m, const char *table, const char *column,
                                     bool *has, struct err *err);
/* Names know no case, as in the databases. */
bool migrate_listed(const struct str *names, size_t n, const char *name);
/* What is done where abilities get columns or a table: they are computed anew at the end. */
MUST_CHECK enum err_code migrate_abilities_due(struct migration *m, struct err *err);

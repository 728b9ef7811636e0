/*
 * db_driver - what one kind of database must be able to do; only db.c and the drivers include this.
 *
 * A driver's own structs begin with the three below, so that the common part reaches them. A driver
 * stops what its library reports and turns it into one of ours:
 *   ERR_CONFLICT     a unique index or primary key would be broken
 *   ERR_UNAVAILABLE  busy or away, disk full: trying again later may help
 *   ERR_DB           everything else
 * `changed` counts the rows that the WHERE matched, also those that held the values already (MySQL:
 * CLIENT_FOUND_ROWS). Bound values are borrowed until the call returns; a query copies them.
 */
#pragma once
#include "store/db.h"

struct db_driver {
    enum db_kind kind;
    void (*close)(struct db *db);
    enum err_code (*acquire)(struct db *db, enum db_access access, struct db_conn **out,
                             struct err *err);
    void (*release)(struct db_conn *c);
    enum err_code (*exec)(struct db_conn *c, int64_t *changed, struct err *err, const char *sql,
                          const struct db_value *values, size_t n);
    enum err_code (*insert)(struct db_conn *c, int64_t *id, struct err *err, const char *sql,
                            const struct db_value *values, size_t n);
    enum err_code (*query)(struct db_conn *c, struct arena *a, struct db_rows **rows,
                           struct err *err, const char *sql, const struct db_value *values,
                           size_t n);
    bool (*next)(struct db_rows *rows);
    bool (*is_null)(const struct db_rows *rows, int col);
    int64_t (*i64)(const struct db_rows *rows, int col);
    double (*f64)(const struct db_rows *rows, int col);
    bool (*boolean)(const struct db_rows *rows, int col);
    struct str (*text)(const struct db_rows *rows, int col);
    enum err_code (*end)(struct db_rows *rows, struct err *err);
    /* db_insert_rows(), in a transaction; NULL: statements of many rows are the quickest. */
    enum err_code (*insert_rows)(struct db_conn *c, const struct db_insert *what,
                                 const struct db_value *values, size_t rows, struct err *err);
    enum err_code (*begin)(struct db_conn *c, struct err *err);
    enum err_code (*commit)(struct db_conn *c, struct err *err);
    void (*rollback)(struct db_conn *c);
    /* Names of a table's columns / indexes; none when there is no such table. */
    enum err_code (*columns)(struct db_conn *c, struct arena *a, const char *table,
                             struct str **names, size_t *n, struct err *err);
    enum err_code (*indexes)(struct db_conn *c, struct arena *a, const char *table,
                             struct str **names, size_t *n, struct err *err);
    /* db_follow_ids(); NULL where the database sees to it itself. */
    enum err_code (*follow_ids)(struct db_conn *c, const char *table, struct err *err);
    /* db_health(); NULL: always up. */
    void (*health)(struct db *db, struct db_health *out);
};

struct db {
    const struct db_driver *driver;
};

struct db_conn {
    const struct db_driver *driver;
    enum db_access access;
    bool in_transaction; /* kept by db.c */
    bool gave_way;       /* set by the driver in a deadlock that ended the transaction */
};

struct db_rows {
    struct db_conn *conn;
};

/* What db_open() calls by the kind of conf->dsn. Each says what is wrong, without a password. */
MUST_CHECK enum err_code db_sqlite_open(const struct db_conf *conf, struct db **out,
                                        struct err *err);
MUST_CHECK enum err_code db_mysql_open(const struct db_conf *conf, struct db **out,
                                       struct err *err);
MUST_CHECK enum err_code db_postgres_open(const struct db_conf *conf, struct db **out,
                                          struct err *err);

/* For `columns` and `indexes`: the first column of a query whose one parameter is the table. */
MUST_CHECK enum err_code db_list_names(struct db_conn *c, struct arena *a, const char *sql,
                                       const char *table, struct str **names, size_t *n,
                                       struct err *err);

/*
 * dsn - where a database is, as SQL_DSN and LOG_SQL_DSN say it (database reference 0.5).
 *
 * Forms: empty or "local...": SQLite; "postgres://user:pass@host:port/db?sslmode=require",
 * "postgresql://...", "host=... user=... dbname=...": PostgreSQL, whose own library reads them;
 * everything else is MySQL's in the form of Go's driver,
 * "user:pass@tcp(host:port)/db?charset=utf8mb4&parseTime=True&tls=true", with
 * "unix(/path)" in the place of "tcp(...)". Pure.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "store/db.h"

/* What a MySQL DSN says; slices of the text or of the arena. */
struct dsn_mysql {
    struct str user;
    struct secret password;
    struct str host;   /* TCP; empty: `socket` */
    unsigned port;     /* 3306 when not said */
    struct str socket; /* unix(...) */
    struct str database;
    struct str charset; /* utf8mb4 when not said */
    bool tls;           /* tls=true, skip-verify or preferred */
    bool tls_verify;    /* false: tls=skip-verify or preferred */
    bool tls_optional;  /* tls=preferred: without it where the server has none */
    int64_t connect_timeout_ms, read_timeout_ms, write_timeout_ms; /* 0: not said */
};

enum db_kind dsn_kind(struct str dsn);
/* ERR_BAD_REQUEST says which part is wrong, never quoting the password. */
MUST_CHECK enum err_code dsn_read_mysql(struct arena *a, struct str dsn, struct dsn_mysql *out,
                                        struct err *err);

/* A PostgreSQL DSN, for libpq; texts end in NUL. */
struct dsn_setting {
    struct str name, value;
};
struct dsn_postgres {
    struct str libpq;             /* the DSN without what libpq does not know */
    struct dsn_setting *settings; /* which is this: TimeZone=, search_path=, ... */
    size_t setting_count;
};
/* Go's driver hands a parameter that it does not know on to the server; libpq refuses it. `known`
 * tells libpq's own. What is malformed is left to libpq to complain about. */
void dsn_read_postgres(struct arena *a, struct str dsn, bool (*known)(struct str name),
                       struct dsn_postgres *out);

/* "MySQL at db.example.com:3306/oneapi", "PostgreSQL at ...", "SQLite": for logs and errors,
 * without user and password. */
struct str dsn_describe(struct arena *a, struct str dsn);

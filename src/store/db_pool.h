/*
 * db_pool - the connections of a database server: how many are open, which are idle, how old one
 * may become. For the drivers of servers; SQLite has its own rules.
 *
 * A connection that is broken (`broken` set by the driver on an error that says so) or older than
 * its life is closed when it comes back. One that was idle for `check_ms`, or whose
 * socket has something to read, is checked before it is given out, and replaced when the server has
 * closed it, so a restart of the server costs nobody an error. Threads: any.
 */
#pragma once
#include "base/list.h"
#include "store/db_driver.h"
#include "store/db_watch.h"

struct db_pool;

struct db_pool_conn { /* the first member of a driver's connection */
    struct db_conn base;
    struct list idle;
    struct db_watched watched;  /* while it is out */
    int64_t opened_ms, used_ms; /* monotonic; kept by the pool */
    int socket;                 /* set by `open`, later by db_pool_socket(); -1: unknown */
    bool broken;                /* set by the driver: not to be used again */
};

struct db_pool_ops {
    /* Opens a connection to the server. May block. */
    enum err_code (*open)(void *ctx, struct db_pool_conn **out, struct err *err);
    void (*close)(struct db_pool_conn *c);
    bool (*alive)(struct db_pool_conn *c); /* asks the server */
    /* Does the server say anything, to somebody who comes anew? db_watch.h; NULL: it is not
     * watched. */
    bool (*answers)(void *ctx, struct err *err);
};

struct db_pool_conf {
    unsigned max_open, max_idle;
    int64_t lifetime_ms; /* 0: for ever */
    int64_t check_ms;
    int64_t wait_ms; /* for a free connection: then ERR_UNAVAILABLE */
};

/* As the conf of a database says; what it leaves at 0 is as the original has it (1000 open, 100
 * idle), a wait of 5 s, and a life without end. */
struct db_pool_conf db_pool_conf_of(const struct db_conf *conf);

/* max_open is at least 1; ops and ctx live as long as the pool. Opens nothing. */
struct db_pool *db_pool_new(const struct db_pool_conf *conf, const struct db_pool_ops *ops,
                            void *ctx);
void db_pool_free(struct db_pool *p); /* every connection must have come back; NULL is allowed */
MUST_CHECK enum err_code db_pool_take(struct db_pool *p, struct db_pool_conn **out,
                                      struct err *err);
void db_pool_give(struct db_pool *p, struct db_pool_conn *c);
/* The connection, which is out, gets another socket; -1 before the old one is closed. */
void db_pool_socket(struct db_pool *p, struct db_pool_conn *c, int socket);
/* ERR_UNAVAILABLE while the server does not answer; does not block. */
MUST_CHECK enum err_code db_pool_check(struct db_pool *p, struct err *err);
void db_pool_health(struct db_pool *p, struct db_health *out);

/*
 * db_watch - notices that a database server does not answer any more, so that nobody waits for it.
 *
 * A server that hangs keeps its connections open: a statement on one of them would be waited for as
 * long as a statement may take, and with it one of the few threads that everybody's blocking work
 * runs on. So a thread of the watch looks at who is waiting. When one has waited for long, or a
 * connection could not be opened, it asks the server on a connection of its own. A server that says
 * anything at all is up, only slow. One that does not is down: the connections that are waited on
 * are shut down (what is read from them fails at once), and db_watch_check() refuses everybody
 * until the server, asked again and again, answers. Both moments are told in the log, once
 * (db.down, db.back).
 *
 * Threads: any.
 */
#pragma once
#include "base/err.h"
#include "base/list.h"
#include "store/db.h"

struct db_watch;

struct db_watch_conf {
    /* Does the server say anything? Bounded in time; blocks. `err` tells why not. */
    bool (*answers)(void *ctx, struct err *err);
    void *ctx;
    int64_t slow_ms;  /* who has waited for so long is a reason to ask */
    int64_t look_ms;  /* between two looks at who waits */
    int64_t again_ms; /* between two questions */
};

/* Somebody who waits, or may: embedded in what he waits with. */
struct db_watched {
    struct list link;
    int64_t since_ms;
    int socket; /* to be shut down; -1: none */
};

struct db_watch *db_watch_new(const struct db_watch_conf *conf);
void db_watch_free(struct db_watch *w); /* nobody waits any more; NULL is allowed */
/* From now on the server is known to have answered once: before, nothing is watched or told. */
void db_watch_begin(struct db_watch *w);

void db_watch_out(struct db_watch *w, struct db_watched *who, int socket);
void db_watch_in(struct db_watch *w, struct db_watched *who);
/* The connection gets another socket, or none before the old one is closed. */
void db_watch_socket(struct db_watch *w, struct db_watched *who, int socket);
/* A connection could not be opened: the server is asked at once. */
void db_watch_suspect(struct db_watch *w);

/* ERR_UNAVAILABLE while the server is down; does not block. */
MUST_CHECK enum err_code db_watch_check(struct db_watch *w, struct err *err);
void db_watch_health(struct db_watch *w, struct db_health *out);

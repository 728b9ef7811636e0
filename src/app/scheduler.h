/*
 * scheduler - the thread that does what is to be done from time to time: reading again what others
 * change, the node's heart-beat, and the jobs that run on one node at a time.
 *
 * When a job ran last is kept in the database, so that its period goes on where it stood when
 * another node takes it over, or the program is started again.
 */
#pragma once
#include "app/node.h"
#include "app/sync.h"

struct scheduler;

struct scheduler_job {
    int64_t period_s; /* 0: never */
    /* Begins it; does not wait for its end. It looks with node_holds() whether it may go on. */
    void (*run)(void *ctx);
};

struct scheduler_conf {
    struct db *db;
    struct node *node;
    struct sync *sync;
    int64_t sync_s; /* SYNC_FREQUENCY */
    bool
        known_to_share; /* other nodes are expected (Redis): credentials count as changed by them */
    struct scheduler_job jobs[NODE_JOBS];
    void *ctx;
};

MUST_CHECK enum err_code scheduler_start(const struct scheduler_conf *conf, struct scheduler **out,
                                         struct err *err);
/* Waits for what it is at. NULL is allowed. */
void scheduler_stop(struct scheduler *s);

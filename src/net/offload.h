/*
 * offload - bounded pool of threads for calls that block: SQL, password hashing, libcurl, DNS.
 */
#pragma once
#include "base/err.h"
#include "net/loop.h"

struct offload;

struct offload_job { /* embedded in the owner's struct; belongs to the pool from submit until done()
                        is called */
    struct loop_msg msg;
    struct offload_job *next;
    struct loop *loop; /* where done() runs; NULL: done() runs on the pool thread, after work() */
    void (*work)(struct offload_job *job); /* pool thread */
    void (*done)(struct offload_job *job); /* loop thread; may be NULL */
};

MUST_CHECK enum err_code offload_new(unsigned threads, unsigned queue_limit, struct offload **out,
                                     struct err *err);
/* Lets queued jobs finish (their done() too, where the loop still runs), ends the threads. What is
 * submitted from now on is refused. Before the loops end, because a job may lie in a request's
 * memory, which ends with its loop. */
void offload_stop(struct offload *o);
/* Stops it if that was not done. NULL is allowed. */
void offload_free(struct offload *o);
/* ERR_UNAVAILABLE when the queue is full or the pool has stopped: the job was not taken. Any
 * thread. */
MUST_CHECK enum err_code offload_submit(struct offload *o, struct offload_job *job,
                                        struct err *err);

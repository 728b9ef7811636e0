/*
 * redis - the client of a loop: one connection on which calls follow each other without waiting
 * for replies, scripts, and a way in for other threads. redis_sub.h has publish/subscribe.
 *
 * When the connection is away calls fail at once with ERR_UNAVAILABLE (while it is being made for
 * the first time, or anew after it was up for a while, they wait for that one attempt), so that the
 * caller can go on without Redis. A call whose reply takes too long fails in the same way; after
 * one that was `sent` nobody knows whether the server has carried it out.
 *
 * Threads: the loop's, but for redis_post(), redis_ask() and redis_status(). No password is ever
 * logged or part of an error.
 */
#pragma once
#include "cache/redis_link.h"

struct redis;

/* A script and its SHA-1; fill it with redis_script_init(), keep it as long as clients may use it.
 * The server gets the text only when it does not know the script (yet, or any more). */
struct redis_script {
    struct str source;
    char sha[41];
};
void redis_script_init(struct redis_script *s, struct str source);

struct redis_command {                 /* borrowed during the call it is given to */
    const struct redis_script *script; /* NULL: argv is the command itself */
    size_t keys;                       /* with a script: so many of argv are keys, the rest ARGV */
    const struct str *argv;
    size_t argc;
};

enum { REDIS_REQUEST_MS = 500 }; /* how long a client's request waits for what Redis says */

/* Memory of the caller, zeroed but for `done` and `timeout_ms`; belongs to the client until `done`
 * is called or redis_cancel(). It may be used again from inside `done` on. */
struct redis_call {
    /* Once, on the loop, never inside redis_start(). `reply` holds during the call; NULL: `err`
     * says why. A reply that is an error comes as `err`: ERR_UNAVAILABLE when the server cannot
     * serve now (it loads, is a replica, is out of memory), otherwise ERR_INTERNAL. Errors inside
     * of arrays stay values. */
    void (*done)(struct redis_call *call, const struct redis_value *reply, const struct err *err);
    uint64_t timeout_ms; /* 0: the client's */
    bool sent;           /* the command may have reached the server */
    struct {             /* the client's */
        struct redis *redis;
        struct list link;
        struct loop_timer timer;
        const struct redis_script *script;
        struct str args; /* as sent, without what names the command or script; NULL: not kept */
        size_t argc;
        const char *why;
        enum err_code code;
        uint64_t seq, started_us, sent_ms;
        bool active, whole; /* whole: the script's text is sent, too */
    } own;
};

/* Lives as long as the loop, whose end answers what is under way with ERR_UNAVAILABLE; from then on
 * only what other threads may call is allowed, and redis_free(). */
struct redis *redis_new(const struct redis_settings *settings);
/* After loop_run() has returned, before loop_free(); no other thread is inside a function of it any
 * more. NULL is allowed. */
void redis_free(struct redis *r);

void redis_start(struct redis *r, const struct redis_command *cmd, struct redis_call *call);
/* No `done` comes any more; what was sent may still be carried out. Also when it is idle. */
void redis_cancel(struct redis_call *call);

static inline void redis_call(struct redis *r, const struct str *argv, size_t argc,
                              struct redis_call *call)
{
    const struct redis_command cmd = {.argv = argv, .argc = argc};

    redis_start(r, &cmd, call);
}

/* As redis_start(), from any thread; `done` comes on the loop. ERR_UNAVAILABLE: the client has
 * ended, the call was not taken. */
MUST_CHECK enum err_code redis_post(struct redis *r, const struct redis_command *cmd,
                                    struct redis_call *call, struct err *err);
/* Waits for the reply, which is copied into the arena; any thread but a loop's. `timeout_ms` 0: the
 * client's. Errors are those of `done`. `sent` (may be NULL): see redis_call. */
MUST_CHECK enum err_code redis_ask(struct redis *r, const struct redis_command *cmd,
                                   uint64_t timeout_ms, struct arena *a, struct redis_value *reply,
                                   bool *sent, struct err *err);

/* The number of the connection in use, 1 being the first; 0: there is none now. A call that is
 * started while it is not 0 goes out on this connection or fails. Loop thread. */
uint64_t redis_connection(const struct redis *r);

struct redis_status {
    bool up;
    int64_t since_s;      /* unix time since when it is so */
    char server[272];     /* "host:port" in use, or tried last */
    char last_error[200]; /* why it is, or was last, not up; "" if it always was */
    uint64_t connections; /* how often it has come up */
    uint64_t calls;       /* answered or failed so far */
    uint64_t failed;      /* of those: ERR_UNAVAILABLE */
    size_t under_way;     /* calls that wait for an answer */
};
void redis_status(struct redis *r, struct redis_status *out); /* any thread */

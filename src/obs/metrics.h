/*
 * metrics - what the program counts, and its text for Prometheus.
 *
 * Which metrics there are is one table in metrics.c. Counting is an add without order to a cell
 * that few threads share; any thread. Each function does nothing when `m` is NULL. A label is one
 * of a fixed few: nothing that a user or an operator has chosen (a model, a channel, an address) is
 * ever one.
 */
#pragma once
#include "base/err.h"
#include "base/sb.h"

struct metrics;

enum metric {
    METRIC_REQUESTS,          /* counter; by mode and status class: metrics_request() */
    METRIC_REQUEST_TIME,      /* histogram, microseconds; by mode: metrics_request() */
    METRIC_FIRST_BYTE_TIME,   /* histogram, microseconds: request read to first byte of the reply */
    METRIC_ATTEMPTS,          /* counter; by outcome: metrics_attempt() */
    METRIC_TOKENS,            /* counter; by enum metric_tokens */
    METRIC_QUOTA,             /* counter, points charged */
    METRIC_OPEN_STREAMS,      /* gauge, +1 and -1 */
    METRIC_JOURNAL_LAG,       /* gauge, seconds that the oldest unapplied record waits; set */
    METRIC_LEDGER_BATCH,      /* histogram, records in a batch */
    METRIC_DB_ERRORS,         /* counter */
    METRIC_REDIS_CALLS,       /* counter; by enum metric_redis */
    METRIC_REDIS_CALL_TIME,   /* histogram, microseconds; of calls that were answered */
    METRIC_REDIS_CONNECTIONS, /* gauge, +1 and -1: connections that are up */
    METRIC_COUNT
};

/* The first three are those of the relay's modes, in their order. */
enum metric_mode {
    METRIC_MODE_CHAT,
    METRIC_MODE_COMPLETIONS,
    METRIC_MODE_EMBEDDINGS,
    METRIC_MODE_OTHER, /* other relay calls, such as the list of models */
    METRIC_MODE_MANAGE
};

enum metric_tokens {
    METRIC_TOKENS_PROMPT, /* cached ones included */
    METRIC_TOKENS_CACHED,
    METRIC_TOKENS_COMPLETION
};

enum metric_redis {
    METRIC_REDIS_OK,
    METRIC_REDIS_REFUSED,    /* the server answered with an error */
    METRIC_REDIS_UNAVAILABLE /* no connection, or no answer in time */
};

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/* `label` is 0 for a metric without labels. `n` below zero is for gauges only. */
void metrics_add(struct metrics *m, enum metric id, unsigned label, int64_t n);
/* A gauge is either set, or moved by metrics_add(); not both. */
void metrics_set(struct metrics *m, enum metric id, int64_t value);
/* One value of a histogram, in the unit that the enum names. */
void metrics_observe(struct metrics *m, enum metric id, unsigned label, int64_t value);

/* A finished request: `status` 100 to 599, time from its first byte to the end of the reply. */
void metrics_request(struct metrics *m, enum metric_mode mode, int status, int64_t elapsed_us);
/* A finished call of an upstream: ERR_OK, or why it failed. */
void metrics_attempt(struct metrics *m, enum err_code code);

/* Sum over all threads; of a histogram the number of values. What other threads add meanwhile may
 * or may not be seen. */
int64_t metrics_read(const struct metrics *m, enum metric id, unsigned label);
/* Adds the text. Source: Prometheus, "Exposition formats", text format 0.0.4 (read 2026-11-23). */
void metrics_render(const struct metrics *m, struct sb *out);

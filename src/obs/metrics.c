/*
 * Cells of all metrics lie in one row of numbers, and there are SHARDS such rows: a thread adds to
 * one of them, so that loops do not pull one cache line back and forth. Reading sums the rows.
 */
#include "obs/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "base/mem.h"

enum { SHARDS = 8, LINE_CELLS = 8, MICRO = 1000000 };
enum kind { COUNTER, GAUGE, HISTOGRAM };

struct label {
    const char *name;          /* NULL: none */
    const char *const *values; /* ends with NULL */
};

static const char *const modes[] = {"chat", "completions", "embeddings", "other", "manage", NULL};
static const char *const statuses[] = {"1xx", "2xx", "3xx", "4xx", "5xx", NULL};
static const char *const kinds_of_tokens[] = {"prompt", "cached", "completion", NULL};
static const char *const outcomes[] = {"ok",      "channel",     "connect", "tls",
                                       "status",  "body",        "empty",   "cut",
                                       "timeout", "client_gone", "other",   NULL};
static const char *const redis_outcomes[] = {"ok", "refused", "unavailable", NULL};
/* The codes of `outcomes` but the last. */
static const enum err_code outcome_codes[] = {ERR_OK,
                                              ERR_CHANNEL,
                                              ERR_CONNECT,
                                              ERR_TLS,
                                              ERR_UPSTREAM_STATUS,
                                              ERR_UPSTREAM_BODY,
                                              ERR_UPSTREAM_EMPTY,
                                              ERR_UPSTREAM_CUT,
                                              ERR_UPSTREAM_TIMEOUT,
                                              ERR_CLIENT_GONE};

static_assert(ARRAY_LEN(outcomes) == ARRAY_LEN(outcome_codes) + 2, "one name each, other, NULL");

/* Upper bounds, ending with 0. */
static const int64_t time_bounds[] = {1000,     2500,     5000,     10000,     25000,   50000,
                                      100000,   250000,   500000,   1000000,   2500000, 5000000,
                                      10000000, 30000000, 60000000, 300000000, 0};
static const int64_t redis_time_bounds[] = {100,   250,    500,    1000,   2500,    5000, 10000,
                                            25000, 100000, 250000, 500000, 1000000, 0};
static const int64_t batch_bounds[] = {1, 10, 50, 100, 500, 1000, 5000, 10000, 0};

/* A column each: name, text of HELP, kind, labels (the second one counts fastest), bounds of a
 * histogram, and how many of our units make one of the name's. */
static const struct spec {
    const char *name, *help;
    enum kind kind;
    struct label labels[2];
    const int64_t *bounds;
    int64_t scale;
} specs[METRIC_COUNT] = {
    [METRIC_REQUESTS] = {"yourapi_requests_total",
                         "Finished requests.",
                         COUNTER,
                         {{"mode", modes}, {"status", statuses}},
                         NULL,
                         1},
    [METRIC_REQUEST_TIME] = {"yourapi_request_seconds",
                             "Time from the first byte of a request to the end of its reply.",
                             HISTOGRAM,
                             {{"mode", modes}},
                             time_bounds,
                             MICRO},
    [METRIC_FIRST_BYTE_TIME] = {"yourapi_first_byte_seconds",
                                "Time from a relayed request to the first byte of its reply.",
                                HISTOGRAM,
                                {{NULL, NULL}},
                                time_bounds,
                                MICRO},
    [METRIC_ATTEMPTS] = {"yourapi_upstream_attempts_total",
                         "Finished calls of upstreams.",
                         COUNTER,
                         {{"outcome", outcomes}},
                         NULL,
                         1},
    [METRIC_TOKENS] = {"yourapi_tokens_total",
                       "Tokens of settled calls; cached ones are prompt tokens as well.",
                       COUNTER,
                       {{"kind", kinds_of_tokens}},
                       NULL,
                       1},
    [METRIC_QUOTA] =
        {"yourapi_quota_points_total", "Points charged.", COUNTER, {{NULL, NULL}}, NULL, 1},
    [METRIC_OPEN_STREAMS] =
        {"yourapi_open_streams", "Streamed replies under way.", GAUGE, {{NULL, NULL}}, NULL, 1},
    [METRIC_JOURNAL_LAG] = {"yourapi_journal_lag_seconds",
                            "Age of the oldest usage record that is not in the database yet.",
                            GAUGE,
                            {{NULL, NULL}},
                            NULL,
                            1},
    [METRIC_LEDGER_BATCH] = {"yourapi_ledger_batch_records",
                             "Usage records committed in one transaction.",
                             HISTOGRAM,
                             {{NULL, NULL}},
                             batch_bounds,
                             1},
    [METRIC_DB_ERRORS] =
        {"yourapi_db_errors_total", "Failed database calls.", COUNTER, {{NULL, NULL}}, NULL, 1},
    [METRIC_REDIS_CALLS] = {"yourapi_redis_calls_total",
                            "Finished calls of Redis.",
                            COUNTER,
                            {{"outcome", redis_outcomes}},
                            NULL,
                            1},
    [METRIC_REDIS_CALL_TIME] = {"yourapi_redis_call_seconds",
                                "Time from a call of Redis to its reply.",
                                HISTOGRAM,
                                {{NULL, NULL}},
                                redis_time_bounds,
                                MICRO},
    [METRIC_REDIS_CONNECTIONS] = {"yourapi_redis_connections",
                                  "Connections to Redis that are up.",
                                  GAUGE,
                                  {{NULL, NULL}},
                                  NULL,
                                  1},
};

struct metrics {
    size_t first[METRIC_COUNT]; /* a metric's first cell */
    size_t cells;               /* of a shard, whole cache lines */
    _Atomic(int64_t) *cell;     /* SHARDS rows */
};

static unsigned label_count(const struct label *label)
{
    unsigned n = 0;

    while (label->name && label->values[n])
        n++;
    return n ? n : 1;
}

static unsigned series_count(const struct spec *spec)
{
    return label_count(&spec->labels[0]) * label_count(&spec->labels[1]);
}

static unsigned bound_count(const struct spec *spec)
{
    unsigned n = 0;

    while (spec->bounds && spec->bounds[n] > 0)
        n++;
    return n;
}

/* A histogram has a cell for each bound, one for what is above, and the sum. */
static unsigned series_cells(const struct spec *spec)
{
    return spec->kind == HISTOGRAM ? bound_count(spec) + 2 : 1;
}

struct metrics *metrics_new(void)
{
    struct metrics *m = mem_new(struct metrics);

    for (unsigned id = 0; id < METRIC_COUNT; id++) {
        m->first[id] = m->cells;
        m->cells += (size_t)series_count(&specs[id]) * series_cells(&specs[id]);
    }
    m->cells = (m->cells + LINE_CELLS - 1) / LINE_CELLS * LINE_CELLS;
    m->cell = mem_zalloc(m->cells * SHARDS * sizeof *m->cell);
    return m;
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    mem_free((void *)m->cell);
    mem_free(m);
}

/* The row of the calling thread: threads are dealt out in the order in which they first count. */
static size_t my_shard(void)
{
    static atomic_uint dealt;
    static _Thread_local unsigned mine; /* plus one; 0: none yet */

    if (UNLIKELY(mine == 0))
        mine = atomic_fetch_add_explicit(&dealt, 1, memory_order_relaxed) % SHARDS + 1;
    return mine - 1;
}

static size_t series_at(const struct metrics *m, enum metric id, unsigned label)
{
    assert(label < series_count(&specs[id]));
    return m->first[id] + (size_t)label * series_cells(&specs[id]);
}

static void add_cell(struct metrics *m, size_t at, int64_t n)
{
    atomic_fetch_add_explicit(&m->cell[my_shard() * m->cells + at], n, memory_order_relaxed);
}

static int64_t read_cell(const struct metrics *m, size_t at)
{
    int64_t sum = 0;

    for (size_t i = 0; i < SHARDS; i++)
        sum += atomic_load_explicit(&m->cell[i * m->cells + at], memory_order_relaxed);
    return sum;
}

void metrics_add(struct metrics *m, enum metric id, unsigned label, int64_t n)
{
    if (!m)
        return;
    assert(specs[id].kind != HISTOGRAM && (n >= 0 || specs[id].kind == GAUGE));
    add_cell(m, series_at(m, id, label), n);
}

void metrics_set(struct metrics *m, enum metric id, int64_t value)
{
    if (!m)
        return;
    assert(specs[id].kind == GAUGE);
    atomic_store_explicit(&m->cell[series_at(m, id, 0)], value, memory_order_relaxed);
}

void metrics_observe(struct metrics *m, enum metric id, unsigned label, int64_t value)
{
    const struct spec *spec = &specs[id];
    unsigned at = 0, count = bound_count(spec);

    if (!m)
        return;
    assert(spec->kind == HISTOGRAM);
    while (at < count && value > spec->bounds[at])
        at++;
    add_cell(m, series_at(m, id, label) + at, 1);
    add_cell(m, series_at(m, id, label) + count + 1, value);
}

void metrics_request(struct metrics *m, enum metric_mode mode, int status, int64_t elapsed_us)
{
    unsigned class = (unsigned)status / 100 - 1;

    assert(status >= 100 && status <= 599);
    metrics_add(m, METRIC_REQUESTS, mode * label_count(&specs[METRIC_REQUESTS].labels[1]) + class,
                1);
    metrics_observe(m, METRIC_REQUEST_TIME, mode, elapsed_us);
}

void metrics_attempt(struct metrics *m, enum err_code code)
{
    unsigned at = 0;

    while (at < ARRAY_LEN(outcome_codes) && outcome_codes[at] != code)
        at++;
    metrics_add(m, METRIC_ATTEMPTS, at, 1);
}

int64_t metrics_read(const struct metrics *m, enum metric id, unsigned label)
{
    size_t at = series_at(m, id, label);
    unsigned buckets = specs[id].kind == HISTOGRAM ? bound_count(&specs[id]) + 1 : 1;
    int64_t sum = 0;

    for (unsigned i = 0; i < buckets; i++)
        sum += read_cell(m, at + i);
    return sum;
}

/* ---- text ---- */

/* {mode="chat",status="2xx"}, with `le` as the last label if it is given; nothing without labels.
 */
static void render_labels(const struct spec *spec, unsigned series, const char *le, struct sb *out)
{
    unsigned fast = label_count(&spec->labels[1]);
    const unsigned value[2] = {series / fast, series % fast};
    const char *before = "{";

    for (unsigned i = 0; i < 2 && spec->labels[i].name; i++, before = ",")
        sb_fmt(out, "%s%s=\"%s\"", before, spec->labels[i].name, spec->labels[i].values[value[i]]);
    if (le)
        sb_fmt(out, "%sle=\"%s\"", before, le);
    if (le || *before == ',')
        sb_add_char(out, '}');
}

static void render_value(int64_t value, int64_t scale, struct sb *out)
{
    if (scale == 1)
        sb_fmt(out, " %" PRId64 "\n", value);
    else
        sb_fmt(out, " %.6f\n", (double)value / (double)scale);
}

/* Buckets are written as running totals. */
static void render_histogram(const struct metrics *m, const struct spec *spec, size_t at,
                             unsigned series, struct sb *out)
{
    unsigned count = bound_count(spec);
    int64_t total = 0;

    for (unsigned i = 0; i <= count; i++) {
        char le[32] = "+Inf";

        if (i < count)
            snprintf(le, sizeof le, "%g", (double)spec->bounds[i] / (double)spec->scale);
        total += read_cell(m, at + i);
        sb_fmt(out, "%s_bucket", spec->name);
        render_labels(spec, series, le, out);
        render_value(total, 1, out);
    }
    sb_fmt(out, "%s_sum", spec->name);
    render_labels(spec, series, NULL, out);
    render_value(read_cell(m, at + count + 1), spec->scale, out);
    sb_fmt(out, "%s_count", spec->name);
    render_labels(spec, series, NULL, out);
    render_value(total, 1, out);
}

void metrics_render(const struct metrics *m, struct sb *out)
{
    static const char *const kinds[] = {
        [COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram"};

    for (unsigned id = 0; id < METRIC_COUNT; id++) {
        const struct spec *spec = &specs[id];

        sb_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", spec->name, spec->help, spec->name,
               kinds[spec->kind]);
        for (unsigned series = 0; series < series_count(spec); series++) {
            size_t at = series_at(m, (enum metric)id, series);

            if (spec->kind == HISTOGRAM) {
                render_histogram(m, spec, at, series, out);
                continue;
            }
            sb_add(out, str_from(spec->name));
            render_labels(spec, series, NULL, out);
            render_value(read_cell(m, at), spec->scale, out);
        }
    }
}

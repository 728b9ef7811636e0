#include "app/node.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/options.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "store/repo_node.h"

/* A lease lasts LEASE_S by the database, whose seconds are whole; we let go of it before. */
enum { LEASE_S = 15, HOLD_MS = 11000, INFO_LIMIT = 4096, FORGET_S = 7 * 86400 };

static const char *const job_names[NODE_JOBS] = {[NODE_JOB_CHANNEL_TEST] = "channel_test"};

struct node {
    struct node_conf conf;
    struct arena arena;
    struct str name, address, host;
    char id[17]; /* of this run */
    int64_t started_at_s;
    _Atomic bool others;
    _Atomic uint64_t held_until_ms[NODE_JOBS]; /* monotonic; 0: not held */
    bool seated;                               /* our row is written */
    bool told, stopped;                        /* told: that the last beat failed */
    bool clash_told;                           /* that another node has our name */
    uint64_t cpu_us, cpu_at_us;                /* when the load was looked at last */
};

const char *node_job_name(enum node_job job)
{
    return job_names[job];
}

struct str node_name(const struct node *n)
{
    return n->name;
}

static uint64_t cpu_us(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

struct node *node_new(const struct node_conf *conf)
{
    struct node *n = mem_new(struct node);
    char host[256] = "";

    n->conf = *conf;
    arena_init(&n->arena, 0);
    gethostname(host, sizeof host - 1);
    n->host = str_dup(&n->arena, utf8_valid(str_from(host)) ? str_from(host) : STR("host"));
    n->address = arena_fmt(&n->arena, "%.*s:%u", STR_ARG(n->host), conf->port);
    n->name = conf->name.n > 0 ? str_dup(&n->arena, conf->name)
                               : utf8_prefix(n->address, NODE_NAME_BYTES);
    n->conf.version = str_dup(&n->arena, conf->version);
    snprintf(n->id, sizeof n->id, "%016" PRIx64, random_u64());
    n->started_at_s = clock_now_s(clock_system());
    n->cpu_us = cpu_us();
    n->cpu_at_us = clock_mono_us();
    return n;
}

void node_free(struct node *n)
{
    if (!n)
        return;
    arena_fini(&n->arena);
    mem_free(n);
}

/* ---- the row ---- */

/* Of one processor core, since the last look. */
static double cpu_percent(struct node *n)
{
    uint64_t used = cpu_us(), now = clock_mono_us(), passed = now - n->cpu_at_us;
    double share = passed > 0 ? (double)(used - n->cpu_us) * 100 / (double)passed : 0;

    n->cpu_us = used;
    n->cpu_at_us = now;
    return (double)(int64_t)(share * 10 + 0.5) / 10;
}

static int64_t memory_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    long long size, resident = 0;

    if (!f)
        return 0;
    if (fscanf(f, "%lld %lld", &size, &resident) != 2)
        resident = 0;
    fclose(f);
    return resident * sysconf(_SC_PAGESIZE);
}

static struct str redis_state(const struct node *n)
{
    struct redis_status status;

    if (!cache_redis(n->conf.cache))
        return STR("none");
    redis_status(cache_redis(n->conf.cache), &status);
    return status.up ? STR("up") : STR("down");
}

static void write_load(struct node *n, struct json_writer *w)
{
    double average = 0;

    jw_key(w, STR("load"));
    jw_object(w);
    jw_key_i64(w, STR("open_requests"), (int64_t)n->conf.open_requests(n->conf.ctx));
    jw_key_f64(w, STR("cpu_percent"), cpu_percent(n));
    jw_key_i64(w, STR("memory_bytes"), memory_bytes());
    if (getloadavg(&average, 1) == 1)
        jw_key_f64(w, STR("load_1m"), average);
    jw_end(w);
}

static struct str info_of(struct node *n, struct arena *a)
{
    CLEANUP(sb_finip) struct sb sb;
    struct json_writer w;

    sb_init(&sb, INFO_LIMIT);
    jw_init(&w, &sb);
    jw_object(&w);
    jw_key_str(&w, STR("program"), STR("yourapi"));
    jw_key_str(&w, STR("id"), str_from(n->id));
    jw_key_str(&w, STR("version"), n->conf.version);
    jw_key_str(&w, STR("hostname"), n->host);
    jw_key_str(&w, STR("address"), n->address);
    jw_key_str(&w, STR("type"), n->conf.slave ? STR("slave") : STR("master"));
    jw_key_bool(&w, STR("stopped"), n->stopped);
    jw_key_str(&w, STR("redis"), redis_state(n));
    write_load(n, &w);
    jw_end(&w);
    return str_dup(a, sb_str(&sb));
}

static enum err_code put_row(struct node *n, struct db_conn *c, struct arena *a, struct err *err)
{
    const struct node_row row = {
        .name = n->name, .info = info_of(n, a), .started_at = n->started_at_s};

    return repo_node_put(c, &row, err);
}

/* Our row is ours from the first beat on, unless another node takes itself for us. */
static void look_for_clash(struct node *n, struct arena *a, const struct node_row *row)
{
    const struct json *root;

    if (!n->seated || n->clash_told || !str_eq(row->name, n->name) ||
        json_read(a, row->info, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK ||
        str_eq(json_str_or_null(a, json_get(root, STR("id"))), str_from(n->id)))
        return;
    n->clash_told = true;
    log_error(NULL, "node.name_taken",
              "name=\"%.*s\" reason=\"another node has the same name: give each its own "
              "NODE_NAME\"",
              STR_ARG(n->name));
}

static enum err_code look_at_all(struct node *n, struct db_conn *c, struct arena *a,
                                 struct err *err)
{
    struct node_row *rows;
    int64_t now_s;
    size_t count;
    bool others = false;

    TRY(repo_node_list(c, a, &rows, &count, &now_s, err));
    for (size_t i = 0; i < count; i++) {
        look_for_clash(n, a, &rows[i]);
        others = others ||
                 (!str_eq(rows[i].name, n->name) && rows[i].last_seen_at > now_s - NODE_STALE_S);
    }
    atomic_store(&n->others, others);
    return ERR_OK;
}

static enum err_code beat(struct node *n, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    arena_init(&a, 0);
    TRY(db_acquire(n->conf.db, DB_WRITE, &c, err));
    TRY(look_at_all(n, c, &a, err));
    TRY(put_row(n, c, &a, err));
    n->seated = true;
    return repo_node_prune(c, FORGET_S, err);
}

void node_beat(struct node *n)
{
    struct err err = {.code = ERR_OK};
    enum err_code rc = beat(n, &err);

    if (rc != ERR_OK && !n->told)
        log_warn(NULL, "node.beat_failed", "error=\"%s\"", err.msg);
    n->told = rc != ERR_OK;
}

bool node_has_others(const struct node *n)
{
    return atomic_load(&n->others);
}

/* ---- leases ---- */

static struct str holder_of(const struct node *n, struct arena *a)
{
    return arena_fmt(a, "%.*s/%s", STR_ARG(n->name), n->id);
}

static enum err_code take(struct node *n, enum node_job job, bool *held, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    *held = false;
    arena_init(&a, 0);
    TRY(db_acquire(n->conf.db, DB_WRITE, &c, err));
    return repo_lease_take(c, str_from(job_names[job]), holder_of(n, &a), LEASE_S, held, err);
}

bool node_holds(const struct node *n, enum node_job job)
{
    return clock_mono_ms() < atomic_load(&n->held_until_ms[job]);
}

bool node_claim(struct node *n, enum node_job job)
{
    bool held, before = node_holds(n, job);
    uint64_t asked_ms = clock_mono_ms();
    struct err err = {.code = ERR_OK};

    if (take(n, job, &held, &err) != ERR_OK)
        return node_holds(n, job); /* as long as the lease that we know of lasts */
    atomic_store(&n->held_until_ms[job], held ? asked_ms + HOLD_MS : 0);
    if (held && !before)
        log_info(NULL, "node.job_taken", "job=%s", job_names[job]);
    if (!held && before)
        log_warn(NULL, "node.job_lost", "job=%s", job_names[job]);
    return held;
}

/* ---- the end ---- */

static enum err_code leave(struct node *n, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    arena_init(&a, 0);
    TRY(db_acquire(n->conf.db, DB_WRITE, &c, err));
    for (int i = 0; i < NODE_JOBS; i++) {
        atomic_store(&n->held_until_ms[i], 0);
        TRY(repo_lease_release(c, str_from(job_names[i]), holder_of(n, &a), err));
    }
    return put_row(n, c, &a, err);
}

void node_leave(struct node *n)
{
    struct err err = {.code = ERR_OK};

    n->stopped = true;
    if (n->told)
        return; /* the database is away: everything ends by itself */
    if (leave(n, &err) != ERR_OK)
        log_warn(NULL, "node.leave_failed", "error=\"%s\"", err.msg);
}

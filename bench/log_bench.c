/*
 * How long a page of the log takes, with any two filters, on many rows spread over 60 days.
 *
 *     log_bench DSN|FILE.db [ROWS]
 *
 * The database must be empty, or be one that this program has filled before. Prints one line of
 * JSON: the time of the slowest page and what it asked for, and the median.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/sb.h"
#include "store/db.h"
#include "store/migrate.h"
#include "store/repo_log.h"
#include "store/repo_log_index.h"

enum {
    DAYS = 60,
    FIRST_S = 1750000000,
    FILL_ROWS = 500000,
    PAGE_ROWS = 100,
    TURNS = 3,
    PAGES_MAX = 1000,
    LATE_US = 200000
};

static NO_RETURN void die(const char *what, const struct err *err)
{
    fprintf(stderr, "log_bench: %s: %s\n", what, err->msg);
    exit(1);
}

static struct db *open_db(struct str where)
{
    bool file = str_ends(where, STR(".db"));
    const struct db_conf conf = {.dsn = file ? STR("") : where,
                                 .sqlite_path = file ? where : STR(""),
                                 .statement_timeout_ms = 3600000};
    struct err err = {.msg = ""};
    struct db *db;

    if (db_open(&conf, &db, &err) != ERR_OK || migrate_up(db, &err) != ERR_OK)
        die("open", &err);
    return db;
}

/* ---- filling ---- */

/* Row number i; a few users, models and groups make most of the calls, and each has rare ones. */
static const char fill_sql[] =
    "INSERT INTO logs (user_id, created_at, type, content, username, token_name, model_name, quota,"
    " prompt_tokens, completion_tokens, use_time, is_stream, channel_id, token_id, \"group\", "
    "other,"
    " ip, request_id) SELECT u, t, CASE WHEN i %% 50 = 0 THEN 5 ELSE 2 END,"
    " '模型倍率 1.00，补全倍率 3.00，分组倍率 1.00', 'user' || u, 'token' || (u %% 300),"
    " 'model-' || (CASE WHEN i %% 3 > 0 THEN i %% 4 ELSE i / 7 %% 200 END), i %% 5000, 100, 20, 3,"
    " i %% 2 = 0, CASE WHEN i %% 5 > 0 THEN i %% 8 + 1 ELSE i / 11 %% 300 + 1 END, u %% 3000 + 1,"
    " 'group' || (CASE WHEN i %% 4 > 0 THEN 0 ELSE i / 13 %% 12 END),"
    " '{\"completion_ratio\":3,\"group_ratio\":1,\"model_price\":-1,\"model_ratio\":1,\"frt\":230}'"
    ","
    " '', 'request-' || i FROM (SELECT i, %d + i * %d / %" PRId64
    " AS t, CASE WHEN i %% 2 = 0 THEN i / 2 %% 50 ELSE i * 7919 / 3 %% 20000 END + 1 AS u FROM %s) "
    "AS "
    "rows";

static void fill(struct db *db, int64_t rows)
{
    char source[300], sql[3000];
    struct err err = {.msg = ""};
    struct db_conn *c;

    if (db_acquire(db, DB_WRITE, &c, &err) != ERR_OK)
        die("fill", &err);
    for (int64_t at = 0; at < rows; at += FILL_ROWS) {
        int64_t to = at + FILL_ROWS < rows ? at + FILL_ROWS : rows;

        if (db_kind(db) == DB_POSTGRES)
            snprintf(source, sizeof source,
                     "generate_series(%" PRId64 "::bigint, %" PRId64 ") AS n(i)", at, to - 1);
        else
            snprintf(source, sizeof source,
                     "(WITH RECURSIVE n(i) AS (SELECT %" PRId64
                     " UNION ALL SELECT i + 1 FROM n WHERE i < %" PRId64 ") SELECT i FROM n) AS n",
                     at, to - 1);
        snprintf(sql, sizeof sql, fill_sql, FIRST_S, DAYS * 86400, rows, source);
        if (db_exec(c, NULL, &err, sql) != ERR_OK)
            die("fill", &err);
    }
    db_release(c);
}

static int64_t count_rows(struct db *db)
{
    CLEANUP(arena_finip) struct arena a;
    struct err err = {.msg = ""};
    struct db_rows *rows;
    struct db_conn *c;
    int64_t n = 0;

    arena_init(&a, 0);
    if (db_acquire(db, DB_READ, &c, &err) != ERR_OK ||
        db_query(c, &a, &rows, &err, "SELECT COUNT(*) FROM logs") != ERR_OK)
        die("count", &err);
    if (db_next(rows))
        n = db_i64(rows, 0);
    if (db_end(rows, &err) != ERR_OK)
        die("count", &err);
    db_release(c);
    return n;
}

static void build_index(struct db *db)
{
    struct err err = {.msg = ""};
    struct db_conn *c;
    bool behind = true;

    if (db_acquire(db, DB_WRITE, &c, &err) != ERR_OK)
        die("index", &err);
    while (behind) {
        if (repo_log_index(c, 1, &behind, &err) != ERR_OK)
            die("index", &err);
    }
    if (db_kind(db) != DB_MYSQL && db_exec(c, NULL, &err, "ANALYZE") != ERR_OK)
        die("analyze", &err);
    db_release(c);
}

/* ---- asking ---- */

/* Each filter with a frequent and a rare value. */
static void set_filter(struct log_filter *f, int which, bool rare)
{
    switch (which) {
    case 0:
        f->user_id = rare ? 15001 : 3;
        return;
    case 1:
        f->username = rare ? STR("user15002") : STR("user4");
        return;
    case 2:
        f->token_name = rare ? STR("token299") : STR("token5");
        return;
    case 3:
        f->model_name = rare ? STR("model-150") : STR("model-1");
        return;
    case 4:
        f->channel_id = rare ? 250 : 2;
        return;
    case 5:
        f->group = rare ? STR("group11") : STR("group0");
        return;
    case 6:
        f->type = rare ? 5 : 2;
        return;
    case 7:
        f->start_s = FIRST_S + (rare ? 29 * 86400 : 86400);
        f->end_s = f->start_s + (rare ? 7200 : 50 * 86400);
        return;
    case 8:
        f->model_name = rare ? STR("model-15%") : STR("model-%");
        return;
    default: /* one request has one row here */
        f->request_id = rare ? STR("request-12") : STR("request-345678");
        return;
    }
}

enum { FILTERS = 10 };
static const char *const filter_names[FILTERS] = {
    "user_id", "username", "token_name", "model_name",         "channel_id",
    "group",   "type",     "time",       "model_name pattern", "request_id"};

struct worst {
    uint64_t us;
    char what[200];
    unsigned pages, late; /* more than LATE_US; told on stderr */
    uint64_t times[PAGES_MAX];
};

static uint64_t time_page(struct db *db, const struct log_filter *f, int64_t offset, int64_t *total)
{
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < TURNS; i++) {
        CLEANUP(arena_finip) struct arena a;
        struct err err = {.msg = ""};
        struct log_page page;
        struct db_conn *c;
        uint64_t began = clock_mono_us(), took;

        arena_init(&a, 0);
        if (db_acquire(db, DB_READ, &c, &err) != ERR_OK ||
            repo_log_page(c, &a, f, (struct repo_page){offset, PAGE_ROWS}, &page, &err) != ERR_OK)
            die("page", &err);
        took = clock_mono_us() - began;
        best = took < best ? took : best;
        *total = page.total;
        db_release(c);
    }
    return best;
}

static void note(struct worst *w, uint64_t us, int x, int y, int rare, int64_t offset,
                 int64_t total)
{
    assert(w->pages < PAGES_MAX);
    w->times[w->pages++] = us;
    w->late += us > LATE_US;
    if (us > LATE_US)
        fprintf(stderr, "%6.1f ms: %s%s, %s%s, rows from %" PRId64 " of %" PRId64 "\n",
                (double)us / 1000.0, filter_names[x], rare & 1 ? " (rare)" : "", filter_names[y],
                rare & 2 ? " (rare)" : "", offset, total);
    if (us <= w->us)
        return;
    w->us = us;
    snprintf(w->what, sizeof w->what, "%s%s and %s%s, rows from %" PRId64 " of %" PRId64,
             filter_names[x], rare & 1 ? " (rare)" : "", filter_names[y], rare & 2 ? " (rare)" : "",
             offset, total);
}

/* The first page, one in the middle, the last one. */
static void ask(struct db *db, int x, int y, int rare, struct worst *w)
{
    struct log_filter f = {.user_id = 0};
    int64_t total, offset;
    uint64_t us;

    set_filter(&f, x, rare & 1);
    set_filter(&f, y, rare & 2);
    us = time_page(db, &f, 0, &total);
    note(w, us, x, y, rare, 0, total);
    for (int part = 1; part <= 2 && total > 2 * PAGE_ROWS; part++) {
        offset = part == 1 ? total / 2 : total - PAGE_ROWS;
        us = time_page(db, &f, offset, &total);
        note(w, us, x, y, rare, offset, total);
    }
}

static int compare_times(const void *left, const void *right)
{
    const uint64_t x = *(const uint64_t *)left, y = *(const uint64_t *)right;

    return x < y ? -1 : x > y;
}

static double median_ms(struct worst *w)
{
    const unsigned middle = w->pages / 2;

    qsort(w->times, w->pages, sizeof w->times[0], compare_times);
    return (double)w->times[middle] / 1000.0;
}

int main(int argc, char **argv)
{
    struct worst worst = {.us = 0};
    int64_t rows = 10000000, have;
    struct db *db;

    if (argc < 2 || (argc > 2 && !str_to_i64(str_from(argv[2]), &rows))) {
        fprintf(stderr, "usage: log_bench DSN|FILE.db [ROWS]\n");
        return 2;
    }
    db = open_db(str_from(argv[1]));
    have = count_rows(db);
    if (have == 0)
        fill(db, rows);
    build_index(db);
    for (int x = 0; x < FILTERS; x++)
        for (int y = x + 1; y < FILTERS; y++)
            for (int rare = 0; rare < 4; rare++)
                ask(db, x, y, rare, &worst);
    printf("{\"rows\": %" PRId64 ", \"pages\": %u, \"over_200_ms\": %u, \"worst_ms\": %.1f, "
           "\"median_ms\": %.1f, \"worst\": \"%s\"}\n",
           count_rows(db), worst.pages, worst.late, (double)worst.us / 1000.0, median_ms(&worst),
           worst.what);
    db_close(db);
    return 0;
}

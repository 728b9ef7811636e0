/* `yourapi copy --from DSN --to DSN` */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "app/command_rows.h"
#include "base/clock.h"
#include "store/copy.h"
#include "store/dsn.h"

enum { BAR_CELLS = 30, BAR_MS = 100, LINE_MS = 5000, STATEMENT_MS = 24 * 3600 * 1000 };

const struct conf_row command_copy_flags[COMMAND_COPY_FLAGS] = {
    [COMMAND_COPY_FROM] = {.flag = "from",
                           .kind = CONF_TEXT,
                           .help = "database to read: a DSN as of SQL_DSN, or sqlite:FILE, or a "
                                   "path that ends in .db"},
    [COMMAND_COPY_TO] = {.flag = "to",
                         .kind = CONF_TEXT,
                         .help =
                             "database to fill, in the same forms: empty, or with an unfinished "
                             "copy of the same source"},
};

/* ---- progress ---- */

struct shown {
    bool terminal;
    uint64_t began_ms, said_ms;
    int64_t first_rows; /* that were there before, of an earlier run */
    bool counted;
};

static double rows_per_s(const struct shown *s, const struct copy_progress *p)
{
    uint64_t ms = clock_mono_ms() - s->began_ms;

    return ms > 0 ? (double)(p->rows - s->first_rows) * 1000.0 / (double)ms : 0.0;
}

static void draw_bar(const struct shown *s, const struct copy_progress *p)
{
    int full = p->total > 0 ? (int)(p->rows * BAR_CELLS / p->total) : BAR_CELLS;
    char cells[BAR_CELLS + 1];

    for (int i = 0; i < BAR_CELLS; i++)
        cells[i] = i < full ? '#' : '.';
    cells[BAR_CELLS] = '\0';
    fprintf(stderr, "\r[%s] %3d%% %s %" PRId64 "/%" PRId64 ", %.0f rows/s\033[K", cells,
            p->total > 0 ? (int)(p->rows * 100 / p->total) : 100, p->table, p->table_rows,
            p->table_total, rows_per_s(s, p));
}

static void tell(void *ctx, const struct copy_progress *p)
{
    struct shown *s = ctx;
    uint64_t now = clock_mono_ms();
    bool due = now - s->said_ms >= (s->terminal ? BAR_MS : LINE_MS);

    if (!s->counted)
        s->first_rows = p->rows - p->table_rows;
    s->counted = true;
    if (!due && !(p->table_done && p->table_total > 0 && !s->terminal))
        return;
    s->said_ms = now;
    if (s->terminal) {
        draw_bar(s, p);
        return;
    }
    printf("%s: %" PRId64 " of %" PRId64 " rows%s\n", p->table, p->table_rows, p->table_total,
           p->table_done ? ", done" : "");
    fflush(stdout);
}

/* ---- databases ---- */

/* "sqlite:/x/y.db", "sqlite:///x/y.db", "/x/y.db", "y.db". */
static bool is_file(struct str dsn, struct str *path)
{
    *path = dsn;
    if (str_starts(dsn, STR("sqlite:"))) {
        *path = str_skip(dsn, 7);
        if (str_starts(*path, STR("//")))
            *path = str_skip(*path, 2);
        return true;
    }
    return str_ends(dsn, STR(".db")) && !str_has(dsn, STR("://")) && !str_has(dsn, STR("@")) &&
           !str_has(dsn, STR("="));
}

/* The source is only read, so that a replica, an account that may not write, or a file on a medium
 * that is read-only will do. */
static enum err_code open_one(struct arena *a, struct str dsn, const char *flag, bool source,
                              struct db **out, struct str *name, struct err *err)
{
    struct db_conf conf = {.dsn = dsn, .statement_timeout_ms = STATEMENT_MS, .read_only = source};
    struct str path;

    *out = NULL;
    if (is_file(dsn, &path)) {
        conf.dsn = STR("");
        conf.sqlite_path = str_dup(a, path);
        *name = arena_fmt(a, "SQLite at %.*s", STR_ARG(path));
        if (source && access(conf.sqlite_path.p, F_OK) != 0)
            return err_set(err, ERR_DB, "--%s: %s: %s", flag, conf.sqlite_path.p, strerror(errno));
    } else if (dsn_kind(dsn) == DB_SQLITE) {
        return err_set(err, ERR_BAD_REQUEST,
                       "flag --%s: name a database: sqlite:FILE, postgres://... or "
                       "user:password@tcp(host:port)/name",
                       flag);
    } else {
        *name = dsn_describe(a, dsn);
    }
    return db_open(&conf, out, err) == ERR_OK ? ERR_OK : err_wrap(err, "--%s", flag);
}

/* ---- the whole ---- */

static void print_report(const struct copy_report *r)
{
    for (size_t i = 0; i < r->sum_count; i++) {
        if (r->sums[i].sum != 0)
            printf("checked: %s.%s sums up to %" PRId64 " in both\n", r->sums[i].table,
                   r->sums[i].column, r->sums[i].sum);
    }
    for (size_t i = 0; i < r->stranger_count; i++)
        printf("not copied, because it is not ours: %.*s\n", STR_ARG(r->strangers[i]));
    printf("done: %" PRId64 " rows in %u tables, counted and summed up on both sides\n", r->rows,
           r->tables);
}

static enum err_code run(const struct command_call *call, struct db **from, struct db **to,
                         struct copy_report *report, struct err *err)
{
    const struct conf_value *flags = call->flags;
    struct copy_conf conf = {.tell = tell};
    struct shown shown = {.terminal = isatty(STDERR_FILENO)};
    struct str target;
    enum err_code rc;

    TRY(open_one(call->arena, flags[COMMAND_COPY_FROM].text, "from", true, from, &conf.source,
                 err));
    TRY(open_one(call->arena, flags[COMMAND_COPY_TO].text, "to", false, to, &target, err));
    printf("from %.*s\nto %.*s\n", STR_ARG(conf.source), STR_ARG(target));
    conf.from = *from;
    conf.to = *to;
    conf.ctx = &shown;
    shown.began_ms = shown.said_ms = clock_mono_ms();
    rc = copy_run(&conf, call->arena, report, err);
    if (shown.terminal)
        fputs("\r\033[K", stderr);
    if (report->resumed)
        puts("an unfinished copy was gone on with");
    return rc;
}

int command_copy(const struct command_call *call)
{
    struct err err = {.code = ERR_OK};
    struct db *from = NULL, *to = NULL;
    struct copy_report report;

    if (call->flags[COMMAND_COPY_FROM].text.n == 0 || call->flags[COMMAND_COPY_TO].text.n == 0)
        (void)err_set(&err, ERR_BAD_REQUEST, "copy: --from and --to say which databases");
    else if (run(call, &from, &to, &report, &err) == ERR_OK)
        print_report(&report);
    db_close(from);
    db_close(to);
    return err.code == ERR_OK ? COMMAND_DONE : command_fail(&err);
}

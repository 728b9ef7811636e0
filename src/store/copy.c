/*
 * The whole copy reads in one transaction of the source, so it sees one moment of it. Rows and the
 * note how far a table is copied are committed together, a batch at a time.
 */
#include "store/copy.h"

#include "base/mem.h"
#include "store/copy_table.h"
#include "store/migrate.h"

/* The table's row "" names the source. */
static const struct schema_column progress_columns[] = {
    {.name = "table_name", .family = SCHEMA_VARCHAR, .size = 64},
    {.name = "last_key", .family = SCHEMA_TEXT},
    {.name = "copied", .family = SCHEMA_BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL},
    {.name = "done", .family = SCHEMA_BOOL},
};
static const struct schema_table progress_table = {.name = "yourapi_copy",
                                                   .key = "table_name",
                                                   .columns = progress_columns,
                                                   .column_count = ARRAY_LEN(progress_columns)};

enum { DDL_LIMIT = 4096 };

struct copier {
    const struct copy_conf *conf;
    struct copy_side from, to;
    struct arena *arena;
    struct copy_report *report;
    struct copy_table *tables; /* those that the source has */
    size_t count;
    int64_t rows, total;
};

/* ---- the source ---- */

static bool has_name(const struct str *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(names[i], str_from(name)))
            return true;
    }
    return false;
}

static void add_stranger(struct copier *c, struct str name)
{
    struct copy_report *r = c->report;
    struct str *more = arena_new_array(c->arena, struct str, r->stranger_count + 1);

    if (r->stranger_count > 0)
        memcpy(more, r->strangers, r->stranger_count * sizeof *more);
    more[r->stranger_count++] = name;
    r->strangers = more;
}

static bool knows_column(const struct schema_table *t, struct str name)
{
    for (size_t i = 0; i < t->column_count; i++) {
        if (str_eq(str_from(t->columns[i].name), name))
            return true;
    }
    return false;
}

/* A table that is not there is none of this source's: a database of logs has few. */
static enum err_code take_table(struct copier *c, const struct schema_table *t, struct err *err)
{
    struct str *names;
    size_t n;

    TRY(db_list_columns(c->from.conn, c->arena, t->name, &names, &n, err));
    if (n == 0)
        return ERR_OK;
    for (size_t i = 0; i < t->column_count; i++) {
        if (!has_name(names, n, t->columns[i].name))
            return err_set(err, ERR_BAD_REQUEST,
                           "the source has no column %s.%s: bring it forward first with `yourapi "
                           "migrate`",
                           t->name, t->columns[i].name);
    }
    for (size_t i = 0; i < n; i++) {
        if (!knows_column(t, names[i]))
            add_stranger(c, arena_fmt(c->arena, "%s.%.*s", t->name, STR_ARG(names[i])));
    }
    copy_table_init(&c->tables[c->count], t);
    TRY(copy_table_count(&c->from, t->name, &c->tables[c->count].total, err));
    c->total += c->tables[c->count++].total;
    return ERR_OK;
}

static const char *list_tables_sql(enum db_kind kind)
{
    switch (kind) {
    case DB_SQLITE:
        return "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
               "ORDER BY name";
    case DB_POSTGRES:
        return "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1";
    case DB_MYSQL:
        return "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() "
               "AND table_type = 'BASE TABLE' ORDER BY 1";
    }
    return NULL;
}

static enum err_code find_strange_tables(struct copier *c, struct err *err)
{
    struct db_rows *rows;

    TRY(db_query(c->from.conn, c->arena, &rows, err, list_tables_sql(c->from.kind)));
    while (db_next(rows)) {
        struct str name = str_dup(c->arena, db_text(rows, 0));

        if (!schema_find_table(name.p))
            add_stranger(c, name);
    }
    return db_end(rows, err);
}

static enum err_code has_progress(struct db_conn *c, struct arena *a, bool *has, struct err *err)
{
    struct str *names;
    size_t n;

    *has = false;
    TRY(db_list_columns(c, a, progress_table.name, &names, &n, err));
    *has = n > 0;
    return ERR_OK;
}

static enum err_code read_source(struct copier *c, struct err *err)
{
    struct str *names;
    bool unfinished;
    size_t n;

    TRY(has_progress(c->from.conn, c->arena, &unfinished, err));
    if (unfinished)
        return err_set(err, ERR_BAD_REQUEST, "the source is itself an unfinished copy");
    TRY(db_list_columns(c->from.conn, c->arena, "yourapi_meta", &names, &n, err));
    if (n == 0)
        return err_set(err, ERR_BAD_REQUEST,
                       "the source is empty, or was not brought forward yet: `yourapi migrate`");
    c->tables = arena_new_array(c->arena, struct copy_table, schema_table_count());
    for (size_t i = 0; i < schema_table_count(); i++)
        TRY(take_table(c, schema_table_at(i), err));
    return find_strange_tables(c, err);
}

/* ---- the target ---- */

/* What the migration itself has noted there gives way to what the source says. */
static bool is_memory(const struct schema_table *t)
{
    return str_eq(str_from(t->name), STR("yourapi_meta"));
}

static enum err_code check_empty(struct copier *c, struct err *err)
{
    for (size_t i = 0; i < schema_table_count(); i++) {
        const struct schema_table *t = schema_table_at(i);
        int64_t rows;

        if (is_memory(t))
            continue;
        TRY(copy_table_count(&c->to, t->name, &rows, err));
        if (rows > 0)
            return err_set(err, ERR_CONFLICT, "the target is not empty: %s has rows", t->name);
    }
    return ERR_OK;
}

static enum err_code note(struct copier *c, const char *table, struct str key, int64_t rows,
                          bool done, struct err *err)
{
    static const char *const names[] = {"table_name", "last_key", "copied", "done"};
    static const struct db_upsert upsert = {"yourapi_copy", names, 4, 1, 0};
    const struct db_value values[] = {DB_TEXT(str_from(table)), DB_TEXT_OR_NULL(key, !key.p),
                                      DB_I64(rows), DB_BOOL(done)};

    return db_upsert_values(c->to.conn, &upsert, values, 1, err);
}

static enum err_code begin_progress(struct copier *c, struct err *err)
{
    CLEANUP(sb_finip) struct sb sql;

    sb_init(&sql, DDL_LIMIT);
    TRY(check_empty(c, err));
    schema_create_table(&sql, c->to.kind, &progress_table);
    sb_add_char(&sql, '\0');
    TRY(db_exec(c->to.conn, NULL, err, sql.p));
    return note(c, "", c->conf->source, 0, false, err);
}

static struct copy_table *find_table(struct copier *c, struct str name)
{
    for (size_t i = 0; i < c->count; i++) {
        if (str_eq(str_from(c->tables[i].schema->name), name))
            return &c->tables[i];
    }
    return NULL;
}

static void read_note(struct copier *c, const struct db_rows *rows, struct str *source)
{
    struct copy_table *t = find_table(c, db_text(rows, 0));

    if (db_text(rows, 0).n == 0)
        *source = str_dup(c->arena, db_text(rows, 1));
    if (!t)
        return;
    t->last_key = db_is_null(rows, 1) ? STR_NULL : str_dup(c->arena, db_text(rows, 1));
    t->rows = db_i64(rows, 2);
    t->done = db_bool(rows, 3);
    c->rows += t->rows;
}

static enum err_code resume(struct copier *c, struct err *err)
{
    struct str source = STR_NULL;
    struct db_rows *rows;

    TRY(db_query(c->to.conn, c->arena, &rows, err,
                 "SELECT table_name, last_key, copied, done FROM yourapi_copy"));
    while (db_next(rows))
        read_note(c, rows, &source);
    TRY(db_end(rows, err));
    if (!source.p) /* killed between the two steps of the beginning */
        return note(c, "", c->conf->source, 0, false, err);
    if (!str_eq(source, c->conf->source))
        return err_set(err, ERR_CONFLICT,
                       "the target holds an unfinished copy of another source, %.*s",
                       STR_ARG(source));
    c->report->resumed = true;
    return ERR_OK;
}

/* A row with the id 0 is rare, but it is not to get another one. */
static enum err_code prepare_connection(struct copier *c, struct err *err)
{
    if (c->to.kind != DB_MYSQL)
        return ERR_OK;
    return db_exec(c->to.conn, NULL, err,
                   "SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')");
}

static enum err_code read_target(struct copier *c, struct err *err)
{
    bool unfinished;

    TRY(prepare_connection(c, err));
    TRY(has_progress(c->to.conn, c->arena, &unfinished, err));
    return unfinished ? resume(c, err) : begin_progress(c, err);
}

/* ---- rows ---- */

static void tell(struct copier *c, const struct copy_table *t)
{
    const struct copy_progress p = {.table = t->schema->name,
                                    .table_rows = t->rows,
                                    .table_total = t->total,
                                    .rows = c->rows,
                                    .total = c->total,
                                    .table_done = t->done};

    if (c->conf->tell)
        c->conf->tell(c->conf->ctx, &p);
}

static enum err_code write_batch(struct copier *c, struct copy_table *t, struct arena *a,
                                 int64_t *rows, struct err *err)
{
    if (is_memory(t->schema) && !t->last_key.p)
        TRY(db_exec(c->to.conn, NULL, err, "DELETE FROM yourapi_meta"));
    TRY(copy_table_batch(t, &c->from, &c->to, a, rows, err));
    return note(c, t->schema->name, t->last_key, t->rows, *rows == 0, err);
}

static enum err_code copy_batch(struct copier *c, struct copy_table *t, struct arena *a,
                                int64_t *rows, struct err *err)
{
    enum err_code rc;

    TRY(db_begin(c->to.conn, err));
    rc = write_batch(c, t, a, rows, err);
    if (rc != ERR_OK) {
        db_rollback(c->to.conn);
        return rc;
    }
    return db_commit(c->to.conn, err);
}

static bool has_ids(const struct schema_table *t)
{
    return t->columns[0].family == SCHEMA_ID || t->columns[0].family == SCHEMA_ID_UNSIGNED;
}

static enum err_code copy_rows(struct copier *c, struct copy_table *t, struct err *err)
{
    struct arena turns[2]; /* the last key of one batch is read in the next */
    enum err_code rc = ERR_OK;

    arena_init(&turns[0], 0);
    arena_init(&turns[1], 0);
    for (unsigned turn = 0; rc == ERR_OK && !t->done; turn ^= 1) {
        int64_t rows;

        arena_reset(&turns[turn], 0);
        rc = copy_batch(c, t, &turns[turn], &rows, err);
        if (rc != ERR_OK)
            break;
        t->done = rows == 0;
        c->rows += rows;
        tell(c, t);
    }
    t->last_key = STR_NULL;
    arena_fini(&turns[0]);
    arena_fini(&turns[1]);
    return rc;
}

static enum err_code copy_all(struct copier *c, struct err *err)
{
    for (size_t i = 0; i < c->count; i++) {
        TRY(copy_rows(c, &c->tables[i], err));
        if (has_ids(c->tables[i].schema))
            TRY(db_follow_ids(c->to.conn, c->tables[i].schema->name, err));
    }
    return ERR_OK;
}

/* ---- the end ---- */

static enum err_code verify_all(struct copier *c, struct err *err)
{
    struct copy_report *r = c->report;
    size_t n = 0;

    for (size_t i = 0; i < c->count; i++)
        n += copy_table_sum_count(c->tables[i].schema);
    r->sums = arena_new_array(c->arena, struct copy_sum, n);
    for (size_t i = 0; i < c->count; i++) {
        const struct copy_table *t = &c->tables[i];

        TRY(copy_table_verify(t, &c->from, &c->to, r->sums + r->sum_count, err));
        r->sum_count += copy_table_sum_count(t->schema);
        r->rows += t->total;
    }
    r->tables = (unsigned)c->count;
    return ERR_OK;
}

static enum err_code run(struct copier *c, struct err *err)
{
    TRY(db_begin(c->from.conn, err));
    TRY(read_source(c, err));
    TRY(read_target(c, err));
    TRY(copy_all(c, err));
    TRY(verify_all(c, err));
    return db_exec(c->to.conn, NULL, err, "DROP TABLE yourapi_copy");
}

enum err_code copy_run(const struct copy_conf *conf, struct arena *a, struct copy_report *out,
                       struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *from = NULL;
    CLEANUP(db_releasep) struct db_conn *to = NULL;
    struct copier c = {.conf = conf, .arena = a, .report = out};

    *out = (struct copy_report){.rows = 0};
    if (migrate_up(conf->to, err) != ERR_OK)
        return err_wrap(err, "the target");
    TRY(db_acquire(conf->from, DB_READ, &from, err));
    TRY(db_acquire(conf->to, DB_WRITE, &to, err));
    c.from = (struct copy_side){from, db_kind(conf->from)};
    c.to = (struct copy_side){to, db_kind(conf->to)};
    return run(&c, err);
}

enum err_code copy_check_finished(struct db *db, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    bool unfinished;

    arena_init(&a, 0);
    TRY(db_acquire(db, DB_READ, &c, err));
    TRY(has_progress(c, &a, &unfinished, err));
    if (!unfinished)
        return ERR_OK;
    return err_set(err, ERR_DB,
                   "an unfinished copy is in it: give the same `yourapi copy` again, or drop the "
                   "table yourapi_copy to use it as it is");
}

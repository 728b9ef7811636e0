#include "store/repo_row.h"

#include <time.h>

#include "base/secret.h"

/* Statements. */

void repo_query_init(struct repo_query *q)
{
    sb_init(&q->sql, REPO_SQL_LIMIT);
    q->count = 0;
}

void repo_query_finip(struct repo_query *q)
{
    sb_fini(&q->sql);
}

void repo_query_fmt(struct repo_query *q, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    sb_vfmt(&q->sql, format, args);
    va_end(args);
}

void repo_query_add(struct repo_query *q, const char *text, struct db_value value)
{
    assert(q->count < REPO_VALUES);
    sb_add(&q->sql, str_from(text));
    q->values[q->count++] = value;
}

void repo_query_append(struct repo_query *q, const struct repo_query *part)
{
    assert(q->count + part->count <= REPO_VALUES);
    sb_add(&q->sql, sb_str(&part->sql));
    for (size_t i = 0; i < part->count; i++)
        q->values[q->count++] = part->values[i];
}

void repo_query_page(struct repo_query *q, struct repo_page page)
{
    repo_query_add(q, " LIMIT ?", DB_I64(page.limit > 0 ? page.limit : INT64_MAX));
    repo_query_add(q, " OFFSET ?", DB_I64(page.offset > 0 ? page.offset : 0));
}

void repo_query_in(struct repo_query *q, const int64_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        repo_query_add(q, i ? ",?" : " IN (?", DB_I64(ids[i]));
    sb_add_char(&q->sql, ')');
}

const char *repo_query_text(struct repo_query *q)
{
    if (!sb_reserve(&q->sql, 1))
        return NULL;
    q->sql.p[q->sql.n] = '\0';
    return q->sql.p;
}

static enum err_code too_long(struct err *err)
{
    return err_set(err, ERR_INTERNAL, "the SQL statement grew too long");
}

enum err_code repo_query_exec(struct db_conn *c, struct repo_query *q, int64_t *changed,
                              struct err *err)
{
    const char *text = repo_query_text(q);

    if (changed)
        *changed = 0;
    return text ? db_exec_values(c, changed, err, text, q->values, q->count) : too_long(err);
}

enum err_code repo_query_open(struct db_conn *c, struct arena *a, struct repo_query *q,
                              struct db_rows **rows, struct err *err)
{
    const char *text = repo_query_text(q);

    *rows = NULL;
    return text ? db_query_values(c, a, rows, err, text, q->values, q->count) : too_long(err);
}

enum err_code repo_query_i64(struct db_conn *c, struct repo_query *q, int64_t *value,
                             struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct db_rows *rows;

    *value = 0;
    arena_init(&a, 0);
    TRY(repo_query_open(c, &a, q, &rows, err));
    if (db_next(rows))
        *value = db_i64(rows, 0);
    return db_end(rows, err);
}

/* Reading. */

void repo_select(struct repo_query *q, const struct repo_table *t)
{
    for (size_t i = 0; i < t->count; i++)
        repo_query_fmt(q, "%s\"%s\"", i ? "," : "SELECT ", t->columns[i].name);
    repo_query_fmt(q, " FROM \"%s\"", t->name);
}

static void read_cell(const struct repo_column *column, const struct db_rows *rows, int at,
                      struct arena *a, char *row)
{
    void *member = row + column->at;

    if (column->null_at)
        *(bool *)(row + column->null_at) = db_is_null(rows, at);
    switch (column->cell) {
    case CELL_I64:
        *(int64_t *)member = db_i64(rows, at);
        return;
    case CELL_F64:
        *(double *)member = db_f64(rows, at);
        return;
    case CELL_BOOL:
        *(bool *)member = db_bool(rows, at);
        return;
    case CELL_TEXT:
    case CELL_JSON:
        *(struct str *)member = str_dup(a, db_text(rows, at));
        return;
    case CELL_SECRET:
        *(struct secret *)member = secret_make(str_dup(a, db_text(rows, at)));
        return;
    }
}

static void read_row(const struct repo_table *t, const struct db_rows *rows, struct arena *a,
                     void *row)
{
    for (size_t i = 0; i < t->count; i++)
        read_cell(&t->columns[i], rows, (int)i, a, row);
}

void *repo_read(const struct repo_table *t, const struct db_rows *rows, struct arena *a)
{
    void *row = arena_zalloc(a, t->row_bytes);

    read_row(t, rows, a, row);
    return row;
}

/* Room for one more element: the array doubles. What it leaves behind stays in the arena. */
static void *grow(struct arena *a, void *old, size_t count, size_t *cap, size_t bytes)
{
    void *more;

    if (count < *cap)
        return old;
    *cap = *cap ? *cap * 2 : 16;
    more = arena_zalloc(a, arena_array_bytes(bytes, *cap));
    if (count)
        memcpy(more, old, count * bytes);
    return more;
}

enum err_code repo_fetch(struct db_conn *c, struct arena *a, const struct repo_table *t,
                         struct repo_query *q, void **out, size_t *count, struct err *err)
{
    struct db_rows *rows;
    char *array = NULL;
    size_t cap = 0;

    *out = NULL;
    *count = 0;
    TRY(repo_query_open(c, a, q, &rows, err));
    while (db_next(rows)) {
        array = grow(a, array, *count, &cap, t->row_bytes);
        read_row(t, rows, a, array + *count * t->row_bytes);
        ++*count;
    }
    *out = array;
    return db_end(rows, err);
}

enum err_code repo_fetch_page(struct db_conn *c, struct arena *a, const struct repo_table *t,
                              const struct repo_query *where, const char *order,
                              struct repo_page page, struct repo_fetched *out, struct err *err)
{
    *out = (struct repo_fetched){0};
    REPO_QUERY(total);
    repo_query_fmt(&total, "SELECT COUNT(*) FROM %s", t->name);
    repo_query_append(&total, where);
    TRY(repo_query_i64(c, &total, &out->total, err));
    REPO_QUERY(q);
    repo_select(&q, t);
    repo_query_append(&q, where);
    repo_query_fmt(&q, "%s", order);
    repo_query_page(&q, page);
    return repo_fetch(c, a, t, &q, &out->rows, &out->count, err);
}

enum err_code repo_fetch_one(struct db_conn *c, struct arena *a, const struct repo_table *t,
                             struct repo_query *q, void **row, struct err *err)
{
    struct db_rows *rows;

    *row = NULL;
    TRY(repo_query_open(c, a, q, &rows, err));
    if (db_next(rows))
        *row = repo_read(t, rows, a);
    return db_end(rows, err);
}

enum err_code repo_fetch_texts(struct db_conn *c, struct arena *a, struct repo_query *q,
                               struct str **texts, size_t *count, struct err *err)
{
    struct db_rows *rows;
    struct str *array = NULL;
    size_t cap = 0;

    *texts = NULL;
    *count = 0;
    TRY(repo_query_open(c, a, q, &rows, err));
    while (db_next(rows)) {
        array = grow(a, array, *count, &cap, sizeof *array);
        array[(*count)++] = str_dup(a, db_text(rows, 0));
    }
    *texts = array;
    return db_end(rows, err);
}

enum err_code repo_fetch_ids(struct db_conn *c, struct arena *a, struct repo_query *q,
                             int64_t **ids, size_t *count, struct err *err)
{
    struct db_rows *rows;
    int64_t *array = NULL;
    size_t cap = 0;

    *ids = NULL;
    *count = 0;
    TRY(repo_query_open(c, a, q, &rows, err));
    while (db_next(rows)) {
        array = grow(a, array, *count, &cap, sizeof *array);
        array[(*count)++] = db_i64(rows, 0);
    }
    *ids = array;
    return db_end(rows, err);
}

/* Writing. */

static struct db_value text_value(const struct repo_column *column, struct str text)
{
    return DB_TEXT_OR_NULL(text, column->empty_is_null && text.n == 0);
}

static struct db_value json_value(struct str text, enum db_kind kind)
{
    if (text.n == 0)
        return DB_NULL();
    return kind == DB_SQLITE ? DB_BLOB(text) : DB_TEXT(text);
}

struct db_value repo_value(const struct repo_column *column, const void *row, enum db_kind kind)
{
    const void *member = (const char *)row + column->at;

    if (column->null_at && *(const bool *)((const char *)row + column->null_at))
        return DB_NULL();
    switch (column->cell) {
    case CELL_I64:
        return DB_I64(*(const int64_t *)member);
    case CELL_F64:
        return DB_F64(*(const double *)member);
    case CELL_BOOL:
        return DB_BOOL(*(const bool *)member);
    case CELL_TEXT:
        return text_value(column, *(const struct str *)member);
    case CELL_JSON:
        return json_value(*(const struct str *)member, kind);
    case CELL_SECRET:
        return text_value(column, secret_reveal(*(const struct secret *)member));
    }
    return DB_NULL();
}

enum err_code repo_insert(struct db_conn *c, const struct repo_table *t, const void *row,
                          int64_t *id, struct err *err)
{
    enum db_kind kind = db_conn_kind(c);
    const char *text;

    REPO_QUERY(q);
    *id = 0;
    repo_query_fmt(&q, "INSERT INTO \"%s\" (", t->name);
    for (size_t i = 1; i < t->count; i++)
        repo_query_fmt(&q, "%s\"%s\"", i > 1 ? "," : "", t->columns[i].name);
    repo_query_fmt(&q, ") VALUES ");
    for (size_t i = 1; i < t->count; i++)
        repo_query_add(&q, i > 1 ? ",?" : "(?", repo_value(&t->columns[i], row, kind));
    repo_query_fmt(&q, ")");
    text = repo_query_text(&q);
    return text ? db_insert_values(c, id, err, text, q.values, q.count) : too_long(err);
}

void repo_update(struct repo_query *q, const struct repo_table *t, const void *row,
                 uint64_t columns, enum db_kind kind)
{
    bool first = true;

    assert(columns != 0 && (columns & 1) == 0 && columns < UINT64_C(1) << t->count);
    repo_query_fmt(q, "UPDATE \"%s\" SET ", t->name);
    for (size_t i = 1; i < t->count; i++) {
        if (!(columns & COL(i)))
            continue;
        repo_query_fmt(q, "%s\"%s\" = ", first ? "" : ", ", t->columns[i].name);
        repo_query_add(q, "?", repo_value(&t->columns[i], row, kind));
        first = false;
    }
}

/* Patterns. `!` escapes, because a backslash is special in the literals of one of the databases. */

static struct str escape(struct arena *a, struct str text, const char *special, const char *before,
                         const char *after)
{
    char *p = arena_alloc(a, text.n * 2 + 2), *at = p;

    if (*before)
        *at++ = *before;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] && strchr(special, text.p[i]))
            *at++ = '!';
        *at++ = text.p[i];
    }
    if (*after)
        *at++ = *after;
    return str_make(p, (size_t)(at - p));
}

enum { ID_BATCH = 50 };

enum err_code repo_delete_ids(struct db_conn *c, const char *table, const char *column,
                              const int64_t *ids, size_t n, int64_t *deleted, struct err *err)
{
    for (size_t at = 0; at < n; at += ID_BATCH) {
        int64_t changed;

        REPO_QUERY(q);
        repo_query_fmt(&q, "DELETE FROM %s WHERE %s", table, column);
        repo_query_in(&q, ids + at, n - at < ID_BATCH ? n - at : ID_BATCH);
        TRY(repo_query_exec(c, &q, &changed, err));
        *deleted += changed;
    }
    return ERR_OK;
}

struct str repo_like_part(struct arena *a, struct str part)
{
    return escape(a, part, "%_!", "%", "%");
}

struct str repo_like_start(struct arena *a, struct str start)
{
    return escape(a, start, "%_!", "", "%");
}

struct str repo_like_pattern(struct arena *a, struct str pattern)
{
    return escape(a, pattern, "!", "", "");
}

struct str repo_time_text(struct arena *a, enum db_kind kind, int64_t at_s)
{
    time_t at = (time_t)at_s;
    char text[40];
    struct tm tm;

    gmtime_r(&at, &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    return arena_fmt(a, "%s%s", text, kind == DB_MYSQL ? "" : "+00:00");
}

/* Balances. */

enum { SET_BALANCE_TRIES = 16 };

static enum err_code read_balance(struct db_conn *c, const char *table, const char *column,
                                  int64_t id, int64_t *value, bool *found, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct db_rows *rows;

    *found = false;
    arena_init(&a, 0);
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT \"%s\" FROM \"%s\"", column, table);
    repo_query_add(&q, " WHERE id = ?", DB_I64(id));
    TRY(repo_query_open(c, &a, &q, &rows, err));
    if (db_next(rows)) {
        *value = db_i64(rows, 0);
        *found = true;
    }
    return db_end(rows, err);
}

static enum err_code add_if_still(struct db_conn *c, const char *table, const char *column,
                                  int64_t id, int64_t was, int64_t delta, bool *done,
                                  struct err *err)
{
    int64_t changed = 0;

    REPO_QUERY(q);
    repo_query_fmt(&q, "UPDATE \"%s\" SET \"%s\" = COALESCE(\"%s\", 0)", table, column, column);
    repo_query_add(&q, " + ?", DB_I64(delta));
    repo_query_add(&q, " WHERE id = ?", DB_I64(id));
    repo_query_fmt(&q, " AND COALESCE(\"%s\", 0)", column);
    repo_query_add(&q, " = ?", DB_I64(was));
    TRY(repo_query_exec(c, &q, &changed, err));
    *done = changed > 0;
    return ERR_OK;
}

enum err_code repo_set_balance(struct db_conn *c, const char *table, const char *column, int64_t id,
                               int64_t value, int64_t *delta, bool *found, struct err *err)
{
    *delta = 0;
    for (int i = 0; i < SET_BALANCE_TRIES; i++) {
        int64_t was = 0;
        bool done = false;

        TRY(read_balance(c, table, column, id, &was, found, err));
        if (!*found || was == value)
            return ERR_OK;
        if (__builtin_sub_overflow(value, was, delta))
            return err_set(err, ERR_BAD_REQUEST, "the balance is out of range");
        TRY(add_if_still(c, table, column, id, was, *delta, &done, err));
        if (done)
            return ERR_OK;
    }
    return err_set(err, ERR_UNAVAILABLE, "%s.%s is being changed by others all the time", table,
                   column);
}

/*
 * Rows of the log: writing them, and reading pages of them. Which rows those are is told by the
 * index, in repo_log_view.c.
 */
#include "store/repo_log.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "store/repo_log_row.h"
#include "store/repo_meta.h"

#define LOG_I64(member, name)  REPO_COLUMN(struct log_row, member, name, CELL_I64)
#define LOG_TEXT(member, name) REPO_COLUMN(struct log_row, member, name, CELL_TEXT)

static const struct repo_column columns[] = {
    LOG_I64(id, "id"),
    LOG_I64(user_id, "user_id"),
    LOG_I64(created_at, "created_at"),
    LOG_I64(type, "type"),
    LOG_TEXT(content, "content"),
    LOG_TEXT(username, "username"),
    LOG_TEXT(token_name, "token_name"),
    LOG_TEXT(model_name, "model_name"),
    LOG_I64(quota, "quota"),
    LOG_I64(prompt_tokens, "prompt_tokens"),
    LOG_I64(completion_tokens, "completion_tokens"),
    LOG_I64(use_time, "use_time"),
    REPO_COLUMN(struct log_row, is_stream, "is_stream", CELL_BOOL),
    LOG_I64(channel_id, "channel_id"),
    LOG_I64(token_id, "token_id"),
    LOG_TEXT(group, "group"),
    LOG_TEXT(other, "other"),
    LOG_TEXT(ip, "ip"),
    LOG_TEXT(request_id, "request_id"),
    LOG_TEXT(upstream_request_id, "upstream_request_id"),
};

const struct repo_table repo_log_table = {"logs", columns, ARRAY_LEN(columns),
                                          sizeof(struct log_row)};

struct log_row repo_log_clip(const struct log_row *row)
{
    struct log_row r = *row;

    r.username = utf8_prefix(r.username, 191);
    r.token_name = utf8_prefix(r.token_name, 191);
    r.model_name = utf8_prefix(r.model_name, 191);
    r.group = utf8_prefix(r.group, 191);
    r.ip = utf8_prefix(r.ip, 191);
    r.request_id = utf8_prefix(r.request_id, 64);
    r.upstream_request_id = utf8_prefix(r.upstream_request_id, 128);
    return r;
}

/* Writing. */

enum err_code repo_log_lock(struct db_conn *c, struct err *err)
{
    return repo_meta_lock(c, STR("log_lock"), err);
}

static enum err_code insert_one(struct db_conn *c, const struct log_row *row, struct err *err)
{
    int64_t id;

    TRY(repo_log_lock(c, err));
    return repo_insert(c, &repo_log_table, row, &id, err);
}

enum err_code repo_log_insert(struct db_conn *c, const struct log_row *row, struct err *err)
{
    struct log_row clipped = repo_log_clip(row);
    struct db_tx tx;

    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, insert_one(c, &clipped, err), err);
}

enum {
    LOG_WRITTEN = ARRAY_LEN(columns) - 1, /* all but the id */
    PORTION_ROWS = 2000                   /* whose values are in memory at a time */
};

static enum err_code insert_portion(struct db_conn *c, const struct db_insert *what,
                                    struct db_value *values, const struct log_row *rows, size_t n,
                                    struct err *err)
{
    enum db_kind kind = db_conn_kind(c);

    for (size_t r = 0; r < n; r++) {
        struct log_row clipped = repo_log_clip(&rows[r]);

        for (size_t i = 0; i < LOG_WRITTEN; i++)
            values[r * LOG_WRITTEN + i] = repo_value(&columns[i + 1], &clipped, kind);
    }
    return db_insert_rows(c, what, values, n, err);
}

static enum err_code insert_all(struct db_conn *c, const struct log_row *rows, size_t n,
                                struct err *err)
{
    const char *names[LOG_WRITTEN];
    const struct db_insert what = {repo_log_table.name, names, LOG_WRITTEN};
    const size_t most = n < PORTION_ROWS ? n : PORTION_ROWS;
    CLEANUP(arena_finip) struct arena a;
    struct db_value *values;

    for (size_t i = 0; i < LOG_WRITTEN; i++)
        names[i] = columns[i + 1].name;
    arena_init(&a, 0);
    values = arena_new_array(&a, struct db_value, LOG_WRITTEN * most);
    TRY(repo_log_lock(c, err));
    for (size_t at = 0; at < n; at += most)
        TRY(insert_portion(c, &what, values, rows + at, n - at < most ? n - at : most, err));
    return ERR_OK;
}

enum err_code repo_log_insert_many(struct db_conn *c, const struct log_row *rows, size_t n,
                                   struct err *err)
{
    struct db_tx tx;

    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, insert_all(c, rows, n, err), err);
}

/* Reading. */

/* The pattern of the caller; a name without wildcards is compared as such. */
void repo_log_add_model(struct repo_query *q, struct arena *a, struct str pattern)
{
    if (str_find_char(pattern, '%') < 0 && str_find_char(pattern, '_') < 0)
        repo_query_add(q, " = ?", DB_TEXT(pattern));
    else
        repo_query_add(q, " LIKE ? ESCAPE '!'", DB_TEXT(repo_like_pattern(a, pattern)));
}

/* A row without a time stands at zero: before every start, within every end. */
static void add_times(struct repo_query *q, int64_t start_s, int64_t end_s)
{
    if (start_s)
        repo_query_add(q, " AND created_at >= ?", DB_I64(start_s));
    if (end_s && start_s)
        repo_query_add(q, " AND created_at <= ?", DB_I64(end_s));
    else if (end_s)
        repo_query_add(q, " AND (created_at <= ? OR created_at IS NULL)", DB_I64(end_s));
}

/* COALESCE keeps the planner from the single-column indexes of imported databases: what is asked so
 * is a short range of ids or of time, or the few rows of one request, and that index is the right
 * one. */
void repo_log_add_filter(struct repo_query *q, struct arena *a, const struct log_filter *f)
{
    if (f->user_id)
        repo_query_add(q, f->request_id.n ? " AND COALESCE(user_id, 0) = ?" : " AND user_id = ?",
                       DB_I64(f->user_id));
    add_times(q, f->start_s, f->end_s);
    if (f->type)
        repo_query_add(q, " AND COALESCE(type, 0) = ?", DB_I64(f->type));
    if (f->token_id)
        repo_query_add(q, " AND COALESCE(token_id, 0) = ?", DB_I64(f->token_id));
    if (f->channel_id)
        repo_query_add(q, " AND COALESCE(channel_id, 0) = ?", DB_I64(f->channel_id));
    if (f->username.n)
        repo_query_add(q, " AND COALESCE(username, '') = ?", DB_TEXT(f->username));
    if (f->token_name.n)
        repo_query_add(q, " AND COALESCE(token_name, '') = ?", DB_TEXT(f->token_name));
    if (f->group.n)
        repo_query_add(q, " AND COALESCE(\"group\", '') = ?", DB_TEXT(f->group));
    if (f->request_id.n)
        repo_query_add(q, " AND request_id = ?", DB_TEXT(f->request_id));
    if (f->model_name.n) {
        repo_query_fmt(q, " AND COALESCE(model_name, '')");
        repo_log_add_model(q, a, f->model_name);
    }
}

static enum err_code fetch(struct db_conn *c, struct arena *a, const struct log_filter *f,
                           struct repo_page page, struct log_row **rows, size_t *count,
                           struct err *err)
{
    void *array;
    enum err_code rc;

    REPO_QUERY(q);
    repo_select(&q, &repo_log_table);
    repo_query_fmt(&q, " WHERE 1 = 1");
    repo_log_add_filter(&q, a, f);
    repo_query_fmt(&q, " ORDER BY %s DESC, id DESC",
                   f->request_id.n ? "COALESCE(created_at, 0)" : "created_at");
    repo_query_page(&q, page);
    rc = repo_fetch(c, a, &repo_log_table, &q, &array, count, err);
    *rows = array;
    return rc;
}

/* Without the index: what asks for a request id, or for very many rows. */
static enum err_code page_directly(struct db_conn *c, struct arena *a, const struct log_filter *f,
                                   struct repo_page page, struct log_page *out, struct err *err)
{
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT COUNT(*) FROM logs WHERE 1 = 1");
    repo_log_add_filter(&q, a, f);
    TRY(repo_query_i64(c, &q, &out->total, err));
    return fetch(c, a, f, page, &out->rows, &out->count, err);
}

enum { IDS_ASKED = 50 };

static enum err_code fetch_some(struct db_conn *c, struct arena *a, const struct log_ref *refs,
                                size_t n, struct log_page *out, struct err *err)
{
    void *rows;
    size_t got;

    REPO_QUERY(q);
    repo_select(&q, &repo_log_table);
    for (size_t i = 0; i < IDS_ASKED; i++) /* always as many: the statement stays prepared */
        repo_query_add(&q, i ? ",?" : " WHERE id IN (?", DB_I64(refs[i < n ? i : 0].id));
    repo_query_fmt(&q, ")");
    TRY(repo_fetch(c, a, &repo_log_table, &q, &rows, &got, err));
    if (got)
        memcpy(out->rows + out->count, rows, got * sizeof *out->rows);
    out->count += got;
    return ERR_OK;
}

static int compare_rows(const void *left, const void *right)
{
    const struct log_row *x = left, *y = right;
    const struct log_ref first = {x->created_at, x->id}, second = {y->created_at, y->id};

    return log_ref_compare(&first, &second);
}

static enum err_code fetch_refs(struct db_conn *c, struct arena *a, const struct log_ref *refs,
                                size_t n, struct log_page *out, struct err *err)
{
    out->rows = arena_new_array(a, struct log_row, n + 1);
    for (size_t at = 0; at < n; at += IDS_ASKED)
        TRY(fetch_some(c, a, refs + at, n - at < IDS_ASKED ? n - at : IDS_ASKED, out, err));
    if (out->count)
        qsort(out->rows, out->count, sizeof *out->rows, compare_rows);
    return ERR_OK;
}

enum { PAGE_ROWS_MAX = 1000 };

static enum err_code page_in_transaction(struct db_conn *c, struct arena *a,
                                         const struct log_filter *f, struct repo_page page,
                                         struct log_page *out, struct err *err)
{
    struct log_view view;
    struct log_ref *refs;
    size_t n;

    if (f->request_id.n || page.limit <= 0 || page.limit > PAGE_ROWS_MAX)
        return page_directly(c, a, f, page, out, err);
    TRY(repo_log_view(c, a, f, &view, err));
    if (view.behind)
        return page_directly(c, a, f, page, out, err);
    out->total = view.total;
    TRY(repo_log_view_page(c, a, &view, page, &refs, &n, err));
    return fetch_refs(c, a, refs, n, out, err);
}

enum err_code repo_log_page(struct db_conn *c, struct arena *a, const struct log_filter *filter,
                            struct repo_page page, struct log_page *out, struct err *err)
{
    struct db_tx tx;

    *out = (struct log_page){0};
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, page_in_transaction(c, a, filter, page, out, err), err);
}

enum err_code repo_log_search(struct db_conn *c, struct arena *a, struct str keyword,
                              int64_t user_id, int64_t limit, struct log_page *out, struct err *err)
{
    int64_t type;
    void *rows;

    *out = (struct log_page){0};
    if (!str_to_i64(keyword, &type))
        type = -1;
    REPO_QUERY(q);
    repo_select(&q, &repo_log_table);
    if (user_id) {
        repo_query_add(&q, " WHERE user_id = ?", DB_I64(user_id));
        repo_query_add(&q, " AND type = ?", DB_I64(type));
    } else {
        repo_query_add(&q, " WHERE (type = ?", DB_I64(type));
        repo_query_add(&q, " OR content LIKE ? ESCAPE '!')", DB_TEXT(repo_like_start(a, keyword)));
    }
    repo_query_fmt(&q, " ORDER BY created_at DESC, id DESC");
    repo_query_page(&q, (struct repo_page){0, limit});
    TRY(repo_fetch(c, a, &repo_log_table, &q, &rows, &out->count, err));
    out->rows = rows;
    out->total = (int64_t)out->count;
    return ERR_OK;
}

/* Sums. */

static enum err_code sum_directly(struct db_conn *c, struct arena *a, const struct log_filter *f,
                                  int64_t *quota, struct err *err)
{
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT SUM(quota) FROM logs WHERE 1 = 1");
    repo_log_add_filter(&q, a, f);
    return repo_query_i64(c, &q, quota, err);
}

static enum err_code sum_quota(struct db_conn *c, struct arena *a, const struct log_filter *f,
                               int64_t *quota, struct err *err)
{
    bool behind;

    if (f->request_id.n)
        return sum_directly(c, a, f, quota, err);
    TRY(repo_log_view_consumed(c, a, f, quota, &behind, err));
    return behind ? sum_directly(c, a, f, quota, err) : ERR_OK;
}

static enum err_code sum_last_minute(struct db_conn *c, struct arena *a, const struct log_filter *f,
                                     struct log_stat *out, struct err *err)
{
    struct db_rows *rows;

    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT COUNT(*), SUM(COALESCE(prompt_tokens, 0)"
                       " + COALESCE(completion_tokens, 0)) FROM logs WHERE 1 = 1");
    repo_log_add_filter(&q, a, f);
    TRY(repo_query_open(c, a, &q, &rows, err));
    if (db_next(rows)) {
        out->rpm = db_i64(rows, 0);
        out->tpm = db_i64(rows, 1);
    }
    return db_end(rows, err);
}

static enum err_code stat_in_transaction(struct db_conn *c, const struct log_filter *filter,
                                         int64_t now_s, struct log_stat *out, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct log_filter consumed = *filter, minute;

    arena_init(&a, 0);
    consumed.type = LOG_TYPE_CONSUME;
    minute = consumed;
    minute.start_s = now_s - 60;
    minute.end_s = 0;
    TRY(sum_quota(c, &a, &consumed, &out->quota, err));
    return sum_last_minute(c, &a, &minute, out, err);
}

enum err_code repo_log_stat(struct db_conn *c, const struct log_filter *filter, int64_t now_s,
                            struct log_stat *out, struct err *err)
{
    struct db_tx tx;

    *out = (struct log_stat){0};
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, stat_in_transaction(c, filter, now_s, out, err), err);
}

/* Deleting. */

static enum err_code delete_oldest(struct db_conn *c, int64_t before_s, int64_t max_rows,
                                   int64_t *deleted, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    int64_t *ids;
    size_t n;

    arena_init(&a, 0);
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT id FROM logs WHERE created_at < ? ORDER BY created_at",
                   DB_I64(before_s));
    repo_query_page(&q, (struct repo_page){0, max_rows});
    TRY(repo_fetch_ids(c, &a, &q, &ids, &n, err));
    TRY(repo_delete_ids(c, "logs", "id", ids, n, deleted, err));
    /* Until the last portion the index counts some rows that are gone, which no page misses. */
    return (int64_t)n < max_rows ? repo_log_index_forget(c, err) : ERR_OK;
}

enum err_code repo_log_delete_before(struct db_conn *c, int64_t before_s, int64_t max_rows,
                                     int64_t *deleted, struct err *err)
{
    struct db_tx tx;

    *deleted = 0;
    assert(max_rows > 0);
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, delete_oldest(c, before_s, max_rows, deleted, err), err);
}

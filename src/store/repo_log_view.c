/*
 * Asking the index which rows a filter lets pass.
 *
 * Each condition narrows the sets of the chunks that are left; what is read is one bucket of each
 * chunk for one value.
 */
#include <stdlib.h>

#include "store/repo_log_row.h"

/* ---- what is asked for ---- */

/* One condition: the value of a column is one of these. */
struct wanted {
    enum log_part part;
    uint64_t *codes; /* rising */
    size_t count;
};

struct wish {
    struct wanted conditions[LOG_COLUMNS];
    size_t count;
};

static enum err_code damaged(struct err *err)
{
    return err_set(err, ERR_DB, "the index of the log is damaged");
}

static int compare_codes(const void *left, const void *right)
{
    const uint64_t x = *(const uint64_t *)left, y = *(const uint64_t *)right;

    return x < y ? -1 : x > y;
}

static int compare_wanted(const void *left, const void *right)
{
    const struct wanted *x = left, *y = right;

    return x->count < y->count ? -1 : x->count > y->count;
}

static void want_codes(struct wish *w, enum log_part part, uint64_t *codes, size_t n)
{
    struct wanted *wanted = &w->conditions[w->count++];

    if (n)
        qsort(codes, n, sizeof *codes, compare_codes);
    *wanted = (struct wanted){.part = part, .codes = codes, .count = n};
}

static void want_number(struct wish *w, struct arena *a, enum log_part part, int64_t value)
{
    uint64_t *code;

    if (value == 0)
        return;
    code = arena_new(a, uint64_t);
    *code = (uint64_t)value;
    want_codes(w, part, code, 1);
}

/* The codes of the query's names. */
static enum err_code fetch_codes(struct db_conn *c, struct arena *a, struct repo_query *q,
                                 uint64_t **codes, size_t *n, struct err *err)
{
    int64_t *hashes;

    TRY(repo_fetch_ids(c, a, q, &hashes, n, err));
    *codes = arena_new_array(a, uint64_t, *n + 1);
    for (size_t i = 0; i < *n; i++)
        (*codes)[i] = (uint64_t)hashes[i];
    return ERR_OK;
}

/* Which names are equal to the text only the database knows: MySQL sees no case. */
static enum err_code want_name(struct wish *w, struct db_conn *c, struct arena *a,
                               enum log_part part, struct str name, struct err *err)
{
    uint64_t *codes;
    size_t n;

    if (name.n == 0)
        return ERR_OK;
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT hash FROM yourapi_log_names WHERE part = ?", DB_I64(part));
    repo_query_add(&q, " AND name = ?", DB_TEXT(name));
    TRY(fetch_codes(c, a, &q, &codes, &n, err));
    want_codes(w, part, codes, n);
    return ERR_OK;
}

static enum err_code want_model(struct wish *w, struct db_conn *c, struct arena *a,
                                struct str pattern, struct err *err)
{
    uint64_t *codes;
    int64_t all;
    size_t n;

    if (pattern.n == 0)
        return ERR_OK;
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT hash FROM yourapi_log_names WHERE part = ?", DB_I64(LOG_BY_MODEL));
    repo_query_fmt(&q, " AND name");
    repo_log_add_model(&q, a, pattern);
    TRY(fetch_codes(c, a, &q, &codes, &n, err));
    REPO_QUERY(count);
    repo_query_add(&count, "SELECT COUNT(*) FROM yourapi_log_names WHERE part = ?",
                   DB_I64(LOG_BY_MODEL));
    TRY(repo_query_i64(c, &count, &all, err));
    if ((int64_t)n < all || n == 0) /* a pattern that every name fits is no condition */
        want_codes(w, LOG_BY_MODEL, codes, n);
    return ERR_OK;
}

/* The conditions of the filter but for its times; those that read least come first. */
static enum err_code read_wish(struct db_conn *c, struct arena *a, const struct log_filter *f,
                               struct wish *w, struct err *err)
{
    w->count = 0;
    want_number(w, a, LOG_BY_TYPE, f->type);
    want_number(w, a, LOG_BY_USER, f->user_id);
    want_number(w, a, LOG_BY_TOKEN, f->token_id);
    want_number(w, a, LOG_BY_CHANNEL, f->channel_id);
    TRY(want_name(w, c, a, LOG_BY_USERNAME, f->username, err));
    TRY(want_name(w, c, a, LOG_BY_TOKEN_NAME, f->token_name, err));
    TRY(want_name(w, c, a, LOG_BY_GROUP, f->group, err));
    TRY(want_model(w, c, a, f->model_name, err));
    if (w->count)
        qsort(w->conditions, w->count, sizeof w->conditions[0], compare_wanted);
    return ERR_OK;
}

/* ---- narrowing the chunks ---- */

static enum err_code fetch_spans(struct db_conn *c, struct arena *a, const struct log_filter *f,
                                 struct log_view *v, struct err *err)
{
    struct db_rows *rows;
    int64_t count;

    REPO_QUERY(n);
    repo_query_fmt(&n, "SELECT COUNT(*) FROM yourapi_log_chunks");
    TRY(repo_query_i64(c, &n, &count, err));
    v->spans = arena_new_array(a, struct log_span, (size_t)count + 1);
    REPO_QUERY(q);
    repo_query_add(&q,
                   "SELECT chunk_id, newest_s, oldest_s, left_s, log_count, consumed"
                   " FROM yourapi_log_chunks WHERE newest_s >= ?",
                   DB_I64(f->start_s));
    repo_query_add(&q, " AND oldest_s <= ? ORDER BY chunk_id",
                   DB_I64(f->end_s ? f->end_s : INT64_MAX));
    repo_query_page(&q, (struct repo_page){0, count > 0 ? count : 1});
    TRY(repo_query_open(c, a, &q, &rows, err));
    while (db_next(rows))
        v->spans[v->span_count++] = (struct log_span){.chunk = db_i64(rows, 0),
                                                      .newest_s = db_i64(rows, 1),
                                                      .oldest_s = db_i64(rows, 2),
                                                      .left_s = db_i64(rows, 3),
                                                      .rows = (size_t)db_i64(rows, 4),
                                                      .count = (size_t)db_i64(rows, 4),
                                                      .consumed = db_i64(rows, 5)};
    TRY(db_end(rows, err));
    for (size_t i = 0; i < v->span_count; i++)
        if (v->spans[i].rows == 0 || v->spans[i].rows > LOG_CHUNK_ROWS)
            return damaged(err);
    return ERR_OK;
}

static struct log_span *find_span(const struct log_view *v, int64_t chunk)
{
    size_t low = 0, high = v->span_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (v->spans[middle].chunk == chunk)
            return &v->spans[middle];
        if (v->spans[middle].chunk < chunk)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Buckets of a part that are read together: these, or all. */
struct buckets {
    bool in[LOG_BUCKETS_MAX];
    size_t count;
};

static struct buckets one_bucket(unsigned bucket)
{
    struct buckets b = {.count = 1};

    b.in[bucket] = true;
    return b;
}

static struct buckets buckets_of(const struct wanted *wanted)
{
    struct buckets b = {.count = 0};

    for (size_t i = 0; i < wanted->count; i++) {
        bool *in = &b.in[log_part_bucket(wanted->part, wanted->codes[i])];

        b.count += !*in;
        *in = true;
    }
    return b;
}

/* Past so many it is cheaper to read all; up to so many the statement is always the same, and so
 * stays prepared. */
enum { BUCKETS_NAMED = 16 };

static void add_buckets(struct repo_query *q, const struct buckets *b)
{
    unsigned bucket = 0, named = 0;

    if (b->count > BUCKETS_NAMED)
        return;
    while (!b->in[bucket])
        bucket++;
    if (b->count == 1) {
        repo_query_add(q, " AND bucket = ?", DB_I64(bucket));
        return;
    }
    repo_query_add(q, " AND bucket IN (?", DB_I64(bucket));
    for (unsigned next = bucket + 1; next < LOG_BUCKETS_MAX; next++)
        if (b->in[next]) {
            repo_query_add(q, ",?", DB_I64(next));
            named++;
        }
    for (; named + 1 < BUCKETS_NAMED; named++)
        repo_query_add(q, ",?", DB_I64(bucket));
    repo_query_fmt(q, ")");
}

/* Buckets of a part, of all chunks from the first to the last span. */
static enum err_code open_parts(struct db_conn *c, struct arena *a, const struct log_span *first,
                                const struct log_span *last, enum log_part part,
                                const struct buckets *buckets, struct db_rows **rows,
                                struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT chunk_id, data FROM yourapi_log_parts WHERE part = ?", DB_I64(part));
    add_buckets(&q, buckets);
    repo_query_add(&q, " AND chunk_id >= ?", DB_I64(first->chunk));
    repo_query_add(&q, " AND chunk_id <= ?", DB_I64(last->chunk));
    return repo_query_open(c, a, &q, rows, err);
}

/* Sets under construction, one a span. */
struct narrowing {
    struct arena arena; /* of the rows that are read */
    uint64_t **sets;
    int64_t *consumed;
};

static enum err_code match_all(struct db_conn *c, struct log_view *v, struct narrowing *n,
                               const struct wanted *wanted, struct err *err)
{
    const struct buckets buckets = buckets_of(wanted);
    struct db_rows *rows;
    bool good = true;

    if (wanted->count == 0)
        return ERR_OK;
    TRY(open_parts(c, &n->arena, v->spans, v->spans + v->span_count - 1, wanted->part, &buckets,
                   &rows, err));
    while (good && db_next(rows)) {
        const struct log_span *span = find_span(v, db_i64(rows, 0));

        if (span)
            good = log_part_match(db_text(rows, 1), span->rows, wanted->codes, wanted->count,
                                  n->sets[span - v->spans], &n->consumed[span - v->spans]);
    }
    TRY(db_end(rows, err));
    return good ? ERR_OK : damaged(err);
}

static void intersect(struct log_span *span, uint64_t *set)
{
    for (size_t i = 0; span->set && i < log_set_words(span->rows); i++)
        set[i] &= span->set[i];
    span->set = set;
    span->count = log_set_count(set, span->rows);
}

static void drop_empty(struct log_view *v)
{
    size_t kept = 0;

    for (size_t i = 0; i < v->span_count; i++)
        if (v->spans[i].count)
            v->spans[kept++] = v->spans[i];
    v->span_count = kept;
}

static enum err_code narrow(struct db_conn *c, struct arena *a, struct log_view *v,
                            const struct wanted *wanted, struct err *err)
{
    struct narrowing n = {.sets = arena_new_array(a, uint64_t *, v->span_count + 1),
                          .consumed = arena_new_array(a, int64_t, v->span_count + 1)};
    enum err_code rc;

    if (v->span_count == 0)
        return ERR_OK;
    for (size_t i = 0; i < v->span_count; i++)
        n.sets[i] = arena_new_array(a, uint64_t, log_set_words(v->spans[i].rows));
    arena_init(&n.arena, 0);
    rc = match_all(c, v, &n, wanted, err);
    arena_fini(&n.arena);
    for (size_t i = 0; i < v->span_count; i++) {
        intersect(&v->spans[i], n.sets[i]);
        v->spans[i].consumed = n.consumed[i];
    }
    drop_empty(v);
    return rc;
}

/* ---- times ---- */

enum err_code repo_log_span_refs(struct db_conn *c, struct arena *a, const struct log_span *span,
                                 struct log_ref **refs, struct err *err)
{
    const struct buckets only = one_bucket(0);
    struct db_rows *rows;
    bool good = false;

    *refs = arena_new_array(a, struct log_ref, span->rows);
    TRY(open_parts(c, a, span, span, LOG_PART_ROWS, &only, &rows, err));
    if (db_next(rows))
        good = log_part_refs(db_text(rows, 1), span->rows, *refs);
    TRY(db_end(rows, err));
    return good ? ERR_OK : damaged(err);
}

/* The oldest time that counts. */
static int64_t start_of(const struct log_filter *f, const struct log_span *span)
{
    return f->start_s > span->left_s ? f->start_s : span->left_s;
}

static bool is_cut(const struct log_filter *f, const struct log_span *span)
{
    const int64_t start_s = start_of(f, span);

    return (start_s && start_s > span->oldest_s) || (f->end_s && f->end_s < span->newest_s);
}

/* Some of the chunk's rows are outside of the filter's times, or deleted. */
static enum err_code cut(struct db_conn *c, struct arena *a, const struct log_filter *f,
                         struct log_span *span, struct err *err)
{
    CLEANUP(arena_finip) struct arena scratch;
    uint64_t *set = arena_new_array(a, uint64_t, log_set_words(span->rows));
    const int64_t start_s = start_of(f, span);
    struct log_ref *refs;

    arena_init(&scratch, 0);
    TRY(repo_log_span_refs(c, &scratch, span, &refs, err));
    for (size_t i = 0; i < span->rows; i++)
        if (refs[i].created_at >= start_s && (!f->end_s || refs[i].created_at <= f->end_s))
            set[i / 64] |= UINT64_C(1) << (i % 64);
    intersect(span, set);
    return ERR_OK;
}

static enum err_code cut_all(struct db_conn *c, struct arena *a, const struct log_filter *f,
                             struct log_view *v, struct err *err)
{
    for (size_t i = 0; i < v->span_count; i++)
        if (is_cut(f, &v->spans[i]))
            TRY(cut(c, a, f, &v->spans[i], err));
    drop_empty(v);
    return ERR_OK;
}

/* ---- rows that are not indexed yet ---- */

/* So many may wait; a database that was just imported has more. */
enum { TAIL_MAX = 200000 };

static enum err_code count_behind(struct db_conn *c, int64_t mark, bool *behind, struct err *err)
{
    int64_t far;

    REPO_QUERY(q);
    repo_query_add(&q, "SELECT id FROM logs WHERE id > ? ORDER BY id", DB_I64(mark));
    repo_query_page(&q, (struct repo_page){TAIL_MAX, 1});
    TRY(repo_query_i64(c, &q, &far, err));
    *behind = far != 0;
    return ERR_OK;
}

static enum err_code look_behind(struct db_conn *c, int64_t mark, bool *behind, struct err *err)
{
    int64_t newest;

    *behind = false;
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT MAX(id) FROM logs");
    TRY(repo_query_i64(c, &q, &newest, err));
    return newest - mark > TAIL_MAX ? count_behind(c, mark, behind, err) : ERR_OK;
}

/* The rows behind the mark as a table. Without the LIMIT a planner may take an index of the
 * conditions around it, and read all that is older, too. */
static void add_tail(struct repo_query *q, struct arena *a, int64_t mark,
                     const struct log_filter *f)
{
    repo_query_add(q,
                   " FROM (SELECT id, created_at, type, user_id, token_id, channel_id, quota,"
                   " username, token_name, model_name, \"group\" FROM logs WHERE id > ?"
                   " ORDER BY id",
                   DB_I64(mark));
    repo_query_add(q, " LIMIT ?) AS unindexed WHERE 1 = 1", DB_I64(INT64_MAX));
    repo_log_add_filter(q, a, f);
}

static enum err_code fetch_tail(struct db_conn *c, struct arena *a, const struct log_filter *f,
                                int64_t mark, struct log_view *v, struct err *err)
{
    static const struct repo_column columns[] = {
        REPO_COLUMN(struct log_ref, id, "id", CELL_I64),
        REPO_COLUMN(struct log_ref, created_at, "created_at", CELL_I64),
    };
    static const struct repo_table table = {"logs", columns, ARRAY_LEN(columns),
                                            sizeof(struct log_ref)};
    void *refs;

    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT id, created_at");
    add_tail(&q, a, mark, f);
    TRY(repo_fetch(c, a, &table, &q, &refs, &v->tail_count, err));
    v->tail = refs;
    if (v->tail_count)
        qsort(v->tail, v->tail_count, sizeof *v->tail, log_ref_compare);
    return ERR_OK;
}

/* ---- the view ---- */

static enum err_code find_spans(struct db_conn *c, struct arena *a, const struct log_filter *f,
                                const struct wish *w, struct log_view *v, struct err *err)
{
    TRY(fetch_spans(c, a, f, v, err));
    for (size_t i = 0; i < w->count; i++)
        TRY(narrow(c, a, v, &w->conditions[i], err));
    return cut_all(c, a, f, v, err);
}

enum err_code repo_log_view(struct db_conn *c, struct arena *a, const struct log_filter *filter,
                            struct log_view *out, struct err *err)
{
    struct wish wish;
    int64_t mark;

    *out = (struct log_view){.spans = NULL};
    TRY(repo_log_mark(c, &mark, err));
    TRY(look_behind(c, mark, &out->behind, err));
    if (out->behind)
        return ERR_OK;
    TRY(read_wish(c, a, filter, &wish, err));
    TRY(find_spans(c, a, filter, &wish, out, err));
    TRY(fetch_tail(c, a, filter, mark, out, err));
    out->total = (int64_t)out->tail_count;
    for (size_t i = 0; i < out->span_count; i++)
        out->total += (int64_t)out->spans[i].count;
    return ERR_OK;
}

/* ---- sums ---- */

static enum err_code sum_rows(struct db_conn *c, struct log_view *v, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    const struct buckets only = one_bucket(0);
    struct db_rows *rows;
    bool good = true;

    arena_init(&a, 0);
    if (v->span_count == 0)
        return ERR_OK;
    for (size_t i = 0; i < v->span_count; i++)
        v->spans[i].consumed = 0;
    TRY(open_parts(c, &a, v->spans, v->spans + v->span_count - 1, LOG_PART_QUOTA, &only, &rows,
                   err));
    while (good && db_next(rows)) {
        struct log_span *span = find_span(v, db_i64(rows, 0));

        if (span)
            good = log_part_consumed(db_text(rows, 1), span->rows, span->set, &span->consumed);
    }
    TRY(db_end(rows, err));
    return good ? ERR_OK : damaged(err);
}

/* With one condition the sums of the chunks are at hand, except where the times cut. */
static enum err_code sum_spans(struct db_conn *c, struct arena *a, const struct log_filter *f,
                               const struct wish *w, struct log_view *v, struct err *err)
{
    struct log_view some = {.spans = arena_new_array(a, struct log_span, v->span_count + 1)};

    if (w->count > 1)
        return sum_rows(c, v, err);
    for (size_t i = 0; i < v->span_count; i++)
        if (is_cut(f, &v->spans[i])) {
            some.spans[0] = v->spans[i];
            some.span_count = 1;
            TRY(sum_rows(c, &some, err));
            v->spans[i].consumed = some.spans[0].consumed;
        }
    return ERR_OK;
}

enum err_code repo_log_view_consumed(struct db_conn *c, struct arena *a,
                                     const struct log_filter *filter, int64_t *consumed,
                                     bool *behind, struct err *err)
{
    struct log_filter any_type = *filter;
    struct log_view v = {.spans = NULL};
    struct wish wish;
    int64_t mark;

    assert(filter->type == LOG_TYPE_CONSUME);
    *consumed = 0;
    any_type.type = 0; /* the sums of the index are of consumption alone */
    TRY(repo_log_mark(c, &mark, err));
    TRY(look_behind(c, mark, behind, err));
    if (*behind)
        return ERR_OK;
    TRY(read_wish(c, a, &any_type, &wish, err));
    TRY(find_spans(c, a, &any_type, &wish, &v, err));
    TRY(sum_spans(c, a, &any_type, &wish, &v, err));
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT SUM(quota)");
    add_tail(&q, a, mark, filter);
    TRY(repo_query_i64(c, &q, consumed, err));
    for (size_t i = 0; i < v.span_count; i++)
        *consumed += v.spans[i].consumed;
    return ERR_OK;
}

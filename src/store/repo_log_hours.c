/*
 * An hour is summed three times, ever finer: all its rows by type, by user, and by everything a
 * page can be filtered by. A question reads the coarsest sums that can answer it, so that the
 * unfiltered page of a large log reads a row an hour and type.
 *
 * The key of a sum is a hash of its columns (their texts together are wider than a key may be on
 * MySQL). SHA-256 cut to 64 bits: names are chosen by strangers, who must not be able to make two
 * of them fall together.
 */
#include "store/repo_log_hours.h"

#include "base/crypto.h"
#include "base/map.h"
#include "store/repo_log_row.h"
#include "store/repo_meta.h"

/* Values of yourapi_log_hours.grade. */
enum hours_grade { HOURS_OF_TYPE, HOURS_OF_USER, HOURS_OF_ALL, HOURS_GRADES };

/* Key of yourapi_meta: the id up to which rows are summed. */
#define MARK STR("log_hours_mark")

struct sum {
    struct str key; /* what follows, as bytes; also the key in the table of sums */
    enum hours_grade grade;
    struct log_row of; /* the members that the grade tells apart, created_at being the hour */
    int64_t count, quota;
};

struct sums {
    struct arena arena;
    struct map by_key;
};

static void sums_init(struct sums *s)
{
    arena_init(&s->arena, 64 * 1024);
    map_init(&s->by_key);
}

static void sums_finip(struct sums *s)
{
    map_fini(&s->by_key);
    arena_fini(&s->arena);
}

/* The row with only those members left that the grade tells apart. */
static struct log_row reduce(const struct log_row *row, enum hours_grade grade)
{
    struct log_row r = {.created_at = repo_log_hour(row->created_at), .type = row->type};

    if (grade >= HOURS_OF_USER) {
        r.user_id = row->user_id;
        r.username = row->username;
    }
    if (grade >= HOURS_OF_ALL) {
        r.token_id = row->token_id;
        r.channel_id = row->channel_id;
        r.token_name = row->token_name;
        r.model_name = row->model_name;
        r.group = row->group;
    }
    return r;
}

static void put_i64(struct sb *to, int64_t value)
{
    for (int shift = 0; shift < 64; shift += 8)
        sb_add_char(to, (char)(uint64_t)(value >> shift));
}

static void put_text(struct sb *to, struct str text)
{
    put_i64(to, (int64_t)text.n);
    sb_add(to, text);
}

static void put_key(struct sb *to, const struct log_row *r, enum hours_grade grade)
{
    put_i64(to, grade);
    put_i64(to, r->created_at);
    put_i64(to, r->type);
    put_i64(to, r->user_id);
    put_i64(to, r->token_id);
    put_i64(to, r->channel_id);
    put_text(to, r->username);
    put_text(to, r->token_name);
    put_text(to, r->model_name);
    put_text(to, r->group);
}

static struct sum *sum_of(struct sums *s, struct sb *key, const struct log_row *reduced,
                          enum hours_grade grade)
{
    struct sum *sum;

    sb_reset(key);
    put_key(key, reduced, grade);
    sum = map_find(&s->by_key, sb_str(key));
    if (sum)
        return sum;
    sum = arena_new(&s->arena, struct sum);
    sum->key = str_dup(&s->arena, sb_str(key));
    sum->grade = grade;
    sum->of = *reduced;
    sum->of.username = str_dup(&s->arena, reduced->username);
    sum->of.token_name = str_dup(&s->arena, reduced->token_name);
    sum->of.model_name = str_dup(&s->arena, reduced->model_name);
    sum->of.group = str_dup(&s->arena, reduced->group);
    map_put(&s->by_key, sum->key, sum);
    return sum;
}

static void sums_add(struct sums *s, struct sb *key, const struct log_row *row)
{
    for (int grade = 0; grade < HOURS_GRADES; grade++) {
        struct log_row reduced = reduce(row, (enum hours_grade)grade);
        struct sum *sum = sum_of(s, key, &reduced, (enum hours_grade)grade);

        sum->count++;
        sum->quota += row->quota;
    }
}

/* Writing sums. */

static int64_t hash_of(struct str key)
{
    uint8_t digest[SHA256_BYTES];
    int64_t hash;

    sha256(key, digest);
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

enum { SUM_COLUMNS = 13, SUM_ROWS = 32 };

static void sum_values(const struct sum *sum, struct db_value *to)
{
    const struct db_value values[SUM_COLUMNS] = {
        DB_I64(sum->grade),          DB_I64(sum->of.created_at), DB_I64(hash_of(sum->key)),
        DB_I64(sum->of.type),        DB_I64(sum->of.user_id),    DB_I64(sum->of.token_id),
        DB_I64(sum->of.channel_id),  DB_TEXT(sum->of.username),  DB_TEXT(sum->of.token_name),
        DB_TEXT(sum->of.model_name), DB_TEXT(sum->of.group),     DB_I64(sum->count),
        DB_I64(sum->quota),
    };

    memcpy(to, values, sizeof values);
}

static enum err_code upsert(struct db_conn *c, const struct db_value *values, size_t rows,
                            struct err *err)
{
    static const char *const names[SUM_COLUMNS] = {
        "grade",    "log_hour",   "hash",       "type",  "user_id",   "token_id", "channel_id",
        "username", "token_name", "model_name", "group", "log_count", "quota"};
    static const struct db_upsert what = {"yourapi_log_hours", names, SUM_COLUMNS, 3, 2};

    return db_upsert_values(c, &what, values, rows, err);
}

static enum err_code sums_write(struct db_conn *c, const struct sums *s, struct err *err)
{
    struct db_value values[SUM_ROWS * SUM_COLUMNS];
    const struct sum *sum;
    size_t at = 0, rows = 0;

    while ((sum = map_next(&s->by_key, &at))) {
        sum_values(sum, &values[rows++ * SUM_COLUMNS]);
        if (rows == SUM_ROWS) {
            TRY(upsert(c, values, rows, err));
            rows = 0;
        }
    }
    for (size_t i = 0; i < rows; i++) /* one by one: the statements stay prepared */
        TRY(upsert(c, &values[i * SUM_COLUMNS], 1, err));
    return ERR_OK;
}

/* Reading rows to sum. */

enum { KEY_LIMIT = 16 * 1024 };

/* Columns of scan()'s SELECT, in the order of the text. */
#define SCAN_COLUMNS                                                                               \
    "SELECT id, created_at, type, user_id, token_id, channel_id, quota, username, token_name,"     \
    " model_name, \"group\" FROM logs"

static struct log_row scan_row(const struct db_rows *rows)
{
    return (struct log_row){
        .id = db_i64(rows, 0),
        .created_at = db_i64(rows, 1),
        .type = db_i64(rows, 2),
        .user_id = db_i64(rows, 3),
        .token_id = db_i64(rows, 4),
        .channel_id = db_i64(rows, 5),
        .quota = db_i64(rows, 6),
        .username = db_text(rows, 7),
        .token_name = db_text(rows, 8),
        .model_name = db_text(rows, 9),
        .group = db_text(rows, 10),
    };
}

/* Adds the rows of the query to the sums; *last is the highest id seen. */
static enum err_code scan(struct db_conn *c, struct repo_query *q, struct sums *s, int64_t *last,
                          struct err *err)
{
    CLEANUP(sb_finip) struct sb key;
    struct db_rows *rows;

    sb_init(&key, KEY_LIMIT);
    TRY(repo_query_open(c, &s->arena, q, &rows, err));
    while (db_next(rows)) {
        struct log_row row = scan_row(rows);

        sums_add(s, &key, &row);
        if (row.id > *last)
            *last = row.id;
    }
    return db_end(rows, err);
}

/* Going forward. */

static enum err_code max_id(struct db_conn *c, int64_t *id, struct err *err)
{
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT MAX(id) FROM logs");
    return repo_query_i64(c, &q, id, err);
}

/* Another program emptied the table and ids began anew: nothing that was summed can be trusted. */
static enum err_code begin_anew(struct db_conn *c, struct err *err)
{
    return db_exec(c, NULL, err, "DELETE FROM yourapi_log_hours");
}

static void sum_given(struct sums *s, const struct log_row *rows, size_t n)
{
    CLEANUP(sb_finip) struct sb key;

    sb_init(&key, KEY_LIMIT);
    for (size_t i = 0; i < n; i++) {
        struct log_row clipped = repo_log_clip(&rows[i]);

        sums_add(s, &key, &clipped);
    }
}

static enum err_code catch_up(struct db_conn *c, struct sums *s, int64_t mark, int64_t *last,
                              struct err *err)
{
    *last = mark;
    REPO_QUERY(q);
    repo_query_fmt(&q, SCAN_COLUMNS);
    repo_query_add(&q, " WHERE id > ? ORDER BY id", DB_I64(mark));
    repo_query_page(&q, (struct repo_page){0, REPO_LOG_CATCH_UP});
    return scan(c, &q, s, last, err);
}

static enum err_code roll_up(struct db_conn *c, struct sums *s, const struct log_row *rows,
                             size_t n, bool *behind, struct err *err)
{
    int64_t mark, newest, last;

    TRY(repo_meta_find_i64(c, MARK, &mark, err));
    TRY(max_id(c, &newest, err));
    if (newest == mark && n == 0)
        return ERR_OK;
    if (mark > newest - (int64_t)n) {
        TRY(begin_anew(c, err));
        mark = 0;
    }
    last = newest;
    /* The rows at hand are all that is new: no need to read them. */
    if (n > 0 && mark == newest - (int64_t)n)
        sum_given(s, rows, n);
    else
        TRY(catch_up(c, s, mark, &last, err));
    *behind = last < newest;
    TRY(sums_write(c, s, err));
    return repo_meta_put_i64(c, MARK, last, err);
}

enum err_code repo_log_roll_up(struct db_conn *c, const struct log_row *rows, size_t n,
                               bool *behind, struct err *err)
{
    CLEANUP(sums_finip) struct sums s;
    struct db_tx tx;
    bool unused;

    behind = behind ? behind : &unused;
    *behind = false;
    sums_init(&s);
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, roll_up(c, &s, rows, n, behind, err), err);
}

/* After rows were deleted: hours that are over go, the one that is cut is summed again. */

static enum err_code sum_hour_again(struct db_conn *c, int64_t hour, int64_t mark, struct err *err)
{
    CLEANUP(sums_finip) struct sums s;
    int64_t last = 0;

    sums_init(&s);
    REPO_QUERY(q);
    repo_query_fmt(&q, SCAN_COLUMNS);
    repo_query_add(&q, " WHERE created_at >= ?", DB_I64(hour));
    repo_query_add(&q, " AND created_at < ?", DB_I64(hour + LOG_HOUR_S));
    repo_query_add(&q, " AND id <= ?", DB_I64(mark));
    TRY(scan(c, &q, &s, &last, err));
    return sums_write(c, &s, err);
}

/* The hour of the oldest row that is left, at most that of before_s. */
static enum err_code oldest_hour(struct db_conn *c, int64_t before_s, int64_t *hour,
                                 struct err *err)
{
    int64_t oldest = 0;

    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT MIN(created_at) FROM logs");
    TRY(repo_query_i64(c, &q, &oldest, err));
    *hour = repo_log_hour(oldest > 0 && oldest < before_s ? oldest : before_s);
    return ERR_OK;
}

enum err_code repo_log_hours_forget(struct db_conn *c, int64_t before_s, struct err *err)
{
    int64_t hour, mark, newest;

    TRY(oldest_hour(c, before_s, &hour, err));
    TRY(db_exec(c, NULL, err, "DELETE FROM yourapi_log_hours WHERE log_hour <= ?", DB_I64(hour)));
    TRY(repo_meta_find_i64(c, MARK, &mark, err));
    TRY(sum_hour_again(c, hour, mark, err));
    /* SQLite gives the ids of deleted top rows again. */
    TRY(max_id(c, &newest, err));
    return newest < mark ? repo_meta_put_i64(c, MARK, newest, err) : ERR_OK;
}

/* Asking. */

static bool filters_finely(const struct log_filter *f)
{
    return f->token_id || f->channel_id || f->token_name.n || f->group.n || f->model_name.n;
}

static enum hours_grade grade_for(const struct log_filter *f)
{
    if (filters_finely(f))
        return HOURS_OF_ALL;
    return f->user_id || f->username.n ? HOURS_OF_USER : HOURS_OF_TYPE;
}

static enum err_code fetch_hours(struct db_conn *c, struct arena *a, struct repo_query *q,
                                 struct log_hours *out, struct err *err)
{
    static const struct repo_column columns[] = {
        REPO_COLUMN(struct log_hour, hour, "hour", CELL_I64),
        REPO_COLUMN(struct log_hour, count, "count", CELL_I64),
        REPO_COLUMN(struct log_hour, quota, "quota", CELL_I64),
    };
    static const struct repo_table table = {"yourapi_log_hours", columns, ARRAY_LEN(columns),
                                            sizeof(struct log_hour)};
    void *rows;
    enum err_code rc = repo_fetch(c, a, &table, q, &rows, &out->count, err);

    out->rows = rows;
    return rc;
}

/* The times of the filter widened to whole hours. */
static struct log_filter whole_hours(const struct log_filter *f)
{
    struct log_filter wide = *f;

    wide.start_s = repo_log_hour(f->start_s);
    return wide;
}

static enum err_code find_summed(struct db_conn *c, struct arena *a, const struct log_filter *f,
                                 struct log_hours *out, struct err *err)
{
    struct log_filter wide = whole_hours(f);

    REPO_QUERY(q);
    repo_query_add(&q,
                   "SELECT log_hour, SUM(log_count), SUM(quota) FROM"
                   " (SELECT *, log_hour AS created_at FROM yourapi_log_hours) AS hours"
                   " WHERE grade = ?",
                   DB_I64(grade_for(f)));
    repo_log_add_filter(&q, a, &wide);
    repo_query_fmt(&q, " GROUP BY log_hour ORDER BY log_hour DESC");
    return fetch_hours(c, a, &q, out, err);
}

/* Rows behind the mark. */
static enum err_code find_unsummed(struct db_conn *c, struct arena *a, const struct log_filter *f,
                                   int64_t mark, struct log_hours *out, struct err *err)
{
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT created_at - created_at %% 3600, COUNT(*), SUM(quota) FROM logs");
    repo_query_add(&q, " WHERE id > ?", DB_I64(mark));
    repo_log_add_filter(&q, a, f);
    repo_query_fmt(&q, " GROUP BY 1 ORDER BY 1 DESC");
    return fetch_hours(c, a, &q, out, err);
}

static struct log_hours merge(struct arena *a, const struct log_hours *x, const struct log_hours *y)
{
    struct log_hours out = {arena_new_array(a, struct log_hour, x->count + y->count), 0};
    size_t i = 0, j = 0;

    while (i < x->count || j < y->count) {
        bool from_x = j == y->count || (i < x->count && x->rows[i].hour >= y->rows[j].hour);
        const struct log_hour *h = from_x ? &x->rows[i++] : &y->rows[j++];
        struct log_hour *top = out.count ? &out.rows[out.count - 1] : NULL;

        if (!top || top->hour != h->hour) {
            out.rows[out.count++] = *h;
            continue;
        }
        top->count += h->count;
        top->quota += h->quota;
    }
    return out;
}

/* The first and the last hour may be cut by the filter's times: those are counted row by row. */
static enum err_code count_exactly(struct db_conn *c, struct arena *a, const struct log_filter *f,
                                   struct log_hour *h, struct err *err)
{
    struct log_filter part = *f;
    struct db_rows *rows;

    if (part.start_s < h->hour)
        part.start_s = h->hour;
    if (part.end_s == 0 || part.end_s >= h->hour + LOG_HOUR_S)
        part.end_s = h->hour + LOG_HOUR_S - 1;
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT COUNT(*), SUM(quota) FROM logs WHERE 1 = 1");
    repo_log_add_filter(&q, a, &part);
    TRY(repo_query_open(c, a, &q, &rows, err));
    if (db_next(rows)) {
        h->count = db_i64(rows, 0);
        h->quota = db_i64(rows, 1);
    }
    return db_end(rows, err);
}

static bool is_cut(const struct log_filter *f, const struct log_hour *h)
{
    return f->start_s > h->hour || (f->end_s && f->end_s < h->hour + LOG_HOUR_S - 1);
}

enum err_code repo_log_hours_find(struct db_conn *c, struct arena *a,
                                  const struct log_filter *filter, struct log_hours *out,
                                  struct err *err)
{
    struct log_hours summed, unsummed;
    int64_t mark;

    *out = (struct log_hours){0};
    TRY(repo_meta_find_i64(c, MARK, &mark, err));
    TRY(find_summed(c, a, filter, &summed, err));
    TRY(find_unsummed(c, a, filter, mark, &unsummed, err));
    *out = merge(a, &summed, &unsummed);
    for (size_t i = 0; i < out->count; i++)
        if (is_cut(filter, &out->rows[i]))
            TRY(count_exactly(c, a, filter, &out->rows[i], err));
    return ERR_OK;
}

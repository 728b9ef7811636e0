/*
 * The same rows are summed at several grades, and a question reads the coarsest that can answer it:
 * how many of a type an hour has; how many by model, channel and group; and, kept together by user,
 * how many by everything a page can be filtered by. A user has few different calls or few calls, so
 * his part is small; who is meant by a name is looked up first.
 *
 * Sums are written in large portions: rows that wait are read directly by whoever asks, which is
 * cheaper than to touch a sum for every row.
 *
 * The key of a sum ends in a hash of its columns (their texts together are wider than a key may be
 * on MySQL). SHA-256 cut to 64 bits: names are chosen by strangers, who must not be able to make
 * two of them fall together.
 */
#include "store/repo_log_hours.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "base/map.h"
#include "store/repo_log_row.h"
#include "store/repo_meta.h"

/* Values of yourapi_log_hours.grade. */
enum hours_grade {
    HOURS_OF_TYPE,  /* an hour and type */
    HOURS_OF_MODEL, /* and channel, model, group */
    HOURS_OF_USER,  /* an hour, type and user */
    HOURS_OF_ALL,   /* an hour and everything */
    HOURS_OF_TOKEN, /* which user and token names exist; no hour, no type */
    HOURS_GRADES
};

/* Key of yourapi_meta: the id up to which rows are summed. */
#define MARK STR("log_hours_mark")

struct sum {
    struct str key; /* what follows, as bytes; also the key in the table of sums */
    enum hours_grade grade;
    struct log_row of; /* the members that the grade tells apart, created_at being the hour */
    int64_t hash, count, quota;
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
    const bool by_user = grade >= HOURS_OF_USER, by_token = grade >= HOURS_OF_ALL,
               by_model = grade == HOURS_OF_MODEL || grade == HOURS_OF_ALL;
    struct log_row r = {0};

    if (grade != HOURS_OF_TOKEN) {
        r.created_at = repo_log_hour(row->created_at);
        r.type = row->type;
    }
    r.user_id = by_user ? row->user_id : 0;
    r.username = by_user ? row->username : STR_NULL;
    r.token_id = by_token ? row->token_id : 0;
    r.token_name = by_token ? row->token_name : STR_NULL;
    r.channel_id = by_model ? row->channel_id : 0;
    r.model_name = by_model ? row->model_name : STR_NULL;
    r.group = by_model ? row->group : STR_NULL;
    return r;
}

static void put_i64(struct sb *to, int64_t value)
{
    const uint64_t u = (uint64_t)value;
    char bytes[8];

    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (char)(u >> (8 * i)); /* the same on every machine */
    sb_add(to, str_make(bytes, sizeof bytes));
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
        DB_I64(sum->grade),          DB_I64(sum->of.user_id),   DB_I64(sum->of.created_at),
        DB_I64(sum->hash),           DB_I64(sum->of.type),      DB_I64(sum->of.token_id),
        DB_I64(sum->of.channel_id),  DB_TEXT(sum->of.username), DB_TEXT(sum->of.token_name),
        DB_TEXT(sum->of.model_name), DB_TEXT(sum->of.group),    DB_I64(sum->count),
        DB_I64(sum->quota),
    };

    memcpy(to, values, sizeof values);
}

static enum err_code upsert(struct db_conn *c, const struct db_value *values, size_t rows,
                            struct err *err)
{
    static const char *const names[SUM_COLUMNS] = {
        "grade",    "user_id",    "log_hour",   "hash",  "type",      "token_id", "channel_id",
        "username", "token_name", "model_name", "group", "log_count", "quota"};
    static const struct db_upsert what = {"yourapi_log_hours", names, SUM_COLUMNS, 4, 2};

    return db_upsert_values(c, &what, values, rows, err);
}

static int compare_i64(int64_t x, int64_t y)
{
    return x < y ? -1 : x > y;
}

/* The order of the key, so that neighbours are written one after the other. */
static int compare_sums(const void *left, const void *right)
{
    const struct sum *x = *(const struct sum *const *)left, *y = *(const struct sum *const *)right;
    int rc = compare_i64((int64_t)x->grade, (int64_t)y->grade);

    if (rc == 0)
        rc = compare_i64(x->of.user_id, y->of.user_id);
    if (rc == 0)
        rc = compare_i64(x->of.created_at, y->of.created_at);
    return rc ? rc : compare_i64(x->hash, y->hash);
}

static struct sum **sums_sorted(struct sums *s)
{
    struct sum **all = arena_new_array(&s->arena, struct sum *, s->by_key.count), *sum;
    size_t at = 0, n = 0;

    while ((sum = map_next(&s->by_key, &at))) {
        sum->hash = hash_of(sum->key);
        all[n++] = sum;
    }
    if (n)
        qsort(all, n, sizeof(struct sum *), compare_sums);
    return all;
}

static enum err_code sums_write(struct db_conn *c, struct sums *s, struct err *err)
{
    struct db_value values[SUM_ROWS * SUM_COLUMNS];
    struct sum **all = sums_sorted(s);
    size_t rows = 0;

    for (size_t i = 0; i < s->by_key.count; i++) {
        sum_values(all[i], &values[rows++ * SUM_COLUMNS]);
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

/* Was the table emptied by another program? Then ids begin anew (SQLite) or go on (the servers),
 * and in either case no row that was summed is left. */
static enum err_code was_emptied(struct db_conn *c, int64_t mark, int64_t newest, bool *emptied,
                                 struct err *err)
{
    int64_t oldest;

    *emptied = newest < mark;
    if (*emptied || mark == 0)
        return ERR_OK;
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT MIN(id) FROM logs");
    TRY(repo_query_i64(c, &q, &oldest, err));
    *emptied = oldest > mark;
    return ERR_OK;
}

static enum err_code begin_anew(struct db_conn *c, struct err *err)
{
    return db_exec(c, NULL, err, "DELETE FROM yourapi_log_hours");
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

static enum err_code roll_up(struct db_conn *c, struct sums *s, int64_t min_rows, bool *behind,
                             struct err *err)
{
    int64_t mark, newest, last;
    bool emptied;

    TRY(repo_log_lock(c, err));
    TRY(repo_meta_find_i64(c, MARK, &mark, err));
    TRY(max_id(c, &newest, err));
    TRY(was_emptied(c, mark, newest, &emptied, err));
    if (emptied) {
        TRY(begin_anew(c, err));
        mark = 0;
    } else if (newest - mark < min_rows) {
        return ERR_OK;
    }
    TRY(catch_up(c, s, mark, &last, err));
    *behind = last < newest;
    TRY(sums_write(c, s, err));
    return repo_meta_put_i64(c, MARK, last, err);
}

enum err_code repo_log_roll_up(struct db_conn *c, int64_t min_rows, bool *behind, struct err *err)
{
    CLEANUP(sums_finip) struct sums s;
    struct db_tx tx;
    bool unused;

    behind = behind ? behind : &unused;
    *behind = false;
    sums_init(&s);
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, roll_up(c, &s, min_rows > 0 ? min_rows : 1, behind, err), err);
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
    TRY(db_exec(c, NULL, err, "DELETE FROM yourapi_log_hours WHERE grade <> ? AND log_hour <= ?",
                DB_I64(HOURS_OF_TOKEN), DB_I64(hour)));
    TRY(repo_meta_find_i64(c, MARK, &mark, err));
    TRY(sum_hour_again(c, hour, mark, err));
    /* SQLite gives the ids of deleted top rows again. */
    TRY(max_id(c, &newest, err));
    return newest < mark ? repo_meta_put_i64(c, MARK, newest, err) : ERR_OK;
}

/* Asking. */

static bool filters_token(const struct log_filter *f)
{
    return f->token_id || f->token_name.n;
}

static bool filters_user(const struct log_filter *f)
{
    return f->user_id || f->username.n || filters_token(f);
}

static bool filters_model(const struct log_filter *f)
{
    return f->channel_id || f->model_name.n || f->group.n;
}

static enum hours_grade grade_for(const struct log_filter *f)
{
    if (filters_token(f) || (filters_user(f) && filters_model(f)))
        return HOURS_OF_ALL;
    if (filters_user(f))
        return HOURS_OF_USER;
    return filters_model(f) ? HOURS_OF_MODEL : HOURS_OF_TYPE;
}

/* The rows behind the mark as a table. Without the LIMIT a planner may take an index of the
 * conditions around it, and read all that is older, too. */
static void add_unsummed(struct repo_query *q, int64_t mark)
{
    repo_query_add(q,
                   " FROM (SELECT id, created_at, type, user_id, token_id, channel_id, quota,"
                   " username, token_name, model_name, \"group\" FROM logs WHERE id > ?"
                   " ORDER BY id",
                   DB_I64(mark));
    repo_query_add(q, " LIMIT ?) AS unsummed WHERE 1 = 1", DB_I64(INT64_MAX));
}

static enum err_code fetch_users(struct db_conn *c, struct arena *a, const struct log_filter *f,
                                 int64_t mark, int64_t **ids, size_t *n, struct err *err)
{
    const struct log_filter who = {.user_id = f->user_id,
                                   .username = f->username,
                                   .token_id = f->token_id,
                                   .token_name = f->token_name};

    REPO_QUERY(q);
    repo_query_add(&q, "SELECT user_id FROM yourapi_log_hours WHERE grade = ?",
                   DB_I64(HOURS_OF_TOKEN));
    repo_log_add_filter(&q, a, &who);
    repo_query_fmt(&q, " UNION SELECT user_id");
    add_unsummed(&q, mark);
    repo_log_add_filter(&q, a, &who);
    repo_query_fmt(&q, " LIMIT 2");
    return repo_fetch_ids(c, a, &q, ids, n, err);
}

/* Whose rows a name or token means: when it is one user's, his id leads to them; when it is
 * nobody's, there are none (*none). A row may be without a user: then names are all there is. */
static enum err_code find_user(struct db_conn *c, struct arena *a, int64_t mark,
                               struct log_filter *f, bool *none, struct err *err)
{
    int64_t *ids;
    size_t n;

    *none = false;
    if (f->user_id || !filters_user(f))
        return ERR_OK;
    TRY(fetch_users(c, a, f, mark, &ids, &n, err));
    *none = n == 0;
    if (n == 1)
        f->user_id = ids[0];
    return ERR_OK;
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

/* The sums are kept together by user: where a name may be that of several, only theirs are read.
 * They are looked up by the server itself, because they may be many. */
static void add_users(struct repo_query *q, struct arena *a, const struct log_filter *f)
{
    const struct log_filter who = {
        .username = f->username, .token_id = f->token_id, .token_name = f->token_name};

    if (f->user_id)
        return;
    repo_query_add(q, " AND user_id IN (SELECT user_id FROM yourapi_log_hours WHERE grade = ?",
                   DB_I64(HOURS_OF_TOKEN));
    repo_log_add_filter(q, a, &who);
    repo_query_fmt(q, ")");
}

/* The sums of whole hours; grades without a user have user_id 0. */
static enum err_code find_summed(struct db_conn *c, struct arena *a, const struct log_filter *f,
                                 struct log_hours *out, struct err *err)
{
    struct log_filter wide = *f;

    wide.start_s = repo_log_hour(f->start_s);
    REPO_QUERY(q);
    repo_query_add(&q,
                   "SELECT log_hour, SUM(log_count), SUM(quota) FROM"
                   " (SELECT *, log_hour AS created_at FROM yourapi_log_hours) AS hours"
                   " WHERE grade = ?",
                   DB_I64(grade_for(f)));
    if (!filters_user(f))
        repo_query_fmt(&q, " AND user_id = 0");
    else
        add_users(&q, a, f);
    repo_log_add_filter(&q, a, &wide);
    repo_query_fmt(&q, " GROUP BY log_hour ORDER BY log_hour DESC");
    return fetch_hours(c, a, &q, out, err);
}

static enum err_code find_unsummed(struct db_conn *c, struct arena *a, const struct log_filter *f,
                                   int64_t mark, struct log_hours *out, struct err *err)
{
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT created_at - created_at %% 3600, COUNT(*), SUM(quota)");
    add_unsummed(&q, mark);
    repo_log_add_filter(&q, a, f);
    repo_query_fmt(&q, " GROUP BY 1 ORDER BY 1 DESC");
    return fetch_hours(c, a, &q, out, err);
}

static struct log_hours merge(struct arena *a, const struct log_hours *x, const struct log_hours *y)
{
    struct log_hours out = {.rows = arena_new_array(a, struct log_hour, x->count + y->count)};
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

static enum err_code find_hours(struct db_conn *c, struct arena *a, int64_t mark,
                                const struct log_filter *f, struct log_hours *out, struct err *err)
{
    struct log_hours summed, unsummed;

    TRY(find_summed(c, a, f, &summed, err));
    TRY(find_unsummed(c, a, f, mark, &unsummed, err));
    *out = merge(a, &summed, &unsummed);
    for (size_t i = 0; i < out->count; i++)
        if (is_cut(f, &out->rows[i]))
            TRY(count_exactly(c, a, f, &out->rows[i], err));
    return ERR_OK;
}

enum err_code repo_log_hours_find(struct db_conn *c, struct arena *a,
                                  const struct log_filter *filter, struct log_hours *out,
                                  struct err *err)
{
    struct log_filter f = *filter;
    int64_t mark;
    bool none;

    *out = (struct log_hours){0};
    TRY(repo_meta_find_i64(c, MARK, &mark, err));
    TRY(find_user(c, a, mark, &f, &none, err));
    if (!none)
        TRY(find_hours(c, a, mark, &f, out, err));
    out->filter = f;
    return ERR_OK;
}

/*
 * Pages of any two filters, beside what a plain query gives.
 */
#include <inttypes.h>

#include "base/sb.h"
#include "store/repo_log.h"
#include "store/repo_log_index.h"
#include "store/store_fx.h"

enum { T0 = 1700000000, HOUR = 3600, ROWS = 3000, PORTION = 450, PAGE = 7 };

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Frequent values and rare ones; names that differ in case alone, that hold wildcards, no name. */
static const char *const users[] = {"alice", "Alice", "böb", "carol", "dora", ""};
static const char *const tokens[] = {"default", "DEFAULT", "ci", "a_b", "a%b", "k 9"};
static const char *const models[] = {"gpt-4o", "gpt-4o-mini", "GPT-4o", "claude",
                                     "o1_x",   "o1!x",        "100%",   "模型-1"};
static const char *const groups[] = {"default", "vip", "Vip", "x"};
static const char *const requests[] = {"r1", "r2", "r3", ""};
#define PICK(seed, names)                                                                          \
    str_from((names)[next(seed) % 3 ? next(seed) % 2 : next(seed) % ARRAY_LEN(names)])

/* Times mostly rise with the ids, as those of several nodes do; some rows came much later. */
static struct log_row random_row(struct store_fx *f, uint32_t *seed, size_t i)
{
    const uint32_t user = next(seed) % 3 ? next(seed) % 2 : next(seed) % 200;
    const int64_t late = next(seed) % 50 ? next(seed) % 90 : next(seed) % (30 * HOUR);

    return (struct log_row){.user_id = user + 1,
                            .username = PICK(seed, users),
                            .created_at = T0 + (int64_t)i * 36 - late,
                            .type = next(seed) % 4 ? 2 : next(seed) % 6,
                            .token_id = user * 2 + next(seed) % 2,
                            .token_name = PICK(seed, tokens),
                            .model_name = next(seed) % 5
                                              ? PICK(seed, models)
                                              : arena_fmt(&f->a, "many-%u", next(seed) % 90),
                            .channel_id = next(seed) % 4 ? 1 : next(seed) % 40,
                            .group = PICK(seed, groups),
                            .quota = next(seed) % 1000,
                            .request_id = PICK(seed, requests),
                            .content = STR("text"),
                            .other = STR("{}")};
}

/* As other programs leave them. */
static const char *const nulls[] = {
    "UPDATE logs SET created_at = NULL WHERE id % 701 = 5",
    "UPDATE logs SET username = NULL, token_id = NULL WHERE id % 97 = 3",
    "UPDATE logs SET token_name = NULL, channel_id = NULL WHERE id % 101 = 7",
    "UPDATE logs SET model_name = NULL, type = NULL WHERE id % 89 = 1",
    "UPDATE logs SET \"group\" = NULL, quota = NULL, user_id = NULL WHERE id % 83 = 2",
};

/* Most rows in chunks, the last ones not yet. */
static void fill(struct store_fx *f, uint32_t seed)
{
    struct log_row *rows = arena_new_array(&f->a, struct log_row, ROWS);

    for (size_t i = 0; i < ROWS; i++)
        rows[i] = random_row(f, &seed, i);
    for (size_t at = 0; at < ROWS; at += PORTION) {
        const size_t n = ROWS - at < PORTION ? ROWS - at : PORTION;

        CHECK_OK(f, repo_log_insert_many(f->c, rows + at, n, &f->err));
        for (size_t i = 0; i < ARRAY_LEN(nulls); i++)
            CHECK_OK(f, db_exec(f->c, NULL, &f->err, nulls[i]));
        if (at + n < ROWS)
            CHECK_OK(f, repo_log_index(f->c, 1, NULL, &f->err));
    }
    CHECK(fx_number(f, "SELECT COUNT(*) FROM yourapi_log_chunks") >= ROWS / PORTION - 1);
}

/* ---- filters, and the conditions of a plain query ---- */

enum { FILTERS = 12, VALUES = 3 };

struct plain {
    struct sb sql;
    struct db_value values[8];
    size_t count;
};

static void add(struct plain *p, const char *condition, struct db_value value)
{
    sb_fmt(&p->sql, " AND %s", condition);
    p->values[p->count++] = value;
}

static void add_number(struct plain *p, const char *condition, int64_t *member, int64_t value)
{
    *member = value;
    add(p, condition, DB_I64(value));
}

static void add_name(struct plain *p, const char *condition, struct str *member, const char *value)
{
    *member = str_from(value);
    add(p, condition, DB_TEXT(*member));
}

/* The filter number `which` with a value that is frequent, rare, or (mostly) nobody's. */
static void set_filter(struct plain *p, struct log_filter *f, int which, int value)
{
    static const int64_t types[] = {2, 5, 9}, ids[] = {2, 150, 9999}, channels[] = {1, 37, 77},
                         starts[] = {T0 + 5 * HOUR, T0 + 29 * HOUR, T0 + 900 * HOUR},
                         ends[] = {T0 + 25 * HOUR, T0 + 2 * HOUR, T0 - 900 * HOUR};
    static const char *const patterns[] = {"gpt%", "%1_%", "nobody%"},
                             *const wide[] = {"%", "_any-%", "%!%"},
                             *const exact[] = {"gpt-4o", "o1!x", "gpt"};

    switch (which) {
    case 0:
        add_number(p, "COALESCE(type, 0) = ?", &f->type, types[value]);
        return;
    case 1:
        add_number(p, "user_id = ?", &f->user_id, ids[value]);
        return;
    case 2:
        add_number(p, "token_id = ?", &f->token_id, ids[value]);
        return;
    case 3:
        add_number(p, "channel_id = ?", &f->channel_id, channels[value]);
        return;
    case 4:
        add_name(p, "username = ?", &f->username, value ? users[value + 1] : users[0]);
        return;
    case 5:
        add_name(p, "token_name = ?", &f->token_name, value ? tokens[value + 2] : tokens[0]);
        return;
    case 6:
        add_name(p, "\"group\" = ?", &f->group, value == 2 ? "none" : groups[value * 2]);
        return;
    case 7:
        add_name(p, "COALESCE(model_name, '') = ?", &f->model_name, exact[value]);
        return;
    case 8:
        add_name(p, "COALESCE(model_name, '') LIKE ?", &f->model_name, patterns[value]);
        return;
    case 9:
        add_name(p, "COALESCE(model_name, '') LIKE ?", &f->model_name, wide[value]);
        return;
    case 10:
        add_name(p, "request_id = ?", &f->request_id, value == 2 ? "nobody" : requests[value * 2]);
        return;
    default:
        add_number(p, "COALESCE(created_at, 0) >= ?", &f->start_s, starts[value]);
        if (value < 2)
            add_number(p, "COALESCE(created_at, 0) <= ?", &f->end_s, ends[value]);
        return;
    }
}

static struct db_rows *plain_rows(struct store_fx *f, struct arena *a, const struct plain *p,
                                  const char *what, const char *tail)
{
    struct str sql =
        arena_fmt(a, "SELECT %s FROM logs WHERE 1 = 1%.*s%s", what, STR_ARG(sb_str(&p->sql)), tail);
    struct db_rows *rows;

    CHECK_OK(f, db_query_values(f->c, a, &rows, &f->err, sql.p, p->values, p->count));
    return rows;
}

/* All rows of a plain query, in order. */
struct id_list {
    int64_t *ids;
    size_t count;
};

static void check_page(struct store_fx *f, struct arena *a, const struct log_filter *filter,
                       const struct id_list *all, int64_t offset, int64_t limit)
{
    struct log_page page;
    size_t want = 0;

    CHECK_OK(f, repo_log_page(f->c, a, filter, (struct repo_page){offset, limit}, &page, &f->err));
    CHECK_EQ(page.total, (int64_t)all->count);
    if ((size_t)offset < all->count)
        want = all->count - (size_t)offset;
    want = want < (size_t)limit ? want : (size_t)limit;
    CHECK_EQ(page.count, want);
    for (size_t i = 0; i < want; i++)
        CHECK_EQ(page.rows[i].id, all->ids[(size_t)offset + i]);
}

static struct id_list plain_ids(struct store_fx *f, struct arena *a, const struct plain *p)
{
    struct id_list all = {.ids = arena_new_array(a, int64_t, ROWS)};
    struct db_rows *rows =
        plain_rows(f, a, p, "id", " ORDER BY COALESCE(created_at, 0) DESC, id DESC");

    while (db_next(rows))
        all.ids[all.count++] = db_i64(rows, 0);
    CHECK_OK(f, db_end(rows, &f->err));
    return all;
}

static void check_stat(struct store_fx *f, struct arena *a, const struct log_filter *filter,
                       const struct plain *p)
{
    struct db_rows *rows = plain_rows(f, a, p, "SUM(quota)", "");
    struct log_stat stat;

    CHECK(db_next(rows));
    CHECK_OK(f, repo_log_stat(f->c, filter, T0, &stat, &f->err));
    CHECK_EQ(stat.quota, db_i64(rows, 0));
    CHECK_OK(f, db_end(rows, &f->err));
}

static void check_pair(struct store_fx *f, int x, int y, int x_value, int y_value)
{
    CLEANUP(arena_finip) struct arena a;
    struct log_filter filter = {0};
    struct plain p = {.count = 0};
    struct id_list all;
    const bool models_twice = x >= 7 && x <= 9 && y >= 7 && y <= 9;

    arena_init(&a, 0);
    if (models_twice) /* one member of the filter */
        return;
    sb_init(&p.sql, 4096);
    set_filter(&p, &filter, x, x_value);
    if (y != x)
        set_filter(&p, &filter, y, y_value);
    all = plain_ids(f, &a, &p);
    check_page(f, &a, &filter, &all, 0, PAGE);
    check_page(f, &a, &filter, &all, (int64_t)all.count / 2, 40);
    check_page(f, &a, &filter, &all, (int64_t)all.count - (int64_t)all.count % PAGE, PAGE);
    if (filter.type == 0) {
        filter.type = LOG_TYPE_CONSUME; /* what the sum is of in any case */
        add(&p, "type = ?", DB_I64(LOG_TYPE_CONSUME));
    }
    if (filter.type == LOG_TYPE_CONSUME)
        check_stat(f, &a, &filter, &p);
    sb_fini(&p.sql);
}

static void check_all_pairs(struct store_fx *f)
{
    for (int x = 0; x < FILTERS; x++)
        for (int y = x; y < FILTERS; y++)
            for (int values = 0; values < VALUES * VALUES; values++)
                check_pair(f, x, y, values % VALUES, values / VALUES);
}

/* Each filter alone, and beside the next one. */
static void check_some_pairs(struct store_fx *f)
{
    for (int x = 0; x < FILTERS; x++)
        for (int value = 0; value < VALUES; value++) {
            check_pair(f, x, x, value, value);
            if (x + 1 < FILTERS)
                check_pair(f, x, x + 1, value, 0);
        }
}

TEST(any_two_filters_give_what_a_plain_query_gives)
{
    struct store_fx f;

    fx_open(&f);
    fill(&f, 1);
    check_all_pairs(&f);
    fx_close(&f);
}

/* All pages of a filter that most rows pass, and of none: nothing is lost between two chunks. */
TEST(page_after_page_gives_what_a_plain_query_gives)
{
    struct log_filter filters[3] = {{0}};
    struct store_fx f;

    fx_open(&f);
    fill(&f, 2);
    for (int i = 0; i < 3; i++) {
        CLEANUP(arena_finip) struct arena a;
        struct plain p = {.count = 0};
        struct id_list all;

        arena_init(&a, 0);
        sb_init(&p.sql, 4096);
        if (i > 0)
            set_filter(&p, &filters[i], i == 1 ? 0 : 8, 0);
        all = plain_ids(&f, &a, &p);
        CHECK(all.count > 500);
        for (size_t at = 0; at < all.count + 31; at += 31)
            check_page(&f, &a, &filters[i], &all, (int64_t)at, 31);
        check_page(&f, &a, &filters[i], &all, 0, 1000);
        sb_fini(&p.sql);
    }
    fx_close(&f);
}

static void add_row(struct store_fx *f, int64_t at_s)
{
    const struct log_row row = {.created_at = at_s, .type = 2, .user_id = 2, .quota = 7};

    CHECK_OK(f, repo_log_insert(f->c, &row, &f->err));
    CHECK_OK(f, repo_log_index(f->c, 1, NULL, &f->err));
}

/* By us and by another program, which does not tell; and then one comes that is older. */
TEST(after_old_rows_are_deleted_pages_are_those_of_the_rest)
{
    int64_t deleted;
    struct store_fx f;

    fx_open(&f);
    fill(&f, 3);
    CHECK_OK(&f,
             db_exec(f.c, NULL, &f.err, "UPDATE logs SET created_at = 5 WHERE created_at IS NULL"));
    CHECK_OK(&f, repo_log_delete_before(f.c, T0 + 10 * HOUR, ROWS, &deleted, &f.err));
    CHECK(deleted > PORTION && deleted < ROWS / 2);
    check_some_pairs(&f);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "DELETE FROM logs WHERE created_at < ?",
                         DB_I64(T0 + 17 * HOUR)));
    add_row(&f, T0 + 31 * HOUR);
    check_some_pairs(&f);
    add_row(&f, T0 + 11 * HOUR);
    check_some_pairs(&f);
    fx_close(&f);
}

TEST_MAIN(any_two_filters_give_what_a_plain_query_gives,
          page_after_page_gives_what_a_plain_query_gives,
          after_old_rows_are_deleted_pages_are_those_of_the_rest)

#include "store/repo_log.h"

#include "base/clock.h"
#include "store/repo_log_index.h"
#include "store/repo_meta.h"
#include "store/store_fx.h"

enum { T0 = 1700000000, HOUR = 3600 };

/* Numbers that look random and are the same in each run. */
static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static const char *const names[] = {"alice", "bob", "carol", "dora"};
static const char *const models[] = {"gpt-4o", "gpt-4o-mini", "claude", "o1_x"};
static const char *const groups[] = {"default", "vip"};

static struct log_row random_row(uint32_t *seed)
{
    uint32_t user = next(seed) % 4;

    return (struct log_row){.user_id = user + 1,
                            .username = str_from(names[user]),
                            .created_at = T0 + next(seed) % (40 * HOUR),
                            .type = 1 + next(seed) % 3,
                            .token_id = user * 10 + next(seed) % 2,
                            .token_name = str_from(names[next(seed) % 4]),
                            .model_name = str_from(models[next(seed) % 4]),
                            .channel_id = 1 + next(seed) % 5,
                            .group = str_from(groups[next(seed) % 2]),
                            .quota = next(seed) % 1000,
                            .prompt_tokens = 10,
                            .completion_tokens = 5,
                            .is_stream = true,
                            .content = STR("text"),
                            .other = STR("{}")};
}

static void insert(struct store_fx *f, const struct log_row *rows, size_t n)
{
    CHECK_OK(f, db_begin(f->c, &f->err));
    CHECK_OK(f, repo_log_insert_many(f->c, rows, n, &f->err));
    CHECK_OK(f, repo_log_index(f->c, 1, NULL, &f->err));
    CHECK_OK(f, db_commit(f->c, &f->err));
}

/* `n` rows in batches as a ledger writes them. */
static struct log_row *fill(struct store_fx *f, size_t n, uint32_t seed)
{
    struct log_row *rows = arena_new_array(&f->a, struct log_row, n);

    for (size_t i = 0; i < n; i++)
        rows[i] = random_row(&seed);
    for (size_t at = 0; at < n; at += 97)
        insert(f, rows + at, n - at < 97 ? n - at : 97);
    return rows;
}

TEST(a_row_reads_back_as_it_was_written)
{
    const struct log_row row = {.user_id = 3,
                                .created_at = T0,
                                .type = LOG_TYPE_CONSUME,
                                .content = STR("price"),
                                .username = STR("alice"),
                                .token_name = STR("tok"),
                                .model_name = STR("gpt-4o"),
                                .quota = 123,
                                .prompt_tokens = 4,
                                .completion_tokens = 5,
                                .use_time = 6,
                                .is_stream = true,
                                .channel_id = 7,
                                .token_id = 8,
                                .group = STR("vip"),
                                .other = STR("{\"a\":1}"),
                                .ip = STR("10.0.0.1"),
                                .request_id = STR("r1"),
                                .upstream_request_id = STR("u1")};
    struct log_page page;
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, repo_log_insert(f.c, &row, &f.err));
    CHECK_OK(&f, repo_log_page(f.c, &f.a, &(struct log_filter){0}, (struct repo_page){0, 10}, &page,
                               &f.err));
    CHECK_EQ(page.total, 1);
    CHECK_EQ(page.count, 1);
    CHECK_EQ(page.rows[0].quota, 123);
    CHECK_EQ(page.rows[0].use_time, 6);
    CHECK(page.rows[0].is_stream);
    CHECK_STR(page.rows[0].other, "{\"a\":1}");
    CHECK_STR(page.rows[0].upstream_request_id, "u1");
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM logs WHERE channel_name IS NULL"), 1);
    CHECK_OK(&f, repo_log_page(f.c, &f.a, &(struct log_filter){.request_id = STR("r1")},
                               (struct repo_page){0, 10}, &page, &f.err));
    CHECK_EQ(page.total, 1);
    fx_close(&f);
}

TEST(a_name_of_a_stranger_is_cut_and_still_found)
{
    struct log_row row = {.created_at = T0, .type = 2};
    struct log_filter filter = {0};
    struct log_page page;
    struct store_fx f;
    char *name;

    fx_open(&f);
    name = arena_alloc(&f.a, 5000);
    memset(name, 'x', 5000);
    row.model_name = str_make(name, 5000);
    insert(&f, &row, 1);
    filter.model_name = str_make(name, 191);
    CHECK_OK(&f, repo_log_page(f.c, &f.a, &filter, (struct repo_page){0, 10}, &page, &f.err));
    CHECK_EQ(page.total, 1);
    CHECK_EQ(page.rows[0].model_name.n, 191);
    fx_close(&f);
}

/* What a page must be, by looking at every row. */
static bool passes(const struct log_filter *f, const struct log_row *r)
{
    return (!f->type || r->type == f->type) && (!f->start_s || r->created_at >= f->start_s) &&
           (!f->end_s || r->created_at <= f->end_s) && (!f->user_id || r->user_id == f->user_id) &&
           (!f->token_id || r->token_id == f->token_id) &&
           (!f->channel_id || r->channel_id == f->channel_id) &&
           (!f->username.n || str_eq(r->username, f->username)) &&
           (!f->token_name.n || str_eq(r->token_name, f->token_name)) &&
           (!f->group.n || str_eq(r->group, f->group)) &&
           (!f->model_name.n || str_starts(r->model_name, STR("gpt")));
}

static struct log_filter random_filter(uint32_t *seed)
{
    struct log_filter f = {0};

    if (next(seed) % 4 == 0)
        f.type = 1 + next(seed) % 3;
    if (next(seed) % 3 == 0)
        f.start_s = T0 + next(seed) % (40 * HOUR);
    if (next(seed) % 3 == 0)
        f.end_s = T0 + next(seed) % (40 * HOUR);
    if (next(seed) % 4 == 0)
        f.user_id = 1 + next(seed) % 4;
    if (next(seed) % 5 == 0)
        f.token_id = 10 + next(seed) % 2;
    if (next(seed) % 3 == 0)
        f.channel_id = 1 + next(seed) % 5;
    if (next(seed) % 5 == 0)
        f.username = str_from(names[next(seed) % 4]);
    if (next(seed) % 4 == 0)
        f.token_name = str_from(names[next(seed) % 4]);
    if (next(seed) % 4 == 0)
        f.group = str_from(groups[next(seed) % 2]);
    if (next(seed) % 3 == 0)
        f.model_name = STR("gpt%");
    return f;
}

/* All pages of the filter, one after the other, hold each row that passes once, in order. */
static void check_filter(struct store_fx *f, const struct log_row *rows, size_t n,
                         const struct log_filter *filter, int64_t limit)
{
    int64_t want = 0, quota = 0, seen = 0, last = INT64_MAX, last_id = INT64_MAX;
    struct log_page page;
    struct log_stat stat;

    for (size_t i = 0; i < n; i++) {
        struct log_filter consumed = *filter;

        want += passes(filter, &rows[i]);
        consumed.type = LOG_TYPE_CONSUME;
        if (passes(&consumed, &rows[i]))
            quota += rows[i].quota;
    }
    do {
        CHECK_OK(
            f, repo_log_page(f->c, &f->a, filter, (struct repo_page){seen, limit}, &page, &f->err));
        CHECK_EQ(page.total, want);
        for (size_t i = 0; i < page.count; i++) {
            const struct log_row *r = &page.rows[i];

            CHECK(passes(filter, r));
            CHECK(r->created_at < last || (r->created_at == last && r->id < last_id));
            last = r->created_at;
            last_id = r->id;
        }
        seen += (int64_t)page.count;
    } while (page.count > 0);
    CHECK_EQ(seen, want);
    CHECK_OK(f, repo_log_stat(f->c, filter, T0, &stat, &f->err));
    CHECK_EQ(stat.quota, quota);
}

TEST(any_filter_gives_every_row_once_in_order)
{
    uint32_t seed = 5;
    struct log_row *rows;
    struct store_fx f;

    fx_open(&f);
    rows = fill(&f, 1500, 1);
    CHECK_EQ(fx_number(&f, "SELECT SUM(log_count) FROM yourapi_log_chunks"), 1500);
    for (int i = 0; i < 60; i++) {
        struct log_filter filter = random_filter(&seed);

        check_filter(&f, rows, 1500, &filter, 1 + next(&seed) % 90);
    }
    fx_close(&f);
}

TEST(rows_that_are_not_indexed_are_found_too)
{
    struct log_row *all;
    uint32_t seed = 6;
    struct store_fx f;

    fx_open(&f);
    all = arena_new_array(&f.a, struct log_row, 600);
    memcpy(all, fill(&f, 300, 2), 300 * sizeof *all);
    for (size_t i = 300; i < 600; i++)
        all[i] = random_row(&seed);
    /* Written as by another program: nobody indexes them. */
    CHECK_OK(&f, repo_log_insert_many(f.c, all + 300, 300, &f.err));
    for (int i = 0; i < 25; i++) {
        struct log_filter filter = random_filter(&seed);

        check_filter(&f, all, 600, &filter, 7);
    }
    fx_close(&f);
}

TEST(the_index_catches_up_with_rows_of_others)
{
    struct log_row row;
    uint32_t seed = 7;
    struct store_fx f;
    bool behind;

    fx_open(&f);
    fill(&f, 50, 3);
    row = random_row(&seed);
    CHECK_OK(&f, repo_log_insert(f.c, &row, &f.err)); /* by another program */
    insert(&f, &row, 1);                              /* our next batch */
    CHECK_EQ(fx_number(&f, "SELECT SUM(log_count) FROM yourapi_log_chunks"), 52);
    CHECK_OK(&f, repo_log_index(f.c, 1, &behind, &f.err));
    CHECK(!behind);
    CHECK_EQ(fx_number(&f, "SELECT SUM(log_count) FROM yourapi_log_chunks"), 52);
    fx_close(&f);
}

TEST(a_table_emptied_by_another_program_is_summed_anew)
{
    struct log_row *rows;
    uint32_t seed = 8;
    struct store_fx f;

    fx_open(&f);
    fill(&f, 200, 4);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "DELETE FROM logs"));
    rows = fill(&f, 30, 9);
    CHECK_EQ(fx_number(&f, "SELECT SUM(log_count) FROM yourapi_log_chunks"), 30);
    for (int i = 0; i < 10; i++) {
        struct log_filter filter = random_filter(&seed);

        check_filter(&f, rows, 30, &filter, 3);
    }
    fx_close(&f);
}

TEST(old_rows_are_deleted_in_portions_and_the_sums_follow)
{
    const int64_t before = T0 + 20 * HOUR + 1234;
    struct log_row *rows, *left;
    int64_t deleted, total = 0;
    uint32_t seed = 10;
    struct store_fx f;
    size_t n = 0;

    fx_open(&f);
    rows = fill(&f, 800, 11);
    left = arena_new_array(&f.a, struct log_row, 800);
    for (size_t i = 0; i < 800; i++)
        if (rows[i].created_at >= before)
            left[n++] = rows[i];
    do {
        CHECK_OK(&f, repo_log_delete_before(f.c, before, 70, &deleted, &f.err));
        CHECK(deleted <= 70);
        total += deleted;
    } while (deleted == 70);
    CHECK_EQ(total, 800 - (int64_t)n);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM yourapi_log_chunks WHERE left_s = 0"), 0);
    for (int i = 0; i < 20; i++) {
        struct log_filter filter = random_filter(&seed);

        check_filter(&f, left, n, &filter, 11);
    }
    fx_close(&f);
}

TEST(after_everything_is_deleted_new_rows_are_summed)
{
    struct log_row *rows;
    struct store_fx f;
    int64_t deleted;

    fx_open(&f);
    fill(&f, 40, 12);
    CHECK_OK(&f, repo_log_delete_before(f.c, T0 + 100 * HOUR, 1000, &deleted, &f.err));
    CHECK_EQ(deleted, 40);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM yourapi_log_chunks"), 0);
    rows = fill(&f, 20, 13);
    check_filter(&f, rows, 20, &(struct log_filter){.channel_id = 2}, 3);
    CHECK_EQ(fx_number(&f, "SELECT SUM(log_count) FROM yourapi_log_chunks"), 20);
    fx_close(&f);
}

TEST(the_last_minute_gives_rpm_and_tpm)
{
    struct log_row rows[3] = {
        {.user_id = 1, .type = 2, .prompt_tokens = 3, .completion_tokens = 4, .quota = 5},
        {.user_id = 1, .type = 2, .prompt_tokens = 30, .completion_tokens = 40, .quota = 50},
        {.user_id = 1, .type = 1, .prompt_tokens = 9, .completion_tokens = 9, .quota = 9}};
    struct log_stat stat;
    struct store_fx f;

    fx_open(&f);
    rows[0].created_at = T0 - 61;
    rows[1].created_at = rows[2].created_at = T0 - 10;
    insert(&f, rows, 3);
    CHECK_OK(&f,
             repo_log_stat(f.c, &(struct log_filter){.user_id = 1, .type = 1}, T0, &stat, &f.err));
    CHECK_EQ(stat.quota, 55);
    CHECK_EQ(stat.rpm, 1);
    CHECK_EQ(stat.tpm, 70);
    CHECK_OK(&f, repo_log_stat(f.c, &(struct log_filter){.user_id = 2}, T0, &stat, &f.err));
    CHECK_EQ(stat.quota + stat.rpm + stat.tpm, 0);
    fx_close(&f);
}

TEST(a_keyword_is_a_type_or_the_start_of_the_content)
{
    const struct log_row rows[] = {
        {.user_id = 1, .type = 2, .created_at = 5, .content = STR("hello")},
        {.user_id = 1, .type = 3, .created_at = 6, .content = STR("2 apples")},
        {.user_id = 2, .type = 2, .created_at = 7, .content = STR("x2")}};
    struct log_page page;
    struct store_fx f;

    fx_open(&f);
    insert(&f, rows, 3);
    CHECK_OK(&f, repo_log_search(f.c, &f.a, STR("2"), 0, 100, &page, &f.err));
    CHECK_EQ(page.count, 3);
    CHECK_EQ(page.rows[0].user_id, 2);
    CHECK_OK(&f, repo_log_search(f.c, &f.a, STR("2"), 1, 100, &page, &f.err));
    CHECK_EQ(page.count, 1);
    CHECK_STR(page.rows[0].content, "hello");
    CHECK_OK(&f, repo_log_search(f.c, &f.a, STR("hel"), 0, 100, &page, &f.err));
    CHECK_EQ(page.count, 1);
    CHECK_OK(&f, repo_log_search(f.c, &f.a, STR("hel"), 1, 100, &page, &f.err));
    CHECK_EQ(page.count, 0);
    fx_close(&f);
}

/* A figure to look at, not a promise. */
TEST(rows_are_written_in_bulk)
{
    enum { BATCH = 1000, BATCHES = 20 };
    struct log_row *rows;
    uint32_t seed = 14;
    struct store_fx f;
    uint64_t start, bare = 0;

    fx_open(&f);
    rows = arena_new_array(&f.a, struct log_row, BATCH * BATCHES);
    for (size_t i = 0; i < BATCH * BATCHES; i++) {
        rows[i] = random_row(&seed);
        rows[i].created_at = T0 + (int64_t)i / 100;
    }
    start = clock_mono_us();
    for (size_t b = 0; b < BATCHES; b++) {
        uint64_t before;

        CHECK_OK(&f, db_begin(f.c, &f.err));
        before = clock_mono_us();
        CHECK_OK(&f, repo_log_insert_many(f.c, rows + b * BATCH, BATCH, &f.err));
        bare += clock_mono_us() - before;
        CHECK_OK(&f, repo_log_index(f.c, REPO_LOG_PORTION, NULL, &f.err));
        CHECK_OK(&f, db_commit(f.c, &f.err));
    }
    print_message("%d log rows: %.2f us a row, of it %.2f us the inserts (batches of %d)\n",
                  BATCH * BATCHES, (double)(clock_mono_us() - start) / (BATCH * BATCHES),
                  (double)bare / (BATCH * BATCHES), BATCH);
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM logs"), BATCH * BATCHES);
    fx_close(&f);
}

TEST_MAIN(a_row_reads_back_as_it_was_written, a_name_of_a_stranger_is_cut_and_still_found,
          any_filter_gives_every_row_once_in_order, rows_that_are_not_indexed_are_found_too,
          the_index_catches_up_with_rows_of_others,
          a_table_emptied_by_another_program_is_summed_anew,
          old_rows_are_deleted_in_portions_and_the_sums_follow,
          after_everything_is_deleted_new_rows_are_summed, the_last_minute_gives_rpm_and_tpm,
          a_keyword_is_a_type_or_the_start_of_the_content, rows_are_written_in_bulk)

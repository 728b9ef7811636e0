#include "store/repo_token.h"

#include "store/store_fx.h"

static int64_t add(struct store_fx *f, int64_t user_id, const char *key, const char *name)
{
    const struct token t = {.user_id = user_id,
                            .key = secret_make(str_from(key)),
                            .name = str_from(name),
                            .remain_quota = 100,
                            .model_limits = STR("gpt-4o,claude"),
                            .model_limits_enabled = true,
                            .allow_ips_null = true,
                            .created_time = 7};
    int64_t id;

    CHECK_OK(f, repo_token_insert(f->c, &t, &id, &f->err));
    return id;
}

static struct token *find(struct store_fx *f, int64_t id)
{
    struct token *t;

    CHECK_OK(f, repo_token_find(f->c, &f->a, id, 0, &t, &f->err));
    return t;
}

TEST(an_inserted_token_reads_back_with_defaults)
{
    struct store_fx f;
    struct token *t;

    fx_open(&f);
    t = find(&f, add(&f, 3, "abc", "first"));
    CHECK(t != NULL);
    CHECK_EQ(t->user_id, 3);
    CHECK_STR(secret_reveal(t->key), "abc");
    CHECK_EQ(t->status, TOKEN_ENABLED);
    CHECK_EQ(t->expired_time, -1);
    CHECK(t->model_limits_enabled && !t->unlimited_quota && !t->cross_group_retry);
    CHECK_STR(t->model_limits, "gpt-4o,claude");
    CHECK(t->allow_ips_null);
    fx_close(&f);
}

TEST(a_token_is_found_by_its_exact_key_and_a_second_one_conflicts)
{
    const struct token twin = {.key = secret_make(STR("Abc"))};
    struct store_fx f;
    struct token *t;
    int64_t id, other;

    fx_open(&f);
    id = add(&f, 3, "Abc", "first");
    CHECK_OK(&f, repo_token_find_by_key(f.c, &f.a, secret_make(STR("Abc")), &t, &f.err));
    CHECK(t && t->id == id);
    CHECK_OK(&f, repo_token_find_by_key(f.c, &f.a, secret_make(STR("abc")), &t, &f.err));
    CHECK(t == NULL);
    CHECK_OK(&f, repo_token_find_by_key(f.c, &f.a, secret_make(STR("")), &t, &f.err));
    CHECK(t == NULL);
    CHECK_EQ(repo_token_insert(f.c, &twin, &other, &f.err), ERR_CONFLICT);
    fx_close(&f);
}

TEST(a_user_sees_only_his_own_tokens)
{
    struct store_fx f;
    struct token *t;
    int64_t mine;

    fx_open(&f);
    mine = add(&f, 3, "abc", "first");
    CHECK_OK(&f, repo_token_find(f.c, &f.a, mine, 4, &t, &f.err));
    CHECK(t == NULL);
    CHECK_OK(&f, repo_token_find(f.c, &f.a, mine, 3, &t, &f.err));
    CHECK(t != NULL);
    fx_close(&f);
}

TEST(a_page_is_newest_first_and_searches_name_and_key)
{
    struct token_filter filter = {.user_id = 3};
    struct token_page page;
    struct store_fx f;
    int64_t *ids, count;
    size_t n;

    fx_open(&f);
    add(&f, 3, "k1abc", "one");
    add(&f, 3, "k2abc", "two");
    add(&f, 3, "k3xyz", "100%");
    add(&f, 4, "k4abc", "one");
    CHECK_OK(&f, repo_token_page(f.c, &f.a, &filter, (struct repo_page){0, 2}, &page, &f.err));
    CHECK_EQ(page.total, 3);
    CHECK_EQ(page.count, 2);
    CHECK_STR(page.rows[0].name, "100%");
    filter.key = STR("abc");
    CHECK_OK(&f, repo_token_page(f.c, &f.a, &filter, (struct repo_page){0}, &page, &f.err));
    CHECK_EQ(page.total, 2);
    filter.keyword = STR("tw");
    CHECK_OK(&f, repo_token_page(f.c, &f.a, &filter, (struct repo_page){0}, &page, &f.err));
    CHECK_EQ(page.total, 1);
    CHECK_OK(&f, repo_token_list_ids(f.c, &f.a, 3, &ids, &n, &f.err));
    CHECK_EQ(n, 3);
    CHECK_OK(&f, repo_token_count(f.c, 3, &count, &f.err));
    CHECK_EQ(count, 3);
    fx_close(&f);
}

TEST(an_update_writes_the_named_columns_of_a_live_token)
{
    struct token change = {.name = STR("new"), .group = STR("vip"), .allow_ips = STR("10.0.0.1")};
    struct store_fx f;
    struct token *t;
    int64_t delta;
    bool found;

    fx_open(&f);
    change.id = add(&f, 3, "abc", "first");
    CHECK_OK(&f, repo_token_update(f.c, &change, COL(TOKEN_COL_NAME) | COL(TOKEN_COL_ALLOW_IPS),
                                   &found, &f.err));
    CHECK(found);
    t = find(&f, change.id);
    CHECK_STR(t->name, "new");
    CHECK_STR(t->group, "");
    CHECK_STR(t->allow_ips, "10.0.0.1");
    CHECK(!t->allow_ips_null);
    CHECK_OK(&f, repo_token_add_quota(f.c, change.id, -150, &found, &f.err));
    CHECK_EQ(find(&f, change.id)->remain_quota, -50);
    CHECK_OK(&f, repo_token_set_quota(f.c, change.id, 10, &delta, &found, &f.err));
    CHECK_EQ(delta, 60);
    CHECK_EQ(find(&f, change.id)->remain_quota, 10);
    fx_close(&f);
}

static void run(struct store_fx *f, const char *sql)
{
    CHECK_OK(f, db_exec_values(f->c, NULL, &f->err, sql, NULL, 0));
}

static bool marked(struct store_fx *f, int64_t id, enum token_status to, int64_t now_s)
{
    bool changed;

    CHECK_OK(f, repo_token_mark(f->c, id, to, now_s, &changed, &f->err));
    return changed;
}

TEST(a_token_is_marked_only_while_it_is_true)
{
    struct store_fx f;
    int64_t id, delta;
    bool found;

    fx_open(&f);
    id = add(&f, 3, "abc", "first");
    run(&f, "UPDATE tokens SET expired_time = 1000");
    CHECK(!marked(&f, id, TOKEN_EXPIRED, 1000));
    CHECK(marked(&f, id, TOKEN_EXPIRED, 1001));
    CHECK_EQ(find(&f, id)->status, TOKEN_EXPIRED);
    CHECK(!marked(&f, id, TOKEN_EXPIRED, 1001));
    run(&f, "UPDATE tokens SET status = 1, expired_time = -1");
    CHECK(!marked(&f, id, TOKEN_EXPIRED, 1001));

    CHECK_OK(&f, repo_token_set_quota(f.c, id, 1, &delta, &found, &f.err));
    CHECK(!marked(&f, id, TOKEN_EXHAUSTED, 0));
    CHECK_OK(&f, repo_token_set_quota(f.c, id, 0, &delta, &found, &f.err));
    CHECK(marked(&f, id, TOKEN_EXHAUSTED, 0));
    CHECK_EQ(find(&f, id)->status, TOKEN_EXHAUSTED);
    run(&f, "UPDATE tokens SET status = 1, unlimited_quota = true");
    CHECK(!marked(&f, id, TOKEN_EXHAUSTED, 0));
    run(&f, "UPDATE tokens SET status = 2, unlimited_quota = false");
    CHECK(!marked(&f, id, TOKEN_EXHAUSTED, 0));
    fx_close(&f);
}

TEST(a_deleted_token_is_gone_but_its_row_stays)
{
    struct store_fx f;
    struct token *t;
    int64_t id;
    bool found;

    fx_open(&f);
    id = add(&f, 3, "abc", "first");
    CHECK_OK(&f, repo_token_delete(f.c, id, 4, 1763914515, &found, &f.err));
    CHECK(!found);
    CHECK_OK(&f, repo_token_delete(f.c, id, 3, 1763914515, &found, &f.err));
    CHECK(found);
    CHECK(find(&f, id) == NULL);
    CHECK_OK(&f, repo_token_find_by_key(f.c, &f.a, secret_make(STR("abc")), &t, &f.err));
    CHECK(t == NULL);
    CHECK_STR(fx_text(&f, "SELECT deleted_at FROM tokens"), "2025-11-23 16:15:15+00:00");
    fx_close(&f);
}

TEST_MAIN(an_inserted_token_reads_back_with_defaults,
          a_token_is_found_by_its_exact_key_and_a_second_one_conflicts,
          a_user_sees_only_his_own_tokens, a_page_is_newest_first_and_searches_name_and_key,
          an_update_writes_the_named_columns_of_a_live_token,
          a_token_is_marked_only_while_it_is_true, a_deleted_token_is_gone_but_its_row_stays)

#include "store/repo_user.h"

#include "store/store_fx.h"

static int64_t add(struct store_fx *f, const char *username, const char *aff_code)
{
    const struct user u = {.username = str_from(username),
                           .password = secret_make(STR("$2a$10$x")),
                           .display_name = STR("Shown 100%"),
                           .email = arena_fmt(&f->a, "%s@example.org", username),
                           .quota = 500,
                           .aff_code = str_from(aff_code)};
    int64_t id = 0;

    CHECK_EQ(repo_user_insert(f->c, &u, &id, &f->err), ERR_OK);
    CHECK(id > 0);
    return id;
}

static struct user *find(struct store_fx *f, int64_t id, enum repo_deleted deleted)
{
    struct user *u;

    CHECK_EQ(repo_user_find(f->c, &f->a, id, deleted, &u, &f->err), ERR_OK);
    return u;
}

TEST(an_inserted_user_reads_back_with_the_defaults_of_the_original)
{
    struct store_fx f;
    struct user *u;

    fx_open(&f);
    u = find(&f, add(&f, "alice", ""), REPO_LIVE);
    CHECK(u != NULL);
    CHECK_STR(u->username, "alice");
    CHECK_STR(secret_reveal(u->password), "$2a$10$x");
    CHECK_STR(u->group, "default");
    CHECK_EQ(u->role, ROLE_COMMON);
    CHECK_EQ(u->status, USER_ENABLED);
    CHECK_EQ(u->quota, 500);
    CHECK_EQ(u->auth_version, 1);
    CHECK_EQ(u->deleted_at.n, 0);
    CHECK(find(&f, 4711, REPO_LIVE) == NULL);
    fx_close(&f);
}

TEST(two_users_without_invitation_code_or_access_token_do_not_conflict)
{
    struct store_fx f;

    fx_open(&f);
    add(&f, "alice", "");
    add(&f, "bob", "");
    fx_close(&f);
}

TEST(a_taken_username_is_a_conflict)
{
    const struct user u = {.username = STR("alice")};
    int64_t id;
    struct store_fx f;
    bool taken;

    fx_open(&f);
    add(&f, "alice", "");
    CHECK_EQ(repo_user_insert(f.c, &u, &id, &f.err), ERR_CONFLICT);
    CHECK_EQ(repo_user_taken(f.c, STR("alice"), STR_NULL, &taken, &f.err), ERR_OK);
    CHECK(taken);
    CHECK_EQ(repo_user_taken(f.c, STR("new"), STR("alice@example.org"), &taken, &f.err), ERR_OK);
    CHECK(taken);
    CHECK_EQ(repo_user_taken(f.c, STR("new"), STR(""), &taken, &f.err), ERR_OK);
    CHECK(!taken);
    fx_close(&f);
}

TEST(a_user_is_found_by_name_mail_code_and_access_token)
{
    struct store_fx f;
    struct user *u, change = {0};

    fx_open(&f);
    change.id = add(&f, "alice", "aBc1");
    change.access_token = secret_make(STR("tok+/en="));
    CHECK_EQ(repo_user_update(f.c, &change, COL(USER_COL_ACCESS_TOKEN), NULL, &f.err), ERR_OK);
    CHECK_EQ(repo_user_find_by_username(f.c, &f.a, STR("alice"), REPO_LIVE, &u, &f.err), ERR_OK);
    CHECK(u && u->id == change.id);
    CHECK_EQ(repo_user_find_by_login(f.c, &f.a, STR("alice@example.org"), &u, &f.err), ERR_OK);
    CHECK(u && u->id == change.id);
    CHECK_EQ(repo_user_find_by_login(f.c, &f.a, STR("alice"), &u, &f.err), ERR_OK);
    CHECK(u && u->id == change.id);
    CHECK_EQ(repo_user_find_by_aff_code(f.c, &f.a, STR("aBc1"), &u, &f.err), ERR_OK);
    CHECK(u && u->id == change.id);
    CHECK_EQ(repo_user_find_by_aff_code(f.c, &f.a, STR("abc1"), &u, &f.err), ERR_OK);
    CHECK(u == NULL);
    CHECK_EQ(repo_user_find_by_access_token(f.c, &f.a, secret_make(STR("tok+/en=")), &u, &f.err),
             ERR_OK);
    CHECK(u && u->id == change.id);
    CHECK_EQ(repo_user_find_by_access_token(f.c, &f.a, secret_make(STR("")), &u, &f.err), ERR_OK);
    CHECK(u == NULL);
    fx_close(&f);
}

TEST(a_page_searches_names_and_counts_all_pages)
{
    const struct user_filter percent = {.keyword = STR("100%")}, none = {0},
                             group = {.keyword = STR("a"), .group = STR("vip")};
    struct user change = {.group = STR("vip")};
    struct user_filter by_id = {0};
    struct user_page page;
    struct store_fx f;

    fx_open(&f);
    change.id = add(&f, "alice", "");
    add(&f, "bob", "");
    add(&f, "carol", "");
    CHECK_EQ(repo_user_update(f.c, &change, COL(USER_COL_GROUP), NULL, &f.err), ERR_OK);
    CHECK_EQ(repo_user_page(f.c, &f.a, &none, (struct repo_page){1, 1}, &page, &f.err), ERR_OK);
    CHECK_EQ(page.total, 3);
    CHECK_EQ(page.count, 1);
    CHECK_STR(page.rows[0].username, "bob");
    CHECK_EQ(repo_user_page(f.c, &f.a, &percent, (struct repo_page){0}, &page, &f.err), ERR_OK);
    CHECK_EQ(page.total, 3);
    CHECK_EQ(repo_user_page(f.c, &f.a, &group, (struct repo_page){0}, &page, &f.err), ERR_OK);
    CHECK_EQ(page.total, 1);
    by_id.keyword = arena_fmt(&f.a, "%d", (int)change.id + 1);
    CHECK_EQ(repo_user_page(f.c, &f.a, &by_id, (struct repo_page){0}, &page, &f.err), ERR_OK);
    CHECK_EQ(page.total, 1);
    CHECK_STR(page.rows[0].username, "bob");
    fx_close(&f);
}

TEST(an_underscore_in_a_keyword_is_no_wildcard)
{
    const struct user_filter filter = {.keyword = STR("a_b")};
    struct user_page page;
    struct store_fx f;

    fx_open(&f);
    add(&f, "a_b", "");
    add(&f, "axb", "");
    CHECK_EQ(repo_user_page(f.c, &f.a, &filter, (struct repo_page){0}, &page, &f.err), ERR_OK);
    CHECK_EQ(page.total, 1);
    CHECK_STR(page.rows[0].username, "a_b");
    fx_close(&f);
}

TEST(an_update_writes_the_named_columns_only)
{
    struct user change = {.display_name = STR("New"), .group = STR("vip"), .email = STR("lost")};
    struct store_fx f;
    struct user *u;
    bool found;

    fx_open(&f);
    change.id = add(&f, "alice", "");
    CHECK_EQ(repo_user_update(f.c, &change, COL(USER_COL_DISPLAY_NAME) | COL(USER_COL_GROUP),
                              &found, &f.err),
             ERR_OK);
    CHECK(found);
    u = find(&f, change.id, REPO_LIVE);
    CHECK_STR(u->display_name, "New");
    CHECK_STR(u->group, "vip");
    CHECK_STR(u->email, "alice@example.org");
    change.id = 4711;
    CHECK_EQ(repo_user_update(f.c, &change, COL(USER_COL_GROUP), &found, &f.err), ERR_OK);
    CHECK(!found);
    fx_close(&f);
}

TEST(quota_moves_by_deltas_and_a_set_tells_its_delta)
{
    struct store_fx f;
    int64_t id, delta;
    bool found, moved;

    fx_open(&f);
    id = add(&f, "alice", "");
    CHECK_EQ(repo_user_add_quota(f.c, id, -700, &found, &f.err), ERR_OK);
    CHECK(found);
    CHECK_EQ(find(&f, id, REPO_LIVE)->quota, -200);
    CHECK_EQ(repo_user_set_quota(f.c, id, 1000, &delta, &found, &f.err), ERR_OK);
    CHECK(found);
    CHECK_EQ(delta, 1200);
    CHECK_EQ(find(&f, id, REPO_LIVE)->quota, 1000);
    CHECK_EQ(repo_user_set_quota(f.c, 4711, 1000, &delta, &found, &f.err), ERR_OK);
    CHECK(!found);
    CHECK_EQ(repo_user_add_invitation(f.c, id, 300, &f.err), ERR_OK);
    CHECK_EQ(repo_user_transfer_aff(f.c, id, 301, &moved, &f.err), ERR_OK);
    CHECK(!moved);
    CHECK_EQ(repo_user_transfer_aff(f.c, id, 100, &moved, &f.err), ERR_OK);
    CHECK(moved);
    CHECK_EQ(find(&f, id, REPO_LIVE)->quota, 1100);
    CHECK_EQ(find(&f, id, REPO_LIVE)->aff_quota, 200);
    CHECK_EQ(find(&f, id, REPO_LIVE)->aff_history, 300);
    CHECK_EQ(find(&f, id, REPO_LIVE)->aff_count, 1);
    fx_close(&f);
}

TEST(a_set_of_a_null_balance_works)
{
    struct store_fx f;
    int64_t id, delta;
    bool found;

    fx_open(&f);
    id = add(&f, "alice", "");
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "UPDATE users SET quota = NULL, aff_count = NULL"), ERR_OK);
    CHECK_EQ(find(&f, id, REPO_LIVE)->quota, 0);
    CHECK_EQ(repo_user_set_quota(f.c, id, 5, &delta, &found, &f.err), ERR_OK);
    CHECK_EQ(find(&f, id, REPO_LIVE)->quota, 5);
    fx_close(&f);
}

TEST(a_soft_deleted_user_is_only_found_when_asked_for)
{
    struct user_page page;
    struct store_fx f;
    struct user *u;
    int64_t id, count;
    bool found;

    fx_open(&f);
    id = add(&f, "alice", "");
    CHECK_EQ(repo_user_soft_delete(f.c, id, 1763914515, &found, &f.err), ERR_OK);
    CHECK(found);
    CHECK_EQ(repo_user_soft_delete(f.c, id, 1863914515, &found, &f.err), ERR_OK);
    CHECK(find(&f, id, REPO_LIVE) == NULL);
    u = find(&f, id, REPO_WITH_DELETED);
    CHECK(u != NULL);
    CHECK_STR(u->deleted_at, "2025-11-23 16:15:15+00:00");
    CHECK_EQ(repo_user_find_by_login(f.c, &f.a, STR("alice"), &u, &f.err), ERR_OK);
    CHECK(u == NULL);
    CHECK_EQ(
        repo_user_page(f.c, &f.a, &(struct user_filter){0}, (struct repo_page){0}, &page, &f.err),
        ERR_OK);
    CHECK_EQ(page.total, 1);
    CHECK_EQ(repo_user_count(f.c, &count, &f.err), ERR_OK);
    CHECK_EQ(count, 0);
    CHECK_EQ(repo_user_hard_delete(f.c, id, &found, &f.err), ERR_OK);
    CHECK(found);
    CHECK(find(&f, id, REPO_WITH_DELETED) == NULL);
    fx_close(&f);
}

TEST(a_root_is_found)
{
    struct user change = {.role = ROLE_ROOT};
    struct store_fx f;
    struct user *u;
    bool exists;

    fx_open(&f);
    CHECK_EQ(repo_user_root_exists(f.c, &exists, &f.err), ERR_OK);
    CHECK(!exists);
    change.id = add(&f, "root", "");
    CHECK_EQ(repo_user_update(f.c, &change, COL(USER_COL_ROLE), NULL, &f.err), ERR_OK);
    CHECK_EQ(repo_user_root_exists(f.c, &exists, &f.err), ERR_OK);
    CHECK(exists);
    CHECK_EQ(repo_user_find_root(f.c, &f.a, &u, &f.err), ERR_OK);
    CHECK(u && u->id == change.id);
    fx_close(&f);
}

TEST_MAIN(an_inserted_user_reads_back_with_the_defaults_of_the_original,
          two_users_without_invitation_code_or_access_token_do_not_conflict,
          a_taken_username_is_a_conflict, a_user_is_found_by_name_mail_code_and_access_token,
          a_page_searches_names_and_counts_all_pages, an_underscore_in_a_keyword_is_no_wildcard,
          an_update_writes_the_named_columns_only, quota_moves_by_deltas_and_a_set_tells_its_delta,
          a_set_of_a_null_balance_works, a_soft_deleted_user_is_only_found_when_asked_for,
          a_root_is_found)

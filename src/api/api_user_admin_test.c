/* Users, as administrators change them. */
#include "api/api_fixture.h"
#include "store/store_fixture.h"

#include "base/test.h"

/* Longer than any column of a group. */
#define LONG "ggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg"

TEST(the_list_is_a_page_newest_first_without_secrets)
{
    struct api_fixture *f = api_fixture_open();

    api_fixture_sql(f, "UPDATE users SET access_token = 'topsecret' WHERE id = 1");
    /* As each database's programs write it: MySQL's cells have no zone. */
    api_fixture_sql(f, store_fixture_kind() == DB_MYSQL
                           ? "UPDATE users SET deleted_at = '2026-01-02 03:04:05' WHERE id = 3"
                           : "UPDATE users SET deleted_at = '2026-01-02 03:04:05+00:00'"
                             " WHERE id = 3");
    struct api_answer a = api_as(f, FIXTURE_ADMIN, NULL, "/api/user/?p=0&page_size=2", NULL);
    CHECK_EQ(api_i64_at(a.json, "data.total"), 3);
    CHECK_EQ(api_i64_at(a.json, "data.page"), 1);
    CHECK_EQ(api_i64_at(a.json, "data.page_size"), 2);
    CHECK_EQ(json_count(api_at(a.json, "data.items")), 2);
    CHECK_EQ(api_i64_at(a.json, "data.items.0.id"), 3);
    CHECK_STR(api_text_at(f, a.json, "data.items.0.DeletedAt"), "2026-01-02T03:04:05+00:00");
    CHECK(json_is(api_at(a.json, "data.items.1.DeletedAt"), JSON_NULL));
    a = api_as(f, FIXTURE_ADMIN, NULL, "/api/user/?p=2&page_size=2", NULL);
    CHECK_EQ(api_i64_at(a.json, "data.items.0.id"), 1);
    CHECK(!str_has(a.body, STR("topsecret")));
    CHECK(!str_has(a.body, STR("$2a$")));
    a = api_as(f, FIXTURE_ADMIN, NULL, "/api/user/?p=NaN&page_size=-4", NULL);
    CHECK_EQ(api_i64_at(a.json, "data.page_size"), 10);
    a = api_as(f, FIXTURE_ADMIN, NULL, "/api/user/search?keyword=AnN&p=1", NULL);
    CHECK_EQ(api_i64_at(a.json, "data.total"), 1);
    a = api_as(f, FIXTURE_ADMIN, NULL, "/api/user/search?keyword=2&group=default", NULL);
    CHECK_EQ(api_i64_at(a.json, "data.items.0.id"), 2);
    a = api_as(f, FIXTURE_ADMIN, NULL, "/api/user/search?keyword=&group=nogroup", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data.items")), 0);
    CHECK(json_is(api_at(a.json, "data.items"), JSON_ARRAY));
    api_fixture_close(f);
}

TEST(one_user_is_shown_to_those_above_them)
{
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = api_as(f, FIXTURE_ADMIN, NULL, "/api/user/3", NULL);

    CHECK_STR(api_text_at(f, a.json, "data.username"), "ann");
    a = api_as(f, FIXTURE_ADMIN, NULL, "/api/user/1", NULL);
    CHECK(!api_succeeded(&a));
    a = api_as(f, FIXTURE_ROOT, NULL, "/api/user/1", NULL);
    CHECK(api_succeeded(&a));
    a = api_as(f, FIXTURE_ADMIN, NULL, "/api/user/99", NULL);
    CHECK_STR(api_text_at(f, a.json, "message"), "record not found");
    a = api_as(f, FIXTURE_ADMIN, NULL, "/api/user/x%22y", NULL);
    CHECK_STR(api_text_at(f, a.json, "message"),
              "strconv.Atoi: parsing \"x\\\"y\": invalid syntax");
    a = api_as(f, FIXTURE_ADMIN, NULL, "/api/user/99999999999999999999", NULL);
    CHECK(!api_succeeded(&a));
    api_fixture_close(f);
}

TEST(secrets_in_the_settings_are_shown_to_their_owner_alone)
{
    static const char *const paths[] = {"/api/user/3", "/api/user/",
                                        "/api/user/search?keyword=ann"};
    struct api_fixture *f = api_fixture_open();
    struct api_answer a;

    api_fixture_sql(f, "UPDATE users SET setting = '{\"webhook_secret\":\"hush-1\",\"webhook_url\":"
                       "\"https://example.org/hook\",\"gotify_token\":\"hush-2\"}' WHERE id = 3");
    api_fixture_sql(f, "UPDATE users SET setting = 'hush-3' WHERE id = 1");
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        a = api_as(f, FIXTURE_ADMIN, NULL, paths[i], NULL);
        CHECK(api_succeeded(&a));
        CHECK(!str_has(a.body, STR("hush")));
        CHECK(str_has(a.body, STR("https://example.org/hook")));
    }
    a = api_as(f, FIXTURE_ANN, NULL, "/api/user/self", NULL);
    CHECK(str_has(a.body, STR("hush-1")) && str_has(a.body, STR("hush-2")));
    api_fixture_close(f);
}

TEST(a_user_is_created_common_whatever_the_body_says)
{
    static const char *const bad[] = {
        "{\"username\":\"zoe\",\"password\":\"\"}",
        "{\"username\":\" \",\"password\":\"password1\"}",
        "{\"username\":\"zoe\",\"password\":\"short\"}",
        "{\"username\":\"zoe\",\"password\":\"password1\",\"role\":10}",
        "{\"username\":\"zoe\",\"password\":\"password1\",\"role\":\"1\"}",
        "{\"username\":\"ann\",\"password\":\"password1\"}",
    };
    struct api_fixture *f = api_fixture_open();

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct api_answer a = api_as(f, FIXTURE_ADMIN, "POST", "/api/user/", bad[i]);
        CHECK(!api_succeeded(&a));
    }
    struct api_answer a =
        api_as(f, FIXTURE_ADMIN, "POST", "/api/user/",
               "{\"username\":\"zoe\",\"password\":\"password1\",\"role\":1,\"quota\":77}");
    CHECK(api_succeeded(&a));
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT role FROM users WHERE username = 'zoe' AND quota = 0 "
                                    "AND display_name = 'zoe' AND status = 1"),
             1);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM logs WHERE type = 4"), 0);
    api_fixture_close(f);
}

TEST(a_created_user_gets_the_gift_of_new_users_and_its_log_row)
{
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = api_as(f, FIXTURE_ROOT, "PUT", "/api/option/",
                                 "{\"key\":\"QuotaForNewUser\",\"value\":\"500000\"}");

    CHECK(api_succeeded(&a));
    a = api_as(f, FIXTURE_ADMIN, "POST", "/api/user/",
               "{\"username\":\"zoe\",\"password\":\"password1\"}");
    CHECK(api_succeeded(&a));
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT quota FROM users WHERE username = 'zoe'"), 500000);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM logs WHERE type = 4 AND username = 'zoe' "
                                    "AND user_id = (SELECT id FROM users WHERE username = 'zoe') "
                                    "AND content = '新用户注册赠送 ＄1.000000 额度'"),
             1);
    api_fixture_close(f);
}

TEST(an_update_overwrites_the_four_fields_and_notes_a_change_of_quota)
{
    struct api_fixture *f = api_fixture_open();
    struct balance *balance = balance_open_user(f->balances, FIXTURE_ANN, 1000000);
    struct api_answer a =
        api_as(f, FIXTURE_ADMIN, "PUT", "/api/user/",
               "{\"id\":3,\"username\":\"anna\",\"display_name\":\"A\",\"group\":\"vip\","
               "\"quota\":1500000,\"role\":1,\"status\":2,\"password\":\"\"}");

    CHECK(api_succeeded(&a));
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT quota FROM users WHERE id = 3 AND username = 'anna' "
                                    "AND display_name = 'A' AND \"group\" = 'vip' AND role = 1 "
                                    "AND status = 1"),
             1500000);
    CHECK_EQ(balance_available(balance), 1500000);
    balance_put(balance);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM logs WHERE type = 3 AND user_id = 3 AND "
                                    "content LIKE '%2.000000%' AND content LIKE '%3.000000%'"),
             1);
    a = api_as(f, FIXTURE_ADMIN, "PUT", "/api/user/",
               "{\"id\":3,\"username\":\"anna\",\"quota\":1500000}");
    CHECK(
        api_succeeded(&a)); /* a missing key blanks the field; the same quota is not noted again */
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM users WHERE id = 3 AND "
                                    "display_name = ''"),
             1);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM logs WHERE type = 3"), 1);
    api_fixture_close(f);
}

/* An account without a name could never sign in again, and root would lock out everybody. */
TEST(an_update_does_not_take_away_the_name)
{
    static const char *const bad[] = {"{\"id\":1}", "{\"id\":3,\"quota\":5}",
                                      "{\"id\":3,\"username\":\" \"}"};
    struct api_fixture *f = api_fixture_open();

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct api_answer a = api_as(f, FIXTURE_ROOT, "PUT", "/api/user/", bad[i]);
        CHECK(!api_succeeded(&a));
    }
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM users WHERE username = ''"), 0);
    api_fixture_close(f);
}

TEST(an_update_is_refused_above_ones_own_role_and_for_bad_input)
{
    static const char *const bad[] = {
        "{}",
        "{\"id\":0,\"username\":\"x\"}",
        "{\"id\":\"3\",\"username\":\"x\"}",
        "{\"id\":99,\"username\":\"x\"}",
        "{\"id\":1,\"username\":\"x\"}",
        "{\"id\":2,\"username\":\"x\"}",
        "{\"id\":3,\"username\":\"x\",\"role\":10}",
        "{\"id\":3,\"username\":\"x\",\"password\":\"short\"}",
        "{\"id\":3,\"username\":\"x\",\"quota\":9223372036854775807}",
        "{\"id\":3,\"username\":\"x\",\"quota\":1.5}",
        ("{\"id\":3,\"username\":\"x\",\"group\":\"" LONG "\"}"),
    };
    struct api_fixture *f = api_fixture_open();

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct api_answer a = api_as(f, FIXTURE_ADMIN, "PUT", "/api/user/", bad[i]);
        CHECK(!api_succeeded(&a));
    }
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM users WHERE username = 'x'"), 0);
    api_fixture_close(f);
}

TEST(manage_actions_do_what_their_table_says)
{
    static const struct {
        int64_t actor;
        const char *body;
        bool good;
        const char *check; /* a row exists after */
    } rows[] = {
        {FIXTURE_ADMIN, "{\"id\":3,\"action\":\"disable\"}", true, "id = 3 AND status = 2"},
        {FIXTURE_ADMIN, "{\"id\":3,\"action\":\"enable\"}", true, "id = 3 AND status = 1"},
        {FIXTURE_ADMIN, "{\"id\":3,\"action\":\"promote\"}", false, "id = 3 AND role = 1"},
        {FIXTURE_ADMIN, "{\"id\":1,\"action\":\"disable\"}", false, "id = 1 AND status = 1"},
        {FIXTURE_ADMIN, "{\"id\":2,\"action\":\"demote\"}", false, "id = 2 AND role = 10"},
        {FIXTURE_ROOT, "{\"id\":3,\"action\":\"promote\"}", true, "id = 3 AND role = 10"},
        {FIXTURE_ROOT, "{\"id\":3,\"action\":\"promote\"}", false, "id = 3 AND role = 10"},
        {FIXTURE_ROOT, "{\"id\":3,\"action\":\"demote\"}", true, "id = 3 AND role = 1"},
        {FIXTURE_ROOT, "{\"id\":3,\"action\":\"demote\"}", false, "id = 3 AND role = 1"},
        {FIXTURE_ROOT, "{\"id\":1,\"action\":\"disable\"}", false, "id = 1 AND status = 1"},
        {FIXTURE_ROOT, "{\"id\":1,\"action\":\"delete\"}", false, "id = 1 AND deleted_at IS NULL"},
        {FIXTURE_ROOT, "{\"id\":1,\"action\":\"demote\"}", false, "id = 1 AND role = 100"},
        {FIXTURE_ROOT, "{\"id\":99,\"action\":\"enable\"}", false, "id = 1"},
        {FIXTURE_ROOT, "{\"id\":3,\"action\":\"dance\"}", true, "id = 3 AND status = 1"},
        {FIXTURE_ADMIN, "{\"id\":3,\"action\":\"delete\"}", true,
         "id = 3 AND deleted_at IS NOT NULL"},
    };
    struct api_fixture *f = api_fixture_open();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct api_answer a = api_as(f, rows[i].actor, "POST", "/api/user/manage", rows[i].body);

        if (api_succeeded(&a) != rows[i].good)
            fail_msg("%s: %.*s", rows[i].body, STR_ARG(a.body));
        CHECK_EQ(
            api_fixture_sql_i64(
                f, arena_fmt(&f->arena, "SELECT COUNT(*) FROM users WHERE %s", rows[i].check).p),
            1);
    }
    struct api_answer a =
        api_as(f, FIXTURE_ROOT, "POST", "/api/user/manage", "{\"id\":2,\"action\":\"disable\"}");
    CHECK_EQ(api_i64_at(a.json, "data.status"), 2);
    CHECK_EQ(api_i64_at(a.json, "data.role"), 10);
    CHECK_EQ(api_i64_at(a.json, "data.id"), 0);
    api_fixture_close(f);
}

TEST(deleting_a_user_removes_the_row)
{
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = api_as(f, FIXTURE_ADMIN, "DELETE", "/api/user/2", NULL);

    CHECK(!api_succeeded(&a));
    a = api_as(f, FIXTURE_ROOT, "DELETE", "/api/user/1", NULL);
    CHECK(!api_succeeded(&a)); /* not even root itself */
    a = api_as(f, FIXTURE_ADMIN, "DELETE", "/api/user/3/", NULL);
    CHECK(api_succeeded(&a));
    a = api_as(f, FIXTURE_ADMIN, "DELETE", "/api/user/3", NULL);
    CHECK_STR(api_text_at(f, a.json, "message"), "record not found");
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM users"), 2);
    api_fixture_close(f);
}

TEST_MAIN(the_list_is_a_page_newest_first_without_secrets, one_user_is_shown_to_those_above_them,
          secrets_in_the_settings_are_shown_to_their_owner_alone,
          a_user_is_created_common_whatever_the_body_says,
          a_created_user_gets_the_gift_of_new_users_and_its_log_row,
          an_update_overwrites_the_four_fields_and_notes_a_change_of_quota,
          an_update_does_not_take_away_the_name,
          an_update_is_refused_above_ones_own_role_and_for_bad_input,
          manage_actions_do_what_their_table_says, deleting_a_user_removes_the_row)

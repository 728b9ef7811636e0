/* Logs, the dashboard's figures, and the billing routes. */
#include "api/api_fixture.h"

#include "base/test.h"

#define KEY "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"

/* Three calls of ann, one of adam, one event. */
static struct api_fixture *with_logs(void)
{
    struct api_fixture *f = api_fixture_open();

    api_fixture_sql(
        f, "INSERT INTO channels (id, type, \"key\", status, name, models, \"group\") VALUES "
           "(1, 1, 'upstream-secret', 1, 'first', 'gpt-4o', 'default')");
    api_fixture_sql(f, "INSERT INTO tokens (id, user_id, \"key\", status, name, expired_time, "
                       "remain_quota, used_quota) VALUES (7, 3, '" KEY
                       "', 1, 'site', -1, 1500000, 500000)");
    api_fixture_sql(
        f, "INSERT INTO logs (id, user_id, created_at, type, content, username, token_name, "
           "model_name, quota, prompt_tokens, completion_tokens, use_time, is_stream, channel_id, "
           "token_id, \"group\", other) VALUES "
           "(1030, 3, 1699990000, 2, 'c1', 'ann', 'site', 'gpt-4o', 10, 1, 2, 3, true, 1, 7, "
           "'default', "
           "'{\"model_ratio\":1.25,\"admin_info\":{\"use_channel\":[\"1\"]},\"frt\":5}'),"
           "(1031, 3, 1699999990, 2, 'c2', 'ann', 'site', 'gpt-4', 20, 4, 5, 6, false, 1, 7, "
           "'default', "
           "'not json'),"
           "(1032, 3, 1699999995, 2, 'c3', 'ann', 'other', 'gpt-4o', 40, 1, 1, 0, false, 1, 8, "
           "'vip', ''),"
           "(1033, 2, 1699999996, 2, 'c4', 'adam', 'site', 'gpt-4o', 80, 1, 1, 0, false, 1, 9, "
           "'vip', ''),"
           "(1034, 3, 1699999997, 3, 'quota changed', 'ann', '', '', 0, 0, 0, 0, false, 0, 0, '', "
           "'')");
    f->clock.us = FIXTURE_NOW_S * 1000000;
    /* A reload makes the channel known: its name stands in the list. */
    struct api_answer a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/channel/fix", .body = "{}", .user_id = FIXTURE_ROOT});
    CHECK(api_succeeded(&a));
    return f;
}

TEST(the_administrators_list_names_channels_and_tells_everything)
{
    struct api_fixture *f = with_logs();
    struct api_answer a = api_get(f, FIXTURE_ADMIN, "/api/log/?p=1&page_size=2");

    CHECK_EQ(api_i64_at(a.json, "data.total"), 5);
    CHECK_EQ(api_i64_at(a.json, "data.page_size"), 2);
    CHECK_EQ(json_count(api_at(a.json, "data.items")), 2);
    CHECK_EQ(api_i64_at(a.json, "data.items.0.id"), 1034);
    a = api_get(f, FIXTURE_ADMIN, "/api/log/?p=3&page_size=2");
    const struct json *row = api_at(a.json, "data.items.0");
    CHECK_EQ(api_i64_at(row, "id"), 1030);
    CHECK_EQ(api_i64_at(row, "channel"), 1);
    CHECK_STR(api_text_at(f, row, "channel_name"), "first");
    CHECK(str_has(api_text_at(f, row, "other"), STR("admin_info")));
    CHECK_EQ(api_i64_at(row, "prompt_tokens"), 1);
    CHECK_EQ(api_i64_at(row, "use_time"), 3);
    CHECK(json_bool_or(api_at(row, "is_stream"), false));
    CHECK(!str_has(a.body, STR("upstream-secret")));
    api_fixture_close(f);
}

TEST(filters_hold_together_and_nonsense_is_no_filter)
{
    static const struct {
        const char *query;
        int64_t total;
    } rows[] = {
        {"", 5},
        {"&type=2", 4},
        {"&username=ann", 4},
        {"&username=ann&type=2&token_name=site", 2},
        {"&model_name=gpt-4o", 3},
        {"&model_name=gpt-4%25", 4},
        {"&group=vip", 2},
        {"&channel=1", 4},
        {"&start_timestamp=1699999995", 3},
        {"&end_timestamp=1699999990", 2},
        {"&start_timestamp=NaN&end_timestamp=null&type=x&channel=", 5},
        {"&username=nobody", 0},
    };
    struct api_fixture *f = with_logs();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct api_answer a =
            api_get(f, FIXTURE_ADMIN,
                    arena_fmt(&f->arena, "/api/log/?p=1&page_size=100%s", rows[i].query).p);

        if (api_i64_at(a.json, "data.total") != rows[i].total)
            fail_msg("%s: %.*s", rows[i].query, STR_ARG(a.body));
    }
    api_fixture_close(f);
}

TEST(own_logs_are_ones_own_and_tell_nothing_of_the_operator)
{
    struct api_fixture *f = with_logs();
    struct api_answer a =
        api_get(f, FIXTURE_ANN, "/api/log/self/?p=1&page_size=1000&username=adam");

    CHECK_EQ(api_i64_at(a.json, "data.total"), 4);
    CHECK_EQ(api_i64_at(a.json, "data.page_size"), 100);
    const struct json *row = api_at(a.json, "data.items.3");
    CHECK_EQ(api_i64_at(row, "id"), 1030 % 1024);
    CHECK_STR(api_text_at(f, row, "channel_name"), "");
    CHECK_STR(api_text_at(f, row, "other"), "{\"model_ratio\":1.25,\"frt\":5}");
    CHECK_STR(api_text_at(f, a.json, "data.items.2.other"), ""); /* was no JSON */
    CHECK(!str_has(a.body, STR("admin_info")));
    a = api_get(f, FIXTURE_ANN, "/api/log/self/?p=1&page_size=10&token_name=other");
    CHECK_EQ(api_i64_at(a.json, "data.total"), 1);
    api_fixture_close(f);
}

TEST(search_finds_by_type_and_for_administrators_by_content)
{
    struct api_fixture *f = with_logs();
    struct api_answer a = api_get(f, FIXTURE_ADMIN, "/api/log/search?keyword=quota");

    CHECK_EQ(json_count(api_at(a.json, "data")), 1);
    a = api_get(f, FIXTURE_ADMIN, "/api/log/search?keyword=2");
    CHECK_EQ(json_count(api_at(a.json, "data")), 4);
    a = api_get(f, FIXTURE_ANN, "/api/log/self/search?keyword=2");
    CHECK_EQ(json_count(api_at(a.json, "data")), 3);
    a = api_get(f, FIXTURE_ANN, "/api/log/self/search?keyword=quota");
    CHECK_EQ(json_count(api_at(a.json, "data")), 0);
    api_fixture_close(f);
}

TEST(statistics_sum_what_was_used)
{
    struct api_fixture *f = with_logs();
    struct api_answer a = api_get(f, FIXTURE_ADMIN, "/api/log/stat?type=3");

    CHECK_EQ(api_i64_at(a.json, "data.quota"), 150);
    CHECK_EQ(api_i64_at(a.json, "data.rpm"), 3);
    CHECK_EQ(api_i64_at(a.json, "data.tpm"), 13);
    a = api_get(f, FIXTURE_ADMIN, "/api/log/stat?username=adam");
    CHECK_EQ(api_i64_at(a.json, "data.quota"), 80);
    a = api_get(f, FIXTURE_ANN, "/api/log/self/stat?username=adam");
    CHECK_EQ(api_i64_at(a.json, "data.quota"), 70);
    a = api_get(f, FIXTURE_ANN, "/api/log/self/stat?end_timestamp=1");
    CHECK_EQ(api_i64_at(a.json, "data.quota"), 0);
    api_fixture_close(f);
}

TEST(whoever_has_a_key_sees_its_rows_from_any_origin)
{
    struct api_fixture *f = with_logs();
    struct api_answer a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/log/token?key=sk-" KEY, .origin = "https://x.example"});

    CHECK(api_succeeded(&a));
    CHECK_EQ(json_count(api_at(a.json, "data")), 2);
    CHECK(!str_has(a.body, STR("admin_info")));
    CHECK_STR(api_header(&a, STR("Access-Control-Allow-Origin")), "*");
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/log/token?key=" KEY});
    CHECK_EQ(json_count(api_at(a.json, "data")), 2);
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/log/token?key=sk-wrong"});
    CHECK_STR(api_text_at(f, a.json, "message"), "record not found");
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/log/token"});
    CHECK(!api_succeeded(&a));
    api_fixture_close(f);
}

TEST(deleting_old_rows_needs_a_time_and_counts)
{
    struct api_fixture *f = with_logs();
    struct api_ask ask = {.method = "DELETE", .path = "/api/log/", .user_id = FIXTURE_ADMIN};
    struct api_answer a = api_fixture_call(f, &ask);

    CHECK_STR(api_text_at(f, a.json, "message"), "target timestamp is required");
    ask.path = "/api/log/?target_timestamp=1699999996";
    a = api_fixture_call(f, &ask);
    CHECK_EQ(api_i64_at(a.json, "data"), 3);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM logs"), 2);
    api_fixture_close(f);
}

TEST(the_dashboard_sums_hours_for_administrators_and_shows_users_their_own)
{
    struct api_fixture *f = with_logs();

    api_fixture_sql(f, "INSERT INTO quota_data (user_id, username, model_name, created_at, "
                       "token_used, count, quota) VALUES "
                       "(3, 'ann', 'gpt-4o', 1699999200, 5, 1, 10),"
                       "(2, 'adam', 'gpt-4o', 1699999200, 6, 2, 20),"
                       "(3, 'ann', 'gpt-4', 1699995600, 7, 3, 30)");
    struct api_answer a =
        api_get(f, FIXTURE_ADMIN, "/api/data/?start_timestamp=1699990000&end_timestamp=1700000000");
    CHECK_EQ(json_count(api_at(a.json, "data")), 2);
    CHECK_EQ(api_i64_at(a.json, "data.1.quota"), 30);
    CHECK_EQ(api_i64_at(a.json, "data.1.count"), 3);
    CHECK_EQ(api_i64_at(a.json, "data.1.token_used"), 11);
    CHECK_EQ(api_i64_at(a.json, "data.1.user_id"), 0);
    CHECK_STR(api_text_at(f, a.json, "data.1.username"), "");
    a = api_get(f, FIXTURE_ADMIN,
                "/api/data/?start_timestamp=1699990000&end_timestamp=1700000000&username=adam");
    CHECK_EQ(json_count(api_at(a.json, "data")), 1);
    a = api_get(
        f, FIXTURE_ANN,
        "/api/data/self?start_timestamp=1699990000&end_timestamp=1700000000&default_time=hour");
    CHECK_EQ(json_count(api_at(a.json, "data")), 2);
    CHECK_STR(api_text_at(f, a.json, "data.0.username"), "ann");
    a = api_get(f, FIXTURE_ANN, "/api/data/self?start_timestamp=1&end_timestamp=1700000000");
    CHECK(!api_succeeded(&a));
    a = api_get(f, FIXTURE_ANN,
                "/api/data/self?start_timestamp=-9223372036854775807&end_timestamp=1");
    CHECK(!api_succeeded(&a));
    api_fixture_close(f);
}

static struct api_answer bill(struct api_fixture *f, const char *path)
{
    return api_fixture_call(f, &(struct api_ask){.path = path,
                                                 .authorization = "Bearer sk-" KEY,
                                                 .origin = "https://x.example"});
}

static double number_at(const struct json *v, const char *path)
{
    double value = -1;

    (void)!json_f64(api_at(v, path), &value);
    return value;
}

TEST(billing_tools_read_the_balance_of_a_key)
{
    static const char *const paths[] = {"/v1/dashboard/billing/subscription",
                                        "/dashboard/billing/subscription"};
    struct api_fixture *f = with_logs();

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct api_answer a = bill(f, paths[i]);

        CHECK_EQ(a.status, 200);
        CHECK_STR(api_text_at(f, a.json, "object"), "billing_subscription");
        CHECK(json_bool_or(api_at(a.json, "has_payment_method"), false));
        CHECK(number_at(a.json, "hard_limit_usd") == 4.0);
        CHECK(number_at(a.json, "soft_limit_usd") == 4.0);
        CHECK(number_at(a.json, "system_hard_limit_usd") == 4.0);
        CHECK_EQ(api_i64_at(a.json, "access_until"), 0);
        CHECK_STR(api_header(&a, STR("Access-Control-Allow-Origin")), "*");
    }
    struct api_answer a =
        bill(f, "/v1/dashboard/billing/usage?start_date=2026-01-01&end_date=2026-02-01");
    CHECK_STR(api_text_at(f, a.json, "object"), "list");
    CHECK(number_at(a.json, "total_usage") == 100.0); /* cents */
    api_fixture_sql(f, "UPDATE tokens SET unlimited_quota = true WHERE id = 7");
    a = bill(f, "/v1/dashboard/billing/subscription");
    CHECK(number_at(a.json, "hard_limit_usd") == 100000000.0);
    /* Figures that only another program can have stored are told, too. */
    api_fixture_sql(
        f, "UPDATE tokens SET unlimited_quota = false, remain_quota = 9000000000000000000, "
           "used_quota = 9000000000000000000 WHERE id = 7");
    a = bill(f, "/v1/dashboard/billing/usage");
    CHECK(number_at(a.json, "total_usage") == 1.8e15);
    a = bill(f, "/v1/dashboard/billing/subscription");
    CHECK(number_at(a.json, "hard_limit_usd") == 3.6e13);
    api_fixture_close(f);
}

TEST(billing_refuses_keys_in_the_shape_of_openai)
{
    static const struct {
        const char *sql;
        int status;
        const char *text;
    } rows[] = {
        {"UPDATE tokens SET status = 4", 401, "TokenStatusExhausted[sk-abc***TUV]"},
        {"UPDATE tokens SET status = 3", 401, "已过期"},
        {"UPDATE tokens SET status = 2", 401, "状态不可用"},
        {"UPDATE tokens SET status = 1, expired_time = 1699999999", 401, "已过期"},
        {"UPDATE tokens SET status = 1, expired_time = -1, remain_quota = 0", 401, "额度已用尽"},
        {"UPDATE tokens SET status = 1, remain_quota = 5", 200, "list"},
        {"UPDATE users SET status = 2 WHERE id = 3", 403, "封禁"},
        {"UPDATE users SET deleted_at = '2026-01-01' WHERE id = 3", 401, "无效"},
    };
    struct api_fixture *f = with_logs();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        api_fixture_sql(f, rows[i].sql);
        struct api_answer a = bill(f, "/v1/dashboard/billing/usage");

        if (a.status != rows[i].status || !str_has(a.body, str_from(rows[i].text)))
            fail_msg("%s: %d %.*s", rows[i].sql, a.status, STR_ARG(a.body));
        CHECK(!str_has(a.body, STR(KEY)));
        if (rows[i].status != 200) {
            CHECK_STR(api_text_at(f, a.json, "error.type"), "new_api_error");
            CHECK(str_has(api_text_at(f, a.json, "error.message"), STR("(request id: ")));
        }
    }
    CHECK_EQ(api_fixture_call(f, &(struct api_ask){.path = "/dashboard/billing/usage"}).status,
             401);
    CHECK_EQ(api_fixture_call(f, &(struct api_ask){.path = "/dashboard/billing/usage",
                                                   .authorization = "sk-nothing"})
                 .status,
             401);
    api_fixture_close(f);
}

TEST_MAIN(the_administrators_list_names_channels_and_tells_everything,
          filters_hold_together_and_nonsense_is_no_filter,
          own_logs_are_ones_own_and_tell_nothing_of_the_operator,
          search_finds_by_type_and_for_administrators_by_content, statistics_sum_what_was_used,
          whoever_has_a_key_sees_its_rows_from_any_origin,
          deleting_old_rows_needs_a_time_and_counts,
          the_dashboard_sums_hours_for_administrators_and_shows_users_their_own,
          billing_tools_read_the_balance_of_a_key, billing_refuses_keys_in_the_shape_of_openai)

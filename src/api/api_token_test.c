/* API tokens: their owner's, and nobody else's. */
#include "api/api_fixture.h"

#include "base/test.h"

static void add(struct api_fixture *f, const char *body)
{
    struct api_answer a = api_as(f, FIXTURE_ANN, "POST", "/api/token/", body);

    CHECK(api_succeeded(&a));
    CHECK(!api_at(a.json, "data")); /* the key is not in the reply: clients list again */
}

TEST(a_new_token_has_a_key_of_48_characters_and_the_documented_fields)
{
    struct api_fixture *f = api_fixture_open();

    add(f, "{\"name\":\"site\",\"remain_quota\":500000,\"unlimited_quota\":false,"
           "\"model_limits_enabled\":true,\"model_limits\":\"gpt-4o,gpt-4\",\"allow_ips\":"
           "\"1.2.3.4\\n::1\",\"group\":\"vip\",\"expired_time\":0,\"status\":2,\"user_id\":1}");
    struct api_answer a = api_as(f, FIXTURE_ANN, NULL, "/api/token/?p=0&size=10", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data")), 1);
    const struct json *t = api_at(a.json, "data.0");
    CHECK_EQ(api_text_at(f, t, "key").n, 48);
    CHECK_EQ(api_i64_at(t, "user_id"), FIXTURE_ANN);
    CHECK_EQ(api_i64_at(t, "status"), 1);
    CHECK_EQ(api_i64_at(t, "expired_time"), -1);
    CHECK_EQ(api_i64_at(t, "remain_quota"), 500000);
    CHECK_EQ(api_i64_at(t, "created_time"), FIXTURE_NOW_S);
    CHECK_EQ(api_i64_at(t, "accessed_time"), FIXTURE_NOW_S);
    CHECK_EQ(api_i64_at(t, "used_quota"), 0);
    CHECK_STR(api_text_at(f, t, "name"), "site");
    CHECK_STR(api_text_at(f, t, "model_limits"), "gpt-4o,gpt-4");
    CHECK_STR(api_text_at(f, t, "allow_ips"), "1.2.3.4\n::1");
    CHECK_STR(api_text_at(f, t, "group"), "vip");
    CHECK(json_bool_or(api_at(t, "model_limits_enabled"), false));
    CHECK(!json_bool_or(api_at(t, "unlimited_quota"), true));
    CHECK(json_is(api_at(t, "DeletedAt"), JSON_NULL));
    add(f, "{}");
    a = api_as(f, FIXTURE_ANN, NULL, "/api/token/", NULL);
    CHECK(json_is(api_at(a.json, "data.0.allow_ips"), JSON_NULL));
    api_fixture_close(f);
}

TEST(lists_are_arrays_with_pages_from_zero)
{
    struct api_fixture *f = api_fixture_open();

    for (int i = 0; i < 12; i++)
        add(f, arena_fmt(&f->arena, "{\"name\":\"t%d\"}", i).p);
    struct api_answer a = api_as(f, FIXTURE_ANN, NULL, "/api/token/", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data")), 10);
    CHECK_STR(api_text_at(f, a.json, "data.0.name"), "t11");
    a = api_as(f, FIXTURE_ANN, NULL, "/api/token/?p=1&size=10", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data")), 2);
    a = api_as(f, FIXTURE_ANN, NULL, "/api/token/?p=-1&size=NaN", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data")), 10);
    a = api_as(f, FIXTURE_ANN, NULL, "/api/token/?p=9&size=5", NULL);
    CHECK(json_is(api_at(a.json, "data"), JSON_ARRAY));
    CHECK_EQ(json_count(api_at(a.json, "data")), 0);
    a = api_as(f, FIXTURE_ANN, NULL, "/api/token/?p=9223372036854775807&size=100", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data")), 0);
    a = api_as(f, FIXTURE_ANN, NULL, "/api/token/search?keyword=t1", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data")), 3);
    struct api_answer all = api_as(f, FIXTURE_ANN, NULL, "/api/token/", NULL);
    struct str key = api_text_at(f, all.json, "data.3.key");
    a = api_as(f, FIXTURE_ANN, NULL,
               arena_fmt(&f->arena, "/api/token/search?keyword=&token=sk-%.*s", STR_ARG(key)).p,
               NULL);
    /* A key that begins or ends with s or k is trimmed there, too: a part of it is still found. */
    CHECK_EQ(json_count(api_at(a.json, "data")), 1);
    api_fixture_close(f);
}

TEST(a_token_of_somebody_else_does_not_exist)
{
    struct api_fixture *f = api_fixture_open();

    api_fixture_sql(f, "INSERT INTO tokens (id, user_id, \"key\", status, name, expired_time) "
                       "VALUES (50, 2, 'adamskey', 1, 'adams', -1)");
    struct api_answer a = api_as(f, FIXTURE_ANN, NULL, "/api/token/50", NULL);
    CHECK_STR(api_text_at(f, a.json, "message"), "record not found");
    a = api_as(f, FIXTURE_ANN, "PUT", "/api/token/", "{\"id\":50,\"name\":\"mine\"}");
    CHECK(!api_succeeded(&a));
    a = api_as(f, FIXTURE_ANN, "PUT", "/api/token/?status_only=true", "{\"id\":50,\"status\":2}");
    CHECK(!api_succeeded(&a));
    a = api_as(f, FIXTURE_ANN, "DELETE", "/api/token/50", NULL);
    CHECK(!api_succeeded(&a));
    a = api_as(f, FIXTURE_ANN, NULL, "/api/token/search?keyword=adams", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data")), 0);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM tokens WHERE name = 'adams' AND "
                                    "status = 1 AND deleted_at IS NULL"),
             1);
    a = api_as(f, FIXTURE_ANN, NULL, "/api/token/abc", NULL);
    CHECK(!api_succeeded(&a));
    api_fixture_close(f);
}

TEST(an_update_overwrites_everything_but_the_status)
{
    struct api_fixture *f = api_fixture_open();

    add(f, "{\"name\":\"site\",\"remain_quota\":100,\"group\":\"vip\",\"allow_ips\":\"1.2.3.4\"}");
    struct balance *balance = balance_open_token(f->balances, 1, 100, false);
    struct api_answer a =
        api_as(f, FIXTURE_ANN, "PUT", "/api/token/",
               "{\"id\":1,\"name\":\"new\",\"remain_quota\":250,\"expired_time\":-1,\"status\":2}");
    CHECK(api_succeeded(&a));
    CHECK_STR(api_text_at(f, a.json, "data.name"), "new");
    CHECK_EQ(api_i64_at(a.json, "data.remain_quota"), 250);
    CHECK_EQ(api_i64_at(a.json, "data.status"), 1);
    CHECK_STR(api_text_at(f, a.json, "data.group"), "");
    CHECK(json_is(api_at(a.json, "data.allow_ips"), JSON_NULL));
    CHECK_EQ(balance_available(balance), 250);
    balance_put(balance);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT remain_quota FROM tokens WHERE id = 1 AND name = 'new' "
                                    "AND \"group\" = '' AND status = 1"),
             250);
    a = api_as(f, FIXTURE_ANN, "PUT", "/api/token/?status_only=true",
               "{\"id\":1,\"status\":2,\"name\":\"x\"}");
    CHECK(api_succeeded(&a));
    CHECK_EQ(api_i64_at(a.json, "data.status"), 2);
    CHECK_STR(api_text_at(f, a.json, "data.name"), "new");
    api_fixture_close(f);
}

TEST(a_token_that_ran_out_is_not_simply_switched_on)
{
    struct api_fixture *f = api_fixture_open();

    add(f, "{\"name\":\"site\",\"remain_quota\":0}");
    api_fixture_sql(f, "UPDATE tokens SET status = 4 WHERE id = 1");
    struct api_answer a =
        api_as(f, FIXTURE_ANN, "PUT", "/api/token/?status_only=1", "{\"id\":1,\"status\":1}");
    CHECK(!api_succeeded(&a));
    api_fixture_sql(f, "UPDATE tokens SET remain_quota = 5 WHERE id = 1");
    a = api_as(f, FIXTURE_ANN, "PUT", "/api/token/?status_only=1", "{\"id\":1,\"status\":1}");
    CHECK(api_succeeded(&a));
    api_fixture_sql(f, "UPDATE tokens SET status = 3, expired_time = 1699999999 WHERE id = 1");
    a = api_as(f, FIXTURE_ANN, "PUT", "/api/token/?status_only=1", "{\"id\":1,\"status\":1}");
    CHECK(!api_succeeded(&a));
    api_fixture_sql(f, "UPDATE tokens SET expired_time = -1 WHERE id = 1");
    a = api_as(f, FIXTURE_ANN, "PUT", "/api/token/?status_only=1", "{\"id\":1,\"status\":1}");
    CHECK(api_succeeded(&a));
    a = api_as(f, FIXTURE_ANN, "PUT", "/api/token/?status_only=1", "{\"id\":1,\"status\":9}");
    CHECK(!api_succeeded(&a));
    api_fixture_close(f);
}

TEST(bad_fields_are_refused)
{
    static const char *const bad[] = {
        "{\"name\":\"a name that has more than thirty bytes\"}",
        "{\"name\":5}",
        "{\"remain_quota\":\"5\"}",
        "{\"remain_quota\":1.5}",
        "{\"remain_quota\":9223372036854775807}",
        "{\"unlimited_quota\":1}",
        "{\"expired_time\":\"never\"}",
        "{\"model_limits\":[\"gpt-4\"]}",
        "{\"group\":\"gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg\"}",
        "[]",
    };
    struct api_fixture *f = api_fixture_open();

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct api_answer a = api_as(f, FIXTURE_ANN, "POST", "/api/token/", bad[i]);

        if (api_succeeded(&a) || a.status != 200)
            fail_msg("%s was taken", bad[i]);
    }
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM tokens"), 0);
    api_fixture_close(f);
}

TEST(a_change_of_a_token_or_of_its_owner_makes_the_relays_credential_stale)
{
    static const struct {
        int64_t actor;
        const char *method, *path, *body;
    } changes[] = {
        {FIXTURE_ANN, "PUT", "/api/token/",
         "{\"id\":1,\"name\":\"b\",\"unlimited_quota\":true,"
         "\"expired_time\":-1}"},
        {FIXTURE_ANN, "PUT", "/api/token/?status_only=1", "{\"id\":1,\"status\":2}"},
        {FIXTURE_ANN, "PUT", "/api/user/self", "{\"display_name\":\"b\"}"},
        {FIXTURE_ANN, "PUT", "/api/user/setting",
         "{\"notify_type\":\"email\",\"quota_warning_threshold\":5}"},
        {FIXTURE_ADMIN, "PUT", "/api/user/", "{\"id\":3,\"username\":\"ann\",\"group\":\"vip\"}"},
        {FIXTURE_ADMIN, "POST", "/api/user/manage", "{\"id\":3,\"action\":\"disable\"}"},
        {FIXTURE_ADMIN, "POST", "/api/user/manage", "{\"id\":3,\"action\":\"enable\"}"},
        {FIXTURE_ANN, "DELETE", "/api/token/1", NULL},
    };
    struct api_fixture *f = api_fixture_open();

    add(f, "{\"name\":\"site\",\"unlimited_quota\":true}");
    struct api_answer a = api_as(f, FIXTURE_ANN, NULL, "/api/token/1", NULL);
    const char *key = str_dup(&f->arena, api_text_at(f, a.json, "data.key")).p;
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct credential *c = api_fixture_credential(f, key);

        CHECK(!c->stale);
        a = api_fixture_call(f, &(struct api_ask){.method = changes[i].method,
                                                  .path = changes[i].path,
                                                  .user_id = changes[i].actor,
                                                  .body = changes[i].body});
        if (!api_succeeded(&a) || !c->stale)
            fail_msg("%s %s left it fresh: %.*s", changes[i].method, changes[i].path,
                     STR_ARG(a.body));
        credential_put(c);
    }
    const struct api_ask usage = {.path = "/v1/dashboard/billing/usage",
                                  .authorization = arena_fmt(&f->arena, "Bearer sk-%s", key).p};
    CHECK_EQ(api_fixture_call(f, &usage).status, 401);
    a = api_as(f, FIXTURE_ANN, "DELETE", "/api/token/1", NULL);
    CHECK(!api_succeeded(&a));
    api_fixture_close(f);
}

TEST(a_deleted_owner_makes_the_relays_credential_stale)
{
    struct api_fixture *f = api_fixture_open();

    add(f, "{\"name\":\"site\",\"unlimited_quota\":true}");
    struct api_answer a = api_as(f, FIXTURE_ANN, NULL, "/api/token/1", NULL);
    const char *key = str_dup(&f->arena, api_text_at(f, a.json, "data.key")).p;
    struct credential *c = api_fixture_credential(f, key);
    a = api_fixture_call(
        f, &(struct api_ask){.method = "DELETE", .path = "/api/user/3", .user_id = FIXTURE_ROOT});
    CHECK(api_succeeded(&a));
    CHECK(c->stale);
    credential_put(c);
    api_fixture_close(f);
}

TEST_MAIN(a_new_token_has_a_key_of_48_characters_and_the_documented_fields,
          lists_are_arrays_with_pages_from_zero, a_token_of_somebody_else_does_not_exist,
          an_update_overwrites_everything_but_the_status,
          a_token_that_ran_out_is_not_simply_switched_on, bad_fields_are_refused,
          a_change_of_a_token_or_of_its_owner_makes_the_relays_credential_stale,
          a_deleted_owner_makes_the_relays_credential_stale)

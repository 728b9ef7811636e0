#include "model/settings.h"

#include "base/test.h"
#include "model/responses_policy.h"
#include "model/settings_table.h"
#include "model/snapshot.h"

static const struct settings *read_one(struct arena *a, struct settings *s, const char *key,
                                       const char *value)
{
    const struct option_row row = {str_from(key), str_from(value)};

    settings_read(a, &row, key ? 1 : 0, s);
    return s;
}

TEST(defaults_fill_every_member)
{
    struct arena a;
    struct settings s;

    arena_init(&a, 0);
    read_one(&a, &s, NULL, NULL);
    CHECK(s.password_login && s.log_consume && !s.automatic_disable && s.data_export);
    CHECK_EQ(s.pre_consumed_quota, 500);
    CHECK(s.quota_per_unit > 499999.9 && s.quota_per_unit < 500000.1);
    CHECK_STR(s.system_name, "Your API");
    CHECK_STR(s.server_address, "http://localhost:3000");
    CHECK_STR(settings_text(&s, STR("ServerAddress")), "");
    CHECK_EQ(s.disable_keyword_count, 7);
    CHECK_STR(s.disable_keywords[0], "your credit balance is too low");
    CHECK_EQ(s.rate_limit_success_count, 1000);
    CHECK(settings_text(&s, STR("NoSuchKey")).p == NULL);
    arena_fini(&a);
}

TEST(every_default_passes_its_own_check_and_every_key_stands_once)
{
    struct arena a;
    struct settings s;
    struct err err = {.msg = ""};

    arena_init(&a, 0);
    read_one(&a, &s, NULL, NULL);
    CHECK_EQ(s.all_count, settings_row_count);
    for (size_t i = 0; i < s.all_count; i++) {
        if (settings_validate(&a, s.all[i].key, s.all[i].value, &err) != ERR_OK)
            fail_msg("%.*s: %s", STR_ARG(s.all[i].key), err.msg);
        CHECK(i == 0 || str_cmp(s.all[i - 1].key, s.all[i].key) < 0);
    }
    arena_fini(&a);
}

TEST(stored_rows_lie_over_the_defaults_and_unknown_ones_are_kept)
{
    const struct option_row rows[] = {{STR("RetryTimes"), STR("3")},
                                      {STR("LogConsumeEnabled"), STR("yes")},
                                      {STR("SensitiveWords"), STR(" One \n\ntwo")},
                                      {STR("Zebra"), STR("kept")}};
    struct arena a;
    struct settings s;

    arena_init(&a, 0);
    settings_read(&a, rows, ARRAY_LEN(rows), &s);
    CHECK_EQ(s.retry_times, 3);
    CHECK(!s.log_consume); /* anything but "true" is off */
    CHECK_EQ(s.sensitive_word_count, 2);
    CHECK_STR(s.sensitive_words[0], "one");
    CHECK_STR(settings_text(&s, STR("Zebra")), "kept");
    CHECK_EQ(s.all_count, settings_row_count + 1);
    CHECK_EQ(settings_i64(&s, STR("RetryTimes")), 3);
    CHECK(settings_bool(&s, STR("CheckSensitiveEnabled")));
    arena_fini(&a);
}

TEST(a_stored_value_that_cannot_be_read_keeps_the_default)
{
    struct arena a;
    struct settings s;

    arena_init(&a, 0);
    CHECK_EQ(read_one(&a, &s, "PreConsumedQuota", "many")->pre_consumed_quota, 500);
    CHECK(read_one(&a, &s, "QuotaPerUnit", "0")->quota_per_unit > 1);
    CHECK(settings_group_exists(read_one(&a, &s, "GroupRatio", "{\"vip\":"), STR("default")));
    CHECK(settings_group_exists(read_one(&a, &s, "GroupRatio", "{\"a\":-1}"), STR("default")));
    CHECK_STR(settings_text(&s, STR("GroupRatio")), "{\"default\":1,\"vip\":1,\"svip\":1}");
    arena_fini(&a);
}

/* Pages parse what they are told of these: it must be JSON, whatever another program stored. */
TEST(a_stored_price_table_is_told_only_when_it_is_an_object)
{
    static const char *const tables[] = {"ModelRatio", "ModelPrice", "CompletionRatio",
                                         "CacheRatio"};
    static const char *const broken[] = {"{\"a\":", "null", "[1]", ""};
    struct arena a;
    struct settings s;

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        struct str key = str_from(tables[i]);

        for (size_t k = 0; k < ARRAY_LEN(broken); k++) {
            read_one(&a, &s, tables[i], broken[k]);
            CHECK(str_eq(settings_text(&s, key), catalog_default_json(key)));
        }
        /* One bad number does not cost the others. */
        read_one(&a, &s, tables[i], "{\"a\":-1,\"b\":2}");
        CHECK_STR(settings_text(&s, key), "{\"a\":-1,\"b\":2}");
    }
    arena_fini(&a);
}

static void refuses(struct arena *a, const char *key, const char *value, const char *message)
{
    struct err err = {.msg = ""};

    CHECK_EQ(settings_validate(a, str_from(key), str_from(value), &err), ERR_BAD_REQUEST);
    if (!strstr(err.msg, message))
        fail_msg("%s=%s: %s", key, value, err.msg);
}

TEST(validation_names_the_key_and_what_is_allowed)
{
    struct arena a;
    struct settings s;

    arena_init(&a, 0);
    read_one(&a, &s, NULL, NULL);
    refuses(&a, "RetryTimes", "x", "RetryTimes must be a whole number from 0 to 100");
    refuses(&a, "RetryTimes", "-1", "RetryTimes");
    refuses(&a, "QuotaPerUnit", "0", "QuotaPerUnit must be a number from 1");
    refuses(&a, "LogConsumeEnabled", "1", "LogConsumeEnabled must be true or false");
    refuses(&a, "GroupRatio", "{\"vip\":-0.5}", "group ratio must be not less than 0: vip");
    refuses(&a, "GroupRatio", "{", "GroupRatio must be a JSON object: ");
    refuses(&a, "GroupRatio", "[]", "GroupRatio must be a JSON object");
    refuses(&a, "ModelRatio", "{\"m\":\"1\"}", "ModelRatio: the value of \"m\"");
    refuses(&a, "ModelPrice", "{\"m\":-1}", "ModelPrice: the value of \"m\"");
    refuses(&a, "GroupGroupRatio", "{\"a\":{\"b\":-1}}", "GroupGroupRatio");
    refuses(&a, "UserUsableGroups", "{\"a\":1}", "UserUsableGroups");
    refuses(&a, "ModelRequestRateLimitGroup", "{\"a\":[-1,1]}",
            "group a has negative rate limit values: [-1, 1]");
    refuses(&a, "ModelRequestRateLimitGroup", "{\"a\":[1]}", "ModelRequestRateLimitGroup");
    refuses(&a, "AutomaticRetryStatusCodes", "500-", "AutomaticRetryStatusCodes");
    refuses(&a, "AutomaticRetryStatusCodes", "599-500", "AutomaticRetryStatusCodes");
    refuses(&a, "global.chat_completions_to_responses_policy", "[]", "must be a JSON object");
    refuses(&a, "global.chat_completions_to_responses_policy", "{\"model_patterns\":[\"^(gpt\"]}",
            "model_patterns[0]");
    refuses(&a, "", "x", "key");
    arena_fini(&a);
}

TEST(a_policy_is_there_when_it_is_in_force)
{
    static const char key[] = "global.chat_completions_to_responses_policy";
    struct arena a;
    struct settings s;

    arena_init(&a, 0);
    read_one(&a, &s, NULL, NULL);
    CHECK(!s.chat_to_responses);
    read_one(&a, &s, key, "{\"enabled\":true,\"all_channels\":true,\"model_patterns\":[\"5$\"]}");
    CHECK(s.chat_to_responses && responses_policy_wants(s.chat_to_responses, 1, 1, STR("gpt-5")));
    CHECK(!responses_policy_wants(s.chat_to_responses, 1, 1, STR("gpt-5-mini")));
    read_one(&a, &s, key, "{\"enabled\":true,\"all_channels\":true,\"model_patterns\":[\"(\"]}");
    CHECK(!s.chat_to_responses);
    CHECK_STR(settings_text(&s, str_from(key)), "{\"enabled\":false,\"all_channels\":true}");
    arena_fini(&a);
}

TEST(a_switch_needs_what_it_switches_on)
{
    struct arena a;
    struct settings s;

    arena_init(&a, 0);
    read_one(&a, &s, NULL, NULL);
    CHECK_STR(settings_missing(&s, STR("GitHubOAuthEnabled"), STR("true")), "GitHubClientId");
    CHECK_STR(settings_missing(&s, STR("TelegramOAuthEnabled"), STR("true")), "TelegramBotToken");
    CHECK(!settings_missing(&s, STR("GitHubOAuthEnabled"), STR("false")).p);
    CHECK(!settings_missing(&s, STR("EmailDomainRestrictionEnabled"), STR("true")).p);
    CHECK(!settings_missing(&s, STR("RegisterEnabled"), STR("true")).p);
    read_one(&a, &s, "GitHubClientId", "id");
    CHECK(!settings_missing(&s, STR("GitHubOAuthEnabled"), STR("true")).p);
    arena_fini(&a);
}

TEST(secrets_are_hidden_by_their_name)
{
    CHECK(settings_hidden(STR("SMTPToken")) && settings_hidden(STR("oidc.client_secret")));
    CHECK(settings_hidden(STR("TurnstileSiteKey")) && settings_hidden(STR("GitHubClientSecret")));
    CHECK(settings_hidden(STR("deployment.api_key")) && settings_hidden(STR("x.API_KEY")));
    CHECK(!settings_hidden(STR("SystemName")) && !settings_hidden(STR("key")));
}

TEST(group_ratios_come_from_the_pair_then_the_group_then_one)
{
    const struct option_row rows[] = {{STR("GroupRatio"), STR("{\"default\":1,\"cheap\":0.5}")},
                                      {STR("GroupGroupRatio"), STR("{\"vip\":{\"cheap\":0.25}}")}};
    struct arena a;
    struct settings s;

    arena_init(&a, 0);
    settings_read(&a, rows, ARRAY_LEN(rows), &s);
    CHECK(settings_group_ratio(&s, STR("vip"), STR("cheap")) < 0.3);
    CHECK(settings_group_ratio(&s, STR("default"), STR("cheap")) > 0.4);
    CHECK(settings_group_ratio(&s, STR("default"), STR("cheap")) < 0.6);
    CHECK(settings_group_ratio(&s, STR("default"), STR("unknown")) > 0.9);
    arena_fini(&a);
}

TEST(usable_groups_are_the_listed_ones_and_the_own_one)
{
    const struct option_row rows[] = {
        {STR("UserUsableGroups"), STR("{\"default\":\"d\",\"vip\":\"v\"}")},
        {STR("group_ratio_setting.group_special_usable_group"),
         STR("{\"guest\":{\"-:vip\":\"\",\"+:lab\":\"Lab\",\"two\":\"2\"}}")}};
    struct arena a;
    struct settings s;

    arena_init(&a, 0);
    settings_read(&a, rows, ARRAY_LEN(rows), &s);
    CHECK(settings_group_usable(&s, STR("x"), STR("vip")));
    CHECK(settings_group_usable(&s, STR("x"), STR("x")));
    CHECK(!settings_group_usable(&s, STR("x"), STR("lab")));
    CHECK(!settings_group_usable(&s, STR("x"), STR("")));
    CHECK(!settings_group_usable(&s, STR("guest"), STR("vip")));
    CHECK(settings_group_usable(&s, STR("guest"), STR("lab")));
    CHECK(settings_group_usable(&s, STR("guest"), STR("two")));
    arena_fini(&a);
}

TEST_MAIN(defaults_fill_every_member, a_policy_is_there_when_it_is_in_force,
          every_default_passes_its_own_check_and_every_key_stands_once,
          stored_rows_lie_over_the_defaults_and_unknown_ones_are_kept,
          a_stored_value_that_cannot_be_read_keeps_the_default,
          validation_names_the_key_and_what_is_allowed, a_switch_needs_what_it_switches_on,
          a_stored_price_table_is_told_only_when_it_is_an_object, secrets_are_hidden_by_their_name,
          group_ratios_come_from_the_pair_then_the_group_then_one,
          usable_groups_are_the_listed_ones_and_the_own_one)

/* Options, status, texts, groups, prices and lists of models. */
#include "api/api_fixture.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/test.h"

static struct api_answer put(struct api_fixture *f, const char *body)
{
    return api_as(f, FIXTURE_ROOT, "PUT", "/api/option/", body);
}

/* The listed value of an option; STR_NULL when it is not listed. */
static struct str listed(struct api_fixture *f, const char *key)
{
    struct api_answer a = api_get(f, FIXTURE_ROOT, "/api/option/");

    JSON_EACH (row, api_at(a.json, "data")) {
        CHECK(json_is(json_get(row, STR("value")), JSON_STRING));
        if (json_str_eq(json_get(row, STR("key")), str_from(key)))
            return json_str_or_null(&f->arena, json_get(row, STR("value")));
    }
    return STR_NULL;
}

TEST(options_are_listed_as_texts_without_secrets)
{
    static const char *const tables[] = {"ModelRatio",      "GroupRatio", "UserUsableGroups",
                                         "CompletionRatio", "ModelPrice", "CacheRatio",
                                         "TopupGroupRatio"};
    static const char *const hidden[] = {"SMTPToken", "GitHubClientSecret", "EpayKey",
                                         "oidc.client_secret", "TurnstileSecretKey"};
    struct api_fixture *f = api_fixture_open();
    struct api_answer a;

    for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
        a = put(f, arena_fmt(&f->arena, "{\"key\":\"%s\",\"value\":\"topsecret\"}", hidden[i]).p);
        CHECK(api_succeeded(&a));
        CHECK(!listed(f, hidden[i]).p);
    }
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        const struct json *root;

        CHECK_EQ(json_read(&f->arena, listed(f, tables[i]), 10, &root, NULL), ERR_OK);
        CHECK(json_is(root, JSON_OBJECT));
    }
    a = api_get(f, FIXTURE_ROOT, "/api/option/");
    CHECK(!str_has(a.body, STR("topsecret")));
    api_fixture_close(f);
}

TEST(a_changed_option_is_stored_and_in_force_at_once)
{
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = put(f, "{\"key\":\"SystemName\",\"value\":\"My gate\"}");

    CHECK(api_succeeded(&a));
    CHECK_EQ(f->reloads, 1);
    a = api_get(f, 0, "/api/status");
    CHECK_STR(api_text_at(f, a.json, "data.system_name"), "My gate");
    CHECK_STR(listed(f, "SystemName"), "My gate");
    a = put(f,
            "{\"key\":\"RetryTimes\",\"value\":3}"); /* later versions send numbers as they are */
    CHECK(api_succeeded(&a));
    CHECK_STR(listed(f, "RetryTimes"), "3");
    a = put(f, "{\"key\":\"DemoSiteEnabled\",\"value\":true}");
    CHECK(api_succeeded(&a));
    CHECK_STR(listed(f, "DemoSiteEnabled"), "true");
    a = put(f, "{\"key\":\"Something.unknown\",\"value\":\"kept\"}");
    CHECK(api_succeeded(&a));
    CHECK_STR(listed(f, "Something.unknown"), "kept");
    a = put(f, "{\"key\":\"ModelRatio\",\"value\":\"{\\\"only\\\":2}\"}");
    CHECK(api_succeeded(&a));
    CHECK_STR(listed(f, "ModelRatio"), "{\"only\":2}");
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/option/rest_model_ratio",
                                              .user_id = FIXTURE_ROOT,
                                              .body = "{}"});
    CHECK(api_succeeded(&a));
    CHECK(str_has(listed(f, "ModelRatio"), STR("\"gpt-4o\"")));
    api_fixture_close(f);
}

/* The console sends one call a changed key, all at once. */
TEST(options_that_are_put_at_the_same_time_are_all_in_force)
{
    enum { PUTS = FIXTURE_QUEUE };
    struct api_fixture *f = api_fixture_open();
    int fds[PUTS];
    char buffer[16];

    for (int i = 0; i < PUTS; i++)
        fds[i] = api_fixture_send(
            f, &(struct api_ask){
                   .method = "PUT",
                   .path = "/api/option/",
                   .user_id = FIXTURE_ROOT,
                   .body = arena_fmt(&f->arena, "{\"key\":\"own.key%d\",\"value\":\"v\"}", i).p});
    for (int i = 0; i < PUTS; i++) {
        CHECK_EQ(recv(fds[i], buffer, 12, MSG_WAITALL), 12);
        CHECK_STR(str_make(buffer, 12), "HTTP/1.1 200");
        close(fds[i]);
    }
    for (int i = 0; i < PUTS; i++)
        CHECK_STR(listed(f, arena_fmt(&f->arena, "own.key%d", i).p), "v");
    api_fixture_close(f);
}

TEST(what_cannot_be_decoded_is_400_and_what_is_wrong_is_told_and_not_stored)
{
    static const char *const undecodable[] = {
        "",
        "{",
        "[]",
        "{\"key\":5,\"value\":\"x\"}",
        "{\"key\":\"Notice\",\"value\":{}}",
        "{\"key\":\"Notice\",\"value\":[1]}",
        "{\"value\":\"x\"}",
    };
    static const char *const wrong[] = {
        "{\"key\":\"GroupRatio\",\"value\":\"{broken\"}",
        "{\"key\":\"GroupRatio\",\"value\":\"{\\\"default\\\":-1}\"}",
        "{\"key\":\"ModelRatio\",\"value\":\"[]\"}",
        "{\"key\":\"Chats\",\"value\":\"nothing\"}",
        "{\"key\":\"GitHubOAuthEnabled\",\"value\":\"true\"}",
        "{\"key\":\"TurnstileCheckEnabled\",\"value\":\"true\"}",
        "{\"key\":\"WeChatAuthEnabled\",\"value\":\"true\"}",
    };
    struct api_fixture *f = api_fixture_open();

    for (size_t i = 0; i < ARRAY_LEN(undecodable); i++)
        CHECK_EQ(put(f, undecodable[i]).status, 400);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct api_answer a = put(f, wrong[i]);

        if (a.status != 200 || api_succeeded(&a) || api_text_at(f, a.json, "message").n == 0)
            fail_msg("%s: %.*s", wrong[i], STR_ARG(a.body));
    }
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM options"), 0);
    CHECK_EQ(f->reloads, 0);
    api_fixture_close(f);
}

TEST(a_switch_that_needs_another_option_says_so_in_both_languages)
{
    static const struct {
        const char *key, *chinese, *english;
    } rows[] = {
        {"GitHubOAuthEnabled",
         "无法启用 GitHub OAuth，请先填入 GitHub Client Id 以及 GitHub Client Secret！",
         "GitHub sign-in needs a client id and a client secret first."},
        {"oidc.enabled", "无法启用 OIDC 登录，请先填入 OIDC Client Id 以及 OIDC Client Secret！",
         "OIDC sign-in needs a client id and a client secret first."},
        {"LinuxDOOAuthEnabled",
         "无法启用 LinuxDO OAuth，请先填入 LinuxDO Client Id 以及 LinuxDO Client Secret！",
         "LinuxDO sign-in needs a client id and a client secret first."},
        {"EmailDomainRestrictionEnabled", "无法启用邮箱域名限制，请先填入限制的邮箱域名！",
         "The restriction of mail domains needs a list of domains first."},
        {"WeChatAuthEnabled", "无法启用微信登录，请先填入微信登录相关配置信息！",
         "WeChat sign-in needs the address of its server first."},
        {"TurnstileCheckEnabled", "无法启用 Turnstile 校验，请先填入 Turnstile 校验相关配置信息！",
         "The Turnstile check needs its site key first."},
        {"TelegramOAuthEnabled", "无法启用 Telegram OAuth，请先填入 Telegram Bot Token！",
         "Telegram sign-in needs the token of a bot first."},
    };
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = put(f, "{\"key\":\"EmailDomainWhitelist\",\"value\":\"\"}");

    CHECK(api_succeeded(&a));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *body =
            arena_fmt(&f->arena, "{\"key\":\"%s\",\"value\":\"true\"}", rows[i].key).p;

        a = put(f, body);
        CHECK_EQ(a.status, 200);
        CHECK_STR(api_text_at(f, a.json, "message"), rows[i].chinese);
        a = api_fixture_call(f, &(struct api_ask){.method = "PUT",
                                                  .path = "/api/option/",
                                                  .user_id = FIXTURE_ROOT,
                                                  .body = body,
                                                  .language = "en"});
        CHECK_STR(api_text_at(f, a.json, "message"), rows[i].english);
        CHECK(!api_succeeded(&a));
        CHECK_STR(listed(f, rows[i].key), "false");
    }
    api_fixture_close(f);
}

TEST(a_reload_that_fails_is_told)
{
    struct api_fixture *f = api_fixture_open();

    f->reload_fails = true;
    struct api_answer a = put(f, "{\"key\":\"Notice\",\"value\":\"x\"}");
    CHECK(!api_succeeded(&a));
    f->reload_fails = false;
    api_fixture_close(f);
}

TEST(status_has_every_field_of_the_documented_type)
{
    static const struct {
        const char *name;
        enum json_type type;
    } fields[] = {
        {"version", JSON_STRING},
        {"start_time", JSON_NUMBER},
        {"email_verification", JSON_BOOL},
        {"github_oauth", JSON_BOOL},
        {"github_client_id", JSON_STRING},
        {"linuxdo_oauth", JSON_BOOL},
        {"linuxdo_client_id", JSON_STRING},
        {"telegram_oauth", JSON_BOOL},
        {"telegram_bot_name", JSON_STRING},
        {"wechat_login", JSON_BOOL},
        {"wechat_qrcode", JSON_STRING},
        {"oidc_enabled", JSON_BOOL},
        {"oidc_client_id", JSON_STRING},
        {"oidc_authorization_endpoint", JSON_STRING},
        {"system_name", JSON_STRING},
        {"logo", JSON_STRING},
        {"footer_html", JSON_STRING},
        {"server_address", JSON_STRING},
        {"price", JSON_NUMBER},
        {"min_topup", JSON_NUMBER},
        {"turnstile_check", JSON_BOOL},
        {"turnstile_site_key", JSON_STRING},
        {"top_up_link", JSON_STRING},
        {"docs_link", JSON_STRING},
        {"quota_per_unit", JSON_NUMBER},
        {"display_in_currency", JSON_BOOL},
        {"enable_batch_update", JSON_BOOL},
        {"enable_drawing", JSON_BOOL},
        {"enable_task", JSON_BOOL},
        {"enable_data_export", JSON_BOOL},
        {"data_export_default_time", JSON_STRING},
        {"default_collapse_sidebar", JSON_BOOL},
        {"enable_online_topup", JSON_BOOL},
        {"mj_notify_enabled", JSON_BOOL},
        {"chats", JSON_ARRAY},
        {"demo_site_enabled", JSON_BOOL},
        {"self_use_mode_enabled", JSON_BOOL},
        {"setup", JSON_BOOL},
    };
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = api_get(f, 0, "/api/status");

    CHECK(api_succeeded(&a));
    CHECK_STR(api_text_at(f, a.json, "message"), "");
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const struct json *v = json_get(api_at(a.json, "data"), str_from(fields[i].name));

        if (!json_is(v, fields[i].type))
            fail_msg("%s is missing or of another type", fields[i].name);
    }
    CHECK_STR(api_text_at(f, a.json, "data.version"), "v1.2.3");
    CHECK_EQ(api_i64_at(a.json, "data.quota_per_unit"), 500000);
    CHECK(json_bool_or(api_at(a.json, "data.setup"), false));
    a = put(f, "{\"key\":\"Chats\",\"value\":\"[{\\\"A\\\":\\\"https://a/{key}\\\"}]\"}");
    CHECK(api_succeeded(&a));
    a = api_get(f, 0, "/api/status");
    CHECK_STR(api_text_at(f, a.json, "data.chats.0.A"), "https://a/{key}");
    a = api_get(f, FIXTURE_ADMIN, "/api/status/test");
    CHECK(api_succeeded(&a));
    CHECK_STR(api_text_at(f, a.json, "message"), "Server is running");
    api_fixture_close(f);
}

TEST(texts_are_the_options)
{
    static const struct {
        const char *path, *key;
    } rows[] = {{"/api/notice", "Notice"},
                {"/api/about", "About"},
                {"/api/home_page_content", "HomePageContent"}};
    struct api_fixture *f = api_fixture_open();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct api_answer a = api_get(f, 0, rows[i].path);

        CHECK_STR(api_text_at(f, a.json, "data"), "");
        CHECK(json_is(api_at(a.json, "data"), JSON_STRING));
        a = put(
            f, arena_fmt(&f->arena, "{\"key\":\"%s\",\"value\":\"# a \\\"b\\\"\"}", rows[i].key).p);
        CHECK(api_succeeded(&a));
        a = api_get(f, 0, rows[i].path);
        CHECK_STR(api_text_at(f, a.json, "data"), "# a \"b\"");
    }
    api_fixture_close(f);
}

static void add_channel(struct api_fixture *f, const char *models, const char *groups, int status)
{
    struct api_answer a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/channel/",
                             .user_id = FIXTURE_ADMIN,
                             .body = arena_fmt(&f->arena,
                                               "{\"type\":1,\"key\":\"k\",\"name\":\"x\","
                                               "\"models\":\"%s\",\"group\":\"%s\",\"status\":%d}",
                                               models, groups, status)
                                         .p});
    CHECK(api_succeeded(&a));
}

TEST(prices_are_listed_for_models_that_can_be_called)
{
    struct api_fixture *f = api_fixture_open();

    add_channel(f, "gpt-4o,dall-e-9,never-heard-of", "default,vip", 1);
    add_channel(f, "gpt-4o", "vip,svip", 1);
    add_channel(f, "gpt-4", "default", 2);
    struct api_answer a = put(f, "{\"key\":\"ModelPrice\",\"value\":\"{\\\"dall-e-9\\\":0.04}\"}");
    CHECK(api_succeeded(&a));
    a = api_get(f, 0, "/api/pricing");
    CHECK(api_succeeded(&a));
    CHECK(!api_at(a.json, "message"));
    CHECK_EQ(json_count(api_at(a.json, "data")), 3);
    CHECK_STR(api_text_at(f, a.json, "data.0.model_name"), "dall-e-9");
    CHECK_EQ(api_i64_at(a.json, "data.0.quota_type"), 1);
    CHECK_EQ(api_i64_at(a.json, "data.0.model_ratio"), 0);
    CHECK_EQ(api_i64_at(a.json, "data.0.completion_ratio"), 0);
    CHECK_STR(json_raw(api_at(a.json, "data.0.model_price")), "0.04");
    CHECK_STR(api_text_at(f, a.json, "data.1.model_name"), "gpt-4o");
    CHECK_STR(json_raw(api_at(a.json, "data.1.model_ratio")), "1.25");
    CHECK_EQ(api_i64_at(a.json, "data.1.completion_ratio"), 4);
    CHECK_STR(json_raw(api_at(a.json, "data.1.enable_groups")), "[\"default\",\"svip\",\"vip\"]");
    CHECK_STR(json_raw(api_at(a.json, "data.2.model_ratio")), "37.5");
    CHECK_EQ(api_i64_at(a.json, "group_ratio.default"), 1);
    CHECK(api_at(a.json, "usable_group.vip"));
    CHECK(!json_get(api_at(a.json, "group_ratio"), STR("svip")));
    api_fixture_sql(f, "UPDATE users SET \"group\" = 'svip' WHERE id = 3");
    a = api_get(f, FIXTURE_ANN, "/api/pricing");
    CHECK_EQ(api_i64_at(a.json, "group_ratio.svip"), 1);
    CHECK_STR(api_text_at(f, a.json, "usable_group.svip"), "用户分组");
    api_fixture_close(f);
}

TEST(groups_are_listed_by_who_asks)
{
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = api_get(f, FIXTURE_ADMIN, "/api/group/");

    CHECK_EQ(json_count(api_at(a.json, "data")), 3);
    a = api_get(f, FIXTURE_ANN, "/api/user/self/groups");
    CHECK_EQ(json_count(api_at(a.json, "data")), 2);
    CHECK_EQ(api_i64_at(a.json, "data.default.ratio"), 1);
    CHECK(api_text_at(f, a.json, "data.vip.desc").n > 0);
    api_fixture_sql(f, "UPDATE users SET \"group\" = 'svip' WHERE id = 3");
    a = api_get(f, FIXTURE_ANN, "/api/user/self/groups");
    CHECK_STR(api_text_at(f, a.json, "data.svip.desc"), "用户分组");
    a = api_get(f, 0, "/api/user/groups");
    CHECK_EQ(json_count(api_at(a.json, "data")), 2);
    api_fixture_close(f);
}

TEST(lists_of_models_have_their_documented_shapes)
{
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = api_get(f, FIXTURE_ANN, "/api/user/models");

    CHECK(json_is(api_at(a.json, "data"), JSON_NULL)); /* none: null, as the original has it */
    add_channel(f, "gpt-4o,gpt-4", "default", 1);
    add_channel(f, "o1", "svip", 1);
    a = api_get(f, FIXTURE_ANN, "/api/user/models");
    CHECK_EQ(json_count(api_at(a.json, "data")), 2);
    a = api_get(f, FIXTURE_ADMIN, "/api/channel/models_enabled");
    CHECK_EQ(json_count(api_at(a.json, "data")), 3);
    CHECK(!api_at(a.json, "message"));
    a = api_get(f, FIXTURE_ANN, "/api/models");
    CHECK(!api_at(a.json, "message"));
    CHECK_EQ(json_count(api_at(a.json, "data.1")), 64);
    CHECK_EQ(json_count(api_at(a.json, "data")), 27);
    CHECK(json_is(api_at(a.json, "data.37"), JSON_NULL));
    CHECK(json_is(api_at(a.json, "data.20"), JSON_ARRAY));
    CHECK(!json_get(api_at(a.json, "data"), STR("19")));
    a = api_get(f, FIXTURE_ADMIN, "/api/channel/models");
    CHECK_STR(api_text_at(f, a.json, "data.0.id"), "gpt-3.5-turbo");
    CHECK_STR(api_text_at(f, a.json, "data.0.object"), "model");
    CHECK_STR(api_text_at(f, a.json, "data.0.owned_by"), "openai");
    CHECK_STR(api_text_at(f, a.json, "data.0.permission.0.object"), "model_permission");
    CHECK(json_is(api_at(a.json, "data.0.parent"), JSON_NULL));
    CHECK(str_has(a.body, STR("mj_imagine")));
    CHECK(str_has(a.body, STR("abab6.5-chat")));
    api_fixture_close(f);
}

TEST_MAIN(options_are_listed_as_texts_without_secrets,
          a_changed_option_is_stored_and_in_force_at_once,
          options_that_are_put_at_the_same_time_are_all_in_force,
          what_cannot_be_decoded_is_400_and_what_is_wrong_is_told_and_not_stored,
          a_switch_that_needs_another_option_says_so_in_both_languages, a_reload_that_fails_is_told,
          status_has_every_field_of_the_documented_type, texts_are_the_options,
          prices_are_listed_for_models_that_can_be_called, groups_are_listed_by_who_asks,
          lists_of_models_have_their_documented_shapes)

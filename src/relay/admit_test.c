#include "base/test.h"
#include "relay/relay_fixture.h"

#define KEY "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "\r\n"

static const char chat[] = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";

static void answer(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200,
                       "{\"choices\":[{\"message\":{\"content\":\"hi\"},\"finish_reason\":"
                       "\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}");
}

static void fail_call(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 500, "{\"error\":{\"message\":\"broken\"}}");
}

static struct relay_fixture *start(void)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, answer, NULL);
    return f;
}

/* The reply must be an error object with this status and text, and nothing was charged. */
static void refused(struct relay_fixture *f, const char *headers, const char *body, int status,
                    const char *text)
{
    const char *reply = relay_fixture_request(f, "POST", "/v1/chat/completions", headers, body);

    if (relay_fixture_status(reply) != status || !strstr(reply, text))
        print_error("wanted %d %s, got %s\n", status, text, reply);
    CHECK_EQ(relay_fixture_status(reply), status);
    CHECK(strstr(reply, text) != NULL);
    CHECK(strstr(reply, "\"type\":\"new_api_error\"") != NULL);
    CHECK(strstr(reply, "(request id: ") != NULL);
}

static void served(struct relay_fixture *f, const char *headers)
{
    const char *reply = relay_fixture_request(f, "POST", "/v1/chat/completions", headers, chat);

    if (relay_fixture_status(reply) != 200)
        print_error("%s\n", reply);
    CHECK_EQ(relay_fixture_status(reply), 200);
}

TEST(without_a_known_key_nobody_is_let_in)
{
    struct relay_fixture *f = start();

    refused(f, "", chat, 401, "未提供令牌");
    for (int i = 0; i < 2; i++) /* the second time from memory */
        refused(f, "Authorization: Bearer sk-9999456789012345678901234567890123456789abcdefgh\r\n",
                chat, 401, "无效的令牌");
    refused(f, "Authorization: Bearer nonsense\r\n", "{broken", 401, "无效的令牌");
    served(f, KEY);
    CHECK_EQ(f->requests, 1);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(a_token_that_is_not_valid_is_refused_with_its_reason)
{
    struct relay_fixture *f = start();

    relay_fixture_sql(f, "UPDATE tokens SET status=4");
    refused(f, KEY, chat, 401, "TokenStatusExhausted[sk-012***fgh]");
    relay_fixture_sql(f, "UPDATE tokens SET status=3");
    refused(f, KEY, chat, 401, "该令牌已过期");
    relay_fixture_sql(f, "UPDATE tokens SET status=2");
    refused(f, KEY, chat, 401, "该令牌状态不可用");
    relay_fixture_sql(f, "UPDATE tokens SET status=1, expired_time=1700000000");
    refused(f, KEY, chat, 401, "该令牌已过期");
    while (relay_fixture_number(f, "SELECT status FROM tokens") != TOKEN_EXPIRED)
        ; /* marked by the pool */
    relay_fixture_sql(f, "UPDATE tokens SET status=1, expired_time=1700009999");
    served(f, KEY);
    CHECK(strstr(relay_fixture_post(f, "/v1/chat/completions", chat), RELAY_FIXTURE_KEY) == NULL);
    relay_fixture_free(f);
}

TEST(a_token_that_has_spent_all_is_refused_and_marked)
{
    struct relay_fixture *f = start();

    relay_fixture_sql(f, "UPDATE tokens SET remain_quota=0");
    refused(f, KEY, chat, 401, "该令牌额度已用尽");
    while (relay_fixture_number(f, "SELECT status FROM tokens") != TOKEN_EXHAUSTED)
        ; /* marked by the pool */
    relay_fixture_sql(f, "UPDATE tokens SET remain_quota=3, status=1");
    refused(f, KEY, chat, 403, "token quota is not enough, token remain quota: 3, need quota");
    relay_fixture_sql(f, "UPDATE users SET quota=2");
    refused(f, KEY, chat, 403, "user quota: 2, need quota");
    relay_fixture_sql(f, "UPDATE users SET quota=0");
    refused(f, KEY, chat, 403, "user quota is not enough");
    relay_fixture_sql(f, "UPDATE users SET quota=1000000");
    relay_fixture_sql(f, "UPDATE tokens SET unlimited_quota=1, remain_quota=0");
    served(f, KEY);
    relay_fixture_free(f);
}

TEST(a_banned_user_and_a_strange_address_are_refused)
{
    struct relay_fixture *f = start();

    relay_fixture_sql(f, "UPDATE users SET status=2");
    refused(f, KEY, chat, 403, "用户已被封禁");
    relay_fixture_sql(f, "UPDATE users SET status=1");
    relay_fixture_sql(f, "UPDATE tokens SET allow_ips='10.0.0.1' || char(10) || 'nonsense'");
    refused(f, KEY, chat, 403, "您的 IP 不在令牌允许访问的列表中");
    relay_fixture_sql(f, "UPDATE tokens SET allow_ips='127.0.0.0/8'");
    served(f, KEY);
    relay_fixture_free(f);
}

TEST(a_channel_may_be_named_by_administrators_only)
{
    struct relay_fixture *f = start();
    const char *first = "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "-1\r\n";

    refused(f, first, chat, 403, "普通用户不支持指定渠道");
    relay_fixture_sql(f, "UPDATE users SET role=10");
    refused(f, "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "-77\r\n", chat, 400, "无效的渠道");
    refused(f, "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "-x\r\n", chat, 400, "无效的渠道");
    served(f, first);
    relay_fixture_sql(f, "UPDATE channels SET status=2");
    relay_fixture_publish(f, NULL);
    refused(f, first, chat, 403, "该渠道已被禁用");
    relay_fixture_free(f);
}

TEST(groups_are_those_that_exist_and_may_be_used)
{
    struct relay_fixture *f = start();

    relay_fixture_publish(f, "GroupRatio", "{\"default\":1,\"vip\":2}", "UserUsableGroups",
                          "{\"default\":\"d\",\"vip\":\"v\",\"old\":\"o\"}", NULL);
    relay_fixture_sql(f, "UPDATE tokens SET \"group\"='secret'");
    refused(f, KEY, chat, 403, "令牌分组 secret 已被禁用");
    relay_fixture_sql(f, "UPDATE tokens SET \"group\"='old'");
    refused(f, KEY, chat, 403, "分组 old 已被弃用");
    relay_fixture_sql(f, "UPDATE tokens SET \"group\"='vip'");
    refused(f, KEY, chat, 503, "当前分组 vip 下对于模型 m 无可用渠道");
    relay_fixture_add_channel(f, &(struct channel){.group = STR("vip")});
    relay_fixture_publish(f, NULL);
    served(f, KEY);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT quota FROM logs"), (10 + 5 * 2) * 2);
    relay_fixture_free(f);
}

TEST(models_are_those_of_the_token_and_need_a_price_and_a_channel)
{
    struct relay_fixture *f = start();

    relay_fixture_sql(f, "UPDATE tokens SET model_limits_enabled=1, model_limits='m2,embed'");
    refused(f, KEY, chat, 403, "该令牌无权访问模型 m");
    relay_fixture_sql(f, "UPDATE tokens SET model_limits_enabled=0");
    refused(f, KEY, "{\"model\":\"unpriced\",\"messages\":[{}]}", 500, "unpriced");
    refused(f, KEY, "{\"model\":\"nobody\",\"messages\":[{}]}", 503, "无可用渠道");
    refused(f, KEY, "{\"messages\":[{}]}", 400, "model is required");
    refused(f, KEY, "{\"model\":\"m\"", 400, "JSON");
    refused(f, KEY, "{\"model\":\"m\"}", 400, "field messages is required");
    relay_fixture_sql(f, "UPDATE channels SET type=9999");
    relay_fixture_publish(f, NULL);
    refused(f, KEY, chat, 501, "渠道类型不支持该接口");
    CHECK_EQ(f->requests, 0);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(too_many_requests_are_refused)
{
    struct relay_fixture *f = start();

    relay_fixture_publish(f, "ModelRequestRateLimitEnabled", "true",
                          "ModelRequestRateLimitSuccessCount", "2", NULL);
    served(f, KEY);
    relay_fixture_script(f, fail_call, NULL);
    refused(f, KEY, "{\"model\":\"nobody\",\"messages\":[{}]}", 503, "无可用渠道");
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, "/v1/chat/completions", chat)), 500);
    relay_fixture_script(f, answer, NULL);
    served(f, KEY);
    refused(f, KEY, chat, 429, "您已达到请求数限制：1分钟内最多请求2次");
    relay_fixture_publish(f, "ModelRequestRateLimitEnabled", "true", "ModelRequestRateLimitGroup",
                          "{\"default\":[5,100]}", NULL);
    served(f, KEY);
    refused(f, KEY, chat, 429, "您已达到总请求数限制：1分钟内最多请求5次，包括失败次数");
    f->clock.us += 70 * (int64_t)1000000;
    served(f, KEY);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

/* ---- tools ---- */

/* A search costs 5000 points, the rest next to nothing. */
TEST(who_cannot_pay_a_search_gets_none)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_sql(f, "UPDATE users SET quota=4000");
    relay_fixture_publish(f, "tool_price_setting.prices", "{\"web_search_preview\":10}", NULL);
    relay_fixture_script(f, answer, NULL);
    served(f, KEY);
    refused(f, KEY,
            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
            "\"web_search_options\":{}}",
            403, "insufficient_user_quota");
    CHECK_EQ(f->requests, 1);
    relay_fixture_publish(f, "tool_price_setting.prices", "{\"web_search_preview\":1}", NULL);
    CHECK_EQ(relay_fixture_status(relay_fixture_post(
                 f, "/v1/chat/completions",
                 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
                 "\"web_search_options\":{}}")),
             200);
    relay_fixture_free(f);
}

TEST(who_has_nothing_may_use_what_is_free_if_the_operator_likes)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_sql(f, "UPDATE users SET quota=0");
    relay_fixture_publish(f, "GroupRatio", "{\"default\":0}", NULL);
    relay_fixture_script(f, answer, NULL);
    refused(f, KEY, chat, 403, "insufficient_user_quota");
    relay_fixture_publish(f, "GroupRatio", "{\"default\":0}",
                          "quota_setting.enable_free_model_pre_consume", "false", NULL);
    served(f, KEY);
    relay_fixture_publish(f, "quota_setting.enable_free_model_pre_consume", "false", NULL);
    refused(f, KEY, chat, 403, "insufficient_user_quota");
    CHECK_EQ(f->requests, 1);
    relay_fixture_free(f);
}

/* ---- images ---- */

static void count_flat(struct relay_conf *conf)
{
    conf->media_token = false;
}

static void count_small_without_stream(struct relay_conf *conf)
{
    conf->media_token_not_stream = false;
}

static void answer_without_usage(struct relay_fixture_call *c)
{
    if (!str_has(c->body, STR("\"stream\":true"))) {
        relay_fixture_json(c, 200,
                           "{\"choices\":[{\"message\":{\"content\":\"hi\"},"
                           "\"finish_reason\":\"stop\"}]}");
        return;
    }
    relay_fixture_stream(c);
    relay_fixture_text(c, "hi");
    relay_fixture_send(c,
                       "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]"
                       "}\n\ndata: [DONE]\n\n");
}

/* An image of 1300 x 900, six tiles. */
TEST(images_count_as_the_variables_want_it_where_no_usage_comes)
{
    static const struct {
        void (*change)(struct relay_conf *conf);
        int64_t streamed, whole;
    } rows[] = {{NULL, 85 + 6 * 170, 85 + 6 * 170},
                {count_flat, 255, 255},
                {count_small_without_stream, 85 + 6 * 170, 255}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct relay_fixture *f = relay_fixture_new(rows[i].change);

        relay_fixture_script(f, answer_without_usage, NULL);
        for (int whole = 0; whole < 2; whole++) {
            const char *reply = relay_fixture_post(
                f, "/v1/chat/completions",
                whole ? "{\"model\":\"m\",\"messages\":[{\"content\":[{\"image_url\":{\"url\":"
                        "\"data:image/gif;base64,R0lGODlhFAWEA/cA\"}}]}]}"
                      : "{\"model\":\"m\",\"messages\":[{\"content\":[{\"image_url\":{\"url\":"
                        "\"data:image/gif;base64,R0lGODlhFAWEA/cA\"}}]}],\"stream\":true}");

            CHECK_EQ(relay_fixture_status(reply), 200);
            relay_fixture_check_books(f);
            CHECK_EQ(
                relay_fixture_number(f, "SELECT prompt_tokens FROM logs ORDER BY id DESC LIMIT 1"),
                6 + (whole ? rows[i].whole : rows[i].streamed));
        }
        relay_fixture_free(f);
    }
}

static void count_nothing(struct relay_conf *conf)
{
    conf->count_token = false;
}

/* What a client asks to be counted is counted all the same. */
TEST(prompts_are_not_counted_where_the_variable_says_so)
{
    struct relay_fixture *f = relay_fixture_new(count_nothing);
    const char *reply;

    relay_fixture_script(f, answer_without_usage, NULL);
    reply = relay_fixture_post(f, "/v1/chat/completions", chat);
    CHECK_EQ(relay_fixture_status(reply), 200);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT prompt_tokens FROM logs WHERE type=2"), 0);
    CHECK(relay_fixture_number(f, "SELECT completion_tokens FROM logs WHERE type=2") > 0);
    reply = relay_fixture_post(f, "/v1beta/models/m:countTokens",
                               "{\"contents\":[{\"parts\":[{\"text\":\"hello\"}]}]}");
    check_has(reply, "{\"totalTokens\":");
    check_has_not(reply, "{\"totalTokens\":0}");
    relay_fixture_free(f);
}

TEST_MAIN(without_a_known_key_nobody_is_let_in,
          a_token_that_is_not_valid_is_refused_with_its_reason,
          a_token_that_has_spent_all_is_refused_and_marked,
          a_banned_user_and_a_strange_address_are_refused,
          a_channel_may_be_named_by_administrators_only,
          groups_are_those_that_exist_and_may_be_used,
          models_are_those_of_the_token_and_need_a_price_and_a_channel,
          too_many_requests_are_refused, who_cannot_pay_a_search_gets_none,
          who_has_nothing_may_use_what_is_free_if_the_operator_likes,
          images_count_as_the_variables_want_it_where_no_usage_comes,
          prompts_are_not_counted_where_the_variable_says_so)

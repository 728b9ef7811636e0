/* In which order a caller is looked at (relay reference 3.2, 3.3, 6.1), and what the log says of
 * the call. */
#include "base/test.h"
#include "model/account.h"
#include "relay/relay_fixture.h"

#define KEY "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "\r\n"

static const char chat[] = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
static const char chat_path[] = "/v1/chat/completions";

static void answer(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200,
                       "{\"choices\":[{\"message\":{\"content\":\"hi\"},\"finish_reason\":"
                       "\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}");
}

static struct relay_fixture *start(void)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, answer, NULL);
    return f;
}

static void refused(struct relay_fixture *f, const char *method, const char *path, const char *body,
                    int status, const char *text)
{
    const char *reply = relay_fixture_request(f, method, path, KEY, body);

    if (relay_fixture_status(reply) != status || !strstr(reply, text))
        print_error("wanted %d %s, got %s\n", status, text, reply);
    CHECK_EQ(relay_fixture_status(reply), status);
    CHECK(strstr(reply, text) != NULL);
}

/* The refusal of an empty token, and its mark, which the pool sets behind it. */
static void refused_as_empty(struct relay_fixture *f, const char *method, const char *path,
                             const char *body)
{
    refused(f, method, path, body, 401, "该令牌额度已用尽");
    while (relay_fixture_number(f, "SELECT status FROM tokens") != TOKEN_EXHAUSTED)
        ;
}

TEST(an_empty_token_is_found_before_anything_that_its_request_asks_for)
{
    struct relay_fixture *f = start();

    relay_fixture_sql(f, "UPDATE tokens SET remain_quota=0, allow_ips='10.0.0.1', "
                         "\"group\"='secret', model_limits_enabled=1");
    refused_as_empty(f, "POST", chat_path, chat);
    relay_fixture_sql(f, "UPDATE tokens SET status=1");
    refused_as_empty(f, "POST", chat_path, "{broken");
    relay_fixture_sql(f, "UPDATE tokens SET status=1");
    relay_fixture_sql(f, "UPDATE users SET status=2");
    refused_as_empty(f, "POST", chat_path, chat);
    relay_fixture_sql(f, "UPDATE tokens SET remain_quota=9, status=1");
    refused(f, "POST", chat_path, chat, 403, "用户已被封禁");
    relay_fixture_free(f);
}

TEST(an_empty_token_lists_no_models)
{
    struct relay_fixture *f = start();

    relay_fixture_sql(f, "UPDATE tokens SET remain_quota=0");
    refused_as_empty(f, "GET", "/v1/models", "");
    relay_fixture_sql(f, "UPDATE tokens SET status=1");
    refused_as_empty(f, "GET", "/v1/models/m", "");
    relay_fixture_sql(f, "UPDATE tokens SET status=1, unlimited_quota=1");
    refused(f, "GET", "/v1/models/m", "", 200, "\"id\":\"m\"");
    relay_fixture_free(f);
}

/* A top-up that another process wrote to the database is seen by the next request. */
TEST(a_refilled_token_is_let_in_at_once)
{
    struct relay_fixture *f = start();

    relay_fixture_sql(f, "UPDATE tokens SET remain_quota=0");
    refused_as_empty(f, "POST", chat_path, chat);
    relay_fixture_sql(f, "UPDATE tokens SET remain_quota=5000, status=1");
    refused(f, "POST", chat_path, chat, 200, "\"hi\"");
    relay_fixture_free(f);
}

TEST(a_request_is_counted_once_although_the_balance_had_to_be_looked_up)
{
    struct relay_fixture *f = start();

    relay_fixture_publish(f, "ModelRequestRateLimitEnabled", "true", "ModelRequestRateLimitCount",
                          "2", NULL);
    relay_fixture_sql(f, "UPDATE users SET quota=1");
    refused(f, "POST", chat_path, chat, 403, "need quota");
    relay_fixture_sql(f, "UPDATE users SET quota=100000");
    refused(f, "POST", chat_path, chat, 200, "\"hi\"");
    refused(f, "POST", chat_path, chat, 429, "您已达到总请求数限制");
    relay_fixture_free(f);
}

TEST(a_token_limited_to_a_family_may_call_its_members)
{
    struct relay_fixture *f = start();

    relay_fixture_add_channel(f, &(struct channel){.models = STR("gpt-4-gizmo-*")});
    relay_fixture_publish(f, "SelfUseModeEnabled", "true", NULL);
    relay_fixture_sql(f, "UPDATE tokens SET model_limits_enabled=1, model_limits='gpt-4-gizmo-*'");
    refused(f, "POST", chat_path, "{\"model\":\"gpt-4-gizmo-abc\",\"messages\":[{}]}", 200, "hi");
    CHECK(strstr(f->seen_body[0], "gpt-4-gizmo-abc") != NULL);
    refused(f, "POST", chat_path, chat, 403, "该令牌无权访问模型 m");
    refused(f, "GET", "/v1/models/gpt-4-gizmo-*", "", 200, "gpt-4-gizmo-*");
    relay_fixture_check_books(f);
    CHECK_STR(str_from(relay_fixture_cell(f, "SELECT model_name FROM logs")), "gpt-4-gizmo-*");
    CHECK(strstr(relay_fixture_cell(f, "SELECT content FROM logs"), "，模型 gpt-4-gizmo-abc"));
    relay_fixture_free(f);
}

/* Only the gizmos are logged under the name of their family. */
TEST(a_thinking_model_is_logged_by_its_own_name)
{
    struct relay_fixture *f = start();
    static const char name[] = "gemini-2.5-pro-thinking-128";

    relay_fixture_add_channel(f, &(struct channel){.models = str_from(name)});
    relay_fixture_publish(f, "SelfUseModeEnabled", "true", NULL);
    refused(f, "POST", chat_path, "{\"model\":\"gemini-2.5-pro-thinking-128\",\"messages\":[{}]}",
            200, "hi");
    relay_fixture_check_books(f);
    CHECK_STR(str_from(relay_fixture_cell(f, "SELECT model_name FROM logs")), name);
    CHECK(!strstr(relay_fixture_cell(f, "SELECT content FROM logs"), "，模型 "));
    relay_fixture_free(f);
}

TEST(the_callers_address_is_logged_for_users_who_want_it)
{
    struct relay_fixture *f = start();

    refused(f, "POST", chat_path, chat, 200, "hi");
    relay_fixture_sql(f, "UPDATE users SET setting='{\"record_ip_log\":true}'");
    refused(f, "POST", chat_path, chat, 200, "hi");
    relay_fixture_check_books(f);
    CHECK_STR(str_from(relay_fixture_cell(
                  f, "SELECT group_concat(ip,'|') FROM (SELECT ip FROM logs ORDER BY id)")),
              "|127.0.0.1");
    relay_fixture_free(f);
}

static void want_error_log(struct relay_conf *conf)
{
    conf->error_log = true;
}

static void fail_call(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 500, "{\"error\":{\"message\":\"broken\"}}");
}

TEST(an_error_row_tells_the_path)
{
    struct relay_fixture *f = relay_fixture_new(want_error_log);

    relay_fixture_script(f, fail_call, NULL);
    refused(f, "POST", chat_path, chat, 500, "broken");
    relay_fixture_check_books(f);
    CHECK_STR(str_from(relay_fixture_cell(
                  f, "SELECT json_extract(other,'$.request_path') FROM logs WHERE type=5")),
              chat_path);
    CHECK_STR(
        str_from(relay_fixture_cell(
            f, "SELECT COALESCE(json_extract(other,'$.admin_info.local_count_tokens'),'none') FROM "
               "logs WHERE type=5")),
        "none"); /* nothing was counted */
    relay_fixture_free(f);
}

TEST_MAIN(an_empty_token_is_found_before_anything_that_its_request_asks_for,
          an_empty_token_lists_no_models, a_refilled_token_is_let_in_at_once,
          a_request_is_counted_once_although_the_balance_had_to_be_looked_up,
          a_token_limited_to_a_family_may_call_its_members,
          a_thinking_model_is_logged_by_its_own_name,
          the_callers_address_is_logged_for_users_who_want_it, an_error_row_tells_the_path)

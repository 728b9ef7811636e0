/* What is sent, to which channel, what comes back of a failure, and what it does to the channel. */
#include "base/sb.h"
#include "base/test.h"
#include "relay/exchange.h"
#include "relay/relay_fixture.h"

static const char chat[] = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
static const char path[] = "/v1/chat/completions";
static const char good[] = "{\"choices\":[{\"message\":{\"content\":\"hi\"},\"finish_reason\":"
                           "\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}";

static void answer(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200, good);
}

/* The first channel fails with the status in ctx, the others answer. */
static void first_fails(struct relay_fixture_call *c)
{
    if (c->channel == 0)
        relay_fixture_json(c, *(const int *)c->ctx,
                           "{\"error\":{\"message\":\"no\",\"type\":\"t\",\"code\":\"c\"}}");
    else
        answer(c);
}

static int status_of(struct relay_fixture *f)
{
    return relay_fixture_status(relay_fixture_post(f, path, chat));
}

/* Two channels: the first is preferred. */
static struct relay_fixture *two_channels(const char *retries)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_sql(f, "UPDATE channels SET priority=9");
    relay_fixture_sql(f, "UPDATE abilities SET priority=9");
    relay_fixture_add_channel(f, &(struct channel){0});
    relay_fixture_publish(f, "RetryTimes", retries, NULL);
    return f;
}

TEST(another_channel_is_tried_where_it_may_help)
{
    static const struct {
        int status;
        bool retried;
    } cases[] = {{429, true}, {500, true},  {502, true},  {503, true},  {401, true}, {403, true},
                 {404, true}, {504, false}, {524, false}, {400, false}, {408, false}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct relay_fixture *f = two_channels("1");

        relay_fixture_script(f, first_fails, &cases[i].status);
        CHECK_EQ(status_of(f), cases[i].retried ? 200 : cases[i].status);
        CHECK_EQ(f->requests, cases[i].retried ? 2 : 1);
        relay_fixture_check_books(f);
        if (cases[i].retried)
            CHECK_STR(str_from(relay_fixture_cell(
                          f, "SELECT json_extract(other,'$.admin_info.use_channel') FROM logs")),
                      "[\"1\",\"2\"]");
        relay_fixture_free(f);
    }
}

TEST(without_retries_or_with_a_named_channel_the_first_failure_is_told)
{
    static const int status = 500;
    struct relay_fixture *f = two_channels("0");

    relay_fixture_script(f, first_fails, &status);
    CHECK_EQ(status_of(f), 500);
    relay_fixture_publish(f, "RetryTimes", "3", NULL);
    relay_fixture_sql(f, "UPDATE users SET role=10");
    CHECK_EQ(relay_fixture_status(relay_fixture_request(
                 f, "POST", path, "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "-1\r\n", chat)),
             500);
    CHECK_EQ(f->requests, 2);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

static void busy(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 429, "{\"error\":{\"message\":\"Rate limit of org-Abc12 reached\"}}");
}

TEST(busy_upstreams_are_told_alike_whether_another_was_left_or_not)
{
    static const char *const retries[] = {"0", "1", "5"};

    for (size_t i = 0; i < ARRAY_LEN(retries); i++) {
        struct relay_fixture *f = two_channels(retries[i]);
        const char *reply;

        relay_fixture_script(f, busy, NULL);
        reply = relay_fixture_post(f, path, chat);
        CHECK_EQ(relay_fixture_status(reply), 429);
        CHECK(strstr(reply, "当前分组上游负载已饱和") != NULL);
        CHECK(strstr(reply, "Abc12") == NULL);
        relay_fixture_free(f);
    }
}

static void leak(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 403,
                       "{\"error\":{\"message\":\"key=sk-upstream-secret of user-1a2b at "
                       "127.0.0.1 is bad, 密钥sk-abcdefgh无效\",\"type\":\"sk-upstream-secret\","
                       "\"param\":\"http://10.0.0.1/x\",\"code\":\"sk-upstream-secret\"}}");
}

TEST(an_error_keeps_its_sense_and_loses_what_is_secret)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *reply;

    relay_fixture_script(f, leak, NULL);
    reply = relay_fixture_post(f, path, chat);
    CHECK_EQ(relay_fixture_status(reply), 403);
    CHECK(strstr(reply, "is bad") != NULL);
    CHECK(strstr(reply, "sk-") == NULL);
    CHECK(strstr(reply, "10.0.0.1") == NULL && strstr(reply, "127.0.0.1") == NULL);
    CHECK(strstr(reply, "1a2b") == NULL);
    relay_fixture_free(f);
}

TEST(the_channels_own_table_maps_its_statuses)
{
    static const int status = 429;
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, first_fails, &status);
    relay_fixture_sql(f, "UPDATE channels SET status_code_mapping='{\"429\":\"503\"}'");
    relay_fixture_publish(f, NULL);
    CHECK_EQ(status_of(f), 503);
    relay_fixture_sql(f, "UPDATE channels SET status_code_mapping='{\"429\":7}'");
    relay_fixture_publish(f, NULL);
    CHECK_EQ(status_of(f), 429);
    relay_fixture_free(f);
}

TEST(headers_and_body_are_what_the_channel_says)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, answer, NULL);
    relay_fixture_sql(f,
                      "UPDATE channels SET header_override='{\"authorization\":\"Key {api_key}\","
                      "\"X-Own\":\"1\"}', param_override='{\"temperature\":0.5,\"x\":{}}',"
                      "model_mapping='{\"m\":\"up\"}', open_ai_organization='org-1'");
    relay_fixture_publish(f, NULL);
    CHECK_EQ(status_of(f), 200);
    CHECK_STR(str_from(f->seen_body[0]),
              "{\"model\":\"up\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
              "\"temperature\":0.5,\"x\":{}}");
    CHECK(strstr(f->seen_head[0], "authorization: Key sk-upstream-secret\r\n") != NULL);
    CHECK(strstr(f->seen_head[0], "Bearer") == NULL);
    CHECK(strstr(f->seen_head[0], "X-Own: 1\r\n") != NULL);
    CHECK(strstr(f->seen_head[0], "OpenAI-Organization: org-1\r\n") != NULL);
    relay_fixture_free(f);
}

/* Publishes the steps as those of every channel. */
static void set_operations(struct relay_fixture *f, const char *ops)
{
    struct sb sql;

    sb_init(&sql, 8192);
    sb_fmt(&sql, "UPDATE channels SET param_override='{\"operations\":[%s]}'", ops);
    sb_add_char(&sql, '\0');
    relay_fixture_sql(f, sb_str(&sql).p);
    sb_fini(&sql);
    relay_fixture_publish(f, NULL);
}

TEST(the_operations_of_a_channel_change_body_and_headers)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, answer, NULL);
    relay_fixture_sql(f, "UPDATE channels SET model_mapping='{\"m\":\"up\"}',"
                         "header_override='{\"X-Agent\":\"{client_header:X-Mine}\","
                         "\"X-Key\":\"{client_header:Authorization}\"}'");
    set_operations(
        f, "{\"mode\":\"prepend\",\"path\":\"messages.-1.content\",\"value\":\"say \"},"
           "{\"mode\":\"set\",\"path\":\"n\",\"value\":1,\"conditions\":[{\"path\":\"model\","
           "\"value\":\"up\"},{\"path\":\"original_model\",\"value\":\"m\"}],\"logic\":\"AND\"},"
           "{\"mode\":\"set_header\",\"path\":\"Authorization\",\"value\":\"Raw {api_key}\"},"
           "{\"mode\":\"pass_headers\",\"value\":[\"X-Trace\"]}");
    CHECK_EQ(relay_fixture_status(relay_fixture_request(
                 f, "POST", path,
                 "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "\r\nX-Trace: t1\r\n"
                 "X-Mine: me\r\n",
                 chat)),
             200);
    CHECK_STR(str_from(f->seen_body[0]), "{\"model\":\"up\",\"messages\":[{\"role\":\"user\","
                                         "\"content\":\"say x\"}],\"n\":1}");
    CHECK(strstr(f->seen_head[0], "Authorization: Raw sk-upstream-secret\r\n") != NULL);
    CHECK(strstr(f->seen_head[0], "X-Trace: t1\r\n") != NULL);
    CHECK(strstr(f->seen_head[0], "X-Agent: me\r\n") != NULL);
    CHECK(strstr(f->seen_head[0], "Bearer") == NULL && strstr(f->seen_head[0], "X-Key") == NULL);
    relay_fixture_free(f);
}

/* What becomes of members that cost the operator money or tell of the user. */
TEST(members_that_the_channel_does_not_allow_are_left_out)
{
    static const struct {
        const char *settings, *body, *want;
    } cases[] = {
        {"", "{\"model\":\"m\", \"service_tier\":\"priority\",\"messages\":[{}],\"store\":true}",
         "{\"model\":\"m\", \"messages\":[{}],\"store\":true}"},
        {"{\"allow_service_tier\":true,\"disable_store\":true}",
         "{\"model\":\"m\", \"service_tier\":\"flex\",\"messages\":[{}],\"store\":true,"
         "\"safety_identifier\":\"u\"}",
         "{\"model\":\"m\", \"service_tier\":\"flex\",\"messages\":[{}]}"},
        {"",
         "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_obfuscation\":false},"
         "\"messages\":[{}]}",
         "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
         "\"messages\":[{}]}"},
        {"",
         "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true,"
         "\"include_obfuscation\":false},\"messages\":[{}]}",
         "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
         "\"messages\":[{}]}"},
        {"{\"allow_include_obfuscation\":true}",
         "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true,"
         "\"include_obfuscation\":false},\"messages\":[{}]}",
         "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true,"
         "\"include_obfuscation\":false},\"messages\":[{}]}"},
    };
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, answer, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(arena_finip) struct arena a;

        arena_init(&a, 0);
        relay_fixture_sql(f,
                          arena_fmt(&a, "UPDATE channels SET settings='%s'", cases[i].settings).p);
        relay_fixture_publish(f, NULL);
        CHECK_EQ(relay_fixture_status(relay_fixture_post(f, path, cases[i].body)), 200);
        CHECK_STR(str_from(f->seen_body[i]), cases[i].want);
    }
    relay_fixture_free(f);
}

/* What the operator sets himself goes out. */
TEST(an_override_may_set_what_clients_may_not)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, answer, NULL);
    relay_fixture_sql(f, "UPDATE channels SET param_override='{\"service_tier\":\"flex\"}'");
    relay_fixture_publish(f, NULL);
    CHECK_EQ(relay_fixture_status(relay_fixture_post(
                 f, path, "{\"model\":\"m\",\"service_tier\":\"priority\",\"messages\":[{}]}")),
             200);
    CHECK_STR(str_from(f->seen_body[0]),
              "{\"model\":\"m\",\"service_tier\":\"flex\",\"messages\":[{}]}");
    relay_fixture_free(f);
}

TEST(operations_that_do_not_apply_leave_the_bytes_alone)
{
    static const char spaced[] = "{ \"model\" : \"m\", \"messages\" : [ { } ], \"n\" : 1.0 }";
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, answer, NULL);
    set_operations(f, "{\"mode\":\"delete\",\"path\":\"n\",\"conditions\":[{\"path\":\"model\","
                      "\"mode\":\"prefix\",\"value\":\"gpt\"}]}");
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, path, spaced)), 200);
    CHECK_STR(str_from(f->seen_body[0]), spaced);
    set_operations(f, "{\"mode\":\"delete\",\"path\":\"n\"}");
    relay_fixture_sql(f, "UPDATE channels SET setting='{\"pass_through_body_enabled\":true}'");
    relay_fixture_publish(f, NULL);
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, path, spaced)), 200);
    CHECK_STR(str_from(f->seen_body[1]), spaced);
    relay_fixture_free(f);
}

TEST(an_operation_can_answer_in_the_place_of_the_upstream)
{
    struct relay_fixture *f = two_channels("1");
    const char *reply;

    relay_fixture_script(f, answer, NULL);
    set_operations(f, "{\"mode\":\"return_error\",\"value\":{\"message\":\"not today\","
                      "\"status_code\":429,\"code\":\"closed\"}}");
    reply = relay_fixture_post(f, path, chat);
    CHECK_EQ(relay_fixture_status(reply), 429);
    CHECK(strstr(reply, "not today") != NULL && strstr(reply, "\"closed\"") != NULL);
    CHECK_EQ(f->requests, 0);
    relay_fixture_check_books(f);
    /* On the first channel only, and the operator lets another be asked. */
    set_operations(f, "{\"mode\":\"return_error\",\"value\":{\"message\":\"not today\","
                      "\"status_code\":429,\"skip_retry\":false},\"conditions\":[{\"path\":"
                      "\"is_retry\",\"value\":false}]}");
    CHECK_EQ(status_of(f), 200);
    CHECK_EQ(f->requests, 1);
    relay_fixture_check_books(f);
    CHECK_STR(str_from(relay_fixture_cell(f, "SELECT COUNT(*) FROM channels WHERE status=1")), "2");
    relay_fixture_free(f);
}

TEST(a_pattern_that_explodes_on_a_text_fails_the_request_and_not_the_channel)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *reply;

    relay_fixture_script(f, answer, NULL);
    set_operations(f, "{\"mode\":\"regex_replace\",\"path\":\"messages.0.content\","
                      "\"from\":\"(a|a?)+[^a]\",\"to\":\"\"}");
    reply =
        relay_fixture_post(f, path,
                           "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
                           "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}]}");
    CHECK_EQ(relay_fixture_status(reply), 500);
    CHECK(strstr(reply, "convert_request_failed") != NULL);
    CHECK_EQ(f->requests, 0);
    CHECK_EQ(status_of(f), 200);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(a_header_that_cannot_be_sent_is_the_channels_fault)
{
    struct relay_fixture *f = two_channels("1");

    relay_fixture_script(f, answer, NULL);
    relay_fixture_sql(f, "UPDATE channels SET header_override='{\"X\":\"a\\r\\nb\"}' WHERE id=1");
    relay_fixture_publish(f, NULL);
    CHECK_EQ(status_of(f), 200); /* of the other channel */
    CHECK_EQ(f->requests, 1);
    relay_fixture_free(f);
}

/* What the upstream gets of a stream's options: client's text, forced, and where neither. */
TEST(stream_options_are_added_with_the_least_change)
{
    static const char *const cases[][2] = {
        {"{\"model\":\"m\",\"stream\":true,\"messages\":[{}] } ",
         "{\"model\":\"m\",\"stream\":true,\"messages\":[{}] "
         ",\"stream_options\":{\"include_usage\":true}} "},
        {"{\"model\":\"m\",\"stream\":true,\"stream_options\":null,\"messages\":[{}]}",
         "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
         "\"messages\":[{}]}"},
        {"{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"x\":1},\"messages\":[{}]}",
         "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"x\":1,\"include_usage\":true},"
         "\"messages\":[{}]}"},
        {"{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\": true},"
         "\"messages\":[{}]}",
         "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\": true},"
         "\"messages\":[{}]}"},
        {"{\"model\":\"m\",\"stream_options\":{\"include_usage\":true},\"messages\":[{}]}",
         "{\"model\":\"m\",\"messages\":[{}]}"},
        {"{\"model\":\"m\",\"messages\":[{}],\"n\":1.0}",
         "{\"model\":\"m\",\"messages\":[{}],\"n\":1.0}"},
    };
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, answer, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_EQ(relay_fixture_status(relay_fixture_post(f, path, cases[i][0])), 200);
        CHECK_STR(str_from(f->seen_body[i]), cases[i][1]);
    }
    relay_fixture_free(f);
}

TEST(every_enabled_key_of_a_channel_is_used)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    int first = 0, third = 0;

    relay_fixture_script(f, answer, NULL);
    relay_fixture_sql(f, "UPDATE channels SET key='k-one' || char(10) || 'k-two' || char(10) || "
                         "'k-three', channel_info='{\"is_multi_key\":true,"
                         "\"multi_key_status_list\":{\"1\":3}}'");
    relay_fixture_publish(f, NULL);
    for (unsigned i = 0; i < 40; i++) {
        CHECK_EQ(status_of(f), 200);
        first += strstr(f->seen_head[i], "Bearer k-one\r\n") != NULL;
        third += strstr(f->seen_head[i], "Bearer k-three\r\n") != NULL;
    }
    CHECK(first > 0 && third > 0);
    CHECK_EQ(first + third, 40);
    relay_fixture_free(f);
}

TEST(a_channel_without_a_usable_key_is_passed_over)
{
    struct relay_fixture *f = two_channels("0");

    relay_fixture_script(f, answer, NULL);
    relay_fixture_sql(f, "UPDATE channels SET channel_info='{\"is_multi_key\":true,"
                         "\"multi_key_status_list\":{\"0\":3}}' WHERE id=1");
    relay_fixture_publish(f, NULL);
    CHECK_EQ(status_of(f), 200);
    relay_fixture_sql(f, "UPDATE channels SET channel_info='{\"is_multi_key\":true,"
                         "\"multi_key_status_list\":{\"0\":3}}'");
    relay_fixture_publish(f, NULL);
    CHECK_EQ(status_of(f), 503);
    relay_fixture_free(f);
}

/* ---- answers that are not streamed ---- */

static void send_body(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200, c->ctx);
}

TEST(a_whole_answer_is_passed_on_byte_for_byte_and_charged)
{
    static const char *const answers[] = {
        good,
        " { \"choices\" : [ { \"message\":{\"content\":\"\\u00e9\"} } ], \"big\":1e400, \"usage\":{"
        "\"prompt_tokens\":10,\"completion_tokens\":5} }\n",
        "{\"choices\":[{\"message\":{\"content\":null,\"tool_calls\":[{}]},\"finish_reason\":\"\"}]"
        ","
        "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}",
        "{\"choices\":[{\"text\":\"a\"},{\"text\":\"b\"}],\"usage\":{\"prompt_tokens\":10,"
        "\"completion_tokens\":5}}",
    };
    struct relay_fixture *f = relay_fixture_new(NULL);

    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        relay_fixture_script(f, send_body, answers[i]);
        CHECK_STR(str_from(relay_fixture_body(f, relay_fixture_post(f, path, chat))), answers[i]);
    }
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT SUM(quota) FROM logs"), 80);
    relay_fixture_free(f);
}

TEST(what_is_no_answer_is_an_error_and_free)
{
    static const char *const bodies[] = {"",
                                         "[]",
                                         "<html>secret</html>",
                                         "{\"choices\":[]}",
                                         "{\"a\":1",
                                         "{\"error\":{\"message\":\"no\"}}",
                                         "{\"error\":\"no\"}"};
    struct relay_fixture *f = relay_fixture_new(NULL);

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        relay_fixture_script(f, send_body, bodies[i]);
        CHECK_EQ(status_of(f), 502);
    }
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs"), 0);
    relay_fixture_free(f);
}

TEST(vectors_are_charged_by_their_prompt)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, send_body,
                         "{\"data\":[{\"embedding\":[0.5]}],\"usage\":{\"prompt_tokens\":7,"
                         "\"total_tokens\":7}}");
    CHECK_EQ(relay_fixture_status(
                 relay_fixture_post(f, "/v1/embeddings", "{\"model\":\"embed\",\"input\":\"x\"}")),
             200);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT quota FROM logs"), 7);
    relay_fixture_free(f);
}

/* ---- the channel's health ---- */

static void wrong_key(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 401,
                       "{\"error\":{\"message\":\"bad key\",\"code\":\"invalid_api_key\"}}");
}

static int64_t status_in_database(struct relay_fixture *f)
{
    return relay_fixture_number(f, "SELECT status FROM channels WHERE id=1");
}

TEST(a_channel_with_a_wrong_key_is_switched_off)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, wrong_key, NULL);
    relay_fixture_sql(f, "UPDATE channels SET auto_ban=1");
    relay_fixture_publish(f, "AutomaticDisableChannelEnabled", "true", NULL);
    CHECK_EQ(status_of(f), 401);
    relay_fixture_wait(f, RELAY_FIXTURE_MARKS - 1); /* the relay has read its channels again */
    CHECK_EQ(status_in_database(f), CHANNEL_AUTO_DISABLED);
    CHECK_STR(str_from(relay_fixture_cell(
                  f, "SELECT json_extract(other_info,'$.status_reason') FROM channels")),
              "bad key");
    CHECK_EQ(status_of(f), 503);
    CHECK_EQ(f->requests, 1);
    relay_fixture_free(f);
}

TEST(a_channel_stays_on_when_it_may_not_be_switched_off)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, wrong_key, NULL);
    relay_fixture_sql(f, "UPDATE channels SET auto_ban=0");
    relay_fixture_publish(f, "AutomaticDisableChannelEnabled", "true", NULL);
    CHECK_EQ(status_of(f), 401);
    relay_fixture_sql(f, "UPDATE channels SET auto_ban=1");
    relay_fixture_publish(f, "AutomaticDisableChannelEnabled", "false", NULL);
    CHECK_EQ(status_of(f), 401);
    relay_fixture_turn(f);
    CHECK_EQ(status_in_database(f), CHANNEL_ENABLED);
    CHECK_EQ(f->reloads, 0);
    relay_fixture_free(f);
}

TEST(what_a_caller_sends_makes_no_channel_rest)
{
    static const int callers[] = {400, 404, 413, 422, 429}, channels[] = {500, 401};

    for (size_t i = 0; i < ARRAY_LEN(callers) + ARRAY_LEN(channels); i++) {
        struct relay_fixture *f = two_channels("0");
        bool rests = i >= ARRAY_LEN(callers);
        const int *status = rests ? &channels[i - ARRAY_LEN(callers)] : &callers[i];

        relay_fixture_script(f, first_fails, status);
        for (int k = 0; k < 3; k++)
            CHECK_EQ(status_of(f), *status);
        CHECK_EQ(status_of(f), rests ? 200 : *status);
        relay_fixture_free(f);
    }
}

TEST(a_failure_is_logged_when_it_should_be)
{
    static const int status = 500;
    struct relay_fixture *f = two_channels("1");

    f->relay->conf.error_log = true;
    relay_fixture_script(f, first_fails, &status);
    CHECK_EQ(status_of(f), 200);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=5 AND quota=0"), 1);
    CHECK_EQ(relay_fixture_number(
                 f, "SELECT json_extract(other,'$.status_code') FROM logs WHERE type=5"),
             500);
    relay_fixture_free(f);
}

/* ---- channel tests ---- */

TEST(a_channel_test_calls_once_and_charges_nobody)
{
    static const int status = 500;
    struct relay_fixture *f = two_channels("5");
    struct probe_result p = {0};

    relay_fixture_script(f, first_fails, &status);
    relay_probe(f->relay, 1, STR("m"), &p);
    CHECK_EQ(p.upstream_status, 500);
    CHECK(p.code != ERR_OK);
    relay_probe(f->relay, 2, STR_NULL, &p);
    CHECK_EQ(p.code, ERR_OK);
    CHECK_EQ(p.usage.prompt, 10);
    CHECK_STR(str_from(p.model), "m");
    CHECK(strstr(f->seen_body[1], "\"max_tokens\":10") != NULL);
    check_has(f->seen_body[1], "\"content\":\"hi\"");
    relay_probe(f->relay, 99, STR_NULL, &p);
    CHECK_EQ(p.code, ERR_NOT_FOUND);
    CHECK_EQ(f->requests, 2);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs"), 0);
    relay_fixture_free(f);
}

/* A test that sent something else than calls would say nothing about them. */
TEST(a_channel_test_sends_what_a_call_would)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct probe_result p;

    relay_fixture_script(f, answer, NULL);
    relay_fixture_sql(
        f,
        "UPDATE channels SET model_mapping='{\"m\":\"up\"}', setting='{\"system_prompt\":\"P\"}',"
        "header_override='{\"X-Own\":\"{api_key}\",\"X-Client\":\"{client_header:X-Mine}\"}',"
        "param_override='{\"temperature\":0.5,\"operations\":["
        "{\"mode\":\"move\",\"from\":\"max_tokens\",\"to\":\"max_completion_tokens\"},"
        "{\"mode\":\"set\",\"path\":\"user\",\"value\":\"test\",\"conditions\":["
        "{\"path\":\"is_channel_test\",\"value\":true},"
        "{\"path\":\"request_path\",\"value\":\"/v1/chat/completions\"}],\"logic\":\"AND\"},"
        "{\"mode\":\"pass_headers\",\"value\":[\"X-Trace\"]}]}'");
    relay_fixture_publish(f, NULL);
    relay_probe(f->relay, 1, STR("m"), &p);
    CHECK_EQ(p.code, ERR_OK);
    CHECK_STR(str_from(f->seen_body[0]),
              "{\"model\":\"up\",\"messages\":[{\"role\":\"system\",\"content\":\"P\"},"
              "{\"role\":\"user\",\"content\":\"hi\"}],\"temperature\":0.5,"
              "\"max_completion_tokens\":10,\"user\":\"test\"}");
    CHECK(strstr(f->seen_head[0], "X-Own: sk-upstream-secret\r\n") != NULL);
    CHECK(strstr(f->seen_head[0], "X-Client") == NULL);
    CHECK_EQ(status_of(f), 200); /* of a client: the same, but for what is said of tests */
    CHECK(strstr(f->seen_body[1], "\"temperature\":0.5") != NULL);
    CHECK(strstr(f->seen_body[1], "\"user\":\"test\"") == NULL);
    relay_fixture_free(f);
}

TEST(a_channel_test_tells_what_an_operation_refuses)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct probe_result p;

    relay_fixture_script(f, answer, NULL);
    set_operations(f, "{\"mode\":\"return_error\",\"value\":{\"message\":\"closed\","
                      "\"status_code\":403}}");
    relay_probe(f->relay, 1, STR("m"), &p);
    CHECK_EQ(p.code, ERR_CONVERT);
    CHECK_EQ(p.upstream_status, 403);
    CHECK(strstr(p.message, "closed") != NULL);
    CHECK_EQ(f->requests, 0);
    relay_fixture_free(f);
}

static void say_something(struct relay_conf *conf)
{
    conf->test_prompt = STR("say \"ok\"");
}

TEST(a_channel_test_says_what_the_operator_wants)
{
    struct relay_fixture *f = relay_fixture_new(say_something);
    struct probe_result p = {0};
    static const int status = 200;

    relay_fixture_script(f, first_fails, &status);
    relay_probe(f->relay, 1, STR("m"), &p);
    check_has(f->seen_body[0], "\"content\":\"say \\\"ok\\\"\"");
    relay_fixture_free(f);
}

TEST_MAIN(a_channel_test_says_what_the_operator_wants,
          members_that_the_channel_does_not_allow_are_left_out,
          an_override_may_set_what_clients_may_not, another_channel_is_tried_where_it_may_help,
          without_retries_or_with_a_named_channel_the_first_failure_is_told,
          busy_upstreams_are_told_alike_whether_another_was_left_or_not,
          an_error_keeps_its_sense_and_loses_what_is_secret,
          the_channels_own_table_maps_its_statuses, headers_and_body_are_what_the_channel_says,
          the_operations_of_a_channel_change_body_and_headers,
          operations_that_do_not_apply_leave_the_bytes_alone,
          an_operation_can_answer_in_the_place_of_the_upstream,
          a_pattern_that_explodes_on_a_text_fails_the_request_and_not_the_channel,
          a_header_that_cannot_be_sent_is_the_channels_fault,
          stream_options_are_added_with_the_least_change, every_enabled_key_of_a_channel_is_used,
          a_channel_without_a_usable_key_is_passed_over,
          a_whole_answer_is_passed_on_byte_for_byte_and_charged,
          what_is_no_answer_is_an_error_and_free, vectors_are_charged_by_their_prompt,
          a_channel_with_a_wrong_key_is_switched_off,
          a_channel_stays_on_when_it_may_not_be_switched_off,
          what_a_caller_sends_makes_no_channel_rest, a_failure_is_logged_when_it_should_be,
          a_channel_test_calls_once_and_charges_nobody, a_channel_test_sends_what_a_call_would,
          a_channel_test_tells_what_an_operation_refuses)

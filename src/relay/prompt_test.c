/* Words that no prompt may hold: the options CheckSensitiveEnabled, CheckSensitiveOnPromptEnabled
 * and SensitiveWords. */
#include "base/test.h"
#include "relay/relay_fixture.h"

static void answer(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200,
                       "{\"choices\":[{\"text\":\"hi\",\"message\":{\"content\":\"hi\"},"
                       "\"finish_reason\":\"stop\"}],\"data\":[{\"embedding\":[1]}],"
                       "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}");
}

static struct relay_fixture *start(void)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, answer, NULL);
    relay_fixture_publish(f, "SensitiveWords", "bad word\n敏感\nslash/word\na\\b\n", NULL);
    return f;
}

static int status(struct relay_fixture *f, const char *path, const char *body)
{
    return relay_fixture_status(relay_fixture_post(f, path, body));
}

static const char *chat_with(struct relay_fixture *f, const char *content)
{
    return arena_fmt(&f->arena,
                     "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"be "
                     "kind\"},{\"role\":\"user\",\"content\":%s}]}",
                     content)
        .p;
}

TEST(a_prompt_with_a_listed_word_is_refused_and_costs_nothing)
{
    static const char *const contents[] = {
        "\"say a BAD word now\"",
        "\"这是敏感的\"",
        "\"\\u8fd9\\u662f\\u654f\\u611f\"",
        "\"slash\\/word\"",
        "\"a\\\\B\"",
        "\"line\\nslash/word\"",
        "[{\"type\":\"text\",\"text\":\"fine\"},{\"type\":\"text\",\"text\":\"a bad word\"}]"};
    struct relay_fixture *f = start();

    for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
        const char *reply =
            relay_fixture_post(f, "/v1/chat/completions", chat_with(f, contents[i]));

        CHECK_EQ(relay_fixture_status(reply), 400);
        CHECK(strstr(reply, "\"code\":\"sensitive_words_detected\"") != NULL);
        CHECK(strstr(reply, "\"type\":\"new_api_error\"") != NULL);
    }
    CHECK_EQ(status(f, "/v1/completions", "{\"model\":\"m\",\"prompt\":\"a bad word\"}"), 400);
    CHECK_EQ(status(f, "/v1/completions", "{\"model\":\"m\",\"prompt\":[\"x\",\"a bad word\"]}"),
             400);
    CHECK_EQ(f->requests, 0);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs"), 0);
    relay_fixture_free(f);
}

TEST(a_listed_word_is_found_in_every_dialect)
{
    static const char chat[] = "/v1/messages", responses[] = "/v1/responses",
                      gemini[] = "/v1beta/models/m:generateContent";
    static const char *const requests[][2] = {
        {chat,
         "{\"model\":\"m\",\"max_tokens\":9,\"system\":\"a bad word\",\"messages\":[{\"role\":"
         "\"user\",\"content\":\"x\"}]}"},
        {chat, "{\"model\":\"m\",\"max_tokens\":9,\"system\":[{\"type\":\"text\",\"text\":\"a bad "
               "word\"}],\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"},
        {chat, "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":[{"
               "\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":[{\"type\":\"text\","
               "\"text\":\"a bad word\"}]}]}]}"},
        {responses, "{\"model\":\"m\",\"input\":\"a bad word\"}"},
        {responses, "{\"model\":\"m\",\"instructions\":\"a bad word\",\"input\":\"x\"}"},
        {responses, "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":"
                    "\"input_text\",\"text\":\"a bad word\"}]}]}"},
        {responses, "{\"model\":\"m\",\"input\":[{\"type\":\"function_call_output\",\"call_id\":"
                    "\"c\",\"output\":\"a bad word\"}]}"},
        {gemini, "{\"contents\":[{\"parts\":[{\"text\":\"a bad word\"}]}]}"},
        {gemini, "{\"systemInstruction\":{\"parts\":[{\"text\":\"a bad word\"}]},\"contents\":[{"
                 "\"parts\":[{\"text\":\"x\"}]}]}"},
        {gemini, "{\"system_instruction\":{\"parts\":[{\"text\":\"a bad word\"}]},\"contents\":[{"
                 "\"parts\":[{\"text\":\"x\"}]}]}"},
    };
    struct relay_fixture *f = start();

    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        const char *reply = relay_fixture_post(f, requests[i][0], requests[i][1]);

        if (!strstr(reply, "屏蔽词"))
            print_error("%s: %s\n", requests[i][1], reply);
        CHECK_EQ(relay_fixture_status(reply), 400);
        CHECK(strstr(reply, "屏蔽词") != NULL);
    }
    CHECK_EQ(f->requests, 0);
    relay_fixture_free(f);
}

TEST(what_only_looks_like_a_listed_word_goes_through)
{
    struct relay_fixture *f = start();

    CHECK_EQ(status(f, "/v1/chat/completions", chat_with(f, "\"bad words are wor\\u0064s\"")), 400);
    CHECK_EQ(status(f, "/v1/chat/completions", chat_with(f, "\"bad  word, badword, 敏 感\"")), 200);
    CHECK_EQ(status(f, "/v1/chat/completions",
                    "{\"model\":\"m\",\"user\":\"bad word\",\"messages\":[{\"role\":\"user\","
                    "\"name\":\"bad word\",\"content\":\"x\"}]}"),
             200); /* not a text of the prompt */
    CHECK_EQ(status(f, "/v1/embeddings", "{\"model\":\"embed\",\"input\":\"a bad word\"}"), 200);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(either_switch_turns_the_check_off_and_one_word_is_listed_from_the_start)
{
    struct relay_fixture *f = start();
    const char *bad = chat_with(f, "\"a bad word\"");

    relay_fixture_publish(f, "SensitiveWords", "bad word", "CheckSensitiveEnabled", "false", NULL);
    CHECK_EQ(status(f, "/v1/chat/completions", bad), 200);
    relay_fixture_publish(f, "SensitiveWords", "bad word", "CheckSensitiveOnPromptEnabled", "false",
                          NULL);
    CHECK_EQ(status(f, "/v1/chat/completions", bad), 200);
    relay_fixture_publish(f, "SensitiveWords", "", NULL);
    CHECK_EQ(status(f, "/v1/chat/completions", bad), 200);
    relay_fixture_publish(f, "RetryTimes", "0", NULL);
    CHECK_EQ(status(f, "/v1/chat/completions", chat_with(f, "\"x test_Sensitive x\"")), 400);
    CHECK_EQ(status(f, "/v1/chat/completions", bad), 200);
    relay_fixture_free(f);
}

TEST_MAIN(a_prompt_with_a_listed_word_is_refused_and_costs_nothing,
          a_listed_word_is_found_in_every_dialect, what_only_looks_like_a_listed_word_goes_through,
          either_switch_turns_the_check_off_and_one_word_is_listed_from_the_start)

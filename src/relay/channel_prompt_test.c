/* A channel's own system prompt, on its way to upstreams of the client's dialect and of another. */
#include "base/test.h"
#include "relay/relay_fixture.h"

static void answer(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200,
                       "{\"choices\":[{\"message\":{\"content\":\"hi\"},\"finish_reason\":"
                       "\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}");
}

/* What the upstream gets of a body, with these channel settings. */
static struct str sent(struct relay_fixture *f, const char *setting, const char *path,
                       const char *body)
{
    unsigned n = f->requests;

    relay_fixture_sql(f, arena_fmt(&f->arena, "UPDATE channels SET setting='%s'", setting).p);
    relay_fixture_publish(f, NULL);
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, path, body)), 200);
    return str_from(f->seen_body[n]);
}

#define CHAT   "/v1/chat/completions"
#define CLAUDE "/v1/messages"

TEST(a_request_gets_the_channels_prompt_where_it_has_none)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    static const char prompt[] = "{\"system_prompt\":\"P\"}";

    relay_fixture_script(f, answer, NULL);
    CHECK_STR(
        sent(f, prompt, CHAT, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":1}]}"),
        "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"P\"},"
        "{\"role\":\"user\",\"content\":1}]}");
    CHECK_STR(sent(f, prompt, CHAT,
                   "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"s\"}]}"),
              "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"s\"}]}");
    CHECK(str_has(sent(f, prompt, CHAT,
                       "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\","
                       "\"content\":\"a\"}]}"),
                  STR("{\"role\":\"system\",\"content\":\"P\"},{\"role\":\"user\"")));
    CHECK(str_has(sent(f, prompt, CLAUDE,
                       "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
                       "\"content\":\"a\"}]}"),
                  STR("[{\"role\":\"system\",\"content\":\"P\"},{\"role\":\"user\"")));
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(the_prompt_stands_in_front_of_the_requests_own_if_it_shall)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    static const char prompt[] = "{\"system_prompt\":\"P\",\"system_prompt_override\":true}";

    relay_fixture_script(f, answer, NULL);
    CHECK_STR(sent(f, prompt, CHAT,
                   "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"s\"}]}"),
              "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"P\\ns\"}]}");
    CHECK(str_has(sent(f, prompt, CLAUDE,
                       "{\"model\":\"m\",\"max_tokens\":9,\"system\":\"s\",\"messages\":[{\"role\":"
                       "\"user\",\"content\":\"a\"}]}"),
                  STR("{\"role\":\"system\",\"content\":\"P\\ns\"}")));
    relay_fixture_free(f);
}

/* A name that needs it is found by the provider's rules. */
TEST(the_rules_of_the_models_see_the_prompt)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, answer, NULL);
    relay_fixture_sql(f, "UPDATE channels SET model_mapping='{\"m\":\"o3\"}'");
    CHECK_STR(sent(f, "{\"system_prompt\":\"P\"}", CHAT,
                   "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}"),
              "{\"model\":\"o3\",\"messages\":[{\"role\":\"developer\",\"content\":\"P\"},"
              "{\"role\":\"user\",\"content\":\"a\"}]}");
    relay_fixture_free(f);
}

TEST(a_body_that_passes_unchanged_does_and_other_modes_have_no_prompt)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    static const char chat[] =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}";
    static const char completion[] = "{\"model\":\"m\",\"prompt\":\"a\"}";

    relay_fixture_script(f, answer, NULL);
    CHECK_STR(sent(f, "{\"system_prompt\":\"P\",\"pass_through_body_enabled\":true}", CHAT, chat),
              chat);
    CHECK_STR(sent(f, "{\"system_prompt\":\"P\"}", "/v1/completions", completion), completion);
    relay_fixture_free(f);
}

TEST_MAIN(a_request_gets_the_channels_prompt_where_it_has_none,
          the_prompt_stands_in_front_of_the_requests_own_if_it_shall,
          the_rules_of_the_models_see_the_prompt,
          a_body_that_passes_unchanged_does_and_other_modes_have_no_prompt)

#include "model/responses_policy.h"

#include "base/test.h"

static enum err_code read(struct arena *a, const char *text, const struct responses_policy **out,
                          struct err *err)
{
    const struct json *root;

    *err = (struct err){.msg = ""};
    CHECK_EQ(json_read(a, str_from(text), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    return responses_policy_read(a, root, out, err);
}

static bool wants(const char *text, int64_t id, int64_t type, const char *model)
{
    CLEANUP(arena_finip) struct arena a;
    const struct responses_policy *policy;
    struct err err;

    arena_init(&a, 0);
    CHECK_EQ(read(&a, text, &policy, &err), ERR_OK);
    return policy && responses_policy_wants(policy, id, type, str_from(model));
}

TEST(it_must_be_enabled_and_name_the_channel)
{
    CHECK(wants("{\"enabled\":true,\"all_channels\":true}", 7, 1, "m"));
    CHECK(!wants("{\"all_channels\":true}", 7, 1, "m"));
    CHECK(!wants("{\"enabled\":false,\"all_channels\":true}", 7, 1, "m"));
    CHECK(!wants("{\"enabled\":true}", 7, 1, "m"));
    CHECK(!wants("{\"enabled\":true,\"all_channels\":false,\"channel_ids\":[]}", 7, 1, "m"));
    CHECK(wants("{\"enabled\":true,\"channel_ids\":[5,7]}", 7, 1, "m"));
    CHECK(!wants("{\"enabled\":true,\"channel_ids\":[5,7]}", 6, 1, "m"));
    CHECK(wants("{\"enabled\":true,\"channel_types\":[3],\"channel_ids\":null}", 6, 3, "m"));
    CHECK(!wants("{\"enabled\":true,\"channel_types\":[3]}", 6, 1, "m"));
}

#define WITH(patterns) "{\"enabled\":true,\"all_channels\":true,\"model_patterns\":[" patterns "]}"

TEST(a_pattern_is_a_regular_expression_over_the_name)
{
    CHECK(wants(WITH(""), 1, 1, "anything"));
    CHECK(wants(WITH("\"^gpt-5\""), 1, 1, "gpt-5-mini"));
    CHECK(!wants(WITH("\"^gpt-5\""), 1, 1, "my-gpt-5"));
    CHECK(wants(WITH("\"-pro$\""), 1, 1, "gpt-5-pro"));
    CHECK(!wants(WITH("\"-pro$\""), 1, 1, "gpt-5-pro-mini"));
    CHECK(wants(WITH("\"^x$\",\"^o\\\\d+(-mini)?$\""), 1, 1, "o3-mini"));
    CHECK(!wants(WITH("\"^x$\",\"^o\\\\d+(-mini)?$\""), 1, 1, "o3-deep"));
    CHECK(!wants(WITH("\"gpt.5$\""), 1, 1, "gpt-55"));
    CHECK(wants(WITH("\"(?i)^GPT-(?!4)\""), 1, 1, "gpt-5"));
    CHECK(!wants(WITH("\"(?i)^GPT-(?!4)\""), 1, 1, "gpt-4o"));
}

TEST(a_pattern_that_explodes_on_a_name_does_not_match_it)
{
    const char *name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";

    CHECK(!wants(WITH("\"^(a+)+$\""), 1, 1, name));
    CHECK(wants(WITH("\"^(a+)+$\",\"b$\""), 1, 1, name));
}

TEST(what_cannot_be_read_is_refused_with_its_place)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"{\"enabled\":1}", "enabled"},
        {"{\"all_channels\":\"true\"}", "all_channels"},
        {"{\"channel_ids\":7}", "channel_ids"},
        {"{\"channel_ids\":[1,\"2\"]}", "channel_ids[1]"},
        {"{\"channel_types\":[1.5]}", "channel_types[0]"},
        {"{\"model_patterns\":\"^a\"}", "model_patterns"},
        {"{\"model_patterns\":[\"^a\",5]}", "model_patterns[1]"},
        {"{\"model_patterns\":[\"\"]}", "model_patterns[0]"},
        {"{\"model_patterns\":[\"^a\",\"gpt-(5\"]}",
         "model_patterns[1] 不是正则表达式 (is no regular expression): missing closing parenthesis "
         "(at byte 6)"},
    };
    CLEANUP(arena_finip) struct arena a;
    const struct responses_policy *policy;
    struct err err;

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK_EQ(read(&a, bad[i].text, &policy, &err), ERR_BAD_REQUEST);
        if (policy || !strstr(err.msg, bad[i].says))
            fail_msg("%s: %s", bad[i].text, err.msg);
    }
}

TEST(there_are_only_so_many_patterns)
{
    CLEANUP(arena_finip) struct arena a;
    const struct responses_policy *policy;
    struct err err;
    struct str text = STR("{\"model_patterns\":[\"a\"");

    arena_init(&a, 0);
    for (int i = 1; i < RESPONSES_PATTERNS; i++)
        text = arena_fmt(&a, "%.*s,\"a%d\"", STR_ARG(text), i);
    CHECK_EQ(read(&a, arena_fmt(&a, "%.*s]}", STR_ARG(text)).p, &policy, &err), ERR_OK);
    CHECK_EQ(read(&a, arena_fmt(&a, "%.*s,\"b\"]}", STR_ARG(text)).p, &policy, &err),
             ERR_BAD_REQUEST);
}

TEST_MAIN(it_must_be_enabled_and_name_the_channel, a_pattern_is_a_regular_expression_over_the_name,
          a_pattern_that_explodes_on_a_name_does_not_match_it,
          what_cannot_be_read_is_refused_with_its_place, there_are_only_so_many_patterns)

#include "dialect/openai_chunk.h"

#include "base/test.h"

TEST(a_chat_answer_becomes_one_chunk)
{
    struct arena a;
    struct str chunk, usage;

    arena_init(&a, 0);
    CHECK_EQ(
        openai_chunk_from_answer(
            &a,
            STR("{\"id\":\"1\",\"object\":\"chat.completion\",\"x\":1.50,\"choices\":[{\"index\":0,"
                "\"message\":{\"role\":\"assistant\",\"content\":\"hi\",\"tool_calls\":[{\"id\":"
                "\"a\"},"
                "{\"id\":\"b\",\"index\":7}]},\"finish_reason\":\"stop\"}],"
                "\"usage\":{\"prompt_tokens\":1}}"),
            &chunk, &usage, NULL),
        ERR_OK);
    CHECK_STR(
        chunk,
        "{\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"x\":1.50,\"choices\":[{\"index\":0,"
        "\"finish_reason\":\"stop\",\"delta\":{\"role\":\"assistant\",\"content\":\"hi\",\"tool_"
        "calls\":["
        "{\"id\":\"a\",\"index\":0},{\"id\":\"b\",\"index\":7}]}}]}");
    CHECK_STR(usage, "{\"prompt_tokens\":1}");
    arena_fini(&a);
}

TEST(what_is_no_answer_is_refused)
{
    struct arena a;
    struct str chunk, usage;

    arena_init(&a, 0);
    CHECK_EQ(openai_chunk_from_answer(&a, STR("{\"choices\":[]}"), &chunk, &usage, NULL),
             ERR_UPSTREAM_BODY);
    CHECK_EQ(openai_chunk_from_answer(&a, STR("{"), &chunk, &usage, NULL), ERR_BAD_JSON);
    arena_fini(&a);
}

TEST_MAIN(a_chat_answer_becomes_one_chunk, what_is_no_answer_is_refused)

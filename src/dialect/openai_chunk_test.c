#include "dialect/openai_chunk.h"

#include "dialect/arena_testing.h"

TEST(a_chat_answer_becomes_one_chunk)
{
    struct str chunk, usage;

    CHECK_EQ(
        openai_chunk_from_answer(
            &arena,
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
}

TEST(what_is_no_answer_is_refused)
{
    struct str chunk, usage;

    CHECK_EQ(openai_chunk_from_answer(&arena, STR("{\"choices\":[]}"), &chunk, &usage, NULL),
             ERR_UPSTREAM_BODY);
    CHECK_EQ(openai_chunk_from_answer(&arena, STR("{"), &chunk, &usage, NULL), ERR_BAD_JSON);
}

ARENA_TEST_MAIN(a_chat_answer_becomes_one_chunk, what_is_no_answer_is_refused)

#include "dialect/loss.h"

#include "dialect/arena_testing.h"

TEST(a_name_is_listed_once)
{
    struct loss_list list = {0};

    CHECK_EQ(loss_text(&arena, &list).n, 0);
    loss_add(&list, STR("seed"));
    loss_add(&list, STR("n"));
    loss_add(&list, STR("seed"));
    loss_add_under(&list, &arena, STR("tools"), STR("web_search"));
    CHECK_STR(loss_text(&arena, &list), "seed, n, tools.web_search");
}

TEST(a_name_cannot_break_a_header)
{
    struct loss_list list = {0};

    loss_add(&list, STR("evil\r\nx-admin: 1"));
    loss_add(&list, STR("\r\n"));
    loss_add_under(&list, &arena, STR("tools"), STR("na me"));
    CHECK_STR(loss_text(&arena, &list), "evil, tools.na");
}

TEST(the_list_is_bounded)
{
    struct loss_list list = {0};

    for (int i = 0; i < LOSS_MAX + 5; i++)
        loss_add(&list, arena_fmt(&arena, "n%d", i));
    CHECK_EQ(list.n, LOSS_MAX);
    CHECK(list.more);
    CHECK(str_ends(loss_text(&arena, &list), STR("n23, ...")));
}

TEST(each_client_reads_the_names_that_it_has_written)
{
    static const struct {
        enum dialect_id client;
        const char *told;
    } rows[] = {
        {DIALECT_OPENAI_CHAT, "seed, stop, reasoning_effort, user, logprobs, top_logprobs, odd"},
        {DIALECT_OPENAI_RESPONSES, "seed, stop, reasoning.effort, user, top_logprobs, odd"},
        {DIALECT_CLAUDE,
         "seed, stop_sequences, thinking, metadata.user_id, logprobs, top_logprobs, odd"},
        {DIALECT_GEMINI,
         "generationConfig.seed, generationConfig.stopSequences, generationConfig.thinkingConfig, "
         "user, generationConfig.responseLogprobs, generationConfig.logprobs, odd"},
    };
    static const char *const lost[] = {
        "seed", "stop", "reasoning_effort", "user", "logprobs", "top_logprobs", "odd"};
    struct loss_list list = {0};

    for (size_t i = 0; i < ARRAY_LEN(lost); i++)
        loss_add(&list, str_from(lost[i]));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_STR(loss_text_for(&arena, &list, rows[i].client), rows[i].told);
    list.more = true;
    CHECK(str_ends(loss_text_for(&arena, &list, DIALECT_CLAUDE), STR("odd, ...")));
}

ARENA_TEST_MAIN(a_name_is_listed_once, a_name_cannot_break_a_header, the_list_is_bounded,
                each_client_reads_the_names_that_it_has_written)

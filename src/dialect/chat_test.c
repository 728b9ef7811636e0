#include "dialect/arena_testing.h"
#include "dialect/chat_testing.h"

TEST(results_learn_the_names_of_their_calls)
{
    struct chat_request r = {0};
    struct chat_message *m = chat_add_message(&arena, &r, CHAT_ASSISTANT);
    struct chat_part *call = chat_add_part(&arena, &m->parts, CHAT_PART_TOOL_CALL), *result;

    call->call = (struct chat_tool_call){
        .id = STR("c1"), .name = STR("look"), .ns = STR("eyes"), .custom = true};
    m = chat_add_message(&arena, &r, CHAT_TOOL);
    result = chat_add_part(&arena, &m->parts, CHAT_PART_TOOL_RESULT);
    result->result.id = STR("c1");
    chat_add_part(&arena, &m->parts, CHAT_PART_TOOL_RESULT)->result.id = STR("unknown");
    chat_link_results(&r);
    CHECK_STR(result->result.name, "look");
    CHECK_STR(result->result.ns, "eyes");
    CHECK(result->result.custom);
    CHECK_EQ(result->next->result.name.n, 0);
}

TEST(a_data_url_is_taken_apart)
{
    struct str mime, data;

    CHECK(chat_read_data_url(STR("data:image/png;base64,AAAA"), &mime, &data));
    CHECK_STR(mime, "image/png");
    CHECK_STR(data, "AAAA");
    CHECK(chat_read_data_url(STR("DATA:text/plain;charset=utf-8;BASE64,QQ=="), &mime, &data));
    CHECK_STR(mime, "text/plain");
    CHECK(chat_read_data_url(STR("data:;base64,QQ=="), &mime, &data));
    CHECK_STR(mime, "");
    CHECK(!chat_read_data_url(STR("data:image/png,AAAA"), &mime, &data));
    CHECK(!chat_read_data_url(STR("data:image/png;base64"), &mime, &data));
    CHECK(!chat_read_data_url(STR("https://x/y.png"), &mime, &data));
    CHECK_STR(chat_media_url(&arena, &(struct chat_media){.mime = STR("a/b"), .data = STR("QQ==")}),
              "data:a/b;base64,QQ==");
    CHECK_STR(chat_media_url(&arena, &(struct chat_media){.url = STR("https://x/")}), "https://x/");
}

TEST(texts_are_joined)
{
    struct chat_parts parts = {0};

    CHECK_EQ(chat_text_of(&arena, &parts, STR("\n")).n, 0);
    (void)chat_add_text(&arena, &parts, STR("one"));
    CHECK(!chat_add_text(&arena, &parts, STR("")));
    CHECK_STR(chat_text_of(&arena, &parts, STR("\n")), "one");
    chat_add_part(&arena, &parts, CHAT_PART_IMAGE);
    (void)chat_add_text(&arena, &parts, STR("two"));
    CHECK_STR(chat_text_of(&arena, &parts, STR("\n")), "one\ntwo");
}

TEST(a_tool_in_a_namespace_is_found_by_its_flat_name)
{
    struct chat_request r = {0};
    struct chat_tool *tool = chat_add_tool(&arena, &r, CHAT_TOOL_FUNCTION);
    const struct str longer =
        STR("a-very-long-name-that-no-upstream-would-take-because-it-passes-the-limit");

    tool->ns = STR("mcp__files");
    tool->name = STR("read file");
    CHECK_STR(chat_flat_name(&arena, tool->ns, tool->name), "mcp__files__read_file");
    CHECK_STR(chat_flat_name(&arena, STR("mcp__files__"), STR("x")), "mcp__files__x");
    CHECK_STR(chat_flat_name(&arena, STR_NULL, STR("plain")), "plain");
    CHECK_EQ(chat_flat_name(&arena, STR_NULL, longer).n, 64);
    CHECK_STR(chat_flat_name(&arena, STR_NULL, STR_NULL), "tool");
    CHECK(chat_find_flat(&arena, &r, STR("mcp__files__read_file")) == tool);
    CHECK(!chat_find_flat(&arena, &r, STR("read file")));
    CHECK(!chat_find_flat(&arena, NULL, STR("x")));
}

TEST(a_users_name_that_is_too_long_becomes_its_hash)
{
    const struct str most = STR("0123456789012345678901234567890123456789012345678901234567890123");
    const struct str longer = str_concat(&arena, (struct str[]){most, STR("4")}, 2);

    CHECK_STR(chat_short_user(&arena, most), most.p);
    CHECK_STR(chat_short_user(&arena, longer),
              "52774b57c10e45040a61c14d35c1c8ebefe880082313aa0a21ebb077734cd067");
    CHECK_STR(chat_short_user(&arena, STR_NULL), "");
}

/* ---- the fold ---- */

static void fold_text(struct chat_fold *fold, enum chat_event_kind kind, const char *text)
{
    chat_emit_text(&(struct chat_sink){chat_fold_event, fold}, kind, 0, str_from(text));
}

static const struct chat_answer *answer_with_everything(size_t limit)
{
    struct chat_fold *fold = chat_fold_new(&arena, limit);
    const struct chat_sink sink = {chat_fold_event, fold};

    chat_emit(&sink, &(struct chat_event){.kind = CHAT_EVENT_START, .id = STR("a1")});
    fold_text(fold, CHAT_EVENT_REASONING, "hm");
    fold_text(fold, CHAT_EVENT_REASONING, "m");
    chat_emit(&sink, &(struct chat_event){.kind = CHAT_EVENT_STATE,
                                          .state = {.origin = DIALECT_CLAUDE, .value = STR("s1")}});
    fold_text(fold, CHAT_EVENT_REASONING, "more");
    fold_text(fold, CHAT_EVENT_TEXT, "O");
    fold_text(fold, CHAT_EVENT_TEXT, "k");
    for (unsigned tool = 0; tool < 2; tool++)
        chat_emit(&sink, &(struct chat_event){
                             .kind = CHAT_EVENT_TOOL_CALL,
                             .tool = tool,
                             .call = {.id = tool ? STR("c2") : STR("c1"), .name = STR("f")}});
    chat_emit(&sink, &(struct chat_event){
                         .kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = 0, .text = STR("{\"x\"")});
    chat_emit(&sink, &(struct chat_event){
                         .kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = 0, .text = STR(":1}")});
    chat_emit(&sink, &(struct chat_event){.kind = CHAT_EVENT_LOGPROBS, .raw = STR("[{\"a\":1}]")});
    chat_emit(&sink, &(struct chat_event){.kind = CHAT_EVENT_LOGPROBS, .raw = STR("[ ]")});
    chat_emit(&sink, &(struct chat_event){.kind = CHAT_EVENT_LOGPROBS, .raw = STR("[2]")});
    chat_emit_text(&sink, CHAT_EVENT_TEXT, 2, STR("third"));
    chat_emit_text(&sink, CHAT_EVENT_TEXT, 1, STR("second"));
    chat_emit_finish(&sink, 0, CHAT_FINISH_TOOL_CALLS);
    chat_emit_usage(&sink, &(struct usage){.prompt = 3, .completion = 4});
    chat_emit(&sink, &(struct chat_event){.kind = CHAT_EVENT_END});
    return chat_fold_answer(fold);
}

static const char everything[] =
    "{\"choices\":[{\"index\":0,\"parts\":["
    "{\"reasoning\":\"hmm\",\"origin\":2,\"state\":\"s1\"},{\"reasoning\":\"more\"},"
    "{\"text\":\"Ok\"},"
    "{\"call\":\"\",\"id\":\"c1\",\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"},"
    "{\"call\":\"\",\"id\":\"c2\",\"name\":\"f\",\"arguments\":\"{}\"}],"
    "\"finish\":\"tool_calls\",\"logprobs\":[{\"a\":1},2]},"
    "{\"index\":1,\"parts\":[{\"text\":\"second\"}],\"finish\":\"none\"},"
    "{\"index\":2,\"parts\":[{\"text\":\"third\"}],\"finish\":\"none\"}],"
    "\"prompt\":3,\"completion\":4,\"cached\":0,\"cache_write\":0,\"reasoning\":0}";

TEST(pieces_become_parts)
{
    const struct chat_answer *answer = answer_with_everything(TESTING_LIMIT);

    CHECK_STR(testing_answer_text(&arena, answer), everything);
    CHECK_STR(answer->id, "a1");
    CHECK(answer->has_end && !answer->too_large && !answer->has_error);
}

TEST(an_answer_unfolds_into_the_events_that_made_it)
{
    struct chat_fold *again = chat_fold_new(&arena, TESTING_LIMIT);

    chat_unfold(answer_with_everything(TESTING_LIMIT), &(struct chat_sink){chat_fold_event, again});
    CHECK_STR(testing_answer_text(&arena, chat_fold_answer(again)), everything);
}

TEST(an_answer_that_is_too_large_says_so)
{
    struct chat_fold *fold = chat_fold_new(&arena, 1024);

    CHECK(answer_with_everything(2000)->too_large);
    CHECK(answer_with_everything(0)->too_large);
    fold_text(fold, CHAT_EVENT_TEXT, "short");
    CHECK(!chat_fold_too_large(fold));
    for (int i = 0; i < 100; i++)
        fold_text(fold, CHAT_EVENT_TEXT, "a piece");
    CHECK(chat_fold_too_large(fold));
}

ARENA_TEST_MAIN(results_learn_the_names_of_their_calls, a_data_url_is_taken_apart, texts_are_joined,
                a_tool_in_a_namespace_is_found_by_its_flat_name,
                a_users_name_that_is_too_long_becomes_its_hash, pieces_become_parts,
                an_answer_unfolds_into_the_events_that_made_it, an_answer_that_is_too_large_says_so)

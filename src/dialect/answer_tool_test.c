/* A schema as the only tool, and its call as the text of the answer. */
#include "dialect/answer_tool.h"

#include "dialect/request_testing.h"

static struct chat_request asking(const char *schema)
{
    struct chat_request r = {.format = CHAT_FORMAT_SCHEMA, .schema = str_from(schema)};

    (void)say(&r, CHAT_USER, "hi");
    return r;
}

TEST(the_schema_becomes_the_only_tool)
{
    struct chat_request r = asking("{\"type\":\"object\",\"properties\":{}}");

    r.schema_description = STR("All that is known.");
    CHECK(answer_tool_force(&arena, &r));
    CHECK(r.answer_tool);
    CHECK(r.tools && !r.tools->next);
    CHECK_STR(r.tools->parameters, "{\"type\":\"object\",\"properties\":{}}");
    CHECK_STR(r.tools->description, "All that is known.");
    CHECK_EQ(r.choice, CHAT_CHOICE_TOOL);
    CHECK_STR(r.choice_name, "answer");
    CHECK_STR(r.tools->name, "answer");
    CHECK_EQ(r.parallel_tools, CHAT_NO);
    CHECK_EQ(r.format, CHAT_FORMAT_UNSET);
}

TEST(no_tool_is_made_of_what_cannot_be_one)
{
    static const char *const schemas[] = {
        "{\"type\":\"array\"}",
        "{\"type\":[\"object\",\"null\"]}",
        "{\"type\":\"object\",\"anyOf\":[]}",
        "{\"type\":\"object\",\"oneOf\":[]}",
        "{\"type\":\"object\",\"allOf\":[]}",
        "{\"$ref\":\"#/$defs/a\"}",
        "{}",
        "true",
        "",
    };

    for (size_t i = 0; i < ARRAY_LEN(schemas); i++) {
        struct chat_request r = asking(schemas[i]);

        CHECK(!answer_tool_force(&arena, &r));
        CHECK(!r.answer_tool && !r.tools);
        CHECK_EQ(r.format, CHAT_FORMAT_SCHEMA);
    }
}

TEST(a_client_with_tools_keeps_its_choice)
{
    struct chat_request r = asking("{\"type\":\"object\"}");

    (void)add_tool(&r, "f", "{}");
    CHECK(!answer_tool_force(&arena, &r));
    CHECK(r.tools && !r.tools->next);
    CHECK_EQ(r.choice, CHAT_CHOICE_UNSET);
}

/* The model is to go on with words that it cannot go on with by a call. */
TEST(an_answer_that_has_begun_is_no_call)
{
    struct chat_request r = asking("{\"type\":\"object\"}");

    (void)say(&r, CHAT_ASSISTANT, "{");
    (void)chat_add_message(&arena, &r, CHAT_SYSTEM);
    CHECK(!answer_tool_force(&arena, &r));
    (void)chat_add_message(&arena, &r, CHAT_USER);
    CHECK(answer_tool_force(&arena, &r));
}

TEST(only_a_schema_is_made_a_tool)
{
    struct chat_request r = asking("{\"type\":\"object\"}");

    r.format = CHAT_FORMAT_JSON;
    CHECK(!answer_tool_force(&arena, &r));
    CHECK(!r.tools);
}

/* ---- the answer ---- */

/* The events as the client gets them, by their letters. */
static struct str told(const struct chat_event *events, size_t n)
{
    static const char letters[] = {
        [CHAT_EVENT_START] = 'S',  [CHAT_EVENT_TEXT] = 'T',           [CHAT_EVENT_REASONING] = 'R',
        [CHAT_EVENT_FINISH] = 'F', [CHAT_EVENT_USAGE] = 'U',          [CHAT_EVENT_TOOL_CALL] = 'C',
        [CHAT_EVENT_END] = 'E',    [CHAT_EVENT_TOOL_ARGUMENTS] = 'A',
    };
    struct answer_tool tool = {0};
    struct str all = STR("");

    for (size_t i = 0; i < n; i++) {
        struct chat_event ev = events[i];
        struct str letter;

        if (!answer_tool_event(&tool, &ev))
            continue;
        letter = str_make(&letters[ev.kind], 1);
        all = str_concat(&arena, (struct str[]){all, letter, ev.text}, 3);
        if (ev.kind == CHAT_EVENT_FINISH)
            all = arena_fmt(&arena, "%.*s%d", STR_ARG(all), (int)ev.finish);
    }
    return all;
}

TEST(the_call_is_the_text)
{
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_START},
        {.kind = CHAT_EVENT_TOOL_CALL, .tool = 0, .call.name = STR("answer")},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = 0, .text = STR("{\"a\":")},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = 0, .text = STR("1}")},
        {.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_TOOL_CALLS},
        {.kind = CHAT_EVENT_USAGE},
        {.kind = CHAT_EVENT_END},
    };

    CHECK_STR(told(events, ARRAY_LEN(events)),
              arena_fmt(&arena, "ST{\"a\":T1}F%dUE", (int)CHAT_FINISH_STOP).p);
}

/* Two answers in one text would be none. */
TEST(a_second_call_is_no_answer)
{
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_TOOL_CALL, .tool = 3},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = 3, .text = STR("{}")},
        {.kind = CHAT_EVENT_TOOL_CALL, .tool = 4},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = 4, .text = STR("[]")},
        {.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_LENGTH},
    };

    CHECK_STR(told(events, ARRAY_LEN(events)),
              arena_fmt(&arena, "T{}F%d", (int)CHAT_FINISH_LENGTH).p);
}

/* Some models talk in place of calling. */
TEST(what_is_said_without_a_call_stays)
{
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_TEXT, .text = STR("{}")},
        {.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_STOP},
    };

    CHECK_STR(told(events, ARRAY_LEN(events)),
              arena_fmt(&arena, "T{}F%d", (int)CHAT_FINISH_STOP).p);
}

ARENA_TEST_MAIN(the_schema_becomes_the_only_tool, no_tool_is_made_of_what_cannot_be_one,
                a_client_with_tools_keeps_its_choice, an_answer_that_has_begun_is_no_call,
                only_a_schema_is_made_a_tool, the_call_is_the_text, a_second_call_is_no_answer,
                what_is_said_without_a_call_stays)

/* Requests for upstreams of Anthropic's dialect, written feature by feature. */
#include "dialect/chat_testing.h"
#include "dialect/request_testing.h"

static const struct chat_request *read(const char *body)
{
    return testing_read_request(&dialect_claude, &arena, str_from(body), &losses);
}

/* A request of another dialect to begin with. */
static struct chat_request *foreign(void)
{
    return new_request(DIALECT_OPENAI_CHAT, "M");
}

static void check_written(const struct chat_request *r, const char *want)
{
    testing_check_json(&arena, testing_write_request(&dialect_claude, &arena, r, &losses), want);
}

/* A member of what is written; STR_NULL: absent. */
static struct str written(const struct chat_request *r, const char *member)
{
    struct str text = testing_write_request(&dialect_claude, &arena, r, &losses);
    struct str key = str_from(member), found;

    CHECK_EQ(json_find_members(text, &key, &found, 1, NULL), ERR_OK);
    return found;
}

static void check_member(const struct chat_request *r, const char *member, const char *want)
{
    struct str found = written(r, member);

    if (!want)
        CHECK(!found.p);
    else
        testing_check_json(&arena, found, want);
}

TEST(the_worked_example_is_written)
{
    struct chat_request *r = foreign();
    struct chat_part *image;

    r->max_tokens = 100;
    r->temperature = STR("0.2");
    r->stop = &(struct str){"END", 3};
    r->stop_count = 1;
    say(r, CHAT_SYSTEM, "Be brief.");
    say(r, CHAT_USER, "What is this?");
    image = chat_add_part(&arena, &r->last_message->parts, CHAT_PART_IMAGE);
    image->media = (struct chat_media){.mime = STR("image/png"), .data = STR("AAAA")};
    add_call(r, "call_1", "look", "{\"q\":\"cat\"}");
    add_result(r, "call_1", "a cat");
    say(r, CHAT_USER, "And now?");
    add_tool(r, "look",
             "{\"type\":\"object\",\"properties\":{\"q\":{\"type\":\"string\"}},"
             "\"required\":[\"q\"]}");
    r->choice = CHAT_CHOICE_REQUIRED;
    check_written(
        r, "{\"model\":\"M\",\"max_tokens\":100,\"temperature\":0.2,\"stop_sequences\":[\"END\"],"
           "\"system\":[{\"type\":\"text\",\"text\":\"Be brief.\"}],\"messages\":["
           "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"What is this?\"},"
           "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\","
           "\"data\":\"AAAA\"}}]},"
           "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"call_1\","
           "\"name\":\"look\",\"input\":{\"q\":\"cat\"}}]},"
           "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"call_1\","
           "\"content\":\"a cat\"},{\"type\":\"text\",\"text\":\"And now?\"}]}],"
           "\"tools\":[{\"name\":\"look\",\"input_schema\":{\"type\":\"object\",\"properties\":"
           "{\"q\":{\"type\":\"string\"}},\"required\":[\"q\"]}}],\"tool_choice\":{\"type\":"
           "\"any\"}}");
    check_losses("");
}

/* Claude looks at every image in the same way. */
TEST(how_closely_an_image_shall_be_looked_at_is_lost)
{
    static const struct {
        const char *detail, *lost;
    } rows[] = {{"", ""}, {"auto", ""}, {"low", "messages.content.image_url.detail"}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct chat_request *r = foreign();
        struct chat_part *image;

        say(r, CHAT_USER, "What is this?");
        image = chat_add_part(&arena, &r->last_message->parts, CHAT_PART_IMAGE);
        image->media = (struct chat_media){
            .mime = STR("image/png"), .data = STR("AAAA"), .detail = str_from(rows[i].detail)};
        losses = (struct loss_list){0};
        check_member(r, "max_tokens", "8192");
        check_losses(rows[i].lost);
    }
}

TEST(turns_alternate_and_the_user_begins)
{
    struct chat_request *r = foreign();

    say(r, CHAT_DEVELOPER, "D");
    say(r, CHAT_ASSISTANT, "hello ");
    say(r, CHAT_USER, "a");
    chat_add_message(&arena, r, CHAT_ASSISTANT); /* says nothing: no turn */
    say(r, CHAT_SYSTEM, "S");
    say(r, CHAT_USER, "b");
    say(r, CHAT_ASSISTANT, "   ");
    say(r, CHAT_ASSISTANT, "go on \n");
    check_member(r, "system",
                 "[{\"type\":\"text\",\"text\":\"D\"},{\"type\":\"text\",\"text\":\"S\"}]");
    check_member(r, "messages",
                 "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"...\"}]},"
                 "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"hello \"}]},"
                 "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
                 "{\"type\":\"text\",\"text\":\"b\"}]},"
                 "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"go on\"}]}]");
}

TEST(a_system_message_among_the_turns_stays_there_for_its_own_dialect)
{
    const struct chat_request *r =
        read("{\"system\":\"S\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
             "{\"role\":\"system\",\"content\":\"b\"},{\"role\":\"user\",\"content\":\"c\"}]}");

    check_member(r, "system", "[{\"type\":\"text\",\"text\":\"S\"}]");
    check_member(r, "messages",
                 "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]},"
                 "{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"b\"}]},"
                 "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"c\"}]}]");
}

TEST(a_request_without_words_still_has_a_turn)
{
    struct chat_request *r = foreign();

    say(r, CHAT_SYSTEM, "S");
    check_member(r, "messages",
                 "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"...\"}]}]");
    chat_add_message(&arena, r, CHAT_USER);
    check_member(r, "messages",
                 "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"...\"}]}]");
}

TEST(results_stand_first_in_one_turn)
{
    struct chat_request *r = foreign();
    struct chat_part *part;

    say(r, CHAT_USER, "q");
    add_call(r, "a.1", "f", "");
    add_call(r, "b", "f", "not json");
    part = add_call(r, "c", "draw", "free text");
    part->call.custom = true;
    part->cache = STR("{\"type\":\"ephemeral\"}");
    add_result(r, "a.1", "one");
    say(r, CHAT_USER, "wait");
    part = add_result(r, "b", "two");
    part->result.is_error = true;
    chat_add_text(&arena, &part->result.parts, STR("more"));
    part->result.parts.first->cache = STR("{}"); /* not inside a result */
    chat_add_part(&arena, &chat_add_message(&arena, r, CHAT_TOOL)->parts, CHAT_PART_TOOL_RESULT)
        ->result.id = STR("c");
    check_member(
        r, "messages",
        "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"q\"}]},"
        "{\"role\":\"assistant\",\"content\":["
        "{\"type\":\"tool_use\",\"id\":\"a_1_aadcf1f3\",\"name\":\"f\",\"input\":{}},"
        "{\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"f\",\"input\":{\"input\":\"not json\"}},"
        "{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"draw\",\"input\":{\"input\":\"free text\"},"
        "\"cache_control\":{\"type\":\"ephemeral\"}}]},"
        "{\"role\":\"user\",\"content\":["
        "{\"type\":\"tool_result\",\"tool_use_id\":\"a_1_aadcf1f3\",\"content\":\"one\"},"
        "{\"type\":\"tool_result\",\"tool_use_id\":\"b\",\"is_error\":true,\"content\":["
        "{\"type\":\"text\",\"text\":\"two\"},{\"type\":\"text\",\"text\":\"more\"}]},"
        "{\"type\":\"tool_result\",\"tool_use_id\":\"c\"},"
        "{\"type\":\"text\",\"text\":\"wait\"}]}]");
    /* A history with calls needs tools. */
    check_member(r, "tools",
                 "[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\",\"properties\":{}}},"
                 "{\"name\":\"draw\",\"input_schema\":{\"type\":\"object\",\"properties\":{}}}]");
    check_member(r, "tool_choice", "{\"type\":\"none\"}");
}

TEST(only_signed_thoughts_of_its_own_go_back)
{
    struct chat_request *r = foreign();
    struct chat_message *m;
    struct chat_part *part;

    say(r, CHAT_USER, "q");
    m = chat_add_message(&arena, r, CHAT_ASSISTANT);
    chat_add_part(&arena, &m->parts, CHAT_PART_REASONING)->text = STR("unsigned");
    part = chat_add_part(&arena, &m->parts, CHAT_PART_REASONING);
    part->text = STR("signed");
    part->state = (struct chat_state){.origin = DIALECT_CLAUDE, .value = STR("s")};
    part = chat_add_part(&arena, &m->parts, CHAT_PART_REASONING);
    part->state =
        (struct chat_state){.origin = DIALECT_CLAUDE, .value = STR("d"), .redacted = true};
    part = chat_add_part(&arena, &m->parts, CHAT_PART_REASONING);
    part->text = STR("foreign");
    part->state = (struct chat_state){.origin = DIALECT_GEMINI, .value = STR("g")};
    chat_add_text(&arena, &m->parts, STR("A"));
    say(r, CHAT_USER, "q2");
    check_member(r, "messages",
                 "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"q\"}]},"
                 "{\"role\":\"assistant\",\"content\":["
                 "{\"type\":\"thinking\",\"thinking\":\"signed\",\"signature\":\"s\"},"
                 "{\"type\":\"redacted_thinking\",\"data\":\"d\"},"
                 "{\"type\":\"text\",\"text\":\"A\"}]},"
                 "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"q2\"}]}]");
}

TEST(media_are_written_by_what_they_are)
{
    static const struct {
        enum chat_part_kind kind;
        struct chat_media media;
        const char *want;
    } rows[] = {
        {CHAT_PART_IMAGE,
         {.mime = STR_INIT("image/png"), .data = STR_INIT("/9j/AA")},
         "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/jpeg\","
         "\"data\":\"/9j/AA\"}}"},
        {CHAT_PART_IMAGE,
         {.url = STR_INIT("https://x/")},
         "{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://x/\"}}"},
        {CHAT_PART_IMAGE,
         {.file_id = STR_INIT("f"), .origin = DIALECT_CLAUDE},
         "{\"type\":\"image\",\"source\":{\"type\":\"file\",\"file_id\":\"f\"}}"},
        {CHAT_PART_FILE,
         {.data = STR_INIT("JVBERi0x"), .name = STR_INIT("a.pdf")},
         "{\"type\":\"document\",\"title\":\"a.pdf\",\"source\":{\"type\":\"base64\","
         "\"media_type\":\"application/pdf\",\"data\":\"JVBERi0x\"}}"},
        {CHAT_PART_FILE,
         {.mime = STR_INIT("application/octet-stream"),
          .data = STR_INIT("YSxi"),
          .name = STR_INIT("T.CSV")},
         "{\"type\":\"document\",\"title\":\"T.CSV\",\"source\":{\"type\":\"text\","
         "\"media_type\":\"text/plain\",\"data\":\"a,b\"}}"},
        {CHAT_PART_FILE,
         {.text = STR_INIT("words")},
         "{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/plain\","
         "\"data\":\"words\"}}"},
        {CHAT_PART_FILE,
         {.url = STR_INIT("https://x/a.pdf")},
         "{\"type\":\"document\",\"source\":{\"type\":\"url\",\"url\":\"https://x/a.pdf\"}}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct chat_request *r = foreign();
        struct chat_message *m = chat_add_message(&arena, r, CHAT_USER);

        chat_add_part(&arena, &m->parts, rows[i].kind)->media = rows[i].media;
        check_member(r, "messages",
                     arena_fmt(&arena, "[{\"role\":\"user\",\"content\":[%s]}]", rows[i].want).p);
    }
}

TEST(what_the_model_cannot_take_is_refused)
{
    static const struct {
        enum chat_part_kind kind;
        struct chat_media media;
        const char *message;
    } rows[] = {
        {CHAT_PART_AUDIO,
         {.data = STR_INIT("AAAA")},
         "this model cannot take sound (messages.content.input_audio)"},
        {CHAT_PART_VIDEO,
         {.url = STR_INIT("https://x/")},
         "this model cannot take video (messages.content.video_url)"},
        {CHAT_PART_FILE,
         {.mime = STR_INIT("application/zip"), .data = STR_INIT("UEsDBA==")},
         "this model cannot take a file of this kind (messages.content.file)"},
        {CHAT_PART_FILE,
         {.file_id = STR_INIT("f"), .origin = DIALECT_OPENAI_CHAT},
         "this model cannot take a file that another provider keeps (messages.content.file)"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct chat_request *r = foreign();
        struct chat_message *m = chat_add_message(&arena, r, CHAT_USER);
        const struct request_conf conf = {.arena = &arena, .losses = &losses};
        struct err err = {0};
        struct sb sb;

        sb_init(&sb, 4096);
        chat_add_part(&arena, &m->parts, rows[i].kind)->media = rows[i].media;
        CHECK_EQ(dialect_claude.write_request(&conf, r, &sb, &err), ERR_BAD_REQUEST);
        CHECK_STR(str_from(err.msg), rows[i].message);
        sb_fini(&sb);
    }
}

TEST(what_an_assistant_showed_is_a_loss)
{
    struct chat_request *r = foreign();
    struct chat_message *m;

    say(r, CHAT_USER, "q");
    m = chat_add_message(&arena, r, CHAT_ASSISTANT);
    chat_add_part(&arena, &m->parts, CHAT_PART_IMAGE)->media.url = STR("https://x/");
    chat_add_part(&arena, &m->parts, CHAT_PART_AUDIO)->media.text = STR("spoken");
    check_member(r, "messages",
                 "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"q\"}]},"
                 "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"spoken\"}]}]");
    check_losses("messages.content.image_url");
}

TEST(tools_are_written_by_their_kind)
{
    struct chat_request *r = foreign();
    struct chat_tool *tool;

    tool = add_tool(r, "f", "{\"properties\":{\"a\":{\"minimum\":1}}}");
    tool->description = STR("d");
    tool->cache = STR("{\"type\":\"ephemeral\"}");
    (void)add_tool(r, "my.tool", "");
    tool = add_tool(r, "inner", "{ }");
    tool->ns = STR("crm");
    tool = add_tool(r, "s", "{\"type\":\"object\",\"properties\":{\"a\":{\"minimum\":1}}}");
    tool->strict = STR("true");
    tool = chat_add_tool(&arena, r, CHAT_TOOL_CUSTOM);
    tool->name = STR("draw");
    tool->parameters = STR("{\"type\":\"grammar\"}");
    tool = chat_add_tool(&arena, r, CHAT_TOOL_WEB_SEARCH);
    tool->search_size = STR("high");
    tool->search_location = STR("{\"city\":\"Bern\",\"region\":null}");
    chat_add_tool(&arena, r, CHAT_TOOL_WEB_SEARCH);
    chat_add_tool(&arena, r, CHAT_TOOL_WEB_FETCH)->max_uses = 3;
    chat_add_tool(&arena, r, CHAT_TOOL_CODE);
    chat_add_tool(&arena, r, CHAT_TOOL_OTHER)->type = STR("image_generation");
    check_member(
        r, "tools",
        "[{\"name\":\"f\",\"description\":\"d\",\"input_schema\":{\"type\":\"object\","
        "\"properties\":{\"a\":{\"minimum\":1}}},\"cache_control\":{\"type\":\"ephemeral\"}},"
        "{\"name\":\"my_tool\",\"input_schema\":{\"type\":\"object\",\"properties\":{}}},"
        "{\"name\":\"crm__inner\",\"input_schema\":{\"type\":\"object\",\"properties\":{}}},"
        "{\"name\":\"s\",\"strict\":true,\"input_schema\":{\"type\":\"object\",\"properties\":"
        "{\"a\":{}},\"additionalProperties\":false}},"
        "{\"name\":\"draw\",\"input_schema\":{\"type\":\"object\",\"properties\":{\"input\":"
        "{\"type\":\"string\"}},\"required\":[\"input\"]}},"
        "{\"type\":\"web_search_20250305\",\"name\":\"web_search\",\"max_uses\":10,"
        "\"user_location\":{\"type\":\"approximate\",\"city\":\"Bern\"}},"
        "{\"type\":\"web_fetch_20250910\",\"name\":\"web_fetch\",\"max_uses\":3},"
        "{\"type\":\"code_execution_20250825\",\"name\":\"code_execution\"}]");
    check_losses("tools.custom.format, tools.image_generation");
}

TEST(the_choice_of_tools_is_written)
{
    struct chat_request *r = foreign();

    r->choice = CHAT_CHOICE_AUTO;
    check_member(r, "tool_choice", NULL); /* without tools it is refused */
    add_tool(r, "f", "{\"type\":\"object\"}");
    check_member(r, "tool_choice", "{\"type\":\"auto\"}");
    r->choice = CHAT_CHOICE_TOOL;
    r->choice_name = STR("f");
    check_member(r, "tool_choice", "{\"type\":\"tool\",\"name\":\"f\"}");
    r->parallel_tools = CHAT_NO;
    r->choice = CHAT_CHOICE_NONE;
    check_member(r, "tool_choice", "{\"type\":\"none\"}");
    r->choice = CHAT_CHOICE_UNSET;
    check_member(r, "tool_choice", "{\"type\":\"auto\",\"disable_parallel_tool_use\":true}");
    r->parallel_tools = CHAT_YES;
    check_member(r, "tool_choice", NULL);
    add_tool(r, "g", "{\"type\":\"object\"}");
    r->allowed = &(struct str){"g", 1};
    r->allowed_count = 1;
    check_member(r, "tools", "[{\"name\":\"g\",\"input_schema\":{\"type\":\"object\"}}]");
}

TEST(an_effort_becomes_a_budget)
{
    static const struct {
        const char *effort;
        int64_t max_tokens, budget, written_max;
    } rows[] = {
        {"minimal", 8000, 1024, 8000}, {"low", 8000, 1280, 8000},    {"medium", 8000, 2048, 8000},
        {"high", 8000, 4096, 8000},    {"high", 1000, 4096, 5096},   {"xhigh", 10000, 9000, 10000},
        {"max", 1000, 4096, 5096},     {"medium", 2048, 2048, 4096},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct chat_request *r = foreign();

        r->max_tokens = rows[i].max_tokens;
        r->reasoning.effort = str_from(rows[i].effort);
        check_member(r, "thinking",
                     arena_fmt(&arena, "{\"type\":\"enabled\",\"budget_tokens\":%" PRId64 "}",
                               rows[i].budget)
                         .p);
        check_member(r, "max_tokens", arena_fmt(&arena, "%" PRId64, rows[i].written_max).p);
        check_member(r, "output_config", NULL);
    }
}

TEST(thinking_is_written_as_it_was_meant)
{
    struct chat_request *r = foreign();

    check_member(r, "thinking", NULL);
    check_member(r, "max_tokens", "8192");
    r->reasoning.effort = STR("none");
    check_member(r, "thinking", "{\"type\":\"disabled\"}");
    r->reasoning = (struct chat_reasoning){.budget = 10, .enabled = CHAT_YES};
    check_member(r, "thinking", "{\"type\":\"enabled\",\"budget_tokens\":1024}");
    r->reasoning = (struct chat_reasoning){.budget = 9000, .visible = CHAT_NO};
    check_member(r, "thinking",
                 "{\"type\":\"enabled\",\"budget_tokens\":9000,\"display\":\"omitted\"}");
    check_member(r, "max_tokens", "17192");
    r->reasoning = (struct chat_reasoning){.budget = -1, .enabled = CHAT_YES};
    check_member(r, "thinking", "{\"type\":\"enabled\",\"budget_tokens\":2048}");
    r->reasoning = (struct chat_reasoning){
        .budget = -1, .adaptive = true, .effort = STR("minimal"), .visible = CHAT_YES};
    check_member(r, "thinking", "{\"type\":\"adaptive\",\"display\":\"summarized\"}");
    check_member(r, "output_config", "{\"effort\":\"low\"}");
    check_losses("");
}

TEST(extras_go_back_to_their_own_dialect)
{
    const struct chat_request *r =
        read("{\"cache_control\":{\"type\":\"ephemeral\"},\"container\":\"c\",\"messages\":[]}");

    check_member(r, "container", "\"c\"");
    check_member(r, "cache_control", "{\"type\":\"ephemeral\"}");
    check_losses("");
}

TEST(an_effort_of_its_own_stays_one)
{
    const struct chat_request *r =
        read("{\"output_config\":{\"effort\":\"xhigh\",\"task_budget\":1},\"messages\":[]}");

    check_member(r, "thinking", NULL);
    check_member(r, "output_config", "{\"effort\":\"xhigh\",\"task_budget\":1}");
    check_member(r, "output_config.task_budget", NULL);
}

TEST(thinking_leaves_no_room_for_other_sampling)
{
    struct chat_request *r = foreign();

    r->reasoning.budget = 2000;
    r->temperature = STR("0.2");
    r->top_p = STR("0.5");
    r->top_k = STR("3");
    check_member(r, "temperature", NULL);
    check_member(r, "top_p", NULL);
    check_member(r, "top_k", NULL);
    check_losses("temperature, top_p, top_k");
    losses = (struct loss_list){0};
    r->temperature = STR("1.5");
    r->top_p = STR("0.97");
    r->top_k = STR_NULL;
    check_member(r, "temperature", "1");
    check_member(r, "top_p", "0.97");
    check_losses("");
}

TEST(who_must_call_a_tool_does_not_think)
{
    struct chat_request *r = foreign();

    r->reasoning.budget = 2000;
    r->choice = CHAT_CHOICE_REQUIRED;
    check_member(r, "thinking", "{\"type\":\"enabled\",\"budget_tokens\":2000}"); /* no tools */
    add_tool(r, "f", "{\"type\":\"object\"}");
    check_member(r, "thinking", NULL);
    check_member(r, "tool_choice", "{\"type\":\"any\"}");
    check_losses("reasoning_effort");
    r->reasoning = (struct chat_reasoning){.budget = -1, .adaptive = true, .effort = STR("high")};
    check_member(r, "thinking", NULL);
    check_member(r, "output_config", "{\"effort\":\"high\"}");
    r->choice = CHAT_CHOICE_AUTO;
    check_member(r, "thinking", "{\"type\":\"adaptive\"}");
}

TEST(a_budget_becomes_an_effort_where_the_model_takes_no_budget)
{
    static const struct {
        int64_t budget;
        const char *config;
    } rows[] = {{1024, "{\"effort\":\"low\"}"},
                {2048, "{\"effort\":\"low\"}"},
                {8192, "{\"effort\":\"medium\"}"},
                {8193, "{\"effort\":\"high\"}"},
                {-1, NULL}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct chat_request *r = foreign();

        r->reasoning = (struct chat_reasoning){.budget = rows[i].budget, .adaptive = true};
        check_member(r, "thinking", "{\"type\":\"adaptive\"}");
        check_member(r, "output_config", rows[i].config);
        check_member(r, "max_tokens", "8192");
    }
}

TEST(a_budget_needs_a_signed_thought_in_an_open_tool_loop)
{
    struct chat_request *r = foreign();
    struct chat_part *part;
    struct chat_message *m;

    r->reasoning.effort = STR("low");
    say(r, CHAT_USER, "q");
    m = chat_add_message(&arena, r, CHAT_ASSISTANT);
    part = chat_add_part(&arena, &m->parts, CHAT_PART_REASONING);
    part->text = STR("hm");
    part = chat_add_part(&arena, &m->parts, CHAT_PART_TOOL_CALL);
    part->call = (struct chat_tool_call){.id = STR("c"), .name = STR("f")};
    add_result(r, "c", "x");
    check_member(r, "thinking", NULL);
    check_losses("reasoning_effort");
    m->parts.first->state = (struct chat_state){.origin = DIALECT_CLAUDE, .value = STR("s")};
    check_member(r, "thinking", "{\"type\":\"enabled\",\"budget_tokens\":1280}");
    m->parts.first->state = (struct chat_state){0};
    say(r, CHAT_ASSISTANT, "done");
    say(r, CHAT_USER, "next"); /* the loop is over */
    check_member(r, "thinking", "{\"type\":\"enabled\",\"budget_tokens\":1280}");
    say(r, CHAT_ASSISTANT, "I think");
    check_member(r, "thinking", NULL);
}

TEST(sampling_is_held_within_the_limits)
{
    struct chat_request *r = foreign();
    static struct str stops[] = {STR_INIT(" \n"), STR_INIT("")};

    r->temperature = STR("1.7");
    r->top_p = STR("0.9");
    r->top_k = STR("3");
    r->stop = stops;
    r->stop_count = 2;
    check_member(r, "temperature", "1");
    check_member(r, "top_p", "0.9");
    check_member(r, "top_k", "3");
    check_member(r, "stop_sequences", NULL);
    r->temperature = STR("0");
    check_member(r, "temperature", "0");
}

TEST(the_form_of_the_answer_is_asked_for)
{
    struct chat_request *r = foreign();

    r->format = CHAT_FORMAT_JSON;
    check_member(r, "system",
                 "[{\"type\":\"text\",\"text\":"
                 "\"Answer with one valid JSON object and nothing else: no explanation, no code "
                 "fence.\"}]");
    check_member(r, "output_config", NULL);
    r->format = CHAT_FORMAT_SCHEMA;
    r->schema =
        STR("{\"type\":\"object\",\"title\":\"T\",\"properties\":{"
            "\"a\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"d\"},"
            "\"b\":{\"oneOf\":[{\"type\":\"string\",\"format\":\"email\",\"maxLength\":3},"
            "{\"type\":\"string\",\"format\":\"odd\"}]},"
            "\"c\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/d\"},\"minItems\":2},"
            "\"e\":{\"type\":[\"object\",\"null\"],\"additionalProperties\":{\"type\":\"string\"}},"
            "\"minimum\":true},\"required\":[\"a\"],"
            "\"$defs\":{\"d\":{\"properties\":{},\"patternProperties\":{}}}}");
    check_member(
        r, "output_config",
        "{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\",\"title\":\"T\","
        "\"required\":[\"a\"],\"properties\":{"
        "\"a\":{\"type\":\"integer\",\"description\":\"d\"},"
        "\"b\":{\"anyOf\":[{\"type\":\"string\",\"format\":\"email\"},{\"type\":\"string\"}]},"
        "\"c\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/d\"}},"
        "\"e\":{\"type\":[\"object\",\"null\"],\"additionalProperties\":false},\"minimum\":{}},"
        "\"$defs\":{\"d\":{\"properties\":{},\"additionalProperties\":false}},"
        "\"additionalProperties\":false}}}");
    check_member(r, "system", NULL);
}

/* With what the client says to the model itself in front. */
TEST(a_schema_is_told_to_a_model_that_knows_none)
{
    struct chat_request *r = foreign();
    const struct request_conf conf = {.arena = &arena, .losses = &losses, .tells_schema = true};
    struct sb out;

    (void)say(r, CHAT_SYSTEM, "Be kind.");
    (void)say(r, CHAT_USER, "hi");
    r->format = CHAT_FORMAT_SCHEMA;
    r->schema = STR("{\"type\":\"array\"}");
    sb_init(&out, 1 << 16);
    CHECK_EQ(dialect_claude.write_request(&conf, r, &out, NULL), ERR_OK);
    testing_check_json(
        &arena, sb_str(&out),
        "{\"model\":\"M\",\"max_tokens\":8192,\"system\":[{\"type\":\"text\",\"text\":\"Be "
        "kind.\"},"
        "{\"type\":\"text\",\"text\":\"Answer with one JSON value and nothing else: no "
        "explanation, no "
        "code fence. It must follow this JSON Schema:\\n{\\\"type\\\":\\\"array\\\"}\"}],"
        "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}]}");
    check_losses("");
    sb_fini(&out);
}

TEST(small_members_are_translated)
{
    struct chat_request *r = foreign();

    r->user = STR("u");
    r->service_tier = STR("default");
    check_member(r, "metadata", "{\"user_id\":\"u\"}");
    check_member(r, "service_tier", "\"standard_only\"");
    check_losses("");
    r->service_tier = STR("priority");
    check_member(r, "service_tier", NULL);
    check_losses("service_tier");
}

static int marks_in(struct str text)
{
    int marks = 0;

    for (ptrdiff_t at; (at = str_find(text, STR("cache_control"))) >= 0; marks++)
        text = str_skip(text, (size_t)at + 1);
    return marks;
}

TEST(marks_beyond_the_fourth_are_left_out)
{
    struct chat_request *r = foreign();

    for (int i = 0; i < 6; i++)
        say(r, CHAT_USER, "x")->parts.first->cache = STR("{\"type\":\"ephemeral\"}");
    CHECK_EQ(marks_in(written(r, "messages")), 4);
    check_losses("cache_control");
}

TEST(marks_of_raw_tools_count)
{
    struct chat_request *r = foreign();

    r->dialect = DIALECT_CLAUDE;
    for (int i = 0; i < 5; i++) {
        struct chat_tool *tool = add_tool(r, "f", "{}");

        tool->cache = STR("{}");
        tool->raw = STR("{\"name\":\"f\",\"input_schema\":{},\"cache_control\":{}}");
    }
    say(r, CHAT_USER, "x")->parts.first->cache = STR("{\"type\":\"ephemeral\"}");
    CHECK_EQ(marks_in(written(r, "tools")), 5); /* as the client wrote them */
    CHECK_EQ(marks_in(written(r, "messages")), 0);
}

TEST(what_cannot_be_said_is_named)
{
    struct chat_request *r = foreign();

    r->n = 2;
    r->seed = STR("1");
    r->frequency_penalty = STR("0.5");
    r->presence_penalty = STR("0.0"); /* the default says nothing */
    r->logprobs = CHAT_YES;
    r->top_logprobs = STR("3");
    r->logit_bias = STR("{\"1\":2}");
    r->verbosity = STR("low");
    r->metadata = STR("{\"a\":\"b\"}");
    r->store = STR("true");
    r->modalities = STR("[\"text\",\"audio\"]");
    r->audio = STR("{}");
    r->prediction = STR("{}");
    r->cache_key = STR("k");
    chat_add_extra(&arena, r, STR("moderation"), STR("1"));
    say(r, CHAT_USER, "x");
    r->last_message->name = STR("Ann");
    check_written(r, "{\"model\":\"M\",\"max_tokens\":8192,\"messages\":[{\"role\":\"user\","
                     "\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}]}");
    check_losses("messages.name, moderation, n, seed, frequency_penalty, logprobs, top_logprobs, "
                 "logit_bias, verbosity, metadata, store, modalities, audio, prediction, "
                 "prompt_cache_key");
}

TEST(a_body_past_its_cap_is_an_error)
{
    struct chat_request *r = foreign();
    const struct request_conf conf = {.arena = &arena, .losses = &losses};
    struct sb sb;

    say(r, CHAT_USER, "a text that is longer than the cap");
    sb_init(&sb, 50);
    CHECK_EQ(dialect_claude.write_request(&conf, r, &sb, NULL), ERR_TOO_LARGE);
    sb_fini(&sb);
}

ARENA_TEST_MAIN(the_worked_example_is_written, how_closely_an_image_shall_be_looked_at_is_lost,
                turns_alternate_and_the_user_begins,
                a_system_message_among_the_turns_stays_there_for_its_own_dialect,
                a_request_without_words_still_has_a_turn, results_stand_first_in_one_turn,
                only_signed_thoughts_of_its_own_go_back, media_are_written_by_what_they_are,
                what_the_model_cannot_take_is_refused, what_an_assistant_showed_is_a_loss,
                tools_are_written_by_their_kind, the_choice_of_tools_is_written,
                an_effort_becomes_a_budget, thinking_is_written_as_it_was_meant,
                extras_go_back_to_their_own_dialect, an_effort_of_its_own_stays_one,
                thinking_leaves_no_room_for_other_sampling, who_must_call_a_tool_does_not_think,
                a_budget_becomes_an_effort_where_the_model_takes_no_budget,
                a_budget_needs_a_signed_thought_in_an_open_tool_loop,
                sampling_is_held_within_the_limits, the_form_of_the_answer_is_asked_for,
                a_schema_is_told_to_a_model_that_knows_none, small_members_are_translated,
                marks_beyond_the_fourth_are_left_out, marks_of_raw_tools_count,
                what_cannot_be_said_is_named, a_body_past_its_cap_is_an_error)

/* Requests in Anthropic's dialect, read and written, feature by feature. */
#include "dialect/chat_testing.h"

static struct arena arena;
static struct loss_list losses;

static int set_up(void **state UNUSED)
{
    arena_init(&arena, 0);
    losses = (struct loss_list){0};
    return 0;
}

static int tear_down(void **state UNUSED)
{
    arena_fini(&arena);
    return 0;
}

static const struct chat_request *read(const char *body)
{
    return testing_read_request(&dialect_claude, &arena, str_from(body), &losses);
}

/* The message of the error that the body is refused with. */
static const char *refusal(const char *body)
{
    static struct err err;
    struct chat_request r;
    const struct json *root;

    err = (struct err){0};
    CHECK_EQ(json_read(&arena, str_from(body), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    CHECK_EQ(dialect_claude.read_request(&arena, root, &r, &losses, &err), ERR_BAD_REQUEST);
    return err.msg;
}

static void check_losses(const char *want)
{
    CHECK_STR(loss_text(&arena, &losses), want);
}

/* A request of another dialect to begin with. */
static struct chat_request *foreign(void)
{
    struct chat_request *r = arena_new(&arena, struct chat_request);

    r->model = STR("M");
    r->reasoning.budget = -1;
    return r;
}

static struct chat_part *say(struct chat_request *r, enum chat_role role, const char *text)
{
    struct chat_message *m = chat_add_message(&arena, r, role);

    return chat_add_text(&arena, &m->parts, str_from(text));
}

static struct chat_part *add_call(struct chat_request *r, const char *id, const char *name,
                                  const char *arguments)
{
    struct chat_message *m = chat_add_message(&arena, r, CHAT_ASSISTANT);
    struct chat_part *part = chat_add_part(&arena, &m->parts, CHAT_PART_TOOL_CALL);

    part->call = (struct chat_tool_call){
        .id = str_from(id), .name = str_from(name), .arguments = str_from(arguments)};
    return part;
}

static struct chat_part *add_result(struct chat_request *r, const char *id, const char *text)
{
    struct chat_message *m = chat_add_message(&arena, r, CHAT_TOOL);
    struct chat_part *part = chat_add_part(&arena, &m->parts, CHAT_PART_TOOL_RESULT);

    part->result.id = str_from(id);
    (void)chat_add_text(&arena, &part->result.parts, str_from(text));
    return part;
}

static struct chat_tool *add_tool(struct chat_request *r, const char *name, const char *parameters)
{
    struct chat_tool *tool = chat_add_tool(&arena, r, CHAT_TOOL_FUNCTION);

    tool->name = str_from(name);
    tool->parameters = str_from(parameters);
    return tool;
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

/* ---- read ---- */

TEST(scalars_are_read_to_their_places)
{
    const struct chat_request *r =
        read("{\"model\":\"M\",\"max_tokens\":100,\"stream\":true,\"temperature\":0.20,"
             "\"top_p\":1e0,\"top_k\":5,\"stop_sequences\":[\"END\",\" \"],"
             "\"metadata\":{\"user_id\":\"u1\"},\"service_tier\":\"auto\",\"messages\":[]}");

    CHECK_EQ(r->dialect, DIALECT_CLAUDE);
    CHECK_STR(r->model, "M");
    CHECK_EQ(r->max_tokens, 100);
    CHECK(r->stream);
    CHECK_STR(r->temperature, "0.20");
    CHECK_STR(r->top_p, "1e0");
    CHECK_STR(r->top_k, "5");
    CHECK_EQ(r->stop_count, 2);
    CHECK_STR(r->stop[0], "END");
    CHECK_STR(r->user, "u1");
    CHECK_STR(r->service_tier, "auto");
    CHECK_EQ(r->reasoning.budget, -1);
    CHECK_EQ(r->reasoning.enabled, CHAT_UNSET);
    check_losses("");
}

TEST(null_counts_as_absent_and_an_old_limit_is_read)
{
    const struct chat_request *r =
        read("{\"system\":null,\"tools\":null,\"temperature\":null,\"thinking\":null,"
             "\"max_tokens_to_sample\":7,\"messages\":[]}");

    CHECK(!r->messages);
    CHECK(!r->temperature.p);
    CHECK_EQ(r->max_tokens, 7);
}

TEST(system_is_a_text_or_blocks_with_marks)
{
    const struct chat_request *r = read("{\"system\":\"Be brief.\",\"messages\":[]}");

    CHECK_EQ(r->messages->role, CHAT_SYSTEM);
    CHECK_STR(r->messages->parts.first->text, "Be brief.");
    r = read("{\"system\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\","
             "\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}}],\"messages\":[]}");
    CHECK_STR(r->messages->parts.first->text, "a");
    CHECK(!r->messages->parts.first->cache.p);
    CHECK_STR(r->messages->parts.last->cache, "{\"type\":\"ephemeral\",\"ttl\":\"1h\"}");
}

TEST(results_of_tools_become_a_message_before_the_rest)
{
    const struct chat_request *r = read(
        "{\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Hm\"},"
        "{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"look\",\"input\":{ \"q\" : \"a b\" }}]},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"And\"},"
        "{\"type\":\"tool_result\",\"tool_use_id\":\"t1\",\"is_error\":true,\"content\":["
        "{\"type\":\"text\",\"text\":\"no\"},{\"type\":\"image\",\"source\":{\"type\":\"url\","
        "\"url\":\"https://x/y.png\"}}]},"
        "{\"type\":\"tool_result\",\"tool_use_id\":\"t2\"}]},"
        "{\"role\":\"user\",\"content\":\"next\"}]}");
    const struct chat_message *m = r->messages;
    const struct chat_part *part = m->parts.last;

    CHECK_EQ(part->kind, CHAT_PART_TOOL_CALL);
    CHECK_STR(part->call.arguments, "{\"q\":\"a b\"}");
    m = m->next;
    CHECK_EQ(m->role, CHAT_TOOL);
    part = m->parts.first;
    CHECK_STR(part->result.id, "t1");
    CHECK_STR(part->result.name, "look");
    CHECK(part->result.is_error);
    CHECK_STR(part->result.parts.first->text, "no");
    CHECK_STR(part->result.parts.last->media.url, "https://x/y.png");
    CHECK(!part->next->result.parts.first);
    m = m->next;
    CHECK_EQ(m->role, CHAT_USER);
    CHECK_STR(m->parts.first->text, "And");
    CHECK(!m->parts.first->next);
    CHECK_STR(m->next->parts.first->text, "next");
}

TEST(media_are_read_from_every_source)
{
    const struct chat_request *r =
        read("{\"messages\":[{\"role\":\"user\",\"content\":["
             "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\","
             "\"data\":\"AAAA\"},\"cache_control\":{\"type\":\"ephemeral\"}},"
             "{\"type\":\"image\",\"source\":{\"type\":\"file\",\"file_id\":\"f1\"}},"
             "{\"type\":\"document\",\"title\":\"T\",\"source\":{\"type\":\"base64\","
             "\"media_type\":\"application/pdf\",\"data\":\"BBBB\"}},"
             "{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/plain\","
             "\"data\":\"words\"}},"
             "{\"type\":\"document\",\"source\":{\"type\":\"content\",\"content\":["
             "{\"type\":\"text\",\"text\":\"one\"},{\"type\":\"text\",\"text\":\"two\"}]}},"
             "{\"type\":\"search_result\",\"source\":\"https://s/\",\"title\":\"S\",\"content\":["
             "{\"type\":\"text\",\"text\":\"found\"}]}]}]}");
    const struct chat_part *part = r->messages->parts.first;

    CHECK_STR(part->media.mime, "image/png");
    CHECK_STR(part->media.data, "AAAA");
    CHECK_STR(part->cache, "{\"type\":\"ephemeral\"}");
    part = part->next;
    CHECK_STR(part->media.file_id, "f1");
    CHECK_EQ(part->media.origin, DIALECT_CLAUDE);
    part = part->next;
    CHECK_EQ(part->kind, CHAT_PART_FILE);
    CHECK_STR(part->media.name, "T");
    CHECK_STR(part->media.data, "BBBB");
    part = part->next;
    CHECK_STR(part->media.text, "words");
    part = part->next;
    CHECK_STR(part->media.text, "one\ntwo");
    CHECK_STR(part->next->text, "S\nhttps://s/\n\nfound");
    check_losses("");
}

TEST(thoughts_keep_their_state_and_its_owner)
{
    const struct chat_request *r =
        read("{\"messages\":[{\"role\":\"assistant\",\"content\":["
             "{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"c2ln\"},"
             "{\"type\":\"redacted_thinking\",\"data\":\"ZGF0\"},"
             "{\"type\":\"thinking\",\"thinking\":\"x\",\"signature\":\"YourApirc2ln\"},"
             "{\"type\":\"redacted_thinking\",\"data\":\"YourApigdGhv\"},"
             "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}]}]}");
    const struct chat_part *part = r->messages->parts.first;

    CHECK_STR(part->text, "hm");
    CHECK_STR(part->state.value, "c2ln");
    CHECK_EQ(part->state.origin, DIALECT_CLAUDE);
    part = part->next;
    CHECK(part->state.redacted);
    CHECK_STR(part->state.value, "ZGF0");
    part = part->next;
    CHECK_EQ(part->state.origin, DIALECT_OPENAI_RESPONSES);
    CHECK_STR(part->state.value, "c2ln");
    part = part->next; /* Gemini's state of the call */
    CHECK_EQ(part->kind, CHAT_PART_TOOL_CALL);
    CHECK_STR(part->call.name, "f");
    CHECK_EQ(part->state.origin, DIALECT_GEMINI);
    CHECK_STR(part->state.value, "dGhv");
    CHECK(!part->state.redacted);
    CHECK(!part->next);
}

TEST(blocks_of_server_tools_are_losses_by_their_type)
{
    (void)read("{\"messages\":[{\"role\":\"assistant\",\"content\":["
               "{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\",\"input\":{}},"
               "{\"type\":\"web_search_tool_result\",\"tool_use_id\":\"s\",\"content\":[]},"
               "{\"type\":\"text\",\"text\":\"t\",\"citations\":[{\"type\":\"char_location\"}]},"
               "{\"type\":\"something_new\"}]},{\"role\":\"user\",\"content\":["
               "{\"type\":\"container_upload\",\"file_id\":\"f\"}]}]}");
    check_losses("messages.content.server_tool_use, messages.content.web_search_tool_result, "
                 "messages.content.citations, messages.content.something_new, "
                 "messages.content.container_upload");
}

TEST(tools_are_read_by_their_kind)
{
    const struct chat_request *r = read(
        "{\"tools\":[{\"name\":\"f\",\"description\":\"d\",\"input_schema\":{\"type\":\"object\"},"
        "\"strict\":true,\"cache_control\":{\"type\":\"ephemeral\"}},"
        "{\"type\":\"custom\",\"name\":\"g\",\"input_schema\":{}},"
        "{\"type\":\"web_search_20250305\",\"name\":\"web_search\",\"max_uses\":7,"
        "\"user_location\":{\"type\":\"approximate\",\"city\":\"Bern\",\"country\":\"CH\"}},"
        "{\"type\":\"web_fetch_20250910\",\"name\":\"web_fetch\",\"max_uses\":2},"
        "{\"type\":\"code_execution_20250825\",\"name\":\"code_execution\"},"
        "{\"type\":\"bash_20250124\",\"name\":\"bash\"}],\"messages\":[]}");
    const struct chat_tool *tool = r->tools;

    CHECK_EQ(tool->kind, CHAT_TOOL_FUNCTION);
    CHECK_STR(tool->description, "d");
    CHECK_STR(tool->parameters, "{\"type\":\"object\"}");
    CHECK_STR(tool->strict, "true");
    CHECK_STR(tool->cache, "{\"type\":\"ephemeral\"}");
    tool = tool->next;
    CHECK_EQ(tool->kind, CHAT_TOOL_FUNCTION);
    CHECK(!tool->description.p);
    tool = tool->next;
    CHECK_EQ(tool->kind, CHAT_TOOL_WEB_SEARCH);
    CHECK_STR(tool->search_size, "high");
    CHECK_EQ(tool->max_uses, 7);
    CHECK_STR(tool->search_location, "{\"city\":\"Bern\",\"country\":\"CH\"}");
    tool = tool->next;
    CHECK_EQ(tool->kind, CHAT_TOOL_WEB_FETCH);
    CHECK_EQ(tool->max_uses, 2);
    tool = tool->next;
    CHECK_EQ(tool->kind, CHAT_TOOL_CODE);
    tool = tool->next;
    CHECK_EQ(tool->kind, CHAT_TOOL_OTHER);
    CHECK_STR(tool->type, "bash_20250124");
    CHECK_STR(tool->raw, "{\"type\":\"bash_20250124\",\"name\":\"bash\"}");
}

TEST(the_choice_of_tools_is_read)
{
    const struct chat_request *r = read("{\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\","
                                        "\"disable_parallel_tool_use\":true},\"messages\":[]}");

    CHECK_EQ(r->choice, CHAT_CHOICE_TOOL);
    CHECK_STR(r->choice_name, "f");
    CHECK_EQ(r->parallel_tools, CHAT_NO);
    r = read("{\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":false},"
             "\"messages\":[]}");
    CHECK_EQ(r->choice, CHAT_CHOICE_REQUIRED);
    CHECK_EQ(r->parallel_tools, CHAT_YES);
    r = read("{\"tool_choice\":{\"type\":\"none\"},\"messages\":[]}");
    CHECK_EQ(r->choice, CHAT_CHOICE_NONE);
    CHECK_EQ(r->parallel_tools, CHAT_UNSET);
}

TEST(thinking_is_read_in_its_three_forms)
{
    const struct chat_request *r =
        read("{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000},\"messages\":[]}");

    CHECK_EQ(r->reasoning.enabled, CHAT_YES);
    CHECK_EQ(r->reasoning.budget, 2000);
    CHECK_EQ(r->reasoning.visible, CHAT_YES);
    CHECK(!r->reasoning.adaptive);
    r = read("{\"thinking\":{\"type\":\"adaptive\",\"display\":\"omitted\"},"
             "\"output_config\":{\"effort\":\"max\"},\"messages\":[]}");
    CHECK(r->reasoning.adaptive);
    CHECK_EQ(r->reasoning.budget, -1);
    CHECK_EQ(r->reasoning.visible, CHAT_NO);
    CHECK_STR(r->reasoning.effort, "max");
    r = read("{\"thinking\":{\"type\":\"disabled\"},\"messages\":[]}");
    CHECK_EQ(r->reasoning.enabled, CHAT_NO);
}

TEST(a_schema_is_read_from_both_places)
{
    const struct chat_request *r =
        read("{\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"a\":1}},"
             "\"task_budget\":{\"x\":1}},\"messages\":[]}");

    CHECK_EQ(r->format, CHAT_FORMAT_SCHEMA);
    CHECK_STR(r->schema, "{\"a\":1}");
    CHECK_STR(r->extras->name, "output_config.task_budget");
    r = read("{\"output_format\":{\"type\":\"json_schema\",\"schema\":{\"b\":1}},\"messages\":[]}");
    CHECK_STR(r->schema, "{\"b\":1}");
}

TEST(other_members_are_kept_as_extras)
{
    const struct chat_request *r =
        read("{\"cache_control\":{\"type\":\"ephemeral\"},\"mcp_servers\":[1],"
             "\"container\":\"c\",\"messages\":[]}");

    CHECK_STR(r->extras->name, "cache_control");
    CHECK_STR(r->extras->raw, "{\"type\":\"ephemeral\"}");
    CHECK_STR(r->extras->next->name, "mcp_servers");
    CHECK_STR(r->last_extra->raw, "\"c\"");
    check_member(r, "container", "\"c\"");
    check_member(r, "cache_control", "{\"type\":\"ephemeral\"}");
    check_losses("");
}

TEST(what_is_wrong_is_named)
{
    static const struct {
        const char *body, *message;
    } rows[] = {
        {"[]", "the body must be an object"},
        {"{}", "messages is required"},
        {"{\"messages\":{}}", "messages must be a list"},
        {"{\"messages\":[1]}", "messages[0].role must be user or assistant"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"user\"}]}",
         "messages[1].content must be a string or a list"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":1}]}]}",
         "messages[0].content[0].text must be a string"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":[7]}]}",
         "messages[0].content[0].type must be a string"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\"}]}]}",
         "messages[0].content[0].source.type must be base64, url, file, text or content"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
         "\"tool_use_id\":\"t\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{}]}]}]}",
         "messages[0].content[0].content[1].type must be a string"},
        {"{\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
         "\"id\":\"t\",\"name\":\"f\",\"input\":[]}]}]}",
         "messages[0].content[0].input must be an object"},
        {"{\"messages\":[],\"system\":1}", "system must be a string or a list"},
        {"{\"messages\":[],\"system\":[{\"type\":\"text\"}]}", "system[0].text must be a string"},
        {"{\"messages\":[],\"max_tokens\":\"8\"}",
         "max_tokens must be a whole number, not below zero"},
        {"{\"messages\":[],\"max_tokens\":-1}",
         "max_tokens must be a whole number, not below zero"},
        {"{\"messages\":[],\"temperature\":\"1\"}", "temperature must be a number"},
        {"{\"messages\":[],\"stream\":1}", "stream must be true or false"},
        {"{\"messages\":[],\"stop_sequences\":\"a\"}", "stop_sequences must be a list of strings"},
        {"{\"messages\":[],\"stop_sequences\":[1]}", "stop_sequences must be a list of strings"},
        {"{\"messages\":[],\"metadata\":{\"user_id\":1}}", "metadata.user_id must be a string"},
        {"{\"messages\":[],\"tools\":[{\"input_schema\":{}}]}", "tools[0].name is required"},
        {"{\"messages\":[],\"tools\":[{\"name\":\"f\",\"input_schema\":1}]}",
         "tools[0].input_schema must be an object"},
        {"{\"messages\":[],\"tool_choice\":{\"type\":\"all\"}}",
         "tool_choice.type must be auto, any, tool or none"},
        {"{\"messages\":[],\"tool_choice\":{\"type\":\"tool\"}}", "tool_choice.name is required"},
        {"{\"messages\":[],\"thinking\":{\"type\":\"on\"}}",
         "thinking.type must be enabled, adaptive or disabled"},
        {"{\"messages\":[],\"output_config\":{\"format\":{\"type\":\"json_schema\"}}}",
         "output_config.format.schema must be an object"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_STR(str_from(refusal(rows[i].body)), rows[i].message);
}

/* ---- written ---- */

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
    tool = add_tool(r, "my.tool", "");
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
    r->choice = CHAT_CHOICE_REQUIRED;
    add_tool(r, "f", "{\"type\":\"object\"}");
    check_member(r, "temperature", NULL);
    check_member(r, "top_p", NULL);
    check_member(r, "top_k", NULL);
    check_member(r, "tool_choice", "{\"type\":\"auto\"}");
    check_losses("tool_choice, temperature, top_p, top_k");
    losses = (struct loss_list){0};
    r->temperature = STR("1.5");
    r->top_p = STR("0.97");
    r->top_k = STR_NULL;
    r->choice = CHAT_CHOICE_AUTO;
    check_member(r, "temperature", "1");
    check_member(r, "top_p", "0.97");
    check_losses("");
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
                 "\"Answer with one valid JSON object and nothing else.\"}]");
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

TEST(marks_beyond_the_fourth_are_left_out)
{
    struct chat_request *r = foreign();
    int marks = 0;
    struct str text;

    for (int i = 0; i < 6; i++)
        say(r, CHAT_USER, "x")->cache = STR("{\"type\":\"ephemeral\"}");
    text = written(r, "messages");
    for (ptrdiff_t at; (at = str_find(text, STR("cache_control"))) >= 0; marks++)
        text = str_skip(text, (size_t)at + 1);
    CHECK_EQ(marks, 4);
    check_losses("cache_control");
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

#define ROW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(scalars_are_read_to_their_places),
        ROW(null_counts_as_absent_and_an_old_limit_is_read),
        ROW(system_is_a_text_or_blocks_with_marks),
        ROW(results_of_tools_become_a_message_before_the_rest),
        ROW(media_are_read_from_every_source),
        ROW(thoughts_keep_their_state_and_its_owner),
        ROW(blocks_of_server_tools_are_losses_by_their_type),
        ROW(tools_are_read_by_their_kind),
        ROW(the_choice_of_tools_is_read),
        ROW(thinking_is_read_in_its_three_forms),
        ROW(a_schema_is_read_from_both_places),
        ROW(other_members_are_kept_as_extras),
        ROW(what_is_wrong_is_named),
        ROW(the_worked_example_is_written),
        ROW(turns_alternate_and_the_user_begins),
        ROW(a_system_message_among_the_turns_stays_there_for_its_own_dialect),
        ROW(a_request_without_words_still_has_a_turn),
        ROW(results_stand_first_in_one_turn),
        ROW(only_signed_thoughts_of_its_own_go_back),
        ROW(media_are_written_by_what_they_are),
        ROW(what_the_model_cannot_take_is_refused),
        ROW(what_an_assistant_showed_is_a_loss),
        ROW(tools_are_written_by_their_kind),
        ROW(the_choice_of_tools_is_written),
        ROW(an_effort_becomes_a_budget),
        ROW(thinking_is_written_as_it_was_meant),
        ROW(an_effort_of_its_own_stays_one),
        ROW(thinking_leaves_no_room_for_other_sampling),
        ROW(a_budget_needs_a_signed_thought_in_an_open_tool_loop),
        ROW(sampling_is_held_within_the_limits),
        ROW(the_form_of_the_answer_is_asked_for),
        ROW(small_members_are_translated),
        ROW(marks_beyond_the_fourth_are_left_out),
        ROW(what_cannot_be_said_is_named),
        ROW(a_body_past_its_cap_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

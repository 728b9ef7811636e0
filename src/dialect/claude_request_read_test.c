/* Requests of clients of Anthropic's dialect, read member by member. */
#include "dialect/chat_testing.h"
#include "dialect/request_testing.h"

static const struct chat_request *read(const char *body)
{
    return testing_read_request(&dialect_claude, &arena, str_from(body), &losses);
}

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
        CHECK_STR(str_from(refusal_by(&dialect_claude, rows[i].body)), rows[i].message);
}

ARENA_TEST_MAIN(scalars_are_read_to_their_places, null_counts_as_absent_and_an_old_limit_is_read,
                system_is_a_text_or_blocks_with_marks,
                results_of_tools_become_a_message_before_the_rest, media_are_read_from_every_source,
                thoughts_keep_their_state_and_its_owner,
                blocks_of_server_tools_are_losses_by_their_type, tools_are_read_by_their_kind,
                the_choice_of_tools_is_read, thinking_is_read_in_its_three_forms,
                a_schema_is_read_from_both_places, other_members_are_kept_as_extras,
                what_is_wrong_is_named)

/*
 * Requests of the Responses API: what the reader makes of each member, shown by what is written
 * back, and what the writer makes of requests of other dialects.
 */
#include "dialect/chat_testing.h"
#include "dialect/openai_responses.h"
#include "dialect/request_testing.h"

#define OWN (&dialect_openai_responses)

/* Reads the body and writes it for an upstream of the same dialect. */
static void check_back(const char *body, const char *want, const char *lost)
{
    losses = (struct loss_list){0};
    testing_check_json(
        &arena,
        testing_write_request(OWN, &arena,
                              testing_read_request(OWN, &arena, str_from(body), &losses), &losses),
        want);
    check_losses(lost);
}

static void check_refused(const char *body, const char *text)
{
    CHECK_STR(str_from(refusal_by(OWN, body)), text);
}

/* ---- reading ---- */

TEST(a_string_is_the_users_message)
{
    check_back("{\"model\":\"m\",\"input\":\"hi\"}",
               "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"hi\"}]}", "");
}

TEST(instructions_are_the_first_message_wherever_they_stand)
{
    check_back("{\"input\":\"hi\",\"instructions\":\"be kind\"}",
               "{\"instructions\":\"be kind\",\"input\":[{\"role\":\"user\",\"content\":\"hi\"}]}",
               "");
}

TEST(absent_null_and_zero_stay_apart)
{
    check_back("{\"input\":[],\"temperature\":0,\"top_p\":null,\"store\":false,\"user\":null,"
               "\"reasoning\":null,\"tools\":null,\"metadata\":{}}",
               "{\"input\":[],\"temperature\":0,\"store\":false,\"metadata\":{}}", "");
}

TEST(numbers_keep_their_spelling)
{
    check_back("{\"input\":[],\"temperature\":0.10,\"top_p\":1e-1,\"max_output_tokens\":5}",
               "{\"input\":[],\"temperature\":0.10,\"top_p\":1e-1,\"max_output_tokens\":5}", "");
}

TEST(parts_of_a_message_keep_their_places)
{
    check_back(
        "{\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":["
        "{\"type\":\"input_text\",\"text\":\"look\"},"
        "{\"type\":\"input_image\",\"image_url\":\"https://x/y.png\",\"detail\":\"low\"},"
        "{\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,aGk=\"},"
        "{\"type\":\"input_image\",\"file_id\":\"file-1\"},"
        "{\"type\":\"input_file\",\"filename\":\"a.pdf\",\"file_data\":\"aGk=\"},"
        "{\"type\":\"input_file\",\"file_url\":\"https://x/z.pdf\"},"
        "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"aGk=\",\"format\":\"mp3\"}}]}]}",
        "{\"input\":[{\"role\":\"user\",\"content\":["
        "{\"type\":\"input_text\",\"text\":\"look\"},"
        "{\"type\":\"input_image\",\"image_url\":\"https://x/y.png\",\"detail\":\"low\"},"
        "{\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,aGk=\"},"
        "{\"type\":\"input_image\",\"file_id\":\"file-1\"},"
        "{\"type\":\"input_file\",\"filename\":\"a.pdf\","
        "\"file_data\":\"data:application/pdf;base64,aGk=\"},"
        "{\"type\":\"input_file\",\"file_url\":\"https://x/z.pdf\"},"
        "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"aGk=\",\"format\":\"mp3\"}}]}]}",
        "");
}

static const char turn[] =
    "{\"input\":[{\"role\":\"user\",\"content\":\"sum\"},"
    "{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\","
    "\"text\":\"a\"},{\"type\":\"summary_text\",\"text\":\"b\"}],\"encrypted_content\":\"ZW5j\"},"
    "{\"type\":\"message\",\"role\":\"assistant\",\"id\":\"msg_1\",\"status\":\"completed\","
    "\"content\":[{\"type\":\"output_text\",\"text\":\"well\",\"annotations\":[]},"
    "{\"type\":\"refusal\",\"refusal\":\"no\"}]},"
    "{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c1\",\"name\":\"add\","
    "\"arguments\":\"{}\"},"
    "{\"type\":\"custom_tool_call\",\"call_id\":\"c2\",\"name\":\"patch\",\"input\":\"***\"},"
    "{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"3\"},"
    "{\"type\":\"custom_tool_call_output\",\"call_id\":\"c2\",\"output\":["
    "{\"type\":\"input_text\",\"text\":\"done\"},"
    "{\"type\":\"input_image\",\"image_url\":\"https://x/y.png\"}]}]}";

TEST(items_of_the_assistant_are_one_message_and_outputs_another)
{
    const struct chat_request *r;
    const struct chat_message *m;

    r = testing_read_request(OWN, &arena, STR(turn), &losses);
    m = r->messages->next;
    CHECK_EQ(m->role, CHAT_ASSISTANT);
    CHECK_EQ(m->parts.first->kind, CHAT_PART_REASONING);
    CHECK_STR(m->parts.first->text, "a\n\nb");
    CHECK_STR(m->parts.first->state.value, "ZW5j");
    CHECK_EQ(m->parts.last->kind, CHAT_PART_TOOL_CALL);
    CHECK(m->parts.last->call.custom);
    m = m->next;
    CHECK_EQ(m->role, CHAT_TOOL);
    CHECK_STR(m->parts.first->result.name, "add");
    CHECK_STR(m->parts.last->result.name, "patch");
    CHECK(m->parts.last->result.custom && !m->next);
}

TEST(items_are_written_back_as_items)
{
    check_back(
        turn,
        "{\"input\":[{\"role\":\"user\",\"content\":\"sum\"},"
        "{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\","
        "\"text\":\"a\\n\\nb\"}],\"encrypted_content\":\"ZW5j\"},"
        "{\"type\":\"message\",\"role\":\"assistant\",\"content\":["
        "{\"type\":\"output_text\",\"text\":\"well\"},{\"type\":\"refusal\",\"refusal\":\"no\"}]},"
        "{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c1\",\"name\":\"add\","
        "\"arguments\":\"{}\"},"
        "{\"type\":\"custom_tool_call\",\"call_id\":\"c2\",\"name\":\"patch\",\"input\":\"***\"},"
        "{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"3\"},"
        "{\"type\":\"custom_tool_call_output\",\"call_id\":\"c2\",\"output\":["
        "{\"type\":\"input_text\",\"text\":\"done\"},"
        "{\"type\":\"input_image\",\"image_url\":\"https://x/y.png\"}]}]}",
        "");
}

TEST(items_of_openais_own_tools_are_a_loss_by_their_type)
{
    check_back("{\"input\":[{\"type\":\"web_search_call\",\"id\":\"ws_1\"},"
               "{\"type\":\"local_shell_call\",\"call_id\":\"x\"},"
               "{\"type\":\"local_shell_call_output\",\"id\":\"x\",\"output\":\"\"},"
               "{\"type\":\"item_reference\",\"id\":\"msg_1\"},{\"id\":\"msg_2\"},"
               "{\"role\":\"assistant\",\"content\":\"ok\",\"phase\":\"commentary\"},"
               "{\"role\":\"user\",\"content\":[{\"type\":\"hologram\"}]}]}",
               "{\"input\":[{\"type\":\"message\",\"role\":\"assistant\",\"content\":\"ok\"}]}",
               "input.web_search_call, input.local_shell_call, input.local_shell_call_output, "
               "input.item_reference, input.phase, input.content.hologram");
}

static const char tools[] =
    "[{\"type\":\"function\",\"name\":\"add\",\"description\":\"d\",\"parameters\":"
    "{\"type\":\"object\"},\"strict\":true,\"defer_loading\":true},"
    "{\"type\":\"custom\",\"name\":\"patch\",\"format\":{\"type\":\"grammar\",\"syntax\":\"lark\","
    "\"definition\":\"x\"}},"
    "{\"type\":\"namespace\",\"name\":\"fs\",\"description\":\"files\",\"tools\":["
    "{\"type\":\"function\",\"name\":\"read\",\"parameters\":{}},"
    "{\"type\":\"custom\",\"name\":\"edit\"}]},"
    "{\"type\":\"web_search\",\"search_context_size\":\"low\",\"user_location\":"
    "{\"type\":\"approximate\",\"city\":\"Ulm\",\"region\":null}},"
    "{\"type\":\"code_interpreter\",\"container\":{\"type\":\"auto\"}},"
    "{\"type\":\"mcp\",\"server_label\":\"s\"}]";

static struct str with_tools(const char *more)
{
    return str_concat(
        &arena,
        (struct str[]){STR("{\"input\":[],\"tools\":"), STR(tools), str_from(more), STR("}")}, 4);
}

TEST(tools_are_flattened_and_gathered_again)
{
    const struct chat_request *r;
    const struct chat_tool *tool;
    struct str body;

    body = with_tools("");
    r = testing_read_request(OWN, &arena, body, &losses);
    tool = chat_find_flat(&arena, r, STR("fs__read"));
    CHECK_STR(tool->name, "read");
    CHECK_STR(tool->ns, "fs");
    CHECK_EQ(chat_find_tool(r, STR("fs"), STR("edit"))->kind, CHAT_TOOL_CUSTOM);
    CHECK_STR(chat_find_tool(r, STR_NULL, STR("patch"))->parameters,
              "{\"type\":\"grammar\",\"grammar\":{\"syntax\":\"lark\",\"definition\":\"x\"}}");
    tool = chat_find_tool(r, STR_NULL, STR("web_search"));
    CHECK_STR(tool->search_size, "low");
    CHECK_STR(tool->search_location, "{\"city\":\"Ulm\"}");
    CHECK_EQ(tool->next->kind, CHAT_TOOL_CODE);
    CHECK_STR(tool->next->next->type, "mcp");
    testing_check_json(&arena, testing_write_request(OWN, &arena, r, &losses),
                       str_dup(&arena, body).p);
    CHECK_EQ(losses.n, 0);
}

/* Codex since 0.144 tells of its tools in the input. */
TEST(tools_among_the_items_are_tools_of_the_request)
{
    const struct chat_request *r;

    r = testing_read_request(
        OWN, &arena,
        STR("{\"input\":[{\"type\":\"additional_tools\",\"id\":\"at_1\",\"role\":\"developer\","
            "\"tools\":[{\"type\":\"namespace\",\"name\":\"functions\",\"description\":\"\","
            "\"tools\":[{\"type\":\"custom\",\"name\":\"exec\"},{\"type\":\"function\","
            "\"name\":\"wait\",\"parameters\":{}}]}]},{\"role\":\"user\",\"content\":\"hi\"}],"
            "\"tools\":[{\"type\":\"function\",\"name\":\"add\"}],\"tool_choice\":"
            "{\"type\":\"function\",\"name\":\"wait\"}}"),
        &losses);
    CHECK_EQ(chat_find_flat(&arena, r, STR("functions__exec"))->kind, CHAT_TOOL_CUSTOM);
    CHECK(chat_find_tool(r, STR_NULL, STR("add")));
    CHECK_STR(r->choice_name, "functions__wait");
    CHECK_EQ(r->messages->role, CHAT_USER);
    CHECK(!r->messages->next);
    CHECK_EQ(losses.n, 0);
}

/* Codex looks for tools itself when the model asks it to, and tells what it has found. */
TEST(a_search_for_tools_by_the_client_is_a_function)
{
    const struct chat_request *r;
    const struct chat_part *part;

    r = testing_read_request(
        OWN, &arena,
        STR("{\"tools\":[{\"type\":\"tool_search\",\"execution\":\"client\",\"description\":\"D\","
            "\"parameters\":{\"type\":\"object\"}}],\"input\":["
            "{\"type\":\"tool_search_call\",\"call_id\":\"c1\",\"execution\":\"client\","
            "\"status\":\"completed\",\"arguments\":{\"query\":\"q\"}},"
            "{\"type\":\"tool_search_output\",\"call_id\":\"c1\",\"execution\":\"client\","
            "\"status\":\"completed\",\"tools\":[{\"type\":\"namespace\",\"name\":\"mail\","
            "\"description\":\"\",\"tools\":[{\"type\":\"function\",\"name\":\"send\","
            "\"defer_loading\":true,\"parameters\":{}}]},{\"type\":\"function\",\"name\":\"add\"}]}"
            ","
            "{\"type\":\"tool_search_call\",\"call_id\":\"c2\",\"execution\":\"client\","
            "\"arguments\":{}},"
            "{\"type\":\"tool_search_output\",\"call_id\":\"c2\",\"execution\":\"client\","
            "\"tools\":[]}]}"),
        &losses);
    CHECK_EQ(losses.n, 0);
    CHECK_EQ(chat_find_tool(r, STR_NULL, STR("tool_search"))->kind, CHAT_TOOL_FUNCTION);
    CHECK_STR(chat_find_tool(r, STR_NULL, STR("tool_search"))->description, "D");
    CHECK_STR(chat_find_tool(r, STR_NULL, STR("tool_search"))->parameters, "{\"type\":\"object\"}");
    CHECK(chat_find_tool(r, STR("mail"), STR("send")));
    CHECK(chat_find_tool(r, STR_NULL, STR("add")));
    part = r->messages->parts.first;
    CHECK_EQ(part->kind, CHAT_PART_TOOL_CALL);
    CHECK_STR(part->call.id, "c1");
    CHECK_STR(part->call.name, "tool_search");
    CHECK_STR(part->call.arguments, "{\"query\":\"q\"}");
    part = r->messages->next->parts.first;
    CHECK_EQ(part->kind, CHAT_PART_TOOL_RESULT);
    CHECK_STR(part->result.id, "c1");
    CHECK_STR(part->result.name, "tool_search");
    CHECK_STR(part->result.parts.first->text, "Found, and from now on there: mail__send, add");
    part = r->messages->next->next->next->parts.first;
    CHECK_STR(part->result.parts.first->text, "No tools were found.");
}

/* What OpenAI looks for itself has nobody to look for it elsewhere. */
TEST(a_search_for_tools_by_openai_is_lost)
{
    (void)testing_read_request(
        OWN, &arena,
        STR("{\"input\":[{\"type\":\"tool_search_call\",\"call_id\":null,\"execution\":\"server\","
            "\"arguments\":{}},{\"type\":\"tool_search_output\",\"execution\":\"server\","
            "\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}]}"),
        &losses);
    check_losses("input.tool_search_call, input.tool_search_output");
}

/* An upstream refuses two tools of one name. */
TEST(a_tool_that_is_told_twice_is_one)
{
    const struct chat_request *r;
    size_t n = 0;

    r = testing_read_request(
        OWN, &arena,
        STR("{\"input\":[{\"type\":\"additional_tools\",\"tools\":[{\"type\":\"function\","
            "\"name\":\"f\"},{\"type\":\"namespace\",\"name\":\"n\",\"description\":\"\","
            "\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}]},"
            "{\"type\":\"additional_tools\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}],"
            "\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}"),
        &losses);
    for (const struct chat_tool *tool = r->tools; tool; tool = tool->next)
        n++;
    CHECK_EQ(n, 2);
    CHECK(chat_find_tool(r, STR_NULL, STR("f")) && chat_find_tool(r, STR("n"), STR("f")));
}

/* No other dialect has a word for them. */
TEST(what_a_search_of_the_web_may_not_do_is_lost)
{
    (void)testing_read_request(
        OWN, &arena,
        STR("{\"tools\":[{\"type\":\"web_search\",\"external_web_access\":false,"
            "\"search_context_size\":\"low\",\"user_location\":{\"type\":\"approximate\","
            "\"city\":\"Ulm\"},\"filters\":{\"allowed_domains\":[\"a.b\"]},\"new\":1}]}"),
        &losses);
    check_losses("tools.web_search.external_web_access, "
                 "tools.web_search.filters, tools.web_search.new");
    losses = (struct loss_list){0};
    (void)testing_read_request(OWN, &arena,
                               STR("{\"tools\":[{\"type\":\"web_search\",\"external_web_access\":"
                                   "true,\"filters\":null}]}"),
                               &losses);
    CHECK_EQ(losses.n, 0);
}

static void check_choice(const char *choice)
{
    struct str body;

    body = with_tools(arena_fmt(&arena, ",\"tool_choice\":%s", choice).p);
    testing_check_json(&arena,
                       testing_write_request(
                           OWN, &arena, testing_read_request(OWN, &arena, body, &losses), &losses),
                       str_dup(&arena, body).p);
}

TEST(every_form_of_the_choice_is_kept)
{
    check_choice("\"none\"");
    check_choice("\"auto\"");
    check_choice("\"required\"");
    check_choice("{\"type\":\"function\",\"name\":\"add\"}");
    check_choice("{\"type\":\"function\",\"namespace\":\"fs\",\"name\":\"read\"}");
    check_choice("{\"type\":\"custom\",\"name\":\"patch\"}");
    check_choice("{\"type\":\"mcp\",\"server_label\":\"s\"}");
    check_choice("{\"type\":\"allowed_tools\",\"mode\":\"required\",\"tools\":["
                 "{\"type\":\"function\",\"name\":\"add\"},{\"type\":\"custom\",\"name\":"
                 "\"patch\"},{\"type\":\"image_generation\"}]}");
}

TEST(a_choice_names_the_tool_as_it_goes_to_an_upstream)
{
    const struct chat_request *r;

    r = testing_read_request(
        OWN, &arena, with_tools(",\"tool_choice\":{\"type\":\"function\",\"name\":\"read\"}"),
        &losses);
    CHECK_EQ(r->choice, CHAT_CHOICE_TOOL);
    CHECK_STR(r->choice_name, "fs__read");
    r = testing_read_request(
        OWN, &arena, with_tools(",\"tool_choice\":{\"type\":\"function\",\"name\":\"add\"}"),
        &losses);
    CHECK_STR(r->choice_name, "add");
}

TEST(text_reasoning_and_include_are_kept)
{
    check_back("{\"input\":[],\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\","
               "\"schema\":{\"type\":\"object\"},\"strict\":true},\"verbosity\":\"low\"},"
               "\"reasoning\":{\"effort\":\"high\",\"summary\":\"auto\",\"context\":\"all\"},"
               "\"include\":[\"reasoning.encrypted_content\",\"message.output_text.logprobs\","
               "\"file_search_call.results\"],\"top_logprobs\":2}",
               "{\"input\":[],\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\","
               "\"schema\":{\"type\":\"object\"},\"strict\":true},\"verbosity\":\"low\"},"
               "\"reasoning\":{\"effort\":\"high\",\"summary\":\"auto\",\"context\":\"all\"},"
               "\"include\":[\"reasoning.encrypted_content\",\"message.output_text.logprobs\","
               "\"file_search_call.results\"],\"top_logprobs\":2}",
               "");
}

TEST(members_without_a_place_are_kept_for_the_same_dialect)
{
    check_back("{\"input\":[],\"previous_response_id\":\"resp_1\",\"prompt\":{\"id\":\"p\"},"
               "\"background\":true,\"truncation\":\"auto\",\"max_tool_calls\":3,"
               "\"user\":\"u\",\"safety_identifier\":\"s\",\"prompt_cache_key\":\"k\","
               "\"service_tier\":\"flex\",\"stream\":true}",
               "{\"input\":[],\"previous_response_id\":\"resp_1\",\"prompt\":{\"id\":\"p\"},"
               "\"background\":true,\"truncation\":\"auto\",\"max_tool_calls\":3,"
               "\"user\":\"u\",\"safety_identifier\":\"s\",\"prompt_cache_key\":\"k\","
               "\"service_tier\":\"flex\",\"stream\":true}",
               "");
}

TEST(what_an_upstream_must_have_kept_is_found)
{
    CHECK(!responses_kept_turns(testing_read_request(
        OWN, &arena, STR("{\"input\":\"x\",\"previous_response_id\":null}"), &losses)));
    CHECK_STR(responses_kept_turns(
                  testing_read_request(OWN, &arena,
                                       STR("{\"input\":\"x\",\"previous_response_id\":\"resp_1\"}"),
                                       &losses))
                  ->raw,
              "\"resp_1\"");
    CHECK_STR(responses_kept_turns(
                  testing_read_request(
                      OWN, &arena, STR("{\"input\":\"x\",\"conversation\":\"conv_1\"}"), &losses))
                  ->name,
              "conversation");
}

static void check_references(const char *body, const char *want)
{
    struct responses_reference *at;
    const struct json *root;
    struct sb ids;
    size_t n;

    sb_init(&ids, TESTING_LIMIT);
    CHECK_EQ(json_read(&arena, str_from(body), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    n = responses_references(&arena, root, &at);
    for (size_t i = 0; i < n; i++) {
        CHECK(json_is(at[i].item, JSON_OBJECT));
        sb_fmt(&ids, "%s%.*s", i > 0 ? " " : "", STR_ARG(at[i].id));
    }
    CHECK_STR(sb_str(&ids), want);
    CHECK((n == 0) == (at == NULL));
    sb_fini(&ids);
}

TEST(references_to_items_are_found)
{
    check_references("{\"input\":[{\"type\":\"item_reference\",\"id\":\"msg_1\"},"
                     "{\"type\":\"message\",\"id\":\"msg_2\",\"role\":\"assistant\","
                     "\"content\":\"x\"},{\"id\":\"rs_3\"},{\"id\":\"rs_4\",\"type\":null},"
                     "{\"id\":\"msg_5\",\"role\":\"user\",\"content\":\"y\"},\"z\",null,7]}",
                     "msg_1 rs_3 rs_4");
    check_references("{\"input\":[{\"type\":\"item_reference\"},"
                     "{\"type\":\"item_reference\",\"id\":7},"
                     "{\"type\":\"item_reference\",\"id\":\"a\"}]}",
                     "  a");
    check_references("{\"input\":\"x\"}", "");
    check_references("{\"input\":{\"id\":\"msg_1\"}}", "");
    check_references("[]", "");
}

TEST(a_wrong_type_is_refused_by_the_members_name)
{
    check_refused("[]", "the body must be an object");
    check_refused("{\"input\":5}", "input must be a string or a list");
    check_refused("{\"input\":[5]}", "input[0] must be an object");
    check_refused("{\"input\":[{\"role\":\"user\",\"content\":1}]}",
                  "input[0].content must be a string or a list");
    check_refused("{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\"}]}]}",
                  "input[0].content[0].text must be a string");
    check_refused("{\"input\":[{\"role\":\"x\",\"content\":\"\"}]}",
                  "input[0].role must be user, assistant, system or developer");
    check_refused("{\"input\":[\n{\"role\":\"user\",\"content\":\"\"},"
                  "{\"type\":\"function_call\",\"name\":\"n\",\"arguments\":\"\"}]}",
                  "input[1].call_id must be a string that is not empty");
    check_refused("{\"temperature\":\"hot\"}", "temperature must be a number");
    check_refused("{\"max_output_tokens\":0}", "max_output_tokens must be a positive integer");
    check_refused("{\"text\":{\"format\":{\"type\":\"xml\"}}}",
                  "text.format.type must be text, json_object or json_schema");
    check_refused("{\"tools\":[{\"type\":\"function\"}]}",
                  "tools[0].name must be a string that is not empty");
    check_refused("{\"tools\":[{\"type\":\"namespace\",\"name\":\"a\",\"tools\":[{}]}]}",
                  "tools[0].tools[0].type must be a string");
    check_refused("{\"input\":[{\"type\":\"additional_tools\",\"tools\":1}]}",
                  "input[0].tools must be a list");
    check_refused("{\"input\":[{\"type\":\"additional_tools\",\"tools\":[{\"type\":\"namespace\","
                  "\"name\":\"a\",\"tools\":[{}]}]}]}",
                  "input[0].tools[0].tools[0].type must be a string");
    check_refused("{\"tool_choice\":\"maybe\"}", "tool_choice must be none, auto or required");
    check_refused("{\"stream\":1}", "stream must be true or false");
}

/* ---- states of other dialects ---- */

TEST(a_foreign_state_comes_back_to_its_owner)
{
    static const char body[] =
        "{\"input\":[{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\","
        "\"text\":\"t\"}],\"encrypted_content\":\"YourApicc2ln\"},"
        "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"YourApicredactedcmVk\"},"
        "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"YourApigtoolcallZ2Vt\"},"
        "{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"\"}]}";
    const struct chat_part *part;

    part = testing_read_request(OWN, &arena, STR(body), &losses)->messages->parts.first;
    CHECK_EQ(part->state.origin, DIALECT_CLAUDE);
    CHECK_STR(part->state.value, "c2ln");
    CHECK(!part->state.redacted);
    part = part->next;
    CHECK_STR(part->state.value, "cmVk");
    CHECK(part->state.redacted);
    part = part->next;
    CHECK_EQ(part->kind, CHAT_PART_TOOL_CALL);
    CHECK_STR(part->call.arguments, "{}");
    CHECK_EQ(part->state.origin, DIALECT_GEMINI);
    CHECK_STR(part->state.value, "Z2Vt");
    CHECK(!part->next);
}

/* ---- writing for other dialects ---- */

static void check_foreign(const struct chat_request *r, const char *want, const char *lost)
{
    testing_check_json(&arena, testing_write_request(OWN, &arena, r, &losses), want);
    check_losses(lost);
}

static struct chat_part *add(struct chat_request *r, enum chat_role role, enum chat_part_kind kind)
{
    struct chat_message *m = r->last_message && r->last_message->role == role
                                 ? r->last_message
                                 : chat_add_message(&arena, r, role);

    return chat_add_part(&arena, &m->parts, kind);
}

TEST(a_chat_request_becomes_items_and_nothing_is_stored)
{
    struct chat_request *r = new_request(DIALECT_OPENAI_CHAT, "");
    struct chat_part *part;

    r->model = STR("gpt-5");
    r->stream = true;
    r->max_tokens = 5;
    r->user = STR("u");
    add(r, CHAT_SYSTEM, CHAT_PART_TEXT)->text = STR("be kind");
    add(r, CHAT_DEVELOPER, CHAT_PART_TEXT)->text = STR("briefly");
    add(r, CHAT_USER, CHAT_PART_TEXT)->text = STR("sum");
    add(r, CHAT_USER, CHAT_PART_IMAGE)->media =
        (struct chat_media){.mime = STR("image/png"), .data = STR("aGk="), .detail = STR("low")};
    add(r, CHAT_ASSISTANT, CHAT_PART_TEXT)->text = STR("well");
    part = add(r, CHAT_ASSISTANT, CHAT_PART_TOOL_CALL);
    part->call = (struct chat_tool_call){
        .id = STR("c1"), .name = STR("add"), .arguments = STR("{\"a\":1}"), .item_id = STR("x")};
    part = add(r, CHAT_TOOL, CHAT_PART_TOOL_RESULT);
    part->result.id = STR("c1");
    chat_add_text(&arena, &part->result.parts, STR("3"));
    check_foreign(r,
                  "{\"model\":\"gpt-5\",\"instructions\":\"be kind\",\"input\":["
                  "{\"role\":\"developer\",\"content\":\"briefly\"},"
                  "{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"sum\"},"
                  "{\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,aGk=\","
                  "\"detail\":\"low\"}]},"
                  "{\"type\":\"message\",\"role\":\"assistant\",\"content\":\"well\"},"
                  "{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"add\","
                  "\"arguments\":\"{\\\"a\\\":1}\"},"
                  "{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"3\"}],"
                  "\"max_output_tokens\":16,\"store\":false,\"user\":\"u\",\"stream\":true}",
                  "");
}

TEST(functions_of_other_dialects_stay_lax_and_names_become_valid)
{
    struct chat_request *r = new_request(DIALECT_CLAUDE, "");
    struct chat_tool *tool;

    chat_add_tool(&arena, r, CHAT_TOOL_FUNCTION)->name = STR("a.b");
    tool = chat_add_tool(&arena, r, CHAT_TOOL_CUSTOM);
    tool->name = STR("patch");
    tool->parameters = STR("{\"type\":\"grammar\",\"grammar\":{\"syntax\":\"lark\","
                           "\"definition\":\"x\"}}");
    tool = chat_add_tool(&arena, r, CHAT_TOOL_WEB_SEARCH);
    tool->search_location = STR("{\"type\":\"approximate\",\"city\":\"Ulm\"}");
    tool->max_uses = 3;
    tool->raw = STR("{\"allowed_domains\":[\"a.b\"],\"blocked_domains\":[\"c.d\"]}");
    chat_add_tool(&arena, r, CHAT_TOOL_WEB_FETCH);
    chat_add_tool(&arena, r, CHAT_TOOL_CODE);
    chat_add_tool(&arena, r, CHAT_TOOL_OTHER)->type = STR("bash_20250124");
    r->choice = CHAT_CHOICE_TOOL;
    r->choice_name = STR("a.b");
    r->parallel_tools = CHAT_NO;
    check_foreign(
        r,
        "{\"input\":[],\"tools\":[{\"type\":\"function\",\"name\":\"a_b\",\"parameters\":"
        "{\"type\":\"object\",\"properties\":{}},\"strict\":false},"
        "{\"type\":\"custom\",\"name\":\"patch\",\"format\":{\"type\":\"grammar\","
        "\"syntax\":\"lark\",\"definition\":\"x\"}},"
        "{\"type\":\"web_search\",\"user_location\":{\"type\":\"approximate\",\"city\":\"Ulm\"},"
        "\"filters\":{\"allowed_domains\":[\"a.b\"]}},"
        "{\"type\":\"code_interpreter\",\"container\":{\"type\":\"auto\"}}],"
        "\"tool_choice\":{\"type\":\"function\",\"name\":\"a_b\"},"
        "\"parallel_tool_calls\":false,\"store\":false}",
        "tools.web_search.blocked_domains, tools.web_search.max_uses, tools.web_fetch, "
        "tools.bash_20250124");
}

TEST(reasoning_that_is_wanted_comes_encrypted)
{
    struct chat_request *r = new_request(DIALECT_CLAUDE, "");

    r->reasoning =
        (struct chat_reasoning){.enabled = CHAT_YES, .budget = 2000, .visible = CHAT_YES};
    check_foreign(r,
                  "{\"input\":[],\"reasoning\":{\"effort\":\"medium\",\"summary\":\"auto\"},"
                  "\"include\":[\"reasoning.encrypted_content\"],\"store\":false}",
                  "");
    r = new_request(DIALECT_CLAUDE, "");
    r->reasoning.enabled = CHAT_NO;
    check_foreign(r, "{\"input\":[],\"store\":false}", "");
}

TEST(only_its_own_states_are_given_to_the_upstream)
{
    struct chat_request *r = new_request(DIALECT_OPENAI_CHAT, "");
    struct chat_part *part;

    part = add(r, CHAT_ASSISTANT, CHAT_PART_REASONING);
    part->text = STR("thought");
    part->state = (struct chat_state){.origin = DIALECT_OPENAI_RESPONSES, .value = STR("ZW5j")};
    part = add(r, CHAT_ASSISTANT, CHAT_PART_REASONING);
    part->state = (struct chat_state){.origin = DIALECT_CLAUDE, .value = STR("c2ln")};
    add(r, CHAT_ASSISTANT, CHAT_PART_REASONING)->text = STR("unsigned");
    check_foreign(r,
                  "{\"input\":[{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\","
                  "\"text\":\"thought\"}],\"encrypted_content\":\"ZW5j\"}],"
                  "\"include\":[\"reasoning.encrypted_content\"],\"store\":false}",
                  "");
}

TEST(what_the_api_cannot_say_is_lost_by_name)
{
    struct chat_request *r = new_request(DIALECT_OPENAI_CHAT, "");

    r->stop_count = 1;
    r->stop = &(struct str){.p = "x", .n = 1};
    r->seed = STR("7");
    r->n = 2;
    r->frequency_penalty = STR("0");
    r->presence_penalty = STR("0.5");
    r->logit_bias = STR("{\"1\":1}");
    r->top_k = STR("40");
    r->modalities = STR("[\"text\",\"audio\"]");
    r->audio = STR("{\"voice\":\"x\"}");
    r->prediction = STR("{}");
    chat_add_tool(&arena, r, CHAT_TOOL_CODE)->cache = STR("{\"type\":\"ephemeral\"}");
    chat_add_extra(&arena, r, STR("web_search_options"), STR("{}"));
    chat_add_extra(&arena, r, STR("safety_identifier"), STR("\"s\""));
    check_foreign(
        r,
        "{\"input\":[],\"tools\":[{\"type\":\"code_interpreter\",\"container\":{\"type\":"
        "\"auto\"}}],\"store\":false,\"safety_identifier\":\"s\"}",
        "web_search_options, cache_control, top_k, presence_penalty, seed, logit_bias, audio, "
        "prediction, stop, n, modalities");
}

TEST(long_ids_of_calls_are_cut_alike_in_call_and_result)
{
    static const char id[] =
        "call_0123456789012345678901234567890123456789012345678901234567890123456789";
    struct chat_request *r = new_request(DIALECT_GEMINI, "");
    struct chat_part *part;

    part = add(r, CHAT_ASSISTANT, CHAT_PART_TOOL_CALL);
    part->call = (struct chat_tool_call){.id = STR(id), .name = STR("f"), .arguments = STR("{}")};
    part = add(r, CHAT_TOOL, CHAT_PART_TOOL_RESULT);
    part->result.id = STR(id);
    part->result.is_error = true;
    check_foreign(
        r,
        "{\"input\":[{\"type\":\"function_call\",\"call_id\":"
        "\"6789012345678901234567890123456789012345678901234567890123456789\","
        "\"name\":\"f\",\"arguments\":\"{}\"},{\"type\":\"function_call_output\",\"call_id\":"
        "\"6789012345678901234567890123456789012345678901234567890123456789\","
        "\"output\":\"\"}],\"store\":false}",
        "messages.content.is_error");
}

TEST(a_sound_or_a_video_of_another_dialect_is_refused)
{
    static const enum chat_part_kind kinds[] = {CHAT_PART_AUDIO, CHAT_PART_VIDEO};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct chat_request *r = new_request(DIALECT_OPENAI_CHAT, "");
        struct sb sb;
        struct err err = {0};

        add(r, CHAT_USER, kinds[i])->media.data = STR("aGk=");
        sb_init(&sb, TESTING_LIMIT);
        CHECK_EQ(OWN->write_request(&(struct request_conf){.arena = &arena, .losses = &losses}, r,
                                    &sb, &err),
                 ERR_BAD_REQUEST);
        CHECK(err.msg[0] != '\0');
        sb_fini(&sb);
    }
}

ARENA_TEST_MAIN(
    a_search_for_tools_by_the_client_is_a_function, a_search_for_tools_by_openai_is_lost,
    a_tool_that_is_told_twice_is_one, what_a_search_of_the_web_may_not_do_is_lost,
    a_string_is_the_users_message, instructions_are_the_first_message_wherever_they_stand,
    absent_null_and_zero_stay_apart, numbers_keep_their_spelling,
    parts_of_a_message_keep_their_places,
    items_of_the_assistant_are_one_message_and_outputs_another, items_are_written_back_as_items,
    items_of_openais_own_tools_are_a_loss_by_their_type, tools_are_flattened_and_gathered_again,
    tools_among_the_items_are_tools_of_the_request, every_form_of_the_choice_is_kept,
    a_choice_names_the_tool_as_it_goes_to_an_upstream, text_reasoning_and_include_are_kept,
    members_without_a_place_are_kept_for_the_same_dialect, what_an_upstream_must_have_kept_is_found,
    references_to_items_are_found, a_wrong_type_is_refused_by_the_members_name,
    a_foreign_state_comes_back_to_its_owner, a_chat_request_becomes_items_and_nothing_is_stored,
    functions_of_other_dialects_stay_lax_and_names_become_valid,
    reasoning_that_is_wanted_comes_encrypted, only_its_own_states_are_given_to_the_upstream,
    what_the_api_cannot_say_is_lost_by_name, long_ids_of_calls_are_cut_alike_in_call_and_result,
    a_sound_or_a_video_of_another_dialect_is_refused)

/* Requests of OpenAI's chat dialect, read and written. */
#include "dialect/chat_testing.h"
#include "dialect/request_testing.h"

static const struct dialect *const dialect = &dialect_openai_chat;

static struct chat_request *read_body(const char *body)
{
    struct chat_request *r = arena_new(&arena, struct chat_request);

    *r = *testing_read_request(dialect, &arena, str_from(body), &losses);
    return r;
}

/* The body with this `messages`, and what of it `messages` is. */
static struct chat_request *read_messages(const char *messages)
{
    return read_body(arena_fmt(&arena, "{\"model\":\"m\",\"messages\":%s}", messages).p);
}

static struct str written(const struct chat_request *r)
{
    return testing_write_request(dialect, &arena, r, &losses);
}

/* The member `messages` of what is written of the request as one of another dialect. */
static struct str written_messages(struct chat_request *r, enum dialect_id from)
{
    const struct json *root;

    r->dialect = from;
    CHECK_EQ(json_read(&arena, written(r), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    return json_raw(json_get(root, STR("messages")));
}

static const struct chat_part *part_at(const struct chat_message *m, unsigned n)
{
    const struct chat_part *part = m->parts.first;

    while (n-- > 0)
        part = part->next;
    return part;
}

/* ---- reading ---- */

TEST(the_options_are_read)
{
    const struct chat_request *r = read_body(
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":true,"
        "\"stream_options\":{\"include_usage\":true},\"max_tokens\":5,"
        "\"max_completion_tokens\":7,\"n\":2,\"temperature\":0,\"top_p\":0.10,\"top_k\":null,"
        "\"seed\":-1,\"stop\":\"END\",\"logprobs\":true,\"top_logprobs\":0,"
        "\"logit_bias\":{\"1\":-100},\"parallel_tool_calls\":false,\"user\":\"u\","
        "\"verbosity\":\"low\",\"service_tier\":\"flex\",\"metadata\":{\"a\":\"b\"},"
        "\"store\":false,\"modalities\":[\"text\"],\"audio\":{\"voice\":\"v\"},"
        "\"prediction\":{\"type\":\"content\"},\"prompt_cache_key\":\"k\",\"min_p\":0.5}");

    CHECK(r->dialect == DIALECT_OPENAI_CHAT && r->stream && r->include_usage);
    CHECK_STR(r->model, "m");
    CHECK_EQ(r->max_tokens, 7);
    CHECK(r->completion_tokens);
    CHECK_EQ(r->n, 2);
    CHECK_STR(r->temperature, "0");
    CHECK_STR(r->top_p, "0.10");
    CHECK(!r->top_k.p && !r->presence_penalty.p);
    CHECK_STR(r->seed, "-1");
    CHECK_EQ(r->stop_count, 1);
    CHECK_STR(r->stop[0], "END");
    CHECK(r->logprobs == CHAT_YES && r->parallel_tools == CHAT_NO);
    CHECK_STR(r->top_logprobs, "0");
    CHECK_STR(r->logit_bias, "{\"1\":-100}");
    CHECK_STR(r->store, "false");
    CHECK_STR(r->cache_key, "k");
    CHECK_STR(r->extras->name, "min_p");
    CHECK_STR(r->extras->raw, "0.5");
    CHECK(!r->extras->next);
    CHECK(r->reasoning.budget == -1 && r->reasoning.enabled == CHAT_UNSET);
}

TEST(parts_of_every_kind_are_read)
{
    const struct chat_request *r = read_messages(
        "[{\"role\":\"user\",\"name\":\"ann\",\"content\":["
        "{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":\"ephemeral\"}},"
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AAAA\","
        "\"detail\":\"low\"}},"
        "{\"type\":\"image_url\",\"image_url\":\"https://x/y.png\"},"
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"/9j/4AAQ\"}},"
        "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"BBBB\",\"format\":\"mp3\"}},"
        "{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\",\"file_data\":\"CCCC\"}},"
        "{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}},"
        "{\"type\":\"video_url\",\"video_url\":{\"url\":\"gs://b/v.mp4\"}},"
        "{\"type\":\"document_url\",\"document_url\":\"https://x/d.pdf\",\"z\":1}]}]");
    const struct chat_message *m = r->messages;

    CHECK_STR(m->name, "ann");
    CHECK_STR(part_at(m, 0)->cache, "{\"type\":\"ephemeral\"}");
    CHECK_STR(part_at(m, 1)->media.mime, "image/png");
    CHECK_STR(part_at(m, 1)->media.data, "AAAA");
    CHECK_STR(part_at(m, 1)->media.detail, "low");
    CHECK_STR(part_at(m, 2)->media.url, "https://x/y.png");
    CHECK_STR(part_at(m, 3)->media.mime, "image/jpeg");
    CHECK_STR(part_at(m, 4)->media.mime, "audio/mpeg");
    CHECK_STR(part_at(m, 5)->media.mime, "application/pdf");
    CHECK_STR(part_at(m, 5)->media.data, "CCCC");
    CHECK_STR(part_at(m, 6)->media.file_id, "file-1");
    CHECK(part_at(m, 7)->kind == CHAT_PART_VIDEO);
    CHECK_STR(part_at(m, 7)->media.url, "gs://b/v.mp4");
    CHECK(part_at(m, 8)->kind == CHAT_PART_FILE);
    check_losses("messages.content.z");
}

TEST(calls_and_their_results_are_read)
{
    const struct chat_request *r = read_messages(
        "[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":["
        "{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}},"
        "{\"type\":\"function\",\"function\":{\"name\":\"g\",\"arguments\":{\"x\":1}}},"
        "{\"id\":\"c3\",\"type\":\"custom\",\"custom\":{\"name\":\"h\",\"input\":\"free\"}}]},"
        "{\"role\":\"tool\",\"content\":\"one\"},"
        "{\"role\":\"tool\",\"content\":[{\"type\":\"text\",\"text\":\"two\"}]},"
        "{\"role\":\"tool\",\"tool_call_id\":\"c3\",\"content\":\"three\"}]");
    const struct chat_message *m = r->messages;

    CHECK_STR(part_at(m, 0)->call.arguments, "{}");
    CHECK_STR(part_at(m, 1)->call.arguments, "{\"x\":1}");
    CHECK_STR(part_at(m, 2)->call.arguments, "free");
    CHECK(part_at(m, 2)->call.custom && !part_at(m, 1)->call.custom);
    m = m->next;
    CHECK_STR(m->parts.first->result.id, "c1");
    CHECK_STR(m->parts.first->result.name, "f");
    m = m->next;
    CHECK(str_eq(m->parts.first->result.id, part_at(r->messages, 1)->call.id));
    CHECK_STR(m->parts.first->result.name, "g");
    CHECK_STR(m->parts.first->result.parts.first->text, "two");
    m = m->next;
    CHECK(m->parts.first->result.custom);
}

TEST(the_deprecated_functions_are_read)
{
    const struct chat_request *r =
        read_body("{\"model\":\"m\",\"functions\":[{\"name\":\"f\",\"description\":\"d\","
                  "\"parameters\":{\"type\":\"object\"}}],\"function_call\":{\"name\":\"f\"},"
                  "\"messages\":[{\"role\":\"assistant\",\"content\":null,\"function_call\":"
                  "{\"name\":\"f\",\"arguments\":\"{}\"}},"
                  "{\"role\":\"function\",\"name\":\"f\",\"content\":\"r\"}]}");

    CHECK(r->choice == CHAT_CHOICE_TOOL && r->tools->kind == CHAT_TOOL_FUNCTION);
    CHECK_STR(r->choice_name, "f");
    CHECK_STR(r->tools->parameters, "{\"type\":\"object\"}");
    CHECK(r->messages->next->role == CHAT_TOOL);
    CHECK(str_eq(r->messages->next->parts.first->result.id, r->messages->parts.first->call.id));
}

/* As a server wrote it and the client hands it back. */
TEST(an_empty_function_call_is_none)
{
    const struct chat_request *r = read_messages(
        "[{\"role\":\"assistant\",\"content\":\"a\",\"function_call\":{\"name\":\"\","
        "\"arguments\":\"\"},\"tool_calls\":null,\"audio\":{\"id\":\"\"},\"refusal\":\"\"}]");

    CHECK(r->messages->parts.first && !r->messages->parts.first->next);
    CHECK_EQ(losses.n, 0);
}

TEST(tools_and_choices_are_read)
{
    const struct chat_request *r = read_body(
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":["
        "{\"type\":\"function\",\"function\":{\"name\":\"f\",\"strict\":false},"
        "\"cache_control\":{\"type\":\"ephemeral\"}},"
        "{\"type\":\"custom\",\"custom\":{\"name\":\"g\",\"format\":{\"type\":\"text\"}}},"
        "{\"type\":\"browser_search\"},{\"type\":\"mystery\"}],"
        "\"web_search_options\":{\"search_context_size\":\"low\",\"user_location\":{"
        "\"type\":\"approximate\",\"approximate\":{\"city\":\"x\"}}},"
        "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\","
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}},"
        "{\"type\":\"custom\",\"custom\":{\"name\":\"g\"}}]}}}");
    const struct chat_tool *t = r->tools;

    CHECK_STR(t->strict, "false");
    CHECK(!t->parameters.p && !t->description.p && t->cache.n > 0);
    t = t->next;
    CHECK(t->kind == CHAT_TOOL_CUSTOM);
    CHECK_STR(t->parameters, "{\"type\":\"text\"}");
    t = t->next;
    CHECK(t->kind == CHAT_TOOL_WEB_SEARCH);
    t = t->next;
    CHECK(t->kind == CHAT_TOOL_OTHER);
    CHECK_STR(t->type, "mystery");
    t = t->next;
    CHECK(t->kind == CHAT_TOOL_WEB_SEARCH && !t->next);
    CHECK_STR(t->search_size, "low");
    CHECK_STR(t->search_location, "{\"city\":\"x\"}");
    CHECK(r->choice == CHAT_CHOICE_REQUIRED && r->allowed_count == 2);
    CHECK_STR(r->allowed[1], "g");
}

static struct chat_reasoning reasoning_of(const char *members)
{
    return read_body(arena_fmt(&arena,
                               "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
                               "\"x\"}],%s}",
                               members)
                         .p)
        ->reasoning;
}

TEST(every_way_to_ask_for_thoughts_is_read)
{
    struct chat_reasoning r = reasoning_of("\"reasoning_effort\":\"high\"");

    CHECK_STR(r.effort, "high");
    CHECK(r.enabled == CHAT_YES && r.budget == -1);
    r = reasoning_of("\"reasoning_effort\":\"none\"");
    CHECK(r.enabled == CHAT_NO);
    r = reasoning_of("\"reasoning\":{\"max_tokens\":2000,\"exclude\":true}");
    CHECK(r.enabled == CHAT_YES && r.budget == 2000 && r.visible == CHAT_NO);
    r = reasoning_of("\"reasoning\":{\"enabled\":false,\"exclude\":false}");
    CHECK(r.enabled == CHAT_NO && r.visible == CHAT_YES);
    r = reasoning_of("\"thinking\":{\"type\":\"disabled\"}");
    CHECK(r.enabled == CHAT_NO && r.budget == -1);
    r = reasoning_of("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":9}");
    CHECK(r.enabled == CHAT_YES && r.budget == 9);
}

TEST(the_form_of_the_answer_is_read)
{
    const struct chat_request *r =
        read_body("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
                  "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\","
                  "\"description\":\"d\",\"schema\":{\"type\":\"object\"},\"strict\":true}}}");

    CHECK(r->format == CHAT_FORMAT_SCHEMA);
    CHECK_STR(r->schema, "{\"type\":\"object\"}");
    CHECK_STR(r->schema_name, "n");
    CHECK_STR(r->schema_description, "d");
    CHECK_STR(r->schema_strict, "true");
}

/* A state that another provider gave comes back with its origin; one of this dialect stays whole.
 */
TEST(thoughts_of_the_history_keep_their_state)
{
    const struct chat_request *r = read_messages(
        "[{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_content\":\"hm\","
        "\"reasoning_details\":[{\"type\":\"reasoning.text\",\"signature\":\"YourApicSIG\"},"
        "{\"type\":\"reasoning.encrypted\",\"data\":\"YourApicRED\"},"
        "{\"type\":\"reasoning.encrypted\",\"data\":\"YourApirENC\",\"id\":\"rs_1\"},"
        "{\"type\":\"reasoning.text\",\"text\":\"own\",\"signature\":\"S\",\"format\":\"x\"}]}]");
    const struct chat_part *part = r->messages->parts.first;

    CHECK(part->kind == CHAT_PART_REASONING && part->state.origin == DIALECT_CLAUDE);
    CHECK_STR(part->state.value, "SIG");
    CHECK(!part->state.redacted);
    part = part->next;
    CHECK_STR(part->state.value, "RED");
    CHECK(part->state.redacted && part->text.n == 0);
    part = part->next;
    CHECK(part->state.origin == DIALECT_OPENAI_RESPONSES);
    CHECK_STR(part->state.value, "ENC");
    CHECK_STR(part->state.id, "rs_1");
    part = part->next;
    CHECK(part->state.origin == DIALECT_OPENAI_CHAT);
    CHECK_STR(part->text, "own");
    CHECK(part->next->kind == CHAT_PART_TEXT);
}

TEST(plain_thoughts_take_the_signature_beside_them)
{
    const struct chat_request *r = read_messages(
        "[{\"role\":\"assistant\",\"reasoning_content\":\"hm\","
        "\"reasoning_details\":[{\"type\":\"reasoning.text\",\"signature\":\"YourApicSIG\"}]}]");
    const struct chat_part *part = r->messages->parts.first;

    CHECK_STR(part->text, "hm");
    CHECK_STR(part->state.value, "SIG");
    CHECK(!part->next);
}

TEST(a_signature_of_a_call_is_geminis)
{
    const struct chat_request *r = read_messages(
        "[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"f\"},"
        "\"extra_content\":{\"google\":{\"thought_signature\":\"SIG\"}}}]}]");

    CHECK(r->messages->parts.first->state.origin == DIALECT_GEMINI);
    CHECK_STR(r->messages->parts.first->state.value, "SIG");
}

TEST(what_is_wrong_is_named)
{
    static const struct {
        const char *body, *what;
    } rows[] = {
        {"{}", "messages is required"},
        {"{\"messages\":{}}", "messages must be a list"},
        {"{\"messages\":[1]}", "messages[0] must be an object"},
        {"{\"messages\":[{\"role\":\"king\"}]}",
         "messages[0].role must be one of system, developer, user, assistant, tool"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":1}]}",
         "messages[0].content must be a string or a list"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"user\",\"content\":["
         "{\"type\":\"text\",\"text\":\"x\"},{\"type\":\"text\"}]}]}",
         "messages[1].content[1].text must be a string"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
         "{\"url\":\"data:image/svg+xml,<svg>\"}}]}]}",
         "messages[0].content[0].image_url.url must be a URL, or a data URL in base64"},
        {"{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}",
         "messages[0].tool_call_id must be the id of a call"},
        {"{\"temperature\":\"1\"}", "temperature must be a number"},
        {"{\"max_tokens\":-1}", "max_tokens must be a whole number that is not negative"},
        {"{\"stop\":[1]}", "stop must be a string or a list of strings"},
        {"{\"tools\":[{\"type\":\"function\",\"function\":{}}]}",
         "tools[].function.name must be a string"},
        {"{\"tool_choice\":7}", "tool_choice must be none, auto, required or an object"},
        {"{\"tool_choice\":{}}", "tool_choice must name a function"},
        {"{\"response_format\":{\"type\":\"json_schema\"}}",
         "response_format.json_schema.schema must be an object"},
        {"{\"stream\":1}", "stream must be true or false"},
        {"{\"model\":1}", "model must be a string"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_STR(str_from(refusal_by(dialect, rows[i].body)), rows[i].what);
}

/* ---- writing what a client of the dialect wrote ---- */

TEST(a_request_of_the_dialect_comes_back)
{
    static const char body[] =
        "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
        "\"messages\":[{\"role\":\"developer\",\"content\":\"d\"},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AAAA\","
        "\"detail\":\"low\"}},"
        "{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\","
        "\"file_data\":\"data:application/pdf;base64,CCCC\"}},"
        "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"BBBB\",\"format\":\"mp3\"}}]},"
        "{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"hm\","
        "\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"hm\",\"signature\":\"S\","
        "\"format\":\"x\",\"index\":0}],\"tool_calls\":["
        "{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"},"
        "\"extra_content\":{\"google\":{\"thought_signature\":\"T\"}}},"
        "{\"id\":\"c2\",\"type\":\"custom\",\"custom\":{\"name\":\"g\",\"input\":\"x\"}}]},"
        "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":[{\"type\":\"text\",\"text\":\"r\"}"
        ","
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/y\"}}]},"
        "{\"role\":\"tool\",\"tool_call_id\":\"c2\",\"content\":\"r\"},"
        "{\"role\":\"assistant\",\"content\":null,\"refusal\":\"no\"}],"
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"d\","
        "\"parameters\":{\"type\":\"object\"},\"strict\":true}},"
        "{\"type\":\"custom\",\"custom\":{\"name\":\"g\",\"format\":{\"type\":\"text\"}}},"
        "{\"type\":\"browser_search\"}],\"web_search_options\":{\"search_context_size\":\"low\"},"
        "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"auto\","
        "\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"g\"}}]}},"
        "\"parallel_tool_calls\":true,\"max_completion_tokens\":7,\"n\":2,\"temperature\":0,"
        "\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"],\"response_format\":{\"type\":\"json_schema\","
        "\"json_schema\":{\"name\":\"n\",\"schema\":{},\"strict\":true}},"
        "\"reasoning_effort\":\"low\",\"user\":\"u\",\"service_tier\":\"flex\","
        "\"metadata\":{\"a\":\"b\"},\"store\":true,\"min_p\":0.5,\"extra_body\":{\"google\":{}}}";

    testing_check_json(&arena, written(read_body(body)), body);
    CHECK_EQ(losses.n, 0);
}

static void check_comes_back(const char *members)
{
    const char *body = arena_fmt(&arena,
                                 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
                                 "\"content\":\"x\"}],%s}",
                                 members)
                           .p;

    testing_check_json(&arena, written(read_body(body)), body);
}

TEST(the_ways_to_ask_for_thoughts_come_back)
{
    check_comes_back("\"reasoning\":{\"max_tokens\":2000,\"enabled\":true,\"exclude\":true}");
    check_comes_back("\"reasoning\":{\"effort\":\"high\"}");
    check_comes_back("\"reasoning\":{\"enabled\":true}");
    check_comes_back("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":9}");
    check_comes_back("\"thinking\":{\"type\":\"adaptive\"}");
    check_comes_back("\"thinking\":{\"type\":\"auto\"}");
    check_comes_back("\"thinking\":{\"type\":\"disabled\"},\"reasoning_effort\":\"low\"");
    check_comes_back("\"reasoning_effort\":\"minimal\"");
    check_comes_back("\"response_format\":{\"type\":\"text\"}");
    check_comes_back("\"response_format\":{\"type\":\"grammar\",\"grammar\":\"x\"}");
    check_comes_back("\"web_search_options\":{\"user_location\":{\"latitude\":1}}");
}

/* ---- writing what came in another dialect ---- */

/* What Claude's reader makes of a turn with a picture in a tool's result. */
static struct chat_request *foreign_turn(void)
{
    struct chat_request *r = arena_new(&arena, struct chat_request);
    struct chat_message *m;
    struct chat_part *part;

    r->dialect = DIALECT_CLAUDE;
    r->model = STR("m");
    r->reasoning.budget = -1;
    m = chat_add_message(&arena, r, CHAT_SYSTEM);
    (void)chat_add_text(&arena, &m->parts, STR("one"));
    chat_add_text(&arena, &m->parts, STR("two"))->cache = STR("{\"type\":\"ephemeral\"}");
    m = chat_add_message(&arena, r, CHAT_ASSISTANT);
    part = chat_add_part(&arena, &m->parts, CHAT_PART_REASONING);
    part->text = STR("hm");
    part->state = (struct chat_state){.origin = DIALECT_CLAUDE, .value = STR("SIG")};
    (void)chat_add_text(&arena, &m->parts, STR("let me "));
    (void)chat_add_text(&arena, &m->parts, STR("see"));
    part = chat_add_part(&arena, &m->parts, CHAT_PART_TOOL_CALL);
    part->call =
        (struct chat_tool_call){.id = STR("toolu_0123456789012345678901234567890123456789"),
                                .name = STR("look at"),
                                .arguments = STR("{\"q\":1}")};
    m = chat_add_message(&arena, r, CHAT_TOOL);
    part = chat_add_part(&arena, &m->parts, CHAT_PART_TOOL_RESULT);
    part->result.id = STR("toolu_0123456789012345678901234567890123456789");
    part->result.is_error = true;
    (void)chat_add_text(&arena, &part->result.parts, STR("seen"));
    chat_add_part(&arena, &part->result.parts, CHAT_PART_IMAGE)->media =
        (struct chat_media){.mime = STR("image/png"), .data = STR("AAAA")};
    m = chat_add_message(&arena, r, CHAT_USER);
    (void)chat_add_text(&arena, &m->parts, STR("and now?"));
    (void)chat_add_message(&arena, r, CHAT_USER);
    return r;
}

TEST(a_turn_of_another_dialect_is_written_for_strict_servers)
{
    struct str messages = written_messages(foreign_turn(), DIALECT_CLAUDE);
    const struct json *root, *call, *result;

    CHECK_EQ(json_read(&arena, messages, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    call = json_at(json_get(json_at(root, 1), STR("tool_calls")), 0);
    result = json_at(root, 2);
    CHECK(json_str_or_null(&arena, json_get(call, STR("id"))).n <= 40);
    CHECK(testing_same_json(json_get(call, STR("id")), json_get(result, STR("tool_call_id"))));
    testing_check_json(&arena, json_raw(json_get(call, STR("function"))),
                       "{\"name\":\"look_at\",\"arguments\":\"{\\\"q\\\":1}\"}");
    testing_check_json(&arena, json_raw(json_at(root, 0)),
                       "{\"role\":\"system\",\"content\":\"one\\ntwo\"}");
    CHECK(json_str_eq(json_get(json_at(root, 1), STR("content")), STR("let me see")));
    CHECK(!json_get(json_at(root, 1), STR("reasoning_content")));
    CHECK(json_str_eq(json_get(result, STR("content")), STR("seen")));
    testing_check_json(&arena, json_raw(json_at(root, 3)),
                       "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
                       "{\"url\":\"data:image/png;base64,AAAA\"}}]}");
    testing_check_json(&arena, json_raw(json_at(root, 4)),
                       "{\"role\":\"user\",\"content\":\"and now?\"}");
    CHECK_EQ(json_count(root), 5);
    check_losses("cache_control, is_error");
}

TEST(an_upstream_that_takes_them_gets_marks_and_thoughts)
{
    const struct request_conf conf = {
        .arena = &arena, .losses = &losses, .cache_marks = true, .reasoning_history = true};
    struct sb sb;

    sb_init(&sb, TESTING_LIMIT);
    CHECK_EQ(dialect->write_request(&conf, foreign_turn(), &sb, NULL), ERR_OK);
    CHECK(str_has(sb_str(&sb), STR("{\"type\":\"text\",\"text\":\"two\",\"cache_control\":"
                                   "{\"type\":\"ephemeral\"}}")));
    CHECK(str_has(sb_str(&sb), STR("\"reasoning_content\":\"hm\"")));
    CHECK(!str_has(sb_str(&sb), STR("SIG"))); /* another provider's */
    check_losses("is_error");
    sb_fini(&sb);
}

static struct chat_request *foreign(enum dialect_id from)
{
    struct chat_request *r = arena_new(&arena, struct chat_request);
    struct chat_message *m = chat_add_message(&arena, r, CHAT_USER);

    r->dialect = from;
    r->model = STR("m");
    r->reasoning.budget = -1;
    (void)chat_add_text(&arena, &m->parts, STR("x"));
    return r;
}

#define USER_X "\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]"

TEST(options_of_another_dialect_are_written_or_named_as_lost)
{
    struct chat_request *r = foreign(DIALECT_CLAUDE);
    struct str stops[] = {STR("a"), STR(""), STR("b"), STR("c"), STR("d"), STR("e")};

    r->stream = true;
    r->max_tokens = 100;
    r->stop = stops;
    r->stop_count = ARRAY_LEN(stops);
    r->reasoning.enabled = CHAT_YES;
    r->reasoning.budget = 4000;
    r->service_tier = STR("standard_only");
    r->format = CHAT_FORMAT_SCHEMA;
    r->schema = STR("{\"type\":\"object\"}");
    chat_add_extra(&arena, r, STR("context_management"), STR("{}"));
    testing_check_json(&arena, written(r),
                       "{" USER_X ",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
                       "\"max_tokens\":100,\"stop\":[\"a\",\"b\",\"c\",\"d\"],"
                       "\"reasoning_effort\":\"medium\",\"response_format\":{\"type\":"
                       "\"json_schema\",\"json_schema\":{\"name\":\"response\",\"schema\":"
                       "{\"type\":\"object\"}}}}");
    check_losses("stop, service_tier, context_management");
}

TEST(tools_of_another_dialect_are_written_or_named_as_lost)
{
    struct chat_request *r = foreign(DIALECT_OPENAI_RESPONSES);
    struct chat_tool *tool = chat_add_tool(&arena, r, CHAT_TOOL_FUNCTION);
    struct str allowed[] = {STR("read"), STR("patch")};

    tool->ns = STR("files");
    tool->name = STR("read");
    tool->parameters = STR("{\"type\":\"object\"}");
    chat_add_tool(&arena, r, CHAT_TOOL_FUNCTION)->name = STR("other");
    tool = chat_add_tool(&arena, r, CHAT_TOOL_CUSTOM);
    tool->name = STR("patch");
    tool->parameters = STR("{\"type\":\"grammar\",\"syntax\":\"lark\"}");
    tool = chat_add_tool(&arena, r, CHAT_TOOL_WEB_SEARCH);
    tool->search_location = STR("{\"city\":\"x\"}");
    tool->max_uses = 3;
    chat_add_tool(&arena, r, CHAT_TOOL_CODE);
    chat_add_tool(&arena, r, CHAT_TOOL_OTHER)->type = STR("computer_use");
    r->allowed = allowed;
    r->allowed_count = 2;
    r->choice = CHAT_CHOICE_REQUIRED;
    testing_check_json(
        &arena, written(r),
        "{" USER_X ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"files__read\","
        "\"parameters\":{\"type\":\"object\"}}},"
        "{\"type\":\"function\",\"function\":{\"name\":\"patch\",\"parameters\":{\"type\":"
        "\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\"],"
        "\"additionalProperties\":false}}}],"
        "\"web_search_options\":{\"user_location\":{\"type\":\"approximate\",\"approximate\":"
        "{\"city\":\"x\"}}},\"tool_choice\":\"required\"}");
    check_losses("tools.custom.format, tools.code_execution, "
                 "tools.computer_use, tools.web_search.max_uses");
}

TEST(a_choice_without_tools_is_left_out)
{
    struct chat_request *r = foreign(DIALECT_GEMINI);

    r->choice = CHAT_CHOICE_AUTO;
    r->parallel_tools = CHAT_NO;
    testing_check_json(&arena, written(r), "{" USER_X "}");
}

static enum err_code code_of(enum chat_part_kind kind, struct chat_media media)
{
    struct chat_request *r = foreign(DIALECT_GEMINI);
    const struct request_conf conf = {.arena = &arena, .losses = &losses};
    struct sb sb;
    enum err_code rc;

    chat_add_part(&arena, &r->messages->parts, kind)->media = media;
    sb_init(&sb, TESTING_LIMIT);
    rc = dialect->write_request(&conf, r, &sb, NULL);
    sb_fini(&sb);
    return rc;
}

TEST(media_that_cannot_be_given_is_an_error)
{
    const struct chat_media by_url = {.url = STR("https://x/y")};
    const struct chat_media foreign_id = {.file_id = STR("f"), .origin = DIALECT_CLAUDE};

    CHECK_EQ(code_of(CHAT_PART_AUDIO, by_url), ERR_BAD_REQUEST);
    CHECK_EQ(code_of(CHAT_PART_FILE, by_url), ERR_BAD_REQUEST);
    CHECK_EQ(code_of(CHAT_PART_FILE, foreign_id), ERR_BAD_REQUEST);
    CHECK_EQ(code_of(CHAT_PART_IMAGE, by_url), ERR_OK);
    CHECK_EQ(losses.n, 0);
    CHECK_EQ(code_of(CHAT_PART_IMAGE, foreign_id), ERR_OK);
    check_losses("image_url");
}

ARENA_TEST_MAIN(the_options_are_read, parts_of_every_kind_are_read,
                calls_and_their_results_are_read, the_deprecated_functions_are_read,
                an_empty_function_call_is_none, tools_and_choices_are_read,
                every_way_to_ask_for_thoughts_is_read, the_form_of_the_answer_is_read,
                thoughts_of_the_history_keep_their_state,
                plain_thoughts_take_the_signature_beside_them, a_signature_of_a_call_is_geminis,
                what_is_wrong_is_named, a_request_of_the_dialect_comes_back,
                the_ways_to_ask_for_thoughts_come_back,
                a_turn_of_another_dialect_is_written_for_strict_servers,
                an_upstream_that_takes_them_gets_marks_and_thoughts,
                options_of_another_dialect_are_written_or_named_as_lost,
                tools_of_another_dialect_are_written_or_named_as_lost,
                a_choice_without_tools_is_left_out, media_that_cannot_be_given_is_an_error)

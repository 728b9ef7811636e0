/* Requests of Gemini's dialect, read and written. */
#include "dialect/chat_testing.h"
#include "dialect/request_testing.h"

static const struct chat_request *read_body(const char *body)
{
    return testing_read_request(&dialect_gemini, &arena, str_from(body), &losses);
}

static void check_refused(const char *body, const char *message)
{
    CHECK_STR(str_from(refusal_by(&dialect_gemini, body)), message);
}

/* The client's request as a Gemini client wrote it, and the request that goes on. */
static void check_same(const char *body, const char *want)
{
    testing_check_json(
        &arena, testing_write_request(&dialect_gemini, &arena, read_body(body), &losses), want);
}

/* A request of an OpenAI client that is being put together. */
static struct chat_request *openai(const char *model)
{
    return new_request(DIALECT_OPENAI_CHAT, model);
}

static void check_written(struct chat_request *r, const char *want)
{
    chat_link_results(r);
    testing_check_json(&arena, testing_write_request(&dialect_gemini, &arena, r, &losses), want);
}

static void check_member(struct chat_request *r, const char *member, const char *want)
{
    const struct json *root;
    struct str text;

    chat_link_results(r);
    text = testing_write_request(&dialect_gemini, &arena, r, &losses);
    CHECK_EQ(json_read(&arena, text, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    if (!want) {
        CHECK(!json_get(root, str_from(member)));
        return;
    }
    CHECK(json_get(root, str_from(member)));
    testing_check_json(&arena, json_raw(json_get(root, str_from(member))), want);
}

static void check_lost(const char *names)
{
    check_losses(names);
}

/* ---- reading ---- */

TEST(turns_become_messages_in_their_order)
{
    const struct chat_request *r = read_body(
        "{\"system_instruction\":{\"parts\":[{\"text\":\"Be brief.\"}]},\"contents\":["
        "{\"parts\":[{\"text\":\"What is this?\"},{\"inline_data\":{\"mime_type\":\"image/png\","
        "\"data\":\"AAAA\"}}]},"
        "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"look\",\"args\":{\"q\":1}},"
        "\"thoughtSignature\":\"c2ln\"},{\"functionCall\":{\"name\":\"look\"}}]},"
        "{\"role\":\"function\",\"parts\":[{\"functionResponse\":{\"name\":\"look\",\"response\":"
        "{\"name\":\"look\",\"content\":\"a cat\"}}},{\"functionResponse\":{\"name\":\"look\","
        "\"response\":{\"error\":\"blind\"}}},{\"text\":\"And now?\"}]}]}");
    const struct chat_message *m = r->messages;

    CHECK_EQ(m->role, CHAT_SYSTEM);
    CHECK_STR(m->parts.first->text, "Be brief.");
    m = m->next;
    CHECK_EQ(m->role, CHAT_USER);
    CHECK_STR(m->parts.first->text, "What is this?");
    CHECK_EQ(m->parts.last->kind, CHAT_PART_IMAGE);
    CHECK_STR(m->parts.last->media.mime, "image/png");
    CHECK_STR(m->parts.last->media.data, "AAAA");
    m = m->next;
    CHECK_EQ(m->role, CHAT_ASSISTANT);
    CHECK_STR(m->parts.first->call.id, "call_0001");
    CHECK_STR(m->parts.first->call.arguments, "{\"q\":1}");
    CHECK_STR(m->parts.first->state.value, "c2ln");
    CHECK_EQ(m->parts.first->state.origin, DIALECT_GEMINI);
    CHECK_STR(m->parts.last->call.id, "call_0002");
    CHECK_STR(m->parts.last->call.arguments, "{}");
    m = m->next;
    CHECK_EQ(m->role, CHAT_TOOL);
    CHECK_STR(m->parts.first->result.id, "call_0001");
    CHECK_STR(m->parts.first->result.parts.first->text, "a cat");
    CHECK(!m->parts.first->result.is_error);
    CHECK_STR(m->parts.last->result.id, "call_0002");
    CHECK_STR(m->parts.last->result.parts.first->text, "blind");
    CHECK(m->parts.last->result.is_error);
    m = m->next;
    CHECK_EQ(m->role, CHAT_USER);
    CHECK_STR(m->parts.first->text, "And now?");
    CHECK(!m->next);
    check_lost("");
}

/* Has a member of every kind; a capital behind a small letter stands in names only. */
static const char camel[] =
    "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"inlineData\":{\"mimeType\":\"image/"
    "png\",\"data\":\"aaaa\"}},"
    "{\"fileData\":{\"mimeType\":\"image/png\",\"fileUri\":\"https://x/y.png\"}}]},"
    "{\"role\":\"model\",\"parts\":[{\"text\":\"hm\",\"thought\":true},"
    "{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}},\"thoughtSignature\":\"aaaa\"}]},"
    "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"response\":{\"result\":"
    "\"ok\"}}}]}],"
    "\"systemInstruction\":{\"parts\":[{\"text\":\"s\"}]},"
    "\"generationConfig\":{\"maxOutputTokens\":9,\"topP\":0.5,\"topK\":3,\"candidateCount\":2,"
    "\"stopSequences\":[\"x\"],\"presencePenalty\":0.1,\"frequencyPenalty\":0.2,"
    "\"responseLogprobs\":true,"
    "\"responseModalities\":[\"TEXT\"],\"responseMimeType\":\"application/json\","
    "\"responseSchema\":{\"type\":\"ARRAY\",\"items\":{\"anyOf\":[{\"type\":\"STRING\"}]},"
    "\"minItems\":1},"
    "\"thinkingConfig\":{\"thinkingBudget\":64,\"includeThoughts\":true},\"mediaResolution\":\"M\"}"
    ","
    "\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"parametersJsonSchema\":{\"type\":"
    "\"object\","
    "\"properties\":{\"a\":{\"type\":\"string\"}}}}]},{\"googleSearch\":{}},{\"codeExecution\":{}}]"
    ","
    "\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"f\","
    "\"g\"]}},"
    "\"safetySettings\":[{\"category\":\"C\"}],\"cachedContent\":\"c\"}";

static const char *in_snake_case(const char *text)
{
    struct str all = STR("");

    for (; *text; text++) {
        bool starts_word = *text >= 'A' && *text <= 'Z' && all.n > 0 && all.p[all.n - 1] >= 'a' &&
                           all.p[all.n - 1] <= 'z';

        all = arena_fmt(&arena, starts_word ? "%.*s_%c" : "%.*s%c", STR_ARG(all),
                        starts_word ? *text - 'A' + 'a' : *text);
    }
    return all.p;
}

/* Google's own servers read both spellings of every member, and its SDKs write both. */
TEST(members_may_be_written_in_snake_case)
{
    const char *snake = in_snake_case(camel);
    const struct chat_request *r = read_body(snake);

    check_has(snake, "\"generation_config\":{\"max_output_tokens\":9,\"top_p\":0.5");
    CHECK_EQ(r->max_tokens, 9);
    CHECK_EQ(r->reasoning.budget, 64);
    for (enum dialect_id id = 0; id < DIALECT_COUNT; id++) {
        const struct chat_request *again = read_body(camel);
        struct str want, lost;

        if (id == DIALECT_GEMINI) /* where a tool goes on as its client wrote it */
            continue;
        losses = (struct loss_list){0};
        want = testing_write_request(dialect_of(id), &arena, again, &losses);
        lost = loss_text(&arena, &losses);
        losses = (struct loss_list){0};
        testing_check_json(&arena, testing_write_request(dialect_of(id), &arena, r, &losses),
                           want.p);
        CHECK_STR(loss_text(&arena, &losses), lost.p);
    }
}

TEST(results_find_their_calls_by_id_name_and_order)
{
    const struct chat_request *r = read_body(
        "{\"contents\":[{\"role\":\"model\",\"parts\":["
        "{\"functionCall\":{\"name\":\"a\"}},{\"functionCall\":{\"id\":\"call_0002\","
        "\"name\":\"b\"}},{\"functionCall\":{\"name\":\"a\"}}]},"
        "{\"parts\":[{\"functionResponse\":{\"name\":\"b\",\"response\":{\"x\":1}}},"
        "{\"functionResponse\":{\"name\":\"a\",\"response\":{\"output\":[1,2]}}},"
        "{\"functionResponse\":{\"id\":\"foreign\",\"name\":\"a\"}},"
        "{\"functionResponse\":{\"name\":\"c\"}}]},"
        "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"a\"}}]},"
        "{\"parts\":[{\"functionResponse\":{\"name\":\"a\",\"response\":{\"result\":\"r\"}}}]}]}");
    const struct chat_part *p = r->messages->parts.first;

    CHECK_STR(p->call.id, "call_0001");
    CHECK_STR(p->next->call.id, "call_0002");
    CHECK_STR(p->next->next->call.id, "call_0003");
    p = r->messages->next->parts.first;
    CHECK_STR(p->result.id, "call_0002");
    CHECK_STR(p->result.parts.first->text, "{\"x\":1}");
    p = p->next;
    CHECK_STR(p->result.id, "call_0001");
    CHECK_STR(p->result.parts.first->text, "[1,2]");
    p = p->next;
    CHECK_STR(p->result.id, "call_0003");
    p = p->next;
    CHECK_STR(p->result.id, "call_0004"); /* of no call */
    p = r->messages->next->next->next->parts.first;
    CHECK_STR(p->result.id, r->messages->next->next->parts.first->call.id.p);
    CHECK_STR(p->result.parts.first->text, "r");
}

TEST(thoughts_in_pieces_are_one_thought_with_its_signature)
{
    const struct chat_request *r =
        read_body("{\"contents\":[{\"role\":\"model\",\"parts\":["
                  "{\"text\":\"one \",\"thought\":true},{\"text\":\"two\",\"thought\":true},"
                  "{\"text\":\"\",\"thought\":true,\"thoughtSignature\":\"YourApicc2ln\"},"
                  "{\"text\":\"three\",\"thought\":true},{\"text\":\"said\","
                  "\"thoughtSignature\":\"b3du\"},{\"text\":\"\",\"thoughtSignature\":\"ZW5k\"},"
                  "{\"thought\":true,\"thoughtSignature\":\"YourApicaGlk\"}]}]}");
    const struct chat_part *p = r->messages->parts.first;

    CHECK_EQ(p->kind, CHAT_PART_REASONING);
    CHECK_STR(p->text, "one two");
    CHECK_STR(p->state.value, "c2ln");
    CHECK_EQ(p->state.origin, DIALECT_CLAUDE);
    CHECK(!p->state.redacted);
    p = p->next;
    CHECK_STR(p->text, "three");
    p = p->next;
    CHECK_EQ(p->kind, CHAT_PART_TEXT);
    CHECK_STR(p->text, "said");
    CHECK_STR(p->state.value, "b3du");
    p = p->next;
    CHECK_EQ(p->kind, CHAT_PART_REASONING);
    CHECK_STR(p->state.value, "ZW5k");
    p = p->next;
    CHECK_STR(p->state.value, "aGlk");
    CHECK(p->state.redacted);
    CHECK(!p->next);
}

TEST(files_are_told_apart_by_their_place)
{
    const struct chat_request *r = read_body(
        "{\"contents\":{\"role\":\"user\",\"parts\":["
        "{\"fileData\":{\"fileUri\":\"https://www.youtube.com/watch?v=x\"}},"
        "{\"fileData\":{\"mimeType\":\"application/pdf\",\"fileUri\":"
        "\"https://generativelanguage.googleapis.com/v1beta/files/f\"}},"
        "{\"file_data\":{\"mime_type\":\"audio/mp3\",\"file_uri\":\"gs://b/o\"}},"
        "{\"inlineData\":{\"mimeType\":\"video/mp4\",\"data\":\"QQ==\",\"displayName\":\"n\"}},"
        "{\"executableCode\":{\"language\":\"PYTHON\",\"code\":\"1+1\"}},"
        "{\"toolCall\":{\"id\":\"x\"}}]}}");
    const struct chat_part *p = r->messages->parts.first;

    CHECK_EQ(p->kind, CHAT_PART_VIDEO);
    CHECK_STR(p->media.url, "https://www.youtube.com/watch?v=x");
    p = p->next;
    CHECK_EQ(p->kind, CHAT_PART_FILE);
    CHECK_STR(p->media.file_id, "https://generativelanguage.googleapis.com/v1beta/files/f");
    CHECK_EQ(p->media.origin, DIALECT_GEMINI);
    p = p->next;
    CHECK_EQ(p->kind, CHAT_PART_AUDIO);
    CHECK_STR(p->media.url, "gs://b/o");
    p = p->next;
    CHECK_EQ(p->kind, CHAT_PART_VIDEO);
    CHECK_STR(p->media.name, "n");
    p = p->next;
    CHECK_STR(p->text, "\n```python\n1+1\n```\n");
    CHECK(!p->next);
    check_lost("contents.parts.toolCall");
}

TEST(the_configuration_is_read_in_either_spelling)
{
    const struct chat_request *r = read_body(
        "{\"contents\":\"hi\",\"generation_config\":{\"temperature\":0,\"top_p\":\"0.5\","
        "\"topK\":40,\"max_output_tokens\":100,\"candidateCount\":2,\"seed\":7,"
        "\"presencePenalty\":-1.5,\"frequency_penalty\":null,\"stopSequences\":[\"a\",\"b\"],"
        "\"responseLogprobs\":true,\"logprobs\":3,\"responseModalities\":[\"TEXT\",\"IMAGE\"],"
        "\"thinking_config\":{\"thinking_budget\":512,\"include_thoughts\":true},"
        "\"response_mime_type\":\"application/json\",\"response_schema\":{\"type\":\"OBJECT\","
        "\"nullable\":true,\"properties\":{\"type\":{\"type\":\"STRING\",\"format\":\"enum\","
        "\"enum\":[\"x\"]},\"n\":{\"type\":\"ARRAY\",\"min_items\":\"1\",\"items\":{\"any_of\":"
        "[{\"type\":\"INTEGER\"}]}}},\"propertyOrdering\":[\"n\"],\"required\":[\"n\"]},"
        "\"speechConfig\":{\"x\":1}},\"safety_settings\":[],\"cachedContent\":\"c\"}");

    CHECK_STR(r->messages->parts.first->text, "hi");
    CHECK_STR(r->temperature, "0");
    CHECK_STR(r->top_p, "0.5");
    CHECK_STR(r->top_k, "40");
    CHECK_EQ(r->max_tokens, 100);
    CHECK_EQ(r->n, 2);
    CHECK_STR(r->seed, "7");
    CHECK_STR(r->presence_penalty, "-1.5");
    CHECK(!r->frequency_penalty.p);
    CHECK_EQ(r->stop_count, 2);
    CHECK_STR(r->stop[1], "b");
    CHECK_EQ(r->logprobs, CHAT_YES);
    CHECK_STR(r->top_logprobs, "3");
    CHECK_STR(r->modalities, "[\"text\",\"image\"]");
    CHECK_EQ(r->reasoning.budget, 512);
    CHECK_EQ(r->reasoning.enabled, CHAT_YES);
    CHECK_EQ(r->reasoning.visible, CHAT_YES);
    CHECK_EQ(r->format, CHAT_FORMAT_SCHEMA);
    testing_check_json(&arena, r->schema,
                       "{\"type\":[\"object\",\"null\"],\"properties\":{\"type\":{\"type\":"
                       "\"string\",\"enum\":[\"x\"]},\"n\":{\"type\":\"array\",\"minItems\":1,"
                       "\"items\":{\"anyOf\":[{\"type\":\"integer\"}]}}},\"required\":[\"n\"]}");
    CHECK_STR(r->extras->name, "generationConfig.speechConfig");
    CHECK_STR(r->extras->next->name, "safetySettings");
    CHECK_STR(r->extras->next->next->name, "cachedContent");
    CHECK(!r->extras->next->next->next);
}

TEST(tools_and_their_choice_are_read)
{
    const struct chat_request *r = read_body(
        "{\"contents\":\"hi\",\"tools\":[{\"function_declarations\":[{\"name\":\"f\","
        "\"description\":\"d\",\"parameters\":{\"type\":\"OBJECT\",\"properties\":{\"a\":"
        "{\"type\":\"STRING\"}}}},{\"name\":\"g\",\"parametersJsonSchema\":{\"type\":\"object\"}}],"
        "\"google_search\":{}},{\"urlContext\":{}},{\"codeExecution\":{}},{\"fileSearch\":{\"x\":1}"
        "}],"
        "\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\",\"allowedFunctionNames\":"
        "[\"f\"]},\"retrievalConfig\":{\"y\":2}}}");
    const struct chat_tool *tool = r->tools;

    CHECK_STR(tool->name, "f");
    CHECK_STR(tool->description, "d");
    testing_check_json(&arena, tool->parameters,
                       "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}");
    tool = tool->next;
    CHECK_STR(tool->parameters, "{\"type\":\"object\"}");
    tool = tool->next;
    CHECK_EQ(tool->kind, CHAT_TOOL_WEB_SEARCH);
    CHECK_EQ(tool->next->kind, CHAT_TOOL_WEB_FETCH);
    CHECK_EQ(tool->next->next->kind, CHAT_TOOL_CODE);
    tool = tool->next->next->next;
    CHECK_EQ(tool->kind, CHAT_TOOL_OTHER);
    CHECK_STR(tool->type, "fileSearch");
    CHECK_STR(tool->raw, "{\"fileSearch\":{\"x\":1}}");
    CHECK_EQ(r->choice, CHAT_CHOICE_TOOL);
    CHECK_STR(r->choice_name, "f");
    CHECK_STR(r->extras->name, "toolConfig.retrievalConfig");

    r = read_body("{\"contents\":\"hi\",\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\"}]}],"
                  "\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"validated\"}}}");
    CHECK_EQ(r->choice, CHAT_CHOICE_AUTO);
    CHECK_STR(r->tools->strict, "true");
}

TEST(what_is_wrong_is_named)
{
    check_refused("[]", "the request must be an object");
    check_refused("{\"contents\":1}", "contents must be a list");
    check_refused("{\"contents\":[1]}", "contents[0] must be an object");
    check_refused("{\"contents\":[{},{\"role\":\"x\"}]}",
                  "contents[1].role must be user, model or function");
    check_refused("{\"contents\":[{\"parts\":true}]}", "contents[0].parts must be a list");
    check_refused("{\"contents\":[{\"parts\":[{\"text\":\"a\"},{\"text\":1}]}]}",
                  "contents[0].parts[1].text must be a string");
    check_refused("{\"contents\":[{\"parts\":[{\"functionCall\":{}}]}]}",
                  "contents[0].parts[0].functionCall.name must be a string");
    check_refused("{\"contents\":[{\"parts\":[{\"functionResponse\":{\"name\":\"f\","
                  "\"response\":\"x\"}}]}]}",
                  "contents[0].parts[0].functionResponse.response must be an object");
    check_refused("{\"contents\":[{\"parts\":[{\"inlineData\":{}}]}]}",
                  "contents[0].parts[0].inlineData.data must be a string");
    check_refused("{\"generationConfig\":{\"topP\":\"x\"}}",
                  "generationConfig.topP must be a number");
    check_refused("{\"generationConfig\":{\"candidateCount\":-1}}",
                  "generationConfig.candidateCount must be a whole number that is not negative");
    check_refused("{\"generationConfig\":{\"stopSequences\":[1]}}",
                  "generationConfig.stopSequences must be a list of strings");
    check_refused("{\"tools\":{}}", "tools must be a list");
    check_refused("{\"tools\":[{\"functionDeclarations\":[{}]}]}",
                  "tools.functionDeclarations.name must be a string");
    check_refused("{\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"x\"}}}",
                  "toolConfig.functionCallingConfig.mode must be AUTO, ANY, NONE or VALIDATED");
    check_refused("{\"systemInstruction\":1}", "systemInstruction must be a content or a string");
}

/* ---- writing ---- */

TEST(a_request_with_everything_usual_is_written)
{
    struct chat_request *r = openai("M");
    struct chat_part *image;

    say(r, CHAT_SYSTEM, "Be brief.");
    image = chat_add_part(&arena, &say(r, CHAT_USER, "What is this?")->parts, CHAT_PART_IMAGE);
    image->media = (struct chat_media){.mime = STR("image/png"), .data = STR("AAAA")};
    add_call(r, "call_1", "look", "{\"q\":\"cat\"}");
    add_result(r, "call_1", "a cat");
    say(r, CHAT_USER, "And now?");
    add_tool(r, "look",
             "{\"type\":\"object\",\"properties\":{\"q\":{\"type\":\"string\"}},\"required\":"
             "[\"q\"]}");
    r->choice = CHAT_CHOICE_REQUIRED;
    r->max_tokens = 100;
    r->temperature = STR("0.2");
    r->stop = (struct str[]){STR("END")};
    r->stop_count = 1;
    check_written(
        r, "{\"systemInstruction\":{\"parts\":[{\"text\":\"Be brief.\"}]},\"contents\":["
           "{\"role\":\"user\",\"parts\":[{\"text\":\"What is this?\"},{\"inlineData\":"
           "{\"mimeType\":\"image/png\",\"data\":\"AAAA\"}}]},"
           "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"look\",\"args\":"
           "{\"q\":\"cat\"}}}]},"
           "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"look\",\"response\":"
           "{\"name\":\"look\",\"content\":\"a cat\"}}}]},"
           "{\"role\":\"user\",\"parts\":[{\"text\":\"And now?\"}]}],"
           "\"tools\":[{\"functionDeclarations\":[{\"name\":\"look\",\"parameters\":{\"type\":"
           "\"OBJECT\",\"properties\":{\"q\":{\"type\":\"STRING\"}},\"required\":[\"q\"]}}]}],"
           "\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\"}},"
           "\"generationConfig\":{\"temperature\":0.2,\"maxOutputTokens\":100,"
           "\"stopSequences\":[\"END\"]}}");
    check_lost("");
}

TEST(results_of_a_batch_stand_in_one_turn_in_the_order_of_the_calls)
{
    struct chat_request *r = openai("M");
    struct chat_message *m;

    say(r, CHAT_USER, "one");
    say(r, CHAT_USER, "two");
    m = say(r, CHAT_ASSISTANT, "calling");
    call_in(m, "a", "f", "");
    add_call(r, "b", "g", "broken{");
    add_result(r, "b", "{\"x\":1}");
    say(r, CHAT_USER, "by the way");
    add_result(r, "a", "done")->result.is_error = true;
    check_member(
        r, "contents",
        "[{\"role\":\"user\",\"parts\":[{\"text\":\"one\"},{\"text\":\"two\"}]},"
        "{\"role\":\"model\",\"parts\":[{\"text\":\"calling\"},{\"functionCall\":{\"name\":\"f\","
        "\"args\":{}}},{\"functionCall\":{\"name\":\"g\",\"args\":{\"input\":\"broken{\"}}}]},"
        "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"response\":"
        "{\"error\":\"done\"}}},{\"functionResponse\":{\"name\":\"g\",\"response\":{\"x\":1}}}]},"
        "{\"role\":\"user\",\"parts\":[{\"text\":\"by the way\"}]}]");
}

TEST(calls_of_the_running_loop_get_a_signature)
{
    struct chat_request *r = openai("gemini-3-pro-preview");
    struct chat_message *m;

    say(r, CHAT_USER, "go");
    add_call(r, "old", "f", "{}");
    add_result(r, "old", "1");
    say(r, CHAT_USER, "again");
    m = chat_add_message(&arena, r, CHAT_ASSISTANT);
    call_in(m, "a", "f", "{}");
    call_in(m, "b", "f", "{}");
    add_result(r, "a", "2");
    add_result(r, "b", "3");
    m = chat_add_message(&arena, r, CHAT_ASSISTANT);
    call_in(m, "c", "f", "{}")->state =
        (struct chat_state){.origin = DIALECT_GEMINI, .value = STR("kept")};
    add_call(r, "d", "f", "{}")->state =
        (struct chat_state){.origin = DIALECT_CLAUDE, .value = STR("foreign")};
    check_member(
        r, "contents",
        "[{\"role\":\"user\",\"parts\":[{\"text\":\"go\"}]},"
        "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}}}]},"
        "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"response\":"
        "{\"name\":\"f\",\"content\":\"1\"}}}]},"
        "{\"role\":\"user\",\"parts\":[{\"text\":\"again\"}]},"
        "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}},"
        "\"thoughtSignature\":\"skip_thought_signature_validator\"},"
        "{\"functionCall\":{\"name\":\"f\",\"args\":{}}}]},"
        "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"response\":"
        "{\"name\":\"f\",\"content\":\"2\"}}},{\"functionResponse\":{\"name\":\"f\",\"response\":"
        "{\"name\":\"f\",\"content\":\"3\"}}}]},"
        "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}},"
        "\"thoughtSignature\":\"kept\"},{\"functionCall\":{\"name\":\"f\",\"args\":{}}}]}]");
}

TEST(thoughts_go_back_to_the_model_that_thought_them)
{
    struct chat_request *r = openai("gemini-2.5-pro");
    struct chat_message *m;
    struct chat_part *p;

    say(r, CHAT_USER, "q");
    m = chat_add_message(&arena, r, CHAT_ASSISTANT);
    p = chat_add_part(&arena, &m->parts, CHAT_PART_REASONING);
    p->text = STR("mine");
    p->state = (struct chat_state){.origin = DIALECT_GEMINI, .value = STR("s")};
    p = chat_add_part(&arena, &m->parts, CHAT_PART_REASONING);
    p->text = STR("foreign");
    p->state = (struct chat_state){.origin = DIALECT_CLAUDE, .value = STR("s")};
    chat_add_part(&arena, &m->parts, CHAT_PART_REASONING)->text = STR("unsigned");
    p = chat_add_text(&arena, &m->parts, STR("a"));
    p->state = (struct chat_state){.origin = DIALECT_GEMINI, .value = STR("t")};
    check_member(r, "contents",
                 "[{\"role\":\"user\",\"parts\":[{\"text\":\"q\"}]},{\"role\":\"model\",\"parts\":["
                 "{\"text\":\"mine\",\"thought\":true,\"thoughtSignature\":\"s\"},"
                 "{\"text\":\"a\",\"thoughtSignature\":\"t\"}]}]");
}

TEST(a_conversation_begins_with_the_user_and_has_a_turn)
{
    struct chat_request *r = openai("gemini-2.5-pro");
    const struct request_conf conf = {.arena = &arena, .losses = &losses};
    struct err err = {0};
    struct sb sb;

    say(r, CHAT_ASSISTANT, "hello");
    check_member(r, "contents",
                 "[{\"role\":\"user\",\"parts\":[{\"text\":\" \"}]},"
                 "{\"role\":\"model\",\"parts\":[{\"text\":\"hello\"}]}]");
    r = openai("gemini-2.5-pro");
    say(r, CHAT_SYSTEM, "do it");
    check_written(r, "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"do it\"}]}]}");
    r = openai("gemma-3-27b-it");
    say(r, CHAT_SYSTEM, "rule");
    say(r, CHAT_USER, "q");
    check_written(r, "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"rule\"},"
                     "{\"text\":\"q\"}]}]}");
    sb_init(&sb, 1000);
    CHECK_EQ(dialect_gemini.write_request(&conf, openai("M"), &sb, &err), ERR_BAD_REQUEST);
    CHECK_STR(str_from(err.msg), "messages: there is nothing to send");
    sb_fini(&sb);
}

static struct chat_part *media(struct chat_message *m, enum chat_part_kind kind,
                               struct chat_media value)
{
    struct chat_part *p = chat_add_part(&arena, &m->parts, kind);

    p->media = value;
    return p;
}

TEST(media_go_inline_or_by_an_address_that_google_fetches)
{
    struct chat_request *r = openai("gemini-2.5-pro");
    struct chat_message *m = chat_add_message(&arena, r, CHAT_USER);
    const struct request_conf conf = {.arena = &arena, .losses = &losses};
    struct err err = {0};
    struct sb sb;

    media(m, CHAT_PART_IMAGE, (struct chat_media){.data = STR("/9j/AAAA"), .detail = STR("high")});
    media(m, CHAT_PART_IMAGE, (struct chat_media){.url = STR("https://example.com/a.png")});
    media(m, CHAT_PART_AUDIO, (struct chat_media){.data = STR("UklGRg==")});
    media(m, CHAT_PART_FILE, (struct chat_media){.text = STR("plain")});
    media(m, CHAT_PART_VIDEO, (struct chat_media){.url = STR("https://youtu.be/x")});
    media(m, CHAT_PART_FILE,
          (struct chat_media){.url = STR("gs://b/o"), .mime = STR("application/pdf")});
    check_member(r, "contents",
                 "[{\"role\":\"user\",\"parts\":[{\"inlineData\":{\"mimeType\":\"image/jpeg\","
                 "\"data\":\"/9j/AAAA\"}},{\"inlineData\":{\"mimeType\":\"audio/wav\",\"data\":"
                 "\"UklGRg==\"}},{\"text\":\"plain\"},{\"fileData\":{\"fileUri\":"
                 "\"https://youtu.be/x\"}},{\"fileData\":{\"mimeType\":\"application/pdf\","
                 "\"fileUri\":\"gs://b/o\"}}]}]");
    check_lost("messages.content.image_url.detail, messages.content.image_url");
    media(m, CHAT_PART_FILE,
          (struct chat_media){.file_id = STR("file-1"), .origin = DIALECT_OPENAI_CHAT});
    sb_init(&sb, 1000);
    CHECK_EQ(dialect_gemini.write_request(&conf, r, &sb, &err), ERR_BAD_REQUEST);
    sb_fini(&sb);
}

TEST(a_result_has_the_name_of_its_call)
{
    struct chat_request *r = openai("gemini-2.5-pro");

    say(r, CHAT_USER, "q");
    add_call(r, "a", "exec", "{}")->call.ns = STR("functions");
    add_result(r, "a", "seen");
    chat_link_results(r);
    check_member(
        r, "contents",
        "[{\"role\":\"user\",\"parts\":[{\"text\":\"q\"}]},{\"role\":\"model\",\"parts\":"
        "[{\"functionCall\":{\"name\":\"functions__exec\",\"args\":{}}}]},"
        "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"functions__exec\","
        "\"response\":{\"name\":\"functions__exec\",\"content\":\"seen\"}}}]}]");
}

TEST(pictures_in_results_go_where_the_model_takes_them)
{
    const struct chat_media picture = {.mime = STR("image/png"), .data = STR("AAAA")};
    struct chat_request *r;
    struct chat_part *p;

    for (int turn = 0; turn < 2; turn++) {
        r = openai(turn == 0 ? "gemini-3-flash-preview" : "gemini-2.5-flash");
        say(r, CHAT_USER, "q");
        add_call(r, "a", "f", "{}")->state =
            (struct chat_state){.origin = DIALECT_GEMINI, .value = STR("s")};
        p = add_result(r, "a", "seen");
        chat_add_part(&arena, &p->result.parts, CHAT_PART_IMAGE)->media = picture;
        check_member(
            r, "contents",
            turn == 0
                ? "[{\"role\":\"user\",\"parts\":[{\"text\":\"q\"}]},{\"role\":\"model\",\"parts\":"
                  "[{\"functionCall\":{\"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"s\"}]},"
                  "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\","
                  "\"response\":{\"name\":\"f\",\"content\":\"seen\"},\"parts\":[{\"inlineData\":"
                  "{\"mimeType\":\"image/png\",\"data\":\"AAAA\"}}]}}]}]"
                : "[{\"role\":\"user\",\"parts\":[{\"text\":\"q\"}]},{\"role\":\"model\",\"parts\":"
                  "[{\"functionCall\":{\"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"s\"}]},"
                  "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\","
                  "\"response\":{\"name\":\"f\",\"content\":\"seen\"}}}]},{\"role\":\"user\","
                  "\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AAAA\"}}]}]");
    }
}

TEST(tools_of_every_kind_are_written)
{
    struct chat_request *r = openai("gemini-2.5-pro");
    struct chat_tool *tool;

    say(r, CHAT_USER, "q");
    add_tool(r, "f", "{\"type\":\"object\",\"properties\":{}}")->description = STR("d");
    tool = chat_add_tool(&arena, r, CHAT_TOOL_CUSTOM);
    tool->name = STR("shell");
    tool->parameters = STR("{\"type\":\"grammar\"}");
    tool = chat_add_tool(&arena, r, CHAT_TOOL_WEB_SEARCH);
    tool->search_size = STR("low");
    chat_add_tool(&arena, r, CHAT_TOOL_WEB_FETCH);
    add_tool(r, "codeExecution", "{}");
    add_tool(r, "googleSearch", "{}");
    tool = chat_add_tool(&arena, r, CHAT_TOOL_OTHER);
    tool->type = STR("computer_20250124");
    tool = add_tool(r, "dot.name", "");
    tool->ns = STR("mcp");
    r->choice = CHAT_CHOICE_TOOL;
    r->choice_name = STR("dot.name");
    r->parallel_tools = CHAT_NO;
    check_member(
        r, "tools",
        "[{\"functionDeclarations\":[{\"name\":\"f\",\"description\":\"d\"},"
        "{\"name\":\"shell\",\"parameters\":{\"type\":\"OBJECT\",\"properties\":{\"input\":"
        "{\"type\":\"STRING\"}},\"required\":[\"input\"]}},{\"name\":\"mcp__dot_name\"}]}]");
    check_member(r, "toolConfig",
                 "{\"functionCallingConfig\":{\"mode\":\"ANY\",\"allowedFunctionNames\":"
                 "[\"mcp__dot_name\"]}}");
    check_lost("tools.custom.format, tools.googleSearch, tools.urlContext, tools.codeExecution, "
               "tools.computer_20250124, parallel_tool_calls");
}

TEST(googles_tools_are_written_where_no_function_is)
{
    struct chat_request *r = openai("gemini-2.5-pro");

    say(r, CHAT_USER, "q");
    chat_add_tool(&arena, r, CHAT_TOOL_WEB_SEARCH)->search_size = STR("low");
    chat_add_tool(&arena, r, CHAT_TOOL_WEB_FETCH);
    add_tool(r, "codeExecution", "{}");
    add_tool(r, "googleSearch", "{}");
    check_member(r, "tools", "[{\"googleSearch\":{}},{\"urlContext\":{}},{\"codeExecution\":{}}]");
    check_lost("web_search_options.search_context_size");
}

TEST(the_choice_of_tools_is_a_mode)
{
    static const struct {
        enum chat_choice choice;
        size_t allowed;
        bool strict;
        const char *want;
    } rows[] = {
        {CHAT_CHOICE_UNSET, 0, false, NULL},
        {CHAT_CHOICE_UNSET, 0, true, "{\"functionCallingConfig\":{\"mode\":\"VALIDATED\"}}"},
        {CHAT_CHOICE_NONE, 0, true, "{\"functionCallingConfig\":{\"mode\":\"NONE\"}}"},
        {CHAT_CHOICE_AUTO, 0, false, "{\"functionCallingConfig\":{\"mode\":\"AUTO\"}}"},
        {CHAT_CHOICE_AUTO, 1, false,
         "{\"functionCallingConfig\":{\"mode\":\"VALIDATED\",\"allowedFunctionNames\":[\"f\"]}}"},
        {CHAT_CHOICE_REQUIRED, 1, false,
         "{\"functionCallingConfig\":{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"f\"]}}"},
    };
    struct str allowed[] = {STR("f")};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct chat_request *r = openai("gemini-2.5-pro");

        say(r, CHAT_USER, "q");
        add_tool(r, "f", "")->strict = rows[i].strict ? STR("true") : STR_NULL;
        r->choice = rows[i].choice;
        r->allowed = allowed;
        r->allowed_count = rows[i].allowed;
        check_member(r, "toolConfig", rows[i].want);
    }
}

TEST(the_configuration_is_written_and_what_has_no_place_is_lost)
{
    struct chat_request *r = openai("gemini-2.0-flash");
    struct str stop[] = {STR("1"), STR(""), STR("2"), STR("3"), STR("4"), STR("5"), STR("6")};

    say(r, CHAT_USER, "q");
    r->top_p = STR("0");
    r->top_k = STR("5");
    r->seed = STR("0");
    r->presence_penalty = STR("0.5");
    r->frequency_penalty = STR("-0.5");
    r->n = 2;
    r->logprobs = CHAT_YES;
    r->top_logprobs = STR("4");
    r->stop = stop;
    r->stop_count = ARRAY_LEN(stop);
    r->format = CHAT_FORMAT_SCHEMA;
    r->schema = STR("{\"type\":\"object\",\"properties\":{\"a\":{\"const\":1}},"
                    "\"additionalProperties\":false}");
    r->modalities = STR("[\"text\",\"audio\"]");
    r->audio = STR("{\"voice\":\"Kore\",\"format\":\"wav\"}");
    r->logit_bias = STR("{}");
    r->user = STR("u");
    r->verbosity = STR("low");
    r->reasoning.effort = STR("high");
    chat_add_extra(&arena, r, STR("mystery"), STR("1"));
    check_member(r, "generationConfig",
                 "{\"topK\":5,\"seed\":0,\"presencePenalty\":0.5,\"frequencyPenalty\":-0.5,"
                 "\"candidateCount\":2,\"responseLogprobs\":true,\"logprobs\":4,"
                 "\"stopSequences\":[\"1\",\"2\",\"3\",\"4\",\"5\"],"
                 "\"responseMimeType\":\"application/json\",\"responseSchema\":{\"type\":"
                 "\"OBJECT\",\"properties\":{\"a\":{\"type\":\"STRING\",\"enum\":[\"1\"]}}},"
                 "\"responseModalities\":[\"TEXT\",\"AUDIO\"],\"speechConfig\":{\"voiceConfig\":"
                 "{\"prebuiltVoiceConfig\":{\"voiceName\":\"Kore\"}}}}");
    check_lost("stop, audio.format, reasoning_effort, logit_bias, user, verbosity, mystery");
}

TEST(thinking_is_said_in_the_measure_of_the_model)
{
    static const struct {
        const char *model, *effort;
        int64_t budget, max_tokens;
        enum chat_tristate enabled, visible;
        const char *want;
    } rows[] = {
        {"gemini-2.5-flash", "low", -1, 0, CHAT_UNSET, CHAT_UNSET,
         "{\"thinkingBudget\":6553,\"includeThoughts\":true}"},
        {"gemini-2.5-flash", "high", -1, 0, CHAT_UNSET, CHAT_NO,
         "{\"thinkingBudget\":24576,\"includeThoughts\":false}"},
        {"gemini-2.5-flash", "medium", -1, 10000, CHAT_UNSET, CHAT_UNSET,
         "{\"thinkingBudget\":3000,\"includeThoughts\":true}"},
        {"gemini-2.5-flash", "none", -1, 0, CHAT_UNSET, CHAT_UNSET, "{\"thinkingBudget\":0}"},
        {"models/gemini-2.5-pro", "none", -1, 0, CHAT_UNSET, CHAT_UNSET,
         "{\"thinkingBudget\":128}"},
        {"gemini-2.5-pro", "", 100000, 0, CHAT_YES, CHAT_YES,
         "{\"thinkingBudget\":32768,\"includeThoughts\":true}"},
        {"gemini-2.5-flash-lite", "", 100, 0, CHAT_YES, CHAT_NO,
         "{\"thinkingBudget\":512,\"includeThoughts\":false}"},
        {"gemini-2.5-flash-lite", "", -1, 0, CHAT_NO, CHAT_UNSET, "{\"thinkingBudget\":0}"},
        {"gemini-2.5-flash", "", -1, 0, CHAT_YES, CHAT_UNSET,
         "{\"thinkingBudget\":-1,\"includeThoughts\":true}"},
        {"gemini-3-pro-preview", "medium", -1, 0, CHAT_UNSET, CHAT_UNSET,
         "{\"thinkingLevel\":\"high\",\"includeThoughts\":true}"},
        {"gemini-3.1-pro-preview", "medium", -1, 0, CHAT_UNSET, CHAT_UNSET,
         "{\"thinkingLevel\":\"medium\",\"includeThoughts\":true}"},
        {"gemini-3-flash-preview", "none", -1, 0, CHAT_UNSET, CHAT_UNSET,
         "{\"thinkingLevel\":\"minimal\"}"},
        {"gemini-3-flash-preview", "", 0, 0, CHAT_NO, CHAT_UNSET,
         "{\"thinkingLevel\":\"minimal\"}"},
        {"gemini-3-flash-preview", "", 6000, 0, CHAT_YES, CHAT_UNSET,
         "{\"thinkingLevel\":\"medium\",\"includeThoughts\":true}"},
        {"gemini-flash-latest", "xhigh", -1, 0, CHAT_UNSET, CHAT_UNSET,
         "{\"thinkingLevel\":\"high\",\"includeThoughts\":true}"},
        {"gemini-3-pro-preview", "", -1, 0, CHAT_YES, CHAT_UNSET, "{\"includeThoughts\":true}"},
        {"my-deployment", "", 5000, 0, CHAT_YES, CHAT_UNSET,
         "{\"thinkingBudget\":5000,\"includeThoughts\":true}"},
        {"gemini-2.5-pro", "", -1, 0, CHAT_UNSET, CHAT_UNSET, NULL},
        {"gemini-2.0-flash", "high", -1, 0, CHAT_UNSET, CHAT_UNSET, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct chat_request *r = openai(rows[i].model);
        const struct json *root;
        struct str text;

        say(r, CHAT_USER, "q");
        r->max_tokens = rows[i].max_tokens;
        r->reasoning = (struct chat_reasoning){.enabled = rows[i].enabled,
                                               .effort = str_from(rows[i].effort),
                                               .budget = rows[i].budget,
                                               .visible = rows[i].visible};
        text = testing_write_request(&dialect_gemini, &arena, r, &losses);
        CHECK_EQ(json_read(&arena, text, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
        root = json_get(json_get(root, STR("generationConfig")), STR("thinkingConfig"));
        if (rows[i].want)
            testing_check_json(&arena, json_raw(root), rows[i].want);
        else
            CHECK(!root);
    }
}

TEST(googles_members_of_an_openai_client_are_written)
{
    struct chat_request *r = openai("gemini-3-pro-image-preview");
    const struct request_conf conf = {
        .arena = &arena, .losses = &losses, .safety_settings = STR("[{\"category\":\"C\"}]")};
    struct sb sb;

    say(r, CHAT_USER, "q");
    r->reasoning.effort = STR("low");
    chat_add_extra(&arena, r, STR("extra_body"),
                   STR("{\"google\":{\"thinking_config\":{\"thinking_budget\":9,"
                       "\"include_thoughts\":true},\"image_config\":{\"aspect_ratio\":\"1:1\"},"
                       "\"cached_content\":\"cachedContents/x\",\"safety_settings\":[],"
                       "\"other\":1},\"more\":2}"));
    check_written(r, "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"q\"}]}],"
                     "\"generationConfig\":{\"imageConfig\":{\"aspectRatio\":\"1:1\"},"
                     "\"thinkingConfig\":{\"thinkingBudget\":9,\"includeThoughts\":true}},"
                     "\"safetySettings\":[],\"cachedContent\":\"cachedContents/x\"}");
    check_lost("extra_body.more, extra_body.google.other");
    r = openai("M");
    say(r, CHAT_USER, "q");
    sb_init(&sb, 1000);
    CHECK_EQ(dialect_gemini.write_request(&conf, r, &sb, NULL), ERR_OK);
    testing_check_json(&arena, sb_str(&sb),
                       "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"q\"}]}],"
                       "\"safetySettings\":[{\"category\":\"C\"}]}");
    sb_fini(&sb);
}

TEST(a_gemini_client_keeps_what_only_gemini_knows)
{
    check_same(
        "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"fileData\":{\"mimeType\":"
        "\"image/png\",\"fileUri\":\"https://example.com/a\"}}]},{\"role\":\"model\","
        "\"parts\":[{\"text\":\"hm\",\"thought\":true},{\"functionCall\":{\"name\":\"a.b\"}}]},"
        "{\"parts\":[{\"text\":\"b\"}]}],\"tools\":[{\"functionDeclarations\":[{\"name\":\"a.b\","
        "\"behavior\":\"X\"}]},{\"googleMaps\":{\"y\":1}},{\"googleSearch\":{\"z\":2}}],"
        "\"toolConfig\":{\"functionCallingConfig\":{\"streamFunctionCallArguments\":true},"
        "\"retrievalConfig\":{}},\"generationConfig\":{\"responseMimeType\":\"text/x.enum\","
        "\"responseSchema\":{\"type\":\"STRING\",\"enum\":[\"a\"]},\"mediaResolution\":\"L\","
        "\"thinkingConfig\":{\"includeThoughts\":true}},\"safetySettings\":[1],"
        "\"labels\":{}}",
        "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"fileData\":{\"mimeType\":"
        "\"image/png\",\"fileUri\":\"https://example.com/a\"}}]},{\"role\":\"model\","
        "\"parts\":[{\"text\":\"hm\",\"thought\":true},{\"functionCall\":{\"name\":\"a.b\","
        "\"args\":{}}}]},{\"role\":\"user\",\"parts\":[{\"text\":\"b\"}]}],\"tools\":[{"
        "\"functionDeclarations\":[{\"name\":\"a.b\",\"behavior\":\"X\"}]},"
        "{\"googleMaps\":{\"y\":1}},{\"googleSearch\":{\"z\":2}}],"
        "\"toolConfig\":{\"functionCallingConfig\":{\"streamFunctionCallArguments\":true},"
        "\"retrievalConfig\":{}},\"generationConfig\":{\"responseMimeType\":\"text/x.enum\","
        "\"responseSchema\":{\"type\":\"STRING\",\"enum\":[\"a\"]},\"mediaResolution\":\"L\","
        "\"thinkingConfig\":{\"includeThoughts\":true}},\"safetySettings\":[1],"
        "\"labels\":{}}");
    check_same("{\"contents\":\"q\",\"generationConfig\":{\"thinkingConfig\":{\"thinkingLevel\":"
               "\"LOW\"}}}",
               "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"q\"}]}],"
               "\"generationConfig\":{\"thinkingConfig\":{\"thinkingLevel\":\"low\"}}}");
    check_lost("");
}

ARENA_TEST_MAIN(
    members_may_be_written_in_snake_case, turns_become_messages_in_their_order,
    results_find_their_calls_by_id_name_and_order,
    thoughts_in_pieces_are_one_thought_with_its_signature, files_are_told_apart_by_their_place,
    the_configuration_is_read_in_either_spelling, tools_and_their_choice_are_read,
    what_is_wrong_is_named, a_request_with_everything_usual_is_written,
    results_of_a_batch_stand_in_one_turn_in_the_order_of_the_calls,
    calls_of_the_running_loop_get_a_signature, thoughts_go_back_to_the_model_that_thought_them,
    a_conversation_begins_with_the_user_and_has_a_turn,
    media_go_inline_or_by_an_address_that_google_fetches, a_result_has_the_name_of_its_call,
    pictures_in_results_go_where_the_model_takes_them, tools_of_every_kind_are_written,
    googles_tools_are_written_where_no_function_is, the_choice_of_tools_is_a_mode,
    the_configuration_is_written_and_what_has_no_place_is_lost,
    thinking_is_said_in_the_measure_of_the_model, googles_members_of_an_openai_client_are_written,
    a_gemini_client_keeps_what_only_gemini_knows)

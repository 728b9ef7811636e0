/*
 * A client of OpenAI's chat dialect before upstreams of the other dialects, and the reverse: what
 * the tables of the providers reference say (25.4 to 25.7), and that a provider's state comes back
 * to it through the client's history.
 */
#include "dialect/arena_testing.h"
#include "dialect/chat_testing.h"

static const struct answer_conf conf = {
    .model = STR_INIT("asked"), .id = STR_INIT("0123456789abcdefghijklmn"), .now_s = 7};

struct writing {
    const struct dialect *client;
    void *writer;
    struct sb *out;
};

static void write_to(void *ctx, const struct chat_event *event)
{
    struct writing *to = ctx;

    to->client->write_event(to->writer, event, to->out);
}

/* The stream of the upstream as its client sees it. */
static struct str translate(const struct dialect *upstream, const struct dialect *client,
                            const char *stream)
{
    struct writing to = {.client = client, .writer = client->writer_new(&arena, &conf)};

    to.out = arena_new(&arena, struct sb);
    sb_init(to.out, TESTING_LIMIT);
    arena_defer(&arena, sb_finip, to.out);
    CHECK(testing_read_stream(upstream, &arena, str_from(stream), 0,
                              &(struct chat_sink){write_to, &to}));
    return sb_str(to.out);
}

static const char claude_stream[] =
    "event: message_start\n"
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\","
    "\"role\":\"assistant\",\"model\":\"c\",\"content\":[],\"usage\":{\"input_tokens\":10,"
    "\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\n"
    "event: content_block_start\n"
    "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\","
    "\"thinking\":\"\",\"signature\":\"\"}}\n\n"
    "event: content_block_delta\n"
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\","
    "\"thinking\":\"hm\"}}\n\n"
    "event: content_block_delta\n"
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\","
    "\"signature\":\"U0lH\"}}\n\n"
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    "event: content_block_start\n"
    "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":"
    "\"redacted_thinking\",\"data\":\"UkVE\"}}\n\n"
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
    "event: content_block_start\n"
    "data: {\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"tool_use\","
    "\"id\":\"toolu_a\",\"name\":\"f\",\"input\":{}}}\n\n"
    "event: content_block_delta\n"
    "data: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\","
    "\"partial_json\":\"{\\\"x\\\":1}\"}}\n\n"
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\n"
    "event: message_delta\n"
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{"
    "\"output_tokens\":20}}\n\n"
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

static const char gemini_stream[] =
    "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"plan\","
    "\"thought\":true}]},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9}}\n\n"
    "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"A\"}]},"
    "\"index\":0}]}\n\n"
    "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"functionCall\":{"
    "\"name\":\"f\",\"args\":{\"x\":1}},\"thoughtSignature\":\"c2ln\"}]},\"index\":0}]}\n\n"
    "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[]},\"finishReason\":"
    "\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":4,"
    "\"thoughtsTokenCount\":6}}\n\n";

/* The fold of our own reading of what the client got. */
static const struct chat_answer *seen_by_client(const struct dialect *upstream, const char *stream)
{
    return testing_fold_stream(&dialect_openai_chat, &arena,
                               translate(upstream, &dialect_openai_chat, stream), 0);
}

TEST(a_stream_of_claude_is_one_of_openai)
{
    const struct chat_answer *answer = seen_by_client(&dialect_claude, claude_stream);
    const struct chat_part *part = answer->choices->parts.first;

    CHECK_STR(answer->id, "msg_1");
    CHECK_STR(part->text, "hm");
    CHECK_STR(part->next->next->call.id, "toolu_a");
    CHECK_STR(part->next->next->call.arguments, "{\"x\":1}");
    CHECK(answer->choices->finish == CHAT_FINISH_TOOL_CALLS && answer->has_end);
}

TEST(a_stream_of_gemini_is_one_of_openai)
{
    const struct chat_answer *answer = seen_by_client(&dialect_gemini, gemini_stream);
    const struct chat_part *part = answer->choices->parts.first;

    CHECK_STR(part->text, "plan");
    CHECK_STR(part->next->text, "A");
    part = part->next->next;
    CHECK_STR(part->call.name, "f");
    CHECK_STR(part->call.arguments, "{\"x\":1}");
    CHECK(part->call.id.n > 0);
    CHECK(answer->choices->finish == CHAT_FINISH_TOOL_CALLS);
}

/*
 * The message of the whole answer, which a client hands back as it is, then the tool's result; and
 * the body that the upstream is given of it.
 */
static struct str next_turn(const struct dialect *upstream, const char *stream)
{
    const struct chat_answer *answer = testing_fold_stream(upstream, &arena, str_from(stream), 0);
    const struct json *root, *message, *call;
    struct sb sb;
    struct str body;

    sb_init(&sb, TESTING_LIMIT);
    dialect_openai_chat.write_answer(&arena, &conf, answer, &sb);
    CHECK_EQ(json_read(&arena, str_dup(&arena, sb_str(&sb)), JSON_DEPTH_DEFAULT, &root, NULL),
             ERR_OK);
    sb_fini(&sb);
    message = json_get(json_at(json_get(root, STR("choices")), 0), STR("message"));
    call = json_at(json_get(message, STR("tool_calls")), 0);
    body = arena_fmt(&arena,
                     "{\"model\":\"m\",\"reasoning_effort\":\"low\",\"messages\":[{\"role\":"
                     "\"user\",\"content\":\"q\"},%.*s,{\"role\":\"tool\",\"tool_call_id\":%.*s,"
                     "\"content\":\"r\"}],\"tools\":[{\"type\":\"function\",\"function\":{"
                     "\"name\":\"f\"}}]}",
                     STR_ARG(json_raw(message)), STR_ARG(json_raw(json_get(call, STR("id")))));
    return testing_write_request(upstream, &arena,
                                 testing_read_request(&dialect_openai_chat, &arena, body, &losses),
                                 &losses);
}

TEST(claudes_signatures_come_back_to_it)
{
    struct str body = next_turn(&dialect_claude, claude_stream);
    const struct json *root, *content;

    CHECK_EQ(json_read(&arena, body, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    content = json_get(json_at(json_get(root, STR("messages")), 1), STR("content"));
    testing_check_json(&arena, json_raw(json_at(content, 0)),
                       "{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"U0lH\"}");
    testing_check_json(&arena, json_raw(json_at(content, 1)),
                       "{\"type\":\"redacted_thinking\",\"data\":\"UkVE\"}");
    CHECK(json_str_eq(json_get(json_at(content, 2), STR("type")), STR("tool_use")));
}

TEST(geminis_signature_comes_back_to_it)
{
    struct str body = next_turn(&dialect_gemini, gemini_stream);

    CHECK(str_has(body, STR("\"thoughtSignature\":\"c2ln\"")));
    CHECK(!str_has(body, STR("YourApi")));
}

/* An entry of OpenRouter's travels sealed through a client of Claude's dialect. */
TEST(the_state_of_an_openai_upstream_comes_back_through_claudes_dialect)
{
    static const char stream[] =
        "data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":"
        "\"hm\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"hm\",\"index\":0}]"
        "}}]}\n\n"
        "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning_details\":[{"
        "\"type\":\"reasoning.text\",\"signature\":\"S\",\"format\":\"x\",\"index\":0}]}}]}\n\n"
        "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},"
        "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    const struct chat_answer *answer =
        testing_fold_stream(&dialect_openai_chat, &arena, str_from(stream), 0);
    const struct request_conf to = {.arena = &arena, .losses = &losses, .reasoning_history = true};
    const struct json *root;
    struct sb sb;
    struct str body;

    sb_init(&sb, TESTING_LIMIT);
    dialect_claude.write_answer(&arena, &conf, answer, &sb);
    CHECK_EQ(json_read(&arena, str_dup(&arena, sb_str(&sb)), JSON_DEPTH_DEFAULT, &root, NULL),
             ERR_OK);
    body = arena_fmt(&arena,
                     "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
                     "\"content\":\"q\"},{\"role\":\"assistant\",\"content\":%.*s},{\"role\":"
                     "\"user\",\"content\":\"more\"}]}",
                     STR_ARG(json_raw(json_get(root, STR("content")))));
    sb_reset(&sb);
    CHECK_EQ(dialect_openai_chat.write_request(
                 &to, testing_read_request(&dialect_claude, &arena, body, &losses), &sb, NULL),
             ERR_OK);
    CHECK_EQ(json_read(&arena, str_dup(&arena, sb_str(&sb)), JSON_DEPTH_DEFAULT, &root, NULL),
             ERR_OK);
    testing_check_json(
        &arena,
        json_raw(json_get(json_at(json_get(root, STR("messages")), 1), STR("reasoning_details"))),
        "[{\"type\":\"reasoning.text\",\"text\":\"hm\",\"signature\":\"S\",\"format\":\"x\","
        "\"index\":0}]");
    sb_fini(&sb);
}

/* The request of 25.4, from Claude's dialect. */
TEST(a_request_of_claude_is_one_of_openai)
{
    static const char body[] =
        "{\"model\":\"M\",\"max_tokens\":100,\"temperature\":0.2,\"stop_sequences\":[\"END\"],"
        "\"system\":[{\"type\":\"text\",\"text\":\"Be brief.\"}],\"messages\":["
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"What is this?\"},"
        "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\","
        "\"data\":\"AAAA\"}}]},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
        "\"id\":\"call_1\",\"name\":\"look\",\"input\":{\"q\":\"cat\"}}]},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"call_1\","
        "\"content\":\"a cat\"},{\"type\":\"text\",\"text\":\"And now?\"}]}],"
        "\"tools\":[{\"name\":\"look\",\"input_schema\":{\"type\":\"object\"}}],"
        "\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":true},"
        "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}}";

    testing_check_json(
        &arena,
        testing_write_request(&dialect_openai_chat, &arena,
                              testing_read_request(&dialect_claude, &arena, STR(body), &losses),
                              &losses),
        "{\"model\":\"M\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"What is this?\"},"
        "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AAAA\"}}]},"
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
        "\"function\",\"function\":{\"name\":\"look\",\"arguments\":\"{\\\"q\\\":\\\"cat\\\"}\"}}]}"
        ","
        "{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"a cat\"},"
        "{\"role\":\"user\",\"content\":\"And now?\"}],"
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look\",\"parameters\":"
        "{\"type\":\"object\"}}}],\"tool_choice\":\"required\",\"parallel_tool_calls\":false,"
        "\"max_tokens\":100,\"temperature\":0.2,\"stop\":[\"END\"],\"reasoning_effort\":\"low\"}");
    CHECK_EQ(losses.n, 0);
}

ARENA_TEST_MAIN(a_stream_of_claude_is_one_of_openai, a_stream_of_gemini_is_one_of_openai,
                claudes_signatures_come_back_to_it, geminis_signature_comes_back_to_it,
                the_state_of_an_openai_upstream_comes_back_through_claudes_dialect,
                a_request_of_claude_is_one_of_openai)

/* Clients and upstreams of several dialects: how their streams end, and what that costs. */
#include "base/test.h"
#include "relay/relay_fixture.h"

#include <unistd.h>

enum { GO_ON = 0, GEMINI = 24 };

static const char claude_path[] = "/v1/messages";
static const char claude_stream[] =
    "{\"model\":\"m\",\"max_tokens\":100,\"stream\":true,\"messages\":[{\"role\":\"user\","
    "\"content\":\"hello\"}]}";
static const char claude_whole[] =
    "{\"model\":\"m\",\"max_tokens\":100,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
static const char gemini_sse[] = "/v1beta/models/m:streamGenerateContent?alt=sse";
static const char gemini_array[] = "/v1beta/models/m:streamGenerateContent";
static const char gemini_chat[] =
    "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]}]}";

#define EVENT(json)       "data: " json "\n\n"
#define TYPED(type, json) "event: " type "\ndata: {\"type\":\"" type "\"" json "}\n\n"
#define MESSAGE_START                                                                              \
    TYPED("message_start", ",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"         \
                           "\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{"              \
                           "\"input_tokens\":10,\"output_tokens\":1}}")
#define BLOCK_START                                                                                \
    TYPED("content_block_start", ",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":"     \
                                 "\"\"}")
#define DELTA(s)                                                                                   \
    TYPED("content_block_delta",                                                                   \
          ",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"" s "\"}")
#define MESSAGE_END                                                                                \
    TYPED("content_block_stop", ",\"index\":0")                                                    \
    TYPED("message_delta", ",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},"     \
                           "\"usage\":{\"output_tokens\":5}")                                      \
    TYPED("message_stop", "")
#define GEMINI_TEXT(s)                                                                             \
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"" s "\"}],\"role\":\"model\"},"         \
    "\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":2,"         \
    "\"totalTokenCount\":12}}"
#define GEMINI_LAST                                                                                \
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"!\"}],\"role\":\"model\"},"             \
    "\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":10,"          \
    "\"candidatesTokenCount\":5,\"totalTokenCount\":15}}"
#define CHUNK(members) EVENT("{\"id\":\"c\",\"choices\":[{\"index\":0," members "}]}")
#define CHUNK_TEXT(s)  CHUNK("\"delta\":{\"content\":\"" s "\"},\"finish_reason\":null")
#define CHUNK_END                                                                                  \
    CHUNK("\"delta\":{},\"finish_reason\":\"stop\"")                                               \
    EVENT("{\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}")             \
    EVENT("[DONE]")

/* A relay whose one channel is of this type. */
static struct relay_fixture *fixture_of(int type)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_sql(f, arena_fmt(&f->arena, "UPDATE channels SET type=%d", type).p);
    relay_fixture_publish(f, NULL);
    return f;
}

/* Sends the text in ctx as the body of a stream. */
static void send_text(struct relay_fixture_call *c)
{
    relay_fixture_stream(c);
    relay_fixture_send(c, c->ctx);
}

static const char *post(struct relay_fixture *f, const char *path, const char *body,
                        const char *events)
{
    relay_fixture_script(f, send_text, events);
    return relay_fixture_post(f, path, body);
}

static int64_t rows(struct relay_fixture *f)
{
    relay_fixture_check_books(f);
    return relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2");
}

static int64_t last(struct relay_fixture *f, const char *column)
{
    relay_fixture_check_books(f);
    return relay_fixture_number(
        f, arena_fmt(&f->arena, "SELECT %s FROM logs ORDER BY id DESC LIMIT 1", column).p);
}

static const char *end_reason(struct relay_fixture *f)
{
    relay_fixture_check_books(f);
    return relay_fixture_cell(f, "SELECT COALESCE(json_extract(other,'$.stream_status.end_reason'),"
                                 "'complete') FROM logs ORDER BY id DESC LIMIT 1");
}

/* ---- streams that only end ---- */

/* What the first event says of the usage is no sign that the answer is whole. */
TEST(a_stream_of_claude_that_only_ends_was_cut)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_ANTHROPIC);
    const char *body = relay_fixture_body(
        f, post(f, claude_path, claude_stream, MESSAGE_START BLOCK_START DELTA("one two three")));

    check_has(body, "one two three");
    check_has(body, "event: error");
    CHECK_STR(str_from(end_reason(f)), "upstream_cut");
    relay_fixture_free(f);
}

TEST(a_stream_of_gemini_that_ends_without_a_finish_was_cut)
{
    struct relay_fixture *f = fixture_of(GEMINI);
    const char *body = relay_fixture_body(
        f, post(f, gemini_sse, gemini_chat, EVENT(GEMINI_TEXT("one")) EVENT(GEMINI_TEXT("two"))));

    check_has(body, "two");
    check_has(body, "\"error\"");
    CHECK_STR(str_from(end_reason(f)), "upstream_cut");
    relay_fixture_free(f);
}

TEST(a_translated_stream_that_only_ends_was_cut)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_ANTHROPIC);
    const char *body = relay_fixture_body(
        f, post(f, "/v1/chat/completions",
                "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":"
                "\"hello\"}]}",
                MESSAGE_START BLOCK_START DELTA("one two three")));

    check_has(body, "one two three");
    check_has(body, "\"error\"");
    check_has_not(body, "[DONE]");
    CHECK_STR(str_from(end_reason(f)), "upstream_cut");
    relay_fixture_free(f);
}

/* Claude's first event has counted one token of the answer: what came since is counted here. */
TEST(a_cut_answer_costs_what_came_of_it)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_ANTHROPIC);

    (void)post(f, claude_path, claude_stream,
               MESSAGE_START BLOCK_START DELTA("one two three four five six seven eight"));
    CHECK_EQ(last(f, "prompt_tokens"), 10);
    CHECK(last(f, "completion_tokens") >= 8);
    relay_fixture_free(f);
}

static void finish_and_hang(struct relay_fixture_call *c)
{
    relay_fixture_stream(c);
    relay_fixture_send(c, c->ctx);
    (void)relay_fixture_closed(c);
}

static void be_impatient(struct relay_conf *conf)
{
    conf->stream_timeout_ms = 2000;
}

/* An upstream that has finished, but neither says so nor ends, is not waited on for ever; and what
 * it has said is whole. */
TEST(an_upstream_that_falls_silent_behind_the_finish_was_whole)
{
    static const struct {
        int type;
        const char *path, *request, *events, *end;
    } cases[] = {
        {GEMINI, gemini_sse, gemini_chat, EVENT(GEMINI_TEXT("one")) EVENT(GEMINI_LAST), "STOP"},
        {CHANNEL_TYPE_OPENAI, claude_path, claude_stream,
         CHUNK_TEXT("one") CHUNK("\"delta\":{},\"finish_reason\":\"stop\""), "message_stop"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct relay_fixture *f = relay_fixture_new(be_impatient);
        const char *body;

        relay_fixture_sql(f, arena_fmt(&f->arena, "UPDATE channels SET type=%d", cases[i].type).p);
        relay_fixture_publish(f, NULL);
        relay_fixture_script(f, finish_and_hang, cases[i].events);
        body = relay_fixture_body(f, relay_fixture_post(f, cases[i].path, cases[i].request));
        check_has(body, cases[i].end);
        check_has_not(body, "error");
        CHECK_STR(str_from(end_reason(f)), "complete");
        relay_fixture_free(f);
    }
}

/* Servers in front of Claude that leave the usage out of the last events. */
TEST(an_answer_whose_usage_is_not_told_is_counted)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_ANTHROPIC);

    (void)post(f, claude_path, claude_stream,
               TYPED("message_start", ",\"message\":{\"id\":\"msg_1\",\"content\":[],\"usage\":{"
                                      "\"input_tokens\":10,\"output_tokens\":0}}")
                   BLOCK_START DELTA("one two three four five six seven eight")
                       TYPED("message_delta", ",\"delta\":{\"stop_reason\":\"end_turn\"}")
                           TYPED("message_stop", ""));
    CHECK_STR(str_from(end_reason(f)), "complete");
    CHECK_EQ(last(f, "prompt_tokens"), 10);
    CHECK(last(f, "completion_tokens") >= 8);
    relay_fixture_free(f);
}

/* ---- the end is shown behind the charge ---- */

static void send_all_but_the_end(struct relay_fixture_call *c)
{
    relay_fixture_stream(c);
    relay_fixture_send(c, c->ctx);
    relay_fixture_wait(c->fixture, GO_ON);
}

/* Gemini's stream ends with the connection, so the event with the finish may be the last. */
TEST(the_last_event_of_gemini_waits_for_the_end)
{
    struct relay_fixture *f = fixture_of(GEMINI);
    const char *begin, *rest;
    int fd;

    relay_fixture_script(f, send_all_but_the_end, EVENT(GEMINI_TEXT("one")) EVENT(GEMINI_LAST));
    fd = relay_fixture_connect(f, gemini_sse, gemini_chat, 0);
    begin = relay_fixture_read(f, fd, "one"); /* both events came in one piece */
    check_has_not(begin, "STOP");
    relay_fixture_set(f, GO_ON);
    rest = relay_fixture_read(f, fd, NULL);
    close(fd);
    check_has(rest, "STOP");
    CHECK_EQ(last(f, "quota"), 20);
    CHECK_STR(str_from(end_reason(f)), "complete");
    relay_fixture_free(f);
}

/* ---- a stream as a JSON array ---- */

static const char *array_of(struct relay_fixture *f, const char *events)
{
    return relay_fixture_body(f, post(f, gemini_array, gemini_chat, events));
}

static void check_array(struct relay_fixture *f, const char *text, size_t elements)
{
    const struct json *root;
    struct err err = {0};

    if (json_read(&f->arena, str_from(text), JSON_DEPTH_DEFAULT, &root, &err) != ERR_OK)
        print_error("%s in \"%s\"\n", err.msg, text);
    CHECK_EQ(json_read(&f->arena, str_from(text), JSON_DEPTH_DEFAULT, &root, &err), ERR_OK);
    CHECK(json_is(root, JSON_ARRAY));
    CHECK_EQ(json_count(root), elements);
}

TEST(an_array_stays_one_whatever_comes)
{
    struct relay_fixture *f = fixture_of(GEMINI);
    const char *text;

    check_array(f, array_of(f, EVENT(GEMINI_TEXT("one")) EVENT(GEMINI_LAST)), 2);
    text = array_of(f, EVENT(GEMINI_TEXT("one"))
                           EVENT("{\"error\":{\"code\":503,\"message\":\"overloaded\"}}"));
    check_array(f, text, 2);
    check_has(text, "overloaded");
    check_array(f, array_of(f, EVENT(GEMINI_TEXT("one"))), 2); /* cut: the second is an error */
    relay_fixture_free(f);
}

TEST(a_translated_array_stays_one_whatever_comes)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_OPENAI);
    const char *text;

    check_array(f, array_of(f, CHUNK_TEXT("one") CHUNK_END), 2);
    text = array_of(f, CHUNK_TEXT("one") EVENT("{\"error\":{\"message\":\"overloaded\"}}"));
    check_array(f, text, 2);
    check_has(text, "overloaded");
    check_array(f, array_of(f, CHUNK_TEXT("one")), 2);
    relay_fixture_free(f);
}

/* ---- upstreams that stream to who wants no stream ---- */

static void break_then_answer(struct relay_fixture_call *c)
{
    relay_fixture_stream(c);
    relay_fixture_send(c, CHUNK_TEXT("one"));
    if (c->number == 0)
        relay_fixture_reset(c);
    else
        relay_fixture_send(c, CHUNK_END);
}

/* Nothing of it was shown, so another channel may do, and what was lost costs nothing. */
TEST(a_folded_stream_that_breaks_is_tried_elsewhere)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_OPENAI);
    const char *reply;

    relay_fixture_add_channel(f, &(struct channel){0});
    relay_fixture_publish(f, "RetryTimes", "1", NULL);
    relay_fixture_script(f, break_then_answer, NULL);
    reply = relay_fixture_post(f, claude_path, claude_whole);
    CHECK_EQ(relay_fixture_status(reply), 200);
    check_has(reply, "\"text\":\"one\"");
    CHECK_EQ(f->requests, 2);
    CHECK_EQ(rows(f), 1);
    CHECK_EQ(last(f, "quota"), 20);
    relay_fixture_free(f);
}

TEST(a_folded_stream_that_breaks_costs_nothing)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_OPENAI);
    const char *reply;

    relay_fixture_script(f, break_then_answer, NULL);
    reply = relay_fixture_post(f, claude_path, claude_whole);
    CHECK(relay_fixture_status(reply) >= 500);
    CHECK_EQ(rows(f), 0);
    relay_fixture_free(f);
}

static void fold_slowly(struct relay_fixture_call *c)
{
    relay_fixture_stream(c);
    relay_fixture_send(c, CHUNK_TEXT("one"));
    if (c->number == 0)
        relay_fixture_wait(c->fixture, GO_ON);
    else
        (void)relay_fixture_closed(c);
    relay_fixture_send(c, CHUNK_END);
}

/* The comments that keep a stream alive would begin a reply that is not one. */
TEST(who_wants_no_stream_gets_no_comments)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_OPENAI);
    const char *reply;
    int slow, other;

    relay_fixture_publish(f, "general_setting.ping_interval_enabled", "true",
                          "general_setting.ping_interval_seconds", "1", NULL);
    relay_fixture_script(f, fold_slowly, NULL);
    slow = relay_fixture_connect(f, claude_path, claude_whole, 0);
    while (f->requests == 0)
        relay_fixture_turn(f);
    other = relay_fixture_connect(f, claude_path, claude_stream, 0);
    (void)relay_fixture_read(f, other, ": PING"); /* a second has passed for both */
    close(other);
    relay_fixture_set(f, GO_ON);
    reply = relay_fixture_read(f, slow, NULL);
    close(slow);
    check_has(reply, "Content-Type: application/json");
    check_has(reply, "\"text\":\"one\"");
    check_has_not(reply, "PING");
    relay_fixture_free(f);
}

/* ---- answers that follow a schema ---- */

#define SCHEMA   "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}}}"
#define QUESTION "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]"
#define CHAT_FORM                                                                                  \
    "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\","               \
    "\"schema\":" SCHEMA "}}"
#define TEXT_FORM                                                                                  \
    "\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":" SCHEMA "}}"

static const struct {
    const char *path, *body;
    const char *has[2]; /* the reply */
} schema_clients[] = {
    {"/v1/chat/completions",
     "{\"model\":\"m\"," QUESTION "," CHAT_FORM "}",
     {"\"content\":\"{\\\"a\\\":1}\"", "\"finish_reason\":\"stop\""}},
    {"/v1/chat/completions",
     "{\"model\":\"m\",\"stream\":true," QUESTION "," CHAT_FORM "}",
     {"\"content\":\"1}\"", "\"finish_reason\":\"stop\""}},
    {"/v1/responses",
     "{\"model\":\"m\",\"input\":\"hello\"," TEXT_FORM "}",
     {"\"text\":\"{\\\"a\\\":1}\"", "\"status\":\"completed\""}},
    {"/v1/responses",
     "{\"model\":\"m\",\"stream\":true,\"input\":\"hello\"," TEXT_FORM "}",
     {"\"text\":\"{\\\"a\\\":1}\"", "\"type\":\"response.completed\""}},
    {"/v1beta/models/m:generateContent",
     "{\"contents\":[{\"parts\":[{\"text\":\"hello\"}]}],\"generationConfig\":{"
     "\"responseMimeType\":\"application/json\",\"responseSchema\":" SCHEMA "}}",
     {"\"text\":\"{\\\"a\\\":1}\"", "\"finishReason\":\"STOP\""}},
    {"/v1beta/models/m:streamGenerateContent?alt=sse",
     "{\"contents\":[{\"parts\":[{\"text\":\"hello\"}]}],\"generationConfig\":{"
     "\"responseMimeType\":\"application/json\",\"responseJsonSchema\":" SCHEMA "}}",
     {"\"text\":\"1}\"", "\"finishReason\":\"STOP\""}},
};

static void call_the_tool(struct relay_fixture_call *c)
{
    if (!str_has(c->body, STR("\"stream\":true"))) {
        relay_fixture_json(
            c, 200,
            "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"
            "\"m\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":"
            "\"answer\",\"input\":{\"a\":1}}],\"stop_reason\":\"tool_use\",\"usage\":{"
            "\"input_tokens\":10,\"output_tokens\":5}}");
        return;
    }
    relay_fixture_stream(c);
    relay_fixture_send(
        c, MESSAGE_START TYPED("content_block_start",
                               ",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\","
                               "\"name\":\"answer\",\"input\":{}}")
               TYPED("content_block_delta", ",\"index\":0,\"delta\":{\"type\":\"input_json_delta\","
                                            "\"partial_json\":\"{\\\"a\\\":\"}")
                   TYPED("content_block_delta",
                         ",\"index\":0,\"delta\":{\"type\":\"input_json_delta\","
                         "\"partial_json\":\"1}\"}") TYPED("content_block_stop", ",\"index\":0")
                       TYPED("message_delta", ",\"delta\":{\"stop_reason\":\"tool_use\"},"
                                              "\"usage\":{\"output_tokens\":5}")
                           TYPED("message_stop", ""));
}

/* The model m knows no member for a schema. What it calls the tool with is the text that the
 * client has asked for, and the client hears nothing of a tool. */
TEST(a_schema_reaches_a_model_of_claude_that_knows_none)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_ANTHROPIC);

    relay_fixture_script(f, call_the_tool, NULL);
    for (unsigned i = 0; i < ARRAY_LEN(schema_clients); i++) {
        const char *reply = relay_fixture_post(f, schema_clients[i].path, schema_clients[i].body);
        const char *body = relay_fixture_body(f, reply);

        CHECK_EQ(relay_fixture_status(reply), 200);
        check_has(body, schema_clients[i].has[0]);
        check_has(body, schema_clients[i].has[1]);
        check_has_not(body, "\"tool_calls\"");
        check_has_not(body, "unction");
        check_has_not(reply, "x-yourapi-dropped");
        check_has(f->seen_body[i], "\"tools\":[{\"name\":\"answer\"");
        check_has(f->seen_body[i], "\"input_schema\":" SCHEMA);
        check_has(f->seen_body[i], "\"tool_choice\":{\"type\":\"tool\",\"name\":\"answer\"");
        check_has_not(f->seen_body[i], "output_config");
        CHECK_EQ(last(f, "completion_tokens"), 5);
    }
    relay_fixture_free(f);
}

/* ---- what is left out of a request in the upstream's own dialect ---- */

#define TOLD                                                                                       \
    "\"temperature\":0.2,\"service_tier\":\"flex\",\"stream_options\":{"                           \
    "\"include_obfuscation\":false}," QUESTION "}"

TEST(what_rules_and_channel_leave_out_is_listed)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_OPENAI);
    const char *reply;

    relay_fixture_sql(f, "UPDATE channels SET model_mapping='{\"m\":\"o3-mini\"}'");
    relay_fixture_publish(f, NULL);
    reply = post(f, "/v1/chat/completions", "{\"model\":\"m\",\"stream\":true," TOLD,
                 CHUNK_TEXT("one") CHUNK_END);
    check_has(reply, "x-yourapi-dropped: service_tier, temperature\r\n");
    check_has_not(f->seen_body[0], "temperature");
    check_has_not(f->seen_body[0], "service_tier");
    relay_fixture_check_books(f);
    CHECK_STR(str_from(relay_fixture_cell(f, "SELECT json_extract(other,'$.dropped') FROM logs "
                                             "WHERE type=2 ORDER BY id DESC LIMIT 1")),
              "service_tier, temperature");

    reply = post(f, "/v1/chat/completions", "{\"model\":\"m2\",\"stream\":true," QUESTION "}",
                 CHUNK_TEXT("one") CHUNK_END);
    check_has(reply, "HTTP/1.1 200");
    check_has_not(reply, "x-yourapi-dropped");
    relay_fixture_free(f);
}

/* ---- requests that nobody has read ---- */

/* Whose channel writes answers anew; each with a member that the reader of its dialect refuses. */
static const struct {
    int type;
    const char *path, *body, *events, *has;
} odd_requests[] = {
    {CHANNEL_TYPE_OPENAI, "/v1/chat/completions",
     "{\"model\":\"m\",\"stream\":true,\"stop\":5," QUESTION "}", CHUNK_TEXT("one") CHUNK_END,
     "data: [DONE]"},
    {CHANNEL_TYPE_ANTHROPIC, claude_path,
     "{\"model\":\"m\",\"max_tokens\":9,\"stream\":true,\"stop_sequences\":5," QUESTION "}",
     MESSAGE_START BLOCK_START DELTA("one") MESSAGE_END, "event: message_stop"},
    {GEMINI, gemini_sse,
     "{\"contents\":[{\"parts\":[{\"text\":\"hi\"}]}],\"generationConfig\":{\"stopSequences\":5}}",
     EVENT(GEMINI_TEXT("one")) EVENT(GEMINI_LAST), "STOP"},
};

/* The upstream may take what we do not understand, and has worked for it. */
TEST(an_answer_to_a_request_that_cannot_be_read_is_written_anew)
{
    for (size_t i = 0; i < ARRAY_LEN(odd_requests); i++) {
        struct relay_fixture *f = relay_fixture_new(NULL);
        const char *reply, *body;

        relay_fixture_sql(f, arena_fmt(&f->arena,
                                       "UPDATE channels SET type=%d,"
                                       "setting='{\"force_format\":true}'",
                                       odd_requests[i].type)
                                 .p);
        relay_fixture_publish(f, NULL);
        reply = post(f, odd_requests[i].path, odd_requests[i].body, odd_requests[i].events);
        CHECK_EQ(relay_fixture_status(reply), 200);
        body = relay_fixture_body(f, reply);
        check_has(body, "one");
        check_has(body, odd_requests[i].has);
        check_has_not(body, "error");
        CHECK_EQ(last(f, "completion_tokens"), 5);
        CHECK_STR(str_from(end_reason(f)), "complete");
        relay_fixture_free(f);
    }
}

static void answer_whole(struct relay_fixture_call *c)
{
    relay_fixture_json(
        c, 200,
        "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\","
        "\"content\":[{\"type\":\"text\",\"text\":\"one\"}],\"stop_reason\":"
        "\"end_turn\",\"usage\":{\"input_tokens\":10,\"output_tokens\":5}}");
}

/* ... and may answer whole where a stream was wanted. */
TEST(a_whole_answer_to_a_request_that_cannot_be_read_becomes_a_stream)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_ANTHROPIC);
    const char *body;

    relay_fixture_script(f, answer_whole, NULL);
    body = relay_fixture_body(f, relay_fixture_post(f, claude_path, odd_requests[1].body));
    check_has(body, "\"text\":\"one\"");
    check_has(body, "event: message_stop");
    CHECK_EQ(last(f, "completion_tokens"), 5);
    relay_fixture_free(f);
}

/* Another dialect cannot be told what is not understood: nobody works for it. */
TEST(a_request_that_cannot_be_read_is_not_translated)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_OPENAI);
    const char *reply = post(f, claude_path, odd_requests[1].body, CHUNK_TEXT("one") CHUNK_END);

    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "stop_sequences");
    CHECK_EQ(f->requests, 0);
    CHECK_EQ(rows(f), 0);
    relay_fixture_free(f);
}

/* A client finds what is lost in its own request. */
TEST(what_is_lost_is_told_in_the_words_of_the_client)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_ANTHROPIC);
    const char *reply;

    relay_fixture_script(f, send_text, MESSAGE_START BLOCK_START DELTA("one") MESSAGE_END);
    reply = relay_fixture_post(f, gemini_sse,
                               "{\"contents\":[{\"parts\":[{\"text\":\"hi\"}]}],"
                               "\"generationConfig\":{\"seed\":5,\"frequencyPenalty\":0.5}}");
    CHECK_EQ(relay_fixture_status(reply), 200);
    check_has(reply,
              "x-yourapi-dropped: generationConfig.seed, generationConfig.frequencyPenalty\r\n");
    relay_fixture_free(f);
}

/* ---- counting ---- */

static void tell_count(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200, "{\"totalTokens\":78}");
}

static const char counted[] =
    "{\"generateContentRequest\":{\"model\":\"models/m\",\"systemInstruction\":{\"parts\":[{"
    "\"text\":\"be brief\"}]},\"contents\":[{\"parts\":[{\"text\":\"hello there\"}]}]}}";

TEST(a_whole_request_is_counted_under_the_name_that_is_sent)
{
    struct relay_fixture *f = fixture_of(GEMINI);
    const char *reply;

    relay_fixture_sql(f, "UPDATE channels SET model_mapping='{\"m\":\"gemini-2.5-flash\"}'");
    relay_fixture_publish(f, NULL);
    relay_fixture_script(f, tell_count, NULL);
    reply = relay_fixture_post(f, "/v1beta/models/m:countTokens", counted);
    CHECK_EQ(relay_fixture_status(reply), 200);
    check_has(relay_fixture_body(f, reply), "{\"totalTokens\":78}");
    check_has(f->seen_head[0], "/v1beta/models/gemini-2.5-flash:countTokens");
    check_has(f->seen_body[0],
              "{\"generateContentRequest\":{\"model\":\"models/gemini-2.5-flash\",");
    check_has_not(f->seen_body[0], "models/m\"");
    relay_fixture_free(f);
}

TEST(a_whole_request_is_counted_here_where_the_upstream_cannot)
{
    struct relay_fixture *f = fixture_of(CHANNEL_TYPE_OPENAI);
    const char *reply = relay_fixture_post(f, "/v1beta/models/m:countTokens", counted);

    CHECK_EQ(relay_fixture_status(reply), 200);
    check_has(relay_fixture_body(f, reply), "{\"totalTokens\":");
    check_has_not(relay_fixture_body(f, reply), "{\"totalTokens\":0}");
    CHECK_EQ(f->requests, 0);
    relay_fixture_free(f);
}

/* ---- errors ---- */

TEST(who_asks_for_models_is_refused_in_the_own_dialect)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *claude = relay_fixture_request(
        f, "GET", "/v1/models", "x-api-key: sk-wrong\r\nanthropic-version: 2023-06-01\r\n", "");
    const char *gemini =
        relay_fixture_request(f, "GET", "/v1beta/models", "x-goog-api-key: sk-wrong\r\n", "");

    CHECK_EQ(relay_fixture_status(claude), 401);
    check_has(claude, "{\"type\":\"error\"");
    CHECK_EQ(relay_fixture_status(gemini), 401);
    check_has(gemini, "\"status\":\"UNAUTHENTICATED\"");
    relay_fixture_free(f);
}

TEST_MAIN(a_stream_of_claude_that_only_ends_was_cut,
          a_stream_of_gemini_that_ends_without_a_finish_was_cut,
          a_translated_stream_that_only_ends_was_cut, a_cut_answer_costs_what_came_of_it,
          an_answer_whose_usage_is_not_told_is_counted, the_last_event_of_gemini_waits_for_the_end,
          an_array_stays_one_whatever_comes, a_translated_array_stays_one_whatever_comes,
          a_folded_stream_that_breaks_is_tried_elsewhere, a_folded_stream_that_breaks_costs_nothing,
          an_answer_to_a_request_that_cannot_be_read_is_written_anew,
          a_whole_answer_to_a_request_that_cannot_be_read_becomes_a_stream,
          a_request_that_cannot_be_read_is_not_translated, who_wants_no_stream_gets_no_comments,
          a_schema_reaches_a_model_of_claude_that_knows_none,
          what_rules_and_channel_leave_out_is_listed,
          what_is_lost_is_told_in_the_words_of_the_client,
          a_whole_request_is_counted_under_the_name_that_is_sent,
          a_whole_request_is_counted_here_where_the_upstream_cannot,
          who_asks_for_models_is_refused_in_the_own_dialect,
          an_upstream_that_falls_silent_behind_the_finish_was_whole)

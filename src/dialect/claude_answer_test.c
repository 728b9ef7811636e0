/* Answers in Anthropic's dialect: streams and whole ones, read and written, and errors. */
#include "dialect/arena_testing.h"
#include "dialect/chat_testing.h"

/* ---- read ---- */

/* The stream of providers reference 25.5. */
#define START                                                                                      \
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","       \
    "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[],"           \
    "\"stop_reason\":null,\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":5,"           \
    "\"output_tokens\":1}}}\n\n"
#define EVENT(json) "data: " json "\n\n"
#define STOP(i)     EVENT("{\"type\":\"content_block_stop\",\"index\":" i "}")
#define END                                                                                        \
    EVENT("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\","                   \
          "\"stop_sequence\":null},\"usage\":{\"output_tokens\":20}}")                             \
    EVENT("{\"type\":\"message_stop\"}")
#define TOOL(i, id, name)                                                                          \
    EVENT("{\"type\":\"content_block_start\",\"index\":" i ",\"content_block\":{\"type\":"         \
          "\"tool_use\",\"id\":\"" id "\",\"name\":\"" name "\",\"input\":{}}}")
#define DELTA(i, json)                                                                             \
    EVENT("{\"type\":\"content_block_delta\",\"index\":" i ",\"delta\":{" json "}}")
#define ARGS(i, json) DELTA(i, "\"type\":\"input_json_delta\",\"partial_json\":\"" json "\"")

static const char worked[] = START "event: ping\ndata: {\"type\": \"ping\"}\n\n" EVENT(
    "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\","
    "\"thinking\":\"\",\"signature\":\"\"}}") DELTA("0", "\"type\":\"thinking_delta\","
                                                         "\"thinking\":\"h\\u00e9m\"")
    DELTA("0", "\"type\":\"signature_delta\",\"signature\":\"c2ln\"") STOP("0")
        EVENT("{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\","
              "\"text\":\"\"}}") DELTA("1", "\"type\":\"text_delta\",\"text\":\"Ok\"") STOP("1")
            TOOL("2", "toolu_a", "f") ARGS("2", "") ARGS("2", "{\\\"x\\\"") ARGS("2", ":1}")
                STOP("2") TOOL("3", "toolu_b", "g") STOP("3") END;

static const char worked_answer[] =
    "{\"choices\":[{\"index\":0,\"parts\":["
    "{\"reasoning\":\"h\u00e9m\",\"origin\":2,\"state\":\"c2ln\"},{\"text\":\"Ok\"},"
    "{\"call\":\"\",\"id\":\"toolu_a\",\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"},"
    "{\"call\":\"\",\"id\":\"toolu_b\",\"name\":\"g\",\"arguments\":\"{}\"}],"
    "\"finish\":\"tool_calls\"}],\"prompt\":15,\"completion\":20,\"cached\":5,\"cache_write\":0,"
    "\"reasoning\":0}";

static const struct chat_answer *fold(const char *stream)
{
    return testing_fold_stream(&dialect_claude, &arena, str_from(stream), 0);
}

static void check_answer(const struct chat_answer *answer, const char *want)
{
    testing_check_json(&arena, testing_answer_text(&arena, answer), want);
}

TEST(the_worked_stream_is_read_however_it_is_cut)
{
    const struct chat_answer *answer = fold(worked);

    CHECK_STR(answer->id, "msg_1");
    CHECK_STR(answer->model, "claude-x");
    CHECK(answer->has_end);
    CHECK(answer->usage.reported);
    check_answer(answer, worked_answer);
    for (size_t cut = 1; cut < sizeof worked; cut++) {
        struct arena a;

        arena_init(&a, 0);
        testing_check_json(&a,
                           testing_answer_text(
                               &a, testing_fold_stream(&dialect_claude, &a, str_from(worked), cut)),
                           worked_answer);
        arena_fini(&a);
    }
    check_answer(testing_fold_stream(&dialect_claude, &arena, str_from(worked), SIZE_MAX),
                 worked_answer);
}

TEST(a_whole_answer_gives_what_its_stream_gives)
{
    const struct chat_answer *answer = testing_fold_answer(
        &dialect_claude, &arena,
        STR("{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\","
            "\"content\":[{\"type\":\"thinking\",\"thinking\":\"h\\u00e9m\",\"signature\":\"c2ln\"}"
            ","
            "{\"type\":\"text\",\"text\":\"Ok\"},"
            "{\"type\":\"tool_use\",\"id\":\"toolu_a\",\"name\":\"f\",\"input\":{ \"x\" : 1 }},"
            "{\"type\":\"tool_use\",\"id\":\"toolu_b\",\"name\":\"g\",\"input\":{}}],"
            "\"stop_reason\":\"tool_use\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":10,"
            "\"cache_read_input_tokens\":5,\"output_tokens\":20}}"));

    CHECK_STR(answer->id, "msg_1");
    CHECK(answer->has_end);
    check_answer(answer, worked_answer);
}

TEST(usage_is_cumulative_and_a_later_zero_says_nothing)
{
    const struct usage *u =
        &fold(EVENT("{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":10,"
                    "\"cache_creation_input_tokens\":30,\"cache_read_input_tokens\":5,"
                    "\"cache_creation\":{\"ephemeral_5m_input_tokens\":20,"
                    "\"ephemeral_1h_input_tokens\":10},\"output_tokens\":1}}}")
                  EVENT("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":null},"
                        "\"usage\":{\"output_tokens\":7}}")
                      EVENT("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},"
                            "\"usage\":{\"input_tokens\":0,\"cache_read_input_tokens\":0,\"output_"
                            "tokens\":50,"
                            "\"output_tokens_details\":{\"thinking_tokens\":8},"
                            "\"server_tool_use\":{\"web_search_requests\":2}}}")
                          EVENT("{\"type\":\"message_stop\"}"))
             ->usage;

    CHECK_EQ(u->prompt, 45);
    CHECK_EQ(u->cached, 5);
    CHECK_EQ(u->cache_write, 30);
    CHECK_EQ(u->cache_write_1h, 10);
    CHECK_EQ(u->completion, 50);
    CHECK_EQ(u->reasoning, 8);
    CHECK_EQ(u->searches, 2);
}

TEST(rounds_of_compaction_are_counted)
{
    const struct chat_answer *answer = testing_fold_answer(
        &dialect_claude, &arena,
        STR("{\"content\":[],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":10,"
            "\"output_tokens\":2,\"iterations\":["
            "{\"type\":\"compaction\",\"input_tokens\":100,\"output_tokens\":30},"
            "{\"type\":\"message\",\"input_tokens\":10,\"output_tokens\":2}]}}"));

    CHECK_EQ(answer->usage.prompt, 110);
    CHECK_EQ(answer->usage.completion, 32);
}

TEST(reasons_to_stop_are_told_apart)
{
    static const struct {
        const char *reason;
        enum chat_finish finish;
    } rows[] = {
        {"end_turn", CHAT_FINISH_STOP},       {"stop_sequence", CHAT_FINISH_STOP_SEQUENCE},
        {"max_tokens", CHAT_FINISH_LENGTH},   {"model_context_window_exceeded", CHAT_FINISH_LENGTH},
        {"tool_use", CHAT_FINISH_TOOL_CALLS}, {"refusal", CHAT_FINISH_FILTER},
        {"pause_turn", CHAT_FINISH_PAUSE},    {"compaction", CHAT_FINISH_STOP},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str body = arena_fmt(&arena,
                                    "{\"content\":[{\"type\":\"text\",\"text\":\"a\"}],"
                                    "\"stop_reason\":\"%s\",\"stop_sequence\":\"END\"}",
                                    rows[i].reason);
        const struct chat_answer *answer = testing_fold_answer(&dialect_claude, &arena, body);

        CHECK_EQ(answer->choices->finish, rows[i].finish);
        CHECK_STR(answer->choices->stop_sequence, "END");
        CHECK(!answer->has_usage);
    }
}

TEST(redacted_thoughts_and_thoughts_not_shown_are_states)
{
    check_answer(fold(EVENT("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
                            "{\"type\":\"redacted_thinking\",\"data\":\"ZGF0\"}}") STOP("0")
                          EVENT("{\"type\":\"content_block_start\",\"index\":1,\"content_block\":"
                                "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}")
                              DELTA("1", "\"type\":\"signature_delta\",\"signature\":\"c2ln\"")
                                  STOP("1")),
                 "{\"choices\":[{\"index\":0,\"parts\":["
                 "{\"reasoning\":\"\",\"origin\":2,\"state\":\"ZGF0\"},"
                 "{\"reasoning\":\"\",\"origin\":2,\"state\":\"c2ln\"}],\"finish\":\"none\"}]}");
}

TEST(tools_of_the_provider_are_no_calls)
{
    check_answer(
        fold(EVENT("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
                   "{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\","
                   "\"input\":{}}}") ARGS("0", "{\\\"query\\\":1}") STOP("0")
                 EVENT("{\"type\":\"content_block_start\",\"index\":1,\"content_block\":"
                       "{\"type\":\"web_search_tool_result\",\"tool_use_id\":\"s\",\"content\":["
                       "{\"type\":\"web_search_result\",\"url\":\"https://x/\"}]}}") STOP("1")
                     TOOL("2", "t", "f") ARGS("2", "{}") STOP("2")),
        "{\"choices\":[{\"index\":0,\"parts\":[{\"call\":\"\",\"id\":\"t\",\"name\":\"f\","
        "\"arguments\":\"{}\"}],\"finish\":\"none\"}]}");
}

TEST(citations_know_the_text_that_they_stand_for)
{
    static const char cited[] =
        "{\"type\":\"web_search_result_location\",\"url\":\"https://x/\",\"title\":\"X\","
        "\"cited_text\":\"c\",\"encrypted_index\":\"e\"}";
    struct str stream = arena_fmt(
        &arena,
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
        "\"text\":\"\u00e4b\"}}\n\n"
        "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
        "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\","
        "\"text\":\"\",\"citations\":[]}}\n\n"
        "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":"
        "\"citations_delta\",\"citation\":%s}}\n\n"
        "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\","
        "\"text\":\"cde\"}}\n\n"
        "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
        cited);
    struct str whole = arena_fmt(&arena,
                                 "{\"content\":[{\"type\":\"text\",\"text\":\"\u00e4b\"},"
                                 "{\"type\":\"text\",\"text\":\"cde\",\"citations\":[%s]}],"
                                 "\"stop_reason\":\"end_turn\"}",
                                 cited);
    const struct chat_answer *answers[] = {
        testing_fold_stream(&dialect_claude, &arena, stream, 0),
        testing_fold_answer(&dialect_claude, &arena, whole),
    };

    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        const struct chat_citation *c = answers[i]->choices->citations;

        CHECK_EQ(answers[i]->choices->citation_count, 1);
        CHECK_STR(c->url, "https://x/");
        CHECK_STR(c->title, "X");
        CHECK_STR(c->cited_text, "c");
        CHECK_STR(c->raw, cited);
        CHECK_EQ(c->start, 2);
        CHECK_EQ(c->end, 5);
    }
}

/* Counts the events of a kind. */
struct tally {
    enum chat_event_kind kind;
    unsigned n;
};

static void count_event(void *ctx, const struct chat_event *event)
{
    struct tally *tally = ctx;

    tally->n += event->kind == tally->kind;
}

TEST(tools_of_the_provider_are_content)
{
    struct tally tally = {.kind = CHAT_EVENT_OTHER};

    CHECK(testing_read_stream(
        &dialect_claude, &arena,
        STR("data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
            "\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\",\"input\":{}}}\n\n"),
        0, &(struct chat_sink){count_event, &tally}));
    CHECK_EQ(tally.n, 1);
}

TEST(citations_that_nobody_can_wait_for_come_at_once)
{
    struct tally tally = {.kind = CHAT_EVENT_CITATION};
    struct sb sb;
    struct str big = str_make(arena_zalloc(&arena, 40000), 40000);

    memset((char *)(uintptr_t)big.p, 'x', big.n);
    sb_init(&sb, 1 << 20);
    for (int i = 0; i < 4; i++)
        sb_fmt(&sb,
               "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
               "\"citations_delta\",\"citation\":{\"cited_text\":\"%.*s\"}}}\n\n",
               STR_ARG(big));
    CHECK(testing_read_stream(&dialect_claude, &arena, sb_str(&sb), 0,
                              &(struct chat_sink){count_event, &tally}));
    CHECK_EQ(tally.n, 3); /* the first waits for an end that never comes */
    sb_fini(&sb);
}

TEST(finish_and_end_come_once_and_nothing_after)
{
    const char *stream = START END END DELTA("0", "\"type\":\"text_delta\",\"text\":\"late\"");
    const enum chat_event_kind once[] = {CHAT_EVENT_START, CHAT_EVENT_FINISH, CHAT_EVENT_END};
    struct tally tally;

    for (size_t i = 0; i < ARRAY_LEN(once); i++) {
        tally = (struct tally){.kind = once[i]};
        CHECK(testing_read_stream(&dialect_claude, &arena, str_from(stream), 0,
                                  &(struct chat_sink){count_event, &tally}));
        CHECK_EQ(tally.n, 1);
    }
    tally = (struct tally){.kind = CHAT_EVENT_TEXT};
    CHECK(testing_read_stream(&dialect_claude, &arena, str_from(stream), 0,
                              &(struct chat_sink){count_event, &tally}));
    CHECK_EQ(tally.n, 0);
}

TEST(a_stream_that_only_ends_was_cut)
{
    const struct chat_answer *answer =
        fold(START DELTA("0", "\"type\":\"text_delta\",\"text\":\"half\""));

    CHECK(!answer->has_end);
    CHECK_EQ(answer->choices->finish, CHAT_FINISH_NONE);
}

TEST(a_message_that_begins_anew_goes_on_with_new_numbers)
{
    check_answer(fold(START TOOL("0", "a", "f") ARGS("0", "{\\\"v\\\":") START TOOL("0", "b", "f")
                          ARGS("0", "{}") STOP("0")),
                 "{\"choices\":[{\"index\":0,\"parts\":["
                 "{\"call\":\"\",\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{\\\"v\\\":\"},"
                 "{\"call\":\"\",\"id\":\"b\",\"name\":\"f\",\"arguments\":\"{}\"}],"
                 "\"finish\":\"none\"}],\"prompt\":15,\"completion\":1,\"cached\":5,"
                 "\"cache_write\":0,\"reasoning\":0}");
}

TEST(arguments_in_the_beginning_of_a_call_are_not_doubled)
{
    check_answer(
        fold(EVENT("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
                   "\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{\"x\": 1}}}")
                 ARGS("0", "{\\\"x\\\":1}") STOP("0")),
        "{\"choices\":[{\"index\":0,\"parts\":[{\"call\":\"\",\"id\":\"a\",\"name\":\"f\","
        "\"arguments\":\"{\\\"x\\\":1}\"}],\"finish\":\"none\"}]}");
}

TEST(errors_in_a_stream_have_the_status_of_their_type)
{
    static const struct {
        const char *type;
        int status;
    } rows[] = {{"overloaded_error", 529}, {"rate_limit_error", 429},      {"api_error", 500},
                {"timeout_error", 504},    {"invalid_request_error", 400}, {"odd_error", 0}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str stream = arena_fmt(&arena,
                                      "event: error\ndata: {\"type\":\"error\",\"error\":{"
                                      "\"type\":\"%s\",\"message\":\"No\"}}\n\n",
                                      rows[i].type);
        const struct chat_answer *answer = testing_fold_stream(&dialect_claude, &arena, stream, 0);

        CHECK(answer->has_error);
        CHECK(!answer->has_end);
        CHECK_EQ(answer->error_status, rows[i].status);
        CHECK_STR(answer->error.message, "No");
        CHECK_STR(answer->error.type, rows[i].type);
    }
}

TEST(an_error_with_status_200_is_one)
{
    const struct chat_answer *answer = testing_fold_answer(
        &dialect_claude, &arena,
        STR("{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Busy\"}}"));

    CHECK_EQ(answer->error_status, 529);
    CHECK_STR(answer->error.message, "Busy");
    CHECK(!answer->choices);
}

TEST(garbage_is_no_answer)
{
    static const char *const bodies[] = {"", "<html>", "[]", "{}", "{\"content\":\"text\"}"};
    struct tally tally = {0};
    const struct chat_sink sink = {count_event, &tally};

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        CHECK_EQ(dialect_claude.read_answer(&arena, str_from(bodies[i]), &sink, NULL),
                 ERR_UPSTREAM_BODY);
    CHECK(!testing_read_stream(&dialect_claude, &arena, STR("data: nonsense\n\n"), 0, &sink));
    CHECK(!testing_read_stream(&dialect_claude, &arena, STR("data: [1]\n\n"), 0, &sink));
    CHECK(testing_read_stream(&dialect_claude, &arena,
                              STR("data: {\"type\":\"new_kind\"}\n\ndata: [DONE]\n\n"), 0, &sink));
}

/* ---- written ---- */

static struct chat_request client = {.dialect = DIALECT_CLAUDE};
static const struct answer_conf conf = {.request = &client,
                                        .model = STR_INIT("asked"),
                                        .id = STR_INIT("ABCDEFGHIJKLMNOPQRSTUVWX"),
                                        .prompt_tokens = 9};

/* What the events become: "type data" a line. */
static struct str stream_of(const struct chat_event *events, size_t n)
{
    void *writer = dialect_claude.writer_new(&arena, &conf);
    struct sb out;
    struct str text;

    sb_init(&out, TESTING_LIMIT);
    for (size_t i = 0; i < n; i++)
        dialect_claude.write_event(writer, &events[i], &out);
    text = str_dup(&arena, sb_str(&out));
    sb_fini(&out);
    return text;
}

/* Compares the events of a stream with lines of JSON, each of which names its type. */
static void check_stream(struct str stream, const char *const *want, size_t n)
{
    struct sse sse;
    struct sse_event ev;
    size_t i = 0;

    sse_init(&sse, TESTING_LIMIT);
    while (sse_next(&sse, &stream, &ev) == SSE_EVENT) {
        const struct json *v;

        CHECK(i < n);
        testing_check_json(&arena, ev.data, want[i++]);
        CHECK_EQ(json_read(&arena, ev.data, JSON_DEPTH_DEFAULT, &v, NULL), ERR_OK);
        CHECK(json_str_eq(json_get(v, STR("type")), ev.type));
    }
    CHECK(!sse_pending(&sse));
    CHECK_EQ(i, n);
    sse_fini(&sse);
}

#define CHECK_STREAM(events, ...)                                                                  \
    do {                                                                                           \
        static const char *const want_lines[] = {__VA_ARGS__};                                     \
        check_stream(stream_of(events, ARRAY_LEN(events)), want_lines, ARRAY_LEN(want_lines));     \
    } while (0)

#define W_START(id, input)                                                                         \
    "{\"type\":\"message_start\",\"message\":{\"id\":\"" id "\",\"type\":\"message\",\"role\":"    \
    "\"assistant\",\"model\":\"asked\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":"     \
    "null,"                                                                                        \
    "\"usage\":{\"input_tokens\":" input ",\"cache_creation_input_tokens\":0,"                     \
    "\"cache_read_input_tokens\":0,\"output_tokens\":0}}}"
#define W_BLOCK(i, json)                                                                           \
    "{\"type\":\"content_block_start\",\"index\":" i ",\"content_block\":{" json "}}"
#define W_DELTA(i, json) "{\"type\":\"content_block_delta\",\"index\":" i ",\"delta\":{" json "}}"
#define W_TEXT(i, text)  W_DELTA(i, "\"type\":\"text_delta\",\"text\":\"" text "\"")
#define W_ARGS(i, text)  W_DELTA(i, "\"type\":\"input_json_delta\",\"partial_json\":\"" text "\"")
#define W_TOOL(i, id, name)                                                                        \
    W_BLOCK(i, "\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"" name "\",\"input\":{}")
#define W_STOP(i) "{\"type\":\"content_block_stop\",\"index\":" i "}"
#define W_FINISH(reason, sequence, input, cached, output)                                          \
    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" reason                             \
    "\",\"stop_sequence\":" sequence "},\"usage\":{\"input_tokens\":" input                        \
    ",\"cache_creation_input_tokens\":0,"                                                          \
    "\"cache_read_input_tokens\":" cached ",\"output_tokens\":" output "}}"
#define W_END          "{\"type\":\"message_stop\"}"
#define BLOCK_TEXT     "\"type\":\"text\",\"text\":\"\""
#define BLOCK_THINKING "\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\""

TEST(the_worked_stream_is_written)
{
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_START, .id = STR("chatcmpl-1")},
        {.kind = CHAT_EVENT_REASONING, .text = STR("hm")},
        {.kind = CHAT_EVENT_TEXT, .text = STR("Ok")},
        {.kind = CHAT_EVENT_TOOL_CALL, .call = {.id = STR("c1"), .name = STR("f")}},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .text = STR("")},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .text = STR("{\"x\":1}")},
        {.kind = CHAT_EVENT_TOOL_CALL, .tool = 1, .call = {.id = STR("c2"), .name = STR("g")}},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = 1, .text = STR("{}")},
        {.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_TOOL_CALLS},
        {.kind = CHAT_EVENT_USAGE, .usage = {.prompt = 15, .completion = 20, .cached = 5}},
        {.kind = CHAT_EVENT_END},
    };

    CHECK_STREAM(events, W_START("msg_chatcmpl-1", "9"), W_BLOCK("0", BLOCK_THINKING),
                 W_DELTA("0", "\"type\":\"thinking_delta\",\"thinking\":\"hm\""), W_STOP("0"),
                 W_BLOCK("1", BLOCK_TEXT), W_TEXT("1", "Ok"), W_STOP("1"), W_TOOL("2", "c1", "f"),
                 W_ARGS("2", "{\\\"x\\\":1}"), W_STOP("2"), W_TOOL("3", "c2", "g"),
                 W_ARGS("3", "{}"), W_STOP("3"), W_FINISH("tool_use", "null", "10", "5", "20"),
                 W_END);
}

TEST(interleaved_calls_keep_their_blocks_open)
{
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_TOOL_CALL, .call = {.id = STR("a"), .name = STR("f")}},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .text = STR("{\"x\":\"}")},
        {.kind = CHAT_EVENT_TOOL_CALL, .tool = 1, .call = {.id = STR("b"), .name = STR("g")}},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = 1, .text = STR("{\"y\":[")},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .text = STR("\\\"\"}")},
        {.kind = CHAT_EVENT_TEXT, .text = STR("so")},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = 1, .text = STR("]}")},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = 7, .text = STR("nobody's")},
        {.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_STOP},
        {.kind = CHAT_EVENT_END},
    };

    CHECK_STREAM(events, W_START("msg_ABCDEFGHIJKLMNOPQRSTUVWX", "9"), W_TOOL("0", "a", "f"),
                 W_ARGS("0", "{\\\"x\\\":\\\"}"), W_TOOL("1", "b", "g"),
                 W_ARGS("1", "{\\\"y\\\":["), W_ARGS("0", "\\\\\\\"\\\"}"), W_STOP("0"),
                 W_BLOCK("2", BLOCK_TEXT), W_TEXT("2", "so"), W_ARGS("1", "]}"), W_STOP("2"),
                 W_STOP("1"), W_FINISH("tool_use", "null", "9", "0", "0"), W_END);
}

TEST(an_answer_without_words_has_a_beginning_and_an_end)
{
    const struct chat_event events[] = {{.kind = CHAT_EVENT_END},
                                        {.kind = CHAT_EVENT_END},
                                        {.kind = CHAT_EVENT_TEXT, .text = STR("late")}};

    CHECK_STREAM(events, W_START("msg_ABCDEFGHIJKLMNOPQRSTUVWX", "9"),
                 W_FINISH("end_turn", "null", "9", "0", "0"), W_END);
}

TEST(states_go_to_signatures_and_redacted_blocks)
{
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_START, .id = STR("msg_x")},
        {.kind = CHAT_EVENT_REASONING, .text = STR("a")},
        {.kind = CHAT_EVENT_STATE,
         .state = {.origin = DIALECT_OPENAI_RESPONSES, .value = STR("r")}},
        {.kind = CHAT_EVENT_STATE, .state = {.origin = DIALECT_CLAUDE, .value = STR("s")}},
        {.kind = CHAT_EVENT_STATE,
         .state = {.origin = DIALECT_CLAUDE, .value = STR("d"), .redacted = true}},
        {.kind = CHAT_EVENT_STATE,
         .state = {.origin = DIALECT_OPENAI_RESPONSES, .value = STR("q")}},
        {.kind = CHAT_EVENT_TOOL_CALL,
         .call = {.name = STR("f")},
         .state = {.origin = DIALECT_GEMINI, .value = STR("g")}},
        {.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_TOOL_CALLS},
        {.kind = CHAT_EVENT_END},
    };

    CHECK_STREAM(events, W_START("msg_x", "9"), W_BLOCK("0", BLOCK_THINKING),
                 W_DELTA("0", "\"type\":\"thinking_delta\",\"thinking\":\"a\""),
                 W_DELTA("0", "\"type\":\"signature_delta\",\"signature\":\"YourApirr\""),
                 W_STOP("0"), W_BLOCK("1", BLOCK_THINKING),
                 W_DELTA("1", "\"type\":\"signature_delta\",\"signature\":\"s\""), W_STOP("1"),
                 W_BLOCK("2", "\"type\":\"redacted_thinking\",\"data\":\"d\""), W_STOP("2"),
                 W_BLOCK("3", "\"type\":\"redacted_thinking\",\"data\":\"YourApirq\""), W_STOP("3"),
                 W_BLOCK("4", "\"type\":\"redacted_thinking\",\"data\":\"YourApigg\""), W_STOP("4"),
                 W_TOOL("5", "toolu_ABCDEFGHIJKLMNOPQRSTUVWX0", "f"), W_STOP("5"),
                 W_FINISH("tool_use", "null", "9", "0", "0"), W_END);
}

TEST(what_is_no_text_is_told_as_text)
{
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_START, .id = STR("msg_x")},
        {.kind = CHAT_EVENT_REFUSAL, .text = STR("No")},
        {.kind = CHAT_EVENT_AUDIO, .media = {.data = STR("AAAA")}, .text = STR("said")},
        {.kind = CHAT_EVENT_AUDIO, .media = {.data = STR("AAAA")}},
        {.kind = CHAT_EVENT_IMAGE, .media = {.mime = STR("image/png"), .data = STR("AA==")}},
        {.kind = CHAT_EVENT_TEXT, .choice = 1, .text = STR("the second answer")},
        {.kind = CHAT_EVENT_LOGPROBS, .raw = STR("[]")},
        {.kind = CHAT_EVENT_FINISH, .choice = 1, .finish = CHAT_FINISH_STOP},
        {.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_STOP_SEQUENCE, .text = STR("END")},
        {.kind = CHAT_EVENT_END},
    };

    CHECK_STREAM(events, W_START("msg_x", "9"), W_BLOCK("0", BLOCK_TEXT), W_TEXT("0", "No"),
                 W_TEXT("0", "said"), W_TEXT("0", "![image](data:image/png;base64,AA==)"),
                 W_STOP("0"), W_FINISH("stop_sequence", "\"END\"", "9", "0", "0"), W_END);
}

TEST(citations_stand_in_a_text)
{
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_START, .id = STR("msg_x")},
        {.kind = CHAT_EVENT_CITATION, .citation = {.url = STR("https://early/")}},
        {.kind = CHAT_EVENT_TEXT, .text = STR("t")},
        {.kind = CHAT_EVENT_CITATION,
         .citation = {.url = STR("https://x/"),
                      .title = STR("X"),
                      .raw = STR("{\"type\":\"url_citation\"}")}},
        {.kind = CHAT_EVENT_CITATION,
         .citation = {.raw = STR("{\"type\":\"char_location\",\"cited_text\":\"c\"}")}},
        {.kind = CHAT_EVENT_END},
    };

    CHECK_STREAM(events, W_START("msg_x", "9"), W_BLOCK("0", BLOCK_TEXT),
                 W_DELTA("0", "\"type\":\"citations_delta\",\"citation\":{\"type\":"
                              "\"web_search_result_location\",\"url\":\"https://early/\","
                              "\"title\":\"\",\"cited_text\":\"\",\"encrypted_index\":\"\"}"),
                 W_TEXT("0", "t"),
                 W_DELTA("0", "\"type\":\"citations_delta\",\"citation\":{\"type\":"
                              "\"web_search_result_location\",\"url\":\"https://x/\",\"title\":"
                              "\"X\",\"cited_text\":\"\",\"encrypted_index\":\"\"}"),
                 W_DELTA("0", "\"type\":\"citations_delta\",\"citation\":{\"type\":"
                              "\"char_location\",\"cited_text\":\"c\"}"),
                 W_STOP("0"), W_FINISH("end_turn", "null", "9", "0", "0"), W_END);
}

TEST(free_text_of_a_call_becomes_an_object)
{
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_START, .id = STR("msg_x")},
        {.kind = CHAT_EVENT_TOOL_CALL,
         .call = {.id = STR("c"), .name = STR("draw"), .custom = true}},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .text = STR("a\n")},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .text = STR("\"b\"")},
        {.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_TOOL_CALLS},
        {.kind = CHAT_EVENT_END},
    };

    CHECK_STREAM(events, W_START("msg_x", "9"), W_TOOL("0", "c", "draw"),
                 W_ARGS("0", "{\\\"input\\\":\\\""), W_ARGS("0", "a\\\\n"),
                 W_ARGS("0", "\\\\\\\"b\\\\\\\""), W_ARGS("0", "\\\"}"), W_STOP("0"),
                 W_FINISH("tool_use", "null", "9", "0", "0"), W_END);
}

TEST(an_error_ends_a_stream)
{
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_START, .id = STR("msg_x")},
        {.kind = CHAT_EVENT_ERROR, .status = 529, .error = {.message = STR("Busy")}},
        {.kind = CHAT_EVENT_END},
    };

    CHECK_STREAM(events, W_START("msg_x", "9"),
                 "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
                 "\"message\":\"Busy\"}}");
}

TEST(a_tool_comes_back_under_the_name_that_the_client_gave_it)
{
    struct chat_request r = {.dialect = DIALECT_CLAUDE};
    const struct answer_conf with_tools = {.request = &r, .id = conf.id};
    const struct chat_event event = {.kind = CHAT_EVENT_TOOL_CALL,
                                     .call = {.id = STR("c"), .name = STR("my_tool")}};
    void *writer;
    struct sb out;

    chat_add_tool(&arena, &r, CHAT_TOOL_FUNCTION)->name = STR("my.tool");
    writer = dialect_claude.writer_new(&arena, &with_tools);
    sb_init(&out, TESTING_LIMIT);
    dialect_claude.write_event(writer, &event, &out);
    CHECK(str_has(sb_str(&out), STR("\"name\":\"my.tool\"")));
    sb_fini(&out);
}

/* ---- whole answers written ---- */

static struct str whole_of(const struct chat_event *events, size_t n)
{
    struct chat_fold *folded = chat_fold_new(&arena, TESTING_LIMIT);
    struct sb out;
    struct str text;

    for (size_t i = 0; i < n; i++)
        chat_fold_event(folded, &events[i]);
    sb_init(&out, TESTING_LIMIT);
    dialect_claude.write_answer(&arena, &conf, chat_fold_answer(folded), &out);
    text = str_dup(&arena, sb_str(&out));
    sb_fini(&out);
    return text;
}

TEST(a_whole_answer_is_written)
{
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_START, .id = STR("msg_7"), .model = STR("real")},
        {.kind = CHAT_EVENT_REASONING, .text = STR("hm")},
        {.kind = CHAT_EVENT_STATE, .state = {.origin = DIALECT_CLAUDE, .value = STR("s")}},
        {.kind = CHAT_EVENT_STATE,
         .state = {.origin = DIALECT_CLAUDE, .value = STR("d"), .redacted = true}},
        {.kind = CHAT_EVENT_TEXT, .text = STR("Ok")},
        {.kind = CHAT_EVENT_CITATION, .citation = {.url = STR("https://x/")}},
        {.kind = CHAT_EVENT_TOOL_CALL,
         .call = {.id = STR("a"), .name = STR("f")},
         .state = {.origin = DIALECT_GEMINI, .value = STR("g")}},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .text = STR("{\"x\":1}")},
        {.kind = CHAT_EVENT_TOOL_CALL, .tool = 1, .call = {.id = STR("b"), .name = STR("g")}},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = 1, .text = STR("{\"x\":")},
        {.kind = CHAT_EVENT_TOOL_CALL,
         .tool = 2,
         .call = {.id = STR("c"), .name = STR("draw"), .custom = true}},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = 2, .text = STR("free")},
        {.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_TOOL_CALLS},
        {.kind = CHAT_EVENT_USAGE,
         .usage = {.prompt = 50,
                   .completion = 20,
                   .cached = 5,
                   .cache_write = 30,
                   .cache_write_1h = 10,
                   .reasoning = 7,
                   .searches = 2}},
        {.kind = CHAT_EVENT_END},
    };

    testing_check_json(
        &arena, whole_of(events, ARRAY_LEN(events)),
        "{\"id\":\"msg_7\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"asked\","
        "\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"s\"},"
        "{\"type\":\"redacted_thinking\",\"data\":\"d\"},"
        "{\"type\":\"text\",\"text\":\"Ok\",\"citations\":[{\"type\":"
        "\"web_search_result_location\",\"url\":\"https://x/\",\"title\":\"\",\"cited_text\":\"\","
        "\"encrypted_index\":\"\"}]},"
        "{\"type\":\"redacted_thinking\",\"data\":\"YourApigg\"},"
        "{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{\"x\":1}},"
        "{\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"g\",\"input\":{}},"
        "{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"draw\",\"input\":{\"input\":\"free\"}}],"
        "\"stop_reason\":\"tool_use\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":15,"
        "\"cache_creation_input_tokens\":30,\"cache_read_input_tokens\":5,\"output_tokens\":20,"
        "\"cache_creation\":{\"ephemeral_5m_input_tokens\":20,\"ephemeral_1h_input_tokens\":10},"
        "\"output_tokens_details\":{\"thinking_tokens\":7},"
        "\"server_tool_use\":{\"web_search_requests\":2}}}");
}

TEST(unsigned_thoughts_have_an_empty_signature)
{
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_REASONING, .text = STR("hm")},
        {.kind = CHAT_EVENT_TEXT, .text = STR("Ok")},
        {.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_LENGTH},
    };

    testing_check_json(
        &arena, whole_of(events, ARRAY_LEN(events)),
        "{\"id\":\"msg_ABCDEFGHIJKLMNOPQRSTUVWX\",\"type\":\"message\",\"role\":\"assistant\","
        "\"model\":\"asked\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\","
        "\"signature\":\"\"},{\"type\":\"text\",\"text\":\"Ok\"}],\"stop_reason\":\"max_tokens\","
        "\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"cache_creation_input_tokens\":0,"
        "\"cache_read_input_tokens\":0,\"output_tokens\":0}}");
}

/* A sink that writes each event for the client. */
struct forward {
    void *writer;
    struct sb out;
};

static void forward_event(void *ctx, const struct chat_event *event)
{
    struct forward *f = ctx;

    dialect_claude.write_event(f->writer, event, &f->out);
}

TEST(what_was_written_reads_as_the_answer_that_it_was)
{
    struct forward f = {.writer = dialect_claude.writer_new(&arena, &conf)};
    struct str streamed;

    sb_init(&f.out, TESTING_LIMIT);
    chat_unfold(fold(worked), &(struct chat_sink){forward_event, &f});
    streamed = str_dup(&arena, sb_str(&f.out));
    check_answer(testing_fold_stream(&dialect_claude, &arena, streamed, 0), worked_answer);
    sb_reset(&f.out);
    dialect_claude.write_answer(&arena, &conf, fold(worked), &f.out);
    check_answer(testing_fold_answer(&dialect_claude, &arena, sb_str(&f.out)), worked_answer);
    sb_fini(&f.out);
}

/* ---- errors ---- */

TEST(errors_have_the_type_of_their_status)
{
    static const struct {
        int status;
        const char *type;
    } rows[] = {
        {400, "invalid_request_error"},
        {401, "authentication_error"},
        {402, "billing_error"},
        {403, "permission_error"},
        {404, "not_found_error"},
        {409, "conflict_error"},
        {413, "request_too_large"},
        {422, "invalid_request_error"},
        {429, "rate_limit_error"},
        {500, "api_error"},
        {502, "api_error"},
        {503, "overloaded_error"},
        {504, "timeout_error"},
        {529, "overloaded_error"},
    };
    const struct openai_error error = {.message = STR("No \"way\""), .type = STR("foreign")};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        testing_check_json(&arena, dialect_claude.write_error(&arena, rows[i].status, &error),
                           arena_fmt(&arena,
                                     "{\"type\":\"error\",\"error\":{\"type\":\"%s\","
                                     "\"message\":\"No \\\"way\\\"\"}}",
                                     rows[i].type)
                               .p);
    CHECK_STR(dialect_claude.write_stream_error(&arena, 500, &error),
              "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","
              "\"message\":\"No \\\"way\\\"\"}}\n\n");
}

ARENA_TEST_MAIN(the_worked_stream_is_read_however_it_is_cut,
                a_whole_answer_gives_what_its_stream_gives,
                usage_is_cumulative_and_a_later_zero_says_nothing, rounds_of_compaction_are_counted,
                reasons_to_stop_are_told_apart, redacted_thoughts_and_thoughts_not_shown_are_states,
                tools_of_the_provider_are_no_calls, citations_know_the_text_that_they_stand_for,
                tools_of_the_provider_are_content, citations_that_nobody_can_wait_for_come_at_once,
                finish_and_end_come_once_and_nothing_after, a_stream_that_only_ends_was_cut,
                a_message_that_begins_anew_goes_on_with_new_numbers,
                arguments_in_the_beginning_of_a_call_are_not_doubled,
                errors_in_a_stream_have_the_status_of_their_type, an_error_with_status_200_is_one,
                garbage_is_no_answer, the_worked_stream_is_written,
                interleaved_calls_keep_their_blocks_open,
                an_answer_without_words_has_a_beginning_and_an_end,
                states_go_to_signatures_and_redacted_blocks, what_is_no_text_is_told_as_text,
                citations_stand_in_a_text, free_text_of_a_call_becomes_an_object,
                an_error_ends_a_stream, a_tool_comes_back_under_the_name_that_the_client_gave_it,
                a_whole_answer_is_written, unsigned_thoughts_have_an_empty_signature,
                what_was_written_reads_as_the_answer_that_it_was,
                errors_have_the_type_of_their_status)

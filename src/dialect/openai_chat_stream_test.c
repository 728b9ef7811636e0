/* Answers of OpenAI's chat dialect, read and written, streamed and whole. */
#include "dialect/arena_testing.h"
#include "dialect/chat_testing.h"

static const struct dialect *const dialect = &dialect_openai_chat;

/* ---- reading ---- */

/* What a stream folds to, the same for every cut. */
static const struct chat_answer *read_cut(const char *stream)
{
    struct str text = str_from(stream);
    const struct chat_answer *whole = testing_fold_stream(dialect, &arena, text, 0);
    struct str want = testing_answer_text(&arena, whole);

    for (size_t cut = 1; cut < text.n; cut++)
        CHECK_STR(testing_answer_text(&arena, testing_fold_stream(dialect, &arena, text, cut)),
                  want.p);
    return whole;
}

static void check_stream(const char *stream, const char *want)
{
    testing_check_json(&arena, testing_answer_text(&arena, read_cut(stream)), want);
}

static void check_whole(const char *body, const char *want)
{
    testing_check_json(
        &arena, testing_answer_text(&arena, testing_fold_answer(dialect, &arena, str_from(body))),
        want);
}

#define CHUNK(choice) "data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[" choice "]}\n\n"
#define DELTA(delta)  CHUNK("{\"index\":0,\"delta\":{" delta "},\"finish_reason\":null}")
#define FINISH(why)   CHUNK("{\"index\":0,\"delta\":{},\"finish_reason\":\"" why "\"}")
#define DONE          "data: [DONE]\n\n"
#define ONE(parts, finish)                                                                         \
    "{\"choices\":[{\"index\":0,\"parts\":[" parts "],\"finish\":\"" finish "\"}]"

TEST(a_stream_with_thoughts_text_and_calls_is_read)
{
    check_stream(
        DELTA("\"role\":\"assistant\",\"content\":\"\"") DELTA("\"reasoning_content\":\"hm\"")
            DELTA("\"content\":\"O\"") DELTA("\"content\":\"k\"") DELTA(
                "\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"type\":\"function\",\"function\":"
                "{\"name\":\"f\",\"arguments\":\"\"}}]")
                DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"x\\\"\"}},"
                      "{\"index\":1,\"id\":\"c2\",\"function\":{\"name\":\"g\"}}]")
                    DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]")
                        FINISH("tool_calls")
                            CHUNK("") "data: {\"id\":\"1\",\"choices\":[],\"usage\":"
                                      "{\"prompt_tokens\":15,\"completion_tokens\":20,"
                                      "\"prompt_tokens_details\":{\"cached_tokens\":5}}}\n\n" DONE,
        ONE("{\"reasoning\":\"hm\"},{\"text\":\"Ok\"},{\"call\":\"\",\"id\":\"c1\",\"name\":\"f\","
            "\"arguments\":\"{\\\"x\\\":1}\"},{\"call\":\"\",\"id\":\"c2\",\"name\":\"g\","
            "\"arguments\":\"{}\"}",
            "tool_calls") ",\"prompt\":15,\"completion\":20,\"cached\":5,\"cache_write\":0,"
                          "\"reasoning\":0}");
}

TEST(the_first_chunk_of_azure_is_not_the_start)
{
    const struct chat_answer *answer =
        read_cut("data: {\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\","
                 "\"prompt_filter_results\":[{}]}\n\n" DELTA("\"content\":\"x\"")
                     CHUNK("{\"index\":0,\"content_filter_results\":{},\"finish_reason\":null}")
                         FINISH("content_filter") DONE);

    CHECK_STR(answer->id, "1");
    CHECK_STR(answer->model, "m");
    CHECK(answer->has_end && answer->choices->finish == CHAT_FINISH_FILTER);
}

/* Whole calls in one chunk, with a number or without, all with the same one, as an object. */
TEST(calls_are_told_apart_however_they_are_numbered)
{
    static const char *const forms[] = {
        DELTA("\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},"
              "{\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":{}}}]") FINISH("stop") DONE,
        DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\","
              "\"arguments\":\"{}\"}}]")
            DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"g\","
                  "\"arguments\":\"{}\"}}]") FINISH("tool_calls") DONE,
        DELTA("\"tool_calls\":{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}")
            DELTA("\"tool_calls\":{\"index\":4,\"id\":\"b\",\"function\":{\"name\":\"g\"}}")
                FINISH("tool_calls") DONE,
        DELTA("\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]")
            DELTA("\"tool_calls\":[{\"function\":{\"arguments\":\"}\"}}]")
                DELTA("\"tool_calls\":[{\"id\":\"b\",\"function\":{\"name\":\"g\"}}]")
                    FINISH("tool_calls") DONE,
    };

    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        check_stream(forms[i],
                     ONE("{\"call\":\"\",\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{}\"},"
                         "{\"call\":\"\",\"id\":\"b\",\"name\":\"g\",\"arguments\":"
                         "\"{}\"}",
                         "tool_calls") "}");
}

TEST(calls_without_an_id_get_one_each)
{
    const struct chat_answer *answer = read_cut(
        DELTA("\"tool_calls\":[{\"function\":{\"name\":\"f\"}},{\"function\":{\"name\":\"g\"}}]")
            FINISH("tool_calls") DONE);
    const struct chat_part *part = answer->choices->parts.first;

    CHECK(str_starts(part->call.id, STR("call_")));
    CHECK(!str_eq(part->call.id, part->next->call.id));
}

TEST(the_deprecated_function_call_is_read)
{
    const struct chat_answer *answer = read_cut(
        DELTA("\"content\":null,\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}")
            DELTA("\"function_call\":{\"arguments\":\"{\\\"x\\\"\"}")
                DELTA("\"function_call\":{\"arguments\":\":1}\"}") FINISH("function_call") DONE);
    const struct chat_part *part = answer->choices->parts.first;

    CHECK_STR(part->call.name, "f");
    CHECK_STR(part->call.arguments, "{\"x\":1}");
    CHECK(!part->next && answer->choices->finish == CHAT_FINISH_TOOL_CALLS);
}

TEST(custom_calls_are_read)
{
    const struct chat_answer *answer = read_cut(
        DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"custom\",\"custom\":{\"name\":"
              "\"f\",\"input\":\"\"}}]")
            DELTA("\"tool_calls\":[{\"index\":0,\"custom\":{\"input\":\"free\"}}]")
                FINISH("tool_calls") DONE);

    CHECK(answer->choices->parts.first->call.custom);
    CHECK_STR(answer->choices->parts.first->call.arguments, "free");
}

TEST(content_in_parts_is_read)
{
    check_stream(DELTA("\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\","
                       "\"text\":\"hm\"}],\"closed\":true},{\"type\":\"text\",\"text\":\"a\"},"
                       "{\"type\":\"reference\",\"reference_ids\":[1]}]") DELTA("\"content\":\"b\"")
                     FINISH("model_length") DONE,
                 ONE("{\"reasoning\":\"hm\"},{\"text\":\"ab\"}", "length") "}");
}

TEST(thoughts_in_details_are_read_once)
{
    const struct chat_answer *answer = read_cut(
        DELTA("\"reasoning\":\"a\",\"reasoning_details\":[{\"type\":\"reasoning.text\","
              "\"text\":\"a\",\"index\":0}]")
            DELTA("\"reasoning\":\"b\",\"reasoning_details\":[{\"type\":\"reasoning.text\","
                  "\"text\":\"b\",\"index\":0}]")
                DELTA("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"signature\":\"S\","
                      "\"index\":0}]")
                    DELTA("\"reasoning_details\":[{\"type\":\"reasoning.encrypted\","
                          "\"data\":\"YourApicR\"}]") FINISH("stop") DONE);
    const struct chat_part *part = answer->choices->parts.first;

    CHECK_STR(part->text, "ab");
    CHECK(part->state.origin == DIALECT_OPENAI_CHAT && part->state.value.n > 0);
    part = part->next;
    CHECK(part->state.redacted && part->state.origin == DIALECT_CLAUDE);
    CHECK_STR(part->state.value, "R");
    CHECK(!part->next);
}

TEST(media_citations_and_logprobs_are_read)
{
    const struct chat_answer *answer = read_cut(
        DELTA("\"audio\":{\"id\":\"au\",\"data\":\"AA\",\"transcript\":\"h\"}")
            DELTA("\"audio\":{\"data\":\"BB\",\"transcript\":\"i\",\"expires_at\":1}") DELTA(
                "\"images\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
                "\"data:image/png;base64,CC\"}}]")
                DELTA("\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"url\":"
                      "\"https://x\",\"title\":\"t\",\"start_index\":1,\"end_index\":2}}]")
                    CHUNK("{\"index\":0,\"delta\":{\"content\":\"a\"},\"logprobs\":{\"content\":"
                          "[{\"token\":\"a\"}]}}")
                        CHUNK("{\"index\":0,\"delta\":{},\"logprobs\":{\"content\":[2]}}")
                            FINISH("stop") DONE);
    const struct chat_answer_choice *c = answer->choices;

    CHECK_STR(c->parts.first->media.data, "AABB");
    CHECK_STR(c->parts.first->media.text, "hi");
    CHECK_STR(c->parts.first->media.file_id, "au");
    CHECK_STR(c->parts.first->next->media.mime, "image/png");
    CHECK_EQ(c->citation_count, 1);
    CHECK_STR(c->citations[0].url, "https://x");
    CHECK(c->citations[0].start == 1 && c->citations[0].end == 2);
    CHECK_STR(c->logprobs, "[{\"token\":\"a\"},2]");
}

/* Perplexity repeats its sources, the message so far and the usage in every chunk. */
TEST(what_repeats_in_every_chunk_counts_once)
{
#define REPEATING(text, usage, finish)                                                             \
    "data: {\"id\":\"1\",\"citations\":[\"https://a\",\"https://b\"],\"usage\":{"                  \
    "\"prompt_tokens\":3,\"completion_tokens\":" usage "},\"choices\":[{\"index\":0,\"message\":{" \
    "\"content\":\"xy\"},\"delta\":{\"content\":\"" text "\"},\"finish_reason\":" finish "}]}\n\n"
    const struct chat_answer *answer =
        read_cut(REPEATING("x", "1", "null") REPEATING("y", "2", "\"stop\""));

    CHECK_STR(answer->choices->parts.first->text, "xy");
    CHECK_EQ(answer->choices->citation_count, 2);
    CHECK_EQ(answer->usage.completion, 2);
    CHECK(answer->has_end); /* a finish and the close are an end, too */
}

TEST(usage_is_found_wherever_it_stands)
{
    static const char *const chunks[] = {
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"usage\":{\"prompt_tokens\":3,"
        "\"completion_tokens\":4}}],\"usage\":null}\n\n",
        "data: {\"choices\":[],\"x_groq\":{\"usage\":{\"prompt_tokens\":3,"
        "\"completion_tokens\":4}}}\n\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(chunks); i++) {
        const char *stream =
            arena_fmt(&arena, "%s%s%s", DELTA("\"content\":\"x\""), chunks[i], DONE).p;
        const struct chat_answer *answer = read_cut(stream);

        CHECK(answer->has_usage && answer->usage.prompt == 3 && answer->usage.completion == 4);
    }
}

TEST(a_stream_that_is_cut_has_no_end)
{
    CHECK(!read_cut(DELTA("\"content\":\"x\""))->has_end);
    CHECK(read_cut(DELTA("\"content\":\"x\"") FINISH("stop"))->has_end);
    CHECK(!read_cut(CHUNK("{\"index\":1,\"delta\":{\"content\":\"y\"}}") DELTA("\"content\":\"x\"")
                        FINISH("stop"))
               ->has_end);
}

TEST(errors_in_the_stream_end_it)
{
    static const struct {
        const char *event, *message;
        int status;
    } rows[] = {
        {"data: "
         "{\"id\":\"1\",\"error\":{\"code\":502,\"message\":\"bad\"},\"choices\":[{\"index\":0,"
         "\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n",
         "bad", 502},
        {"event: error\ndata: {\"error\":{\"message\":\"no\",\"status_code\":400}}\n\n", "no", 400},
        {"data: {\"error\":\"plain\"}\n\n", "plain", 0},
        {"data: {\"code\":\"x\",\"error\":\"busy\"}\n\n", "busy", 0},
        {"data: {\"object\":\"error\",\"message\":\"vllm\",\"code\":404}\n\n", "vllm", 404},
        {"data: [{\"error\":{\"code\":429,\"message\":\"slow\",\"status\":\"X\"}}]\n\n", "slow",
         429},
        {"data: {\"type\":\"error\",\"error\":{\"type\":\"t\",\"message\":\"claude\"}}\n\n",
         "claude", 0},
        {"data: {\"detail\":\"nothing\"}\n\n", "nothing", 0},
        {CHUNK("{\"index\":0,\"error\":{\"code\":503,\"message\":\"mine\"}}"), "mine", 503},
        {FINISH("error"), "the upstream ended its answer with an error", 502},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *stream = arena_fmt(&arena, "%s%s%s%s", DELTA("\"content\":\"x\""),
                                       rows[i].event, DELTA("\"content\":\"y\""), DONE)
                                 .p;
        const struct chat_answer *answer = read_cut(stream);

        CHECK(answer->has_error && !answer->has_end);
        CHECK_STR(answer->error.message, rows[i].message);
        CHECK_EQ(answer->error_status, rows[i].status);
        CHECK_STR(answer->choices->parts.first->text, "x");
    }
}

static enum err_code read_broken(const char *stream)
{
    struct chat_fold *fold = chat_fold_new(&arena, TESTING_LIMIT);

    return testing_read_stream(dialect, &arena, str_from(stream), 0,
                               &(struct chat_sink){chat_fold_event, fold})
               ? ERR_OK
               : ERR_UPSTREAM_BODY;
}

TEST(what_is_no_event_stops_the_reader)
{
    CHECK_EQ(read_broken("data: {\n\n"), ERR_UPSTREAM_BODY);
    CHECK_EQ(read_broken("data: <html>\n\n"), ERR_UPSTREAM_BODY);
    CHECK_EQ(read_broken("data:\n\n: comment\n\ndata: 7\n\n" DONE), ERR_OK);
}

/* ---- whole answers, read ---- */

TEST(a_whole_answer_is_read)
{
    check_whole("\n\n{\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":1,\"message\":{"
                "\"content\":\"second\"},\"finish_reason\":\"length\"},{\"index\":0,\"message\":{"
                "\"reasoning\":\"hm\",\"content\":\"a\",\"refusal\":null,\"tool_calls\":[{\"id\":"
                "\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
                "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,"
                "\"completion_tokens\":2,\"completion_tokens_details\":{\"reasoning_tokens\":1}}}",
                "{\"choices\":[{\"index\":0,\"parts\":[{\"reasoning\":\"hm\"},{\"text\":\"a\"},"
                "{\"call\":\"\",\"id\":\"c\",\"name\":\"f\",\"arguments\":\"{}\"}],"
                "\"finish\":\"tool_calls\"},{\"index\":1,\"parts\":[{\"text\":\"second\"}],"
                "\"finish\":\"length\"}],\"prompt\":1,\"completion\":2,\"cached\":0,"
                "\"cache_write\":0,\"reasoning\":1}");
}

TEST(a_stop_sequence_is_told_where_it_is_known)
{
    const struct chat_answer *answer = testing_fold_answer(
        dialect, &arena,
        STR("{\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\","
            "\"stop_reason\":\"END\"}]}"));

    CHECK(answer->choices->finish == CHAT_FINISH_STOP_SEQUENCE);
    CHECK_STR(answer->choices->stop_sequence, "END");
}

TEST(a_whole_answer_may_be_an_error)
{
    check_whole("{\"error\":{\"message\":\"m\",\"code\":402}}", "{\"choices\":[],\"error\":\"m\"}");
    check_whole("{\"code\":\"c\",\"error\":\"busy\"}", "{\"choices\":[],\"error\":\"busy\"}");
    check_whole("{\"success\":false,\"errors\":[{\"code\":1,\"message\":\"cf\"}],\"result\":null}",
                "{\"choices\":[],\"error\":\"cf\"}");
}

TEST(what_is_no_answer_is_refused)
{
    static const char *const bodies[] = {
        "", "<html>", "[]", "7", "{\"choices\":[]}", "{\"object\":\"list\",\"data\":[]}"};
    struct chat_fold *fold = chat_fold_new(&arena, TESTING_LIMIT);

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        CHECK_EQ(dialect->read_answer(&arena, str_from(bodies[i]),
                                      &(struct chat_sink){chat_fold_event, fold}, NULL),
                 ERR_UPSTREAM_BODY);
}

/* ---- writing ---- */

struct writing {
    void *writer;
    struct sb *out; /* of the arena, as its memory ends with it */
};

static void write_to(void *ctx, const struct chat_event *event)
{
    struct writing *to = ctx;

    dialect->write_event(to->writer, event, to->out);
}

static struct chat_sink new_writing(struct writing *to, const struct answer_conf *conf)
{
    to->writer = dialect->writer_new(&arena, conf);
    to->out = arena_new(&arena, struct sb);
    sb_init(to->out, TESTING_LIMIT);
    arena_defer(&arena, sb_finip, to->out);
    return (struct chat_sink){write_to, to};
}

/* The events written so far must be these; `want` has one data text a line. What every chunk has
 * stands before it as "~" stands for it. */
static void check_written(struct writing *to, const char *want)
{
    static const struct str head =
        STR_INIT("{\"id\":\"msg_1\",\"object\":\"chat.completion.chunk\",\"created\":7,"
                 "\"model\":\"asked\",");
    struct str all = sb_str(to->out), lines = str_from(want);
    struct sse_event ev;
    struct sse sse;

    sse_init(&sse, TESTING_LIMIT);
    while (sse_next(&sse, &all, &ev) == SSE_EVENT) {
        struct str line = str_cut(&lines, '\n');

        if (line.n > 0 && line.p[0] == '~')
            line = str_concat(&arena, (struct str[]){head, str_skip(line, 1)}, 2);
        if (!str_eq(ev.data, line))
            fail_msg("got %.*s\nwant %.*s", STR_ARG(ev.data), STR_ARG(line));
    }
    CHECK(!sse_pending(&sse));
    CHECK_EQ(lines.n, 0);
    sse_fini(&sse);
    sb_reset(to->out);
}

static void emit_start(const struct chat_sink *sink)
{
    chat_emit(sink, &(struct chat_event){.kind = CHAT_EVENT_START,
                                         .id = STR("msg_1"),
                                         .model = STR("claude"),
                                         .created_s = 7});
}

static void emit_call(const struct chat_sink *sink, unsigned tool, struct str id, struct str name)
{
    chat_emit(sink, &(struct chat_event){.kind = CHAT_EVENT_TOOL_CALL,
                                         .tool = tool,
                                         .call = {.id = id, .name = name}});
}

static void emit_arguments(const struct chat_sink *sink, unsigned tool, struct str text)
{
    chat_emit(sink,
              &(struct chat_event){.kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = tool, .text = text});
}

static void emit_end(const struct chat_sink *sink)
{
    chat_emit(sink, &(struct chat_event){.kind = CHAT_EVENT_END});
}

#define OUT(delta, finish)                                                                         \
    "~\"choices\":[{\"index\":0,\"delta\":{" delta "},\"finish_reason\":" finish "}],"             \
    "\"usage\":null}\n"
#define ROLE OUT("\"role\":\"assistant\",\"content\":\"\"", "null")

/* The documented order: role, thoughts, text, calls, finish, usage, [DONE]. */
TEST(a_stream_is_written_in_its_order)
{
    const struct chat_request request = {.include_usage = true};
    const struct answer_conf conf = {
        .request = &request, .model = STR("asked"), .id = STR("abc"), .now_s = 9};
    struct writing to;
    const struct chat_sink sink = new_writing(&to, &conf);

    emit_start(&sink);
    check_written(&to, ROLE);
    chat_emit_usage(&sink, &(struct usage){.prompt = 15, .cached = 5});
    check_written(&to, "");
    chat_emit_text(&sink, CHAT_EVENT_REASONING, 0, STR("hm"));
    check_written(&to, OUT("\"reasoning_content\":\"hm\"", "null"));
    chat_emit(&sink,
              &(struct chat_event){.kind = CHAT_EVENT_STATE,
                                   .state = {.origin = DIALECT_CLAUDE, .value = STR("SIG")}});
    check_written(&to, OUT("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"hm\","
                           "\"signature\":\"YourApicSIG\",\"format\":\"anthropic-claude-v1\","
                           "\"index\":0}]",
                           "null"));
    chat_emit_text(&sink, CHAT_EVENT_TEXT, 0, STR("Ok"));
    check_written(&to, OUT("\"content\":\"Ok\"", "null"));
    emit_call(&sink, 0, STR("toolu_a"), STR("f"));
    check_written(&to, OUT("\"tool_calls\":[{\"index\":0,\"id\":\"toolu_a\",\"type\":\"function\","
                           "\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]",
                           "null"));
    emit_arguments(&sink, 0, STR("{\"x\":1}"));
    check_written(&to, OUT("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":"
                           "\"{\\\"x\\\":1}\"}}]",
                           "null"));
    emit_call(&sink, 1, STR("toolu_b"), STR("g"));
    sb_reset(to.out);
    chat_emit_finish(&sink, 0, CHAT_FINISH_TOOL_CALLS);
    check_written(&to, OUT("\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"{}\"}}]",
                           "null") OUT("", "\"tool_calls\""));
    chat_emit_usage(&sink, &(struct usage){.prompt = 15, .completion = 20, .cached = 5});
    emit_end(&sink);
    check_written(&to, "~\"choices\":[],\"usage\":{\"prompt_tokens\":15,\"completion_tokens\":20,"
                       "\"total_tokens\":35,\"prompt_tokens_details\":{\"cached_tokens\":5},"
                       "\"completion_tokens_details\":{\"reasoning_tokens\":0}}}\n[DONE]\n");
    emit_end(&sink);
    chat_emit_text(&sink, CHAT_EVENT_TEXT, 0, STR("late"));
    check_written(&to, "");
}

#undef OUT
#define OUT(delta, finish)                                                                         \
    "~\"choices\":[{\"index\":0,\"delta\":{" delta "},\"finish_reason\":" finish "}]}\n"

static const struct answer_conf plain_conf = {
    .model = STR_INIT("asked"), .id = STR_INIT("abc"), .now_s = 7};

TEST(an_end_without_a_finish_closes_what_is_open)
{
    struct writing to;
    const struct chat_sink sink = new_writing(&to, &plain_conf);

    emit_start(&sink);
    chat_emit_usage(&sink, &(struct usage){.prompt = 1});
    emit_call(&sink, 0, STR_NULL, STR("f"));
    sb_reset(to.out);
    emit_end(&sink);
    check_written(&to, OUT("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]",
                           "null") OUT("", "\"tool_calls\"") "[DONE]\n");
}

TEST(answers_beside_the_first_begin_with_their_role)
{
    struct writing to;
    const struct chat_sink sink = new_writing(&to, &plain_conf);

    emit_start(&sink);
    sb_reset(to.out);
    chat_emit_text(&sink, CHAT_EVENT_TEXT, 1, STR("b"));
    check_written(&to, "~\"choices\":[{\"index\":1,\"delta\":{\"role\":\"assistant\","
                       "\"content\":\"\"},\"finish_reason\":null}]}\n"
                       "~\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"},"
                       "\"finish_reason\":null}]}\n");
    chat_emit_finish(&sink, 1, CHAT_FINISH_PAUSE);
    chat_emit_finish(&sink, 1, CHAT_FINISH_STOP);
    check_written(&to, "~\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"stop\"}]}\n");
}

TEST(a_custom_tool_that_went_as_a_function_is_called_with_its_text)
{
    struct chat_request request = {.dialect = DIALECT_OPENAI_CHAT};
    struct answer_conf conf = plain_conf;
    struct writing to;
    struct chat_sink sink;

    chat_add_tool(&arena, &request, CHAT_TOOL_CUSTOM)->name = STR("patch");
    conf.request = &request;
    sink = new_writing(&to, &conf);
    emit_start(&sink);
    sb_reset(to.out);
    emit_call(&sink, 0, STR("c"), STR("patch"));
    check_written(&to, OUT("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"type\":\"custom\","
                           "\"custom\":{\"name\":\"patch\",\"input\":\"\"}}]",
                           "null"));
    emit_arguments(&sink, 0, STR("{\"input\":\"a\\n"));
    emit_arguments(&sink, 0, STR("b\"}"));
    check_written(&to, "");
    chat_emit_finish(&sink, 0, CHAT_FINISH_TOOL_CALLS);
    check_written(&to, OUT("\"tool_calls\":[{\"index\":0,\"custom\":{\"input\":\"a\\nb\"}}]",
                           "null") OUT("", "\"tool_calls\""));
}

TEST(a_call_carries_geminis_signature)
{
    struct writing to;
    const struct chat_sink sink = new_writing(&to, &plain_conf);

    emit_start(&sink);
    sb_reset(to.out);
    chat_emit(&sink, &(struct chat_event){.kind = CHAT_EVENT_TOOL_CALL,
                                          .call = {.id = STR("c"), .name = STR("f")},
                                          .state = {.origin = DIALECT_GEMINI, .value = STR("s")}});
    check_written(&to, OUT("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"type\":\"function\","
                           "\"function\":{\"name\":\"f\",\"arguments\":\"\"},\"extra_content\":"
                           "{\"google\":{\"thought_signature\":\"s\"}}}]",
                           "null"));
}

TEST(an_error_ends_the_stream)
{
    struct writing to;
    const struct chat_sink sink = new_writing(&to, &plain_conf);

    emit_start(&sink);
    sb_reset(to.out);
    chat_emit(&sink, &(struct chat_event){.kind = CHAT_EVENT_ERROR,
                                          .status = 529,
                                          .error = {.message = STR("busy")}});
    check_written(&to, "{\"error\":{\"message\":\"busy\",\"type\":\"server_error\",\"param\":\"\","
                       "\"code\":\"\"}}\n");
    emit_end(&sink);
    check_written(&to, "");
}

/* ---- whole answers and errors, written ---- */

TEST(a_whole_answer_is_written)
{
    static const char body[] =
        "{\"id\":\"1\",\"object\":\"chat.completion\",\"created\":5,\"model\":\"m\",\"choices\":["
        "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null,\"refusal\":null,"
        "\"reasoning_content\":\"hm\",\"reasoning_details\":[{\"type\":\"reasoning.text\","
        "\"text\":\"hm\",\"signature\":\"YourApicS\",\"format\":\"anthropic-claude-v1\","
        "\"index\":0}],\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{"
        "\"name\":\"f\",\"arguments\":\"{}\"}}]},\"logprobs\":null,"
        "\"finish_reason\":\"tool_calls\"},"
        "{\"index\":1,\"message\":{\"role\":\"assistant\",\"content\":\"a\",\"refusal\":null,"
        "\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"start_index\":0,"
        "\"end_index\":1,\"url\":\"https://x\",\"title\":\"t\"}}],\"images\":[{\"type\":"
        "\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AA\"}}],\"audio\":{\"id\":"
        "\"au\",\"data\":\"BB\",\"transcript\":\"t\"}},\"logprobs\":{\"content\":[1],\"refusal\":"
        "null},\"finish_reason\":\"content_filter\"}],"
        "\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4,\"total_tokens\":13,"
        "\"prompt_tokens_details\":{\"cached_tokens\":2,\"cache_write_tokens\":3},"
        "\"completion_tokens_details\":{\"reasoning_tokens\":1}}}";
    const struct answer_conf conf = {.id = STR("abc"), .now_s = 7};
    struct sb sb;

    sb_init(&sb, TESTING_LIMIT);
    dialect->write_answer(&arena, &conf, testing_fold_answer(dialect, &arena, STR(body)), &sb);
    testing_check_json(&arena, sb_str(&sb), body);
    sb_fini(&sb);
}

TEST(an_answer_without_content_is_still_one)
{
    const struct answer_conf conf = {.id = STR("abc"), .model = STR("asked"), .now_s = 7};
    struct sb sb;

    sb_init(&sb, TESTING_LIMIT);
    dialect->write_answer(&arena, &conf, &(struct chat_answer){.has_end = true}, &sb);
    testing_check_json(&arena, sb_str(&sb),
                       "{\"id\":\"chatcmpl-abc\",\"object\":\"chat.completion\",\"created\":7,"
                       "\"model\":\"asked\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
                       "\"assistant\",\"content\":\"\",\"refusal\":null},\"logprobs\":null,"
                       "\"finish_reason\":\"stop\"}]}");
    sb_fini(&sb);
}

TEST(an_error_without_a_type_gets_that_of_its_status)
{
    static const struct {
        int status;
        const char *type;
    } rows[] = {{400, "invalid_request_error"},
                {401, "authentication_error"},
                {429, "rate_limit_error"},
                {503, "server_error"}};
    const struct openai_error error = {.message = STR("m (request id: r)"), .code = STR("c")};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        testing_check_json(&arena, dialect->write_error(&arena, rows[i].status, &error),
                           arena_fmt(&arena,
                                     "{\"error\":{\"message\":\"m (request id: r)\",\"type\":"
                                     "\"%s\",\"param\":\"\",\"code\":\"c\"}}",
                                     rows[i].type)
                               .p);
    CHECK(str_starts(dialect->write_stream_error(&arena, 500, &error), STR("data: {\"error\":")));
}

ARENA_TEST_MAIN(
    a_stream_with_thoughts_text_and_calls_is_read, the_first_chunk_of_azure_is_not_the_start,
    calls_are_told_apart_however_they_are_numbered, calls_without_an_id_get_one_each,
    the_deprecated_function_call_is_read, custom_calls_are_read, content_in_parts_is_read,
    thoughts_in_details_are_read_once, media_citations_and_logprobs_are_read,
    what_repeats_in_every_chunk_counts_once, usage_is_found_wherever_it_stands,
    a_stream_that_is_cut_has_no_end, errors_in_the_stream_end_it, what_is_no_event_stops_the_reader,
    a_whole_answer_is_read, a_stop_sequence_is_told_where_it_is_known,
    a_whole_answer_may_be_an_error, what_is_no_answer_is_refused, a_stream_is_written_in_its_order,
    an_end_without_a_finish_closes_what_is_open, answers_beside_the_first_begin_with_their_role,
    a_custom_tool_that_went_as_a_function_is_called_with_its_text, a_call_carries_geminis_signature,
    an_error_ends_the_stream, a_whole_answer_is_written, an_answer_without_content_is_still_one,
    an_error_without_a_type_gets_that_of_its_status)

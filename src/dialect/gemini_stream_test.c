/* Answers of Gemini's dialect: read from an upstream, and written for a client. */
#include "dialect/chat_testing.h"
#include "dialect/gemini.h"

static struct arena arena;
static struct sb out;

static int set_up(void **state UNUSED)
{
    arena_init(&arena, 0);
    sb_init(&out, TESTING_LIMIT);
    return 0;
}

static int tear_down(void **state UNUSED)
{
    sb_fini(&out);
    arena_fini(&arena);
    return 0;
}

/* ---- reading ---- */

/* The stream gives this answer, however it is cut. */
static const struct chat_answer *check_stream(const char *wire, const char *want)
{
    struct str text = str_from(wire);
    const struct chat_answer *answer = NULL;

    for (size_t cut = 0; cut <= text.n; cut++) {
        answer = testing_fold_stream(&dialect_gemini, &arena, text, cut);
        testing_check_json(&arena, testing_answer_text(&arena, answer), want);
    }
    answer = testing_fold_stream(&dialect_gemini, &arena, text, SIZE_MAX);
    testing_check_json(&arena, testing_answer_text(&arena, answer), want);
    return answer;
}

static const struct chat_answer *check_answer(const char *body, const char *want)
{
    const struct chat_answer *answer = testing_fold_answer(&dialect_gemini, &arena, str_from(body));

    testing_check_json(&arena, testing_answer_text(&arena, answer), want);
    return answer;
}

TEST(a_stream_with_a_thought_a_text_and_a_call)
{
    const struct chat_answer *answer = check_stream(
        "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"plan\","
        "\"thought\":true}]},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,"
        "\"totalTokenCount\":9},\"modelVersion\":\"gemini-x\",\"responseId\":\"r:1\"}\r\n\r\n"
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"A\"}]}}]}\r\n\r\n"
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\","
        "\"args\":{\"x\":1}},\"thoughtSignature\":\"s\"}]}}]}\r\n\r\n"
        "data: {\"candidates\":[{\"content\":{},\"finishReason\":\"STOP\"}],\"usageMetadata\":"
        "{\"promptTokenCount\":9,\"candidatesTokenCount\":4,\"thoughtsTokenCount\":6,"
        "\"totalTokenCount\":19}}\r\n\r\n",
        "{\"choices\":[{\"index\":0,\"parts\":[{\"reasoning\":\"plan\"},{\"text\":\"A\"},"
        "{\"call\":\"\",\"id\":\"call_r1_00\",\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\","
        "\"origin\":3,\"state\":\"s\"}],\"finish\":\"tool_calls\"}],\"prompt\":9,"
        "\"completion\":10,\"cached\":0,\"cache_write\":0,\"reasoning\":6}");

    CHECK_STR(answer->id, "r:1");
    CHECK_STR(answer->model, "gemini-x");
    CHECK(answer->has_end);
}

TEST(several_calls_of_several_choices_are_counted_each_for_itself)
{
    check_answer(
        "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"id\":\"i1\",\"name\":"
        "\"f\"}},{\"functionCall\":{\"name\":\"f\",\"args\":{}}}]},\"finishReason\":\"STOP\"},"
        "{\"index\":1,\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"g\"}}]},"
        "\"finishReason\":\"MAX_TOKENS\"}],\"usageMetadata\":{\"promptTokenCount\":5,"
        "\"toolUsePromptTokenCount\":2,\"cachedContentTokenCount\":3,\"candidatesTokenCount\":1}}",
        "{\"choices\":[{\"index\":0,\"parts\":[{\"call\":\"\",\"id\":\"i1\",\"name\":\"f\","
        "\"arguments\":\"{}\"},{\"call\":\"\",\"id\":\"call_0_1\",\"name\":\"f\",\"arguments\":"
        "\"{}\"}],\"finish\":\"tool_calls\"},{\"index\":1,\"parts\":[{\"call\":\"\",\"id\":"
        "\"call_1_0\",\"name\":\"g\",\"arguments\":\"{}\"}],\"finish\":\"length\"}],\"prompt\":7,"
        "\"completion\":1,\"cached\":3,\"cache_write\":0,\"reasoning\":0}");
}

TEST(arguments_in_pieces_become_one_text)
{
    check_stream(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\","
        "\"willContinue\":true},\"thoughtSignature\":\"s\"}]}}]}\n\n"
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"partialArgs\":["
        "{\"jsonPath\":\"$.city\",\"stringValue\":\"New\\\"\",\"willContinue\":true}],"
        "\"willContinue\":true}}]}}]}\n\n"
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"partialArgs\":["
        "{\"jsonPath\":\"$.city\",\"stringValue\":\" York\"},"
        "{\"jsonPath\":\"$.at.x[0].y\",\"numberValue\":1.5},"
        "{\"jsonPath\":\"$.at.x[0].z\",\"boolValue\":false},"
        "{\"jsonPath\":\"$.at.x[1]\",\"nullValue\":null},"
        "{\"jsonPath\":\"$['odd']\",\"stringValue\":\"open\",\"willContinue\":true}],"
        "\"willContinue\":true}}]}}]}\n\n"
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{}}]},"
        "\"finishReason\":\"STOP\"}]}\n\n",
        "{\"choices\":[{\"index\":0,\"parts\":[{\"call\":\"\",\"id\":\"call_0_0\",\"name\":\"f\","
        "\"arguments\":\"{\\\"city\\\":\\\"New\\\\\\\" York\\\",\\\"at\\\":{\\\"x\\\":[{\\\"y\\\":"
        "1.5,\\\"z\\\":false},null]},\\\"odd\\\":\\\"open\\\"}\",\"origin\":3,\"state\":\"s\"}],"
        "\"finish\":\"tool_calls\"}]}");
}

TEST(a_refused_prompt_finishes_with_filter)
{
    check_answer("{\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":"
                 "{\"promptTokenCount\":4,\"totalTokenCount\":4}}",
                 "{\"choices\":[{\"index\":0,\"parts\":[],\"finish\":\"filter\"}],\"prompt\":4,"
                 "\"completion\":0,\"cached\":0,\"cache_write\":0,\"reasoning\":0}");
}

TEST(reasons_are_mapped)
{
    static const char *const rows[][2] = {
        {"\"STOP\"", "stop"},
        {"1", "stop"},
        {"\"MAX_TOKENS\"", "length"},
        {"2", "length"},
        {"\"SAFETY\"", "filter"},
        {"\"RECITATION\"", "filter"},
        {"\"SPII\"", "filter"},
        {"\"IMAGE_SAFETY\"", "filter"},
        {"\"MALFORMED_FUNCTION_CALL\"", "stop"},
        {"\"OTHER\"", "stop"},
        {"\"SOMETHING_NEW\"", "stop"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str body = arena_fmt(&arena,
                                    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]},"
                                    "\"finishReason\":%s}]}",
                                    rows[i][0]);
        struct str want = arena_fmt(
            &arena, "{\"choices\":[{\"index\":0,\"parts\":[{\"text\":\"x\"}],\"finish\":\"%s\"}]}",
            rows[i][1]);

        check_answer(body.p, want.p);
    }
}

TEST(media_code_signatures_and_probabilities_are_read)
{
    check_answer(
        "[{\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\","
        "\"data\":\"AAAA\"},\"thoughtSignature\":\"i\"},{\"executableCode\":{\"language\":"
        "\"PYTHON\",\"code\":\"1\\n\"}},{\"codeExecutionResult\":{\"output\":\"1\"}},"
        "{\"toolCall\":{\"id\":\"x\"},\"thoughtSignature\":\"dropped\"},"
        "{\"toolResponse\":{\"id\":\"x\"},\"thoughtSignature\":\"dropped\"}]}}]},"
        "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\",\"thoughtSignature\":\"e\"},"
        "{\"inlineData\":{\"mimeType\":\"audio/pcm\",\"data\":\"QQ==\"}}]},"
        "\"finishReason\":\"STOP\",\"logprobsResult\":{\"chosenCandidates\":[{\"token\":\"a\","
        "\"logProbability\":-0.5}],\"topCandidates\":[{\"candidates\":[{\"token\":\"b\","
        "\"logProbability\":-1}]}]}}]}]",
        "{\"choices\":[{\"index\":0,\"parts\":[{\"image\":\"\",\"mime\":\"image/png\",\"data\":"
        "\"AAAA\"},{\"reasoning\":\"\",\"origin\":3,\"state\":\"i\"},{\"text\":"
        "\"\\n```python\\n1\\n```\\n\\n```output\\n1\\n```\\n\"},{\"reasoning\":\"\",\"origin\":3,"
        "\"state\":\"e\"},{\"audio\":\"\",\"mime\":\"audio/pcm\",\"data\":\"QQ==\"}],"
        "\"finish\":\"stop\",\"logprobs\":[{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":null,"
        "\"top_logprobs\":[{\"token\":\"b\",\"logprob\":-1,\"bytes\":null}]}]}]}");
}

#define GROUNDING                                                                                  \
    "\"groundingMetadata\":{\"webSearchQueries\":[\"q\",\"r\"],\"groundingChunks\":[{\"web\":"     \
    "{\"uri\":\"u0\",\"title\":\"t0\"}},{\"retrievedContext\":{\"uri\":\"u1\",\"title\":\"t1\"}}]" \
    ","                                                                                            \
    "\"groundingSupports\":[{\"segment\":{\"startIndex\":2,\"endIndex\":5,\"text\":\"cde\"},"      \
    "\"groundingChunkIndices\":[0,1,7]}]}"

TEST(sources_are_cited_once)
{
    const struct chat_answer *answer = check_stream(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"abcdef\"}]}," GROUNDING
        "}]}\n\n"
        "data: {\"candidates\":[{\"finishReason\":\"STOP\"," GROUNDING "}],\"usageMetadata\":"
        "{\"promptTokenCount\":1,\"promptTokensDetails\":[{\"modality\":\"IMAGE\",\"tokenCount\":"
        "1}],\"candidatesTokensDetails\":[{\"modality\":4,\"tokenCount\":2}],"
        "\"totalTokenCount\":3}}\n\n",
        "{\"choices\":[{\"index\":0,\"parts\":[{\"text\":\"abcdef\"}],\"finish\":\"stop\","
        "\"citations\":2}],\"prompt\":1,\"completion\":2,\"cached\":0,\"cache_write\":0,"
        "\"reasoning\":0}");
    const struct chat_citation *c = answer->choices->citations;

    CHECK_STR(c[0].url, "u0");
    CHECK_STR(c[0].cited_text, "cde");
    CHECK_EQ(c[0].start, 2);
    CHECK_EQ(c[0].end, 5);
    CHECK_STR(c[1].title, "t1");
    CHECK_EQ(answer->usage.searches, 2);
    CHECK_EQ(answer->usage.image_in, 1);
    CHECK_EQ(answer->usage.audio_out, 2);

    answer = check_answer("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\\u00e9bcdef\"}]},"
                          "\"finishReason\":\"STOP\"," GROUNDING ",\"citationMetadata\":"
                          "{\"citationSources\":[{\"uri\":\"s\",\"endIndex\":3}]}}]}",
                          "{\"choices\":[{\"index\":0,\"parts\":[{\"text\":\"\u00e9bcdef\"}],"
                          "\"finish\":\"stop\",\"citations\":3}]}");
    CHECK_EQ(answer->choices->citations[0].start, -1); /* bytes are no characters here */
    CHECK_STR(answer->choices->citations[2].url, "s");
}

/* "abcd" and "efg" and "h", each encoded for itself. */
TEST(pieces_of_a_sound_are_one_base64_text)
{
    check_stream(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":"
        "\"audio/L16\",\"data\":\"YWJjZA==\"}}]}}]}\n\n"
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":"
        "\"audio/L16\",\"data\":\"ZWZn\"}}]}}]}\n\n"
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":"
        "\"audio/L16\",\"data\":\"aA==\"}},{\"text\":\"end\"}]},\"finishReason\":\"STOP\"}]}\n\n",
        "{\"choices\":[{\"index\":0,\"parts\":[{\"audio\":\"\",\"mime\":\"audio/L16\","
        "\"data\":\"YWJjZGVmZ2g=\"},{\"text\":\"end\"}],\"finish\":\"stop\"}]}");
}

TEST(an_error_in_a_stream_ends_it)
{
    const struct chat_answer *answer = check_stream(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},"
        "\"finishReason\":\"STOP\"}]}\n\n"
        "data: [{\"error\":{\"code\":503,\"message\":\"busy\",\"status\":"
        "\"UNAVAILABLE\"}}]\n\n",
        "{\"choices\":[{\"index\":0,\"parts\":[{\"text\":\"a\"}],\"finish\":\"none\"}],"
        "\"error\":\"busy\"}");

    CHECK_EQ(answer->error_status, 503);
    CHECK_STR(answer->error.code, "UNAVAILABLE");
    CHECK(!answer->has_end);
}

TEST(a_stream_without_a_reason_has_no_end)
{
    const struct chat_answer *answer = check_stream(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\n\n"
        ": a comment\n\ndata: [DONE]\n\n",
        "{\"choices\":[{\"index\":0,\"parts\":[{\"text\":\"a\"}],\"finish\":\"none\"}]}");

    CHECK(!answer->has_end);
}

static void ignore(void *ctx UNUSED, const struct chat_event *event UNUSED)
{
}

TEST(what_is_no_answer_is_refused)
{
    static const char *const bodies[] = {"",         "nonsense",        "{}", "[]", "[1]",
                                         "\"text\"", "{\"choices\":[]}"};
    const struct chat_sink sink = {ignore, NULL};
    void *reader = dialect_gemini.reader_new(&arena);

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        CHECK_EQ(dialect_gemini.read_answer(&arena, str_from(bodies[i]), &sink, NULL),
                 ERR_UPSTREAM_BODY);
    CHECK_EQ(dialect_gemini.read_event(reader, &arena, &(struct sse_event){.data = STR("{broken")},
                                       &sink, NULL),
             ERR_UPSTREAM_BODY);
    CHECK(dialect_gemini.end_is_close);
}

/* ---- writing ---- */

static struct answer_conf conf_of(bool json_array)
{
    return (struct answer_conf){
        .model = STR("asked"), .id = STR("made"), .now_s = 5, .json_array = json_array};
}

/* What the writer makes of the events up to now, which is then forgotten. */
static void check_out(const char *want)
{
    CHECK_STR(sb_str(&out), want);
    sb_reset(&out);
}

static void put(void *writer, struct chat_event ev)
{
    dialect_gemini.write_event(writer, &ev, &out);
}

#define TAIL ",\"modelVersion\":\"asked\",\"responseId\":\"up\"}"
#define ONE(parts)                                                                                 \
    "data: {\"candidates\":[{\"content\":{\"parts\":[" parts                                       \
    "],\"role\":\"model\"},\"index\":0}]" TAIL "\n\n"

TEST(every_event_of_a_stream_is_a_whole_response)
{
    struct answer_conf conf = conf_of(false);
    void *w = dialect_gemini.writer_new(&arena, &conf);

    put(w, (struct chat_event){.kind = CHAT_EVENT_START, .id = STR("up"), .model = STR("other")});
    check_out("");
    put(w, (struct chat_event){.kind = CHAT_EVENT_REASONING, .text = STR("pl")});
    check_out("");
    put(w, (struct chat_event){.kind = CHAT_EVENT_REASONING, .text = STR("an")});
    check_out(ONE("{\"text\":\"pl\",\"thought\":true}"));
    put(w, (struct chat_event){.kind = CHAT_EVENT_STATE,
                               .state = {.origin = DIALECT_CLAUDE, .value = STR("c2ln")}});
    check_out(ONE("{\"text\":\"an\",\"thought\":true,\"thoughtSignature\":\"YourApicc2ln\"}"));
    put(w, (struct chat_event){
               .kind = CHAT_EVENT_STATE,
               .state = {.origin = DIALECT_CLAUDE, .value = STR("cmVk"), .redacted = true}});
    check_out(ONE("{\"text\":\"\",\"thought\":true,\"thoughtSignature\":\"YourApiccmVk\"}"));
    put(w, (struct chat_event){.kind = CHAT_EVENT_REASONING, .text = STR("more")});
    put(w, (struct chat_event){.kind = CHAT_EVENT_USAGE});
    check_out("");
    put(w, (struct chat_event){.kind = CHAT_EVENT_TEXT, .text = STR("A")});
    check_out(ONE("{\"text\":\"more\",\"thought\":true}") ONE("{\"text\":\"A\"}"));
    put(w, (struct chat_event){.kind = CHAT_EVENT_TEXT});
    check_out("");
    put(w, (struct chat_event){.kind = CHAT_EVENT_TOOL_CALL,
                               .call = {.id = STR("c1"), .name = STR("f")},
                               .state = {.origin = DIALECT_GEMINI, .value = STR("s")}});
    put(w, (struct chat_event){.kind = CHAT_EVENT_TOOL_CALL,
                               .tool = 1,
                               .call = {.id = STR("c2"), .name = STR("g")}});
    put(w, (struct chat_event){.kind = CHAT_EVENT_TOOL_ARGUMENTS, .text = STR("{\"x\"")});
    put(w, (struct chat_event){.kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = 1});
    put(w, (struct chat_event){.kind = CHAT_EVENT_TOOL_ARGUMENTS, .text = STR(":1}")});
    check_out("");
    put(w, (struct chat_event){.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_TOOL_CALLS});
    check_out(ONE("{\"functionCall\":{\"id\":\"c1\",\"name\":\"f\",\"args\":{\"x\":1}},"
                  "\"thoughtSignature\":\"s\"},{\"functionCall\":{\"id\":\"c2\",\"name\":\"g\","
                  "\"args\":{}}}"));
    put(w, (struct chat_event){.kind = CHAT_EVENT_USAGE, .usage = {.prompt = 1}});
    put(w,
        (struct chat_event){.kind = CHAT_EVENT_USAGE,
                            .usage = {.prompt = 9, .completion = 10, .reasoning = 6, .cached = 2}});
    check_out("");
    put(w, (struct chat_event){.kind = CHAT_EVENT_END});
    check_out("data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":"
              "\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":"
              "{\"promptTokenCount\":9,\"candidatesTokenCount\":4,\"totalTokenCount\":19,"
              "\"thoughtsTokenCount\":6,\"cachedContentTokenCount\":2}" TAIL "\n\n");
    put(w, (struct chat_event){.kind = CHAT_EVENT_END});
    check_out("");
}

TEST(a_stream_may_be_one_array)
{
    struct answer_conf conf = conf_of(true);
    void *w = dialect_gemini.writer_new(&arena, &conf);
    const struct json *root;

    put(w, (struct chat_event){.kind = CHAT_EVENT_TEXT, .text = STR("A")});
    put(w, (struct chat_event){.kind = CHAT_EVENT_END});
    check_out("[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"A\"}],\"role\":\"model\"},"
              "\"index\":0}],\"modelVersion\":\"asked\",\"responseId\":\"made\"}\n"
              ",\r\n{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},"
              "\"finishReason\":\"STOP\",\"index\":0}],\"modelVersion\":\"asked\","
              "\"responseId\":\"made\"}\n]");
    w = dialect_gemini.writer_new(&arena, &conf);
    put(w, (struct chat_event){.kind = CHAT_EVENT_TEXT, .text = STR("A")});
    put(w, (struct chat_event){
               .kind = CHAT_EVENT_ERROR, .status = 429, .error = {.message = STR("slow")}});
    CHECK_EQ(json_read(&arena, sb_str(&out), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    testing_check_json(
        &arena, json_raw(json_at(root, 1)),
        "{\"error\":{\"code\":429,\"message\":\"slow\",\"status\":\"RESOURCE_EXHAUSTED\"}}");
    sb_reset(&out);
    put(w, (struct chat_event){.kind = CHAT_EVENT_TEXT, .text = STR("late")});
    check_out("");
}

TEST(choices_sources_media_and_odd_calls_are_written)
{
    struct chat_request *r = arena_new(&arena, struct chat_request);
    struct answer_conf conf = conf_of(false);
    struct chat_tool *tool = chat_add_tool(&arena, r, CHAT_TOOL_FUNCTION);
    void *w;

    tool->name = STR("a.b");
    conf.request = r;
    conf.id = STR("up");
    w = dialect_gemini.writer_new(&arena, &conf);
    put(w, (struct chat_event){.kind = CHAT_EVENT_IMAGE,
                               .media = {.mime = STR("image/png"), .data = STR("AAAA")}});
    check_out(ONE("{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AAAA\"}}"));
    put(w, (struct chat_event){.kind = CHAT_EVENT_CITATION,
                               .citation = {.url = STR("u"), .cited_text = STR("c"), .end = 3}});
    put(w, (struct chat_event){.kind = CHAT_EVENT_TOOL_CALL, .call = {.name = STR("a_b")}});
    put(w, (struct chat_event){.kind = CHAT_EVENT_TOOL_ARGUMENTS, .text = STR("{\"broken")});
    put(w,
        (struct chat_event){.kind = CHAT_EVENT_TOOL_CALL, .tool = 1, .call = {.name = STR("a_b")}});
    put(w, (struct chat_event){.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_TOOL_CALLS});
    check_out(ONE("{\"functionCall\":{\"name\":\"a.b\",\"args\":{}}}"));
    put(w, (struct chat_event){.kind = CHAT_EVENT_TEXT, .choice = 1, .text = STR("second")});
    put(w, (struct chat_event){.kind = CHAT_EVENT_TEXT, .choice = 99, .text = STR("nobody's")});
    put(w,
        (struct chat_event){.kind = CHAT_EVENT_FINISH, .choice = 1, .finish = CHAT_FINISH_FILTER});
    sb_reset(&out);
    put(w, (struct chat_event){.kind = CHAT_EVENT_END});
    check_out(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},"
        "\"finishReason\":\"MALFORMED_FUNCTION_CALL\",\"index\":0,\"groundingMetadata\":"
        "{\"groundingChunks\":[{\"web\":{\"uri\":\"u\"}}],\"groundingSupports\":[{\"segment\":"
        "{\"startIndex\":0,\"endIndex\":3,\"text\":\"c\"},\"groundingChunkIndices\":[0]}]}},"
        "{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},\"finishReason\":"
        "\"SAFETY\",\"index\":1}]" TAIL "\n\n");
}

TEST(a_stream_that_ends_in_a_thought_has_all_of_it)
{
    static const enum chat_event_kind ends[] = {CHAT_EVENT_FINISH, CHAT_EVENT_ERROR,
                                                CHAT_EVENT_END};
    const struct answer_conf conf = conf_of(false);

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        void *w = dialect_gemini.writer_new(&arena, &conf);

        put(w, (struct chat_event){.kind = CHAT_EVENT_START, .id = STR("up")});
        put(w, (struct chat_event){.kind = CHAT_EVENT_REASONING, .text = STR("hm")});
        put(w, (struct chat_event){.kind = ends[i]});
        CHECK(str_starts(sb_str(&out), STR(ONE("{\"text\":\"hm\",\"thought\":true}"))));
        sb_reset(&out);
    }
}

TEST(a_stream_with_nothing_in_it_still_ends)
{
    struct answer_conf conf = conf_of(false);
    void *w;

    conf.id = STR("up");
    w = dialect_gemini.writer_new(&arena, &conf);
    put(w, (struct chat_event){.kind = CHAT_EVENT_END});
    check_out(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},"
        "\"finishReason\":\"STOP\",\"index\":0}]" TAIL "\n\n");
}

TEST(a_whole_answer_is_written_and_reads_back)
{
    struct answer_conf conf = conf_of(false);
    const struct chat_answer *answer;
    struct str first;

    answer = testing_fold_answer(
        &dialect_gemini, &arena,
        STR("{\"responseId\":\"up\",\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"plan\","
            "\"thought\":true,\"thoughtSignature\":\"s\"},{\"text\":\"A\"},{\"functionCall\":"
            "{\"id\":\"i\",\"name\":\"f\",\"args\":{\"x\":1}},\"thoughtSignature\":\"t\"},"
            "{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AAAA\"}}]},"
            "\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":9,"
            "\"candidatesTokenCount\":4,\"thoughtsTokenCount\":6,\"promptTokensDetails\":["
            "{\"modality\":\"IMAGE\",\"tokenCount\":3}]}}"));
    first = testing_answer_text(&arena, answer);
    dialect_gemini.write_answer(&arena, &conf, answer, &out);
    testing_check_json(
        &arena, sb_str(&out),
        "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"plan\",\"thought\":true,"
        "\"thoughtSignature\":\"s\"},{\"text\":\"A\"},{\"functionCall\":{\"id\":\"i\",\"name\":"
        "\"f\",\"args\":{\"x\":1}},\"thoughtSignature\":\"t\"},{\"inlineData\":{\"mimeType\":"
        "\"image/png\",\"data\":\"AAAA\"}}],\"role\":\"model\"},\"finishReason\":\"STOP\","
        "\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":4,"
        "\"totalTokenCount\":19,\"thoughtsTokenCount\":6,\"promptTokensDetails\":[{\"modality\":"
        "\"TEXT\",\"tokenCount\":6},{\"modality\":\"IMAGE\",\"tokenCount\":3}]},"
        "\"modelVersion\":\"asked\",\"responseId\":\"up\"}");
    testing_check_json(
        &arena,
        testing_answer_text(&arena, testing_fold_answer(&dialect_gemini, &arena, sb_str(&out))),
        first.p);
}

/* Sound that comes from the cache costs less than other sound; no more is cached than there is. */
TEST(cached_sound_is_told_and_written)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(sb_finip) struct sb sb;
    struct json_writer w;
    const struct json *root;
    struct usage u;

    arena_init(&a, 0);
    CHECK_EQ(json_read(&a,
                       STR("{\"promptTokenCount\":90,\"cachedContentTokenCount\":50,"
                           "\"promptTokensDetails\":[{\"modality\":\"AUDIO\",\"tokenCount\":40}],"
                           "\"cacheTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":20},"
                           "{\"modality\":\"AUDIO\",\"tokenCount\":30}]}"),
                       JSON_DEPTH_DEFAULT, &root, NULL),
             ERR_OK);
    CHECK(gemini_read_usage(root, &u));
    CHECK_EQ(u.cached, 50);
    CHECK_EQ(u.audio_in, 40);
    CHECK_EQ(u.cached_audio, 30);
    sb_init(&sb, 4096);
    jw_init(&w, &sb);
    jw_object(&w);
    gemini_put_usage(&w, &u);
    jw_end(&w);
    CHECK(str_has(sb_str(&sb), STR("\"cacheTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":"
                                   "20},{\"modality\":\"AUDIO\",\"tokenCount\":30}]")));
    CHECK_EQ(json_read(&a,
                       STR("{\"promptTokenCount\":9,\"cacheTokensDetails\":[{\"modality\":4,"
                           "\"tokenCount\":30}]}"),
                       JSON_DEPTH_DEFAULT, &root, NULL),
             ERR_OK);
    CHECK(gemini_read_usage(root, &u));
    CHECK_EQ(u.cached_audio, 0);
}

TEST(errors_have_googles_shape)
{
    static const struct {
        int status;
        const char *name;
    } rows[] = {{400, "INVALID_ARGUMENT"},  {401, "UNAUTHENTICATED"},  {403, "PERMISSION_DENIED"},
                {404, "NOT_FOUND"},         {418, "INVALID_ARGUMENT"}, {429, "RESOURCE_EXHAUSTED"},
                {500, "INTERNAL"},          {502, "UNAVAILABLE"},      {503, "UNAVAILABLE"},
                {504, "DEADLINE_EXCEEDED"}, {599, "INTERNAL"}};
    const struct openai_error error = {.message = STR("no \"luck\""), .code = STR("x")};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str want =
            arena_fmt(&arena,
                      "{\"error\":{\"code\":%d,\"message\":\"no \\\"luck\\\"\",\"status\":"
                      "\"%s\"}}",
                      rows[i].status, rows[i].name);

        testing_check_json(&arena, dialect_gemini.write_error(&arena, rows[i].status, &error),
                           want.p);
    }
    CHECK_STR(dialect_gemini.write_stream_error(&arena, 500, &error),
              "data: {\"error\":{\"code\":500,\"message\":\"no \\\"luck\\\"\",\"status\":"
              "\"INTERNAL\"}}\n\n");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_stream_with_a_thought_a_text_and_a_call),
        T(several_calls_of_several_choices_are_counted_each_for_itself),
        T(arguments_in_pieces_become_one_text),
        T(a_refused_prompt_finishes_with_filter),
        T(reasons_are_mapped),
        T(media_code_signatures_and_probabilities_are_read),
        T(sources_are_cited_once),
        T(pieces_of_a_sound_are_one_base64_text),
        T(an_error_in_a_stream_ends_it),
        T(a_stream_without_a_reason_has_no_end),
        T(what_is_no_answer_is_refused),
        T(every_event_of_a_stream_is_a_whole_response),
        T(a_stream_may_be_one_array),
        T(choices_sources_media_and_odd_calls_are_written),
        T(a_stream_that_ends_in_a_thought_has_all_of_it),
        T(a_stream_with_nothing_in_it_still_ends),
        T(a_whole_answer_is_written_and_reads_back),
        T(cached_sound_is_told_and_written),
        T(errors_have_googles_shape),
    };

    return test_end(cmocka_run_group_tests(tests, NULL, NULL));
}

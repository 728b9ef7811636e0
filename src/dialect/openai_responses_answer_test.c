/*
 * Answers for clients of the Responses API: the events of a stream in their order, each with its
 * members, the response object at the end, whole answers, errors.
 */
#include "dialect/chat_testing.h"
#include "dialect/openai_responses.h"

#define OWN (&dialect_openai_responses)
#define ID  "0123456789abcdefghijklmn"

struct run {
    struct arena a;
    struct answer_conf conf;
    struct loss_list losses;
    void *writer;
    struct sb out;
};

static void run_init(struct run *run, const char *request)
{
    memset(run, 0, sizeof *run);
    arena_init(&run->a, 0);
    run->conf = (struct answer_conf){
        .request = testing_read_request(OWN, &run->a, str_from(request), &run->losses),
        .model = STR("gpt-5"),
        .id = STR(ID),
        .now_s = 1700000000};
    run->writer = OWN->writer_new(&run->a, &run->conf);
    sb_init(&run->out, TESTING_LIMIT);
}

static void run_fini(struct run *run)
{
    sb_fini(&run->out);
    arena_fini(&run->a);
}

static void give(struct run *run, const struct chat_event *ev)
{
    OWN->write_event(run->writer, ev, &run->out);
}

#define GIVE(run, ...) give((run), &(struct chat_event){__VA_ARGS__})

static void give_start(struct run *run)
{
    GIVE(run, .kind = CHAT_EVENT_START, .id = STR("msg_01"), .model = STR("claude"));
}

static void give_text(struct run *run, enum chat_event_kind kind, const char *text)
{
    GIVE(run, .kind = kind, .text = str_from(text));
}

static void give_end(struct run *run, enum chat_finish finish)
{
    GIVE(run, .kind = CHAT_EVENT_FINISH, .finish = finish);
    GIVE(run, .kind = CHAT_EVENT_END);
}

static void give_call(struct run *run, unsigned tool, const char *id, const char *name)
{
    GIVE(run, .kind = CHAT_EVENT_TOOL_CALL, .tool = tool,
         .call = {.id = str_from(id), .name = str_from(name)});
}

static void give_arguments(struct run *run, unsigned tool, const char *text)
{
    GIVE(run, .kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = tool, .text = str_from(text));
}

/* Walks over the events that were written: each is named as its data is, and they are numbered
 * without gaps. What of them is in `types` (a list of names, shortened by "response.") is compared,
 * and the data of the n-th event is returned. */
static const struct json *walk(struct run *run, struct sb *types, size_t n)
{
    struct str text = sb_str(&run->out);
    const struct json *found = NULL;
    struct sse sse;
    struct sse_event ev;
    int64_t sequence = 0;

    sse_init(&sse, TESTING_LIMIT);
    while (sse_next(&sse, &text, &ev) == SSE_EVENT) {
        const struct json *root;

        CHECK_EQ(json_read(&run->a, str_dup(&run->a, ev.data), JSON_DEPTH_DEFAULT, &root, NULL),
                 ERR_OK);
        CHECK(json_str_eq(json_get(root, STR("type")), ev.type));
        CHECK_EQ(json_i64_or(json_get(root, STR("sequence_number")), -1), sequence);
        if (sequence++ == (int64_t)n)
            found = root;
        if (types)
            sb_fmt(types, "%s%.*s", types->n > 0 ? " " : "",
                   STR_ARG(str_starts(ev.type, STR("response.")) ? str_skip(ev.type, 9) : ev.type));
    }
    CHECK(!sse_pending(&sse));
    sse_fini(&sse);
    return found;
}

static void check_types(struct run *run, const char *want)
{
    struct sb types;

    sb_init(&types, TESTING_LIMIT);
    (void)walk(run, &types, 0);
    CHECK_STR(sb_str(&types), want);
    sb_fini(&types);
}

static void check_event(struct run *run, size_t n, const char *want)
{
    testing_check_json(&run->a, json_raw(walk(run, NULL, n)), want);
}

/* The response of the stream's last event. */
static const struct json *last_response(struct run *run)
{
    struct sb types;
    size_t n = 0;

    sb_init(&types, TESTING_LIMIT);
    (void)walk(run, &types, 0);
    for (size_t i = 0; i < types.n; i++)
        n += types.p[i] == ' ';
    sb_fini(&types);
    return json_get(walk(run, NULL, n), STR("response"));
}

static void check_output(struct run *run, const char *want)
{
    testing_check_json(&run->a, json_raw(json_get(last_response(run), STR("output"))), want);
}

/* ---- text ---- */

TEST(a_plain_answer_is_the_documented_sequence)
{
    struct run run;

    run_init(&run, "{\"input\":\"hi\"}");
    give_start(&run);
    give_text(&run, CHAT_EVENT_TEXT, "Hel");
    give_text(&run, CHAT_EVENT_TEXT, "lo");
    GIVE(&run, .kind = CHAT_EVENT_USAGE,
         .usage = {.prompt = 10, .completion = 7, .cached = 4, .reasoning = 2});
    give_end(&run, CHAT_FINISH_STOP);
    check_types(&run, "created in_progress output_item.added content_part.added output_text.delta "
                      "output_text.delta output_text.done content_part.done output_item.done "
                      "completed");
    check_event(&run, 2,
                "{\"type\":\"response.output_item.added\",\"sequence_number\":2,\"output_index\":0,"
                "\"item\":{\"id\":\"msg_" ID "0\",\"type\":\"message\",\"status\":\"in_progress\","
                "\"role\":\"assistant\",\"content\":[]}}");
    check_event(&run, 3,
                "{\"type\":\"response.content_part.added\",\"sequence_number\":3,\"item_id\":"
                "\"msg_" ID "0\",\"output_index\":0,\"content_index\":0,\"part\":{\"type\":"
                "\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"\"}}");
    check_event(&run, 5,
                "{\"type\":\"response.output_text.delta\",\"sequence_number\":5,\"item_id\":"
                "\"msg_" ID "0\",\"output_index\":0,\"content_index\":0,\"delta\":\"lo\","
                "\"logprobs\":[]}");
    check_event(&run, 6,
                "{\"type\":\"response.output_text.done\",\"sequence_number\":6,\"item_id\":"
                "\"msg_" ID "0\",\"output_index\":0,\"content_index\":0,\"text\":\"Hello\","
                "\"logprobs\":[]}");
    run_fini(&run);
}

TEST(the_response_echoes_the_request_and_has_everything_at_its_end)
{
    struct run run;

    run_init(
        &run,
        "{\"input\":\"hi\",\"instructions\":\"be kind\",\"temperature\":0.5,\"tools\":["
        "{\"type\":\"function\",\"name\":\"f\",\"parameters\":{},\"strict\":true}],"
        "\"tool_choice\":\"required\",\"parallel_tool_calls\":false,\"metadata\":{\"a\":\"b\"},"
        "\"max_output_tokens\":100,\"reasoning\":{\"effort\":\"low\"},\"store\":true,"
        "\"text\":{\"format\":{\"type\":\"json_object\"},\"verbosity\":\"low\"},"
        "\"service_tier\":\"flex\",\"user\":\"u\",\"prompt_cache_key\":\"k\","
        "\"truncation\":\"auto\",\"max_tool_calls\":2}");
    give_start(&run);
    give_text(&run, CHAT_EVENT_TEXT, "{}");
    GIVE(&run, .kind = CHAT_EVENT_USAGE,
         .usage = {.prompt = 10, .completion = 7, .cached = 4, .reasoning = 2});
    give_end(&run, CHAT_FINISH_STOP);
    testing_check_json(
        &run.a, json_raw(last_response(&run)),
        "{\"id\":\"resp_" ID "\",\"object\":\"response\",\"created_at\":1700000000,"
        "\"status\":\"completed\",\"model\":\"gpt-5\",\"error\":null,\"incomplete_details\":null,"
        "\"background\":false,\"instructions\":\"be kind\",\"max_output_tokens\":100,"
        "\"max_tool_calls\":2,\"metadata\":{\"a\":\"b\"},\"parallel_tool_calls\":false,"
        "\"previous_response_id\":null,\"prompt_cache_key\":\"k\",\"reasoning\":{\"effort\":"
        "\"low\",\"summary\":null},\"safety_identifier\":null,\"service_tier\":\"flex\","
        "\"store\":false,\"temperature\":0.5,\"text\":{\"format\":{\"type\":\"json_object\"},"
        "\"verbosity\":\"low\"},\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{},"
        "\"strict\":true}],\"tool_choice\":\"required\",\"top_logprobs\":0,\"top_p\":1.0,"
        "\"truncation\":\"auto\",\"user\":\"u\",\"output\":[{\"id\":\"msg_" ID "0\",\"type\":"
        "\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":"
        "\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"{}\"}]}],"
        "\"usage\":{\"input_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":4,"
        "\"cache_write_tokens\":0},\"output_tokens\":7,\"output_tokens_details\":"
        "{\"reasoning_tokens\":2},\"total_tokens\":17}}");
    CHECK(
        json_is(json_get(json_get(walk(&run, NULL, 0), STR("response")), STR("usage")), JSON_NULL));
    run_fini(&run);
}

TEST(a_refusal_is_a_part_of_its_own)
{
    struct run run;

    run_init(&run, "{\"input\":\"hi\"}");
    give_start(&run);
    give_text(&run, CHAT_EVENT_TEXT, "Sorry");
    give_text(&run, CHAT_EVENT_REFUSAL, "no");
    give_end(&run, CHAT_FINISH_STOP);
    check_types(&run, "created in_progress output_item.added content_part.added output_text.delta "
                      "output_text.done content_part.done content_part.added refusal.delta "
                      "refusal.done content_part.done output_item.done completed");
    check_event(&run, 9,
                "{\"type\":\"response.refusal.done\",\"sequence_number\":9,\"item_id\":\"msg_" ID
                "0\",\"output_index\":0,\"content_index\":1,\"refusal\":\"no\"}");
    run_fini(&run);
}

TEST(citations_and_logprobs_stand_in_the_text_they_belong_to)
{
    struct run run;

    run_init(&run, "{\"input\":\"hi\"}");
    give_start(&run);
    give_text(&run, CHAT_EVENT_TEXT, "\xc3\xa9t");
    GIVE(&run, .kind = CHAT_EVENT_LOGPROBS, .raw = STR("[{\"token\":\"t\"}]"));
    GIVE(&run, .kind = CHAT_EVENT_CITATION,
         .citation = {.url = STR("https://x"), .title = STR("X"), .start = -1, .end = -1});
    give_call(&run, 0, "c1", "f");
    GIVE(&run, .kind = CHAT_EVENT_CITATION,
         .citation = {.url = STR("https://y"), .start = 0, .end = 1}); /* late */
    give_end(&run, CHAT_FINISH_TOOL_CALLS);
    check_event(&run, 5,
                "{\"type\":\"response.output_text.delta\",\"sequence_number\":5,\"item_id\":"
                "\"msg_" ID "0\",\"output_index\":0,\"content_index\":0,\"delta\":\"\","
                "\"logprobs\":[{\"token\":\"t\"}]}");
    check_event(&run, 6,
                "{\"type\":\"response.output_text.annotation.added\",\"sequence_number\":6,"
                "\"item_id\":\"msg_" ID "0\",\"output_index\":0,\"content_index\":0,"
                "\"annotation_index\":0,\"annotation\":{\"type\":\"url_citation\","
                "\"start_index\":2,\"end_index\":2,\"title\":\"X\",\"url\":\"https://x\"}}");
    check_output(&run,
                 "[{\"id\":\"msg_" ID "0\",\"type\":\"message\",\"status\":\"completed\",\"role\":"
                 "\"assistant\",\"content\":[{\"type\":\"output_text\",\"annotations\":["
                 "{\"type\":\"url_citation\",\"start_index\":2,\"end_index\":2,\"title\":\"X\","
                 "\"url\":\"https://x\"},{\"type\":\"url_citation\",\"start_index\":0,"
                 "\"end_index\":1,\"title\":\"\",\"url\":\"https://y\"}],\"logprobs\":["
                 "{\"token\":\"t\"}],\"text\":\"\xc3\xa9t\"}]},"
                 "{\"id\":\"fc_" ID "1\",\"type\":\"function_call\",\"status\":\"completed\","
                 "\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":\"{}\"}]");
    run_fini(&run);
}

/* ---- reasoning ---- */

TEST(reasoning_is_a_summary_with_its_sealed_state)
{
    struct run run;

    run_init(&run, "{\"input\":\"hi\"}");
    give_start(&run);
    give_text(&run, CHAT_EVENT_REASONING, "h");
    give_text(&run, CHAT_EVENT_REASONING, "m");
    GIVE(&run, .kind = CHAT_EVENT_STATE, .state = {.origin = DIALECT_CLAUDE, .value = STR("c2ln")});
    GIVE(&run, .kind = CHAT_EVENT_STATE,
         .state = {.origin = DIALECT_CLAUDE, .value = STR("cmVk"), .redacted = true});
    give_text(&run, CHAT_EVENT_TEXT, "x");
    give_end(&run, CHAT_FINISH_STOP);
    check_types(&run, "created in_progress output_item.added reasoning_summary_part.added "
                      "reasoning_summary_text.delta reasoning_summary_text.delta "
                      "reasoning_summary_text.done reasoning_summary_part.done output_item.done "
                      "output_item.added output_item.done output_item.added content_part.added "
                      "output_text.delta output_text.done content_part.done output_item.done "
                      "completed");
    check_event(&run, 8,
                "{\"type\":\"response.output_item.done\",\"sequence_number\":8,\"output_index\":0,"
                "\"item\":{\"id\":\"rs_" ID "0\",\"type\":\"reasoning\",\"summary\":[{\"type\":"
                "\"summary_text\",\"text\":\"hm\"}],\"encrypted_content\":\"YourApicc2ln\"}}");
    check_event(&run, 10,
                "{\"type\":\"response.output_item.done\",\"sequence_number\":10,\"output_index\":1,"
                "\"item\":{\"id\":\"rs_" ID "1\",\"type\":\"reasoning\",\"summary\":[],"
                "\"encrypted_content\":\"YourApicredactedcmVk\"}}");
    run_fini(&run);
}

/* ---- calls ---- */

TEST(calls_in_turns_are_items_of_their_own)
{
    struct run run;

    run_init(&run, "{\"input\":\"hi\"}");
    give_start(&run);
    give_call(&run, 0, "c1", "f");
    give_call(&run, 1, "", "g");
    give_arguments(&run, 0, "{\"a\"");
    give_arguments(&run, 1, "{}");
    give_arguments(&run, 0, ":1}");
    give_end(&run, CHAT_FINISH_TOOL_CALLS);
    check_types(&run, "created in_progress output_item.added output_item.added "
                      "function_call_arguments.delta function_call_arguments.delta "
                      "function_call_arguments.delta function_call_arguments.done "
                      "output_item.done function_call_arguments.done output_item.done completed");
    check_event(&run, 7,
                "{\"type\":\"response.function_call_arguments.done\",\"sequence_number\":7,"
                "\"item_id\":\"fc_" ID "0\",\"output_index\":0,\"arguments\":\"{\\\"a\\\":1}\"}");
    check_output(&run, "[{\"id\":\"fc_" ID "0\",\"type\":\"function_call\",\"status\":"
                       "\"completed\",\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":"
                       "\"{\\\"a\\\":1}\"},{\"id\":\"fc_" ID "1\",\"type\":\"function_call\","
                       "\"status\":\"completed\",\"call_id\":\"call_" ID "1\",\"name\":\"g\","
                       "\"arguments\":\"{}\"}]");
    run_fini(&run);
}

static const char with_tools[] =
    "{\"input\":\"hi\",\"tools\":[{\"type\":\"custom\",\"name\":\"patch\"},{\"type\":"
    "\"namespace\",\"name\":\"fs\",\"description\":\"d\",\"tools\":[{\"type\":\"function\","
    "\"name\":\"read\",\"parameters\":{}},{\"type\":\"custom\",\"name\":\"edit\"}]}]}";

TEST(tools_get_the_names_that_the_client_gave_them)
{
    struct run run;

    run_init(&run, with_tools);
    give_start(&run);
    give_call(&run, 0, "c1", "fs__read");
    give_call(&run, 1, "c2", "patch");
    give_arguments(&run, 1, "{\"input\":");
    give_arguments(&run, 1, "\"a\\nb\"}");
    give_call(&run, 2, "c3", "fs__edit");
    give_arguments(&run, 2, "not wrapped");
    GIVE(&run, .kind = CHAT_EVENT_TOOL_CALL, .tool = 3,
         .call = {.id = STR("c4"), .ns = STR("fs"), .name = STR("read")});
    give_end(&run, CHAT_FINISH_TOOL_CALLS);
    check_types(&run, "created in_progress output_item.added output_item.added output_item.added "
                      "output_item.added function_call_arguments.done output_item.done "
                      "custom_tool_call_input.delta custom_tool_call_input.done output_item.done "
                      "custom_tool_call_input.delta custom_tool_call_input.done output_item.done "
                      "function_call_arguments.done output_item.done completed");
    check_output(&run,
                 "[{\"id\":\"fc_" ID "0\",\"type\":\"function_call\",\"status\":\"completed\","
                 "\"call_id\":\"c1\",\"name\":\"read\",\"namespace\":\"fs\",\"arguments\":\"{}\"},"
                 "{\"id\":\"ctc_" ID "1\",\"type\":\"custom_tool_call\",\"status\":\"completed\","
                 "\"call_id\":\"c2\",\"name\":\"patch\",\"input\":\"a\\nb\"},"
                 "{\"id\":\"ctc_" ID "2\",\"type\":\"custom_tool_call\",\"status\":\"completed\","
                 "\"call_id\":\"c3\",\"name\":\"edit\",\"namespace\":\"fs\",\"input\":"
                 "\"not wrapped\"},{\"id\":\"fc_" ID "3\",\"type\":\"function_call\",\"status\":"
                 "\"completed\",\"call_id\":\"c4\",\"name\":\"read\",\"namespace\":\"fs\","
                 "\"arguments\":\"{}\"}]");
    run_fini(&run);
}

TEST(the_input_of_a_custom_tool_streams_where_the_upstream_has_such)
{
    struct run run;

    run_init(&run, with_tools);
    give_start(&run);
    GIVE(&run, .kind = CHAT_EVENT_TOOL_CALL,
         .call = {.id = STR("c"), .name = STR("patch"), .custom = true});
    give_arguments(&run, 0, "{\"in");
    give_arguments(&run, 0, "put");
    give_end(&run, CHAT_FINISH_TOOL_CALLS);
    check_types(&run, "created in_progress output_item.added custom_tool_call_input.delta "
                      "custom_tool_call_input.delta custom_tool_call_input.done output_item.done "
                      "completed");
    run_fini(&run);
}

/* It has an item of its own, whose arguments are an object and come whole. */
TEST(a_call_for_a_search_of_the_clients_is_its_own_item)
{
    static const char request[] =
        "{\"tools\":[{\"type\":\"tool_search\",\"execution\":\"client\",\"parameters\":{}}]}";
    static const char *const arguments[][2] = {
        {"{\"query\":\"q\"}", "{\"query\":\"q\"}"}, {"", "{}"}, {"{\"query\":\"", "{}"}};

    for (size_t i = 0; i < ARRAY_LEN(arguments); i++) {
        struct run run;
        struct str item, all;

        run_init(&run, request);
        item = arena_fmt(&run.a,
                         "\"item\":{\"id\":\"tsc_" ID "0\",\"type\":\"tool_search_call\","
                         "\"status\":\"completed\",\"call_id\":\"c1\",\"execution\":\"client\","
                         "\"arguments\":%s}",
                         arguments[i][1]);
        give_start(&run);
        GIVE(&run, .kind = CHAT_EVENT_TOOL_CALL,
             .call = {.id = STR("c1"), .name = STR("tool_search")});
        give_text(&run, CHAT_EVENT_TOOL_ARGUMENTS, arguments[i][0]);
        give_end(&run, CHAT_FINISH_TOOL_CALLS);
        all = sb_str(&run.out);
        CHECK(str_has(all, STR("event: response.output_item.added\n")));
        CHECK(str_has(all, STR("\"status\":\"in_progress\",\"call_id\":\"c1\",\"execution\":"
                               "\"client\",\"arguments\":{}}")));
        CHECK(str_has(all, item));
        CHECK(!str_has(all, STR("function_call")));
        run_fini(&run);
    }
}

TEST(the_state_of_a_call_goes_before_it_and_comes_back_with_it)
{
    struct run run;
    const struct chat_part *part;
    struct str body;

    run_init(&run, "{\"input\":\"hi\"}");
    give_start(&run);
    GIVE(&run, .kind = CHAT_EVENT_TOOL_CALL, .call = {.id = STR("c"), .name = STR("f")},
         .state = {.origin = DIALECT_GEMINI, .value = STR("Z2Vt")});
    give_end(&run, CHAT_FINISH_TOOL_CALLS);
    body =
        str_concat(&run.a,
                   (struct str[]){STR("{\"input\":"),
                                  json_raw(json_get(last_response(&run), STR("output"))), STR("}")},
                   3);
    part = testing_read_request(OWN, &run.a, body, &run.losses)->messages->parts.first;
    CHECK_EQ(part->kind, CHAT_PART_TOOL_CALL);
    CHECK_STR(part->state.value, "Z2Vt");
    CHECK_EQ(part->state.origin, DIALECT_GEMINI);
    run_fini(&run);
}

/* ---- images, sounds ---- */

TEST(an_image_is_an_item_and_its_address_a_text)
{
    struct run run;

    run_init(&run, "{\"input\":\"hi\"}");
    give_start(&run);
    GIVE(&run, .kind = CHAT_EVENT_IMAGE, .media = {.mime = STR("image/webp"), .data = STR("aGk=")});
    GIVE(&run, .kind = CHAT_EVENT_IMAGE, .media = {.url = STR("https://x/y.png")});
    GIVE(&run, .kind = CHAT_EVENT_AUDIO, .media = {.data = STR("aGk=")}, .text = STR(" said"));
    give_end(&run, CHAT_FINISH_STOP);
    check_output(&run,
                 "[{\"id\":\"ig_" ID "0\",\"type\":\"image_generation_call\",\"status\":"
                 "\"completed\",\"output_format\":\"webp\",\"result\":\"aGk=\"},"
                 "{\"id\":\"msg_" ID "1\",\"type\":\"message\",\"status\":\"completed\",\"role\":"
                 "\"assistant\",\"content\":[{\"type\":\"output_text\",\"annotations\":[],"
                 "\"logprobs\":[],\"text\":\"![image](https://x/y.png) said\"}]}]");
    run_fini(&run);
}

/* ---- ends ---- */

static void check_incomplete(enum chat_finish finish, const char *reason)
{
    struct run run;
    const struct json *response;

    run_init(&run, "{\"input\":\"hi\"}");
    give_start(&run);
    give_text(&run, CHAT_EVENT_TEXT, "Hel");
    give_call(&run, 0, "c", "f");
    give_end(&run, finish);
    response = last_response(&run);
    CHECK(json_str_eq(json_get(response, STR("status")), STR("incomplete")));
    CHECK(json_str_eq(json_get(json_get(response, STR("incomplete_details")), STR("reason")),
                      str_from(reason)));
    check_output(&run,
                 "[{\"id\":\"msg_" ID "0\",\"type\":\"message\",\"status\":\"completed\",\"role\":"
                 "\"assistant\",\"content\":[{\"type\":\"output_text\",\"annotations\":[],"
                 "\"logprobs\":[],\"text\":\"Hel\"}]},{\"id\":\"fc_" ID "1\",\"type\":"
                 "\"function_call\",\"status\":\"incomplete\",\"call_id\":\"c\",\"name\":\"f\","
                 "\"arguments\":\"\"}]");
    run_fini(&run);
}

TEST(an_answer_that_was_cut_is_incomplete_in_its_last_item)
{
    check_incomplete(CHAT_FINISH_LENGTH, "max_output_tokens");
    check_incomplete(CHAT_FINISH_FILTER, "content_filter");
}

TEST(an_end_without_finish_closes_what_is_open)
{
    struct run run;

    run_init(&run, "{\"input\":\"hi\"}");
    give_start(&run);
    give_text(&run, CHAT_EVENT_TEXT, "x");
    GIVE(&run, .kind = CHAT_EVENT_END);
    give_text(&run, CHAT_EVENT_TEXT, "nothing after the end");
    check_types(&run, "created in_progress output_item.added content_part.added output_text.delta "
                      "output_text.done content_part.done output_item.done completed");
    run_fini(&run);
}

TEST(only_the_first_of_several_answers_is_written)
{
    struct run run;

    run_init(&run, "{\"input\":\"hi\"}");
    give_start(&run);
    GIVE(&run, .kind = CHAT_EVENT_TEXT, .choice = 1, .text = STR("second"));
    GIVE(&run, .kind = CHAT_EVENT_FINISH, .choice = 1, .finish = CHAT_FINISH_LENGTH);
    give_end(&run, CHAT_FINISH_STOP);
    check_types(&run, "created in_progress completed");
    run_fini(&run);
}

TEST(an_error_ends_the_response_that_was_begun)
{
    struct run run;

    run_init(&run, "{\"input\":\"hi\"}");
    give_start(&run);
    give_text(&run, CHAT_EVENT_TEXT, "Hel");
    GIVE(&run, .kind = CHAT_EVENT_ERROR, .status = 429, .error = {.message = STR("slow")});
    GIVE(&run, .kind = CHAT_EVENT_END);
    check_types(&run, "created in_progress output_item.added content_part.added output_text.delta "
                      "error failed");
    check_event(&run, 5,
                "{\"type\":\"error\",\"sequence_number\":5,\"code\":\"rate_limit_exceeded\","
                "\"message\":\"slow\",\"param\":null,\"error\":{\"type\":\"rate_limit_error\","
                "\"code\":\"rate_limit_exceeded\",\"message\":\"slow\",\"param\":null}}");
    testing_check_json(&run.a, json_raw(json_get(last_response(&run), STR("error"))),
                       "{\"code\":\"rate_limit_exceeded\",\"message\":\"slow\"}");
    check_output(&run, "[{\"id\":\"msg_" ID "0\",\"type\":\"message\",\"status\":\"incomplete\","
                       "\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","
                       "\"annotations\":[],\"logprobs\":[],\"text\":\"Hel\"}]}]");
    run_fini(&run);
}

TEST(an_error_before_the_response_stands_alone)
{
    struct run run;

    run_init(&run, "{\"input\":\"hi\"}");
    GIVE(&run, .kind = CHAT_EVENT_ERROR, .error = {.message = STR("oops")});
    check_types(&run, "error");
    run_fini(&run);
}

TEST(an_answer_too_large_to_repeat_ends_with_an_error)
{
    enum { PIECE = 1 << 20 };

    char *piece = mem_alloc(PIECE);
    struct run run;
    struct sb drain;

    memset(piece, 'x', PIECE);
    run_init(&run, "{\"input\":\"hi\"}");
    give_start(&run);
    sb_init(&drain, TESTING_LIMIT);
    for (int i = 0; i < 70; i++) {
        sb_reset(&drain);
        OWN->write_event(run.writer,
                         &(struct chat_event){.kind = CHAT_EVENT_TEXT,
                                              .text = str_make(piece, i < 64 ? PIECE : 1)},
                         i < 63 ? &drain : &run.out);
    }
    CHECK(str_has(sb_str(&run.out), STR("event: error\n")));
    sb_fini(&drain);
    mem_free(piece);
    run_fini(&run);
}

/* ---- whole answers ---- */

TEST(a_whole_answer_is_the_response_of_the_stream)
{
    struct run run;
    struct chat_fold *fold;
    struct sb whole;

    run_init(&run, with_tools);
    fold = chat_fold_new(&run.a, TESTING_LIMIT);
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_START, .id = STR("resp_9")},
        {.kind = CHAT_EVENT_REASONING, .text = STR("hm")},
        {.kind = CHAT_EVENT_TEXT, .text = STR("x")},
        {.kind = CHAT_EVENT_TOOL_CALL, .call = {.id = STR("c"), .name = STR("patch")}},
        {.kind = CHAT_EVENT_TOOL_ARGUMENTS, .text = STR("{\"input\":\"y\"}")},
        {.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_TOOL_CALLS},
        {.kind = CHAT_EVENT_USAGE, .usage = {.prompt = 1, .completion = 2}},
        {.kind = CHAT_EVENT_END},
    };
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        give(&run, &events[i]);
        chat_fold_event(fold, &events[i]);
    }
    sb_init(&whole, TESTING_LIMIT);
    OWN->write_answer(&run.a, &run.conf, chat_fold_answer(fold), &whole);
    testing_check_json(&run.a, sb_str(&whole), str_dup(&run.a, json_raw(last_response(&run))).p);
    CHECK(str_has(sb_str(&whole), STR("\"id\":\"resp_9\"")));
    sb_fini(&whole);
    run_fini(&run);
}

/* ---- items for who keeps them ---- */

static void check_items(const struct answer_items *items, struct arena *a, const char *want)
{
    struct sb sb;

    sb_init(&sb, TESTING_LIMIT);
    for (const struct answer_item *item = items->first; item; item = item->next) {
        const struct json *root;

        sb_fmt(&sb, "%s%.*s", sb.n > 0 ? "," : "[", STR_ARG(item->json));
        CHECK_EQ(json_read(a, item->json, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
        CHECK(json_str_eq(json_get(root, STR("id")), item->id));
    }
    sb_add(&sb, sb.n > 0 ? STR("]") : STR("[]"));
    testing_check_json(a, sb_str(&sb), want);
    sb_fini(&sb);
}

static void say_it_all(const struct chat_sink *sink)
{
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_START},
        {.kind = CHAT_EVENT_REASONING, .text = STR("hm")},
        {.kind = CHAT_EVENT_STATE,
         .state = {.origin = DIALECT_OPENAI_RESPONSES, .value = STR("c2VhbGVk")}},
        {.kind = CHAT_EVENT_TEXT, .text = STR("x")},
        {.kind = CHAT_EVENT_IMAGE, .media = {.mime = STR("image/png"), .data = STR("aGk=")}},
        {.kind = CHAT_EVENT_TOOL_CALL, .call = {.id = STR("c"), .name = STR("add")}},
        {.kind = CHAT_EVENT_FINISH, .finish = CHAT_FINISH_TOOL_CALLS},
        {.kind = CHAT_EVENT_END},
    };

    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        chat_emit(sink, &events[i]);
}

static const char all_items[] =
    "[{\"id\":\"rs_" ID "0\",\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\","
    "\"text\":\"hm\"}],\"encrypted_content\":\"c2VhbGVk\"},"
    "{\"id\":\"msg_" ID "1\",\"type\":\"message\",\"status\":\"completed\",\"role\":"
    "\"assistant\",\"content\":[{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],"
    "\"text\":\"x\"}]},"
    "{\"id\":\"ig_" ID "2\",\"type\":\"image_generation_call\",\"status\":\"completed\","
    "\"output_format\":\"png\",\"result\":null},"
    "{\"id\":\"fc_" ID "3\",\"type\":\"function_call\",\"status\":\"completed\",\"call_id\":"
    "\"c\",\"name\":\"add\",\"arguments\":\"{}\"}]";

static void write_to_stream(void *ctx, const struct chat_event *ev)
{
    give(ctx, ev);
}

static void write_to_fold(void *ctx, const struct chat_event *ev)
{
    chat_fold_event(ctx, ev);
}

TEST(the_items_of_an_answer_are_listed_at_its_end)
{
    struct answer_items streamed = {0}, whole = {0};
    struct chat_fold *fold;
    struct run run;

    run_init(&run, "{\"input\":\"hi\"}");
    run.conf.items = &streamed;
    say_it_all(&(struct chat_sink){write_to_stream, &run});
    check_items(&streamed, &run.a, all_items);
    run.conf.items = &whole;
    fold = chat_fold_new(&run.a, TESTING_LIMIT);
    say_it_all(&(struct chat_sink){write_to_fold, fold});
    OWN->write_answer(&run.a, &run.conf, chat_fold_answer(fold), &run.out);
    check_items(&whole, &run.a, all_items);
    run_fini(&run);
}

TEST(an_answer_without_an_end_lists_no_items)
{
    struct answer_items items = {0};
    struct run run;

    run_init(&run, "{\"input\":\"hi\"}");
    run.conf.items = &items;
    give_start(&run);
    give_text(&run, CHAT_EVENT_TEXT, "Hel");
    CHECK(!items.first);
    GIVE(&run, .kind = CHAT_EVENT_ERROR, .status = 502, .error = {.message = STR("cut")});
    GIVE(&run, .kind = CHAT_EVENT_END);
    CHECK(!items.first);
    run_fini(&run);
}

/* ---- errors ---- */

TEST(errors_have_openais_shape)
{
    const struct openai_error error = {.message = STR("no \"model\" (request id: 1)"),
                                       .code = STR("model_not_found")};
    struct arena a;
    struct str framed;

    arena_init(&a, 0);
    testing_check_json(&a, OWN->write_error(&a, 404, &error),
                       "{\"error\":{\"message\":\"no \\\"model\\\" (request id: 1)\",\"type\":"
                       "\"not_found_error\",\"param\":\"\",\"code\":\"model_not_found\"}}");
    framed = OWN->write_stream_error(&a, 404, &error);
    CHECK(str_starts(framed, STR("event: error\ndata: {\"type\":\"error\",")));
    CHECK(str_ends(framed, STR("}\n\n")));
    CHECK(str_has(framed, STR("\"error\":{\"type\":\"not_found_error\"")));
    arena_fini(&a);
}

TEST(an_endless_message_of_an_error_is_cut)
{
    enum { LONG = 2 << 20 };

    char *text = mem_alloc(LONG);
    struct arena a;
    const struct json *root;

    memset(text, '\1', LONG); /* the escapes are six times as long */
    arena_init(&a, 0);
    CHECK_EQ(json_read(
                 &a,
                 OWN->write_error(&a, 500, &(struct openai_error){.message = str_make(text, LONG)}),
                 JSON_DEPTH_DEFAULT, &root, NULL),
             ERR_OK);
    CHECK(str_ends(
        OWN->write_stream_error(&a, 500, &(struct openai_error){.message = str_make(text, LONG)}),
        STR("}}\n\n")));
    arena_fini(&a);
    mem_free(text);
}

TEST_MAIN(a_plain_answer_is_the_documented_sequence,
          the_response_echoes_the_request_and_has_everything_at_its_end,
          a_refusal_is_a_part_of_its_own, citations_and_logprobs_stand_in_the_text_they_belong_to,
          reasoning_is_a_summary_with_its_sealed_state, calls_in_turns_are_items_of_their_own,
          tools_get_the_names_that_the_client_gave_them,
          a_call_for_a_search_of_the_clients_is_its_own_item,
          the_input_of_a_custom_tool_streams_where_the_upstream_has_such,
          the_state_of_a_call_goes_before_it_and_comes_back_with_it,
          an_image_is_an_item_and_its_address_a_text,
          an_answer_that_was_cut_is_incomplete_in_its_last_item,
          an_end_without_finish_closes_what_is_open, only_the_first_of_several_answers_is_written,
          an_error_ends_the_response_that_was_begun, an_error_before_the_response_stands_alone,
          an_answer_too_large_to_repeat_ends_with_an_error,
          a_whole_answer_is_the_response_of_the_stream,
          the_items_of_an_answer_are_listed_at_its_end, an_answer_without_an_end_lists_no_items,
          errors_have_openais_shape, an_endless_message_of_an_error_is_cut)

/*
 * Answers of the Responses API as canonical events: streams in every manner that upstreams send
 * them, whole answers, errors. Each stream is read in one piece, in bytes, and cut anywhere.
 */
#include "dialect/arena_testing.h"
#include "dialect/chat_testing.h"

#define OWN (&dialect_openai_responses)

/* An event whose data is the JSON text. */
#define EV(json) "data: " json "\n\n"

#define CREATED                                                                                    \
    "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,"         \
    "\"response\":{\"id\":\"resp_1\",\"created_at\":1700000000.5,\"model\":\"gpt-5\"}}\n\n"
#define USAGE                                                                                      \
    "\"usage\":{\"input_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":4},"               \
    "\"output_tokens\":7,\"output_tokens_details\":{\"reasoning_tokens\":2},\"total_tokens\":17}"
#define COMPLETED                                                                                  \
    EV("{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"," USAGE "}}")
#define NUMBERS "\"prompt\":10,\"completion\":7,\"cached\":4,\"cache_write\":0,\"reasoning\":2"

static void check_cut(struct arena *a, struct str text, size_t cut, struct str want)
{
    const struct chat_answer *answer = testing_fold_stream(OWN, a, text, cut);

    CHECK(str_eq(testing_answer_text(a, answer), want));
}

static void check_stream(const char *stream, const char *want)
{
    struct str text = str_from(stream), got;

    got = testing_answer_text(&arena, testing_fold_stream(OWN, &arena, text, text.n));
    testing_check_json(&arena, got, want);
    for (size_t cut = 1; cut < text.n; cut++)
        check_cut(&arena, text, cut, got);
    check_cut(&arena, text, SIZE_MAX, got);
}

static void check_answer(const char *body, const char *want)
{
    testing_check_json(
        &arena, testing_answer_text(&arena, testing_fold_answer(OWN, &arena, str_from(body))),
        want);
}

/* ---- text ---- */

static const char hello[] =
    "{\"choices\":[{\"index\":0,\"parts\":[{\"text\":\"Hello\"}],\"finish\":\"stop\"}]," NUMBERS
    "}";

TEST(pieces_of_text_are_given_out_once)
{
    check_stream(
        CREATED EV("{\"type\":\"response.in_progress\",\"response\":{\"id\":\"resp_1\"}}")
            EV("{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":"
               "{\"type\":\"message\",\"content\":[]}}")
                EV("{\"type\":\"response.content_part.added\",\"output_index\":0,"
                   "\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\"}}")
                    EV("{\"type\":\"response.output_text.delta\",\"output_index\":0,"
                       "\"content_index\":0,\"delta\":\"Hel\"}")
                        EV("{\"type\":\"response.output_text.delta\",\"output_index\":0,"
                           "\"content_index\":0,\"delta\":\"lo\"}")
                            EV("{\"type\":\"response.output_text.done\",\"output_index\":0,"
                               "\"content_index\":0,\"text\":\"Hello\"}")
                                EV("{\"type\":\"response.output_item.done\",\"output_index\":0,"
                                   "\"item\":{\"type\":\"message\",\"role\":\"assistant\","
                                   "\"content\":[{\"type\":\"output_text\",\"text\":\"Hello\"}]}}")
                                    EV("{\"type\":\"keepalive\"}") COMPLETED "data: [DONE]\n\n",
        hello);
}

TEST(text_that_comes_only_when_it_is_done_is_given_out)
{
    check_stream(CREATED EV("{\"type\":\"response.output_text.done\",\"output_index\":0,"
                            "\"content_index\":0,\"text\":\"Hello\"}") COMPLETED,
                 hello);
    check_stream(CREATED EV("{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":"
                            "{\"type\":\"message\",\"content\":[{\"type\":\"output_text\","
                            "\"text\":\"Hello\"}]}}") COMPLETED,
                 hello);
    check_stream(EV("{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"output\":["
                    "{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":"
                    "\"Hello\"}]}]," USAGE "}}"),
                 hello);
}

/* Seen at one provider: the item has one part, the events call it the second. */
TEST(parts_that_are_numbered_otherwise_than_in_the_item_are_given_out_once)
{
    check_stream(
        CREATED EV("{\"type\":\"response.output_text.delta\",\"output_index\":1,"
                   "\"content_index\":1,\"delta\":\"Hello\"}")
            EV("{\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":{\"type\":"
               "\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"Hello\"}]}}")
                COMPLETED,
        hello);
}

TEST(a_refusal_is_told_from_text)
{
    check_stream(CREATED EV("{\"type\":\"response.refusal.delta\",\"output_index\":0,"
                            "\"content_index\":0,\"delta\":\"I \"}")
                     EV("{\"type\":\"response.refusal.delta\",\"output_index\":0,"
                        "\"content_index\":0,\"delta\":\"won't\"}")
                         EV("{\"type\":\"response.refusal.done\",\"output_index\":0,"
                            "\"content_index\":0,\"refusal\":\"I won't\"}") COMPLETED,
                 "{\"choices\":[{\"index\":0,\"parts\":[{\"refusal\":\"I won't\"}],"
                 "\"finish\":\"stop\"}]," NUMBERS "}");
}

TEST(citations_and_logprobs_come_with_the_text)
{
    check_stream(
        CREATED EV("{\"type\":\"response.output_text.delta\",\"output_index\":0,"
                   "\"content_index\":0,\"delta\":\"a\",\"logprobs\":[{\"token\":\"a\","
                   "\"logprob\":-1}]}")
            EV("{\"type\":\"response.output_text.annotation.added\",\"output_index\":0,"
               "\"annotation\":{\"type\":\"url_citation\",\"url\":\"https://x\","
               "\"start_index\":0,\"end_index\":1,\"title\":\"X\"}}")
                EV("{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":"
                   "\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"a\","
                   "\"annotations\":[{\"url\":\"https://x\"},{\"url\":\"https://y\"}]}]}}")
                    COMPLETED,
        "{\"choices\":[{\"index\":0,\"parts\":[{\"text\":\"a\"}],\"finish\":\"stop\","
        "\"citations\":2,\"logprobs\":[{\"token\":\"a\",\"logprob\":-1}]}]," NUMBERS "}");
}

/* ---- reasoning ---- */

TEST(summaries_are_parts_of_one_thought_with_its_state)
{
    check_stream(
        CREATED EV("{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":"
                   "{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[]}}")
            EV("{\"type\":\"response.reasoning_summary_text.delta\",\"output_index\":0,"
               "\"summary_index\":0,\"delta\":\"one\"}")
                EV("{\"type\":\"response.reasoning_summary_text.done\",\"output_index\":0,"
                   "\"summary_index\":0,\"text\":\"one\"}")
                    EV("{\"type\":\"response.reasoning_summary_text.delta\",\"output_index\":0,"
                       "\"summary_index\":1,\"delta\":\"two\"}")
                        EV("{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":"
                           "{\"type\":\"reasoning\",\"id\":\"rs_1\",\"encrypted_content\":\"ZW5j\","
                           "\"summary\":[{\"text\":\"one\"},{\"text\":\"two\"}]}}") COMPLETED,
        "{\"choices\":[{\"index\":0,\"parts\":[{\"reasoning\":\"one\\n\\ntwo\",\"origin\":1,"
        "\"state\":\"ZW5j\"}],\"finish\":\"stop\"}]," NUMBERS "}");
}

TEST(the_reasoning_itself_is_read_too)
{
    check_stream(CREATED EV("{\"type\":\"response.reasoning_text.delta\",\"output_index\":0,"
                            "\"content_index\":0,\"delta\":\"hm\"}")
                     EV("{\"type\":\"response.reasoning_text.done\",\"output_index\":0,"
                        "\"content_index\":0,\"text\":\"hm\"}")
                         EV("{\"type\":\"response.output_text.delta\",\"output_index\":1,"
                            "\"delta\":\"Hello\"}") COMPLETED,
                 "{\"choices\":[{\"index\":0,\"parts\":[{\"reasoning\":\"hm\"},"
                 "{\"text\":\"Hello\"}],\"finish\":\"stop\"}]," NUMBERS "}");
}

/* ---- calls ---- */

TEST(calls_in_turns_keep_their_arguments)
{
    check_stream(
        CREATED EV("{\"type\":\"response.output_item.added\",\"output_index\":3,\"item\":{\"type\":"
                   "\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c1\",\"name\":\"add\"}}")
            EV("{\"type\":\"response.output_item.added\",\"output_index\":5,\"item\":{\"type\":"
               "\"custom_tool_call\",\"call_id\":\"c2\",\"name\":\"patch\",\"input\":\"\"}}")
                EV("{\"type\":\"response.function_call_arguments.delta\",\"output_index\":3,"
                   "\"delta\":\"{\\\"a\\\"\"}")
                    EV("{\"type\":\"response.custom_tool_call_input.delta\",\"output_index\":5,"
                       "\"delta\":\"***\"}")
                        EV("{\"type\":\"response.function_call_arguments.delta\","
                           "\"output_index\":3,\"delta\":\":1}\"}")
                            EV("{\"type\":\"response.function_call_arguments.done\","
                               "\"output_index\":3,\"arguments\":\"{\\\"a\\\":1}\"}")
                                EV("{\"type\":\"response.custom_tool_call_input.done\","
                                   "\"output_index\":5,\"input\":\"***\"}") COMPLETED,
        "{\"choices\":[{\"index\":0,\"parts\":[{\"call\":\"\",\"id\":\"c1\",\"name\":\"add\","
        "\"arguments\":\"{\\\"a\\\":1}\"},{\"call\":\"\",\"id\":\"c2\",\"name\":\"patch\","
        "\"arguments\":\"***\"}],\"finish\":\"tool_calls\"}]," NUMBERS "}");
}

TEST(a_call_that_comes_only_when_it_is_done_is_given_out)
{
    check_stream(
        CREATED EV("{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":"
                   "\"function_call\",\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":\"\"}}")
            EV("{\"type\":\"response.function_call_arguments.done\",\"output_index\":0,"
               "\"arguments\":\"{\\\"x\\\":2}\"}")
                EV("{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":"
                   "\"function_call\",\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":"
                   "\"{\\\"x\\\":2}\"}}")
                    EV("{\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":"
                       "{\"type\":\"function_call\",\"call_id\":\"c2\",\"namespace\":\"fs\","
                       "\"name\":\"g\",\"arguments\":\"\"}}") COMPLETED,
        "{\"choices\":[{\"index\":0,\"parts\":[{\"call\":\"\",\"id\":\"c1\",\"name\":\"f\","
        "\"arguments\":\"{\\\"x\\\":2}\"},{\"call\":\"\",\"id\":\"c2\",\"ns\":\"fs\",\"name\":"
        "\"g\",\"arguments\":\"{}\"}],\"finish\":\"tool_calls\"}]," NUMBERS "}");
}

TEST(more_items_than_there_are_slots_are_read)
{
    struct sb sb;
    const struct chat_answer *answer;
    int n = 0;

    sb_init(&sb, TESTING_LIMIT);
    for (int i = 0; i < 100; i++)
        sb_fmt(&sb,
               EV("{\"type\":\"response.output_item.added\",\"output_index\":%d,\"item\":{\"type\":"
                  "\"function_call\",\"call_id\":\"c%d\",\"name\":\"f\"}}")
                   EV("{\"type\":\"response.function_call_arguments.delta\",\"output_index\":%d,"
                      "\"delta\":\"{}\"}"),
               i, i, i);
    answer = testing_fold_stream(OWN, &arena, sb_str(&sb), sb.n);
    for (const struct chat_part *p = answer->choices->parts.first; p; p = p->next) {
        CHECK_STR(p->call.arguments, "{}");
        n++;
    }
    CHECK_EQ(n, 100);
    sb_fini(&sb);
}

/* ---- what the provider did itself ---- */

TEST(searches_are_counted_and_images_given_out)
{
    static const char stream[] =
        CREATED EV("{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":"
                   "\"web_search_call\",\"action\":{\"type\":\"search\"}}}")
            EV("{\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":{\"type\":"
               "\"web_search_call\",\"action\":{\"type\":\"open_page\"}}}")
                EV("{\"type\":\"response.output_item.done\",\"output_index\":2,\"item\":{\"type\":"
                   "\"web_search_call\"}}")
                    EV("{\"type\":\"response.image_generation_call.partial_image\","
                       "\"output_index\":3,\"partial_image_b64\":\"ZHJhZnQ=\"}")
                        EV("{\"type\":\"response.output_item.done\",\"output_index\":3,\"item\":"
                           "{\"type\":\"image_generation_call\",\"output_format\":\"webp\","
                           "\"result\":\"aGk=\"}}") COMPLETED;
    struct usage used;

    used = testing_fold_stream(OWN, &arena, STR(stream), sizeof stream)->usage;
    CHECK_EQ(used.searches, 2);
    CHECK_EQ(used.drawn[USAGE_DRAWN_HIGH], 1); /* nothing says less */
    check_stream(stream, "{\"choices\":[{\"index\":0,\"parts\":[{\"image\":\"\",\"mime\":"
                         "\"image/webp\",\"data\":\"aGk=\"}],\"finish\":\"stop\"}]," NUMBERS "}");
}

TEST(images_are_counted_by_their_quality_and_size_and_searches_in_files_too)
{
#define DRAWN(quality, size)                                                                       \
    EV("{\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":{\"type\":"            \
       "\"image_generation_call\",\"result\":\"aGk=\",\"quality\":\"" quality                      \
       "\",\"size\":\"" size "\"}}")
    static const char stream[] =
        CREATED DRAWN("low", "1024x1024") DRAWN("low", "1024x1536") DRAWN("medium", "1536x1024")
            DRAWN("medium", "1024x1024") DRAWN("high", "1536x1024") DRAWN("auto", "auto")
                EV("{\"type\":\"response.output_item.done\",\"output_index\":2,\"item\":{\"type\":"
                   "\"image_generation_call\",\"status\":\"failed\",\"result\":null}}")
                    EV("{\"type\":\"response.output_item.done\",\"output_index\":3,\"item\":{"
                       "\"type\":\"file_search_call\",\"status\":\"completed\"}}") COMPLETED;
#undef DRAWN
    struct usage used;

    used = testing_fold_stream(OWN, &arena, STR(stream), sizeof stream)->usage;
    for (size_t i = 0; i < USAGE_DRAWN_KINDS; i++)
        CHECK_EQ(used.drawn[i], 1);
    CHECK_EQ(used.file_searches, 1);
    CHECK_EQ(used.searches, 0);
}

/* ---- ends ---- */

TEST(an_incomplete_response_says_why)
{
    check_stream(CREATED EV("{\"type\":\"response.incomplete\",\"response\":{"
                            "\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}}"),
                 "{\"choices\":[{\"index\":0,\"parts\":[],\"finish\":\"length\"}]}");
    check_stream(CREATED EV("{\"type\":\"response.incomplete\",\"response\":{"
                            "\"incomplete_details\":{\"reason\":\"content_filter\"}}}"),
                 "{\"choices\":[{\"index\":0,\"parts\":[],\"finish\":\"filter\"}]}");
}

static void check_failure(const char *stream, const char *message, int status, bool has_usage)
{
    struct str text = str_from(stream);
    const struct chat_answer *answer;

    answer = testing_fold_stream(OWN, &arena, text, text.n);
    CHECK(answer->has_error && !answer->has_end);
    CHECK_STR(answer->error.message, message);
    CHECK_EQ(answer->error_status, status);
    CHECK_EQ(answer->has_usage, has_usage);
}

TEST(a_failure_is_an_error_with_the_status_it_stands_for)
{
    check_failure(CREATED EV("{\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":"
                             "\"rate_limit_exceeded\",\"message\":\"slow\"}," USAGE "}}"),
                  "slow", 429, true);
    check_failure(EV("{\"type\":\"error\",\"code\":\"server_error\",\"message\":\"oops\"}"), "oops",
                  500, false);
    check_failure(EV("{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
                     "\"message\":\"bad\"}}"),
                  "bad", 400, false);
    check_failure(EV("{\"error\":{\"message\":\"busy\",\"code\":\"server_is_overloaded\"}}"),
                  "busy", 503, false);
    check_failure(EV("{\"error\":{\"message\":\"busy\",\"code\":502}}"), "busy", 502, false);
    check_failure("event: error\ndata: {\"message\":\"plain\"}\n\n", "plain", 500, false);
    check_failure(CREATED EV("{\"type\":\"response.failed\",\"response\":{}}"),
                  "the upstream ended the response without saying why", 500, false);
}

/* The last one counts: after an error nothing comes any more. */
TEST(an_error_is_given_out_once)
{
    check_failure(EV("{\"type\":\"error\",\"message\":\"first\"}")
                      EV("{\"type\":\"response.failed\",\"response\":{\"error\":{\"message\":"
                         "\"second\"}}}") COMPLETED,
                  "first", 500, false);
}

TEST(a_stream_that_stops_has_no_end)
{
    struct str text = STR(CREATED EV("{\"type\":\"response.output_text.delta\",\"delta\":\"x\"}"));
    const struct chat_answer *answer;

    answer = testing_fold_stream(OWN, &arena, text, text.n);
    CHECK(!answer->has_end && !answer->has_error);
    CHECK_EQ(answer->choices->finish, CHAT_FINISH_NONE);
    CHECK_STR(answer->id, "resp_1");
    CHECK_STR(answer->model, "gpt-5");
    CHECK_EQ(answer->created_s, 1700000000);
}

TEST(what_is_no_event_ends_the_reading)
{
    struct chat_fold *fold;

    fold = chat_fold_new(&arena, TESTING_LIMIT);
    CHECK(!testing_read_stream(OWN, &arena, STR("data: {\"type\":\n\n"), 100,
                               &(struct chat_sink){chat_fold_event, fold}));
    CHECK(!testing_read_stream(OWN, &arena, STR("data: 5\n\n"), 100,
                               &(struct chat_sink){chat_fold_event, fold}));
}

/* ---- whole answers ---- */

TEST(a_whole_answer_gives_the_same_events)
{
    check_answer(
        "{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"completed\",\"output\":["
        "{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\","
        "\"text\":\"hm\"}],\"encrypted_content\":\"ZW5j\"},"
        "{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","
        "\"text\":\"Hello\",\"annotations\":[{\"type\":\"file_citation\",\"filename\":\"a\"}],"
        "\"logprobs\":[{\"token\":\"Hello\"}]},{\"type\":\"refusal\",\"refusal\":\"no\"}]},"
        "{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"text\":\"not ours\"}]},"
        "{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":\"{}\"},"
        "{\"type\":\"custom_tool_call\",\"call_id\":\"c2\",\"name\":\"g\",\"input\":\"x\"}],"
        "\"error\":null," USAGE "}",
        "{\"choices\":[{\"index\":0,\"parts\":[{\"reasoning\":\"hm\",\"origin\":1,\"state\":"
        "\"ZW5j\"},{\"text\":\"Hello\"},{\"refusal\":\"no\"},{\"call\":\"\",\"id\":\"c1\","
        "\"name\":\"f\",\"arguments\":\"{}\"},{\"call\":\"\",\"id\":\"c2\",\"name\":\"g\","
        "\"arguments\":\"x\"}],\"finish\":\"tool_calls\",\"citations\":1,\"logprobs\":"
        "[{\"token\":\"Hello\"}]}]," NUMBERS "}");
}

TEST(a_whole_answer_ends_as_its_status_says)
{
    check_answer("{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":"
                 "\"max_output_tokens\"},\"output\":[]}",
                 "{\"choices\":[{\"index\":0,\"parts\":[],\"finish\":\"length\"}]}");
    check_answer("{\"status\":\"failed\",\"error\":{\"message\":\"oops\"},\"output\":[]}",
                 "{\"choices\":[],\"error\":\"oops\"}");
    check_answer("{\"error\":{\"message\":\"oops\",\"code\":429}}",
                 "{\"choices\":[],\"error\":\"oops\"}");
}

TEST(what_is_no_answer_is_refused)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "{}",
        "{\"output\":{}}",
        "{\"object\":\"chat.completion\",\"choices\":[]}",
        "{\"status\":\"queued\",\"output\":[]}",
    };

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct chat_fold *fold;

        fold = chat_fold_new(&arena, TESTING_LIMIT);
        CHECK_EQ(OWN->read_answer(&arena, str_from(bodies[i]),
                                  &(struct chat_sink){chat_fold_event, fold}, NULL),
                 ERR_UPSTREAM_BODY);
    }
}

static void count_others(void *ctx, const struct chat_event *event)
{
    *(int *)ctx += event->kind == CHAT_EVENT_OTHER;
}

/* The relay has to know that there is an answer, even if only clients of this API can read it. */
TEST(tools_that_only_this_api_has_are_content)
{
    static const char item[] = "{\"type\":\"apply_patch_call\",\"id\":\"a\",\"call_id\":\"c\"}";
    int streamed = 0, whole = 0;

    CHECK(testing_read_stream(
        OWN, &arena,
        arena_fmt(&arena,
                  EV("{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":%s}"),
                  item),
        0, &(struct chat_sink){count_others, &streamed}));
    CHECK_EQ(streamed, 1);
    CHECK_EQ(OWN->read_answer(&arena,
                              arena_fmt(&arena, "{\"status\":\"completed\",\"output\":[%s]}", item),
                              &(struct chat_sink){count_others, &whole}, NULL),
             ERR_OK);
    CHECK_EQ(whole, 1);
}

ARENA_TEST_MAIN(pieces_of_text_are_given_out_once,
                text_that_comes_only_when_it_is_done_is_given_out,
                parts_that_are_numbered_otherwise_than_in_the_item_are_given_out_once,
                a_refusal_is_told_from_text, citations_and_logprobs_come_with_the_text,
                summaries_are_parts_of_one_thought_with_its_state, the_reasoning_itself_is_read_too,
                calls_in_turns_keep_their_arguments,
                a_call_that_comes_only_when_it_is_done_is_given_out,
                more_items_than_there_are_slots_are_read, searches_are_counted_and_images_given_out,
                images_are_counted_by_their_quality_and_size_and_searches_in_files_too,
                an_incomplete_response_says_why,
                a_failure_is_an_error_with_the_status_it_stands_for, an_error_is_given_out_once,
                a_stream_that_stops_has_no_end, what_is_no_event_ends_the_reading,
                a_whole_answer_gives_the_same_events, a_whole_answer_ends_as_its_status_says,
                what_is_no_answer_is_refused, tools_that_only_this_api_has_are_content)

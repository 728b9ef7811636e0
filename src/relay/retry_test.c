/* Which failures are tried again, and where: statuses by option, the keys of one channel; and what
 * of the request reaches the upstream's address. */
#include "base/test.h"
#include "relay/relay_fixture.h"

static const char chat[] = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";
static const char path[] = "/v1/chat/completions";
static const char good[] = "{\"choices\":[{\"message\":{\"content\":\"hi\"},\"finish_reason\":"
                           "\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}";

static int call(struct relay_fixture *f)
{
    return relay_fixture_status(relay_fixture_post(f, path, chat));
}

/* Only the key k-three is good. */
static void want_key_three(struct relay_fixture_call *c)
{
    if (str_has(c->head, STR("Bearer k-three")))
        relay_fixture_json(c, 200, good);
    else
        relay_fixture_json(c, 429, "{\"error\":{\"message\":\"slow down\"}}");
}

static struct relay_fixture *several_keys(const char *mode)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, want_key_three, NULL);
    relay_fixture_sql(f, arena_fmt(&f->arena,
                                   "UPDATE channels SET key=replace('k-one k-two k-three', ' ', "
                                   "char(10)), channel_info='{\"is_multi_key\":true,"
                                   "\"multi_key_mode\":\"%s\"}'",
                                   mode)
                             .p);
    return f;
}

TEST(a_channel_with_several_keys_is_tried_again_with_another_key)
{
    static const char *const modes[] = {"polling", "random"};

    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct relay_fixture *f = several_keys(modes[i]);

        relay_fixture_publish(f, "RetryTimes", "2", NULL);
        for (int k = 0; k < 8; k++)
            CHECK_EQ(call(f), 200); /* three keys, three tries: the good one is among them */
        relay_fixture_check_books(f);
        CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE json_extract(other,"
                                         "'$.admin_info.multi_key_index')=2"),
                 8);
        relay_fixture_free(f);
    }
}

TEST(each_key_is_tried_once_and_another_channel_comes_before_another_key)
{
    struct relay_fixture *f = several_keys("polling");

    relay_fixture_publish(f, "RetryTimes", "9", NULL);
    relay_fixture_sql(f, "UPDATE channels SET key=replace('k-one k-two', ' ', char(10)), "
                         "priority=5");
    relay_fixture_publish(f, "RetryTimes", "9", NULL);
    CHECK_EQ(call(f), 429);
    CHECK_EQ(f->requests, 2);
    relay_fixture_add_channel(f, &(struct channel){.key = secret_make(STR("k-three"))});
    relay_fixture_publish(f, "RetryTimes", "9", NULL);
    CHECK_EQ(call(f), 200);
    CHECK_EQ(f->requests, 4);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

static void status_then_good(struct relay_fixture_call *c)
{
    if (c->channel == 0)
        relay_fixture_json(c, *(const int *)c->ctx, "{\"error\":{\"message\":\"no\"}}");
    else
        relay_fixture_json(c, 200, good);
}

TEST(the_statuses_that_are_tried_again_are_the_operators_choice)
{
    static const struct {
        int status;
        const char *ranges;
        int answer;
        unsigned requests;
    } cases[] = {{400, "400", 200, 2},          {404, "500-599", 404, 1},
                 {502, "400-499, 502", 200, 2}, {503, "", 503, 1},
                 {504, "504", 504, 1},          {524, "100-599", 524, 1},
                 {500, "not,ranges", 200, 2}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct relay_fixture *f = relay_fixture_new(NULL);

        relay_fixture_sql(f, "UPDATE channels SET priority=9");
        relay_fixture_add_channel(f, &(struct channel){0});
        relay_fixture_publish(f, "RetryTimes", "1", "AutomaticRetryStatusCodes", cases[i].ranges,
                              NULL);
        relay_fixture_script(f, status_then_good, &cases[i].status);
        CHECK_EQ(call(f), cases[i].answer);
        CHECK_EQ(f->requests, cases[i].requests);
        relay_fixture_check_books(f);
        relay_fixture_free(f);
    }
}

TEST(the_statuses_that_switch_a_channel_off_are_the_operators_choice)
{
    static const int status = 402;
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, status_then_good, &status);
    relay_fixture_sql(f, "UPDATE channels SET auto_ban=1");
    relay_fixture_publish(f, "AutomaticDisableChannelEnabled", "true",
                          "AutomaticDisableStatusCodes", "401-403", NULL);
    CHECK_EQ(call(f), 402);
    relay_fixture_wait(f, RELAY_FIXTURE_MARKS - 1);
    CHECK_EQ(relay_fixture_number(f, "SELECT status FROM channels"), CHANNEL_AUTO_DISABLED);
    relay_fixture_free(f);
}

static void always_good(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200, good);
}

TEST(the_query_goes_along)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, always_good, NULL);
    CHECK_EQ(
        relay_fixture_status(relay_fixture_post(f, "/v1/chat/completions?beta=true&x=%20y", chat)),
        200);
    CHECK(strstr(f->seen_head[0], "POST /0/v1/chat/completions?beta=true&x=%20y HTTP/1.1") != NULL);
    relay_fixture_free(f);
}

/* Sent unmapped, a request would reach another model than the one that the operator meant. */
TEST(a_mapping_that_cannot_be_read_is_told)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, always_good, NULL);
    relay_fixture_sql(f, "UPDATE channels SET model_mapping='{\"m\":\"real\"'");
    relay_fixture_publish(f, NULL);
    const char *reply = relay_fixture_post(f, path, chat);
    CHECK_EQ(relay_fixture_status(reply), 500);
    CHECK(strstr(reply, "\"code\":\"model_mapped_error\"") != NULL);
    CHECK(strstr(reply, "unmarshal_model_mapping_failed") != NULL);
    CHECK_EQ(f->requests, 0);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(a_batch_of_prompts_needs_money_for_all_its_answers)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    static const char batch[] = "{\"model\":\"m\",\"prompt\":[\"a\",\"b\",\"c\",\"d\"],"
                                "\"max_tokens\":1000,\"best_of\":2}";
    const char *reply;

    relay_fixture_script(f, always_good, NULL);
    relay_fixture_sql(f, "UPDATE users SET quota=7000");
    reply = relay_fixture_post(f, "/v1/completions", batch);
    CHECK_EQ(relay_fixture_status(reply), 403);
    CHECK(strstr(reply, "need quota: 80") != NULL);
    relay_fixture_sql(f, "UPDATE users SET quota=9000");
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, "/v1/completions", batch)), 200);
    relay_fixture_free(f);
}

/* One answer of the batch is finished, the other is not: the stream that ends there was cut. */
static void cut_batch(struct relay_fixture_call *c)
{
    relay_fixture_send(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                          "Content-Length: 100000\r\n\r\n"
                          "data: {\"choices\":[{\"index\":0,\"text\":\"a\",\"finish_reason\":"
                          "\"stop\"}]}\n\n");
}

TEST(a_batch_that_breaks_behind_its_first_answer_is_not_complete)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *body;

    relay_fixture_script(f, cut_batch, NULL);
    body = relay_fixture_body(
        f, relay_fixture_post(f, "/v1/completions",
                              "{\"model\":\"m\",\"prompt\":[\"a\",\"b\"],\"stream\":true}"));
    CHECK(strstr(body, "[DONE]") == NULL);
    CHECK(strstr(body, "\"code\":\"upstream_cut\"") != NULL);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

static void empty_first(struct relay_fixture_call *c)
{
    const char *event = c->ctx;

    if (c->channel != 0) {
        relay_fixture_json(c, 200, good);
    } else if (strstr(event, "data: ")) {
        relay_fixture_stream(c);
        relay_fixture_send(c, event);
    } else {
        relay_fixture_json(c, 200, event);
    }
}

/* Sends what the first channel answers; gives the number of channels that were asked. */
static unsigned asked(const char *first, bool stream)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    unsigned n;

    relay_fixture_sql(f, "UPDATE channels SET priority=9");
    relay_fixture_add_channel(f, &(struct channel){0});
    relay_fixture_publish(f, "RetryTimes", "1", NULL);
    relay_fixture_script(f, empty_first, first);
    CHECK_EQ(relay_fixture_status(relay_fixture_post(
                 f, path, stream ? "{\"model\":\"m\",\"stream\":true,\"messages\":[{}]}" : chat)),
             200);
    relay_fixture_check_books(f);
    n = f->requests;
    relay_fixture_free(f);
    return n;
}

#define ROLE_EVENT                                                                                 \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
#define FINISH_EVENT(why)                                                                          \
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" why "\"}]}\n\n"
#define USAGE_EVENT(n)                                                                             \
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":" n "}}\n\n"
#define EMPTY_ANSWER(why, usage)                                                                   \
    "{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"" why "\"}]" usage "}"

TEST(an_answer_without_any_content_is_asked_for_elsewhere)
{
    CHECK_EQ(asked(EMPTY_ANSWER("stop", ""), false), 2);
    CHECK_EQ(asked(EMPTY_ANSWER("stop", ",\"usage\":{\"prompt_tokens\":9}"), false), 2);
    CHECK_EQ(asked(EMPTY_ANSWER("stop", ""), true), 2);
    CHECK_EQ(asked(ROLE_EVENT FINISH_EVENT("stop") "data: [DONE]\n\n", true), 2);
    CHECK_EQ(asked(ROLE_EVENT FINISH_EVENT("stop"), true), 2);
    CHECK_EQ(asked(ROLE_EVENT FINISH_EVENT("stop") USAGE_EVENT("0") "data: [DONE]\n\n", true), 2);
}

TEST(an_empty_answer_that_cost_something_or_says_why_is_an_answer)
{
    CHECK_EQ(asked(EMPTY_ANSWER("stop", ",\"usage\":{\"completion_tokens\":3}"), false), 1);
    CHECK_EQ(asked(EMPTY_ANSWER("content_filter", ""), false), 1);
    CHECK_EQ(asked(ROLE_EVENT FINISH_EVENT("stop") USAGE_EVENT("3") "data: [DONE]\n\n", true), 1);
    CHECK_EQ(asked(ROLE_EVENT FINISH_EVENT("length") "data: [DONE]\n\n", true), 1);
}

TEST_MAIN(a_channel_with_several_keys_is_tried_again_with_another_key,
          each_key_is_tried_once_and_another_channel_comes_before_another_key,
          the_statuses_that_are_tried_again_are_the_operators_choice,
          the_statuses_that_switch_a_channel_off_are_the_operators_choice, the_query_goes_along,
          a_mapping_that_cannot_be_read_is_told, a_batch_of_prompts_needs_money_for_all_its_answers,
          a_batch_that_breaks_behind_its_first_answer_is_not_complete,
          an_answer_without_any_content_is_asked_for_elsewhere,
          an_empty_answer_that_cost_something_or_says_why_is_an_answer)

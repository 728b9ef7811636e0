/* Realtime sessions: what is charged when, and who is told what. */
#include "relay/realtime.h"

#include "relay/realtime_testing.h"

/* ---- tests ---- */

TEST(a_response_is_charged_before_its_end_is_seen)
{
    static const char *const script[] = {DONE, DONE, NULL};
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct line client;

    relay_fixture_script(f, play, script);
    open_client(f, &client);
    for (int i = 1; i <= 2; i++) {
        relay_fixture_set(f, GO_ON);
        assert_string_equal(line_hear(&f->arena, &client), DONE);
        CHECK_EQ(rows(f), i); /* the session is still open */
    }
    close_client(f, &client);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT SUM(quota) FROM logs"), 2 * USUAL);
    relay_fixture_free(f);
}

/* intent=transcription in the query is not the only way to say so. */
TEST(a_session_that_turns_out_to_transcribe_is_charged_for_that)
{
#define TRANSCRIBED                                                                                \
    "{\"type\":\"conversation.item.input_audio_transcription.completed\",\"usage\":{"              \
    "\"input_tokens\":100,\"output_tokens\":50}}"
    static const char *const script[] = {
        TRANSCRIBED, "{\"type\":\"session.updated\",\"session\":{\"type\":\"transcription\"}}",
        TRANSCRIBED, NULL};
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct line client;

    relay_fixture_script(f, play, script);
    open_client(f, &client);
    for (size_t i = 0; script[i]; i++) {
        relay_fixture_set(f, GO_ON);
        assert_string_equal(line_hear(&f->arena, &client), script[i]);
    }
    close_client(f, &client);
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), 1); /* the first was made beside a conversation */
    CHECK_EQ(relay_fixture_number(f, "SELECT quota FROM logs"), USUAL);
    relay_fixture_free(f);
}

TEST(a_session_in_which_nothing_was_made_costs_nothing)
{
    static const char *const script[] = {
        "{\"type\":\"response.created\"}",
        "{\"type\":\"response.done\",\"response\":{\"status\":\"failed\"}}", NULL};
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct line client;

    relay_fixture_script(f, play, script);
    open_client(f, &client);
    line_say(&client, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"AAAA\"}");
    for (int i = 0; i < 2; i++) {
        relay_fixture_set(f, GO_ON);
        (void)line_hear(&f->arena, &client);
    }
    close_client(f, &client);
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), 0);
    relay_fixture_free(f);
}

TEST(a_response_that_is_cut_is_charged_for_what_came)
{
    static const char *const script[] = {
        "{\"type\":\"response.created\"}",
        "{\"type\":\"response.output_text.delta\",\"delta\":\"some words of an answer\"}", NULL};
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct line client;

    relay_fixture_script(f, play, script);
    open_client(f, &client);
    for (int i = 0; i < 2; i++) {
        relay_fixture_set(f, GO_ON);
        (void)line_hear(&f->arena, &client);
    }
    close_client(f, &client);
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), 1);
    CHECK(relay_fixture_number(f, "SELECT completion_tokens FROM logs") > 0);
    assert_string_equal(
        relay_fixture_cell(f, "SELECT json_extract(other,'$.stream_status.end_reason') FROM logs"),
        "client_gone");
    relay_fixture_free(f);
}

TEST(who_cannot_pay_another_response_is_told_and_left)
{
    static const char *const script[] = {DONE, NULL};
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct line client;

    leave_points(f, 500 + USUAL - 1); /* 500: what is reserved where no maximum is known */
    relay_fixture_script(f, play, script);
    open_client(f, &client);
    relay_fixture_set(f, GO_ON);
    assert_string_equal(line_hear(&f->arena, &client), DONE);
    CHECK(str_has(str_from(line_hear(&f->arena, &client)), STR("pre_consume_token_quota_failed")));
    assert_string_equal(line_hear(&f->arena, &client), "closed 1008");
    close_client(f, &client);
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), 1);
    relay_fixture_free(f);
}

TEST(a_session_whose_price_is_paid_needs_no_more_than_that)
{
    static const char *const script[] = {DONE, DONE, DONE, NULL};
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct line client;

    relay_fixture_publish(f, "ModelPrice", "{\"m\":0.001}", NULL); /* 500 points */
    leave_points(f, 500 + 499);
    relay_fixture_script(f, play, script);
    open_client(f, &client);
    for (int i = 0; i < 3; i++) {
        relay_fixture_set(f, GO_ON);
        assert_string_equal(line_hear(&f->arena, &client), DONE);
    }
    close_client(f, &client);
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), 3);
    CHECK_EQ(relay_fixture_number(f, "SELECT SUM(quota) FROM logs"), 500);
    relay_fixture_free(f);
}

TEST(a_top_up_during_the_session_is_found)
{
    static const char *const script[] = {DONE, DONE, NULL};
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct line client;

    leave_points(f, 500 + USUAL - 1);
    relay_fixture_script(f, play, script);
    open_client(f, &client);
    relay_fixture_sql(f, "UPDATE tokens SET remain_quota=remain_quota+1000");
    for (int i = 0; i < 2; i++) {
        relay_fixture_set(f, GO_ON);
        assert_string_equal(line_hear(&f->arena, &client), DONE);
    }
    close_client(f, &client);
    CHECK_EQ(rows(f), 2);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(a_client_may_leave_while_its_balance_is_looked_up)
{
    static const char *const script[] = {DONE, NULL};
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct plugs plugs;
    struct line client;

    leave_points(f, 500 + USUAL - 1);
    relay_fixture_script(f, play, script);
    open_client(f, &client);
    plug_in(f, &plugs);
    relay_fixture_set(f, GO_ON);
    assert_string_equal(line_hear(&f->arena, &client), DONE);
    close_client(f, &client); /* returns when the upstream was closed, too */
    unplug(&plugs);
    relay_fixture_check_books(f); /* waits for the exchange */
    CHECK_EQ(rows(f), 1);
    relay_fixture_free(f); /* ends the pool, which looks at the plugs until then */
    plugs_fini(&plugs);
}

/* ---- the client leaves in the middle of a response ---- */

#define CANCEL "{\"type\":\"response.cancel\"}"

struct ending {
    const char *begin;  /* what the client hears before it leaves; NULL: it only asks */
    const char *answer; /* to the cancelling; NULL: none */
    bool dies;          /* instead of waiting for the end */
};

/* Begins a response; when it is cancelled, ends it as ctx says. */
static void end_as_told(struct relay_fixture_call *c)
{
    const struct ending *e = c->ctx;
    struct line l;
    struct arena a;

    arena_init(&a, 0);
    open_up(c, &l);
    if (e->begin) {
        line_say(&l, "{\"type\":\"response.created\"}");
        line_say(&l, e->begin);
    } else {
        assert_string_equal(line_hear(&a, &l), "{\"type\":\"response.create\"}");
        relay_fixture_set(c->fixture, GO_ON);
    }
    assert_string_equal(line_hear(&a, &l), CANCEL);
    if (e->answer)
        line_say(&l, e->answer);
    if (e->dies) {
        websocket_free(l.frames);
        relay_fixture_set(c->fixture, OVER);
    } else {
        close_up(c, &l);
    }
    arena_fini(&a);
}

static void drain_for_a_moment(struct relay_conf *conf)
{
    conf->drain_ms = 50;
}

static struct relay_fixture *leave(const struct ending *e)
{
    struct relay_fixture *f = relay_fixture_new(e->answer ? NULL : drain_for_a_moment);
    struct line client;

    relay_fixture_script(f, end_as_told, e);
    open_client(f, &client);
    if (e->begin) {
        (void)line_hear(&f->arena, &client);
        assert_string_equal(line_hear(&f->arena, &client), e->begin);
    } else {
        line_say(&client, "{\"type\":\"response.create\"}");
        relay_fixture_wait(f, GO_ON);
    }
    close_client(f, &client);
    relay_fixture_check_books(f);
    return f;
}

#define SOME_WORDS "{\"type\":\"response.output_text.delta\",\"delta\":\"some words of an answer\"}"

static void check_left(struct relay_fixture *f)
{
    assert_string_equal(
        relay_fixture_cell(f, "SELECT json_extract(other,'$.stream_status.end_reason') FROM logs"),
        "client_gone");
    relay_fixture_free(f);
}

TEST(the_usage_of_a_response_that_was_left_is_waited_for_and_charged_once)
{
    static const struct ending endings[] = {
        {SOME_WORDS, DONE, false}, {SOME_WORDS, DONE, true}, {NULL, DONE, false}};

    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        struct relay_fixture *f = leave(&endings[i]);

        CHECK_EQ(rows(f), 1);
        CHECK_EQ(relay_fixture_number(f, "SELECT quota FROM logs"), USUAL);
        check_left(f);
    }
}

TEST(an_upstream_that_does_not_tell_the_usage_is_not_waited_for_for_long)
{
    static const struct ending silent = {SOME_WORDS, NULL, false}, dead = {SOME_WORDS, NULL, true};
    const struct ending *const endings[] = {&silent, &dead};

    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        struct relay_fixture *f = leave(endings[i]);

        CHECK_EQ(rows(f), 1);
        CHECK(relay_fixture_number(f, "SELECT completion_tokens FROM logs") > 0);
        CHECK(relay_fixture_number(f, "SELECT completion_tokens FROM logs") < 50);
        check_left(f);
    }
}

TEST(a_response_that_never_began_costs_who_left_nothing)
{
    static const struct ending refused = {
        NULL, "{\"type\":\"error\",\"error\":{\"code\":\"response_cancel_not_active\"}}", false};
    struct relay_fixture *f = leave(&refused);

    CHECK_EQ(rows(f), 0);
    relay_fixture_free(f);
}

/* ---- before it is open ---- */

static void refuse(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 503, "{\"error\":{\"message\":\"later\"}}");
}

static void refuse_or_play(struct relay_fixture_call *c)
{
    if (c->channel == 1)
        play(c);
    else
        refuse(c);
}

TEST(an_upstream_that_refuses_the_handshake_is_followed_by_another)
{
    static const char *const script[] = {DONE, NULL};
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct line client;

    relay_fixture_add_channel(f, &(struct channel){0});
    relay_fixture_sql(f, "UPDATE abilities SET priority=1 WHERE channel_id=1");
    relay_fixture_publish(f, "RetryTimes", "3", NULL);
    relay_fixture_script(f, refuse_or_play, script);
    open_client(f, &client);
    relay_fixture_set(f, GO_ON);
    assert_string_equal(line_hear(&f->arena, &client), DONE);
    close_client(f, &client);
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), 1);
    relay_fixture_free(f);
}

static void answer_a_page(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200, "{\"choices\":[{\"message\":{\"content\":\"hi\"}}]}");
}

TEST(an_upstream_that_answers_with_a_page_is_a_failure)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *reply;

    relay_fixture_script(f, answer_a_page, NULL);
    struct line l;

    line_init(&l, relay_fixture_dial(f), WEBSOCKET_CLIENT);
    line_write(&l, STR("GET /v1/realtime?model=m HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
                       "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "\r\n\r\n"));
    reply = relay_fixture_read(f, l.fd, "}}");
    CHECK_EQ(relay_fixture_status(reply), 502);
    CHECK(strstr(reply, "bad_response_body") != NULL);
    close(l.fd);
    websocket_free(l.frames);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST_MAIN(a_response_is_charged_before_its_end_is_seen,
          a_session_that_turns_out_to_transcribe_is_charged_for_that,
          a_session_in_which_nothing_was_made_costs_nothing,
          a_response_that_is_cut_is_charged_for_what_came,
          who_cannot_pay_another_response_is_told_and_left,
          a_session_whose_price_is_paid_needs_no_more_than_that,
          a_top_up_during_the_session_is_found, a_client_may_leave_while_its_balance_is_looked_up,
          the_usage_of_a_response_that_was_left_is_waited_for_and_charged_once,
          an_upstream_that_does_not_tell_the_usage_is_not_waited_for_for_long,
          a_response_that_never_began_costs_who_left_nothing,
          an_upstream_that_refuses_the_handshake_is_followed_by_another,
          an_upstream_that_answers_with_a_page_is_a_failure)

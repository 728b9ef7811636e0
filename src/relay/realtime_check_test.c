/* What is looked at before each response of a realtime session, and what of the client's does not
 * go to the upstream. */
#include "relay/realtime_testing.h"

#define CREATE "{\"type\":\"response.create\"}"

/* ---- an upstream that answers ---- */

/* Answers each response.create with a whole response and anything else with itself, until the relay
 * closes. */
static void converse(struct relay_fixture_call *c)
{
    struct line l;
    struct arena a;
    const char *text;

    arena_init(&a, 0);
    open_up(c, &l);
    while (strncmp(text = line_hear(&a, &l), "closed", 6) != 0 && strcmp(text, "cut") != 0) {
        if (!strstr(text, "\"response.create\"")) {
            line_say(&l, text);
            continue;
        }
        line_say(&l, "{\"type\":\"response.created\"}");
        line_say(&l, DONE);
    }
    websocket_free(l.frames);
    arena_fini(&a);
    relay_fixture_set(c->fixture, OVER);
}

static struct relay_fixture *start(struct line *client)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, converse, NULL);
    open_client(f, client);
    return f;
}

#define HEARS(f, client, text) assert_string_equal(line_hear(&(f)->arena, client), text)

static void hear_response(struct relay_fixture *f, struct line *client)
{
    HEARS(f, client, "{\"type\":\"response.created\"}");
    HEARS(f, client, DONE);
}

/* The session ends with an error of this code, and nothing else is heard. */
static void hear_end(struct relay_fixture *f, struct line *client, const char *code,
                     const char *closed)
{
    const char *error = line_hear(&f->arena, client);

    check_has(error, "\"type\":\"error\"");
    check_has(error, arena_fmt(&f->arena, "\"code\":\"%s\"", code).p);
    HEARS(f, client, closed);
}

static void finish(struct relay_fixture *f, struct line *client, int64_t responses)
{
    close_client(f, client);
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), responses);
    relay_fixture_free(f);
}

/* ---- the account ---- */

static const struct {
    const char *sql, *code;
} changes[] = {
    {"UPDATE tokens SET status=2", "invalid_api_key"},
    {"UPDATE tokens SET status=4", "invalid_api_key"},
    {"UPDATE tokens SET expired_time=1700000000", "invalid_api_key"},
    {"UPDATE tokens SET deleted_at='2026-01-01 00:00:00'", "invalid_api_key"},
    {"UPDATE users SET status=2", "access_denied"},
    {"UPDATE users SET deleted_at='2026-01-01 00:00:00'", "invalid_api_key"},
    {"UPDATE tokens SET model_limits_enabled=1,model_limits='m2'", "access_denied"},
    {"UPDATE tokens SET allow_ips='10.9.8.7'", "access_denied"},
};

TEST(who_may_not_go_on_is_told_so_at_the_next_response)
{
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct line client;
        struct relay_fixture *f = start(&client);

        line_say(&client, CREATE);
        hear_response(f, &client);
        relay_fixture_sql(f, changes[i].sql);
        line_say(&client, CREATE);
        hear_end(f, &client, changes[i].code, "closed 1008");
        finish(f, &client, 1);
    }
}

TEST(a_response_that_nobody_asked_for_is_the_last_one_all_the_same)
{
    static const char *const script[] = {DONE, NULL};

    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct line client;
        struct relay_fixture *f = relay_fixture_new(NULL);

        relay_fixture_script(f, play, script);
        open_client(f, &client);
        relay_fixture_sql(f, changes[i].sql);
        relay_fixture_set(f, GO_ON);
        HEARS(f, &client, DONE); /* it was held before, and is paid */
        hear_end(f, &client, changes[i].code, "closed 1008");
        finish(f, &client, 1);
    }
}

TEST(a_token_expires_in_mid_session_by_the_clock)
{
    struct line client;
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_sql(f, "UPDATE tokens SET expired_time=1700003760"); /* in a minute */
    relay_fixture_script(f, converse, NULL);
    open_client(f, &client);
    line_say(&client, CREATE);
    hear_response(f, &client);
    f->clock.us += 61000000;
    line_say(&client, CREATE);
    hear_end(f, &client, "invalid_api_key", "closed 1008");
    finish(f, &client, 1);
}

TEST(other_changes_of_the_account_do_no_harm)
{
    struct line client;
    struct relay_fixture *f = start(&client);

    for (int i = 0; i < 3; i++) {
        line_say(&client, CREATE);
        hear_response(f, &client);
        relay_fixture_sql(f, "UPDATE tokens SET name=name||'x'");
        relay_fixture_sql(f, "UPDATE users SET display_name='other'");
    }
    finish(f, &client, 3);
}

/* ---- what is waited for ---- */

TEST(while_the_account_is_looked_up_the_client_waits_and_loses_nothing)
{
    struct line client;
    struct relay_fixture *f = start(&client);
    struct plugs plugs;

    relay_fixture_sql(f, "UPDATE tokens SET name='renamed'"); /* so that it is not in memory */
    plug_in(f, &plugs);
    line_say(&client, CREATE);
    line_say(&client, "{\"type\":\"second\"}");
    line_say(&client, "{\"type\":\"third\"}");
    relay_fixture_turn(f);
    unplug(&plugs);
    hear_response(f, &client);
    HEARS(f, &client, "{\"type\":\"second\"}");
    HEARS(f, &client, "{\"type\":\"third\"}");
    finish(f, &client, 1);
    plugs_fini(&plugs);
}

TEST(a_response_is_not_begun_before_it_is_reserved)
{
    struct line client;
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct plugs plugs;

    leave_points(f, 500 + USUAL - 1); /* 500: what is reserved where no maximum is known */
    relay_fixture_script(f, converse, NULL);
    open_client(f, &client);
    plug_in(f, &plugs);
    line_say(&client, CREATE);
    hear_response(f, &client);
    line_say(&client, "{\"type\":\"first\"}"); /* the balance is looked up now */
    line_say(&client, CREATE);
    relay_fixture_turn(f);
    unplug(&plugs);
    hear_end(f, &client, "pre_consume_token_quota_failed", "closed 1008");
    finish(f, &client, 1);
    plugs_fini(&plugs);
}

TEST(a_client_may_leave_while_its_account_is_looked_up)
{
    struct line client;
    struct relay_fixture *f = start(&client);
    struct plugs plugs;

    relay_fixture_sql(f, "UPDATE tokens SET name='renamed'");
    plug_in(f, &plugs);
    line_say(&client, CREATE);
    relay_fixture_turn(f);
    shutdown(client.fd, SHUT_RDWR);
    relay_fixture_turn(f);
    unplug(&plugs);
    finish(f, &client, 1); /* it had asked before it left */
    plugs_fini(&plugs);
}

/* ---- the channel ---- */

TEST(a_session_ends_when_its_channel_is_switched_off)
{
    static const char *const sqls[] = {"UPDATE channels SET status=2", "DELETE FROM channels",
                                       "UPDATE channels SET \"key\"='sk-another'"};

    for (size_t i = 0; i < ARRAY_LEN(sqls); i++) {
        struct line client;
        struct relay_fixture *f = start(&client);

        line_say(&client, CREATE);
        hear_response(f, &client);
        close_client(f, &client);
        relay_fixture_check_books(f);
        open_client(f, &client);
        relay_fixture_sql(f, sqls[i]);
        relay_fixture_publish(f, NULL);
        line_say(&client, CREATE);
        hear_end(f, &client, "service_unavailable", "closed 1001");
        close_client(f, &client);
        CHECK_EQ(rows(f), 1);
        relay_fixture_free(f);
    }
}

TEST(other_changes_of_the_configuration_do_no_harm)
{
    struct line client;
    struct relay_fixture *f = start(&client);

    relay_fixture_add_channel(f, &(struct channel){0});
    relay_fixture_sql(f, "UPDATE channels SET name='renamed',models='other'");
    relay_fixture_publish(f, "RetryTimes", "3", NULL);
    line_say(&client, CREATE);
    hear_response(f, &client);
    finish(f, &client, 1);
}

/* ---- words ---- */

#define SAYS(type, member) "{\"event_id\":\"mine\",\"type\":\"" type "\"," member "}"
#define TEXT(word)                                                                                 \
    "\"item\":{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\","      \
    "\"text\":\"" word "\"}]}"

TEST(what_holds_a_listed_word_is_refused_and_the_session_goes_on)
{
    static const char *const events[] = {
        SAYS("conversation.item.create", TEXT("say a BAD word now")),
        SAYS("conversation.item.create", TEXT("\\u654f\\u611f")),
        SAYS("conversation.item.create", "\"item\":{\"type\":\"function_call_output\",\"call_id\":"
                                         "\"c\",\"output\":\"a bad word\"}"),
        SAYS("response.create", "\"response\":{\"instructions\":\"a bad word\"}"),
        SAYS("response.create", "\"response\":{\"input\":[{\"type\":\"message\",\"role\":\"user\","
                                "\"content\":[{\"type\":\"input_text\",\"text\":\"bad word\"}]}]}"),
        SAYS("session.update", "\"session\":{\"instructions\":\"a bad word\"}"),
        SAYS("x", "\"session\":{\"instructions\":\"a bad word\"},\"type\":\"session.update\""),
    };
    struct line client;
    struct relay_fixture *f = start(&client);

    relay_fixture_publish(f, "SensitiveWords", "bad word\n敏感\n", NULL);
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        const char *error;

        line_say(&client, events[i]);
        error = line_hear(&f->arena, &client);
        check_has(error, "\"type\":\"error\"");
        check_has(error, "\"code\":\"sensitive_words_detected\"");
        check_has(error, "\"event_id\":\"mine\"}}");
    }
    line_say(&client, CREATE);
    hear_response(f, &client);
    finish(f, &client, 1);
}

TEST(what_only_looks_like_a_listed_word_goes_through)
{
    static const char *const events[] = {
        SAYS("conversation.item.create", TEXT("bad  word")),
        SAYS("conversation.item.create", "\"item\":{\"id\":\"bad word\",\"type\":\"message\"}"),
        SAYS("session.update", "\"session\":{\"voice\":\"bad word\"}"),
        SAYS("input_audio_buffer.append", "\"audio\":\"bad word\""),
    };
    struct line client;
    struct relay_fixture *f = start(&client);

    relay_fixture_publish(f, "SensitiveWords", "bad word", NULL);
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        line_say(&client, events[i]);
        HEARS(f, &client, events[i]);
    }
    relay_fixture_publish(f, "SensitiveWords", "bad word", "CheckSensitiveOnPromptEnabled", "false",
                          NULL);
    line_say(&client, SAYS("conversation.item.create", TEXT("a bad word")));
    HEARS(f, &client, SAYS("conversation.item.create", TEXT("a bad word")));
    finish(f, &client, 0);
}

TEST_MAIN(who_may_not_go_on_is_told_so_at_the_next_response,
          a_response_that_nobody_asked_for_is_the_last_one_all_the_same,
          a_token_expires_in_mid_session_by_the_clock, other_changes_of_the_account_do_no_harm,
          while_the_account_is_looked_up_the_client_waits_and_loses_nothing,
          a_response_is_not_begun_before_it_is_reserved,
          a_client_may_leave_while_its_account_is_looked_up,
          a_session_ends_when_its_channel_is_switched_off,
          other_changes_of_the_configuration_do_no_harm,
          what_holds_a_listed_word_is_refused_and_the_session_goes_on,
          what_only_looks_like_a_listed_word_goes_through)

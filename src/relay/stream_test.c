#include "base/test.h"
#include "relay/relay_fixture.h"

static const char chat[] =
    "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
static const char chat_usage[] =
    "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":["
    "{\"role\":\"user\",\"content\":\"hello\"}]}";

/* Sends the text in ctx as the body of a stream. */
static void send_text(struct relay_fixture_call *c)
{
    relay_fixture_stream(c);
    relay_fixture_send(c, c->ctx);
}

static const char *stream(struct relay_fixture *f, const char *events, const char *request)
{
    relay_fixture_script(f, send_text, events);
    return relay_fixture_body(f, relay_fixture_post(f, "/v1/chat/completions", request));
}

static int64_t rows(struct relay_fixture *f)
{
    return relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2");
}

static int64_t last(struct relay_fixture *f, const char *column)
{
    return relay_fixture_number(
        f, arena_fmt(&f->arena, "SELECT %s FROM logs ORDER BY id DESC LIMIT 1", column).p);
}

#define CHUNK(members) "{\"id\":\"c\",\"choices\":[{\"index\":0," members "}]}"
#define TEXT(s)        CHUNK("\"delta\":{\"content\":\"" s "\"},\"finish_reason\":null")
#define FINISH         CHUNK("\"delta\":{},\"finish_reason\":\"stop\"")
#define USAGE                                                                                      \
    "{\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}" \
    "}"
#define EVENT(json) "data: " json "\n\n"
#define DONE        EVENT("[DONE]")

TEST(a_stream_is_forwarded_and_charged)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *body =
        stream(f, EVENT(TEXT("a")) EVENT(TEXT("b")) EVENT(FINISH) EVENT(USAGE) DONE, chat);

    CHECK_STR(str_from(body), EVENT(TEXT("a")) EVENT(TEXT("b")) EVENT(FINISH) DONE);
    check_has(f->seen_body[0], "\"stream_options\":{\"include_usage\":true}");
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "quota"), 10 + 5 * 2);
    CHECK_EQ(last(f, "is_stream"), 1);
    relay_fixture_free(f);
}

/* Every way to write the same events gives the client the same. */
TEST(unusual_framing_is_put_right)
{
    static const char *const wires[] = {
        "data:" TEXT("a") "\n\ndata:" FINISH "\n\ndata:[DONE]\n\n",
        "data: " TEXT("a") "\r\n\r\ndata: " FINISH "\r\n\r\ndata: [DONE]\r\n\r\n",
        ": hello\n\n: again\nid: 4\ndata: " TEXT("a") "\n\nretry: 3\ndata: " FINISH "\n\n" DONE,
        "data: " TEXT("a") "\n\ndata: " FINISH "\n\ndata: [DONE]",
        "\xef\xbb\xbf" EVENT(TEXT("a")) EVENT(FINISH) DONE,
        EVENT(TEXT("a")) EVENT(FINISH), /* no [DONE] */
    };
    struct relay_fixture *f = relay_fixture_new(NULL);

    for (size_t i = 0; i < ARRAY_LEN(wires); i++)
        CHECK_STR(str_from(stream(f, wires[i], chat)), EVENT(TEXT("a")) EVENT(FINISH) DONE);
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), ARRAY_LEN(wires));
    relay_fixture_free(f);
}

TEST(an_event_of_several_lines_stays_one_event)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *body = stream(f,
                              "event: x\ndata: {\"choices\":\ndata: [{\"delta\":{\"content\":"
                              "\"a\"}}]}\n\n" EVENT(FINISH) DONE,
                              chat);

    CHECK_STR(str_from(body), "event: x\ndata: {\"choices\":\ndata: [{\"delta\":{\"content\":"
                              "\"a\"}}]}\n\n" EVENT(FINISH) DONE);
    relay_fixture_free(f);
}

TEST(a_null_usage_is_hidden_in_every_spelling_from_who_did_not_ask)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    static const char events[] =
        EVENT("{\"usage\" : null, \"choices\":[{\"delta\":{\"content\":\"a\"}}]}")
            EVENT("{\"choices\":[{\"delta\":{\"content\":\"b\"}}], \"usage\": null }") EVENT(FINISH)
                EVENT(USAGE) DONE;

    CHECK_STR(str_from(stream(f, events, chat)),
              EVENT("{ \"choices\":[{\"delta\":{\"content\":\"a\"}}]}")
                  EVENT("{\"choices\":[{\"delta\":{\"content\":\"b\"}}] }") EVENT(FINISH) DONE);
    CHECK_STR(str_from(stream(f, events, chat_usage)), events);
    relay_fixture_free(f);
}

TEST(who_asks_for_usage_gets_it_where_the_upstream_sends_none)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *body = stream(
        f,
        EVENT("{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":"
              "\"x\",\"choices\":[{\"delta\":{\"content\":\"some words\"}}]}") EVENT(FINISH) DONE,
        chat_usage);

    check_has(body, "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":7,"
                    "\"model\":\"x\",\"choices\":[],\"usage\":{\"prompt_tokens\":");
    check_has(body, "}\n\ndata: [DONE]\n\n");
    relay_fixture_check_books(f);
    check_has(body, arena_fmt(&f->arena, "\"completion_tokens\":%lld,",
                              (long long)last(f, "completion_tokens"))
                        .p);
    relay_fixture_free(f);
}

TEST(usage_is_taken_from_wherever_it_comes_last)
{
    static const char *const wires[] = {
        /* in every chunk, growing */
        EVENT("{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":10,"
              "\"completion_tokens\":1}}")
            EVENT("{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{"
                  "\"prompt_tokens\":10,\"completion_tokens\":5}}") DONE,
        /* on the chunk with the end, behind it twice */
        EVENT(TEXT("a")) EVENT(FINISH)
            EVENT("{\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":9}}")
                EVENT(USAGE) DONE,
        /* in the choice */
        EVENT(TEXT("a")) EVENT(
            "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\",\"usage\":{\"prompt_tokens\":"
            "10,\"completion_tokens\":5}}]}") DONE,
        /* without an end */
        EVENT(TEXT("a")) EVENT(USAGE),
    };
    struct relay_fixture *f = relay_fixture_new(NULL);

    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        check_has(stream(f, wires[i], chat), DONE);
        relay_fixture_check_books(f);
        CHECK_EQ(last(f, "quota"), 20);
    }
    relay_fixture_free(f);
}

TEST(text_in_escapes_costs_what_the_text_costs)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    int64_t plain;

    stream(f, EVENT(TEXT("\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd")) EVENT(FINISH) DONE,
           chat);
    relay_fixture_check_books(f);
    plain = last(f, "completion_tokens");
    stream(f, EVENT(TEXT("\\u4f60\\u597d\\u4f60\\u597d")) EVENT(FINISH) DONE, chat);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "completion_tokens"), plain);
    relay_fixture_free(f);
}

/* An answer without an answer in it: told as an error, and free. */
TEST(a_stream_without_an_answer_is_an_error_and_costs_nothing)
{
    static const char *const wires[] = {
        DONE,
        "",
        ": nothing\n\n",
        EVENT("{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}") DONE,
        EVENT("{\"error\":{\"message\":\"broken\",\"type\":\"t\"}}"),
        "event: error\ndata: {\"message\":\"broken\"}\n\n",
        EVENT("{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}")
            EVENT("{\"error\":\"broken\"}"),
    };
    struct relay_fixture *f = relay_fixture_new(NULL);

    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        relay_fixture_script(f, send_text, wires[i]);
        CHECK_EQ(relay_fixture_status(relay_fixture_post(f, "/v1/chat/completions", chat)), 502);
    }
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), 0);
    relay_fixture_free(f);
}

static void done_and_wait(struct relay_fixture_call *c)
{
    relay_fixture_stream(c);
    relay_fixture_send(c, c->ctx);
    CHECK(relay_fixture_closed(c));
}

TEST(an_empty_end_is_not_waited_on)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, done_and_wait, DONE);
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, "/v1/chat/completions", chat)), 502);
    relay_fixture_free(f);
}

TEST(a_body_that_does_not_end_behind_its_end_is_let_go)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, done_and_wait, EVENT(TEXT("a")) EVENT(FINISH) DONE);
    check_has(relay_fixture_post(f, "/v1/chat/completions", chat), "[DONE]");
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), 1);
    relay_fixture_free(f);
}

static void cut(struct relay_fixture_call *c)
{
    relay_fixture_send(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                          "Content-Length: 100000\r\n\r\n");
    relay_fixture_send(c, c->ctx);
}

/* Cuts the stream behind each of its bytes: an error, a whole answer, or an error event, never an
 * end that was not there; and the books are right each time. */
TEST(a_stream_that_is_cut_anywhere_is_never_a_clean_end)
{
    static const char wire[] = EVENT(TEXT("ab")) EVENT(TEXT("cd")) EVENT(FINISH) EVENT(USAGE) DONE;
    const size_t content = sizeof(EVENT(TEXT("ab"))) - 1;
    const size_t finish = sizeof(EVENT(TEXT("ab")) EVENT(TEXT("cd")) EVENT(FINISH)) - 1;
    struct relay_fixture *f = relay_fixture_new(NULL);
    int64_t charged = 0;

    for (size_t n = 0; n<sizeof wire; n += n + 3> content && n < finish + 3 ? 1 : 17) {
        const char *reply;

        relay_fixture_script(f, cut, str_dup(&f->arena, str_make(wire, n)).p);
        reply = relay_fixture_post(f, "/v1/chat/completions", chat);
        charged += n >= content;
        if (n < content) {
            CHECK_EQ(relay_fixture_status(reply), 502);
        } else if (n < finish) {
            check_has(reply, "upstream_error");
            check_has_not(reply, "[DONE]");
        } else {
            check_has(reply, "[DONE]");
            check_has_not(reply, "error");
        }
        if (atomic_load(&f->requests) % 64 == 0)
            relay_fixture_check_books(f);
    }
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), charged);
    relay_fixture_free(f);
}

static void send_bytewise(struct relay_fixture_call *c)
{
    char byte[2] = {0};

    relay_fixture_stream(c);
    for (const char *p = c->ctx; *p; p++) {
        byte[0] = *p;
        relay_fixture_send(c, byte);
    }
}

TEST(a_stream_that_comes_byte_by_byte_is_the_same)
{
    static const char wire[] = EVENT(TEXT("ab")) EVENT(TEXT("cd")) EVENT(FINISH) EVENT(USAGE) DONE;
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, send_bytewise, wire);
    CHECK_STR(
        str_from(relay_fixture_body(f, relay_fixture_post(f, "/v1/chat/completions", chat_usage))),
        wire);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "quota"), 20);
    relay_fixture_free(f);
}

static void take_events_of_12_mb(struct relay_conf *conf)
{
    conf->event_limit = 12 << 20;
}

TEST(a_very_long_event_passes_and_a_longer_one_is_refused)
{
    enum { LONG = 11 << 20, LONGER = 13 << 20 };
    struct relay_fixture *f = relay_fixture_new(take_events_of_12_mb);
    for (int i = 0; i < 2; i++) {
        size_t n = i == 0 ? LONG : LONGER;
        char *wire = arena_alloc(&f->arena, n + 400);
        int head = snprintf(wire, 200, "data: {\"choices\":[{\"delta\":{\"content\":\"");
        const char *body;

        memset(wire + head, 'x', n);
        snprintf(wire + (size_t)head + n, 200, "\"}}]}\n\n%s", EVENT(FINISH) EVENT(USAGE) DONE);
        body = stream(f, wire, chat_usage);
        if (i == 0)
            CHECK_STR(str_from(body), wire);
        else
            check_has(body, "upstream_error");
    }
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), 1);
    relay_fixture_free(f);
}

TEST(too_much_before_the_first_content_is_an_error_not_a_cut_answer)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    char *wire = arena_alloc(&f->arena, 90000);

    memcpy(wire, "data: {\"choices\":[],\"x\":\"", 25);
    memset(wire + 25, 'x', 70000);
    snprintf(wire + 25 + 70000, 1000, "\"}\n\n%s", EVENT(TEXT("a")) EVENT(FINISH) DONE);
    relay_fixture_script(f, send_text, wire);
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, "/v1/chat/completions", chat)), 502);
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), 0);
    relay_fixture_free(f);
}

static void json_answer(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200, c->ctx);
}

TEST(a_stream_that_is_answered_by_json_becomes_a_stream)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *reply;

    relay_fixture_script(
        f, json_answer,
        "{\"id\":\"c\",\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"message\":{"
        "\"role\":\"assistant\",\"content\":\"hi\"},\"finish_reason\":\"stop\"}],\"usage\":{"
        "\"prompt_tokens\":10,\"completion_tokens\":5}}");
    reply = relay_fixture_body(f, relay_fixture_post(f, "/v1/chat/completions", chat_usage));
    CHECK_STR(str_from(reply),
              "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,"
              "\"finish_reason\":\"stop\",\"delta\":{\"role\":\"assistant\",\"content\":\"hi\"}}]}"
              "\n\ndata: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[],"
              "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}\n\n" DONE);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "quota"), 20);
    relay_fixture_free(f);
}

TEST(a_call_without_stream_that_is_answered_by_one_is_a_stream)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *body = stream(f, EVENT(TEXT("a")) EVENT(FINISH) EVENT(USAGE) DONE,
                              "{\"model\":\"m\",\"messages\":[{}]}");

    check_has(body, DONE);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "quota"), 20);
    CHECK_EQ(last(f, "is_stream"), 1);
    relay_fixture_free(f);
}

TEST(several_choices_and_old_completions_are_streamed)
{
    static const char two[] = EVENT("{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}")
        EVENT("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":"
              "\"stop\"}]}") EVENT("{\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":"
                                   "\"stop\"}]}") EVENT(USAGE) DONE;
    static const char old[] =
        EVENT("{\"choices\":[{\"index\":0,\"text\":\"a\",\"finish_reason\":"
              "null}]}") EVENT("{\"choices\":[{\"index\":0,\"text\":\"\","
                               "\"finish_reason\":\"length\"}]}") EVENT(USAGE) DONE;
    struct relay_fixture *f = relay_fixture_new(NULL);

    CHECK_STR(str_from(stream(f, two,
                              "{\"model\":\"m\",\"stream\":true,\"n\":2,\"stream_options\":{"
                              "\"include_usage\":true},\"messages\":[{}]}")),
              two);
    relay_fixture_script(f, send_text, old);
    CHECK_STR(str_from(relay_fixture_body(
                  f, relay_fixture_post(f, "/v1/completions",
                                        "{\"model\":\"m\",\"stream\":true,\"prompt\":\"x\","
                                        "\"stream_options\":{\"include_usage\":true}}"))),
              old);
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), 2);
    relay_fixture_free(f);
}

TEST_MAIN(a_stream_is_forwarded_and_charged, unusual_framing_is_put_right,
          an_event_of_several_lines_stays_one_event,
          a_null_usage_is_hidden_in_every_spelling_from_who_did_not_ask,
          who_asks_for_usage_gets_it_where_the_upstream_sends_none,
          usage_is_taken_from_wherever_it_comes_last, text_in_escapes_costs_what_the_text_costs,
          a_stream_without_an_answer_is_an_error_and_costs_nothing, an_empty_end_is_not_waited_on,
          a_body_that_does_not_end_behind_its_end_is_let_go,
          a_stream_that_is_cut_anywhere_is_never_a_clean_end,
          a_stream_that_comes_byte_by_byte_is_the_same,
          a_very_long_event_passes_and_a_longer_one_is_refused,
          too_much_before_the_first_content_is_an_error_not_a_cut_answer,
          a_stream_that_is_answered_by_json_becomes_a_stream,
          a_call_without_stream_that_is_answered_by_one_is_a_stream,
          several_choices_and_old_completions_are_streamed)

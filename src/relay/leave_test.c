/* The client leaves at each step of a call, or reads slowly. */
#include "base/mem.h"
#include "base/patience.h"
#include "base/test.h"
#include "relay/relay_fixture.h"

#include <unistd.h>

static const char streaming[] = "{\"model\":\"m\",\"stream\":true,\"messages\":[{}]}";
static const char whole[] = "{\"model\":\"m\",\"messages\":[{}]}";
static const char path[] = "/v1/chat/completions";

enum { CALLED, GO_ON, OVER }; /* marks */

static int64_t rows(struct relay_fixture *f)
{
    relay_fixture_check_books(f);
    return relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2");
}

/* Waits for the one row that must come. */
static void wait_for_row(struct relay_fixture *f)
{
    do {
        relay_fixture_turn(f);
        CHECK(ledger_flush(f->ledger, PATIENCE_MS));
    } while (relay_fixture_number(f, "SELECT COUNT(*) FROM logs") == 0);
    relay_fixture_check_books(f);
}

static int64_t quota(struct relay_fixture *f)
{
    return relay_fixture_number(f, "SELECT quota FROM logs ORDER BY id DESC LIMIT 1");
}

static const char *end_reason(struct relay_fixture *f)
{
    return relay_fixture_cell(f, "SELECT COALESCE(json_extract(other,'$.stream_status.end_reason'),"
                                 "'complete') FROM logs ORDER BY id DESC LIMIT 1");
}

static void answer_later(struct relay_fixture_call *c)
{
    relay_fixture_set(c->fixture, CALLED);
    relay_fixture_wait(c->fixture, GO_ON);
    relay_fixture_json(c, 200, c->ctx);
    relay_fixture_closed(c);
    relay_fixture_set(c->fixture, OVER);
}

/* Leaves while the upstream works on an answer that is not streamed. */
static void leave_before_answer(struct relay_fixture *f, const char *answer)
{
    int fd;

    relay_fixture_script(f, answer_later, answer);
    fd = relay_fixture_connect(f, path, whole, 0);
    relay_fixture_wait(f, CALLED);
    relay_fixture_leave(f, fd);
    relay_fixture_set(f, GO_ON);
    relay_fixture_wait(f, OVER);
}

TEST(who_leaves_before_a_whole_answer_pays_for_it)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    leave_before_answer(f, "{\"choices\":[{\"message\":{\"content\":\"hi\"},\"finish_reason\":"
                           "\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}");
    CHECK_EQ(rows(f), 1);
    CHECK_EQ(quota(f), 20);
    relay_fixture_free(f);
}

TEST(who_leaves_before_a_failed_answer_pays_nothing_and_is_not_retried)
{
    static const char *const failed[] = {"{\"error\":{\"message\":\"broken\"}}", "<html>",
                                         "{\"choices\":[]}"};
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_add_channel(f, &(struct channel){0});
    relay_fixture_publish(f, "RetryTimes", "3", NULL);
    for (size_t i = 0; i < ARRAY_LEN(failed); i++)
        leave_before_answer(f, failed[i]);
    CHECK_EQ(rows(f), 0);
    CHECK_EQ(f->requests, ARRAY_LEN(failed));
    relay_fixture_free(f);
}

static void stream_later(struct relay_fixture_call *c)
{
    relay_fixture_stream(c);
    relay_fixture_text(c, "one");
    relay_fixture_set(c->fixture, CALLED);
    relay_fixture_wait(c->fixture, GO_ON);
    relay_fixture_text(c, "two");
    relay_fixture_end_stream(c);
}

TEST(who_leaves_in_mid_stream_pays_what_the_upstream_reports)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    int fd;

    relay_fixture_script(f, stream_later, NULL);
    fd = relay_fixture_connect(f, path, streaming, 0);
    relay_fixture_read(f, fd, "one");
    relay_fixture_wait(f, CALLED);
    relay_fixture_leave(f, fd);
    relay_fixture_set(f, GO_ON);
    wait_for_row(f);
    CHECK_EQ(quota(f), 20);
    CHECK_STR(str_from(end_reason(f)), "complete");
    relay_fixture_free(f);
}

static void stream_and_hang(struct relay_fixture_call *c)
{
    relay_fixture_stream(c);
    relay_fixture_text(c, "one two three");
    relay_fixture_set(c->fixture, CALLED);
    CHECK(relay_fixture_closed(c));
    relay_fixture_set(c->fixture, OVER);
}

static void drain_for_a_moment(struct relay_conf *conf)
{
    conf->drain_ms = 50;
}

TEST(an_upstream_that_does_not_end_is_cut_after_the_client_left)
{
    struct relay_fixture *f = relay_fixture_new(drain_for_a_moment);
    int fd;

    relay_fixture_script(f, stream_and_hang, NULL);
    fd = relay_fixture_connect(f, path, streaming, 0);
    relay_fixture_read(f, fd, "three");
    relay_fixture_leave(f, fd);
    relay_fixture_wait(f, OVER);
    CHECK_EQ(rows(f), 1);
    CHECK(quota(f) > 0);
    CHECK_STR(str_from(end_reason(f)), "client_gone");
    relay_fixture_free(f);
}

static void break_later(struct relay_fixture_call *c)
{
    relay_fixture_send(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                          "Content-Length: 100000\r\n\r\n");
    if (c->ctx)
        relay_fixture_text(c, "one");
    relay_fixture_set(c->fixture, CALLED);
    relay_fixture_wait(c->fixture, GO_ON);
    relay_fixture_reset(c);
}

/* The client has left, then the upstream breaks: paid is what had been shown. */
TEST(an_upstream_that_breaks_while_it_is_drained_costs_what_was_seen)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    for (int content = 0; content < 2; content++) {
        int fd;

        relay_fixture_script(f, break_later, content ? f : NULL);
        fd = relay_fixture_connect(f, path, streaming, 0);
        relay_fixture_wait(f, CALLED);
        if (content)
            relay_fixture_read(f, fd, "one");
        relay_fixture_leave(f, fd);
        relay_fixture_set(f, GO_ON);
        CHECK_EQ(rows(f), content); /* the call is over, and so the mark is its own */
    }
    CHECK_STR(str_from(end_reason(f)), "client_gone");
    relay_fixture_free(f);
}

enum { PIECES = 4000, PIECE = 4000 };

/* 16 MB, far more than any buffer on the way. */
static void flood(struct relay_fixture_call *c)
{
    char *text = mem_zalloc(PIECE + 200);
    int n = snprintf(text, 100, "data: {\"choices\":[{\"delta\":{\"content\":\"");

    memset(text + n, 'x', PIECE);
    snprintf(text + n + PIECE, 100, "\"}}]}\n\n");
    relay_fixture_stream(c);
    relay_fixture_send(c, text);
    relay_fixture_set(c->fixture, CALLED);
    for (int i = 1; i < PIECES; i++)
        relay_fixture_send(c, text);
    relay_fixture_end_stream(c);
    mem_free(text);
    relay_fixture_set(c->fixture, OVER);
}

TEST(a_slow_reader_gets_everything)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *reply;
    int fd;

    relay_fixture_script(f, flood, NULL);
    fd = relay_fixture_connect(f, path, streaming, 4096);
    relay_fixture_wait(f, CALLED);
    relay_fixture_turn(f);
    reply = relay_fixture_body(f, relay_fixture_read(f, fd, NULL));
    close(fd);
    CHECK(strlen(reply) > (size_t)PIECES * PIECE);
    CHECK(strstr(reply, "data: [DONE]\n\n") != NULL);
    CHECK_EQ(rows(f), 1);
    CHECK_EQ(quota(f), 20);
    relay_fixture_free(f);
}

TEST(a_reader_that_leaves_while_the_upstream_is_stopped_lets_it_go_on)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    int fd;

    relay_fixture_script(f, flood, NULL);
    fd = relay_fixture_connect(f, path, streaming, 4096);
    relay_fixture_wait(f, CALLED);
    relay_fixture_turn(f);
    relay_fixture_leave(f, fd);
    relay_fixture_wait(f, OVER); /* the rest was read, or the connection was closed */
    wait_for_row(f);
    CHECK_EQ(quota(f), 20);
    relay_fixture_free(f);
}

static void end_while_stopped(struct relay_fixture_call *c)
{
    flood(c);
}

static void short_total(struct relay_conf *conf)
{
    conf->relay_timeout_ms = 3000;
}

/* The whole call's time is over while the slow reader has stopped it. */
TEST(a_call_that_ends_while_it_is_stopped_ends_the_reply)
{
    struct relay_fixture *f = relay_fixture_new(short_total);
    const char *reply;
    int fd;

    relay_fixture_script(f, end_while_stopped, NULL);
    fd = relay_fixture_connect(f, path, streaming, 4096);
    relay_fixture_wait(f, OVER); /* the upstream saw its connection close */
    reply = relay_fixture_read(f, fd, NULL);
    close(fd);
    CHECK(strstr(reply, "upstream_error") != NULL);
    CHECK(strstr(reply, "[DONE]") == NULL);
    CHECK_EQ(rows(f), 1);
    CHECK(quota(f) > 0);
    relay_fixture_free(f);
}

TEST_MAIN(who_leaves_before_a_whole_answer_pays_for_it,
          who_leaves_before_a_failed_answer_pays_nothing_and_is_not_retried,
          who_leaves_in_mid_stream_pays_what_the_upstream_reports,
          an_upstream_that_does_not_end_is_cut_after_the_client_left,
          an_upstream_that_breaks_while_it_is_drained_costs_what_was_seen,
          a_slow_reader_gets_everything,
          a_reader_that_leaves_while_the_upstream_is_stopped_lets_it_go_on,
          a_call_that_ends_while_it_is_stopped_ends_the_reply)

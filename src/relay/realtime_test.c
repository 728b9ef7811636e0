/* Realtime sessions: what is charged when, and who is told what. */
#include "relay/realtime.h"

#include <poll.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/test.h"
#include "codec/websocket.h"
#include "net/offload.h"
#include "relay/relay_fixture.h"

enum { GO_ON, OVER }; /* marks */
enum { USUAL = 100 + 50 * 2, WAIT_MS = 20000 };

#define DONE                                                                                       \
    "{\"type\":\"response.done\",\"response\":{\"usage\":{\"input_tokens\":100,"                   \
    "\"output_tokens\":50}}}"

/* ---- a WebSocket of threads that may wait ---- */

struct line {
    int fd;
    struct websocket *frames;
    char in[65536];
    struct str left;
};

static void on_send(void *ctx, struct str bytes)
{
    struct line *l = ctx;

    while (bytes.n > 0) {
        ssize_t n = send(l->fd, bytes.p, bytes.n, MSG_NOSIGNAL);

        if (n <= 0)
            return; /* the other side has gone, as some tests want it */
        bytes = str_skip(bytes, (size_t)n);
    }
}

static void line_init(struct line *l, int fd, enum websocket_role role)
{
    *l = (struct line){.fd = fd};
    l->frames = websocket_new(role, 0, on_send, l);
}

static void line_say(struct line *l, const char *text)
{
    websocket_send(l->frames, WEBSOCKET_TEXT, str_from(text));
}

/* The next message, or "closed CODE"; in the test's arena. */
static const char *line_hear(struct relay_fixture *f, struct line *l)
{
    struct websocket_event ev;

    while (websocket_next(l->frames, &l->left, &ev) != WEBSOCKET_EVENT) {
        struct pollfd p = {.fd = l->fd, .events = POLLIN};
        ssize_t n;

        CHECK(poll(&p, 1, WAIT_MS) == 1);
        n = recv(l->fd, l->in, sizeof l->in, 0);
        if (n <= 0)
            return "cut";
        l->left = str_make(l->in, (size_t)n);
    }
    if (ev.kind == WEBSOCKET_CLOSE)
        return arena_fmt(&f->arena, "closed %d", ev.code).p;
    return str_dup(&f->arena, ev.data).p;
}

/* ---- the upstream's side ---- */

static void open_up(struct relay_fixture_call *c, struct line *l)
{
    ptrdiff_t at = str_find_nocase(c->head, STR("sec-websocket-key:"));
    struct str key = str_skip(c->head, (size_t)at + 18);
    struct arena a;

    CHECK(at >= 0);
    arena_init(&a, 0);
    relay_fixture_send(c, arena_fmt(&a,
                                    "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade"
                                    "\r\nSec-WebSocket-Accept: %.*s\r\n\r\n",
                                    STR_ARG(websocket_accept(&a, str_trim(str_cut(&key, '\r')))))
                              .p);
    arena_fini(&a);
    line_init(l, c->fd, WEBSOCKET_SERVER);
    line_say(l, "{\"type\":\"session.created\",\"session\":{}}");
}

/* Waits until the relay has closed it. */
static void close_up(struct relay_fixture_call *c, struct line *l)
{
    struct websocket_event ev;
    ssize_t n = 1;

    while (n > 0 && websocket_next(l->frames, &l->left, &ev) != WEBSOCKET_EVENT) {
        n = recv(l->fd, l->in, sizeof l->in, 0);
        l->left = str_make(l->in, n > 0 ? (size_t)n : 0);
    }
    websocket_free(l->frames);
    relay_fixture_set(c->fixture, OVER);
}

/* Sends the static texts of ctx one after the other, each when the test says so. */
static void play(struct relay_fixture_call *c)
{
    struct line l;

    open_up(c, &l);
    for (const char *const *text = c->ctx; *text; text++) {
        relay_fixture_wait(c->fixture, GO_ON);
        line_say(&l, *text);
    }
    close_up(c, &l);
}

/* ---- the client's side ---- */

static void open_client(struct relay_fixture *f, struct line *l)
{
    static const char handshake[] =
        "GET /v1/realtime?model=m HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "\r\n\r\n";
    const char *head;
    ptrdiff_t end;
    size_t early;

    line_init(l, relay_fixture_dial(f), WEBSOCKET_CLIENT);
    on_send(l, STR(handshake));
    head = relay_fixture_read(f, l->fd, "\r\n\r\n");
    CHECK_EQ(relay_fixture_status(head), 101);
    end = str_find(str_from(head), STR("\r\n\r\n")) + 4;
    early = strlen(head) - (size_t)end; /* frames hold no NUL before this text's end */
    memcpy(l->in, head + end, early);
    l->left = str_make(l->in, early);
    CHECK(str_has(str_from(line_hear(f, l)), STR("session.created")));
}

static void close_client(struct relay_fixture *f, struct line *l)
{
    websocket_close(l->frames, WEBSOCKET_NORMAL, STR_NULL);
    relay_fixture_wait(f, OVER);
    close(l->fd);
    websocket_free(l->frames);
}

static int64_t rows(struct relay_fixture *f)
{
    CHECK(ledger_flush(f->ledger, WAIT_MS));
    return relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2");
}

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
        assert_string_equal(line_hear(f, &client), DONE);
        CHECK_EQ(rows(f), i); /* the session is still open */
    }
    close_client(f, &client);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT SUM(quota) FROM logs"), 2 * USUAL);
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
        (void)line_hear(f, &client);
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
        (void)line_hear(f, &client);
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

/* The account has enough for the first response's reservation and charge, and no more. */
static void leave_points(struct relay_fixture *f, int64_t points)
{
    relay_fixture_sql(
        f, arena_fmt(&f->arena, "UPDATE tokens SET remain_quota=%lld", (long long)points).p);
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
    assert_string_equal(line_hear(f, &client), DONE);
    CHECK(str_has(str_from(line_hear(f, &client)), STR("pre_consume_token_quota_failed")));
    assert_string_equal(line_hear(f, &client), "closed 1008");
    close_client(f, &client);
    relay_fixture_check_books(f);
    CHECK_EQ(rows(f), 1);
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
        assert_string_equal(line_hear(f, &client), DONE);
    }
    close_client(f, &client);
    CHECK_EQ(rows(f), 2);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

/* ---- the client leaves while its balance is looked up ---- */

struct plug { /* keeps a thread of the pool busy */
    struct offload_job job;
    sem_t busy, go;
};

static void plug_work(struct offload_job *job)
{
    struct plug *p = container_of(job, struct plug, job);

    sem_post(&p->busy);
    while (sem_wait(&p->go) != 0)
        ;
}

static void plug_done(struct offload_job *job UNUSED)
{
}

static void plug_in(struct relay_fixture *f, struct plug *p)
{
    *p = (struct plug){
        .job = {.work = plug_work, .done = plug_done, .loop = f->relay->loops[0].loop}};
    sem_init(&p->busy, 0, 0);
    sem_init(&p->go, 0, 0);
    CHECK_EQ(offload_submit(f->relay->conf.offload, &p->job, NULL), ERR_OK);
    while (sem_wait(&p->busy) != 0)
        ;
}

TEST(a_client_may_leave_while_its_balance_is_looked_up)
{
    static const char *const script[] = {DONE, NULL};
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct plug plugs[2]; /* the fixture's pool has two threads */
    struct line client;

    leave_points(f, 500 + USUAL - 1);
    relay_fixture_script(f, play, script);
    open_client(f, &client);
    for (size_t i = 0; i < ARRAY_LEN(plugs); i++)
        plug_in(f, &plugs[i]);
    relay_fixture_set(f, GO_ON);
    assert_string_equal(line_hear(f, &client), DONE);
    close_client(f, &client); /* returns when the upstream was closed, too */
    for (size_t i = 0; i < ARRAY_LEN(plugs); i++)
        sem_post(&plugs[i].go);
    relay_fixture_check_books(f); /* waits for the exchange */
    CHECK_EQ(rows(f), 1);
    relay_fixture_free(f); /* ends the pool, which looks at the plugs until then */
    for (size_t i = 0; i < ARRAY_LEN(plugs); i++) {
        sem_destroy(&plugs[i].busy);
        sem_destroy(&plugs[i].go);
    }
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
    assert_string_equal(line_hear(f, &client), DONE);
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
    on_send(&l, STR("GET /v1/realtime?model=m HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
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
          a_session_in_which_nothing_was_made_costs_nothing,
          a_response_that_is_cut_is_charged_for_what_came,
          who_cannot_pay_another_response_is_told_and_left, a_top_up_during_the_session_is_found,
          a_client_may_leave_while_its_balance_is_looked_up,
          an_upstream_that_refuses_the_handshake_is_followed_by_another,
          an_upstream_that_answers_with_a_page_is_a_failure)

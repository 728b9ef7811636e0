/* Requests whose body is still coming when they are sent. */
#include "http/client_body_testing.h"

enum { WHOLE = 3 << 20 };

/* A world whose client has `until` bytes of a body. */
static void upload_open(struct world *w, bool (*serve)(struct peer *p), size_t until)
{
    upload_init(WHOLE, until);
    world_open(w, serve, NULL);
}

static void upload_close(struct world *w, struct got *g)
{
    got_fini(g);
    world_close(w);
}

static struct http_call_conf post_for(struct got *g)
{
    struct http_call_conf conf = conf_for(g, "/");

    upload_begin(g, &conf);
    return conf;
}

static bool compare(struct peer *p)
{
    bool same = p->body.n == WHOLE && upload_has(0, p->body);

    CHECK(str_has(p->head, STR("\r\nContent-Length: 3145728\r\n")));
    peer_send(p, same ? STR("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsame")
                      : STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother"));
    return true;
}

/* Runs one such call to its end; `prepare` may change it. */
static void run_upload(struct world *w, struct got *g,
                       void (*prepare)(struct got *g, struct http_call_conf *conf))
{
    struct http_call_conf conf;

    got_init(g, w);
    conf = post_for(g);
    if (prepare)
        prepare(g, &conf);
    got_start(g, &conf);
    world_run(w);
}

TEST(a_body_is_taken_as_the_upstream_has_room)
{
    struct world w;
    struct got g;

    upload_open(&w, compare, WHOLE);
    run_upload(&w, &g, NULL);
    check_ok(&g, 200, "same");
    upload_close(&w, &g);
}

static void on_more(struct loop_timer *t)
{
    up.until = WHOLE;
    give(container_of(t, struct got, timer));
}

static void give_then_wait(struct got *g)
{
    give(g);
    if (up.sent == up.until && up.until < WHOLE)
        loop_timer_set(g->world->loop, &g->timer, 6000, on_more);
}

static void come_slowly(struct got *g, struct http_call_conf *conf)
{
    g->on_room = give_then_wait;
    conf->first_byte_timeout_ms = 5900;
}

/* The client's silence is not the upstream's: the wait for an answer begins at the end. */
TEST(a_body_that_comes_slowly_is_waited_for)
{
    struct world w;
    struct got g;

    upload_open(&w, compare, WHOLE / 2);
    run_upload(&w, &g, come_slowly);
    check_ok(&g, 200, "same");
    upload_close(&w, &g);
}

static void refuse_at_once(struct peer *p, struct str in UNUSED)
{
    if (p->requests++ == 0)
        peer_send(p, STR("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"));
}

static void check_no_room(struct got *g)
{
    CHECK(!http_call_has_room(g->call));
}

static struct got next;

/* The loop runs once: the next call begins when the first is over. */
static void get_next(struct got *g)
{
    got_init(&next, g->world);
    got_get(&next, "/");
}

static bool hello(struct peer *p)
{
    peer_send(p, STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
    return true;
}

static void serve_hello(struct got *g)
{
    g->world->raw = NULL;
    g->world->serve = hello;
    get_next(g);
}

static void find_no_room(struct got *g, struct http_call_conf *conf UNUSED)
{
    g->on_head = check_no_room;
    g->on_over = serve_hello;
}

/* And the connection, on which half a request was sent, is not used again. */
TEST(an_answer_before_the_end_is_taken)
{
    struct world w;
    struct got g;

    upload_open(&w, NULL, WHOLE / 2);
    w.raw = refuse_at_once;
    run_upload(&w, &g, find_no_room);
    check_ok(&g, 401, "no");
    CHECK(up.sent < WHOLE);
    check_ok(&next, 200, "hello");
    CHECK_EQ(w.connections, 2);
    got_fini(&next);
    upload_close(&w, &g);
}

static bool hello_or_compare(struct peer *p)
{
    return p->body.n > 0 ? compare(p) : hello(p);
}

static void upload_next(struct got *g)
{
    struct http_call_conf conf;

    got_init(&next, g->world);
    conf = post_for(&next);
    got_start(&next, &conf);
}

/* It could not be sent a second time if that has been closed. */
TEST(a_kept_alive_connection_is_not_taken)
{
    struct world w;
    struct got g;

    upload_open(&w, hello_or_compare, WHOLE);
    got_init(&g, &w);
    g.on_over = upload_next;
    got_get(&g, "/");
    world_run(&w);
    check_ok(&g, 200, "hello");
    check_ok(&next, 200, "same");
    CHECK(!next.reused);
    CHECK_EQ(w.connections, 2);
    got_fini(&next);
    upload_close(&w, &g);
}

static void get_behind(struct got *g, struct http_call_conf *conf UNUSED)
{
    g->on_over = get_next;
}

/* Its own is, by the next call. */
TEST(its_connection_is_kept_when_all_was_sent)
{
    struct world w;
    struct got g;

    upload_open(&w, hello_or_compare, WHOLE);
    run_upload(&w, &g, get_behind);
    check_ok(&g, 200, "same");
    check_ok(&next, 200, "hello");
    CHECK(next.reused);
    got_fini(&next);
    upload_close(&w, &g);
}

static void greet(struct peer *p)
{
    peer_send(p, STR("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"));
}

/* Nobody asked for them, and the request goes on behind them. */
TEST(interim_answers_do_not_end_the_request)
{
    struct world w;
    struct got g;

    upload_open(&w, compare, WHOLE);
    w.accepted = greet;
    run_upload(&w, &g, NULL);
    check_ok(&g, 200, "same");
    upload_close(&w, &g);
}

static void little_time_in_all(struct got *g UNUSED, struct http_call_conf *conf)
{
    conf->total_timeout_ms = 5900;
}

static void come_later_than_that(struct got *g, struct http_call_conf *conf)
{
    g->on_room = give_then_wait;
    little_time_in_all(g, conf);
}

/* What the client takes for its body is not the upstream's time. */
TEST(the_total_time_begins_with_the_last_byte)
{
    struct world w;
    struct got g;

    upload_open(&w, compare, WHOLE / 2);
    run_upload(&w, &g, come_later_than_that);
    check_ok(&g, 200, "same");
    upload_close(&w, &g);
}

static bool silent(struct peer *p UNUSED)
{
    return true;
}

TEST(and_is_bounded_from_there)
{
    struct world w;
    struct got g;

    upload_open(&w, silent, WHOLE);
    run_upload(&w, &g, little_time_in_all);
    check_failed(&g, ERR_UPSTREAM_TIMEOUT, "took too long");
    upload_close(&w, &g);
}

static void cut_in_the_middle(struct peer *p, struct str in UNUSED)
{
    peer_free(p);
}

TEST(an_upstream_that_dies_in_the_middle_is_an_error)
{
    struct world w;
    struct got g;

    upload_open(&w, NULL, WHOLE / 2);
    w.raw = cut_in_the_middle;
    run_upload(&w, &g, NULL);
    check_failed(&g, ERR_UPSTREAM_CUT, "without an answer");
    upload_close(&w, &g);
}

static void answer_and_reset(struct peer *p, struct str in UNUSED)
{
    struct got *g = p->world->user;

    peer_send(p, STR("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"));
    peer_free(p); /* with bytes that were not read: a reset */
    up.until = WHOLE;
    give(g);
}

/* The write that finds out that the connection is gone does not take the answer away. */
TEST(an_answer_before_a_reset_is_taken_although_a_write_fails)
{
    struct world w;
    struct got g;

    upload_open(&w, NULL, BODY_FIRST + BODY_PIECE);
    w.raw = answer_and_reset;
    w.user = &g;
    run_upload(&w, &g, NULL);
    check_ok(&g, 413, "big");
    upload_close(&w, &g);
}

static void begin_an_answer(struct peer *p, struct str in UNUSED)
{
    if (p->requests++ == 0)
        peer_send(p, STR("HTTP/1.1 200 OK\r\nContent-Le"));
}

static void in_a_hurry(struct got *g UNUSED, struct http_call_conf *conf)
{
    conf->first_byte_timeout_ms = 100;
}

TEST(an_answer_that_begins_and_stalls_is_timed_out)
{
    struct world w;
    struct got g;

    upload_open(&w, NULL, WHOLE / 2);
    w.raw = begin_an_answer;
    run_upload(&w, &g, in_a_hurry);
    check_failed(&g, ERR_UPSTREAM_TIMEOUT, "did not answer in time");
    upload_close(&w, &g);
}

static void cancel(struct got *g)
{
    http_call_cancel(g->call);
    loop_stop(g->world->loop);
}

static void cancel_in_room(struct got *g, struct http_call_conf *conf UNUSED)
{
    g->on_room = cancel;
}

TEST(a_call_may_be_cancelled_when_there_is_room)
{
    struct world w;
    struct got g;

    upload_open(&w, compare, WHOLE);
    run_upload(&w, &g, cancel_in_room);
    CHECK_EQ(g.fails + g.ends, 0);
    upload_close(&w, &g);
}

TEST_MAIN(a_body_is_taken_as_the_upstream_has_room, a_body_that_comes_slowly_is_waited_for,
          an_answer_before_the_end_is_taken, a_kept_alive_connection_is_not_taken,
          its_connection_is_kept_when_all_was_sent, interim_answers_do_not_end_the_request,
          the_total_time_begins_with_the_last_byte, and_is_bounded_from_there,
          an_upstream_that_dies_in_the_middle_is_an_error,
          an_answer_before_a_reset_is_taken_although_a_write_fails,
          an_answer_that_begins_and_stalls_is_timed_out, a_call_may_be_cancelled_when_there_is_room)

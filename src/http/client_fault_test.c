/* What goes wrong between the client and an upstream: refusals, cuts, garbage, time-outs, and
 * owners that leave. */
#include "http/client_testing.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include "net/closed_port_testing.h"

static bool hello(struct peer *p)
{
    peer_send(p, STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
    return true;
}

static bool silent(struct peer *p UNUSED)
{
    return true;
}

/* One GET against a server; the conf is changed by `prepare` before it starts. */
static void run_one(struct got *g, bool (*serve)(struct peer *p),
                    void (*prepare)(struct http_call_conf *conf))
{
    struct http_call_conf conf;
    struct world w;

    world_open(&w, serve, NULL);
    got_init(g, &w);
    conf = conf_for(g, "/");
    if (prepare)
        prepare(&conf);
    got_start(g, &conf);
    world_run(&w);
    world_close(&w);
}

static void expect_failure(bool (*serve)(struct peer *p),
                           void (*prepare)(struct http_call_conf *conf), enum err_code code,
                           const char *text)
{
    struct got g;

    run_one(&g, serve, prepare);
    check_failed(&g, code, text);
    got_fini(&g);
}

/* --- no connection -------------------------------------------------------------------------- */

static void use_closed_port(struct http_call_conf *conf)
{
    conf->url.port = closed_port();
}

TEST(a_refused_connection_is_an_error)
{
    expect_failure(silent, use_closed_port, ERR_CONNECT, "refused");
}

/* No fault of the upstream's: the rules that judge channels must not see it as one. */
TEST(a_process_without_files_is_unavailable)
{
    struct rlimit before, none;
    struct world w;
    struct got g;

    world_open(&w, silent, NULL);
    got_init(&g, &w);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    got_get(&g, "/");
    world_run(&w);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_EQ(g.fails, 1);
    CHECK_EQ(g.err.code, ERR_UNAVAILABLE);
    CHECK_EQ(w.connections, 0);
    world_close(&w);
    got_fini(&g);
}

/* 127.0.0.2 port of the test's server: nobody listens there, as the server is bound to 127.0.0.1.
 */
static size_t two_addresses(const char *name, struct dns_address *out, size_t cap, bool *temporary)
{
    static const char *const ips[] = {"127.0.0.2", "127.0.0.1"};

    *temporary = strcmp(name, "down.test") == 0;
    if (strcmp(name, "two.test") != 0 || cap < 2)
        return 0;
    for (size_t i = 0; i < 2; i++) {
        struct sockaddr_in *in = (struct sockaddr_in *)(void *)&out[i].addr;

        memset(&out[i], 0, sizeof out[i]);
        in->sin_family = AF_INET;
        inet_pton(AF_INET, ips[i], &in->sin_addr);
        out[i].len = sizeof *in;
    }
    return 2;
}

static void run_named(const char *name, struct got *g)
{
    struct http_call_conf conf;
    struct world w;

    world_open(&w, hello, NULL);
    dns_set_lookup(http_client_dns(w.client), two_addresses);
    got_init(g, &w);
    conf = conf_for(g, "/");
    conf.url.host = str_from(name);
    got_start(g, &conf);
    world_run(&w);
    world_close(&w);
}

TEST(the_next_address_is_tried)
{
    struct got g;

    run_named("two.test", &g);
    check_ok(&g, 200, "hello");
    got_fini(&g);
}

TEST(an_unknown_name_is_an_error)
{
    struct got g;

    run_named("none.test", &g);
    check_failed(&g, ERR_CONNECT, "host name is not known");
    got_fini(&g);
    run_named("down.test", &g);
    check_failed(&g, ERR_CONNECT, "name server did not answer");
    got_fini(&g);
}

/* --- what cannot be sent -------------------------------------------------------------------- */

static void use_bad_value(struct http_call_conf *conf)
{
    static const struct http_header h = {STR_INIT("X"), STR_INIT("a\r\nY: b")};

    conf->headers = &h;
    conf->header_count = 1;
}

static void use_nul_value(struct http_call_conf *conf)
{
    static const struct http_header h = {STR_INIT("X"), STR_INIT("a\0b")};

    conf->headers = &h;
    conf->header_count = 1;
}

static void use_bad_name(struct http_call_conf *conf)
{
    static const struct http_header h = {STR_INIT("X: y\r\nZ"), STR_INIT("a")};

    conf->headers = &h;
    conf->header_count = 1;
}

static void use_bad_target(struct http_call_conf *conf)
{
    conf->url.target = STR("/a b");
}

static void use_other_method(struct http_call_conf *conf)
{
    conf->method = HTTP_M_OTHER;
}

static void use_huge_header(struct http_call_conf *conf)
{
    static char value[300 << 10];
    static struct http_header h = {.name = STR_INIT("X")};

    memset(value, 'x', sizeof value);
    h.value = str_make(value, sizeof value);
    conf->headers = &h;
    conf->header_count = 1;
}

TEST(what_could_be_read_otherwise_is_not_sent)
{
    expect_failure(hello, use_bad_value, ERR_BAD_REQUEST, "header");
    expect_failure(hello, use_nul_value, ERR_BAD_REQUEST, "header");
    expect_failure(hello, use_bad_name, ERR_BAD_REQUEST, "header");
    expect_failure(hello, use_bad_target, ERR_BAD_REQUEST, "request line");
    expect_failure(hello, use_other_method, ERR_BAD_REQUEST, "request line");
    expect_failure(hello, use_huge_header, ERR_BAD_REQUEST, "too large");
}

/* --- garbage and cuts ----------------------------------------------------------------------- */

static const char *answer;

static bool send_answer(struct peer *p)
{
    peer_send(p, str_from(answer));
    peer_finish(p);
    return false;
}

TEST(garbage_is_told_from_cuts)
{
    static const struct {
        const char *answer;
        enum err_code code;
    } rows[] = {
        {"", ERR_UPSTREAM_CUT},
        {"HTTP/1.1 200 OK\r\nContent-Le", ERR_UPSTREAM_CUT},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", ERR_UPSTREAM_CUT},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ERR_UPSTREAM_CUT},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", ERR_UPSTREAM_CUT},
        {"HTTP/1.1 100 Continue\r\n\r\n", ERR_UPSTREAM_CUT},
        {"SSH-2.0-OpenSSH\r\n\r\n", ERR_UPSTREAM_BODY},
        {"<html>\n\n</html>", ERR_UPSTREAM_BODY},
        {"HTTP/1.1 OK\r\n\r\n", ERR_UPSTREAM_BODY},
        {"HTTP/2.0 200 OK\r\n\r\n", ERR_UPSTREAM_BODY},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
         ERR_UPSTREAM_BODY},
        {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", ERR_UPSTREAM_BODY},
        {"HTTP/1.1 200 OK\r\nX y: z\r\n\r\n", ERR_UPSTREAM_BODY},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", ERR_UPSTREAM_BODY},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", ERR_UPSTREAM_BODY},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
         ERR_UPSTREAM_BODY},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        answer = rows[i].answer;
        expect_failure(send_answer, NULL, rows[i].code, "");
    }
}

static bool endless_interims(struct peer *p)
{
    for (int i = 0; i < 100; i++)
        peer_send(p, STR("HTTP/1.1 102 Processing\r\n\r\n"));
    return true;
}

TEST(interim_replies_have_a_limit)
{
    expect_failure(endless_interims, NULL, ERR_UPSTREAM_BODY, "interim");
}

static bool endless_head(struct peer *p)
{
    peer_send(p, STR("HTTP/1.1 200 OK\r\n"));
    for (int i = 0; i < 10000; i++)
        peer_send(p, STR("X-Padding: 0123456789\r\n"));
    return true;
}

static void use_small_head(struct http_call_conf *conf)
{
    conf->head_limit = 60;
}

static bool head_of_70(struct peer *p)
{
    peer_send(p, STR("HTTP/1.1 200 OK\r\nX-Padding: 012345678901234567890123456789\r\n"
                     "Content-Length: 0\r\n\r\n"));
    return true;
}

TEST(heads_have_a_limit)
{
    expect_failure(endless_head, NULL, ERR_UPSTREAM_BODY, "too large");
    expect_failure(head_of_70, use_small_head, ERR_UPSTREAM_BODY, "too large");
}

/* --- kept-alive connections that die -------------------------------------------------------- */

struct chain {
    struct got got;
    unsigned left;
    uint64_t pause_ms;
    unsigned closes; /* by the client, which the pause goes on for */
    struct loop_timer timer;
    struct world *world;
};

static void chain_start(struct loop_timer *t)
{
    struct chain *c = container_of(t, struct chain, timer);

    if (c->world->closed_by_client < c->closes) {
        loop_timer_set(c->world->loop, t, c->pause_ms, chain_start);
        return;
    }
    sb_reset(&c->got.body);
    c->got.heads = c->got.ends = 0;
    got_get(&c->got, "/again");
    c->world->open_calls--; /* it was kept open over the pause */
}

static void chain_next(struct got *g)
{
    struct chain *c = container_of(g, struct chain, got);

    if (--c->left == 0)
        return;
    CHECK_EQ(g->fails, 0);
    g->world->open_calls++;
    loop_timer_set(g->world->loop, &c->timer, c->pause_ms, chain_start);
}

/* `calls` calls after each other, with a pause between them. */
static void run_chain(struct chain *c, struct world *w, bool (*serve)(struct peer *p),
                      const struct http_client_conf *conf)
{
    world_open(w, serve, conf);
    c->world = w;
    got_init(&c->got, w);
    c->got.on_over = chain_next;
    got_get(&c->got, "/");
    world_run(w);
    world_close(w);
}

/* Answers the first request of the first connection, dies on the second; later ones are fine. */
static bool die_on_second(struct peer *p)
{
    if (p->number > 0 || p->requests == 1)
        return hello(p);
    peer_free(p);
    return false;
}

TEST(a_dead_kept_alive_connection_is_replaced_unseen)
{
    struct chain c = {.left = 2};
    struct world w;

    run_chain(&c, &w, die_on_second, NULL);
    check_ok(&c.got, 200, "hello");
    CHECK(!c.got.reused);
    CHECK_EQ(w.connections, 2);
    CHECK_EQ(w.requests, 3);
    got_fini(&c.got);
}

static bool die_after_first(struct peer *p)
{
    if (p->number == 0 && p->requests == 1)
        return hello(p);
    peer_free(p);
    return false;
}

TEST(only_one_fresh_connection_is_tried)
{
    struct chain c = {.left = 2};
    struct world w;

    run_chain(&c, &w, die_after_first, NULL);
    check_failed(&c.got, ERR_UPSTREAM_CUT, "without an answer");
    CHECK_EQ(w.connections, 2);
    got_fini(&c.got);
}

static bool die_in_reply(struct peer *p)
{
    if (p->requests == 1)
        return hello(p);
    peer_send(p, STR("H"));
    peer_finish(p);
    return false;
}

TEST(after_a_byte_of_the_reply_nothing_is_repeated)
{
    struct chain c = {.left = 2};
    struct world w;

    run_chain(&c, &w, die_in_reply, NULL);
    check_failed(&c.got, ERR_UPSTREAM_CUT, "cut");
    CHECK_EQ(w.connections, 1);
    CHECK_EQ(w.requests, 2);
    got_fini(&c.got);
}

static bool die_at_once(struct peer *p)
{
    peer_free(p);
    return false;
}

TEST(a_fresh_connection_that_dies_is_not_repeated)
{
    struct chain c = {.left = 1};
    struct world w;

    run_chain(&c, &w, die_at_once, NULL);
    check_failed(&c.got, ERR_UPSTREAM_CUT, "without an answer");
    CHECK_EQ(w.connections, 1);
    got_fini(&c.got);
}

static bool hello_then_end(struct peer *p)
{
    p->close_later = true;
    hello(p);
    peer_send_later(p, STR(""), 1);
    return true;
}

TEST(an_idle_connection_that_ends_is_dropped)
{
    struct chain c = {.left = 2, .pause_ms = 100};
    struct world w;

    run_chain(&c, &w, hello_then_end, NULL);
    check_ok(&c.got, 200, "hello");
    CHECK_EQ(w.connections, 2);
    CHECK_EQ(w.requests, 2); /* nothing was sent into the dead one */
    got_fini(&c.got);
}

static bool hello_then_junk(struct peer *p)
{
    hello(p);
    peer_send_later(p, STR("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), 1);
    return true;
}

TEST(an_idle_connection_that_speaks_is_dropped)
{
    struct chain c = {.left = 2, .pause_ms = 10, .closes = 1};
    struct world w;

    run_chain(&c, &w, hello_then_junk, NULL);
    check_ok(&c.got, 200, "hello");
    CHECK_EQ(w.connections, 2);
    CHECK_EQ(w.closed_by_client, 1);
    got_fini(&c.got);
}

TEST(an_idle_connection_has_its_time)
{
    const struct http_client_conf conf = {.idle_ms = 20};
    struct chain c = {.left = 2, .pause_ms = 10, .closes = 1};
    struct world w;

    run_chain(&c, &w, hello, &conf);
    CHECK_EQ(w.connections, 2);
    CHECK_EQ(w.closed_by_client, 1);
    got_fini(&c.got);
}

static void last_of_three(struct got *g)
{
    struct chain *c = g->world->user;

    if (g->world->open_calls > 1)
        return;
    g->world->open_calls++;
    loop_timer_set(g->world->loop, &c->timer, 50, chain_start);
}

TEST(an_origin_keeps_so_many_idle)
{
    const struct http_client_conf conf = {.max_idle_per_origin = 1};
    struct got got[3];
    struct world w;
    struct chain c = {.left = 1, .world = &w};

    world_open(&w, hello, &conf);
    w.user = &c;
    for (size_t i = 0; i < ARRAY_LEN(got); i++) {
        got_init(&got[i], &w);
        got[i].on_over = last_of_three;
        got_get(&got[i], "/");
    }
    got_init(&c.got, &w);
    world_run(&w);
    CHECK_EQ(w.connections, 3);
    CHECK_EQ(w.closed_by_client, 2);
    check_ok(&c.got, 200, "hello");
    CHECK(c.got.reused);
    for (size_t i = 0; i < ARRAY_LEN(got); i++)
        got_fini(&got[i]);
    got_fini(&c.got);
    world_close(&w);
}

/* When both are over, a third call shows who was kept; its reply comes behind what was closed. */
static void last_of_two(struct got *g)
{
    struct chain *c = g->world->user;

    if (g->world->open_calls > 1)
        return;
    g->world->open_calls++;
    loop_timer_set(g->world->loop, &c->timer, 1, chain_start);
}

TEST(all_origins_together_keep_so_many_idle)
{
    const struct http_client_conf conf = {.max_idle = 1};
    struct got got[2];
    struct world w;
    struct chain c = {.left = 1, .world = &w};

    world_open(&w, hello, &conf);
    w.user = &c;
    for (size_t i = 0; i < ARRAY_LEN(got); i++) {
        struct http_call_conf call;

        got_init(&got[i], &w);
        got[i].on_over = last_of_two;
        call = conf_for(&got[i], "/");
        if (i > 0) /* the same address, but another origin */
            call.url.host = STR("127.1");
        got_start(&got[i], &call);
    }
    got_init(&c.got, &w);
    world_run(&w);
    CHECK_EQ(w.closed_by_client, 1);
    check_ok(&c.got, 200, "hello");
    CHECK_EQ(w.connections, c.got.reused ? 2 : 3); /* the later one of the two was kept */
    for (size_t i = 0; i < ARRAY_LEN(got); i++)
        got_fini(&got[i]);
    got_fini(&c.got);
    world_close(&w);
}

/* --- time-outs ------------------------------------------------------------------------------ */

static void use_short_connect(struct http_call_conf *conf)
{
    conf->connect_timeout_ms = 30;
    conf->url.tls = true; /* the server never answers the handshake */
}

static void use_short_first_byte(struct http_call_conf *conf)
{
    conf->first_byte_timeout_ms = 30;
}

static void use_short_idle(struct http_call_conf *conf)
{
    conf->idle_timeout_ms = 30;
}

static void use_short_total(struct http_call_conf *conf)
{
    conf->total_timeout_ms = 60;
}

static bool half_head(struct peer *p)
{
    peer_send(p, STR("HTTP/1.1 200 OK\r\n"));
    return true;
}

static bool half_body(struct peer *p)
{
    peer_send(p, STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"));
    return true;
}

static void on_drip(struct loop_timer *t)
{
    struct peer *p = container_of(t, struct peer, timer);

    peer_send(p, STR("x"));
    loop_timer_set(p->world->loop, &p->timer, 10, on_drip);
}

static bool drip(struct peer *p)
{
    peer_send(p, STR("HTTP/1.1 200 OK\r\n\r\n"));
    on_drip(&p->timer);
    return true;
}

TEST(every_wait_has_its_time)
{
    expect_failure(silent, use_short_connect, ERR_CONNECT, "no connection within 30 ms");
    expect_failure(silent, use_short_first_byte, ERR_UPSTREAM_TIMEOUT, "did not answer");
    expect_failure(half_head, use_short_first_byte, ERR_UPSTREAM_TIMEOUT, "did not answer");
    expect_failure(half_body, use_short_idle, ERR_UPSTREAM_TIMEOUT, "silent");
    expect_failure(drip, use_short_total, ERR_UPSTREAM_TIMEOUT, "too long");
}

static void use_drip_times(struct http_call_conf *conf)
{
    conf->idle_timeout_ms = 2000;
    conf->total_timeout_ms = 5000;
}

TEST(each_piece_begins_the_idle_time_anew)
{
    expect_failure(drip, use_drip_times, ERR_UPSTREAM_TIMEOUT, "too long");
}

static void on_resume_late(struct loop_timer *t)
{
    http_call_resume(container_of(t, struct got, timer)->call);
}

static void pause_long(struct got *g)
{
    http_call_pause(g->call);
    loop_timer_set(g->world->loop, &g->timer, 150, on_resume_late);
}

TEST(a_pause_is_not_the_upstreams_silence)
{
    struct http_call_conf conf;
    struct world w;
    struct got g;

    world_open(&w, hello, NULL);
    got_init(&g, &w);
    g.on_head = pause_long;
    conf = conf_for(&g, "/");
    conf.idle_timeout_ms = 40;
    got_start(&g, &conf);
    world_run(&w);
    check_ok(&g, 200, "hello");
    world_close(&w);
    got_fini(&g);
}

/* --- owners that leave ---------------------------------------------------------------------- */

static void stop_later(struct loop_timer *t)
{
    loop_stop(container_of(t, struct got, timer)->world->loop);
}

/* Cancels and lets the loop run on for a while: what comes late would be seen. */
static void cancel_now(struct got *g)
{
    http_call_cancel(g->call);
    loop_timer_set(g->world->loop, &g->timer, 40, stop_later);
}

static void on_cancel_timer(struct loop_timer *t)
{
    cancel_now(container_of(t, struct got, timer));
}

enum moment { AT_ONCE, SOON, WHILE_WAITING, IN_HEAD, IN_BODY, PAUSED };

static void pause_and_cancel(struct got *g)
{
    http_call_pause(g->call);
    loop_timer_set(g->world->loop, &g->timer, 20, on_cancel_timer);
}

static void run_cancel(enum moment moment, bool (*serve)(struct peer *p))
{
    struct world w;
    struct got g;

    world_open(&w, serve, NULL);
    got_init(&g, &w);
    g.on_head = moment == IN_HEAD ? cancel_now : moment == PAUSED ? pause_and_cancel : NULL;
    g.on_piece = moment == IN_BODY ? cancel_now : NULL;
    got_get(&g, "/");
    if (moment == AT_ONCE)
        cancel_now(&g);
    else if (moment == SOON)
        loop_timer_set(w.loop, &g.timer, 0, on_cancel_timer);
    else if (moment == WHILE_WAITING)
        loop_timer_set(w.loop, &g.timer, 50, on_cancel_timer);
    world_run(&w);
    CHECK_EQ(g.ends + g.fails, 0);
    CHECK_EQ(g.pieces, moment == IN_BODY);
    world_close(&w);
    got_fini(&g);
}

TEST(a_call_may_be_cancelled_at_any_time)
{
    run_cancel(AT_ONCE, hello);
    run_cancel(SOON, hello);
    run_cancel(WHILE_WAITING, silent);
    run_cancel(IN_HEAD, hello);
    run_cancel(IN_BODY, hello);
    run_cancel(IN_BODY, half_body);
    run_cancel(PAUSED, hello);
}

static void cancel_over(struct got *g)
{
    http_call_cancel(g->call);
    http_call_pause(g->call);
    http_call_resume(g->call);
}

TEST(cancelling_what_is_over_does_nothing)
{
    struct world w;
    struct got g[2];
    struct http_call_conf conf;

    world_open(&w, hello, NULL);
    got_init(&g[0], &w);
    got_init(&g[1], &w);
    g[0].on_over = g[1].on_over = cancel_over;
    got_get(&g[0], "/");
    conf = conf_for(&g[1], "/");
    conf.url.port = closed_port();
    got_start(&g[1], &conf);
    world_run(&w);
    check_ok(&g[0], 200, "hello");
    check_failed(&g[1], ERR_CONNECT, "refused");
    world_close(&w);
    got_fini(&g[0]);
    got_fini(&g[1]);
}

static void on_stop_timer(struct loop_timer *t)
{
    loop_stop(container_of(t, struct got, timer)->world->loop);
}

TEST(a_client_may_go_with_calls_under_way)
{
    struct got g[3];
    struct http_call_conf conf;
    struct world w;

    world_open(&w, half_body, NULL);
    for (size_t i = 0; i < 3; i++)
        got_init(&g[i], &w);
    got_get(&g[0], "/");
    got_get(&g[1], "/");
    conf = conf_for(&g[2], "/");
    conf.url.tls = true;
    got_start(&g[2], &conf);
    loop_timer_set(w.loop, &g[0].timer, 60, on_stop_timer);
    world_run(&w);
    world_close(&w);
    for (size_t i = 0; i < 3; i++) {
        CHECK_EQ(g[i].ends + g[i].fails, 0);
        got_fini(&g[i]);
    }
}

static void refuse_raw(struct peer *p, struct str in UNUSED)
{
    if (p->requests++ == 0)
        peer_send(p, STR("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"));
    sock_read_stop(p->sock);
}

TEST(a_reply_before_the_request_is_out_is_taken)
{
    enum { BYTES = 16 << 20 };
    char *block = mem_zalloc(BYTES);
    struct str body = {block, BYTES};
    struct http_call_conf conf;
    struct world w;
    struct got g;

    world_open(&w, silent, NULL);
    w.raw = refuse_raw;
    got_init(&g, &w);
    conf = conf_for(&g, "/");
    conf.method = HTTP_M_POST;
    conf.body = &body;
    conf.body_count = 1;
    got_start(&g, &conf);
    world_run(&w);
    check_ok(&g, 413, "big");
    world_close(&w);
    got_fini(&g);
    mem_free(block);
}

static void refuse_and_go(struct peer *p, struct str in UNUSED)
{
    peer_send(p, STR("HTTP/1.1 413 Too Large\r\nConnection: close\r\n"
                     "Content-Length: 3\r\n\r\nbig"));
    peer_free(p);
}

/* The server closes with our bytes unread, so the reply is followed by a reset. */
TEST(a_reply_before_a_reset_is_taken)
{
    enum { BYTES = 16 << 20 };
    char *block = mem_zalloc(BYTES);
    struct str body = {block, BYTES};
    struct http_call_conf conf;
    struct world w;
    struct got g;

    world_open(&w, silent, NULL);
    w.raw = refuse_and_go;
    got_init(&g, &w);
    conf = conf_for(&g, "/");
    conf.method = HTTP_M_POST;
    conf.body = &body;
    conf.body_count = 1;
    got_start(&g, &conf);
    world_run(&w);
    check_ok(&g, 413, "big");
    world_close(&w);
    got_fini(&g);
    mem_free(block);
}

static void on_first_resume(struct loop_timer *t)
{
    struct got *g = container_of(t, struct got, timer);

    CHECK_EQ(g->heads, 0);
    http_call_resume(g->call);
}

TEST(a_call_may_be_paused_before_its_head)
{
    struct world w;
    struct got g;

    world_open(&w, hello, NULL);
    got_init(&g, &w);
    got_get(&g, "/");
    http_call_pause(g.call);
    loop_timer_set(w.loop, &g.timer, 100, on_first_resume);
    world_run(&w);
    check_ok(&g, 200, "hello");
    world_close(&w);
    got_fini(&g);
}

static void on_second_resume(struct loop_timer *t)
{
    struct got *g = container_of(t, struct got, timer);

    CHECK_EQ(g->pieces, 0);
    *(bool *)g->world->user = true;
    http_call_resume(g->call);
}

static void pause_resume_pause(struct got *g)
{
    http_call_pause(g->call);
    http_call_resume(g->call);
    http_call_pause(g->call);
    loop_timer_set(g->world->loop, &g->timer, 60, on_second_resume);
}

TEST(the_last_word_on_pausing_counts)
{
    struct world w;
    struct got g;
    bool waited = false;

    world_open(&w, hello, NULL);
    w.user = &waited;
    got_init(&g, &w);
    g.on_head = pause_resume_pause;
    got_get(&g, "/");
    world_run(&w);
    check_ok(&g, 200, "hello");
    CHECK(waited);
    world_close(&w);
    got_fini(&g);
}

TEST(a_refused_call_may_be_paused)
{
    struct http_call_conf conf;
    struct world w;
    struct got g;

    world_open(&w, hello, NULL);
    got_init(&g, &w);
    conf = conf_for(&g, "/");
    use_bad_target(&conf);
    got_start(&g, &conf);
    http_call_pause(g.call);
    http_call_resume(g.call);
    http_call_pause(g.call);
    world_run(&w);
    check_failed(&g, ERR_BAD_REQUEST, "request line");
    world_close(&w);
    got_fini(&g);
}

TEST_MAIN(a_refused_connection_is_an_error, a_process_without_files_is_unavailable,
          the_next_address_is_tried, an_unknown_name_is_an_error,
          what_could_be_read_otherwise_is_not_sent, garbage_is_told_from_cuts,
          interim_replies_have_a_limit, heads_have_a_limit,
          a_dead_kept_alive_connection_is_replaced_unseen, only_one_fresh_connection_is_tried,
          after_a_byte_of_the_reply_nothing_is_repeated,
          a_fresh_connection_that_dies_is_not_repeated, an_idle_connection_that_ends_is_dropped,
          an_idle_connection_that_speaks_is_dropped, an_idle_connection_has_its_time,
          an_origin_keeps_so_many_idle, all_origins_together_keep_so_many_idle,
          every_wait_has_its_time, each_piece_begins_the_idle_time_anew,
          a_pause_is_not_the_upstreams_silence, a_call_may_be_cancelled_at_any_time,
          cancelling_what_is_over_does_nothing, a_client_may_go_with_calls_under_way,
          a_reply_before_the_request_is_out_is_taken, a_reply_before_a_reset_is_taken,
          a_call_may_be_paused_before_its_head, the_last_word_on_pausing_counts,
          a_refused_call_may_be_paused)

/* Both ends of a WebSocket on one loop: our client against our server, and each against raw bytes.
 */
#include "http/wsock.h"

#include <arpa/inet.h>

#include "http/client_testing.h"
#include "http/router.h"

enum { LOG_MAX = 64 << 20, BIG = 3 << 20 };

/* What one end saw: "text:hi;", "drain;", "close:1000 bye;". */
struct side {
    struct wsock *ws;
    struct sb log;
    size_t bytes; /* of messages that are not logged */
    bool quiet;
    void (*on_text)(struct side *s, struct str text);
    void (*on_over)(struct side *s);
    void (*on_room)(struct side *s);
};

static struct duo {
    struct world w;
    struct router *router;
    struct http_server *http;
    struct side server, client;
    struct http_req *req; /* of the server's side */
    struct arena arena;
    struct got got; /* the call that asks, when it is answered as any other */
    char url[128];
    struct str protocol; /* what the server chooses */
    struct str asked;    /* by the client */
    unsigned ended;
    int left; /* messages of a flood */
} d;

static void on_message(void *ctx, struct str data, bool binary)
{
    struct side *s = ctx;

    s->bytes += data.n;
    if (!s->quiet) {
        sb_add(&s->log, binary ? STR("binary:") : STR("text:"));
        sb_add(&s->log, data);
        sb_add_char(&s->log, ';');
    }
    if (s->on_text)
        s->on_text(s, data);
}

static void on_room(void *ctx)
{
    struct side *s = ctx;

    if (s->on_room)
        s->on_room(s);
}

static void on_over(void *ctx, int code, struct str reason)
{
    struct side *s = ctx;

    s->ws = NULL;
    sb_fmt(&s->log, "close:%d %.*s;", code, STR_ARG(reason));
    if (s->on_over)
        s->on_over(s);
    if (s == &d.server)
        http_reply_end(d.req);
    if (++d.ended == 2)
        loop_stop(d.w.loop);
}

static const struct wsock_handler side_handler = {
    .on_message = on_message, .on_drain = on_room, .on_close = on_over};

/* This side ends it itself: it hears nothing any more. */
static void end_side(struct side *s, int code, struct str reason)
{
    struct wsock *ws = s->ws;

    s->ws = NULL;
    wsock_close(ws, code, reason);
    if (s == &d.server)
        http_reply_end(d.req);
    if (++d.ended == 2)
        loop_stop(d.w.loop);
}

static void on_upgrade(struct http_req *r, void *ctx UNUSED)
{
    const char *why = NULL;

    if (!wsock_wanted(r, &why)) {
        http_reply(r, 400, NULL, 0, str_from(why));
        return;
    }
    if (str_eq(r->query, STR("refuse"))) {
        http_reply(r, 401, NULL, 0, STR("not you"));
        return;
    }
    if (str_eq(r->query, STR("plain"))) {
        http_reply(r, 200, NULL, 0, STR("a page"));
        return;
    }
    d.req = r;
    d.asked = str_dup(&d.arena, http_req_header(r, STR("sec-websocket-protocol")));
    d.server.ws = wsock_accept(r, d.protocol, &side_handler, &d.server);
    if (!d.server.ws) {
        http_reply_abort(r);
        loop_stop(d.w.loop);
    }
}

static void got_socket(void *ctx, const struct http_reply_head *head, struct wsock *ws)
{
    CHECK(ctx == &d.got);
    CHECK_EQ(head->status, 101);
    d.client.ws = ws;
    wsock_set_handler(ws, &side_handler, &d.client);
    if (d.client.on_room)
        d.client.on_room(&d.client);
}

static const struct http_call_handler asking = {.on_head = got_head,
                                                .on_body = got_body,
                                                .on_end = got_end,
                                                .on_fail = got_fail,
                                                .on_websocket = got_socket};

static bool serve_nothing(struct peer *p UNUSED)
{
    return true;
}

static void duo_open(void)
{
    static const struct http_route routes[] = {
        {.method = HTTP_M_GET, .pattern = "/ws", .handler = on_upgrade}};
    struct http_server_conf conf = {.find_route = router_find};
    struct err err = {0};

    memset(&d, 0, sizeof d);
    world_open(&d.w, serve_nothing, NULL);
    d.router = router_new();
    router_add(d.router, routes, 1);
    conf.route_ctx = d.router;
    CHECK_EQ(http_server_open(d.w.loop, &conf, "127.0.0.1", 0, &d.http, &err), ERR_OK);
    sb_init(&d.server.log, LOG_MAX);
    sb_init(&d.client.log, LOG_MAX);
    got_init(&d.got, &d.w);
    arena_init(&d.arena, 0);
}

static void duo_close(void)
{
    world_close(&d.w);
    router_free(d.router);
    sb_fini(&d.server.log);
    sb_fini(&d.client.log);
    got_fini(&d.got);
    arena_fini(&d.arena);
}

static void ask_at(unsigned port, const char *path, struct http_call_conf conf)
{
    snprintf(d.url, sizeof d.url, "http://127.0.0.1:%u%s", port, path);
    CHECK_EQ(http_url_read(str_from(d.url), &conf.url, NULL), ERR_OK);
    conf.connect_timeout_ms = PATIENCE_MS;
    conf.method = HTTP_M_GET;
    conf.websocket = true;
    d.w.open_calls++;
    d.got.call = http_call_start(d.w.client, &d.arena, &conf, &asking, &d.got);
}

static void ask(const char *path)
{
    ask_at(http_server_port(d.http), path, (struct http_call_conf){0});
}

static void echo(struct side *s, struct str text)
{
    if (str_eq(text, STR("bye")))
        end_side(s, 4001, STR("as you wish"));
    else
        wsock_send(s->ws, text, false);
}

static void say_hello(struct side *s)
{
    wsock_send(s->ws, STR("hello"), false);
    wsock_send(s->ws, STR("\x01\x02"), true);
    wsock_send(s->ws, STR("bye"), false);
}

TEST(two_ends_talk_and_one_of_them_closes)
{
    duo_open();
    d.server.on_text = echo;
    d.client.on_room = say_hello; /* as soon as it is open */
    ask("/ws");
    world_run(&d.w);
    CHECK_STR(sb_str(&d.server.log), "text:hello;binary:\x01\x02;text:bye;");
    CHECK(str_starts(sb_str(&d.client.log), STR("text:hello;")));
    CHECK(str_ends(sb_str(&d.client.log), STR("close:4001 as you wish;")));
    duo_close();
}

static void leave(struct side *s)
{
    end_side(s, WEBSOCKET_GOING_AWAY, STR("left"));
}

TEST(the_client_may_close_and_the_server_hears_why)
{
    duo_open();
    d.client.on_room = leave;
    ask("/ws");
    world_run(&d.w);
    CHECK_STR(sb_str(&d.server.log), "close:1001 left;");
    duo_close();
}

static void cut(struct side *s)
{
    struct wsock *ws = s->ws;

    s->ws = NULL;
    wsock_cut(ws);
    d.ended++;
}

TEST(who_goes_without_a_word_is_told_as_that)
{
    duo_open();
    d.client.on_room = cut;
    ask("/ws");
    world_run(&d.w);
    CHECK_STR(sb_str(&d.server.log), "close:1006 the connection ended without a close frame;");
    duo_close();
}

/* --- the handshake -----------------------------------------------------------------------------
 */

TEST(a_sub_protocol_is_chosen_among_those_that_were_asked_for)
{
    duo_open();
    d.protocol = STR("two");
    d.client.on_room = leave;
    ask_at(http_server_port(d.http), "/ws",
           (struct http_call_conf){.websocket_protocols = STR("one, two")});
    world_run(&d.w);
    CHECK_STR(sb_str(&d.server.log), "close:1001 left;");
    CHECK_STR(d.asked, "one, two");
    duo_close();
}

static void cut_server(struct got *g UNUSED)
{
    wsock_cut(d.server.ws);
}

TEST(a_sub_protocol_that_was_not_asked_for_is_refused)
{
    duo_open();
    d.got.on_over = cut_server;
    d.protocol = STR("three");
    ask_at(http_server_port(d.http), "/ws",
           (struct http_call_conf){.websocket_protocols = STR("one, two")});
    world_run(&d.w);
    check_failed(&d.got, ERR_UPSTREAM_BODY, "sub-protocol");
    duo_close();
}

TEST(a_refusal_comes_as_the_reply_of_any_call)
{
    duo_open();
    ask("/ws?refuse");
    world_run(&d.w);
    check_ok(&d.got, 401, "not you");
    duo_close();
}

TEST(a_page_instead_of_a_socket_is_a_failure)
{
    duo_open();
    ask("/ws?plain");
    world_run(&d.w);
    check_failed(&d.got, ERR_UPSTREAM_BODY, "did not open a WebSocket");
    duo_close();
}

TEST(a_request_that_is_no_handshake_is_told_why)
{
    static const struct {
        struct http_header headers[4];
        const char *why;
    } cases[] = {
        {{{STR_INIT("Connection"), STR_INIT("Upgrade")}}, "not a WebSocket handshake"},
        {{{STR_INIT("Connection"), STR_INIT("keep-alive, Upgrade")},
          {STR_INIT("Upgrade"), STR_INIT("h2c")}},
         "not a WebSocket handshake"},
        {{{STR_INIT("Connection"), STR_INIT("keep-alive, Upgrade")},
          {STR_INIT("Upgrade"), STR_INIT("WebSocket")}},
         "only version 13 of WebSocket is known"},
        {{{STR_INIT("Connection"), STR_INIT("upgrade")},
          {STR_INIT("Upgrade"), STR_INIT("websocket")},
          {STR_INIT("Sec-WebSocket-Version"), STR_INIT("13")},
          {STR_INIT("Sec-WebSocket-Key"), STR_INIT("c2hvcnQ=")}},
         "Sec-WebSocket-Key is not 16 bytes in base64"},
        {{{STR_INIT("Connection"), STR_INIT("upgrade")},
          {STR_INIT("Upgrade"), STR_INIT("websocket")},
          {STR_INIT("Sec-WebSocket-Version"), STR_INIT("13")},
          {STR_INIT("Sec-WebSocket-Key"), STR_INIT("dGhlIHNhbXBsZSBub25jZQ==")}},
         NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_req r = {.method = HTTP_M_GET, .headers = cases[i].headers, .header_count = 4};
        const char *why = NULL;

        CHECK_EQ(wsock_wanted(&r, &why), cases[i].why == NULL);
        if (cases[i].why)
            assert_string_equal(why, cases[i].why);
        r.method = HTTP_M_POST;
        CHECK(!wsock_wanted(&r, &why));
    }
}

/* --- raw peers ---------------------------------------------------------------------------------
 */

static struct str key_of(struct peer *p)
{
    ptrdiff_t at = str_find_nocase(p->head, STR("sec-websocket-key:"));
    struct str rest = str_skip(p->head, (size_t)at + 18);

    CHECK(at >= 0);
    return str_trim(str_cut(&rest, '\r'));
}

static void switch_raw(struct peer *p, struct str accept, const char *more)
{
    struct str head = arena_fmt(&d.arena,
                                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Accept: %.*s\r\n\r\n%s",
                                STR_ARG(accept), more);

    peer_send(p, head);
}

/* The first message and the close frame come in one packet with the reply. */
static bool serve_all_at_once(struct peer *p)
{
    CHECK(str_find_nocase(p->head, STR("\r\nupgrade: websocket\r\n")) > 0);
    CHECK(str_find_nocase(p->head, STR("\r\nsec-websocket-version: 13\r\n")) > 0);
    switch_raw(p, websocket_accept(&d.arena, key_of(p)),
               "\x81\x05"
               "early\x88\x02\x03\xe8");
    return true;
}

TEST(what_comes_with_the_reply_is_not_lost)
{
    duo_open();
    d.w.serve = serve_all_at_once;
    d.ended = 1; /* there is no second side */
    ask_at(sock_listener_port(d.w.listener), "/ws", (struct http_call_conf){0});
    world_run(&d.w);
    CHECK_STR(sb_str(&d.client.log), "text:early;close:1000 ;");
    duo_close();
}

static bool serve_wrong_key(struct peer *p)
{
    switch_raw(p, STR("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "");
    return true;
}

TEST(a_reply_that_does_not_know_the_key_is_refused)
{
    duo_open();
    d.w.serve = serve_wrong_key;
    ask_at(sock_listener_port(d.w.listener), "/ws", (struct http_call_conf){0});
    world_run(&d.w);
    check_failed(&d.got, ERR_UPSTREAM_BODY, "handshake is wrong");
    duo_close();
}

/* As a proxy: a tunnel first, then the handshake in it. */
static bool serve_as_proxy(struct peer *p)
{
    if (p->requests == 1) {
        CHECK(str_starts(p->head, STR("CONNECT 127.0.0.1:")));
        peer_send(p, STR("HTTP/1.1 200 OK\r\n\r\n"));
        return true;
    }
    CHECK(str_starts(p->head, STR("GET /ws HTTP/1.1\r\n")));
    return serve_all_at_once(p);
}

TEST(a_proxy_is_asked_for_a_tunnel_also_without_tls)
{
    char proxy[64];

    duo_open();
    d.w.serve = serve_as_proxy;
    d.ended = 1;
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", sock_listener_port(d.w.listener));
    ask_at(http_server_port(d.http), "/ws", (struct http_call_conf){.proxy = str_from(proxy)});
    world_run(&d.w);
    CHECK_STR(sb_str(&d.client.log), "text:early;close:1000 ;");
    duo_close();
}

/* Answers late, and is told of the end. */
static bool serve_breach(struct peer *p)
{
    switch_raw(p, websocket_accept(&d.arena, key_of(p)), "\x81\x81xxxxy"); /* masked by a server */
    return true;
}

TEST(who_breaks_the_protocol_is_left)
{
    duo_open();
    d.w.serve = serve_breach;
    d.ended = 1;
    ask_at(sock_listener_port(d.w.listener), "/ws", (struct http_call_conf){0});
    world_run(&d.w);
    CHECK_STR(sb_str(&d.client.log), "close:1006 a frame is masked;");
    duo_close();
}

/* A client of bytes: a handshake with a frame right behind it. */
static void on_raw_connect(void *ctx)
{
    struct sock **s = ctx;
    struct str all =
        STR("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            "\x81\x80xxxx");

    sock_write(*s, &all, 1);
}

static void on_raw_read(void *ctx UNUSED, struct str bytes UNUSED)
{
    fail();
}

static void on_raw_close(void *ctx, const struct err *err UNUSED)
{
    struct sock **s = ctx;

    sock_close(*s);
}

TEST(a_client_that_speaks_before_it_may_gets_no_socket)
{
    static const struct sock_handler raw = {
        .on_connect = on_raw_connect, .on_read = on_raw_read, .on_close = on_raw_close};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sock *s;

    duo_open();
    to.sin_port = htons(http_server_port(d.http));
    s = sock_connect(d.w.loop, (struct sockaddr *)&to, sizeof to, &raw, &s);
    world_run(&d.w);
    CHECK(d.req && !d.server.ws);
    duo_close();
}

/* --- back-pressure -----------------------------------------------------------------------------
 */

static char flood_piece[BIG / 64];

static void flood(struct side *s)
{
    while (d.left > 0) {
        flood_piece[0] = (char)('A' + d.left % 26);
        d.left--;
        if (!wsock_send(s->ws, str_make(flood_piece, sizeof flood_piece), true))
            return;
    }
    wsock_send(s->ws, STR("end"), false);
}

static int flood_seen;

static void on_flood(struct side *s, struct str text)
{
    if (str_eq(text, STR("end"))) {
        end_side(s, WEBSOCKET_NORMAL, STR_NULL);
        return;
    }
    CHECK_EQ(text.n, sizeof flood_piece);
    CHECK_EQ(text.p[0], 'A' + (256 - flood_seen) % 26);
    flood_seen++;
}

static struct loop_timer resume_timer;
static size_t paused_at;
static int paused_left;

static void on_resume_timer(struct loop_timer *t UNUSED)
{
    CHECK_EQ(d.server.bytes, paused_at); /* nothing came during the pause */
    CHECK(d.left > 0);                   /* and the other side has had to stop */
    paused_left = d.left;
    wsock_resume(d.server.ws);
}

static void pause_at_first(struct side *s, struct str text)
{
    on_flood(s, text);
    if (flood_seen != 1)
        return;
    paused_at = s->bytes;
    wsock_pause(s->ws);
    loop_timer_set(d.w.loop, &resume_timer, 200, on_resume_timer);
}

TEST(a_side_that_pauses_stops_the_other_and_loses_nothing)
{
    duo_open();
    flood_seen = 0;
    d.left = 256;
    d.server.quiet = true;
    d.server.on_text = pause_at_first;
    d.client.on_room = flood;
    ask("/ws");
    world_run(&d.w);
    CHECK_EQ(flood_seen, 256);
    CHECK(paused_left > 0);
    CHECK_STR(sb_str(&d.client.log), "close:1000 ;");
    duo_close();
}

static void pause_then_end(struct side *s, struct str text)
{
    if (str_eq(text, STR("two")))
        end_side(s, WEBSOCKET_NORMAL, STR_NULL);
    else if (str_eq(text, STR("one"))) {
        wsock_pause(s->ws);
        wsock_resume(s->ws); /* never comes back inside itself */
    }
}

static void say_two(struct side *s)
{
    if (s->bytes > 0)
        return;
    wsock_send(s->ws, STR("one"), false);
    wsock_send(s->ws, STR("two"), false);
}

TEST(messages_that_were_read_with_the_one_that_paused_come_after_resuming)
{
    duo_open();
    d.server.on_text = pause_then_end;
    d.client.on_room = say_two;
    ask("/ws");
    world_run(&d.w);
    CHECK_STR(sb_str(&d.server.log), "text:one;text:two;");
    duo_close();
}

/* --- peers that are slow, deaf or silent --------------------------------------------------------
 */

enum {
    LOOK_MS = 2000,
    LOOKS = 2,
    TICK_MS = 20,
    READ_AHEAD = 16 << 20,
    READS = 16,
    SAYS = 17,
    ALIVE_MS = 500
};

/* A client of bytes that reads some of what comes at each tick, or nothing. */
static struct slow {
    struct sock *sock;
    struct loop_timer tick;
    uint64_t end_ms;   /* until when it reads; 0: not at all */
    int reads;         /* of this tick */
    bool deaf, silent; /* it reads nothing; nothing is said to it */
    size_t got;
} slow;

static void on_slow_connect(void *ctx UNUSED)
{
    struct str all =
        STR("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");

    sock_write(slow.sock, &all, 1);
}

static void say_pieces(size_t n)
{
    static char piece[64 << 10];

    for (; n > 0 && d.server.ws; n--)
        wsock_send(d.server.ws, str_make(piece, sizeof piece), true);
}

/* The server says more than is read, so what waits there only grows. */
static void on_tick(struct loop_timer *timer UNUSED)
{
    if (loop_now_ms(d.w.loop) < slow.end_ms) {
        say_pieces(SAYS);
        slow.reads = READS;
        sock_read_start(slow.sock);
        return;
    }
    if (d.server.ws)
        end_side(&d.server, WEBSOCKET_NORMAL, STR_NULL);
    loop_stop(d.w.loop);
}

static void on_slow_read(void *ctx UNUSED, struct str bytes)
{
    if (slow.got == 0) { /* the handshake: it is open */
        wsock_set_patience(d.server.ws, slow.silent ? ALIVE_MS : 10 * LOOK_MS, LOOK_MS);
        slow.end_ms = slow.deaf ? 0 : loop_now_ms(d.w.loop) + LOOKS * LOOK_MS + LOOK_MS / 2;
        say_pieces(slow.silent ? 0 : READ_AHEAD / (64 << 10));
    }
    slow.got += bytes.n;
    if (--slow.reads > 0)
        return;
    sock_read_stop(slow.sock);
    if (slow.end_ms > 0)
        loop_timer_set(d.w.loop, &slow.tick, TICK_MS, on_tick);
}

static void on_slow_close(void *ctx UNUSED, const struct err *err UNUSED)
{
    sock_close(slow.sock);
}

static void run_slow(bool deaf, bool silent)
{
    static const struct sock_handler handler = {
        .on_connect = on_slow_connect, .on_read = on_slow_read, .on_close = on_slow_close};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    duo_open();
    slow = (struct slow){.deaf = deaf, .silent = silent};
    to.sin_port = htons(http_server_port(d.http));
    slow.sock = sock_connect(d.w.loop, (struct sockaddr *)&to, sizeof to, &handler, NULL);
    d.ended = 1;
    world_run(&d.w);
}

TEST(a_peer_that_is_slow_but_takes_something_is_kept)
{
    run_slow(false, false);
    CHECK_STR(sb_str(&d.server.log), "");
    CHECK(slow.got > READ_AHEAD);
    duo_close();
}

TEST(a_peer_that_takes_nothing_is_left)
{
    run_slow(true, false);
    CHECK_STR(sb_str(&d.server.log), "close:1006 the peer takes nothing;");
    duo_close();
}

TEST(a_peer_that_does_not_answer_a_ping_is_left)
{
    run_slow(true, true);
    CHECK_STR(sb_str(&d.server.log), "close:1006 the peer has fallen silent;");
    duo_close();
}

static struct loop_timer after_pings;

static void on_after_pings(struct loop_timer *timer UNUSED)
{
    end_side(&d.server, WEBSOCKET_NORMAL, STR("enough"));
}

static void await_pings(struct side *s)
{
    wsock_set_patience(d.server.ws, ALIVE_MS, LOOK_MS);
    loop_timer_set(d.w.loop, &after_pings, 5 * ALIVE_MS, on_after_pings);
    wsock_set_patience(s->ws, 100 * LOOK_MS, LOOK_MS);
}

TEST(a_peer_that_says_nothing_but_answers_pings_is_kept)
{
    duo_open();
    d.client.on_room = await_pings;
    ask("/ws");
    world_run(&d.w);
    CHECK_STR(sb_str(&d.client.log), "close:1000 enough;");
    CHECK_STR(sb_str(&d.server.log), "");
    duo_close();
}

static void say_big(struct side *s)
{
    char *big = mem_zalloc(BIG);

    if (s->bytes == 0) {
        memset(big, 'x', BIG);
        wsock_send(s->ws, str_make(big, BIG), false);
    }
    mem_free(big);
}

static void on_big(struct side *s, struct str text)
{
    CHECK_EQ(text.n, BIG);
    end_side(s, WEBSOCKET_NORMAL, STR_NULL);
}

TEST(a_large_message_goes_both_ways)
{
    duo_open();
    d.server.quiet = d.client.quiet = true;
    d.server.on_text = echo;
    d.client.on_room = say_big;
    d.client.on_text = on_big;
    ask("/ws");
    world_run(&d.w);
    CHECK_EQ(d.server.bytes, BIG);
    CHECK_EQ(d.client.bytes, BIG);
    duo_close();
}

static void stop_loop(struct side *s UNUSED, struct str text UNUSED)
{
    wsock_cut(d.client.ws);
    wsock_cut(d.server.ws); /* as the cleanups of a request's arena do */
    loop_stop(d.w.loop);
}

TEST(a_request_whose_socket_is_open_when_the_loop_ends_is_dropped)
{
    duo_open();
    d.server.on_text = stop_loop;
    d.client.on_room = say_two;
    ask("/ws");
    world_run(&d.w);
    duo_close();
}

TEST_MAIN(two_ends_talk_and_one_of_them_closes, the_client_may_close_and_the_server_hears_why,
          who_goes_without_a_word_is_told_as_that,
          a_sub_protocol_is_chosen_among_those_that_were_asked_for,
          a_sub_protocol_that_was_not_asked_for_is_refused,
          a_refusal_comes_as_the_reply_of_any_call, a_page_instead_of_a_socket_is_a_failure,
          a_request_that_is_no_handshake_is_told_why, what_comes_with_the_reply_is_not_lost,
          a_reply_that_does_not_know_the_key_is_refused,
          a_proxy_is_asked_for_a_tunnel_also_without_tls, who_breaks_the_protocol_is_left,
          a_client_that_speaks_before_it_may_gets_no_socket,
          a_side_that_pauses_stops_the_other_and_loses_nothing,
          messages_that_were_read_with_the_one_that_paused_come_after_resuming,
          a_peer_that_is_slow_but_takes_something_is_kept, a_peer_that_takes_nothing_is_left,
          a_peer_that_does_not_answer_a_ping_is_left,
          a_peer_that_says_nothing_but_answers_pings_is_kept, a_large_message_goes_both_ways,
          a_request_whose_socket_is_open_when_the_loop_ends_is_dropped)

/* The client's happy paths: bodies of each kind at every cut, reuse, back-pressure. */
#include "http/client_testing.h"

static bool hello(struct peer *p)
{
    peer_send(p, STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello"));
    return true;
}

TEST(a_reply_comes_with_head_body_and_end)
{
    struct world w;
    struct got g;

    world_open(&w, hello, NULL);
    got_init(&g, &w);
    got_get(&g, "/x");
    CHECK_EQ(g.heads + g.ends + g.fails, 0); /* nothing inside of start */
    world_run(&w);
    check_ok(&g, 200, "hello");
    CHECK_EQ(g.content_length, 5);
    CHECK(!g.reused);
    world_close(&w);
    got_fini(&g);
}

static bool echo(struct peer *p)
{
    char head[128];
    struct str out[3];

    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
             p->head.n + p->body.n);
    out[0] = str_from(head);
    out[1] = p->head;
    out[2] = p->body;
    sock_write(p->sock, out, 3);
    return true;
}

TEST(the_request_is_written_as_asked)
{
    static const struct http_header headers[] = {
        {STR_INIT("Content-Type"), STR_INIT("application/json")},
        {STR_INIT("X-Empty"), STR_INIT("")},
        {STR_INIT("Content-Length"), STR_INIT("99")},
        {STR_INIT("transfer-encoding"), STR_INIT("chunked")},
        {STR_INIT("Connection"), STR_INIT("close")},
    };
    const struct str body[] = {STR("{\"a\":"), STR(""), STR("1}")};
    struct http_call_conf conf;
    struct world w;
    struct got g;
    char want[512];

    world_open(&w, echo, NULL);
    got_init(&g, &w);
    conf = conf_for(&g, "/v1/chat?x=1");
    conf.method = HTTP_M_POST;
    conf.headers = headers;
    conf.header_count = ARRAY_LEN(headers);
    conf.body = body;
    conf.body_count = ARRAY_LEN(body);
    got_start(&g, &conf);
    world_run(&w);
    snprintf(want, sizeof want,
             "POST /v1/chat?x=1 HTTP/1.1\r\nContent-Type: application/json\r\nX-Empty: \r\n"
             "Host: 127.0.0.1:%u\r\nAccept-Encoding: identity\r\nContent-Length: 7\r\n\r\n"
             "{\"a\":1}",
             conf.url.port);
    check_ok(&g, 200, want);
    world_close(&w);
    got_fini(&g);
}

TEST(the_caller_may_name_host_encoding_and_authorization)
{
    static const struct http_header headers[] = {
        {STR_INIT("host"), STR_INIT("other.example")},
        {STR_INIT("Accept-Encoding"), STR_INIT("gzip")},
        {STR_INIT("Authorization"), STR_INIT("Bearer x")},
    };
    struct http_call_conf conf;
    struct world w;
    struct got g;

    world_open(&w, echo, NULL);
    got_init(&g, &w);
    conf = conf_for(&g, "/?q");
    conf.url.target = STR("?q");
    conf.url.userinfo = STR("u:p");
    conf.headers = headers;
    conf.header_count = ARRAY_LEN(headers);
    got_start(&g, &conf);
    world_run(&w);
    check_ok(&g, 200,
             "GET /?q HTTP/1.1\r\nhost: other.example\r\nAccept-Encoding: gzip\r\n"
             "Authorization: Bearer x\r\n\r\n");
    world_close(&w);
    got_fini(&g);
}

/* --- every cut ------------------------------------------------------------------------------ */

struct wire {
    const char *reply;
    const char *body;
    int status;
    bool close; /* the server ends the connection after it */
};

static const struct wire wires[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 200, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n"
     "0\r\nTrailer: x\r\n\r\n",
     "abc0123456789", 200, false},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
     "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
     "ok", 201, false},
    {"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", "", 204, false},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n", "", 304, false},
    {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end", 200, true},
    {"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", "old", 200, true},
    {"HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbad", "bad", 500, true},
};

static bool cut_reply(struct peer *p)
{
    struct str target = p->head, reply;
    uint64_t wire = 0, cut = 0;

    str_cut(&target, '/');
    if (!str_to_u64(str_cut(&target, '/'), &wire) || !str_to_u64(str_cut(&target, ' '), &cut))
        fail();
    reply = str_from(wires[wire].reply);
    p->close_later = wires[wire].close;
    peer_send(p, str_sub(reply, 0, cut));
    peer_send_later(p, str_skip(reply, cut), 1);
    return true;
}

static void run_cuts(size_t wire)
{
    size_t n = strlen(wires[wire].reply) + 1;
    struct got *got = mem_zalloc(n * sizeof *got);
    struct world w;
    char path[64];

    world_open(&w, cut_reply, NULL);
    for (size_t i = 0; i < n; i++) {
        got_init(&got[i], &w);
        snprintf(path, sizeof path, "/%zu/%zu", wire, i);
        got_get(&got[i], path);
    }
    world_run(&w);
    for (size_t i = 0; i < n; i++) {
        check_ok(&got[i], wires[wire].status, wires[wire].body);
        got_fini(&got[i]);
    }
    world_close(&w);
    mem_free(got);
}

TEST(replies_are_the_same_at_every_cut)
{
    for (size_t i = 0; i < ARRAY_LEN(wires); i++)
        run_cuts(i);
}

static bool byte_by_byte(struct peer *p);

static void on_next_byte(struct loop_timer *t)
{
    struct peer *p = container_of(t, struct peer, timer);

    peer_send(p, str_sub(p->later, 0, 1));
    p->later = str_skip(p->later, 1);
    if (p->later.n > 0)
        loop_timer_set(p->world->loop, &p->timer, 1, on_next_byte);
}

static bool byte_by_byte(struct peer *p)
{
    p->later = str_from(wires[1].reply);
    on_next_byte(&p->timer);
    return true;
}

TEST(a_reply_may_come_byte_by_byte)
{
    struct world w;
    struct got g;

    world_open(&w, byte_by_byte, NULL);
    got_init(&g, &w);
    got_get(&g, "/");
    world_run(&w);
    check_ok(&g, 200, wires[1].body);
    world_close(&w);
    got_fini(&g);
}

static bool head_reply(struct peer *p)
{
    CHECK(str_starts(p->head, STR("HEAD ")));
    peer_send(p, STR("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"));
    return true;
}

TEST(a_reply_to_head_has_no_body)
{
    struct http_call_conf conf;
    struct world w;
    struct got g;

    world_open(&w, head_reply, NULL);
    got_init(&g, &w);
    conf = conf_for(&g, "/");
    conf.method = HTTP_M_HEAD;
    got_start(&g, &conf);
    world_run(&w);
    check_ok(&g, 200, "");
    CHECK_EQ(g.content_length, 1000);
    world_close(&w);
    got_fini(&g);
}

/* --- reuse ---------------------------------------------------------------------------------- */

enum { MANY = 10000 };

struct chain {
    struct got got;
    unsigned left, reused;
};

static void chain_next(struct got *g)
{
    struct chain *c = container_of(g, struct chain, got);

    CHECK_EQ(g->fails, 0);
    CHECK_EQ(g->ends, 1);
    c->reused += g->reused;
    if (--c->left == 0)
        return;
    g->ends = 0;
    sb_reset(&g->body);
    arena_fini(&g->arena);
    got_get(g, "/again");
}

TEST(ten_thousand_calls_take_one_connection)
{
    struct chain c = {.left = MANY};
    struct world w;

    world_open(&w, hello, NULL);
    got_init(&c.got, &w);
    c.got.on_over = chain_next;
    got_get(&c.got, "/");
    world_run(&w);
    CHECK_EQ(w.connections, 1);
    CHECK_EQ(w.requests, MANY);
    CHECK_EQ(c.reused, MANY - 1);
    world_close(&w);
    got_fini(&c.got);
}

static bool hello_close(struct peer *p)
{
    peer_send(p, STR("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
    return true;
}

TEST(connection_close_is_heeded)
{
    struct chain c = {.left = 3};
    struct world w;

    world_open(&w, hello_close, NULL);
    got_init(&c.got, &w);
    c.got.on_over = chain_next;
    got_get(&c.got, "/");
    world_run(&w);
    CHECK_EQ(w.connections, 3);
    world_close(&w);
    got_fini(&c.got);
}

static bool hello_and_more(struct peer *p)
{
    peer_send(p, STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"));
    return true;
}

TEST(bytes_behind_a_reply_end_the_connection)
{
    struct chain c = {.left = 2};
    struct world w;

    world_open(&w, hello_and_more, NULL);
    got_init(&c.got, &w);
    c.got.on_over = chain_next;
    got_get(&c.got, "/");
    world_run(&w);
    CHECK_EQ(w.connections, 2);
    world_close(&w);
    got_fini(&c.got);
}

/* --- back-pressure -------------------------------------------------------------------------- */

enum { BIG = 8 << 20 };

static bool big(struct peer *p)
{
    char *block = mem_zalloc(BIG);
    char head[64];

    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BIG);
    peer_send(p, str_from(head));
    peer_send(p, str_make(block, BIG));
    mem_free(block);
    return true;
}

static size_t queued_at_server(struct world *w)
{
    return sock_queued(list_entry(w->peers.next, struct peer, link)->sock);
}

static void on_resume_timer(struct loop_timer *t)
{
    struct got *g = container_of(t, struct got, timer);

    /* Nothing came meanwhile, and the server could not get rid of its bytes. */
    CHECK_EQ(g->pieces, 1);
    CHECK(queued_at_server(g->world) > 0);
    g->on_piece = NULL;
    http_call_resume(g->call);
    http_call_resume(g->call);
}

static void pause_once(struct got *g)
{
    http_call_pause(g->call);
    loop_timer_set(g->world->loop, &g->timer, 100, on_resume_timer);
}

TEST(a_paused_call_reads_nothing)
{
    struct world w;
    struct got g;

    world_open(&w, big, NULL);
    got_init(&g, &w);
    g.on_piece = pause_once;
    got_get(&g, "/");
    world_run(&w);
    CHECK_EQ(g.ends, 1);
    CHECK_EQ(g.body.n, BIG);
    world_close(&w);
    got_fini(&g);
}

static void on_resume_piece(struct loop_timer *t)
{
    http_call_resume(container_of(t, struct got, timer)->call);
}

static void pause_each(struct got *g)
{
    http_call_pause(g->call);
    loop_timer_set(g->world->loop, &g->timer, 1, on_resume_piece);
}

static bool chunked(struct peer *p)
{
    peer_send(p, str_from(wires[1].reply));
    return true;
}

/* The chunks come in one read: the call must hold back what lies behind the pause. */
TEST(a_pause_between_chunks_of_one_read_holds)
{
    struct chain c = {.left = 2};
    struct world w;

    world_open(&w, chunked, NULL);
    got_init(&c.got, &w);
    c.got.on_head = pause_each;
    c.got.on_piece = pause_each;
    c.got.on_over = chain_next;
    got_get(&c.got, "/");
    world_run(&w);
    CHECK_EQ(c.got.pieces, 4);
    CHECK_STR(sb_str(&c.got.body), wires[1].body);
    CHECK_EQ(w.connections, 1); /* the connection read again when it went to the pool */
    world_close(&w);
    got_fini(&c.got);
}

static bool big_request(struct peer *p)
{
    CHECK_EQ(p->body.n, BIG);
    return hello(p);
}

TEST(a_large_body_is_sent_whole)
{
    char *block = mem_zalloc(BIG);
    struct str body[2] = {{block, 3}, {block + 3, BIG - 3}};
    struct http_call_conf conf;
    struct world w;
    struct got g;

    world_open(&w, big_request, NULL);
    got_init(&g, &w);
    conf = conf_for(&g, "/");
    conf.method = HTTP_M_POST;
    conf.body = body;
    conf.body_count = 2;
    got_start(&g, &conf);
    world_run(&w);
    check_ok(&g, 200, "hello");
    world_close(&w);
    got_fini(&g);
    mem_free(block);
}

TEST_MAIN(a_reply_comes_with_head_body_and_end, the_request_is_written_as_asked,
          the_caller_may_name_host_encoding_and_authorization, replies_are_the_same_at_every_cut,
          a_reply_may_come_byte_by_byte, a_reply_to_head_has_no_body,
          ten_thousand_calls_take_one_connection, connection_close_is_heeded,
          bytes_behind_a_reply_end_the_connection, a_paused_call_reads_nothing,
          a_pause_between_chunks_of_one_read_holds, a_large_body_is_sent_whole)

/* The server runs on a loop of its own thread; the tests are blocking clients. */
#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/sb.h"
#include "base/test.h"
#include "codec/compress.h"
#include "http/router.h"

enum { PIECE = 16384, FLOOD_PIECES = 1024, BIG = 3 << 20 };

struct world {
    struct loop *loop;
    struct http_server *server;
    struct router *router;
    struct http_server_conf conf;
    pthread_t thread;
    sem_t event; /* posted by handlers that a test waits for */
    _Atomic int gone, calls;
    struct http_req *held; /* loop thread */
    int flood_left;
    _Atomic int flood_written;
    char *big;
};

static struct world w;

/* --- handlers -------------------------------------------------------------------------------- */

static void on_echo(struct http_req *r, void *ctx)
{
    const struct http_header type = {STR("Content-Type"), STR("text/plain")};

    (void)ctx;
    atomic_fetch_add(&w.calls, 1);
    http_reply(r, 200, &type, 1, r->body.n > 0 ? r->body : r->path);
}

static void on_facts(struct http_req *r, void *ctx)
{
    (void)ctx;
    http_reply(r, 200, NULL, 0,
               arena_fmt(&r->arena, "%.*s|%.*s|%.*s|%.*s|%.*s|%zu", STR_ARG(r->method_name),
                         STR_ARG(r->path), STR_ARG(r->query), STR_ARG(r->params[0]),
                         STR_ARG(r->client_ip), r->body.n));
}

static void on_stream(struct http_req *r, void *ctx)
{
    const struct str pieces[] = {STR("one"), STR("two"), STR("three")};

    (void)ctx;
    http_reply_start(r, 200, NULL, 0);
    CHECK(http_reply_write(r, pieces, 2));
    CHECK(http_reply_write(r, pieces, 0));
    CHECK(http_reply_write(r, pieces + 2, 1));
    http_reply_end(r);
}

static void on_many(struct http_req *r, void *ctx)
{
    struct str pieces[100];

    (void)ctx;
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
        pieces[i] = STR("x");
    http_reply_start(r, 200, NULL, 0);
    http_reply_write(r, pieces, ARRAY_LEN(pieces));
    http_reply_end(r);
}

static void on_bad_headers(struct http_req *r, void *ctx)
{
    const struct http_header headers[] = {
        {STR("X-Split"), STR("a\r\nEvil: 1")}, {STR("Bad name"), STR("b")},
        {STR("Content-Length"), STR("999")},   {STR("Connection"), STR("upgrade")},
        {STR("X-Good"), STR("yes")},
    };

    (void)ctx;
    http_reply(r, 404, headers, ARRAY_LEN(headers), STR("ok"));
}

static void on_big(struct http_req *r, void *ctx)
{
    (void)ctx;
    http_reply(r, 200, NULL, 0, str_make(w.big, BIG));
}

static void on_text(struct http_req *r, void *ctx)
{
    (void)ctx;
    http_reply(r, 200, NULL, 0, str_make(w.big, 5000));
}

static void on_no_content(struct http_req *r, void *ctx)
{
    (void)ctx;
    http_reply(r, 204, NULL, 0, STR_NULL);
}

static void on_abort(struct http_req *r, void *ctx)
{
    (void)ctx;
    if (str_eq(r->query, STR("before"))) {
        http_reply_abort(r);
        return;
    }
    http_reply_start(r, 200, NULL, 0);
    http_reply_write(r, &STR("half"), 1);
    http_reply_abort(r);
}

static void on_held_gone(struct http_req *r)
{
    CHECK(http_req_gone(r));
    atomic_fetch_add(&w.gone, 1);
    http_reply(r, 200, NULL, 0, STR("nobody reads this"));
    sem_post(&w.event);
}

static void on_hold(struct http_req *r, void *ctx)
{
    (void)ctx;
    w.held = r;
    r->on_gone = on_held_gone;
    sem_post(&w.event);
}

/* Answers the held request from a message, as a job of the offload pool does. */
static void release(struct loop_msg *msg)
{
    (void)msg;
    struct http_req *r = w.held;
    w.held = NULL;
    r->on_gone = NULL;
    http_reply(r, 200, NULL, 0, STR("held"));
}

static void flood(struct http_req *r)
{
    struct str piece = str_make(w.big, PIECE);

    while (w.flood_left > 0) {
        w.flood_left--;
        atomic_fetch_add(&w.flood_written, 1);
        if (!http_reply_write(r, &piece, 1)) {
            sem_post(&w.event);
            return;
        }
    }
    http_reply_end(r);
}

static void on_flood_gone(struct http_req *r)
{
    atomic_fetch_add(&w.gone, 1);
    http_reply_abort(r);
    sem_post(&w.event);
}

static void on_flood(struct http_req *r, void *ctx)
{
    (void)ctx;
    w.flood_left = FLOOD_PIECES;
    atomic_store(&w.flood_written, 0);
    r->on_drain = flood;
    r->on_gone = on_flood_gone;
    http_reply_start(r, 200, NULL, 0);
    flood(r);
}

static const struct http_route routes[] = {
    {.method = HTTP_M_POST, .pattern = "/echo", .body_limit = 4 << 20, .handler = on_echo},
    {.method = HTTP_M_GET, .pattern = "/echo", .handler = on_echo},
    {.method = HTTP_M_GET, .pattern = "/facts/:x", .handler = on_facts},
    {.method = HTTP_M_POST, .pattern = "/small", .body_limit = 10, .handler = on_echo},
    {.method = HTTP_M_POST, .pattern = "/none", .handler = on_facts},
    {.method = HTTP_M_GET, .pattern = "/stream", .handler = on_stream},
    {.method = HTTP_M_GET, .pattern = "/many", .handler = on_many},
    {.method = HTTP_M_GET, .pattern = "/badheaders", .handler = on_bad_headers},
    {.method = HTTP_M_GET, .pattern = "/big", .handler = on_big},
    {.method = HTTP_M_GET, .pattern = "/text", .flags = HTTP_ROUTE_GZIP, .handler = on_text},
    {.method = HTTP_M_GET, .pattern = "/nothing", .handler = on_no_content},
    {.method = HTTP_M_GET, .pattern = "/abort", .handler = on_abort},
    {.method = HTTP_M_GET, .pattern = "/hold", .handler = on_hold},
    {.method = HTTP_M_GET, .pattern = "/flood", .handler = on_flood},
    {.method = HTTP_M_POST,
     .pattern = "/cors",
     .body_limit = 100,
     .flags = HTTP_ROUTE_CORS,
     .handler = on_echo},
};

static struct str error_body(void *ctx, struct arena *a, const struct http_req *r, int status,
                             const char *message, struct str *type)
{
    (void)ctx;
    *type = STR("application/json");
    return arena_fmt(a, "{\"error\":\"%s\",\"status\":%d,\"known\":%d}", message, status,
                     r != NULL);
}

/* --- the server's thread --------------------------------------------------------------------- */

static void *serve(void *arg)
{
    (void)arg;
    loop_run(w.loop);
    return NULL;
}

static int start(const struct http_server_conf *conf)
{
    struct err err;

    w.conf = *conf;
    w.router = router_new();
    router_add(w.router, routes, ARRAY_LEN(routes));
    w.conf.find_route = router_find;
    w.conf.route_ctx = w.router;
    w.conf.error_body = error_body;
    sem_init(&w.event, 0, 0);
    atomic_store(&w.gone, 0);
    atomic_store(&w.calls, 0);
    w.big = mem_alloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        w.big[i] = (char)('a' + i % 23);
    CHECK_EQ(loop_new(&w.loop, &err), ERR_OK);
    CHECK_EQ(http_server_open(w.loop, &w.conf, "127.0.0.1", 0, &w.server, &err), ERR_OK);
    CHECK_EQ(pthread_create(&w.thread, NULL, serve, NULL), 0);
    return 0;
}

static int start_default(void **state)
{
    (void)state;
    return start(&(struct http_server_conf){.trust_proxy_headers = true});
}

static int start_hasty(void **state)
{
    (void)state;
    return start(&(struct http_server_conf){
        .header_timeout_ms = 120, .body_timeout_ms = 120, .idle_timeout_ms = 200});
}

static int stop(void **state)
{
    (void)state;
    loop_stop(w.loop);
    pthread_join(w.thread, NULL);
    loop_free(w.loop);
    router_free(w.router);
    sem_destroy(&w.event);
    mem_free(w.big);
    return 0;
}

static void wait_event(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    CHECK_EQ(sem_timedwait(&w.event, &until), 0);
}

/* --- clients --------------------------------------------------------------------------------- */

static int dial(void)
{
    const struct timeval patience = {.tv_sec = 20};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(http_server_port(w.server))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    CHECK_EQ(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void send_all(int fd, struct str s)
{
    while (s.n > 0) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

        if (n <= 0) /* the server may have refused and closed */
            return;
        s = str_skip(s, (size_t)n);
    }
}

/* Everything until the end of the connection; the number of the error that ended it, or 0. */
static int read_to_end(int fd, struct sb *out)
{
    char buffer[65536];

    for (;;) {
        ssize_t n = recv(fd, buffer, sizeof buffer, 0);

        if (n <= 0) {
            int error = n < 0 ? errno : 0;

            close(fd);
            return error;
        }
        sb_add(out, str_make(buffer, (size_t)n));
    }
}

/* Reads until the text is there. */
static void read_until(int fd, struct sb *out, const char *text)
{
    char c;

    while (!str_ends(sb_str(out), str_from(text))) {
        CHECK_EQ(recv(fd, &c, 1, 0), 1);
        sb_add_char(out, c);
    }
}

/* Takes out the two lines that are different each time, after a look at their shape. */
static void strip_changing(struct sb *text)
{
    struct str rest = sb_str(text);
    struct sb out;

    sb_init(&out, 16 << 20);
    while (rest.n > 0) {
        ptrdiff_t lf = str_find_char(rest, '\n');
        struct str line = lf < 0 ? rest : str_sub(rest, 0, (size_t)lf + 1);

        rest = str_skip(rest, line.n);
        if (str_starts(line, STR("Date: ")))
            CHECK_EQ(line.n, 37);
        else if (str_starts(line, STR("X-Oneapi-Request-Id: 20")))
            CHECK(line.n >= 21 + 14 + 1 + 8 + 2 && line.n <= 21 + 14 + 9 + 8 + 2);
        else
            sb_add(&out, line);
    }
    sb_fini(text);
    *text = out;
}

/* What comes back for `wire`, up to the end of the connection. */
static struct sb talk(struct str wire)
{
    struct sb out;
    int fd = dial();

    sb_init(&out, 16 << 20);
    send_all(fd, wire);
    CHECK_EQ(read_to_end(fd, &out), 0);
    strip_changing(&out);
    return out;
}

static void expect(const char *wire, const char *want)
{
    struct sb got = talk(str_from(wire));

    CHECK_STR(sb_str(&got), want);
    sb_fini(&got);
}

static void expect_status(struct str wire, const char *status)
{
    struct sb got = talk(wire);
    char line[32];

    snprintf(line, sizeof line, "HTTP/1.1 %s ", status);
    if (!str_starts(sb_str(&got), str_from(line))) {
        print_error("want %s for %.*s\ngot %.*s\n", status, (int)(wire.n < 200 ? wire.n : 200),
                    wire.p, STR_ARG(sb_str(&got)));
        fail();
    }
    CHECK(str_has(sb_str(&got), STR("Connection: close\r\n")));
    sb_fini(&got);
}

#define CLOSE     "Host: a\r\nConnection: close\r\n"
#define OK_CLOSE  "HTTP/1.1 200 OK\r\nConnection: close\r\n"
#define GET_CLOSE "GET /echo HTTP/1.1\r\n" CLOSE "\r\n"

/* A few whole exchanges: whatever was sent before has been seen by the server after. */
static void barrier(void)
{
    for (int i = 0; i < 3; i++) {
        struct sb out = talk(STR(GET_CLOSE));

        sb_fini(&out);
    }
}

/* --- plain exchanges ------------------------------------------------------------------------- */

TEST(a_request_gets_its_reply)
{
    expect(GET_CLOSE, OK_CLOSE "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n/echo");
    expect("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n" CLOSE "\r\nhello",
           OK_CLOSE "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello");
    expect("GET http://h/facts/a%20b?c=d&e HTTP/1.1\r\nX-Forwarded-For: 9.9.9.9\r\n" CLOSE "\r\n",
           OK_CLOSE "Content-Length: 36\r\n\r\nGET|/facts/a%20b|c=d&e|a b|9.9.9.9|0");
    expect("GET /nothing HTTP/1.1\r\n" CLOSE "\r\n",
           "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

TEST(a_reply_in_pieces_is_chunked)
{
    expect("GET /stream HTTP/1.1\r\n" CLOSE "\r\n",
           OK_CLOSE "Transfer-Encoding: chunked\r\n\r\n6\r\nonetwo\r\n5\r\nthree\r\n0\r\n\r\n");
}

TEST(more_slices_than_a_chunk_takes_become_several)
{
    struct sb got = talk(STR("GET /many HTTP/1.1\r\n" CLOSE "\r\n"));
    size_t count = 0;

    for (size_t i = 0; i < got.n; i++)
        count += got.p[i] == 'x';
    CHECK_EQ(count, 100);
    CHECK(str_ends(sb_str(&got), STR("x\r\n0\r\n\r\n")));
    sb_fini(&got);
}

TEST(head_has_the_head_of_get)
{
    expect("HEAD /echo HTTP/1.1\r\n" CLOSE "\r\n",
           OK_CLOSE "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n");
    expect("HEAD /stream HTTP/1.1\r\n" CLOSE "\r\n", OK_CLOSE "Transfer-Encoding: chunked\r\n\r\n");
    expect("HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\n" GET_CLOSE,
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\n" OK_CLOSE
           "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n/echo");
}

TEST(http_1_0_is_served_and_closed_or_kept_as_asked)
{
    expect("GET /echo HTTP/1.0\r\n\r\n",
           OK_CLOSE "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n/echo");
    expect("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /stream HTTP/1.0\r\n"
           "Connection: keep-alive\r\n\r\n",
           "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\nContent-Type: "
           "text/plain\r\n\r\n/echo" OK_CLOSE "\r\nonetwothree");
}

TEST(headers_that_would_break_the_reply_are_left_out)
{
    expect("GET /badheaders HTTP/1.1\r\n" CLOSE "\r\n",
           "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 2\r\nX-Good: "
           "yes\r\n\r\nok");
}

TEST(request_ids_are_unlike)
{
    struct sb out;
    int fd = dial();

    sb_init(&out, 1 << 20);
    send_all(fd, STR("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n" GET_CLOSE));
    read_to_end(fd, &out);
    struct str all = sb_str(&out), mark = STR("X-Oneapi-Request-Id: ");
    struct str first = str_skip(all, (size_t)str_find(all, mark) + mark.n);
    struct str second = str_skip(first, (size_t)str_find(first, mark) + mark.n);
    CHECK(!str_eq(str_cut(&first, '\r'), str_cut(&second, '\r')));
    sb_fini(&out);
}

/* --- pipelines and splits -------------------------------------------------------------------- */

static const char pipeline[] =
    "\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst"
    "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3;x=y\r\nsec\r\n3\r\nond\r\n0\r\nT: v\r\n\r\n" GET_CLOSE;
static const char pipeline_reply[] =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nfirst"
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
    "chunked\r\n\r\n6\r\nonetwo\r\n5\r\nthree\r\n0\r\n\r\n"
    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Type: text/plain\r\n\r\nsecond" OK_CLOSE
    "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n/echo";

TEST(a_pipeline_is_answered_in_order_for_any_split)
{
    const struct str wire = str_make(pipeline, sizeof pipeline - 1);
    int fds[sizeof pipeline];

    for (size_t cut = 0; cut <= wire.n; cut++) {
        fds[cut] = dial();
        send_all(fds[cut], str_sub(wire, 0, cut));
    }
    barrier();
    for (size_t cut = 0; cut <= wire.n; cut++) {
        struct sb out;

        sb_init(&out, 1 << 20);
        send_all(fds[cut], str_skip(wire, cut));
        CHECK_EQ(read_to_end(fds[cut], &out), 0);
        strip_changing(&out);
        CHECK_STR(sb_str(&out), pipeline_reply);
        sb_fini(&out);
    }
}

TEST(a_pipeline_is_answered_when_it_comes_byte_by_byte)
{
    const struct str wire = str_make(pipeline, sizeof pipeline - 1);
    struct sb out;
    int fd = dial();

    sb_init(&out, 1 << 20);
    for (size_t i = 0; i < wire.n; i++) {
        struct sb other;

        send_all(fd, str_sub(wire, i, 1));
        other = talk(STR(GET_CLOSE)); /* the byte has been read after this */
        sb_fini(&other);
    }
    read_to_end(fd, &out);
    strip_changing(&out);
    CHECK_STR(sb_str(&out), pipeline_reply);
    sb_fini(&out);
}

TEST(what_is_behind_a_working_request_waits_for_it)
{
    struct loop_msg msg = {.fn = release};
    struct sb out, second;
    int fd = dial();

    sb_init(&out, 1 << 20);
    send_all(fd, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n" GET_CLOSE));
    wait_event();
    second = talk(STR(GET_CLOSE));
    sb_fini(&second);
    CHECK_EQ(atomic_load(&w.calls), 1); /* of the other connection */
    CHECK_EQ(recv(fd, &(char){0}, 1, MSG_DONTWAIT), -1);
    loop_post(w.loop, &msg);
    read_to_end(fd, &out);
    strip_changing(&out);
    CHECK_STR(sb_str(&out), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nheld" OK_CLOSE
                            "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n/echo");
    sb_fini(&out);
}

/* A client that sends request after request and never reads is not read without end. */
TEST(a_pipeline_without_end_is_not_read_ahead_without_end)
{
    struct loop_msg msg = {.fn = release};
    size_t sent = 0, answers = 0, request_bytes;
    struct sb flood_text, out;
    int fd = dial();

    sb_init(&flood_text, 64 << 20);
    sb_init(&out, 64 << 20);
    for (int i = 0; i < 5000; i++)
        sb_fmt(&flood_text, "GET /echo HTTP/1.1\r\nHost: a\r\nX: %.*s\r\n\r\n", 4000, w.big);
    request_bytes = flood_text.n / 5000;
    send_all(fd, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"));
    wait_event();
    for (int quiet = 0; quiet < 3;) {
        ssize_t n = send(fd, flood_text.p + sent, flood_text.n - sent, MSG_DONTWAIT);

        quiet = n > 0 ? 0 : quiet + 1;
        sent += n > 0 ? (size_t)n : 0;
        barrier();
    }
    CHECK(sent < flood_text.n);
    loop_post(w.loop, &msg);
    shutdown(fd, SHUT_WR);
    read_to_end(fd, &out);
    for (struct str rest = sb_str(&out); rest.n > 0;) {
        ptrdiff_t at = str_find(rest, STR("\r\n\r\n/echo"));

        if (at < 0)
            break;
        answers++;
        rest = str_skip(rest, (size_t)at + 9);
    }
    CHECK_EQ(answers, sent / request_bytes);
    sb_fini(&flood_text);
    sb_fini(&out);
}

/* --- bodies ---------------------------------------------------------------------------------- */

static struct sb post(const char *path, const char *headers, struct str body)
{
    struct sb wire, out;

    sb_init(&wire, 16 << 20);
    sb_fmt(&wire, "POST %s HTTP/1.1\r\n" CLOSE "%sContent-Length: %zu\r\n\r\n", path, headers,
           body.n);
    sb_add(&wire, body);
    out = talk(sb_str(&wire));
    sb_fini(&wire);
    return out;
}

TEST(large_bodies_come_whole)
{
    static const size_t sizes[] = {65536, 1 << 20, (1 << 20) + 1, BIG};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct sb got = post("/echo", "", str_make(w.big, sizes[i]));

        CHECK(str_ends(sb_str(&got), str_make(w.big, sizes[i])));
        sb_fini(&got);
    }
}

TEST(compressed_bodies_are_inflated_within_the_limit)
{
    CLEANUP(arena_finip) struct arena a;
    struct sb got;

    arena_init(&a, 0);
    got = post("/echo", "Content-Encoding: gzip\r\n", gzip_compress(&a, str_make(w.big, 100000)));
    CHECK(str_ends(sb_str(&got), str_make(w.big, 100000)));
    sb_fini(&got);
    got = post("/small", "Content-Encoding: gzip\r\n", gzip_compress(&a, STR("hello")));
    CHECK(str_starts(sb_str(&got), STR("HTTP/1.1 413 "))); /* 25 bytes already as it came */
    sb_fini(&got);
    char *zeros = mem_zalloc(8 << 20);
    got = post("/echo", "Content-Encoding: gzip\r\n", gzip_compress(&a, str_make(zeros, 8 << 20)));
    CHECK(str_starts(sb_str(&got), STR("HTTP/1.1 413 ")));
    sb_fini(&got);
    mem_free(zeros);
    got = post("/echo", "Content-Encoding: gzip\r\n", STR("this is not gzip"));
    CHECK(str_starts(sb_str(&got), STR("HTTP/1.1 400 ")));
    sb_fini(&got);
    struct str cut = gzip_compress(&a, str_make(w.big, 1000));
    got = post("/echo", "Content-Encoding: gzip\r\n", str_sub(cut, 0, cut.n - 1));
    CHECK(str_starts(sb_str(&got), STR("HTTP/1.1 400 ")));
    sb_fini(&got);
    got = post("/echo", "Content-Encoding: lzma\r\n", STR("hello"));
    CHECK(str_starts(sb_str(&got), STR("HTTP/1.1 415 ")));
    sb_fini(&got);
}

TEST(a_body_that_nobody_wants_is_thrown_away)
{
    struct sb got = post("/none", "", STR("hello"));

    CHECK(str_ends(sb_str(&got), STR("POST|/none|||127.0.0.1|0")));
    sb_fini(&got);
    got = post("/none", "", str_make(w.big, 1 << 20));
    CHECK(str_ends(sb_str(&got), STR("POST|/none|||127.0.0.1|0")));
    sb_fini(&got);
    expect("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" GET_CLOSE,
           "HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\nPOST|/none|||127.0.0.1|0" OK_CLOSE
           "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n/echo");
}

TEST(a_client_that_expects_100_gets_it_when_its_body_is_wanted)
{
    struct sb out;
    int fd = dial();

    sb_init(&out, 1 << 20);
    send_all(fd, STR("POST /echo HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n" CLOSE
                     "\r\n"));
    read_until(fd, &out, "\r\n\r\n");
    CHECK_STR(sb_str(&out), "HTTP/1.1 100 Continue\r\n\r\n");
    send_all(fd, STR("hello"));
    read_to_end(fd, &out);
    CHECK(str_ends(sb_str(&out), STR("\r\n\r\nhello")));
    sb_fini(&out);
    /* Its body comes along: no 100 needed. */
    expect("POST /echo HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n" CLOSE "\r\nhello",
           OK_CLOSE "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello");
    /* Too large, not wanted, no such page, HTTP/1.0: the final answer at once. */
    expect_status(STR("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
                      "Expect: 100-continue\r\n\r\n"),
                  "413");
    expect_status(STR("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
                      "Expect: 100-continue\r\n\r\n"),
                  "200");
    expect_status(STR("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
                      "Expect: 100-continue\r\n\r\n"),
                  "404");
    expect_status(STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
                      "Expect: 200-ok\r\n\r\n"),
                  "417");
}

/* --- refusals -------------------------------------------------------------------------------- */

TEST(what_may_be_smuggling_is_refused_and_closed)
{
#define POST_ECHO "POST /echo HTTP/1.1\r\nHost: a\r\n"
    static const char *const wires[] = {
        POST_ECHO "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" GET_CLOSE,
        POST_ECHO "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        POST_ECHO "Transfer-Encoding: gzip\r\n\r\n",
        POST_ECHO "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n",
        POST_ECHO "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
        POST_ECHO "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX0\r\n\r\n",
        POST_ECHO "X: a\r\n b\r\n\r\n",
        POST_ECHO "X : a\r\n\r\n",
        "GET /echo HTTP/1.1\nHost: a\n\n",
        "GET /echo HTTP/1.1\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET echo HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
        "nonsense\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\r\n\r\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(wires); i++)
        expect_status(str_from(wires[i]), "400");
    CHECK_EQ(atomic_load(&w.calls), 0);
#undef POST_ECHO
}

TEST(large_heads_are_431_and_large_bodies_413)
{
    struct sb wire;

    sb_init(&wire, 1 << 20);
    sb_add(&wire, STR("GET /echo HTTP/1.1\r\nHost: a\r\nX: "));
    while (wire.n < 40000)
        sb_add_char(&wire, 'x');
    expect_status(sb_str(&wire), "431");
    sb_add(&wire, STR("\r\n\r\n"));
    expect_status(sb_str(&wire), "431");
    sb_fini(&wire);
    expect_status(STR("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"), "413");
    expect_status(STR("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "b\r\nhello world\r\n"),
                  "413");
    struct sb got = post("/small", "", str_make(w.big, BIG)); /* while the client still sends */
    CHECK(str_starts(sb_str(&got), STR("HTTP/1.1 413 ")));
    sb_fini(&got);
}

TEST(errors_have_the_body_that_the_owner_writes)
{
    expect("GET /nowhere HTTP/1.1\r\n" CLOSE "\r\n",
           "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 47\r\nContent-Type: "
           "application/json\r\n\r\n{\"error\":\"no such page\",\"status\":404,\"known\":1}");
    expect(
        "DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n",
        "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 56\r\nContent-Type: "
        "application/json\r\n\r\n{\"error\":\"method is not allowed\",\"status\":405,\"known\":1}"
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 54\r\nContent-Type: "
        "application/json\r\n\r\n{\"error\":\"invalid HTTP method\",\"status\":400,\"known\":0}");
}

TEST(cors_is_answered_for_the_routes_that_have_it)
{
    expect("OPTIONS /cors HTTP/1.1\r\nOrigin: http://x\r\n" CLOSE "\r\n",
           "HTTP/1.1 204 No Content\r\nConnection: close\r\nAccess-Control-Allow-Origin: "
           "*\r\nAccess-Control-Allow-Credentials: true\r\nAccess-Control-Allow-Methods: GET, "
           "POST, PUT, DELETE, OPTIONS\r\nAccess-Control-Allow-Headers: *, "
           "Authorization\r\nAccess-Control-Max-Age: 43200\r\n\r\n");
    expect("POST /cors HTTP/1.1\r\nOrigin: http://x\r\nContent-Length: 2\r\n" CLOSE "\r\nhi",
           OK_CLOSE "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: "
                    "true\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nhi");
    expect("POST /cors HTTP/1.1\r\nContent-Length: 2\r\n" CLOSE "\r\nhi",
           OK_CLOSE "Content-Length: 2\r\nContent-Type: text/plain\r\n\r\nhi");
    expect_status(STR("OPTIONS /echo HTTP/1.1\r\nOrigin: http://x\r\n" CLOSE "\r\n"), "405");
}

static bool is_gzipped(const char *accept)
{
    char wire[200];
    struct sb got;

    snprintf(wire, sizeof wire, "GET /text HTTP/1.1\r\n" CLOSE "Accept-Encoding: %s\r\n\r\n",
             accept);
    got = talk(str_from(wire));
    bool zipped = str_has(sb_str(&got), STR("Content-Encoding: gzip\r\n"));
    CHECK(zipped == (got.n < 4000));
    sb_fini(&got);
    return zipped;
}

TEST(replies_are_gzipped_for_those_who_accept_it)
{
    CHECK(is_gzipped("gzip"));
    CHECK(is_gzipped("br, GZIP;q=0.5"));
    CHECK(is_gzipped("*"));
    CHECK(!is_gzipped("br"));
    CHECK(!is_gzipped("gzip;q=0"));
    CHECK(!is_gzipped(""));
}

/* --- clients that leave, read slowly, or stall ----------------------------------------------- */

TEST(a_handler_is_told_once_when_its_client_leaves)
{
    int fd = dial();

    send_all(fd, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"));
    wait_event();
    close(fd);
    wait_event();
    CHECK_EQ(atomic_load(&w.gone), 1);
    fd = dial(); /* one that has only ended its side counts as gone, too */
    send_all(fd, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /echo"));
    wait_event();
    shutdown(fd, SHUT_WR);
    wait_event();
    CHECK_EQ(atomic_load(&w.gone), 2);
    close(fd);
    barrier();
}

TEST(a_cut_reply_shows_that_it_is_cut)
{
    struct sb out;

    expect("GET /abort HTTP/1.1\r\nHost: a\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    expect("GET /abort?before HTTP/1.1\r\nHost: a\r\n\r\n", "");
    int fd = dial(); /* HTTP/1.0 has no other sign than a reset */
    sb_init(&out, 1 << 20);
    send_all(fd, STR("GET /abort HTTP/1.0\r\n\r\n"));
    CHECK_EQ(read_to_end(fd, &out), ECONNRESET);
    sb_fini(&out);
}

TEST(a_slow_reader_stops_its_producer)
{
    struct sb out;
    int fd = dial();

    sb_init(&out, 64 << 20);
    send_all(fd, STR("GET /flood HTTP/1.1\r\n" CLOSE "\r\n"));
    wait_event();
    barrier();
    CHECK(atomic_load(&w.flood_written) < FLOOD_PIECES);
    read_to_end(fd, &out);
    CHECK_EQ(atomic_load(&w.flood_written), FLOOD_PIECES);
    CHECK(out.n > (size_t)FLOOD_PIECES * PIECE);
    CHECK(str_ends(sb_str(&out), STR("\r\n0\r\n\r\n")));
    sb_fini(&out);
}

TEST(large_replies_reach_a_slow_reader_before_the_connection_ends)
{
    struct sb out;
    int fd = dial();

    sb_init(&out, 16 << 20);
    send_all(fd, STR("GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET /big HTTP/1.1\r\n" CLOSE "\r\n"));
    barrier();
    read_to_end(fd, &out);
    CHECK(out.n > 2 * (size_t)BIG);
    CHECK(str_ends(sb_str(&out), str_make(w.big, BIG)));
    sb_fini(&out);
}

TEST(a_client_that_ends_its_side_gets_the_whole_of_a_finished_reply)
{
    struct sb out;
    int fd = dial();

    sb_init(&out, 32 << 20);
    for (int i = 0; i < 4; i++)
        send_all(fd, STR("GET /big HTTP/1.1\r\nHost: a\r\n\r\n"));
    shutdown(fd, SHUT_WR);
    barrier();
    read_to_end(fd, &out);
    CHECK(out.n > (size_t)BIG);
    CHECK(str_ends(sb_str(&out), str_make(w.big, BIG)));
    sb_fini(&out);
}

static uint64_t ended_after_ms(struct str wire, const char *status)
{
    uint64_t began = clock_mono_ms();
    struct sb got = talk(wire);

    CHECK(str_starts(sb_str(&got), str_from(status)));
    CHECK(*status || got.n == 0);
    sb_fini(&got);
    return clock_mono_ms() - began;
}

TEST(clients_that_stall_are_timed_out)
{
    CHECK(ended_after_ms(STR(""), "") >= 200);
    CHECK(ended_after_ms(STR("GET /echo HT"), "HTTP/1.1 408 ") >= 120);
    CHECK(ended_after_ms(STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe"),
                         "HTTP/1.1 408 ") >= 120);
    CHECK(ended_after_ms(STR("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 200 ") >= 200);
}

/* A byte now and then does not keep a head or a body alive. */
TEST(clients_that_trickle_are_timed_out)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    static const char *const begins[] = {
        "GET /echo HTTP/1.1\r\nHost: a\r\nX: ",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n"};

    for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
        struct sb out;
        int fd = dial(), sent = 0;

        sb_init(&out, 1 << 20);
        send_all(fd, str_from(begins[i]));
        while (recv(fd, &(char){0}, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && sent++ < 500) {
            send_all(fd, STR("x"));
            nanosleep(&pause, NULL);
        }
        CHECK(sent < 500);
        read_to_end(fd, &out);
        CHECK(str_starts(sb_str(&out), STR("HTTP/1.1 408 ")));
        sb_fini(&out);
    }
}

TEST(a_client_that_does_not_read_is_given_up)
{
    int fd = dial();

    send_all(fd, STR("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n"));
    wait_event(); /* blocked */
    while (atomic_load(&w.gone) == 0)
        wait_event();
    CHECK_EQ(atomic_load(&w.gone), 1);
    close(fd);
}

/* --- the end --------------------------------------------------------------------------------- */

struct closing {
    struct loop_msg msg;
    uint64_t limit_ms;
};

static void close_server(struct loop_msg *msg)
{
    http_server_close(w.server, container_of(msg, struct closing, msg)->limit_ms);
    sem_post(&w.event);
}

TEST(a_closing_server_ends_idle_connections_and_lets_busy_ones_finish)
{
    struct closing closing = {.msg.fn = close_server, .limit_ms = 60000};
    struct loop_msg msg = {.fn = release};
    struct sb out;
    int idle = dial(), busy = dial();

    sb_init(&out, 1 << 20);
    send_all(busy, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"));
    wait_event();
    loop_post(w.loop, &closing.msg);
    wait_event();
    CHECK_EQ(recv(idle, &(char){0}, 1, 0), 0);
    close(idle);
    loop_post(w.loop, &msg);
    CHECK_EQ(read_to_end(busy, &out), 0);
    CHECK(str_has(sb_str(&out), STR("Connection: close\r\n")));
    CHECK(str_ends(sb_str(&out), STR("held")));
    sb_fini(&out);
}

TEST(a_closing_server_cuts_what_is_not_done_in_time)
{
    struct closing closing = {.msg.fn = close_server, .limit_ms = 50};
    struct sb out;
    int busy = dial();

    sb_init(&out, 1 << 20);
    send_all(busy, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"));
    wait_event();
    loop_post(w.loop, &closing.msg);
    wait_event();
    wait_event(); /* on_gone */
    read_to_end(busy, &out);
    CHECK_EQ(out.n, 0);
    sb_fini(&out);
}

TEST(a_loop_that_ends_takes_its_requests_with_it)
{
    int busy = dial(), idle = dial(), half = dial();

    send_all(half, STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\nhalf"));
    send_all(busy, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /"));
    wait_event();
    barrier();
    close(idle); /* the rest is closed by the end of the server; leaks are shown by the sanitizer */
    close(busy);
    close(half);
}

#define ROW(test)   cmocka_unit_test_setup_teardown(test, start_default, stop)
#define HASTY(test) cmocka_unit_test_setup_teardown(test, start_hasty, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_request_gets_its_reply),
        ROW(a_reply_in_pieces_is_chunked),
        ROW(more_slices_than_a_chunk_takes_become_several),
        ROW(head_has_the_head_of_get),
        ROW(http_1_0_is_served_and_closed_or_kept_as_asked),
        ROW(headers_that_would_break_the_reply_are_left_out),
        ROW(request_ids_are_unlike),
        ROW(a_pipeline_is_answered_in_order_for_any_split),
        ROW(a_pipeline_is_answered_when_it_comes_byte_by_byte),
        ROW(what_is_behind_a_working_request_waits_for_it),
        ROW(a_pipeline_without_end_is_not_read_ahead_without_end),
        ROW(large_bodies_come_whole),
        ROW(compressed_bodies_are_inflated_within_the_limit),
        ROW(a_body_that_nobody_wants_is_thrown_away),
        ROW(a_client_that_expects_100_gets_it_when_its_body_is_wanted),
        ROW(what_may_be_smuggling_is_refused_and_closed),
        ROW(large_heads_are_431_and_large_bodies_413),
        ROW(errors_have_the_body_that_the_owner_writes),
        ROW(cors_is_answered_for_the_routes_that_have_it),
        ROW(replies_are_gzipped_for_those_who_accept_it),
        ROW(a_handler_is_told_once_when_its_client_leaves),
        ROW(a_cut_reply_shows_that_it_is_cut),
        ROW(a_slow_reader_stops_its_producer),
        ROW(large_replies_reach_a_slow_reader_before_the_connection_ends),
        ROW(a_client_that_ends_its_side_gets_the_whole_of_a_finished_reply),
        HASTY(clients_that_stall_are_timed_out),
        HASTY(clients_that_trickle_are_timed_out),
        HASTY(a_client_that_does_not_read_is_given_up),
        ROW(a_closing_server_ends_idle_connections_and_lets_busy_ones_finish),
        ROW(a_closing_server_cuts_what_is_not_done_in_time),
        ROW(a_loop_that_ends_takes_its_requests_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

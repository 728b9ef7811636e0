/*
 * server_testing - for the tests of the server: a server with a few handlers on a loop of its own
 * thread, and blocking clients for the test's thread.
 */
#pragma once
#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/patience.h"
#include "base/sb.h"
#include "base/test.h"
#include "http/router.h"

enum { PIECE = 16384, FLOOD_PIECES = 1024, BIG = 3 << 20 };
/* How long a hasty server waits for a client: a test's thread must have sent what it wants to send
 * in that time. */
enum { HASTY_MS = 700, IDLE_MS = 1000 };

struct world {
    struct loop *loop;
    struct http_server *server;
    struct router *router;
    struct http_server_conf conf;
    pthread_t thread;
    sem_t event; /* posted by handlers that a test waits for */
    _Atomic int gone, calls, early;
    _Atomic size_t seen;   /* of a body, by its handler */
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
static inline void release(struct loop_msg *msg)
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

/* Tells each time how much of the body is there, and answers what the query says: "refuse" at once,
 * "half" when half of it is there; else the whole body. */
static void on_early_body(struct http_req *r)
{
    atomic_store(&w.seen, r->body.n);
    if (r->body_refused)
        http_reply_refusal(r);
    else if (r->body_whole)
        http_reply(r, 200, NULL, 0, r->body);
    else if (str_eq(r->query, STR("half")) && r->body.n >= r->body_length / 2)
        http_reply(r, 403, NULL, 0, STR("no more"));
    sem_post(&w.event);
}

static void on_early(struct http_req *r, void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&w.calls, 1);
    atomic_fetch_add(&w.early, !r->body_whole);
    r->on_body = on_early_body;
    r->on_gone = on_held_gone;
    if (str_eq(r->query, STR("refuse")))
        http_reply(r, 401, NULL, 0, STR("who are you"));
    else if (r->body_whole)
        http_reply(r, 200, NULL, 0, r->body);
    sem_post(&w.event);
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
    {.method = HTTP_M_POST,
     .pattern = "/early",
     .body_limit = 4 << 20,
     .flags = HTTP_ROUTE_EARLY,
     .handler = on_early},
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
    atomic_store(&w.early, 0);
    atomic_store(&w.seen, 0);
    w.big = mem_alloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        w.big[i] = (char)('a' + i % 23);
    CHECK_EQ(loop_new(&w.loop, &err), ERR_OK);
    CHECK_EQ(http_server_open(w.loop, &w.conf, "127.0.0.1", 0, &w.server, &err), ERR_OK);
    CHECK_EQ(pthread_create(&w.thread, NULL, serve, NULL), 0);
    return 0;
}

static inline int start_default(void **state)
{
    (void)state;
    return start(&(struct http_server_conf){.trust_proxy_headers = true});
}

static inline int start_hasty(void **state)
{
    (void)state;
    return start(&(struct http_server_conf){
        .header_timeout_ms = HASTY_MS, .body_timeout_ms = HASTY_MS, .idle_timeout_ms = IDLE_MS});
}

static inline int stop(void **state)
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

static inline void wait_event(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    CHECK_EQ(sem_timedwait(&w.event, &until), 0);
}

/* --- clients --------------------------------------------------------------------------------- */

static inline int dial(void)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(http_server_port(w.server))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    CHECK_EQ(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static inline void send_all(int fd, struct str s)
{
    while (s.n > 0) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

        if (n <= 0) /* the server may have refused and closed */
            return;
        s = str_skip(s, (size_t)n);
    }
}

/* Everything until the end of the connection; the number of the error that ended it, or 0. */
static inline int read_to_end(int fd, struct sb *out)
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
static inline void read_until(int fd, struct sb *out, const char *text)
{
    char c;

    while (!str_ends(sb_str(out), str_from(text))) {
        CHECK_EQ(recv(fd, &c, 1, 0), 1);
        sb_add_char(out, c);
    }
}

/* Takes out the two lines that are different each time, after a look at their shape. */
static inline void strip_changing(struct sb *text)
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
static inline struct sb talk(struct str wire)
{
    struct sb out;
    int fd = dial();

    sb_init(&out, 16 << 20);
    send_all(fd, wire);
    CHECK_EQ(read_to_end(fd, &out), 0);
    strip_changing(&out);
    return out;
}

static inline void expect(const char *wire, const char *want)
{
    struct sb got = talk(str_from(wire));

    CHECK_STR(sb_str(&got), want);
    sb_fini(&got);
}

static inline void expect_status(struct str wire, const char *status)
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
static inline void barrier(void)
{
    for (int i = 0; i < 3; i++) {
        struct sb out = talk(STR(GET_CLOSE));

        sb_fini(&out);
    }
}

#define DEFAULT(test) cmocka_unit_test_setup_teardown(test, start_default, stop)
#define HASTY(test)   cmocka_unit_test_setup_teardown(test, start_hasty, stop)

#include "net/tls.h"

#include "base/mem.h"
#include "base/patience.h"
#include "base/sb.h"
#include "net/sock.h"
#include "net/tls_testing.h"

/* One client stream and the loop it runs on. */
struct world {
    struct loop *loop;
    struct tls_ctx *tls;
    struct sock *sock;
    const char *host;
    uint16_t port;
    struct str send;
    size_t want; /* bytes after which the client closes; 0: it waits for the end */
    unsigned connects, closes, reads, rounds;
    bool clean, pauses;
    struct sb in;
    struct err err;
    struct loop_timer timer, guard;
};

static struct tls_test_ca ca;

static int setup(void **state UNUSED)
{
    tls_test_ca_open(&ca);
    return 0;
}

static int teardown(void **state UNUSED)
{
    tls_test_ca_close(&ca);
    return 0;
}

static void start(struct world *w);

static void over(struct world *w)
{
    sock_close(w->sock);
    w->sock = NULL;
    if (w->rounds-- > 1) {
        sb_reset(&w->in);
        start(w);
    } else {
        loop_stop(w->loop);
    }
}

static void on_connect(void *ctx)
{
    struct world *w = ctx;

    if (w->connects++ % 2 == 0) {
        sock_start_tls(w->sock, w->tls, str_from(w->host));
        return;
    }
    if (w->send.n > 0) {
        const struct str slices[] = {str_sub(w->send, 0, 1), str_sub(w->send, 1, 100),
                                     str_skip(w->send, 101)};
        sock_write(w->sock, slices, ARRAY_LEN(slices));
    }
}

static void on_time(struct loop_timer *t)
{
    sock_read_start(container_of(t, struct world, timer)->sock);
}

static void on_read(void *ctx, struct str bytes)
{
    struct world *w = ctx;

    w->reads++;
    sb_add(&w->in, bytes);
    if (w->want && w->in.n >= w->want) {
        over(w);
    } else if (w->pauses && w->reads % 3 == 1) {
        sock_read_stop(w->sock);
        loop_timer_set(w->loop, &w->timer, 1, on_time);
    }
}

static void on_close(void *ctx, const struct err *err)
{
    struct world *w = ctx;

    w->closes++;
    w->clean = !err;
    if (err)
        w->err = *err;
    over(w);
}

static const struct sock_handler handler = {
    .on_connect = on_connect, .on_read = on_read, .on_close = on_close};

static void start(struct world *w)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    to.sin_port = htons(w->port);
    w->sock = sock_connect(w->loop, (struct sockaddr *)&to, sizeof to, &handler, w);
}

static void on_guard(struct loop_timer *t)
{
    (void)t;
    fail_msg("nothing happens");
}

static void run(struct world *w, const struct tls_conf *conf)
{
    struct err err;

    assert_int_equal(loop_new(&w->loop, &err), ERR_OK);
    assert_int_equal(tls_ctx_new(conf, &w->tls, &err), ERR_OK);
    sb_init(&w->in, 64 << 20);
    loop_timer_set(w->loop, &w->guard, PATIENCE_MS, on_guard);
    start(w);
    loop_run(w->loop);
    tls_ctx_free(w->tls);
    loop_free(w->loop);
}

static void run_trusting(struct world *w)
{
    const struct tls_conf conf = {.ca_file = ca.file};

    run(w, &conf);
}

/* --- servers -------------------------------------------------------------------------------- */

static void serve_hello(struct tls_server *s UNUSED, SSL *ssl)
{
    SSL_write(ssl, "hello", 5);
}

static void serve_hello_and_wait(struct tls_server *s UNUSED, SSL *ssl)
{
    char c;

    SSL_write(ssl, "hello", 5);
    SSL_read(ssl, &c, 1); /* until the client goes */
}

enum { BIG = 3 << 20 };

/* Sends back as many bytes as it was told to expect, all of them plus one. */
static void serve_echo(struct tls_server *s UNUSED, SSL *ssl)
{
    char *all = mem_alloc(BIG);
    int n = 0, got;

    while (n < BIG && (got = SSL_read(ssl, all + n, BIG - n)) > 0)
        n += got;
    for (int i = 0; i < n; i++)
        all[i]++;
    for (int sent = 0; sent < n; sent += got)
        if ((got = SSL_write(ssl, all + sent, n - sent)) <= 0)
            break;
    mem_free(all);
}

/* --- tests ---------------------------------------------------------------------------------- */

static void check_hello(const struct tls_server_conf *conf, const char *host)
{
    struct tls_server server;
    struct world w = {.host = host};

    tls_server_open(&server, conf);
    w.port = server.port;
    run_trusting(&w);
    if (!w.clean)
        print_error("%s\n", w.err.msg);
    CHECK(w.clean);
    CHECK_STR(sb_str(&w.in), "hello");
    CHECK_EQ(w.connects, 2);
    sb_fini(&w.in);
    tls_server_close(&server);
}

static const struct tls_server_conf good = {
    .ca = &ca, .names = "DNS:good.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1", .serve = serve_hello};

TEST(a_trusted_server_is_heard_to_its_end)
{
    struct tls_server_conf old = good;

    check_hello(&good, "good.test");
    check_hello(&good, "a.wild.test");
    check_hello(&good, "127.0.0.1");
    check_hello(&good, "::1");
    old.max_version = TLS1_2_VERSION;
    check_hello(&old, "good.test");
}

static void check_refused(const struct tls_server_conf *conf, const char *host, const char *why)
{
    struct tls_server server;
    struct world w = {.host = host};

    tls_server_open(&server, conf);
    w.port = server.port;
    run_trusting(&w);
    CHECK_EQ(w.connects, 1);
    CHECK_EQ(w.closes, 1);
    CHECK(!w.clean);
    CHECK_EQ(w.err.code, ERR_TLS);
    if (!strstr(w.err.msg, why))
        print_error("%s\n", w.err.msg);
    CHECK(strstr(w.err.msg, why) != NULL);
    CHECK_EQ(w.in.n, 0);
    sb_fini(&w.in);
    tls_server_close(&server);
}

TEST(a_server_that_is_not_the_one_meant_is_refused)
{
    struct tls_server_conf conf = good;

    check_refused(&good, "other.test", "certificate is for another host");
    check_refused(&good, "b.a.wild.test", "certificate is for another host");
    check_refused(&good, "127.0.0.2", "certificate is for another host");
    conf.ca = NULL;
    check_refused(&conf, "good.test", "certificate is not trusted");
    conf.ca = &ca;
    conf.from_s = -2 * TLS_TEST_DAY;
    conf.to_s = -TLS_TEST_DAY;
    check_refused(&conf, "good.test", "certificate has expired");
    conf.from_s = TLS_TEST_DAY;
    conf.to_s = 2 * TLS_TEST_DAY;
    check_refused(&conf, "good.test", "certificate is not valid yet");
}

TEST(an_old_protocol_is_refused)
{
    struct tls_server_conf conf = good;

    conf.max_version = TLS1_1_VERSION;
    check_refused(&conf, "good.test", "handshake failed: ");
}

TEST(without_a_ca_file_the_test_authority_is_not_trusted)
{
    const struct tls_conf conf = {0};
    struct tls_server server;
    struct world w = {.host = "good.test"};

    tls_server_open(&server, &good);
    w.port = server.port;
    run(&w, &conf);
    CHECK(strstr(w.err.msg, "certificate is not trusted") != NULL);
    sb_fini(&w.in);
    tls_server_close(&server);
}

TEST(verification_can_be_switched_off)
{
    const struct tls_conf conf = {.insecure = true};
    struct tls_server_conf bad = good;
    struct tls_server server;
    struct world w = {.host = "other.test"};

    bad.ca = NULL;
    tls_server_open(&server, &bad);
    w.port = server.port;
    run(&w, &conf);
    CHECK(w.clean);
    CHECK_STR(sb_str(&w.in), "hello");
    sb_fini(&w.in);
    tls_server_close(&server);
}

TEST(a_ca_file_that_cannot_be_read_is_an_error)
{
    const struct tls_conf conf = {.ca_file = "/nonexistent/ca.pem"};
    struct tls_ctx *ctx;
    struct err err;

    CHECK_EQ(tls_ctx_new(&conf, &ctx, &err), ERR_IO);
    CHECK(strstr(err.msg, "/nonexistent/ca.pem") != NULL);
    CHECK(ctx == NULL);
}

TEST(an_end_without_close_notify_is_a_cut)
{
    struct tls_server_conf conf = good;
    struct tls_server server;
    struct world w = {.host = "good.test"};

    conf.no_close_notify = true;
    tls_server_open(&server, &conf);
    w.port = server.port;
    run_trusting(&w);
    CHECK(!w.clean);
    CHECK_EQ(w.err.code, ERR_IO);
    CHECK_STR(sb_str(&w.in), "hello");
    sb_fini(&w.in);
    tls_server_close(&server);
}

static void check_resumption(int max_version)
{
    struct tls_server_conf conf = good;
    struct tls_server server;
    struct world w = {.host = "good.test", .rounds = 4, .want = 5};

    conf.max_version = max_version;
    conf.serve = serve_hello_and_wait;
    tls_server_open(&server, &conf);
    w.port = server.port;
    run_trusting(&w);
    CHECK_EQ(w.connects, 8);
    tls_server_close(&server);
    CHECK_EQ(atomic_load(&server.shaken), 4);
    CHECK_EQ(atomic_load(&server.resumed), 3);
    sb_fini(&w.in);
}

TEST(sessions_are_resumed)
{
    check_resumption(TLS1_3_VERSION);
    check_resumption(TLS1_2_VERSION);
}

static void check_echo(bool pauses)
{
    struct tls_server_conf conf = good;
    struct tls_server server;
    char *all = mem_alloc(BIG);
    struct world w = {.host = "good.test", .want = BIG, .send = {all, BIG}, .pauses = pauses};

    for (size_t i = 0; i < BIG; i++)
        all[i] = (char)(i * 7 % 251);
    conf.serve = serve_echo;
    tls_server_open(&server, &conf);
    w.port = server.port;
    run_trusting(&w);
    CHECK_EQ(w.in.n, BIG);
    for (size_t i = 0; i < BIG; i++)
        if (w.in.p[i] != (char)(all[i] + 1))
            fail_msg("byte %zu", i);
    sb_fini(&w.in);
    mem_free(all);
    tls_server_close(&server);
}

TEST(megabytes_go_both_ways)
{
    check_echo(false);
}

TEST(a_reader_that_stops_now_and_then_gets_everything)
{
    check_echo(true);
}

static void *garbage_thread(void *arg)
{
    int fd = accept(*(int *)arg, NULL, NULL);
    char buf[1024];

    if (read(fd, buf, sizeof buf) > 0 && write(fd, "HTTP/1.1 400 Bad\r\n\r\n", 20) == 20)
        read(fd, buf, sizeof buf);
    close(fd);
    return NULL;
}

TEST(a_server_without_tls_is_an_error)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct world w = {.host = "good.test"};
    pthread_t thread;

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)&at, &n);
    pthread_create(&thread, NULL, garbage_thread, &fd);
    w.port = ntohs(at.sin_port);
    run_trusting(&w);
    pthread_join(thread, NULL);
    close(fd);
    CHECK_EQ(w.err.code, ERR_TLS);
    CHECK(str_starts(str_from(w.err.msg), STR("handshake failed: ")));
    sb_fini(&w.in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST_MAP(
        TEST_ROW_1, a_trusted_server_is_heard_to_its_end,
        a_server_that_is_not_the_one_meant_is_refused, an_old_protocol_is_refused,
        without_a_ca_file_the_test_authority_is_not_trusted, verification_can_be_switched_off,
        a_ca_file_that_cannot_be_read_is_an_error, an_end_without_close_notify_is_a_cut,
        sessions_are_resumed, megabytes_go_both_ways,
        a_reader_that_stops_now_and_then_gets_everything, a_server_without_tls_is_an_error)};

    return test_end(cmocka_run_group_tests(tests, setup, teardown));
}

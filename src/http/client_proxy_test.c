/* Calls over TLS and through proxies, each against a small fake of the other side. */
#include "http/client_testing.h"

#include "net/tls_testing.h"

/* --- upstreams ------------------------------------------------------------------------------ */

static struct tls_test_ca ca;
static atomic_uint lookups;

static size_t lookup(const char *name, struct dns_address *out, size_t cap, bool *temporary)
{
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)&out[0].addr;

    atomic_fetch_add(&lookups, 1);
    *temporary = false;
    if (strcmp(name, "good.test") != 0 || cap == 0)
        return 0;
    memset(out, 0, sizeof *out);
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    out->len = sizeof *in;
    return 1;
}

static void serve_kept_alive(struct tls_server *s UNUSED, SSL *ssl)
{
    char buf[4096];

    while (tls_server_read_head(ssl, buf, sizeof buf) > 0) {
        static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
        SSL_write(ssl, reply, sizeof reply - 1);
    }
}

static void serve_until_close(struct tls_server *s UNUSED, SSL *ssl)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\n\r\nall of it";
    char buf[4096];

    if (tls_server_read_head(ssl, buf, sizeof buf) > 0)
        SSL_write(ssl, reply, sizeof reply - 1);
}

static void serve_cut(struct tls_server *s UNUSED, SSL *ssl)
{
    char buf[4096];

    tls_server_read_head(ssl, buf, sizeof buf);
}

static const struct tls_server_conf good = {
    .ca = &ca, .names = "DNS:good.test,IP:127.0.0.1", .serve = serve_kept_alive};

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

/* --- the fake proxy, on the loop of the client ---------------------------------------------- */

enum fake_kind { FAKE_HTTP, FAKE_SOCKS };

static struct fake_conf {
    enum fake_kind kind;
    const char *user, *password; /* SOCKS; NULL: none asked for */
    const char *refusal;         /* HTTP: the answer to CONNECT instead of a tunnel */
    bool early;                  /* speaks behind its 200 at once */
} fake;

struct tunnel {
    struct peer *peer;
    struct sock *up;
    bool ready;
    struct sb in;
    unsigned step;
    char target[300]; /* what was asked for: "host:port" */
};

static char last_target[300], last_head[2048];

static void tunnel_connected(void *ctx)
{
    struct tunnel *t = ctx;

    t->ready = true;
    if (fake.kind == FAKE_HTTP)
        peer_send(t->peer, STR("HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n"));
    else
        peer_send(t->peer, STR("\5\0\0\1\0\0\0\0\0\0"));
    if (fake.early)
        peer_send(t->peer, STR("early"));
}

static void tunnel_up_read(void *ctx, struct str bytes)
{
    struct tunnel *t = ctx;

    peer_send(t->peer, bytes);
}

static void tunnel_up_close(void *ctx, const struct err *err UNUSED)
{
    struct tunnel *t = ctx;

    peer_finish(t->peer);
}

static void tunnel_peer_read(void *ctx, struct str bytes);

static void tunnel_peer_close(void *ctx, const struct err *err UNUSED)
{
    struct tunnel *t = ctx;

    peer_free(t->peer);
}

static void tunnel_drop(struct peer *p)
{
    struct tunnel *t = p->user;

    if (t->up)
        sock_close(t->up);
    sb_fini(&t->in);
    mem_free(t);
}

static const struct sock_handler peer_side = {.on_read = tunnel_peer_read,
                                              .on_close = tunnel_peer_close};
static const struct sock_handler up_side = {
    .on_connect = tunnel_connected, .on_read = tunnel_up_read, .on_close = tunnel_up_close};

static void tunnel_open(struct tunnel *t, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    to.sin_port = htons(port);
    t->up = sock_connect(t->peer->world->loop, (struct sockaddr *)&to, sizeof to, &up_side, t);
}

static void http_step(struct tunnel *t)
{
    struct str head = sb_str(&t->in), target;
    uint64_t port;

    if (str_find(head, STR("\r\n\r\n")) < 0)
        return;
    snprintf(last_head, sizeof last_head, "%.*s", STR_ARG(head));
    sb_reset(&t->in);
    if (!str_starts(str_from(last_head), STR("CONNECT "))) {
        peer_send(t->peer, STR("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied"));
        return;
    }
    if (fake.refusal) {
        peer_send(t->peer, str_from(fake.refusal));
        return;
    }
    target = str_skip(str_from(last_head), 8);
    target = str_cut(&target, ' ');
    snprintf(last_target, sizeof last_target, "%.*s", STR_ARG(target));
    if (!str_to_u64(str_skip(target, (size_t)str_rfind_char(target, ':') + 1), &port))
        fail();
    tunnel_open(t, (uint16_t)port);
}

static void socks_request(struct tunnel *t)
{
    const unsigned char *p = (const unsigned char *)t->in.p;
    size_t host = p[3] == 3 ? 5 : 4, n = p[3] == 3 ? p[4] : p[3] == 1 ? 4 : 16;
    unsigned port = p[host + n] * 256u + p[host + n + 1];

    if (p[3] == 3)
        snprintf(last_target, sizeof last_target, "%.*s:%u", (int)n, (const char *)p + host, port);
    else
        snprintf(last_target, sizeof last_target, "address %u.%u.%u.%u:%u", p[4], p[5], p[6], p[7],
                 port);
    tunnel_open(t, (uint16_t)port);
}

/* Each message of the client comes in one read on loopback, which is enough of SOCKS5 here; every
 * cut is tested where the client's half is. */
static void socks_step(struct tunnel *t)
{
    char auth[64];

    switch (t->step++) {
    case 0:
        peer_send(t->peer, fake.user ? STR("\5\2") : STR("\5\0"));
        t->step += !fake.user;
        break;
    case 1:
        snprintf(auth, sizeof auth, "\1%c%s%c%s", (int)strlen(fake.user), fake.user,
                 (int)strlen(fake.password), fake.password);
        peer_send(t->peer, str_eq(sb_str(&t->in), str_from(auth)) ? STR("\1\0") : STR("\1\1"));
        break;
    case 2:
        socks_request(t);
        break;
    default:
        fail();
    }
    sb_reset(&t->in);
}

static void tunnel_peer_read(void *ctx, struct str bytes)
{
    struct tunnel *t = ctx;

    if (t->ready) {
        sock_write(t->up, &bytes, 1);
        return;
    }
    sb_add(&t->in, bytes);
    if (fake.kind == FAKE_HTTP)
        http_step(t);
    else
        socks_step(t);
}

static void proxy_accepted(struct peer *p)
{
    struct tunnel *t = mem_new(struct tunnel);

    t->peer = p;
    sb_init(&t->in, 4096);
    p->user = t;
    p->drop = tunnel_drop;
    sock_set_handler(p->sock, &peer_side, t);
}

/* --- calls ---------------------------------------------------------------------------------- */

struct call {
    struct world w;
    struct got got;
    unsigned left; /* further calls after the first */
    unsigned reused;
    struct http_call_conf conf;
    char proxy[128];
};

static void again(struct got *g)
{
    struct call *c = container_of(g, struct call, got);

    c->reused += g->reused;
    if (c->left == 0 || g->fails)
        return;
    c->left--;
    g->heads = g->ends = 0;
    sb_reset(&g->body);
    got_start(g, &c->conf);
}

/* A call to url, through the fake proxy when `proxy` is a format with a port. */
static void run_call(struct call *c, const char *url, const char *proxy, uint16_t proxy_port)
{
    const struct http_client_conf conf = {.tls.ca_file = ca.file};
    unsigned left = c->left;

    memset(c, 0, sizeof *c);
    c->left = left;
    atomic_store(&lookups, 0);
    last_head[0] = last_target[0] = 0;
    world_open(&c->w, NULL, &conf);
    c->w.accepted = proxy_accepted;
    dns_set_lookup(http_client_dns(c->w.client), lookup);
    got_init(&c->got, &c->w);
    c->got.on_over = again;
    assert_int_equal(http_url_read(str_from(url), &c->conf.url, NULL), ERR_OK);
    if (proxy) {
        struct str head = str_from(proxy), scheme = str_cut(&head, '@');
        snprintf(c->proxy, sizeof c->proxy, "%.*s%s127.0.0.1:%u", STR_ARG(scheme),
                 head.p ? "@" : "", proxy_port ? proxy_port : sock_listener_port(c->w.listener));
        c->conf.proxy = str_from(c->proxy);
    }
    got_start(&c->got, &c->conf);
    world_run(&c->w);
    world_close(&c->w);
}

static const char *url_of(const char *scheme, const char *host, uint16_t port)
{
    static char text[128];

    snprintf(text, sizeof text, "%s://%s:%u/v1/x", scheme, host, port);
    return text;
}

static void check_secret(struct call *c)
{
    check_ok(&c->got, 200, "secret");
    CHECK_EQ(c->left, 0);
    got_fini(&c->got);
}

/* --- TLS ------------------------------------------------------------------------------------ */

TEST(https_calls_share_a_connection)
{
    struct tls_server s;
    struct call c = {.left = 20};

    tls_server_open(&s, &good);
    run_call(&c, url_of("https", "good.test", s.port), NULL, 0);
    tls_server_close(&s);
    check_secret(&c);
    CHECK_EQ(c.reused, 20);
    CHECK_EQ(atomic_load(&s.accepted), 1);
}

static void serve_once(struct tls_server *s UNUSED, SSL *ssl)
{
    static const char reply[] =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nsecret";
    char buf[4096];

    if (tls_server_read_head(ssl, buf, sizeof buf) > 0)
        SSL_write(ssl, reply, sizeof reply - 1);
    SSL_read(ssl, buf, 1);
}

TEST(the_next_connection_resumes_the_session)
{
    struct tls_server_conf conf = good;
    struct tls_server s;
    struct call c = {.left = 3};

    conf.serve = serve_once;
    tls_server_open(&s, &conf);
    run_call(&c, url_of("https", "good.test", s.port), NULL, 0);
    tls_server_close(&s);
    check_secret(&c);
    CHECK_EQ(atomic_load(&s.accepted), 4);
    CHECK_EQ(atomic_load(&s.resumed), 3);
}

TEST(a_body_until_the_end_needs_close_notify)
{
    struct tls_server_conf conf = good;
    struct tls_server s;
    struct call c = {0};

    conf.serve = serve_until_close;
    tls_server_open(&s, &conf);
    run_call(&c, url_of("https", "good.test", s.port), NULL, 0);
    tls_server_close(&s);
    check_ok(&c.got, 200, "all of it");
    got_fini(&c.got);

    conf.no_close_notify = true;
    tls_server_open(&s, &conf);
    run_call(&c, url_of("https", "good.test", s.port), NULL, 0);
    tls_server_close(&s);
    check_failed(&c.got, ERR_UPSTREAM_CUT, "cut");
    got_fini(&c.got);
}

TEST(an_upstream_that_is_another_is_an_error)
{
    struct tls_server_conf conf = good;
    struct tls_server s;
    struct call c = {0};

    conf.names = "DNS:evil.test";
    tls_server_open(&s, &conf);
    run_call(&c, url_of("https", "good.test", s.port), NULL, 0);
    tls_server_close(&s);
    check_failed(&c.got, ERR_TLS, "certificate is for another host");
    got_fini(&c.got);

    conf.names = good.names;
    conf.serve = serve_cut;
    tls_server_open(&s, &conf);
    run_call(&c, url_of("https", "good.test", s.port), NULL, 0);
    tls_server_close(&s);
    check_failed(&c.got, ERR_UPSTREAM_CUT, "without an answer");
    got_fini(&c.got);
}

/* --- http proxies --------------------------------------------------------------------------- */

TEST(an_http_proxy_gets_the_whole_address)
{
    struct call c = {.left = 2};

    fake = (struct fake_conf){.kind = FAKE_HTTP};
    run_call(&c, "http://good.test:81/v1/x?y", "http://us%20er:pw@", 0);
    check_ok(&c.got, 200, "proxied");
    CHECK_EQ(c.reused, 2);
    CHECK_EQ(c.w.connections, 1);
    CHECK_EQ(atomic_load(&lookups), 0);
    assert_string_equal(last_head, "GET http://good.test:81/v1/x?y HTTP/1.1\r\n"
                                   "Host: good.test:81\r\nAccept-Encoding: identity\r\n"
                                   "Proxy-Authorization: Basic dXMgZXI6cHc=\r\n\r\n");
    got_fini(&c.got);
}

TEST(an_http_proxy_opens_a_tunnel_for_https)
{
    struct tls_server s;
    struct call c = {.left = 2};
    char want[64];

    fake = (struct fake_conf){.kind = FAKE_HTTP};
    tls_server_open(&s, &good);
    run_call(&c, url_of("https", "good.test", s.port), "http://user:pw@", 0);
    tls_server_close(&s);
    check_secret(&c);
    CHECK_EQ(c.reused, 2);
    CHECK_EQ(c.w.connections, 1);
    snprintf(want, sizeof want, "good.test:%u", s.port);
    assert_string_equal(last_target, want);
    CHECK(strstr(last_head, "\r\nProxy-Authorization: Basic dXNlcjpwdw==\r\n") != NULL);
    CHECK_EQ(atomic_load(&lookups), 0);
}

static void check_proxy_fails(const char *url, const char *proxy, const char *why)
{
    struct call c = {0};

    run_call(&c, url, proxy, 0);
    check_failed(&c.got, ERR_CONNECT, why);
    got_fini(&c.got);
}

TEST(proxies_that_refuse_are_told)
{
    fake = (struct fake_conf){.kind = FAKE_HTTP,
                              .refusal = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"};
    check_proxy_fails("https://good.test:1/", "http://", "refused the user name");
    fake.refusal = "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno";
    check_proxy_fails("https://good.test:1/", "http://", "503");
    fake.refusal = "nonsense\r\n\r\n";
    check_proxy_fails("https://good.test:1/", "http://", "did not answer in HTTP");
    fake = (struct fake_conf){.kind = FAKE_SOCKS, .user = "a", .password = "b"};
    check_proxy_fails("https://good.test:1/", "socks5h://a:wrong@", "refused the user name");
    check_proxy_fails("https://good.test:1/", "socks5h://", "wants a user name");
    check_proxy_fails("http://none.test:1/", "socks5://", "host name is not known");
    check_proxy_fails("http://good.test/", "gopher://", "starts with none of");
}

TEST(a_proxy_that_is_not_there_is_an_error)
{
    struct call c = {0};

    run_call(&c, "https://good.test:1/", "http://", 1);
    check_failed(&c.got, ERR_CONNECT, "proxy: ");
    got_fini(&c.got);
}

TEST(a_proxy_that_speaks_early_is_not_believed)
{
    struct tls_server s;

    fake = (struct fake_conf){.kind = FAKE_HTTP, .early = true};
    tls_server_open(&s, &good);
    check_proxy_fails(url_of("https", "good.test", s.port), "http://", "out of turn");
    tls_server_close(&s);
}

/* --- socks ---------------------------------------------------------------------------------- */

TEST(socks_tunnels_with_names_of_the_proxy)
{
    struct tls_server s;
    struct call c = {.left = 1};
    char want[64];

    fake = (struct fake_conf){.kind = FAKE_SOCKS, .user = "us", .password = "p:w"};
    tls_server_open(&s, &good);
    run_call(&c, url_of("https", "good.test", s.port), "socks5h://us:p%3Aw@", 0);
    tls_server_close(&s);
    check_secret(&c);
    snprintf(want, sizeof want, "good.test:%u", s.port);
    assert_string_equal(last_target, want);
    CHECK_EQ(atomic_load(&lookups), 0);
}

TEST(socks_tunnels_with_names_of_our_own)
{
    struct tls_server s;
    struct call c = {0};
    char want[64];

    fake = (struct fake_conf){.kind = FAKE_SOCKS};
    tls_server_open(&s, &good);
    run_call(&c, url_of("https", "good.test", s.port), "socks5://", 0);
    tls_server_close(&s);
    check_secret(&c);
    snprintf(want, sizeof want, "address 127.0.0.1:%u", s.port);
    assert_string_equal(last_target, want);
    CHECK_EQ(atomic_load(&lookups), 1);
}

/* --- https proxies, on a thread ------------------------------------------------------------- */

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_port = htons(port);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Both ways until one side ends. */
static void pump_tunnel(SSL *ssl, int fd)
{
    char buf[16384];

    for (;;) {
        struct pollfd p[2] = {{.fd = SSL_get_fd(ssl), .events = POLLIN},
                              {.fd = fd, .events = POLLIN}};

        if (SSL_pending(ssl) == 0 && poll(p, 2, 5000) <= 0)
            return;
        if (SSL_pending(ssl) > 0 || p[0].revents) {
            int n = SSL_read(ssl, buf, sizeof buf);
            if (n <= 0 || write(fd, buf, (size_t)n) != n)
                return;
        }
        if (p[1].revents) {
            ssize_t n = read(fd, buf, sizeof buf);
            if (n <= 0 || SSL_write(ssl, buf, (int)n) != n)
                return;
        }
    }
}

static void serve_proxy(struct tls_server *s, SSL *ssl)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\n\r\n";
    static const char direct[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
    char head[2048], want[64];
    uint16_t target = s->conf.user ? ((struct tls_server *)s->conf.user)->port : 0;
    int fd;

    while (tls_server_read_head(ssl, head, sizeof head) > 0) {
        if (target == 0) {
            if (str_starts(str_from(head), STR("GET http://good.test:81/v1/x HTTP/1.1\r\n")))
                SSL_write(ssl, direct, sizeof direct - 1);
            continue;
        }
        snprintf(want, sizeof want, "CONNECT good.test:%u HTTP/1.1\r\n", target);
        fd = str_starts(str_from(head), str_from(want)) ? connect_to(target) : -1;
        if (fd < 0)
            return;
        SSL_write(ssl, ok, sizeof ok - 1);
        pump_tunnel(ssl, fd);
        close(fd);
        return;
    }
}

TEST(an_https_proxy_gets_the_whole_address)
{
    struct tls_server_conf conf = good;
    struct tls_server proxy;
    struct call c = {.left = 2};

    conf.serve = serve_proxy;
    tls_server_open(&proxy, &conf);
    run_call(&c, url_of("http", "good.test", 81), "https://", proxy.port);
    tls_server_close(&proxy);
    check_secret(&c);
    CHECK_EQ(c.reused, 2);
}

TEST(an_https_proxy_carries_https)
{
    struct tls_server_conf conf = good;
    struct tls_server proxy, upstream;
    struct call c = {.left = 3};

    tls_server_open(&upstream, &good);
    conf.serve = serve_proxy;
    conf.user = &upstream;
    tls_server_open(&proxy, &conf);
    run_call(&c, url_of("https", "good.test", upstream.port), "https://", proxy.port);
    tls_server_close(&proxy);
    tls_server_close(&upstream);
    check_secret(&c);
    CHECK_EQ(c.reused, 3);
    CHECK_EQ(atomic_load(&upstream.accepted), 1);
}

TEST(an_https_proxy_must_be_the_one_meant)
{
    struct tls_server_conf conf = good;
    struct tls_server proxy;
    struct call c = {0};

    conf.serve = serve_proxy;
    conf.names = "DNS:evil.test";
    tls_server_open(&proxy, &conf);
    run_call(&c, "https://good.test/", "https://", proxy.port);
    tls_server_close(&proxy);
    check_failed(&c.got, ERR_TLS, "proxy: certificate is for another host");
    got_fini(&c.got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST_MAP(
        TEST_ROW_1, https_calls_share_a_connection, the_next_connection_resumes_the_session,
        a_body_until_the_end_needs_close_notify, an_upstream_that_is_another_is_an_error,
        an_http_proxy_gets_the_whole_address, an_http_proxy_opens_a_tunnel_for_https,
        proxies_that_refuse_are_told, a_proxy_that_is_not_there_is_an_error,
        a_proxy_that_speaks_early_is_not_believed, socks_tunnels_with_names_of_the_proxy,
        socks_tunnels_with_names_of_our_own, an_https_proxy_gets_the_whole_address,
        an_https_proxy_carries_https, an_https_proxy_must_be_the_one_meant)};

    return test_end(cmocka_run_group_tests(tests, setup, teardown));
}

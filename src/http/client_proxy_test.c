/* Calls over TLS and through proxies, each against a small fake of the other side. */
#include "http/client_proxy_testing.h"

/* --- upstreams ------------------------------------------------------------------------------ */

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
    c->conf.connect_timeout_ms = PATIENCE_MS;
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

/* --- https proxies -------------------------------------------------------------------------- */

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

TEST_MAIN_WITH_CA(https_calls_share_a_connection, the_next_connection_resumes_the_session,
                  a_body_until_the_end_needs_close_notify, an_upstream_that_is_another_is_an_error,
                  an_http_proxy_gets_the_whole_address, an_http_proxy_opens_a_tunnel_for_https,
                  proxies_that_refuse_are_told, a_proxy_that_is_not_there_is_an_error,
                  a_proxy_that_speaks_early_is_not_believed, socks_tunnels_with_names_of_the_proxy,
                  socks_tunnels_with_names_of_our_own, an_https_proxy_gets_the_whole_address,
                  an_https_proxy_carries_https, an_https_proxy_must_be_the_one_meant)

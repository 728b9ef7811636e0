#include "http/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/test.h"

static struct arena arena;

static int setup(void **state UNUSED)
{
    arena_init(&arena, 0);
    return 0;
}

static int teardown(void **state UNUSED)
{
    arena_fini(&arena);
    return 0;
}

static struct http_proxy proxy_of(const char *text)
{
    struct http_proxy p;

    assert_int_equal(http_proxy_read(str_from(text), &p, NULL), ERR_OK);
    return p;
}

TEST(proxies_of_all_kinds_are_read)
{
    struct http_proxy p = proxy_of("http://u:p@proxy.local:3128/");

    CHECK_EQ(p.kind, PROXY_HTTP);
    CHECK_STR(p.host, "proxy.local");
    CHECK_EQ(p.port, 3128);
    CHECK_STR(p.userinfo, "u:p");
    CHECK_EQ(proxy_of("https://p").port, 443);
    CHECK_EQ(proxy_of("socks5://p").kind, PROXY_SOCKS5);
    CHECK_EQ(proxy_of("socks5h://[::1]").port, 1080);
    CHECK_EQ(proxy_of("").kind, PROXY_NONE);
}

TEST(a_wrong_proxy_is_an_error_without_the_address)
{
    static const char *const bad[] = {"socks4://secret.host", "secret.host:80", "http://",
                                      "http://secret.host/path", "socks5://secret.host:x"};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct http_proxy p;
        struct err err = {0};

        CHECK_EQ(http_proxy_read(str_from(bad[i]), &p, &err), ERR_CONNECT);
        CHECK(err.msg[0] && !strstr(err.msg, "secret"));
    }
}

TEST(a_proxy_of_the_environment_may_leave_out_the_scheme)
{
    CHECK_EQ(http_proxy_env_check(&arena, STR(""), NULL), ERR_OK);
    CHECK_EQ(http_proxy_env_check(&arena, STR(" proxy.local:3128 "), NULL), ERR_OK);
    CHECK_EQ(http_proxy_env_check(&arena, STR("u:p@[::1]:3128"), NULL), ERR_OK);
    CHECK_EQ(http_proxy_env_check(&arena, STR("socks5h://u:p@proxy.local"), NULL), ERR_OK);
    CHECK_EQ(http_proxy_env_check(&arena, STR("ftp://proxy.local"), NULL), ERR_CONNECT);
    CHECK_EQ(http_proxy_env_check(&arena, STR("proxy.local:port"), NULL), ERR_CONNECT);
    CHECK_EQ(http_proxy_env_check(&arena, STR("proxy local"), NULL), ERR_CONNECT);
}

TEST(credentials_are_decoded_for_basic)
{
    struct http_proxy p = proxy_of("http://us%40er:p%3Aw@h:1");

    CHECK_STR(url_basic_credentials(&arena, p.userinfo), "Basic dXNAZXI6cDp3");
    p = proxy_of("http://h:1");
    CHECK(url_basic_credentials(&arena, p.userinfo).p == NULL);
}

static bool proxied(const char *no_proxy, const char *address)
{
    struct http_proxy_env env = {STR("plain:1"), STR("http://secure:2"), str_from(no_proxy)};
    struct http_url url;
    struct str got;

    assert_int_equal(http_url_read(str_from(address), &url, NULL), ERR_OK);
    got = http_proxy_for(&arena, &env, &url);
    if (got.p)
        CHECK_STR(got, url.tls ? "http://secure:2" : "http://plain:1");
    return got.p != NULL;
}

TEST(the_environment_chooses_a_proxy)
{
    static const struct {
        const char *no_proxy, *address;
        bool proxied;
    } rows[] = {
        {"", "http://example.com", true},
        {"", "https://example.com", true},
        {"", "http://localhost:3000", false},
        {"", "http://127.0.0.9", false},
        {"", "http://[::1]:8080", false},
        {"*", "http://example.com", false},
        {"example.com", "http://example.com", false},
        {"example.com", "http://EXAMPLE.com", false},
        {"example.com", "http://api.example.com", false},
        {"example.com", "http://notexample.com", true},
        {".example.com", "http://example.com", true},
        {".example.com", "http://api.example.com", false},
        {"*.example.com", "http://api.example.com", false},
        {"*.example.com", "http://example.com", true},
        {"example.com:81", "http://example.com", true},
        {"example.com:80", "http://example.com", false},
        {"a, b ,example.com", "http://example.com", false},
        {"a,,b,", "http://example.com", true},
        {"10.0.0.1", "http://10.0.0.1", false},
        {"10.0.0.1:81", "http://10.0.0.1", true},
        {"10.0.0.0/8", "http://10.200.1.1", false},
        {"10.0.0.0/8", "http://11.0.0.1", true},
        {"10.0.0.0/33", "http://10.0.0.1", true},
        {"192.168.4.0/22", "http://192.168.7.9", false},
        {"192.168.4.0/22", "http://192.168.8.9", true},
        {"fd00::/8", "http://[fd12::1]", false},
        {"fd00::/8", "http://[fe80::1]", true},
        {"fd12::1", "http://[fd12:0::1]", false},
        {"[fd12::1]:80", "http://[fd12::1]", false},
        {"0.0.0.0/0", "http://example.com", true},
        {"0.1", "http://10.0.0.1", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (proxied(rows[i].no_proxy, rows[i].address) != rows[i].proxied)
            fail_msg("NO_PROXY=%s %s", rows[i].no_proxy, rows[i].address);
    }
}

/* Plays one talk: `script` is what the proxy sends in answer to each thing we send. All of it comes
 * in two parts, cut at `cut`. */
struct script {
    const char *proxy, *host;
    const struct sockaddr *resolved;
    struct str sent[3], answers[3];
    enum proxy_step end;
    const char *error;
};

static void play(const struct script *s, size_t cut)
{
    struct http_proxy p = proxy_of(s->proxy);
    struct proxy_talk t;
    struct err err = {0};
    enum proxy_step step =
        proxy_talk_start(&t, &arena, &p, str_from(s->host), 443, s->resolved, &err);

    for (size_t i = 0; step == PROXY_SEND; i++) {
        struct str all, first, second;

        CHECK(i < ARRAY_LEN(s->sent));
        CHECK(str_eq(t.out, s->sent[i]));
        all = s->answers[i];
        first = str_sub(all, 0, cut);
        second = str_skip(all, cut);
        step = proxy_talk_feed(&t, &first, &err);
        if (step == PROXY_MORE)
            step = proxy_talk_feed(&t, &second, &err);
    }
    CHECK_EQ(step, s->end);
    CHECK(!s->error || strstr(err.msg, s->error));
}

static void play_all_cuts(const struct script *s)
{
    for (size_t cut = 0; cut <= 64; cut++)
        play(s, cut);
}

TEST(connect_opens_a_tunnel)
{
    static const struct script s = {
        .proxy = "http://u:p@h",
        .host = "api.example.com",
        .sent = {STR_INIT("CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n"
                          "Proxy-Authorization: Basic dTpw\r\n\r\n")},
        .answers = {STR_INIT("HTTP/1.1 200 Established\r\nContent-Length: 7\r\n\r\n")},
        .end = PROXY_DONE,
    };

    play_all_cuts(&s);
}

TEST(connect_takes_nothing_past_the_head)
{
    struct http_proxy p = proxy_of("http://h");
    struct proxy_talk t;
    struct str in = STR("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\n\nrest");

    CHECK_EQ(proxy_talk_start(&t, &arena, &p, STR("::1"), 443, NULL, NULL), PROXY_SEND);
    CHECK(str_starts(t.out, STR("CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n")));
    CHECK_EQ(proxy_talk_feed(&t, &in, NULL), PROXY_DONE);
    CHECK_STR(in, "rest");
}

TEST(connect_refusals_are_told)
{
    static const struct {
        struct str answer;
        const char *error;
    } rows[] = {
        {STR_INIT("HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\n\r\n"), "user name"},
        {STR_INIT("HTTP/1.1 502 Bad\r\n\r\n"), "status 502"},
        {STR_INIT("SSH-2.0-x\r\n\r\n"), "did not answer in HTTP"},
        {STR_INIT("HTTP/1.1 2x0 OK\r\n\r\n"), "did not answer in HTTP"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct script s = {
            .proxy = "http://h",
            .host = "a",
            .sent = {STR_INIT("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")},
            .answers = {rows[i].answer},
            .end = PROXY_FAIL,
            .error = rows[i].error,
        };
        play_all_cuts(&s);
    }
}

TEST(an_endless_connect_head_is_refused)
{
    struct http_proxy p = proxy_of("http://h");
    struct proxy_talk t;
    struct err err;
    enum proxy_step step = proxy_talk_start(&t, &arena, &p, STR("a"), 443, NULL, &err);
    struct str in = STR("HTTP/1.1 200 OK\r\n");

    CHECK_EQ(step, PROXY_SEND);
    step = proxy_talk_feed(&t, &in, &err);
    for (int i = 0; i < 2000 && step == PROXY_MORE; i++) {
        in = STR("X-Padding: yes\r\n");
        step = proxy_talk_feed(&t, &in, &err);
    }
    CHECK_EQ(step, PROXY_FAIL);
}

TEST(socks_without_credentials_sends_the_name)
{
    static const struct script s = {
        .proxy = "socks5h://h",
        .host = "abc",
        .sent = {STR_INIT("\5\1\0"), STR_INIT("\5\1\0\3\3abc\1\xbb")},
        .answers = {STR_INIT("\5\0"), STR_INIT("\5\0\0\1\1\2\3\4\0\1")},
        .end = PROXY_DONE,
    };

    play_all_cuts(&s);
}

TEST(socks_with_credentials_signs_in)
{
    static const struct script s = {
        .proxy = "socks5h://us%65r:pw@h",
        .host = "::1",
        .sent = {STR_INIT("\5\2\0\2"), STR_INIT("\1\4user\2pw"),
                 STR_INIT("\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\xbb")},
        .answers = {STR_INIT("\5\2"), STR_INIT("\1\0"), STR_INIT("\5\0\0\3\4host\0\1")},
        .end = PROXY_DONE,
    };

    play_all_cuts(&s);
}

TEST(socks_sends_a_resolved_address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000102)};
    struct script s = {
        .proxy = "socks5://h",
        .host = "abc",
        .resolved = (const struct sockaddr *)&v4,
        .sent = {STR_INIT("\5\1\0"), STR_INIT("\5\1\0\1\x0a\0\1\2\1\xbb")},
        .answers = {STR_INIT("\5\0"), STR_INIT("\5\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1")},
        .end = PROXY_DONE,
    };

    play_all_cuts(&s);
}

TEST(socks_refusals_are_told)
{
    static const struct {
        const char *proxy;
        struct str answers[3];
        const char *error;
    } rows[] = {
        {"socks5h://h", {STR_INIT("\5\xff")}, "wants a user name"},
        {"socks5h://h", {STR_INIT("\5\2")}, "wants a user name"},
        {"socks5h://u:p@h", {STR_INIT("\5\xff")}, "accepts no user name"},
        {"socks5h://u:p@h", {STR_INIT("\5\2"), STR_INIT("\1\1")}, "refused the user name"},
        {"socks5h://h", {STR_INIT("HT")}, "SOCKS5"},
        {"socks5h://h", {STR_INIT("\5\0"), STR_INIT("\5\5\0\1\0\0\0\0\0\0")}, "refused"},
        {"socks5h://h", {STR_INIT("\5\0"), STR_INIT("\5\x63\0\1\0\0\0\0\0\0")}, "unknown reason"},
        {"socks5h://h", {STR_INIT("\5\0"), STR_INIT("\5\0\0\2\0\0\0\0\0\0")}, "SOCKS5"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool auth = strstr(rows[i].proxy, "u:p") != NULL;
        struct script s = {
            .proxy = rows[i].proxy,
            .host = "a",
            .answers = {rows[i].answers[0], rows[i].answers[1], rows[i].answers[2]},
            .end = PROXY_FAIL,
            .error = rows[i].error,
        };
        s.sent[0] = auth ? STR("\5\2\0\2") : STR("\5\1\0");
        s.sent[1] = auth ? STR("\1\1u\1p") : STR("\5\1\0\3\1a\1\xbb");
        play_all_cuts(&s);
    }
}

TEST(too_long_credentials_are_refused)
{
    char text[600];
    struct http_proxy p;
    struct proxy_talk t;

    snprintf(text, sizeof text, "socks5h://u:%0300d@h", 1);
    p = proxy_of(text);
    CHECK_EQ(proxy_talk_start(&t, &arena, &p, STR("a"), 1, NULL, NULL), PROXY_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST_MAP(
        TEST_ROW_1, proxies_of_all_kinds_are_read, a_wrong_proxy_is_an_error_without_the_address,
        a_proxy_of_the_environment_may_leave_out_the_scheme, credentials_are_decoded_for_basic,
        the_environment_chooses_a_proxy, connect_opens_a_tunnel,
        connect_takes_nothing_past_the_head, connect_refusals_are_told,
        an_endless_connect_head_is_refused, socks_without_credentials_sends_the_name,
        socks_with_credentials_signs_in, socks_sends_a_resolved_address, socks_refusals_are_told,
        too_long_credentials_are_refused)};

    return test_end(cmocka_run_group_tests(tests, setup, teardown));
}

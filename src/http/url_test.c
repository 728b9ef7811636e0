#include "http/url.h"

#include "base/test.h"

static struct http_url must_read(const char *text)
{
    struct http_url url;
    struct err err;

    assert_int_equal(http_url_read(str_from(text), &url, &err), ERR_OK);
    return url;
}

TEST(an_address_is_cut_into_its_parts)
{
    struct http_url url = must_read("https://user:p%40ss@api.example.com:8443/v1/chat?x=1&y=/");

    CHECK(url.tls);
    CHECK_STR(url.host, "api.example.com");
    CHECK_EQ(url.port, 8443);
    CHECK_STR(url.target, "/v1/chat?x=1&y=/");
    CHECK_STR(url.userinfo, "user:p%40ss");
}

TEST(ports_and_paths_have_defaults)
{
    struct http_url url = must_read("HTTP://h");

    CHECK(!url.tls);
    CHECK_EQ(url.port, 80);
    CHECK_STR(url.target, "/");
    CHECK_STR(url.userinfo, "");
    CHECK_EQ(must_read("https://h").port, 443);
    CHECK_EQ(must_read("https://h:/x").port, 443);
    CHECK_STR(must_read("http://h?q=1").target, "?q=1");
}

TEST(an_ipv6_host_loses_its_brackets)
{
    struct http_url url = must_read("http://[::1]:3000/a:b@c");

    CHECK_STR(url.host, "::1");
    CHECK_EQ(url.port, 3000);
    CHECK_STR(url.target, "/a:b@c");
    CHECK_STR(must_read("http://[fe80::1]").host, "fe80::1");
}

TEST(a_password_may_hold_an_at_sign)
{
    struct http_url url = must_read("http://u:a@b@host/");

    CHECK_STR(url.userinfo, "u:a@b");
    CHECK_STR(url.host, "host");
}

TEST(what_is_no_address_is_refused_and_not_repeated)
{
    static const char *const bad[] = {
        "",
        "ftp://host/",
        "//host/",
        "host/path",
        "http://",
        "http:///path",
        "http://:80/",
        "http://host:0/",
        "http://host:65536/",
        "http://host:8x/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[evil]/",
        "http://ho st/",
        "http://ho\tst/",
        "http://host/a b",
        "http://host/a\r\nX: y",
        "http://host/a#frag",
        "http://host#frag",
        "http://u ser@host/",
        "http://host%00/",
    };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct http_url url;
        struct err err = {0};

        CHECK_EQ(http_url_read(str_from(bad[i]), &url, &err), ERR_BAD_REQUEST);
        CHECK(err.msg[0] != 0);
        CHECK(strstr(err.msg, "ost:") == NULL);
    }
}

TEST(a_nul_is_refused)
{
    struct http_url url;

    CHECK_EQ(http_url_read(STR("http://h/a\0b"), &url, NULL), ERR_BAD_REQUEST);
    CHECK_EQ(http_url_read(STR("http://h\0x/"), &url, NULL), ERR_BAD_REQUEST);
}

TEST_MAIN(an_address_is_cut_into_its_parts, ports_and_paths_have_defaults,
          an_ipv6_host_loses_its_brackets, a_password_may_hold_an_at_sign,
          what_is_no_address_is_refused_and_not_repeated, a_nul_is_refused)

/*
 * Whatever the input: the parts of an address lie inside it and can be sent; a proxy's answers come
 * to the same end when they are fed whole and when they are cut anywhere; NO_PROXY may say what it
 * likes. The first byte chooses, the second is the place of the cut.
 */
#include "base/panic.h"
#include "http/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_inside(struct str part, struct str text)
{
    static const char slash[] = "/";

    if (part.n == 0 || (part.n == 1 && *part.p == *slash))
        return;
    if (part.p < text.p || part.p + part.n > text.p + text.n)
        panic("a part outside of its address");
}

static void check_url(struct str text)
{
    struct http_url url;

    if (http_url_read(text, &url, NULL) != ERR_OK)
        return;
    check_inside(url.host, text);
    check_inside(url.target, text);
    check_inside(url.userinfo, text);
    if (url.host.n == 0 || url.port == 0 || url.target.n == 0)
        panic("an address with a part missing");
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] <= ' ')
            panic("an address that would break a request line");
}

struct end {
    enum proxy_step step;
    size_t sent; /* bytes that we sent */
    size_t rest; /* bytes behind the end */
};

static struct end talk(const struct http_proxy *proxy, struct str first, struct str second)
{
    CLEANUP(arena_finip) struct arena a;
    struct proxy_talk t;
    struct err err;
    struct end end = {0};

    arena_init(&a, 0);
    end.step = proxy_talk_start(&t, &a, proxy, STR("host.test"), 443, NULL, &err);
    for (;;) {
        if (end.step == PROXY_SEND)
            end.sent += t.out.n;
        if (end.step == PROXY_DONE || end.step == PROXY_FAIL)
            break;
        if (first.n == 0) {
            first = second;
            second = STR_NULL;
        }
        if (first.n == 0)
            break;
        end.step = proxy_talk_feed(&t, &first, &err);
    }
    end.rest = first.n + second.n;
    return end;
}

static void check_talk(const char *address, struct str answers, size_t cut)
{
    struct http_proxy proxy;
    struct end whole, parts;

    if (http_proxy_read(str_from(address), &proxy, NULL) != ERR_OK)
        panic("a good proxy was refused");
    whole = talk(&proxy, answers, STR_NULL);
    parts = talk(&proxy, str_sub(answers, 0, cut), str_skip(answers, cut));
    /* A refusal need not have read as far. */
    if (whole.step != parts.step || whole.sent != parts.sent ||
        (whole.step == PROXY_DONE && whole.rest != parts.rest))
        panic("a cut changed what the proxy said");
}

static void check_no_proxy(struct str text)
{
    CLEANUP(arena_finip) struct arena a;
    const struct http_proxy_env env = {STR("p"), STR("p"), text};
    static const struct str addresses[] = {
        STR_INIT("http://10.1.2.3"), STR_INIT("https://[fd00::1]:8443"), STR_INIT("http://a.b.c")};

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct http_url url;
        if (http_url_read(addresses[i], &url, NULL) == ERR_OK)
            http_proxy_for(&a, &env, &url);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct str text = str_make((const char *)bytes, n);
    size_t cut;

    if (n < 2)
        return 0;
    cut = bytes[1];
    text = str_skip(text, 2);
    switch (bytes[0] % 6) {
    case 0:
        check_url(text);
        break;
    case 1:
        check_no_proxy(text);
        break;
    case 2:
        check_talk("http://u:p@h", text, cut);
        break;
    case 3:
        check_talk("socks5h://u:p@h", text, cut);
        break;
    case 4:
        check_talk("socks5h://h", text, cut);
        break;
    case 5: {
        struct http_proxy proxy;
        if (http_proxy_read(text, &proxy, NULL) == ERR_OK && proxy.kind != PROXY_NONE)
            check_inside(proxy.host, text);
        break;
    }
    }
    return 0;
}

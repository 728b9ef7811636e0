#include "http/proxy.h"

#include <netinet/in.h>

#include "base/ip.h"

enum { CONNECT_HEAD_LIMIT = 16 << 10, SOCKS_FIELD_MAX = 255 };

static const struct {
    struct str scheme;
    enum proxy_kind kind;
    uint16_t port;
} schemes[] = {
    {STR_INIT("http://"), PROXY_HTTP, 80},
    {STR_INIT("https://"), PROXY_HTTPS, 443},
    {STR_INIT("socks5://"), PROXY_SOCKS5, 1080},
    {STR_INIT("socks5h://"), PROXY_SOCKS5H, 1080},
};

enum err_code http_proxy_read(struct str text, struct http_proxy *out, struct err *err)
{
    struct url_authority authority;

    *out = (struct http_proxy){.kind = PROXY_NONE};
    if (text.n == 0)
        return ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (!str_starts_nocase(text, schemes[i].scheme))
            continue;
        text = str_skip(text, schemes[i].scheme.n);
        if (str_ends(text, STR("/")))
            text.n--;
        if (url_authority_read(text, &authority, NULL) != ERR_OK)
            return err_set(err, ERR_CONNECT, "the proxy's address is not valid");
        *out = (struct http_proxy){.kind = schemes[i].kind,
                                   .host = authority.host,
                                   .port = authority.port ? authority.port : schemes[i].port,
                                   .userinfo = authority.userinfo};
        return ERR_OK;
    }
    return err_set(err, ERR_CONNECT,
                   "the proxy's address starts with none of http, https, socks5, socks5h");
}

static bool is_loopback(const struct ip *ip)
{
    static const struct ip_net v4 = {{{[10] = 0xff, [11] = 0xff, [12] = 127}}, 104};
    static const struct ip_net v6 = {{{[15] = 1}}, 128};

    return ip_in(ip, &v4) || ip_in(ip, &v6);
}

static bool rule_holds(const struct ip_net *rule, const struct ip *ip)
{
    return ip && ip_in(ip, rule);
}

static bool rule_is_name_of(struct str rule, struct str host)
{
    struct str tail;

    if (!str_starts(rule, STR(".")) && str_eq_nocase(rule, host))
        return true;
    if (host.n <= rule.n)
        return false;
    tail = str_skip(host, host.n - rule.n);
    return str_eq_nocase(tail, rule) && (rule.p[0] == '.' || tail.p[-1] == '.');
}

static bool rule_matches(struct str rule, const struct http_url *url, const struct ip *ip)
{
    struct url_authority part;
    struct ip_net net;

    if (str_eq(rule, STR("*")))
        return true;
    if (ip_net_read(rule, &net)) /* also IPv6 without brackets, which has no port */
        return rule_holds(&net, ip);
    if (str_find_char(rule, '/') >= 0)
        return false;
    if (str_starts(rule, STR("*."))) /* Go and curl take it as the ".name" it means */
        rule = str_skip(rule, 1);
    if (url_authority_read(rule, &part, NULL) != ERR_OK || (part.port && part.port != url->port))
        return false;
    if (ip_net_read(part.host, &net))
        return rule_holds(&net, ip);
    return !ip && rule_is_name_of(part.host, url->host);
}

static bool goes_direct(struct str no_proxy, const struct http_url *url)
{
    struct ip host;
    const struct ip *ip = ip_read(url->host, &host) ? &host : NULL;

    if (str_eq_nocase(url->host, STR("localhost")) || (ip && is_loopback(ip)))
        return true;
    STR_SPLIT_EACH (rule, no_proxy, ',')
        if (rule_matches(rule, url, ip))
            return true;
    return false;
}

/* A proxy without a scheme is an http one. */
static struct str with_scheme(struct arena *a, struct str proxy)
{
    proxy = str_trim(proxy);
    if (proxy.n == 0 || str_find(proxy, STR("://")) >= 0)
        return proxy;
    return str_concat(a, (const struct str[]){STR("http://"), proxy}, 2);
}

enum err_code http_proxy_env_check(struct arena *a, struct str value, struct err *err)
{
    struct http_proxy proxy;

    return http_proxy_read(with_scheme(a, value), &proxy, err);
}

struct str http_proxy_for(struct arena *a, const struct http_proxy_env *env,
                          const struct http_url *url)
{
    struct str proxy = with_scheme(a, url->tls ? env->https_proxy : env->http_proxy);

    return proxy.n == 0 || goes_direct(env->no_proxy, url) ? STR_NULL : proxy;
}

static enum proxy_step connect_start(struct proxy_talk *t, const struct http_proxy *proxy,
                                     struct str host, uint16_t port)
{
    struct str auth = url_basic_credentials(t->arena, proxy->userinfo);
    bool v6 = str_find_char(host, ':') >= 0;
    struct str peer = arena_fmt(t->arena, v6 ? "[%.*s]:%u" : "%.*s:%u", STR_ARG(host), port);

    t->state = PROXY_CONNECT_HEAD;
    t->out = arena_fmt(t->arena, "CONNECT %.*s HTTP/1.1\r\nHost: %.*s\r\n%s%.*s%s\r\n",
                       STR_ARG(peer), STR_ARG(peer), auth.n ? "Proxy-Authorization: " : "",
                       STR_ARG(auth), auth.n ? "\r\n" : "");
    return PROXY_SEND;
}

/* The address field of a SOCKS5 request: type, address, port (RFC 1928, section 5). */
static struct str socks_address(struct arena *a, struct str host, uint16_t port,
                                const struct sockaddr *resolved)
{
    char buf[2 + SOCKS_FIELD_MAX + 2];
    struct ip ip;
    size_t n = 0;

    if (resolved && resolved->sa_family == AF_INET) {
        buf[n++] = 1;
        memcpy(buf + n, &((const struct sockaddr_in *)(const void *)resolved)->sin_addr, 4);
        n += 4;
    } else if (resolved && resolved->sa_family == AF_INET6) {
        buf[n++] = 4;
        memcpy(buf + n, &((const struct sockaddr_in6 *)(const void *)resolved)->sin6_addr, 16);
        n += 16;
    } else if (ip_read(host, &ip)) {
        bool v6 = str_find_char(host, ':') >= 0;
        buf[n++] = v6 ? 4 : 1;
        memcpy(buf + n, v6 ? ip.bytes : ip.bytes + 12, v6 ? 16 : 4);
        n += v6 ? 16 : 4;
    } else {
        buf[n++] = 3;
        buf[n++] = (char)host.n;
        memcpy(buf + n, host.p, host.n);
        n += host.n;
    }
    buf[n++] = (char)(port >> 8);
    buf[n++] = (char)(port & 0xff);
    return str_dup(a, str_make(buf, n));
}

static enum proxy_step socks_start(struct proxy_talk *t, const struct http_proxy *proxy,
                                   struct str host, uint16_t port, const struct sockaddr *resolved,
                                   struct err *err)
{
    struct str address;

    url_userinfo_read(t->arena, proxy->userinfo, &t->user, &t->password);
    if (host.n > SOCKS_FIELD_MAX || t->user.n > SOCKS_FIELD_MAX ||
        t->password.n > SOCKS_FIELD_MAX) {
        err_set(err, ERR_CONNECT, "the proxy's user name or password is too long");
        return PROXY_FAIL;
    }
    address = socks_address(t->arena, host, port, resolved);
    t->request = str_concat(t->arena, (const struct str[]){STR("\x05\x01\x00"), address}, 2);
    t->out = t->user.n ? STR("\x05\x02\x00\x02") : STR("\x05\x01\x00");
    t->state = PROXY_METHOD;
    return PROXY_SEND;
}

enum proxy_step proxy_talk_start(struct proxy_talk *t, struct arena *a,
                                 const struct http_proxy *proxy, struct str host, uint16_t port,
                                 const struct sockaddr *resolved, struct err *err)
{
    t->arena = a;
    t->got = t->newlines = 0;
    t->user = t->password = t->request = t->out = STR_NULL;
    switch (proxy->kind) {
    case PROXY_SOCKS5:
    case PROXY_SOCKS5H:
        return socks_start(t, proxy, host, port, resolved, err);
    case PROXY_HTTP:
    case PROXY_HTTPS:
    case PROXY_NONE:
        break;
    }
    return connect_start(t, proxy, host, port);
}

static enum proxy_step fail(struct proxy_talk *t, struct err *err, const char *why)
{
    t->state = PROXY_OVER;
    err_set(err, ERR_CONNECT, "the proxy %s", why);
    return PROXY_FAIL;
}

/* Status of "HTTP/1.x NNN ..."; 0 when it is none. */
static int connect_status(const struct proxy_talk *t)
{
    const char *p = t->buf;

    if (t->got < 12 || memcmp(p, "HTTP/1.", 7) != 0 || p[8] != ' ')
        return 0;
    for (int i = 9; i < 12; i++)
        if (p[i] < '0' || p[i] > '9')
            return 0;
    return (p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0');
}

static enum proxy_step connect_over(struct proxy_talk *t, struct err *err)
{
    int status = connect_status(t);
    char why[64];

    if (status >= 100 && status <= 199 && status != 101) { /* an interim reply: the real one follows
                                                            */
        t->got = t->newlines = 0;
        return PROXY_MORE;
    }
    t->state = PROXY_OVER;
    if (status >= 200 && status <= 299)
        return PROXY_DONE;
    if (status == 0)
        return fail(t, err, "did not answer in HTTP");
    if (status == 407)
        return fail(t, err, "refused the user name and password");
    snprintf(why, sizeof why, "answered CONNECT with status %d", status);
    return fail(t, err, why);
}

/* Reads to the empty line and keeps only the first bytes: of a reply to CONNECT nothing but the
 * status matters, and a body or a length in a 2xx must be ignored. */
static enum proxy_step connect_feed(struct proxy_talk *t, struct str *in, struct err *err)
{
    while (in->n > 0) {
        char c = in->p[0];

        *in = str_skip(*in, 1);
        if (t->got < sizeof t->buf)
            t->buf[t->got] = c;
        if (++t->got > CONNECT_HEAD_LIMIT)
            return fail(t, err, "sent too large a head");
        if (t->got == 5 && memcmp(t->buf, "HTTP/", 5) != 0)
            return fail(t, err, "did not answer in HTTP");
        if (c == '\n')
            t->newlines++;
        else if (c != '\r')
            t->newlines = 0;
        if (t->newlines == 2) {
            enum proxy_step step = connect_over(t, err);
            if (step != PROXY_MORE)
                return step;
        }
    }
    return PROXY_MORE;
}

/* Collects until `want` bytes of the reply are in hand. */
static bool gather(struct proxy_talk *t, struct str *in, size_t want)
{
    size_t n = want > t->got ? want - t->got : 0;

    if (n > in->n)
        n = in->n;
    if (n > 0)
        memcpy(t->buf + t->got, in->p, n);
    t->got += n;
    *in = str_skip(*in, n);
    return t->got >= want;
}

static enum proxy_step socks_send(struct proxy_talk *t, struct str out, enum proxy_state state)
{
    t->out = out;
    t->got = 0;
    t->state = state;
    return PROXY_SEND;
}

static enum proxy_step socks_method(struct proxy_talk *t, struct str *in, struct err *err)
{
    char lengths[2][1] = {{(char)t->user.n}, {(char)t->password.n}};
    const struct str auth[] = {STR("\x01"), {lengths[0], 1}, t->user, {lengths[1], 1}, t->password};

    if (!gather(t, in, 2))
        return PROXY_MORE;
    if (t->buf[0] != 5)
        return fail(t, err, "did not answer in SOCKS5");
    if (t->buf[1] == 0)
        return socks_send(t, t->request, PROXY_REPLY);
    if (t->buf[1] == 2 && t->user.n)
        return socks_send(t, str_concat(t->arena, auth, ARRAY_LEN(auth)), PROXY_AUTH);
    return fail(t, err,
                t->user.n ? "accepts no user name and password" : "wants a user name and password");
}

static enum proxy_step socks_auth(struct proxy_talk *t, struct str *in, struct err *err)
{
    if (!gather(t, in, 2))
        return PROXY_MORE;
    if (t->buf[1] != 0)
        return fail(t, err, "refused the user name and password");
    return socks_send(t, t->request, PROXY_REPLY);
}

static const char *socks_reason(unsigned char code)
{
    static const char *const reasons[] = {
        [1] = "failed (general failure)",        [2] = "does not allow this connection",
        [3] = "says the network is unreachable", [4] = "says the host is unreachable",
        [5] = "says the connection was refused", [6] = "says the time to live expired",
        [7] = "does not know CONNECT",           [8] = "does not know this kind of address",
    };

    return code > 0 && code < ARRAY_LEN(reasons) ? reasons[code] : "failed (unknown reason)";
}

/* VER REP RSV ATYP BND.ADDR BND.PORT; the bound address says nothing to us. */
static enum proxy_step socks_reply(struct proxy_talk *t, struct str *in, struct err *err)
{
    size_t address;

    if (!gather(t, in, 2))
        return PROXY_MORE;
    if (t->buf[0] != 5)
        return fail(t, err, "did not answer in SOCKS5");
    if (t->buf[1] != 0)
        return fail(t, err, socks_reason((unsigned char)t->buf[1]));
    if (!gather(t, in, 5))
        return PROXY_MORE;
    switch (t->buf[3]) {
    case 1:
        address = 4;
        break;
    case 3:
        address = 1 + (size_t)(unsigned char)t->buf[4];
        break;
    case 4:
        address = 16;
        break;
    default:
        return fail(t, err, "did not answer in SOCKS5");
    }
    if (!gather(t, in, 4 + address + 2))
        return PROXY_MORE;
    t->state = PROXY_OVER;
    return PROXY_DONE;
}

enum proxy_step proxy_talk_feed(struct proxy_talk *t, struct str *in, struct err *err)
{
    switch (t->state) {
    case PROXY_CONNECT_HEAD:
        return connect_feed(t, in, err);
    case PROXY_METHOD:
        return socks_method(t, in, err);
    case PROXY_AUTH:
        return socks_auth(t, in, err);
    case PROXY_REPLY:
        return socks_reply(t, in, err);
    case PROXY_OVER:
        break;
    }
    return fail(t, err, "talks out of turn");
}

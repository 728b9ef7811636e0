#include "http/client_head.h"

/* What the caller's headers already say, so that it is not said twice. */
struct said {
    bool host, accept_encoding, authorization;
};

static const struct {
    struct str name;
    enum { OURS, HOST, ACCEPT_ENCODING, AUTHORIZATION } what;
} known[] = {
    {STR_INIT("host"), HOST},
    {STR_INIT("accept-encoding"), ACCEPT_ENCODING},
    {STR_INIT("authorization"), AUTHORIZATION},
    /* Framing and the connection are ours alone: a second opinion on where a message ends is how
     * requests are smuggled (RFC 9112, 11.2). */
    {STR_INIT("content-length"), OURS},
    {STR_INIT("transfer-encoding"), OURS},
    {STR_INIT("connection"), OURS},
    {STR_INIT("keep-alive"), OURS},
    {STR_INIT("proxy-connection"), OURS},
    {STR_INIT("proxy-authorization"), OURS},
    {STR_INIT("te"), OURS},
    {STR_INIT("trailer"), OURS},
    {STR_INIT("upgrade"), OURS},
    {STR_INIT("expect"), OURS},
};

/* Notes what the header is; false when it must not be sent. */
static bool note(struct said *said, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (name.n != known[i].name.n || !str_eq_nocase(name, known[i].name))
            continue;
        switch (known[i].what) {
        case OURS:
            return false;
        case HOST:
            said->host = true;
            break;
        case ACCEPT_ENCODING:
            said->accept_encoding = true;
            break;
        case AUTHORIZATION:
            said->authorization = true;
            break;
        }
        return true;
    }
    return true;
}

static void add_header(struct sb *out, struct str name, struct str value)
{
    char *p = sb_reserve(out, name.n + value.n + 4);

    if (!p)
        return;
    memcpy(p, name.p, name.n);
    p += name.n;
    *p++ = ':';
    *p++ = ' ';
    if (value.n > 0)
        memcpy(p, value.p, value.n);
    p += value.n;
    *p++ = '\r';
    *p++ = '\n';
    out->n += name.n + value.n + 4;
}

static void add_host(struct sb *out, const struct http_url *url)
{
    bool v6 = str_find_char(url->host, ':') >= 0;

    sb_add(out, v6 ? STR("[") : STR(""));
    sb_add(out, url->host);
    sb_add(out, v6 ? STR("]") : STR(""));
    if (url->port != (url->tls ? 443 : 80)) {
        sb_add_char(out, ':');
        sb_add_i64(out, url->port);
    }
}

static bool target_ok(struct str target)
{
    for (size_t i = 0; i < target.n; i++)
        if ((unsigned char)target.p[i] <= ' ' || target.p[i] == 0x7f)
            return false;
    return target.n > 0 && (target.p[0] == '/' || target.p[0] == '?');
}

static void add_request_line(struct sb *out, const struct http_call_conf *conf, bool absolute)
{
    sb_add(out, http_method_name(conf->method));
    sb_add_char(out, ' ');
    if (absolute) {
        sb_add(out, STR("http://"));
        add_host(out, &conf->url);
    }
    if (conf->url.target.p[0] == '?')
        sb_add_char(out, '/');
    sb_add(out, conf->url.target);
    sb_add(out, STR(" HTTP/1.1\r\n"));
}

static enum err_code add_headers(struct sb *out, const struct http_call_conf *conf,
                                 struct said *said, struct err *err)
{
    for (size_t i = 0; i < conf->header_count; i++) {
        const struct http_header *h = &conf->headers[i];

        if (!http1_header_ok(h->name, h->value))
            return err_set(err, ERR_BAD_REQUEST, "a header cannot be sent as it is");
        if (note(said, h->name))
            add_header(out, h->name, h->value);
    }
    return ERR_OK;
}

/* Content-Length also without a body where a server may wait for one (RFC 9110, 8.6). */
static void add_length(struct sb *out, const struct http_call_conf *conf)
{
    size_t bytes = conf->body_length;

    for (size_t i = 0; i < conf->body_count && conf->body_length == 0; i++)
        bytes += conf->body[i].n;
    if (bytes == 0 && conf->method != HTTP_M_POST && conf->method != HTTP_M_PUT &&
        conf->method != HTTP_M_PATCH)
        return;
    sb_add(out, STR("Content-Length: "));
    sb_add_i64(out, (int64_t)bytes);
    sb_add(out, STR("\r\n"));
}

static void add_websocket(struct sb *out, const struct http_call_conf *conf)
{
    sb_add(out, STR("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"));
    add_header(out, STR("Sec-WebSocket-Key"), conf->websocket_key);
    if (conf->websocket_protocols.n > 0)
        add_header(out, STR("Sec-WebSocket-Protocol"), conf->websocket_protocols);
}

enum err_code client_head_write(struct sb *out, const struct http_call_conf *conf, struct arena *a,
                                bool absolute, struct str proxy_authorization, struct err *err)
{
    struct said said = {0};
    enum err_code rc;

    if (conf->method >= HTTP_M_OTHER || !target_ok(conf->url.target) ||
        !http1_header_ok(STR("Sec-WebSocket-Protocol"), conf->websocket_protocols))
        return err_set(err, ERR_BAD_REQUEST, "the request line cannot be sent as it is");
    add_request_line(out, conf, absolute);
    rc = add_headers(out, conf, &said, err);
    if (rc != ERR_OK)
        return rc;
    if (!said.host) {
        sb_add(out, STR("Host: "));
        add_host(out, &conf->url);
        sb_add(out, STR("\r\n"));
    }
    if (!said.authorization && conf->url.userinfo.n > 0)
        add_header(out, STR("Authorization"), url_basic_credentials(a, conf->url.userinfo));
    if (!said.accept_encoding)
        sb_add(out, STR("Accept-Encoding: identity\r\n"));
    if (proxy_authorization.n > 0)
        add_header(out, STR("Proxy-Authorization"), proxy_authorization);
    if (conf->websocket)
        add_websocket(out, conf);
    add_length(out, conf);
    sb_add(out, STR("\r\n"));
    if (sb_failed(out))
        return err_set(err, ERR_BAD_REQUEST, "the request's head is too large");
    return ERR_OK;
}

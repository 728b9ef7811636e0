/*
 * proxy - what is said to a proxy before the first byte for the upstream, and which proxy an
 * address wants.
 *
 * No I/O: proxy_talk takes the bytes the proxy sent and says what to send. CONNECT is RFC 9110
 * section 9.3.6, SOCKS5 is RFC 1928 with the user name and password of RFC 1929. One thread at a
 * time. Errors hold neither addresses nor credentials.
 */
#pragma once
#include <sys/socket.h>

#include "base/arena.h"
#include "base/err.h"
#include "http/url.h"

enum proxy_kind {
    PROXY_NONE,    /* direct */
    PROXY_HTTP,    /* http://: CONNECT for https upstreams, absolute-form for http ones */
    PROXY_HTTPS,   /* https://: the same over TLS to the proxy */
    PROXY_SOCKS5,  /* socks5://: names are resolved here */
    PROXY_SOCKS5H, /* socks5h://: names are resolved by the proxy */
};

struct http_proxy {
    enum proxy_kind kind;
    struct str host;
    uint16_t port;
    struct str userinfo; /* percent-coded as written */
};

/* Reads "scheme://user:password@host:port"; empty text is PROXY_NONE. Default ports: 80, 443, 1080.
 * The result holds slices of the text. ERR_CONNECT names what is wrong. */
MUST_CHECK enum err_code http_proxy_read(struct str text, struct http_proxy *out, struct err *err);

/*
 * The proxy that the environment wants for an address, or STR_NULL for none. As in the Go programs
 * of this line: HTTP_PROXY for http, HTTPS_PROXY for https addresses; localhost and loopback
 * addresses never; NO_PROXY is "*" or a list of names (their subdomains, too), ".names" (only
 * subdomains), addresses, and address/bits, each but the last with an optional ":port".
 * Source: golang.org/x/net/http/httpproxy, Config. A proxy without a scheme is an http one.
 */
struct http_proxy_env {
    struct str http_proxy, https_proxy, no_proxy;
};
struct str http_proxy_for(struct arena *a, const struct http_proxy_env *env,
                          const struct http_url *url);
/* Is the value of HTTP_PROXY or HTTPS_PROXY one that can be used? Empty is. ERR_CONNECT names what
 * is wrong without the value. */
MUST_CHECK enum err_code http_proxy_env_check(struct arena *a, struct str value, struct err *err);

enum proxy_step {
    PROXY_MORE, /* give more bytes */
    PROXY_SEND, /* send talk->out, then go on feeding */
    PROXY_DONE, /* the tunnel stands; the rest of the input is the upstream's */
    PROXY_FAIL, /* err is filled: ERR_CONNECT */
};

enum proxy_state { PROXY_CONNECT_HEAD, PROXY_METHOD, PROXY_AUTH, PROXY_REPLY, PROXY_OVER };

struct proxy_talk { /* plain storage of the caller; private but for `out` */
    struct str out; /* valid until the next call, in the arena */
    struct arena *arena;
    struct str user, password, request;
    enum proxy_state state;
    size_t got,
        newlines; /* bytes of the reply in hand; CONNECT: bytes so far, line ends in a row */
    char buf[4 + 1 + 255 + 2]; /* the longest SOCKS5 reply; start of the CONNECT reply */
};

/* Begins a talk for a tunnel to host:port; PROXY_SEND with the first bytes, or PROXY_FAIL when the
 * credentials or the host cannot be sent. `resolved` (for PROXY_SOCKS5) is the upstream's address,
 * or NULL to send the host as it is. */
enum proxy_step proxy_talk_start(struct proxy_talk *t, struct arena *a,
                                 const struct http_proxy *proxy, struct str host, uint16_t port,
                                 const struct sockaddr *resolved, struct err *err);
/* Takes bytes from the front of `in`. Call again while it says PROXY_SEND. */
enum proxy_step proxy_talk_feed(struct proxy_talk *t, struct str *in, struct err *err);

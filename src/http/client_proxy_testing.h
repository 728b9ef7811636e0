/*
 * client_proxy_testing - for tests of calls over TLS and through proxies: an authority that the
 * client trusts, names of its own, and a small fake of each kind of proxy. TEST_MAIN_WITH_CA()
 * stands for TEST_MAIN().
 */
#pragma once
#include "http/client_testing.h"

#include "net/tls_testing.h"

static struct tls_test_ca ca;
static atomic_uint lookups;

static inline size_t lookup(const char *name, struct dns_address *out, size_t cap, bool *temporary)
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

static inline int setup(void **state UNUSED)
{
    tls_test_ca_open(&ca);
    return 0;
}

static inline int teardown(void **state UNUSED)
{
    tls_test_ca_close(&ca);
    return 0;
}

#define TEST_MAIN_WITH_CA(...)                                                                     \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest tests[] = {TEST_MAP(TEST_ROW_1, __VA_ARGS__)};                     \
        return test_end(cmocka_run_group_tests(tests, setup, teardown));                           \
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

static inline void tunnel_connected(void *ctx)
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

static inline void tunnel_up_read(void *ctx, struct str bytes)
{
    struct tunnel *t = ctx;

    peer_send(t->peer, bytes);
}

static inline void tunnel_up_close(void *ctx, const struct err *err UNUSED)
{
    struct tunnel *t = ctx;

    peer_finish(t->peer);
}

static inline void tunnel_peer_read(void *ctx, struct str bytes);

static inline void tunnel_peer_close(void *ctx, const struct err *err UNUSED)
{
    struct tunnel *t = ctx;

    peer_free(t->peer);
}

static inline void tunnel_drop(struct peer *p)
{
    struct tunnel *t = p->user;

    if (t->up)
        sock_close(t->up);
    sb_fini(&t->in);
    mem_free(t);
}

/* Nothing is read that cannot be sent on. */
static inline void tunnel_up_drain(void *ctx)
{
    struct tunnel *t = ctx;

    sock_read_start(t->peer->sock);
}

static const struct sock_handler peer_side = {.on_read = tunnel_peer_read,
                                              .on_close = tunnel_peer_close};
static const struct sock_handler up_side = {.on_connect = tunnel_connected,
                                            .on_read = tunnel_up_read,
                                            .on_drain = tunnel_up_drain,
                                            .on_close = tunnel_up_close};

static inline void tunnel_open(struct tunnel *t, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    to.sin_port = htons(port);
    t->up = sock_connect(t->peer->world->loop, (struct sockaddr *)&to, sizeof to, &up_side, t);
    sock_hear_out(t->up);
}

static inline void http_step(struct tunnel *t)
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

static inline void socks_request(struct tunnel *t)
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
static inline void socks_step(struct tunnel *t)
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

static inline void tunnel_peer_read(void *ctx, struct str bytes)
{
    struct tunnel *t = ctx;

    if (t->ready) {
        sock_write(t->up, &bytes, 1);
        if (sock_queued(t->up) > 0)
            sock_read_stop(t->peer->sock);
        return;
    }
    sb_add(&t->in, bytes);
    if (fake.kind == FAKE_HTTP)
        http_step(t);
    else
        socks_step(t);
}

static inline void proxy_accepted(struct peer *p)
{
    struct tunnel *t = mem_new(struct tunnel);

    t->peer = p;
    sb_init(&t->in, 4096);
    p->user = t;
    p->drop = tunnel_drop;
    sock_set_handler(p->sock, &peer_side, t);
}

/* --- https proxies, on a thread ------------------------------------------------------------- */

static inline int connect_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;

    to.sin_port = htons(port);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Both ways until one side ends. What the upstream has said is handed on although it takes no more.
 */
static inline void pump_tunnel(SSL *ssl, int fd)
{
    char buf[16384];

    for (;;) {
        struct pollfd p[2] = {{.fd = SSL_get_fd(ssl), .events = POLLIN},
                              {.fd = fd, .events = POLLIN}};

        if (SSL_pending(ssl) == 0 && poll(p, 2, 20000) <= 0)
            return;
        if (p[1].revents) {
            ssize_t n = recv(fd, buf, sizeof buf, 0);
            if (n <= 0 || SSL_write(ssl, buf, (int)n) != n)
                return;
        }
        if (SSL_pending(ssl) > 0 || p[0].revents) {
            int n = SSL_read(ssl, buf, sizeof buf);
            if (n <= 0)
                return;
            (void)send(fd, buf, (size_t)n, MSG_NOSIGNAL);
        }
    }
}

static inline void serve_proxy(struct tls_server *s, SSL *ssl)
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

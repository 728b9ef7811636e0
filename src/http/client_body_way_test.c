/* Requests whose body is still coming, on every way to an upstream: over TLS and through proxies.
 */
#include "http/client_body_testing.h"
#include "http/client_proxy_testing.h"

#include <semaphore.h>

#include "base/memory_testing.h"

enum {
    WHOLE = 3 << 20,
    /* Of a body for an upstream that reads slowly: much more than the kernel keeps on the way. */
    LONG = 32 << 20,
    RECEIVE_BYTES = 64 << 10,
    SPARE_BYTES = 2 << 20, /* what a call may take, of memory: pieces, and the buffers of TLS */
};

/* --- ways ----------------------------------------------------------------------------------- */

static const struct way {
    bool tls;          /* with the upstream */
    const char *proxy; /* NULL: none */
    enum fake_kind kind;
    bool absolute;     /* the proxy gets the request itself, and is the upstream here */
    bool proxy_thread; /* TLS with the proxy, too */
} ways[] = {
    {.tls = true},
    {.proxy = "http://", .absolute = true},
    {.tls = true, .proxy = "http://", .kind = FAKE_HTTP},
    {.proxy = "socks5://", .kind = FAKE_SOCKS},
    {.tls = true, .proxy = "socks5h://", .kind = FAKE_SOCKS},
    {.tls = true, .proxy = "https://", .proxy_thread = true},
};

/* --- upstreams, on a thread ----------------------------------------------------------------- */

/* The upstream's side of a connection. */
struct line {
    SSL *ssl; /* NULL: without TLS */
    int fd;
};

typedef void serve_fn(struct line *l);

static serve_fn *serve;
static sem_t may_read;

static void serve_tls(struct tls_server *s UNUSED, SSL *ssl)
{
    serve(&(struct line){.ssl = ssl});
}

static void serve_clear(struct tls_server *s UNUSED, int fd)
{
    serve(&(struct line){.fd = fd});
}

static void say(struct line *l, const char *text)
{
    if (l->ssl)
        (void)SSL_write(l->ssl, text, (int)strlen(text));
    else
        (void)send(l->fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Not above 0: it has ended. */
static ssize_t hear(struct line *l, char *out, size_t n)
{
    return l->ssl ? SSL_read(l->ssl, out, (int)n) : recv(l->fd, out, n, 0);
}

/* Reads the head. False: it is not what it should be. */
static bool read_head(struct line *l)
{
    char head[4096], length[64];
    size_t n = 0;

    snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", up.whole);
    while (n + 1 < sizeof head && hear(l, head + n, 1) == 1) {
        head[++n] = '\0';
        if (n >= 4 && memcmp(head + n - 4, "\r\n\r\n", 4) == 0)
            return strstr(head, length) != NULL;
    }
    return false;
}

/* Reads the body from `got` to `until`, or to the end of the connection: how far it came, 0 if it
 * was another one. */
static size_t read_body(struct line *l, size_t got, size_t until)
{
    char piece[16384];

    while (got < until) {
        size_t want = until - got < sizeof piece ? until - got : sizeof piece;
        ssize_t n = hear(l, piece, want);

        if (n <= 0)
            return got;
        if (!upload_has(got, str_make(piece, (size_t)n)))
            return 0;
        got += (size_t)n;
    }
    return got;
}

static void take_all(struct line *l)
{
    bool same = read_head(l) && read_body(l, 0, up.whole) == up.whole;

    say(l, same ? "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsame"
                : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother");
}

static void take_all_later(struct line *l)
{
    while (sem_wait(&may_read) != 0)
        ;
    take_all(l);
}

static void refuse(struct line *l)
{
    read_head(l);
    read_body(l, 0, BODY_FIRST);
    say(l, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
    read_body(l, BODY_FIRST, up.whole); /* until the client ends it */
}

static void refuse_and_close(struct line *l)
{
    read_head(l);
    read_body(l, 0, BODY_FIRST);
    say(l, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
}

static void close_in_the_middle(struct line *l)
{
    read_head(l);
    read_body(l, 0, WHOLE / 4);
}

static void cut_an_answer(struct line *l)
{
    read_head(l);
    read_body(l, 0, BODY_FIRST);
    say(l, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 200\r\n\r\nno");
}

/* --- calls ---------------------------------------------------------------------------------- */

struct run {
    const struct way *way;
    struct tls_server upstream, proxy;
    struct world w;
    struct got got;
    struct http_call_conf conf;
    char url[64], proxy_url[64];
};

static void open_servers(struct run *r, bool no_close_notify)
{
    struct tls_server_conf conf = {.ca = &ca,
                                   .names = "DNS:good.test,IP:127.0.0.1",
                                   .serve = serve_tls,
                                   .serve_clear = r->way->tls ? NULL : serve_clear,
                                   .no_close_notify = no_close_notify,
                                   .receive_bytes = RECEIVE_BYTES};

    tls_server_open(&r->upstream, &conf);
    if (!r->way->proxy_thread)
        return;
    conf.serve = serve_proxy;
    conf.user = &r->upstream;
    tls_server_open(&r->proxy, &conf);
}

static uint16_t proxy_port(const struct run *r)
{
    if (r->way->absolute)
        return r->upstream.port;
    return r->way->proxy_thread ? r->proxy.port : sock_listener_port(r->w.listener);
}

/* A call on one of the ways, to a body of `whole` bytes of which `until` are there. */
static void run_open(struct run *r, const struct way *way, serve_fn *upstream, bool no_close_notify,
                     size_t whole, size_t until)
{
    const struct http_client_conf conf = {.tls.ca_file = ca.file};

    memset(r, 0, sizeof *r);
    r->way = way;
    serve = upstream;
    fake = (struct fake_conf){.kind = way->kind};
    upload_init(whole, until);
    open_servers(r, no_close_notify);
    world_open(&r->w, NULL, &conf);
    r->w.accepted = proxy_accepted;
    dns_set_lookup(http_client_dns(r->w.client), lookup);
    got_init(&r->got, &r->w);
    snprintf(r->url, sizeof r->url, "%s://good.test:%u/v1/x", way->tls ? "https" : "http",
             r->upstream.port);
    assert_int_equal(http_url_read(str_from(r->url), &r->conf.url, NULL), ERR_OK);
    if (way->proxy) {
        snprintf(r->proxy_url, sizeof r->proxy_url, "%s127.0.0.1:%u", way->proxy, proxy_port(r));
        r->conf.proxy = str_from(r->proxy_url);
    }
    upload_begin(&r->got, &r->conf);
}

static void run_call(struct run *r)
{
    got_start(&r->got, &r->conf);
    world_run(&r->w);
    world_close(&r->w);
    if (r->way->proxy_thread)
        tls_server_close(&r->proxy);
    tls_server_close(&r->upstream);
}

/* --- tests ---------------------------------------------------------------------------------- */

TEST(a_body_comes_whole)
{
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct run r;

        run_open(&r, &ways[i], take_all, false, WHOLE, WHOLE);
        run_call(&r);
        check_ok(&r.got, 200, "same");
        got_fini(&r.got);
    }
}

static void check_no_room(struct got *g)
{
    CHECK(!http_call_has_room(g->call));
}

/* Half of it is there, and the upstream has answered. */
static void check_refused(serve_fn *upstream, int status, const char *body)
{
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct run r;

        run_open(&r, &ways[i], upstream, false, WHOLE, WHOLE / 2);
        r.got.on_head = check_no_room;
        run_call(&r);
        check_ok(&r.got, status, body);
        CHECK(up.sent <= WHOLE / 2);
        got_fini(&r.got);
    }
}

TEST(an_answer_before_the_end_is_taken)
{
    check_refused(refuse, 401, "no");
}

/* The connection is reset, for the upstream has not read all that was sent. */
TEST(an_answer_before_the_end_and_the_end_of_the_connection_is_taken)
{
    check_refused(refuse_and_close, 413, "big");
}

/* With TLS the upstream says that it ends the connection, or not. */
static void check_cut(serve_fn *upstream, const char *why)
{
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        for (int silently = 0; silently <= ways[i].tls; silently++) {
            struct run r;

            run_open(&r, &ways[i], upstream, silently, WHOLE, WHOLE / 2);
            run_call(&r);
            check_failed(&r.got, ERR_UPSTREAM_CUT, why);
            got_fini(&r.got);
        }
    }
}

TEST(an_upstream_that_closes_in_the_middle_is_an_error)
{
    check_cut(close_in_the_middle, "without an answer");
}

TEST(an_answer_that_is_cut_is_an_error)
{
    check_cut(cut_an_answer, "cut its reply");
}

/* --- an upstream that reads slowly ----------------------------------------------------------- */

static size_t stalled_at, memory_before, memory_most;

/* Lets the upstream read when it has no room for the first time. */
static void give_and_watch(struct got *g)
{
    if (memory_before == 0)
        memory_before = memory_in_use();
    give(g);
    if (memory_in_use() > memory_most)
        memory_most = memory_in_use();
    if (stalled_at == 0 && !http_call_has_room(g->call)) {
        stalled_at = up.sent;
        sem_post(&may_read);
    }
}

/* What the kernel does not take is not asked for: the body lies where it comes from, and not in
 * front of the connection, too. */
TEST(an_upstream_that_reads_slowly_keeps_the_body_where_it_is)
{
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct run r;

        stalled_at = memory_before = memory_most = 0;
        sem_init(&may_read, 0, 0);
        run_open(&r, &ways[i], take_all_later, false, LONG, LONG);
        r.got.on_room = give_and_watch;
        run_call(&r);
        check_ok(&r.got, 200, "same");
        CHECK(stalled_at < LONG);
        CHECK(memory_most - memory_before < SPARE_BYTES);
        got_fini(&r.got);
        sem_destroy(&may_read);
    }
}

TEST_MAIN_WITH_CA(a_body_comes_whole, an_answer_before_the_end_is_taken,
                  an_answer_before_the_end_and_the_end_of_the_connection_is_taken,
                  an_upstream_that_closes_in_the_middle_is_an_error,
                  an_answer_that_is_cut_is_an_error,
                  an_upstream_that_reads_slowly_keeps_the_body_where_it_is)

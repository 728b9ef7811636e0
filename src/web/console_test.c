/* The console's files as a browser asks for them, through a real server. */
#include "web/console.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sb.h"
#include "base/test.h"
#include "http/server.h"

static const struct web_asset assets[] = {
    {.path = STR_INIT("/index.html"),
     .content_type = STR_INIT("text/html"),
     .etag = STR_INIT("\"i\""),
     .identity = STR_INIT("<page>")},
    {.path = STR_INIT("/assets/app-1.js"),
     .content_type = STR_INIT("text/javascript"),
     .etag = STR_INIT("\"a\""),
     .identity = STR_INIT("plain"),
     .gzip = STR_INIT("gzipped"),
     .brotli = STR_INIT("brotlied")},
};

struct site {
    struct loop *loop;
    struct http_server *server;
    struct console *console;
    pthread_t thread;
    int pages_left; /* that the limit lets pass; loop thread */
};

static bool refuse(void *ctx, struct http_req *r)
{
    struct site *s = ctx;

    if (s->pages_left-- > 0)
        return false;
    http_reply(r, 429, NULL, 0, STR_NULL);
    return true;
}

static const struct http_route *route(void *ctx, struct http_req *r, int *status)
{
    const struct http_route *found = console_route(((struct site *)ctx)->console, r);

    if (!found)
        *status = 404;
    return found;
}

static void *run(void *loop)
{
    loop_run(loop);
    return NULL;
}

static void open_site(struct site *s, size_t asset_count, int pages)
{
    struct http_server_conf conf = {.find_route = route, .route_ctx = s};
    struct err err;

    *s = (struct site){.pages_left = pages, .console = console_new(assets, asset_count, refuse, s)};
    CHECK_EQ(loop_new(&s->loop, &err), ERR_OK);
    CHECK_EQ(http_server_open(s->loop, &conf, "127.0.0.1", 0, &s->server, &err), ERR_OK);
    CHECK_EQ(pthread_create(&s->thread, NULL, run, s->loop), 0);
}

static void close_site(struct site *s)
{
    loop_stop(s->loop);
    pthread_join(s->thread, NULL);
    loop_free(s->loop);
    console_free(s->console);
}

/* The reply to "METHOD path" with these header lines, to the end of the connection; in the arena.
 */
static const char *ask(struct site *s, struct arena *a, const char *what, const char *headers)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(http_server_port(s->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct str wire =
        arena_fmt(a, "%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s\r\n", what, headers);
    char *reply = arena_zalloc(a, 4096);
    size_t n = 0;

    CHECK_EQ(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    CHECK_EQ(send(fd, wire.p, wire.n, MSG_NOSIGNAL), wire.n);
    for (ssize_t got; n < 4095 && (got = recv(fd, reply + n, 4095 - n, 0)) > 0;)
        n += (size_t)got;
    close(fd);
    return reply;
}

#define WITH_SITE(s, a, assets, pages)                                                             \
    struct site s;                                                                                 \
    CLEANUP(arena_finip) struct arena a;                                                           \
    arena_init(&a, 0);                                                                             \
    open_site(&s, assets, pages)

TEST(every_page_is_the_index_and_is_asked_for_anew)
{
    WITH_SITE(s, a, 2, 100);
    static const char *const pages[] = {"GET /", "GET /login", "GET /channel?x=1"};

    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        const char *reply = ask(&s, &a, pages[i], "");

        check_has(reply, "HTTP/1.1 200 OK");
        check_has(reply, "Cache-Control: no-cache");
        check_has(reply, "Content-Security-Policy: default-src 'none'");
        check_has(reply, "\r\n\r\n<page>");
    }
    check_has(ask(&s, &a, "GET /login", "If-None-Match: \"i\"\r\n"), "HTTP/1.1 304");
    close_site(&s);
}

TEST(a_hashed_file_is_kept_for_ever_in_the_smallest_form_that_is_taken)
{
    WITH_SITE(s, a, 2, 100);
    const char *reply = ask(&s, &a, "GET /assets/app-1.js", "Accept-Encoding: gzip, br\r\n");

    check_has(reply, "Cache-Control: public, max-age=31536000, immutable");
    check_has(reply, "Content-Encoding: br");
    check_has(reply, "\r\n\r\nbrotlied");
    check_has(ask(&s, &a, "GET /assets/app-1.js", "Accept-Encoding: gzip\r\n"), "\r\n\r\ngzipped");
    check_has(ask(&s, &a, "GET /assets/app-1.js", ""), "\r\n\r\nplain");
    close_site(&s);
}

TEST(what_is_not_the_consoles_is_left_to_others)
{
    WITH_SITE(s, a, 2, 100);
    static const char *const others[] = {"GET /v1/none", "GET /api/none", "GET /assets/none.js",
                                         "POST /login"};

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        check_has(ask(&s, &a, others[i], "Content-Length: 0\r\n"), "HTTP/1.1 404");
    close_site(&s);
}

/* A page has a dozen files: counting them would lock out a person who opens a few pages. */
TEST(the_limit_counts_pages_not_their_files)
{
    WITH_SITE(s, a, 2, 2);

    check_has(ask(&s, &a, "GET /", ""), "HTTP/1.1 200");
    for (int i = 0; i < 10; i++)
        check_has(ask(&s, &a, "GET /assets/app-1.js", ""), "HTTP/1.1 200");
    check_has(ask(&s, &a, "GET /", ""), "HTTP/1.1 200");
    check_has(ask(&s, &a, "GET /", ""), "HTTP/1.1 429");
    check_has(ask(&s, &a, "GET /assets/app-1.js", ""), "HTTP/1.1 200");
    close_site(&s);
}

TEST(a_build_without_a_console_says_so)
{
    WITH_SITE(s, a, 0, 100);

    check_has(ask(&s, &a, "GET /", ""), "This build has no web console");
    close_site(&s);
}

TEST_MAIN(every_page_is_the_index_and_is_asked_for_anew,
          a_hashed_file_is_kept_for_ever_in_the_smallest_form_that_is_taken,
          what_is_not_the_consoles_is_left_to_others, the_limit_counts_pages_not_their_files,
          a_build_without_a_console_says_so)

#include "http/fetch_testing.h"
#include "net/closed_port_testing.h"

TEST(a_fetch_gives_status_and_body_and_sends_its_headers)
{
    CLEANUP(arena_finip) struct arena a;
    struct upstream u;
    struct fetch_reply reply;

    arena_init(&a, 0);
    upstream_open(&u, "HTTP/1.1 418 No\r\nContent-Length: 5\r\n\r\nhello");
    struct fetch_request request = {
        .url = arena_fmt(&a, "http://127.0.0.1:%d/v1/models", u.port),
        .bearer = secret_make(STR("the-key")),
        .organization = STR("org-1"),
    };
    CHECK_EQ(fetch_run(&a, &request, &reply, NULL), ERR_OK);
    CHECK_EQ(reply.status, 418);
    CHECK_STR(reply.body, "hello");
    CHECK(saw(&u, "GET /v1/models HTTP/1.1"));
    CHECK(saw(&u, "Authorization: Bearer the-key"));
    CHECK(saw(&u, "OpenAI-Organization: org-1"));
    upstream_close(&u);
}

static void check_impossible(struct arena *a, struct str url, enum err_code code)
{
    struct fetch_request request = {.url = url};
    struct err err = {.code = ERR_OK};
    struct fetch_reply reply;

    CHECK_EQ(fetch_run(a, &request, &reply, &err), code);
    CHECK(!str_has(str_from(err.msg), STR("127.0.0.1")));
    CHECK(!str_has(str_from(err.msg), STR("passwd")));
}

TEST(a_fetch_that_cannot_be_made_says_why_without_the_address)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    check_impossible(&a, arena_fmt(&a, "http://127.0.0.1:%u/", closed_port()), ERR_CONNECT);
    check_impossible(&a, STR("file:///etc/passwd"), ERR_BAD_REQUEST);
    check_impossible(&a, STR("gopher://127.0.0.1/"), ERR_BAD_REQUEST);
    check_impossible(&a, STR("http://bad host/"), ERR_BAD_REQUEST);
}

TEST(an_answer_without_end_is_cut_and_a_redirect_is_not_followed)
{
    CLEANUP(arena_finip) struct arena a;
    struct upstream u;
    struct fetch_reply reply;
    struct fetch_request request = {.timeout_s = 10};

    arena_init(&a, 0);
    upstream_open(&u, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    u.pad = FETCH_MAX_BYTES + 1000000;
    request.url = arena_fmt(&a, "http://127.0.0.1:%d/", u.port);
    CHECK_EQ(fetch_run(&a, &request, &reply, NULL), ERR_TOO_LARGE);
    upstream_close(&u);

    upstream_open(&u, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                      "Content-Length: 0\r\n\r\n");
    request.url = arena_fmt(&a, "http://127.0.0.1:%d/", u.port);
    CHECK_EQ(fetch_run(&a, &request, &reply, NULL), ERR_OK);
    CHECK_EQ(reply.status, 302);
    upstream_close(&u);
}

TEST(a_key_with_a_line_break_does_not_become_a_header)
{
    CLEANUP(arena_finip) struct arena a;
    struct upstream u;
    struct fetch_reply reply;

    arena_init(&a, 0);
    upstream_open(&u, MODELS);
    struct fetch_request request = {
        .url = arena_fmt(&a, "http://127.0.0.1:%d/", u.port),
        .bearer = secret_make(STR("key\r\nX-Evil: 1")),
    };
    CHECK(fetch_run(&a, &request, &reply, NULL) != ERR_OK);
    CHECK(!saw(&u, "X-Evil"));
    upstream_close(&u);
}

/* ---- guarded ---- */

TEST(a_guarded_fetch_looks_at_the_address_that_a_name_leads_to)
{
    CLEANUP(arena_finip) struct arena a;
    struct upstream u;
    struct fetch_reply reply;
    const struct fetch_guard closed = {0}, open = {.allow_private = true};
    struct fetch_request request = {.guard = &closed};

    arena_init(&a, 0);
    upstream_open(&u, "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 2\r\n\r\nhi");
    request.url = arena_fmt(&a, "http://127.0.0.1:%d/", u.port);
    CHECK_EQ(fetch_run(&a, &request, &reply, NULL), ERR_BAD_REQUEST);
    request.url = arena_fmt(&a, "http://localhost:%d/", u.port);
    CHECK_EQ(fetch_run(&a, &request, &reply, NULL), ERR_BAD_REQUEST);
    request.url = arena_fmt(&a, "http://[::ffff:127.0.0.1]:%d/", u.port);
    CHECK_EQ(fetch_run(&a, &request, &reply, NULL), ERR_BAD_REQUEST);
    CHECK(!saw(&u, "GET"));
    request.guard = &open;
    request.url = arena_fmt(&a, "http://localhost:%d/x", u.port);
    CHECK_EQ(fetch_run(&a, &request, &reply, NULL), ERR_OK);
    CHECK_STR(reply.body, "hi");
    CHECK_STR(reply.content_type, "image/png");
    upstream_close(&u);
}

TEST(a_redirect_is_followed_only_to_where_the_guard_allows)
{
    CLEANUP(arena_finip) struct arena a;
    struct upstream to, from;
    struct fetch_reply reply;
    struct fetch_ports ports[2];
    struct fetch_guard guard = {.allow_private = true, .ports = ports, .port_count = 2};
    struct fetch_request request = {.guard = &guard};

    arena_init(&a, 0);
    upstream_open(&to, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend");
    upstream_open(&from, arena_fmt(&a,
                                   "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/there\r\n"
                                   "Content-Length: 0\r\n\r\n",
                                   to.port)
                             .p);
    ports[0] = ports[1] = (struct fetch_ports){from.port, from.port};
    request.url = arena_fmt(&a, "http://127.0.0.1:%d/", from.port);
    CHECK_EQ(fetch_run(&a, &request, &reply, NULL), ERR_BAD_REQUEST);
    CHECK(!saw(&to, "GET"));
    ports[1] = (struct fetch_ports){to.port, to.port};
    CHECK_EQ(fetch_run(&a, &request, &reply, NULL), ERR_OK);
    CHECK_STR(reply.body, "end");
    CHECK(saw(&to, "GET /there"));
    upstream_close(&from);
    upstream_close(&to);
}

/* However many redirects there are, each of which answers in time. */
TEST(redirects_share_the_time_of_the_call)
{
    struct fetch_guard open = {.allow_private = true};
    struct fetch_request request = {.guard = &open, .timeout_s = 1};
    struct fetch_reply reply;
    struct err err = {0};
    struct upstream u;
    struct arena a;

    arena_init(&a, 0);
    upstream_open(&u, "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\n"
                      "Location: /again\r\n\r\n");
    u.delay_ms = 400;
    request.url = arena_fmt(&a, "http://127.0.0.1:%u/", u.port);
    CHECK_EQ(fetch_run(&a, &request, &reply, &err), ERR_UPSTREAM_TIMEOUT);
    upstream_close(&u);
    arena_fini(&a);
}

TEST(redirects_have_an_end)
{
    CLEANUP(arena_finip) struct arena a;
    struct upstream u;
    struct fetch_reply reply;
    const struct fetch_guard open = {.allow_private = true};
    struct fetch_request request = {.guard = &open};

    arena_init(&a, 0);
    upstream_open(&u, "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
    request.url = arena_fmt(&a, "http://127.0.0.1:%d/", u.port);
    CHECK_EQ(fetch_run(&a, &request, &reply, NULL), ERR_UPSTREAM_BODY);
    upstream_close(&u);
}

TEST_MAIN(a_guarded_fetch_looks_at_the_address_that_a_name_leads_to,
          a_redirect_is_followed_only_to_where_the_guard_allows, redirects_have_an_end,
          redirects_share_the_time_of_the_call, a_fetch_gives_status_and_body_and_sends_its_headers,
          a_fetch_that_cannot_be_made_says_why_without_the_address,
          an_answer_without_end_is_cut_and_a_redirect_is_not_followed,
          a_key_with_a_line_break_does_not_become_a_header)

#include "http/router.h"

#include "base/test.h"

static void no_handler(struct http_req *r, void *ctx)
{
    (void)r;
    (void)ctx;
}

#define ROW(m, p)                                                                                  \
    {                                                                                              \
        .method = HTTP_M_##m, .pattern = (p), .handler = no_handler                                \
    }

static const struct http_route rows[] = {
    ROW(GET, "/"),
    ROW(GET, "/v1/models"),
    ROW(GET, "/v1/models/:model"),
    ROW(POST, "/v1/engines/:model/embeddings"),
    ROW(GET, "/api/channel/"),
    ROW(POST, "/api/channel/"),
    ROW(GET, "/api/channel/search"),
    ROW(DELETE, "/api/channel/:id"),
    ROW(GET, "/api/channel/:id"),
    ROW(PUT, "/api/channel/:id/tag/:tag"),
    ROW(GET, "/api/:room/status"),
    ROW(GET, "/assets/:*"),
    ROW(GET, "/assets/fonts/:*"),
    ROW(POST, "/v1beta/models/:*"),
    {.method = HTTP_M_POST,
     .pattern = "/v1/chat/completions",
     .flags = HTTP_ROUTE_CORS,
     .handler = no_handler},
};

static struct router *router;

struct found {
    const char *pattern;
    int status;
    struct http_req req;
};

static struct found find(enum http_method m, const char *path)
{
    struct found f = {.req = {.method = m, .path = str_from(path)}};

    arena_init(&f.req.arena, 0);
    const struct http_route *row = router_find(router, &f.req, &f.status);
    f.pattern = row ? row->pattern : "";
    return f;
}

static int set_up(void **state)
{
    (void)state;
    router = router_new();
    router_add(router, rows, ARRAY_LEN(rows));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    router_free(router);
    return 0;
}

static void check(enum http_method m, const char *path, const char *pattern)
{
    struct found f = find(m, path);

    CHECK_STR(str_from(f.pattern), pattern);
    arena_fini(&f.req.arena);
}

TEST(paths_are_found_with_and_without_their_last_slash)
{
    check(HTTP_M_GET, "/", "/");
    check(HTTP_M_GET, "/v1/models", "/v1/models");
    check(HTTP_M_GET, "/v1/models/", "/v1/models");
    check(HTTP_M_GET, "/api/channel", "/api/channel/");
    check(HTTP_M_POST, "/api/channel/", "/api/channel/");
    check(HTTP_M_DELETE, "/api/channel/5/", "/api/channel/:id");
}

TEST(a_word_goes_before_a_parameter_and_that_before_the_rest)
{
    check(HTTP_M_GET, "/api/channel/search", "/api/channel/search");
    check(HTTP_M_GET, "/api/channel/status", "/api/channel/:id");
    check(HTTP_M_GET, "/api/user/status", "/api/:room/status");
    check(HTTP_M_GET, "/assets/x", "/assets/:*");
    check(HTTP_M_GET, "/assets/fonts/x", "/assets/fonts/:*");
    check(HTTP_M_GET, "/assets/fonts", "/assets/:*");
    /* The word has no such method, the parameter has. */
    check(HTTP_M_DELETE, "/api/channel/search", "/api/channel/:id");
}

static void check_params(const char *path, enum http_method m, const char *first,
                         const char *second)
{
    struct found f = find(m, path);

    CHECK_STR(f.req.params[0], first);
    CHECK_STR(f.req.params[1], second);
    arena_fini(&f.req.arena);
}

TEST(parameters_are_decoded)
{
    check_params("/v1/models/gpt%2F4%20o", HTTP_M_GET, "gpt/4 o", "");
    check_params("/api/channel/5/tag/a%zz", HTTP_M_PUT, "5", "a%zz");
    check_params("/assets/a/b%20c/d.js", HTTP_M_GET, "a/b c/d.js", "");
    check_params("/v1beta/models/gemini:generateContent", HTTP_M_POST, "gemini:generateContent",
                 "");
    check_params("/assets/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18", HTTP_M_GET,
                 "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18", "");
}

static void check_missing(enum http_method m, const char *path, int status)
{
    struct found f = find(m, path);

    CHECK_STR(str_from(f.pattern), "");
    CHECK_EQ(f.status, status);
    arena_fini(&f.req.arena);
}

TEST(what_is_not_there_is_404_and_another_method_405)
{
    check_missing(HTTP_M_GET, "/v1", 404);
    check_missing(HTTP_M_GET, "/v1/modelsx", 404);
    check_missing(HTTP_M_GET, "/v1/models/a/b", 404);
    check_missing(HTTP_M_GET, "/api//status", 404);
    check_missing(HTTP_M_GET, "/assets/", 404);
    check_missing(HTTP_M_GET, "*", 404);
    check_missing(HTTP_M_GET, "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", 404);
    check_missing(HTTP_M_DELETE, "/v1/models", 405);
    check_missing(HTTP_M_PATCH, "/api/channel/5", 405);
    check_missing(HTTP_M_OTHER, "/v1/models", 405);
    check_missing(HTTP_M_OPTIONS, "/v1/models", 405);
}

TEST(head_finds_get_and_options_finds_cors)
{
    check(HTTP_M_HEAD, "/v1/models", "/v1/models");
    check(HTTP_M_HEAD, "/v1/models/x", "/v1/models/:model");
    check(HTTP_M_OPTIONS, "/v1/chat/completions", "/v1/chat/completions");
}

TEST(the_fallback_takes_what_no_row_takes)
{
    static const struct http_route page = ROW(GET, "/:*");

    router_set_fallback(router, &page);
    check(HTTP_M_GET, "/console/users", "/:*");
    check(HTTP_M_GET, "/v1/models", "/v1/models");
    router_set_fallback(router, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_found_with_and_without_their_last_slash),
        cmocka_unit_test(a_word_goes_before_a_parameter_and_that_before_the_rest),
        cmocka_unit_test(parameters_are_decoded),
        cmocka_unit_test(what_is_not_there_is_404_and_another_method_405),
        cmocka_unit_test(head_finds_get_and_options_finds_cors),
        cmocka_unit_test(the_fallback_takes_what_no_row_takes),
    };

    return test_end(cmocka_run_group_tests(tests, set_up, tear_down));
}

/* The table of routes says of each route who may use it; nothing is reachable by being forgotten.
 */
#include "api/call.h"

#include "base/test.h"

static bool is_billing(struct str path)
{
    return str_has(path, STR("/dashboard/billing/"));
}

TEST(every_route_names_its_least_role_its_limit_and_its_handler)
{
    size_t n;
    const struct api_route *rows = api_routes(&n);

    CHECK(n > 60);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].access == ACCESS_UNSET || rows[i].limit == API_LIMIT_UNSET || !rows[i].handler)
            fail_msg("%s lacks a role, a limit or a handler", rows[i].path);
        CHECK(str_starts(str_from(rows[i].path), STR("/api/")) ||
              is_billing(str_from(rows[i].path)));
    }
}

TEST(no_route_is_there_twice)
{
    size_t n;
    const struct api_route *rows = api_routes(&n);

    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++)
            CHECK(rows[i].method != rows[k].method ||
                  !str_eq(str_from(rows[i].path), str_from(rows[k].path)));
    }
}

/* What the folders of the API ask for at least. */
TEST(routes_over_other_peoples_things_ask_for_an_administrator)
{
    static const struct {
        const char *prefix;
        enum access least;
    } rules[] = {
        {"/api/channel/", ACCESS_ADMIN},
        {"/api/option/", ACCESS_ROOT},
        {"/api/group/", ACCESS_ADMIN},
        {"/api/token/", ACCESS_USER},
    };
    size_t n;
    const struct api_route *rows = api_routes(&n);

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < ARRAY_LEN(rules); k++) {
            if (str_starts(str_from(rows[i].path), str_from(rules[k].prefix)))
                CHECK_EQ(rows[i].access, rules[k].least);
        }
    }
}

TEST(only_the_listed_routes_need_no_account)
{
    static const char *const open[] = {
        "/api/status",      "/api/notice",      "/api/about",         "/api/home_page_content",
        "/api/pricing",     "/api/setup",       "/api/user/register", "/api/user/login",
        "/api/user/logout", "/api/user/groups", "/api/log/token",
    };
    size_t n;
    const struct api_route *rows = api_routes(&n);

    for (size_t i = 0; i < n; i++) {
        bool listed = is_billing(str_from(rows[i].path));

        for (size_t k = 0; k < ARRAY_LEN(open); k++)
            listed = listed || str_eq(str_from(rows[i].path), str_from(open[k]));
        if (!access_needs_user(rows[i].access) && !listed)
            fail_msg("%s can be called by anybody", rows[i].path);
    }
}

TEST(an_account_with_its_first_password_may_change_it_and_nothing_else)
{
    size_t n, found = 0;
    const struct api_route *rows = api_routes(&n);

    for (size_t i = 0; i < n; i++) {
        if (!(rows[i].flags & API_ROUTE_FIRST_PASSWORD))
            continue;
        found++;
        CHECK_EQ(rows[i].method, HTTP_M_PUT);
        CHECK_STR(str_from(rows[i].path), "/api/user/self");
    }
    CHECK_EQ(found, 1);
}

TEST(what_can_be_guessed_at_is_counted_strictly)
{
    size_t n;
    const struct api_route *rows = api_routes(&n);

    for (size_t i = 0; i < n; i++) {
        struct str path = str_from(rows[i].path);
        bool guess = str_eq(path, STR("/api/user/login")) ||
                     str_eq(path, STR("/api/user/register")) ||
                     (str_eq(path, STR("/api/setup")) && rows[i].method == HTTP_M_POST);

        CHECK_EQ(rows[i].limit == API_LIMIT_CRITICAL, guess);
    }
}

TEST_MAIN(every_route_names_its_least_role_its_limit_and_its_handler, no_route_is_there_twice,
          routes_over_other_peoples_things_ask_for_an_administrator,
          only_the_listed_routes_need_no_account,
          an_account_with_its_first_password_may_change_it_and_nothing_else,
          what_can_be_guessed_at_is_counted_strictly)

#include "auth/access.h"

#include "base/test.h"

TEST(a_level_lets_its_least_role_and_those_above_pass)
{
    static const int64_t roles[] = {ROLE_GUEST, ROLE_COMMON, ROLE_ADMIN, ROLE_ROOT};
    static const struct {
        enum access level;
        const char *allowed; /* y or n for each of the roles */
    } rows[] = {
        {ACCESS_UNSET, "nnnn"}, {ACCESS_PUBLIC, "yyyy"}, {ACCESS_TRY_USER, "yyyy"},
        {ACCESS_USER, "nyyy"},  {ACCESS_ADMIN, "nnyy"},  {ACCESS_ROOT, "nnny"},
        {ACCESS_TOKEN, "yyyy"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t k = 0; k < ARRAY_LEN(roles); k++)
            CHECK_EQ(access_allows(rows[i].level, roles[k]), rows[i].allowed[k] == 'y');
    }
    CHECK(access_needs_user(ACCESS_USER));
    CHECK(!access_needs_user(ACCESS_TRY_USER));
}

TEST(only_a_higher_role_or_root_may_change_an_account)
{
    CHECK(access_outranks(ROLE_ADMIN, ROLE_COMMON));
    CHECK(!access_outranks(ROLE_ADMIN, ROLE_ADMIN));
    CHECK(!access_outranks(ROLE_ADMIN, ROLE_ROOT));
    CHECK(!access_outranks(ROLE_COMMON, ROLE_COMMON));
    CHECK(access_outranks(ROLE_ROOT, ROLE_ROOT));
}

TEST(a_token_is_checked_in_the_documented_order)
{
    const struct token good = {.status = TOKEN_ENABLED, .expired_time = -1};
    struct token t = good;

    CHECK_EQ(access_check_token(&t, 1, 100), ACCESS_TOKEN_OK);
    CHECK_EQ(access_check_token(&t, 0, 100), ACCESS_TOKEN_EMPTY);
    t.unlimited_quota = true;
    CHECK_EQ(access_check_token(&t, -5, 100), ACCESS_TOKEN_OK);
    t.expired_time = 99;
    CHECK_EQ(access_check_token(&t, 1, 100), ACCESS_TOKEN_EXPIRED);
    t.expired_time = 100;
    CHECK_EQ(access_check_token(&t, 1, 100), ACCESS_TOKEN_OK);
    t.expired_time = 99;
    t.status = TOKEN_DISABLED; /* the status speaks before the time */
    CHECK_EQ(access_check_token(&t, 1, 100), ACCESS_TOKEN_UNUSABLE);
    t.status = TOKEN_EXHAUSTED;
    CHECK_EQ(access_check_token(&t, 1, 100), ACCESS_TOKEN_EXHAUSTED);
    t.status = TOKEN_EXPIRED;
    CHECK_EQ(access_check_token(&t, 1, 100), ACCESS_TOKEN_EXPIRED);
}

TEST_MAIN(a_level_lets_its_least_role_and_those_above_pass,
          only_a_higher_role_or_root_may_change_an_account,
          a_token_is_checked_in_the_documented_order)

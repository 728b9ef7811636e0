#include "model/account.h"

#include "base/test.h"

TEST(only_four_roles_exist)
{
    CHECK(role_valid(ROLE_GUEST) && role_valid(ROLE_COMMON));
    CHECK(role_valid(ROLE_ADMIN) && role_valid(ROLE_ROOT));
    CHECK(!role_valid(2) && !role_valid(-1) && !role_valid(101));
}

TEST(a_token_expires_after_its_second_and_minus_one_never_does)
{
    CHECK(!token_expired(&(struct token){.expired_time = -1}, 5000000000));
    CHECK(!token_expired(&(struct token){.expired_time = 100}, 100));
    CHECK(token_expired(&(struct token){.expired_time = 100}, 101));
}

TEST(model_limits_are_an_exact_list)
{
    struct token t = {.model_limits = STR("gpt-4o, gpt-4"), .model_limits_enabled = true};

    CHECK(token_allows_model(&t, STR("gpt-4o")) && token_allows_model(&t, STR("gpt-4")));
    CHECK(!token_allows_model(&t, STR("gpt-4o-mini")) && !token_allows_model(&t, STR("gpt")));
    t.model_limits = STR_NULL;
    CHECK(!token_allows_model(&t, STR("gpt-4o")));
    t.model_limits_enabled = false;
    CHECK(token_allows_model(&t, STR("gpt-4o")));
}

TEST(an_address_list_takes_single_addresses_and_networks_of_both_families)
{
    struct str list = STR("10.1.2.3\n192.168.0.0/16\n 2001:db8::/32,\n");

    CHECK(token_allows_ip(list, STR("10.1.2.3")));
    CHECK(!token_allows_ip(list, STR("10.1.2.4")));
    CHECK(token_allows_ip(list, STR("192.168.255.1")));
    CHECK(!token_allows_ip(list, STR("192.169.0.1")));
    CHECK(token_allows_ip(list, STR("2001:db8:1::5")));
    CHECK(!token_allows_ip(list, STR("2001:db9::5")));
    CHECK(token_allows_ip(list, STR("::ffff:10.1.2.3")));
    CHECK(!token_allows_ip(list, STR("not an address")));
    CHECK(token_allows_ip(STR("1.2.3.4/31"), STR("1.2.3.5")));
    CHECK(!token_allows_ip(STR("1.2.3.4/31"), STR("1.2.3.6")));
    CHECK(token_allows_ip(STR("0.0.0.0/0"), STR("9.9.9.9")));
    CHECK(!token_allows_ip(STR("0.0.0.0/0"), STR("2001:db8::1")));
}

TEST(an_address_list_without_a_valid_line_lets_anybody_in)
{
    CHECK(token_allows_ip(STR_NULL, STR("1.2.3.4")));
    CHECK(token_allows_ip(STR("\n \n"), STR("1.2.3.4")));
    CHECK(token_allows_ip(STR("example.org\n1.2.3.4/33\n1.2.3.4/\n"), STR("5.6.7.8")));
}

TEST_MAIN(only_four_roles_exist, a_token_expires_after_its_second_and_minus_one_never_does,
          model_limits_are_an_exact_list,
          an_address_list_takes_single_addresses_and_networks_of_both_families,
          an_address_list_without_a_valid_line_lets_anybody_in)

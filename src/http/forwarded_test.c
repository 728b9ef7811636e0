#include "http/forwarded.h"

#include "base/test.h"

TEST(private_addresses_are_known_and_others_are_not)
{
    static const char *const yes[] = {"127.0.0.1",       "10.255.1.1",  "172.16.0.1", "172.31.9.9",
                                      "192.168.0.1",     "169.254.1.1", "100.64.0.1", "::1",
                                      "fd00::1",         "fe80::1",     "febf::1",    "100.127.1.1",
                                      "::ffff:10.0.0.1", "fc00::"};
    static const char *const no[] = {
        "8.8.8.8", "172.32.0.1",  "172.15.0.1", "192.169.0.1", "2001:db8::1", "::2",
        "fec0::1", "100.128.0.1", "",           "localhost",   "10.0.0",      "1.2.3.4.5"};

    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        CHECK(forwarded_is_private(str_from(yes[i])));
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        CHECK(!forwarded_is_private(str_from(no[i])));
}

TEST(the_client_is_the_last_public_address_of_the_chain)
{
    static const struct {
        const char *peer, *chain, *real, *want;
    } rows[] = {
        {"8.8.8.8", "1.1.1.1", "2.2.2.2", "8.8.8.8"},
        {"127.0.0.1", NULL, NULL, "127.0.0.1"},
        {"127.0.0.1", "1.1.1.1", NULL, "1.1.1.1"},
        {"10.0.0.1", "9.9.9.9, 1.1.1.1, 10.0.0.2", "2.2.2.2", "1.1.1.1"},
        {"10.0.0.1", "10.0.0.3, 10.0.0.2", "2.2.2.2", "10.0.0.3"},
        {"10.0.0.1", NULL, "2.2.2.2", "2.2.2.2"},
        {"10.0.0.1", "nonsense", "2.2.2.2", "2.2.2.2"},
        {"10.0.0.1", "nonsense", "nonsense", "10.0.0.1"},
        {"10.0.0.1", "1.1.1.1, nonsense, 10.0.0.2", NULL, "10.0.0.2"},
        {"10.0.0.1", "1.1.1.1:4711", NULL, "1.1.1.1"},
        {"::1", "[2001:db8::1]:4711", NULL, "2001:db8::1"},
        {"::1", "2001:db8::1", NULL, "2001:db8::1"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_header headers[2];
        size_t n = 0;

        if (rows[i].chain)
            headers[n++] = (struct http_header){STR("X-Forwarded-For"), str_from(rows[i].chain)};
        if (rows[i].real)
            headers[n++] = (struct http_header){STR("X-Real-IP"), str_from(rows[i].real)};
        CHECK_STR(forwarded_client(str_from(rows[i].peer), headers, n), rows[i].want);
    }
}

TEST(several_headers_are_one_chain)
{
    static const struct http_header headers[] = {
        {STR_INIT("X-Forwarded-For"), STR_INIT("9.9.9.9, 1.1.1.1")},
        {STR_INIT("X-Forwarded-For"), STR_INIT("10.0.0.7")},
    };

    CHECK_STR(forwarded_client(STR("127.0.0.1"), headers, 2), "1.1.1.1");
}

TEST_MAIN(private_addresses_are_known_and_others_are_not,
          the_client_is_the_last_public_address_of_the_chain, several_headers_are_one_chain)

#include "http/forwarded.h"

#include "base/test.h"

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

TEST_MAIN(the_client_is_the_last_public_address_of_the_chain, several_headers_are_one_chain)

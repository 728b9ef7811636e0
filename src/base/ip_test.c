#include "base/ip.h"

#include "base/test.h"

static bool is_public(const char *text)
{
    struct ip ip;

    return ip_read(str_from(text), &ip) && ip_is_public(&ip);
}

static bool lies_in(const char *text, const char *net_text)
{
    struct ip ip;
    struct ip_net net;

    return ip_read(str_from(text), &ip) && ip_net_read(str_from(net_text), &net) &&
           ip_in(&ip, &net);
}

TEST(addresses_are_read_whole_or_not_at_all)
{
    struct ip ip;
    struct ip_net net;

    CHECK(ip_read(STR("1.2.3.4"), &ip));
    CHECK(ip_read(STR("2001:db8::1"), &ip));
    CHECK(!ip_read(STR("1.2.3.4:80"), &ip));
    CHECK(!ip_read(STR("1.2.3"), &ip));
    CHECK(!ip_read(STR("0x7f.1"), &ip));
    CHECK(!ip_read(STR("[::1]"), &ip));
    CHECK(!ip_read(STR("1.2.3.4\0"), &ip));
    CHECK(!ip_read(STR(""), &ip));
    CHECK(ip_net_read(STR("10.0.0.0/8"), &net) && net.bits == 104);
    CHECK(ip_net_read(STR("::/0"), &net) && net.bits == 0);
    CHECK(!ip_net_read(STR("10.0.0.0/33"), &net));
    CHECK(!ip_net_read(STR("10.0.0.0/"), &net));
    CHECK(!ip_net_read(STR("::1/129"), &net));
}

TEST(networks_hold_what_begins_with_their_prefix)
{
    CHECK(lies_in("10.1.2.3", "10.0.0.0/8"));
    CHECK(!lies_in("11.1.2.3", "10.0.0.0/8"));
    CHECK(lies_in("172.31.255.255", "172.16.0.0/12"));
    CHECK(!lies_in("172.32.0.0", "172.16.0.0/12"));
    CHECK(lies_in("::ffff:10.1.1.1", "10.0.0.0/8"));
    CHECK(lies_in("10.1.1.1", "::ffff:10.0.0.0/104"));
    CHECK(lies_in("2001:db8::5", "2001:db8::/32"));
    CHECK(lies_in("1.2.3.4", "1.2.3.4"));
}

TEST(what_is_not_of_the_internet_is_not_public)
{
    static const char *const inner[] = {
        "0.0.0.0",     "10.0.0.1",     "100.64.0.1",  "127.0.0.1",       "127.255.0.1",
        "169.254.1.1", "172.16.0.1",   "192.168.1.1", "192.0.0.1",       "192.0.2.1",
        "198.18.0.1",  "198.51.100.1", "203.0.113.1", "224.0.0.1",       "255.255.255.255",
        "::",          "::1",          "::7f00:1",    "::ffff:10.0.0.1", "::ffff:127.0.0.1",
        "64:ff9b::1",  "64:ff9b:1::1", "100::1",      "2001::1",         "2001:db8::1",
        "2002:a00::1", "3fff:1::1",    "fc00::1",     "fd12::1",         "fe80::1",
        "fec0::1",     "ff02::1",      "192.88.99.1",
    };

    for (size_t i = 0; i < ARRAY_LEN(inner); i++) {
        if (is_public(inner[i]))
            print_error("%s\n", inner[i]);
        CHECK(!is_public(inner[i]));
    }
    CHECK(is_public("1.1.1.1") && is_public("172.32.0.1") && is_public("2606:4700::1111"));
    CHECK(is_public("::ffff:8.8.8.8") && is_public("2400:cb00::1"));
    CHECK(ip_text_is_private(STR("192.168.0.9")) && !ip_text_is_private(STR("8.8.8.8")));
    CHECK(!ip_text_is_private(STR("nonsense")));
}

TEST_MAIN(addresses_are_read_whole_or_not_at_all, networks_hold_what_begins_with_their_prefix,
          what_is_not_of_the_internet_is_not_public)

#include "http/fetch_guard.h"

#include "base/test.h"

static bool allows(const struct fetch_guard *g, const char *host, uint16_t port)
{
    return fetch_guard_host(g, str_from(host), port, NULL) == ERR_OK;
}

static bool allows_ip(const struct fetch_guard *g, const char *text, bool by_name)
{
    struct ip ip;

    CHECK(ip_read(str_from(text), &ip));
    return fetch_guard_ip(g, &ip, by_name);
}

TEST(only_public_addresses_are_open)
{
    const struct fetch_guard g = {0};

    CHECK(allows(&g, "example.com", 80) && allows(&g, "8.8.8.8", 1));
    CHECK(!allows(&g, "127.0.0.1", 80) && !allows(&g, "[::1]", 80) && !allows(&g, "10.0.0.1.", 80));
    CHECK(!allows(&g, "[::ffff:127.0.0.1]", 80) && !allows(&g, "[64:ff9b::7f00:1]", 80));
    CHECK(!allows_ip(&g, "192.168.1.1", true) && allows_ip(&g, "1.1.1.1", true));
    CHECK(allows(&(struct fetch_guard){.allow_private = true}, "127.0.0.1", 80));
    CHECK(allows(&(struct fetch_guard){.off = true}, "127.0.0.1", 80));
}

TEST(ports_may_be_limited)
{
    static const struct fetch_ports ports[] = {{80, 80}, {440, 443}}, none = {1, 0};
    const struct fetch_guard g = {.ports = ports, .port_count = 2};
    const struct fetch_guard closed = {.ports = &none, .port_count = 1};

    CHECK(allows(&g, "example.com", 443) && allows(&g, "example.com", 440));
    CHECK(!allows(&g, "example.com", 22) && !allows(&g, "example.com", 81));
    CHECK(!allows(&closed, "example.com", 1) && !allows(&closed, "example.com", 0));
}

TEST(lists_name_what_may_be_fetched_or_what_may_not)
{
    static const struct str domains[] = {STR_INIT("bad.com"), STR_INIT("*.evil.org")};
    struct ip_net nets[1];
    struct fetch_guard g = {.domains = domains, .domain_count = 2, .nets = nets, .net_count = 1};

    CHECK(ip_net_read(STR("1.2.0.0/16"), &nets[0]));
    CHECK(!allows(&g, "BAD.com", 80) && !allows(&g, "bad.com.", 80) && allows(&g, "a.bad.com", 80));
    CHECK(!allows(&g, "x.evil.org", 80) && allows(&g, "evil.org", 80));
    CHECK(!allows(&g, "1.2.3.4", 80) && !allows_ip(&g, "1.2.3.4", true) &&
          allows(&g, "1.3.0.1", 80));
    g.names_exempt = true;
    CHECK(allows_ip(&g, "1.2.3.4", true) && !allows_ip(&g, "1.2.3.4", false));
    g.only_domains = g.only_nets = true;
    CHECK(allows(&g, "bad.com", 80) && !allows(&g, "good.com", 80));
    CHECK(allows(&g, "1.2.3.4", 80) && !allows(&g, "1.3.0.1", 80));
}

TEST_MAIN(only_public_addresses_are_open, ports_may_be_limited,
          lists_name_what_may_be_fetched_or_what_may_not)

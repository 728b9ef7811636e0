/*
 * ip - addresses and networks of IPv4 and IPv6 as values. Pure.
 */
#pragma once
#include "base/str.h"

struct ip {
    uint8_t bytes[16]; /* IPv4 as IPv4-mapped IPv6 */
};

struct ip_net {
    struct ip ip;
    unsigned bits; /* of the prefix; of IPv4 counted in the mapped form: /8 is 104 */
};

/* "1.2.3.4", "::1"; false on anything else (ports, zones, brackets). */
MUST_CHECK bool ip_read(struct str text, struct ip *out);
/* An address, or one with "/bits". */
MUST_CHECK bool ip_net_read(struct str text, struct ip_net *out);
bool ip_in(const struct ip *ip, const struct ip_net *net);
/* Loopback, private (RFC 1918, RFC 4193), link-local, shared (RFC 6598), or "this host". */
bool ip_is_private(const struct ip *ip);
/*
 * Can the address be one of the open Internet? False also for multicast, documentation, benchmark
 * and reserved ranges, and for IPv6 forms that carry an IPv4 address, which would lead around a
 * check of that: compatible, NAT64, 6to4, Teredo. An IPv4-mapped address is judged as IPv4.
 * Source: IANA special-purpose address registries of IPv4 and IPv6.
 */
bool ip_is_public(const struct ip *ip);
/* The same of text; false when it is no address. */
bool ip_text_is_private(struct str text);

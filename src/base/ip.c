#include "base/ip.h"

#include <arpa/inet.h>

enum { TEXT_MAX = 45, V4_PREFIX_BITS = 96 };

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool ip_read(struct str text, struct ip *out)
{
    char buffer[TEXT_MAX + 1];

    *out = (struct ip){{0}};
    if (text.n == 0 || text.n > TEXT_MAX || memchr(text.p, '\0', text.n))
        return false;
    memcpy(buffer, text.p, text.n);
    buffer[text.n] = '\0';
    if (inet_pton(AF_INET, buffer, out->bytes + sizeof mapped) == 1) {
        memcpy(out->bytes, mapped, sizeof mapped);
        return true;
    }
    return inet_pton(AF_INET6, buffer, out->bytes) == 1;
}

bool ip_net_read(struct str text, struct ip_net *out)
{
    struct str rest = text, base = str_cut(&rest, '/');
    uint64_t n = 0, most;

    out->bits = 128;
    if (!ip_read(base, &out->ip))
        return false;
    if (!rest.p)
        return true;
    /* A mapped network written in IPv6 form ("::ffff:10.0.0.0/104") counts its bits from the
     * start. */
    most = memchr(base.p, ':', base.n) ? 128 : 32;
    if (!str_to_u64(rest, &n) || n > most)
        return false;
    out->bits = (unsigned)n + (most == 32 ? V4_PREFIX_BITS : 0);
    return true;
}

bool ip_in(const struct ip *ip, const struct ip_net *net)
{
    unsigned whole = net->bits / 8, rest = net->bits % 8;

    if (memcmp(ip->bytes, net->ip.bytes, whole) != 0)
        return false;
    return rest == 0 || ((ip->bytes[whole] ^ net->ip.bytes[whole]) >> (8 - rest)) == 0;
}

#define V4(a, b, c, d, n)                                                                          \
    {                                                                                              \
        {{[10] = 0xff, [11] = 0xff, [12] = (a), [13] = (b), [14] = (c), [15] = (d)}},              \
            V4_PREFIX_BITS + (n)                                                                   \
    }
#define V6(n, ...)                                                                                 \
    {                                                                                              \
        {{__VA_ARGS__}}, (n)                                                                       \
    }

static const struct ip_net private_nets[] = {
    V4(0, 0, 0, 0, 8),
    V4(10, 0, 0, 0, 8),
    V4(100, 64, 0, 0, 10),
    V4(127, 0, 0, 0, 8),
    V4(169, 254, 0, 0, 16),
    V4(172, 16, 0, 0, 12),
    V4(192, 168, 0, 0, 16),
    V6(128, [15] = 1), /* ::1 */
    V6(7, 0xfc),       /* fc00::/7 */
    V6(10, 0xfe, 0x80),
};

static const struct ip_net special_nets[] = {
    V4(192, 0, 0, 0, 24),
    V4(192, 0, 2, 0, 24),
    V4(192, 88, 99, 0, 24),
    V4(198, 18, 0, 0, 15),
    V4(198, 51, 100, 0, 24),
    V4(203, 0, 113, 0, 24),
    V4(224, 0, 0, 0, 4),
    V4(240, 0, 0, 0, 4),
    V6(96, 0),                         /* ::/96, IPv4-compatible and unspecified */
    V6(96, 0, 0x64, 0xff, 0x9b),       /* NAT64 */
    V6(48, 0, 0x64, 0xff, 0x9b, 0, 1), /* NAT64, local */
    V6(64, 0x01),                      /* 100::/64, discard */
    V6(23, 0x20, 0x01),                /* 2001::/23, Teredo among it */
    V6(32, 0x20, 0x01, 0x0d, 0xb8),    /* documentation */
    V6(16, 0x20, 0x02),                /* 6to4 */
    V6(20, 0x3f, 0xff),                /* documentation */
    V6(10, 0xfe, 0xc0),                /* site-local, of old */
    V6(8, 0xff),                       /* multicast */
};

static bool is_in_any(const struct ip *ip, const struct ip_net *nets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (ip_in(ip, &nets[i]))
            return true;
    }
    return false;
}

bool ip_is_private(const struct ip *ip)
{
    return is_in_any(ip, private_nets, ARRAY_LEN(private_nets));
}

bool ip_is_public(const struct ip *ip)
{
    return !ip_is_private(ip) && !is_in_any(ip, special_nets, ARRAY_LEN(special_nets));
}

bool ip_text_is_private(struct str text)
{
    struct ip ip;

    return ip_read(text, &ip) && ip_is_private(&ip);
}

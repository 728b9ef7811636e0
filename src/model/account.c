#include "model/account.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* An address as 16 bytes; IPv4 in its mapped form (RFC 4291, 2.5.5.2), so that one comparison
 * serves both families. */
struct address {
    uint8_t bytes[16];
    bool v4;
};

enum { ADDRESS_TEXT = INET6_ADDRSTRLEN, V4_PREFIX_BITS = 96 };

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool role_valid(int64_t role)
{
    return role == ROLE_GUEST || role == ROLE_COMMON || role == ROLE_ADMIN || role == ROLE_ROOT;
}

bool token_expired(const struct token *token, int64_t now_s)
{
    return token->expired_time != -1 && token->expired_time < now_s;
}

bool token_allows_model(const struct token *token, struct str model)
{
    if (!token->model_limits_enabled)
        return true;
    STR_SPLIT_EACH (name, token->model_limits, ',') {
        if (str_eq(name, model))
            return true;
    }
    return false;
}

static bool address_read(struct str text, struct address *out)
{
    char buffer[ADDRESS_TEXT + 1];

    *out = (struct address){.v4 = false};
    if (text.n == 0 || text.n > ADDRESS_TEXT || memchr(text.p, '\0', text.n))
        return false;
    memcpy(buffer, text.p, text.n);
    buffer[text.n] = '\0';
    if (inet_pton(AF_INET, buffer, out->bytes + 12) == 1) {
        memcpy(out->bytes, v4_mapped, sizeof v4_mapped);
        out->v4 = true;
        return true;
    }
    if (inet_pton(AF_INET6, buffer, out->bytes) != 1)
        return false;
    out->v4 = memcmp(out->bytes, v4_mapped, sizeof v4_mapped) == 0;
    return true;
}

/* Do the first `bits` bits agree? */
static bool address_in(const struct address *ip, const struct address *net, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (memcmp(ip->bytes, net->bytes, whole) != 0)
        return false;
    return rest == 0 || ((ip->bytes[whole] ^ net->bytes[whole]) >> (8 - rest)) == 0;
}

/* "1.2.3.4", "1.2.3.0/24", "2001:db8::/32"; false when it is none of them. */
static bool network_read(struct str text, struct address *net, unsigned *bits)
{
    struct str rest = text, base = str_cut(&rest, '/');
    uint64_t n = 0, most;

    *bits = 128;
    if (!address_read(base, net))
        return false;
    if (!rest.p)
        return true;
    /* A mapped network written in IPv6 form ("::ffff:10.0.0.0/104") counts its bits from the
     * start. */
    most = memchr(base.p, ':', base.n) ? 128 : 32;
    if (!str_to_u64(rest, &n) || n > most)
        return false;
    *bits = (unsigned)n + (most == 32 ? V4_PREFIX_BITS : 0);
    return true;
}

static bool is_separator(char c)
{
    return c == '\n' || c == '\r' || c == ',' || c == ' ' || c == '\t';
}

bool token_allows_ip(struct str allow_ips, struct str ip)
{
    struct address from, net;
    bool known = address_read(ip, &from), limited = false;
    unsigned bits;
    size_t at = 0;

    while (at < allow_ips.n) {
        size_t start = at;

        while (at < allow_ips.n && !is_separator(allow_ips.p[at]))
            at++;
        if (network_read(str_sub(allow_ips, start, at - start), &net, &bits)) {
            limited = true;
            if (known && address_in(&from, &net, bits))
                return true;
        }
        at++;
    }
    return !limited;
}

bool ip_is_private(struct str ip)
{
    /* Loopback, RFC 1918, link-local and unique local; 0.0.0.0/8 means "this host" (RFC 1122). */
    static const struct str ranges[] = {
        STR_INIT("127.0.0.0/8"),    STR_INIT("10.0.0.0/8"),     STR_INIT("172.16.0.0/12"),
        STR_INIT("192.168.0.0/16"), STR_INIT("169.254.0.0/16"), STR_INIT("0.0.0.0/8"),
        STR_INIT("::1/128"),        STR_INIT("fc00::/7"),       STR_INIT("fe80::/10"),
    };
    struct address from, net;
    unsigned bits;

    if (!address_read(ip, &from))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (network_read(ranges[i], &net, &bits) && address_in(&from, &net, bits))
            return true;
    }
    return false;
}

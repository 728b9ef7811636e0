#include "http/forwarded.h"

#include <arpa/inet.h>

struct address {
    uint8_t bytes[16]; /* IPv4 as mapped IPv6 */
};

static bool read_address(struct str text, struct address *out)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char z[INET6_ADDRSTRLEN];

    if (text.n == 0 || text.n >= sizeof z)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    memcpy(out->bytes, mapped, sizeof mapped);
    return inet_pton(AF_INET, z, out->bytes + sizeof mapped) == 1 ||
           inet_pton(AF_INET6, z, out->bytes) == 1;
}

/* Networks that are not public, IPv4 in its mapped form: prefix and its bits. */
static const struct network {
    uint8_t prefix[16];
    unsigned bits;
} private_networks[] = {
    {{[10] = 0xff, [11] = 0xff, [12] = 10}, 104},              /* 10.0.0.0/8 */
    {{[10] = 0xff, [11] = 0xff, [12] = 127}, 104},             /* 127.0.0.0/8 */
    {{[10] = 0xff, [11] = 0xff, [12] = 172, [13] = 16}, 108},  /* 172.16.0.0/12 */
    {{[10] = 0xff, [11] = 0xff, [12] = 192, [13] = 168}, 112}, /* 192.168.0.0/16 */
    {{[10] = 0xff, [11] = 0xff, [12] = 169, [13] = 254}, 112}, /* 169.254.0.0/16 */
    {{[10] = 0xff, [11] = 0xff, [12] = 100, [13] = 64}, 106},  /* 100.64.0.0/10 */
    {{[15] = 1}, 128},                                         /* ::1 */
    {{0xfc}, 7},                                               /* fc00::/7 */
    {{0xfe, 0x80}, 10},                                        /* fe80::/10 */
};

static bool is_in(const struct address *a, const struct network *net)
{
    unsigned whole = net->bits / 8, rest = net->bits % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);

    return memcmp(a->bytes, net->prefix, whole) == 0 &&
           (rest == 0 || (a->bytes[whole] & mask) == net->prefix[whole]);
}

bool forwarded_is_private(struct str ip)
{
    struct address a;

    if (!read_address(ip, &a))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(private_networks); i++) {
        if (is_in(&a, &private_networks[i]))
            return true;
    }
    return false;
}

/* An entry is an address, perhaps with a port ("1.2.3.4:5", "[::1]:5"). STR_NULL for others. */
static struct str entry_address(struct str entry)
{
    struct address a;
    ptrdiff_t at;

    entry = str_trim(entry);
    if (str_starts(entry, STR("[")) && (at = str_find_char(entry, ']')) > 0)
        entry = str_sub(entry, 1, (size_t)at - 1);
    else if ((at = str_find_char(entry, ':')) > 0 && at == str_rfind_char(entry, ':'))
        entry = str_sub(entry, 0, (size_t)at);
    return read_address(entry, &a) ? entry : STR_NULL;
}

/* Walks the list from its end. True: *found is a public address and the walk is over. A broken
 * entry ends it, too: nothing before it can be trusted. */
static bool walk_back(struct str list, struct str *found)
{
    while (list.n > 0) {
        ptrdiff_t comma = str_rfind_char(list, ',');
        struct str ip = entry_address(str_skip(list, (size_t)(comma + 1)));

        if (!ip.p)
            return true;
        *found = ip;
        if (!forwarded_is_private(ip))
            return true;
        list = str_sub(list, 0, comma < 0 ? 0 : (size_t)comma);
    }
    return false;
}

struct str forwarded_client(struct str peer_ip, const struct http_header *headers, size_t n)
{
    struct str found = STR_NULL, real_ip = http_header_find(headers, n, STR("x-real-ip"));

    /* Most requests come directly: then nothing needs to be known of the peer. */
    if (!real_ip.p && !http_header_find(headers, n, STR("x-forwarded-for")).p)
        return peer_ip;
    if (!forwarded_is_private(peer_ip))
        return peer_ip;
    for (size_t i = n; i > 0; i--)
        if (str_eq_nocase(headers[i - 1].name, STR("x-forwarded-for")) &&
            walk_back(headers[i - 1].value, &found))
            break;
    if (!found.p)
        found = entry_address(real_ip);
    return found.p ? found : peer_ip;
}

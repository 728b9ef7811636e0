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

bool forwarded_is_private(struct str ip){static const struct {uint8_t prefix[16];
unsigned bits;
}
rows[] =
    {
#define V4(a, b) {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b}
        V4(10, 0), 104},
    V4(127, 0), 104
}
, V4(172, 16), 108
}
, V4(192, 168), 112
}
, V4(169, 254), 112
}
, V4(100, 64), 106
}
,
#undef V4
    {{[15] = 1}, 128}, {{0xfc}, 7}, {{0xfe, 0x80}, 10},
}
;
struct address a;

if (!read_address(ip, &a))
    return false;
for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    unsigned whole = rows[i].bits / 8, rest = rows[i].bits % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);

    if (memcmp(a.bytes, rows[i].prefix, whole) == 0 &&
        (rest == 0 || (a.bytes[whole] & mask) == rows[i].prefix[whole]))
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
    struct str found = STR_NULL;

    if (!forwarded_is_private(peer_ip))
        return peer_ip;
    for (size_t i = n; i > 0; i--)
        if (str_eq_nocase(headers[i - 1].name, STR("x-forwarded-for")) &&
            walk_back(headers[i - 1].value, &found))
            break;
    if (!found.p)
        found = entry_address(http_header_find(headers, n, STR("x-real-ip")));
    return found.p ? found : peer_ip;
}

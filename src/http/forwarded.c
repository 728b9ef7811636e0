#include "http/forwarded.h"

#include "base/ip.h"

/* An entry is an address, perhaps with a port ("1.2.3.4:5", "[::1]:5"). STR_NULL for others. */
static struct str entry_address(struct str entry)
{
    struct ip ip;
    ptrdiff_t at;

    entry = str_trim(entry);
    if (str_starts(entry, STR("[")) && (at = str_find_char(entry, ']')) > 0)
        entry = str_sub(entry, 1, (size_t)at - 1);
    else if ((at = str_find_char(entry, ':')) > 0 && at == str_rfind_char(entry, ':'))
        entry = str_sub(entry, 0, (size_t)at);
    return ip_read(entry, &ip) ? entry : STR_NULL;
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
        if (!ip_text_is_private(ip))
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
    if (!ip_text_is_private(peer_ip))
        return peer_ip;
    for (size_t i = n; i > 0; i--)
        if (str_eq_nocase(headers[i - 1].name, STR("x-forwarded-for")) &&
            walk_back(headers[i - 1].value, &found))
            break;
    if (!found.p)
        found = entry_address(real_ip);
    return found.p ? found : peer_ip;
}

#include "http/fetch_guard.h"

static bool is_port_allowed(const struct fetch_guard *g, uint16_t port)
{
    for (size_t i = 0; i < g->port_count; i++) {
        if (port >= g->ports[i].first && port <= g->ports[i].last)
            return true;
    }
    return g->port_count == 0;
}

/* "*.x" is for what lies below x, "x" for itself. */
static bool domain_fits(struct str rule, struct str host)
{
    if (!str_starts(rule, STR("*.")))
        return str_eq_nocase(rule, host);
    rule = str_skip(rule, 1);
    return host.n > rule.n && str_eq_nocase(str_skip(host, host.n - rule.n), rule);
}

static bool is_domain_listed(const struct fetch_guard *g, struct str host)
{
    for (size_t i = 0; i < g->domain_count; i++) {
        if (domain_fits(g->domains[i], host))
            return true;
    }
    return false;
}

bool fetch_guard_ip(const struct fetch_guard *g, const struct ip *ip, bool by_name)
{
    bool listed = false;

    if (g->off)
        return true;
    if (!g->allow_private && !ip_is_public(ip))
        return false;
    if (by_name && g->names_exempt)
        return true;
    for (size_t i = 0; i < g->net_count && !listed; i++)
        listed = ip_in(ip, &g->nets[i]);
    return g->only_nets ? listed : !listed;
}

enum err_code fetch_guard_host(const struct fetch_guard *g, struct str host, uint16_t port,
                               struct err *err)
{
    struct str bare = str_trim_right_char(host, '.');
    struct ip ip;

    if (g->off)
        return ERR_OK;
    if (!is_port_allowed(g, port))
        return err_set(err, ERR_BAD_REQUEST, "the port of the address is not allowed");
    if (str_starts(bare, STR("[")) && str_ends(bare, STR("]")))
        bare = str_sub(bare, 1, bare.n - 2);
    if (ip_read(bare, &ip)) {
        if (!fetch_guard_ip(g, &ip, false))
            return err_set(err, ERR_BAD_REQUEST, "the address is not allowed");
    } else if (is_domain_listed(g, bare) != g->only_domains) {
        return err_set(err, ERR_BAD_REQUEST, "the name of the address is not allowed");
    }
    return ERR_OK;
}

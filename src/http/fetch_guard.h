/*
 * fetch_guard - which addresses may be fetched on behalf of a stranger: names before they are
 * resolved, addresses after, on each redirect anew. Pure.
 *
 * Source: options reference, fetch_setting.*; relay reference 20.
 */
#pragma once
#include "base/err.h"
#include "base/ip.h"

/* From the first to the last; none where the last is before the first. */
struct fetch_ports {
    uint16_t first, last;
};

struct fetch_guard { /* borrowed */
    bool off;        /* everything may be fetched */
    bool allow_private;
    const struct fetch_ports *ports; /* that may be used; none: any */
    size_t port_count;
    const struct str *domains; /* "example.com", "*.example.com" */
    size_t domain_count;
    bool only_domains; /* the list is of those that may be fetched; else of those that may not */
    const struct ip_net *nets;
    size_t net_count;
    bool only_nets;    /* the same for addresses */
    bool names_exempt; /* the list of addresses is not for what a name has led to */
};

/* ERR_BAD_REQUEST, with a text that does not repeat the address. */
MUST_CHECK enum err_code fetch_guard_host(const struct fetch_guard *g, struct str host,
                                          uint16_t port, struct err *err);
/* May this address be connected to? `by_name`: it is what a name has led to. */
bool fetch_guard_ip(const struct fetch_guard *g, const struct ip *ip, bool by_name);

/*
 * limit - at most so many requests of a client in a sliding window (admin-api 1.6): a request is
 * refused when the oldest of the client's last N admitted ones is younger than the window.
 *
 * In memory and bounded: of more clients than there is room for, the one that was quiet for the
 * longest time is forgotten. An IPv6 client is its /64, because one customer has as many addresses
 * as it likes. Any thread.
 */
#pragma once
#include "base/attr.h"
#include "base/str.h"

struct limit;

/* `count` 0 or `window_s` 0: everything is admitted. */
struct limit *limit_new(int64_t count, int64_t window_s);
void limit_free(struct limit *l); /* NULL is allowed */
/* Admits (and counts) or refuses a request of the address at `now_us`, which only grows. */
bool limit_allow(struct limit *l, struct str ip, uint64_t now_us);
/* Who counts as one client, as bytes: an IPv4 address, or the first 64 bits of an IPv6 address.
 * What is no address is one client, too. Returns how many of `out` are used. */
enum { LIMIT_CLIENT_BYTES = 16 };
size_t limit_client(struct str ip, char out[LIMIT_CLIENT_BYTES]);
/* Clients that are remembered; for tests. */
size_t limit_clients(struct limit *l);

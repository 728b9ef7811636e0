/*
 * redirect - sends who opens the console on a slave to where the console is (FRONTEND_BASE_URL).
 * Read-only; any loop.
 */
#pragma once
#include "http/server.h"

struct redirect {
    struct str base; /* without a slash at its end */
    struct http_route route;
};

/* `base` is borrowed. */
void redirect_init(struct redirect *r, struct str base);
/* Every path that has no row of its own: 301 to the same path and query there. */
const struct http_route *redirect_route(struct redirect *r);

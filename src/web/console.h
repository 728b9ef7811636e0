/*
 * console - serves the web console that is embedded in the binary: hashed assets for ever, every
 * other page by the one index.
 *
 * The table is made at build time by tools/embed. Read-only; any loop.
 */
#pragma once
#include "http/router.h"

struct web_asset {
    struct str path; /* "/assets/index-1a2b3c.js" */
    struct str content_type, etag;
    struct str identity, gzip, brotli; /* the compressed ones empty where they are not smaller */
};

/* What the build embeds; main.c knows it and hands it in. */
extern const struct web_asset web_assets[];
extern const size_t web_asset_count;

struct console;

/* `before` may refuse a page (rate limit): true = it has replied. A page's own hashed files are not
 * asked about. May be NULL. */
struct console *console_new(const struct web_asset *assets, size_t n,
                            bool (*before)(void *ctx, struct http_req *r), void *ctx);
void console_free(struct console *c);
/* The row for a path that no other row has: the console's page or file; NULL when the path or
 * method is not the console's (below /v1, /api, /assets and unknown, or not GET or HEAD). */
const struct http_route *console_route(struct console *c, struct http_req *r);

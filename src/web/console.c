#include "web/console.h"

#include "base/map.h"
#include "base/mem.h"

struct console {
    struct map by_path;
    const struct web_asset *index; /* NULL: this build has no console */
    struct http_route route;
    bool (*before)(void *ctx, struct http_req *r);
    void *ctx;
};

/* Nothing inline and nothing from elsewhere: the console's build sends the component library's
 * styles through constructable sheets. */
static const struct str security_policy =
    STR_INIT("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
             "connect-src 'self'; "
             "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");

static const char no_console_text[] = "<!doctype html><title>Your API</title><p>This build has no "
                                      "web console. The API is under /v1 and /api.</p>";

static const struct web_asset no_console = {
    .path = STR_INIT("/index.html"),
    .content_type = STR_INIT("text/html; charset=utf-8"),
    .etag = STR_INIT("\"none\""),
    .identity = STR_INIT(no_console_text),
};

static const struct web_asset *find(const struct console *c, struct str path)
{
    const struct web_asset *asset = map_find(&c->by_path, path);

    if (asset)
        return asset;
    return c->index ? c->index : &no_console;
}

static bool accepts(const struct http_req *r, struct str coding)
{
    return str_find_nocase(http_req_header(r, STR("accept-encoding")), coding) >= 0;
}

static struct str choose_body(const struct http_req *r, const struct web_asset *asset,
                              struct str *coding)
{
    *coding = STR_NULL;
    if (asset->brotli.n > 0 && accepts(r, STR("br"))) {
        *coding = STR("br");
        return asset->brotli;
    }
    if (asset->gzip.n > 0 && accepts(r, STR("gzip"))) {
        *coding = STR("gzip");
        return asset->gzip;
    }
    return asset->identity;
}

static void serve(struct http_req *r, void *ctx)
{
    struct console *c = ctx;
    const struct web_asset *asset = find(c, r->path);
    bool for_ever = str_starts(asset->path, STR("/assets/"));
    struct http_header headers[10];
    struct str coding, body;
    size_t n = 0;

    if (!for_ever && c->before && c->before(c->ctx, r))
        return;
    body = choose_body(r, asset, &coding);
    headers[n++] = (struct http_header){STR("Content-Type"), asset->content_type};
    headers[n++] = (struct http_header){STR("Cache-Control"),
                                        for_ever ? STR("public, max-age=31536000, immutable")
                                                 : STR("no-cache")};
    headers[n++] = (struct http_header){STR("ETag"), asset->etag};
    headers[n++] = (struct http_header){STR("Vary"), STR("Accept-Encoding")};
    headers[n++] = (struct http_header){STR("Content-Security-Policy"), security_policy};
    headers[n++] = (struct http_header){STR("X-Content-Type-Options"), STR("nosniff")};
    headers[n++] = (struct http_header){STR("Referrer-Policy"), STR("same-origin")};
    if (coding.n > 0)
        headers[n++] = (struct http_header){STR("Content-Encoding"), coding};
    if (str_eq(http_req_header(r, STR("if-none-match")), asset->etag))
        http_reply(r, 304, headers, n, STR_NULL);
    else
        http_reply(r, 200, headers, n, body);
}

struct console *console_new(const struct web_asset *assets, size_t n,
                            bool (*before)(void *ctx, struct http_req *r), void *ctx)
{
    struct console *c = mem_new(struct console);

    map_init(&c->by_path);
    for (size_t i = 0; i < n; i++)
        map_put(&c->by_path, assets[i].path, (void *)(uintptr_t)&assets[i]);
    c->index = map_find(&c->by_path, STR("/index.html"));
    c->before = before;
    c->ctx = ctx;
    c->route =
        (struct http_route){.method = HTTP_M_GET, .pattern = "*", .handler = serve, .ctx = c};
    return c;
}

void console_free(struct console *c)
{
    if (!c)
        return;
    map_fini(&c->by_path);
    mem_free(c);
}

const struct http_route *console_route(struct console *c, struct http_req *r)
{
    static const struct str not_ours[] = {STR_INIT("/v1"), STR_INIT("/api"), STR_INIT("/assets")};

    if (r->method != HTTP_M_GET && r->method != HTTP_M_HEAD)
        return NULL;
    if (map_find(&c->by_path, r->path))
        return &c->route;
    for (size_t i = 0; i < ARRAY_LEN(not_ours); i++) {
        if (str_starts(r->path, not_ours[i]))
            return NULL;
    }
    return &c->route;
}

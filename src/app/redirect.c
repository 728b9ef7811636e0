#include "app/redirect.h"

static void on_request(struct http_req *req, void *ctx)
{
    const struct redirect *r = ctx;
    struct str query = req->query;
    struct http_header location = {
        STR("Location"), arena_fmt(&req->arena, "%.*s%.*s%s%.*s", STR_ARG(r->base),
                                   STR_ARG(req->path), query.n > 0 ? "?" : "", STR_ARG(query))};

    http_reply(req, 301, &location, 1, STR_NULL);
}

void redirect_init(struct redirect *r, struct str base)
{
    while (str_ends(base, STR("/")))
        base.n--;
    r->base = base;
    r->route = (struct http_route){.pattern = "/*", .handler = on_request, .ctx = r};
}

const struct http_route *redirect_route(struct redirect *r)
{
    return &r->route;
}

/* The table of relay paths, and the first step: what is asked for, read from the raw body. */
#include "relay/exchange.h"

#include "base/mem.h"

/* Path, mode: a row of the route table's ctx. */
struct relay_path {
    const char *pattern;
    enum relay_mode mode;
};

static const struct relay_path paths[] = {
    {"/v1/chat/completions", MODE_CHAT},
    {"/v1/completions", MODE_COMPLETIONS},
    {"/v1/embeddings", MODE_EMBEDDINGS},
};

/* The mode of a path as the table says it; the path is one of the table's. */
static enum relay_mode mode_of(const struct http_route *route)
{
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        if (str_eq(str_from(paths[i].pattern), str_from(route->pattern)))
            return paths[i].mode;
    }
    return MODE_CHAT;
}

static void on_request(struct http_req *r, void *ctx)
{
    exchange_run(exchange_new(ctx, r));
}

void relay_add_routes(struct relay *r, struct router *router)
{
    const size_t n = ARRAY_LEN(paths);

    r->routes = mem_zalloc((n + 2) * sizeof *r->routes);
    for (size_t i = 0; i < n; i++) {
        r->routes[i] = (struct http_route){.method = HTTP_M_POST,
                                           .pattern = paths[i].pattern,
                                           .body_limit = r->conf.body_limit,
                                           .flags = HTTP_ROUTE_CORS,
                                           .handler = on_request,
                                           .ctx = r};
    }
    r->routes[n] = (struct http_route){.method = HTTP_M_GET,
                                       .pattern = "/v1/models",
                                       .flags = HTTP_ROUTE_CORS | HTTP_ROUTE_GZIP,
                                       .handler = relay_list_models,
                                       .ctx = r};
    r->routes[n + 1] = (struct http_route){.method = HTTP_M_GET,
                                           .pattern = "/v1/models/:model",
                                           .flags = HTTP_ROUTE_CORS,
                                           .handler = relay_get_model,
                                           .ctx = r};
    router_add(router, r->routes, n + 2);
}

enum step_next relay_route(struct exchange *x)
{
    struct err err = {0};

    x->log->action = "reading the request";
    x->mode = mode_of(x->req->route);
    if (peek_request(x->arena, x->body, x->mode, &x->peek, &err) != ERR_OK) {
        /* A broken body is told after the key was checked: a stranger learns nothing but that the
         * key is wrong. */
        x->fault = (struct relay_fault){.code = err.code, .local = true};
        x->fault.error.message = str_dup(x->arena, str_from(err.msg));
    }
    return NEXT_STEP;
}

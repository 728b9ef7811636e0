/*
 * router - finds the row of the route table for a method and a path. Built once at start, read-only
 * after, shared by loops.
 *
 * A path with and without its last slash is the same. HEAD finds GET rows. OPTIONS of a path with
 * CORS finds the row, too.
 */
#pragma once
#include "http/server.h"

struct router;

struct router *router_new(void);
void router_free(struct router *r);
/* `rows` must outlive the router. Aborts on two rows with the same method and pattern (a bug). */
void router_add(struct router *r, const struct http_route *rows, size_t n);
/* For what no row matches (the console's single page, 404 in the right dialect): one handler. */
void router_set_fallback(struct router *r, const struct http_route *row);
/* For http_server_conf.find_route; ctx is the router. Fills req->params. NULL with *status 404 or
 * 405 when nothing matches and there is no fallback. */
const struct http_route *router_find(void *ctx, struct http_req *req, int *status);

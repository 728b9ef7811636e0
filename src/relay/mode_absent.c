/* Paths of OpenAI's API that need what a gateway has not: files and trained models of one account
 * (relay reference 2.1). A caller with a good key is told so, any other that the key is wrong. */
#include "relay/mode.h"

static const struct absent_route absent[] = {
    {HTTP_M_DELETE, "/v1/models/:model"},
    {HTTP_M_GET, "/v1/files"},
    {HTTP_M_POST, "/v1/files"},
    {HTTP_M_GET, "/v1/files/:id"},
    {HTTP_M_DELETE, "/v1/files/:id"},
    {HTTP_M_GET, "/v1/files/:id/content"},
    {HTTP_M_GET, "/v1/fine-tunes"},
    {HTTP_M_POST, "/v1/fine-tunes"},
    {HTTP_M_GET, "/v1/fine-tunes/:id"},
    {HTTP_M_POST, "/v1/fine-tunes/:id/cancel"},
    {HTTP_M_GET, "/v1/fine-tunes/:id/events"},
};

const struct absent_route *absent_routes(size_t *n)
{
    *n = ARRAY_LEN(absent);
    return absent;
}

static void tell(struct exchange *x)
{
    exchange_fail(x, ERR_NOT_IMPLEMENTED, "API not implemented");
    (void)relay_settle(x);
}

void relay_absent(struct http_req *r, void *ctx)
{
    relay_authenticate(ctx, r, relay_dialect_of(r->path), tell);
}

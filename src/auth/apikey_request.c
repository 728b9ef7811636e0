/* Where a request carries its API key. Source: relay reference 3.1; admin-api 1.4. */
#include "auth/apikey.h"

#include "base/text.h"
#include "http/server.h"

static struct str without_prefix(struct str s, struct str prefix)
{
    return str_starts_nocase(s, prefix) ? str_skip(s, prefix.n) : s;
}

static struct str bearer(struct str value)
{
    return str_trim(without_prefix(value, STR("Bearer ")));
}

/* Browsers cannot set headers on a WebSocket, so the realtime API takes the key as a protocol. The
 * original takes the whole list for the key where none is marked, even "realtime" beside an
 * Authorization header, which other clients send; here only where there is no such header. */
static struct str from_protocols(struct str protocols, struct str authorization)
{
    STR_SPLIT_EACH (item, protocols, ',') {
        if (str_starts(item, STR("openai-insecure-api-key.")))
            return str_skip(item, sizeof "openai-insecure-api-key." - 1);
    }
    return authorization.n > 0 ? authorization : protocols;
}

static bool path_takes_query_key(struct str path)
{
    return str_starts(path, STR("/v1beta/models")) ||
           str_starts(path, STR("/v1beta/openai/models")) || str_starts(path, STR("/v1/models"));
}

/* The value with everything still on it. A later source overrides an earlier one. */
static struct str presented(struct http_req *r)
{
    struct str value = bearer(http_req_header(r, STR("Authorization")));
    struct str protocols = http_req_header(r, STR("Sec-WebSocket-Protocol")), other;

    if (protocols.n > 0)
        value = bearer(from_protocols(protocols, value));
    if (str_has(r->path, STR("/v1/messages")) || str_starts(r->path, STR("/v1/models"))) {
        other = http_req_header(r, STR("x-api-key"));
        value = other.n > 0 ? other : value;
    }
    if (path_takes_query_key(r->path)) {
        if (url_query_get(&r->arena, r->query, STR("key"), &other) && other.n > 0)
            value = other;
        other = http_req_header(r, STR("x-goog-api-key"));
        value = other.n > 0 ? other : value;
    }
    if (value.n == 0 || str_eq(value, STR("midjourney-proxy")))
        value = bearer(http_req_header(r, STR("mj-api-secret")));
    return value;
}

bool apikey_from_request(struct http_req *r, struct str *key, int64_t *channel)
{
    struct str rest = without_prefix(presented(r), STR("sk-"));

    *channel = 0;
    *key = str_cut(&rest, '-');
    if (rest.n > 0) {
        struct str number = str_cut(&rest, '-');

        if (!str_to_i64(number, channel) || *channel <= 0)
            *channel = -1;
    }
    return key->n > 0;
}

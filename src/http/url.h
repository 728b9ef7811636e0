/*
 * url - absolute addresses of upstreams and proxies cut into their parts. Pure; any thread; the
 * parts are slices of the text. Errors never repeat the text, because it may hold a password.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/* An absolute URL cut into its parts; slices of the text. */
struct http_url {
    bool tls;
    struct str host; /* without brackets */
    uint16_t port;
    struct str target; /* path and query; "/" when the text has neither. Where only a query follows
                          the host it starts with '?', and whoever sends it puts '/' before it. */
    struct str userinfo; /* "user:password" or empty; percent-coded as written */
};
/* http:// and https:// only; no fragment. ERR_BAD_REQUEST names what is wrong without the address.
 */
MUST_CHECK enum err_code http_url_read(struct str text, struct http_url *out, struct err *err);

/* "user:password@host:port" with brackets around an IPv6 host. `port` is 0 when it is not written.
 * ERR_BAD_REQUEST as above. */
struct url_authority {
    struct str userinfo, host;
    uint16_t port;
};
MUST_CHECK enum err_code url_authority_read(struct str text, struct url_authority *out,
                                            struct err *err);

/* "Basic ..." (RFC 7617) of a userinfo whose parts are percent-decoded first; STR_NULL when it is
 * empty. */
struct str url_basic_credentials(struct arena *a, struct str userinfo);
/* Both parts of a userinfo, decoded. */
void url_userinfo_read(struct arena *a, struct str userinfo, struct str *user,
                       struct str *password);

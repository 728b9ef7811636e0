/*
 * fetch - small blocking HTTP calls over libcurl: to addresses that the operator configured (lists
 * of models, Turnstile), and, guarded, to those that a stranger names (images). Pool threads only.
 *
 * http and https; certificates are verified. HTTP_PROXY, HTTPS_PROXY and NO_PROXY hold unless a
 * proxy is given; a guarded call uses only the proxy that is given, because behind another one it
 * would not be known which address is connected to. Only guarded calls follow redirects, at most
 * FETCH_MAX_REDIRECTS, and look at each address anew.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"
#include "http/fetch_guard.h"

struct fetch_request { /* borrowed */
    struct str url;
    struct secret bearer;            /* Authorization: Bearer; empty: none */
    struct str organization;         /* OpenAI-Organization; empty: none */
    struct str form;                 /* not empty: POST of application/x-www-form-urlencoded */
    struct str json;                 /* not empty: POST of application/json */
    struct str proxy;                /* empty: from the environment */
    int64_t timeout_s;               /* whole call; 0 = 20 */
    size_t max_bytes;                /* of the answer; 0 = FETCH_MAX_BYTES */
    const struct fetch_guard *guard; /* NULL: the address is the operator's own */
};

struct fetch_reply {
    int status;
    struct str body;         /* in the arena */
    struct str content_type; /* in the arena; may be empty */
};

enum { FETCH_MAX_BYTES = 4 << 20, FETCH_MAX_REDIRECTS = 5 };

/* Any status is a success. ERR_BAD_REQUEST: the address is no URL, or the guard does not let it be
 * fetched; ERR_CONNECT, ERR_TLS, ERR_UPSTREAM_TIMEOUT, ERR_TOO_LARGE, ERR_UPSTREAM_BODY: the text
 * names no address. */
MUST_CHECK enum err_code fetch_run(struct arena *a, const struct fetch_request *request,
                                   struct fetch_reply *reply, struct err *err);

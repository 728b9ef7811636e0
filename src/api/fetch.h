/*
 * fetch - small blocking HTTP calls to addresses that the operator configured (lists of models,
 * Turnstile), over libcurl. Pool threads only.
 *
 * http and https; redirects are not followed; certificates are verified. HTTP_PROXY, HTTPS_PROXY
 * and NO_PROXY hold unless a proxy is given.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

struct fetch_request { /* borrowed */
    struct str url;
    struct secret bearer;    /* Authorization: Bearer; empty: none */
    struct str organization; /* OpenAI-Organization; empty: none */
    struct str form;         /* not empty: POST of application/x-www-form-urlencoded */
    struct str proxy;        /* empty: from the environment */
    int64_t timeout_s;       /* whole call; 0 = 20 */
};

struct fetch_reply {
    int status;
    struct str body; /* in the arena; at most FETCH_MAX_BYTES */
};

enum { FETCH_MAX_BYTES = 4 << 20 };

/* Any status is a success. ERR_BAD_REQUEST: the address is no URL; ERR_CONNECT, ERR_TLS,
 * ERR_UPSTREAM_TIMEOUT, ERR_TOO_LARGE, ERR_UPSTREAM_BODY: the text names no address. */
MUST_CHECK enum err_code fetch_run(struct arena *a, const struct fetch_request *request,
                                   struct fetch_reply *reply, struct err *err);

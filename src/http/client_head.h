/*
 * client_head - the head of a request as bytes. Pure.
 */
#pragma once
#include "base/sb.h"
#include "http/client.h"

/* The head up to its blank line. `absolute`: to an http proxy, with the whole address in the
 * request line, and `proxy_authorization` when it is not empty. ERR_BAD_REQUEST when something
 * could be read as more than was meant (spaces in the target, line ends in a value) or is too large
 * for `out`. */
MUST_CHECK enum err_code client_head_write(struct sb *out, const struct http_call_conf *conf,
                                           struct arena *a, bool absolute,
                                           struct str proxy_authorization, struct err *err);

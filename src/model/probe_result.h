/*
 * probe_result - what a channel test found (admin-api 5.8.1). Plain value: made by the relay,
 * judged by the management API.
 */
#pragma once
#include "base/err.h"
#include "model/usage.h"

struct probe_result {
    int64_t elapsed_ms;
    enum err_code code;  /* ERR_OK: the upstream answered well */
    int upstream_status; /* HTTP status; 0: there was no answer */
    struct usage usage;  /* what the call used, for its log row */
    char model[256];     /* what was asked for, before mapping */
    char message[512];   /* for the administrator: may hold the upstream's text, never the key */
    char error_code[64], error_type[64]; /* of the upstream's error object, for the rules */
};

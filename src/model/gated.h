/*
 * gated - members of a request that cost the operator more than is charged, or tell the upstream
 * about the user: they go out where the channel's `settings` allow it (relay reference 9.3). Pure.
 */
#pragma once
#include "base/json.h"

/* name in the body, enum, flag in `settings`, does the flag let it out (else it holds it back)? */
#define GATED_MAP(X)                                                                               \
    X("service_tier", SERVICE_TIER, "allow_service_tier", true)                                    \
    X("inference_geo", INFERENCE_GEO, "allow_inference_geo", true)                                 \
    X("speed", SPEED, "allow_speed", true)                                                         \
    X("safety_identifier", SAFETY_IDENTIFIER, "allow_safety_identifier", true)                     \
    X("store", STORE, "disable_store", false)                                                      \
    /* a member of stream_options, not of the top */                                               \
    X("include_obfuscation", OBFUSCATION, "allow_include_obfuscation", true)

enum gated {
#define X(name, field, flag, lets) GATED_##field,
    GATED_MAP(X)
#undef X
        GATED_COUNT
};

/* The name of the member; static. */
struct str gated_name(enum gated field);

/* Bits 1 << GATED_* of what a channel with these `settings` (NULL: none) holds back. */
unsigned gated_withheld(const struct json *settings);

/*
 * channel_check - what the API asks of the fields of a channel before they are stored: a value that
 * would break the relay, or does not fit its column, is refused with a text that names the field.
 */
#pragma once
#include "api/call.h"

enum {
    CHANNEL_TEXT_BYTES = 255, /* name, tag, base_url and other short columns */
    CHANNEL_GROUP_BYTES = 64,
    CHANNEL_MODEL_BYTES = 255, /* one model's name */
};

/* Empty members are not checked. */
MUST_CHECK enum err_code channel_check(struct api_call *c, const struct channel *row);
/* Vertex channels need a region, plain or as JSON with `default` (admin-api 5.7.1). Passes for
 * other types. */
MUST_CHECK enum err_code channel_check_region(struct api_call *c, const struct channel *row);

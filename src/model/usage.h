/*
 * usage - what one call used, in the classes that are priced differently. Tokens, or calls of
 * tools; 0 = none. Plain value.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Images that the provider's tool for them made during a chat. Large: 1024x1536 or 1536x1024. */
enum usage_drawn {
    USAGE_DRAWN_LOW,
    USAGE_DRAWN_LOW_LARGE,
    USAGE_DRAWN_MEDIUM,
    USAGE_DRAWN_MEDIUM_LARGE,
    USAGE_DRAWN_HIGH,
    USAGE_DRAWN_HIGH_LARGE,
    USAGE_DRAWN_KINDS
};

struct usage {
    int64_t
        prompt; /* all input tokens, cached and cache-written ones included (OpenAI's meaning) */
    int64_t completion;     /* all output tokens, reasoning included */
    int64_t cached;         /* of prompt: read from the provider's cache */
    int64_t cache_write;    /* of prompt: written to the provider's cache */
    int64_t cache_write_1h; /* of cache_write: kept for an hour, which costs more */
    int64_t reasoning;      /* of completion */
    int64_t audio_in, audio_out, image_in, image_out;
    int64_t cached_audio;             /* of cached and of audio_in */
    int64_t searches;                 /* calls of the provider's own web search */
    int64_t file_searches;            /* calls of its search in files that it keeps */
    int64_t drawn[USAGE_DRAWN_KINDS]; /* images by its tool, which are no tokens */
    bool reported;                    /* by the upstream; false: estimated by us */
};

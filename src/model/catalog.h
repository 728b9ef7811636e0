/*
 * catalog - prices of models: the ratio and price tables (billing reference, sections 1 and 2).
 * Read-only after catalog_read().
 */
#pragma once
#include "base/arena.h"
#include "base/map.h"

struct option_row;

/* What one model costs; a plain value. Ratio 1 = one point a prompt token. */
struct model_price {
    bool known;              /* a price or a ratio is set for the model */
    bool per_call;           /* price mode */
    double price_usd;        /* a call, price mode only; -1 otherwise */
    double ratio;            /* prompt; 37.5 when not known */
    double completion_ratio; /* output / prompt */
    double cache_ratio;      /* cached / prompt */
    double cache_write_ratio;
    double image_ratio, audio_ratio, audio_completion_ratio;
};

struct catalog {
    struct map ratio, price, completion, cache, cache_write, image, audio,
        audio_completion; /* name -> const double* */
};

/* From the options ModelRatio, ModelPrice, CompletionRatio, CacheRatio, CreateCacheRatio,
 * ImageRatio, AudioRatio, AudioCompletionRatio; a key that is not stored takes the built-in table.
 * `a` keeps the content. */
void catalog_read(struct arena *a, const struct option_row *rows, size_t n, struct catalog *out);
void catalog_fini(struct catalog *c);
/* `model` as requested (before mapping). */
void catalog_price(const struct catalog *c, struct str model, struct model_price *out);
/* The built-in table of an option ("ModelRatio", ...) as JSON object text; STR_NULL for another
 * key. */
struct str catalog_default_json(struct str option_key);

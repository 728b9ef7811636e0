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
    bool audio_priced; /* audio tokens have a price of their own (the two above); otherwise they are
                          charged like text */
};

enum catalog_column {
    CATALOG_RATIO,
    CATALOG_PRICE,
    CATALOG_COMPLETION,
    CATALOG_CACHE,
    CATALOG_CACHE_WRITE,
    CATALOG_IMAGE,
    CATALOG_AUDIO,
    CATALOG_AUDIO_COMPLETION,
    CATALOG_COLUMNS
};

struct catalog_row;

struct catalog {
    struct map rows; /* name -> struct catalog_row *: what the tables say of a model */
};

/* No ratio or price may be above this: a slip of the hand must not overflow a balance. */
#define CATALOG_NUMBER_MAX 1e9

/*
 * From the options ModelRatio, ModelPrice, CompletionRatio, CacheRatio, CreateCacheRatio,
 * ImageRatio, AudioRatio, AudioCompletionRatio; a key that is not stored, or
 * is no JSON object, takes the built-in table. A number that is negative or too large is logged and
 * left out: its model is then without a price rather than with a wrong one. `a` keeps the content.
 */
void catalog_read(struct arena *a, const struct option_row *rows, size_t n, struct catalog *out);
void catalog_fini(struct catalog *c);
/*
 * `model` as requested (before mapping). Exact name first, then the normalised one. What a table
 * does not say comes from rules by name: the completion ratios of billing reference 2 (those marked
 * locked win over the table; where the May 2025 rules know a name they hold, and the newest ones
 * add the names that came later), cache 1, cache write 1.25, image 1, audio by 5.3.
 */
void catalog_price(const struct catalog *c, struct str model, struct model_price *out);
/* The built-in table of an option ("ModelRatio", ...) as JSON object text; STR_NULL for another
 * key. */
struct str catalog_default_json(struct str option_key);

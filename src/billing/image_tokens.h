/*
 * image_tokens - for how many tokens of a prompt an image counts (billing reference 8.4): by tiles
 * of its size where that is known, else flat. Pure.
 *
 * Differences from the original: only what stands in the request has a size, nothing is fetched to
 * be counted; and an image counts as if made to fit into a square of 2048 pixels first, as OpenAI
 * does it ("Calculating costs" of the guide on images and vision, read 2026-11-26), so that no made
 * up size costs more than an image can.
 */
#pragma once
#include "base/str.h"

enum image_counting {
    IMAGES_BY_SIZE,
    IMAGES_FLAT,  /* GET_MEDIA_TOKEN=false: three times the model's smallest */
    IMAGES_SMALL, /* GET_MEDIA_TOKEN_NOT_STREAM=false and no stream: 255, whatever the model */
};

/* What an image weighs for a model, in tokens. */
struct image_weights {
    int64_t low, flat, base, tile; /* tile 0: the size does not matter */
};
void image_weights_init(struct image_weights *w, struct str model, enum image_counting counting);

/* `text`: a data URL between the quotes of a JSON string; any other address counts flat. */
int64_t image_tokens_of_url(const struct image_weights *w, struct str text);

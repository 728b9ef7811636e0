/*
 * media_cost - what a request of a mode of media_request.h uses, as far as can be said without the
 * upstream's answer: for the reservation, and for the charge of answers that tell no usage (billing
 * reference 5). Pure.
 */
#pragma once
#include "billing/price.h"
#include "dialect/media_request.h"

/*
 * Tokens. Speech: characters for tts-*, tokens of the text for others. Transcriptions: by the
 * length of the recording. Images: one for each image, and for gpt-image-* the prompt's tokens and
 * what the images of that size and quality are made of. Others: tokens of the text.
 */
struct usage media_cost_estimate(enum relay_mode mode, const struct media_request *r,
                                 struct str body);
/* Prompt tokens that stand for seconds of speech: 1000 a minute, of whole seconds. */
int64_t media_cost_tokens_of_seconds(int64_t seconds);

/* In price mode an image of this size and quality costs this much of the price; `model` is the
 * upstream's. */
struct image_ratios {
    double size, quality;
};
struct image_ratios media_cost_image_ratios(struct str model, struct str size, struct str quality);

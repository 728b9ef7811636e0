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
 * length of the recording. Images: one for each image, and where they are paid by tokens
 * (drawn_tokens.h) the prompt's, and what the images of that size and quality are made of at most.
 * Others: tokens of the text.
 */
struct usage media_cost_estimate(enum relay_mode mode, const struct media_request *r,
                                 struct str body);
/* What an answer tells of its images. */
struct drawn_images {
    struct str size, quality; /* empty: not told */
    int64_t partials;         /* that came on the way */
};
/* Tokens of a request of images that were drawn. What the answer tells counts for more than what
 * was asked for, which may be "auto". */
struct usage media_cost_drawn(const struct media_request *r, const struct drawn_images *told);
/* Prompt tokens that stand for seconds of speech: 1000 a minute, of whole seconds. */
int64_t media_cost_tokens_of_seconds(int64_t seconds);

/* In price mode an image of this size and quality costs this much of the price; `model` is the
 * upstream's. */
struct image_ratios {
    double size, quality;
};
struct image_ratios media_cost_image_ratios(struct str model, struct str size, struct str quality);

/*
 * drawn_tokens - of how many output tokens OpenAI's models make an image, which is what they cost.
 * For reservations, and for answers that tell no usage. Pure.
 *
 * Source: OpenAI's guide on image generation (developers.openai.com/api/docs/guides/
 * image-generation), "Cost and latency", read 2026-11-26: its table of "models prior to
 * gpt-image-2", which are gpt-image-1, -1-mini and -1.5; the calculator of "GPT Image 2.5 and GPT
 * Image 2 output tokens"; "Partial images cost".
 */
#pragma once
#include "base/str.h"

/* For each image that a stream shows on the way to the whole one. */
enum { DRAWN_TOKENS_PARTIAL = 100 };

/* Is it a model whose images are paid by their tokens? */
bool drawn_by_tokens(struct str model);
/*
 * Of one image. What is left to the model counts as the dearest quality and as the square of 1024
 * pixels, so do words that are none. `size` is "WIDTHxHEIGHT".
 */
int64_t drawn_tokens(struct str model, struct str size, struct str quality);

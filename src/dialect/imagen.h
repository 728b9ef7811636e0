/*
 * imagen - images that OpenAI's clients ask for, drawn by Google's Imagen models: `predict` of the
 * Gemini API. Pure.
 *
 * Source: Gemini API ("Imagen", parameters of predict); relay reference 13.3, providers
 * reference 5.9.
 */
#pragma once
#include "base/json.h"
#include "base/sb.h"
#include "dialect/loss.h"
#include "dialect/media_request.h"

enum { IMAGEN_IMAGE_TOKENS = 258 }; /* that an image stands for, since no usage is told */

/* Is the model one of those? */
bool imagen_model(struct str model);
/* The body of predict; `root` is the client's, of which `r` was read. Members that cannot be said
 * are listed. */
void imagen_write(struct arena *a, const struct json *root, const struct media_request *r,
                  struct loss_list *losses, struct sb *out);

struct imagen_answer {
    bool is_answer;  /* it has predictions; false: nothing else is set */
    int64_t images;  /* that were drawn */
    struct str kept; /* why one was held back; in the arena, empty: none was, or it is not told */
};
/* Reads an answer of predict and writes what the client gets, unless nothing was drawn. */
void imagen_read(struct arena *a, struct str answer, int64_t now_s, struct imagen_answer *told,
                 struct sb *out);

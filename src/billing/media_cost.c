#include "billing/media_cost.h"

#include "base/json.h"
#include "base/text.h"
#include "billing/audio_length.h"
#include "billing/drawn_tokens.h"
#include "billing/tokens.h"
#include "dialect/imagen.h"

int64_t media_cost_tokens_of_seconds(int64_t seconds)
{
    if (seconds > INT64_MAX / 2000)
        seconds = INT64_MAX / 2000;
    return (seconds * 1000 + 30) / 60;
}

/* ---- images ---- */

/* `partials`: images on the way to the whole ones, together. */
static struct usage images(const struct media_request *r, int64_t partials)
{
    if (imagen_model(r->model))
        return (struct usage){.prompt = r->n * IMAGEN_IMAGE_TOKENS};
    if (!drawn_by_tokens(r->model))
        return (struct usage){.prompt = r->n};
    return (struct usage){.prompt = tokens_of_text(r->model, r->text) + 1,
                          .completion = drawn_tokens(r->model, r->size, r->quality) * r->n +
                                        DRAWN_TOKENS_PARTIAL * partials};
}

struct usage media_cost_drawn(const struct media_request *r, const struct drawn_images *told)
{
    struct media_request drawn = *r;

    if (told->size.n > 0)
        drawn.size = told->size;
    if (told->quality.n > 0)
        drawn.quality = told->quality;
    return images(&drawn, told->partials);
}

struct image_ratios media_cost_image_ratios(struct str model, struct str size, struct str quality)
{
    static const struct {
        struct str size;
        double ratio;
    } sizes[] = {{STR_INIT("256x256"), 0.4},
                 {STR_INIT("512x512"), 0.45},
                 {STR_INIT("1024x1792"), 2},
                 {STR_INIT("1792x1024"), 2}};
    struct image_ratios ratios = {.size = 1, .quality = 1};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        if (str_eq(size, sizes[i].size))
            ratios.size = sizes[i].ratio;
    }
    if (str_eq(model, STR("dall-e-3")) && str_eq(quality, STR("hd")))
        ratios.quality = ratios.size > 1 ? 1.5 : 2;
    return ratios;
}

/* ---- text ---- */

/* Query and documents: texts, or objects with a text. */
static int64_t rerank_tokens(const struct media_request *r)
{
    CLEANUP(arena_finip) struct arena a;
    const struct json *documents;
    int64_t tokens = tokens_of_text(r->model, r->text);

    arena_init(&a, 0);
    if (json_read(&a, r->documents, JSON_DEPTH_DEFAULT, &documents, NULL) != ERR_OK)
        documents = NULL;
    JSON_EACH (document, documents) {
        struct str text;

        if (!json_str(&a, document, &text) && !json_str(&a, json_get(document, STR("text")), &text))
            text = json_raw(document);
        tokens += tokens_of_text(r->model, text);
    }
    return tokens;
}

static int64_t spoken(const struct media_request *r)
{
    if (str_starts(r->model, STR("tts")))
        return (int64_t)utf8_count(r->text);
    return tokens_of_text(r->model, r->text);
}

struct usage media_cost_estimate(enum relay_mode mode, const struct media_request *r,
                                 struct str body)
{
    struct usage usage = {0};

    if (media_mode_draws(mode))
        return images(r, r->partial_images * r->n);
    if (media_mode_transcribes(mode))
        usage.prompt = media_cost_tokens_of_seconds(audio_seconds_or_guess(r->file));
    else if (mode == MODE_SPEECH)
        usage.prompt = spoken(r);
    else if (mode == MODE_RERANK)
        usage.prompt = rerank_tokens(r);
    else
        usage.prompt = tokens_of_request(r->model, body, IMAGES_FLAT);
    return usage;
}

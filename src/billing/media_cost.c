#include "billing/media_cost.h"

#include "base/json.h"
#include "base/text.h"
#include "billing/audio_length.h"
#include "billing/tokens.h"

int64_t media_cost_tokens_of_seconds(int64_t seconds)
{
    if (seconds > INT64_MAX / 2000)
        seconds = INT64_MAX / 2000;
    return (seconds * 1000 + 30) / 60;
}

/* ---- images ---- */

/* Output tokens of gpt-image-1: OpenAI's guide on image generation, "Cost and latency" (read
 * 2026-11-26). What the model chooses ("auto") is taken as the most. */
static int64_t drawn_tokens(const struct media_request *r)
{
    static const struct {
        struct str quality;
        int64_t square, tall, wide;
    } rows[] = {
        {STR_INIT("low"), 272, 408, 400},
        {STR_INIT("medium"), 1056, 1584, 1568},
        {STR_INIT("high"), 4160, 6240, 6208},
    };
    size_t row = ARRAY_LEN(rows) - 1;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq(rows[i].quality, r->quality))
            row = i;
    }
    if (str_eq(r->size, STR("1024x1536")))
        return rows[row].tall;
    return str_eq(r->size, STR("1536x1024")) ? rows[row].wide : rows[row].square;
}

static struct usage images(const struct media_request *r)
{
    if (!str_starts(r->model, STR("gpt-image")))
        return (struct usage){.prompt = r->n};
    return (struct usage){.prompt = tokens_of_text(r->model, r->text) + 1,
                          .completion = drawn_tokens(r) * r->n};
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
        return images(r);
    if (media_mode_transcribes(mode))
        usage.prompt = media_cost_tokens_of_seconds(audio_seconds_or_guess(r->file));
    else if (mode == MODE_SPEECH)
        usage.prompt = spoken(r);
    else if (mode == MODE_RERANK)
        usage.prompt = rerank_tokens(r);
    else
        usage.prompt = tokens_of_request(r->model, body);
    return usage;
}

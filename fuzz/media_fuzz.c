/*
 * Whatever the input, as a form, as JSON, as an answer or as a recording: nothing is read outside
 * of it, what was found lies in it, a form with another model is read back with that model and is
 * the same otherwise, and what was sent on of a form before it was whole names the same model. What
 * is written for Imagen, and of its answers, is JSON. The first byte chooses the mode.
 */
#include "base/mem.h"
#include "base/panic.h"
#include "billing/audio_length.h"
#include "billing/media_cost.h"
#include "dialect/imagen.h"
#include "dialect/media_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct str form = STR_INIT("multipart/form-data; boundary=B");

static void check_rename(struct arena *a, struct str body, enum relay_mode mode,
                         const struct media_request *r)
{
    struct media_request again;
    const struct str *slices;
    struct str renamed;
    size_t n;

    slices = media_request_rename(a, body, r, STR("another"), &n);
    renamed = str_concat(a, slices, n);
    if (media_request_read(a, renamed, form, mode, &again, NULL) != ERR_OK) {
        if (media_mode_draws(mode)) /* a size may not suit the model */
            return;
        panic("a form with another model is no form");
    }
    if (!str_eq(again.model, STR("another")) || !str_eq(again.text, r->text) ||
        !str_eq(again.file, r->file) || again.n != r->n)
        panic("a form with another model says something else");
    slices = media_request_rename(a, renamed, &again, r->named, &n);
    if (r->named.p && !str_eq(str_concat(a, slices, n), body))
        panic("what was renamed and renamed back is not the same");
}

/* Its file is where it is in the whole form. */
static void check_begin(struct str body, enum relay_mode mode, const struct media_request *whole)
{
    struct media_request begun;

    for (size_t n = 0; n <= body.n; n += 1 + body.n / 16) {
        if (!media_request_begin(str_sub(body, 0, n), form, mode, &begun))
            continue;
        if (!str_eq(begun.model, whole->model) || begun.named.p != whole->named.p)
            panic("a form that has begun names another model");
        if (media_mode_transcribes(mode) && begun.file.p != whole->file.p)
            panic("a form that has begun has another file");
    }
}

static void check_json(struct arena *a, const struct sb *out)
{
    const struct json *root;

    if (!sb_failed(out) && json_read(a, sb_str(out), JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        panic("what was written is no JSON");
}

static void check_imagen(struct arena *a, struct str text, const struct media_request *r)
{
    struct loss_list losses = {0};
    const struct json *root;
    struct sb out;

    if (json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return;
    sb_init(&out, 1 << 24);
    imagen_write(a, root, r, &losses, &out);
    check_json(a, &out);
    sb_fini(&out);
}

static void read_imagen(struct str text)
{
    struct imagen_answer told;
    struct arena a;
    struct sb out;

    arena_init(&a, 0);
    sb_init(&out, 1 << 24);
    imagen_read(&a, text, 1, &told, &out);
    if (told.is_answer)
        check_json(&a, &out);
    sb_fini(&out);
    arena_fini(&a);
}

static void read_request(struct str text, enum relay_mode mode, struct str type)
{
    struct media_request r;
    struct arena a;

    arena_init(&a, 0);
    if (media_request_read(&a, text, type, mode, &r, NULL) == ERR_OK) {
        if (r.model.n == 0 || r.n < 1)
            panic("a request without a model, or for nothing");
        if (media_cost_estimate(mode, &r, text).prompt < 0)
            panic("a request that costs less than nothing");
        if (mode == MODE_IMAGES)
            check_imagen(&a, text, &r);
        if (r.is_form) {
            check_rename(&a, text, mode, &r);
            check_begin(text, mode, &r);
        }
    }
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    enum relay_mode mode;
    struct media_answer seen;
    struct str text;
    char *copy;

    if (n < 1)
        return 0;
    mode = MODE_MODERATIONS + bytes[0] % (MODE_RERANK - MODE_MODERATIONS + 1);
    copy = mem_alloc(n); /* of its own, so that a read past its end is seen */
    memcpy(copy, bytes + 1, n - 1);
    text = str_make(copy, n - 1);
    read_request(text, mode, form);
    read_request(text, mode, STR("application/json"));
    read_imagen(text);
    media_answer_read(text, mode, &seen);
    media_event_read(text, STR(""), mode, &seen);
    if (audio_seconds_or_guess(text) < 0)
        panic("a recording of less than nothing");
    mem_free(copy);
    return 0;
}

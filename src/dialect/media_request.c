#include "dialect/media_request.h"

#include "base/json.h"
#include "codec/multipart.h"

enum {
    IMAGES_MAX = 128,
    PARTIALS_MAX = 100,
    MODEL_MAX = 255
}; /* abilities.model is varchar(255) */

/* What the modes differ in. */
struct mode_rules {
    struct str text;         /* the member that cannot be left out; empty: none */
    struct str file;         /* nor can the part; "image" is also found as "image[]" */
    struct str model, usual; /* when none is named: for routing and price; for the upstream. Empty:
                                one must be */
    enum err_code code;      /* of what is wrong */
    bool json, form;         /* bodies that are read */
};

/* Relay reference 6.2 and 14. Of a moderation without a model today's upstream thinks of its own
 * newest one, not of April's, which is gone. */
static const struct mode_rules rules[MODE_COUNT] = {
    [MODE_MODERATIONS] = {.text = STR_INIT("input"),
                          .model = STR_INIT("text-moderation-stable"),
                          .usual = STR_INIT("omni-moderation-latest"),
                          .code = ERR_BAD_TEXT_REQUEST,
                          .json = true},
    [MODE_EDITS] = {.text = STR_INIT("instruction"), .code = ERR_BAD_TEXT_REQUEST, .json = true},
    [MODE_IMAGES] = {.text = STR_INIT("prompt"),
                     .model = STR_INIT("dall-e"),
                     .usual = STR_INIT("dall-e-2"),
                     .code = ERR_BAD_IMAGE_REQUEST,
                     .json = true},
    [MODE_IMAGE_EDITS] = {.text = STR_INIT("prompt"),
                          .file = STR_INIT("image"),
                          .model = STR_INIT("gpt-image-1"),
                          .usual = STR_INIT("gpt-image-1"),
                          .code = ERR_BAD_IMAGE_REQUEST,
                          .json = true,
                          .form = true},
    [MODE_IMAGE_VARIATIONS] = {.file = STR_INIT("image"),
                               .model = STR_INIT("dall-e-2"),
                               .usual = STR_INIT("dall-e-2"),
                               .code = ERR_BAD_IMAGE_REQUEST,
                               .form = true},
    [MODE_SPEECH] = {.text = STR_INIT("input"),
                     .model = STR_INIT("tts-1"),
                     .usual = STR_INIT("tts-1"),
                     .code = ERR_BAD_AUDIO_REQUEST,
                     .json = true},
    [MODE_TRANSCRIPTIONS] = {.file = STR_INIT("file"),
                             .model = STR_INIT("whisper-1"),
                             .usual = STR_INIT("whisper-1"),
                             .code = ERR_BAD_AUDIO_REQUEST,
                             .form = true},
    [MODE_TRANSLATIONS] = {.file = STR_INIT("file"),
                           .model = STR_INIT("whisper-1"),
                           .usual = STR_INIT("whisper-1"),
                           .code = ERR_BAD_AUDIO_REQUEST,
                           .form = true},
    [MODE_RERANK] = {.text = STR_INIT("query"), .code = ERR_BAD_TEXT_REQUEST, .json = true},
};

bool media_mode(enum relay_mode mode)
{
    return rules[mode].code != ERR_OK;
}

bool media_mode_draws(enum relay_mode mode)
{
    return mode == MODE_IMAGES || mode == MODE_IMAGE_EDITS || mode == MODE_IMAGE_VARIATIONS;
}

bool media_mode_transcribes(enum relay_mode mode)
{
    return mode == MODE_TRANSCRIPTIONS || mode == MODE_TRANSLATIONS;
}

/* ---- the members, whichever kind of body they stand in ---- */

enum {
    F_MODEL,
    F_TEXT,
    F_N,
    F_SIZE,
    F_QUALITY,
    F_PARTIAL,
    F_STREAM,
    F_STREAM_FORMAT,
    F_DOCUMENTS,
    F_FILE,
    F_COUNT
};

struct fields {
    struct str at[F_COUNT];  /* plain values; STR_NULL: absent, or null */
    struct str raw[F_COUNT]; /* as they stand in the body */
};

static void name_fields(const struct mode_rules *mode, struct str names[F_COUNT])
{
    static const struct str usual[F_COUNT] = {
        [F_MODEL] = STR_INIT("model"),         [F_N] = STR_INIT("n"),
        [F_SIZE] = STR_INIT("size"),           [F_QUALITY] = STR_INIT("quality"),
        [F_STREAM] = STR_INIT("stream"),       [F_STREAM_FORMAT] = STR_INIT("stream_format"),
        [F_DOCUMENTS] = STR_INIT("documents"), [F_PARTIAL] = STR_INIT("partial_images"),
    };

    memcpy(names, usual, sizeof usual);
    names[F_TEXT] = mode->text;
    names[F_FILE] = mode->file;
}

/* A string without its quotes, anything else as it is written. */
static struct str plain_value(struct arena *a, struct str raw)
{
    struct str text;

    if (raw.n == 0 || str_eq(raw, STR("null")))
        return STR_NULL;
    return raw.p[0] == '"' && json_unescape(a, raw, &text) ? text : raw;
}

static enum err_code read_json(struct arena *a, struct str body, const struct str *names,
                               struct fields *out, struct err *err)
{
    enum err_code rc = json_find_members(body, names, out->raw, F_COUNT, err);

    for (size_t i = 0; i < F_COUNT; i++)
        out->at[i] = plain_value(a, out->raw[i]);
    return rc;
}

/* Is the part the field? Several files are "image[]" each, or "image[0]", "image[1]". */
static bool is_field(const struct str *names, size_t i, struct str name)
{
    if (str_eq(name, names[i]))
        return true;
    return i == F_FILE && str_starts(name, names[i]) && name.p[names[i].n] == '[';
}

static enum err_code take_part(const struct multipart_part *part, const struct str *names,
                               struct fields *out, struct err *err)
{
    for (size_t i = 0; i < F_COUNT; i++) {
        if (names[i].n == 0 || !is_field(names, i, part->name))
            continue;
        if (out->raw[i].p && (i != F_FILE || str_eq(names[i], STR("file"))))
            return err_set(err, ERR_BAD_REQUEST, "the form has the field %.*s twice",
                           STR_ARG(names[i]));
        out->raw[i] = out->at[i] = part->body;
    }
    return ERR_OK;
}

/* `m` is at the first part; `*open`: what is there ends in the middle of the file. */
static enum err_code read_form(struct multipart *m, const struct str *names, struct fields *out,
                               bool *open, struct err *err)
{
    struct multipart_part part;
    bool more = true;

    *open = false;
    while (more) {
        TRY(multipart_next(m, &part, &more, err));
        if (!more || (part.unfinished && !is_field(names, F_FILE, part.name)))
            break;
        TRY(take_part(&part, names, out, err));
        *open = part.unfinished;
    }
    return ERR_OK;
}

static enum err_code read_whole_form(struct str body, struct str boundary, const struct str *names,
                                     struct fields *out, struct err *err)
{
    struct multipart m;
    bool open;

    TRY(multipart_init(&m, body, boundary, err));
    return read_form(&m, names, out, &open, err);
}

static enum err_code read_fields(struct arena *a, struct str body, struct str content_type,
                                 const struct mode_rules *mode, struct media_request *out,
                                 struct fields *fields, struct err *err)
{
    struct str names[F_COUNT];
    enum err_code rc;

    name_fields(mode, names);
    out->is_form = multipart_is_form(content_type, &out->boundary);
    if (out->is_form && !mode->form)
        return err_set(err, mode->code, "the body must be JSON, not a form");
    if (!out->is_form && !mode->json)
        return err_set(err, mode->code,
                       "the body must be a form (Content-Type: multipart/form-data)");
    if (!out->is_form)
        return read_json(a, body, names, fields, err);
    rc = read_whole_form(body, out->boundary, names, fields, err);
    if (rc != ERR_OK && err)
        err->code = mode->code;
    return rc == ERR_OK ? rc : mode->code;
}

/* ---- their values ---- */

static enum err_code take_model(const struct mode_rules *mode, const struct fields *fields,
                                struct media_request *out, struct err *err)
{
    struct str model = fields->at[F_MODEL];

    out->usual = mode->usual;
    if (fields->raw[F_MODEL].p && (out->is_form || model.n > 0))
        out->named = fields->raw[F_MODEL];
    if (!out->is_form && model.n > 0 && !str_starts(fields->raw[F_MODEL], STR("\"")))
        return err_set(err, mode->code, "field model must be a string");
    out->model = model.n > 0 ? model : mode->model;
    if (out->model.n == 0)
        return err_set(err, mode->code, "model is required");
    if (out->model.n > MODEL_MAX)
        return err_set(err, mode->code, "field model is longer than %d bytes", MODEL_MAX);
    return ERR_OK;
}

static enum err_code take_text(enum relay_mode mode, const struct fields *fields,
                               struct media_request *out, struct err *err)
{
    const struct mode_rules *r = &rules[mode];
    struct str raw = fields->raw[F_TEXT];

    if (r->text.n > 0 && fields->at[F_TEXT].n == 0) {
        if (media_mode_draws(mode))
            return err_set(err, r->code, "prompt is required");
        if (mode == MODE_RERANK)
            return err_set(err, ERR_BAD_QUERY, "query is required");
        return err_set(err, r->code, "field %.*s is required", STR_ARG(r->text));
    }
    if (out->is_form || (raw.n > 0 && raw.p[0] == '"'))
        out->text = fields->at[F_TEXT];
    else if (media_mode_draws(mode) || mode == MODE_SPEECH || mode == MODE_EDITS)
        return raw.n == 0 ? ERR_OK
                          : err_set(err, r->code, "field %.*s must be a string", STR_ARG(r->text));
    else if (mode == MODE_MODERATIONS && raw.p[0] != '[')
        return err_set(err, r->code, "field input must be a string or an array");
    return ERR_OK;
}

static bool is_empty_list(struct str raw)
{
    return str_trim(str_sub(raw, 1, raw.n > 1 ? raw.n - 2 : 0)).n == 0;
}

static enum err_code take_parts(enum relay_mode mode, const struct fields *fields,
                                struct media_request *out, struct err *err)
{
    struct str documents = fields->raw[F_DOCUMENTS];

    if (out->is_form && fields->at[F_FILE].n == 0)
        return err_set(err, rules[mode].code, "%.*s is required", STR_ARG(rules[mode].file));
    if (media_mode_transcribes(mode))
        out->file = fields->at[F_FILE];
    if (mode != MODE_RERANK)
        return ERR_OK;
    if (documents.n == 0 || documents.p[0] != '[' || is_empty_list(documents))
        return err_set(err, ERR_BAD_DOCUMENTS, "documents is required");
    out->documents = documents;
    return ERR_OK;
}

static enum err_code take_stream(enum relay_mode mode, const struct fields *fields,
                                 struct media_request *out, struct err *err)
{
    struct str value = fields->at[F_STREAM];

    if (mode == MODE_SPEECH) {
        out->stream = str_eq(fields->at[F_STREAM_FORMAT], STR("sse"));
        return ERR_OK;
    }
    if (!media_mode_draws(mode) && !media_mode_transcribes(mode))
        return ERR_OK;
    if (out->is_form) {
        bool on;

        out->stream = str_to_bool(value, &on) && on;
        return ERR_OK;
    }
    out->stream = str_eq(value, STR("true"));
    if (out->stream || value.n == 0 || str_eq(value, STR("false")))
        return ERR_OK;
    return err_set(err, rules[mode].code, "field stream must be true or false");
}

/* ---- images ---- */

static bool is_one_of(struct str value, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(value, str_from(list[i])))
            return true;
    }
    return false;
}

static enum err_code check_size(struct str model, struct str size, struct err *err)
{
    static const char *const first[] = {"256x256", "512x512", "1024x1024"};
    static const char *const third[] = {"1024x1024", "1024x1792", "1792x1024"};

    if (str_has(size, STR("×")))
        return err_set(err, ERR_BAD_IMAGE_REQUEST,
                       "size an unexpected error occurred in the parameter, please use 'x' "
                       "instead of the multiplication sign '×'");
    if ((str_eq(model, STR("dall-e")) || str_eq(model, STR("dall-e-2"))) &&
        !is_one_of(size, first, ARRAY_LEN(first)))
        return err_set(err, ERR_BAD_IMAGE_REQUEST,
                       "size must be one of 256x256, 512x512, or 1024x1024 for dall-e-2 or dall-e");
    if (str_eq(model, STR("dall-e-3")) && !is_one_of(size, third, ARRAY_LEN(third)))
        return err_set(err, ERR_BAD_IMAGE_REQUEST,
                       "size must be one of 1024x1024, 1024x1792 or 1792x1024 for dall-e-3");
    return ERR_OK;
}

static enum err_code take_number(struct str value, int64_t *n, struct err *err)
{
    double number = 1;

    *n = 1;
    if (value.n == 0)
        return ERR_OK;
    if (!str_to_f64(value, &number) || number < 1 || number > IMAGES_MAX ||
        (double)(int64_t)number < number)
        return err_set(err, ERR_BAD_IMAGE_REQUEST, "n must be a whole number from 1 to %d",
                       IMAGES_MAX);
    *n = (int64_t)number;
    return ERR_OK;
}

/* How many there may be is the upstream's to say. */
static int64_t partials_of(struct str value)
{
    double number;

    if (!str_to_f64(value, &number) || !(number > 0))
        return 0;
    return number < PARTIALS_MAX ? (int64_t)number : PARTIALS_MAX;
}

static enum err_code take_image(const struct fields *fields, struct media_request *out,
                                struct err *err)
{
    struct str size = fields->at[F_SIZE], quality = fields->at[F_QUALITY];

    out->size_is_void = str_eq(size, STR("empty"));
    if (size.n == 0 || out->size_is_void)
        size = STR("1024x1024");
    out->size = size;
    out->quality = quality.n > 0 ? quality : STR("standard");
    out->partial_images = out->stream ? partials_of(fields->at[F_PARTIAL]) : 0;
    TRY(take_number(fields->at[F_N], &out->n, err));
    return check_size(out->model, size, err);
}

enum err_code media_request_read(struct arena *a, struct str body, struct str content_type,
                                 enum relay_mode mode, struct media_request *out, struct err *err)
{
    struct fields fields = {0};

    *out = (struct media_request){.n = 1};
    TRY(read_fields(a, body, content_type, &rules[mode], out, &fields, err));
    TRY(take_model(&rules[mode], &fields, out, err));
    TRY(take_text(mode, &fields, out, err));
    TRY(take_parts(mode, &fields, out, err));
    TRY(take_stream(mode, &fields, out, err));
    return media_mode_draws(mode) ? take_image(&fields, out, err) : ERR_OK;
}

/* All but the text, which may still come. */
static enum err_code take_begun(enum relay_mode mode, const struct fields *fields,
                                struct media_request *out)
{
    TRY(take_model(&rules[mode], fields, out, NULL));
    TRY(take_parts(mode, fields, out, NULL));
    TRY(take_stream(mode, fields, out, NULL));
    return media_mode_draws(mode) ? take_image(fields, out, NULL) : ERR_OK;
}

bool media_request_begin(struct str body, struct str content_type, enum relay_mode mode,
                         struct media_request *out)
{
    struct fields fields = {0};
    struct str names[F_COUNT];
    struct multipart m;
    bool open;

    *out = (struct media_request){.n = 1};
    out->is_form = rules[mode].form && multipart_is_form(content_type, &out->boundary);
    name_fields(&rules[mode], names);
    return out->is_form && multipart_init_partial(&m, body, out->boundary, NULL) == ERR_OK &&
           read_form(&m, names, &fields, &open, NULL) == ERR_OK && open &&
           take_begun(mode, &fields, out) == ERR_OK && out->named.n > 0;
}

/* ---- the model in a form ---- */

/* The form without what stands before its first boundary, where the reader sees that too. */
static struct str without_preamble(struct str body, struct str boundary)
{
    struct multipart m;
    struct str from = STR_NULL;

    if (multipart_init(&m, body, boundary, NULL) == ERR_OK)
        from = multipart_from_first(&m);
    return from.p ? from : body;
}

const struct str *media_request_rename(struct arena *a, struct str body,
                                       const struct media_request *r, struct str model,
                                       size_t *count)
{
    struct str *slices = arena_new_array(a, struct str, 3);

    if (!r->named.p) {
        slices[0] = str_concat(a,
                               (struct str[]){STR("--"), r->boundary,
                                              STR("\r\nContent-Disposition: form-data; "
                                                  "name=\"model\"\r\n\r\n"),
                                              model, STR("\r\n")},
                               5);
        slices[1] = without_preamble(body, r->boundary);
        *count = 2;
        return slices;
    }
    size_t at = (size_t)(r->named.p - body.p);
    slices[0] = str_sub(body, 0, at);
    slices[1] = model;
    slices[2] = str_skip(body, at + r->named.n);
    *count = 3;
    return slices;
}

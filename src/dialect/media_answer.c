#include "dialect/media_answer.h"

#include <math.h>

#include "base/json.h"

static const double seconds_max = 1e9;

static bool is_null(struct str raw)
{
    return raw.n == 0 || str_eq(raw, STR("null"));
}

static int64_t count_of(struct str raw)
{
    double value;

    if (is_null(raw) || !str_to_f64(raw, &value) || value < 0 || value > 1e15)
        return 0;
    return (int64_t)value;
}

/* "7.3" is eight seconds begun. */
static int64_t seconds_of(struct str raw)
{
    double value;

    if (is_null(raw) || !str_to_f64(raw, &value) || value < 0 || value > seconds_max)
        return -1;
    return (int64_t)ceil(value);
}

/* ---- usage ---- */

enum { D_IMAGE, D_AUDIO, D_CACHED, D_COUNT };

static void read_details(struct str raw, int64_t out[D_COUNT])
{
    static const struct str keys[D_COUNT] = {[D_IMAGE] = STR_INIT("image_tokens"),
                                             [D_AUDIO] = STR_INIT("audio_tokens"),
                                             [D_CACHED] = STR_INIT("cached_tokens")};
    struct str found[D_COUNT];

    if (is_null(raw) || json_find_members(raw, keys, found, D_COUNT, NULL) != ERR_OK)
        return;
    for (size_t i = 0; i < D_COUNT; i++)
        out[i] = count_of(found[i]);
}

enum { U_INPUT, U_OUTPUT, U_IN_DETAILS, U_IN_DETAIL, U_OUT_DETAILS, U_SECONDS, U_COUNT };

/* The usage object of the newer models, or the one of the chat. */
static void read_usage(struct str raw, struct media_answer *out)
{
    static const struct str keys[U_COUNT] = {
        [U_INPUT] = STR_INIT("input_tokens"),
        [U_OUTPUT] = STR_INIT("output_tokens"),
        [U_IN_DETAILS] = STR_INIT("input_tokens_details"), /* images */
        [U_IN_DETAIL] = STR_INIT("input_token_details"),   /* transcriptions */
        [U_OUT_DETAILS] = STR_INIT("output_tokens_details"),
        [U_SECONDS] = STR_INIT("seconds"),
    };
    struct str found[U_COUNT];
    int64_t in[D_COUNT] = {0}, made[D_COUNT] = {0};
    struct usage *u = &out->usage;

    if (is_null(raw) || json_find_members(raw, keys, found, U_COUNT, NULL) != ERR_OK)
        return;
    if (found[U_SECONDS].n > 0)
        out->seconds = seconds_of(found[U_SECONDS]);
    out->has_usage = peek_usage(raw, u);
    if (found[U_INPUT].n == 0 && found[U_OUTPUT].n == 0)
        return;
    read_details(found[U_IN_DETAILS].n > 0 ? found[U_IN_DETAILS] : found[U_IN_DETAIL], in);
    read_details(found[U_OUT_DETAILS], made);
    *u = (struct usage){.prompt = count_of(found[U_INPUT]),
                        .completion = count_of(found[U_OUTPUT]),
                        .image_in = in[D_IMAGE],
                        .audio_in = in[D_AUDIO],
                        .cached = in[D_CACHED],
                        .image_out = made[D_IMAGE],
                        .audio_out = made[D_AUDIO]};
    if (u->cached > u->prompt)
        u->cached = u->prompt;
    u->reported = out->has_usage = u->prompt + u->completion > 0;
}

/* Cohere bills searches; where it tells tokens, they are what counts. */
static void read_billed_units(struct str meta, struct media_answer *out)
{
    static const struct str outer = STR_INIT("billed_units");
    static const struct str keys[] = {STR_INIT("input_tokens"), STR_INIT("output_tokens")};
    struct str units = STR_NULL, found[2];

    if (is_null(meta) || json_find_members(meta, &outer, &units, 1, NULL) != ERR_OK ||
        is_null(units) || json_find_members(units, keys, found, 2, NULL) != ERR_OK)
        return;
    out->usage = (struct usage){.prompt = count_of(found[0]), .completion = count_of(found[1])};
    out->usage.reported = out->has_usage = out->usage.prompt + out->usage.completion > 0;
}

/* ---- answers ---- */

enum { A_USAGE, A_ERROR, A_RESULT, A_META, A_DURATION, A_TYPE, A_SIZE, A_QUALITY, A_COUNT };

/* The member that makes it an answer; empty: any object is one. */
static struct str result_of(enum relay_mode mode)
{
    if (mode == MODE_RERANK || mode == MODE_MODERATIONS)
        return STR("results");
    if (mode == MODE_TRANSCRIPTIONS || mode == MODE_TRANSLATIONS)
        return STR("text");
    if (mode == MODE_EDITS)
        return STR("choices");
    return mode == MODE_SPEECH ? STR("audio") : STR("data");
}

static bool is_error(struct str raw)
{
    return raw.n > 2 && (raw.p[0] == '{' || raw.p[0] == '"');
}

static bool is_result(struct str raw)
{
    struct str inside = str_trim(str_sub(raw, 1, raw.n > 1 ? raw.n - 2 : 0));

    /* No word said is a transcription, no image is no answer. */
    return !is_null(raw) && (raw.p[0] == '"' || inside.n > 0);
}

/* The words that are looked for have nothing to escape. */
static struct str word_of(struct str raw)
{
    return raw.n > 2 && raw.p[0] == '"' ? str_sub(raw, 1, raw.n - 2) : STR_NULL;
}

static bool read_members(struct str json, enum relay_mode mode, struct str found[A_COUNT],
                         struct media_answer *out)
{
    const struct str keys[A_COUNT] = {
        [A_USAGE] = STR("usage"), [A_ERROR] = STR("error"),       [A_RESULT] = result_of(mode),
        [A_META] = STR("meta"),   [A_DURATION] = STR("duration"), [A_TYPE] = STR("type"),
        [A_SIZE] = STR("size"),   [A_QUALITY] = STR("quality"),
    };

    *out = (struct media_answer){.seconds = -1};
    if (json_find_members(json, keys, found, A_COUNT, NULL) != ERR_OK)
        return false;
    out->is_object = true;
    out->has_error = is_error(found[A_ERROR]);
    read_usage(found[A_USAGE], out);
    out->tells_usage = !is_null(found[A_USAGE]);
    out->size = word_of(found[A_SIZE]);
    out->quality = word_of(found[A_QUALITY]);
    return true;
}

void media_answer_read(struct str json, enum relay_mode mode, struct media_answer *out)
{
    struct str found[A_COUNT];

    if (!read_members(json, mode, found, out))
        return;
    out->has_result = mode == MODE_SPEECH || is_result(found[A_RESULT]);
    if (!out->has_usage)
        read_billed_units(found[A_META], out);
    if (out->seconds < 0)
        out->seconds = seconds_of(found[A_DURATION]);
}

/* "image_generation.completed", "image_edit.completed", "speech.audio.done",
 * "transcript.text.done" */
static bool ends(struct str type)
{
    return str_ends(type, STR(".completed")) || str_ends(type, STR(".done"));
}

void media_event_read(struct str json, struct str type, enum relay_mode mode,
                      struct media_answer *out)
{
    struct str found[A_COUNT], own;

    if (!read_members(json, mode, found, out))
        return;
    own = word_of(found[A_TYPE]);
    if (own.n == 0)
        own = type;
    out->has_error |= str_eq(own, STR("error"));
    out->has_result = !out->has_error;
    out->is_end = ends(own);
    out->is_partial = str_ends(own, STR(".partial_image"));
    if (mode == MODE_SPEECH && out->has_usage) /* all that it says is spoken */
        out->usage.audio_out = out->usage.completion;
}

#include "dialect/gemini.h"

enum { NAME_MAX_BYTES = 64 };

/* "topP" -> "top_p" in `buf`; empty when it does not fit. */
static struct str snake_of(struct str camel, char buf[static NAME_MAX_BYTES])
{
    size_t n = 0;

    for (size_t i = 0; i < camel.n; i++) {
        char c = camel.p[i];

        if (n + 2 > NAME_MAX_BYTES)
            return STR_NULL;
        if (c >= 'A' && c <= 'Z') {
            buf[n++] = '_';
            c = (char)(c - 'A' + 'a');
        }
        buf[n++] = c;
    }
    return str_make(buf, n);
}

const struct json *gemini_get(const struct json *object, struct str camel)
{
    char buf[NAME_MAX_BYTES];
    const struct json *value = json_get(object, camel);

    if (!value)
        value = json_get(object, snake_of(camel, buf));
    return json_is(value, JSON_NULL) ? NULL : value;
}

struct str gemini_camel(struct arena *a, struct str name)
{
    size_t n = 0;
    char *to;

    if (str_find_char(name, '_') < 0)
        return name;
    to = arena_alloc(a, name.n);
    for (size_t i = 0; i < name.n; i++) {
        bool starts_word = name.p[i] == '_' && n > 0 && i + 1 < name.n;
        char c = starts_word ? name.p[++i] : name.p[i];

        to[n++] = starts_word && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    return str_make(to, n);
}

/* ---- families of models ---- */

static enum gemini_family family_3(struct str version)
{
    if (str_has(version, STR("flash")))
        return GEMINI_3_FLASH;
    return str_starts(version, STR("3-")) || str_starts(version, STR("3.0")) ? GEMINI_3_PRO
                                                                             : GEMINI_3_1_PRO;
}

static enum gemini_family family_2_5(struct str version)
{
    if (str_has(version, STR("-image")) || str_has(version, STR("-tts")))
        return GEMINI_OLD;
    if (str_has(version, STR("flash-lite")))
        return GEMINI_2_5_LITE;
    return str_has(version, STR("flash")) ? GEMINI_2_5_FLASH : GEMINI_2_5_PRO;
}

enum gemini_family gemini_family_of(struct str model)
{
    ptrdiff_t at = str_find(model, STR("gemini-"));
    struct str version;

    if (str_has(model, STR("gemma")))
        return GEMINI_OLD;
    if (at < 0)
        return GEMINI_UNKNOWN;
    version = str_skip(model, (size_t)at + 7);
    if (str_starts(version, STR("2.5")))
        return family_2_5(version);
    if (str_starts(version, STR("1")) || str_starts(version, STR("2")) ||
        str_eq(version, STR("pro")) || str_starts(version, STR("pro-vision")))
        return GEMINI_OLD;
    if (version.n > 0 && version.p[0] >= '3' && version.p[0] <= '9')
        return family_3(version);
    if (str_ends(version, STR("-latest"))) /* an alias of the newest */
        return family_3(version);
    return GEMINI_UNKNOWN;
}

/* ---- the dialect ---- */

/* The answer to countTokens (providers reference 5.1). */
static struct str write_count(struct arena *a, int64_t tokens)
{
    return arena_fmt(a, "{\"totalTokens\":%" PRId64 "}", tokens);
}

const struct dialect dialect_gemini = {
    .id = DIALECT_GEMINI,
    .name = STR_INIT("gemini"),
    .read_request = gemini_read_request,
    .writer_new = gemini_writer_new,
    .write_event = gemini_write_event,
    .write_answer = gemini_write_answer,
    .write_error = gemini_write_error,
    .write_stream_error = gemini_write_stream_error,
    .write_request = gemini_write_request,
    .reader_new = gemini_reader_new,
    .read_event = gemini_read_event,
    .read_end = gemini_read_end,
    .read_answer = gemini_read_answer,
    .write_count = write_count,
    .end_is_close = true,
    .may_be_over = gemini_may_be_over,
    .request_in_path = true,
};

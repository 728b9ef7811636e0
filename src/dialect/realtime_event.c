#include "dialect/realtime_event.h"

#include "base/json.h"

enum { PCM16_RATE = 48000, G711_RATE = 8000 }; /* 24 kHz of two bytes; 8 kHz of one */

enum member { M_TYPE, M_SESSION, M_AUDIO, M_RESPONSE, M_ITEM, M_DELTA, M_USAGE, M_ERROR, M_COUNT };

static const struct str members[M_COUNT] = {
    [M_TYPE] = STR_INIT("type"),   [M_SESSION] = STR_INIT("session"),
    [M_AUDIO] = STR_INIT("audio"), [M_RESPONSE] = STR_INIT("response"),
    [M_ITEM] = STR_INIT("item"),   [M_DELTA] = STR_INIT("delta"),
    [M_USAGE] = STR_INIT("usage"), [M_ERROR] = STR_INIT("error"),
};

static const struct {
    struct str type;
    enum realtime_kind kind;
    enum member about;
} kinds[] = {
    {STR_INIT("session.update"), REALTIME_SESSION_UPDATE, M_SESSION},
    {STR_INIT("transcription_session.update"), REALTIME_SESSION_UPDATE, M_SESSION}, /* beta */
    {STR_INIT("input_audio_buffer.append"), REALTIME_AUDIO_APPEND, M_AUDIO},
    {STR_INIT("conversation.item.create"), REALTIME_ITEM_CREATE, M_ITEM},
    {STR_INIT("response.create"), REALTIME_RESPONSE_CREATE, M_RESPONSE},
    {STR_INIT("session.created"), REALTIME_SESSION, M_SESSION},
    {STR_INIT("session.updated"), REALTIME_SESSION, M_SESSION},
    {STR_INIT("transcription_session.created"), REALTIME_SESSION, M_SESSION}, /* beta */
    {STR_INIT("transcription_session.updated"), REALTIME_SESSION, M_SESSION}, /* beta */
    {STR_INIT("conversation.item.created"), REALTIME_ITEM, M_ITEM},           /* beta */
    {STR_INIT("conversation.item.added"), REALTIME_ITEM, M_ITEM},             /* current */
    {STR_INIT("response.created"), REALTIME_RESPONSE_CREATED, M_RESPONSE},
    {STR_INIT("response.text.delta"), REALTIME_TEXT_DELTA, M_DELTA},
    {STR_INIT("response.output_text.delta"), REALTIME_TEXT_DELTA, M_DELTA},
    {STR_INIT("response.audio_transcript.delta"), REALTIME_TEXT_DELTA, M_DELTA},
    {STR_INIT("response.output_audio_transcript.delta"), REALTIME_TEXT_DELTA, M_DELTA},
    {STR_INIT("response.function_call_arguments.delta"), REALTIME_TEXT_DELTA, M_DELTA},
    {STR_INIT("response.audio.delta"), REALTIME_AUDIO_DELTA, M_DELTA},
    {STR_INIT("response.output_audio.delta"), REALTIME_AUDIO_DELTA, M_DELTA},
    {STR_INIT("response.done"), REALTIME_RESPONSE_DONE, M_RESPONSE},
    {STR_INIT("conversation.item.input_audio_transcription.completed"), REALTIME_TRANSCRIBED,
     M_USAGE},
    {STR_INIT("error"), REALTIME_ERROR, M_ERROR},
};

enum err_code realtime_event_read(struct arena *a, struct str text, struct realtime_event *out,
                                  struct err *err)
{
    struct str found[M_COUNT], type;
    enum err_code rc = json_find_members(text, members, found, M_COUNT, err);

    *out = (struct realtime_event){.kind = REALTIME_OTHER};
    if (rc != ERR_OK || !json_unescape(a, found[M_TYPE], &type))
        return rc;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_eq(kinds[i].type, type))
            *out = (struct realtime_event){kinds[i].kind, found[kinds[i].about]};
    }
    return ERR_OK;
}

struct str realtime_event_id(struct arena *a, struct str text)
{
    static const struct str key = STR_INIT("event_id");
    struct str raw, id;

    if (json_find_members(text, &key, &raw, 1, NULL) != ERR_OK || !json_unescape(a, raw, &id))
        return STR_NULL;
    return id;
}

/* ---- usage ---- */

static const struct json *read_object(struct arena *a, struct str raw)
{
    const struct json *root = NULL;

    if (raw.n == 0 || json_read(a, raw, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return NULL;
    return json_is(root, JSON_OBJECT) ? root : NULL;
}

static int64_t count_of(const struct json *object, struct str name)
{
    int64_t n = json_i64_or(json_get(object, name), 0);

    return n > 0 ? n : 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The tokens of a side: its own count, or the sum of its classes where it has none. */
static int64_t tokens_of(const struct json *usage, struct str name, const struct json *details)
{
    int64_t n = count_of(usage, name);

    return n > 0 ? n
                 : count_of(details, STR("text_tokens")) + count_of(details, STR("audio_tokens")) +
                       count_of(details, STR("image_tokens"));
}

static void read_cached(const struct json *details, struct usage *out)
{
    const struct json *classes = json_get(details, STR("cached_tokens_details"));

    out->cached = least(count_of(details, STR("cached_tokens")), out->prompt);
    if (json_is(classes, JSON_OBJECT))
        out->cached_audio =
            least(least(count_of(classes, STR("audio_tokens")), out->cached), out->audio_in);
    else
        out->cached = least(out->cached, out->prompt - least(out->audio_in, out->prompt));
}

static bool read_usage(const struct json *usage, struct usage *out)
{
    const struct json *in = json_get(usage, STR("input_token_details"));
    const struct json *output = json_get(usage, STR("output_token_details"));

    *out = (struct usage){.reported = true};
    if (!json_is(usage, JSON_OBJECT))
        return false;
    out->prompt = tokens_of(usage, STR("input_tokens"), in);
    out->completion = tokens_of(usage, STR("output_tokens"), output);
    out->audio_in = count_of(in, STR("audio_tokens"));
    out->image_in = count_of(in, STR("image_tokens"));
    out->audio_out = count_of(output, STR("audio_tokens"));
    read_cached(in, out);
    return out->prompt + out->completion > 0;
}

bool realtime_usage_read(struct arena *a, struct str raw, struct usage *out)
{
    return read_usage(read_object(a, raw), out);
}

void realtime_response_read(struct arena *a, struct str raw, struct realtime_response *out)
{
    const struct json *response = read_object(a, raw);

    *out = (struct realtime_response){
        .failed = json_str_eq(json_get(response, STR("status")), STR("failed"))};
    out->has_usage = read_usage(json_get(response, STR("usage")), &out->usage);
}

/* ---- audio ---- */

/* "pcm16", or {"type":"audio/pcm","rate":24000}. */
static int64_t rate_of(const struct json *beta, const struct json *current)
{
    const struct json *type = json_get(current, STR("type"));
    int64_t hertz;

    if (json_str_eq(beta, STR("pcm16")))
        return PCM16_RATE;
    if (json_str_eq(beta, STR("g711_ulaw")) || json_str_eq(beta, STR("g711_alaw")) ||
        json_str_eq(type, STR("audio/pcmu")) || json_str_eq(type, STR("audio/pcma")))
        return G711_RATE;
    if (!json_str_eq(type, STR("audio/pcm")))
        return 0;
    hertz = count_of(current, STR("rate"));
    return hertz > 0 && hertz <= 384000 ? hertz * 2 : PCM16_RATE;
}

void realtime_formats_read(struct arena *a, struct str raw, struct realtime_formats *out)
{
    const struct json *session = read_object(a, raw);
    const struct json *audio = json_get(session, STR("audio"));

    out->in_rate = rate_of(json_get(session, STR("input_audio_format")),
                           json_get(json_get(audio, STR("input")), STR("format")));
    out->out_rate = rate_of(json_get(session, STR("output_audio_format")),
                            json_get(json_get(audio, STR("output")), STR("format")));
}

bool realtime_session_transcribes(struct arena *a, struct str raw)
{
    const struct json *session = read_object(a, raw);

    return json_str_eq(json_get(session, STR("type")), STR("transcription")) ||
           json_str_eq(json_get(session, STR("object")), STR("realtime.transcription_session"));
}

int64_t realtime_audio_bytes(struct str raw)
{
    size_t n = raw.n;

    if (n < 2 || raw.p[0] != '"')
        return 0;
    n -= 2;
    while (n > 0 && raw.p[n] == '=') /* raw.p[n] is the last character within the quotes */
        n--;
    return (int64_t)(n / 4 * 3 + n % 4 * 3 / 4);
}

/* ---- errors ---- */

int realtime_error_status(struct arena *a, struct str raw)
{
    static const struct {
        struct str code;
        int status;
    } codes[] = {
        {STR_INIT("invalid_api_key"), 401},    {STR_INIT("account_deactivated"), 401},
        {STR_INIT("insufficient_quota"), 429}, {STR_INIT("rate_limit_exceeded"), 429},
        {STR_INIT("billing_not_active"), 429}, {STR_INIT("model_not_found"), 404},
        {STR_INIT("session_expired"), 502},
    };
    const struct json *error = read_object(a, raw);

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (json_str_eq(json_get(error, STR("code")), codes[i].code))
            return codes[i].status;
    }
    return json_str_eq(json_get(error, STR("type")), STR("invalid_request_error")) ? 400 : 502;
}

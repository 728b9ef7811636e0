#include "base/text.h"
#include "dialect/openai_chat.h"
#include "dialect/sealed.h"

enum { DETAIL_LIMIT = 16 << 20 };

/* ---- reasoning, read ---- */

static bool is_text_member(const struct json *key)
{
    return json_str_eq(key, STR("text")) || json_str_eq(key, STR("summary"));
}

/* The entry without its text, in base64: state that only its server understands. */
static struct str pack_detail(struct arena *a, const struct json *detail)
{
    struct sb sb;
    struct json_writer w;
    struct str packed;

    sb_init(&sb, DETAIL_LIMIT);
    jw_init(&w, &sb);
    jw_object(&w);
    JSON_EACH_MEMBER (key, value, detail) {
        if (!is_text_member(key))
            jw_key_raw(&w, json_str_or_null(a, key), json_raw(value));
    }
    jw_end(&w);
    packed = sb_failed(&sb) ? STR_NULL : base64_encode(a, sb_str(&sb));
    sb_fini(&sb);
    return packed;
}

static struct chat_state read_detail_state(struct arena *a, const struct json *detail)
{
    struct str signature = json_str_or_null(a, json_get(detail, STR("signature")));
    struct str data = json_str_or_null(a, json_get(detail, STR("data")));
    struct chat_state state = {0};

    if (signature.n == 0 && data.n == 0)
        return state;
    state.value =
        sealed_read(signature.n > 0 ? signature : data, DIALECT_OPENAI_CHAT, &state.origin);
    if (state.origin == DIALECT_OPENAI_CHAT) {
        state.value = pack_detail(a, detail);
        return state;
    }
    state.redacted = state.origin == DIALECT_CLAUDE && signature.n == 0;
    if (state.origin == DIALECT_OPENAI_RESPONSES)
        state.id = json_str_or_null(a, json_get(detail, STR("id")));
    return state;
}

static struct openai_reasoning read_detail(struct arena *a, const struct json *detail)
{
    struct str text = json_str_or_null(a, json_get(detail, STR("text")));

    if (text.n == 0)
        text = json_str_or_null(a, json_get(detail, STR("summary")));
    return (struct openai_reasoning){.text = text, .state = read_detail_state(a, detail)};
}

/* The text that stands beside entries which have none belongs to the first that can hold it. */
static size_t put_text(struct openai_reasoning *pieces, size_t n, struct str text)
{
    if (text.n == 0)
        return n;
    if (n == 0 || pieces[0].state.redacted) {
        memmove(pieces + 1, pieces, n * sizeof *pieces);
        pieces[0] = (struct openai_reasoning){0};
        n++;
    }
    pieces[0].text = text;
    return n;
}

size_t openai_read_reasoning(struct arena *a, const struct json *message,
                             struct openai_reasoning **out)
{
    const struct json *details = json_get(message, STR("reasoning_details"));
    struct str text = json_str_or_null(a, json_get(message, STR("reasoning_content")));
    struct openai_reasoning *pieces;
    bool has_text = false;
    size_t n = 0;

    *out = NULL;
    if (text.n == 0)
        text = json_str_or_null(a, json_get(message, STR("reasoning")));
    if (text.n == 0 && !json_is(details, JSON_ARRAY))
        return 0;
    pieces = arena_new_array(a, struct openai_reasoning, json_count(details) + 1);
    JSON_EACH (detail, details) {
        struct openai_reasoning piece = read_detail(a, detail);

        has_text |= piece.text.n > 0;
        if (piece.text.n > 0 || piece.state.value.n > 0)
            pieces[n++] = piece;
    }
    *out = pieces;
    return has_text ? n : put_text(pieces, n, text);
}

/* ---- reasoning, written ---- */

/* The entry as its server wrote it, with its text again. */
static void write_own_detail(struct json_writer *w, struct arena *a, struct str text,
                             struct str packed)
{
    struct str raw, format;
    const struct json *detail, *type;
    bool is_summary;

    if (!base64_decode(a, packed, &raw) ||
        json_read(a, raw, JSON_DEPTH_DEFAULT, &detail, NULL) != ERR_OK ||
        !json_is(detail, JSON_OBJECT))
        return;
    type = json_get(detail, STR("type"));
    format = json_str_or_null(a, json_get(detail, STR("format")));
    is_summary = json_str_eq(type, STR("reasoning.summary")) ||
                 (json_str_eq(type, STR("reasoning.encrypted")) &&
                  (str_starts(format, STR("openai")) || str_starts(format, STR("xai"))));
    if (json_str_eq(type, STR("reasoning.encrypted")) && text.n > 0) { /* they go as a pair */
        jw_object(w);
        jw_key_str(w, STR("type"), is_summary ? STR("reasoning.summary") : STR("reasoning.text"));
        jw_key_str(w, is_summary ? STR("summary") : STR("text"), text);
        if (format.n > 0)
            jw_key_str(w, STR("format"), format);
        jw_end(w);
        text = STR_NULL;
    }
    jw_object(w);
    JSON_EACH_MEMBER (key, value, detail)
        jw_key_raw(w, json_str_or_null(a, key), json_raw(value));
    if (text.n > 0)
        jw_key_str(w, is_summary ? STR("summary") : STR("text"), text);
    jw_end(w);
}

void openai_write_details(struct json_writer *w, struct arena *a, struct str text,
                          const struct chat_state *state, int64_t index)
{
    static const struct str formats[DIALECT_COUNT] = {
        [DIALECT_OPENAI_CHAT] = STR_INIT("unknown"),
        [DIALECT_OPENAI_RESPONSES] = STR_INIT("openai-responses-v1"),
        [DIALECT_CLAUDE] = STR_INIT("anthropic-claude-v1"),
        [DIALECT_GEMINI] = STR_INIT("google-gemini-v1"),
    };
    struct str value = sealed_write(a, state->origin, state->value, DIALECT_OPENAI_CHAT);
    bool is_data = state->redacted || (state->origin != DIALECT_CLAUDE && text.n == 0);

    if (state->value.n > 0 && state->origin == DIALECT_OPENAI_CHAT) {
        write_own_detail(w, a, text, state->value);
        return;
    }
    jw_object(w);
    jw_key_str(w, STR("type"),
               is_data && value.n > 0 ? STR("reasoning.encrypted") : STR("reasoning.text"));
    if (!is_data)
        jw_key_str(w, STR("text"), text);
    if (value.n > 0)
        jw_key_str(w, is_data ? STR("data") : STR("signature"), value);
    if (state->id.n > 0)
        jw_key_str(w, STR("id"), state->id);
    jw_key_str(w, STR("format"), value.n > 0 ? formats[state->origin] : STR("unknown"));
    jw_key_i64(w, STR("index"), index);
    jw_end(w);
}

/* ---- Google's signature ---- */

struct chat_state openai_read_signature(struct arena *a, const struct json *holder,
                                        enum dialect_id bare)
{
    const struct json *google = json_get(json_get(holder, STR("extra_content")), STR("google"));
    struct chat_state state = {0};
    struct str value = json_str_or_null(a, json_get(google, STR("thought_signature")));

    if (value.n == 0)
        return state;
    state.value = sealed_read(value, DIALECT_GEMINI, &state.origin);
    if (state.origin == DIALECT_GEMINI)
        state.origin = bare;
    return state;
}

void openai_write_signature(struct json_writer *w, struct str value)
{
    jw_key(w, STR("extra_content"));
    jw_object(w);
    jw_key(w, STR("google"));
    jw_object(w);
    jw_key_str(w, STR("thought_signature"), value);
    jw_end(w);
    jw_end(w);
}

/* ---- media ---- */

static bool is_base64(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '+' || c == '/' || c == '=' || c == '-' || c == '_'))
            return false;
    }
    return s.n > 0;
}

static struct str mime_of_base64(struct str data)
{
    static const struct {
        struct str start, mime;
    } rows[] = {
        {STR_INIT("/9j/"), STR_INIT("image/jpeg")},
        {STR_INIT("iVBORw0KGgo"), STR_INIT("image/png")},
        {STR_INIT("R0lGOD"), STR_INIT("image/gif")},
        {STR_INIT("UklGR"), STR_INIT("image/webp")},
        {STR_INIT("JVBERi0"), STR_INIT("application/pdf")},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_starts(data, rows[i].start))
            return rows[i].mime;
    }
    return STR_NULL;
}

bool openai_read_url(struct str url, struct chat_media *out)
{
    if (chat_read_data_url(url, &out->mime, &out->data))
        return true;
    if (str_starts_nocase(url, STR("http://")) || str_starts_nocase(url, STR("https://")) ||
        str_starts(url, STR("gs://"))) {
        out->url = url;
        return true;
    }
    if (!is_base64(url))
        return false;
    out->data = url;
    if (out->mime.n == 0)
        out->mime = mime_of_base64(url);
    return true;
}

static const struct {
    struct str format, mime;
} audio_names[] = {
    {STR_INIT("mp3"), STR_INIT("audio/mpeg")}, {STR_INIT("mp3"), STR_INIT("audio/mp3")},
    {STR_INIT("wav"), STR_INIT("audio/wav")},  {STR_INIT("wav"), STR_INIT("audio/x-wav")},
    {STR_INIT("wav"), STR_INIT("audio/wave")}, {STR_INIT("m4a"), STR_INIT("audio/mp4")},
};

struct str openai_audio_format(struct str mime)
{
    for (size_t i = 0; i < ARRAY_LEN(audio_names); i++) {
        if (str_eq_nocase(audio_names[i].mime, mime))
            return audio_names[i].format;
    }
    return str_starts_nocase(mime, STR("audio/")) ? str_skip(mime, 6) : STR("wav");
}

struct str openai_audio_mime(struct arena *a, struct str format)
{
    for (size_t i = 0; i < ARRAY_LEN(audio_names); i++) {
        if (str_eq(audio_names[i].format, format))
            return audio_names[i].mime;
    }
    return format.n > 0 ? str_concat(a, (struct str[]){STR("audio/"), format}, 2) : STR_NULL;
}

/* ---- tool calls ---- */

const struct json *openai_custom_of(const struct json *call)
{
    const struct json *custom = json_get(call, STR("custom"));
    bool is_function = json_is(json_get(call, STR("function")), JSON_OBJECT) &&
                       !json_str_eq(json_get(call, STR("type")), STR("custom"));

    return json_is(custom, JSON_OBJECT) && !is_function ? custom : NULL;
}

/* ---- finish ---- */

enum chat_finish openai_read_finish(struct str reason)
{
    static const struct {
        struct str reason;
        enum chat_finish finish;
    } rows[] = {
        {STR_INIT("stop_sequence"), CHAT_FINISH_STOP_SEQUENCE},
        {STR_INIT("length"), CHAT_FINISH_LENGTH},
        {STR_INIT("max_tokens"), CHAT_FINISH_LENGTH},
        {STR_INIT("model_length"), CHAT_FINISH_LENGTH},
        {STR_INIT("insufficient_system_resource"), CHAT_FINISH_LENGTH}, /* DeepSeek: cut short */
        {STR_INIT("tool_calls"), CHAT_FINISH_TOOL_CALLS},
        {STR_INIT("function_call"), CHAT_FINISH_TOOL_CALLS},
        {STR_INIT("tool_use"), CHAT_FINISH_TOOL_CALLS},
        {STR_INIT("content_filter"), CHAT_FINISH_FILTER},
        {STR_INIT("content-filter"), CHAT_FINISH_FILTER},
        {STR_INIT("sensitive"), CHAT_FINISH_FILTER}, /* Zhipu */
        {STR_INIT("refusal"), CHAT_FINISH_FILTER},
        {STR_INIT("safety"), CHAT_FINISH_FILTER},
        {STR_INIT("error"), CHAT_FINISH_NONE},
        {STR_INIT("network_error"), CHAT_FINISH_NONE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq_nocase(reason, rows[i].reason))
            return rows[i].finish;
    }
    return CHAT_FINISH_STOP;
}

struct str openai_write_finish(enum chat_finish finish)
{
    static const struct str names[] = {
        [CHAT_FINISH_NONE] = STR_INIT("stop"),
        [CHAT_FINISH_STOP] = STR_INIT("stop"),
        [CHAT_FINISH_STOP_SEQUENCE] = STR_INIT("stop"),
        [CHAT_FINISH_LENGTH] = STR_INIT("length"),
        [CHAT_FINISH_TOOL_CALLS] = STR_INIT("tool_calls"),
        [CHAT_FINISH_FILTER] = STR_INIT("content_filter"),
        [CHAT_FINISH_PAUSE] = STR_INIT("stop"),
    };

    return names[finish];
}

/* ---- usage ---- */

static void write_count(struct json_writer *w, struct str name, int64_t n)
{
    if (n > 0)
        jw_key_i64(w, name, n);
}

void openai_write_usage(struct json_writer *w, const struct usage *u)
{
    jw_object(w);
    jw_key_i64(w, STR("prompt_tokens"), u->prompt);
    jw_key_i64(w, STR("completion_tokens"), u->completion);
    jw_key_i64(w, STR("total_tokens"), u->prompt + u->completion);
    jw_key(w, STR("prompt_tokens_details"));
    jw_object(w);
    jw_key_i64(w, STR("cached_tokens"), u->cached);
    write_count(w, STR("cache_write_tokens"), u->cache_write);
    write_count(w, STR("audio_tokens"), u->audio_in);
    write_count(w, STR("image_tokens"), u->image_in);
    jw_end(w);
    jw_key(w, STR("completion_tokens_details"));
    jw_object(w);
    jw_key_i64(w, STR("reasoning_tokens"), u->reasoning);
    write_count(w, STR("audio_tokens"), u->audio_out);
    write_count(w, STR("image_tokens"), u->image_out);
    jw_end(w);
    jw_end(w);
}

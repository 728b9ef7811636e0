/* Requests, and the usage object. Answers are read in peek_answer.c. */
#include "dialect/peek.h"

#include "base/json.h"
#include "dialect/peek_tools.h"
#include "model/gated.h"

enum { MAX_TOKENS_LIMIT = INT32_MAX / 2 };

enum {
    K_MODEL,
    K_STREAM,
    K_STREAM_OPTIONS,
    K_MAX_TOKENS,
    K_MAX_COMPLETION,
    K_MAX_OUTPUT,
    K_GENERATION, /* Gemini's, which may be spelt in two ways */
    K_GENERATION_SNAKE,
    K_N,
    K_BEST_OF,
    K_PAYLOAD,
    K_REQUESTS,
    K_COUNTED, /* which may be spelt in two ways, too */
    K_COUNTED_SNAKE,
    K_TOOLS,
    K_SEARCH_OPTIONS,
    K_GATED, /* those of model/gated.h but the last, which stands in stream_options */
    K_COUNT = K_GATED + GATED_OBFUSCATION
};

/* The member that a request cannot be without. */
struct payload {
    struct str name;
    bool is_list; /* and not empty; else a string is as good */
};

static bool is_gemini_embedding(enum relay_mode mode, enum dialect_id dialect)
{
    return mode == MODE_EMBEDDINGS && dialect == DIALECT_GEMINI;
}

static struct payload payload_of(enum relay_mode mode, enum dialect_id dialect)
{
    static const struct payload of_chat[DIALECT_COUNT] = {
        [DIALECT_OPENAI_CHAT] = {STR_INIT("messages"), true},
        [DIALECT_OPENAI_RESPONSES] = {STR_INIT("input"), false},
        [DIALECT_CLAUDE] = {STR_INIT("messages"), true},
        [DIALECT_GEMINI] = {STR_INIT("contents"), true},
    };
    static const struct payload prompt = {STR_INIT("prompt"), false};
    static const struct payload input = {STR_INIT("input"), false};
    static const struct payload content = {STR_INIT("content"), false};

    if (mode == MODE_COMPLETIONS)
        return prompt;
    if (is_gemini_embedding(mode, dialect))
        return content;
    return mode == MODE_EMBEDDINGS ? input : of_chat[dialect];
}

static bool is_null(struct str raw)
{
    return raw.n == 0 || str_eq(raw, STR("null"));
}

static enum err_code read_bool(struct str raw, const char *name, bool *out, struct err *err)
{
    *out = str_eq(raw, STR("true"));
    if (*out || is_null(raw) || str_eq(raw, STR("false")))
        return ERR_OK;
    return err_set(err, ERR_BAD_TEXT_REQUEST, "field %s must be true or false", name);
}

static enum err_code read_count(struct str raw, const char *name, int64_t *out, struct err *err)
{
    double value;

    *out = 0;
    if (is_null(raw))
        return ERR_OK;
    if (!str_to_f64(raw, &value) || value < 0 || value > MAX_TOKENS_LIMIT)
        return err_set(err, ERR_BAD_TEXT_REQUEST, "%s is invalid", name);
    *out = (int64_t)value;
    return ERR_OK;
}

static enum err_code read_payload(struct str raw, struct payload want, struct err *err)
{
    struct str inside = str_trim(str_sub(raw, 1, raw.n > 1 ? raw.n - 2 : 0));

    if (is_null(raw) || (want.is_list && raw.p[0] == '[' && inside.n == 0))
        return err_set(err, ERR_BAD_TEXT_REQUEST, "field %.*s is required", STR_ARG(want.name));
    if (want.is_list && raw.p[0] != '[')
        return err_set(err, ERR_BAD_TEXT_REQUEST, "field %.*s must be an array",
                       STR_ARG(want.name));
    if (!want.is_list && raw.p[0] != '[' && raw.p[0] != '"')
        return err_set(err, ERR_BAD_TEXT_REQUEST, "field %.*s must be a string or an array",
                       STR_ARG(want.name));
    return ERR_OK;
}

/* Gemini's embeddings: one content, or a list of requests with one each. */
static enum err_code read_contents(const struct str *found, struct err *err)
{
    static const struct payload requests = {STR_INIT("requests"), true};

    if (!is_null(found[K_REQUESTS]))
        return read_payload(found[K_REQUESTS], requests, err);
    if (is_null(found[K_PAYLOAD]) || found[K_PAYLOAD].p[0] != '{')
        return err_set(err, ERR_BAD_TEXT_REQUEST, "field content is required");
    return ERR_OK;
}

/* What Gemini counts: contents, or a whole request around them. */
static enum err_code read_counted(const struct str *found, struct payload payload,
                                  struct peek_request *out, struct err *err)
{
    struct str raw = found[is_null(found[K_COUNTED]) ? K_COUNTED_SNAKE : K_COUNTED], contents;

    if (!is_null(found[K_PAYLOAD]) || is_null(raw))
        return read_payload(found[K_PAYLOAD], payload, err);
    if (json_find_members(raw, &payload.name, &contents, 1, NULL) != ERR_OK)
        return err_set(err, ERR_BAD_TEXT_REQUEST, "field generateContentRequest must be an object");
    out->counted = raw;
    return read_payload(contents, payload, err);
}

/* The member without which there is nothing to do. */
static enum err_code read_main(const struct str *found, enum relay_mode mode,
                               enum dialect_id dialect, struct peek_request *out, struct err *err)
{
    const struct payload payload = payload_of(mode, dialect);

    if (is_gemini_embedding(mode, dialect))
        return read_contents(found, err);
    if (mode == MODE_COUNT_TOKENS && dialect == DIALECT_GEMINI)
        return read_counted(found, payload, out, err);
    return read_payload(found[K_PAYLOAD], payload, err);
}

static enum err_code read_stream_options(struct str raw, struct peek_request *out, struct err *err)
{
    struct str key = STR("include_usage"), value = STR_NULL;

    out->stream_options = raw;
    if (is_null(raw))
        return ERR_OK;
    if (json_find_members(raw, &key, &value, 1, NULL) != ERR_OK)
        return err_set(err, ERR_BAD_TEXT_REQUEST, "field stream_options must be an object");
    return read_bool(value, "stream_options.include_usage", &out->include_usage, err);
}

static enum err_code read_model(struct arena *a, struct str raw, struct peek_request *out,
                                struct err *err)
{
    if (is_null(raw))
        return err_set(err, ERR_BAD_TEXT_REQUEST, "model is required");
    if (!json_unescape(a, raw, &out->model))
        return err_set(err, ERR_BAD_TEXT_REQUEST, "field model must be a string");
    if (out->model.n == 0)
        return err_set(err, ERR_BAD_TEXT_REQUEST, "model is required");
    if (out->model.n > 255) /* abilities.model is varchar(255) */
        return err_set(err, ERR_BAD_TEXT_REQUEST, "field model is longer than 255 bytes");
    return ERR_OK;
}

/* A legacy completion may ask for several prompts at once: a list of texts, or of token lists. A
 * list of numbers is one prompt. */
static int64_t count_prompts(struct arena *a, struct str raw)
{
    const struct json *list;

    if (raw.n == 0 || raw.p[0] != '[' ||
        json_read(a, raw, JSON_DEPTH_DEFAULT, &list, NULL) != ERR_OK || json_count(list) == 0 ||
        json_is(json_at(list, 0), JSON_NUMBER))
        return 1;
    return (int64_t)json_count(list);
}

static enum err_code read_answers(struct arena *a, const struct str *found, enum relay_mode mode,
                                  struct peek_request *out, struct err *err)
{
    int64_t prompts = 1, best_of = 0, n;
    enum err_code rc = read_count(found[K_N], "n", &n, err);

    if (rc == ERR_OK && mode == MODE_COMPLETIONS) {
        rc = read_count(found[K_BEST_OF], "best_of", &best_of, err);
        prompts = count_prompts(a, found[K_PAYLOAD]);
    }
    if (rc != ERR_OK)
        return rc;
    n = n > 1 ? n : 1;
    out->choices = n * prompts;
    out->generated = (best_of > n ? best_of : n) * prompts;
    return ERR_OK;
}

/* The largest limit of the answer, by whichever name the dialects give it. */
static enum err_code read_limits(const struct str *found, int64_t *out, struct err *err)
{
    static const struct {
        const char *name;
        size_t at;
    } limits[] = {{"max_tokens", K_MAX_TOKENS},
                  {"max_completion_tokens", K_MAX_COMPLETION},
                  {"max_output_tokens", K_MAX_OUTPUT}};

    *out = 0;
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        int64_t limit;
        enum err_code rc = read_count(found[limits[i].at], limits[i].name, &limit, err);

        if (rc != ERR_OK)
            return rc;
        *out = limit > *out ? limit : *out;
    }
    return ERR_OK;
}

/* Gemini's generationConfig: the limit of an answer, and the number of answers. Numbers may stand
 * in quotes, as in every proto3 message. */
static enum err_code read_generation(struct str raw, const char *name, struct peek_request *out,
                                     struct err *err)
{
    static const struct str keys[] = {STR_INIT("maxOutputTokens"), STR_INIT("max_output_tokens"),
                                      STR_INIT("candidateCount"), STR_INIT("candidate_count")};
    enum { FIRST_OF_ANSWERS = 2 };
    struct str found[ARRAY_LEN(keys)];

    if (is_null(raw))
        return ERR_OK;
    if (json_find_members(raw, keys, found, ARRAY_LEN(keys), NULL) != ERR_OK)
        return err_set(err, ERR_BAD_TEXT_REQUEST, "field %s must be an object", name);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct str number =
            str_starts(found[i], STR("\"")) ? str_sub(found[i], 1, found[i].n - 2) : found[i];
        int64_t *to = i < FIRST_OF_ANSWERS ? &out->max_tokens : &out->generated;
        int64_t value;
        enum err_code rc = read_count(number, keys[i].p, &value, err);

        if (rc != ERR_OK)
            return rc;
        *to = value > *to ? value : *to;
    }
    out->choices = out->generated;
    return ERR_OK;
}

/* Which members that not every channel sends on are there? */
static unsigned find_gated(const struct str *found)
{
    struct str name = gated_name(GATED_OBFUSCATION), inner;
    unsigned bits = 0;

    for (size_t i = 0; i < GATED_OBFUSCATION; i++)
        bits |= (unsigned)(found[K_GATED + i].n > 0) << i;
    if (found[K_STREAM_OPTIONS].n > 0 &&
        json_find_members(found[K_STREAM_OPTIONS], &name, &inner, 1, NULL) == ERR_OK && inner.n > 0)
        bits |= 1u << GATED_OBFUSCATION;
    return bits;
}

/* Models that search in each chat need not be asked to. */
static void find_tools(struct arena *a, const struct str *found, enum dialect_id dialect,
                       struct peek_request *out)
{
    peek_tools(a, found[K_TOOLS], &out->tools);
    if (dialect == DIALECT_OPENAI_CHAT && out->tools.searches == 0)
        out->tools.searches =
            !is_null(found[K_SEARCH_OPTIONS]) || str_ends(out->model, STR("search-preview"));
}

static enum err_code read_request(struct arena *a, struct str body, enum relay_mode mode,
                                  enum dialect_id dialect, struct peek_request *out,
                                  struct err *err)
{
    const struct str keys[K_COUNT] = {
        [K_MODEL] = STR("model"),
        [K_STREAM] = STR("stream"),
        [K_STREAM_OPTIONS] = STR("stream_options"),
        [K_MAX_TOKENS] = STR("max_tokens"),
        [K_MAX_COMPLETION] = STR("max_completion_tokens"),
        [K_MAX_OUTPUT] = STR("max_output_tokens"),
        [K_GENERATION] = STR("generationConfig"),
        [K_GENERATION_SNAKE] = STR("generation_config"),
        [K_N] = STR("n"),
        [K_BEST_OF] = STR("best_of"),
        [K_PAYLOAD] = payload_of(mode, dialect).name,
        [K_GATED + GATED_SERVICE_TIER] = gated_name(GATED_SERVICE_TIER),
        [K_GATED + GATED_INFERENCE_GEO] = gated_name(GATED_INFERENCE_GEO),
        [K_GATED + GATED_SPEED] = gated_name(GATED_SPEED),
        [K_GATED + GATED_SAFETY_IDENTIFIER] = gated_name(GATED_SAFETY_IDENTIFIER),
        [K_GATED + GATED_STORE] = gated_name(GATED_STORE),
        [K_REQUESTS] = STR("requests"),
        [K_COUNTED] = STR("generateContentRequest"),
        [K_COUNTED_SNAKE] = STR("generate_content_request"),
        [K_TOOLS] = STR("tools"),
        [K_SEARCH_OPTIONS] = STR("web_search_options"),
    };
    struct str found[K_COUNT];
    enum err_code rc;

    *out = (struct peek_request){.choices = 1, .generated = 1};
    rc = json_find_members(body, keys, found, K_COUNT, err);
    if (rc == ERR_OK)
        out->gated = find_gated(found);
    if (rc == ERR_OK && dialect != DIALECT_GEMINI)
        rc = read_model(a, found[K_MODEL], out, err);
    if (rc == ERR_OK)
        rc = read_main(found, mode, dialect, out, err);
    if (rc == ERR_OK && dialect != DIALECT_GEMINI)
        rc = read_bool(found[K_STREAM], "stream", &out->stream, err);
    if (rc == ERR_OK && dialect == DIALECT_OPENAI_CHAT)
        rc = read_stream_options(found[K_STREAM_OPTIONS], out, err);
    if (rc == ERR_OK)
        rc = read_limits(found, &out->max_tokens, err);
    if (rc == ERR_OK)
        rc = read_answers(a, found, mode, out, err);
    if (rc == ERR_OK && dialect == DIALECT_GEMINI)
        rc = read_generation(found[K_GENERATION], "generationConfig", out, err);
    if (rc == ERR_OK && dialect == DIALECT_GEMINI)
        rc = read_generation(found[K_GENERATION_SNAKE], "generation_config", out, err);
    if (rc == ERR_OK && mode == MODE_CHAT)
        find_tools(a, found, dialect, out);
    if (rc == ERR_OK && (mode == MODE_EMBEDDINGS || mode == MODE_COUNT_TOKENS))
        out->stream = false; /* there is no such thing */
    return rc;
}

/* What a wrong request of the route is called (relay reference 8.4). */
static enum err_code code_of(enum relay_mode mode, enum dialect_id dialect)
{
    static const enum err_code of_chat[DIALECT_COUNT] = {
        [DIALECT_OPENAI_CHAT] = ERR_BAD_TEXT_REQUEST,
        [DIALECT_OPENAI_RESPONSES] = ERR_BAD_RESPONSES_REQUEST,
        [DIALECT_CLAUDE] = ERR_BAD_CLAUDE_REQUEST,
        [DIALECT_GEMINI] = ERR_BAD_TEXT_REQUEST,
    };

    return mode == MODE_EMBEDDINGS ? ERR_BAD_EMBEDDING_REQUEST : of_chat[dialect];
}

enum err_code peek_request(struct arena *a, struct str body, enum relay_mode mode,
                           enum dialect_id dialect, struct peek_request *out, struct err *err)
{
    enum err_code rc = read_request(a, body, mode, dialect, out, err);

    if (rc != ERR_BAD_TEXT_REQUEST)
        return rc;
    rc = code_of(mode, dialect);
    if (err)
        err->code = rc;
    return rc;
}

static int64_t count_of(const struct str *found, size_t i)
{
    double value;

    if (is_null(found[i]) || !str_to_f64(found[i], &value) || value < 0 || value > 1e15)
        return 0;
    return (int64_t)value;
}

enum {
    U_PROMPT,
    U_COMPLETION,
    U_TOTAL,
    U_CACHE_HIT,
    U_CACHED,
    U_PROMPT_DETAILS,
    U_COMPLETION_DETAILS,
    U_COUNT
};
enum { D_CACHED, D_AUDIO, D_IMAGE, D_REASONING, D_CACHE_WRITE, D_COUNT };

static bool read_details(struct str raw, int64_t values[D_COUNT])
{
    static const struct str keys[D_COUNT] = {
        [D_CACHED] = STR_INIT("cached_tokens"),
        [D_AUDIO] = STR_INIT("audio_tokens"),
        [D_IMAGE] = STR_INIT("image_tokens"),
        [D_REASONING] = STR_INIT("reasoning_tokens"),
        [D_CACHE_WRITE] = STR_INIT("cache_write_tokens"),
    };
    struct str found[D_COUNT];

    if (is_null(raw) || json_find_members(raw, keys, found, D_COUNT, NULL) != ERR_OK)
        return false;
    for (size_t i = 0; i < D_COUNT; i++)
        values[i] = count_of(found, i);
    return true;
}

bool peek_usage(struct str json, struct usage *out)
{
    static const struct str keys[U_COUNT] = {
        [U_PROMPT] = STR_INIT("prompt_tokens"),
        [U_COMPLETION] = STR_INIT("completion_tokens"),
        [U_TOTAL] = STR_INIT("total_tokens"),
        [U_CACHE_HIT] = STR_INIT("prompt_cache_hit_tokens"), /* DeepSeek */
        [U_CACHED] = STR_INIT("cached_tokens"),              /* Moonshot */
        [U_PROMPT_DETAILS] = STR_INIT("prompt_tokens_details"),
        [U_COMPLETION_DETAILS] = STR_INIT("completion_tokens_details"),
    };
    struct str found[U_COUNT];
    int64_t in[D_COUNT] = {0}, made[D_COUNT] = {0};

    *out = (struct usage){0};
    if (is_null(json) || json_find_members(json, keys, found, U_COUNT, NULL) != ERR_OK)
        return false;
    out->prompt = count_of(found, U_PROMPT);
    out->completion = count_of(found, U_COMPLETION);
    if (out->prompt == 0 && out->completion == 0)
        out->prompt = count_of(found, U_TOTAL); /* Jina-like: only a total */
    read_details(found[U_PROMPT_DETAILS], in);
    read_details(found[U_COMPLETION_DETAILS], made);
    out->cached = in[D_CACHED];
    if (out->cached == 0)
        out->cached = count_of(found, found[U_CACHE_HIT].n > 0 ? U_CACHE_HIT : U_CACHED);
    out->cache_write = in[D_CACHE_WRITE];
    out->audio_in = in[D_AUDIO];
    out->image_in = in[D_IMAGE];
    out->audio_out = made[D_AUDIO];
    out->reasoning = made[D_REASONING];
    /* With xAI the thoughts are part of the total only. */
    if (count_of(found, U_TOTAL) == out->prompt + out->completion + out->reasoning)
        out->completion += out->reasoning;
    if (out->cached > out->prompt)
        out->cached = out->prompt;
    out->reported = out->prompt + out->completion > 0;
    return out->reported;
}

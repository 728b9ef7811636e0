/*
 * A request to a Gemini upstream: generationConfig, what stands beside it, and the whole body. The
 * API refuses members that it does not know, so nothing unknown is passed on but to a client of the
 * same dialect.
 */
#include "dialect/gemini.h"

enum { STOP_MAX = 5 };

void gemini_lose(struct gemini_writing *g, const char *name)
{
    loss_add(g->conf->losses, str_from(name));
}

/* A Gemini client's names are Gemini's own, which may have dots. */
struct str gemini_tool_name(const struct gemini_writing *g, struct str ns, struct str name)
{
    return g->same && name.n > 0 ? name : chat_flat_name(g->a, ns, name);
}

/* ---- extras ---- */

/* The member's name when the extra lies under the prefix, and not deeper; else empty. */
static struct str name_under(struct str name, const char *prefix)
{
    struct str head = str_from(prefix);

    if (head.n > 0) {
        if (!str_starts(name, head) || name.n <= head.n || name.p[head.n] != '.')
            return STR_NULL;
        name = str_skip(name, head.n + 1);
    }
    return str_find_char(name, '.') < 0 ? name : STR_NULL;
}

void gemini_write_extras(struct gemini_writing *g, const char *prefix)
{
    for (const struct chat_extra *e = g->r->extras; e && g->same; e = e->next) {
        struct str name = name_under(e->name, prefix);

        if (name.n > 0)
            jw_key_raw(g->w, name, e->raw);
    }
}

/* Is there an extra of this whole name? */
static const struct chat_extra *find_extra(const struct gemini_writing *g, const char *name)
{
    for (const struct chat_extra *e = g->r->extras; e; e = e->next) {
        if (str_eq(e->name, str_from(name)))
            return e;
    }
    return NULL;
}

static const struct json *read_extra(struct gemini_writing *g, const struct chat_extra *e)
{
    const struct json *root = NULL;

    if (e && json_read(g->a, e->raw, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return NULL;
    return root;
}

/* extra_body.google, or a member google. */
static void find_options(struct gemini_writing *g)
{
    const struct json *body;

    if (g->same)
        return;
    body = read_extra(g, find_extra(g, "extra_body"));
    g->options = json_get(body, STR("google"));
    if (!g->options)
        g->options = read_extra(g, find_extra(g, "google"));
    JSON_EACH_MEMBER (key, value, body) {
        if (!json_str_eq(key, STR("google")) && !json_is(value, JSON_NULL))
            loss_add_under(g->conf->losses, g->a, STR("extra_body"), json_str_or_null(g->a, key));
    }
}

static void lose_extras(struct gemini_writing *g)
{
    static const char *const options[] = {"thinkingConfig", "imageConfig", "cachedContent",
                                          "safetySettings"};

    for (const struct chat_extra *e = g->r->extras; e; e = e->next) {
        if (!str_eq(e->name, STR("extra_body")) && !str_eq(e->name, STR("google")))
            loss_add(g->conf->losses, e->name);
    }
    JSON_EACH_MEMBER (key, value, g->options) {
        struct str name = json_str_or_null(g->a, key);
        bool known = json_is(value, JSON_NULL);

        for (size_t i = 0; i < ARRAY_LEN(options); i++)
            known |= str_eq(gemini_camel(g->a, name), str_from(options[i]));
        if (!known)
            loss_add_under(g->conf->losses, g->a, STR("extra_body.google"), name);
    }
}

/* ---- generationConfig ---- */

static void put_number(struct gemini_writing *g, const char *name, struct str raw)
{
    if (raw.n > 0)
        jw_key_raw(g->w, str_from(name), raw);
}

static void put_sampling(struct gemini_writing *g)
{
    const struct chat_request *r = g->r;
    double top_p;

    put_number(g, "temperature", r->temperature);
    if (!str_to_f64(r->top_p, &top_p) || top_p > 0) /* zero is refused */
        put_number(g, "topP", r->top_p);
    put_number(g, "topK", r->top_k);
    put_number(g, "seed", r->seed);
    put_number(g, "presencePenalty", r->presence_penalty);
    put_number(g, "frequencyPenalty", r->frequency_penalty);
    if (r->max_tokens > 0)
        jw_key_i64(g->w, STR("maxOutputTokens"), r->max_tokens);
    if (r->n > 0)
        jw_key_i64(g->w, STR("candidateCount"), r->n);
    if (r->logprobs != CHAT_UNSET)
        jw_key_bool(g->w, STR("responseLogprobs"), r->logprobs == CHAT_YES);
    put_number(g, "logprobs", r->top_logprobs);
}

static void put_stop(struct gemini_writing *g)
{
    size_t n = 0;

    for (size_t i = 0; i < g->r->stop_count; i++) {
        if (g->r->stop[i].n == 0)
            continue;
        if (n == STOP_MAX) {
            gemini_lose(g, "stop");
            break;
        }
        if (n++ == 0) {
            jw_key(g->w, STR("stopSequences"));
            jw_array(g->w);
        }
        jw_str(g->w, g->r->stop[i]);
    }
    if (n > 0)
        jw_end(g->w);
}

static void put_format(struct gemini_writing *g)
{
    const struct chat_request *r = g->r;
    struct str schema;

    if (r->format == CHAT_FORMAT_TEXT && g->same)
        jw_key_str(g->w, STR("responseMimeType"), STR("text/plain"));
    if (r->format != CHAT_FORMAT_JSON && r->format != CHAT_FORMAT_SCHEMA)
        return;
    jw_key_str(g->w, STR("responseMimeType"), STR("application/json"));
    schema = r->format == CHAT_FORMAT_SCHEMA
                 ? gemini_schema_write(g->a, r->schema, GEMINI_SCHEMA_ANSWER)
                 : STR_NULL;
    if (schema.n > 0)
        jw_key_raw(g->w, STR("responseSchema"), schema);
}

static struct str upper(struct arena *a, struct str s)
{
    char *to = arena_alloc(a, s.n);

    for (size_t i = 0; i < s.n; i++)
        to[i] = s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 'a' + 'A') : s.p[i];
    return str_make(to, s.n);
}

static void put_modalities(struct gemini_writing *g)
{
    const struct json *list;

    if (g->r->modalities.n == 0 || json_read(g->a, g->r->modalities, 4, &list, NULL) != ERR_OK ||
        json_count(list) == 0)
        return;
    jw_key(g->w, STR("responseModalities"));
    jw_array(g->w);
    JSON_EACH (item, list)
        jw_str(g->w, upper(g->a, json_str_or_null(g->a, item)));
    jw_end(g->w);
}

/* OpenAI's voices are not Google's: the name of another one is passed on. */
static bool is_openai_voice(struct str name)
{
    static const char *const names[] = {"alloy", "ash",     "ballad", "cedar", "coral",
                                        "echo",  "fable",   "nova",   "marin", "onyx",
                                        "sage",  "shimmer", "verse"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(name, str_from(names[i])))
            return true;
    }
    return false;
}

static void put_voice(struct gemini_writing *g)
{
    const struct json *audio;
    struct str voice;

    if (g->r->audio.n == 0 || json_read(g->a, g->r->audio, 8, &audio, NULL) != ERR_OK)
        return;
    voice = json_str_or_null(g->a, json_get(audio, STR("voice")));
    if (json_get(audio, STR("format")))
        gemini_lose(g, "audio.format");
    if (voice.n == 0 || is_openai_voice(voice)) {
        gemini_lose(g, "audio.voice");
        return;
    }
    jw_key(g->w, STR("speechConfig"));
    jw_object(g->w);
    jw_key(g->w, STR("voiceConfig"));
    jw_object(g->w);
    jw_key(g->w, STR("prebuiltVoiceConfig"));
    jw_object(g->w);
    jw_key_str(g->w, STR("voiceName"), voice);
    jw_end(g->w);
    jw_end(g->w);
    jw_end(g->w);
}

static void put_image_config(struct gemini_writing *g)
{
    const struct json *given = gemini_get(g->options, STR("imageConfig"));

    if (json_count(given) == 0)
        return;
    jw_key(g->w, STR("imageConfig"));
    jw_object(g->w);
    JSON_EACH_MEMBER (key, value, given)
        jw_key_raw(g->w, gemini_camel(g->a, json_str_or_null(g->a, key)), json_raw(value));
    jw_end(g->w);
}

static void put_config(struct gemini_writing *g)
{
    put_sampling(g);
    put_stop(g);
    put_format(g);
    put_modalities(g);
    put_voice(g);
    put_image_config(g);
    gemini_write_thinking(g);
    gemini_write_extras(g, "generationConfig");
}

void gemini_write_config(struct gemini_writing *g)
{
    CLEANUP(sb_finip) struct sb sb;
    struct json_writer own, *outer = g->w;

    sb_init(&sb, GEMINI_BUILD_LIMIT);
    jw_init(&own, &sb);
    g->w = &own;
    jw_object(&own);
    put_config(g);
    jw_end(&own);
    g->w = outer;
    if (sb.n > 2 && !sb_failed(&sb)) /* more than {} */
        jw_key_raw(g->w, STR("generationConfig"), sb_str(&sb));
}

/* ---- beside it ---- */

/* The client's own, else those of the channel. */
static void put_safety(struct gemini_writing *g)
{
    const struct json *given = gemini_get(g->options, STR("safetySettings"));

    if (g->same && find_extra(g, "safetySettings"))
        return; /* among the extras */
    if (given)
        jw_key_raw(g->w, STR("safetySettings"), json_raw(given));
    else if (g->conf->safety_settings.n > 0)
        jw_key_raw(g->w, STR("safetySettings"), g->conf->safety_settings);
}

static void put_cached(struct gemini_writing *g)
{
    struct str name = json_str_or_null(g->a, gemini_get(g->options, STR("cachedContent")));

    if (name.n > 0)
        jw_key_str(g->w, STR("cachedContent"), name);
}

/* What has no member here. */
static void lose_rest(struct gemini_writing *g)
{
    const struct chat_request *r = g->r;
    const struct {
        const char *name;
        struct str value;
    } rows[] = {
        {"logit_bias", r->logit_bias},
        {"user", r->user},
        {"service_tier", r->service_tier},
        {"metadata", r->metadata},
        {"store", r->store},
        {"prediction", r->prediction},
        {"verbosity", r->verbosity},
        {"prompt_cache_key", r->cache_key},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].value.n > 0)
            gemini_lose(g, rows[i].name);
    }
    if (!g->same)
        lose_extras(g);
}

enum err_code gemini_write_request(const struct request_conf *conf, const struct chat_request *r,
                                   struct sb *out, struct err *err)
{
    struct json_writer w;
    struct gemini_writing g = {.a = conf->arena,
                               .conf = conf,
                               .r = r,
                               .w = &w,
                               .err = err,
                               .same = r->dialect == DIALECT_GEMINI};
    enum err_code rc;

    find_options(&g);
    jw_init(&w, out);
    jw_object(&w);
    rc = gemini_write_contents(&g);
    if (rc == ERR_OK)
        rc = gemini_write_tools(&g);
    if (rc != ERR_OK)
        return rc;
    gemini_write_config(&g);
    put_safety(&g);
    put_cached(&g);
    gemini_write_extras(&g, "");
    jw_end(&w);
    lose_rest(&g);
    return ERR_OK;
}

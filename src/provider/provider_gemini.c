/*
 * Google's Gemini API (Generative Language API).
 *
 * Source: providers reference 5.1, 5.3, 5.6, 5.8; relay reference 13.1, 13.4.
 */
#include "base/json_write.h"
#include "base/text.h"
#include "provider/provider_parts.h"

enum { SAFETY_LIMIT = 4096, PRO_MIN = 128, PRO_MAX = 32768, LITE_MIN = 512, FLASH_MAX = 24576 };

static const struct str efforts[] = {STR_INIT("high"), STR_INIT("medium"), STR_INIT("low"),
                                     STR_INIT("minimal")};

/* ---- names: "-thinking", "-thinking-8192", "-nothinking", and of Gemini 3 an effort ---- */

struct thinking {
    bool on, off;
    int64_t budget;    /* -1: none named */
    struct str effort; /* STR_NULL: none */
};

static bool cut_end(struct str *name, struct str end)
{
    if (!str_ends(*name, end))
        return false;
    name->n -= end.n;
    return true;
}

/* "...-thinking-N" */
static bool cut_budget(struct str *name, int64_t *budget)
{
    ptrdiff_t dash = str_rfind_char(*name, '-');
    struct str rest = str_sub(*name, 0, dash > 0 ? (size_t)dash : 0);

    if (dash <= 0 || !str_to_i64(str_skip(*name, (size_t)dash + 1), budget) || *budget < 0 ||
        !cut_end(&rest, STR("-thinking")))
        return false;
    *name = rest;
    return true;
}

static struct str read_name(const struct provider_call *call, struct thinking *t)
{
    struct str name = call->mapped;

    *t = (struct thinking){.budget = -1};
    if (!settings_bool(call->settings, STR("gemini.thinking_adapter_enabled")))
        return name;
    if (cut_end(&name, STR("-nothinking")))
        t->off = true;
    else if (cut_end(&name, STR("-thinking")) || cut_budget(&name, &t->budget))
        t->on = true;
    else if (str_starts(name, STR("gemini-3")))
        t->effort = provider_cut_effort(&name, efforts, ARRAY_LEN(efforts));
    return name;
}

static struct str gemini_model_name(const struct provider_call *call, struct arena *a UNUSED)
{
    struct thinking t;

    return read_name(call, &t);
}

/* ---- address and headers ---- */

static struct str method_of(const struct provider_call *call)
{
    if (call->mode == MODE_COUNT_TOKENS)
        return STR(":countTokens");
    if (call->mode == MODE_IMAGES)
        return STR(":predict");
    if (call->mode == MODE_EMBEDDINGS)
        return call->embed_batch ? STR(":batchEmbedContents") : STR(":embedContent");
    return call->stream ? STR(":streamGenerateContent?alt=sse") : STR(":generateContent");
}

/* The option's, the installation's, the usual. */
static struct str first_given(struct str option, struct str installation, struct str usual)
{
    if (option.n > 0)
        return option;
    return installation.n > 0 ? installation : usual;
}

static enum err_code gemini_url(const struct provider *p, const struct provider_call *call,
                                struct arena *a, struct str *out, struct err *err)
{
    struct str base, version;
    enum err_code rc = provider_base(p, call, &base, err);

    *out = STR_NULL;
    if (rc != ERR_OK)
        return rc;
    version = first_given(
        json_str_or_null(
            a, provider_option_of(a, call->settings, STR("gemini.version_settings"), call->model)),
        call->gemini_version, STR("v1beta"));
    *out = str_concat(a,
                      (struct str[]){base, STR("/"), version, STR("/models/"),
                                     url_encode(a, call->model), method_of(call)},
                      6);
    return ERR_OK;
}

static void gemini_headers(const struct provider *p UNUSED, const struct provider_call *call,
                           struct arena *a UNUSED, struct provider_headers *out)
{
    provider_add_types(out, call);
    provider_add_header(out, STR("x-goog-api-key"), secret_reveal(call->key));
}

/* ---- the body ---- */

static bool is_pro(struct str model)
{
    return str_starts(model, STR("gemini-2.5-pro"));
}

/* Into the range that the model takes (providers reference 5.6). */
static int64_t clamp_budget(struct str model, int64_t budget)
{
    int64_t low = 0, high = FLASH_MAX;

    if (is_pro(model)) {
        low = PRO_MIN;
        high = PRO_MAX;
    } else if (str_starts(model, STR("gemini-2.5-flash-lite"))) {
        low = LITE_MIN;
    }
    return budget < low ? low : budget > high ? high : budget;
}

/* The API reads both spellings of a member, but each member once: the one that is there. */
static struct str spelling(const struct json *object, struct str camel, struct str snake)
{
    return json_get(object, snake) ? snake : camel;
}

/* A share of the answer's limit; without one the model decides. */
static int64_t usual_budget(const struct provider_call *call, const struct json *config)
{
    struct str key = spelling(config, STR("maxOutputTokens"), STR("max_output_tokens"));
    int64_t limit = json_i64_or(json_get(config, key), 0);
    double share =
        settings_f64(call->settings, STR("gemini.thinking_adapter_budget_tokens_percentage"));

    if (limit <= 0)
        return -1;
    return clamp_budget(call->model, (int64_t)((double)limit * (share > 0 ? share : 0.6)));
}

static struct str thinking_config(const struct provider_call *call, const struct thinking *t,
                                  const struct json *config, struct arena *a)
{
    int64_t budget = t->budget >= 0 ? clamp_budget(call->model, t->budget) : -1;

    if (t->effort.n > 0)
        return str_concat(a,
                          (struct str[]){STR("{\"includeThoughts\":true,\"thinkingLevel\":"),
                                         json_quote(a, t->effort), STR("}")},
                          3);
    if (t->off)
        return is_pro(call->model) ? arena_fmt(a, "{\"thinkingBudget\":%d}", PRO_MIN)
                                   : STR("{\"thinkingBudget\":0}");
    if (budget < 0)
        budget = usual_budget(call, config);
    if (budget < 0)
        return STR("{\"includeThoughts\":true}");
    return arena_fmt(a, "{\"includeThoughts\":true,\"thinkingBudget\":%" PRId64 "}", budget);
}

static bool gemini_edits(const struct provider_call *call)
{
    struct thinking t;

    (void)read_name(call, &t);
    return call->mode == MODE_CHAT && (t.on || t.off || t.effort.n > 0);
}

static void gemini_edit(const struct provider *p UNUSED, const struct provider_call *call,
                        const struct json *body, struct json_patch *patch, struct arena *a)
{
    struct str key = spelling(body, STR("generationConfig"), STR("generation_config"));
    const struct json *config = json_get(body, key);
    struct thinking t;
    struct str text;

    (void)read_name(call, &t);
    text = thinking_config(call, &t, config, a);
    if (json_is(config, JSON_OBJECT))
        json_patch_set(patch, config,
                       spelling(config, STR("thinkingConfig"), STR("thinking_config")), text);
    else
        json_patch_set(
            patch, body, key,
            str_concat(a, (struct str[]){STR("{\"thinkingConfig\":"), text, STR("}")}, 3));
}

/* ---- what a translated request gets beside what it says ---- */

static struct str safety_settings(const struct provider_call *call, struct arena *a)
{
    static const struct str categories[] = {
        STR_INIT("HARM_CATEGORY_HARASSMENT"), STR_INIT("HARM_CATEGORY_HATE_SPEECH"),
        STR_INIT("HARM_CATEGORY_SEXUALLY_EXPLICIT"), STR_INIT("HARM_CATEGORY_DANGEROUS_CONTENT")};
    const struct json *option = settings_json(a, call->settings, STR("gemini.safety_settings"));
    struct json_writer w;
    struct str text;
    struct sb sb;

    sb_init(&sb, SAFETY_LIMIT);
    jw_init(&w, &sb);
    jw_array(&w);
    for (size_t i = 0; i < ARRAY_LEN(categories); i++) {
        struct str threshold = json_str_or_null(a, provider_entry(option, categories[i]));

        jw_object(&w);
        jw_key_str(&w, STR("category"), categories[i]);
        jw_key_str(&w, STR("threshold"), first_given(threshold, call->gemini_safety, STR("OFF")));
        jw_end(&w);
    }
    jw_end(&w);
    text = sb_failed(&sb) ? STR_NULL : str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

static void gemini_adapt(const struct provider *p UNUSED, const struct provider_call *call,
                         struct chat_request *r, struct request_conf *conf)
{
    conf->safety_settings = safety_settings(call, conf->arena);
    if (r->modalities.n == 0 &&
        provider_option_lists(conf->arena, call->settings, STR("gemini.supported_imagine_models"),
                              call->model))
        r->modalities = STR("[\"text\",\"image\"]");
}

const struct provider provider_gemini = {
    .type = 24,
    .name = STR_INIT("google gemini"),
    .base_url = STR_INIT("https://generativelanguage.googleapis.com"),
    .modes = 1u << MODE_CHAT | 1u << MODE_COUNT_TOKENS | 1u << MODE_EMBEDDINGS | 1u << MODE_IMAGES,
    .dialects = 1u << DIALECT_GEMINI,
    .dialect = DIALECT_GEMINI,
    .needs_media = true,
    .counts_images = true,
    .url = gemini_url,
    .headers = gemini_headers,
    .model_name = gemini_model_name,
    .edits = gemini_edits,
    .edit = gemini_edit,
    .adapt = gemini_adapt,
};

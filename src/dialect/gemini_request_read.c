/*
 * A request of a Gemini client: the body's members, except contents and tools, which have files of
 * their own. The model and whether a stream is wanted stand in the URL: the relay sets them.
 */
#include "dialect/gemini.h"

/* ---- members without a place ---- */

static bool is_known(struct str name, const struct str *known, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(name, known[i]))
            return true;
    }
    return false;
}

void gemini_read_extras(struct gemini_reading *g, const struct json *object, const char *prefix,
                        const struct str *known, size_t count)
{
    JSON_EACH_MEMBER (key, value, object) {
        struct str name = gemini_camel(g->a, json_str_or_null(g->a, key));

        if (is_known(name, known, count) || json_is(value, JSON_NULL))
            continue;
        if (*prefix)
            name = str_concat(g->a, (struct str[]){str_from(prefix), STR("."), name}, 3);
        chat_add_extra(g->a, g->r, name, json_raw(value));
    }
}

/* ---- generationConfig ---- */

/* A number as its JSON text; proto3's JSON form allows it in quotes, too. */
static bool number_of(struct arena *a, const struct json *value, struct str *raw)
{
    double number;

    *raw = json_raw(value);
    if (json_is(value, JSON_STRING)) {
        const struct json *inner;

        if (!json_str(a, value, raw) || json_read(a, *raw, 1, &inner, NULL) != ERR_OK)
            return false;
        value = inner;
    }
    return json_f64(value, &number);
}

static enum err_code wrong(struct gemini_reading *g, const char *name, const char *what)
{
    return err_set(g->err, ERR_BAD_REQUEST, "generationConfig.%s must be %s", name, what);
}

static enum err_code read_numbers(struct gemini_reading *g, const struct json *config)
{
    struct chat_request *r = g->r;
    const struct {
        const char *name;
        struct str *to;
    } rows[] = {
        {"temperature", &r->temperature},
        {"topP", &r->top_p},
        {"topK", &r->top_k},
        {"seed", &r->seed},
        {"presencePenalty", &r->presence_penalty},
        {"frequencyPenalty", &r->frequency_penalty},
        {"logprobs", &r->top_logprobs},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct json *value = gemini_get(config, str_from(rows[i].name));

        if (value && !number_of(g->a, value, rows[i].to))
            return wrong(g, rows[i].name, "a number");
    }
    return ERR_OK;
}

static bool count_of(struct arena *a, const struct json *value, int64_t *out)
{
    struct str raw;
    const struct json *number;

    return number_of(a, value, &raw) && json_read(a, raw, 1, &number, NULL) == ERR_OK &&
           json_i64(number, out);
}

static enum err_code read_counts(struct gemini_reading *g, const struct json *config)
{
    const struct {
        const char *name;
        int64_t *to;
    } rows[] = {{"maxOutputTokens", &g->r->max_tokens}, {"candidateCount", &g->r->n}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct json *value = gemini_get(config, str_from(rows[i].name));

        if (value && (!count_of(g->a, value, rows[i].to) || *rows[i].to < 0))
            return wrong(g, rows[i].name, "a whole number that is not negative");
    }
    return ERR_OK;
}

static enum err_code read_stop(struct gemini_reading *g, const struct json *config)
{
    const struct json *list = gemini_get(config, STR("stopSequences"));
    struct chat_request *r = g->r;

    if (!list)
        return ERR_OK;
    if (!json_is(list, JSON_ARRAY))
        return wrong(g, "stopSequences", "a list of strings");
    r->stop = arena_new_array(g->a, struct str, json_count(list));
    JSON_EACH (item, list) {
        if (!json_str(g->a, item, &r->stop[r->stop_count++]))
            return wrong(g, "stopSequences", "a list of strings");
    }
    return ERR_OK;
}

/* ["TEXT","IMAGE"] -> ["text","image"] */
static enum err_code read_modalities(struct gemini_reading *g, const struct json *config)
{
    const struct json *list = gemini_get(config, STR("responseModalities"));
    CLEANUP(sb_finip) struct sb sb;
    struct json_writer w;

    sb_init(&sb, GEMINI_BUILD_LIMIT);
    if (!list)
        return ERR_OK;
    if (!json_is(list, JSON_ARRAY))
        return wrong(g, "responseModalities", "a list of strings");
    jw_init(&w, &sb);
    jw_array(&w);
    JSON_EACH (item, list) {
        struct str name;

        if (!json_str(g->a, item, &name))
            return wrong(g, "responseModalities", "a list of strings");
        jw_str(&w, str_lower(g->a, name));
    }
    jw_end(&w);
    g->r->modalities = str_dup(g->a, sb_str(&sb));
    return ERR_OK;
}

/* responseMimeType and the schema: a type that is neither text nor JSON ("text/x.enum") is known to
 * this dialect only. */
static enum err_code read_format(struct gemini_reading *g, const struct json *config)
{
    const struct json *mime = gemini_get(config, STR("responseMimeType"));
    const struct json *json_schema = gemini_get(config, STR("responseJsonSchema"));
    const struct json *schema = gemini_get(config, STR("responseSchema"));
    struct chat_request *r = g->r;
    struct str type = STR_NULL;

    if (mime && !json_str(g->a, mime, &type))
        return wrong(g, "responseMimeType", "a string");
    if (type.n > 0 && !str_eq(type, STR("application/json")) && !str_eq(type, STR("text/plain"))) {
        chat_add_extra(g->a, r, STR("generationConfig.responseMimeType"), json_raw(mime));
        if (schema)
            chat_add_extra(g->a, r, STR("generationConfig.responseSchema"), json_raw(schema));
        return ERR_OK;
    }
    if ((schema && !json_is(schema, JSON_OBJECT)) ||
        (json_schema && !json_is(json_schema, JSON_OBJECT)))
        return wrong(g, schema ? "responseSchema" : "responseJsonSchema", "an object");
    if (json_schema || schema) {
        r->format = CHAT_FORMAT_SCHEMA;
        r->schema = json_schema ? json_raw(json_schema) : gemini_schema_read(g->a, schema);
    } else if (type.n > 0) {
        r->format = str_eq(type, STR("text/plain")) ? CHAT_FORMAT_TEXT : CHAT_FORMAT_JSON;
    }
    return ERR_OK;
}

static enum err_code read_thinking(struct gemini_reading *g, const struct json *config)
{
    static const struct str known[] = {STR_INIT("thinkingBudget"), STR_INIT("thinkingLevel"),
                                       STR_INIT("includeThoughts")};
    const struct json *thinking = gemini_get(config, STR("thinkingConfig"));
    const struct json *budget = gemini_get(thinking, known[0]);
    const struct json *level = gemini_get(thinking, known[1]);
    const struct json *include = gemini_get(thinking, known[2]);
    struct chat_reasoning *out = &g->r->reasoning;
    bool visible;

    if (thinking && !json_is(thinking, JSON_OBJECT))
        return wrong(g, "thinkingConfig", "an object");
    if (budget) {
        if (!count_of(g->a, budget, &out->budget) || out->budget < -1)
            return wrong(g, "thinkingConfig.thinkingBudget", "a whole number from -1 on");
        out->enabled = out->budget == 0 ? CHAT_NO : CHAT_YES;
    }
    if (level) {
        if (!json_str(g->a, level, &out->effort))
            return wrong(g, "thinkingConfig.thinkingLevel", "a string");
        out->effort = str_lower(g->a, out->effort);
        if (str_eq(out->effort, STR("thinking_level_unspecified")))
            out->effort = STR_NULL;
        else
            out->enabled = CHAT_YES;
    }
    if (include) {
        if (!json_bool(include, &visible))
            return wrong(g, "thinkingConfig.includeThoughts", "true or false");
        out->visible = visible ? CHAT_YES : CHAT_NO;
    }
    gemini_read_extras(g, thinking, "generationConfig.thinkingConfig", known, ARRAY_LEN(known));
    return ERR_OK;
}

static enum err_code read_logprobs(struct gemini_reading *g, const struct json *config)
{
    const struct json *value = gemini_get(config, STR("responseLogprobs"));
    bool wanted;

    if (!value)
        return ERR_OK;
    if (!json_bool(value, &wanted))
        return wrong(g, "responseLogprobs", "true or false");
    g->r->logprobs = wanted ? CHAT_YES : CHAT_NO;
    return ERR_OK;
}

enum err_code gemini_read_config(struct gemini_reading *g, const struct json *config)
{
    static const struct str known[] = {
        STR_INIT("temperature"),
        STR_INIT("topP"),
        STR_INIT("topK"),
        STR_INIT("seed"),
        STR_INIT("presencePenalty"),
        STR_INIT("frequencyPenalty"),
        STR_INIT("logprobs"),
        STR_INIT("maxOutputTokens"),
        STR_INIT("candidateCount"),
        STR_INIT("stopSequences"),
        STR_INIT("responseModalities"),
        STR_INIT("responseMimeType"),
        STR_INIT("responseSchema"),
        STR_INIT("responseJsonSchema"),
        STR_INIT("thinkingConfig"),
        STR_INIT("responseLogprobs"),
    };
    static enum err_code (*const steps[])(struct gemini_reading *, const struct json *) = {
        read_numbers,    read_counts, read_stop,     read_logprobs,
        read_modalities, read_format, read_thinking,
    };

    if (!config)
        return ERR_OK;
    if (!json_is(config, JSON_OBJECT))
        return err_set(g->err, ERR_BAD_REQUEST, "generationConfig must be an object");
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        enum err_code rc = steps[i](g, config);

        if (rc != ERR_OK)
            return rc;
    }
    gemini_read_extras(g, config, "generationConfig", known, ARRAY_LEN(known));
    return ERR_OK;
}

/* ---- the body ---- */

enum err_code gemini_read_request(struct arena *a, const struct json *body,
                                  struct chat_request *out, struct loss_list *losses,
                                  struct err *err)
{
    static const struct str known[] = {STR_INIT("model"),      STR_INIT("systemInstruction"),
                                       STR_INIT("contents"),   STR_INIT("tools"),
                                       STR_INIT("toolConfig"), STR_INIT("generationConfig")};
    struct gemini_reading g = {.a = a, .r = out, .losses = losses, .err = err};
    enum err_code rc;

    *out = (struct chat_request){.dialect = DIALECT_GEMINI, .reasoning = {.budget = -1}};
    if (!json_is(body, JSON_OBJECT))
        return err_set(err, ERR_BAD_REQUEST, "the request must be an object");
    out->model = json_str_or_null(a, json_get(body, STR("model")));
    rc = gemini_read_contents(&g, body);
    if (rc == ERR_OK)
        rc = gemini_read_tools(&g, body);
    if (rc == ERR_OK)
        rc = gemini_read_config(&g, gemini_get(body, STR("generationConfig")));
    if (rc != ERR_OK)
        return rc;
    gemini_read_extras(&g, body, "", known, ARRAY_LEN(known));
    chat_link_results(out);
    return ERR_OK;
}

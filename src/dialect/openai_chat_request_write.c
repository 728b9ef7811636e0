#include "dialect/openai_chat.h"

enum { STOP_MAX = 4, LOW_BUDGET = 2048, MEDIUM_BUDGET = 8192 };

/* OpenAI's two dialects have the same words for these; other dialects use the names for other
 * things. */
static bool is_openai(const struct openai_request_writer *wr)
{
    return wr->own || wr->r->dialect == DIALECT_OPENAI_RESPONSES;
}

/* ---- members of one value ---- */

static void write_string(struct openai_request_writer *wr, struct str name, struct str value)
{
    if (value.n > 0)
        jw_key_str(&wr->w, name, value);
}

static void write_raw(struct openai_request_writer *wr, struct str name, struct str raw)
{
    if (raw.n > 0)
        jw_key_raw(&wr->w, name, raw);
}

static void write_stream(struct openai_request_writer *wr)
{
    if (!wr->r->stream)
        return;
    jw_key_bool(&wr->w, STR("stream"), true);
    if (wr->own && !wr->r->include_usage)
        return;
    /* The other dialects' streams always tell the usage. */
    jw_key(&wr->w, STR("stream_options"));
    jw_object(&wr->w);
    jw_key_bool(&wr->w, STR("include_usage"), true);
    jw_end(&wr->w);
}

static void write_limits(struct openai_request_writer *wr)
{
    const struct chat_request *r = wr->r;

    if (r->max_tokens > 0)
        jw_key_i64(&wr->w, r->completion_tokens ? STR("max_completion_tokens") : STR("max_tokens"),
                   r->max_tokens);
    if (r->n > 0)
        jw_key_i64(&wr->w, STR("n"), r->n);
}

static void write_sampling(struct openai_request_writer *wr)
{
    const struct chat_request *r = wr->r;

    write_raw(wr, STR("temperature"), r->temperature);
    write_raw(wr, STR("top_p"), r->top_p);
    write_raw(wr, STR("top_k"), r->top_k);
    write_raw(wr, STR("frequency_penalty"), r->frequency_penalty);
    write_raw(wr, STR("presence_penalty"), r->presence_penalty);
    write_raw(wr, STR("seed"), r->seed);
    write_raw(wr, STR("logit_bias"), r->logit_bias);
    if (r->logprobs != CHAT_UNSET)
        jw_key_bool(&wr->w, STR("logprobs"), r->logprobs == CHAT_YES);
    write_raw(wr, STR("top_logprobs"), r->top_logprobs);
}

/* Blank ones are refused by strict servers, and more than four by OpenAI. */
static size_t count_stops(const struct openai_request_writer *wr)
{
    const struct chat_request *r = wr->r;
    size_t n = 0;

    for (size_t i = 0; i < r->stop_count; i++)
        n += wr->own || r->stop[i].n > 0;
    return wr->own || n < STOP_MAX ? n : STOP_MAX;
}

static void write_stop(struct openai_request_writer *wr)
{
    const struct chat_request *r = wr->r;
    size_t due = count_stops(wr);

    if (due < r->stop_count)
        loss_add(wr->conf->losses, STR("stop"));
    if (due == 0)
        return;
    jw_key(&wr->w, STR("stop"));
    jw_array(&wr->w);
    for (size_t i = 0; i < r->stop_count && due > 0; i++) {
        if (!wr->own && r->stop[i].n == 0)
            continue;
        jw_str(&wr->w, r->stop[i]);
        due--;
    }
    jw_end(&wr->w);
}

/* ---- the form of the answer ---- */

static void write_schema(struct openai_request_writer *wr)
{
    const struct chat_request *r = wr->r;

    jw_key_str(&wr->w, STR("type"), STR("json_schema"));
    jw_key(&wr->w, STR("json_schema"));
    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("name"), r->schema_name.n > 0 ? r->schema_name : STR("response"));
    write_string(wr, STR("description"), r->schema_description);
    jw_key_raw(&wr->w, STR("schema"), r->schema);
    write_raw(wr, STR("strict"), r->schema_strict);
    jw_end(&wr->w);
}

static void write_format(struct openai_request_writer *wr)
{
    enum chat_format format = wr->r->format;

    if (format == CHAT_FORMAT_UNSET || (format == CHAT_FORMAT_TEXT && !wr->own))
        return;
    jw_key(&wr->w, STR("response_format"));
    jw_object(&wr->w);
    if (format == CHAT_FORMAT_SCHEMA)
        write_schema(wr);
    else
        jw_key_str(&wr->w, STR("type"),
                   format == CHAT_FORMAT_JSON ? STR("json_object") : STR("text"));
    jw_end(&wr->w);
}

/* ---- reasoning ---- */

static struct str effort_of(const struct chat_reasoning *reasoning)
{
    if (reasoning->effort.n > 0 || reasoning->budget <= 0)
        return reasoning->effort;
    if (reasoning->budget <= LOW_BUDGET)
        return STR("low");
    return reasoning->budget <= MEDIUM_BUDGET ? STR("medium") : STR("high");
}

/* OpenRouter's {effort | max_tokens, enabled, exclude}. */
static void write_reasoning_object(struct openai_request_writer *wr)
{
    const struct chat_reasoning *reasoning = &wr->r->reasoning;
    struct json_writer *w = &wr->w;

    jw_key(w, STR("reasoning"));
    jw_object(w);
    write_string(wr, STR("effort"), reasoning->effort);
    if (reasoning->budget >= 0)
        jw_key_i64(w, STR("max_tokens"), reasoning->budget);
    if (reasoning->enabled != CHAT_UNSET && reasoning->effort.n == 0)
        jw_key_bool(w, STR("enabled"), reasoning->enabled == CHAT_YES);
    if (reasoning->visible != CHAT_UNSET)
        jw_key_bool(w, STR("exclude"), reasoning->visible == CHAT_NO);
    write_string(wr, STR("summary"), reasoning->summary);
    jw_end(w);
}

static struct str thinking_type(const struct chat_reasoning *reasoning)
{
    if (reasoning->enabled == CHAT_NO)
        return STR("disabled");
    if (reasoning->adaptive)
        return reasoning->enabled == CHAT_YES ? STR("adaptive") : STR("auto");
    return reasoning->enabled == CHAT_YES ? STR("enabled") : STR_NULL;
}

static void write_thinking(struct openai_request_writer *wr)
{
    const struct chat_reasoning *reasoning = &wr->r->reasoning;
    struct str type = thinking_type(reasoning);
    struct json_writer *w = &wr->w;

    write_string(wr, STR("reasoning_effort"), reasoning->effort);
    if (type.n == 0)
        return;
    jw_key(w, STR("thinking"));
    jw_object(w);
    jw_key_str(w, STR("type"), type);
    if (reasoning->budget > 0)
        jw_key_i64(w, STR("budget_tokens"), reasoning->budget);
    jw_end(w);
}

static void write_effort(struct openai_request_writer *wr)
{
    const struct chat_reasoning *reasoning = &wr->r->reasoning;
    struct str effort = effort_of(reasoning);

    write_string(wr, STR("reasoning_effort"), effort);
    if (reasoning->enabled == CHAT_NO && effort.n == 0) /* "none" is not known to all models */
        loss_add(wr->conf->losses, STR("reasoning_effort"));
    if (reasoning->summary.n > 0)
        loss_add(wr->conf->losses, STR("reasoning.summary"));
}

static void write_reasoning(struct openai_request_writer *wr)
{
    struct str member = wr->r->reasoning.member;

    if (str_eq(member, STR("reasoning")))
        write_reasoning_object(wr);
    else if (str_eq(member, STR("thinking")))
        write_thinking(wr);
    else
        write_effort(wr);
}

/* ---- the rest ---- */

static void write_openai_only(struct openai_request_writer *wr)
{
    const struct chat_request *r = wr->r;
    const struct {
        struct str name, value;
        bool is_raw;
    } rows[] = {
        {STR("service_tier"), r->service_tier, false},
        {STR("prompt_cache_key"), r->cache_key, false},
        {STR("metadata"), r->metadata, true},
        {STR("store"), r->store, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].value.n == 0)
            continue;
        if (!is_openai(wr))
            loss_add(wr->conf->losses, rows[i].name);
        else if (rows[i].is_raw)
            jw_key_raw(&wr->w, rows[i].name, rows[i].value);
        else
            jw_key_str(&wr->w, rows[i].name, rows[i].value);
    }
}

static void write_extras(struct openai_request_writer *wr)
{
    for (const struct chat_extra *extra = wr->r->extras; extra; extra = extra->next) {
        if (wr->own)
            jw_key_raw(&wr->w, extra->name, extra->raw);
        else
            loss_add(wr->conf->losses, extra->name);
    }
}

enum err_code openai_write_request(const struct request_conf *conf, const struct chat_request *r,
                                   struct sb *out, struct err *err)
{
    struct openai_request_writer wr = {
        .conf = conf, .r = r, .err = err, .own = r->dialect == DIALECT_OPENAI_CHAT};
    enum err_code rc;

    if (!r->messages)
        return err_set(err, ERR_BAD_REQUEST, "messages: there is nothing to send");
    jw_init(&wr.w, out);
    jw_object(&wr.w);
    jw_key_str(&wr.w, STR("model"), r->model);
    write_stream(&wr);
    rc = openai_write_messages(&wr);
    if (rc != ERR_OK)
        return rc;
    openai_write_tools(&wr);
    write_limits(&wr);
    write_sampling(&wr);
    write_stop(&wr);
    write_format(&wr);
    write_reasoning(&wr);
    write_string(&wr, STR("verbosity"), r->verbosity);
    write_string(&wr, STR("user"), wr.own ? r->user : chat_short_user(conf->arena, r->user));
    write_raw(&wr, STR("modalities"), r->modalities);
    write_raw(&wr, STR("audio"), r->audio);
    write_raw(&wr, STR("prediction"), r->prediction);
    write_openai_only(&wr);
    write_extras(&wr);
    jw_end(&wr.w);
    return ERR_OK;
}

/*
 * Anthropic: the Claude models under their own address.
 *
 * Source: providers reference 4.1-4.2 (headers, limits), 1.9 (thinking); relay reference 9.4, 12.3,
 * 12.4.
 */
#include "base/json_write.h"
#include "base/text.h"
#include "dialect/answer_tool.h"
#include "provider/provider_parts.h"

/* What a request gets that names no limit and whose model has none in the options. */
enum { DEFAULT_MAX_TOKENS = 8192, THINKING_MIN_TOKENS = 1280 };

/* Of the names in a client's anthropic-beta, each of which is looked for among the others. */
enum { CLIENT_BETAS_MAX = 100 };

static const struct str efforts[] = {STR_INIT("max"), STR_INIT("xhigh"),  STR_INIT("high"),
                                     STR_INIT("low"), STR_INIT("medium"), STR_INIT("minimal")};
static const struct str thinking_suffix = STR_INIT("-thinking");

/* Models that think as long as they want, and take an effort instead of a budget. */
static bool is_adaptive(struct str model)
{
    static const struct str names[] = {
        STR_INIT("claude-opus-4-6"),   STR_INIT("claude-opus-4-7"), STR_INIT("claude-opus-4-8"),
        STR_INIT("claude-sonnet-4-6"), STR_INIT("claude-opus-5"),   STR_INIT("claude-sonnet-5"),
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_starts(model, names[i]))
            return true;
    }
    return false;
}

/* ... and those of them that refuse temperature, top_p and top_k altogether. */
static bool refuses_sampling(struct str model)
{
    return is_adaptive(model) && !str_starts(model, STR("claude-opus-4-6")) &&
           !str_starts(model, STR("claude-sonnet-4-6"));
}

/* These take temperature or top_p, not both. */
static bool samples_one_way(struct str model)
{
    static const struct str names[] = {
        STR_INIT("claude-opus-4-1"),
        STR_INIT("claude-opus-4-5"),
        STR_INIT("claude-sonnet-4-5"),
        STR_INIT("claude-haiku-4-5"),
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_starts(model, names[i]))
            return true;
    }
    return is_adaptive(model);
}

/* Models from before 4.5 know no schema of the answer, and neither do those of others behind
 * Anthropic's API. */
static bool knows_schemas(struct str model)
{
    static const struct str older[] = {
        STR_INIT("claude-2"),          STR_INIT("claude-3"),
        STR_INIT("claude-instant"),    STR_INIT("claude-opus-4-0"),
        STR_INIT("claude-opus-4-1"),   STR_INIT("claude-opus-4-2025"),
        STR_INIT("claude-sonnet-4-0"), STR_INIT("claude-sonnet-4-2025"),
    };

    for (size_t i = 0; i < ARRAY_LEN(older); i++) {
        if (str_starts(model, older[i]))
            return false;
    }
    return str_starts(model, STR("claude-")) && !str_eq(model, STR("claude-opus-4")) &&
           !str_eq(model, STR("claude-sonnet-4"));
}

/* Models from before 3.7 refuse to be asked to think. */
static bool cannot_think(struct str model)
{
    return str_starts(model, STR("claude-2")) || str_starts(model, STR("claude-instant")) ||
           (str_starts(model, STR("claude-3-")) && !str_starts(model, STR("claude-3-7")));
}

/* ---- names ---- */

static bool is_listed(const struct provider_call *call, struct arena *a)
{
    return provider_option_lists(a, call->settings, STR("global.thinking_model_blacklist"),
                                 call->mapped);
}

/* "-thinking" is ours while the option is on. */
static bool has_thinking_suffix(const struct provider_call *call)
{
    return str_ends(call->mapped, thinking_suffix) &&
           settings_bool(call->settings, STR("claude.thinking_adapter_enabled"));
}

static struct str effort_suffix(struct str *model)
{
    struct str name = *model, effort = provider_cut_effort(&name, efforts, ARRAY_LEN(efforts));

    if (effort.n == 0 || !is_adaptive(name))
        return STR_NULL;
    *model = name;
    return effort;
}

static struct str anthropic_model_name(const struct provider_call *call, struct arena *a)
{
    struct str name = call->mapped;

    if (has_thinking_suffix(call) && !is_listed(call, a))
        name.n -= thinking_suffix.n;
    else
        (void)effort_suffix(&name);
    return name;
}

/* ---- address and headers ---- */

/* Clients say beta=true themselves where they need it; some upstreams need it of all. */
static struct str query_of(const struct provider_call *call, struct arena *a)
{
    struct str value;

    if (!call->beta_query || url_query_get(a, call->query, STR("beta"), &value))
        return call->query;
    return call->query.n == 0 ? STR("beta=true")
                              : str_concat(a, (struct str[]){call->query, STR("&beta=true")}, 2);
}

static enum err_code anthropic_url(const struct provider *p, const struct provider_call *call,
                                   struct arena *a, struct str *out, struct err *err)
{
    struct str base;
    enum err_code rc = provider_base(p, call, &base, err);

    if (str_ends(base, STR("/v1")))
        base.n -= 3;
    *out = rc == ERR_OK ? provider_join(a, base, call->path, query_of(call, a)) : STR_NULL;
    return rc;
}

static bool list_has(struct str list, struct str name)
{
    STR_SPLIT_EACH (item, list, ',') {
        if (str_eq(item, name))
            return true;
    }
    return false;
}

static struct str list_add(struct arena *a, struct str list, struct str names)
{
    STR_SPLIT_EACH (name, names, ',') {
        if (list_has(list, name))
            continue;
        list = list.n == 0 ? name : str_concat(a, (struct str[]){list, STR(","), name}, 3);
    }
    return list;
}

static struct str first_names(struct str list, size_t n)
{
    for (size_t i = 0; i < list.n; i++) {
        if (list.p[i] == ',' && --n == 0)
            return str_sub(list, 0, i);
    }
    return list;
}

/* Headers of the option claude.model_headers_settings: {model:{header:[values]}}; anthropic-beta is
 * a list to which the client's and ours are added. */
static void add_configured(const struct provider_call *call, struct arena *a, struct str beta,
                           struct provider_headers *out)
{
    const struct json *own = provider_option_of(
        a, call->settings, STR("claude.model_headers_settings"), call->requested);
    enum { ROOM_FOR_OTHERS = 8 };

    JSON_EACH_MEMBER (key, values, own) {
        struct str name, list = STR_NULL;

        if (!json_str(a, key, &name))
            continue;
        JSON_EACH (value, values)
            list = list_add(a, list, json_str_or_null(a, value));
        if (str_eq_nocase(name, STR("anthropic-beta")))
            beta = list_add(a, beta, list);
        else if (list.n > 0 && out->n < ROOM_FOR_OTHERS)
            provider_add_header(out, name, list);
    }
    if (beta.n > 0)
        provider_add_header(out, STR("anthropic-beta"), beta);
}

static void anthropic_headers(const struct provider *p UNUSED, const struct provider_call *call,
                              struct arena *a, struct provider_headers *out)
{
    struct str key = secret_reveal(call->key);
    struct str beta = list_add(a, STR_NULL, first_names(call->anthropic_beta, CLIENT_BETAS_MAX));

    provider_add_types(out, call);
    if (str_starts(key, STR("sk-ant-oat"))) {
        provider_add_header(out, STR("Authorization"),
                            str_concat(a, (struct str[]){STR("Bearer "), key}, 2));
        beta = list_add(a, beta, STR("oauth-2025-04-20"));
    } else {
        provider_add_header(out, STR("x-api-key"), key);
    }
    provider_add_header(out, STR("anthropic-version"),
                        call->anthropic_version.n ? call->anthropic_version : STR("2023-06-01"));
    add_configured(call, a, beta, out);
}

/* ---- the body ---- */

static int64_t default_max_tokens(const struct provider_call *call, struct arena *a)
{
    int64_t n = json_i64_or(
        provider_option_of(a, call->settings, STR("claude.default_max_tokens"), call->requested),
        DEFAULT_MAX_TOKENS);

    return n > 0 ? n : DEFAULT_MAX_TOKENS;
}

static void set_i64(struct json_patch *patch, const struct json *body, struct str key,
                    struct arena *a, int64_t value)
{
    json_patch_set(patch, body, key, arena_fmt(a, "%" PRId64, value));
}

static void forget_sampling(const struct provider_call *call, const struct json *body,
                            struct json_patch *patch)
{
    provider_drop(call, body, patch, STR("top_p"));
    if (refuses_sampling(call->model)) {
        provider_drop(call, body, patch, STR("temperature"));
        provider_drop(call, body, patch, STR("top_k"));
    } else if (json_get(body, STR("temperature"))) {
        provider_note_loss(call, body, STR("temperature"));
        json_patch_set(patch, body, STR("temperature"), STR("1"));
    }
}

static void set_effort(const struct json *body, struct json_patch *patch, struct arena *a,
                       struct str effort)
{
    const struct json *config = json_get(body, STR("output_config"));
    struct str text = json_quote(a, str_eq(effort, STR("minimal")) ? STR("low") : effort);

    if (json_is(config, JSON_OBJECT))
        json_patch_set(patch, config, STR("effort"), text);
    else
        json_patch_set(patch, body, STR("output_config"),
                       str_concat(a, (struct str[]){STR("{\"effort\":"), text, STR("}")}, 3));
}

static void think_adaptively(const struct provider_call *call, const struct json *body,
                             struct json_patch *patch, struct arena *a, struct str effort)
{
    json_patch_set(patch, body, STR("thinking"),
                   refuses_sampling(call->model)
                       ? STR("{\"type\":\"adaptive\",\"display\":\"summarized\"}")
                       : STR("{\"type\":\"adaptive\"}"));
    set_effort(body, patch, a, effort);
    forget_sampling(call, body, patch);
}

/* A budget of a share of the limit, which is at least what makes one possible. */
static void think_within_budget(const struct provider_call *call, const struct json *body,
                                struct json_patch *patch, struct arena *a)
{
    double share =
        settings_f64(call->settings, STR("claude.thinking_adapter_budget_tokens_percentage"));
    int64_t limit = json_i64_or(json_get(body, STR("max_tokens")), default_max_tokens(call, a));
    int64_t budget;

    if (limit < THINKING_MIN_TOKENS)
        limit = THINKING_MIN_TOKENS;
    budget = (int64_t)((double)limit * (share > 0 && share < 1 ? share : 0.8));
    set_i64(patch, body, STR("max_tokens"), a, limit);
    json_patch_set(patch, body, STR("thinking"),
                   arena_fmt(a, "{\"type\":\"enabled\",\"budget_tokens\":%" PRId64 "}", budget));
    provider_note_loss(call, body, STR("temperature"));
    json_patch_set(patch, body, STR("temperature"), STR("1"));
    provider_drop(call, body, patch, STR("top_p"));
    provider_drop(call, body, patch, STR("top_k"));
}

static bool anthropic_edits(const struct provider_call *call)
{
    struct str name = call->mapped;

    return call->mode == MODE_CHAT && (has_thinking_suffix(call) || effort_suffix(&name).n > 0 ||
                                       (call->max_tokens == 0 && !call->translated) ||
                                       (call->translated && refuses_sampling(call->model)));
}

static void anthropic_edit(const struct provider *p UNUSED, const struct provider_call *call,
                           const struct json *body, struct json_patch *patch, struct arena *a)
{
    struct str name = call->mapped, effort = effort_suffix(&name);

    if (!json_get(body, STR("max_tokens")))
        set_i64(patch, body, STR("max_tokens"), a, default_max_tokens(call, a));
    if (has_thinking_suffix(call) && !is_listed(call, a) &&
        (call->translated || !json_get(body, STR("thinking")))) {
        if (is_adaptive(call->model))
            think_adaptively(call, body, patch, a, STR("high"));
        else
            think_within_budget(call, body, patch, a);
    } else if (effort.n > 0) {
        think_adaptively(call, body, patch, a, effort);
    } else if (call->translated && refuses_sampling(call->model)) {
        forget_sampling(call, body, patch);
    }
}

static bool is_one(struct str number)
{
    double value;

    return str_to_f64(number, &value) && value >= 1 && value <= 1;
}

/* Of two numbers, one that is the default is not missed; else the temperature says more. */
static void sample_one_way(struct chat_request *r, struct request_conf *conf)
{
    if (r->temperature.n == 0 || r->top_p.n == 0)
        return;
    if (is_one(r->temperature)) {
        r->temperature = STR_NULL;
        return;
    }
    if (!is_one(r->top_p))
        loss_add(conf->losses, STR("top_p"));
    r->top_p = STR_NULL;
}

/* A model that thinks cannot be made to call a tool. */
static bool may_think(const struct provider_call *call, const struct chat_request *r)
{
    return has_thinking_suffix(call) || provider_wants_reasoning(&r->reasoning);
}

/* The schema as a tool that must be called; where that is not possible, it is told. */
static void ask_for_schema(const struct provider_call *call, struct chat_request *r,
                           struct request_conf *conf)
{
    if (r->format != CHAT_FORMAT_SCHEMA || knows_schemas(call->model))
        return;
    conf->tells_schema = may_think(call, r) || !answer_tool_force(conf->arena, r);
}

static void anthropic_adapt(const struct provider *p UNUSED, const struct provider_call *call,
                            struct chat_request *r, struct request_conf *conf)
{
    if (cannot_think(call->model))
        provider_forget_reasoning(r, conf);
    if (samples_one_way(call->model))
        sample_one_way(r, conf);
    ask_for_schema(call, r, conf);
    conf->default_max_tokens = default_max_tokens(call, conf->arena);
    if (is_adaptive(call->model) && r->reasoning.enabled != CHAT_NO)
        r->reasoning.adaptive = r->reasoning.effort.n > 0 || r->reasoning.enabled == CHAT_YES;
}

const struct provider provider_anthropic = {
    .type = 14,
    .name = STR_INIT("claude"),
    .base_url = STR_INIT("https://api.anthropic.com"),
    .modes = 1u << MODE_CHAT | 1u << MODE_COUNT_TOKENS,
    .dialects = 1u << DIALECT_CLAUDE,
    .dialect = DIALECT_CLAUDE,
    .url = anthropic_url,
    .headers = anthropic_headers,
    .model_name = anthropic_model_name,
    .edits = anthropic_edits,
    .edit = anthropic_edit,
    .adapt = anthropic_adapt,
};

/*
 * A request for an upstream that speaks Anthropic's dialect: its members but for messages and
 * tools. What it cannot say is named as a loss.
 */
#include "base/text.h"
#include "dialect/claude.h"

enum {
    DEFAULT_MAX_TOKENS = 8192,
    BUDGET_MIN = 1024, /* the least that the upstream takes */
    BUDGET_HIGH = 4096,
    BUDGET_FREE = 2048, /* thinking is on and nobody says how much */
    BUDGET_LOW_MAX = 2048,
    BUDGET_MEDIUM_MAX = 8192,
    PERCENT_MOST = 90, /* of the answer's tokens, for the efforts above high */
    USER_MAX = 256,
};

/* How the request thinks, in the upstream's words. */
struct plan {
    bool disabled, adaptive;
    int64_t budget;    /* 0: no thinking with a budget */
    struct str effort; /* output_config.effort; empty: none */
    int64_t max_tokens;
};

static void lose_if(struct claude_writer *cw, bool lost, const char *name)
{
    if (lost)
        loss_add(cw->losses, str_from(name));
}

static bool is_nonzero(struct str raw)
{
    double value;

    return raw.n > 0 && (!str_to_f64(raw, &value) || value < 0 || value > 0);
}

/* ---- thinking ---- */

static const struct effort {
    struct str name, ours; /* ours: the nearest that output_config.effort knows */
    int64_t budget;        /* 0: a share of the answer's tokens */
} efforts[] = {
    {STR_INIT("minimal"), STR_INIT("low"), BUDGET_MIN},
    {STR_INIT("low"), STR_INIT("low"), 1280},
    {STR_INIT("medium"), STR_INIT("medium"), 2048},
    {STR_INIT("high"), STR_INIT("high"), BUDGET_HIGH},
    {STR_INIT("xhigh"), STR_INIT("xhigh"), 0},
    {STR_INIT("max"), STR_INIT("max"), 0},
};

static const struct effort *effort_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(efforts); i++) {
        if (str_eq(efforts[i].name, name))
            return &efforts[i];
    }
    return NULL;
}

/* The reverse, for models that take no budget. */
static struct str effort_for(int64_t budget)
{
    if (budget <= BUDGET_LOW_MAX)
        return STR("low");
    return budget <= BUDGET_MEDIUM_MAX ? STR("medium") : STR("high");
}

static int64_t budget_of(const struct effort *effort, int64_t max_tokens)
{
    int64_t share = max_tokens / 100 * PERCENT_MOST;

    if (!effort)
        return BUDGET_FREE;
    if (effort->budget > 0)
        return effort->budget;
    return share > BUDGET_HIGH ? share : BUDGET_HIGH;
}

/*
 * With a budget, the last assistant's turn must begin with a signed thought while its calls are
 * being answered. A history that another provider, or no thinking, has made has none.
 */
static bool loop_lacks_thought(const struct chat_request *r)
{
    const struct chat_message *last = NULL, *answered = NULL;

    for (const struct chat_message *m = r->messages; m; m = m->next) {
        if (m->role == CHAT_ASSISTANT)
            last = m;
        if (m->role == CHAT_ASSISTANT || m->role == CHAT_USER)
            answered = m->role == CHAT_ASSISTANT ? NULL : answered;
        if (m->role == CHAT_TOOL)
            answered = m;
    }
    if (!last || !answered)
        return false;
    for (const struct chat_part *part = last->parts.first; part; part = part->next) {
        if (claude_says(part))
            return part->kind != CHAT_PART_REASONING;
    }
    return false;
}

/* Ends the conversation with words that the model shall go on from? Not allowed with thinking. */
static bool ends_with_assistant(const struct chat_request *r)
{
    const struct chat_message *last = NULL;

    for (const struct chat_message *m = r->messages; m; m = m->next) {
        if (m->role != CHAT_SYSTEM && m->role != CHAT_DEVELOPER)
            last = m;
    }
    return last && last->role == CHAT_ASSISTANT;
}

/* A tool may not be forced while the model thinks. What must be called weighs more than how long is
 * thought about it. */
static bool must_call(const struct chat_request *r)
{
    return r->tools && (r->choice == CHAT_CHOICE_REQUIRED || r->choice == CHAT_CHOICE_TOOL);
}

/* What is asked for, before the rules of the upstream are looked at. */
static struct plan wanted(const struct chat_request *r, int64_t max_tokens)
{
    const struct chat_reasoning *think = &r->reasoning;
    const struct effort *effort = effort_of(think->effort);
    bool own = r->dialect == DIALECT_CLAUDE;
    struct plan plan = {.max_tokens = max_tokens};

    if (think->enabled == CHAT_NO || str_eq(think->effort, STR("none")) ||
        (think->budget == 0 && !think->adaptive))
        plan.disabled = true;
    else if (think->adaptive)
        plan.adaptive = true;
    else if (think->budget > 0)
        plan.budget = think->budget < BUDGET_MIN ? BUDGET_MIN : think->budget;
    else if (think->enabled == CHAT_YES || (effort && !own))
        plan.budget = budget_of(effort, max_tokens);
    if ((own || plan.adaptive) && think->effort.n > 0)
        plan.effort = effort ? effort->ours : own ? think->effort : STR_NULL;
    else if (plan.adaptive && think->budget > 0)
        plan.effort = effort_for(think->budget);
    return plan;
}

static struct plan make_plan(struct claude_writer *cw, const struct request_conf *conf)
{
    const struct chat_request *r = cw->r;
    int64_t fallback = conf->default_max_tokens > 0 ? conf->default_max_tokens : DEFAULT_MAX_TOKENS;
    struct plan plan = wanted(r, r->max_tokens > 0 ? r->max_tokens : fallback);

    if (((plan.budget > 0 || plan.adaptive) && must_call(r)) ||
        (plan.budget > 0 && (loop_lacks_thought(r) || ends_with_assistant(r)))) {
        plan.budget = 0;
        plan.adaptive = false;
        loss_add(cw->losses, STR("reasoning_effort"));
    }
    if (plan.budget > INT64_MAX - plan.max_tokens)
        plan.budget = plan.max_tokens - 1;
    if (plan.budget >= plan.max_tokens) /* the answer needs room behind the thoughts */
        plan.max_tokens += plan.budget;
    return plan;
}

static void write_thinking(struct claude_writer *cw, const struct plan *plan)
{
    struct json_writer *w = &cw->w;
    enum chat_tristate visible = cw->r->reasoning.visible;

    if (!plan->disabled && !plan->adaptive && plan->budget == 0)
        return;
    jw_key(w, STR("thinking"));
    jw_object(w);
    jw_key_str(w, STR("type"),
               plan->disabled   ? STR("disabled")
               : plan->adaptive ? STR("adaptive")
                                : STR("enabled"));
    if (plan->budget > 0)
        jw_key_i64(w, STR("budget_tokens"), plan->budget);
    if (!plan->disabled && visible == CHAT_NO)
        jw_key_str(w, STR("display"), STR("omitted"));
    else if (plan->adaptive && visible == CHAT_YES)
        jw_key_str(w, STR("display"), STR("summarized"));
    jw_end(w);
}

/* ---- the form of the answer ---- */

/* The members of output_config that the canonical form has no place for. */
static struct str config_extra(const struct chat_request *r, const struct chat_extra *extra)
{
    const struct str prefix = STR("output_config.");

    if (r->dialect != DIALECT_CLAUDE || !str_starts(extra->name, prefix))
        return STR_NULL;
    return str_skip(extra->name, prefix.n);
}

static bool has_config_extra(const struct chat_request *r)
{
    for (const struct chat_extra *extra = r->extras; extra; extra = extra->next) {
        if (config_extra(r, extra).n > 0)
            return true;
    }
    return false;
}

static void write_format(struct claude_writer *cw)
{
    const struct chat_request *r = cw->r;
    struct json_writer *w = &cw->w;

    jw_key(w, STR("format"));
    jw_object(w);
    jw_key_str(w, STR("type"), STR("json_schema"));
    jw_key_raw(w, STR("schema"),
               r->dialect == DIALECT_CLAUDE ? r->schema : claude_schema(cw->arena, r->schema));
    jw_end(w);
}

static void write_output_config(struct claude_writer *cw, const struct plan *plan)
{
    const struct chat_request *r = cw->r;
    bool format = r->format == CHAT_FORMAT_SCHEMA && r->schema.n > 0 && !cw->tells_schema;

    if (plan->effort.n == 0 && !format && !has_config_extra(r))
        return;
    jw_key(&cw->w, STR("output_config"));
    jw_object(&cw->w);
    if (plan->effort.n > 0)
        jw_key_str(&cw->w, STR("effort"), plan->effort);
    if (format)
        write_format(cw);
    for (const struct chat_extra *extra = r->extras; extra; extra = extra->next) {
        struct str name = config_extra(r, extra);

        if (name.n > 0)
            jw_key_raw(&cw->w, name, extra->raw);
    }
    jw_end(&cw->w);
}

/* ---- sampling ---- */

/* While it thinks, the model takes only what is as good as its defaults. */
static void write_sampling_thinking(struct claude_writer *cw)
{
    const struct chat_request *r = cw->r;
    double value;
    bool plain = str_to_f64(r->temperature, &value) && value >= 1;

    lose_if(cw, r->temperature.n > 0 && !plain, "temperature");
    if (r->temperature.n > 0 && plain)
        jw_key_raw(&cw->w, STR("temperature"), STR("1"));
    plain = str_to_f64(r->top_p, &value) && value >= 0.95 && value <= 1;
    lose_if(cw, r->top_p.n > 0 && !plain, "top_p");
    if (r->top_p.n > 0 && plain)
        jw_key_raw(&cw->w, STR("top_p"), r->top_p);
    lose_if(cw, r->top_k.n > 0, "top_k");
}

static void write_sampling(struct claude_writer *cw, bool thinking)
{
    const struct chat_request *r = cw->r;

    if (thinking) {
        write_sampling_thinking(cw);
        return;
    }
    if (r->temperature.n > 0)
        jw_key_raw(&cw->w, STR("temperature"),
                   chat_number_above(r->temperature, 1) ? STR("1") : r->temperature);
    if (r->top_p.n > 0)
        jw_key_raw(&cw->w, STR("top_p"), r->top_p);
    if (r->top_k.n > 0)
        jw_key_raw(&cw->w, STR("top_k"), r->top_k);
}

/* Blank ones are refused, and would never end anything useful. */
static void write_stop(struct claude_writer *cw)
{
    const struct chat_request *r = cw->r;
    size_t n = 0;

    for (size_t i = 0; i < r->stop_count; i++) {
        if (str_trim(r->stop[i]).n == 0)
            continue;
        if (n++ == 0) {
            jw_key(&cw->w, STR("stop_sequences"));
            jw_array(&cw->w);
        }
        jw_str(&cw->w, r->stop[i]);
    }
    if (n > 0)
        jw_end(&cw->w);
}

/* ---- the rest ---- */

static void write_user(struct claude_writer *cw)
{
    struct str user = cw->r->user;

    if (user.n == 0)
        return;
    if (utf8_count(user) > USER_MAX) {
        loss_add(cw->losses, STR("user"));
        return;
    }
    jw_key(&cw->w, STR("metadata"));
    jw_object(&cw->w);
    jw_key_str(&cw->w, STR("user_id"), user);
    jw_end(&cw->w);
}

static void write_service_tier(struct claude_writer *cw)
{
    struct str tier = cw->r->service_tier;

    if (tier.n == 0)
        return;
    if (str_eq(tier, STR("default")))
        tier = STR("standard_only");
    if (cw->r->dialect == DIALECT_CLAUDE || str_eq(tier, STR("auto")) ||
        str_eq(tier, STR("standard_only")))
        jw_key_str(&cw->w, STR("service_tier"), tier);
    else
        loss_add(cw->losses, STR("service_tier"));
}

static void write_extras(struct claude_writer *cw)
{
    const struct chat_request *r = cw->r;

    for (const struct chat_extra *extra = r->extras; extra; extra = extra->next) {
        if (r->dialect != DIALECT_CLAUDE)
            loss_add(cw->losses, extra->name);
        else if (config_extra(r, extra).n == 0)
            jw_key_raw(&cw->w, extra->name, extra->raw);
    }
}

static void name_losses(struct claude_writer *cw)
{
    const struct chat_request *r = cw->r;
    const struct {
        bool lost;
        const char *name;
    } losses[] = {
        {r->n > 1, "n"},
        {r->seed.n > 0, "seed"},
        {is_nonzero(r->frequency_penalty), "frequency_penalty"},
        {is_nonzero(r->presence_penalty), "presence_penalty"},
        {r->logprobs == CHAT_YES, "logprobs"},
        {is_nonzero(r->top_logprobs), "top_logprobs"},
        {r->logit_bias.n > 0, "logit_bias"},
        {r->verbosity.n > 0, "verbosity"},
        {r->metadata.n > 0, "metadata"},
        {str_eq(r->store, STR("true")), "store"},
        {str_has(r->modalities, STR("\"audio\"")) || str_has(r->modalities, STR("\"image\"")),
         "modalities"},
        {r->audio.n > 0, "audio"},
        {r->prediction.n > 0, "prediction"},
        {r->cache_key.n > 0, "prompt_cache_key"},
    };

    for (size_t i = 0; i < ARRAY_LEN(losses); i++)
        lose_if(cw, losses[i].lost, losses[i].name);
}

enum err_code claude_write_request(const struct request_conf *conf, const struct chat_request *r,
                                   struct sb *out, struct err *err)
{
    struct claude_writer cw = {.arena = conf->arena,
                               .losses = conf->losses,
                               .r = r,
                               .err = err,
                               .tells_schema = conf->tells_schema};
    struct plan plan = make_plan(&cw, conf);
    bool thinking = plan.adaptive || plan.budget > 0;

    jw_init(&cw.w, out);
    jw_object(&cw.w);
    if (r->model.n > 0)
        jw_key_str(&cw.w, STR("model"), r->model);
    jw_key_i64(&cw.w, STR("max_tokens"), plan.max_tokens);
    if (r->stream)
        jw_key_bool(&cw.w, STR("stream"), true);
    claude_write_tools(&cw);
    claude_write_system(&cw);
    TRY(claude_write_messages(&cw));
    write_thinking(&cw, &plan);
    write_output_config(&cw, &plan);
    write_sampling(&cw, thinking);
    write_stop(&cw);
    write_user(&cw);
    write_service_tier(&cw);
    write_extras(&cw);
    jw_end(&cw.w);
    name_losses(&cw);
    if (sb_failed(out))
        return err_set(err, ERR_TOO_LARGE, "the translated request is too large");
    return ERR_OK;
}

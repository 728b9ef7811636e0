#include "provider/openai_rules.h"

#include "base/json_write.h"
#include "provider/provider_parts.h"

static const struct str efforts[] = {STR_INIT("high"),    STR_INIT("medium"), STR_INIT("low"),
                                     STR_INIT("minimal"), STR_INIT("none"),   STR_INIT("xhigh")};

/* gpt-5 and what came after it. */
static bool is_gpt_5(struct str model)
{
    const struct str head = STR("gpt-");

    return str_starts(model, head) && model.n > head.n && model.p[head.n] >= '5' &&
           model.p[head.n] <= '9';
}

/* o1, o3-mini, o4-mini-high: the letter and a digit. */
static bool is_o_series(struct str model)
{
    return model.n >= 2 && model.p[0] == 'o' && model.p[1] >= '1' && model.p[1] <= '9';
}

/* The families that are asked in the new way. */
static bool is_reasoning(struct str model)
{
    return is_o_series(model) || is_gpt_5(model);
}

/* Models that answer at once, and refuse to be told how much to reason. */
static bool cannot_reason(struct str model)
{
    static const struct str heads[] = {STR_INIT("gpt-3"), STR_INIT("gpt-4"), STR_INIT("chatgpt-"),
                                       STR_INIT("gpt-5-chat")};

    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        if (str_starts(model, heads[i]))
            return true;
    }
    return false;
}

/* The effort in the name before it was cut. */
static struct str effort_of(const struct provider_call *call, struct str name)
{
    if (call->dialect != DIALECT_OPENAI_RESPONSES && !is_reasoning(name))
        return STR_NULL;
    return provider_cut_effort(&name, efforts, ARRAY_LEN(efforts));
}

struct str openai_rules_name(const struct provider_call *call, struct arena *a UNUSED)
{
    struct str name = call->mapped;

    if (call->dialect == DIALECT_OPENAI_RESPONSES || is_reasoning(name))
        (void)provider_cut_effort(&name, efforts, ARRAY_LEN(efforts));
    return name;
}

bool openai_rules_apply(const struct provider_call *call)
{
    return call->mode == MODE_CHAT &&
           (is_reasoning(call->mapped) || effort_of(call, call->mapped).n > 0);
}

/* max_tokens is refused; its successor is its equal. */
static void rename_limit(const struct json *body, struct json_patch *patch)
{
    const struct json *old = json_get(body, STR("max_tokens"));

    if (!old)
        return;
    if (!json_get(body, STR("max_completion_tokens")) && !json_is(old, JSON_NULL))
        json_patch_set(patch, body, STR("max_completion_tokens"), json_raw(old));
    json_patch_delete(patch, body, STR("max_tokens"));
}

/* A first message of the system is the developer's, but for the two models before that word. */
static void rename_role(const struct provider_call *call, const struct json *body,
                        struct json_patch *patch)
{
    const struct json *first = json_at(json_get(body, STR("messages")), 0);

    if (str_starts(call->model, STR("o1-mini")) || str_starts(call->model, STR("o1-preview")))
        return;
    if (json_str_eq(json_get(first, STR("role")), STR("system")))
        json_patch_set(patch, first, STR("role"), STR("\"developer\""));
}

/* What a model that reasons refuses, one that does not, or shall not (`off`), takes. */
static bool takes_samplers(struct str model, bool off)
{
    return cannot_reason(model) || (off && is_gpt_5(model));
}

static bool keeps_samplers(const struct provider_call *call, const struct json *body,
                           struct str effort)
{
    bool off = effort.n > 0 ? str_eq(effort, STR("none"))
                            : json_str_eq(json_get(body, STR("reasoning_effort")), STR("none"));

    return takes_samplers(call->model, off);
}

static void edit_chat(const struct provider_call *call, const struct json *body,
                      struct json_patch *patch, struct str effort)
{
    rename_limit(body, patch);
    rename_role(call, body, patch);
    if (keeps_samplers(call, body, effort))
        return;
    provider_drop(call, body, patch, STR("temperature"));
    if (!is_gpt_5(call->model))
        return;
    provider_drop(call, body, patch, STR("top_p"));
    provider_drop(call, body, patch, STR("logprobs"));
    provider_drop(call, body, patch, STR("top_logprobs"));
}

static void set_effort(const struct provider_call *call, const struct json *body,
                       struct json_patch *patch, struct arena *a, struct str effort)
{
    const struct json *reasoning = json_get(body, STR("reasoning"));
    struct str text = json_quote(a, effort);

    if (call->dialect != DIALECT_OPENAI_RESPONSES)
        json_patch_set(patch, body, STR("reasoning_effort"), text);
    else if (json_is(reasoning, JSON_OBJECT))
        json_patch_set(patch, reasoning, STR("effort"), text);
    else
        json_patch_set(patch, body, STR("reasoning"),
                       str_concat(a, (struct str[]){STR("{\"effort\":"), text, STR("}")}, 3));
}

void openai_rules_edit(const struct provider *p UNUSED, const struct provider_call *call,
                       const struct json *body, struct json_patch *patch, struct arena *a)
{
    struct str effort = effort_of(call, call->mapped);

    if (effort.n > 0)
        set_effort(call, body, patch, a, effort);
    if (call->dialect == DIALECT_OPENAI_CHAT && is_reasoning(call->model))
        edit_chat(call, body, patch, effort);
}

static void lose(struct str *number, const char *name, struct request_conf *conf)
{
    double value;

    if (number->n > 0 && !(str_to_f64(*number, &value) && value >= 1 && value <= 1))
        loss_add(conf->losses, str_from(name));
    *number = STR_NULL;
}

/* The same as edit_chat() for a request that goes out as Responses: its body is not the client's,
 * who may have been served as a chat before. */
static void forget_samplers(const struct provider_call *call, struct chat_request *r,
                            struct request_conf *conf)
{
    struct str effort = effort_of(call, call->mapped);
    bool off = str_eq(effort.n > 0 ? effort : r->reasoning.effort, STR("none"));

    if (takes_samplers(call->model, off))
        return;
    lose(&r->temperature, "temperature", conf);
    if (!is_gpt_5(call->model))
        return;
    lose(&r->top_p, "top_p", conf);
    if (r->logprobs == CHAT_YES)
        loss_add(conf->losses, STR("logprobs"));
    r->logprobs = CHAT_UNSET;
    r->top_logprobs = STR_NULL;
}

void openai_rules_adapt(const struct provider *p UNUSED, const struct provider_call *call,
                        struct chat_request *r, struct request_conf *conf)
{
    if (cannot_reason(call->model))
        provider_forget_reasoning(r, conf);
    if (call->dialect == DIALECT_OPENAI_RESPONSES && is_reasoning(call->model))
        forget_samplers(call, r, conf);
    if (r->top_k.n == 0)
        return;
    loss_add(conf->losses, STR("top_k"));
    r->top_k = STR_NULL;
}

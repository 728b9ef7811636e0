#include "provider/provider_parts.h"

void provider_add_header(struct provider_headers *h, struct str name, struct str value)
{
    assert(h->n < ARRAY_LEN(h->at));
    h->at[h->n].name = name;
    h->at[h->n].value = value;
    h->n++;
}

void provider_add_types(struct provider_headers *h, const struct provider_call *call)
{
    provider_add_header(h, STR("Content-Type"),
                        call->content_type.n ? call->content_type : STR("application/json"));
    if (call->accept.n > 0)
        provider_add_header(h, STR("Accept"), call->accept);
    else if (call->stream)
        provider_add_header(h, STR("Accept"), STR("text/event-stream"));
}

enum err_code provider_base(const struct provider *p, const struct provider_call *call,
                            struct str *out, struct err *err)
{
    *out = str_trim_right_char(call->base_url.n ? call->base_url : p->base_url, '/');
    return out->n > 0 ? ERR_OK : err_set(err, ERR_CHANNEL, "the channel has no base URL");
}

struct str provider_join(struct arena *a, struct str base, struct str path, struct str query)
{
    return str_concat(a, (struct str[]){base, path, query.n > 0 ? STR("?") : STR(""), query}, 4);
}

struct str provider_cut_effort(struct str *model, const struct str *efforts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct str effort = efforts[i], rest = *model;

        if (rest.n < effort.n + 2 || !str_ends(rest, effort))
            continue;
        rest.n -= effort.n;
        if (rest.p[rest.n - 1] != '-')
            continue;
        rest.n--;
        *model = rest;
        return effort;
    }
    return STR_NULL;
}

/* Temperature and top_p are 1 where a request is silent. */
static bool is_usual(struct str name, const struct json *value)
{
    double number;

    return (str_eq(name, STR("temperature")) || str_eq(name, STR("top_p"))) &&
           json_f64(value, &number) && number >= 1 && number <= 1;
}

void provider_note_loss(const struct provider_call *call, const struct json *body, struct str name)
{
    const struct json *value = json_get(body, name);

    if (!call->losses || !value || json_is(value, JSON_NULL) || !json_bool_or(value, true) ||
        is_usual(name, value))
        return;
    loss_add(call->losses, name);
}

void provider_drop(const struct provider_call *call, const struct json *body,
                   struct json_patch *patch, struct str name)
{
    provider_note_loss(call, body, name);
    json_patch_delete(patch, body, name);
}

bool provider_wants_reasoning(const struct chat_reasoning *asked)
{
    return asked->enabled != CHAT_NO && !str_eq(asked->effort, STR("none")) &&
           (asked->enabled == CHAT_YES || asked->effort.n > 0 || asked->budget > 0);
}

void provider_forget_reasoning(struct chat_request *r, struct request_conf *conf)
{
    if (provider_wants_reasoning(&r->reasoning))
        loss_add(conf->losses, STR("reasoning_effort"));
    r->reasoning = (struct chat_reasoning){.budget = -1};
}

const struct json *provider_entry(const struct json *option, struct str name)
{
    const struct json *own = json_get(option, name);

    return own ? own : json_get(option, STR("default"));
}

const struct json *provider_option_of(struct arena *a, const struct settings *s, struct str key,
                                      struct str model)
{
    return provider_entry(settings_json(a, s, key), model);
}

bool provider_option_lists(struct arena *a, const struct settings *s, struct str key,
                           struct str model)
{
    JSON_EACH (name, settings_json(a, s, key)) {
        if (json_str_eq(name, model))
            return true;
    }
    return false;
}

/*
 * A client's request in Anthropic's dialect: its members but for the messages. A member that is not
 * known becomes an extra; null counts as absent, as it does there.
 */
#include "dialect/claude.h"

typedef enum err_code member_fn(struct claude_reader *r, const struct json *body,
                                const struct json *v);

/* ---- typed members ---- */

enum err_code claude_wrong(struct claude_reader *r, struct str path, const char *want)
{
    return err_set(r->err, ERR_BAD_REQUEST, "%.*s must be %s", STR_ARG(path), want);
}

static struct str member_path(struct claude_reader *r, struct str path, const char *name)
{
    if (path.n == 0)
        return str_from(name);
    return arena_fmt(r->arena, "%.*s.%s", STR_ARG(path), name);
}

/* The member, NULL when it is absent or null. */
static const struct json *given(const struct json *object, const char *name)
{
    const struct json *v = json_get(object, str_from(name));

    return json_is(v, JSON_NULL) ? NULL : v;
}

enum err_code claude_take_str(struct claude_reader *r, const struct json *object, struct str path,
                              const char *name, struct str *out)
{
    const struct json *v = given(object, name);

    if (v && !json_str(r->arena, v, out))
        return claude_wrong(r, member_path(r, path, name), "a string");
    return ERR_OK;
}

enum err_code claude_take_i64(struct claude_reader *r, const struct json *object, struct str path,
                              const char *name, int64_t *out)
{
    const struct json *v = given(object, name);
    int64_t value;

    if (!v)
        return ERR_OK;
    if (!json_i64(v, &value) || value < 0)
        return claude_wrong(r, member_path(r, path, name), "a whole number, not below zero");
    *out = value;
    return ERR_OK;
}

enum err_code claude_take_bool(struct claude_reader *r, const struct json *object, struct str path,
                               const char *name, bool *found, bool *out)
{
    const struct json *v = given(object, name);

    *found = v != NULL;
    if (v && !json_bool(v, out))
        return claude_wrong(r, member_path(r, path, name), "true or false");
    return ERR_OK;
}

struct str claude_cache_of(const struct json *object)
{
    const struct json *v = json_get(object, STR("cache_control"));

    return json_is(v, JSON_OBJECT) ? json_raw(v) : STR_NULL;
}

static enum err_code take_object(struct claude_reader *r, const struct json *v, const char *name)
{
    return json_is(v, JSON_OBJECT) ? ERR_OK : claude_wrong(r, str_from(name), "an object");
}

/* ---- scalars ---- */

static enum err_code read_model(struct claude_reader *r, const struct json *body,
                                const struct json *v UNUSED)
{
    return claude_take_str(r, body, STR_NULL, "model", &r->out->model);
}

static enum err_code read_max_tokens(struct claude_reader *r, const struct json *body,
                                     const struct json *v UNUSED)
{
    return claude_take_i64(r, body, STR_NULL, "max_tokens", &r->out->max_tokens);
}

/* Its name before there were messages. */
static enum err_code read_max_to_sample(struct claude_reader *r, const struct json *body,
                                        const struct json *v UNUSED)
{
    int64_t old = 0;

    TRY(claude_take_i64(r, body, STR_NULL, "max_tokens_to_sample", &old));
    if (r->out->max_tokens == 0)
        r->out->max_tokens = old;
    return ERR_OK;
}

static enum err_code read_stream(struct claude_reader *r, const struct json *body,
                                 const struct json *v UNUSED)
{
    bool found;

    return claude_take_bool(r, body, STR_NULL, "stream", &found, &r->out->stream);
}

static enum err_code take_number(struct claude_reader *r, const struct json *v, const char *name,
                                 struct str *out)
{
    if (!json_is(v, JSON_NUMBER))
        return claude_wrong(r, str_from(name), "a number");
    *out = json_raw(v);
    return ERR_OK;
}

static enum err_code read_temperature(struct claude_reader *r, const struct json *body UNUSED,
                                      const struct json *v)
{
    return take_number(r, v, "temperature", &r->out->temperature);
}

static enum err_code read_top_p(struct claude_reader *r, const struct json *body UNUSED,
                                const struct json *v)
{
    return take_number(r, v, "top_p", &r->out->top_p);
}

static enum err_code read_top_k(struct claude_reader *r, const struct json *body UNUSED,
                                const struct json *v)
{
    return take_number(r, v, "top_k", &r->out->top_k);
}

static enum err_code read_service_tier(struct claude_reader *r, const struct json *body,
                                       const struct json *v UNUSED)
{
    return claude_take_str(r, body, STR_NULL, "service_tier", &r->out->service_tier);
}

static enum err_code read_stop(struct claude_reader *r, const struct json *body UNUSED,
                               const struct json *v)
{
    if (!json_is(v, JSON_ARRAY))
        return claude_wrong(r, STR("stop_sequences"), "a list of strings");
    r->out->stop = arena_new_array(r->arena, struct str, json_count(v));
    JSON_EACH (item, v) {
        if (!json_str(r->arena, item, &r->out->stop[r->out->stop_count++]))
            return claude_wrong(r, STR("stop_sequences"), "a list of strings");
    }
    return ERR_OK;
}

static enum err_code read_metadata(struct claude_reader *r, const struct json *body UNUSED,
                                   const struct json *v)
{
    TRY(take_object(r, v, "metadata"));
    return claude_take_str(r, v, STR("metadata"), "user_id", &r->out->user);
}

/* ---- thinking, the form of the answer ---- */

static enum err_code read_thinking(struct claude_reader *r, const struct json *body UNUSED,
                                   const struct json *v)
{
    struct chat_reasoning *think = &r->out->reasoning;
    struct str type = STR_NULL, display = STR_NULL;

    TRY(take_object(r, v, "thinking"));
    TRY(claude_take_str(r, v, STR("thinking"), "type", &type));
    TRY(claude_take_str(r, v, STR("thinking"), "display", &display));
    if (str_eq(type, STR("disabled"))) {
        think->enabled = CHAT_NO;
        return ERR_OK;
    }
    think->adaptive = str_eq(type, STR("adaptive"));
    if (!think->adaptive && !str_eq(type, STR("enabled")))
        return claude_wrong(r, STR("thinking.type"), "enabled, adaptive or disabled");
    think->enabled = CHAT_YES;
    if (display.n > 0 || !think->adaptive)
        think->visible = str_eq(display, STR("omitted")) ? CHAT_NO : CHAT_YES;
    return claude_take_i64(r, v, STR("thinking"), "budget_tokens", &think->budget);
}

static enum err_code read_format(struct claude_reader *r, const struct json *v, const char *path)
{
    const struct json *schema = json_get(v, STR("schema"));

    TRY(take_object(r, v, path));
    if (!json_is(schema, JSON_OBJECT))
        return claude_wrong(r, member_path(r, str_from(path), "schema"), "an object");
    r->out->format = CHAT_FORMAT_SCHEMA;
    r->out->schema = json_raw(schema);
    return ERR_OK;
}

/* What is not known of output_config is an extra under both names. */
static enum err_code read_output_config(struct claude_reader *r, const struct json *body UNUSED,
                                        const struct json *v)
{
    TRY(take_object(r, v, "output_config"));
    TRY(claude_take_str(r, v, STR("output_config"), "effort", &r->out->reasoning.effort));
    if (given(v, "format"))
        TRY(read_format(r, given(v, "format"), "output_config.format"));
    JSON_EACH_MEMBER (key, value, v) {
        struct str name = json_str_or_null(r->arena, key);

        if (str_eq(name, STR("effort")) || str_eq(name, STR("format")))
            continue;
        chat_add_extra(r->arena, r->out,
                       str_concat(r->arena, (struct str[]){STR("output_config."), name}, 2),
                       json_raw(value));
    }
    return ERR_OK;
}

/* Where it stood before output_config. */
static enum err_code read_output_format(struct claude_reader *r, const struct json *body UNUSED,
                                        const struct json *v)
{
    return read_format(r, v, "output_format");
}

/* ---- the parts that have files of their own ---- */

static enum err_code read_system(struct claude_reader *r, const struct json *body UNUSED,
                                 const struct json *v)
{
    return claude_read_system(r, v);
}

static enum err_code read_messages(struct claude_reader *r, const struct json *body UNUSED,
                                   const struct json *v)
{
    return claude_read_messages(r, v);
}

static enum err_code read_tools(struct claude_reader *r, const struct json *body UNUSED,
                                const struct json *v)
{
    return claude_read_tools(r, v);
}

static enum err_code read_tool_choice(struct claude_reader *r, const struct json *body UNUSED,
                                      const struct json *v)
{
    return claude_read_tool_choice(r, v);
}

/* ---- the whole ---- */

/* In the order in which they are read: system before messages, max_tokens before its old name. */
static const struct {
    struct str name;
    member_fn *read;
} members[] = {
    {STR_INIT("model"), read_model},
    {STR_INIT("stream"), read_stream},
    {STR_INIT("max_tokens"), read_max_tokens},
    {STR_INIT("max_tokens_to_sample"), read_max_to_sample},
    {STR_INIT("system"), read_system},
    {STR_INIT("messages"), read_messages},
    {STR_INIT("tools"), read_tools},
    {STR_INIT("tool_choice"), read_tool_choice},
    {STR_INIT("temperature"), read_temperature},
    {STR_INIT("top_p"), read_top_p},
    {STR_INIT("top_k"), read_top_k},
    {STR_INIT("stop_sequences"), read_stop},
    {STR_INIT("thinking"), read_thinking},
    {STR_INIT("output_format"), read_output_format},
    {STR_INIT("output_config"), read_output_config},
    {STR_INIT("metadata"), read_metadata},
    {STR_INIT("service_tier"), read_service_tier},
};

static bool is_member(const struct json *key)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (json_str_eq(key, members[i].name))
            return true;
    }
    return false;
}

enum err_code claude_read_request(struct arena *a, const struct json *body,
                                  struct chat_request *out, struct loss_list *losses,
                                  struct err *err)
{
    struct claude_reader r = {.arena = a, .out = out, .losses = losses, .err = err};

    *out = (struct chat_request){.dialect = DIALECT_CLAUDE,
                                 .include_usage = true, /* every answer here has it */
                                 .reasoning = {.budget = -1}};
    if (!json_is(body, JSON_OBJECT))
        return err_set(err, ERR_BAD_REQUEST, "the body must be an object");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const struct json *v = json_get(body, members[i].name);

        if (v && !json_is(v, JSON_NULL))
            TRY(members[i].read(&r, body, v));
    }
    if (!json_is(json_get(body, STR("messages")), JSON_ARRAY))
        return err_set(err, ERR_BAD_REQUEST, "messages is required");
    JSON_EACH_MEMBER (key, value, body) {
        if (!is_member(key))
            chat_add_extra(a, out, json_str_or_null(a, key), json_raw(value));
    }
    chat_link_results(out);
    return ERR_OK;
}

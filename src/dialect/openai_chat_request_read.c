/*
 * The top of a chat request: one table of its members. They are looked up first and read in the
 * order of the table, so that the newer of two names for the same thing wins wherever it stands.
 */
#include "dialect/openai_chat.h"

struct row;
typedef enum err_code read_fn(struct openai_request_reader *rd, const struct row *row,
                              const struct json *v);

struct row {
    struct str name;
    read_fn *read;
    size_t at; /* of the member of chat_request, for the readers of one value */
};

static enum err_code wrong(struct openai_request_reader *rd, const struct row *row,
                           const char *what)
{
    return err_set(rd->err, ERR_BAD_REQUEST, "%.*s must be %s", STR_ARG(row->name), what);
}

static void *place(struct openai_request_reader *rd, const struct row *row)
{
    return (char *)rd->r + row->at;
}

/* ---- one value ---- */

static enum err_code read_raw(struct openai_request_reader *rd, const struct row *row,
                              const struct json *v, enum json_type type, const char *what)
{
    if (!json_is(v, type))
        return wrong(rd, row, what);
    *(struct str *)place(rd, row) = json_raw(v);
    return ERR_OK;
}

static enum err_code read_number(struct openai_request_reader *rd, const struct row *row,
                                 const struct json *v)
{
    return read_raw(rd, row, v, JSON_NUMBER, "a number");
}

static enum err_code read_object(struct openai_request_reader *rd, const struct row *row,
                                 const struct json *v)
{
    return read_raw(rd, row, v, JSON_OBJECT, "an object");
}

static enum err_code read_array(struct openai_request_reader *rd, const struct row *row,
                                const struct json *v)
{
    return read_raw(rd, row, v, JSON_ARRAY, "a list");
}

static enum err_code read_raw_bool(struct openai_request_reader *rd, const struct row *row,
                                   const struct json *v)
{
    return read_raw(rd, row, v, JSON_BOOL, "true or false");
}

static enum err_code read_string(struct openai_request_reader *rd, const struct row *row,
                                 const struct json *v)
{
    return json_str(rd->a, v, place(rd, row)) ? ERR_OK : wrong(rd, row, "a string");
}

static enum err_code read_bool(struct openai_request_reader *rd, const struct row *row,
                               const struct json *v)
{
    return json_bool(v, place(rd, row)) ? ERR_OK : wrong(rd, row, "true or false");
}

static enum err_code read_tristate(struct openai_request_reader *rd, const struct row *row,
                                   const struct json *v)
{
    bool value;

    if (!json_bool(v, &value))
        return wrong(rd, row, "true or false");
    *(enum chat_tristate *)place(rd, row) = value ? CHAT_YES : CHAT_NO;
    return ERR_OK;
}

static enum err_code read_count(struct openai_request_reader *rd, const struct row *row,
                                const struct json *v)
{
    int64_t value;

    if (!json_i64(v, &value) || value < 0)
        return wrong(rd, row, "a whole number that is not negative");
    *(int64_t *)place(rd, row) = value;
    return ERR_OK;
}

/* ---- the others ---- */

static enum err_code read_completion_tokens(struct openai_request_reader *rd, const struct row *row,
                                            const struct json *v)
{
    rd->r->completion_tokens = true;
    return read_count(rd, row, v);
}

static enum err_code read_stream_options(struct openai_request_reader *rd, const struct row *row,
                                         const struct json *v)
{
    if (!json_is(v, JSON_OBJECT))
        return wrong(rd, row, "an object");
    rd->r->include_usage = json_bool_or(json_get(v, STR("include_usage")), false);
    return ERR_OK;
}

static enum err_code read_stop(struct openai_request_reader *rd, const struct row *row,
                               const struct json *v)
{
    struct chat_request *r = rd->r;

    if (json_is(v, JSON_STRING)) {
        r->stop = arena_new_array(rd->a, struct str, 1);
        r->stop_count = 1;
        (void)json_str(rd->a, v, &r->stop[0]);
        return ERR_OK;
    }
    if (!json_is(v, JSON_ARRAY))
        return wrong(rd, row, "a string or a list of strings");
    r->stop = arena_new_array(rd->a, struct str, json_count(v) + 1);
    JSON_EACH (item, v) {
        if (!json_str(rd->a, item, &r->stop[r->stop_count++]))
            return wrong(rd, row, "a string or a list of strings");
    }
    return ERR_OK;
}

/* In legacy completions, and with some servers here, it is the number of alternatives. */
static enum err_code read_logprobs(struct openai_request_reader *rd, const struct row *row,
                                   const struct json *v)
{
    if (!json_is(v, JSON_NUMBER))
        return read_tristate(rd, row, v);
    rd->r->logprobs = CHAT_YES;
    rd->r->top_logprobs = json_raw(v);
    return ERR_OK;
}

static enum err_code read_schema(struct openai_request_reader *rd, const struct json *schema)
{
    struct chat_request *r = rd->r;

    if (!json_is(json_get(schema, STR("schema")), JSON_OBJECT))
        return err_set(rd->err, ERR_BAD_REQUEST,
                       "response_format.json_schema.schema must be an object");
    r->format = CHAT_FORMAT_SCHEMA;
    r->schema = json_raw(json_get(schema, STR("schema")));
    r->schema_name = json_str_or_null(rd->a, json_get(schema, STR("name")));
    r->schema_description = json_str_or_null(rd->a, json_get(schema, STR("description")));
    r->schema_strict = json_raw(json_get(schema, STR("strict")));
    return ERR_OK;
}

static enum err_code read_format(struct openai_request_reader *rd, const struct row *row,
                                 const struct json *v)
{
    const struct json *type = json_get(v, STR("type"));

    if (!json_is(v, JSON_OBJECT))
        return wrong(rd, row, "an object");
    if (json_str_eq(type, STR("json_schema")))
        return read_schema(rd, json_get(v, STR("json_schema")));
    if (json_str_eq(type, STR("json_object")) && json_is(json_get(v, STR("schema")), JSON_OBJECT))
        return read_schema(rd, v); /* as some servers had it before there was json_schema */
    if (json_str_eq(type, STR("json_object")))
        rd->r->format = CHAT_FORMAT_JSON;
    else if (json_str_eq(type, STR("text")))
        rd->r->format = CHAT_FORMAT_TEXT;
    else
        chat_add_extra(rd->a, rd->r, row->name, json_raw(v)); /* grammars of some servers */
    return ERR_OK;
}

/* ---- reasoning ---- */

static void note_effort(struct chat_reasoning *reasoning, struct str effort)
{
    reasoning->effort = effort;
    if (str_eq(effort, STR("none")))
        reasoning->enabled = CHAT_NO;
    else if (reasoning->enabled == CHAT_UNSET) /* what says "off" by its name outdoes it */
        reasoning->enabled = CHAT_YES;
}

static enum err_code read_effort(struct openai_request_reader *rd, const struct row *row,
                                 const struct json *v)
{
    struct str effort;

    if (!json_str(rd->a, v, &effort))
        return wrong(rd, row, "a string");
    if (effort.n > 0)
        note_effort(&rd->r->reasoning, effort);
    return ERR_OK;
}

static enum chat_tristate tristate_of(const struct json *v, bool when_true)
{
    bool value;

    if (!json_bool(v, &value))
        return CHAT_UNSET;
    return value == when_true ? CHAT_YES : CHAT_NO;
}

static void note_budget(struct chat_reasoning *reasoning, const struct json *v)
{
    int64_t budget = json_i64_or(v, -1);

    if (budget < 0)
        return;
    reasoning->budget = budget;
    reasoning->enabled = budget > 0 ? CHAT_YES : CHAT_NO;
}

/* OpenRouter: {effort, max_tokens, exclude, enabled}. */
static enum err_code read_reasoning(struct openai_request_reader *rd, const struct row *row,
                                    const struct json *v)
{
    struct chat_reasoning *reasoning = &rd->r->reasoning;
    struct str effort = json_str_or_null(rd->a, json_get(v, STR("effort")));
    enum chat_tristate enabled = tristate_of(json_get(v, STR("enabled")), true);

    if (!json_is(v, JSON_OBJECT))
        return wrong(rd, row, "an object");
    if (effort.n > 0)
        note_effort(reasoning, effort);
    note_budget(reasoning, json_get(v, STR("max_tokens")));
    if (enabled != CHAT_UNSET)
        reasoning->enabled = enabled;
    reasoning->visible = tristate_of(json_get(v, STR("exclude")), false);
    reasoning->summary = json_str_or_null(rd->a, json_get(v, STR("summary")));
    reasoning->member = row->name;
    return ERR_OK;
}

/* DeepSeek, Zhipu, Moonshot, Ark: {type: enabled | disabled | auto, budget_tokens}. */
static enum err_code read_thinking(struct openai_request_reader *rd, const struct row *row,
                                   const struct json *v)
{
    struct chat_reasoning *reasoning = &rd->r->reasoning;
    const struct json *type = json_get(v, STR("type"));

    if (!json_is(v, JSON_OBJECT))
        return wrong(rd, row, "an object");
    note_budget(reasoning, json_get(v, STR("budget_tokens")));
    if (json_str_eq(type, STR("disabled")))
        reasoning->enabled = CHAT_NO;
    else if (json_str_eq(type, STR("enabled")) || json_str_eq(type, STR("adaptive")))
        reasoning->enabled = CHAT_YES;
    reasoning->adaptive =
        json_str_eq(type, STR("adaptive")) || json_str_eq(type, STR("auto")); /* Ark */
    reasoning->member = row->name;
    JSON_EACH_MEMBER (key, value, v) {
        if (!json_str_eq(key, STR("type")) && !json_str_eq(key, STR("budget_tokens")) &&
            !json_is(value, JSON_NULL))
            loss_add_under(rd->losses, rd->a, row->name, json_str_or_null(rd->a, key));
    }
    return ERR_OK;
}

/* ---- what stands in other files ---- */

static enum err_code read_messages(struct openai_request_reader *rd, const struct row *row UNUSED,
                                   const struct json *v)
{
    return openai_read_messages(rd, v);
}

static enum err_code read_tools(struct openai_request_reader *rd, const struct row *row UNUSED,
                                const struct json *v)
{
    return openai_read_tools(rd, v);
}

static enum err_code read_functions(struct openai_request_reader *rd, const struct row *row UNUSED,
                                    const struct json *v)
{
    return openai_read_functions(rd, v);
}

static enum err_code read_choice(struct openai_request_reader *rd, const struct row *row UNUSED,
                                 const struct json *v)
{
    return openai_read_choice(rd, v);
}

static enum err_code read_function_call(struct openai_request_reader *rd,
                                        const struct row *row UNUSED, const struct json *v)
{
    return openai_read_function_call(rd, v);
}

static enum err_code read_search(struct openai_request_reader *rd, const struct row *row UNUSED,
                                 const struct json *v)
{
    return openai_read_search(rd, v);
}

/* ---- the table ---- */

#define AT(member) offsetof(struct chat_request, member)

static const struct row rows[] = {
    {STR_INIT("model"), read_string, AT(model)},
    {STR_INIT("stream"), read_bool, AT(stream)},
    {STR_INIT("stream_options"), read_stream_options, 0},
    {STR_INIT("messages"), read_messages, 0},
    {STR_INIT("functions"), read_functions, 0},
    {STR_INIT("tools"), read_tools, 0},
    {STR_INIT("web_search_options"), read_search, 0},
    {STR_INIT("function_call"), read_function_call, 0},
    {STR_INIT("tool_choice"), read_choice, 0},
    {STR_INIT("parallel_tool_calls"), read_tristate, AT(parallel_tools)},
    {STR_INIT("max_tokens"), read_count, AT(max_tokens)},
    {STR_INIT("max_completion_tokens"), read_completion_tokens, AT(max_tokens)},
    {STR_INIT("n"), read_count, AT(n)},
    {STR_INIT("temperature"), read_number, AT(temperature)},
    {STR_INIT("top_p"), read_number, AT(top_p)},
    {STR_INIT("top_k"), read_number, AT(top_k)},
    {STR_INIT("frequency_penalty"), read_number, AT(frequency_penalty)},
    {STR_INIT("presence_penalty"), read_number, AT(presence_penalty)},
    {STR_INIT("seed"), read_number, AT(seed)},
    {STR_INIT("stop"), read_stop, 0},
    {STR_INIT("logprobs"), read_logprobs, AT(logprobs)},
    {STR_INIT("top_logprobs"), read_number, AT(top_logprobs)},
    {STR_INIT("logit_bias"), read_object, AT(logit_bias)},
    {STR_INIT("response_format"), read_format, 0},
    {STR_INIT("thinking"), read_thinking, 0},
    {STR_INIT("reasoning"), read_reasoning, 0},
    {STR_INIT("reasoning_effort"), read_effort, 0},
    {STR_INIT("verbosity"), read_string, AT(verbosity)},
    {STR_INIT("user"), read_string, AT(user)},
    {STR_INIT("service_tier"), read_string, AT(service_tier)},
    {STR_INIT("metadata"), read_object, AT(metadata)},
    {STR_INIT("store"), read_raw_bool, AT(store)},
    {STR_INIT("modalities"), read_array, AT(modalities)},
    {STR_INIT("audio"), read_object, AT(audio)},
    {STR_INIT("prediction"), read_object, AT(prediction)},
    {STR_INIT("prompt_cache_key"), read_string, AT(cache_key)},
};

#undef AT

static const struct json **slot_of(const struct json **found, const struct json *key)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (json_str_eq(key, rows[i].name))
            return &found[i];
    }
    return NULL;
}

static void sort_members(struct openai_request_reader *rd, const struct json *body,
                         const struct json **found)
{
    JSON_EACH_MEMBER (key, value, body) {
        const struct json **slot = slot_of(found, key);

        if (slot)
            *slot = json_is(value, JSON_NULL) ? NULL : value;
        else
            chat_add_extra(rd->a, rd->r, json_str_or_null(rd->a, key), json_raw(value));
    }
}

enum err_code openai_read_request(struct arena *a, const struct json *body,
                                  struct chat_request *out, struct loss_list *losses,
                                  struct err *err)
{
    struct openai_request_reader rd = {.a = a, .r = out, .losses = losses, .err = err};
    const struct json *found[ARRAY_LEN(rows)] = {0};
    enum err_code rc = ERR_OK;

    *out = (struct chat_request){.dialect = DIALECT_OPENAI_CHAT, .reasoning.budget = -1};
    if (!json_is(body, JSON_OBJECT))
        return err_set(err, ERR_BAD_REQUEST, "the body must be an object");
    sort_members(&rd, body, found);
    for (size_t i = 0; i < ARRAY_LEN(rows) && rc == ERR_OK; i++) {
        if (found[i])
            rc = rows[i].read(&rd, &rows[i], found[i]);
    }
    if (rc == ERR_OK && !out->messages)
        rc = err_set(err, ERR_BAD_REQUEST, "messages is required");
    if (rc == ERR_OK)
        chat_link_results(out);
    return rc;
}

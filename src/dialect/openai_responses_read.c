/*
 * A request of the Responses API: its top-level members, each with a reader of its own.
 */
#include "dialect/openai_responses.h"

typedef enum err_code read_fn(struct responses_reading *rd, const struct json *v);

static enum err_code wrong(const struct responses_reading *rd, const char *name, const char *what)
{
    return err_set(rd->err, ERR_BAD_REQUEST, "%s must be %s", name, what);
}

bool responses_read_str(struct arena *a, const struct json *object, struct str name,
                        struct str *out)
{
    const struct json *v = json_get(object, name);

    *out = STR_NULL;
    return !v || json_is(v, JSON_NULL) || json_str(a, v, out);
}

/* ---- words and numbers ---- */

static enum err_code read_word(struct responses_reading *rd, const struct json *v, const char *name,
                               struct str *out)
{
    return json_str(rd->arena, v, out) ? ERR_OK : wrong(rd, name, "a string");
}

static enum err_code read_number(struct responses_reading *rd, const struct json *v,
                                 const char *name, struct str *out)
{
    if (!json_is(v, JSON_NUMBER))
        return wrong(rd, name, "a number");
    *out = json_raw(v);
    return ERR_OK;
}

static enum err_code read_flag(struct responses_reading *rd, const struct json *v, const char *name,
                               bool *out)
{
    return json_bool(v, out) ? ERR_OK : wrong(rd, name, "true or false");
}

static enum err_code read_model(struct responses_reading *rd, const struct json *v)
{
    return read_word(rd, v, "model", &rd->r->model);
}

static enum err_code read_instructions(struct responses_reading *rd, const struct json *v)
{
    struct str text;

    if (!json_str(rd->arena, v, &text))
        return wrong(rd, "instructions", "a string");
    if (text.n > 0)
        chat_add_text(rd->arena, &chat_add_message(rd->arena, rd->r, CHAT_SYSTEM)->parts, text);
    return ERR_OK;
}

static enum err_code read_stream(struct responses_reading *rd, const struct json *v)
{
    return read_flag(rd, v, "stream", &rd->r->stream);
}

static enum err_code read_store(struct responses_reading *rd, const struct json *v)
{
    bool flag;

    rd->r->store = json_raw(v);
    return read_flag(rd, v, "store", &flag);
}

static enum err_code read_parallel(struct responses_reading *rd, const struct json *v)
{
    bool flag;
    enum err_code rc = read_flag(rd, v, "parallel_tool_calls", &flag);

    rd->r->parallel_tools = flag ? CHAT_YES : CHAT_NO;
    return rc;
}

static enum err_code read_max_tokens(struct responses_reading *rd, const struct json *v)
{
    if (!json_i64(v, &rd->r->max_tokens) || rd->r->max_tokens < 1)
        return wrong(rd, "max_output_tokens", "a positive integer");
    return ERR_OK;
}

static enum err_code read_temperature(struct responses_reading *rd, const struct json *v)
{
    return read_number(rd, v, "temperature", &rd->r->temperature);
}

static enum err_code read_top_p(struct responses_reading *rd, const struct json *v)
{
    return read_number(rd, v, "top_p", &rd->r->top_p);
}

/* Who asks for the runners-up wants the winners' numbers, too. */
static enum err_code read_top_logprobs(struct responses_reading *rd, const struct json *v)
{
    if (chat_number_above(json_raw(v), 0))
        rd->r->logprobs = CHAT_YES;
    return read_number(rd, v, "top_logprobs", &rd->r->top_logprobs);
}

static enum err_code read_user(struct responses_reading *rd, const struct json *v)
{
    return read_word(rd, v, "user", &rd->r->user);
}

/* The newer name of `user`; where both are given each goes its own way. */
static enum err_code read_safety(struct responses_reading *rd, const struct json *v)
{
    if (rd->r->user.n == 0)
        return read_word(rd, v, "safety_identifier", &rd->r->user);
    chat_add_extra(rd->arena, rd->r, STR("safety_identifier"), json_raw(v));
    return ERR_OK;
}

static enum err_code read_tier(struct responses_reading *rd, const struct json *v)
{
    return read_word(rd, v, "service_tier", &rd->r->service_tier);
}

static enum err_code read_cache_key(struct responses_reading *rd, const struct json *v)
{
    return read_word(rd, v, "prompt_cache_key", &rd->r->cache_key);
}

static enum err_code read_metadata(struct responses_reading *rd, const struct json *v)
{
    if (!json_is(v, JSON_OBJECT))
        return wrong(rd, "metadata", "an object");
    rd->r->metadata = json_raw(v);
    return ERR_OK;
}

/* What is asked for is the default: nothing that another dialect could fail to do. */
static enum err_code read_truncation(struct responses_reading *rd, const struct json *v)
{
    if (!json_str_eq(v, STR("disabled")))
        chat_add_extra(rd->arena, rd->r, STR("truncation"), json_raw(v));
    return ERR_OK;
}

static enum err_code read_background(struct responses_reading *rd, const struct json *v)
{
    if (json_bool_or(v, true))
        chat_add_extra(rd->arena, rd->r, STR("background"), json_raw(v));
    return ERR_OK;
}

/* ---- text ---- */

static enum err_code read_schema(struct responses_reading *rd, const struct json *format)
{
    struct chat_request *r = rd->r;
    const struct json *schema = json_get(format, STR("schema"));
    const struct json *strict = json_get(format, STR("strict"));

    if (!json_is(schema, JSON_OBJECT))
        return wrong(rd, "text.format.schema", "an object");
    r->format = CHAT_FORMAT_SCHEMA;
    r->schema = json_raw(schema);
    if (strict && !json_is(strict, JSON_NULL))
        r->schema_strict = json_raw(strict);
    if (!responses_read_str(rd->arena, format, STR("name"), &r->schema_name) ||
        !responses_read_str(rd->arena, format, STR("description"), &r->schema_description))
        return wrong(rd, "text.format's name and description", "strings");
    return ERR_OK;
}

static enum err_code read_format(struct responses_reading *rd, const struct json *format)
{
    const struct json *type = json_get(format, STR("type"));

    if (json_str_eq(type, STR("json_schema")))
        return read_schema(rd, format);
    if (json_str_eq(type, STR("json_object")))
        rd->r->format = CHAT_FORMAT_JSON;
    else if (json_str_eq(type, STR("text")))
        rd->r->format = CHAT_FORMAT_TEXT;
    else
        return wrong(rd, "text.format.type", "text, json_object or json_schema");
    return ERR_OK;
}

/* Members of an object that are not in the list become extras "object.member". */
static void add_inner_extras(struct responses_reading *rd, const struct json *object,
                             struct str prefix, const struct str *known, size_t n)
{
    JSON_EACH_MEMBER (key, v, object) {
        bool seen = json_is(v, JSON_NULL);

        for (size_t i = 0; i < n; i++)
            seen |= json_str_eq(key, known[i]);
        if (!seen) {
            struct str name = json_str_or_null(rd->arena, key);

            chat_add_extra(rd->arena, rd->r, str_concat(rd->arena, (struct str[]){prefix, name}, 2),
                           json_raw(v));
        }
    }
}

static enum err_code read_text(struct responses_reading *rd, const struct json *v)
{
    static const struct str known[] = {STR_INIT("format"), STR_INIT("verbosity")};
    const struct json *format = json_get(v, STR("format"));

    if (!json_is(v, JSON_OBJECT))
        return wrong(rd, "text", "an object");
    if (!responses_read_str(rd->arena, v, STR("verbosity"), &rd->r->verbosity))
        return wrong(rd, "text.verbosity", "a string");
    add_inner_extras(rd, v, STR("text."), known, ARRAY_LEN(known));
    return format && !json_is(format, JSON_NULL) ? read_format(rd, format) : ERR_OK;
}

/* ---- reasoning ---- */

static enum err_code read_reasoning(struct responses_reading *rd, const struct json *v)
{
    static const struct str known[] = {STR_INIT("effort"), STR_INIT("summary"),
                                       STR_INIT("generate_summary")};
    struct chat_reasoning *out = &rd->r->reasoning;

    if (!json_is(v, JSON_OBJECT))
        return wrong(rd, "reasoning", "an object");
    if (!responses_read_str(rd->arena, v, STR("effort"), &out->effort))
        return wrong(rd, "reasoning.effort", "a string");
    if (!responses_read_str(rd->arena, v, STR("summary"), &out->summary) ||
        (out->summary.n == 0 &&
         !responses_read_str(rd->arena, v, STR("generate_summary"), &out->summary)))
        return wrong(rd, "reasoning.summary", "a string");
    if (out->effort.n > 0)
        out->enabled = str_eq(out->effort, STR("none")) ? CHAT_NO : CHAT_YES;
    if (out->summary.n > 0)
        out->visible = CHAT_YES;
    add_inner_extras(rd, v, STR("reasoning."), known, ARRAY_LEN(known));
    return ERR_OK;
}

/* ---- include ---- */

/* Does the canonical form say it? */
static bool take_include(struct chat_request *r, const struct json *item)
{
    if (json_str_eq(item, STR("reasoning.encrypted_content")))
        return r->reasoning.encrypted = true;
    if (!json_str_eq(item, STR("message.output_text.logprobs")))
        return false;
    r->logprobs = CHAT_YES;
    return true;
}

static enum err_code read_include(struct responses_reading *rd, const struct json *v)
{
    struct json_writer w;
    struct sb rest;
    size_t n = 0;

    if (!json_is(v, JSON_ARRAY))
        return wrong(rd, "include", "a list");
    sb_init(&rest, json_raw(v).n + 2);
    jw_init(&w, &rest);
    jw_array(&w);
    JSON_EACH (item, v) {
        if (json_is(item, JSON_STRING) && !take_include(rd->r, item)) {
            jw_raw(&w, json_raw(item));
            n++;
        }
    }
    jw_end(&w);
    if (n > 0)
        chat_add_extra(rd->arena, rd->r, STR("include"), str_dup(rd->arena, sb_str(&rest)));
    sb_fini(&rest);
    return ERR_OK;
}

/* ---- all of it ---- */

/* In the order in which they are read, whatever that of the body is. */
static const struct {
    struct str name;
    read_fn *read;
} members[] = {
    {STR_INIT("model"), read_model},
    {STR_INIT("stream"), read_stream},
    {STR_INIT("instructions"), read_instructions},
    {STR_INIT("input"), responses_read_input},
    {STR_INIT("tools"), responses_read_tools},
    {STR_INIT("tool_choice"), responses_read_choice},
    {STR_INIT("parallel_tool_calls"), read_parallel},
    {STR_INIT("text"), read_text},
    {STR_INIT("reasoning"), read_reasoning},
    {STR_INIT("include"), read_include},
    {STR_INIT("max_output_tokens"), read_max_tokens},
    {STR_INIT("temperature"), read_temperature},
    {STR_INIT("top_p"), read_top_p},
    {STR_INIT("top_logprobs"), read_top_logprobs},
    {STR_INIT("metadata"), read_metadata},
    {STR_INIT("store"), read_store},
    {STR_INIT("service_tier"), read_tier},
    {STR_INIT("prompt_cache_key"), read_cache_key},
    {STR_INIT("user"), read_user},
    {STR_INIT("safety_identifier"), read_safety},
    {STR_INIT("truncation"), read_truncation},
    {STR_INIT("background"), read_background},
};

static void add_extras(struct responses_reading *rd, const struct json *body)
{
    JSON_EACH_MEMBER (key, v, body) {
        bool known = json_is(v, JSON_NULL);

        for (size_t i = 0; i < ARRAY_LEN(members) && !known; i++)
            known = json_str_eq(key, members[i].name);
        if (!known)
            chat_add_extra(rd->arena, rd->r, json_str_or_null(rd->arena, key), json_raw(v));
    }
}

enum err_code responses_read_request(struct arena *a, const struct json *body,
                                     struct chat_request *out, struct loss_list *losses,
                                     struct err *err)
{
    struct responses_reading rd = {.arena = a, .r = out, .losses = losses, .err = err};

    enum err_code rc = ERR_OK;

    *out = (struct chat_request){.dialect = DIALECT_OPENAI_RESPONSES, .reasoning.budget = -1};
    if (!json_is(body, JSON_OBJECT))
        return err_set(err, ERR_BAD_REQUEST, "the body must be an object");
    map_init(&rd.tools);
    for (size_t i = 0; i < ARRAY_LEN(members) && rc == ERR_OK; i++) {
        const struct json *v = json_get(body, members[i].name);

        if (v && !json_is(v, JSON_NULL))
            rc = members[i].read(&rd, v);
    }
    map_fini(&rd.tools);
    if (rc != ERR_OK)
        return rc;
    add_extras(&rd, body);
    chat_link_results(out);
    return ERR_OK;
}

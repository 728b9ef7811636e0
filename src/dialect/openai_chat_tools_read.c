#include "dialect/openai_chat.h"

/* ---- tools ---- */

static enum err_code read_function(struct openai_request_reader *rd, const struct json *function,
                                   const struct json *holder, const char *where)
{
    struct chat_tool *tool = chat_add_tool(rd->a, rd->r, CHAT_TOOL_FUNCTION);
    const struct json *description = json_get(function, STR("description"));
    const struct json *parameters = json_get(function, STR("parameters"));
    const struct json *cache = json_get(holder, STR("cache_control"));

    tool->raw = json_raw(holder);
    if (!json_str(rd->a, json_get(function, STR("name")), &tool->name) || tool->name.n == 0)
        return err_set(rd->err, ERR_BAD_REQUEST, "%s.name must be a string", where);
    if (parameters && !json_is(parameters, JSON_NULL) && !json_is(parameters, JSON_OBJECT))
        return err_set(rd->err, ERR_BAD_REQUEST, "%s.parameters must be an object", where);
    (void)json_str(rd->a, description, &tool->description);
    if (json_is(parameters, JSON_OBJECT))
        tool->parameters = json_raw(parameters);
    tool->strict = json_raw(json_get(function, STR("strict")));
    if (json_is(cache, JSON_OBJECT))
        tool->cache = json_raw(cache);
    return ERR_OK;
}

static enum err_code read_custom(struct openai_request_reader *rd, const struct json *custom,
                                 const struct json *holder)
{
    struct chat_tool *tool = chat_add_tool(rd->a, rd->r, CHAT_TOOL_CUSTOM);

    tool->raw = json_raw(holder);
    if (!json_str(rd->a, json_get(custom, STR("name")), &tool->name) || tool->name.n == 0)
        return err_set(rd->err, ERR_BAD_REQUEST, "tools[].custom.name must be a string");
    (void)json_str(rd->a, json_get(custom, STR("description")), &tool->description);
    tool->parameters = json_raw(json_get(custom, STR("format")));
    return ERR_OK;
}

/* Tools that the server runs itself; their members are its own. */
static void read_builtin(struct openai_request_reader *rd, const struct json *tool_json,
                         const struct json *type)
{
    static const struct {
        struct str type;
        enum chat_tool_kind kind;
    } rows[] = {
        {STR_INIT("web_search"), CHAT_TOOL_WEB_SEARCH},
        {STR_INIT("web_search_preview"), CHAT_TOOL_WEB_SEARCH},
        {STR_INIT("openrouter:web_search"), CHAT_TOOL_WEB_SEARCH},
        {STR_INIT("browser_search"), CHAT_TOOL_WEB_SEARCH}, /* Groq */
        {STR_INIT("openrouter:web_fetch"), CHAT_TOOL_WEB_FETCH},
        {STR_INIT("code_interpreter"), CHAT_TOOL_CODE},
    };
    struct chat_tool *tool = chat_add_tool(rd->a, rd->r, CHAT_TOOL_OTHER);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (json_str_eq(type, rows[i].type))
            tool->kind = rows[i].kind;
    }
    tool->type = json_str_or_null(rd->a, type);
    tool->name = json_str_or_null(rd->a, json_get(tool_json, STR("name")));
    tool->raw = json_raw(tool_json);
    tool->search_size = json_str_or_null(rd->a, json_get(tool_json, STR("search_context_size")));
}

static enum err_code read_tool(struct openai_request_reader *rd, const struct json *tool)
{
    const struct json *type = json_get(tool, STR("type"));
    const struct json *function = json_get(tool, STR("function"));

    if (!json_is(tool, JSON_OBJECT))
        return err_set(rd->err, ERR_BAD_REQUEST, "tools must be a list of objects");
    if (json_str_eq(type, STR("function")) && !function) /* as the Responses API has it */
        return read_function(rd, tool, tool, "tools[]");
    if (json_str_eq(type, STR("function")) || (!json_is(type, JSON_STRING) && function))
        return read_function(rd, function, tool, "tools[].function");
    if (json_str_eq(type, STR("custom")))
        return read_custom(rd, json_get(tool, STR("custom")), tool);
    if (!json_is(type, JSON_STRING))
        return err_set(rd->err, ERR_BAD_REQUEST, "tools[].type must be a string");
    read_builtin(rd, tool, type);
    return ERR_OK;
}

enum err_code openai_read_tools(struct openai_request_reader *rd, const struct json *v)
{
    if (!json_is(v, JSON_ARRAY))
        return err_set(rd->err, ERR_BAD_REQUEST, "tools must be a list");
    JSON_EACH (tool, v) {
        enum err_code rc = read_tool(rd, tool);

        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

enum err_code openai_read_functions(struct openai_request_reader *rd, const struct json *v)
{
    if (!json_is(v, JSON_ARRAY))
        return err_set(rd->err, ERR_BAD_REQUEST, "functions must be a list");
    JSON_EACH (function, v) {
        enum err_code rc = read_function(rd, function, function, "functions[]");

        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

enum err_code openai_read_search(struct openai_request_reader *rd, const struct json *v)
{
    const struct json *location = json_get(v, STR("user_location"));
    const struct json *approximate = json_get(location, STR("approximate"));
    struct chat_tool *tool;

    if (!json_is(v, JSON_OBJECT))
        return err_set(rd->err, ERR_BAD_REQUEST, "web_search_options must be an object");
    tool = chat_add_tool(rd->a, rd->r, CHAT_TOOL_WEB_SEARCH);
    tool->type = STR("web_search_options");
    tool->raw = json_raw(v);
    tool->search_size = json_str_or_null(rd->a, json_get(v, STR("search_context_size")));
    if (json_is(approximate, JSON_OBJECT)) /* else it is Perplexity's, by coordinates */
        tool->search_location = json_raw(approximate);
    return ERR_OK;
}

/* ---- the choice ---- */

static bool read_mode(const struct json *v, enum chat_choice *out)
{
    static const struct {
        struct str word;
        enum chat_choice choice;
    } rows[] = {
        {STR_INIT("none"), CHAT_CHOICE_NONE},
        {STR_INIT("auto"), CHAT_CHOICE_AUTO},
        {STR_INIT("required"), CHAT_CHOICE_REQUIRED},
        {STR_INIT("any"), CHAT_CHOICE_REQUIRED}, /* Mistral */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (json_str_eq(v, rows[i].word)) {
            *out = rows[i].choice;
            return true;
        }
    }
    return false;
}

/* {type, function: {name}}, {type, custom: {name}}; the name alone in older forms. */
static bool read_name(struct openai_request_reader *rd, const struct json *v, struct str *out)
{
    const struct json *holder = json_get(v, STR("function"));

    if (!holder)
        holder = json_get(v, STR("custom"));
    return json_str(rd->a, json_get(holder ? holder : v, STR("name")), out) && out->n > 0;
}

static enum err_code read_allowed(struct openai_request_reader *rd, const struct json *allowed)
{
    const struct json *tools = json_get(allowed, STR("tools"));
    struct chat_request *r = rd->r;

    if (!json_is(tools, JSON_ARRAY))
        return err_set(rd->err, ERR_BAD_REQUEST, "tool_choice.allowed_tools.tools must be a list");
    r->allowed = arena_new_array(rd->a, struct str, json_count(tools) + 1);
    JSON_EACH (tool, tools) {
        if (!read_name(rd, tool, &r->allowed[r->allowed_count++]))
            return err_set(rd->err, ERR_BAD_REQUEST,
                           "tool_choice.allowed_tools.tools must be a list of named tools");
    }
    if (!read_mode(json_get(allowed, STR("mode")), &r->choice))
        r->choice = CHAT_CHOICE_AUTO;
    return ERR_OK;
}

enum err_code openai_read_choice(struct openai_request_reader *rd, const struct json *v)
{
    const struct json *allowed = json_get(v, STR("allowed_tools"));
    struct chat_request *r = rd->r;

    if (read_mode(v, &r->choice))
        return ERR_OK;
    if (!json_is(v, JSON_OBJECT))
        return err_set(rd->err, ERR_BAD_REQUEST,
                       "tool_choice must be none, auto, required or an object");
    if (json_is(allowed, JSON_OBJECT))
        return read_allowed(rd, allowed);
    if (json_str_eq(json_get(v, STR("type")), STR("allowed_tools"))) /* the Responses API's form */
        return read_allowed(rd, v);
    if (read_mode(json_get(v, STR("type")), &r->choice))
        return ERR_OK;
    if (!read_name(rd, v, &r->choice_name))
        return err_set(rd->err, ERR_BAD_REQUEST, "tool_choice must name a function");
    r->choice = CHAT_CHOICE_TOOL;
    return ERR_OK;
}

enum err_code openai_read_function_call(struct openai_request_reader *rd, const struct json *v)
{
    struct chat_request *r = rd->r;

    if (read_mode(v, &r->choice))
        return ERR_OK;
    if (!json_str(rd->a, json_get(v, STR("name")), &r->choice_name))
        return err_set(rd->err, ERR_BAD_REQUEST,
                       "function_call must be none, auto or an object with a name");
    r->choice = CHAT_CHOICE_TOOL;
    return ERR_OK;
}

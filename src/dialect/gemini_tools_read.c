/*
 * tools and toolConfig of a Gemini client. An element of `tools` may hold functions and tools of
 * Google's side by side; each becomes a tool of its own.
 */
#include "dialect/gemini.h"

static enum err_code wrong(struct gemini_reading *g, const char *name, const char *what)
{
    return err_set(g->err, ERR_BAD_REQUEST, "%s must be %s", name, what);
}

/* ---- tools ---- */

static enum err_code read_function(struct gemini_reading *g, const struct json *function)
{
    const struct json *description = gemini_get(function, STR("description"));
    const struct json *openapi = gemini_get(function, STR("parameters"));
    const struct json *schema = gemini_get(function, STR("parametersJsonSchema"));
    struct chat_tool *tool = chat_add_tool(g->a, g->r, CHAT_TOOL_FUNCTION);

    tool->raw = json_raw(function);
    if (!json_str(g->a, gemini_get(function, STR("name")), &tool->name) || tool->name.n == 0)
        return wrong(g, "tools.functionDeclarations.name", "a string");
    if (description && !json_str(g->a, description, &tool->description))
        return wrong(g, "tools.functionDeclarations.description", "a string");
    if ((openapi && !json_is(openapi, JSON_OBJECT)) || (schema && !json_is(schema, JSON_OBJECT)))
        return wrong(g, "tools.functionDeclarations.parameters", "an object");
    if (schema)
        tool->parameters = json_raw(schema);
    else if (openapi)
        tool->parameters = gemini_schema_read(g->a, openapi);
    return ERR_OK;
}

static enum err_code read_functions(struct gemini_reading *g, const struct json *list)
{
    if (!json_is(list, JSON_ARRAY))
        return wrong(g, "tools.functionDeclarations", "a list");
    JSON_EACH (function, list) {
        enum err_code rc = read_function(g, function);

        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

/* A tool of Google's: {"googleSearch":{}} is known elsewhere, too, others are not. */
static void read_builtin(struct gemini_reading *g, struct str name, const struct json *value)
{
    static const struct {
        const char *name;
        enum chat_tool_kind kind;
    } rows[] = {
        {"googleSearch", CHAT_TOOL_WEB_SEARCH},
        {"googleSearchRetrieval", CHAT_TOOL_WEB_SEARCH},
        {"urlContext", CHAT_TOOL_WEB_FETCH},
        {"codeExecution", CHAT_TOOL_CODE},
    };
    enum chat_tool_kind kind = CHAT_TOOL_OTHER;
    struct chat_tool *tool;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq(name, str_from(rows[i].name)))
            kind = rows[i].kind;
    }
    tool = chat_add_tool(g->a, g->r, kind);
    tool->type = name;
    tool->raw = str_concat(
        g->a, (struct str[]){STR("{"), json_quote(g->a, name), STR(":"), json_raw(value), STR("}")},
        5);
}

static enum err_code read_tool(struct gemini_reading *g, const struct json *tool)
{
    if (!json_is(tool, JSON_OBJECT))
        return wrong(g, "tools", "a list of objects");
    JSON_EACH_MEMBER (key, value, tool) {
        struct str name = gemini_camel(g->a, json_str_or_null(g->a, key));
        enum err_code rc = ERR_OK;

        if (json_is(value, JSON_NULL))
            continue;
        if (str_eq(name, STR("functionDeclarations")))
            rc = read_functions(g, value);
        else
            read_builtin(g, name, value);
        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

/* ---- toolConfig ---- */

static enum err_code read_allowed(struct gemini_reading *g, const struct json *list)
{
    struct chat_request *r = g->r;

    if (!list || json_count(list) == 0)
        return ERR_OK;
    if (!json_is(list, JSON_ARRAY))
        return wrong(g, "toolConfig.functionCallingConfig.allowedFunctionNames", "a list");
    r->allowed = arena_new_array(g->a, struct str, json_count(list));
    JSON_EACH (item, list) {
        if (!json_str(g->a, item, &r->allowed[r->allowed_count++]))
            return wrong(g, "toolConfig.functionCallingConfig.allowedFunctionNames",
                         "a list of strings");
    }
    if (r->choice == CHAT_CHOICE_REQUIRED && r->allowed_count == 1) {
        r->choice = CHAT_CHOICE_TOOL;
        r->choice_name = r->allowed[0];
        r->allowed = NULL;
        r->allowed_count = 0;
    }
    return ERR_OK;
}

/* VALIDATED leaves the choice to the model and holds its calls to the schema, which elsewhere is
 * said with `strict`. */
static enum err_code read_mode(struct gemini_reading *g, const struct json *config)
{
    static const struct {
        const char *name;
        enum chat_choice choice;
    } rows[] = {
        {"MODE_UNSPECIFIED", CHAT_CHOICE_UNSET}, {"AUTO", CHAT_CHOICE_AUTO},
        {"ANY", CHAT_CHOICE_REQUIRED},           {"NONE", CHAT_CHOICE_NONE},
        {"VALIDATED", CHAT_CHOICE_AUTO},
    };
    struct str mode = STR_NULL;

    if (!gemini_get(config, STR("mode")))
        return ERR_OK;
    if (!json_str(g->a, gemini_get(config, STR("mode")), &mode))
        return wrong(g, "toolConfig.functionCallingConfig.mode", "a string");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq_nocase(mode, str_from(rows[i].name))) {
            g->r->choice = rows[i].choice;
            return ERR_OK;
        }
    }
    return wrong(g, "toolConfig.functionCallingConfig.mode", "AUTO, ANY, NONE or VALIDATED");
}

static void note_validated(struct gemini_reading *g, const struct json *config)
{
    struct str mode = json_str_or_null(g->a, gemini_get(config, STR("mode")));

    if (!str_eq_nocase(mode, STR("VALIDATED")))
        return;
    for (struct chat_tool *tool = g->r->tools; tool; tool = tool->next) {
        if (tool->kind == CHAT_TOOL_FUNCTION)
            tool->strict = STR("true");
    }
}

static enum err_code read_tool_config(struct gemini_reading *g, const struct json *config)
{
    static const struct str known[] = {STR_INIT("functionCallingConfig")};
    static const struct str known_calling[] = {STR_INIT("mode"), STR_INIT("allowedFunctionNames")};
    const struct json *calling = gemini_get(config, known[0]);
    enum err_code rc;

    if (config && !json_is(config, JSON_OBJECT))
        return wrong(g, "toolConfig", "an object");
    if (calling && !json_is(calling, JSON_OBJECT))
        return wrong(g, "toolConfig.functionCallingConfig", "an object");
    rc = read_mode(g, calling);
    if (rc == ERR_OK)
        rc = read_allowed(g, gemini_get(calling, known_calling[1]));
    note_validated(g, calling);
    gemini_read_extras(g, config, "toolConfig", known, ARRAY_LEN(known));
    gemini_read_extras(g, calling, "toolConfig.functionCallingConfig", known_calling,
                       ARRAY_LEN(known_calling));
    return rc;
}

enum err_code gemini_read_tools(struct gemini_reading *g, const struct json *body)
{
    const struct json *tools = gemini_get(body, STR("tools"));

    if (tools && !json_is(tools, JSON_ARRAY))
        return wrong(g, "tools", "a list");
    JSON_EACH (tool, tools) {
        enum err_code rc = read_tool(g, tool);

        if (rc != ERR_OK)
            return rc;
    }
    return read_tool_config(g, gemini_get(body, STR("toolConfig")));
}

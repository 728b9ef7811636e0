/*
 * tools and toolConfig for a Gemini upstream. All functions stand in one element; each tool of
 * Google's is an element of its own.
 */
#include "dialect/gemini.h"

/* ---- functions ---- */

/* A custom tool takes free text: here it is a function of one string. */
static void put_custom_parameters(struct json_writer *w)
{
    jw_key_raw(w, STR("parameters"),
               STR("{\"type\":\"OBJECT\",\"properties\":{\"input\":{\"type\":\"STRING\"}},"
                   "\"required\":[\"input\"]}"));
}

static void put_function(struct gemini_writing *g, const struct chat_tool *tool)
{
    struct str schema;

    if (g->same && tool->raw.n > 0) {
        jw_raw(g->w, tool->raw);
        return;
    }
    jw_object(g->w);
    jw_key_str(g->w, STR("name"), gemini_tool_name(g, tool->ns, tool->name));
    if (tool->description.n > 0)
        jw_key_str(g->w, STR("description"), tool->description);
    if (tool->kind == CHAT_TOOL_CUSTOM) {
        put_custom_parameters(g->w);
        if (tool->parameters.n > 0)
            gemini_lose(g, "tools.custom.format");
    } else {
        schema = gemini_schema_write(g->a, tool->parameters, GEMINI_SCHEMA_PARAMETERS);
        if (schema.n > 0)
            jw_key_raw(g->w, STR("parameters"), schema);
    }
    jw_end(g->w);
    if (tool->cache.n > 0)
        gemini_lose(g, "cache_control");
}

/* ---- tools of Google's ---- */

/* Their names; a function of this name means the tool, too. */
static const struct {
    enum chat_tool_kind kind;
    struct str name;
} builtins[] = {
    {CHAT_TOOL_WEB_SEARCH, STR_INIT("googleSearch")},
    {CHAT_TOOL_WEB_FETCH, STR_INIT("urlContext")},
    {CHAT_TOOL_CODE, STR_INIT("codeExecution")},
};

static struct str builtin_of(const struct gemini_writing *g, const struct chat_tool *tool)
{
    for (size_t i = 0; i < ARRAY_LEN(builtins); i++) {
        if (tool->kind == builtins[i].kind ||
            (!g->same && tool->kind == CHAT_TOOL_FUNCTION && tool->ns.n == 0 &&
             str_eq(tool->name, builtins[i].name)))
            return builtins[i].name;
    }
    return STR_NULL;
}

static bool is_function(const struct gemini_writing *g, const struct chat_tool *tool)
{
    return (tool->kind == CHAT_TOOL_FUNCTION || tool->kind == CHAT_TOOL_CUSTOM) &&
           builtin_of(g, tool).n == 0;
}

static bool any_function(const struct gemini_writing *g)
{
    for (const struct chat_tool *tool = g->r->tools; tool; tool = tool->next) {
        if (is_function(g, tool))
            return true;
    }
    return false;
}

static void note_search_losses(struct gemini_writing *g, const struct chat_tool *tool)
{
    if (tool->search_size.n > 0)
        gemini_lose(g, "web_search_options.search_context_size");
    if (tool->search_location.n > 0)
        gemini_lose(g, "web_search_options.user_location");
    if (tool->max_uses > 0)
        gemini_lose(g, "tools.max_uses");
}

/* The API refuses Google's tools beside functions. A client that calls functions can do without a
 * search, but not without them; what Google's own client writes is its own affair. */
static void put_builtin(struct gemini_writing *g, const struct chat_tool *tool, struct str name)
{
    if (g->same && tool->raw.n > 0) {
        jw_raw(g->w, tool->raw);
        return;
    }
    if (any_function(g) && !g->same) {
        loss_add_under(g->conf->losses, g->a, STR("tools"), name);
        return;
    }
    jw_object(g->w);
    jw_key_raw(g->w, name, STR("{}"));
    jw_end(g->w);
    note_search_losses(g, tool);
}

/* Two tools of the client may mean the same one of Google's. */
static void put_builtins(struct gemini_writing *g)
{
    bool done[ARRAY_LEN(builtins)] = {false};

    for (const struct chat_tool *tool = g->r->tools; tool; tool = tool->next) {
        struct str name = builtin_of(g, tool);
        size_t i = 0;

        if (name.n == 0) {
            if (tool->kind == CHAT_TOOL_OTHER && g->same)
                jw_raw(g->w, tool->raw);
            else if (tool->kind == CHAT_TOOL_OTHER)
                loss_add_under(g->conf->losses, g->a, STR("tools"), tool->type);
            continue;
        }
        while (!str_eq(builtins[i].name, name))
            i++;
        if (!done[i])
            put_builtin(g, tool, name);
        done[i] = true;
    }
}

/* ---- the lists ---- */

static void put_functions(struct gemini_writing *g)
{
    jw_object(g->w);
    jw_key(g->w, STR("functionDeclarations"));
    jw_array(g->w);
    for (const struct chat_tool *tool = g->r->tools; tool; tool = tool->next) {
        if (is_function(g, tool))
            put_function(g, tool);
    }
    jw_end(g->w);
    jw_end(g->w);
}

/* ---- toolConfig ---- */

static bool any_strict(const struct gemini_writing *g)
{
    for (const struct chat_tool *tool = g->r->tools; tool; tool = tool->next) {
        if (tool->kind == CHAT_TOOL_FUNCTION && str_eq(tool->strict, STR("true")))
            return true;
    }
    return false;
}

/* VALIDATED lets the model choose, among the names if there are any, and holds calls to their
 * schema. */
static struct str mode_of(const struct gemini_writing *g)
{
    static const struct str names[] = {
        [CHAT_CHOICE_UNSET] = STR_INIT(""),    [CHAT_CHOICE_NONE] = STR_INIT("NONE"),
        [CHAT_CHOICE_AUTO] = STR_INIT("AUTO"), [CHAT_CHOICE_REQUIRED] = STR_INIT("ANY"),
        [CHAT_CHOICE_TOOL] = STR_INIT("ANY"),
    };
    enum chat_choice choice = g->r->choice;

    if (choice != CHAT_CHOICE_UNSET && choice != CHAT_CHOICE_AUTO)
        return names[choice];
    return g->r->allowed_count > 0 || any_strict(g) ? STR("VALIDATED") : names[choice];
}

/* The upstream's name of the tool that the client has chosen. */
static struct str chosen_name(const struct gemini_writing *g)
{
    for (const struct chat_tool *tool = g->r->tools; tool; tool = tool->next) {
        if (str_eq(tool->name, g->r->choice_name))
            return gemini_tool_name(g, tool->ns, tool->name);
    }
    return gemini_tool_name(g, STR_NULL, g->r->choice_name);
}

static void put_allowed(struct gemini_writing *g)
{
    const struct chat_request *r = g->r;

    if (r->choice == CHAT_CHOICE_NONE || (r->choice != CHAT_CHOICE_TOOL && r->allowed_count == 0))
        return;
    jw_key(g->w, STR("allowedFunctionNames"));
    jw_array(g->w);
    if (r->choice == CHAT_CHOICE_TOOL)
        jw_str(g->w, chosen_name(g));
    for (size_t i = 0; i < r->allowed_count && r->choice != CHAT_CHOICE_TOOL; i++)
        jw_str(g->w, gemini_tool_name(g, STR_NULL, r->allowed[i]));
    jw_end(g->w);
}

static bool has_extra(const struct gemini_writing *g, const char *prefix)
{
    for (const struct chat_extra *e = g->r->extras; e && g->same; e = e->next) {
        if (str_starts(e->name, str_from(prefix)))
            return true;
    }
    return false;
}

static void put_calling(struct gemini_writing *g, bool functions)
{
    struct str mode = functions ? mode_of(g) : STR_NULL;

    if (mode.n == 0 && !has_extra(g, "toolConfig.functionCallingConfig."))
        return;
    jw_key(g->w, STR("functionCallingConfig"));
    jw_object(g->w);
    if (mode.n > 0) {
        jw_key_str(g->w, STR("mode"), mode);
        put_allowed(g);
    }
    gemini_write_extras(g, "toolConfig.functionCallingConfig");
    jw_end(g->w);
}

enum err_code gemini_write_tools(struct gemini_writing *g)
{
    bool functions = any_function(g);

    if (g->r->tools) {
        jw_key(g->w, STR("tools"));
        jw_array(g->w);
        if (functions)
            put_functions(g);
        put_builtins(g);
        jw_end(g->w);
    }
    if (g->r->parallel_tools == CHAT_NO)
        gemini_lose(g, "parallel_tool_calls");
    if ((functions && mode_of(g).n > 0) || has_extra(g, "toolConfig.")) {
        jw_key(g->w, STR("toolConfig"));
        jw_object(g->w);
        put_calling(g, functions);
        gemini_write_extras(g, "toolConfig");
        jw_end(g->w);
    }
    return ERR_OK;
}

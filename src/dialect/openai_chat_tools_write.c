#include "base/map.h"
#include "dialect/openai_chat.h"

/* ---- tools ---- */

static void write_function(struct openai_request_writer *wr, const struct chat_tool *tool)
{
    struct json_writer *w = &wr->w;

    jw_object(w);
    jw_key_str(w, STR("type"), STR("function"));
    jw_key(w, STR("function"));
    jw_object(w);
    jw_key_str(w, STR("name"), openai_tool_name(wr, tool->ns, tool->name));
    if (tool->description.p)
        jw_key_str(w, STR("description"), tool->description);
    if (tool->parameters.n > 0)
        jw_key_raw(w, STR("parameters"), tool->parameters);
    if (tool->strict.n > 0)
        jw_key_raw(w, STR("strict"), tool->strict);
    jw_end(w);
    if (tool->cache.n > 0 && (wr->own || wr->conf->cache_marks))
        jw_key_raw(w, STR("cache_control"), tool->cache);
    else if (tool->cache.n > 0)
        loss_add(wr->conf->losses, STR("cache_control"));
    jw_end(w);
}

/* A tool of free text as a function with one string. */
static void write_wrapped(struct openai_request_writer *wr, const struct chat_tool *tool)
{
    const struct chat_tool wrapped = {
        .ns = tool->ns,
        .name = tool->name,
        .description = tool->description,
        .parameters = STR("{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},"
                          "\"required\":[\"input\"],\"additionalProperties\":false}"),
    };

    if (tool->parameters.n > 0 && str_has(tool->parameters, STR("\"grammar\"")))
        loss_add(wr->conf->losses, STR("tools.custom.format"));
    write_function(wr, &wrapped);
}

static void write_custom(struct openai_request_writer *wr, const struct chat_tool *tool)
{
    struct json_writer *w = &wr->w;

    if (!wr->own && !wr->conf->custom_tools) {
        write_wrapped(wr, tool);
        return;
    }
    jw_object(w);
    jw_key_str(w, STR("type"), STR("custom"));
    jw_key(w, STR("custom"));
    jw_object(w);
    jw_key_str(w, STR("name"), openai_tool_name(wr, tool->ns, tool->name));
    if (tool->description.p)
        jw_key_str(w, STR("description"), tool->description);
    if (tool->parameters.n > 0)
        jw_key_raw(w, STR("format"), tool->parameters);
    jw_end(w);
    jw_end(w);
}

static bool is_options(const struct chat_tool *tool)
{
    return str_eq(tool->type, STR("web_search_options"));
}

/* Is it an entry of `tools`? The search of other dialects is a member of its own here. */
static bool is_entry(const struct openai_request_writer *wr, const struct chat_tool *tool)
{
    if (tool->kind == CHAT_TOOL_FUNCTION || tool->kind == CHAT_TOOL_CUSTOM)
        return true;
    return wr->own && tool->raw.n > 0 && !is_options(tool);
}

static void lose_tool(struct openai_request_writer *wr, const struct chat_tool *tool)
{
    static const struct str names[] = {
        [CHAT_TOOL_WEB_FETCH] = STR_INIT("tools.web_fetch"),
        [CHAT_TOOL_CODE] = STR_INIT("tools.code_execution"),
    };

    if (tool->kind == CHAT_TOOL_OTHER)
        loss_add_under(wr->conf->losses, wr->conf->arena, STR("tools"), tool->type);
    else if ((size_t)tool->kind < ARRAY_LEN(names))
        loss_add(wr->conf->losses, names[tool->kind]);
}

static void write_tool(struct openai_request_writer *wr, const struct chat_tool *tool)
{
    if (tool->kind == CHAT_TOOL_FUNCTION)
        write_function(wr, tool);
    else if (tool->kind == CHAT_TOOL_CUSTOM)
        write_custom(wr, tool);
    else
        jw_raw(&wr->w, tool->raw);
}

/* Servers other than OpenAI's do not know allowed_tools; leaving out the others says the same. */
struct allowance {
    struct map names; /* values are not looked at */
    bool all;
};

static void allowance_init(struct allowance *allowed, const struct openai_request_writer *wr)
{
    const struct chat_request *r = wr->r;

    map_init(&allowed->names);
    allowed->all = wr->own || !r->allowed;
    for (size_t i = 0; i < r->allowed_count && !allowed->all; i++)
        (void)map_put(&allowed->names, r->allowed[i], &r->allowed[i]);
}

static bool is_allowed(const struct allowance *allowed, const struct chat_tool *tool)
{
    return allowed->all || map_find(&allowed->names, tool->name);
}

/* Says whether there are any. */
static bool write_list(struct openai_request_writer *wr, const struct allowance *allowed)
{
    bool open = false;

    for (const struct chat_tool *tool = wr->r->tools; tool; tool = tool->next) {
        if (!is_entry(wr, tool)) {
            if (tool->kind != CHAT_TOOL_WEB_SEARCH)
                lose_tool(wr, tool);
            continue;
        }
        if (!is_allowed(allowed, tool))
            continue;
        if (!open) {
            jw_key(&wr->w, STR("tools"));
            jw_array(&wr->w);
            open = true;
        }
        write_tool(wr, tool);
    }
    if (open)
        jw_end(&wr->w);
    return open;
}

/* ---- the search ---- */

static void write_search(struct openai_request_writer *wr, const struct chat_tool *tool)
{
    struct json_writer *w = &wr->w;

    jw_key(w, STR("web_search_options"));
    if (wr->own && is_options(tool)) {
        jw_raw(w, tool->raw);
        return;
    }
    jw_object(w);
    if (tool->search_size.n > 0)
        jw_key_str(w, STR("search_context_size"), tool->search_size);
    if (tool->search_location.n > 0) {
        jw_key(w, STR("user_location"));
        jw_object(w);
        jw_key_str(w, STR("type"), STR("approximate"));
        jw_key_raw(w, STR("approximate"), tool->search_location);
        jw_end(w);
    }
    jw_end(w);
    if (tool->max_uses > 0)
        loss_add(wr->conf->losses, STR("tools.web_search.max_uses"));
}

static void write_searches(struct openai_request_writer *wr)
{
    for (const struct chat_tool *tool = wr->r->tools; tool; tool = tool->next) {
        if (tool->kind == CHAT_TOOL_WEB_SEARCH && !is_entry(wr, tool)) {
            write_search(wr, tool);
            return;
        }
    }
}

/* ---- the choice ---- */

static const struct str modes[] = {
    [CHAT_CHOICE_UNSET] = STR_INIT("auto"),    [CHAT_CHOICE_NONE] = STR_INIT("none"),
    [CHAT_CHOICE_AUTO] = STR_INIT("auto"),     [CHAT_CHOICE_REQUIRED] = STR_INIT("required"),
    [CHAT_CHOICE_TOOL] = STR_INIT("required"),
};

static bool is_custom(const struct openai_request_writer *wr, struct str name)
{
    const struct chat_tool *tool = chat_find_tool(wr->r, STR_NULL, name);

    return tool && tool->kind == CHAT_TOOL_CUSTOM && (wr->own || wr->conf->custom_tools);
}

/* {"type":"function","function":{"name":..}} */
static void write_reference(struct openai_request_writer *wr, struct str name, bool custom)
{
    struct str kind = custom ? STR("custom") : STR("function");

    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("type"), kind);
    jw_key(&wr->w, kind);
    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("name"), openai_tool_name(wr, STR_NULL, name));
    jw_end(&wr->w);
    jw_end(&wr->w);
}

/* Which of the names are of custom tools, without looking each up in the whole list. */
static void write_allowed(struct openai_request_writer *wr)
{
    const struct chat_request *r = wr->r;
    struct json_writer *w = &wr->w;
    struct map customs;

    map_init(&customs);
    for (struct chat_tool *tool = r->tools; tool; tool = tool->next) {
        if (tool->kind == CHAT_TOOL_CUSTOM)
            (void)map_put(&customs, tool->name, tool);
    }
    jw_object(w);
    jw_key_str(w, STR("type"), STR("allowed_tools"));
    jw_key(w, STR("allowed_tools"));
    jw_object(w);
    jw_key_str(w, STR("mode"), modes[r->choice]);
    jw_key(w, STR("tools"));
    jw_array(w);
    for (size_t i = 0; i < r->allowed_count; i++)
        write_reference(wr, r->allowed[i], map_find(&customs, r->allowed[i]) != NULL);
    jw_end(w);
    jw_end(w);
    jw_end(w);
    map_fini(&customs);
}

static void write_choice(struct openai_request_writer *wr)
{
    const struct chat_request *r = wr->r;

    if (r->choice == CHAT_CHOICE_UNSET && !(wr->own && r->allowed))
        return;
    jw_key(&wr->w, STR("tool_choice"));
    if (wr->own && r->allowed)
        write_allowed(wr);
    else if (r->choice == CHAT_CHOICE_TOOL)
        write_reference(wr, r->choice_name, is_custom(wr, r->choice_name));
    else
        jw_str(&wr->w, modes[r->choice]);
}

void openai_write_tools(struct openai_request_writer *wr)
{
    struct allowance allowed;
    bool any;

    allowance_init(&allowed, wr);
    any = write_list(wr, &allowed);
    map_fini(&allowed.names);
    write_searches(wr);
    if (!any && !wr->own) /* a choice without tools is an error */
        return;
    write_choice(wr);
    if (wr->r->parallel_tools != CHAT_UNSET)
        jw_key_bool(&wr->w, STR("parallel_tool_calls"), wr->r->parallel_tools == CHAT_YES);
}

/* The tools of a client's request in Anthropic's dialect, and which of them may be chosen. */
#include "dialect/claude.h"

enum { LOCATION_LIMIT = 4096 };

/* ---- web search ---- */

/* How many searches the other dialects' sizes stand for; claude_tool_write.c has the reverse. */
static struct str size_of(int64_t max_uses)
{
    if (max_uses <= 0)
        return STR_NULL;
    if (max_uses == 1)
        return STR("low");
    return max_uses <= 5 ? STR("medium") : STR("high");
}

/* user_location without its type, which every dialect writes itself. */
static struct str location_of(struct arena *a, const struct json *v)
{
    static const struct str names[] = {STR_INIT("city"), STR_INIT("region"), STR_INIT("country"),
                                       STR_INIT("timezone")};
    struct sb sb;
    struct json_writer w;
    struct str text = STR_NULL;
    size_t n = 0;

    sb_init(&sb, LOCATION_LIMIT);
    jw_init(&w, &sb);
    jw_object(&w);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct json *value = json_get(v, names[i]);

        if (!json_is(value, JSON_STRING))
            continue;
        jw_key_raw(&w, names[i], json_raw(value));
        n++;
    }
    jw_end(&w);
    if (n > 0 && !sb_failed(&sb))
        text = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

static enum err_code read_search(struct claude_reader *r, const struct json *v, struct str path,
                                 struct chat_tool *tool)
{
    TRY(claude_take_i64(r, v, path, "max_uses", &tool->max_uses));
    tool->search_size = size_of(tool->max_uses);
    tool->search_location = location_of(r->arena, json_get(v, STR("user_location")));
    return ERR_OK;
}

static enum err_code read_fetch(struct claude_reader *r, const struct json *v, struct str path,
                                struct chat_tool *tool)
{
    return claude_take_i64(r, v, path, "max_uses", &tool->max_uses);
}

/* ---- one tool ---- */

static enum err_code read_function(struct claude_reader *r, const struct json *v, struct str path,
                                   struct chat_tool *tool)
{
    const struct json *schema = json_get(v, STR("input_schema"));
    const struct json *strict = json_get(v, STR("strict"));

    if (tool->name.n == 0)
        return err_set(r->err, ERR_BAD_REQUEST, "%.*s.name is required", STR_ARG(path));
    TRY(claude_take_str(r, v, path, "description", &tool->description));
    if (json_is(schema, JSON_OBJECT))
        tool->parameters = json_raw(schema);
    else if (schema && !json_is(schema, JSON_NULL))
        return err_set(r->err, ERR_BAD_REQUEST, "%.*s.input_schema must be an object",
                       STR_ARG(path));
    if (json_is(strict, JSON_BOOL))
        tool->strict = json_raw(strict);
    return ERR_OK;
}

static enum err_code read_own(struct claude_reader *r UNUSED, const struct json *v UNUSED,
                              struct str path UNUSED, struct chat_tool *tool UNUSED)
{
    return ERR_OK;
}

/* By the beginning of the type, which ends with a date. */
static const struct tool_kind {
    struct str prefix;
    enum chat_tool_kind kind;
    enum err_code (*read)(struct claude_reader *r, const struct json *v, struct str path,
                          struct chat_tool *tool);
} kinds[] = {
    {STR_INIT("web_search_"), CHAT_TOOL_WEB_SEARCH, read_search},
    {STR_INIT("web_fetch_"), CHAT_TOOL_WEB_FETCH, read_fetch},
    {STR_INIT("code_execution_"), CHAT_TOOL_CODE, read_own},
    {STR_INIT(""), CHAT_TOOL_OTHER, read_own},
};

static const struct tool_kind client_tool = {STR_INIT(""), CHAT_TOOL_FUNCTION, read_function};

static const struct tool_kind *kind_of(struct str type)
{
    size_t i = 0;

    if (type.n == 0 || str_eq(type, STR("custom")))
        return &client_tool;
    while (!str_starts(type, kinds[i].prefix))
        i++;
    return &kinds[i];
}

static enum err_code read_tool(struct claude_reader *r, const struct json *v, size_t index)
{
    struct str path = arena_fmt(r->arena, "tools[%zu]", index), type = STR_NULL, name = STR_NULL;
    const struct tool_kind *kind;
    struct chat_tool *tool;

    if (!json_is(v, JSON_OBJECT))
        return claude_wrong(r, path, "an object");
    TRY(claude_take_str(r, v, path, "type", &type));
    TRY(claude_take_str(r, v, path, "name", &name));
    kind = kind_of(type);
    tool = chat_add_tool(r->arena, r->out, kind->kind);
    tool->name = name;
    tool->type = type;
    tool->cache = claude_cache_of(v);
    tool->raw = json_raw(v);
    return kind->read(r, v, path, tool);
}

enum err_code claude_read_tools(struct claude_reader *r, const struct json *v)
{
    size_t index = 0;

    if (!json_is(v, JSON_ARRAY))
        return claude_wrong(r, STR("tools"), "a list");
    JSON_EACH (item, v)
        TRY(read_tool(r, item, index++));
    return ERR_OK;
}

/* ---- the choice ---- */

enum err_code claude_read_tool_choice(struct claude_reader *r, const struct json *v)
{
    static const struct {
        struct str type;
        enum chat_choice choice;
    } choices[] = {{STR_INIT("auto"), CHAT_CHOICE_AUTO},
                   {STR_INIT("any"), CHAT_CHOICE_REQUIRED},
                   {STR_INIT("tool"), CHAT_CHOICE_TOOL},
                   {STR_INIT("none"), CHAT_CHOICE_NONE}};
    const struct str path = STR("tool_choice");
    struct chat_request *out = r->out;
    bool found, off = false;

    if (!json_is(v, JSON_OBJECT))
        return claude_wrong(r, path, "an object");
    for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
        if (json_str_eq(json_get(v, STR("type")), choices[i].type))
            out->choice = choices[i].choice;
    }
    if (out->choice == CHAT_CHOICE_UNSET)
        return claude_wrong(r, STR("tool_choice.type"), "auto, any, tool or none");
    TRY(claude_take_str(r, v, path, "name", &out->choice_name));
    if (out->choice == CHAT_CHOICE_TOOL && out->choice_name.n == 0)
        return err_set(r->err, ERR_BAD_REQUEST, "tool_choice.name is required");
    TRY(claude_take_bool(r, v, path, "disable_parallel_tool_use", &found, &off));
    if (found)
        out->parallel_tools = off ? CHAT_NO : CHAT_YES;
    return ERR_OK;
}

/*
 * The tools of a request for an upstream that speaks Anthropic's dialect, and which of them may be
 * chosen.
 */
#include "base/map.h"
#include "dialect/claude.h"

enum { NAME_MAX_CHARS = 128, USES_DEFAULT = 5 };

static const struct str no_schema = STR_INIT("{\"type\":\"object\",\"properties\":{}}");
/* Of a tool that takes free text. */
static const struct str text_schema =
    STR_INIT("{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},"
             "\"required\":[\"input\"]}");

struct str claude_tool_name_of(struct claude_writer *cw, struct str ns, struct str name)
{
    if (ns.n == 0 && name.n > 0 && name.n <= NAME_MAX_CHARS &&
        str_eq(claude_call_id(cw->arena, name), name))
        return name;
    return chat_flat_name(cw->arena, ns, name);
}

/* ---- what is declared ---- */

/* The schema as an object of type object, which it has to be. */
static struct str schema_of(struct claude_writer *cw, const struct chat_tool *tool)
{
    const struct str key = STR("type");
    struct str type, inside;

    if (json_find_members(tool->parameters, &key, &type, 1, NULL) != ERR_OK)
        return no_schema;
    if (str_eq(tool->strict, STR("true")))
        return claude_schema(cw->arena, tool->parameters);
    if (type.p)
        return tool->parameters;
    inside = str_trim(str_skip(str_trim(tool->parameters), 1));
    if (str_eq(inside, STR("}")))
        return no_schema;
    return str_concat(cw->arena, (struct str[]){STR("{\"type\":\"object\","), inside}, 2);
}

static void write_own(struct claude_writer *cw, const struct chat_tool *tool, struct str schema)
{
    struct json_writer *w = &cw->w;

    jw_object(w);
    jw_key_str(w, STR("name"), claude_tool_name_of(cw, tool->ns, tool->name));
    if (tool->description.n > 0)
        jw_key_str(w, STR("description"), tool->description);
    jw_key_raw(w, STR("input_schema"), schema);
    if (str_eq(tool->strict, STR("true")) && tool->kind == CHAT_TOOL_FUNCTION)
        jw_key_bool(w, STR("strict"), true);
    claude_write_cache(cw, tool->cache);
    jw_end(w);
}

static void write_function(struct claude_writer *cw, const struct chat_tool *tool)
{
    write_own(cw, tool, schema_of(cw, tool));
}

static void write_custom(struct claude_writer *cw, const struct chat_tool *tool)
{
    if (str_has(tool->parameters, STR("\"grammar\"")))
        loss_add(cw->losses, STR("tools.custom.format"));
    write_own(cw, tool, text_schema);
}

static int64_t uses_of(const struct chat_tool *tool)
{
    static const struct {
        struct str size;
        int64_t uses;
    } sizes[] = {{STR_INIT("low"), 1}, {STR_INIT("medium"), 5}, {STR_INIT("high"), 10}};

    if (tool->max_uses > 0)
        return tool->max_uses;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        if (str_eq(tool->search_size, sizes[i].size))
            return sizes[i].uses;
    }
    return USES_DEFAULT;
}

static void begin_server_tool(struct claude_writer *cw, const char *type, const char *name)
{
    jw_object(&cw->w);
    jw_key_str(&cw->w, STR("type"), str_from(type));
    jw_key_str(&cw->w, STR("name"), str_from(name));
}

static void write_location(struct claude_writer *cw, struct str raw)
{
    static const struct str names[] = {STR_INIT("city"), STR_INIT("region"), STR_INIT("country"),
                                       STR_INIT("timezone")};
    struct str found[ARRAY_LEN(names)];

    if (json_find_members(raw, names, found, ARRAY_LEN(names), NULL) != ERR_OK)
        return;
    jw_key(&cw->w, STR("user_location"));
    jw_object(&cw->w);
    jw_key_str(&cw->w, STR("type"), STR("approximate"));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (found[i].n > 0 && !str_eq(found[i], STR("null")))
            jw_key_raw(&cw->w, names[i], found[i]);
    }
    jw_end(&cw->w);
}

static void write_search(struct claude_writer *cw, const struct chat_tool *tool)
{
    begin_server_tool(cw, "web_search_20250305", "web_search");
    jw_key_i64(&cw->w, STR("max_uses"), uses_of(tool));
    write_location(cw, tool->search_location);
    jw_end(&cw->w);
}

static void write_fetch(struct claude_writer *cw, const struct chat_tool *tool)
{
    begin_server_tool(cw, "web_fetch_20250910", "web_fetch");
    jw_key_i64(&cw->w, STR("max_uses"), uses_of(tool));
    jw_end(&cw->w);
}

static void write_code(struct claude_writer *cw, const struct chat_tool *tool UNUSED)
{
    begin_server_tool(cw, "code_execution_20250825", "code_execution");
    jw_end(&cw->w);
}

/* As the client wrote it, when it wrote in this dialect. */
static void write_raw(struct claude_writer *cw, const struct chat_tool *tool)
{
    cw->marks += tool->cache.n > 0;
    jw_raw(&cw->w, tool->raw);
}

/* ---- the list ---- */

static const struct {
    void (*write)(struct claude_writer *, const struct chat_tool *); /* NULL: it cannot be said */
    bool once; /* a second one would have the same name */
} kinds[] = {
    [CHAT_TOOL_FUNCTION] = {write_function, false}, [CHAT_TOOL_CUSTOM] = {write_custom, false},
    [CHAT_TOOL_WEB_SEARCH] = {write_search, true},  [CHAT_TOOL_WEB_FETCH] = {write_fetch, true},
    [CHAT_TOOL_CODE] = {write_code, true},          [CHAT_TOOL_OTHER] = {NULL, false},
};

struct list {
    struct claude_writer *cw;
    struct map allowed; /* names, when only some may be chosen */
    size_t n;           /* tools written */
    unsigned seen;      /* bit 1 << kind, of those that stand there once */
};

static void begin_tool(struct list *list)
{
    if (list->n++ > 0)
        return;
    jw_key(&list->cw->w, STR("tools"));
    jw_array(&list->cw->w);
}

/* Which tools may be chosen from is said by declaring no others. */
static bool is_allowed(const struct list *list, const struct chat_tool *tool)
{
    bool named = tool->kind == CHAT_TOOL_FUNCTION || tool->kind == CHAT_TOOL_CUSTOM;

    return !list->cw->r->allowed || !named || map_find(&list->allowed, tool->name);
}

static void write_tool(struct list *list, const struct chat_tool *tool)
{
    struct claude_writer *cw = list->cw;
    unsigned bit = 1U << tool->kind;
    bool own = cw->r->dialect == DIALECT_CLAUDE && tool->raw.n > 0;

    if (!own && !kinds[tool->kind].write) {
        loss_add_under(cw->losses, cw->arena, STR("tools"), tool->type);
        return;
    }
    if (!own && kinds[tool->kind].once && (list->seen & bit))
        return;
    list->seen |= bit;
    begin_tool(list);
    if (own)
        write_raw(cw, tool);
    else
        kinds[tool->kind].write(cw, tool);
}

/* A history with calls is refused without tools: those of the calls are declared, and may not be
 * called. */
static void write_past_tools(struct list *list)
{
    struct map names;

    map_init(&names);
    for (const struct chat_message *m = list->cw->r->messages; m; m = m->next) {
        for (struct chat_part *part = m->parts.first; part; part = part->next) {
            struct str name;

            if (part->kind != CHAT_PART_TOOL_CALL)
                continue;
            name = claude_tool_name_of(list->cw, part->call.ns, part->call.name);
            if (map_put(&names, name, part))
                continue;
            begin_tool(list);
            jw_object(&list->cw->w);
            jw_key_str(&list->cw->w, STR("name"), name);
            jw_key_raw(&list->cw->w, STR("input_schema"), no_schema);
            jw_end(&list->cw->w);
        }
    }
    map_fini(&names);
}

static void write_list(struct list *list)
{
    struct claude_writer *cw = list->cw;

    map_init(&list->allowed);
    for (size_t i = 0; i < cw->r->allowed_count; i++)
        (void)map_put(&list->allowed, cw->r->allowed[i], &cw->r->allowed[i]);
    for (const struct chat_tool *tool = cw->r->tools; tool; tool = tool->next) {
        if (is_allowed(list, tool))
            write_tool(list, tool);
    }
    map_fini(&list->allowed);
}

/* ---- the choice ---- */

static void write_choice(struct claude_writer *cw, enum chat_choice choice)
{
    static const struct str types[] = {
        [CHAT_CHOICE_UNSET] = STR_INIT("auto"), [CHAT_CHOICE_NONE] = STR_INIT("none"),
        [CHAT_CHOICE_AUTO] = STR_INIT("auto"),  [CHAT_CHOICE_REQUIRED] = STR_INIT("any"),
        [CHAT_CHOICE_TOOL] = STR_INIT("tool"),
    };
    bool single = cw->r->parallel_tools == CHAT_NO && choice != CHAT_CHOICE_NONE;

    if (choice == CHAT_CHOICE_UNSET && !single)
        return;
    jw_key(&cw->w, STR("tool_choice"));
    jw_object(&cw->w);
    jw_key_str(&cw->w, STR("type"), types[choice]);
    if (choice == CHAT_CHOICE_TOOL)
        jw_key_str(&cw->w, STR("name"), claude_tool_name_of(cw, STR_NULL, cw->r->choice_name));
    if (single)
        jw_key_bool(&cw->w, STR("disable_parallel_tool_use"), true);
    jw_end(&cw->w);
}

void claude_write_tools(struct claude_writer *cw)
{
    struct list list = {.cw = cw};
    enum chat_choice choice = cw->r->choice;

    write_list(&list);
    if (list.n == 0) {
        write_past_tools(&list);
        choice = CHAT_CHOICE_NONE;
    }
    if (list.n == 0)
        return;
    jw_end(&cw->w);
    write_choice(cw, choice);
}

/*
 * Tools and the choice among them, read and written. A namespace's tools stand flat in the
 * canonical form, each with the namespace's name, and are gathered again for the dialect's own
 * upstreams and for the echo in an answer.
 */
#include "dialect/openai_responses.h"

enum { NAMES_LIMIT = 64 * 1024 }; /* of tools that are told to the model by name */

/* ---- reading tools ---- */

struct tool_place {
    struct responses_reading *rd;
    struct str list;          /* where the tools stand: "tools" */
    const struct json *space; /* the namespace around it; NULL: none */
    struct str ns, ns_description;
    size_t index, inner;
};

static enum err_code wrong(const struct tool_place *at, const char *name, const char *what)
{
    if (at->space)
        return err_set(at->rd->err, ERR_BAD_REQUEST, "%.*s[%zu].tools[%zu].%s must be %s",
                       STR_ARG(at->list), at->index, at->inner, name, what);
    return err_set(at->rd->err, ERR_BAD_REQUEST, "%.*s[%zu].%s must be %s", STR_ARG(at->list),
                   at->index, name, what);
}

static struct chat_tool *add_tool(struct tool_place *at, const struct json *v,
                                  enum chat_tool_kind kind)
{
    struct chat_tool *tool = chat_add_tool(at->rd->arena, at->rd->r, kind);

    tool->ns = at->ns;
    tool->ns_description = at->ns_description;
    tool->raw = json_raw(v);
    return tool;
}

static enum err_code read_names(struct tool_place *at, const struct json *v, struct chat_tool *tool)
{
    struct arena *a = at->rd->arena;

    if (!json_str(a, json_get(v, STR("name")), &tool->name) || tool->name.n == 0)
        return wrong(at, "name", "a string that is not empty");
    if (!responses_read_str(a, v, STR("description"), &tool->description))
        return wrong(at, "description", "a string");
    return ERR_OK;
}

static enum err_code read_parameters(struct tool_place *at, const struct json *v,
                                     struct chat_tool *tool)
{
    const struct json *parameters = json_get(v, STR("parameters"));

    if (json_is(parameters, JSON_OBJECT))
        tool->parameters = json_raw(parameters);
    else if (parameters && !json_is(parameters, JSON_NULL))
        return wrong(at, "parameters", "an object");
    return ERR_OK;
}

static enum err_code read_function(struct tool_place *at, const struct json *v)
{
    struct chat_tool *tool = add_tool(at, v, CHAT_TOOL_FUNCTION);

    tool->strict = json_raw(json_get(v, STR("strict")));
    TRY(read_parameters(at, v, tool));
    return read_names(at, v, tool);
}

/* Where OpenAI is to search, nobody can elsewhere. */
static enum err_code read_tool_search(struct tool_place *at, const struct json *v)
{
    bool ours = json_str_eq(json_get(v, STR("execution")), STR("client"));
    struct chat_tool *tool = add_tool(at, v, ours ? CHAT_TOOL_FUNCTION : CHAT_TOOL_OTHER);

    tool->type = STR(RESPONSES_TOOL_SEARCH);
    if (!ours)
        return ERR_OK;
    tool->name = tool->type;
    if (!responses_read_str(at->rd->arena, v, STR("description"), &tool->description))
        return wrong(at, "description", "a string");
    return read_parameters(at, v, tool);
}

bool responses_is_search(const struct chat_tool *tool)
{
    return tool->kind == CHAT_TOOL_FUNCTION && str_eq(tool->type, STR(RESPONSES_TOOL_SEARCH));
}

/* As chat has it, which puts the members of a grammar into an object of their own. */
static struct str read_custom_format(struct arena *a, const struct json *v)
{
    const struct json *syntax = json_get(v, STR("syntax"));
    const struct json *definition = json_get(v, STR("definition"));

    if (!json_is(syntax, JSON_STRING) || !json_is(definition, JSON_STRING))
        return json_is(v, JSON_OBJECT) ? json_raw(v) : STR_NULL;
    return str_concat(a,
                      (struct str[]){STR("{\"type\":\"grammar\",\"grammar\":{\"syntax\":"),
                                     json_raw(syntax), STR(",\"definition\":"),
                                     json_raw(definition), STR("}}")},
                      5);
}

static enum err_code read_custom(struct tool_place *at, const struct json *v)
{
    struct chat_tool *tool = add_tool(at, v, CHAT_TOOL_CUSTOM);

    tool->parameters = read_custom_format(at->rd->arena, json_get(v, STR("format")));
    return read_names(at, v, tool);
}

/* {city,country,region,timezone}, as far as they are given. */
static struct str read_location(struct arena *a, const struct json *v)
{
    static const struct str names[] = {STR_INIT("city"), STR_INIT("country"), STR_INIT("region"),
                                       STR_INIT("timezone")};
    struct json_writer w;
    struct str text;
    struct sb sb;
    size_t n = 0;

    sb_init(&sb, json_raw(v).n + 64);
    jw_init(&w, &sb);
    jw_object(&w);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct json *word = json_get(v, names[i]);

        if (json_is(word, JSON_STRING)) {
            jw_key_raw(&w, names[i], json_raw(word));
            n++;
        }
    }
    jw_end(&w);
    text = n > 0 ? str_dup(a, sb_str(&sb)) : STR_NULL;
    sb_fini(&sb);
    return text;
}

/* What else is said of a search has no place, and is missed unless it says what is usual. */
static void lose_of_search(struct tool_place *at, const struct json *v)
{
    static const struct str known[] = {STR_INIT("type"), STR_INIT("search_context_size"),
                                       STR_INIT("user_location")};
    struct arena *a = at->rd->arena;

    JSON_EACH_MEMBER (key, value, v) {
        bool kept = json_is(value, JSON_NULL) ||
                    (json_str_eq(key, STR("external_web_access")) && json_bool_or(value, true));

        for (size_t i = 0; i < ARRAY_LEN(known) && !kept; i++)
            kept = json_str_eq(key, known[i]);
        if (!kept)
            loss_add_under(at->rd->losses, a, STR("tools.web_search"), json_str_or_null(a, key));
    }
}

static enum err_code read_search(struct tool_place *at, const struct json *v)
{
    struct chat_tool *tool = add_tool(at, v, CHAT_TOOL_WEB_SEARCH);
    struct arena *a = at->rd->arena;

    tool->type = json_str_or_null(a, json_get(v, STR("type")));
    tool->name = STR("web_search");
    if (!responses_read_str(a, v, STR("search_context_size"), &tool->search_size))
        return wrong(at, "search_context_size", "a string");
    tool->search_location = read_location(a, json_get(v, STR("user_location")));
    lose_of_search(at, v);
    return ERR_OK;
}

static enum err_code read_code(struct tool_place *at, const struct json *v)
{
    add_tool(at, v, CHAT_TOOL_CODE)->type = STR("code_interpreter");
    return ERR_OK;
}

/* Items may tell of a tool again that is there already. */
static bool is_told_again(struct tool_place *at, const struct json *v)
{
    struct arena *a = at->rd->arena;
    struct str name = json_str_or_null(a, json_get(v, STR("name")));

    if (name.n == 0 && json_str_eq(json_get(v, STR("type")), STR(RESPONSES_TOOL_SEARCH)))
        name = STR(RESPONSES_TOOL_SEARCH);
    if (name.n == 0)
        return false;
    name = str_concat(a, (struct str[]){at->ns, STR("\n"), name}, 3);
    return map_put(&at->rd->tools, name, at->rd) != NULL;
}

/* A tool of a namespace or of none. */
static enum err_code read_tool(struct tool_place *at, const struct json *v)
{
    static const struct {
        struct str type;
        enum err_code (*read)(struct tool_place *at, const struct json *v);
    } rows[] = {
        {STR_INIT("function"), read_function},
        {STR_INIT("custom"), read_custom},
        {STR_INIT("web_search"), read_search},
        {STR_INIT("web_search_2025_08_26"), read_search},
        {STR_INIT("web_search_preview"), read_search},
        {STR_INIT("web_search_preview_2025_03_11"), read_search},
        {STR_INIT("code_interpreter"), read_code},
        {STR_INIT(RESPONSES_TOOL_SEARCH), read_tool_search},
    };
    const struct json *type = json_get(v, STR("type"));
    struct chat_tool *tool;

    if (!json_is(type, JSON_STRING))
        return wrong(at, "type", "a string");
    if (is_told_again(at, v))
        return ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (json_str_eq(type, rows[i].type))
            return rows[i].read(at, v);
    }
    tool = add_tool(at, v, CHAT_TOOL_OTHER);
    tool->type = json_str_or_null(at->rd->arena, type);
    return ERR_OK;
}

static enum err_code read_namespace(struct tool_place *at, const struct json *v)
{
    struct arena *a = at->rd->arena;
    enum err_code rc = ERR_OK;

    if (!json_str(a, json_get(v, STR("name")), &at->ns) || at->ns.n == 0)
        return wrong(at, "name", "a string that is not empty");
    if (!responses_read_str(a, v, STR("description"), &at->ns_description))
        return wrong(at, "description", "a string");
    if (!json_is(json_get(v, STR("tools")), JSON_ARRAY))
        return wrong(at, "tools", "a list");
    at->space = v;
    JSON_EACH (tool, json_get(v, STR("tools"))) {
        rc = read_tool(at, tool);
        if (rc != ERR_OK)
            return rc;
        at->inner++;
    }
    return rc;
}

enum err_code responses_read_tools_at(struct responses_reading *rd, struct str list,
                                      const struct json *v)
{
    size_t index = 0;

    if (!json_is(v, JSON_ARRAY))
        return err_set(rd->err, ERR_BAD_REQUEST, "%.*s must be a list", STR_ARG(list));
    JSON_EACH (tool, v) {
        struct tool_place at = {.rd = rd, .list = list, .index = index++};
        enum err_code rc = json_str_eq(json_get(tool, STR("type")), STR("namespace"))
                               ? read_namespace(&at, tool)
                               : read_tool(&at, tool);

        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

enum err_code responses_read_tools(struct responses_reading *rd, const struct json *v)
{
    return responses_read_tools_at(rd, STR("tools"), v);
}

static void add_name(struct arena *a, struct sb *names, struct str ns, const struct json *tool)
{
    struct str name = json_str_or_null(a, json_get(tool, STR("name")));

    if (name.n == 0)
        return;
    if (names->n > 0)
        sb_add(names, STR(", "));
    sb_add(names, chat_flat_name(a, ns, name));
}

struct str responses_flat_names(struct arena *a, const struct json *tools)
{
    CLEANUP(sb_finip) struct sb names;

    sb_init(&names, NAMES_LIMIT);
    JSON_EACH (tool, tools) {
        struct str ns = json_str_or_null(a, json_get(tool, STR("name")));

        if (!json_str_eq(json_get(tool, STR("type")), STR("namespace"))) {
            add_name(a, &names, STR_NULL, tool);
            continue;
        }
        JSON_EACH (inner, json_get(tool, STR("tools")))
            add_name(a, &names, ns, inner);
    }
    return str_dup(a, sb_str(&names));
}

/* ---- reading the choice ---- */

static bool read_mode(const struct json *v, enum chat_choice *out)
{
    static const struct {
        struct str name;
        enum chat_choice choice;
    } rows[] = {
        {STR_INIT("none"), CHAT_CHOICE_NONE},
        {STR_INIT("auto"), CHAT_CHOICE_AUTO},
        {STR_INIT("required"), CHAT_CHOICE_REQUIRED},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (json_str_eq(v, rows[i].name)) {
            *out = rows[i].choice;
            return true;
        }
    }
    return false;
}

/* A tool of OpenAI's own has no name but its type. */
static struct str allowed_name(struct arena *a, const struct json *v)
{
    struct str name = json_str_or_null(a, json_get(v, STR("name")));

    return name.n > 0 ? name : json_str_or_null(a, json_get(v, STR("type")));
}

/* The name as the tool goes to an upstream without namespaces. The choice need not name the
 * namespace that its tool stands in. */
static struct str chosen_name(const struct responses_reading *rd, const struct json *v)
{
    struct str name = json_str_or_null(rd->arena, json_get(v, STR("name")));
    struct str ns = json_str_or_null(rd->arena, json_get(v, STR("namespace")));

    if (ns.n == 0 && !chat_find_tool(rd->r, STR_NULL, name)) {
        for (const struct chat_tool *tool = rd->r->tools; tool && ns.n == 0; tool = tool->next)
            ns = str_eq(tool->name, name) ? tool->ns : ns;
    }
    return ns.n > 0 ? chat_flat_name(rd->arena, ns, name) : name;
}

static enum err_code read_allowed(struct responses_reading *rd, const struct json *v)
{
    const struct json *tools = json_get(v, STR("tools"));
    struct chat_request *r = rd->r;

    if (!read_mode(json_get(v, STR("mode")), &r->choice))
        return err_set(rd->err, ERR_BAD_REQUEST, "tool_choice.mode must be auto or required");
    if (!json_is(tools, JSON_ARRAY))
        return err_set(rd->err, ERR_BAD_REQUEST, "tool_choice.tools must be a list");
    r->allowed = arena_new_array(rd->arena, struct str, json_count(tools) + 1);
    JSON_EACH (tool, tools)
        r->allowed[r->allowed_count++] = allowed_name(rd->arena, tool);
    return ERR_OK;
}

/* A tool of OpenAI's own by its type is kept as it is written: no other dialect has a word for it.
 */
enum err_code responses_read_choice(struct responses_reading *rd, const struct json *v)
{
    const struct json *type = json_get(v, STR("type"));

    if (json_is(v, JSON_STRING)) {
        if (read_mode(v, &rd->r->choice))
            return ERR_OK;
        return err_set(rd->err, ERR_BAD_REQUEST, "tool_choice must be none, auto or required");
    }
    if (!json_is(type, JSON_STRING))
        return err_set(rd->err, ERR_BAD_REQUEST, "tool_choice must be a string or an object");
    if (json_str_eq(type, STR("allowed_tools")))
        return read_allowed(rd, v);
    if (!json_str_eq(type, STR("function")) && !json_str_eq(type, STR("custom"))) {
        chat_add_extra(rd->arena, rd->r, STR("tool_choice"), json_raw(v));
        return ERR_OK;
    }
    if (!json_is(json_get(v, STR("name")), JSON_STRING))
        return err_set(rd->err, ERR_BAD_REQUEST, "tool_choice.name must be a string");
    rd->r->choice = CHAT_CHOICE_TOOL;
    rd->r->choice_name = chosen_name(rd, v);
    return ERR_OK;
}

/* ---- writing tools ---- */

static void write_names(struct responses_writing *wr, const struct chat_tool *tool)
{
    jw_key_str(&wr->w, STR("name"), chat_flat_name(wr->conf->arena, STR_NULL, tool->name));
    if (tool->description.n > 0)
        jw_key_str(&wr->w, STR("description"), tool->description);
}

/* This API makes every function strict that does not say it is not; the other dialects do not. */
static void write_function(struct responses_writing *wr, const struct chat_tool *tool)
{
    struct json_writer *w = &wr->w;
    bool strict = str_eq(tool->strict, STR("true"));

    jw_object(w);
    jw_key_str(w, STR("type"), STR("function"));
    write_names(wr, tool);
    jw_key_raw(w, STR("parameters"),
               tool->parameters.n > 0 ? tool->parameters
                                      : STR("{\"type\":\"object\",\"properties\":{}}"));
    jw_key_bool(w, STR("strict"), strict);
    jw_end(w);
}

static void write_custom_format(struct responses_writing *wr, struct str raw)
{
    const struct json *format = NULL, *grammar;
    struct json_writer *w = &wr->w;

    if (raw.n == 0 || json_read(wr->conf->arena, raw, JSON_DEPTH_DEFAULT, &format, NULL) != ERR_OK)
        return;
    jw_key(w, STR("format"));
    grammar = json_get(format, STR("grammar"));
    if (!json_is(grammar, JSON_OBJECT)) {
        jw_raw(w, raw);
        return;
    }
    jw_object(w);
    jw_key_str(w, STR("type"), STR("grammar"));
    jw_key_raw(w, STR("syntax"), json_raw(json_get(grammar, STR("syntax"))));
    jw_key_raw(w, STR("definition"), json_raw(json_get(grammar, STR("definition"))));
    jw_end(w);
}

static void write_custom(struct responses_writing *wr, const struct chat_tool *tool)
{
    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("type"), STR("custom"));
    write_names(wr, tool);
    write_custom_format(wr, tool->parameters);
    jw_end(&wr->w);
}

static void write_location(struct responses_writing *wr, struct str raw)
{
    const struct json *location = NULL;
    struct json_writer *w = &wr->w;

    if (raw.n == 0 ||
        json_read(wr->conf->arena, raw, JSON_DEPTH_DEFAULT, &location, NULL) != ERR_OK)
        return;
    jw_key(w, STR("user_location"));
    jw_object(w);
    jw_key_str(w, STR("type"), STR("approximate"));
    JSON_EACH_MEMBER (key, v, location) {
        if (!json_str_eq(key, STR("type")))
            jw_key_raw(w, json_str_or_null(wr->conf->arena, key), json_raw(v));
    }
    jw_end(w);
}

/* The list of domains that Claude's tool may search, which is a promise to keep. */
static void write_search_filters(struct responses_writing *wr, const struct chat_tool *tool)
{
    const struct json *raw = NULL, *domains;
    struct json_writer *w = &wr->w;

    if (tool->raw.n == 0 ||
        json_read(wr->conf->arena, tool->raw, JSON_DEPTH_DEFAULT, &raw, NULL) != ERR_OK)
        return;
    domains = json_get(raw, STR("allowed_domains"));
    if (json_is(domains, JSON_ARRAY)) {
        jw_key(w, STR("filters"));
        jw_object(w);
        jw_key_raw(w, STR("allowed_domains"), json_raw(domains));
        jw_end(w);
    }
    if (json_count(json_get(raw, STR("blocked_domains"))) > 0)
        loss_add(wr->conf->losses, STR("tools.web_search.blocked_domains"));
}

static void write_search(struct responses_writing *wr, const struct chat_tool *tool)
{
    struct json_writer *w = &wr->w;

    jw_object(w);
    jw_key_str(w, STR("type"), STR("web_search"));
    if (tool->search_size.n > 0)
        jw_key_str(w, STR("search_context_size"), tool->search_size);
    write_location(wr, tool->search_location);
    write_search_filters(wr, tool);
    if (tool->max_uses > 0)
        loss_add(wr->conf->losses, STR("tools.web_search.max_uses"));
    jw_end(w);
}

static void write_code(struct responses_writing *wr, const struct chat_tool *tool UNUSED)
{
    struct json_writer *w = &wr->w;

    jw_object(w);
    jw_key_str(w, STR("type"), STR("code_interpreter"));
    jw_key(w, STR("container"));
    jw_object(w);
    jw_key_str(w, STR("type"), STR("auto"));
    jw_end(w);
    jw_end(w);
}

static void lose_tool(struct responses_writing *wr, const struct chat_tool *tool)
{
    if (tool->kind == CHAT_TOOL_WEB_FETCH)
        loss_add(wr->conf->losses, STR("tools.web_fetch"));
    else
        loss_add_under(wr->conf->losses, wr->conf->arena, STR("tools"), tool->type);
}

static void write_foreign(struct responses_writing *wr, const struct chat_tool *tool)
{
    static void (*const rows[])(struct responses_writing *, const struct chat_tool *) = {
        [CHAT_TOOL_FUNCTION] = write_function, [CHAT_TOOL_CUSTOM] = write_custom,
        [CHAT_TOOL_WEB_SEARCH] = write_search, [CHAT_TOOL_WEB_FETCH] = lose_tool,
        [CHAT_TOOL_CODE] = write_code,         [CHAT_TOOL_OTHER] = lose_tool,
    };

    rows[tool->kind](wr, tool);
}

/* A namespace with the tools that stand beside each other in it; the last one of them. */
static const struct chat_tool *write_namespace(struct responses_writing *wr,
                                               const struct chat_tool *tool)
{
    struct json_writer *w = &wr->w;
    struct str ns = tool->ns;

    jw_object(w);
    jw_key_str(w, STR("type"), STR("namespace"));
    jw_key_str(w, STR("name"), ns);
    jw_key_str(w, STR("description"), tool->ns_description);
    jw_key(w, STR("tools"));
    jw_array(w);
    for (;; tool = tool->next) {
        jw_raw(w, tool->raw);
        if (!tool->next || !str_eq(tool->next->ns, ns))
            break;
    }
    jw_end(w);
    jw_end(w);
    return tool;
}

void responses_write_tools(struct responses_writing *wr)
{
    jw_key(&wr->w, STR("tools"));
    jw_array(&wr->w);
    for (const struct chat_tool *tool = wr->r->tools; tool; tool = tool->next) {
        if (!wr->own || tool->raw.n == 0)
            write_foreign(wr, tool);
        else if (tool->ns.n > 0)
            tool = write_namespace(wr, tool);
        else
            jw_raw(&wr->w, tool->raw);
    }
    jw_end(&wr->w);
}

/* ---- writing the choice ---- */

static struct str mode_name(enum chat_choice choice)
{
    static const struct str names[] = {
        [CHAT_CHOICE_UNSET] = STR_INIT("auto"),    [CHAT_CHOICE_NONE] = STR_INIT("none"),
        [CHAT_CHOICE_AUTO] = STR_INIT("auto"),     [CHAT_CHOICE_REQUIRED] = STR_INIT("required"),
        [CHAT_CHOICE_TOOL] = STR_INIT("required"),
    };

    return names[choice];
}

/* Tools by their names, with and without their namespace; to be ended with map_fini(). */
static void map_tools(struct map *tools, const struct responses_writing *wr)
{
    map_init(tools);
    for (struct chat_tool *tool = wr->r->tools; tool; tool = tool->next) {
        if (tool->name.n > 0 && (tool->ns.n == 0 || !map_find(tools, tool->name)))
            (void)map_put(tools, tool->name, tool);
        if (tool->ns.n > 0)
            (void)map_put(tools, chat_flat_name(wr->conf->arena, tool->ns, tool->name), tool);
    }
}

/* {type,name}. `hosted`: a name that no tool has is the type of one of OpenAI's own. */
static void write_chosen(struct responses_writing *wr, const struct map *tools, struct str name,
                         bool hosted)
{
    const struct chat_tool *tool = map_find(tools, name);
    struct json_writer *w = &wr->w;

    jw_object(w);
    if (tool ? tool->kind == CHAT_TOOL_WEB_SEARCH : hosted) {
        jw_key_str(w, STR("type"), !tool ? name : wr->own ? tool->type : STR("web_search"));
    } else {
        bool custom = tool && tool->kind == CHAT_TOOL_CUSTOM;

        jw_key_str(w, STR("type"), custom ? STR("custom") : STR("function"));
        if (tool && tool->ns.n > 0)
            jw_key_str(w, STR("namespace"), tool->ns);
        jw_key_str(w, STR("name"),
                   wr->own && tool ? tool->name : chat_flat_name(wr->conf->arena, STR_NULL, name));
    }
    jw_end(w);
}

static void write_allowed(struct responses_writing *wr, const struct map *tools)
{
    struct json_writer *w = &wr->w;

    jw_object(w);
    jw_key_str(w, STR("type"), STR("allowed_tools"));
    jw_key_str(w, STR("mode"), mode_name(wr->r->choice));
    jw_key(w, STR("tools"));
    jw_array(w);
    for (size_t i = 0; i < wr->r->allowed_count; i++)
        write_chosen(wr, tools, wr->r->allowed[i], wr->own);
    jw_end(w);
    jw_end(w);
}

void responses_write_choice(struct responses_writing *wr)
{
    const struct chat_request *r = wr->r;
    const struct chat_extra *hosted = wr->own ? responses_extra(r, STR("tool_choice")) : NULL;
    struct map tools;

    jw_key(&wr->w, STR("tool_choice"));
    if (hosted) {
        jw_raw(&wr->w, hosted->raw);
        return;
    }
    map_tools(&tools, wr);
    if (r->choice == CHAT_CHOICE_TOOL)
        write_chosen(wr, &tools, r->choice_name, false);
    else if (r->allowed && r->choice != CHAT_CHOICE_NONE)
        write_allowed(wr, &tools);
    else
        jw_str(&wr->w, mode_name(r->choice));
    map_fini(&tools);
}

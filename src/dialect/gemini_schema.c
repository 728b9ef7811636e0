/*
 * How it works: what applies to one place of the result is a list of JSON Schema objects (a
 * "view"): the object that stands there, what its $ref points to, and the arms of its allOf, each
 * with theirs. Every member of the result is asked of the whole list; the first that has it wins,
 * and properties and required are united. Alternatives (anyOf, oneOf, a list of types) are each
 * written as a view of their own: the arm before the rest of the list, because Gemini wants anyOf
 * to stand alone.
 */
#include "dialect/gemini_schema.h"

#include "base/json_write.h"
#include "base/map.h"

enum {
    DEPTH_MAX = 24,     /* schemas within schemas; two levels of JSON each, of the writer's 64 */
    SOURCES_MAX = 24,   /* of one view */
    OPEN_REFS_MAX = 64, /* references on the way from the root */
    NODES_MAX = 5000,   /* schemas in the result: references can multiply */
    OUTPUT_LIMIT = 16 << 20,
};

struct source {
    const struct json *schema;
    bool no_choice; /* its anyOf, oneOf and list of types are being written already */
    bool optional;  /* nothing of it is required */
};

struct view {
    struct source sources[SOURCES_MAX];
    size_t n;
    struct str type; /* the one of a list of types; STR_NULL: as the sources say */
};

struct cleaner {
    struct arena *a;
    const struct json *root;
    struct json_writer w;
    const struct json *open_refs[OPEN_REFS_MAX];
    size_t open_count;
    size_t nodes;
    struct map defs[2]; /* the members of $defs and definitions */
    bool defs_ready;
    bool recursive; /* a reference into itself was met in the view being made */
};

/* ---- references ---- */

static const struct str defs_names[2] = {STR_INIT("$defs"), STR_INIT("definitions")};

static void index_defs(struct cleaner *c)
{
    for (size_t i = 0; i < ARRAY_LEN(defs_names) && !c->defs_ready; i++) {
        JSON_EACH_MEMBER (key, value, json_get(c->root, defs_names[i]))
            (void)map_put(&c->defs[i], json_str_or_null(c->a, key), (void *)(uintptr_t)value);
    }
    c->defs_ready = true;
}

static struct str unescape_pointer(struct arena *a, struct str token)
{
    return str_replace(a, str_replace(a, token, STR("~1"), STR("/")), STR("~0"), STR("~"));
}

/* What "#/$defs/name", or another pointer into the schema, points to; NULL: nothing there. */
static const struct json *follow(struct cleaner *c, struct str ref)
{
    const struct json *at = c->root;
    struct str rest;

    if (!str_starts(ref, STR("#")))
        return NULL;
    rest = str_skip(ref, 1);
    if (rest.n > 0 && rest.p[0] == '/')
        rest = str_skip(rest, 1);
    index_defs(c);
    for (size_t i = 0; i < ARRAY_LEN(defs_names); i++) {
        struct str name = str_skip(rest, defs_names[i].n + 1);

        if (str_starts(rest, defs_names[i]) && str_find_char(name, '/') < 0)
            return map_find(&c->defs[i], unescape_pointer(c->a, name));
    }
    while (rest.p && rest.n > 0 && at)
        at = json_get(at, unescape_pointer(c->a, str_cut(&rest, '/')));
    return at;
}

static bool is_open(const struct cleaner *c, const struct json *schema)
{
    for (size_t i = 0; i < c->open_count; i++) {
        if (c->open_refs[i] == schema)
            return true;
    }
    return false;
}

/* ---- views ---- */

/* NOLINTBEGIN(misc-no-recursion): allOf and $ref lead on until a view is full. */
static void add_source(struct cleaner *c, struct view *v, const struct json *schema, bool optional)
{
    struct str ref;

    if (!json_is(schema, JSON_OBJECT) || v->n == SOURCES_MAX)
        return;
    v->sources[v->n++] = (struct source){.schema = schema, .optional = optional};
    if (json_str(c->a, json_get(schema, STR("$ref")), &ref)) {
        const struct json *target = follow(c, ref);

        if (target && (is_open(c, target) || c->open_count == OPEN_REFS_MAX)) {
            c->recursive = true;
        } else if (target) {
            c->open_refs[c->open_count++] = target;
            add_source(c, v, target, optional);
        }
    }
    JSON_EACH (arm, json_get(schema, STR("allOf")))
        add_source(c, v, arm, optional);
}
/* NOLINTEND(misc-no-recursion) */

static const struct json *find(const struct view *v, const char *name)
{
    for (size_t i = 0; i < v->n; i++) {
        const struct json *value = json_get(v->sources[i].schema, str_from(name));

        if (value)
            return value;
    }
    return NULL;
}

/* ---- types ---- */

static const struct {
    struct str lower, upper;
} types[] = {
    {STR_INIT("string"), STR_INIT("STRING")},   {STR_INIT("number"), STR_INIT("NUMBER")},
    {STR_INIT("integer"), STR_INIT("INTEGER")}, {STR_INIT("boolean"), STR_INIT("BOOLEAN")},
    {STR_INIT("array"), STR_INIT("ARRAY")},     {STR_INIT("object"), STR_INIT("OBJECT")},
};

/* The name in capitals; STR_NULL for null and what Gemini does not know. */
static struct str type_of(struct arena *a, const struct json *name)
{
    struct str text = json_str_or_null(a, name);

    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (str_eq_nocase(text, types[i].lower))
            return types[i].upper;
    }
    return STR_NULL;
}

static bool is_null_type(struct arena *a, const struct json *name)
{
    return str_eq_nocase(json_str_or_null(a, name), STR("null"));
}

static struct str inferred_type(const struct view *v)
{
    if (find(v, "properties"))
        return STR("OBJECT");
    return find(v, "items") || find(v, "prefixItems") ? STR("ARRAY") : STR("STRING");
}

/* The type of the view, which is the first of a list. */
static struct str view_type(struct cleaner *c, const struct view *v)
{
    struct str type = v->type;

    for (size_t i = 0; i < v->n && type.n == 0; i++) {
        const struct json *named = json_get(v->sources[i].schema, STR("type"));

        type = type_of(c->a, named);
        JSON_EACH (item, named)
            type = type.n > 0 ? type : type_of(c->a, item);
    }
    if (type.n > 0)
        return type;
    return c->recursive ? STR("OBJECT") : inferred_type(v);
}

/* Is it {"type":"null"}, or {"const":null}? */
static bool is_null_arm(struct arena *a, const struct json *arm)
{
    return is_null_type(a, json_get(arm, STR("type"))) ||
           json_is(json_get(arm, STR("const")), JSON_NULL);
}

/* Of a list of types, of an enum's values, of arms. */
static bool list_has_null(struct arena *a, const struct json *list, bool of_types)
{
    JSON_EACH (item, list) {
        if (json_is(item, JSON_NULL) || (of_types && is_null_type(a, item)) ||
            (json_is(item, JSON_OBJECT) && is_null_arm(a, item)))
            return true;
    }
    return false;
}

static bool is_nullable(struct cleaner *c, const struct view *v)
{
    static const char *const lists[] = {"type", "enum", "anyOf", "oneOf"};

    for (size_t i = 0; i < v->n; i++) {
        const struct json *schema = v->sources[i].schema;

        if (json_bool_or(json_get(schema, STR("nullable")), false) || is_null_arm(c->a, schema))
            return true;
        for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
            if (list_has_null(c->a, json_get(schema, str_from(lists[k])), k == 0))
                return true;
        }
    }
    return false;
}

/* ---- simple members ---- */

static void copy_text(struct cleaner *c, const struct view *v, const char *name)
{
    struct str text;

    if (json_str(c->a, find(v, name), &text) && text.n > 0)
        jw_key_str(&c->w, str_from(name), text);
}

static void copy_number(struct cleaner *c, const struct view *v, const char *name)
{
    const struct json *value = find(v, name);

    if (json_is(value, JSON_NUMBER))
        jw_key_raw(&c->w, str_from(name), json_raw(value));
}

static void write_format(struct cleaner *c, const struct view *v, struct str type)
{
    static const struct {
        const char *type, *format;
    } known[] = {
        {"STRING", "date-time"}, {"STRING", "enum"},   {"NUMBER", "float"},
        {"NUMBER", "double"},    {"INTEGER", "int32"}, {"INTEGER", "int64"},
    };
    const struct json *format = find(v, "format");

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (str_eq(type, str_from(known[i].type)) && json_str_eq(format, str_from(known[i].format)))
            jw_key_raw(&c->w, STR("format"), json_raw(format));
    }
}

/* A value of an enum as a string; false: it has none. */
static bool enum_text(struct arena *a, const struct json *value, struct str *out)
{
    if (json_is(value, JSON_NUMBER) || json_is(value, JSON_BOOL))
        *out = json_raw(value);
    else if (!json_str(a, value, out))
        return false;
    return out->n > 0;
}

/* True when a value was written. */
static bool write_enum(struct cleaner *c, const struct view *v)
{
    const struct json *list = find(v, "enum"), *one = list ? NULL : find(v, "const");
    struct str text;
    bool any = false;

    JSON_EACH (value, list)
        any |= enum_text(c->a, value, &text);
    any |= one && enum_text(c->a, one, &text);
    if (!any)
        return false;
    jw_key(&c->w, STR("enum"));
    jw_array(&c->w);
    JSON_EACH (value, list) {
        if (enum_text(c->a, value, &text))
            jw_str(&c->w, text);
    }
    if (one && enum_text(c->a, one, &text))
        jw_str(&c->w, text);
    jw_end(&c->w);
    return true;
}

static bool has_enum(struct cleaner *c, const struct view *v)
{
    const struct json *list = find(v, "enum"), *one = list ? NULL : find(v, "const");
    struct str text;

    JSON_EACH (value, list) {
        if (enum_text(c->a, value, &text))
            return true;
    }
    return one && enum_text(c->a, one, &text);
}

/* ---- objects, arrays, alternatives ---- */

/* NOLINTBEGIN(misc-no-recursion): schemas lie in schemas, DEPTH_MAX at most. */
static void write_view(struct cleaner *c, struct view *v, unsigned depth);

/* A schema that stands somewhere in the view's schemas. */
static void write_schema(struct cleaner *c, const struct json *schema, unsigned depth)
{
    size_t open_before = c->open_count;
    struct view *v = arena_new(c->a, struct view);

    c->recursive = false;
    if (json_is(schema, JSON_ARRAY)) /* a tuple: its first stands for all */
        schema = json_at(schema, 0);
    add_source(c, v, schema, false);
    write_view(c, v, depth);
    c->open_count = open_before;
}

/* The names are those of several sources; a map tells what was written. */
static void write_properties(struct cleaner *c, const struct view *v, struct map *names,
                             unsigned depth)
{
    jw_key(&c->w, STR("properties"));
    jw_object(&c->w);
    for (size_t i = 0; i < v->n; i++) {
        JSON_EACH_MEMBER (key, value, json_get(v->sources[i].schema, STR("properties"))) {
            struct str name = json_str_or_null(c->a, key);

            if (map_put(names, name, (void *)(uintptr_t)value))
                continue;
            jw_key(&c->w, name);
            write_schema(c, value, depth + 1);
        }
    }
    jw_end(&c->w);
}

/* Of all sources, what names a property; each once. */
static void write_names(struct cleaner *c, const struct view *v, const char *member,
                        const struct map *names)
{
    static const char mark[] = "";
    CLEANUP(map_fini) struct map seen;
    bool any = false;

    map_init(&seen);
    for (size_t i = 0; i < v->n; i++) {
        if (v->sources[i].optional)
            continue;
        JSON_EACH (item, json_get(v->sources[i].schema, str_from(member))) {
            struct str name;

            if (!json_str(c->a, item, &name) || !map_find(names, name) ||
                map_put(&seen, name, (void *)(uintptr_t)mark))
                continue;
            if (!any) {
                jw_key(&c->w, str_from(member));
                jw_array(&c->w);
            }
            any = true;
            jw_str(&c->w, name);
        }
    }
    if (any)
        jw_end(&c->w);
}

static bool has_properties(const struct view *v)
{
    for (size_t i = 0; i < v->n; i++) {
        if (json_count(json_get(v->sources[i].schema, STR("properties"))) > 0)
            return true;
    }
    return false;
}

static void write_object(struct cleaner *c, const struct view *v, unsigned depth)
{
    CLEANUP(map_fini) struct map names;

    map_init(&names);
    if (!has_properties(v))
        return;
    write_properties(c, v, &names, depth);
    write_names(c, v, "required", &names);
    write_names(c, v, "propertyOrdering", &names);
    copy_number(c, v, "minProperties");
    copy_number(c, v, "maxProperties");
}

static void write_array(struct cleaner *c, const struct view *v, unsigned depth)
{
    const struct json *items = find(v, "items");

    if (!json_is(items, JSON_OBJECT) && json_count(items) == 0)
        items = find(v, "prefixItems");
    jw_key(&c->w, STR("items"));
    write_schema(c, items, depth + 1);
    copy_number(c, v, "minItems");
    copy_number(c, v, "maxItems");
}

static void write_typed(struct cleaner *c, const struct view *v, unsigned depth)
{
    bool chosen = has_enum(c, v);
    struct str type = chosen ? STR("STRING") : view_type(c, v);
    const struct json *initial = find(v, "default"), *example = find(v, "example");

    jw_key_str(&c->w, STR("type"), type);
    write_format(c, v, type);
    copy_text(c, v, "title");
    copy_text(c, v, "description");
    if (is_nullable(c, v))
        jw_key_bool(&c->w, STR("nullable"), true);
    if (chosen)
        (void)write_enum(c, v);
    if (str_eq(type, STR("OBJECT"))) {
        write_object(c, v, depth);
    } else if (str_eq(type, STR("ARRAY"))) {
        write_array(c, v, depth);
    } else if (str_eq(type, STR("STRING"))) {
        copy_number(c, v, "minLength");
        copy_number(c, v, "maxLength");
        copy_text(c, v, "pattern");
    } else {
        copy_number(c, v, "minimum");
        copy_number(c, v, "maximum");
    }
    if (initial && !json_is(initial, JSON_NULL) && (!chosen || json_is(initial, JSON_STRING)))
        jw_key_raw(&c->w, STR("default"), json_raw(initial));
    if (example && (!chosen || json_is(example, JSON_STRING)))
        jw_key_raw(&c->w, STR("example"), json_raw(example));
}

/* ---- alternatives ---- */

/* anyOf or oneOf of a source, or its list of types; NULL: it has no alternatives. */
static const struct json *choices_of(const struct source *s)
{
    const struct json *list;

    if (s->no_choice)
        return NULL;
    list = json_get(s->schema, STR("anyOf"));
    if (json_count(list) == 0)
        list = json_get(s->schema, STR("oneOf"));
    if (json_count(list) == 0)
        list = json_get(s->schema, STR("type"));
    return json_is(list, JSON_ARRAY) && json_count(list) > 0 ? list : NULL;
}

/* Does an arm say what the value is, or does it only limit ("required":["a"])? */
static bool says_what(const struct json *arm)
{
    static const char *const names[] = {"type",  "$ref",  "properties", "items", "enum",
                                        "const", "anyOf", "oneOf",      "allOf"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (json_get(arm, str_from(names[i])))
            return true;
    }
    return json_is(arm, JSON_STRING); /* of a list of types */
}

static bool is_arm(struct cleaner *c, const struct json *arm)
{
    if (json_is(arm, JSON_STRING))
        return type_of(c->a, arm).n > 0;
    return says_what(arm) && !is_null_arm(c->a, arm);
}

static size_t count_arms(struct cleaner *c, const struct json *list)
{
    size_t n = 0;

    JSON_EACH (arm, list)
        n += is_arm(c, arm);
    return n;
}

/* The view of one arm: the arm, then what stood around it. */
static struct view *arm_view(struct cleaner *c, const struct view *around, const struct json *arm)
{
    struct view *v = arena_new(c->a, struct view);

    v->type = around->type;
    if (json_is(arm, JSON_STRING))
        v->type = type_of(c->a, arm);
    else
        add_source(c, v, arm, false);
    for (size_t i = 0; i < around->n && v->n < SOURCES_MAX; i++)
        v->sources[v->n++] = around->sources[i];
    return v;
}

static void write_arms(struct cleaner *c, const struct view *v, const struct json *list,
                       unsigned depth)
{
    jw_object(&c->w);
    jw_key(&c->w, STR("anyOf"));
    jw_array(&c->w);
    JSON_EACH (arm, list) {
        size_t open_before = c->open_count;

        if (!is_arm(c, arm))
            continue;
        c->recursive = false;
        write_view(c, arm_view(c, v, arm), depth + 1);
        c->open_count = open_before;
    }
    jw_end(&c->w);
    jw_end(&c->w);
}

static const struct json *first_arm(struct cleaner *c, const struct json *list)
{
    JSON_EACH (arm, list) {
        if (is_arm(c, arm))
            return arm;
    }
    return NULL;
}

/* The arms' members belong to the one object that a function's parameters must be; none of them is
 * required. */
static void unite_arms(struct cleaner *c, struct view *v, const struct json *list)
{
    JSON_EACH (arm, list) {
        if (json_is(arm, JSON_OBJECT))
            add_source(c, v, arm, true);
    }
}

static void write_plain(struct cleaner *c, const struct view *v, unsigned depth)
{
    jw_object(&c->w);
    write_typed(c, v, depth);
    jw_end(&c->w);
}

/* Looks for alternatives, one source after the other; without any the view is plain. */
static void write_view(struct cleaner *c, struct view *v, unsigned depth)
{
    if (depth > DEPTH_MAX || ++c->nodes > NODES_MAX) {
        jw_object(&c->w);
        jw_key_str(&c->w, STR("type"), STR("OBJECT"));
        jw_end(&c->w);
        return;
    }
    for (size_t i = 0; i < v->n; i++) {
        const struct json *list = choices_of(&v->sources[i]);
        size_t arms = count_arms(c, list);

        v->sources[i].no_choice = true;
        if (arms > 1) {
            write_arms(c, v, list, depth);
            return;
        }
        if (arms == 1) {
            write_view(c, arm_view(c, v, first_arm(c, list)), depth);
            return;
        }
    }
    write_plain(c, v, depth);
}
/* NOLINTEND(misc-no-recursion) */

/* ---- the whole ---- */

static bool write_root(struct cleaner *c, enum gemini_schema_use use)
{
    struct view *v = arena_new(c->a, struct view);

    c->open_refs[c->open_count++] = c->root;
    add_source(c, v, c->root, false);
    if (use == GEMINI_SCHEMA_ANSWER) {
        write_view(c, v, 0);
        return true;
    }
    for (size_t i = 0; i < v->n; i++) { /* the list grows by the arms */
        const struct json *list = choices_of(&v->sources[i]);

        v->sources[i].no_choice = true;
        unite_arms(c, v, list);
    }
    v->type = STR("OBJECT");
    if (!has_properties(v))
        return false;
    write_plain(c, v, 0);
    return true;
}

struct str gemini_schema_write(struct arena *a, struct str raw, enum gemini_schema_use use)
{
    CLEANUP(sb_finip) struct sb sb;
    struct cleaner *c = arena_new(a, struct cleaner);
    bool any;

    if (json_read(a, raw, JSON_DEPTH_DEFAULT, &c->root, NULL) != ERR_OK ||
        !json_is(c->root, JSON_OBJECT)) {
        sb_init(&sb, 0);
        return STR_NULL;
    }
    sb_init(&sb, OUTPUT_LIMIT);
    c->a = a;
    jw_init(&c->w, &sb);
    map_init(&c->defs[0]);
    map_init(&c->defs[1]);
    any = write_root(c, use);
    map_fini(&c->defs[0]);
    map_fini(&c->defs[1]);
    return any && !sb_failed(&sb) ? str_dup(a, sb_str(&sb)) : STR_NULL;
}

/* ---- back ---- */

enum { READ_DEPTH_MAX = 28 }; /* below, a schema is copied as it is */

static bool is_snake_or(const struct json *key, const char *camel, const char *snake)
{
    return json_str_eq(key, str_from(camel)) || json_str_eq(key, str_from(snake));
}

/* A count, which proto3's JSON form writes in quotes. */
static bool read_count(struct arena *a, struct json_writer *w, const struct json *key,
                       const struct json *value)
{
    static const char *const names[][2] = {
        {"minItems", "min_items"},           {"maxItems", "max_items"},
        {"minLength", "min_length"},         {"maxLength", "max_length"},
        {"minProperties", "min_properties"}, {"maxProperties", "max_properties"},
    };
    int64_t n;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!is_snake_or(key, names[i][0], names[i][1]))
            continue;
        if (json_i64(value, &n) || str_to_i64(json_str_or_null(a, value), &n))
            jw_key_i64(w, str_from(names[i][0]), n);
        return true;
    }
    return false;
}

static void read_type(struct arena *a, struct json_writer *w, const struct json *schema)
{
    struct str type = type_of(a, json_get(schema, STR("type")));

    if (type.n == 0)
        return;
    jw_key(w, STR("type"));
    if (!json_bool_or(json_get(schema, STR("nullable")), false)) {
        jw_str(w, str_lower(a, type));
        return;
    }
    jw_array(w);
    jw_str(w, str_lower(a, type));
    jw_str(w, STR("null"));
    jw_end(w);
}

/* NOLINTBEGIN(misc-no-recursion): READ_DEPTH_MAX schemas deep. */
static void read_one(struct arena *a, struct json_writer *w, const struct json *schema,
                     unsigned depth);

static void read_named(struct arena *a, struct json_writer *w, const struct json *properties,
                       unsigned depth)
{
    jw_object(w);
    JSON_EACH_MEMBER (key, value, properties) {
        jw_key(w, json_str_or_null(a, key));
        read_one(a, w, value, depth);
    }
    jw_end(w);
}

static void read_list(struct arena *a, struct json_writer *w, const struct json *list,
                      unsigned depth)
{
    jw_array(w);
    JSON_EACH (item, list)
        read_one(a, w, item, depth);
    jw_end(w);
}

static void read_member(struct arena *a, struct json_writer *w, const struct json *key,
                        const struct json *value, unsigned depth)
{
    if (json_str_eq(key, STR("properties")) && json_is(value, JSON_OBJECT)) {
        jw_key(w, STR("properties"));
        read_named(a, w, value, depth);
    } else if (is_snake_or(key, "anyOf", "any_of") && json_is(value, JSON_ARRAY)) {
        jw_key(w, STR("anyOf"));
        read_list(a, w, value, depth);
    } else if (json_str_eq(key, STR("items"))) {
        jw_key(w, STR("items"));
        read_one(a, w, value, depth);
    } else if (!read_count(a, w, key, value)) {
        jw_key_raw(w, json_str_or_null(a, key), json_raw(value));
    }
}

/* What JSON Schema does not know, or what read_type() has seen to. */
static bool is_dropped(const struct json *key, const struct json *value)
{
    static const char *const names[] = {"type", "nullable", "example", "propertyOrdering",
                                        "property_ordering"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (json_str_eq(key, str_from(names[i])))
            return true;
    }
    return json_is(value, JSON_NULL) ||
           (json_str_eq(key, STR("format")) && json_str_eq(value, STR("enum")));
}

static void read_one(struct arena *a, struct json_writer *w, const struct json *schema,
                     unsigned depth)
{
    if (!json_is(schema, JSON_OBJECT) || depth > READ_DEPTH_MAX) {
        jw_raw(w, json_raw(schema));
        return;
    }
    jw_object(w);
    read_type(a, w, schema);
    JSON_EACH_MEMBER (key, value, schema) {
        if (!is_dropped(key, value))
            read_member(a, w, key, value, depth + 1);
    }
    jw_end(w);
}
/* NOLINTEND(misc-no-recursion) */

struct str gemini_schema_read(struct arena *a, const struct json *schema)
{
    CLEANUP(sb_finip) struct sb sb;
    struct json_writer w;

    sb_init(&sb, OUTPUT_LIMIT);
    jw_init(&w, &sb);
    read_one(a, &w, schema, 0);
    return sb_failed(&sb) ? json_raw(schema) : str_dup(a, sb_str(&sb));
}

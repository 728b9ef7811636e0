/*
 * JSON Schema for structured output, which takes a part of the language only: every object is
 * closed, alternatives are anyOf, bounds on numbers, lengths and counts are left out.
 *
 * Source: providers reference 4.6.
 */
#include "base/sb.h"
#include "dialect/claude.h"

enum { SCHEMA_DEPTH = 50 }; /* deeper ones go as they are */

struct schema {
    struct arena *arena;
    struct json_writer w;
};

typedef void keyword_fn(struct schema *s, struct str name, const struct json *v);

static void write_schema(struct schema *s, const struct json *v);

/* ---- keywords ---- */

static void write_as_is(struct schema *s, struct str name, const struct json *v)
{
    jw_key_raw(&s->w, name, json_raw(v));
}

static void write_format(struct schema *s, struct str name, const struct json *v)
{
    static const struct str known[] = {
        STR_INIT("date-time"), STR_INIT("time"), STR_INIT("date"),     STR_INIT("duration"),
        STR_INIT("email"),     STR_INIT("uri"),  STR_INIT("hostname"), STR_INIT("ipv4"),
        STR_INIT("ipv6"),      STR_INIT("uuid"),
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (json_str_eq(v, known[i]))
            write_as_is(s, name, v);
    }
}

static void write_min_items(struct schema *s, struct str name, const struct json *v)
{
    int64_t n;

    if (json_i64(v, &n) && (n == 0 || n == 1))
        write_as_is(s, name, v);
}

/* NOLINTNEXTLINE(misc-no-recursion): the depth of the text is bounded. */
static void write_one(struct schema *s, struct str name, const struct json *v)
{
    if (!json_is(v, JSON_OBJECT)) /* a list of schemas by position, or true */
        return;
    jw_key(&s->w, name);
    write_schema(s, v);
}

/* NOLINTNEXTLINE(misc-no-recursion): the depth of the text is bounded. */
static void write_list(struct schema *s, struct str name, const struct json *v)
{
    jw_key(&s->w, str_eq(name, STR("oneOf")) ? STR("anyOf") : name);
    jw_array(&s->w);
    JSON_EACH (item, v)
        write_schema(s, item);
    jw_end(&s->w);
}

/* NOLINTNEXTLINE(misc-no-recursion): the depth of the text is bounded. */
static void write_named(struct schema *s, struct str name, const struct json *v)
{
    jw_key(&s->w, name);
    jw_object(&s->w);
    JSON_EACH_MEMBER (key, value, v) {
        jw_key(&s->w, json_str_or_null(s->arena, key));
        write_schema(s, value);
    }
    jw_end(&s->w);
}

static const struct {
    struct str name;
    keyword_fn *write;
} keywords[] = {
    {STR_INIT("type"), write_as_is},        {STR_INIT("enum"), write_as_is},
    {STR_INIT("const"), write_as_is},       {STR_INIT("$ref"), write_as_is},
    {STR_INIT("required"), write_as_is},    {STR_INIT("title"), write_as_is},
    {STR_INIT("description"), write_as_is}, {STR_INIT("default"), write_as_is},
    {STR_INIT("format"), write_format},     {STR_INIT("minItems"), write_min_items},
    {STR_INIT("items"), write_one},         {STR_INIT("properties"), write_named},
    {STR_INIT("$defs"), write_named},       {STR_INIT("definitions"), write_named},
    {STR_INIT("anyOf"), write_list},        {STR_INIT("allOf"), write_list},
    {STR_INIT("oneOf"), write_list},
};

/* ---- a schema ---- */

static bool is_object_schema(const struct json *v)
{
    const struct json *type = json_get(v, STR("type"));

    JSON_EACH (item, type) {
        if (json_str_eq(item, STR("object")))
            return true;
    }
    return json_str_eq(type, STR("object")) || json_is(json_get(v, STR("properties")), JSON_OBJECT);
}

/* NOLINTNEXTLINE(misc-no-recursion): the depth of the text is bounded. */
static void write_schema(struct schema *s, const struct json *v)
{
    bool any = json_get(v, STR("anyOf")) != NULL;

    jw_object(&s->w); /* true, which allows everything, is {} */
    for (size_t i = 0; i < ARRAY_LEN(keywords); i++) {
        const struct json *value = json_get(v, keywords[i].name);

        if (value && !(any && str_eq(keywords[i].name, STR("oneOf"))))
            keywords[i].write(s, keywords[i].name, value);
    }
    if (is_object_schema(v))
        jw_key_bool(&s->w, STR("additionalProperties"), false);
    jw_end(&s->w);
}

struct str claude_schema(struct arena *a, struct str raw)
{
    const struct json *root;
    struct schema s = {.arena = a};
    struct sb sb;
    struct str text = raw;

    if (json_read(a, raw, SCHEMA_DEPTH, &root, NULL) != ERR_OK || !json_is(root, JSON_OBJECT))
        return raw;
    sb_init(&sb, 4 * raw.n + 64); /* every object can gain a member */
    jw_init(&s.w, &sb);
    write_schema(&s, root);
    if (!sb_failed(&sb))
        text = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

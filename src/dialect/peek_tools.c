#include "dialect/peek_tools.h"

#include "base/json.h"

/* Most lists hold nothing but functions of the client's own, and are long: they are not read. */
static bool may_have_some(struct str tools)
{
    static const struct str marks[] = {STR_INIT("_search"), STR_INIT("ogleSearch"),
                                       STR_INIT("image_generation")};

    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        if (str_has(tools, marks[i]))
            return true;
    }
    return false;
}

enum usage_drawn peek_drawn(const struct json *image, enum usage_drawn unsaid)
{
    static const struct {
        struct str quality;
        enum usage_drawn square;
    } rows[] = {{STR_INIT("low"), USAGE_DRAWN_LOW},
                {STR_INIT("medium"), USAGE_DRAWN_MEDIUM},
                {STR_INIT("high"), USAGE_DRAWN_HIGH}};
    const struct json *size = json_get(image, STR("size"));
    bool large = json_str_eq(size, STR("1024x1536")) || json_str_eq(size, STR("1536x1024"));
    enum usage_drawn square = unsaid;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (json_str_eq(json_get(image, STR("quality")), rows[i].quality))
            square = rows[i].square;
    }
    return large ? (enum usage_drawn)(square + 1) : square;
}

static int64_t uses_of(const struct json *tool)
{
    int64_t uses = json_i64_or(json_get(tool, STR("max_uses")), 1);

    if (uses < 1)
        return 1;
    return uses < PEEK_TOOL_CALLS_MAX ? uses : PEEK_TOOL_CALLS_MAX;
}

/* Gemini's tools are members of an object. */
static bool is_geminis_search(const struct json *tool)
{
    static const struct str names[] = {STR_INIT("googleSearch"), STR_INIT("google_search"),
                                       STR_INIT("googleSearchRetrieval"),
                                       STR_INIT("google_search_retrieval")};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (json_is(json_get(tool, names[i]), JSON_OBJECT))
            return true;
    }
    return false;
}

void peek_tools(struct arena *a, struct str tools, struct usage *out)
{
    const struct json *list;

    if (tools.n == 0 || tools.p[0] != '[' || !may_have_some(tools) ||
        json_read(a, tools, JSON_DEPTH_DEFAULT, &list, NULL) != ERR_OK)
        return;
    JSON_EACH (tool, list) {
        struct str type = json_str_or_null(a, json_get(tool, STR("type")));

        /* "web_search_20250305", "web_search_preview", "openrouter:web_search" */
        if (str_starts(type, STR("web_search")) || str_ends(type, STR(":web_search")))
            out->searches += uses_of(tool);
        else if (str_eq(type, STR("file_search")))
            out->file_searches++;
        else if (str_eq(type, STR("image_generation")))
            out->drawn[peek_drawn(tool, USAGE_DRAWN_MEDIUM)]++;
        else if (is_geminis_search(tool))
            out->searches++;
    }
}

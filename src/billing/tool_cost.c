#include "billing/tool_cost.h"

static struct str search_tool(enum dialect_id upstream)
{
    static const struct str tools[DIALECT_COUNT] = {
        [DIALECT_OPENAI_CHAT] = STR_INIT("web_search_preview"),
        [DIALECT_OPENAI_RESPONSES] = STR_INIT("web_search_preview"),
        [DIALECT_CLAUDE] = STR_INIT("web_search"),
        [DIALECT_GEMINI] = STR_INIT("google_search"),
    };

    return tools[upstream];
}

/* How well a row of the table fits the tool and the model: 0 not at all, 1 by the tool, more by a
 * longer beginning of the model's name. */
static size_t fits(struct str row, struct str tool, struct str model)
{
    struct str prefix;

    if (!str_starts(row, tool))
        return 0;
    prefix = str_skip(row, tool.n);
    if (prefix.n == 0)
        return 1;
    if (prefix.p[0] != ':')
        return 0;
    prefix = str_trim_right_char(str_skip(prefix, 1), '*');
    return str_starts(model, prefix) ? 2 + prefix.n : 0;
}

static double price_of(const struct price_plan *plan, struct str tool)
{
    size_t best = 0;
    double price = 0;

    JSON_EACH_MEMBER (key, value, plan->tool_prices) {
        struct str row = json_raw(key); /* names of tools and models have nothing to escape */
        size_t fit = fits(str_sub(row, 1, row.n - 2), tool, plan->name);

        if (fit > best && json_f64(value, &price))
            best = fit;
    }
    return price;
}

size_t tool_costs(const struct price_plan *plan, const struct usage *u,
                  struct tool_cost out[TOOL_COSTS_MAX])
{
    static const double of_drawn[USAGE_DRAWN_KINDS] = {
        [USAGE_DRAWN_LOW] = 11,    [USAGE_DRAWN_LOW_LARGE] = 16,
        [USAGE_DRAWN_MEDIUM] = 42, [USAGE_DRAWN_MEDIUM_LARGE] = 63,
        [USAGE_DRAWN_HIGH] = 167,  [USAGE_DRAWN_HIGH_LARGE] = 250,
    };
    struct str search = search_tool(plan->upstream), files = STR("file_search");
    size_t n = 0;

    if (u->searches > 0)
        out[n++] =
            (struct tool_cost){search, STR("Web Search"), u->searches, price_of(plan, search)};
    if (u->file_searches > 0)
        out[n++] =
            (struct tool_cost){files, STR("File Search"), u->file_searches, price_of(plan, files)};
    for (size_t i = 0; i < USAGE_DRAWN_KINDS; i++) {
        if (u->drawn[i] > 0)
            out[n++] = (struct tool_cost){STR("image_generation_call"), STR("Image Generation"),
                                          u->drawn[i], of_drawn[i]};
    }
    return n;
}

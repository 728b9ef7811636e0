/*
 * The rules of May 2025, first match first, with the names that the newest version added. Where the
 * two differ for one name, May holds, but for two places in which following it would charge less
 * than the provider takes: "-all" names, and gemini-2.5-flash-preview, whose May rule divides the
 * price of thinking output by the output price of the plain mode. o4, which neither names, is
 * priced like o1 and o3, but the operator's table wins.
 */
#include "model/completion_rule.h"

enum how { IS, STARTS, ENDS, HAS, IS_NOCASE };

struct row {
    enum how how;
    struct str what;
    double ratio;
    bool locked;
    struct str ends; /* the name must end so, too; empty: any end */
};

#define ROW(how, what, ratio, locked)                                                              \
    {                                                                                              \
        how, STR_INIT(what), ratio, locked, STR_INIT("")                                           \
    }
#define ROW_ENDS(starts, ends, ratio, locked)                                                      \
    {                                                                                              \
        STARTS, STR_INIT(starts), ratio, locked, STR_INIT(ends)                                    \
    }

static const struct row rows[] = {
    ROW(ENDS, "-all", 2, false),
    ROW(ENDS, "-gizmo-*", 2, false),
    /* OpenAI */
    ROW(STARTS, "gpt-4o-mini-tts", 20, false),
    ROW(IS, "gpt-4o-2024-05-13", 3, true),
    ROW(STARTS, "gpt-4o", 4, true),
    ROW(STARTS, "gpt-4.5-preview", 2, true),
    ROW(STARTS, "gpt-4-turbo", 3, true),
    ROW(IS, "gpt-4-1106", 3, true),
    ROW(IS, "gpt-4-1105", 3, true),
    ROW(STARTS, "gpt-4", 2, false),
    ROW(STARTS, "gpt-5.4-nano", 6.25, true),
    ROW(STARTS, "gpt-5.4", 6, true),
    ROW(STARTS, "gpt-5.", 6, false),
    ROW(STARTS, "gpt-5", 8, true),
    ROW(STARTS, "o1", 4, true),
    ROW(STARTS, "o3", 4, true),
    ROW(STARTS, "o4", 4, false),
    ROW(IS, "chatgpt-4o-latest", 3, true),
    ROW(IS, "gpt-3.5-turbo", 3, true),
    ROW_ENDS("gpt-3.5", "0125", 3, true),
    ROW_ENDS("gpt-3.5", "1106", 2, true),
    ROW(STARTS, "gpt-3.5", 4.0 / 3, true),
    ROW(STARTS, "gpt-", 2, false),
    /* Anthropic */
    ROW(HAS, "claude-instant-1", 3, true),
    ROW(HAS, "claude-2", 3, true),
    ROW(HAS, "claude-3", 5, true),
    ROW(HAS, "claude-sonnet-4", 5, true),
    ROW(HAS, "claude-opus-4", 5, true),
    ROW(HAS, "claude-haiku-4", 5, true),
    ROW(STARTS, "mistral-", 3, true),
    /* Google */
    ROW(STARTS, "gemini-1.5", 4, true),
    ROW(STARTS, "gemini-2.0", 4, true),
    ROW(STARTS, "gemini-2.5-pro-preview", 8, true),
    ROW(STARTS, "gemini-2.5-pro", 8, false),
    ROW_ENDS("gemini-2.5-flash-preview", "-nothinking", 4, false),
    ROW(STARTS, "gemini-2.5-flash-preview", 3.5 / 0.15, false),
    ROW(STARTS, "gemini-2.5-flash-lite", 4, false),
    ROW(STARTS, "gemini-2.5-flash", 2.5 / 0.3, false),
    ROW(STARTS, "gemini-robotics-er-1.5", 2.5 / 0.3, false),
    ROW(STARTS, "gemini-3-pro-image", 60, false),
    ROW(STARTS, "gemini-3-pro", 6, false),
    ROW(STARTS, "gemini-", 4, false),
    /* Cohere */
    ROW(IS, "command-r", 3, true),
    ROW(IS, "command-r-plus", 5, true),
    ROW(IS, "command-r-08-2024", 4, true),
    ROW(IS, "command-r-plus-08-2024", 4, true),
    ROW(STARTS, "command", 4, false),
    /* others */
    ROW(IS_NOCASE, "deepseek-chat", 4, true),
    ROW(IS_NOCASE, "deepseek-reasoner", 4, true),
    ROW(STARTS, "ERNIE-Speed-", 2, true),
    ROW(STARTS, "ERNIE-Lite-", 2, true),
    ROW(STARTS, "ERNIE-Character", 2, true),
    ROW(STARTS, "ERNIE-Functions", 2, true),
    ROW(IS, "llama2-70b-4096", 0.8 / 0.64, true),
    ROW(IS, "llama3-8b-8192", 2, true),
    ROW(IS, "llama3-70b-8192", 0.79 / 0.59, true),
};

static bool matches(const struct row *row, struct str model)
{
    bool hit = false;

    switch (row->how) {
    case IS:
        hit = str_eq(model, row->what);
        break;
    case STARTS:
        hit = str_starts(model, row->what);
        break;
    case ENDS:
        hit = str_ends(model, row->what);
        break;
    case HAS:
        hit = str_has(model, row->what);
        break;
    case IS_NOCASE:
        hit = str_eq_nocase(model, row->what);
        break;
    }
    return hit && str_ends(model, row->ends);
}

struct completion_rule completion_rule_of(struct str model)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (matches(&rows[i], model))
            return (struct completion_rule){.ratio = rows[i].ratio, .locked = rows[i].locked};
    }
    return (struct completion_rule){.ratio = 1, .locked = false};
}

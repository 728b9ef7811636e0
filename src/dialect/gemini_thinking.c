/*
 * thinkingConfig for a Gemini upstream: a level for the third generation, a budget for 2.5, within
 * the bounds of the model. What the client gave in the other measure is converted.
 *
 * Source: providers reference 1.9 and 5.6.
 */
#include "dialect/gemini.h"

enum { OUTPUT_MAX = 65536 }; /* tokens that these models answer with at most */

static const struct {
    int64_t least, most;
    bool can_stop;
} ranges[] = {
    [GEMINI_UNKNOWN] = {0, 32768, true},
    [GEMINI_2_5_PRO] = {128, 32768, false},
    [GEMINI_2_5_FLASH] = {0, 24576, true},
    [GEMINI_2_5_LITE] = {512, 24576, true},
};

/* Efforts in percent of the answer's tokens, and as levels; minimal is not for pro, medium not for
 * the first pro. */
static const struct {
    const char *effort;
    int percent;
    const char *flash, *pro, *first_pro;
} efforts[] = {
    {"none", 0, "minimal", "low", "low"}, {"minimal", 2, "minimal", "low", "low"},
    {"low", 10, "low", "low", "low"},     {"medium", 30, "medium", "medium", "high"},
    {"high", 60, "high", "high", "high"}, {"xhigh", 90, "high", "high", "high"},
    {"max", 100, "high", "high", "high"},
};

enum { EFFORT_NONE = 0, EFFORT_UNKNOWN = -1 };

static int effort_row(struct str effort)
{
    for (size_t i = 0; i < ARRAY_LEN(efforts); i++) {
        if (str_eq(effort, str_from(efforts[i].effort)))
            return (int)i;
    }
    return EFFORT_UNKNOWN;
}

/* The effort that a budget stands for. */
static int row_of_budget(int64_t budget)
{
    static const int64_t bounds[] = {0, 2000, 5000, 10000};
    int row = 0;

    while (row < (int)ARRAY_LEN(bounds) && budget > 0 && (row == 0 || budget >= bounds[row]))
        row++;
    return row;
}

/* What the client asks for, as a row of efforts; EFFORT_UNKNOWN: as the model likes. */
static int wanted_row(const struct chat_reasoning *want)
{
    int row = want->effort.n > 0 ? effort_row(want->effort) : EFFORT_UNKNOWN;

    if (want->enabled == CHAT_NO)
        return EFFORT_NONE;
    return row == EFFORT_UNKNOWN && want->budget >= 0 ? row_of_budget(want->budget) : row;
}

static struct str level_of(enum gemini_family family, int row)
{
    if (family == GEMINI_3_FLASH)
        return str_from(efforts[row].flash);
    return str_from(family == GEMINI_3_PRO ? efforts[row].first_pro : efforts[row].pro);
}

/* Tokens; -1: as many as the model likes. */
static int64_t budget_of(const struct gemini_writing *g, enum gemini_family family)
{
    const struct chat_reasoning *want = &g->r->reasoning;
    int64_t room =
        g->r->max_tokens > 0 && g->r->max_tokens < OUTPUT_MAX ? g->r->max_tokens : OUTPUT_MAX;
    int64_t budget = want->budget;
    int row;

    if (budget < 0 || want->enabled == CHAT_NO) {
        row = wanted_row(want);
        if (row == EFFORT_UNKNOWN)
            return -1;
        budget = room * efforts[row].percent / 100;
    }
    if (budget == 0 && ranges[family].can_stop)
        return 0;
    if (budget < ranges[family].least)
        return ranges[family].least;
    return budget > ranges[family].most ? ranges[family].most : budget;
}

static bool says_how_much(const struct chat_reasoning *want)
{
    return want->enabled != CHAT_UNSET || want->effort.n > 0 || want->budget >= 0;
}

static void put_amount(struct gemini_writing *g, enum gemini_family family)
{
    int row = wanted_row(&g->r->reasoning);

    if (family == GEMINI_UNKNOWN && g->same && g->r->reasoning.effort.n > 0)
        jw_key_str(g->w, STR("thinkingLevel"), g->r->reasoning.effort); /* the client knows */
    else if (!gemini_has_levels(family))
        jw_key_i64(g->w, STR("thinkingBudget"), budget_of(g, family));
    else if (row != EFFORT_UNKNOWN)
        jw_key_str(g->w, STR("thinkingLevel"), level_of(family, row));
}

/* An OpenAI client that names an effort wants to see the thoughts, as Google's own layer has it. */
static bool wants_thoughts(const struct gemini_writing *g, bool *include)
{
    const struct chat_reasoning *want = &g->r->reasoning;

    *include = want->visible == CHAT_YES ||
               (want->visible == CHAT_UNSET && wanted_row(want) != EFFORT_NONE);
    return want->visible != CHAT_UNSET || (!g->same && *include);
}

/* extra_body.google.thinking_config counts for more than anything else. */
static bool put_given(struct gemini_writing *g)
{
    const struct json *given = gemini_get(g->options, STR("thinkingConfig"));

    if (json_count(given) == 0)
        return false;
    jw_key(g->w, STR("thinkingConfig"));
    jw_object(g->w);
    JSON_EACH_MEMBER (key, value, given)
        jw_key_raw(g->w, gemini_camel(g->a, json_str_or_null(g->a, key)), json_raw(value));
    jw_end(g->w);
    return true;
}

void gemini_write_thinking(struct gemini_writing *g)
{
    const struct chat_reasoning *want = &g->r->reasoning;
    enum gemini_family family = gemini_family_of(g->r->model);
    bool amount = says_how_much(want), include;

    if (put_given(g) || (!amount && want->visible == CHAT_UNSET))
        return;
    if (family == GEMINI_OLD) {
        if (amount && wanted_row(want) != EFFORT_NONE)
            gemini_lose(g, "reasoning_effort");
        return;
    }
    jw_key(g->w, STR("thinkingConfig"));
    jw_object(g->w);
    if (amount)
        put_amount(g, family);
    if (wants_thoughts(g, &include))
        jw_key_bool(g->w, STR("includeThoughts"), include);
    gemini_write_extras(g, "generationConfig.thinkingConfig");
    jw_end(g->w);
}

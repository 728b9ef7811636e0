/*
 * Exactness: a ratio is a decimal number of the operator, kept as the nearest double. Here it
 * becomes that decimal again (digits / 10^k), everything is multiplied and added as big whole
 * numbers, and the result is divided and rounded once. So 3 tokens at ratio 0.1 and a group of 10
 * are 3 points, and 5 tokens at 0.1 (0.5 points) round up to 1.
 */
#include "billing/price.h"

#include <math.h>

#include "base/json_write.h"
#include "base/text.h"
#include "billing/decimal.h"
#include "billing/tool_cost.h"

/* What a provider keeps for an hour costs so much more than what it keeps for five minutes
 * (billing reference 4.3). */
#define HOUR_RATIO 1.6

enum { PLACES_TEXT = 320 }; /* the largest double with two places, too */

/* Beyond it a number is no longer exact in JSON or in a double; no call costs that. */
static const int64_t points_max = INT64_C(9007199254740991);

static enum err_code no_price(struct str model, struct err *err)
{
    enum { NAME_WITH_BOTH_LANGUAGES = 24, NAME_BYTES = 100 };
    struct str name = utf8_prefix(model, NAME_BYTES);

    if (model.n > NAME_WITH_BOTH_LANGUAGES) /* a text longer than the struct would be cut */
        return err_set(err, ERR_MODEL_PRICE,
                       "Model %.*s ratio or price not set, please set or start self-use mode",
                       STR_ARG(name));
    return err_set(err, ERR_MODEL_PRICE,
                   "模型 %.*s 倍率或价格未配置，请联系管理员设置或开始自用模式；"
                   "Model %.*s ratio or price not set, please set or start self-use mode",
                   STR_ARG(name), STR_ARG(name));
}

static double pair_ratio(const struct settings *s, struct str user_group, struct str using_group)
{
    double ratio;

    if (json_f64(json_get(json_get(s->group_group_ratio, user_group), using_group), &ratio) &&
        ratio >= 0)
        return ratio;
    return -1;
}

enum err_code price_plan_make(const struct snapshot *snap, struct str model, struct str user_group,
                              struct str using_group, bool accept_unset, struct price_plan *out,
                              struct err *err)
{
    const struct settings *s = &snap->settings;

    *out = (struct price_plan){
        .name = model,
        .tool_prices = s->tool_prices,
        .group_ratio = settings_group_ratio(s, user_group, using_group),
        .user_group_ratio = pair_ratio(s, user_group, using_group),
        .quota_per_unit = s->quota_per_unit,
        .pre_consumed_tokens = s->pre_consumed_quota,
    };
    catalog_price(&snap->catalog, model, &out->model);
    if (!out->model.known && !s->self_use_mode && !accept_unset)
        return no_price(model, err);
    return ERR_OK;
}

void price_plan_realtime(struct price_plan *plan)
{
    plan->realtime = true;
    if (plan->model.audio_priced)
        return;
    plan->model.audio_priced = true;
    plan->model.audio_ratio = 20;
    plan->model.audio_completion_ratio = 2;
}

void price_plan_images(struct price_plan *plan, int64_t n, double size, double quality)
{
    plan->images = n;
    plan->image_size = size;
    plan->image_quality = quality;
}

static int64_t not_negative(int64_t n)
{
    return n > 0 ? n : 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* price x quota per unit x group */
static struct decimal_sum call_price(const struct price_plan *plan)
{
    struct decimal_sum sum;

    decimal_sum_init(&sum);
    decimal_add(&sum, plan->images > 0 ? plan->images : 1, decimal_of(plan->model.price_usd));
    if (plan->images > 0) {
        decimal_scale(&sum, decimal_of(plan->image_size));
        decimal_scale(&sum, decimal_of(plan->image_quality));
    }
    decimal_scale(&sum, decimal_of(plan->quota_per_unit));
    decimal_scale(&sum, decimal_of(plan->group_ratio));
    return sum;
}

int64_t price_reserve(const struct price_plan *plan, int64_t prompt_tokens, int64_t max_tokens)
{
    const int64_t prompt = not_negative(prompt_tokens), most = not_negative(max_tokens);
    const int64_t assumed = not_negative(plan->pre_consumed_tokens);
    struct decimal_sum sum;
    int64_t tokens;

    if (plan->model.per_call) {
        sum = call_price(plan);
        return decimal_floor(&sum, points_max);
    }
    if (most == 0)
        tokens = prompt > assumed ? prompt : assumed;
    else if (__builtin_add_overflow(prompt, most, &tokens))
        tokens = INT64_MAX;
    decimal_sum_init(&sum);
    decimal_add(&sum, tokens, decimal_of(plan->model.ratio));
    decimal_scale(&sum, decimal_of(plan->group_ratio));
    return decimal_floor(&sum, points_max);
}

/* The classes of a call that are priced differently; they add up to prompt and completion. */
struct classes {
    int64_t text_in, cached, cache_write, cache_write_1h, image_in, audio_in, cached_audio,
        text_out, audio_out;
};

/* Counts of an upstream may contradict each other; no class takes more than is left. */
static int64_t take(int64_t *left, int64_t want)
{
    int64_t got = least(not_negative(want), *left);

    *left -= got;
    return got;
}

static struct classes classify(const struct price_plan *plan, const struct usage *u)
{
    struct classes c = {.text_in = not_negative(u->prompt),
                        .text_out = not_negative(u->completion)};

    if (plan->model.audio_priced)
        c.cached_audio = take(&c.text_in, least(not_negative(u->cached_audio), u->audio_in));
    c.cached = take(&c.text_in, u->cached - c.cached_audio);
    c.cache_write_1h = take(&c.text_in, least(u->cache_write_1h, u->cache_write));
    c.cache_write = take(&c.text_in, u->cache_write - c.cache_write_1h);
    c.image_in = take(&c.text_in, u->image_in);
    if (plan->model.audio_priced) {
        c.audio_in = take(&c.text_in, u->audio_in - c.cached_audio);
        c.audio_out = take(&c.text_out, u->audio_out);
    }
    return c;
}

/* The classes with two ratios. */
static void add_product(struct decimal_sum *sum, int64_t tokens, double first, double second)
{
    struct decimal_sum part;

    if (tokens == 0)
        return;
    decimal_sum_init(&part);
    decimal_add(&part, tokens, decimal_of(first));
    decimal_scale(&part, decimal_of(second));
    decimal_add_sum(sum, &part);
}

static struct decimal_sum token_price(const struct price_plan *plan, const struct usage *u)
{
    const struct model_price *m = &plan->model;
    const struct classes c = classify(plan, u);
    struct decimal_sum sum;

    decimal_sum_init(&sum);
    decimal_add(&sum, c.text_in, decimal_of(1));
    decimal_add(&sum, c.cached, decimal_of(m->cache_ratio));
    decimal_add(&sum, c.cache_write, decimal_of(m->cache_write_ratio));
    decimal_add(&sum, c.image_in, decimal_of(m->image_ratio));
    decimal_add(&sum, c.audio_in, decimal_of(m->audio_ratio));
    decimal_add(&sum, c.text_out, decimal_of(m->completion_ratio));
    add_product(&sum, c.cache_write_1h, m->cache_write_ratio, HOUR_RATIO);
    add_product(&sum, c.audio_out, m->audio_ratio, m->audio_completion_ratio);
    add_product(&sum, c.cached_audio, m->audio_ratio, m->cache_ratio);
    decimal_scale(&sum, decimal_of(m->ratio));
    decimal_scale(&sum, decimal_of(plan->group_ratio));
    return sum;
}

/* ---- tools that the provider ran ---- */

static struct decimal_sum tool_points(const struct price_plan *plan, const struct tool_cost *cost,
                                      size_t n)
{
    struct decimal_sum sum;

    decimal_sum_init(&sum);
    if (!(plan->group_ratio > 0))
        return sum;
    for (size_t i = 0; i < n; i++)
        decimal_add(&sum, cost[i].calls, decimal_of(cost[i].usd_per_1000));
    decimal_scale(&sum, decimal_of(plan->quota_per_unit));
    decimal_scale(&sum, decimal_of(plan->group_ratio));
    decimal_scale(&sum, decimal_of(0.001));
    return sum;
}

int64_t price_reserve_tools(const struct price_plan *plan, const struct usage *calls)
{
    static const enum dialect_id upstreams[] = {DIALECT_OPENAI_CHAT, DIALECT_CLAUDE,
                                                DIALECT_GEMINI};
    struct tool_cost tools[TOOL_COSTS_MAX];
    int64_t most = 0;

    if (tool_costs(plan, calls, tools) == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(upstreams); i++) {
        struct price_plan there = *plan;
        struct decimal_sum sum;
        int64_t points;

        there.upstream = upstreams[i];
        sum = tool_points(&there, tools, tool_costs(&there, calls, tools));
        points = decimal_floor(&sum, points_max);
        most = points > most ? points : most;
    }
    return most;
}

static bool is_free(const struct price_plan *plan)
{
    double unit = plan->model.per_call ? plan->model.price_usd : plan->model.ratio;

    return !(unit > 0) || !(plan->group_ratio > 0);
}

bool price_is_free(const struct price_plan *plan, const struct usage *calls)
{
    return is_free(plan) && price_reserve_tools(plan, calls) == 0;
}

static bool used_nothing(const struct usage *u)
{
    return u->prompt <= 0 && u->completion <= 0;
}

int64_t price_charge(const struct price_plan *plan, const struct usage *usage)
{
    struct tool_cost tools[TOOL_COSTS_MAX];
    struct decimal_sum sum, of_tools;
    int64_t points;

    if (used_nothing(usage))
        return 0;
    sum = plan->model.per_call ? call_price(plan) : token_price(plan, usage);
    of_tools = tool_points(plan, tools, tool_costs(plan, usage, tools));
    decimal_add_sum(&sum, &of_tools);
    points = decimal_round(&sum, points_max);
    return points > 0 || is_free(plan) ? points : 1;
}

/* Is the call told as one that may speak? A realtime session always is. */
static bool has_audio(const struct price_plan *plan, const struct classes *c)
{
    return plan->realtime || c->audio_in + c->cached_audio + c->audio_out > 0;
}

static void write_audio(struct json_writer *w, const struct price_plan *plan,
                        const struct usage *usage)
{
    const struct classes c = classify(plan, usage);

    const int64_t audio_in = c.audio_in + c.cached_audio;

    if (!has_audio(plan, &c))
        return;
    jw_key_bool(w, plan->realtime ? STR("ws") : STR("audio"), true);
    jw_key_i64(w, STR("audio_input"), audio_in);
    jw_key_i64(w, STR("audio_output"), c.audio_out);
    jw_key_i64(w, STR("text_input"), not_negative(usage->prompt) - audio_in);
    jw_key_i64(w, STR("text_output"), c.text_out);
    jw_key_f64(w, STR("audio_ratio"), plan->model.audio_ratio);
    jw_key_f64(w, STR("audio_completion_ratio"), plan->model.audio_completion_ratio);
}

/* What was written to the provider's cache, told by how long it is kept where that differs. */
static void write_cache(struct json_writer *w, const struct price_plan *plan,
                        const struct usage *usage)
{
    const double ratio = plan->model.cache_write_ratio;
    const int64_t hour = least(not_negative(usage->cache_write_1h), usage->cache_write);

    if (usage->cache_write <= 0)
        return;
    jw_key_i64(w, STR("cache_creation_tokens"), usage->cache_write);
    jw_key_f64(w, STR("cache_creation_ratio"), ratio);
    if (hour == 0)
        return;
    jw_key_i64(w, STR("cache_creation_tokens_5m"), usage->cache_write - hour);
    jw_key_f64(w, STR("cache_creation_ratio_5m"), ratio);
    jw_key_i64(w, STR("cache_creation_tokens_1h"), hour);
    jw_key_f64(w, STR("cache_creation_ratio_1h"), ratio * HOUR_RATIO);
}

static void write_tools(struct json_writer *w, const struct price_plan *plan,
                        const struct usage *usage)
{
    struct tool_cost tools[TOOL_COSTS_MAX];
    const size_t n = tool_costs(plan, usage, tools);

    if (n == 0)
        return;
    jw_key(w, STR("tool_surcharges"));
    jw_array(w);
    for (size_t i = 0; i < n; i++) {
        jw_object(w);
        jw_key_str(w, STR("name"), tools[i].tool);
        jw_key_i64(w, STR("count"), tools[i].calls);
        jw_key_f64(w, STR("price"), tools[i].usd_per_1000);
        jw_end(w);
    }
    jw_end(w);
}

void price_write_other(struct json_writer *w, const struct price_plan *plan,
                       const struct usage *usage)
{
    const struct model_price *m = &plan->model;

    /* In price mode the original writes the ratios as 0. */
    jw_key_f64(w, STR("model_ratio"), m->per_call ? 0 : m->ratio);
    jw_key_f64(w, STR("group_ratio"), plan->group_ratio);
    jw_key_f64(w, STR("completion_ratio"), m->per_call ? 0 : m->completion_ratio);
    jw_key_i64(w, STR("cache_tokens"), not_negative(usage->cached));
    jw_key_f64(w, STR("cache_ratio"), m->per_call ? 0 : m->cache_ratio);
    jw_key_f64(w, STR("model_price"), m->per_call ? m->price_usd : -1);
    if (plan->user_group_ratio >= 0)
        jw_key_f64(w, STR("user_group_ratio"), plan->user_group_ratio);
    write_cache(w, plan, usage);
    write_tools(w, plan, usage);
    if (usage->image_in > 0) {
        jw_key_bool(w, STR("image"), true);
        jw_key_f64(w, STR("image_ratio"), m->image_ratio);
        jw_key_i64(w, STR("image_output"), usage->image_in);
    }
    write_audio(w, plan, usage);
}

/* "%.2f". What has at most two places, as ratios nearly always do, without the work of printf. */
static const char *two_places(double value, char text[PLACES_TEXT])
{
    if (value >= 0 && value < 1e9) {
        uint64_t i = (uint64_t)(value * 100 + 0.5);

        if ((double)i / 100 <= value && (double)i / 100 >= value) {
            char *at = text + PLACES_TEXT - 1;

            *at = '\0';
            *--at = (char)('0' + i % 10);
            *--at = (char)('0' + i / 10 % 10);
            *--at = '.';
            i /= 100;
            do {
                *--at = (char)('0' + i % 10);
                i /= 10;
            } while (i > 0);
            return at;
        }
    }
    snprintf(text, PLACES_TEXT, "%.2f", value);
    return text;
}

static struct str content_end(struct arena *a, const struct price_plan *plan,
                              const struct usage *usage)
{
    struct tool_cost tools[TOOL_COSTS_MAX];
    const size_t n = tool_costs(plan, usage, tools);
    struct str end = STR("");

    if (used_nothing(usage))
        return STR("（可能是上游超时）");
    for (size_t i = 0; i < n; i++) {
        struct decimal_sum points = tool_points(plan, &tools[i], 1);

        end =
            arena_fmt(a, "%.*s，%.*s 调用 %" PRId64 " 次，调用花费 %" PRId64, STR_ARG(end),
                      STR_ARG(tools[i].label), tools[i].calls, decimal_round(&points, points_max));
    }
    return end;
}

struct str price_content(struct arena *a, const struct price_plan *plan, const struct usage *usage)
{
    const struct model_price *m = &plan->model;
    const struct str end = content_end(a, plan, usage);
    const struct classes c = classify(plan, usage);
    char group[PLACES_TEXT], ratio[PLACES_TEXT], completion[PLACES_TEXT];
    const char *group_text = two_places(plan->group_ratio, group);

    if (m->per_call)
        return arena_fmt(a, "模型价格 %.2f，分组倍率 %s%.*s", m->price_usd, group_text,
                         STR_ARG(end));
    if (has_audio(plan, &c))
        return arena_fmt(a,
                         "模型倍率 %.2f，补全倍率 %.2f，音频倍率 %.2f，音频补全倍率 "
                         "%.2f，分组倍率 %s%.*s",
                         m->ratio, m->completion_ratio, m->audio_ratio, m->audio_completion_ratio,
                         group_text, STR_ARG(end));
    return str_concat(a,
                      (const struct str[]){STR("模型倍率 "), str_from(two_places(m->ratio, ratio)),
                                           STR("，补全倍率 "),
                                           str_from(two_places(m->completion_ratio, completion)),
                                           STR("，分组倍率 "), str_from(group_text), end},
                      7);
}

#include "model/responses_policy.h"

#include "base/log.h"
#include "base/regex.h"

/* Some tenths of a millisecond. A pattern over the name of a model needs a few hundred. */
enum { PATTERN_STEPS = 20 * 1000 };

struct numbers {
    const int64_t *at;
    size_t n;
};

struct responses_policy {
    bool all_channels;
    struct numbers ids, types;
    const struct regex *patterns[RESPONSES_PATTERNS];
    size_t pattern_count;
};

static enum err_code read_flag(const struct json *root, const char *name, bool *out,
                               struct err *err)
{
    const struct json *v = json_get(root, str_from(name));

    *out = json_bool_or(v, false);
    if (!v || json_is(v, JSON_BOOL) || json_is(v, JSON_NULL))
        return ERR_OK;
    return err_set(err, ERR_BAD_REQUEST, "%s 须为 true 或 false (must be true or false)", name);
}

/* *list is NULL where there is none. */
static enum err_code read_list(const struct json *root, const char *name, const struct json **list,
                               struct err *err)
{
    *list = json_get(root, str_from(name));
    if (!*list || json_is(*list, JSON_ARRAY))
        return ERR_OK;
    if (!json_is(*list, JSON_NULL))
        return err_set(err, ERR_BAD_REQUEST, "%s 须为 JSON 数组 (must be a JSON array)", name);
    *list = NULL;
    return ERR_OK;
}

static enum err_code read_numbers(struct arena *a, const struct json *root, const char *name,
                                  struct numbers *out, struct err *err)
{
    const struct json *list;
    int64_t *at;

    TRY(read_list(root, name, &list, err));
    at = arena_new_array(a, int64_t, json_count(list));
    out->at = at;
    JSON_EACH (item, list) {
        if (!json_i64(item, &at[out->n]))
            return err_set(err, ERR_BAD_REQUEST, "%s[%zu] 须为整数 (must be a whole number)", name,
                           out->n);
        out->n++;
    }
    return ERR_OK;
}

static enum err_code read_pattern(struct arena *a, const struct json *item, size_t at,
                                  const struct regex **out, struct err *err)
{
    struct str text;
    struct err why = {.msg = ""};

    if (!json_str(a, item, &text) || text.n == 0)
        return err_set(err, ERR_BAD_REQUEST,
                       "model_patterns[%zu] 须为非空文本 (must be a text that is not empty)", at);
    if (regex_compile(a, text, out, &why) == ERR_OK)
        return ERR_OK;
    return err_set(err, ERR_BAD_REQUEST,
                   "model_patterns[%zu] 不是正则表达式 (is no regular expression): %.80s", at,
                   why.msg);
}

static enum err_code read_patterns(struct arena *a, const struct json *root,
                                   struct responses_policy *out, struct err *err)
{
    const struct json *list;

    TRY(read_list(root, "model_patterns", &list, err));
    if (json_count(list) > RESPONSES_PATTERNS)
        return err_set(err, ERR_BAD_REQUEST, "model_patterns 最多 %d 个 (at most %d)",
                       RESPONSES_PATTERNS, RESPONSES_PATTERNS);
    JSON_EACH (item, list) {
        size_t i = out->pattern_count++;

        TRY(read_pattern(a, item, i, &out->patterns[i], err));
    }
    return ERR_OK;
}

enum err_code responses_policy_read(struct arena *a, const struct json *root,
                                    const struct responses_policy **out, struct err *err)
{
    struct responses_policy *policy = arena_new(a, struct responses_policy);
    bool enabled;

    *out = NULL;
    TRY(read_flag(root, "enabled", &enabled, err));
    TRY(read_flag(root, "all_channels", &policy->all_channels, err));
    TRY(read_numbers(a, root, "channel_ids", &policy->ids, err));
    TRY(read_numbers(a, root, "channel_types", &policy->types, err));
    TRY(read_patterns(a, root, policy, err));
    if (enabled && (policy->all_channels || policy->ids.n > 0 || policy->types.n > 0))
        *out = policy;
    return ERR_OK;
}

static bool has(const struct numbers *list, int64_t value)
{
    for (size_t i = 0; i < list->n; i++) {
        if (list->at[i] == value)
            return true;
    }
    return false;
}

static bool matches(const struct responses_policy *policy, size_t i, struct str model)
{
    struct err err = {.msg = ""};
    bool hit;

    if (regex_search(policy->patterns[i], model, PATTERN_STEPS, &hit, &err) != ERR_OK)
        log_warn(NULL, "settings.pattern", "model_patterns[%zu] takes too long on %.*s: %s", i,
                 STR_ARG(model), err.msg);
    return hit;
}

bool responses_policy_wants(const struct responses_policy *policy, int64_t channel_id,
                            int64_t channel_type, struct str model)
{
    if (!policy->all_channels && !has(&policy->ids, channel_id) &&
        !has(&policy->types, channel_type))
        return false;
    for (size_t i = 0; i < policy->pattern_count; i++) {
        if (matches(policy, i, model))
            return true;
    }
    return policy->pattern_count == 0;
}

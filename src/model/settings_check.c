/* What values an option may take, by its kind. */
#include <inttypes.h>

#include "base/json.h"
#include "model/responses_policy.h"
#include "model/settings_table.h"

enum { VALUE_BYTES_MAX = 1 << 20, NUMBER_MAX = 1000000000, LIMIT_MAX = 2147483647 };

#define KEY_FMT "%.*s"

static enum err_code refuse(const struct settings_row *row, const char *allowed, struct err *err)
{
    return err_set(err, ERR_BAD_REQUEST, KEY_FMT " must be %s", STR_ARG(row->key), allowed);
}

static enum err_code refuse_number(const struct settings_row *row, const char *what,
                                   struct err *err)
{
    if (row->min == 0 && row->max == 0)
        return refuse(row, what, err);
    return err_set(err, ERR_BAD_REQUEST, KEY_FMT " must be %s from %g to %g", STR_ARG(row->key),
                   what, row->min, row->max);
}

static bool in_bounds(const struct settings_row *row, double value)
{
    return (row->min == 0 && row->max == 0) || (value >= row->min && value <= row->max);
}

static enum err_code check_int(const struct settings_row *row, struct str value, struct err *err)
{
    int64_t number;

    if (!str_to_i64(value, &number) || !in_bounds(row, (double)number))
        return refuse_number(row, "a whole number", err);
    return ERR_OK;
}

static enum err_code check_float(const struct settings_row *row, struct str value, struct err *err)
{
    double number;

    if (!str_to_f64(value, &number) || !in_bounds(row, number))
        return refuse_number(row, "a number", err);
    return ERR_OK;
}

static bool status_code(struct str text)
{
    int64_t code;

    return str_to_i64(text, &code) && code >= 100 && code <= 599;
}

static enum err_code check_ranges(const struct settings_row *row, struct str value, struct err *err)
{
    STR_SPLIT_EACH (part, value, ',') {
        struct str rest = part, first = str_trim(str_cut(&rest, '-'));
        struct str last = rest.p ? str_trim(rest) : first;

        if (!status_code(first) || !status_code(last) || str_cmp(first, last) > 0)
            return refuse(row, "status codes and ranges such as 401,500-599", err);
    }
    return ERR_OK;
}

static bool is_ratio(const struct json *value)
{
    double number;

    return json_f64(value, &number) && number >= 0 && number <= NUMBER_MAX;
}

static enum err_code check_numbers(struct arena *a, const struct settings_row *row,
                                   const struct json *object, struct err *err)
{
    double number;

    JSON_EACH_MEMBER (key, value, object) {
        struct str name = json_str_or_null(a, key);

        if (is_ratio(value))
            continue;
        /* The text of options reference 1.1. */
        if (str_eq(row->key, STR("GroupRatio")) && json_f64(value, &number) && number < 0)
            return err_set(err, ERR_BAD_REQUEST, "group ratio must be not less than 0: %.*s",
                           STR_ARG(name));
        return err_set(err, ERR_BAD_REQUEST,
                       KEY_FMT ": the value of \"%.*s\" must be a number from 0 to 1000000000",
                       STR_ARG(row->key), (int)(name.n < 64 ? name.n : 64), name.p);
    }
    return ERR_OK;
}

static enum err_code check_number_maps(struct arena *a, const struct settings_row *row,
                                       const struct json *object, struct err *err)
{
    enum err_code rc = ERR_OK;

    JSON_EACH_MEMBER (key, value, object) {
        if (!json_is(value, JSON_OBJECT))
            return refuse(row, "a JSON object of objects of numbers", err);
        rc = check_numbers(a, row, value, err);
        if (rc != ERR_OK)
            break;
    }
    return rc;
}

static enum err_code check_limits(struct arena *a, const struct settings_row *row,
                                  const struct json *object, struct err *err)
{
    int64_t total, success;

    JSON_EACH_MEMBER (key, value, object) {
        struct str name = json_str_or_null(a, key);

        if (json_count(value) != 2 || !json_i64(json_at(value, 0), &total) ||
            !json_i64(json_at(value, 1), &success) || total > LIMIT_MAX || success > LIMIT_MAX)
            return refuse(row, "a JSON object {group: [total, success]} of whole numbers", err);
        if (total < 0 || success < 1) /* the text of options reference 1.1 */
            return err_set(err, ERR_BAD_REQUEST,
                           "group %.*s has negative rate limit values: [%" PRId64 ", %" PRId64 "]",
                           (int)(name.n < 64 ? name.n : 64), name.p, total, success);
    }
    return ERR_OK;
}

static enum err_code check_strings(const struct settings_row *row, const struct json *root,
                                   struct err *err)
{
    JSON_EACH_MEMBER (key, value, root) {
        if (!json_is(value, JSON_STRING))
            return refuse(row, "a JSON object of strings", err);
    }
    JSON_EACH (item, root) {
        if (!json_is(item, JSON_STRING))
            return refuse(row, "a JSON array of strings", err);
    }
    return ERR_OK;
}

/* What is compiled on the way is not kept. */
static enum err_code check_policy(const struct json *root, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    const struct responses_policy *policy;

    arena_init(&a, 0);
    return responses_policy_read(&a, root, &policy, err);
}

static enum err_code check_json(struct arena *a, const struct settings_row *row, struct str value,
                                struct err *err)
{
    bool array = row->kind == SETTING_ARRAY || row->kind == SETTING_STRING_ARRAY;
    const struct json *root;
    struct err why = {.msg = ""};

    if (value.n == 0 && row->kind == SETTING_ARRAY)
        return ERR_OK;
    if (json_read(a, value, JSON_DEPTH_DEFAULT, &root, &why) != ERR_OK)
        return err_set(err, ERR_BAD_REQUEST, KEY_FMT " must be a JSON %s: %s", STR_ARG(row->key),
                       array ? "array" : "object", why.msg);
    if (!json_is(root, array ? JSON_ARRAY : JSON_OBJECT))
        return refuse(row, array ? "a JSON array" : "a JSON object", err);
    if (row->kind == SETTING_NUMBERS)
        return check_numbers(a, row, root, err);
    if (row->kind == SETTING_NUMBER_MAPS)
        return check_number_maps(a, row, root, err);
    if (row->kind == SETTING_LIMITS)
        return check_limits(a, row, root, err);
    if (row->kind == SETTING_STRINGS || row->kind == SETTING_STRING_ARRAY)
        return check_strings(row, root, err);
    if (row->kind == SETTING_RESPONSES)
        return check_policy(root, err);
    return ERR_OK;
}

enum err_code settings_check(struct arena *a, const struct settings_row *row, struct str value,
                             struct err *err)
{
    if (value.n > VALUE_BYTES_MAX)
        return refuse(row, "at most 1 MB long", err);
    switch (row->kind) {
    case SETTING_BOOL:
        if (str_eq(value, STR("true")) || str_eq(value, STR("false")))
            return ERR_OK;
        return refuse(row, "true or false", err);
    case SETTING_INT:
        return check_int(row, value, err);
    case SETTING_FLOAT:
        return check_float(row, value, err);
    case SETTING_RANGES:
        return check_ranges(row, value, err);
    case SETTING_TEXT:
    case SETTING_LINES:
    case SETTING_COMMAS:
        return ERR_OK;
    case SETTING_NUMBERS:
    case SETTING_STRINGS:
    case SETTING_NUMBER_MAPS:
    case SETTING_LIMITS:
    case SETTING_OBJECT:
    case SETTING_ARRAY:
    case SETTING_STRING_ARRAY:
    case SETTING_RESPONSES:
        break;
    }
    return check_json(a, row, value, err);
}

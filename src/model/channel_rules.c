#include "model/channel_rules.h"

#include "base/json_write.h"

enum { CHANNEL_TYPE_GEMINI = 24 };

static const struct str bad_codes[] = {STR_INIT("invalid_api_key"), STR_INIT("account_deactivated"),
                                       STR_INIT("billing_not_active")};

static const struct str bad_types[] = {
    STR_INIT("insufficient_quota"), STR_INIT("insufficient_user_quota"),
    STR_INIT("authentication_error"), STR_INIT("permission_error"), STR_INIT("forbidden")};

static bool is_one_of(struct str s, const struct str *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(s, list[i]))
            return true;
    }
    return false;
}

bool channel_should_disable(const struct settings *settings, int64_t channel_type, int status,
                            struct str error_code, struct str error_type, struct str message)
{
    if (!settings->automatic_disable)
        return false;
    if (settings_has_status(settings->disable_statuses, status) ||
        (status == 403 && channel_type == CHANNEL_TYPE_GEMINI))
        return true;
    if (is_one_of(error_code, bad_codes, ARRAY_LEN(bad_codes)) ||
        is_one_of(error_type, bad_types, ARRAY_LEN(bad_types)))
        return true;
    for (size_t i = 0; i < settings->disable_keyword_count; i++) {
        if (settings->disable_keywords[i].n > 0 &&
            str_find_nocase(message, settings->disable_keywords[i]) >= 0)
            return true;
    }
    return false;
}

struct str channel_status_note(struct arena *a, struct str reason, int64_t now_s)
{
    struct str quoted = json_quote(a, reason);

    return arena_fmt(a, "{\"status_reason\":%.*s,\"status_time\":%" PRId64 "}", STR_ARG(quoted),
                     now_s);
}

/*
 * settings - the options table as typed values (options reference, section 2).
 *
 * One static table of rows names every key, its kind and default; settings_read() fills the struct
 * from the stored rows over the defaults. A stored row with a value that cannot be read keeps the
 * default and is logged (a switch is on when its text is "true" and off otherwise, as in the
 * original). A key without a member here is read with settings_text() and its kin. Borrowed strings
 * live in the arena given. Pure.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/words.h"

struct option_row;
struct responses_policy;

struct settings {
    /* accounts */
    bool password_login, password_register, register_enabled;
    /* display */
    struct str system_name, logo, footer, server_address, top_up_link, docs_link;
    bool display_in_currency, display_token_stat, data_export, demo_site, self_use_mode, drawing,
        task;
    int64_t data_export_interval_min;
    struct str data_export_default_time;
    /* quota */
    double quota_per_unit;
    int64_t quota_for_new_user, quota_for_inviter, quota_for_invitee, quota_remind_threshold,
        pre_consumed_quota;
    bool free_needs_quota; /* also who uses a free model must have some */
    double price;
    int64_t min_topup;
    /* relay */
    int64_t retry_times;
    bool automatic_disable, automatic_enable, log_consume;
    double channel_disable_threshold_s;
    /* Statuses of an upstream: "401,500-599"; for settings_has_status(). */
    struct str retry_statuses, disable_statuses;
    const struct str *disable_keywords; /* lower case, trimmed */
    size_t disable_keyword_count;
    bool rate_limit_enabled;
    int64_t rate_limit_minutes, rate_limit_count, rate_limit_success_count;
    bool check_sensitive, check_sensitive_prompt;
    const struct str *sensitive_words; /* lower case, trimmed */
    size_t sensitive_word_count;
    struct words sensitive; /* the same, to search by */
    bool sensitive_escaped; /* one of them has a character that JSON always escapes */
    bool pass_through_request;
    const struct responses_policy *chat_to_responses; /* NULL: no chat goes out as Responses */
    const struct json *tool_prices; /* {"tool" or "tool:prefix*": USD for 1000 calls} */
    bool ping_enabled;
    int64_t ping_interval_s;
    /* groups */
    const struct json *group_ratio;           /* {group: number} */
    const struct json *group_group_ratio;     /* {user group: {using group: number}} */
    const struct json *user_usable_groups;    /* {group: label} */
    const struct json *rate_limit_groups;     /* {group: [total, success]} */
    const struct json *special_usable_groups; /* {user group: {"group" or "+:group": label,
                                                 "-:group": any}}: adds to and takes from the usable
                                                 ones */
    /* every key with its effective text, defaults included, sorted by key */
    const struct option_row *all;
    size_t all_count;
};

/* Defaults, then `rows` over them. */
void settings_read(struct arena *a, const struct option_row *rows, size_t n, struct settings *out);

/* Checks a value before it is stored (options reference 1.1 and the kind of its row):
 * ERR_BAD_REQUEST with a text for people. */
MUST_CHECK enum err_code settings_validate(struct arena *a, struct str key, struct str value,
                                           struct err *err);
/* The option that must be filled in before `key` may take `value` (options reference 1.1); STR_NULL
 * when none is, in the settings in force. */
struct str settings_missing(const struct settings *current, struct str key, struct str value);
/* Effective text of an option, STR_NULL when the key is unknown and not stored. */
struct str settings_text(const struct settings *s, struct str key);
/* The text read as JSON into the arena, each time anew; NULL when it is none. */
const struct json *settings_json(struct arena *a, const struct settings *s, struct str key);
/* The same as a value; false / 0 when the key is unknown or of another kind. */
bool settings_bool(const struct settings *s, struct str key);
int64_t settings_i64(const struct settings *s, struct str key);
double settings_f64(const struct settings *s, struct str key);
/* Must the key never be shown (ends in Token or Key, or in "secret" or "api_key" in any case)? */
bool settings_hidden(struct str key);
/* Is the status in the ranges ("401,500-599")? */
bool settings_has_status(struct str ranges, int status);

/* Multiplier of a group; 1 when missing. With user_group, a group-to-group ratio replaces it. */
double settings_group_ratio(const struct settings *s, struct str user_group,
                            struct str using_group);
bool settings_group_exists(const struct settings *s, struct str group);
/* May a user of `user_group` use `group` (relay reference, section 4)? */
bool settings_group_usable(const struct settings *s, struct str user_group, struct str group);

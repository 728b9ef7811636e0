/*
 * channel - an upstream account as a plain value (a row of `channels`). Strings are borrowed from
 * the reader's arena. Pure.
 */
#pragma once
#include "base/arena.h"
#include "base/secret.h"

enum channel_status {
    CHANNEL_UNKNOWN = 0,
    CHANNEL_ENABLED = 1,
    CHANNEL_MANUALLY_DISABLED = 2,
    CHANNEL_AUTO_DISABLED = 3
};

/* Channel type numbers that code names; the full list is the provider registry's. */
enum {
    CHANNEL_TYPE_OPENAI = 1,
    CHANNEL_TYPE_AZURE = 3,
    CHANNEL_TYPE_CUSTOM = 8,
    CHANNEL_TYPE_ANTHROPIC = 14
};

struct channel {
    int64_t id, type, status; /* status: enum channel_status */
    struct secret key;        /* as stored: may hold several keys, a line each, when multi_key */
    struct str name, base_url, models, group; /* models, group: comma lists */
    struct str open_ai_organization, test_model, other, other_info, tag, remark;
    struct str model_mapping, status_code_mapping, setting, settings, param_override,
        header_override;     /* JSON text or empty */
    struct str channel_info; /* JSON text or empty */
    int64_t weight, priority, auto_ban;
    int64_t created_time, test_time, response_time; /* unix s, unix s, ms */
    double balance;                                 /* USD */
    int64_t balance_updated_time;
    int64_t used_quota; /* points */
    /* NULL cells that the management API must show as null: */
    bool weight_null, priority_null, auto_ban_null, base_url_null, tag_null;
    bool model_mapping_null, status_code_mapping_null, setting_null, param_override_null,
        organization_null, test_model_null;
};

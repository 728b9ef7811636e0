/*
 * origin_rows - the tables of the original programs as data, for tests: what is found in their
 * databases, so it must not come from the table of schema.c. Sources: database reference 1 (April
 * 2025), 5.1 and 5.3 (later), 5.2 (what the newest makes otherwise), 6 (one-api of February 2025).
 * origin_build.h makes DDL of it.
 */
#pragma once
#include "base/attr.h"

struct origin_column {
    const char *name, *type; /* for all, or "SQLite/MySQL/PostgreSQL" */
    const char *fallback;    /* as servers spell it, or "SQLite/servers"; NULL: none */
    bool not_null, unique;   /* the second: written behind the column */
    bool later;              /* not yet in April 2025 */
};

struct origin_index {
    const char *name, *columns;
    bool unique;
    const char *where; /* not on MySQL */
    bool later;
};

struct origin_table {
    const char *name, *key;
    const struct origin_column *columns;
    size_t column_count;
    const struct origin_index *indexes;
    size_t index_count;
    bool later;
};

#define ROW(name_, type_, ...)                                                                     \
    {                                                                                              \
        .name = (name_), .type = (type_)__VA_OPT__(, ) __VA_ARGS__                                 \
    }
#define IDX(name_, columns_, ...)                                                                  \
    {                                                                                              \
        .name = (name_), .columns = (columns_)__VA_OPT__(, ) __VA_ARGS__                           \
    }
#define ORIGIN(prefix_, table_, key_, ...)                                                         \
    {                                                                                              \
        .name = #table_, .key = (key_), .columns = prefix_##table_##_columns,                      \
        .column_count = ARRAY_LEN(prefix_##table_##_columns) __VA_OPT__(, ) __VA_ARGS__            \
    }
#define INDEXES(prefix_, table_)                                                                   \
    .indexes = prefix_##table_##_indexes, .index_count = ARRAY_LEN(prefix_##table_##_indexes)

/* clang-format off */
static const struct origin_column channels_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("type", "integer/bigint/bigint", .fallback = "0"),
    ROW("key", "text/longtext/text", .not_null = true),
    ROW("open_ai_organization", "text/longtext/text"),
    ROW("test_model", "text/longtext/text"),
    ROW("status", "integer/bigint/bigint", .fallback = "1"),
    ROW("name", "text/varchar(191)/text"),
    ROW("weight", "integer/bigint unsigned/bigint", .fallback = "0"),
    ROW("created_time", "integer/bigint/bigint"),
    ROW("test_time", "integer/bigint/bigint"),
    ROW("response_time", "integer/bigint/bigint"),
    ROW("base_url", "text/varchar(191)/text", .fallback = "''"),
    ROW("other", "text/longtext/text"),
    ROW("balance", "real/double/decimal"),
    ROW("balance_updated_time", "integer/bigint/bigint"),
    ROW("models", "text/longtext/text"),
    ROW("group", "varchar(64)", .fallback = "'default'"),
    ROW("used_quota", "integer/bigint/bigint", .fallback = "0"),
    ROW("model_mapping", "text"),
    ROW("status_code_mapping", "varchar(1024)", .fallback = "''"),
    ROW("priority", "integer/bigint/bigint", .fallback = "0"),
    ROW("auto_ban", "integer/bigint/bigint", .fallback = "1"),
    ROW("other_info", "text/longtext/text"),
    ROW("tag", "text/varchar(191)/text"),
    ROW("setting", "text"),
    ROW("param_override", "text"),
    ROW("header_override", "text", .later = true),
    ROW("remark", "varchar(255)", .later = true),
    ROW("channel_info", "json", .later = true),
    ROW("settings", "text/longtext/text", .later = true),
};
static const struct origin_index channels_indexes[] = {
    IDX("idx_channels_name", "name"),
    IDX("idx_channels_tag", "tag"),
};

static const struct origin_column tokens_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("key", "char(48)"),
    ROW("status", "integer/bigint/bigint", .fallback = "1"),
    ROW("name", "text/varchar(191)/text"),
    ROW("created_time", "integer/bigint/bigint"),
    ROW("accessed_time", "integer/bigint/bigint"),
    ROW("expired_time", "integer/bigint/bigint", .fallback = "-1"),
    ROW("remain_quota", "integer/bigint/bigint", .fallback = "0"),
    ROW("unlimited_quota", "numeric/boolean/boolean", .fallback = "false"),
    ROW("model_limits_enabled", "numeric/boolean/boolean", .fallback = "false"),
    ROW("model_limits", "varchar(1024)", .fallback = "''"),
    ROW("allow_ips", "text/varchar(191)/text", .fallback = "''"),
    ROW("used_quota", "integer/bigint/bigint", .fallback = "0"),
    ROW("group", "text/varchar(191)/text", .fallback = "''"),
    ROW("deleted_at", "datetime/datetime(3)/timestamptz"),
    ROW("cross_group_retry", "numeric/boolean/boolean", .later = true),
    ROW("auto_groups", "text", .later = true),
};
static const struct origin_index tokens_indexes[] = {
    IDX("idx_tokens_deleted_at", "deleted_at"),
    IDX("idx_tokens_key", "key", .unique = true),
    IDX("idx_tokens_name", "name"),
    IDX("idx_tokens_user_id", "user_id"),
};

static const struct origin_column users_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("username", "text/varchar(191)/text", .unique = true),
    ROW("password", "text/longtext/text", .not_null = true),
    ROW("display_name", "text/varchar(191)/text"),
    ROW("role", "integer/bigint/bigint", .fallback = "1"),
    ROW("status", "integer/bigint/bigint", .fallback = "1"),
    ROW("email", "text/varchar(191)/text"),
    ROW("github_id", "text/varchar(191)/text"),
    ROW("oidc_id", "text/varchar(191)/text"),
    ROW("wechat_id", "text/varchar(191)/text"),
    ROW("telegram_id", "text/varchar(191)/text"),
    ROW("access_token", "char(32)"),
    ROW("quota", "integer/bigint/bigint", .fallback = "0"),
    ROW("used_quota", "integer/bigint/bigint", .fallback = "0"),
    ROW("request_count", "integer/bigint/bigint", .fallback = "0"),
    ROW("group", "varchar(64)", .fallback = "'default'"),
    ROW("aff_code", "varchar(32)"),
    ROW("aff_count", "integer/bigint/bigint", .fallback = "0"),
    ROW("aff_quota", "integer/bigint/bigint", .fallback = "0"),
    ROW("aff_history", "integer/bigint/bigint", .fallback = "0"),
    ROW("inviter_id", "integer/bigint/bigint"),
    ROW("deleted_at", "datetime/datetime(3)/timestamptz"),
    ROW("linux_do_id", "text/varchar(191)/text"),
    ROW("setting", "text"),
    ROW("discord_id", "text/varchar(191)/text", .later = true),
    ROW("remark", "varchar(255)", .later = true),
    ROW("stripe_customer", "varchar(64)", .later = true),
    ROW("created_at", "integer/bigint/bigint", .later = true),
    ROW("last_login_at", "integer/bigint/bigint", .fallback = "0", .later = true),
    ROW("auth_version", "bigint", .fallback = "1", .not_null = true, .later = true),
};
static const struct origin_index users_indexes[] = {
    IDX("idx_users_access_token", "access_token", .unique = true),
    IDX("idx_users_aff_code", "aff_code", .unique = true),
    IDX("idx_users_deleted_at", "deleted_at"),
    IDX("idx_users_display_name", "display_name"),
    IDX("idx_users_email", "email"),
    IDX("idx_users_git_hub_id", "github_id"),
    IDX("idx_users_inviter_id", "inviter_id"),
    IDX("idx_users_linux_do_id", "linux_do_id"),
    IDX("idx_users_oidc_id", "oidc_id"),
    IDX("idx_users_telegram_id", "telegram_id"),
    IDX("idx_users_username", "username"),
    IDX("idx_users_we_chat_id", "wechat_id"),
    IDX("idx_users_discord_id", "discord_id", .later = true),
    IDX("idx_users_stripe_customer", "stripe_customer", .later = true),
};

static const struct origin_column options_columns[] = {
    ROW("key", "text/varchar(191)/text"),
    ROW("value", "text/longtext/text"),
};

static const struct origin_column redemptions_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("key", "char(32)"),
    ROW("status", "integer/bigint/bigint", .fallback = "1"),
    ROW("name", "text/varchar(191)/text"),
    ROW("quota", "integer/bigint/bigint", .fallback = "100"),
    ROW("created_time", "integer/bigint/bigint"),
    ROW("redeemed_time", "integer/bigint/bigint"),
    ROW("used_user_id", "integer/bigint/bigint"),
    ROW("deleted_at", "datetime/datetime(3)/timestamptz"),
    ROW("expired_time", "integer/bigint/bigint", .later = true),
};
static const struct origin_index redemptions_indexes[] = {
    IDX("idx_redemptions_deleted_at", "deleted_at"),
    IDX("idx_redemptions_key", "key", .unique = true),
    IDX("idx_redemptions_name", "name"),
};

static const struct origin_column abilities_columns[] = {
    ROW("group", "varchar(64)"),
    ROW("model", "varchar(255)"),
    ROW("channel_id", "integer/bigint/bigint"),
    ROW("enabled", "numeric/boolean/boolean"),
    ROW("priority", "integer/bigint/bigint", .fallback = "0"),
    ROW("weight", "integer/bigint unsigned/bigint", .fallback = "0"),
    ROW("tag", "text/varchar(191)/text"),
};
static const struct origin_index abilities_indexes[] = {
    IDX("idx_abilities_channel_id", "channel_id"),
    IDX("idx_abilities_priority", "priority"),
    IDX("idx_abilities_tag", "tag"),
    IDX("idx_abilities_weight", "weight"),
};

static const struct origin_column logs_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("created_at", "integer/bigint/bigint"),
    ROW("type", "integer/bigint/bigint"),
    ROW("content", "text/longtext/text"),
    ROW("username", "text/varchar(191)/text", .fallback = "''"),
    ROW("token_name", "text/varchar(191)/text", .fallback = "''"),
    ROW("model_name", "text/varchar(191)/text", .fallback = "''"),
    ROW("quota", "integer/bigint/bigint", .fallback = "0"),
    ROW("prompt_tokens", "integer/bigint/bigint", .fallback = "0"),
    ROW("completion_tokens", "integer/bigint/bigint", .fallback = "0"),
    ROW("use_time", "integer/bigint/bigint", .fallback = "0"),
    ROW("is_stream", "numeric/boolean/boolean", .fallback = "false"),
    ROW("channel_id", "integer/bigint/bigint"),
    ROW("channel_name", "text/longtext/text"),
    ROW("token_id", "integer/bigint/bigint", .fallback = "0"),
    ROW("group", "text/varchar(191)/text"),
    ROW("other", "text/longtext/text"),
    ROW("ip", "text/varchar(191)/text", .fallback = "''", .later = true),
    ROW("request_id", "varchar(64)", .fallback = "''", .later = true),
    ROW("upstream_request_id", "varchar(128)", .fallback = "''", .later = true),
};
static const struct origin_index logs_indexes[] = {
    IDX("idx_created_at_id", "id,created_at"),
    IDX("idx_created_at_type", "created_at,type"),
    IDX("idx_logs_channel_id", "channel_id"),
    IDX("idx_logs_group", "group"),
    IDX("idx_logs_model_name", "model_name"),
    IDX("idx_logs_token_id", "token_id"),
    IDX("idx_logs_token_name", "token_name"),
    IDX("idx_logs_user_id", "user_id"),
    IDX("idx_logs_username", "username"),
    IDX("index_username_model_name", "model_name,username"),
    IDX("idx_logs_ip", "ip", .later = true),
    IDX("idx_logs_request_id", "request_id", .later = true),
    IDX("idx_logs_upstream_request_id", "upstream_request_id", .later = true),
};

static const struct origin_column midjourneys_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("code", "integer/bigint/bigint"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("action", "varchar(40)"),
    ROW("mj_id", "text/varchar(191)/text"),
    ROW("prompt", "text/longtext/text"),
    ROW("prompt_en", "text/longtext/text"),
    ROW("description", "text/longtext/text"),
    ROW("state", "text/longtext/text"),
    ROW("submit_time", "integer/bigint/bigint"),
    ROW("start_time", "integer/bigint/bigint"),
    ROW("finish_time", "integer/bigint/bigint"),
    ROW("image_url", "text/longtext/text"),
    ROW("status", "varchar(20)"),
    ROW("progress", "varchar(30)"),
    ROW("fail_reason", "text/longtext/text"),
    ROW("channel_id", "integer/bigint/bigint"),
    ROW("quota", "integer/bigint/bigint"),
    ROW("buttons", "text/longtext/text"),
    ROW("properties", "text/longtext/text"),
    ROW("video_url", "text/longtext/text", .later = true),
    ROW("video_urls", "text/longtext/text", .later = true),
};
static const struct origin_index midjourneys_indexes[] = {
    IDX("idx_midjourneys_action", "action"),
    IDX("idx_midjourneys_finish_time", "finish_time"),
    IDX("idx_midjourneys_mj_id", "mj_id"),
    IDX("idx_midjourneys_progress", "progress"),
    IDX("idx_midjourneys_start_time", "start_time"),
    IDX("idx_midjourneys_status", "status"),
    IDX("idx_midjourneys_submit_time", "submit_time"),
    IDX("idx_midjourneys_user_id", "user_id"),
};

static const struct origin_column top_ups_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("amount", "integer/bigint/bigint"),
    ROW("money", "real/double/decimal"),
    ROW("trade_no", "text/longtext/text"),
    ROW("create_time", "integer/bigint/bigint"),
    ROW("status", "text/longtext/text"),
    ROW("payment_method", "varchar(50)", .later = true),
    ROW("payment_provider", "varchar(50)", .fallback = "''", .later = true),
    ROW("complete_time", "integer/bigint/bigint", .later = true),
};
static const struct origin_index top_ups_indexes[] = {
    IDX("idx_top_ups_user_id", "user_id"),
};

static const struct origin_column quota_data_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("username", "text/varchar(64)/varchar(64)", .fallback = "''"),
    ROW("model_name", "text/varchar(64)/varchar(64)", .fallback = "''"),
    ROW("created_at", "integer/bigint/bigint"),
    ROW("token_used", "integer/bigint/bigint", .fallback = "0"),
    ROW("count", "integer/bigint/bigint", .fallback = "0"),
    ROW("quota", "integer/bigint/bigint", .fallback = "0"),
    ROW("use_group", "text/varchar(64)/varchar(64)", .fallback = "''", .later = true),
    ROW("node_name", "text/varchar(64)/varchar(64)", .fallback = "''", .later = true),
    ROW("token_id", "integer/bigint/bigint", .fallback = "0", .later = true),
    ROW("channel_id", "integer/bigint/bigint", .fallback = "0", .later = true),
};
static const struct origin_index quota_data_indexes[] = {
    IDX("idx_qdt_created_at", "created_at"),
    IDX("idx_qdt_model_user_name", "model_name,username"),
    IDX("idx_quota_data_user_id", "user_id"),
    IDX("idx_quota_data_use_group", "use_group", .later = true),
    IDX("idx_quota_data_node_name", "node_name", .later = true),
    IDX("idx_quota_data_token_id", "token_id", .later = true),
    IDX("idx_quota_data_channel_id", "channel_id", .later = true),
};

static const struct origin_column tasks_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("created_at", "integer/bigint/bigint"),
    ROW("updated_at", "integer/bigint/bigint"),
    ROW("task_id", "varchar(50)"),
    ROW("platform", "varchar(30)"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("channel_id", "integer/bigint/bigint"),
    ROW("quota", "integer/bigint/bigint"),
    ROW("action", "varchar(40)"),
    ROW("status", "varchar(20)"),
    ROW("fail_reason", "text/longtext/text"),
    ROW("submit_time", "integer/bigint/bigint"),
    ROW("start_time", "integer/bigint/bigint"),
    ROW("finish_time", "integer/bigint/bigint"),
    ROW("progress", "varchar(20)"),
    ROW("properties", "json"),
    ROW("data", "json"),
    ROW("group", "varchar(50)", .later = true),
    ROW("private_data", "json", .later = true),
};
static const struct origin_index tasks_indexes[] = {
    IDX("idx_tasks_action", "action"),
    IDX("idx_tasks_channel_id", "channel_id"),
    IDX("idx_tasks_created_at", "created_at"),
    IDX("idx_tasks_finish_time", "finish_time"),
    IDX("idx_tasks_platform", "platform"),
    IDX("idx_tasks_progress", "progress"),
    IDX("idx_tasks_start_time", "start_time"),
    IDX("idx_tasks_status", "status"),
    IDX("idx_tasks_submit_time", "submit_time"),
    IDX("idx_tasks_task_id", "task_id"),
    IDX("idx_tasks_user_id", "user_id"),
};

static const struct origin_column setups_columns[] = {
    ROW("id", "integer/bigint unsigned AUTO_INCREMENT/bigserial"),
    ROW("version", "varchar(50)", .not_null = true),
    ROW("initialized_at", "bigint", .not_null = true),
};

static const struct origin_column models_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("model_name", "text/varchar(128)/varchar(128)", .not_null = true),
    ROW("description", "text"),
    ROW("icon", "varchar(128)"),
    ROW("tags", "varchar(255)"),
    ROW("vendor_id", "integer/bigint/bigint"),
    ROW("endpoints", "text"),
    ROW("status", "integer/bigint/bigint", .fallback = "1"),
    ROW("sync_official", "integer/bigint/bigint", .fallback = "1"),
    ROW("created_time", "integer/bigint/bigint"),
    ROW("updated_time", "integer/bigint/bigint"),
    ROW("deleted_at", "datetime/datetime(3)/timestamptz"),
    ROW("name_rule", "integer/bigint/bigint", .fallback = "0"),
};
static const struct origin_index models_indexes[] = {
    IDX("idx_models_deleted_at", "deleted_at"),
    IDX("idx_models_vendor_id", "vendor_id"),
    IDX("uk_model_name_delete_at", "model_name,deleted_at", .unique = true),
};

static const struct origin_column vendors_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("name", "text/varchar(128)/varchar(128)", .not_null = true),
    ROW("description", "text"),
    ROW("icon", "varchar(128)"),
    ROW("status", "integer/bigint/bigint", .fallback = "1"),
    ROW("created_time", "integer/bigint/bigint"),
    ROW("updated_time", "integer/bigint/bigint"),
    ROW("deleted_at", "datetime/datetime(3)/timestamptz"),
};
static const struct origin_index vendors_indexes[] = {
    IDX("idx_vendors_deleted_at", "deleted_at"),
    IDX("uk_vendor_name_delete_at", "name,deleted_at", .unique = true),
};

static const struct origin_column prefill_groups_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("name", "text/varchar(64)/varchar(64)", .not_null = true),
    ROW("type", "text/varchar(32)/varchar(32)", .not_null = true),
    ROW("items", "json"),
    ROW("description", "varchar(255)"),
    ROW("created_time", "integer/bigint/bigint"),
    ROW("updated_time", "integer/bigint/bigint"),
    ROW("deleted_at", "datetime/datetime(3)/timestamptz"),
};
static const struct origin_index prefill_groups_indexes[] = {
    IDX("idx_prefill_groups_deleted_at", "deleted_at"),
    IDX("idx_prefill_groups_type", "type"),
    IDX("uk_prefill_name", "name", .unique = true, .where = "deleted_at IS NULL"),
};

static const struct origin_column two_fas_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint", .not_null = true, .unique = true),
    ROW("secret", "varchar(255)", .not_null = true),
    ROW("is_enabled", "numeric/boolean/boolean"),
    ROW("failed_attempts", "integer/bigint/bigint", .fallback = "0"),
    ROW("locked_until", "datetime/datetime(3)/timestamptz"),
    ROW("last_used_at", "datetime/datetime(3)/timestamptz"),
    ROW("created_at", "datetime/datetime(3)/timestamptz"),
    ROW("updated_at", "datetime/datetime(3)/timestamptz"),
    ROW("deleted_at", "datetime/datetime(3)/timestamptz"),
};
static const struct origin_index two_fas_indexes[] = {
    IDX("idx_two_fas_deleted_at", "deleted_at"),
    IDX("idx_two_fas_user_id", "user_id"),
};

static const struct origin_column two_fa_backup_codes_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint", .not_null = true),
    ROW("code_hash", "varchar(255)", .not_null = true),
    ROW("is_used", "numeric/boolean/boolean"),
    ROW("used_at", "datetime/datetime(3)/timestamptz"),
    ROW("created_at", "datetime/datetime(3)/timestamptz"),
    ROW("deleted_at", "datetime/datetime(3)/timestamptz"),
};
static const struct origin_index two_fa_backup_codes_indexes[] = {
    IDX("idx_two_fa_backup_codes_deleted_at", "deleted_at"),
    IDX("idx_two_fa_backup_codes_user_id", "user_id"),
};

static const struct origin_column passkey_credentials_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint", .not_null = true),
    ROW("credential_id", "varchar(512)", .not_null = true),
    ROW("public_key", "text", .not_null = true),
    ROW("attestation_type", "varchar(255)"),
    ROW("aa_guid", "varchar(512)"),
    ROW("sign_count", "integer/int unsigned/bigint", .fallback = "0"),
    ROW("clone_warning", "numeric/boolean/boolean"),
    ROW("user_present", "numeric/boolean/boolean"),
    ROW("user_verified", "numeric/boolean/boolean"),
    ROW("backup_eligible", "numeric/boolean/boolean"),
    ROW("backup_state", "numeric/boolean/boolean"),
    ROW("transports", "text"),
    ROW("attachment", "varchar(32)"),
    ROW("last_used_at", "datetime/datetime(3)/timestamptz"),
    ROW("created_at", "datetime/datetime(3)/timestamptz"),
    ROW("updated_at", "datetime/datetime(3)/timestamptz"),
    ROW("deleted_at", "datetime/datetime(3)/timestamptz"),
};
static const struct origin_index passkey_credentials_indexes[] = {
    IDX("idx_passkey_credentials_credential_id", "credential_id", .unique = true),
    IDX("idx_passkey_credentials_deleted_at", "deleted_at"),
    IDX("idx_passkey_credentials_user_id", "user_id", .unique = true),
};

static const struct origin_column checkins_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint", .not_null = true),
    ROW("checkin_date", "varchar(10)", .not_null = true),
    ROW("quota_awarded", "integer/bigint/bigint", .not_null = true),
    ROW("created_at", "integer/bigint/bigint"),
};
static const struct origin_index checkins_indexes[] = {
    IDX("idx_user_checkin_date", "user_id,checkin_date", .unique = true),
};

static const struct origin_column custom_oauth_providers_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("name", "varchar(64)", .not_null = true),
    ROW("slug", "varchar(64)", .not_null = true),
    ROW("icon", "varchar(128)", .fallback = "''"),
    ROW("enabled", "numeric/boolean/boolean", .fallback = "false"),
    ROW("client_id", "varchar(256)"),
    ROW("client_secret", "varchar(512)"),
    ROW("authorization_endpoint", "varchar(512)"),
    ROW("token_endpoint", "varchar(512)"),
    ROW("user_info_endpoint", "varchar(512)"),
    ROW("scopes", "varchar(256)", .fallback = "'openid profile email'"),
    ROW("user_id_field", "varchar(128)", .fallback = "'sub'"),
    ROW("username_field", "varchar(128)", .fallback = "'preferred_username'"),
    ROW("display_name_field", "varchar(128)", .fallback = "'name'"),
    ROW("email_field", "varchar(128)", .fallback = "'email'"),
    ROW("well_known", "varchar(512)"),
    ROW("auth_style", "integer/bigint/bigint", .fallback = "0"),
    ROW("access_policy", "text"),
    ROW("access_denied_message", "varchar(512)"),
    ROW("created_at", "datetime/datetime(3)/timestamptz"),
    ROW("updated_at", "datetime/datetime(3)/timestamptz"),
};
static const struct origin_index custom_oauth_providers_indexes[] = {
    IDX("idx_custom_oauth_providers_slug", "slug", .unique = true),
};

static const struct origin_column user_oauth_bindings_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint", .not_null = true),
    ROW("provider_id", "integer/bigint/bigint", .not_null = true),
    ROW("provider_user_id", "varchar(256)", .not_null = true),
    ROW("created_at", "datetime/datetime(3)/timestamptz"),
};
static const struct origin_index user_oauth_bindings_indexes[] = {
    IDX("ux_provider_userid", "provider_id,provider_user_id", .unique = true),
    IDX("ux_user_provider", "user_id,provider_id", .unique = true),
};

static const struct origin_column subscription_plans_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("title", "varchar(128)", .not_null = true),
    ROW("subtitle", "varchar(255)", .fallback = "''"),
    ROW("price_amount", "decimal(10,6)", .fallback = "0.000000/0", .not_null = true),
    ROW("currency", "varchar(8)", .fallback = "'USD'", .not_null = true),
    ROW("duration_unit", "varchar(16)", .fallback = "'month'", .not_null = true),
    ROW("duration_value", "integer/bigint/bigint", .fallback = "1", .not_null = true),
    ROW("custom_seconds", "bigint", .fallback = "0", .not_null = true),
    ROW("enabled", "numeric/boolean/boolean", .fallback = "true"),
    ROW("sort_order", "integer/bigint/bigint", .fallback = "0"),
    ROW("allow_balance_pay", "numeric/boolean/boolean"),
    ROW("allow_wallet_overflow", "numeric/boolean/boolean"),
    ROW("stripe_price_id", "varchar(128)", .fallback = "''"),
    ROW("creem_product_id", "varchar(128)", .fallback = "''"),
    ROW("waffo_pancake_product_id", "varchar(128)", .fallback = "''"),
    ROW("max_purchase_per_user", "integer/bigint/bigint", .fallback = "0"),
    ROW("upgrade_group", "varchar(64)", .fallback = "''"),
    ROW("downgrade_group", "varchar(64)", .fallback = "''"),
    ROW("total_amount", "bigint", .fallback = "0", .not_null = true),
    ROW("quota_reset_period", "varchar(16)", .fallback = "'never'"),
    ROW("quota_reset_custom_seconds", "bigint", .fallback = "0"),
    ROW("created_at", "integer/bigint/bigint"),
    ROW("updated_at", "integer/bigint/bigint"),
};

static const struct origin_column subscription_orders_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("plan_id", "integer/bigint/bigint"),
    ROW("money", "real/double/decimal"),
    ROW("trade_no", "varchar(255)", .unique = true),
    ROW("payment_method", "varchar(50)"),
    ROW("payment_provider", "varchar(50)", .fallback = "''"),
    ROW("status", "text/longtext/text"),
    ROW("create_time", "integer/bigint/bigint"),
    ROW("complete_time", "integer/bigint/bigint"),
    ROW("provider_payload", "text"),
};
static const struct origin_index subscription_orders_indexes[] = {
    IDX("idx_subscription_orders_plan_id", "plan_id"),
    IDX("idx_subscription_orders_trade_no", "trade_no"),
    IDX("idx_subscription_orders_user_id", "user_id"),
};

static const struct origin_column user_subscriptions_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("plan_id", "integer/bigint/bigint"),
    ROW("amount_total", "bigint", .fallback = "0", .not_null = true),
    ROW("amount_used", "bigint", .fallback = "0", .not_null = true),
    ROW("start_time", "integer/bigint/bigint"),
    ROW("end_time", "integer/bigint/bigint"),
    ROW("status", "varchar(32)"),
    ROW("source", "varchar(32)", .fallback = "'order'"),
    ROW("last_reset_time", "bigint", .fallback = "0"),
    ROW("next_reset_time", "bigint", .fallback = "0"),
    ROW("upgrade_group", "varchar(64)", .fallback = "''"),
    ROW("prev_user_group", "varchar(64)", .fallback = "''"),
    ROW("downgrade_group", "varchar(64)", .fallback = "''"),
    ROW("allow_wallet_overflow", "numeric/boolean/boolean"),
    ROW("created_at", "integer/bigint/bigint"),
    ROW("updated_at", "integer/bigint/bigint"),
};
static const struct origin_index user_subscriptions_indexes[] = {
    IDX("idx_user_sub_active", "user_id,status,end_time"),
    IDX("idx_user_subscriptions_end_time", "end_time"),
    IDX("idx_user_subscriptions_next_reset_time", "next_reset_time"),
    IDX("idx_user_subscriptions_plan_id", "plan_id"),
    IDX("idx_user_subscriptions_status", "status"),
    IDX("idx_user_subscriptions_user_id", "user_id"),
};

static const struct origin_column subscription_pre_consume_records_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("request_id", "varchar(64)"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("user_subscription_id", "integer/bigint/bigint"),
    ROW("pre_consumed", "bigint", .fallback = "0", .not_null = true),
    ROW("status", "varchar(32)"),
    ROW("created_at", "integer/bigint/bigint"),
    ROW("updated_at", "integer/bigint/bigint"),
};
static const struct origin_index subscription_pre_consume_records_indexes[] = {
    IDX("idx_subscription_pre_consume_records_request_id", "request_id", .unique = true),
    IDX("idx_subscription_pre_consume_records_status", "status"),
    IDX("idx_subscription_pre_consume_records_updated_at", "updated_at"),
    IDX("idx_subscription_pre_consume_records_user_id", "user_id"),
    IDX("idx_subscription_pre_consume_records_user_subscription_id", "user_subscription_id"),
};

static const struct origin_column perf_metrics_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("model_name", "text/varchar(128)/varchar(128)"),
    ROW("group", "text/varchar(64)/varchar(64)"),
    ROW("bucket_ts", "integer/bigint/bigint"),
    ROW("request_count", "integer/bigint/bigint", .fallback = "0"),
    ROW("success_count", "integer/bigint/bigint", .fallback = "0"),
    ROW("total_latency_ms", "integer/bigint/bigint", .fallback = "0"),
    ROW("ttft_sum_ms", "integer/bigint/bigint", .fallback = "0"),
    ROW("ttft_count", "integer/bigint/bigint", .fallback = "0"),
    ROW("output_tokens", "integer/bigint/bigint", .fallback = "0"),
    ROW("generation_ms", "integer/bigint/bigint", .fallback = "0"),
};
static const struct origin_index perf_metrics_indexes[] = {
    IDX("idx_perf_bucket_ts", "bucket_ts"),
    IDX("idx_perf_model_group_bucket", "model_name,group,bucket_ts", .unique = true),
};

static const struct origin_column system_instances_columns[] = {
    ROW("node_name", "varchar(128)"),
    ROW("info", "text"),
    ROW("started_at", "integer/bigint/bigint"),
    ROW("last_seen_at", "integer/bigint/bigint"),
    ROW("created_at", "integer/bigint/bigint"),
    ROW("updated_at", "integer/bigint/bigint"),
};
static const struct origin_index system_instances_indexes[] = {
    IDX("idx_system_instances_created_at", "created_at"),
    IDX("idx_system_instances_last_seen_at", "last_seen_at"),
    IDX("idx_system_instances_started_at", "started_at"),
    IDX("idx_system_instances_updated_at", "updated_at"),
};

static const struct origin_column system_tasks_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("task_id", "varchar(64)"),
    ROW("type", "varchar(64)"),
    ROW("status", "varchar(32)"),
    ROW("active_key", "varchar(64)"),
    ROW("payload", "text"),
    ROW("state", "text"),
    ROW("result", "text"),
    ROW("error", "text"),
    ROW("locked_by", "varchar(128)"),
    ROW("created_at", "integer/bigint/bigint"),
    ROW("updated_at", "integer/bigint/bigint"),
};
static const struct origin_index system_tasks_indexes[] = {
    IDX("idx_system_tasks_active_key", "active_key", .unique = true),
    IDX("idx_system_tasks_created_at", "created_at"),
    IDX("idx_system_tasks_locked_by", "locked_by"),
    IDX("idx_system_tasks_status", "status"),
    IDX("idx_system_tasks_task_id", "task_id", .unique = true),
    IDX("idx_system_tasks_type", "type"),
    IDX("idx_system_tasks_updated_at", "updated_at"),
};

static const struct origin_column system_task_locks_columns[] = {
    ROW("type", "varchar(64)"),
    ROW("task_id", "varchar(64)"),
    ROW("locked_by", "varchar(128)"),
    ROW("locked_until", "integer/bigint/bigint"),
    ROW("updated_at", "integer/bigint/bigint"),
};
static const struct origin_index system_task_locks_indexes[] = {
    IDX("idx_system_task_locks_locked_by", "locked_by"),
    IDX("idx_system_task_locks_locked_until", "locked_until"),
    IDX("idx_system_task_locks_task_id", "task_id"),
    IDX("idx_system_task_locks_updated_at", "updated_at"),
};

static const struct origin_column casbin_rule_columns[] = {
    ROW("id", "integer/bigint unsigned AUTO_INCREMENT/bigserial"),
    ROW("ptype", "text/varchar(100)/varchar(100)"),
    ROW("v0", "text/varchar(100)/varchar(100)"),
    ROW("v1", "text/varchar(100)/varchar(100)"),
    ROW("v2", "text/varchar(100)/varchar(100)"),
    ROW("v3", "text/varchar(100)/varchar(100)"),
    ROW("v4", "text/varchar(100)/varchar(100)"),
    ROW("v5", "text/varchar(100)/varchar(100)"),
};
static const struct origin_index casbin_rule_indexes[] = {
    IDX("idx_casbin_rule", "ptype,v0,v1,v2,v3,v4,v5"),
    IDX("idx_casbin_rule_unique", "ptype,v0,v1,v2,v3,v4,v5", .unique = true),
};

static const struct origin_column authz_roles_columns[] = {
    ROW("id", "integer/bigint unsigned AUTO_INCREMENT/bigserial"),
    ROW("key", "text/varchar(64)/varchar(64)", .not_null = true),
    ROW("name", "text/varchar(100)/varchar(100)", .not_null = true),
    ROW("description", "text"),
    ROW("built_in", "numeric/boolean/boolean"),
    ROW("enabled", "numeric/boolean/boolean"),
    ROW("sort", "integer/bigint/bigint"),
    ROW("created_at", "integer/bigint/bigint"),
    ROW("updated_at", "integer/bigint/bigint"),
};
static const struct origin_index authz_roles_indexes[] = {
    IDX("idx_authz_roles_key", "key", .unique = true),
};

static const struct origin_column user_sessions_columns[] = {
    ROW("sid", "varchar(64)"),
    ROW("user_id", "integer/bigint/bigint", .not_null = true),
    ROW("version", "bigint", .fallback = "1", .not_null = true),
    ROW("user_auth_version", "bigint", .not_null = true),
    ROW("status", "varchar(16)", .not_null = true),
    ROW("refresh_hash", "char(64)", .not_null = true),
    ROW("previous_refresh_hash", "varchar(64)"),
    ROW("previous_valid_until", "bigint", .fallback = "0", .not_null = true),
    ROW("login_method", "varchar(32)", .not_null = true),
    ROW("ip", "varchar(64)"),
    ROW("user_agent", "text"),
    ROW("created_at", "integer/bigint/bigint"),
    ROW("last_active_at", "bigint", .not_null = true),
    ROW("expires_at", "bigint", .not_null = true),
    ROW("revoked_at", "bigint", .fallback = "0", .not_null = true),
    ROW("revoked_reason", "varchar(64)"),
};
static const struct origin_index user_sessions_indexes[] = {
    IDX("idx_user_sessions_expires_at", "expires_at"),
    IDX("idx_user_sessions_status_revoked", "status,revoked_at"),
    IDX("idx_user_sessions_user_created", "user_id,created_at"),
    IDX("idx_user_sessions_user_status_expiry", "user_id,status,expires_at"),
};

static const struct origin_column auth_flows_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("token_hash", "char(64)", .not_null = true),
    ROW("purpose", "varchar(32)", .not_null = true),
    ROW("provider", "varchar(64)"),
    ROW("intent", "varchar(16)"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("session_id", "varchar(64)"),
    ROW("payload", "text"),
    ROW("created_at", "datetime/datetime(3)/timestamptz"),
    ROW("expires_at", "datetime/datetime(3)/timestamptz", .not_null = true),
    ROW("consumed_at", "datetime/datetime(3)/timestamptz"),
};
static const struct origin_index auth_flows_indexes[] = {
    IDX("idx_auth_flow_purpose_expiry", "purpose,expires_at"),
    IDX("idx_auth_flows_consumed_at", "consumed_at"),
    IDX("idx_auth_flows_session_id", "session_id"),
    IDX("idx_auth_flows_token_hash", "token_hash", .unique = true),
    IDX("idx_auth_flows_user_id", "user_id"),
};

static const struct origin_column external_identity_claims_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("provider", "varchar(32)", .not_null = true),
    ROW("subject", "varchar(128)", .not_null = true),
    ROW("user_id", "integer/bigint/bigint", .not_null = true),
    ROW("created_at", "datetime/datetime(3)/timestamptz"),
};
static const struct origin_index external_identity_claims_indexes[] = {
    IDX("idx_external_identity_claims_user_id", "user_id"),
    IDX("idx_external_identity_subject", "provider,subject", .unique = true),
    IDX("idx_external_identity_user", "provider,user_id", .unique = true),
};

static const struct origin_table origin_tables[] = {
    ORIGIN(, channels, "id", INDEXES(, channels)),
    ORIGIN(, tokens, "id", INDEXES(, tokens)),
    ORIGIN(, users, "id", INDEXES(, users)),
    ORIGIN(, options, "key"),
    ORIGIN(, redemptions, "id", INDEXES(, redemptions)),
    ORIGIN(, abilities, "group,model,channel_id", INDEXES(, abilities)),
    ORIGIN(, logs, "id", INDEXES(, logs)),
    ORIGIN(, midjourneys, "id", INDEXES(, midjourneys)),
    ORIGIN(, top_ups, "id", INDEXES(, top_ups)),
    ORIGIN(, quota_data, "id", INDEXES(, quota_data)),
    ORIGIN(, tasks, "id", INDEXES(, tasks)),
    ORIGIN(, setups, "id"),
    ORIGIN(, models, "id", INDEXES(, models), .later = true),
    ORIGIN(, vendors, "id", INDEXES(, vendors), .later = true),
    ORIGIN(, prefill_groups, "id", INDEXES(, prefill_groups), .later = true),
    ORIGIN(, two_fas, "id", INDEXES(, two_fas), .later = true),
    ORIGIN(, two_fa_backup_codes, "id", INDEXES(, two_fa_backup_codes), .later = true),
    ORIGIN(, passkey_credentials, "id", INDEXES(, passkey_credentials), .later = true),
    ORIGIN(, checkins, "id", INDEXES(, checkins), .later = true),
    ORIGIN(, custom_oauth_providers, "id", INDEXES(, custom_oauth_providers), .later = true),
    ORIGIN(, user_oauth_bindings, "id", INDEXES(, user_oauth_bindings), .later = true),
    ORIGIN(, subscription_plans, "id", .later = true),
    ORIGIN(, subscription_orders, "id", INDEXES(, subscription_orders), .later = true),
    ORIGIN(, user_subscriptions, "id", INDEXES(, user_subscriptions), .later = true),
    ORIGIN(, subscription_pre_consume_records, "id", INDEXES(, subscription_pre_consume_records), .later = true),
    ORIGIN(, perf_metrics, "id", INDEXES(, perf_metrics), .later = true),
    ORIGIN(, system_instances, "node_name", INDEXES(, system_instances), .later = true),
    ORIGIN(, system_tasks, "id", INDEXES(, system_tasks), .later = true),
    ORIGIN(, system_task_locks, "type", INDEXES(, system_task_locks), .later = true),
    ORIGIN(, casbin_rule, "id", INDEXES(, casbin_rule), .later = true),
    ORIGIN(, authz_roles, "id", INDEXES(, authz_roles), .later = true),
    ORIGIN(, user_sessions, "sid", INDEXES(, user_sessions), .later = true),
    ORIGIN(, auth_flows, "id", INDEXES(, auth_flows), .later = true),
    ORIGIN(, external_identity_claims, "id", INDEXES(, external_identity_claims), .later = true),
};

/* What a database that the newest version has made has otherwise; it keeps what older ones made. */
static const struct origin_change {
    const char *table;
    struct origin_column column;
} origin_newest[] = {
    {"tokens", ROW("key", "varchar(128)")},
    {"tokens", ROW("model_limits", "text")},
    {"tokens", ROW("unlimited_quota", "numeric/boolean/boolean")},
    {"tokens", ROW("model_limits_enabled", "numeric/boolean/boolean")},
    {"logs", ROW("is_stream", "numeric/boolean/boolean")},
    {"tasks", ROW("task_id", "varchar(191)")},
    {"top_ups", ROW("trade_no", "varchar(255)", .unique = true)},
};
static const struct origin_added_index {
    const char *table;
    struct origin_index index;
} origin_newest_indexes[] = {
    {"logs", IDX("idx_created_at_id", "created_at,id")},
    {"logs", IDX("idx_user_id_id", "user_id,id")},
    {"top_ups", IDX("idx_top_ups_trade_no", "trade_no")},
};

/* One-api. */

static const struct origin_column one_api_channels_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("type", "integer/bigint/bigint", .fallback = "0"),
    ROW("key", "text"),
    ROW("status", "integer/bigint/bigint", .fallback = "1"),
    ROW("name", "text/varchar(191)/text"),
    ROW("weight", "integer/bigint unsigned/bigint", .fallback = "0"),
    ROW("created_time", "bigint"),
    ROW("test_time", "bigint"),
    ROW("response_time", "integer/bigint/bigint"),
    ROW("base_url", "text/varchar(191)/text", .fallback = "''"),
    ROW("other", "text/longtext/text"),
    ROW("balance", "real/double/decimal"),
    ROW("balance_updated_time", "bigint"),
    ROW("models", "text/longtext/text"),
    ROW("group", "varchar(32)", .fallback = "'default'"),
    ROW("used_quota", "bigint", .fallback = "0"),
    ROW("model_mapping", "varchar(1024)", .fallback = "''"),
    ROW("priority", "bigint", .fallback = "0"),
    ROW("config", "text/longtext/text"),
    ROW("system_prompt", "text"),
};
static const struct origin_index one_api_channels_indexes[] = {IDX("idx_channels_name", "name")};
static const struct origin_column one_api_tokens_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("key", "char(48)"),
    ROW("status", "integer/bigint/bigint", .fallback = "1"),
    ROW("name", "text/varchar(191)/text"),
    ROW("created_time", "bigint"),
    ROW("accessed_time", "bigint"),
    ROW("expired_time", "bigint", .fallback = "-1"),
    ROW("remain_quota", "bigint", .fallback = "0"),
    ROW("unlimited_quota", "numeric/boolean/boolean", .fallback = "false"),
    ROW("used_quota", "bigint", .fallback = "0"),
    ROW("models", "text"),
    ROW("subnet", "text/varchar(191)/text", .fallback = "''"),
};
static const struct origin_index one_api_tokens_indexes[] = {
    IDX("idx_tokens_name", "name"),
    IDX("idx_tokens_key", "key", .unique = true),
};
static const struct origin_column one_api_users_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("username", "text/varchar(191)/text", .unique = true),
    ROW("password", "text/longtext/text", .not_null = true),
    ROW("display_name", "text/varchar(191)/text"),
    ROW("role", "integer/bigint/bigint", .fallback = "1"),
    ROW("status", "integer/bigint/bigint", .fallback = "1"),
    ROW("email", "text/varchar(191)/text"),
    ROW("github_id", "text/varchar(191)/text"),
    ROW("wechat_id", "text/varchar(191)/text"),
    ROW("lark_id", "text/varchar(191)/text"),
    ROW("oidc_id", "text/varchar(191)/text"),
    ROW("access_token", "char(32)"),
    ROW("quota", "bigint", .fallback = "0"),
    ROW("used_quota", "bigint", .fallback = "0"),
    ROW("request_count", "integer/bigint/bigint", .fallback = "0"),
    ROW("group", "varchar(32)", .fallback = "'default'"),
    ROW("aff_code", "varchar(32)"),
    ROW("inviter_id", "integer/bigint/bigint"),
};
static const struct origin_index one_api_users_indexes[] = {
    IDX("idx_users_display_name", "display_name"),
    IDX("idx_users_email", "email"),
    IDX("idx_users_git_hub_id", "github_id"),
    IDX("idx_users_we_chat_id", "wechat_id"),
    IDX("idx_users_lark_id", "lark_id"),
    IDX("idx_users_oidc_id", "oidc_id"),
    IDX("idx_users_username", "username"),
    IDX("idx_users_access_token", "access_token", .unique = true),
    IDX("idx_users_aff_code", "aff_code", .unique = true),
    IDX("idx_users_inviter_id", "inviter_id"),
};
static const struct origin_column one_api_redemptions_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("key", "char(32)"),
    ROW("status", "integer/bigint/bigint", .fallback = "1"),
    ROW("name", "text/varchar(191)/text"),
    ROW("quota", "bigint", .fallback = "100"),
    ROW("created_time", "bigint"),
    ROW("redeemed_time", "bigint"),
};
static const struct origin_index one_api_redemptions_indexes[] = {
    IDX("idx_redemptions_name", "name"),
    IDX("idx_redemptions_key", "key", .unique = true),
};
static const struct origin_column one_api_abilities_columns[] = {
    ROW("group", "varchar(32)"),
    ROW("model", "text/varchar(191)/text"),
    ROW("channel_id", "integer/bigint/bigint"),
    ROW("enabled", "numeric/boolean/boolean"),
    ROW("priority", "bigint", .fallback = "0"),
};
static const struct origin_index one_api_abilities_indexes[] = {
    IDX("idx_abilities_channel_id", "channel_id"),
    IDX("idx_abilities_priority", "priority"),
};
static const struct origin_column one_api_logs_columns[] = {
    ROW("id", "integer/bigint AUTO_INCREMENT/bigserial"),
    ROW("user_id", "integer/bigint/bigint"),
    ROW("created_at", "bigint"),
    ROW("type", "integer/bigint/bigint"),
    ROW("content", "text/longtext/text"),
    ROW("username", "text/varchar(191)/text", .fallback = "''"),
    ROW("token_name", "text/varchar(191)/text", .fallback = "''"),
    ROW("model_name", "text/varchar(191)/text", .fallback = "''"),
    ROW("quota", "integer/bigint/bigint", .fallback = "0"),
    ROW("prompt_tokens", "integer/bigint/bigint", .fallback = "0"),
    ROW("completion_tokens", "integer/bigint/bigint", .fallback = "0"),
    ROW("channel_id", "integer/bigint/bigint"),
    ROW("request_id", "text/varchar(191)/text", .fallback = "''"),
    ROW("elapsed_time", "bigint", .fallback = "0"),
    ROW("is_stream", "numeric/boolean/boolean", .fallback = "false"),
    ROW("system_prompt_reset", "numeric/boolean/boolean", .fallback = "false"),
};
static const struct origin_index one_api_logs_indexes[] = {
    IDX("idx_created_at_type", "created_at,type"),
    IDX("idx_logs_user_id", "user_id"),
    IDX("idx_logs_token_name", "token_name"),
    IDX("idx_logs_model_name", "model_name"),
    IDX("idx_logs_channel_id", "channel_id"),
    IDX("index_username_model_name", "model_name,username"),
};

static const struct origin_table one_api_tables[] = {
    ORIGIN(one_api_, channels, "id", INDEXES(one_api_, channels)),
    ORIGIN(one_api_, tokens, "id", INDEXES(one_api_, tokens)),
    ORIGIN(one_api_, users, "id", INDEXES(one_api_, users)),
    ORIGIN(, options, "key"),
    ORIGIN(one_api_, redemptions, "id", INDEXES(one_api_, redemptions)),
    ORIGIN(one_api_, abilities, "group,model,channel_id", INDEXES(one_api_, abilities)),
    ORIGIN(one_api_, logs, "id", INDEXES(one_api_, logs)),
};
/* clang-format on */

/*
 * The tables of April 2025 with the columns of later versions behind them (database reference 1 and
 * 5.1), then ours. 5.2 is not applied: its types are refused by the April program.
 *
 * Indexes that our queries use, besides the unique ones:
 *   idx_channels_tag            tag-wide edits and tag mode
 *   idx_tokens_user_id          tokens of a user
 *   idx_users_email             sign-in by e-mail (the username has its own unique index)
 *   idx_abilities_channel_id    rebuilding and deleting a channel's rows
 *   idx_created_at_id           log pages, sums and deletion by time
 *   idx_yourapi_logs_user_time  a user's log page
 *   idx_qdt_created_at          the dashboard of all users
 *   idx_yourapi_quota_data_key  the dashboard of one user, and adding to a sum
 *
 * idx_created_at_id has latest's order of columns: April's (id, created_at) helps no query. A
 * database that has April's keeps it, and its idx_created_at_type serves instead.
 */
#include "store/schema_tables.h"

static const struct schema_column channels_columns[] = {
    COLUMN("id", ID),
    COLUMN("type", INT, .fallback = "0"),
    COLUMN("key", STRING, .flags = SCHEMA_NOT_NULL),
    COLUMN("open_ai_organization", STRING),
    COLUMN("test_model", STRING),
    COLUMN("status", INT, .fallback = "1"),
    COLUMN("name", KEY_STRING, .size = 191),
    COLUMN("weight", UINT, .fallback = "0"),
    COLUMN("created_time", INT),
    COLUMN("test_time", INT),
    COLUMN("response_time", INT),
    COLUMN("base_url", KEY_STRING, .size = 191, .fallback = "''"),
    COLUMN("other", STRING),
    COLUMN("balance", FLOAT),
    COLUMN("balance_updated_time", INT),
    COLUMN("models", STRING),
    COLUMN("group", VARCHAR, .size = 64, .fallback = "'default'"),
    COLUMN("used_quota", INT, .fallback = "0"),
    COLUMN("model_mapping", TEXT),
    COLUMN("status_code_mapping", VARCHAR, .size = 1024, .fallback = "''"),
    COLUMN("priority", INT, .fallback = "0"),
    COLUMN("auto_ban", INT, .fallback = "1"),
    COLUMN("other_info", STRING),
    COLUMN("tag", KEY_STRING, .size = 191),
    COLUMN("setting", TEXT),
    COLUMN("param_override", TEXT),
    COLUMN("header_override", TEXT),
    COLUMN("remark", VARCHAR, .size = 255),
    COLUMN("channel_info", JSON),
    COLUMN("settings", STRING),
};
static const struct schema_index channels_indexes[] = {
    INDEX("idx_channels_name", "name"),
    INDEX("idx_channels_tag", "tag", .flags = SCHEMA_INDEX_USED),
};

static const struct schema_column tokens_columns[] = {
    COLUMN("id", ID),
    COLUMN("user_id", INT),
    COLUMN("key", CHAR, .size = 48),
    COLUMN("status", INT, .fallback = "1"),
    COLUMN("name", KEY_STRING, .size = 191),
    COLUMN("created_time", INT),
    COLUMN("accessed_time", INT),
    COLUMN("expired_time", INT, .fallback = "-1"),
    COLUMN("remain_quota", INT, .fallback = "0"),
    COLUMN("unlimited_quota", BOOL, .fallback = "false"),
    COLUMN("model_limits_enabled", BOOL, .fallback = "false"),
    COLUMN("model_limits", VARCHAR, .size = 1024, .fallback = "''"),
    COLUMN("allow_ips", KEY_STRING, .size = 191, .fallback = "''"),
    COLUMN("used_quota", INT, .fallback = "0"),
    COLUMN("group", KEY_STRING, .size = 191, .fallback = "''"),
    COLUMN("deleted_at", TIME),
    COLUMN("cross_group_retry", BOOL),
    COLUMN("auto_groups", TEXT),
};
static const struct schema_index tokens_indexes[] = {
    INDEX("idx_tokens_deleted_at", "deleted_at"),
    INDEX("idx_tokens_key", "key", .flags = SCHEMA_INDEX_UNIQUE),
    INDEX("idx_tokens_name", "name"),
    INDEX("idx_tokens_user_id", "user_id", .flags = SCHEMA_INDEX_USED),
};

static const struct schema_column users_columns[] = {
    COLUMN("id", ID),
    COLUMN("username", KEY_STRING, .size = 191, .flags = SCHEMA_UNIQUE),
    COLUMN("password", STRING, .flags = SCHEMA_NOT_NULL),
    COLUMN("display_name", KEY_STRING, .size = 191),
    COLUMN("role", INT, .fallback = "1"),
    COLUMN("status", INT, .fallback = "1"),
    COLUMN("email", KEY_STRING, .size = 191),
    COLUMN("github_id", KEY_STRING, .size = 191),
    COLUMN("oidc_id", KEY_STRING, .size = 191),
    COLUMN("wechat_id", KEY_STRING, .size = 191),
    COLUMN("telegram_id", KEY_STRING, .size = 191),
    COLUMN("access_token", CHAR, .size = 32),
    COLUMN("quota", INT, .fallback = "0"),
    COLUMN("used_quota", INT, .fallback = "0"),
    COLUMN("request_count", INT, .fallback = "0"),
    COLUMN("group", VARCHAR, .size = 64, .fallback = "'default'"),
    COLUMN("aff_code", VARCHAR, .size = 32),
    COLUMN("aff_count", INT, .fallback = "0"),
    COLUMN("aff_quota", INT, .fallback = "0"),
    COLUMN("aff_history", INT, .fallback = "0"),
    COLUMN("inviter_id", INT),
    COLUMN("deleted_at", TIME),
    COLUMN("linux_do_id", KEY_STRING, .size = 191),
    COLUMN("setting", TEXT),
    COLUMN("discord_id", KEY_STRING, .size = 191),
    COLUMN("remark", VARCHAR, .size = 255),
    COLUMN("stripe_customer", VARCHAR, .size = 64),
    COLUMN("created_at", INT),
    COLUMN("last_login_at", INT, .fallback = "0"),
    COLUMN("auth_version", BIGINT, .fallback = "1", .flags = SCHEMA_NOT_NULL),
};
static const struct schema_index users_indexes[] = {
    INDEX("idx_users_access_token", "access_token", .flags = SCHEMA_INDEX_UNIQUE),
    INDEX("idx_users_aff_code", "aff_code", .flags = SCHEMA_INDEX_UNIQUE),
    INDEX("idx_users_deleted_at", "deleted_at"),
    INDEX("idx_users_display_name", "display_name"),
    INDEX("idx_users_email", "email", .flags = SCHEMA_INDEX_USED),
    INDEX("idx_users_git_hub_id", "github_id"),
    INDEX("idx_users_inviter_id", "inviter_id"),
    INDEX("idx_users_linux_do_id", "linux_do_id"),
    INDEX("idx_users_oidc_id", "oidc_id"),
    INDEX("idx_users_telegram_id", "telegram_id"),
    INDEX("idx_users_username", "username"),
    INDEX("idx_users_we_chat_id", "wechat_id"),
    INDEX("idx_users_discord_id", "discord_id"),
    INDEX("idx_users_stripe_customer", "stripe_customer"),
};

static const struct schema_column options_columns[] = {
    COLUMN("key", KEY_STRING, .size = 191),
    COLUMN("value", STRING),
};

static const struct schema_column redemptions_columns[] = {
    COLUMN("id", ID),
    COLUMN("user_id", INT),
    COLUMN("key", CHAR, .size = 32),
    COLUMN("status", INT, .fallback = "1"),
    COLUMN("name", KEY_STRING, .size = 191),
    COLUMN("quota", INT, .fallback = "100"),
    COLUMN("created_time", INT),
    COLUMN("redeemed_time", INT),
    COLUMN("used_user_id", INT),
    COLUMN("deleted_at", TIME),
    COLUMN("expired_time", INT),
};
static const struct schema_index redemptions_indexes[] = {
    INDEX("idx_redemptions_deleted_at", "deleted_at"),
    INDEX("idx_redemptions_key", "key", .flags = SCHEMA_INDEX_UNIQUE),
    INDEX("idx_redemptions_name", "name"),
};

static const struct schema_column abilities_columns[] = {
    COLUMN("group", VARCHAR, .size = 64),
    COLUMN("model", VARCHAR, .size = 255),
    COLUMN("channel_id", INT),
    COLUMN("enabled", BOOL),
    COLUMN("priority", INT, .fallback = "0"),
    COLUMN("weight", UINT, .fallback = "0"),
    COLUMN("tag", KEY_STRING, .size = 191),
};
static const struct schema_index abilities_indexes[] = {
    INDEX("idx_abilities_channel_id", "channel_id", .flags = SCHEMA_INDEX_USED),
    INDEX("idx_abilities_priority", "priority"),
    INDEX("idx_abilities_tag", "tag"),
    INDEX("idx_abilities_weight", "weight"),
};

static const struct schema_column logs_columns[] = {
    COLUMN("id", ID),
    COLUMN("user_id", INT),
    COLUMN("created_at", INT),
    COLUMN("type", INT),
    COLUMN("content", STRING),
    COLUMN("username", KEY_STRING, .size = 191, .fallback = "''"),
    COLUMN("token_name", KEY_STRING, .size = 191, .fallback = "''"),
    COLUMN("model_name", KEY_STRING, .size = 191, .fallback = "''"),
    COLUMN("quota", INT, .fallback = "0"),
    COLUMN("prompt_tokens", INT, .fallback = "0"),
    COLUMN("completion_tokens", INT, .fallback = "0"),
    COLUMN("use_time", INT, .fallback = "0"),
    COLUMN("is_stream", BOOL, .fallback = "false"),
    COLUMN("channel_id", INT),
    COLUMN("channel_name", STRING),
    COLUMN("token_id", INT, .fallback = "0"),
    COLUMN("group", KEY_STRING, .size = 191),
    COLUMN("other", STRING),
    COLUMN("ip", KEY_STRING, .size = 191, .fallback = "''"),
    COLUMN("request_id", VARCHAR, .size = 64, .fallback = "''"),
    COLUMN("upstream_request_id", VARCHAR, .size = 128, .fallback = "''"),
};
static const struct schema_index logs_indexes[] = {
    INDEX("idx_created_at_id", "created_at,id", .flags = SCHEMA_INDEX_USED),
    INDEX("idx_created_at_type", "created_at,type"),
    INDEX("idx_logs_channel_id", "channel_id"),
    INDEX("idx_logs_group", "group"),
    INDEX("idx_logs_model_name", "model_name"),
    INDEX("idx_logs_token_id", "token_id"),
    INDEX("idx_logs_token_name", "token_name"),
    INDEX("idx_logs_user_id", "user_id"),
    INDEX("idx_logs_username", "username"),
    INDEX("index_username_model_name", "model_name,username"),
    INDEX("idx_logs_ip", "ip"),
    INDEX("idx_logs_request_id", "request_id", .flags = SCHEMA_INDEX_USED),
    INDEX("idx_logs_upstream_request_id", "upstream_request_id"),
    INDEX("idx_user_id_id", "user_id,id"),
    INDEX("idx_yourapi_logs_user_time", "user_id,created_at,id", .flags = SCHEMA_INDEX_USED),
};

static const struct schema_column midjourneys_columns[] = {
    COLUMN("id", ID),
    COLUMN("code", INT),
    COLUMN("user_id", INT),
    COLUMN("action", VARCHAR, .size = 40),
    COLUMN("mj_id", KEY_STRING, .size = 191),
    COLUMN("prompt", STRING),
    COLUMN("prompt_en", STRING),
    COLUMN("description", STRING),
    COLUMN("state", STRING),
    COLUMN("submit_time", INT),
    COLUMN("start_time", INT),
    COLUMN("finish_time", INT),
    COLUMN("image_url", STRING),
    COLUMN("status", VARCHAR, .size = 20),
    COLUMN("progress", VARCHAR, .size = 30),
    COLUMN("fail_reason", STRING),
    COLUMN("channel_id", INT),
    COLUMN("quota", INT),
    COLUMN("buttons", STRING),
    COLUMN("properties", STRING),
    COLUMN("video_url", STRING),
    COLUMN("video_urls", STRING),
};
static const struct schema_index midjourneys_indexes[] = {
    INDEX("idx_midjourneys_action", "action"),
    INDEX("idx_midjourneys_finish_time", "finish_time"),
    INDEX("idx_midjourneys_mj_id", "mj_id"),
    INDEX("idx_midjourneys_progress", "progress"),
    INDEX("idx_midjourneys_start_time", "start_time"),
    INDEX("idx_midjourneys_status", "status"),
    INDEX("idx_midjourneys_submit_time", "submit_time"),
    INDEX("idx_midjourneys_user_id", "user_id"),
};

static const struct schema_column top_ups_columns[] = {
    COLUMN("id", ID),
    COLUMN("user_id", INT),
    COLUMN("amount", INT),
    COLUMN("money", FLOAT),
    COLUMN("trade_no", STRING),
    COLUMN("create_time", INT),
    COLUMN("status", STRING),
    COLUMN("payment_method", VARCHAR, .size = 50),
    COLUMN("payment_provider", VARCHAR, .size = 50, .fallback = "''"),
    COLUMN("complete_time", INT),
};
static const struct schema_index top_ups_indexes[] = {
    INDEX("idx_top_ups_user_id", "user_id"),
};

static const struct schema_column quota_data_columns[] = {
    COLUMN("id", ID),
    COLUMN("user_id", INT),
    COLUMN("username", SIZED, .size = 64, .fallback = "''"),
    COLUMN("model_name", SIZED, .size = 64, .fallback = "''"),
    COLUMN("created_at", INT),
    COLUMN("token_used", INT, .fallback = "0"),
    COLUMN("count", INT, .fallback = "0"),
    COLUMN("quota", INT, .fallback = "0"),
    COLUMN("use_group", SIZED, .size = 64, .fallback = "''"),
    COLUMN("node_name", SIZED, .size = 64, .fallback = "''"),
    COLUMN("token_id", INT, .fallback = "0"),
    COLUMN("channel_id", INT, .fallback = "0"),
};
static const struct schema_index quota_data_indexes[] = {
    INDEX("idx_qdt_created_at", "created_at", .flags = SCHEMA_INDEX_USED),
    INDEX("idx_qdt_model_user_name", "model_name,username"),
    INDEX("idx_quota_data_user_id", "user_id"),
    INDEX("idx_quota_data_use_group", "use_group"),
    INDEX("idx_quota_data_node_name", "node_name"),
    INDEX("idx_quota_data_token_id", "token_id"),
    INDEX("idx_quota_data_channel_id", "channel_id"),
    INDEX("idx_yourapi_quota_data_key", "user_id,created_at,model_name",
          .flags = SCHEMA_INDEX_USED),
};

static const struct schema_column tasks_columns[] = {
    COLUMN("id", ID),
    COLUMN("created_at", INT),
    COLUMN("updated_at", INT),
    COLUMN("task_id", VARCHAR, .size = 50),
    COLUMN("platform", VARCHAR, .size = 30),
    COLUMN("user_id", INT),
    COLUMN("channel_id", INT),
    COLUMN("quota", INT),
    COLUMN("action", VARCHAR, .size = 40),
    COLUMN("status", VARCHAR, .size = 20),
    COLUMN("fail_reason", STRING),
    COLUMN("submit_time", INT),
    COLUMN("start_time", INT),
    COLUMN("finish_time", INT),
    COLUMN("progress", VARCHAR, .size = 20),
    COLUMN("properties", JSON),
    COLUMN("data", JSON),
    COLUMN("group", VARCHAR, .size = 50),
    COLUMN("private_data", JSON),
};
static const struct schema_index tasks_indexes[] = {
    INDEX("idx_tasks_action", "action"),           INDEX("idx_tasks_channel_id", "channel_id"),
    INDEX("idx_tasks_created_at", "created_at"),   INDEX("idx_tasks_finish_time", "finish_time"),
    INDEX("idx_tasks_platform", "platform"),       INDEX("idx_tasks_progress", "progress"),
    INDEX("idx_tasks_start_time", "start_time"),   INDEX("idx_tasks_status", "status"),
    INDEX("idx_tasks_submit_time", "submit_time"), INDEX("idx_tasks_task_id", "task_id"),
    INDEX("idx_tasks_user_id", "user_id"),
};

static const struct schema_column setups_columns[] = {
    COLUMN("id", ID_UNSIGNED),
    COLUMN("version", VARCHAR, .size = 50, .flags = SCHEMA_NOT_NULL),
    COLUMN("initialized_at", BIGINT, .flags = SCHEMA_NOT_NULL),
};

/* Ours. */

static const struct schema_column meta_columns[] = {
    COLUMN("key", VARCHAR, .size = 64),
    COLUMN("value", TEXT),
};

static const struct schema_column journal_columns[] = {
    COLUMN("journal_id", BIGINT),
    COLUMN("applied", BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL),
};

/* The index of the log (repo_log_index.h). */

static const struct schema_column log_chunks_columns[] = {
    COLUMN("chunk_id", BIGINT), /* the highest id of its rows */
    COLUMN("newest_s", BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL), /* of its rows' times */
    COLUMN("oldest_s", BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL),
    COLUMN("left_s", BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL), /* before it all is gone */
    COLUMN("log_count", BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL),
    COLUMN("consumed", BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL), /* points */
};

static const struct schema_column log_parts_columns[] = {
    COLUMN("part", BIGINT),   /* enum log_part */
    COLUMN("bucket", BIGINT), /* of log_part_bucket() */
    COLUMN("chunk_id", BIGINT),
    COLUMN("data", STRING),
};

static const struct schema_column log_names_columns[] = {
    COLUMN("part", BIGINT),
    COLUMN("hash", BIGINT), /* log_name_code() */
    COLUMN("name", KEY_STRING, .size = 191, .fallback = "''", .flags = SCHEMA_NOT_NULL),
};
static const struct schema_index log_names_indexes[] = {
    INDEX("idx_yourapi_log_names_name", "name,part", .flags = SCHEMA_INDEX_USED),
};

const struct schema_table schema_core_tables[] = {
    TABLE("channels", "id", channels_columns, INDEXES(channels_indexes)),
    TABLE("tokens", "id", tokens_columns, INDEXES(tokens_indexes)),
    TABLE("users", "id", users_columns, INDEXES(users_indexes)),
    TABLE("options", "key", options_columns),
    TABLE("redemptions", "id", redemptions_columns, INDEXES(redemptions_indexes)),
    TABLE("abilities", "group,model,channel_id", abilities_columns, INDEXES(abilities_indexes)),
    TABLE("logs", "id", logs_columns, INDEXES(logs_indexes)),
    TABLE("midjourneys", "id", midjourneys_columns, INDEXES(midjourneys_indexes)),
    TABLE("top_ups", "id", top_ups_columns, INDEXES(top_ups_indexes)),
    TABLE("quota_data", "id", quota_data_columns, INDEXES(quota_data_indexes)),
    TABLE("tasks", "id", tasks_columns, INDEXES(tasks_indexes)),
    TABLE("setups", "id", setups_columns),
    TABLE("yourapi_meta", "key", meta_columns),
    TABLE("yourapi_journal", "journal_id", journal_columns),
    TABLE("yourapi_log_chunks", "chunk_id", log_chunks_columns),
    TABLE("yourapi_log_parts", "part,bucket,chunk_id", log_parts_columns, .clustered = true),
    TABLE("yourapi_log_names", "part,hash", log_names_columns, INDEXES(log_names_indexes),
          .clustered = true),
};
const size_t schema_core_table_count = ARRAY_LEN(schema_core_tables);

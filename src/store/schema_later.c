/*
 * Tables of later versions (database reference 5.3). The April program does not know them.
 */
#include "store/schema_tables.h"

static const struct schema_column models_columns[] = {
    COLUMN("id", ID),
    COLUMN("model_name", SIZED, .size = 128, .flags = SCHEMA_NOT_NULL),
    COLUMN("description", TEXT),
    COLUMN("icon", VARCHAR, .size = 128),
    COLUMN("tags", VARCHAR, .size = 255),
    COLUMN("vendor_id", INT),
    COLUMN("endpoints", TEXT),
    COLUMN("status", INT, .fallback = "1"),
    COLUMN("sync_official", INT, .fallback = "1"),
    COLUMN("created_time", INT),
    COLUMN("updated_time", INT),
    COLUMN("deleted_at", TIME),
    COLUMN("name_rule", INT, .fallback = "0"),
};
static const struct schema_index models_indexes[] = {
    INDEX("idx_models_deleted_at", "deleted_at"),
    INDEX("idx_models_vendor_id", "vendor_id"),
    INDEX("uk_model_name_delete_at", "model_name,deleted_at", .flags = SCHEMA_INDEX_UNIQUE),
};

static const struct schema_column vendors_columns[] = {
    COLUMN("id", ID),
    COLUMN("name", SIZED, .size = 128, .flags = SCHEMA_NOT_NULL),
    COLUMN("description", TEXT),
    COLUMN("icon", VARCHAR, .size = 128),
    COLUMN("status", INT, .fallback = "1"),
    COLUMN("created_time", INT),
    COLUMN("updated_time", INT),
    COLUMN("deleted_at", TIME),
};
static const struct schema_index vendors_indexes[] = {
    INDEX("idx_vendors_deleted_at", "deleted_at"),
    INDEX("uk_vendor_name_delete_at", "name,deleted_at", .flags = SCHEMA_INDEX_UNIQUE),
};

static const struct schema_column prefill_groups_columns[] = {
    COLUMN("id", ID),
    COLUMN("name", SIZED, .size = 64, .flags = SCHEMA_NOT_NULL),
    COLUMN("type", SIZED, .size = 32, .flags = SCHEMA_NOT_NULL),
    COLUMN("items", JSON),
    COLUMN("description", VARCHAR, .size = 255),
    COLUMN("created_time", INT),
    COLUMN("updated_time", INT),
    COLUMN("deleted_at", TIME),
};
static const struct schema_index prefill_groups_indexes[] = {
    INDEX("idx_prefill_groups_deleted_at", "deleted_at"),
    INDEX("idx_prefill_groups_type", "type"),
    INDEX("uk_prefill_name", "name", .flags = SCHEMA_INDEX_UNIQUE, .where = "deleted_at IS NULL"),
};

static const struct schema_column two_fas_columns[] = {
    COLUMN("id", ID),
    COLUMN("user_id", INT, .flags = SCHEMA_NOT_NULL | SCHEMA_UNIQUE),
    COLUMN("secret", VARCHAR, .size = 255, .flags = SCHEMA_NOT_NULL),
    COLUMN("is_enabled", BOOL),
    COLUMN("failed_attempts", INT, .fallback = "0"),
    COLUMN("locked_until", TIME),
    COLUMN("last_used_at", TIME),
    COLUMN("created_at", TIME),
    COLUMN("updated_at", TIME),
    COLUMN("deleted_at", TIME),
};
static const struct schema_index two_fas_indexes[] = {
    INDEX("idx_two_fas_deleted_at", "deleted_at"),
    INDEX("idx_two_fas_user_id", "user_id"),
};

static const struct schema_column two_fa_backup_codes_columns[] = {
    COLUMN("id", ID),
    COLUMN("user_id", INT, .flags = SCHEMA_NOT_NULL),
    COLUMN("code_hash", VARCHAR, .size = 255, .flags = SCHEMA_NOT_NULL),
    COLUMN("is_used", BOOL),
    COLUMN("used_at", TIME),
    COLUMN("created_at", TIME),
    COLUMN("deleted_at", TIME),
};
static const struct schema_index two_fa_backup_codes_indexes[] = {
    INDEX("idx_two_fa_backup_codes_deleted_at", "deleted_at"),
    INDEX("idx_two_fa_backup_codes_user_id", "user_id"),
};

static const struct schema_column passkey_credentials_columns[] = {
    COLUMN("id", ID),
    COLUMN("user_id", INT, .flags = SCHEMA_NOT_NULL),
    COLUMN("credential_id", VARCHAR, .size = 512, .flags = SCHEMA_NOT_NULL),
    COLUMN("public_key", TEXT, .flags = SCHEMA_NOT_NULL),
    COLUMN("attestation_type", VARCHAR, .size = 255),
    COLUMN("aa_guid", VARCHAR, .size = 512),
    COLUMN("sign_count", UINT32, .fallback = "0"),
    COLUMN("clone_warning", BOOL),
    COLUMN("user_present", BOOL),
    COLUMN("user_verified", BOOL),
    COLUMN("backup_eligible", BOOL),
    COLUMN("backup_state", BOOL),
    COLUMN("transports", TEXT),
    COLUMN("attachment", VARCHAR, .size = 32),
    COLUMN("last_used_at", TIME),
    COLUMN("created_at", TIME),
    COLUMN("updated_at", TIME),
    COLUMN("deleted_at", TIME),
};
static const struct schema_index passkey_credentials_indexes[] = {
    INDEX("idx_passkey_credentials_credential_id", "credential_id", .flags = SCHEMA_INDEX_UNIQUE),
    INDEX("idx_passkey_credentials_deleted_at", "deleted_at"),
    INDEX("idx_passkey_credentials_user_id", "user_id", .flags = SCHEMA_INDEX_UNIQUE),
};

static const struct schema_column checkins_columns[] = {
    COLUMN("id", ID),
    COLUMN("user_id", INT, .flags = SCHEMA_NOT_NULL),
    COLUMN("checkin_date", VARCHAR, .size = 10, .flags = SCHEMA_NOT_NULL),
    COLUMN("quota_awarded", INT, .flags = SCHEMA_NOT_NULL),
    COLUMN("created_at", INT),
};
static const struct schema_index checkins_indexes[] = {
    INDEX("idx_user_checkin_date", "user_id,checkin_date", .flags = SCHEMA_INDEX_UNIQUE),
};

static const struct schema_column custom_oauth_providers_columns[] = {
    COLUMN("id", ID),
    COLUMN("name", VARCHAR, .size = 64, .flags = SCHEMA_NOT_NULL),
    COLUMN("slug", VARCHAR, .size = 64, .flags = SCHEMA_NOT_NULL),
    COLUMN("icon", VARCHAR, .size = 128, .fallback = "''"),
    COLUMN("enabled", BOOL, .fallback = "false"),
    COLUMN("client_id", VARCHAR, .size = 256),
    COLUMN("client_secret", VARCHAR, .size = 512),
    COLUMN("authorization_endpoint", VARCHAR, .size = 512),
    COLUMN("token_endpoint", VARCHAR, .size = 512),
    COLUMN("user_info_endpoint", VARCHAR, .size = 512),
    COLUMN("scopes", VARCHAR, .size = 256, .fallback = "'openid profile email'"),
    COLUMN("user_id_field", VARCHAR, .size = 128, .fallback = "'sub'"),
    COLUMN("username_field", VARCHAR, .size = 128, .fallback = "'preferred_username'"),
    COLUMN("display_name_field", VARCHAR, .size = 128, .fallback = "'name'"),
    COLUMN("email_field", VARCHAR, .size = 128, .fallback = "'email'"),
    COLUMN("well_known", VARCHAR, .size = 512),
    COLUMN("auth_style", INT, .fallback = "0"),
    COLUMN("access_policy", TEXT),
    COLUMN("access_denied_message", VARCHAR, .size = 512),
    COLUMN("created_at", TIME),
    COLUMN("updated_at", TIME),
};
static const struct schema_index custom_oauth_providers_indexes[] = {
    INDEX("idx_custom_oauth_providers_slug", "slug", .flags = SCHEMA_INDEX_UNIQUE),
};

static const struct schema_column user_oauth_bindings_columns[] = {
    COLUMN("id", ID),
    COLUMN("user_id", INT, .flags = SCHEMA_NOT_NULL),
    COLUMN("provider_id", INT, .flags = SCHEMA_NOT_NULL),
    COLUMN("provider_user_id", VARCHAR, .size = 256, .flags = SCHEMA_NOT_NULL),
    COLUMN("created_at", TIME),
};
static const struct schema_index user_oauth_bindings_indexes[] = {
    INDEX("ux_provider_userid", "provider_id,provider_user_id", .flags = SCHEMA_INDEX_UNIQUE),
    INDEX("ux_user_provider", "user_id,provider_id", .flags = SCHEMA_INDEX_UNIQUE),
};

static const struct schema_column subscription_plans_columns[] = {
    COLUMN("id", ID),
    COLUMN("title", VARCHAR, .size = 128, .flags = SCHEMA_NOT_NULL),
    COLUMN("subtitle", VARCHAR, .size = 255, .fallback = "''"),
    COLUMN("price_amount", PRICE, .fallback = "0.000000", .flags = SCHEMA_NOT_NULL),
    COLUMN("currency", VARCHAR, .size = 8, .fallback = "'USD'", .flags = SCHEMA_NOT_NULL),
    COLUMN("duration_unit", VARCHAR, .size = 16, .fallback = "'month'", .flags = SCHEMA_NOT_NULL),
    COLUMN("duration_value", INT, .fallback = "1", .flags = SCHEMA_NOT_NULL),
    COLUMN("custom_seconds", BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL),
    COLUMN("enabled", BOOL, .fallback = "true"),
    COLUMN("sort_order", INT, .fallback = "0"),
    COLUMN("allow_balance_pay", BOOL),
    COLUMN("allow_wallet_overflow", BOOL),
    COLUMN("stripe_price_id", VARCHAR, .size = 128, .fallback = "''"),
    COLUMN("creem_product_id", VARCHAR, .size = 128, .fallback = "''"),
    COLUMN("waffo_pancake_product_id", VARCHAR, .size = 128, .fallback = "''"),
    COLUMN("max_purchase_per_user", INT, .fallback = "0"),
    COLUMN("upgrade_group", VARCHAR, .size = 64, .fallback = "''"),
    COLUMN("downgrade_group", VARCHAR, .size = 64, .fallback = "''"),
    COLUMN("total_amount", BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL),
    COLUMN("quota_reset_period", VARCHAR, .size = 16, .fallback = "'never'"),
    COLUMN("quota_reset_custom_seconds", BIGINT, .fallback = "0"),
    COLUMN("created_at", INT),
    COLUMN("updated_at", INT),
};

static const struct schema_column subscription_orders_columns[] = {
    COLUMN("id", ID),
    COLUMN("user_id", INT),
    COLUMN("plan_id", INT),
    COLUMN("money", FLOAT),
    COLUMN("trade_no", VARCHAR, .size = 255, .flags = SCHEMA_UNIQUE),
    COLUMN("payment_method", VARCHAR, .size = 50),
    COLUMN("payment_provider", VARCHAR, .size = 50, .fallback = "''"),
    COLUMN("status", STRING),
    COLUMN("create_time", INT),
    COLUMN("complete_time", INT),
    COLUMN("provider_payload", TEXT),
};
static const struct schema_index subscription_orders_indexes[] = {
    INDEX("idx_subscription_orders_plan_id", "plan_id"),
    INDEX("idx_subscription_orders_trade_no", "trade_no"),
    INDEX("idx_subscription_orders_user_id", "user_id"),
};

static const struct schema_column user_subscriptions_columns[] = {
    COLUMN("id", ID),
    COLUMN("user_id", INT),
    COLUMN("plan_id", INT),
    COLUMN("amount_total", BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL),
    COLUMN("amount_used", BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL),
    COLUMN("start_time", INT),
    COLUMN("end_time", INT),
    COLUMN("status", VARCHAR, .size = 32),
    COLUMN("source", VARCHAR, .size = 32, .fallback = "'order'"),
    COLUMN("last_reset_time", BIGINT, .fallback = "0"),
    COLUMN("next_reset_time", BIGINT, .fallback = "0"),
    COLUMN("upgrade_group", VARCHAR, .size = 64, .fallback = "''"),
    COLUMN("prev_user_group", VARCHAR, .size = 64, .fallback = "''"),
    COLUMN("downgrade_group", VARCHAR, .size = 64, .fallback = "''"),
    COLUMN("allow_wallet_overflow", BOOL),
    COLUMN("created_at", INT),
    COLUMN("updated_at", INT),
};
static const struct schema_index user_subscriptions_indexes[] = {
    INDEX("idx_user_sub_active", "user_id,status,end_time"),
    INDEX("idx_user_subscriptions_end_time", "end_time"),
    INDEX("idx_user_subscriptions_next_reset_time", "next_reset_time"),
    INDEX("idx_user_subscriptions_plan_id", "plan_id"),
    INDEX("idx_user_subscriptions_status", "status"),
    INDEX("idx_user_subscriptions_user_id", "user_id"),
};

static const struct schema_column subscription_pre_consume_records_columns[] = {
    COLUMN("id", ID),
    COLUMN("request_id", VARCHAR, .size = 64),
    COLUMN("user_id", INT),
    COLUMN("user_subscription_id", INT),
    COLUMN("pre_consumed", BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL),
    COLUMN("status", VARCHAR, .size = 32),
    COLUMN("created_at", INT),
    COLUMN("updated_at", INT),
};
static const struct schema_index subscription_pre_consume_records_indexes[] = {
    INDEX("idx_subscription_pre_consume_records_request_id", "request_id",
          .flags = SCHEMA_INDEX_UNIQUE),
    INDEX("idx_subscription_pre_consume_records_status", "status"),
    INDEX("idx_subscription_pre_consume_records_updated_at", "updated_at"),
    INDEX("idx_subscription_pre_consume_records_user_id", "user_id"),
    INDEX("idx_subscription_pre_consume_records_user_subscription_id", "user_subscription_id"),
};

static const struct schema_column perf_metrics_columns[] = {
    COLUMN("id", ID),
    COLUMN("model_name", SIZED, .size = 128),
    COLUMN("group", SIZED, .size = 64),
    COLUMN("bucket_ts", INT),
    COLUMN("request_count", INT, .fallback = "0"),
    COLUMN("success_count", INT, .fallback = "0"),
    COLUMN("total_latency_ms", INT, .fallback = "0"),
    COLUMN("ttft_sum_ms", INT, .fallback = "0"),
    COLUMN("ttft_count", INT, .fallback = "0"),
    COLUMN("output_tokens", INT, .fallback = "0"),
    COLUMN("generation_ms", INT, .fallback = "0"),
};
static const struct schema_index perf_metrics_indexes[] = {
    INDEX("idx_perf_bucket_ts", "bucket_ts"),
    INDEX("idx_perf_model_group_bucket", "model_name,group,bucket_ts",
          .flags = SCHEMA_INDEX_UNIQUE),
};

static const struct schema_column system_instances_columns[] = {
    COLUMN("node_name", VARCHAR, .size = 128),
    COLUMN("info", TEXT),
    COLUMN("started_at", INT),
    COLUMN("last_seen_at", INT),
    COLUMN("created_at", INT),
    COLUMN("updated_at", INT),
};
static const struct schema_index system_instances_indexes[] = {
    INDEX("idx_system_instances_created_at", "created_at"),
    INDEX("idx_system_instances_last_seen_at", "last_seen_at"),
    INDEX("idx_system_instances_started_at", "started_at"),
    INDEX("idx_system_instances_updated_at", "updated_at"),
};

static const struct schema_column system_tasks_columns[] = {
    COLUMN("id", ID),
    COLUMN("task_id", VARCHAR, .size = 64),
    COLUMN("type", VARCHAR, .size = 64),
    COLUMN("status", VARCHAR, .size = 32),
    COLUMN("active_key", VARCHAR, .size = 64),
    COLUMN("payload", TEXT),
    COLUMN("state", TEXT),
    COLUMN("result", TEXT),
    COLUMN("error", TEXT),
    COLUMN("locked_by", VARCHAR, .size = 128),
    COLUMN("created_at", INT),
    COLUMN("updated_at", INT),
};
static const struct schema_index system_tasks_indexes[] = {
    INDEX("idx_system_tasks_active_key", "active_key", .flags = SCHEMA_INDEX_UNIQUE),
    INDEX("idx_system_tasks_created_at", "created_at"),
    INDEX("idx_system_tasks_locked_by", "locked_by"),
    INDEX("idx_system_tasks_status", "status"),
    INDEX("idx_system_tasks_task_id", "task_id", .flags = SCHEMA_INDEX_UNIQUE),
    INDEX("idx_system_tasks_type", "type"),
    INDEX("idx_system_tasks_updated_at", "updated_at"),
};

static const struct schema_column system_task_locks_columns[] = {
    COLUMN("type", VARCHAR, .size = 64),
    COLUMN("task_id", VARCHAR, .size = 64),
    COLUMN("locked_by", VARCHAR, .size = 128),
    COLUMN("locked_until", INT),
    COLUMN("updated_at", INT),
};
static const struct schema_index system_task_locks_indexes[] = {
    INDEX("idx_system_task_locks_locked_by", "locked_by"),
    INDEX("idx_system_task_locks_locked_until", "locked_until"),
    INDEX("idx_system_task_locks_task_id", "task_id"),
    INDEX("idx_system_task_locks_updated_at", "updated_at"),
};

static const struct schema_column casbin_rule_columns[] = {
    COLUMN("id", ID_UNSIGNED),        COLUMN("ptype", SIZED, .size = 100),
    COLUMN("v0", SIZED, .size = 100), COLUMN("v1", SIZED, .size = 100),
    COLUMN("v2", SIZED, .size = 100), COLUMN("v3", SIZED, .size = 100),
    COLUMN("v4", SIZED, .size = 100), COLUMN("v5", SIZED, .size = 100),
};
static const struct schema_index casbin_rule_indexes[] = {
    INDEX("idx_casbin_rule", "ptype,v0,v1,v2,v3,v4,v5"),
    INDEX("idx_casbin_rule_unique", "ptype,v0,v1,v2,v3,v4,v5", .flags = SCHEMA_INDEX_UNIQUE),
};

static const struct schema_column authz_roles_columns[] = {
    COLUMN("id", ID_UNSIGNED),
    COLUMN("key", SIZED, .size = 64, .flags = SCHEMA_NOT_NULL),
    COLUMN("name", SIZED, .size = 100, .flags = SCHEMA_NOT_NULL),
    COLUMN("description", TEXT),
    COLUMN("built_in", BOOL),
    COLUMN("enabled", BOOL),
    COLUMN("sort", INT),
    COLUMN("created_at", INT),
    COLUMN("updated_at", INT),
};
static const struct schema_index authz_roles_indexes[] = {
    INDEX("idx_authz_roles_key", "key", .flags = SCHEMA_INDEX_UNIQUE),
};

static const struct schema_column user_sessions_columns[] = {
    COLUMN("sid", VARCHAR, .size = 64),
    COLUMN("user_id", INT, .flags = SCHEMA_NOT_NULL),
    COLUMN("version", BIGINT, .fallback = "1", .flags = SCHEMA_NOT_NULL),
    COLUMN("user_auth_version", BIGINT, .flags = SCHEMA_NOT_NULL),
    COLUMN("status", VARCHAR, .size = 16, .flags = SCHEMA_NOT_NULL),
    COLUMN("refresh_hash", CHAR, .size = 64, .flags = SCHEMA_NOT_NULL),
    COLUMN("previous_refresh_hash", VARCHAR, .size = 64),
    COLUMN("previous_valid_until", BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL),
    COLUMN("login_method", VARCHAR, .size = 32, .flags = SCHEMA_NOT_NULL),
    COLUMN("ip", VARCHAR, .size = 64),
    COLUMN("user_agent", TEXT),
    COLUMN("created_at", INT),
    COLUMN("last_active_at", BIGINT, .flags = SCHEMA_NOT_NULL),
    COLUMN("expires_at", BIGINT, .flags = SCHEMA_NOT_NULL),
    COLUMN("revoked_at", BIGINT, .fallback = "0", .flags = SCHEMA_NOT_NULL),
    COLUMN("revoked_reason", VARCHAR, .size = 64),
};
static const struct schema_index user_sessions_indexes[] = {
    INDEX("idx_user_sessions_expires_at", "expires_at"),
    INDEX("idx_user_sessions_status_revoked", "status,revoked_at"),
    INDEX("idx_user_sessions_user_created", "user_id,created_at"),
    INDEX("idx_user_sessions_user_status_expiry", "user_id,status,expires_at"),
};

static const struct schema_column auth_flows_columns[] = {
    COLUMN("id", ID),
    COLUMN("token_hash", CHAR, .size = 64, .flags = SCHEMA_NOT_NULL),
    COLUMN("purpose", VARCHAR, .size = 32, .flags = SCHEMA_NOT_NULL),
    COLUMN("provider", VARCHAR, .size = 64),
    COLUMN("intent", VARCHAR, .size = 16),
    COLUMN("user_id", INT),
    COLUMN("session_id", VARCHAR, .size = 64),
    COLUMN("payload", TEXT),
    COLUMN("created_at", TIME),
    COLUMN("expires_at", TIME, .flags = SCHEMA_NOT_NULL),
    COLUMN("consumed_at", TIME),
};
static const struct schema_index auth_flows_indexes[] = {
    INDEX("idx_auth_flow_purpose_expiry", "purpose,expires_at"),
    INDEX("idx_auth_flows_consumed_at", "consumed_at"),
    INDEX("idx_auth_flows_session_id", "session_id"),
    INDEX("idx_auth_flows_token_hash", "token_hash", .flags = SCHEMA_INDEX_UNIQUE),
    INDEX("idx_auth_flows_user_id", "user_id"),
};

static const struct schema_column external_identity_claims_columns[] = {
    COLUMN("id", ID),
    COLUMN("provider", VARCHAR, .size = 32, .flags = SCHEMA_NOT_NULL),
    COLUMN("subject", VARCHAR, .size = 128, .flags = SCHEMA_NOT_NULL),
    COLUMN("user_id", INT, .flags = SCHEMA_NOT_NULL),
    COLUMN("created_at", TIME),
};
static const struct schema_index external_identity_claims_indexes[] = {
    INDEX("idx_external_identity_claims_user_id", "user_id"),
    INDEX("idx_external_identity_subject", "provider,subject", .flags = SCHEMA_INDEX_UNIQUE),
    INDEX("idx_external_identity_user", "provider,user_id", .flags = SCHEMA_INDEX_UNIQUE),
};

const struct schema_table schema_later_tables[] = {
    TABLE("models", "id", models_columns, INDEXES(models_indexes)),
    TABLE("vendors", "id", vendors_columns, INDEXES(vendors_indexes)),
    TABLE("prefill_groups", "id", prefill_groups_columns, INDEXES(prefill_groups_indexes)),
    TABLE("two_fas", "id", two_fas_columns, INDEXES(two_fas_indexes)),
    TABLE("two_fa_backup_codes", "id", two_fa_backup_codes_columns,
          INDEXES(two_fa_backup_codes_indexes)),
    TABLE("passkey_credentials", "id", passkey_credentials_columns,
          INDEXES(passkey_credentials_indexes)),
    TABLE("checkins", "id", checkins_columns, INDEXES(checkins_indexes)),
    TABLE("custom_oauth_providers", "id", custom_oauth_providers_columns,
          INDEXES(custom_oauth_providers_indexes)),
    TABLE("user_oauth_bindings", "id", user_oauth_bindings_columns,
          INDEXES(user_oauth_bindings_indexes)),
    TABLE("subscription_plans", "id", subscription_plans_columns),
    TABLE("subscription_orders", "id", subscription_orders_columns,
          INDEXES(subscription_orders_indexes)),
    TABLE("user_subscriptions", "id", user_subscriptions_columns,
          INDEXES(user_subscriptions_indexes)),
    TABLE("subscription_pre_consume_records", "id", subscription_pre_consume_records_columns,
          INDEXES(subscription_pre_consume_records_indexes)),
    TABLE("perf_metrics", "id", perf_metrics_columns, INDEXES(perf_metrics_indexes)),
    TABLE("system_instances", "node_name", system_instances_columns,
          INDEXES(system_instances_indexes)),
    TABLE("system_tasks", "id", system_tasks_columns, INDEXES(system_tasks_indexes)),
    TABLE("system_task_locks", "type", system_task_locks_columns,
          INDEXES(system_task_locks_indexes)),
    TABLE("casbin_rule", "id", casbin_rule_columns, INDEXES(casbin_rule_indexes)),
    TABLE("authz_roles", "id", authz_roles_columns, INDEXES(authz_roles_indexes)),
    TABLE("user_sessions", "sid", user_sessions_columns, INDEXES(user_sessions_indexes)),
    TABLE("auth_flows", "id", auth_flows_columns, INDEXES(auth_flows_indexes)),
    TABLE("external_identity_claims", "id", external_identity_claims_columns,
          INDEXES(external_identity_claims_indexes)),
};
const size_t schema_later_table_count = ARRAY_LEN(schema_later_tables);

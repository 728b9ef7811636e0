#include "model/settings_table.h"

#include "model/settings.h"

#define NONE       SETTING_NO_MEMBER
#define AT(member) ((int)offsetof(struct settings, member))
#define NO_TEXT    STR_INIT("")
#define MONEY_MAX  9e15 /* above it a double does not tell whole points apart */

/* key, default, member */
#define BOOL_OF(key, on, member)                                                                   \
    {                                                                                              \
        STR_INIT(key), SETTING_BOOL, STR_INIT(on), 0, 0, member, NONE, NO_TEXT                     \
    }
#define TEXT_OF(key, text, member)                                                                 \
    {                                                                                              \
        STR_INIT(key), SETTING_TEXT, STR_INIT(text), 0, 0, member, NONE, NO_TEXT                   \
    }
#define INT_OF(key, text, min, max, member)                                                        \
    {                                                                                              \
        STR_INIT(key), SETTING_INT, STR_INIT(text), min, max, member, NONE, NO_TEXT                \
    }
#define FLOAT_OF(key, text, min, max, member)                                                      \
    {                                                                                              \
        STR_INIT(key), SETTING_FLOAT, STR_INIT(text), min, max, member, NONE, NO_TEXT              \
    }
#define JSON_OF(key, kind, text, member)                                                           \
    {                                                                                              \
        STR_INIT(key), kind, STR_INIT(text), 0, 0, member, NONE, NO_TEXT                           \
    }
#define LINES_OF(key, text, member, count)                                                         \
    {                                                                                              \
        STR_INIT(key), SETTING_LINES, STR_INIT(text), 0, 0, member, count, NO_TEXT                 \
    }
/* without a member */
#define BOOL(key, on)              BOOL_OF(key, on, NONE)
#define TEXT(key, text)            TEXT_OF(key, text, NONE)
#define INT(key, text, min, max)   INT_OF(key, text, min, max, NONE)
#define FLOAT(key, text, min, max) FLOAT_OF(key, text, min, max, NONE)
#define OBJECT(key, text)          JSON_OF(key, SETTING_OBJECT, text, NONE)
#define ARRAY(key, text)           JSON_OF(key, SETTING_ARRAY, text, NONE)
#define LIST(key, text)            JSON_OF(key, SETTING_STRING_ARRAY, text, NONE)
#define STRINGS(key, text)         JSON_OF(key, SETTING_STRINGS, text, NONE)
#define NUMBERS(key, text)         JSON_OF(key, SETTING_NUMBERS, text, NONE)
#define CATALOG(key)                                                                               \
    {                                                                                              \
        STR_INIT(key), SETTING_NUMBERS, {NULL, 0}, 0, 0, NONE, NONE, NO_TEXT                       \
    }

/* clang-format off */
const struct settings_row settings_rows[] = {
    /* site and accounts */
    INT("FileUploadPermission", "0", 0, 0),
    INT("FileDownloadPermission", "0", 0, 0),
    INT("ImageUploadPermission", "0", 0, 0),
    INT("ImageDownloadPermission", "0", 0, 0),
    BOOL_OF("PasswordLoginEnabled", "true", AT(password_login)),
    BOOL_OF("PasswordRegisterEnabled", "true", AT(password_register)),
    BOOL_OF("RegisterEnabled", "true", AT(register_enabled)),
    BOOL("EmailVerificationEnabled", "false"),
    BOOL("EmailDomainRestrictionEnabled", "false"),
    BOOL("EmailAliasRestrictionEnabled", "false"),
    {STR_INIT("EmailDomainWhitelist"), SETTING_COMMAS,
     STR_INIT("gmail.com,163.com,126.com,qq.com,outlook.com,hotmail.com,icloud.com,yahoo.com,foxmail.com"),
     0, 0, NONE, NONE, NO_TEXT},
    BOOL("GitHubOAuthEnabled", "false"),
    TEXT("GitHubClientId", ""),
    TEXT("GitHubClientSecret", ""),
    BOOL("LinuxDOOAuthEnabled", "false"),
    TEXT("LinuxDOClientId", ""),
    TEXT("LinuxDOClientSecret", ""),
    INT("LinuxDOMinimumTrustLevel", "0", 0, 4),
    BOOL("TelegramOAuthEnabled", "false"),
    TEXT("TelegramBotToken", ""),
    TEXT("TelegramBotName", ""),
    BOOL("WeChatAuthEnabled", "false"),
    TEXT("WeChatServerAddress", ""),
    TEXT("WeChatServerToken", ""),
    TEXT("WeChatAccountQRCodeImageURL", ""),
    BOOL("TurnstileCheckEnabled", "false"),
    TEXT("TurnstileSiteKey", ""),
    TEXT("TurnstileSecretKey", ""),
    TEXT("SMTPServer", ""),
    INT("SMTPPort", "587", 1, 65535),
    TEXT("SMTPAccount", ""),
    TEXT("SMTPFrom", ""),
    TEXT("SMTPToken", ""),
    BOOL("SMTPSSLEnabled", "false"),
    BOOL("SMTPStartTLSEnabled", "false"),
    BOOL("SMTPInsecureSkipVerify", "false"),
    BOOL("SMTPForceAuthLogin", "false"),
    TEXT_OF("SystemName", "Your API", AT(system_name)),
    TEXT_OF("Logo", "", AT(logo)),
    TEXT_OF("Footer", "", AT(footer)),
    TEXT("Notice", ""),
    TEXT("About", ""),
    TEXT("HomePageContent", ""),
    {STR_INIT("ServerAddress"), SETTING_TEXT, NO_TEXT, 0, 0, AT(server_address), NONE,
     STR_INIT("http://localhost:3000")},
    TEXT_OF("TopUpLink", "", AT(top_up_link)),
    TEXT("ChatLink", ""),
    TEXT("ChatLink2", ""),
    ARRAY("Chats", "[]"),
    BOOL("DefaultCollapseSidebar", "false"),
    TEXT("HeaderNavModules", ""),
    TEXT("SidebarModulesAdmin", ""),
    BOOL_OF("DemoSiteEnabled", "false", AT(demo_site)),
    BOOL_OF("SelfUseModeEnabled", "false", AT(self_use_mode)),
    BOOL_OF("DrawingEnabled", "true", AT(drawing)),
    BOOL_OF("TaskEnabled", "true", AT(task)),
    BOOL_OF("DataExportEnabled", "true", AT(data_export)),
    INT_OF("DataExportInterval", "5", 1, 525600, AT(data_export_interval_min)),
    TEXT_OF("DataExportDefaultTime", "hour", AT(data_export_default_time)),

    /* quota, price, groups */
    INT_OF("QuotaForNewUser", "0", 0, MONEY_MAX, AT(quota_for_new_user)),
    INT_OF("QuotaForInviter", "0", 0, MONEY_MAX, AT(quota_for_inviter)),
    INT_OF("QuotaForInvitee", "0", 0, MONEY_MAX, AT(quota_for_invitee)),
    INT_OF("QuotaRemindThreshold", "1000", 0, MONEY_MAX, AT(quota_remind_threshold)),
    INT_OF("PreConsumedQuota", "500", 0, 1e9, AT(pre_consumed_quota)),
    FLOAT_OF("QuotaPerUnit", "500000", 1, 1e9, AT(quota_per_unit)),
    BOOL_OF("DisplayInCurrencyEnabled", "true", AT(display_in_currency)),
    BOOL_OF("DisplayTokenStatEnabled", "true", AT(display_token_stat)),
    CATALOG("ModelRatio"),
    CATALOG("ModelPrice"),
    CATALOG("CompletionRatio"),
    CATALOG("CacheRatio"),
    CATALOG("CreateCacheRatio"),
    CATALOG("ImageRatio"),
    CATALOG("AudioRatio"),
    CATALOG("AudioCompletionRatio"),
    JSON_OF("GroupRatio", SETTING_NUMBERS, "{\"default\":1,\"vip\":1,\"svip\":1}", AT(group_ratio)),
    JSON_OF("GroupGroupRatio", SETTING_NUMBER_MAPS, "{\"vip\":{\"edit_this\":0.9}}", AT(group_group_ratio)),
    JSON_OF("UserUsableGroups", SETTING_STRINGS, "{\"default\":\"默认分组\",\"vip\":\"vip分组\"}",
            AT(user_usable_groups)),
    LIST("AutoGroups", "[\"default\"]"),
    BOOL("DefaultUseAutoGroup", "false"),
    INT("MaxTokenAutoGroups", "0", 0, 1e6),
    NUMBERS("TopupGroupRatio", "{\"default\":1,\"vip\":1,\"svip\":1}"),
    FLOAT_OF("Price", "7.3", 0, 1e9, AT(price)),
    INT_OF("MinTopUp", "1", 0, MONEY_MAX, AT(min_topup)),
    TEXT("PayAddress", ""),
    TEXT("EpayId", ""),
    TEXT("EpayKey", ""),
    TEXT("CustomCallbackAddress", ""),
    ARRAY("PayMethods", "[{\"name\":\"支付宝\",\"type\":\"alipay\"},{\"name\":\"微信\",\"type\":\"wxpay\"}]"),
    FLOAT("USDExchangeRate", "7.3", 0, 1e9),
    TEXT("StripeApiSecret", ""),
    TEXT("StripeWebhookSecret", ""),
    TEXT("StripePriceId", ""),
    FLOAT("StripeUnitPrice", "8.0", 0, 1e9),
    INT("StripeMinTopUp", "1", 0, MONEY_MAX),
    BOOL("StripePromotionCodesEnabled", "false"),
    TEXT("CreemApiKey", ""),
    ARRAY("CreemProducts", "[]"),
    BOOL("CreemTestMode", "false"),
    TEXT("CreemWebhookSecret", ""),
    BOOL("ExposeRatioEnabled", "false"),

    /* relay */
    INT_OF("RetryTimes", "0", 0, 100, AT(retry_times)),
    FLOAT_OF("ChannelDisableThreshold", "5", 0, 1e6, AT(channel_disable_threshold_s)),
    BOOL_OF("AutomaticDisableChannelEnabled", "false", AT(automatic_disable)),
    BOOL_OF("AutomaticEnableChannelEnabled", "false", AT(automatic_enable)),
    LINES_OF("AutomaticDisableKeywords",
             "Your credit balance is too low\n"
             "This organization has been disabled.\n"
             "You exceeded your current quota\n"
             "Permission denied\n"
             "The security token included in the request is invalid\n"
             "Operation not allowed\n"
             "Your account is not authorized",
             AT(disable_keywords), AT(disable_keyword_count)),
    JSON_OF("AutomaticDisableStatusCodes", SETTING_RANGES, "401", AT(disable_statuses)),
    JSON_OF("AutomaticRetryStatusCodes", SETTING_RANGES,
            "100-199,300-399,401-407,409-499,500-503,505-523,525-599", AT(retry_statuses)),
    BOOL_OF("LogConsumeEnabled", "true", AT(log_consume)),
    BOOL_OF("ModelRequestRateLimitEnabled", "false", AT(rate_limit_enabled)),
    INT_OF("ModelRequestRateLimitDurationMinutes", "1", 1, 525600, AT(rate_limit_minutes)),
    INT_OF("ModelRequestRateLimitCount", "0", 0, 2147483647, AT(rate_limit_count)),
    INT_OF("ModelRequestRateLimitSuccessCount", "1000", 1, 2147483647, AT(rate_limit_success_count)),
    JSON_OF("ModelRequestRateLimitGroup", SETTING_LIMITS, "{}", AT(rate_limit_groups)),
    BOOL_OF("CheckSensitiveEnabled", "true", AT(check_sensitive)),
    BOOL_OF("CheckSensitiveOnPromptEnabled", "true", AT(check_sensitive_prompt)),
    BOOL("StopOnSensitiveEnabled", "true"),
    LINES_OF("SensitiveWords", "test_sensitive", AT(sensitive_words), AT(sensitive_word_count)),
    INT("StreamCacheQueueLength", "0", 0, 1e9),
    TEXT("WorkerUrl", ""),
    TEXT("WorkerValidKey", ""),
    BOOL("WorkerAllowHttpImageRequestEnabled", "false"),
    BOOL("MjNotifyEnabled", "false"),
    BOOL("MjAccountFilterEnabled", "false"),
    BOOL("MjModeClearEnabled", "false"),
    BOOL("MjForwardUrlEnabled", "true"),
    BOOL("MjActionCheckSuccessEnabled", "true"),

    /* keys of modules */
    OBJECT("claude.model_headers_settings", "{}"),
    NUMBERS("claude.default_max_tokens", "{\"default\":8192}"),
    BOOL("claude.thinking_adapter_enabled", "true"),
    FLOAT("claude.thinking_adapter_budget_tokens_percentage", "0.8", 0, 1),
    STRINGS("gemini.safety_settings", "{\"default\":\"OFF\",\"HARM_CATEGORY_CIVIC_INTEGRITY\":\"BLOCK_NONE\"}"),
    STRINGS("gemini.version_settings", "{\"default\":\"v1beta\",\"gemini-1.0-pro\":\"v1\"}"),
    LIST("gemini.supported_imagine_models",
         "[\"gemini-2.0-flash-exp-image-generation\",\"gemini-2.0-flash-exp\",\"gemini-3-pro-image-preview\","
         "\"gemini-2.5-flash-image\",\"gemini-3.1-flash-image-preview\"]"),
    BOOL("gemini.thinking_adapter_enabled", "false"),
    FLOAT("gemini.thinking_adapter_budget_tokens_percentage", "0.6", 0, 1),
    BOOL("gemini.function_call_thought_signature_enabled", "true"),
    BOOL("gemini.remove_function_response_id_enabled", "true"),
    BOOL_OF("global.pass_through_request_enabled", "false", AT(pass_through_request)),
    LIST("global.thinking_model_blacklist", "[\"moonshotai/kimi-k2-thinking\",\"kimi-k2-thinking\"]"),
    JSON_OF("global.chat_completions_to_responses_policy", SETTING_RESPONSES, "{\"enabled\":false,\"all_channels\":true}", AT(chat_to_responses)),
    TEXT_OF("general_setting.docs_link", "", AT(docs_link)),
    BOOL_OF("general_setting.ping_interval_enabled", "false", AT(ping_enabled)),
    INT_OF("general_setting.ping_interval_seconds", "60", 1, 86400, AT(ping_interval_s)),
    TEXT("general_setting.quota_display_type", "USD"),
    TEXT("general_setting.custom_currency_symbol", "¤"),
    FLOAT("general_setting.custom_currency_exchange_rate", "1", 0, 1e9),
    BOOL("oidc.enabled", "false"),
    TEXT("oidc.client_id", ""),
    TEXT("oidc.client_secret", ""),
    TEXT("oidc.well_known", ""),
    TEXT("oidc.authorization_endpoint", ""),
    TEXT("oidc.token_endpoint", ""),
    TEXT("oidc.user_info_endpoint", ""),
    BOOL("grok.violation_deduction_enabled", "true"),
    FLOAT("grok.violation_deduction_amount", "0.05", 0, 1e6),
    LIST("qwen.sync_image_models", "[\"z-image\",\"qwen-image\",\"wan2.6\",\"wan2.7\",\"qwen-image-edit\"]"),
    JSON_OF("tool_price_setting.prices", SETTING_NUMBERS,
            "{\"web_search_preview\":10,\"web_search_preview:gpt-4o*\":25,\"web_search_preview:gpt-4.1*\":25,"
            "\"web_search_preview:gpt-4o-mini*\":25,\"web_search_preview:gpt-4.1-mini*\":25,\"file_search\":2.5,"
            "\"web_search\":10,\"google_search\":14}", AT(tool_prices)),
    BOOL_OF("quota_setting.enable_free_model_pre_consume", "true", AT(free_needs_quota)),
    INT("token_setting.max_user_tokens", "1000", 1, 1e9),
    BOOL("checkin_setting.enabled", "false"),
    INT("checkin_setting.min_quota", "1000", 0, MONEY_MAX),
    INT("checkin_setting.max_quota", "10000", 0, MONEY_MAX),
    BOOL("monitor_setting.auto_test_channel_enabled", "false"),
    FLOAT("monitor_setting.auto_test_channel_minutes", "10", 0, 1e6),
    TEXT("monitor_setting.channel_test_mode", "scheduled_all"),
    ARRAY("payment_setting.amount_options", "[10,20,50,100,200,500]"),
    OBJECT("payment_setting.amount_discount", "{}"),
    BOOL("channel_affinity_setting.enabled", "true"),
    BOOL("channel_affinity_setting.switch_on_success", "true"),
    BOOL("channel_affinity_setting.keep_on_channel_disabled", "false"),
    INT("channel_affinity_setting.max_entries", "100000", 0, 1e9),
    INT("channel_affinity_setting.default_ttl_seconds", "3600", 0, 1e9),
    ARRAY("channel_affinity_setting.rules", "[]"),
    STRINGS("billing_setting.billing_mode", "{}"),
    STRINGS("billing_setting.billing_expr", "{}"),
    JSON_OF("group_ratio_setting.group_special_usable_group", SETTING_OBJECT, "{}", AT(special_usable_groups)),
    BOOL("fetch_setting.enable_ssrf_protection", "true"),
    BOOL("fetch_setting.allow_private_ip", "false"),
    BOOL("fetch_setting.domain_filter_mode", "false"),
    BOOL("fetch_setting.ip_filter_mode", "false"),
    LIST("fetch_setting.domain_list", "[]"),
    LIST("fetch_setting.ip_list", "[]"),
    ARRAY("fetch_setting.allowed_ports", "[\"80\",\"443\",\"8080\",\"8443\"]"),
    BOOL("fetch_setting.apply_ip_filter_for_domain", "true"),
    TEXT("legal.user_agreement", ""),
    TEXT("legal.privacy_policy", ""),
    BOOL("passkey.enabled", "false"),
    TEXT("passkey.rp_display_name", "Your API"),
    TEXT("passkey.rp_id", ""),
    TEXT("passkey.origins", ""),
    BOOL("passkey.allow_insecure_origin", "false"),
    TEXT("passkey.user_verification", "preferred"),
    TEXT("passkey.attachment_preference", ""),
    BOOL("discord.enabled", "false"),
    TEXT("discord.client_id", ""),
    TEXT("discord.client_secret", ""),
    TEXT("theme.frontend", "classic"),
    BOOL("performance_setting.disk_cache_enabled", "false"),
    INT("performance_setting.disk_cache_threshold_mb", "10", 0, 1e9),
    INT("performance_setting.disk_cache_max_size_mb", "1024", 0, 1e9),
    TEXT("performance_setting.disk_cache_path", ""),
    BOOL("performance_setting.monitor_enabled", "true"),
    INT("performance_setting.monitor_cpu_threshold", "90", 0, 100),
    INT("performance_setting.monitor_memory_threshold", "90", 0, 100),
    INT("performance_setting.monitor_disk_threshold", "95", 0, 100),
    BOOL("perf_metrics_setting.enabled", "true"),
    INT("perf_metrics_setting.flush_interval", "5", 1, 1e6),
    TEXT("perf_metrics_setting.bucket_time", "hour"),
    INT("perf_metrics_setting.retention_days", "0", 0, 1e6),
    ARRAY("console_setting.api_info", ""),
    ARRAY("console_setting.uptime_kuma_groups", ""),
    ARRAY("console_setting.announcements", ""),
    ARRAY("console_setting.faq", ""),
    BOOL("console_setting.api_info_enabled", "true"),
    BOOL("console_setting.uptime_kuma_enabled", "true"),
    BOOL("console_setting.announcements_enabled", "true"),
    BOOL("console_setting.faq_enabled", "true"),
};
/* clang-format on */

const size_t settings_row_count = ARRAY_LEN(settings_rows);

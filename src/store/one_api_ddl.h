/*
 * one_api_ddl - a database of one-api (February 2025) with rows, for migrate_test.c (database
 * reference, section 6).
 */
#pragma once

static const char *const one_api_ddl[] = {
    /* clang-format off */
    "CREATE TABLE `channels` (`id` integer,`type` integer DEFAULT 0,`key` text,"
    "`status` integer DEFAULT 1,`name` text,`weight` integer DEFAULT 0,`created_time` bigint,"
    "`test_time` bigint,`response_time` integer,`base_url` text DEFAULT \"\",`other` text,"
    "`balance` real,`balance_updated_time` bigint,`models` text,"
    "`group` varchar(32) DEFAULT \"default\",`used_quota` bigint DEFAULT 0,"
    "`model_mapping` varchar(1024) DEFAULT \"\",`priority` bigint DEFAULT 0,`config` text,"
    "`system_prompt` text,PRIMARY KEY (`id`))",
    "CREATE INDEX `idx_channels_name` ON `channels`(`name`)",
    "CREATE TABLE `tokens` (`id` integer,`user_id` integer,`key` char(48),"
    "`status` integer DEFAULT 1,`name` text,`created_time` bigint,`accessed_time` bigint,"
    "`expired_time` bigint DEFAULT -1,`remain_quota` bigint DEFAULT 0,"
    "`unlimited_quota` numeric DEFAULT false,`used_quota` bigint DEFAULT 0,`models` text,"
    "`subnet` text DEFAULT \"\",PRIMARY KEY (`id`))",
    "CREATE INDEX `idx_tokens_name` ON `tokens`(`name`)",
    "CREATE UNIQUE INDEX `idx_tokens_key` ON `tokens`(`key`)",
    "CREATE TABLE `users` (`id` integer,`username` text UNIQUE,`password` text NOT NULL,"
    "`display_name` text,`role` integer DEFAULT 1,`status` integer DEFAULT 1,`email` text,"
    "`github_id` text,`wechat_id` text,`lark_id` text,`oidc_id` text,`access_token` char(32),"
    "`quota` bigint DEFAULT 0,`used_quota` bigint DEFAULT 0,`request_count` integer DEFAULT 0,"
    "`group` varchar(32) DEFAULT \"default\",`aff_code` varchar(32),`inviter_id` integer,"
    "PRIMARY KEY (`id`))",
    "CREATE UNIQUE INDEX `idx_users_access_token` ON `users`(`access_token`)",
    "CREATE UNIQUE INDEX `idx_users_aff_code` ON `users`(`aff_code`)",
    "CREATE TABLE `options` (`key` text,`value` text,PRIMARY KEY (`key`))",
    "CREATE TABLE `redemptions` (`id` integer,`user_id` integer,`key` char(32),"
    "`status` integer DEFAULT 1,`name` text,`quota` bigint DEFAULT 100,`created_time` bigint,"
    "`redeemed_time` bigint,PRIMARY KEY (`id`))",
    "CREATE UNIQUE INDEX `idx_redemptions_key` ON `redemptions`(`key`)",
    "CREATE TABLE `abilities` (`group` varchar(32),`model` text,`channel_id` integer,"
    "`enabled` numeric,`priority` bigint DEFAULT 0,PRIMARY KEY (`group`,`model`,`channel_id`))",
    "CREATE TABLE `logs` (`id` integer,`user_id` integer,`created_at` bigint,`type` integer,"
    "`content` text,`username` text DEFAULT \"\",`token_name` text DEFAULT \"\","
    "`model_name` text DEFAULT \"\",`quota` integer DEFAULT 0,`prompt_tokens` integer DEFAULT 0,"
    "`completion_tokens` integer DEFAULT 0,`channel_id` integer,`request_id` varchar(191) DEFAULT \"\","
    "`elapsed_time` bigint DEFAULT 0,`is_stream` numeric DEFAULT false,"
    "`system_prompt_reset` numeric DEFAULT false,PRIMARY KEY (`id`))",
    "CREATE INDEX `idx_created_at_type` ON `logs`(`created_at`,`type`)",

    "INSERT INTO users (id, username, password, role, status, access_token, quota, aff_code) VALUES"
    " (1, 'root', '$2a$10$r', 100, 1, '0123456789abcdef0123456789abcdef', 500000000000000, 'abcd'),"
    " (2, 'gone', '', 1, 3, 'fedcba9876543210fedcba9876543210', NULL, 'efgh')",
    "INSERT INTO tokens (id, user_id, `key`, name, models, subnet) VALUES"
    " (1, 1, 'k1', 'limited', 'gpt-4o,claude', '10.0.0.0/8,192.168.1.1'),"
    " (2, 1, 'k2', 'free', NULL, ''), (3, 1, 'k3', 'empty', '', NULL)",
    "INSERT INTO channels (id, type, `key`, name, models, base_url, config, system_prompt) VALUES"
    " (1, 1, 'sk-1', 'openai', 'gpt-4o', '', NULL, NULL),"
    " (2, 29, 'sk-2', 'groq', 'llama', '', '', NULL),"
    " (3, 36, 'sk-3', 'deepseek', 'deepseek-chat', 'https://own', '{}', NULL),"
    " (4, 33, 'old', 'aws', 'claude', '', '{\"ak\":\"A\",\"sk\":\"S\",\"region\":\"us-east-1\"}', NULL),"
    " (5, 42, 'old', 'vertex', 'gemini', '',"
    "  '{\"region\":\"europe\",\"vertex_ai_adc\":\"{\\\"project_id\\\":1}\"}', NULL),"
    " (6, 3, 'sk-6', 'azure', 'gpt-4o', 'https://az', '{\"api_version\":\"2024-02\"}', 'Be \"kind\".'),"
    " (7, 38, 'sk-7', 'deepl', 'translate', '', NULL, NULL),"
    " (8, 50, 'sk-8', 'compatible', 'm', 'https://c/v1', NULL, NULL),"
    " (9, 50, 'sk-9', 'compatible2', 'm', 'https://c/api/', NULL, NULL),"
    " (10, 8, 'sk-10', 'custom', 'm', 'https://proxy', NULL, NULL),"
    " (11, 37, 'sk-11', 'cloudflare', 'm', '', '{\"user_id\":\"acc\"}', NULL),"
    " (12, 24, 'sk-12', 'gemini', 'g', '', 'no json', NULL),"
    " (13, 51, 'sk-13', 'gemini2', 'g', '', NULL, NULL)",
    "INSERT INTO abilities (`group`, model, channel_id, enabled) VALUES ('default', 'gpt-4o', 1, 1)",
    "INSERT INTO logs (id, user_id, created_at, type, elapsed_time) VALUES (1, 1, 1700000000, 2, 2999)",
    "INSERT INTO redemptions (id, `key`, quota) VALUES (1, 'r1', 5)",
    "INSERT INTO options VALUES ('Theme', 'berry')",
    /* clang-format on */
};

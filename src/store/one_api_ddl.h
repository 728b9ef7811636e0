/*
 * one_api_ddl - the SQLite database of one-api (February 2025), for migrate_test.c (database
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
    /* clang-format on */
};

/*
 * one_api_fx - what stands in a database of one-api, and what must come of it (database reference,
 * 6.2 and 6.3). For tests.
 */
#pragma once
#include "model/channel.h"
#include "store/repo_channel.h"
#include "store/repo_setup.h"
#include "store/repo_token.h"
#include "store/store_fx.h"

static const char *const one_api_rows[] = {
    /* clang-format off */
    "INSERT INTO users (id, username, password, role, status, access_token, quota, aff_code) VALUES"
    " (1, 'root', '$2a$10$r', 100, 1, '0123456789abcdef0123456789abcdef', 500000000000000, 'abcd'),"
    " (2, 'gone', '', 1, 3, 'fedcba9876543210fedcba9876543210', NULL, 'efgh')",
    "INSERT INTO tokens (id, user_id, \"key\", name, models, subnet) VALUES"
    " (1, 1, 'k1', 'limited', 'gpt-4o,claude', '10.0.0.0/8,192.168.1.1'),"
    " (2, 1, 'k2', 'free', NULL, ''), (3, 1, 'k3', 'empty', '', NULL)",
    "INSERT INTO channels (id, type, \"key\", name, models, base_url, config, system_prompt) VALUES"
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
    "INSERT INTO abilities (\"group\", model, channel_id, enabled) VALUES ('default', 'gpt-4o', 1, true)",
    "INSERT INTO logs (id, user_id, created_at, type, elapsed_time) VALUES (1, 1, 1700000000, 2, 2999)",
    "INSERT INTO redemptions (id, \"key\", quota) VALUES (1, 'r1', 5)",
    "INSERT INTO options VALUES ('Theme', 'berry')",
    /* clang-format on */
};

static inline void one_api_check_channel(struct store_fx *f, int64_t id, int64_t type,
                                         const char *key, const char *base_url, const char *other)
{
    struct channel *ch;

    CHECK_OK(f, repo_channel_find(f->c, &f->a, id, &ch, &f->err));
    CHECK(ch != NULL);
    CHECK_EQ(ch->type, type);
    CHECK_STR(secret_reveal(ch->key), key);
    CHECK_STR(ch->base_url, base_url);
    CHECK_STR(ch->other, other);
}

static inline void one_api_check(struct store_fx *f)
{
    struct setup_row *setup;
    struct channel *ch;
    struct token *t;

    one_api_check_channel(f, 1, 1, "sk-1", "", "");
    one_api_check_channel(f, 2, 1, "sk-2", "https://api.groq.com/openai", "");
    one_api_check_channel(f, 3, 43, "sk-3", "https://own", "");
    one_api_check_channel(f, 4, 33, "A|S|us-east-1", "", "");
    one_api_check_channel(f, 5, 41, "{\"project_id\":1}", "", "europe");
    one_api_check_channel(f, 6, 3, "sk-6", "https://az", "2024-02");
    one_api_check_channel(f, 7, 0, "sk-7", "", "");
    one_api_check_channel(f, 8, 1, "sk-8", "https://c", "");
    one_api_check_channel(f, 9, 8, "sk-9", "https://c/api/chat/completions", "");
    one_api_check_channel(f, 10, 1, "sk-10", "https://proxy", "");
    one_api_check_channel(f, 11, 39, "sk-11", "", "acc");
    one_api_check_channel(f, 12, 24, "sk-12", "", "");
    one_api_check_channel(f, 13, 24, "sk-13", "", "");
    CHECK_OK(f, repo_channel_find(f->c, &f->a, 6, &ch, &f->err));
    CHECK_STR(ch->setting, "{\"system_prompt\":\"Be \\\"kind\\\".\"}");
    CHECK_OK(f, repo_channel_find(f->c, &f->a, 7, &ch, &f->err));
    CHECK_EQ(ch->status, CHANNEL_MANUALLY_DISABLED);
    CHECK_OK(f, repo_token_find(f->c, &f->a, 1, 0, &t, &f->err));
    CHECK(t->model_limits_enabled);
    CHECK_STR(t->model_limits, "gpt-4o,claude");
    CHECK_STR(t->allow_ips, "10.0.0.0/8\n192.168.1.1");
    CHECK_OK(f, repo_token_find(f->c, &f->a, 2, 0, &t, &f->err));
    CHECK(!t->model_limits_enabled);
    CHECK_OK(f, repo_token_find(f->c, &f->a, 3, 0, &t, &f->err));
    CHECK(!t->model_limits_enabled);
    CHECK_EQ(fx_number(f, "SELECT use_time FROM logs"), 2);
    CHECK_EQ(fx_number(f, "SELECT elapsed_time FROM logs"), 2999);
    CHECK_EQ(fx_number(f, "SELECT COUNT(*) FROM abilities"), 13);
    CHECK_EQ(fx_number(f, "SELECT COUNT(*) FROM abilities WHERE enabled = true"), 12);
    /* Whether somebody has made the root account their own is not for the migration to judge. */
    CHECK_OK(f, repo_setup_find(f->c, &f->a, &setup, &f->err));
    CHECK(setup == NULL);
}

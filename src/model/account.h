/*
 * account - users and their API tokens as plain values, and when they are valid.
 *
 * Strings are borrowed: they live as long as the arena (or the credential) that the reader of the
 * row was given. NULL cells of the database read as zero, as database reference 0.1 says. Pure.
 */
#pragma once
#include "base/arena.h"
#include "base/secret.h"

enum user_role { ROLE_GUEST = 0, ROLE_COMMON = 1, ROLE_ADMIN = 10, ROLE_ROOT = 100 };
enum user_status { USER_ENABLED = 1, USER_DISABLED = 2 };
enum token_status { TOKEN_ENABLED = 1, TOKEN_DISABLED = 2, TOKEN_EXPIRED = 3, TOKEN_EXHAUSTED = 4 };

enum { TOKEN_KEY_CHARS = 48 };

/* A row of `users`. */
struct user {
    int64_t id;
    struct str username, display_name, email, group,
        setting;                /* setting: JSON object text, may be empty */
    struct secret password;     /* bcrypt hash; empty: no password login */
    struct secret access_token; /* management token; empty: none */
    struct str github_id, oidc_id, wechat_id, telegram_id, linux_do_id;
    int64_t role, status; /* enum user_role, enum user_status; others are refused */
    int64_t quota, used_quota, request_count; /* points; quota may be negative */
    struct str aff_code;
    int64_t aff_count, aff_quota, aff_history, inviter_id;
    struct str deleted_at; /* database text of the time; empty: live */
    struct str remark, discord_id, stripe_customer;
    int64_t created_at, last_login_at; /* unix s; 0: not known */
    int64_t auth_version;              /* session generation; below 1 reads as 1 */
};

/* A row of `tokens`. */
struct token {
    int64_t id, user_id;
    struct secret key; /* 48 characters, without "sk-" */
    int64_t status;    /* enum token_status */
    struct str name;
    int64_t created_time, accessed_time, expired_time; /* unix s; expired_time -1: never */
    int64_t remain_quota, used_quota;                  /* points */
    bool unlimited_quota, model_limits_enabled;
    struct str model_limits; /* names, comma between */
    struct str allow_ips;    /* one address or CIDR a line; empty: any */
    struct str group;        /* empty: the user's */
    struct str deleted_at;
    bool allow_ips_null;    /* the cell is NULL: the management API shows null */
    bool cross_group_retry; /* later versions: retry in the next group of `auto` */
    struct str auto_groups; /* later versions: JSON array of group names, or empty */
};

/* Is `role` one of the four that exist? */
bool role_valid(int64_t role);
/* Is the token's time over at `now_s`? */
bool token_expired(const struct token *token, int64_t now_s);
/* May the token call `model`? True when limits are off. Exact match. */
bool token_allows_model(const struct token *token, struct str model);
/* May an address call? Lines that are no address are ignored; no valid line = anybody. IPv4, IPv6
 * and CIDR of both. */
bool token_allows_ip(struct str allow_ips, struct str ip);

#include "auth/access.h"

/* The level's least role; `user`: a signed-in user is asked for. */
static const struct level {
    int64_t least_role;
    bool user;
} levels[] = {
    [ACCESS_UNSET] = {INT64_MAX, true}, /* nobody */
    [ACCESS_PUBLIC] = {ROLE_GUEST, false}, [ACCESS_TRY_USER] = {ROLE_GUEST, false},
    [ACCESS_USER] = {ROLE_COMMON, true},   [ACCESS_ADMIN] = {ROLE_ADMIN, true},
    [ACCESS_ROOT] = {ROLE_ROOT, true},     [ACCESS_TOKEN] = {ROLE_GUEST, false},
};

bool access_needs_user(enum access level)
{
    return levels[level].user;
}

bool access_allows(enum access level, int64_t role)
{
    return role >= levels[level].least_role;
}

bool access_outranks(int64_t mine, int64_t target)
{
    return mine == ROLE_ROOT || mine > target;
}

enum access_token access_check_token(const struct token *token, int64_t remain_quota, int64_t now_s)
{
    if (token->status == TOKEN_EXHAUSTED)
        return ACCESS_TOKEN_EXHAUSTED;
    if (token->status == TOKEN_EXPIRED)
        return ACCESS_TOKEN_EXPIRED;
    if (token->status != TOKEN_ENABLED)
        return ACCESS_TOKEN_UNUSABLE;
    if (token_expired(token, now_s))
        return ACCESS_TOKEN_EXPIRED;
    if (!token->unlimited_quota && remain_quota <= 0)
        return ACCESS_TOKEN_EMPTY;
    return ACCESS_TOKEN_OK;
}

/*
 * access - who may do what: the levels of routes as a table, ranks of accounts, and when a token
 * may be used. Pure.
 */
#pragma once
#include "base/err.h"
#include "model/account.h"

/* What a route asks of its caller (admin-api 1.4). Zero means that somebody forgot to say. */
enum access {
    ACCESS_UNSET,
    ACCESS_PUBLIC,
    ACCESS_TRY_USER, /* a session is looked at, but not asked for */
    ACCESS_USER,
    ACCESS_ADMIN,
    ACCESS_ROOT,
    ACCESS_TOKEN, /* an API key */
};

/* Must the caller be a signed-in user (by session or access token)? */
bool access_needs_user(enum access level);
/* Does the role do for the level? Levels that need no user allow every role. */
bool access_allows(enum access level, int64_t role);
/* May an account of role `mine` change one of role `target`? Root may change everybody. */
bool access_outranks(int64_t mine, int64_t target);

enum access_token {
    ACCESS_TOKEN_OK,
    ACCESS_TOKEN_EXHAUSTED, /* says its status */
    ACCESS_TOKEN_EXPIRED,
    ACCESS_TOKEN_UNUSABLE,
    ACCESS_TOKEN_EMPTY, /* its status does not say so yet, its quota does */
};

/* The checks of relay reference 3.2, in their order; `remain_quota` is what is left now. */
enum access_token access_check_token(const struct token *token, int64_t remain_quota,
                                     int64_t now_s);

/*
 * redis_conf - what REDIS_CONN_STRING, REDIS_PASSWORD and REDIS_MASTER_NAME say. Pure; any thread.
 * Errors never repeat the text, because it may hold a password.
 *
 *     redis://[user][:password@]host[:port][/db][?db=N]      rediss:// is the same over TLS
 *     host[:port]                                            plain, database 0
 *
 * and several of these with commas between. What only the first says (password, database, TLS)
 * holds for the others too. A comma in a password is taken as part of it where a scheme stands
 * before and an '@' after it; %2C is always right.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

enum { REDIS_ADDRESSES_MAX = 16 };

struct redis_login {
    struct str user; /* empty: none */
    struct secret password;
};

struct redis_address {
    struct str host; /* without brackets */
    uint16_t port;
    struct redis_login login;
};

struct redis_conf {
    /* Without master_name: servers, tried in this order until one is a master. With it: Sentinels,
     * which are asked for the master of that name. */
    struct redis_address addresses[REDIS_ADDRESSES_MAX];
    size_t count;
    struct str master_name;   /* empty: no Sentinels */
    struct redis_login login; /* with master_name: to the master */
    bool tls;                 /* to all of them */
    int64_t db;
};

/* Parts live in the arena or in the texts. ERR_BAD_REQUEST names the variable and what is wrong. */
MUST_CHECK enum err_code redis_conf_read(struct arena *a, struct str conn_string,
                                         struct secret password, struct str master_name,
                                         struct redis_conf *out, struct err *err);

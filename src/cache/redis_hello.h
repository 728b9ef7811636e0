/*
 * redis_hello - the first words on a connection: login, database, "are you a master?"; or to a
 * Sentinel, "who is the master?". Pure.
 *
 * Source: redis.io, commands AUTH, SELECT, ROLE, PING, and "Sentinel client spec" (read
 * 2026-11-26).
 */
#pragma once
#include "cache/redis_conf.h"
#include "cache/redis_wire.h"

enum { REDIS_HELLO_STEPS_MAX = 4, REDIS_HOST_MAX = 256 };

enum redis_hello_step {
    REDIS_HELLO_LOGIN,
    REDIS_HELLO_SENTINEL_LOGIN,
    REDIS_HELLO_DB,
    REDIS_HELLO_ROLE,
    REDIS_HELLO_READY,
    REDIS_HELLO_MASTER,
};

struct redis_hello {
    enum redis_hello_step steps[REDIS_HELLO_STEPS_MAX];
    size_t count, at;
    char host[REDIS_HOST_MAX]; /* what the Sentinel has said; NUL-ended */
    uint16_t port;
};

/* Adds all commands to `out`, which the password is part of. */
void redis_hello_server(struct redis_hello *h, const struct redis_login *login, int64_t db,
                        struct sb *out);
void redis_hello_sentinel(struct redis_hello *h, const struct redis_login *login,
                          struct str master_name, struct sb *out);

enum redis_hello_result { REDIS_HELLO_MORE, REDIS_HELLO_DONE, REDIS_HELLO_FAIL };
/* The next reply. FAIL: `err` says for people what is wrong (ERR_UNAVAILABLE). */
MUST_CHECK enum redis_hello_result redis_hello_reply(struct redis_hello *h,
                                                     const struct redis_value *v, struct err *err);

/* The first word of an error reply, such as "NOSCRIPT". */
struct str redis_error_kind(const struct redis_value *v);
/* What of an error reply may be shown: not the arguments that some errors repeat. */
struct str redis_error_text(const struct redis_value *v);

/*
 * password - bcrypt hashes of passwords, as the database of the line holds them (database reference
 * 4.1). Both functions take some 60 ms of CPU on purpose: pool threads only. Any thread.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

enum {
    PASSWORD_COST = 10,      /* log2 of the rounds of a new hash */
    PASSWORD_MAX_BYTES = 72, /* bcrypt looks at no more */
};

/* A new "$2a$10$..." hash in `a`. ERR_BAD_REQUEST: empty, longer than PASSWORD_MAX_BYTES or with a
 * NUL in it. */
MUST_CHECK enum err_code password_hash(struct arena *a, struct secret password, struct secret *hash,
                                       struct err *err);
/* Is it the password of the hash ($2a$, $2b$, $2y$, any cost)? False for everything that is not
 * such a hash, the empty one of accounts without a password included. */
bool password_matches(struct secret password, struct secret hash);

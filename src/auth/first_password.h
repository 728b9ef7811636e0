/*
 * first_password - does a root account still have the password that everybody knows?
 *
 * A new database gets the account root / 123456, and old ones may still have it. Until that
 * password is changed the account can do nothing but change it. The answer comes from the stored
 * hash itself, so it holds for databases of other programs and after changes that others made. It
 * is remembered a hash; that a hash is not the first password's is also noted in the database (as
 * the hash's SHA-256), so that a restart does not have to find it out again. Threads: any; the
 * first question about a hash takes as long as a sign-in (pool threads).
 */
#pragma once
#include "model/account.h"
#include "store/db.h"

#define FIRST_USERNAME "root"
#define FIRST_PASSWORD "123456"

struct first_password;

/* `db` is where answers are noted; NULL: they are forgotten with the process. */
struct first_password *first_password_new(struct db *db);
void first_password_free(struct first_password *f); /* NULL is allowed */
/* `user` must come with its id and its password hash. False for every role but root. The caller
 * holds no connection of `db`, because one is taken here. */
bool first_password_is(struct first_password *f, const struct user *user);

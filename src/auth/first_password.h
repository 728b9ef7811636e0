/*
 * first_password - does a root account still have the password that everybody knows?
 *
 * A new database gets the account root / 123456, and old ones may still have it. Until that
 * password is changed the account can do nothing but change it. Nothing is stored: the answer comes
 * from the stored hash itself and is remembered a hash, so it holds for databases of other programs
 * and after changes that others made. Threads: any; the first question about a hash takes as long
 * as a sign-in (pool threads).
 */
#pragma once
#include "model/account.h"

#define FIRST_USERNAME "root"
#define FIRST_PASSWORD "123456"

struct first_password;

struct first_password *first_password_new(void);
void first_password_free(struct first_password *f); /* NULL is allowed */
/* `user` must come with its password hash. False for every role but root. */
bool first_password_is(struct first_password *f, const struct user *user);

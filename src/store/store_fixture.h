/*
 * store_fixture - for tests of any room: a fresh, migrated database in a temporary file.
 *
 *     char path[STORE_FIXTURE_PATH];
 *     struct db *db = store_fixture_open(path);
 *     ...
 *     store_fixture_close(db, path);
 */
#pragma once
#include "store/db.h"

enum { STORE_FIXTURE_PATH = 64 };

/* Fills `path` with the name of the new file (in TMPDIR or /tmp). A failure ends the test program
 * with a line on stderr. */
struct db *store_fixture_open(char path[STORE_FIXTURE_PATH]);
/* The name of a temporary file that does not exist, without opening a database. */
void store_fixture_path(char path[STORE_FIXTURE_PATH]);
/* Opens the file again (after a close that is to be like a restart); no migration. */
struct db *store_fixture_reopen(const char *path);
/* Closes and removes the file and its companions; `db` may be NULL. */
void store_fixture_close(struct db *db, const char *path);

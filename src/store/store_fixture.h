/*
 * store_fixture - for tests of any room: a fresh, migrated database of the kind that
 * YOURAPI_TEST_DB names: sqlite (also when it is not set): a temporary file; postgres, mysql: a
 * database of its own on the server of YOURAPI_TEST_POSTGRES / YOURAPI_TEST_MYSQL
 * (tools/test-servers starts both).
 *
 *     char path[STORE_FIXTURE_PATH];
 *     struct db *db = store_fixture_open(path);
 *     ...
 *     store_fixture_close(db, path);
 *
 * Where the server's variable is not set the test program ends with STORE_FIXTURE_SKIP, which ctest
 * shows as skipped. A failure ends it with a line on stderr.
 */
#pragma once
#include "store/db.h"

enum { STORE_FIXTURE_PATH = 64, STORE_FIXTURE_SKIP = 77 };

/* Of the databases that the functions below open. */
enum db_kind store_fixture_kind(void);
/* From now on they are of this kind, whatever the environment says; false: there is no server. */
bool store_fixture_use(enum db_kind kind);

/* How long those that are opened from now on wait for another writer: for ever, nearly
 * (0), or as long as a test has the time to see it go by. */
void store_fixture_wait(int64_t ms);

/* Fills `path` with the name of the new file (in TMPDIR or /tmp) or of the new database. */
struct db *store_fixture_open(char path[STORE_FIXTURE_PATH]);
/* The same without any table in it. */
struct db *store_fixture_open_empty(char path[STORE_FIXTURE_PATH]);
/* The name of a temporary file that does not exist, whatever the kind. */
void store_fixture_path(char path[STORE_FIXTURE_PATH]);
/* Opens it again (after a close that is to be like a restart); no migration. */
struct db *store_fixture_reopen(const char *path);
/* Closes and removes it, a file with its companions; `db` may be NULL. */
void store_fixture_close(struct db *db, const char *path);

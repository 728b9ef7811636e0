#include "store/store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/random.h"
#include "store/migrate.h"

static void die(const char *what, const struct err *err)
{
    fprintf(stderr, "store_fixture: %s: %s\n", what, err->msg);
    abort();
}

void store_fixture_path(char path[STORE_FIXTURE_PATH])
{
    const char *dir = getenv("TMPDIR");

    if (!dir || strlen(dir) > 24)
        dir = "/tmp";
    snprintf(path, STORE_FIXTURE_PATH, "%s/yourapi-test-%016llx.db", dir,
             (unsigned long long)random_u64());
}

struct db *store_fixture_reopen(const char *path)
{
    const struct db_conf conf = {.sqlite_path = str_from(path), .busy_timeout_ms = 5000};
    struct err err = {.code = ERR_OK};
    struct db *db;

    if (db_open(&conf, &db, &err) != ERR_OK)
        die("open", &err);
    return db;
}

struct db *store_fixture_open(char path[STORE_FIXTURE_PATH])
{
    struct err err = {.code = ERR_OK};
    struct db *db;

    store_fixture_path(path);
    db = store_fixture_reopen(path);
    if (migrate_up(db, &err) != ERR_OK)
        die("migrate", &err);
    return db;
}

void store_fixture_close(struct db *db, const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};

    db_close(db);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        char name[STORE_FIXTURE_PATH + 16];

        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

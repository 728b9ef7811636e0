#include "store/store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/patience.h"
#include "base/random.h"
#include "base/sb.h"
#include "store/migrate.h"

enum { DSN_LIMIT = 1024 };

/* Which kind the tests run on, and the server that has their databases. */
static const struct kind {
    const char *name, *variable;
    enum db_kind kind;
} kinds[] = {
    {"sqlite", NULL, DB_SQLITE},
    {"postgres", "YOURAPI_TEST_POSTGRES", DB_POSTGRES},
    {"mysql", "YOURAPI_TEST_MYSQL", DB_MYSQL},
};

/* Of this test program: its connections to the servers, and a migrated database that others are
 * copied from (PostgreSQL). */
static struct db *servers[ARRAY_LEN(kinds)];
static char template_name[STORE_FIXTURE_PATH];
static const struct kind *chosen; /* by store_fixture_use(); NULL: what the environment says */
static int64_t wait_ms = PATIENCE_MS;

static NO_RETURN void die(const char *what, const struct err *err)
{
    fprintf(stderr, "store_fixture: %s: %s\n", what, err->msg);
    abort();
}

static const struct kind *this_kind(void)
{
    const char *name = getenv("YOURAPI_TEST_DB");
    const struct err unknown = {.msg = "none of sqlite, postgres, mysql"};

    if (chosen)
        return chosen;
    if (!name || !*name)
        return &kinds[0];
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(str_from(name), str_from(kinds[i].name)))
            return &kinds[i];
    die("YOURAPI_TEST_DB", &unknown);
}

enum db_kind store_fixture_kind(void)
{
    return this_kind()->kind;
}

bool store_fixture_use(enum db_kind kind)
{
    const char *dsn;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].kind == kind)
            chosen = &kinds[i];
    }
    dsn = chosen->variable ? getenv(chosen->variable) : "";
    return kind == DB_SQLITE || (dsn && *dsn);
}

void store_fixture_wait(int64_t ms)
{
    wait_ms = ms > 0 ? ms : PATIENCE_MS;
}

/* Databases of a server. */

static const char *server_dsn(void)
{
    const char *variable = this_kind()->variable, *dsn = getenv(variable);

    if (dsn && *dsn)
        return dsn;
    printf("[  NOTE    ] skipped: %s is not set (tools/test-servers)\n", variable);
    fflush(NULL);
    _exit(STORE_FIXTURE_SKIP);
}

/* The server's DSN with `name` in the place of its database. */
static void dsn_of(struct sb *dsn, const char *name)
{
    struct str text = str_from(server_dsn()), after = text;
    ptrdiff_t slash = str_rfind_char(str_cut(&after, '?'), '/');

    if (this_kind()->kind == DB_POSTGRES) { /* the last one named counts */
        sb_add(dsn, text);
        sb_add(dsn, !str_has(text, STR("://")) ? STR(" ") : after.p ? STR("&") : STR("?"));
        sb_fmt(dsn, "dbname=%s", name);
        return;
    }
    sb_add(dsn, str_sub(text, 0, (size_t)(slash + 1)));
    sb_fmt(dsn, "%s%s%.*s", name, after.p ? "?" : "", STR_ARG(after));
}

static struct db *open_dsn(struct str dsn)
{
    const struct db_conf conf = {.dsn = dsn, .busy_timeout_ms = wait_ms};
    struct err err = {.code = ERR_OK};
    struct db *db;

    if (db_open(&conf, &db, &err) != ERR_OK)
        die("open", &err);
    return db;
}

static struct db *open_named(const char *name)
{
    CLEANUP(sb_finip) struct sb dsn;

    sb_init(&dsn, DSN_LIMIT);
    dsn_of(&dsn, name);
    return open_dsn(sb_str(&dsn));
}

static void on_server(enum db_kind kind, const char *sql)
{
    struct err err = {.code = ERR_OK};
    struct db_conn *c;

    if (db_acquire(servers[kind], DB_WRITE, &c, &err) != ERR_OK ||
        db_exec(c, NULL, &err, sql) != ERR_OK)
        die(sql, &err);
    db_release(c);
}

static void drop(enum db_kind kind, const char *name)
{
    char sql[128];

    snprintf(sql, sizeof sql, "DROP DATABASE %s", name);
    on_server(kind, sql);
}

static void at_exit(void)
{
    if (*template_name)
        drop(DB_POSTGRES, template_name);
    for (size_t i = 0; i < ARRAY_LEN(servers); i++)
        db_close(servers[i]);
}

/* A new database's name; of `from` it is a copy. */
static void create(char name[STORE_FIXTURE_PATH], const char *from)
{
    enum db_kind kind = this_kind()->kind;
    static bool known_at_exit;
    char sql[192];

    if (!servers[kind])
        servers[kind] = open_dsn(str_from(server_dsn()));
    if (!known_at_exit)
        atexit(at_exit);
    known_at_exit = true;
    snprintf(name, STORE_FIXTURE_PATH, "yourapi_test_%016llx", (unsigned long long)random_u64());
    snprintf(sql, sizeof sql, "CREATE DATABASE %s%s%s", name, from ? " TEMPLATE " : "",
             from ? from : "");
    on_server(kind, sql);
}

static void migrate(struct db *db)
{
    struct err err = {.code = ERR_OK};

    if (migrate_up(db, &err) != ERR_OK)
        die("migrate", &err);
}

/* Migrated once for all tests of the program. */
static const char *postgres_template(void)
{
    struct db *db;

    if (*template_name)
        return template_name;
    create(template_name, NULL);
    db = open_named(template_name);
    migrate(db);
    db_close(db); /* a database can be copied only while nobody is connected to it */
    return template_name;
}

/* Files. */

void store_fixture_path(char path[STORE_FIXTURE_PATH])
{
    const char *dir = getenv("TMPDIR");

    if (!dir || strlen(dir) > 24)
        dir = "/tmp";
    snprintf(path, STORE_FIXTURE_PATH, "%s/yourapi-test-%016llx.db", dir,
             (unsigned long long)random_u64());
}

static struct db *open_file(const char *path)
{
    const struct db_conf conf = {.sqlite_path = str_from(path), .busy_timeout_ms = wait_ms};
    struct err err = {.code = ERR_OK};
    struct db *db;

    if (db_open(&conf, &db, &err) != ERR_OK)
        die("open", &err);
    return db;
}

static void remove_file(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        char name[STORE_FIXTURE_PATH + 16];

        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

/* Either. A file's path begins with a slash, whatever the kind. */

struct db *store_fixture_reopen(const char *path)
{
    return *path == '/' ? open_file(path) : open_named(path);
}

struct db *store_fixture_open_empty(char path[STORE_FIXTURE_PATH])
{
    if (store_fixture_kind() == DB_SQLITE)
        store_fixture_path(path);
    else
        create(path, NULL);
    return store_fixture_reopen(path);
}

struct db *store_fixture_open(char path[STORE_FIXTURE_PATH])
{
    struct db *db;

    if (store_fixture_kind() == DB_POSTGRES) {
        create(path, postgres_template());
        return store_fixture_reopen(path);
    }
    db = store_fixture_open_empty(path);
    migrate(db);
    return db;
}

void store_fixture_close(struct db *db, const char *path)
{
    enum db_kind kind = db ? db_kind(db) : this_kind()->kind;

    db_close(db);
    if (*path == '/')
        remove_file(path);
    else
        drop(kind, path);
}

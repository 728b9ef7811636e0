/*
 * On SQLite only: this is about its file, its locks and its settings.
 */
#include "store/db.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store_fx.h"

static enum err_code open_at(const char *path, int64_t busy_ms, struct db **db, struct err *err)
{
    const struct db_conf conf = {.sqlite_path = str_from(path), .busy_timeout_ms = busy_ms};

    return db_open(&conf, db, err);
}

static bool says(const struct err *err, const char *text)
{
    return str_has(str_from(err->msg), str_from(text));
}

static void write_file(const char *path, const char *bytes)
{
    FILE *f = fopen(path, "w");

    CHECK(f != NULL);
    fputs(bytes, f);
    fclose(f);
}

TEST(a_path_that_cannot_be_is_told_by_its_cause)
{
    char path[STORE_FIXTURE_PATH];
    struct err err;
    struct db *db;

    CHECK_EQ(open_at("/nowhere/at/all/x.db", 100, &db, &err), ERR_DB);
    CHECK(says(&err, "No such file or directory") && says(&err, "/nowhere/at/all/x.db"));
    CHECK(db == NULL);
    CHECK_EQ(open_at("/tmp", 100, &db, &err), ERR_DB);
    CHECK(says(&err, "is not a file"));
    CHECK_EQ(open_at("", 100, &db, &err), ERR_BAD_REQUEST);
    CHECK_EQ(open_at(":memory:", 100, &db, &err), ERR_BAD_REQUEST);
    CHECK(says(&err, "SQLITE_PATH names no file"));
    store_fixture_path(path);
    write_file(path, "this is a text and no database, long enough to have a header of its own....");
    CHECK_EQ(open_at(path, 100, &db, &err), ERR_DB);
    CHECK(says(&err, "not a SQLite database"));
    store_fixture_close(NULL, path);
}

TEST(a_file_that_may_not_be_written_is_told)
{
    char path[STORE_FIXTURE_PATH];
    struct err err;
    struct db *db;

    if (geteuid() == 0)
        skip(); /* root may write everything */
    db = store_fixture_open(path);
    db_close(db);
    CHECK_EQ(chmod(path, 0444), 0);
    CHECK_EQ(open_at(path, 100, &db, &err), ERR_DB);
    CHECK(says(&err, "cannot be written"));
    store_fixture_close(NULL, path);
}

TEST(a_new_file_is_for_its_owner_only)
{
    struct store_fx f;
    struct stat st;

    fx_open(&f);
    CHECK_EQ(stat(f.path, &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0600);
    CHECK_STR(fx_text(&f, "PRAGMA journal_mode"), "wal");
    fx_close(&f);
}

/* A second opening of the file that holds the writing lock, as another program would. */
struct locker {
    struct db *db;
    struct db_conn *c;
};

static void lock_file(struct store_fx *f, struct locker *l)
{
    l->db = store_fixture_reopen(f->path);
    CHECK_OK(f, db_acquire(l->db, DB_WRITE, &l->c, &f->err));
    CHECK_OK(f, db_begin(l->c, &f->err));
}

static void unlock_file(struct locker *l)
{
    db_release(l->c);
    db_close(l->db);
}

TEST(a_lock_of_another_program_is_waited_for_as_long_as_the_path_says)
{
    char path[STORE_FIXTURE_PATH + 32];
    struct locker other;
    struct store_fx f;
    struct db_conn *c;
    struct db *db;
    uint64_t start, ms;

    fx_open(&f);
    snprintf(path, sizeof path, "%s?cache=shared&_busy_timeout=150", f.path);
    CHECK_OK(&f, open_at(path, 60000, &db, &f.err));
    db_release(f.c);
    f.c = NULL;
    lock_file(&f, &other);
    CHECK_OK(&f, db_acquire(db, DB_WRITE, &c, &f.err));
    start = clock_mono_ms();
    CHECK_EQ(db_exec(c, NULL, &f.err, "DELETE FROM options"), ERR_UNAVAILABLE);
    ms = clock_mono_ms() - start;
    CHECK(says(&f.err, "locked by another program"));
    CHECK(ms >= 100 && ms < 60000);
    CHECK_EQ(db_begin(c, &f.err), ERR_UNAVAILABLE);
    CHECK(!db_in_transaction(c));
    unlock_file(&other);
    CHECK_OK(&f, db_exec(c, NULL, &f.err, "DELETE FROM options"));
    db_release(c);
    db_close(db);
    fx_close(&f);
}

TEST(the_wait_for_the_one_writing_connection_is_bounded)
{
    struct db_conn *second;
    struct store_fx f;
    struct db *db;

    fx_open(&f);
    db_release(f.c);
    f.c = NULL;
    CHECK_OK(&f, open_at(f.path, 50, &db, &f.err));
    CHECK_OK(&f, db_acquire(db, DB_WRITE, &f.c, &f.err));
    CHECK_EQ(db_acquire(db, DB_WRITE, &second, &f.err), ERR_UNAVAILABLE);
    CHECK(second == NULL);
    CHECK_OK(&f, db_acquire(db, DB_READ, &second, &f.err));
    db_release(second);
    db_release(f.c);
    CHECK_OK(&f, db_acquire(db, DB_WRITE, &f.c, &f.err));
    db_release(f.c);
    f.c = NULL;
    db_close(db);
    fx_close(&f);
}

TEST(a_reading_connection_cannot_write)
{
    struct db_conn *c;
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_acquire(f.db, DB_READ, &c, &f.err));
    CHECK_EQ(db_exec(c, NULL, &f.err, "DELETE FROM options"), ERR_DB);
    CHECK(says(&f.err, "read-only"));
    db_release(c);
    fx_close(&f);
}

TEST(values_of_every_type_go_in_and_come_out)
{
    struct db_rows *rows;
    struct store_fx f;

    fx_open(&f);
    CHECK_OK(&f, db_query(f.c, &f.a, &rows, &f.err, "SELECT ?, ?, ?, ?, ?, ?, ?, 1.9, '12x', 't'",
                          DB_NULL(), DB_I64(INT64_MIN), DB_F64(0.1), DB_BOOL(7), DB_TEXT(STR_NULL),
                          DB_TEXT(STR("a\0b")), DB_BLOB(STR("\xff\x00\x01"))));
    CHECK(db_next(rows));
    CHECK(db_is_null(rows, 0) && db_text(rows, 0).p == NULL && db_i64(rows, 0) == 0);
    CHECK(db_i64(rows, 1) == INT64_MIN);
    CHECK(db_f64(rows, 2) == 0.1);
    CHECK(db_bool(rows, 3) && db_i64(rows, 3) == 1);
    CHECK(!db_is_null(rows, 4) && db_text(rows, 4).n == 0);
    CHECK(str_eq(db_text(rows, 5), STR("a\0b")));
    CHECK(str_eq(db_text(rows, 6), STR("\xff\x00\x01")));
    CHECK_EQ(db_i64(rows, 7), 1);
    CHECK_EQ(db_i64(rows, 8), 12);
    CHECK(db_bool(rows, 9));
    CHECK_STR(db_text(rows, 7), "1.9");
    CHECK(!db_next(rows));
    CHECK_OK(&f, db_end(rows, &f.err));
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "SELECT ?"), ERR_INTERNAL);
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "SELEKT"), ERR_DB);
    fx_close(&f);
}

TEST(a_full_disk_is_told_and_changes_nothing)
{
    char *big;
    struct store_fx f;

    fx_open(&f);
    big = arena_zalloc(&f.a, 1 << 20);
    memset(big, 'x', 1 << 20);
    (void)fx_number(&f, arena_fmt(&f.a, "PRAGMA max_page_count = %d",
                                  (int)fx_number(&f, "PRAGMA page_count") + 10)
                            .p);
    CHECK_EQ(db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', ?)",
                     DB_TEXT(str_make(big, 1 << 20))),
             ERR_UNAVAILABLE);
    CHECK(says(&f.err, "disk is full"));
    CHECK_EQ(fx_number(&f, "SELECT COUNT(*) FROM options"), 0);
    CHECK_OK(&f, db_exec(f.c, NULL, &f.err, "INSERT INTO options VALUES ('a', 'b')"));
    fx_close(&f);
}

TEST(a_file_that_is_only_looked_at_is_neither_made_nor_changed)
{
    struct db_conf conf = {.read_only = true, .busy_timeout_ms = 100};
    struct str *names;
    struct store_fx f;
    struct db *db;
    size_t n;

    fx_open(&f);
    conf.sqlite_path = arena_fmt(&f.a, "%s.none", f.path);
    CHECK_OK(&f, db_open(&conf, &db, &f.err));
    db_release(f.c);
    CHECK_OK(&f, db_acquire(db, DB_READ, &f.c, &f.err));
    CHECK_OK(&f, db_list_columns(f.c, &f.a, "users", &names, &n, &f.err));
    CHECK_EQ(n, 0);
    db_release(f.c);
    db_close(db);
    CHECK_EQ(access(conf.sqlite_path.p, F_OK), -1);

    conf.sqlite_path = str_from(f.path);
    CHECK_OK(&f, db_open(&conf, &db, &f.err));
    CHECK_OK(&f, db_acquire(db, DB_READ, &f.c, &f.err));
    CHECK_OK(&f, db_list_columns(f.c, &f.a, "users", &names, &n, &f.err));
    CHECK(n > 0);
    CHECK(db_exec(f.c, NULL, &f.err, "DELETE FROM users") != ERR_OK);
    db_release(f.c);
    f.c = NULL;
    db_close(db);
    fx_close(&f);
}

/* A folder into which nobody writes while the test looks: as root only others are kept out. */
struct still_folder {
    char path[STORE_FIXTURE_PATH], file[STORE_FIXTURE_PATH + 8], log[STORE_FIXTURE_PATH + 16];
};

static void make_file(struct still_folder *f)
{
    struct err err = {.msg = ""};
    struct db_conn *c;
    struct db *db;

    store_fixture_path(f->path);
    snprintf(f->file, sizeof f->file, "%s/x%%.db",
             f->path); /* a name that a URI spells otherwise */
    snprintf(f->log, sizeof f->log, "%s-wal", f->file);
    CHECK_EQ(mkdir(f->path, 0755), 0);
    CHECK_EQ(open_at(f->file, 100, &db, &err), ERR_OK);
    CHECK_EQ(db_acquire(db, DB_WRITE, &c, &err), ERR_OK);
    CHECK_EQ(db_exec(c, NULL, &err, "CREATE TABLE numbers (n integer)"), ERR_OK);
    CHECK_EQ(db_exec(c, NULL, &err, "INSERT INTO numbers VALUES (42)"), ERR_OK);
    db_release(c);
    db_close(db);
    CHECK_EQ(chmod(f->file, 0444), 0);
}

static void remove_folder(const struct still_folder *f)
{
    unlink(f->log);
    unlink(f->file);
    CHECK_EQ(rmdir(f->path), 0);
}

enum { NOBODY = 65534 };

static void keep_still(const struct still_folder *f)
{
    CHECK_EQ(chmod(f->path, 0555), 0);
    if (getuid() == 0)
        CHECK_EQ(seteuid(NOBODY), 0);
}

static void let_go(const struct still_folder *f)
{
    if (getuid() == 0)
        CHECK_EQ(seteuid(0), 0);
    CHECK_EQ(chmod(f->path, 0755), 0);
}

/* Opens it only to look; *number is what is in it. */
static enum err_code look_into(const struct still_folder *f, int64_t *number, struct err *err)
{
    const struct db_conf conf = {.sqlite_path = str_from(f->file), .read_only = true};
    CLEANUP(arena_finip) struct arena a;
    struct db_rows *rows;
    struct db_conn *c;
    struct db *db;

    arena_init(&a, 0);
    TRY(db_open(&conf, &db, err));
    CHECK_EQ(db_acquire(db, DB_READ, &c, err), ERR_OK);
    CHECK_EQ(db_query(c, &a, &rows, err, "SELECT n FROM numbers"), ERR_OK);
    *number = db_next(rows) ? db_i64(rows, 0) : 0;
    CHECK_EQ(db_end(rows, err), ERR_OK);
    db_release(c);
    db_close(db);
    return ERR_OK;
}

TEST(a_file_is_read_where_nothing_can_be_written_beside_it)
{
    struct err err = {.msg = ""};
    struct still_folder f;
    int64_t number = 0;

    make_file(&f);
    keep_still(&f);
    CHECK_EQ(look_into(&f, &number, &err), ERR_OK);
    CHECK_EQ(number, 42);
    let_go(&f);

    write_file(f.log, "what was not brought into the file yet");
    keep_still(&f);
    CHECK_EQ(look_into(&f, &number, &err), ERR_DB);
    CHECK(says(&err, "a part of it is in the file beside it"));
    let_go(&f);
    remove_folder(&f);
}

TEST(what_is_only_looked_at_is_named_at_once_when_it_is_no_database)
{
    char path[STORE_FIXTURE_PATH];
    struct db_conf conf = {.read_only = true};
    struct err err = {.msg = ""};
    struct db *db;

    store_fixture_path(path);
    conf.sqlite_path = str_from(path);
    write_file(path, "this is a text and no database, long enough to have a header of its own....");
    CHECK_EQ(db_open(&conf, &db, &err), ERR_DB);
    CHECK(says(&err, "not a SQLite database"));
    store_fixture_close(NULL, path);
}

TEST_MAIN(a_path_that_cannot_be_is_told_by_its_cause, a_file_that_may_not_be_written_is_told,
          a_new_file_is_for_its_owner_only,
          a_lock_of_another_program_is_waited_for_as_long_as_the_path_says,
          the_wait_for_the_one_writing_connection_is_bounded, a_reading_connection_cannot_write,
          values_of_every_type_go_in_and_come_out, a_full_disk_is_told_and_changes_nothing,
          a_file_that_is_only_looked_at_is_neither_made_nor_changed,
          a_file_is_read_where_nothing_can_be_written_beside_it,
          what_is_only_looked_at_is_named_at_once_when_it_is_no_database)

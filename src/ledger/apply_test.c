#include "ledger/apply.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/patience.h"
#include "base/test.h"
#include "ledger/ledger.h"
#include "store/repo_ledger.h"
#include "store/store_fixture.h"

enum { START = 1000000, PATH_BYTES = 400, FILES = 200, SEGMENT = 4096, COST = 7 };

/* A database with one account, and the folder of a process that is dead. */
struct world {
    struct db *db, *log_db;
    char path[STORE_FIXTURE_PATH], log_path[STORE_FIXTURE_PATH], dir[STORE_FIXTURE_PATH];
    struct clock_manual clock;
    struct arena a;
    struct err err;
    struct str files[FILES]; /* by name */
    size_t file_count;
    struct apply_file out[FILES];
};

static void on(struct db *db, const char *sql)
{
    struct db_conn *c;

    assert_int_equal(db_acquire(db, DB_WRITE, &c, NULL), ERR_OK);
    assert_int_equal(db_exec(c, NULL, NULL, sql), ERR_OK);
    db_release(c);
}

static int64_t number(struct db *db, const char *sql)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct db_rows *rows;
    int64_t value = -1;

    arena_init(&a, 0);
    assert_int_equal(db_acquire(db, DB_READ, &c, NULL), ERR_OK);
    assert_int_equal(db_query(c, &a, &rows, NULL, sql), ERR_OK);
    if (db_next(rows))
        value = db_i64(rows, 0);
    assert_int_equal(db_end(rows, NULL), ERR_OK);
    return value;
}

static void world_make(struct world *w)
{
    *w = (struct world){.file_count = 0};
    w->db = w->log_db = store_fixture_open(w->path);
    snprintf(w->dir, sizeof w->dir, "/tmp/yourapi-apply-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    clock_manual_init(&w->clock, INT64_C(1700003700000000));
    arena_init(&w->a, 0);
    on(w->db, "INSERT INTO users (id, username, password, quota) VALUES (1, 'ann', 'x', 1000000)");
    on(w->db,
       "INSERT INTO tokens (id, user_id, \"key\", remain_quota) VALUES (1, 1, 'k', 1000000)");
    on(w->db, "INSERT INTO channels (id, \"key\", name) VALUES (1, 'k', 'up')");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct str *)a)->p, ((const struct str *)b)->p);
}

/* What is in the folder but the lock. */
static void list_files(struct world *w)
{
    DIR *dir = opendir(w->dir);
    struct dirent *entry;

    w->file_count = 0;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "lock") == 0)
            continue;
        assert_true(w->file_count < FILES);
        w->files[w->file_count++] = arena_fmt(&w->a, "%s/%s", w->dir, entry->d_name);
    }
    closedir(dir);
    if (w->file_count > 1)
        qsort(w->files, w->file_count, sizeof *w->files, by_text);
}

static void world_remove(struct world *w)
{
    list_files(w);
    for (size_t i = 0; i < w->file_count; i++)
        unlink(w->files[i].p);
    unlink(arena_fmt(&w->a, "%s/lock", w->dir).p);
    rmdir(w->dir);
    if (w->log_db != w->db)
        store_fixture_close(w->log_db, w->log_path);
    store_fixture_close(w->db, w->path);
    arena_fini(&w->a);
}

static void append(struct journal *j, int n)
{
    const struct usage_record r = {.kind = RECORD_CONSUME,
                                   .user_id = 1,
                                   .token_id = 1,
                                   .channel_id = 1,
                                   .created_at_s = 1700003700,
                                   .count_request = true,
                                   .write_log = true,
                                   .quota = COST,
                                   .model_name = STR("gpt-4o"),
                                   .username = STR("ann"),
                                   .token_name = STR("tok")};

    for (int i = 0; i < n; i++)
        assert_int_equal(journal_append(j, &r, NULL), ERR_OK);
}

/* A process appends so many records and dies; returns its journal's id. */
static uint64_t leave_behind(struct world *w, int records)
{
    struct journal *j;
    uint64_t id;

    assert_int_equal(journal_open(str_from(w->dir), SEGMENT, &j, NULL), ERR_OK);
    append(j, records);
    id = journal_id(j);
    journal_close(j);
    list_files(w);
    return id;
}

static enum err_code apply(struct world *w, size_t first, size_t n)
{
    const struct apply_conf conf = {.db = w->db, .log_db = w->log_db};

    w->err = (struct err){.code = ERR_OK};
    return apply_files(&conf, w->files + first, n, w->out, &w->err);
}

static int64_t sum_of(const struct world *w, bool applied)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < w->file_count; i++)
        sum += applied ? w->out[i].applied : w->out[i].records;
    return (int64_t)sum;
}

static void check_charged(struct world *w, int64_t calls)
{
    CHECK_EQ(number(w->db, "SELECT quota FROM users"), START - COST * calls);
    CHECK_EQ(number(w->db, "SELECT used_quota FROM users"), COST * calls);
    CHECK_EQ(number(w->db, "SELECT request_count FROM users"), calls);
    CHECK_EQ(number(w->db, "SELECT used_quota FROM tokens"), COST * calls);
    CHECK_EQ(number(w->db, "SELECT used_quota FROM channels"), COST * calls);
    CHECK_EQ(number(w->log_db, "SELECT COUNT(*) FROM logs"), calls);
}

/* The process starts again and ends in good order. */
static void come_back(struct world *w)
{
    struct balances *balances = balances_new();
    const struct ledger_conf conf = {.journal_dir = str_from(w->dir),
                                     .journals = 1,
                                     .db = w->db,
                                     .log_db = w->log_db,
                                     .balances = balances,
                                     .clock = &w->clock.clock};
    struct ledger *ledger;

    assert_int_equal(ledger_open(&conf, &ledger, NULL), ERR_OK);
    ledger_close(ledger, PATIENCE_MS);
    balances_free(balances);
}

TEST(files_of_a_dead_process_are_applied_once)
{
    struct world w;

    world_make(&w);
    leave_behind(&w, 2300);
    leave_behind(&w, 1);
    leave_behind(&w, 0);
    CHECK(w.file_count > 5);
    CHECK_EQ(apply(&w, 0, w.file_count), ERR_OK);
    CHECK_EQ(sum_of(&w, false), 2301);
    CHECK_EQ(sum_of(&w, true), 2301);
    check_charged(&w, 2301);
    CHECK_EQ(apply(&w, 0, w.file_count), ERR_OK);
    CHECK_EQ(sum_of(&w, false), 2301);
    CHECK_EQ(sum_of(&w, true), 0);
    check_charged(&w, 2301);
    world_remove(&w);
}

TEST(the_order_of_the_files_and_one_given_twice_do_not_matter)
{
    struct world w;
    struct str last;

    world_make(&w);
    leave_behind(&w, 200);
    assert_true(w.file_count > 2);
    last = w.files[w.file_count - 1];
    w.files[w.file_count++] = w.files[0];
    w.files[0] = last;
    CHECK_EQ(apply(&w, 0, w.file_count), ERR_OK);
    CHECK_EQ(sum_of(&w, true), 200);
    CHECK_STR(w.out[0].path, last.p);
    check_charged(&w, 200);
    world_remove(&w);
}

TEST(the_process_that_comes_back_charges_nothing_twice_nor_does_a_copy_afterwards)
{
    struct world w;
    char copies[STORE_FIXTURE_PATH + 16], kept[PATH_BYTES];
    const char *name;

    world_make(&w);
    leave_behind(&w, 20);
    assert_true(w.file_count == 1);
    name = strrchr(w.files[0].p, '/');
    snprintf(copies, sizeof copies, "%s-copies", w.dir);
    assert_int_equal(mkdir(copies, 0700), 0);
    snprintf(kept, sizeof kept, "%s%s", copies, name);
    assert_int_equal(link(w.files[0].p, kept), 0);
    CHECK_EQ(apply(&w, 0, 1), ERR_OK);
    check_charged(&w, 20);
    come_back(&w);
    check_charged(&w, 20);
    list_files(&w);
    CHECK_EQ(w.file_count, 0);
    w.files[0] = str_from(kept);
    w.file_count = 1;
    CHECK_EQ(apply(&w, 0, 1), ERR_OK);
    CHECK_EQ(w.out[0].records, 20);
    CHECK_EQ(w.out[0].applied, 0);
    check_charged(&w, 20);
    unlink(kept);
    rmdir(copies);
    world_remove(&w);
}

TEST(what_was_applied_in_part_is_gone_on_with)
{
    struct world w;
    struct journal *j;
    struct db_conn *c;
    uint64_t id, after_four;

    world_make(&w);
    assert_int_equal(journal_open(str_from(w.dir), SEGMENT, &j, NULL), ERR_OK);
    append(j, 4);
    after_four = journal_written(j);
    append(j, 30);
    id = journal_id(j);
    journal_close(j);
    list_files(&w);
    assert_int_equal(db_acquire(w.db, DB_WRITE, &c, NULL), ERR_OK);
    assert_int_equal(repo_ledger_move_position(c, id, 0, after_four, NULL), ERR_OK);
    db_release(c);
    CHECK_EQ(apply(&w, 0, w.file_count), ERR_OK);
    CHECK_EQ(sum_of(&w, false), 34);
    CHECK_EQ(sum_of(&w, true), 30);
    check_charged(&w, 30);
    world_remove(&w);
}

TEST(a_file_is_refused_while_one_before_it_may_hold_more)
{
    struct world w;

    world_make(&w);
    leave_behind(&w, 200);
    assert_true(w.file_count > 2);
    CHECK_EQ(apply(&w, 1, 1), ERR_BAD_REQUEST); /* the one before lies beside it */
    CHECK(str_has(str_from(w.err.msg), STR("-00000000.log")));
    CHECK_EQ(rename(w.files[0].p, arena_fmt(&w.a, "%s/away", w.dir).p), 0);
    CHECK_EQ(apply(&w, 1, 1), ERR_BAD_REQUEST); /* it is elsewhere, and nothing was applied */
    check_charged(&w, 0);
    CHECK_EQ(rename(arena_fmt(&w.a, "%s/away", w.dir).p, w.files[0].p), 0);
    CHECK_EQ(apply(&w, 0, 1), ERR_OK);
    unlink(w.files[0].p);
    CHECK_EQ(apply(&w, 2, 1), ERR_BAD_REQUEST);
    CHECK_EQ(apply(&w, 1, w.file_count - 1), ERR_OK); /* all before it is applied and gone */
    check_charged(&w, 200);
    world_remove(&w);
}

TEST(files_of_a_living_process_are_refused)
{
    struct world w;
    struct balances *balances = balances_new();
    struct ledger *ledger;

    world_make(&w);
    const struct ledger_conf conf = {.journal_dir = str_from(w.dir),
                                     .journals = 1,
                                     .db = w.db,
                                     .log_db = w.log_db,
                                     .balances = balances,
                                     .clock = &w.clock.clock};
    assert_int_equal(ledger_open(&conf, &ledger, NULL), ERR_OK);
    list_files(&w);
    CHECK_EQ(apply(&w, 0, w.file_count), ERR_IO);
    CHECK(str_has(str_from(w.err.msg), STR("in use")));
    ledger_close(ledger, PATIENCE_MS);
    balances_free(balances);
    world_remove(&w);
}

/* Overwrites one byte of the file at `offset`. */
static void damage(struct str path, off_t offset)
{
    int fd = open(path.p, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "\xff", 1, offset), 1);
    close(fd);
}

TEST(torn_ends_and_damaged_heads_are_told_and_do_not_stop_the_rest)
{
    struct world w;
    struct journal *j;
    uint64_t two;

    world_make(&w);
    assert_int_equal(journal_open(str_from(w.dir), SEGMENT, &j, NULL), ERR_OK);
    append(j, 2);
    two = journal_written(j);
    append(j, 1);
    journal_close(j);
    list_files(&w);
    damage(w.files[0], (off_t)two + 12);
    leave_behind(&w, 5);
    assert_true(w.file_count == 2);
    CHECK_EQ(apply(&w, 0, 2), ERR_OK);
    CHECK_EQ(w.out[0].torn + w.out[1].torn, 1);
    CHECK_EQ(sum_of(&w, true), 7);
    check_charged(&w, 7);
    damage(w.files[0], 0);
    CHECK_EQ(apply(&w, 0, 2), ERR_OK);
    CHECK(w.out[0].damaged && !w.out[1].damaged);
    check_charged(&w, 7);
    world_remove(&w);
}

TEST(logs_in_a_database_of_their_own_get_theirs)
{
    struct world w;

    world_make(&w);
    w.log_db = store_fixture_open(w.log_path);
    leave_behind(&w, 50);
    CHECK_EQ(apply(&w, 0, w.file_count), ERR_OK);
    check_charged(&w, 50);
    CHECK_EQ(apply(&w, 0, w.file_count), ERR_OK);
    check_charged(&w, 50);
    CHECK_EQ(number(w.db, "SELECT COUNT(*) FROM logs"), 0);
    world_remove(&w);
}

TEST(what_is_no_journal_file_is_named)
{
    struct world w;

    world_make(&w);
    w.files[0] = STR("/tmp/holiday.jpg");
    CHECK_EQ(apply(&w, 0, 1), ERR_BAD_REQUEST);
    CHECK(str_has(str_from(w.err.msg), STR("holiday.jpg")));
    w.files[0] = STR("/nowhere/0000000000000001-00000000.log");
    CHECK_EQ(apply(&w, 0, 1), ERR_IO);
    CHECK(str_has(str_from(w.err.msg), STR("/nowhere/")));
    world_remove(&w);
}

TEST(a_database_without_accounts_is_refused_and_the_right_one_taken_afterwards)
{
    struct world w;

    world_make(&w);
    leave_behind(&w, 3);
    on(w.db, "DELETE FROM users");
    CHECK_EQ(apply(&w, 0, w.file_count), ERR_BAD_REQUEST);
    CHECK(str_has(str_from(w.err.msg), STR("no account is in the database")));
    CHECK_EQ(number(w.db, "SELECT COUNT(*) FROM yourapi_journal"), 0);
    CHECK_EQ(number(w.db, "SELECT COUNT(*) FROM logs"), 0);
    on(w.db, "INSERT INTO users (id, username, password, quota) VALUES (1, 'ann', 'x', 1000000)");
    CHECK_EQ(apply(&w, 0, w.file_count), ERR_OK);
    check_charged(&w, 3);
    world_remove(&w);
}

TEST_MAIN(files_of_a_dead_process_are_applied_once,
          the_order_of_the_files_and_one_given_twice_do_not_matter,
          the_process_that_comes_back_charges_nothing_twice_nor_does_a_copy_afterwards,
          what_was_applied_in_part_is_gone_on_with,
          a_file_is_refused_while_one_before_it_may_hold_more,
          files_of_a_living_process_are_refused,
          torn_ends_and_damaged_heads_are_told_and_do_not_stop_the_rest,
          logs_in_a_database_of_their_own_get_theirs, what_is_no_journal_file_is_named,
          a_database_without_accounts_is_refused_and_the_right_one_taken_afterwards)

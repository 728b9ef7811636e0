#include "ledger/ledger.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/patience.h"
#include "base/random.h"
#include "base/test.h"
#include "ledger/verify.h"
#include "obs/metrics.h"
#include "store/repo_channel.h"
#include "store/repo_ledger.h"
#include "store/repo_log.h"
#include "store/repo_quota_data.h"
#include "store/repo_token.h"
#include "store/repo_user.h"
#include "store/store_fixture.h"

/* Waits here have no end of their own: the program's time-out ends one that is for ever. */

#define UNFINISHED "SELECT COUNT(*) FROM yourapi_journal WHERE applied <> -1"

enum { START = 1000000, PATH_BYTES = 300, NOW_S = 1700003700 };

/* A database with a user, a token and a channel, and a folder for journals. */
struct world {
    struct db *db, *log_db;
    char path[STORE_FIXTURE_PATH], log_path[STORE_FIXTURE_PATH], dir[STORE_FIXTURE_PATH];
    struct clock_manual clock;
    struct balances *balances;
    struct metrics *metrics;
    struct ledger *ledger;
    int64_t user, token, channel;
    unsigned journals;
    size_t segment_bytes;
};

/* The ledger may have it for longer than a hasty world waits. */
static struct db_conn *writer(struct db *db)
{
    struct db_conn *c;
    enum err_code rc;

    while ((rc = db_acquire(db, DB_WRITE, &c, NULL)) == ERR_UNAVAILABLE)
        ;
    assert_int_equal(rc, ERR_OK);
    return c;
}

/* Nobody else gets at the accounts until it is released, as if the database were away. */
static struct db_conn *away(struct db *db)
{
    struct db_conn *c = writer(db);

    assert_int_equal(db_begin(c, NULL), ERR_OK);
    assert_int_equal(db_exec(c, NULL, NULL, "UPDATE users SET id = id"), ERR_OK);
    return c;
}

static void make_accounts(struct world *w)
{
    const struct user u = {.username = STR("ann"), .quota = START};
    struct token t = {.key = secret_make(STR("0123456789012345678901234567890123456789abcdefgh")),
                      .status = TOKEN_ENABLED,
                      .name = STR("tok"),
                      .expired_time = -1,
                      .remain_quota = START};
    const struct channel ch = {.type = 1,
                               .status = CHANNEL_ENABLED,
                               .name = STR("up"),
                               .models = STR("gpt-4o"),
                               .group = STR("default")};
    struct db_conn *c = writer(w->db);

    assert_int_equal(repo_user_insert(c, &u, &w->user, NULL), ERR_OK);
    t.user_id = w->user;
    assert_int_equal(repo_token_insert(c, &t, &w->token, NULL), ERR_OK);
    assert_int_equal(repo_channel_insert(c, &ch, &w->channel, NULL), ERR_OK);
    db_release(c);
}

static void world_make(struct world *w)
{
    *w = (struct world){.journals = 1, .segment_bytes = 4096};
    w->db = w->log_db = store_fixture_open(w->path);
    snprintf(w->dir, sizeof w->dir, "/tmp/yourapi-ledger-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    clock_manual_init(&w->clock, (int64_t)NOW_S * 1000000);
    make_accounts(w);
}

/* Its ledger is to see that the database is away, and need not wait long for it. */
static void world_make_hasty(struct world *w)
{
    store_fixture_wait(500);
    world_make(w);
    store_fixture_wait(0);
}

static enum err_code try_open(struct world *w, struct err *err)
{
    struct ledger_conf conf = {.journal_dir = str_from(w->dir),
                               .journals = w->journals,
                               .db = w->db,
                               .log_db = w->log_db,
                               .balances = w->balances,
                               .metrics = w->metrics,
                               .clock = &w->clock.clock,
                               .segment_bytes = w->segment_bytes};

    return ledger_open(&conf, &w->ledger, err);
}

static void open_ledger(struct world *w)
{
    struct err err = {.msg = ""};

    w->balances = balances_new();
    if (try_open(w, &err) != ERR_OK)
        fail_msg("%s", err.msg);
}

static void close_ledger(struct world *w)
{
    ledger_close(w->ledger, PATIENCE_MS);
    w->ledger = NULL;
    balances_free(w->balances);
    w->balances = NULL;
}

/* Files of the journal folder but the lock; removes them when asked to. */
static int count_files(struct world *w, bool remove_them)
{
    DIR *dir = opendir(w->dir);
    struct dirent *entry;
    char path[PATH_BYTES * 2];
    int n = 0;

    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        n += strcmp(entry->d_name, "lock") != 0;
        snprintf(path, sizeof path, "%s/%s", w->dir, entry->d_name);
        if (remove_them)
            unlink(path);
    }
    closedir(dir);
    return n;
}

/* Says what there is when there is something. */
static void check_no_files(struct world *w)
{
    DIR *dir = opendir(w->dir);
    struct dirent *entry;

    while ((entry = readdir(dir))) {
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "lock") != 0)
            print_error("%s is left\n", entry->d_name);
    }
    closedir(dir);
    CHECK_EQ(count_files(w, false), 0);
}

static void world_remove(struct world *w)
{
    count_files(w, true);
    rmdir(w->dir);
    store_fixture_close(w->db, w->path);
    if (w->log_db != w->db)
        store_fixture_close(w->log_db, w->log_path);
}

static struct usage_record record(const struct world *w, int64_t quota)
{
    return (struct usage_record){.kind = RECORD_CONSUME,
                                 .created_at_s = NOW_S,
                                 .user_id = w->user,
                                 .token_id = w->token,
                                 .channel_id = w->channel,
                                 .quota = quota,
                                 .prompt_tokens = 3,
                                 .completion_tokens = 4,
                                 .count_request = true,
                                 .write_log = true,
                                 .username = STR("ann"),
                                 .token_name = STR("tok"),
                                 .model_name = STR("gpt-4o"),
                                 .group = STR("default"),
                                 .content = STR("c"),
                                 .other = STR("{\"a\":1}")};
}

static void append(struct journal *j, const struct usage_record *r)
{
    assert_int_equal(journal_append(j, r, NULL), ERR_OK);
}

static void charge(struct world *w, unsigned journal, int64_t quota)
{
    struct usage_record r = record(w, quota);

    append(ledger_journal(w->ledger, journal), &r);
    ledger_wake(w->ledger);
}

struct state {
    int64_t quota, used, requests, remain, token_used, accessed, channel_used, logs, log_quota;
    int64_t positions;
};

static int64_t number(struct db *db, const char *sql)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct db_rows *rows;
    int64_t value;

    arena_init(&a, 0);
    assert_int_equal(db_acquire(db, DB_READ, &c, NULL), ERR_OK);
    assert_int_equal(db_query(c, &a, &rows, NULL, sql), ERR_OK);
    assert_true(db_next(rows));
    value = db_i64(rows, 0);
    assert_int_equal(db_end(rows, NULL), ERR_OK);
    return value;
}

static struct state look(struct world *w)
{
    return (struct state){
        .quota = number(w->db, "SELECT quota FROM users"),
        .used = number(w->db, "SELECT used_quota FROM users"),
        .requests = number(w->db, "SELECT request_count FROM users"),
        .remain = number(w->db, "SELECT remain_quota FROM tokens"),
        .token_used = number(w->db, "SELECT used_quota FROM tokens"),
        .accessed = number(w->db, "SELECT accessed_time FROM tokens"),
        .channel_used = number(w->db, "SELECT used_quota FROM channels"),
        .logs = number(w->log_db, "SELECT COUNT(*) FROM logs"),
        .log_quota = number(w->log_db, "SELECT COALESCE(SUM(quota), 0) FROM logs"),
        .positions = number(w->db, UNFINISHED),
    };
}

static void check_charged(struct world *w, int64_t requests, int64_t quota)
{
    struct state s = look(w);

    CHECK_EQ(s.quota, START - quota);
    CHECK_EQ(s.used, quota);
    CHECK_EQ(s.requests, requests);
    CHECK_EQ(s.remain, START - quota);
    CHECK_EQ(s.token_used, quota);
    CHECK_EQ(s.channel_used, quota);
    CHECK_EQ(s.logs, requests);
    CHECK_EQ(s.log_quota, quota);
}

static void check_agrees(struct world *w)
{
    CLEANUP(db_releasep) struct db_conn *main = NULL;
    CLEANUP(db_releasep) struct db_conn *logs = NULL;
    struct verify_report report;

    assert_int_equal(db_acquire(w->db, DB_READ, &main, NULL), ERR_OK);
    assert_int_equal(db_acquire(w->log_db, DB_READ, &logs, NULL), ERR_OK);
    assert_int_equal(verify_accounts(main, logs, NULL, &report, NULL), ERR_OK);
    CHECK(report.agree);
}

TEST(records_reach_every_account_and_a_clean_end_leaves_nothing_behind)
{
    struct world w;

    world_make(&w);
    open_ledger(&w);
    for (int i = 1; i <= 100; i++)
        charge(&w, 0, i);
    CHECK(ledger_flush(w.ledger, PATIENCE_MS));
    check_charged(&w, 100, 5050);
    CHECK_EQ(look(&w).accessed, NOW_S);
    CHECK_EQ(number(w.db, "SELECT COUNT(*) FROM quota_data"), 1);
    CHECK_EQ(number(w.db, "SELECT count FROM quota_data"), 100);
    CHECK_EQ(number(w.db, "SELECT quota FROM quota_data"), 5050);
    CHECK_EQ(number(w.db, "SELECT token_used FROM quota_data"), 700);
    CHECK_EQ(number(w.db, "SELECT created_at FROM quota_data"), 1700002800);
    check_agrees(&w);
    close_ledger(&w);
    check_no_files(&w);
    CHECK_EQ(look(&w).positions, 0);
    world_remove(&w);
}

TEST(closing_applies_what_is_still_in_the_journals)
{
    struct world w;

    world_make(&w);
    w.journals = 3;
    open_ledger(&w);
    for (int i = 0; i < 300; i++)
        charge(&w, (unsigned)i % 3, 1);
    close_ledger(&w);
    check_charged(&w, 300, 300);
    world_remove(&w);
}

TEST(the_log_of_an_imported_database_is_summed_up_in_pauses)
{
    struct world w;
    struct db_conn *c;

    world_make(&w);
    c = writer(w.db);
    CHECK_EQ(db_exec(c, NULL, NULL,
                     "INSERT INTO logs (created_at, type, quota) WITH RECURSIVE n(i) AS"
                     " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)"
                     " SELECT 1000, 2, 1 FROM n AS x CROSS JOIN n AS y WHERE y.i <= ?",
                     DB_I64(100)),
             ERR_OK);
    db_release(c);
    open_ledger(&w);
    while (number(w.db, "SELECT COUNT(*) FROM yourapi_log_chunks") == 0)
        usleep(10000);
    close_ledger(&w);
    world_remove(&w);
}

TEST(each_flag_of_a_record_does_what_it_says)
{
    struct world w;
    struct usage_record r;
    struct state s;

    world_make(&w);
    open_ledger(&w);
    ledger_set_data_export(w.ledger, false);
    r = record(&w, 10);
    r.write_log = false;
    append(ledger_journal(w.ledger, 0), &r); /* charged, not logged */
    r = record(&w, 0);
    r.count_request = false;
    append(ledger_journal(w.ledger, 0), &r); /* logged, nothing used */
    r = record(&w, 99);
    r.kind = RECORD_ERROR;
    append(ledger_journal(w.ledger, 0), &r); /* logged, charges nothing */
    r = record(&w, 5);
    r.token_id = 0;
    append(ledger_journal(w.ledger, 0), &r); /* the user alone pays */
    CHECK(ledger_flush(w.ledger, PATIENCE_MS));
    s = look(&w);
    CHECK_EQ(s.quota, START - 15);
    CHECK_EQ(s.used, 15);
    CHECK_EQ(s.requests, 2);
    CHECK_EQ(s.remain, START - 10);
    CHECK_EQ(s.channel_used, 15);
    CHECK_EQ(s.logs, 3);
    CHECK_EQ(s.log_quota, 5);
    CHECK_EQ(number(w.db, "SELECT COUNT(*) FROM logs WHERE type = 5 AND quota = 0"), 1);
    CHECK_EQ(number(w.db, "SELECT COUNT(*) FROM quota_data"), 0);
    close_ledger(&w);
    world_remove(&w);
}

TEST(text_that_a_database_may_refuse_is_made_harmless)
{
    static char name[400];
    struct world w;
    struct usage_record r;

    world_make(&w);
    open_ledger(&w);
    memset(name, 'm', sizeof name);
    r = record(&w, 1);
    r.model_name = str_make(name, sizeof name);
    r.content = STR("bad \xff byte and \0 NUL");
    append(ledger_journal(w.ledger, 0), &r);
    CHECK(ledger_flush(w.ledger, PATIENCE_MS));
    CHECK_EQ(number(w.db, "SELECT COUNT(*) FROM logs WHERE content = 'bad ? byte and ? NUL'"), 1);
    CHECK_EQ(number(w.db, "SELECT LENGTH(model_name) FROM logs"), 191);
    close_ledger(&w);
    world_remove(&w);
}

/* ---- what an earlier process left ---- */

static void leave_behind(struct world *w, int records)
{
    struct journal *j;
    struct usage_record r = record(w, 7);

    assert_int_equal(journal_open(str_from(w->dir), w->segment_bytes, &j, NULL), ERR_OK);
    for (int i = 0; i < records; i++)
        append(j, &r);
    journal_close(j);
}

TEST(what_an_earlier_process_left_is_applied_once)
{
    struct world w;

    world_make(&w);
    leave_behind(&w, 2500);
    leave_behind(&w, 10);
    leave_behind(&w, 0);
    CHECK(count_files(&w, false) > 3);
    open_ledger(&w);
    check_charged(&w, 2510, 2510 * 7);
    CHECK_EQ(count_files(&w, false), 1); /* the new one */
    CHECK_EQ(look(&w).positions, 0);
    close_ledger(&w);
    open_ledger(&w);
    close_ledger(&w);
    check_charged(&w, 2510, 2510 * 7);
    world_remove(&w);
}

TEST(replay_goes_on_behind_the_position_in_the_database)
{
    struct world w;
    struct journal *j;
    struct usage_record r;
    struct db_conn *c;
    uint64_t id, after_four = 0;

    world_make(&w);
    r = record(&w, 7);
    assert_int_equal(journal_open(str_from(w.dir), w.segment_bytes, &j, NULL), ERR_OK);
    for (int i = 0; i < 40; i++) {
        append(j, &r);
        if (i == 3)
            after_four = journal_written(j);
    }
    id = journal_id(j);
    journal_close(j);
    c = writer(w.db);
    CHECK_EQ(repo_ledger_move_position(c, id, 0, after_four, NULL), ERR_OK);
    db_release(c);
    open_ledger(&w);
    check_charged(&w, 36, 36 * 7);
    CHECK_EQ(look(&w).positions, 0);
    close_ledger(&w);
    world_remove(&w);
}

TEST(a_journal_that_was_finished_is_not_applied_again)
{
    struct world w;
    struct journal *j;
    struct usage_record r;
    struct journal_mark end;
    struct str payload;
    char *done;

    world_make(&w);
    r = record(&w, 7);
    assert_int_equal(journal_open(str_from(w.dir), w.segment_bytes, &j, NULL), ERR_OK);
    append(j, &r);
    CHECK(journal_read(j, &payload, &end));
    done = journal_finish(j); /* and then the process died, the position still in the database or
                                 not */
    open_ledger(&w);
    check_charged(&w, 0, 0);
    CHECK_EQ(access(done, F_OK), -1);
    mem_free(done);
    close_ledger(&w);
    world_remove(&w);
}

static off_t file_size(const char *path)
{
    FILE *in = fopen(path, "rb");
    long n;

    assert_non_null(in);
    fseek(in, 0, SEEK_END);
    n = ftell(in);
    fclose(in);
    return n;
}

/* The path of the one journal file. */
static void only_file(struct world *w, char path[PATH_BYTES])
{
    DIR *dir = opendir(w->dir);
    struct dirent *entry;

    while ((entry = readdir(dir))) {
        if (str_ends(str_from(entry->d_name), STR(".log")))
            snprintf(path, PATH_BYTES, "%s/%.64s", w->dir, entry->d_name);
    }
    closedir(dir);
}

static void zero(const char *path, long from, long to)
{
    FILE *out = fopen(path, "r+b");

    fseek(out, from, SEEK_SET);
    for (long i = from; i < to; i++)
        fputc(0, out);
    fclose(out);
}

/* The tail of the journal never reached the disk: from each of its bytes on. */
TEST(a_journal_cut_at_any_byte_of_its_tail_replays_what_is_whole)
{
    enum { RECORDS = 3 };
    struct world w;
    char path[PATH_BYTES];
    int64_t charged = 0, torn = 0;
    long one;

    world_make(&w);
    log_set_level(LOG_ERROR);
    w.segment_bytes = 1024;
    {
        struct usage_record r = record(&w, 7);

        one = (long)((record_size(&r) + 7) / 8 * 8 + 8);
    }
    for (long cut = 64 + one * (RECORDS - 1); cut <= 64 + one * RECORDS; cut++) {
        int64_t before = look(&w).logs, whole;

        leave_behind(&w, RECORDS);
        only_file(&w, path);
        zero(path, cut, file_size(path));
        open_ledger(&w);
        close_ledger(&w);
        whole = look(&w).logs - before;
        /* The last record ends in empty strings, so that its last bytes are zero anyhow. */
        CHECK(whole == RECORDS - 1 || (whole == RECORDS && cut > 64 + one * RECORDS - 32));
        charged += whole * 7;
        torn += count_files(&w, true);
    }
    log_set_level(LOG_INFO);
    CHECK(torn > 0);
    CHECK_EQ(look(&w).quota, START - charged);
    check_agrees(&w);
    world_remove(&w);
}

TEST(a_file_with_a_damaged_head_is_kept_and_does_not_stop_the_start)
{
    struct world w;
    char path[PATH_BYTES];
    FILE *out;

    world_make(&w);
    leave_behind(&w, 3);
    only_file(&w, path);
    out = fopen(path, "r+b");
    fseek(out, 20, SEEK_SET);
    fputc('x', out);
    fclose(out);
    open_ledger(&w);
    close_ledger(&w);
    check_charged(&w, 0, 0);
    CHECK_EQ(count_files(&w, false), 1); /* ....log.damaged */
    world_remove(&w);
}

/* The process was killed while it wrote the head: no record can stand behind it. */
TEST(a_file_whose_head_was_only_begun_is_none)
{
    enum { HEAD_BYTES = 64, STEP = 8 };
    struct world w;
    char path[PATH_BYTES];

    world_make(&w);
    for (long written = 0; written < HEAD_BYTES - STEP; written += STEP) {
        leave_behind(&w, 0);
        only_file(&w, path);
        zero(path, written, file_size(path));
        open_ledger(&w);
        close_ledger(&w);
        check_no_files(&w);
    }
    world_remove(&w);
}

TEST(records_behind_a_head_that_is_gone_are_kept)
{
    struct world w;
    char path[PATH_BYTES];

    world_make(&w);
    leave_behind(&w, 3);
    only_file(&w, path);
    zero(path, 0, 64);
    open_ledger(&w);
    close_ledger(&w);
    check_charged(&w, 0, 0);
    CHECK_EQ(count_files(&w, false), 1); /* ....log.damaged */
    world_remove(&w);
}

TEST(a_folder_belongs_to_one_ledger)
{
    struct world w;
    struct ledger *first;
    struct err err = {.msg = ""};

    world_make(&w);
    open_ledger(&w);
    first = w.ledger;
    CHECK_EQ(try_open(&w, &err), ERR_IO);
    CHECK(strstr(err.msg, "in use by another process"));
    CHECK(w.ledger == NULL);
    w.ledger = first;
    close_ledger(&w);
    world_remove(&w);
}

/* ---- a process that is killed ---- */

/* Appends for ever, telling of each record after it. A check that fails ends the process: the next
 * test is the parent's. */
static void child(struct world *w, int report_fd)
{
    uint32_t one = 1;

    setenv("CMOCKA_TEST_ABORT", "1", 1);
    w->db = w->log_db = store_fixture_reopen(w->path);
    open_ledger(w);
    for (unsigned i = 0;; i++) {
        charge(w, i % w->journals, 7);
        if (write(report_fd, &one, 1) != 1)
            _exit(1);
    }
}

static int64_t read_all(int fd)
{
    char bytes[4096];
    int64_t n = 0;
    ssize_t got;

    while ((got = read(fd, bytes, sizeof bytes)) > 0)
        n += got;
    return n;
}

/* Starts a child, kills it after a random while; returns how many records it told of. */
static int64_t run_and_kill(struct world *w)
{
    int fds[2];
    pid_t pid;
    int64_t told;

    assert_int_equal(pipe(fds), 0);
    db_close(w->db);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        child(w, fds[1]);
    }
    close(fds[1]);
    char first;
    assert_int_equal(read(fds[0], &first, 1), 1); /* it is at work */
    usleep((useconds_t)random_below(150000));
    kill(pid, SIGKILL);
    told = 1 + read_all(fds[0]);
    close(fds[0]);
    waitpid(pid, NULL, 0);
    w->db = w->log_db = store_fixture_reopen(w->path);
    return told;
}

TEST(a_killed_process_loses_no_record_and_charges_none_twice)
{
    struct world w;
    int64_t before = 0, told, now;

    world_make(&w);
    w.journals = 2;
    for (int i = 0; i < 10; i++) {
        told = run_and_kill(&w);
        open_ledger(&w);
        now = look(&w).logs;
        /* It may have died between appending and telling. */
        CHECK(now - before == told || now - before == told + 1);
        before = now;
        CHECK_EQ(look(&w).quota, START - 7 * now);
        CHECK_EQ(look(&w).requests, now);
        check_agrees(&w);
        close_ledger(&w);
        check_no_files(&w);
    }
    CHECK_EQ(look(&w).positions, 0);
    world_remove(&w);
}

/* ---- databases that are elsewhere, or away ---- */

TEST(logs_in_a_database_of_their_own_are_exact_by_themselves)
{
    struct world w;
    struct db_conn *c;
    struct state s;

    world_make(&w);
    w.log_db = store_fixture_open(w.log_path);
    open_ledger(&w);
    for (int i = 0; i < 20; i++)
        charge(&w, 0, 3);
    CHECK(ledger_flush(w.ledger, PATIENCE_MS));
    c = away(w.db); /* the log rows get in, the money waits */
    for (int i = 0; i < 20; i++)
        charge(&w, 0, 3);
    while (look(&w).logs < 40)
        usleep(10000);
    s = look(&w);
    CHECK_EQ(s.logs, 40);
    CHECK_EQ(s.requests, 20);
    db_release(c);
    CHECK(ledger_flush(w.ledger, PATIENCE_MS));
    check_charged(&w, 40, 120);
    CHECK_EQ(number(w.db, "SELECT COUNT(*) FROM logs"), 0);
    check_agrees(&w);
    close_ledger(&w);
    CHECK_EQ(number(w.log_db, UNFINISHED), 0);
    world_remove(&w);
}

TEST(with_the_database_away_records_wait_and_are_then_applied_once)
{
    struct world w;
    struct db_conn *c;

    world_make_hasty(&w);
    clock_manual_init(&w.clock, (int64_t)(NOW_S + 42) * 1000000);
    open_ledger(&w);
    c = away(w.db);
    for (int i = 0; i < 1500; i++)
        charge(&w, 0, 2);
    CHECK(!ledger_flush(w.ledger, 300));
    while (ledger_lag_s(w.ledger) != 42) /* it may wait for the database with another wish first */
        usleep(10000);
    db_release(c);
    CHECK(ledger_flush(w.ledger, PATIENCE_MS));
    CHECK_EQ(ledger_lag_s(w.ledger), 0);
    check_charged(&w, 1500, 3000);
    close_ledger(&w);
    world_remove(&w);
}

/* A loop that had to make its next file itself would do so in the middle of a call. */
TEST(the_next_file_is_made_ahead_also_while_the_database_is_away)
{
    struct world w;
    struct db_conn *c;

    world_make_hasty(&w);
    clock_manual_init(&w.clock, (int64_t)(NOW_S + 42) * 1000000);
    open_ledger(&w);
    c = away(w.db);
    charge(&w, 0, 2);
    while (ledger_lag_s(w.ledger) != 42)
        usleep(10000);
    CHECK_EQ(count_files(&w, false), 1);
    while (journal_written(ledger_journal(w.ledger, 0)) < w.segment_bytes * 5 / 8)
        charge(&w, 0, 2);
    while (count_files(&w, false) < 2)
        usleep(10000);
    CHECK_EQ(count_files(&w, false), 2);
    db_release(c);
    close_ledger(&w);
    check_agrees(&w);
    world_remove(&w);
}

/* The rival holds the token and then wants the user, whom the ledger's batch holds; it has changed
 * more rows, so that the batch is the one to give way. Only MySQL tells who waits for whom. */
TEST(a_batch_that_gives_way_in_a_deadlock_is_applied_at_once)
{
    struct db_conn *rival;
    struct world w;

    if (store_fixture_kind() != DB_MYSQL)
        skip();
    world_make(&w);
    w.metrics = metrics_new();
    open_ledger(&w);
    rival = writer(w.db);
    CHECK_EQ(db_begin(rival, NULL), ERR_OK);
    CHECK_EQ(db_exec(rival, NULL, NULL, "UPDATE tokens SET name = 'locked'"), ERR_OK);
    CHECK_EQ(db_exec(rival, NULL, NULL,
                     "INSERT INTO logs (created_at, type, quota) WITH RECURSIVE n(i) AS"
                     " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
                     " SELECT 1000, 1, 0 FROM n"),
             ERR_OK);
    charge(&w, 0, 3);
    /* The table is read anew only when nobody has asked for a tenth of a second. */
    while (number(w.db, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state ="
                        " 'LOCK WAIT' AND trx_query LIKE 'UPDATE _tokens_ SET _remain%'") == 0)
        usleep(150000);
    CHECK_EQ(db_exec(rival, NULL, NULL, "UPDATE users SET display_name = 'x'"), ERR_OK);
    CHECK_EQ(db_exec(rival, NULL, NULL, "DELETE FROM logs WHERE type = 1"), ERR_OK);
    CHECK_EQ(db_commit(rival, NULL), ERR_OK);
    db_release(rival);
    CHECK(ledger_flush(w.ledger, PATIENCE_MS));
    check_charged(&w, 1, 3);
    CHECK_EQ(metrics_read(w.metrics, METRIC_DB_ERRORS, 0), 0);
    close_ledger(&w);
    metrics_free(w.metrics);
    world_remove(&w);
}

/* The accounts are charged first, then the log rows cannot be written: nothing of it may stay. */
TEST(a_batch_that_fails_half_way_leaves_nothing_and_is_applied_once)
{
    struct db_conn *c;
    struct world w;

    world_make(&w);
    w.metrics = metrics_new();
    open_ledger(&w);
    c = writer(w.db);
    CHECK_EQ(db_exec(c, NULL, NULL, "ALTER TABLE logs RENAME TO logs_elsewhere"), ERR_OK);
    db_release(c);
    for (int i = 0; i < 50; i++)
        charge(&w, 0, 3);
    while (metrics_read(w.metrics, METRIC_DB_ERRORS, 0) < 2) /* the second try fails alike */
        usleep(10000);
    CHECK_EQ(number(w.db, "SELECT SUM(used_quota) FROM users"), 0);
    CHECK_EQ(number(w.db, "SELECT SUM(used_quota) FROM tokens"), 0);
    CHECK_EQ(number(w.db, "SELECT COUNT(*) FROM quota_data"), 0);
    CHECK_EQ(number(w.db, "SELECT SUM(applied) FROM yourapi_journal"), 0);
    c = writer(w.db);
    CHECK_EQ(db_exec(c, NULL, NULL, "ALTER TABLE logs_elsewhere RENAME TO logs"), ERR_OK);
    db_release(c);
    CHECK(ledger_flush(w.ledger, PATIENCE_MS));
    check_charged(&w, 50, 150);
    check_agrees(&w);
    close_ledger(&w);
    metrics_free(w.metrics);
    world_remove(&w);
}

TEST(a_ledger_closed_while_the_database_is_away_leaves_its_records_to_the_next)
{
    struct world w;
    struct db_conn *c;

    world_make_hasty(&w);
    open_ledger(&w);
    c = away(w.db);
    for (int i = 0; i < 10; i++)
        charge(&w, 0, 2);
    ledger_close(w.ledger, 0);
    balances_free(w.balances);
    db_release(c);
    open_ledger(&w);
    check_charged(&w, 10, 20);
    close_ledger(&w);
    world_remove(&w);
}

/* ---- everything at once ---- */

enum { LOOPS = 3, CALLS = 3000 };

struct loop {
    struct world *w;
    struct balance *user, *token;
    unsigned number;
    int64_t spent;
};

static void *call_often(void *arg)
{
    struct loop *l = arg;
    struct hold hold;

    for (int i = 0; i < CALLS; i++) {
        int64_t cost = (int64_t)random_below(90);

        if (balance_reserve(l->user, l->token, 50, &hold, NULL) != ERR_OK)
            continue;
        if (i % 7 == 0) { /* the call failed */
            balance_release(&hold);
            continue;
        }
        charge(l->w, l->number, cost);
        balance_settle(&hold, cost);
        l->spent += cost;
    }
    return NULL;
}

TEST(loops_that_reserve_and_settle_leave_balances_as_the_database_has_them)
{
    struct world w;
    struct loop loops[LOOPS];
    pthread_t threads[LOOPS];
    struct balance *user, *token;
    int64_t spent = 0;

    world_make(&w);
    w.journals = LOOPS;
    open_ledger(&w);
    user = balance_open_user(w.balances, w.user, START);
    token = balance_open_token(w.balances, w.token, START, false);
    for (unsigned i = 0; i < LOOPS; i++) {
        loops[i] = (struct loop){.w = &w, .user = user, .token = token, .number = i};
        CHECK_EQ(pthread_create(&threads[i], NULL, call_often, &loops[i]), 0);
    }
    for (unsigned i = 0; i < LOOPS; i++) {
        pthread_join(threads[i], NULL);
        spent += loops[i].spent;
    }
    CHECK(ledger_flush(w.ledger, PATIENCE_MS));
    CHECK_EQ(look(&w).quota, START - spent);
    CHECK_EQ(look(&w).remain, START - spent);
    CHECK_EQ(balance_available(user), START - spent);
    CHECK_EQ(balance_available(token), START - spent);
    CHECK_EQ(balance_refresh(w.balances, w.db, user, token, NULL), ERR_OK);
    CHECK_EQ(balance_available(user), START - spent);
    CHECK_EQ(balance_available(token), START - spent);
    check_agrees(&w);
    balance_put(user);
    balance_put(token);
    close_ledger(&w);
    world_remove(&w);
}

TEST(the_cost_of_a_record_is_shown)
{
    enum { RECORDS = 20000 };
    struct world w;
    uint64_t started, appended;

    world_make(&w);
    w.segment_bytes = 0;
    open_ledger(&w);
    started = clock_mono_us();
    for (int i = 0; i < RECORDS; i++)
        charge(&w, 0, 1);
    appended = clock_mono_us();
    CHECK(ledger_flush(w.ledger, PATIENCE_MS));
    print_message("  append %.2f us, apply %.2f us a record\n",
                  (double)(appended - started) / RECORDS,
                  (double)(clock_mono_us() - appended) / RECORDS);
    check_charged(&w, RECORDS, RECORDS);
    close_ledger(&w);
    world_remove(&w);
}

TEST_MAIN(records_reach_every_account_and_a_clean_end_leaves_nothing_behind,
          closing_applies_what_is_still_in_the_journals,
          the_log_of_an_imported_database_is_summed_up_in_pauses,
          each_flag_of_a_record_does_what_it_says, text_that_a_database_may_refuse_is_made_harmless,
          what_an_earlier_process_left_is_applied_once,
          replay_goes_on_behind_the_position_in_the_database,
          a_journal_that_was_finished_is_not_applied_again,
          a_journal_cut_at_any_byte_of_its_tail_replays_what_is_whole,
          a_file_with_a_damaged_head_is_kept_and_does_not_stop_the_start,
          a_file_whose_head_was_only_begun_is_none, records_behind_a_head_that_is_gone_are_kept,
          a_folder_belongs_to_one_ledger, a_killed_process_loses_no_record_and_charges_none_twice,
          logs_in_a_database_of_their_own_are_exact_by_themselves,
          with_the_database_away_records_wait_and_are_then_applied_once,
          the_next_file_is_made_ahead_also_while_the_database_is_away,
          a_batch_that_gives_way_in_a_deadlock_is_applied_at_once,
          a_batch_that_fails_half_way_leaves_nothing_and_is_applied_once,
          a_ledger_closed_while_the_database_is_away_leaves_its_records_to_the_next,
          loops_that_reserve_and_settle_leave_balances_as_the_database_has_them,
          the_cost_of_a_record_is_shown)

#include "ledger/journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/test.h"
#include "ledger/segment.h"

enum { PATH_BYTES = 256 };

struct folder {
    char path[PATH_BYTES];
};

static void folder_make(struct folder *f)
{
    snprintf(f->path, sizeof f->path, "/tmp/yourapi-journal-XXXXXX");
    assert_non_null(mkdtemp(f->path));
}

/* The number of files whose name ends so; removes them when asked to. */
static int folder_count(struct folder *f, const char *end, bool remove_them)
{
    DIR *dir = opendir(f->path);
    struct dirent *entry;
    char path[PATH_BYTES * 3];
    int n = 0;

    while ((entry = readdir(dir))) {
        if (!str_ends(str_from(entry->d_name), str_from(end)) || entry->d_name[0] == '.')
            continue;
        n++;
        snprintf(path, sizeof path, "%s/%s", f->path, entry->d_name);
        if (remove_them)
            unlink(path);
    }
    closedir(dir);
    return n;
}

static void folder_remove(struct folder *f)
{
    folder_count(f, "", true);
    rmdir(f->path);
}

static struct journal *open_in(struct folder *f, size_t segment_bytes)
{
    struct journal *j;
    struct err err = {.msg = ""};

    if (journal_open(str_from(f->path), segment_bytes, &j, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    return j;
}

static void append(struct journal *j, int64_t quota)
{
    /* Ends in bytes that are not zero, so that a cut one is another one. */
    const struct usage_record r = {.kind = RECORD_CONSUME, .quota = quota, .ip = STR("127.0.0.1")};

    CHECK_EQ(journal_append(j, &r, NULL), ERR_OK);
}

/* The next record's quota; -1: none. */
static int64_t next(struct journal *j)
{
    struct journal_mark end;
    struct usage_record r;
    struct str payload;

    if (!journal_read(j, &payload, &end))
        return -1;
    CHECK_EQ(record_decode(payload, &r, NULL), ERR_OK);
    return r.quota;
}

TEST(records_come_back_in_their_order_over_many_segments)
{
    struct folder f;
    struct journal *j;
    struct journal_mark end, last = {.position = 0};
    struct str payload;

    folder_make(&f);
    j = open_in(&f, 512); /* three records each */
    CHECK_EQ(next(j), -1);
    for (int64_t i = 0; i < 100; i++)
        append(j, i);
    CHECK(folder_count(&f, ".log", false) > 10);
    for (int64_t i = 0; i < 50; i++) {
        CHECK_EQ(next(j), i);
    }
    journal_discard(j);
    for (int64_t i = 50; i < 100; i++) {
        struct usage_record r;

        CHECK(journal_read(j, &payload, &end));
        CHECK_EQ(record_decode(payload, &r, NULL), ERR_OK);
        CHECK_EQ(r.quota, i);
        CHECK(end.position > last.position && end.journal_id == journal_id(j));
        last = end;
    }
    CHECK_EQ(next(j), -1);
    CHECK(last.position == journal_written(j));
    journal_discard(j);
    CHECK_EQ(folder_count(&f, ".log", false), 1);
    journal_close(j);
    folder_remove(&f);
}

TEST(a_record_larger_than_a_segment_gets_its_own)
{
    struct folder f;
    struct journal *j;
    char *text = mem_zalloc(5000);
    struct usage_record r = {.kind = RECORD_CONSUME, .quota = 2, .other = {text, 5000}};

    folder_make(&f);
    j = open_in(&f, 512);
    append(j, 0);
    append(j, 1);
    journal_prepare(j); /* a spare that is too small for it */
    CHECK_EQ(journal_append(j, &r, NULL), ERR_OK);
    append(j, 3);
    for (int64_t i = 0; i < 4; i++)
        CHECK_EQ(next(j), i);
    CHECK_EQ(next(j), -1);
    journal_close(j);
    folder_remove(&f);
    mem_free(text);
}

TEST(a_segment_is_made_ahead_when_the_current_one_is_half_full)
{
    struct folder f;
    struct journal *j;

    folder_make(&f);
    j = open_in(&f, 1024);
    journal_prepare(j);
    CHECK_EQ(folder_count(&f, ".log", false), 1);
    for (int64_t i = 0; i < 5; i++)
        append(j, i);
    journal_prepare(j);
    journal_prepare(j);
    CHECK_EQ(folder_count(&f, ".log", false), 2);
    journal_sync(j);
    journal_close(j);
    folder_remove(&f);
}

TEST(a_full_disk_is_an_error_and_nothing_is_lost)
{
    struct folder f;
    struct journal *j;
    struct usage_record r = {.kind = RECORD_CONSUME, .quota = 9};
    struct err err = {.msg = ""};
    int64_t n = 0;

    folder_make(&f);
    j = open_in(&f, 512);
    /* Not to be written to any more, as a full disk is not: with the folder gone. */
    folder_count(&f, ".log", true);
    rmdir(f.path);
    while (journal_append(j, &r, &err) == ERR_OK)
        n++;
    CHECK_EQ(err.code, ERR_IO);
    CHECK(n > 0);
    for (int64_t i = 0; i < n; i++)
        CHECK_EQ(next(j), 9);
    CHECK_EQ(mkdir(f.path, 0700), 0);
    append(j, 10); /* the disk is there again */
    CHECK_EQ(next(j), 10);
    journal_close(j);
    folder_remove(&f);
}

TEST(a_journal_says_that_it_fills_up_while_calls_under_way_still_find_room)
{
    struct folder f;
    struct journal *j;
    struct usage_record r = {.kind = RECORD_CONSUME, .quota = 9};

    folder_make(&f);
    j = open_in(&f, 4096);
    while (folder_count(&f, ".log", false) < 2) { /* it makes the next one itself while it can */
        CHECK(journal_has_room(j));
        append(j, 0);
    }
    folder_count(&f, ".log", true);
    rmdir(f.path);
    while (journal_has_room(j))
        append(j, 0);
    CHECK_EQ(journal_append(j, &r, NULL), ERR_OK);
    CHECK_EQ(journal_append(j, &r, NULL), ERR_OK);
    CHECK_EQ(mkdir(f.path, 0700), 0);
    CHECK(journal_has_room(j));
    journal_close(j);
    folder_remove(&f);
}

TEST(ids_are_never_used_twice)
{
    struct folder f;
    struct journal *a, *b;

    folder_make(&f);
    a = open_in(&f, 512);
    b = open_in(&f, 512);
    CHECK(journal_id(a) != journal_id(b));
    journal_close(a);
    journal_close(b);
    folder_remove(&f);
}

TEST(a_finished_journal_leaves_one_file_that_is_not_replayed)
{
    struct folder f;
    struct journal *j;
    char *done;

    folder_make(&f);
    j = open_in(&f, 512);
    for (int64_t i = 0; i < 20; i++)
        append(j, i);
    while (next(j) >= 0)
        ;
    journal_prepare(j);
    journal_discard(j);
    done = journal_finish(j);
    CHECK_EQ(folder_count(&f, ".log", false), 0);
    CHECK_EQ(folder_count(&f, ".log.done", false), 1);
    CHECK_EQ(unlink(done), 0);
    mem_free(done);
    folder_remove(&f);
}

/* ---- a reader beside the writer ---- */

enum { MANY = 20000 };

static void *write_many(void *arg)
{
    for (int64_t i = 0; i < MANY; i++)
        append(arg, i);
    return NULL;
}

TEST(a_reader_beside_the_writer_sees_every_record_once)
{
    struct folder f;
    struct journal *j;
    pthread_t writer;
    int64_t want = 0, got;

    folder_make(&f);
    j = open_in(&f, 4096);
    CHECK_EQ(pthread_create(&writer, NULL, write_many, j), 0);
    while (want < MANY) {
        got = next(j);
        if (got < 0) {
            journal_prepare(j);
            journal_discard(j);
            continue;
        }
        CHECK_EQ(got, want++);
    }
    pthread_join(writer, NULL);
    CHECK_EQ(next(j), -1);
    journal_close(j);
    folder_remove(&f);
}

/* ---- damage ---- */

static int records_in(struct folder *f, struct str name, enum segment_result *end)
{
    struct segment *s;
    struct str payload;
    size_t at = SEGMENT_HEAD;
    int n = 0;

    if (segment_open(str_from(f->path), name, &s, NULL) != ERR_OK)
        return -1;
    while ((*end = segment_read(s, &at, &payload)) == SEGMENT_RECORD)
        n++;
    segment_close(s, false);
    return n;
}

/* The journal's one file, its name and content. */
static struct str slurp(struct folder *f, char name[PATH_BYTES], char path[PATH_BYTES * 2])
{
    DIR *dir = opendir(f->path);
    struct dirent *entry;
    struct stat status;
    char *bytes;
    int fd;

    CHECK(dir != NULL);
    while ((entry = readdir(dir)) && entry->d_name[0] == '.')
        ;
    CHECK(entry != NULL);
    snprintf(name, PATH_BYTES, "%s", entry->d_name);
    closedir(dir);
    snprintf(path, PATH_BYTES * 2, "%s/%s", f->path, name);
    fd = open(path, O_RDONLY);
    CHECK(fd >= 0 && fstat(fd, &status) == 0);
    bytes = mem_alloc((size_t)status.st_size);
    CHECK_EQ(read(fd, bytes, (size_t)status.st_size), status.st_size);
    close(fd);
    return str_make(bytes, (size_t)status.st_size);
}

static void spill(const char *path, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_TRUNC);

    CHECK(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
    close(fd);
}

TEST(a_tail_that_was_torn_at_any_byte_never_gives_a_wrong_record)
{
    struct folder f;
    struct journal *j;
    char name[PATH_BYTES], path[PATH_BYTES * 2], *copy;
    struct str whole;
    enum segment_result end;
    size_t tail;

    folder_make(&f);
    j = open_in(&f, 1024);
    for (int64_t i = 0; i < 4; i++)
        append(j, i);
    tail = (size_t)journal_written(j);
    journal_close(j);
    whole = slurp(&f, name, path);
    CHECK_EQ(records_in(&f, str_from(name), &end), 4);
    CHECK_EQ(end, SEGMENT_END);
    copy = mem_alloc(whole.n);
    for (size_t cut = SEGMENT_HEAD; cut < tail; cut++) {
        int n;

        /* What is behind the cut never reached the disk. */
        memcpy(copy, whole.p, whole.n);
        memset(copy + cut, 0, whole.n - cut);
        spill(path, copy, whole.n);
        n = records_in(&f, str_from(name), &end);
        CHECK(n >= 0 && n <= (int)((cut - SEGMENT_HEAD) * 4 / (tail - SEGMENT_HEAD)) + 1);
        CHECK(n < 4 || cut > tail - 8); /* padding may be cut off */
        /* One byte is another one. */
        memcpy(copy, whole.p, whole.n);
        copy[cut] = (char)(copy[cut] ^ 0x55);
        spill(path, copy, whole.n);
        n = records_in(&f, str_from(name), &end);
        CHECK(n >= 0 && n <= 4);
        CHECK(n < 4 || memcmp(copy + cut, "\x55", 1) == 0); /* padding again */
    }
    mem_free(copy);
    mem_free((char *)(uintptr_t)whole.p);
    folder_remove(&f);
}

TEST(a_damaged_head_is_refused)
{
    struct folder f;
    char name[PATH_BYTES], path[PATH_BYTES * 2], *copy;
    struct str whole;
    enum segment_result end;

    folder_make(&f);
    journal_close(open_in(&f, 512));
    whole = slurp(&f, name, path);
    copy = mem_alloc(whole.n);
    for (size_t at = 0; at < 48; at++) {
        memcpy(copy, whole.p, whole.n);
        copy[at] = (char)(copy[at] ^ 1);
        spill(path, copy, whole.n);
        CHECK_EQ(records_in(&f, str_from(name), &end), -1);
    }
    spill(path, whole.p, whole.n - 8); /* shorter than it says */
    CHECK_EQ(records_in(&f, str_from(name), &end), -1);
    mem_free(copy);
    mem_free((char *)(uintptr_t)whole.p);
    folder_remove(&f);
}

TEST(only_names_of_ours_are_journals)
{
    uint64_t id, seq;

    CHECK(segment_parse_name(STR("00000000000000ff-00000007.log"), &id, &seq));
    CHECK_EQ(id, 255);
    CHECK_EQ(seq, 7);
    CHECK(!segment_parse_name(STR("00000000000000ff-00000007.log.torn"), &id, &seq));
    CHECK(!segment_parse_name(STR("ff-7.log"), &id, &seq));
    CHECK(!segment_parse_name(STR("00000000000000fg-00000007.log"), &id, &seq));
    CHECK(!segment_parse_name(STR("lock"), &id, &seq));
    CHECK(!segment_parse_name(STR(".log"), &id, &seq));
}

TEST_MAIN(records_come_back_in_their_order_over_many_segments,
          a_record_larger_than_a_segment_gets_its_own,
          a_segment_is_made_ahead_when_the_current_one_is_half_full,
          a_full_disk_is_an_error_and_nothing_is_lost,
          a_journal_says_that_it_fills_up_while_calls_under_way_still_find_room,
          ids_are_never_used_twice, a_finished_journal_leaves_one_file_that_is_not_replayed,
          a_reader_beside_the_writer_sees_every_record_once,
          a_tail_that_was_torn_at_any_byte_never_gives_a_wrong_record, a_damaged_head_is_refused,
          only_names_of_ours_are_journals)

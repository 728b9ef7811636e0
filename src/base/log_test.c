#include "base/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/test.h"
#include "base/text.h"

/* A log into a fresh folder, stderr into a file beside it, so that what was written can be read. */
struct capture {
    char dir[64], stderr_path[96], out[65536];
    int real_stderr;
};

static void capture_begin(struct capture *c, enum log_form form, enum log_level level)
{
    snprintf(c->dir, sizeof c->dir, "/tmp/log_test.XXXXXX");
    CHECK(mkdtemp(c->dir) != NULL);
    snprintf(c->stderr_path, sizeof c->stderr_path, "%s/stderr", c->dir);
    int fd = open(c->stderr_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    c->real_stderr = dup(STDERR_FILENO);
    CHECK(fd >= 0 && c->real_stderr >= 0);
    CHECK_EQ(log_open(c->dir, form, level, NULL), ERR_OK);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

static size_t append_file(const char *path, char *out, size_t n, size_t cap)
{
    FILE *f = fopen(path, "r");

    CHECK(f != NULL);
    n += fread(out + n, 1, cap - n, f);
    fclose(f);
    return n;
}

/* Removes the folder; returns the content of its log files and checks that stderr got as much (the
 * same, unless files were begun anew or threads raced). `*files` is their number. */
static struct str capture_end(struct capture *c, int *files)
{
    static char seen[sizeof c->out];
    struct dirent **entries;
    char path[512];
    size_t n = 0;

    dup2(c->real_stderr, STDERR_FILENO);
    close(c->real_stderr);
    log_close();
    *files = 0;
    size_t on_stderr = append_file(c->stderr_path, seen, 0, sizeof seen);
    int count = scandir(c->dir, &entries, NULL, NULL);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", c->dir, entries[i]->d_name);
        if (str_starts(str_from(entries[i]->d_name), STR("oneapi-"))) {
            n = append_file(path, c->out, n, sizeof c->out);
            (*files)++;
        }
        unlink(path);
        free(entries[i]);
    }
    free(entries);
    CHECK_EQ(rmdir(c->dir), 0);
    CHECK_EQ(on_stderr, n);
    CHECK(*files > 1 || memcmp(seen, c->out, n) == 0);
    return str_make(c->out, n);
}

static void check_time(struct str s)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ";

    CHECK(s.n >= sizeof shape - 1);
    for (size_t i = 0; i < sizeof shape - 1; i++)
        CHECK(shape[i] == 'd' ? s.p[i] >= '0' && s.p[i] <= '9' : s.p[i] == shape[i]);
}

static const struct log_ctx full = {
    .request_id = STR_INIT("20261123abc"), .user_id = 7, .action = "reading upstream head"};

TEST(a_text_line_holds_event_values_and_context)
{
    struct capture c;
    int files;

    capture_begin(&c, LOG_TEXT, LOG_INFO);
    log_warn(&full, "channel.failed", "channel=%d status=%d", 3, 500);
    log_info(NULL, "server.started", "%s", "");
    struct str text = capture_end(&c, &files), first = str_cut(&text, '\n');
    check_time(first);
    CHECK_STR(str_skip(first, 24), " WARN channel.failed channel=3 status=500 request=20261123abc"
                                   " user=7 doing=\"reading upstream head\"");
    check_time(text);
    CHECK_STR(str_skip(text, 24), " INFO server.started\n");
    CHECK_EQ(files, 1);
}

TEST(a_json_line_holds_the_same_facts)
{
    struct capture c;
    int files;

    capture_begin(&c, LOG_JSON, LOG_INFO);
    log_error(&full, "db.failed", "text=\"%s\"", "a\\b");
    struct str text = capture_end(&c, &files);
    CHECK(str_starts(text, STR("{\"time\":\"")));
    check_time(str_skip(text, 9));
    CHECK_STR(str_skip(text, 33), "\",\"level\":\"error\",\"event\":\"db.failed\","
                                  "\"request\":\"20261123abc\",\"user\":7,"
                                  "\"action\":\"reading upstream head\","
                                  "\"msg\":\"text=\\\"a\\\\b\\\"\"}\n");
}

TEST(a_line_stays_one_line_whatever_the_value_holds)
{
    static const char nasty[] = "a\nb\r\tc\x1b[2J\x7f\xc2\x9b\xff\xe4\xbd\xa0";
    struct capture c;
    int files;

    capture_begin(&c, LOG_TEXT, LOG_INFO);
    log_info(NULL, "x", "%s", nasty);
    CHECK_STR(str_skip(capture_end(&c, &files), 24),
              " INFO x a\\nb\\x0d\\tc\\x1b[2J\\x7f\\xc2\\x9b\\xff\xe4\xbd\xa0\n");
    capture_begin(&c, LOG_JSON, LOG_INFO);
    log_info(NULL, "x", "%s", nasty);
    CHECK(str_has(capture_end(&c, &files),
                  STR("\"msg\":\"a\\nb\\u000d\\tc\\u001b[2J\\u007f\\ufffd\\ufffd\\ufffd\xe4\xbd\xa0"
                      "\"}\n")));
}

/* Every length around the cap, of characters that are one, three and (escaped) six bytes long. */
TEST(a_long_line_is_cut_whole_and_keeps_its_context)
{
    static const char *const fill[] = {"a", "\xe4\xbd\xa0", "\x01"};
    static char value[9000];
    struct capture c;
    int files;

    for (int form = LOG_TEXT; form <= LOG_JSON; form++) {
        for (size_t i = 0; i < 3 * ARRAY_LEN(fill); i++) {
            size_t n = 0, step = strlen(fill[i % 3]);

            value[n++] = 'x';
            value[i / 3] = 'x'; /* shifts what follows by zero to two bytes */
            for (n = i / 3 + 1; n + step < sizeof value; n += step)
                memcpy(value + n, fill[i % 3], step);
            value[n] = '\0';
            capture_begin(&c, (enum log_form)form, LOG_INFO);
            log_info(&full, "long", "%s", value);
            struct str text = capture_end(&c, &files);
            CHECK(text.n > 7000 && text.n <= 8192);
            CHECK(utf8_valid(text));
            CHECK(str_has(text, STR("20261123abc")) && str_has(text, STR("...")));
            CHECK(str_ends(text, form == LOG_JSON ? STR("...\"}\n") : STR("head\"\n")));
        }
    }
}

TEST(levels_above_the_one_that_is_set_are_left_out)
{
    struct capture c;
    int files;

    capture_begin(&c, LOG_TEXT, LOG_WARN);
    log_info(NULL, "left.out", "%d", 1);
    log_debug(NULL, "left.out", "%d", 2);
    log_set_level(LOG_DEBUG);
    CHECK(log_enabled(LOG_DEBUG));
    log_debug(NULL, "kept", "%d", 3);
    log_set_level(LOG_INFO);
    CHECK(!log_enabled(LOG_DEBUG) && log_enabled(LOG_ERROR));
    struct str text = capture_end(&c, &files);
    CHECK(!str_has(text, STR("left.out")));
    CHECK(str_has(text, STR(" DEBUG kept 3\n")));
}

static void *write_lines(void *name)
{
    for (int i = 0; i < 100; i++)
        log_info(NULL, name, "line=%d", i);
    return NULL;
}

TEST(a_file_is_begun_anew_after_so_many_lines)
{
    struct capture c;
    int files;

    capture_begin(&c, LOG_TEXT, LOG_INFO);
    log_set_rotate_lines(40);
    (void)write_lines("t");
    log_set_rotate_lines(1000000);
    (void)capture_end(&c, &files);
    CHECK_EQ(files, 3);
}

TEST(no_line_is_lost_or_torn_when_threads_write_while_files_change)
{
    struct capture c;
    pthread_t threads[3];
    char names[3][8];
    int files, lines = 0;

    capture_begin(&c, LOG_TEXT, LOG_INFO);
    log_set_rotate_lines(50);
    for (int t = 0; t < 3; t++) {
        snprintf(names[t], sizeof names[t], "t%d", t);
        CHECK_EQ(pthread_create(&threads[t], NULL, write_lines, names[t]), 0);
    }
    for (int t = 0; t < 3; t++)
        pthread_join(threads[t], NULL);
    log_set_rotate_lines(1000000);
    struct str text = capture_end(&c, &files);
    CHECK(files > 1);
    for (; text.n > 0; lines++) {
        struct str line = str_cut(&text, '\n');

        check_time(line);
        CHECK(str_starts(str_skip(line, 24), STR(" INFO t")) && str_has(line, STR(" line=")));
    }
    CHECK_EQ(lines, 300);
}

TEST(a_folder_that_cannot_be_made_is_an_error)
{
    struct err err = {0};

    CHECK_EQ(log_open("/dev/null/logs", LOG_TEXT, LOG_INFO, &err), ERR_IO);
    CHECK(str_has(str_from(err.msg), STR("/dev/null/logs")));
}

TEST_MAIN(a_text_line_holds_event_values_and_context, a_json_line_holds_the_same_facts,
          a_line_stays_one_line_whatever_the_value_holds,
          a_long_line_is_cut_whole_and_keeps_its_context,
          levels_above_the_one_that_is_set_are_left_out, a_file_is_begun_anew_after_so_many_lines,
          no_line_is_lost_or_torn_when_threads_write_while_files_change,
          a_folder_that_cannot_be_made_is_an_error)

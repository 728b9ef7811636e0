/*
 * A line is put together on the stack of the caller and leaves with one write(2) for stderr and one
 * for the file, so no lock is needed: the kernel keeps appended writes whole. A new file takes the
 * place of the old one under the same descriptor number (dup2), so a thread that is just writing
 * needs to know nothing of it; the thread that wrote the last line of a file begins the next.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum { LINE_BYTES = 8192, TAIL_BYTES = 512, VALUE_BYTES = 128, ROTATE_LINES = 1000000 };

static struct {
    atomic_int level, form, fd; /* fd -1: no file */
    atomic_uint lines, rotate_lines;
    char dir[PATH_MAX]; /* absolute; written by log_open() only */
} sink = {.level = LOG_INFO, .form = LOG_TEXT, .fd = -1, .rotate_lines = ROTATE_LINES};

/* ---- putting a line together ---- */

struct line {
    char *p;
    size_t n, cap;
};

/* As much as there is room for, no character cut. */
static void add(struct line *l, struct str s)
{
    struct str fits = utf8_prefix(s, l->cap - l->n);

    if (fits.n > 0)
        memcpy(l->p + l->n, fits.p, fits.n);
    l->n += fits.n;
}

static void add_fmt(struct line *l, const char *format, ...) PRINTF_LIKE(2, 3);
static void add_fmt(struct line *l, const char *format, ...)
{
    char text[64];
    va_list args;

    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert(n >= 0 && (size_t)n < sizeof text);
    add(l, str_make(text, (size_t)n));
}

/* Bytes of the character at the front that may stand in a line as it is, or 0. Control characters
 * would break the line or command the terminal (U+0080 to U+009F do so as well); a malformed byte
 * would break the JSON. */
static size_t plain_bytes(struct str s, enum log_form form)
{
    uint8_t c = (uint8_t)s.p[0];

    if (c < 0x80)
        return c >= 0x20 && c != 0x7f && (form == LOG_TEXT || (c != '"' && c != '\\'));
    for (size_t n = 2; n <= 4 && n <= s.n; n++) {
        if (utf8_valid(str_make(s.p, n)))
            return c == 0xc2 && (uint8_t)s.p[1] < 0xa0 ? 0 : n;
    }
    return 0;
}

static void add_escape(struct line *l, char c, enum log_form form)
{
    if (c == '"' || c == '\\')
        add_fmt(l, "\\%c", c);
    else if (c == '\n')
        add(l, STR("\\n"));
    else if (c == '\t')
        add(l, STR("\\t"));
    else if (form == LOG_TEXT)
        add_fmt(l, "\\x%02x", (uint8_t)c);
    else
        add_fmt(l, "\\u%04x", (uint8_t)c < 0x80 ? (unsigned)c : 0xfffdu);
}

/* Adds the value with what may not stand in a line escaped; "..." ends one that is cut short. */
static void add_value(struct line *l, struct str s, enum log_form form)
{
    enum { LONGEST_ESCAPE = 6, DOTS = 3 };

    while (s.n > 0) {
        size_t room = l->cap - l->n, run = 0, step;

        while (run < s.n && run + 4 + DOTS <= room && (step = plain_bytes(str_skip(s, run), form)))
            run += step;
        add(l, str_make(s.p, run));
        s = str_skip(s, run);
        if (s.n > 0 && l->cap - l->n < LONGEST_ESCAPE + DOTS) {
            add(l, STR("..."));
            return;
        }
        if (s.n > 0 && plain_bytes(s, form) == 0) {
            add_escape(l, s.p[0], form);
            s = str_skip(s, 1);
        }
    }
}

/* The same, at most VALUE_BYTES of it. */
static void add_short_value(struct line *l, struct str s, enum log_form form)
{
    struct line part = {.p = l->p + l->n, .cap = l->cap - l->n};

    if (part.cap > VALUE_BYTES)
        part.cap = VALUE_BYTES;
    add_value(&part, s, form);
    l->n += part.n;
}

static void add_time(struct line *l)
{
    int64_t now_us = clock_now_us(clock_system());
    time_t now_s = (time_t)(now_us / 1000000);
    struct tm tm;

    gmtime_r(&now_s, &tm);
    add_fmt(l, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
            tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(now_us / 1000 % 1000));
}

/* What the context adds, in the middle of a JSON line and at the end of a text line. */
static void add_ctx(struct line *l, const struct log_ctx *ctx, enum log_form form)
{
    bool json = form == LOG_JSON;

    if (!ctx)
        return;
    if (ctx->request_id.n > 0) {
        add(l, json ? STR(",\"request\":\"") : STR(" request="));
        add_short_value(l, ctx->request_id, form);
        add(l, json ? STR("\"") : STR_NULL);
    }
    if (ctx->user_id != 0)
        add_fmt(l, json ? ",\"user\":%" PRId64 : " user=%" PRId64, ctx->user_id);
    if (ctx->action) {
        add(l, json ? STR(",\"action\":\"") : STR(" doing=\""));
        add_short_value(l, str_from(ctx->action), form);
        add(l, STR("\""));
    }
}

static const char *const level_text[] = {
    [LOG_ERROR] = "ERROR", [LOG_WARN] = "WARN", [LOG_INFO] = "INFO", [LOG_DEBUG] = "DEBUG"};
static const char *const level_json[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

/* TAIL_BYTES are kept free for the context and the end of the line while the message is added. */
static void build_text(struct line *l, const struct log_ctx *ctx, enum log_level level,
                       struct str event, struct str msg)
{
    add_time(l);
    add_fmt(l, " %s ", level_text[level]);
    add_short_value(l, event, LOG_TEXT);
    if (msg.n > 0) {
        add(l, STR(" "));
        l->cap = LINE_BYTES - TAIL_BYTES;
        add_value(l, msg, LOG_TEXT);
        l->cap = LINE_BYTES;
    }
    add_ctx(l, ctx, LOG_TEXT);
    add(l, STR("\n"));
}

static void build_json(struct line *l, const struct log_ctx *ctx, enum log_level level,
                       struct str event, struct str msg)
{
    add(l, STR("{\"time\":\""));
    add_time(l);
    add_fmt(l, "\",\"level\":\"%s\",\"event\":\"", level_json[level]);
    add_short_value(l, event, LOG_JSON);
    add(l, STR("\""));
    add_ctx(l, ctx, LOG_JSON);
    add(l, STR(",\"msg\":\""));
    l->cap = LINE_BYTES - TAIL_BYTES;
    add_value(l, msg, LOG_JSON);
    l->cap = LINE_BYTES;
    add(l, STR("\"}\n"));
}

/* ---- where it goes ---- */

/* The file's name tells when it was begun, in local time; a number is added when two are begun in
 * one second. -1 and errno when it cannot be opened. */
static int open_file(void)
{
    char path[PATH_MAX + 64], stamp[32], number[16] = "";
    time_t now_s = (time_t)clock_now_s(clock_system());
    struct tm tm;

    localtime_r(&now_s, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%d%H%M%S", &tm);
    for (unsigned again = 1;; again++) {
        snprintf(path, sizeof path, "%s/oneapi-%s%s.log", sink.dir, stamp, number);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
        if (fd >= 0 || errno != EEXIST || again > 999)
            return fd;
        snprintf(number, sizeof number, "-%u", again);
    }
}

/* When the next file cannot be opened the lines go on into the old one. */
static void begin_next_file(int fd)
{
    int next = open_file();

    atomic_store(&sink.lines, 0);
    if (next < 0) {
        dprintf(STDERR_FILENO, "log: cannot begin a new file in %s: %s\n", sink.dir,
                strerror(errno));
        return;
    }
    dup3(next, fd, O_CLOEXEC);
    close(next);
}

/* A log that cannot be written has nobody to tell. */
static void put(int fd, const struct line *l)
{
    ssize_t ignored = write(fd, l->p, l->n);

    (void)ignored;
}

void log_write(const struct log_ctx *ctx, enum log_level level, const char *event,
               const char *format, ...)
{
    char msg[LINE_BYTES], text[LINE_BYTES];
    struct line line = {.p = text, .cap = sizeof text};
    va_list args;

    if (!log_enabled(level))
        return;
    va_start(args, format);
    int n = vsnprintf(msg, sizeof msg, format, args);
    va_end(args);
    size_t used = n < 0 ? 0 : (size_t)n < sizeof msg ? (size_t)n : sizeof msg - 1;
    bool json = atomic_load_explicit(&sink.form, memory_order_relaxed) == LOG_JSON;
    (json ? build_json : build_text)(&line, ctx, level, str_from(event), str_make(msg, used));

    int fd = atomic_load_explicit(&sink.fd, memory_order_relaxed);
    put(STDERR_FILENO, &line);
    if (fd < 0)
        return;
    put(fd, &line);
    if (atomic_fetch_add(&sink.lines, 1) + 1 == atomic_load(&sink.rotate_lines))
        begin_next_file(fd);
}

enum err_code log_open(const char *dir, enum log_form form, enum log_level level, struct err *err)
{
    atomic_store(&sink.form, form);
    log_set_level(level);
    if (!dir || !*dir)
        return ERR_OK;
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return err_set(err, ERR_IO, "cannot make the log folder %s: %s", dir, strerror(errno));
    if (!realpath(dir, sink.dir))
        return err_set(err, ERR_IO, "cannot find the log folder %s: %s", dir, strerror(errno));
    tzset(); /* localtime_r() need not look at TZ by itself */
    int fd = open_file();
    if (fd < 0)
        return err_set(err, ERR_IO, "cannot begin a log file in %s: %s", dir, strerror(errno));
    atomic_store(&sink.lines, 0);
    atomic_store(&sink.fd, fd);
    return ERR_OK;
}

void log_close(void)
{
    int fd = atomic_exchange(&sink.fd, -1);

    if (fd >= 0)
        close(fd);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&sink.level, level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&sink.level, memory_order_relaxed);
}

void log_set_rotate_lines(unsigned lines)
{
    atomic_store(&sink.rotate_lines, lines);
}

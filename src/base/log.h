/*
 * log - structured log: one event name and key=value a line, as text or as JSON.
 *
 *     log_warn(&r->log, "channel.failed", "channel=%" PRId64 " status=%d", ch->id, status);
 *
 * error = a person must act; warn = we coped; info = life cycle; debug = off unless switched on.
 * Never a key, a prompt or an answer: what is secret has the type `struct secret` (secret.h), which
 * no format takes. Any thread; a line is one write(2). The sink is one of the few process-wide
 * states (docs/architecture.md lists them).
 */
#pragma once
#include "base/attr.h"
#include "base/err.h"
#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_form { LOG_TEXT, LOG_JSON };

/* What is added to each line. Plain value, borrowed members; a NULL context adds nothing. */
struct log_ctx {
    struct str request_id; /* "" is left out */
    int64_t user_id;       /* 0 is left out */
    const char *action;    /* what is being done ("reading upstream head"), NULL is left out */
};

/* From main, before threads. `dir` NULL or "" = stderr only; otherwise the file
 * oneapi-YYYYMMDDHHMMSS.log in it as well, begun anew after 1,000,000 lines (options reference,
 * section 4). */
MUST_CHECK enum err_code log_open(const char *dir, enum log_form form, enum log_level level,
                                  struct err *err);
/* From main, after the threads have ended; stderr stays. */
void log_close(void);
void log_set_level(enum log_level level); /* any thread, any time */
bool log_enabled(enum log_level level);
/* Lines after which a file is begun anew, for tests; 1,000,000 unless told. */
void log_set_rotate_lines(unsigned lines);

/*
 * `event` is a name like "channel.failed", `format` gives key=value pairs and may be "%s" with "".
 * Both are capped (128 bytes; the whole line 8 KB) and what would break the line (control
 * characters, malformed UTF-8) is escaped. The lines:
 *
 *     2026-11-23T10:00:00.123Z WARN channel.failed channel=3 status=500 request=R user=1 doing="A"
 *     {"time":"...","level":"warn","event":"...","request":"R","user":1,"action":"A","msg":"..."}
 */
void log_write(const struct log_ctx *ctx, enum log_level level, const char *event,
               const char *format, ...) PRINTF_LIKE(4, 5);
#define log_error(ctx, event, ...) log_write((ctx), LOG_ERROR, (event), __VA_ARGS__)
#define log_warn(ctx, event, ...)  log_write((ctx), LOG_WARN, (event), __VA_ARGS__)
#define log_info(ctx, event, ...)  log_write((ctx), LOG_INFO, (event), __VA_ARGS__)
#define log_debug(ctx, event, ...)                                                                 \
    do {                                                                                           \
        if (log_enabled(LOG_DEBUG))                                                                \
            log_write((ctx), LOG_DEBUG, (event), __VA_ARGS__);                                     \
    } while (0)

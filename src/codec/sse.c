/*
 * Two ways through a chunk. read_whole() serves the common case, events that lie whole in it: it
 * only moves slices. What it cannot give out (the event goes on in the next chunk, or has several
 * data lines) it leaves untouched for read_kept(), which copies the lines that matter into `kept`
 * and, when the blank line comes, reads them from there. Each byte is looked at twice at most.
 */
#include "codec/sse.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Bytes before the first CR or LF; s.n when there is none. */
static inline size_t line_bytes(struct str s)
{
    size_t at = 0;

#if defined(__SSE2__)
    const __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n');

    for (; s.n - at >= 16; at += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(s.p + at));
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(x, cr), _mm_cmpeq_epi8(x, lf));
        int mask = _mm_movemask_epi8(hit);

        if (mask != 0)
            return at + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    while (at < s.n && s.p[at] != '\n' && s.p[at] != '\r')
        at++;
    return at;
}

/* ---- fields ---- */

enum field { FIELD_NONE, FIELD_DATA, FIELD_EVENT, FIELD_ID, FIELD_RETRY };

/* True when the line is the field `name`, alone or with a colon; `*value` is what follows the colon
 * and one space. */
static inline bool field_is(struct str line, struct str name, struct str *value)
{
    if (line.n < name.n || memcmp(line.p, name.p, name.n) != 0)
        return false;
    if (line.n > name.n && line.p[name.n] != ':')
        return false;
    size_t skip = line.n > name.n ? name.n + 1 : name.n;
    if (skip < line.n && line.p[skip] == ' ')
        skip++;
    *value = str_make(line.p + skip, line.n - skip);
    return true;
}

static inline enum field field_of(struct str line, struct str *value)
{
    if (field_is(line, STR("data"), value))
        return FIELD_DATA;
    if (line.n == 0 || line.p[0] == ':')
        return FIELD_NONE;
    if (field_is(line, STR("event"), value))
        return FIELD_EVENT;
    if (field_is(line, STR("id"), value))
        return memchr(value->p, '\0', value->n) ? FIELD_NONE : FIELD_ID;
    return field_is(line, STR("retry"), value) ? FIELD_RETRY : FIELD_NONE;
}

static void set_field(struct sse_event *ev, enum field field, struct str value)
{
    uint64_t ms;

    switch (field) {
    case FIELD_EVENT:
        ev->type = value;
        return;
    case FIELD_ID:
        ev->id = value;
        return;
    case FIELD_RETRY:
        if (str_to_u64(value, &ms) && ms <= INT64_MAX)
            ev->retry_ms = (int64_t)ms;
        return;
    case FIELD_DATA:
    case FIELD_NONE:
        return;
    }
}

/* ---- the reader ---- */

static const struct sse_event no_event = {.retry_ms = -1};

void sse_init(struct sse *d, size_t limit_bytes)
{
    *d = (struct sse){0};
    sb_init(&d->kept, limit_bytes);
    sb_init(&d->joined, limit_bytes);
}

static void forget(struct sse *d)
{
    sb_fini(&d->kept);
    sb_fini(&d->joined);
    d->line_at = 0;
    d->given_out = false;
}

void sse_fini(struct sse *d)
{
    forget(d);
    sse_init(d, d->kept.limit);
}

bool sse_pending(const struct sse *d)
{
    return d->kept.n > 0 && !d->given_out;
}

static enum sse_result fail(struct sse *d)
{
    forget(d);
    d->failed = true;
    return SSE_TOO_LONG;
}

/* The cap is the same however the input is cut. */
static inline bool fits(const struct sse *d, size_t kept, size_t line)
{
    return kept < d->kept.limit && line < d->kept.limit - kept;
}

/* Cuts the line of `n` bytes and its end from the front of `in`. */
static inline struct str take_line(struct sse *d, struct str *in, size_t n)
{
    struct str line = str_make(in->p, n);
    size_t step = n + 1;

    if (in->p[n] == '\r') {
        if (step == in->n)
            d->after_cr = true;
        else if (in->p[step] == '\n')
            step++;
    }
    in->p += step;
    in->n -= step;
    return line;
}

/* Gives out the next event if it lies whole in `in`; SSE_MORE leaves `in` where an event begins
 * that must be read the other way, or at its end. */
static enum sse_result read_whole(struct sse *d, struct str *in, struct sse_event *ev)
{
    struct str at = *in;
    size_t kept = 0, data_lines = 0;

    while (at.n > 0) {
        struct str value;
        size_t n = line_bytes(at);

        if (n == at.n)
            break;
        struct str line = take_line(d, &at, n);
        if (n == 0) {
            *in = at;
            if (data_lines > 0)
                return SSE_EVENT;
            *ev = no_event;
            kept = 0;
            continue;
        }
        enum field field = field_of(line, &value);
        if (field == FIELD_DATA && data_lines++ > 0)
            break;
        if (!fits(d, kept, n))
            return fail(d);
        if (field == FIELD_DATA)
            ev->data = value;
        else
            set_field(ev, field, value);
        kept += field != FIELD_NONE ? n + 1 : 0;
    }
    d->after_cr = false; /* read_kept() takes these lines again */
    *ev = no_event;
    return SSE_MORE;
}

/* Reads the whole lines of `kept`; several data lines are joined in `joined`. */
static enum sse_result give_out(struct sse *d, struct sse_event *ev)
{
    struct str rest = str_make(d->kept.p, d->line_at), value;
    size_t data_lines = 0;

    while (rest.n > 0) {
        enum field field = field_of(str_cut(&rest, '\n'), &value);

        if (field != FIELD_DATA) {
            set_field(ev, field, value);
            continue;
        }
        if (data_lines == 1)
            sb_add(&d->joined, ev->data);
        if (data_lines > 0) {
            sb_add_char(&d->joined, '\n');
            sb_add(&d->joined, value);
        }
        ev->data = data_lines++ > 0 ? sb_str(&d->joined) : value;
    }
    if (data_lines == 0) {
        forget(d);
        *ev = no_event;
        return SSE_MORE;
    }
    d->given_out = true;
    return SSE_EVENT;
}

/* Takes in a line that is now whole and lies in the chunk or, if it was cut, at the end of `kept`.
 */
static void keep_line(struct sse *d, struct str line)
{
    bool cut = d->kept.n > d->line_at;
    struct str value;

    if (field_of(line, &value) == FIELD_NONE) {
        d->kept.n = d->line_at;
        if (d->kept.n == 0)
            forget(d);
        return;
    }
    if (!cut)
        sb_add(&d->kept, line);
    sb_add_char(&d->kept, '\n');
    d->line_at = d->kept.n;
}

/* The line in one piece: in the chunk, or joined to what `kept` has of it. */
static struct str whole_line(struct sse *d, struct str part)
{
    if (d->kept.n == d->line_at)
        return part;
    sb_add(&d->kept, part);
    return str_make(d->kept.p + d->line_at, d->kept.n - d->line_at);
}

static enum sse_result read_kept(struct sse *d, struct str *in, struct sse_event *ev)
{
    while (in->n > 0) {
        size_t n = line_bytes(*in);

        if (n == in->n) {
            sb_add(&d->kept, *in);
            *in = str_skip(*in, n);
            return sb_failed(&d->kept) ? fail(d) : SSE_MORE;
        }
        struct str line = whole_line(d, take_line(d, in, n));
        if (sb_failed(&d->kept) || (line.n > 0 && !fits(d, d->line_at, line.n)))
            return fail(d);
        if (line.n > 0)
            keep_line(d, line);
        else if (give_out(d, ev) == SSE_EVENT)
            return SSE_EVENT;
    }
    return SSE_MORE;
}

/* Drops a byte order mark at the start of the stream, however it is cut; what only began like one
 * is the beginning of a line. */
static void skip_mark(struct sse *d, struct str *in)
{
    static const char mark[] = "\xef\xbb\xbf";

    for (; d->mark < 3 && in->n > 0; *in = str_skip(*in, 1), d->mark++) {
        if (in->p[0] != mark[d->mark]) {
            sb_add(&d->kept, str_make(mark, d->mark));
            d->mark = 3;
            return;
        }
    }
}

enum sse_result sse_next(struct sse *d, struct str *in, struct sse_event *ev)
{
    *ev = no_event;
    if (UNLIKELY(d->failed))
        return SSE_TOO_LONG;
    if (d->given_out)
        forget(d);
    if (d->after_cr && in->n > 0) {
        d->after_cr = false;
        if (in->p[0] == '\n')
            *in = str_skip(*in, 1);
    }
    if (UNLIKELY(d->mark < 3))
        skip_mark(d, in);
    if (d->kept.n == 0) {
        enum sse_result rc = read_whole(d, in, ev);

        if (rc != SSE_MORE)
            return rc;
    }
    return read_kept(d, in, ev);
}

enum sse_result sse_end(struct sse *d, struct sse_event *ev)
{
    *ev = no_event;
    if (d->failed)
        return SSE_TOO_LONG;
    if (d->given_out)
        forget(d);
    if (d->kept.n > d->line_at) {
        struct str line = whole_line(d, STR_NULL);

        if (line.n > 0 && !fits(d, d->line_at, line.n))
            return fail(d);
        if (line.n > 0)
            keep_line(d, line);
    }
    return give_out(d, ev);
}

/* ---- the writers ---- */

void sse_write_data(struct sb *out, struct str data)
{
    for (;;) {
        size_t n = line_bytes(data);

        sb_add(out, STR("data: "));
        sb_add(out, str_make(data.p, n));
        sb_add_char(out, '\n');
        if (n == data.n)
            break;
        data = str_skip(data, data.p[n] == '\r' && n + 1 < data.n && data.p[n + 1] == '\n' ? n + 2
                                                                                           : n + 1);
    }
    sb_add_char(out, '\n');
}

void sse_write_event(struct sb *out, struct str type, struct str data)
{
    size_t n = line_bytes(type);

    if (n > 0) {
        sb_add(out, STR("event: "));
        sb_add(out, str_make(type.p, n));
        sb_add_char(out, '\n');
    }
    sse_write_data(out, data);
}

void sse_write_comment(struct sb *out, struct str text)
{
    sb_add(out, STR(": "));
    sb_add(out, str_make(text.p, line_bytes(text)));
    sb_add(out, STR("\n\n"));
}

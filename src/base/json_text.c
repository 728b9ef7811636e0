#include "base/json_text.h"

#include "base/json_scan.h"

enum { SHORT_BYTES = 32 };

static const struct str replacement = STR_INIT("\xEF\xBF\xBD"); /* U+FFFD */

/* ---- Unescaping ---- */

/* Writes `c` (at most U+10FFFF, no surrogate) as UTF-8 and returns its bytes. */
static size_t utf8_put(char *out, unsigned c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* The character of the \u escape at `*p`, two of them for a pair; moves `*p` behind it. */
static unsigned take_code_point(const char **p, const char *end)
{
    unsigned c = (unsigned)json_scan_hex4(*p + 2);

    *p += 6;
    if (c < 0xD800 || c > 0xDFFF)
        return c;
    if (c < 0xDC00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
        unsigned low = (unsigned)json_scan_hex4(*p + 2);

        if (low >= 0xDC00 && low <= 0xDFFF) {
            *p += 6;
            return 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        }
    }
    return 0xFFFD;
}

static char unescape_char(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    default: /* quote, backslash, slash */
        return c;
    }
}

/* Undoes the escape at `*p`, moves `*p` behind it and returns the bytes written. They are never
 * more than the escape has. */
static size_t take_escape(const char **p, const char *end, char *out)
{
    if ((*p)[1] == 'u')
        return utf8_put(out, take_code_point(p, end));
    *out = unescape_char((*p)[1]);
    *p += 2;
    return 1;
}

struct str json_text_unescape(struct arena *a, struct str inside)
{
    const char *p = inside.p, *end = p + inside.n;
    char *start = arena_alloc(a, inside.n), *out = start;

    while (p < end) {
        const char *stop = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((stop ? stop : end) - p);

        memcpy(out, p, run);
        out += run;
        p += run;
        if (p < end)
            out += take_escape(&p, end, out);
    }
    return str_make(start, (size_t)(out - start));
}

size_t json_text_unescape_some(struct str *inside, char *out, size_t room)
{
    const char *p = inside->p, *end = p + inside->n;
    size_t n = 0;

    while (p < end && room - n >= JSON_TEXT_CHAR_MAX) {
        if (*p == '\\')
            n += take_escape(&p, end, out + n);
        else
            out[n++] = *p++;
    }
    *inside = str_make(p, (size_t)(end - p));
    return n;
}

bool json_text_eq(struct str inside, struct str s)
{
    const char *p = inside.p, *end = p + inside.n;
    size_t at = 0;

    while (p < end) {
        char c[4] = {*p};
        size_t n = 1;

        if (*p == '\\')
            n = take_escape(&p, end, c);
        else
            p++;
        if (s.n - at < n || memcmp(s.p + at, c, n) != 0)
            return false;
        at += n;
    }
    return at == s.n;
}

/* ---- Quoting ---- */

static void add_escape(struct sb *sb, char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char short_form[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    unsigned u = (unsigned char)c;
    char text[6] = {'\\', 'u', '0', '0', hex[u >> 4], hex[u & 15]};

    if (u >= 0x20 || short_form[u]) {
        text[1] = c;
        if (u < 0x20)
            text[1] = short_form[u];
        sb_add(sb, str_make(text, 2));
    } else {
        sb_add(sb, str_make(text, 6));
    }
}

/* `s` is UTF-8. */
static void add_escaped(struct sb *sb, const struct json_scan *scan, struct str s)
{
    const char *p = s.p, *end = p + s.n;

    while (p < end) {
        const char *stop = scan->plain(p, end);

        sb_add(sb, str_make(p, (size_t)(stop - p)));
        if (stop == end)
            break;
        add_escape(sb, *stop);
        p = stop + 1;
    }
}

/* Text with broken bytes; the slow search is meant, see json_scan.h. */
static void add_repaired(struct sb *sb, const struct json_scan *scan, struct str s)
{
    const char *p = s.p, *end = p + s.n;

    while (p < end) {
        const char *broken = json_scan_utf8(p, end);

        add_escaped(sb, scan, str_make(p, (size_t)(broken - p)));
        if (broken == end)
            break;
        sb_add(sb, replacement);
        p = broken + 1;
    }
}

/* Is one of these eight a control character, a quote, a backslash, or not ASCII? The subtractions
 * borrow into the top bit of a byte that is too small; what they do to the bytes above it counts
 * only when there is one. */
static bool some_special(uint64_t eight)
{
    const uint64_t each = 0x0101010101010101;
    uint64_t quote = eight ^ each * '"', backslash = eight ^ each * '\\';

    return (eight | (eight - each * 0x20) | (quote - each) | (backslash - each)) & each * 0x80;
}

static bool is_plain(struct str s)
{
    uint64_t eight = 0x2020202020202020;

    if (s.n < sizeof eight) {
        if (s.n > 0)
            memcpy(&eight, s.p, s.n);
        return !some_special(eight);
    }
    for (size_t i = 0; i + sizeof eight < s.n; i += sizeof eight) {
        memcpy(&eight, s.p + i, sizeof eight);
        if (some_special(eight))
            return false;
    }
    memcpy(&eight, s.p + s.n - sizeof eight, sizeof eight);
    return !some_special(eight);
}

/* Names of members and the like: short, nothing in it to escape. */
static bool add_plain(struct sb *sb, struct str s)
{
    char *at;

    if (!is_plain(s))
        return false;
    at = sb_reserve(sb, s.n + 2);
    if (at) {
        at[0] = '"';
        if (s.n > 0)
            memcpy(at + 1, s.p, s.n);
        at[s.n + 1] = '"';
        sb->n += s.n + 2;
    }
    return true;
}

void json_text_quote(struct sb *sb, struct str s)
{
    if (s.n <= SHORT_BYTES && add_plain(sb, s))
        return;

    const struct json_scan *scan = json_scan_best();

    sb_add_char(sb, '"');
    if (s.n > 0 && scan->utf8(s.p, s.p + s.n) == s.p + s.n)
        add_escaped(sb, scan, s);
    else if (s.n > 0)
        add_repaired(sb, scan, s);
    sb_add_char(sb, '"');
}

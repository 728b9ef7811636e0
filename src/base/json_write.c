#include "base/json_write.h"

#include <float.h>
#include <math.h>

#include "base/json_scan.h"
#include "base/json_text.h"

enum { LEVELS = 64, DIGITS_MAX = 17 };

void jw_init(struct json_writer *w, struct sb *sb)
{
    *w = (struct json_writer){.sb = sb};
}

static uint64_t level_bit(const struct json_writer *w)
{
    return UINT64_C(1) << ((w->depth - 1) & (LEVELS - 1));
}

/* The comma before an element of the innermost object or array. */
static void begin_item(struct json_writer *w)
{
    if (w->depth > 0 && w->has_item & level_bit(w))
        sb_add_char(w->sb, ',');
    if (w->depth > 0)
        w->has_item |= level_bit(w);
}

static void begin_value(struct json_writer *w)
{
    if (!w->after_key) {
        assert(w->depth == 0 || w->depth > LEVELS || w->is_array & level_bit(w));
        begin_item(w);
    }
    w->after_key = false;
}

static void open_level(struct json_writer *w, bool array)
{
    begin_value(w);
    sb_add_char(w->sb, array ? '[' : '{');
    if (++w->depth > LEVELS) {
        w->sb->failed = true; /* goes on counting, so that each jw_end() still has its partner */
        return;
    }
    w->has_item &= ~level_bit(w);
    w->is_array = array ? w->is_array | level_bit(w) : w->is_array & ~level_bit(w);
}

void jw_object(struct json_writer *w)
{
    open_level(w, false);
}

void jw_array(struct json_writer *w)
{
    open_level(w, true);
}

void jw_end(struct json_writer *w)
{
    assert(w->depth > 0 && !w->after_key);
    sb_add_char(w->sb, w->is_array & level_bit(w) ? ']' : '}');
    w->depth--;
}

void jw_key(struct json_writer *w, struct str key)
{
    assert(w->depth > 0 && !w->after_key);
    assert(w->depth > LEVELS || !(w->is_array & level_bit(w)));
    begin_item(w);
    json_text_quote(w->sb, key);
    sb_add_char(w->sb, ':');
    w->after_key = true;
}

void jw_str(struct json_writer *w, struct str s)
{
    begin_value(w);
    json_text_quote(w->sb, s);
}

void jw_i64(struct json_writer *w, int64_t value)
{
    begin_value(w);
    sb_add_i64(w->sb, value);
}

/*
 * The fewest digits that read back as `value`, without the point: value = 0.DIGITS * 10^point.
 * 15 digits always survive the way through a double, 17 always suffice; only subnormal numbers,
 * which hold less, may be spelled with fewer than 15 that are not just those 15 without zeros.
 */
static size_t shortest_digits(double value, char digits[DIGITS_MAX], int *point)
{
    int first = value < DBL_MIN ? 1 : 15;
    char text[32];

    for (int n = first; n <= DIGITS_MAX; n++) {
        snprintf(text, sizeof text, "%.*e", n - 1, value);
        if (strtod(text, NULL) <= value && strtod(text, NULL) >= value)
            break;
    }
    char *e = strchr(text, 'e');
    size_t count = 0;
    for (const char *c = text; c < e; c++) {
        if (*c >= '0' && *c <= '9')
            digits[count++] = *c;
    }
    while (count > 1 && digits[count - 1] == '0')
        count--;
    *point = (int)strtol(e + 1, NULL, 10) + 1;
    return count;
}

static void add_zeros(struct sb *sb, int count)
{
    while (count-- > 0)
        sb_add_char(sb, '0');
}

/* The layout of ECMAScript's Number::toString (ECMA-262, section 6.1.6.1.20), which is also that of
 * Go's encoder: plain digits from 1e-6 to below 1e21, else an exponent. */
static void add_decimal(struct sb *sb, struct str digits, int point)
{
    int n = (int)digits.n;

    if (point > 21 || point <= -6) {
        sb_add_char(sb, digits.p[0]);
        if (n > 1)
            sb_add_char(sb, '.');
        sb_add(sb, str_skip(digits, 1));
        sb_fmt(sb, "e%+d", point - 1);
    } else if (point <= 0) {
        sb_add(sb, STR("0."));
        add_zeros(sb, -point);
        sb_add(sb, digits);
    } else {
        sb_add(sb, str_sub(digits, 0, (size_t)point));
        add_zeros(sb, point - n);
        if (point < n) {
            sb_add_char(sb, '.');
            sb_add(sb, str_skip(digits, (size_t)point));
        }
    }
}

/*
 * Prices and ratios have few places: value = i / 10^places. Both are exact doubles, so the division
 * is rounded once, and where it gives `value` back these are its shortest digits (two different
 * numbers of up to 15 digits are never the same double).
 */
static bool add_few_places(struct sb *sb, double value)
{
    double scale = 1;

    for (int places = 1; places <= 6; places++) {
        scale *= 10;
        if (value * scale >= 1e15)
            return false;
        int64_t i = (int64_t)(value * scale + 0.5);

        if ((double)i / scale < value || (double)i / scale > value)
            continue;
        char digits[24];
        int n = 0;

        for (; i > 0; i /= 10)
            digits[sizeof digits - (size_t)++n] = (char)('0' + i % 10);
        add_decimal(sb, str_make(digits + sizeof digits - n, (size_t)n), n - places);
        return true;
    }
    return false;
}

void jw_f64(struct json_writer *w, double value)
{
    char digits[DIGITS_MAX] = {0};
    int point;

    if (!isfinite(value)) {
        jw_null(w);
        return;
    }
    begin_value(w);
    if (signbit(value))
        sb_add_char(w->sb, '-');
    value = fabs(value);
    if (value < 9007199254740992.0 && value <= (double)(int64_t)value) { /* 2^53: exact */
        sb_add_i64(w->sb, (int64_t)value);
        return;
    }
    if (add_few_places(w->sb, value))
        return;
    size_t n = shortest_digits(value, digits, &point);
    add_decimal(w->sb, str_make(digits, n), point);
}

void jw_bool(struct json_writer *w, bool value)
{
    begin_value(w);
    sb_add(w->sb, value ? STR("true") : STR("false"));
}

void jw_null(struct json_writer *w)
{
    begin_value(w);
    sb_add(w->sb, STR("null"));
}

void jw_raw(struct json_writer *w, struct str json)
{
    begin_value(w);
    sb_add(w->sb, json.n > 0 ? json : STR("null"));
}

void jw_key_str(struct json_writer *w, struct str key, struct str s)
{
    jw_key(w, key);
    jw_str(w, s);
}

void jw_key_i64(struct json_writer *w, struct str key, int64_t value)
{
    jw_key(w, key);
    jw_i64(w, value);
}

void jw_key_f64(struct json_writer *w, struct str key, double value)
{
    jw_key(w, key);
    jw_f64(w, value);
}

void jw_key_bool(struct json_writer *w, struct str key, bool value)
{
    jw_key(w, key);
    jw_bool(w, value);
}

void jw_key_null(struct json_writer *w, struct str key)
{
    jw_key(w, key);
    jw_null(w);
}

void jw_key_raw(struct json_writer *w, struct str key, struct str json)
{
    jw_key(w, key);
    jw_raw(w, json);
}

/* True when the string may stand between quotes as it is. */
static bool needs_no_escape(struct str s)
{
    const struct json_scan *scan = json_scan_best();
    const char *end = s.p + s.n;

    return scan->plain(s.p, end) == end && scan->utf8(s.p, end) == end;
}

struct str json_quote(struct arena *a, struct str s)
{
    if (s.n == 0)
        return STR("\"\"");
    if (needs_no_escape(s))
        return str_concat(a, (const struct str[]){STR("\""), s, STR("\"")}, 3);

    CLEANUP(sb_finip) struct sb sb;
    sb_init(&sb, SIZE_MAX / 2);
    json_text_quote(&sb, s);
    return str_dup(a, sb_str(&sb));
}

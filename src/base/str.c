#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
    return a.n == b.n && str_starts_nocase(a, b);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
    if (s.n < prefix.n)
        return false;
    for (size_t i = 0; i < prefix.n; i++) {
        if (lower(s.p[i]) != lower(prefix.p[i]))
            return false;
    }
    return true;
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

    if (order != 0)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

ptrdiff_t str_find_char(struct str s, char c)
{
    const char *hit = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

    return hit ? hit - s.p : -1;
}

ptrdiff_t str_rfind_char(struct str s, char c)
{
    const char *hit = s.n > 0 ? memrchr(s.p, c, s.n) : NULL;

    return hit ? hit - s.p : -1;
}

ptrdiff_t str_find(struct str s, struct str needle)
{
    const char *hit;

    if (needle.n == 0)
        return 0;
    hit = s.n > 0 ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return hit ? hit - s.p : -1;
}

ptrdiff_t str_find_nocase(struct str s, struct str needle)
{
    for (size_t i = 0; i + needle.n <= s.n; i++) {
        if (str_starts_nocase(str_skip(s, i), needle))
            return (ptrdiff_t)i;
    }
    return -1;
}

struct str str_skip(struct str s, size_t n)
{
    if (n >= s.n)
        return (struct str){.p = s.p ? s.p + s.n : NULL, .n = 0};
    return (struct str){.p = s.p + n, .n = s.n - n};
}

struct str str_sub(struct str s, size_t at, size_t n)
{
    struct str rest = str_skip(s, at);

    return (struct str){.p = rest.p, .n = n < rest.n ? n : rest.n};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.n > 0 && is_space(s.p[0]))
        s = str_skip(s, 1);
    while (s.n > 0 && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct str str_trim_right_char(struct str s, char c)
{
    while (s.n > 0 && s.p[s.n - 1] == c)
        s.n--;
    return s;
}

struct str str_cut(struct str *s, char sep)
{
    struct str head = *s;
    ptrdiff_t at = str_find_char(*s, sep);

    if (at < 0) {
        *s = STR_NULL;
        return head;
    }
    head.n = (size_t)at;
    *s = str_skip(*s, head.n + 1);
    return head;
}

bool str_split_next(struct str *rest, char sep, struct str *part)
{
    *part = STR_NULL;
    while (rest->p) {
        *part = str_trim(str_cut(rest, sep));
        if (part->n > 0)
            return true;
    }
    return false;
}

bool str_to_u64(struct str s, uint64_t *out)
{
    uint64_t value = 0;

    *out = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';

        if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *out = value;
    return true;
}

bool str_to_i64(struct str s, int64_t *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    uint64_t magnitude;

    *out = 0;
    if (!str_to_u64(negative ? str_skip(s, 1) : s, &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

/* Digits, at most 15, with or without a point between them: their number and the power of ten are
 * exact doubles, so one division rounds as strtod does. */
static bool few_digits(struct str s, double *out)
{
    uint64_t number = 0;
    double scale = 0;

    if (s.n > 15)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.' && scale <= 0 && i > 0 && i + 1 < s.n) {
            scale = 1;
        } else if (s.p[i] >= '0' && s.p[i] <= '9') {
            number = number * 10 + (uint64_t)(s.p[i] - '0');
            scale *= 10;
        } else {
            return false;
        }
    }
    *out = scale > 0 ? (double)number / scale : (double)number;
    return s.n > 0;
}

bool str_to_f64(struct str s, double *out)
{
    static const char allowed[] = "0123456789+-.eE";
    char text[64]; /* strtod wants a NUL; a longer spelling of a number is not one that people write
                    */
    char *end;

    *out = 0;
    if (few_digits(s, out))
        return true;
    if (s.n == 0 || s.n >= sizeof text)
        return false;
    for (size_t i = 0; i < s.n; i++) { /* keeps hex floats, "inf", "nan" and leading spaces out */
        if (!memchr(allowed, s.p[i], sizeof allowed - 1))
            return false;
        text[i] = s.p[i];
    }
    text[s.n] = '\0';
    double value = strtod(text, &end);
    if (end != text + s.n || !isfinite(value))
        return false;
    *out = value;
    return true;
}

bool str_to_bool(struct str s, bool *out)
{
    static const struct str yes[] = {STR_INIT("1"),    STR_INIT("t"),    STR_INIT("T"),
                                     STR_INIT("true"), STR_INIT("TRUE"), STR_INIT("True")};
    static const struct str no[] = {STR_INIT("0"),     STR_INIT("f"),     STR_INIT("F"),
                                    STR_INIT("false"), STR_INIT("FALSE"), STR_INIT("False")};

    *out = false;
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (str_eq(s, yes[i])) {
            *out = true;
            return true;
        }
        if (str_eq(s, no[i]))
            return true;
    }
    return false;
}

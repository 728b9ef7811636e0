/*
 * str - borrowed byte slices.
 *
 * A `struct str` points into memory that somebody else owns and is passed by value. There is no NUL
 * at its end and NUL bytes may stand in it. `{ NULL, 0 }` is the empty slice and means "absent"
 * where a comment says so. Who returns a slice says how long it holds. All functions are pure and
 * accept empty slices; none fails but the number readers.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

struct str {
    const char *p;
    size_t n;
};

#define STR(lit) ((struct str){.p = (lit), .n = sizeof(lit) - 1})
#define STR_NULL ((struct str){.p = NULL, .n = 0})
#define STR_INIT(lit)                                                                              \
    {                                                                                              \
        .p = (lit), .n = sizeof(lit) - 1                                                           \
    }                                /* for static tables */
#define STR_ARG(s) (int)(s).n, (s).p /* for "%.*s" */

/* Slice of a C string; NULL gives the empty slice. */
static inline struct str str_from(const char *c)
{
    return (struct str){.p = c, .n = c ? strlen(c) : 0};
}

static inline struct str str_make(const char *p, size_t n)
{
    return (struct str){.p = p, .n = n};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII case is ignored in the four below that end in _nocase; other bytes compare as they are. */
bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Like memcmp: bytes as unsigned, a prefix sorts first. */
int str_cmp(struct str a, struct str b);

/* Position of the first / last `c`, or -1. */
ptrdiff_t str_find_char(struct str s, char c);
ptrdiff_t str_rfind_char(struct str s, char c);
/* Position of the first `needle`, or -1. An empty needle is found at 0. */
ptrdiff_t str_find(struct str s, struct str needle);
ptrdiff_t str_find_nocase(struct str s, struct str needle);

static inline bool str_has(struct str s, struct str needle)
{
    return str_find(s, needle) >= 0;
}

/* The slice without its first / from `at` on at most `n` bytes; past the end gives the empty slice
 * at the end. */
struct str str_skip(struct str s, size_t n);
struct str str_sub(struct str s, size_t at, size_t n);
/* Without spaces, tabs, CR and LF at both ends. */
struct str str_trim(struct str s);
/* Without `c` at the end, however often it stands there. */
struct str str_trim_right_char(struct str s, char c);

/*
 * Cuts `*s` at the first `sep`: returns what is before it and leaves in `*s` what is after it.
 * Without a `sep` the whole slice is returned and `*s` becomes STR_NULL (its p is NULL), so that
 * `while (s.p)` walks over "a,b,".
 */
struct str str_cut(struct str *s, char sep);

/* Walks over the parts of `list` between `sep`s, trimmed, leaving out the empty ones. */
#define STR_SPLIT_EACH(part, list, sep)                                                            \
    for (struct str part##_rest = (list), part; str_split_next(&part##_rest, (sep), &part);)
bool str_split_next(struct str *rest, char sep, struct str *part);

/* Decimal numbers, the whole slice, no spaces, no sign for u64; false on anything else or overflow,
 * `*out` then 0. */
MUST_CHECK bool str_to_i64(struct str s, int64_t *out);
MUST_CHECK bool str_to_u64(struct str s, uint64_t *out);
/* A JSON-like decimal number; the whole slice; false on anything else, infinity or NaN; `*out` then
 * 0. */
MUST_CHECK bool str_to_f64(struct str s, double *out);
/* What Go's strconv.ParseBool reads: 1 t T true TRUE True / 0 f F false FALSE False. */
MUST_CHECK bool str_to_bool(struct str s, bool *out);

#include "base/banned.h"

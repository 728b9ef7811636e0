/*
 * json_scan - the three loops in which reading and writing JSON spends its time, for several kinds
 * of processor.
 *
 * A kind is a const table of functions. json_scan_best() asks the processor once per call, which is
 * a load and a test, so that there is no state to set up. Pure; any thread. Nothing reads outside
 * [p, end).
 */
#pragma once
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/str.h"

#define JSON_INLINE static inline __attribute__((always_inline))

struct json_scan {
    const char *name; /* "portable", "sse2", "avx2" */

    /* `p` is behind an opening quote. Gives the closing quote, or what is wrong: a control
     * character, the backslash of a broken escape, `end` when the quote is missing. `*escaped`
     * becomes true when there is a backslash before the closing quote and is left alone otherwise;
     * on a fault it says nothing. UTF-8 is not looked at; that is what utf8() is for. */
    const char *(*string)(const char *p, const char *end, bool *escaped);

    /* First quote, backslash or control character, or `end`. */
    const char *(*plain)(const char *p, const char *end);

    /* First byte that does not begin a well-formed UTF-8 character (no overlong forms, no
     * surrogates, nothing past U+10FFFF), or `end`. May read on past it before it knows: who goes
     * on behind the byte takes json_scan_utf8(). */
    const char *(*utf8)(const char *p, const char *end);
};

const struct json_scan *json_scan_best(void);

/* The bit i is set when p[i] is a quote, a backslash or a control character, for i < 16. */
JSON_INLINE unsigned json_scan_stops16(const char *p)
{
#if defined(__SSE2__)
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control));
#else
    unsigned mask = 0;

    for (unsigned i = 0; i < 16; i++)
        mask |= (unsigned)((unsigned char)p[i] < 0x20 || p[i] == '"' || p[i] == '\\') << i;
    return mask;
#endif
}

/* The same as scan->string(), quick for short strings, as keys are. */
JSON_INLINE const char *json_scan_string(const struct json_scan *scan, const char *p,
                                         const char *end, bool *escaped)
{
    if (LIKELY(end - p >= 16)) {
        unsigned mask = json_scan_stops16(p);
        const char *at = p + (mask != 0 ? __builtin_ctz(mask) : 0);

        if (mask != 0 && *at == '"')
            return at;
        if (mask == 0)
            p += 16;
    }
    return scan->string(p, end, escaped);
}

/* For tests: the kinds that this machine can run, simplest first; NULL past the last one. */
const struct json_scan *json_scan_kind(size_t index);

/* The same as utf8() above, but stops reading where it stops. */
const char *json_scan_utf8(const char *p, const char *end);

/* Bytes of the escape at `p` (a backslash): 2, or 6 for \uXXXX; 0 when it is broken. */
size_t json_scan_escape(const char *p, const char *end);

/* Value of four hexadecimal digits, -1 when one of them is not. */
int json_scan_hex4(const char *p);

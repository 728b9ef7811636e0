/*
 * A string is scanned 64 bytes at a time: one mask has a bit for each quote, backslash and control
 * character of the block, and the escapes are taken from the mask one by one, so that text with an
 * escape in each line is not loaded anew for each of them. Processors differ only in how the mask
 * is made.
 *
 * UTF-8 is checked in a pass of its own over the whole text, because outside strings a byte above
 * 0x7F is an error anyway. ASCII is skipped by blocks; AVX2 checks the rest by three table look-ups
 * a block, elsewhere it is done character by character.
 */
#include "base/json_scan.h"

#if defined(__x86_64__) && defined(__SSE2__)
#define SCAN_X86 1
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2")))
#endif

enum { BLOCK = 64, ASCII_STEP = 128 };

/* The bit i is set when p[i] is a quote, a backslash or a control character, for i < BLOCK. */
typedef uint64_t stops_fn(const char *p);

JSON_INLINE bool is_stop(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

/* 0 to 15, or above that for what is no hexadecimal digit. */
static unsigned hex_digit(char c)
{
    unsigned digit = (unsigned)(unsigned char)c - '0';
    unsigned letter = ((unsigned)(unsigned char)c | 0x20) - 'a';

    return digit <= 9 ? digit : letter <= 5 ? letter + 10 : 16;
}

int json_scan_hex4(const char *p)
{
    unsigned a = hex_digit(p[0]), b = hex_digit(p[1]), c = hex_digit(p[2]), d = hex_digit(p[3]);

    return (a | b | c | d) > 15 ? -1 : (int)(a << 12 | b << 8 | c << 4 | d);
}

size_t json_scan_escape(const char *p, const char *end)
{
    if (end - p < 2)
        return 0;
    switch (p[1]) {
    case 'n':
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'r':
    case 't':
        return 2;
    case 'u':
        return end - p >= 6 && json_scan_hex4(p + 2) >= 0 ? 6 : 0;
    default:
        return 0;
    }
}

/* The last bytes of a text, fewer than a block. */
static const char *string_tail(const char *p, const char *end, bool *escaped)
{
    while (p < end) {
        if (!is_stop(*p)) {
            p++;
            continue;
        }
        size_t n = *p == '\\' ? json_scan_escape(p, end) : 0;
        if (n == 0)
            return p;
        *escaped = true;
        p += n;
    }
    return end;
}

JSON_INLINE const char *string_blocks(const char *p, const char *end, bool *escaped,
                                      stops_fn *stops)
{
    while (end - p >= BLOCK) {
        const char *next = p + BLOCK;
        uint64_t mask = stops(p);

        while (mask != 0) {
            const char *at = p + __builtin_ctzll(mask);
            size_t n = *at == '\\' ? json_scan_escape(at, end) : 0;

            if (n == 0)
                return at;
            *escaped = true;
            if (at + n >= next) { /* the escape ends with the block or reaches into the next */
                next = at + n;
                break;
            }
            mask &= ~UINT64_C(0) << (at + n - p);
        }
        p = next;
    }
    return string_tail(p, end, escaped);
}

JSON_INLINE const char *plain_blocks(const char *p, const char *end, stops_fn *stops)
{
    for (; end - p >= BLOCK; p += BLOCK) {
        uint64_t mask = stops(p);

        if (mask != 0)
            return p + __builtin_ctzll(mask);
    }
    while (p < end && !is_stop(*p))
        p++;
    return p;
}

/* ---- Any processor ---- */

static uint64_t stops_portable(const char *p)
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < BLOCK; i++)
        mask |= (uint64_t)is_stop(p[i]) << i;
    return mask;
}

static const char *string_portable(const char *p, const char *end, bool *escaped)
{
    return string_blocks(p, end, escaped, stops_portable);
}

static const char *plain_portable(const char *p, const char *end)
{
    return plain_blocks(p, end, stops_portable);
}

JSON_INLINE bool is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Bytes of the well-formed character at `s`, 0 when there is none. RFC 3629, section 4. */
static size_t utf8_char(const unsigned char *s, size_t left)
{
    unsigned char c = s[0];

    if (c < 0x80)
        return 1;
    if (c >= 0xE0 && c < 0xF0 && left >= 3 && is_tail(s[1]) && is_tail(s[2])) {
        bool overlong = c == 0xE0 && s[1] < 0xA0, surrogate = c == 0xED && s[1] > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    if (c >= 0xC2 && c < 0xE0 && left >= 2 && is_tail(s[1]))
        return 2;
    if (c >= 0xF0 && c < 0xF5 && left >= 4 && is_tail(s[1]) && is_tail(s[2]) && is_tail(s[3])) {
        bool overlong = c == 0xF0 && s[1] < 0x90, too_large = c == 0xF4 && s[1] > 0x8F;
        return overlong || too_large ? 0 : 4;
    }
    return 0;
}

const char *json_scan_utf8(const char *p, const char *end)
{
    while (p < end) {
        uint64_t word = 0;

        if (end - p >= 8)
            memcpy(&word, p, 8);
        if (end - p >= 8 && (word & UINT64_C(0x8080808080808080)) == 0) {
            p += 8;
            continue;
        }
        size_t n = utf8_char((const unsigned char *)p, (size_t)(end - p));
        if (n == 0)
            return p;
        p += n;
    }
    return end;
}

static const struct json_scan scan_portable = {
    .name = "portable",
    .string = string_portable,
    .plain = plain_portable,
    .utf8 = json_scan_utf8,
};

#ifdef SCAN_X86

/* ---- SSE2: every x86-64 ---- */

static inline uint64_t stops_sse2(const char *p)
{
    uint64_t low = json_scan_stops16(p) | json_scan_stops16(p + 16) << 16;
    uint64_t high = json_scan_stops16(p + 32) | json_scan_stops16(p + 48) << 16;

    return low | high << 32;
}

static const char *string_sse2(const char *p, const char *end, bool *escaped)
{
    return string_blocks(p, end, escaped, stops_sse2);
}

static const char *plain_sse2(const char *p, const char *end)
{
    return plain_blocks(p, end, stops_sse2);
}

static const char *utf8_sse2(const char *p, const char *end)
{
    while (p < end) {
        while (end - p >= 16 &&
               _mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)p)) == 0)
            p += 16;
        if (p == end)
            break;
        size_t n = utf8_char((const unsigned char *)p, (size_t)(end - p));
        if (n == 0)
            return p;
        p += n;
    }
    return end;
}

static const struct json_scan scan_sse2 = {
    .name = "sse2",
    .string = string_sse2,
    .plain = plain_sse2,
    .utf8 = utf8_sse2,
};

/* ---- AVX2 ---- */

struct block {
    __m256i low, high; /* the first and the last 32 of 64 bytes */
};

AVX2 static inline struct block load_block(const char *p)
{
    return (struct block){_mm256_loadu_si256((const __m256i *)(const void *)p),
                          _mm256_loadu_si256((const __m256i *)(const void *)(p + 32))};
}

/* A bit a byte from its top bit. */
AVX2 static inline uint64_t top_bits(struct block b)
{
    return (uint64_t)(unsigned)_mm256_movemask_epi8(b.low) |
           (uint64_t)(unsigned)_mm256_movemask_epi8(b.high) << 32;
}

AVX2 static inline uint64_t equal_bits(struct block b, char c)
{
    __m256i v = _mm256_set1_epi8(c);

    return top_bits((struct block){_mm256_cmpeq_epi8(b.low, v), _mm256_cmpeq_epi8(b.high, v)});
}

AVX2 static inline uint64_t control_bits(struct block b)
{
    __m256i v = _mm256_set1_epi8(0x1F);

    return top_bits((struct block){_mm256_cmpeq_epi8(_mm256_min_epu8(b.low, v), b.low),
                                   _mm256_cmpeq_epi8(_mm256_min_epu8(b.high, v), b.high)});
}

AVX2 static inline uint64_t stops_avx2(const char *p)
{
    struct block b = load_block(p);

    return equal_bits(b, '"') | equal_bits(b, '\\') | control_bits(b);
}

AVX2 static const char *plain_avx2(const char *p, const char *end)
{
    return plain_blocks(p, end, stops_avx2);
}

/*
 * What may stand behind a backslash, and hexadecimal digits, by two look-ups: a bit for each set of
 * characters with the same upper half, once in the table for the upper half of a byte and once for
 * each lower half in the set. A byte is in the set when the bit stands in both.
 */
enum {
    ROW_2 = 1 << 0,  /* quote and slash, 22 and 2F */
    ROW_5 = 1 << 1,  /* backslash, 5C */
    ROW_6 = 1 << 2,  /* b f n, 62 66 6E */
    ROW_7 = 1 << 3,  /* r t u, 72 74 75 */
    DIGIT = 1 << 4,  /* 30 to 39 */
    A_TO_F = 1 << 5, /* 41 to 46, 61 to 66 */
    ESCAPES = ROW_2 | ROW_5 | ROW_6 | ROW_7,
    HEX = DIGIT | A_TO_F,
};

static const uint8_t class_high[16] = {
    [2] = ROW_2, [3] = DIGIT, [4] = A_TO_F, [5] = ROW_5, [6] = ROW_6 | A_TO_F, [7] = ROW_7};
static const uint8_t class_low[16] = {
    [0x0] = DIGIT,
    [0x1] = DIGIT | A_TO_F,
    [0x2] = DIGIT | A_TO_F | ROW_2 | ROW_6 | ROW_7,
    [0x3] = DIGIT | A_TO_F,
    [0x4] = DIGIT | A_TO_F | ROW_7,
    [0x5] = DIGIT | A_TO_F | ROW_7,
    [0x6] = DIGIT | A_TO_F | ROW_6,
    [0x7] = DIGIT,
    [0x8] = DIGIT,
    [0x9] = DIGIT,
    [0xC] = ROW_5,
    [0xE] = ROW_6,
    [0xF] = ROW_2,
};

AVX2 static inline __m256i look_up(const uint8_t table[16], __m256i index)
{
    __m128i half = _mm_loadu_si128((const __m128i *)(const void *)table);

    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(half), index);
}

AVX2 static inline __m256i classes_of(__m256i v)
{
    __m256i low4 = _mm256_set1_epi8(0x0F);

    return _mm256_and_si256(look_up(class_high, _mm256_and_si256(_mm256_srli_epi16(v, 4), low4)),
                            look_up(class_low, _mm256_and_si256(v, low4)));
}

/* The bits of the bytes that are in none of `classes`. */
AVX2 static inline uint64_t outside_bits(struct block b, int classes)
{
    __m256i v = _mm256_set1_epi8((char)classes);

    b.low = _mm256_and_si256(b.low, v);
    b.high = _mm256_and_si256(b.high, v);
    return equal_bits(b, 0);
}

/* What a block leaves to the next one. */
struct carry {
    uint64_t escaped; /* 1 when the next byte stands behind a backslash */
    uint64_t hex; /* the bytes of it that must be hexadecimal digits: none, or the first 1 to 4 */
};

/*
 * The bits of the bytes that stand behind a backslash which is not itself escaped. In a run of
 * backslashes every second one escapes: adding the run's first bit to it carries to the bit behind
 * the run, and whether a run began on an odd or on an even place says which. Published by Langdale
 * and Lemire, "Parsing gigabytes of JSON per second" (2019), section 3.1.1.
 */
JSON_INLINE uint64_t escaped_bits(uint64_t backslash, struct carry *carry)
{
    const uint64_t even = UINT64_C(0x5555555555555555);
    uint64_t behind, odd_runs, ends;

    backslash &= ~carry->escaped;
    behind = backslash << 1 | carry->escaped;
    odd_runs = backslash & ~even & ~behind;
    carry->escaped = __builtin_add_overflow(odd_runs, backslash, &ends);
    return (even ^ ends << 1) & behind;
}

/* The bits of the bytes that break an escape. */
AVX2 static inline uint64_t broken_escapes(struct block b, uint64_t escaped, struct carry *carry)
{
    struct block classes = {classes_of(b.low), classes_of(b.high)};
    uint64_t u = escaped & equal_bits(b, 'u'), due = carry->hex;
    uint64_t broken = escaped & outside_bits(classes, ESCAPES);

    carry->hex = 0;
    if ((u | due) == 0)
        return broken;
    due |= u << 1 | u << 2 | u << 3 | u << 4;
    carry->hex = u >> 63 | u >> 62 | u >> 61 | u >> 60;
    return broken | (due & outside_bits(classes, HEX));
}

/* Bytes before the next block that belong to an escape which reaches into it. */
static ptrdiff_t bytes_of_escape(struct carry carry)
{
    if (carry.escaped)
        return 1;
    return carry.hex ? 6 - __builtin_popcountll(carry.hex) : 0;
}

/* Like string_blocks(), but looks at all the escapes of a block at once: how many there are differs
 * from block to block, and a loop over them ends with a wrong guess of the processor each time. */
AVX2 static const char *string_avx2(const char *p, const char *end, bool *escaped)
{
    const char *start = p;
    struct carry carry = {0, 0};

    for (; end - p >= BLOCK; p += BLOCK) {
        struct block b = load_block(p);
        uint64_t quote = equal_bits(b, '"'), backslash = equal_bits(b, '\\');
        uint64_t broken = control_bits(b);

        if ((backslash | carry.escaped | carry.hex) != 0) {
            uint64_t behind = escaped_bits(backslash, &carry);

            quote &= ~behind;
            *escaped |= (backslash & (quote - 1)) != 0;
            broken |= broken_escapes(b, behind, &carry);
        }
        if ((quote | broken) != 0) {
            if ((broken & (quote ^ (quote - 1))) != 0) /* before the quote or on it */
                return string_tail(start, end, escaped);
            return p + __builtin_ctzll(quote);
        }
    }
    return string_tail(p - bytes_of_escape(carry), end, escaped);
}

/*
 * The look-up method of Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte"
 * (2020). Whether two bytes in a row are wrong shows in the upper half of the first, its lower half
 * and the upper half of the second: each half is looked up in a table of 16 sets of faults, and a
 * fault that stands in all three sets is there. What is left, that the third and fourth byte of a
 * character are tail bytes, is seen from the bytes two and three places before.
 */
enum {
    TOO_SHORT = 1 << 0,    /* a lead without a tail */
    TOO_LONG = 1 << 1,     /* a tail behind ASCII */
    OVERLONG_3 = 1 << 2,   /* E0 80..9F */
    TOO_LARGE = 1 << 3,    /* F4 90.., F5.. 90.. */
    SURROGATE = 1 << 4,    /* ED A0.. */
    OVERLONG_2 = 1 << 5,   /* C0, C1 */
    OVERLONG_4 = 1 << 6,   /* F0 80..8F */
    TOO_LARGE_80 = 1 << 6, /* F5.. 80..8F: shares the bit, the lower half tells them apart */
    TWO_TAILS = 1 << 7,    /* not a fault where a third or fourth byte is due */
    ANY_LOW = TOO_SHORT | TOO_LONG | TWO_TAILS, /* do not depend on the lower half */
    ABOVE_F4 = ANY_LOW | TOO_LARGE | TOO_LARGE_80,
    TAIL_ANY = TOO_LONG | OVERLONG_2 | TWO_TAILS,
};

static const uint8_t first_high[16] = {
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TWO_TAILS,
    TWO_TAILS,
    TWO_TAILS,
    TWO_TAILS,
    TOO_SHORT | OVERLONG_2,
    TOO_SHORT,
    TOO_SHORT | OVERLONG_3 | SURROGATE,
    TOO_SHORT | TOO_LARGE | TOO_LARGE_80 | OVERLONG_4,
};
static const uint8_t first_low[16] = {
    ANY_LOW | OVERLONG_3 | OVERLONG_2 | OVERLONG_4,
    ANY_LOW | OVERLONG_2,
    ANY_LOW,
    ANY_LOW,
    ANY_LOW | TOO_LARGE,
    ABOVE_F4,
    ABOVE_F4,
    ABOVE_F4,
    ABOVE_F4,
    ABOVE_F4,
    ABOVE_F4,
    ABOVE_F4,
    ABOVE_F4,
    ABOVE_F4 | SURROGATE,
    ABOVE_F4,
    ABOVE_F4,
};
static const uint8_t second_high[16] = {
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TAIL_ANY | OVERLONG_3 | OVERLONG_4,
    TAIL_ANY | OVERLONG_3 | TOO_LARGE,
    TAIL_ANY | SURROGATE | TOO_LARGE,
    TAIL_ANY | SURROGATE | TOO_LARGE,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
};

/* The bytes N places before those of `v`; the first N come from the end of `before`. */
#define BYTES_BEFORE(v, before, n)                                                                 \
    _mm256_alignr_epi8((v), _mm256_permute2x128_si256((before), (v), 0x21), 16 - (n))

/* Not zero where `v`, standing behind `before`, breaks UTF-8. */
AVX2 static inline __m256i utf8_faults(__m256i v, __m256i before)
{
    __m256i low4 = _mm256_set1_epi8(0x0F);
    __m256i one = BYTES_BEFORE(v, before, 1);
    __m256i two = BYTES_BEFORE(v, before, 2);
    __m256i three = BYTES_BEFORE(v, before, 3);
    __m256i a = look_up(first_high, _mm256_and_si256(_mm256_srli_epi16(one, 4), low4));
    __m256i b = look_up(first_low, _mm256_and_si256(one, low4));
    __m256i c = look_up(second_high, _mm256_and_si256(_mm256_srli_epi16(v, 4), low4));
    __m256i pair = _mm256_and_si256(_mm256_and_si256(a, b), c);
    /* The sign bit is set where the lead two places before is E0 or more, or three before F0. */
    __m256i third = _mm256_subs_epu8(two, _mm256_set1_epi8(0xE0 - 0x80));
    __m256i fourth = _mm256_subs_epu8(three, _mm256_set1_epi8(0xF0 - 0x80));
    __m256i due = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));

    return _mm256_xor_si256(pair, due);
}

/* Two blocks at once: most text is ASCII over long stretches. */
AVX2 static inline const char *skip_ascii(const char *p, const char *end)
{
    for (; end - p >= ASCII_STEP; p += ASCII_STEP) {
        struct block a = load_block(p), b = load_block(p + BLOCK);
        __m256i all =
            _mm256_or_si256(_mm256_or_si256(a.low, a.high), _mm256_or_si256(b.low, b.high));

        if (_mm256_movemask_epi8(all) != 0)
            break;
    }
    return p;
}

AVX2 static const char *utf8_avx2(const char *p, const char *end)
{
    const char *start = p;
    __m256i before = _mm256_setzero_si256(), faults = _mm256_setzero_si256();
    bool ascii = true; /* the block before was ASCII, so that an ASCII block can be skipped */
    char rest[32] = {0};

    for (;; p += 32) {
        if (ascii)
            p = skip_ascii(p, end);
        if (end - p < 32)
            break;
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
        bool now = _mm256_movemask_epi8(v) == 0;

        if (!now || !ascii)
            faults = _mm256_or_si256(faults, utf8_faults(v, before));
        before = v;
        ascii = now;
    }
    if (p < end)
        memcpy(rest, p, (size_t)(end - p)); /* the zeros behind show a character that is cut */
    __m256i last = _mm256_loadu_si256((const __m256i *)(const void *)rest);
    faults = _mm256_or_si256(faults, utf8_faults(last, before));
    return _mm256_testz_si256(faults, faults) ? end : json_scan_utf8(start, end);
}

static const struct json_scan scan_avx2 = {
    .name = "avx2",
    .string = string_avx2,
    .plain = plain_avx2,
    .utf8 = utf8_avx2,
};

const struct json_scan *json_scan_best(void)
{
    return __builtin_cpu_supports("avx2") ? &scan_avx2 : &scan_sse2;
}

const struct json_scan *json_scan_kind(size_t index)
{
    static const struct json_scan *const kinds[] = {&scan_portable, &scan_sse2, &scan_avx2};
    size_t n = __builtin_cpu_supports("avx2") ? 3 : 2;

    return index < n ? kinds[index] : NULL;
}

#else

const struct json_scan *json_scan_best(void)
{
    return &scan_portable;
}

const struct json_scan *json_scan_kind(size_t index)
{
    return index == 0 ? &scan_portable : NULL;
}

#endif

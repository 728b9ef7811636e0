#include "base/text.h"

/* ---- UTF-8 (RFC 3629) ---- */

/* Bytes of the well-formed character at the front of `s` (not empty), or 0. */
static size_t utf8_step(struct str s)
{
    const uint8_t *p = (const uint8_t *)s.p;
    uint8_t low = 0x80, high = 0xbf; /* what the second byte may be */
    size_t n;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (p[0] == 0xe0)
        low = 0xa0; /* below: overlong */
    else if (p[0] == 0xed)
        high = 0x9f; /* above: surrogates */
    else if (p[0] == 0xf0)
        low = 0x90; /* below: overlong */
    else if (p[0] == 0xf4)
        high = 0x8f; /* above: past U+10FFFF */
    if (s.n < n || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return n;
}

/* `s` without its first `count` characters; each malformed byte is one. */
static struct str skip_characters(struct str s, size_t count)
{
    for (; count > 0 && s.n > 0; count--) {
        size_t step = utf8_step(s);

        s = str_skip(s, step ? step : 1);
    }
    return s;
}

static bool eight_are_ascii(const char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return (word & 0x8080808080808080u) == 0;
}

bool utf8_valid(struct str s)
{
    while (s.n > 0) {
        size_t step = s.n >= 8 && eight_are_ascii(s.p) ? 8 : utf8_step(s);

        if (step == 0)
            return false;
        s.p += step;
        s.n -= step;
    }
    return true;
}

struct str utf8_prefix(struct str s, size_t n)
{
    size_t at = n;

    if (s.n <= n)
        return s;
    /* Back to the start of the character that byte n belongs to; four bytes are the longest. */
    while (at > 0 && n - at < 3 && ((uint8_t)s.p[at] & 0xc0) == 0x80)
        at--;
    if (at < n && utf8_step(str_skip(s, at)) <= n - at)
        at = n; /* malformed, or it ends before: nothing is cut here */
    return str_make(s.p, at);
}

size_t utf8_count(struct str s)
{
    size_t count = 0;

    for (; s.n > 0; count++)
        s = skip_characters(s, 1);
    return count;
}

/* ---- base64 ---- */

static struct str encode64(struct arena *a, struct str bytes, const char *letters, bool pad)
{
    const uint8_t *in = (const uint8_t *)bytes.p;
    char *out = arena_alloc(a, bytes.n / 3 * 4 + 5);
    size_t n = 0, at = 0;

    for (; bytes.n - at >= 3; at += 3) {
        uint32_t w = (uint32_t)in[at] << 16 | (uint32_t)in[at + 1] << 8 | in[at + 2];

        for (int shift = 18; shift >= 0; shift -= 6)
            out[n++] = letters[w >> shift & 63];
    }
    size_t rest = bytes.n - at;
    if (rest > 0) {
        uint32_t w = (uint32_t)in[at] << 16 | (rest > 1 ? (uint32_t)in[at + 1] << 8 : 0);

        for (size_t i = 0; i <= rest; i++)
            out[n++] = letters[w >> (18 - 6 * i) & 63];
        for (size_t i = rest; pad && i < 3; i++)
            out[n++] = '=';
    }
    out[n] = '\0';
    return str_make(out, n);
}

#define ALNUM64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

struct str base64_encode(struct arena *a, struct str bytes)
{
    return encode64(a, bytes, ALNUM64 "+/", true);
}

struct str base64url_encode(struct arena *a, struct str bytes)
{
    return encode64(a, bytes, ALNUM64 "-_", false);
}

/* The value of a letter and one more; 0: it is none. */
static const uint8_t letters64[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['-'] = 63,
    ['/'] = 64, ['_'] = 64,
};

/* Four letters give three bytes. */
static bool decode_group(const uint8_t in[4], uint8_t out[3])
{
    const uint32_t a = letters64[in[0]] - 1U, b = letters64[in[1]] - 1U, c = letters64[in[2]] - 1U,
                   d = letters64[in[3]] - 1U, w = a << 18 | b << 12 | c << 6 | d;

    out[0] = (uint8_t)(w >> 16);
    out[1] = (uint8_t)(w >> 8);
    out[2] = (uint8_t)w;
    return (a | b | c | d) < 64;
}

bool base64_decode(struct arena *a, struct str text, struct str *bytes)
{
    const uint8_t *in = (const uint8_t *)text.p;
    struct str body = text;
    size_t groups;
    bool good = true;

    *bytes = STR_NULL;
    while (body.n > 0 && text.n - body.n < 2 && body.p[body.n - 1] == '=')
        body.n--;
    if ((body.n != text.n && text.n % 4 != 0) || body.n % 4 == 1)
        return false;
    groups = body.n / 4;
    uint8_t *out = arena_alloc(a, groups * 3 + 4);
    for (size_t i = 0; i < groups; i++)
        good &= decode_group(in + 4 * i, out + 3 * i);
    const size_t rest = body.n % 4;
    if (rest) { /* as if letters of the value 0 stood behind it */
        uint8_t last[4] = {'A', 'A', 'A', 'A'};

        memcpy(last, in + 4 * groups, rest);
        good &= decode_group(last, out + 3 * groups);
    }
    if (!good)
        return false;
    const size_t n = groups * 3 + (rest ? rest - 1 : 0);
    out[n] = '\0';
    *bytes = str_make((const char *)out, n);
    return true;
}

/* ---- hex and percent coding ---- */

static int value16(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte written as two hex digits at `p`, or -1. */
static int byte16(const char *p)
{
    int high = value16(p[0]), low = value16(p[1]);

    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

struct str hex_encode(struct arena *a, struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *out = arena_alloc(a, bytes.n * 2 + 1);

    for (size_t i = 0; i < bytes.n; i++) {
        out[2 * i] = digits[(uint8_t)bytes.p[i] >> 4];
        out[2 * i + 1] = digits[(uint8_t)bytes.p[i] & 15];
    }
    out[bytes.n * 2] = '\0';
    return str_make(out, bytes.n * 2);
}

bool hex_decode(struct arena *a, struct str text, struct str *bytes)
{
    *bytes = STR_NULL;
    if (text.n % 2 != 0)
        return false;
    char *out = arena_alloc(a, text.n / 2 + 1);
    for (size_t i = 0; i < text.n; i += 2) {
        int byte = byte16(text.p + i);

        if (byte < 0)
            return false;
        out[i / 2] = (char)byte;
    }
    out[text.n / 2] = '\0';
    *bytes = str_make(out, text.n / 2);
    return true;
}

static bool is_unreserved(char c) /* RFC 3986, section 2.3 */
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

struct str url_encode(struct arena *a, struct str s)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = arena_alloc(a, s.n * 3 + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (is_unreserved(s.p[i])) {
            out[n++] = s.p[i];
            continue;
        }
        out[n++] = '%';
        out[n++] = digits[(uint8_t)s.p[i] >> 4];
        out[n++] = digits[(uint8_t)s.p[i] & 15];
    }
    out[n] = '\0';
    return str_make(out, n);
}

struct str url_decode(struct arena *a, struct str s, bool plus_is_space)
{
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        int byte = s.p[i] == '%' && s.n - i > 2 ? byte16(s.p + i + 1) : -1;

        if (byte >= 0) {
            out[n++] = (char)byte;
            i += 2;
        } else {
            out[n++] = s.p[i] == '+' && plus_is_space ? ' ' : s.p[i];
        }
    }
    out[n] = '\0';
    return str_make(out, n);
}

bool url_query_get(struct arena *a, struct str query, struct str name, struct str *value)
{
    *value = STR_NULL;
    while (query.n > 0) {
        struct str pair = str_cut(&query, '&');
        struct str key = str_cut(&pair, '=');

        if (str_eq(url_decode(a, key, true), name)) {
            *value = url_decode(a, pair, true);
            return true;
        }
    }
    return false;
}

/* ---- secrets ---- */

struct str text_mask(struct arena *a, struct str secret)
{
    size_t count = utf8_count(secret);

    if (count < 10)
        return secret.n > 0 ? STR("***") : STR("");
    struct str middle = skip_characters(secret, 3);
    struct str tail = skip_characters(middle, count - 6);
    const struct str parts[] = {str_make(secret.p, secret.n - middle.n), STR("***"), tail};
    return str_concat(a, parts, ARRAY_LEN(parts));
}

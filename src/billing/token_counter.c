#include "billing/token_counter.h"

void token_counter_init(struct token_counter *c, enum token_table table)
{
    *c = (struct token_counter){.weights = token_weights_of(table), .last = KIND_NOTHING};
}

void token_counter_break(struct token_counter *c)
{
    c->last = KIND_NOTHING;
}

static void add_kind(struct token_counter *c, enum token_kind kind)
{
    if (kind == KIND_NOTHING)
        return;
    c->hundredths += c->weights->after[c->last][kind];
    c->last = (uint8_t)kind;
}

/* ---- plain bytes, sixteen at once ----
 *
 * A request is mostly plain text, and each of its bytes is looked at before anything is sent on. So
 * blocks of plain bytes are sorted into kinds by comparing, and counted a kind; a run of letters or
 * digits counts where the byte before is none. Compilers make SSE2 or NEON of it.
 */

enum { LANES = 16, BLOCKS_MAX = 255 }; /* of a counter of a byte a lane */

typedef uint8_t lanes __attribute__((vector_size(LANES)));

static lanes load(const char *p)
{
    lanes v;

    memcpy(&v, p, sizeof v);
    return v;
}

static lanes between(lanes v, uint8_t first, uint8_t count)
{
    return (lanes)(v - first < count);
}

static lanes is(lanes v, char c)
{
    return (lanes)(v == (uint8_t)c);
}

static lanes letters(lanes v)
{
    return between(v | 0x20, 'a', 26);
}

static lanes digits(lanes v)
{
    return between(v, '0', 10);
}

static bool any(lanes v)
{
    uint64_t halves[2];

    memcpy(halves, &v, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

/* A quote, a backslash, or a byte outside ASCII. */
static bool all_plain(lanes v)
{
    return !any(is(v, '"') | is(v, '\\') | (v & 0x80));
}

/* Sum of the lanes: neighbours are added in 16 bits each, then a multiplication adds those up. */
static uint64_t total(lanes counts)
{
    const uint64_t low = 0x00ff00ff00ff00ff;
    uint64_t halves[2], sum = 0;

    memcpy(halves, &counts, sizeof halves);
    for (int i = 0; i < 2; i++)
        sum += (((halves[i] & low) + (halves[i] >> 8 & low)) * 0x0001000100010001) >> 48;
    return sum;
}

/* From the second plain byte of a text on: p[-1] may be read and is plain, too. */
static const char *add_blocks(struct token_counter *c, const char *p, const char *end)
{
    const uint16_t *weights = c->weights->after[KIND_NOTHING];
    lanes words = {0}, numbers = {0}, symbols = {0}, urls = {0}, ats = {0}, lines = {0},
          spaces = {0};
    int blocks = 0;

    for (; end - p >= LANES && blocks < BLOCKS_MAX; p += LANES, blocks++) {
        lanes v = load(p), before = load(p - 1), word = letters(v), number = digits(v);

        if (!all_plain(v))
            break;
        lanes url = is(v, '#') | between(v, '%', 2) | is(v, '/') | between(v, ':', 2) | is(v, '=') |
                    is(v, '?');
        lanes line = between(v, '\t', 2), space = is(v, ' ') | between(v, '\v', 3), at = is(v, '@');

        /* True is 255, which is -1. */
        words -= word & ~letters(before);
        numbers -= number & ~digits(before);
        urls -= url;
        ats -= at;
        lines -= line;
        spaces -= space;
        symbols -= ~(word | number | url | at | line | space);
    }
    if (blocks == 0)
        return p;
    c->hundredths += total(words) * weights[KIND_WORD] + total(numbers) * weights[KIND_NUMBER] +
                     total(symbols) * weights[KIND_SYMBOL] + total(urls) * weights[KIND_URL] +
                     total(ats) * weights[KIND_AT] + total(lines) * weights[KIND_LINE] +
                     total(spaces) * weights[KIND_SPACE];
    c->last = token_ascii_kinds[(unsigned char)p[-1]];
    return p;
}

/* Counts the bytes before `end` whose kind is plain from the byte alone; returns the first that is
 * not. */
static const char *add_each(struct token_counter *c, const char *p, const char *end)
{
    const uint16_t *after = &c->weights->after[0][0];
    uint64_t sum = c->hundredths;
    unsigned last = c->last;

    for (; p < end; p++) {
        unsigned kind = token_ascii_kinds[(unsigned char)*p];

        if (kind >= KIND_WIDE)
            break;
        sum += after[(last << TOKEN_KIND_BITS) + kind];
        last = kind;
    }
    c->hundredths = sum;
    c->last = (uint8_t)last;
    return p;
}

static const char *add_plain(struct token_counter *c, const char *p, const char *end)
{
    const char *first = p, *next;

    p = add_each(c, p, end - p > 1 ? p + 1 : end);
    if (p == first)
        return p;
    while ((next = add_blocks(c, p, end)) != p)
        p = next;
    return add_each(c, p, end);
}

/* Bytes that a UTF-8 sequence of this first byte has; 0: none begins so. */
static size_t sequence_bytes(unsigned char first)
{
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Counts the character at `p`; returns its end, NULL when it goes on behind `end`. */
static const char *add_wide(struct token_counter *c, const char *p, const char *end)
{
    size_t n = sequence_bytes((unsigned char)*p), have = 1;
    uint32_t code = (unsigned char)*p & (0xffu >> (n + 1));

    for (; have < n && p + have < end && is_continuation(p[have]); have++)
        code = code << 6 | ((unsigned char)p[have] & 0x3f);
    if (have < n && p + have == end)
        return NULL;
    add_kind(c, n == 0 || have < n ? KIND_SYMBOL : token_kind_of(code));
    return p + have;
}

size_t token_counter_text(struct token_counter *c, struct str text)
{
    const char *p = text.p, *end = text.p + text.n;

    while (p < end) {
        p = add_plain(c, p, end);
        if (p == end)
            break;
        if (!((unsigned char)*p & 0x80)) {
            add_kind(c, KIND_SYMBOL); /* a quote or a backslash, special in JSON only */
            p++;
            continue;
        }
        const char *next = add_wide(c, p, end);

        if (!next)
            return (size_t)(end - p);
        p = next;
    }
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint32_t hex4(const char *p)
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);

        if (digit < 0)
            return 0xfffd;
        value = value << 4 | (uint32_t)digit;
    }
    return value;
}

/* "\uXXXX" at `p`, with the second half of a surrogate pair behind it. */
static const char *add_unicode_escape(struct token_counter *c, const char *p, const char *end)
{
    uint32_t code;

    if (end - p < 6)
        return NULL;
    code = hex4(p + 2);
    p += 6;
    if (code >= 0xd800 && code <= 0xdbff && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
        uint32_t low = hex4(p + 2);

        if (low >= 0xdc00 && low <= 0xdfff) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            p += 6;
        }
    }
    add_kind(c, code < 0x80 ? (enum token_kind)token_ascii_kinds[code] : token_kind_of(code));
    return p;
}

static const char *add_escape(struct token_counter *c, const char *p, const char *end)
{
    if (end - p < 2)
        return NULL;
    switch (p[1]) {
    case 'u':
        return add_unicode_escape(c, p, end);
    case 'n':
    case 't':
        add_kind(c, KIND_LINE);
        break;
    case 'r':
    case 'f':
        add_kind(c, KIND_SPACE);
        break;
    case '/':
        add_kind(c, KIND_URL);
        break;
    default:
        add_kind(c, KIND_SYMBOL);
        break;
    }
    return p + 2;
}

const char *token_counter_json_string(struct token_counter *c, const char *p, const char *end)
{
    while (p && p < end) {
        p = add_plain(c, p, end);
        if (p == end)
            return NULL;
        if (*p == '"')
            return p + 1;
        p = *p == '\\' ? add_escape(c, p, end) : add_wide(c, p, end);
    }
    return NULL;
}

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

/* Counts the bytes whose kind is plain from the byte alone; returns the first that is not. This
 * loop is nearly all of the work: two table reads and an addition a byte. */
static const char *add_plain(struct token_counter *c, const char *p, const char *end)
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

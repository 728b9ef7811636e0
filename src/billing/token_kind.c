#include "billing/token_kind.h"

/* clang-format off */
/* Numbers of enum token_kind. The ASCII signs of calculation are symbols; the math kind is for the
 * signs that only mathematics has. */
const uint8_t token_ascii_kinds[256] = {
    3, 3, 3, 3, 3, 3, 3, 3, 3, 8, 8, 9, 9, 9, 3, 3, /* 0x00 */
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, /* 0x10 */
    9, 3, 15, 5, 3, 5, 5, 3, 3, 3, 3, 3, 3, 3, 3, 5, /* 0x20 */
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 5, 3, 5, 3, 5, /* 0x30 */
    6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 0x40 */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 14, 3, 3, 3, /* 0x50 */
    3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 0x60 */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 3, /* 0x70 */
    13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, /* 0x80 */
    13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, /* 0x90 */
    13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, /* 0xa0 */
    13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, /* 0xb0 */
    13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, /* 0xc0 */
    13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, /* 0xd0 */
    13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, /* 0xe0 */
    13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13, /* 0xf0 */
};

/* One kind of item a row of macros: an item that runs weighs once, at its start. In hundredths. */
#define ROW(own, w, n, c, s, m, u, a, e, l, sp) \
    {(own) == KIND_WORD ? 0 : (w), (own) == KIND_NUMBER ? 0 : (n), c, s, m, u, a, e, l, sp, 0, 0, 0, 0, 0, 0}
#define TABLE(w, n, c, s, m, u, a, e, l, sp) \
    {{ROW(0, w, n, c, s, m, u, a, e, l, sp), ROW(1, w, n, c, s, m, u, a, e, l, sp), \
      ROW(2, w, n, c, s, m, u, a, e, l, sp), ROW(3, w, n, c, s, m, u, a, e, l, sp), \
      ROW(4, w, n, c, s, m, u, a, e, l, sp), ROW(5, w, n, c, s, m, u, a, e, l, sp), \
      ROW(6, w, n, c, s, m, u, a, e, l, sp), ROW(7, w, n, c, s, m, u, a, e, l, sp), \
      ROW(8, w, n, c, s, m, u, a, e, l, sp), ROW(9, w, n, c, s, m, u, a, e, l, sp), \
      ROW(10, w, n, c, s, m, u, a, e, l, sp)}}

/* word, number, CJK, symbol, math, URL delimiter, @, emoji, newline or tab, space */
static const struct token_weights tables[TOKEN_TABLES] = {
    [TABLE_OPENAI] = TABLE(102, 155, 85, 40, 268, 100, 200, 212, 50, 42),
    [TABLE_CLAUDE] = TABLE(113, 163, 121, 40, 452, 126, 282, 260, 89, 39),
    [TABLE_GEMINI] = TABLE(115, 280, 68, 38, 105, 120, 250, 108, 115, 20),
};
/* clang-format on */

const struct token_weights *token_weights_of(enum token_table table)
{
    return &tables[table];
}

enum token_table token_table_of(struct str model)
{
    if (str_find_nocase(model, STR("claude")) >= 0)
        return TABLE_CLAUDE;
    if (str_find_nocase(model, STR("gemini")) >= 0)
        return TABLE_GEMINI;
    return TABLE_OPENAI;
}

/* Blocks of Unicode 15 outside ASCII, in order; what no row names is a letter. */
static const struct {
    uint32_t first, last;
    enum token_kind kind;
} blocks[] = {
    {0x80, 0x9f, KIND_SYMBOL},         {0xa0, 0xa0, KIND_SPACE},
    {0xa1, 0xa9, KIND_SYMBOL},         {0xab, 0xb0, KIND_SYMBOL},
    {0xb1, 0xb1, KIND_MATH},           {0xb2, 0xb3, KIND_NUMBER},
    {0xb4, 0xb4, KIND_SYMBOL},         {0xb6, 0xb8, KIND_SYMBOL},
    {0xb9, 0xb9, KIND_NUMBER},         {0xbb, 0xbb, KIND_SYMBOL},
    {0xbc, 0xbe, KIND_NUMBER},         {0xbf, 0xbf, KIND_SYMBOL},
    {0xd7, 0xd7, KIND_MATH},           {0xf7, 0xf7, KIND_MATH},
    {0x300, 0x36f, KIND_NOTHING},      {0x2000, 0x200a, KIND_SPACE},
    {0x200b, 0x200d, KIND_NOTHING},    {0x200e, 0x2027, KIND_SYMBOL},
    {0x2028, 0x2029, KIND_LINE},       {0x202a, 0x206f, KIND_SYMBOL},
    {0x2070, 0x209f, KIND_NUMBER},     {0x20a0, 0x20cf, KIND_SYMBOL},
    {0x20d0, 0x20ff, KIND_NOTHING},    {0x2150, 0x218b, KIND_NUMBER},
    {0x2190, 0x21ff, KIND_MATH},       {0x2200, 0x22ff, KIND_MATH},
    {0x2300, 0x245f, KIND_SYMBOL},     {0x2460, 0x24ff, KIND_NUMBER},
    {0x2500, 0x25ff, KIND_SYMBOL},     {0x2600, 0x27bf, KIND_EMOJI},
    {0x27c0, 0x27ef, KIND_MATH},       {0x27f0, 0x28ff, KIND_SYMBOL},
    {0x2900, 0x2aff, KIND_MATH},       {0x2b00, 0x2bff, KIND_SYMBOL},
    {0x2e00, 0x2e7f, KIND_SYMBOL},     {0x2e80, 0x2fdf, KIND_CJK},
    {0x2ff0, 0x3020, KIND_SYMBOL},     {0x3021, 0x31ff, KIND_CJK},
    {0x3200, 0x33ff, KIND_CJK},        {0x3400, 0x9fff, KIND_CJK},
    {0xa960, 0xa97f, KIND_CJK},        {0xac00, 0xd7ff, KIND_CJK},
    {0xd800, 0xf8ff, KIND_SYMBOL},     {0xf900, 0xfaff, KIND_CJK},
    {0xfe00, 0xfe0f, KIND_NOTHING},    {0xfe10, 0xfe6f, KIND_SYMBOL},
    {0xff00, 0xff0f, KIND_SYMBOL},     {0xff10, 0xff19, KIND_NUMBER},
    {0xff1a, 0xff20, KIND_SYMBOL},     {0xff3b, 0xff40, KIND_SYMBOL},
    {0xff5b, 0xff65, KIND_SYMBOL},     {0xff66, 0xffdc, KIND_CJK},
    {0xffe0, 0xffff, KIND_SYMBOL},     {0x1d400, 0x1d7ff, KIND_MATH},
    {0x1f000, 0x1faff, KIND_EMOJI},    {0x20000, 0x3ffff, KIND_CJK},
    {0xe0000, 0x10ffff, KIND_NOTHING},
};

enum token_kind token_kind_of(uint32_t code_point)
{
    size_t low = 0, high = ARRAY_LEN(blocks);

    if (code_point >= 0x4e00 && code_point <= 0x9fff) /* nearly all that comes */
        return KIND_CJK;
    while (low < high) {
        size_t mid = (low + high) / 2;

        if (code_point > blocks[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < ARRAY_LEN(blocks) && code_point >= blocks[low].first)
        return blocks[low].kind;
    return KIND_WORD;
}

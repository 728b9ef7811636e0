/*
 * token_kind - kinds of characters and what each weighs in tokens (billing reference 8.1, the table
 * of weights). Private to the token counters. Pure.
 */
#pragma once
#include "base/str.h"

enum token_kind {
    KIND_WORD,   /* letters of any script but CJK; a run of them is one item */
    KIND_NUMBER, /* digits; a run of them is one item */
    KIND_CJK,
    KIND_SYMBOL,
    KIND_MATH,
    KIND_URL, /* / : ? & = ; # % */
    KIND_AT,
    KIND_EMOJI,
    KIND_LINE, /* newline, tab */
    KIND_SPACE,
    KIND_NOTHING, /* joins to what is before it: combining marks, variation selectors */
    KINDS,
    /* Not kinds of characters; what an ASCII table says of bytes that need a closer look: */
    KIND_WIDE = 13,   /* part of a UTF-8 sequence */
    KIND_ESCAPE = 14, /* a backslash */
    KIND_QUOTE = 15
};

enum { TOKEN_KIND_BITS = 4, TOKEN_KINDS_CAP = 1 << TOKEN_KIND_BITS };

/* Weight, in hundredths of a token, of a character of the second kind behind one of the first. */
struct token_weights {
    uint16_t after[TOKEN_KINDS_CAP][TOKEN_KINDS_CAP];
};

enum token_table { TABLE_OPENAI, TABLE_CLAUDE, TABLE_GEMINI, TOKEN_TABLES };

enum token_table token_table_of(struct str model);
const struct token_weights *token_weights_of(enum token_table table);

/* Kind of each ASCII character; KIND_WIDE for bytes above. */
extern const uint8_t token_ascii_kinds[256];
/* Kind of a character outside ASCII. */
enum token_kind token_kind_of(uint32_t code_point);

/*
 * token_counter - adds up the weights of characters, whatever they come in: plain text, or a JSON
 * string as it is written. Private to tokens.c and token_request.c. Pure.
 */
#pragma once
#include "billing/token_kind.h"

struct token_counter {
    const struct token_weights *weights;
    uint64_t hundredths;
    uint8_t last; /* enum token_kind of the character before */
};

void token_counter_init(struct token_counter *c, enum token_table table);
/* The next character begins an item of its own. */
void token_counter_break(struct token_counter *c);
/* Plain text. Returns how many bytes at the end are the start of an unfinished character (0 to 3);
 * they are not counted. A malformed byte counts as a symbol. */
size_t token_counter_text(struct token_counter *c, struct str text);
/* A JSON string: `p` behind its opening quote. Returns what is behind its closing quote; NULL when
 * it has none before `end`. */
const char *token_counter_json_string(struct token_counter *c, const char *p, const char *end);

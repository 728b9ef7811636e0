/*
 * tokens - how many tokens a text is for a model. The one function behind which the exact tokenizer
 * will come; today an estimate by kinds of characters (billing reference 8.1, the table of
 * weights). Pure; linear in the text.
 */
#pragma once
#include "base/str.h"

/* Tokens of a plain text. */
int64_t tokens_of_text(struct str model, struct str text);
/* Tokens of the prompt of a request in OpenAI's chat, completions, embeddings or moderation shape,
 * from its raw JSON text: strings under messages/prompt/input are counted, media by a flat figure
 * (billing reference 8.2, 8.3). Broken JSON gives 0. */
int64_t tokens_of_request(struct str model, struct str body);

/* A count that grows with a stream, in constant memory: feed it the text pieces of the answer. */
struct token_meter {
    double weight;
    int64_t tool_calls;
    uint8_t last_kind;
    uint8_t table; /* which weights; set by the init */
};
void token_meter_init(struct token_meter *m, struct str model);
void token_meter_add(struct token_meter *m, struct str text);
int64_t token_meter_count(const struct token_meter *m);

/*
 * tokens - how many tokens a text is for a model. The one function behind which the exact tokenizer
 * will come; today an estimate by kinds of characters (billing reference 8.1, the table of
 * weights). Pure; linear in the text.
 */
#pragma once
#include "base/str.h"
#include "billing/image_tokens.h"

/* Tokens of a plain text. */
int64_t tokens_of_text(struct str model, struct str text);
/*
 * Tokens of the prompt of a request in OpenAI's chat, Responses, completions, embeddings or
 * moderation shape, in Claude's or in Gemini's, from its raw JSON text: one pass, no memory.
 * Counted are the strings of messages (with the arguments of tool calls, which a provider counts,
 * too), prompt, input, suffix, instruction(s) and tools, a number of a token array as one; images
 * of OpenAI's dialects as `images` wants it (image_tokens.h), other media by a flat figure (billing
 * reference 8.2-8.4: Claude's images and documents 1000, Gemini's media as an image without a size;
 * audio 100; file and video 5000 each). Text that is not a JSON object, or is cut, gives 0;
 * the reader is otherwise not strict, that is json_find_members()'s part.
 */
int64_t tokens_of_request(struct str model, struct str body, enum image_counting images);

/* A count that grows with a stream, in constant memory: feed it the text pieces of the answer, cut
 * anywhere. The members are private but tool_calls, which the caller counts: 7 tokens each. */
struct token_meter {
    double weight; /* in hundredths of a token */
    int64_t tool_calls;
    uint8_t last_kind;
    uint8_t table;      /* which weights; set by the init */
    uint8_t partial[3]; /* first bytes of a character whose end has not come yet */
    uint8_t partial_n;
};
void token_meter_init(struct token_meter *m, struct str model);
void token_meter_add(struct token_meter *m, struct str text);
int64_t token_meter_count(const struct token_meter *m);

/*
 * words - does a text hold one of many words? In any ASCII case, anywhere in the text, also inside
 * longer words. Read-only after words_init(); any thread.
 */
#pragma once
#include "base/arena.h"

struct words {
    const struct str *sorted; /* lower case */
    size_t count;
    const uint64_t *pairs; /* a bit for each pair of bytes with which a word begins */
    char anchor;           /* of a single word: a byte of it that is no letter; NUL: none */
    size_t anchor_at;
};

/* `list` is in lower case and without empty words; the words are borrowed. */
void words_init(struct arena *a, struct words *w, const struct str *list, size_t n);
/* The word that is found first, as it was listed; STR_NULL: none. Linear in the text but for texts
 * that repeat the beginnings of words. */
struct str words_find(const struct words *w, struct str text);

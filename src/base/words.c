/*
 * A word can only begin where the text has its first two bytes, which a bit tells; there the sorted
 * list is narrowed byte by byte. A single word with a byte that is no letter is found by that byte
 * instead, which memchr() does faster than anything here: the list has one such word where nobody
 * has changed it.
 */
#include "base/words.h"

#include <stdlib.h>

enum { PAIRS = 1 << 16, PAIR_BITS = 64 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static unsigned pair_of(char first, char second)
{
    return (unsigned)(unsigned char)lower(first) << 8 | (unsigned char)lower(second);
}

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void mark_beginning(uint64_t *pairs, struct str word)
{
    unsigned first = pair_of(word.p[0], word.n > 1 ? word.p[1] : '\0');
    unsigned last = word.n > 1 ? first : first | 0xff; /* one byte: whatever comes behind it */

    for (unsigned i = first; i <= last; i++)
        pairs[i / PAIR_BITS] |= UINT64_C(1) << i % PAIR_BITS;
}

static void find_anchor(struct words *w, struct str word)
{
    for (size_t i = 0; i < word.n && w->anchor == '\0'; i++) {
        if (word.p[i] < 'a' || word.p[i] > 'z') {
            w->anchor = word.p[i];
            w->anchor_at = i;
        }
    }
}

void words_init(struct arena *a, struct words *w, const struct str *list, size_t n)
{
    struct str *sorted = arena_new_array(a, struct str, n);
    uint64_t *pairs;

    *w = (struct words){.sorted = sorted, .count = n};
    if (n == 0)
        return;
    pairs = arena_new_array(a, uint64_t, PAIRS / PAIR_BITS);
    for (size_t i = 0; i < n; i++) {
        sorted[i] = list[i];
        mark_beginning(pairs, list[i]);
    }
    qsort(sorted, n, sizeof *sorted, by_text);
    w->pairs = pairs;
    if (n == 1)
        find_anchor(w, sorted[0]);
}

/* The first of the words low to high - 1, which are alike up to `at`, whose byte there is `c` or
 * comes behind it. */
static size_t first_with(const struct words *w, size_t low, size_t high, size_t at, unsigned c)
{
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if ((unsigned char)w->sorted[mid].p[at] < c)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* A word with which the text begins. */
static struct str word_at(const struct words *w, struct str text)
{
    size_t low = 0, high = w->count;

    for (size_t at = 0; at < text.n && low < high; at++) {
        unsigned c = (unsigned char)lower(text.p[at]);

        low = first_with(w, low, high, at, c);
        high = first_with(w, low, high, at, c + 1);
        if (low < high && w->sorted[low].n == at + 1)
            return w->sorted[low];
    }
    return STR_NULL;
}

static struct str find_by_anchor(const struct words *w, struct str text)
{
    struct str word = w->sorted[0];
    const char *end = text.p + text.n, *at = text.p + w->anchor_at;

    if (text.n < word.n)
        return STR_NULL;
    while ((at = memchr(at, w->anchor, (size_t)(end - at)))) {
        const char *start = at - w->anchor_at;

        if (str_starts_nocase(str_make(start, (size_t)(end - start)), word))
            return word;
        at++;
    }
    return STR_NULL;
}

struct str words_find(const struct words *w, struct str text)
{
    if (w->count == 0 || text.n == 0)
        return STR_NULL;
    if (w->anchor != '\0')
        return find_by_anchor(w, text);
    for (size_t i = 0; i < text.n; i++) {
        unsigned pair = pair_of(text.p[i], i + 1 < text.n ? text.p[i + 1] : '\0');

        if (UNLIKELY(w->pairs[pair / PAIR_BITS] >> pair % PAIR_BITS & 1)) {
            struct str word = word_at(w, str_skip(text, i));

            if (word.n > 0)
                return word;
        }
    }
    return STR_NULL;
}

/*
 * log_chunk - an index of some thousand neighbouring rows of `logs`, as parts of text to be kept.
 *
 * The rows stand in the order of a page: newest created_at first, then highest id; a row is known
 * by its position there. For each column that a page can be filtered by a part says which positions
 * hold which value (a list of them, or a bit a row where that is shorter), so that any combination
 * of filters is an intersection of few and short lists, and a count reads no row. Values that are
 * many are spread over buckets: who asks for one value reads one bucket of each chunk.
 *
 * A value is known by its code: a number is its own, a name has log_name_code().
 *
 * Pure. What was built by one version is read by the next: numbers of parts, buckets and the bytes
 * within never change.
 */
#pragma once
#include "base/arena.h"

enum { LOG_CHUNK_ROWS = 16384 }; /* at most */

/* Values of yourapi_log_parts.part. */
enum log_part {
    LOG_PART_ROWS,  /* time and id of each row */
    LOG_PART_QUOTA, /* quota of each row that counts as consumed, 0 for the others */
    LOG_BY_TYPE,    /* from here on: positions by value */
    LOG_BY_USER,
    LOG_BY_TOKEN,
    LOG_BY_CHANNEL,
    LOG_BY_USERNAME, /* from here on: values are names */
    LOG_BY_TOKEN_NAME,
    LOG_BY_MODEL,
    LOG_BY_GROUP,
    LOG_PARTS
};
enum { LOG_COLUMNS = LOG_PARTS - LOG_BY_TYPE };

/* The code of a name: the start of its SHA-256. Names are chosen by strangers, who must not be able
 * to make two of them fall together. */
uint64_t log_name_code(struct str name);
enum { LOG_BUCKETS_MAX = 64 };
/* In how many buckets a part is kept, and in which a value is. */
unsigned log_part_buckets(enum log_part part);
unsigned log_part_bucket(enum log_part part, uint64_t code);

/* Where a row stands in the order of a page. */
struct log_ref {
    int64_t created_at, id;
};
/* For qsort() of an array of them. */
int log_ref_compare(const void *left, const void *right);

struct log_chunk_row {
    struct log_ref ref;
    int64_t consumed;            /* quota */
    uint64_t codes[LOG_COLUMNS]; /* of LOG_BY_TYPE and what follows it */
};

struct log_chunk_part {
    enum log_part part;
    unsigned bucket;
    struct str data; /* text; in the arena */
};

/* The parts of 1 to LOG_CHUNK_ROWS rows, which it brings into their order. Empty ones are left out.
 */
void log_chunk_build(struct arena *a, struct log_chunk_row *rows, size_t n,
                     struct log_chunk_part **parts, size_t *count);

/* Sets of positions: a bit each. */
static inline size_t log_set_words(size_t rows)
{
    return (rows + 63) / 64;
}
static inline bool log_set_has(const uint64_t *set, size_t at)
{
    return set[at / 64] >> (at % 64) & 1;
}
void log_set_fill(uint64_t *set, size_t rows); /* with all */
size_t log_set_count(const uint64_t *set, size_t rows);

/*
 * Reading parts; `rows` is the number of rows of the chunk. False: the text is damaged.
 */

/* Adds the positions that hold one of the values to the set, and what they consumed to *consumed.
 * `codes` rise. */
MUST_CHECK bool log_part_match(struct str data, size_t rows, const uint64_t *codes, size_t n,
                               uint64_t *set, int64_t *consumed);
MUST_CHECK bool log_part_refs(struct str data, size_t rows, struct log_ref *refs);
/* Adds what the rows of the set consumed. */
MUST_CHECK bool log_part_consumed(struct str data, size_t rows, const uint64_t *set,
                                  int64_t *consumed);

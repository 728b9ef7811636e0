/*
 * The bytes of a part, written as base64 so that they are a text to every database (PostgreSQL
 * would send bytes as hexadecimal, twice as long):
 *
 *   rows      of each row, in order: time, id; each a varint of the difference from the row before
 *   quota     of each row: a varint
 *   by value  entries one after the other:
 *             code (8 bytes, little-endian), varint 2 * count + dense, varint of what they
 * consumed, then, dense:  a bit a row; nothing when all rows are meant sparse: of each position a
 * varint of the difference from the one before
 *
 * Varints are little-endian groups of seven bits; where a number may be negative it is folded, its
 * sign the lowest bit.
 */
#include "store/log_chunk.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "base/map.h"
#include "base/sb.h"
#include "base/text.h"

enum { PART_LIMIT = 1 << 20 };

static const unsigned bucket_bits[LOG_PARTS] = {
    [LOG_BY_USER] = 6,       [LOG_BY_TOKEN] = 6, [LOG_BY_CHANNEL] = 5, [LOG_BY_USERNAME] = 6,
    [LOG_BY_TOKEN_NAME] = 6, [LOG_BY_MODEL] = 5, [LOG_BY_GROUP] = 2,
};

unsigned log_part_buckets(enum log_part part)
{
    return 1U << bucket_bits[part];
}

/* Neighbouring numbers go to different buckets (multiplying by the golden ratio spreads them). */
unsigned log_part_bucket(enum log_part part, uint64_t code)
{
    const uint64_t spread = code * UINT64_C(0x9E3779B97F4A7C15);

    return bucket_bits[part] ? (unsigned)(spread >> (64 - bucket_bits[part])) : 0;
}

uint64_t log_name_code(struct str name)
{
    uint8_t digest[SHA256_BYTES];
    uint64_t code = 0;

    sha256(name, digest);
    for (unsigned i = 0; i < 8; i++)
        code |= (uint64_t)digest[i] << (8 * i);
    return code;
}

int log_ref_compare(const void *left, const void *right)
{
    const struct log_ref *x = left, *y = right;

    if (x->created_at != y->created_at)
        return x->created_at > y->created_at ? -1 : 1;
    return x->id > y->id ? -1 : x->id < y->id;
}

/* Numbers. */

static uint64_t fold(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unfold(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

/* Differences wrap, so that every pair of numbers has one. */
static int64_t minus(int64_t x, int64_t y)
{
    return (int64_t)((uint64_t)x - (uint64_t)y);
}

static int64_t plus(int64_t x, int64_t y)
{
    return (int64_t)((uint64_t)x + (uint64_t)y);
}

static void put_varint(struct sb *to, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        sb_add_char(to, (char)(uint8_t)(value | 0x80));
    sb_add_char(to, (char)(uint8_t)value);
}

static void put_u64(struct sb *to, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        sb_add_char(to, (char)(uint8_t)(value >> (8 * i)));
}

struct reader {
    const uint8_t *at, *end;
    bool bad;
};

static uint64_t get_varint(struct reader *r)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        const uint8_t byte = *r->at++;

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    r->bad = true;
    return 0;
}

static uint64_t get_u64(struct reader *r)
{
    uint64_t value = 0;

    if (r->end - r->at < 8) {
        r->bad = true;
        return 0;
    }
    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)r->at[i] << (8 * i);
    r->at += 8;
    return value;
}

/* Sets. */

void log_set_fill(uint64_t *set, size_t rows)
{
    for (size_t i = 0; i < rows / 64; i++)
        set[i] = UINT64_MAX;
    if (rows % 64)
        set[rows / 64] = (UINT64_C(1) << (rows % 64)) - 1;
}

size_t log_set_count(const uint64_t *set, size_t rows)
{
    size_t count = 0;

    for (size_t i = 0; i < log_set_words(rows); i++)
        count += (size_t)__builtin_popcountll(set[i]);
    return count;
}

/* Building. */

enum { NOWHERE = UINT16_MAX };
static_assert((int)LOG_CHUNK_ROWS <= (int)NOWHERE, "a position fits into 16 bits");

/* The rows of one value: a list through `next` of the builder. */
struct posting {
    uint64_t code;
    int64_t consumed;
    size_t count;
    uint16_t first, last;
    struct posting *sibling; /* of the same bucket */
};

struct builder {
    struct arena *out;
    struct log_chunk_part *parts;
    size_t count;
    const struct log_chunk_row *rows;
    size_t n;
    struct sb bytes;
    struct arena scratch;
    uint16_t next[LOG_CHUNK_ROWS];
};

static void add_part(struct builder *b, enum log_part part, unsigned bucket)
{
    assert(!sb_failed(&b->bytes));
    b->parts[b->count++] = (struct log_chunk_part){
        .part = part, .bucket = bucket, .data = base64_encode(b->out, sb_str(&b->bytes))};
    sb_reset(&b->bytes);
}

static void build_rows(struct builder *b)
{
    struct log_ref before = {0, 0};

    for (size_t i = 0; i < b->n; i++) {
        const struct log_ref *ref = &b->rows[i].ref;

        put_varint(&b->bytes, fold(minus(ref->created_at, before.created_at)));
        put_varint(&b->bytes, fold(minus(ref->id, before.id)));
        before = *ref;
    }
    add_part(b, LOG_PART_ROWS, 0);
    for (size_t i = 0; i < b->n; i++)
        put_varint(&b->bytes, fold(b->rows[i].consumed));
    add_part(b, LOG_PART_QUOTA, 0);
}

static void put_dense(struct builder *b, const struct posting *p)
{
    uint8_t bits[LOG_CHUNK_ROWS / 8] = {0};

    if (p->count == b->n)
        return;
    for (uint16_t at = p->first; at != NOWHERE; at = b->next[at])
        bits[at / 8] = (uint8_t)(bits[at / 8] | 1U << (at % 8));
    sb_add(&b->bytes, str_make((const char *)bits, (b->n + 7) / 8));
}

static void put_posting(struct builder *b, const struct posting *p)
{
    const bool dense = p->count == b->n || p->count > b->n / 8;
    size_t before = 0;

    put_u64(&b->bytes, p->code);
    put_varint(&b->bytes, p->count * 2 + dense);
    put_varint(&b->bytes, fold(p->consumed));
    if (dense) {
        put_dense(b, p);
        return;
    }
    for (uint16_t at = p->first; at != NOWHERE; at = b->next[at]) {
        put_varint(&b->bytes, at - before);
        before = at;
    }
}

static struct posting *posting_of(struct builder *b, struct map *by_code, uint64_t code,
                                  bool *fresh)
{
    struct posting *p = map_find_u64(by_code, code);

    *fresh = !p;
    if (p)
        return p;
    p = arena_new(&b->scratch, struct posting);
    *p = (struct posting){.code = code, .first = NOWHERE, .last = NOWHERE};
    map_put_u64(by_code, code, p);
    return p;
}

static void posting_add(struct builder *b, struct posting *p, size_t at)
{
    if (p->count++ == 0)
        p->first = (uint16_t)at;
    else
        b->next[p->last] = (uint16_t)at;
    p->last = (uint16_t)at;
    b->next[at] = NOWHERE;
    p->consumed = plus(p->consumed, b->rows[at].consumed);
}

static void build_column(struct builder *b, enum log_part part)
{
    struct posting *buckets[LOG_BUCKETS_MAX] = {NULL}, *p;
    struct map by_code;
    bool fresh;

    map_init(&by_code);
    for (size_t i = 0; i < b->n; i++) {
        const uint64_t code = b->rows[i].codes[part - LOG_BY_TYPE];

        p = posting_of(b, &by_code, code, &fresh);
        posting_add(b, p, i);
        if (fresh) {
            p->sibling = buckets[log_part_bucket(part, code)];
            buckets[log_part_bucket(part, code)] = p;
        }
    }
    for (unsigned bucket = 0; bucket < log_part_buckets(part); bucket++) {
        for (p = buckets[bucket]; p; p = p->sibling)
            put_posting(b, p);
        if (buckets[bucket])
            add_part(b, part, bucket);
    }
    map_fini(&by_code);
    arena_reset(&b->scratch, 64 * 1024);
}

static int compare_rows(const void *left, const void *right)
{
    return log_ref_compare(&((const struct log_chunk_row *)left)->ref,
                           &((const struct log_chunk_row *)right)->ref);
}

void log_chunk_build(struct arena *a, struct log_chunk_row *rows, size_t n,
                     struct log_chunk_part **parts, size_t *count)
{
    CLEANUP(arena_finip) struct arena home;
    struct builder *b;
    size_t most = 2;

    assert(n > 0 && n <= LOG_CHUNK_ROWS);
    arena_init(&home, sizeof *b);
    b = arena_new(&home, struct builder);
    qsort(rows, n, sizeof *rows, compare_rows);
    for (enum log_part part = LOG_BY_TYPE; part < LOG_PARTS; part++)
        most += log_part_buckets(part);
    *b = (struct builder){.out = a, .rows = rows, .n = n};
    b->parts = arena_new_array(a, struct log_chunk_part, most);
    sb_init(&b->bytes, PART_LIMIT);
    arena_init(&b->scratch, 64 * 1024);
    build_rows(b);
    for (enum log_part part = LOG_BY_TYPE; part < LOG_PARTS; part++)
        build_column(b, part);
    sb_fini(&b->bytes);
    arena_fini(&b->scratch);
    *parts = b->parts;
    *count = b->count;
}

/* Reading. */

static bool holds(const uint64_t *codes, size_t n, uint64_t code)
{
    size_t low = 0, high = n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (codes[middle] == code)
            return true;
        if (codes[middle] < code)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* One bit a row, eight of them a byte; `set` NULL: only passes over them. */
static void get_dense(struct reader *r, size_t rows, uint64_t *set)
{
    const size_t bytes = (rows + 7) / 8;

    if ((size_t)(r->end - r->at) < bytes) {
        r->bad = true;
        return;
    }
    for (size_t i = 0; set && i < bytes; i++)
        set[i / 8] |= (uint64_t)r->at[i] << (8 * (i % 8));
    r->at += bytes;
}

static void get_sparse(struct reader *r, size_t rows, size_t count, uint64_t *set)
{
    uint64_t at = 0;

    for (size_t i = 0; i < count && !r->bad; i++) {
        at += get_varint(r);
        if (at >= rows)
            r->bad = true;
        else if (set)
            set[at / 64] |= UINT64_C(1) << (at % 64);
    }
}

static void get_positions(struct reader *r, size_t rows, uint64_t head, uint64_t *set)
{
    if (head / 2 > rows)
        r->bad = true;
    else if (head % 2 == 0)
        get_sparse(r, rows, head / 2, set);
    else if (head / 2 < rows)
        get_dense(r, rows, set);
    else if (set)
        log_set_fill(set, rows);
}

static bool match(struct reader *r, size_t rows, const uint64_t *codes, size_t n, uint64_t *set,
                  int64_t *consumed)
{
    while (r->at < r->end && !r->bad) {
        const uint64_t code = get_u64(r), head = get_varint(r);
        const int64_t of_them = unfold(get_varint(r));
        const bool wanted = holds(codes, n, code);

        get_positions(r, rows, head, wanted ? set : NULL);
        if (wanted)
            *consumed = plus(*consumed, of_them);
    }
    return !r->bad;
}

/* The bytes of the text, in the arena. */
static bool open_part(struct arena *a, struct str data, struct reader *r)
{
    struct str bytes;

    if (!base64_decode(a, data, &bytes))
        return false;
    *r = (struct reader){.at = (const uint8_t *)bytes.p, .end = (const uint8_t *)bytes.p + bytes.n};
    return true;
}

bool log_part_match(struct str data, size_t rows, const uint64_t *codes, size_t n, uint64_t *set,
                    int64_t *consumed)
{
    CLEANUP(arena_finip) struct arena a;
    struct reader r;

    arena_init(&a, data.n);
    return open_part(&a, data, &r) && match(&r, rows, codes, n, set, consumed);
}

bool log_part_refs(struct str data, size_t rows, struct log_ref *refs)
{
    CLEANUP(arena_finip) struct arena a;
    struct log_ref ref = {0, 0};
    struct reader r;

    arena_init(&a, data.n);
    if (!open_part(&a, data, &r))
        return false;
    for (size_t i = 0; i < rows && !r.bad; i++) {
        ref.created_at = plus(ref.created_at, unfold(get_varint(&r)));
        ref.id = plus(ref.id, unfold(get_varint(&r)));
        refs[i] = ref;
    }
    return !r.bad;
}

bool log_part_consumed(struct str data, size_t rows, const uint64_t *set, int64_t *consumed)
{
    CLEANUP(arena_finip) struct arena a;
    struct reader r;

    arena_init(&a, data.n);
    if (!open_part(&a, data, &r))
        return false;
    for (size_t i = 0; i < rows && !r.bad; i++) {
        const int64_t of_row = unfold(get_varint(&r));

        if (log_set_has(set, i))
            *consumed = plus(*consumed, of_row);
    }
    return !r.bad;
}

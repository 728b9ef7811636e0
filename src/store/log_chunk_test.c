#include "store/log_chunk.h"

#include <stdlib.h>

#include "base/test.h"

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Columns with one value, with few, with some frequent and many rare ones, with all different. */
static void fill(struct log_chunk_row *rows, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        struct log_chunk_row *r = &rows[i];

        *r = (struct log_chunk_row){
            .ref = {.created_at = 1700000000 + (int64_t)(i / 7) - next(&seed) % 5,
                    .id = (int64_t)(i + 1) * 3},
            .consumed = next(&seed) % 3 ? next(&seed) % 100000 : -(int64_t)(next(&seed) % 50)};
        r->codes[0] = 2;
        r->codes[1] = next(&seed) % 2 ? next(&seed) % 3 : next(&seed) % 5000;
        r->codes[2] = i;
        r->codes[3] = next(&seed) % 9 == 0;
        for (size_t k = 4; k < LOG_COLUMNS; k++)
            r->codes[k] = log_name_code(str_make("abcdefgh", next(&seed) % 9));
    }
}

static const struct log_chunk_part *find(const struct log_chunk_part *parts, size_t count,
                                         enum log_part part, unsigned bucket)
{
    for (size_t i = 0; i < count; i++)
        if (parts[i].part == part && parts[i].bucket == bucket)
            return &parts[i];
    return NULL;
}

static void check_value(const struct log_chunk_row *rows, size_t n,
                        const struct log_chunk_part *parts, size_t count, enum log_part part,
                        uint64_t code)
{
    const struct log_chunk_part *p = find(parts, count, part, log_part_bucket(part, code));
    uint64_t set[LOG_CHUNK_ROWS / 64] = {0};
    int64_t consumed = 0, want_consumed = 0;
    size_t want = 0;

    if (p)
        CHECK(log_part_match(p->data, n, &code, 1, set, &consumed));
    for (size_t i = 0; i < n; i++) {
        const bool holds = rows[i].codes[part - LOG_BY_TYPE] == code;

        if (log_set_has(set, i) != holds)
            fail_msg("part %d, row %zu of %zu", part, i, n);
        want += holds;
        want_consumed += holds ? rows[i].consumed : 0;
    }
    CHECK_EQ(log_set_count(set, n), want);
    CHECK_EQ(consumed, want_consumed);
}

static void check_chunk(size_t n, uint32_t seed)
{
    struct log_chunk_row *rows = calloc(n, sizeof *rows);
    struct log_ref *refs = calloc(n, sizeof *refs);
    uint64_t set[LOG_CHUNK_ROWS / 64] = {0};
    int64_t consumed = 0, want = 0;
    struct log_chunk_part *parts;
    struct arena a;
    size_t count;

    arena_init(&a, 0);
    fill(rows, n, seed);
    log_chunk_build(&a, rows, n, &parts, &count);
    for (size_t i = 1; i < n; i++)
        CHECK(log_ref_compare(&rows[i - 1].ref, &rows[i].ref) < 0);
    for (enum log_part part = LOG_BY_TYPE; part < LOG_PARTS; part++) {
        for (uint64_t code = 0; code < 12; code++)
            check_value(rows, n, parts, count, part, code);
        for (size_t i = 0; i < n; i += n / 8 + 1)
            check_value(rows, n, parts, count, part, rows[i].codes[part - LOG_BY_TYPE]);
    }
    CHECK(log_part_refs(find(parts, count, LOG_PART_ROWS, 0)->data, n, refs));
    for (size_t i = 0; i < n; i++) {
        CHECK_EQ(refs[i].id, rows[i].ref.id);
        CHECK_EQ(refs[i].created_at, rows[i].ref.created_at);
    }
    for (size_t i = 0; i < n; i += 3) {
        set[i / 64] |= UINT64_C(1) << (i % 64);
        want += rows[i].consumed;
    }
    CHECK(log_part_consumed(find(parts, count, LOG_PART_QUOTA, 0)->data, n, set, &consumed));
    CHECK_EQ(consumed, want);
    arena_fini(&a);
    free(refs);
    free(rows);
}

TEST(every_value_is_found_at_its_rows)
{
    static const size_t sizes[] = {
        1, 2, 7, 8, 9, 63, 64, 65, 1000, LOG_CHUNK_ROWS - 1, LOG_CHUNK_ROWS};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        check_chunk(sizes[i], (uint32_t)i + 1);
}

TEST(several_values_are_found_at_once)
{
    enum { N = 500 };
    static struct log_chunk_row rows[N];
    const uint64_t codes[] = {0, 2, 17};
    uint64_t set[LOG_CHUNK_ROWS / 64] = {0};
    struct log_chunk_part *parts;
    int64_t consumed = 0;
    struct arena a;
    size_t count;

    arena_init(&a, 0);
    fill(rows, N, 3);
    log_chunk_build(&a, rows, N, &parts, &count);
    for (size_t i = 0; i < count; i++)
        if (parts[i].part == LOG_BY_USER)
            CHECK(log_part_match(parts[i].data, N, codes, ARRAY_LEN(codes), set, &consumed));
    for (size_t i = 0; i < N; i++)
        CHECK_EQ(log_set_has(set, i), rows[i].codes[LOG_BY_USER - LOG_BY_TYPE] == 0 ||
                                          rows[i].codes[LOG_BY_USER - LOG_BY_TYPE] == 2 ||
                                          rows[i].codes[LOG_BY_USER - LOG_BY_TYPE] == 17);
    arena_fini(&a);
}

TEST(numbers_of_any_size_come_back)
{
    struct log_chunk_row rows[] = {
        {.ref = {.created_at = INT64_MIN, .id = INT64_MAX}, .consumed = INT64_MIN},
        {.ref = {.created_at = INT64_MAX, .id = INT64_MIN}, .consumed = INT64_MAX},
        {.ref = {.created_at = 0, .id = 0}, .codes = {UINT64_MAX}}};
    struct log_ref refs[ARRAY_LEN(rows)];
    struct log_chunk_part *parts;
    struct arena a;
    size_t count;

    arena_init(&a, 0);
    log_chunk_build(&a, rows, ARRAY_LEN(rows), &parts, &count);
    CHECK(log_part_refs(find(parts, count, LOG_PART_ROWS, 0)->data, ARRAY_LEN(rows), refs));
    CHECK_EQ(refs[0].created_at, INT64_MAX);
    CHECK_EQ(refs[0].id, INT64_MIN);
    CHECK_EQ(refs[1].created_at, 0);
    CHECK_EQ(refs[2].created_at, INT64_MIN);
    CHECK_EQ(refs[2].id, INT64_MAX);
    check_value(rows, ARRAY_LEN(rows), parts, count, LOG_BY_TYPE, UINT64_MAX);
    arena_fini(&a);
}

/* Whatever is read, nothing beyond the text or the set is touched (the sanitizers see to that). */
TEST(damaged_parts_are_refused)
{
    enum { N = 300 };
    static struct log_chunk_row rows[N];
    struct log_chunk_part *parts;
    unsigned refused = 0;
    uint32_t seed = 9;
    struct arena a;
    size_t count;

    arena_init(&a, 0);
    fill(rows, N, 4);
    log_chunk_build(&a, rows, N, &parts, &count);
    for (int turn = 0; turn < 20000; turn++) {
        struct str data = parts[next(&seed) % count].data;
        char *copy = malloc(data.n + 1);
        uint64_t *set = calloc(log_set_words(N), sizeof *set);
        struct log_ref *refs = calloc(N, sizeof *refs);
        size_t n = next(&seed) % 2 ? data.n : next(&seed) % (data.n + 1);
        int64_t consumed = 0;
        uint64_t code = 2;

        memcpy(copy, data.p, data.n);
        copy[next(&seed) % data.n] = (char)(next(&seed) % 2 ? 'A' + next(&seed) % 26 : next(&seed));
        refused += !log_part_match(str_make(copy, n), N, &code, 1, set, &consumed);
        refused += !log_part_refs(str_make(copy, n), N, refs);
        refused += !log_part_consumed(str_make(copy, n), N, set, &consumed);
        free(refs);
        free(set);
        free(copy);
    }
    CHECK(refused > 1000);
    CHECK(!log_part_refs(STR("=?"), N, &(struct log_ref){0}));
    arena_fini(&a);
}

/* They are in databases: no version may see another value. */
TEST(codes_and_buckets_are_what_they_always_were)
{
    CHECK_EQ(log_name_code(STR("gpt-4o")), log_name_code(STR("gpt-4o")));
    CHECK_EQ(log_name_code(STR("")), UINT64_C(0x141cfc9842c4b0e3));
    CHECK_EQ(log_part_bucket(LOG_BY_TYPE, 2), 0);
    CHECK_EQ(log_part_bucket(LOG_BY_USER, 1), 39);
    CHECK_EQ(log_part_bucket(LOG_BY_GROUP, log_name_code(STR("default"))) < 4, true);
    for (enum log_part part = 0; part < LOG_PARTS; part++) {
        CHECK(log_part_buckets(part) <= LOG_BUCKETS_MAX);
        for (uint64_t code = 0; code < 1000; code++)
            CHECK(log_part_bucket(part, code) < log_part_buckets(part));
    }
}

TEST_MAIN(every_value_is_found_at_its_rows, several_values_are_found_at_once,
          numbers_of_any_size_come_back, damaged_parts_are_refused,
          codes_and_buckets_are_what_they_always_were)

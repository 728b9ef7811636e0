#include "codec/compress.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "base/test.h"

static struct str pack_zlib(struct arena *a, struct str plain, int bits)
{
    size_t bound = plain.n + plain.n / 100 + 200;
    uint8_t *out = arena_alloc(a, bound);
    z_stream z = {0};

    CHECK_EQ(deflateInit2(&z, 9, Z_DEFLATED, bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)plain.p;
    z.avail_in = (unsigned)plain.n;
    z.next_out = out;
    z.avail_out = (unsigned)bound;
    CHECK_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
    bound -= z.avail_out;
    deflateEnd(&z);
    return str_make((const char *)out, bound);
}

static struct str pack_gzip(struct arena *a, struct str plain)
{
    return pack_zlib(a, plain, 31);
}

static struct str pack_deflate(struct arena *a, struct str plain)
{
    return pack_zlib(a, plain, 15);
}

static struct str pack_raw(struct arena *a, struct str plain)
{
    return pack_zlib(a, plain, -15);
}

static struct str pack_br(struct arena *a, struct str plain)
{
    size_t n = plain.n * 2 + 1000;
    uint8_t *out = arena_alloc(a, n);

    CHECK(
        BrotliEncoderCompress(5, 22, BROTLI_MODE_TEXT, plain.n, (const uint8_t *)plain.p, &n, out));
    return str_make((const char *)out, n);
}

static struct str pack_zstd(struct arena *a, struct str plain)
{
    size_t bound = ZSTD_compressBound(plain.n);
    char *out = arena_alloc(a, bound);
    size_t n = ZSTD_compress(out, bound, plain.p, plain.n, 3);

    CHECK(!ZSTD_isError(n));
    return str_make(out, n);
}

static const struct {
    enum coding coding;
    struct str (*pack)(struct arena *a, struct str plain);
    bool many;
} ways[] = {
    {CODING_GZIP, pack_gzip, true},        {CODING_GZIP, gzip_compress, true},
    {CODING_DEFLATE, pack_deflate, false}, {CODING_DEFLATE, pack_raw, false},
    {CODING_BR, pack_br, false},           {CODING_ZSTD, pack_zstd, true},
};

/* Feeds the parts between the cuts, each from a block of its own size, so that a read past its end
 * is seen. */
static enum err_code inflate_cut(enum coding coding, struct str packed, size_t cut, size_t limit,
                                 struct sb *out)
{
    struct inflater *inf = inflater_new(coding, limit);
    enum err_code rc = ERR_OK;

    for (int i = 0; i < 2 && rc == ERR_OK; i++) {
        struct str part = i ? str_skip(packed, cut) : str_sub(packed, 0, cut);
        char *copy = mem_alloc(part.n + 1);

        memcpy(copy + 1, part.p, part.n);
        rc = inflater_feed(inf, str_make(copy + 1, part.n), out, NULL);
        mem_free(copy);
    }
    if (rc == ERR_OK)
        rc = inflater_end(inf, NULL);
    else
        CHECK_EQ(inflater_end(inf, NULL), rc);
    inflater_free(inf);
    return rc;
}

static struct str sample(struct arena *a)
{
    char *p = arena_alloc(a, 3000);

    for (size_t i = 0; i < 3000; i++)
        p[i] = "{\"model\":\"gpt-4o\",\"messages\":[]}"[(i * i / 7 + i / 100) % 33];
    return str_make(p, 3000);
}

TEST(each_coding_is_read_however_it_is_cut)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    struct str plain = sample(&a);
    for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
        struct str packed = ways[w].pack(&a, plain);

        for (size_t cut = 0; cut <= packed.n; cut++) {
            CLEANUP(sb_finip) struct sb out;

            sb_init(&out, 5000);
            sb_add(&out, STR(">"));
            CHECK_EQ(inflate_cut(ways[w].coding, packed, cut, 3000, &out), ERR_OK);
            CHECK_EQ(out.n, 3001);
            CHECK(str_eq(str_skip(sb_str(&out), 1), plain));
        }
    }
}

TEST(each_coding_is_read_byte_by_byte)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    struct str plain = sample(&a);
    for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
        CLEANUP(sb_finip) struct sb out;
        struct str packed = ways[w].pack(&a, plain);
        struct inflater *inf = inflater_new(ways[w].coding, 3000);

        sb_init(&out, 3000);
        for (size_t i = 0; i < packed.n; i++) {
            CHECK_EQ(inflater_end(inf, NULL), ERR_BAD_REQUEST);
            CHECK_EQ(inflater_feed(inf, str_sub(packed, i, 1), &out, NULL), ERR_OK);
        }
        CHECK_EQ(inflater_end(inf, NULL), ERR_OK);
        CHECK(str_eq(sb_str(&out), plain));
        inflater_free(inf);
    }
}

TEST(empty_bodies_come_out_empty)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
        CLEANUP(sb_finip) struct sb out;

        sb_init(&out, 0);
        CHECK_EQ(inflate_cut(ways[w].coding, ways[w].pack(&a, STR("")), 1, 0, &out), ERR_OK);
        CHECK_EQ(out.n, 0);
    }
}

TEST(one_byte_over_either_cap_is_too_large)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    struct str plain = sample(&a);
    for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
        struct str packed = ways[w].pack(&a, plain);

        for (size_t cut = 0; cut <= packed.n; cut += 50) {
            CLEANUP(sb_finip) struct sb one, two;

            sb_init(&one, 5000);
            sb_init(&two, 2999);
            CHECK_EQ(inflate_cut(ways[w].coding, packed, cut, 2999, &one), ERR_TOO_LARGE);
            CHECK_EQ(inflate_cut(ways[w].coding, packed, cut, 5000, &two), ERR_TOO_LARGE);
            CHECK(one.n == 2999 && two.n == 2999);
        }
    }
}

TEST(a_bomb_is_stopped_at_the_cap)
{
    CLEANUP(arena_finip) struct arena a;
    struct str zeros = str_make(mem_zalloc(20 << 20), 20 << 20);

    arena_init(&a, 0);
    for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
        CLEANUP(sb_finip) struct sb out;
        struct str packed = ways[w].pack(&a, zeros);

        sb_init(&out, SIZE_MAX / 2);
        CHECK(packed.n < 200000);
        CHECK_EQ(inflate_cut(ways[w].coding, packed, packed.n, 1 << 20, &out), ERR_TOO_LARGE);
        CHECK(out.n == 1 << 20 && out.cap <= 4 << 20);
    }
    mem_free((void *)(uintptr_t)zeros.p);
}

TEST(a_body_cut_short_is_an_error)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
        struct str packed = ways[w].pack(&a, sample(&a));

        for (size_t n = 0; n < packed.n; n++) {
            CLEANUP(sb_finip) struct sb out;

            sb_init(&out, 5000);
            CHECK_EQ(inflate_cut(ways[w].coding, str_sub(packed, 0, n), n / 2, 5000, &out),
                     ERR_BAD_REQUEST);
        }
    }
}

TEST(garbage_is_an_error_in_front_and_behind)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
        const struct str parts[] = {ways[w].pack(&a, STR("plain")),
                                    STR("\xff\xff\xff\xff\xff\xff")};
        struct str behind = str_concat(&a, parts, 2);

        for (size_t cut = 0; cut <= behind.n; cut++) {
            CLEANUP(sb_finip) struct sb out;

            sb_init(&out, 5000);
            CHECK_EQ(inflate_cut(ways[w].coding, behind, cut, 5000, &out), ERR_BAD_REQUEST);
            CHECK_EQ(inflate_cut(ways[w].coding, STR("\xff\xfe{\"model\":1}"), cut, 5000, &out),
                     ERR_BAD_REQUEST);
        }
    }
}

TEST(members_and_frames_follow_each_other_where_the_coding_says_so)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    for (size_t w = 0; w < ARRAY_LEN(ways); w++) {
        const struct str parts[] = {ways[w].pack(&a, STR("one ")), ways[w].pack(&a, STR("two"))};
        struct str both = str_concat(&a, parts, 2);

        for (size_t cut = 0; cut <= both.n; cut++) {
            CLEANUP(sb_finip) struct sb out;

            sb_init(&out, 5000);
            CHECK_EQ(inflate_cut(ways[w].coding, both, cut, 5000, &out),
                     ways[w].many ? ERR_OK : ERR_BAD_REQUEST);
            CHECK(!ways[w].many || str_eq(sb_str(&out), STR("one two")));
        }
    }
}

TEST(a_failed_inflater_keeps_failing)
{
    CLEANUP(sb_finip) struct sb out;
    struct inflater *inf = inflater_new(CODING_GZIP, 100);
    struct err err = {0};

    sb_init(&out, 100);
    CHECK_EQ(inflater_feed(inf, STR("garbage"), &out, &err), ERR_BAD_REQUEST);
    CHECK_STR(str_from(err.msg), "the compressed body is broken");
    CHECK_EQ(inflater_feed(inf, STR("\x1f"), &out, &err), ERR_BAD_REQUEST);
    CHECK_EQ(inflater_feed(inf, STR_NULL, &out, &err), ERR_BAD_REQUEST);
    inflater_free(inf);
    inflater_free(NULL);
}

TEST(a_zstd_window_over_eight_megabytes_is_refused)
{
    /* Frame header with a window of 16 MB (RFC 8878, 3.1.1.1.2) and an empty last block. */
    static const struct str large = STR_INIT("\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00");
    static const struct str fine = STR_INIT("\x28\xb5\x2f\xfd\x00\x68\x01\x00\x00");
    CLEANUP(sb_finip) struct sb out;

    sb_init(&out, 100);
    CHECK_EQ(inflate_cut(CODING_ZSTD, fine, 4, 100, &out), ERR_OK);
    CHECK_EQ(inflate_cut(CODING_ZSTD, large, 4, 100, &out), ERR_BAD_REQUEST);
}

/* Found by the fuzzer: a library that reads the formats of before 1.0, too, does not read them
 * alike for every cut. */
TEST(a_zstd_frame_of_an_old_format_is_refused_however_it_is_cut)
{
    static const struct str old[] = {STR_INIT("\x25\xb5\x2f\xfd\0\0\0\0"),
                                     STR_INIT("\x27\xb5\x2f\xfd\0\0\0\0"),
                                     STR_INIT("\x1e\xb5\x2f\xfd\0\0\0\0")};

    for (size_t i = 0; i < ARRAY_LEN(old); i++)
        for (size_t cut = 0; cut <= old[i].n; cut++) {
            CLEANUP(sb_finip) struct sb out;

            sb_init(&out, 1000);
            CHECK_EQ(inflate_cut(CODING_ZSTD, old[i], cut, 1000, &out), ERR_BAD_REQUEST);
        }
}

TEST(a_zstd_frame_to_skip_is_skipped)
{
    CLEANUP(arena_finip) struct arena a;
    struct str skip = STR("\x5a\x2a\x4d\x18\x03\0\0\0abc");

    arena_init(&a, 0);
    struct str wire = str_concat(&a, (struct str[]){skip, pack_zstd(&a, STR("plain"))}, 2);
    for (size_t cut = 0; cut <= wire.n; cut++) {
        CLEANUP(sb_finip) struct sb out;

        sb_init(&out, 1000);
        CHECK_EQ(inflate_cut(CODING_ZSTD, wire, cut, 1000, &out), ERR_OK);
        CHECK_STR(sb_str(&out), "plain");
    }
}

/* It says that 768 bytes come, and ends with an empty block: the library minds that only in a frame
 * that it is given whole. */
TEST(a_zstd_frame_that_says_a_wrong_size_is_read_alike_however_it_is_cut)
{
    const struct str wire = STR("\x28\xb5\x2f\xfd\x40\x00\x00\x02\x01\x00\x00");
    CLEANUP(sb_finip) struct sb out;

    sb_init(&out, 1 << 20);
    for (size_t cut = 0; cut <= wire.n; cut++) {
        sb_reset(&out);
        CHECK_EQ(inflate_cut(CODING_ZSTD, wire, cut, 1000, &out), ERR_OK);
        CHECK_EQ(out.n, 0);
    }
}

TEST(codings_are_known_by_name)
{
    CHECK_EQ(coding_from_name(STR_NULL), CODING_IDENTITY);
    CHECK_EQ(coding_from_name(STR(" Identity ")), CODING_IDENTITY);
    CHECK_EQ(coding_from_name(STR("GZIP")), CODING_GZIP);
    CHECK_EQ(coding_from_name(STR("x-gzip")), CODING_GZIP);
    CHECK_EQ(coding_from_name(STR("deflate")), CODING_DEFLATE);
    CHECK_EQ(coding_from_name(STR("br")), CODING_BR);
    CHECK_EQ(coding_from_name(STR("zstd")), CODING_ZSTD);
    CHECK_EQ(coding_from_name(STR("gzip, br")), CODING_UNKNOWN);
}

TEST_MAIN(each_coding_is_read_however_it_is_cut, each_coding_is_read_byte_by_byte,
          empty_bodies_come_out_empty, one_byte_over_either_cap_is_too_large,
          a_bomb_is_stopped_at_the_cap, a_body_cut_short_is_an_error,
          garbage_is_an_error_in_front_and_behind,
          members_and_frames_follow_each_other_where_the_coding_says_so,
          a_failed_inflater_keeps_failing, a_zstd_window_over_eight_megabytes_is_refused,
          a_zstd_frame_of_an_old_format_is_refused_however_it_is_cut,
          a_zstd_frame_to_skip_is_skipped,
          a_zstd_frame_that_says_a_wrong_size_is_read_alike_however_it_is_cut,
          codings_are_known_by_name)

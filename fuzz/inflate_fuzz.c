/*
 * Whatever the input: inflating it at once and in two pieces ends the same bytes or in a fault,
 * never past the cap; and what gzip_compress() packs comes back. The first byte chooses the coding
 * and the cap, the second the place of the cut.
 */
#include "base/mem.h"
#include "base/panic.h"
#include "codec/compress.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static enum err_code inflate_cut(enum coding coding, struct str in, size_t cut, size_t limit,
                                 struct sb *out)
{
    struct inflater *inf = inflater_new(coding, limit);
    enum err_code rc = inflater_feed(inf, str_sub(in, 0, cut), out, NULL);

    if (rc == ERR_OK)
        rc = inflater_feed(inf, str_skip(in, cut), out, NULL);
    if (rc == ERR_OK)
        rc = inflater_end(inf, NULL);
    inflater_free(inf);
    if (out->n > limit)
        panic("%zu bytes past a cap of %zu", out->n, limit);
    return rc;
}

static void check_pack(struct str plain)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(sb_finip) struct sb out;

    arena_init(&a, 0);
    sb_init(&out, plain.n);
    if (inflate_cut(CODING_GZIP, gzip_compress(&a, plain), 5, plain.n, &out) != ERR_OK ||
        !str_eq(sb_str(&out), plain))
        panic("what was packed does not come back");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    CLEANUP(sb_finip) struct sb whole, cut;

    sb_init(&whole, 1 << 20);
    sb_init(&cut, 1 << 20);
    if (n < 2)
        return 0;
    enum coding coding = (enum coding)(CODING_GZIP + bytes[0] % 4);
    size_t limit = bytes[0] < 128 ? 1 << 18 : bytes[0] - 127u;
    struct str in = str_make((const char *)bytes + 2, n - 2);
    enum err_code one = inflate_cut(coding, in, in.n, limit, &whole);
    enum err_code two = inflate_cut(coding, in, bytes[1] % (in.n + 1), limit, &cut);
    /* What is both too large and broken may fail as either: decoders look ahead. */
    if ((one == ERR_OK) != (two == ERR_OK) ||
        (one == ERR_OK && !str_eq(sb_str(&whole), sb_str(&cut))))
        panic("cut: %s instead of %s", err_name(two), err_name(one));
    check_pack(in);
    return 0;
}

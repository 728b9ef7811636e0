/*
 * Whatever the input: the parts are slices of the body in their order, which do not overlap, none
 * holds the delimiter, and a body that is cut anywhere before its end is never read as whole with
 * other parts than a beginning of the same list, nor is what is said of it while it comes. The
 * first byte says how long the boundary is.
 */
#include "base/mem.h"
#include "base/panic.h"
#include "codec/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Number of parts, or -1 when the body is refused. */
static int count_parts(struct str body, struct str boundary)
{
    struct multipart m;
    struct multipart_part part;
    const char *at = body.p;
    bool more = true;
    int count = 0;

    if (multipart_init(&m, body, boundary, NULL) != ERR_OK)
        return -1;
    for (;; count++) {
        if (multipart_next(&m, &part, &more, NULL) != ERR_OK)
            return -1;
        if (!more)
            return count;
        if (part.name.n == 0 || part.name.p < at || part.body.p < part.name.p + part.name.n ||
            part.body.p + part.body.n > body.p + body.n)
            panic("part %d is not where it should be", count);
        if (str_has(part.body, str_make(m.delimiter, m.delimiter_n)))
            panic("part %d holds the delimiter", count);
        at = part.body.p + part.body.n;
    }
}

/* Parts that are there of the beginning of a form, the one that has only begun included. */
static int count_begun(struct str body, struct str boundary)
{
    struct multipart m;
    struct multipart_part part;
    bool more = true;
    int count = 0;

    if (multipart_init_partial(&m, body, boundary, NULL) != ERR_OK)
        panic("a boundary is none before the end");
    for (;; count++) {
        if (multipart_next(&m, &part, &more, NULL) != ERR_OK)
            panic("the beginning of a form cannot be read");
        if (!more)
            return count;
        if (part.body.p + part.body.n > body.p + body.n)
            panic("part %d is not where it should be", count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct str all = str_make((const char *)bytes, n), boundary, type;
    int parts;

    if (n < 2)
        return 0;
    boundary = str_sub(all, 1, bytes[0] % 80u);
    all = str_skip(all, 1 + boundary.n);
    multipart_is_form(all, &type);
    parts = count_parts(all, boundary);
    for (size_t cut = 0; cut < all.n && parts >= 0; cut += 1 + all.n / 16) {
        char *copy = mem_alloc(cut + 1);
        int some;

        memcpy(copy, all.p, cut);
        some = count_parts(str_make(copy, cut), boundary);
        if (some > parts || (some >= 0 && some < parts))
            panic("cut at %zu: %d parts, not %d", cut, some, parts);
        if (count_begun(str_make(copy, cut), boundary) > parts)
            panic("cut at %zu: more than %d parts", cut, parts);
        mem_free(copy);
    }
    return 0;
}

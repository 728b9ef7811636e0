#include "billing/image_size.h"

/* A JPEG may have a preview and a colour profile before its size. */
enum { BYTES_MAX = 256 * 1024 };

struct bytes {
    const char *p, *end;
    uint32_t bits;
    unsigned count; /* of bits that were read and not yet taken */
    unsigned left;  /* bytes that may still be taken */
};

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* The next character that counts; a line end is an escape of its own. */
static int next_value(struct bytes *b)
{
    while (b->p < b->end) {
        char c = *b->p++;

        if (c == '\\' && b->p < b->end && (*b->p == 'n' || *b->p == 'r'))
            b->p++;
        else if (c != '\\')
            return value_of(c);
    }
    return -1;
}

/* -1: there is no more. */
static int next(struct bytes *b)
{
    if (b->left == 0)
        return -1;
    while (b->count < 8) {
        int value = next_value(b);

        if (value < 0)
            return -1;
        b->bits = b->bits << 6 | (uint32_t)value;
        b->count += 6;
    }
    b->left--;
    b->count -= 8;
    return (int)(b->bits >> b->count & 0xff);
}

/* So many bytes as a number, -1: there are not so many. */
static int64_t big_endian(struct bytes *b, unsigned n)
{
    int64_t number = 0;

    while (n-- > 0) {
        int byte = next(b);

        if (byte < 0)
            return -1;
        number = number << 8 | byte;
    }
    return number;
}

static int64_t little_endian(struct bytes *b, unsigned n)
{
    int64_t number = 0;

    for (unsigned i = 0; i < n; i++) {
        int byte = next(b);

        if (byte < 0)
            return -1;
        number |= (int64_t)byte << (8 * i);
    }
    return number;
}

static bool skip(struct bytes *b, int64_t n)
{
    while (n-- > 0) {
        if (next(b) < 0)
            return false;
    }
    return true;
}

static bool follows(struct bytes *b, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (next(b) != (uint8_t)text.p[i])
            return false;
    }
    return true;
}

/* ---- the kinds, each from behind its first byte ---- */

static bool read_png(struct bytes *b, int64_t *width, int64_t *height)
{
    if (!follows(b, STR("PNG\r\n\x1a\n")) || !skip(b, 4) || !follows(b, STR("IHDR")))
        return false;
    *width = big_endian(b, 4);
    *height = big_endian(b, 4);
    return true;
}

static bool read_gif(struct bytes *b, int64_t *width, int64_t *height)
{
    if (!follows(b, STR("IF8")) || !skip(b, 2))
        return false;
    *width = little_endian(b, 2);
    *height = little_endian(b, 2);
    return true;
}

static bool begins_frame(int marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* The marker of the next segment; -1: none. */
static int next_marker(struct bytes *b)
{
    int byte = next(b);

    if (byte != 0xff)
        return -1;
    while (byte == 0xff)
        byte = next(b);
    return byte;
}

static bool read_jpeg(struct bytes *b, int64_t *width, int64_t *height)
{
    enum { START = 0xd8, SCAN = 0xda };

    if (next(b) != START)
        return false;
    for (;;) {
        int marker = next_marker(b);
        int64_t length = big_endian(b, 2);

        if (marker <= 0 || marker == SCAN || length < 2)
            return false;
        if (begins_frame(marker))
            break;
        if (!skip(b, length - 2))
            return false;
    }
    if (!skip(b, 1)) /* bits of a sample */
        return false;
    *height = big_endian(b, 2);
    *width = big_endian(b, 2);
    return true;
}

/* A key frame of VP8. */
static bool read_lossy(struct bytes *b, int64_t *width, int64_t *height)
{
    enum { SIZE_BITS = 0x3fff };

    int64_t across, down;

    if (!skip(b, 3) || !follows(b, STR("\x9d\x01\x2a")))
        return false;
    across = little_endian(b, 2);
    down = little_endian(b, 2);
    if (across < 0 || down < 0)
        return false;
    *width = across & SIZE_BITS;
    *height = down & SIZE_BITS;
    return true;
}

static bool read_lossless(struct bytes *b, int64_t *width, int64_t *height)
{
    enum { SIZE_BITS = 0x3fff };
    int64_t bits;

    if (!follows(b, STR("\x2f")))
        return false;
    bits = little_endian(b, 4);
    if (bits < 0)
        return false;
    *width = (bits & SIZE_BITS) + 1;
    *height = (bits >> 14 & SIZE_BITS) + 1;
    return true;
}

static bool read_webp(struct bytes *b, int64_t *width, int64_t *height)
{
    if (!follows(b, STR("IFF")) || !skip(b, 4) || !follows(b, STR("WEBPVP8")))
        return false;
    int kind = next(b);
    if (!skip(b, 4)) /* of the chunk's length */
        return false;
    if (kind == ' ')
        return read_lossy(b, width, height);
    if (kind == 'L')
        return read_lossless(b, width, height);
    if (kind != 'X' || !skip(b, 4))
        return false;
    *width = little_endian(b, 3) + 1;
    *height = little_endian(b, 3) + 1;
    return true;
}

bool image_size_read(struct str base64, int64_t *width, int64_t *height)
{
    struct bytes b = {.p = base64.p, .end = base64.p + base64.n, .left = BYTES_MAX};
    bool read = false;

    *width = *height = 0;
    switch (next(&b)) {
    case 0x89:
        read = read_png(&b, width, height);
        break;
    case 'G':
        read = read_gif(&b, width, height);
        break;
    case 0xff:
        read = read_jpeg(&b, width, height);
        break;
    case 'R':
        read = read_webp(&b, width, height);
        break;
    }
    return read && *width > 0 && *height > 0;
}

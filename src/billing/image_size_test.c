#include "billing/image_size.h"

#include "base/sb.h"
#include "base/test.h"
#include "base/text.h"

#define BYTES(literal)                                                                             \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define PNG_SIGN "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
/* A segment of five bytes, one of a table, then a frame of 900 lines of 1300 samples. */
#define JPEG_FRAME "\0\x11\x08\x03\x84\x05\x14\x03\x01\x22\0"

/* How pictures of the kinds begin. */
static const struct {
    struct str bytes;
    int64_t width, height;
} pictures[] = {
    {BYTES(PNG_SIGN "\0\0\x05\x14\0\0\x03\x84\x08\x02\0\0\0"), 1300, 900},
    {BYTES("GIF89a\x14\x05\x84\x03\xf7\0\0"), 1300, 900},
    {BYTES("GIF87a\x01\0\x02\0"), 1, 2},
    {BYTES("\xff\xd8\xff\xe0\0\x07JFIF\0\xff\xdb\0\x03\0\xff\xc0" JPEG_FRAME), 1300, 900},
    {BYTES("\xff\xd8\xff\xff\xff\xe1\0\x02\xff\xc4\0\x02\xff\xc2" JPEG_FRAME), 1300, 900},
    {BYTES("RIFF\0\0\0\0WEBPVP8 \0\0\0\0\x30\x01\0\x9d\x01\x2a\x14\x05\x84\x03"), 1300, 900},
    {BYTES("RIFF\0\0\0\0WEBPVP8 \0\0\0\0\x30\x01\0\x9d\x01\x2a\x14\x45\x84\xc3"), 1300, 900},
    {BYTES("RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x13\xc5\xe0\0"), 1300, 900},
    {BYTES("RIFF\0\0\0\0WEBPVP8X\0\0\0\0\x10\0\0\0\x13\x05\0\x83\x03\0"), 1300, 900},
};

static bool read_bytes(struct str bytes, int64_t *width, int64_t *height)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    return image_size_read(base64_encode(&a, bytes), width, height);
}

TEST(the_size_is_read_in_each_kind_and_nothing_is_made_up_of_a_part)
{
    for (size_t i = 0; i < ARRAY_LEN(pictures); i++) {
        int64_t width, height;
        size_t enough = 0;

        CHECK(read_bytes(pictures[i].bytes, &width, &height));
        CHECK_EQ(width, pictures[i].width);
        CHECK_EQ(height, pictures[i].height);
        /* Where the last byte of the size has not come there is none. */
        for (size_t n = 0; n < pictures[i].bytes.n; n++) {
            if (!read_bytes(str_sub(pictures[i].bytes, 0, n), &width, &height)) {
                CHECK_EQ(enough, 0);
                continue;
            }
            enough = n;
            CHECK_EQ(width, pictures[i].width);
            CHECK_EQ(height, pictures[i].height);
        }
    }
}

TEST(what_is_no_picture_has_no_size)
{
    static const struct str others[] = {
        BYTES(""),
        BYTES("%PDF-1.7"),
        BYTES("GIF"),
        BYTES("GIF89a\0\0\x84\x03"),
        BYTES(PNG_SIGN "\0\0\0\0\0\0\x03\x84"),
        BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIDAT\0\0\x05\x14\0\0\x03\x84"),
        BYTES("\xff\xd8\xff\xda\0\x02\xff\xc0" JPEG_FRAME),
        BYTES("\xff\xd8\xff\xe0\0\x01\xff\xc0" JPEG_FRAME),
        BYTES("\xff\xd8\xff\xe0\0\x02no" JPEG_FRAME),
        BYTES("RIFF\0\0\0\0WAVEfmt \0\0\0\0\0\0\0\0\0\0\0\0"),
        BYTES("RIFF\0\0\0\0WEBPVP8 \0\0\0\0\x30\x01\0\0\0\0\x14\x05\x84\x03"),
        BYTES("RIFF\0\0\0\0WEBPVP8Y\0\0\0\0\x2f\x13\xc5\xe0\0\0\0\0\0"),
    };

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        int64_t width, height;

        CHECK(!read_bytes(others[i], &width, &height));
    }
}

TEST(escapes_and_the_other_alphabet_are_read)
{
    static const char *const texts[] = {
        "/9j/2wADAP/AABEIA4QFFAMBIgA=", "\\/9j\\/2wADAP\\/AABEIA4QFFAMBIgA=",
        "_9j_2wADAP_AABEIA4QFFAMBIgA", "/9j/2wADAP/A\\r\\nABEIA4QFFAMBIgA="};
    static const char *const bad[] = {"/9j/2wADAP/A?ABEIA4QFFAMBIgA=", "/9j/2wADAP/A=ABEIA4QF",
                                      "\\"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        int64_t width, height;

        CHECK(image_size_read(str_from(texts[i]), &width, &height));
        CHECK_EQ(width, 1300);
        CHECK_EQ(height, 900);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int64_t width, height;

        CHECK(!image_size_read(str_from(bad[i]), &width, &height));
    }
}

/* Segments without end: the search is given up, and does not take the whole of a long body. */
TEST(a_size_that_does_not_come_is_not_looked_for_for_ever)
{
    CLEANUP(sb_finip) struct sb sb;
    CLEANUP(arena_finip) struct arena a;
    int64_t width, height;

    arena_init(&a, 0);
    sb_init(&sb, 1 << 20);
    sb_add(&sb, STR("\xff\xd8"));
    while (sb.n < 512 * 1024)
        sb_add(&sb, str_make("\xff\xe2\0\x04xx", 6));
    sb_add(&sb, str_make("\xff\xc0" JPEG_FRAME, 13));
    CHECK(!image_size_read(base64_encode(&a, sb_str(&sb)), &width, &height));
}

TEST_MAIN(the_size_is_read_in_each_kind_and_nothing_is_made_up_of_a_part,
          what_is_no_picture_has_no_size, escapes_and_the_other_alphabet_are_read,
          a_size_that_does_not_come_is_not_looked_for_for_ever)

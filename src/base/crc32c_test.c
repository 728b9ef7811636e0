#include "base/crc32c.h"

#include "base/test.h"

/* Vectors: RFC 3720, appendix B.4, and the check value of the catalogues for "123456789". */
TEST(checksums_are_the_published_ones)
{
    char bytes[32];

    CHECK_EQ(crc32c(0, STR("123456789")), 0xe3069283);
    CHECK_EQ(crc32c(0, STR_NULL), 0);
    memset(bytes, 0, sizeof bytes);
    CHECK_EQ(crc32c(0, str_make(bytes, sizeof bytes)), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    CHECK_EQ(crc32c(0, str_make(bytes, sizeof bytes)), 0x62a8ab43);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    CHECK_EQ(crc32c(0, str_make(bytes, sizeof bytes)), 0x46dd794e);
}

TEST(both_ways_agree_and_pieces_add_up)
{
    char bytes[100];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 37 + 11);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        uint32_t whole = crc32c(0, str_make(bytes, n));

        CHECK_EQ(whole, crc32c_portable(0, str_make(bytes, n)));
        for (size_t cut = 0; cut <= n; cut++) {
            uint32_t first = crc32c(0, str_make(bytes, cut));

            CHECK_EQ(crc32c(first, str_make(bytes + cut, n - cut)), whole);
        }
    }
}

TEST_MAIN(checksums_are_the_published_ones, both_ways_agree_and_pieces_add_up)

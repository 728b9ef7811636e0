#include "base/hash.h"

#include "base/test.h"

TEST(equal_bytes_hash_alike_wherever_they_lie)
{
    char text[2][64] = {"xthe same bytes, a little longer than one step", ""};

    memcpy(text[1], text[0] + 1, 63);
    for (size_t n = 0; n < 45; n++)
        CHECK(hash_bytes(str_make(text[0] + 1, n)) == hash_bytes(str_make(text[1], n)));
    CHECK(hash_bytes(STR_NULL) == hash_bytes(STR("")));
}

/* Of 64 flipped output bits 32 are expected; the mean over all places must be near that. */
TEST(each_bit_and_each_length_matters)
{
    char zero[64] = {0};
    unsigned flips = 0, pairs = 0;

    for (size_t n = 1; n <= sizeof zero; n++) {
        uint64_t base = hash_bytes(str_make(zero, n));

        CHECK(base != hash_bytes(str_make(zero, n - 1)));
        for (size_t bit = 0; bit < n * 8; bit++, pairs++) {
            zero[bit / 8] = (char)(1u << bit % 8);
            uint64_t other = hash_bytes(str_make(zero, n));

            zero[bit / 8] = 0;
            CHECK(other != base);
            flips += (unsigned)__builtin_popcountll(other ^ base);
        }
    }
    CHECK(flips > pairs * 31 && flips < pairs * 33);
}

TEST(counted_numbers_spread_over_the_low_bits)
{
    unsigned seen[64] = {0};

    for (uint64_t i = 0; i < 6400; i++)
        seen[hash_u64(i) & 63]++;
    for (int i = 0; i < 64; i++)
        CHECK(seen[i] > 40 && seen[i] < 180); /* 100 expected, deviation 10 */
}

TEST_MAIN(equal_bytes_hash_alike_wherever_they_lie, each_bit_and_each_length_matters,
          counted_numbers_spread_over_the_low_bits)

#include "base/crypto.h"

#include "base/test.h"
#include "base/text.h"

static struct str hex(struct arena *a, const uint8_t *bytes, size_t n)
{
    return hex_encode(a, str_make((const char *)bytes, n));
}

/* Vectors: FIPS 180-4 examples for "abc" and RFC 1321 A.5. */
TEST(hashes_give_the_published_values)
{
    CLEANUP(arena_finip) struct arena a;
    uint8_t out[SHA256_BYTES];

    arena_init(&a, 0);
    sha256(STR("abc"), out);
    CHECK_STR(hex(&a, out, SHA256_BYTES),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256(STR_NULL, out);
    CHECK_STR(hex(&a, out, SHA256_BYTES),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha1(STR("abc"), out);
    CHECK_STR(hex(&a, out, SHA1_BYTES), "a9993e364706816aba3e25717850c26c9cd0d89d");
    md5(STR("abc"), out);
    CHECK_STR(hex(&a, out, MD5_BYTES), "900150983cd24fb0d6963f7d28e17f72");
}

/* Vectors: RFC 4231, test cases 2 and 6 (a key longer than a block). */
TEST(message_authentication_gives_the_published_values)
{
    CLEANUP(arena_finip) struct arena a;
    char long_key[131];

    arena_init(&a, 0);
    CHECK_STR(hmac_sha256_hex(&a, STR("Jefe"), STR("what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(long_key, 0xaa, sizeof long_key);
    CHECK_STR(hmac_sha256_hex(&a, str_make(long_key, sizeof long_key),
                              STR("Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK_STR(hmac_sha256_hex(&a, STR_NULL, STR_NULL),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(comparison_sees_length_and_content)
{
    CHECK(crypto_equal(STR("abc"), STR("abc")));
    CHECK(!crypto_equal(STR("abc"), STR("abd")));
    CHECK(!crypto_equal(STR("abc"), STR("abcd")));
    CHECK(crypto_equal(STR_NULL, STR("")));
}

TEST_MAIN(hashes_give_the_published_values, message_authentication_gives_the_published_values,
          comparison_sees_length_and_content)

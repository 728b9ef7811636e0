#include "base/text.h"

#include "base/test.h"

TEST(utf8_is_valid_only_without_surrogates_and_overlong_forms)
{
    static const struct str good[] = {
        STR_INIT(""),
        STR_INIT("plain ascii, more than eight"),
        STR_INIT("\xc2\x80"),
        STR_INIT("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80"),
        STR_INIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
        STR_INIT("a\0b"),
    };
    static const struct str bad[] = {
        STR_INIT("\x80"),
        STR_INIT("\xc0\x80"),
        STR_INIT("\xc1\xbf"),
        STR_INIT("\xc2"),
        STR_INIT("\xc2 "),
        STR_INIT("\xe0\x9f\xbf"),
        STR_INIT("\xed\xa0\x80"),
        STR_INIT("\xf0\x8f\xbf\xbf"),
        STR_INIT("\xf4\x90\x80\x80"),
        STR_INIT("\xf5\x80"),
        STR_INIT("\xe4\xbd"),
        STR_INIT("12345678\xff"),
    };

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        CHECK(utf8_valid(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!utf8_valid(bad[i]));
}

TEST(a_prefix_never_cuts_a_character)
{
    const struct str s = STR("a\xe4\xbd\xa0\xf0\x9f\x98\x80z"); /* 1 + 3 + 4 + 1 bytes */
    static const size_t want[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 9, 9};

    for (size_t n = 0; n < ARRAY_LEN(want); n++)
        CHECK_EQ(utf8_prefix(s, n).n, want[n]);
    CHECK_EQ(utf8_prefix(STR("\x80\x80\x80\x80\x80"), 4).n, 4);
    CHECK_EQ(utf8_prefix(STR("\xe4\xbd\xa0\xa0\xa0"), 4).n, 4);
    CHECK_EQ(utf8_count(s), 4);
    CHECK_EQ(utf8_count(STR("\xff\xe4\xbd")), 3);
}

/* Vectors: RFC 4648, section 10. */
TEST(base64_gives_the_published_values_and_reads_both_alphabets)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    CLEANUP(arena_finip) struct arena a;
    struct str out;

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_STR(base64_encode(&a, str_from(rows[i][0])), rows[i][1]);
        CHECK(base64_decode(&a, str_from(rows[i][1]), &out));
        CHECK_STR(out, rows[i][0]);
        CHECK(base64_decode(&a, str_trim_right_char(str_from(rows[i][1]), '='), &out));
        CHECK_STR(out, rows[i][0]);
    }
    CHECK_STR(base64url_encode(&a, STR("\xfb\xff\xfe!")), "-__-IQ");
    CHECK(base64_decode(&a, STR("-__-IQ"), &out) && str_eq(out, STR("\xfb\xff\xfe!")));
    CHECK(base64_decode(&a, STR("+//+IQ=="), &out) && str_eq(out, STR("\xfb\xff\xfe!")));
}

TEST(base64_refuses_foreign_bytes_and_broken_lengths)
{
    static const char *const bad[] = {
        "Z", "Zg=", "Zg===", "Z g=", "Zg==Zg==", "Zm9v=", "====", "Zm8*", "=", "\xff\xff"};
    CLEANUP(arena_finip) struct arena a;
    struct str out;

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!base64_decode(&a, str_from(bad[i]), &out));
}

TEST(hex_goes_both_ways)
{
    CLEANUP(arena_finip) struct arena a;
    struct str out;

    arena_init(&a, 0);
    CHECK_STR(hex_encode(&a, STR("\x00\x7f\xff")), "007fff");
    CHECK(hex_decode(&a, STR("007FfF"), &out) && str_eq(out, STR("\x00\x7f\xff")));
    CHECK(!hex_decode(&a, STR("0"), &out) && !hex_decode(&a, STR("0g"), &out));
    CHECK(hex_decode(&a, STR(""), &out) && out.n == 0);
}

TEST(percent_coding_leaves_unreserved_characters_and_broken_escapes)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    CHECK_STR(url_encode(&a, STR("aZ9-_.~ /%\xe4")), "aZ9-_.~%20%2F%25%E4");
    CHECK_STR(url_decode(&a, STR("a%20b%2fc+d"), false), "a b/c+d");
    CHECK_STR(url_decode(&a, STR("a+b"), true), "a b");
    CHECK_STR(url_decode(&a, STR("100%&%zz%4"), true), "100%&%zz%4");
    CHECK_STR(url_decode(&a, STR("%41"), true), "A");
}

TEST(a_query_gives_the_first_value_of_a_name)
{
    CLEANUP(arena_finip) struct arena a;
    struct str query = STR("p=1&&keyword=a%26b+c&p=2&flag&%6eame=x"), value;

    arena_init(&a, 0);
    CHECK(url_query_get(&a, query, STR("p"), &value));
    CHECK_STR(value, "1");
    CHECK(url_query_get(&a, query, STR("keyword"), &value));
    CHECK_STR(value, "a&b c");
    CHECK(url_query_get(&a, query, STR("flag"), &value) && value.n == 0);
    CHECK(url_query_get(&a, query, STR("name"), &value));
    CHECK_STR(value, "x");
    CHECK(!url_query_get(&a, query, STR("key"), &value));
    CHECK(!url_query_get(&a, STR_NULL, STR("p"), &value));
}

TEST(a_mask_shows_six_characters_of_a_long_secret_and_none_of_a_short_one)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    CHECK_STR(text_mask(&a, STR("sk-abcdefghi")), "sk-***ghi");
    CHECK_STR(text_mask(&a, STR("123456789")), "***");
    CHECK_STR(text_mask(&a, STR("1234567890")), "123***890");
    CHECK_STR(text_mask(&a, STR_NULL), "");
    CHECK_STR(text_mask(&a, STR("\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0-----\xe4\xbd\xa0yz")),
              "\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0***\xe4\xbd\xa0yz");
}

TEST_MAIN(utf8_is_valid_only_without_surrogates_and_overlong_forms, a_prefix_never_cuts_a_character,
          base64_gives_the_published_values_and_reads_both_alphabets,
          base64_refuses_foreign_bytes_and_broken_lengths, hex_goes_both_ways,
          percent_coding_leaves_unreserved_characters_and_broken_escapes,
          a_query_gives_the_first_value_of_a_name,
          a_mask_shows_six_characters_of_a_long_secret_and_none_of_a_short_one)

#include "base/json_write.h"

#include <float.h>
#include <math.h>

#include "base/json.h"
#include "base/test.h"

#define WITH_WRITER(w)                                                                             \
    CLEANUP(sb_finip) struct sb sb;                                                                \
    struct json_writer w;                                                                          \
    sb_init(&sb, 100000);                                                                          \
    jw_init(&w, &sb)

TEST(commas_stand_between_items_only)
{
    WITH_WRITER(w);
    jw_object(&w);
    jw_key_i64(&w, STR("a"), -1);
    jw_key(&w, STR("b"));
    jw_array(&w);
    jw_end(&w);
    jw_key(&w, STR("c"));
    jw_array(&w);
    jw_i64(&w, INT64_MIN);
    jw_object(&w);
    jw_end(&w);
    jw_object(&w);
    jw_key_null(&w, STR("d"));
    jw_end(&w);
    jw_null(&w);
    jw_end(&w);
    jw_key_bool(&w, STR("e"), true);
    jw_key_str(&w, STR("f"), STR_NULL);
    jw_key_f64(&w, STR("g"), 0.5);
    jw_key_raw(&w, STR("h"), STR("[1, 2]"));
    jw_key_raw(&w, STR("i"), STR_NULL);
    jw_end(&w);
    CHECK_STR(sb_str(&sb), "{\"a\":-1,\"b\":[],\"c\":[-9223372036854775808,{},{\"d\":null},null],"
                           "\"e\":true,\"f\":\"\",\"g\":0.5,\"h\":[1, 2],\"i\":null}");
}

TEST(a_container_begins_without_a_comma_whatever_stood_at_its_level)
{
    WITH_WRITER(w);
    jw_array(&w);
    for (int i = 0; i < 2; i++) {
        jw_array(&w);
        jw_i64(&w, i);
        jw_end(&w);
        jw_object(&w);
        jw_key_i64(&w, STR("k"), i);
        jw_end(&w);
    }
    jw_end(&w);
    CHECK_STR(sb_str(&sb), "[[0],{\"k\":0},[1],{\"k\":1}]");
}

TEST(a_single_value_is_a_text)
{
    WITH_WRITER(w);
    jw_bool(&w, false);
    CHECK_STR(sb_str(&sb), "false");
}

TEST(strings_and_keys_are_escaped)
{
    WITH_WRITER(w);
    jw_object(&w);
    jw_key_str(&w, STR("k\"\n"), STR("\"\\/\b\f\n\r\t\x01\x1F\x7F\0 \xE4\xB8\xAD"));
    jw_end(&w);
    CHECK_STR(sb_str(&sb), "{\"k\\\"\\n\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\\u0000 "
                           "\xE4\xB8\xAD\"}");
}

TEST(what_is_not_utf8_becomes_replacement_characters)
{
    WITH_WRITER(w);
    jw_str(&w, STR("a\xFF"
                   "b\xE4\xB8\"\xED\xA0\x80\n\xC3"));
#define R "\xEF\xBF\xBD"
    CHECK_STR(sb_str(&sb), "\"a" R "b" R R "\\\"" R R R "\\n" R "\"");
}

TEST(long_strings_are_escaped_at_every_place)
{
    char text[200];

    for (size_t at = 0; at < sizeof text; at++) {
        CLEANUP(arena_finip) struct arena a;
        struct str back;
        WITH_WRITER(w);

        arena_init(&a, 0);
        memset(text, 'x', sizeof text);
        text[at] = at % 2 ? '\\' : '\n';
        jw_str(&w, str_make(text, sizeof text));
        CHECK(json_unescape(&a, sb_str(&sb), &back));
        CHECK(str_eq(back, str_make(text, sizeof text)));
        CHECK(str_eq(json_quote(&a, back), sb_str(&sb)));
    }
}

/* Short strings take a way of their own: each ASCII character, wherever it stands. */
TEST(short_strings_are_escaped_at_every_place)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    for (size_t n = 1; n <= 33; n++)
        for (size_t at = 0; at < n; at++)
            for (int c = 0; c < 0x80; c++) {
                char text[33];
                struct str back;
                WITH_WRITER(w);

                memset(text, 'a', n);
                text[at] = (char)c;
                jw_str(&w, str_make(text, n));
                CHECK_EQ(sb.n > n + 2, c < 0x20 || c == '"' || c == '\\');
                CHECK(json_unescape(&a, sb_str(&sb), &back));
                CHECK(str_eq(back, str_make(text, n)));
            }
}

TEST(a_quoted_string_is_a_value_of_its_own)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    CHECK_STR(json_quote(&a, STR_NULL), "\"\"");
    CHECK_STR(json_quote(&a, STR("plain")), "\"plain\"");
    CHECK_STR(json_quote(&a, STR("a\"b")), "\"a\\\"b\"");
    CHECK_STR(json_quote(&a, STR("\x80")), "\"\xEF\xBF\xBD\"");
}

static void check_f64(double value, const char *want)
{
    WITH_WRITER(w);
    jw_f64(&w, value);
    CHECK_STR(sb_str(&sb), want);
}

TEST(doubles_have_their_shortest_spelling)
{
    check_f64(0, "0");
    check_f64(-0.0, "-0");
    check_f64(1, "1");
    check_f64(-15, "-15");
    check_f64(0.1, "0.1");
    check_f64(0.1 + 0.2, "0.30000000000000004");
    check_f64(1.0 / 3, "0.3333333333333333");
    check_f64(-2.5, "-2.5");
    check_f64(123.456, "123.456");
    check_f64(1e-6, "0.000001");
    check_f64(1.5e-7, "1.5e-7");
    check_f64(1e20, "100000000000000000000");
    check_f64(1e21, "1e+21");
    check_f64(1.25e22, "1.25e+22");
    check_f64(9007199254740991, "9007199254740991");
    check_f64(9007199254740992, "9007199254740992");
    check_f64(DBL_MAX, "1.7976931348623157e+308");
    check_f64(DBL_MIN, "2.2250738585072014e-308");
    check_f64(5e-324, "5e-324");
    check_f64((double)NAN, "null");
    check_f64((double)INFINITY, "null");
    check_f64(-(double)INFINITY, "null");
}

TEST(doubles_read_back_the_same)
{
    uint64_t bits = 1, again;

    for (int i = 0; i < 20000; i++) {
        CLEANUP(arena_finip) struct arena a;
        const struct json *root;
        double value, back;
        WITH_WRITER(w);

        arena_init(&a, 0);
        bits = bits * UINT64_C(6364136223846793005) + 1442695040888963407u;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        jw_f64(&w, value);
        CHECK_EQ(json_read(&a, sb_str(&sb), 1, &root, NULL), ERR_OK);
        CHECK(json_f64(root, &back));
        memcpy(&again, &back, sizeof again);
        CHECK(again == bits); /* and not ==, which takes -0 for 0 */
    }
}

TEST(nesting_to_64_is_written_and_deeper_fails_the_builder)
{
    WITH_WRITER(w);
    for (int i = 0; i < 64; i++)
        jw_array(&w);
    for (int i = 0; i < 64; i++)
        jw_end(&w);
    CHECK(!sb_failed(&sb));
    CHECK_EQ(sb.n, 128);
    sb_reset(&sb);
    jw_init(&w, &sb);
    for (int i = 0; i < 70; i++) {
        jw_object(&w);
        jw_key(&w, STR("k"));
    }
    jw_null(&w);
    for (int i = 0; i < 70; i++)
        jw_end(&w);
    CHECK(sb_failed(&sb));
}

TEST(a_builder_past_its_cap_fails_quietly)
{
    CLEANUP(sb_finip) struct sb sb;
    struct json_writer w;

    sb_init(&sb, 10);
    jw_init(&w, &sb);
    jw_object(&w);
    jw_key_str(&w, STR("key"), STR("longer than ten bytes"));
    jw_end(&w);
    CHECK(sb_failed(&sb));
}

TEST_MAIN(commas_stand_between_items_only,
          a_container_begins_without_a_comma_whatever_stood_at_its_level, a_single_value_is_a_text,
          strings_and_keys_are_escaped, what_is_not_utf8_becomes_replacement_characters,
          long_strings_are_escaped_at_every_place, short_strings_are_escaped_at_every_place,
          a_quoted_string_is_a_value_of_its_own, doubles_have_their_shortest_spelling,
          doubles_read_back_the_same, nesting_to_64_is_written_and_deeper_fails_the_builder,
          a_builder_past_its_cap_fails_quietly)

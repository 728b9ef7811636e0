#include "base/str.h"

#include "base/test.h"

TEST(a_slice_is_cut_at_the_first_separator)
{
    struct str rest = STR("a,b,");

    CHECK_STR(str_cut(&rest, ','), "a");
    CHECK_STR(str_cut(&rest, ','), "b");
    CHECK(rest.p != NULL);
    CHECK_STR(str_cut(&rest, ','), "");
    CHECK(rest.p == NULL);
}

TEST(splitting_leaves_out_spaces_and_empty_parts)
{
    char seen[16] = {0};
    size_t n = 0;

    STR_SPLIT_EACH (part, STR(" x , ,y,"), ',')
        seen[n++] = part.p[0];
    CHECK_STR(str_from(seen), "xy");
}

TEST(numbers_are_read_whole_or_not_at_all)
{
    int64_t i;
    uint64_t u;
    double d;

    CHECK(str_to_i64(STR("-9223372036854775808"), &i) && i == INT64_MIN);
    CHECK(str_to_i64(STR("9223372036854775807"), &i) && i == INT64_MAX);
    CHECK(!str_to_i64(STR("9223372036854775808"), &i) && i == 0);
    CHECK(!str_to_i64(STR("12x"), &i));
    CHECK(!str_to_i64(STR(""), &i) && !str_to_i64(STR("-"), &i));
    CHECK(!str_to_u64(STR("-1"), &u));
    CHECK(!str_to_u64(STR("18446744073709551616"), &u));
    CHECK(str_to_f64(STR("7.3"), &d) && d > 7.29 && d < 7.31);
    CHECK(!str_to_f64(STR("nan"), &d) && !str_to_f64(STR("0x1p3"), &d) &&
          !str_to_f64(STR("1e999"), &d));
}

TEST(case_is_ignored_only_where_the_name_says_so)
{
    CHECK(str_eq_nocase(STR("Content-Type"), STR("content-type")));
    CHECK(!str_eq(STR("A"), STR("a")));
    CHECK(!str_eq_nocase(STR("ab"), STR("abc")));
    CHECK_EQ(str_find_nocase(STR("xxBearer"), STR("bearer")), 2);
}

TEST(substrings_past_the_end_are_empty)
{
    CHECK_STR(str_sub(STR("abc"), 1, 99), "bc");
    CHECK_STR(str_skip(STR("abc"), 4), "");
    CHECK_STR(str_skip(STR_NULL, 4), "");
    CHECK_STR(str_trim(STR(" \t a b \r\n")), "a b");
    CHECK_STR(str_trim_right_char(STR("http://h//"), '/'), "http://h");
}

TEST(comparison_orders_prefixes_first_and_bytes_unsigned)
{
    CHECK(str_cmp(STR("a"), STR("ab")) < 0);
    CHECK(str_cmp(STR("\xff"), STR("a")) > 0);
    CHECK_EQ(str_cmp(STR_NULL, STR("")), 0);
}

TEST(booleans_are_what_go_reads)
{
    bool b;

    CHECK(str_to_bool(STR("TRUE"), &b) && b);
    CHECK(str_to_bool(STR("f"), &b) && !b);
    CHECK(!str_to_bool(STR("yes"), &b) && !b);
}

TEST(decimals_are_read_as_strtod_reads_them)
{
    static const char *const texts[] = {"0",
                                        "7",
                                        "0.1",
                                        "2.675",
                                        "123456.789",
                                        "00.50",
                                        "1e3",
                                        "0.000000001",
                                        "999999999999999",
                                        "5.",
                                        ".5",
                                        "-0.125",
                                        "1.7976931348623157e308"};
    double value;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        double want = strtod(texts[i], NULL);

        CHECK(str_to_f64(str_from(texts[i]), &value));
        CHECK(value >= want && value <= want);
    }
    CHECK(!str_to_f64(STR("."), &value));
    CHECK(!str_to_f64(STR("1.2.3"), &value));
}

TEST_MAIN(a_slice_is_cut_at_the_first_separator, splitting_leaves_out_spaces_and_empty_parts,
          numbers_are_read_whole_or_not_at_all, case_is_ignored_only_where_the_name_says_so,
          substrings_past_the_end_are_empty, comparison_orders_prefixes_first_and_bytes_unsigned,
          booleans_are_what_go_reads, decimals_are_read_as_strtod_reads_them)

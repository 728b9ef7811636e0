#include "codec/form.h"

#include "base/sb.h"
#include "base/test.h"

static void check_form(const char *body, const char *want, int line)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(sb_finip) struct sb out;
    struct form form;

    arena_init(&a, 0);
    sb_init(&out, 1000);
    CHECK_EQ(form_parse(&a, str_from(body), 100, &form, NULL), ERR_OK);
    for (size_t i = 0; i < form.count; i++)
        sb_fmt(&out, "[%.*s|%.*s]", STR_ARG(form.pairs[i].name), STR_ARG(form.pairs[i].value));
    test_check_str(sb_str(&out), want, __FILE__, line);
}
#define FORM(body, want) check_form((body), (want), __LINE__)

TEST(pairs_are_decoded_in_their_order)
{
    FORM("", "");
    FORM("a=1&b=2&a=3", "[a|1][b|2][a|3]");
    FORM("a+b=c+d%2Be%26", "[a b|c d+e&]");
    FORM("%E4%BD%A0=%e5%a5%bd", "[\xe4\xbd\xa0|\xe5\xa5\xbd]");
}

TEST(broken_shapes_are_taken_as_they_are)
{
    FORM("&&a&b=&=c&d==e&", "[a|][b|][|c][d|=e]");
    FORM("a=100%&b=%zz%4", "[a|100%][b|%zz%4]");
}

TEST(the_first_value_of_a_name_is_found)
{
    CLEANUP(arena_finip) struct arena a;
    struct form form;

    arena_init(&a, 0);
    CHECK_EQ(form_parse(&a, STR("a=1&b=&a=2"), 3, &form, NULL), ERR_OK);
    CHECK_STR(form_get(&form, STR("a")), "1");
    CHECK(form_get(&form, STR("b")).p != NULL && form_get(&form, STR("b")).n == 0);
    CHECK(form_get(&form, STR("c")).p == NULL);
}

TEST(too_many_fields_are_an_error)
{
    CLEANUP(arena_finip) struct arena a;
    struct form form;
    struct err err = {0};

    arena_init(&a, 0);
    CHECK_EQ(form_parse(&a, STR("a&b&c"), 2, &form, &err), ERR_TOO_LARGE);
    CHECK_EQ(form.count, 0);
    CHECK_STR(str_from(err.msg), "the form has 3 fields, at most 2 are allowed");
}

TEST_MAIN(pairs_are_decoded_in_their_order, broken_shapes_are_taken_as_they_are,
          the_first_value_of_a_name_is_found, too_many_fields_are_an_error)

#include "base/regex.h"

#include "base/mem.h"
#include "base/test.h"

enum { LIMIT = 1 << 20 };

/* Checks what the replacement makes of the text. */
static void check(const char *pattern, const char *with, const char *text, const char *want)
{
    CLEANUP(arena_finip) struct arena a;
    const struct regex *re;
    struct str out;

    arena_init(&a, 0);
    CHECK_EQ(regex_compile(&a, str_from(pattern), &re, NULL), ERR_OK);
    CHECK_EQ(regex_replace(re, &a, str_from(text), str_from(with), LIMIT, &out, NULL), ERR_OK);
    CHECK_STR(out, want);
}

TEST(every_match_is_replaced)
{
    check("a", "b", "banana", "bbnbnb");
    check("^gpt-(\\d)(\\.\\d)?", "v$1:${2}", "gpt-4", "v4:");
    check("(?<who>\\w+)@", "<${who}>", "me@x you@y", "<me>x <you>y");
    check("x", "$0$0 $$ $9", "axb", "axx $ b");
    check("", "-", "ab", "-a-b-");
    check("é+", "e", "caféé 咖啡", "cafe 咖啡");
    check(".", "y", "咖", "y");
    check("a", "", "", "");
}

TEST(a_text_without_a_match_is_given_back_itself)
{
    CLEANUP(arena_finip) struct arena a;
    const struct regex *re;
    struct str text = STR("hello"), out;

    arena_init(&a, 0);
    CHECK_EQ(regex_compile(&a, STR("z"), &re, NULL), ERR_OK);
    CHECK_EQ(regex_replace(re, &a, text, STR("y"), LIMIT, &out, NULL), ERR_OK);
    CHECK(out.p == text.p && out.n == text.n);
}

TEST(a_broken_pattern_is_refused_with_its_place)
{
    static const char *const bad[] = {"(", "[a", "a{2,1}", "(?<n", "\\C", "*"};
    CLEANUP(arena_finip) struct arena a;
    char too_long[REGEX_PATTERN_BYTES + 1];
    const struct regex *re;
    struct err err;

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK_EQ(regex_compile(&a, str_from(bad[i]), &re, &err), ERR_BAD_REQUEST);
        CHECK(!re);
        CHECK(strstr(err.msg, "at byte") != NULL);
    }
    memset(too_long, 'a', sizeof too_long);
    CHECK_EQ(regex_compile(&a, str_make(too_long, sizeof too_long), &re, &err), ERR_BAD_REQUEST);
    CHECK_EQ(regex_compile(&a, str_make(too_long, sizeof too_long - 1), &re, &err), ERR_OK);
}

TEST(a_replacement_can_be_checked_beforehand)
{
    CHECK(regex_is_replacement(STR("$1 ${2} ${name} $$ plain")));
    CHECK(regex_is_replacement(STR("")));
    CHECK(!regex_is_replacement(STR("${1")));
    CHECK(!regex_is_replacement(STR("cost: $")));
}

/* Each nested repetition doubles the work with every letter: without the bounds it ends in years.
 */
TEST(a_pattern_that_explodes_is_stopped)
{
    static const char *const bad[] = {"(?:a|aa)+\\d", "(a|a?)+[^a]"};
    CLEANUP(arena_finip) struct arena a;
    char text[64];

    arena_init(&a, 0);
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const struct regex *re;
        struct str out;

        CHECK_EQ(regex_compile(&a, str_from(bad[i]), &re, NULL), ERR_OK);
        CHECK_EQ(regex_replace(re, &a, str_make(text, sizeof text), STR("x"), LIMIT, &out, NULL),
                 ERR_CONVERT);
        CHECK_EQ(out.n, sizeof text);
    }
}

/* The machine's stack of a compiled pattern is small: a long text must not fail for that. */
TEST(a_long_text_is_no_fault)
{
    enum { N = 50 * 1000 };
    CLEANUP(arena_finip) struct arena a;
    char *text = mem_alloc(N);
    const struct regex *re;
    struct str out;

    arena_init(&a, 0);
    memset(text, 'a', N);
    CHECK_EQ(regex_compile(&a, STR("(?:(a)|b)*$"), &re, NULL), ERR_OK);
    CHECK_EQ(regex_replace(re, &a, str_make(text, N), STR("[$1]"), LIMIT, &out, NULL), ERR_OK);
    CHECK_STR(out, "[a][]");
    mem_free(text);
}

TEST(a_result_has_a_limit)
{
    CLEANUP(arena_finip) struct arena a;
    const struct regex *re;
    struct str out, with = STR("0123456789012345678901234567890123456789");

    arena_init(&a, 0);
    CHECK_EQ(regex_compile(&a, STR("a"), &re, NULL), ERR_OK);
    CHECK_EQ(regex_replace(re, &a, STR("aaaaaaaaaa"), with, 400, &out, NULL), ERR_TOO_LARGE);
    CHECK_EQ(regex_replace(re, &a, STR("aaaaaaaaaa"), with, 500, &out, NULL), ERR_OK);
    CHECK_EQ(out.n, 400);
}

TEST(letters_of_any_script_change_their_case)
{
    CLEANUP(arena_finip) struct arena a;
    struct str out;

    arena_init(&a, 0);
    CHECK_EQ(regex_change_case(&a, STR("GPT-4o É Ж\n$1 中"), REGEX_LOWER, LIMIT, &out, NULL),
             ERR_OK);
    CHECK_STR(out, "gpt-4o é ж\n$1 中");
    CHECK_EQ(regex_change_case(&a, STR("gpt é ж"), REGEX_UPPER, LIMIT, &out, NULL), ERR_OK);
    CHECK_STR(out, "GPT É Ж");
    CHECK_EQ(regex_change_case(&a, STR(""), REGEX_UPPER, LIMIT, &out, NULL), ERR_OK);
    CHECK_STR(out, "");
}

static bool finds(const char *pattern, struct str text)
{
    CLEANUP(arena_finip) struct arena a;
    const struct regex *re;
    bool hit;

    arena_init(&a, 0);
    CHECK_EQ(regex_compile(&a, str_from(pattern), &re, NULL), ERR_OK);
    CHECK_EQ(regex_search(re, text, 10000, &hit, NULL), ERR_OK);
    return hit;
}

TEST(a_match_is_found_wherever_it_stands)
{
    CHECK(finds("5", STR("gpt-5-mini")));
    CHECK(!finds("^5", STR("gpt-5-mini")));
    CHECK(finds("^(gpt-5|o\\d)(-mini)?$", STR("o3")));
    CHECK(!finds("^(gpt-5|o\\d)(-mini)?$", STR("o3-deep")));
    CHECK(finds("(?i)GPT", STR("gpt")));
    CHECK(finds("", STR_NULL));
    CHECK(!finds("x", STR_NULL));
    CHECK(!finds("a", STR("a\xff"))); /* not UTF-8 */
}

TEST(a_search_that_explodes_is_stopped)
{
    CLEANUP(arena_finip) struct arena a;
    char text[40];
    const struct regex *re;
    bool hit = true;

    arena_init(&a, 0);
    memset(text, 'a', sizeof text);
    CHECK_EQ(regex_compile(&a, STR("^(a+)+[^a]$"), &re, NULL), ERR_OK);
    CHECK_EQ(regex_search(re, str_make(text, sizeof text), 10000, &hit, NULL), ERR_CONVERT);
    CHECK(!hit);
    CHECK_EQ(regex_search(re, STR("aab"), 10000, &hit, NULL), ERR_OK);
    CHECK(hit);
}

TEST_MAIN(a_match_is_found_wherever_it_stands, a_search_that_explodes_is_stopped,
          every_match_is_replaced, a_text_without_a_match_is_given_back_itself,
          a_broken_pattern_is_refused_with_its_place, a_replacement_can_be_checked_beforehand,
          a_pattern_that_explodes_is_stopped, a_long_text_is_no_fault, a_result_has_a_limit,
          letters_of_any_script_change_their_case)

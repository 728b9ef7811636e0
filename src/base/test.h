/*
 * test - thin names over cmocka. A test's name is a sentence; it shows one thing.
 *
 *     TEST(a_slice_is_cut_at_the_first_separator) { ... CHECK_EQ(part.n, 1); }
 *     TEST_MAIN(a_slice_is_cut_at_the_first_separator)
 *
 * TEST_MAIN lists the tests of the file; a test that is not listed does not compile (unused
 * function).
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/str.h"

#define TEST(name) static void name(void **state UNUSED)

/* Each evaluates its arguments once. After a CHECK the analyser knows what was checked: cmocka's
 * own do not say that they come back only when it holds. */
#define CHECK(x) ((x) ? (void)0 : test_failed(#x, __FILE__, __LINE__))
#define CHECK_EQ(a, b)                                                                             \
    test_check_eq(cast_to_largest_integral_type(a), cast_to_largest_integral_type(b), __FILE__,    \
                  __LINE__)
#define CHECK_STR(s, lit) test_check_str((s), (lit), __FILE__, __LINE__)

static inline NO_RETURN void test_failed(const char *what, const char *file, int line)
{
    _assert_true(0, what, file, line);
    abort(); /* not reached: cmocka has jumped to the next test */
}

static inline void test_check_eq(LargestIntegralType a, LargestIntegralType b, const char *file,
                                 int line)
{
    if (a == b)
        return;
    _assert_int_equal(a, b, file, line);
    abort();
}

/* The slice must equal the C string. */
static inline void test_check_str(struct str s, const char *want, const char *file, int line)
{
    if (str_eq(s, str_from(want)))
        return;
    print_error("%s:%d: got \"%.*s\", want \"%s\"\n", file, line, STR_ARG(s), want);
    _fail(file, line);
    abort();
}

/* The text must hold the part, or must not. */
static inline void check_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        print_error("no \"%s\" in \"%s\"\n", part, text);
    CHECK(strstr(text, part) != NULL);
}

static inline void check_has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        print_error("\"%s\" is in \"%s\"\n", part, text);
    CHECK(strstr(text, part) == NULL);
}

/* How main ends. What a failed test was about to free is not worth a report of leaks, which would
 * bury what failed. */
static inline int test_end(int failed)
{
    if (failed == 0)
        return 0;
    fflush(NULL);
    _Exit(1);
}

#define TEST_ROW_1(f) cmocka_unit_test(f)
#define TEST_MAIN(...)                                                                             \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest tests[] = {TEST_MAP(TEST_ROW_1, __VA_ARGS__)};                     \
        return test_end(cmocka_run_group_tests(tests, NULL, NULL));                                \
    }

/* Applies m to each argument, comma between; up to 256 arguments through recursive rescanning. */
#define TEST_PARENS       ()
#define TEST_EXPAND(...)  TEST_EXPAND4(TEST_EXPAND4(TEST_EXPAND4(TEST_EXPAND4(__VA_ARGS__))))
#define TEST_EXPAND4(...) TEST_EXPAND3(TEST_EXPAND3(TEST_EXPAND3(TEST_EXPAND3(__VA_ARGS__))))
#define TEST_EXPAND3(...) TEST_EXPAND2(TEST_EXPAND2(TEST_EXPAND2(TEST_EXPAND2(__VA_ARGS__))))
#define TEST_EXPAND2(...) TEST_EXPAND1(TEST_EXPAND1(TEST_EXPAND1(TEST_EXPAND1(__VA_ARGS__))))
#define TEST_EXPAND1(...) __VA_ARGS__
#define TEST_MAP(m, ...)  __VA_OPT__(TEST_EXPAND(TEST_MAP_STEP(m, __VA_ARGS__)))
#define TEST_MAP_STEP(m, first, ...)                                                               \
    m(first) __VA_OPT__(, TEST_MAP_AGAIN TEST_PARENS(m, __VA_ARGS__))
#define TEST_MAP_AGAIN() TEST_MAP_STEP

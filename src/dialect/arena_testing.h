/*
 * arena_testing - an arena and a list of losses that are new for each test of a file.
 *
 *     TEST(a_text_is_kept) { CHECK_STR(str_dup(&arena, STR("a")), "a"); }
 *     ARENA_TEST_MAIN(a_text_is_kept)
 *
 * Test code.
 */
#pragma once
#include "base/arena.h"
#include "base/test.h"
#include "dialect/loss.h"

static struct arena arena;
static struct loss_list losses UNUSED;

static int arena_test_set_up(void **state UNUSED)
{
    arena_init(&arena, 0);
    losses = (struct loss_list){0};
    return 0;
}

static int arena_test_tear_down(void **state UNUSED)
{
    arena_fini(&arena);
    return 0;
}

#define ARENA_TEST_ROW(f)                                                                          \
    cmocka_unit_test_setup_teardown(f, arena_test_set_up, arena_test_tear_down)

/* In place of TEST_MAIN. */
#define ARENA_TEST_MAIN(...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest tests[] = {TEST_MAP(ARENA_TEST_ROW, __VA_ARGS__)};                 \
        return test_end(cmocka_run_group_tests(tests, NULL, NULL));                                \
    }

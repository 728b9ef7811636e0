#include "base/arena.h"

#include "base/sb.h"
#include "base/test.h"

static void note_order(void *ptr)
{
    struct sb *order = ptr;

    sb_add_i64(order, (int64_t)order->n);
}

TEST(cleanups_run_backwards_and_once)
{
    struct arena a;
    struct sb first, second;

    sb_init(&first, 100);
    sb_init(&second, 100);
    arena_init(&a, 0);
    arena_defer(&a, note_order, &first);
    arena_defer(&a, note_order, &second);
    arena_fini(&a);
    CHECK_EQ(first.n, 1);
    CHECK_EQ(second.n, 1);
    arena_fini(&a);
    CHECK_EQ(first.n, 1);
    sb_fini(&first);
    sb_fini(&second);
}

TEST(every_block_is_aligned_and_holds_its_bytes)
{
    struct arena a;
    char *blocks[200];

    arena_init(&a, 64);
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        blocks[i] = arena_alloc(&a, i * 37);
        CHECK_EQ((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)i, i * 37);
    }
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        for (size_t k = 0; k < i * 37; k++)
            CHECK_EQ((unsigned char)blocks[i][k], i);
    }
    arena_fini(&a);
}

TEST(an_unused_arena_owns_no_memory)
{
    struct arena a;

    arena_init(&a, 0);
    CHECK_EQ(a.total_bytes, 0);
    arena_fini(&a);
}

TEST(formatted_text_is_whole_and_ends_with_nul)
{
    struct arena a;

    arena_init(&a, 16);
    struct str s = arena_fmt(&a, "%d-%s", 42, "answer");
    CHECK_STR(s, "42-answer");
    CHECK_EQ(s.p[s.n], 0);
    CHECK_STR(str_lower(&a, STR("AbC")), "abc");
    CHECK_STR(str_concat(&a, (struct str[]){STR("a"), STR_NULL, STR("b")}, 3), "ab");
    arena_fini(&a);
}

TEST(a_builder_fails_past_its_cap_and_stays_failed)
{
    struct sb sb;

    sb_init(&sb, 8);
    sb_add(&sb, STR("12345678"));
    CHECK(!sb_failed(&sb));
    sb_add_char(&sb, '9');
    CHECK(sb_failed(&sb));
    sb_reset(&sb);
    sb_add_i64(&sb, INT64_MIN);
    CHECK(sb_failed(&sb));
    sb_fini(&sb);
}

TEST(a_builder_writes_numbers_and_text)
{
    struct sb sb;

    sb_init(&sb, 1000);
    sb_add_i64(&sb, INT64_MIN);
    sb_fmt(&sb, "|%s", "x");
    sb_drop_front(&sb, 1);
    CHECK_STR(sb_str(&sb), "9223372036854775808|x");
    sb_fini(&sb);
}

TEST(a_reset_arena_keeps_its_first_chunk_only)
{
    CLEANUP(arena_finip) struct arena a;
    struct sb order;

    sb_init(&order, 100);
    arena_init(&a, 256);
    for (int round = 0; round < 3; round++) {
        arena_defer(&a, note_order, &order);
        memset(arena_alloc(&a, 50), 'x', 50);
        size_t first = a.total_bytes;
        memset(arena_alloc(&a, 5000), 'x', 5000);
        CHECK(a.total_bytes > first + 5000);
        arena_reset(&a, 256);
        CHECK_EQ(a.total_bytes, first);
        CHECK_EQ(order.n, round + 1);
    }
    arena_alloc(&a, 10);
    arena_reset(&a, 512); /* another size is not kept */
    CHECK_EQ(a.total_bytes, 0);
    sb_fini(&order);
}

TEST(every_occurrence_is_replaced_and_no_replacement_is_looked_at_again)
{
    struct arena a;

    arena_init(&a, 0);
    CHECK_STR(str_replace(&a, STR("{m}/x/{m}"), STR("{m}"), STR("a{m}")), "a{m}/x/a{m}");
    CHECK_STR(str_replace(&a, STR("none"), STR("{m}"), STR("a")), "none");
    CHECK_STR(str_replace(&a, STR("{m}"), STR("{m}"), STR_NULL), "");
    arena_fini(&a);
}

TEST(a_replacement_takes_memory_for_the_result_only)
{
    CLEANUP(arena_finip) struct arena a;
    char text[20 * 1000];

    arena_init(&a, 0);
    memset(text, 'a', sizeof text);
    CHECK_EQ(str_replace(&a, str_make(text, sizeof text), STR("a"), STR("bc")).n, 2 * sizeof text);
    CHECK(a.total_bytes < 4 * sizeof text);
}

TEST_MAIN(every_occurrence_is_replaced_and_no_replacement_is_looked_at_again,
          a_reset_arena_keeps_its_first_chunk_only, cleanups_run_backwards_and_once,
          every_block_is_aligned_and_holds_its_bytes, an_unused_arena_owns_no_memory,
          formatted_text_is_whole_and_ends_with_nul, a_builder_fails_past_its_cap_and_stays_failed,
          a_builder_writes_numbers_and_text, a_replacement_takes_memory_for_the_result_only)

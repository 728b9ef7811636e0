#include "dialect/loss.h"

#include "base/test.h"

TEST(a_name_is_listed_once)
{
    CLEANUP(arena_finip) struct arena a;
    struct loss_list list = {0};

    arena_init(&a, 0);
    CHECK_EQ(loss_text(&a, &list).n, 0);
    loss_add(&list, STR("seed"));
    loss_add(&list, STR("n"));
    loss_add(&list, STR("seed"));
    loss_add_under(&list, &a, STR("tools"), STR("web_search"));
    CHECK_STR(loss_text(&a, &list), "seed, n, tools.web_search");
}

TEST(a_name_cannot_break_a_header)
{
    CLEANUP(arena_finip) struct arena a;
    struct loss_list list = {0};

    arena_init(&a, 0);
    loss_add(&list, STR("evil\r\nx-admin: 1"));
    loss_add(&list, STR("\r\n"));
    loss_add_under(&list, &a, STR("tools"), STR("na me"));
    CHECK_STR(loss_text(&a, &list), "evil, tools.na");
}

TEST(the_list_is_bounded)
{
    CLEANUP(arena_finip) struct arena a;
    struct loss_list list = {0};

    arena_init(&a, 0);
    for (int i = 0; i < LOSS_MAX + 5; i++)
        loss_add(&list, arena_fmt(&a, "n%d", i));
    CHECK_EQ(list.n, LOSS_MAX);
    CHECK(list.more);
    CHECK(str_ends(loss_text(&a, &list), STR("n23, ...")));
}

TEST_MAIN(a_name_is_listed_once, a_name_cannot_break_a_header, the_list_is_bounded)

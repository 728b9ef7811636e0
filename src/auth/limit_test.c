#include "auth/limit.h"

#include "base/arena.h"
#include "base/test.h"

enum { S = 1000000 };

TEST(the_window_slides_over_the_last_requests)
{
    struct limit *l = limit_new(3, 10);
    const struct str ip = STR("1.2.3.4");

    CHECK(limit_allow(l, ip, 100 * S));
    CHECK(limit_allow(l, ip, 104 * S));
    CHECK(limit_allow(l, ip, 108 * S));
    CHECK(!limit_allow(l, ip, 109 * S)); /* three in the last ten seconds */
    CHECK(limit_allow(l, ip, 110 * S));  /* the one of 100 has left */
    CHECK(!limit_allow(l, ip, 113 * S));
    CHECK(limit_allow(l, ip, 114 * S)); /* refused ones do not count */
    limit_free(l);
}

TEST(clients_do_not_disturb_each_other)
{
    struct limit *l = limit_new(1, 10);

    CHECK(limit_allow(l, STR("1.2.3.4"), S));
    CHECK(limit_allow(l, STR("1.2.3.5"), S));
    CHECK(!limit_allow(l, STR("1.2.3.4"), S));
    CHECK(!limit_allow(l, STR("::ffff:1.2.3.4"), S)); /* the same address, mapped */
    limit_free(l);
}

TEST(an_ipv6_client_is_its_network)
{
    struct limit *l = limit_new(1, 10);

    CHECK(limit_allow(l, STR("2001:db8:1:2::1"), S));
    CHECK(!limit_allow(l, STR("2001:db8:1:2::2"), S));
    CHECK(limit_allow(l, STR("2001:db8:1:3::1"), S));
    CHECK(limit_allow(l, STR("what is this"), S));
    CHECK(!limit_allow(l, STR(""), S));
    limit_free(l);
}

TEST(a_limit_of_nothing_admits_everything)
{
    struct limit *l = limit_new(0, 10);

    for (int i = 0; i < 1000; i++)
        CHECK(limit_allow(l, STR("1.2.3.4"), S));
    limit_free(l);
}

TEST(quiet_clients_are_forgotten_and_there_is_room_for_so_many_only)
{
    CLEANUP(arena_finip) struct arena a;
    struct limit *l = limit_new(2, 10);

    arena_init(&a, 0);
    for (unsigned i = 0; i < 30000; i++)
        CHECK(limit_allow(l, arena_fmt(&a, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255), S));
    CHECK_EQ(limit_clients(l), 20000);
    for (unsigned i = 0; i < 15000; i++)
        CHECK(limit_allow(l, STR("1.2.3.4"), (uint64_t)(20 + 20 * i) * S));
    CHECK_EQ(limit_clients(l), 1);
    limit_free(l);
}

TEST(a_long_log_grows_to_its_count)
{
    struct limit *l = limit_new(180, 180);

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 180; i++)
            CHECK(limit_allow(l, STR("1.2.3.4"), (uint64_t)(round * 200 + 1) * S));
        CHECK(!limit_allow(l, STR("1.2.3.4"), (uint64_t)(round * 200 + 180) * S));
    }
    limit_free(l);
}

TEST_MAIN(the_window_slides_over_the_last_requests, clients_do_not_disturb_each_other,
          an_ipv6_client_is_its_network, a_limit_of_nothing_admits_everything,
          quiet_clients_are_forgotten_and_there_is_room_for_so_many_only,
          a_long_log_grows_to_its_count)

#include "base/clock.h"

#include "base/test.h"

TEST(the_system_clock_tells_the_time_of_day)
{
    int64_t before_s = time(NULL);
    int64_t now_us = clock_now_us(clock_system());

    CHECK(now_us / 1000000 >= before_s && now_us / 1000000 <= before_s + 60);
    CHECK(clock_now_s(clock_system()) >= before_s);
}

TEST(monotonic_time_never_goes_back)
{
    uint64_t last = clock_mono_us();

    for (int i = 0; i < 1000; i++) {
        uint64_t now = clock_mono_us();

        CHECK(now >= last);
        last = now;
    }
    CHECK(clock_mono_ms() >= last / 1000);
}

TEST(a_manual_clock_stands_still_until_it_is_moved)
{
    struct clock_manual manual;

    clock_manual_init(&manual, 5000000);
    CHECK_EQ(clock_now_us(&manual.clock), 5000000);
    manual.us += 2500000;
    CHECK_EQ(clock_now_us(&manual.clock), 7500000);
    CHECK_EQ(clock_now_s(&manual.clock), 7);
}

TEST_MAIN(the_system_clock_tells_the_time_of_day, monotonic_time_never_goes_back,
          a_manual_clock_stands_still_until_it_is_moved)

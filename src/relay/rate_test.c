#include "relay/rate.h"

#include "base/test.h"

enum { SECOND = 1000000, START = 1700000000 };

static const int64_t start_us = (int64_t)START * SECOND;

static const struct rate_limits a_minute = {.window_us = 60 * SECOND, .total = 3, .success = 2};

static enum rate_verdict call(struct rate *r, const struct rate_limits *l, bool success, int64_t s)
{
    enum rate_verdict v = rate_enter(r, 7, l, start_us + s * SECOND);

    if (v == RATE_ADMITTED)
        rate_leave(r, 7, success, start_us + s * SECOND);
    return v;
}

TEST(successes_and_all_requests_have_limits_of_their_own)
{
    struct rate *r = rate_new();

    CHECK_EQ(call(r, &a_minute, false, 0), RATE_ADMITTED);
    CHECK_EQ(call(r, &a_minute, true, 0), RATE_ADMITTED);
    CHECK_EQ(call(r, &a_minute, false, 0), RATE_ADMITTED);
    CHECK_EQ(call(r, &a_minute, false, 1), RATE_TOO_MANY);
    CHECK_EQ(call(r, &a_minute, false, 62), RATE_ADMITTED);
    rate_free(r);
    r = rate_new();
    CHECK_EQ(call(r, &a_minute, true, 0), RATE_ADMITTED);
    CHECK_EQ(call(r, &a_minute, true, 0), RATE_ADMITTED);
    CHECK_EQ(call(r, &a_minute, true, 1), RATE_TOO_MANY_SUCCESSES);
    rate_free(r);
}

/* A request a second against ten a minute: in no minute are there more than ten. */
TEST(the_window_slides)
{
    const struct rate_limits ten = {.window_us = 60 * SECOND, .total = 10};
    struct rate *r = rate_new();
    int64_t admitted[400];
    int n = 0;

    for (int64_t s = 0; s < 400; s++) {
        if (call(r, &ten, true, s) == RATE_ADMITTED)
            admitted[n++] = s;
    }
    for (int i = 10; i < n; i++)
        CHECK(admitted[i] - admitted[i - 10] >= 60);
    CHECK(n >= 60); /* nor is anybody locked out: ten each 61 or 62 seconds */
    rate_free(r);
}

TEST(requests_under_way_count_as_successes_until_they_fail)
{
    struct rate *r = rate_new();
    const struct rate_limits two = {.window_us = 60 * SECOND, .success = 2};

    CHECK_EQ(rate_enter(r, 7, &two, start_us), RATE_ADMITTED);
    CHECK_EQ(rate_enter(r, 7, &two, start_us), RATE_ADMITTED);
    CHECK_EQ(rate_enter(r, 7, &two, start_us), RATE_TOO_MANY_SUCCESSES);
    rate_leave(r, 7, false, start_us);
    CHECK_EQ(rate_enter(r, 7, &two, start_us), RATE_ADMITTED);
    rate_leave(r, 7, true, start_us);
    rate_leave(r, 7, true, start_us);
    CHECK_EQ(rate_enter(r, 7, &two, start_us + 30 * SECOND), RATE_TOO_MANY_SUCCESSES);
    CHECK_EQ(rate_enter(r, 8, &two, start_us), RATE_ADMITTED);
    rate_leave(r, 8, true, start_us);
    rate_free(r);
}

TEST(refused_requests_lock_nobody_out)
{
    struct rate *r = rate_new();
    const struct rate_limits one = {.window_us = 60 * SECOND, .total = 1};

    CHECK_EQ(call(r, &one, true, 0), RATE_ADMITTED);
    for (int64_t s = 1; s < 60; s++)
        CHECK_EQ(call(r, &one, true, s), RATE_TOO_MANY);
    CHECK_EQ(call(r, &one, true, 62), RATE_ADMITTED);
    rate_free(r);
}

TEST(new_limits_apply_at_once_and_a_new_window_begins_empty)
{
    struct rate *r = rate_new();
    const struct rate_limits less = {.window_us = 60 * SECOND, .total = 1};
    const struct rate_limits longer = {.window_us = 3600 * (int64_t)SECOND, .total = 1};

    CHECK_EQ(call(r, &a_minute, false, 0), RATE_ADMITTED);
    CHECK_EQ(call(r, &less, false, 0), RATE_TOO_MANY);
    CHECK_EQ(call(r, &longer, false, 0), RATE_ADMITTED);
    CHECK_EQ(call(r, &longer, false, 3000), RATE_TOO_MANY);
    rate_free(r);
}

TEST(a_clock_that_goes_back_and_quiet_users_do_no_harm)
{
    struct rate *r = rate_new();

    CHECK_EQ(call(r, &a_minute, true, 100), RATE_ADMITTED);
    CHECK_EQ(call(r, &a_minute, true, 0), RATE_ADMITTED);
    CHECK_EQ(call(r, &a_minute, true, 101), RATE_TOO_MANY_SUCCESSES);
    for (int64_t id = 0; id < 160; id++) {
        CHECK_EQ(rate_enter(r, id, &a_minute, start_us + 200 * SECOND), RATE_ADMITTED);
        rate_leave(r, id, true, start_us + 200 * SECOND);
    }
    CHECK_EQ(rate_users(r), 160);
    for (int64_t id = 1000; id < 1160; id++) {
        CHECK_EQ(rate_enter(r, id, &a_minute, start_us + 400 * SECOND), RATE_ADMITTED);
        rate_leave(r, id, true, start_us + 400 * SECOND);
    }
    CHECK_EQ(rate_users(r), 160);
    rate_free(r);
}

TEST_MAIN(successes_and_all_requests_have_limits_of_their_own, the_window_slides,
          requests_under_way_count_as_successes_until_they_fail, refused_requests_lock_nobody_out,
          new_limits_apply_at_once_and_a_new_window_begins_empty,
          a_clock_that_goes_back_and_quiet_users_do_no_harm)

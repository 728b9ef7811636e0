#include "base/wait.h"

#include "base/clock.h"
#include "base/test.h"

TEST(a_moment_is_ahead_by_what_was_asked_and_well_formed)
{
    static const int64_t spans[] = {-5, 0, 1, 999, 1000, 1001, 86400999};

    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        int64_t ms = spans[i] > 0 ? spans[i] : 0, before_us = (int64_t)clock_mono_us();
        struct timespec at = wait_until_ms(spans[i]);
        int64_t at_us = at.tv_sec * INT64_C(1000000) + at.tv_nsec / 1000;

        CHECK(at.tv_nsec >= 0 && at.tv_nsec < 1000000000);
        CHECK(at_us >= before_us + ms * 1000);
        CHECK(at_us <= (int64_t)clock_mono_us() + ms * 1000);
    }
}

TEST(a_wait_that_nobody_ends_ends_at_its_moment)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    struct timespec until = wait_until_ms(20);
    uint64_t before_us = clock_mono_us();

    wait_init(&cond);
    pthread_mutex_lock(&lock);
    while (wait_locked(&cond, &lock, &until))
        ;
    pthread_mutex_unlock(&lock);
    CHECK(clock_mono_us() - before_us >= 15000);
    pthread_cond_destroy(&cond);
}

struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool come;
};

static void *come(void *arg)
{
    struct meeting *m = arg;

    pthread_mutex_lock(&m->lock);
    m->come = true;
    pthread_cond_signal(&m->cond);
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

TEST(a_signal_ends_a_wait_before_its_moment)
{
    struct meeting m = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct timespec until = wait_until_ms(60000);
    pthread_t thread;
    bool in_time = true;

    wait_init(&m.cond);
    pthread_mutex_lock(&m.lock);
    CHECK_EQ(pthread_create(&thread, NULL, come, &m), 0);
    while (!m.come && in_time)
        in_time = wait_locked(&m.cond, &m.lock, &until);
    pthread_mutex_unlock(&m.lock);
    CHECK(m.come && in_time);
    pthread_join(thread, NULL);
    pthread_cond_destroy(&m.cond);
}

TEST_MAIN(a_moment_is_ahead_by_what_was_asked_and_well_formed,
          a_wait_that_nobody_ends_ends_at_its_moment, a_signal_ends_a_wait_before_its_moment)

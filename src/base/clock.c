#include "base/clock.h"

#include <time.h>

#include "base/attr.h"

static int64_t read_us(clockid_t id)
{
    struct timespec at;

    clock_gettime(id, &at); /* cannot fail for the two clocks used here */
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static int64_t system_now(const struct clock *clock UNUSED)
{
    return read_us(CLOCK_REALTIME);
}

const struct clock *clock_system(void)
{
    static const struct clock system = {.now_us = system_now};

    return &system;
}

uint64_t clock_mono_us(void)
{
    return (uint64_t)read_us(CLOCK_MONOTONIC);
}

uint64_t clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

static int64_t manual_now(const struct clock *clock)
{
    return container_of(clock, const struct clock_manual, clock)->us;
}

void clock_manual_init(struct clock_manual *manual, int64_t start_us)
{
    *manual = (struct clock_manual){.clock = {.now_us = manual_now}, .us = start_us};
}

/*
 * clock - time as a parameter, so that tests can set it.
 *
 * A `struct clock` is handed to whoever needs the time of day; clock_system() is the real one. Any
 * thread.
 */
#pragma once
#include <stdint.h>

struct clock {
    int64_t (*now_us)(const struct clock *clock); /* microseconds since 1970-01-01 UTC */
};

const struct clock *clock_system(void);

static inline int64_t clock_now_us(const struct clock *clock)
{
    return clock->now_us(clock);
}

static inline int64_t clock_now_s(const struct clock *clock)
{
    return clock->now_us(clock) / 1000000;
}

/* Monotonic, from an unknown start: for durations and time-outs only. */
uint64_t clock_mono_us(void);
uint64_t clock_mono_ms(void);

/* A clock that stands still until it is moved. For tests. */
struct clock_manual {
    struct clock clock;
    int64_t us;
};
void clock_manual_init(struct clock_manual *manual, int64_t start_us);

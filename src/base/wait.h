/*
 * wait - conditions that are waited for with a bound, by the monotonic clock: a step of the time of
 * day neither ends a wait nor stretches it.
 *
 *     wait_init(&p->returned);
 *     const struct timespec until = wait_until_ms(500);
 *     while (!ready(p) && wait_locked(&p->returned, &p->lock, &until))
 *         ;
 *
 * Any thread.
 */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* pthread_cond_destroy() ends it. */
void wait_init(pthread_cond_t *cond);
/* The moment `ms` from now; negative counts as 0. */
struct timespec wait_until_ms(int64_t ms);
/* Woken, perhaps for nothing: true. False: it is `until`. */
bool wait_locked(pthread_cond_t *cond, pthread_mutex_t *lock, const struct timespec *until);

/*
 * random - random bytes from the system, buffered a thread. Any thread. A system without randomness
 * ends the program.
 */
#pragma once
#include <stdint.h>

#include "base/arena.h"

void random_bytes(void *out, size_t n); /* fit for keys */
uint64_t random_u64(void);
/* Uniform in [0, n), n > 0. */
uint64_t random_below(uint64_t n);
/* `n` characters of 0-9a-zA-Z, fit for keys; a NUL stands behind. */
struct str random_text(struct arena *a, size_t n);

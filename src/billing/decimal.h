/*
 * decimal - exact sums and products of token counts and decimal ratios. Private to price.c. Pure.
 *
 * A ratio comes as a double that somebody wrote as a decimal. decimal_of() finds that decimal: the
 * shortest one that reads back as the same double, exact up to 15 digits; longer ones (4/3) are
 * taken to 18 digits or so, nearer than a double is. Not a number, infinite and negative count as
 * 0.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct decimal {
    uint64_t digits;
    unsigned scale; /* value = digits / 10^scale; at most 18 */
};

struct decimal decimal_of(double value);

enum { DECIMAL_LIMBS = 6 }; /* 384 bits; a count, four ratios and their alignment need 320 */

/* A number of at most 1e9 x 2^63 times three ratios of at most 1e9. */
struct decimal_sum {
    uint64_t limbs[DECIMAL_LIMBS]; /* lowest first */
    unsigned scale;                /* value = limbs / 10^scale */
};

void decimal_sum_init(struct decimal_sum *s); /* 0 */
/* s += count x ratio; count >= 0. */
void decimal_add(struct decimal_sum *s, int64_t count, struct decimal ratio);
void decimal_add_sum(struct decimal_sum *s, const struct decimal_sum *other);
/* s *= ratio */
void decimal_scale(struct decimal_sum *s, struct decimal ratio);
/* Truncated / rounded half away from zero; at most `max`. The sum is used up. */
int64_t decimal_floor(struct decimal_sum *s, int64_t max);
int64_t decimal_round(struct decimal_sum *s, int64_t max);

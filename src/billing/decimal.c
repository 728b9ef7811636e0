#include "billing/decimal.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { SCALE_MAX = 18 };

static const uint64_t powers[SCALE_MAX + 1] = {
    1ull,
    10ull,
    100ull,
    1000ull,
    10000ull,
    100000ull,
    1000000ull,
    10000000ull,
    100000000ull,
    1000000000ull,
    10000000000ull,
    100000000000ull,
    1000000000000ull,
    10000000000000ull,
    100000000000000ull,
    1000000000000000ull,
    10000000000000000ull,
    100000000000000000ull,
    1000000000000000000ull,
};

__extension__ typedef unsigned __int128 wide; /* __extension__: it is not C17 */

struct decimal decimal_of(double value)
{
    const double exact_max = 9007199254740992.0; /* 2^53: below it a double tells all integers */
    const double ratio_max = 1e9;                /* the settings allow no more */
    unsigned scale;

    if (!(value > 0))
        return (struct decimal){0, 0};
    if (value > ratio_max)
        value = ratio_max;
    for (scale = 0; scale < SCALE_MAX; scale++) {
        double digits = nearbyint(value * (double)powers[scale]);

        if (digits >= exact_max)
            break;
        /* Both sides of the division are exact, so it rounds as reading the decimal would. */
        if (digits / (double)powers[scale] == value)
            return (struct decimal){(uint64_t)digits, scale};
    }
    /* No decimal of 15 digits. The long double keeps the digits of the product that a double
     * drops. */
    scale = SCALE_MAX;
    while (scale > 0 && value * (double)powers[scale] >= 9e18)
        scale--;
    return (struct decimal){(uint64_t)((long double)value * (long double)powers[scale] + 0.5L),
                            scale};
}

void decimal_sum_init(struct decimal_sum *s)
{
    memset(s, 0, sizeof *s);
}

static void multiply(struct decimal_sum *s, uint64_t by)
{
    uint64_t carry = 0;

    for (unsigned i = 0; i < DECIMAL_LIMBS; i++) {
        wide product = (wide)s->limbs[i] * by + carry;

        s->limbs[i] = (uint64_t)product;
        carry = (uint64_t)(product >> 64);
    }
    assert(carry == 0);
}

/* Brings the sum to a finer scale without changing its value. */
static void rescale(struct decimal_sum *s, unsigned scale)
{
    while (s->scale < scale) {
        unsigned step = scale - s->scale < SCALE_MAX ? scale - s->scale : SCALE_MAX;

        multiply(s, powers[step]);
        s->scale += step;
    }
}

static void add_limbs(struct decimal_sum *s, const uint64_t *limbs)
{
    uint64_t carry = 0;

    for (unsigned i = 0; i < DECIMAL_LIMBS; i++) {
        wide sum = (wide)s->limbs[i] + limbs[i] + carry;

        s->limbs[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    assert(carry == 0);
}

void decimal_add_sum(struct decimal_sum *s, const struct decimal_sum *other)
{
    struct decimal_sum same = *other;

    rescale(s, same.scale);
    rescale(&same, s->scale);
    add_limbs(s, same.limbs);
}

void decimal_add(struct decimal_sum *s, int64_t count, struct decimal ratio)
{
    struct decimal_sum part = {.limbs = {ratio.digits}, .scale = ratio.scale};

    assert(count >= 0);
    if (count == 0 || ratio.digits == 0)
        return;
    multiply(&part, (uint64_t)count);
    decimal_add_sum(s, &part);
}

void decimal_scale(struct decimal_sum *s, struct decimal ratio)
{
    multiply(s, ratio.digits);
    s->scale += ratio.scale;
}

static void divide(struct decimal_sum *s, uint64_t by)
{
    uint64_t rest = 0;

    for (unsigned i = DECIMAL_LIMBS; i-- > 0;) {
        wide part = ((wide)rest << 64) | s->limbs[i];

        if (part == 0) /* most of the upper limbs; a wide division is slow */
            continue;
        s->limbs[i] = (uint64_t)(part / by);
        rest = (uint64_t)(part % by);
    }
}

int64_t decimal_floor(struct decimal_sum *s, int64_t max)
{
    /* Rounding down by parts of the divisor is rounding down by all of it. */
    while (s->scale > 0) {
        unsigned step = s->scale < SCALE_MAX ? s->scale : SCALE_MAX;

        divide(s, powers[step]);
        s->scale -= step;
    }
    for (unsigned i = 1; i < DECIMAL_LIMBS; i++) {
        if (s->limbs[i] != 0)
            return max;
    }
    return s->limbs[0] > (uint64_t)max ? max : (int64_t)s->limbs[0];
}

int64_t decimal_round(struct decimal_sum *s, int64_t max)
{
    struct decimal_sum half = {.limbs = {5}, .scale = 1};

    if (s->scale > 0)
        decimal_add_sum(s, &half);
    return decimal_floor(s, max);
}

/*
 * Multiply and fold: two words, each mixed with a secret word of this process, are multiplied to
 * 128 bits and the halves are combined. One such step takes 16 bytes. Without the secret nobody can
 * choose a word that makes a factor zero, which is the one way to lose the state.
 */
#include "base/hash.h"

#include "base/random.h"

static struct {
    uint64_t state, a, b, c;
} key; /* written once, before main */

__attribute__((constructor)) static void seed(void)
{
    random_bytes(&key, sizeof key);
}

static inline uint64_t fold(uint64_t x, uint64_t y)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)x * y;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t read64(const char *p)
{
    uint64_t x;

    memcpy(&x, p, sizeof x);
    return x;
}

static inline uint64_t read32(const char *p)
{
    uint32_t x;

    memcpy(&x, p, sizeof x);
    return x;
}

uint64_t hash_bytes(struct str s)
{
    uint64_t state = key.state, x = 0, y = 0;
    const char *p = s.p;
    size_t left = s.n;

    for (; left > 16; p += 16, left -= 16)
        state = fold(read64(p) ^ key.a, read64(p + 8) ^ state);
    /* The last 1 to 16 bytes as two words that may overlap; the length tells such cases apart. */
    if (left >= 8) {
        x = read64(p);
        y = read64(p + left - 8);
    } else if (left >= 4) {
        x = read32(p);
        y = read32(p + left - 4);
    } else if (left > 0) {
        x = (uint64_t)(uint8_t)p[0] | (uint64_t)(uint8_t)p[left / 2] << 8 |
            (uint64_t)(uint8_t)p[left - 1] << 16;
    }
    return fold(key.b ^ s.n, fold(x ^ key.a, y ^ state) ^ key.c);
}

uint64_t hash_u64(uint64_t x)
{
    return fold(key.b, fold(x ^ key.a, key.state ^ (x << 32 | x >> 32)) ^ key.c);
}

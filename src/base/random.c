/*
 * A system call costs more than what most callers ask for (an id, a weighted choice), so each
 * thread keeps a small store of bytes. What has been given out is wiped from it, so that a later
 * look into memory does not find keys there. A child of fork() begins with an empty store, else it
 * would draw what its parent draws.
 */
#include "base/random.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>

#include "base/panic.h"

struct store {
    size_t left; /* bytes at the end of `bytes` that are still fresh */
    uint8_t bytes[4096];
};

static _Thread_local struct store store;

/* In the child, whose one thread is the one that forked. */
static void empty_store(void)
{
    explicit_bzero(store.bytes, sizeof store.bytes);
    store.left = 0;
}

static void watch_forks(void)
{
    if (pthread_atfork(NULL, NULL, empty_store) != 0)
        panic("no memory to watch for a fork");
}

static void from_system(uint8_t *out, size_t n)
{
    while (n > 0) {
        ssize_t got = getrandom(out, n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            panic("no randomness from the system: %s", strerror(errno));
        out += got;
        n -= (size_t)got;
    }
}

void random_bytes(void *out, size_t n)
{
    if (n > sizeof store.bytes / 32) {
        from_system(out, n);
        return;
    }
    if (n > store.left) {
        static pthread_once_t watched = PTHREAD_ONCE_INIT;

        pthread_once(&watched, watch_forks);
        from_system(store.bytes, sizeof store.bytes);
        store.left = sizeof store.bytes;
    }
    uint8_t *from = store.bytes + sizeof store.bytes - store.left;
    memcpy(out, from, n);
    explicit_bzero(from, n);
    store.left -= n;
}

uint64_t random_u64(void)
{
    uint64_t x;

    random_bytes(&x, sizeof x);
    return x;
}

uint64_t random_below(uint64_t n)
{
    assert(n > 0);
    /* The first (2^64 mod n) values are refused: what is left divides evenly by n. */
    const uint64_t refused = (0 - n) % n;
    uint64_t x;

    do
        x = random_u64();
    while (x < refused);
    return x % n;
}

struct str random_text(struct arena *a, size_t n)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const size_t count = sizeof letters - 1;
    char *p = arena_alloc(a, n + 1);

    for (size_t i = 0; i < n;) {
        uint8_t byte;

        random_bytes(&byte, 1);
        if (byte < 256 / count * count) /* the rest would make the first letters likelier */
            p[i++] = letters[byte % count];
    }
    p[n] = '\0';
    return str_make(p, n);
}

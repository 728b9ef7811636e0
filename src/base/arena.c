/*
 * Chunks are bump-allocated and chained. A request that fits its first chunk costs one malloc and
 * one free. Allocations larger than a quarter of the next chunk get a chunk of their own behind the
 * current one, so that a large body does not throw away the rest of the chunk in use.
 */
#include "base/arena.h"

#include "base/mem.h"
#include "base/panic.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#define REDZONE                                                                                    \
    16u /* so that running over the end of one thing is seen, not another thing overwritten */
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#define REDZONE        0u
#endif

enum { ARENA_ALIGN = 16, ARENA_FIRST = 2048, ARENA_LARGEST = 65536 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t bytes; /* of payload */
    _Alignas(ARENA_ALIGN) char payload[];
};

struct arena_cleanup {
    struct arena_cleanup *next;
    void (*fn)(void *);
    void *ptr;
};

void arena_init(struct arena *a, size_t first_chunk_bytes)
{
    *a = (struct arena){.chunk_bytes = first_chunk_bytes ? first_chunk_bytes : ARENA_FIRST};
}

static struct arena_chunk *chunk_new(struct arena *a, size_t bytes)
{
    struct arena_chunk *chunk = mem_alloc(sizeof *chunk + bytes);

    chunk->bytes = bytes;
    a->total_bytes += sizeof *chunk + bytes;
    POISON(chunk->payload, bytes);
    return chunk;
}

static void run_cleanups(struct arena *a)
{
    while (a->cleanups) {
        struct arena_cleanup *c = a->cleanups;

        a->cleanups = c->next;
        c->fn(c->ptr);
    }
}

static void chunk_free(struct arena_chunk *c)
{
    UNPOISON(c->payload, c->bytes);
    mem_free(c);
}

void arena_fini(struct arena *a)
{
    size_t first = a->chunk_bytes;

    run_cleanups(a);
    for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        if (!next)
            first = c->bytes; /* the oldest chunk has the size that the owner asked for */
        chunk_free(c);
    }
    arena_init(a, first);
}

void arena_reset(struct arena *a, size_t first_chunk_bytes)
{
    struct arena_chunk *kept = NULL;

    run_cleanups(a);
    for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        if (!kept && c->bytes == first_chunk_bytes)
            kept = c;
        else
            chunk_free(c);
    }
    arena_init(a, first_chunk_bytes);
    if (!kept)
        return;
    POISON(kept->payload, kept->bytes);
    kept->next = NULL;
    a->chunks = kept;
    a->at = kept->payload;
    a->end = kept->payload + kept->bytes;
    a->total_bytes = sizeof *kept + kept->bytes;
    a->chunk_bytes = first_chunk_bytes < ARENA_LARGEST ? first_chunk_bytes * 2 : ARENA_LARGEST;
}

void arena_finip(struct arena *a)
{
    arena_fini(a);
}

/* A chunk of its own, behind the current one. `need` is rounded and includes the red zone. */
static void *alloc_own_chunk(struct arena *a, size_t need, size_t bytes)
{
    struct arena_chunk *chunk = chunk_new(a, need);

    chunk->next = a->chunks->next;
    a->chunks->next = chunk;
    UNPOISON(chunk->payload, bytes);
    return chunk->payload;
}

static void add_chunk(struct arena *a, size_t need)
{
    size_t size = a->chunk_bytes ? a->chunk_bytes : ARENA_FIRST;

    while (size < need)
        size *= 2;
    struct arena_chunk *chunk = chunk_new(a, size);
    chunk->next = a->chunks;
    a->chunks = chunk;
    a->at = chunk->payload;
    a->end = chunk->payload + size;
    a->chunk_bytes = size < ARENA_LARGEST ? size * 2 : ARENA_LARGEST;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    if (bytes > SIZE_MAX / 4)
        panic("arena: allocation of %zu bytes", bytes);
    size_t need = (bytes + REDZONE + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (UNLIKELY(need > (size_t)(a->end - a->at) || !a->at)) {
        if (a->chunks && need > a->chunk_bytes / 4)
            return alloc_own_chunk(a, need, bytes);
        add_chunk(a, need);
    }
    void *p = a->at;
    a->at += need;
    UNPOISON(p, bytes);
    return p;
}

void *arena_zalloc(struct arena *a, size_t bytes)
{
    return memset(arena_alloc(a, bytes), 0, bytes);
}

size_t arena_array_bytes(size_t size, size_t n)
{
    size_t bytes;

    if (__builtin_mul_overflow(size, n, &bytes))
        panic("arena: array of %zu times %zu bytes", n, size);
    return bytes;
}

void arena_defer(struct arena *a, void (*fn)(void *ptr), void *ptr)
{
    struct arena_cleanup *c = arena_alloc(a, sizeof *c);

    *c = (struct arena_cleanup){.next = a->cleanups, .fn = fn, .ptr = ptr};
    a->cleanups = c;
}

struct str str_dup(struct arena *a, struct str s)
{
    return str_concat(a, &s, 1);
}

struct str str_concat(struct arena *a, const struct str *parts, size_t count)
{
    size_t total = 0, at = 0;

    for (size_t i = 0; i < count; i++)
        total += parts[i].n;
    char *p = arena_alloc(a, total + 1);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].n > 0)
            memcpy(p + at, parts[i].p, parts[i].n);
        at += parts[i].n;
    }
    p[total] = '\0';
    return (struct str){.p = p, .n = total};
}

struct str str_lower(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);

    for (size_t i = 0; i < s.n; i++)
        p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
    p[s.n] = '\0';
    return (struct str){.p = p, .n = s.n};
}

struct str arena_vfmt(struct arena *a, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0)
        panic("arena_fmt: bad format");
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return (struct str){.p = p, .n = (size_t)n};
}

struct str arena_fmt(struct arena *a, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct str s = arena_vfmt(a, format, args);
    va_end(args);
    return s;
}

static size_t count_hits(struct str text, struct str what)
{
    size_t n = 0;
    ptrdiff_t at;

    for (; (at = str_find(text, what)) >= 0; n++)
        text = str_skip(text, (size_t)at + what.n);
    return n;
}

/* Adds the slice at *at and moves that behind it. */
static void put(char **at, struct str s)
{
    if (s.n > 0)
        memcpy(*at, s.p, s.n);
    *at += s.n;
}

struct str str_replace(struct arena *a, struct str text, struct str what, struct str with)
{
    size_t hits = what.n > 0 ? count_hits(text, what) : 0;
    size_t bytes = text.n - hits * what.n + arena_array_bytes(with.n, hits);
    char *result, *at;

    if (hits == 0)
        return text;
    result = at = arena_alloc(a, bytes + 1);
    for (; hits > 0; hits--) {
        size_t before = (size_t)str_find(text, what);

        put(&at, str_sub(text, 0, before));
        put(&at, with);
        text = str_skip(text, before + what.n);
    }
    put(&at, text);
    *at = '\0';
    return str_make(result, bytes);
}

/*
 * arena - memory and other things that die together: one arena a request, a job, a snapshot.
 *
 * What is allocated is never freed alone. arena_fini() first runs the cleanups given to
 * arena_defer(), last one first, then frees everything. An arena that was never allocated from owns
 * no memory. Allocation never returns NULL: out of memory aborts. One thread at a time. Under
 * AddressSanitizer what is not given out is poisoned.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct arena_chunk;
struct arena_cleanup;

struct arena { /* plain storage of the caller; the members are private */
    char *at, *end;
    struct arena_chunk *chunks;
    struct arena_cleanup *cleanups;
    size_t chunk_bytes; /* size of the next chunk */
    size_t total_bytes; /* taken from the system so far */
};

/* `first_chunk_bytes` is what the first allocation takes from the system; 0 means 2 KB. Later
 * chunks double, to 64 KB. */
void arena_init(struct arena *a, size_t first_chunk_bytes);
/* Runs the cleanups, frees everything; the arena is as after arena_init() and may be used again. */
void arena_fini(struct arena *a);
/* The same, but the first chunk is kept for the next use when it has this size; for owners that
 * fill and empty one arena many times. arena_fini() must still follow at the end. */
void arena_reset(struct arena *a, size_t first_chunk_bytes);
/* For CLEANUP(arena_finip). */
void arena_finip(struct arena *a);

/* `bytes` of memory aligned for any type, not zeroed. Zero bytes give a valid pointer. */
void *arena_alloc(struct arena *a, size_t bytes);
/* Zeroed. */
void *arena_zalloc(struct arena *a, size_t bytes);
#define arena_new(a, type) ((type *)arena_zalloc((a), sizeof(type)))
#define arena_new_array(a, type, n)                                                                \
    ((type *)arena_zalloc((a), arena_array_bytes(sizeof(type), (n))))
/* `size` times `n`; aborts on overflow. */
size_t arena_array_bytes(size_t size, size_t n);

/* Calls fn(ptr) when the arena ends; the last one given is called first. `fn` must not allocate
 * from the arena. */
void arena_defer(struct arena *a, void (*fn)(void *ptr), void *ptr);

/* Copies; a NUL stands behind the result (not counted in n), so that `.p` may go to a C library. */
struct str str_dup(struct arena *a, struct str s);
/* Like printf into the arena; a NUL stands behind the result. */
struct str arena_fmt(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);
struct str arena_vfmt(struct arena *a, const char *format, va_list args) PRINTF_LIKE(2, 0);
/* The slices one after the other. */
struct str str_concat(struct arena *a, const struct str *parts, size_t count);
/* ASCII lower case copy. */
struct str str_lower(struct arena *a, struct str s);
/* The text with each `what` replaced by `with`; the same slice when there is none. */
struct str str_replace(struct arena *a, struct str text, struct str what, struct str with);

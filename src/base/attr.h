/*
 * attr - short names for the GNU attributes that the project uses.
 */
#pragma once
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <inttypes.h>

#define MUST_CHECK           __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, va) __attribute__((format(printf, fmt, va)))
#define CLEANUP(fn)          __attribute__((cleanup(fn)))
#define UNUSED               __attribute__((unused))
#define NO_RETURN            __attribute__((noreturn))
#define LIKELY(x)            __builtin_expect(!!(x), 1)
#define UNLIKELY(x)          __builtin_expect(!!(x), 0)
#define ARRAY_LEN(a)         (sizeof(a) / sizeof((a)[0]))

/* The struct of type `type` whose member `member` is at `ptr`. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* A check that is too costly for a release; `assert` itself stays on in every build. */
#ifdef YOURAPI_SLOW_ASSERTS
#define assert_slow(x) assert(x)
#else
#define assert_slow(x) ((void)0)
#endif

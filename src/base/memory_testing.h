/*
 * memory_testing - for tests of any room: how much memory is in use, with and without sanitizers.
 */
#pragma once
#include <malloc.h>
#include <stddef.h>

/* The sanitizers' allocators do not tell by mallinfo2(). */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static inline size_t memory_in_use(void)
{
    struct mallinfo2 info;

    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

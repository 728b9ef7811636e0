#include "base/mem.h"

#include "base/panic.h"
#include "base/str.h"

static void *checked(void *ptr, size_t bytes)
{
    if (!ptr && bytes > 0)
        panic("out of memory: %zu bytes", bytes);
    return ptr;
}

void *mem_alloc(size_t bytes)
{
    return checked(malloc(bytes), bytes);
}

void *mem_zalloc(size_t bytes)
{
    return checked(calloc(1, bytes), bytes);
}

void *mem_realloc(void *ptr, size_t bytes)
{
    return checked(realloc(ptr, bytes), bytes);
}

void mem_free(void *ptr)
{
    free(ptr);
}

#include "base/mem.h"

#include <sys/mman.h>

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

void *mem_reserve(size_t bytes)
{
    void *ptr = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (ptr == MAP_FAILED)
        return NULL;
    (void)madvise(ptr, bytes, MADV_NOHUGEPAGE); /* a page is what the first byte costs */
    return ptr;
}

void mem_unreserve(void *ptr, size_t bytes)
{
    (void)munmap(ptr, bytes);
}

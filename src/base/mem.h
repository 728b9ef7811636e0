/*
 * mem - heap memory that is never NULL: out of memory ends the program with a line on stderr. Any
 * thread.
 */
#pragma once
#include <stddef.h>

void *mem_alloc(size_t bytes);              /* not zeroed */
void *mem_zalloc(size_t bytes);             /* zeroed */
void *mem_realloc(void *ptr, size_t bytes); /* ptr may be NULL */
void mem_free(void *ptr);                   /* NULL is allowed */
/* A zeroed range of addresses that costs memory only where it is touched; NULL when the system
 * refuses. Given back with mem_unreserve() and the same length. */
void *mem_reserve(size_t bytes);
void mem_unreserve(void *ptr, size_t bytes);
#define mem_new(type) ((type *)mem_zalloc(sizeof(type)))

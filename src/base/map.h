/*
 * map - open-addressing hash table from a byte string or a number to a pointer.
 *
 * The map owns its slots, not the keys nor the values: a string key must live as long as its entry
 * (usually it is a member of the value). Values are not NULL. One thread at a time, or a lock of
 * the owner.
 */
#pragma once
#include "base/str.h"

struct map_slot;

struct map {
    struct map_slot *slots;
    size_t count, cap; /* entries, slots */
};

void map_init(struct map *m); /* takes no memory */
void map_fini(struct map *m);

void *map_find(const struct map *m, struct str key); /* NULL: not there */
/* Puts or replaces (the key slice as well); returns the value that was there before, or NULL. */
void *map_put(struct map *m, struct str key, void *value);
void *map_remove(struct map *m, struct str key); /* the value that was there, or NULL */

/* The same with a 64-bit key; one map is used with either kind, not both. */
void *map_find_u64(const struct map *m, uint64_t key);
void *map_put_u64(struct map *m, uint64_t key, void *value);
void *map_remove_u64(struct map *m, uint64_t key);

/* Walk in no order: `size_t at = 0; while ((v = map_next(&m, &at)))`. The map must not change
 * meanwhile. */
void *map_next(const struct map *m, size_t *at);

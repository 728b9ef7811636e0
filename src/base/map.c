/*
 * Linear probing in a table of a power of two, at most three quarters full. An entry that leaves
 * pulls those behind it forward, so there are no tombs and a search ends at the first empty slot.
 * A slot is 24 bytes: with a million tokens the difference to 32 is felt.
 */
#include "base/map.h"

#include "base/hash.h"
#include "base/mem.h"

struct map_slot {
    union {
        const char *bytes;
        uint64_t number;
    } key;
    uint32_t hash, bytes; /* bytes: length of a string key; 0 with a number */
    void *value;          /* NULL: the slot is empty */
};

static_assert(sizeof(struct map_slot) == 24, "see the top of the file");

void map_init(struct map *m)
{
    *m = (struct map){0};
}

void map_fini(struct map *m)
{
    mem_free(m->slots);
    map_init(m);
}

static struct map_slot string_slot(struct str key, void *value)
{
    assert(key.n <= UINT32_MAX);
    return (struct map_slot){.key.bytes = key.p,
                             .bytes = (uint32_t)key.n,
                             .hash = (uint32_t)hash_bytes(key),
                             .value = value};
}

static struct map_slot number_slot(uint64_t key, void *value)
{
    return (struct map_slot){.key.number = key, .hash = (uint32_t)hash_u64(key), .value = value};
}

static bool same_string(const struct map_slot *a, const struct map_slot *b)
{
    return a->bytes == b->bytes &&
           (a->bytes == 0 || memcmp(a->key.bytes, b->key.bytes, a->bytes) == 0);
}

static bool same_number(const struct map_slot *a, const struct map_slot *b)
{
    return a->key.number == b->key.number;
}

typedef bool same_fn(const struct map_slot *a, const struct map_slot *b);

/* The slot that holds `want`'s key, or the empty one where it belongs. The table has an empty slot.
 * Inlined so that `same` becomes a plain comparison. */
static inline struct map_slot *seek(const struct map *m, const struct map_slot *want, same_fn *same)
{
    const size_t mask = m->cap - 1;

    for (size_t at = want->hash & mask;; at = (at + 1) & mask) {
        struct map_slot *slot = &m->slots[at];

        if (!slot->value || (slot->hash == want->hash && same(slot, want)))
            return slot;
    }
}

static void grow(struct map *m)
{
    const struct map old = *m;

    m->cap = old.cap ? old.cap * 2 : 16;
    m->slots = mem_zalloc(m->cap * sizeof *m->slots);
    for (size_t i = 0; i < old.cap; i++) {
        size_t at = old.slots[i].hash & (m->cap - 1);

        if (!old.slots[i].value)
            continue;
        while (m->slots[at].value)
            at = (at + 1) & (m->cap - 1);
        m->slots[at] = old.slots[i];
    }
    mem_free(old.slots);
}

static inline void *find(const struct map *m, struct map_slot want, same_fn *same)
{
    return m->count > 0 ? seek(m, &want, same)->value : NULL;
}

static inline void *put(struct map *m, struct map_slot entry, same_fn *same)
{
    assert(entry.value);
    if ((m->count + 1) * 4 > m->cap * 3)
        grow(m);
    struct map_slot *slot = seek(m, &entry, same);
    void *before = slot->value;
    *slot = entry; /* the key too: the old one may die with the old value */
    m->count += !before;
    return before;
}

/* Moves the entries behind the hole forward, each only as far as a search for it would still find
 * it, until an empty slot ends the run. */
static void close_gap(struct map *m, size_t hole)
{
    const size_t mask = m->cap - 1;

    for (size_t at = (hole + 1) & mask; m->slots[at].value; at = (at + 1) & mask) {
        size_t home = m->slots[at].hash & mask;

        if (((at - home) & mask) < ((at - hole) & mask))
            continue; /* its home lies behind the hole */
        m->slots[hole] = m->slots[at];
        hole = at;
    }
    m->slots[hole] = (struct map_slot){0};
}

static inline void *take(struct map *m, struct map_slot want, same_fn *same)
{
    if (m->count == 0)
        return NULL;
    struct map_slot *slot = seek(m, &want, same);
    void *value = slot->value;
    if (value) {
        close_gap(m, (size_t)(slot - m->slots));
        m->count--;
    }
    return value;
}

void *map_find(const struct map *m, struct str key)
{
    return find(m, string_slot(key, NULL), same_string);
}

void *map_put(struct map *m, struct str key, void *value)
{
    return put(m, string_slot(key, value), same_string);
}

void *map_remove(struct map *m, struct str key)
{
    return take(m, string_slot(key, NULL), same_string);
}

void *map_find_u64(const struct map *m, uint64_t key)
{
    return find(m, number_slot(key, NULL), same_number);
}

void *map_put_u64(struct map *m, uint64_t key, void *value)
{
    return put(m, number_slot(key, value), same_number);
}

void *map_remove_u64(struct map *m, uint64_t key)
{
    return take(m, number_slot(key, NULL), same_number);
}

void *map_next(const struct map *m, size_t *at)
{
    while (*at < m->cap) {
        void *value = m->slots[(*at)++].value;

        if (value)
            return value;
    }
    return NULL;
}

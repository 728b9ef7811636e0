#include "store/db_cache.h"

void db_cache_init(struct db_cache *c, size_t limit)
{
    map_init(&c->by_sql);
    list_init(&c->lru);
    c->limit = limit;
}

void db_cache_fini(struct db_cache *c)
{
    assert(list_empty(&c->lru));
    map_fini(&c->by_sql);
}

struct db_cached *db_cache_find(struct db_cache *c, struct str sql)
{
    struct db_cached *s = map_find(&c->by_sql, sql);

    if (!s)
        return NULL;
    list_remove(&s->lru);
    list_push_front(&c->lru, &s->lru);
    return s;
}

static struct db_cached *take_out(struct db_cache *c, struct db_cached *s)
{
    map_remove(&c->by_sql, s->sql);
    list_remove(&s->lru);
    s->cached = false;
    return s;
}

/* The least used one that nobody reads from. */
static struct db_cached *take_least(struct db_cache *c)
{
    for (struct list *it = c->lru.prev; it != &c->lru; it = it->prev) {
        struct db_cached *s = list_entry(it, struct db_cached, lru);

        if (!s->used)
            return take_out(c, s);
    }
    return NULL;
}

struct db_cached *db_cache_put(struct db_cache *c, struct db_cached *s)
{
    struct db_cached *gone = c->by_sql.count < c->limit ? NULL : take_least(c);

    s->cached = true;
    map_put(&c->by_sql, s->sql, s);
    list_push_front(&c->lru, &s->lru);
    return gone;
}

struct db_cached *db_cache_pop(struct db_cache *c)
{
    return list_empty(&c->lru) ? NULL : take_out(c, list_entry(c->lru.next, struct db_cached, lru));
}

/*
 * db_cache - a connection's prepared statements by their text; the least used one goes first. For
 * the drivers, whose own struct of a statement begins with the one below. One thread at a time, as
 * the connection.
 */
#pragma once
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"

enum { DB_CACHE_STATEMENTS = 128 };

struct db_cached {
    struct list lru; /* in db_cache.lru */
    struct str sql;  /* lives as long as the statement */
    bool used;       /* being read from: it stays */
    bool cached;     /* is in the cache */
};

struct db_cache {
    struct map by_sql;
    struct list lru; /* most recently used first */
    size_t limit;
};

void db_cache_init(struct db_cache *c, size_t limit);
/* Everything must have been taken out. */
void db_cache_fini(struct db_cache *c);
/* The statement of the text, which is now the most recently used one, or NULL. */
struct db_cached *db_cache_find(struct db_cache *c, struct str sql);
/* Puts it in. Returns one that had to go for it and that the caller frees, or NULL. */
MUST_CHECK struct db_cached *db_cache_put(struct db_cache *c, struct db_cached *s);
/* Takes out the most recently used one, or returns NULL: for closing. */
struct db_cached *db_cache_pop(struct db_cache *c);

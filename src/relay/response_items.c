/*
 * A map from user and id to an entry, and two lists of all entries: by their last use, for who
 * leaves when memory is full, and by their age, for who is past its time. One lock: it is held for
 * a look-up and a copy, and only requests that keep or name an item come here.
 */
#include "relay/response_items.h"

#include <pthread.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

enum {
    KEY_MAX = sizeof(int64_t) + RESPONSE_ITEM_ID_MAX,
    SLOT_BYTES = 128, /* of an entry in the map, which is up to a quarter full after it grew, and
                         what the allocator adds */
};

struct entry {
    struct list used, age;
    struct str key, json; /* behind the entry */
    size_t bytes;
    int64_t kept_s;
};

struct response_items {
    size_t max_bytes;
    int64_t life_s;
    pthread_mutex_t lock; /* a leaf; holds what follows */
    struct map map;
    struct list used, age; /* the quietest first; the oldest first */
    size_t bytes;
    int64_t window_s; /* what was shared since then */
    size_t shared_bytes;
};

struct response_items *response_items_new(size_t max_bytes, int64_t life_s)
{
    struct response_items *s = mem_new(struct response_items);

    s->max_bytes = max_bytes;
    s->life_s = life_s;
    pthread_mutex_init(&s->lock, NULL);
    map_init(&s->map);
    list_init(&s->used);
    list_init(&s->age);
    return s;
}

static void drop_locked(struct response_items *s, struct entry *e)
{
    (void)map_remove(&s->map, e->key);
    list_remove(&e->used);
    list_remove(&e->age);
    s->bytes -= e->bytes;
    mem_free(e);
}

void response_items_free(struct response_items *s)
{
    if (!s)
        return;
    while (!list_empty(&s->age))
        drop_locked(s, list_entry(s->age.next, struct entry, age));
    map_fini(&s->map);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

/* The user's number stands before the id, so that no id reaches an item of another user. */
static struct str key_of(char buf[KEY_MAX], int64_t user_id, struct str id)
{
    memcpy(buf, &user_id, sizeof user_id);
    if (id.n > 0)
        memcpy(buf + sizeof user_id, id.p, id.n);
    return str_make(buf, sizeof user_id + id.n);
}

static struct entry *new_entry(struct str key, struct str json, int64_t now_s)
{
    struct entry *e = mem_alloc(sizeof *e + key.n + json.n);
    char *to = (char *)(e + 1);

    memcpy(to, key.p, key.n);
    memcpy(to + key.n, json.p, json.n);
    *e = (struct entry){.key = str_make(to, key.n),
                        .json = str_make(to + key.n, json.n),
                        .bytes = sizeof *e + key.n + json.n + SLOT_BYTES,
                        .kept_s = now_s};
    return e;
}

static void expire_locked(struct response_items *s, int64_t now_s)
{
    while (!list_empty(&s->age)) {
        struct entry *oldest = list_entry(s->age.next, struct entry, age);

        if (now_s - oldest->kept_s < s->life_s)
            return;
        drop_locked(s, oldest);
    }
}

static void put_locked(struct response_items *s, struct entry *e)
{
    struct entry *before = map_find(&s->map, e->key);

    if (before)
        drop_locked(s, before);
    while (s->bytes + e->bytes > s->max_bytes)
        drop_locked(s, list_entry(s->used.next, struct entry, used));
    (void)map_put(&s->map, e->key, e);
    list_push_back(&s->used, &e->used);
    list_push_back(&s->age, &e->age);
    s->bytes += e->bytes;
}

void response_items_put(struct response_items *s, int64_t user_id, struct str id, struct str json,
                        int64_t now_s)
{
    char buf[KEY_MAX];
    struct entry *e;

    if (id.n == 0 || id.n > RESPONSE_ITEM_ID_MAX || json.n == 0 || json.n > RESPONSE_ITEM_MAX)
        return;
    e = new_entry(key_of(buf, user_id, id), json, now_s);
    if (e->bytes > s->max_bytes) {
        mem_free(e);
        return;
    }
    pthread_mutex_lock(&s->lock);
    expire_locked(s, now_s);
    put_locked(s, e);
    pthread_mutex_unlock(&s->lock);
}

bool response_items_find(struct response_items *s, int64_t user_id, struct str id, int64_t now_s,
                         struct arena *a, struct str *json)
{
    char buf[KEY_MAX];
    struct entry *e;

    *json = STR_NULL;
    if (id.n == 0 || id.n > RESPONSE_ITEM_ID_MAX)
        return false;
    pthread_mutex_lock(&s->lock);
    expire_locked(s, now_s);
    e = map_find(&s->map, key_of(buf, user_id, id));
    if (e) {
        list_remove(&e->used);
        list_push_back(&s->used, &e->used);
        *json = str_dup(a, e->json);
    }
    pthread_mutex_unlock(&s->lock);
    return e != NULL;
}

size_t response_items_bytes(struct response_items *s)
{
    size_t bytes;

    pthread_mutex_lock(&s->lock);
    bytes = s->bytes;
    pthread_mutex_unlock(&s->lock);
    return bytes;
}

bool response_items_may_share(struct response_items *s, size_t bytes, int64_t now_s)
{
    bool may;

    pthread_mutex_lock(&s->lock);
    if (now_s - s->window_s >= s->life_s) {
        s->window_s = now_s;
        s->shared_bytes = 0;
    }
    may = bytes <= s->max_bytes - s->shared_bytes;
    if (may)
        s->shared_bytes += bytes;
    pthread_mutex_unlock(&s->lock);
    return may;
}

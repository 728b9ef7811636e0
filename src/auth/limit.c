/*
 * A client's record is the times of its last N requests: appended until N are there, a ring from
 * then on. It begins small and doubles, so that the many clients with a few requests cost little.
 * Times are tenths of a second in 32 bits, which last for 13 years.
 */
#include "auth/limit.h"

#include <arpa/inet.h>
#include <pthread.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

enum { MAX_CLIENTS = 20000, FIRST_CAP = 8, TICK_US = 100000 };

struct client {
    struct list link; /* order of use, the quietest first */
    size_t key_n;
    char key[LIMIT_CLIENT_BYTES];
    uint32_t *at;        /* times of requests */
    uint32_t used, cap;  /* of `at` */
    uint32_t next, last; /* next place of the ring (the oldest time is there); latest time */
};

struct limit {
    uint32_t count, window; /* ticks */
    pthread_mutex_t lock;
    struct map clients;
    struct list order;
    uint64_t start_us; /* 0: no request yet */
};

struct limit *limit_new(int64_t count, int64_t window_s)
{
    struct limit *l = mem_new(struct limit);
    bool on = count > 0 && window_s > 0;

    l->count = on ? (uint32_t)(count < 100000 ? count : 100000) : 0;
    l->window = on ? (uint32_t)(window_s < 1000000 ? window_s : 1000000) * (1000000 / TICK_US) : 0;
    pthread_mutex_init(&l->lock, NULL);
    map_init(&l->clients);
    list_init(&l->order);
    return l;
}

static void forget_locked(struct limit *l, struct client *c)
{
    map_remove(&l->clients, str_make(c->key, c->key_n));
    list_remove(&c->link);
    mem_free(c->at);
    mem_free(c);
}

void limit_free(struct limit *l)
{
    if (!l)
        return;
    while (!list_empty(&l->order))
        forget_locked(l, list_entry(l->order.next, struct client, link));
    map_fini(&l->clients);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

size_t limit_client(struct str ip, char out[LIMIT_CLIENT_BYTES])
{
    char text[INET6_ADDRSTRLEN + 1];
    uint8_t six[16];

    memset(out, 0, LIMIT_CLIENT_BYTES);
    if (ip.n == 0 || ip.n >= sizeof text)
        return 1;
    memcpy(text, ip.p, ip.n);
    text[ip.n] = '\0';
    if (inet_pton(AF_INET, text, out) == 1)
        return 4;
    if (inet_pton(AF_INET6, text, six) != 1)
        return 1;
    if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)six)) {
        memcpy(out, six + 12, 4);
        return 4;
    }
    memcpy(out, six, 8);
    return 8;
}

static struct client *client_locked(struct limit *l, struct str ip)
{
    char key[LIMIT_CLIENT_BYTES];
    size_t n = limit_client(ip, key);
    struct client *c = map_find(&l->clients, str_make(key, n));

    if (c) {
        list_remove(&c->link);
    } else {
        if (l->clients.count >= MAX_CLIENTS)
            forget_locked(l, list_entry(l->order.next, struct client, link));
        c = mem_new(struct client);
        c->key_n = n;
        memcpy(c->key, key, n);
        map_put(&l->clients, str_make(c->key, n), c);
    }
    list_push_back(&l->order, &c->link);
    return c;
}

/* Clients without a request in the window need not be remembered; a few are looked at each time. */
static void forget_quiet_locked(struct limit *l, uint32_t now)
{
    for (int i = 0; i < 2 && !list_empty(&l->order); i++) {
        struct client *c = list_entry(l->order.next, struct client, link);

        if (now - c->last < l->window)
            return;
        forget_locked(l, c);
    }
}

static void note(struct limit *l, struct client *c, uint32_t now)
{
    c->last = now;
    if (c->used == l->count) {
        c->at[c->next] = now;
        c->next = (c->next + 1) % l->count;
        return;
    }
    if (c->used == c->cap) {
        c->cap = c->cap == 0 ? FIRST_CAP : c->cap * 2;
        if (c->cap > l->count)
            c->cap = l->count;
        c->at = mem_realloc(c->at, c->cap * sizeof *c->at);
    }
    c->at[c->used++] = now;
}

bool limit_allow(struct limit *l, struct str ip, uint64_t now_us)
{
    struct client *c;
    uint32_t now;
    bool allowed;

    if (l->count == 0)
        return true;
    pthread_mutex_lock(&l->lock);
    if (l->start_us == 0)
        l->start_us = now_us;
    now = now_us > l->start_us ? (uint32_t)((now_us - l->start_us) / TICK_US) : 0;
    forget_quiet_locked(l, now);
    c = client_locked(l, ip);
    allowed = c->used < l->count || now - c->at[c->next] >= l->window;
    if (allowed)
        note(l, c, now);
    pthread_mutex_unlock(&l->lock);
    return allowed;
}

size_t limit_clients(struct limit *l)
{
    size_t n;

    pthread_mutex_lock(&l->lock);
    n = l->clients.count;
    pthread_mutex_unlock(&l->lock);
    return n;
}

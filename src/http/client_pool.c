#include "http/client_pool.h"

#include "base/mem.h"

enum { SPARE_MAX = 64 };

void client_pool_init(struct client_pool *p, struct loop *l, size_t max_idle_per_origin,
                      size_t max_idle, uint64_t idle_ms)
{
    *p = (struct client_pool){.loop = l,
                              .max_idle_per_origin = max_idle_per_origin,
                              .max_idle = max_idle,
                              .idle_ms = idle_ms};
    map_init(&p->origins);
    list_init(&p->idle);
    list_init(&p->spare);
}

static void close_idle(struct client_origin *o)
{
    o->refs++;
    LIST_FOR_EACH_SAFE (it, &o->idle)
        client_conn_close(list_entry(it, struct client_conn, link));
    client_origin_put(o);
}

void client_pool_close(struct client_pool *p)
{
    struct client_origin *o;
    size_t at = 0;

    /* Closing the last connection of an origin takes it out of the map, so the walk starts anew. */
    while ((o = map_next(&p->origins, &at))) {
        size_t before = p->origins.count;

        close_idle(o);
        assert(p->origins.count < before);
        at = 0;
    }
}

void client_pool_fini(struct client_pool *p)
{
    struct list *node;

    client_pool_close(p);
    while ((node = list_pop_front(&p->spare)))
        mem_free(list_entry(node, struct client_conn, link));
    map_fini(&p->origins);
}

struct client_origin *client_origin_get(struct client_pool *p, struct str key)
{
    struct client_origin *o = map_find(&p->origins, key);

    if (!o) {
        o = mem_zalloc(sizeof *o + key.n);
        o->pool = p;
        list_init(&o->idle);
        memcpy(o->key, key.p, key.n);
        o->key_bytes = key.n;
        map_put(&p->origins, str_make(o->key, o->key_bytes), o);
    }
    o->refs++;
    return o;
}

void client_origin_put(struct client_origin *o)
{
    if (--o->refs > 0)
        return;
    map_remove(&o->pool->origins, str_make(o->key, o->key_bytes));
    mem_free(o);
}

static void on_idle_read(void *ctx, struct str bytes UNUSED)
{
    client_conn_close(ctx);
}

static void on_idle_close(void *ctx, const struct err *err UNUSED)
{
    client_conn_close(ctx);
}

/* Bytes that nobody asked for make a connection useless: they could be taken for the next reply. */
static const struct sock_handler idle_handler = {.on_read = on_idle_read,
                                                 .on_close = on_idle_close};

static void on_idle_late(struct loop_timer *timer)
{
    client_conn_close(container_of(timer, struct client_conn, timer));
}

static void unlink_idle(struct client_conn *c)
{
    if (!list_linked(&c->link))
        return;
    list_remove(&c->link);
    list_remove(&c->in_pool);
    c->origin->idle_count--;
    c->origin->pool->idle_count--;
    loop_timer_stop(&c->timer);
}

struct client_conn *client_conn_take(struct client_origin *o)
{
    struct client_conn *c;

    if (list_empty(&o->idle))
        return NULL;
    c = list_entry(o->idle.next, struct client_conn, link);
    unlink_idle(c);
    return c;
}

struct client_conn *client_conn_new(struct client_origin *o, struct sock *s)
{
    struct list *node = list_pop_front(&o->pool->spare);
    struct client_conn *c =
        node ? list_entry(node, struct client_conn, link) : mem_alloc(sizeof *c);

    if (node)
        o->pool->spare_count--;
    *c = (struct client_conn){.sock = s, .origin = o};
    o->refs++;
    return c;
}

void client_conn_give(struct client_conn *c)
{
    struct client_origin *o = c->origin;
    struct client_pool *p = o->pool;

    if (o->idle_count >= p->max_idle_per_origin) {
        client_conn_close(c);
        return;
    }
    sock_set_handler(c->sock, &idle_handler, c);
    list_push_front(&o->idle, &c->link);
    list_push_front(&p->idle, &c->in_pool);
    o->idle_count++;
    p->idle_count++;
    loop_timer_set(p->loop, &c->timer, p->idle_ms, on_idle_late);
    if (p->max_idle > 0 && p->idle_count > p->max_idle)
        client_conn_close(list_entry(p->idle.prev, struct client_conn, in_pool));
}

struct sock *client_conn_leave(struct client_conn *c)
{
    struct client_pool *p = c->origin->pool;
    struct sock *s = c->sock;

    unlink_idle(c);
    client_origin_put(c->origin);
    if (p->spare_count >= SPARE_MAX) {
        mem_free(c);
        return s;
    }
    list_push_front(&p->spare, &c->link);
    p->spare_count++;
    return s;
}

void client_conn_close(struct client_conn *c)
{
    sock_close(client_conn_leave(c));
}

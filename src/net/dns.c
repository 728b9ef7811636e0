#include "net/dns.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include "base/map.h"
#include "base/mem.h"

enum { GOOD_MS = 60000, BAD_MS = 2000, NAME_MAX_BYTES = 253, ENTRIES_MAX = 1024 };

/* One name. It lives while the cache holds it, a question for it is on the pool, or a query has yet
 * to be told. */
struct entry {
    struct offload_job job;
    struct dns *dns; /* NULL: dns_free() was called */
    struct list age; /* in dns->ages */
    struct list waiting;
    unsigned refs;
    bool asking;
    uint64_t expires_ms;
    dns_lookup_fn *lookup;
    struct dns_address *addresses;
    size_t count;
    bool temporary;
    struct err err; /* when count is 0 */
    size_t name_bytes;
    char name[];
};

struct dns {
    struct loop *loop;
    struct offload *offload;
    dns_lookup_fn *lookup;
    struct map names;
    struct list ages; /* oldest question first */
};

static size_t system_lookup(const char *name, struct dns_address *out, size_t cap, bool *temporary)
{
    /* No AI_ADDRCONFIG: it hides "localhost" on a machine that has only loopback, and an address
     * that cannot be reached costs no more than a failed connect(). */
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(name, NULL, &hints, &list);
    size_t n = 0;

    *temporary = rc != 0 && rc != EAI_NONAME;
    if (rc != 0)
        return 0;
    for (struct addrinfo *at = list; at && n < cap; at = at->ai_next) {
        if (at->ai_addrlen > sizeof out[n].addr)
            continue;
        memcpy(&out[n].addr, at->ai_addr, at->ai_addrlen);
        out[n++].len = at->ai_addrlen;
    }
    freeaddrinfo(list);
    return n;
}

struct dns *dns_new(struct loop *l, struct offload *o)
{
    struct dns *d = mem_new(struct dns);

    d->loop = l;
    d->offload = o;
    d->lookup = system_lookup;
    map_init(&d->names);
    list_init(&d->ages);
    return d;
}

void dns_set_lookup(struct dns *d, dns_lookup_fn *lookup)
{
    d->lookup = lookup;
}

static void entry_unref(struct entry *e)
{
    if (--e->refs > 0)
        return;
    mem_free(e->addresses);
    mem_free(e);
}

/* Out of the cache; who waits still gets its answer. */
static void entry_forget(struct entry *e)
{
    map_remove(&e->dns->names, str_make(e->name, e->name_bytes));
    list_remove(&e->age);
    e->dns = NULL;
    entry_unref(e);
}

void dns_free(struct dns *d)
{
    if (!d)
        return;
    LIST_FOR_EACH_SAFE (it, &d->ages) {
        struct entry *e = list_entry(it, struct entry, age);
        assert(list_empty(&e->waiting));
        entry_forget(e);
    }
    map_fini(&d->names);
    mem_free(d);
}

static void set_port(struct dns_address *a, uint16_t port)
{
    if (a->addr.ss_family == AF_INET)
        ((struct sockaddr_in *)(void *)&a->addr)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)(void *)&a->addr)->sin6_port = htons(port);
}

/* Tells one query and lets go of its hold on the entry. */
static void answer(struct dns_query *q)
{
    struct dns_address addresses[DNS_ADDRESSES_MAX];
    struct entry *e = q->entry;
    struct err err = e->err;
    size_t n = e->count;

    for (size_t i = 0; i < n; i++) {
        addresses[i] = e->addresses[i];
        set_port(&addresses[i], q->port);
    }
    q->entry = NULL;
    entry_unref(e);
    q->fn(q, addresses, n, n > 0 ? NULL : &err);
}

static void answer_task(struct loop_task *task)
{
    answer(container_of(task, struct dns_query, task));
}

static void answer_all(struct entry *e)
{
    struct list *node;

    e->refs++; /* the last query may be the last holder */
    while ((node = list_pop_front(&e->waiting)))
        answer(list_entry(node, struct dns_query, link));
    entry_unref(e);
}

static void job_work(struct offload_job *job)
{
    struct entry *e = container_of(job, struct entry, job);
    struct dns_address found[DNS_ADDRESSES_MAX];

    e->count = e->lookup(e->name, found, ARRAY_LEN(found), &e->temporary);
    if (e->count == 0)
        return;
    e->addresses = mem_alloc(e->count * sizeof *found);
    memcpy(e->addresses, found, e->count * sizeof *found);
}

static void job_done(struct offload_job *job)
{
    struct entry *e = container_of(job, struct entry, job);

    e->asking = false;
    if (e->count == 0)
        err_set(&e->err, ERR_CONNECT,
                e->temporary ? "the name server did not answer" : "the host name is not known");
    if (e->dns)
        e->expires_ms = loop_now_ms(e->dns->loop) + (e->count ? GOOD_MS : BAD_MS);
    answer_all(e);
    entry_unref(e); /* the job's */
}

/* The oldest go when there are too many; those still asking stay. */
static void make_room(struct dns *d)
{
    LIST_FOR_EACH_SAFE (it, &d->ages) {
        struct entry *e = list_entry(it, struct entry, age);
        if (d->names.count < ENTRIES_MAX)
            return;
        if (!e->asking)
            entry_forget(e);
    }
}

static struct entry *entry_new(struct dns *d, struct str name)
{
    struct entry *e = mem_zalloc(sizeof *e + name.n + 1);

    make_room(d);
    memcpy(e->name, name.p, name.n);
    e->name_bytes = name.n;
    e->dns = d;
    e->refs = 1;
    list_init(&e->waiting);
    list_push_back(&d->ages, &e->age);
    map_put(&d->names, str_make(e->name, e->name_bytes), e);
    return e;
}

static void ask(struct dns *d, struct entry *e)
{
    e->lookup = d->lookup;
    e->job = (struct offload_job){.loop = d->loop, .work = job_work, .done = job_done};
    e->asking = true;
    e->refs++;
    if (offload_submit(d->offload, &e->job, &e->err) == ERR_OK)
        return;
    /* Not remembered: the next question may find room. */
    e->asking = false;
    e->refs--;
    e->expires_ms = 0;
}

/* An entry outside of the cache that only this query holds. */
static struct entry *entry_literal(struct str host)
{
    struct dns_address a = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&a.addr;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&a.addr;
    char copy[INET6_ADDRSTRLEN];
    struct entry *e;

    if (host.n == 0 || host.n >= sizeof copy)
        return NULL;
    memcpy(copy, host.p, host.n);
    copy[host.n] = 0;
    if (inet_pton(AF_INET, copy, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        a.len = sizeof *v4;
    } else if (inet_pton(AF_INET6, copy, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        a.len = sizeof *v6;
    } else {
        return NULL;
    }
    e = mem_new(struct entry);
    e->addresses = mem_alloc(sizeof a);
    *e->addresses = a;
    e->count = 1;
    return e;
}

static struct entry *entry_refused(const char *why)
{
    struct entry *e = mem_new(struct entry);

    err_set(&e->err, ERR_CONNECT, "%s", why);
    return e;
}

static struct entry *entry_for(struct dns *d, struct str host)
{
    struct entry *e = entry_literal(host);

    if (e)
        return e;
    if (host.n == 0 || host.n > NAME_MAX_BYTES || memchr(host.p, 0, host.n))
        return entry_refused("the host name is not valid");
    e = map_find(&d->names, host);
    if (e && !e->asking && loop_now_ms(d->loop) >= e->expires_ms) {
        entry_forget(e);
        e = NULL;
    }
    if (!e) {
        e = entry_new(d, host);
        ask(d, e);
    }
    return e;
}

void dns_resolve(struct dns *d, struct dns_query *q, struct str host, uint16_t port)
{
    struct entry *e = entry_for(d, host);

    assert(!q->entry);
    e->refs++;
    q->entry = e;
    q->port = port;
    q->task.fn = answer_task;
    if (e->asking)
        list_push_back(&e->waiting, &q->link);
    else
        loop_defer(d->loop, &q->task);
}

void dns_cancel(struct dns_query *q)
{
    if (!q->entry)
        return;
    list_remove(&q->link);
    loop_task_cancel(&q->task);
    entry_unref(q->entry);
    q->entry = NULL;
}

#include "cache/redis_dial.h"

#include "base/mem.h"

struct redis_dial {
    struct redis_dial_conf conf;
    struct dns_query query;
    struct dns_address addresses[DNS_ADDRESSES_MAX];
    size_t count, next; /* addresses[next - 1] is tried */
    uint64_t due_ms;
    struct loop_timer attempt;
    struct sock *sock;
    bool in_tls;
};

void redis_dial_cancel(struct redis_dial *d)
{
    if (!d)
        return;
    dns_cancel(&d->query);
    loop_timer_stop(&d->attempt);
    if (d->sock)
        sock_close(d->sock);
    mem_free(d);
}

static void fail(struct redis_dial *d, const struct err *why)
{
    struct redis_dial_conf conf = d->conf;
    struct err err = *why;

    redis_dial_cancel(d);
    conf.on_fail(conf.ctx, &err);
}

static void succeed(struct redis_dial *d)
{
    struct redis_dial_conf conf = d->conf;
    struct sock *s = d->sock;

    d->sock = NULL;
    redis_dial_cancel(d);
    conf.on_ready(conf.ctx, s);
}

static void on_connect(void *ctx)
{
    struct redis_dial *d = ctx;

    loop_timer_stop(&d->attempt);
    if (d->in_tls || !d->conf.tls) {
        succeed(d);
        return;
    }
    d->in_tls = true;
    sock_start_tls(d->sock, d->conf.tls, d->conf.host);
}

static void on_read(void *ctx, struct str bytes)
{
    struct err err;

    (void)bytes; /* a server speaks when it is asked, and it was not */
    err_set(&err, ERR_CONNECT, "the server spoke out of turn");
    fail(ctx, &err);
}

static void try_next(struct redis_dial *d);

static void on_close(void *ctx, const struct err *why)
{
    struct redis_dial *d = ctx;
    struct err err;

    if (why)
        err = *why;
    else
        err_set(&err, ERR_CONNECT, "the connection was closed");
    if (!d->in_tls && d->next < d->count)
        try_next(d);
    else
        fail(d, &err);
}

static const struct sock_handler handler = {
    .on_connect = on_connect,
    .on_read = on_read,
    .on_close = on_close,
};

static void on_attempt_late(struct loop_timer *timer)
{
    try_next(container_of(timer, struct redis_dial, attempt));
}

/* The next address; each gets an equal share of the time that is left, so that one that swallows
 * packets does not eat the time of the others. */
static void try_next(struct redis_dial *d)
{
    const struct dns_address *to = &d->addresses[d->next++];
    uint64_t now = loop_now_ms(d->conf.loop), left = d->due_ms > now ? d->due_ms - now : 1;

    if (d->sock)
        sock_close(d->sock);
    d->sock = sock_connect(d->conf.loop, (const struct sockaddr *)&to->addr, to->len, &handler, d);
    loop_timer_stop(&d->attempt);
    if (d->next < d->count)
        loop_timer_set(d->conf.loop, &d->attempt, left / (d->count - d->next + 1) + 1,
                       on_attempt_late);
}

static void on_addresses(struct dns_query *q, const struct dns_address *addresses, size_t count,
                         const struct err *err)
{
    struct redis_dial *d = container_of(q, struct redis_dial, query);

    if (count == 0) {
        fail(d, err);
        return;
    }
    memcpy(d->addresses, addresses, count * sizeof *addresses);
    d->count = count;
    try_next(d);
}

struct redis_dial *redis_dial_start(const struct redis_dial_conf *conf)
{
    struct redis_dial *d = mem_new(struct redis_dial);

    d->conf = *conf;
    d->due_ms = loop_now_ms(conf->loop) + conf->timeout_ms;
    d->query.fn = on_addresses;
    dns_resolve(conf->dns, &d->query, conf->host, conf->port);
    return d;
}

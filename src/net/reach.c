#include "net/reach.h"

void reach_cancel(struct reach *r)
{
    dns_cancel(&r->query);
    loop_timer_stop(&r->attempt);
    if (r->sock)
        sock_close(r->sock);
    r->sock = NULL;
}

static void fail(struct reach *r, const struct err *why)
{
    const struct err err = *why;

    reach_cancel(r);
    r->conf.on_failed(r, &err);
}

static void on_connect(void *ctx)
{
    struct reach *r = ctx;
    struct sock *s = r->sock;

    r->sock = NULL;
    reach_cancel(r);
    r->conf.on_reached(r, s);
}

static void try_next(struct reach *r);

static void on_close(void *ctx, const struct err *why)
{
    struct reach *r = ctx;
    struct err err;

    if (why)
        err = *why;
    else
        err_set(&err, ERR_CONNECT, "the connection was closed");
    if (r->next < r->count)
        try_next(r);
    else
        fail(r, &err);
}

static const struct sock_handler handler = {.on_connect = on_connect, .on_close = on_close};

static void on_attempt_late(struct loop_timer *timer)
{
    try_next(container_of(timer, struct reach, attempt));
}

/* The next address; each gets an equal share of the time that is left, so that one that swallows
 * packets does not eat the time of the others. */
static void try_next(struct reach *r)
{
    const struct dns_address *to = &r->addresses[r->next++];
    uint64_t now = loop_now_ms(r->conf.loop), left = r->due_ms > now ? r->due_ms - now : 1;

    if (r->sock)
        sock_close(r->sock);
    r->sock = sock_connect(r->conf.loop, (const struct sockaddr *)&to->addr, to->len, &handler, r);
    loop_timer_stop(&r->attempt);
    if (r->next < r->count)
        loop_timer_set(r->conf.loop, &r->attempt, left / (r->count - r->next + 1) + 1,
                       on_attempt_late);
}

static void on_addresses(struct dns_query *q, const struct dns_address *addresses, size_t count,
                         const struct err *err)
{
    struct reach *r = container_of(q, struct reach, query);

    if (count == 0) {
        fail(r, err);
        return;
    }
    memcpy(r->addresses, addresses, count * sizeof *addresses);
    r->count = count;
    try_next(r);
}

void reach_start(struct reach *r, const struct reach_conf *conf)
{
    *r = (struct reach){.conf = *conf, .query.fn = on_addresses};
    r->due_ms = loop_now_ms(conf->loop) + conf->timeout_ms;
    dns_resolve(conf->dns, &r->query, conf->host, conf->port);
}

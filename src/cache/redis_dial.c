#include "cache/redis_dial.h"

#include "base/mem.h"
#include "net/reach.h"

struct redis_dial {
    struct redis_dial_conf conf;
    struct reach reach;
    struct sock *sock; /* with TLS on it */
};

void redis_dial_cancel(struct redis_dial *d)
{
    if (!d)
        return;
    reach_cancel(&d->reach);
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

static void succeed(struct redis_dial *d, struct sock *s)
{
    struct redis_dial_conf conf = d->conf;

    d->sock = NULL;
    redis_dial_cancel(d);
    conf.on_ready(conf.ctx, s);
}

static void on_tls(void *ctx)
{
    struct redis_dial *d = ctx;

    succeed(d, d->sock);
}

static void on_read(void *ctx, struct str bytes)
{
    struct err err;

    (void)bytes; /* a server speaks when it is asked, and it was not */
    err_set(&err, ERR_CONNECT, "the server spoke out of turn");
    fail(ctx, &err);
}

static void on_close(void *ctx, const struct err *why)
{
    struct err err;

    if (why)
        err = *why;
    else
        err_set(&err, ERR_CONNECT, "the connection was closed");
    fail(ctx, &err);
}

static const struct sock_handler handler = {
    .on_connect = on_tls,
    .on_read = on_read,
    .on_close = on_close,
};

static void on_reached(struct reach *r, struct sock *s)
{
    struct redis_dial *d = container_of(r, struct redis_dial, reach);

    if (!d->conf.tls) {
        succeed(d, s);
        return;
    }
    d->sock = s;
    sock_set_handler(s, &handler, d);
    sock_start_tls(s, d->conf.tls, d->conf.host);
}

static void on_failed(struct reach *r, const struct err *err)
{
    fail(container_of(r, struct redis_dial, reach), err);
}

struct redis_dial *redis_dial_start(const struct redis_dial_conf *conf)
{
    struct redis_dial *d = mem_new(struct redis_dial);

    d->conf = *conf;
    reach_start(&d->reach, &(struct reach_conf){.loop = conf->loop,
                                                .dns = conf->dns,
                                                .host = conf->host,
                                                .port = conf->port,
                                                .timeout_ms = conf->timeout_ms,
                                                .on_reached = on_reached,
                                                .on_failed = on_failed});
    return d;
}

#include "http/dial.h"

#include "base/mem.h"
#include "net/reach.h"

enum phase {
    PHASE_REACH,     /* names are looked up, the proxy or the upstream is connected to */
    PHASE_PROXY_TLS, /* TLS with the proxy itself */
    PHASE_TALK,      /* the proxy is asked for a tunnel */
    PHASE_TLS,       /* TLS with the upstream */
};

struct dial {
    struct dial_conf conf;
    struct dns_query query;
    struct dns_address target; /* SOCKS5 with names resolved here; len 0: none */
    struct reach reach;
    uint64_t due_ms; /* end of the time-out */
    struct loop_timer timer;
    struct sock *sock; /* what was reached */
    enum phase phase;
    struct proxy_talk talk;
    struct err err;
};

static void release(struct dial *d)
{
    dns_cancel(&d->query);
    loop_timer_stop(&d->timer);
    reach_cancel(&d->reach);
    if (d->sock)
        sock_close(d->sock);
    mem_free(d);
}

void dial_cancel(struct dial *d)
{
    if (d)
        release(d);
}

static void fail(struct dial *d, const struct err *why)
{
    struct dial_conf conf = d->conf;
    struct err err = *why;

    release(d);
    conf.on_fail(conf.ctx, &err);
}

static void succeed(struct dial *d)
{
    struct dial_conf conf = d->conf;
    struct sock *s = d->sock;

    d->sock = NULL;
    release(d);
    conf.on_ready(conf.ctx, s);
}

static bool has_proxy(const struct dial *d)
{
    return d->conf.proxy.kind != PROXY_NONE;
}

static bool has_socks(const struct dial *d)
{
    return d->conf.proxy.kind == PROXY_SOCKS5 || d->conf.proxy.kind == PROXY_SOCKS5H;
}

static void start_tls(struct dial *d, enum phase phase, struct str host)
{
    d->phase = phase;
    sock_start_tls(d->sock, d->conf.tls, host);
}

/* Everything but TLS with the upstream is done. */
static void finish(struct dial *d)
{
    if (d->conf.use_tls)
        start_tls(d, PHASE_TLS, d->conf.host);
    else
        succeed(d);
}

static void talk_step(struct dial *d, enum proxy_step step)
{
    switch (step) {
    case PROXY_SEND:
        sock_write(d->sock, &d->talk.out, 1);
        break;
    case PROXY_DONE:
        finish(d);
        break;
    case PROXY_FAIL:
        fail(d, &d->err);
        break;
    case PROXY_MORE:
        break;
    }
}

/* The way to the proxy (or to the upstream itself) stands. An http proxy takes requests for http
 * upstreams as they are, in absolute form; everything else needs a tunnel. */
static void reached(struct dial *d)
{
    const struct dial_conf *c = &d->conf;

    if (!has_proxy(d) || (!has_socks(d) && !c->use_tls && !c->tunnel)) {
        finish(d);
        return;
    }
    d->phase = PHASE_TALK;
    talk_step(d,
              proxy_talk_start(&d->talk, c->arena, &c->proxy, c->host, c->port,
                               d->target.len ? (struct sockaddr *)&d->target.addr : NULL, &d->err));
}

static void on_connect(void *ctx)
{
    struct dial *d = ctx;

    switch (d->phase) {
    case PHASE_PROXY_TLS:
        reached(d);
        break;
    case PHASE_TLS:
        succeed(d);
        break;
    case PHASE_REACH:
    case PHASE_TALK:
        assert(false);
    }
}

static void on_read(void *ctx, struct str bytes)
{
    struct dial *d = ctx;
    enum proxy_step step = PROXY_SEND;

    if (d->phase == PHASE_TALK)
        step = proxy_talk_feed(&d->talk, &bytes, &d->err);
    /* Nobody may speak before he is asked: what comes now would be taken for the upstream's. */
    if (bytes.n > 0 && step != PROXY_FAIL) {
        err_set(&d->err, ERR_CONNECT, "the peer spoke out of turn");
        step = PROXY_FAIL;
    }
    talk_step(d, step);
}

/* What fails before the stream stands; with a proxy on the way it is told whose fault it is. */
static void broken(struct dial *d, const struct err *why)
{
    d->err = *why;
    if (d->err.code != ERR_TLS &&
        d->err.code !=
            ERR_UNAVAILABLE) /* a broken read is no other thing to the caller than a refusal */
        d->err.code = ERR_CONNECT;
    if (has_proxy(d) && d->phase != PHASE_TLS)
        err_wrap(&d->err, "proxy");
    fail(d, &d->err);
}

static void on_close(void *ctx, const struct err *why)
{
    struct err closed;

    if (!why)
        err_set(&closed, ERR_CONNECT, "the connection was closed");
    broken(ctx, why ? why : &closed);
}

static const struct sock_handler dial_handler = {
    .on_connect = on_connect,
    .on_read = on_read,
    .on_close = on_close,
};

static void on_reached(struct reach *r, struct sock *s)
{
    struct dial *d = container_of(r, struct dial, reach);

    d->sock = s;
    sock_set_handler(s, &dial_handler, d);
    if (d->conf.proxy.kind == PROXY_HTTPS)
        start_tls(d, PHASE_PROXY_TLS, d->conf.proxy.host);
    else
        reached(d);
}

static void on_failed(struct reach *r, const struct err *err)
{
    broken(container_of(r, struct dial, reach), err);
}

static void find_peer(struct dial *d)
{
    const struct dial_conf *c = &d->conf;
    uint64_t now = loop_now_ms(c->loop);

    reach_start(&d->reach, &(struct reach_conf){.loop = c->loop,
                                                .dns = c->dns,
                                                .host = has_proxy(d) ? c->proxy.host : c->host,
                                                .port = has_proxy(d) ? c->proxy.port : c->port,
                                                .timeout_ms = d->due_ms > now ? d->due_ms - now : 1,
                                                .on_reached = on_reached,
                                                .on_failed = on_failed});
}

static void on_target(struct dns_query *q, const struct dns_address *addresses, size_t count,
                      const struct err *err)
{
    struct dial *d = container_of(q, struct dial, query);

    if (count == 0) {
        fail(d, err);
        return;
    }
    d->target = addresses[0];
    find_peer(d);
}

static void on_late(struct loop_timer *timer)
{
    struct dial *d = container_of(timer, struct dial, timer);
    struct err err;

    err_set(&err, ERR_CONNECT, "no connection within %llu ms",
            (unsigned long long)d->conf.timeout_ms);
    fail(d, &err);
}

struct dial *dial_start(const struct dial_conf *conf)
{
    struct dial *d = mem_new(struct dial);

    d->conf = *conf;
    d->due_ms = loop_now_ms(conf->loop) + conf->timeout_ms;
    loop_timer_set(conf->loop, &d->timer, conf->timeout_ms, on_late);
    if (conf->proxy.kind == PROXY_SOCKS5) {
        d->query.fn = on_target;
        dns_resolve(conf->dns, &d->query, conf->host, conf->port);
    } else {
        find_peer(d);
    }
    return d;
}

/*
 * TLS on top of a sock: OpenSSL reads from and writes to a BIO of ours that has no buffer of its
 * own. What it reads lies where the kernel put it (`in`); what it writes is gathered in one buffer
 * of the context and handed to the kernel when the call is over, so that several records leave in
 * one system call.
 *
 * A sock may carry two layers: TLS with an https proxy, and above it TLS with the upstream. A lower
 * layer's plain text is the upper one's input.
 *
 * Functions that call themselves do so for the other layer, so at most once.
 *
 * The owner may close the sock from inside any callback. A layer with a function on the stack
 * (`busy`) is then only marked `dead`, and freed by that function.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "net/sock_internal.h"
#include "net/tls_internal.h"

enum { OUT_FLUSH = 64 << 10, OUT_KEEP = 128 << 10, HOST_MAX = 255 };

struct sock_tls {
    struct sock *sock;
    struct tls_ctx *ctx;
    SSL *ssl;
    struct sock_tls *below, *above;
    struct str in;  /* fed and not yet read by OpenSSL */
    struct sb kept; /* the same, while the owner does not read */
    unsigned busy;
    bool up, dead;
    bool swollen; /* a session ticket came: OpenSSL holds buffers that it does not need */
    size_t key_bytes;
    char key[HOST_MAX + 8]; /* host:port, for the session cache */
};

/* --- the BIO -------------------------------------------------------------------------------- */

static int bio_read(BIO *bio, char *to, int n)
{
    struct sock_tls *t = BIO_get_data(bio);
    size_t take = n < 0 ? 0 : (size_t)n;

    BIO_clear_retry_flags(bio);
    if (t->in.n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (take > t->in.n)
        take = t->in.n;
    memcpy(to, t->in.p, take);
    t->in = str_skip(t->in, take);
    return (int)take;
}

static struct sb *out_of(struct sock_tls *t)
{
    return &t->ctx->out[t->below ? 1 : 0];
}

static int bio_write(BIO *bio, const char *from, int n)
{
    struct sock_tls *t = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (n > 0)
        sb_add(out_of(t), str_make(from, (size_t)n));
    return n;
}

static long bio_ctrl(BIO *bio UNUSED, int command, long number UNUSED, void *ptr UNUSED)
{
    return command == BIO_CTRL_FLUSH;
}

static BIO *bio_of(struct sock_tls *t)
{
    BIO *bio;

    if (!t->ctx->bio) {
        t->ctx->bio = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "sock");
        BIO_meth_set_read(t->ctx->bio, bio_read);
        BIO_meth_set_write(t->ctx->bio, bio_write);
        BIO_meth_set_ctrl(t->ctx->bio, bio_ctrl);
    }
    bio = BIO_new(t->ctx->bio);
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    return bio;
}

/* --- out ------------------------------------------------------------------------------------ */

/* NOLINTBEGIN(misc-no-recursion): a layer calls the one below it, and there are two at most (TLS to
 * an https proxy, and TLS through it). */
static void layer_write(struct sock_tls *t, const struct str *slices, size_t n);

static void flush(struct sock_tls *t)
{
    struct sb *out = out_of(t);
    struct str bytes = sb_str(out);

    if (bytes.n == 0)
        return;
    if (t->below)
        layer_write(t->below, &bytes, 1);
    else
        sock_raw_write(t->sock, &bytes, 1);
    if (out->cap > OUT_KEEP) {
        sb_fini(out);
        sb_init(out, SIZE_MAX);
    } else {
        sb_reset(out);
    }
}

static void fail_with_reason(struct sock_tls *t)
{
    struct err err;

    tls_explain(t->ssl, !t->up, &err);
    flush(t); /* the alert that tells the peer */
    sock_fail(t->sock, err.code, "%s", err.msg);
}

static bool write_plain(struct sock_tls *t, struct str bytes)
{
    while (bytes.n > 0) {
        size_t n = bytes.n < TLS_STAGE_BYTES ? bytes.n : TLS_STAGE_BYTES, done = 0;

        if (SSL_write_ex(t->ssl, bytes.p, n, &done) != 1) {
            fail_with_reason(t);
            return false;
        }
        bytes = str_skip(bytes, done);
        if (out_of(t)->n >= OUT_FLUSH)
            flush(t);
    }
    return true;
}

/* Small slices share a record: each costs 22 to 29 bytes and a pass of the cipher. */
static void layer_write(struct sock_tls *t, const struct str *slices, size_t n)
{
    size_t staged = 0;

    if (!t->ctx->stage)
        t->ctx->stage = mem_alloc(TLS_STAGE_BYTES);
    ERR_clear_error();
    for (size_t i = 0; i < n; i++) {
        struct str rest = slices[i];

        while (rest.n > 0) {
            size_t room = TLS_STAGE_BYTES - staged, take = rest.n < room ? rest.n : room;

            if (staged == 0 && rest.n >= TLS_STAGE_BYTES) {
                if (!write_plain(t, str_sub(rest, 0, TLS_STAGE_BYTES)))
                    return;
                rest = str_skip(rest, TLS_STAGE_BYTES);
                continue;
            }
            memcpy(t->ctx->stage + staged, rest.p, take);
            staged += take;
            rest = str_skip(rest, take);
            if (staged == TLS_STAGE_BYTES && !write_plain(t, str_make(t->ctx->stage, staged)))
                return;
            staged %= TLS_STAGE_BYTES;
        }
    }
    if (write_plain(t, str_make(t->ctx->stage, staged)))
        flush(t);
}

void sock_tls_write(struct sock *s, const struct str *slices, size_t n)
{
    if (s->tls->up)
        layer_write(s->tls, slices, n);
}
/* NOLINTEND(misc-no-recursion) */

/* --- in ------------------------------------------------------------------------------------- */

static void layer_free(struct sock_tls *t)
{
    SSL_free(t->ssl);
    sb_fini(&t->kept);
    mem_free(t);
}

static void leave(struct sock_tls *t)
{
    if (--t->busy == 0 && t->dead)
        layer_free(t);
}

static bool wants(const struct sock_tls *t)
{
    return !t->dead && !t->sock->ended && (t->above || t->sock->want_read);
}

static char *plain_buffer(struct sock_tls *t)
{
    if (!t->above) {
        return loop_plain_buffer(t->sock->loop);
    }
    if (!t->ctx->lower_plain)
        t->ctx->lower_plain = mem_alloc(LOOP_BUFFER_BYTES);
    return t->ctx->lower_plain;
}

/* NOLINTBEGIN(misc-no-recursion): as above, from the lower layer to the upper one. */
static void layer_feed(struct sock_tls *t, struct str bytes);

static void hand_up(struct sock_tls *t, struct str plain)
{
    if (t->above)
        layer_feed(t->above, plain);
    else
        sock_deliver(t->sock, plain);
}

/* The stream of this layer has ended without anything else being wrong. */
static void layer_end(struct sock_tls *t)
{
    if (!t->above)
        sock_end(t->sock);
    else
        sock_fail(t->sock, ERR_IO, "the connection was cut");
}

/* False while the handshake is not done. */
static bool shake(struct sock_tls *t)
{
    int rc, why;

    if (t->up)
        return true;
    ERR_clear_error();
    rc = SSL_do_handshake(t->ssl);
    why = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, rc);
    if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ) {
        fail_with_reason(t);
        return false;
    }
    flush(t);
    if (rc != 1)
        return false;
    t->up = true;
    sock_connected(t->sock);
    return true;
}

/* Fills the buffer as far as the input goes, so that the owner is called once for many records. */
static size_t decrypt(struct sock_tls *t, char *to, int *why)
{
    size_t n = 0, got;

    ERR_clear_error();
    *why = SSL_ERROR_NONE;
    while (n < LOOP_BUFFER_BYTES) {
        if (SSL_read_ex(t->ssl, to + n, LOOP_BUFFER_BYTES - n, &got) != 1) {
            *why = SSL_get_error(t->ssl, 0);
            break;
        }
        n += got;
    }
    return n;
}

/* Freeing the buffers by hand could free a record in use (CVE-2024-4741) before these releases. */
static bool may_free_buffers(void)
{
    static const unsigned fixed[] = {14, 6, 2, 1}; /* 3.0.14, 3.1.6, 3.2.2, 3.3.1 */
    unsigned long version = OpenSSL_version_num();
    unsigned minor = version >> 20 & 0xff, patch = version >> 4 & 0xff;

    return minor >= ARRAY_LEN(fixed) || patch >= fixed[minor];
}

/* SSL_MODE_RELEASE_BUFFERS forgets a case: reading a ticket after the handshake sets up 16 KB for
 * writing, which stay until the next write. A stream may never write again. */
static void slim(struct sock_tls *t)
{
    if (t->swollen && SSL_free_buffers(t->ssl) == 1)
        t->swollen = false;
}

static void pump(struct sock_tls *t)
{
    int why = SSL_ERROR_NONE;

    if (!shake(t))
        return;
    while (why == SSL_ERROR_NONE && wants(t)) {
        char *plain = plain_buffer(t);
        size_t n = decrypt(t, plain, &why);

        if (why == SSL_ERROR_WANT_READ)
            flush(t); /* an answer to a key update */
        slim(t);
        if (n > 0)
            hand_up(t, str_make(plain, n));
        if (t->dead || t->sock->ended)
            return;
        if (why == SSL_ERROR_ZERO_RETURN)
            layer_end(t);
        else if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ)
            fail_with_reason(t);
    }
}

static void layer_feed(struct sock_tls *t, struct str bytes)
{
    struct sb kept = t->kept;

    t->busy++;
    if (kept.n > 0) {
        sb_add(&kept, bytes);
        bytes = sb_str(&kept);
    }
    sb_init(&t->kept, SIZE_MAX);
    t->in = bytes;
    pump(t);
    if (!t->dead && t->in.n > 0 && !t->sock->ended)
        sb_add(&t->kept, t->in);
    t->in = STR_NULL;
    sb_fini(&kept);
    leave(t);
}
/* NOLINTEND(misc-no-recursion) */

static struct sock_tls *lowest(struct sock *s)
{
    return s->tls->below ? s->tls->below : s->tls;
}

void sock_tls_feed(struct sock *s, struct str bytes)
{
    layer_feed(lowest(s), bytes);
}

void sock_tls_resume(struct sock *s)
{
    layer_feed(s->tls, STR_NULL);
    if (s->tls && s->tls->below && !s->ended)
        layer_feed(s->tls->below, STR_NULL);
}

void sock_tls_eof(struct sock *s)
{
    sock_tls_resume(s); /* what was kept comes before the end */
    if (!s->tls || s->ended)
        return;
    if (s->tls->up)
        sock_fail(s, ERR_IO, "the connection was cut");
    else
        sock_fail(s, ERR_TLS, "handshake failed: the peer closed the connection");
}

/* --- life ----------------------------------------------------------------------------------- */

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct sock_tls *t = SSL_get_app_data(ssl);

    tls_session_keep(t->ctx, str_make(t->key, t->key_bytes), session);
    t->swollen = may_free_buffers();
    return 1;
}

/* Name or address to check, and SNI for names only (RFC 6066, section 3). */
static void set_peer(struct sock_tls *t, struct str host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
    struct in6_addr ip;
    char name[HOST_MAX + 1];

    memcpy(name, host.p, host.n);
    name[host.n] = 0;
    if (inet_pton(AF_INET, name, &ip) == 1 || inet_pton(AF_INET6, name, &ip) == 1) {
        X509_VERIFY_PARAM_set1_ip_asc(param, name);
        return;
    }
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(param, name, host.n);
    SSL_set_tlsext_host_name(t->ssl, name);
}

static unsigned peer_port(const struct sock *s)
{
    struct sockaddr_storage a = {0};
    int len = sizeof a;

    if (uv_tcp_getpeername(&s->tcp, (struct sockaddr *)&a, &len))
        return 0;
    if (a.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)(void *)&a)->sin6_port);
    return ntohs(((struct sockaddr_in *)(void *)&a)->sin_port);
}

/* A session is offered again only to the host that was checked when it was made. */
static void set_session(struct sock_tls *t, struct str host)
{
    SSL_SESSION *session;
    int n = snprintf(t->key, sizeof t->key, "%.*s:%u", STR_ARG(host), peer_port(t->sock));

    t->key_bytes = (size_t)n;
    SSL_CTX_sess_set_new_cb(t->ctx->ssl, on_session);
    session = tls_session_find(t->ctx, str_make(t->key, t->key_bytes));
    if (session)
        SSL_set_session(t->ssl, session);
}

void sock_start_tls(struct sock *s, struct tls_ctx *ctx, struct str host)
{
    struct sock_tls *t;

    if (s->closed || s->ended)
        return;
    if (host.n == 0 || host.n > HOST_MAX || memchr(host.p, 0, host.n)) {
        sock_fail(s, ERR_TLS, "handshake failed: the host name is not valid");
        return;
    }
    assert(!s->tls || !s->tls->below);
    t = mem_new(struct sock_tls);
    t->sock = s;
    t->ctx = ctx;
    t->below = s->tls;
    sb_init(&t->kept, SIZE_MAX);
    if (t->below)
        t->below->above = t;
    s->tls = t;
    tls_trust_apply(ctx);
    t->ssl = SSL_new(ctx->ssl);
    SSL_set_app_data(t->ssl, t);
    BIO *bio = bio_of(t);
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_connect_state(t->ssl);
    set_peer(t, host);
    set_session(t, host);
    t->busy++;
    shake(t); /* sends the first message; cannot be done before the peer has answered */
    leave(t);
}

static void layer_close(struct sock_tls *t, bool say_so)
{
    if (say_so && t->up) {
        ERR_clear_error();
        SSL_shutdown(t->ssl);
        flush(t);
        ERR_clear_error();
    }
    /* Without it OpenSSL thinks the session broken and does not resume it any more. */
    SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void sock_tls_close(struct sock *s)
{
    struct sock_tls *t = s->tls;
    bool say_so = !s->ended;

    s->tls = NULL;
    for (struct sock_tls *at = t; at; at = at->below)
        layer_close(at, say_so);
    while (t) {
        struct sock_tls *below = t->below;

        t->dead = true;
        if (t->busy == 0)
            layer_free(t);
        t = below;
    }
}

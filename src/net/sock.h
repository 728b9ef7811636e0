/*
 * sock - a byte stream on a loop: TCP, plain or with TLS on top.
 *
 * Reading: on_read gets bytes that lie in the loop's shared buffer and hold only during the call,
 * so that an idle connection owns no buffer. Writing: what the kernel takes at once is not copied;
 * the rest is copied and sent when the socket drains; sock_queued() tells how much waits, on_drain
 * tells when it is down to zero. Errors and the end come once, through on_close, after which only
 * sock_close() may be called (after a clean end also sock_close_flushed(): the peer has only ended
 * its side and can still get what is queued). After sock_close() no callback comes any more. Loop
 * thread only.
 */
#pragma once
#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"
#include "net/loop.h"
#include "net/tls.h"

struct sock;
struct sock_listener;

struct sock_handler { /* a static table of the owner; every member may be NULL but on_read and
                         on_close */
    void (*on_connect)(void *ctx); /* outgoing: TCP (and TLS, when asked for) is up */
    void (*on_read)(void *ctx,
                    struct str bytes); /* may call sock_close(), sock_read_stop(), sock_write() */
    void (*on_drain)(void *ctx);       /* the write queue is empty again */
    void (*on_close)(
        void *ctx,
        const struct err *err); /* NULL: the peer ended its side cleanly; else why it broke */
};

/* Accepts on address:port with SO_REUSEPORT; `port` 0 = any free one, see sock_listener_port().
 * ERR_IO with a text that names address, port, cause. */
MUST_CHECK enum err_code sock_listen(struct loop *l, const char *address, uint16_t port,
                                     void (*on_accept)(void *ctx, struct sock *s), void *ctx,
                                     struct sock_listener **out, struct err *err);
/* Does nobody listen there yet? sock_listen() would share the port with another program of the same
 * user without a word, and the kernel would deal out connections to both. ERR_IO as above. */
MUST_CHECK enum err_code sock_check_port(const char *address, uint16_t port, struct err *err);
uint16_t sock_listener_port(const struct sock_listener *ln);
void sock_listener_close(struct sock_listener *ln);

/* Starts a connection; on_connect or on_close follows. Never NULL. */
struct sock *sock_connect(struct loop *l, const struct sockaddr *to, socklen_t to_len,
                          const struct sock_handler *h, void *ctx);
/* Puts TLS on a connected stream (directly after on_connect, or after a proxy has answered
 * CONNECT); on_connect comes (again) when the handshake is done, on_close with ERR_TLS when it
 * fails. `host` is checked against the certificate and sent as SNI (not for IP literals). */
void sock_start_tls(struct sock *s, struct tls_ctx *ctx, struct str host);

/* Changes who gets the callbacks (a pooled connection changes its owner). */
void sock_set_handler(struct sock *s, const struct sock_handler *h, void *ctx);
/* Accepted sockets start stopped; connected ones start reading after on_connect. */
void sock_read_start(struct sock *s);
void sock_read_stop(struct sock *s);
/* Sends the slices in order. Errors come through on_close. */
void sock_write(struct sock *s, const struct str *slices, size_t n);
/* The same, but the bytes may be held until the end of the turn (or the next sock_write), so that
 * several small writes become one system call. */
void sock_write_more(struct sock *s, const struct str *slices, size_t n);
/* What the peer has said before it cut the connection is read to its end although nothing can be
 * sent to it any more: then comes on_close. For those who may get an answer before they have asked
 * to the end; what they write meanwhile is lost (sock_broken()). A new owner begins without. */
void sock_hear_out(struct sock *s);
bool sock_broken(const struct sock *s);
size_t sock_queued(const struct sock *s); /* bytes not yet taken by the kernel */
/* Bytes, as they go over the wire, that the kernel has taken so far: it grows as long as the peer
 * takes something. */
uint64_t sock_taken(const struct sock *s);
/* Closes at once; what is queued is thrown away. */
void sock_close(struct sock *s);
/* The same with a reset, so that the peer cannot take what it has got for everything. */
void sock_reset(struct sock *s);
/* Sends what is queued (for at most `limit_ms`), then FIN, and throws away what the peer still
 * sends until it ends its side, too, or is silent for 2 s, or 30 s have passed: closing before
 * would reset the connection under a reply that is on its way. No callbacks any more. */
void sock_close_flushed(struct sock *s, uint64_t limit_ms);
/* Text of the peer's address without port ("127.0.0.1", "::1"; IPv4 mapped in IPv6 as IPv4); holds
 * as long as the socket. */
struct str sock_peer_ip(const struct sock *s);
struct loop *sock_loop(const struct sock *s);

/*
 * sock_internal - the inside of a sock, for sock.c (TCP) and sock_tls.c (TLS on top) only.
 *
 * The seam between the two: while s->tls is NULL bytes go straight between the kernel and the
 * owner. When it is set, sock.c hands what it reads to sock_tls_feed() and what the owner writes to
 * sock_tls_write(), and sock_tls.c comes back with sock_deliver() and sock_raw_write().
 * Everything here runs on the loop's thread. sock_tls.c sets s->tls in sock_start_tls().
 */
#pragma once
#include <uv.h>

#include "net/loop_internal.h"
#include "net/sock.h"

struct sock_tls; /* sock_tls.c's own */

struct sock_out { /* bytes that the kernel did not take; one malloc, freed when they are sent */
    uv_write_t req;
    size_t n, cap;
    char bytes[];
};

struct sock {
    uv_tcp_t tcp; /* data points to the sock */
    struct loop *loop;
    const struct sock_handler *handler;
    void *ctx;
    struct sock_tls *tls;      /* NULL: plain */
    struct list link;          /* among the loop's open ones, or its spare ones */
    struct sock_out *in_write; /* given to the loop's writer */
    struct sock_out *waiting;  /* what came meanwhile */
    uint64_t given;            /* bytes that were to be sent so far, without those in the cork */
    struct err *err;           /* why it broke; NULL: it did not, or a clean end */
    struct loop_task notice;   /* brings on_close, or a late sock_tls_resume(), outside of the call
                                  that caused it */
    struct loop_timer limit;   /* of sock_close_flushed() */
    uint64_t linger_until_ms;  /* then what the peer sends is not waited for any more */
    bool want_read;            /* the owner wants on_read */
    bool kernel_read;          /* libuv reads for us */
    bool connected;            /* TCP is up */
    bool ended;                /* on_close is under way or was called */
    bool flushing;             /* sock_close_flushed(): no owner any more */
    bool unsent;               /* of those: counted in sock_shared.flushing */
    bool shut;                 /* our side has sent FIN */
    bool hears_out;            /* sock_hear_out() */
    bool broken;               /* nothing can be sent any more; the peer's last words are read */
    bool peer_done;            /* the peer's side has ended */
    bool closed;               /* sock_close() was called; the struct waits for libuv */
    bool resume;               /* sock_tls_resume() is due */
    char ip[46];               /* text of the peer's address */
};

/* --- sock_tls.c, called by sock.c ------------------------------------------------------------ */

/* Bytes from the kernel; they lie in loop_read_buffer(). Decrypted text goes to sock_deliver()
 * until that says stop; the rest is kept inside (bounded by what was fed) and delivered by
 * sock_tls_resume(). */
void sock_tls_feed(struct sock *s, struct str bytes);
/* The peer ended TCP: decides whether that is a clean end (sock_end()) or a cut (sock_fail()). */
void sock_tls_eof(struct sock *s);
/* The owner's bytes; sends the records with sock_raw_write(). Only after on_connect. */
void sock_tls_write(struct sock *s, const struct str *slices, size_t n);
/* The owner wants to read again: deliver what was kept. Comes from the end of the turn, never from
 * inside the owner's call. */
void sock_tls_resume(struct sock *s);
/* sock_close() was called: may sock_raw_write() a close_notify, frees what s->tls owns and sets it
 * to NULL. */
void sock_tls_close(struct sock *s);

/* --- sock.c, called by sock_tls.c ------------------------------------------------------------ */

/* Sends bytes as they are: what the kernel takes at once is not copied. Errors come later through
 * the owner's on_close. */
void sock_raw_write(struct sock *s, const struct str *slices, size_t n);
/* Calls the owner's on_read. False: the owner has closed the sock or stopped reading; deliver
 * nothing more now. After false look at s->closed before touching s->tls. */
bool sock_deliver(struct sock *s, struct str plain);
/* Calls the owner's on_connect (handshake done). Only from sock_tls_feed(). After it s->closed may
 * be set. */
void sock_connected(struct sock *s);
/* The end: on_close with this error at the end of the turn, at most once; nothing is read any
 * more. */
void sock_fail(struct sock *s, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same for a clean end. */
void sock_end(struct sock *s);

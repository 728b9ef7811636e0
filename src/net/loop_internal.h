/*
 * loop_internal - what the other files of this room may see of a loop. Loop thread only.
 */
#pragma once
#include <uv.h>

#include "net/loop.h"
#include "base/str.h"

struct sock;

enum { LOOP_BUFFER_BYTES = 65536 };

/* The libuv loop below. */
uv_loop_t *loop_uv(struct loop *l);

/* Two buffers of LOOP_BUFFER_BYTES that everything on the loop shares; what lies in them holds
 * until the callback that was called with it returns. The first takes what the kernel gives, the
 * second is for a layer that changes those bytes (TLS: plain text). */
char *loop_read_buffer(struct loop *l);
char *loop_plain_buffer(struct loop *l);

/* State of sock.c that belongs to the loop and not to one socket. */
struct sock_shared {
    struct list open;      /* every sock that is not closed, for the end of the loop */
    struct list listeners; /* the same for those that accept */
    struct list spare;     /* closed structs, for the next connection */
    size_t spare_count;
    _Atomic size_t flushing; /* socks that close and still have bytes to send */
    struct sock *corked;     /* whose bytes are held in `cork`; NULL: nobody's */
    char *cork;              /* taken at the first use */
    size_t cork_n;
    struct loop_task cork_task; /* sends what is held at the end of the turn */
};
struct sock_shared *loop_sock_shared(struct loop *l);
/* sock.c: closes what is open and frees what is spare; called by the loop when it ends. */
void sock_shared_close(struct loop *l);
void sock_shared_free(struct loop *l);

/*
 * wire - TCP connections and exact timers over epoll, for the programs that make and take load.
 *
 * It is not net/loop on purpose: what measures shares no code with what is measured, and a load at
 * a fixed rate needs timers of microseconds. One thread a `struct wire`. What a socket does not
 * take at once is copied and waits; bytes that are read hold during the callback only.
 */
#pragma once
#include <sys/epoll.h>

#include "base/sb.h"

enum { WIRE_EVENTS = 256, WIRE_READ_BYTES = 256 * 1024 };

struct wire_timer { /* zeroed = stopped; called once */
    uint64_t due_us;
    size_t place; /* in the heap, from 1; 0: not set */
    void (*fn)(struct wire_timer *t);
};

struct wire;
struct wire_conn;

struct wire_handler {
    void (*on_read)(struct wire_conn *c, struct str bytes); /* may close the connection */
    void (*on_gone)(struct wire_conn *c);                   /* the other side ended it: close it */
};

struct wire_conn { /* in the owner's struct; zeroed = closed */
    struct wire *wire;
    const struct wire_handler *handler; /* NULL: a listener */
    void (*on_accept)(struct wire *w, int fd);
    int fd;
    bool wants_out;
    struct sb out;
};

struct wire {
    int epoll;
    bool stop;
    uint64_t now_us; /* monotonic, read after each wait */
    struct wire_timer **heap;
    size_t heap_n, heap_cap;
    struct epoll_event events[WIRE_EVENTS];
    int event_n;
    void *ctx; /* the owner's */
    char buffer[WIRE_READ_BYTES];
};

/* Ends the program with a line on stderr: a tool has nothing better to do. */
void wire_die(const char *what) __attribute__((noreturn));

struct wire *wire_new(void *ctx);
void wire_free(struct wire *w);
/* Until w->stop is set. */
void wire_run(struct wire *w);

void wire_timer_set(struct wire *w, struct wire_timer *t, uint64_t due_us);
void wire_timer_stop(struct wire *w, struct wire_timer *t);

/* 127.0.0.1:port, with SO_REUSEPORT. */
void wire_listen(struct wire *w, struct wire_conn *listener, uint16_t port,
                 void (*on_accept)(struct wire *w, int fd));
/* Connects to 127.0.0.1:port; what is sent before it is connected waits. */
void wire_connect(struct wire *w, struct wire_conn *c, uint16_t port,
                  const struct wire_handler *handler);
/* Takes over an accepted descriptor. */
void wire_attach(struct wire *w, struct wire_conn *c, int fd, const struct wire_handler *handler);
void wire_send(struct wire_conn *c, struct str bytes);
void wire_close(struct wire_conn *c);

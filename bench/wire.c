#include "bench/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { BACKLOG = 4096, OUT_LIMIT = 16 * 1024 * 1024 };

void wire_die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

/* ---- timers: a binary heap, the earliest at heap[1] ---- */

static void heap_put(struct wire *w, size_t place, struct wire_timer *t)
{
    w->heap[place] = t;
    t->place = place;
}

static void heap_up(struct wire *w, size_t place, struct wire_timer *t)
{
    for (; place > 1 && w->heap[place / 2]->due_us > t->due_us; place /= 2)
        heap_put(w, place, w->heap[place / 2]);
    heap_put(w, place, t);
}

static void heap_down(struct wire *w, size_t place, struct wire_timer *t)
{
    for (size_t child; (child = place * 2) <= w->heap_n; place = child) {
        if (child < w->heap_n && w->heap[child + 1]->due_us < w->heap[child]->due_us)
            child++;
        if (w->heap[child]->due_us >= t->due_us)
            break;
        heap_put(w, place, w->heap[child]);
    }
    heap_put(w, place, t);
}

void wire_timer_stop(struct wire *w, struct wire_timer *t)
{
    size_t place = t->place;
    struct wire_timer *last;

    if (place == 0)
        return;
    t->place = 0;
    last = w->heap[w->heap_n--];
    if (last == t)
        return;
    if (place > 1 && w->heap[place / 2]->due_us > last->due_us)
        heap_up(w, place, last);
    else
        heap_down(w, place, last);
}

void wire_timer_set(struct wire *w, struct wire_timer *t, uint64_t due_us)
{
    wire_timer_stop(w, t);
    t->due_us = due_us;
    if (w->heap_n + 2 > w->heap_cap) {
        w->heap_cap = w->heap_cap ? w->heap_cap * 2 : 64;
        w->heap = mem_realloc(w->heap, w->heap_cap * sizeof(struct wire_timer *));
    }
    heap_up(w, ++w->heap_n, t);
}

static void run_timers(struct wire *w)
{
    while (w->heap_n > 0 && w->heap[1]->due_us <= w->now_us) {
        struct wire_timer *t = w->heap[1];

        wire_timer_stop(w, t);
        t->fn(t);
    }
}

/* ---- connections ---- */

static void watch(struct wire_conn *c, int operation, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};

    if (epoll_ctl(c->wire->epoll, operation, c->fd, &e) != 0)
        wire_die("epoll_ctl");
}

void wire_attach(struct wire *w, struct wire_conn *c, int fd, const struct wire_handler *handler)
{
    const int one = 1;

    c->wire = w;
    c->fd = fd;
    c->handler = handler;
    c->wants_out = false;
    sb_init(&c->out, OUT_LIMIT);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

void wire_connect(struct wire *w, struct wire_conn *c, uint16_t port,
                  const struct wire_handler *handler)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        wire_die("socket");
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        wire_die("connect");
    wire_attach(w, c, fd, handler);
    c->wants_out = true; /* until it is connected */
    watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

void wire_listen(struct wire *w, struct wire_conn *listener, uint16_t port,
                 void (*on_accept)(struct wire *w, int fd))
{
    struct sockaddr_in at = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int one = 1;

    if (fd < 0)
        wire_die("socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, BACKLOG) != 0)
        wire_die("listen");
    listener->wire = w;
    listener->fd = fd;
    listener->on_accept = on_accept;
    watch(listener, EPOLL_CTL_ADD, EPOLLIN);
}

void wire_close(struct wire_conn *c)
{
    struct wire *w = c->wire;

    if (!w)
        return;
    for (int i = 0; i < w->event_n; i++) /* later events of this turn must not find it */
        if (w->events[i].data.ptr == c)
            w->events[i].data.ptr = NULL;
    close(c->fd);
    sb_fini(&c->out);
    c->wire = NULL;
}

/* True when nothing waits any more or the socket is full; false when the connection is broken. */
static bool flush(struct wire_conn *c)
{
    while (c->out.n > 0) {
        ssize_t sent = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);

        if (sent < 0)
            return errno == EAGAIN;
        sb_drop_front(&c->out, (size_t)sent);
    }
    if (c->wants_out)
        watch(c, EPOLL_CTL_MOD, EPOLLIN);
    c->wants_out = false;
    return true;
}

void wire_send(struct wire_conn *c, struct str bytes)
{
    if (!c->wants_out) {
        ssize_t sent = send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL);

        if (sent > 0)
            bytes = str_skip(bytes, (size_t)sent);
        if (bytes.n == 0)
            return;
        /* A broken connection shows itself at the next wait. */
        c->wants_out = true;
        watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
    sb_add(&c->out, bytes);
}

static void accept_all(struct wire_conn *listener)
{
    int fd;

    while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        listener->on_accept(listener->wire, fd);
}

static void on_event(struct wire *w, struct wire_conn *c, uint32_t events)
{
    ssize_t got;

    if (!c->handler) {
        accept_all(c);
        return;
    }
    if ((events & EPOLLOUT) && !flush(c)) {
        c->handler->on_gone(c);
        return;
    }
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    got = recv(c->fd, w->buffer, sizeof w->buffer, 0);
    if (got > 0)
        c->handler->on_read(c, str_make(w->buffer, (size_t)got));
    else if (got == 0 || errno != EAGAIN)
        c->handler->on_gone(c);
}

/* ---- the loop ---- */

struct wire *wire_new(void *ctx)
{
    struct wire *w = mem_new(struct wire);

    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (w->epoll < 0)
        wire_die("epoll_create1");
    w->ctx = ctx;
    w->now_us = clock_mono_us();
    return w;
}

void wire_free(struct wire *w)
{
    close(w->epoll);
    mem_free(w->heap);
    mem_free(w);
}

static int wait_for_events(struct wire *w)
{
    struct timespec wait = {0};

    if (w->heap_n == 0)
        return epoll_pwait2(w->epoll, w->events, WIRE_EVENTS, NULL, NULL);
    if (w->heap[1]->due_us > w->now_us) {
        uint64_t us = w->heap[1]->due_us - w->now_us;

        wait.tv_sec = (time_t)(us / 1000000);
        wait.tv_nsec = (long)(us % 1000000) * 1000;
    }
    return epoll_pwait2(w->epoll, w->events, WIRE_EVENTS, &wait, NULL);
}

void wire_run(struct wire *w)
{
    while (!w->stop) {
        w->now_us = clock_mono_us();
        run_timers(w);
        if (w->stop)
            return;
        w->event_n = wait_for_events(w);
        if (w->event_n < 0 && errno != EINTR)
            wire_die("epoll_pwait2");
        w->now_us = clock_mono_us();
        for (int i = 0; i < w->event_n; i++)
            if (w->events[i].data.ptr)
                on_event(w, w->events[i].data.ptr, w->events[i].events);
        w->event_n = 0;
    }
}

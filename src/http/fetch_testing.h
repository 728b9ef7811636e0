/*
 * fetch_testing - a small server on loopback that keeps what it was asked, for the tests of what
 * fetches. Test code.
 */
#pragma once
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sb.h"
#include "base/test.h"
#include "http/fetch.h"

struct upstream {
    int fd;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    struct sb seen;     /* requests, one after the other; under the lock */
    const char *answer; /* the whole reply */
    size_t pad;         /* bytes of body that follow it */
    int delay_ms;       /* before it */
};

static inline void answer_one(struct upstream *u, int fd)
{
    char buffer[4096], *block;
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);

    pthread_mutex_lock(&u->lock);
    if (n > 0)
        sb_add(&u->seen, str_make(buffer, (size_t)n));
    pthread_mutex_unlock(&u->lock);
    (void)poll(NULL, 0, u->delay_ms);
    (void)!send(fd, u->answer, strlen(u->answer), MSG_NOSIGNAL);
    block = calloc(1, 65536);
    for (size_t sent = 0; sent < u->pad && send(fd, block, 65536, MSG_NOSIGNAL) > 0;)
        sent += 65536;
    free(block);
    close(fd);
}

static inline void *serve(void *ctx)
{
    struct upstream *u = ctx;
    int fd;

    while ((fd = accept(u->fd, NULL, NULL)) >= 0)
        answer_one(u, fd);
    return NULL;
}

static inline void upstream_open(struct upstream *u, const char *answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;

    *u = (struct upstream){.answer = answer};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    u->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(u->fd, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(listen(u->fd, 8), 0);
    CHECK_EQ(getsockname(u->fd, (struct sockaddr *)&at, &n), 0);
    u->port = ntohs(at.sin_port);
    pthread_mutex_init(&u->lock, NULL);
    sb_init(&u->seen, 1 << 20);
    pthread_create(&u->thread, NULL, serve, u);
}

static inline void upstream_close(struct upstream *u)
{
    shutdown(u->fd, SHUT_RDWR);
    pthread_join(u->thread, NULL);
    close(u->fd);
    sb_fini(&u->seen);
    pthread_mutex_destroy(&u->lock);
}

static inline bool saw(struct upstream *u, const char *text)
{
    bool found;

    pthread_mutex_lock(&u->lock);
    found = str_has(sb_str(&u->seen), str_from(text));
    pthread_mutex_unlock(&u->lock);
    return found;
}

#define MODELS                                                                                     \
    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"                                                 \
    "{\"object\":\"list\",\"data\":[{\"id\":\"models/a\"},{\"id\":\"b\"},{\"x\":1},{\"id\":5}]}"

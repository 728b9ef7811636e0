/*
 * closed_port_testing - for tests: a port of 127.0.0.1 at which connections are refused. The first
 * call of a program takes it and keeps it from others until the program ends.
 */
#pragma once
#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/test.h"

static inline uint16_t closed_port(void)
{
    static uint16_t port;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd;

    if (port)
        return port;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound, but nobody listens */
    CHECK_EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    port = ntohs(at.sin_port);
    return port;
}

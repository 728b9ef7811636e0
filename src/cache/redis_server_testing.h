/*
 * redis_server_testing - for tests of any room above: real servers on free ports, ended with the
 * test. NEED_SERVER() skips a test, and says so, where there is no redis-server.
 */
#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/patience.h"
#include "base/test.h"

enum { ARGS_MAX = 40 };

struct server {
    pid_t pid; /* 0: none */
    uint16_t port;
    char dir[64];
};

static inline bool have_server(void)
{
    return access("/usr/bin/redis-server", X_OK) == 0 ||
           access("/usr/local/bin/redis-server", X_OK) == 0;
}

#define NEED_SERVER()                                                                              \
    do {                                                                                           \
        if (!have_server()) {                                                                      \
            print_message("[  NOTE    ] redis-server is not installed: skipped\n");                \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

/* A connection that is ended on the port's side first leaves it occupied for a minute: nobody gets
 * it who asks for any one that is free, but a server that is told to use it does. */
static inline uint16_t free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte;

    CHECK_EQ(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
    CHECK_EQ(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(listen(listener, 1), 0);
    CHECK_EQ(getsockname(listener, (struct sockaddr *)&at, &n), 0);
    CHECK_EQ(connect(client, (struct sockaddr *)&at, sizeof at), 0);
    close(accept(listener, NULL, NULL));
    CHECK_EQ(recv(client, &byte, 1, 0), 0);
    close(client);
    close(listener);
    return ntohs(at.sin_port);
}

static inline void pause_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

static inline bool listens(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;

    close(fd);
    return ok;
}

/* Runs the program with these words after its name; its output goes to a file in its folder. */
static inline void server_run(struct server *s, char *const *argv)
{
    char log[96];

    snprintf(log, sizeof log, "%s/log", s->dir);
    s->pid = fork();
    CHECK(s->pid >= 0);
    if (s->pid == 0) {
        int fd = open(log, O_CREAT | O_WRONLY | O_APPEND, 0600);

        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves no server behind */
        dup2(fd, 1);
        dup2(fd, 2);
        execvp("redis-server", argv);
        _exit(127);
    }
    for (int i = 0; i < PATIENCE_MS / 10 && !listens(s->port); i++)
        pause_ms(10);
    CHECK(listens(s->port));
}

/* `options` are words after the usual ones, in one text. On s->port when it is set. */
static inline void server_start(struct server *s, const char *options)
{
    char port[8], copy[512];
    char *argv[ARGS_MAX] = {"redis-server", "--port",      port,     "--bind", "127.0.0.1",
                            "--dir",        s->dir,        "--save", "",       "--appendfsync",
                            "always",       "--daemonize", "no"};
    size_t n = 13;

    if (s->port == 0)
        s->port = free_port();
    if (s->dir[0] == '\0') {
        snprintf(s->dir, sizeof s->dir, "/tmp/redis-test-XXXXXX");
        CHECK(mkdtemp(s->dir) != NULL);
    }
    snprintf(port, sizeof port, "%u", s->port);
    snprintf(copy, sizeof copy, "%s", options);
    for (char *save = NULL, *word = strtok_r(copy, " ", &save); word && n + 1 < ARGS_MAX;
         word = strtok_r(NULL, " ", &save))
        argv[n++] = word;
    server_run(s, argv);
}

static inline void server_kill(struct server *s)
{
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    s->pid = 0;
}

static inline void server_end(struct server *s)
{
    const char *const argv[] = {"rm", "-rf", s->dir, NULL};
    pid_t pid;

    server_kill(s);
    pid = fork();
    if (pid == 0) {
        execvp("rm", (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}

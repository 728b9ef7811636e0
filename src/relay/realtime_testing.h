/*
 * realtime_testing - both ends of a realtime session for tests that may block: the client's
 * WebSocket, and the upstream's in a script of relay_fixture.
 */
#pragma once
#include <poll.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/patience.h"
#include "base/test.h"
#include "codec/websocket.h"
#include "net/offload.h"
#include "relay/exchange.h"
#include "relay/relay_fixture.h"

enum { GO_ON, OVER }; /* marks: the script may send its next text; the relay has closed it */
enum { USUAL = 100 + 50 * 2 };

#define DONE                                                                                       \
    "{\"type\":\"response.done\",\"response\":{\"usage\":{\"input_tokens\":100,"                   \
    "\"output_tokens\":50}}}"

/* ---- a WebSocket of threads that may wait ---- */

struct line {
    int fd;
    struct websocket *frames;
    char in[65536];
    struct str left;
};

static inline void line_write(void *ctx, struct str bytes)
{
    struct line *l = ctx;

    while (bytes.n > 0) {
        ssize_t n = send(l->fd, bytes.p, bytes.n, MSG_NOSIGNAL);

        if (n <= 0)
            return; /* the other side has gone, as some tests want it */
        bytes = str_skip(bytes, (size_t)n);
    }
}

static inline void line_init(struct line *l, int fd, enum websocket_role role)
{
    *l = (struct line){.fd = fd};
    l->frames = websocket_new(role, 0, line_write, l);
}

static inline void line_say(struct line *l, const char *text)
{
    websocket_send(l->frames, WEBSOCKET_TEXT, str_from(text));
}

/* The next message, or "closed CODE"; in the arena. */
static inline const char *line_hear(struct arena *a, struct line *l)
{
    struct websocket_event ev;

    while (websocket_next(l->frames, &l->left, &ev) != WEBSOCKET_EVENT) {
        struct pollfd p = {.fd = l->fd, .events = POLLIN};
        ssize_t n;

        CHECK(poll(&p, 1, PATIENCE_MS) == 1);
        n = recv(l->fd, l->in, sizeof l->in, 0);
        if (n <= 0)
            return "cut";
        l->left = str_make(l->in, (size_t)n);
    }
    if (ev.kind == WEBSOCKET_CLOSE)
        return arena_fmt(a, "closed %d", ev.code).p;
    return str_dup(a, ev.data).p;
}

/* ---- the upstream's side ---- */

static inline void open_up(struct relay_fixture_call *c, struct line *l)
{
    ptrdiff_t at = str_find_nocase(c->head, STR("sec-websocket-key:"));
    struct str key = str_skip(c->head, (size_t)at + 18);
    struct arena a;

    CHECK(at >= 0);
    arena_init(&a, 0);
    relay_fixture_send(c, arena_fmt(&a,
                                    "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade"
                                    "\r\nSec-WebSocket-Accept: %.*s\r\n\r\n",
                                    STR_ARG(websocket_accept(&a, str_trim(str_cut(&key, '\r')))))
                              .p);
    arena_fini(&a);
    line_init(l, c->fd, WEBSOCKET_SERVER);
    line_say(l, "{\"type\":\"session.created\",\"session\":{}}");
}

/* Waits until the relay has closed it. */
static inline void close_up(struct relay_fixture_call *c, struct line *l)
{
    struct websocket_event ev;
    ssize_t n = 1;

    while (n > 0 && websocket_next(l->frames, &l->left, &ev) != WEBSOCKET_EVENT) {
        n = recv(l->fd, l->in, sizeof l->in, 0);
        l->left = str_make(l->in, n > 0 ? (size_t)n : 0);
    }
    websocket_free(l->frames);
    relay_fixture_set(c->fixture, OVER);
}

/* Sends the static texts of ctx one after the other, each when the test says so. */
static inline void play(struct relay_fixture_call *c)
{
    struct line l;

    open_up(c, &l);
    for (const char *const *text = c->ctx; *text; text++) {
        relay_fixture_wait(c->fixture, GO_ON);
        line_say(&l, *text);
    }
    close_up(c, &l);
}

/* ---- the client's side ---- */

static inline void open_client(struct relay_fixture *f, struct line *l)
{
    static const char handshake[] =
        "GET /v1/realtime?model=m HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "\r\n\r\n";
    const char *head;
    ptrdiff_t end;
    size_t early;

    line_init(l, relay_fixture_dial(f), WEBSOCKET_CLIENT);
    line_write(l, STR(handshake));
    head = relay_fixture_read(f, l->fd, "\r\n\r\n");
    CHECK_EQ(relay_fixture_status(head), 101);
    end = str_find(str_from(head), STR("\r\n\r\n")) + 4;
    early = strlen(head) - (size_t)end; /* frames hold no NUL before this text's end */
    memcpy(l->in, head + end, early);
    l->left = str_make(l->in, early);
    CHECK(str_has(str_from(line_hear(&f->arena, l)), STR("session.created")));
}

static inline void close_client(struct relay_fixture *f, struct line *l)
{
    websocket_close(l->frames, WEBSOCKET_NORMAL, STR_NULL);
    relay_fixture_wait(f, OVER);
    close(l->fd);
    websocket_free(l->frames);
}

static inline int64_t rows(struct relay_fixture *f)
{
    CHECK(ledger_flush(f->ledger, PATIENCE_MS));
    return relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2");
}

/* The account has this many points. */
static inline void leave_points(struct relay_fixture *f, int64_t points)
{
    relay_fixture_sql(
        f, arena_fmt(&f->arena, "UPDATE tokens SET remain_quota=%lld", (long long)points).p);
}

/* ---- a pool whose threads are all busy, so that nothing is looked up ---- */

enum { POOL_THREADS = 2 }; /* of the fixture */

struct plug {
    struct offload_job job;
    sem_t busy, go;
};

struct plugs {
    struct plug all[POOL_THREADS];
};

static inline void plug_work(struct offload_job *job)
{
    struct plug *p = container_of(job, struct plug, job);

    sem_post(&p->busy);
    while (sem_wait(&p->go) != 0)
        ;
}

static inline void plug_done(struct offload_job *job UNUSED)
{
}

static inline void plug_in(struct relay_fixture *f, struct plugs *plugs)
{
    for (size_t i = 0; i < POOL_THREADS; i++) {
        struct plug *p = &plugs->all[i];

        *p = (struct plug){
            .job = {.work = plug_work, .done = plug_done, .loop = f->relay->loops[0].loop}};
        sem_init(&p->busy, 0, 0);
        sem_init(&p->go, 0, 0);
        CHECK_EQ(offload_submit(f->relay->conf.offload, &p->job, NULL), ERR_OK);
        while (sem_wait(&p->busy) != 0)
            ;
    }
}

static inline void unplug(struct plugs *plugs)
{
    for (size_t i = 0; i < POOL_THREADS; i++)
        sem_post(&plugs->all[i].go);
}

/* When the pool has ended. */
static inline void plugs_fini(struct plugs *plugs)
{
    for (size_t i = 0; i < POOL_THREADS; i++) {
        sem_destroy(&plugs->all[i].busy);
        sem_destroy(&plugs->all[i].go);
    }
}

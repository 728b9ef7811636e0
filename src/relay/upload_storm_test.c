/*
 * Two hundred forms at once, of which clients and upstreams leave at random places. The seed is
 * printed; YOURAPI_TEST_SEED sets it. What is checked holds in whatever order things happen.
 */
#include "relay/upload_testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/memory_testing.h"
#include "base/random.h"
#include "relay/exchange.h"

enum {
    FORMS = 200,
    RECORDING_SECONDS = 17, /* long enough that the form goes through while it comes */
    NUMBER_AT = sizeof PART("prompt", "") - 3, /* of a form, in its first part */
    NUMBER_CHARS = 4,
    PIECE_MAX = 60000,
    STUCK_MS = 60000,
    MINUTE_US = 60000000,
    SLACK_BYTES = 2 << 20, /* of memory that comes and goes, less than ten forms are */
};

/* ---- chance ---- */

/* splitmix64: each client and each upstream draws from numbers of its own, so that a seed means the
 * same whichever comes first. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static size_t below(uint64_t *state, size_t n)
{
    return (size_t)(draw(state) % n);
}

static uint64_t seed_of_test(void)
{
    const char *given = getenv("YOURAPI_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : random_u64();

    print_message("[  SEED    ] YOURAPI_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* ---- the storm ---- */

struct client {
    uint64_t chance;
    int fd;
    struct str slices[3]; /* head, first part, the rest */
    struct str left;      /* of slices[at] */
    size_t at, sent, leaves_at;
    bool leaves, resets, reads, over;
    char reply[16];
    size_t reply_bytes;
    atomic_uint whole;    /* times that an upstream has got the form to its end */
    atomic_uint answered; /* ... and has answered it well */
};

/* One of them. Of an upstream that is slow to end something may still come when the next begins. */
struct storm {
    struct relay_fixture *f;
    struct str common; /* what all forms end with */
    uint64_t seed;
    struct client clients[FORMS];
    size_t bytes;             /* of a form */
    _Atomic uint64_t calls;   /* to upstreams */
    _Atomic bool other_bytes; /* an upstream has got what nobody has sent */
};

/* ---- upstreams ---- */

struct upstream {
    struct storm *storm;
    int fd;
    uint64_t chance;
    char first[NUMBER_AT + NUMBER_CHARS];
    size_t got;
};

/* All but the number of the form is known. */
static void take(struct upstream *u, struct str bytes)
{
    const size_t common = u->storm->bytes - u->storm->common.n;

    for (size_t i = 0; i < bytes.n; i++, u->got++) {
        if (u->got < sizeof u->first)
            u->first[u->got] = bytes.p[i];
        else if (u->got >= common && u->storm->common.p[u->got - common] != bytes.p[i])
            u->storm->other_bytes = true;
    }
}

/* False: the relay has ended it before. */
static bool read_until(struct upstream *u, size_t until)
{
    char piece[PIECE_MAX];

    while (u->got < until) {
        size_t want = until - u->got < sizeof piece ? until - u->got : sizeof piece;
        ssize_t n = recv(u->fd, piece, want, 0);

        if (n <= 0)
            return false;
        take(u, str_make(piece, (size_t)n));
    }
    return true;
}

static struct client *client_of(const struct upstream *u)
{
    uint64_t number = 0;

    if (!str_to_u64(str_make(u->first + NUMBER_AT, NUMBER_CHARS), &number) || number >= FORMS) {
        u->storm->other_bytes = true;
        return &u->storm->clients[0];
    }
    return &u->storm->clients[number];
}

static void end_somehow(struct relay_fixture_call *c, struct upstream *u)
{
    switch (below(&u->chance, 4)) {
    case 0:
        relay_fixture_reset(c);
        break;
    case 1:
        relay_fixture_json(c, 503, "{\"error\":{\"message\":\"busy\"}}");
        break;
    case 2:
        relay_fixture_send(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"te");
        break;
    default:
        break;
    }
}

static bool serve(struct relay_fixture_call *c)
{
    struct storm *s = *(struct storm *const *)c->ctx;
    struct upstream u = {.storm = s, .fd = c->fd};
    struct client *client;

    u.chance = s->seed ^ (atomic_fetch_add(&s->calls, 1) + 1) << 32;
    take(&u, c->body);
    if (below(&u.chance, 4) == 0) {
        if (read_until(&u, below(&u.chance, s->bytes)))
            end_somehow(c, &u);
        return true;
    }
    if (!read_until(&u, s->bytes))
        return true;
    client = client_of(&u);
    atomic_fetch_add(&client->whole, 1);
    if (below(&u.chance, 3) == 0) {
        end_somehow(c, &u);
        return true;
    }
    atomic_fetch_add(&client->answered, 1);
    transcribed(c);
    return true;
}

/* ---- clients ---- */

static void client_init(struct storm *s, unsigned i)
{
    struct client *c = &s->clients[i];
    struct arena *a = &s->f->arena;

    c->chance = s->seed + i;
    c->slices[1] = arena_fmt(a, PART("prompt", "%0*u"), NUMBER_CHARS, i);
    c->slices[2] = s->common;
    s->bytes = c->slices[1].n + c->slices[2].n;
    c->slices[0] = arena_fmt(a,
                             "POST %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" UPLOAD_KEY
                             "Content-Type: multipart/form-data; boundary=B\r\n"
                             "Content-Length: %zu\r\n\r\n",
                             transcriptions, s->bytes);
    c->left = c->slices[0];
    c->resets = below(&c->chance, 2) == 0;
    switch (below(&c->chance, 6)) {
    case 0: /* somewhere */
        c->leaves = true;
        c->leaves_at = below(&c->chance, c->slices[0].n + s->bytes);
        break;
    case 1: /* in the closing boundary, or right behind it */
        c->leaves = true;
        c->leaves_at = c->slices[0].n + s->bytes - below(&c->chance, sizeof END);
        break;
    case 2:
        c->leaves = true;
        c->leaves_at = c->slices[0].n + s->bytes;
        break;
    default:
        break;
    }
}

static bool sent_all(const struct storm *s, const struct client *c)
{
    return c->sent == c->slices[0].n + s->bytes;
}

static void client_end(struct client *c)
{
    struct linger now = {.l_onoff = 1};

    if (c->resets)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(c->fd);
    c->over = true;
}

/* A piece of it, at most up to where the client leaves. */
static void client_send(struct storm *s, struct client *c)
{
    size_t most = 1 + below(&c->chance, PIECE_MAX);
    ssize_t n;

    if (c->leaves && most > c->leaves_at - c->sent)
        most = c->leaves_at - c->sent;
    if (most > 0) {
        n = send(c->fd, c->left.p, c->left.n < most ? c->left.n : most, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            c->reads = true; /* the relay has said why */
            return;
        }
        c->sent += (size_t)n;
        c->left = str_skip(c->left, (size_t)n);
        if (c->left.n == 0 && c->at + 1 < ARRAY_LEN(c->slices))
            c->left = c->slices[++c->at];
    }
    if (c->leaves && c->sent == c->leaves_at)
        client_end(c);
    else
        c->reads = sent_all(s, c);
}

static void client_read(struct client *c)
{
    char piece[4096];
    ssize_t n = recv(c->fd, piece, sizeof piece, 0);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        c->resets = false;
        client_end(c);
        return;
    }
    for (ssize_t i = 0; i < n && c->reply_bytes + 1 < sizeof c->reply; i++)
        c->reply[c->reply_bytes++] = piece[i];
}

static bool move_clients(struct storm *s)
{
    struct pollfd polls[FORMS];
    bool open = false;

    for (unsigned i = 0; i < FORMS; i++) {
        struct client *c = &s->clients[i];

        polls[i] = (struct pollfd){.fd = c->over ? -1 : c->fd,
                                   .events = c->reads ? POLLIN : POLLIN | POLLOUT};
        open |= !c->over;
    }
    if (!open)
        return false;
    if (poll(polls, FORMS, STUCK_MS) <= 0)
        fail_msg("nothing moves any more");
    for (unsigned i = 0; i < FORMS; i++) {
        struct client *c = &s->clients[i];

        if (c->over || polls[i].revents == 0)
            continue;
        c->reads |= (polls[i].revents & ~POLLOUT) != 0; /* an answer before the end */
        if (c->reads)
            client_read(c);
        else
            client_send(s, c);
    }
    return true;
}

static void run_clients(struct storm *s)
{
    for (unsigned i = 0; i < FORMS; i++) {
        s->clients[i].fd = relay_fixture_dial(s->f);
        fcntl(s->clients[i].fd, F_SETFL, O_NONBLOCK);
    }
    while (move_clients(s))
        ;
}

/* ---- what must have come of it ---- */

static unsigned open_sockets(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    for (struct dirent *entry; (entry = readdir(dir));) {
        struct stat st;

        n += fstat((int)strtol(entry->d_name, NULL, 10), &st) == 0 && S_ISSOCK(st.st_mode);
    }
    closedir(dir);
    return n;
}

/* No form of a client that left before its end came to an upstream whole, everybody who stayed got
 * an answer, and nobody a good one without that an upstream had given it. Returns how many got
 * one. */
static unsigned check_clients(struct storm *s)
{
    unsigned good = 0;

    for (unsigned i = 0; i < FORMS; i++) {
        const struct client *c = &s->clients[i];
        int status = relay_fixture_status(c->reply);

        CHECK(sent_all(s, c) || atomic_load(&c->whole) == 0);
        CHECK(c->leaves || (status >= 200 && status < 600));
        CHECK(status != 200 || atomic_load(&c->answered) > 0);
        good += status == 200;
    }
    return good;
}

static unsigned count_answered(struct storm *s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < FORMS; i++)
        n += atomic_load(&s->clients[i].answered) > 0;
    return n;
}

/* One charge for each good answer at least, and none for what no upstream has answered. */
static void check_charges(struct storm *s, int64_t rows)
{
    unsigned good = check_clients(s), answered = count_answered(s);

    CHECK(rows >= good);
    CHECK(rows <= answered);
    CHECK_EQ(relay_fixture_number(s->f, "SELECT COUNT(DISTINCT quota) FROM logs WHERE type=2"), 1);
}

/* Bounded by the time-out of the test program: what was closed goes in its own time. */
static void wait_for_sockets(unsigned n)
{
    while (open_sockets() > n)
        sched_yield();
}

/* A minute later those that succeeded are forgotten, and one more is admitted if no call counts as
 * under way. */
static void check_none_under_way(struct relay_fixture *f)
{
    const struct rate_limits one = {.window_us = MINUTE_US, .success = 1};

    f->clock.us += MINUTE_US + MINUTE_US / 2;
    CHECK_EQ(rate_enter(f->relay->rate, f->user, &one, f->clock.us), RATE_ADMITTED);
    rate_leave(f->relay->rate, f->user, false, f->clock.us);
}

static struct storm *storm_new(struct relay_fixture *f, const struct form *form, uint64_t seed)
{
    struct storm *s = mem_new(struct storm);
    struct storm **ctx = arena_new(&f->arena, struct storm *);

    *ctx = s;
    s->f = f;
    s->common = sb_str(&form->body);
    s->seed = seed;
    for (unsigned i = 0; i < FORMS; i++)
        client_init(s, i);
    relay_fixture_script_early(f, serve, transcribed, ctx);
    return s;
}

static void run_storm(struct storm *s)
{
    const char *count = "SELECT COUNT(*) FROM logs WHERE type=2";
    int64_t before = relay_fixture_number(s->f, count);
    unsigned sockets = open_sockets();

    run_clients(s);
    relay_fixture_check_books(s->f);
    CHECK(!s->other_bytes);
    check_charges(s, relay_fixture_number(s->f, count) - before);
    check_none_under_way(s->f);
    wait_for_sockets(sockets);
}

static struct relay_fixture *fixture_new(void)
{
    struct relay_fixture *f = with_channels(relay_fixture_new(NULL), "1");

    relay_fixture_publish(f, "RetryTimes", "1", "SelfUseModeEnabled", "true",
                          "ModelRequestRateLimitEnabled", "true",
                          "ModelRequestRateLimitDurationMinutes", "1",
                          "ModelRequestRateLimitSuccessCount", "1000", NULL);
    relay_fixture_sql(f, "UPDATE users SET quota=1000000000");
    relay_fixture_sql(f, "UPDATE tokens SET remain_quota=1000000000");
    return f;
}

TEST(nothing_stays_behind_two_hundred_forms)
{
    struct relay_fixture *f = fixture_new();
    const uint64_t seed = seed_of_test();
    struct storm *first, *second;
    struct form form;
    size_t before;

    form_init_long(&form, PART("model", "w"), FILE_HEAD, RECORDING_SECONDS, END);
    first = storm_new(f, &form, seed);
    run_storm(first); /* after which all that is kept for later ones is there */
    second = storm_new(f, &form, seed + 1);
    before = memory_in_use();
    run_storm(second);
    CHECK(memory_in_use() <= before + SLACK_BYTES);
    relay_fixture_free(f);
    form_fini(&form);
    mem_free(first);
    mem_free(second);
}

TEST_MAIN(nothing_stays_behind_two_hundred_forms)

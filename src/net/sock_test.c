#include "net/sock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/patience.h"
#include "base/sb.h"
#include "base/test.h"

/* Both ends of one connection on one loop. Each end notes what it gets and does what its test set.
 */
struct end {
    struct sock *sock;
    struct sb got;
    int connects, drains, closes, reads;
    bool clean;
    enum err_code code;
    void (*on_connect)(struct end *e);
    void (*on_read)(struct end *e, struct str bytes);
    void (*on_drain)(struct end *e);
    void (*on_close)(struct end *e);
};

static struct {
    struct loop *loop;
    struct sock_listener *listener;
    struct end client, server;
    struct loop_timer timer;
    char *big;
} t;

enum { BIG = 8 << 20 };

static void connected(void *ctx)
{
    struct end *e = ctx;

    e->connects++;
    if (e->on_connect)
        e->on_connect(e);
}

static void got_bytes(void *ctx, struct str bytes)
{
    struct end *e = ctx;

    e->reads++;
    sb_add(&e->got, bytes);
    if (e->on_read)
        e->on_read(e, bytes);
}

static void drained(void *ctx)
{
    struct end *e = ctx;

    e->drains++;
    if (e->on_drain)
        e->on_drain(e);
}

static void ended(void *ctx, const struct err *err)
{
    struct end *e = ctx;

    e->closes++;
    e->clean = !err;
    e->code = err ? err->code : ERR_OK;
    sock_close(e->sock);
    e->sock = NULL;
    if (e->on_close)
        e->on_close(e);
    if (t.client.closes && !t.client.sock && !t.server.sock)
        loop_stop(t.loop);
}

static const struct sock_handler handler = {connected, got_bytes, drained, ended};

static void accepted(void *ctx, struct sock *s)
{
    (void)ctx;
    t.server.sock = s;
    sock_set_handler(s, &handler, &t.server);
    CHECK_STR(sock_peer_ip(s), "127.0.0.1");
    sock_read_start(s);
    connected(&t.server);
}

static void on_time(struct loop_timer *timer)
{
    (void)timer;
    loop_stop(t.loop);
}

static int set_up(void **state)
{
    struct err err;

    (void)state;
    memset(&t, 0, sizeof t);
    CHECK_EQ(loop_new(&t.loop, &err), ERR_OK);
    CHECK_EQ(sock_listen(t.loop, "127.0.0.1", 0, accepted, NULL, &t.listener, &err), ERR_OK);
    sb_init(&t.client.got, BIG + 1);
    sb_init(&t.server.got, BIG + 1);
    t.big = mem_alloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        t.big[i] = (char)(i * 7 + i / 251);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_free(t.loop);
    sb_fini(&t.client.got);
    sb_fini(&t.server.got);
    mem_free(t.big);
    return 0;
}

static void dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(sock_listener_port(t.listener))};

    t.client.sock = sock_connect(t.loop, (struct sockaddr *)&to, sizeof to, &handler, &t.client);
    CHECK_EQ(t.client.connects, 0);
}

/* Runs until both ends are closed, or a while when a test stops it otherwise. */
static void run(void)
{
    dial();
    loop_timer_set(t.loop, &t.timer, PATIENCE_MS, on_time);
    loop_run(t.loop);
}

static void say(struct end *e, struct str s)
{
    sock_write(e->sock, &s, 1);
}

static void say_hello(struct end *e)
{
    const struct str slices[] = {STR("hel"), STR(""), STR("lo")};

    sock_write(e->sock, slices, 3);
}

static void answer_and_end(struct end *e, struct str bytes)
{
    (void)bytes;
    if (e->got.n < 5)
        return;
    say(e, STR("bye"));
    sock_close_flushed(e->sock, 5000);
    e->sock = NULL;
}

TEST(bytes_go_both_ways_and_the_end_is_clean)
{
    t.client.on_connect = say_hello;
    t.server.on_read = answer_and_end;
    run();
    CHECK_STR(sb_str(&t.server.got), "hello");
    CHECK_STR(sb_str(&t.client.got), "bye");
    CHECK_EQ(t.client.connects, 1);
    CHECK_EQ(t.client.closes, 1);
    CHECK(t.client.clean);
    CHECK_EQ(t.server.closes, 0); /* it has closed itself: no callback comes any more */
}

TEST(nobody_listening_is_a_connect_error)
{
    sock_listener_close(t.listener);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    to.sin_port = htons(1);
    t.client.sock = sock_connect(t.loop, (struct sockaddr *)&to, sizeof to, &handler, &t.client);
    CHECK_EQ(t.client.closes, 0); /* never inside the call */
    loop_run(t.loop);
    CHECK_EQ(t.client.closes, 1);
    CHECK_EQ(t.client.code, ERR_CONNECT);
    CHECK_EQ(t.client.connects, 0);
}

/* --- writing more than the kernel takes --- */

static void say_big(struct end *e)
{
    const struct str slices[] = {str_make(t.big, 1000), str_make(t.big + 1000, BIG - 3000),
                                 str_make(t.big + BIG - 2000, 1000)};

    sock_write(e->sock, slices, 3);
    CHECK(sock_queued(e->sock) > 0);
    say(e, str_make(t.big + BIG - 1000, 1000)); /* waits behind what is under way */
}

static void end_it(struct end *e)
{
    CHECK_EQ(sock_queued(e->sock), 0);
    sock_close_flushed(e->sock, 5000);
    e->sock = NULL;
    if (!t.server.sock)
        loop_stop(t.loop);
    t.client.closes++;
}

TEST(what_the_kernel_does_not_take_is_kept_in_order)
{
    t.client.on_connect = say_big;
    t.client.on_drain = end_it;
    run();
    CHECK_EQ(t.client.drains, 1);
    CHECK_EQ(t.server.got.n, BIG);
    CHECK(str_eq(sb_str(&t.server.got), str_make(t.big, BIG)));
    CHECK(t.server.clean);
}

static void say_big_and_leave(struct end *e)
{
    say(e, str_make(t.big, BIG));
    sock_close_flushed(e->sock, 10000);
    e->sock = NULL;
    e->closes++;
}

TEST(closing_flushed_sends_everything_first)
{
    t.client.on_connect = say_big_and_leave;
    run();
    CHECK(str_eq(sb_str(&t.server.got), str_make(t.big, BIG)));
    CHECK(t.server.clean);
}

static void say_big_and_close(struct end *e)
{
    say(e, str_make(t.big, BIG));
    sock_close(e->sock);
    e->sock = NULL;
    e->closes++;
}

TEST(closing_throws_away_what_waits)
{
    t.client.on_connect = say_big_and_close;
    run();
    CHECK(t.server.got.n < BIG);
    CHECK_EQ(t.client.drains, 0);
}

static void reset_it(struct end *e)
{
    sock_reset(e->sock);
    e->sock = NULL;
    e->closes++;
}

TEST(a_reset_is_no_clean_end)
{
    t.client.on_connect = reset_it;
    run();
    CHECK_EQ(t.server.closes, 1);
    CHECK(!t.server.clean);
    CHECK_EQ(t.server.code, ERR_IO);
}

static void say_and_reset(struct end *e)
{
    say(e, STR("half a mess"));
    reset_it(e);
}

/* The bytes and the reset are there in the same poll. */
TEST(a_reset_behind_bytes_is_no_clean_end)
{
    t.client.on_connect = say_and_reset;
    run();
    CHECK_EQ(t.server.closes, 1);
    CHECK(!t.server.clean);
    CHECK_EQ(t.server.code, ERR_IO);
}

/* --- small writes of one turn --- */

static void say_in_pieces(struct end *e)
{
    for (int i = 0; i < 10; i++)
        sock_write_more(e->sock, &STR("piece "), 1);
    CHECK_EQ(sock_queued(e->sock), 60);
    if (e == &t.client)
        return; /* the end of the turn sends them */
    say(e, STR("end"));
    CHECK_EQ(sock_queued(e->sock), 0);
}

static void leave_at_63(struct end *e, struct str bytes)
{
    (void)bytes;
    if (e->got.n < 60)
        return;
    sock_close(e->sock);
    e->sock = NULL;
    e->closes++;
}

TEST(small_writes_of_a_turn_are_one)
{
    t.client.on_connect = say_in_pieces;
    t.server.on_connect = say_in_pieces;
    t.client.on_read = leave_at_63;
    run();
    CHECK_EQ(t.server.got.n, 60);
    CHECK_EQ(t.server.reads, 1);
    CHECK_EQ(t.client.got.n, 63);
    CHECK_EQ(t.client.reads, 1);
}

static void say_large_pieces(struct end *e)
{
    for (size_t at = 0; at < 200000;) {
        size_t n = 1 + at % 9001;

        if (at + n > 200000)
            n = 200000 - at;
        sock_write_more(e->sock, &(struct str){t.big + at, n}, 1);
        at += n;
    }
    sock_close_flushed(e->sock, 5000);
    e->sock = NULL;
    e->closes++;
}

TEST(held_pieces_keep_their_order_whatever_their_size)
{
    t.client.on_connect = say_large_pieces;
    run();
    CHECK(str_eq(sb_str(&t.server.got), str_make(t.big, 200000)));
}

/* --- stopping to read --- */

static void resume_server(struct loop_timer *timer)
{
    (void)timer;
    CHECK_EQ(t.server.reads, 1);
    sock_read_start(t.server.sock);
}

static void stop_after_first(struct end *e, struct str bytes)
{
    (void)bytes;
    if (e->reads > 1)
        return;
    sock_read_stop(e->sock);
    sock_read_start(e->sock);
    sock_read_stop(e->sock);
    loop_timer_set(t.loop, &t.timer, 50, resume_server);
}

TEST(nothing_is_read_while_reading_is_stopped)
{
    t.client.on_connect = say_big_and_leave;
    t.server.on_read = stop_after_first;
    dial();
    loop_run(t.loop);
    CHECK(t.server.reads > 1);
    CHECK_EQ(t.server.got.n, BIG);
}

/* --- the end --- */

static void stop_loop(struct end *e)
{
    (void)e;
    loop_stop(t.loop);
}

TEST(a_loop_that_ends_closes_its_sockets_without_a_call)
{
    t.server.on_connect = stop_loop;
    run();
    CHECK_EQ(t.client.closes, 0);
    CHECK_EQ(t.server.closes, 0);
}

TEST(a_port_that_cannot_be_had_is_named)
{
    struct sock_listener *ln;
    struct err err;

    CHECK_EQ(sock_listen(t.loop, "192.0.2.1", 8080, accepted, NULL, &ln, &err), ERR_IO);
    CHECK(str_has(str_from(err.msg), STR("192.0.2.1 port 8080: ")));
    CHECK_EQ(sock_listen(t.loop, "no.such.host.invalid", 8080, accepted, NULL, &ln, &err), ERR_IO);
    CHECK(ln == NULL);
    CHECK_EQ(sock_listen(t.loop, "", 0, accepted, NULL, &ln, &err), ERR_OK);
    CHECK(sock_listener_port(ln) > 0);
}

TEST(a_port_that_somebody_listens_on_is_told)
{
    struct err err;
    uint16_t port = sock_listener_port(t.listener);

    CHECK_EQ(sock_check_port("127.0.0.1", port, &err), ERR_IO);
    CHECK(str_has(str_from(err.msg), STR("127.0.0.1 port")));
    sock_listener_close(t.listener);
    CHECK_EQ(sock_check_port("127.0.0.1", port, &err), ERR_OK);
    CHECK_EQ(sock_listen(t.loop, "127.0.0.1", port, accepted, NULL, &t.listener, &err), ERR_OK);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(bytes_go_both_ways_and_the_end_is_clean),
        ROW(nobody_listening_is_a_connect_error),
        ROW(what_the_kernel_does_not_take_is_kept_in_order),
        ROW(closing_flushed_sends_everything_first),
        ROW(closing_throws_away_what_waits),
        ROW(a_reset_is_no_clean_end),
        ROW(a_reset_behind_bytes_is_no_clean_end),
        ROW(small_writes_of_a_turn_are_one),
        ROW(held_pieces_keep_their_order_whatever_their_size),
        ROW(nothing_is_read_while_reading_is_stopped),
        ROW(a_loop_that_ends_closes_its_sockets_without_a_call),
        ROW(a_port_that_cannot_be_had_is_named),
        ROW(a_port_that_somebody_listens_on_is_told),
    };

    return test_end(cmocka_run_group_tests(tests, NULL, NULL));
}

/* Clients that leave, read slowly or stall, and the end of the server. */
#include "base/clock.h"
#include "http/server_testing.h"

/* --- clients that leave, read slowly, or stall ----------------------------------------------- */

TEST(a_handler_is_told_once_when_its_client_leaves)
{
    int fd = dial();

    send_all(fd, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"));
    wait_event();
    close(fd);
    wait_event();
    CHECK_EQ(atomic_load(&w.gone), 1);
    fd = dial(); /* one that has only ended its side counts as gone, too */
    send_all(fd, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /echo"));
    wait_event();
    shutdown(fd, SHUT_WR);
    wait_event();
    CHECK_EQ(atomic_load(&w.gone), 2);
    close(fd);
    barrier();
}

TEST(a_cut_reply_shows_that_it_is_cut)
{
    struct sb out;

    expect("GET /abort HTTP/1.1\r\nHost: a\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    expect("GET /abort?before HTTP/1.1\r\nHost: a\r\n\r\n", "");
    int fd = dial(); /* HTTP/1.0 has no other sign than a reset */
    sb_init(&out, 1 << 20);
    send_all(fd, STR("GET /abort HTTP/1.0\r\n\r\n"));
    CHECK_EQ(read_to_end(fd, &out), ECONNRESET);
    sb_fini(&out);
}

TEST(a_slow_reader_stops_its_producer)
{
    struct sb out;
    int fd = dial();

    sb_init(&out, 64 << 20);
    send_all(fd, STR("GET /flood HTTP/1.1\r\n" CLOSE "\r\n"));
    wait_event();
    barrier();
    CHECK(atomic_load(&w.flood_written) < FLOOD_PIECES);
    read_to_end(fd, &out);
    CHECK_EQ(atomic_load(&w.flood_written), FLOOD_PIECES);
    CHECK(out.n > (size_t)FLOOD_PIECES * PIECE);
    CHECK(str_ends(sb_str(&out), STR("\r\n0\r\n\r\n")));
    sb_fini(&out);
}

TEST(large_replies_reach_a_slow_reader_before_the_connection_ends)
{
    struct sb out;
    int fd = dial();

    sb_init(&out, 16 << 20);
    send_all(fd, STR("GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET /big HTTP/1.1\r\n" CLOSE "\r\n"));
    barrier();
    read_to_end(fd, &out);
    CHECK(out.n > 2 * (size_t)BIG);
    CHECK(str_ends(sb_str(&out), str_make(w.big, BIG)));
    sb_fini(&out);
}

TEST(a_client_that_ends_its_side_gets_the_whole_of_a_finished_reply)
{
    struct sb out;
    int fd = dial();

    sb_init(&out, 32 << 20);
    for (int i = 0; i < 4; i++)
        send_all(fd, STR("GET /big HTTP/1.1\r\nHost: a\r\n\r\n"));
    shutdown(fd, SHUT_WR);
    barrier();
    read_to_end(fd, &out);
    CHECK(out.n > (size_t)BIG);
    CHECK(str_ends(sb_str(&out), str_make(w.big, BIG)));
    sb_fini(&out);
}

static uint64_t ended_after_ms(struct str wire, const char *status)
{
    uint64_t began = clock_mono_ms();
    struct sb got = talk(wire);

    CHECK(str_starts(sb_str(&got), str_from(status)));
    CHECK(*status || got.n == 0);
    sb_fini(&got);
    return clock_mono_ms() - began;
}

TEST(clients_that_stall_are_timed_out)
{
    CHECK(ended_after_ms(STR(""), "") >= IDLE_MS);
    CHECK(ended_after_ms(STR("GET /echo HT"), "HTTP/1.1 408 ") >= HASTY_MS);
    CHECK(ended_after_ms(STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe"),
                         "HTTP/1.1 408 ") >= HASTY_MS);
    CHECK(ended_after_ms(STR("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 200 ") >= IDLE_MS);
}

/* A byte now and then does not keep a head or a body alive. */
TEST(clients_that_trickle_are_timed_out)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    static const char *const begins[] = {
        "GET /echo HTTP/1.1\r\nHost: a\r\nX: ",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n"};

    for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
        struct sb out;
        int fd = dial();

        sb_init(&out, 1 << 20);
        send_all(fd, str_from(begins[i]));
        while (recv(fd, &(char){0}, 1, MSG_DONTWAIT | MSG_PEEK) < 0) {
            send_all(fd, STR("x"));
            nanosleep(&pause, NULL);
        }
        read_to_end(fd, &out);
        CHECK(str_starts(sb_str(&out), STR("HTTP/1.1 408 ")));
        sb_fini(&out);
    }
}

TEST(a_client_that_does_not_read_is_given_up)
{
    int fd = dial();

    send_all(fd, STR("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n"));
    wait_event(); /* blocked */
    while (atomic_load(&w.gone) == 0)
        wait_event();
    CHECK_EQ(atomic_load(&w.gone), 1);
    close(fd);
}

/* --- the end --------------------------------------------------------------------------------- */

struct closing {
    struct loop_msg msg;
    uint64_t limit_ms;
};

static void close_server(struct loop_msg *msg)
{
    http_server_close(w.server, container_of(msg, struct closing, msg)->limit_ms);
    sem_post(&w.event);
}

TEST(a_closing_server_ends_idle_connections_and_lets_busy_ones_finish)
{
    struct closing closing = {.msg.fn = close_server, .limit_ms = 60000};
    struct loop_msg msg = {.fn = release};
    struct sb out;
    int idle = dial(), busy = dial();

    sb_init(&out, 1 << 20);
    send_all(busy, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"));
    wait_event();
    loop_post(w.loop, &closing.msg);
    wait_event();
    CHECK_EQ(recv(idle, &(char){0}, 1, 0), 0);
    close(idle);
    loop_post(w.loop, &msg);
    CHECK_EQ(read_to_end(busy, &out), 0);
    CHECK(str_has(sb_str(&out), STR("Connection: close\r\n")));
    CHECK(str_ends(sb_str(&out), STR("held")));
    sb_fini(&out);
}

TEST(a_closing_server_cuts_what_is_not_done_in_time)
{
    struct closing closing = {.msg.fn = close_server, .limit_ms = 50};
    struct sb out;
    int busy = dial();

    sb_init(&out, 1 << 20);
    send_all(busy, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"));
    wait_event();
    loop_post(w.loop, &closing.msg);
    wait_event();
    wait_event(); /* on_gone */
    read_to_end(busy, &out);
    CHECK_EQ(out.n, 0);
    sb_fini(&out);
}

TEST(a_loop_that_ends_takes_its_requests_with_it)
{
    int busy = dial(), idle = dial(), half = dial();

    send_all(half, STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\nhalf"));
    send_all(busy, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /"));
    wait_event();
    barrier();
    close(idle); /* the rest is closed by the end of the server; leaks are shown by the sanitizer */
    close(busy);
    close(half);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DEFAULT(a_handler_is_told_once_when_its_client_leaves),
        DEFAULT(a_cut_reply_shows_that_it_is_cut),
        DEFAULT(a_slow_reader_stops_its_producer),
        DEFAULT(large_replies_reach_a_slow_reader_before_the_connection_ends),
        DEFAULT(a_client_that_ends_its_side_gets_the_whole_of_a_finished_reply),
        HASTY(clients_that_stall_are_timed_out),
        HASTY(clients_that_trickle_are_timed_out),
        HASTY(a_client_that_does_not_read_is_given_up),
        DEFAULT(a_closing_server_ends_idle_connections_and_lets_busy_ones_finish),
        DEFAULT(a_closing_server_cuts_what_is_not_done_in_time),
        DEFAULT(a_loop_that_ends_takes_its_requests_with_it),
    };

    return test_end(cmocka_run_group_tests(tests, NULL, NULL));
}

/* Requests that their handler gets before their body is there. */
#include "codec/compress.h"
#include "http/server_testing.h"

enum { LONG = 3 << 19 }; /* 1.5 MB: more than is announced without a reservation */

static struct str head_of(char out[256], const char *query, const char *length)
{
    int n = snprintf(out, 256, "POST /early%s HTTP/1.1\r\n%s\r\n" CLOSE "\r\n", query, length);

    return str_make(out, (size_t)n);
}

static struct sb read_all(int fd)
{
    struct sb out;

    sb_init(&out, 16 << 20);
    CHECK_EQ(read_to_end(fd, &out), 0);
    strip_changing(&out);
    return out;
}

static void check_echo(int fd, size_t bytes)
{
    struct sb out = read_all(fd);

    CHECK(str_starts(sb_str(&out), STR("HTTP/1.1 200 OK\r\n")));
    CHECK(str_ends(sb_str(&out), str_make(w.big, bytes)));
    sb_fini(&out);
}

/* Waits until the handler has seen so much. */
static void wait_seen(size_t bytes)
{
    while (atomic_load(&w.seen) < bytes)
        wait_event();
}

static void wait_called(void)
{
    while (atomic_load(&w.calls) == 0)
        wait_event();
}

TEST(a_long_body_is_seen_as_it_comes)
{
    static const size_t sizes[] = {HTTP_EARLY_BYTES + 1, LONG};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char head[256], length[64];
        int fd = dial();

        atomic_store(&w.calls, 0);
        atomic_store(&w.seen, 0);
        snprintf(length, sizeof length, "Content-Length: %zu", sizes[i]);
        send_all(fd, head_of(head, "", length));
        wait_called();
        send_all(fd, str_make(w.big, 1000));
        wait_seen(1000);
        send_all(fd, str_make(w.big + 1000, sizes[i] - 1001));
        wait_seen(sizes[i] - 1);
        send_all(fd, str_make(w.big + sizes[i] - 1, 1));
        check_echo(fd, sizes[i]);
        CHECK_EQ(atomic_load(&w.calls), 1);
    }
    CHECK_EQ(atomic_load(&w.early), ARRAY_LEN(sizes));
}

TEST(the_connection_goes_on_behind_a_body_that_came_whole)
{
    char line[128];
    struct sb out;
    int fd = dial();

    sb_init(&out, 16 << 20);
    snprintf(line, sizeof line, "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
             LONG);
    send_all(fd, str_from(line));
    send_all(fd, str_make(w.big, LONG));
    send_all(fd, STR(GET_CLOSE));
    read_to_end(fd, &out);
    CHECK(str_has(sb_str(&out), str_make(w.big, LONG)));
    CHECK(str_ends(sb_str(&out), STR("\r\n\r\n/echo")));
    sb_fini(&out);
}

TEST(a_short_body_is_waited_for)
{
    char head[256];
    int fd = dial();

    send_all(fd, head_of(head, "", "Content-Length: 5"));
    send_all(fd, str_make(w.big, 5));
    check_echo(fd, 5);
    CHECK_EQ(atomic_load(&w.early), 0);
}

/* Its length is not known before the end, so the handler gets it when it has become long, and sees
 * nothing of it before the end. */
TEST(a_body_in_chunks_is_handed_over_early_when_it_is_long)
{
    char head[256], line[32];
    int fd = dial();

    send_all(fd, head_of(head, "", "Transfer-Encoding: chunked"));
    snprintf(line, sizeof line, "%x\r\n", (unsigned)LONG);
    send_all(fd, str_from(line));
    send_all(fd, str_make(w.big, LONG - 1));
    wait_called();
    CHECK_EQ(atomic_load(&w.early), 1);
    CHECK_EQ(atomic_load(&w.seen), 0);
    send_all(fd, str_make(w.big + LONG - 1, 1));
    send_all(fd, STR("\r\n0\r\n\r\n"));
    check_echo(fd, LONG);
}

TEST(a_compressed_body_is_handed_over_early_when_it_is_long)
{
    CLEANUP(arena_finip) struct arena a;
    struct str packed;
    char head[256], length[96];
    int fd = dial();

    arena_init(&a, 0);
    packed = gzip_compress(&a, str_make(w.big, LONG));
    snprintf(length, sizeof length, "Content-Encoding: gzip\r\nContent-Length: %zu", packed.n);
    send_all(fd, head_of(head, "", length));
    send_all(fd, packed);
    check_echo(fd, LONG);
    CHECK_EQ(atomic_load(&w.early), 1);
}

/* The reply is there although not a byte of the body was sent, and no 100 Continue. */
TEST(a_client_may_be_turned_away_before_its_body)
{
    char head[256];
    int fd = dial();

    send_all(fd, head_of(head, "?refuse", "Expect: 100-continue\r\nContent-Length: 2000000"));
    struct sb out = read_all(fd);
    CHECK_STR(sb_str(&out), "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: "
                            "11\r\n\r\nwho are you");
    sb_fini(&out);
}

TEST(a_client_that_expects_100_gets_it_when_the_handler_waits)
{
    char head[256];
    struct sb out;
    int fd = dial();

    sb_init(&out, 1 << 20);
    send_all(fd, head_of(head, "", "Expect: 100-continue\r\nContent-Length: 1572864"));
    read_until(fd, &out, "HTTP/1.1 100 Continue\r\n\r\n");
    send_all(fd, str_make(w.big, LONG));
    check_echo(fd, LONG);
    sb_fini(&out);
}

TEST(a_reply_in_the_middle_of_a_body_is_the_last_one)
{
    char line[128];
    int fd = dial();

    snprintf(line, sizeof line,
             "POST /early?half HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", LONG);
    send_all(fd, str_from(line));
    send_all(fd, str_make(w.big, LONG / 2 + 1));
    struct sb out = read_all(fd);
    CHECK_STR(sb_str(&out), "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: "
                            "7\r\n\r\nno more");
    sb_fini(&out);
}

TEST(a_handler_is_told_when_its_client_leaves_in_the_middle)
{
    char head[256];
    int fd = dial();

    send_all(fd, head_of(head, "", "Content-Length: 2000000"));
    send_all(fd, str_make(w.big, 1000));
    wait_seen(1000);
    close(fd);
    while (atomic_load(&w.gone) == 0)
        wait_event();
    barrier();
    CHECK_EQ(atomic_load(&w.gone), 1);
}

/* Too long, broken, or not going on: the handler replies what the server would have. */
TEST(a_body_that_is_not_taken_is_told_through_the_handler)
{
    char head[256], line[32];
    struct sb out;
    int fd = dial();

    send_all(fd, head_of(head, "", "Transfer-Encoding: chunked"));
    snprintf(line, sizeof line, "%x\r\n", 5 << 20);
    send_all(fd, str_from(line));
    send_all(fd, str_make(w.big, BIG));
    send_all(fd, str_make(w.big, (1 << 20) + 1));
    out = read_all(fd);
    CHECK(str_starts(sb_str(&out), STR("HTTP/1.1 413 ")));
    CHECK(str_has(sb_str(&out), STR("request body is too large")));
    sb_fini(&out);
    fd = dial();
    send_all(fd, head_of(head, "", "Transfer-Encoding: chunked"));
    snprintf(line, sizeof line, "%x\r\n", HTTP_EARLY_BYTES + 1);
    send_all(fd, str_from(line));
    send_all(fd, str_make(w.big, HTTP_EARLY_BYTES + 1));
    send_all(fd, STR("no chunk"));
    out = read_all(fd);
    CHECK(str_starts(sb_str(&out), STR("HTTP/1.1 400 ")));
    sb_fini(&out);
}

TEST(a_long_body_that_stalls_is_timed_out)
{
    char head[256];
    struct sb out;
    int fd = dial();

    send_all(fd, head_of(head, "", "Content-Length: 2000000"));
    send_all(fd, str_make(w.big, 1000));
    out = read_all(fd);
    CHECK(str_starts(sb_str(&out), STR("HTTP/1.1 408 ")));
    sb_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DEFAULT(a_long_body_is_seen_as_it_comes),
        DEFAULT(the_connection_goes_on_behind_a_body_that_came_whole),
        DEFAULT(a_short_body_is_waited_for),
        DEFAULT(a_body_in_chunks_is_handed_over_early_when_it_is_long),
        DEFAULT(a_compressed_body_is_handed_over_early_when_it_is_long),
        DEFAULT(a_client_may_be_turned_away_before_its_body),
        DEFAULT(a_client_that_expects_100_gets_it_when_the_handler_waits),
        DEFAULT(a_reply_in_the_middle_of_a_body_is_the_last_one),
        DEFAULT(a_handler_is_told_when_its_client_leaves_in_the_middle),
        DEFAULT(a_body_that_is_not_taken_is_told_through_the_handler),
        HASTY(a_long_body_that_stalls_is_timed_out),
    };

    return test_end(cmocka_run_group_tests(tests, NULL, NULL));
}

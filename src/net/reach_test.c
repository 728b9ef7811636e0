#include "net/reach.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/patience.h"
#include "base/test.h"

/* Nobody listens at 127.0.0.2, the test does at 127.0.0.1. */
static size_t lookup(const char *name, struct dns_address *out, size_t cap, bool *temporary)
{
    static const char *const both[] = {"127.0.0.2", "127.0.0.1"};
    size_t n = strcmp(name, "both.test") == 0 ? 2 : strcmp(name, "none.test") == 0 ? 1 : 0;

    *temporary = false;
    for (size_t i = 0; i < n && i < cap; i++) {
        struct sockaddr_in *to = (struct sockaddr_in *)(void *)&out[i].addr;

        memset(&out[i], 0, sizeof out[i]);
        to->sin_family = AF_INET;
        inet_pton(AF_INET, both[i], &to->sin_addr);
        out[i].len = sizeof *to;
    }
    return n;
}

static struct {
    struct loop *loop;
    struct offload *offload;
    struct dns *dns;
    struct sock_listener *listener;
    struct reach reach;
    struct loop_timer timer;
    unsigned reached, failed;
    struct err err;
} t;

static void on_accept(void *ctx, struct sock *s)
{
    (void)ctx;
    sock_close(s);
}

static void on_reached(struct reach *r, struct sock *s)
{
    CHECK(r == &t.reach);
    CHECK_STR(sock_peer_ip(s), "127.0.0.1");
    t.reached++;
    sock_close(s);
    loop_stop(t.loop);
}

static void on_failed(struct reach *r, const struct err *err)
{
    CHECK(r == &t.reach);
    t.failed++;
    t.err = *err;
    loop_stop(t.loop);
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
    CHECK_EQ(offload_new(1, 8, &t.offload, &err), ERR_OK);
    t.dns = dns_new(t.loop, t.offload);
    dns_set_lookup(t.dns, lookup);
    CHECK_EQ(sock_listen(t.loop, "127.0.0.1", 0, on_accept, NULL, &t.listener, &err), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    reach_cancel(&t.reach);
    dns_free(t.dns);
    offload_free(t.offload);
    loop_free(t.loop);
    return 0;
}

static void start(struct str host)
{
    reach_start(&t.reach, &(struct reach_conf){.loop = t.loop,
                                               .dns = t.dns,
                                               .host = host,
                                               .port = sock_listener_port(t.listener),
                                               .timeout_ms = PATIENCE_MS,
                                               .on_reached = on_reached,
                                               .on_failed = on_failed});
    CHECK_EQ(t.reached + t.failed, 0);
}

/* Until a callback, or for `ms`. */
static void run(uint64_t ms)
{
    loop_timer_set(t.loop, &t.timer, ms, on_time);
    loop_run(t.loop);
}

TEST(the_next_address_is_tried_when_one_refuses)
{
    start(STR("both.test"));
    run(PATIENCE_MS);
    CHECK_EQ(t.reached, 1);
    CHECK_EQ(t.failed, 0);
}

TEST(the_refusal_of_the_last_one_is_told)
{
    start(STR("none.test"));
    run(PATIENCE_MS);
    CHECK_EQ(t.reached, 0);
    CHECK_EQ(t.failed, 1);
    CHECK_EQ(t.err.code, ERR_CONNECT);
}

TEST(a_name_that_nobody_knows_is_told)
{
    start(STR("unknown.test"));
    run(PATIENCE_MS);
    CHECK_EQ(t.failed, 1);
    CHECK(t.err.code != ERR_OK);
}

TEST(who_cancels_hears_nothing_more)
{
    start(STR("both.test"));
    reach_cancel(&t.reach);
    reach_cancel(&t.reach);
    run(100);
    CHECK_EQ(t.reached + t.failed, 0);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ROW(the_next_address_is_tried_when_one_refuses),
        ROW(the_refusal_of_the_last_one_is_told),
        ROW(a_name_that_nobody_knows_is_told),
        ROW(who_cancels_hears_nothing_more),
    };

    return test_end(cmocka_run_group_tests(tests, NULL, NULL));
}

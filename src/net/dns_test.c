#include "net/dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/patience.h"
#include "base/test.h"

static atomic_uint lookups; /* the lookup runs on a pool thread and has no context */

static atomic_bool held; /* lookups wait while it is set */

static size_t fake_lookup(const char *name, struct dns_address *out, size_t cap, bool *temporary)
{
    atomic_fetch_add(&lookups, 1);
    while (atomic_load(&held))
        sched_yield();
    *temporary = strcmp(name, "down.test") == 0;
    if (strcmp(name, "two.test") != 0 || cap < 2)
        return 0;
    memset(out, 0, 2 * sizeof *out);
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&out[0].addr;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&out[1].addr;
    v4->sin_family = AF_INET;
    inet_pton(AF_INET, "10.1.2.3", &v4->sin_addr);
    out[0].len = sizeof *v4;
    v6->sin6_family = AF_INET6;
    inet_pton(AF_INET6, "fd00::1", &v6->sin6_addr);
    out[1].len = sizeof *v6;
    return 2;
}

struct world {
    struct loop *loop;
    struct offload *offload;
    struct dns *dns;
    unsigned open;
    struct loop_timer timer;
};

struct asked {
    struct dns_query query;
    struct world *world;
    unsigned calls;
    size_t count;
    struct dns_address first, second;
    struct err err;
    struct loop_timer timer;
    void (*then)(struct asked *a);
};

static void world_open(struct world *w)
{
    *w = (struct world){0};
    atomic_store(&lookups, 0);
    assert_int_equal(loop_new(&w->loop, NULL), ERR_OK);
    assert_int_equal(offload_new(2, 8, &w->offload, NULL), ERR_OK);
    w->dns = dns_new(w->loop, w->offload);
    dns_set_lookup(w->dns, fake_lookup);
}

static void world_close(struct world *w)
{
    dns_free(w->dns);
    offload_free(w->offload);
    loop_free(w->loop);
}

static void on_answer(struct dns_query *q, const struct dns_address *addresses, size_t count,
                      const struct err *err)
{
    struct asked *a = container_of(q, struct asked, query);

    a->calls++;
    a->count = count;
    if (count > 0)
        a->first = addresses[0];
    if (count > 1)
        a->second = addresses[1];
    if (err)
        a->err = *err;
    a->world->open--;
    if (a->then)
        a->then(a);
    if (a->world->open == 0)
        loop_stop(a->world->loop);
}

static void ask(struct world *w, struct asked *a, const char *name)
{
    a->world = w;
    a->query.fn = on_answer;
    w->open++;
    dns_resolve(w->dns, &a->query, str_from(name), 443);
}

static void check_v4(const struct dns_address *a, const char *ip)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&a->addr;
    char text[64];

    CHECK_EQ(in->sin_family, AF_INET);
    CHECK_EQ(ntohs(in->sin_port), 443);
    inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
    assert_string_equal(text, ip);
}

TEST(a_name_gives_its_addresses_with_the_port)
{
    struct asked a = {0};
    struct world w;

    world_open(&w);
    ask(&w, &a, "two.test");
    CHECK_EQ(a.calls, 0);
    loop_run(w.loop);
    CHECK_EQ(a.calls, 1);
    CHECK_EQ(a.count, 2);
    check_v4(&a.first, "10.1.2.3");
    CHECK_EQ(((struct sockaddr_in6 *)(void *)&a.second.addr)->sin6_port, htons(443));
    world_close(&w);
}

TEST(literal_addresses_are_not_asked_for)
{
    struct asked a = {0}, b = {0};
    struct world w;

    world_open(&w);
    ask(&w, &a, "192.0.2.7");
    ask(&w, &b, "::1");
    CHECK_EQ(a.calls + b.calls, 0);
    loop_run(w.loop);
    check_v4(&a.first, "192.0.2.7");
    CHECK_EQ(b.first.addr.ss_family, AF_INET6);
    CHECK_EQ(atomic_load(&lookups), 0);
    world_close(&w);
}

static void ask_once_more(struct asked *a)
{
    a->then = NULL;
    ask(a->world, a, "two.test");
}

TEST(one_question_answers_many_and_is_remembered)
{
    struct asked a[4] = {0};
    struct world w;

    world_open(&w);
    for (size_t i = 0; i < 4; i++)
        ask(&w, &a[i], "two.test");
    a[3].then = ask_once_more; /* now from the cache */
    loop_run(w.loop);
    for (size_t i = 0; i < 4; i++)
        CHECK_EQ(a[i].count, 2);
    CHECK_EQ(a[3].calls, 2);
    CHECK_EQ(atomic_load(&lookups), 1);
    world_close(&w);
}

TEST(failures_have_a_reason_without_the_name)
{
    static const struct {
        const char *name, *why;
    } rows[] = {{"none.test", "not known"}, {"down.test", "did not answer"}, {"", "not valid"}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct asked a = {0};
        struct world w;

        world_open(&w);
        ask(&w, &a, rows[i].name);
        loop_run(w.loop);
        CHECK_EQ(a.calls, 1);
        CHECK_EQ(a.count, 0);
        CHECK_EQ(a.err.code, ERR_CONNECT);
        CHECK(strstr(a.err.msg, rows[i].why) && !strstr(a.err.msg, "test"));
        world_close(&w);
    }
}

static void ask_again_later(struct loop_timer *t)
{
    struct asked *a = container_of(t, struct asked, timer);

    a->world->open--;
    ask(a->world, a, "none.test");
}

static void keep_open(struct asked *a)
{
    a->then = NULL;
    a->world->open++;
    loop_timer_set(a->world->loop, &a->timer, 2100, ask_again_later);
}

/* 2 s of real time: the loop has no other clock. */
TEST(a_failure_is_forgotten_after_two_seconds)
{
    struct asked a = {.then = keep_open};
    struct world w;

    world_open(&w);
    ask(&w, &a, "none.test");
    loop_run(w.loop);
    world_close(&w);
    CHECK_EQ(atomic_load(&lookups), 2);
}

static void on_time(struct loop_timer *t)
{
    loop_stop(container_of(t, struct world, timer)->loop);
}

TEST(a_cancelled_query_is_not_answered)
{
    struct asked a = {0}, b = {0}, c = {0};
    struct world w;

    world_open(&w);
    ask(&w, &a, "two.test");
    ask(&w, &b, "two.test");
    ask(&w, &c, "127.0.0.1");
    dns_cancel(&a.query);
    dns_cancel(&a.query);
    dns_cancel(&c.query);
    w.open = 1;
    loop_timer_set(w.loop, &w.timer, PATIENCE_MS, on_time);
    loop_run(w.loop);
    CHECK_EQ(a.calls, 0);
    CHECK_EQ(b.calls, 1);
    CHECK_EQ(c.calls, 0);
    world_close(&w);
}

TEST(a_cache_may_go_while_a_question_is_under_way)
{
    struct asked a = {0};
    struct world w;

    world_open(&w);
    ask(&w, &a, "two.test");
    dns_cancel(&a.query);
    dns_free(w.dns);
    w.dns = NULL;
    loop_timer_set(w.loop, &w.timer, 100, on_time);
    loop_run(w.loop);
    CHECK_EQ(a.calls, 0);
    world_close(&w);
}

TEST(a_full_pool_is_told_and_not_remembered)
{
    struct asked a[40] = {0};
    unsigned refused = 0;
    char name[32];
    struct world w;

    world_open(&w);
    atomic_store(&held, true);
    for (size_t i = 0; i < ARRAY_LEN(a); i++) {
        snprintf(name, sizeof name, "host%zu", i);
        ask(&w, &a[i], name);
    }
    atomic_store(&held, false);
    loop_run(w.loop);
    for (size_t i = 0; i < ARRAY_LEN(a); i++) {
        CHECK_EQ(a[i].calls, 1);
        refused += a[i].err.code == ERR_UNAVAILABLE;
    }
    CHECK(refused > 0);
    world_close(&w);
}

TEST(the_system_knows_localhost)
{
    struct asked a = {0};
    struct world w;

    world_open(&w);
    dns_free(w.dns);
    w.dns = dns_new(w.loop, w.offload);
    ask(&w, &a, "localhost");
    loop_run(w.loop);
    CHECK(a.count > 0);
    world_close(&w);
}

TEST_MAIN(a_name_gives_its_addresses_with_the_port, literal_addresses_are_not_asked_for,
          one_question_answers_many_and_is_remembered, failures_have_a_reason_without_the_name,
          a_failure_is_forgotten_after_two_seconds, a_cancelled_query_is_not_answered,
          a_cache_may_go_while_a_question_is_under_way, a_full_pool_is_told_and_not_remembered,
          the_system_knows_localhost)

/* The limits of users over all nodes, on a real server. */
#include "relay/rate_shared.h"

#include <semaphore.h>

#include "cache/redis_node_testing.h"

enum { MINUTE_US = 60000000 };

struct node {
    struct redis_node at;
    struct rate_scripts scripts;
};

static void node_open(struct node *n, uint16_t port)
{
    rate_scripts_init(&n->scripts);
    n->scripts.patience_ms = PATIENCE_MS;
    redis_node_open(&n->at, port);
}

/* One request; its functions are called on the loop while the test waits. */
struct request {
    struct node *node;
    struct rate_shared shared;
    struct rate_limits limits;
    int64_t user;
    bool success;
    struct loop_msg msg;
    sem_t done;
};

static void on_done(struct rate_shared *s)
{
    sem_post(&container_of(s, struct request, shared)->done);
}

static void do_enter(struct loop_msg *msg)
{
    struct request *r = container_of(msg, struct request, msg);

    rate_shared_enter(&r->shared, &r->node->scripts, r->node->at.redis, r->user, &r->limits,
                      on_done);
}

static void do_leave(struct loop_msg *msg)
{
    struct request *r = container_of(msg, struct request, msg);

    rate_shared_leave(&r->shared, r->success);
    rate_shared_leave(&r->shared, !r->success); /* nothing the second time */
    sem_post(&r->done);
}

static void enter_as(struct request *r, struct node *n, int64_t user, int64_t total,
                     int64_t success)
{
    memset(r, 0, sizeof *r);
    r->node = n;
    r->user = user;
    r->limits = (struct rate_limits){.window_us = MINUTE_US, .total = total, .success = success};
    sem_init(&r->done, 0, 0);
    r->msg.fn = do_enter;
    loop_post(n->at.loop, &r->msg);
    sem_wait(&r->done);
}

static void enter(struct request *r, struct node *n, int64_t total, int64_t success)
{
    enter_as(r, n, 7, total, success);
}

static void leave(struct request *r, bool success)
{
    r->success = success;
    r->msg.fn = do_leave;
    loop_post(r->node->at.loop, &r->msg);
    sem_wait(&r->done);
    sem_destroy(&r->done);
}

static void check_verdict(const struct request *r, enum rate_verdict verdict)
{
    CHECK_EQ(r->shared.state, RATE_SHARED_ANSWERED);
    CHECK_EQ(r->shared.verdict, verdict);
}

/* Enters and leaves. */
static enum rate_verdict call(struct node *n, int64_t total, int64_t success, bool succeeds)
{
    struct request r;

    enter(&r, n, total, success);
    CHECK_EQ(r.shared.state, RATE_SHARED_ANSWERED);
    enum rate_verdict verdict = r.shared.verdict;
    leave(&r, succeeds);
    return verdict;
}

/* A server that does not know a script yet is given it behind what was sent meanwhile: afterwards
 * calls are carried out in their order. */
static void teach(struct node *n)
{
    struct request r;

    for (int i = 0; i < 2; i++) {
        enter_as(&r, n, 8, 9, 9);
        leave(&r, true);
    }
}

#define WITH_TWO_NODES(s, a, b)                                                                    \
    struct server s = {0};                                                                         \
    struct node a, b;                                                                              \
    NEED_SERVER();                                                                                 \
    server_start(&s, "");                                                                          \
    node_open(&a, s.port);                                                                         \
    node_open(&b, s.port);                                                                         \
    teach(&a);                                                                                     \
    teach(&b)

static void close_two(struct server *s, struct node *a, struct node *b)
{
    redis_node_close(&a->at);
    redis_node_close(&b->at);
    server_end(s);
}

TEST(all_requests_have_one_limit_on_all_nodes)
{
    WITH_TWO_NODES(s, a, b);
    CHECK_EQ(call(&a, 3, 0, false), RATE_ADMITTED);
    CHECK_EQ(call(&b, 3, 0, true), RATE_ADMITTED);
    CHECK_EQ(call(&a, 3, 0, true), RATE_ADMITTED);
    CHECK_EQ(call(&a, 3, 0, true), RATE_TOO_MANY);
    CHECK_EQ(call(&b, 3, 0, true), RATE_TOO_MANY);
    CHECK_EQ(call(&b, 4, 0, true), RATE_ADMITTED); /* the limit was raised; the refused count not */
    CHECK_EQ(call(&b, 2, 0, true), RATE_TOO_MANY); /* and lowered */
    close_two(&s, &a, &b);
}

TEST(failures_do_not_count_as_successes)
{
    WITH_TWO_NODES(s, a, b);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(call(i % 2 ? &a : &b, 0, 2, false), RATE_ADMITTED);
    CHECK_EQ(call(&a, 0, 2, true), RATE_ADMITTED);
    CHECK_EQ(call(&b, 0, 2, true), RATE_ADMITTED);
    CHECK_EQ(call(&b, 0, 2, true), RATE_TOO_MANY_SUCCESSES);
    CHECK_EQ(call(&a, 0, 2, false), RATE_TOO_MANY_SUCCESSES);
    close_two(&s, &a, &b);
}

TEST(requests_under_way_count_as_successes_until_they_fail)
{
    struct request first, second, third;

    WITH_TWO_NODES(s, a, b);
    enter(&first, &a, 0, 2);
    enter(&second, &b, 0, 2);
    enter(&third, &a, 0, 2);
    check_verdict(&first, RATE_ADMITTED);
    check_verdict(&second, RATE_ADMITTED);
    check_verdict(&third, RATE_TOO_MANY_SUCCESSES);
    leave(&third, true); /* it was refused: it counts for nothing */
    leave(&first, false);
    CHECK_EQ(call(&a, 0, 2, false), RATE_ADMITTED);
    leave(&second, true);
    CHECK_EQ(call(&a, 0, 2, true), RATE_ADMITTED);
    CHECK_EQ(call(&a, 0, 2, true), RATE_TOO_MANY_SUCCESSES);
    close_two(&s, &a, &b);
}

TEST(without_redis_the_answer_is_that_there_is_none)
{
    struct request r;
    bool back;

    WITH_TWO_NODES(s, a, b);
    CHECK_EQ(call(&a, 1, 1, true), RATE_ADMITTED);
    server_kill(&s);
    enter(&r, &a, 1, 1);
    CHECK_EQ(r.shared.state, RATE_SHARED_AWAY);
    leave(&r, true);
    server_start(&s, "");
    uint64_t began = clock_mono_ms();
    do {
        enter(&r, &a, 5, 5);
        back = r.shared.state == RATE_SHARED_ANSWERED;
        leave(&r, true);
        if (!back)
            pause_ms(20);
    } while (!back && clock_mono_ms() - began < PATIENCE_MS);
    CHECK(back);
    close_two(&s, &a, &b);
}

/* The client goes while Redis is asked. */
static void do_enter_and_leave(struct loop_msg *msg)
{
    struct request *r = container_of(msg, struct request, msg);

    do_enter(msg);
    rate_shared_leave(&r->shared, false);
    sem_post(&r->done);
}

TEST(one_that_leaves_while_it_is_asked_for_does_not_count)
{
    struct request r = {
        .user = 7, .limits = {.window_us = MINUTE_US, .success = 1}, .msg.fn = do_enter_and_leave};

    WITH_TWO_NODES(s, a, b);
    r.node = &a;
    CHECK_EQ(call(&a, 0, 1, false), RATE_ADMITTED); /* the client is connected */
    sem_init(&r.done, 0, 0);
    loop_post(a.at.loop, &r.msg);
    sem_wait(&r.done);
    sem_destroy(&r.done);
    CHECK_EQ(call(&a, 0, 1, true), RATE_ADMITTED); /* behind it on the same connection */
    CHECK_EQ(call(&b, 0, 1, true), RATE_TOO_MANY_SUCCESSES);
    close_two(&s, &a, &b);
}

TEST_MAIN(all_requests_have_one_limit_on_all_nodes, failures_do_not_count_as_successes,
          requests_under_way_count_as_successes_until_they_fail,
          without_redis_the_answer_is_that_there_is_none,
          one_that_leaves_while_it_is_asked_for_does_not_count)

/* Items of answers that several nodes share, on a real server. */
#include "relay/response_items_shared.h"

#include <semaphore.h>

#include "cache/redis_node_testing.h"

enum { LIFE_S = 60, USER = 7 };

struct node {
    struct redis_node at;
    struct secret secret;
};

static void node_open(struct node *n, uint16_t port, const char *secret)
{
    n->secret = secret_make(str_from(secret));
    redis_node_open(&n->at, port);
}

/* What is done on the loop while the test waits. */
struct step {
    struct loop_msg msg;
    struct node *node;
    int64_t user;
    const struct str *ids;
    size_t n;
    struct str json; /* to share; else what is found goes to `found` */
    struct response_items_ask ask;
    bool answered;
    struct str found[RESPONSE_ITEMS_BATCH]; /* in the node's arena */
    sem_t done;
};

static void on_found(struct response_items_ask *ask, const struct str *json)
{
    struct step *s = container_of(ask, struct step, ask);

    s->answered = json != NULL;
    for (size_t i = 0; json && i < s->n; i++)
        s->found[i] = str_dup(&s->node->at.arena, json[i]);
    sem_post(&s->done);
}

static void do_step(struct loop_msg *msg)
{
    struct step *s = container_of(msg, struct step, msg);

    if (s->json.n > 0) {
        response_items_share(s->node->at.redis, s->node->secret, s->user, s->ids[0], s->json,
                             LIFE_S);
        sem_post(&s->done);
        return;
    }
    s->ask.done = on_found;
    s->ask.patience_ms = PATIENCE_MS;
    response_items_ask(&s->ask, s->node->at.redis, s->node->secret, s->user, s->ids, s->n);
}

static void take_step(struct step *s)
{
    sem_init(&s->done, 0, 0);
    s->msg.fn = do_step;
    loop_post(s->node->at.loop, &s->msg);
    sem_wait(&s->done);
    sem_destroy(&s->done);
}

static void find(struct step *s, struct node *n, int64_t user, const struct str *ids, size_t count)
{
    *s = (struct step){.node = n, .user = user, .ids = ids, .n = count};
    take_step(s);
}

/* The next question of the same node is answered behind it. */
static void put(struct node *n, int64_t user, struct str id, struct str json)
{
    struct step s = {.node = n, .user = user, .ids = &id, .n = 1, .json = json};

    take_step(&s);
    find(&s, n, user, &id, 1);
    CHECK(s.answered);
}

#define WITH_TWO_NODES(s, a, b, secret_of_b)                                                       \
    struct server s = {0};                                                                         \
    struct node a, b;                                                                              \
    NEED_SERVER();                                                                                 \
    server_start(&s, "");                                                                          \
    node_open(&a, s.port, "secret");                                                               \
    node_open(&b, s.port, secret_of_b)

static void close_two(struct server *s, struct node *a, struct node *b)
{
    redis_node_close(&a->at);
    redis_node_close(&b->at);
    server_end(s);
}

TEST(another_node_finds_an_item)
{
    const struct str ids[] = {STR("msg_0"), STR("msg_1"), STR("rs_2")};
    struct step step;

    WITH_TWO_NODES(s, a, b, "secret");
    put(&a, USER, ids[0], STR("{\"a\":1}"));
    put(&a, USER, ids[2], STR("{\"a\":\"\\u4e2d\n\"}"));
    find(&step, &b, USER, ids, ARRAY_LEN(ids));
    CHECK(step.answered);
    CHECK_STR(step.found[0], "{\"a\":1}");
    CHECK_EQ(step.found[1].n, 0);
    CHECK_STR(step.found[2], "{\"a\":\"\\u4e2d\n\"}");
    close_two(&s, &a, &b);
}

TEST(nobody_finds_an_item_of_another_user)
{
    const struct str ids[] = {STR("msg_0"), STR("7:msg_0"), STR("")};
    struct step step;

    WITH_TWO_NODES(s, a, b, "secret");
    put(&a, USER, ids[0], STR("{}"));
    find(&step, &b, 8, ids, ARRAY_LEN(ids));
    CHECK(step.answered);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        CHECK_EQ(step.found[i].n, 0);
    close_two(&s, &a, &b);
}

TEST(a_node_with_another_secret_finds_nothing)
{
    const struct str id = STR("msg_0");
    struct step step;

    WITH_TWO_NODES(s, a, b, "another secret");
    put(&a, USER, id, STR("{}"));
    find(&step, &b, USER, &id, 1);
    CHECK(step.answered);
    CHECK_EQ(step.found[0].n, 0);
    close_two(&s, &a, &b);
}

/* ---- what stands in the server ---- */

struct raw_call {
    struct loop_msg msg;
    struct node *node;
    const struct str *argv;
    size_t argc;
    struct redis_call call;
    struct redis_value reply;
    sem_t done;
};

static void on_raw(struct redis_call *call, const struct redis_value *reply, const struct err *err)
{
    struct raw_call *r = container_of(call, struct raw_call, call);

    (void)err;
    if (reply)
        r->reply = redis_value_dup(&r->node->at.arena, reply);
    sem_post(&r->done);
}

static void do_raw(struct loop_msg *msg)
{
    struct raw_call *r = container_of(msg, struct raw_call, msg);

    r->call.done = on_raw;
    redis_call(r->node->at.redis, r->argv, r->argc, &r->call);
}

static struct redis_value ask_raw(struct node *n, const struct str *argv, size_t argc)
{
    struct raw_call r = {.node = n, .argv = argv, .argc = argc, .msg.fn = do_raw};

    sem_init(&r.done, 0, 0);
    loop_post(n->at.loop, &r.msg);
    sem_wait(&r.done);
    sem_destroy(&r.done);
    return r.reply;
}

TEST(an_item_ends_with_its_time_and_its_name_tells_nothing)
{
    const struct str keys[] = {STR("KEYS"), STR("*")};
    struct redis_value reply, ttl;

    WITH_TWO_NODES(s, a, b, "secret");
    put(&a, USER, STR("msg_0"), STR("{}"));
    reply = ask_raw(&a, keys, ARRAY_LEN(keys));
    CHECK_EQ(reply.count, 1);
    CHECK(str_starts(reply.items[0].s, STR("yourapi:item:")));
    CHECK_EQ(reply.items[0].s.n, sizeof "yourapi:item:" - 1 + 64);
    CHECK(!str_has(reply.items[0].s, STR("msg_0")));
    const struct str ask[] = {STR("TTL"), reply.items[0].s};
    ttl = ask_raw(&a, ask, ARRAY_LEN(ask));
    CHECK(ttl.i > LIFE_S - 30 && ttl.i <= LIFE_S);
    close_two(&s, &a, &b);
}

TEST(large_items_stay_away_and_a_whole_batch_of_the_largest_is_found)
{
    static char text[RESPONSE_ITEM_SHARED_MAX + 1];
    struct str ids[RESPONSE_ITEMS_BATCH];
    struct step step;

    WITH_TWO_NODES(s, a, b, "secret");
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        ids[i] = arena_fmt(&a.at.arena, "msg_%zu", i);
        put(&a, USER, ids[i], str_make(text, RESPONSE_ITEM_SHARED_MAX));
    }
    find(&step, &b, USER, ids, ARRAY_LEN(ids));
    CHECK(step.answered);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        CHECK_EQ(step.found[i].n, RESPONSE_ITEM_SHARED_MAX);
    put(&a, USER, STR("large"), str_make(text, sizeof text));
    find(&step, &b, USER, &STR("large"), 1);
    CHECK(step.answered);
    CHECK_EQ(step.found[0].n, 0);
    close_two(&s, &a, &b);
}

TEST(without_redis_the_answer_is_that_there_is_none)
{
    const struct str id = STR("msg_0");
    struct step step;

    WITH_TWO_NODES(s, a, b, "secret");
    put(&a, USER, id, STR("{}"));
    server_kill(&s);
    find(&step, &a, USER, &id, 1);
    CHECK(!step.answered);
    step = (struct step){.node = &a, .user = USER, .ids = &id, .n = 1, .json = STR("{}")};
    take_step(&step);
    close_two(&s, &a, &b);
}

TEST_MAIN(another_node_finds_an_item, nobody_finds_an_item_of_another_user,
          a_node_with_another_secret_finds_nothing,
          an_item_ends_with_its_time_and_its_name_tells_nothing,
          large_items_stay_away_and_a_whole_batch_of_the_largest_is_found,
          without_redis_the_answer_is_that_there_is_none)

/* A limit of all nodes, on a real server. */
#include "auth/limit_shared.h"

#include "cache/cache.h"
#include "cache/redis_server_testing.h"

struct node {
    struct arena arena;
    struct redis_conf conf;
    struct offload *offload;
    struct cache *cache;
};

static void on_change(void *ctx, struct cache_change change)
{
    (void)ctx;
    (void)change;
}

static void node_open(struct node *n, uint16_t port)
{
    struct cache_conf conf = {.on_change = on_change, .retry_max_ms = 100};
    struct err err;

    memset(n, 0, sizeof *n);
    arena_init(&n->arena, 0);
    CHECK_EQ(offload_new(1, 16, &n->offload, &err), ERR_OK);
    CHECK_EQ(redis_conf_read(&n->arena, arena_fmt(&n->arena, "redis://127.0.0.1:%u", port),
                             secret_make(STR_NULL), STR_NULL, &n->conf, &err),
             ERR_OK);
    conf.redis = &n->conf;
    conf.offload = n->offload;
    CHECK_EQ(cache_open(&conf, &n->cache, &err), ERR_OK);
}

static void node_close(struct node *n)
{
    offload_stop(n->offload);
    cache_close(n->cache);
    offload_free(n->offload);
    arena_fini(&n->arena);
}

static struct limit_shared limit_of(struct node *n, int64_t count, int64_t window_s)
{
    return (struct limit_shared){.redis = cache_redis(n->cache),
                                 .secret = secret_make(STR("pepper")),
                                 .name = "test",
                                 .count = count,
                                 .window_s = window_s,
                                 .patience_ms = PATIENCE_MS};
}

static struct redis_value ask(struct node *n, const struct str *argv, size_t argc)
{
    const struct redis_command cmd = {.argv = argv, .argc = argc};
    struct redis_value v = {0};
    struct err err;

    CHECK_EQ(redis_ask(cache_redis(n->cache), &cmd, 5000, &n->arena, &v, NULL, &err), ERR_OK);
    return v;
}

TEST(two_nodes_admit_together_what_one_would)
{
    struct server s = {0};
    struct node a, b;
    int admitted = 0;

    NEED_SERVER();
    server_start(&s, "");
    node_open(&a, s.port);
    node_open(&b, s.port);
    const struct limit_shared on_a = limit_of(&a, 5, 600), on_b = limit_of(&b, 5, 600);
    for (int i = 0; i < 8; i++) {
        admitted += limit_shared_allow(&on_a, STR("192.0.2.1"));
        admitted += limit_shared_allow(&on_b, STR("192.0.2.1"));
    }
    CHECK_EQ(admitted, 5);
    CHECK(limit_shared_allow(&on_b, STR("192.0.2.2")));
    CHECK(limit_shared_allow(&on_b, STR("2001:db8::1")));

    /* Fewer are admitted at once when the limit is lowered; another limit counts for itself. */
    struct limit_shared other = on_a;
    other.count = 2;
    CHECK(!limit_shared_allow(&other, STR("192.0.2.1")));
    other.name = "other";
    CHECK(limit_shared_allow(&other, STR("192.0.2.1")));
    node_close(&a);
    node_close(&b);
    server_end(&s);
}

TEST(the_window_slides_and_nothing_is_left_behind_it)
{
    struct server s = {0};
    struct node a;

    NEED_SERVER();
    server_start(&s, "");
    node_open(&a, s.port);
    const struct limit_shared l = limit_of(&a, 2, 4);
    CHECK(limit_shared_allow(&l, STR("192.0.2.1")));
    CHECK(limit_shared_allow(&l, STR("192.0.2.1")));
    CHECK(!limit_shared_allow(&l, STR("192.0.2.1")));
    uint64_t began = clock_mono_ms();
    while (!limit_shared_allow(&l, STR("192.0.2.1")) && clock_mono_ms() - began < PATIENCE_MS)
        pause_ms(20);
    CHECK(clock_mono_ms() - began < PATIENCE_MS);
    const struct str size[] = {STR("DBSIZE")};
    began = clock_mono_ms();
    while (ask(&a, size, 1).i != 0 && clock_mono_ms() - began < PATIENCE_MS)
        pause_ms(20);
    CHECK_EQ(ask(&a, size, 1).i, 0);
    node_close(&a);
    server_end(&s);
}

TEST(addresses_do_not_stand_in_redis)
{
    struct server s = {0};
    struct node a;

    NEED_SERVER();
    server_start(&s, "");
    node_open(&a, s.port);
    const struct limit_shared l = limit_of(&a, 5, 600);
    CHECK(limit_shared_allow(&l, STR("192.0.2.77")));
    const struct str keys[] = {STR("KEYS"), STR("*")};
    struct redis_value v = ask(&a, keys, 2);
    CHECK_EQ(v.count, 1);
    CHECK(str_starts(v.items[0].s, STR("yourapi:limit:test:")));
    CHECK(!str_has(v.items[0].s, STR("192.0.2.77")));
    CHECK(!str_has(v.items[0].s, STR("c000024d")));

    /* Another secret, another name. */
    struct limit_shared other = l;
    other.secret = secret_make(STR("salt"));
    CHECK(limit_shared_allow(&other, STR("192.0.2.77")));
    CHECK_EQ(ask(&a, keys, 2).count, 2);
    node_close(&a);
    server_end(&s);
}

TEST(without_an_answer_the_nodes_own_limit_holds)
{
    struct server s = {0};
    struct node a;

    NEED_SERVER();
    server_start(&s, "");
    node_open(&a, s.port);
    const struct limit_shared l = limit_of(&a, 1, 600);
    const struct limit_shared none = {.count = 1, .window_s = 600, .name = "none"};
    CHECK(limit_shared_allow(&l, STR("192.0.2.1")));
    CHECK(!limit_shared_allow(&l, STR("192.0.2.1")));
    server_kill(&s);
    CHECK(limit_shared_allow(&l, STR("192.0.2.1")));
    CHECK(limit_shared_allow(&none, STR("192.0.2.1")));
    CHECK(limit_shared_allow(&none, STR("192.0.2.1")));
    node_close(&a);
    server_end(&s);
}

TEST_MAIN(two_nodes_admit_together_what_one_would, the_window_slides_and_nothing_is_left_behind_it,
          addresses_do_not_stand_in_redis, without_an_answer_the_nodes_own_limit_holds)

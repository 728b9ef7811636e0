/* What nodes tell each other, through a real server. */
#include "cache/cache.h"

#include <pthread.h>

#include "base/mem.h"
#include "cache/redis_server_testing.h"

struct node {
    struct arena arena;
    struct redis_conf conf;
    struct offload *offload;
    struct cache *cache;
    pthread_mutex_t lock;
    unsigned heard[8]; /* by kind */
    int64_t last_id;
};

static void on_change(void *ctx, struct cache_change change)
{
    struct node *n = ctx;

    pthread_mutex_lock(&n->lock);
    n->heard[change.kind]++;
    n->last_id = change.id;
    pthread_mutex_unlock(&n->lock);
}

static unsigned heard(struct node *n, enum cache_change_kind kind)
{
    pthread_mutex_lock(&n->lock);
    unsigned count = n->heard[kind];
    pthread_mutex_unlock(&n->lock);
    return count;
}

static void wait_heard(struct node *n, enum cache_change_kind kind, unsigned count)
{
    for (int i = 0; i < PATIENCE_MS / 5 && heard(n, kind) < count; i++)
        pause_ms(5);
    CHECK(heard(n, kind) >= count);
}

static void wait_live(struct node *n, bool live)
{
    for (int i = 0; i < PATIENCE_MS / 5 && cache_live(n->cache) != live; i++)
        pause_ms(5);
    CHECK_EQ(cache_live(n->cache), live);
}

/* Who listens may be back before who publishes. */
static void wait_connected(struct node *n)
{
    struct redis_status status = {.up = false};

    for (int i = 0; i < PATIENCE_MS / 5 && !status.up; i++) {
        redis_status(cache_redis(n->cache), &status);
        if (!status.up)
            pause_ms(5);
    }
    CHECK(status.up);
}

static void node_open(struct node *n, uint16_t port)
{
    struct cache_conf conf = {.on_change = on_change, .ctx = n, .retry_max_ms = 100};
    struct err err;

    memset(n, 0, sizeof *n);
    arena_init(&n->arena, 0);
    pthread_mutex_init(&n->lock, NULL);
    CHECK_EQ(offload_new(1, 16, &n->offload, &err), ERR_OK);
    if (port != 0) {
        struct str url = arena_fmt(&n->arena, "redis://127.0.0.1:%u", port);

        CHECK_EQ(redis_conf_read(&n->arena, url, secret_make(STR_NULL), STR_NULL, &n->conf, &err),
                 ERR_OK);
        conf.redis = &n->conf;
    }
    conf.offload = n->offload;
    CHECK_EQ(cache_open(&conf, &n->cache, &err), ERR_OK);
}

static void node_close(struct node *n)
{
    offload_stop(n->offload);
    cache_close(n->cache);
    offload_free(n->offload);
    pthread_mutex_destroy(&n->lock);
    arena_fini(&n->arena);
}

static void publish(struct node *n, enum cache_change_kind kind, int64_t id)
{
    cache_publish(n->cache, (struct cache_change){.kind = kind, .id = id});
}

TEST(a_change_is_heard_by_the_others_and_not_by_its_node)
{
    struct server s = {0};
    struct node a, b, c;

    NEED_SERVER();
    server_start(&s, "");
    node_open(&a, s.port);
    node_open(&b, s.port);
    node_open(&c, s.port);
    wait_live(&a, true);
    wait_live(&b, true);
    wait_live(&c, true);

    publish(&a, CACHE_CHANGE_TOKEN, 4711);
    wait_heard(&b, CACHE_CHANGE_TOKEN, 1);
    CHECK_EQ(b.last_id, 4711);
    wait_heard(&c, CACHE_CHANGE_TOKEN, 1);
    publish(&b, CACHE_CHANGE_USER, 3);
    publish(&b, CACHE_CHANGE_NEW_KEY, 0);
    publish(&b, CACHE_CHANGE_CONFIG, 0);
    wait_heard(&a, CACHE_CHANGE_CONFIG, 1); /* in their order, so the others have come */
    CHECK_EQ(heard(&a, CACHE_CHANGE_USER), 1);
    CHECK_EQ(heard(&a, CACHE_CHANGE_NEW_KEY), 1);
    CHECK_EQ(heard(&a, CACHE_CHANGE_TOKEN), 0);
    CHECK_EQ(heard(&a, CACHE_CHANGE_ALL), 1); /* when it began to listen */

    node_close(&a);
    node_close(&b);
    node_close(&c);
    server_end(&s);
}

TEST(after_a_time_without_redis_everything_counts_as_changed)
{
    struct server s = {0};
    struct node a, b;

    NEED_SERVER();
    server_start(&s, "");
    node_open(&a, s.port);
    node_open(&b, s.port);
    wait_heard(&a, CACHE_CHANGE_ALL, 1);
    wait_heard(&b, CACHE_CHANGE_ALL, 1);
    server_kill(&s);
    wait_live(&a, false);
    wait_live(&b, false);
    publish(&a, CACHE_CHANGE_TOKEN, 1); /* nobody hears it */
    server_start(&s, "");
    wait_heard(&a, CACHE_CHANGE_ALL, 2);
    wait_heard(&b, CACHE_CHANGE_ALL, 2);
    CHECK_EQ(heard(&b, CACHE_CHANGE_TOKEN), 0);
    wait_live(&b, true);
    wait_connected(&a);
    publish(&a, CACHE_CHANGE_CONFIG, 0);
    wait_heard(&b, CACHE_CHANGE_CONFIG, 1);
    node_close(&a);
    node_close(&b);
    server_end(&s);
}

/* The server is reachable for everybody else: those who listen do not notice anything. */
TEST(what_could_not_be_published_is_made_good)
{
    struct server s = {0};
    struct node a, b;
    unsigned before;

    NEED_SERVER();
    server_start(&s, "");
    node_open(&a, s.port);
    node_open(&b, s.port);
    wait_live(&a, true);
    wait_live(&b, true);
    wait_heard(&b, CACHE_CHANGE_ALL, 1);

    /* For a while nobody may publish; who listens does not notice. */
    struct err err;
    struct redis_value v;
    struct arena arena;
    const struct str acl[] = {STR("ACL"), STR("SETUSER"), STR("default"),
                              STR("on"),  STR("nopass"),  STR("+@all"),
                              STR("~*"),  STR("&*"),      STR("-publish")};
    struct str back[] = {STR("ACL"), STR("SETUSER"), STR("default"), STR("+publish")};

    arena_init(&arena, 0);
    CHECK_EQ(redis_ask(cache_redis(b.cache),
                       &(struct redis_command){.argv = acl, .argc = ARRAY_LEN(acl)}, 0, &arena, &v,
                       NULL, &err),
             ERR_OK);
    before = heard(&b, CACHE_CHANGE_ALL);
    publish(&a, CACHE_CHANGE_TOKEN, 9);
    CHECK_EQ(redis_ask(cache_redis(a.cache),
                       &(struct redis_command){.argv = (struct str[]){STR("PING")}, .argc = 1}, 0,
                       &arena, &v, NULL, &err),
             ERR_OK); /* behind the refused one */
    CHECK_EQ(redis_ask(cache_redis(b.cache),
                       &(struct redis_command){.argv = back, .argc = ARRAY_LEN(back)}, 0, &arena,
                       &v, NULL, &err),
             ERR_OK);
    wait_heard(&b, CACHE_CHANGE_ALL, before + 1);
    CHECK_EQ(heard(&b, CACHE_CHANGE_TOKEN), 0);
    CHECK(cache_live(b.cache));

    arena_fini(&arena);
    node_close(&a);
    node_close(&b);
    server_end(&s);
}

TEST(strange_messages_count_as_any_change)
{
    struct server s = {0};
    struct node a, b;
    struct arena arena;
    struct redis_value v;
    struct err err;
    static const char *const payloads[] = {"",        "x",         "x y", "x later-kind 5",
                                           "x token", "x token 1x"};

    NEED_SERVER();
    server_start(&s, "");
    node_open(&a, s.port);
    node_open(&b, s.port);
    wait_live(&a, true);
    wait_live(&b, true);
    wait_heard(&a, CACHE_CHANGE_ALL, 1);
    arena_init(&arena, 0);
    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        const struct str argv[] = {STR("PUBLISH"), STR("yourapi:changes:0"), str_from(payloads[i])};

        CHECK_EQ(redis_ask(cache_redis(b.cache), &(struct redis_command){.argv = argv, .argc = 3},
                           0, &arena, &v, NULL, &err),
                 ERR_OK);
        CHECK_EQ(v.i, 2);
    }
    wait_heard(&a, CACHE_CHANGE_ALL, 1 + ARRAY_LEN(payloads));
    CHECK_EQ(heard(&a, CACHE_CHANGE_TOKEN), 0);
    arena_fini(&arena);
    node_close(&a);
    node_close(&b);
    server_end(&s);
}

TEST(without_redis_there_is_nobody_to_tell)
{
    struct node a;

    node_open(&a, 0);
    CHECK(!cache_redis(a.cache));
    CHECK(!cache_live(a.cache));
    publish(&a, CACHE_CHANGE_CONFIG, 0);
    node_close(&a); /* its thread has ended, so the count is final */
    CHECK_EQ(a.heard[CACHE_CHANGE_ALL], 0);
}

TEST_MAIN(a_change_is_heard_by_the_others_and_not_by_its_node,
          after_a_time_without_redis_everything_counts_as_changed,
          what_could_not_be_published_is_made_good, strange_messages_count_as_any_change,
          without_redis_there_is_nobody_to_tell)

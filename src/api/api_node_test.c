/* The list of nodes, and what the API shares with other nodes through Redis. */
#include "api/api_fixture.h"

#include "base/test.h"
#include "cache/cache.h"
#include "cache/redis_server_testing.h"
#include "store/repo_node.h"

static void put_node(struct api_fixture *f, const char *name, const char *info)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    const struct node_row row = {
        .name = str_from(name), .info = str_from(info), .started_at = FIXTURE_NOW_S};

    CHECK_EQ(db_acquire(f->db, DB_WRITE, &c, NULL), ERR_OK);
    CHECK_EQ(repo_node_put(c, &row, NULL), ERR_OK);
}

static void take_lease(struct api_fixture *f, const char *type, const char *holder)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    bool held;

    CHECK_EQ(db_acquire(f->db, DB_WRITE, &c, NULL), ERR_OK);
    CHECK_EQ(repo_lease_take(c, str_from(type), str_from(holder), 60, &held, NULL), ERR_OK);
    CHECK(held);
}

static void check_text(struct api_fixture *f, const struct api_answer *a, const char *path,
                       const char *want)
{
    CHECK_STR(api_text_at(f, a->json, path), want);
}

TEST(nodes_are_listed_with_their_state_load_and_jobs)
{
    struct api_fixture *f = api_fixture_open_conf(&(struct api_conf){.node_name = STR("a-node")});
    struct api_answer a;

    put_node(f, "a-node",
             "{\"program\":\"yourapi\",\"id\":\"0f\",\"version\":\"v9\",\"address\":\"h:1\","
             "\"type\":\"master\",\"redis\":\"up\",\"stopped\":false,"
             "\"load\":{\"open_requests\":7}}");
    put_node(f, "b-node", "{\"id\":\"1f\",\"stopped\":true}");
    put_node(f, "c-node", "{\"id\":\"2f\"}");
    put_node(f, "d-node", "not JSON"); /* another program's */
    api_fixture_sql(f, "UPDATE system_instances SET last_seen_at = last_seen_at - 31 WHERE "
                       "node_name = 'c-node'");
    take_lease(f, "channel_test", "a-node/0f");
    take_lease(f, "old_run", "b-node/another");
    take_lease(f, "theirs", "d-node");

    a = api_get(f, FIXTURE_ADMIN, "/api/node/");
    CHECK(api_succeeded(&a));
    check_text(f, &a, "data.0.name", "a-node");
    check_text(f, &a, "data.0.state", "online");
    check_text(f, &a, "data.0.version", "v9");
    check_text(f, &a, "data.0.address", "h:1");
    check_text(f, &a, "data.0.type", "master");
    check_text(f, &a, "data.0.redis", "up");
    check_text(f, &a, "data.0.jobs.0", "channel_test");
    CHECK(json_bool_or(api_at(a.json, "data.0.self"), false));
    CHECK_EQ(api_i64_at(a.json, "data.0.load.open_requests"), 7);
    CHECK_EQ(api_i64_at(a.json, "data.0.started_at"), FIXTURE_NOW_S);
    CHECK(api_i64_at(a.json, "data.0.seen_ago_s") >= 0);

    check_text(f, &a, "data.1.state", "stopped");
    CHECK(!api_at(a.json, "data.1.jobs.0")); /* the lease is another run's */
    check_text(f, &a, "data.2.state", "lost");
    CHECK(!json_bool_or(api_at(a.json, "data.2.self"), true));
    check_text(f, &a, "data.3.state", "online");
    check_text(f, &a, "data.3.version", "");
    check_text(f, &a, "data.3.jobs.0", "theirs");
    CHECK(json_is(api_at(a.json, "data.3.load"), JSON_OBJECT));
    CHECK(!api_at(a.json, "data.4"));
    api_fixture_close(f);
}

TEST(nodes_are_for_administrators)
{
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = api_get(f, FIXTURE_ANN, "/api/node/");

    CHECK(!api_succeeded(&a));
    a = api_get(f, 0, "/api/node/");
    CHECK(!api_succeeded(&a));
    api_fixture_close(f);
}

static void on_change(void *ctx UNUSED, struct cache_change change UNUSED)
{
}

struct shared {
    struct arena arena;
    struct redis_conf conf;
    struct offload *offload;
    struct cache *cache;
};

static void shared_open(struct shared *s, uint16_t port)
{
    struct cache_conf conf = {.on_change = on_change, .retry_max_ms = 100, .redis = &s->conf};

    memset(s, 0, sizeof *s);
    arena_init(&s->arena, 0);
    CHECK_EQ(offload_new(1, 16, &s->offload, NULL), ERR_OK);
    CHECK_EQ(redis_conf_read(&s->arena, arena_fmt(&s->arena, "redis://127.0.0.1:%u", port),
                             secret_make(STR_NULL), STR_NULL, &s->conf, NULL),
             ERR_OK);
    conf.offload = s->offload;
    CHECK_EQ(cache_open(&conf, &s->cache, NULL), ERR_OK);
}

static void shared_close(struct shared *s)
{
    offload_stop(s->offload);
    cache_close(s->cache);
    offload_free(s->offload);
    arena_fini(&s->arena);
}

static void wait_state(struct api_fixture *f, const char *want)
{
    struct api_answer a = {.status = 0};

    for (int i = 0; i < PATIENCE_MS / 20; i++) {
        a = api_get(f, FIXTURE_ADMIN, "/api/status/test");
        CHECK(api_succeeded(&a));
        if (str_eq(api_text_at(f, a.json, "redis.state"), str_from(want)))
            break;
        pause_ms(20);
    }
    check_text(f, &a, "redis.state", want);
    CHECK(api_i64_at(a.json, "redis.since") > FIXTURE_NOW_S);
    CHECK_EQ(api_text_at(f, a.json, "redis.error").n > 0, strcmp(want, "down") == 0);
}

TEST(the_state_of_redis_is_told)
{
    struct server server = {0};
    struct shared s;
    struct api_fixture *f;

    NEED_SERVER();
    server_start(&server, "");
    shared_open(&s, server.port);
    f = api_fixture_open_conf(&(struct api_conf){.cache = s.cache});
    wait_state(f, "up");
    server_kill(&server);
    wait_state(f, "down");
    server_start(&server, "");
    wait_state(f, "up");
    api_fixture_close(f);
    shared_close(&s);
    server_end(&server);
}

/* Two APIs, as on two nodes. */
TEST(what_may_be_guessed_at_is_limited_over_all_nodes)
{
    const struct api_ask guess = {.path = "/api/user/login",
                                  .body = "{\"username\":\"ann\",\"password\":\"wrong\"}",
                                  .ip = "203.0.113.7"};
    struct server server = {0};
    struct shared s;
    struct api_fixture *a, *b;
    int refused = 0;

    NEED_SERVER();
    server_start(&server, "");
    shared_open(&s, server.port);
    const struct api_conf conf = {.cache = s.cache, .crypto_secret = secret_make(STR("pepper"))};
    a = api_fixture_open_conf(&conf);
    b = api_fixture_open_conf(&conf);
    for (int i = 0; i < 24; i++) {
        struct api_answer answer = api_fixture_call(i % 2 ? a : b, &guess);

        refused += answer.status == 429;
        CHECK(answer.status != 429 || answer.body.n == 0);
    }
    CHECK_EQ(refused, 4); /* 20 in 20 minutes */
    api_fixture_close(a);
    api_fixture_close(b);
    shared_close(&s);
    server_end(&server);
}

TEST_MAIN(nodes_are_listed_with_their_state_load_and_jobs, nodes_are_for_administrators,
          the_state_of_redis_is_told, what_may_be_guessed_at_is_limited_over_all_nodes)

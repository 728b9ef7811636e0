/*
 * redis_node_testing - for tests of any room above: a loop on a thread of its own with a client of
 * a real server (redis_server_testing.h). Several of them are several nodes.
 */
#pragma once
#include <pthread.h>

#include "cache/redis.h"
#include "cache/redis_conf.h"
#include "cache/redis_server_testing.h"

struct redis_node {
    struct arena arena; /* of the test */
    struct redis_conf conf;
    struct offload *offload;
    struct loop *loop;
    struct dns *dns;
    struct redis *redis;
    pthread_t thread;
};

static inline void *redis_node_run(void *loop)
{
    loop_run(loop);
    return NULL;
}

static inline void redis_node_open(struct redis_node *n, uint16_t port)
{
    struct err err;

    memset(n, 0, sizeof *n);
    arena_init(&n->arena, 0);
    CHECK_EQ(offload_new(1, 16, &n->offload, &err), ERR_OK);
    CHECK_EQ(loop_new(&n->loop, &err), ERR_OK);
    n->dns = dns_new(n->loop, n->offload);
    CHECK_EQ(redis_conf_read(&n->arena, arena_fmt(&n->arena, "redis://127.0.0.1:%u", port),
                             secret_make(STR_NULL), STR_NULL, &n->conf, &err),
             ERR_OK);
    const struct redis_settings settings = {.loop = n->loop,
                                            .dns = n->dns,
                                            .server = &n->conf,
                                            .connect_ms = PATIENCE_MS,
                                            .call_ms = PATIENCE_MS,
                                            .retry_max_ms = 100};
    n->redis = redis_new(&settings);
    CHECK_EQ(pthread_create(&n->thread, NULL, redis_node_run, n->loop), 0);
}

static inline void redis_node_close(struct redis_node *n)
{
    loop_stop(n->loop);
    pthread_join(n->thread, NULL);
    redis_free(n->redis);
    offload_free(n->offload);
    dns_free(n->dns);
    loop_free(n->loop);
    arena_fini(&n->arena);
}

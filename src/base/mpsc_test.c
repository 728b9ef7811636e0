#include "base/mpsc.h"

#include <pthread.h>
#include <sched.h>

#include "base/test.h"

enum { PUSHERS = 4, EACH = 5000 };

struct item {
    struct mpsc_node node;
    int pusher, number;
};

static struct item *pop(struct mpsc *q)
{
    struct mpsc_node *node = mpsc_pop(q);

    return node ? container_of(node, struct item, node) : NULL;
}

TEST(one_thread_gets_its_nodes_back_in_order)
{
    static struct item items[3];
    struct mpsc q;

    mpsc_init(&q);
    CHECK(!mpsc_pop(&q));
    for (int round = 0; round < 3; round++) {
        mpsc_push(&q, &items[0].node);
        CHECK(pop(&q) == &items[0]);
        CHECK(!pop(&q));
        for (int i = 0; i < 3; i++)
            mpsc_push(&q, &items[i].node);
        for (int i = 0; i < 3; i++)
            CHECK(pop(&q) == &items[i]);
        CHECK(!pop(&q));
    }
}

struct pusher {
    struct mpsc *q;
    struct item *items;
};

static void *push_all(void *arg)
{
    struct pusher *p = arg;

    for (int i = 0; i < EACH; i++)
        mpsc_push(p->q, &p->items[i].node);
    return NULL;
}

TEST(many_threads_push_and_every_node_comes_out_once_in_its_order)
{
    static struct item items[PUSHERS][EACH];
    struct mpsc q;
    struct pusher pushers[PUSHERS];
    pthread_t threads[PUSHERS];
    int next[PUSHERS] = {0};

    mpsc_init(&q);
    for (int t = 0; t < PUSHERS; t++) {
        for (int i = 0; i < EACH; i++)
            items[t][i] = (struct item){.pusher = t, .number = i};
        pushers[t] = (struct pusher){&q, items[t]};
        CHECK_EQ(pthread_create(&threads[t], NULL, push_all, &pushers[t]), 0);
    }
    for (int got = 0; got < PUSHERS * EACH;) {
        struct item *item = pop(&q);

        if (!item) {
            sched_yield();
            continue;
        }
        CHECK_EQ(item->number, next[item->pusher]);
        next[item->pusher]++;
        got++;
    }
    for (int t = 0; t < PUSHERS; t++)
        pthread_join(threads[t], NULL);
    CHECK(!pop(&q));
}

TEST_MAIN(one_thread_gets_its_nodes_back_in_order,
          many_threads_push_and_every_node_comes_out_once_in_its_order)

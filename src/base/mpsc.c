/*
 * Dmitry Vyukov's intrusive queue: pushers exchange the head and then link the node before them;
 * the consumer walks from the tail. Between a pusher's two steps the chain is cut for a moment, and
 * mpsc_pop() then answers as if the queue ended there.
 */
#include "base/mpsc.h"

void mpsc_init(struct mpsc *q)
{
    atomic_init(&q->stub.next, NULL);
    atomic_init(&q->head, &q->stub);
    q->tail = &q->stub;
}

void mpsc_push(struct mpsc *q, struct mpsc_node *node)
{
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    struct mpsc_node *before = atomic_exchange_explicit(&q->head, node, memory_order_acq_rel);
    atomic_store_explicit(&before->next, node, memory_order_release);
}

static struct mpsc_node *next_of(struct mpsc_node *node)
{
    return atomic_load_explicit(&node->next, memory_order_acquire);
}

struct mpsc_node *mpsc_pop(struct mpsc *q)
{
    struct mpsc_node *tail = q->tail, *next = next_of(tail);

    if (tail == &q->stub) {
        if (!next)
            return NULL;
        q->tail = tail = next;
        next = next_of(tail);
    }
    if (!next) {
        if (tail != atomic_load_explicit(&q->head, memory_order_acquire))
            return NULL;        /* somebody is linking a node behind the tail */
        mpsc_push(q, &q->stub); /* the last node needs a successor before it can leave */
        next = next_of(tail);
        if (!next)
            return NULL;
    }
    q->tail = next;
    return tail;
}

/*
 * mpsc - intrusive queue: many threads push, one pops. Lock-free; a pushed node belongs to the
 * queue until it is popped.
 */
#pragma once
#include <stdatomic.h>

#include "base/attr.h"

struct mpsc_node {
    _Atomic(struct mpsc_node *) next;
};

struct mpsc {
    _Atomic(struct mpsc_node *) head; /* last pushed */
    struct mpsc_node *tail;           /* consumer's */
    struct mpsc_node stub;
};

void mpsc_init(struct mpsc *q);
/* Any thread. */
void mpsc_push(struct mpsc *q, struct mpsc_node *node);
/* Consumer only. NULL when empty, or when the next node is still being pushed (its pusher wakes the
 * consumer after). */
struct mpsc_node *mpsc_pop(struct mpsc *q);

/*
 * What the relay has lately seen of each channel. Two memories: a short one in this process (a
 * channel that fails again and again is left alone for a while, unless nothing else is there), and
 * the channel's status in the database, which only the channel's own fault can change (relay
 * reference 7.1).
 */
#include <pthread.h>

#include "base/mem.h"
#include "base/random.h"
#include "model/channel_rules.h"
#include "relay/exchange.h"

enum { FAILURES_TO_REST = 3, REST_MS = 5000, REST_LONGEST_MS = 60000 };

struct channel_health {             /* shared by all loops; lives as long as the table */
    _Atomic unsigned failures;      /* in a row */
    _Atomic uint64_t rest_until_ms; /* clock_mono_ms() */
    _Atomic bool disabling;         /* a job that switches it off is under way */
    _Atomic unsigned next_key;      /* of a multi-key channel that polls its keys */
};

struct health_table {
    pthread_mutex_t lock;
    struct map by_id; /* channel id -> struct channel_health, never removed */
};

struct health_table *health_new(void)
{
    struct health_table *h = mem_new(struct health_table);

    pthread_mutex_init(&h->lock, NULL);
    map_init(&h->by_id);
    return h;
}

void health_free(struct health_table *h)
{
    size_t at = 0;
    void *entry;

    while ((entry = map_next(&h->by_id, &at)))
        mem_free(entry);
    map_fini(&h->by_id);
    pthread_mutex_destroy(&h->lock);
    mem_free(h);
}

void health_attach(struct health_table *h, struct snapshot *snap)
{
    struct route_channel *channels =
        (struct route_channel *)(uintptr_t)snap->channels; /* not yet published: still ours */

    pthread_mutex_lock(&h->lock);
    for (size_t i = 0; i < snap->channel_count; i++) {
        uint64_t id = (uint64_t)channels[i].row.id;
        struct channel_health *health = map_find_u64(&h->by_id, id);

        if (!health) {
            health = mem_new(struct channel_health);
            map_put_u64(&h->by_id, id, health);
        }
        channels[i].health = health;
    }
    pthread_mutex_unlock(&h->lock);
}

bool health_ok(const struct route_channel *channel, uint64_t now_ms)
{
    return !channel->health ||
           atomic_load_explicit(&channel->health->rest_until_ms, memory_order_relaxed) <= now_ms;
}

size_t health_next_key(const struct route_channel *channel)
{
    if (!channel->poll_keys || !channel->health)
        return random_below(channel->key_count);
    return atomic_fetch_add(&channel->health->next_key, 1) % channel->key_count;
}

void health_note_success(const struct route_channel *channel)
{
    if (!channel->health ||
        atomic_load_explicit(&channel->health->failures, memory_order_relaxed) == 0)
        return; /* the usual case writes nothing to shared memory */
    atomic_store_explicit(&channel->health->failures, 0, memory_order_relaxed);
    atomic_store_explicit(&channel->health->rest_until_ms, 0, memory_order_relaxed);
}

static void rest_if_often(struct channel_health *health)
{
    unsigned failures = atomic_fetch_add(&health->failures, 1) + 1;
    uint64_t rest = REST_MS;

    if (failures < FAILURES_TO_REST)
        return;
    for (unsigned i = FAILURES_TO_REST; i < failures && rest < REST_LONGEST_MS; i++)
        rest *= 2;
    atomic_store(&health->rest_until_ms,
                 clock_mono_ms() + (rest < REST_LONGEST_MS ? rest : REST_LONGEST_MS));
}

/* A status that speaks of the channel or the provider, not of what the caller has sent. */
static bool is_channels_fault(int status)
{
    return status >= 500 || (status >= 401 && status <= 403);
}

void health_note_failure(struct exchange *x)
{
    const struct relay_fault *fault = &x->fault;

    if (fault->local || x->probe || !x->channel || fault->status == 400)
        return; /* the caller's or our own fault: it says nothing about the channel */
    if (x->channel->health && is_channels_fault(fault->status))
        rest_if_often(x->channel->health);
    if (x->channel->row.auto_ban == 1 &&
        channel_should_disable(&x->snap->settings, x->channel->row.type, fault->status,
                               fault->error.code, fault->error.type, fault->error.message))
        channel_disable(x, x->channel->health ? &x->channel->health->disabling : NULL);
}

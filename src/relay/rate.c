#include "relay/rate.h"

#include <pthread.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

enum { PARTS = 60, SHARDS = 16, FORGET_STEP = 2 };

/* Requests by part of the window: the PARTS whole ones behind, and the one that has begun. */
struct window {
    uint32_t parts[PARTS + 1];
    int64_t at; /* number of the part that has begun, from the beginning of time */
    int64_t sum;
};

struct rate_user {
    struct list link; /* order of use, the quietest first */
    int64_t id;
    int64_t window_us, last_us;
    int64_t under_way;
    struct window all, successes;
};

struct rate_shard {
    pthread_mutex_t lock;
    struct map users; /* id -> struct rate_user */
    struct list order;
};

struct rate {
    struct rate_shard shards[SHARDS];
};

struct rate *rate_new(void)
{
    struct rate *r = mem_new(struct rate);

    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&r->shards[i].lock, NULL);
        map_init(&r->shards[i].users);
        list_init(&r->shards[i].order);
    }
    return r;
}

static void forget_locked(struct rate_shard *s, struct rate_user *u)
{
    map_remove_u64(&s->users, (uint64_t)u->id);
    list_remove(&u->link);
    mem_free(u);
}

void rate_free(struct rate *r)
{
    for (size_t i = 0; r && i < SHARDS; i++) {
        struct rate_shard *s = &r->shards[i];

        while (!list_empty(&s->order))
            forget_locked(s, list_entry(s->order.next, struct rate_user, link));
        map_fini(&s->users);
        pthread_mutex_destroy(&s->lock);
    }
    mem_free(r);
}

/* ---- a window ---- */

/* Brings the window to the part `now`: what lies more than PARTS behind it is forgotten. */
static void window_move(struct window *w, int64_t now)
{
    if (now - w->at > PARTS) {
        *w = (struct window){.at = now};
        return;
    }
    while (w->at < now) {
        uint32_t *oldest = &w->parts[++w->at % (PARTS + 1)];

        w->sum -= *oldest;
        *oldest = 0;
    }
}

static void window_count(struct window *w)
{
    w->parts[w->at % (PARTS + 1)]++;
    w->sum++;
}

/* ---- users ---- */

static struct rate_shard *shard_of(struct rate *r, int64_t user_id)
{
    return &r->shards[(uint64_t)user_id % SHARDS];
}

static void move_locked(struct rate_user *u, int64_t now_us)
{
    int64_t part = u->window_us / PARTS > 0 ? u->window_us / PARTS : 1;

    if (now_us > u->last_us)
        u->last_us = now_us;
    window_move(&u->all, u->last_us / part);
    window_move(&u->successes, u->last_us / part);
}

/* Users whose window is empty need not be remembered; a few are looked at each time. */
static void forget_quiet_locked(struct rate_shard *s, int64_t now_us)
{
    for (int i = 0; i < FORGET_STEP && !list_empty(&s->order); i++) {
        struct rate_user *u = list_entry(s->order.next, struct rate_user, link);

        if (u->under_way > 0 || now_us - u->last_us <= u->window_us + u->window_us / PARTS)
            return;
        forget_locked(s, u);
    }
}

static struct rate_user *user_locked(struct rate_shard *s, int64_t id, int64_t window_us)
{
    struct rate_user *u = map_find_u64(&s->users, (uint64_t)id);

    if (u) {
        list_remove(&u->link);
    } else {
        u = mem_new(struct rate_user);
        u->id = id;
        map_put_u64(&s->users, (uint64_t)id, u);
    }
    list_push_back(&s->order, &u->link);
    if (u->window_us != window_us) {
        u->window_us = window_us;
        u->all = u->successes = (struct window){0};
    }
    return u;
}

static enum rate_verdict judge(const struct rate_user *u, const struct rate_limits *limits)
{
    if (limits->success > 0 && u->successes.sum + u->under_way >= limits->success)
        return RATE_TOO_MANY_SUCCESSES;
    if (limits->total > 0 && u->all.sum >= limits->total)
        return RATE_TOO_MANY;
    return RATE_ADMITTED;
}

enum rate_verdict rate_enter(struct rate *r, int64_t user_id, const struct rate_limits *limits,
                             int64_t now_us)
{
    struct rate_shard *s = shard_of(r, user_id);
    enum rate_verdict verdict;
    struct rate_user *u;

    pthread_mutex_lock(&s->lock);
    forget_quiet_locked(s, now_us);
    u = user_locked(s, user_id, limits->window_us);
    move_locked(u, now_us);
    verdict = judge(u, limits);
    if (verdict == RATE_ADMITTED) {
        window_count(&u->all);
        u->under_way++;
    }
    pthread_mutex_unlock(&s->lock);
    return verdict;
}

void rate_leave(struct rate *r, int64_t user_id, bool success, int64_t now_us)
{
    struct rate_shard *s = shard_of(r, user_id);
    struct rate_user *u;

    pthread_mutex_lock(&s->lock);
    u = map_find_u64(&s->users, (uint64_t)user_id);
    if (u) { /* with a request under way it is never forgotten */
        move_locked(u, now_us);
        u->under_way--;
        if (success)
            window_count(&u->successes);
    }
    pthread_mutex_unlock(&s->lock);
}

size_t rate_users(struct rate *r)
{
    size_t n = 0;

    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_lock(&r->shards[i].lock);
        n += r->shards[i].users.count;
        pthread_mutex_unlock(&r->shards[i].lock);
    }
    return n;
}

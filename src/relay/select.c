/*
 * Picks a channel and one of its keys from the snapshot alone: group and model, highest priority,
 * weighted random among the healthy, not one tried before in this request (relay reference 6.3 with
 * the original's repetition left out). When no other channel is left, one with several keys comes
 * again with a key that was not tried.
 */
#include "relay/exchange.h"

#include "base/random.h"

enum { WEIGHT_BASE = 10 }; /* so that a weight of 0 still gets its share; relay reference 6.3 */

/* Which candidates are looked at: the best first. */
enum round { HEALTHY, ANY, ANOTHER_KEY, ROUNDS };

/* How many of the channel's keys were tried; none of them twice. */
static size_t tries_of(const struct exchange *x, const struct route_channel *channel)
{
    size_t n = 0;

    for (unsigned i = 0; i < x->attempts; i++)
        n += x->tried[i] == channel;
    return n;
}

static bool key_was_tried(const struct exchange *x, const struct route_channel *channel, size_t key)
{
    for (unsigned i = 0; i < x->attempts; i++) {
        if (x->tried[i] == channel && x->tried_keys[i] == key)
            return true;
    }
    return false;
}

/* May the candidate be taken? A channel of which every key is switched off may not. */
static bool may_take(const struct exchange *x, const struct route_candidate *c, int64_t priority,
                     enum round round, uint64_t now)
{
    size_t tries = tries_of(x, c->channel);

    if (c->priority != priority || tries >= c->channel->key_count)
        return false;
    return round == ANOTHER_KEY || (tries == 0 && (round == ANY || health_ok(c->channel, now)));
}

/* Sum of the weights of the candidates of one priority that may be taken. */
static uint64_t total_weight(const struct exchange *x, const struct route_entry *entry,
                             int64_t priority, enum round round)
{
    uint64_t total = 0, now = loop_now_ms(x->rl->loop);

    for (size_t i = 0; i < entry->count; i++) {
        const struct route_candidate *c = &entry->candidates[i];

        if (may_take(x, c, priority, round, now))
            total += c->weight + WEIGHT_BASE;
    }
    return total;
}

/* Another loop may notice a failure between the sum and this: then the last one that was left is as
 * good as any. */
static const struct route_channel *draw(const struct exchange *x, const struct route_entry *entry,
                                        int64_t priority, enum round round, uint64_t total)
{
    uint64_t at = random_below(total), now = loop_now_ms(x->rl->loop);
    const struct route_channel *last = NULL;

    for (size_t i = 0; i < entry->count; i++) {
        const struct route_candidate *c = &entry->candidates[i];
        uint64_t weight = c->weight + WEIGHT_BASE;

        if (!may_take(x, c, priority, round, now))
            continue;
        last = c->channel;
        if (at < weight)
            break;
        at -= weight;
    }
    return last;
}

/* Highest priority first; all levels of the healthy before any of the others. Candidates are sorted
 * by priority. */
static const struct route_channel *pick(const struct exchange *x, const struct route_entry *entry)
{
    for (enum round round = HEALTHY; round < ROUNDS; round++) {
        for (size_t i = 0; i < entry->count; i++) {
            int64_t priority = entry->candidates[i].priority;
            const struct route_channel *drawn;
            uint64_t total;

            if (i > 0 && entry->candidates[i - 1].priority == priority)
                continue;
            total = total_weight(x, entry, priority, round);
            drawn = total > 0 ? draw(x, entry, priority, round, total) : NULL;
            if (drawn)
                return drawn;
        }
    }
    return NULL;
}

static enum step_next take(struct exchange *x, const struct route_channel *channel)
{
    size_t i;

    if (channel->key_count == 0)
        return exchange_fail(x, ERR_CHANNEL, "渠道没有可用的密钥 (the channel has no usable key)");
    x->channel = channel;
    i = channel->key_count > 1 ? health_next_key(channel) : 0;
    for (size_t left = channel->key_count; left > 1 && key_was_tried(x, channel, i); left--)
        i = (i + 1) % channel->key_count;
    x->channel_key = channel->keys[i];
    x->key_number = channel->key_numbers ? (int64_t)channel->key_numbers[i] : -1;
    x->tried_keys[x->attempts] = i;
    x->tried[x->attempts++] = channel;
    return NEXT_STEP;
}

/* sk-KEY-ID: that channel, no choice, no retry (relay reference 3.4, 6.1). */
static enum step_next take_forced(struct exchange *x)
{
    const struct route_channel *channel =
        x->forced_channel > 0 ? snapshot_channel(x->snap, x->forced_channel) : NULL;

    if (!channel)
        return exchange_fail(x, ERR_BAD_REQUEST, "无效的渠道 Id (no such channel)");
    if (channel->row.status != CHANNEL_ENABLED)
        return exchange_fail(x, ERR_FORBIDDEN, "该渠道已被禁用 (the channel is disabled)");
    return take(x, channel);
}

enum step_next relay_select(struct exchange *x)
{
    const struct route_entry *entry;
    const struct route_channel *channel;

    x->log->action = "choosing a channel";
    if (x->probe)
        return take(x, x->channel);
    if (x->forced_channel != 0)
        return take_forced(x);
    entry = snapshot_route(x->snap, x->group, x->peek.model);
    channel = entry ? pick(x, entry) : NULL;
    if (channel)
        return take(x, channel);
    if (x->attempts > 0) { /* every channel failed: the last failure is what the client is told */
        x->step = STEP_SETTLE;
        return NEXT_STEP;
    }
    return exchange_fail(
        x, ERR_NO_CHANNEL,
        "当前分组 %.*s 下对于模型 %.*s 无可用渠道 (no channel of this group serves the model)",
        STR_ARG(x->group), STR_ARG(x->peek.model));
}

/*
 * redis_sub - messages of channels, on a connection of their own. The channels are subscribed to
 * again whenever the connection comes back; what was published meanwhile is lost, and on_live says
 * so. Loop thread only. (Publishing is a call like any other: redis.h.)
 */
#pragma once
#include "cache/redis_link.h"

struct redis_sub;

struct redis_sub_handler { /* a static table of the owner; never called inside a function of this
                              file; must not call redis_sub_free() */
    void (*on_message)(void *ctx, struct str channel,
                       struct str payload); /* hold during the call */
    /* true: from now on every message comes; whatever was published before may have been missed,
     * also the first time. false: from now on messages may be missed. */
    void (*on_live)(void *ctx, bool live);
};

/* `channels` are copied. */
struct redis_sub *redis_sub_new(const struct redis_settings *settings, const struct str *channels,
                                size_t count, const struct redis_sub_handler *handler, void *ctx);
/* No callback any more. On the loop, or after it has ended and before loop_free(). NULL is allowed.
 */
void redis_sub_free(struct redis_sub *s);

/*
 * response_items - output items which this gateway has written for clients of the Responses API, so
 * that a later request may name an item by its id instead of bringing it.
 *
 * An item belongs to a user: nobody finds that of another one. What all items cost in memory is
 * bounded; when it is full those leave first that were not used for longest. Kept for a fixed time
 * from when it was written, and in memory only. Any thread.
 */
#pragma once
#include "base/arena.h"
#include "base/str.h"

/* Longer ids are none of ours, and larger items are not kept. */
enum { RESPONSE_ITEM_ID_MAX = 128, RESPONSE_ITEM_MAX = 1024 * 1024 };

struct response_items;

struct response_items *response_items_new(size_t max_bytes, int64_t life_s);
void response_items_free(struct response_items *s); /* NULL is allowed */

/* Keeps a copy; one of the same user under the same id is replaced. `now_s`: unix time. */
void response_items_put(struct response_items *s, int64_t user_id, struct str id, struct str json,
                        int64_t now_s);
/* A copy in the arena. False: it is not there, or not any more. */
bool response_items_find(struct response_items *s, int64_t user_id, struct str id, int64_t now_s,
                         struct arena *a, struct str *json);
/* What is kept costs so many bytes of memory, by an estimate that is rather too high. */
size_t response_items_bytes(struct response_items *s);

/*
 * May an item of this size be written where other nodes find it, too? Within a life time as many
 * bytes may as fit in the memory here, so that what a node has there at a time is twice that at
 * most. Counts them when they may.
 */
bool response_items_may_share(struct response_items *s, size_t bytes, int64_t now_s);

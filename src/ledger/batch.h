/*
 * batch - what a number of usage records adds up to: one delta an account instead of one a record,
 * and the rows of the log. Private to the ledger. Pure.
 */
#pragma once
#include "ledger/flush.h"
#include "store/repo_ledger.h"
#include "store/repo_log.h"
#include "store/repo_quota_data.h"

/* All in the arena given; deltas sorted by id, so that two writers lock rows in one order. */
struct batch {
    struct ledger_user_delta *users;
    struct ledger_token_delta *tokens;
    struct ledger_channel_delta *channels;
    struct quota_data *hours;
    struct log_row *logs;
    size_t user_count, token_count, channel_count, hour_count, log_count;
};

void batch_add_money(struct arena *a, const struct flush_item *const *items, size_t n,
                     struct batch *b);
void batch_add_hours(struct arena *a, const struct flush_item *const *items, size_t n,
                     struct batch *b);
void batch_add_logs(struct arena *a, const struct flush_item *const *items, size_t n,
                    struct batch *b);

/*
 * How many records the next batch may have: after a quick transaction more, up to `most`, after a
 * slow one fewer, down to a quarter of that: until it ends, others wait for the rows that it has
 * changed, and a database that is far away or busy must not make them wait for long.
 */
size_t batch_next_limit(size_t limit, size_t most, uint64_t took_ms);

#include "ledger/batch.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/text.h"

enum { HOUR_S = 3600, NAME_BYTES = 191, ID_BYTES = 64 };
enum {
    SLOW_MS = 2000,
    QUICK_MS = 1000,
    LEAST_PART = 4 /* of the largest batch is the smallest limit: fewer would take longer */
};

static int order(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int by_user(const void *a, const void *b)
{
    return order(((const struct ledger_user_delta *)a)->id,
                 ((const struct ledger_user_delta *)b)->id);
}

static int by_token(const void *a, const void *b)
{
    return order(((const struct ledger_token_delta *)a)->id,
                 ((const struct ledger_token_delta *)b)->id);
}

static int by_channel(const void *a, const void *b)
{
    return order(((const struct ledger_channel_delta *)a)->id,
                 ((const struct ledger_channel_delta *)b)->id);
}

static void add_user(struct map *known, struct batch *b, const struct usage_record *r)
{
    struct ledger_user_delta *d = map_find_u64(known, (uint64_t)r->user_id);

    if (!d) {
        d = &b->users[b->user_count++];
        d->id = r->user_id;
        map_put_u64(known, (uint64_t)r->user_id, d);
    }
    d->quota += r->quota;
    d->used += r->count_request ? r->quota : 0;
    d->requests += r->count_request;
}

static void add_token(struct map *known, struct batch *b, const struct usage_record *r)
{
    struct ledger_token_delta *d = map_find_u64(known, (uint64_t)r->token_id);

    if (!d) {
        d = &b->tokens[b->token_count++];
        d->id = r->token_id;
        map_put_u64(known, (uint64_t)r->token_id, d);
    }
    d->quota += r->quota;
    if (r->created_at_s > d->accessed_s)
        d->accessed_s = r->created_at_s;
}

static void add_channel(struct map *known, struct batch *b, const struct usage_record *r)
{
    struct ledger_channel_delta *d = map_find_u64(known, (uint64_t)r->channel_id);

    if (!d) {
        d = &b->channels[b->channel_count++];
        d->id = r->channel_id;
        map_put_u64(known, (uint64_t)r->channel_id, d);
    }
    d->used += r->quota;
}

void batch_add_money(struct arena *a, const struct flush_item *const *items, size_t n,
                     struct batch *b)
{
    struct map users, tokens, channels;

    map_init(&users);
    map_init(&tokens);
    map_init(&channels);
    b->users = arena_new_array(a, struct ledger_user_delta, n);
    b->tokens = arena_new_array(a, struct ledger_token_delta, n);
    b->channels = arena_new_array(a, struct ledger_channel_delta, n);
    for (size_t i = 0; i < n; i++) {
        const struct usage_record *r = &items[i]->record;

        if (r->kind != RECORD_CONSUME) /* an error row charges nothing */
            continue;
        if (r->user_id != 0)
            add_user(&users, b, r);
        if (r->token_id != 0) /* 0: no token, the user alone pays */
            add_token(&tokens, b, r);
        if (r->channel_id != 0 && r->count_request)
            add_channel(&channels, b, r);
    }
    map_fini(&users);
    map_fini(&tokens);
    map_fini(&channels);
    qsort(b->users, b->user_count, sizeof *b->users, by_user);
    qsort(b->tokens, b->token_count, sizeof *b->tokens, by_token);
    qsort(b->channels, b->channel_count, sizeof *b->channels, by_channel);
}

/* Text that every database takes: whole characters, no NUL, not longer than its column. What a
 * stranger names a model must not stop the ledger. */
static struct str clean(struct arena *a, struct str s, size_t max_bytes)
{
    char *copy;

    s = utf8_prefix(s, max_bytes);
    if (s.n == 0)
        return STR("");
    if (utf8_valid(s) && !memchr(s.p, '\0', s.n))
        return s;
    copy = arena_alloc(a, s.n);
    for (size_t i = 0; i < s.n; i++)
        copy[i] = (unsigned char)s.p[i] >= 0x80 || s.p[i] == '\0' ? '?' : s.p[i];
    return str_make(copy, s.n);
}

static void add_hour(struct arena *a, struct map *known, struct batch *b,
                     const struct usage_record *r)
{
    int64_t hour = r->created_at_s - r->created_at_s % HOUR_S;
    struct str username = clean(a, r->username, NAME_BYTES);
    struct str model = clean(a, r->model_name, NAME_BYTES);
    struct str parts[] = {str_make((const char *)&hour, sizeof hour),
                          str_make((const char *)&r->user_id, sizeof r->user_id), model, STR("\0"),
                          username};
    struct str key = str_concat(a, parts, ARRAY_LEN(parts));
    struct quota_data *row = map_find(known, key);

    if (!row) {
        row = &b->hours[b->hour_count++];
        *row = (struct quota_data){
            .user_id = r->user_id, .username = username, .model_name = model, .created_at = hour};
        map_put(known, key, row);
    }
    row->count++;
    row->quota += r->quota;
    row->token_used += r->prompt_tokens + r->completion_tokens;
}

void batch_add_hours(struct arena *a, const struct flush_item *const *items, size_t n,
                     struct batch *b)
{
    struct map known;

    map_init(&known);
    b->hours = arena_new_array(a, struct quota_data, n);
    for (size_t i = 0; i < n; i++) {
        const struct usage_record *r = &items[i]->record;

        /* billing reference 9: without consume logs there is no dashboard either. */
        if (r->kind == RECORD_CONSUME && r->write_log)
            add_hour(a, &known, b, r);
    }
    map_fini(&known);
}

void batch_add_logs(struct arena *a, const struct flush_item *const *items, size_t n,
                    struct batch *b)
{
    b->logs = arena_new_array(a, struct log_row, n);
    for (size_t i = 0; i < n; i++) {
        const struct usage_record *r = &items[i]->record;

        if (!r->write_log)
            continue;
        b->logs[b->log_count++] = (struct log_row){
            .user_id = r->user_id,
            .created_at = r->created_at_s,
            .type = r->kind,
            .content = clean(a, r->content, RECORD_STRING_MAX),
            .username = clean(a, r->username, NAME_BYTES),
            .token_name = clean(a, r->token_name, NAME_BYTES),
            .model_name = clean(a, r->model_name, NAME_BYTES),
            .quota = r->kind == RECORD_CONSUME ? r->quota : 0,
            .prompt_tokens = r->prompt_tokens,
            .completion_tokens = r->completion_tokens,
            .use_time = r->use_time_s,
            .is_stream = r->is_stream,
            .channel_id = r->channel_id,
            .token_id = r->token_id,
            .group = clean(a, r->group, NAME_BYTES),
            .other = clean(a, r->other, RECORD_STRING_MAX),
            .ip = clean(a, r->ip, NAME_BYTES),
            .request_id = clean(a, r->request_id, ID_BYTES),
            .upstream_request_id = STR(""),
        };
    }
}

size_t batch_next_limit(size_t limit, size_t most, uint64_t took_ms)
{
    const size_t least = most / LEAST_PART > 0 ? most / LEAST_PART : 1;

    if (took_ms > SLOW_MS)
        return limit / 2 > least ? limit / 2 : least;
    if (took_ms < QUICK_MS)
        return limit < most / 2 ? limit * 2 : most;
    return limit;
}

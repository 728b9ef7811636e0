/*
 * Switches a channel off in the database when its own fault says so (relay reference 7.1), and of a
 * channel with several keys only the key that was refused, until none is left (6.7).
 */
#include "base/json_patch.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/channel_rules.h"
#include "relay/exchange.h"
#include "store/repo_channel.h"

struct disable_job {
    struct offload_job job;
    struct relay *relay;
    _Atomic bool *busy;
    int64_t channel_id;
    int64_t key_number;  /* -1: the whole channel */
    size_t keys_enabled; /* when the call was made, the refused one included */
    char reason[256];
};

/* info[name][number] = value, whatever was there. */
static struct str set_of_key(struct arena *a, struct str info, struct str name, int64_t number,
                             struct str value)
{
    struct str key = arena_fmt(a, "%" PRId64, number);
    const struct json *root, *list;
    struct json_patch *patch;
    size_t n;

    if (json_read(a, info, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return info;
    list = json_get(root, name);
    patch = json_patch_new(a, info, root);
    if (json_is(list, JSON_OBJECT))
        json_patch_set(patch, list, key, value);
    else
        json_patch_set(patch, root, name,
                       arena_fmt(a, "{\"%.*s\":%.*s}", STR_ARG(key), STR_ARG(value)));
    const struct str *parts = json_patch_render(patch, &n);
    return str_concat(a, parts, n);
}

static enum err_code disable_key(struct disable_job *d, struct db_conn *c, struct arena *a,
                                 struct err *err)
{
    int64_t now_s = clock_now_s(d->relay->conf.clock);
    struct channel *row;
    struct db_tx tx;
    struct str info;

    TRY(db_join(c, &tx, err));
    enum err_code rc = repo_channel_find(c, a, d->channel_id, &row, err);
    if (rc == ERR_OK && row) {
        info = set_of_key(a, row->channel_info, STR("multi_key_status_list"), d->key_number,
                          arena_fmt(a, "%d", CHANNEL_AUTO_DISABLED));
        info = set_of_key(a, info, STR("multi_key_disabled_reason"), d->key_number,
                          json_quote(a, str_from(d->reason)));
        row->channel_info = set_of_key(a, info, STR("multi_key_disabled_time"), d->key_number,
                                       arena_fmt(a, "%" PRId64, now_s));
        rc = repo_channel_update(c, row, COL(CHANNEL_COL_CHANNEL_INFO), NULL, err);
    }
    return db_join_end(&tx, rc, err);
}

static enum err_code disable(struct disable_job *d, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    CLEANUP(arena_finip) struct arena a = {0};
    bool changed = true;
    struct str note;

    arena_init(&a, 0);
    note = channel_status_note(&a, str_from(d->reason), clock_now_s(d->relay->conf.clock));
    TRY(db_acquire(d->relay->conf.db, DB_WRITE, &c, err));
    if (d->key_number >= 0)
        TRY(disable_key(d, c, &a, err));
    if (d->key_number < 0 || d->keys_enabled <= 1)
        TRY(repo_channel_set_status(c, d->channel_id, CHANNEL_AUTO_DISABLED, note, &changed, err));
    db_release(c);
    c = NULL;
    if (!changed)
        return ERR_OK;
    log_error(NULL, "channel.disabled", "channel=%" PRId64 " key=%" PRId64 " reason=\"%s\"",
              d->channel_id, d->key_number, d->reason);
    return d->relay->conf.reload(d->relay->conf.ctx, err);
}

static void disable_work(struct offload_job *job)
{
    struct disable_job *d = container_of(job, struct disable_job, job);
    struct err err = {0};

    if (disable(d, &err) != ERR_OK)
        log_error(NULL, "channel.disable_failed", "channel=%" PRId64 " error=%s", d->channel_id,
                  err.msg);
    if (d->busy)
        atomic_store(d->busy, false);
    mem_free(d);
}

void channel_disable(struct exchange *x, _Atomic bool *busy)
{
    struct disable_job *d;

    if (busy && atomic_exchange(busy, true))
        return;
    d = mem_new(struct disable_job);
    *d = (struct disable_job){.job.work = disable_work,
                              .relay = x->rl->relay,
                              .busy = busy,
                              .channel_id = x->channel->row.id,
                              .key_number = x->key_number,
                              .keys_enabled = x->channel->key_count};
    snprintf(d->reason, sizeof d->reason, "%.*s",
             STR_ARG(utf8_prefix(x->fault.error.message, sizeof d->reason - 1)));
    if (offload_submit(x->rl->relay->conf.offload, &d->job, NULL) == ERR_OK)
        return;
    if (busy)
        atomic_store(busy, false);
    mem_free(d);
}

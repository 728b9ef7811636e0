/* `yourapi journal apply FILE...` */
#include <inttypes.h>
#include <stdio.h>

#include "app/command_rows.h"
#include "app/stores.h"
#include "cache/cache.h"
#include "ledger/apply.h"
#include "ledger/balance_shared.h"
#include "net/offload.h"
#include "net/tls.h"

struct totals {
    uint64_t records, applied, unread;
    unsigned torn, damaged;
};

static void print_file(const struct apply_file *f)
{
    printf("%.*s: ", STR_ARG(f->path));
    if (f->damaged) {
        puts("its head is damaged, nothing was read");
        return;
    }
    printf("%" PRIu64 " records, %" PRIu64 " applied now, %" PRIu64 " applied already", f->records,
           f->applied, f->records - f->applied);
    if (f->unread > 0)
        printf(", %" PRIu64 " of an unknown form left out", f->unread);
    puts(f->torn ? ", torn at its end" : "");
}

static void add(struct totals *t, const struct apply_file *f)
{
    t->records += f->records;
    t->applied += f->applied;
    t->unread += f->unread;
    t->torn += f->torn;
    t->damaged += f->damaged;
}

/* Also after a failure: what is in the database is there to stay. */
static struct totals print_files(const struct apply_file *files, size_t n)
{
    struct totals t = {.records = 0};

    for (size_t i = 0; i < n; i++) {
        print_file(&files[i]);
        add(&t, &files[i]);
    }
    printf("total: %zu files, %" PRIu64 " records, %" PRIu64 " applied now, %" PRIu64
           " applied already, %u torn, %u damaged\n",
           n, t.records, t.applied, t.records - t.applied, t.torn, t.damaged);
    return t;
}

static void ignore_change(void *ctx UNUSED, struct cache_change change UNUSED)
{
}

static enum err_code retire_each(struct redis *redis, const struct apply_file *files, size_t n,
                                 struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || files[i].journal_id != files[i - 1].journal_id)
            TRY(balance_shared_retire(redis, STR_NULL, files[i].journal_id, err));
    }
    return ERR_OK;
}

/* The other nodes count what the dead one had outstanding until they are told that all of it is in
 * the database. One that lives after all publishes it anew. */
static enum err_code tell_redis(const struct redis_conf *server, const struct apply_file *files,
                                size_t n, struct err *err)
{
    struct cache_conf conf = {.redis = server, .on_change = ignore_change};
    struct cache *cache = NULL;
    enum err_code rc;

    TRY(offload_new(1, 16, &conf.offload, err));
    conf.trust = tls_trust_new();
    rc = cache_open(&conf, &cache, err);
    if (rc == ERR_OK)
        rc = retire_each(cache_redis(cache), files, n, err);
    cache_close(cache);
    offload_free(conf.offload);
    tls_trust_free(conf.trust);
    return rc == ERR_OK ? rc
                        : err_wrap(err, "the other nodes were not told, which the same command "
                                        "does when it is given again");
}

static enum err_code apply(const struct command_call *call, struct apply_file *files,
                           struct err *err)
{
    struct stores stores;
    enum err_code rc;

    TRY(stores_open(call->options, &stores, err));
    rc = apply_files(&(struct apply_conf){.db = stores.db, .log_db = stores.log_db}, call->args,
                     call->arg_count, files, err);
    stores_close(&stores);
    return rc;
}

int command_journal_apply(const struct command_call *call)
{
    struct apply_file *files = arena_new_array(call->arena, struct apply_file, call->arg_count);
    struct err err = {.code = ERR_OK};
    struct totals t;
    enum err_code rc;

    if (call->arg_count == 0) {
        (void)err_set(&err, ERR_BAD_REQUEST, "journal apply: which files?");
        return command_fail(&err);
    }
    rc = apply(call, files, &err);
    if (rc != ERR_OK && !files[0].path.p)
        return command_fail(&err);
    t = print_files(files, call->arg_count);
    if (rc != ERR_OK)
        return command_fail(&err);
    if (t.damaged + t.unread > 0)
        return COMMAND_FAILED;
    if (call->options->redis &&
        tell_redis(call->options->redis, files, call->arg_count, &err) != ERR_OK)
        return command_fail(&err);
    return COMMAND_DONE;
}

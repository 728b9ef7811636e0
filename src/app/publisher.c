#include "app/publisher.h"

#include <pthread.h>

#include "base/mem.h"
#include "store/repo_channel.h"
#include "store/repo_option.h"

struct publisher {
    struct db *db;
    struct relay *relay;
    uint64_t version;
    pthread_mutex_t reload_lock; /* held while reading and publishing, so that an older reading
                                    never follows a newer one */
    pthread_mutex_t lock;        /* guards `current`; leaf */
    struct snapshot *current;
};

struct publisher *publisher_new(struct db *db)
{
    struct publisher *p = mem_new(struct publisher);

    p->db = db;
    pthread_mutex_init(&p->reload_lock, NULL);
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

void publisher_free(struct publisher *p)
{
    if (!p)
        return;
    snapshot_put(p->current);
    pthread_mutex_destroy(&p->lock);
    pthread_mutex_destroy(&p->reload_lock);
    mem_free(p);
}

void publisher_set_relay(struct publisher *p, struct relay *relay)
{
    p->relay = relay;
}

static enum err_code read_snapshot(struct publisher *p, struct snapshot **out, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    CLEANUP(arena_finip) struct arena a = {0};
    struct channel *channels;
    struct option_row *options;
    size_t channel_count, option_count;

    arena_init(&a, 64 * 1024);
    TRY(db_acquire(p->db, DB_READ, &c, err));
    TRY(repo_channel_list_all(c, &a, &channels, &channel_count, err));
    TRY(repo_option_list(c, &a, &options, &option_count, err));
    *out = snapshot_build(channels, channel_count, options, option_count, ++p->version);
    return ERR_OK;
}

enum err_code publisher_reload(struct publisher *p, struct err *err)
{
    struct snapshot *fresh, *old;
    enum err_code rc;

    pthread_mutex_lock(&p->reload_lock);
    rc = read_snapshot(p, &fresh, err);
    if (rc == ERR_OK) {
        if (p->relay)
            relay_publish(p->relay, snapshot_get(fresh), true);
        pthread_mutex_lock(&p->lock);
        old = p->current;
        p->current = fresh;
        pthread_mutex_unlock(&p->lock);
        snapshot_put(old);
    }
    pthread_mutex_unlock(&p->reload_lock);
    return rc;
}

struct snapshot *publisher_snapshot(struct publisher *p)
{
    pthread_mutex_lock(&p->lock);
    struct snapshot *s = snapshot_get(p->current);
    pthread_mutex_unlock(&p->lock);
    return s;
}

#include "store/db_pool.h"

#include <poll.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/wait.h"

enum { MAX_OPEN = 1000, MAX_IDLE = 100, CHECK_MS = 10000, WAIT_MS = 5000 };
enum { SLOW_MS = 1000, LOOK_MS = 500, AGAIN_MS = 1000 };

struct db_pool {
    struct db_pool_conf conf;
    const struct db_pool_ops *ops;
    void *ctx;
    struct db_watch *watch; /* NULL: none */
    pthread_mutex_t lock;   /* a leaf */
    pthread_cond_t returned;
    struct list idle; /* the last one used first, so that what is too many grows old */
    unsigned open, idle_count;
};

static int64_t now_ms(void)
{
    return (int64_t)clock_mono_ms();
}

struct db_pool_conf db_pool_conf_of(const struct db_conf *conf)
{
    return (struct db_pool_conf){
        .max_open = conf->max_open_conns ? conf->max_open_conns : MAX_OPEN,
        .max_idle = conf->max_idle_conns ? conf->max_idle_conns : MAX_IDLE,
        .lifetime_ms = conf->conn_lifetime_ms,
        .check_ms = CHECK_MS,
        .wait_ms = conf->busy_timeout_ms > 0 ? conf->busy_timeout_ms : WAIT_MS,
    };
}

struct db_pool *db_pool_new(const struct db_pool_conf *conf, const struct db_pool_ops *ops,
                            void *ctx)
{
    struct db_pool *p = mem_new(struct db_pool);

    assert(conf->max_open > 0);
    p->conf = *conf;
    p->ops = ops;
    p->ctx = ctx;
    if (ops->answers)
        p->watch = db_watch_new(&(struct db_watch_conf){.answers = ops->answers,
                                                        .ctx = ctx,
                                                        .slow_ms = SLOW_MS,
                                                        .look_ms = LOOK_MS,
                                                        .again_ms = AGAIN_MS});
    list_init(&p->idle);
    pthread_mutex_init(&p->lock, NULL);
    wait_init(&p->returned);
    return p;
}

void db_pool_free(struct db_pool *p)
{
    struct list *node;

    if (!p)
        return;
    assert(p->open == p->idle_count);
    db_watch_free(p->watch);
    while ((node = list_pop_front(&p->idle)))
        p->ops->close(list_entry(node, struct db_pool_conn, idle));
    pthread_cond_destroy(&p->returned);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

/* Taking. */

static bool can_take_locked(const struct db_pool *p)
{
    return p->idle_count > 0 || p->open < p->conf.max_open;
}

static bool wait_for_one_locked(struct db_pool *p, const struct timespec *until)
{
    while (!can_take_locked(p))
        if (!wait_locked(&p->returned, &p->lock, until))
            return can_take_locked(p);
    return true;
}

/* An idle one, or NULL after counting a new one in, which the caller must open. */
static struct db_pool_conn *take_locked(struct db_pool *p)
{
    struct list *node = list_pop_front(&p->idle);

    if (!node) {
        p->open++;
        return NULL;
    }
    p->idle_count--;
    return list_entry(node, struct db_pool_conn, idle);
}

/* One fewer is open. */
static void count_out(struct db_pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->open--;
    pthread_cond_signal(&p->returned);
    pthread_mutex_unlock(&p->lock);
}

static bool too_old(const struct db_pool *p, const struct db_pool_conn *c, int64_t now)
{
    return p->conf.lifetime_ms > 0 && now - c->opened_ms >= p->conf.lifetime_ms;
}

/* A server says nothing unasked but good-bye: something to read on an idle connection is a reason
 * to look closer. */
static bool has_word(const struct db_pool_conn *c)
{
    struct pollfd fd = {.fd = c->socket, .events = POLLIN};

    return c->socket >= 0 && poll(&fd, 1, 0) != 0;
}

static bool usable(struct db_pool *p, struct db_pool_conn *c)
{
    int64_t now = now_ms();

    if (too_old(p, c, now))
        return false;
    if (now - c->used_ms < p->conf.check_ms && !has_word(c))
        return true;
    return p->ops->alive(c);
}

static enum err_code open_new(struct db_pool *p, struct db_pool_conn **out, struct err *err)
{
    struct db_watched opening;
    enum err_code rc;

    db_watch_out(p->watch, &opening, -1);
    rc = p->ops->open(p->ctx, out, err);
    db_watch_in(p->watch, &opening);
    if (rc != ERR_OK) {
        *out = NULL;
        count_out(p);
        db_watch_suspect(p->watch);
        return rc;
    }
    db_watch_begin(p->watch);
    (*out)->opened_ms = (*out)->used_ms = now_ms();
    db_watch_out(p->watch, &(*out)->watched, (*out)->socket);
    return ERR_OK;
}

enum err_code db_pool_take(struct db_pool *p, struct db_pool_conn **out, struct err *err)
{
    struct timespec until = wait_until_ms(p->conf.wait_ms);

    for (;;) {
        struct db_pool_conn *c = NULL;
        bool free;

        *out = NULL;
        TRY(db_watch_check(p->watch, err));
        pthread_mutex_lock(&p->lock);
        free = wait_for_one_locked(p, &until);
        if (free)
            c = take_locked(p);
        pthread_mutex_unlock(&p->lock);
        if (!free)
            return err_set(err, ERR_UNAVAILABLE,
                           "none of the %u connections to the database was free for %lld ms",
                           p->conf.max_open, (long long)p->conf.wait_ms);
        if (!c)
            return open_new(p, out, err);
        db_watch_out(p->watch, &c->watched, c->socket);
        if (usable(p, c)) {
            *out = c;
            return ERR_OK;
        }
        /* After a restart of the server all idle ones are closed one after the other. */
        db_watch_in(p->watch, &c->watched);
        p->ops->close(c);
        count_out(p);
    }
}

void db_pool_give(struct db_pool *p, struct db_pool_conn *c)
{
    int64_t now = now_ms();
    bool keep = !c->broken && !too_old(p, c, now);

    db_watch_in(p->watch, &c->watched);
    pthread_mutex_lock(&p->lock);
    keep = keep && p->idle_count < p->conf.max_idle;
    if (keep) {
        c->used_ms = now;
        list_push_front(&p->idle, &c->idle);
        p->idle_count++;
        pthread_cond_signal(&p->returned);
    }
    pthread_mutex_unlock(&p->lock);
    if (keep)
        return;
    p->ops->close(c);
    count_out(p);
}

void db_pool_socket(struct db_pool *p, struct db_pool_conn *c, int socket)
{
    c->socket = socket;
    db_watch_socket(p->watch, &c->watched, socket);
}

enum err_code db_pool_check(struct db_pool *p, struct err *err)
{
    return db_watch_check(p->watch, err);
}

void db_pool_health(struct db_pool *p, struct db_health *out)
{
    db_watch_health(p->watch, out);
}

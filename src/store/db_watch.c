#include "store/db_watch.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/wait.h"

struct db_watch {
    struct db_watch_conf conf;
    pthread_t thread;
    pthread_mutex_t lock; /* a leaf; of what is below */
    pthread_cond_t wake;
    struct list waiting; /* the one who has waited for the longest first */
    bool begun, ending, suspect;
    int64_t ask_at_ms; /* not before */
    struct db_health health;
};

static int64_t now_ms(void)
{
    return (int64_t)clock_mono_ms();
}

struct db_watch *db_watch_new(const struct db_watch_conf *conf)
{
    struct db_watch *w = mem_new(struct db_watch);

    w->conf = *conf;
    w->health.up = true;
    w->health.since_s = clock_now_s(clock_system());
    list_init(&w->waiting);
    pthread_mutex_init(&w->lock, NULL);
    wait_init(&w->wake);
    return w;
}

/* ---- the thread ---- */

static bool is_due_locked(const struct db_watch *w)
{
    const int64_t now = now_ms();
    const struct db_watched *first;

    if (now < w->ask_at_ms)
        return false;
    if (!w->health.up || w->suspect)
        return true;
    if (list_empty(&w->waiting))
        return false;
    first = list_entry(w->waiting.next, struct db_watched, link);
    return now - first->since_ms >= w->conf.slow_ms;
}

/* Their owners read an end where they waited for an answer. The descriptors stay theirs to close,
 * but not before the list says so; so shutdown(), which does not wait, is called under the lock. */
static void cut_locked(struct db_watch *w)
{
    LIST_FOR_EACH (it, &w->waiting) {
        const struct db_watched *who = list_entry(it, struct db_watched, link);

        if (who->socket >= 0)
            (void)shutdown(who->socket, SHUT_RDWR);
    }
}

static void set_health_locked(struct db_watch *w, bool up, const char *why)
{
    if (up != w->health.up)
        w->health.since_s = clock_now_s(clock_system());
    w->health.up = up;
    snprintf(w->health.error, sizeof w->health.error, "%s", why);
}

static void tell(bool up, int64_t since_s, const char *why)
{
    if (up)
        log_info(NULL, "db.back", "away_s=%" PRId64, clock_now_s(clock_system()) - since_s);
    else
        log_error(NULL, "db.down", "error=\"%s\": asked again until it answers", why);
}

/* Called with the lock, which is free while the server is asked. */
static void ask_locked(struct db_watch *w)
{
    struct err err = {.msg = ""};
    bool up, changed;
    int64_t since_s;

    w->suspect = false;
    pthread_mutex_unlock(&w->lock);
    up = w->conf.answers(w->conf.ctx, &err);
    pthread_mutex_lock(&w->lock);
    changed = up != w->health.up;
    since_s = w->health.since_s;
    set_health_locked(w, up, up ? "" : err.msg);
    w->ask_at_ms = now_ms() + w->conf.again_ms;
    if (!up)
        cut_locked(w);
    if (!changed)
        return;
    pthread_mutex_unlock(&w->lock);
    tell(up, since_s, err.msg);
    pthread_mutex_lock(&w->lock);
}

static void *run(void *arg)
{
    struct db_watch *w = arg;

    thread_begin("db-watch", THREAD_BEHIND);
    pthread_mutex_lock(&w->lock);
    while (!w->ending) {
        struct timespec until = wait_until_ms(w->conf.look_ms);

        if (is_due_locked(w))
            ask_locked(w);
        else
            (void)wait_locked(&w->wake, &w->lock, &until);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Without its thread (there are too many) a database works as well, it is only not watched. */
void db_watch_begin(struct db_watch *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    if (!w->begun)
        w->begun = pthread_create(&w->thread, NULL, run, w) == 0;
    pthread_mutex_unlock(&w->lock);
}

void db_watch_free(struct db_watch *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    assert(list_empty(&w->waiting));
    w->ending = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    if (w->begun)
        pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    mem_free(w);
}

/* ---- who waits ---- */

void db_watch_out(struct db_watch *w, struct db_watched *who, int socket)
{
    if (!w)
        return;
    who->since_ms = now_ms();
    who->socket = socket;
    pthread_mutex_lock(&w->lock);
    list_push_back(&w->waiting, &who->link);
    pthread_mutex_unlock(&w->lock);
}

void db_watch_in(struct db_watch *w, struct db_watched *who)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    list_remove(&who->link);
    pthread_mutex_unlock(&w->lock);
}

void db_watch_socket(struct db_watch *w, struct db_watched *who, int socket)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    who->socket = socket;
    pthread_mutex_unlock(&w->lock);
}

void db_watch_suspect(struct db_watch *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->suspect = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

/* ---- what is known ---- */

enum err_code db_watch_check(struct db_watch *w, struct err *err)
{
    struct db_health health;

    db_watch_health(w, &health);
    if (health.up)
        return ERR_OK;
    return err_set(err, ERR_UNAVAILABLE, "the database does not answer: %s", health.error);
}

void db_watch_health(struct db_watch *w, struct db_health *out)
{
    *out = (struct db_health){.up = true};
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    *out = w->health;
    pthread_mutex_unlock(&w->lock);
}

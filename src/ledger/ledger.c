#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/wait.h"
#include "ledger/batch.h"
#include "ledger/flush.h"
#include "ledger/replay.h"
#include "obs/metrics.h"
#include "store/db.h"

enum {
    GATHER_MS = 50,  /* records are collected so long, so that accounts are updated once for many */
    SLEEP_MS = 1000, /* nothing to do; also the pace of syncing */
    RETRY_FIRST_MS = 100,
    RETRY_MOST_MS = 5000,
    HURRY_PAUSE_US = 10000, /* between tries even when somebody waits */
    PATH_BYTES = 4096
};

/* A wake-up costs the loop a lock, so it is for the deepest of the three only. */
enum state { AWAKE, GATHERING, ASLEEP };

struct ledger {
    struct ledger_conf conf;
    struct journal **journals;
    _Atomic uint64_t *applied; /* a journal each: position up to which it is in the database */
    int lock_fd;
    pthread_t thread;
    bool started;
    _Atomic int state;        /* enum state; written by the thread, and to AWAKE by a waker */
    _Atomic int64_t oldest_s; /* created_at of the oldest record of the batch in hand; 0: none */
    struct {
        pthread_mutex_t lock;
        pthread_cond_t wake, progress; /* of the thread; of those who wait for it */
        bool stop;
        unsigned hurry; /* callers that wait for a flush: no gathering */
        uint64_t
            give_up_at_ms; /* with stop: when an unreachable database is no longer waited for */
    } shared;
    struct { /* only the thread */
        struct flush flush;
        struct flush_item *items;
        size_t count, limit;   /* records in `items`, and as many may be */
        uint64_t *read_to;     /* a journal each: position up to which it is in `items` */
        unsigned next_journal; /* where collecting begins, so that none starves */
        uint64_t synced_at_ms;
    } own;
};

/* ---- waiting ---- */

static bool has_work(struct ledger *l)
{
    for (unsigned i = 0; i < l->conf.journals; i++) {
        if (journal_written(l->journals[i]) > atomic_load(&l->applied[i]))
            return true;
    }
    return false;
}

/* Sleeps until somebody wakes it, at most `ms`. The state is set before the journals are looked at
 * once more, and a loop writes its journal before it looks at the state: one of the two sees the
 * other (both in sequentially consistent order). */
static void sleep_unless_work(struct ledger *l, int64_t ms)
{
    struct timespec until = wait_until_ms(ms);

    atomic_store(&l->state, ASLEEP);
    if (!has_work(l)) {
        pthread_mutex_lock(&l->shared.lock);
        while (atomic_load(&l->state) == ASLEEP && !l->shared.stop && l->shared.hurry == 0) {
            if (!wait_locked(&l->shared.wake, &l->shared.lock, &until))
                break;
        }
        pthread_mutex_unlock(&l->shared.lock);
    }
    atomic_store(&l->state, AWAKE);
}

/* Lets records come together, unless somebody is in a hurry. */
static void gather(struct ledger *l, int64_t ms)
{
    struct timespec until = wait_until_ms(ms);

    atomic_store(&l->state, GATHERING);
    pthread_mutex_lock(&l->shared.lock);
    while (!l->shared.stop && l->shared.hurry == 0) {
        if (!wait_locked(&l->shared.wake, &l->shared.lock, &until))
            break;
    }
    pthread_mutex_unlock(&l->shared.lock);
    atomic_store(&l->state, AWAKE);
}

void ledger_wake(struct ledger *l)
{
    int asleep = ASLEEP;

    if (atomic_load(&l->state) != ASLEEP ||
        !atomic_compare_exchange_strong(&l->state, &asleep, AWAKE))
        return;
    pthread_mutex_lock(&l->shared.lock);
    pthread_cond_signal(&l->shared.wake);
    pthread_mutex_unlock(&l->shared.lock);
}

static bool stopping(struct ledger *l)
{
    bool stop;

    pthread_mutex_lock(&l->shared.lock);
    stop = l->shared.stop;
    pthread_mutex_unlock(&l->shared.lock);
    return stop;
}

/* Between two tries: true when it is time to give up. */
static bool pause_and_give_up(struct ledger *l, int64_t ms)
{
    struct timespec until = wait_until_ms(ms);
    bool give_up;

    pthread_mutex_lock(&l->shared.lock);
    if (!l->shared.stop)
        (void)wait_locked(&l->shared.wake, &l->shared.lock, &until);
    give_up = l->shared.stop && clock_mono_ms() >= l->shared.give_up_at_ms;
    pthread_mutex_unlock(&l->shared.lock);
    if (!give_up)
        usleep(HURRY_PAUSE_US);
    return give_up;
}

/* ---- a batch ---- */

static void add_item(struct ledger *l, struct str payload, struct journal_mark end)
{
    struct flush_item *item = &l->own.items[l->own.count];
    struct err err = {.msg = ""};

    if (record_decode(payload, &item->record, &err) != ERR_OK) {
        log_error(NULL, "ledger.record",
                  "journal=%016" PRIx64 " position=%" PRIu64 " error=%s: left out", end.journal_id,
                  end.position, err.msg);
        return;
    }
    item->end = end;
    l->own.count++;
}

/* False: there is nothing to read. A record that cannot be decoded counts as read. */
static bool collect(struct ledger *l)
{
    struct journal_mark end;
    struct str payload;
    bool any = false;

    assert(l->conf.journals > 0);
    l->own.count = 0;
    for (unsigned k = 0; k < l->conf.journals; k++) {
        unsigned i = (l->own.next_journal + k) % l->conf.journals;

        while (l->own.count < l->own.limit && journal_read(l->journals[i], &payload, &end)) {
            add_item(l, payload, end);
            l->own.read_to[i] = end.position;
            any = true;
        }
    }
    l->own.next_journal = (l->own.next_journal + 1) % l->conf.journals;
    return any;
}

static void note_oldest(struct ledger *l)
{
    int64_t oldest = 0;

    for (size_t i = 0; i < l->own.count; i++) {
        int64_t at = l->own.items[i].record.created_at_s;

        if (oldest == 0 || at < oldest)
            oldest = at;
    }
    atomic_store(&l->oldest_s, oldest);
    metrics_set(l->conf.metrics, METRIC_JOURNAL_LAG, ledger_lag_s(l));
}

static void care_for_files(struct ledger *l)
{
    uint64_t now_ms = clock_mono_ms();

    for (unsigned i = 0; i < l->conf.journals; i++)
        journal_prepare(l->journals[i]);
    if (now_ms - l->own.synced_at_ms < SLEEP_MS)
        return;
    l->own.synced_at_ms = now_ms;
    for (unsigned i = 0; i < l->conf.journals; i++)
        journal_sync(l->journals[i]);
}

/* The journals fill while the database is away. False: the ledger is closed meanwhile. */
static bool apply_batch(struct ledger *l)
{
    struct err err = {.msg = ""};
    int64_t pause_ms = RETRY_FIRST_MS;
    uint64_t began_ms = clock_mono_ms();
    bool failed = false;

    while (flush_apply(&l->own.flush, l->own.items, l->own.count, &err) != ERR_OK) {
        if (!failed)
            log_error(NULL, "ledger.waiting", "records=%zu error=%s: trying again until it works",
                      l->own.count, err.msg);
        failed = true;
        note_oldest(l);
        care_for_files(l);
        if (pause_and_give_up(l, pause_ms))
            return false;
        pause_ms = pause_ms * 2 < RETRY_MOST_MS ? pause_ms * 2 : RETRY_MOST_MS;
    }
    if (failed)
        log_info(NULL, "ledger.applied_again", "records=%zu", l->own.count);
    l->own.limit =
        batch_next_limit(l->own.limit, l->conf.batch_records, clock_mono_ms() - began_ms);
    return true;
}

static void finish_batch(struct ledger *l)
{
    l->own.count = 0;
    note_oldest(l); /* before it: who sees that all is applied sees no lag either */
    for (unsigned i = 0; i < l->conf.journals; i++) {
        atomic_store(&l->applied[i], l->own.read_to[i]);
        journal_discard(l->journals[i]);
    }
    pthread_mutex_lock(&l->shared.lock);
    pthread_cond_broadcast(&l->shared.progress);
    pthread_mutex_unlock(&l->shared.lock);
}

/* ---- the thread ---- */

/* No record waits. A failure is left to the next pause after a batch. */
static void use_the_pause(struct ledger *l)
{
    struct err err = {.msg = ""};

    if (flush_index(&l->own.flush, &err) == ERR_OK)
        return;
    log_warn(NULL, "ledger.sums", "error=%s", err.msg);
    l->own.flush.index_due = false;
}

static void *run(void *arg)
{
    struct ledger *l = arg;

    thread_begin("ledger", THREAD_BEHIND);
    for (;;) {
        bool last = stopping(l); /* asked first, so that what came before the stop is collected */
        bool any = collect(l), full = l->own.count == l->own.limit;

        if (any) {
            note_oldest(l);
            if (l->own.count > 0 && !apply_batch(l))
                break;
            finish_batch(l);
        } else if (last) {
            break;
        } else if (l->own.flush.index_due) {
            use_the_pause(l);
        } else if (!has_work(l)) {
            sleep_unless_work(l, SLEEP_MS);
        }
        care_for_files(l);
        if (!full)
            gather(l, GATHER_MS);
    }
    return NULL;
}

/* ---- open and close ---- */

static enum err_code make_folder(struct ledger *l, struct err *err)
{
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof path, "%.*s", STR_ARG(l->conf.journal_dir));

    if (n < 0 || (size_t)n >= sizeof path)
        return err_set(err, ERR_IO, "the path of the journal folder is too long");
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return err_set(err, ERR_IO, "cannot make the journal folder %s: %s", path, strerror(errno));
    return ERR_OK;
}

/* Replaying the journal of a live process would charge its calls twice. */
static enum err_code lock_folder(struct ledger *l, struct err *err)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%.*s/lock", STR_ARG(l->conf.journal_dir));
    l->lock_fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (l->lock_fd < 0)
        return err_set(err, ERR_IO, "cannot make %s: %s", path, strerror(errno));
    if (flock(l->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, ERR_IO, "the journal folder %.*s is in use by another process",
                       STR_ARG(l->conf.journal_dir));
    return ERR_OK;
}

static enum err_code open_journals(struct ledger *l, struct err *err)
{
    for (unsigned i = 0; i < l->conf.journals; i++) {
        TRY(journal_open(l->conf.journal_dir, l->conf.segment_bytes, &l->journals[i], err));
        TRY(flush_know(&l->own.flush, journal_id(l->journals[i]), err));
        if (l->conf.shared)
            TRY(flush_announce(&l->own.flush, journal_id(l->journals[i]), err));
    }
    return ERR_OK;
}

static enum err_code start_thread(struct ledger *l, struct err *err)
{
    int failed = pthread_create(&l->thread, NULL, run, l);

    if (failed)
        return err_set(err, ERR_IO, "cannot start the ledger thread: %s", strerror(failed));
    l->started = true;
    return ERR_OK;
}

static enum err_code open_parts(struct ledger *l, struct err *err)
{
    TRY(make_folder(l, err));
    TRY(lock_folder(l, err));
    TRY(replay_run(l->conf.journal_dir, &l->own.flush, err));
    TRY(open_journals(l, err));
    return start_thread(l, err);
}

static void init_shared(struct ledger *l)
{
    pthread_mutex_init(&l->shared.lock, NULL);
    wait_init(&l->shared.wake);
    wait_init(&l->shared.progress);
}

static struct str keep(struct str s)
{
    char *copy = mem_alloc(s.n + 1);

    memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return str_make(copy, s.n);
}

enum err_code ledger_open(const struct ledger_conf *conf, struct ledger **out, struct err *err)
{
    struct ledger *l = mem_new(struct ledger);
    enum err_code rc;

    assert(conf->journals > 0);
    l->conf = *conf;
    l->conf.journal_dir = keep(conf->journal_dir);
    if (l->conf.batch_records == 0)
        l->conf.batch_records = LEDGER_BATCH;
    l->lock_fd = -1;
    l->journals = mem_zalloc(conf->journals * sizeof(struct journal *));
    l->applied = mem_zalloc(conf->journals * sizeof *l->applied);
    l->own.items = mem_zalloc(l->conf.batch_records * sizeof *l->own.items);
    l->own.limit = l->conf.batch_records;
    l->own.read_to = mem_zalloc(conf->journals * sizeof *l->own.read_to);
    init_shared(l);
    flush_init(&l->own.flush, conf->db, conf->log_db, conf->balances, conf->metrics);
    l->own.flush.shared = conf->shared;
    if (conf->balances)
        balances_set_source(conf->balances, conf->db);
    *out = NULL;
    rc = open_parts(l, err);
    if (rc != ERR_OK)
        ledger_close(l, 0);
    else
        *out = l;
    return rc;
}

/* A journal that is applied to its end leaves nothing behind. */
static void close_journal(struct ledger *l, unsigned i)
{
    struct journal *j = l->journals[i];
    struct err err = {.msg = ""};
    uint64_t id;
    char *done;

    if (!j)
        return;
    id = journal_id(j);
    if (!l->started || journal_written(j) > atomic_load(&l->applied[i])) {
        journal_close(j);
        return;
    }
    done = journal_finish(j);
    if (flush_forget(&l->own.flush, id, &err) != ERR_OK)
        log_warn(NULL, "ledger.forget", "error=%s: the next start does it", err.msg);
    else
        unlink(done);
    mem_free(done);
}

static void stop_thread(struct ledger *l, int64_t timeout_ms)
{
    if (!l->started)
        return;
    pthread_mutex_lock(&l->shared.lock);
    l->shared.stop = true;
    l->shared.give_up_at_ms = clock_mono_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
    pthread_cond_signal(&l->shared.wake);
    pthread_mutex_unlock(&l->shared.lock);
    pthread_join(l->thread, NULL);
}

void ledger_close(struct ledger *l, int64_t timeout_ms)
{
    if (!l)
        return;
    stop_thread(l, timeout_ms);
    for (unsigned i = 0; i < l->conf.journals; i++)
        close_journal(l, i);
    flush_fini(&l->own.flush);
    if (l->lock_fd >= 0)
        close(l->lock_fd);
    pthread_cond_destroy(&l->shared.wake);
    pthread_cond_destroy(&l->shared.progress);
    pthread_mutex_destroy(&l->shared.lock);
    mem_free(l->own.items);
    mem_free(l->own.read_to);
    mem_free((void *)l->applied);
    mem_free(l->journals);
    mem_free((char *)(uintptr_t)l->conf.journal_dir.p);
    mem_free(l);
}

struct journal *ledger_journal(struct ledger *l, unsigned i)
{
    assert(i < l->conf.journals);
    return l->journals[i];
}

static bool reached(struct ledger *l, const uint64_t *targets)
{
    for (unsigned i = 0; i < l->conf.journals; i++) {
        if (atomic_load(&l->applied[i]) < targets[i])
            return false;
    }
    return true;
}

bool ledger_flush(struct ledger *l, int64_t timeout_ms)
{
    struct timespec until = wait_until_ms(timeout_ms);
    uint64_t *targets = mem_zalloc(l->conf.journals * sizeof *targets);
    bool done;

    for (unsigned i = 0; i < l->conf.journals; i++)
        targets[i] = journal_written(l->journals[i]);
    pthread_mutex_lock(&l->shared.lock);
    l->shared.hurry++;
    pthread_cond_signal(&l->shared.wake);
    while (!(done = reached(l, targets))) {
        if (!wait_locked(&l->shared.progress, &l->shared.lock, &until)) {
            done = reached(l, targets);
            break;
        }
    }
    l->shared.hurry--;
    pthread_mutex_unlock(&l->shared.lock);
    mem_free(targets);
    return done;
}

void ledger_set_data_export(struct ledger *l, bool enabled)
{
    atomic_store(&l->own.flush.data_export, enabled);
}

int64_t ledger_lag_s(const struct ledger *l)
{
    int64_t oldest = atomic_load(&l->oldest_s), age;

    if (oldest == 0)
        return 0;
    age = clock_now_s(l->conf.clock) - oldest;
    return age > 0 ? age : 0;
}

#include "ledger/journal.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "ledger/segment.h"

enum { TOUCH_BYTES = 128 * 1024 };

struct journal {
    uint64_t id;
    size_t segment_bytes;
    _Atomic uint64_t written; /* position behind the last record */
    struct {                  /* only the owning loop */
        struct segment *segment;
        size_t at, touched; /* up to where its pages are ready */
    } loop;
    struct { /* only the ledger thread */
        struct segment *segment;
        size_t at;
        struct segment *oldest; /* first one that is not discarded; a chain to `segment` */
        uint64_t synced;        /* position */
    } reader;
    struct { /* under lock */
        pthread_mutex_t lock;
        struct segment *spare;
        uint64_t seq, position; /* of the next segment to make */
    } making;
    struct str dir;
};

/* Seconds in the upper half, so that two processes would have to start in the same second and draw
 * the same 32 bits. */
static uint64_t fresh_id(void)
{
    return (uint64_t)time(NULL) << 32 | (random_u64() & 0xffffffff);
}

static enum err_code make_locked(struct journal *j, size_t record_bytes, struct segment **out,
                                 struct err *err)
{
    size_t bytes = SEGMENT_HEAD + record_bytes;

    if (bytes < j->segment_bytes)
        bytes = j->segment_bytes;
    enum err_code rc =
        segment_make(j->dir, j->id, j->making.seq, j->making.position, bytes, out, err);

    if (rc != ERR_OK)
        return rc;
    j->making.seq++;
    j->making.position += (*out)->bytes;
    return ERR_OK;
}

enum err_code journal_open(struct str dir, size_t segment_bytes, struct journal **out,
                           struct err *err)
{
    struct journal *j = mem_new(struct journal);
    char *dir_copy = mem_alloc(dir.n + 1);
    struct segment *first;
    enum err_code rc;

    memcpy(dir_copy, dir.p, dir.n);
    dir_copy[dir.n] = '\0';
    j->dir = str_make(dir_copy, dir.n);
    j->id = fresh_id();
    j->segment_bytes = segment_bytes ? segment_bytes : JOURNAL_SEGMENT_BYTES;
    if (j->segment_bytes < SEGMENT_BYTES_MIN)
        j->segment_bytes = SEGMENT_BYTES_MIN;
    pthread_mutex_init(&j->making.lock, NULL);
    *out = NULL;
    rc = make_locked(j, 0, &first, err);
    if (rc != ERR_OK) {
        journal_close(j);
        return rc;
    }
    j->loop.segment = j->reader.segment = j->reader.oldest = first;
    j->loop.at = j->reader.at = SEGMENT_HEAD;
    *out = j;
    return ERR_OK;
}

static void close_segments(struct journal *j, bool remove_files)
{
    struct segment *s = j->reader.oldest, *next;

    for (; s; s = next) {
        next = atomic_load(&s->next);
        segment_close(s, remove_files);
    }
    segment_close(j->making.spare, remove_files);
}

static void journal_free(struct journal *j)
{
    pthread_mutex_destroy(&j->making.lock);
    mem_free((char *)(uintptr_t)j->dir.p);
    mem_free(j);
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    close_segments(j, false);
    journal_free(j);
}

char *journal_finish(struct journal *j)
{
    char *done;

    /* The rename is the one moment at which the journal ends: before it every file is replayed (to
     * no effect), after it none but perhaps the empty spare. */
    done = segment_put_aside(j->reader.segment, "done");
    j->reader.oldest = NULL;
    segment_close(j->reader.segment, false);
    segment_close(j->making.spare, true);
    journal_free(j);
    return done;
}

/* ---- loop ---- */

static enum err_code roll_over(struct journal *j, size_t record_bytes, struct err *err)
{
    struct segment *next = NULL;
    enum err_code rc = ERR_OK;

    pthread_mutex_lock(&j->making.lock);
    if (j->making.spare) {
        next = j->making.spare;
        j->making.spare = NULL;
    } else {
        rc = make_locked(j, record_bytes, &next, err);
    }
    pthread_mutex_unlock(&j->making.lock);
    if (rc != ERR_OK)
        return rc;
    /* Nothing is ever appended to the old one again; whoever sees `next` may rely on that. */
    atomic_store_explicit(&j->loop.segment->next, next, memory_order_release);
    j->loop.segment = next;
    j->loop.at = j->loop.touched = SEGMENT_HEAD;
    return ERR_OK;
}

enum err_code journal_append(struct journal *j, const struct usage_record *r, struct err *err)
{
    size_t payload = record_size(r), bytes = segment_record_bytes(payload);

    /* Twice at most: a spare may be too small for a record that is larger than a segment. */
    while (j->loop.at + bytes > j->loop.segment->bytes) {
        enum err_code rc = roll_over(j, bytes, err);

        if (rc != ERR_OK)
            return rc;
    }
    if (j->loop.at + bytes > j->loop.touched) {
        segment_touch(j->loop.segment, j->loop.at, TOUCH_BYTES + bytes);
        j->loop.touched = j->loop.at + TOUCH_BYTES + bytes;
    }
    record_encode(r, segment_payload(j->loop.segment, j->loop.at));
    segment_publish(j->loop.segment, j->loop.at, payload);
    j->loop.at += bytes;
    atomic_store(&j->written, j->loop.segment->position + j->loop.at);
    return ERR_OK;
}

/* Eighth of a segment: room for some thousand calls under way. */
static bool is_nearly_full(const struct journal *j)
{
    return j->loop.segment->bytes - j->loop.at < j->segment_bytes / 8;
}

bool journal_has_room(struct journal *j)
{
    struct err err;
    bool ready;

    if (!is_nearly_full(j))
        return true;
    pthread_mutex_lock(&j->making.lock);
    ready = j->making.spare || make_locked(j, 0, &j->making.spare, &err) == ERR_OK;
    pthread_mutex_unlock(&j->making.lock);
    return ready;
}

uint64_t journal_written(const struct journal *j)
{
    return atomic_load(&j->written);
}

uint64_t journal_id(const struct journal *j)
{
    return j->id;
}

/* ---- ledger thread ---- */

/* Goes to the next segment; false: there is none, or the one in hand has got another record in the
 * meantime. */
static bool next_segment(struct journal *j, bool torn)
{
    struct segment *s = j->reader.segment,
                   *next = atomic_load_explicit(&s->next, memory_order_acquire);
    struct str payload;
    size_t at = j->reader.at;

    if (!next || (!torn && segment_read(s, &at, &payload) == SEGMENT_RECORD))
        return false;
    if (torn)
        log_error(NULL, "journal.torn", "file=%s offset=%zu: what follows in it is not read",
                  s->path, j->reader.at);
    j->reader.segment = next;
    j->reader.at = SEGMENT_HEAD;
    return true;
}

bool journal_read(struct journal *j, struct str *payload, struct journal_mark *end)
{
    enum segment_result result;

    for (;;) {
        result = segment_read(j->reader.segment, &j->reader.at, payload);
        if (result == SEGMENT_RECORD)
            break;
        if (next_segment(j, result == SEGMENT_TORN))
            continue;
        /* A record may have come between the reading and the look at the next segment. */
        result = segment_read(j->reader.segment, &j->reader.at, payload);
        if (result == SEGMENT_RECORD)
            break;
        return false;
    }
    *end = (struct journal_mark){.journal_id = j->id,
                                 .position = j->reader.segment->position + j->reader.at};
    return true;
}

void journal_discard(struct journal *j)
{
    while (j->reader.oldest != j->reader.segment) {
        struct segment *s = j->reader.oldest;

        j->reader.oldest = atomic_load(&s->next);
        segment_close(s, true);
    }
}

void journal_prepare(struct journal *j)
{
    struct err err = {.msg = ""};

    pthread_mutex_lock(&j->making.lock);
    if (!j->making.spare && journal_written(j) + j->segment_bytes / 2 > j->making.position &&
        make_locked(j, 0, &j->making.spare, &err) != ERR_OK)
        log_warn(NULL, "journal.prepare", "error=%s", err.msg);
    pthread_mutex_unlock(&j->making.lock);
}

void journal_sync(struct journal *j)
{
    uint64_t written = journal_written(j);

    if (written == j->reader.synced)
        return;
    for (struct segment *s = j->reader.oldest; s; s = atomic_load(&s->next)) {
        if (s->position + s->bytes > j->reader.synced && s->position < written)
            msync(s->base, s->bytes, MS_SYNC);
    }
    j->reader.synced = written;
}

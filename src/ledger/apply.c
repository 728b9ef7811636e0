/*
 * A position says of a whole journal how far it is applied. So files of one journal are taken in
 * order, and none is taken while one before it may hold records that are not applied: those would
 * count as applied from then on.
 */
#include "ledger/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.h"
#include "ledger/drain.h"
#include "store/db.h"
#include "store/repo_user.h"

struct file {
    struct apply_file *result;
    struct str dir, name;
    uint64_t journal_id, seq;
    int lock_fd;             /* of its folder; -1: held for another file, or nothing to lock */
    struct segment *segment; /* NULL: its head is damaged */
};

struct apply {
    struct flush flush;
    struct arena arena;
    struct file *files; /* by journal and sequence */
    size_t count;
};

/* ---- which files ---- */

/* The name without what a start has put behind it when it had read the file. */
static struct str plain_name(struct str name)
{
    static const struct str ends[] = {STR_INIT(".torn"), STR_INIT(".unread"), STR_INIT(".done"),
                                      STR_INIT(".damaged")};

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (str_ends(name, ends[i]))
            return str_sub(name, 0, name.n - ends[i].n);
    }
    return name;
}

static enum err_code name_file(struct apply *a, struct file *f, struct str path, struct err *err)
{
    ptrdiff_t slash = str_rfind_char(path, '/');

    f->dir = slash < 0 ? STR(".") : slash == 0 ? STR("/") : str_sub(path, 0, (size_t)slash);
    f->name = str_skip(path, (size_t)(slash + 1));
    f->dir = str_dup(&a->arena, f->dir);
    f->lock_fd = -1;
    if (!segment_parse_name(plain_name(f->name), &f->journal_id, &f->seq))
        return err_set(err, ERR_BAD_REQUEST, "%.*s is not the name of a journal file",
                       STR_ARG(utf8_prefix(path, 120)));
    f->result->journal_id = f->journal_id;
    return ERR_OK;
}

static int by_journal(const void *a, const void *b)
{
    const struct file *x = a, *y = b;

    if (x->journal_id != y->journal_id)
        return x->journal_id < y->journal_id ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static enum err_code name_files(struct apply *a, const struct str *paths, size_t n,
                                struct apply_file *out, struct err *err)
{
    a->files = arena_new_array(&a->arena, struct file, n);
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct apply_file){.path = paths[i]};
        a->files[i].result = &out[i];
        a->files[i].lock_fd = -1;
    }
    a->count = n;
    for (size_t i = 0; i < n; i++)
        TRY(name_file(a, &a->files[i], paths[i], err));
    if (n > 1)
        qsort(a->files, n, sizeof *a->files, by_journal);
    return ERR_OK;
}

static bool same_folder_before(const struct apply *a, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (str_eq(a->files[k].dir, a->files[i].dir))
            return true;
    }
    return false;
}

/* A living process applies its journals itself, and holds a lock meanwhile. Copies in another
 * folder have none. */
static enum err_code lock_folder(struct apply *a, struct file *f, struct err *err)
{
    const char *path = arena_fmt(&a->arena, "%.*s/lock", STR_ARG(f->dir)).p;

    f->lock_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->lock_fd < 0 && errno == ENOENT)
        return ERR_OK;
    if (f->lock_fd < 0)
        return err_set(err, ERR_IO, "cannot open %s: %s", path, strerror(errno));
    if (flock(f->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, ERR_IO,
                       "the journal folder %.*s is in use by a running program, which applies it",
                       STR_ARG(f->dir));
    return ERR_OK;
}

static enum err_code open_file(struct file *f, struct err *err)
{
    enum err_code rc = segment_open(f->dir, f->name, &f->segment, err);

    if (rc != ERR_INTERNAL)
        return rc;
    f->segment = NULL;
    f->result->damaged = true;
    return ERR_OK;
}

static enum err_code open_files(struct apply *a, struct err *err)
{
    for (size_t i = 0; i < a->count; i++) {
        if (!same_folder_before(a, i))
            TRY(lock_folder(a, &a->files[i], err));
    }
    for (size_t i = 0; i < a->count; i++)
        TRY(open_file(&a->files[i], err));
    return ERR_OK;
}

/* ---- is it the right database? ---- */

/* A variable that was forgotten names an empty database, where the records would count as applied
 * and charge nobody. */
static enum err_code check_accounts(const struct apply_conf *conf, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    int64_t users;

    TRY(db_acquire(conf->db, DB_READ, &c, err));
    TRY(repo_user_count(c, &users, err));
    if (users == 0)
        return err_set(err, ERR_BAD_REQUEST,
                       "no account is in the database, so it is not that of the journal's node");
    return ERR_OK;
}

/* ---- is one missing? ---- */

static const struct file *file_before(const struct apply *a, size_t i)
{
    const struct file *f = &a->files[i];

    /* The same file may be given twice. */
    while (i-- > 0 && a->files[i].journal_id == f->journal_id) {
        if (a->files[i].seq + 1 == f->seq)
            return &a->files[i];
        if (a->files[i].seq != f->seq)
            break;
    }
    return NULL;
}

/* Files lie in one folder while they are needed, so the one before is there or was applied. */
static bool lies_beside(struct apply *a, const struct file *f)
{
    return access(arena_fmt(&a->arena, "%.*s/%016" PRIx64 "-%08" PRIu64 ".log", STR_ARG(f->dir),
                            f->journal_id, f->seq - 1)
                      .p,
                  F_OK) == 0;
}

/* More than one file behind what is applied, there must have been one between. */
static enum err_code is_far_behind(struct apply *a, const struct file *f, bool *far,
                                   struct err *err)
{
    uint64_t start = f->segment ? f->segment->position : 0;

    *far = false;
    TRY(flush_know(&a->flush, f->journal_id, err));
    for (unsigned s = 0; s < a->flush.side_count; s++) {
        uint64_t applied = flush_applied(&a->flush, s, f->journal_id);

        if (applied == 0 || (applied < start && start - applied > f->segment->bytes))
            *far = true;
    }
    return ERR_OK;
}

static enum err_code check_order(struct apply *a, struct err *err)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct file *f = &a->files[i];
        bool far;

        TRY(is_far_behind(a, f, &far, err));
        if (f->seq > 0 && !file_before(a, i) && (far || lies_beside(a, f)))
            return err_set(err, ERR_BAD_REQUEST,
                           "%.*s: the file before it, %016" PRIx64 "-%08" PRIu64 ".log, must be "
                           "given with it, and what comes before that",
                           STR_ARG(utf8_prefix(f->name, 60)), f->journal_id, f->seq - 1);
    }
    return ERR_OK;
}

/* ---- applying ---- */

static enum err_code apply_file(struct apply *a, struct file *f, struct err *err)
{
    uint64_t charged = a->flush.charged;
    struct drained d;
    enum err_code rc;

    if (!f->segment)
        return ERR_OK;
    rc = drain_segment(&a->flush, f->segment, &d, err);
    f->result->records = d.records;
    f->result->applied = a->flush.charged - charged;
    f->result->unread = d.unread;
    f->result->torn = d.torn;
    return rc;
}

static enum err_code apply_all(struct apply *a, const struct apply_conf *conf,
                               const struct str *paths, size_t n, struct apply_file *out,
                               struct err *err)
{
    TRY(name_files(a, paths, n, out, err));
    TRY(open_files(a, err));
    TRY(check_accounts(conf, err));
    TRY(check_order(a, err));
    for (size_t i = 0; i < a->count; i++)
        TRY(apply_file(a, &a->files[i], err));
    return ERR_OK;
}

enum err_code apply_files(const struct apply_conf *conf, const struct str *paths, size_t n,
                          struct apply_file *out, struct err *err)
{
    struct apply a = {.count = 0};
    enum err_code rc;

    arena_init(&a.arena, 0);
    flush_init(&a.flush, conf->db, conf->log_db, NULL, NULL);
    rc = apply_all(&a, conf, paths, n, out, err);
    for (size_t i = 0; i < a.count; i++) {
        segment_close(a.files[i].segment, false);
        if (a.files[i].lock_fd >= 0)
            close(a.files[i].lock_fd);
    }
    flush_fini(&a.flush);
    arena_fini(&a.arena);
    return rc;
}

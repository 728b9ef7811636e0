#include "ledger/replay.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "ledger/drain.h"
#include "store/db.h"

struct file {
    struct str name;
    uint64_t journal_id, seq;
    bool done; /* "...log.done": the journal is finished, only its position may be left */
};

struct replay {
    struct str dir;
    struct flush *f;
    struct arena arena;
    struct file *files;
    size_t count, cap;
};

static void add_file(struct replay *r, struct str name)
{
    struct file file = {.name = str_dup(&r->arena, name)};
    struct str rest = file.name;

    file.done = str_ends(rest, STR(".done"));
    if (file.done)
        rest.n -= 5;
    if (!segment_parse_name(rest, &file.journal_id, &file.seq))
        return;
    if (r->count == r->cap) {
        struct file *more = arena_new_array(&r->arena, struct file, r->cap * 2 + 16);

        if (r->count > 0)
            memcpy(more, r->files, r->count * sizeof *more);
        r->files = more;
        r->cap = r->cap * 2 + 16;
    }
    r->files[r->count++] = file;
}

static int by_journal(const void *a, const void *b)
{
    const struct file *x = a, *y = b;

    if (x->journal_id != y->journal_id)
        return x->journal_id < y->journal_id ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static enum err_code list_files(struct replay *r, struct err *err)
{
    struct str path = str_dup(&r->arena, r->dir);
    DIR *dir = opendir(path.p);
    struct dirent *entry;

    if (!dir)
        return err_set(err, ERR_IO, "cannot read the journal folder %s: %s", path.p,
                       strerror(errno));
    while ((entry = readdir(dir)))
        add_file(r, str_from(entry->d_name));
    closedir(dir);
    if (r->count > 0)
        qsort(r->files, r->count, sizeof *r->files, by_journal);
    return ERR_OK;
}

static const char *path_of(struct replay *r, const struct file *file, const char *end)
{
    return arena_fmt(&r->arena, "%.*s/%.*s%s", STR_ARG(r->dir), STR_ARG(file->name), end).p;
}

static void remove_file(struct replay *r, const struct file *file)
{
    const char *path = path_of(r, file, "");

    if (unlink(path) != 0 && errno != ENOENT)
        log_warn(NULL, "replay.unlink", "file=%s error=%s", path, strerror(errno));
}

static enum err_code rename_file(struct replay *r, const struct file *file, const char *end,
                                 struct err *err)
{
    const char *from = path_of(r, file, ""), *to = path_of(r, file, end);

    if (rename(from, to) != 0)
        return err_set(err, ERR_IO, "cannot rename %s: %s", from, strerror(errno));
    return ERR_OK;
}

/* ---- one segment ---- */

/* Whether all that is left of it is zero. */
static bool is_zero(FILE *in)
{
    char block[4096];
    size_t n;

    while ((n = fread(block, 1, sizeof block, in)) > 0) {
        for (size_t i = 0; i < n; i++) {
            if (block[i] != 0)
                return false;
        }
    }
    return !ferror(in);
}

/* A file that was made but whose head was not written, or not to its end: the process died there,
 * and records come behind a head that is whole. A file gets its size before its head, so one that
 * is shorter and not all zero was cut later. */
static bool is_unbegun(struct replay *r, const struct file *file)
{
    char head[SEGMENT_HEAD];
    FILE *in = fopen(path_of(r, file, ""), "rbe");
    bool unbegun;

    if (!in)
        return false;
    if (fread(head, 1, sizeof head, in) < sizeof head)
        rewind(in);
    unbegun = is_zero(in);
    fclose(in);
    return unbegun;
}

/* Under which end a file is kept that could not be read as a whole; NULL: it was. */
static const char *end_aside(const struct segment *s, const struct drained *d)
{
    if (d->unread > 0)
        log_error(NULL, "replay.record",
                  "file=%s records=%" PRIu64 " offset=%zu error=%s: kept as .unread", s->path,
                  d->unread, d->unread_at, d->unread_why.msg);
    if (d->torn)
        log_warn(NULL, "replay.torn", "file=%s offset=%zu: kept as .torn", s->path, d->torn_at);
    return d->torn ? ".torn" : d->unread > 0 ? ".unread" : NULL;
}

static enum err_code replay_segment(struct replay *r, struct file *file, struct err *err)
{
    struct err why = {.msg = ""};
    const char *aside = NULL;
    struct segment *segment;
    struct drained d;
    enum err_code rc = segment_open(r->dir, file->name, &segment, &why);

    if (rc == ERR_INTERNAL && is_unbegun(r, file))
        return ERR_OK;
    if (rc == ERR_INTERNAL) {
        log_error(NULL, "replay.damaged", "error=%s: kept as .damaged", why.msg);
        return rename_file(r, file, ".damaged", err);
    }
    if (rc != ERR_OK)
        return err_set(err, rc, "%s", why.msg);
    rc = drain_segment(r->f, segment, &d, err);
    if (rc == ERR_OK)
        aside = end_aside(segment, &d);
    segment_close(segment, false);
    return aside ? rename_file(r, file, aside, err) : rc;
}

/* ---- one journal ---- */

/* Everything is applied. The rename of the last file is the one moment at which the journal ends:
 * a death before it replays to no effect, after it the position is what is left to remove. */
static enum err_code end_journal(struct replay *r, struct file *files, size_t n, struct err *err)
{
    struct file *last = &files[n - 1];

    for (size_t i = 0; i + 1 < n; i++)
        remove_file(r, &files[i]);
    if (!last->done && access(path_of(r, last, ""), F_OK) == 0)
        TRY(rename_file(r, last, ".done", err));
    TRY(flush_forget(r->f, last->journal_id, err));
    if (last->done)
        remove_file(r, last);
    else
        unlink(path_of(r, last, ".done"));
    return ERR_OK;
}

static bool has_done(const struct file *files, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (files[i].done)
            return true;
    }
    return false;
}

static enum err_code replay_journal(struct replay *r, struct file *files, size_t n, struct err *err)
{
    TRY(flush_know(r->f, files[0].journal_id, err));
    for (size_t i = 0; i < n && !has_done(files, n); i++)
        TRY(replay_segment(r, &files[i], err));
    return end_journal(r, files, n, err);
}

static enum err_code replay_all(struct replay *r, struct err *err)
{
    size_t n;

    TRY(list_files(r, err));
    for (size_t i = 0; i < r->count; i += n) {
        for (n = 1; i + n < r->count && r->files[i + n].journal_id == r->files[i].journal_id; n++)
            ;
        TRY(replay_journal(r, &r->files[i], n, err));
    }
    if (r->f->charged > 0)
        log_info(NULL, "ledger.replayed", "records=%" PRIu64, r->f->charged);
    return ERR_OK;
}

enum err_code replay_run(struct str dir, struct flush *f, struct err *err)
{
    struct replay r = {.dir = dir, .f = f};
    enum err_code rc;

    arena_init(&r.arena, 0);
    rc = replay_all(&r, err);
    arena_fini(&r.arena);
    return rc;
}

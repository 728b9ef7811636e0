#include "ledger/replay.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "ledger/segment.h"
#include "store/db.h"

enum { REPLAY_BATCH = 1000 };

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
    struct flush_item *items; /* REPLAY_BATCH */
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

struct reading {
    struct replay *r;
    struct segment *segment;
    struct flush_item *items;
    size_t n;
    const char *aside; /* the file is kept under this end; NULL: it is read */
};

static enum err_code apply_items(struct reading *g, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (g->n > 0)
        rc = flush_apply(g->r->f, g->items, g->n, err);
    g->n = 0;
    return rc;
}

static void add_item(struct reading *g, struct str payload, size_t end)
{
    struct flush_item *item = &g->items[g->n];
    struct err err = {.msg = ""};

    if (record_decode(payload, &item->record, &err) != ERR_OK) {
        log_error(NULL, "replay.record", "file=%s offset=%zu error=%s: kept as .unread",
                  g->segment->path, end, err.msg);
        g->aside = ".unread";
        return;
    }
    item->end = (struct journal_mark){.journal_id = g->segment->journal_id,
                                      .position = g->segment->position + end};
    g->n++;
}

static enum err_code read_records(struct reading *g, struct err *err)
{
    enum segment_result result;
    size_t at = SEGMENT_HEAD;
    struct str payload;

    while ((result = segment_read(g->segment, &at, &payload)) == SEGMENT_RECORD) {
        add_item(g, payload, at);
        if (g->n == REPLAY_BATCH)
            TRY(apply_items(g, err));
    }
    if (result == SEGMENT_TORN) {
        log_warn(NULL, "replay.torn", "file=%s offset=%zu: kept as .torn", g->segment->path, at);
        g->aside = ".torn";
    }
    return apply_items(g, err);
}

/* A file that was made but not begun: the process died between the two. */
static bool is_blank(struct replay *r, const struct file *file)
{
    char head[SEGMENT_HEAD];
    FILE *in = fopen(path_of(r, file, ""), "rbe");
    size_t n = in ? fread(head, 1, sizeof head, in) : 0;

    if (in)
        fclose(in);
    for (size_t i = 0; i < n; i++) {
        if (head[i] != 0)
            return false;
    }
    return in != NULL;
}

static enum err_code replay_segment(struct replay *r, struct file *file, struct err *err)
{
    struct reading g = {.r = r, .items = r->items};
    struct err why = {.msg = ""};
    enum err_code rc = segment_open(r->dir, file->name, &g.segment, &why);

    if (rc == ERR_INTERNAL && is_blank(r, file))
        return ERR_OK;
    if (rc == ERR_INTERNAL) {
        log_error(NULL, "replay.damaged", "error=%s: kept as .damaged", why.msg);
        return rename_file(r, file, ".damaged", err);
    }
    if (rc != ERR_OK)
        return err_set(err, rc, "%s", why.msg);
    rc = read_records(&g, err);
    segment_close(g.segment, false);
    if (rc == ERR_OK && g.aside)
        rc = rename_file(r, file, g.aside, err);
    return rc;
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
    r.items = arena_new_array(&r.arena, struct flush_item, REPLAY_BATCH);
    rc = replay_all(&r, err);
    arena_fini(&r.arena);
    return rc;
}

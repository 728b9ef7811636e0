/*
 * apply - brings journal files of another process, which is dead, into the database(s): by hand,
 * where that process itself cannot be started again to do it.
 *
 * The files are only read; each record is applied exactly once, because the database knows how far
 * each journal is applied: files that are given again, and the process that comes back with them,
 * find everything done. It may be killed at any moment and run again. Blocks.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct db;

struct apply_conf {
    struct db *db;     /* main database, migrated */
    struct db *log_db; /* where logs are; the same pointer when not elsewhere */
};

/* What came of one file. */
struct apply_file {
    struct str path;
    uint64_t journal_id;
    uint64_t records; /* read */
    uint64_t applied; /* of them, by this call; the others were before */
    uint64_t unread;  /* not counted above: whole, but of a form that is not known */
    bool torn;        /* what follows the last record is not whole and was left out */
    bool damaged;     /* its head is: nothing of it was read */
};

/*
 * Applies the files, those of one journal in their order whatever theirs here; out[i] is the file
 * of paths[i]. Before anything is applied: ERR_IO: a file cannot be read, or its folder is in use
 * by a living process; ERR_BAD_REQUEST: a name is not a journal file's, a file of the same
 * journal that comes before is missing, whose records could not be applied any more afterwards, or
 * the database has no accounts.
 * Then ERR_DB, ERR_UNAVAILABLE; `out` says what was done until then.
 */
MUST_CHECK enum err_code apply_files(const struct apply_conf *conf, const struct str *paths,
                                     size_t n, struct apply_file *out, struct err *err);

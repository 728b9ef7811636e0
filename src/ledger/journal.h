/*
 * journal - where a usage record is safe the moment it is appended, without a system call.
 *
 * One journal a loop. It is a row of segment files in DATA/journal/, named JOURNALID-SEQ.log, each
 * preallocated (posix_fallocate, so that a full disk is an error when a segment is made, not a
 * fault when it is written) and mapped shared: appending is a memcpy, and what was copied survives
 * SIGKILL because the pages belong to the kernel. A record is [u32 length][u32 crc32c of
 * payload][payload], 8-byte aligned, the length stored last with release order; length 0 ends the
 * segment's content. The ledger thread reads the same mapping behind the writer and deletes
 * segments that are applied.
 *
 * A record that was torn (which takes more than the death of the process: power loss, a bad disk)
 * ends the reading of its segment. Against power loss the ledger thread syncs what was appended
 * once a second; how much a database remembers then is the database's own promise, and what it has
 * forgotten is replayed as long as the segment is there.
 *
 * Threads: append by the owning loop only; the functions below the line by the ledger thread only.
 * Making a segment is serialised by a lock under which files are made; the ledger thread makes the
 * next one ahead, so that the loop hardly ever does.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "ledger/record.h"

struct journal;

/* Where a record ends: (journal id, position). Positions only grow over all segments of a journal.
 */
struct journal_mark {
    uint64_t journal_id;
    uint64_t position;
};

enum { JOURNAL_SEGMENT_BYTES = 8 << 20 };

/* Makes a new journal with a fresh id (time and random: never used again) in `dir`, which exists.
 * `segment_bytes` 0 = 8 MB; a record that does not fit gets a larger segment. ERR_IO. */
MUST_CHECK enum err_code journal_open(struct str dir, size_t segment_bytes, struct journal **out,
                                      struct err *err);
void journal_close(
    struct journal *j); /* keeps the files: what is not applied is replayed by the next start */

/* Appends; after ERR_OK the record survives the death of the process. ERR_IO when no new segment
 * can be made (disk full). Loop thread. */
MUST_CHECK enum err_code journal_append(struct journal *j, const struct usage_record *r,
                                        struct err *err);
/* Will the records of the calls that now run find room, and another one's? False when the segment
 * is nearly full and no other can be made (disk full): then a new call should not begin, because
 * what it costs could not be written down. Loop thread. */
bool journal_has_room(struct journal *j);
/* Where the last record ends. Any thread; ordered with the state of the ledger thread, see
 * ledger_wake(). */
uint64_t journal_written(const struct journal *j);
uint64_t journal_id(const struct journal *j);

/* ---- ledger thread ---- */

/* Next record that was not read yet; false: none now. `payload` holds until journal_discard(). */
bool journal_read(struct journal *j, struct str *payload, struct journal_mark *end);
/* What was read is applied: removes the segments that are read to their end. */
void journal_discard(struct journal *j);
/* Makes the next segment when the current one is more than half full. A failure is tried again. */
void journal_prepare(struct journal *j);
/* Brings what was appended since the last call to the disk. */
void journal_sync(struct journal *j);
/* Everything was read, applied and discarded: closes, and leaves one file NAME.done that says so;
 * its path is the caller's (mem_free()). The caller forgets the position in the database and then
 * removes the file; a .done file is never replayed. */
char *journal_finish(struct journal *j);

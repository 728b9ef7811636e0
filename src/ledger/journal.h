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
 * Threads: append by the owning loop only; reading by the ledger thread only.
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

/* Makes a new journal with a fresh id in `dir`. `segment_bytes` 0 = 8 MB. */
MUST_CHECK enum err_code journal_open(struct str dir, size_t segment_bytes, struct journal **out,
                                      struct err *err);
void journal_close(
    struct journal *j); /* keeps the files: what is not applied is replayed by the next start */

/* Appends; after ERR_OK the record survives the death of the process. ERR_IO when no new segment
 * can be made (disk full). Loop thread. */
MUST_CHECK enum err_code journal_append(struct journal *j, const struct usage_record *r,
                                        struct err *err);

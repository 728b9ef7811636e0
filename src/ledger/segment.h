/*
 * segment - one file of a journal: mapped, written by a loop, read behind it. Private to the
 * journal.
 *
 * The file begins with a head (who it is, at which position it begins, checksum), then come the
 * records as journal.h says.
 */
#pragma once
#include <stdatomic.h>

#include "base/err.h"
#include "base/str.h"

struct segment {
    _Atomic(struct segment *) next; /* set once, when the writer has gone on */
    char *base;
    size_t bytes; /* of the file */
    uint64_t journal_id, seq;
    uint64_t position; /* of the file's first byte, over all segments of the journal */
    char *path;
};

enum { SEGMENT_HEAD = 64, SEGMENT_RECORD_HEAD = 8, SEGMENT_BYTES_MIN = 256 };

/* Bytes that a payload takes. */
size_t segment_record_bytes(size_t payload_bytes);
/* A new file of `bytes` (rounded up to 8). ERR_IO, the file is then not there. */
MUST_CHECK enum err_code segment_make(struct str dir, uint64_t journal_id, uint64_t seq,
                                      uint64_t position, size_t bytes, struct segment **out,
                                      struct err *err);
/* A file that an earlier process left. ERR_IO; ERR_INTERNAL: the head is damaged. */
MUST_CHECK enum err_code segment_open(struct str dir, struct str name, struct segment **out,
                                      struct err *err);
/* Takes `id` and `seq` from a file's name; false: it is not one of ours. */
bool segment_parse_name(struct str name, uint64_t *journal_id, uint64_t *seq);
/* Unmaps; NULL is allowed. */
void segment_close(struct segment *s, bool remove_file);
/* Gives the file another end ("done") under which it is not replayed; the new path is the caller's
 * (mem_free()). */
char *segment_put_aside(struct segment *s, const char *end);

/* Makes the pages from `at` on ready to be written, `bytes` of them at most: one call is cheaper
 * than a fault a page. Best effort. */
void segment_touch(struct segment *s, size_t at, size_t bytes);
/* Where the payload at offset `at` goes; the caller has checked that it fits. */
char *segment_payload(struct segment *s, size_t at);
/* Makes it visible, when it is written. */
void segment_publish(struct segment *s, size_t at, size_t payload_bytes);

enum segment_result { SEGMENT_RECORD, SEGMENT_END, SEGMENT_TORN };
/* The record at *at, which moves behind it. The payload points into the mapping. */
enum segment_result segment_read(const struct segment *s, size_t *at, struct str *payload);

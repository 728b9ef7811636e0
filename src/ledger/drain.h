/*
 * drain - applies what a segment that nobody writes any more holds. Private to the ledger.
 */
#pragma once
#include "ledger/flush.h"
#include "ledger/segment.h"

struct drained {
    uint64_t records; /* that are in the database now, whoever brought them there */
    uint64_t unread;  /* of a form that this version does not know: left out */
    size_t unread_at; /* behind the first of them */
    struct err unread_why;
    bool torn; /* the reading ended at a torn record */
    size_t torn_at;
};

/*
 * Segments of one journal come in order, after flush_know(). Where somebody else applies the same
 * journal meanwhile, what is left to do is looked up again. ERR_DB, ERR_UNAVAILABLE, ERR_CONFLICT
 * (that goes on for too long): can be called again; *out tells what was reached.
 */
MUST_CHECK enum err_code drain_segment(struct flush *f, const struct segment *s,
                                       struct drained *out, struct err *err);

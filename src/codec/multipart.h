/*
 * multipart - the parts of a multipart/form-data body as slices of it, one after the other. Pure;
 * takes no memory, copies nothing, looks at each byte about once.
 *
 * Sources: RFC 7578, RFC 2046 section 5.1 (read 2026-11-26). What two readers could understand in
 * two ways is refused, because the gateway prices what it reads and the upstream does what *it*
 * reads: lines that end without CR, folded header lines, parts without exactly one name, names with
 * a backslash or in an extended spelling (name*=), encodings other than the bytes themselves, text
 * between a boundary and its line end, and a body that does not end with the last boundary.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { MULTIPART_BOUNDARY_MAX = 70, MULTIPART_HEAD_MAX = 8192, MULTIPART_PARTS_MAX = 1024 };

struct multipart_part {
    struct str name;         /* as it stands in the head */
    struct str filename;     /* the same, escapes not undone; STR_NULL: a field, not a file */
    struct str content_type; /* of the part; may be empty */
    struct str body;
    bool unfinished; /* more of it is still to come */
};

struct multipart { /* plain storage of the caller; the members are private */
    struct str rest;
    char delimiter[4 + MULTIPART_BOUNDARY_MAX]; /* CRLF, two dashes, the boundary */
    size_t delimiter_n;
    unsigned parts;
    bool begun, over, partial;
};

/* Is a Content-Type that of a form? `*boundary` is then a slice of it, and is empty where the
 * boundary is missing or no boundary. */
bool multipart_is_form(struct str content_type, struct str *boundary);

/* ERR_BAD_REQUEST: an empty or too long boundary. `body` must stay where it is. */
MUST_CHECK enum err_code multipart_init(struct multipart *m, struct str body, struct str boundary,
                                        struct err *err);

/* The same of what has come so far of a body. multipart_next() then stops at its end without an
 * error, and tells of a part that has begun but not ended what is there of it (`unfinished`). */
MUST_CHECK enum err_code multipart_init_partial(struct multipart *m, struct str body,
                                                struct str boundary, struct err *err);

/* Before the first multipart_next: the body from its first boundary on, without the text that may
 * stand before it and means nothing. STR_NULL: there is none. */
struct str multipart_from_first(const struct multipart *m);

/*
 * The next part. ERR_OK with *more false: the body has ended as it should (or, of a partial one,
 * nothing more is there), *part is empty.
 * ERR_BAD_REQUEST for anything that is not a form, ERR_TOO_LARGE beyond MULTIPART_PARTS_MAX; the
 * reader is then over.
 */
MUST_CHECK enum err_code multipart_next(struct multipart *m, struct multipart_part *part,
                                        bool *more, struct err *err);

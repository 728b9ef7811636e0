/*
 * compress - HTTP content codings: a streaming inflater with a cap, and gzip in one go. Pure.
 *
 * Sources: RFC 9110, section 8.4.1 (gzip, deflate), RFC 1950 to 1952, RFC 7932 (br), RFC 8878 and
 * RFC 9659 (zstd, windows to 8 MB). "deflate" is read with and without the zlib frame, since both
 * are sent. Several gzip members or zstd frames one after the other are one body.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/sb.h"

enum coding {
    CODING_IDENTITY,
    CODING_GZIP,
    CODING_DEFLATE,
    CODING_BR,
    CODING_ZSTD,
    CODING_UNKNOWN
};

/* Of the value of a Content-Encoding header, case ignored: "" is the identity, a list of several is
 * unknown. */
enum coding coding_from_name(struct str name);

struct inflater;

/* `coding` is one of the four that compress. `limit_bytes` caps what comes out in all. One owner.
 */
struct inflater *inflater_new(enum coding coding, size_t limit_bytes);
void inflater_free(struct inflater *inf); /* NULL is allowed */

/*
 * Inflates all of `in` behind what `out` holds. ERR_TOO_LARGE when the total passes the limit of
 * the inflater or of `out` (which is then full to its cap, not failed); ERR_BAD_REQUEST on garbage,
 * also behind the end of the body. After a failure it keeps failing.
 */
MUST_CHECK enum err_code inflater_feed(struct inflater *inf, struct str in, struct sb *out,
                                       struct err *err);
/* At the end of the input: ERR_BAD_REQUEST when the body is cut short; nothing at all is that, too.
 */
MUST_CHECK enum err_code inflater_end(const struct inflater *inf, struct err *err);

/* `plain` (at most 1 GB) as one gzip member, in the arena. Fast rather than small: it is made for
 * replies that are written once. */
struct str gzip_compress(struct arena *a, struct str plain);

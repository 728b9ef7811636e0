/*
 * http1 - HTTP/1.1 messages as bytes: cutting a head off a stream, reading it strictly, walking
 * over a body. For both sides: requests (we are the server) and replies (we are the client). Pure;
 * no buffer of its own.
 *
 * The way through a message:
 *
 *     1. http1_head_end() on the bytes so far, until it says how long the head is;
 *     2. http1_read_request() or http1_read_reply() on exactly those bytes, at the place where they
 *        will live (usually copied once into the request's arena first): all slices of the result
 *        point into them;
 *     3. http1_body_init(), then http1_body_next() on whatever comes, until HTTP1_END. What is left
 *        in the input then belongs to the next message.
 *
 * Everything that two parsers could read differently (request smuggling) is refused: bare LF or CR,
 * folded lines, space before a colon, strange bytes in names and values, Content-Length that is not
 * digits or stands there twice, Transfer-Encoding other than exactly "chunked", both of them in a
 * request, more than one space in the first line, versions other than 1.0 and 1.1. Sources: RFC
 * 9112 sections 2 to 7, RFC 9110 section 5.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum { HTTP1_HEAD_MAX = 65536 }; /* no head may be longer, whatever the caller's own limit */

struct http_header {
    struct str name, value; /* value without the spaces around it */
};

/* --- heads ---------------------------------------------------------------------------------- */

/* Where a search for the end of a head stands; zeroed before the first call for each head. */
struct http1_scan {
    uint32_t at, line; /* bytes looked at, where the line began */
    bool begun;        /* a line that is not empty was seen */
};

enum http1_found {
    HTTP1_HEAD_PART, /* not there yet: call again with the same bytes and more behind them */
    HTTP1_HEAD_WHOLE,
    HTTP1_HEAD_LONG, /* longer than HTTP1_HEAD_MAX */
    HTTP1_HEAD_BAD,  /* can never become a head: a bare CR or LF, a folded line */
};
/* Looks for the blank line. On WHOLE *end is the length of the head, blank line and any empty lines
 * before the first line included; else it is 0. Each byte is looked at once over all calls. */
enum http1_found http1_head_end(struct str bytes, struct http1_scan *scan, size_t *end);

enum http1_body_kind {
    HTTP1_BODY_NONE,
    HTTP1_BODY_LENGTH, /* content_length bytes, more than 0 */
    HTTP1_BODY_CHUNKED,
    HTTP1_BODY_UNTIL_CLOSE, /* replies only: up to the end of the connection */
};

struct http1_head {
    struct str method, target;   /* requests; method as sent ("GET"), target never empty */
    int status;                  /* replies; 100 to 999 */
    struct str reason;           /* replies; may be empty */
    unsigned minor;              /* HTTP/1.minor: 0 or 1 */
    struct http_header *headers; /* in the arena, in their order */
    size_t header_count;
    enum http1_body_kind body;
    int64_t content_length; /* as the header says, -1: no such header */
    bool keep_alive;        /* by version and Connection; false also for BODY_UNTIL_CLOSE */
    bool expect_continue;   /* requests, HTTP/1.1: Expect: 100-continue */
    bool expect_unknown;    /* requests: another Expect (417) */
    bool upgrade;           /* Connection: upgrade and an Upgrade header */
    struct str host;        /* requests: value of Host; STR_NULL when absent (HTTP/1.0 only) */
};

/* `text` is one whole head as http1_head_end() measured it; the slices of *out point into it. The
 * header list is allocated in `a`. ERR_BAD_REQUEST tells in a few words what is wrong, without
 * quoting; *out is then zeroed. HTTP/1.1 without exactly one Host is refused. */
MUST_CHECK enum err_code http1_read_request(struct str text, struct arena *a,
                                            struct http1_head *out, struct err *err);
/* `to_head`: the request was HEAD, so no body follows whatever the reply says. 1xx, 204 and 304
 * have none either; for 1xx the next head follows at once. Transfer-Encoding wins over
 * Content-Length here, as RFC 9112 section 6.3 tells clients; the connection is then not kept.
 * ERR_UPSTREAM_BODY. */
MUST_CHECK enum err_code http1_read_reply(struct str text, bool to_head, struct arena *a,
                                          struct http1_head *out, struct err *err);

/* --- bodies --------------------------------------------------------------------------------- */

enum http1_step {
    HTTP1_MORE, /* the input is used up */
    HTTP1_DATA, /* *data is a piece of the body, a slice of the input; call again */
    HTTP1_END,  /* the body is complete; the input begins with what comes after it */
    HTTP1_BAD,  /* broken chunk framing; the connection is of no use any more */
};

struct http1_body {    /* plain value, 16 bytes; the members are private */
    uint64_t left;     /* of the body, or of the chunk */
    uint32_t overhead; /* bytes of chunk extensions and trailers so far: capped */
    uint8_t kind, state;
    uint8_t digits; /* of a chunk size */
};

void http1_body_init(struct http1_body *b, const struct http1_head *head);
/* Takes the next piece from the front of *in. After END and BAD it says the same again. */
enum http1_step http1_body_next(struct http1_body *b, struct str *in, struct str *data);
/* The connection has ended: is the message complete like this? */
bool http1_body_ends_with_connection(const struct http1_body *b);

/* --- writing -------------------------------------------------------------------------------- */

enum { HTTP1_CHUNK_HEAD_MAX = 18 };
#define HTTP1_LAST_CHUNK STR("0\r\n\r\n")
/* The line before a chunk of `bytes` (not 0) bytes, CRLF included; a CRLF must follow the chunk. */
struct str http1_chunk_head(char buffer[HTTP1_CHUNK_HEAD_MAX], size_t bytes);
/* May this stand on the wire: a token as name, no control character in the value? */
bool http1_header_ok(struct str name, struct str value);

/*
 * sse - server-sent events: a reader fed with chunks, and helpers that write events. Pure.
 *
 * Source: WHATWG HTML, "Parsing an event stream" and "Interpreting an event stream" (read
 * 2026-11-23). Lines end with CR, LF or CRLF, wherever the chunks are cut; a byte order mark at the
 * start is dropped; comments and unknown fields are dropped; several data lines are joined with LF;
 * an event without a data line is none. Other than a browser the reader keeps no last event id.
 *
 *     while ((rc = sse_next(&d, &chunk, &ev)) == SSE_EVENT)
 *         use(ev.data);
 *
 * An event that lies whole in a chunk and has one data line is given out without a copy. Only what
 * is left of a cut event, and an event of several data lines, is copied into a buffer of the
 * reader, which owns no memory otherwise.
 */
#pragma once
#include "base/sb.h"

enum sse_result {
    SSE_MORE,     /* the chunk is used up */
    SSE_EVENT,    /* `ev` is filled, call again */
    SSE_TOO_LONG, /* a line or event passes the cap; the stream cannot be read further */
};

struct sse_event {
    struct str data;  /* data lines joined with LF */
    struct str type;  /* of the event field, "" without one (a browser says "message") */
    struct str id;    /* of this event's own id field, "" without one */
    int64_t retry_ms; /* of this event's retry field, -1 without one */
};

struct sse {          /* plain storage of the caller; the members are private */
    struct sb kept;   /* whole lines that matter of the pending event, then its unfinished line */
    struct sb joined; /* data of the event given out last, if it had several data lines */
    size_t line_at;   /* where the unfinished line begins in `kept` */
    bool after_cr;    /* the last line ended with CR: an LF that follows belongs to it */
    bool given_out;   /* `kept` holds the event that was given out last */
    bool failed;
    uint8_t mark; /* bytes of the byte order mark seen; 3: it is behind us */
};

/* `limit_bytes` caps an event: its lines that matter, each with its line end, and any one line
 * behind them. */
void sse_init(struct sse *d, size_t limit_bytes);
void sse_fini(struct sse *d);

/* Next event. Consumes from `in`. The slices of `ev` point into the chunk or into the reader and
 * hold until the next call and as long as the chunk. `ev` is written on every path. */
enum sse_result sse_next(struct sse *d, struct str *in, struct sse_event *ev);

/*
 * At the end of the input: the event that no blank line has ended, its last line perhaps not ended
 * either. The standard discards it; some upstreams leave out the last blank line, so that the
 * caller may decide. SSE_MORE: there is none. The slices hold until sse_fini().
 */
enum sse_result sse_end(struct sse *d, struct sse_event *ev);

/* True while part of an event, or of a line, waits for more. */
bool sse_pending(const struct sse *d);

/* Adds an event; line ends in `data` become further data lines. A `type` ends at its first line
 * end; an empty one adds no event line. */
void sse_write_data(struct sb *out, struct str data);
void sse_write_event(struct sb *out, struct str type, struct str data);
/* Adds ": text" and a blank line, which readers drop: keeps a connection alive. `text` ends at its
 * first line end. */
void sse_write_comment(struct sb *out, struct str text);

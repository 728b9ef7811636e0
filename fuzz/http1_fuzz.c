/*
 * Whatever the input: a stream of messages gives the same heads, bodies and end when it is fed
 * whole and when it is cut anywhere, and what a request holds can stand on the wire. The first byte
 * chooses the side, the second and third the place of the cut.
 */
#include "base/mem.h"
#include "base/panic.h"
#include "base/sb.h"
#include "codec/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct walk {
    bool replies, dead, in_body;
    struct http1_body body;
    struct sb pending; /* of a head that is not whole */
    struct http1_scan scan;
    struct sb log;
};

static void note_head(struct walk *w, struct str text)
{
    CLEANUP(arena_finip) struct arena a;
    struct http1_head h;
    struct err err;
    char *copy = mem_alloc(text.n); /* a block of its own, so that a read past its end is seen */

    arena_init(&a, 0);
    memcpy(copy, text.p, text.n);
    text = str_make(copy, text.n);
    enum err_code rc = w->replies ? http1_read_reply(text, false, &a, &h, &err)
                                  : http1_read_request(text, &a, &h, &err);
    w->dead = rc != ERR_OK;
    sb_fmt(&w->log, "[%d %d %d %zu %lld]", rc, h.status, h.body, h.header_count,
           (long long)h.content_length);
    for (size_t i = 0; i < h.header_count; i++)
        if (!http1_header_ok(h.headers[i].name, h.headers[i].value))
            panic("a header that must not stand on the wire");
    if (rc == ERR_OK) {
        http1_body_init(&w->body, &h);
        w->in_body = true;
    }
    mem_free(copy);
}

static void feed_head(struct walk *w, struct str *in)
{
    size_t end, before = w->pending.n;

    sb_add(&w->pending, *in);
    enum http1_found found = http1_head_end(sb_str(&w->pending), &w->scan, &end);
    if (found == HTTP1_HEAD_WHOLE) {
        *in = str_skip(*in, end - before);
        w->scan = (struct http1_scan){0};
        note_head(w, str_make(w->pending.p, end));
        sb_reset(&w->pending);
    } else {
        *in = STR_NULL;
        w->dead = found != HTTP1_HEAD_PART;
    }
}

static void feed_body(struct walk *w, struct str *in)
{
    struct str data;
    enum http1_step step = http1_body_next(&w->body, in, &data);

    if (step == HTTP1_DATA)
        sb_add(&w->log, data);
    w->dead = step == HTTP1_BAD;
    w->in_body = step != HTTP1_END;
}

static void feed(struct walk *w, struct str in)
{
    while (!w->dead && (in.n > 0 || w->in_body)) {
        if (!w->in_body)
            feed_head(w, &in);
        else if (in.n == 0 && (!http1_body_ends_with_connection(&w->body) || w->body.left > 0))
            return;
        else
            feed_body(w, &in);
    }
}

static void walk(struct str wire, size_t cut, bool replies, struct sb *log)
{
    struct walk w = {.replies = replies};

    sb_init(&w.pending, 1 << 20);
    sb_init(&w.log, 1 << 24);
    feed(&w, str_sub(wire, 0, cut));
    feed(&w, str_skip(wire, cut));
    sb_fmt(&w.log, "%s", w.dead ? "!" : ".");
    sb_add(log, sb_str(&w.log));
    sb_fini(&w.pending);
    sb_fini(&w.log);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct sb whole, cut;

    if (n < 3)
        return 0;
    struct str wire = str_make((const char *)bytes + 3, n - 3);
    size_t at = (bytes[1] * 256u + bytes[2]) % (wire.n + 1);
    sb_init(&whole, 1 << 24);
    sb_init(&cut, 1 << 24);
    walk(wire, wire.n, bytes[0] & 1, &whole);
    walk(wire, at, bytes[0] & 1, &cut);
    if (!str_eq(sb_str(&whole), sb_str(&cut)))
        panic("cut at %zu of %zu: different messages", at, wire.n);
    sb_fini(&whole);
    sb_fini(&cut);
    return 0;
}

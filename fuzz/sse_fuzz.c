/*
 * Whatever the input: one feed, and one cut anywhere, give the same events, and the events written
 * by sse_write_event() are read back as they were. The first byte chooses the cap, the second and
 * third the place of the cut.
 */
#include "base/mem.h"
#include "base/panic.h"
#include "codec/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void note(struct sb *log, const struct sse_event *ev)
{
    sb_fmt(log, "%zu:", ev->type.n);
    sb_add(log, ev->type);
    sb_fmt(log, "%zu:", ev->id.n);
    sb_add(log, ev->id);
    sb_fmt(log, "%lld %zu:", (long long)ev->retry_ms, ev->data.n);
    sb_add(log, ev->data);
}

/* A block of its own for each piece, so that a read past its end is seen. */
static bool feed(struct sse *d, struct str piece, struct sb *log)
{
    char *copy = mem_alloc(piece.n + 1);
    struct str in = str_make(copy + 1, piece.n);
    struct sse_event ev;
    enum sse_result rc;

    if (piece.n > 0)
        memcpy(copy + 1, piece.p, piece.n);
    while ((rc = sse_next(d, &in, &ev)) == SSE_EVENT)
        note(log, &ev);
    if (rc == SSE_MORE && in.n > 0)
        panic("%zu bytes left behind", in.n);
    mem_free(copy);
    return rc == SSE_MORE;
}

static void read_all(struct str wire, size_t cut, size_t limit, struct sb *log)
{
    struct sse d;
    struct sse_event ev;

    sse_init(&d, limit);
    bool ok = feed(&d, str_sub(wire, 0, cut), log) && feed(&d, str_skip(wire, cut), log);
    if (ok && sse_end(&d, &ev) == SSE_EVENT)
        note(log, &ev);
    sb_add(log, ok ? STR(".") : STR("!"));
    sse_fini(&d);
}

static void check_round_trip(struct str data)
{
    struct sb wire;
    struct sse d;
    struct sse_event ev;
    size_t at = 0;

    sb_init(&wire, 1 << 20);
    sse_write_event(&wire, STR("type"), data);
    sse_init(&d, 1 << 20);
    struct str in = sb_str(&wire);
    if (sse_next(&d, &in, &ev) != SSE_EVENT || in.n > 0 || !str_eq(ev.type, STR("type")))
        panic("what was written is not one event");
    for (size_t i = 0; i < data.n; i++, at++) { /* any line end comes back as LF */
        char want = data.p[i] == '\r' ? '\n' : data.p[i];

        if (at >= ev.data.n || ev.data.p[at] != want)
            panic("what was written is read differently");
        if (data.p[i] == '\r' && i + 1 < data.n && data.p[i + 1] == '\n')
            i++;
    }
    if (at != ev.data.n)
        panic("what was written is read with more behind it");
    sse_fini(&d);
    sb_fini(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct sb whole, cut;

    if (n < 3)
        return 0;
    struct str wire = str_make((const char *)bytes + 3, n - 3);
    size_t limit = bytes[0] < 128 ? 1 << 20 : bytes[0] - 127u;
    size_t at = (bytes[1] * 256u + bytes[2]) % (wire.n + 1);
    sb_init(&whole, 1 << 24);
    sb_init(&cut, 1 << 24);
    read_all(wire, wire.n, limit, &whole);
    read_all(wire, at, limit, &cut);
    if (!str_eq(sb_str(&whole), sb_str(&cut)))
        panic("cut at %zu of %zu: different events", at, wire.n);
    sb_fini(&whole);
    sb_fini(&cut);
    check_round_trip(wire);
    return 0;
}

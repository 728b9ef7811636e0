/*
 * Whatever the input: one feed, and one cut anywhere, give the same messages; a fault is told once
 * and nothing comes behind it; and what is sent as a message is read back by the other role. The
 * first byte chooses the role, the second the cap, the next two the place of the cut.
 */
#include "base/mem.h"
#include "base/panic.h"
#include "codec/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void drop(void *ctx, struct str bytes)
{
    (void)ctx;
    (void)bytes;
}

static void keep(void *ctx, struct str bytes)
{
    sb_add(ctx, bytes);
}

/* A block of its own for each piece, so that a read past its end is seen. */
static bool feed(struct websocket *ws, struct str piece, struct sb *log)
{
    char *copy = mem_alloc(piece.n + 1);
    struct str in = str_make(copy + 1, piece.n);
    struct websocket_event ev;
    enum websocket_result rc;

    if (piece.n > 0)
        memcpy(copy + 1, piece.p, piece.n);
    while ((rc = websocket_next(ws, &in, &ev)) == WEBSOCKET_EVENT) {
        sb_fmt(log, "%d %d %zu:", ev.kind, ev.code, ev.data.n);
        sb_add(log, ev.data);
    }
    if (rc == WEBSOCKET_BAD)
        sb_fmt(log, "!%d", ev.code);
    else if (in.n > 0)
        panic("%zu bytes left behind", in.n);
    if (rc == WEBSOCKET_BAD && websocket_next(ws, &in, &ev) != WEBSOCKET_MORE)
        panic("something came behind a fault");
    mem_free(copy);
    return rc != WEBSOCKET_BAD;
}

static void read_all(enum websocket_role role, size_t limit, struct str wire, size_t cut,
                     struct sb *log)
{
    struct websocket *ws = websocket_new(role, limit, drop, NULL);

    if (feed(ws, str_sub(wire, 0, cut), log))
        (void)feed(ws, str_skip(wire, cut), log);
    websocket_free(ws);
}

static void check_round_trip(enum websocket_role role, struct str data)
{
    struct sb wire;
    struct websocket_event ev;

    sb_init(&wire, 1 << 20);
    struct websocket *from = websocket_new(role, 0, keep, &wire);
    struct websocket *to = websocket_new(
        role == WEBSOCKET_SERVER ? WEBSOCKET_CLIENT : WEBSOCKET_SERVER, 0, drop, NULL);
    websocket_send(from, WEBSOCKET_BINARY, data);
    struct str in = sb_str(&wire);
    if (websocket_next(to, &in, &ev) != WEBSOCKET_EVENT || ev.kind != WEBSOCKET_BINARY ||
        !str_eq(ev.data, data))
        panic("what was sent is read differently");
    websocket_free(from);
    websocket_free(to);
    sb_fini(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct sb whole, cut;

    if (n < 4)
        return 0;
    struct str wire = str_make((const char *)bytes + 4, n - 4);
    enum websocket_role role = bytes[0] & 1 ? WEBSOCKET_SERVER : WEBSOCKET_CLIENT;
    size_t limit = bytes[1] < 128 ? 0 : bytes[1] - 127u;
    size_t at = (bytes[2] * 256u + bytes[3]) % (wire.n + 1);
    sb_init(&whole, 1 << 24);
    sb_init(&cut, 1 << 24);
    read_all(role, limit, wire, wire.n, &whole);
    read_all(role, limit, wire, at, &cut);
    if (!str_eq(sb_str(&whole), sb_str(&cut)))
        panic("cut at %zu of %zu: different messages", at, wire.n);
    sb_fini(&whole);
    sb_fini(&cut);
    check_round_trip(role, wire);
    return 0;
}

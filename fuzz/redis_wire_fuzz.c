/*
 * Whatever a server sends: one feed, and one cut anywhere, give the same values, a copy of a value
 * is the value, and a hello that gets it ends in one of its results. The first two bytes choose the
 * place of the cut.
 */
#include "base/panic.h"
#include "cache/redis_hello.h"
#include "cache/redis_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void note(struct sb *log, const struct redis_value *v) /* NOLINT(misc-no-recursion) */
{
    sb_fmt(log, "%d %lld %zu:", (int)v->kind, (long long)v->i, v->s.n);
    sb_add(log, v->s);
    for (size_t i = 0; i < v->count; i++)
        note(log, &v->items[i]);
}

static void note_copied(struct sb *log, const struct redis_value *v)
{
    size_t from = log->n;
    struct redis_value copy;
    struct arena a;
    struct sb other;

    note(log, v);
    arena_init(&a, 0);
    sb_init(&other, 1 << 24);
    copy = redis_value_dup(&a, v);
    note(&other, &copy);
    if (!str_eq(str_skip(sb_str(log), from), sb_str(&other)))
        panic("a copy is another value");
    sb_fini(&other);
    arena_fini(&a);
}

static enum redis_read feed(struct redis_reader *r, struct str piece, struct redis_hello *h,
                            struct sb *log)
{
    const struct redis_value *v;
    enum redis_read got;
    struct err err;

    redis_reader_feed(r, piece);
    while ((got = redis_reader_next(r, &v, &err)) == REDIS_READ_VALUE) {
        note_copied(log, v);
        if (h->at < h->count && redis_hello_reply(h, v, &err) == REDIS_HELLO_FAIL)
            h->count = h->at;
    }
    return got;
}

static void read_all(struct str wire, size_t cut, bool sentinel, struct sb *log)
{
    const struct redis_login login = {.password = secret_make(STR("x"))};
    struct redis_reader *r = redis_reader_new();
    struct redis_hello h;
    struct sb out;

    sb_init(&out, 4096);
    if (sentinel)
        redis_hello_sentinel(&h, &login, STR("main"), &out);
    else
        redis_hello_server(&h, &login, 1, &out);
    sb_fini(&out);
    if (feed(r, str_sub(wire, 0, cut), &h, log) == REDIS_READ_FAIL ||
        feed(r, str_skip(wire, cut), &h, log) == REDIS_READ_FAIL)
        sb_add_char(log, '!');
    redis_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct sb whole, cut;

    if (n < 2)
        return 0;
    struct str wire = str_make((const char *)bytes + 2, n - 2);
    size_t at = (bytes[0] * 256u + bytes[1]) % (wire.n + 1);
    bool sentinel = bytes[0] & 1;
    sb_init(&whole, 1 << 24);
    sb_init(&cut, 1 << 24);
    read_all(wire, wire.n, sentinel, &whole);
    read_all(wire, at, sentinel, &cut);
    if (!str_eq(sb_str(&whole), sb_str(&cut)))
        panic("cut at %zu of %zu: different values", at, wire.n);
    sb_fini(&whole);
    sb_fini(&cut);
    return 0;
}

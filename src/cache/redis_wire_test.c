#include "cache/redis_wire.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/test.h"

/* The value as one line, so that tests can compare it. Recursion is bounded by the reader's cap. */
static void show(struct sb *out, const struct redis_value *v) /* NOLINT(misc-no-recursion) */
{
    static const char marks[] = {[REDIS_STRING] = '"', [REDIS_STATUS] = '+', [REDIS_ERROR] = '-'};

    switch (v->kind) {
    case REDIS_NIL:
        sb_add(out, STR("nil"));
        break;
    case REDIS_INT:
        sb_add_i64(out, v->i);
        break;
    case REDIS_STRING:
    case REDIS_STATUS:
    case REDIS_ERROR:
        sb_add_char(out, marks[v->kind]);
        sb_add(out, v->s);
        break;
    case REDIS_ARRAY:
        sb_add_char(out, '[');
        for (size_t i = 0; i < v->count; i++) {
            if (i > 0)
                sb_add_char(out, ' ');
            show(out, &v->items[i]);
        }
        sb_add_char(out, ']');
        break;
    }
}

/* Reads what is there; adds each reply and ';'. */
static enum redis_read drain(struct redis_reader *r, struct sb *out)
{
    const struct redis_value *v;
    enum redis_read got;
    struct err err;

    while ((got = redis_reader_next(r, &v, &err)) == REDIS_READ_VALUE) {
        show(out, v);
        sb_add_char(out, ';');
    }
    return got;
}

static const char wire[] = "+OK\r\n:42\r\n:-7\r\n$5\r\nhe\r\no\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
                           "-ERR no such thing\r\n*3\r\n:1\r\n*2\r\n$1\r\na\r\n-E x\r\n$-1\r\n"
                           "*2\r\n*1\r\n*1\r\n+deep\r\n:9\r\n+end\r\n";
static const char wire_shown[] = "+OK;42;-7;\"he\r\no;\";nil;nil;[];-ERR no such thing;"
                                 "[1 [\"a -E x] nil];[[[+deep]] 9];+end;";

TEST(replies_are_the_same_wherever_the_bytes_are_cut)
{
    const struct str all = STR(wire);

    for (size_t cut = 0; cut <= all.n; cut++) {
        struct redis_reader *r = redis_reader_new();
        struct sb out;

        sb_init(&out, 4096);
        redis_reader_feed(r, str_sub(all, 0, cut));
        CHECK_EQ(drain(r, &out), REDIS_READ_MORE);
        redis_reader_feed(r, str_skip(all, cut));
        CHECK_EQ(drain(r, &out), REDIS_READ_MORE);
        CHECK_STR(sb_str(&out), wire_shown);
        sb_fini(&out);
        redis_reader_free(r);
    }
}

TEST(replies_come_byte_by_byte)
{
    const struct str all = STR(wire);
    struct redis_reader *r = redis_reader_new();
    struct sb out;

    sb_init(&out, 4096);
    for (size_t i = 0; i < all.n; i++) {
        redis_reader_feed(r, str_sub(all, i, 1));
        CHECK_EQ(drain(r, &out), REDIS_READ_MORE);
    }
    CHECK_STR(sb_str(&out), wire_shown);
    sb_fini(&out);
    redis_reader_free(r);
}

TEST(what_is_not_the_protocol_fails_for_good)
{
    static const struct str bad[] = {STR_INIT("HTTP/1.1 400 Bad Request\r\n"),
                                     STR_INIT("$-5\r\n"),
                                     STR_INIT(":12x\r\n"),
                                     STR_INIT("*99999999999\r\n"),
                                     STR_INIT("*2147483647\r\n"),
                                     STR_INIT("*2\r\n*300000\r\n")};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct redis_reader *r = redis_reader_new();
        const struct redis_value *v;
        struct err err = {0};

        redis_reader_feed(r, bad[i]);
        CHECK_EQ(redis_reader_next(r, &v, &err), REDIS_READ_FAIL);
        CHECK_EQ(err.code, ERR_IO);
        redis_reader_feed(r, STR("+OK\r\n"));
        CHECK_EQ(redis_reader_next(r, &v, &err), REDIS_READ_FAIL);
        CHECK(!v);
        redis_reader_free(r);
    }
}

static enum redis_read nested(int depth)
{
    struct redis_reader *r = redis_reader_new();
    const struct redis_value *v;
    enum redis_read got;
    struct err err;

    for (int i = 0; i < depth; i++)
        redis_reader_feed(r, STR("*1\r\n"));
    redis_reader_feed(r, STR(":1\r\n"));
    got = redis_reader_next(r, &v, &err);
    redis_reader_free(r);
    return got;
}

TEST(arrays_nest_to_a_cap)
{
    CHECK_EQ(nested(REDIS_REPLY_DEPTH_MAX), REDIS_READ_VALUE);
    CHECK_EQ(nested(REDIS_REPLY_DEPTH_MAX + 1), REDIS_READ_FAIL);
    CHECK_EQ(nested(500), REDIS_READ_FAIL);
}

/* Feeds a string reply of this length in pieces, as the loop does. */
static enum redis_read long_string(size_t bytes)
{
    struct redis_reader *r = redis_reader_new();
    char head[32], *piece = mem_zalloc(65536);
    const struct redis_value *v;
    enum redis_read got = REDIS_READ_MORE;
    struct err err;

    snprintf(head, sizeof head, "$%zu\r\n", bytes);
    redis_reader_feed(r, str_from(head));
    for (size_t left = bytes; left > 0 && got == REDIS_READ_MORE;) {
        size_t n = left < 65536 ? left : 65536;

        redis_reader_feed(r, str_make(piece, n));
        got = redis_reader_next(r, &v, &err);
        left -= n;
    }
    redis_reader_feed(r, STR("\r\n"));
    if (got == REDIS_READ_MORE)
        got = redis_reader_next(r, &v, &err);
    mem_free(piece);
    redis_reader_free(r);
    return got;
}

TEST(a_reply_has_a_longest_length)
{
    CHECK_EQ(long_string(REDIS_REPLY_BYTES_MAX - 64), REDIS_READ_VALUE);
    CHECK_EQ(long_string(REDIS_REPLY_BYTES_MAX + 1), REDIS_READ_FAIL);
}

/* The caps are of one reply: many in a row are not added up. */
TEST(caps_begin_anew_with_each_reply)
{
    struct redis_reader *r = redis_reader_new();
    char *piece = mem_zalloc(1024 * 1024);
    const struct redis_value *v;
    struct err err;

    for (int i = 0; i < 40; i++) {
        redis_reader_feed(r, STR("*2\r\n$1048576\r\n"));
        redis_reader_feed(r, str_make(piece, 1024 * 1024));
        CHECK_EQ(redis_reader_next(r, &v, &err), REDIS_READ_MORE);
        redis_reader_feed(r, STR("\r\n:1\r\n"));
        CHECK_EQ(redis_reader_next(r, &v, &err), REDIS_READ_VALUE);
    }
    mem_free(piece);
    redis_reader_free(r);
}

TEST(a_copy_outlives_the_reader)
{
    struct redis_reader *r = redis_reader_new();
    const struct redis_value *v;
    struct redis_value copy;
    struct arena a;
    struct sb out;
    struct err err;

    arena_init(&a, 0);
    sb_init(&out, 4096);
    redis_reader_feed(r, STR("*4\r\n$1\r\na\r\n*3\r\n:1\r\n*0\r\n*1\r\n$-1\r\n-E x\r\n+s\r\n"));
    CHECK_EQ(redis_reader_next(r, &v, &err), REDIS_READ_VALUE);
    copy = redis_value_dup(&a, v);
    redis_reader_free(r);
    show(&out, &copy);
    CHECK_STR(sb_str(&out), "[\"a [1 [] [nil]] -E x +s]");
    sb_fini(&out);
    arena_fini(&a);
}

/* hiredis's own writer is the measure. */
TEST(commands_are_written_as_the_library_writes_them)
{
    const struct str argv[] = {STR("SET"), STR(""), str_make("a\0\r\nb", 5)};
    const char *words[] = {argv[0].p, argv[1].p, argv[2].p};
    const size_t sizes[] = {argv[0].n, argv[1].n, argv[2].n};
    char *want;
    int n = redisFormatCommandArgv(&want, 3, words, sizes);
    struct sb out;

    sb_init(&out, 4096);
    redis_add_command(&out, argv, 3);
    CHECK(n > 0);
    CHECK(str_eq(sb_str(&out), str_make(want, (size_t)n)));
    redisFreeCommand(want);
    sb_fini(&out);
}

TEST_MAIN(replies_are_the_same_wherever_the_bytes_are_cut, replies_come_byte_by_byte,
          what_is_not_the_protocol_fails_for_good, arrays_nest_to_a_cap,
          a_reply_has_a_longest_length, caps_begin_anew_with_each_reply, a_copy_outlives_the_reader,
          commands_are_written_as_the_library_writes_them)

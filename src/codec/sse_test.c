#include "codec/sse.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/test.h"

/* Writes what came out in one line: "type|data|id|retry;" for each event, then "!" for too long. */
struct reader {
    struct sse sse;
    struct sb log;
};

static void reader_init(struct reader *r, size_t limit)
{
    sse_init(&r->sse, limit);
    sb_init(&r->log, 1 << 20);
}

static void reader_fini(struct reader *r)
{
    sse_fini(&r->sse);
    sb_fini(&r->log);
}

static void note(struct reader *r, const struct sse_event *ev)
{
    sb_fmt(&r->log, "%.*s|%.*s|%.*s|%d;", STR_ARG(ev->type), STR_ARG(ev->data), STR_ARG(ev->id),
           (int)ev->retry_ms);
}

/* The chunk is given from a block of its own size, so that a read past its end is seen. */
static void feed(struct reader *r, struct str chunk)
{
    char *copy = mem_alloc(chunk.n + 1);
    struct str in = str_make(copy + 1, chunk.n);
    struct sse_event ev;
    enum sse_result rc;

    memcpy(copy + 1, chunk.p, chunk.n);
    while ((rc = sse_next(&r->sse, &in, &ev)) == SSE_EVENT)
        note(r, &ev);
    if (rc == SSE_TOO_LONG)
        sb_add_char(&r->log, '!');
    else
        CHECK_EQ(in.n, 0);
    mem_free(copy);
}

static void check_whole(struct str wire, const char *want, int line)
{
    struct reader r;

    reader_init(&r, 1000);
    feed(&r, wire);
    test_check_str(sb_str(&r.log), want, __FILE__, line);
    reader_fini(&r);
}
#define WHOLE(wire, want) check_whole(STR(wire), (want), __LINE__)

/* Every pair of cuts, and byte by byte, must give what the uncut stream gives. */
static void check_cuts(struct str wire, size_t limit, const char *want, int line)
{
    struct reader r;

    for (size_t i = 0; i <= wire.n; i++) {
        for (size_t k = i; k <= wire.n; k++) {
            reader_init(&r, limit);
            feed(&r, str_make(wire.p, i));
            feed(&r, str_make(wire.p + i, k - i));
            feed(&r, str_make(wire.p + k, wire.n - k));
            test_check_str(sb_str(&r.log), want, __FILE__, line);
            reader_fini(&r);
        }
    }
    reader_init(&r, limit);
    for (size_t i = 0; i < wire.n; i++)
        feed(&r, str_make(wire.p + i, 1));
    test_check_str(sb_str(&r.log), want, __FILE__, line);
    reader_fini(&r);
}
#define CUTS(wire, want) check_cuts(STR(wire), 1000, (want), __LINE__)

TEST(lines_end_with_lf_cr_or_both)
{
    CUTS("data: a\n\ndata: b\n\n", "|a||-1;|b||-1;");
    CUTS("data: a\r\rdata: b\r\r", "|a||-1;|b||-1;");
    CUTS("data: a\r\n\r\ndata: b\r\n\r\n", "|a||-1;|b||-1;");
    CUTS("data: a\r\n\rdata: b\n\r\ndata: c\r\r\n", "|a||-1;|b||-1;|c||-1;");
}

TEST(several_data_lines_are_joined_with_lf)
{
    CUTS("data: a\ndata: b\r\ndata\rdata:\ndata:  c\n\n", "|a\nb\n\n\n c||-1;");
    CUTS(
        "data: a\nevent: long name of a type\ndata: longer than the line before\nid: 7\ndata: c\n\n"
        "data: d\n\n",
        "long name of a type|a\nlonger than the line before\nc|7|-1;|d||-1;");
}

TEST(fields_other_than_data_are_read)
{
    CUTS("event: ping\nid: 42\nretry: 1500\ndata: {}\n\n", "ping|{}|42|1500;");
    CUTS("event:x\nevent:y\ndata:1\nretry: soon\nid\n\n", "y|1||-1;");
    WHOLE("id: a\0b\ndata: 1\n\n", "|1||-1;");
    WHOLE("retry: 99999999999999999999\nDATA: no\ndatax: no\ndat: no\ndata : no\ndata: 1\n\n",
          "|1||-1;");
}

TEST(fields_hold_for_one_event_only)
{
    CUTS("event: a\nid: 1\nretry: 2\ndata: x\n\ndata: y\n\n", "a|x|1|2;|y||-1;");
    CUTS("event: a\n\ndata: y\n\n", "|y||-1;"); /* an event without data is none */
}

TEST(comments_and_blank_lines_are_dropped)
{
    CUTS(": PROCESSING\n\n\n\n:\n\n: x\ndata: 1\n: data: 2\n\n", "|1||-1;");
    CUTS("\r\n\r\n: OPENROUTER\r\ndata: 1\r\n\r\n", "|1||-1;");
}

TEST(one_space_behind_the_colon_is_dropped)
{
    WHOLE("data:a\n\ndata: a\n\ndata:  a\n\ndata:\ta\n\ndata:\n\ndata\n\ndata: \n\n",
          "|a||-1;|a||-1;| a||-1;|\ta||-1;|||-1;|||-1;|||-1;");
}

TEST(a_byte_order_mark_is_dropped_at_the_start_only)
{
    CUTS("\xef\xbb\xbf"
         "data: 1\n\n\xef\xbb\xbf"
         "data: 2\n\ndata: 3\n\n",
         "|1||-1;|3||-1;");
    CUTS("\xef\xbb"
         "data: 1\n\ndata: 2\n\n",
         "|2||-1;");
    CUTS("\xef\xbb\xbf\xef\xbb\xbf"
         "data: 1\n\ndata: 2\n\n",
         "|2||-1;");
}

/* The cap counts the lines that matter with their ends, and the line that is being read. */
TEST(the_cap_is_the_same_for_any_cut)
{
    check_cuts(STR("data: 345678\n\n"), 13, "|345678||-1;", __LINE__);
    check_cuts(STR("\xef\xbb\xbf"
                   "data: 345678\n\n"),
               13, "|345678||-1;", __LINE__);
    check_cuts(STR("data: 1\ndata: 2\n\n"), 16, "|1\n2||-1;", __LINE__);
    check_cuts(STR("event: e\ndata: 2\n\ndata: 3\n\n"), 17, "e|2||-1;|3||-1;", __LINE__);
    WHOLE("data: 1\n\n", "|1||-1;");
    static const struct str over[] = {STR_INIT("data: 345678\n\n"),  STR_INIT("data: 1\ndata\n\n"),
                                      STR_INIT(": 3456789012\n\n"),  STR_INIT("data: 1\n: 01\n\n"),
                                      STR_INIT("event: e\ndat\n\n"), STR_INIT("data: 34567890")};
    for (size_t i = 0; i < ARRAY_LEN(over); i++) {
        for (size_t cut = 0; cut <= over[i].n; cut++) {
            struct reader r;

            reader_init(&r, 12);
            feed(&r, str_make(over[i].p, cut));
            feed(&r, str_skip(over[i], cut));
            CHECK(str_has(sb_str(&r.log), STR("!")));
            CHECK(!r.sse.kept.p); /* a failed reader holds no memory */
            feed(&r, STR("\n\ndata: 1\n\n"));
            CHECK(!str_has(sb_str(&r.log), STR("|")));
            reader_fini(&r);
        }
    }
}

TEST(an_event_that_lies_whole_in_the_chunk_is_not_copied)
{
    static const char wire[] = "data: first\r\n\r\nevent: x\nid: 1\ndata: {\"a\":1}\n\n";
    struct str in = STR(wire);
    struct sse_event ev;
    struct sse d;

    sse_init(&d, 1000);
    CHECK_EQ(sse_next(&d, &in, &ev), SSE_EVENT);
    CHECK(ev.data.p == wire + 6);
    CHECK_EQ(sse_next(&d, &in, &ev), SSE_EVENT);
    CHECK(ev.data.p > wire && ev.data.p < wire + sizeof wire);
    CHECK_EQ(sse_next(&d, &in, &ev), SSE_MORE);
    CHECK(!d.kept.p && !d.joined.p);
    sse_fini(&d);
}

TEST(no_buffer_is_held_while_nothing_is_pending)
{
    static const char wire[] = ": c\n\ndata: a\ndata: b\n\ndata: c\r\n\r\n: d\n";
    struct reader r;

    reader_init(&r, 1000);
    for (size_t i = 0; i < sizeof wire - 1; i++) {
        feed(&r, str_make(wire + i, 1));
        CHECK((r.sse.kept.p != NULL) == sse_pending(&r.sse));
        CHECK(!r.sse.joined.p);
    }
    CHECK(!sse_pending(&r.sse));
    CHECK_STR(sb_str(&r.log), "|a\nb||-1;|c||-1;");
    reader_fini(&r);
}

TEST(a_pending_event_is_given_out_at_the_end_on_request)
{
    static const char *const wires[][2] = {
        {"data: a\n", "|a||-1;"},
        {"data: a", "|a||-1;"},
        {"data: a\r", "|a||-1;"},
        {"data: a\n\n", ""},
        {"event: x\ndata: a", "x|a||-1;"},
        {"data: a\ndata: b", "|a\nb||-1;"},
        {"event: x\n", ""},
        {": comment", ""},
        {"", ""},
        {"\xef\xbb", ""},
        {"da", ""},
        {"data", "|||-1;"},
    };

    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        struct str wire = str_from(wires[i][0]);

        for (size_t cut = 0; cut <= wire.n; cut++) {
            struct reader r;
            struct sse_event ev;

            reader_init(&r, 1000);
            feed(&r, str_make(wire.p, cut));
            feed(&r, str_skip(wire, cut));
            sb_reset(&r.log);
            if (sse_end(&r.sse, &ev) == SSE_EVENT)
                note(&r, &ev);
            CHECK_STR(sb_str(&r.log), wires[i][1]);
            CHECK_EQ(sse_end(&r.sse, &ev), SSE_MORE);
            reader_fini(&r);
        }
    }
}

TEST(what_is_written_is_read_again)
{
    CLEANUP(sb_finip) struct sb out;
    struct reader r;

    sb_init(&out, 1000);
    sse_write_comment(&out, STR("PING\nx"));
    sse_write_data(&out, STR("{\"a\":1}"));
    sse_write_event(&out, STR("delta\nx"), STR("one\r\ntwo\rthree\n"));
    sse_write_event(&out, STR_NULL, STR_NULL);
    CHECK_STR(sb_str(&out), ": PING\n\ndata: {\"a\":1}\n\n"
                            "event: delta\ndata: one\ndata: two\ndata: three\ndata: \n\n"
                            "data: \n\n");
    reader_init(&r, 1000);
    feed(&r, sb_str(&out));
    CHECK_STR(sb_str(&r.log), "|{\"a\":1}||-1;delta|one\ntwo\nthree\n||-1;|||-1;");
    reader_fini(&r);
}

TEST_MAIN(lines_end_with_lf_cr_or_both, several_data_lines_are_joined_with_lf,
          fields_other_than_data_are_read, fields_hold_for_one_event_only,
          comments_and_blank_lines_are_dropped, one_space_behind_the_colon_is_dropped,
          a_byte_order_mark_is_dropped_at_the_start_only, the_cap_is_the_same_for_any_cut,
          an_event_that_lies_whole_in_the_chunk_is_not_copied,
          no_buffer_is_held_while_nothing_is_pending,
          a_pending_event_is_given_out_at_the_end_on_request, what_is_written_is_read_again)

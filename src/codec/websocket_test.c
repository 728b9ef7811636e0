#include "codec/websocket.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/test.h"

/* One end, what it sends, and what came out in one line: "text:hi;" and so on. */
struct end {
    struct websocket *ws;
    struct sb wire, log;
};

static void on_send(void *ctx, struct str bytes)
{
    sb_add(&((struct end *)ctx)->wire, bytes);
}

static void end_init(struct end *e, enum websocket_role role, size_t max)
{
    sb_init(&e->wire, 64 << 20);
    sb_init(&e->log, 64 << 20);
    e->ws = websocket_new(role, max, on_send, e);
}

static void end_fini(struct end *e)
{
    websocket_free(e->ws);
    sb_fini(&e->wire);
    sb_fini(&e->log);
}

static void note(struct sb *log, enum websocket_result rc, const struct websocket_event *ev)
{
    static const char *const names[] = {"text", "binary", "ping", "pong", "close"};

    if (rc == WEBSOCKET_BAD)
        sb_fmt(log, "!%d %.*s;", ev->code, STR_ARG(ev->data));
    else if (ev->kind == WEBSOCKET_CLOSE)
        sb_fmt(log, "close:%d %.*s;", ev->code, STR_ARG(ev->data));
    else
        sb_fmt(log, "%s:%.*s;", names[ev->kind], STR_ARG(ev->data));
}

/* The bytes are given from a block of their own, so that a read past their end is seen. */
static void feed(struct end *e, struct str bytes)
{
    char *copy = mem_alloc(bytes.n + 1);
    struct str in = str_make(copy + 1, bytes.n);
    struct websocket_event ev;
    enum websocket_result rc;

    if (bytes.n > 0)
        memcpy(copy + 1, bytes.p, bytes.n);
    while ((rc = websocket_next(e->ws, &in, &ev)) == WEBSOCKET_EVENT)
        note(&e->log, rc, &ev);
    if (rc == WEBSOCKET_BAD)
        note(&e->log, rc, &ev);
    else
        CHECK_EQ(in.n, 0);
    mem_free(copy);
}

/* A client gets frames without masks, which are easy to write down. */
static void check_client(struct str wire, const char *want, int line)
{
    struct end e;

    end_init(&e, WEBSOCKET_CLIENT, 1000);
    feed(&e, wire);
    test_check_str(sb_str(&e.log), want, __FILE__, line);
    end_fini(&e);
    end_init(&e, WEBSOCKET_CLIENT, 1000);
    for (size_t i = 0; i < wire.n; i++)
        feed(&e, str_sub(wire, i, 1));
    /* Behind a fault nothing is read, and it is told once. */
    test_check_str(sb_str(&e.log), want, __FILE__, line);
    end_fini(&e);
}
#define CLIENT_READS(wire, want) check_client(STR(wire), (want), __LINE__)

TEST(messages_of_one_frame_and_of_several_come_out_whole)
{
    CLIENT_READS("\x81\x02hi", "text:hi;");
    CLIENT_READS("\x81\x00", "text:;");
    CLIENT_READS("\x82\x03\x01\xff\x02", "binary:\x01\xff\x02;");
    CLIENT_READS("\x01\x01"
                 "a\x00\x01"
                 "b\x80\x01"
                 "c\x81\x01"
                 "d",
                 "text:abc;text:d;");
    CLIENT_READS("\x01\x00\x80\x00", "text:;");
}

TEST(control_frames_may_stand_within_a_message)
{
    CLIENT_READS("\x01\x01"
                 "a\x89\x02zz\x8a\x00\x80\x01"
                 "b",
                 "ping:zz;pong:;text:ab;");
    CLIENT_READS("\x01\x01"
                 "a\x88\x02\x03\xe8\x80\x01"
                 "b",
                 "close:1000 ;");
}

TEST(a_close_frame_has_a_code_and_a_reason_or_none)
{
    CLIENT_READS("\x88\x05\x03\xe8"
                 "bye\x81\x01x",
                 "close:1000 bye;");
    CLIENT_READS("\x88\x00", "close:1005 ;");
    CLIENT_READS("\x88\x02\x0b\xb8", "close:3000 ;");
    CLIENT_READS("\x88\x01\x03", "!1002 half a close code;");
    CLIENT_READS("\x88\x02\x03\xed", "!1002 a close code that must not be sent;"); /* 1005 */
    CLIENT_READS("\x88\x02\x03\xe7", "!1002 a close code that must not be sent;"); /* 999 */
    CLIENT_READS("\x88\x02\x13\x88", "!1002 a close code that must not be sent;"); /* 5000 */
    CLIENT_READS("\x88\x03\x03\xe8\xff", "!1007 a close reason that is not UTF-8;");
}

TEST(what_breaks_the_protocol_is_refused_with_the_code_that_says_so)
{
    CLIENT_READS("\xc1\x01x", "!1002 a reserved bit is set;");
    CLIENT_READS("\x83\x01x", "!1002 an unknown kind of frame;");
    CLIENT_READS("\x8b\x01x", "!1002 an unknown kind of frame;");
    CLIENT_READS("\x80\x01x", "!1002 a continuation of nothing;");
    CLIENT_READS("\x01\x01x\x81\x01y", "!1002 a message within a message;");
    CLIENT_READS("\x09\x01x", "!1002 the frame is malformed;");        /* a ping in two frames */
    CLIENT_READS("\x89\x7e\x00\x7e", "!1002 the frame is malformed;"); /* a ping of 126 bytes */
    CLIENT_READS("\x81\x7e\x00\x05hello",
                 "!1002 the frame is malformed;"); /* a longer length than needed */
    CLIENT_READS("\x81\x81\x00\x00\x00\x00x", "!1002 a frame is masked;");
    CLIENT_READS("\x81\x02\xc3\x28", "!1007 a text that is not UTF-8;");
    CLIENT_READS("\x01\x01\xc3\x80\x01\xa4", "text:\xc3\xa4;"); /* a letter over two frames */
}

TEST(a_server_refuses_frames_without_a_mask)
{
    struct end e;

    end_init(&e, WEBSOCKET_SERVER, 0);
    feed(&e, STR("\x81\x02hi"));
    CHECK_STR(sb_str(&e.log), "!1002 a frame is not masked;");
    end_fini(&e);
    end_init(&e, WEBSOCKET_SERVER, 0);
    feed(&e, STR("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")); /* RFC 6455, section 5.7 */
    CHECK_STR(sb_str(&e.log), "text:Hello;");
    end_fini(&e);
}

TEST(a_message_past_the_cap_is_refused_before_it_is_kept)
{
    CLIENT_READS("\x81\x7e\x03\xe9x", "!1009 the message is too large;"); /* announces 1001 */
    CLIENT_READS("\x81\x7f\x00\x00\x00\x01\x00\x00\x00\x00x", "!1009 the message is too large;");
    CLIENT_READS("\x01\x01x\x80\x7e\x03\xe8x", "!1009 the message is too large;"); /* 1 + 1000 */
    CLIENT_READS("\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00", "!1002 the frame is malformed;");
}

static void say(struct end *e, enum websocket_kind kind, size_t bytes)
{
    char *text = mem_alloc(bytes + 1);

    for (size_t i = 0; i < bytes; i++)
        text[i] = (char)('a' + i % 26);
    websocket_send(e->ws, kind, str_make(text, bytes));
    mem_free(text);
}

static void check_between(enum websocket_role from, enum websocket_role to)
{
    static const size_t sizes[] = {0, 1, 125, 126, 127, 4095, 4096, 4097, 65535, 65536, 100000};
    struct end a, b;

    end_init(&a, from, 0);
    end_init(&b, to, 0);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        say(&a, i % 2 ? WEBSOCKET_TEXT : WEBSOCKET_BINARY, sizes[i]);
        struct str in = sb_str(&a.wire);
        struct websocket_event ev;

        CHECK_EQ(websocket_next(b.ws, &in, &ev), WEBSOCKET_EVENT);
        CHECK_EQ(ev.kind, i % 2 ? WEBSOCKET_TEXT : WEBSOCKET_BINARY);
        CHECK_EQ(ev.data.n, sizes[i]);
        for (size_t k = 0; k < ev.data.n; k++)
            CHECK(ev.data.p[k] == (char)('a' + k % 26));
        CHECK_EQ(websocket_next(b.ws, &in, &ev), WEBSOCKET_MORE);
        sb_reset(&a.wire);
    }
    end_fini(&a);
    end_fini(&b);
}

TEST(what_one_end_sends_the_other_reads_whatever_its_size)
{
    check_between(WEBSOCKET_CLIENT, WEBSOCKET_SERVER);
    check_between(WEBSOCKET_SERVER, WEBSOCKET_CLIENT);
}

TEST(a_conversation_reads_the_same_wherever_it_is_cut)
{
    struct end from, to;
    struct str wire;

    end_init(&from, WEBSOCKET_CLIENT, 0);
    say(&from, WEBSOCKET_TEXT, 5);
    say(&from, WEBSOCKET_PING, 3);
    say(&from, WEBSOCKET_BINARY, 130);
    say(&from, WEBSOCKET_PONG, 0);
    say(&from, WEBSOCKET_TEXT, 300);
    websocket_close(from.ws, WEBSOCKET_GOING_AWAY, STR("leaving"));
    wire = sb_str(&from.wire);
    end_init(&to, WEBSOCKET_SERVER, 0);
    feed(&to, wire);
    for (size_t cut = 0; cut <= wire.n; cut++) {
        struct end e;

        end_init(&e, WEBSOCKET_SERVER, 0);
        feed(&e, str_sub(wire, 0, cut));
        feed(&e, str_skip(wire, cut));
        CHECK(str_eq(sb_str(&e.log), sb_str(&to.log)));
        end_fini(&e);
    }
    CHECK(str_ends(sb_str(&to.log), STR("close:1001 leaving;")));
    end_fini(&from);
    end_fini(&to);
}

TEST(an_owner_that_stops_between_messages_gets_the_rest_later)
{
    struct end e;
    struct str in = STR("\x81\x01"
                        "a\x81\x01"
                        "b");
    struct websocket_event ev;

    end_init(&e, WEBSOCKET_CLIENT, 0);
    CHECK_EQ(websocket_next(e.ws, &in, &ev), WEBSOCKET_EVENT);
    CHECK_STR(ev.data, "a");
    in = STR_NULL; /* what was taken is kept inside */
    CHECK_EQ(websocket_next(e.ws, &in, &ev), WEBSOCKET_EVENT);
    CHECK_STR(ev.data, "b");
    CHECK_EQ(websocket_next(e.ws, &in, &ev), WEBSOCKET_MORE);
    end_fini(&e);
}

TEST(after_a_close_frame_nothing_is_sent)
{
    struct end e;
    size_t bytes;

    end_init(&e, WEBSOCKET_SERVER, 0);
    websocket_close(e.ws, WEBSOCKET_NO_STATUS, STR("not sent"));
    CHECK(str_eq(sb_str(&e.wire), STR("\x88\x00")));
    bytes = e.wire.n;
    websocket_send(e.ws, WEBSOCKET_TEXT, STR("x"));
    websocket_close(e.ws, WEBSOCKET_NORMAL, STR_NULL);
    CHECK_EQ(e.wire.n, bytes);
    end_fini(&e);
}

TEST(a_reason_is_cut_between_characters)
{
    struct end e;
    char reason[200];

    for (size_t i = 0; i + 1 < sizeof reason; i += 2)
        memcpy(reason + i, "\xc3\xa4", 2);
    end_init(&e, WEBSOCKET_SERVER, 0);
    websocket_close(e.ws, WEBSOCKET_NORMAL, str_make(reason, sizeof reason));
    CHECK_EQ(e.wire.n, 2 + 2 + 122);
    end_fini(&e);
}

TEST(the_handshake_is_answered_as_the_standard_shows_it)
{
    struct arena a;

    arena_init(&a, 0);
    CHECK_STR(websocket_accept(&a, STR("dGhlIHNhbXBsZSBub25jZQ==")), /* RFC 6455, section 1.3 */
              "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(websocket_key_ok(&a, STR("dGhlIHNhbXBsZSBub25jZQ==")));
    CHECK(!websocket_key_ok(&a, STR("dGhlIHNhbXBsZQ==")));
    CHECK(!websocket_key_ok(&a, STR("!")));
    CHECK(!websocket_key_ok(&a, STR_NULL));
    arena_fini(&a);
}

TEST_MAIN(messages_of_one_frame_and_of_several_come_out_whole,
          control_frames_may_stand_within_a_message, a_close_frame_has_a_code_and_a_reason_or_none,
          what_breaks_the_protocol_is_refused_with_the_code_that_says_so,
          a_server_refuses_frames_without_a_mask,
          a_message_past_the_cap_is_refused_before_it_is_kept,
          what_one_end_sends_the_other_reads_whatever_its_size,
          a_conversation_reads_the_same_wherever_it_is_cut,
          an_owner_that_stops_between_messages_gets_the_rest_later,
          after_a_close_frame_nothing_is_sent, a_reason_is_cut_between_characters,
          the_handshake_is_answered_as_the_standard_shows_it)

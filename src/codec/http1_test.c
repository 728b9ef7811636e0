#include "codec/http1.h"

#include "base/test.h"

static enum http1_found find_end(struct str text, size_t *end)
{
    struct http1_scan scan = {0};

    return http1_head_end(text, &scan, end);
}

/* Cuts and reads a request as a server does; the code of whichever step refused it. */
static enum err_code read_request(struct str text, struct arena *a, struct http1_head *head)
{
    size_t end;
    struct err err;

    *head = (struct http1_head){0};
    if (find_end(text, &end) != HTTP1_HEAD_WHOLE)
        return ERR_BAD_REQUEST;
    return http1_read_request(str_make(text.p, end), a, head, &err);
}

static enum err_code read_reply(const char *text, bool to_head, struct arena *a,
                                struct http1_head *head)
{
    size_t end;
    struct err err;

    *head = (struct http1_head){0};
    if (find_end(str_from(text), &end) != HTTP1_HEAD_WHOLE)
        return ERR_UPSTREAM_BODY;
    return http1_read_reply(str_make(text, end), to_head, a, head, &err);
}

static bool refused(struct str text)
{
    CLEANUP(arena_finip) struct arena a;
    struct http1_head head;

    arena_init(&a, 0);
    return read_request(text, &a, &head) == ERR_BAD_REQUEST;
}

TEST(a_request_head_is_read_into_slices)
{
    CLEANUP(arena_finip) struct arena a;
    struct http1_head h;

    arena_init(&a, 0);
    CHECK_EQ(read_request(STR("\r\nPOST /v1/x?a=b HTTP/1.1\r\nHost: h:80\r\nX-A:  b c \t\r\n"
                              "Empty:\r\nContent-Length: 5\r\n\r\nhello"),
                          &a, &h),
             ERR_OK);
    CHECK_STR(h.method, "POST");
    CHECK_STR(h.target, "/v1/x?a=b");
    CHECK_STR(h.host, "h:80");
    CHECK_EQ(h.minor, 1);
    CHECK_EQ(h.header_count, 4);
    CHECK_STR(h.headers[1].name, "X-A");
    CHECK_STR(h.headers[1].value, "b c");
    CHECK_STR(h.headers[2].value, "");
    CHECK_EQ(h.body, HTTP1_BODY_LENGTH);
    CHECK_EQ(h.content_length, 5);
    CHECK(h.keep_alive && !h.expect_continue && !h.upgrade);
}

TEST(the_end_of_a_head_is_found_for_any_split)
{
    static const char wire[] = "\r\nGET / HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\nGET /next";
    const size_t want = sizeof wire - 1 - 9;

    for (size_t first = 0; first < want; first++)
        for (size_t second = first; second < want; second++) {
            struct http1_scan scan = {0};
            size_t end;

            CHECK_EQ(http1_head_end(str_make(wire, first), &scan, &end), HTTP1_HEAD_PART);
            CHECK_EQ(http1_head_end(str_make(wire, second), &scan, &end), HTTP1_HEAD_PART);
            CHECK_EQ(http1_head_end(str_make(wire, sizeof wire - 1), &scan, &end),
                     HTTP1_HEAD_WHOLE);
            CHECK_EQ(end, want);
        }
}

TEST(a_head_without_end_is_long_at_the_limit)
{
    static char wire[HTTP1_HEAD_MAX];
    size_t end;

    memset(wire, 'a', sizeof wire);
    CHECK_EQ(find_end(str_make(wire, sizeof wire - 1), &end), HTTP1_HEAD_PART);
    CHECK_EQ(find_end(str_make(wire, sizeof wire), &end), HTTP1_HEAD_LONG);
}

TEST(shapes_that_two_parsers_may_read_differently_are_refused)
{
#define HEAD "POST / HTTP/1.1\r\nHost: a\r\n"
    static const struct str shapes[] = {
        STR_INIT("GET / HTTP/1.1\nHost: a\n\n"),
        STR_INIT("GET / HTTP/1.1\r\nHost: a\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\nHost: a\r\n\n"),
        STR_INIT(HEAD "A: b\r\n c\r\n\r\n"),
        STR_INIT(HEAD "A: b\r\n\tc\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        STR_INIT(HEAD "A : b\r\n\r\n"),
        STR_INIT(HEAD "A B: b\r\n\r\n"),
        STR_INIT(HEAD ": b\r\n\r\n"),
        STR_INIT(HEAD "Nocolon\r\n\r\n"),
        STR_INIT(HEAD "A: b\rc\r\n\r\n"),
        STR_INIT(HEAD "A: b\r\n\rX\r\n\r\n"),
        STR_INIT(HEAD "A: b\0c\r\n\r\n"),
        STR_INIT(HEAD "A: b\x01\r\n\r\n"),
        STR_INIT(HEAD "A: b\x7f\r\n\r\n"),
        STR_INIT(HEAD "A\xc3: b\r\n\r\n"),
        STR_INIT(HEAD "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
        STR_INIT(HEAD "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
        STR_INIT(HEAD "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        STR_INIT(HEAD "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
        STR_INIT(HEAD "Content-Length: 1, 1\r\n\r\n"),
        STR_INIT(HEAD "Content-Length: +1\r\n\r\n"),
        STR_INIT(HEAD "Content-Length: -1\r\n\r\n"),
        STR_INIT(HEAD "Content-Length: 0x1\r\n\r\n"),
        STR_INIT(HEAD "Content-Length: 1 1\r\n\r\n"),
        STR_INIT(HEAD "Content-Length:\r\n\r\n"),
        STR_INIT(HEAD "Content-Length: 99999999999999999999\r\n\r\n"),
        STR_INIT(HEAD "Content-Length: 18446744073709551615\r\n\r\n"),
        STR_INIT(HEAD "Transfer-Encoding: identity\r\n\r\n"),
        STR_INIT(HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n"),
        STR_INIT(HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n"),
        STR_INIT(HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
        STR_INIT(HEAD "Transfer-Encoding: xchunked\r\n\r\n"),
        STR_INIT(HEAD "Transfer-Encoding: \"chunked\"\r\n\r\n"),
        STR_INIT(HEAD "Transfer-Encoding:\r\n\r\n"),
        STR_INIT(HEAD "Transfer_Encoding: chunked\r\nTransfer-Encoding: \x0b"
                      "chunked\r\n\r\n"),
        STR_INIT("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
        STR_INIT("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        STR_INIT("GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
        STR_INIT(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        STR_INIT("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        STR_INIT("GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n"),
        STR_INIT("GET /\r\n\r\n"),
        STR_INIT("GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
        STR_INIT("GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
        STR_INIT("GET / HTTP/01.1\r\nHost: a\r\n\r\n"),
        STR_INIT("GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        STR_INIT("get / HTTP/1.1\r\nHost: a\r\n\r\n"),
        STR_INIT("G@T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        STR_INIT("GET HTTP/1.1\r\nHost: a\r\n\r\n"),
        STR_INIT("\x16\x03\x01\x02\r\n\r\n"),
    };

    for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
        if (!refused(shapes[i])) {
            print_error("not refused: %.*s\n", STR_ARG(shapes[i]));
            fail();
        }
#undef HEAD
}

/* One byte put into a name, a value: exactly the characters of the RFC pass. */
TEST(every_byte_is_judged_in_names_and_values)
{
    for (int c = 0; c < 256; c++) {
        char name[] = "GET / HTTP/1.1\r\nHost: a\r\nA?B: v\r\n\r\n";
        char value[] = "GET / HTTP/1.1\r\nHost: a\r\nAB: v?w\r\n\r\n";
        char first[] = "GET / HTTP/1.1\r\nHost: a\r\nAB: ?w\r\n\r\n";
        bool token = c != 0 && (strchr("!#$%&'*+-.^_`|~", c) || (c >= '0' && c <= '9') ||
                                (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));
        bool text = c == '\t' || (c >= 0x20 && c != 0x7f);

        name[26] = value[30] = first[29] = (char)c;
        /* "A:B: v" is the header A with the value "B: v". */
        CHECK_EQ(!refused(str_make(name, sizeof name - 1)), token || c == ':');
        CHECK_EQ(!refused(str_make(value, sizeof value - 1)), text);
        CHECK_EQ(!refused(str_make(first, sizeof first - 1)), text);
        CHECK_EQ(http1_header_ok(str_make(name + 25, 3), STR("v")), token);
        CHECK_EQ(http1_header_ok(STR("A"), str_make(value + 29, 3)), text);
    }
}

/* Values are looked at eight bytes at a time: every byte at every place of one that is longer. */
TEST(every_byte_is_judged_wherever_it_stands_in_a_value)
{
    for (int c = 0; c < 256; c++)
        for (size_t at = 0; at < 27; at++) {
            char value[] = "the value of a long header.";

            value[at] = (char)c;
            CHECK_EQ(http1_header_ok(STR("A"), str_make(value, 27)),
                     c == '\t' || (c >= 0x20 && c != 0x7f));
        }
}

static struct http1_head head_of(const char *text)
{
    CLEANUP(arena_finip) struct arena a;
    struct http1_head head;

    arena_init(&a, 0);
    CHECK_EQ(read_request(str_from(text), &a, &head), ERR_OK);
    head.headers = NULL; /* they die with the arena */
    return head;
}

TEST(keep_alive_follows_version_and_connection)
{
    CHECK(head_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keep_alive);
    CHECK(!head_of("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").keep_alive);
    CHECK(!head_of("GET / HTTP/1.0\r\n\r\n").keep_alive);
    CHECK(head_of("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
    CHECK(!head_of("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").keep_alive);
}

TEST(expect_and_upgrade_are_noticed)
{
    struct http1_head h = head_of("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n");

    CHECK(h.expect_continue && !h.expect_unknown);
    CHECK(!head_of("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expect_continue);
    CHECK(head_of("POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n").expect_unknown);
    h = head_of(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Upgrade\r\nUpgrade: websocket\r\n\r\n");
    CHECK(h.upgrade);
    CHECK(!head_of("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n").upgrade);
    CHECK_STR(head_of("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n").method, "CONNECT");
    CHECK_STR(head_of("M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n").method, "M-SEARCH");
    CHECK_STR(head_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").target, "*");
}

TEST(a_reply_says_how_its_body_ends)
{
    static const struct {
        const char *text;
        bool to_head;
        enum http1_body_kind body;
        bool keep_alive;
        int status;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, HTTP1_BODY_LENGTH, true, 200},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, HTTP1_BODY_NONE, true, 200},
        {"HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n", false, HTTP1_BODY_CHUNKED, true,
         200},
        {"HTTP/1.1 200 OK\r\n\r\n", false, HTTP1_BODY_UNTIL_CLOSE, false, 200},
        {"HTTP/1.0 500 \r\n\r\n", false, HTTP1_BODY_UNTIL_CLOSE, false, 500},
        {"HTTP/1.1 204 No\r\n\r\n", false, HTTP1_BODY_NONE, true, 204},
        {"HTTP/1.1 304 No\r\nContent-Length: 7\r\n\r\n", false, HTTP1_BODY_NONE, true, 304},
        {"HTTP/1.1 100 Continue\r\n\r\n", false, HTTP1_BODY_NONE, true, 100},
        {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", true, HTTP1_BODY_NONE, true, 200},
        {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n", false,
         HTTP1_BODY_CHUNKED, false, 200},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_finip) struct arena a;
        struct http1_head h;

        arena_init(&a, 0);
        CHECK_EQ(read_reply(rows[i].text, rows[i].to_head, &a, &h), ERR_OK);
        CHECK_EQ(h.body, rows[i].body);
        CHECK_EQ(h.keep_alive, rows[i].keep_alive);
        CHECK_EQ(h.status, rows[i].status);
    }
}

TEST(what_is_no_reply_is_refused)
{
    static const char *const texts[] = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\nA: b\n\n",
        "<html>\r\n\r\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        CLEANUP(arena_finip) struct arena a;
        struct http1_head h;

        arena_init(&a, 0);
        CHECK_EQ(read_reply(texts[i], false, &a, &h), ERR_UPSTREAM_BODY);
    }
}

/* Feeds `wire` in two pieces; the body goes to `out`. The step that ended it. */
static enum http1_step decode(struct http1_body b, struct str wire, size_t cut, char *out,
                              size_t *out_n, size_t *used)
{
    struct str parts[2] = {str_make(wire.p, cut), str_skip(wire, cut)}, data;
    enum http1_step step = HTTP1_MORE;

    *out_n = *used = 0;
    for (int i = 0; i < 2 && step == HTTP1_MORE; i++) {
        size_t before = parts[i].n;

        while ((step = http1_body_next(&b, &parts[i], &data)) == HTTP1_DATA) {
            memcpy(out + *out_n, data.p, data.n);
            *out_n += data.n;
        }
        *used += before - parts[i].n;
    }
    return step;
}

static struct http1_body chunked_body(void)
{
    struct http1_body b;

    http1_body_init(&b, &(struct http1_head){.body = HTTP1_BODY_CHUNKED});
    return b;
}

TEST(a_chunked_body_is_the_same_for_any_split)
{
    static const char wire[] =
        "5\r\nhello\r\n00A;x=\"y\"\r\n world, ok\r\n0;e\r\nT: v\r\nU:\r\n\r\n"
        "GET";
    const struct str all = str_make(wire, sizeof wire - 1);
    char out[64];
    size_t n, used;

    for (size_t cut = 0; cut <= all.n; cut++) {
        CHECK_EQ(decode(chunked_body(), all, cut, out, &n, &used), HTTP1_END);
        CHECK_EQ(used, all.n - 3);
        CHECK_STR(str_make(out, n), "hello world, ok");
    }
}

TEST(a_body_by_length_ends_where_it_says)
{
    struct http1_body b;
    char out[16];
    size_t n, used;

    http1_body_init(&b, &(struct http1_head){.body = HTTP1_BODY_LENGTH, .content_length = 5});
    for (size_t cut = 0; cut <= 7; cut++) {
        CHECK_EQ(decode(b, STR("helloGE"), cut, out, &n, &used), HTTP1_END);
        CHECK_STR(str_make(out, n), "hello");
        CHECK_EQ(used, 5);
    }
    CHECK(!http1_body_ends_with_connection(&b));
    http1_body_init(&b, &(struct http1_head){.body = HTTP1_BODY_UNTIL_CLOSE});
    CHECK_EQ(decode(b, STR("hello"), 2, out, &n, &used), HTTP1_MORE);
    CHECK_STR(str_make(out, n), "hello");
    CHECK(http1_body_ends_with_connection(&b));
}

TEST(broken_chunk_framing_is_refused)
{
    static const char *const wires[] = {
        "\r\n",         "x\r\n",          ";\r\n",           "5 \r\nhello",
        "-5\r\nhello",  "0x5\r\nhello",   "5\nhello\r\n",    "5\rhello\r\n",
        "5\r\nhello\n", "5\r\nhelloXX0",  "5\r\nhello\rX",   "1000000000000000\r\n",
        "5;\x01\r\n",   "0\r\n\n",        "0\r\nA: b\n",     "0\r\nA: b\r\r\n",
        "0\r\n\rX",     "0\r\n A: b\r\n", " 5\r\nhello\r\n", "5;a\nhello\r\n",
    };
    char out[64];
    size_t n, used;

    for (size_t i = 0; i < ARRAY_LEN(wires); i++)
        CHECK_EQ(decode(chunked_body(), str_from(wires[i]), 0, out, &n, &used), HTTP1_BAD);
}

TEST(extensions_and_trailers_are_bounded)
{
    static char wire[20000];
    char out[64];
    size_t n, used;

    memset(wire, 'a', sizeof wire);
    memcpy(wire, "5;", 2);
    CHECK_EQ(decode(chunked_body(), str_make(wire, sizeof wire), 0, out, &n, &used), HTTP1_BAD);
    memcpy(wire, "0\r\n", 3);
    CHECK_EQ(decode(chunked_body(), str_make(wire, sizeof wire), 0, out, &n, &used), HTTP1_BAD);
}

TEST(chunk_heads_are_hexadecimal)
{
    char buffer[HTTP1_CHUNK_HEAD_MAX];

    CHECK_STR(http1_chunk_head(buffer, 1), "1\r\n");
    CHECK_STR(http1_chunk_head(buffer, 0xabc0), "abc0\r\n");
    CHECK_STR(http1_chunk_head(buffer, SIZE_MAX), "ffffffffffffffff\r\n");
}

TEST_MAIN(a_request_head_is_read_into_slices, the_end_of_a_head_is_found_for_any_split,
          a_head_without_end_is_long_at_the_limit,
          shapes_that_two_parsers_may_read_differently_are_refused,
          every_byte_is_judged_in_names_and_values,
          every_byte_is_judged_wherever_it_stands_in_a_value,
          keep_alive_follows_version_and_connection, expect_and_upgrade_are_noticed,
          a_reply_says_how_its_body_ends, what_is_no_reply_is_refused,
          a_chunked_body_is_the_same_for_any_split, a_body_by_length_ends_where_it_says,
          broken_chunk_framing_is_refused, extensions_and_trailers_are_bounded,
          chunk_heads_are_hexadecimal)

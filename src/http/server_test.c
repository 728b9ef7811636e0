#include "codec/compress.h"
#include "http/server_internal.h"
#include "http/server_testing.h"

/* --- plain exchanges ------------------------------------------------------------------------- */

TEST(a_request_gets_its_reply)
{
    expect(GET_CLOSE, OK_CLOSE "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n/echo");
    expect("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n" CLOSE "\r\nhello",
           OK_CLOSE "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello");
    expect("GET http://h/facts/a%20b?c=d&e HTTP/1.1\r\nX-Forwarded-For: 9.9.9.9\r\n" CLOSE "\r\n",
           OK_CLOSE "Content-Length: 36\r\n\r\nGET|/facts/a%20b|c=d&e|a b|9.9.9.9|0");
    expect("GET /nothing HTTP/1.1\r\n" CLOSE "\r\n",
           "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

TEST(a_reply_in_pieces_is_chunked)
{
    expect("GET /stream HTTP/1.1\r\n" CLOSE "\r\n",
           OK_CLOSE "Transfer-Encoding: chunked\r\n\r\n6\r\nonetwo\r\n5\r\nthree\r\n0\r\n\r\n");
}

TEST(more_slices_than_a_chunk_takes_become_several)
{
    struct sb got = talk(STR("GET /many HTTP/1.1\r\n" CLOSE "\r\n"));
    size_t count = 0;

    for (size_t i = 0; i < got.n; i++)
        count += got.p[i] == 'x';
    CHECK_EQ(count, 100);
    CHECK(str_ends(sb_str(&got), STR("x\r\n0\r\n\r\n")));
    sb_fini(&got);
}

TEST(head_has_the_head_of_get)
{
    expect("HEAD /echo HTTP/1.1\r\n" CLOSE "\r\n",
           OK_CLOSE "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n");
    expect("HEAD /stream HTTP/1.1\r\n" CLOSE "\r\n", OK_CLOSE "Transfer-Encoding: chunked\r\n\r\n");
    expect("HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\n" GET_CLOSE,
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\n" OK_CLOSE
           "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n/echo");
}

TEST(http_1_0_is_served_and_closed_or_kept_as_asked)
{
    expect("GET /echo HTTP/1.0\r\n\r\n",
           OK_CLOSE "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n/echo");
    expect("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /stream HTTP/1.0\r\n"
           "Connection: keep-alive\r\n\r\n",
           "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\nContent-Type: "
           "text/plain\r\n\r\n/echo" OK_CLOSE "\r\nonetwothree");
}

TEST(headers_that_would_break_the_reply_are_left_out)
{
    expect("GET /badheaders HTTP/1.1\r\n" CLOSE "\r\n",
           "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 2\r\nX-Good: "
           "yes\r\n\r\nok");
}

TEST(request_ids_are_unlike)
{
    struct sb out;
    int fd = dial();

    sb_init(&out, 1 << 20);
    send_all(fd, STR("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n" GET_CLOSE));
    read_to_end(fd, &out);
    struct str all = sb_str(&out), mark = STR("X-Oneapi-Request-Id: ");
    struct str first = str_skip(all, (size_t)str_find(all, mark) + mark.n);
    struct str second = str_skip(first, (size_t)str_find(first, mark) + mark.n);
    CHECK(!str_eq(str_cut(&first, '\r'), str_cut(&second, '\r')));
    sb_fini(&out);
}

/* --- pipelines and splits -------------------------------------------------------------------- */

static const char pipeline[] =
    "\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst"
    "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3;x=y\r\nsec\r\n3\r\nond\r\n0\r\nT: v\r\n\r\n" GET_CLOSE;
static const char pipeline_reply[] =
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nfirst"
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
    "chunked\r\n\r\n6\r\nonetwo\r\n5\r\nthree\r\n0\r\n\r\n"
    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Type: text/plain\r\n\r\nsecond" OK_CLOSE
    "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n/echo";

TEST(a_pipeline_is_answered_in_order_for_any_split)
{
    const struct str wire = str_make(pipeline, sizeof pipeline - 1);
    int fds[sizeof pipeline];

    for (size_t cut = 0; cut <= wire.n; cut++) {
        fds[cut] = dial();
        send_all(fds[cut], str_sub(wire, 0, cut));
    }
    barrier();
    for (size_t cut = 0; cut <= wire.n; cut++) {
        struct sb out;

        sb_init(&out, 1 << 20);
        send_all(fds[cut], str_skip(wire, cut));
        CHECK_EQ(read_to_end(fds[cut], &out), 0);
        strip_changing(&out);
        CHECK_STR(sb_str(&out), pipeline_reply);
        sb_fini(&out);
    }
}

TEST(a_pipeline_is_answered_when_it_comes_byte_by_byte)
{
    const struct str wire = str_make(pipeline, sizeof pipeline - 1);
    struct sb out;
    int fd = dial();

    sb_init(&out, 1 << 20);
    for (size_t i = 0; i < wire.n; i++) {
        struct sb other;

        send_all(fd, str_sub(wire, i, 1));
        other = talk(STR(GET_CLOSE)); /* the byte has been read after this */
        sb_fini(&other);
    }
    read_to_end(fd, &out);
    strip_changing(&out);
    CHECK_STR(sb_str(&out), pipeline_reply);
    sb_fini(&out);
}

TEST(what_is_behind_a_working_request_waits_for_it)
{
    struct loop_msg msg = {.fn = release};
    struct sb out, second;
    int fd = dial();

    sb_init(&out, 1 << 20);
    send_all(fd, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n" GET_CLOSE));
    wait_event();
    second = talk(STR(GET_CLOSE));
    sb_fini(&second);
    CHECK_EQ(atomic_load(&w.calls), 1); /* of the other connection */
    CHECK_EQ(recv(fd, &(char){0}, 1, MSG_DONTWAIT), -1);
    loop_post(w.loop, &msg);
    read_to_end(fd, &out);
    strip_changing(&out);
    CHECK_STR(sb_str(&out), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nheld" OK_CLOSE
                            "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n/echo");
    sb_fini(&out);
}

/* A client that sends request after request and never reads is not read without end. */
TEST(a_pipeline_without_end_is_not_read_ahead_without_end)
{
    struct loop_msg msg = {.fn = release};
    size_t sent = 0, answers = 0, request_bytes;
    struct sb flood_text, out;
    int fd = dial();

    sb_init(&flood_text, 64 << 20);
    sb_init(&out, 64 << 20);
    for (int i = 0; i < 5000; i++)
        sb_fmt(&flood_text, "GET /echo HTTP/1.1\r\nHost: a\r\nX: %.*s\r\n\r\n", 4000, w.big);
    request_bytes = flood_text.n / 5000;
    send_all(fd, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"));
    wait_event();
    for (int quiet = 0; quiet < 3;) {
        ssize_t n = send(fd, flood_text.p + sent, flood_text.n - sent, MSG_DONTWAIT);

        quiet = n > 0 ? 0 : quiet + 1;
        sent += n > 0 ? (size_t)n : 0;
        barrier();
    }
    CHECK(sent < flood_text.n);
    loop_post(w.loop, &msg);
    shutdown(fd, SHUT_WR);
    read_to_end(fd, &out);
    for (struct str rest = sb_str(&out); rest.n > 0;) {
        ptrdiff_t at = str_find(rest, STR("\r\n\r\n/echo"));

        if (at < 0)
            break;
        answers++;
        rest = str_skip(rest, (size_t)at + 9);
    }
    CHECK_EQ(answers, sent / request_bytes);
    sb_fini(&flood_text);
    sb_fini(&out);
}

/* --- bodies ---------------------------------------------------------------------------------- */

static struct sb post(const char *path, const char *headers, struct str body)
{
    struct sb wire, out;

    sb_init(&wire, 16 << 20);
    sb_fmt(&wire, "POST %s HTTP/1.1\r\n" CLOSE "%sContent-Length: %zu\r\n\r\n", path, headers,
           body.n);
    sb_add(&wire, body);
    out = talk(sb_str(&wire));
    sb_fini(&wire);
    return out;
}

TEST(large_bodies_come_whole)
{
    static const size_t sizes[] = {65536, 1 << 20, (1 << 20) + 1, BIG};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct sb got = post("/echo", "", str_make(w.big, sizes[i]));

        CHECK(str_ends(sb_str(&got), str_make(w.big, sizes[i])));
        sb_fini(&got);
    }
}

TEST(compressed_bodies_are_inflated_within_the_limit)
{
    CLEANUP(arena_finip) struct arena a;
    struct sb got;

    arena_init(&a, 0);
    got = post("/echo", "Content-Encoding: gzip\r\n", gzip_compress(&a, str_make(w.big, 100000)));
    CHECK(str_ends(sb_str(&got), str_make(w.big, 100000)));
    sb_fini(&got);
    got = post("/small", "Content-Encoding: gzip\r\n", gzip_compress(&a, STR("hello")));
    CHECK(str_starts(sb_str(&got), STR("HTTP/1.1 413 "))); /* 25 bytes already as it came */
    sb_fini(&got);
    char *zeros = mem_zalloc(8 << 20);
    got = post("/echo", "Content-Encoding: gzip\r\n", gzip_compress(&a, str_make(zeros, 8 << 20)));
    CHECK(str_starts(sb_str(&got), STR("HTTP/1.1 413 ")));
    sb_fini(&got);
    mem_free(zeros);
    got = post("/echo", "Content-Encoding: gzip\r\n", STR("this is not gzip"));
    CHECK(str_starts(sb_str(&got), STR("HTTP/1.1 400 ")));
    sb_fini(&got);
    struct str cut = gzip_compress(&a, str_make(w.big, 1000));
    got = post("/echo", "Content-Encoding: gzip\r\n", str_sub(cut, 0, cut.n - 1));
    CHECK(str_starts(sb_str(&got), STR("HTTP/1.1 400 ")));
    sb_fini(&got);
    got = post("/echo", "Content-Encoding: lzma\r\n", STR("hello"));
    CHECK(str_starts(sb_str(&got), STR("HTTP/1.1 415 ")));
    sb_fini(&got);
}

/* "hello" in each coding, as their own tools write it. */
TEST(each_coding_of_a_body_is_read_and_a_list_of_them_is_refused)
{
    static const struct {
        const char *headers;
        struct str packed;
        const char *status;
    } rows[] = {
        {"Content-Encoding: deflate\r\n",
         STR_INIT("\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\x00\x06\x2c\x02\x15"), "200"},
        {"Content-Encoding: br\r\n", STR_INIT("\x0b\x02\x80hello\x03"), "200"},
        {"Content-Encoding: ZSTD\r\n",
         STR_INIT("\x28\xb5\x2f\xfd\x04\x58\x29\x00\x00hello\xa3\x6d\x9f\x88"), "200"},
        {"Content-Encoding: identity\r\n", STR_INIT("hello"), "200"},
        {"Content-Encoding: br, br\r\n", STR_INIT("\x0b\x02\x80hello\x03"), "415"},
        /* Several lines are one list (RFC 9110, section 5.3). */
        {"Content-Encoding: identity\r\nContent-Encoding: br\r\n",
         STR_INIT("\x0b\x02\x80hello\x03"), "415"},
        {"Content-Encoding: br\r\nContent-Encoding: br\r\n", STR_INIT("\x0b\x02\x80hello\x03"),
         "415"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sb got = post("/echo", rows[i].headers, rows[i].packed);
        char line[32];

        snprintf(line, sizeof line, "HTTP/1.1 %s ", rows[i].status);
        CHECK(str_starts(sb_str(&got), str_from(line)));
        CHECK(str_ends(sb_str(&got), STR("\r\n\r\nhello")) ==
              str_eq(str_from(rows[i].status), STR("200")));
        sb_fini(&got);
    }
}

TEST(a_body_that_nobody_wants_is_thrown_away)
{
    struct sb got = post("/none", "", STR("hello"));

    CHECK(str_ends(sb_str(&got), STR("POST|/none|||127.0.0.1|0")));
    sb_fini(&got);
    got = post("/none", "", str_make(w.big, 1 << 20));
    CHECK(str_ends(sb_str(&got), STR("POST|/none|||127.0.0.1|0")));
    sb_fini(&got);
    expect("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" GET_CLOSE,
           "HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\nPOST|/none|||127.0.0.1|0" OK_CLOSE
           "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n/echo");
}

TEST(a_client_that_expects_100_gets_it_when_its_body_is_wanted)
{
    struct sb out;
    int fd = dial();

    sb_init(&out, 1 << 20);
    send_all(fd, STR("POST /echo HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n" CLOSE
                     "\r\n"));
    read_until(fd, &out, "\r\n\r\n");
    CHECK_STR(sb_str(&out), "HTTP/1.1 100 Continue\r\n\r\n");
    send_all(fd, STR("hello"));
    read_to_end(fd, &out);
    CHECK(str_ends(sb_str(&out), STR("\r\n\r\nhello")));
    sb_fini(&out);
    /* Its body comes along: no 100 needed. */
    expect("POST /echo HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n" CLOSE "\r\nhello",
           OK_CLOSE "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello");
    /* Too large, not wanted, no such page, HTTP/1.0: the final answer at once. */
    expect_status(STR("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
                      "Expect: 100-continue\r\n\r\n"),
                  "413");
    expect_status(STR("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
                      "Expect: 100-continue\r\n\r\n"),
                  "200");
    expect_status(STR("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
                      "Expect: 100-continue\r\n\r\n"),
                  "404");
    expect_status(STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
                      "Expect: 200-ok\r\n\r\n"),
                  "417");
}

/* --- memory ----------------------------------------------------------------------------------- */

struct look {
    struct loop_msg msg;
    size_t conns, buffers, requests;
};

static void look_at_connections(struct loop_msg *msg)
{
    struct look *look = container_of(msg, struct look, msg);

    LIST_FOR_EACH (it, &w.server->conns) {
        const struct http_conn *c = list_entry(it, struct http_conn, link);

        look->conns++;
        look->buffers += c->in != NULL;
        look->requests += c->request != NULL;
    }
    sem_post(&w.event);
}

static struct look look(void)
{
    struct look look = {.msg.fn = look_at_connections};

    loop_post(w.loop, &look.msg);
    wait_event();
    return look;
}

/* Each has needed a buffer for a head that came in parts, and for what came behind a request. */
TEST(an_idle_connection_owns_no_buffer)
{
    enum { CONNS = 8 };
    struct str wire =
        STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
            "GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    struct loop_msg let_go = {.fn = release};
    int fds[CONNS];

    for (size_t i = 0; i < CONNS; i++) {
        struct sb out;

        sb_init(&out, 1 << 20);
        fds[i] = dial();
        send_all(fds[i], str_sub(wire, 0, 20));
        while (look().buffers == 0)
            ;
        send_all(fds[i], str_skip(wire, 20));
        wait_event(); /* held, with the third request behind it */
        while (look().buffers == 0)
            ;
        loop_post(w.loop, &let_go);
        read_until(fds[i], &out, "\r\n\r\n/echo");
        sb_fini(&out);
    }
    struct look end = look();
    CHECK_EQ(end.conns, CONNS);
    CHECK_EQ(end.buffers, 0);
    CHECK_EQ(end.requests, 0);
    for (size_t i = 0; i < CONNS; i++)
        close(fds[i]);
    barrier();
}

/* --- refusals -------------------------------------------------------------------------------- */

TEST(what_may_be_smuggling_is_refused_and_closed)
{
#define POST_ECHO "POST /echo HTTP/1.1\r\nHost: a\r\n"
    static const char *const wires[] = {
        POST_ECHO "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" GET_CLOSE,
        POST_ECHO "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        POST_ECHO "Transfer-Encoding: gzip\r\n\r\n",
        POST_ECHO "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n",
        POST_ECHO "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
        POST_ECHO "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX0\r\n\r\n",
        POST_ECHO "X: a\r\n b\r\n\r\n",
        POST_ECHO "X : a\r\n\r\n",
        "GET /echo HTTP/1.1\nHost: a\n\n",
        "GET /echo HTTP/1.1\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET echo HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http:///echo HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://?x HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
        "nonsense\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\r\n\r\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(wires); i++)
        expect_status(str_from(wires[i]), "400");
    CHECK_EQ(atomic_load(&w.calls), 0);
#undef POST_ECHO
}

TEST(large_heads_are_431_and_large_bodies_413)
{
    struct sb wire;

    sb_init(&wire, 1 << 20);
    sb_add(&wire, STR("GET /echo HTTP/1.1\r\nHost: a\r\nX: "));
    while (wire.n < 40000)
        sb_add_char(&wire, 'x');
    expect_status(sb_str(&wire), "431");
    sb_add(&wire, STR("\r\n\r\n"));
    expect_status(sb_str(&wire), "431");
    sb_fini(&wire);
    expect_status(STR("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"), "413");
    expect_status(STR("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "b\r\nhello world\r\n"),
                  "413");
    struct sb got = post("/small", "", str_make(w.big, BIG)); /* while the client still sends */
    CHECK(str_starts(sb_str(&got), STR("HTTP/1.1 413 ")));
    sb_fini(&got);
}

TEST(errors_have_the_body_that_the_owner_writes)
{
    expect("GET /nowhere HTTP/1.1\r\n" CLOSE "\r\n",
           "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 47\r\nContent-Type: "
           "application/json\r\n\r\n{\"error\":\"no such page\",\"status\":404,\"known\":1}");
    expect(
        "DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n",
        "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 56\r\nContent-Type: "
        "application/json\r\n\r\n{\"error\":\"method is not allowed\",\"status\":405,\"known\":1}"
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 60\r\nContent-Type: "
        "application/json\r\n\r\n{\"error\":\"request line is "
        "malformed\",\"status\":400,\"known\":0}");
}

TEST(cors_is_answered_for_the_routes_that_have_it)
{
    expect("OPTIONS /cors HTTP/1.1\r\nOrigin: http://x\r\n" CLOSE "\r\n",
           "HTTP/1.1 204 No Content\r\nConnection: close\r\nAccess-Control-Allow-Origin: "
           "*\r\nAccess-Control-Allow-Credentials: true\r\nAccess-Control-Allow-Methods: GET, "
           "POST, PUT, DELETE, OPTIONS\r\nAccess-Control-Allow-Headers: *, "
           "Authorization\r\nAccess-Control-Max-Age: 43200\r\n\r\n");
    expect("POST /cors HTTP/1.1\r\nOrigin: http://x\r\nContent-Length: 2\r\n" CLOSE "\r\nhi",
           OK_CLOSE "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: "
                    "true\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nhi");
    expect("POST /cors HTTP/1.1\r\nContent-Length: 2\r\n" CLOSE "\r\nhi",
           OK_CLOSE "Content-Length: 2\r\nContent-Type: text/plain\r\n\r\nhi");
    expect_status(STR("OPTIONS /echo HTTP/1.1\r\nOrigin: http://x\r\n" CLOSE "\r\n"), "405");
}

static bool is_gzipped(const char *accept)
{
    char wire[200];
    struct sb got;

    snprintf(wire, sizeof wire, "GET /text HTTP/1.1\r\n" CLOSE "Accept-Encoding: %s\r\n\r\n",
             accept);
    got = talk(str_from(wire));
    bool zipped = str_has(sb_str(&got), STR("Content-Encoding: gzip\r\n"));
    CHECK(zipped == (got.n < 4000));
    sb_fini(&got);
    return zipped;
}

TEST(replies_are_gzipped_for_those_who_accept_it)
{
    CHECK(is_gzipped("gzip"));
    CHECK(is_gzipped("br, GZIP;q=0.5"));
    CHECK(is_gzipped("*"));
    CHECK(!is_gzipped("br"));
    CHECK(!is_gzipped("gzip;q=0"));
    CHECK(!is_gzipped(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DEFAULT(a_request_gets_its_reply),
        DEFAULT(a_reply_in_pieces_is_chunked),
        DEFAULT(more_slices_than_a_chunk_takes_become_several),
        DEFAULT(head_has_the_head_of_get),
        DEFAULT(http_1_0_is_served_and_closed_or_kept_as_asked),
        DEFAULT(headers_that_would_break_the_reply_are_left_out),
        DEFAULT(request_ids_are_unlike),
        DEFAULT(a_pipeline_is_answered_in_order_for_any_split),
        DEFAULT(a_pipeline_is_answered_when_it_comes_byte_by_byte),
        DEFAULT(what_is_behind_a_working_request_waits_for_it),
        DEFAULT(a_pipeline_without_end_is_not_read_ahead_without_end),
        DEFAULT(large_bodies_come_whole),
        DEFAULT(compressed_bodies_are_inflated_within_the_limit),
        DEFAULT(each_coding_of_a_body_is_read_and_a_list_of_them_is_refused),
        DEFAULT(a_body_that_nobody_wants_is_thrown_away),
        DEFAULT(a_client_that_expects_100_gets_it_when_its_body_is_wanted),
        DEFAULT(an_idle_connection_owns_no_buffer),
        DEFAULT(what_may_be_smuggling_is_refused_and_closed),
        DEFAULT(large_heads_are_431_and_large_bodies_413),
        DEFAULT(errors_have_the_body_that_the_owner_writes),
        DEFAULT(cors_is_answered_for_the_routes_that_have_it),
        DEFAULT(replies_are_gzipped_for_those_who_accept_it),
    };

    return test_end(cmocka_run_group_tests(tests, NULL, NULL));
}

#include "codec/multipart.h"

#include "base/mem.h"
#include "base/sb.h"
#include "base/test.h"

static const char form[] =
    "--XyZ\r\n"
    "Content-Disposition: form-data; name=\"model\"\r\n\r\n"
    "whisper-1\r\n"
    "--XyZ\r\n"
    "content-disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".wav\"\r\n"
    "Content-Type: audio/wav\r\n\r\n"
    "RIFF\r\n--Xy\r\n\r\n\r\n"
    "--XyZ \t\r\n"
    "Content-Disposition: form-data;name=empty\r\n\r\n"
    "\r\n"
    "--XyZ--\r\n";

/* "[name|filename|type|body]..." and how it ended: "." or the error's name. */
static struct str walk(struct str body, struct str boundary, struct sb *out)
{
    struct multipart m;
    struct multipart_part part;
    struct err err = {0};
    bool more = true;
    enum err_code rc = multipart_init(&m, body, boundary, &err);

    sb_reset(out);
    while (rc == ERR_OK) {
        rc = multipart_next(&m, &part, &more, &err);
        if (!more)
            break;
        sb_fmt(out, "[%.*s|%.*s|%.*s|%.*s]", STR_ARG(part.name), STR_ARG(part.filename),
               STR_ARG(part.content_type), STR_ARG(part.body));
    }
    sb_add(out, rc == ERR_OK ? STR(".") : str_from(err_name(rc)));
    return sb_str(out);
}

static void check_walk(const char *body, const char *want, int line)
{
    CLEANUP(sb_finip) struct sb out;

    sb_init(&out, 1 << 20);
    test_check_str(walk(str_from(body), STR("B"), &out), want, __FILE__, line);
}
#define WALK(body, want) check_walk((body), (want), __LINE__)

TEST(parts_are_slices_of_the_body_in_their_order)
{
    CLEANUP(sb_finip) struct sb out;

    sb_init(&out, 1 << 20);
    CHECK_STR(
        walk(str_from(form), STR("XyZ"), &out),
        "[model|||whisper-1][file|a \\\"b\\\".wav|audio/wav|RIFF\r\n--Xy\r\n\r\n][empty|||].");
}

/* Each cut in a block of its own, so that a read past its end is seen. */
TEST(a_form_that_was_cut_anywhere_is_refused)
{
    const size_t whole = sizeof form - 1 - 2; /* the last line end may be missing */
    CLEANUP(sb_finip) struct sb out;

    sb_init(&out, 1 << 20);
    for (size_t n = 0; n <= sizeof form - 1; n++) {
        char *copy = mem_alloc(n + 1);
        struct str got;

        memcpy(copy, form, n);
        got = walk(str_make(copy, n), STR("XyZ"), &out);
        CHECK_EQ(str_ends(got, STR(".")), n >= whole);
        CHECK_EQ(str_ends(got, STR("BAD_REQUEST")), n < whole);
        mem_free(copy);
    }
}

/* Each part is told when it has ended, with what is there before; nothing is an error. */
TEST(a_form_that_is_still_coming_is_read_as_far_as_it_is_there)
{
    CLEANUP(sb_finip) struct sb out;
    size_t finished = 0, begun = 0;

    sb_init(&out, 1 << 20);
    for (size_t n = 0; n < sizeof form - 1; n++) {
        size_t seen = 0, open = 0;
        struct multipart_part part;
        struct multipart m;
        bool more = true;

        CHECK_EQ(multipart_init_partial(&m, str_make(form, n), STR("XyZ"), NULL), ERR_OK);
        while (more) {
            CHECK_EQ(multipart_next(&m, &part, &more, NULL), ERR_OK);
            seen += more && !part.unfinished;
            open += more && part.unfinished;
            if (more && part.unfinished)
                CHECK(part.body.p + part.body.n == form + n);
        }
        CHECK(open <= 1 && seen >= finished && seen + open >= begun);
        finished = seen;
        begun = seen + open;
    }
    CHECK_EQ(finished, 3);
}

TEST(what_is_wrong_in_the_part_that_is_there_is_told_at_once)
{
    struct multipart_part part;
    struct multipart m;
    bool more;

    CHECK_EQ(multipart_init_partial(&m, STR("--B\r\nno head\r\n\r\n"), STR("B"), NULL), ERR_OK);
    CHECK_EQ(multipart_next(&m, &part, &more, NULL), ERR_BAD_REQUEST);
    CHECK_EQ(multipart_init_partial(&m, STR("--Bxy"), STR("B"), NULL), ERR_OK);
    CHECK_EQ(multipart_next(&m, &part, &more, NULL), ERR_BAD_REQUEST);
}

TEST(what_stands_before_and_behind_the_parts_is_left_out)
{
    WALK("hello\r\n--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B--bye",
         "[a|||1].");
    WALK("--B--", ".");
    WALK("--B\r\nContent-Disposition: form-data; name=\"a\"\r\nX-More: 1\r\n\r\n1\r\n--B--",
         "[a|||1].");
}

TEST(what_could_be_read_in_two_ways_is_refused)
{
#define HEAD(head) "--B\r\n" head "\r\n\r\nx\r\n--B--"
    static const char *const bad[] = {
        "",
        "x",
        "--B",
        "--C\r\n",
        "--B\nContent-Disposition: form-data; name=a\n\n1\n--B--",
        "--Bx\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=a\r\n--B\r\n\r\n1\r\n--B--",
        "--B\r\n\r\n1\r\n--B--",
        HEAD("Content-Type: text/plain"),
        HEAD("Content-Disposition: attachment; name=a"),
        HEAD("Content-Disposition: form-data"),
        HEAD("Content-Disposition: form-data; name=\"\""),
        HEAD("Content-Disposition: form-data; name=\"a"),
        HEAD("Content-Disposition: form-data; name=\"a\"; name=\"b\""),
        HEAD("Content-Disposition: form-data; name=\"a\\\"b\""),
        HEAD("Content-Disposition: form-data; name=\"a\"; name*=UTF-8''b"),
        HEAD("Content-Disposition: form-data; name=\"a\"; filename=x; filename=y"),
        HEAD("Content-Disposition: form-data; name=\"a\" x"),
        HEAD("Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b"),
        HEAD("Content-Disposition: form-data;\r\n name=a"),
        HEAD("Content-Disposition : form-data; name=a"),
        HEAD("Content-Disposition: form-data; name=a\r\nnonsense"),
        HEAD("Content-Disposition: form-data; name=\"a\nb\""),
        HEAD("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64"),
    };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        WALK(bad[i], "BAD_REQUEST");
    WALK("--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B x", "[a|||1]BAD_REQUEST");
    WALK(HEAD("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: binary"),
         "[a|||x].");
}

TEST(a_reader_that_has_ended_stays_there)
{
    struct multipart m;
    struct multipart_part part;
    bool more = true;

    CHECK_EQ(multipart_init(&m, STR("--B\r\nbad"), STR("B"), NULL), ERR_OK);
    CHECK_EQ(multipart_next(&m, &part, &more, NULL), ERR_BAD_REQUEST);
    CHECK_EQ(multipart_next(&m, &part, &more, NULL), ERR_OK);
    CHECK(!more);
    CHECK_EQ(multipart_init(&m, STR("--B--"), STR(""), NULL), ERR_BAD_REQUEST);
    CHECK_EQ(multipart_next(&m, &part, &more, NULL), ERR_OK);
    CHECK(!more);
}

TEST(the_number_of_parts_and_the_length_of_a_head_are_bounded)
{
    static const char one[] = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n";
    struct str got;
    CLEANUP(sb_finip) struct sb body;
    CLEANUP(sb_finip) struct sb out;

    sb_init(&body, 1 << 20);
    sb_init(&out, 1 << 20);
    for (int i = 0; i < MULTIPART_PARTS_MAX; i++)
        sb_add(&body, str_from(one));
    sb_add(&body, str_from(one));
    sb_add(&body, STR("--B--"));
    got = walk(sb_str(&body), STR("B"), &out);
    CHECK(str_ends(got, STR("TOO_LARGE")));
    got = walk(str_skip(sb_str(&body), sizeof one - 1), STR("B"), &out);
    CHECK(str_ends(got, STR("[a|||1].")));

    sb_reset(&body);
    sb_add(&body, STR("--B\r\nContent-Disposition: form-data; name=a\r\nX: "));
    for (int i = 0; i < MULTIPART_HEAD_MAX; i++)
        sb_add_char(&body, 'x');
    sb_add(&body, STR("\r\n\r\n1\r\n--B--"));
    CHECK_STR(walk(sb_str(&body), STR("B"), &out), "BAD_REQUEST");
}

TEST(the_boundary_is_found_in_the_content_type)
{
    static const struct {
        const char *type, *boundary;
        bool form;
    } cases[] = {
        {"multipart/form-data; boundary=abc", "abc", true},
        {"Multipart/Form-Data;charset=utf-8; BOUNDARY=\"a b'c\"", "a b'c", true},
        {"multipart/form-data", "", true},
        {"multipart/form-data; boundary=", "", true},
        {"multipart/form-data; boundary=a; boundary=b", "", true},
        {"multipart/form-data; boundary=\"a \"", "", true},
        {"multipart/form-data; boundary=a b", "", true},
        {"multipart/form-data; boundary="
         "01234567890123456789012345678901234567890123456789012345678901234567890",
         "", true},
        {"multipart/form-datax; boundary=a", "", false},
        {"multipart/mixed; boundary=a", "", false},
        {"application/json", "", false},
        {"", "", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str boundary;

        CHECK_EQ(multipart_is_form(str_from(cases[i].type), &boundary), cases[i].form);
        CHECK_STR(boundary, cases[i].boundary);
    }
}

TEST_MAIN(parts_are_slices_of_the_body_in_their_order, a_form_that_was_cut_anywhere_is_refused,
          a_form_that_is_still_coming_is_read_as_far_as_it_is_there,
          what_is_wrong_in_the_part_that_is_there_is_told_at_once,
          what_stands_before_and_behind_the_parts_is_left_out,
          what_could_be_read_in_two_ways_is_refused, a_reader_that_has_ended_stays_there,
          the_number_of_parts_and_the_length_of_a_head_are_bounded,
          the_boundary_is_found_in_the_content_type)

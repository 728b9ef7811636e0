/* Requests whose body is still coming when their exchange begins. */
#include <unistd.h>

#include "base/mem.h"
#include "base/test.h"
#include "relay/exchange.h"
#include "relay/relay_fixture.h"

#define KEY "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "\r\n"
#define PART(name, value)                                                                          \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_HEAD "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n"
#define END       "\r\n--B--\r\n"

/* What might be the beginning of the closing boundary stays back. */
enum { KEPT = sizeof "--B--" - 2 };

enum { SECONDS = 60, RATE = 16000, FILE_BYTES = 44 + SECONDS * RATE }; /* 8 bit, one channel */

/* A form with a recording; `before` and `behind` are what stands around it. */
struct form {
    struct sb body;
    size_t file_at; /* where it begins */
};

static void add_le(struct sb *sb, uint32_t n, int bytes)
{
    for (int i = 0; i < bytes; i++, n >>= 8)
        sb_add_char(sb, (char)(n & 0xff));
}

static void add_recording(struct sb *sb)
{
    sb_add(sb, STR("RIFF"));
    add_le(sb, FILE_BYTES - 8, 4);
    sb_add(sb, STR("WAVEfmt "));
    add_le(sb, 16, 4);
    add_le(sb, 1, 2);
    add_le(sb, 1, 2);
    add_le(sb, RATE, 4);
    add_le(sb, RATE, 4);
    add_le(sb, 1, 2);
    add_le(sb, 8, 2);
    sb_add(sb, STR("data"));
    add_le(sb, FILE_BYTES - 44, 4);
    for (int i = 44; i < FILE_BYTES; i++)
        sb_add_char(sb, (char)('a' + i % 23));
}

static void form_init(struct form *f, const char *before, const char *behind)
{
    sb_init(&f->body, 4 << 20);
    sb_add(&f->body, str_from(before));
    sb_add(&f->body, STR(FILE_HEAD));
    f->file_at = f->body.n;
    add_recording(&f->body);
    sb_add(&f->body, str_from(behind));
}

static struct relay_fixture *new_fixture(const char *retries)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const struct channel row = {.models = STR("w,alias"),
                                .model_mapping = STR("{\"alias\":\"longer-name\"}")};

    relay_fixture_two_channels(f, &row);
    relay_fixture_publish(f, "RetryTimes", retries, "SelfUseModeEnabled", "true", NULL);
    return f;
}

static void transcribed(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200, "{\"text\":\"hello\"}");
}

static void chatted(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200,
                       "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":"
                       "\"hi\"},\"finish_reason\":\"stop\"}]}");
}

/* Sends the head of the request and the body up to `until`. */
static int begin(struct relay_fixture *f, const char *path, const struct form *form, size_t until)
{
    int fd = relay_fixture_dial(f);
    struct str head = arena_fmt(&f->arena,
                                "POST %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" KEY
                                "Content-Type: multipart/form-data; boundary=B\r\n"
                                "Content-Length: %zu\r\n\r\n",
                                path, form->body.n);

    CHECK(relay_fixture_write(f, fd, head));
    CHECK(relay_fixture_write(f, fd, str_sub(sb_str(&form->body), 0, until)));
    return fd;
}

static const char *finish(struct relay_fixture *f, int fd, const struct form *form, size_t from)
{
    const char *reply;

    (void)relay_fixture_write(f, fd, str_skip(sb_str(&form->body), from));
    reply = relay_fixture_read(f, fd, NULL);
    close(fd);
    return reply;
}

static int64_t charged_tokens(struct relay_fixture *f)
{
    return relay_fixture_number(f, "SELECT COALESCE(SUM(prompt_tokens),0) FROM logs WHERE type=2");
}

static const char transcriptions[] = "/v1/audio/transcriptions";

TEST(a_form_goes_through_while_it_comes)
{
    struct relay_fixture *f = new_fixture("0");
    const size_t half = FILE_BYTES / 2;
    const char *reply;
    struct form form;
    int fd;

    form_init(&form, PART("language", "en") PART("model", "w"), END);
    relay_fixture_script(f, transcribed, NULL);
    fd = begin(f, transcriptions, &form, half);
    relay_fixture_wait_body(f, half - KEPT);
    CHECK_EQ(f->requests, 0); /* which counts whole ones */
    reply = finish(f, fd, &form, half);
    CHECK_EQ(relay_fixture_status(reply), 200);
    CHECK_STR(str_from(relay_fixture_body(f, reply)), "{\"text\":\"hello\"}");
    CHECK_EQ(memcmp(f->seen_body[0], form.body.p, form.body.n), 0);
    relay_fixture_check_books(f);
    CHECK_EQ(charged_tokens(f), SECONDS * 1000 / 60); /* of the whole recording */
    sb_fini(&form.body);
    relay_fixture_free(f);
}

TEST(its_model_is_mapped_on_the_way)
{
    struct relay_fixture *f = new_fixture("0");
    struct form form, want;
    int fd;

    form_init(&form, PART("model", "alias"), "\r\n" PART("prompt", "alias") "--B--\r\n");
    form_init(&want, PART("model", "longer-name"), "\r\n" PART("prompt", "alias") "--B--\r\n");
    relay_fixture_script(f, transcribed, NULL);
    fd = begin(f, transcriptions, &form, FILE_BYTES / 2);
    relay_fixture_wait_body(f, FILE_BYTES / 2 - KEPT);
    CHECK_EQ(relay_fixture_status(finish(f, fd, &form, FILE_BYTES / 2)), 200);
    CHECK_EQ(memcmp(f->seen_body[0], want.body.p, want.body.n), 0);
    relay_fixture_check_books(f);
    sb_fini(&form.body);
    sb_fini(&want.body);
    relay_fixture_free(f);
}

TEST(a_form_that_names_its_model_behind_the_file_is_read_before)
{
    struct relay_fixture *f = new_fixture("0");
    struct form form;
    int fd;

    form_init(&form, "", "\r\n" PART("model", "w") "--B--\r\n");
    relay_fixture_script(f, transcribed, NULL);
    fd = begin(f, transcriptions, &form, form.body.n - 10);
    relay_fixture_turn(f);
    CHECK_EQ(relay_fixture_got_body(f), 0);
    CHECK_EQ(relay_fixture_status(finish(f, fd, &form, form.body.n - 10)), 200);
    CHECK_EQ(memcmp(f->seen_body[0], form.body.p, form.body.n), 0);
    relay_fixture_check_books(f);
    CHECK_EQ(charged_tokens(f), SECONDS * 1000 / 60);
    sb_fini(&form.body);
    relay_fixture_free(f);
}

TEST(other_long_bodies_are_waited_for)
{
    struct relay_fixture *f = new_fixture("0");
    struct str head;
    struct sb body;
    int fd = relay_fixture_dial(f);

    sb_init(&body, 4 << 20);
    sb_add(&body, STR("{\"model\":\"w\",\"messages\":[{\"role\":\"user\",\"content\":\""));
    for (int i = 0; i < 400000; i++)
        sb_add_char(&body, 'x');
    sb_add(&body, STR("\"}]}"));
    head = arena_fmt(&f->arena,
                     "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" KEY
                     "Content-Length: %zu\r\n\r\n",
                     body.n);
    relay_fixture_script(f, chatted, NULL);
    CHECK(relay_fixture_write(f, fd, head));
    CHECK(relay_fixture_write(f, fd, str_sub(sb_str(&body), 0, body.n - 1)));
    relay_fixture_turn(f);
    CHECK_EQ(relay_fixture_got_body(f), 0);
    CHECK(relay_fixture_write(f, fd, STR("}")));
    CHECK_EQ(relay_fixture_status(relay_fixture_read(f, fd, NULL)), 200);
    close(fd);
    CHECK_EQ(memcmp(f->seen_body[0], body.p, body.n), 0);
    relay_fixture_check_books(f);
    sb_fini(&body);
    relay_fixture_free(f);
}

/* Whoever reads forms by their boundaries would take it for whole there; what comes behind means
 * nothing, and is waited for. */
TEST(the_closing_boundary_waits_until_all_is_there)
{
    struct relay_fixture *f = new_fixture("0");
    struct form form;
    int fd;

    form_init(&form, PART("model", "w"), END "epilogue");
    relay_fixture_script(f, transcribed, NULL);
    fd = begin(f, transcriptions, &form, form.body.n - 1);
    relay_fixture_wait_body(f, FILE_BYTES);
    relay_fixture_turn(f);
    CHECK(relay_fixture_got_body(f) <= form.file_at + FILE_BYTES + 2);
    CHECK_EQ(relay_fixture_status(finish(f, fd, &form, form.body.n - 1)), 200);
    CHECK_EQ(memcmp(f->seen_body[0], form.body.p, form.body.n), 0);
    relay_fixture_check_books(f);
    sb_fini(&form.body);
    relay_fixture_free(f);
}

TEST(what_is_asked_for_behind_the_file_counts)
{
    struct relay_fixture *f = new_fixture("0");
    const char *reply;
    struct form form;
    int fd;

    form_init(&form, PART("model", "w"), "\r\n" PART("stream", "true") "--B--\r\n");
    relay_fixture_script(f, transcribed, NULL);
    fd = begin(f, transcriptions, &form, FILE_BYTES / 2);
    relay_fixture_wait_body(f, FILE_BYTES / 2 - KEPT);
    reply = finish(f, fd, &form, FILE_BYTES / 2);
    check_has(reply, "Content-Type: text/event-stream");
    check_has(reply, "data: {\"text\":\"hello\"}");
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT is_stream FROM logs WHERE type=2"), 1);
    sb_fini(&form.body);
    relay_fixture_free(f);
}

static void drawn(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200, "{\"data\":[{\"b64_json\":\"aGk=\"}]}");
}

/* Three images are asked for behind the one that is changed. */
TEST(images_go_through_and_cost_what_the_whole_form_says)
{
    struct relay_fixture *f = new_fixture("0");
    struct form form;
    size_t half = FILE_BYTES / 2;
    int fd;

    relay_fixture_publish(f, "ModelPrice", "{\"w\":0.02}", NULL);
    sb_init(&form.body, 4 << 20);
    sb_add(&form.body, STR(PART("model", "w") "--B\r\nContent-Disposition: form-data; "
                                              "name=\"image\"; filename=\"a.png\"\r\n\r\n"));
    add_recording(&form.body);
    sb_add(&form.body, STR("\r\n" PART("prompt", "a hat") PART("n", "3") "--B--\r\n"));
    relay_fixture_script(f, drawn, NULL);
    fd = begin(f, "/v1/images/edits", &form, half);
    relay_fixture_wait_body(f, half - KEPT);
    CHECK_EQ(relay_fixture_status(finish(f, fd, &form, half)), 200);
    CHECK_EQ(memcmp(f->seen_body[0], form.body.p, form.body.n), 0);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT quota FROM logs WHERE type=2"), 500000 * 0.02 * 3);
    sb_fini(&form.body);
    relay_fixture_free(f);
}

/* ---- who may not ---- */

TEST(a_stranger_is_turned_away_before_the_body)
{
    struct relay_fixture *f = new_fixture("0");
    const char *reply;
    int fd = relay_fixture_dial(f);

    CHECK(relay_fixture_write(
        f, fd,
        arena_fmt(&f->arena,
                  "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer "
                  "sk-nobody\r\nContent-Length: %zu\r\n\r\n{",
                  f->relay->conf.body_limit)));
    reply = relay_fixture_read(f, fd, NULL);
    close(fd);
    CHECK_EQ(relay_fixture_status(reply), 401);
    check_has(reply, "Connection: close");
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(what_is_wrong_behind_the_file_never_reaches_the_upstream_whole)
{
    struct relay_fixture *f = new_fixture("1");
    const char *reply;
    struct form form;
    int fd;

    form_init(&form, PART("model", "w"), "\r\n" PART("model", "other") "--B--\r\n");
    relay_fixture_script(f, transcribed, NULL);
    fd = begin(f, transcriptions, &form, FILE_BYTES / 2);
    relay_fixture_wait_body(f, FILE_BYTES / 2 - KEPT);
    reply = finish(f, fd, &form, FILE_BYTES / 2);
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "has the field model twice");
    relay_fixture_wait_broken(f);
    CHECK_EQ(f->requests, 0);
    relay_fixture_check_books(f);
    CHECK_EQ(charged_tokens(f), 0);
    sb_fini(&form.body);
    relay_fixture_free(f);
}

TEST(a_key_that_was_revoked_meanwhile_is_refused)
{
    static const char *const befores[] = {PART("model", "w"), ""};

    for (size_t i = 0; i < ARRAY_LEN(befores); i++) {
        struct relay_fixture *f = new_fixture("1");
        struct form form;
        int fd;

        form_init(&form, befores[i], "\r\n" PART("prompt", "x") "--B--\r\n");
        relay_fixture_script(f, transcribed, NULL);
        fd = begin(f, transcriptions, &form, FILE_BYTES / 2);
        if (i == 0)
            relay_fixture_wait_body(f, FILE_BYTES / 2 - KEPT);
        relay_fixture_turn(f);
        relay_fixture_sql(f, "UPDATE tokens SET status=2");
        apikeys_forget_token(f->relay->conf.apikeys, f->token);
        CHECK_EQ(relay_fixture_status(finish(f, fd, &form, FILE_BYTES / 2)), 401);
        CHECK_EQ(f->requests, 0);
        relay_fixture_check_books(f);
        sb_fini(&form.body);
        relay_fixture_free(f);
    }
}

/* A minute costs 37,500 points, of which some are missing; its first second would be admitted. */
TEST(what_cannot_be_paid_never_reaches_the_upstream_whole)
{
    struct relay_fixture *f = new_fixture("1");
    const char *reply;
    struct form form;
    int fd;

    relay_fixture_sql(f, "UPDATE users SET quota=37000");
    form_init(&form, PART("model", "w"), END);
    relay_fixture_script(f, transcribed, NULL);
    fd = begin(f, transcriptions, &form, form.file_at + 100);
    relay_fixture_wait_body(f, form.file_at + 50);
    reply = finish(f, fd, &form, form.file_at + 100);
    CHECK_EQ(relay_fixture_status(reply), 403);
    check_has(reply, "insufficient_user_quota");
    relay_fixture_wait_broken(f);
    CHECK_EQ(f->requests, 0);
    relay_fixture_check_books(f);
    CHECK_EQ(charged_tokens(f), 0);
    sb_fini(&form.body);
    relay_fixture_free(f);
}

TEST(a_body_over_the_limit_is_refused_in_the_clients_dialect)
{
    struct relay_fixture *f = new_fixture("0");
    const size_t limit = f->relay->conf.body_limit;
    struct sb body;
    const char *reply;
    int fd = relay_fixture_dial(f);

    CHECK(relay_fixture_write(
        f, fd,
        STR("POST /v1/messages HTTP/1.1\r\nHost: h\r\nx-api-key: sk-" RELAY_FIXTURE_KEY
            "\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n")));
    sb_init(&body, 1 << 20);
    for (int i = 0; i < 1 << 20; i++)
        sb_add_char(&body, 'x');
    for (size_t sent = 0; sent <= limit && relay_fixture_write(f, fd, sb_str(&body));)
        sent += body.n;
    reply = relay_fixture_read(f, fd, NULL);
    close(fd);
    CHECK_EQ(relay_fixture_status(reply), 413);
    check_has(reply, "\"type\":\"error\"");
    check_has(reply, "request body is too large");
    sb_fini(&body);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

/* ---- what goes wrong ---- */

TEST(a_client_that_leaves_takes_its_form_with_it)
{
    struct relay_fixture *f = new_fixture("1");
    struct form form;
    int fd;

    form_init(&form, PART("model", "w"), END);
    relay_fixture_script(f, transcribed, NULL);
    fd = begin(f, transcriptions, &form, FILE_BYTES / 2);
    relay_fixture_wait_body(f, FILE_BYTES / 2 - KEPT);
    relay_fixture_leave(f, fd);
    relay_fixture_wait_broken(f);
    relay_fixture_check_books(f);
    CHECK_EQ(f->requests, 0);
    CHECK_EQ(charged_tokens(f), 0);
    sb_fini(&form.body);
    relay_fixture_free(f);
}

TEST(a_client_that_leaves_before_anything_is_sent_on_is_forgotten)
{
    struct relay_fixture *f = new_fixture("0");
    struct form form;
    int fd;

    form_init(&form, "", END);
    fd = begin(f, transcriptions, &form, FILE_BYTES / 2);
    relay_fixture_turn(f);
    relay_fixture_leave(f, fd);
    relay_fixture_check_books(f);
    sb_fini(&form.body);
    relay_fixture_free(f);
}

static bool first_refuses(struct relay_fixture_call *c)
{
    if (c->channel != 0)
        return false;
    relay_fixture_json(c, 503, "{\"error\":{\"message\":\"busy\"}}");
    relay_fixture_set(c->fixture, 0);
    return true;
}

/* From the first byte on, although a part had been sent to the first; when all is there, for it
 * would only wait for the same client. */
TEST(another_channel_gets_the_whole_form)
{
    struct relay_fixture *f = new_fixture("1");
    const size_t half = FILE_BYTES / 2;
    struct form form;
    int fd;

    form_init(&form, PART("model", "w"), END);
    relay_fixture_script_early(f, first_refuses, transcribed, NULL);
    fd = begin(f, transcriptions, &form, half);
    relay_fixture_wait(f, 0);
    CHECK_EQ(relay_fixture_status(finish(f, fd, &form, half)), 200);
    CHECK_EQ(f->requests, 1);
    CHECK_EQ(memcmp(f->seen_body[0], form.body.p, form.body.n), 0);
    check_has(f->seen_head[0], "POST /1/v1/audio/transcriptions");
    relay_fixture_check_books(f);
    CHECK_EQ(charged_tokens(f), SECONDS * 1000 / 60);
    sb_fini(&form.body);
    relay_fixture_free(f);
}

TEST(a_client_that_leaves_between_two_attempts_is_forgotten)
{
    struct relay_fixture *f = new_fixture("1");
    struct form form;
    int fd;

    form_init(&form, PART("model", "w"), END);
    relay_fixture_script_early(f, first_refuses, transcribed, NULL);
    fd = begin(f, transcriptions, &form, FILE_BYTES / 2);
    relay_fixture_wait(f, 0);
    relay_fixture_turn(f);
    relay_fixture_leave(f, fd);
    relay_fixture_check_books(f);
    CHECK_EQ(charged_tokens(f), 0);
    sb_fini(&form.body);
    relay_fixture_free(f);
}

static void transcribed_late(struct relay_fixture_call *c)
{
    relay_fixture_set(c->fixture, 1);
    relay_fixture_wait(c->fixture, 2);
    transcribed(c);
}

/* The second one has got all, and works: that is paid. */
TEST(a_client_that_leaves_the_second_channel_pays_for_its_work)
{
    struct relay_fixture *f = new_fixture("1");
    const size_t half = FILE_BYTES / 2;
    struct form form;
    int fd;

    form_init(&form, PART("model", "w"), END);
    relay_fixture_script_early(f, first_refuses, transcribed_late, NULL);
    fd = begin(f, transcriptions, &form, half);
    relay_fixture_wait(f, 0);
    relay_fixture_turn(f);
    CHECK(relay_fixture_write(f, fd, str_skip(sb_str(&form.body), half)));
    relay_fixture_wait(f, 1);
    relay_fixture_leave(f, fd);
    relay_fixture_set(f, 2);
    relay_fixture_check_books(f);
    CHECK_EQ(charged_tokens(f), SECONDS * 1000 / 60);
    sb_fini(&form.body);
    relay_fixture_free(f);
}

static bool first_guesses(struct relay_fixture_call *c)
{
    if (c->channel != 0)
        return false;
    relay_fixture_json(c, 200, "{\"text\":\"whatever\"}");
    relay_fixture_set(c->fixture, 0);
    return true;
}

TEST(an_answer_to_half_a_form_is_none)
{
    struct relay_fixture *f = new_fixture("1");
    const size_t half = FILE_BYTES / 2;
    const char *reply;
    struct form form;
    int fd;

    form_init(&form, PART("model", "w"), END);
    relay_fixture_script_early(f, first_guesses, transcribed, NULL);
    fd = begin(f, transcriptions, &form, half);
    relay_fixture_wait(f, 0);
    relay_fixture_turn(f); /* what was sent on before is read before */
    reply = finish(f, fd, &form, half);
    CHECK_STR(str_from(relay_fixture_body(f, reply)), "{\"text\":\"hello\"}");
    relay_fixture_check_books(f);
    sb_fini(&form.body);
    relay_fixture_free(f);
}

TEST(the_last_channels_error_is_told_at_once)
{
    struct relay_fixture *f = new_fixture("0");
    const char *reply;
    struct form form;
    int fd;

    form_init(&form, PART("model", "w"), END);
    relay_fixture_script_early(f, first_refuses, transcribed, NULL);
    fd = begin(f, transcriptions, &form, FILE_BYTES / 2);
    reply = relay_fixture_read(f, fd, NULL);
    close(fd);
    CHECK_EQ(relay_fixture_status(reply), 503);
    check_has(reply, "busy");
    relay_fixture_check_books(f);
    sb_fini(&form.body);
    relay_fixture_free(f);
}

/* ---- the program ends ---- */

TEST(those_that_wait_for_their_body_are_told_that_the_program_ends)
{
    static const char *const befores[] = {PART("model", "w"), ""};

    for (size_t i = 0; i < ARRAY_LEN(befores); i++) {
        struct relay_fixture *f = new_fixture("0");
        const char *reply;
        struct form form;
        int fd;

        form_init(&form, befores[i], END);
        fd = begin(f, transcriptions, &form, FILE_BYTES / 2);
        if (i == 0)
            relay_fixture_wait_body(f, FILE_BYTES / 2 - KEPT);
        relay_fixture_turn(f);
        relay_fixture_stop(f);
        reply = relay_fixture_read(f, fd, NULL);
        close(fd);
        CHECK_EQ(relay_fixture_status(reply), 503);
        relay_fixture_check_books(f);
        sb_fini(&form.body);
        relay_fixture_free(f);
    }
}

TEST_MAIN(a_form_goes_through_while_it_comes, its_model_is_mapped_on_the_way,
          a_form_that_names_its_model_behind_the_file_is_read_before,
          other_long_bodies_are_waited_for, the_closing_boundary_waits_until_all_is_there,
          what_is_asked_for_behind_the_file_counts,
          images_go_through_and_cost_what_the_whole_form_says,
          a_stranger_is_turned_away_before_the_body,
          what_is_wrong_behind_the_file_never_reaches_the_upstream_whole,
          a_key_that_was_revoked_meanwhile_is_refused,
          what_cannot_be_paid_never_reaches_the_upstream_whole,
          a_body_over_the_limit_is_refused_in_the_clients_dialect,
          a_client_that_leaves_takes_its_form_with_it,
          a_client_that_leaves_before_anything_is_sent_on_is_forgotten,
          another_channel_gets_the_whole_form,
          a_client_that_leaves_between_two_attempts_is_forgotten,
          a_client_that_leaves_the_second_channel_pays_for_its_work,
          an_answer_to_half_a_form_is_none, the_last_channels_error_is_told_at_once,
          those_that_wait_for_their_body_are_told_that_the_program_ends)

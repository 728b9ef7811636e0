/* Requests whose body is still coming when their exchange begins: what goes on, and what may not.
 */
#include "relay/upload_testing.h"

#include "base/mem.h"
#include "relay/exchange.h"

static void chatted(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200,
                       "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":"
                       "\"hi\"},\"finish_reason\":\"stop\"}]}");
}

TEST(a_form_goes_through_while_it_comes)
{
    struct sending s;
    const char *reply;

    sending_open(&s, "0", PART("language", "en") PART("model", "w"), END);
    relay_fixture_script(s.f, transcribed, NULL);
    send_half(&s);
    CHECK_EQ(s.f->requests, 0); /* which counts whole ones */
    reply = send_rest(&s);
    CHECK_EQ(relay_fixture_status(reply), 200);
    CHECK_STR(str_from(relay_fixture_body(s.f, reply)), "{\"text\":\"hello\"}");
    check_got_it(&s, 0);
    check_paid(&s);
    sending_close(&s);
}

TEST(its_model_is_mapped_on_the_way)
{
    struct sending s;
    struct form want;

    sending_open(&s, "0", PART("model", "alias"), "\r\n" PART("prompt", "alias") "--B--\r\n");
    form_init(&want, PART("model", "longer-name"), "\r\n" PART("prompt", "alias") "--B--\r\n");
    relay_fixture_script(s.f, transcribed, NULL);
    send_half(&s);
    CHECK_EQ(relay_fixture_status(send_rest(&s)), 200);
    CHECK_EQ(memcmp(s.f->seen_body[0], want.body.p, want.body.n), 0);
    form_fini(&want);
    sending_close(&s);
}

TEST(a_form_that_names_its_model_behind_the_file_is_read_before)
{
    struct sending s;

    sending_open(&s, "0", "", "\r\n" PART("model", "w") "--B--\r\n");
    relay_fixture_script(s.f, transcribed, NULL);
    send_first(&s, s.form.body.n - 10);
    relay_fixture_turn(s.f);
    CHECK_EQ(relay_fixture_got_body(s.f), 0);
    CHECK_EQ(relay_fixture_status(send_rest(&s)), 200);
    check_got_it(&s, 0);
    check_paid(&s);
    sending_close(&s);
}

TEST(other_long_bodies_are_waited_for)
{
    struct relay_fixture *f = with_channels(relay_fixture_new(NULL), "0");
    struct str head;
    struct sb body;
    int fd = relay_fixture_dial(f);

    sb_init(&body, 4 << 20);
    sb_add(&body, STR("{\"model\":\"w\",\"messages\":[{\"role\":\"user\",\"content\":\""));
    for (int i = 0; i < 400000; i++)
        sb_add_char(&body, 'x');
    sb_add(&body, STR("\"}]}"));
    head = arena_fmt(
        &f->arena,
        "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" UPLOAD_KEY
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
    struct sending s;

    sending_open(&s, "0", PART("model", "w"), END "epilogue");
    relay_fixture_script(s.f, transcribed, NULL);
    send_first(&s, s.form.body.n - 1);
    relay_fixture_wait_body(s.f, FILE_BYTES);
    relay_fixture_turn(s.f);
    CHECK(relay_fixture_got_body(s.f) <= s.form.file_at + FILE_BYTES + 2);
    CHECK_EQ(relay_fixture_status(send_rest(&s)), 200);
    check_got_it(&s, 0);
    sending_close(&s);
}

TEST(what_is_asked_for_behind_the_file_counts)
{
    struct sending s;
    const char *reply;

    sending_open(&s, "0", PART("model", "w"), "\r\n" PART("stream", "true") "--B--\r\n");
    relay_fixture_script(s.f, transcribed, NULL);
    send_half(&s);
    reply = send_rest(&s);
    check_has(reply, "Content-Type: text/event-stream");
    check_has(reply, "data: {\"text\":\"hello\"}");
    relay_fixture_check_books(s.f);
    CHECK_EQ(relay_fixture_number(s.f, "SELECT is_stream FROM logs WHERE type=2"), 1);
    sending_close(&s);
}

static void drawn(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200, "{\"data\":[{\"b64_json\":\"aGk=\"}]}");
}

/* Three images are asked for behind the one that is changed. */
TEST(images_go_through_and_cost_what_the_whole_form_says)
{
    struct sending s = {.f = with_channels(relay_fixture_new(NULL), "0"),
                        .path = "/v1/images/edits"};

    relay_fixture_publish(s.f, "ModelPrice", "{\"w\":0.02}", NULL);
    form_init_long(&s.form, PART("model", "w"),
                   "--B\r\nContent-Disposition: form-data; name=\"image\"; "
                   "filename=\"a.png\"\r\n\r\n",
                   SECONDS, "\r\n" PART("prompt", "a hat") PART("n", "3") "--B--\r\n");
    relay_fixture_script(s.f, drawn, NULL);
    send_half(&s);
    CHECK_EQ(relay_fixture_status(send_rest(&s)), 200);
    check_got_it(&s, 0);
    relay_fixture_check_books(s.f);
    CHECK_EQ(relay_fixture_number(s.f, "SELECT quota FROM logs WHERE type=2"), 500000 * 0.02 * 3);
    sending_close(&s);
}

/* ---- who may not ---- */

TEST(a_stranger_is_turned_away_before_the_body)
{
    struct relay_fixture *f = with_channels(relay_fixture_new(NULL), "0");
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
    struct sending s;
    const char *reply;

    sending_open(&s, "1", PART("model", "w"), "\r\n" PART("model", "other") "--B--\r\n");
    relay_fixture_script(s.f, transcribed, NULL);
    send_half(&s);
    reply = send_rest(&s);
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "has the field model twice");
    relay_fixture_wait_broken(s.f);
    CHECK_EQ(s.f->requests, 0);
    check_unpaid(&s);
    sending_close(&s);
}

TEST(a_key_that_was_revoked_meanwhile_is_refused)
{
    static const char *const befores[] = {PART("model", "w"), ""};

    for (size_t i = 0; i < ARRAY_LEN(befores); i++) {
        struct sending s;

        sending_open(&s, "1", befores[i], "\r\n" PART("prompt", "x") "--B--\r\n");
        relay_fixture_script(s.f, transcribed, NULL);
        send_first(&s, half_of(&s));
        if (i == 0)
            relay_fixture_wait_body(s.f, half_of(&s) - KEPT);
        relay_fixture_turn(s.f);
        relay_fixture_sql(s.f, "UPDATE tokens SET status=2");
        apikeys_forget_token(s.f->relay->conf.apikeys, s.f->token);
        CHECK_EQ(relay_fixture_status(send_rest(&s)), 401);
        CHECK_EQ(s.f->requests, 0);
        sending_close(&s);
    }
}

/* A minute costs 37,500 points, of which some are missing; its first second would be admitted. */
TEST(what_cannot_be_paid_never_reaches_the_upstream_whole)
{
    struct sending s;
    const char *reply;

    sending_open(&s, "1", PART("model", "w"), END);
    relay_fixture_sql(s.f, "UPDATE users SET quota=37000");
    relay_fixture_script(s.f, transcribed, NULL);
    send_first(&s, s.form.file_at + 100);
    relay_fixture_wait_body(s.f, s.form.file_at + 50);
    reply = send_rest(&s);
    CHECK_EQ(relay_fixture_status(reply), 403);
    check_has(reply, "insufficient_user_quota");
    relay_fixture_wait_broken(s.f);
    CHECK_EQ(s.f->requests, 0);
    check_unpaid(&s);
    sending_close(&s);
}

TEST(a_body_over_the_limit_is_refused_in_the_clients_dialect)
{
    struct relay_fixture *f = with_channels(relay_fixture_new(NULL), "0");
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

/* ---- attempts that fail ---- */

/* From the first byte on, although a part had been sent to the first; when all is there, for it
 * would only wait for the same client. */
TEST(another_channel_gets_the_whole_form)
{
    struct sending s;

    sending_open_refused(&s, transcribed);
    CHECK_EQ(relay_fixture_status(send_rest(&s)), 200);
    CHECK_EQ(s.f->requests, 1);
    check_got_it(&s, 0);
    check_has(s.f->seen_head[0], "POST /1/v1/audio/transcriptions");
    check_paid(&s);
    sending_close(&s);
}

static bool first_guesses(struct relay_fixture_call *c)
{
    if (c->channel != 0)
        return false;
    relay_fixture_json(c, 200, "{\"text\":\"whatever\"}");
    relay_fixture_set(c->fixture, CALLED);
    return true;
}

TEST(an_answer_to_half_a_form_is_none)
{
    struct sending s;

    sending_open(&s, "1", PART("model", "w"), END);
    relay_fixture_script_early(s.f, first_guesses, transcribed, NULL);
    send_first(&s, half_of(&s));
    relay_fixture_wait(s.f, CALLED);
    relay_fixture_turn(s.f); /* what was sent on before is read before */
    CHECK_STR(str_from(relay_fixture_body(s.f, send_rest(&s))), "{\"text\":\"hello\"}");
    sending_close(&s);
}

TEST(the_last_channels_error_is_told_at_once)
{
    struct sending s;
    const char *reply;

    sending_open(&s, "0", PART("model", "w"), END);
    relay_fixture_script_early(s.f, first_refuses, transcribed, NULL);
    send_first(&s, half_of(&s));
    reply = read_reply(&s);
    CHECK_EQ(relay_fixture_status(reply), 503);
    check_has(reply, "busy");
    sending_close(&s);
}

/* ---- the program ends ---- */

TEST(those_that_wait_for_their_body_are_told_that_the_program_ends)
{
    static const char *const befores[] = {PART("model", "w"), ""};

    for (size_t i = 0; i < ARRAY_LEN(befores); i++) {
        struct sending s;

        sending_open(&s, "0", befores[i], END);
        send_first(&s, half_of(&s));
        if (i == 0)
            relay_fixture_wait_body(s.f, half_of(&s) - KEPT);
        relay_fixture_turn(s.f);
        relay_fixture_stop(s.f);
        CHECK_EQ(relay_fixture_status(read_reply(&s)), 503);
        sending_close(&s);
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
          another_channel_gets_the_whole_form, an_answer_to_half_a_form_is_none,
          the_last_channels_error_is_told_at_once,
          those_that_wait_for_their_body_are_told_that_the_program_ends)

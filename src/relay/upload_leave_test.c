/* Clients that leave while their form goes through, or right behind its end: who pays what. */
#include "relay/upload_testing.h"

TEST(a_client_that_leaves_takes_its_form_with_it)
{
    struct sending s;

    sending_open(&s, "1", PART("model", "w"), END);
    relay_fixture_script(s.f, transcribed, NULL);
    send_half(&s);
    leave(&s);
    relay_fixture_wait_broken(s.f);
    CHECK_EQ(s.f->requests, 0);
    check_unpaid(&s);
    sending_close(&s);
}

TEST(a_client_that_leaves_before_anything_is_sent_on_is_forgotten)
{
    struct sending s;

    sending_open(&s, "0", "", END);
    send_first(&s, half_of(&s));
    relay_fixture_turn(s.f);
    leave(&s);
    check_unpaid(&s);
    sending_close(&s);
}

/* The upstream has got all but the end of the closing boundary, and may not take that for whole. */
TEST(a_client_that_leaves_before_the_last_byte_pays_nothing)
{
    static const size_t missing[] = {1, 2, sizeof END - 1, sizeof END};

    for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
        struct sending s;

        sending_open(&s, "1", PART("model", "w"), END);
        relay_fixture_script(s.f, transcribed, NULL);
        send_first(&s, s.form.body.n - missing[i]);
        relay_fixture_wait_body(s.f, s.form.file_at + FILE_BYTES - KEPT - 1);
        leave(&s);
        relay_fixture_wait_broken(s.f);
        CHECK(relay_fixture_got_body(s.f) <= s.form.file_at + FILE_BYTES + 2);
        CHECK_EQ(s.f->requests, 0);
        check_unpaid(&s);
        sending_close(&s);
    }
}

/* The upstream has got all, and works: that is paid. */
TEST(a_client_that_leaves_behind_the_last_byte_pays_for_the_work)
{
    struct sending s;

    sending_open(&s, "1", PART("model", "w"), END);
    relay_fixture_script(s.f, transcribed_late, NULL);
    send_half(&s);
    send_until(&s, s.form.body.n);
    relay_fixture_wait(s.f, CALLED);
    leave(&s);
    relay_fixture_set(s.f, GO_ON);
    check_paid(&s);
    CHECK_EQ(s.f->requests, 1);
    sending_close(&s);
}

static void fails_late(struct relay_fixture_call *c)
{
    relay_fixture_set(c->fixture, CALLED);
    relay_fixture_wait(c->fixture, GO_ON);
    if (c->ctx)
        relay_fixture_json(c, 500, c->ctx);
}

/* Nobody is called in the place of one that has failed for a client that is gone. */
TEST(a_client_that_left_pays_nothing_for_work_that_fails)
{
    static const char *const answers[] = {"{\"error\":{\"message\":\"broken\"}}", NULL};

    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct sending s;

        sending_open(&s, "1", PART("model", "w"), END);
        relay_fixture_script(s.f, fails_late, answers[i]);
        send_half(&s);
        send_until(&s, s.form.body.n);
        relay_fixture_wait(s.f, CALLED);
        leave(&s);
        relay_fixture_set(s.f, GO_ON);
        check_unpaid(&s);
        CHECK_EQ(s.f->requests, 1);
        sending_close(&s);
    }
}

/* ---- an upstream that reads nothing ---- */

/* More than the kernel keeps for a connection that is not read. */
enum { LONG_SECONDS = 1200 };

static void take_long_bodies(struct relay_conf *conf)
{
    conf->body_limit = FORM_BYTES_MAX;
}

static bool read_later(struct relay_fixture_call *c)
{
    relay_fixture_set(c->fixture, CALLED);
    relay_fixture_wait(c->fixture, GO_ON);
    return false;
}

/* All of it has come and is approved, and the upstream has only a part: it can have nothing to work
 * on. */
TEST(a_client_that_leaves_while_the_upstream_has_no_room_pays_nothing)
{
    struct sending s = {.f = with_channels(relay_fixture_new(take_long_bodies), "1"),
                        .path = transcriptions};

    form_init_long(&s.form, PART("model", "w"), FILE_HEAD, LONG_SECONDS, END);
    relay_fixture_script_early(s.f, read_later, transcribed, NULL);
    send_first(&s, half_of(&s));
    relay_fixture_wait(s.f, CALLED);
    send_until(&s, s.form.body.n);
    relay_fixture_wait_approved(s.f);
    leave(&s);
    relay_fixture_set(s.f, GO_ON);
    relay_fixture_wait_broken(s.f);
    CHECK_EQ(s.f->requests, 0);
    check_unpaid(&s);
    sending_close(&s);
}

/* ---- the second channel ---- */

TEST(a_client_that_leaves_between_two_attempts_is_forgotten)
{
    struct sending s;

    sending_open_refused(&s, transcribed);
    relay_fixture_turn(s.f);
    leave(&s);
    check_unpaid(&s);
    sending_close(&s);
}

/* The second one has got all, and works: that is paid. */
TEST(a_client_that_leaves_the_second_channel_pays_for_its_work)
{
    struct sending s;

    sending_open_refused(&s, transcribed_late);
    relay_fixture_turn(s.f);
    send_until(&s, s.form.body.n);
    relay_fixture_wait(s.f, CALLED);
    leave(&s);
    relay_fixture_set(s.f, GO_ON);
    check_paid(&s);
    sending_close(&s);
}

TEST_MAIN(a_client_that_leaves_takes_its_form_with_it,
          a_client_that_leaves_before_anything_is_sent_on_is_forgotten,
          a_client_that_leaves_before_the_last_byte_pays_nothing,
          a_client_that_leaves_behind_the_last_byte_pays_for_the_work,
          a_client_that_left_pays_nothing_for_work_that_fails,
          a_client_that_leaves_while_the_upstream_has_no_room_pays_nothing,
          a_client_that_leaves_between_two_attempts_is_forgotten,
          a_client_that_leaves_the_second_channel_pays_for_its_work)

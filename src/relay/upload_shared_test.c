/*
 * Forms whose price is being reserved in Redis while something else happens to them. Redis stands
 * still until it has happened. Skipped, and said so, where there is no redis-server.
 */
#include "relay/upload_testing.h"

#include "cache/redis_server_testing.h"

struct shared {
    struct sending sending;
    struct server server;
};

static void hold_redis(struct shared *h)
{
    CHECK_EQ(kill(h->server.pid, SIGSTOP), 0);
}

static void let_redis_answer(struct shared *h)
{
    CHECK_EQ(kill(h->server.pid, SIGCONT), 0);
}

static bool read_later(struct relay_fixture_call *c)
{
    if (c->channel != 0)
        return false;
    relay_fixture_set(c->fixture, CALLED);
    relay_fixture_wait(c->fixture, GO_ON);
    return false;
}

/* `poor`: can pay the first second of a recording, and not a minute. */
static void open_shared(struct shared *h, const char *retries, bool poor,
                        bool (*hasty)(struct relay_fixture_call *c))
{
    struct sending *s = &h->sending;

    memset(h, 0, sizeof *h);
    server_start(&h->server, "");
    s->f = with_channels(relay_fixture_new_shared(NULL, h->server.port), retries);
    s->path = transcriptions;
    form_init(&s->form, PART("model", "w"), END);
    if (poor)
        relay_fixture_sql(s->f, "UPDATE users SET quota=37000");
    relay_fixture_script_early(s->f, hasty, transcribed, NULL);
}

/* Sends a form to its end: until Redis is asked and does not answer. */
static void send_until_asked(struct shared *h)
{
    struct sending *s = &h->sending;

    send_first(s, s->form.file_at + 100);
    relay_fixture_wait(s->f, CALLED);
    hold_redis(h);
    send_until(s, s->form.body.n);
    relay_fixture_wait_checking(s->f);
}

static void close_shared(struct shared *h)
{
    relay_fixture_check_books(h->sending.f);
    relay_fixture_check_redis(h->sending.f);
    sending_close(&h->sending);
    server_end(&h->server);
}

/* ---- nothing happens ---- */

TEST(a_form_is_paid_when_redis_has_answered)
{
    struct shared h;

    NEED_SERVER();
    open_shared(&h, "0", false, read_later);
    send_until_asked(&h);
    relay_fixture_set(h.sending.f, GO_ON);
    CHECK_EQ(h.sending.f->requests, 0);
    let_redis_answer(&h);
    CHECK_EQ(relay_fixture_status(read_reply(&h.sending)), 200);
    check_got_it(&h.sending, 0);
    check_paid(&h.sending);
    close_shared(&h);
}

TEST(a_form_is_refused_when_redis_denies_it)
{
    struct shared h;

    NEED_SERVER();
    open_shared(&h, "1", true, read_later);
    send_until_asked(&h);
    relay_fixture_set(h.sending.f, GO_ON);
    let_redis_answer(&h);
    CHECK_EQ(relay_fixture_status(read_reply(&h.sending)), 403);
    relay_fixture_wait_broken(h.sending.f);
    check_unpaid(&h.sending);
    close_shared(&h);
}

TEST(a_form_goes_on_when_redis_dies)
{
    struct shared h;

    NEED_SERVER();
    open_shared(&h, "0", false, read_later);
    send_until_asked(&h);
    relay_fixture_set(h.sending.f, GO_ON);
    server_kill(&h.server);
    CHECK_EQ(relay_fixture_status(read_reply(&h.sending)), 200);
    check_paid(&h.sending);
    sending_close(&h.sending);
    server_end(&h.server);
}

/* ---- the client leaves ---- */

TEST(what_is_granted_to_a_client_that_left_is_given_back)
{
    NEED_SERVER();
    for (int poor = 0; poor <= 1; poor++) {
        struct shared h;

        open_shared(&h, "1", poor, read_later);
        send_until_asked(&h);
        leave(&h.sending);
        let_redis_answer(&h);
        relay_fixture_set(h.sending.f, GO_ON);
        relay_fixture_wait_broken(h.sending.f);
        CHECK_EQ(h.sending.f->requests, 0);
        check_unpaid(&h.sending);
        close_shared(&h);
    }
}

/* ---- the call fails ---- */

static bool first_fails_later(struct relay_fixture_call *c)
{
    if (read_later(c) || c->channel != 0)
        return false;
    if (c->ctx)
        relay_fixture_json(c, 503, c->ctx);
    return true;
}

static bool first_guesses_later(struct relay_fixture_call *c)
{
    if (read_later(c) || c->channel != 0)
        return false;
    relay_fixture_json(c, 200, "{\"text\":\"whatever\"}");
    return true;
}

/* The upstream fails while Redis is asked: the connection ends, or it answers. */
static const struct failure {
    bool (*hasty)(struct relay_fixture_call *c);
    const char *answer;
} failures[] = {{first_fails_later, NULL},
                {first_fails_later, "{\"error\":{\"message\":\"busy\"}}"},
                {first_guesses_later, NULL}};

static void fail_while_asked(struct shared *h, const struct failure *how)
{
    relay_fixture_script_early(h->sending.f, how->hasty, transcribed, how->answer);
    send_until_asked(h);
    relay_fixture_set(h->sending.f, GO_ON);
    relay_fixture_wait_no_call(h->sending.f);
}

TEST(another_channel_gets_the_form_whose_call_failed_before_redis_answered)
{
    NEED_SERVER();
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        struct shared h;

        open_shared(&h, "1", false, NULL);
        fail_while_asked(&h, &failures[i]);
        CHECK_EQ(h.sending.f->requests, 0);
        let_redis_answer(&h);
        CHECK_EQ(relay_fixture_status(read_reply(&h.sending)), 200);
        CHECK_EQ(h.sending.f->requests, 1);
        check_got_it(&h.sending, 0);
        check_has(h.sending.f->seen_head[0], "POST /1/");
        check_paid(&h.sending);
        close_shared(&h);
    }
}

TEST(what_redis_denies_behind_a_failed_call_is_not_sent_again)
{
    NEED_SERVER();
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        struct shared h;

        open_shared(&h, "1", true, NULL);
        fail_while_asked(&h, &failures[i]);
        let_redis_answer(&h);
        CHECK_EQ(relay_fixture_status(read_reply(&h.sending)), 403);
        CHECK_EQ(h.sending.f->requests, 0);
        check_unpaid(&h.sending);
        close_shared(&h);
    }
}

TEST(a_client_that_leaves_behind_a_failed_call_pays_nothing)
{
    NEED_SERVER();
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        struct shared h;

        open_shared(&h, "1", false, NULL);
        fail_while_asked(&h, &failures[i]);
        leave(&h.sending);
        let_redis_answer(&h);
        check_unpaid(&h.sending);
        CHECK_EQ(h.sending.f->requests, 0);
        close_shared(&h);
    }
}

/* The upstream was kept waiting for the end of the form: three such failures are nothing for which
 * it would be left alone for a while. */
TEST(a_cut_while_redis_is_asked_is_not_the_channels_fault)
{
    enum { CUTS = 3 };
    struct shared h;

    NEED_SERVER();
    open_shared(&h, "0", false, NULL);
    for (int i = 0; i < CUTS; i++) {
        fail_while_asked(&h, &failures[0]);
        let_redis_answer(&h);
        CHECK_EQ(relay_fixture_status(read_reply(&h.sending)), 502);
    }
    relay_fixture_script(h.sending.f, transcribed, NULL);
    send_first(&h.sending, h.sending.form.body.n);
    CHECK_EQ(relay_fixture_status(read_reply(&h.sending)), 200);
    check_has(h.sending.f->seen_head[0], "POST /0/");
    check_paid(&h.sending);
    close_shared(&h);
}

/* ---- the program ends ---- */

TEST(a_form_that_waits_for_redis_is_told_that_the_program_ends)
{
    struct shared h;

    NEED_SERVER();
    open_shared(&h, "1", false, read_later);
    send_until_asked(&h);
    relay_fixture_stop(h.sending.f);
    let_redis_answer(&h);
    CHECK_EQ(relay_fixture_status(read_reply(&h.sending)), 503);
    relay_fixture_set(h.sending.f, GO_ON);
    relay_fixture_wait_broken(h.sending.f);
    check_unpaid(&h.sending);
    close_shared(&h);
}

/* As at the end of a program that has waited long enough. */
TEST(a_form_goes_away_before_redis_has_answered)
{
    struct shared h;

    NEED_SERVER();
    open_shared(&h, "1", false, read_later);
    send_until_asked(&h);
    relay_fixture_set(h.sending.f, GO_ON);
    form_fini(&h.sending.form);
    relay_fixture_free(h.sending.f);
    close(h.sending.fd);
    server_end(&h.server);
}

TEST_MAIN(a_form_is_paid_when_redis_has_answered, a_form_is_refused_when_redis_denies_it,
          a_form_goes_on_when_redis_dies, what_is_granted_to_a_client_that_left_is_given_back,
          another_channel_gets_the_form_whose_call_failed_before_redis_answered,
          what_redis_denies_behind_a_failed_call_is_not_sent_again,
          a_client_that_leaves_behind_a_failed_call_pays_nothing,
          a_cut_while_redis_is_asked_is_not_the_channels_fault,
          a_form_that_waits_for_redis_is_told_that_the_program_ends,
          a_form_goes_away_before_redis_has_answered)

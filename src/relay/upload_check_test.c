/*
 * Forms of which all has come, and which are being checked while something else happens to them:
 * their price is being reserved in Redis, which stands still, or their key or their owner's balance
 * is being looked up on the offload pool, which is busy. What needs Redis is skipped, and said so,
 * where there is no redis-server.
 */
#include "relay/upload_testing.h"

#include <semaphore.h>

#include "cache/redis_server_testing.h"
#include "relay/exchange.h"

/* By what the form is held up. */
enum job { BY_REDIS, BY_KEY, BY_BALANCE, JOBS };

enum { POOL_THREADS = 2 }; /* of the fixture */

struct checked {
    struct sending sending;
    enum job job;
    bool denied; /* what comes of the check */
    struct server redis;
    sem_t begun, gate;
};

/* ---- a busy pool ---- */

struct blocker { /* in the test's arena */
    struct offload_job job;
    sem_t *begun, *gate;
};

static void take(sem_t *sem)
{
    while (sem_wait(sem) != 0)
        ;
}

static void block(struct offload_job *job)
{
    struct blocker *b = container_of(job, struct blocker, job);

    sem_post(b->begun);
    take(b->gate);
}

static void hold_pool(struct checked *c)
{
    for (int i = 0; i < POOL_THREADS; i++) {
        struct blocker *b = arena_new(&c->sending.f->arena, struct blocker);

        *b = (struct blocker){.job.work = block, .begun = &c->begun, .gate = &c->gate};
        CHECK_EQ(offload_submit(c->sending.f->relay->conf.offload, &b->job, NULL), ERR_OK);
    }
    for (int i = 0; i < POOL_THREADS; i++)
        take(&c->begun);
}

/* ---- forms that are checked ---- */

/* False: there is nothing to hold. */
static bool checked_open(struct checked *c, enum job job, bool denied, const char *retries)
{
    struct relay_fixture *f;

    if (job == BY_REDIS && !have_server()) {
        print_message("[  NOTE    ] redis-server is not installed: skipped\n");
        return false;
    }
    memset(c, 0, sizeof *c);
    c->job = job;
    c->denied = denied;
    sem_init(&c->begun, 0, 0);
    sem_init(&c->gate, 0, 0);
    if (job == BY_REDIS)
        server_start(&c->redis, "");
    f = job == BY_REDIS ? relay_fixture_new_shared(NULL, c->redis.port) : relay_fixture_new(NULL);
    c->sending = (struct sending){.f = with_channels(f, retries), .path = transcriptions};
    form_init(&c->sending.form, PART("model", "w"), END);
    /* Enough for the first second of a recording, and not for a minute. */
    if (job == BY_BALANCE || (job == BY_REDIS && denied))
        relay_fixture_sql(f, "UPDATE users SET quota=37000");
    return true;
}

/* What the relay knows of the account is old then. */
static void top_up(struct relay_fixture *f)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    CHECK_EQ(db_acquire(f->db, DB_WRITE, &c, NULL), ERR_OK);
    CHECK_EQ(db_exec(c, NULL, NULL, "UPDATE users SET quota=1000000"), ERR_OK);
}

static void hold(struct checked *c)
{
    switch (c->job) {
    case BY_REDIS:
        CHECK_EQ(kill(c->redis.pid, SIGSTOP), 0);
        return;
    case BY_KEY:
        relay_fixture_sql(c->sending.f,
                          c->denied ? "UPDATE tokens SET status=2" : "UPDATE tokens SET status=1");
        break;
    case BY_BALANCE:
        if (!c->denied)
            top_up(c->sending.f);
        break;
    case JOBS:
        break;
    }
    hold_pool(c);
}

static void let_go(struct checked *c)
{
    if (c->job == BY_REDIS) {
        CHECK_EQ(kill(c->redis.pid, SIGCONT), 0);
        return;
    }
    for (int i = 0; i < POOL_THREADS; i++)
        sem_post(&c->gate);
}

static bool first_reads_later(struct relay_fixture_call *c)
{
    if (c->channel == 0) {
        relay_fixture_set(c->fixture, CALLED);
        relay_fixture_wait(c->fixture, GO_ON);
    }
    return false;
}

/* Sends a form to its end, to an upstream that does not yet read it: until it is being checked. */
static void send_until_checked(struct checked *c, bool (*hasty)(struct relay_fixture_call *c),
                               const char *answer)
{
    struct sending *s = &c->sending;

    relay_fixture_script_early(s->f, hasty, transcribed, answer);
    send_first(s, s->form.file_at + 100);
    relay_fixture_wait(s->f, CALLED);
    hold(c);
    send_until(s, s->form.body.n);
    relay_fixture_wait_checking(s->f);
}

static void check_refused(struct checked *c)
{
    CHECK_EQ(relay_fixture_status(read_reply(&c->sending)), c->job == BY_KEY ? 401 : 403);
    CHECK_EQ(c->sending.f->requests, 0);
    check_unpaid(&c->sending);
}

static void checked_close(struct checked *c)
{
    relay_fixture_check_books(c->sending.f);
    if (c->job == BY_REDIS)
        relay_fixture_check_redis(c->sending.f);
    sending_close(&c->sending);
    server_end(&c->redis);
    sem_destroy(&c->begun);
    sem_destroy(&c->gate);
}

/* ---- nothing happens ---- */

TEST(a_form_goes_to_its_end_when_it_was_checked)
{
    for (enum job job = 0; job < JOBS; job++) {
        struct checked c;

        if (!checked_open(&c, job, false, "0"))
            continue;
        send_until_checked(&c, first_reads_later, NULL);
        relay_fixture_set(c.sending.f, GO_ON);
        CHECK_EQ(c.sending.f->requests, 0);
        let_go(&c);
        CHECK_EQ(relay_fixture_status(read_reply(&c.sending)), 200);
        check_got_it(&c.sending, 0);
        check_paid(&c.sending);
        CHECK_STR(str_from(relay_fixture_cell(c.sending.f, "SELECT \"group\" FROM logs")),
                  "default");
        checked_close(&c);
    }
}

TEST(a_form_that_does_not_pass_never_reaches_the_upstream_whole)
{
    for (enum job job = 0; job < JOBS; job++) {
        struct checked c;

        if (!checked_open(&c, job, true, "1"))
            continue;
        send_until_checked(&c, first_reads_later, NULL);
        relay_fixture_set(c.sending.f, GO_ON);
        let_go(&c);
        check_refused(&c);
        relay_fixture_wait_broken(c.sending.f);
        checked_close(&c);
    }
}

TEST(a_form_goes_on_when_redis_dies)
{
    struct checked c;

    NEED_SERVER();
    CHECK(checked_open(&c, BY_REDIS, false, "0"));
    send_until_checked(&c, first_reads_later, NULL);
    relay_fixture_set(c.sending.f, GO_ON);
    server_kill(&c.redis);
    CHECK_EQ(relay_fixture_status(read_reply(&c.sending)), 200);
    check_paid(&c.sending);
    c.job = BY_KEY; /* there is nothing to look into any more */
    checked_close(&c);
}

/* ---- the client leaves ---- */

TEST(what_is_granted_to_a_client_that_left_is_given_back)
{
    for (enum job job = 0; job < JOBS; job++) {
        for (int denied = 0; denied <= 1; denied++) {
            struct checked c;

            if (!checked_open(&c, job, denied, "1"))
                continue;
            send_until_checked(&c, first_reads_later, NULL);
            leave(&c.sending);
            let_go(&c);
            relay_fixture_set(c.sending.f, GO_ON);
            relay_fixture_wait_broken(c.sending.f);
            CHECK_EQ(c.sending.f->requests, 0);
            check_unpaid(&c.sending);
            checked_close(&c);
        }
    }
}

/* ---- the call fails ---- */

static bool first_fails_later(struct relay_fixture_call *c)
{
    if (first_reads_later(c) || c->channel != 0)
        return false;
    if (c->ctx)
        relay_fixture_json(c, 503, c->ctx);
    return true;
}

static bool first_guesses_later(struct relay_fixture_call *c)
{
    if (first_reads_later(c) || c->channel != 0)
        return false;
    relay_fixture_json(c, 200, "{\"text\":\"whatever\"}");
    return true;
}

/* The connection ends, or an answer comes that says so, or one to half a form. */
static const struct failure {
    bool (*hasty)(struct relay_fixture_call *c);
    const char *answer;
    int status;
} failures[] = {{first_fails_later, NULL, 502},
                {first_fails_later, "{\"error\":{\"message\":\"busy\"}}", 503},
                {first_guesses_later, NULL, 502}};

/* The call fails while the form is checked. */
static void fail_while_checked(struct checked *c, const struct failure *how)
{
    send_until_checked(c, how->hasty, how->answer);
    relay_fixture_set(c->sending.f, GO_ON);
    relay_fixture_wait_no_call(c->sending.f);
}

/* Runs this for each job, with another failure each; `shift` says with which. */
static void for_each_job(size_t shift, bool denied, const char *retries,
                         void (*then)(struct checked *c, const struct failure *how))
{
    for (enum job job = 0; job < JOBS; job++) {
        const struct failure *how = &failures[(job + shift) % ARRAY_LEN(failures)];
        struct checked c;

        if (!checked_open(&c, job, denied, retries))
            continue;
        fail_while_checked(&c, how);
        then(&c, how);
        checked_close(&c);
    }
}

static void check_second_gets_it(struct checked *c, const struct failure *how UNUSED)
{
    let_go(c);
    CHECK_EQ(relay_fixture_status(read_reply(&c->sending)), 200);
    CHECK_EQ(c->sending.f->requests, 1);
    check_got_it(&c->sending, 0);
    check_has(c->sending.f->seen_head[0], "POST /1/");
    check_paid(&c->sending);
}

TEST(another_channel_gets_a_form_whose_call_failed_meanwhile)
{
    for (size_t shift = 0; shift < ARRAY_LEN(failures); shift++)
        for_each_job(shift, false, "1", check_second_gets_it);
}

static void check_failure_is_told(struct checked *c, const struct failure *how)
{
    let_go(c);
    CHECK_EQ(relay_fixture_status(read_reply(&c->sending)), how->status);
    check_unpaid(&c->sending);
}

TEST(the_last_channels_failure_is_told_when_the_check_is_over)
{
    for_each_job(0, false, "0", check_failure_is_told);
}

static void check_not_sent_again(struct checked *c, const struct failure *how UNUSED)
{
    let_go(c);
    check_refused(c);
}

TEST(what_is_refused_behind_a_failed_call_is_not_sent_again)
{
    for_each_job(1, true, "1", check_not_sent_again);
}

static void check_left(struct checked *c, const struct failure *how UNUSED)
{
    leave(&c->sending);
    let_go(c);
    check_unpaid(&c->sending);
    CHECK_EQ(c->sending.f->requests, 0);
}

TEST(a_client_that_leaves_behind_a_failed_call_pays_nothing)
{
    for_each_job(2, false, "1", check_left);
}

/* The upstream was kept waiting for the end of the form: three such failures are nothing for which
 * it would be left alone for a while. */
TEST(a_cut_meanwhile_is_not_the_channels_fault)
{
    enum { CUTS = 3 };
    struct checked c;

    CHECK(checked_open(&c, BY_KEY, false, "0"));
    for (int i = 0; i < CUTS; i++) {
        fail_while_checked(&c, &failures[0]);
        let_go(&c);
        CHECK_EQ(relay_fixture_status(read_reply(&c.sending)), failures[0].status);
    }
    relay_fixture_script(c.sending.f, transcribed, NULL);
    send_first(&c.sending, c.sending.form.body.n);
    CHECK_EQ(relay_fixture_status(read_reply(&c.sending)), 200);
    check_has(c.sending.f->seen_head[0], "POST /0/");
    check_paid(&c.sending);
    checked_close(&c);
}

/* ---- the program ends ---- */

TEST(a_form_that_is_checked_is_told_that_the_program_ends)
{
    for (enum job job = 0; job < JOBS; job++) {
        struct checked c;

        if (!checked_open(&c, job, false, "1"))
            continue;
        send_until_checked(&c, first_reads_later, NULL);
        relay_fixture_stop(c.sending.f);
        let_go(&c);
        CHECK_EQ(relay_fixture_status(read_reply(&c.sending)), 503);
        relay_fixture_set(c.sending.f, GO_ON);
        relay_fixture_wait_broken(c.sending.f);
        check_unpaid(&c.sending);
        checked_close(&c);
    }
}

/* As at the end of a program that has waited long enough. */
TEST(a_form_goes_away_before_redis_has_answered)
{
    struct checked c;

    NEED_SERVER();
    CHECK(checked_open(&c, BY_REDIS, false, "1"));
    send_until_checked(&c, first_reads_later, NULL);
    relay_fixture_set(c.sending.f, GO_ON);
    form_fini(&c.sending.form);
    relay_fixture_free(c.sending.f);
    close(c.sending.fd);
    server_end(&c.redis);
}

TEST_MAIN(a_form_goes_to_its_end_when_it_was_checked,
          a_form_that_does_not_pass_never_reaches_the_upstream_whole,
          a_form_goes_on_when_redis_dies, what_is_granted_to_a_client_that_left_is_given_back,
          another_channel_gets_a_form_whose_call_failed_meanwhile,
          the_last_channels_failure_is_told_when_the_check_is_over,
          what_is_refused_behind_a_failed_call_is_not_sent_again,
          a_client_that_leaves_behind_a_failed_call_pays_nothing,
          a_cut_meanwhile_is_not_the_channels_fault,
          a_form_that_is_checked_is_told_that_the_program_ends,
          a_form_goes_away_before_redis_has_answered)

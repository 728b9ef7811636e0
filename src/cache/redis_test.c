/* The client against scripted servers: order, faults, time-outs, finding the master. */
#include "cache/redis_testing.h"

#include <pthread.h>

/* --- calls ----------------------------------------------------------------------------------- */

enum { MANY = 500 };

static void echo_again(struct got *g)
{
    g->then = NULL;
    CHECK_STR(str_from(g->text), "first");
    g->times = 0;
    got_start(g, g->world, "ECHO again");
    CHECK_EQ(g->times, 0); /* nothing comes inside of the start */
}

TEST(calls_that_wait_for_the_connection_and_calls_on_it_are_answered_in_order)
{
    static struct got got[MANY];
    struct got again = {.then = echo_again};
    struct redis_status status;
    struct world w;
    char words[32];

    memset(got, 0, sizeof got);
    world_open(&w);
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    for (int i = 0; i < MANY; i++) {
        snprintf(words, sizeof words, "ECHO %d", i);
        got_start(&got[i], &w, words);
    }
    got_start(&again, &w, "ECHO first");
    redis_status(w.redis, &status);
    CHECK(!status.up);
    CHECK_EQ(status.under_way, MANY + 1);
    world_run(&w);
    for (int i = 0; i < MANY; i++) {
        snprintf(words, sizeof words, "%d", i);
        check_text(&got[i], words);
    }
    check_text(&again, "again");
    CHECK_EQ(w.fakes[0].connections, 1);
    CHECK_EQ(metrics_read(w.metrics, METRIC_REDIS_CALLS, METRIC_REDIS_OK), MANY + 2);
    CHECK_EQ(metrics_read(w.metrics, METRIC_REDIS_CALL_TIME, 0), MANY + 2);
    CHECK_EQ(metrics_read(w.metrics, METRIC_REDIS_CONNECTIONS, 0), 0); /* the loop has ended */
    redis_status(w.redis, &status);
    CHECK_EQ(status.calls, MANY + 2);
    CHECK_EQ(status.under_way, 0);
    CHECK_EQ(status.connections, 1);
    world_close(&w);
}

static bool serve_kinds(struct fake_peer *p, const struct redis_value *cmd)
{
    if (!cmd_is(cmd, "KINDS"))
        return false;
    fake_trickle(p,
                 STR("$4\r\nbulk\r\n:-12\r\n$-1\r\n-WRONGTYPE not a list\r\n-LOADING wait\r\n"
                     "-ERR unknown command 'x', with args beginning with: 'secret'\r\n+end\r\n"));
    return true;
}

static bool serve_nothing(struct fake_peer *p, const struct redis_value *cmd)
{
    if (cmd_is(cmd, "KINDS"))
        return serve_kinds(p, cmd);
    return cmd_is(cmd, "NONE");
}

TEST(replies_of_each_kind_come_in_pieces_of_one_byte)
{
    struct got got[7] = {0};
    struct world w;

    world_open(&w);
    w.fakes[0].serve = serve_nothing;
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    got_start(&got[0], &w, "KINDS");
    for (size_t i = 1; i < ARRAY_LEN(got); i++)
        got_start(&got[i], &w, "NONE");
    world_run(&w);
    check_text(&got[0], "bulk");
    CHECK_EQ(got[1].kind, REDIS_INT);
    CHECK_EQ(got[1].i, -12);
    CHECK_EQ(got[2].kind, REDIS_NIL);
    check_fail(&got[3], ERR_INTERNAL, "Redis: WRONGTYPE not a list");
    check_fail(&got[4], ERR_UNAVAILABLE, "Redis: LOADING wait");
    check_fail(&got[5], ERR_INTERNAL, "unknown command 'x'");
    CHECK(!str_has(str_from(got[5].err.msg), STR("secret")));
    check_text(&got[6], "end");
    CHECK_EQ(metrics_read(w.metrics, METRIC_REDIS_CALLS, METRIC_REDIS_REFUSED), 2);
    CHECK_EQ(metrics_read(w.metrics, METRIC_REDIS_CALLS, METRIC_REDIS_UNAVAILABLE), 1);
    world_close(&w);
}

static bool serve_noscript(struct fake_peer *p, const struct redis_value *cmd)
{
    if (cmd_is(cmd, "EVALSHA"))
        fake_send(p, STR("-NOSCRIPT No matching script. Please use EVAL.\r\n"));
    else if (cmd_is(cmd, "EVAL"))
        fake_send_bulk(p, cmd->items[4].s);
    else
        return false;
    return true;
}

TEST(a_script_that_the_server_does_not_know_is_sent_as_text)
{
    const struct str argv[] = {STR("key"), STR("value")};
    struct redis_script script;
    struct redis_command cmd = {.script = &script, .keys = 1, .argv = argv, .argc = 2};
    struct got got[2] = {0};
    struct world w;

    world_open(&w);
    w.fakes[0].serve = serve_noscript;
    redis_script_init(&script, STR("return ARGV[1]"));
    CHECK_STR(str_from(script.sha), "098e0f0d1448c0a81dafe820f66d460eb09263da");
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    for (int i = 0; i < 2; i++) {
        got_prepare(&got[i], &w);
        redis_start(w.redis, &cmd, &got[i].call);
    }
    world_run(&w);
    check_text(&got[0], "value");
    check_text(&got[1], "value");
    CHECK_STR(str_from(w.fakes[0].seen),
              "ROLE;PING;EVALSHA 098e0f0d1448c0a81dafe820f66d460eb09263da 1 key value;"
              "EVALSHA 098e0f0d1448c0a81dafe820f66d460eb09263da 1 key value;"
              "EVAL return ARGV[1] 1 key value;EVAL return ARGV[1] 1 key value;");
    world_close(&w);
}

static struct got *to_cancel;

static bool serve_and_cancel(struct fake_peer *p, const struct redis_value *cmd)
{
    (void)p;
    if (cmd_is(cmd, "ECHO") && str_eq(cmd->items[1].s, STR("sent"))) {
        redis_cancel(&to_cancel->call);
        to_cancel->world->open--;
    }
    return false;
}

TEST(a_cancelled_call_is_never_answered_and_its_reply_not_anothers)
{
    struct got waiting = {0}, sent = {0}, refused = {0}, last = {0};
    struct world w;

    world_open(&w);
    w.fakes[0].serve = serve_and_cancel;
    w.settings.calls_max = 3;
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    to_cancel = &sent;
    got_start(&waiting, &w, "ECHO waiting");
    got_start(&sent, &w, "ECHO sent");
    got_start(&last, &w, "ECHO last");
    got_start(&refused, &w, "ECHO refused");
    redis_cancel(&waiting.call);
    redis_cancel(&refused.call);
    redis_cancel(&refused.call); /* idle: nothing */
    w.open -= 2;
    world_run(&w);
    check_text(&last, "last");
    CHECK_EQ(waiting.times + sent.times + refused.times, 0);
    CHECK(sent.call.sent);
    CHECK_STR(str_from(w.fakes[0].seen), "ROLE;PING;ECHO sent;ECHO last;");
    world_close(&w);
}

TEST(calls_under_way_and_the_length_of_a_command_are_bounded)
{
    struct got got[4] = {0}, longer = {0};
    char *big = mem_zalloc(17 * 1024 * 1024);
    const struct str argv[] = {STR("ECHO"), str_make(big, 17 * 1024 * 1024)};
    struct world w;

    world_open(&w);
    w.settings.calls_max = 3;
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    for (int i = 0; i < 4; i++)
        got_start(&got[i], &w, "ECHO x");
    got_prepare(&longer, &w);
    redis_call(w.redis, argv, 2, &longer.call);
    CHECK_EQ(got[3].times + longer.times, 0);
    world_run(&w);
    check_text(&got[2], "x");
    check_fail(&got[3], ERR_UNAVAILABLE, "too many calls are under way");
    CHECK(!got[3].call.sent);
    check_fail(&longer, ERR_TOO_LARGE, "the command is too long");
    mem_free(big);
    world_close(&w);
}

/* --- time-outs ------------------------------------------------------------------------------- */

/* Answers FIRST a while after it has come, and SLOW only together with what follows. */
static void on_first(struct loop_timer *timer)
{
    fake_send(container_of(timer, struct fake_peer, timer), STR("+first\r\n"));
}

static bool serve_slow(struct fake_peer *p, const struct redis_value *cmd)
{
    if (cmd_is(cmd, "FIRST"))
        loop_timer_set(p->fake->loop, &p->timer, 60, on_first);
    else if (cmd_is(cmd, "GO"))
        fake_send(p, STR("+slow\r\n+go\r\n"));
    else
        return cmd_is(cmd, "SLOW");
    return true;
}

static void start_go(struct got *g)
{
    got_start(g->world->user, g->world, "GO");
}

TEST(a_late_reply_is_thrown_away_and_the_connection_kept)
{
    struct got first = {0}, slow = {.then = start_go}, go = {0};
    struct world w;

    world_open(&w);
    w.fakes[0].serve = serve_slow;
    w.user = &go;
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    slow.call.timeout_ms = 2000;
    got_start(&first, &w, "FIRST");
    got_start(&slow, &w, "SLOW");
    world_run(&w);
    check_text(&first, "first");
    check_fail(&slow, ERR_UNAVAILABLE, "no answer within 2000 ms");
    CHECK(slow.call.sent);
    check_text(&go, "go");
    CHECK_EQ(w.fakes[0].connections, 1);
    world_close(&w);
}

static bool serve_mute_first(struct fake_peer *p, const struct redis_value *cmd)
{
    return p->number == 0 && cmd_is(cmd, "ECHO");
}

static bool is_up(struct world *w)
{
    struct redis_status status;

    redis_status(w->redis, &status);
    return status.up && status.connections >= 2;
}

static void echo_until_answered(struct got *g)
{
    if (g->err.code == ERR_OK) {
        loop_stop(g->world->loop);
        return;
    }
    g->times = 0;
    got_start(g, g->world, "ECHO back");
}

TEST(a_server_that_falls_silent_is_left_and_found_again)
{
    struct got mute = {0}, others = {0}, back = {.then = echo_until_answered};
    struct redis_status status;
    struct world w;

    world_open(&w);
    w.fakes[0].serve = serve_mute_first;
    w.settings.call_ms = 100;
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    others.call.timeout_ms = 5000;
    got_start(&mute, &w, "ECHO mute");
    got_start(&others, &w, "ECHO others");
    got_start(&back, &w, "ECHO back");
    world_run(&w);
    check_fail(&mute, ERR_UNAVAILABLE, "no answer within 100 ms");
    check_fail(&others, ERR_UNAVAILABLE, "the server does not answer");
    CHECK(others.call.sent);
    check_text(&back, "back");
    redis_status(w.redis, &status);
    CHECK(str_has(str_from(status.last_error), STR("the server does not answer")));
    CHECK(str_starts(str_from(status.last_error), STR("127.0.0.1:")));
    world_close(&w);
}

static bool serve_mute_ping(struct fake_peer *p, const struct redis_value *cmd)
{
    /* The first PING belongs to the hello. */
    return p->number == 0 && cmd_is(cmd, "PING") &&
           str_has(str_from(p->fake->seen), STR("PING;PING"));
}

TEST(an_idle_connection_is_asked_whether_it_lives)
{
    struct world w;

    world_open(&w);
    w.fakes[0].serve = serve_mute_ping;
    w.settings.ping_ms = 30;
    w.settings.call_ms = 50;
    w.until = is_up;
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    world_run(&w);
    CHECK(str_starts(str_from(w.fakes[0].seen), STR("ROLE;PING;PING;ROLE;PING;")));
    world_close(&w);
}

static bool serve_no_hello(struct fake_peer *p, const struct redis_value *cmd)
{
    (void)cmd;
    return p->number == 0;
}

TEST(a_server_that_does_not_say_hello_is_given_up_in_time)
{
    struct got g = {0};
    struct world w;

    world_open(&w);
    w.fakes[0].serve = serve_no_hello;
    w.settings.connect_ms = 60;
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    got_start(&g, &w, "ECHO x");
    world_run(&w);
    check_fail(&g, ERR_UNAVAILABLE, "no answer within 60 ms");
    CHECK(!g.call.sent);
    world_close(&w);
}

/* --- away and back --------------------------------------------------------------------------- */

static void after_refusal(struct got *g)
{
    if (g->times == 1 && str_has(str_from(g->err.msg), STR("connection refused"))) {
        CHECK(!g->call.sent);
        g->times = 0;
        got_start(g, g->world, "ECHO now");
        CHECK_EQ(g->times, 0);
        return;
    }
    CHECK(str_has(str_from(g->err.msg), STR("there is no connection")));
    g->then = echo_until_answered;
    fake_listen(&g->world->fakes[0], g->world->fakes[0].port);
    g->times = 0;
    got_start(g, g->world, "ECHO back");
}

TEST(while_nobody_listens_calls_fail_at_once_and_later_work_again)
{
    struct got g = {.then = after_refusal};
    struct redis_status status;
    struct world w;

    world_open(&w);
    fake_stop(&w.fakes[0]);
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    got_start(&g, &w, "ECHO early");
    world_run(&w);
    check_text(&g, "back");
    redis_status(w.redis, &status);
    CHECK(status.failed >= 2);
    CHECK_EQ(status.connections, 1);
    CHECK(str_has(str_from(status.last_error), STR("connection refused")));
    world_close(&w);
}

static bool serve_fault(struct fake_peer *p, const struct redis_value *cmd)
{
    static const struct str faults[] = {STR_INIT("HTTP/1.1 400 Bad\r\n"),
                                        STR_INIT("*2147483647\r\n"), STR_INIT("$-9\r\n"),
                                        STR_INIT("$10\r\nhalf")};

    if (!cmd_is(cmd, "FAULT") || p->number >= ARRAY_LEN(faults))
        return false;
    fake_send(p, faults[p->number]);
    if (p->number == ARRAY_LEN(faults) - 1)
        fake_drop(p);
    return true;
}

static unsigned faults_told;

static void fault_again(struct got *g)
{
    if (g->err.code == ERR_OK) {
        loop_stop(g->world->loop);
        return;
    }
    CHECK_EQ(g->err.code, ERR_UNAVAILABLE);
    faults_told += g->call.sent;
    g->times = 0;
    got_start(g, g->world, "FAULT");
}

TEST(what_breaks_the_protocol_ends_the_connection_and_the_next_one_works)
{
    struct got g = {.then = fault_again};
    struct world w;

    faults_told = 0;
    world_open(&w);
    w.fakes[0].serve = serve_fault;
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    got_start(&g, &w, "FAULT");
    world_run(&w);
    check_text(&g, "OK");
    CHECK_EQ(faults_told, 4);
    CHECK_EQ(w.fakes[0].connections, 5);
    world_close(&w);
}

static bool serve_unasked(struct fake_peer *p, const struct redis_value *cmd)
{
    if (p->number == 0 && cmd_is(cmd, "PING"))
        fake_send(p, STR("+PONG\r\n+what\r\n"));
    else
        return false;
    return true;
}

TEST(a_reply_that_nobody_asked_for_ends_the_connection)
{
    struct redis_status status;
    struct world w;

    world_open(&w);
    w.fakes[0].serve = serve_unasked;
    w.until = is_up;
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    world_run(&w);
    redis_status(w.redis, &status);
    CHECK(str_has(str_from(status.last_error), STR("spoke out of turn")));
    world_close(&w);
}

/* --- who is the master ----------------------------------------------------------------------- */

static bool serve_login(struct fake_peer *p, const struct redis_value *cmd)
{
    if (cmd_is(cmd, "AUTH"))
        fake_send(p, STR("-WRONGPASS invalid username-password pair or user is disabled.\r\n"));
    else
        fake_send(p, STR("-NOAUTH Authentication required.\r\n"));
    return true;
}

TEST(login_and_database_come_first_and_a_refusal_shows_no_password)
{
    struct got g = {0};
    struct world w;

    world_open(&w);
    world_client(&w, "redis://me:hidden@127.0.0.1:%u/7", NULL);
    got_start(&g, &w, "ECHO x");
    world_run(&w);
    check_text(&g, "x");
    CHECK_STR(str_from(w.fakes[0].seen), "AUTH me hidden;SELECT 7;ROLE;PING;ECHO x;");
    world_close(&w);

    memset(&g, 0, sizeof g);
    world_open(&w);
    w.fakes[0].serve = serve_login;
    world_client(&w, "redis://default:hidden@127.0.0.1:%u", NULL);
    got_start(&g, &w, "ECHO x");
    world_run(&w);
    check_fail(&g, ERR_UNAVAILABLE, "the server refuses the login: WRONGPASS");
    CHECK(!str_has(str_from(g.err.msg), STR("hidden")));
    CHECK(str_starts(str_from(w.fakes[0].seen), STR("AUTH hidden;ROLE;")));
    world_close(&w);

    memset(&g, 0, sizeof g);
    world_open(&w);
    w.fakes[0].serve = serve_login;
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    got_start(&g, &w, "ECHO x");
    world_run(&w);
    check_fail(&g, ERR_UNAVAILABLE, "the server asks for a password");
    world_close(&w);
}

static bool serve_replica(struct fake_peer *p, const struct redis_value *cmd)
{
    if (!cmd_is(cmd, "ROLE"))
        return false;
    fake_send(p, STR("*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:1\r\n$9\r\nconnected\r\n:0\r\n"));
    return true;
}

TEST(the_first_address_that_is_a_master_is_taken)
{
    struct got g = {0};
    struct world w;

    world_open(&w);
    fake_stop(&w.fakes[0]);
    w.fakes[1].serve = serve_replica;
    world_client(&w, "redis://127.0.0.1:%u,127.0.0.1:%u,127.0.0.1:%u", NULL);
    got_start(&g, &w, "ECHO x");
    world_run(&w);
    check_text(&g, "x");
    CHECK_EQ(w.fakes[1].connections, 1);
    CHECK_EQ(w.fakes[2].connections, 1);
    world_close(&w);
}

/* A master that becomes a replica with the first write. */
static bool demoted;

static bool serve_demoted(struct fake_peer *p, const struct redis_value *cmd)
{
    if (demoted)
        return serve_replica(p, cmd);
    demoted = cmd_is(cmd, "SET");
    if (demoted)
        fake_send(p, STR("-READONLY You can't write against a read only replica.\r\n"));
    return demoted;
}

static void set_again(struct got *g)
{
    if (g->err.code == ERR_OK) {
        loop_stop(g->world->loop);
        return;
    }
    CHECK_EQ(g->err.code, ERR_UNAVAILABLE);
    g->times = 0;
    got_start(g, g->world, "SET a b");
}

TEST(a_master_that_becomes_a_replica_is_left_for_the_new_one)
{
    struct got g = {.then = set_again};
    struct world w;

    demoted = false;
    world_open(&w);
    w.fakes[0].serve = serve_demoted;
    world_client(&w, "redis://127.0.0.1:%u,127.0.0.1:%u", NULL);
    got_start(&g, &w, "SET a b");
    world_run(&w);
    check_text(&g, "OK");
    CHECK(str_has(str_from(w.fakes[1].seen), STR("SET a b;")));
    CHECK_EQ(w.fakes[0].connections, 2);
    world_close(&w);
}

static struct fake *named_master; /* NULL: none is known */

static bool serve_sentinel(struct fake_peer *p, const struct redis_value *cmd)
{
    char text[64];

    if (cmd_is(cmd, "AUTH")) {
        fake_send(p, STR("-ERR AUTH called without any password configured\r\n"));
    } else if (cmd_is(cmd, "SENTINEL") && named_master) {
        snprintf(text, sizeof text, "*2\r\n$9\r\n127.0.0.1\r\n$5\r\n%05u\r\n", named_master->port);
        fake_send(p, str_from(text));
    } else if (cmd_is(cmd, "SENTINEL")) {
        fake_send(p, STR("*-1\r\n"));
    } else {
        return false;
    }
    return true;
}

TEST(sentinels_are_asked_in_turn_and_anew_after_each_loss)
{
    struct got g = {.then = set_again};
    struct world w;

    demoted = false;
    world_open(&w);
    fake_stop(&w.fakes[0]);
    w.fakes[1].serve = serve_sentinel;
    w.fakes[2].serve = serve_demoted;
    named_master = &w.fakes[2];
    world_client(&w, "redis://:pw@127.0.0.1:%u,127.0.0.1:%u/1", "main");
    got_start(&g, &w, "ECHO x");
    g.then = NULL;
    world_run(&w);
    check_text(&g, "x");
    CHECK_STR(str_from(w.fakes[1].seen), "AUTH pw;SENTINEL get-master-addr-by-name main;");
    CHECK_STR(str_from(w.fakes[2].seen), "AUTH pw;SELECT 1;ROLE;PING;ECHO x;");
    world_close(&w);

    memset(&g, 0, sizeof g);
    world_open(&w);
    w.fakes[0].serve = serve_sentinel;
    named_master = NULL;
    world_client(&w, "127.0.0.1:%u", "main");
    got_start(&g, &w, "ECHO x");
    world_run(&w);
    check_fail(&g, ERR_UNAVAILABLE, "the Sentinel knows no master of that REDIS_MASTER_NAME");
    world_close(&w);
}

/* The old master stays the Sentinel's answer until the new one is asked for the second time. */
static bool serve_sentinel_late(struct fake_peer *p, const struct redis_value *cmd)
{
    if (demoted && p->number >= 2)
        named_master = p->fake + 2;
    return serve_sentinel(p, cmd);
}

TEST(a_failover_is_followed_though_the_sentinel_is_late)
{
    struct got g = {.then = set_again};
    struct world w;

    demoted = false;
    world_open(&w);
    w.fakes[0].serve = serve_sentinel_late;
    w.fakes[1].serve = serve_demoted;
    named_master = &w.fakes[1];
    world_client(&w, "127.0.0.1:%u", "main");
    got_start(&g, &w, "SET a b");
    world_run(&w);
    check_text(&g, "OK");
    CHECK_STR(str_from(w.fakes[2].seen), "ROLE;PING;SET a b;");
    CHECK_EQ(w.fakes[0].connections, 3);
    world_close(&w);
}

/* --- other threads --------------------------------------------------------------------------- */

enum { THREADS = 4, ASKS = 300 };

struct asker {
    pthread_t thread;
    struct world *world;
    unsigned number, right;
    _Atomic unsigned *left;
};

static void *ask_thread(void *arg)
{
    struct asker *me = arg;

    for (unsigned i = 0; i < ASKS; i++) {
        CLEANUP(arena_finip) struct arena a;
        struct redis_value v;
        struct err err = {0};
        bool sent;

        arena_init(&a, 0);
        struct str argv[] = {STR("ECHO"), arena_fmt(&a, "%u-%u", me->number, i)};
        struct redis_command cmd = {.argv = argv, .argc = 2};
        if (redis_ask(me->world->redis, &cmd, 10000, &a, &v, &sent, &err) == ERR_OK && sent &&
            redis_value_is(&v, argv[1]))
            me->right++;
        else
            fprintf(stderr, "%s\n", err.msg);
    }
    if (--*me->left == 0)
        loop_stop(me->world->loop);
    return NULL;
}

TEST(threads_wait_for_replies_of_their_own)
{
    struct asker askers[THREADS];
    _Atomic unsigned left = THREADS;
    struct world w;

    world_open(&w);
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    for (unsigned i = 0; i < THREADS; i++) {
        askers[i] = (struct asker){.world = &w, .number = i, .left = &left};
        pthread_create(&askers[i].thread, NULL, ask_thread, &askers[i]);
    }
    world_run(&w);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(askers[i].thread, NULL);
        CHECK_EQ(askers[i].right, ASKS);
    }
    CHECK_EQ(w.fakes[0].connections, 1);
    world_close(&w);
}

static bool serve_stop(struct fake_peer *p, const struct redis_value *cmd)
{
    if (!cmd_is(cmd, "HANG"))
        return false;
    loop_stop(p->fake->loop);
    return true;
}

static void *hang_thread(void *arg)
{
    struct world *w = arg;
    const struct str argv[] = {STR("HANG")};
    const struct redis_command cmd = {.argv = argv, .argc = 1};
    static struct err errors[2];
    struct redis_value v;
    struct arena a;
    bool sent = false;

    arena_init(&a, 0);
    /* The loop ends while the first is under way; the second comes after. */
    if (redis_ask(w->redis, &cmd, 60000, &a, &v, &sent, &errors[0]) != ERR_UNAVAILABLE || !sent ||
        redis_ask(w->redis, &cmd, 60000, &a, &v, &sent, &errors[1]) != ERR_UNAVAILABLE || sent)
        errors[0].code = ERR_OK;
    arena_fini(&a);
    return errors;
}

TEST(the_end_of_the_loop_answers_who_waits)
{
    struct got g = {0};
    struct err *errors;
    pthread_t thread;
    struct world w;
    void *result;

    world_open(&w);
    w.fakes[0].serve = serve_stop;
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    pthread_create(&thread, NULL, hang_thread, &w);
    got_start(&g, &w, "ECHO x");
    w.open++; /* the first reply is not the end */
    world_run(&w);
    pthread_join(thread, &result);
    errors = result;
    CHECK_STR(str_from(errors[0].msg), "Redis: the client has ended");
    CHECK_STR(str_from(errors[1].msg), "Redis: the client has ended");
    CHECK_EQ(errors[0].code, ERR_UNAVAILABLE);
    CHECK_EQ(g.times, 1);
    world_close(&w);
}

TEST(calls_may_be_under_way_at_the_end)
{
    struct got waiting = {0}, refused = {0};
    struct world w;

    world_open(&w);
    w.settings.calls_max = 1;
    world_client(&w, "redis://127.0.0.1:%u", NULL);
    got_start(&waiting, &w, "ECHO x");
    got_start(&refused, &w, "ECHO x");
    loop_stop(w.loop);
    world_run(&w);
    check_fail(&waiting, ERR_UNAVAILABLE, "the client has ended");
    check_fail(&refused, ERR_UNAVAILABLE, "too many calls are under way");
    world_close(&w);
}

TEST_MAIN(calls_that_wait_for_the_connection_and_calls_on_it_are_answered_in_order,
          replies_of_each_kind_come_in_pieces_of_one_byte,
          a_script_that_the_server_does_not_know_is_sent_as_text,
          a_cancelled_call_is_never_answered_and_its_reply_not_anothers,
          calls_under_way_and_the_length_of_a_command_are_bounded,
          a_late_reply_is_thrown_away_and_the_connection_kept,
          a_server_that_falls_silent_is_left_and_found_again,
          an_idle_connection_is_asked_whether_it_lives,
          a_server_that_does_not_say_hello_is_given_up_in_time,
          while_nobody_listens_calls_fail_at_once_and_later_work_again,
          what_breaks_the_protocol_ends_the_connection_and_the_next_one_works,
          a_reply_that_nobody_asked_for_ends_the_connection,
          login_and_database_come_first_and_a_refusal_shows_no_password,
          the_first_address_that_is_a_master_is_taken,
          a_master_that_becomes_a_replica_is_left_for_the_new_one,
          sentinels_are_asked_in_turn_and_anew_after_each_loss,
          a_failover_is_followed_though_the_sentinel_is_late, threads_wait_for_replies_of_their_own,
          the_end_of_the_loop_answers_who_waits, calls_may_be_under_way_at_the_end)

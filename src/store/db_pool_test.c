#include "store/db_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/test.h"

/* A server that is a counter: its connections are one end of a socket pair. */
struct server {
    struct db_pool *pool;
    _Atomic int opened, closed, asked;
    _Atomic bool refuses;
    bool restarted;
};

struct fake_conn {
    struct db_pool_conn base;
    struct server *server;
    int far_end;
};

static enum err_code do_open(void *ctx, struct db_pool_conn **out, struct err *err)
{
    struct server *s = ctx;
    struct fake_conn *c;
    int ends[2];

    if (s->refuses)
        return err_set(err, ERR_UNAVAILABLE, "refused");
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    c = mem_new(struct fake_conn);
    c->server = s;
    c->base.socket = ends[0];
    c->far_end = ends[1];
    s->opened++;
    *out = &c->base;
    return ERR_OK;
}

static struct fake_conn *fake(struct db_pool_conn *c)
{
    return container_of(c, struct fake_conn, base);
}

static void do_close(struct db_pool_conn *c)
{
    fake(c)->server->closed++;
    close(c->socket);
    if (fake(c)->far_end >= 0)
        close(fake(c)->far_end);
    mem_free(fake(c));
}

static bool do_alive(struct db_pool_conn *c)
{
    fake(c)->server->asked++;
    return fake(c)->far_end >= 0 && !fake(c)->server->restarted;
}

static const struct db_pool_ops ops = {.open = do_open, .close = do_close, .alive = do_alive};

static void start(struct server *s, const struct db_pool_conf *conf)
{
    *s = (struct server){0};
    s->pool = db_pool_new(conf, &ops, s);
}

static void stop(struct server *s)
{
    db_pool_free(s->pool);
    CHECK_EQ(s->opened, s->closed);
}

static struct db_pool_conn *take(struct server *s)
{
    struct db_pool_conn *c;
    struct err err;

    CHECK_EQ(db_pool_take(s->pool, &c, &err), ERR_OK);
    return c;
}

static const struct db_pool_conf three = {
    .max_open = 3, .max_idle = 2, .check_ms = 60000, .wait_ms = 30};

TEST(a_connection_that_came_back_is_used_again)
{
    struct server s;
    struct db_pool_conn *c;

    start(&s, &three);
    c = take(&s);
    db_pool_give(s.pool, c);
    CHECK(take(&s) == c);
    db_pool_give(s.pool, c);
    CHECK_EQ(s.opened, 1);
    CHECK_EQ(s.asked, 0);
    stop(&s);
}

TEST(no_more_are_open_than_allowed_and_the_wait_is_bounded)
{
    struct server s;
    struct db_pool_conn *c[3], *more;
    struct err err;

    start(&s, &three);
    for (int i = 0; i < 3; i++)
        c[i] = take(&s);
    CHECK_EQ(db_pool_take(s.pool, &more, &err), ERR_UNAVAILABLE);
    CHECK(more == NULL);
    CHECK(str_has(str_from(err.msg), STR("none of the 3 connections")));
    CHECK_EQ(s.opened, 3);
    for (int i = 0; i < 3; i++)
        db_pool_give(s.pool, c[i]);
    CHECK_EQ(s.closed, 1); /* two may stay idle */
    stop(&s);
}

TEST(a_broken_one_is_closed_and_makes_room)
{
    struct server s;
    struct db_pool_conn *c;

    start(&s, &three);
    for (int i = 0; i < 5; i++) {
        c = take(&s);
        c->broken = true;
        db_pool_give(s.pool, c);
    }
    CHECK_EQ(s.opened, 5);
    CHECK_EQ(s.closed, 5);
    stop(&s);
}

TEST(a_refusal_of_the_server_is_told_and_takes_no_room)
{
    struct server s;
    struct db_pool_conn *c;
    struct err err;

    start(&s, &three);
    s.refuses = true;
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(db_pool_take(s.pool, &c, &err), ERR_UNAVAILABLE);
        CHECK_STR(str_from(err.msg), "refused");
    }
    s.refuses = false;
    db_pool_give(s.pool, take(&s));
    stop(&s);
}

TEST(an_old_one_is_replaced)
{
    const struct db_pool_conf brief = {
        .max_open = 1, .max_idle = 1, .check_ms = 60000, .lifetime_ms = 3600000, .wait_ms = 30};
    struct server s;
    struct db_pool_conn *c;

    start(&s, &brief);
    c = take(&s);
    db_pool_give(s.pool, c);
    c->opened_ms -= brief.lifetime_ms; /* an hour passes while it is idle */
    c = take(&s);
    CHECK_EQ(s.opened, 2);
    CHECK_EQ(s.closed, 1);
    c->opened_ms -= brief.lifetime_ms; /* and another while it is in use */
    db_pool_give(s.pool, c);
    CHECK_EQ(s.closed, 2);
    stop(&s);
}

TEST(one_that_was_idle_for_long_is_asked_first)
{
    struct server s;
    struct db_pool_conn *c;

    start(&s, &three);
    c = take(&s);
    db_pool_give(s.pool, c);
    c->used_ms -= three.check_ms;
    CHECK(take(&s) == c);
    CHECK_EQ(s.asked, 1);
    db_pool_give(s.pool, c);
    c->used_ms -= three.check_ms;
    s.restarted = true;
    c = take(&s);
    CHECK_EQ(s.asked, 2);
    CHECK_EQ(s.opened, 2);
    db_pool_give(s.pool, c);
    stop(&s);
}

TEST(a_restart_of_the_server_costs_nobody_an_error)
{
    struct server s;
    struct db_pool_conn *c[2];

    start(&s, &three);
    c[0] = take(&s);
    c[1] = take(&s);
    for (int i = 0; i < 2; i++) {
        db_pool_give(s.pool, c[i]);
        close(fake(c[i])->far_end);
        fake(c[i])->far_end = -1;
    }
    c[0] = take(&s);
    CHECK_EQ(s.opened, 3);
    CHECK_EQ(s.closed, 2);
    db_pool_give(s.pool, c[0]);
    stop(&s);
}

/* Eight threads share three connections, each as often as it likes. */
struct crowd {
    struct server *server;
    _Atomic int out, worst, failures;
};

static void *one_of_many(void *arg)
{
    struct crowd *crowd = arg;

    for (int i = 0; i < 500; i++) {
        struct db_pool_conn *c;
        struct err err;
        int out;

        if (db_pool_take(crowd->server->pool, &c, &err) != ERR_OK) {
            crowd->failures++;
            continue;
        }
        out = ++crowd->out;
        for (int worst = crowd->worst; out > worst;)
            if (atomic_compare_exchange_weak(&crowd->worst, &worst, out))
                break;
        c->broken = i % 50 == 0;
        --crowd->out;
        db_pool_give(crowd->server->pool, c);
    }
    return NULL;
}

TEST(many_threads_share_few_connections)
{
    const struct db_pool_conf patient = {
        .max_open = 3, .max_idle = 3, .check_ms = 60000, .wait_ms = 60000};
    struct server s;
    struct crowd crowd = {.server = &s};
    pthread_t threads[8];

    start(&s, &patient);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, one_of_many, &crowd), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(crowd.failures, 0);
    CHECK(crowd.worst >= 1 && crowd.worst <= 3);
    stop(&s);
}

TEST(a_conf_says_it_all_and_what_it_leaves_out_is_known)
{
    struct db_pool_conf c = db_pool_conf_of(&(struct db_conf){
        .max_open_conns = 7, .max_idle_conns = 3, .conn_lifetime_ms = 9000, .busy_timeout_ms = 40});

    CHECK_EQ(c.max_open, 7);
    CHECK_EQ(c.max_idle, 3);
    CHECK_EQ(c.lifetime_ms, 9000);
    CHECK_EQ(c.wait_ms, 40);
    c = db_pool_conf_of(&(struct db_conf){.max_open_conns = 0});
    CHECK_EQ(c.max_open, 1000);
    CHECK_EQ(c.max_idle, 100);
    CHECK_EQ(c.lifetime_ms, 0); /* never: what "0" of SQL_CONN_MAX_LIFETIME means */
    CHECK_EQ(c.wait_ms, 5000);
}

static bool do_answers(void *ctx, struct err *err)
{
    struct server *s = ctx;

    if (s->refuses)
        (void)err_set(err, ERR_UNAVAILABLE, "gone");
    return !s->refuses;
}

/* One connection is out when the server falls silent: it is cut, and nobody waits for another. */
TEST(a_server_that_falls_silent_is_noticed_by_who_waits)
{
    static const struct db_pool_ops watched = {
        .open = do_open, .close = do_close, .alive = do_alive, .answers = do_answers};
    struct server s = {0};
    struct db_pool_conn *c, *more;
    struct db_health health;
    struct err err;
    char byte;

    s.pool = db_pool_new(&three, &watched, &s);
    c = take(&s);
    s.refuses = true;
    CHECK_EQ(read(c->socket, &byte, 1), 0); /* after the second that a statement may take unasked */
    CHECK_EQ(db_pool_take(s.pool, &more, &err), ERR_UNAVAILABLE);
    CHECK_STR(str_from(err.msg), "the database does not answer: gone");
    CHECK_EQ(db_pool_check(s.pool, &err), ERR_UNAVAILABLE);
    db_pool_health(s.pool, &health);
    CHECK(!health.up);
    c->broken = true;
    db_pool_give(s.pool, c);
    s.refuses = false;
    while (db_pool_check(s.pool, &err) != ERR_OK)
        usleep(1000);
    db_pool_give(s.pool, take(&s));
    CHECK_EQ(s.opened, 2);
    stop(&s);
}

TEST_MAIN(a_conf_says_it_all_and_what_it_leaves_out_is_known,
          a_connection_that_came_back_is_used_again,
          no_more_are_open_than_allowed_and_the_wait_is_bounded,
          a_broken_one_is_closed_and_makes_room, a_refusal_of_the_server_is_told_and_takes_no_room,
          an_old_one_is_replaced, one_that_was_idle_for_long_is_asked_first,
          a_restart_of_the_server_costs_nobody_an_error,
          a_server_that_falls_silent_is_noticed_by_who_waits, many_threads_share_few_connections)

#include "store/db_watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/patience.h"
#include "base/test.h"
#include "base/wait.h"

/* A server that answers or not, and says when it has been asked. */
struct server {
    struct db_watch *watch;
    pthread_mutex_t lock;
    pthread_cond_t was_asked;
    int asked;
    bool answers;
};

static bool do_answer(void *ctx, struct err *err)
{
    struct server *s = ctx;
    bool answers;

    pthread_mutex_lock(&s->lock);
    answers = s->answers;
    s->asked++;
    pthread_cond_broadcast(&s->was_asked);
    pthread_mutex_unlock(&s->lock);
    if (!answers)
        (void)err_set(err, ERR_UNAVAILABLE, "not a word");
    return answers;
}

/* Looks all the time, or (never) only when it is told to. */
static void start(struct server *s, bool never)
{
    const struct db_watch_conf conf = {.answers = do_answer,
                                       .ctx = s,
                                       .slow_ms = 20,
                                       .look_ms = never ? 3600000 : 5,
                                       .again_ms = 5};

    *s = (struct server){.answers = true};
    pthread_mutex_init(&s->lock, NULL);
    wait_init(&s->was_asked);
    s->watch = db_watch_new(&conf);
}

static void stop(struct server *s)
{
    db_watch_free(s->watch);
    pthread_cond_destroy(&s->was_asked);
    pthread_mutex_destroy(&s->lock);
}

static void set_answers(struct server *s, bool answers)
{
    pthread_mutex_lock(&s->lock);
    s->answers = answers;
    pthread_mutex_unlock(&s->lock);
}

/* `more` questions that begin after this; when the last of them is put, those before are over. */
static void wait_for_questions(struct server *s, int more)
{
    const struct timespec until = wait_until_ms(PATIENCE_MS);
    int goal;

    pthread_mutex_lock(&s->lock);
    goal = s->asked + more;
    while (s->asked < goal)
        CHECK(wait_locked(&s->was_asked, &s->lock, &until));
    pthread_mutex_unlock(&s->lock);
}

static bool is_up(struct server *s)
{
    struct db_health health;

    db_watch_health(s->watch, &health);
    return health.up;
}

TEST(a_server_that_answers_is_only_slow)
{
    struct db_watched who;
    struct server s;
    struct err err;
    int ends[2];
    char byte;

    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    start(&s, false);
    db_watch_begin(s.watch);
    db_watch_out(s.watch, &who, ends[0]);
    wait_for_questions(&s, 3);
    CHECK_EQ(db_watch_check(s.watch, &err), ERR_OK);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(read(ends[0], &byte, 1), 1); /* its connection is as it was */
    db_watch_in(s.watch, &who);
    stop(&s);
    close(ends[0]);
    close(ends[1]);
}

TEST(who_waits_for_a_server_that_is_silent_reads_an_end)
{
    struct db_watched who, opening;
    struct db_health health;
    struct server s;
    struct err err;
    int ends[2];
    char byte;

    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    start(&s, false);
    db_watch_begin(s.watch);
    set_answers(&s, false);
    db_watch_out(s.watch, &opening, -1);
    db_watch_out(s.watch, &who, ends[0]);
    CHECK_EQ(read(ends[0], &byte, 1), 0); /* this waits */
    CHECK_EQ(db_watch_check(s.watch, &err), ERR_UNAVAILABLE);
    CHECK_STR(str_from(err.msg), "the database does not answer: not a word");
    db_watch_health(s.watch, &health);
    CHECK(!health.up && health.since_s > 0);
    CHECK_STR(str_from(health.error), "not a word");
    db_watch_in(s.watch, &who);
    db_watch_in(s.watch, &opening);

    /* It is asked on until it answers, though nobody waits. */
    wait_for_questions(&s, 2);
    set_answers(&s, true);
    wait_for_questions(&s, 1);
    stop(&s);
    close(ends[0]);
    close(ends[1]);
}

TEST(a_suspicion_is_a_reason_to_ask_and_an_answer_lets_everybody_in_again)
{
    struct server s;
    struct err err;

    start(&s, true);
    db_watch_begin(s.watch);
    set_answers(&s, false);
    db_watch_suspect(s.watch);
    while (is_up(&s))
        usleep(1000);
    set_answers(&s, true);
    db_watch_suspect(s.watch); /* the next look is an hour away */
    while (db_watch_check(s.watch, &err) != ERR_OK) {
        usleep(1000);
        db_watch_suspect(s.watch);
    }
    CHECK(is_up(&s));
    stop(&s);
}

TEST(a_server_that_has_never_answered_is_not_watched)
{
    struct db_watched who;
    struct server s;
    struct err err;

    start(&s, false);
    set_answers(&s, false);
    db_watch_out(s.watch, &who, -1);
    db_watch_suspect(s.watch);
    db_watch_in(s.watch, &who);
    CHECK_EQ(db_watch_check(s.watch, &err), ERR_OK);
    stop(&s);
    CHECK_EQ(s.asked, 0);
}

TEST(a_connection_that_has_no_socket_any_more_is_left_alone)
{
    struct db_watched who;
    struct server s;
    int ends[2];

    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    start(&s, false);
    db_watch_out(s.watch, &who, ends[0]);
    db_watch_socket(s.watch, &who, -1); /* its number may be another's by now */
    set_answers(&s, false);
    db_watch_begin(s.watch);
    while (is_up(&s))
        usleep(1000);
    CHECK_EQ(write(ends[0], "x", 1), 1);
    db_watch_in(s.watch, &who);
    stop(&s);
    close(ends[0]);
    close(ends[1]);
}

TEST_MAIN(a_server_that_answers_is_only_slow, who_waits_for_a_server_that_is_silent_reads_an_end,
          a_suspicion_is_a_reason_to_ask_and_an_answer_lets_everybody_in_again,
          a_server_that_has_never_answered_is_not_watched,
          a_connection_that_has_no_socket_any_more_is_left_alone)

/*
 * What each script does in the interleavings that the invariant of balance_shared.h speaks of, one
 * after the other against a real server. Skipped, and said so, where there is no redis-server.
 */
#include "ledger/shared_scripts.h"

#include <pthread.h>

#include "base/mem.h"
#include "cache/redis_server_testing.h"
#include "net/dns.h"
#include "net/offload.h"

enum { ARGV_MAX = 16, NUMBERS_MAX = 16 };

struct fx {
    struct server server;
    struct arena arena;
    struct redis_conf conf;
    struct loop *loop;
    struct offload *offload;
    struct dns *dns;
    struct redis *redis;
    pthread_t thread;
    struct shared_scripts scripts;
    int64_t reply[NUMBERS_MAX]; /* of the last script */
};

static void *run(void *loop)
{
    loop_run(loop);
    return NULL;
}

static void fx_open(struct fx *f)
{
    struct redis_settings settings = {.server = &f->conf, .connect_ms = 5000};
    struct err err = {.msg = ""};

    memset(f, 0, sizeof *f);
    arena_init(&f->arena, 0);
    server_start(&f->server, "");
    CHECK_EQ(redis_conf_read(&f->arena, arena_fmt(&f->arena, "127.0.0.1:%u", f->server.port),
                             secret_make(STR_NULL), STR_NULL, &f->conf, &err),
             ERR_OK);
    CHECK_EQ(loop_new(&f->loop, &err), ERR_OK);
    CHECK_EQ(offload_new(1, 16, &f->offload, &err), ERR_OK);
    f->dns = dns_new(f->loop, f->offload);
    settings.loop = f->loop;
    settings.dns = f->dns;
    f->redis = redis_new(&settings);
    shared_scripts_init(&f->scripts);
    CHECK_EQ(pthread_create(&f->thread, NULL, run, f->loop), 0);
}

static void fx_close(struct fx *f)
{
    loop_stop(f->loop);
    pthread_join(f->thread, NULL);
    redis_free(f->redis);
    offload_free(f->offload);
    dns_free(f->dns);
    loop_free(f->loop);
    server_end(&f->server);
    arena_fini(&f->arena);
}

static size_t split(const char *words, struct str *argv)
{
    size_t n = 0;

    STR_SPLIT_EACH (word, str_from(words), ' ')
        if (n < ARGV_MAX)
            argv[n++] = str_eq(word, STR("-")) ? STR("") : word;
    return n;
}

/* Keys and arguments as words between spaces, "-" being an empty one; gives the status. */
static int64_t eval(struct fx *f, enum shared_script script, size_t keys, const char *words)
{
    struct str argv[ARGV_MAX];
    struct redis_command cmd = {.script = &f->scripts.script[script], .keys = keys, .argv = argv};
    struct redis_value reply;
    struct err err = {.msg = ""};

    cmd.argc = split(words, argv);
    if (redis_ask(f->redis, &cmd, 0, &f->arena, &reply, NULL, &err) != ERR_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < reply.count && i < NUMBERS_MAX; i++)
        f->reply[i] = reply.items[i].i;
    return f->reply[0];
}

static int64_t field(struct fx *f, const char *key, const char *name)
{
    struct str argv[] = {STR("HGET"), str_from(key), str_from(name)};
    struct redis_value reply;
    int64_t value = -1;

    CHECK_EQ(redis_ask(f->redis, &(struct redis_command){.argv = argv, .argc = 3}, 0, &f->arena,
                       &reply, NULL, NULL),
             ERR_OK);
    return reply.kind == REDIS_STRING && str_to_i64(reply.s, &value) ? value : -1;
}

/* A and B enter on connection 1 of the server "one". */
static void two_enter(struct fx *f)
{
    CHECK_EQ(eval(f, SHARED_ENTER, 1, "M A 1 one e1 left ,A, 0 0"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_ENTER, 1, "M B 1 one e2 right ,B, 0 0"), SHARED_OK);
}

/* Offers a base for "u", read under the generation that `read` gave; strict. */
static int64_t offer(struct fx *f, const char *who, int64_t generation, int64_t value,
                     const char *vector, bool strict)
{
    return eval(f, SHARED_BASE, 2,
                arena_fmt(&f->arena, "M u %s 1 %d 0 %s %lld %lld", who, strict, vector,
                          (long long)generation, (long long)value)
                    .p);
}

/* The generation under which a reading begins. */
static int64_t begin_read(struct fx *f, const char *who)
{
    eval(f, SHARED_RESERVE, 2, arena_fmt(&f->arena, "M u %s 1 1000000 0", who).p);
    return f->reply[3];
}

static int64_t available(struct fx *f)
{
    return field(f, "u", "base") - field(f, "u", "t");
}

#define SCRIPT_TEST(name)                                                                          \
    static void name##_in(struct fx *f);                                                           \
    TEST(name)                                                                                     \
    {                                                                                              \
        struct fx f;                                                                               \
        NEED_SERVER();                                                                             \
        fx_open(&f);                                                                               \
        two_enter(&f);                                                                             \
        name##_in(&f);                                                                             \
        fx_close(&f);                                                                              \
    }                                                                                              \
    static void name##_in(struct fx *f)

SCRIPT_TEST(user_and_token_are_taken_from_together_or_not_at_all)
{
    CHECK_EQ(eval(f, SHARED_RESERVE, 3, "M u t A 1 10 1"), SHARED_MISS);
    CHECK_EQ(eval(f, SHARED_BASE, 3,
                  arena_fmt(&f->arena, "M u t A 1 1 0 - %lld 100 %lld 15", (long long)f->reply[3],
                            (long long)f->reply[6])
                      .p),
             SHARED_OK);
    CHECK_EQ(eval(f, SHARED_RESERVE, 3, "M u t A 1 10 1"), SHARED_OK);
    CHECK_EQ(f->reply[2], 90);
    CHECK_EQ(f->reply[5], 5);
    CHECK_EQ(eval(f, SHARED_RESERVE, 3, "M u t B 1 10 1"), SHARED_TOKEN);
    CHECK_EQ(eval(f, SHARED_RESERVE, 3, "M u t B 1 101 1"), SHARED_USER);
    CHECK_EQ(field(f, "u", "t"), 10);
    CHECK_EQ(eval(f, SHARED_RESERVE, 3, "M u t B 1 90 2"), SHARED_OK); /* unlimited */
    CHECK_EQ(field(f, "t", "t"), 100);
    CHECK_EQ(eval(f, SHARED_RESERVE, 3, "M u t B 1 1 2"), SHARED_USER);
}

SCRIPT_TEST(a_base_read_before_a_commit_is_refused_after_it_was_told)
{
    int64_t g = begin_read(f, "B");

    eval(f, SHARED_MOVE, 2, "M u A 1 40");
    CHECK_EQ(eval(f, SHARED_APPLIED, 2, "M u A 1 8 1 40"), SHARED_OK);
    CHECK_EQ(offer(f, "B", g, 100, "A=0,B=0,", true), SHARED_MOVED);
    CHECK_EQ(offer(f, "B", g, 60, "A=8,B=0,", true), SHARED_OK);
    CHECK_EQ(available(f), 60);
}

SCRIPT_TEST(a_commit_that_is_not_told_yet_is_never_left_out_and_in_the_end_counts_once)
{
    int64_t g = begin_read(f, "B");

    eval(f, SHARED_MOVE, 2, "M u A 1 40");
    CHECK_EQ(offer(f, "B", g, 60, "A=8,B=0,", true), SHARED_MOVED);
    CHECK_EQ(offer(f, "B", g, 60, "A=8,B=0,", false), SHARED_OK);
    CHECK_EQ(available(f), 20); /* twice for a moment */
    eval(f, SHARED_APPLIED, 2, "M u A 1 8 1 40");
    CHECK_EQ(available(f), 60);
}

SCRIPT_TEST(a_base_without_the_commit_is_lowered_when_it_is_told)
{
    int64_t g = begin_read(f, "B");

    eval(f, SHARED_MOVE, 2, "M u A 1 40");
    CHECK_EQ(offer(f, "B", g, 100, "A=0,B=0,", true), SHARED_OK);
    CHECK_EQ(available(f), 60);
    eval(f, SHARED_APPLIED, 2, "M u A 1 8 1 40");
    CHECK_EQ(available(f), 60);
    CHECK_EQ(field(f, "u", "base"), 60);
    eval(f, SHARED_APPLIED, 2, "M u A 1 16 1 0"); /* a batch in which it cost nothing */
    CHECK_EQ(available(f), 60);
}

SCRIPT_TEST(a_base_read_before_a_change_by_others_is_refused)
{
    int64_t g = begin_read(f, "B");

    CHECK_EQ(eval(f, SHARED_VOID, 2, "M u A 1"), SHARED_OK);
    CHECK_EQ(offer(f, "B", g, 100, "A=0,B=0,", true), SHARED_MOVED);
    CHECK_EQ(offer(f, "B", f->reply[1], 50, "A=0,B=0,", true), SHARED_OK);
    CHECK_EQ(available(f), 50);
    CHECK_EQ(eval(f, SHARED_VOID, 2, "M u A 1"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_RESERVE, 2, "M u B 1 10 0"), SHARED_MISS);
}

SCRIPT_TEST(a_connection_that_was_given_up_changes_nothing)
{
    CHECK_EQ(offer(f, "A", begin_read(f, "A"), 100, "A=0,B=0,", true), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_RESERVE, 2, "M u A 1 30 0"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_ENTER, 1, "M A 2 one e3 left ,A, 0 0"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_PUBLISH, 2, "M u A 2 0 10"), SHARED_OK);
    CHECK_EQ(available(f), 90);
    CHECK_EQ(eval(f, SHARED_RESERVE, 2, "M u A 1 30 0"), SHARED_JOIN);
    CHECK_EQ(eval(f, SHARED_MOVE, 2, "M u A 1 30"), SHARED_JOIN);
    CHECK_EQ(eval(f, SHARED_APPLIED, 2, "M u A 1 8 1 30"), SHARED_JOIN);
    CHECK_EQ(available(f), 90);
}

/* What it published counts no more on what was applied while it was away. */
SCRIPT_TEST(publishing_takes_away_a_base_that_lacks_what_was_applied_meanwhile)
{
    CHECK_EQ(offer(f, "A", begin_read(f, "A"), 100, "A=0,B=0,", true), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_RESERVE, 2, "M u A 1 30 0"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_ENTER, 1, "M A 2 one e3 left ,A, 0 8"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_PUBLISH, 2, "M u A 2 8 0"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_RESERVE, 2, "M u B 1 80 0"), SHARED_MISS);
    CHECK_EQ(offer(f, "B", f->reply[3], 70, "A=8,B=0,", true), SHARED_OK);
    CHECK_EQ(available(f), 70);
}

SCRIPT_TEST(another_server_begins_an_epoch_in_which_nothing_old_holds)
{
    CHECK_EQ(offer(f, "A", begin_read(f, "A"), 100, "A=0,B=0,", true), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_ENTER, 1, "M A 2 two e3 left ,A, 0 0"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_MOVE, 2, "M u B 1 10"), SHARED_JOIN);
    CHECK_EQ(eval(f, SHARED_RESERVE, 2, "M u A 2 10 0"), SHARED_MISS);
    int64_t g = f->reply[3];

    /* B, which the database knows, may have something outstanding. */
    CHECK_EQ(eval(f, SHARED_BASE, 2,
                  arena_fmt(&f->arena, "M u A 2 1 60000 A=0,B=0, %lld 100", (long long)g).p),
             SHARED_WARM);
    CHECK_EQ(eval(f, SHARED_ENTER, 1, "M B 2 two e4 right ,B, 0 0"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_PUBLISH, 2, "M u B 2 0 70"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_BASE, 2,
                  arena_fmt(&f->arena, "M u A 2 1 60000 A=0,B=0, %lld 100", (long long)g).p),
             SHARED_OK);
    CHECK_EQ(available(f), 30);
}

SCRIPT_TEST(members_of_a_former_process_are_dropped_with_the_base_that_counted_on_them)
{
    CHECK_EQ(offer(f, "A", begin_read(f, "A"), 100, "A=0,B=0,", true), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_RESERVE, 2, "M u A 1 30 0"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_RESERVE, 2, "M u B 1 20 0"), SHARED_OK);
    int64_t g = begin_read(f, "B");

    CHECK_EQ(eval(f, SHARED_ENTER, 1, "M C 1 one e3 left ,C,D, 0 0"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_ENTER, 1, "M D 1 one e3 left ,C,D, 0 0"), SHARED_OK);
    CHECK_EQ(offer(f, "B", g, 100, "A=0,B=0,", true), SHARED_MOVED);
    CHECK_EQ(eval(f, SHARED_RESERVE, 2, "M u B 1 1 0"), SHARED_MISS);
    CHECK_EQ(field(f, "u", "t"), 20);
    CHECK_EQ(eval(f, SHARED_MOVE, 2, "M u A 1 5"), SHARED_JOIN);
    CHECK_EQ(eval(f, SHARED_MOVE, 2, "M u C 1 5"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_RETIRE, 1, "M B"), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_MOVE, 2, "M u C 1 5"), SHARED_OK);
    CHECK_EQ(field(f, "u", "t"), 10);
}

SCRIPT_TEST(great_numbers_are_kept_to_the_unit)
{
    CHECK_EQ(offer(f, "A", begin_read(f, "A"), 2251799813685247, "A=0,B=0,", true), SHARED_OK);
    CHECK_EQ(eval(f, SHARED_RESERVE, 2, "M u A 1 1234567890123456 0"), SHARED_OK);
    CHECK_EQ(f->reply[1], 1234567890123456);
    CHECK_EQ(f->reply[2], 1017231923561791);
    CHECK_EQ(eval(f, SHARED_APPLIED, 2, "M u A 1 8 1 1234567890123455"), SHARED_OK);
    CHECK_EQ(field(f, "u", "base"), 1017231923561792);
    CHECK_EQ(available(f), 1017231923561791);
}

TEST_MAIN(user_and_token_are_taken_from_together_or_not_at_all,
          a_base_read_before_a_commit_is_refused_after_it_was_told,
          a_commit_that_is_not_told_yet_is_never_left_out_and_in_the_end_counts_once,
          a_base_without_the_commit_is_lowered_when_it_is_told,
          a_base_read_before_a_change_by_others_is_refused,
          a_connection_that_was_given_up_changes_nothing,
          publishing_takes_away_a_base_that_lacks_what_was_applied_meanwhile,
          another_server_begins_an_epoch_in_which_nothing_old_holds,
          members_of_a_former_process_are_dropped_with_the_base_that_counted_on_them,
          great_numbers_are_kept_to_the_unit)

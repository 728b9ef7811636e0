/* Subscriptions against a scripted server; redis_server_test.c has real ones. */
#include "cache/redis_sub.h"

#include "cache/redis_testing.h"

struct heard {
    struct world *world;
    char log[512]; /* "live", "lost" and the messages */
    unsigned lives, losses;
    unsigned stop_at; /* lives */
};

static void heard_add(struct heard *h, const char *format, ...) PRINTF_LIKE(2, 3);
static void heard_add(struct heard *h, const char *format, ...)
{
    size_t n = strlen(h->log);
    va_list args;

    va_start(args, format);
    vsnprintf(h->log + n, sizeof h->log - n, format, args);
    va_end(args);
}

static void on_message(void *ctx, struct str channel, struct str payload)
{
    heard_add(ctx, "%.*s=%.*s;", STR_ARG(channel), STR_ARG(payload));
}

static void on_live(void *ctx, bool live)
{
    struct heard *h = ctx;

    heard_add(h, live ? "live;" : "lost;");
    h->lives += live;
    h->losses += !live;
}

static const struct redis_sub_handler handler = {on_message, on_live};

static bool heard_enough(struct world *w)
{
    const struct heard *h = w->user;

    return h->lives == h->stop_at;
}

static void confirm(struct fake_peer *p, const char *channel, int n)
{
    char text[128];

    snprintf(text, sizeof text, "*3\r\n$9\r\nsubscribe\r\n$%zu\r\n%s\r\n:%d\r\n", strlen(channel),
             channel, n);
    fake_send(p, str_from(text));
}

/* Runs a subscription to "a" and "bc" until it was live so often. */
static void listen_to(struct world *w, struct heard *h, unsigned lives)
{
    const struct str channels[] = {STR("a"), STR("bc")};
    struct redis_sub *sub;

    *h = (struct heard){.world = w, .stop_at = lives};
    w->user = h;
    w->until = heard_enough;
    world_settings(w, "redis://127.0.0.1:%u", NULL);
    sub = redis_sub_new(&w->settings, channels, 2, &handler, h);
    world_run(w);
    redis_sub_free(sub);
    world_close(w);
}

/* The first connection ends after some messages, one of which comes between the confirmations. */
static bool serve_news(struct fake_peer *p, const struct redis_value *cmd)
{
    if (!cmd_is(cmd, "SUBSCRIBE"))
        return false;
    confirm(p, "a", 1);
    fake_send(p, STR("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nm1\r\n"));
    confirm(p, "bc", 2);
    if (p->number > 0)
        return true;
    fake_send(p, STR("*3\r\n$7\r\nmessage\r\n$2\r\nbc\r\n$2\r\nm2\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n"
                     "*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\na\r\n$1\r\nx\r\n:7\r\n"));
    fake_finish(p);
    return true;
}

TEST(a_subscription_is_live_when_every_channel_is_and_again_after_a_loss)
{
    struct heard h;
    struct world w;

    world_open(&w);
    w.fakes[0].serve = serve_news;
    listen_to(&w, &h, 2);
    CHECK_STR(str_from(h.log), "a=m1;live;bc=m2;lost;a=m1;live;");
    CHECK_STR(str_from(w.fakes[0].seen), "ROLE;PING;SUBSCRIBE a bc;ROLE;PING;SUBSCRIBE a bc;");
}

/* Refuses the first time, as a server does whose rules forbid the channel. */
static bool serve_refusal(struct fake_peer *p, const struct redis_value *cmd)
{
    if (!cmd_is(cmd, "SUBSCRIBE"))
        return false;
    if (p->number == 0) {
        fake_send(p, STR("-NOPERM this user has no permissions to access one of the channels\r\n"));
    } else {
        confirm(p, "a", 1);
        confirm(p, "bc", 2);
    }
    return true;
}

TEST(a_refused_subscription_is_never_live_and_tried_again)
{
    struct heard h;
    struct world w;

    world_open(&w);
    w.fakes[0].serve = serve_refusal;
    listen_to(&w, &h, 1);
    CHECK_STR(str_from(h.log), "live;");
    CHECK_EQ(w.fakes[0].connections, 2);
}

/* Answers the first PING after the hello, and nothing after it. */
static bool serve_silence(struct fake_peer *p, const struct redis_value *cmd)
{
    if (cmd_is(cmd, "SUBSCRIBE")) {
        confirm(p, "a", 1);
        confirm(p, "bc", 2);
        return true;
    }
    if (!cmd_is(cmd, "PING") || p->number > 0 || !str_has(str_from(p->fake->seen), STR("bc;PING")))
        return false;
    if (str_ends(str_from(p->fake->seen), STR("bc;PING;")))
        fake_send(p, STR("*2\r\n$4\r\npong\r\n$0\r\n\r\n"));
    return true;
}

TEST(a_silent_server_is_asked_and_left_when_it_stays_silent)
{
    struct heard h;
    struct world w;

    world_open(&w);
    w.fakes[0].serve = serve_silence;
    w.settings.ping_ms = 40;
    w.settings.call_ms = 2000;
    listen_to(&w, &h, 2);
    CHECK_STR(str_from(h.log), "live;lost;live;");
    CHECK(str_starts(str_from(w.fakes[0].seen), STR("ROLE;PING;SUBSCRIBE a bc;PING;PING;")));
    CHECK_EQ(w.fakes[0].connections, 2);
}

TEST_MAIN(a_subscription_is_live_when_every_channel_is_and_again_after_a_loss,
          a_refused_subscription_is_never_live_and_tried_again,
          a_silent_server_is_asked_and_left_when_it_stays_silent)

#include "base/test.h"
#include "relay/exchange.h"

/* Three channels: 1 and 2 at priority 5 (weights 90 and 0), 3 at priority 1; all serve m in the
 * group default. */
static struct snapshot *three_channels(void)
{
    struct channel rows[3];

    for (int i = 0; i < 3; i++) {
        rows[i] = (struct channel){.id = i + 1,
                                   .type = CHANNEL_TYPE_OPENAI,
                                   .status = CHANNEL_ENABLED,
                                   .key = secret_make(STR("k")),
                                   .models = STR("m"),
                                   .group = STR("default"),
                                   .weight = i == 0 ? 90 : 0,
                                   .priority = i < 2 ? 5 : 1};
    }
    return snapshot_build(rows, 3, NULL, 0, 1);
}

struct fixture {
    struct arena arena;
    struct loop *loop;
    struct relay_loop rl;
    struct log_ctx log;
    struct exchange x;
};

static void set_up(struct fixture *f)
{
    struct err err = {0};

    *f = (struct fixture){0};
    arena_init(&f->arena, 0);
    CHECK_EQ(loop_new(&f->loop, &err), ERR_OK);
    f->rl.loop = f->loop;
    f->x = (struct exchange){.arena = &f->arena,
                             .log = &f->log,
                             .rl = &f->rl,
                             .step = STEP_SELECT,
                             .snap = three_channels(),
                             .group = STR("default"),
                             .peek = {.model = STR("m")}};
}

static void tear_down(struct fixture *f)
{
    snapshot_put(f->x.snap);
    loop_free(f->loop);
    arena_fini(&f->arena);
}

TEST(the_highest_priority_is_drawn_by_weight)
{
    struct fixture f;
    int hits[4] = {0};

    set_up(&f);
    for (int i = 0; i < 4000; i++) {
        f.x.attempts = 0;
        CHECK_EQ(relay_select(&f.x), NEXT_STEP);
        hits[f.x.channel->row.id]++;
    }
    CHECK_EQ(hits[3], 0);
    CHECK(hits[1] > 3400 && hits[2] > 200); /* 100 : 10 of 4000, that is 3636 and 364 */
    tear_down(&f);
}

TEST(a_channel_is_tried_once_and_lower_priorities_follow)
{
    struct fixture f;
    int64_t third;

    set_up(&f);
    CHECK_EQ(relay_select(&f.x), NEXT_STEP);
    CHECK_EQ(relay_select(&f.x), NEXT_STEP);
    CHECK(f.x.tried[0] != f.x.tried[1]);
    CHECK_EQ(relay_select(&f.x), NEXT_STEP);
    third = f.x.channel->row.id;
    CHECK_EQ(third, 3);
    CHECK_EQ(f.x.step, STEP_SELECT);
    CHECK_EQ(relay_select(&f.x), NEXT_STEP); /* none is left: the last failure is told */
    CHECK_EQ(f.x.step, STEP_SETTLE);
    tear_down(&f);
}

TEST(a_model_that_nobody_serves_is_the_gateways_fault)
{
    struct fixture f;

    set_up(&f);
    f.x.peek.model = STR("other");
    CHECK_EQ(relay_select(&f.x), NEXT_STEP);
    CHECK_EQ(f.x.fault.code, ERR_NO_CHANNEL);
    CHECK_EQ(f.x.fault.status, 503);
    CHECK(f.x.fault.local);
    tear_down(&f);
}

TEST(a_channel_that_keeps_failing_is_left_alone_while_another_is_there)
{
    struct fixture f;
    struct health_table *health = health_new();

    set_up(&f);
    health_attach(health, f.x.snap);
    f.x.fault = (struct relay_fault){.code = ERR_CONNECT, .status = 502};
    f.x.channel = snapshot_channel(f.x.snap, 1);
    for (int i = 0; i < 3; i++)
        health_note_failure(&f.x);
    for (int i = 0; i < 200; i++) {
        f.x.attempts = 0;
        CHECK_EQ(relay_select(&f.x), NEXT_STEP);
        CHECK_EQ(f.x.channel->row.id, 2);
    }
    health_note_success(snapshot_channel(f.x.snap, 1));
    CHECK(health_ok(snapshot_channel(f.x.snap, 1), loop_now_ms(f.loop)));
    tear_down(&f);
    health_free(health);
}

TEST(what_this_machine_is_short_of_says_nothing_about_a_channel)
{
    const struct err short_of_files = {.code = ERR_UNAVAILABLE, .msg = "too many open files"};
    struct fixture f;
    struct health_table *health = health_new();

    set_up(&f);
    health_attach(health, f.x.snap);
    f.x.channel = snapshot_channel(f.x.snap, 1);
    for (int i = 0; i < 3; i++) {
        fault_from_err(&f.x, &short_of_files);
        health_note_failure(&f.x);
    }
    CHECK(health_ok(snapshot_channel(f.x.snap, 1), loop_now_ms(f.loop)));
    CHECK_EQ(f.x.fault.status, 503);
    CHECK_STR(f.x.fault.error.type, "new_api_error");
    tear_down(&f);
    health_free(health);
}

TEST_MAIN(the_highest_priority_is_drawn_by_weight,
          a_channel_is_tried_once_and_lower_priorities_follow,
          a_model_that_nobody_serves_is_the_gateways_fault,
          a_channel_that_keeps_failing_is_left_alone_while_another_is_there,
          what_this_machine_is_short_of_says_nothing_about_a_channel)

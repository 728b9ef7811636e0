#include "model/channel_rules.h"

#include "base/test.h"

TEST(only_the_channels_own_fault_switches_it_off)
{
    struct str words[] = {STR("credit balance is too low")};
    struct settings s = {.automatic_disable = true,
                         .disable_statuses = STR("401, 418-420"),
                         .disable_keywords = words,
                         .disable_keyword_count = 1};

    CHECK(channel_should_disable(&s, 1, 401, STR(""), STR(""), STR("")));
    CHECK(channel_should_disable(&s, 24, 403, STR(""), STR(""), STR("")));
    CHECK(!channel_should_disable(&s, 1, 403, STR(""), STR(""), STR("")));
    CHECK(channel_should_disable(&s, 1, 420, STR(""), STR(""), STR("")));
    CHECK(!channel_should_disable(&s, 1, 421, STR(""), STR(""), STR("")));
    CHECK(channel_should_disable(&s, 1, 400, STR("billing_not_active"), STR(""), STR("")));
    CHECK(channel_should_disable(&s, 1, 429, STR(""), STR("insufficient_quota"), STR("")));
    CHECK(channel_should_disable(&s, 1, 400, STR(""), STR(""),
                                 STR("Your Credit Balance is too LOW to go on")));
    CHECK(!channel_should_disable(&s, 1, 500, STR("x"), STR("server_error"), STR("overloaded")));
    s.automatic_disable = false;
    CHECK(!channel_should_disable(&s, 1, 401, STR("invalid_api_key"), STR(""), STR("")));
}

TEST(the_note_is_json_whatever_the_reason_holds)
{
    struct arena a;

    arena_init(&a, 0);
    CHECK_STR(channel_status_note(&a, STR("say \"no\""), 7),
              "{\"status_reason\":\"say \\\"no\\\"\",\"status_time\":7}");
    arena_fini(&a);
}

TEST_MAIN(only_the_channels_own_fault_switches_it_off, the_note_is_json_whatever_the_reason_holds)

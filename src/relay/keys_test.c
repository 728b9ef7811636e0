/* Channels with several keys: which is used, and what happens to one that is refused. */
#include "base/test.h"
#include "relay/relay_fixture.h"

#include <stdatomic.h>

static const char chat[] = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}";

/* Refuses the key k-two. */
static void serve(struct relay_fixture_call *c)
{
    if (str_has(c->head, STR("Bearer k-two")))
        relay_fixture_json(c, 401, "{\"error\":{\"message\":\"bad key\"}}");
    else
        relay_fixture_json(c, 200,
                           "{\"choices\":[{\"message\":{\"content\":\"hi\"}}],\"usage\":{"
                           "\"prompt_tokens\":10,\"completion_tokens\":5}}");
}

static struct relay_fixture *start(const char *keys, const char *info)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_script(f, serve, NULL);
    relay_fixture_sql(f, arena_fmt(&f->arena,
                                   "UPDATE channels SET auto_ban=1, key=replace('%s', ' ', "
                                   "char(10)), channel_info='{\"is_multi_key\":true%s}'",
                                   keys, info)
                             .p);
    relay_fixture_publish(f, "AutomaticDisableChannelEnabled", "true", NULL);
    return f;
}

static int call(struct relay_fixture *f)
{
    return relay_fixture_status(relay_fixture_post(f, "/v1/chat/completions", chat));
}

TEST(polled_keys_come_one_after_the_other)
{
    static const char *const keys[] = {"k-one", "k-three", "k-four"};
    struct relay_fixture *f =
        start("k-one k-two k-three k-four", ",\"multi_key_mode\":\"polling\","
                                            "\"multi_key_status_list\":{\"1\":3}");

    for (size_t i = 0; i < 9; i++) {
        CHECK_EQ(call(f), 200);
        CHECK(strstr(f->seen_head[i], keys[i % 3]) != NULL);
    }
    relay_fixture_check_books(f);
    CHECK_STR(str_from(relay_fixture_cell(
                  f, "SELECT group_concat(json_extract(other,'$.admin_info.multi_key_index')) FROM "
                     "(SELECT other FROM logs ORDER BY id LIMIT 4)")),
              "0,2,3,0");
    relay_fixture_free(f);
}

TEST(only_the_refused_key_is_switched_off)
{
    struct relay_fixture *f =
        start("k-one k-two", ",\"multi_key_mode\":\"polling\",\"multi_key_status_list\":null");

    CHECK_EQ(call(f), 200);
    CHECK_EQ(call(f), 401);
    relay_fixture_wait(f, RELAY_FIXTURE_MARKS - 1);
    CHECK_EQ(relay_fixture_number(f, "SELECT status FROM channels"), CHANNEL_ENABLED);
    CHECK_STR(str_from(relay_fixture_cell(
                  f, "SELECT json_remove(channel_info,'$.multi_key_mode') FROM channels")),
              "{\"is_multi_key\":true,\"multi_key_status_list\":{\"1\":3},"
              "\"multi_key_disabled_reason\":{\"1\":\"bad key\"},"
              "\"multi_key_disabled_time\":{\"1\":1700003700}}");
    for (int i = 0; i < 4; i++)
        CHECK_EQ(call(f), 200);
    relay_fixture_free(f);
}

TEST(the_last_key_takes_the_channel_along)
{
    struct relay_fixture *f = start("k-one k-two", ",\"multi_key_status_list\":{\"0\":2}");

    CHECK_EQ(call(f), 401);
    relay_fixture_wait(f, RELAY_FIXTURE_MARKS - 1);
    CHECK_EQ(relay_fixture_number(f, "SELECT status FROM channels"), CHANNEL_AUTO_DISABLED);
    CHECK_STR(str_from(relay_fixture_cell(
                  f, "SELECT json_extract(channel_info,'$.multi_key_status_list') FROM channels")),
              "{\"0\":2,\"1\":3}");
    CHECK_EQ(call(f), 503);
    CHECK_EQ(f->requests, 1);
    relay_fixture_free(f);
}

TEST_MAIN(polled_keys_come_one_after_the_other, only_the_refused_key_is_switched_off,
          the_last_key_takes_the_channel_along)

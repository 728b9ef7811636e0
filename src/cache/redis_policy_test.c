#include "cache/redis_policy.h"

#include "base/test.h"

static struct str read_reply(const char *name, enum redis_kind kind, const char *value,
                             size_t count)
{
    struct redis_value items[] = {{.kind = REDIS_STRING, .s = str_from(name)},
                                  {.kind = kind, .s = str_from(value)}};
    const struct redis_value reply = {.kind = REDIS_ARRAY, .items = items, .count = count};

    return redis_policy_read(&reply);
}

TEST(the_policy_is_the_second_of_a_pair)
{
    CHECK_STR(read_reply("maxmemory-policy", REDIS_STRING, "allkeys-lru", 2), "allkeys-lru");
    CHECK_STR(read_reply("maxmemory-policy", REDIS_STRING, "noeviction", 2), "noeviction");
}

TEST(whatever_else_is_said_tells_nothing)
{
    const struct redis_value odd[] = {{.kind = REDIS_NIL},
                                      {.kind = REDIS_ARRAY},
                                      {.kind = REDIS_STATUS, .s = STR_INIT("OK")},
                                      {.kind = REDIS_ERROR, .s = STR_INIT("NOPERM no")}};

    CHECK(redis_policy_read(NULL).p == NULL);
    for (size_t i = 0; i < ARRAY_LEN(odd); i++)
        CHECK(redis_policy_read(&odd[i]).p == NULL);
    CHECK(read_reply("maxmemory-policy", REDIS_STRING, "allkeys-lru", 1).p == NULL);
    CHECK(read_reply("maxmemory", REDIS_STRING, "0", 2).p == NULL);
    CHECK(read_reply("maxmemory-policy", REDIS_NIL, "", 2).p == NULL);
}

TEST_MAIN(the_policy_is_the_second_of_a_pair, whatever_else_is_said_tells_nothing)

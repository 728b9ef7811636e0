#include "base/map.h"

#include "base/random.h"
#include "base/test.h"

TEST(an_empty_map_owns_nothing_and_finds_nothing)
{
    struct map m;
    size_t at = 0;

    map_init(&m);
    CHECK(!m.slots);
    CHECK(!map_find(&m, STR("a")));
    CHECK(!map_remove(&m, STR("a")));
    CHECK(!map_next(&m, &at));
    map_fini(&m);
}

TEST(a_put_replaces_value_and_key)
{
    struct map m;
    char old_key[] = "key", new_key[] = "key";
    int one, two;

    map_init(&m);
    CHECK(!map_put(&m, str_from(old_key), &one));
    CHECK(map_put(&m, str_from(new_key), &two) == &one);
    memset(old_key, 'x', sizeof old_key - 1); /* the first key may die now */
    CHECK(map_find(&m, STR("key")) == &two);
    CHECK_EQ(m.count, 1);
    CHECK(!map_find(&m, STR("ke")) && !map_find(&m, STR("keyy")) && !map_find(&m, STR("")));
    CHECK(map_remove(&m, STR("key")) == &two);
    CHECK(!map_find(&m, STR("key")));
    map_fini(&m);
}

TEST(the_empty_string_and_zero_are_keys)
{
    struct map words, numbers;
    int value;

    map_init(&words);
    map_init(&numbers);
    CHECK(!map_put(&words, STR_NULL, &value));
    CHECK(map_find(&words, STR("")) == &value);
    CHECK(!map_put_u64(&numbers, 0, &value));
    CHECK(map_find_u64(&numbers, 0) == &value && !map_find_u64(&numbers, 1));
    map_fini(&words);
    map_fini(&numbers);
}

/* A plain array is the model; the map must agree after each of many random changes. */
TEST(a_map_agrees_with_an_array_under_random_changes)
{
    enum { KEYS = 300 };
    static int values[KEYS];
    bool there[KEYS] = {false};
    size_t count = 0;
    struct map m;

    map_init(&m);
    for (int step = 0; step < 20000; step++) {
        size_t k = random_below(KEYS);
        void *want = there[k] ? &values[k] : NULL;

        if (random_below(2)) {
            CHECK(map_put_u64(&m, k * 1000, &values[k]) == want);
            count += !want;
            there[k] = true;
        } else {
            CHECK(map_remove_u64(&m, k * 1000) == want);
            count -= want != NULL;
            there[k] = false;
        }
        CHECK_EQ(m.count, count);
        size_t probe = random_below(KEYS);
        CHECK(map_find_u64(&m, probe * 1000) == (there[probe] ? &values[probe] : NULL));
    }
    for (size_t k = 0; k < KEYS; k++)
        CHECK(map_find_u64(&m, k * 1000) == (there[k] ? &values[k] : NULL));
    map_fini(&m);
}

TEST(a_walk_meets_each_entry_once)
{
    enum { COUNT = 1000 };
    static char keys[COUNT][8];
    int met[COUNT] = {0};
    struct map m;
    size_t at = 0;

    map_init(&m);
    for (int i = 0; i < COUNT; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        CHECK(!map_put(&m, str_from(keys[i]), keys[i]));
    }
    for (char *key; (key = map_next(&m, &at));)
        met[(size_t)(key - keys[0]) / sizeof keys[0]]++;
    for (int i = 0; i < COUNT; i++)
        CHECK_EQ(met[i], 1);
    map_fini(&m);
}

TEST_MAIN(an_empty_map_owns_nothing_and_finds_nothing, a_put_replaces_value_and_key,
          the_empty_string_and_zero_are_keys, a_map_agrees_with_an_array_under_random_changes,
          a_walk_meets_each_entry_once)

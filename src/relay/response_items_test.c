#include "relay/response_items.h"

#include <pthread.h>
#include <stdio.h>

#include "base/test.h"

enum { LIFE_S = 60, ROOM = 64 * 1024, BIG = 8 * 1024 };

static char big[RESPONSE_ITEM_MAX + 1];

/* A text of so many bytes. */
static struct str text(size_t n)
{
    memset(big, 'x', sizeof big);
    return str_make(big, n);
}

static struct str name(char buf[16], int number)
{
    return str_make(buf, (size_t)snprintf(buf, 16, "msg_%d", number));
}

static bool has(struct response_items *s, int64_t user, struct str id, int64_t now_s)
{
    CLEANUP(arena_finip) struct arena a;
    struct str json;

    arena_init(&a, 0);
    return response_items_find(s, user, id, now_s, &a, &json);
}

static bool has_number(struct response_items *s, int number)
{
    char buf[16];

    return has(s, 1, name(buf, number), 0);
}

static void put_number(struct response_items *s, int number, size_t bytes)
{
    char buf[16];

    response_items_put(s, 1, name(buf, number), text(bytes), 0);
}

TEST(an_item_is_found_as_it_was_kept)
{
    CLEANUP(arena_finip) struct arena a;
    struct response_items *s = response_items_new(ROOM, LIFE_S);
    struct str json;

    arena_init(&a, 0);
    response_items_put(s, 1, STR("msg_1"), STR("{\"id\":\"msg_1\"}"), 0);
    CHECK(response_items_find(s, 1, STR("msg_1"), 0, &a, &json));
    CHECK_STR(json, "{\"id\":\"msg_1\"}");
    CHECK(!response_items_find(s, 1, STR("msg_2"), 0, &a, &json));
    CHECK_EQ(json.n, 0);
    response_items_put(s, 1, STR("msg_1"), STR("{}"), 0);
    CHECK(response_items_find(s, 1, STR("msg_1"), 0, &a, &json));
    CHECK_STR(json, "{}");
    response_items_free(s);
}

TEST(nobody_finds_an_item_of_another_user)
{
    struct response_items *s = response_items_new(ROOM, LIFE_S);

    response_items_put(s, 1, STR("msg_1"), STR("{}"), 0);
    CHECK(!has(s, 2, STR("msg_1"), 0));
    CHECK(!has(s, 0, STR("msg_1"), 0));
    response_items_put(s, 2, STR("msg_1"), STR("{}"), 0);
    CHECK(has(s, 1, STR("msg_1"), 0));
    CHECK(has(s, 2, STR("msg_1"), 0));
    response_items_free(s);
}

TEST(an_item_is_kept_for_its_time_also_when_it_is_used)
{
    struct response_items *s = response_items_new(ROOM, LIFE_S);

    response_items_put(s, 1, STR("old"), STR("{}"), 1000);
    response_items_put(s, 1, STR("new"), STR("{}"), 1010);
    CHECK(has(s, 1, STR("old"), 1000 + LIFE_S - 1));
    CHECK(!has(s, 1, STR("old"), 1000 + LIFE_S));
    CHECK(has(s, 1, STR("new"), 1000 + LIFE_S));
    CHECK(!has(s, 1, STR("new"), 1010 + LIFE_S));
    CHECK_EQ(response_items_bytes(s), 0); /* what is past its time takes no room */
    response_items_free(s);
}

TEST(what_is_kept_never_takes_more_than_its_room)
{
    struct response_items *s = response_items_new(ROOM, LIFE_S);
    int kept = 0;

    for (int i = 0; i < 1000; i++) {
        put_number(s, i, (size_t)(i % 7) * 1000 + 1);
        CHECK(response_items_bytes(s) <= ROOM);
        CHECK(has_number(s, i));
    }
    for (int i = 0; i < 1000; i++)
        kept += has_number(s, i);
    CHECK(kept > 10); /* and uses it */
    CHECK(response_items_bytes(s) > ROOM / 2);
    response_items_free(s);
}

TEST(small_items_are_counted_with_what_holds_them)
{
    struct response_items *s = response_items_new(ROOM, LIFE_S);
    int kept = 0;

    for (int i = 0; i < 5000; i++)
        put_number(s, i, 2);
    for (int i = 0; i < 5000; i++)
        kept += has_number(s, i);
    CHECK(kept > 0);
    CHECK(kept < ROOM / 128);
    response_items_free(s);
}

TEST(the_item_that_was_not_used_for_longest_leaves_first)
{
    struct response_items *s = response_items_new(ROOM, LIFE_S);
    int number = 0;

    for (; number < 6; number++)
        put_number(s, number, BIG);
    CHECK(has_number(s, 0)); /* used */
    put_number(s, number++, BIG);
    put_number(s, number++, BIG);
    CHECK(has_number(s, 0));
    CHECK(!has_number(s, 1));
    CHECK(has_number(s, number - 1));
    response_items_free(s);
}

TEST(an_item_that_has_no_room_pushes_nothing_out)
{
    struct response_items *small = response_items_new(ROOM, LIFE_S);
    struct response_items *large = response_items_new(4 * (size_t)RESPONSE_ITEM_MAX, LIFE_S);

    put_number(small, 1, BIG);
    put_number(small, 2, ROOM);
    CHECK(has_number(small, 1));
    CHECK(!has_number(small, 2));
    put_number(large, 1, RESPONSE_ITEM_MAX);
    put_number(large, 2, RESPONSE_ITEM_MAX + 1);
    CHECK(has_number(large, 1));
    CHECK(!has_number(large, 2));
    response_items_free(small);
    response_items_free(large);
}

TEST(an_id_has_a_longest_length)
{
    struct response_items *s = response_items_new(ROOM, LIFE_S);

    response_items_put(s, 1, text(RESPONSE_ITEM_ID_MAX), STR("{}"), 0);
    CHECK(has(s, 1, text(RESPONSE_ITEM_ID_MAX), 0));
    response_items_put(s, 1, text(RESPONSE_ITEM_ID_MAX + 1), STR("{}"), 0);
    CHECK(!has(s, 1, text(RESPONSE_ITEM_ID_MAX + 1), 0));
    response_items_put(s, 1, STR_NULL, STR("{}"), 0);
    CHECK(!has(s, 1, STR_NULL, 0));
    response_items_free(s);
}

TEST(within_a_life_time_as_much_is_shared_as_has_room)
{
    struct response_items *s = response_items_new(ROOM, LIFE_S);

    CHECK(response_items_may_share(s, ROOM / 2, 1000));
    CHECK(response_items_may_share(s, ROOM / 2, 1000 + LIFE_S - 1));
    CHECK(!response_items_may_share(s, 1, 1000 + LIFE_S - 1));
    CHECK(response_items_may_share(s, ROOM, 1000 + LIFE_S));
    CHECK(!response_items_may_share(s, 1, 1000 + LIFE_S));
    CHECK(!response_items_may_share(s, ROOM + 1, 1000 + 3 * LIFE_S));
    response_items_free(s);
}

/* ---- several threads ---- */

enum { THREADS = 4, ROUNDS = 3000 };

struct worker {
    pthread_t thread;
    struct response_items *items;
    int64_t user;
    bool wrong;
};

/* Each user's items say whose they are. */
static void *work(void *arg)
{
    struct worker *w = arg;

    for (int i = 0; i < ROUNDS; i++) {
        CLEANUP(arena_finip) struct arena a;
        char id[16], json[64];
        struct str found;

        arena_init(&a, 0);
        (void)snprintf(json, sizeof json, "user %d item %d", (int)w->user, i % 50);
        response_items_put(w->items, w->user, name(id, i % 50), str_from(json), 0);
        if (response_items_find(w->items, w->user, name(id, i % 50), 0, &a, &found))
            w->wrong |= !str_eq(found, str_from(json));
    }
    return NULL;
}

TEST(threads_find_what_is_theirs)
{
    struct response_items *s = response_items_new(16 * 1024, LIFE_S);
    struct worker workers[THREADS];

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.items = s, .user = i};
        CHECK_EQ(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        CHECK(!workers[i].wrong);
    }
    CHECK(response_items_bytes(s) <= 16 * 1024);
    response_items_free(s);
}

TEST_MAIN(an_item_is_found_as_it_was_kept, nobody_finds_an_item_of_another_user,
          an_item_is_kept_for_its_time_also_when_it_is_used,
          what_is_kept_never_takes_more_than_its_room, small_items_are_counted_with_what_holds_them,
          the_item_that_was_not_used_for_longest_leaves_first,
          an_item_that_has_no_room_pushes_nothing_out, an_id_has_a_longest_length,
          within_a_life_time_as_much_is_shared_as_has_room, threads_find_what_is_theirs)

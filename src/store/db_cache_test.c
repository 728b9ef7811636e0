#include "store/db_cache.h"

#include "base/test.h"

static void put(struct db_cache *c, struct db_cached *s, const char *sql)
{
    *s = (struct db_cached){.sql = str_from(sql)};
    CHECK(db_cache_put(c, s) == NULL);
}

TEST(the_least_used_statement_goes_first)
{
    struct db_cached a, b, more = {.sql = STR("c")};
    struct db_cache c;

    db_cache_init(&c, 2);
    put(&c, &a, "a");
    put(&c, &b, "b");
    CHECK(db_cache_find(&c, STR("a")) == &a && a.cached);
    CHECK(db_cache_put(&c, &more) == &b);
    CHECK(!b.cached && db_cache_find(&c, STR("b")) == NULL);
    CHECK(db_cache_pop(&c) == &more);
    CHECK(db_cache_pop(&c) == &a);
    CHECK(db_cache_pop(&c) == NULL);
    db_cache_fini(&c);
}

TEST(one_that_is_being_read_stays)
{
    struct db_cached a, b = {.sql = STR("b")};
    struct db_cache c;

    db_cache_init(&c, 1);
    put(&c, &a, "a");
    a.used = true;
    CHECK(db_cache_put(&c, &b) == NULL);
    CHECK(db_cache_find(&c, STR("a")) == &a && db_cache_find(&c, STR("b")) == &b);
    while (db_cache_pop(&c))
        ;
    db_cache_fini(&c);
}

TEST_MAIN(the_least_used_statement_goes_first, one_that_is_being_read_stays)

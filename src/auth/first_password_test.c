#include "auth/first_password.h"

#include "auth/password.h"
#include "base/clock.h"
#include "base/test.h"

static struct user root_with(struct arena *a, struct str password)
{
    struct user u = {.id = 1, .role = ROLE_ROOT};

    CHECK_EQ(password_hash(a, secret_make(password), &u.password, NULL), ERR_OK);
    return u;
}

TEST(only_a_root_with_the_known_password_has_it)
{
    CLEANUP(arena_finip) struct arena a;
    struct first_password *f = first_password_new();

    arena_init(&a, 0);
    struct user first = root_with(&a, STR(FIRST_PASSWORD));
    struct user changed = root_with(&a, STR("something else"));
    struct user common = first, without = {.role = ROLE_ROOT};
    common.role = ROLE_ADMIN;

    CHECK(first_password_is(f, &first));
    CHECK(!first_password_is(f, &changed));
    CHECK(!first_password_is(f, &common));
    CHECK(!first_password_is(f, &without));
    first_password_free(f);
}

TEST(the_answer_for_a_hash_is_remembered)
{
    CLEANUP(arena_finip) struct arena a;
    struct first_password *f = first_password_new();

    arena_init(&a, 0);
    struct user u = root_with(&a, STR(FIRST_PASSWORD));
    CHECK(first_password_is(f, &u));
    uint64_t start_us = clock_mono_us();
    for (int i = 0; i < 20; i++) /* twenty hashes would take a second */
        CHECK(first_password_is(f, &u));
    CHECK(clock_mono_us() - start_us < 100000);
    first_password_free(f);
}

TEST_MAIN(only_a_root_with_the_known_password_has_it, the_answer_for_a_hash_is_remembered)

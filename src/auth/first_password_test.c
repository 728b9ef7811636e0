#include "auth/first_password.h"

#include <time.h>

#include "auth/password.h"
#include "base/crypto.h"
#include "base/test.h"
#include "base/text.h"
#include "store/repo_meta.h"
#include "store/store_fixture.h"

static struct user root_with(struct arena *a, struct str password)
{
    struct user u = {.id = 1, .role = ROLE_ROOT};

    CHECK_EQ(password_hash(a, secret_make(password), &u.password, NULL), ERR_OK);
    return u;
}

TEST(only_a_root_with_the_known_password_has_it)
{
    CLEANUP(arena_finip) struct arena a;
    struct first_password *f = first_password_new(NULL);

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

/* What this thread has computed: others may take the processor away for as long as they like. */
static int64_t computed_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

TEST(the_answer_for_a_hash_is_remembered)
{
    CLEANUP(arena_finip) struct arena a;
    struct first_password *f = first_password_new(NULL);

    arena_init(&a, 0);
    struct user u = root_with(&a, STR(FIRST_PASSWORD));
    const int64_t began_ns = computed_ns();
    CHECK(first_password_is(f, &u));
    const int64_t hashed_ns = computed_ns();
    for (int i = 0; i < 20; i++)
        CHECK(first_password_is(f, &u));
    CHECK(computed_ns() - hashed_ns < hashed_ns - began_ns);
    first_password_free(f);
}

static struct str noted(struct db *db, struct arena *a)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct str note;

    CHECK_EQ(db_acquire(db, DB_READ, &c, NULL), ERR_OK);
    CHECK_EQ(repo_meta_find(c, a, STR("first_password_changed_1"), &note, NULL), ERR_OK);
    return note;
}

static void put_note(struct db *db, struct str note)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    CHECK_EQ(db_acquire(db, DB_WRITE, &c, NULL), ERR_OK);
    CHECK_EQ(repo_meta_put(c, STR("first_password_changed_1"), note, NULL), ERR_OK);
}

static struct str digest_of(struct arena *a, const struct user *u)
{
    uint8_t digest[SHA256_BYTES];

    sha256(secret_reveal(u->password), digest);
    return hex_encode(a, str_make((const char *)digest, sizeof digest));
}

TEST(a_hash_that_is_not_the_known_passwords_is_noted_in_the_database)
{
    CLEANUP(arena_finip) struct arena a;
    char path[STORE_FIXTURE_PATH];
    struct db *db = store_fixture_open(path);
    struct first_password *f = first_password_new(db);

    arena_init(&a, 0);
    struct user first = root_with(&a, STR(FIRST_PASSWORD));
    struct user changed = root_with(&a, STR("something else"));
    CHECK(first_password_is(f, &first));
    CHECK_EQ(noted(db, &a).n, 0); /* the known password is never noted: it may not be let in */
    CHECK(!first_password_is(f, &changed));
    CHECK(str_eq(noted(db, &a), digest_of(&a, &changed)));
    first_password_free(f);
    store_fixture_close(db, path);
}

/* Seen by planting a note that is wrong: whoever believes it has not asked the hash. */
TEST(the_next_start_believes_the_note_of_that_hash_and_of_no_other)
{
    CLEANUP(arena_finip) struct arena a;
    char path[STORE_FIXTURE_PATH];
    struct db *db = store_fixture_open(path);
    struct first_password *f = first_password_new(db);

    arena_init(&a, 0);
    struct user u = root_with(&a, STR(FIRST_PASSWORD)), again = root_with(&a, STR(FIRST_PASSWORD));
    put_note(db, digest_of(&a, &u));
    CHECK(!first_password_is(f, &u));
    CHECK(first_password_is(f, &again)); /* the same password, another hash */
    first_password_free(f);
    store_fixture_close(db, path);
}

TEST_MAIN(only_a_root_with_the_known_password_has_it, the_answer_for_a_hash_is_remembered,
          a_hash_that_is_not_the_known_passwords_is_noted_in_the_database,
          the_next_start_believes_the_note_of_that_hash_and_of_no_other)

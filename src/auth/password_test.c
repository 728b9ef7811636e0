#include "auth/password.h"

#include "base/test.h"

static bool matches(const char *password, const char *hash)
{
    return password_matches(secret_make(str_from(password)), secret_make(str_from(hash)));
}

TEST(a_new_hash_is_a_2a_hash_of_cost_10_and_matches_its_password_only)
{
    CLEANUP(arena_finip) struct arena a;
    struct secret hash;

    arena_init(&a, 0);
    CHECK_EQ(password_hash(&a, secret_make(STR("open sesame")), &hash, NULL), ERR_OK);
    CHECK_EQ(secret_reveal(hash).n, 60);
    CHECK(str_starts(secret_reveal(hash), STR("$2a$10$")));
    CHECK(password_matches(secret_make(STR("open sesame")), hash));
    CHECK(!password_matches(secret_make(STR("open sesame ")), hash));
}

/* Source of the vectors: the test file of crypt_blowfish ("U*U" with the salt of dots, cost 5). */
TEST(hashes_of_other_programs_match_in_each_of_their_spellings)
{
    CHECK(matches("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
    CHECK(matches("U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
    CHECK(matches("U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
    CHECK(!matches("U*V", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
}

TEST(what_is_no_bcrypt_hash_matches_nothing)
{
    CHECK(!matches("", ""));
    CHECK(!matches("x", ""));
    CHECK(!matches("x", "x"));
    CHECK(!matches("U*U", "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
    CHECK(!matches("U*U", "$2a$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
    CHECK(!matches("U*U", "$1$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWxx"));
}

TEST(a_password_that_bcrypt_would_cut_is_refused)
{
    CLEANUP(arena_finip) struct arena a;
    struct secret hash;
    char text[PASSWORD_MAX_BYTES + 1];

    arena_init(&a, 0);
    memset(text, 'a', sizeof text);
    CHECK_EQ(password_hash(&a, secret_make(str_make(text, sizeof text)), &hash, NULL),
             ERR_BAD_REQUEST);
    CHECK_EQ(password_hash(&a, secret_make(STR("a\0b")), &hash, NULL), ERR_BAD_REQUEST);
    CHECK_EQ(password_hash(&a, secret_make(STR_NULL), &hash, NULL), ERR_BAD_REQUEST);
}

TEST_MAIN(a_new_hash_is_a_2a_hash_of_cost_10_and_matches_its_password_only,
          hashes_of_other_programs_match_in_each_of_their_spellings,
          what_is_no_bcrypt_hash_matches_nothing, a_password_that_bcrypt_would_cut_is_refused)

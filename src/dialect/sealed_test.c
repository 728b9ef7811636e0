#include "dialect/sealed.h"

#include "dialect/arena_testing.h"

TEST(state_goes_home_through_any_dialect)
{

    for (int from = 0; from < DIALECT_COUNT; from++) {
        for (int in = 0; in < DIALECT_COUNT; in++) {
            enum dialect_id origin = DIALECT_COUNT;
            struct str sealed =
                sealed_write(&arena, (enum dialect_id)from, STR("c2ln+/=="), (enum dialect_id)in);

            CHECK_EQ(sealed.n % 4, 0); /* still base64 */
            CHECK_STR(sealed_read(sealed, (enum dialect_id)in, &origin), "c2ln+/==");
            CHECK_EQ(origin, from);
        }
    }
}

TEST(a_dialects_own_state_is_untouched)
{
    enum dialect_id origin;

    CHECK_STR(sealed_write(&arena, DIALECT_CLAUDE, STR("abc"), DIALECT_CLAUDE), "abc");
    CHECK_STR(sealed_read(STR("abc"), DIALECT_CLAUDE, &origin), "abc");
    CHECK_EQ(origin, DIALECT_CLAUDE);
    CHECK_STR(sealed_read(STR("YourApi"), DIALECT_GEMINI, &origin), "YourApi");
    CHECK_STR(sealed_read(STR("YourApi?x"), DIALECT_GEMINI, &origin), "YourApi?x");
    CHECK_EQ(origin, DIALECT_GEMINI);
    CHECK_EQ(sealed_write(&arena, DIALECT_GEMINI, STR_NULL, DIALECT_CLAUDE).n, 0);
}

ARENA_TEST_MAIN(state_goes_home_through_any_dialect, a_dialects_own_state_is_untouched)

#include "dialect/sealed.h"

#include "base/test.h"

TEST(state_goes_home_through_any_dialect)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    for (int from = 0; from < DIALECT_COUNT; from++) {
        for (int in = 0; in < DIALECT_COUNT; in++) {
            enum dialect_id origin = DIALECT_COUNT;
            struct str sealed =
                sealed_write(&a, (enum dialect_id)from, STR("c2ln+/=="), (enum dialect_id)in);

            CHECK_EQ(sealed.n % 4, 0); /* still base64 */
            CHECK_STR(sealed_read(sealed, (enum dialect_id)in, &origin), "c2ln+/==");
            CHECK_EQ(origin, from);
        }
    }
}

TEST(a_dialects_own_state_is_untouched)
{
    CLEANUP(arena_finip) struct arena a;
    enum dialect_id origin;

    arena_init(&a, 0);
    CHECK_STR(sealed_write(&a, DIALECT_CLAUDE, STR("abc"), DIALECT_CLAUDE), "abc");
    CHECK_STR(sealed_read(STR("abc"), DIALECT_CLAUDE, &origin), "abc");
    CHECK_EQ(origin, DIALECT_CLAUDE);
    CHECK_STR(sealed_read(STR("YourApi"), DIALECT_GEMINI, &origin), "YourApi");
    CHECK_STR(sealed_read(STR("YourApi?x"), DIALECT_GEMINI, &origin), "YourApi?x");
    CHECK_EQ(origin, DIALECT_GEMINI);
    CHECK_EQ(sealed_write(&a, DIALECT_GEMINI, STR_NULL, DIALECT_CLAUDE).n, 0);
}

TEST_MAIN(state_goes_home_through_any_dialect, a_dialects_own_state_is_untouched)

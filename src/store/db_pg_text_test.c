#include "store/db_pg_text.h"

#include "base/test.h"

#define CHECK_ROW(expected, ...)                                                                   \
    do {                                                                                           \
        const struct db_value row[] = {__VA_ARGS__};                                               \
        struct sb sb;                                                                              \
        sb_init(&sb, 1 << 20);                                                                     \
        pg_copy_row(&sb, row, ARRAY_LEN(row));                                                     \
        CHECK_STR(sb_str(&sb), expected);                                                          \
        sb_fini(&sb);                                                                              \
    } while (0)

TEST(fields_of_a_copied_row_stand_between_tabs)
{
    CHECK_ROW("1\t-9223372036854775808\t0.1\t1\t0\n", DB_I64(1), DB_I64(INT64_MIN), DB_F64(0.1),
              DB_BOOL(true), DB_BOOL(false));
    CHECK_ROW("\\N\t\t\\\\N\n", DB_NULL(), DB_TEXT(STR("")), DB_TEXT(STR("\\N")));
    CHECK_ROW("\n", DB_TEXT(STR_NULL));
}

TEST(what_means_something_to_copy_is_escaped)
{
    CHECK_ROW("a\\tb\\nc\\rd\\\\e\n", DB_TEXT(STR("a\tb\nc\rd\\e")));
    CHECK_ROW("\\\\.\n", DB_TEXT(STR("\\.")));
    CHECK_ROW("\b\v\f'\"\n", DB_TEXT(STR("\b\v\f'\"")));
    CHECK_ROW("\\\\x00ff0a\n", DB_BLOB(STR("\0\xff\n")));
    CHECK_ROW("\\\\x\n", DB_BLOB(STR("")));
}

TEST(odd_bytes_become_question_marks_in_both_forms)
{
    const struct db_value odd = DB_TEXT(STR("a\xff\0\n\xe5")), good = DB_TEXT(STR("模😀"));
    char text[16];

    CHECK_ROW("a??\\n?\n", odd);
    CHECK_ROW("模😀\n", good);
    CHECK_EQ(pg_text_write(text, &odd), 6);
    CHECK_STR(str_from(text), "a??\n?");
    CHECK_EQ(pg_text_write(text, &good), pg_text_room(&good));
    CHECK_STR(str_from(text), "模😀");
}

TEST(a_row_past_the_cap_fails_the_builder)
{
    const struct db_value row = DB_TEXT(STR("more than there is room for"));
    struct sb sb;

    sb_init(&sb, 16);
    pg_copy_row(&sb, &row, 1);
    CHECK(sb_failed(&sb));
    sb_fini(&sb);
}

TEST_MAIN(fields_of_a_copied_row_stand_between_tabs, what_means_something_to_copy_is_escaped,
          odd_bytes_become_question_marks_in_both_forms, a_row_past_the_cap_fails_the_builder)

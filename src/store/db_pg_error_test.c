#include "store/db_pg_error.h"

#include "base/test.h"

static enum err_code failed(const char *state, const char *text, struct err *err)
{
    const struct pg_failure f = {str_from(state), str_from(text), STR("PostgreSQL at db:5432/x"),
                                 60000, 5000};

    *err = (struct err){.code = ERR_OK};
    return pg_failed(&f, err);
}

TEST(a_state_becomes_one_of_our_errors)
{
    static const struct {
        const char *state, *text;
        enum err_code code;
        const char *says;
    } rows[] = {
        {"23505", "duplicate key", ERR_CONFLICT, "duplicate key"},
        {"23502", "null value", ERR_DB, "null value (SQLSTATE 23502)"},
        {"57P01", "terminating connection", ERR_UNAVAILABLE,
         "PostgreSQL at db:5432/x: terminating connection"},
        {"40P01", "deadlock detected", ERR_UNAVAILABLE,
         "PostgreSQL at db:5432/x: deadlock detected"},
        {"57014", "canceling statement", ERR_UNAVAILABLE, "a statement took longer than 60000 ms"},
        {"55P03", "lock not available", ERR_UNAVAILABLE,
         "another writer held what it needs for 5000 ms"},
        {"53100", "could not extend file", ERR_UNAVAILABLE,
         "PostgreSQL at db:5432/x: the disk is full"},
        {"53300", "too many clients", ERR_UNAVAILABLE, "PostgreSQL at db:5432/x: too many clients"},
        {"25006", "cannot execute INSERT", ERR_UNAVAILABLE, "PostgreSQL at db:5432/x is read-only"},
    };
    struct err err;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_EQ(failed(rows[i].state, rows[i].text, &err), rows[i].code);
        CHECK_STR(str_from(err.msg), rows[i].says);
    }
}

TEST(only_what_ends_the_connection_is_lost)
{
    CHECK(pg_is_lost(STR("08006")));
    CHECK(pg_is_lost(STR("57P03")));
    CHECK(pg_is_lost(STR("25006")));
    CHECK(!pg_is_lost(STR("57014")));
    CHECK(!pg_is_lost(STR("40001")));
    CHECK(!pg_is_lost(STR_NULL));
    CHECK(pg_is_giving_way(STR("40001")));
    CHECK(pg_is_giving_way(STR("40P01")));
    CHECK(!pg_is_giving_way(STR("23505")));
    CHECK(pg_is_stale(STR("0A000")));
    CHECK(pg_is_stale(STR("26000")));
    CHECK(!pg_is_stale(STR("42704")));
    CHECK(pg_is_unknown_setting(STR("42704")));
    CHECK(!pg_is_unknown_setting(STR("22023")));
}

TEST(the_text_of_a_data_exception_loses_what_it_quotes)
{
    struct err err;

    CHECK_EQ(failed("22P02", "invalid input syntax for type integer: \"sk-secret\"", &err), ERR_DB);
    CHECK_STR(str_from(err.msg), "invalid input syntax for type integer: \"\" (SQLSTATE 22P02)");
    /* The others quote names of tables and keys, which somebody who mends it wants to read. */
    CHECK_EQ(failed("42P01", "relation \"logs\" does not exist", &err), ERR_DB);
    CHECK_STR(str_from(err.msg), "relation \"logs\" does not exist (SQLSTATE 42P01)");
}

TEST(only_the_first_line_is_told)
{
    struct arena a;

    arena_init(&a, 0);
    CHECK_STR(pg_first_line(&a, STR("  refused \nDETAIL: Key (key)=(sk-secret)\n"), false),
              "refused");
    CHECK_STR(pg_first_line(&a, STR("a \"b\" c \"d"), true), "a \"\" c \"");
    CHECK_STR(pg_first_line(&a, STR_NULL, true), "");
    arena_fini(&a);
}

TEST_MAIN(a_state_becomes_one_of_our_errors, only_what_ends_the_connection_is_lost,
          the_text_of_a_data_exception_loses_what_it_quotes, only_the_first_line_is_told)

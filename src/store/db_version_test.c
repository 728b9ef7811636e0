#include "store/db_version.h"

#include "base/test.h"

TEST(a_mysql_that_is_too_old_is_named)
{
    static const struct {
        bool mariadb;
        unsigned long number;
        const char *text, *said; /* NULL: it is new enough */
    } cases[] = {
        {false, 50651, "5.6.51", "MySQL 5.6.51, which is too old; 5.7.8 or newer is needed"},
        {false, 50707, "5.7.7-rc", "MySQL 5.7.7-rc, which is too old; 5.7.8 or newer is needed"},
        {false, 50708, "5.7.8-rc", NULL},
        {false, 80011, "8.0.11-TiDB-v7.5.0", NULL},
        {false, 90100, "9.1.0", NULL},
        {true, 50568, "5.5.68-MariaDB", "MariaDB 5.5.68-MariaDB, which is too old; 10.5 or newer"},
        {true, 100434, "10.4.34-MariaDB",
         "MariaDB 10.4.34-MariaDB, which is too old; 10.5 or newer"},
        {true, 100500, "10.5.0-MariaDB", NULL},
        {true, 110402, "11.4.2-MariaDB-log", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {.msg = ""};
        enum err_code rc =
            db_version_check_mysql(cases[i].mariadb, cases[i].number, cases[i].text, &err);

        CHECK_EQ(rc, cases[i].said ? ERR_DB : ERR_OK);
        CHECK(!cases[i].said || str_has(str_from(err.msg), str_from(cases[i].said)));
    }
}

TEST(a_postgres_that_is_too_old_is_named)
{
    struct err err;

    CHECK_EQ(db_version_check_postgres(90525, STR("PostgreSQL at db"), &err), ERR_DB);
    CHECK_STR(str_from(err.msg),
              "PostgreSQL at db is of version 9.5, which is too old; 9.6 or newer is needed");
    CHECK_EQ(db_version_check_postgres(80424, STR("PostgreSQL at db"), &err), ERR_DB);
    CHECK(str_has(str_from(err.msg), STR("version 8.4")));
    CHECK_EQ(db_version_check_postgres(90600, STR("db"), &err), ERR_OK);
    CHECK_EQ(db_version_check_postgres(100023, STR("db"), &err), ERR_OK);
    CHECK_EQ(db_version_check_postgres(170004, STR("db"), &err), ERR_OK);
    CHECK_EQ(db_version_check_postgres(0, STR("db"), &err), ERR_DB); /* it said none */
}

TEST_MAIN(a_mysql_that_is_too_old_is_named, a_postgres_that_is_too_old_is_named)

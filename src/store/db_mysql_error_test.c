#include "store/db_mysql_error.h"

#include "base/test.h"

static enum err_code failed(unsigned number, const char *text, bool *broken, struct err *err)
{
    const struct mysql_failure f = {number, "HY000", text};

    *err = (struct err){.code = ERR_OK};
    *broken = false;
    return mysql_failed(&f, broken, err);
}

TEST(a_conflict_names_the_key_and_not_the_value)
{
    static const char *const texts[] = {
        "Duplicate entry 'sk-secret' for key 'idx_tokens_key'",
        "Duplicate entry 'sk-secret'' for key 'x' for key 'idx_tokens_key'",
        "Duplicate entry 'sk-secret-' for key 'idx_tokens_key'",
    };
    struct err err;
    bool broken;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        CHECK_EQ(failed(1062, texts[i], &broken, &err), ERR_CONFLICT);
        CHECK(!broken);
        CHECK_STR(str_from(err.msg), "there is a row with this key already (idx_tokens_key)");
    }
    CHECK_EQ(failed(1022, "Can't write; duplicate key in table", &broken, &err), ERR_CONFLICT);
    CHECK_STR(str_from(err.msg), "there is a row with this key already");
}

TEST(a_text_of_the_server_that_may_quote_a_value_is_cut)
{
    struct err err;
    bool broken;

    CHECK_EQ(failed(1366, "Incorrect string value: '\\xF0s'ecret' for column `d`.`t`.`c` at row 1",
                    &broken, &err),
             ERR_DB);
    CHECK_STR(str_from(err.msg),
              "Incorrect string value: ... for column `d`.`t`.`c` at row 1 (1366, HY000)");
    CHECK_EQ(failed(1690, "BIGINT value is out of range in '(`t`.`quota` + 99)'", &broken, &err),
             ERR_DB);
    CHECK_STR(str_from(err.msg), "BIGINT value is out of range in ... (1690, HY000)");
    CHECK_EQ(failed(1406, "Data too long for column 'name' at row 1", &broken, &err), ERR_DB);
    CHECK_STR(str_from(err.msg), "Data too long for column 'name' at row 1");
    CHECK_EQ(failed(9999, "Something new", &broken, &err), ERR_DB);
    CHECK_STR(str_from(err.msg), "Something new (9999, HY000)");
}

TEST(what_passes_is_told_from_what_stays_and_what_breaks_the_connection)
{
    static const struct {
        unsigned number;
        const char *text;
        enum err_code code;
        bool broken;
    } cases[] = {
        {1205, "Lock wait timeout exceeded", ERR_UNAVAILABLE, false},
        {1213, "Deadlock found", ERR_UNAVAILABLE, false},
        {1969, "Query execution was interrupted (max_statement_time)", ERR_UNAVAILABLE, false},
        {3024, "Query execution was interrupted", ERR_UNAVAILABLE, false},
        {1114, "The table 'logs' is full", ERR_UNAVAILABLE, false},
        {1030, "Got error 28 \"No space left on device\" from storage engine", ERR_UNAVAILABLE,
         false},
        {1030, "Got error 128 \"x\" from storage engine", ERR_DB, false},
        {1005, "Can't create table `d`.`t` (errno: 28 \"No space left on device\")",
         ERR_UNAVAILABLE, false},
        {1005, "Can't create table `d`.`t` (errno: 135 \"No more room in record file\")",
         ERR_UNAVAILABLE, false},
        {1005, "Can't create table `d`.`t` (errno: 150 \"Foreign key\")", ERR_DB, false},
        {1026, "Error writing file '/var/28/x' (errno: 28 \"No space left\")", ERR_UNAVAILABLE,
         false},
        {1026, "Error writing file '/var/28/x' (errno: 5 \"I/O error\")", ERR_DB, false},
        {1040, "Too many connections", ERR_UNAVAILABLE, true},
        {1203, "User x already has more than ...", ERR_UNAVAILABLE, true},
        {1290, "The server is running with --read-only", ERR_UNAVAILABLE, true},
        {1836, "Running in read-only mode", ERR_UNAVAILABLE, true},
        {1053, "Server shutdown in progress", ERR_UNAVAILABLE, true},
        {1927, "Connection was killed", ERR_UNAVAILABLE, true},
        {1153, "Got a packet bigger than 'max_allowed_packet' bytes", ERR_DB, true},
        {2002, "Can't connect to local server through socket", ERR_UNAVAILABLE, true},
        {2003, "Can't connect to server on 'db'", ERR_UNAVAILABLE, true},
        {2005, "Unknown server host 'db'", ERR_UNAVAILABLE, true},
        {2006, "Server has gone away", ERR_UNAVAILABLE, true},
        {2013, "Lost connection", ERR_UNAVAILABLE, true},
        {2026, "TLS/SSL error: certificate has expired", ERR_DB, true},
        {2059, "Authentication plugin 'x' cannot be loaded", ERR_DB, true},
        {1045, "Access denied for user 'u'@'h' (using password: YES)", ERR_DB, false},
        {1049, "Unknown database 'd'", ERR_DB, false},
        {1146, "Table 'd.t' doesn't exist", ERR_DB, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err;
        bool broken;

        if (failed(cases[i].number, cases[i].text, &broken, &err) != cases[i].code ||
            broken != cases[i].broken)
            print_error("number %u: %s, %d\n", cases[i].number, err_name(err.code), broken);
        CHECK_EQ(err.code, cases[i].code);
        CHECK_EQ(broken, cases[i].broken);
        CHECK(err.msg[0] != '\0');
    }
}

TEST(a_refusal_is_told_from_silence)
{
    static const unsigned silent[] = {2002, 2003, 2005, 2006, 2013},
                          speaks[] = {1040, 1045, 1049, 1053, 1129, 2026, 2059};

    for (size_t i = 0; i < ARRAY_LEN(silent); i++)
        CHECK(mysql_is_silence(silent[i]));
    for (size_t i = 0; i < ARRAY_LEN(speaks); i++)
        CHECK(!mysql_is_silence(speaks[i]));
}

TEST_MAIN(a_conflict_names_the_key_and_not_the_value,
          a_text_of_the_server_that_may_quote_a_value_is_cut,
          what_passes_is_told_from_what_stays_and_what_breaks_the_connection,
          a_refusal_is_told_from_silence)

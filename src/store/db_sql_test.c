#include "store/db_sql.h"

#include "base/test.h"

/* The statement as `kind` gets it is `want`, with `parameters` of them. */
static bool writes(enum db_kind kind, const char *sql, const char *want, size_t parameters)
{
    CLEANUP(sb_finip) struct sb out;
    size_t count;
    bool same;

    sb_init(&out, 4096);
    db_sql_write(&out, kind, str_from(sql), &count);
    same = !sb_failed(&out) && out.n == strlen(want) + 1 && memcmp(out.p, want, out.n) == 0;
    if (!same)
        print_error("got  %s\nwant %s\n", sb_failed(&out) ? "(failed)" : out.p, want);
    return same && count == parameters;
}

static const char common[] =
    "SELECT \"group\", t.\"key\" FROM tokens t WHERE \"key\" = ? AND name LIKE ? ESCAPE '!'"
    " AND note <> 'it''s \"a\" ? LIKE' AND LIKENESS > 1 LIMIT ?";

TEST(sqlite_takes_the_common_form_as_it_is)
{
    CHECK(writes(DB_SQLITE, common, common, 3));
}

TEST(mysql_gets_backticks)
{
    CHECK(writes(DB_MYSQL, common,
                 "SELECT `group`, t.`key` FROM tokens t WHERE `key` = ? AND name LIKE ? ESCAPE '!'"
                 " AND note <> 'it''s \"a\" ? LIKE' AND LIKENESS > 1 LIMIT ?",
                 3));
    CHECK(writes(DB_MYSQL, "CREATE TABLE `a` (`b` text)", "CREATE TABLE `a` (`b` text)", 0));
}

TEST(postgres_gets_numbered_parameters_and_a_like_without_case)
{
    CHECK(writes(DB_POSTGRES, common,
                 "SELECT \"group\", t.\"key\" FROM tokens t WHERE \"key\" = $1 AND name ILIKE $2"
                 " ESCAPE '!' AND note <> 'it''s \"a\" ? LIKE' AND LIKENESS > 1 LIMIT $3",
                 3));
    CHECK(writes(DB_POSTGRES, "VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                 "VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)", 11));
}

TEST(a_text_or_name_without_an_end_is_left_to_the_server)
{
    CHECK(writes(DB_POSTGRES, "SELECT 'a ?", "SELECT 'a ?", 0));
    CHECK(writes(DB_SQLITE, "SELECT \"a", "SELECT \"a\"", 0));
    CHECK(writes(DB_MYSQL, "", "", 0));
}

TEST(a_statement_past_the_cap_fails_the_builder)
{
    CLEANUP(sb_finip) struct sb out;

    sb_init(&out, 8);
    db_sql_write(&out, DB_MYSQL, STR("SELECT 1 + 1"), NULL);
    CHECK(sb_failed(&out));
}

TEST_MAIN(sqlite_takes_the_common_form_as_it_is, mysql_gets_backticks,
          postgres_gets_numbered_parameters_and_a_like_without_case,
          a_text_or_name_without_an_end_is_left_to_the_server,
          a_statement_past_the_cap_fails_the_builder)

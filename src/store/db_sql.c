#include "store/db_sql.h"

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Bytes of a text in single quotes that begins `rest`, both quotes counted. A quote in it is
 * written twice, which reads as two texts side by side: nothing to do for it. */
static size_t quoted_bytes(struct str rest)
{
    ptrdiff_t end = str_find_char(str_skip(rest, 1), '\'');

    return end < 0 ? rest.n : (size_t)end + 2;
}

static size_t word_bytes(struct str rest)
{
    size_t n = 0;

    while (n < rest.n && is_word(rest.p[n]))
        n++;
    return n;
}

/* LIKE knows no case on SQLite (for ASCII) and MySQL; PostgreSQL's ILIKE is the one that does so.
 */
static void write_word(struct sb *out, enum db_kind kind, struct str word)
{
    sb_add(out, kind == DB_POSTGRES && str_eq(word, STR("LIKE")) ? STR("ILIKE") : word);
}

static void write_parameter(struct sb *out, enum db_kind kind, size_t number)
{
    sb_add_char(out, kind == DB_POSTGRES ? '$' : '?');
    if (kind == DB_POSTGRES)
        sb_add_i64(out, (int64_t)number);
}

/* A name in double quotes, which is MySQL's in backticks. */
static void write_name(struct sb *out, enum db_kind kind, struct str name)
{
    char quote = kind == DB_MYSQL ? '`' : '"';

    sb_add_char(out, quote);
    sb_add(out, name);
    sb_add_char(out, quote);
}

void db_sql_write(struct sb *out, enum db_kind kind, struct str sql, size_t *parameters)
{
    size_t count = 0;

    while (sql.n > 0) {
        size_t n = 1;

        if (sql.p[0] == '\'') {
            n = quoted_bytes(sql);
            sb_add(out, str_sub(sql, 0, n));
        } else if (sql.p[0] == '"') {
            ptrdiff_t end = str_find_char(str_skip(sql, 1), '"');

            n = end < 0 ? sql.n : (size_t)end + 2;
            write_name(out, kind, str_sub(sql, 1, end < 0 ? sql.n - 1 : (size_t)end));
        } else if (sql.p[0] == '?') {
            write_parameter(out, kind, ++count);
        } else if (is_word(sql.p[0])) {
            n = word_bytes(sql);
            write_word(out, kind, str_sub(sql, 0, n));
        } else {
            sb_add_char(out, sql.p[0]);
        }
        sql = str_skip(sql, n);
    }
    sb_add_char(out, '\0');
    if (parameters)
        *parameters = count;
}

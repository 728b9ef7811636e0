#include "store/copy_cell.h"

#include <stdio.h>
#include <time.h>

#include "base/text.h"

/* Times. */

enum { MYSQL_TEXT_BYTES = 65535 };

struct moment {
    struct tm tm;
    int us;
    int offset_s; /* east of UTC */
};

/* Digits at the front, `most` of them; false: none. */
static bool take_digits(struct str *text, size_t most, int *out)
{
    size_t n = 0;

    *out = 0;
    while (n < most && n < text->n && text->p[n] >= '0' && text->p[n] <= '9')
        *out = *out * 10 + (text->p[n++] - '0');
    *text = str_skip(*text, n);
    return n > 0;
}

static bool take_char(struct str *text, char c)
{
    if (text->n == 0 || text->p[0] != c)
        return false;
    *text = str_skip(*text, 1);
    return true;
}

/* The fraction of a second in microseconds; what is finer is dropped. */
static int take_fraction(struct str *text)
{
    int us = 0, digits = 0;

    for (; text->n > 0 && text->p[0] >= '0' && text->p[0] <= '9'; *text = str_skip(*text, 1)) {
        if (digits++ < 6)
            us = us * 10 + (text->p[0] - '0');
    }
    for (; digits < 6; digits++)
        us *= 10;
    return us;
}

/* "Z", "+08", "+08:00", "+0800", also behind a space and with a zone's name behind it, as Go prints
 * a time. */
static bool take_offset(struct str *text, int *offset_s)
{
    int hours, minutes = 0, sign = 1;

    *text = str_trim(*text);
    *offset_s = 0;
    if (text->n == 0 || take_char(text, 'Z') || str_eq(*text, STR("UTC")))
        return true;
    if (take_char(text, '-'))
        sign = -1;
    else if (!take_char(text, '+'))
        return false;
    if (!take_digits(text, 2, &hours))
        return false;
    take_char(text, ':');
    if (text->n > 0 && text->p[0] >= '0' && text->p[0] <= '9' && !take_digits(text, 2, &minutes))
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool read_moment(struct str text, struct moment *m)
{
    *m = (struct moment){.us = 0};
    text = str_trim(text);
    if (!take_digits(&text, 4, &m->tm.tm_year) || !take_char(&text, '-') ||
        !take_digits(&text, 2, &m->tm.tm_mon) || !take_char(&text, '-') ||
        !take_digits(&text, 2, &m->tm.tm_mday))
        return false;
    m->tm.tm_year -= 1900;
    m->tm.tm_mon -= 1;
    if (text.n == 0)
        return true;
    if (!take_char(&text, ' ') && !take_char(&text, 'T'))
        return false;
    if (!take_digits(&text, 2, &m->tm.tm_hour) || !take_char(&text, ':') ||
        !take_digits(&text, 2, &m->tm.tm_min))
        return false;
    if (take_char(&text, ':') && !take_digits(&text, 2, &m->tm.tm_sec))
        return false;
    if (take_char(&text, '.'))
        m->us = take_fraction(&text);
    return take_offset(&text, &m->offset_s);
}

struct str copy_time_text(struct arena *a, enum db_kind to, struct str text)
{
    struct moment m;
    struct tm utc;
    char whole[40];
    time_t at;

    if (!read_moment(text, &m))
        return text;
    at = timegm(&m.tm) - m.offset_s;
    gmtime_r(&at, &utc);
    strftime(whole, sizeof whole, "%Y-%m-%d %H:%M:%S", &utc);
    if (to == DB_MYSQL) /* datetime(3); it would round up into the next second */
        return arena_fmt(a, "%s.%03d", whole, m.us / 1000);
    if (m.us == 0)
        return arena_fmt(a, "%s+00:00", whole);
    return arena_fmt(a, "%s.%06d+00:00", whole, m.us);
}

/* Texts. */

/* The servers take well-formed UTF-8 only, PostgreSQL none with a NUL in it. */
static struct str clean_text(struct arena *a, enum db_kind to, struct str text)
{
    char *copy = arena_alloc(a, text.n + 1);
    bool valid = to == DB_SQLITE || utf8_valid(text);

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool odd = (!valid && c >= 0x80) || (c == '\0' && to == DB_POSTGRES);

        copy[i] = odd ? '?' : text.p[i];
    }
    copy[text.n] = '\0';
    return str_make(copy, text.n);
}

static struct db_value text_cell(struct arena *a, enum db_kind to, const struct db_rows *rows,
                                 int col)
{
    return DB_TEXT(clean_text(a, to, db_text(rows, col)));
}

static struct db_value json_cell(struct arena *a, enum db_kind to, const struct db_rows *rows,
                                 int col)
{
    struct str text = clean_text(a, to, db_text(rows, col));

    if (to == DB_SQLITE)
        return DB_BLOB(text);
    return text.n > 0 ? DB_TEXT(text) : DB_NULL(); /* an empty text is no JSON */
}

static struct db_value time_cell(struct arena *a, enum db_kind from, enum db_kind to,
                                 const struct db_rows *rows, int col)
{
    struct str text = str_dup(a, db_text(rows, col));

    return DB_TEXT(from == DB_SQLITE && to == DB_SQLITE ? text : copy_time_text(a, to, text));
}

/* A decimal keeps all of its digits as a text. */
static struct db_value number_cell(struct arena *a, bool exact, const struct db_rows *rows, int col)
{
    return exact ? DB_TEXT(str_dup(a, db_text(rows, col))) : DB_F64(db_f64(rows, col));
}

struct db_value copy_cell(struct arena *a, enum db_kind from, enum db_kind to,
                          const struct schema_column *column, const struct db_rows *rows, int col)
{
    if (db_is_null(rows, col))
        return DB_NULL();
    switch (column->family) {
    case SCHEMA_ID:
    case SCHEMA_ID_UNSIGNED:
    case SCHEMA_INT:
    case SCHEMA_UINT:
    case SCHEMA_UINT32:
    case SCHEMA_BIGINT:
        return DB_I64(db_i64(rows, col));
    case SCHEMA_BOOL:
        return DB_BOOL(db_bool(rows, col));
    case SCHEMA_FLOAT:
        return number_cell(a, from == DB_POSTGRES, rows, col);
    case SCHEMA_PRICE:
        return number_cell(a, from != DB_SQLITE, rows, col);
    case SCHEMA_JSON:
        return json_cell(a, to, rows, col);
    case SCHEMA_TIME:
        return time_cell(a, from, to, rows, col);
    case SCHEMA_STRING:
    case SCHEMA_KEY_STRING:
    case SCHEMA_SIZED:
    case SCHEMA_VARCHAR:
    case SCHEMA_CHAR:
    case SCHEMA_TEXT:
        return text_cell(a, to, rows, col);
    }
    return DB_NULL();
}

/* How many characters the column takes; 0: any number. */
static unsigned room_of(enum db_kind to, const struct schema_column *column)
{
    bool sized = column->family == SCHEMA_SIZED || column->family == SCHEMA_VARCHAR ||
                 column->family == SCHEMA_CHAR ||
                 (column->family == SCHEMA_KEY_STRING && to == DB_MYSQL);

    return sized && to != DB_SQLITE ? column->size : 0;
}

bool copy_cell_fits(enum db_kind to, const struct schema_column *column,
                    const struct db_value *value)
{
    unsigned room = room_of(to, column);

    if (value->type != DB_T_TEXT)
        return true;
    if (column->family == SCHEMA_TEXT && to == DB_MYSQL)
        return value->s.n <= MYSQL_TEXT_BYTES;
    return room == 0 || value->s.n <= room || utf8_count(value->s) <= room;
}

#include "store/db_pg_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

enum { NUMBER_ROOM = 32 };

size_t pg_text_room(const struct db_value *v)
{
    return v->type == DB_T_TEXT || v->type == DB_T_BLOB ? v->s.n + 1 : NUMBER_ROOM;
}

static bool is_clean(struct str text)
{
    return text.n == 0 || (!memchr(text.p, '\0', text.n) && utf8_valid(text));
}

static void replace_odd(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] >= 0x80 || text[i] == '\0')
            text[i] = '?';
}

static void write_text(char *to, struct str text)
{
    if (text.n)
        memcpy(to, text.p, text.n);
    to[text.n] = '\0';
    if (!is_clean(text))
        replace_odd(to, text.n);
}

/* The shortest that reads back as the same number: a decimal column keeps every digit it is given.
 */
static size_t write_f64(char *to, double value)
{
    int bytes = 0;

    for (int digits = 15; digits <= 17; digits++) {
        bytes = snprintf(to, NUMBER_ROOM, "%.*g", digits, value);
        if (strtod(to, NULL) == value)
            break;
    }
    return (size_t)bytes + 1;
}

size_t pg_text_write(char *to, const struct db_value *v)
{
    switch (v->type) {
    case DB_T_NULL:
        return 0;
    case DB_T_I64:
    case DB_T_BOOL:
        return (size_t)snprintf(to, NUMBER_ROOM, "%" PRId64, v->i) + 1;
    case DB_T_F64:
        return write_f64(to, v->f);
    case DB_T_TEXT:
        write_text(to, v->s);
        return v->s.n + 1;
    case DB_T_BLOB:
        if (v->s.n)
            memcpy(to, v->s.p, v->s.n);
        return v->s.n + 1;
    }
    return 0;
}

/* ---- COPY ---- */

/* The letter behind the backslash; 0: the character stands for itself. */
static char escape_of(char c)
{
    switch (c) {
    case '\\':
        return '\\';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t': /* between two fields */
        return 't';
    default:
        return 0;
    }
}

static void copy_text(struct sb *to, struct str text)
{
    const bool clean = is_clean(text);
    char *at = sb_reserve(to, text.n * 2); /* were every character escaped */
    size_t n = 0;

    if (!at)
        return;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i], letter = escape_of(c);

        if (letter)
            at[n++] = '\\';
        else if (!clean && ((unsigned char)c >= 0x80 || c == '\0'))
            c = '?';
        at[n++] = letter ? letter : c;
    }
    to->n += n;
}

/* "\\x0a1b": the backslash of the bytea's own form is escaped. */
static void copy_blob(struct sb *to, struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *at;

    sb_add(to, STR("\\\\x"));
    at = sb_reserve(to, bytes.n * 2);
    if (!at)
        return;
    for (size_t i = 0; i < bytes.n; i++) {
        *at++ = digits[(unsigned char)bytes.p[i] >> 4];
        *at++ = digits[bytes.p[i] & 15];
    }
    to->n += bytes.n * 2;
}

static void copy_f64(struct sb *to, double value)
{
    char text[NUMBER_ROOM];

    sb_add(to, str_make(text, write_f64(text, value) - 1));
}

static void copy_field(struct sb *to, const struct db_value *v)
{
    switch (v->type) {
    case DB_T_NULL:
        sb_add(to, STR("\\N"));
        return;
    case DB_T_I64:
    case DB_T_BOOL:
        sb_add_i64(to, v->i);
        return;
    case DB_T_F64:
        copy_f64(to, v->f);
        return;
    case DB_T_TEXT:
        copy_text(to, v->s);
        return;
    case DB_T_BLOB:
        copy_blob(to, v->s);
        return;
    }
}

void pg_copy_row(struct sb *to, const struct db_value *row, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        if (i > 0)
            sb_add_char(to, '\t');
        copy_field(to, &row[i]);
    }
    sb_add_char(to, '\n');
}

#include "store/db_mysql_error.h"

#include "base/str.h"

/* The library's numbers are a range of their own. Source of all numbers: the servers' manuals,
 * "Server Error Message Reference" and "MariaDB Error Code Reference", read 2026-11. */
enum { CLIENT_FIRST = 2000, CLIENT_LAST = 2999, GONE_AWAY = 2006, LOST = 2013 };

enum fate {
    SAYS_TEXT,   /* the server's text, which quotes names only */
    CONFLICTS,   /* the server's text quotes the values; the name of the key is taken out of it */
    UNAVAILABLE, /* trying again later may help */
    GONE,        /* the same, and the connection is of no more use */
    REFUSED,     /* it is not going to work, nor is the connection */
};

struct meaning {
    unsigned number;
    enum fate fate;
    const char *text; /* ours in the place of the server's; NULL: the server's */
};

static const struct meaning meanings[] = {
    {1062, CONFLICTS, NULL},
    {1022, CONFLICTS, NULL},
    {1169, CONFLICTS, NULL},
    {1586, CONFLICTS, NULL},

    {1205, UNAVAILABLE, "another transaction holds a lock for too long"},
    {1213, UNAVAILABLE, "two transactions waited for each other; this one gave way"},
    {1206, UNAVAILABLE, "the server has no room for more locks"},
    {1317, UNAVAILABLE, "the statement was interrupted"},
    {1969, UNAVAILABLE, "the statement took longer than it may"},
    {3024, UNAVAILABLE, "the statement took longer than it may"},
    {1021, UNAVAILABLE, "the server's disk is full"},
    {1114, UNAVAILABLE, "a table is full, or the server's disk is"},
    {3675, UNAVAILABLE, "the server's disk is full"},
    {1461, UNAVAILABLE,
     "the server keeps as many prepared statements as it may"
     " (max_prepared_stmt_count)"},
    {1037, UNAVAILABLE, "the server is out of memory"},
    {1041, UNAVAILABLE, "the server is out of memory"},
    {1040, GONE, "the server has as many connections as it may (max_connections)"},
    {1203, GONE, "the user has as many connections as he may (max_user_connections)"},
    {1226, GONE, "the user has used up what the server grants him an hour"},
    {1129, GONE,
     "the server blocks this host after many failed connections (FLUSH HOSTS frees it)"},
    {1290, GONE, "the server is read-only"},
    {1836, GONE, "the server is read-only"},
    {1047, GONE, "the server is not ready"},
    {1053, GONE, "the server is shutting down"},
    {1077, GONE, "the server is shutting down"},
    {1079, GONE, "the server is shutting down"},
    {1152, GONE, "the connection to the server broke"},
    {1158, GONE, "the connection to the server broke"},
    {1159, GONE, "the server waited too long for the statement"},
    {1160, GONE, "the connection to the server broke"},
    {1161, GONE, "the server waited too long to send its answer"},
    {1927, GONE, "the server closed the connection"},
    {3168, GONE, "the server is not available"},
    {3169, GONE, "the server closed the connection"},
    {4031, GONE, "the server closed the idle connection"},

    {1153, REFUSED, "the statement is larger than the server takes (max_allowed_packet)"},

    {1044, SAYS_TEXT, NULL}, /* the login may not use the database */
    {1045, SAYS_TEXT, NULL}, /* refused login: names user and host */
    {1049, SAYS_TEXT, NULL}, /* no such database */
    {1050, SAYS_TEXT, NULL}, /* the table exists */
    {1054, SAYS_TEXT, NULL}, /* no such column */
    {1060, SAYS_TEXT, NULL}, /* the column exists */
    {1061, SAYS_TEXT, NULL}, /* the index exists */
    {1064, SAYS_TEXT, NULL}, /* syntax: statements hold no values */
    {1048, SAYS_TEXT, NULL}, /* the column cannot be NULL */
    {1071, SAYS_TEXT, NULL}, /* the key is too long */
    {1091, SAYS_TEXT, NULL}, /* nothing to drop */
    {1118, SAYS_TEXT, NULL}, /* the row is too long */
    {1130, SAYS_TEXT, NULL}, /* the host may not connect */
    {1142, SAYS_TEXT, NULL}, /* the user may not use the table */
    {1143, SAYS_TEXT, NULL}, /* ... the column */
    {1146, SAYS_TEXT, NULL}, /* no such table */
    {1170, SAYS_TEXT, NULL}, /* a text in a key has no length */
    {1227, SAYS_TEXT, NULL}, /* a right is missing */
    {1231, SAYS_TEXT, NULL}, /* a variable cannot be set so: ours alone */
    {1264, SAYS_TEXT, NULL}, /* out of range: names the column */
    {1364, SAYS_TEXT, NULL}, /* the column has no default */
    {1406, SAYS_TEXT, NULL}, /* too long: names the column */
    {1698, SAYS_TEXT, NULL}, /* refused login */
    {1792, SAYS_TEXT, NULL}, /* a read-only transaction */
    {4025, SAYS_TEXT, NULL}, /* a check (of json): names the column */
};

static const struct meaning *meaning_of(unsigned number)
{
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
        if (meanings[i].number == number)
            return &meanings[i];
    return NULL;
}

/* "Duplicate entry '...' for key 'users.idx_users_username'": the value may hold anything, so the
 * last quoted word is looked for from the end. */
static struct str key_of(struct str text)
{
    struct str key = text;
    ptrdiff_t open;

    if (!str_ends(text, STR("'")))
        return STR_NULL;
    key.n--;
    open = str_rfind_char(key, '\'');
    return open < 0 ? STR_NULL : str_skip(key, (size_t)open + 1);
}

static enum err_code conflict(struct str text, struct err *err)
{
    struct str key = key_of(text);

    if (key.n == 0)
        return err_set(err, ERR_CONFLICT, "there is a row with this key already");
    return err_set(err, ERR_CONFLICT, "there is a row with this key already (%.*s)", STR_ARG(key));
}

/* What stands from the first quote to the last may be a value. */
static enum err_code unknown(const struct mysql_failure *f, struct err *err)
{
    struct str text = str_from(f->text), before, after;
    ptrdiff_t open = str_find_char(text, '\''), close = str_rfind_char(text, '\'');

    if (open < 0)
        return err_set(err, ERR_DB, "%.*s (%u, %s)", STR_ARG(text), f->number, f->state);
    before = str_sub(text, 0, (size_t)open);
    after = str_skip(text, (size_t)close + 1);
    return err_set(err, ERR_DB, "%.*s...%.*s (%u, %s)", STR_ARG(before), STR_ARG(after), f->number,
                   f->state);
}

/* "Got error 28 from storage engine", "Error writing file '...' (Errcode: 28 ...)": ENOSPC. "Can't
 * create table ... (errno: 135 ...)" is a storage engine's word for the same. */
static bool is_full(const struct mysql_failure *f)
{
    struct str text = str_from(f->text);

    if (f->number == 1030)
        return str_has(text, STR("error 28 "));
    if (f->number == 1005 && str_has(text, STR("errno: 135 ")))
        return true;
    return (f->number == 1026 || f->number == 1005 || f->number == 3) &&
           (str_has(text, STR("code: 28")) || str_has(text, STR("errno: 28")));
}

/* The library's own: no server, a broken connection, TLS, a method of login that it does not have.
 * Each ends the connection. */
static enum err_code client_failed(const struct mysql_failure *f, bool *broken, struct err *err)
{
    enum {
        UNKNOWN_HOST = 2005,
        OUT_OF_SYNC = 2014,
        TLS = 2026,
        AUTH_PLUGIN_FIRST = 2058,
        AUTH_PLUGIN_LAST = 2061
    };

    *broken = true;
    switch (f->number) {
    case LOST:
    case GONE_AWAY:
        return err_set(err, ERR_UNAVAILABLE, "the connection to the server broke (%u)", f->number);
    case OUT_OF_SYNC:
        return err_set(err, ERR_INTERNAL, "%s", f->text);
    default:
        if (f->number >= AUTH_PLUGIN_FIRST && f->number <= AUTH_PLUGIN_LAST)
            return err_set(err, ERR_DB, "%s", f->text);
        return err_set(err, f->number == TLS ? ERR_DB : ERR_UNAVAILABLE, "%s", f->text);
    }
}

enum err_code mysql_failed(const struct mysql_failure *f, bool *broken, struct err *err)
{
    const struct meaning *m = meaning_of(f->number);

    if (f->number >= CLIENT_FIRST && f->number <= CLIENT_LAST)
        return client_failed(f, broken, err);
    if (is_full(f))
        return err_set(err, ERR_UNAVAILABLE, "the server's disk is full");
    if (!m)
        return unknown(f, err);
    switch (m->fate) {
    case SAYS_TEXT:
        return err_set(err, ERR_DB, "%s", f->text);
    case CONFLICTS:
        return conflict(str_from(f->text), err);
    case UNAVAILABLE:
        return err_set(err, ERR_UNAVAILABLE, "%s", m->text);
    case GONE:
        *broken = true;
        return err_set(err, ERR_UNAVAILABLE, "%s", m->text);
    case REFUSED:
        *broken = true;
        return err_set(err, ERR_DB, "%s", m->text);
    }
    return err_set(err, ERR_DB, "error %u", f->number);
}

bool mysql_is_silence(unsigned number)
{
    static const unsigned silences[] = {2002, 2003, 2005, LOST, GONE_AWAY, 2012};

    for (size_t i = 0; i < ARRAY_LEN(silences); i++)
        if (silences[i] == number)
            return true;
    return false;
}

bool mysql_is_deadlock(unsigned number)
{
    return number == 1213;
}

bool mysql_is_stale(unsigned number)
{
    return number == 1243 || number == 1615;
}

bool mysql_is_other_columns(unsigned number)
{
    return number == 2057;
}

bool mysql_is_too_many_statements(unsigned number)
{
    return number == 1461;
}

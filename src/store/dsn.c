#include "store/dsn.h"

#include "base/sb.h"
#include "base/text.h"

enum { MYSQL_PORT = 3306, PORT_MAX = 65535 };

static bool is_postgres_url(struct str dsn)
{
    return str_starts(dsn, STR("postgres://")) || str_starts(dsn, STR("postgresql://"));
}

/* "host=db port=5432 ..." may begin with any of libpq's words; these are the ones that people put
 * first. */
static bool is_postgres_words(struct str dsn)
{
    static const struct str words[] = {
        STR_INIT("host"),     STR_INIT("hostaddr"),       STR_INIT("user"),    STR_INIT("dbname"),
        STR_INIT("port"),     STR_INIT("password"),       STR_INIT("sslmode"), STR_INIT("service"),
        STR_INIT("timezone"), STR_INIT("connect_timeout")};
    struct str word = str_trim(str_cut(&dsn, '='));

    if (!dsn.p)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq_nocase(word, words[i]))
            return true;
    return false;
}

enum db_kind dsn_kind(struct str dsn)
{
    dsn = str_trim(dsn);
    if (dsn.n == 0 || str_starts(dsn, STR("local")))
        return DB_SQLITE;
    return is_postgres_url(dsn) || is_postgres_words(dsn) ? DB_POSTGRES : DB_MYSQL;
}

/* MySQL: [user[:password]@][net[(address)]]/database[?name=value&...] */

static enum err_code wrong(struct err *err, const char *what)
{
    return err_set(err, ERR_BAD_REQUEST,
                   "the MySQL DSN %s; it is written user:password@tcp(host:3306)/database", what);
}

/* Go's durations: "5s", "300ms", "1m30s". */
static bool read_duration(struct str text, int64_t *ms)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"ms", 1},      {"us", 0.001}, {"ns", 0.000001},
                 {"h", 3600000}, {"m", 60000},  {"s", 1000}};
    double sum = 0;

    while (text.n > 0) {
        size_t digits = 0, unit = 0;
        double value;

        while (digits < text.n &&
               (text.p[digits] == '.' || (text.p[digits] >= '0' && text.p[digits] <= '9')))
            digits++;
        if (!str_to_f64(str_sub(text, 0, digits), &value))
            return false;
        text = str_skip(text, digits);
        while (unit < ARRAY_LEN(units) && !str_starts(text, str_from(units[unit].unit)))
            unit++;
        if (unit == ARRAY_LEN(units))
            return false;
        sum += value * units[unit].ms;
        text = str_skip(text, strlen(units[unit].unit));
    }
    if (sum < 0 || sum > (double)INT32_MAX)
        return false;
    *ms = sum > 0 && sum < 1 ? 1 : (int64_t)sum;
    return true;
}

static enum err_code read_timeout(struct str name, struct str value, int64_t *ms, struct err *err)
{
    if (read_duration(value, ms))
        return ERR_OK;
    return err_set(err, ERR_BAD_REQUEST,
                   "the MySQL DSN's %.*s=%.*s is not a duration such as 5s or 300ms", STR_ARG(name),
                   STR_ARG(value));
}

static enum err_code read_tls(struct str value, struct dsn_mysql *out, struct err *err)
{
    bool on;

    out->tls_optional = str_eq_nocase(value, STR("preferred"));
    if (out->tls_optional || str_eq_nocase(value, STR("skip-verify"))) {
        out->tls = true;
        out->tls_verify = false;
        return ERR_OK;
    }
    if (!str_to_bool(value, &on))
        return err_set(err, ERR_BAD_REQUEST,
                       "the MySQL DSN's tls=%.*s is none of true, false, skip-verify, preferred",
                       STR_ARG(value));
    out->tls = out->tls_verify = on;
    return ERR_OK;
}

/* What only Go's driver knows (parseTime, loc, collation, ...) is left aside. */
static enum err_code read_parameter(struct str name, struct str value, struct dsn_mysql *out,
                                    struct err *err)
{
    if (str_eq(name, STR("charset")))
        out->charset = str_cut(&value, ',');
    else if (str_eq(name, STR("tls")))
        return read_tls(value, out, err);
    else if (str_eq(name, STR("timeout")))
        return read_timeout(name, value, &out->connect_timeout_ms, err);
    else if (str_eq(name, STR("readTimeout")))
        return read_timeout(name, value, &out->read_timeout_ms, err);
    else if (str_eq(name, STR("writeTimeout")))
        return read_timeout(name, value, &out->write_timeout_ms, err);
    return ERR_OK;
}

static enum err_code read_parameters(struct arena *a, struct str text, struct dsn_mysql *out,
                                     struct err *err)
{
    STR_SPLIT_EACH (pair, text, '&') {
        struct str name = str_cut(&pair, '=');
        enum err_code rc = read_parameter(name, url_decode(a, pair, true), out, err);

        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

/* "host", "host:port", "[::1]:port" */
static enum err_code read_host(struct str address, struct dsn_mysql *out, struct err *err)
{
    struct str port = STR_NULL;
    ptrdiff_t bracket = str_rfind_char(address, ']'), colon = str_rfind_char(address, ':');
    uint64_t number;

    out->host = address;
    if (colon > bracket) {
        out->host = str_sub(address, 0, (size_t)colon);
        port = str_skip(address, (size_t)colon + 1);
    }
    if (bracket > 0 && str_starts(out->host, STR("[")))
        out->host = str_sub(out->host, 1, (size_t)bracket - 1);
    if (out->host.n == 0)
        out->host = STR("127.0.0.1");
    if (!port.p)
        return ERR_OK;
    if (!str_to_u64(port, &number) || number == 0 || number > PORT_MAX)
        return wrong(err, "has a port that is no number from 1 to 65535");
    out->port = (unsigned)number;
    return ERR_OK;
}

/* "tcp(host:port)", "unix(/path)", "tcp", "" */
static enum err_code read_address(struct str text, struct dsn_mysql *out, struct err *err)
{
    struct str net = str_cut(&text, '('), address = text;

    if (address.p) {
        if (!str_ends(address, STR(")")))
            return wrong(err, "has no ) before the / of the database (a / in a parameter is %2F)");
        address.n--;
    }
    if (str_eq(net, STR("unix"))) {
        out->socket = address.n ? address : STR("/tmp/mysql.sock");
        return ERR_OK;
    }
    if (net.n > 0 && !str_eq(net, STR("tcp")) && !str_eq(net, STR("tcp6")))
        return wrong(err, "names a kind of connection other than tcp(...) and unix(...)");
    return read_host(address, out, err);
}

enum err_code dsn_read_mysql(struct arena *a, struct str dsn, struct dsn_mysql *out,
                             struct err *err)
{
    struct str text = str_trim(dsn), before, login = STR_NULL;
    ptrdiff_t slash = str_rfind_char(text, '/'), at;
    struct str after = slash >= 0 ? str_skip(text, (size_t)slash + 1) : STR_NULL;

    *out = (struct dsn_mysql){.port = MYSQL_PORT, .charset = STR("utf8mb4")};
    if (slash < 0)
        return wrong(err, "has no / before the name of the database");
    /* The last of each, because a password may hold them. */
    before = str_sub(text, 0, (size_t)slash);
    at = str_rfind_char(before, '@');
    if (at >= 0) {
        login = str_sub(before, 0, (size_t)at);
        before = str_skip(before, (size_t)at + 1);
    }
    out->user = str_cut(&login, ':');
    out->password = secret_make(login);
    TRY(read_address(before, out, err));
    out->database = url_decode(a, str_cut(&after, '?'), false);
    if (out->database.n == 0)
        return wrong(err, "names no database");
    return read_parameters(a, after, out, err);
}

/* PostgreSQL. */

/* One value of "name = 'value with \\' in it' name=value", the quotes and backslashes undone. */
static struct str take_value(struct arena *a, struct str *text)
{
    char *to = arena_alloc(a, text->n + 1), *at = to;
    bool quoted = text->n > 0 && text->p[0] == '\'';
    size_t i = quoted;

    for (; i < text->n; i++) {
        char c = text->p[i];

        if (quoted ? c == '\'' : str_find_char(STR(" \t\r\n"), c) >= 0)
            break;
        if (c == '\\' && i + 1 < text->n)
            c = text->p[++i];
        *at++ = c;
    }
    *at = '\0';
    *text = str_skip(*text, i + 1);
    return str_make(to, (size_t)(at - to));
}

static void add_setting(struct arena *a, struct dsn_postgres *out, struct str name,
                        struct str value)
{
    out->settings[out->setting_count++] =
        (struct dsn_setting){.name = str_dup(a, name), .value = str_dup(a, value)};
}

/* Appends `part` to the DSN behind `between`. */
static void keep(struct sb *dsn, struct str between, struct str part)
{
    sb_add(dsn, between);
    sb_add(dsn, part);
}

static void read_postgres_url(struct arena *a, struct str url, bool (*known)(struct str name),
                              struct sb *dsn, struct dsn_postgres *out)
{
    struct str query = url;
    bool first = true;

    sb_add(dsn, str_cut(&query, '?'));
    STR_SPLIT_EACH (pair, query, '&') {
        struct str value = pair, name = url_decode(a, str_cut(&value, '='), false);

        if (!known(name) && value.p) {
            add_setting(a, out, name, url_decode(a, value, false));
            continue;
        }
        keep(dsn, first ? STR("?") : STR("&"), pair);
        first = false;
    }
}

static void read_postgres_words(struct arena *a, struct str text, bool (*known)(struct str name),
                                struct sb *dsn, struct dsn_postgres *out)
{
    while (text.n > 0) {
        const char *begin = text.p;
        struct str name = str_trim(str_cut(&text, '=')), value, whole;

        if (!text.p) { /* no '=' any more */
            keep(dsn, STR(" "), name);
            return;
        }
        text = str_trim(text);
        value = take_value(a, &text);
        whole = str_trim(str_make(begin, (size_t)(text.p - begin)));
        if (known(name))
            keep(dsn, STR(" "), whole);
        else
            add_setting(a, out, name, value);
    }
}

void dsn_read_postgres(struct arena *a, struct str dsn, bool (*known)(struct str name),
                       struct dsn_postgres *out)
{
    CLEANUP(sb_finip) struct sb kept;

    dsn = str_trim(dsn);
    sb_init(&kept, dsn.n * 2 + 2);
    /* There is a '=' in each. */
    *out = (struct dsn_postgres){.settings = arena_new_array(a, struct dsn_setting, dsn.n)};
    if (is_postgres_url(dsn))
        read_postgres_url(a, dsn, known, &kept, out);
    else
        read_postgres_words(a, dsn, known, &kept, out);
    out->libpq = str_dup(a, sb_str(&kept));
}

/* For people. */

static struct str describe_mysql(struct arena *a, struct str dsn)
{
    struct dsn_mysql m;
    struct err ignored;

    if (dsn_read_mysql(a, dsn, &m, &ignored) != ERR_OK)
        return STR("MySQL");
    if (m.socket.n > 0)
        return arena_fmt(a, "MySQL at %.*s/%.*s", STR_ARG(m.socket), STR_ARG(m.database));
    return arena_fmt(a, "MySQL at %.*s:%u/%.*s", STR_ARG(m.host), m.port, STR_ARG(m.database));
}

static struct str describe_postgres(struct arena *a, struct str host, struct str port,
                                    struct str database)
{
    if (host.n == 0)
        host = STR("localhost");
    if (database.n == 0)
        return arena_fmt(a, "PostgreSQL at %.*s%s%.*s", STR_ARG(host), port.n ? ":" : "",
                         STR_ARG(port));
    return arena_fmt(a, "PostgreSQL at %.*s%s%.*s/%.*s", STR_ARG(host), port.n ? ":" : "",
                     STR_ARG(port), STR_ARG(database));
}

/* postgres://user:pass@host:port/db?host=...: the host part may list several, and parameters win
 * over it. */
static struct str describe_postgres_url(struct arena *a, struct str url)
{
    struct str query = str_skip(url, (size_t)str_find(url, STR("://")) + 3), place, database, other;
    struct str rest;
    ptrdiff_t at;

    rest = str_cut(&query, '?');
    place = str_cut(&rest, '/');
    at = str_rfind_char(place, '@');
    place = str_skip(place, (size_t)(at + 1));
    database = url_decode(a, rest, false);
    if (url_query_get(a, query, STR("dbname"), &other))
        database = other;
    if (url_query_get(a, query, STR("host"), &other))
        place = other;
    return describe_postgres(a, url_decode(a, place, false), STR_NULL, database);
}

static struct str describe_postgres_words(struct arena *a, struct str text)
{
    struct str host = STR_NULL, port = STR_NULL, database = STR_NULL;

    while (text.n > 0) {
        struct str name = str_trim(str_cut(&text, '=')), value;

        text = str_trim(text);
        value = take_value(a, &text);
        if (str_eq(name, STR("host")) || (str_eq(name, STR("hostaddr")) && host.n == 0))
            host = value;
        else if (str_eq(name, STR("port")))
            port = value;
        else if (str_eq(name, STR("dbname")))
            database = value;
    }
    return describe_postgres(a, host, port, database);
}

struct str dsn_describe(struct arena *a, struct str dsn)
{
    dsn = str_trim(dsn);
    switch (dsn_kind(dsn)) {
    case DB_SQLITE:
        break;
    case DB_MYSQL:
        return describe_mysql(a, dsn);
    case DB_POSTGRES:
        return is_postgres_url(dsn) ? describe_postgres_url(a, dsn)
                                    : describe_postgres_words(a, dsn);
    }
    return STR("SQLite");
}

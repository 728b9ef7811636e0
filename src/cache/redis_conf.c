#include "cache/redis_conf.h"

#include "base/text.h"

enum { PORT_SERVER = 6379, PORT_SENTINEL = 26379, DB_MAX = 65535 };

/* One address as it is written. */
struct piece {
    bool has_scheme, tls, has_db;
    int64_t db;
    struct redis_address address;
};

static enum err_code wrong(struct err *err, const char *what)
{
    return err_set(err, ERR_BAD_REQUEST, "REDIS_CONN_STRING: %s", what);
}

/* Takes the scheme off; a text without one is an address alone. */
static enum err_code read_scheme(struct str *text, struct piece *out, struct err *err)
{
    ptrdiff_t at = str_find(*text, STR("://"));
    struct str scheme;

    if (at < 0)
        return ERR_OK;
    scheme = str_sub(*text, 0, (size_t)at);
    *text = str_skip(*text, (size_t)at + 3);
    out->has_scheme = true;
    out->tls = str_eq_nocase(scheme, STR("rediss"));
    if (str_eq_nocase(scheme, STR("unix")))
        return wrong(err, "unix sockets cannot be used, redis:// and rediss:// can");
    if (!out->tls && !str_eq_nocase(scheme, STR("redis")))
        return wrong(err, "must begin with redis:// or rediss://");
    return ERR_OK;
}

static enum err_code set_db(struct str text, struct piece *out, struct err *err)
{
    if (!str_to_i64(text, &out->db) || out->db < 0 || out->db > DB_MAX)
        return wrong(err, "the database behind the address must be a number");
    out->has_db = true;
    return ERR_OK;
}

/* "/db?db=N", each part of which may be missing. Other parameters (time-outs, pools) are those of
 * another program. */
static enum err_code read_path(struct arena *a, struct str text, struct piece *out, struct err *err)
{
    struct str path = str_cut(&text, '?'), db;

    if (path.n > 1 && set_db(str_skip(path, 1), out, err) != ERR_OK)
        return err->code;
    if (text.p && url_query_get(a, text, STR("db"), &db))
        return set_db(db, out, err);
    return ERR_OK;
}

static void read_login(struct arena *a, struct str text, struct redis_login *out)
{
    struct str user = str_cut(&text, ':');

    out->user = url_decode(a, user, false);
    if (text.p)
        out->password = secret_make(url_decode(a, text, false));
}

/* "host", "host:port", "[v6]:port". */
static enum err_code read_host(struct str text, struct redis_address *out, struct err *err)
{
    uint64_t port = 0;
    struct str rest;

    if (str_starts(text, STR("["))) {
        rest = str_skip(text, 1);
        out->host = str_cut(&rest, ']');
        if (!rest.p || (rest.n > 0 && *rest.p != ':'))
            return wrong(err, "an address with '[' needs ']' before its port");
    } else {
        ptrdiff_t colon = str_find_char(text, ':');

        out->host = colon < 0 ? text : str_sub(text, 0, (size_t)colon);
        rest = str_skip(text, out->host.n);
    }
    if (out->host.n == 0)
        return wrong(err, "an address has no host");
    if (rest.n == 0)
        return ERR_OK;
    if (!str_to_u64(str_skip(rest, 1), &port) || port == 0 || port > UINT16_MAX)
        return wrong(err, "a port must be a number from 1 to 65535");
    out->port = (uint16_t)port;
    return ERR_OK;
}

static enum err_code read_piece(struct arena *a, struct str text, struct piece *out,
                                struct err *err)
{
    ptrdiff_t at;
    size_t end = 0;

    *out = (struct piece){0};
    if (read_scheme(&text, out, err) != ERR_OK)
        return err->code;
    at = str_rfind_char(text, '@');
    if (at >= 0) {
        read_login(a, str_sub(text, 0, (size_t)at), &out->address.login);
        text = str_skip(text, (size_t)at + 1);
    }
    while (end < text.n && text.p[end] != '/' && text.p[end] != '?')
        end++;
    if (read_host(str_sub(text, 0, end), &out->address, err) != ERR_OK)
        return err->code;
    return read_path(a, str_skip(text, end), out, err);
}

static bool has_scheme(struct str s)
{
    return str_has(s, STR("://"));
}

/* The next address of the list. In "redis://:p,a,ss@host" the commas are none between addresses: an
 * '@' comes before the next scheme. */
static struct str next_piece(struct str *rest)
{
    struct str all = *rest, piece = str_cut(rest, ','), after = *rest;

    if (!has_scheme(piece) || str_find_char(piece, '@') >= 0)
        return str_trim(piece);
    while (after.p) {
        struct str next = str_cut(&after, ',');

        if (has_scheme(next))
            break;
        if (str_find_char(next, '@') >= 0) {
            *rest = after;
            return str_trim(str_sub(all, 0, (size_t)(next.p + next.n - all.p)));
        }
    }
    return str_trim(piece);
}

static bool login_empty(const struct redis_login *l)
{
    return l->user.n == 0 && secret_empty(l->password);
}

/* What is true of all addresses: said once, or by each in the same way. */
static enum err_code join(struct redis_conf *conf, const struct piece *p, bool *has_db,
                          struct err *err)
{
    if (conf->count == 0)
        conf->tls = p->tls;
    else if (p->has_scheme && p->tls != conf->tls)
        return wrong(err, "addresses with and without TLS are mixed");
    if (p->has_db && *has_db && p->db != conf->db)
        return wrong(err, "the addresses name different databases");
    if (p->has_db)
        conf->db = p->db;
    *has_db = *has_db || p->has_db;
    if (conf->count == REDIS_ADDRESSES_MAX)
        return wrong(err, "there are more than 16 addresses");
    conf->addresses[conf->count++] = p->address;
    return ERR_OK;
}

/* Who has no login of its own takes the first that is there; REDIS_PASSWORD is for the servers. */
static void share_logins(struct redis_conf *conf, struct secret password)
{
    struct redis_login first = {0};

    for (size_t i = conf->count; i-- > 0;)
        if (!login_empty(&conf->addresses[i].login))
            first = conf->addresses[i].login;
    for (size_t i = 0; i < conf->count; i++) {
        struct redis_address *at = &conf->addresses[i];

        if (login_empty(&at->login))
            at->login = first;
        if (!secret_empty(password) && conf->master_name.n == 0)
            at->login.password = password;
        if (at->port == 0)
            at->port = conf->master_name.n > 0 ? PORT_SENTINEL : PORT_SERVER;
    }
    conf->login = first;
    if (!secret_empty(password))
        conf->login.password = password;
}

enum err_code redis_conf_read(struct arena *a, struct str conn_string, struct secret password,
                              struct str master_name, struct redis_conf *out, struct err *err)
{
    struct str rest = str_trim(conn_string);
    bool has_db = false;
    struct err local;

    err = err ? err : &local;
    *out = (struct redis_conf){.master_name = str_trim(master_name)};
    while (rest.n > 0) {
        struct str text = next_piece(&rest);
        struct piece piece;

        if (text.n == 0)
            continue;
        if (read_piece(a, text, &piece, err) != ERR_OK || join(out, &piece, &has_db, err) != ERR_OK)
            return err->code;
    }
    if (out->count == 0)
        return wrong(err, "there is no address in it");
    share_logins(out, password);
    return ERR_OK;
}

#include "cache/redis_hello.h"

#include <stdio.h>

enum { ERROR_SHOWN_MAX = 120 };

struct str redis_error_kind(const struct redis_value *v)
{
    struct str rest = v->s;

    return str_cut(&rest, ' ');
}

struct str redis_error_text(const struct redis_value *v)
{
    static const struct str marks[] = {STR_INIT(", with args"), STR_INIT(", script:"),
                                       STR_INIT(" script: ")};
    struct str text = v->s;

    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        ptrdiff_t at = str_find(text, marks[i]);

        if (at >= 0)
            text = str_sub(text, 0, (size_t)at);
    }
    return str_sub(text, 0, ERROR_SHOWN_MAX);
}

static bool is_error(const struct redis_value *v, const char *kind)
{
    return v->kind == REDIS_ERROR && str_eq(redis_error_kind(v), str_from(kind));
}

static void add_step(struct redis_hello *h, enum redis_hello_step step)
{
    h->steps[h->count++] = step;
}

/* "default" is who one is without a name, and servers before version 6 know no names. */
static void add_login(const struct redis_login *login, struct sb *out)
{
    struct str argv[3] = {STR("AUTH")};
    size_t n = 1;

    if (login->user.n > 0 && !str_eq(login->user, STR("default")))
        argv[n++] = login->user;
    argv[n++] = secret_reveal(login->password);
    redis_add_command(out, argv, n);
}

void redis_hello_server(struct redis_hello *h, const struct redis_login *login, int64_t db,
                        struct sb *out)
{
    char number[24];
    struct str select[2] = {STR("SELECT")};

    *h = (struct redis_hello){0};
    if (!secret_empty(login->password)) {
        add_step(h, REDIS_HELLO_LOGIN);
        add_login(login, out);
    }
    if (db != 0) {
        add_step(h, REDIS_HELLO_DB);
        select[1] = str_make(number, (size_t)snprintf(number, sizeof number, "%" PRId64, db));
        redis_add_command(out, select, 2);
    }
    add_step(h, REDIS_HELLO_ROLE);
    redis_add_command(out, &STR("ROLE"), 1);
    add_step(h, REDIS_HELLO_READY);
    redis_add_command(out, &STR("PING"), 1);
}

void redis_hello_sentinel(struct redis_hello *h, const struct redis_login *login,
                          struct str master_name, struct sb *out)
{
    const struct str ask[3] = {STR("SENTINEL"), STR("get-master-addr-by-name"), master_name};

    *h = (struct redis_hello){0};
    if (!secret_empty(login->password)) {
        add_step(h, REDIS_HELLO_SENTINEL_LOGIN);
        add_login(login, out);
    }
    add_step(h, REDIS_HELLO_MASTER);
    redis_add_command(out, ask, 3);
}

static bool refuse(struct err *err, const char *what, const struct redis_value *v)
{
    struct str text = v->kind == REDIS_ERROR ? redis_error_text(v) : STR("an unexpected reply");

    err_set(err, ERR_UNAVAILABLE, "%s: %.*s", what, STR_ARG(text));
    return false;
}

/* What can be wrong wherever we are. */
static bool admitted(const struct redis_value *v, struct err *err)
{
    if (is_error(v, "NOAUTH"))
        return refuse(err, "the server asks for a password", v);
    if (is_error(v, "DENIED"))
        return refuse(err, "the server is in protected mode", v);
    return true;
}

/* Who may not ask ROLE, or asks a proxy that does not know it, is told READONLY later if it is a
 * replica. */
static bool check_role(const struct redis_value *v, struct err *err)
{
    if (v->kind == REDIS_ERROR)
        return true;
    if (v->kind != REDIS_ARRAY || v->count == 0)
        return refuse(err, "ROLE", v);
    if (redis_value_is(&v->items[0], STR("master")))
        return true;
    if (redis_value_is(&v->items[0], STR("sentinel")))
        err_set(err, ERR_UNAVAILABLE, "this is a Sentinel: REDIS_MASTER_NAME must be set");
    else
        err_set(err, ERR_UNAVAILABLE, "the server is a replica, which takes no writes");
    return false;
}

static bool take_master(struct redis_hello *h, const struct redis_value *v, struct err *err)
{
    uint64_t port = 0;

    if (v->kind == REDIS_NIL) {
        err_set(err, ERR_UNAVAILABLE, "the Sentinel knows no master of that REDIS_MASTER_NAME");
        return false;
    }
    if (v->kind != REDIS_ARRAY || v->count != 2 || v->items[0].kind != REDIS_STRING ||
        v->items[0].s.n == 0 || v->items[0].s.n >= sizeof h->host ||
        !str_to_u64(v->items[1].s, &port) || port == 0 || port > UINT16_MAX)
        return refuse(err, "the Sentinel names no master", v);
    memcpy(h->host, v->items[0].s.p, v->items[0].s.n);
    h->host[v->items[0].s.n] = '\0';
    h->port = (uint16_t)port;
    return true;
}

static bool step(struct redis_hello *h, const struct redis_value *v, struct err *err)
{
    switch (h->steps[h->at]) {
    case REDIS_HELLO_LOGIN:
        return v->kind != REDIS_ERROR || refuse(err, "the server refuses the login", v);
    case REDIS_HELLO_SENTINEL_LOGIN:
        return true; /* most Sentinels have no password; one that has says NOAUTH next */
    case REDIS_HELLO_DB:
        return v->kind != REDIS_ERROR || refuse(err, "the server refuses the database", v);
    case REDIS_HELLO_ROLE:
        return check_role(v, err);
    case REDIS_HELLO_READY:
        return redis_value_is(v, STR("PONG")) || refuse(err, "the server is not ready", v);
    case REDIS_HELLO_MASTER:
        return take_master(h, v, err);
    }
    return false;
}

enum redis_hello_result redis_hello_reply(struct redis_hello *h, const struct redis_value *v,
                                          struct err *err)
{
    assert(h->at < h->count);
    if (!admitted(v, err) || !step(h, v, err))
        return REDIS_HELLO_FAIL;
    return ++h->at == h->count ? REDIS_HELLO_DONE : REDIS_HELLO_MORE;
}

#include "store/db_pg_conn.h"

#include <inttypes.h>
#include <libpq-fe.h>

#include "store/db_pg_error.h"
#include "store/db_version.h"

/* Errors. */

struct str db_pg_state(const PGresult *result)
{
    return str_from(PQresultErrorField(result, PG_DIAG_SQLSTATE));
}

/* There is no server at the other end, or none that goes on with us: `what` it does. */
static enum err_code away(struct postgres_conn *c, const char *what, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct str text;

    arena_init(&a, 0);
    c->pool.broken = true;
    text = pg_first_line(&a, str_from(PQerrorMessage(c->handle)), false);
    return err_set(err, ERR_UNAVAILABLE, "%.*s %s: %.*s", STR_ARG(c->db->where), what,
                   STR_ARG(text));
}

enum err_code(db_pg_lost)(struct postgres_conn *c, struct err *err)
{
    return away(c, "does not answer", err);
}

static enum err_code result_error(struct postgres_conn *c, const PGresult *result, struct err *err)
{
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const struct pg_failure f = {db_pg_state(result), str_from(text), c->db->where,
                                 c->db->statement_timeout_ms, c->db->lock_timeout_ms};

    if (PQstatus(c->handle) != CONNECTION_OK || !text)
        return db_pg_lost(c, err);
    if (pg_is_lost(f.state))
        c->pool.broken = true;
    if (pg_is_giving_way(f.state))
        c->pool.base.gave_way = true;
    return pg_failed(&f, err);
}

enum err_code db_pg_check(struct postgres_conn *c, PGresult *result, struct err *err)
{
    ExecStatusType status = PQresultStatus(result); /* of NULL: PGRES_FATAL_ERROR */
    enum err_code rc;

    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
        return ERR_OK;
    rc = result_error(c, result, err);
    PQclear(result);
    return rc;
}

enum err_code db_pg_run(struct postgres_conn *c, const char *sql, struct err *err)
{
    PGresult *result = PQexec(c->handle, sql);

    TRY(db_pg_check(c, result, err));
    PQclear(result);
    return ERR_OK;
}

/* What the DSN says. */

/* Is it a parameter of libpq, or one that only Go's driver and the server know? */
static bool libpq_knows(struct str name)
{
    PQconninfoOption *all = PQconndefaults();
    bool known = false;

    for (const PQconninfoOption *o = all; o && o->keyword && !known; o++)
        known = str_eq(name, str_from(o->keyword));
    PQconninfoFree(all);
    return known;
}

static bool is_set(const PQconninfoOption *all, const char *name)
{
    for (const PQconninfoOption *o = all; o->keyword; o++)
        if (o->val && str_eq(str_from(o->keyword), str_from(name)))
            return true;
    return false;
}

static void add_option(struct postgres_db *db, size_t *n, const char *name, const char *value)
{
    db->names[*n] = name;
    db->settings[(*n)++] = str_dup(&db->arena, str_from(value)).p;
}

/* The DSN's, and ours where it is silent: a server that is gone is noticed within half a minute. */
static void add_options(struct postgres_db *db, const PQconninfoOption *all)
{
    static const char *const ours[][2] = {
        {"fallback_application_name", "yourapi"},
        {"connect_timeout", "5"},
        {"keepalives_idle", "15"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "30000"},
    };
    size_t n = 0, room = ARRAY_LEN(ours) + 2;

    for (const PQconninfoOption *o = all; o->keyword; o++)
        room++;
    db->names = arena_new_array(&db->arena, const char *, room);
    db->settings = arena_new_array(&db->arena, const char *, room);
    for (const PQconninfoOption *o = all; o->keyword; o++)
        if (o->val && !str_eq(str_from(o->keyword), STR("client_encoding")))
            add_option(db, &n, str_dup(&db->arena, str_from(o->keyword)).p, o->val);
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (!is_set(all, ours[i][0]))
            add_option(db, &n, ours[i][0], ours[i][1]);
    add_option(db, &n, "client_encoding", "UTF8");
}

enum err_code db_pg_read_dsn(struct postgres_db *db, struct str dsn, struct err *err)
{
    PQconninfoOption *all;
    char *why = NULL;
    struct str text;

    dsn_read_postgres(&db->arena, dsn, libpq_knows, &db->dsn);
    all = PQconninfoParse(db->dsn.libpq.p, &why);
    if (!all) {
        text = pg_first_line(&db->arena, str_from(why ? why : "out of memory"), true);
        PQfreemem(why);
        return err_set(err, ERR_BAD_REQUEST, "the PostgreSQL DSN cannot be read: %.*s",
                       STR_ARG(text));
    }
    add_options(db, all);
    PQconninfoFree(all);
    return ERR_OK;
}

/* Login. */

/* What the server wants to remark ("table is there already") is of no use in a log. */
static void ignore_notice(void *ctx UNUSED, const PGresult *result UNUSED)
{
}

/* Settings that the DSN brings for the server (search_path=..., as Go's driver passes them on); one
 * that it does not know belongs to that driver itself. */
static enum err_code apply_setting(struct postgres_conn *c, const struct dsn_setting *s,
                                   struct err *err)
{
    const char *const values[] = {s->name.p, s->value.p};
    PGresult *result =
        PQexecParams(c->handle, "SELECT set_config($1, $2, false)", 2, NULL, values, NULL, NULL, 0);

    if (pg_is_unknown_setting(db_pg_state(result))) {
        PQclear(result);
        return ERR_OK;
    }
    TRY(db_pg_check(c, result, err));
    PQclear(result);
    return ERR_OK;
}

static enum err_code set_up(struct postgres_conn *c, struct err *err)
{
    char sql[400];

    TRY(db_version_check_postgres(PQserverVersion(c->handle), c->db->where, err));
    for (size_t i = 0; i < c->db->dsn.setting_count; i++)
        TRY(apply_setting(c, &c->db->dsn.settings[i], err));
    /* Behind the DSN's own, because the cells are read by these. */
    snprintf(sql, sizeof sql,
             "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET bytea_output = 'hex';"
             " SET standard_conforming_strings = on; SET extra_float_digits = 3;"
             " SET statement_timeout = %" PRId64 "; SET lock_timeout = %" PRId64,
             c->db->statement_timeout_ms, c->db->lock_timeout_ms);
    return db_pg_run(c, sql, err);
}

enum err_code db_pg_connect(struct postgres_conn *c, struct err *err)
{
    c->handle = PQconnectdbParams(c->db->names, c->db->settings, 0);
    if (PQstatus(c->handle) != CONNECTION_OK)
        return away(c, "cannot be reached", err);
    PQsetNoticeReceiver(c->handle, ignore_notice, NULL);
    c->pool.socket = PQsocket(c->handle);
    return set_up(c, err);
}

void db_pg_disconnect(struct postgres_conn *c)
{
    PQfinish(c->handle);
    c->handle = NULL;
}

bool db_pg_alive(struct postgres_conn *c)
{
    PGresult *result = PQexec(c->handle, "");
    bool alive = PQresultStatus(result) == PGRES_EMPTY_QUERY;

    PQclear(result);
    return alive;
}

bool db_pg_answers(const struct postgres_db *db, struct err *err)
{
    switch (PQpingParams(db->names, db->settings, 0)) {
    case PQPING_OK: /* which it is also for a login that is refused */
        return true;
    case PQPING_REJECT:
        (void)err_set(err, ERR_UNAVAILABLE, "%.*s is starting or shutting down",
                      STR_ARG(db->where));
        return false;
    case PQPING_NO_RESPONSE:
    case PQPING_NO_ATTEMPT:
        break;
    }
    (void)err_set(err, ERR_UNAVAILABLE, "%.*s cannot be reached, or says nothing",
                  STR_ARG(db->where));
    return false;
}

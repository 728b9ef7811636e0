#include "store/db_mysql_conn.h"

#include <errno.h>
#include <mysql.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sb.h"
#include "store/db_mysql_error.h"
#include "store/db_version.h"

enum {
    CONNECT_MS = 5000,
    ANSWER_MS = 5000,       /* for the way there and back, on top of the statement's time */
    TABLE_LOCK_WAIT_S = 60, /* for tables (DDL); the server's own default is a day or a year */
    SQL_LIMIT = 4096,
    LOST_AT_LOGIN = 2013, /* the library's "connection lost", also for a greeting that never came */
};

/* Errors. */

enum err_code(db_mysql_failed)(struct mysql_conn *c, struct err *err)
{
    const struct mysql_failure f = {mysql_errno(c->handle), mysql_sqlstate(c->handle),
                                    mysql_error(c->handle)};

    c->pool.base.gave_way = c->pool.base.gave_way || mysql_is_deadlock(f.number);
    return err_failure(mysql_failed(&f, &c->pool.broken, err));
}

/* Statements as text. */

int64_t db_mysql_wait_ms(const struct mysql_db *db)
{
    int64_t said = db->dsn.read_timeout_ms;

    return said > 0 ? said : db->statement_ms + ANSWER_MS;
}

/* Waits until the server's answer begins to come in. */
static bool wait_for_answer(const struct mysql_conn *c, int64_t wait_ms)
{
    const uint64_t until = clock_mono_ms() + (uint64_t)(wait_ms > 0 ? wait_ms : 0);
    struct pollfd fd = {.fd = c->pool.socket, .events = POLLIN};

    for (;;) {
        uint64_t now = clock_mono_ms();
        int64_t left = wait_ms < 0 ? -1 : now < until ? (int64_t)(until - now) : 0;
        int rc = poll(&fd, 1, (int)left);

        if (rc != 0 && (rc > 0 || errno != EINTR))
            return true; /* also an error, which reading will meet */
        if (rc == 0)
            return false;
    }
}

enum err_code db_mysql_run(struct mysql_conn *c, struct str sql, int64_t wait_ms, struct err *err)
{
    MYSQL_RES *rows;

    if (mysql_send_query(c->handle, sql.p, (unsigned long)sql.n) != 0)
        return db_mysql_failed(c, err);
    if (!wait_for_answer(c, wait_ms)) {
        c->pool.broken = true;
        return err_set(err, ERR_UNAVAILABLE, "the server did not answer for %lld ms",
                       (long long)wait_ms);
    }
    if (mysql_read_query_result(c->handle) != 0)
        return db_mysql_failed(c, err);
    if (mysql_field_count(c->handle) == 0)
        return ERR_OK;
    rows = mysql_store_result(c->handle);
    if (!rows)
        return db_mysql_failed(c, err);
    mysql_free_result(rows);
    return ERR_OK;
}

/* Connecting. */

static void begin_library(void)
{
    mysql_library_init(0, NULL, NULL);
}

static unsigned seconds(int64_t ms)
{
    return (unsigned)((ms + 999) / 1000);
}

static void set_flag(MYSQL *handle, enum mysql_option option, bool on)
{
    const my_bool value = on;

    mysql_optionsv(handle, option, &value);
}

static void set_seconds(MYSQL *handle, enum mysql_option option, int64_t ms)
{
    const unsigned value = seconds(ms);

    mysql_optionsv(handle, option, &value);
}

/* tls=true checks the certificate against the system's authorities and its name against the host;
 * skip-verify insists on TLS; preferred takes it when the server offers it. */
static void set_tls(MYSQL *handle, const struct dsn_mysql *dsn)
{
    set_flag(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, dsn->tls && dsn->tls_verify);
    set_flag(handle, MYSQL_OPT_SSL_ENFORCE, dsn->tls); /* it takes this for "if there is one" */
}

static enum err_code check_tls(const struct mysql_conn *c, struct err *err)
{
    const struct dsn_mysql *dsn = &c->db->dsn;

    if (!dsn->tls || dsn->tls_optional || mysql_get_ssl_cipher(c->handle))
        return ERR_OK;
    return err_set(err, ERR_DB, "the server offers no TLS, which the DSN asks for");
}

static void set_options(MYSQL *handle, const struct mysql_db *db)
{
    const struct dsn_mysql *dsn = &db->dsn;
    const int64_t wait_ms = db_mysql_wait_ms(db);
    const unsigned no = 0, tcp = MYSQL_PROTOCOL_TCP;

    if (dsn->host.n > 0) /* the library takes "localhost" for a socket of its own choice */
        mysql_optionsv(handle, MYSQL_OPT_PROTOCOL, &tcp);
    set_seconds(handle, MYSQL_OPT_CONNECT_TIMEOUT,
                dsn->connect_timeout_ms > 0 ? dsn->connect_timeout_ms : CONNECT_MS);
    set_seconds(handle, MYSQL_OPT_READ_TIMEOUT, wait_ms);
    set_seconds(handle, MYSQL_OPT_WRITE_TIMEOUT,
                dsn->write_timeout_ms > 0 ? dsn->write_timeout_ms : wait_ms);
    /* Texts are UTF-8 here, whatever charset= a DSN of old names. */
    mysql_optionsv(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_optionsv(handle, MYSQL_OPT_LOCAL_INFILE, &no); /* a server could ask for our files */
    mysql_optionsv(handle, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "yourapi");
    set_tls(handle, dsn);
}

/* A C string of the arena; NULL for an empty slice. */
static const char *c_text(struct arena *a, struct str text)
{
    return text.n > 0 ? str_dup(a, text).p : NULL;
}

static bool log_in(MYSQL *handle, const struct dsn_mysql *dsn)
{
    CLEANUP(arena_finip) struct arena a;
    bool done;

    arena_init(&a, 0);
    done = mysql_real_connect(handle, c_text(&a, dsn->host), c_text(&a, dsn->user),
                              c_text(&a, secret_reveal(dsn->password)), c_text(&a, dsn->database),
                              dsn->port, c_text(&a, dsn->socket), CLIENT_FOUND_ROWS) != NULL;
    return done;
}

static enum err_code login_failed(MYSQL *handle, struct err *err)
{
    const struct mysql_failure f = {mysql_errno(handle), mysql_sqlstate(handle),
                                    mysql_error(handle)};
    bool broken;

    if (f.number == LOST_AT_LOGIN)
        return err_set(err, ERR_UNAVAILABLE,
                       "the server was reached, but does not answer (it hangs, or is overloaded)");
    return mysql_failed(&f, &broken, err);
}

static bool is_mariadb(const struct mysql_conn *c)
{
    return mariadb_connection(c->handle) != 0;
}

/*
 * What the configuration of a server could have changed:
 *   sql_mode      a text that is too long is an error, never cut; 0 is an id like any other (rows
 *                 are copied with theirs); a backslash is a character like any other and || joins
 *                 texts, as in the other databases
 *   time_zone     UTC
 *   isolation     a statement sees what was committed before it: a balance is read again until it
 *                 stays the same, and rows that are only looked at are not locked
 *   time-outs     a lock is given up before the statement is, a statement before its reader is
 */
static enum err_code set_up(struct mysql_conn *c, struct err *err)
{
    const struct mysql_db *db = c->db;
    CLEANUP(sb_finip) struct sb sql;

    sb_init(&sql, SQL_LIMIT);
    sb_fmt(&sql,
           "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,"
           "NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT', time_zone = '+00:00', autocommit = 1,"
           " innodb_lock_wait_timeout = %u, lock_wait_timeout = %d",
           seconds(db->lock_ms), TABLE_LOCK_WAIT_S);
    if (is_mariadb(c))
        sb_fmt(&sql, ", max_statement_time = %.3f", (double)db->statement_ms / 1000);
    else
        sb_fmt(&sql, ", max_execution_time = %lld", (long long)db->statement_ms);
    TRY(db_mysql_run(c, sb_str(&sql), ANSWER_MS, err));
    if (db->by_statement_log)
        return ERR_OK;
    return db_mysql_run(c,
                        STR("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE"),
                        ANSWER_MS, err);
}

enum err_code db_mysql_connect(struct mysql_conn *c, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    enum err_code rc;

    pthread_once(&once, begin_library);
    c->handle = mysql_init(NULL);
    if (!c->handle)
        return err_set(err, ERR_INTERNAL, "the MySQL library does not begin");
    set_options(c->handle, c->db);
    c->pool.broken = false;
    rc = log_in(c->handle, &c->db->dsn) ? ERR_OK : login_failed(c->handle, err);
    c->pool.socket = rc == ERR_OK ? (int)mysql_get_socket(c->handle) : -1;
    if (rc == ERR_OK)
        rc = check_tls(c, err);
    if (rc == ERR_OK)
        rc = set_up(c, err);
    if (rc != ERR_OK) {
        db_mysql_disconnect(c);
        return err_wrap(err, "%s", c->db->where);
    }
    return ERR_OK;
}

bool db_mysql_answers(const struct mysql_db *db, struct err *err)
{
    MYSQL *handle = mysql_init(NULL);
    bool up;

    assert(handle); /* NULL: out of memory */
    set_options(handle, db);
    /* A refusal is an answer, too. */
    up = log_in(handle, &db->dsn) || !mysql_is_silence(mysql_errno(handle));
    if (!up && login_failed(handle, err) != ERR_OK)
        (void)err_wrap(err, "%s", db->where);
    mysql_close(handle);
    return up;
}

void db_mysql_disconnect(struct mysql_conn *c)
{
    if (c->handle)
        mysql_close(c->handle);
    c->handle = NULL;
    c->pool.socket = -1;
}

/* Checks. */

/* The variables by name, because a server refuses a statement that asks for one that it does not
 * have. */
#define VARIABLES                                                                                  \
    "SHOW VARIABLES WHERE Variable_name IN ('max_allowed_packet', 'log_bin', 'binlog_format',"     \
    " 'read_only', 'super_read_only', 'innodb_read_only', 'character_set_database')"

struct variables {
    int64_t packet_bytes;
    bool log, by_statement, innodb_read_only;
    char charset[64];
};

static bool is_on(struct str value)
{
    return str_eq_nocase(value, STR("ON")) || str_eq(value, STR("1"));
}

static void note_variable(struct variables *v, struct str name, struct str value)
{
    if (str_eq(name, STR("max_allowed_packet")) && str_to_i64(value, &v->packet_bytes))
        return;
    if (str_eq(name, STR("log_bin")))
        v->log = is_on(value);
    else if (str_eq(name, STR("binlog_format")))
        v->by_statement = str_eq_nocase(value, STR("STATEMENT"));
    else if (str_eq(name, STR("innodb_read_only")))
        v->innodb_read_only = is_on(value);
    else if (str_eq(name, STR("character_set_database")))
        snprintf(v->charset, sizeof v->charset, "%.*s", STR_ARG(value));
}

static enum err_code read_variables(struct mysql_conn *c, struct variables *v, struct err *err)
{
    MYSQL_RES *rows;
    MYSQL_ROW row;

    *v = (struct variables){0};
    if (mysql_real_query(c->handle, VARIABLES, sizeof VARIABLES - 1) != 0)
        return db_mysql_failed(c, err);
    rows = mysql_store_result(c->handle);
    if (!rows)
        return db_mysql_failed(c, err);
    while ((row = mysql_fetch_row(rows)))
        note_variable(v, str_from(row[0]), str_from(row[1]));
    mysql_free_result(rows);
    return ERR_OK;
}

/* The ones that the original takes and that hold Chinese; utf8mb4 alone holds everything. */
static enum err_code check_charset(const struct mysql_db *db, const char *charset, struct err *err)
{
    static const char *const enough[] = {"utf8mb4", "utf8", "utf8mb3", "gbk", "big5", "gb18030"};

    for (size_t i = 0; i < ARRAY_LEN(enough); i++) {
        if (!str_eq(str_from(charset), str_from(enough[i])))
            continue;
        if (i > 0)
            log_warn(NULL, "db.charset",
                     "charset=%s: texts with characters that it does not have will be refused; "
                     "utf8mb4 has them all",
                     charset);
        return ERR_OK;
    }
    return err_set(err, ERR_DB,
                   "the database's character set is %s, which cannot hold every text; run: ALTER "
                   "DATABASE `%.*s` CHARACTER SET utf8mb4",
                   charset, STR_ARG(db->dsn.database));
}

/* A server that is read-only refuses this of everybody whom it would refuse a change. */
static enum err_code check_writable(struct mysql_conn *c, const struct variables *v,
                                    struct err *err)
{
    enum err_code rc;

    if (v->innodb_read_only)
        return err_set(err, ERR_DB, "the server is read-only (innodb_read_only)");
    rc = db_mysql_run(c, STR("START TRANSACTION READ WRITE"), ANSWER_MS, err);
    if (rc != ERR_OK)
        return mysql_errno(c->handle) == 1290
                   ? err_set(err, ERR_DB, "the server is read-only (a replica?)")
                   : rc;
    return db_mysql_run(c, STR("ROLLBACK"), ANSWER_MS, err);
}

enum err_code db_mysql_check(struct mysql_conn *c, struct err *err)
{
    struct variables v;

    TRY(db_version_check_mysql(is_mariadb(c), mysql_get_server_version(c->handle),
                               mysql_get_server_info(c->handle), err));
    TRY(read_variables(c, &v, err));
    TRY(check_charset(c->db, v.charset, err));
    if (!c->db->read_only)
        TRY(check_writable(c, &v, err));
    c->db->packet_bytes = v.packet_bytes > 0 ? (size_t)v.packet_bytes : 0;
    c->db->by_statement_log = v.log && v.by_statement;
    return ERR_OK;
}

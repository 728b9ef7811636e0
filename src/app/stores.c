#include "app/stores.h"

#include "base/log.h"
#include "base/random.h"
#include "store/copy.h"
#include "store/dsn.h"
#include "store/migrate.h"
#include "store/repo_ledger.h"
#include "store/repo_meta.h"

/* Confs. */

static struct db_conf conf_of(const struct app_options *o, struct str dsn, struct str path)
{
    struct db_conf conf = {
        .dsn = dsn,
        .sqlite_path = path,
        .max_open_conns = o->sql_max_open_conns,
        .max_idle_conns = o->sql_max_idle_conns,
        .conn_lifetime_ms = o->sql_conn_lifetime_ms,
        .statement_timeout_ms = o->sql_statement_timeout_ms,
    };

    if (dsn_kind(dsn) == DB_SQLITE) /* servers have a time of their own */
        conf.busy_timeout_ms = o->sqlite_busy_timeout_ms;
    return conf;
}

static struct str main_path(struct arena *a, const struct app_options *o)
{
    return o->sqlite_path.n > 0 ? o->sqlite_path
                                : arena_fmt(a, "%.*s/one-api.db", STR_ARG(o->data_dir));
}

struct db_conf stores_main_conf(struct arena *a, const struct app_options *o)
{
    return conf_of(o, o->sql_dsn, main_path(a, o));
}

/* "local" is the file of the main database for the original, too. */
struct db_conf stores_log_conf(struct arena *a, const struct app_options *o)
{
    return conf_of(o, o->log_sql_dsn,
                   o->log_sqlite_path.n > 0 ? o->log_sqlite_path : main_path(a, o));
}

/* One database, or two? */

/* Two ways to say where SQLite's file is, or the same text. */
static bool same_conf(const struct db_conf *a, const struct db_conf *b)
{
    if (dsn_kind(a->dsn) != dsn_kind(b->dsn))
        return false;
    return dsn_kind(a->dsn) == DB_SQLITE ? str_eq(a->sqlite_path, b->sqlite_path)
                                         : str_eq(a->dsn, b->dsn);
}

bool stores_share(const struct app_options *o, const struct db_conf *main,
                  const struct db_conf *logs)
{
    return o->log_sql_dsn.n == 0 || same_conf(main, logs);
}

static enum err_code mark(struct db *db, struct str key, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    TRY(db_acquire(db, DB_WRITE, &c, err));
    return repo_meta_put(c, key, STR("1"), err);
}

static enum err_code has_mark(struct db *db, struct str key, bool *has, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct str value;

    arena_init(&a, 0);
    TRY(db_acquire(db, DB_READ, &c, err));
    TRY(repo_meta_find(c, &a, key, &value, err));
    *has = value.n > 0;
    return ERR_OK;
}

static enum err_code unmark(struct db *db, struct str key, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    TRY(db_acquire(db, DB_WRITE, &c, err));
    return repo_meta_delete(c, key, err);
}

/*
 * One database may be written in two ways (a host and its address, two paths of a file), and the
 * ledger would take what the one side has applied for what the other has: so the one is asked for
 * what was put into the other. A copy of a database has not got it.
 */
static enum err_code is_same(const struct stores *s, bool *same, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    enum err_code rc;
    struct str key;

    arena_init(&a, 0);
    *same = false;
    if (db_kind(s->db) != db_kind(s->log_db))
        return ERR_OK;
    key = arena_fmt(&a, "same_%.*s", STR_ARG(random_text(&a, 16)));
    TRY(mark(s->db, key, err));
    rc = has_mark(s->log_db, key, same, err);
    TRY(unmark(s->db, key, err));
    return rc;
}

/* Opening. Both are reached and looked at before either is changed. */

const char *stores_main_name(const struct app_options *o)
{
    return dsn_kind(o->sql_dsn) == DB_SQLITE ? "SQLITE_PATH" : "SQL_DSN";
}

/* Half a database looks like a whole one but for the mark that a copy leaves while it runs. */
static enum err_code connect(const struct db_conf *conf, struct db **out, struct err *err)
{
    TRY(db_open(conf, out, err));
    return copy_check_finished(*out, err);
}

static enum err_code connect_both(struct arena *a, const struct app_options *o, struct stores *s,
                                  struct err *err)
{
    const struct db_conf main = stores_main_conf(a, o), logs = stores_log_conf(a, o);

    if (connect(&main, &s->db, err) != ERR_OK)
        return err_wrap(err, "%s", stores_main_name(o));
    if (stores_share(o, &main, &logs)) {
        s->log_db = s->db;
        return ERR_OK;
    }
    if (connect(&logs, &s->log_db, err) != ERR_OK)
        return err_wrap(err, "LOG_SQL_DSN");
    return ERR_OK;
}

static enum err_code prepare(struct db *db, bool slave, enum migrate_part part, struct err *err)
{
    return slave ? migrate_check(db, part, err) : migrate_run(db, part, NULL, err);
}

/* An account that may only read is told here, and not by the first call that cannot be charged. A
 * file was tried when it was opened. */
static enum err_code try_writing(struct db *db, unsigned parts, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    if (db_kind(db) == DB_SQLITE)
        return ERR_OK;
    TRY(db_acquire(db, DB_WRITE, &c, err));
    return repo_ledger_try_writing(c, parts, err);
}

static enum err_code prepare_main(const struct app_options *o, struct stores *s, struct err *err)
{
    TRY(prepare(s->db, o->slave, MIGRATE_MAIN, err));
    return try_writing(s->db, s->log_db == s->db ? LEDGER_ACCOUNTS | LEDGER_LOGS : LEDGER_ACCOUNTS,
                       err);
}

static enum err_code prepare_logs(const struct app_options *o, struct stores *s, struct err *err)
{
    bool same;

    TRY(prepare(s->log_db, o->slave, MIGRATE_LOGS, err));
    TRY(try_writing(s->log_db, LEDGER_LOGS, err));
    TRY(is_same(s, &same, err));
    if (same) {
        db_close(s->log_db);
        s->log_db = s->db;
    }
    return ERR_OK;
}

static void log_places(struct arena *a, const struct app_options *o, const struct stores *s)
{
    struct str main = dsn_describe(a, o->sql_dsn),
               logs = s->log_db == s->db ? main : dsn_describe(a, o->log_sql_dsn);

    log_info(NULL, "databases", "main=\"%.*s\" logs=\"%.*s\"", STR_ARG(main), STR_ARG(logs));
}

static enum err_code open_both(struct arena *a, const struct app_options *o, struct stores *s,
                               struct err *err)
{
    TRY(connect_both(a, o, s, err));
    if (prepare_main(o, s, err) != ERR_OK)
        return err_wrap(err, "%s", stores_main_name(o));
    if (s->log_db != s->db && prepare_logs(o, s, err) != ERR_OK)
        return err_wrap(err, "LOG_SQL_DSN");
    log_places(a, o, s);
    return ERR_OK;
}

enum err_code stores_open(const struct app_options *options, struct stores *out, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    enum err_code rc;

    arena_init(&a, 0);
    *out = (struct stores){.db = NULL};
    rc = open_both(&a, options, out, err);
    if (rc != ERR_OK)
        stores_close(out);
    return rc;
}

void stores_close(struct stores *s)
{
    if (s->log_db != s->db)
        db_close(s->log_db);
    db_close(s->db);
    *s = (struct stores){.db = NULL};
}

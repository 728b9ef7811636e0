/*
 * yourapi migrate: brings the databases forward and ends, or says what that would do.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "app/command_rows.h"
#include "app/stores.h"
#include "store/dsn.h"
#include "store/migrate.h"

enum { SAID_LIMIT = 4 * 1024 * 1024 };

const struct conf_row command_migrate_flags[1] = {
    {.flag = "dry-run", .kind = CONF_BOOL, .help = "print what would be done, and change nothing"},
};

static enum err_code bring(const struct db_conf *conf, enum migrate_part part, struct sb *said,
                           struct err *err)
{
    struct db *db;
    enum err_code rc;

    TRY(db_open(conf, &db, err));
    rc = conf->read_only ? migrate_plan(db, part, said, err) : migrate_run(db, part, said, err);
    db_close(db);
    if (rc == ERR_OK && sb_failed(said))
        return err_set(err, ERR_INTERNAL, "there is too much to print");
    return rc;
}

/* One database: its name, and below it what was or would be done. */
static enum err_code bring_and_print(struct command_call const *call, struct db_conf conf,
                                     enum migrate_part part, struct err *err)
{
    CLEANUP(sb_finip) struct sb said;
    struct str where = conf.sqlite_path;
    bool dry = call->flags[0].b;

    if (dsn_kind(conf.dsn) != DB_SQLITE)
        where = dsn_describe(call->arena, conf.dsn);
    conf.read_only = dry;
    sb_init(&said, SAID_LIMIT);
    TRY(bring(&conf, part, &said, err));
    printf("-- %.*s%s: %s\n%.*s", STR_ARG(where), part == MIGRATE_LOGS ? " (logs)" : "",
           said.n == 0 ? "nothing to do"
           : dry       ? "this would be done"
                       : "this was done",
           STR_ARG(sb_str(&said)));
    return ERR_OK;
}

static enum err_code make_folder(struct str dir, struct err *err)
{
    if (mkdir(dir.p, 0700) == 0 || errno == EEXIST)
        return ERR_OK;
    return err_set(err, ERR_IO, "cannot make the data folder %.*s: %s", STR_ARG(dir),
                   strerror(errno));
}

static enum err_code migrate_all(const struct command_call *call, struct err *err)
{
    const struct app_options *o = call->options;
    struct db_conf main = stores_main_conf(call->arena, o), logs = stores_log_conf(call->arena, o);

    if (!call->flags[0].b)
        TRY(make_folder(o->data_dir, err));
    if (bring_and_print(call, main, MIGRATE_MAIN, err) != ERR_OK)
        return err_wrap(err, "%s", stores_main_name(o));
    if (stores_share(o, &main, &logs))
        return ERR_OK;
    if (bring_and_print(call, logs, MIGRATE_LOGS, err) != ERR_OK)
        return err_wrap(err, "LOG_SQL_DSN");
    return ERR_OK;
}

int command_migrate(const struct command_call *call)
{
    struct err err = {0};

    if (migrate_all(call, &err) != ERR_OK)
        return command_fail(&err);
    return COMMAND_DONE;
}

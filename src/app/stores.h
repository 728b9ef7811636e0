/*
 * stores - the databases of the program: the main one (SQL_DSN) and the one of the logs
 * (LOG_SQL_DSN), which is the same unless told otherwise.
 */
#pragma once
#include "app/options.h"
#include "store/db.h"

struct stores {
    struct db *db;
    struct db *log_db; /* the same pointer where logs have no database of their own */
};

/*
 * Opens both and brings them forward; NODE_TYPE=slave only looks whether they are as they must be.
 * The data folder must be there. ERR_BAD_REQUEST for what a variable says, else as db_open() and
 * migrate_up(); the text begins with the variable and names the cause. On an error nothing is left
 * open.
 */
MUST_CHECK enum err_code stores_open(const struct app_options *options, struct stores *out,
                                     struct err *err);
void stores_close(struct stores *s); /* twice is allowed */

/* Where the variables say that they are; the path of a file is in the arena. */
struct db_conf stores_main_conf(struct arena *a, const struct app_options *options);
struct db_conf stores_log_conf(struct arena *a, const struct app_options *options);
/* Do the variables alone say that the logs are in the main database? */
bool stores_share(const struct app_options *options, const struct db_conf *main,
                  const struct db_conf *logs);
/* The variable that says where the main database is, for errors. */
const char *stores_main_name(const struct app_options *options);

#include "store/db_version.h"

enum { OLDEST_MYSQL = 50708, OLDEST_MARIADB = 100500, OLDEST_POSTGRES = 90600 };

enum err_code db_version_check_mysql(bool mariadb, unsigned long number, const char *text,
                                     struct err *err)
{
    if (number >= (mariadb ? OLDEST_MARIADB : OLDEST_MYSQL))
        return ERR_OK;
    return err_set(err, ERR_DB, "the server is %s %s, which is too old; %s or newer is needed",
                   mariadb ? "MariaDB" : "MySQL", text, mariadb ? "10.5" : "5.7.8");
}

enum err_code db_version_check_postgres(int number, struct str where, struct err *err)
{
    if (number >= OLDEST_POSTGRES)
        return ERR_OK;
    return err_set(err, ERR_DB,
                   "%.*s is of version %d.%d, which is too old; 9.6 or newer is needed",
                   STR_ARG(where), number / 10000, number / 100 % 100);
}

/*
 * migrate_fx - what the tests of bringing a database forward have in common. Only
 * migrate_*_test.c include this.
 */
#pragma once
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/migrate.h"
#include "store/schema.h"
#include "store/store_fx.h"

static inline bool has_name(const struct str *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], str_from(name)))
            return true;
    return false;
}

/* Every column and index that we make is there, beside what else there may be. */
static inline void check_complete(struct store_fx *f)
{
    for (size_t i = 0; i < schema_table_count(); i++) {
        const struct schema_table *t = schema_table_at(i);
        struct str *columns, *indexes;
        size_t n, m;

        CHECK_OK(f, db_list_columns(f->c, &f->a, t->name, &columns, &n, &f->err));
        CHECK_OK(f, db_list_indexes(f->c, &f->a, t->name, &indexes, &m, &f->err));
        for (size_t k = 0; k < t->column_count; k++)
            CHECK(has_name(columns, n, t->columns[k].name));
        for (size_t k = 0; k < t->index_count; k++)
            CHECK(!schema_index_wanted(&t->indexes[k]) || has_name(indexes, m, t->indexes[k].name));
    }
}

/* A process of its own brings the database forward and is killed after `us`. */
static inline void migrate_and_kill(const char *path, useconds_t us)
{
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        struct db *db = store_fixture_reopen(path);
        struct err err;

        _exit(migrate_up(db, &err) == ERR_OK ? 0 : 1);
    }
    usleep(us);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* Another program that brings the database forward; NULL when it fails. */
static inline void *migrate_thread(void *path)
{
    struct db *db = store_fixture_reopen(path);
    struct err err = {.code = ERR_OK};
    enum err_code rc = migrate_up(db, &err);

    if (rc != ERR_OK)
        print_error("%s\n", err.msg);
    db_close(db);
    return rc == ERR_OK ? path : NULL;
}

/* Several at the same time, none of which fails. */
static inline void all_at_once(void *(*thread)(void *), void *arg, size_t n)
{
    pthread_t threads[8];

    CHECK(n <= ARRAY_LEN(threads));
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, thread, arg), 0);
    for (size_t i = 0; i < n; i++) {
        void *done;

        CHECK_EQ(pthread_join(threads[i], &done), 0);
        CHECK(done != NULL);
    }
}

/*
 * store_fx - what the tests of this room start with: a fresh database, a writing connection, an
 * arena. Only *_test.c include this.
 */
#pragma once
#include "base/test.h"
#include "store/store_fixture.h"

struct store_fx {
    char path[STORE_FIXTURE_PATH];
    struct db *db;
    struct db_conn *c; /* DB_WRITE */
    struct arena a;
    struct err err;
};

#define CHECK_OK(f, call)                                                                          \
    do {                                                                                           \
        if ((call) != ERR_OK) {                                                                    \
            print_error("%s:%d: %s\n", __FILE__, __LINE__, (f)->err.msg);                          \
            test_failed(#call, __FILE__, __LINE__);                                                \
        }                                                                                          \
    } while (0)

static inline void fx_open(struct store_fx *f)
{
    *f = (struct store_fx){0};
    arena_init(&f->a, 0);
    f->db = store_fixture_open(f->path);
    CHECK_OK(f, db_acquire(f->db, DB_WRITE, &f->c, &f->err));
}

/* Without any table in it. */
static inline void fx_open_empty(struct store_fx *f)
{
    *f = (struct store_fx){0};
    arena_init(&f->a, 0);
    f->db = store_fixture_open_empty(f->path);
    CHECK_OK(f, db_acquire(f->db, DB_WRITE, &f->c, &f->err));
}

static inline void fx_close(struct store_fx *f)
{
    db_release(f->c);
    store_fixture_close(f->db, f->path);
    arena_fini(&f->a);
}

/* First column of the first row as a number. */
static inline int64_t fx_number(struct store_fx *f, const char *sql)
{
    struct db_rows *rows;
    int64_t value = 0;

    CHECK_OK(f, db_query(f->c, &f->a, &rows, &f->err, sql));
    if (db_next(rows))
        value = db_i64(rows, 0);
    CHECK_OK(f, db_end(rows, &f->err));
    return value;
}

/* ... as text. */
static inline struct str fx_text(struct store_fx *f, const char *sql)
{
    struct db_rows *rows;
    struct str value = STR_NULL;

    CHECK_OK(f, db_query(f->c, &f->a, &rows, &f->err, sql));
    if (db_next(rows))
        value = str_dup(&f->a, db_text(rows, 0));
    CHECK_OK(f, db_end(rows, &f->err));
    return value;
}

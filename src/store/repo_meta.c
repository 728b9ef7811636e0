#include "store/repo_meta.h"

enum err_code repo_meta_find(struct db_conn *c, struct arena *a, struct str key, struct str *value,
                             struct err *err)
{
    struct db_rows *rows;

    *value = STR_NULL;
    TRY(db_query(c, a, &rows, err, "SELECT \"value\" FROM yourapi_meta WHERE \"key\" = ?",
                 DB_TEXT(key)));
    if (db_next(rows))
        *value = str_dup(a, db_text(rows, 0));
    return db_end(rows, err);
}

enum err_code repo_meta_put(struct db_conn *c, struct str key, struct str value, struct err *err)
{
    static const char *const names[] = {"key", "value"};
    static const struct db_upsert upsert = {"yourapi_meta", names, 2, 1, 0};
    const struct db_value values[] = {DB_TEXT(key), DB_TEXT(value)};

    return db_upsert_values(c, &upsert, values, 1, err);
}

enum err_code repo_meta_delete(struct db_conn *c, struct str key, struct err *err)
{
    return db_exec(c, NULL, err, "DELETE FROM yourapi_meta WHERE \"key\" = ?", DB_TEXT(key));
}

enum err_code repo_meta_find_i64(struct db_conn *c, struct str key, int64_t *value, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct str text;

    *value = 0;
    arena_init(&a, 0);
    TRY(repo_meta_find(c, &a, key, &text, err));
    if (!str_to_i64(text, value))
        *value = 0;
    return ERR_OK;
}

enum err_code repo_meta_put_i64(struct db_conn *c, struct str key, int64_t value, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    return repo_meta_put(c, key, arena_fmt(&a, "%lld", (long long)value), err);
}

/* A row that is written is the writer's until he commits, on both servers. */
enum err_code repo_meta_lock(struct db_conn *c, struct str key, struct err *err)
{
    if (db_conn_kind(c) == DB_SQLITE)
        return ERR_OK;
    assert(db_in_transaction(c));
    return repo_meta_put(c, key, STR("lock"), err);
}

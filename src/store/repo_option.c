#include "store/repo_option.h"

#include "store/repo_row.h"

static const struct repo_column columns[] = {
    REPO_COLUMN(struct option_row, key, "key", CELL_TEXT),
    REPO_COLUMN(struct option_row, value, "value", CELL_TEXT),
};
static const struct repo_table table = {"options", columns, ARRAY_LEN(columns),
                                        sizeof(struct option_row)};

enum err_code repo_option_list(struct db_conn *c, struct arena *a, struct option_row **rows,
                               size_t *count, struct err *err)
{
    void *array;
    enum err_code rc;

    REPO_QUERY(q);
    repo_select(&q, &table);
    repo_query_fmt(&q, " ORDER BY \"key\"");
    rc = repo_fetch(c, a, &table, &q, &array, count, err);
    *rows = array;
    return rc;
}

enum err_code repo_option_find(struct db_conn *c, struct arena *a, struct str key,
                               struct str *value, struct err *err)
{
    void *row;

    *value = STR_NULL;
    REPO_QUERY(q);
    repo_select(&q, &table);
    repo_query_add(&q, " WHERE \"key\" = ?", DB_TEXT(key));
    TRY(repo_fetch_one(c, a, &table, &q, &row, err));
    if (row)
        *value = ((struct option_row *)row)->value;
    return ERR_OK;
}

enum err_code repo_option_put(struct db_conn *c, struct str key, struct str value, struct err *err)
{
    static const char *const names[] = {"key", "value"};
    static const struct db_upsert upsert = {"options", names, 2, 1, 0};
    const struct db_value values[] = {DB_TEXT(key), DB_TEXT(value)};

    return db_upsert_values(c, &upsert, values, 1, err);
}

enum err_code repo_option_delete(struct db_conn *c, struct str key, struct err *err)
{
    return db_exec(c, NULL, err, "DELETE FROM options WHERE \"key\" = ?", DB_TEXT(key));
}
